//! What an account owns: reading what is asked of it, and looking at what became of it.

use super::commands::Asked;
use super::{Named, Story};
use crate::account::Currency;
use crate::application::Defaults;
use crate::command::{Action, NewNumber};
use crate::decide::tests::words::Words;
use crate::id::{AccountId, ApplicationId, EndpointId};
use crate::money::Amount;
use crate::number::{Features, Number, NumberKind};
use crate::settings::{Setting, SettingChange};
use crate::time::Timestamp;

impl Story {
    pub(super) fn number(&self, words: &mut Words<'_>, verb: &str) -> Action {
        let settings = settings(words);
        let application = words.value("app");
        let country = words.value("country").map(|it| words.read(it));
        let account = (!matches!(verb, "stock" | "withdraw")).then(|| self.account_id(words));
        let no_account = AccountId::UNKNOWN;
        match verb {
            "stock" | "give" => {
                let currency = words.value("currency").map(|it| words.read::<Currency>(it));
                let cost = words.value("cost").map_or(Amount::ZERO, |it| words.amount_of(it));
                let (kind, features) = (NumberKind::Mobile, Features { sms: true, ..Features::default() });
                let (country, msisdn) = (words.parsed(), msisdn(words.next()));
                let number = NewNumber { country, msisdn, kind, features, cost, currency };
                Action::AddNumber { number, account }
            }
            "withdraw" => Action::WithdrawNumber { country: words.parsed(), msisdn: msisdn(words.next()) },
            "bring" => Action::BringNumbers {
                account: account.unwrap_or(no_account),
                msisdns: msisdns(words.next()),
                kind: NumberKind::Local,
                application: application.map(|it| self.application_named(words, it)),
                settings,
            },
            "rent" => Action::RentNumber {
                account: account.unwrap_or(no_account),
                country,
                msisdn: msisdn(words.next()),
                application: application.map(|it| self.application_named(words, it)),
                settings,
            },
            "unrent" => Action::UnrentNumber {
                account: account.unwrap_or(no_account),
                country,
                msisdn: msisdn(words.next()),
            },
            _ => Action::ChangeNumber {
                account: account.unwrap_or(no_account),
                country,
                to: words.value("to").map(|it| self.account_named(words, it)),
                msisdn: msisdn(words.next()),
                application: application.map(|it| self.application_or_none(words, it)),
                settings,
            },
        }
    }

    /// `make app s ivr` or `make phone s bob`.
    pub(super) fn make(&mut self, words: &mut Words<'_>) -> Asked {
        let is_app = words.next() == "app";
        let owner = self.account_id(words);
        let name = words.next().to_owned();
        let called = words.value("called").map_or_else(|| name.clone(), Words::text);
        self.id();
        let random = u64::from(self.ids);
        if is_app {
            let id = words.value("id-of").map(|it| self.application_named(words, it));
            let application = id.unwrap_or(ApplicationId::from_random(random));
            let (for_numbers, for_endpoints) = (words.flag("for-numbers"), words.flag("for-phones"));
            let defaults = Defaults { numbers: for_numbers, endpoints: for_endpoints };
            let settings = settings(words);
            let name_of = called.into();
            let action = Action::MakeApplication { application, owner, name: name_of, defaults, settings };
            return Asked { action, binds: vec![(name, Named::Application(application))] };
        }
        let id = words.value("id-of").map(|it| match self.named(it) {
            Some(Named::Endpoint(id)) => id,
            other => words.fail(&format!("`{it}` is {other:?}, not an endpoint")),
        });
        let endpoint = id.unwrap_or(EndpointId::from_random(random));
        let application = words.value("app").map(|it| self.application_named(words, it));
        let alias = words.value("alias").map_or_else(|| "a".to_owned(), Words::text).into();
        let (username, password) = (called.into(), [0_u8; 1].into());
        let action = Action::MakeEndpoint { endpoint, owner, username, alias, password, application };
        Asked { action, binds: vec![(name, Named::Endpoint(endpoint))] }
    }

