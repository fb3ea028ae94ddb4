//! What was refused lately, and why: an answer for whoever asks why a call did not go through.
//!
//! In memory alone: a refusal costs no write, and a restart forgets them. Nobody fills the list of an account but those
//! who have authenticated as it, and tokens of the operator and of gates that reach it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::{
    Account, AccountId, Action, Actor, Amount, BalanceMode, Limits, LineId, Once, Refusal, Timestamp, limits,
    text,
};
use uuid::Uuid;

use super::read::visible;
use super::{App, Door, Error};
use crate::store::ExecuteError;

/// How many are remembered of one account.
pub const REFUSALS_OF_ONE_MAX: usize = 100;
/// How many are remembered in all: with their texts at most some 60 MB.
pub const REFUSALS_MAX: usize = 100_000;
/// For how long they are remembered, in milliseconds: a day.
pub const REFUSALS_MS: i64 = 24 * 3_600 * 1_000;

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When it was asked.
    pub at: Timestamp,
    /// The name of the request, as its answer said it.
    pub request_id: Option<Uuid>,
    /// The key that it came under; of a checked call the proxy's name for it.
    pub key: Option<Arc<str>>,
    /// Through which door it came.
    pub door: Door,
    /// Who asked.
    pub by: Actor,
    /// From where.
    pub address: Option<IpAddr>,
    /// What was asked, in a word.
    pub action: &'static str,
    /// How much, where that was said.
    pub amount: Option<Amount>,
    /// What for.
    pub operation: Option<Box<str>>,
    /// Which accounts were named beside the one in whose list it is.
    pub others: Box<[AccountId]>,
    /// Why not.
    pub refusal: Refusal,
}

/// The lists of all accounts.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    /// Of each account, oldest first, with the place of each in the order of all.
    of: HashMap<AccountId, VecDeque<Box<(u64, Refused)>>>,
    /// Whose each one is, oldest first.
    order: BTreeMap<u64, AccountId>,
    next: u64,
}

impl Refusals {
    /// The lock is held for a fraction of a microsecond, and only by what is refused.
    fn lists(&self) -> std::sync::MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, account: AccountId, refused: Refused) {
        self.lists().push(account, refused);
    }

    /// Those of an account that are remembered at `now`, newest first.
    fn of(&self, account: AccountId, now: Timestamp) -> Vec<Refused> {
        let lists = self.lists();
        let list = lists.of.get(&account).into_iter().flatten().rev();
        list.map(|it| &it.1).filter(|it| now < it.at.plus_millis(REFUSALS_MS)).cloned().collect()
    }
}

impl Lists {
    fn push(&mut self, account: AccountId, refused: Refused) {
        let now = refused.at;
        while self.oldest().is_some_and(|at| at.plus_millis(REFUSALS_MS) <= now) {
            self.forget_oldest();
        }
        self.next += 1;
        let list = self.of.entry(account).or_default();
        if list.len() == REFUSALS_OF_ONE_MAX
            && let Some(oldest) = list.pop_front()
        {
            self.order.remove(&oldest.0);
        }
        list.push_back(Box::new((self.next, refused)));
        self.order.insert(self.next, account);
        if self.order.len() > REFUSALS_MAX {
            self.forget_oldest();
        }
    }

    fn oldest(&self) -> Option<Timestamp> {
        let (_, account) = self.order.first_key_value()?;
        self.of.get(account)?.front().map(|it| it.1.at)
    }

    fn forget_oldest(&mut self) {
        let Some((_, account)) = self.order.pop_first() else { return };
        if let Some(list) = self.of.get_mut(&account) {
            list.pop_front();
            if list.is_empty() {
                self.of.remove(&account);
            }
        }
    }
}

/// What somebody asks for, as it is remembered if it is refused.
#[derive(Debug)]
pub(super) struct Attempt {
    at: Timestamp,
    by: Actor,
    of: Subject,
    key: Option<Arc<str>>,
    action: &'static str,
    amount: Option<Amount>,
    operation: Option<Box<str>>,
    /// Which accounts it names beside the one that it is about.
    others: Box<[AccountId]>,
}

/// In whose list it belongs.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Account(AccountId),
    /// The account that this charge or hold is of.
    Line(LineId),
    Nobody,
}

impl Attempt {
    pub(super) fn new(at: Timestamp, by: Actor, once: Option<&Once>, action: &Action) -> Self {
        // What is too long to be accepted is too long to be remembered.
        let key = once.map(|it| &it.key).filter(|it| text::is_key(it)).cloned();
        let operation = operation(action).filter(|it| text::fits(it, text::OPERATION_MAX)).map(Into::into);
        let of = subject(&by, action);
        let is_other = |it: &AccountId| !matches!(of, Subject::Account(account) if account == *it);
        let others = limits::named(action).filter(is_other).collect();
        Self { at, by, of, key, action: word(action), amount: amount(action), operation, others }
    }

