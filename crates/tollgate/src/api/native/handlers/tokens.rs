//! Operator and gate tokens.

use axum::response::Response;
use ledger::TokenId;

use super::{Segment, answer, caller, created, ok, segment};
use crate::api::Asked;
use crate::api::native::wire::{TokenBody, TokenRecord, TokensPage};
use crate::http::Incoming;

/// `POST /api/v1/tokens`: makes a token; its text is shown in this answer and in its repeats alone.
pub(in super::super) async fn make(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let TokenBody { scope } = TokenBody::read(&incoming)?;
        let (token, text) = app.make_token(by, incoming.once(&app), scope).await?;
        created(&TokenRecord::new(&token).showing(&text))
    })
    .await
}

/// `GET /api/v1/tokens`: all of them, the revoked ones too; the one that the server was started with is stored nowhere
/// and not among them.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        ok(&TokensPage::new(&app.tokens(by).await?))
    })
    .await
}

/// `DELETE /api/v1/tokens/{id}`: revokes a token, which is dead when the answer comes; the answer is the token.
pub(in super::super) async fn revoke(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        // What is no id names no token; the environment's is none that could be revoked.
        let token = segment(&id).parse().unwrap_or(TokenId::ENVIRONMENT);
        let token = app.revoke_token(by, incoming.once(&app), token).await?;
        ok(&TokenRecord::new(&token))
    })
    .await
}
