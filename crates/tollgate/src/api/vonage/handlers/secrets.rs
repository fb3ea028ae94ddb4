//! The secrets of an account, for itself and for its primary.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::{AccountId, Actor, Credential, CredentialId, CredentialKind, Refusal};

use super::{Call, named};
use crate::api::Asked;
use crate::api::vonage::error::{About, Problem};
use crate::api::vonage::wire::{Fields, Secret, SecretList};
use crate::app::{AddedCredential, App, Error};

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (_, _, credentials) = held(&app, &call).await?;
    let secrets = credentials.iter().filter(|it| it.kind == CredentialKind::Secret);
    Ok(Json(SecretList::of(secrets, call.api_key())).into_response())
}

pub(in super::super) async fn create(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, account, _) = held(&app, &call).await?;
    let secret = call.body(about(&call), Fields::new_secret)?;
    let new = AddedCredential { account, kind: CredentialKind::Secret, text: Some(secret), limits: None };
    let added = app.add_credential(by, call.once(&app), new).await;
    let (added, _) = added.map_err(call.says(about(&call)))?;
    Ok((StatusCode::CREATED, Json(Secret::of(&added, call.api_key()))).into_response())
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (_, _, credentials) = held(&app, &call).await?;
    let id = call.item().parse().ok();
    let found = credentials.iter().find(|it| Some(it.id) == id && it.kind == CredentialKind::Secret);
    let found = found.ok_or_else(|| call.says(about(&call))(Refusal::CredentialNotFound.into()))?;
    Ok(Json(Secret::of(found, call.api_key())).into_response())
}

pub(in super::super) async fn revoke(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, account, credentials) = held(&app, &call).await?;
    // One that is not there may be gone by this very request, sent before under the same key: the ledger knows.
    let is_token =
        |id: &CredentialId| credentials.iter().any(|it| it.id == *id && it.kind == CredentialKind::Token);
    let revoked = async {
        let id = call.item().parse().ok().filter(|it| !is_token(it)).ok_or(Refusal::CredentialNotFound)?;
        app.revoke_credential(by, call.once(&app), account, id).await
    };
    revoked.await.map_err(call.says(about(&call)))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn about(call: &Call) -> About<'_> {
    About::Secrets { api_key: call.api_key(), id: call.item() }
}

/// Who calls, the account whose key is in the path, and what it holds, if the caller may see that.
async fn held(app: &App, call: &Call) -> Result<(Actor, AccountId, Vec<Credential>), Problem> {
    let held = async {
        let by = call.caller(app).await?;
        let account = named(app, call.api_key()).await?;
        let credentials = app.credentials(by, account).await?;
        Ok::<_, Error>((by, account, credentials.into_iter().map(|it| it.credential).collect()))
    };
    held.await.map_err(call.says(about(call)))
}
