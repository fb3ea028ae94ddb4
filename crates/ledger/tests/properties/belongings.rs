//! Numbers, applications and endpoints: what a step means, and the laws of what belongs to whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{
    AccountId, Action, Amount, Application, ApplicationId, Change, Command, Country, CredentialKind,
    Currency, Decision, Defaults, Endpoint, EndpointId, Features, Kind, Line, NewNumber, Number, NumberKind,
    Record, Settings, Status, Timestamp,
};

use crate::ensure;
use crate::steps::{Digits, Family, Link, OfApplication, OfEndpoint, OfNumber};
use crate::world::{World, account_id, is_of, nth_of};

/// How many different digits a family's numbers have, so that they meet often.
const NUMBERS: u8 = 4;

const NO_APPLICATION: ApplicationId = ApplicationId::from_number(0);
const NO_ENDPOINT: EndpointId = EndpointId::from_number(0);

/// Making commands of steps.
impl World {
    pub(crate) fn number(&mut self, family: Family, asks: OfNumber) -> Option<Action> {
        let account = |slot| account_id(family, slot);
        let at = |it: Digits| (country_of(it), msisdn(family, it.digits));
        Some(match asks {
            OfNumber::Add { number, to, cost, dollars } => {
                let (country, msisdn) = at(number);
                let number = NewNumber {
                    country,
                    msisdn,
                    kind: NumberKind::Local,
                    features: Features::default(),
                    cost: Amount::from_units(cost),
                    currency: dollars.then(|| "USD".parse()).transpose().ok()?,
                };
                Action::AddNumber { number, account: to.map(account) }
            }
            OfNumber::Withdraw { number } => {
                let (country, msisdn) = at(number);
                Action::WithdrawNumber { country, msisdn }
            }
            OfNumber::Bring { slot, numbers, app } => Action::BringNumbers {
                account: account(slot),
                msisdns: numbers.into_iter().map(|it| msisdn(family, it)).collect(),
                kind: NumberKind::Local,
                application: self.link(family, app),
                settings: Vec::new(),
            },
            OfNumber::Rent { slot, number, app } => {
                let (_, country, msisdn) = self.one(family, number, |it| it.owner.is_none());
                let application = self.link(family, app);
                Action::RentNumber {
                    account: account(slot),
                    country,
                    msisdn,
                    application,
                    settings: Vec::new(),
                }
            }
            OfNumber::Unrent { number } => {
                let (account, country, msisdn) = self.owned(family, number);
                Action::UnrentNumber { account, country, msisdn }
            }
            OfNumber::Change { number, to, app } => {
                let (account, country, msisdn) = self.owned(family, number);
                let (to, application) = (to.map(|it| account_id(family, it)), app);
                let application = application.map(|it| self.link(family, it));
                Action::ChangeNumber { account, country, msisdn, to, application, settings: Vec::new() }
            }
            OfNumber::Move { to, number } => {
                let (from, country, msisdn) = self.owned(family, number);
                Action::TransferNumber { primary: account(0), from, to: account(to), country, msisdn }
            }
        })
    }

    pub(crate) fn application(&mut self, family: Family, asks: OfApplication) -> Action {
        let own = |world: &Self, nth| nth_of(&world.applications_of(family), nth).copied();
        match asks {
            OfApplication::Make { slot, numbers, endpoints } => Action::MakeApplication {
                application: ApplicationId::from_number(self.fresh(family)),
                owner: account_id(family, slot),
                name: "a".into(),
                defaults: Defaults { numbers, endpoints },
                settings: Vec::new(),
            },
            OfApplication::Change { nth, to, numbers, endpoints } => Action::ChangeApplication {
                application: own(self, nth).unwrap_or(NO_APPLICATION),
                owner: to.map(|it| account_id(family, it)),
                for_numbers: numbers,
                for_endpoints: endpoints,
                settings: Vec::new(),
            },
            OfApplication::Delete { nth, cascade, successor } => Action::DeleteApplication {
                application: own(self, nth).unwrap_or(NO_APPLICATION),
                cascade,
                successor: self.link(family, successor),
            },
        }
    }

