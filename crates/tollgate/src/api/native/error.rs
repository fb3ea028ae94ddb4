//! What goes wrong, as RFC 9457 problems: `{type, title, status, detail, code, instance}`, and where it helps `needed`
//! and `available` (money is short), `period`, `cap`, `spent`, `held`, `needed` and `resets_at` (a cap is reached), `left`
//! (of a charge) and `errors` (each member at fault).
//!
//! `code` is the stable word for programs. `detail` tells a person what is wrong and what to do next; its wording may
//! change. `instance` names the request as its log line and its `X-Request-Id` do.

mod code;
mod examples;
mod restricted;
mod sentences;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::{Amount, CapReached, HoldEnd, Period, Refusal, TextField};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

pub(super) use self::code::Code;
#[cfg(test)]
pub(in super::super) use self::examples::{codes, said};
use self::sentences::{
    ACCOUNT_NOT_FOUND, ACCOUNT_SUSPENDED, APPLICATION_NOT_FOUND, CALLER_SUSPENDED, CAP_OUT_OF_RANGE,
    CAP_REACHED, CHARGE_NOT_FOUND, CREDENTIAL_NOT_FOUND, ENDPOINT_NOT_FOUND, FORBIDDEN, INSUFFICIENT_CREDIT,
    INSUFFICIENT_FUNDS, KEY_REUSED, LAST_CREDENTIAL, NOT_EXPIRED, NOT_PRIMARY, NUMBER_NOT_FOUND,
    NUMBER_TAKEN, TOKEN_NOT_FOUND, WEBHOOK_NOT_FOUND,
};
use super::wire::{Text, Time};
use crate::app;
use crate::http::Incoming;

/// A member, a query parameter or a header that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct FieldError {
    /// Its name; `body` for the whole body.
    pub(super) field: Cow<'static, str>,
    /// What is wrong with it, so that it reads on from the name.
    pub(super) detail: Cow<'static, str>,
}

/// Under which names a request has what a refusal may be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// The amount.
    pub(super) amount: &'static str,
    /// The account that it is about, or the other one of a transfer.
    pub(super) account: &'static str,
    /// What has a currency, and what is wrong with it where that is another one.
    pub(super) currency: (&'static str, &'static str),
    /// The key under which it happens once.
    pub(super) key: &'static str,
}

impl Names {
    /// What most requests call them.
    pub(super) const USUAL: Self = Self {
        amount: "amount",
        account: "account",
        currency: ("currency", "must be the primary account's, or be left out"),
        key: "Idempotency-Key",
    };
    /// What one of many in a body calls them.
    pub(super) const IN_BATCH: Self = Self { key: "key", ..Self::USUAL };
}

impl Default for Names {
    fn default() -> Self {
        Self::USUAL
    }
}

/// Why a handler has no answer.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The body is no JSON, and why.
    NotJson(String),
    /// The body has more than so many bytes.
    TooLarge(usize),
    /// These members are at fault.
    Invalid(Vec<FieldError>),
    /// What the use case came to.
    App(app::Error, Names),
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        Self::App(error, Names::default())
    }
}

impl Failure {
    /// One field is at fault.
    pub(super) fn field(field: &'static str, detail: &'static str) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), detail: detail.into() }])
    }

    /// The problem that it is.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::NotJson(detail) => Problem::new(Code::NotJson, detail),
            Self::TooLarge(max) => {
                Problem::new(Code::TooLarge, format!("A body has at most {max} bytes. Send less at once."))
            }
            Self::Invalid(errors) => invalid(errors),
            Self::App(error, names) => match error {
                app::Error::Refused(refusal) => refused(&refusal, names),
                app::Error::Unauthenticated => Problem::new(Code::Unauthenticated, UNAUTHENTICATED),
                app::Error::Busy { retry_after_s } => Problem::new(Code::Busy, BUSY).after(retry_after_s),
                app::Error::Unavailable => Problem::new(Code::Unavailable, UNAVAILABLE),
                app::Error::Unknown => Problem::new(Code::OutcomeUnknown, UNKNOWN),
                app::Error::Fault => Problem::new(Code::Fault, FAULT),
            },
        }
    }
}

