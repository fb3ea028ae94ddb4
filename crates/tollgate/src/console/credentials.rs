//! The credentials of an account: which there are, another one in place of one or beside it, and the end of one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::text::is_secret;
use ledger::{CredentialId, CredentialKind};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Time;
use super::visit::Visit;
use super::{limits, words};
use crate::app::{AddedCredential, Error, UsedCredential};

#[derive(Template)]
#[template(path = "console/credentials.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
    is_token: bool,
    problem: Option<String>,
}

struct Row {
    id: String,
    kind: &'static str,
    made: Time,
    used: Option<Time>,
    ends: Option<Time>,
    /// What it may do at most; empty where that is all that its account may.
    limits: String,
}

#[derive(Template)]
#[template(path = "console/credential.html")]
struct MadePage {
    frame: Frame,
    tabs: Tabs,
    kind: &'static str,
    text: String,
    /// In how many hours the others of its kind end, if they do.
    hours: Option<i64>,
    limits: String,
}

const fn word(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Secret => "secret",
        CredentialKind::Token => "auth token",
    }
}

/// `GET /console/accounts/{account}/credentials`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit.answer(async { page_of(&visit, &name, None).await }).await
}

async fn page_of(visit: &Visit, name: &Segment, problem: Option<String>) -> Result<Response, Error> {
    let id = visit.app.named(segment(name)).await?;
    let tabs = Tabs::of(visit, id).await?;
    let used = visit.app.credentials(visit.by, id).await?;
    let all: Vec<_> = used.iter().map(|it| it.credential.limits.as_deref()).collect();
    let said = limits::said(visit, &all).await?;
    let rows = used.into_iter().zip(said).map(|(it, limits)| row(it, limits)).collect();
    let frame = visit.frame(format!("Credentials of {}", tabs.it.account.name));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let is_token = visit.form.text("kind") == "token";
    page::page(status, &Page { frame, tabs, rows, is_token, problem })
}

fn row(used: UsedCredential, limits: String) -> Row {
    let UsedCredential { credential, used_at } = used;
    Row {
        id: credential.id.to_string(),
        kind: word(credential.kind),
        made: Time(credential.created_at),
        used: used_at.map(Time),
        ends: credential.expires_at.map(Time),
        limits,
    }
}

fn kind(visit: &Visit) -> CredentialKind {
    match visit.form.text("kind") {
        "token" => CredentialKind::Token,
        _ => CredentialKind::Secret,
    }
}

/// `POST /console/accounts/{account}/credentials`: another one beside those that there are, perhaps one that may do less.
pub(super) async fn add(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let kind = kind(&visit);
            let text = Some(visit.form.exact("text")).filter(|it| !it.is_empty()).map(str::to_owned);
            if text.is_some() && kind == CredentialKind::Token {
                return page_of(&visit, &name, Some(NO_OWN_TOKEN.to_owned())).await;
            }
            if text.as_deref().is_some_and(|it| !is_secret(it)) {
                return page_of(&visit, &name, Some(NO_SECRET.to_owned())).await;
            }
            let limits = match limits::read(&visit).await? {
                Ok(limits) => limits,
                Err(problem) => return page_of(&visit, &name, Some(problem)).await,
            };
            let new = AddedCredential { account: id, kind, text, limits };
            match visit.app.add_credential(visit.by, visit.once(), new).await {
                Ok((credential, text)) => {
                    let said = limits::said(&visit, &[credential.limits.as_deref()]).await?;
                    let limits = said.into_iter().next().unwrap_or_default();
                    let frame = visit.frame("A new credential");
                    page::ok(&MadePage { frame, tabs, kind: word(kind), text, hours: None, limits })
                }
                Err(Error::Refused(refusal)) => {
                    page_of(&visit, &name, Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

const NO_SECRET: &str = "A secret of your own must have 8 to 25 characters, among them a lower-case letter, a capital and a digit.";
const NO_OWN_TOKEN: &str = "An auth token is always made here. Leave the text empty, or add a secret.";

/// `POST /console/accounts/{account}/credentials/rotate`: another one, and the end of the others after some hours.
pub(super) async fn rotate(name: Segment, visit: Visit) -> Response {
    const HOUR_MS: i64 = 3_600 * 1_000;
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let kind = kind(&visit);
            let hours: i64 = visit.form.text("hours").parse().unwrap_or(-1);
            let new = AddedCredential { account: id, kind, text: None, limits: None };
            let overlap_ms = hours.saturating_mul(HOUR_MS);
            let (_, text) = visit.app.rotate_credential(visit.by, visit.once(), new, overlap_ms).await?;
            let frame = visit.frame("A new credential");
            let limits = String::new();
            page::ok(&MadePage { frame, tabs, kind: word(kind), text, hours: Some(hours), limits })
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
