//! The credentials of an account: which there are, another one in place of one, and the end of one.

use askama::Template;
use axum::response::Response;
use ledger::{CredentialId, CredentialKind};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Time;
use super::visit::Visit;
use crate::app::{AddedCredential, Error, UsedCredential};

#[derive(Template)]
#[template(path = "console/credentials.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    kind: &'static str,
    made: Time,
    used: Option<Time>,
    ends: Option<Time>,
    is_restricted: bool,
}

#[derive(Template)]
#[template(path = "console/credential.html")]
struct MadePage {
    frame: Frame,
    tabs: Tabs,
    kind: &'static str,
    text: String,
    hours: i64,
}

const fn word(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Secret => "secret",
        CredentialKind::Token => "auth token",
    }
}

/// `GET /console/accounts/{account}/credentials`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let rows = visit.app.credentials(visit.by, id).await?.into_iter().map(row).collect();
            let frame = visit.frame(format!("Credentials of {}", tabs.it.account.name));
            page::ok(&Page { frame, tabs, rows })
        })
        .await
}

fn row(used: UsedCredential) -> Row {
    let UsedCredential { credential, used_at } = used;
    Row {
        id: credential.id.to_string(),
        kind: word(credential.kind),
        made: Time(credential.created_at),
        used: used_at.map(Time),
        ends: credential.expires_at.map(Time),
        is_restricted: credential.limits.is_some(),
    }
}

/// `POST /console/accounts/{account}/credentials/rotate`: another one, and the end of the others after some hours.
pub(super) async fn rotate(name: Segment, visit: Visit) -> Response {
    const HOUR_MS: i64 = 3_600 * 1_000;
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let kind = match visit.form.text("kind") {
                "token" => CredentialKind::Token,
                _ => CredentialKind::Secret,
            };
            let hours: i64 = visit.form.text("hours").parse().unwrap_or(-1);
            let new = AddedCredential { account: id, kind, text: None, limits: None };
            let overlap_ms = hours.saturating_mul(HOUR_MS);
            let (_, text) = visit.app.rotate_credential(visit.by, visit.once(), new, overlap_ms).await?;
            let frame = visit.frame("A new credential");
            page::ok(&MadePage { frame, tabs, kind: word(kind), text, hours })
        })
        .await
}

/// `POST /console/accounts/{account}/credentials/revoke`: it is dead when this is answered.
pub(super) async fn revoke(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let key = visit.app.account(visit.by, id).await?.account.api_key;
            let credential: Option<CredentialId> = visit.form.text("credential").parse().ok();
            let credential = credential.ok_or(Error::Refused(ledger::Refusal::CredentialNotFound))?;
            visit.app.revoke_credential(visit.by, visit.once(), id, credential).await?;
            let notice = "The credential is revoked: nobody gets in with it any more.";
            Ok(visit.done(&format!("/console/accounts/{key}/credentials"), notice))
        })
        .await
}
