//! Restricted keys: what a credential or a token may do at most, whatever its account or its scope may do.
//!
//! Limits are looked at three times. Before anything else, for what is asked (`Limits::admit`); by `authority`, for
//! which an account out of reach is one that is not there; and when all is decided, for the lines that it would write
//! (`Limits::pass`), so that nothing gets through that nobody thought of. `laws` proves the last once more.

use std::slice;
use std::sync::Arc;

use crate::account::Credential;
use crate::command::Action;
use crate::decide::Decision;
use crate::id::AccountId;
use crate::journal::{Line, Record};
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::webhook::Webhook;

/// The most accounts that a key may be limited to: each is looked for in a handful of comparisons, and a list that
/// anybody reads over has no more.
pub const ACCOUNTS_MAX: usize = 100;

/// What a credential or a token is limited to. Never changed after it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    is_read_only: bool,
    amount_max: Option<Amount>,
    /// In order, each once.
    accounts: Option<Box<[AccountId]>>,
}

/// Which limit of a key something is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// It only reads.
    ReadOnly,
    /// It moves no more than this at once.
    Amount(Amount),
    /// It sees and touches only some accounts.
    Accounts,
    /// However it is limited, it makes and ends nothing that authenticates anybody, and so opens and closes no account; nor does
    /// it make what tells of events when it is dead.
    Credentials,
}

impl Limits {
    /// `accounts` in any order. `None` where nothing is limited, an amount is negative or beyond
    /// [`Amount::MOVE_MAX`], or the accounts are none or more than [`ACCOUNTS_MAX`].
    pub fn new(
        is_read_only: bool,
        amount_max: Option<Amount>,
        accounts: Option<Vec<AccountId>>,
    ) -> Option<Self> {
        let accounts = accounts.map(|mut it| {
            it.sort_unstable();
            it.dedup();
            it.into_boxed_slice()
        });
        let limits = is_read_only || amount_max.is_some() || accounts.is_some();
        let is_fit = amount_max.is_none_or(|it| (Amount::ZERO..=Amount::MOVE_MAX).contains(&it))
            && accounts.as_ref().is_none_or(|it| (1..=ACCOUNTS_MAX).contains(&it.len()));
        (limits && is_fit).then_some(Self { is_read_only, amount_max, accounts })
    }

    /// Whether it only reads.
    pub const fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The most that one request may move; 0 for nothing at all.
    pub const fn amount_max(&self) -> Option<Amount> {
        self.amount_max
    }

    /// The only accounts that it sees and touches, in order; `None` for all that it otherwise would.
    pub fn accounts(&self) -> Option<&[AccountId]> {
        self.accounts.as_deref()
    }

    /// Whether an account is not out of reach.
    pub fn reaches(&self, account: AccountId) -> bool {
        self.accounts.as_ref().is_none_or(|it| it.binary_search(&account).is_ok())
    }

    /// Whether a line is about accounts within reach alone. Whose money it took does not count: who pays for an
    /// account is that account's affair.
    pub fn shows(&self, line: &Line) -> bool {
        let about = line.caused_by().or_else(|| line.hold_record().map(|it| it.account));
        let webhook = || [&line.record, &line.before].into_iter().flatten().find_map(|it| it.webhook());
        self.accounts.is_none()
            || about.is_some_and(|it| self.reaches(it))
                && line.counter.is_none_or(|it| self.reaches(it.account))
                && webhook().is_none_or(|it| self.reaches_webhook(it))
    }

    /// Whether a webhook tells of accounts within reach alone, and is one of them's.
    pub fn reaches_webhook(&self, webhook: &Webhook) -> bool {
        let reaches = |it: Option<AccountId>| it.is_some_and(|it| self.reaches(it));
        self.accounts.is_none() || reaches(webhook.owner) && reaches(webhook.account)
    }

    /// A line as this key may see it: without the payer, what that one stood at and what the line found of it, where it
    /// is out of reach.
    pub fn seen(&self, line: Line) -> Line {
        let account = line.account.filter(|it| self.reaches(it.account));
        let seen = |it: Box<Record>| Box::new(self.seen_record(*it));
        let before = line.before.filter(|_| account.is_some()).map(seen);
        let record = line.record.map(seen);
        Line { account, before, record, ..line }
    }

    fn seen_record(&self, record: Record) -> Record {
        if let Record::Credential(it) = record {
            Record::Credential(self.seen_credential(it))
        } else {
            record
        }
    }

    /// A credential as this key may see it: of the accounts that it is limited to only those within reach, perhaps none.
    pub fn seen_credential(&self, credential: Credential) -> Credential {
        let limits = credential.limits.map(|limits| {
            let reached = |all: &[AccountId]| all.iter().copied().filter(|it| self.reaches(*it)).collect();
            Arc::new(Self { accounts: limits.accounts().map(reached), ..(*limits).clone() })
        });
        Credential { limits, ..credential }
    }