    /// `edit ivr …` or `edit bob …`.
    pub(super) fn edit(&self, words: &mut Words<'_>) -> Action {
        let owner = words.value("to").map(|it| self.account_named(words, it));
        let settings = settings(words);
        let app = words.value("app").map(|it| self.application_or_none(words, it));
        let name = words.next();
        match self.named(name) {
            Some(Named::Application(application)) => {
                let flag = |words: &mut Words<'_>, yes, no| match (words.flag(yes), words.flag(no)) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    _ => None,
                };
                let for_numbers = flag(words, "for-numbers", "not-for-numbers");
                let for_endpoints = flag(words, "for-phones", "not-for-phones");
                Action::ChangeApplication { application, owner, for_numbers, for_endpoints, settings }
            }
            Some(Named::Endpoint(endpoint)) => Action::ChangeEndpoint {
                endpoint,
                owner,
                alias: words.value("alias").map(|it| Words::text(it).into()),
                password: words.flag("password").then(|| [1_u8; 1].into()),
                application: app,
            },
            other => words.fail(&format!("`{name}` is {other:?}, neither application nor endpoint")),
        }
    }

    /// `delete ivr [cascade] [successor other]` or `delete bob`.
    pub(super) fn delete(&self, words: &mut Words<'_>) -> Action {
        let successor = words.value("successor").map(|it| self.application_named(words, it));
        let name = words.next();
        match self.named(name) {
            Some(Named::Application(application)) => {
                Action::DeleteApplication { application, cascade: words.flag("cascade"), successor }
            }
            Some(Named::Endpoint(endpoint)) => Action::DeleteEndpoint { endpoint },
            other => words.fail(&format!("`{name}` is {other:?}, neither application nor endpoint")),
        }
    }

    fn application_named(&self, words: &Words<'_>, name: &str) -> ApplicationId {
        match self.named(name) {
            Some(Named::Application(id)) => id,
            other => words.fail(&format!("`{name}` is {other:?}, not an application")),
        }
    }

    fn application_or_none(&self, words: &Words<'_>, name: &str) -> Option<ApplicationId> {
        (name != "none").then(|| self.application_named(words, name))
    }

    /// `number GB 447700900000 s1`, `… s1:ivr` with the application that answers it, `… stock` or `… gone`.
    pub(super) fn look_at_number(&self, words: &mut Words<'_>) {
        let (country, msisdn) = (words.parsed(), words.next().into());
        let number = self.book.number(Some(country), &msisdn, AccountId::UNKNOWN);
        let is = match number.map(|it| (it.owner, it.application)) {
            None => "gone".to_owned(),
            Some((None, _)) => "stock".to_owned(),
            Some((Some(owner), application)) => self.owned(owner, application),
        };
        words.shows(is);
    }

    /// `app ivr s`, `… s+numbers+phones` for what it is taken, or `… gone`.
    pub(super) fn look_at_application(&self, words: &mut Words<'_>) {
        let name = words.next();
        let id = self.application_named(words, name);
        words.shows(self.book.application(id).map_or_else(
            || "gone".to_owned(),
            |it| {
                let Defaults { numbers, endpoints } = it.defaults;
                let owner = self.name_of(Named::Account(it.owner));
                let taken = [(numbers, "+numbers"), (endpoints, "+phones")];
                taken.into_iter().filter(|it| it.0).fold(owner, |text, it| text + it.1)
            },
        ));
    }

    /// `phone bob s`, `… s:ivr` with the application that answers it, or `… gone`.
    pub(super) fn look_at_endpoint(&self, words: &mut Words<'_>) {
        let name = words.next();
        let Some(Named::Endpoint(id)) = self.named(name) else { words.fail("not an endpoint") };
        let endpoint = self.book.endpoint(id);
        words.shows(endpoint.map_or_else(|| "gone".to_owned(), |it| self.owned(it.owner, it.application)));
    }

    /// `keeps s Vienna`, `keeps ivr -` where nothing is kept, or `keeps 447700900000 shop`.
    pub(super) fn look_at_setting(&self, words: &mut Words<'_>) {
        let name = words.next();
        let settings = match self.named(name) {
            Some(Named::Account(_)) => &self.account(name).settings,
            Some(Named::Application(id)) => &self.book.application(id).expect("it is there").settings,
            _ => &self.number_called(words, name).settings,
        };
        let kept = settings.get(Setting::Alias).map_or_else(|| "-".to_owned(), |it| it.replace(' ', "␠"));
        words.shows(kept);
    }

    /// `since ivr 1s`, or when a number came and since when its owner has it: `since 447700900000 0s/1s`, `… 0s/-`.
    pub(super) fn look_at_time(&self, words: &mut Words<'_>) {
        let seconds = |it: Timestamp| format!("{}s", it.millis() / 1_000);
        let name = words.next();
        let since = match self.named(name) {
            Some(Named::Application(id)) => {
                seconds(self.book.application(id).expect("it is there").created_at)
            }
            Some(Named::Endpoint(id)) => seconds(self.book.endpoint(id).expect("it is there").created_at),
            _ => {
                let number = self.number_called(words, name);
                let rented = number.rented_at.map_or_else(|| "-".to_owned(), seconds);
                format!("{}/{rented}", seconds(number.added_at))
            }
        };
        words.shows(since);
    }

    /// `sort 447700900000 Mobile+sms/EUR`.
    pub(super) fn look_at_sort(&self, words: &mut Words<'_>) {
        let name = words.next();
        let Number { kind, features, currency, .. } = self.number_called(words, name);
        let can = [(features.sms, "+sms"), (features.voice, "+voice"), (features.mms, "+mms")];
        let sort = can.into_iter().filter(|it| it.0).fold(format!("{kind:?}"), |text, it| text + it.1);
        words.shows(format!("{sort}/{currency}"));
    }

    fn number_called(&self, words: &Words<'_>, name: &str) -> &Number {
        let number = self.book.number(None, &name.into(), AccountId::UNKNOWN);
        number.unwrap_or_else(|| words.fail("there is no such number"))
    }

    /// `alias bob front␠desk`.
    pub(super) fn look_at_alias(&self, words: &mut Words<'_>) {
        let name = words.next();
        let Some(Named::Endpoint(id)) = self.named(name) else { words.fail("not an endpoint") };
        words.shows(self.book.endpoint(id).expect("it is there").alias.replace(' ', "␠"));
    }

    fn owned(&self, owner: AccountId, application: Option<ApplicationId>) -> String {
        let owner = self.name_of(Named::Account(owner));
        match application {
            Some(application) => format!("{owner}:{}", self.name_of(Named::Application(application))),
            None => owner,
        }
    }
}

/// `with city␠text`, as often as wanted.
pub(super) fn settings(words: &mut Words<'_>) -> Vec<SettingChange> {
    let mut settings = Vec::new();
    while let Some(word) = words.value("with") {
        let text = Words::text(word);
        settings.push((Setting::Alias, (!text.is_empty()).then(|| text.into())));
    }
    settings
}

/// `12025550123+12025550124`, or `many*1001` for so many.
fn msisdns(word: &str) -> Vec<std::sync::Arc<str>> {
    match word.strip_prefix("many*").and_then(|it| it.parse::<u64>().ok()) {
        Some(count) => (0..count).map(|it| (447_700_000_000 + it).to_string().into()).collect(),
        None => word.split('+').filter(|it| !it.is_empty()).map(msisdn).collect(),
    }
}

fn msisdn(word: &str) -> std::sync::Arc<str> {
    Words::text(word).into()
}
