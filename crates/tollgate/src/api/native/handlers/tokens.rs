//! Operator and gate tokens.

use axum::http::Method;
use axum::response::Response;
use ledger::TokenId;

use super::{Segment, answer, caller, created, limited_to, ok, segment};
use crate::api::Asked;
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{TokenBody, TokenRecord, TokensPage, TokensQuery};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Tokens",
        about: "What the operator and the gates call with.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/tokens", "make_token", "Make a token")
                .about("Makes one that may do all that its scope may, or less: `limits`. Its text is shown in this answer and in its repeats under its key alone. Where several nodes serve one database, all of them know it within `in_force_within_ms`.")
                .takes::<TokenBody>(TOKEN_BODY)
                .answers::<TokenRecord<'_>>(201, "The token, with its text.", SHOWN)
                // An account of its limits.
                .fails(&[Code::NotFound]),
            Operation::new(Method::GET, "/api/v1/tokens", "list_tokens", "List tokens")
                .about("All tokens, oldest first, the revoked ones too. The one that the server was started with is stored nowhere and not among them.")
                .query::<TokensQuery>()
                .answers::<TokensPage<'_>>(200, "A page of tokens.", TOKENS),
            Operation::new(Method::DELETE, "/api/v1/tokens/{id}", "revoke_token", "Revoke a token")
                .about("It is dead when the answer comes; where several nodes serve one database, on all of them within `in_force_within_ms`.")
                .answers::<TokenRecord<'_>>(200, "The token that was revoked.", REVOKED),
        ],
    }
}

/// `POST /api/v1/tokens`: makes a token; its text is shown in this answer and in its repeats alone.
pub(in super::super) async fn make(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let TokenBody { scope, limits } = TokenBody::read(&incoming)?;
        let limits = limited_to(&app, limits).await?;
        let (token, text) = app.make_token(by, incoming.once(&app), scope, limits).await?;
        created(&TokenRecord::new(&token).showing(&text).in_force_within(app.tokens_in_force_within_ms()))
    })
    .await
}

/// `GET /api/v1/tokens`: all of them, the revoked ones too; the one that the server was started with is stored nowhere
/// and not among them.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let TokensQuery { filter, after, limit, .. } = TokensQuery::read(&incoming)?;
        let tokens = app.tokens(by, filter, after, limit.saturating_add(1)).await?;
        ok(&TokensPage::new(&tokens, limit))
    })
    .await
}

/// `DELETE /api/v1/tokens/{id}`: revokes a token, which is dead as soon as the answer says; the answer is the token.
pub(in super::super) async fn revoke(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        // What is no id names no token; the environment's is none that could be revoked.
        let token = segment(&id).parse().unwrap_or(TokenId::ENVIRONMENT);
        let token = app.revoke_token(by, incoming.once(&app), token).await?;
        ok(&TokenRecord::new(&token).in_force_within(app.tokens_in_force_within_ms()))
    })
    .await
}

const TOKEN_BODY: &str = r#"{
    "scope": "gate"
}"#;

const SHOWN: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04",
    "scope": "gate",
    "may_force": false,
    "created_at": "2025-09-12T09:14:07.201Z",
    "revoked_at": null,
    "limits": null,
    "token": "dG9rZW4tc2hvd24tb25jZS1pbi10aGlzLWFuc3dlcg",
    "in_force_within_ms": 0
}"#;

const TOKENS: &str = r#"{
    "tokens": [
        {
            "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04",
            "scope": "gate",
            "may_force": false,
            "created_at": "2025-09-12T09:14:07.201Z",
            "revoked_at": null,
            "limits": null
        }
    ],
    "next": null
}"#;

const REVOKED: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04",
    "scope": "gate",
    "may_force": false,
    "created_at": "2025-09-12T09:14:07.201Z",
    "revoked_at": "2025-09-12T09:20:00.000Z",
    "limits": null,
    "in_force_within_ms": 0
}"#;
