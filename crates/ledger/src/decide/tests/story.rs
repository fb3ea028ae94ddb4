//! Runs a story: a text table in which each line says who asks, what for, and what comes of it.
//!
//! ```text
//! partner  transfer credit 20 partner > s1   -> partner -20/-40  s1 -40/-60
//! partner  transfer credit 41 partner > s1    ! InsufficientCredit available 40 needed 41
//! wait 25h
//! ```
//!
//! A standing is `balance/-credit limit`, with `held 5` behind it where something is held. `open`, `charge … as c1`,
//! `hold … as h1`, `rent … charges c1`, `add`, `rotate` and `make` bind names; `operator`, `gate`, `billing` (a gate
//! that may force), `server`, `nobody`, `no-app` and `no-phone` are there from the start. Whatever is not understood
//! panics with its line.

mod belongings;
mod commands;
mod expectations;
mod prices;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub(super) use self::expectations::standing_text;
use super::refusals;
use super::words::Words;
use crate::account::{Account, Standing, Token, TokenScope};
use crate::authority::limits;
use crate::book::{Book, Change};
use crate::cap::{Window, Windows};
use crate::command::{Action, Actor, Command, Proof};
use crate::decide::{Decision, decide, scope};
use crate::id::{AccountId, ApplicationId, CredentialId, EndpointId, LineId, TokenId, WebhookId};
use crate::journal::{Kind, Line, Record};
use crate::laws;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Runs a story from an empty book to its end.
pub(super) fn check(text: &str) -> Story {
    let mut story = Story::new();
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')) {
        story.step(line);
    }
    story
}

/// A book, a clock, and what the names in the text stand for.
pub(super) struct Story {
    pub(super) book: Book,
    pub(super) now: Timestamp,
    pub(super) journal: Vec<Arc<Line>>,
    /// The names of the refusals that came up.
    pub(super) refused: BTreeSet<&'static str>,
    names: HashMap<String, Named>,
    ids: u8,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Account(AccountId),
    Credential(AccountId, CredentialId),
    Token(Actor),
    /// A charge or a hold.
    Line(LineId),
    Application(ApplicationId),
    Endpoint(EndpointId),
    Webhook(WebhookId),
}

impl Story {
    fn new() -> Self {
        let mut story = Self {
            book: Book::default(),
            now: Timestamp::from_millis(0),
            journal: Vec::new(),
            refused: BTreeSet::new(),
            names: HashMap::new(),
            ids: 0,
        };
        let environment = TokenId::ENVIRONMENT;
        story.bring_token("operator", environment, TokenScope::Operator, Actor::Operator(environment));
        for (name, may_force) in [("gate", false), ("billing", true)] {
            let id = TokenId::from_bytes(story.id());
            story.bring_token(name, id, TokenScope::Gate { may_force }, Actor::Gate(id));
        }
        story.names.insert("server".to_owned(), Named::Token(Actor::Server));
        story.names.insert("nobody".to_owned(), Named::Account(AccountId::UNKNOWN));
        story.names.insert("no-app".to_owned(), Named::Application(ApplicationId::from_number(0)));
        story.names.insert("no-phone".to_owned(), Named::Endpoint(EndpointId::from_number(0)));
        story
    }

    fn bring_token(&mut self, name: &str, id: TokenId, scope: TokenScope, actor: Actor) {
        let (created_at, limits) = (self.now, None);
        let token = Token { id, scope, is_first: false, created_at, revoked_at: None, limits };
        let proof = Proof { verifier: "".into(), sealed: None };
        self.book.bring(Change::TokenMade { token, proof });
        self.names.insert(name.to_owned(), Named::Token(actor));
    }

    fn step(&mut self, line: &str) {
        let (asked, expected) = match (line.split_once(" -> "), line.split_once(" ! ")) {
            (Some((asked, items)), None) => (asked, Ok(items)),
            (None, Some((asked, refusal))) => (asked, Err(refusal)),
            (None, None) => return self.wait(Words::new(line, line)),
            (Some(_), Some(_)) => panic!("accepted and refused at once: {line}"),
        };
        let mut words = Words::new(line, asked);
        let (command, binds) = self.command(&mut words);
        words.end();
        self.bring_windows();
        let decided = decide(&self.book, &command, self.now);
        match (decided, expected) {
            (Ok(decision), Ok(items)) => {
                self.accept(&command, &decision, line);
                if !decision.is_repeat() {
                    self.names.extend(binds);
                }
                self.look(&decision, Words::new(line, items));
            }
            (Err(refusal), Err(expected)) => {
                let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
                assert_eq!(refusals::text(&refusal, self), expected, "{line}");
                self.refused.insert(refusals::word(&refusal));
            }
            (Ok(decision), Err(_)) => panic!("accepted {:?}: {line}", decision.outcome.kind),
            (Err(refusal), Ok(_)) => panic!("refused {}: {line}", refusals::text(&refusal, self)),
        }
    }