    pub(crate) fn endpoint(&mut self, family: Family, asks: OfEndpoint) -> Action {
        let own = |world: &Self, nth| {
            let endpoints = world.book.endpoints_that(|it| is_of(family, it.owner));
            nth_of(&endpoints, nth).map_or(NO_ENDPOINT, |it| it.id)
        };
        match asks {
            OfEndpoint::Make { slot, username, app } => Action::MakeEndpoint {
                endpoint: EndpointId::from_number(self.fresh(family)),
                owner: account_id(family, slot),
                username: format!("u{}x{username}", account_id(family, 0).as_bytes()[0]).into(),
                alias: "a".into(),
                password: Arc::new([]),
                application: self.link(family, app),
            },
            OfEndpoint::Change { nth, to, app } => Action::ChangeEndpoint {
                endpoint: own(self, nth),
                owner: to.map(|it| account_id(family, it)),
                alias: None,
                password: None,
                application: app.map(|it| self.link(family, it)),
            },
            OfEndpoint::Delete { nth } => Action::DeleteEndpoint { endpoint: own(self, nth) },
        }
    }

    /// An id that nothing had before, and nothing of the other family ever has.
    fn fresh(&mut self, family: Family) -> u64 {
        let family_number = u64::from(account_id(family, 0).as_bytes()[0]);
        family_number * 1_000_000 + u64::from(self.kin(family).steps)
    }

    fn applications_of(&self, family: Family) -> Vec<ApplicationId> {
        let mut ids: Vec<_> =
            self.book.applications().filter(|it| is_of(family, it.owner)).map(|it| it.id).collect();
        ids.sort_unstable();
        ids
    }

    fn link(&self, family: Family, link: Link) -> Option<ApplicationId> {
        let other = if family == Family::First { Family::Second } else { Family::First };
        let of = |family, nth| nth_of(&self.applications_of(family), nth).copied().unwrap_or(NO_APPLICATION);
        match link {
            Link::None => None,
            Link::Own(nth) => Some(of(family, nth)),
            Link::Foreign(nth) => Some(of(other, nth)),
        }
    }

    /// A number of the family that somebody has, in that one's name.
    fn owned(&self, family: Family, number: Digits) -> (AccountId, Option<Country>, Arc<str>) {
        self.one(family, number, |it| it.owner.is_some())
    }

    /// One of the numbers that fit, or where there is none one that may not even be there, in the primary's name.
    fn one(
        &self,
        family: Family,
        number: Digits,
        fits: impl Fn(&Number) -> bool,
    ) -> (AccountId, Option<Country>, Arc<str>) {
        let digits: Vec<_> = (0..NUMBERS).map(|it| msisdn(family, it)).collect();
        let mut those: Vec<_> =
            self.book.numbers().filter(|it| fits(it) && digits.contains(&it.msisdn)).collect();
        those.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
        let primary = account_id(family, 0);
        let (owner, country, msisdn) = match nth_of(&those, usize::from(number.digits)) {
            Some(it) => (it.owner, it.country, it.msisdn.clone()),
            None => (None, country_of(number), msisdn(family, number.digits)),
        };
        (owner.unwrap_or(primary), number.is_said.then_some(country), msisdn)
    }
}

fn country_of(number: Digits) -> Country {
    let code = if number.country == 0 { "GB" } else { "AT" };
    code.parse().expect("two letters are a country")
}

fn msisdn(family: Family, number: u8) -> Arc<str> {
    format!("4477009{}00{}", account_id(family, 0).as_bytes()[0], number % NUMBERS).into()
}