const UNAUTHENTICATED: &str = "Send an operator or gate token with `Authorization: Bearer`, or an account's api key or \
     auth id with one of its secrets or tokens as `Authorization: Basic`. What was sent, if anything, is not right or \
     was revoked.";
const BUSY: &str =
    "Too many authentications failed, or too much waits. Ask again after the time in `Retry-After`.";
const UNAVAILABLE: &str = "The store does not take this now, and nothing was done. Ask again later, best with the same \
     `Idempotency-Key`.";
const UNKNOWN: &str = "The store did not say in time what became of this: it may have been done, or not. Send the same request \
     again under the same `Idempotency-Key`: it is done once, and answered as the first one was. If there was no key, look \
     whether it was done before you ask again.";
const FAULT: &str = "This is our fault, and nothing was done. The operator finds the cause in the log under the id in \
     `instance`.";

/// The ledger's no as a problem. A caller, or an account, that is suspended is 403 `suspended`; a closed account that
/// is asked to do something is 403 `closed`; one that the caller may not know of is 404 like one that there is not.
pub(super) fn refused(refusal: &Refusal, names: Names) -> Problem {
    if let Some((field, detail)) = fault(refusal, names) {
        return invalid(vec![FieldError { field: field.into(), detail: detail.into() }]);
    }
    let problem = unless_fault(refusal);
    if let Refusal::InsufficientFunds { available, needed } = refusal {
        return problem.short_of(*needed, *available);
    }
    if let Refusal::InsufficientCredit { available, needed } = refusal {
        return problem.short_of(*needed, Some(*available));
    }
    if let Some(retry_after_s) = refusal.retry_after_s() {
        let cap = if let Refusal::CapReached(reached) = refusal { Some(reached.clone()) } else { None };
        return Problem { cap, ..problem }.after(retry_after_s);
    }
    if let Refusal::AlreadyReversed { left } = refusal {
        return Problem { left: Some(*left), ..problem };
    }
    problem
}

