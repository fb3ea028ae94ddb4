//! Whether the process lives, and whether its store takes writes. Without credentials.

use axum::http::Method;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::{answer, ok};
use crate::api::Asked;
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};
use crate::app::Error;
use crate::http::Incoming;

/// How the process is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// That it lives, or that its store takes writes.
    #[schemars(extend("enum" = ["alive", "ready"]))]
    status: &'static str,
}

pub(in super::super) fn described() -> Group {
    Group {
        name: "Health",
        about: "Whether the process lives, and whether its store takes writes; for whatever watches over it.",
        operations: vec![
            Operation::new(Method::GET, "/healthz", "healthz", "Does the process live")
                .about("It does as long as this is answered.")
                .answers::<Health>(200, "It does.", ALIVE),
            Operation::new(Method::GET, "/readyz", "readyz", "Does the store take writes")
                .about("As long as it does, this is 200.")
                .answers::<Health>(200, "It does.", READY)
                .fails(&[Code::Unavailable]),
        ],
    }
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

const ALIVE: &str = r#"{
    "status": "alive"
}"#;

const READY: &str = r#"{
    "status": "ready"
}"#;
