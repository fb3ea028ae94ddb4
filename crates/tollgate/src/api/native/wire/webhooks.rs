//! Webhooks: what makes and changes them, how they are shown, and what became of what was sent to them.

use std::borrow::Cow;
use std::sync::Arc;

use ledger::{AccountId, EventId, EventKind, EventKinds, Timestamp, Webhook, WebhookId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::super::error::Failure;
use super::bodies::limit;
use super::events::NO_EVENT;
use super::members::Members;
use super::schema::{AccountAsked, LimitAsked, WholeAsked, words, words_or_null};
use super::{Text, Time};
use crate::app::{Delivery, DeliveryState};
use crate::http::Incoming;
use crate::notice;

const STATES: [(&str, DeliveryState); 3] = [
    ("pending", DeliveryState::Pending),
    ("delivered", DeliveryState::Delivered),
    ("dead", DeliveryState::Dead),
];

/// For how long the old secret signs on when nothing is said: a day.
const OVERLAP_DEFAULT_S: i64 = 86_400;

/// The type of an event.
struct EventType;

impl JsonSchema for EventType {
    fn schema_name() -> Cow<'static, str> {
        "EventType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = notice::names().iter().map(|it| it.0).collect();
        json_schema!({ "description": "The type of an event.", "type": "string", "enum": names })
    }
}

/// A new webhook.
#[derive(JsonSchema)]
pub(in super::super) struct WebhookBody<'a> {
    /// Where events are sent: an http or https address of at most 2048 characters, without a user, a password or a fragment.
    #[schemars(with = "String", length(max = 2048), extend("pattern" = "^https?://", "examples" = ["https://partner.example/tollgate"]))]
    pub(in super::super) url: Arc<str>,
    /// Only events of these types; all there are and will be when nothing is said.
    #[schemars(rename = "types", with = "Option<Vec<EventType>>", length(min = 1))]
    pub(in super::super) kinds: EventKinds,
    /// Only events of this account, which is the caller's own or one below it; the operator may name any.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) account: Option<Cow<'a, str>>,
}

impl<'a> WebhookBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let url = members.required("url", Members::text);
        let kinds = kinds(&mut members, "types").unwrap_or(EventKinds::ALL);
        let account = members.text("account");
        members.finish(url.map(|url| Self { url: url.into(), kinds, account }))
    }
}

/// What is to change of a webhook; what is left out stays.
#[derive(JsonSchema)]
pub(in super::super) struct WebhookChangeBody {
    /// Where events are sent from now on, those that are on their way too.
    #[schemars(with = "Option<String>", length(max = 2048), extend("examples" = ["https://partner.example/events"]))]
    pub(in super::super) url: Option<Arc<str>>,
    /// Of which types events are sent from now on; null for all there are and will be.
    #[schemars(rename = "types", with = "Option<Vec<EventType>>", length(min = 1))]
    pub(in super::super) kinds: Option<EventKinds>,
    /// Whether events are sent there. What happens while they are not is not sent later; what was on its way waits.
    #[schemars(rename = "enabled")]
    pub(in super::super) is_enabled: Option<bool>,
}

impl WebhookChangeBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let url = members.text("url").map(Into::into);
        let kinds = members.nullable("types", kinds).map(|it| it.unwrap_or(EventKinds::ALL));
        let is_enabled = members.flag("enabled");
        members.finish(Some(Self { url, kinds, is_enabled }))
    }
}

/// A new secret of a webhook.
#[derive(JsonSchema)]
pub(in super::super) struct WebhookRotationBody {
    /// For how many seconds events are signed with the old secret, too: 86400, a day, when nothing is said; 0 for not at all.
    #[schemars(rename = "overlap_seconds", with = "Option<WholeAsked<0, 2_592_000>>")]
    pub(in super::super) overlap_ms: i64,
}

impl WebhookRotationBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_optional_body(incoming)?;
        let overlap_s = members.whole("overlap_seconds").unwrap_or(OVERLAP_DEFAULT_S);
        members.finish(Some(Self { overlap_ms: overlap_s.saturating_mul(1_000) }))
    }
}

fn kinds(members: &mut Members<'_>, name: &'static str) -> Option<EventKinds> {
    let kinds: Option<Vec<EventKind>> = members.some_of(name, notice::names());
    kinds.map(|it| it.into_iter().collect())
}

/// The query of `GET /api/v1/webhooks`.
#[derive(JsonSchema)]
pub(in super::super) struct WebhooksQuery {
    /// Only those of this account.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) owner: Option<String>,
    /// Where to go on: the `next` of the page before, which is the id of a webhook.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub(in super::super) after: Option<WebhookId>,
    /// The most webhooks of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl WebhooksQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let owner = members.text("owner").map(Cow::into_owned);
        let after = members.parsed("after", "must be the `next` of the page before");
        let limit = limit(&mut members);
        members.finish(Some(Self { owner, after, limit }))
    }
}

/// The query of `GET /api/v1/webhooks/{id}/deliveries`.
#[derive(JsonSchema)]
pub(in super::super) struct DeliveriesQuery {
    /// Only those that are `pending`, `delivered` or `dead`.
    #[schemars(with = "Option<String>", extend("enum" = words_or_null(&STATES)))]
    pub(in super::super) state: Option<DeliveryState>,
    /// Where to go on: the `next` of the page before, which is the id of an event.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub(in super::super) after: Option<EventId>,
    /// The most deliveries of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl DeliveriesQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let state = members.one_of("state", &STATES);
        let after = members.parsed("after", NO_EVENT);
        let limit = limit(&mut members);
        members.finish(Some(Self { state, after, limit }))
    }
}

