//! One function for each route: it says who asks, reads what they ask, has the use case do it, and renders the record.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod batches;
pub(super) mod charges;
pub(super) mod credentials;
pub(super) mod docs;
pub(super) mod drills;
pub(super) mod events;
pub(super) mod health;
pub(super) mod holds;
pub(super) mod numbers;
pub(super) mod prices;
pub(super) mod tokens;
pub(super) mod usage;
pub(super) mod webhooks;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{Actor, Limits};
use serde::Serialize;

use super::error::Failure;
use super::openapi::Group;
use super::wire::LimitsBody;
use crate::app::{App, Error};
use crate::http::{Incoming, Presented};

/// How all routes are described, a group for each noun, in the order in which they are read.
pub(super) fn described() -> Vec<Group> {
    vec![
        accounts::described(),
        credentials::described(),
        charges::described(),
        batches::described(),
        holds::described(),
        usage::described(),
        events::described(),
        webhooks::described(),
        prices::described(),
        numbers::described(),
        tokens::described(),
        audit::described(),
        drills::described(),
        health::described(),
        docs::described(),
    ]
}

/// The parameter of a path. One that is not UTF-8 names nothing.
type Segment = Result<Path<String>, PathRejection>;
/// Both parameters of a path that has two.
type Segments = Result<Path<(String, String)>, PathRejection>;

fn segment(segment: &Segment) -> &str {
    segment.as_ref().map_or("", |it| it)
}

fn segments(segments: &Segments) -> (&str, &str) {
    segments.as_ref().map_or(("", ""), |Path((first, second))| (first, second))
}

/// The answer that a handler came to, or the problem.
async fn answer(incoming: &Incoming, work: impl Future<Output = Result<Response, Failure>>) -> Response {
    match work.await {
        Ok(response) => response,
        Err(failure) => failure.problem().response(incoming),
    }
}

/// Who asks. Operators and gates come with a token, accounts with a name and a secret; what each may do, the ledger
/// says.
async fn caller(app: &App, incoming: &Incoming) -> Result<Actor, Error> {
    match incoming.presented() {
        Presented::Bearer(token) => Ok(app.auth().bearer(&token).await?),
        Presented::Basic { name, secret } => Ok(app.auth().basic(&name, &secret, incoming.peer).await?),
        Presented::Nothing | Presented::Malformed => Err(Error::Unauthenticated),
    }
}

/// What a key is to be limited to, its accounts by whatever they are called. One that there is not the ledger refuses.
async fn limited_to(app: &App, limits: Option<LimitsBody>) -> Result<Option<Limits>, Error> {
    let Some(LimitsBody { is_read_only, amount_max, accounts }) = limits else { return Ok(None) };
    let accounts = match accounts {
        None => None,
        Some(names) => {
            let mut accounts = Vec::with_capacity(names.len());
            for name in names {
                accounts.push(app.named(&name).await?);
            }
            Some(accounts)
        }
    };
    // What the body may say always is a limit.
    Limits::new(is_read_only, amount_max, accounts).map(Some).ok_or(Error::Fault)
}

fn ok(record: &impl Serialize) -> Result<Response, Failure> {
    json(StatusCode::OK, record)
}

fn created(record: &impl Serialize) -> Result<Response, Failure> {
    json(StatusCode::CREATED, record)
}

fn json(status: StatusCode, record: &impl Serialize) -> Result<Response, Failure> {
    // A charge's answer fits, so that the buffer does not grow.
    let mut body = Vec::with_capacity(512);
    serde_json::to_writer(&mut body, record).map_err(|_| Error::Fault)?;
    let kind = HeaderValue::from_static("application/json");
    Ok((status, [(CONTENT_TYPE, kind)], body).into_response())
}
