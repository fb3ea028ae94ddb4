//! The same for what lives on the rest host, whose errors have a shape of their own: a code, which is the status, and a
//! label. Vonage's own are `authentication failed`, `not auto-reload enabled` and `method failed`; why a method failed
//! is said behind it.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use ledger::{CapReached, Refusal, TextField, Timestamp};
use serde::Serialize;

use super::{Fault, Problem};
use crate::app::Error;

/// Why a member of a request is not fit; follows its name.
pub(in super::super) mod reason {
    pub(in super::super::super) const REQUIRED: &str = "is required";
    pub(in super::super::super) const COUNTRY: &str = "must be two letters";
    pub(in super::super::super) const MSISDN: &str = "must have 3 to 15 digits";
    pub(in super::super::super) const PATTERN: &str = "must be digits";
    pub(in super::super::super) const SEARCH_PATTERN: &str = "must be 0, 1 or 2";
    pub(in super::super::super) const SIZE: &str = "must be a number from 1 to 100";
    pub(in super::super::super) const INDEX: &str = "must be a number from 1 on";
    pub(in super::super::super) const BOOLEAN: &str = "must be true or false";
    pub(in super::super::super) const TYPE: &str =
        "must be landline, landline-toll-free, mobile-lvn or mobile-shortcode";
    pub(in super::super::super) const FEATURES: &str = "must be SMS, VOICE and MMS or some of them";
    pub(in super::super::super) const APPLICATION: &str =
        "names no application of this account or its family";
    pub(in super::super::super) const VOICE_TYPE: &str = "must be sip, tel, vxml or app";
    pub(in super::super::super) const VOICE_PAIR: &str = "must be given together with voiceCallbackValue";
}

/// Which number a request is about: the same refusal has other words elsewhere.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum About {
    /// None.
    Account,
    /// One that is to be bought.
    Offered,
    /// One that the account has.
    Owned,
}

/// What an error is on the rest host.
pub(in super::super) fn says(about: About) -> impl Fn(Error) -> Problem {
    move |error| match error {
        Error::Refused(refusal) => refused(&refusal, about).said(),
        Error::Unauthenticated => authentication_failed().said(),
        Error::Busy { retry_after_s } => {
            let mut problem = words(StatusCode::TOO_MANY_REQUESTS, "throttled").said();
            problem.0.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
            problem
        }
        Error::Unavailable => words(StatusCode::SERVICE_UNAVAILABLE, "service unavailable").said(),
        Error::Unknown => unknown().said(),
        Error::Fault => internal().said(),
    }
}

/// Members of the form or the query that are not fit.
pub(in super::super) fn invalid(faults: &[Fault]) -> Problem {
    let faults: Vec<_> = faults.iter().map(|it| format!("{} {}", it.name, it.reason)).collect();
    failed(faults.join(", ")).said()
}

/// A body that is neither a form nor a JSON object of plain values.
pub(in super::super) fn malformed() -> Problem {
    failed("the body is neither a form nor a JSON object of plain values").said()
}

/// A body beyond what is read.
pub(in super::super) fn too_large(max: usize) -> Problem {
    let label = format!("method failed: the body is larger than {max} bytes");
    words(StatusCode::PAYLOAD_TOO_LARGE, label).said()
}

/// What top-up says: no account here has a payment that it could repeat.
pub(in super::super) fn not_auto_reload() -> Problem {
    words(StatusCode::UNAUTHORIZED, "not auto-reload enabled").said()
}

/// A status and its label.
struct Words {
    status: StatusCode,
    label: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Body<'a> {
    error_code: &'a str,
    error_code_label: &'a str,
}

impl Words {
    fn said(&self) -> Problem {
        let body = Body { error_code: self.status.as_str(), error_code_label: &self.label };
        Problem::new((self.status, Json(body)).into_response())
    }
}

fn words(status: StatusCode, label: impl Into<String>) -> Words {
    Words { status, label: label.into() }
}

/// The rest host's word for whatever is not done, and why.
fn failed(why: impl AsRef<str>) -> Words {
    // 420 is Vonage's own; every number of three digits is a status.
    let status = StatusCode::from_u16(420).unwrap_or(StatusCode::BAD_REQUEST);
    words(status, format!("method failed: {}", why.as_ref()))
}

fn authentication_failed() -> Words {
    words(StatusCode::UNAUTHORIZED, "authentication failed")
}

