//! Numbers: the operator's stock, renting, and moving within a family.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::charges::{calling, check_available};
use super::transfers::in_family;
use super::{Decision, Draft, check_settings, minus, not_primary};
use crate::account::{Account, Currency, Standing};
use crate::authority;
use crate::book::{Change, Charged};
use crate::command::{Action, NewNumber};
use crate::id::{AccountId, ApplicationId};
use crate::journal::{Kind, Line, Record, Side};
use crate::money::Amount;
use crate::number::{Country, Features, Number};
use crate::refusal::{Refusal, TextField};
use crate::settings::Settings;
use crate::text;

/// The most numbers that are brought along at once: each is a line, and is looked for among all that the batch knows.
const BROUGHT_MAX: usize = 1_000;
/// What the charge for a number is for.
const RENTED: &str = "number.rent";

/// Into the stock, or straight to an account.
pub(super) fn add(
    mut draft: Draft<'_>,
    new: &NewNumber,
    account: Option<AccountId>,
) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let owner = match account {
        Some(account) => {
            draft.reach(account)?;
            Some(draft.open_account(account)?.clone())
        }
        None => None,
    };
    let NewNumber { country, msisdn, kind, features, cost, currency } = new;
    if !text::is_msisdn(msisdn) {
        return Err(Refusal::InvalidText(TextField::Msisdn));
    }
    if cost.is_negative() || *cost > Amount::MOVE_MAX {
        return Err(Refusal::AmountOutOfRange);
    }
    if draft.book.number(Some(*country), msisdn, AccountId::UNKNOWN).is_some() {
        return Err(Refusal::NumberTaken);
    }
    let number = Number {
        country: *country,
        msisdn: msisdn.clone(),
        owner: account,
        kind: *kind,
        features: *features,
        cost: *cost,
        currency: currency.or(owner.as_ref().map(|it| it.currency)).unwrap_or(Currency::EUR),
        is_brought: false,
        added_at: draft.now,
        rented_at: account.map(|_| draft.now),
        application: account.and_then(|it| draft.book.default_application(it, |it| it.numbers)),
        settings: Settings::default(),
    };
    draft.changes.push(Change::Number(number.clone()));
    let line = match owner {
        Some(owner) => draft.line_about(Kind::NumberGiven, &owner),
        None => draft.line(Kind::NumberAdded),
    };
    Ok(draft.done(Line { record: Some(Box::new(Record::Number(number))), ..line }))
}

pub(super) fn withdraw(
    mut draft: Draft<'_>,
    country: Country,
    msisdn: &Arc<str>,
) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let number = draft.book.number(Some(country), msisdn, AccountId::UNKNOWN);
    let number = number.ok_or(Refusal::NumberNotFound)?.clone();
    if number.owner.is_some() {
        return Err(Refusal::NumberTaken);
    }
    draft.changes.push(Change::NumberGone { country, msisdn: msisdn.clone() });
    let before = Some(Box::new(Record::Number(number.clone())));
    let line =
        Line { record: Some(Box::new(Record::Number(number))), before, ..draft.line(Kind::NumberWithdrawn) };
    Ok(draft.done(line))
}

