//! Commands for the store's tests: single ones, and random ones that know what is in a book.

use std::net::IpAddr;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Action, Actor, Amount, ApiKey, AuthId, BalanceMode, Book, CapsChange, Command,
    CredentialId, CredentialKind, Currency, Decision, Kind, Line, LineId, NewCredential, OnExpiry, Once,
    Proof, Status, Timestamp, TokenId, Transfer,
};
use tollgate::store::Store;

use super::prices;

use crate::server::Random;

/// When things happen here: so long after something in the year 2023, for no store has places for 1970.
pub(crate) const fn at_millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

pub(crate) fn uuid(n: u64) -> [u8; 16] {
    let mut bytes = [1; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    bytes
}

fn operator(id: u64, action: Action) -> Command {
    let by = Actor::Operator(TokenId::ENVIRONMENT);
    Command { id: LineId::from_bytes(uuid(id)), by, from: None, once: None, action }
}

pub(crate) fn open_primary(n: u64, credit_limit: Amount) -> Command {
    operator(n, open(n, None, credit_limit, BalanceMode::Own))
}

fn open(n: u64, parent: Option<AccountId>, credit_limit: Amount, mode: BalanceMode) -> Action {
    let proof = Proof { verifier: format!("hash {n}").into(), sealed: None };
    Action::OpenAccount {
        account: AccountId::from_bytes(uuid(n)),
        parent,
        api_key: ApiKey::from_number(u32::try_from(n).unwrap()),
        auth_id: AuthId::new(parent.is_none(), &format!("{n:018}")).unwrap(),
        name: format!("account {n}").into(),
        currency: None,
        credit_limit,
        mode,
        status: Status::Active,
        alerts: ledger::Alerts::default(),
        credentials: vec![NewCredential {
            id: CredentialId::from_bytes(uuid(n)),
            kind: CredentialKind::Secret,
            proof,
            limits: None,
        }],
        subaccounts_max: Some(8),
        caps: None,
    }
}

pub(crate) fn charge(id: u64, account: AccountId, units: i64) -> Command {
    let amount = Amount::from_units(units);
    let (operation, units, reference) = (Some("sms.send".into()), None, None);
    operator(id, Action::Charge { account, amount, operation, units, reference, force: false })
}

/// A price plan of no rules.
pub(crate) fn put_plan(id: u64, name: &str) -> Command {
    let (currency, is_default, rules) = (Currency::EUR, false, Arc::default());
    operator(id, Action::PutPlan { name: name.into(), currency, is_default, rules })
}

pub(crate) fn assign(id: u64, account: AccountId, plan: &str) -> Command {
    operator(id, prices::assign(account, Some(plan.into())))
}

/// A primary account, opened.
pub(crate) async fn opened(store: &Store, n: u64, credit_limit: Amount) -> AccountId {
    store.execute(open_primary(n, credit_limit), at_millis(1_000)).await.unwrap();
    AccountId::from_bytes(uuid(n))
}

/// A subaccount that shares the balance of a primary, opened.
pub(crate) async fn opened_sharing(store: &Store, n: u64, primary: AccountId) -> AccountId {
    let action = open(n, Some(primary), Amount::ZERO, BalanceMode::Shared);
    store.execute(operator(n, action), at_millis(1_000)).await.unwrap();
    AccountId::from_bytes(uuid(n))
}

/// Where the accounts' caps are at home: in the last three a day turns one, two and three hours after it did in the first.
pub(crate) const ZONES: [&str; 4] = ["UTC", "Atlantic/Azores", "America/Noronha", "America/Sao_Paulo"];

/// Random commands; each is likely to be accepted, and many are not.
pub(crate) struct Commands {
    random: Random,
    id: u64,
    at: i64,
    /// Accounts that it was asked to open, whatever came of it.
    asked: Vec<AccountId>,
    /// Accounts that are open as far as the book knew it last, oldest first.
    live: Vec<AccountId>,
    lines: Vec<LineId>,
}

impl Commands {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, id: 1_000, at: 1_000, asked: Vec::new(), live: Vec::new(), lines: Vec::new() }
    }

    pub(super) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.random.within(0..u64::from(end))).unwrap()
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u32::try_from(len).unwrap())).unwrap()
    }

    /// One of the latest that are not closed, or now and then another.
    pub(super) fn account(&mut self) -> AccountId {
        let among = if self.below(16) == 0 { &self.asked } else { &self.live };
        let back = self.random.within(0..u64::try_from(among.len().clamp(1, 10)).unwrap());
        among.iter().rev().nth(usize::try_from(back).unwrap()).copied().unwrap_or(AccountId::UNKNOWN)
    }

    pub(super) fn amount(&mut self) -> Amount {
        Amount::from_units(i64::from(self.below(60)))
    }

    /// Of the latest lines, so that charges and holds are found that are still of interest.
    fn line(&mut self) -> LineId {
        let back = self.index(12);
        if self.below(12) == 0 {
            return LineId::from_bytes([0; 16]);
        }
        let at = self.lines.len().saturating_sub(1 + back);
        self.lines.get(at).copied().unwrap_or(LineId::from_bytes([0; 16]))
    }

    /// When the newest of them was asked for.
    pub(crate) const fn now(&self) -> Timestamp {
        at_millis(self.at)
    }

    pub(crate) fn next(&mut self, book: &Book) -> (Command, Timestamp) {
        // A close counts on from its own id for the holds that it releases and what its account owned.
        self.id += 1_000;
        self.at += i64::from(self.below(400));
        if self.below(64) == 0 {
            // So that days turn, and no key is forgotten.
            self.at += 45 * 1_000;
        }
        let n = self.id;
        let is_open = |it: &&Account| it.status != Status::Closed;
        self.live = book.accounts().filter(is_open).map(|it| it.id).collect();
        self.live.sort_unstable();
        let action = self.action(n, book);
        let id = LineId::from_bytes(uuid(n));
        let expires = matches!(action, Action::Expire { .. } | Action::ExpireCredential { .. });
        let by = if expires { Actor::Server } else { self.asker(&action, book) };
        if let Action::OpenAccount { account, .. } = action {
            self.asked.push(account);
        }
        let once = (self.below(6) == 0).then(|| {
            let key = format!("key {}", self.below(300));
            let request = Some([u8::try_from(self.below(2)).unwrap(); 32]);
            Once { key: key.into(), request, sealed: None }
        });
        let from = match self.at % 3 {
            0 => None,
            1 => Some(IpAddr::from([192, 0, 2, 1])),
            _ => Some(IpAddr::from([0x2001, 0xDB8, 0, 0, 0, 0, 0, 1])),
        };
        let from = from.filter(|_| by != Actor::Server);
        (Command { id, by, from, once, action }, at_millis(self.at))
    }

    /// A cap that a few charges reach, or none.
    fn caps(&mut self) -> Option<CapsChange> {
        if self.below(3) > 0 {
            return None;
        }
        let zone = ZONES[self.index(ZONES.len())];
        let mut most = || (self.below(4) > 0).then(|| Some(Amount::from_units(i64::from(self.below(300)))));
        let (day, month) = (most(), most());
        let lifts = self.below(8) == 0;
        Some(CapsChange { zone: Some(zone.into()), day: if lifts { Some(None) } else { day }, month })
    }

    fn asker(&mut self, action: &Action, book: &Book) -> Actor {
        if let Action::ChangeAccount { plan: Some(_), .. } = action {
            return Actor::Operator(TokenId::ENVIRONMENT);
        }
        // An account has its own calls checked; now and then somebody tries with another's.
        if let Action::Check { account, .. } = action
            && self.below(12) > 0
        {
            return self.as_account(*account, book);
        }
        self.caller(book)
    }

    /// The operator or, now and then, an account.
    fn caller(&mut self, book: &Book) -> Actor {
        if self.below(4) > 0 {
            return Actor::Operator(TokenId::ENVIRONMENT);
        }
        let named = self.account();
        let account =
            book.account(named).map_or(named, |it| if self.below(3) > 0 { it.primary() } else { named });
        self.as_account(account, book)
    }

    fn as_account(&mut self, account: AccountId, book: &Book) -> Actor {
        let credentials = book.account(account).map(|it| it.credentials.clone()).unwrap_or_default();
        let credential = match credentials.len() {
            0 => CredentialId::from_bytes(uuid(0)),
            count => credentials[self.index(count)].id,
        };
        Actor::Account { account, credential }
    }

    /// What later commands may reverse or end.
    pub(crate) fn remember(&mut self, decision: &Decision) {
        let is_of_interest = |it: &&Arc<Line>| matches!(it.kind, Kind::Charge | Kind::Hold | Kind::Settle);
        self.lines.extend(decision.lines.iter().filter(is_of_interest).map(|it| it.id));
    }

    fn action(&mut self, n: u64, book: &Book) -> Action {
        let account = self.account();
        let primary = book.account(account).map_or(account, |it| it.primary());
        match self.below(if self.live.len() < 4 { 1 } else { 54 }) {
            0 => {
                let parent = (self.below(3) > 0 && !self.live.is_empty()).then_some(primary);
                let mode = if parent.is_some() && self.below(2) == 0 {
                    BalanceMode::Shared
                } else {
                    BalanceMode::Own
                };
                let limit = if parent.is_none() { self.amount().max(self.amount()) } else { Amount::ZERO };
                open(n, parent, limit, mode)
            }
            1 | 2 => Action::Pay { account, amount: self.amount(), reference: Some("paid".into()) },
            3..=5 | 50..=53 => {
                let other = if account == primary { self.relative(account, book) } else { account };
                let (from, to) = if self.below(3) > 0 { (primary, other) } else { (other, primary) };
                // Small, for what is not in use of a credit limit seldom is more.
                let amount = Amount::from_units(i64::from(self.below(20)));
                let transfer = Transfer { primary, from, to, amount, reference: None };
                if self.below(3) == 0 {
                    Action::TransferBalance(transfer)
                } else {
                    Action::TransferCredit(transfer)
                }
            }
            6..=9 => {
                let (amount, force) = (self.amount(), self.below(8) == 0);
                Action::Charge { account, amount, operation: None, units: None, reference: None, force }
            }
            10 => Action::Reverse { charge: self.line(), amount: None, reference: None },
            11 | 12 => {
                let on_expiry = if self.below(2) == 0 { OnExpiry::Release } else { OnExpiry::Capture };
                let (amount, lasts_ms) = (self.amount(), 1 + i64::from(self.below(3_000)));
                Action::Hold { account, amount, lasts_ms, on_expiry, operation: None, reference: None }
            }
            13 | 14 => Action::Settle { hold: self.line(), amount: self.amount(), force: self.below(3) == 0 },
            15 => Action::Release { hold: self.line() },
            16 => Action::Expire { hold: self.line() },
            17 => {
                let status = if self.below(3) == 0 { Status::Suspended } else { Status::Active };
                let mode = (self.below(4) == 0).then_some(BalanceMode::Own);
                Action::ChangeAccount {
                    account,
                    name: None,
                    credit_limit: None,
                    status: Some(status),
                    mode,
                    settings: Vec::new(),
                    plan: None,
                    caps: self.caps(),
                    alerts: None,
                }
            }
            18..=39 => self.belonging(n, account, book),
            40 => {
                let answering = if self.below(2) == 0 { self.answering(book) } else { None };
                let (account, cascade) = (answering.unwrap_or(account), self.below(2) == 0);
                Action::CloseAccount { account, cascade }
            }
            42 | 43 => self.plan(),
            44 => self.assignment(primary),
            45..=49 => self.call(account),
            _ => Action::Extend { hold: self.line(), lasts_ms: 1 + i64::from(self.below(3_000)) },
        }
    }
}