fn unknown() -> Words {
    words(
        StatusCode::SERVICE_UNAVAILABLE,
        "outcome unknown: this may have been done or not; it can be sent again under the same Idempotency-Key",
    )
}

fn internal() -> Words {
    words(StatusCode::INTERNAL_SERVER_ERROR, "method failed")
}

/// In UTC, to the second: a window begins with one.
fn rfc_3339(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX)
}

/// The ledger's no, word by word.
fn refused(refusal: &Refusal, about: About) -> Words {
    match refusal {
        Refusal::CredentialRevoked => authentication_failed(),
        Refusal::CallerSuspended => words(StatusCode::FORBIDDEN, "account suspended"),
        Refusal::Restricted(limit) => words(StatusCode::FORBIDDEN, super::limited(*limit)),
        Refusal::NotPrimary(_) => failed("target_api_key is for the credentials of a primary account"),
        // To a caller these are all the same: not there, or not its own.
        Refusal::Forbidden
        | Refusal::AccountNotFound(_)
        | Refusal::AccountClosed(_)
        | Refusal::OutsideFamily => failed("target_api_key names no subaccount of this account"),
        Refusal::AccountSuspended(_) => failed("the account that would have the number is suspended"),
        Refusal::InsufficientFunds { available: Some(available), needed } => {
            failed(format!("not enough money, {needed} needed and {available} available"))
        }
        Refusal::InsufficientFunds { available: None, needed } => {
            failed(format!("not enough money, {needed} needed"))
        }
        Refusal::CapReached(reached) => {
            let CapReached { cap, spent, held, needed, resets_at, .. } = &**reached;
            let until = rfc_3339(*resets_at);
            failed(format!(
                "spending cap reached, {needed} needed, {spent} spent and {held} held of {cap} until {until}"
            ))
        }
        Refusal::SumOutOfRange => failed("the balance would be beyond every amount"),
        // What is offered in another currency is not there for this account.
        Refusal::NumberNotFound | Refusal::CurrencyMismatch => failed(match about {
            About::Offered => "this number is not for rent",
            About::Account | About::Owned => "the account does not have this number",
        }),
        Refusal::ApplicationNotFound(_) => failed(format!("app_id {}", reason::APPLICATION)),
        Refusal::InvalidText(TextField::Setting) => failed("a value has more than 2048 characters"),
        Refusal::InvalidText(TextField::Msisdn) => failed(format!("msisdn {}", reason::MSISDN)),
        Refusal::InvalidText(TextField::Key) => failed("Idempotency-Key must have 1 to 255 characters"),
        Refusal::KeyReused => failed("this Idempotency-Key was used with another request"),
        // Answers to what no request to the rest host asks for: if one comes, the fault is ours.
        Refusal::InvalidText(
            TextField::Name
            | TextField::Reference
            | TextField::Operation
            | TextField::Units
            | TextField::ApplicationName
            | TextField::Username
            | TextField::Alias
            | TextField::PlanName
            | TextField::Method
            | TextField::WebhookUrl,
        )
        | Refusal::AmountOutOfRange
        | Refusal::NameTaken
        | Refusal::SubaccountsMax(_)
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
        | Refusal::NumberTaken
        | Refusal::NumbersMax(_)
        | Refusal::NumberNotOwned
        | Refusal::NumberAlreadyOwned
        | Refusal::EndpointNotFound(_)
        | Refusal::CredentialsMax(_)
        | Refusal::LastCredential
        | Refusal::SecretInUse
        | Refusal::CredentialNotFound
        | Refusal::TokenNotFound => {
            tracing::error!(?refusal, "a refusal that the rest host never asks for");
            internal()
        }
    }
}

/// What an error is to each kind of request: status and label.
#[cfg(test)]
pub(in super::super::super) fn said(error: &Error) -> Vec<String> {
    let abouts = [About::Account, About::Offered, About::Owned];
    let said = abouts.map(|about| {
        let words = match error {
            Error::Refused(refusal) => refused(refusal, about),
            Error::Unauthenticated => authentication_failed(),
            Error::Busy { .. } => words(StatusCode::TOO_MANY_REQUESTS, "throttled"),
            Error::Unavailable => words(StatusCode::SERVICE_UNAVAILABLE, "service unavailable"),
            Error::Unknown => unknown(),
            Error::Fault => internal(),
        };
        format!("{}: {}", words.status.as_u16(), words.label)
    });
    said.into()
}
