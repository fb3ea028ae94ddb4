//! Moving balance and credit limit between a primary account and one of its subaccounts
//! (docs/rules.md, Transfers).

use super::{Decision, Draft, check_movable, check_reference, minus};
use crate::account::{Account, BalanceMode, Standing, Status};
use crate::authority;
use crate::command::Transfer;
use crate::id::AccountId;
use crate::journal::{Kind, Line};
use crate::refusal::Refusal;

pub(super) fn balance(draft: Draft<'_>, transfer: &Transfer) -> Result<Decision, Refusal> {
    let from = check_sides(&draft, transfer)?;
    let movable = from.standing.balance_movable();
    if transfer.amount > movable {
        // Both sides are the caller's own family's, so it may see the figure.
        return Err(Refusal::InsufficientFunds { available: Some(movable), needed: transfer.amount });
    }
    move_between(draft, transfer, Kind::BalanceTransfer, Standing::of_balance(minus(transfer.amount)?))
}

pub(super) fn credit(draft: Draft<'_>, transfer: &Transfer) -> Result<Decision, Refusal> {
    let from = check_sides(&draft, transfer)?;
    let movable = from.standing.credit_movable();
    if transfer.amount > movable {
        return Err(Refusal::InsufficientCredit { available: movable, needed: transfer.amount });
    }
    move_between(draft, transfer, Kind::CreditTransfer, Standing::of_credit_limit(minus(transfer.amount)?))
}

/// Everything but the funds, in the order of docs/vonage.md, Errors; returns the giving side.
fn check_sides<'a>(draft: &Draft<'a>, transfer: &Transfer) -> Result<&'a Account, Refusal> {
    let primary = authority::managing(draft.book, &draft.command.by, transfer.primary)?;
    check_movable(transfer.amount)?;
    check_reference(&transfer.reference)?;
    // Two unknown names are not the same account: neither is there.
    if transfer.from == transfer.to && transfer.from != AccountId::UNKNOWN {
        return Err(Refusal::SameAccount);
    }
    let from = in_family(draft, primary, transfer.from)?;
    let to = in_family(draft, primary, transfer.to)?;
    if !from.is_primary() && !to.is_primary() {
        return Err(Refusal::OutsideFamily);
    }
    for side in [from, to] {
        if side.mode == BalanceMode::Shared {
            return Err(Refusal::SharesBalance(side.id));
        }
    }
    Ok(from)
}

/// An unknown, a foreign and a closed account are the same to a caller: not there.
pub(super) fn in_family<'a>(
    draft: &Draft<'a>,
    primary: &Account,
    id: AccountId,
) -> Result<&'a Account, Refusal> {
    match draft.book.account(id) {
        Some(account) if account.primary() == primary.id && account.status != Status::Closed => {
            draft.reach(id)?;
            Ok(account)
        }
        Some(_) | None => Err(Refusal::AccountNotFound(id)),
    }
}

fn move_between(
    mut draft: Draft<'_>,
    transfer: &Transfer,
    kind: Kind,
    change: Standing,
) -> Result<Decision, Refusal> {
    let opposite = change.checked_neg().ok_or(Refusal::SumOutOfRange)?;
    let from = draft.moved(transfer.from, &change)?;
    let to = draft.moved(transfer.to, &opposite)?;
    let line = Line {
        family: Some(transfer.primary),
        account: Some(from),
        change,
        counter: Some(to),
        reference: transfer.reference.clone(),
        ..draft.line(kind)
    };
    Ok(draft.done(line))
}
