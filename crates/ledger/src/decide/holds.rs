//! Holds: placed, moved, and ended once.

use std::sync::Arc;

use super::charges::{calling, check_available, check_call, given_back};
use super::{Decision, Draft, check_movable, minus};
use crate::account::Standing;
use crate::authority;
use crate::book::{Change, Charged};
use crate::command::{Action, Actor};
use crate::hold::{Ending, Hold, HoldEnd, LASTS_MAX_MS, OnExpiry};
use crate::id::{AccountId, LineId};
use crate::journal::{Kind, Line, Record, Side};
use crate::money::Amount;
use crate::refusal::Refusal;

pub(super) fn hold(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::Hold { account: id, amount, lasts_ms, on_expiry, operation, reference } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    authority::may_charge(draft.book, &draft.command.by, false)?;
    check_movable(*amount)?;
    check_call(operation, &None, reference)?;
    check_lasts(*lasts_ms)?;
    let payer = calling(&draft, *id)?;
    check_available(&draft, payer, *amount)?;
    let hold = Hold {
        id: draft.command.id,
        account: *id,
        payer: payer.id,
        amount: *amount,
        placed_at: draft.now,
        expires_at: draft.now.plus_millis(*lasts_ms),
        on_expiry: *on_expiry,
        operation: operation.clone(),
        price: None,
        ending: None,
    };
    let change = Standing::of_held(*amount);
    let side = draft.posted(hold.payer, &change)?;
    let reference = reference.clone();
    let line = Line { about: None, reference, ..line(&draft, Kind::Hold, hold, Some(side), change)? };
    Ok(done(draft, line))
}

pub(super) fn settle(
    mut draft: Draft<'_>,
    id: LineId,
    amount: Amount,
    force: bool,
) -> Result<Decision, Refusal> {
    authority::may_charge(draft.book, &draft.command.by, force)?;
    let hold = draft.hold(id)?;
    if amount.is_negative() || amount > Amount::MOVE_MAX {
        return Err(Refusal::AmountOutOfRange);
    }
    if let Some(ending) = hold.ending {
        if ending.how.admits_late_settle() {
            return settle_late(draft, hold, ending, amount);
        }
        let same = ending.how == HoldEnd::Settled && ending.charged == amount;
        return if same { again(&draft, Kind::Settle, hold, ending) } else { Err(ended_by(ending)) };
    }
    let payer = draft.account(hold.payer)?;
    let excess = amount.checked_sub(hold.amount).ok_or(Refusal::SumOutOfRange)?;
    let exceeds = excess > Amount::ZERO;
    if exceeds && !force {
        check_available(&draft, payer, excess)?;
    }
    let change = Standing { balance: minus(amount)?, held: minus(hold.amount)?, credit_limit: Amount::ZERO };
    let side = draft.posted(hold.payer, &change)?;
    let hold = ended(&draft, hold, HoldEnd::Settled, amount);
    put_charge(&mut draft, hold.account, hold.payer, amount);
    let line = Line { forced: force && exceeds, ..line(&draft, Kind::Settle, hold, Some(side), change)? };
    Ok(done(draft, line))
}

/// Books what was really used after the hold had ended: after a capture only the difference. By force, once.
fn settle_late(
    mut draft: Draft<'_>,
    hold: &Hold,
    ending: Ending,
    amount: Amount,
) -> Result<Decision, Refusal> {
    let payer = draft.payer_or_heir(hold.payer)?.id;
    let owed = amount.checked_sub(ending.charged).ok_or(Refusal::SumOutOfRange)?;
    let (change, about) = if owed.is_negative() {
        // What was captured may have been given back by a reversal in the meantime; the rest is all there is.
        let captured = *draft.book.charge(ending.line).ok_or(Refusal::ChargeNotFound(ending.line))?;
        let left = captured.amount.checked_sub(captured.reversed).ok_or(Refusal::SumOutOfRange)?;
        let back = minus(owed)?.min(left);
        draft.changes.push(given_back(captured, back)?);
        (Standing::of_balance(back), ending.line)
    } else {
        put_charge(&mut draft, hold.account, payer, owed);
        (Standing::of_balance(minus(owed)?), hold.id)
    };
    let side = draft.posted(payer, &change)?;
    let hold = ended(&draft, hold, HoldEnd::Settled, amount);
    let cause = (hold.account != payer).then_some(hold.account);
    let line = Line {
        about: Some(about),
        cause,
        forced: true,
        late: true,
        ..line(&draft, Kind::Settle, hold, Some(side), change)?
    };
    Ok(done(draft, line))
}

