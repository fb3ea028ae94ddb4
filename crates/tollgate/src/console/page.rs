//! What all pages have: what is around them, and the headers that keep a browser from doing with them what it must not.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::Account;

use super::visit::Role;
use crate::app::Error;

/// Nothing from elsewhere, nothing inline, in nobody's frame. `same-origin` and not `no-referrer`, because a browser that names
/// no page names no origin with a form either.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
];

/// What is around a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// What the browser calls it.
    pub(super) title: String,
    /// Where the reader can go.
    pub(super) nav: Vec<Link>,
    /// Who is signed in.
    pub(super) who: Option<String>,
    /// What every form carries, so that nobody else can have made it.
    pub(super) form_token: String,
    /// What the key of every form begins with, so that each happens once.
    pub(super) once: String,
    /// What was just done.
    pub(super) notice: Option<String>,
    /// Where the figures of this page come from when they move.
    pub(super) live: Option<String>,
}

/// A way from here.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) text: &'static str,
    pub(super) href: String,
    pub(super) is_here: bool,
}

impl Link {
    pub(super) fn new(text: &'static str, href: impl Into<String>, here: &str) -> Self {
        let href = href.into();
        let is_here = href == here;
        Self { text, href, is_here }
    }
}

/// Where the first page of whoever is signed in is.
pub(super) fn home(role: &Role) -> String {
    match role {
        Role::Operator => "/console/primaries".to_owned(),
        Role::Partner(account) => format!("/console/families/{}", account.api_key),
        Role::Customer(account) => format!("/console/accounts/{}", account.api_key),
    }
}

/// Where whoever is signed in can go.
pub(super) fn nav(role: &Role, here: &str) -> Vec<Link> {
    let of = |account: &Account, what: &str| format!("/console/accounts/{}{what}", account.api_key);
    match role {
        Role::Operator => vec![
            Link::new("Primary accounts", home(role), here),
            Link::new("Price plans", "/console/prices", here),
            Link::new("Numbers", "/console/numbers", here),
            Link::new("Tokens", "/console/tokens", here),
            Link::new("Health", "/console/health", here),
        ],
        Role::Partner(own) => {
            vec![Link::new("Family", home(role), here), Link::new("Own account", of(own, ""), here)]
        }
        Role::Customer(own) => vec![Link::new("Account", of(own, ""), here)],
    }
}

/// A page.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Result<Response, Error> {
    let body = page.render().map_err(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a page cannot be rendered");
        Error::Fault
    })?;
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((status, headers, body).into_response())
}

/// A page that all is well with.
pub(super) fn ok(it: &impl Template) -> Result<Response, Error> {
    page(StatusCode::OK, it)
}

/// To another page, which is asked for by GET.
pub(super) fn see_other(path: &str) -> Response {
    // Whatever is no header's value is no path that we made.
    let path = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/console"));
    let headers = [(LOCATION, path), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What did not come off, and what to do next.
#[derive(Template)]
#[template(path = "console/sorry.html")]
struct Sorry<'a> {
    frame: Frame,
    heading: &'a str,
    words: &'a str,
}

/// A page that says why there is no other.
pub(super) fn sorry(frame: Frame, status: StatusCode, heading: &str, words: &str) -> Response {
    let frame = Frame { title: heading.to_owned(), live: None, ..frame };
    let shown = page(status, &Sorry { frame, heading, words });
    shown.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The same to somebody of whom nothing is known.
pub(super) fn bare(status: StatusCode, heading: &str, words: &str) -> Response {
    sorry(Frame::default(), status, heading, words)
}
