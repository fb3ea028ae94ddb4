//! One function for each operation: read, call, render. What they share is [`Call`].

pub(super) mod balance;
pub(super) mod numbers;
pub(super) mod secrets;
pub(super) mod settings;
pub(super) mod subaccounts;
pub(super) mod transfers;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use ledger::{Account, AccountId, Actor, ApiKey, Once};

use super::error::{self, About, Problem, rest};
use super::wire::{self, Fields, Form};
use crate::app::{App, Error};
use crate::http::{BODY_MAX, BodyError, Incoming, Presented};

/// How many rows are rendered here and now; it takes a millisecond or two.
const ROWS_AT_ONCE: usize = 1_000;

/// A request to an operation of this dialect.
pub(super) struct Call {
    incoming: Incoming,
    /// What stands for the parameters of the path, in their order.
    params: Vec<String>,
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let params = RawPathParams::from_request_parts(&mut parts, app).await;
        let incoming = Incoming::from_request(Request::from_parts(parts, body), app).await;
        let incoming = incoming.map_err(|never| match never {})?;
        match params {
            Ok(params) => {
                Ok(Self { incoming, params: params.iter().map(|(_, value)| value.to_owned()).collect() })
            }
            // Names nothing that is there: its escapes are no UTF-8.
            Err(_) => Err(error::not_found(incoming.request_id).into_response()),
        }
    }
}

impl Call {
    /// The first key in the path.
    fn api_key(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }

    /// What the path names below it.
    fn item(&self) -> &str {
        self.params.get(1).map_or("", String::as_str)
    }

    /// The path's key as what the request is about.
    fn family(&self) -> About<'_> {
        About::Family { api_key: self.api_key() }
    }

    /// What an error is in answer to this request.
    fn says(&self, about: About<'_>) -> impl Fn(Error) -> Problem {
        move |error| error::problem(&error, about, self.incoming.request_id)
    }

    fn once(&self, app: &App) -> Option<Once> {
        self.incoming.once(app)
    }

    /// Who calls.
    async fn caller(&self, app: &App) -> Result<Actor, Error> {
        match self.incoming.presented() {
            Presented::Basic { name, secret } => {
                Ok(app.auth().basic(&name, &secret, self.incoming.peer).await?)
            }
            Presented::Nothing | Presented::Bearer(_) | Presented::Malformed => Err(Error::Unauthenticated),
        }
    }

    /// Who calls an operation of the rest host, which takes a key and a secret from the query or a form, too. What is
    /// shown in two places must be the same.
    async fn rest_caller(&self, app: &App) -> Result<Actor, Error> {
        let header = match self.incoming.presented() {
            Presented::Nothing => None,
            Presented::Basic { name, secret } => Some((name, secret)),
            Presented::Bearer(_) | Presented::Malformed => return Err(Error::Unauthenticated),
        };
        let query = self.incoming.uri.query().and_then(|it| wire::credentials(it.as_bytes()));
        let form = self.incoming.body.as_ref().ok().and_then(|it| wire::credentials(it));
        let mut shown = [header, query, form].into_iter().flatten();
        let Some((name, secret)) = shown.next() else { return Err(Error::Unauthenticated) };
        if shown.any(|it| !it.0.eq_ignore_ascii_case(&name) || it.1 != secret) {
            return Err(Error::Unauthenticated);
        }
        Ok(app.auth().basic(&name, &secret, self.incoming.peer).await?)
    }

    /// The same, and the account that calls, if it may.
    async fn rest_account(&self, app: &App) -> Result<(Actor, Account), Problem> {
        let account = async {
            let by = self.rest_caller(app).await?;
            Ok((by, app.caller(by).await?))
        };
        account.await.map_err(rest::says(rest::About::Account))
    }

    /// What a request to the rest host says. Members in the body go before those in the query.
    fn form<T>(&self, read: impl FnOnce(&mut Form) -> Option<T>) -> Result<T, Problem> {
        let form = match &self.incoming.body {
            Ok(body) => Form::of(body, self.incoming.uri.query()),
            Err(BodyError::TooLarge) => return Err(rest::too_large(BODY_MAX)),
            Err(BodyError::Broken) => None,
        };
        let mut form = form.ok_or_else(rest::malformed)?;
        let read = read(&mut form);
        match (read, form.faults()) {
            (Some(read), []) => Ok(read),
            (_, faults) => Err(rest::invalid(faults)),
        }
    }

    /// Who calls, and the primary whose key is in the path, if that is the caller's own.
    async fn managing(&self, app: &App) -> Result<(Actor, Account), Problem> {
        let managing = async {
            let by = self.caller(app).await?;
            let primary = app.managing(by, named(app, self.api_key()).await?).await?;
            Ok((by, primary))
        };
        managing.await.map_err(self.says(self.family()))
    }

    /// What the body says. A change without a body changes nothing; everything else needs one.
    fn body<T>(&self, about: About<'_>, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Problem> {
        let id = self.incoming.request_id;
        let mut fields = match &self.incoming.body {
            Ok(body) if body.is_empty() && self.incoming.method == Method::PATCH => Fields::default(),
            Ok(body) => Fields::of(body).ok_or_else(|| error::malformed_json(id))?,
            Err(BodyError::TooLarge) => return Err(error::too_large(BODY_MAX, id)),
            Err(BodyError::Broken) => return Err(error::malformed_json(id)),
        };
        let read = read(&mut fields);
        match (read, fields.into_faults()) {
            (Some(read), faults) if faults.is_empty() => Ok(read),
            (_, faults) => Err(error::invalid(faults, about, id)),
        }
    }
}

/// An answer of so many rows; a long one is rendered where it does not hold up other requests.
async fn rendered(
    rows: usize,
    render: impl FnOnce() -> Option<Response> + Send + 'static,
) -> Result<Response, Error> {
    let response =
        if rows > ROWS_AT_ONCE { tokio::task::spawn_blocking(render).await.ok().flatten() } else { render() };
    response.ok_or_else(|| fault("a list has what cannot be said: a sum beyond every amount"))
}

/// A fault of ours, logged.
fn fault(what: &str) -> Error {
    tracing::error!("{what}");
    Error::Fault
}

/// The account that goes by an api key, in either case. Its other names are other dialects' names.
async fn named(app: &App, api_key: &str) -> Result<AccountId, Error> {
    match api_key.parse::<ApiKey>() {
        Ok(_) => app.named(api_key).await,
        Err(_) => Ok(AccountId::UNKNOWN),
    }
}
