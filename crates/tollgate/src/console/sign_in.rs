//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use ledger::Actor;

use super::page::{self, Frame, home as home_of};
use super::session::new_name;
use super::visit::{
    FORM_TOKEN, Form, SESSION, Visit, cookie, forged, form_of, is_of_this_place, session_of, too_much,
};
use super::{Console, words};
use crate::app::{App, Error};
use crate::http::{Encrypted, Incoming};

/// The cookie of whoever is about to sign in, which the form's token is bound to.
const VISITOR: &str = "tollgate_visitor";

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct Page {
    frame: Frame,
    next: String,
    name: String,
    is_operator: bool,
    problem: Option<String>,
}

/// Whether the browser speaks to us, or to the proxy before us, over TLS. Who says so falsely only loses his own cookie.
pub(super) struct Secure(bool);

impl<S: Sync> axum::extract::FromRequestParts<S> for Secure {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        let by_proxy = parts.headers.get("x-forwarded-proto").is_some_and(|it| it == "https");
        Ok(Self(by_proxy || parts.extensions.get::<Encrypted>().is_some()))
    }
}

impl Secure {
    /// A cookie that no script reads and no other place sends; it goes with the browser.
    fn cookie(&self, name: &str, value: &str) -> HeaderValue {
        let secure = if self.0 { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/console; HttpOnly; SameSite=Strict{secure}");
        // What we name things by is all of characters that a header takes.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    fn no_cookie(&self, name: &str) -> HeaderValue {
        let secure = if self.0 { "; Secure" } else { "" };
        let text = format!("{name}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// `GET /console/sign-in`.
pub(super) async fn form(State(console): State<Console>, secure: Secure, incoming: Incoming) -> Response {
    if session_of(&console, &incoming.headers).is_some() {
        return page::see_other("/console");
    }
    let query = Form::read(incoming.uri.query().unwrap_or("").as_bytes());
    let is_ended = incoming.uri.query().is_some_and(|it| it.starts_with("ended"));
    let notice = is_ended.then(|| "Your session has ended. Sign in again.".to_owned());
    let shown = Page {
        frame: Frame { notice, ..Frame::default() },
        next: next(&query),
        name: String::new(),
        is_operator: false,
        problem: None,
    };
    asking(&console, &secure, &incoming.headers, StatusCode::OK, shown)
}

/// The form, bound to a cookie of the visitor.
fn asking(
    console: &Console,
    secure: &Secure,
    headers: &HeaderMap,
    status: StatusCode,
    shown: Page,
) -> Response {
    let known = cookie(headers, VISITOR).filter(|it| it.len() == 43);
    let visitor = known.unwrap_or_else(|| new_name(console.app().random()));
    let form_token = console.sessions().form_token(&visitor);
    let frame = Frame { title: "Sign in".to_owned(), form_token, ..shown.frame };
    match page::page(status, &Page { frame, ..shown }) {
        Ok(mut response) => {
            response.headers_mut().append(SET_COOKIE, secure.cookie(VISITOR, &visitor));
            response
        }
        Err(error) => {
            let said = words::of(&error);
            page::bare(said.status, said.heading, &said.words)
        }
    }
}

/// Where to go when it is done: a page of the console, and nothing else.
fn next(form: &Form) -> String {
    let next = form.text("next");
    let is_ours =
        next.starts_with("/console/") && next.bytes().all(|it| it.is_ascii_graphic() && it != b'\\');
    if is_ours { next.to_owned() } else { String::new() }
}

/// `POST /console/sign-in`: with an operator token, or an account's name and one of its secrets or tokens.
pub(super) async fn sign_in(State(console): State<Console>, secure: Secure, incoming: Incoming) -> Response {
    let Some(form) = form_of(&incoming) else { return too_much() };
    let visitor = cookie(&incoming.headers, VISITOR).unwrap_or_default();
    let is_ours = console.sessions().is_form_token(&visitor, form.exact(FORM_TOKEN));
    if !is_ours || !is_of_this_place(&incoming.headers) {
        return forged();
    }
    let is_operator = form.text("as") == "operator";
    match authenticate(console.app(), &form, is_operator, &incoming).await {
        Ok(by) => {
            // Whoever was signed in here before is out.
            if let Some(before) = cookie(&incoming.headers, SESSION) {
                console.sessions().end(&before);
            }
            let app = console.app();
            let session = console.sessions().open(by, app.clock().now());
            let next = next(&form);
            let mut response = page::see_other(if next.is_empty() { "/console" } else { &next });
            response.headers_mut().append(SET_COOKIE, secure.cookie(SESSION, &session));
            response.headers_mut().append(SET_COOKIE, secure.no_cookie(VISITOR));
            response
        }
        Err(error) => {
            let (status, problem) = if error == Error::Unauthenticated {
                let words = if is_operator { WRONG_TOKEN } else { WRONG_PAIR };
                (StatusCode::FORBIDDEN, words.to_owned())
            } else {
                let said = words::of(&error);
                (said.status, said.words.into_owned())
            };
            let name = form.text("name").to_owned();
            let frame = Frame::default();
            let shown = Page { frame, next: next(&form), name, is_operator, problem: Some(problem) };
            asking(&console, &secure, &incoming.headers, status, shown)
        }
    }
}

const WRONG_PAIR: &str = "That name and that secret do not belong together. Check both; a secret that was rotated or revoked is none any more.";
const WRONG_TOKEN: &str = "That is no operator token. Check it; one that was revoked is none any more, and one of a gate never was.";

async fn authenticate(
    app: &App,
    form: &Form,
    is_operator: bool,
    incoming: &Incoming,
) -> Result<Actor, Error> {
    if is_operator {
        return match app.auth().bearer(form.text("token")).await? {
            by @ Actor::Operator(_) => Ok(by),
            Actor::Gate(_) | Actor::Account { .. } | Actor::Server => Err(Error::Unauthenticated),
        };
    }
    Ok(app.auth().basic(form.text("name"), form.exact("secret"), incoming.peer).await?)
}

/// `POST /console/sign-out`: the session has ended when this is answered, whoever has its cookie.
pub(super) async fn sign_out(secure: Secure, visit: Visit) -> Response {
    visit.sign_out();
    let mut response = page::see_other("/console/sign-in");
    response.headers_mut().append(SET_COOKIE, secure.no_cookie(SESSION));
    response
}

/// `GET /console`: to the first page of whoever is signed in.
pub(super) async fn home(visit: Visit) -> Response {
    page::see_other(&home_of(&visit.role))
}