/// The laws.
impl World {
    /// A subaccount touches only what is its own, or what it takes from the stock; of what others have, only links to
    /// its own applications end.
    pub(crate) fn check_reach(&self, command: &Command, decision: &Decision) -> Result<(), String> {
        let caller = command.by.account().and_then(|it| self.book.account(it));
        let Some(caller) = caller.filter(|it| !it.is_primary()).map(|it| it.id) else { return Ok(()) };
        let was_its = |it: Option<ApplicationId>| {
            it.and_then(|it| self.book.application(it)).is_some_and(|it| it.owner == caller)
        };
        let is_within = |change: &Change| match change {
            Change::Number(number) => {
                let before = self.book.number(Some(number.country), &number.msisdn, caller);
                before.is_some_and(|before| match before.owner {
                    None => number.owner == Some(caller),
                    Some(owner) if owner == caller => number.owner.is_none_or(|it| it == caller),
                    Some(_) => {
                        let linked = Number { application: before.application, ..number.clone() };
                        was_its(before.application) && number.application.is_none() && linked == *before
                    }
                })
            }
            Change::NumberGone { country, msisdn } => {
                let before = self.book.number(Some(*country), msisdn, caller);
                before.is_some_and(|it| it.owner == Some(caller))
            }
            Change::Application(application) => {
                let before = self.book.application(application.id);
                application.owner == caller && before.is_none_or(|it| it.owner == caller)
            }
            Change::ApplicationGone(id) => self.book.application(*id).is_some_and(|it| it.owner == caller),
            Change::Endpoint { endpoint, password } => match self.book.endpoint(endpoint.id) {
                None => endpoint.owner == caller,
                Some(before) if before.owner == caller => endpoint.owner == caller,
                Some(before) => {
                    let linked = Endpoint { application: before.application, ..endpoint.clone() };
                    was_its(before.application) && linked == *before && password.is_none()
                }
            },
            Change::EndpointGone(id) => self.book.endpoint(*id).is_some_and(|it| it.owner == caller),
            Change::CredentialAdded { account, .. } => *account == caller,
            Change::Plan(_) | Change::Webhook { .. } | Change::WebhookGone(_) => false,
            Change::Account(_)
            | Change::Standing { .. }
            | Change::Hold(_)
            | Change::Charge(_)
            | Change::CredentialChanged(_)
            | Change::CredentialRevoked { .. }
            | Change::TokenMade { .. }
            | Change::TokenRevoked(_) => true,
        };
        ensure(decision.changes.iter().all(is_within), || "a subaccount touches its own".to_owned())
    }

    /// What each line records is so, and what is gone is gone.
    pub(crate) fn check_records(&mut self, decision: &Decision) -> Result<(), String> {
        for line in &decision.lines {
            self.look_at_belonging(line);
            let Some((there, is_brought)) = self.recorded(line) else { continue };
            let is_gone =
                matches!(line.kind, Kind::NumberWithdrawn | Kind::ApplicationDeleted | Kind::EndpointDeleted)
                    || line.kind == Kind::NumberUnrented && is_brought;
            ensure(there == (!is_gone).then_some(true), || format!("{:?} records what is so", line.kind))?;
        }
        Ok(())
    }

    /// Whether what a line records is there and just so, and whether it is a number that was brought along.
    fn recorded(&self, line: &Line) -> Option<(Option<bool>, bool)> {
        match line.record.as_deref()? {
            Record::Number(number) => {
                let there = self.book.number(Some(number.country), &number.msisdn, AccountId::UNKNOWN);
                Some((there.map(|it| it == number), number.is_brought))
            }
            Record::Application(application) => {
                Some((self.book.application(application.id).map(|it| it == application), false))
            }
            Record::Endpoint(endpoint) => {
                Some((self.book.endpoint(endpoint.id).map(|it| it == endpoint), false))
            }
            Record::Plan(plan) => Some((self.book.plan(&plan.name).map(|it| it == plan), false)),
            Record::Account(_)
            | Record::Closed(_)
            | Record::Hold(_)
            | Record::Credential(_)
            | Record::Token(_)
            | Record::Webhook(_) => None,
        }
    }

