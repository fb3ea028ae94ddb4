//! What a proxy asks in headers, and in whose name.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use ledger::{Refusal, TokenId};

use super::answer::Denied;
use super::asked::{Asked, in_key_header, prove};
use crate::app::{App, Call, Error};
use crate::http::{Incoming, Presented};

/// By which a proxy proves itself where others reach the listener, too.
const GATE_TOKEN: &str = "x-gate-token";
/// The name of a check, from the proxy's own generator.
pub(super) const REQUEST_ID: &str = "x-gate-request-id";
/// Where the call came from, for counting failed authentications and for the journal.
const CLIENT: &str = "x-gate-client";

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

/// A call, as its check says through one of these doors.
pub(super) fn asked<'a>(app: &App, incoming: &'a Incoming, door: Door) -> Result<Asked<'a>, Denied> {
    let headers = &incoming.headers;
    let (method, path) = match door {
        Door::Nginx => (only(headers, "x-original-method")?, path(headers, "x-original-uri")?),
        Door::Forward => (only(headers, "x-forwarded-method")?, path(headers, "x-forwarded-uri")?),
        Door::Envoy => {
            let path = incoming.uri.path().strip_prefix("/gate/envoy").unwrap_or_default();
            (incoming.method.as_str(), if path.is_empty() { "/" } else { path })
        }
    };
    let id = request_id(headers)?;
    let call = Call { method, path, operation: None };
    let client = client(headers, incoming.peer);
    Ok(Asked { call, id, shown: shown(app, incoming), client, request_id: incoming.request_id })
}

/// The name of a check, if the proxy gives it one.
pub(super) fn request_id(headers: &HeaderMap) -> Result<Option<&str>, Denied> {
    if headers.contains_key(REQUEST_ID) { only(headers, REQUEST_ID).map(Some) } else { Ok(None) }
}

/// The path of a URI, without its query, in which there may be anything that a client wrote.
fn path<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Denied> {
    let uri = value(headers, name)?.as_bytes();
    let path = uri.split(|it| *it == b'?').next().unwrap_or_default();
    // The proxy has asked as it should.
    std::str::from_utf8(path).map_err(|_| Denied::of(Error::Refused(Refusal::PathNotNormal)))
}

pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Denied> {
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

/// The gate that asks.
pub(super) async fn proven(app: &App, incoming: &Incoming) -> Result<TokenId, Denied> {
    prove(app, only(&incoming.headers, GATE_TOKEN)?, GATE_TOKEN).await
}

/// What the call shows: in the header that the operator has named for it, or else in `Authorization`.
fn shown(app: &App, incoming: &Incoming) -> Presented {
    configured(app, &incoming.headers).map_or_else(|| incoming.presented(), in_key_header)
}

/// What the header holds that the operator has named for credentials.
fn configured<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    headers.get(app.settings().gate_key_header.as_deref()?)?.to_str().ok()
}

/// Where the call came from, as far as the proxy says so; or else `other`. Of two values one would be somebody else's.
pub(super) fn client(headers: &HeaderMap, other: IpAddr) -> IpAddr {
    only(headers, CLIENT).ok().and_then(|it| it.parse().ok()).unwrap_or(other)
}