/// The field at fault, and what is wrong with it, where a refusal is about one.
pub(super) fn fault(refusal: &Refusal, names: Names) -> Option<(&'static str, &'static str)> {
    Some(match refusal {
        Refusal::InvalidText(TextField::Key) => {
            (names.key, "must have 1 to 255 characters, none of them U+0000")
        }
        Refusal::InvalidText(field) => unfit_text(*field),
        Refusal::AmountOutOfRange if matches!(names.amount, "credit_limit" | "cost") => {
            (names.amount, "must be from 0 to 10000000000")
        }
        Refusal::AmountOutOfRange => {
            (names.amount, "must be more than 0 (only a payment may be negative) and at most 10000000000")
        }
        Refusal::SumOutOfRange => (names.amount, "would take an account beyond what an amount can hold"),
        Refusal::CurrencyMismatch => names.currency,
        Refusal::BalanceStaysOwn => ("balance", "must be \"own\": an own balance is never shared again"),
        Refusal::PrimarySharesNothing => {
            ("balance", "must be \"own\": a primary account has no primary to share with")
        }
        Refusal::CreditLimitFixed => (
            "credit_limit",
            "is set by the operator on a primary account alone; a subaccount's changes by credit transfer",
        ),
        Refusal::StatusFixed => ("status", "must be \"active\" or \"suspended\""),
        Refusal::AlertsOutOfOrder => (
            "alerts",
            "must be from 0 to 10000000000, with `low` more than `depleted` and `recovered` no less than `low`",
        ),
        Refusal::SameAccount => (names.account, "must be another account than the one in the path"),
        Refusal::OutsideFamily => (names.account, "must be a subaccount of the account in the path"),
        Refusal::SharesBalance(_) => {
            (names.account, "shares its primary's balance and has none of its own to pay into or to move")
        }
        Refusal::CapOutOfRange(Period::Day) => ("caps.day", CAP_OUT_OF_RANGE),
        Refusal::CapOutOfRange(Period::Month) => ("caps.month", CAP_OUT_OF_RANGE),
        Refusal::TimeZoneUnknown => {
            ("caps.time_zone", "must be the name of an IANA time zone, such as \"Europe/Rome\"")
        }
        Refusal::PlanInherited => ("price_plan", "is the primary's, whose subaccounts go by it"),
        Refusal::OverlapOutOfRange => ("overlap_seconds", "must be from 0 to 2592000, which are 30 days"),
        Refusal::ExpiryOutOfRange => ("expires_in", "must be from 1 to 86400 seconds, which are 24 hours"),
        Refusal::CredentialRevoked
        | Refusal::CallerSuspended
        | Refusal::Forbidden
        | Refusal::Restricted(_)
        | Refusal::NotPrimary(_)
        | Refusal::AccountNotFound(_)
        | Refusal::AccountSuspended(_)
        | Refusal::AccountClosed(_)
        | Refusal::NameTaken
        | Refusal::SubaccountsMax(_)
        | Refusal::InsufficientFunds { .. }
        | Refusal::InsufficientCredit { .. }
        | Refusal::CapReached(_)
        | Refusal::NotEmpty { .. }
        | Refusal::ChargeNotFound(_)
        | Refusal::AlreadyReversed { .. }
        | Refusal::HoldNotFound(_)
        | Refusal::HoldEnded { .. }
        | Refusal::NotExpired
        | Refusal::NoPrice
        | Refusal::CallDenied
        | Refusal::PathNotNormal
        | Refusal::PlanNotFound
        | Refusal::RulesMax(_)
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
        | Refusal::TokenNotFound
        | Refusal::WebhookNotFound
        | Refusal::WebhooksMax(_)
        | Refusal::KeyReused => return None,
    })
}

const fn unfit_text(field: TextField) -> (&'static str, &'static str) {
    match field {
        TextField::Name => ("name", "must have 1 to 255 characters, not all of them blank and none U+0000"),
        TextField::Reference => ("reference", "must have at most 255 characters, none of them U+0000"),
        TextField::Operation => ("operation", "must have 1 to 64 characters, none of them blank"),
        TextField::Units => ("units", "must have at most 32 characters, none of them U+0000"),
        TextField::Key => ("Idempotency-Key", "must have 1 to 255 characters, none of them U+0000"),
        TextField::Msisdn => ("msisdn", "must have 3 to 15 digits and nothing else"),
        TextField::ApplicationName => ("name", "must have 1 to 255 letters, digits, - and _"),
        TextField::Username => ("username", "must have 1 to 37 letters and digits, first a letter"),
        TextField::Alias => ("alias", "must have 1 to 255 characters, not all of them blank and none U+0000"),
        TextField::PlanName => ("name", "must have 1 to 64 lower-case letters, digits, `.`, `-` and `_`"),
        TextField::Method => ("method", "must have 1 to 32 capital letters, such as POST"),
        TextField::WebhookUrl => (
            "url",
            "must be an http or https address of at most 2048 characters, without a user, a password or a fragment",
        ),
        TextField::Setting => ("settings", "must have at most 2048 characters, none of them U+0000"),
    }
}

