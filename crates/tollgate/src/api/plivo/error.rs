//! Every way in which this dialect says no, with its status and its text (docs/plivo.md, Errors): here and nowhere else.
//!
//! Only 400, 401, 404, 405, 429, 500 and 503: what would be 403, 409 or 422 elsewhere the SDKs cannot tell from each
//! other, so it is 400 with the reason in `error`.

use std::borrow::Cow;

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{Amount, ApplicationId, CapReached, Limit, Refusal, TextField};
use serde::Serialize;
use uuid::Uuid;

use super::wire::JSON;
use crate::app::Error;

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// What the path names: a refusal about that is 404, about anything else 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A subaccount.
    Subaccount,
    /// An application.
    Application(ApplicationId),
    /// Anything else, or nothing.
    Rest,
}

#[derive(Serialize)]
struct Body<'a> {
    api_id: Uuid,
    error: &'a str,
    /// Of a list: without it the Python SDK fails before it looks at the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<[(); 0]>,
}

impl Problem {
    fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), header: None }
    }

    /// An argument is not fit.
    pub(super) fn bad(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found")
    }

    pub(super) fn unauthorized(error: impl Into<Cow<'static, str>>) -> Self {
        let challenge = HeaderValue::from_static("Basic realm=\"tollgate\"");
        Self { header: Some((WWW_AUTHENTICATE, challenge)), ..Self::new(StatusCode::UNAUTHORIZED, error) }
    }

    pub(super) fn wrong_method(allow: String) -> Self {
        let header = HeaderValue::try_from(allow).ok().map(|it| (ALLOW, it));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed") }
    }

    /// What `error` is in answer to a request about `about`.
    pub(super) fn of(error: &Error, about: About) -> Self {
        match error {
            Error::Refused(refusal) => refused(refusal, about),
            Error::Unauthenticated => Self::unauthorized("authentication failed"),
            Error::Busy { retry_after_s } => {
                let header = Some((RETRY_AFTER, HeaderValue::from(*retry_after_s)));
                Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests") }
            }
            Error::Unavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "service unavailable: nothing was done, please try again",
            ),
            Error::Unknown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome unknown: this may have been done or not; the same request may be sent again under the same \
                 Idempotency-Key",
            ),
            Error::Fault => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error"),
        }
    }

    /// The answer to the request of this name.
    pub(super) fn response(self, api_id: Uuid, is_list: bool) -> Response {
        let body = Body { api_id, error: &self.error, objects: is_list.then_some([]) };
        // Texts and a UUID alone always have a JSON text.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, JSON)], body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The ledger's no, word by word.
fn refused(refusal: &Refusal, about: About) -> Problem {
    match refusal {
        Refusal::CredentialRevoked => Problem::unauthorized("authentication failed"),
        Refusal::CallerSuspended => Problem::unauthorized("subaccount is disabled"),
        Refusal::AccountNotFound(_) | Refusal::AccountClosed(_) if about == About::Subaccount => {
            Problem::not_found()
        }
        Refusal::AccountNotFound(_) | Refusal::AccountClosed(_) | Refusal::OutsideFamily => {
            Problem::bad("subaccount must be the auth id of one of the main account's subaccounts")
        }
        Refusal::Forbidden => Problem::not_found(),
        Refusal::Restricted(limit) => Problem::bad(limited(*limit)),
        Refusal::NotPrimary(_) => Problem::bad("subaccount can be given by the main account alone"),
        Refusal::AccountSuspended(_) => {
            Problem::bad("subaccount is disabled: numbers neither reach nor leave it; enable it first")
        }
        Refusal::InvalidText(field) => Problem::bad(unfit(*field)),
        Refusal::SubaccountsMax(max) => {
            Problem::bad(format!("the account has {max} subaccounts, the most it may have; delete one first"))
        }
        Refusal::InsufficientFunds { available, needed } => Problem::bad(short_of(*needed, *available)),
        Refusal::CapReached(reached) => {
            let CapReached { cap, spent, held, needed, resets_at, .. } = &**reached;
            let [cap, spent, held, needed] = [cap, spent, held, needed].map(|it| it.text(2));
            let until = jiff::Timestamp::from_millisecond(resets_at.millis()).unwrap_or(jiff::Timestamp::MAX);
            Problem::bad(format!(
                "spending cap reached: {needed} needed, {spent} spent and {held} held of {cap} until {until}"
            ))
        }
        Refusal::ApplicationNotFound(id) => match about {
            About::Application(named) if named == *id => Problem::not_found(),
            About::Application(_) => {
                Problem::bad("new_endpoint_application must be another application of this account")
            }
            About::Subaccount | About::Rest => {
                Problem::bad("app_id must be the id of an application of this account")
            }
        },
        // A number that is offered in another currency is not offered to this account.
        Refusal::EndpointNotFound(_) | Refusal::NumberNotFound | Refusal::CurrencyMismatch => {
            Problem::not_found()
        }
        Refusal::NumberTaken => {
            Problem::bad("numbers must be new here: one of them is there already, or twice among them")
        }
        Refusal::NumbersMax(max) => Problem::bad(format!("numbers must be at most {max}")),
        Refusal::KeyReused => {
            Problem::bad("the Idempotency-Key was used with another request; use a new one")
        }
        // Answers to what no request of this dialect asks for: if one comes, the fault is ours.
        Refusal::AmountOutOfRange
        | Refusal::SumOutOfRange
        | Refusal::NameTaken
        | Refusal::BalanceStaysOwn
        | Refusal::PrimarySharesNothing
        | Refusal::CreditLimitFixed
        | Refusal::StatusFixed
        | Refusal::AlertsOutOfOrder
        | Refusal::WebhookNotFound
        | Refusal::WebhooksMax(_)
        | Refusal::SameAccount
        | Refusal::SharesBalance(_)
        | Refusal::InsufficientCredit { .. }
        | Refusal::NotEmpty { .. }
        | Refusal::ChargeNotFound(_)
        | Refusal::AlreadyReversed { .. }
        | Refusal::HoldNotFound(_)
        | Refusal::HoldEnded { .. }
        | Refusal::NotExpired
        | Refusal::ExpiryOutOfRange
        | Refusal::NoPrice
        | Refusal::CallDenied
        | Refusal::PathNotNormal
        | Refusal::PlanNotFound
        | Refusal::PlanInherited
        | Refusal::CapOutOfRange(_)
        | Refusal::TimeZoneUnknown
        | Refusal::RulesMax(_)
        | Refusal::OverlapOutOfRange
        | Refusal::NumberNotOwned
        | Refusal::NumberAlreadyOwned
        | Refusal::CredentialsMax(_)
        | Refusal::LastCredential
        | Refusal::SecretInUse
        | Refusal::CredentialNotFound
        | Refusal::TokenNotFound => {
            tracing::error!(?refusal, "a refusal that this dialect never asks for");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
        }
    }
}

/// What is beyond the limits of the token that was shown.
fn limited(limit: Limit) -> Cow<'static, str> {
    match limit {
        Limit::ReadOnly => "this auth token is limited to reading".into(),
        Limit::Amount(max) => format!("this auth token moves at most {} credits at once", max.text(2)).into(),
        Limit::Accounts => "this auth token is limited to other accounts".into(),
        Limit::Credentials => "this auth token is limited: it neither creates nor deletes subaccounts".into(),
    }
}