/// A partner's own numbers. Whether it really has them nobody here can know, so none is taken that is there already.
pub(super) fn bring(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::BringNumbers { account: id, msisdns, kind, application, settings } = &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let account = authority::keeping(draft.book, &draft.command.by, *id)?.clone();
    // Only a primary, for itself or for a subaccount: what it claims binds the whole family.
    authority::managing(draft.book, &draft.command.by, account.primary())
        .map_err(|it| not_primary(it, account.id))?;
    check_settings(settings)?;
    if msisdns.len() > BROUGHT_MAX {
        return Err(Refusal::NumbersMax(BROUGHT_MAX));
    }
    let application = answering(&draft, &account, *application)?;
    let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
    for msisdn in msisdns {
        if !text::is_msisdn(msisdn) {
            return Err(Refusal::InvalidText(TextField::Msisdn));
        }
        if !seen.insert(msisdn) || draft.book.number(None, msisdn, *id).is_some() {
            return Err(Refusal::NumberTaken);
        }
        let number = Number {
            country: Country::UNKNOWN,
            msisdn: msisdn.clone(),
            owner: Some(*id),
            kind: *kind,
            features: Features { sms: true, voice: true, mms: false },
            cost: Amount::ZERO,
            currency: account.currency,
            is_brought: true,
            added_at: draft.now,
            rented_at: Some(draft.now),
            application,
            settings: Settings::default().changed(settings),
        };
        draft.changes.push(Change::Number(number.clone()));
        let line = draft.line_about(Kind::NumberGiven, &account);
        lines.push(Line { record: Some(Box::new(Record::Number(number))), ..line });
    }
    let last = lines.pop().ok_or(Refusal::InvalidText(TextField::Msisdn))?;
    for line in lines {
        draft.beside(line);
    }
    Ok(draft.done(last))
}

/// Takes the cost as a charge of its own, so that it is reversed and reported like any other.
pub(super) fn rent(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::RentNumber { account: id, country, msisdn, application, settings } = &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let account = authority::keeping(draft.book, &draft.command.by, *id)?.clone();
    check_settings(settings)?;
    let payer = calling(&draft, *id)?;
    let number = draft.book.stocked(*country, msisdn, account.currency);
    let number = number.ok_or(Refusal::NumberNotFound)?.clone();
    if number.currency != account.currency {
        return Err(Refusal::CurrencyMismatch);
    }
    let application = answering(&draft, &account, *application)?;
    if !number.cost.is_zero() {
        check_available(&draft, payer, number.cost)?;
        charge(&mut draft, *id, payer.id, &number)?;
    }
    let before = Record::Number(number.clone());
    let number = Number {
        owner: Some(*id),
        rented_at: Some(draft.now),
        application,
        settings: Settings::default().changed(settings),
        ..number
    };
    draft.changes.push(Change::Number(number.clone()));
    let line = draft.line_changing(Kind::NumberRented, draft.account(*id)?, before);
    let line = Line { record: Some(Box::new(Record::Number(number))), ..line };
    Ok(draft.done(line))
}

fn charge(draft: &mut Draft<'_>, id: AccountId, payer: AccountId, number: &Number) -> Result<(), Refusal> {
    let change = Standing::of_balance(minus(number.cost)?);
    let side = draft.moved(payer, &change)?;
    let family = draft.account(payer)?.primary();
    let line = Line {
        family: Some(family),
        account: Some(side),
        change,
        cause: (payer != id).then_some(id),
        operation: Some(RENTED.into()),
        reference: Some((&*number.msisdn).into()),
        ..draft.line(Kind::Charge)
    };
    let line = draft.beside(line);
    let (amount, reversed, at) = (number.cost, Amount::ZERO, draft.now);
    let charged = Charged { id: line, account: id, payer, amount, reversed, at };
    draft.changes.push(Change::Charge(charged));
    Ok(())
}

pub(super) fn unrent(
    mut draft: Draft<'_>,
    id: AccountId,
    country: Option<Country>,
    msisdn: &Arc<str>,
) -> Result<Decision, Refusal> {
    let account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    let number = owned(&draft, id, country, msisdn)?.clone();
    let before = Record::Number(number.clone());
    let (change, record) = given_back(number);
    draft.changes.push(change);
    let line = draft.line_changing(Kind::NumberUnrented, &account, before);
    let line = Line { record: Some(Box::new(record)), ..line };
    Ok(draft.done(line))
}

/// A number without its owner: in the stock again, or gone where it never was in it.
pub(super) fn given_back(number: Number) -> (Change, Record) {
    let number = number.unrented();
    let change = if number.is_brought {
        Change::NumberGone { country: number.country, msisdn: number.msisdn.clone() }
    } else {
        Change::Number(number.clone())
    };
    (change, Record::Number(number))
}

