//! Events: what others are told of.

use axum::http::Method;
use axum::response::Response;

use super::{answer, caller, ok};
use crate::api::Asked;
use crate::api::native::error::Failure;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{EventsPage, EventsQuery, NO_EVENT};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Events",
        about: "What others want to be told of: an account has little left, was suspended, got a credential; a hold was captured. Each event is written in the same commit as what it tells of.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/events", "list_events", "List events")
                .about("Oldest first: all of them for the operator, those of its family for a primary account, its own for a subaccount. Whoever gives `next` as `after`, now or later, misses none and gets none twice. An `account` that there is not, or that is not the caller's to see, has none.")
                .query::<EventsQuery>()
                .answers::<EventsPage<'_>>(200, "A page of events.", EVENTS),
        ],
    }
}

const EVENTS: &str = r#"{
    "events": [
        {
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1",
            "type": "available.low",
            "timestamp": "2026-01-31T23:59:59.999Z",
            "data": {
                "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
                "family": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
                "line": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
                "available": "19.00",
                "threshold": "20.00",
                "balance": "-81.00",
                "credit_limit": "100.00",
                "held": "0.00"
            }
        }
    ],
    "next": "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1",
    "more": false
}"#;

/// `GET /api/v1/events`: those that the caller may see, oldest first, after a cursor. An `account` that there is not, or
/// that is not the caller's to see, has none.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let EventsQuery { after, kind, account, limit } = EventsQuery::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let events = app.events(by, account, kind, after, limit.saturating_add(1)).await?;
        let events = events.ok_or_else(|| Failure::field("after", NO_EVENT))?;
        ok(&EventsPage::new(&events, after, limit))
    })
    .await
}