    /// A look at something, and not the change of it.
    fn read(at: Timestamp, by: Actor) -> Self {
        let of = match by.account() {
            Some(account) => Subject::Account(account),
            None => Subject::Nobody,
        };
        Self { at, by, of, key: None, action: "read", amount: None, operation: None, others: Box::default() }
    }
}

/// An account that asks is refused itself, whatever it asked about: nobody fills another one's list. What the operator or a
/// gate asks for is of the account that it is about.
const fn subject(by: &Actor, action: &Action) -> Subject {
    if let Some(account) = by.account() {
        return Subject::Account(account);
    }
    match action {
        Action::ChangeAccount { account, .. }
        | Action::CloseAccount { account, .. }
        | Action::Pay { account, .. }
        | Action::Charge { account, .. }
        | Action::Check { account, .. }
        | Action::Hold { account, .. }
        | Action::BringNumbers { account, .. }
        | Action::RentNumber { account, .. }
        | Action::UnrentNumber { account, .. }
        | Action::ChangeNumber { account, .. }
        | Action::TransferNumber { primary: account, .. }
        | Action::MakeApplication { owner: account, .. }
        | Action::MakeEndpoint { owner: account, .. }
        | Action::AddCredential { account, .. }
        | Action::RevokeCredential { account, .. }
        | Action::RotateCredential { account, .. }
        | Action::ExpireCredential { account, .. }
        | Action::OpenAccount { parent: Some(account), .. }
        | Action::AddNumber { account: Some(account), .. } => Subject::Account(*account),
        Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => {
            Subject::Account(transfer.primary)
        }
        Action::Reverse { charge: line, .. }
        | Action::Settle { hold: line, .. }
        | Action::Release { hold: line }
        | Action::Extend { hold: line, .. }
        | Action::Expire { hold: line } => Subject::Line(*line),
        Action::OpenAccount { parent: None, .. }
        | Action::AddNumber { account: None, .. }
        | Action::PutPlan { .. }
        | Action::WithdrawNumber { .. }
        | Action::ChangeApplication { .. }
        | Action::DeleteApplication { .. }
        | Action::ChangeEndpoint { .. }
        | Action::DeleteEndpoint { .. }
        | Action::MakeToken { .. }
        | Action::RevokeToken { .. }
        | Action::MakeWebhook { .. }
        | Action::ChangeWebhook { .. }
        | Action::RotateWebhook { .. }
        | Action::DeleteWebhook { .. }
        | Action::ResendEvent { .. } => Subject::Nobody,
    }
}

const fn word(action: &Action) -> &'static str {
    match action {
        Action::OpenAccount { .. } => "open",
        Action::ChangeAccount { .. } => "change",
        Action::CloseAccount { .. } => "close",
        Action::Pay { .. } => "payment",
        Action::TransferBalance(_) => "balance_transfer",
        Action::TransferCredit(_) => "credit_transfer",
        Action::Charge { .. } => "charge",
        Action::PutPlan { .. } => "price_plan_put",
        Action::Check { .. } => "check",
        Action::Reverse { .. } => "reversal",
        Action::Hold { .. } => "hold",
        Action::Settle { .. } => "settle",
        Action::Release { .. } => "release",
        Action::Extend { .. } => "extend",
        Action::Expire { .. } => "expiry",
        Action::AddNumber { .. } => "number_add",
        Action::WithdrawNumber { .. } => "number_withdraw",
        Action::BringNumbers { .. } => "numbers_bring",
        Action::RentNumber { .. } => "number_rent",
        Action::UnrentNumber { .. } => "number_unrent",
        Action::ChangeNumber { .. } => "number_change",
        Action::TransferNumber { .. } => "number_transfer",
        Action::MakeApplication { .. } => "application_make",
        Action::ChangeApplication { .. } => "application_change",
        Action::DeleteApplication { .. } => "application_delete",
        Action::MakeEndpoint { .. } => "endpoint_make",
        Action::ChangeEndpoint { .. } => "endpoint_change",
        Action::DeleteEndpoint { .. } => "endpoint_delete",
        Action::AddCredential { .. } => "credential_add",
        Action::RevokeCredential { .. } | Action::ExpireCredential { .. } => "credential_revoke",
        Action::RotateCredential { .. } => "credential_rotate",
        Action::MakeToken { .. } => "token_make",
        Action::RevokeToken { .. } => "token_revoke",
        Action::MakeWebhook { .. } => "webhook_make",
        Action::ChangeWebhook { .. } => "webhook_change",
        Action::RotateWebhook { .. } => "webhook_rotate",
        Action::DeleteWebhook { .. } => "webhook_delete",
        Action::ResendEvent { .. } => "event_resend",
    }
}

