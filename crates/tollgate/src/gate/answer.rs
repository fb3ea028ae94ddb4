//! What the gate answers: 200 with every header always there, or a denial that tells whoever called what to do.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{Amount, CapReached, Limit, Period, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::{App, Error, Passed};

const SUB_STATUS: HeaderName = HeaderName::from_static("x-sub-status");
const SUB_TOKEN: HeaderName = HeaderName::from_static("x-sub-token");

/// What the server behind the proxy is told of a call that may pass. A proxy copies these headers; one that is absent some of
/// them would take literally, so all of them are always there, empty where there is nothing to say.
pub(super) fn told(passed: &Passed) -> [(&'static str, String); 6] {
    let amount = |it: Option<Amount>| it.map_or_else(String::new, |it| it.text(2).to_string());
    let hold = passed.hold.as_ref();
    [
        ("x-sub-account", passed.account.to_string()),
        ("x-sub-root", passed.root.to_string()),
        ("x-sub-operation", passed.operation.clone()),
        ("x-hold-id", hold.map_or_else(String::new, |it| it.0.to_string())),
        ("x-hold-amount", amount(hold.map(|it| it.1))),
        ("x-credit-remaining", amount(passed.remaining)),
    ]
}

/// The call may pass.
pub(super) fn allowed(passed: &Passed) -> Response {
    let mut response = StatusCode::OK.into_response();
    for (name, value) in told(passed) {
        // Ids, amounts and operations without blanks are always fit for a header.
        let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

/// Why a call may not pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Denied {
    status: u16,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Box<str>>,
    /// The cap that is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cap: Option<Box<Capped>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
    /// Of the check, where another request shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Box<str>>,
}

/// A denial as whoever called gets to see it.
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What a cap has come to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Capped {
    period: Cow<'static, str>,
    cap: Box<str>,
    spent: Box<str>,
    held: Box<str>,
    resets_at: Box<str>,
}

impl Capped {
    fn of(reached: &CapReached) -> Self {
        let [cap, spent, held] =
            [reached.cap, reached.spent, reached.held].map(|it| it.text(2).to_string().into());
        let period = match reached.period {
            Period::Day => "day".into(),
            Period::Month => "month".into(),
        };
        Self { period, cap, spent, held, resets_at: rfc_3339(reached.resets_at).into() }
    }
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    cap: Option<&'a Capped>,
    request_id: &'a str,
}

impl Denied {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            needed: None,
            available: None,
            cap: None,
            retry_after_s: None,
            request_id: None,
        }
    }

    /// The proxy does not ask as it should; told to whoever looks for the cause, and the call does not pass.
    pub(super) fn misconfigured(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "gate_misconfigured", detail)
    }

    /// What was sent about the call cannot be read, so nobody knows what it would cost.
    pub(super) fn unreadable(is_too_large: bool) -> Self {
        if is_too_large {
            Self::new(StatusCode::PAYLOAD_TOO_LARGE, "call_too_large", TOO_LARGE)
        } else {
            Self::new(StatusCode::BAD_REQUEST, "call_unreadable", UNREADABLE)
        }
    }

    /// What `error` is to whoever called.
    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refused(&refusal),
            Error::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", UNAUTHENTICATED),
            Error::Busy { retry_after_s } => Self {
                retry_after_s: Some(retry_after_s),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", BUSY)
            },
            Error::Unavailable => Self {
                retry_after_s: Some(1),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", UNAVAILABLE)
            },
            // It may have been paid for; as nobody knows, it does not pass.
            Error::Unknown => Self {
                retry_after_s: Some(1),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", UNKNOWN)
            },
            Error::Fault => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", FAULT),
        }
    }

    /// What nginx was told of a check: it shows the token again. Anything else is no denial of ours.
    pub(super) fn reopened(app: &App, headers: &HeaderMap) -> Self {
        let token = headers.get(&SUB_TOKEN).and_then(|it| it.to_str().ok());
        let opened = token.and_then(|it| app.reopen(it)).and_then(|it| serde_json::from_str(&it).ok());
        opened.unwrap_or_else(|| {
            Self::misconfigured("x-sub-token is not what a denied check answered: see the recipe for nginx")
        })
    }

    /// As the answer to an HTTP request.
    pub(super) fn response(&self, request_id: Uuid) -> Response {
        let Whole { status, headers, body } = self.whole(request_id);
        let mut response = (status, body).into_response();
        *response.headers_mut() = headers;
        response
    }

    /// A short name of it, for programs.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// What whoever called gets to see.
    pub(super) fn whole(&self, request_id: Uuid) -> Whole {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::FORBIDDEN);
        let request_id = self.request_id.clone().unwrap_or_else(|| request_id.to_string().into());
        let problem = Problem {
            kind: format!("urn:tollgate:problem:{}", self.code),
            title: title(status, &self.code),
            status: self.status,
            detail: &self.detail,
            code: &self.code,
            needed: self.needed.as_deref(),
            available: self.available.as_deref(),
            cap: self.cap.as_deref(),
            request_id: &request_id,
        };
        // Texts and a number alone always have a JSON text.
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.put_headers(&mut headers, status);
        Whole { status, headers, body }
    }

    /// nginx knows 401 and 403 alone, and throws the body away: the rest it shows to [`Denied::reopened`].
    pub(super) fn for_nginx(mut self, app: &App, request_id: Uuid) -> Response {
        self.request_id = Some(request_id.to_string().into());
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::FORBIDDEN);
        let told = if status == StatusCode::UNAUTHORIZED { status } else { StatusCode::FORBIDDEN };
        let mut response = told.into_response();
        self.put_headers(response.headers_mut(), told);
        response.headers_mut().insert(SUB_STATUS, HeaderValue::from(self.status));
        // Texts and a number alone always have a JSON text, and a sealed text is fit for a header.
        let token = app.seal(&serde_json::to_string(&self).unwrap_or_default());
        if let Ok(token) = HeaderValue::try_from(token) {
            response.headers_mut().insert(SUB_TOKEN, token);
        }
        response
    }

    fn put_headers(&self, headers: &mut HeaderMap, status: StatusCode) {
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"tollgate\""));
        }
        if let Some(retry_after_s) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
    }
}

