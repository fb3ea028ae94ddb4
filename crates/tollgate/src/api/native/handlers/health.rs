//! Whether the process lives, and whether its store takes writes. Without credentials.

use axum::response::Response;
use serde::Serialize;

use super::{answer, ok};
use crate::api::Asked;
use crate::app::Error;
use crate::http::Incoming;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// `GET /healthz`: 200 while the process lives.
pub(in super::super) async fn healthz(incoming: Incoming) -> Response {
    answer(&incoming, async { ok(&Health { status: "alive" }) }).await
}

/// `GET /readyz`: 200 while the store takes writes, else 503.
pub(in super::super) async fn readyz(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        if app.takes_writes() { ok(&Health { status: "ready" }) } else { Err(Error::Unavailable.into()) }
    })
    .await
}
