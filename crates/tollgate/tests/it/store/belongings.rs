//! Random commands about what accounts own and what authenticates them. Of each kind of thing there are so few names
//! that they meet: the same number, application or endpoint is made, changed, handed over and gone within one batch.

use std::sync::Arc;

use ledger::{
    AccountId, Action, ApplicationId, Book, Country, CredentialId, CredentialKind, Defaults, EndpointId,
    Features, NewCredential, NewNumber, NumberKind, Proof, Setting, SettingChange,
};

use super::commands::{Commands, uuid};

/// How many names of each kind there are.
const NAMES: u32 = 16;

impl Commands {
    pub(super) fn belonging(&mut self, n: u64, account: AccountId, book: &Book) -> Action {
        match self.below(24) {
            0..=7 => self.about_number(account, book),
            8..=12 => self.about_application(account, book),
            13..=17 => self.about_endpoint(account, book),
            18..=21 => self.about_credential(n, account, book),
            _ => Action::ChangeAccount {
                account,
                name: (self.below(2) == 0).then(|| format!("account {n}").into()),
                credit_limit: None,
                status: None,
                mode: None,
                settings: self.settings(&[Setting::Address, Setting::City, Setting::MessageCallbackUrl]),
                plan: None,
                caps: None,
                alerts: None,
            },
        }
    }

    fn about_number(&mut self, account: AccountId, book: &Book) -> Action {
        let settings = self.settings(&[Setting::Alias, Setting::MessageUrl]);
        let (country, msisdn) = (self.maybe_country(), self.msisdn());
        match self.below(12) {
            0 | 1 => {
                let features = Features { sms: true, voice: self.below(2) == 0, mms: self.below(2) == 0 };
                let currency = (self.below(8) == 0).then(|| "USD".parse().unwrap());
                let (country, cost) = (self.country(), self.amount());
                let kind = if self.below(2) == 0 { NumberKind::Mobile } else { NumberKind::TollFree };
                let number = NewNumber { country, msisdn, kind, features, cost, currency };
                Action::AddNumber { number, account: (self.below(4) == 0).then_some(account) }
            }
            2 => Action::WithdrawNumber { country: self.country(), msisdn },
            3 => {
                let msisdns = (0..=self.below(3)).map(|_| self.msisdn()).collect();
                let (kind, application) = (NumberKind::Local, self.maybe_application(account, book));
                Action::BringNumbers { account, msisdns, kind, application, settings }
            }
            4..=6 => {
                let application = self.maybe_application(account, book);
                Action::RentNumber { account, country, msisdn, application, settings }
            }
            7 => {
                let (account, country, msisdn) = self.rented(book).unwrap_or((account, country, msisdn));
                Action::UnrentNumber { account, country, msisdn }
            }
            8 | 9 => {
                let (account, country, msisdn) = self.rented(book).unwrap_or((account, country, msisdn));
                let to = (self.below(3) == 0).then(|| self.relative(account, book));
                let application = match self.below(3) {
                    0 => None,
                    1 => Some(None),
                    _ => Some(self.maybe_application(account, book)),
                };
                Action::ChangeNumber { account, country, msisdn, to, application, settings }
            }
            _ => {
                let (from, country, msisdn) = self.rented(book).unwrap_or((account, country, msisdn));
                let primary = book.account(from).map_or(from, |it| it.primary());
                Action::TransferNumber { primary, from, to: self.relative(from, book), country, msisdn }
            }
        }
    }

    fn about_application(&mut self, account: AccountId, book: &Book) -> Action {
        let settings = self.settings(&[Setting::AnswerUrl, Setting::AnswerMethod]);
        let application = self.application();
        match self.below(6) {
            0..=2 => {
                let defaults = Defaults { numbers: self.below(2) == 0, endpoints: self.below(2) == 0 };
                let name = format!("app_{}", self.below(5)).into();
                Action::MakeApplication { application, owner: account, name, defaults, settings }
            }
            3 | 4 => {
                let keeper = book.application(application).map_or(account, |it| it.owner);
                Action::ChangeApplication {
                    application,
                    owner: (self.below(3) == 0).then(|| self.relative(keeper, book)),
                    for_numbers: (self.below(2) == 0).then(|| self.below(2) == 0),
                    for_endpoints: (self.below(2) == 0).then(|| self.below(2) == 0),
                    settings,
                }
            }
            _ => {
                let keeper = book.application(application).map_or(account, |it| it.owner);
                let cascade = self.below(2) == 0;
                Action::DeleteApplication {
                    application,
                    cascade,
                    successor: self.maybe_application(keeper, book),
                }
            }
        }
    }

    fn about_endpoint(&mut self, account: AccountId, book: &Book) -> Action {
        let endpoint = EndpointId::from_number(10_000_000_000_000 + u64::from(self.below(NAMES)));
        let keeper = book.endpoint(endpoint).map_or(account, |it| it.owner);
        let password: Arc<[u8]> = (0..20).map(|_| u8::try_from(self.below(256)).unwrap()).collect();
        let alias: Arc<str> = format!("alias {}", self.below(5)).into();
        match self.below(6) {
            0..=2 => Action::MakeEndpoint {
                endpoint,
                owner: account,
                username: format!("user{}", self.below(NAMES)).into(),
                alias,
                password,
                application: self.maybe_application(account, book),
            },
            3 | 4 => Action::ChangeEndpoint {
                endpoint,
                owner: (self.below(3) == 0).then(|| self.relative(keeper, book)),
                alias: (self.below(2) == 0).then_some(alias),
                password: (self.below(2) == 0).then_some(password),
                application: match self.below(3) {
                    0 => None,
                    1 => Some(None),
                    _ => Some(self.maybe_application(keeper, book)),
                },
            },
            _ => Action::DeleteEndpoint { endpoint },
        }
    }