const UNAUTHENTICATED: &str = "Call with your api key or auth id and one of its secrets or tokens. What was sent, if \
     anything, is not right or was revoked.";
const BUSY: &str = "Too much at once. Call again after the time in Retry-After.";
const UNAVAILABLE: &str = "Calls cannot be paid for just now, and this one was not. Call again later.";
const UNKNOWN: &str = "Whether this call was paid for is not known, so it did not pass. Call again later. If it was paid for, \
     the operator gives that back: tell the operator the request id.";
const FAULT: &str =
    "This is the operator's fault, and the call was not paid for. Tell the operator the request id.";
const UNREADABLE: &str =
    "What the proxy sent about the call cannot be read: it is no text, or no check at all.";
const TOO_LARGE: &str =
    "What the proxy sent about the call is more than 1 MiB. Send less in headers; the check needs no body.";
const SHORT: &str =
    "Not enough credit for this call. Ask whoever gave you this account for more, by transfer or payment.";
const CAPPED: &str = "The account has spent, or reserved, all that it may in this period. Call again at resets_at, or \
     ask whoever gave you this account for a higher cap.";
const SUSPENDED: &str = "The account, or the one above it, is suspended. Ask whoever gave you this account.";

fn title(status: StatusCode, code: &str) -> &'static str {
    match status.as_u16() {
        400 if code == "call_unreadable" => "The call cannot be read",
        429 if code == "cap_reached" => "The spending cap is reached",
        400 => "The path is not plain",
        401 => "Not authenticated",
        402 => "Not enough credit",
        403 => "Not allowed",
        413 => "Too large",
        429 => "Too many requests",
        503 if code == "outcome_unknown" => "Outcome unknown",
        503 => "Unavailable",
        _ => "A fault of the server",
    }
}

/// In UTC, with milliseconds.
fn rfc_3339(at: Timestamp) -> String {
    // Beyond the year 9999 there is no such text; no window lasts until then.
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}