pub(super) fn release(mut draft: Draft<'_>, id: LineId) -> Result<Decision, Refusal> {
    authority::may_charge(draft.book, &draft.command.by, false)?;
    let hold = draft.hold(id)?;
    if let Some(ending) = hold.ending {
        let same = ending.how == HoldEnd::Released;
        return if same { again(&draft, Kind::Release, hold, ending) } else { Err(ended_by(ending)) };
    }
    let change = Standing::of_held(minus(hold.amount)?);
    let side = draft.posted(hold.payer, &change)?;
    let hold = ended(&draft, hold, HoldEnd::Released, Amount::ZERO);
    let line = line(&draft, Kind::Release, hold, Some(side), change)?;
    Ok(done(draft, line))
}

pub(super) fn extend(draft: Draft<'_>, id: LineId, lasts_ms: i64) -> Result<Decision, Refusal> {
    authority::may_charge(draft.book, &draft.command.by, false)?;
    let hold = draft.hold(id)?;
    if let Some(ending) = hold.ending {
        return Err(ended_by(ending));
    }
    check_lasts(lasts_ms)?;
    // The same states that refuse a hold refuse to keep one.
    calling(&draft, hold.account)?;
    let after = draft.account(hold.payer)?.standing;
    let side = Side { account: hold.payer, after };
    let before = Some(Box::new(Record::Hold(hold.clone())));
    let hold = Hold { expires_at: draft.now.plus_millis(lasts_ms), ..hold.clone() };
    let line = line(&draft, Kind::Extend, hold, Some(side), Standing::ZERO)?;
    Ok(done(draft, Line { before, ..line }))
}

pub(super) fn expire(mut draft: Draft<'_>, id: LineId) -> Result<Decision, Refusal> {
    if draft.command.by != Actor::Server {
        return Err(Refusal::Forbidden);
    }
    let hold = draft.hold(id)?;
    if let Some(ending) = hold.ending {
        return Err(ended_by(ending));
    }
    if draft.now < hold.expires_at {
        return Err(Refusal::NotExpired);
    }
    let (how, charged) = match hold.on_expiry {
        OnExpiry::Release => (HoldEnd::Expired, Amount::ZERO),
        OnExpiry::Capture => (HoldEnd::Captured, hold.amount),
    };
    let change = Standing { balance: minus(charged)?, held: minus(hold.amount)?, credit_limit: Amount::ZERO };
    let side = draft.posted(hold.payer, &change)?;
    put_charge(&mut draft, hold.account, hold.payer, charged);
    let hold = ended(&draft, hold, how, charged);
    let line = line(&draft, Kind::Expiry, hold, Some(side), change)?;
    Ok(done(draft, line))
}

const fn check_lasts(lasts_ms: i64) -> Result<(), Refusal> {
    if lasts_ms > 0 && lasts_ms <= LASTS_MAX_MS { Ok(()) } else { Err(Refusal::ExpiryOutOfRange) }
}

const fn ended_by(ending: Ending) -> Refusal {
    Refusal::HoldEnded { how: ending.how, at: ending.at }
}

fn ended(draft: &Draft<'_>, hold: &Hold, how: HoldEnd, charged: Amount) -> Hold {
    let ending = Ending { how, at: draft.now, line: draft.command.id, charged };
    Hold { ending: Some(ending), ..hold.clone() }
}

/// Makes what an ending charged a charge like any other, so that it can be reversed.
fn put_charge(draft: &mut Draft<'_>, account: AccountId, payer: AccountId, amount: Amount) {
    if !amount.is_zero() {
        let (id, reversed, at) = (draft.command.id, Amount::ZERO, draft.now);
        draft.changes.push(Change::Charge(Charged { id, account, payer, amount, reversed, at }));
    }
}

/// A line about a hold, on its payer unless a late settle says otherwise.
fn line(
    draft: &Draft<'_>,
    kind: Kind,
    hold: Hold,
    side: Option<Side>,
    change: Standing,
) -> Result<Line, Refusal> {
    Ok(Line {
        family: Some(draft.account(hold.payer)?.primary()),
        account: side,
        change,
        cause: (hold.account != hold.payer).then_some(hold.account),
        about: Some(hold.id),
        operation: hold.operation.clone(),
        price: hold.price.clone(),
        record: Some(Box::new(Record::Hold(hold))),
        ..draft.line(kind)
    })
}

/// The answer to the same ending asked again: the hold as it is, under the id and time of the line that ended it, and
/// nothing new in the journal. What was moved and what the payer stood at are in that line, not in the book.
fn again(draft: &Draft<'_>, kind: Kind, hold: &Hold, ending: Ending) -> Result<Decision, Refusal> {
    let line = line(draft, kind, hold.clone(), None, Standing::ZERO)?;
    Ok(Decision::repeat(Arc::new(Line { id: ending.line, at: ending.at, ..line })))
}

fn done(mut draft: Draft<'_>, line: Line) -> Decision {
    if let Some(hold) = line.hold_record() {
        draft.changes.push(Change::Hold(hold.clone()));
    }
    draft.done(line)
}
