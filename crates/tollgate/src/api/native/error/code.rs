//! The stable words of problems.

use axum::http::StatusCode;

/// The stable word of a problem, with its status and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Code {
    NotJson,
    Unauthenticated,
    InsufficientFunds,
    InsufficientCredit,
    Forbidden,
    Restricted,
    Suspended,
    Closed,
    NotFound,
    MethodNotAllowed,
    KeyReused,
    AlreadyReversed,
    HoldEnded,
    NotExpired,
    NotEmpty,
    SubaccountsMax,
    NumberTaken,
    NumberNotOwned,
    NumberAlreadyOwned,
    CredentialsMax,
    LastCredential,
    SecretInUse,
    WebhooksMax,
    TooLarge,
    Invalid,
    CapReached,
    Busy,
    Fault,
    Unavailable,
    OutcomeUnknown,
}

impl Code {
    /// Status, word and title.
    pub(in super::super) const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotJson => (S::BAD_REQUEST, "not_json", "The body is not JSON"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Not authenticated"),
            Self::InsufficientFunds => (S::PAYMENT_REQUIRED, "insufficient_funds", "Not enough available"),
            Self::InsufficientCredit => {
                (S::PAYMENT_REQUIRED, "insufficient_credit", "Not enough unused credit")
            }
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "Not allowed with these credentials"),
            Self::Restricted => (S::FORBIDDEN, "restricted", "Beyond the limits of these credentials"),
            Self::Suspended => (S::FORBIDDEN, "suspended", "Suspended"),
            Self::Closed => (S::FORBIDDEN, "closed", "Closed"),
            Self::NotFound => (S::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::KeyReused => (S::CONFLICT, "key_reused", "The key was used with another request"),
            Self::AlreadyReversed => (S::CONFLICT, "already_reversed", "Already reversed"),
            Self::HoldEnded => (S::CONFLICT, "hold_ended", "The hold has ended"),
            Self::NotExpired => (S::CONFLICT, "not_expired", "Not expired"),
            Self::NotEmpty => (S::CONFLICT, "not_empty", "The account is not empty"),
            Self::SubaccountsMax => (S::CONFLICT, "subaccounts_max", "No more subaccounts"),
            Self::NumberTaken => (S::CONFLICT, "number_taken", "The number is taken"),
            Self::NumberNotOwned => (S::CONFLICT, "number_not_owned", "The number is another account's"),
            Self::NumberAlreadyOwned => (S::CONFLICT, "number_already_owned", "The number is there already"),
            Self::CredentialsMax => (S::CONFLICT, "credentials_max", "No more credentials"),
            Self::LastCredential => (S::CONFLICT, "last_credential", "The last credential stays"),
            Self::SecretInUse => (S::CONFLICT, "secret_in_use", "The secret is in use"),
            Self::WebhooksMax => (S::CONFLICT, "webhooks_max", "No more webhooks"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
            Self::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid", "The request is not valid"),
            Self::CapReached => (S::TOO_MANY_REQUESTS, "cap_reached", "The spending cap is reached"),
            Self::Busy => (S::TOO_MANY_REQUESTS, "busy", "Too many requests"),
            Self::Fault => (S::INTERNAL_SERVER_ERROR, "fault", "A fault of the server"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            Self::OutcomeUnknown => (S::SERVICE_UNAVAILABLE, "outcome_unknown", "Outcome unknown"),
        }
    }
}
