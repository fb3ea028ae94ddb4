//! Credentials of accounts: secrets and auth tokens. `{account}` is an id, an api key or an auth id.

use axum::response::Response;
use ledger::CredentialId;

use super::{Segment, Segments, answer, caller, created, ok, segment, segments};
use crate::api::Asked;
use crate::api::native::wire::{CredentialBody, CredentialRecord, CredentialsPage, RotationBody};
use crate::app::AddedCredential;
use crate::http::Incoming;

/// `GET /api/v1/accounts/{account}/credentials`: those that live, oldest first.
pub(in super::super) async fn list(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let account = app.named(segment(&name)).await?;
        ok(&CredentialsPage::new(&app.credentials(by, account).await?))
    })
    .await
}

/// `POST /api/v1/accounts/{account}/credentials`: adds one; its text is shown in this answer and in its repeats alone.
pub(in super::super) async fn add(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let CredentialBody { kind, text } = CredentialBody::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let new = AddedCredential { account, kind, text };
        let (credential, text) = app.add_credential(by, incoming.once(&app), new).await?;
        created(&CredentialRecord::showing(&credential, &text))
    })
    .await
}

/// `POST /api/v1/accounts/{account}/credentials/rotate`: adds one, and has all others of its kind end after the
/// overlap; its text is shown in this answer and in its repeats alone.
pub(in super::super) async fn rotate(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let RotationBody { kind, overlap_ms } = RotationBody::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let new = AddedCredential { account, kind, text: None };
        let (credential, text) = app.rotate_credential(by, incoming.once(&app), new, overlap_ms).await?;
        created(&CredentialRecord::showing(&credential, &text))
    })
    .await
}

/// `DELETE /api/v1/accounts/{account}/credentials/{credential}`: revokes one, which is dead when the answer comes; the
/// answer is the credential.
pub(in super::super) async fn revoke(Asked(app): Asked, path: Segments, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let (name, credential) = segments(&path);
        // What is no id names no credential.
        let credential = credential.parse().unwrap_or(CredentialId::from_bytes([0; 16]));
        let account = app.named(name).await?;
        let (credential, at) = app.revoke_credential(by, incoming.once(&app), account, credential).await?;
        ok(&CredentialRecord::revoked(&credential, at))
    })
    .await
}
