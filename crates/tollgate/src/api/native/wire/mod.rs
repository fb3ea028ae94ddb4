//! The bodies and queries of this API in, its records out.
//!
//! Reading order: `members` takes a body or query apart, strictly; `bodies` are the requests; `records` the answers.
//! `numbers`, `credentials`, `caps`, `limits`, `close`, `usage` and `statements` are both for what they are named after; `schema` describes what all of them are made of.

mod accounts;
mod audit;
mod batches;
mod bodies;
mod caps;
mod charge_text;
mod close;
mod credentials;
mod drills;
mod events;
mod holds;
mod limits;
mod lists;
mod members;
mod numbers;
mod prices;
mod records;
mod refusals;
mod schema;
mod statement_lines;
mod statements;
mod usage;
mod webhooks;

use std::fmt;

use ledger::Timestamp;
use serde::{Serialize, Serializer};

pub(super) use accounts::{AccountRecord, AccountsPage};
pub(super) use audit::{AuditPage, AuditParameters};
pub(super) use batches::{Answers, Batch, BatchAnswer, BatchBody, Unfit, read_item};
pub(super) use bodies::{
    AccountBody, AccountsQuery, ChangeBody, ChargeBody, NO_CURSOR, PaymentBody, ReversalBody, TokenBody,
    TransferBody,
};
pub(super) use close::{CloseBody, CloseRecord};
pub(super) use credentials::{CredentialBody, CredentialRecord, CredentialsPage, RotationBody};
pub(super) use drills::DrillRecord;
pub(super) use events::{EventsPage, EventsQuery, NO_EVENT};
pub(super) use holds::{
    ExtendBody, HoldBody, HoldRecord, HoldsPage, HoldsQuery, Nothing, SettleBody, read_nothing,
};
pub(super) use limits::LimitsBody;
pub(super) use lists::{PlansQuery, PostingsQuery, TokensQuery};
pub(super) use numbers::{NumberBody, NumberRecord, NumbersPage, NumbersQuery};
pub(super) use prices::{PlanBody, PlanQuery, PlanRecord, PlansPage, Tried, TryBody};
pub(super) use records::{
    ChargeRecord, PaymentRecord, PostingsPage, ReversalRecord, TokenRecord, TokensPage, TransferRecord,
};

pub(super) use refusals::{RefusalsPage, RefusalsQuery};
pub(super) use statement_lines::{csv, html};
pub(super) use statements::{Format, StatementQuery, StatementRecord};
pub(super) use usage::{UsagePage, UsageQuery};
pub(super) use webhooks::{
    DeliveriesPage, DeliveriesQuery, DeliveryRecord, WebhookBody, WebhookChangeBody, WebhookRecord,
    WebhookRotationBody, WebhooksPage, WebhooksQuery,
};

/// Serialized as the text that it prints, without a string in between.
#[derive(Clone, Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// RFC 3339 in UTC, with milliseconds: `2026-01-31T23:59:59.999Z`.
#[derive(Clone, Debug)]
pub(super) struct Time(pub(super) Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond the year 9999 there is no such text; the journal's clock never goes there.
        let time = jiff::Timestamp::from_millisecond(self.0.millis()).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}
