//! Drills: what a proxy does when its check has no answer.

use axum::response::Response;

use super::{answer, caller, created};
use crate::api::Asked;
use crate::api::native::wire::{DrillRecord, read_nothing};
use crate::http::Incoming;

/// `POST /api/v1/drills`: makes credentials of nobody, good for a minute. Whatever call comes with them, its check gets no
/// answer, so that it must not pass.
pub(in super::super) async fn make(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        read_nothing(&incoming)?;
        created(&DrillRecord::new(&app.drill(by).await?))
    })
    .await
}
