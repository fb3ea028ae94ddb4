//! One function for each operation: read, call, render. What they share is [`Call`].

pub(super) mod account;
pub(super) mod applications;
pub(super) mod endpoints;
pub(super) mod numbers;
pub(super) mod subaccounts;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{Account, AccountId, Actor, AuthId, Once, Refusal};
use serde::Serialize;

use super::error::{About, Problem};
use super::wire::{self, Args, JSON};
use crate::app::{App, Error, OwnedBy};
use crate::http::{Incoming, Presented};

/// A request to an operation of this dialect.
pub struct Call {
    incoming: Incoming,
}

/// Who calls: always the account in the path.
pub(super) struct Caller {
    by: Actor,
    account: Account,
}

impl Caller {
    fn auth_id(&self) -> &str {
        self.account.auth_id.as_str()
    }

    /// A main account sees what its whole family owns, a subaccount what is its own.
    fn owned(&self) -> OwnedBy {
        if self.account.is_primary() {
            OwnedBy::Family(self.account.id)
        } else {
            OwnedBy::Account(self.account.id)
        }
    }

    /// Only main accounts have this; to others it is not there.
    fn main(&self) -> Result<AccountId, Problem> {
        if self.account.is_primary() { Ok(self.account.id) } else { Err(Problem::not_found()) }
    }
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let incoming = Incoming::from_request(request, app).await.map_err(|never| match never {})?;
        Ok(Self { incoming })
    }
}

impl Call {
    /// The path, without a slash at its end.
    pub(super) fn path(&self) -> &str {
        self.incoming.uri.path()
    }

    /// The nth part of `/v1/Account/{2}/{3}/{4}`.
    fn part(&self, nth: usize) -> &str {
        self.path().split('/').skip(1).nth(nth).unwrap_or("")
    }

    /// The auth id in the path.
    fn auth_id(&self) -> &str {
        self.part(2)
    }

    /// What the path names below the account.
    fn item(&self) -> &str {
        self.part(4)
    }

    /// Whether it asks for a list.
    fn is_list(&self) -> bool {
        let method = &self.incoming.method;
        (method == Method::GET || method == Method::HEAD)
            && !self.part(3).is_empty()
            && self.item().is_empty()
    }

    fn once(&self, app: &App) -> Option<Once> {
        self.incoming.once(app)
    }

    /// The answer that says no.
    pub(super) fn refused(&self, problem: Problem) -> Response {
        problem.response(self.incoming.request_id, self.is_list())
    }

    /// The answer that a handler came to, for a caller who may ask.
    pub(super) async fn answer(
        self,
        app: &App,
        work: impl AsyncFnOnce(&Self, Caller) -> Result<Response, Problem>,
    ) -> Response {
        let answered = match self.caller(app).await {
            Ok(caller) => work(&self, caller).await,
            Err(problem) => Err(problem),
        };
        answered.unwrap_or_else(|problem| self.refused(problem))
    }

    fn ok(&self, object: &impl Serialize) -> Response {
        wire::answered(StatusCode::OK, self.incoming.request_id, object)
    }

    fn created(&self, object: &impl Serialize) -> Response {
        wire::answered(StatusCode::CREATED, self.incoming.request_id, object)
    }

    fn changed(&self) -> Response {
        wire::answered(StatusCode::ACCEPTED, self.incoming.request_id, &wire::Changed::new())
    }

    /// Who calls: authenticated, not disabled, the account in the path, and not too often.
    async fn caller(&self, app: &App) -> Result<Caller, Problem> {
        let (name, secret) = match self.incoming.presented() {
            Presented::Basic { name, secret } => (name, secret),
            Presented::Nothing => {
                return Err(Problem::unauthorized("authentication credentials were not provided"));
            }
            Presented::Bearer(_) | Presented::Malformed => return Err(self.failed(None)),
        };
        let by = match app.auth().basic(&name, &secret, self.incoming.peer).await.map_err(Error::from) {
            Err(Error::Unauthenticated) => return Err(self.failed(Some(&name))),
            by => by.map_err(says(About::Rest))?,
        };
        let account = match app.caller(by).await {
            Err(Error::Refused(Refusal::CallerSuspended)) => return Err(self.disabled(app, by).await),
            account => account.map_err(says(About::Rest))?,
        };
        if account.auth_id.as_str() != self.auth_id() {
            return Err(self.failed(None));
        }
        app.admit(&account).map_err(says(About::Rest))?;
        Ok(Caller { by, account })
    }

    /// Tells what an auth id looks like where the path or the credentials have none, for that is how most
    /// authentications fail; never which ids there are.
    fn failed(&self, username: Option<&str>) -> Problem {
        let is_auth_id = |it: &str| it.parse::<AuthId>().is_ok();
        Problem::unauthorized(if !is_auth_id(self.auth_id()) {
            "authentication failed: the auth id in the path must be MA or SA and 18 capital letters or digits"
        } else if username.is_some_and(|it| !is_auth_id(it)) {
            "authentication failed: the username must be an auth id, MA or SA and 18 capital letters or digits"
        } else {
            "authentication failed"
        })
    }

    /// What is said after a right token, about the account that it is of alone.
    async fn disabled(&self, app: &App, by: Actor) -> Problem {
        match app.named(self.auth_id()).await {
            Ok(named) if by.account() != Some(named) => self.failed(None),
            Ok(_) if self.auth_id().starts_with("MA") => Problem::unauthorized("account is disabled"),
            Ok(_) => Problem::unauthorized("subaccount is disabled"),
            Err(error) => Problem::of(&error, About::Rest),
        }
    }

    /// What the path names, as it was found. Under a key it may be gone by this very request, sent before, or since: the
    /// ledger knows, and is asked about what is `named`.
    fn or_named<T>(&self, found: Result<T, Problem>, named: T) -> Result<T, Problem> {
        if self.incoming.headers.contains_key("idempotency-key") {
            return Ok(found.unwrap_or(named));
        }
        found
    }

    /// The account that `subaccount` names: an empty text the main account, null or nothing none.
    async fn subaccount(
        &self,
        app: &App,
        caller: &Caller,
        args: &Args,
    ) -> Result<Option<AccountId>, Problem> {
        // Some SDKs have sent the name of the field in place of the argument's.
        let name = if args.has("subaccount") { "subaccount" } else { "sub_account" };
        let Some(text) = args.text(name)? else { return Ok(None) };
        if text.is_empty() {
            return Ok(Some(caller.account.primary()));
        }
        if text.parse::<AuthId>().is_err() {
            return Ok(Some(AccountId::UNKNOWN));
        }
        app.named(text).await.map(Some).map_err(says(About::Rest))
    }

    /// Whose things a list is about: one subaccount's, where the query names it.
    async fn listed(&self, app: &App, caller: &Caller, args: &Args) -> Result<OwnedBy, Problem> {
        let narrowed = self.subaccount(app, caller, args).await?;
        Ok(narrowed.map_or(caller.owned(), OwnedBy::Account))
    }
}

/// What an error is in answer to a request about `about`.
fn says(about: About) -> impl Fn(Error) -> Problem {
    move |error| Problem::of(&error, about)
}

/// 204, with the type that the Ruby SDK needs to see.
fn gone() -> Response {
    (StatusCode::NO_CONTENT, [(CONTENT_TYPE, JSON)]).into_response()
}
