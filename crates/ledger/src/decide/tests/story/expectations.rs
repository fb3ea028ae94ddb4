//! Looking at what came of a command.

use super::{Named, Story};
use crate::account::{Account, BalanceMode, Standing, Status};
use crate::book::Change;
use crate::cap::{Cap, Period};
use crate::decide::Decision;
use crate::decide::tests::words::Words;
use crate::event::Event;
use crate::journal::Record;
use crate::money::Amount;
use crate::time::Timestamp;

impl Story {
    pub(super) fn look(&self, decision: &Decision, mut words: Words<'_>) {
        if words.is_empty() {
            words.fail("nothing is expected");
        }
        if words.flag("free") {
            let is_free = decision.is_repeat() && self.journal.iter().all(|it| it.id != decision.outcome.id);
            assert!(is_free, "not free: {}", words.line());
        } else if !words.flag("again") {
            assert!(!decision.is_repeat(), "this was the first answer again: {}", words.line());
        } else {
            assert!(decision.is_repeat(), "not a repeat: {}", words.line());
        }
        while !words.is_empty() {
            match words.next() {
                "ok" => {}
                "total" => self.look_at_total(&mut words),
                "hold" => self.look_at_hold(&mut words),
                "number" => self.look_at_number(&mut words),
                "app" => self.look_at_application(&mut words),
                "phone" => self.look_at_endpoint(&mut words),
                "plan" => self.look_at_plan(&mut words),
                "price" => words.shows(decision.outcome.price.as_deref().unwrap_or("-")),
                "for" => words.shows(decision.outcome.operation.as_deref().unwrap_or("-")),
                "expires" => words.shows(expiry(decision)),
                "lines" => words.shows(kinds(decision)),
                // Whose money it was, as far as who asked is told.
                "payer" => words.shows(
                    decision
                        .outcome
                        .account
                        .map_or_else(|| "hidden".to_owned(), |it| self.name_of(Named::Account(it.account))),
                ),
                "events" => words.shows(self.events_text(decision)),
                "webhook" => self.look_at_webhook(&mut words),
                "sends" => self.look_at_sending(&mut words),
                "token" => self.look_at_token(&mut words),
                "keeps" => self.look_at_setting(&mut words),
                "since" => self.look_at_time(&mut words),
                "sort" => self.look_at_sort(&mut words),
                "alias" => self.look_at_alias(&mut words),
                "counts" => look_at_close(decision, &mut words),
                "passwords" => words.shows(passwords(decision)),
                "stores" => words.shows(stored(decision)),
                "kills" => words.shows(killed(decision)),
                name => self.look_at_account(name, &mut words),
            }
        }
    }

    /// `s1 -40/-60`, `s1 -40/-60 held 5`, or `s1 is suspended own called end␠customer`.
    fn look_at_account(&self, name: &str, words: &mut Words<'_>) {
        let account = self.account(name);
        let word = words.next();
        if word != "is" {
            let held = words.peek().filter(|it| *it == "held").map(|_| {
                words.next();
                format!(" held {}", words.next())
            });
            let expected = format!("{name} {word}{}", held.unwrap_or_default());
            let actual = format!("{name} {}", standing_text(&account.standing));
            return assert_eq!(actual, expected, "{}", words.line());
        }
        if !self.look_at_property(account, words) {
            words.fail("an account is never that");
        }
        while self.look_at_property(account, words) {}
    }

    /// One word of what an account is, if the next word is such a word.
    fn look_at_property(&self, account: &Account, words: &mut Words<'_>) -> bool {
        let is_so = match words.peek() {
            Some("primary") => account.is_primary(),
            Some("active") => account.status == Status::Active,
            Some("suspended") => account.status == Status::Suspended,
            Some("closed") => account.status == Status::Closed,
            Some("own") => account.mode == BalanceMode::Own,
            Some("shared") => account.mode == BalanceMode::Shared,
            Some(
                "called" | "of" | "above" | "keyed" | "changed" | "priced" | "day" | "month" | "zone"
                | "holding" | "level",
            ) => {
                return self.look_at_figure(account, words);
            }
            Some(_) | None => return false,
        };
        let word = words.next();
        assert!(is_so, "not {word}: {}", words.line());
        true
    }