    fn about_credential(&mut self, n: u64, account: AccountId, book: &Book) -> Action {
        let kind = if self.below(2) == 0 { CredentialKind::Secret } else { CredentialKind::Token };
        let sealed = (kind == CredentialKind::Token).then(|| n.to_be_bytes().as_slice().into());
        let proof = Proof { verifier: format!("hash {n}").into(), sealed };
        let new = NewCredential { id: CredentialId::from_bytes(uuid(n)), kind, proof, limits: None };
        match self.below(6) {
            0 => Action::AddCredential { account, credential: new, same_as: None },
            1 => Action::RevokeCredential { account, credential: self.credential(account, book) },
            2..=4 => {
                let overlap_ms = if self.below(3) == 0 { 0 } else { 1 + i64::from(self.below(5_000)) };
                Action::RotateCredential { account, credential: new, same_as: None, overlap_ms }
            }
            _ => {
                let (account, credential) = self.ending(book).unwrap_or((account, new.id));
                Action::ExpireCredential { account, credential }
            }
        }
    }

    fn credential(&mut self, account: AccountId, book: &Book) -> CredentialId {
        let credentials = book.account(account).map(|it| it.credentials.clone()).unwrap_or_default();
        match credentials.len() {
            0 => CredentialId::from_bytes(uuid(0)),
            count => credentials[self.index(count)].id,
        }
    }

    /// A credential whose end is set.
    fn ending(&mut self, book: &Book) -> Option<(AccountId, CredentialId)> {
        let accounts = book.accounts().flat_map(|it| it.credentials.iter().map(move |its| (it.id, its)));
        let mut ending: Vec<_> =
            accounts.filter(|it| it.1.expires_at.is_some()).map(|it| (it.0, it.1.id)).collect();
        ending.sort_unstable();
        let last = ending.len().checked_sub(1)?;
        Some(ending[self.index(last + 1)])
    }

    fn msisdn(&mut self) -> Arc<str> {
        format!("4477009000{:02}", self.below(NAMES)).into()
    }

    fn country(&mut self) -> Country {
        if self.below(4) == 0 { "US".parse().unwrap() } else { "GB".parse().unwrap() }
    }

    fn maybe_country(&mut self) -> Option<Country> {
        (self.below(2) == 0).then(|| self.country())
    }

    /// A number that somebody has, named with its country or without.
    fn rented(&mut self, book: &Book) -> Option<(AccountId, Option<Country>, Arc<str>)> {
        let mut rented: Vec<_> = book.numbers().filter(|it| it.owner.is_some()).collect();
        rented.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
        let last = rented.len().checked_sub(1)?;
        let number = rented[self.index(last + 1)];
        let country = (self.below(2) == 0).then_some(number.country);
        Some((number.owner?, country, number.msisdn.clone()))
    }

    fn application(&mut self) -> ApplicationId {
        ApplicationId::from_number(10_000_000_000_000_000 + u64::from(self.below(NAMES)))
    }

    /// None, any, or most often one of the account's family.
    fn maybe_application(&mut self, account: AccountId, book: &Book) -> Option<ApplicationId> {
        let family = book.account(account).map(|it| it.primary());
        let mut fit: Vec<_> = book
            .applications()
            .filter(|it| book.account(it.owner).map(|it| it.primary()) == family)
            .map(|it| it.id)
            .collect();
        fit.sort_unstable();
        match self.below(8) {
            0..=2 => None,
            3 => Some(self.application()),
            _ if fit.is_empty() => None,
            _ => Some(fit[self.index(fit.len())]),
        }
    }

    /// A subaccount whose application answers something of another account.
    pub(super) fn answering(&mut self, book: &Book) -> Option<AccountId> {
        let numbers = book.numbers().filter_map(|it| Some((it.owner?, it.application?)));
        let endpoints = book.endpoints().filter_map(|it| Some((it.owner, it.application?)));
        let mut fit: Vec<_> = numbers
            .chain(endpoints)
            .filter_map(|(owner, application)| Some((owner, book.application(application)?.owner)))
            .filter(|(owner, keeper)| owner != keeper)
            .map(|it| it.1)
            .filter(|it| book.account(*it).is_some_and(|it| !it.is_primary()))
            .collect();
        fit.sort_unstable();
        let last = fit.len().checked_sub(1)?;
        Some(fit[self.index(last + 1)])
    }

    /// Most often an account of the same family.
    pub(super) fn relative(&mut self, account: AccountId, book: &Book) -> AccountId {
        if self.below(6) == 0 {
            return self.account();
        }
        let family = book.account(account).map(|it| it.primary());
        let mut fit: Vec<_> =
            book.accounts().filter(|it| Some(it.primary()) == family).map(|it| it.id).collect();
        fit.sort_unstable();
        if fit.is_empty() { account } else { fit[self.index(fit.len())] }
    }

    fn settings(&mut self, names: &[Setting]) -> Vec<SettingChange> {
        let mut changes = Vec::new();
        for name in names {
            match self.below(4) {
                0 => changes.push((*name, Some(format!("text \"{}\" ü", self.below(9)).into()))),
                1 => changes.push((*name, None)),
                _ => {}
            }
        }
        changes
    }
}
