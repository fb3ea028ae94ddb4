//! Restricted keys: what is asked is asked once more by a twin of the caller that is limited. It is served within its
//! limits and not beyond, and what it is served is what the caller would be.

use std::sync::Arc;

use ledger::authority::may_call;
use ledger::{
    Account, AccountId, Action, Actor, Amount, Book, Cap, Change, Command, Credential, CredentialId,
    CredentialKind, Decision, Limit, Limits, Record, Refusal, Standing, Timestamp, Token, TokenId, decide,
};

use crate::ensure;
use crate::steps::Family;
use crate::world::{World, account_id, figures, is_of};

/// One step in so many is asked by twins, or the laws would take too long.
const EVERY: u16 = 5;
const TWIN_TOKEN: TokenId = TokenId::from_bytes([0xEE; 16]);
const TWIN: CredentialId = CredentialId::from_bytes([0xEE; 16]);
/// More than any account of a family has here.
const SLOTS: u8 = 8;

impl World {
    pub(crate) fn check_limits(
        &mut self,
        family: Family,
        command: &Command,
        decided: &Result<Decision, Refusal>,
        now: Timestamp,
    ) -> Result<(), String> {
        let nth = self.kin(family).steps;
        // Whoever is dead has no twin.
        if !nth.is_multiple_of(EVERY) || may_call(&self.book, &command.by, now).is_err() {
            return Ok(());
        }
        let all: Vec<_> = (0..SLOTS).map(|slot| account_id(family, slot)).collect();
        let some: Vec<_> =
            all.iter().copied().filter(|it| (nth / EVERY) >> (it.as_bytes()[1] - 1) & 1 == 1).collect();
        let moved = decided.as_ref().map_or(0, most_moved);
        let asked = moved.max(asked(&command.action));
        let amount = |units| Some(Amount::from_units(units));
        let twins = [
            Limits::new(true, None, None),
            Limits::new(false, amount(asked), Some(all)),
            Limits::new(false, amount(moved - 1), None),
            Limits::new(false, None, Some(some.clone())),
            Limits::new(false, amount(asked / 2), Some(some)),
        ];
        for (limits, is_wide) in twins.into_iter().zip([false, true, false, false, false]) {
            let Some(limits) = limits else { continue };
            let Some((book, by)) = with_twin(&self.book, &command.by, &limits) else { continue };
            let by_twin = Command { by, ..command.clone() };
            match (decide(&book, &by_twin, now), decided) {
                (Ok(_), Err(refusal)) => {
                    return Err(format!("a limit allows what is refused without: {refusal:?}"));
                }
                (Ok(limited), Ok(free)) => {
                    self.seen.insert("limited key served");
                    same(&limited, free, &by)?;
                    check_within(family, &limits, &book, &limited)?;
                }
                (Err(refusal), Ok(free)) => {
                    self.seen.insert(if matches!(refusal, Refusal::Restricted(Limit::Amount(_))) {
                        "limited amount"
                    } else {
                        "limited key"
                    });
                    let may_refuse = !is_wide || free.is_repeat() || is_of_keys_or_all(&command.action);
                    ensure(may_refuse, || format!("limits that are wide enough refuse: {refusal:?}"))?;
                }
                (Err(_), Err(_)) => {}
            }
        }
        Ok(())
    }
}

/// The same book, in which the caller has a twin with limits.
fn with_twin(book: &Book, by: &Actor, limits: &Limits) -> Option<(Book, Actor)> {
    let mut book = book.clone();
    let limits = Some(Arc::new(limits.clone()));
    let twin_token = |id: &TokenId, book: &mut Book| {
        let token = Token { id: TWIN_TOKEN, limits: limits.clone(), ..book.token(*id)?.clone() };
        book.bring(Change::TokenRevoked(token));
        Some(TWIN_TOKEN)
    };
    let by = match by {
        Actor::Server => return None,
        Actor::Operator(id) => Actor::Operator(twin_token(id, &mut book)?),
        Actor::Gate(id) => Actor::Gate(twin_token(id, &mut book)?),
        Actor::Account { account, .. } => {
            let mut owner = book.account(*account)?.clone();
            let (kind, created_at, expires_at) = (CredentialKind::Token, owner.created_at, None);
            let twin = Credential { id: TWIN, kind, created_at, expires_at, limits };
            owner.credentials = owner.credentials.iter().cloned().chain([twin]).collect();
            book.bring(Change::Account(owner));
            Actor::Account { account: *account, credential: TWIN }
        }
    };
    Some((book, by))
}

/// What a twin brings about is what the caller would have, but for who did it.
fn same(limited: &Decision, free: &Decision, by: &Actor) -> Result<(), String> {
    let lines: Vec<_> = free.lines.iter().map(|it| ledger::Line { by: *by, ..(**it).clone() }).collect();
    let is_so = limited.lines.iter().map(|it| without_twin(it)).eq(lines);
    ensure(is_so, || "a limit changes nothing of what is done".to_owned())?;
    let things = |it: &Decision| {
        it.changes.iter().filter(|it| !matches!(it, Change::Account(_))).cloned().collect::<Vec<_>>()
    };
    ensure(things(limited) == things(free), || "a limit changes nothing of what becomes".to_owned())
}