const fn unfit(field: TextField) -> &'static str {
    match field {
        TextField::Name => "name must not exceed 255 characters",
        TextField::Key => "Idempotency-Key must have 1 to 255 characters",
        TextField::Msisdn => "numbers must have 3 to 15 digits each",
        TextField::ApplicationName => "app_name must have 1 to 255 letters, digits, - and _",
        TextField::Username => "username must have 1 to 25 letters and digits, first a letter",
        TextField::Alias => "alias must have 1 to 255 characters",
        TextField::PlanName
        | TextField::Method
        | TextField::WebhookUrl
        | TextField::Setting
        | TextField::Reference
        | TextField::Operation
        | TextField::Units => "a text must not exceed 2048 characters",
    }
}

fn short_of(needed: Amount, available: Option<Amount>) -> String {
    let needed = needed.text(2);
    match available {
        Some(available) => format!("not enough credits: {needed} needed, {} available", available.text(2)),
        None => format!("not enough credits: {needed} needed"),
    }
}

/// What an error is to each kind of request: status and text.
#[cfg(test)]
pub(in super::super) fn said(error: &Error) -> Vec<String> {
    let (named, other) = (ApplicationId::from_random(1), ApplicationId::from_random(2));
    let abouts = [About::Rest, About::Subaccount, About::Application(named), About::Application(other)];
    let said = abouts.map(|about| {
        let problem = Problem::of(error, about);
        format!("{}: {}", problem.status.as_u16(), problem.error)
    });
    said.into()
}

#[cfg(test)]
mod tests {
    use ledger::AccountId;

    use super::*;

    fn said(error: &Error, about: About) -> (u16, String) {
        let problem = Problem::of(error, about);
        (problem.status.as_u16(), problem.error.into_owned())
    }

    /// The rest is seen on the wire.
    #[test]
    fn what_no_request_can_bring_about_has_its_words_too() {
        let unasked = Error::Refused(Refusal::TokenNotFound);
        for (error, status, text) in [
            (Error::Unavailable, 503, "service unavailable: nothing was done, please try again"),
            (
                Error::Unknown,
                503,
                "outcome unknown: this may have been done or not; the same request may be sent again under the same \
                 Idempotency-Key",
            ),
            (Error::Fault, 500, "internal server error"),
            (unasked, 500, "internal server error"),
            (Error::Refused(Refusal::CredentialRevoked), 401, "authentication failed"),
        ] {
            assert_eq!(said(&error, About::Rest), (status, text.to_owned()), "{error:?}");
        }
    }

    #[test]
    fn only_what_the_path_names_is_not_found() {
        let closed = Error::Refused(Refusal::AccountClosed(AccountId::UNKNOWN));
        assert_eq!(said(&closed, About::Subaccount).0, 404);
        assert_eq!(said(&closed, About::Rest).0, 400);
        let [one, other] = [1, 2].map(ApplicationId::from_random);
        let unknown = Error::Refused(Refusal::ApplicationNotFound(one));
        assert_eq!(said(&unknown, About::Application(one)).0, 404);
        assert_eq!(said(&unknown, About::Application(other)).0, 400);
        assert_eq!(said(&unknown, About::Rest).0, 400);
    }
}
