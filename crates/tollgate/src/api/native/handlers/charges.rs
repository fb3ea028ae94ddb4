//! Charges and their reversals: what a gate does.

use axum::response::Response;
use ledger::LineId;

use super::{Segment, answer, caller, created, segment};
use crate::api::Asked;
use crate::api::native::wire::{ChargeBody, ChargeRecord, ReversalBody, ReversalRecord};
use crate::app::NewCharge;
use crate::http::Incoming;

/// `POST /api/v1/charges`: takes an amount for a call that happens now or, with `force`, that happened already.
pub(in super::super) async fn charge(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let ChargeBody { account, amount, operation, units, reference, force } = ChargeBody::read(&incoming)?;
        let account = app.named(&account).await?;
        let new = NewCharge { account, amount, operation, units, reference, force };
        let line = app.charge(by, incoming.once(&app), new).await?;
        created(&ChargeRecord::new(&by, &line))
    })
    .await
}

/// `POST /api/v1/charges/{id}/reverse`: gives back a part of a charge or, when no amount is said, the rest of it.
pub(in super::super) async fn reverse(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let ReversalBody { amount, reference } = ReversalBody::read(&incoming)?;
        let charge = segment(&id).parse().unwrap_or(LineId::from_bytes([0; 16]));
        let line = app.reverse(by, incoming.once(&app), charge, amount, reference).await?;
        created(&ReversalRecord::new(&by, &line))
    })
    .await
}