    fn look_at_belonging(&mut self, line: &Line) {
        let moved = line.counter.is_some();
        let seen = [
            ("rented number", line.kind == Kind::NumberRented),
            ("unrented number", line.kind == Kind::NumberUnrented),
            ("moved number", line.kind == Kind::NumberTransfer),
            ("moved application", line.kind == Kind::ApplicationChanged && moved),
            ("deleted application", line.kind == Kind::ApplicationDeleted),
            ("moved endpoint", line.kind == Kind::EndpointChanged && moved),
            ("rotation", line.kind == Kind::CredentialChanged),
        ];
        self.seen.extend(seen.into_iter().filter(|(_, is_so)| *is_so).map(|(what, _)| what));
        if let Some(Record::Closed(closed)) = line.record.as_deref()
            && closed.numbers + closed.applications + closed.endpoints > 0
        {
            self.seen.insert(if closed.cascade { "belongings gone" } else { "belongings inherited" });
        }
        if let Some(Record::Number(Number { application: Some(_), .. })) = line.record.as_deref() {
            self.seen.insert("answered number");
        }
    }

    /// Whatever an account owns belongs to one that is there, and what answers it is of the same family.
    pub(crate) fn check_belongings(&self, family: Family) -> Result<(), String> {
        let is_open = |it: AccountId| self.book.account(it).is_some_and(|it| it.status != Status::Closed);
        let may_answer = |owner: AccountId, application: Option<ApplicationId>| {
            application.is_none_or(|it| {
                self.book.application(it).is_some_and(|it| is_of(family, it.owner) && is_of(family, owner))
            })
        };
        for number in self.book.numbers() {
            match number.owner {
                None => {
                    ensure(is_as_in_stock(number), || "the stock knows nothing of who had it".to_owned())?
                }
                Some(owner) if is_of(family, owner) => {
                    ensure(is_open(owner), || "no closed account has a number".to_owned())?;
                    ensure(number.rented_at.is_some(), || "who has a number has had it since".to_owned())?;
                    ensure(may_answer(owner, number.application), || {
                        "a number is answered within its family".to_owned()
                    })?;
                }
                Some(_) => {}
            }
        }
        let applications: Vec<&Application> =
            self.book.applications().filter(|it| is_of(family, it.owner)).collect();
        let endpoints: Vec<&Endpoint> = self.book.endpoints_that(|it| is_of(family, it.owner));
        let owners = applications.iter().map(|it| it.owner).chain(endpoints.iter().map(|it| it.owner));
        for owner in owners {
            ensure(is_open(owner), || "no closed account has an application or an endpoint".to_owned())?;
        }
        let links = endpoints.iter().all(|it| may_answer(it.owner, it.application));
        ensure(links, || "an endpoint is answered within its family".to_owned())?;
        let usernames: BTreeSet<_> = self.book.endpoints().map(|it| &it.username).collect();
        let all = self.book.endpoints().count();
        ensure(usernames.len() == all, || "no two endpoints have one username".to_owned())?;
        let sorts: [fn(&Defaults) -> bool; 2] = [|it| it.numbers, |it| it.endpoints];
        for is_default in sorts {
            let defaults: Vec<_> =
                applications.iter().filter(|it| is_default(&it.defaults)).map(|it| it.owner).collect();
            let owners: BTreeSet<_> = defaults.iter().collect();
            ensure(owners.len() == defaults.len(), || "an account has one default of a sort".to_owned())?;
        }
        self.check_credentials(family)
    }

    /// Of the kind that it has, an open account has one or two alive, and one that stays so.
    fn check_credentials(&self, family: Family) -> Result<(), String> {
        let now = Timestamp::from_millis(self.now_ms(family));
        for account in self.book.accounts().filter(|it| is_of(family, it.id)) {
            let alive = account.credentials_of(CredentialKind::Secret, now).count();
            let stays = account.credentials.iter().any(|it| it.expires_at.is_none());
            let is_closed = account.status == Status::Closed;
            ensure(is_closed || (1..=2).contains(&alive) && stays, || {
                "an account has one or two secrets alive".to_owned()
            })?;
            ensure(!is_closed || account.credentials.is_empty(), || "a close kills all secrets".to_owned())?;
        }
        Ok(())
    }
}

fn is_as_in_stock(number: &Number) -> bool {
    let Number { is_brought, rented_at, application, settings, currency, .. } = number;
    let is_currency = *currency == Currency::EUR || currency.as_str() == "USD";
    !is_brought
        && rented_at.is_none()
        && application.is_none()
        && *settings == Settings::default()
        && is_currency
}