/// A refusal that is not about a field of the request.
fn unless_fault(refusal: &Refusal) -> Problem {
    let said = Problem::new::<&'static str>;
    match refusal {
        Refusal::CredentialRevoked => said(Code::Unauthenticated, UNAUTHENTICATED),
        Refusal::CallerSuspended => said(Code::Suspended, CALLER_SUSPENDED),
        Refusal::Forbidden => said(Code::Forbidden, FORBIDDEN),
        Refusal::Restricted(limit) => Problem::new(Code::Restricted, restricted::detail(*limit)),
        Refusal::NotPrimary(_) => said(Code::Forbidden, NOT_PRIMARY),
        Refusal::AccountNotFound(_) => said(Code::NotFound, ACCOUNT_NOT_FOUND),
        Refusal::AccountSuspended(_) => said(Code::Suspended, ACCOUNT_SUSPENDED),
        Refusal::AccountClosed(_) => said(Code::Closed, "The account is closed for good. Use another one."),
        Refusal::NameTaken => said(Code::Fault, FAULT),
        Refusal::SubaccountsMax(max) => Problem::new(
            Code::SubaccountsMax,
            format!("The primary account has {max} of at most {max} subaccounts. Close one first."),
        ),
        Refusal::InsufficientFunds { .. } => said(Code::InsufficientFunds, INSUFFICIENT_FUNDS),
        Refusal::InsufficientCredit { .. } => said(Code::InsufficientCredit, INSUFFICIENT_CREDIT),
        Refusal::CapReached(_) => said(Code::CapReached, CAP_REACHED),
        Refusal::NotEmpty { balance, held, subaccounts } => Problem::new(
            Code::NotEmpty,
            format!(
                "A primary account closes only without a balance, holds and subaccounts. It has {balance} of \
                 balance, {held} held and {subaccounts} subaccounts; bring each to 0 first."
            ),
        ),
        Refusal::ChargeNotFound(_) => said(Code::NotFound, CHARGE_NOT_FOUND),
        Refusal::AlreadyReversed { left } => Problem::new(
            Code::AlreadyReversed,
            format!("Only {left} of the charge is left to be given back. Ask for no more than that."),
        ),
        Refusal::HoldNotFound(_) => said(Code::NotFound, "There is no such hold. Check its id."),
        Refusal::HoldEnded { how, at } => Problem::new(
            Code::HoldEnded,
            format!("The hold {} at {}. Nothing is left to do.", ended(*how), Time(*at)),
        ),
        Refusal::NotExpired => said(Code::NotExpired, NOT_EXPIRED),
        Refusal::NumberTaken => said(Code::NumberTaken, NUMBER_TAKEN),
        Refusal::PlanNotFound => {
            said(Code::NotFound, "There is no such price plan. Put it first, or check its name.")
        }
        Refusal::RulesMax(max) => Problem::new(
            Code::Invalid,
            format!("A price plan has at most {max} rules. Join some by `*` and `**`."),
        ),
        Refusal::NoPrice => said(Code::Forbidden, "No rule of the price plan is for such a call. Add one."),
        Refusal::CallDenied => said(Code::Forbidden, "The price plan does not allow such a call."),
        Refusal::PathNotNormal => {
            said(Code::Invalid, "Servers read such a path differently. Write it plainly.")
        }
        Refusal::NumbersMax(max) => {
            Problem::new(Code::Invalid, format!("At most {max} numbers come at once. Send fewer."))
        }
        Refusal::NumberNotFound => said(Code::NotFound, NUMBER_NOT_FOUND),
        Refusal::NumberNotOwned => {
            said(Code::NumberNotOwned, "The giving account does not have this number.")
        }
        Refusal::NumberAlreadyOwned => {
            said(Code::NumberAlreadyOwned, "The getting account has this number already.")
        }
        Refusal::ApplicationNotFound(_) => said(Code::NotFound, APPLICATION_NOT_FOUND),
        Refusal::EndpointNotFound(_) => said(Code::NotFound, ENDPOINT_NOT_FOUND),
        Refusal::CredentialsMax(max) => Problem::new(
            Code::CredentialsMax,
            format!(
                "The account has {max} credentials of this kind, the most it may have. Revoke one first, or rotate \
                 with `overlap_seconds` 0, which ends them all."
            ),
        ),
        Refusal::LastCredential => said(Code::LastCredential, LAST_CREDENTIAL),
        Refusal::SecretInUse => {
            said(Code::SecretInUse, "The account has this secret already. Choose another.")
        }
        Refusal::CredentialNotFound => said(Code::NotFound, CREDENTIAL_NOT_FOUND),
        Refusal::TokenNotFound => said(Code::NotFound, TOKEN_NOT_FOUND),
        Refusal::WebhookNotFound => said(Code::NotFound, WEBHOOK_NOT_FOUND),
        Refusal::WebhooksMax(max) => Problem::new(
            Code::WebhooksMax,
            format!("There are {max} of at most {max} webhooks. Delete one first."),
        ),
        Refusal::KeyReused => said(Code::KeyReused, KEY_REUSED),
        Refusal::InvalidText(_)
        | Refusal::AmountOutOfRange
        | Refusal::SumOutOfRange
        | Refusal::CurrencyMismatch
        | Refusal::BalanceStaysOwn
        | Refusal::PrimarySharesNothing
        | Refusal::CreditLimitFixed
        | Refusal::StatusFixed
        | Refusal::AlertsOutOfOrder
        | Refusal::SameAccount
        | Refusal::OutsideFamily
        | Refusal::SharesBalance(_)
        | Refusal::PlanInherited
        | Refusal::CapOutOfRange(_)
        | Refusal::TimeZoneUnknown
        | Refusal::OverlapOutOfRange
        | Refusal::ExpiryOutOfRange => invalid(Vec::new()),
    }
}

