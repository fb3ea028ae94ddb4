//! Holds: an amount is set aside before a call whose price is known only after it.

use axum::response::Response;
use ledger::LineId;

use super::{Segment, answer, caller, created, ok, segment};
use crate::api::Asked;
use crate::api::native::wire::{
    ExtendBody, HoldBody, HoldRecord, HoldsPage, HoldsQuery, SettleBody, read_nothing,
};
use crate::app::NewHold;
use crate::http::Incoming;

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