const fn amount(action: &Action) -> Option<Amount> {
    match action {
        Action::Pay { amount, .. }
        | Action::Charge { amount, .. }
        | Action::Hold { amount, .. }
        | Action::Settle { amount, .. } => Some(*amount),
        Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => Some(transfer.amount),
        Action::Reverse { amount, .. } => *amount,
        Action::ChangeAccount { credit_limit, .. } => *credit_limit,
        Action::OpenAccount { .. }
        | Action::CloseAccount { .. }
        | Action::PutPlan { .. }
        | Action::Check { .. }
        | Action::Release { .. }
        | Action::Extend { .. }
        | Action::Expire { .. }
        | Action::AddNumber { .. }
        | Action::WithdrawNumber { .. }
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
        | Action::ResendEvent { .. } => None,
    }
}

fn operation(action: &Action) -> Option<&str> {
    if let Action::Charge { operation, .. }
    | Action::Hold { operation, .. }
    | Action::Check { operation, .. } = action
    {
        operation.as_deref()
    } else {
        None
    }
}

impl App {
    /// What a command came to, remembered where it was refused.
    pub(super) async fn noting<T>(
        &self,
        attempt: Attempt,
        done: Result<T, ExecuteError>,
    ) -> Result<T, Error> {
        if let Err(ExecuteError::Refused(refusal)) = &done {
            self.note_refused(vec![(attempt, refusal.clone())]).await;
        }
        Ok(done?)
    }

    /// Remembers what was refused, each in the list of its account.
    pub(super) async fn note_refused(&self, refused: Vec<(Attempt, Refusal)>) {
        // To a dead credential nothing is refused: whoever shows it is nobody. A name that is taken is proposed by us.
        let is_told = |(attempt, refusal): &(Attempt, Refusal)| {
            attempt.by != Actor::Server && !matches!(refusal, Refusal::CredentialRevoked | Refusal::NameTaken)
        };
        let refused: Vec<_> = refused.into_iter().filter(is_told).collect();
        let Some(by) = refused.first().map(|it| it.0.by) else { return };
        let accounts = self.lists_of(by, refused.iter().map(|it| it.0.of).collect()).await;
        for ((attempt, refusal), account) in refused.into_iter().zip(accounts) {
            if let Some(account) = account {
                self.remember_refused(account, attempt, refusal);
            }
        }
    }

    /// Remembers that the caller may not even look, which it is told before it is asked what it wants. What it did not find
    /// is not remembered, for that is no answer to a call.
    pub(super) fn note_unseen(&self, by: Actor, refusal: &Refusal) {
        let is_barred = matches!(
            refusal,
            Refusal::CallerSuspended | Refusal::Forbidden | Refusal::NotPrimary(_) | Refusal::Restricted(_)
        );
        let attempt = Attempt::read(self.0.clock.now(), by);
        if let (Subject::Account(account), true) = (attempt.of, is_barred) {
            self.remember_refused(account, attempt, refusal.clone());
        }
    }

    fn remember_refused(&self, account: AccountId, attempt: Attempt, refusal: Refusal) {
        let Attempt { at, by, key, action, amount, operation, others, .. } = attempt;
        let super::Origin { address, request_id, door } = self.1;
        let refused =
            Refused { at, request_id, key, door, by, address, action, amount, operation, others, refusal };
        self.0.refusals.push(account, refused);
    }

    /// In whose lists these belong: what an account asks for in its own, what a token asks for in that of the account that it is
    /// about, if the token reaches that one. Else it could push what others were refused out of there.
    async fn lists_of(&self, by: Actor, subjects: Vec<Subject>) -> Vec<Option<AccountId>> {
        let count = subjects.len();
        if let Some(account) = by.account() {
            return vec![Some(account); count];
        }
        let now = self.0.clock.now();
        let found = self.0.store.read(move |snapshot| {
            let Ok(limits) = snapshot.may_call(&by, now)? else { return Ok(vec![None; count]) };
            let snapshot = snapshot.limited_to(limits);
            let list_of = |subject| {
                let account = match subject {
                    Subject::Account(account) => Some(account).filter(|it| *it != AccountId::UNKNOWN),
                    // Of what there is not nobody knows whose it would be.
                    Subject::Line(line) => snapshot.line(line)?.and_then(|it| it.line.caused_by()),
                    Subject::Nobody => None,
                };
                Ok(account.filter(|it| snapshot.reaches(*it)))
            };
            subjects.into_iter().map(list_of).collect()
        });
        // A store that cannot be read has been logged, and has refused more than this.
        found.await.unwrap_or_else(|_| vec![None; count])
    }