    /// What would come of a command, which is not made true.
    pub(super) fn decision(&mut self, asked: &str) -> Decision {
        let mut words = Words::new(asked, asked);
        let (command, _) = self.command(&mut words);
        words.end();
        self.bring_windows();
        decide(&self.book, &command, self.now)
            .unwrap_or_else(|refusal| panic!("refused {}: {asked}", refusals::text(&refusal, self)))
    }

    /// Why a command is refused now.
    pub(super) fn refusal(&mut self, asked: &str) -> Refusal {
        let mut words = Words::new(asked, asked);
        let (command, _) = self.command(&mut words);
        words.end();
        self.bring_windows();
        decide(&self.book, &command, self.now).err().unwrap_or_else(|| panic!("accepted: {asked}"))
    }

    /// The day and the month that it is, in a year whose months have 30 days: in `east` both begin 6 hours before those of
    /// `UTC`.
    fn bring_windows(&mut self) {
        for (zone, ahead_h) in [("UTC", 0), ("east", 6)] {
            let window = |days: i64| {
                let (length, ahead) = (days * 86_400_000, ahead_h * 3_600_000);
                let start = (self.now.millis() + ahead).div_euclid(length) * length - ahead;
                let [start, end] = [start, start + length].map(Timestamp::from_millis);
                Window { start, end }
            };
            self.book.bring_windows(zone.into(), Windows { day: window(1), month: window(30) });
        }
    }

    fn wait(&mut self, mut words: Words<'_>) {
        if !words.flag("wait") {
            words.fail("a line needs ` -> ` or ` ! `");
        }
        self.now = self.now.plus_millis(words.millis());
        words.end();
    }

    /// Makes a decision true, after the laws have seen it.
    fn accept(&mut self, command: &Command, decision: &Decision, line: &str) {
        assert_eq!(laws::prove(&self.book, decision), Ok(()), "{line}");
        if !decision.is_repeat() {
            assert_eq!(
                decision.outcome.scope(),
                scope(&self.book, command),
                "the line knows its key's scope: {line}"
            );
        }
        self.book.apply(decision);
        for account in self.book.accounts() {
            let open = self.book.holds().filter(|it| it.is_open() && it.payer == account.id);
            let held: i64 = open.map(|it| it.amount.units()).sum();
            assert_eq!(account.standing.held.units(), held, "what is held is the open holds: {line}");
            let own = self.book.holds().filter(|it| it.is_open() && it.account == account.id);
            let held: i64 = own.map(|it| it.amount.units()).sum();
            let counted = account.caps.as_ref().map(|it| it.held.units());
            assert_eq!(counted.unwrap_or(held), held, "a cap counts the account's own open holds: {line}");
        }
        if decision.is_repeat() {
            self.prove_repeat(command, decision, line)
        } else {
            self.prove_lines(command, decision, line)
        }
        self.journal.extend(decision.lines.iter().cloned());
    }

    /// The answer to a repeat is the first one's, and changes nothing; nor does a call that is free.
    fn prove_repeat(&self, command: &Command, decision: &Decision, line: &str) {
        assert!(decision.changes.is_empty() && decision.remembered.is_none(), "{line}");
        let repeated = &decision.outcome;
        if repeated.id == command.id {
            assert!(matches!(command.action, Action::Check { .. }), "{line}");
            assert_eq!((repeated.change, &repeated.once), (Standing::ZERO, &None), "{line}");
            return;
        }
        let first = self.journal.iter().find(|it| it.id == repeated.id).expect("the first answer's line");
        assert_eq!(
            (first.kind, first.at, &first.record),
            (repeated.kind, repeated.at, &repeated.record),
            "{line}"
        );
    }

