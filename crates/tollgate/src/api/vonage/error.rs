//! Every way in which this dialect says no, with its status and its texts (docs/vonage.md, Errors): here and
//! nowhere else, so that a text can be corrected when somebody captures what Vonage really says.
//!
//! `S#`, `G#` and the secrets' own prefix are Vonage's; `unavailable`, `outcome-unknown`, `throttled`,
//! `idempotency-conflict` and `restricted` are our own words in its style, for what Vonage has no documented one.

pub(super) mod rest;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{AccountId, Limit, Refusal, TextField};
use serde::Serialize;
use uuid::Uuid;

use crate::app::Error;

const GENERAL: &str = "https://developer.nexmo.com/api-errors#";
const SUBACCOUNTS: &str = "https://developer.nexmo.com/api-errors/subaccounts#";
const SECRETS: &str = "https://developer.nexmo.com/api-errors/account/secret-management#";

/// Why a member of a request is not fit (docs/vonage.md, Errors).
pub(super) mod reason {
    pub(in super::super) const BOOLEAN: &str = "Should be either 'true' or 'false'";
    pub(in super::super) const NOT_BACK_TO_SHARED: &str = "Transitioning from 'use_primary_account_balance = false' to 'use_primary_account_balance = true' is not supported";
    pub(in super::super) const AMOUNT: &str = "Only positive values of data type JSON number are allowed";
    pub(in super::super) const SAME_ACCOUNT: &str =
        "Invalid accounts. From and To accounts should be different";
    pub(in super::super) const LENGTH: &str = "Does not meet length requirements";
    pub(in super::super) const COMPLEXITY: &str = "Does not meet complexity requirements";
    pub(in super::super) const REQUIRED: &str = "Is required";
    pub(in super::super) const MALFORMED: &str = "Malformed";
}

/// A member of a request that is not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    pub(super) reason: &'static str,
    pub(super) name: &'static str,
}

