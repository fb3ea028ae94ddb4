//! Webhooks: where events are sent.

use axum::http::Method;
use axum::response::Response;
use ledger::{EventId, WebhookId};

use super::{Segment, Segments, answer, caller, created, ok, segment, segments};
use crate::api::Asked;
use crate::api::native::error::{Code, Failure};
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{
    DeliveriesPage, DeliveriesQuery, DeliveryRecord, NO_EVENT, Nothing, WebhookBody, WebhookChangeBody,
    WebhookRecord, WebhookRotationBody, WebhooksPage, WebhooksQuery, read_nothing,
};
use crate::app::NewWebhook;
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    const ROOT: &str = "/api/v1/webhooks";
    const ONE: &str = "/api/v1/webhooks/{id}";
    Group {
        name: "Webhooks",
        about: "Addresses to which events are sent as they happen, signed by the Standard Webhooks specification: a primary account's get the events of its family, a subaccount's its own, the operator's everybody's. Each event arrives at least once, and those about one account in their order.",
        operations: vec![
            Operation::new(Method::POST, ROOT, "make_webhook", "Make a webhook")
                .about("Has events sent from now on. What they are signed with is shown in this answer and in its repeats under its key alone. An account may have 20 webhooks, and the operator as many.")
                .takes::<WebhookBody<'_>>(WEBHOOK_BODY)
                .answers::<WebhookRecord<'_>>(201, "The webhook, with its secret.", SHOWN)
                .fails(&[Code::NotFound, Code::Closed, Code::WebhooksMax]),
            Operation::new(Method::GET, ROOT, "list_webhooks", "List webhooks")
                .about("In the order in which they were made, without their secrets: all of them for the operator, those of its family for a primary account, its own for a subaccount. An `owner` that there is not, or that is not the caller's to see, has none.")
                .query::<WebhooksQuery>()
                .answers::<WebhooksPage<'_>>(200, "A page of webhooks.", WEBHOOKS),
            Operation::new(Method::GET, ONE, "get_webhook", "Look at a webhook")
                .about("A webhook, for whose it is, for the primary of that account and for the operator, as all that follows.")
                .answers::<WebhookRecord<'_>>(200, "The webhook.", WEBHOOK),
            Operation::new(Method::PATCH, ONE, "change_webhook", "Change a webhook")
                .about("Changes what is given. With another address, or when it is enabled again, what is on its way is tried at once.")
                .takes::<WebhookChangeBody>(CHANGE_BODY)
                .answers::<WebhookRecord<'_>>(200, "The webhook as it is now.", WEBHOOK),
            Operation::new(Method::POST, "/api/v1/webhooks/{id}/rotate", "rotate_webhook", "Rotate a webhook's secret")
                .about("Has its events signed with another secret, and during the overlap with the old one as well, so that a receiver that knows either can verify them. The new one is shown in this answer and in its repeats under its key alone.")
                .may_take::<WebhookRotationBody>(ROTATION_BODY)
                .answers::<WebhookRecord<'_>>(200, "The webhook, with its new secret.", SHOWN),
            Operation::new(Method::DELETE, ONE, "delete_webhook", "Delete a webhook")
                .about("Nothing more is sent there, not even what is on its way.")
                .answers::<WebhookRecord<'_>>(200, "The webhook that was deleted.", DELETED),
            Operation::new(Method::GET, "/api/v1/webhooks/{id}/deliveries", "list_deliveries", "List deliveries")
                .about("What became of each event on its way, those of the newest events first. What was delivered is known for 7 days, what is dead for 30.")
                .query::<DeliveriesQuery>()
                .answers::<DeliveriesPage<'_>>(200, "A page of deliveries.", DELIVERIES),
            Operation::new(Method::POST, "/api/v1/webhooks/{id}/deliveries/{event}/resend", "resend_event", "Send an event once more")
                .about("Sends one that is delivered or dead again, at once and out of its turn, and tries for a day like the first time. One that is still pending is tried at once, unless it waits for an earlier one about the same account.")
                .may_take::<Nothing>("{}")
                .answers::<DeliveryRecord<'_>>(200, "The delivery as it is now.", DELIVERY),
        ],
    }
}

/// `POST /api/v1/webhooks`.
pub(in super::super) async fn make(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let WebhookBody { url, kinds, account } = WebhookBody::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let new = NewWebhook { url, kinds, account };
        let (webhook, secret) = app.make_webhook(by, incoming.once(&app), new).await?;
        created(&WebhookRecord::new(&webhook).showing(&secret))
    })
    .await
}

/// `GET /api/v1/webhooks`.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let WebhooksQuery { owner, after, limit } = WebhooksQuery::read(&incoming)?;
        let owner = match owner {
            Some(owner) => Some(app.named(&owner).await?),
            None => None,
        };
        ok(&WebhooksPage::new(&app.webhooks(by, owner, after, limit.saturating_add(1)).await?, limit))
    })
    .await
}

/// `GET /api/v1/webhooks/{id}`.
pub(in super::super) async fn get(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        ok(&WebhookRecord::new(&app.webhook(by, named(segment(&id))).await?))
    })
    .await
}

