//! Drills: what a proxy does when its check has no answer.

use axum::http::Method;
use axum::response::Response;

use super::{answer, caller, created};
use crate::api::Asked;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{DrillRecord, Nothing, read_nothing};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Drills",
        about: "What a proxy does when its check at the gate has no answer. `tollgate doctor` makes them.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/drills", "make_drill", "Make a drill")
                .about("Makes credentials of nobody, good for a minute. Whatever call comes with them, its check gets no answer, so that it must not pass.")
                .without_key()
                .may_take::<Nothing>(NOTHING)
                .answers::<DrillRecord<'_>>(201, "The drill.", DRILL),
        ],
    }
}

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

const NOTHING: &str = r#"{}"#;

const DRILL: &str = r#"{
    "name": "drill",
    "secret": "ZHJpbGwtc2VjcmV0",
    "expires_at": "2025-09-12T09:16:00.000Z"
}"#;