    /// A word and what stands behind it.
    fn look_at_figure(&self, account: &Account, words: &mut Words<'_>) -> bool {
        match words.next() {
            "called" => assert_eq!(*account.name, *Words::text(words.next()), "{}", words.line()),
            "of" => words.shows(account.currency),
            "above" => words.shows(account.subaccounts),
            "keyed" => words.shows(self.credentials_text(account)),
            "priced" => words.shows(account.plan.as_deref().unwrap_or("-")),
            "day" => words.shows(self.cap_text(account, Period::Day)),
            "month" => words.shows(self.cap_text(account, Period::Month)),
            "zone" => words.shows(account.caps.as_ref().map_or("-", |it| &it.zone)),
            "holding" => words.shows(account.caps.as_ref().map_or(Amount::ZERO, |it| it.held).text(0)),
            "level" => words.shows(format!("{:?}", account.level)),
            "changed" => words.shows(match account.changed_at {
                Some(at) => format!("{}s", at.millis() / 1_000),
                None => "never".to_owned(),
            }),
            other => words.fail(&format!("an account is never `{other}`")),
        }
        true
    }

    /// `3/5`: what is spent of the cap by now; `-` without one.
    fn cap_text(&self, account: &Account, period: Period) -> String {
        let Some(caps) = &account.caps else { return "-".to_owned() };
        let caps = caps.at(self.book.windows(&caps.zone), self.now);
        let text = |it: &Cap| format!("{}/{}", it.spent.text(0), it.most.text(0));
        caps.of(period).map_or_else(|| "-".to_owned(), text)
    }

    /// `AccountOpened:s+AvailableLow:s@10`, or `-`.
    fn events_text(&self, decision: &Decision) -> String {
        let text = |it: &Event| {
            assert_eq!(it.family, self.book.account(it.account).expect("its account").primary());
            let threshold = it.threshold.map_or_else(String::new, |it| format!("@{}", it.text(0)));
            format!("{:?}:{}{threshold}", it.kind, self.name_of(Named::Account(it.account)))
        };
        let texts: Vec<_> = decision.events.iter().map(text).collect();
        if texts.is_empty() { "-".to_owned() } else { texts.join("+") }
    }

    /// The names of the live credentials, oldest first.
    fn credentials_text(&self, account: &Account) -> String {
        let names = account.credentials.iter().map(|it| self.name_of(Named::Credential(account.id, it.id)));
        let names: Vec<_> = names.collect();
        if names.is_empty() { "-".to_owned() } else { names.join("+") }
    }

    /// The sums of a family, which every transfer conserves.
    fn look_at_total(&self, words: &mut Words<'_>) {
        let primary = self.account_id(words);
        let mut total = Standing::ZERO;
        for account in self.book.accounts().filter(|it| it.primary() == primary) {
            total = total.checked_add(&Standing { held: Amount::ZERO, ..account.standing }).expect("fits");
        }
        words.shows(standing_text(&total));
    }

    /// `hold h1 open`, or `hold h1 settled 5`.
    fn look_at_hold(&self, words: &mut Words<'_>) {
        let hold = self.book.hold(self.line_id(words)).expect("a named hold is there");
        match hold.ending {
            None => words.shows("open"),
            Some(ending) => {
                let expected = format!("{} {}", words.next(), words.next());
                let actual = format!("{:?} {}", ending.how, ending.charged.text(0));
                assert_eq!(actual, expected, "{}", words.line());
            }
        }
    }

    /// `plan standard v2-default`, or `v2`.
    fn look_at_plan(&self, words: &mut Words<'_>) {
        let plan = self.book.plan(words.next()).unwrap_or_else(|| words.fail("no such plan"));
        words.shows(format!("v{}{}", plan.version, if plan.is_default { "-default" } else { "" }));
    }

