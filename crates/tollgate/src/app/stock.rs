//! Numbers: the operator's stock, and what accounts do with those that they rent.

use std::sync::Arc;

use ledger::{
    AccountId, Action, Actor, ApplicationId, Country, NewNumber, Number, NumberKind, Once, Outcome, Record,
    Refusal, SettingChange, authority,
};

use super::owned::{OwnedBy, Shown};
use super::read::visible;
use super::{App, Error};
use crate::store::{Listed, NumberFilter, Owners, Slice};

/// A number to be rented.
#[derive(Clone, Debug)]
pub struct RentedNumber {
    /// Who gets it.
    pub account: AccountId,
    /// Its country; the first with these digits when nothing is said.
    pub country: Option<Country>,
    /// Its digits.
    pub msisdn: Arc<str>,
    /// What answers it.
    pub application: Option<ApplicationId>,
    /// What is kept with it.
    pub settings: Vec<SettingChange>,
}

/// Numbers that a partner has from a carrier of its own.
#[derive(Clone, Debug)]
pub struct BroughtNumbers {
    /// Whose they are.
    pub account: AccountId,
    /// Their digits.
    pub msisdns: Vec<Arc<str>>,
    /// What they are.
    pub kind: NumberKind,
    /// What answers them.
    pub application: Option<ApplicationId>,
    /// What is kept with each.
    pub settings: Vec<SettingChange>,
}

/// What is to be different about a number.
#[derive(Clone, Debug, Default)]
pub struct NumberChange {
    /// Another account of the family that is to have it.
    pub to: Option<AccountId>,
    /// What answers it; `Some(None)` for nothing.
    pub application: Option<Option<ApplicationId>>,
    /// What is kept with it.
    pub settings: Vec<SettingChange>,
}

impl App {
    /// Puts a number into the stock, or gives it to an account at no cost.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::AddNumber`].
    pub async fn add_number(
        &self,
        by: Actor,
        once: Option<Once>,
        number: NewNumber,
        account: Option<AccountId>,
    ) -> Result<Number, Error> {
        number_record(&self.submit(by, once, Action::AddNumber { number, account }).await?)
    }

    /// Takes a number out of the stock for good.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::WithdrawNumber`].
    pub async fn withdraw_number(
        &self,
        by: Actor,
        once: Option<Once>,
        country: Country,
        msisdn: Arc<str>,
    ) -> Result<Number, Error> {
        number_record(&self.submit(by, once, Action::WithdrawNumber { country, msisdn }).await?)
    }

    /// All numbers, in the order in which they came, after a place, with their places and owners.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to everybody but the operator.
    pub async fn all_numbers(
        &self,
        by: Actor,
        account: Option<AccountId>,
        filter: NumberFilter,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Number)>, Error> {
        self.see(by, move |snapshot| match authority::is_operator(&by) {
            Ok(()) => {
                let owners = account.map_or(Owners::All, Owners::Account);
                snapshot.all_numbers(owners, &filter, after, limit).map(Ok)
            }
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }

    /// Rents a number of the stock, which takes its cost.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RentNumber`].
    pub async fn rent_number(
        &self,
        by: Actor,
        once: Option<Once>,
        rented: RentedNumber,
    ) -> Result<Number, Error> {
        let RentedNumber { account, country, msisdn, application, settings } = rented;
        let action = Action::RentNumber { account, country, msisdn, application, settings };
        number_record(&self.submit(by, once, action).await?)
    }

    /// Brings along numbers of a partner's own.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::BringNumbers`].
    pub async fn bring_numbers(
        &self,
        by: Actor,
        once: Option<Once>,
        brought: BroughtNumbers,
    ) -> Result<Number, Error> {
        let BroughtNumbers { account, msisdns, kind, application, settings } = brought;
        let action = Action::BringNumbers { account, msisdns, kind, application, settings };
        number_record(&self.submit(by, once, action).await?)
    }

    /// Gives a number back.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::UnrentNumber`].
    pub async fn unrent_number(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        country: Option<Country>,
        msisdn: Arc<str>,
    ) -> Result<Number, Error> {
        number_record(&self.submit(by, once, Action::UnrentNumber { account, country, msisdn }).await?)
    }

    /// Changes what is given of a number, all or nothing.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ChangeNumber`].
    pub async fn change_number(
        &self,
        by: Actor,
        once: Option<Once>,
        (account, country, msisdn): (AccountId, Option<Country>, Arc<str>),
        change: NumberChange,
    ) -> Result<Number, Error> {
        let NumberChange { to, application, settings } = change;
        let action = Action::ChangeNumber { account, country, msisdn, to, application, settings };
        number_record(&self.submit(by, once, action).await?)
    }

    /// Moves a number between two accounts of a family.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::TransferNumber`].
    pub async fn transfer_number(
        &self,
        by: Actor,
        once: Option<Once>,
        primary: AccountId,
        sides: (AccountId, AccountId),
        country: Option<Country>,
        msisdn: Arc<str>,
    ) -> Result<Number, Error> {
        let (from, to) = sides;
        let action = Action::TransferNumber { primary, from, to, country, msisdn };
        number_record(&self.submit(by, once, action).await?)
    }

    /// The numbers that an account or a family has, the latest rented first.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn numbers(
        &self,
        by: Actor,
        of: OwnedBy,
        filter: NumberFilter,
        slice: Slice,
    ) -> Result<Listed<Shown<Number>>, Error> {
        self.see(by, move |snapshot| {
            if let Err(refusal) = visible(snapshot, &by, of.account())? {
                return Ok(Err(refusal));
            }
            let listed = snapshot.numbers(of.owners(), &filter, slice)?;
            super::owned::with_owners(snapshot, listed, |it| it.owner).map(Ok)
        })
        .await
    }

    /// The numbers of the stock that `account` could rent.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn stock_for(
        &self,
        by: Actor,
        account: AccountId,
        filter: NumberFilter,
        slice: Slice,
    ) -> Result<Listed<Number>, Error> {
        self.see(by, move |snapshot| match visible(snapshot, &by, account)? {
            Ok(account) => {
                let filter = NumberFilter { currency: Some(account.currency), ..filter };
                snapshot.numbers(Owners::Stock, &filter, slice).map(Ok)
            }
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }

    /// One number with these digits that `account`, or its family, has.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::NumberNotFound`].
    pub async fn number(&self, by: Actor, of: OwnedBy, msisdn: &str) -> Result<Shown<Number>, Error> {
        let filter = NumberFilter { msisdn: Some(msisdn.to_owned()), ..NumberFilter::default() };
        let listed = self.numbers(by, of, filter, Slice { offset: 0, limit: 1 }).await?;
        listed.rows.into_iter().next().ok_or_else(|| Refusal::NumberNotFound.into())
    }
}

fn number_record(outcome: &Outcome) -> Result<Number, Error> {
    match outcome.record.as_deref() {
        Some(Record::Number(number)) => Ok(number.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}
