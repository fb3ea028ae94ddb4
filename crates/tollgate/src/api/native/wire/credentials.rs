//! Credentials of accounts: what adds and rotates them, and how they are shown.

use ledger::{Credential, CredentialId, CredentialKind, Timestamp, text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::super::error::Failure;
use super::limits::{LimitsBody, LimitsRecord};
use super::members::Members;
use super::schema::{WholeAsked, words};
use super::{Text, Time};
use crate::app::UsedCredential;
use crate::http::Incoming;

const KINDS: [(&str, CredentialKind); 2] =
    [("secret", CredentialKind::Secret), ("token", CredentialKind::Token)];
/// For how long the old ones live on when nothing is said: a day.
const OVERLAP_DEFAULT_S: i64 = 86_400;

/// `POST /api/v1/accounts/{account}/credentials`.
pub(in super::super) struct CredentialBody {
    pub(in super::super) kind: CredentialKind,
    /// A secret that a person chose.
    pub(in super::super) text: Option<String>,
    pub(in super::super) limits: Option<LimitsBody>,
}

impl JsonSchema for CredentialBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CredentialBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A new credential.",
            "type": "object",
            "properties": {
                "kind": {
                    "description": "An api secret, or an auth token.",
                    "type": "string",
                    "enum": words(&KINDS),
                },
                "secret": {
                    "description": "A secret of one's own choice: 8 to 25 characters, among them a lower-case letter, a capital and a \
                                    digit. When nothing is said, one is made with 120 random bits. An auth token is never chosen, \
                                    nor is a restricted secret.",
                    "type": ["string", "null"],
                    "minLength": 8,
                    "maxLength": 25,
                },
                "limits": {
                    "description": "What it is restricted to; when nothing is said, it may do all that its account may.",
                    "anyOf": [generator.subschema_for::<LimitsBody>(), { "type": "null" }],
                },
            },
            "required": ["kind"],
            "if": { "properties": { "kind": { "const": "token" } } },
            "then": { "properties": { "secret": { "type": "null" } } },
        })
    }
}

impl CredentialBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let kind = kind(&mut members);
        let text: Option<String> = members.text("secret").map(Into::into);
        if kind == Some(CredentialKind::Token) && text.is_some() {
            members.fault("secret", "must be left out for a token, which is made here and never chosen");
        } else if text.as_deref().is_some_and(|it| !text::is_secret(it)) {
            members.fault(
                "secret",
                "must have 8 to 25 characters, among them a lower-case letter, a capital and a digit",
            );
        }
        let limits = LimitsBody::read(&mut members);
        if limits.is_some() && text.is_some() {
            // Each that a person chose would make every wrong secret dearer to refuse.
            members.fault("secret", "must be left out with `limits`: a restricted secret is made here");
        }
        members.finish(kind.map(|kind| Self { kind, text, limits }))
    }
}

/// A new credential that takes the place of the others of its kind.
#[derive(JsonSchema)]
pub(in super::super) struct RotationBody {
    /// An api secret, or an auth token.
    #[schemars(with = "&'static str", extend("enum" = words(&KINDS)))]
    pub(in super::super) kind: CredentialKind,
    /// For how many seconds the others live on: 86400, a day, when nothing is said; 0 ends them at once.
    #[schemars(rename = "overlap_seconds", with = "Option<WholeAsked<0, 2_592_000>>")]
    pub(in super::super) overlap_ms: i64,
}

impl RotationBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let kind = kind(&mut members);
        let overlap_s = members.whole("overlap_seconds").unwrap_or(OVERLAP_DEFAULT_S);
        let overlap_ms = overlap_s.saturating_mul(1_000);
        members.finish(kind.map(|kind| Self { kind, overlap_ms }))
    }
}

fn kind(members: &mut Members<'_>) -> Option<CredentialKind> {
    members.required("kind", |members, name| members.one_of(name, &KINDS))
}

/// A credential.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct CredentialRecord<'a> {
    /// Its id, by which it is revoked.
    id: Text<CredentialId>,
    /// An api secret, or an auth token.
    #[schemars(extend("enum" = words(&KINDS)))]
    kind: &'static str,
    /// When it was added.
    created_at: Text<Time>,
    /// When it ends. Null unless another one takes its place.
    expires_at: Option<Text<Time>>,
    /// When it last authenticated a call, to the minute or so; null for never. Absent from one that was just revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Option<Text<Time>>>,
    /// When it was revoked; only in the answer to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Text<Time>>,
    /// What it is limited to; null for one that may do all that its account may.
    limits: Option<LimitsRecord>,
    /// The text of an api secret. Shown once: in the answer to what made it, and in that answer's repeats under its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    /// The text of an auth token, as `secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
}

impl<'a> CredentialRecord<'a> {
    pub(super) fn new(credential: &Credential) -> Self {
        Self {
            id: Text(credential.id),
            kind: match credential.kind {
                CredentialKind::Secret => "secret",
                CredentialKind::Token => "token",
            },
            created_at: Text(Time(credential.created_at)),
            expires_at: credential.expires_at.map(|it| Text(Time(it))),
            last_used_at: None,
            revoked_at: None,
            limits: credential.limits.as_deref().map(LimitsRecord::new),
            secret: None,
            auth_token: None,
        }
    }

    /// One that is new, with its text, which is shown once.
    pub(in super::super) fn showing(credential: &Credential, text: &'a str) -> Self {
        let record = Self { last_used_at: Some(None), ..Self::new(credential) };
        match credential.kind {
            CredentialKind::Secret => Self { secret: Some(text), ..record },
            CredentialKind::Token => Self { auth_token: Some(text), ..record },
        }
    }

    /// One that is dead since `at`.
    pub(in super::super) fn revoked(credential: &Credential, at: Timestamp) -> Self {
        Self { revoked_at: Some(Text(Time(at))), ..Self::new(credential) }
    }

    fn used(used: &UsedCredential) -> Self {
        let last_used_at = Some(used.used_at.map(|it| Text(Time(it))));
        Self { last_used_at, ..Self::new(&used.credential) }
    }
}

/// The live credentials of an account, oldest first.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct CredentialsPage<'a> {
    /// The credentials.
    credentials: Vec<CredentialRecord<'a>>,
}

impl CredentialsPage<'_> {
    pub(in super::super) fn new(credentials: &[UsedCredential]) -> Self {
        Self { credentials: credentials.iter().map(CredentialRecord::used).collect() }
    }
}