/// `PATCH /api/v1/webhooks/{id}`.
pub(in super::super) async fn change(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let WebhookChangeBody { url, kinds, is_enabled } = WebhookChangeBody::read(&incoming)?;
        let (id, once) = (named(segment(&id)), incoming.once(&app));
        ok(&WebhookRecord::new(&app.change_webhook(by, once, id, url, kinds, is_enabled).await?))
    })
    .await
}

/// `POST /api/v1/webhooks/{id}/rotate`.
pub(in super::super) async fn rotate(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let WebhookRotationBody { overlap_ms } = WebhookRotationBody::read(&incoming)?;
        let (id, once) = (named(segment(&id)), incoming.once(&app));
        let (webhook, secret) = app.rotate_webhook(by, once, id, overlap_ms).await?;
        ok(&WebhookRecord::new(&webhook).showing(&secret))
    })
    .await
}

/// `DELETE /api/v1/webhooks/{id}`.
pub(in super::super) async fn delete(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let (webhook, at) = app.delete_webhook(by, incoming.once(&app), named(segment(&id))).await?;
        ok(&WebhookRecord::new(&webhook).deleted(at))
    })
    .await
}

/// `GET /api/v1/webhooks/{id}/deliveries`.
pub(in super::super) async fn deliveries(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let DeliveriesQuery { state, after, limit } = DeliveriesQuery::read(&incoming)?;
        let id = named(segment(&id));
        let deliveries = app.deliveries(by, id, state, after, limit.saturating_add(1)).await?;
        let deliveries = deliveries.ok_or_else(|| Failure::field("after", NO_EVENT))?;
        ok(&DeliveriesPage::new(&deliveries, limit))
    })
    .await
}

/// `POST /api/v1/webhooks/{id}/deliveries/{event}/resend`.
pub(in super::super) async fn resend(Asked(app): Asked, path: Segments, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        read_nothing(&incoming)?;
        let (id, event) = segments(&path);
        // What is no id names no event.
        let event = event.parse().unwrap_or(EventId::from_bytes([0; 16]));
        ok(&DeliveryRecord::new(&app.resend(by, incoming.once(&app), named(id), event).await?))
    })
    .await
}

/// What is no id names no webhook.
fn named(id: &str) -> WebhookId {
    id.parse().unwrap_or(WebhookId::from_bytes([0; 16]))
}

const WEBHOOK_BODY: &str = r#"{
    "url": "https://partner.example/tollgate",
    "types": ["available.low", "available.depleted"]
}"#;
const SHOWN: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7b2",
    "owner": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "account": null,
    "url": "https://partner.example/tollgate",
    "types": ["available.low", "available.depleted"],
    "enabled": true,
    "created_at": "2026-01-31T23:59:59.999Z",
    "disabled_at": null,
    "secret_since": "2026-01-31T23:59:59.999Z",
    "old_secret_until": null,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw3l8kF0wJq1E="
}"#;
const WEBHOOK: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7b2",
    "owner": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "account": null,
    "url": "https://partner.example/tollgate",
    "types": ["available.low", "available.depleted"],
    "enabled": true,
    "created_at": "2026-01-31T23:59:59.999Z",
    "disabled_at": null,
    "secret_since": "2026-01-31T23:59:59.999Z",
    "old_secret_until": null
}"#;
const DELETED: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7b2",
    "owner": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "account": null,
    "url": "https://partner.example/tollgate",
    "types": null,
    "enabled": true,
    "created_at": "2026-01-31T23:59:59.999Z",
    "disabled_at": null,
    "secret_since": "2026-01-31T23:59:59.999Z",
    "old_secret_until": null,
    "deleted_at": "2026-02-28T12:00:00.000Z"
}"#;
const WEBHOOKS: &str = r#"{
    "webhooks": [
        {
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7b2",
            "owner": null,
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
            "url": "https://operator.example/tollgate",
            "types": null,
            "enabled": true,
            "created_at": "2026-01-31T23:59:59.999Z",
            "disabled_at": null,
            "secret_since": "2026-01-31T23:59:59.999Z",
            "old_secret_until": null
        }
    ],
    "next": null
}"#;
const ROTATION_BODY: &str = r#"{ "overlap_seconds": 3600 }"#;
const CHANGE_BODY: &str = r#"{ "url": "https://partner.example/events" }"#;
const DELIVERY: &str = r#"{
    "event": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1",
    "type": "available.low",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "state": "pending",
    "attempts": 0,
    "queued_at": "2026-02-02T09:00:00.000Z",
    "next_attempt_at": "2026-02-02T09:00:00.000Z",
    "last_attempt_at": "2026-02-01T23:41:12.345Z",
    "last_status": 503,
    "last_error": "it answered 503"
}"#;
const DELIVERIES: &str = r#"{
    "deliveries": [
        {
            "event": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1",
            "type": "available.low",
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
            "state": "dead",
            "attempts": 11,
            "queued_at": "2026-01-31T23:59:59.999Z",
            "next_attempt_at": null,
            "last_attempt_at": "2026-02-01T23:41:12.345Z",
            "last_status": null,
            "last_error": "there was no answer in time"
        }
    ],
    "next": null
}"#;