/// What a request is about: the same refusal has other words elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// The family of the primary whose key is in the path.
    Family {
        /// That key.
        api_key: &'a str,
    },
    /// One subaccount of it.
    Subaccount {
        /// Its key.
        api_key: &'a str,
    },
    /// A transfer of balance or credit.
    Money {
        /// Who gives, and its key.
        from: (AccountId, &'a str),
        /// The key of who gets.
        to: &'a str,
    },
    /// A transfer of a number.
    Number {
        /// The number.
        msisdn: &'a str,
        /// The key of who gives.
        from: &'a str,
        /// The key of who gets.
        to: &'a str,
    },
    /// The secrets of an account.
    Secrets {
        /// Its key.
        api_key: &'a str,
        /// The secret that is asked for; empty where it is all of them.
        id: &'a str,
    },
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Problem(Box<Response>);

impl Problem {
    fn new(mut response: Response) -> Self {
        if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"tollgate\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        Self(Box::new(response))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// What `error` is in this dialect, in answer to the request named `instance`.
pub(super) fn problem(error: &Error, about: About<'_>, instance: Uuid) -> Problem {
    let words = match error {
        Error::Refused(refusal) => refused(refusal, about),
        Error::Unauthenticated => unauthorized(about),
        Error::Busy { retry_after_s } => throttled(*retry_after_s),
        Error::Unavailable => unavailable(),
        Error::Unknown => unknown(),
        Error::Fault => internal(),
    };
    let mut problem = words.said(instance);
    if let Error::Busy { retry_after_s } = error {
        problem.0.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    problem
}

/// Members of the body or the query that are not fit.
pub(super) fn invalid(faults: Vec<Fault>, about: About<'_>, instance: Uuid) -> Problem {
    validation(faults, about).said(instance)
}

/// A body that is no JSON object.
pub(super) fn malformed_json(instance: Uuid) -> Problem {
    general(StatusCode::BAD_REQUEST, "invalid-json", "Malformed JSON", "Malformed JSON payload.")
        .said(instance)
}

/// A body beyond what is read.
pub(super) fn too_large(max: usize, instance: Uuid) -> Problem {
    let detail = format!("The request body is larger than {max} bytes");
    general(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "Payload Too Large", detail).said(instance)
}

/// A path that nobody serves, or a transfer that is not there.
pub(super) fn not_found(instance: Uuid) -> Problem {
    general(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not Found",
        "The requested resource does not exist, or you do not have access to it",
    )
    .said(instance)
}

/// A method that the path is not served with.
pub(super) fn wrong_method(method: &Method, instance: Uuid) -> Problem {
    let detail = format!("Request method '{method}' not supported");
    general(StatusCode::METHOD_NOT_ALLOWED, "wrong-verb", "Request method not allowed", detail).said(instance)
}

/// A status and its texts, before they know which request they answer.
struct Words {
    status: StatusCode,
    base: &'static str,
    slug: &'static str,
    title: &'static str,
    detail: String,
    invalid_parameters: Vec<Fault>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid_parameters: Vec<Fault>,
}

impl Words {
    fn said(self, instance: Uuid) -> Problem {
        let kind = format!("{}{}", self.base, self.slug);
        let (title, detail, instance) = (self.title, self.detail.as_str(), instance.to_string());
        let body = Body { kind, title, detail, instance, invalid_parameters: self.invalid_parameters };
        Problem::new((self.status, Json(body)).into_response())
    }
}

fn words(
    base: &'static str,
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: impl Into<String>,
) -> Words {
    Words { status, base, slug, title, detail: detail.into(), invalid_parameters: Vec::new() }
}

fn general(status: StatusCode, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Words {
    words(GENERAL, status, slug, title, detail)
}

/// The ledger's no, word by word.
fn refused(refusal: &Refusal, about: About<'_>) -> Words {
    let fault = |name, reason| validation(vec![Fault { reason, name }], about);
    match refusal {
        Refusal::CredentialRevoked => unauthorized(about),
        Refusal::CallerSuspended => suspended(),
        Refusal::Restricted(limit) => {
            general(StatusCode::FORBIDDEN, "restricted", "Forbidden", limited(*limit))
        }
        Refusal::NotPrimary(_) => unprovisioned(about),
        Refusal::AccountSuspended(_) => banned(about),
        // To a caller these are all the same: not there, or not its own.
        Refusal::Forbidden
        | Refusal::AccountNotFound(_)
        | Refusal::AccountClosed(_)
        | Refusal::OutsideFamily => account_not_found(about),
        Refusal::InvalidText(TextField::Name) => fault("name", reason::LENGTH),
        Refusal::InvalidText(TextField::Reference) => fault("reference", reason::LENGTH),
        Refusal::InvalidText(TextField::Key) => fault("Idempotency-Key", reason::LENGTH),
        Refusal::InvalidText(TextField::Msisdn) => fault("number", reason::MALFORMED),
        Refusal::AmountOutOfRange | Refusal::SumOutOfRange => fault("amount", reason::AMOUNT),
        Refusal::BalanceStaysOwn | Refusal::PrimarySharesNothing => {
            fault("use_primary_account_balance", reason::NOT_BACK_TO_SHARED)
        }
        Refusal::SameAccount => fault("from", reason::SAME_ACCOUNT),
        Refusal::SubaccountsMax(_) => {
            let (title, detail) = ("Provisioning error", "Maximum number of sub-accounts reached");
            words(SUBACCOUNTS, StatusCode::FORBIDDEN, "provisioning", title, detail)
        }
        Refusal::SharesBalance(account) => shares_balance(*account, about),
        Refusal::InsufficientFunds { .. } => insufficient("Insufficient Balance"),
        Refusal::InsufficientCredit { .. } => insufficient("Insufficient Credit"),
        Refusal::NumberNotFound => number_not_found(about),
        Refusal::NumberNotOwned => number_not_owned(about),
        Refusal::NumberAlreadyOwned => number_already_owned(about),
        Refusal::CredentialsMax(max) => {
            let detail = format!("Account reached maximum number [{max}] of allowed secrets");
            words(SECRETS, StatusCode::FORBIDDEN, "add-excess-secret", "Secret Addition Forbidden", detail)
        }
        Refusal::LastCredential => words(
            SECRETS,
            StatusCode::FORBIDDEN,
            "delete-last-secret",
            "Secret Deletion Forbidden",
            "Can not delete the last secret. The account must always have at least 1 secret active at any time",
        ),
        Refusal::SecretInUse => fault("secret", reason::COMPLEXITY),
        Refusal::CredentialNotFound => secret_not_found(about),
        Refusal::KeyReused => general(
            StatusCode::CONFLICT,
            "idempotency-conflict",
            "Idempotency Conflict",
            "This Idempotency-Key was used with another request",
        ),
        // Answers to what no request of this dialect asks for: if one comes, the fault is ours.
        Refusal::InvalidText(
            TextField::Operation
            | TextField::Units
            | TextField::ApplicationName
            | TextField::Username
            | TextField::Alias
            | TextField::PlanName
            | TextField::Method
            | TextField::WebhookUrl
            | TextField::Setting,
        )
        | Refusal::NameTaken
        | Refusal::CurrencyMismatch
        | Refusal::CreditLimitFixed
        | Refusal::StatusFixed
        | Refusal::AlertsOutOfOrder
        | Refusal::WebhookNotFound
        | Refusal::WebhooksMax(_)
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
        | Refusal::CapReached(_)
        | Refusal::CapOutOfRange(_)
        | Refusal::TimeZoneUnknown
        | Refusal::RulesMax(_)
        | Refusal::OverlapOutOfRange
        | Refusal::NumberTaken
        | Refusal::NumbersMax(_)
        | Refusal::ApplicationNotFound(_)
        | Refusal::EndpointNotFound(_)
        | Refusal::TokenNotFound => {
            tracing::error!(?refusal, "a refusal that this dialect never asks for");
            internal()
        }
    }
}

/// What is beyond the limits of the secret that was shown.
fn limited(limit: Limit) -> String {
    match limit {
        Limit::ReadOnly => "The supplied credentials are limited to reading".to_owned(),
        Limit::Amount(max) => {
            format!("The supplied credentials are limited to moving {} at once", max.text(2))
        }
        Limit::Accounts => "The supplied credentials are limited to other accounts".to_owned(),
        Limit::Credentials => {
            "The supplied credentials are limited and manage neither secrets nor new accounts".to_owned()
        }
    }
}

fn validation(invalid_parameters: Vec<Fault>, about: About<'_>) -> Words {
    let (base, status, detail) = if matches!(about, About::Secrets { .. }) {
        (SECRETS, StatusCode::BAD_REQUEST, "The request failed due to secret validation errors")
    } else {
        (SUBACCOUNTS, StatusCode::UNPROCESSABLE_ENTITY, "The request failed due to validation errors")
    };
    Words { invalid_parameters, ..words(base, status, "validation", "Bad Request", detail) }
}

fn unauthorized(about: About<'_>) -> Words {
    let (title, detail) = if matches!(about, About::Secrets { .. }) {
        (
            "Unauthorized",
            "Invalid credentials format. Expected: \"Authorization: (Base64(UTF-8(apiKey:secret)))\"",
        )
    } else {
        ("Invalid credentials supplied", "You did not provide correct credentials")
    };
    general(StatusCode::UNAUTHORIZED, "unauthorized", title, detail)
}

fn suspended() -> Words {
    general(
        StatusCode::FORBIDDEN,
        "account-suspended",
        "Account Suspended",
        "This account has been suspended",
    )
}

fn unprovisioned(about: About<'_>) -> Words {
    let api_key = about.api_key();
    let detail = format!("Account {api_key} is not provisioned to access Subaccount Provisioning API");
    general(StatusCode::FORBIDDEN, "unprovisioned", "Authorisation error", detail)
}

fn account_not_found(about: About<'_>) -> Words {
    match about {
        About::Money { .. } => words(
            SUBACCOUNTS,
            StatusCode::FORBIDDEN,
            "valid-transfers",
            "Invalid Transfer",
            "Transfers are only allowed between a primary account and its subaccount",
        ),
        About::Number { msisdn, from, to } => invalid_number_transfer(format!(
            "Failed to perform transfer number {msisdn} from account {from} to {to} - The relationship between these two accounts does not allow for number transfer"
        )),
        About::Secrets { api_key, .. } => {
            let detail = format!("API key '{api_key}' not found");
            general(StatusCode::NOT_FOUND, "invalid-api-key", "Invalid API Key", detail)
        }
        About::Family { api_key } | About::Subaccount { api_key } => {
            let detail = format!("API key '{api_key}' does not exist, or you do not have access");
            general(StatusCode::NOT_FOUND, "invalid-api-key", "Invalid API Key", detail)
        }
    }
}

fn shares_balance(account: AccountId, about: About<'_>) -> Words {
    // Of the two sides of a transfer it is the one that gives, or else the one that gets.
    let api_key = if let About::Money { from, to } = about
        && from.0 != account
    {
        to
    } else {
        about.api_key()
    };
    let detail = format!("Account {api_key} shares the balance of its primary account");
    words(SUBACCOUNTS, StatusCode::FORBIDDEN, "valid-transfers", "Invalid Transfer", detail)
}

fn insufficient(detail: &'static str) -> Words {
    words(SUBACCOUNTS, StatusCode::FORBIDDEN, "valid-transfers", "Transfer amount is invalid", detail)
}

fn invalid_number_transfer(detail: impl Into<String>) -> Words {
    let title = "Invalid Number Transfer";
    words(SUBACCOUNTS, StatusCode::FORBIDDEN, "invalid-number-transfer", title, detail)
}

/// A suspended side of a transfer of a number; nothing else here asks whether another account is suspended.
fn banned(about: About<'_>) -> Words {
    if matches!(about, About::Number { .. }) {
        invalid_number_transfer("One of the accounts involved in the transfer is banned")
    } else {
        suspended()
    }
}

fn number_not_found(about: About<'_>) -> Words {
    let (title, detail) = ("Invalid Number Transfer", about.could_not("not found"));
    words(SUBACCOUNTS, StatusCode::NOT_FOUND, "missing-number-transfer", title, detail)
}

fn number_not_owned(about: About<'_>) -> Words {
    invalid_number_transfer(about.could_not("is not owned by from account"))
}

fn number_already_owned(about: About<'_>) -> Words {
    let detail = about.could_not("is already owned by requesting account");
    words(SUBACCOUNTS, StatusCode::CONFLICT, "transfer-conflict", "Transfer Conflict", detail)
}

fn secret_not_found(about: About<'_>) -> Words {
    let id = if let About::Secrets { id, .. } = about { id } else { "" };
    general(StatusCode::NOT_FOUND, "invalid-id", "Invalid ID", format!("ID '{id}' could not be found"))
}

fn throttled(retry_after_s: u32) -> Words {
    let detail = format!("Too many requests. Please try again in {retry_after_s} seconds");
    general(StatusCode::TOO_MANY_REQUESTS, "throttled", "Too Many Requests", detail)
}

fn unavailable() -> Words {
    general(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "Service Unavailable",
        "The service is temporarily unavailable. Please try again shortly",
    )
}

fn unknown() -> Words {
    general(
        StatusCode::SERVICE_UNAVAILABLE,
        "outcome-unknown",
        "Outcome Unknown",
        "The request may have been carried out or not. It can be sent again under the same Idempotency-Key",
    )
}

fn internal() -> Words {
    general(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal-error",
        "Internal Error",
        "An internal error occurred. Please try again shortly",
    )
}

impl<'a> About<'a> {
    /// The key of the account that it is about.
    const fn api_key(self) -> &'a str {
        match self {
            Self::Family { api_key } | Self::Subaccount { api_key } | Self::Secrets { api_key, .. } => {
                api_key
            }
            Self::Money { from: (_, from), .. } | Self::Number { from, .. } => from,
        }
    }

    /// The sentence that refuses a transfer of a number.
    fn could_not(self, why: &str) -> String {
        let Self::Number { msisdn, from, to } = self else { return why.to_owned() };
        format!("Could not transfer number {msisdn} from account {from} to {to} - ShortCode {why}")
    }
}

/// What an error is to each kind of request: status, the end of the type, and the detail or the member at fault.
#[cfg(test)]
pub(in super::super) fn said(error: &Error) -> Vec<String> {
    let (api_key, other) = ("acc6111f", "5b0ba11c");
    let abouts = [
        About::Family { api_key },
        About::Subaccount { api_key },
        About::Money { from: (AccountId::UNKNOWN, api_key), to: other },
        About::Number { msisdn: "447700900000", from: api_key, to: other },
        About::Secrets { api_key, id: "ad6dc56f" },
    ];
    let said = abouts.map(|about| {
        let words = match error {
            Error::Refused(refusal) => refused(refusal, about),
            Error::Unauthenticated => unauthorized(about),
            Error::Busy { retry_after_s } => throttled(*retry_after_s),
            Error::Unavailable => unavailable(),
            Error::Unknown => unknown(),
            Error::Fault => internal(),
        };
        let faults: Vec<_> =
            words.invalid_parameters.iter().map(|it| format!("`{}` {}", it.name, it.reason)).collect();
        let detail = if faults.is_empty() { words.detail } else { faults.join("; ") };
        format!("{} `{}`: {detail}", words.status.as_u16(), words.slug)
    });
    said.into()
}