    /// Refuses what is asked beyond the limits, as far as that can be said before anything was looked up.
    ///
    /// # Errors
    /// [`Refusal::Restricted`].
    pub(crate) fn admit(&self, action: &Action) -> Result<(), Refusal> {
        // Every action is a write.
        if self.is_read_only {
            return Err(Refusal::Restricted(Limit::ReadOnly));
        }
        match asked(action) {
            Asked::Credentials => Err(Refusal::Restricted(Limit::Credentials)),
            Asked::Everybodys | Asked::Prices if self.accounts.is_some() => {
                Err(Refusal::Restricted(Limit::Accounts))
            }
            Asked::Prices | Asked::Caps => {
                self.amount_max.map_or(Ok(()), |max| Err(Refusal::Restricted(Limit::Amount(max))))
            }
            Asked::Call(account) if !self.reaches(account) => Err(Refusal::Restricted(Limit::Accounts)),
            Asked::Amount(amount) => self.admit_amount(i128::from(amount.units())),
            Asked::Everybodys | Asked::Call(_) | Asked::Rest => Ok(()),
        }
    }

    /// Holds a finished decision against the limits, and shows of its answer what this key may see.
    ///
    /// # Errors
    /// [`Refusal::Restricted`].
    pub(crate) fn pass(&self, decision: Decision) -> Result<Decision, Refusal> {
        // The answer of a repeat is a line that somebody else may have asked for: who could not have may not repeat it.
        let lines = if decision.is_repeat() { slice::from_ref(&decision.outcome) } else { &decision.lines };
        self.allow(lines).map_err(Refusal::Restricted)?;
        let pays = decision.outcome.account.map(|it| it.account);
        if pays.is_none_or(|it| self.reaches(it)) {
            return Ok(decision);
        }
        let outcome = Arc::new(self.seen((*decision.outcome).clone()));
        Ok(Decision { outcome, ..decision })
    }

    /// Whether a command may write these lines. Of balances, of credit limits and of held amounts it moves what its
    /// lines move together.
    ///
    /// # Errors
    /// The limit that they are beyond.
    pub fn allow(&self, lines: &[Arc<Line>]) -> Result<(), Limit> {
        if self.is_read_only && !lines.is_empty() {
            return Err(Limit::ReadOnly);
        }
        if !lines.iter().all(|it| self.shows(it)) {
            return Err(Limit::Accounts);
        }
        let Some(max) = self.amount_max else { return Ok(()) };
        let moved = |figure: fn(&Line) -> Amount| {
            lines.iter().map(|it| i128::from(figure(it).units()).abs()).sum::<i128>()
        };
        let most = moved(|it| it.change.balance)
            .max(moved(|it| it.change.credit_limit))
            .max(moved(|it| it.change.held));
        if most > i128::from(max.units()) { Err(Limit::Amount(max)) } else { Ok(()) }
    }

