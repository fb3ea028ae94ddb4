//! Spending caps: set by whoever manages an account, and counted in one place for everything that spends.

use std::sync::Arc;

use super::{Decision, Draft};
use crate::account::Account;
use crate::book::{Book, Change};
use crate::cap::{self, Cap, Caps, CapsChange, Period, Windows, ZONE_DEFAULT};
use crate::id::AccountId;
use crate::journal::Line;
use crate::money::Amount;
use crate::refusal::{CapReached, Refusal};
use crate::time::Timestamp;

/// Counts what a decision takes against the caps of the accounts that caused it. Here and nowhere else, so that nothing
/// that spends can forget it: whatever would go beyond a cap is refused, unless it is usage that already happened.
pub(super) fn count(book: &Book, mut decision: Decision) -> Result<Decision, Refusal> {
    let Decision { lines, changes, .. } = &mut decision;
    for line in lines {
        let Some(id) = cap::counts_for(line) else { continue };
        let touched = changes.iter_mut().find(|it| it.account() == Some(id));
        if let Some(Change::Account(account)) = touched {
            if let Some(caps) = counted(book, account, line)? {
                account.caps = Some(Box::new(caps));
            }
        } else if let Some(account) = book.account(id)
            && let Some(caps) = counted(book, account, line)?
        {
            let mut account = Account { caps: Some(Box::new(caps)), ..account.clone() };
            if let Some(Change::Standing { standing, .. }) = touched {
                account.standing = *standing;
            }
            match touched {
                Some(touched) => *touched = Change::Account(account),
                None => changes.push(Change::Account(account)),
            }
        }
    }
    Ok(decision)
}

/// An account as the lines drafted so far leave it: what they count is else put into it after the last of them.
pub(super) fn after_lines(draft: &Draft<'_>, account: &Account) -> Result<Account, Refusal> {
    let mut account = account.clone();
    for line in &draft.lines {
        if let Some(caps) = cap::after(draft.book, &account, line) {
            account.caps = Some(Box::new(caps.ok_or(Refusal::SumOutOfRange)?));
        }
    }
    Ok(account)
}

/// An account's caps after a line, if it has any.
fn counted(book: &Book, account: &Account, line: &Line) -> Result<Option<Caps>, Refusal> {
    let Some(caps) = cap::after(book, account, line) else { return Ok(None) };
    let caps = caps.ok_or(Refusal::SumOutOfRange)?;
    if !line.forced {
        let before = account.caps.as_deref().map(|it| it.at(book.windows(&it.zone), line.at));
        before.map_or(Ok(()), |before| check(&before, &caps, line.at))?;
    }
    Ok(Some(caps))
}

/// Refuses what takes more than a cap leaves. What takes no more than before always passes: a settle within what is held,
/// a release, a reversal.
fn check(before: &Caps, after: &Caps, at: Timestamp) -> Result<(), Refusal> {
    let counts = |cap: &Cap, held: Amount| cap.spent.checked_add(held).ok_or(Refusal::SumOutOfRange);
    for (period, cap) in after.each() {
        let Some(was) = before.of(period) else { continue };
        let needed = counts(cap, after.held)?.checked_sub(counts(was, before.held)?);
        let needed = needed.ok_or(Refusal::SumOutOfRange)?;
        if needed > Amount::ZERO && counts(cap, after.held)? > cap.most {
            let (spent, held, resets_at) = (was.spent, before.held, cap.until);
            let cap = cap.most;
            let reached = CapReached { period, cap, spent, held, needed, resets_at, at };
            return Err(Refusal::CapReached(Box::new(reached)));
        }
    }
    Ok(())
}

/// An account's caps with what is to be different about them. A cap that is new counts from now on; one that is changed,
/// or goes by another time zone, goes on with what it has counted.
pub(super) fn changed(
    draft: &Draft<'_>,
    id: AccountId,
    caps: Option<&Caps>,
    change: &CapsChange,
) -> Result<Option<Box<Caps>>, Refusal> {
    let now = draft.now;
    let before = match caps {
        Some(caps) => caps.at(draft.book.windows(&caps.zone), now),
        None => Caps { held: held_by(draft, id)?, ..Caps::none(ZONE_DEFAULT.into()) },
    };
    let zone: Arc<str> = change.zone.clone().unwrap_or_else(|| before.zone.clone());
    let windows = *draft.book.windows(&zone).ok_or(Refusal::TimeZoneUnknown)?;
    let day = changed_cap(before.day, change.day, Period::Day, &windows, now)?;
    let month = changed_cap(before.month, change.month, Period::Month, &windows, now)?;
    let is_as_at_first = day.is_none() && month.is_none() && *zone == *ZONE_DEFAULT;
    Ok((!is_as_at_first).then(|| Box::new(Caps { zone, held: before.held, day, month })))
}

fn changed_cap(
    cap: Option<Cap>,
    most: Option<Option<Amount>>,
    period: Period,
    windows: &Windows,
    now: Timestamp,
) -> Result<Option<Cap>, Refusal> {
    let Some(most) = most.unwrap_or(cap.map(|it| it.most)) else { return Ok(None) };
    if most.is_negative() || most > Amount::MOVE_MAX {
        return Err(Refusal::CapOutOfRange(period));
    }
    let until = windows.of(period).end;
    // What was charged in this very millisecond may have been before it, and is then not to be taken off.
    let from_now = (Amount::ZERO, now.plus_millis(1));
    let (spent, since) = cap.map_or(from_now, |it| (it.spent, it.since));
    Ok(Some(Cap { most, spent, since, until }))
}

/// The sum of the open holds that an account asked for.
fn held_by(draft: &Draft<'_>, id: AccountId) -> Result<Amount, Refusal> {
    let mut held = Amount::ZERO;
    for hold in draft.book.holds().filter(|it| it.account == id && it.is_open()) {
        held = held.checked_add(hold.amount).ok_or(Refusal::SumOutOfRange)?;
    }
    Ok(held)
}