    /// What was refused to an account lately, newest first, at most `limit`; only that of one request where it is named, by
    /// us or by the proxy.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike, [`Refusal::Forbidden`] to gates.
    pub async fn refusals(
        &self,
        by: Actor,
        account: AccountId,
        request_id: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Refused>, Error> {
        let (account, limits) = self
            .see(by, move |snapshot| {
                let account = visible(snapshot, &by, account)?;
                Ok(account.map(|it| (it, snapshot.limits().cloned())))
            })
            .await?;
        let reaches = |id: AccountId| limits.as_ref().is_none_or(|it: &Limits| it.reaches(id));
        let reaches_primary = reaches(account.primary());
        let is_it = |it: &Refused| {
            request_id.is_none_or(|id| {
                it.key.as_deref().is_some_and(|key| it.door == Door::Gate && key == id)
                    || it.request_id.is_some_and(|it| id.parse() == Ok(it))
            })
        };
        let all = self.0.refusals.of(account.id, self.0.clock.now()).into_iter();
        let all = all.filter(|it| it.others.iter().all(|other| reaches(*other)));
        Ok(all.filter(is_it).take(limit).map(|it| as_seen(it, &by, &account, reaches_primary)).collect())
    }
}

/// A refusal as the caller may see it (docs/rules.md, Visibility): a subaccount sees what there was only of a balance that was
/// its own then, a restricted key nothing of a primary that it does not reach, and from where gates and the operator asked, they
/// alone see.
fn as_seen(refused: Refused, by: &Actor, account: &Account, reaches_primary: bool) -> Refused {
    let was_its_own = account.mode == BalanceMode::Own && account.changed_at.is_none_or(|it| refused.at > it);
    let is_above = by.account().is_none_or(|it| it == account.primary());
    let sees_figures = is_above && reaches_primary || was_its_own;
    let mut refusal = refused.refusal;
    if let Refusal::InsufficientFunds { available, .. } = &mut refusal
        && !sees_figures
    {
        *available = None;
    }
    let sees_all = by.account().is_none();
    let address = refused.address.filter(|_| sees_all || refused.by.account().is_some());
    Refused { refusal, address, ..refused }
}

#[cfg(test)]
mod tests {
    use ledger::CredentialId;

    use super::*;

    fn id(n: u32) -> AccountId {
        let mut id = [1; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        AccountId::from_bytes(id)
    }

    fn refused(n: u32, at_ms: i64) -> Refused {
        Refused {
            at: Timestamp::from_millis(at_ms),
            request_id: Some(Uuid::from_u128(n.into())),
            key: None,
            door: Door::Native,
            by: Actor::Account { account: id(n), credential: CredentialId::from_bytes([0; 16]) },
            address: None,
            action: "charge",
            amount: None,
            operation: None,
            others: Box::default(),
            refusal: Refusal::Forbidden,
        }
    }

    fn remembered(refusals: &Refusals, account: u32, now_ms: i64) -> Vec<u128> {
        let all = refusals.of(id(account), Timestamp::from_millis(now_ms)).into_iter();
        all.map(|it| it.request_id.unwrap().as_u128()).collect()
    }

    #[test]
    fn of_one_account_the_last_hundred_are_remembered_newest_first() {
        let refusals = Refusals::default();
        refusals.push(id(7), refused(7, 0));
        for n in 0..250 {
            refusals.push(id(1), refused(n, 0));
        }
        assert_eq!(remembered(&refusals, 1, 0), (150..250).rev().collect::<Vec<_>>());
        assert_eq!(remembered(&refusals, 7, 0), [7], "another account's stay");
        assert_eq!(refusals.lists().order.len(), 101);
    }

    #[test]
    fn of_all_the_oldest_go_first() {
        let refusals = Refusals::default();
        let most = u32::try_from(REFUSALS_MAX).unwrap();
        for n in 0..most + 3 {
            // Each account has two, half of them before everything else.
            refusals.push(id(n % (most / 2 + 1)), refused(n, 0));
        }
        let lists = refusals.lists();
        assert_eq!(lists.order.len(), REFUSALS_MAX);
        assert_eq!(lists.of.values().map(VecDeque::len).sum::<usize>(), REFUSALS_MAX);
        drop(lists);
        assert_eq!(remembered(&refusals, 1, 0), [u128::from(most / 2 + 2)], "its first is gone");
        assert_eq!(remembered(&refusals, 3, 0), [u128::from(most / 2 + 4), 3]);
    }

    #[test]
    fn after_a_day_they_are_forgotten_and_take_no_room() {
        let refusals = Refusals::default();
        for n in 0..10 {
            refusals.push(id(n), refused(n, i64::from(n)));
        }
        assert_eq!(remembered(&refusals, 0, REFUSALS_MS - 1), [0]);
        assert_eq!(remembered(&refusals, 0, REFUSALS_MS), [0; 0]);
        refusals.push(id(99), refused(99, REFUSALS_MS + 8));
        let lists = refusals.lists();
        assert_eq!((lists.order.len(), lists.of.len()), (2, 2), "the last of the ten and the new one");
    }
}