    fn admit_amount(&self, units: i128) -> Result<(), Refusal> {
        match self.amount_max {
            Some(max) if units.abs() > i128::from(max.units()) => {
                Err(Refusal::Restricted(Limit::Amount(max)))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What an action is to a key that is limited.
enum Asked {
    /// It makes or ends what authenticates somebody.
    Credentials,
    /// It is about nobody's things in particular, and so about everybody's.
    Everybodys,
    /// It says what the calls of a whole family cost.
    Prices,
    /// It says how much an account may spend. Whether its payer is within reach is for whoever has the books.
    Caps,
    /// It has a call of this account checked, at a price that the plan says.
    Call(AccountId),
    /// It says itself how much it moves.
    Amount(Amount),
    /// It names accounts, or what is theirs, and the lines will say what it moves.
    Rest,
}

/// Without a wildcard, so that nobody adds an action and forgets the keys that must not do it.
const fn asked(action: &Action) -> Asked {
    match action {
        // Who opens an account is shown its secrets; who closes one ends its credentials. Who makes a webhook is shown what
        // its events are signed with, and is told by it also when the key is dead.
        Action::OpenAccount { .. }
        | Action::CloseAccount { .. }
        | Action::AddCredential { .. }
        | Action::RevokeCredential { .. }
        | Action::RotateCredential { .. }
        | Action::ExpireCredential { .. }
        | Action::MakeToken { .. }
        | Action::RevokeToken { .. }
        | Action::MakeWebhook { .. }
        | Action::RotateWebhook { .. } => Asked::Credentials,
        Action::WithdrawNumber { .. } | Action::AddNumber { account: None, .. } => Asked::Everybodys,
        // How much anybody moves is for others to say than those who may move but so much.
        Action::PutPlan { .. } | Action::ChangeAccount { plan: Some(_), .. } => Asked::Prices,
        Action::ChangeAccount { caps: Some(_), .. } => Asked::Caps,
        Action::Check { account, .. } => Asked::Call(*account),
        Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => {
            Asked::Amount(transfer.amount)
        }
        Action::Pay { amount, .. }
        | Action::Charge { amount, .. }
        | Action::Hold { amount, .. }
        | Action::Settle { amount, .. }
        | Action::Reverse { amount: Some(amount), .. } => Asked::Amount(*amount),
        Action::Reverse { amount: None, .. }
        | Action::ChangeAccount { .. }
        | Action::Release { .. }
        | Action::Extend { .. }
        | Action::Expire { .. }
        | Action::AddNumber { account: Some(_), .. }
        | Action::BringNumbers { .. }
        | Action::RentNumber { .. }
        | Action::UnrentNumber { .. }
        | Action::ChangeNumber { .. }
        | Action::TransferNumber { .. }
        | Action::MakeApplication { .. }
        | Action::ChangeApplication { .. }
        | Action::DeleteApplication { .. }
        | Action::MakeEndpoint { .. }
        | Action::ChangeEndpoint { .. }
        | Action::DeleteEndpoint { .. }
        | Action::ChangeWebhook { .. }
        | Action::DeleteWebhook { .. }
        | Action::ResendEvent { .. } => Asked::Rest,
    }
}

/// The accounts that an action names itself; not whose the charge, the hold or the application is that it names.
pub fn named(action: &Action) -> impl Iterator<Item = AccountId> + use<> {
    let named = match action {
        Action::TransferBalance(it) | Action::TransferCredit(it) => {
            [Some(it.primary), Some(it.from), Some(it.to)]
        }
        Action::TransferNumber { primary, from, to, .. } => [Some(*primary), Some(*from), Some(*to)],
        Action::ChangeNumber { account, to, .. } => [Some(*account), *to, None],
        Action::OpenAccount { parent: account, .. }
        | Action::AddNumber { account, .. }
        | Action::MakeWebhook { account, .. }
        | Action::ChangeApplication { owner: account, .. }
        | Action::ChangeEndpoint { owner: account, .. } => [*account, None, None],
        Action::ChangeAccount { account, .. }
        | Action::CloseAccount { account, .. }
        | Action::Pay { account, .. }
        | Action::Charge { account, .. }
        | Action::Check { account, .. }
        | Action::Hold { account, .. }
        | Action::BringNumbers { account, .. }
        | Action::RentNumber { account, .. }
        | Action::UnrentNumber { account, .. }
        | Action::MakeApplication { owner: account, .. }
        | Action::MakeEndpoint { owner: account, .. }
        | Action::AddCredential { account, .. }
        | Action::RevokeCredential { account, .. }
        | Action::RotateCredential { account, .. }
        | Action::ExpireCredential { account, .. } => [Some(*account), None, None],
        Action::PutPlan { .. }
        | Action::Reverse { .. }
        | Action::Settle { .. }
        | Action::Release { .. }
        | Action::Extend { .. }
        | Action::Expire { .. }
        | Action::WithdrawNumber { .. }
        | Action::DeleteApplication { .. }
        | Action::DeleteEndpoint { .. }
        | Action::MakeToken { .. }
        | Action::RevokeToken { .. }
        | Action::ChangeWebhook { .. }
        | Action::RotateWebhook { .. }
        | Action::DeleteWebhook { .. }
        | Action::ResendEvent { .. } => [None; 3],
    };
    named.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u8) -> AccountId {
        AccountId::from_bytes([n; 16])
    }

    #[test]
    fn what_limits_nothing_or_makes_no_sense_is_none() {
        let amount = |units| Some(Amount::from_units(units));
        assert_eq!(Limits::new(false, None, None), None);
        assert_eq!(Limits::new(true, amount(-1), None), None);
        assert_eq!(Limits::new(true, amount(Amount::MOVE_MAX.units() + 1), None), None);
        assert_eq!(Limits::new(true, None, Some(Vec::new())), None);
        let many = |count| Some((1..=count).map(account).collect());
        assert_eq!(Limits::new(false, None, many(101)), None);
        assert!(Limits::new(false, None, many(100)).is_some());
        assert!(Limits::new(false, amount(0), None).is_some());
        assert!(Limits::new(false, amount(Amount::MOVE_MAX.units()), None).is_some());
    }

    #[test]
    fn accounts_are_a_set() {
        let limits = |accounts: &[u8]| {
            Limits::new(false, None, Some(accounts.iter().map(|it| account(*it)).collect())).unwrap()
        };
        assert_eq!(limits(&[3, 1, 3]), limits(&[1, 3]));
        assert_eq!(limits(&[3, 1]).accounts(), Some([account(1), account(3)].as_slice()));
        let reached: Vec<_> = (0..5).filter(|it| limits(&[3, 1]).reaches(account(*it))).collect();
        assert_eq!(reached, [1, 3]);
    }
}