    /// Each line says who and when, the last one answers and carries the key, and what they record is so.
    fn prove_lines(&self, command: &Command, decision: &Decision, text: &str) {
        for (line, n) in decision.lines.iter().rev().zip(0..) {
            assert_eq!((line.at, line.by), (self.now, command.by), "{text}");
            assert_eq!(line.address, command.from.map(|it| it.to_canonical()), "{text}");
            assert_eq!(line.once, command.once.clone().filter(|_| n == 0), "{text}");
            assert_eq!(line.id == command.id, n == 0, "{text}");
            let is_so = self.is_so(line);
            assert!(is_so, "the record is what became of it: {text}");
            assert!(is_stored(line, decision), "the store is told of each credential: {text}");
        }
        for change in &decision.changes {
            if let Change::CredentialAdded { at, .. } | Change::CredentialRevoked { at, .. } = change {
                assert_eq!(*at, self.now, "{text}");
            }
        }
        // A restricted key may not see all of it.
        let last = decision.lines.last().expect("a line").clone();
        let limits = limits(&self.book, &command.by);
        let seen = limits.map_or_else(|| (*last).clone(), |it| it.seen((*last).clone()));
        assert_eq!(seen, *decision.outcome, "{text}");
        let remembered = decision.remembered.as_ref().map(|it| &it.outcome);
        assert_eq!(remembered, command.once.as_ref().map(|_| &last), "{text}");
    }

    /// Whether what a line records is so.
    fn is_so(&self, line: &Line) -> bool {
        match line.record.as_deref() {
            None => true,
            Some(Record::Account(account)) => self.book.account(account.id) == Some(account),
            Some(Record::Closed(closed)) => self.book.account(closed.account.id) == Some(&closed.account),
            Some(Record::Hold(hold)) => self.book.hold(hold.id) == Some(hold),
            Some(Record::Number(number)) => {
                let is = self.book.number(Some(number.country), &number.msisdn, AccountId::UNKNOWN);
                let is_gone = line.kind == Kind::NumberWithdrawn
                    || (line.kind == Kind::NumberUnrented && number.is_brought);
                is == Some(number).filter(|_| !is_gone)
            }
            Some(Record::Application(application)) => {
                let is_gone = line.kind == Kind::ApplicationDeleted;
                self.book.application(application.id) == Some(application).filter(|_| !is_gone)
            }
            Some(Record::Endpoint(endpoint)) => {
                let is_gone = line.kind == Kind::EndpointDeleted;
                self.book.endpoint(endpoint.id) == Some(endpoint).filter(|_| !is_gone)
            }
            Some(Record::Plan(plan)) => self.book.plan(&plan.name) == Some(plan),
            Some(Record::Webhook(webhook)) => {
                let is_gone = line.kind == Kind::WebhookDeleted;
                self.book.webhook(webhook.id) == Some(webhook).filter(|_| !is_gone)
            }
            Some(Record::Token(token)) => self.book.token(token.id) == Some(token),
            Some(Record::Credential(credential)) => {
                let owner = line.account.and_then(|it| self.book.account(it.account)).expect("its account");
                let lives = owner.credential(credential.id) == Some(credential);
                lives == (line.kind != Kind::CredentialRevoked)
            }
        }
    }

    fn id(&mut self) -> [u8; 16] {
        self.ids = self.ids.checked_add(1).expect("a story is short");
        let mut id = [0; 16];
        // Not in the last bytes, where `LineId::nth` counts on.
        id[6] = self.ids;
        id
    }

    pub(super) fn named(&self, name: &str) -> Option<Named> {
        self.names.get(name).copied()
    }

    pub(super) fn account(&self, name: &str) -> &Account {
        match self.named(name) {
            Some(Named::Account(id)) => self.book.account(id).unwrap_or_else(|| panic!("no account {name}")),
            other => panic!("`{name}` is {other:?}, not an account"),
        }
    }

    /// The name that stands for something, for rendering.
    pub(super) fn name_of(&self, named: Named) -> String {
        let name = self.names.iter().find(|(_, it)| **it == named);
        name.map_or_else(|| format!("{named:?}"), |(name, _)| name.clone())
    }
}

/// Whether what a line says of a credential is among the changes, where the book itself would not miss it.
fn is_stored(line: &Line, decision: &Decision) -> bool {
    let Some(Record::Credential(record)) = line.record.as_deref() else { return true };
    let is_it = |it: &Change| {
        let is_added = matches!(it, Change::CredentialAdded { credential, .. } if credential.id == record.id);
        let is_changed = matches!(it, Change::CredentialChanged(credential) if credential == record);
        let is_dead = matches!(it, Change::CredentialRevoked { credential, .. } if *credential == record.id);
        (line.kind == Kind::CredentialAdded && is_added)
            || (line.kind == Kind::CredentialChanged && is_changed)
            || (line.kind == Kind::CredentialRevoked && is_dead)
    };
    decision.changes.iter().any(is_it)
}
