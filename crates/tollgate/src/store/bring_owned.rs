//! What a command about numbers, applications or endpoints reads.
//!
//! Of each thing the batch keeps whether it was read, so that what the batch itself made of it is not read over. A list is
//! taken from the store and each of its entries brought like that: what the batch added to it stands in the book already.

use std::sync::Arc;

use ledger::{AccountId, Action, ApplicationId, Change, EndpointId};

use super::bring::Bringing;
use super::source::Source;

impl<S: Source> Bringing<'_, S> {
    pub(super) fn bring_owned(&mut self, action: &Action) -> Result<(), S::Fault> {
        match action {
            Action::AddNumber { number, account } => {
                if let Some(account) = account {
                    self.bring_with_applications(*account)?;
                }
                self.bring_numbers(&number.msisdn)
            }
            Action::WithdrawNumber { msisdn, .. } => self.bring_numbers(msisdn),
            Action::BringNumbers { account, msisdns, application, .. } => {
                self.bring_with_applications(*account)?;
                msisdns.iter().try_for_each(|it| self.bring_numbers(it))?;
                self.bring_application(*application)
            }
            Action::RentNumber { account, msisdn, application, .. } => {
                self.bring_with_applications(*account)?;
                self.bring_numbers(msisdn)?;
                self.bring_application(*application)
            }
            Action::UnrentNumber { account, msisdn, .. } => {
                self.bring_account(*account)?;
                self.bring_numbers(msisdn)
            }
            Action::ChangeNumber { account, msisdn, to, application, .. } => {
                self.bring_account(*account)?;
                self.bring_receiver(*to)?;
                self.bring_numbers(msisdn)?;
                self.bring_application(application.flatten())
            }
            Action::MakeApplication { application, owner, .. } => {
                self.bring_with_applications(*owner)?;
                self.bring_application(Some(*application))
            }
            Action::ChangeApplication { application, owner, .. } => {
                self.bring_application(Some(*application))?;
                let kept_by = self.book.application(*application).map(|it| it.owner);
                for account in kept_by.into_iter().chain(*owner) {
                    self.bring_with_applications(account)?;
                }
                Ok(())
            }
            Action::DeleteApplication { application, successor, .. } => {
                self.bring_application(*successor)?;
                self.bring_application(Some(*application))?;
                self.bring_answered_by(*application)
            }
            Action::MakeEndpoint { endpoint, owner, username, application, .. } => {
                self.bring_with_applications(*owner)?;
                self.bring_application(*application)?;
                self.bring_endpoint(*endpoint)?;
                match self.source.snapshot().endpoint_id_named(username)? {
                    Some(same) => self.bring_endpoint(same),
                    None => Ok(()),
                }
            }
            Action::ChangeEndpoint { endpoint, owner, application, .. } => {
                self.bring_endpoint(*endpoint)?;
                self.bring_receiver(*owner)?;
                self.bring_application(application.flatten())
            }
            Action::DeleteEndpoint { endpoint } => self.bring_endpoint(*endpoint),
            Action::OpenAccount { .. }
            | Action::ChangeAccount { .. }
            | Action::CloseAccount { .. }
            | Action::Pay { .. }
            | Action::TransferBalance(_)
            | Action::TransferCredit(_)
            | Action::PutPlan { .. }
            | Action::Check { .. }
            | Action::Charge { .. }
            | Action::Reverse { .. }
            | Action::Hold { .. }
            | Action::Settle { .. }
            | Action::Release { .. }
            | Action::Extend { .. }
            | Action::Expire { .. }
            | Action::TransferNumber { .. }
            | Action::AddCredential { .. }
            | Action::RevokeCredential { .. }
            | Action::RotateCredential { .. }
            | Action::ExpireCredential { .. }
            | Action::MakeToken { .. }
            | Action::RevokeToken { .. }
            | Action::MakeWebhook { .. }
            | Action::ChangeWebhook { .. }
            | Action::RotateWebhook { .. }
            | Action::DeleteWebhook { .. }
            | Action::ResendEvent { .. } => Ok(()),
        }
    }

    /// All that an account owns, and what its applications answer of others'.
    pub(super) fn bring_all_owned(&mut self, id: AccountId) -> Result<(), S::Fault> {
        for msisdn in self.source.snapshot().msisdns_of(id)? {
            self.bring_numbers(&msisdn.into())?;
        }
        for endpoint in self.source.snapshot().endpoint_ids_of(id)? {
            self.bring_endpoint(endpoint)?;
        }
        self.bring_with_applications(id)?;
        let applications: Vec<_> = self.book.applications_of(id).iter().map(|it| it.id).collect();
        applications.into_iter().try_for_each(|it| self.bring_answered_by(it))
    }

    fn bring_answered_by(&mut self, application: ApplicationId) -> Result<(), S::Fault> {
        for msisdn in self.source.snapshot().msisdns_answered_by(application)? {
            self.bring_numbers(&msisdn.into())?;
        }
        for endpoint in self.source.snapshot().endpoint_ids_answered_by(application)? {
            self.bring_endpoint(endpoint)?;
        }
        Ok(())
    }

    fn bring_receiver(&mut self, account: Option<AccountId>) -> Result<(), S::Fault> {
        account.map_or(Ok(()), |it| self.bring_account(it))
    }

    /// An account and its applications, one of which may be what it takes when nothing is said.
    fn bring_with_applications(&mut self, id: AccountId) -> Result<(), S::Fault> {
        self.bring_account(id)?;
        let applications = self.source.snapshot().application_ids_of(id)?;
        applications.into_iter().try_for_each(|it| self.bring_application(Some(it)))
    }

    /// The numbers with these digits, and whoever has them.
    pub(super) fn bring_numbers(&mut self, msisdn: &Arc<str>) -> Result<(), S::Fault> {
        if self.brought.numbers.insert(msisdn.clone()) {
            for number in self.source.snapshot().numbers_named(msisdn)? {
                if let Some(owner) = number.owner {
                    self.bring_account(owner)?;
                }
                self.book.bring(Change::Number(number));
            }
        }
        Ok(())
    }

    fn bring_application(&mut self, id: Option<ApplicationId>) -> Result<(), S::Fault> {
        if let Some(id) = id
            && self.brought.applications.insert(id)
            && let Some(application) = self.source.snapshot().application(id)?
        {
            self.bring_account(application.owner)?;
            self.book.bring(Change::Application(application));
        }
        Ok(())
    }

    fn bring_endpoint(&mut self, id: EndpointId) -> Result<(), S::Fault> {
        if self.brought.endpoints.insert(id)
            && let Some((endpoint, _)) = self.source.snapshot().endpoint(id)?
        {
            self.bring_account(endpoint.owner)?;
            self.book.bring(Change::Endpoint { endpoint, password: None });
        }
        Ok(())
    }
}
