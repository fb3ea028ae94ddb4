//! Numbers: given by the operator, moved within a family.

use std::sync::Arc;

use super::transfers::in_family;
use super::{Decision, Draft};
use crate::account::{Country, Number};
use crate::authority;
use crate::book::Change;
use crate::command::Action;
use crate::id::AccountId;
use crate::journal::{Kind, Line, Record, Side};
use crate::refusal::{Refusal, TextField};
use crate::text;

pub(super) fn give(
    mut draft: Draft<'_>,
    owner: AccountId,
    country: Country,
    msisdn: &Arc<str>,
) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let account = draft.open_account(owner)?.clone();
    if !text::is_msisdn(msisdn) {
        return Err(Refusal::InvalidText(TextField::Msisdn));
    }
    if draft.book.number(Some(country), msisdn, owner).is_some() {
        return Err(Refusal::NumberTaken);
    }
    let number = Number { country, msisdn: msisdn.clone(), owner };
    draft.changes.push(Change::Number(number.clone()));
    let line = Line { record: Some(Record::Number(number)), ..draft.line_about(Kind::NumberGiven, &account) };
    Ok(draft.done(line))
}

pub(super) fn transfer(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::TransferNumber { primary, from, to, country, msisdn } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    let primary = authority::managing(draft.book, &draft.command.by, *primary)?;
    if !text::is_msisdn(msisdn) {
        return Err(Refusal::InvalidText(TextField::Msisdn));
    }
    // Two unknown names are not the same account: neither is there.
    if from == to && *from != AccountId::UNKNOWN {
        return Err(Refusal::SameAccount);
    }
    let (from, to) = (in_family(&draft, primary, *from)?, in_family(&draft, primary, *to)?);
    for side in [from, to] {
        if draft.book.is_suspended(side) {
            return Err(Refusal::AccountSuspended(side.id));
        }
    }
    let number = draft.book.number(*country, msisdn, from.id).ok_or(Refusal::NumberNotFound)?;
    if number.owner == to.id {
        return Err(Refusal::NumberAlreadyOwned);
    }
    if number.owner != from.id {
        return Err(Refusal::NumberNotOwned);
    }
    let number = Number { owner: to.id, ..number.clone() };
    draft.changes.push(Change::Number(number.clone()));
    let line = Line {
        counter: Some(Side { account: to.id, after: to.standing }),
        record: Some(Record::Number(number)),
        ..draft.line_about(Kind::NumberTransfer, from)
    };
    Ok(draft.done(line))
}
