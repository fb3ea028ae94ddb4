//! What a proxy asks, and in whose name.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ledger::{Actor, Refusal};

use super::answer::Denied;
use crate::app::{App, Error};
use crate::http::{Incoming, Presented};

/// By which a proxy proves itself where others reach the listener, too.
const GATE_TOKEN: HeaderName = HeaderName::from_static("x-gate-token");
/// The name of a check, from the proxy's own generator.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-gate-request-id");
/// Where the call came from, for counting failed authentications and for the journal.
const CLIENT: HeaderName = HeaderName::from_static("x-gate-client");

/// Where a kind of proxy puts the method and the path of the call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Door {
    /// `X-Original-Method` and `X-Original-URI`.
    Nginx,
    /// `X-Forwarded-Method` and `X-Forwarded-Uri`: Caddy, Traefik, APISIX.
    Forward,
    /// The request line itself, behind `/gate/envoy`.
    Envoy,
}

/// A call that is to be checked.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Without its query.
    pub(super) path: &'a str,
    pub(super) id: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(incoming: &'a Incoming, door: Door) -> Result<Self, Denied> {
        let headers = &incoming.headers;
        let (method, path) = match door {
            Door::Nginx => (only(headers, "x-original-method")?, path(headers, "x-original-uri")?),
            Door::Forward => (only(headers, "x-forwarded-method")?, path(headers, "x-forwarded-uri")?),
            Door::Envoy => {
                let path = incoming.uri.path().strip_prefix("/gate/envoy").unwrap_or_default();
                (incoming.method.as_str(), if path.is_empty() { "/" } else { path })
            }
        };
        let id = match headers.contains_key(&REQUEST_ID) {
            true => Some(only(headers, REQUEST_ID.as_str())?),
            false => None,
        };
        Ok(Self { method, path, id })
    }
}

/// The path of a URI, without its query, in which there may be anything that a client wrote.
fn path<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Denied> {
    let uri = value(headers, name)?.as_bytes();
    let path = uri.split(|it| *it == b'?').next().unwrap_or_default();
    // The proxy has asked as it should.
    std::str::from_utf8(path).map_err(|_| Denied::of(Error::Refused(Refusal::PathNotNormal)))
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Denied> {
    let text = value(headers, name)?.to_str();
    text.map_err(|_| Denied::misconfigured(format!("{name} is no text")))
}

/// The one value of a header that the proxy must set. Two of them would be the proxy's and somebody else's.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a HeaderValue, Denied> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        (Some(_), Some(_)) => {
            Err(Denied::misconfigured(format!("{name} is there twice: set it, and nothing beside it")))
        }
        (Some(_), None) => Err(Denied::misconfigured(format!("{name} is empty"))),
        (None, _) => {
            Err(Denied::misconfigured(format!("{name} is missing: the proxy must set it in the check")))
        }
    }
}

/// Whether it is a gate that asks.
pub(super) fn prove(app: &App, incoming: &Incoming) -> Result<(), Denied> {
    let token = only(&incoming.headers, GATE_TOKEN.as_str())?;
    match app.auth().bearer(token) {
        Ok(Actor::Gate(_)) => Ok(()),
        Ok(Actor::Operator(_) | Actor::Account { .. } | Actor::Server) => {
            Err(Denied::misconfigured("x-gate-token must be a gate token: make one with POST /api/v1/tokens"))
        }
        Err(_) => Err(Denied::misconfigured("x-gate-token is wrong or was revoked")),
    }
}

/// What the call shows: in the header that the operator has named for it, or else in `Authorization`.
pub(super) fn shown(app: &App, incoming: &Incoming) -> Presented {
    match configured(app, &incoming.headers).map(|it| (it, it.split_once(':'))) {
        Some((_, Some((name, secret)))) => {
            Presented::Basic { name: name.to_owned(), secret: secret.to_owned() }
        }
        Some((token, None)) => Presented::Bearer(token.to_owned()),
        None => incoming.presented(),
    }
}

/// Whether the operator wants to see what the proxy does when this check has no answer.
pub(super) fn is_drill(app: &App, shown: &Presented) -> bool {
    matches!(shown, Presented::Basic { name, secret } if app.is_drill(name, secret))
}

/// In whose name the call is made.
pub(super) async fn caller(app: &App, incoming: &Incoming, shown: &Presented) -> Result<Actor, Denied> {
    let from = client(incoming);
    let auth = app.auth();
    let by = match shown {
        Presented::Basic { name, secret } => auth.basic(name, secret, from).await,
        Presented::Bearer(token) => auth.text(token).await,
        Presented::Nothing | Presented::Malformed => return Err(Denied::of(Error::Unauthenticated)),
    };
    by.map_err(|it| Denied::of(it.into()))
}

/// What the header holds that the operator has named for credentials.
fn configured<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    headers.get(app.settings().gate_key_header.as_deref()?)?.to_str().ok()
}

/// Where the call came from, as far as the proxy says so; or else the proxy. Of two values one would be somebody else's.
pub(super) fn client(incoming: &Incoming) -> IpAddr {
    let said = only(&incoming.headers, CLIENT.as_str()).ok();
    said.and_then(|it| it.parse().ok()).unwrap_or(incoming.peer)
}
