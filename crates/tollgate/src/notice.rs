//! What is told of an event: the JSON that the log of events shows and that webhooks get, byte for byte the same.

use std::fmt;

use ledger::{
    AccountId, Amount, BalanceMode, CredentialId, CredentialKind, EventId, EventKind, Line, LineId, Record,
    Status, Timestamp,
};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::store::Logged;

/// The names of all kinds, which never change.
const NAMES: [(&str, EventKind); 12] = [
    ("account.opened", EventKind::AccountOpened),
    ("account.changed", EventKind::AccountChanged),
    ("account.suspended", EventKind::AccountSuspended),
    ("account.reactivated", EventKind::AccountReactivated),
    ("account.closed", EventKind::AccountClosed),
    ("credential.added", EventKind::CredentialAdded),
    ("credential.changed", EventKind::CredentialChanged),
    ("credential.revoked", EventKind::CredentialRevoked),
    ("hold.captured", EventKind::HoldCaptured),
    ("available.low", EventKind::AvailableLow),
    ("available.depleted", EventKind::AvailableDepleted),
    ("available.recovered", EventKind::AvailableRecovered),
];

/// The names of all kinds of events, with the kinds.
pub const fn names() -> &'static [(&'static str, EventKind)] {
    &NAMES
}

/// The name of a kind of events.
pub fn name(kind: EventKind) -> &'static str {
    NAMES.iter().find(|it| it.1 == kind).map_or("", |it| it.0)
}

/// Something that others are told of.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct Notice<'a> {
    /// Its id: a UUID. A webhook gets it as `webhook-id`, the same each time that it is sent.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Text<EventId>,
    /// What happened.
    #[schemars(extend("enum" = NAMES.map(|it| it.0)))]
    r#type: &'static str,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    timestamp: Text<Time>,
    /// What is to be known of it.
    data: Data<'a>,
}

/// What is to be known of an event. Which members there are depends on its type; none is null.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventData")]
struct Data<'a> {
    /// The account that it is about.
    #[schemars(with = "String", extend("format" = "uuid"))]
    account: Text<AccountId>,
    /// The primary account of its family.
    #[schemars(with = "String", extend("format" = "uuid"))]
    family: Text<AccountId>,
    /// The line of the journal that it follows from: the charge, the payment, the close.
    #[schemars(with = "String", extend("format" = "uuid"))]
    line: Text<LineId>,
    /// Of an account: its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Of an account: `active`, `suspended` or `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// Of an account: `own`, or `shared` with its primary.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_mode: Option<&'static str>,
    /// Of a threshold: what is available after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    available: Figure,
    /// The threshold that was crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    threshold: Figure,
    /// Of a threshold: the balance after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    balance: Figure,
    /// Of a threshold, or of an account with a balance of its own: its credit limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    credit_limit: Figure,
    /// Of a threshold: what is held after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    held: Figure,
    /// The id of a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    credential: Option<Text<CredentialId>>,
    /// Of a credential: `secret` or `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_kind: Option<&'static str>,
    /// Of a credential whose end is set: when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Text<Time>>,
    /// The id of a hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    hold: Option<Text<LineId>>,
    /// Of a hold: what was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    amount: Figure,
    /// Of a hold: who paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    payer: Option<Text<AccountId>>,
    /// Of a hold: what was sold, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
}

type Figure = Option<Text<Amount>>;

impl<'a> Notice<'a> {
    /// Of an event.
    pub fn new(event: &'a Logged) -> Self {
        Self {
            id: Text(event.id),
            r#type: name(event.kind),
            timestamp: Text(Time(event.at())),
            data: data(event),
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        // Strings, numbers and objects of them always have a JSON text.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn data(event: &Logged) -> Data<'_> {
    let line = &event.line;
    let data = Data {
        account: Text(event.account),
        family: Text(event.family),
        line: Text(line.id),
        name: None,
        status: None,
        balance_mode: None,
        available: None,
        threshold: event.threshold.map(Text),
        balance: None,
        credit_limit: None,
        held: None,
        credential: None,
        credential_kind: None,
        expires_at: None,
        hold: None,
        amount: None,
        payer: None,
        operation: None,
    };
    match event.kind {
        EventKind::AccountOpened
        | EventKind::AccountChanged
        | EventKind::AccountSuspended
        | EventKind::AccountReactivated
        | EventKind::AccountClosed => of_account(line, data),
        EventKind::CredentialAdded | EventKind::CredentialChanged | EventKind::CredentialRevoked => {
            of_credential(line, data)
        }
        EventKind::HoldCaptured => Data {
            hold: line.about.map(Text),
            amount: Some(Text(line.amount())),
            payer: line.account.map(|it| Text(it.account)),
            operation: line.operation.as_deref(),
            ..data
        },
        EventKind::AvailableLow | EventKind::AvailableDepleted | EventKind::AvailableRecovered => {
            let after = line.after(event.account);
            Data {
                available: after.map(|it| Text(it.available())),
                balance: after.map(|it| Text(it.balance)),
                credit_limit: after.map(|it| Text(it.credit_limit)),
                held: after.map(|it| Text(it.held)),
                ..data
            }
        }
    }
}

fn of_account<'a>(line: &'a Line, data: Data<'a>) -> Data<'a> {
    let Some(account) = line.account_record() else { return data };
    Data {
        name: Some(&account.name),
        status: Some(match account.status {
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Closed => "closed",
        }),
        balance_mode: Some(match account.mode {
            BalanceMode::Own => "own",
            BalanceMode::Shared => "shared",
        }),
        credit_limit: (account.mode == BalanceMode::Own).then_some(Text(account.standing.credit_limit)),
        ..data
    }
}

fn of_credential<'a>(line: &'a Line, data: Data<'a>) -> Data<'a> {
    let Some(Record::Credential(credential)) = line.record.as_deref() else { return data };
    Data {
        credential: Some(Text(credential.id)),
        credential_kind: Some(match credential.kind {
            CredentialKind::Secret => "secret",
            CredentialKind::Token => "token",
        }),
        expires_at: credential.expires_at.map(|it| Text(Time(it))),
        ..data
    }
}

/// Serialized as the text that it prints.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// RFC 3339 in UTC, with milliseconds.
struct Time(Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond the year 9999 there is no such text; the journal's clock never goes there.
        let time = jiff::Timestamp::from_millisecond(self.0.millis()).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut all: Vec<_> = EventKind::ALL.iter().map(|it| name(*it)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), EventKind::ALL.len());
        assert!(!all.contains(&""));
    }
}
