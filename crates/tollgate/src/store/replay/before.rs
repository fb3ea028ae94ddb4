//! What a line says that it found must be what the lines before it have left.

use ledger::{Account, Kind, Level, Line, PricePlan, Record};

use super::State;
use crate::store::caps;

/// Proves what a line says of what it found, before anything of it is replayed.
///
/// # Errors
/// In what way it is wrong.
pub(super) fn prove(state: &State, seq: i64, line: &Line) -> Result<(), String> {
    let found = if seq < state.before_from { None } else { found(state, line) };
    match (line.before.as_deref(), &found) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err("it changes something and does not say what it found".into()),
        (Some(_), None) => Err("it says that it found something, and there was nothing".into()),
        (Some(Record::Account(says)), Some(Record::Account(is)))
            if in_order(says)
                == in_order(&Account {
                    level: level(state, seq, says, is),
                    ..is_in_windows_of(is, says)
                }) =>
        {
            Ok(())
        }
        (Some(says), Some(is)) if says == is => Ok(()),
        (Some(_), Some(_)) => Err("what it says that it found is not what the lines before it left".into()),
    }
}

/// With the windows that it says it found, where the journal cannot tell when they turned.
fn is_in_windows_of(is: &Account, says: &Account) -> Account {
    let caps = is.caps.as_deref().zip(says.caps.as_deref()).map(|(is, says)| caps::in_windows_of(is, says));
    Account { caps: caps.map(Box::new).or_else(|| is.caps.clone()), ..is.clone() }
}

/// Lines of before there were events say nothing of a level.
const fn level(state: &State, seq: i64, says: &Account, is: &Account) -> Level {
    if seq <= state.events_after { says.level } else { is.level }
}

/// The credentials of an account stand in no order.
fn in_order(account: &Account) -> Account {
    let mut credentials = account.credentials.to_vec();
    credentials.sort_by_key(|it| it.id);
    Account { credentials: credentials.into(), ..account.clone() }
}

/// What the lines before a line have left of what it changes, hands over or ends.
fn found(state: &State, line: &Line) -> Option<Record> {
    match line.kind {
        Kind::Change | Kind::Close => {
            let known = state.accounts.get(&line.account_record()?.id)?;
            Some(Record::Account(known.account.clone()))
        }
        Kind::Extend => state.holds.get(&line.about?).cloned().map(Record::Hold),
        Kind::NumberTransfer
        | Kind::NumberWithdrawn
        | Kind::NumberRented
        | Kind::NumberUnrented
        | Kind::NumberChanged
        | Kind::ApplicationChanged
        | Kind::ApplicationDeleted
        | Kind::EndpointChanged
        | Kind::EndpointDeleted
        | Kind::PlanPut
        | Kind::CredentialChanged
        | Kind::CredentialRevoked
        | Kind::TokenRevoked
        | Kind::WebhookChanged
        | Kind::WebhookDeleted => left(state, line),
        Kind::Open
        | Kind::Payment
        | Kind::BalanceTransfer
        | Kind::CreditTransfer
        | Kind::Charge
        | Kind::Reversal
        | Kind::Hold
        | Kind::Settle
        | Kind::Release
        | Kind::Expiry
        | Kind::NumberGiven
        | Kind::NumberAdded
        | Kind::ApplicationMade
        | Kind::EndpointMade
        | Kind::CredentialAdded
        | Kind::TokenMade
        | Kind::WebhookMade
        | Kind::EventResent => None,
    }
}

/// The record of the same thing as the line's own.
fn left(state: &State, line: &Line) -> Option<Record> {
    match line.record.as_deref()? {
        Record::Number(it) => {
            state.numbers.get(&(it.country, it.msisdn.clone())).cloned().map(Record::Number)
        }
        Record::Application(it) => state.applications.get(&it.id).cloned().map(Record::Application),
        Record::Endpoint(it) => state.endpoints.get(&it.id).cloned().map(Record::Endpoint),
        Record::Plan(it) => {
            let versions = state.plans.range((it.name.clone(), 0)..=(it.name.clone(), u32::MAX));
            versions.last().map(|(_, it): (_, &PricePlan)| Record::Plan(it.clone().into()))
        }
        Record::Credential(it) => {
            let owner = state.accounts.get(&line.account?.account)?;
            owner.account.credential(it.id).cloned().map(Record::Credential)
        }
        Record::Webhook(it) => state.webhooks.get(&it.id).cloned().map(Record::Webhook),
        Record::Token(it) => state.tokens.get(&it.id).cloned().map(Record::Token),
        Record::Account(_) | Record::Hold(_) | Record::Closed(_) => None,
    }
}
