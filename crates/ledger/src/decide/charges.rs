//! Payments, charges and reversals: the only ways in which money enters and leaves a family.

use std::sync::Arc;

use super::{Decision, Draft, check_movable, check_reference, minus};
use crate::account::{Account, BalanceMode, Standing, Status};
use crate::authority;
use crate::book::{Book, Change, Charged};
use crate::command::Action;
use crate::id::{AccountId, LineId};
use crate::journal::{Kind, Line};
use crate::money::Amount;
use crate::refusal::{Refusal, TextField};
use crate::text;

pub(super) fn pay(
    mut draft: Draft<'_>,
    id: AccountId,
    amount: Amount,
    reference: &Option<Box<str>>,
) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    draft.reach(id)?;
    let account = draft.open_account(id)?;
    if amount.is_zero() || amount > Amount::MOVE_MAX || amount < minus(Amount::MOVE_MAX)? {
        return Err(Refusal::AmountOutOfRange);
    }
    check_reference(reference)?;
    if account.mode == BalanceMode::Shared {
        return Err(Refusal::SharesBalance(id));
    }
    let movable = account.standing.balance_movable();
    let paid_out = if amount.is_negative() { minus(amount)? } else { Amount::ZERO };
    if paid_out > movable {
        return Err(Refusal::InsufficientFunds { available: Some(movable), needed: paid_out });
    }
    let family = account.primary();
    let change = Standing::of_balance(amount);
    let side = draft.posted(id, &change)?;
    let line = Line {
        family: Some(family),
        account: Some(side),
        change,
        reference: reference.clone(),
        ..draft.line(Kind::Payment)
    };
    Ok(draft.done(line))
}

pub(super) fn charge(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::Charge { account: id, amount, operation, units, reference, force } = &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    authority::may_charge(draft.book, &draft.command.by, *force)?;
    check_movable(*amount)?;
    check_call(operation, units, reference)?;
    let payer = if *force { draft.payer_or_heir(payer_of(&draft, *id)?)? } else { calling(&draft, *id)? };
    if !force {
        check_available(&draft, payer, *amount)?;
    }
    let (payer, family) = (payer.id, payer.primary());
    let change = Standing::of_balance(minus(*amount)?);
    let side = draft.posted(payer, &change)?;
    let line = Line {
        family: Some(family),
        account: Some(side),
        change,
        cause: (payer != *id).then_some(*id),
        operation: operation.clone(),
        units: units.clone(),
        reference: reference.clone(),
        forced: *force,
        ..draft.line(Kind::Charge)
    };
    let (reversed, at) = (Amount::ZERO, draft.now);
    let charged = Charged { id: line.id, account: *id, payer, amount: *amount, reversed, at };
    draft.changes.push(Change::Charge(charged));
    Ok(draft.done(line))
}

/// The account that pays for another, whatever state that one is in.
fn payer_of(draft: &Draft<'_>, id: AccountId) -> Result<AccountId, Refusal> {
    draft.reach(id)?;
    Ok(draft.account(id)?.payer())
}

/// The payer of an account that may call now: neither it nor its primary is suspended or closed.
pub(super) fn calling<'a>(draft: &Draft<'a>, id: AccountId) -> Result<&'a Account, Refusal> {
    draft.reach(id)?;
    let account = draft.book.account(id).ok_or(Refusal::AccountNotFound(id))?;
    if account.status == Status::Closed {
        return Err(Refusal::AccountClosed(id));
    }
    if draft.book.is_suspended(account) {
        return Err(Refusal::AccountSuspended(id));
    }
    draft.book.account(account.payer()).ok_or(Refusal::AccountNotFound(id))
}

/// Refuses what the payer has not available, and shows the figure only to those who may see it.
pub(super) fn check_available(draft: &Draft<'_>, payer: &Account, needed: Amount) -> Result<(), Refusal> {
    let available = payer.standing.available();
    if available >= needed {
        return Ok(());
    }
    let visible = authority::may_see_money(&draft.command.by, payer)
        && draft.limits.is_none_or(|it| it.reaches(payer.id));
    Err(Refusal::InsufficientFunds { available: visible.then_some(available), needed })
}

/// Refuses an operation, a number of units or a reference that is not fit.
pub(super) fn check_call(
    operation: &Option<Arc<str>>,
    units: &Option<Box<str>>,
    reference: &Option<Box<str>>,
) -> Result<(), Refusal> {
    if operation.as_ref().is_some_and(|it| !text::is_operation(it)) {
        return Err(Refusal::InvalidText(TextField::Operation));
    }
    if units.as_ref().is_some_and(|it| !text::fits(it, text::UNITS_MAX)) {
        return Err(Refusal::InvalidText(TextField::Units));
    }
    check_reference(reference)
}

pub(super) fn reverse(
    mut draft: Draft<'_>,
    id: LineId,
    amount: Option<Amount>,
    reference: &Option<Box<str>>,
) -> Result<Decision, Refusal> {
    authority::may_charge(draft.book, &draft.command.by, false)?;
    let charged = draft.book.charge(id).filter(|it| draft.reach(it.account).is_ok());
    let charged = *charged.ok_or(Refusal::ChargeNotFound(id))?;
    let left = charged.amount.checked_sub(charged.reversed).ok_or(Refusal::SumOutOfRange)?;
    if left.is_zero() {
        return Err(Refusal::AlreadyReversed { left });
    }
    let amount = amount.unwrap_or(left);
    check_movable(amount)?;
    check_reference(reference)?;
    if amount > left {
        return Err(Refusal::AlreadyReversed { left });
    }
    let receiver = draft.payer_or_heir(charged.payer)?;
    let (receiver, family) = (receiver.id, receiver.primary());
    let change = Standing::of_balance(amount);
    let side = draft.posted(receiver, &change)?;
    draft.changes.push(given_back(charged, amount)?);
    let line = Line {
        family: Some(family),
        account: Some(side),
        change,
        cause: (receiver != charged.account).then_some(charged.account),
        about: Some(id),
        reference: reference.clone(),
        ..draft.line(Kind::Reversal)
    };
    Ok(draft.done(line))
}

/// Whether an action of those that come many in a body asks for what a line has brought about.
pub(super) fn asks_for(book: &Book, action: &Action, line: &Line) -> bool {
    if let Action::Charge { account, amount, operation, units, reference, force } = action {
        return line.kind == Kind::Charge
            && line.caused_by() == Some(*account)
            && line.amount() == *amount
            && line.operation == *operation
            && line.units == *units
            && line.reference == *reference
            && line.forced == *force;
    }
    if let Action::Settle { hold, amount, .. } = action {
        // Whether force was allowed makes no difference to an ending that is there.
        let ended = line.hold_record().filter(|it| line.kind == Kind::Settle && it.id == *hold);
        return ended.and_then(|it| it.ending).is_some_and(|it| it.charged == *amount);
    }
    if let Action::Reverse { charge, amount, reference } = action {
        // Without an amount it asked for the rest, so that nothing was left.
        let is_all = || book.charge(*charge).is_some_and(|it| it.reversed == it.amount);
        return line.kind == Kind::Reversal
            && line.about == Some(*charge)
            && line.reference == *reference
            && amount.map_or_else(is_all, |it| it == line.amount());
    }
    false
}

/// A charge of which more was given back.
pub(super) fn given_back(charged: Charged, amount: Amount) -> Result<Change, Refusal> {
    let reversed = charged.reversed.checked_add(amount).ok_or(Refusal::SumOutOfRange)?;
    Ok(Change::Charge(Charged { reversed, ..charged }))
}