/// How a hold ended, to be read after it.
const fn ended(how: HoldEnd) -> &'static str {
    match how {
        HoldEnd::Settled => "was settled",
        HoldEnd::Released => "was released",
        HoldEnd::Expired => "expired and was given back",
        HoldEnd::Captured => "expired and was charged",
        HoldEnd::Closed => "was released when its account closed,",
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let detail = "Something in the request is not as it must be; `errors` says what. Mend it and ask again.";
    Problem { errors, ..Problem::new(Code::Invalid, detail) }
}

/// An answer that says what went wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    /// What was needed and, where the caller may see it, what there is.
    short: Option<(Amount, Option<Amount>)>,
    /// What is left of a charge.
    left: Option<Amount>,
    /// The cap that is reached.
    cap: Option<Box<CapReached>>,
    errors: Vec<FieldError>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// What a problem says of a cap that is reached; nothing of any other.
#[derive(Default)]
struct Capped {
    period: Option<&'static str>,
    cap: Option<Text<Amount>>,
    spent: Option<Text<Amount>>,
    held: Option<Text<Amount>>,
    needed: Option<Text<Amount>>,
    resets_at: Option<Text<Time>>,
}

impl Capped {
    fn of(reached: &CapReached) -> Self {
        let CapReached { period, cap, spent, held, needed, resets_at, .. } = reached;
        let [cap, spent, held, needed] = [cap, spent, held, needed].map(|it| Some(Text(*it)));
        let period = match period {
            Period::Day => "day",
            Period::Month => "month",
        };
        Self { period: Some(period), cap, spent, held, needed, resets_at: Some(Text(Time(*resets_at))) }
    }
}

/// What went wrong (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemRecord<'a> {
    /// A name for this kind of problem, which leads nowhere: `urn:tollgate:problem:` and the code.
    #[schemars(with = "&'static str", regex(pattern = "^urn:tollgate:problem:[a-z_]+$"))]
    r#type: Text<Urn>,
    /// What kind of problem it is, for people.
    title: &'static str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What is wrong here and what to do next, for people. Its wording may change.
    detail: &'a str,
    /// What kind of problem it is, for programs. It never changes its meaning.
    code: &'static str,
    /// The name of the request, as `X-Request-Id` and the log have it: `urn:uuid:` and a UUID.
    #[schemars(with = "&'static str", regex(pattern = "^urn:uuid:[0-9a-f-]{36}$"))]
    instance: Text<uuid::fmt::Urn>,
    /// What would have been needed, where money or credit is short, or a cap is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Text<Amount>>,
    // Null, not absent, where money is short and the caller may not see how much there is.
    /// What there is, where money or credit is short; null where the caller may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Option<Text<Amount>>>,
    /// What is left of a charge that is to be given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Text<Amount>>,
    /// Which of the account's caps is reached: that for a day or that for a month.
    #[schemars(with = "Option<&'static str>", extend("enum" = ["day", "month"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<&'static str>,
    /// That cap: what the account may spend in the day or month.
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Text<Amount>>,
    /// What of the cap is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    spent: Option<Text<Amount>>,
    /// What of the cap the account's open holds reserve.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Text<Amount>>,
    /// When the cap begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<Text<Time>>,
    /// Each member, query parameter or header that is at fault.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
}

