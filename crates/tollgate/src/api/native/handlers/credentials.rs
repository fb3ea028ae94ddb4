//! Credentials of accounts: secrets and auth tokens. `{account}` is an id, an api key or an auth id.

use axum::http::Method;
use axum::response::Response;
use ledger::CredentialId;

use super::{Segment, Segments, answer, caller, created, limited_to, ok, segment, segments};
use crate::api::Asked;
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{CredentialBody, CredentialRecord, CredentialsPage, RotationBody};
use crate::app::AddedCredential;
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Credentials",
        about: "What authenticates an account, in every dialect: its api secrets and its auth tokens, at most two of each kind that have no end set, and up to 20 of each that are restricted to less than the account may.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/accounts/{account}/credentials", "list_credentials", "List credentials")
                .about("Those that live, oldest first, without their texts. For the operator, the account itself and its primary account, as the next three.")
                .answers::<CredentialsPage<'_>>(200, "The credentials.", CREDENTIALS)
                .fails(&[Code::Closed]),
            Operation::new(Method::POST, "/api/v1/accounts/{account}/credentials", "add_credential", "Add a credential")
                .about("Adds an api secret, chosen or made here, or an auth token, perhaps one that may do less than its account: `limits`. Its text is shown in this answer and in its repeats under its key alone.")
                .takes::<CredentialBody>(CREDENTIAL_BODY)
                .answers::<CredentialRecord<'_>>(201, "The credential, with its text.", SHOWN)
                .fails(&[Code::Closed, Code::CredentialsMax, Code::SecretInUse]),
            Operation::new(Method::POST, "/api/v1/accounts/{account}/credentials/rotate", "rotate_credential", "Rotate a credential")
                .about("Adds one, and has all others of its kind end after the overlap, but for restricted ones. Its text is shown in this answer and in its repeats under its key alone.")
                .takes::<RotationBody>(ROTATION_BODY)
                .answers::<CredentialRecord<'_>>(201, "The new credential, with its text.", SHOWN)
                .fails(&[Code::Closed, Code::CredentialsMax]),
            Operation::new(Method::DELETE, "/api/v1/accounts/{account}/credentials/{credential}", "revoke_credential", "Revoke a credential")
                .about("It is dead when the answer comes. The last one of its kind that is not restricted stays.")
                .answers::<CredentialRecord<'_>>(200, "The credential that was revoked.", REVOKED)
                .fails(&[Code::Closed, Code::LastCredential]),
        ],
    }
}

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
        let CredentialBody { kind, text, limits } = CredentialBody::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let limits = limited_to(&app, limits).await?;
        let new = AddedCredential { account, kind, text, limits };
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
        let new = AddedCredential { account, kind, text: None, limits: None };
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

const CREDENTIALS: &str = r#"{
    "credentials": [
        {
            "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03",
            "kind": "secret",
            "created_at": "2025-09-12T09:14:07.201Z",
            "expires_at": null,
            "last_used_at": "2025-09-12T09:15:00.000Z",
            "limits": null
        }
    ]
}"#;

const CREDENTIAL_BODY: &str = r#"{
    "kind": "secret",
    "limits": {
        "amount_max": "50",
        "accounts": ["acc6111f", "bcc6222e"]
    }
}"#;

const SHOWN: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03",
    "kind": "secret",
    "created_at": "2025-09-12T09:14:07.201Z",
    "expires_at": null,
    "last_used_at": null,
    "limits": {
        "read_only": false,
        "amount_max": "50.00",
        "accounts": ["01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01", "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02"]
    },
    "secret": "c2VjcmV0LXNob3duLW9uY2U"
}"#;

const ROTATION_BODY: &str = r#"{
    "kind": "secret",
    "overlap_seconds": 3600
}"#;

const REVOKED: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03",
    "kind": "secret",
    "created_at": "2025-09-12T09:14:07.201Z",
    "expires_at": null,
    "limits": null,
    "revoked_at": "2025-09-12T09:20:00.000Z"
}"#;