pub(super) fn change(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::ChangeNumber { account: id, country, msisdn, to, application, settings } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let account = authority::keeping(draft.book, &draft.command.by, *id)?.clone();
    check_settings(settings)?;
    let number = owned(&draft, *id, *country, msisdn)?.clone();
    let receiver = match to.filter(|it| it != id) {
        None => None,
        Some(to) => Some(receiving(&draft, &account, to)?),
    };
    let application = match application {
        None => number.application,
        Some(None) => None,
        Some(Some(application)) => Some(linked(&draft, &account, *application)?),
    };
    let before = Record::Number(number.clone());
    let owner = receiver.as_ref().map_or(account.id, |it| it.id);
    let settings = number.settings.changed(settings);
    let number = Number { owner: Some(owner), application, settings, ..number };
    draft.changes.push(Change::Number(number.clone()));
    let kind = if receiver.is_some() { Kind::NumberTransfer } else { Kind::NumberChanged };
    let line = Line {
        counter: receiver.map(|it| Side { account: it.id, after: it.standing }),
        record: Some(Box::new(Record::Number(number))),
        ..draft.line_changing(kind, &account, before)
    };
    Ok(draft.done(line))
}

/// Another account of the family, to which the primary or the operator hands a number: neither side is suspended.
fn receiving(draft: &Draft<'_>, giver: &Account, to: AccountId) -> Result<Account, Refusal> {
    let primary = authority::managing(draft.book, &draft.command.by, giver.primary())
        .map_err(|it| not_primary(it, giver.id))?;
    let receiver = in_family(draft, primary, to)?;
    for side in [giver, receiver] {
        if draft.book.is_suspended(side) {
            return Err(Refusal::AccountSuspended(side.id));
        }
    }
    Ok(receiver.clone())
}

/// A number of the account; anybody else's is not there.
fn owned<'a>(
    draft: &Draft<'a>,
    owner: AccountId,
    country: Option<Country>,
    msisdn: &Arc<str>,
) -> Result<&'a Number, Refusal> {
    let number = draft.book.number(country, msisdn, owner);
    number.filter(|it| it.owner == Some(owner)).ok_or(Refusal::NumberNotFound)
}

/// The application that answers a new number: the one that is named, or the account's default.
fn answering(
    draft: &Draft<'_>,
    account: &Account,
    application: Option<ApplicationId>,
) -> Result<Option<ApplicationId>, Refusal> {
    match application {
        Some(application) => linked(draft, account, application).map(Some),
        None => Ok(draft.book.default_application(account.id, |it| it.numbers)),
    }
}

/// An application that may answer what an account owns: of the same family, and one that the caller may know of.
pub(super) fn linked(
    draft: &Draft<'_>,
    account: &Account,
    id: ApplicationId,
) -> Result<ApplicationId, Refusal> {
    let not_found = Refusal::ApplicationNotFound(id);
    let application = draft.book.application(id).ok_or(not_found.clone())?;
    let owner = draft.book.account(application.owner).ok_or(not_found.clone())?;
    let is_of_family = owner.primary() == account.primary();
    if is_of_family && authority::keeping(draft.book, &draft.command.by, owner.id).is_ok() {
        Ok(id)
    } else {
        Err(not_found)
    }
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
    // What is in the stock nobody has.
    let owner = number.owner.ok_or(Refusal::NumberNotFound)?;
    if owner == to.id {
        return Err(Refusal::NumberAlreadyOwned);
    }
    if owner != from.id {
        return Err(Refusal::NumberNotOwned);
    }
    let before = Record::Number(number.clone());
    let number = Number { owner: Some(to.id), ..number.clone() };
    draft.changes.push(Change::Number(number.clone()));
    let line = Line {
        counter: Some(Side { account: to.id, after: to.standing }),
        record: Some(Box::new(Record::Number(number))),
        ..draft.line_changing(Kind::NumberTransfer, from, before)
    };
    Ok(draft.done(line))
}