/// The ledger's no, word by word.
fn refused(refusal: &Refusal) -> Denied {
    use StatusCode as S;
    match refusal {
        Refusal::CredentialRevoked => Denied::new(S::UNAUTHORIZED, "unauthenticated", UNAUTHENTICATED),
        Refusal::CallerSuspended | Refusal::AccountSuspended(_) => {
            Denied::new(S::FORBIDDEN, "suspended", SUSPENDED)
        }
        Refusal::InsufficientFunds { available, needed } => Denied {
            needed: Some(needed.text(2).to_string().into()),
            available: available.map(|it| it.text(2).to_string().into()),
            ..Denied::new(S::PAYMENT_REQUIRED, "insufficient_funds", SHORT)
        },
        Refusal::CapReached(reached) => Denied {
            needed: Some(reached.needed.text(2).to_string().into()),
            cap: Some(Box::new(Capped::of(reached))),
            retry_after_s: refusal.retry_after_s(),
            ..Denied::new(S::TOO_MANY_REQUESTS, "cap_reached", CAPPED)
        },
        Refusal::NoPrice => Denied::new(
            S::FORBIDDEN,
            "no_price",
            "Such a call is not for sale: no rule of the price plan fits its method and path. Check both; the operator adds rules.",
        ),
        Refusal::CallDenied => {
            Denied::new(S::FORBIDDEN, "denied", "The price plan does not allow such a call.")
        }
        Refusal::PathNotNormal => Denied::new(
            S::BAD_REQUEST,
            "path_not_normal",
            "The path must be written plainly: no doubled slash, no dot part, nothing escaped that needs no escape.",
        ),
        Refusal::KeyReused => Denied::new(
            S::FORBIDDEN,
            "request_id_reused",
            "The request id was used for another method or path. The proxy must make a new one for each call.",
        ),
        Refusal::InvalidText(_) => Denied::misconfigured("x-gate-request-id must have 1 to 255 characters"),
        Refusal::AccountClosed(_) | Refusal::AccountNotFound(_) => {
            Denied::new(S::UNAUTHORIZED, "unauthenticated", UNAUTHENTICATED)
        }
        Refusal::Restricted(limit) => Denied::new(S::FORBIDDEN, "restricted", limited(*limit)),
        // Between being looked at and being decided by.
        Refusal::Forbidden => Denied::misconfigured("x-gate-token was revoked"),
        Refusal::NotPrimary(_)
        | Refusal::AmountOutOfRange
        | Refusal::SumOutOfRange
        | Refusal::NameTaken
        | Refusal::CurrencyMismatch
        | Refusal::SubaccountsMax(_)
        | Refusal::BalanceStaysOwn
        | Refusal::PrimarySharesNothing
        | Refusal::CreditLimitFixed
        | Refusal::StatusFixed
        | Refusal::AlertsOutOfOrder
        | Refusal::WebhookNotFound
        | Refusal::WebhooksMax(_)
        | Refusal::SameAccount
        | Refusal::OutsideFamily
        | Refusal::SharesBalance(_)
        | Refusal::PlanNotFound
        | Refusal::PlanInherited
        | Refusal::CapOutOfRange(_)
        | Refusal::TimeZoneUnknown
        | Refusal::RulesMax(_)
        | Refusal::InsufficientCredit { .. }
        | Refusal::NotEmpty { .. }
        | Refusal::ChargeNotFound(_)
        | Refusal::AlreadyReversed { .. }
        | Refusal::HoldNotFound(_)
        | Refusal::HoldEnded { .. }
        | Refusal::NotExpired
        | Refusal::ExpiryOutOfRange
        | Refusal::OverlapOutOfRange
        | Refusal::NumberTaken
        | Refusal::NumbersMax(_)
        | Refusal::NumberNotFound
        | Refusal::NumberNotOwned
        | Refusal::NumberAlreadyOwned
        | Refusal::ApplicationNotFound(_)
        | Refusal::EndpointNotFound(_)
        | Refusal::CredentialsMax(_)
        | Refusal::LastCredential
        | Refusal::SecretInUse
        | Refusal::CredentialNotFound
        | Refusal::TokenNotFound => {
            tracing::error!(?refusal, "a refusal that the gate never asks for");
            Denied::new(S::INTERNAL_SERVER_ERROR, "fault", FAULT)
        }
    }
}

/// Status and code of what an error is here, and what is told.
#[cfg(test)]
pub(crate) fn said(error: &Error) -> String {
    let denied = Denied::of(error.clone());
    format!("{} `{}`", denied.status, denied.code)
}

/// What is beyond the limits of the credentials that a call came with, or of the gate's own token.
fn limited(limit: Limit) -> Cow<'static, str> {
    match limit {
        Limit::ReadOnly => {
            "Credentials that only read make no calls, nor does a gate whose token only reads have any \
             checked. Call with others."
                .into()
        }
        Limit::Amount(max) => {
            format!("These credentials, or the gate's token, pay at most {} for a call.", max.text(2)).into()
        }
        Limit::Accounts | Limit::Credentials => {
            "These credentials, or the gate's token, are not for calls of this account. Call with others."
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No store in a test loses the answer to a commit: this is what whoever called would get to see.
    #[test]
    fn an_unknown_outcome_says_that_the_call_may_have_been_paid_for() {
        let Whole { status, headers, body } = Denied::of(Error::Unknown).whole(Uuid::nil());
        assert_eq!((status.as_u16(), headers.get(RETRY_AFTER)), (503, Some(&HeaderValue::from_static("1"))));
        insta::assert_snapshot!(body, @r#"{"type":"urn:tollgate:problem:outcome_unknown","title":"Outcome unknown","status":503,"detail":"Whether this call was paid for is not known, so it did not pass. Call again later. If it was paid for, the operator gives that back: tell the operator the request id.","code":"outcome_unknown","request_id":"00000000-0000-0000-0000-000000000000"}"#);
    }
}