    /// `webhook hook of p at https://example.com`, `webhook hook of p about s at …`, or `webhook hook gone`.
    fn look_at_webhook(&self, words: &mut Words<'_>) {
        let webhook = self.book.webhook(self.webhook_id(words));
        let Some(webhook) = webhook else { return words.shows("gone") };
        let name = |it| self.name_of(Named::Account(it));
        let mut parts = vec!["of".to_owned(), webhook.owner.map_or_else(|| "-".to_owned(), name)];
        if let Some(account) = webhook.account {
            parts.extend(["about".to_owned(), name(account)]);
        }
        parts.extend(["at".to_owned(), webhook.url.to_string()]);
        for part in &parts {
            words.shows(part);
        }
    }

    /// `sends hook on`, `sends hook off-since-5s`, and behind it `signed-since-5s`, perhaps `and-old-until-90s`.
    fn look_at_sending(&self, words: &mut Words<'_>) {
        let id = self.webhook_id(words);
        let webhook = self.book.webhook(id).expect("a webhook");
        let seconds = |it: Timestamp| it.millis() / 1_000;
        words.shows(match webhook.disabled_at {
            Some(at) => format!("off-since-{}s", seconds(at)),
            None => "on".to_owned(),
        });
        words.shows(format!("signed-since-{}s", seconds(webhook.secret_at)));
        if let Some(until) = webhook.old_secret_until {
            words.shows(format!("and-old-until-{}s", seconds(until)));
        }
    }

    /// `token first is-first`, or `… is-later`.
    fn look_at_token(&self, words: &mut Words<'_>) {
        let id = self.token_id(words);
        let token = self.book.token(id).expect("a named token is there");
        words.shows(if token.is_first { "is-first" } else { "is-later" });
    }
}

/// A credit limit is printed negative, as the Vonage dialect does.
pub(in crate::decide::tests) fn standing_text(standing: &Standing) -> String {
    let limit = standing.credit_limit.checked_neg().expect("a credit limit is never negative");
    let held =
        if standing.held.is_zero() { String::new() } else { format!(" held {}", standing.held.text(0)) };
    format!("{}/{}{held}", standing.balance.text(0), limit.text(0))
}

/// `counts holds 2 released 15 numbers 1 apps 1 phones 1`: of what the close of an account found.
fn look_at_close(decision: &Decision, words: &mut Words<'_>) {
    let Some(Record::Closed(closed)) = decision.outcome.record.as_deref() else {
        words.fail("nothing was closed")
    };
    while let Some(word) = words.peek() {
        let count = match word {
            "holds" => closed.holds.to_string(),
            "released" => closed.released.text(0).to_string(),
            "numbers" => closed.numbers.to_string(),
            "apps" => closed.applications.to_string(),
            "phones" => closed.endpoints.to_string(),
            "cascade" => closed.cascade.to_string(),
            _ => break,
        };
        words.next();
        words.shows(count);
    }
}

/// `Release-3600s`, counted from when the hold was placed.
fn expiry(decision: &Decision) -> String {
    let hold = decision.outcome.hold_record().expect("a hold was placed");
    let lasts_s = (hold.expires_at.millis() - hold.placed_at.millis()) / 1_000;
    format!("{:?}-{lasts_s}s", hold.on_expiry)
}

/// `NumberTransfer+Close`.
fn kinds(decision: &Decision) -> String {
    let kinds: Vec<_> = decision.lines.iter().map(|it| format!("{:?}", it.kind)).collect();
    kinds.join("+")
}

/// How many endpoints get another password.
fn passwords(decision: &Decision) -> usize {
    decision.changes.iter().filter(|it| matches!(it, Change::Endpoint { password: Some(_), .. })).count()
}

fn stored(decision: &Decision) -> usize {
    decision.changes.iter().filter(|it| matches!(it, Change::CredentialAdded { .. })).count()
}

fn killed(decision: &Decision) -> usize {
    decision.changes.iter().filter(|it| matches!(it, Change::CredentialRevoked { .. })).count()
}