/// A webhook.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct WebhookRecord<'a> {
    /// Its id: a UUID.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Text<WebhookId>,
    /// The account whose events it gets, a primary's those of its family; null for the operator's, which gets everybody's.
    owner: Option<Text<AccountId>>,
    /// The only account whose events it gets; null for all of them.
    account: Option<Text<AccountId>>,
    /// Where events are sent.
    url: &'a str,
    /// The types of the events that it gets; null for all there are and will be.
    #[schemars(with = "Option<Vec<EventType>>")]
    types: Option<Vec<&'static str>>,
    /// Whether events are sent there.
    enabled: bool,
    /// When it was made. Events of before are not sent.
    created_at: Text<Time>,
    /// Since when it is disabled; null while it is not. Events of since then are not sent.
    disabled_at: Option<Text<Time>>,
    /// Since when events are signed with the secret of now.
    secret_since: Text<Time>,
    /// Until when they are signed with the secret before it, too; null where they are not.
    old_secret_until: Option<Text<Time>>,
    /// When it was deleted; absent but in the answer to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Text<Time>>,
    /// What its events are signed with. Shown once: in the answer to what made or rotated it, and in that answer's repeats under
    /// its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> WebhookRecord<'a> {
    pub(in super::super) fn new(webhook: &'a Webhook) -> Self {
        let types: Vec<_> = webhook.kinds.named().map(notice::name).collect();
        Self {
            id: Text(webhook.id),
            owner: webhook.owner.map(Text),
            account: webhook.account.map(Text),
            url: &webhook.url,
            types: (!types.is_empty()).then_some(types),
            enabled: webhook.disabled_at.is_none(),
            created_at: Text(Time(webhook.created_at)),
            disabled_at: webhook.disabled_at.map(|it| Text(Time(it))),
            secret_since: Text(Time(webhook.secret_at)),
            old_secret_until: webhook.old_secret_until.map(|it| Text(Time(it))),
            deleted_at: None,
            secret: None,
        }
    }

    /// With what its events are signed with, which is shown once.
    pub(in super::super) fn showing(self, secret: &'a str) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// One that is gone since `at`.
    pub(in super::super) fn deleted(self, at: Timestamp) -> Self {
        Self { deleted_at: Some(Text(Time(at))), ..self }
    }
}

/// Webhooks, in the order in which they were made.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct WebhooksPage<'a> {
    /// The webhooks.
    webhooks: Vec<WebhookRecord<'a>>,
    /// Give it as `after` for the page after this one; null on the last one.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    next: Option<Text<WebhookId>>,
}

impl<'a> WebhooksPage<'a> {
    /// Of one webhook more than the page has, if there is one.
    pub(in super::super) fn new(webhooks: &'a [Webhook], limit: usize) -> Self {
        let page = webhooks.get(..limit).unwrap_or(webhooks);
        let last = page.last().filter(|_| webhooks.len() > limit);
        Self { webhooks: page.iter().map(WebhookRecord::new).collect(), next: last.map(|it| Text(it.id)) }
    }
}

/// What became of an event on its way to a webhook.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct DeliveryRecord<'a> {
    /// The event.
    #[schemars(with = "String", extend("format" = "uuid"))]
    event: Text<EventId>,
    /// Its type.
    r#type: &'static str,
    /// The account that it is about.
    account: Text<AccountId>,
    /// `pending` while it is tried or waits, `delivered` once it was taken, `dead` when it was given up: tried for a day in vain,
    /// or answered with 410.
    #[schemars(extend("enum" = words(&STATES)))]
    state: &'static str,
    /// How often it was tried since it was queued.
    attempts: u32,
    /// When it was queued, first or once more.
    queued_at: Text<Time>,
    /// When it is tried next; null at its end, and while it waits for an earlier event about the same account. While the webhook
    /// is disabled, not before it is enabled.
    next_attempt_at: Option<Text<Time>>,
    /// When it was tried last; null before the first time.
    last_attempt_at: Option<Text<Time>>,
    /// The status that was answered then; null where no answer came.
    last_status: Option<u16>,
    /// What was wrong then; null for nothing.
    last_error: Option<&'a str>,
}

impl<'a> DeliveryRecord<'a> {
    pub(in super::super) fn new(delivery: &'a Delivery) -> Self {
        Self {
            event: Text(delivery.event),
            r#type: notice::name(delivery.kind),
            account: Text(delivery.account),
            state: match delivery.state {
                DeliveryState::Pending => "pending",
                DeliveryState::Delivered => "delivered",
                DeliveryState::Dead => "dead",
            },
            attempts: delivery.attempts,
            queued_at: Text(Time(delivery.queued_at)),
            next_attempt_at: delivery.next_at.map(|it| Text(Time(it))),
            last_attempt_at: delivery.last_at.map(|it| Text(Time(it))),
            last_status: delivery.last_status,
            last_error: delivery.last_error.as_deref(),
        }
    }
}

/// A page of deliveries, those of the newest events first.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct DeliveriesPage<'a> {
    /// The deliveries.
    deliveries: Vec<DeliveryRecord<'a>>,
    /// Give it as `after` for the page after this one; null on the last one.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    next: Option<Text<EventId>>,
}

impl<'a> DeliveriesPage<'a> {
    /// Of one delivery more than the page has, if there is one.
    pub(in super::super) fn new(deliveries: &'a [Delivery], limit: usize) -> Self {
        let page = deliveries.get(..limit).unwrap_or(deliveries);
        let last = page.last().filter(|_| deliveries.len() > limit);
        Self {
            deliveries: page.iter().map(DeliveryRecord::new).collect(),
            next: last.map(|it| Text(it.event)),
        }
    }
}
