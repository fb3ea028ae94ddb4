//! A request of whoever is signed in, as handlers get it. What is not signed in never gets to one, and neither does a form
//! that this console did not make: both are turned away here, once for all routes.

use std::borrow::Cow;

use axum::extract::{FromRequest, Request};
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use ledger::{Account, Actor, Amount, Once};

use super::page::{self, Frame};
use super::session::Session;
use super::{Console, words};
use crate::app::{App, Door, Error};
use crate::http::{Incoming, origin};

/// The cookie of a session.
pub(super) const SESSION: &str = "tollgate_session";
/// What every form carries.
pub(super) const FORM_TOKEN: &str = "form_token";
/// The key under which a form happens once.
const ONCE: &str = "once";

/// A request of somebody who is signed in.
pub(super) struct Visit {
    /// The use cases, asked for from where this came.
    pub(super) app: App,
    /// Who asks.
    pub(super) by: Actor,
    /// As what.
    pub(super) role: Role,
    /// What was filled in.
    pub(super) form: Form,
    /// The path, without its query.
    pub(super) path: String,
    console: Console,
    session: Session,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// The operator.
    Operator,
    /// A primary account.
    Partner(Box<Account>),
    /// A subaccount.
    Customer(Box<Account>),
}

/// Names and values of a form or a query.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// What stands in a field, without blanks around it; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|it| it.0 == name).map_or("", |it| it.1.trim())
    }

    /// What stands in it to the letter.
    pub(super) fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|it| it.0 == name).map_or("", |it| &it.1)
    }

    /// The same, if there is anything.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|it| !it.is_empty())
    }

    /// What stands in all fields of this name, such as boxes that are ticked.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |it| it.0 == name).map(|it| it.1.trim())
    }

    /// Whether a box is ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.text(name) == "1"
    }

    /// An amount.
    pub(super) fn amount(&self, name: &str) -> Option<Amount> {
        Amount::parse(self.text(name)).ok()
    }

    /// All but what is of one session, so that a key stays bound to what was asked.
    fn without_token(&self) -> String {
        let fields = self.0.iter().filter(|it| it.0 != FORM_TOKEN);
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }
}

impl Visit {
    /// What is around the page that answers it.
    pub(super) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            title: title.into(),
            nav: page::nav(&self.role, &self.path),
            who: Some(match &self.role {
                Role::Operator => "Operator".to_owned(),
                Role::Partner(own) | Role::Customer(own) => format!("{} · {}", own.name, own.api_key),
            }),
            form_token: self.session.form_token.clone(),
            once: super::session::new_name(self.app.random()),
            notice: self.console.sessions().notice(&self.session),
            live: None,
        }
    }

    /// The key of its form.
    pub(super) fn once(&self) -> Option<Once> {
        self.once_of("")
    }

    /// The key of a part of its form, of several that are done one by one.
    pub(super) fn once_of(&self, part: &str) -> Option<Once> {
        let key = format!("{}{part}", self.form.some(ONCE)?);
        Some(self.app.once(&key, "POST", &self.path, self.form.without_token().as_bytes()))
    }

    /// Only for the operator.
    pub(super) fn operator(&self) -> Result<(), Error> {
        Ok(ledger::authority::is_operator(&self.by)?)
    }

    /// To another page, which begins with a sentence.
    pub(super) fn done(&self, path: &str, notice: impl Into<String>) -> Response {
        self.console.sessions().say(&self.session, notice);
        page::see_other(path)
    }

    /// Ends the session.
    pub(super) fn sign_out(&self) {
        self.console.sessions().end(self.session.name());
    }

    /// The answer that a handler came to, or why there is none.
    pub(super) async fn answer(&self, work: impl Future<Output = Result<Response, Error>>) -> Response {
        match work.await {
            Ok(response) => response,
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &Error) -> Response {
        if *error == Error::Unauthenticated {
            self.sign_out();
            return page::see_other("/console/sign-in?ended");
        }
        let said = words::of(error);
        page::sorry(self.frame(""), said.status, said.heading, &said.words)
    }

    /// Who is signed in where nothing of it may be shown: the account is suspended, or the store cannot be read.
    fn frame_of_nobody(console: &Console, session: &Session) -> Frame {
        Frame {
            who: Some(String::new()),
            form_token: session.form_token.clone(),
            once: super::session::new_name(console.app().random()),
            ..Frame::default()
        }
    }
}