/// A line as it would be if its account had no twin of a credential.
fn without_twin(line: &ledger::Line) -> ledger::Line {
    let mut line = line.clone();
    for record in [line.record.as_deref_mut(), line.before.as_deref_mut()].into_iter().flatten() {
        if let Record::Account(account) = record {
            account.credentials = account.credentials.iter().filter(|it| it.id != TWIN).cloned().collect();
        }
    }
    line
}

/// By its own arithmetic: nothing but what is within the limits is different afterwards.
fn check_within(family: Family, limits: &Limits, before: &Book, decision: &Decision) -> Result<(), String> {
    let mut after = before.clone();
    after.apply(decision);
    ensure(!limits.is_read_only() || after == *before, || "who only reads changes nothing".to_owned())?;
    ensure(after.accounts().count() == before.accounts().count(), || "it opens no account".to_owned())?;
    for account in after.accounts() {
        let was = before.account(account.id).ok_or("it opens no account")?;
        ensure(account.credentials == was.credentials, || "it makes and ends no credential".to_owned())?;
        let most = amounts(&account.standing, &was.standing);
        let max = limits.amount_max().map_or(i64::MAX, Amount::units);
        ensure(most <= max, || format!("it moves {most}, which is more than {max}"))?;
        let says_the_same = limits.amount_max().is_none() || (may_spend(account) == may_spend(was));
        ensure(says_the_same, || "it says how much others may spend".to_owned())?;
        if account == was || limits.reaches(account.id) {
            continue;
        }
        // And the level that follows from it.
        let only_money =
            *account == Account { standing: account.standing, level: account.level, ..was.clone() };
        let pays = decision.lines.iter().any(|it| {
            it.account.is_some_and(|it| it.account == account.id)
                && it.cause.is_some_and(|it| limits.reaches(it))
        });
        ensure(only_money && pays, || "an account that it does not reach only pays".to_owned())?;
    }
    let reached = |owner: Option<AccountId>| owner.is_none_or(|it| !is_of(family, it) || limits.reaches(it));
    let is_reached = |is_so: bool| ensure(is_so, || "it reaches nothing of others".to_owned());
    for number in after.numbers().filter(|it| !before.numbers().any(|was| was == *it)) {
        let was = before.number(Some(number.country), &number.msisdn, AccountId::UNKNOWN);
        is_reached(reached(number.owner) && reached(was.and_then(|it| it.owner)))?;
    }
    for it in after.applications().filter(|it| before.application(it.id) != Some(it)) {
        is_reached(reached(Some(it.owner)) && reached(before.application(it.id).map(|it| it.owner)))?;
    }
    for it in after.endpoints().filter(|it| before.endpoint(it.id) != Some(it)) {
        is_reached(reached(Some(it.owner)) && reached(before.endpoint(it.id).map(|it| it.owner)))?;
    }
    for it in after.holds().filter(|it| before.hold(it.id) != Some(it)) {
        is_reached(reached(Some(it.account)))?;
    }
    Ok(())
}

/// The plan and the caps of an account, without what counts against them.
fn may_spend(account: &Account) -> impl PartialEq + use<> {
    let most = |it: Option<Cap>| it.map(|it| it.most);
    let caps = account.caps.as_deref();
    (account.plan.clone(), caps.map(|it| (it.zone.clone(), most(it.day), most(it.month))))
}

fn amounts(after: &Standing, before: &Standing) -> i64 {
    let (after, before) = (figures(after), figures(before));
    after.iter().zip(before).map(|(after, before)| (after - before).abs()).max().unwrap_or(0)
}

fn most_moved(decision: &Decision) -> i64 {
    let changes = || decision.lines.iter().map(|it| figures(&it.change));
    (0..3).map(|figure| changes().map(|it| it[figure].abs()).sum()).max().unwrap_or(0)
}

/// What it names itself.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is names no amount")]
const fn asked(action: &Action) -> i64 {
    match action {
        Action::Pay { amount, .. }
        | Action::Charge { amount, .. }
        | Action::Hold { amount, .. }
        | Action::Settle { amount, .. }
        | Action::Reverse { amount: Some(amount), .. } => amount.units().abs(),
        Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => transfer.amount.units(),
        _ => 0,
    }
}

/// What keys are not allowed, or all that are for some accounts, or that move only so much.
const fn is_of_keys_or_all(action: &Action) -> bool {
    matches!(
        action,
        Action::OpenAccount { .. }
            | Action::CloseAccount { .. }
            | Action::AddCredential { .. }
            | Action::RevokeCredential { .. }
            | Action::RotateCredential { .. }
            | Action::PutPlan { .. }
            | Action::ChangeAccount { plan: Some(_), .. }
            | Action::ChangeAccount { caps: Some(_), .. }
            | Action::WithdrawNumber { .. }
            | Action::AddNumber { account: None, .. }
    )
}