/// What a problem says, as a part of another answer.
#[derive(Serialize, JsonSchema)]
pub(super) struct Said {
    /// Why not, in the words of this API, through whatever door it came; of checked calls also `no_price`, `denied` and
    /// `path_not_normal`.
    pub(super) code: &'static str,
    /// What is wrong and what to do next, for a person. Its wording may change.
    detail: Cow<'static, str>,
    /// What was needed, where money or credit was short.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Text<Amount>>,
    /// What there was, where money or credit was short; null where the caller may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Option<Text<Amount>>>,
    /// What was left of a charge that was to be given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Text<Amount>>,
    /// Each member that was at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// A name for a kind of problem; it leads nowhere.
struct Urn(&'static str);

impl std::fmt::Display for Urn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "urn:tollgate:problem:{}", self.0)
    }
}

impl Problem {
    /// A problem of this kind, and what a person should know of this one.
    pub(super) fn new<T: Into<Cow<'static, str>>>(code: Code, detail: T) -> Self {
        let schemes = r#"Basic realm="tollgate", charset="UTF-8", Bearer realm="tollgate""#;
        let schemes = (WWW_AUTHENTICATE, HeaderValue::from_static(schemes));
        let header = (code == Code::Unauthenticated).then_some(schemes);
        Self { code, detail: detail.into(), short: None, left: None, cap: None, errors: Vec::new(), header }
    }

    /// What it says, without the answer around it.
    pub(super) fn said(self) -> Said {
        Said {
            code: self.code.parts().1,
            detail: self.detail,
            needed: self.short.map(|it| Text(it.0)),
            available: self.short.map(|it| it.1.map(Text)),
            left: self.left.map(Text),
            errors: self.errors,
        }
    }

    fn short_of(self, needed: Amount, available: Option<Amount>) -> Self {
        Self { short: Some((needed, available)), ..self }
    }

    fn after(self, seconds: u32) -> Self {
        Self { header: Some((RETRY_AFTER, seconds.into())), ..self }
    }

    /// With the methods that are allowed.
    pub(super) fn allowing(self, methods: &str) -> Self {
        Self { header: HeaderValue::from_str(methods).ok().map(|it| (ALLOW, it)), ..self }
    }

    /// The status of the answer that it is.
    pub(super) const fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What the answer to a request says.
    pub(super) fn body(&self, request: Uuid) -> ProblemRecord<'_> {
        let (status, code, title) = self.code.parts();
        let capped = self.cap.as_deref().map(Capped::of).unwrap_or_default();
        ProblemRecord {
            r#type: Text(Urn(code)),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code,
            instance: Text(request.urn()),
            needed: self.short.map(|it| Text(it.0)).or(capped.needed),
            available: self.short.map(|it| it.1.map(Text)),
            left: self.left.map(Text),
            period: capped.period,
            cap: capped.cap,
            spent: capped.spent,
            held: capped.held,
            resets_at: capped.resets_at,
            errors: &self.errors,
        }
    }

    /// As the answer to a request.
    pub(super) fn response(&self, incoming: &Incoming) -> Response {
        // Strings, numbers and lists of them always have a JSON text.
        let body = serde_json::to_vec(&self.body(incoming.request_id)).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status(), [(CONTENT_TYPE, kind)], body).into_response();
        if let Some((name, value)) = self.header.clone() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