impl FromRequest<Console> for Visit {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let app = console.app().asked_from(origin(&parts, Door::Console));
        let incoming = Incoming::from_request(Request::from_parts(parts, body), console).await;
        let incoming = incoming.unwrap_or_else(|never| match never {});
        let session = session_of(console, &incoming.headers).ok_or_else(|| signed_out(&incoming))?;
        let form = form_of(&incoming).ok_or_else(too_much)?;
        if incoming.method != Method::GET {
            let is_ours = console.sessions().is_form_token(session.name(), form.exact(FORM_TOKEN));
            if !is_ours || !is_of_this_place(&incoming.headers) {
                return Err(forged());
            }
        }
        let by = session.by;
        let role = role(&app, by).await.map_err(|error| {
            if error == Error::Unauthenticated {
                console.sessions().end(session.name());
                return page::see_other("/console/sign-in?ended");
            }
            let said = words::of(&error);
            page::sorry(Self::frame_of_nobody(console, &session), said.status, said.heading, &said.words)
        });
        // Whoever is suspended can still sign out.
        let role = match role {
            Err(_) if incoming.uri.path() == "/console/sign-out" => Role::Operator,
            role => role?,
        };
        let path = incoming.uri.path().to_owned();
        Ok(Self { app, by, role, form, path, console: console.clone(), session })
    }
}

/// The session that a request is of.
pub(super) fn session_of(console: &Console, headers: &HeaderMap) -> Option<Session> {
    console.sessions().find(&cookie(headers, SESSION)?, console.app().clock().now())
}

/// A cookie's value.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|it| it.0 == name).map(|it| it.1.to_owned())
}

/// A form's fields, or those of a query; `None` where there is too much of it.
pub(super) fn form_of(incoming: &Incoming) -> Option<Form> {
    if incoming.method == Method::GET {
        return Some(Form::read(incoming.uri.query().unwrap_or("").as_bytes()));
    }
    incoming.body.as_ref().ok().map(|it| Form::read(it))
}

/// What that gets.
pub(super) fn too_much() -> Response {
    page::bare(
        StatusCode::PAYLOAD_TOO_LARGE,
        "That is too much",
        "A form takes at most 64 KiB. Go back, and fill in less.",
    )
}

/// Whether a form comes from a page of this server, as far as the browser says.
pub(super) fn is_of_this_place(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(from) = headers.get(ORIGIN) else { return true };
    let from = from.to_str().unwrap_or("");
    let from = from.strip_prefix("https://").or_else(|| from.strip_prefix("http://"));
    // A proxy may put its own name there, and then says which name it was asked for.
    let here = [text(HOST.as_str()), text("x-forwarded-host")];
    from.is_some() && here.contains(&from)
}

/// What a form gets that was not made here, or in a session that has ended.
pub(super) fn forged() -> Response {
    page::bare(
        StatusCode::FORBIDDEN,
        "This form is not from here",
        "Nothing was done. The form is not one of your session: it may be from before you signed in. Open the page again, and fill it in there.",
    )
}

fn signed_out(incoming: &Incoming) -> Response {
    if incoming.method != Method::GET {
        return page::see_other("/console/sign-in?ended");
    }
    let path = incoming.uri.path_and_query().map_or("", |it| it.as_str());
    if path == "/console" {
        return page::see_other("/console/sign-in");
    }
    let next: Cow<'_, str> = form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>().into();
    page::see_other(&format!("/console/sign-in?next={next}"))
}

async fn role(app: &App, by: Actor) -> Result<Role, Error> {
    match by {
        Actor::Operator(_) | Actor::Server => {
            app.is_live(by).await?;
            Ok(Role::Operator)
        }
        Actor::Gate(_) => Err(Error::Unauthenticated),
        Actor::Account { .. } => {
            let own = Box::new(app.caller(by).await?);
            Ok(if own.is_primary() { Role::Partner(own) } else { Role::Customer(own) })
        }
    }
}
