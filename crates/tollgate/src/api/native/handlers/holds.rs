//! Holds: an amount is set aside before a call whose price is known only after it.

use axum::http::Method;
use axum::response::Response;
use ledger::LineId;

use super::{Segment, answer, caller, created, ok, segment};
use crate::api::Asked;
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{
    ExtendBody, HoldBody, HoldRecord, HoldsPage, HoldsQuery, Nothing, SettleBody, read_nothing,
};
use crate::app::NewHold;
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Holds",
        about: "An amount set aside before a call whose price is known only after it. Every hold ends: it is settled, released, or it expires.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/holds", "place_hold", "Place a hold")
                .about("Sets an amount aside, if the payer has as much available. It lowers what is available, not the balance.")
                .takes::<HoldBody<'_>>(HOLD_BODY)
                .answers::<HoldRecord<'_>>(201, "The hold.", HOLD)
                .fails(&[Code::NotFound, Code::Closed, Code::InsufficientFunds, Code::CapReached]),
            Operation::new(Method::GET, "/api/v1/holds", "list_holds", "List open holds")
                .about("The open holds, oldest first.")
                .query::<HoldsQuery>()
                .answers::<HoldsPage<'_>>(200, "A page of holds.", HOLDS)
                .fails(&[Code::NotFound]),
            Operation::new(Method::GET, "/api/v1/holds/{id}", "get_hold", "Look at a hold")
                .about("A hold, open or ended.")
                .answers::<HoldRecord<'_>>(200, "The hold.", HOLD),
            Operation::new(Method::POST, "/api/v1/holds/{id}/settle", "settle_hold", "Settle a hold")
                .about("Ends it by charging what was really used. Up to what is held this always works, on a suspended account too. More than that needs as much available, or `force`; else it is refused whole and the hold stays open. After an expiry it is booked all the same, once.")
                .takes::<SettleBody>(SETTLE_BODY)
                .answers::<HoldRecord<'_>>(200, "The hold as it is now.", SETTLED)
                .fails(&[Code::InsufficientFunds, Code::CapReached, Code::HoldEnded]),
            Operation::new(Method::POST, "/api/v1/holds/{id}/release", "release_hold", "Release a hold")
                .about("Ends it at no cost. The same again gets the same answer.")
                .may_take::<Nothing>(NOTHING)
                .answers::<HoldRecord<'_>>(200, "The hold as it is now.", RELEASED)
                .fails(&[Code::HoldEnded]),
            Operation::new(Method::POST, "/api/v1/holds/{id}/extend", "extend_hold", "Extend a hold")
                .about("Moves its expiry to so many seconds from now, as often as asked.")
                .takes::<ExtendBody>(EXTEND_BODY)
                .answers::<HoldRecord<'_>>(200, "The hold as it is now.", HOLD)
                .fails(&[Code::Closed, Code::HoldEnded]),
        ],
    }
}

/// `POST /api/v1/holds`.
pub(in super::super) async fn place(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let HoldBody { account, amount, lasts_ms, on_expiry, operation, reference } =
            HoldBody::read(&incoming)?;
        let account = app.named(&account).await?;
        let new = NewHold { account, amount, lasts_ms, on_expiry, operation, reference };
        created(&HoldRecord::new(&app.hold(by, incoming.once(&app), new).await?))
    })
    .await
}

/// `GET /api/v1/holds`: the open ones, oldest first.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let HoldsQuery { account, after, limit } = HoldsQuery::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let holds = app.open_holds(by, account, after, limit.saturating_add(1)).await?;
        ok(&HoldsPage::new(&holds, limit))
    })
    .await
}

/// `GET /api/v1/holds/{id}`: open or ended.
pub(in super::super) async fn get(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        ok(&HoldRecord::new(&app.hold_by_id(by, named(&id)).await?))
    })
    .await
}

/// `POST /api/v1/holds/{id}/settle`: ends it by charging what was really used.
pub(in super::super) async fn settle(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let SettleBody { amount, force } = SettleBody::read(&incoming)?;
        let hold = app.settle(by, incoming.once(&app), named(&id), amount, force).await?;
        ok(&HoldRecord::new(&hold))
    })
    .await
}

/// `POST /api/v1/holds/{id}/release`: ends it at no cost.
pub(in super::super) async fn release(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        read_nothing(&incoming)?;
        ok(&HoldRecord::new(&app.release(by, incoming.once(&app), named(&id)).await?))
    })
    .await
}

/// `POST /api/v1/holds/{id}/extend`: moves its expiry to so many seconds from now.
pub(in super::super) async fn extend(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let ExtendBody { lasts_ms } = ExtendBody::read(&incoming)?;
        let hold = app.extend(by, incoming.once(&app), named(&id), lasts_ms).await?;
        ok(&HoldRecord::new(&hold))
    })
    .await
}

/// The id in the path; what is none names no hold.
fn named(id: &Segment) -> LineId {
    segment(id).parse().unwrap_or(LineId::from_bytes([0; 16]))
}

const HOLD_BODY: &str = r#"{
    "account": "5b0ba11c",
    "amount": "0.50",
    "expires_in": 300,
    "operation": "chat.tokens"
}"#;

const HOLD: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "0.50",
    "operation": "chat.tokens",
    "placed_at": "2025-09-12T09:15:00.000Z",
    "expires_at": "2025-09-12T09:20:00.000Z",
    "on_expiry": "release",
    "status": "open",
    "charged": null,
    "ended_at": null
}"#;

const HOLDS: &str = r#"{
    "holds": [
        {
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "amount": "0.50",
            "operation": "chat.tokens",
            "placed_at": "2025-09-12T09:15:00.000Z",
            "expires_at": "2025-09-12T09:20:00.000Z",
            "on_expiry": "release",
            "status": "open",
            "charged": null,
            "ended_at": null
        }
    ],
    "next": null
}"#;

const SETTLE_BODY: &str = r#"{
    "amount": "0.31"
}"#;

const SETTLED: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "0.50",
    "operation": "chat.tokens",
    "placed_at": "2025-09-12T09:15:00.000Z",
    "expires_at": "2025-09-12T09:20:00.000Z",
    "on_expiry": "release",
    "status": "settled",
    "charged": "0.31",
    "ended_at": "2025-09-12T09:15:09.120Z"
}"#;

const NOTHING: &str = r#"{}"#;

const RELEASED: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "0.50",
    "operation": "chat.tokens",
    "placed_at": "2025-09-12T09:15:00.000Z",
    "expires_at": "2025-09-12T09:20:00.000Z",
    "on_expiry": "release",
    "status": "released",
    "charged": "0.00",
    "ended_at": "2025-09-12T09:15:09.120Z"
}"#;

const EXTEND_BODY: &str = r#"{
    "expires_in": 600
}"#;
