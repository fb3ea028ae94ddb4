//! Refusals in words, so that a story can expect them and a test can say which never came up.

use super::story::{Named, Story};
use crate::limits::Limit;
use crate::refusal::{CapReached, Refusal};

/// Lists the variants once: a match without a wildcard, so that a new one does not compile until it is listed, and the
/// names for the test that wants each of them in a story.
macro_rules! variants {
    ($($variant:ident)+) => {
        pub(super) const ALL: &[&str] = &[$(stringify!($variant)),+];

        pub(super) const fn word(refusal: &Refusal) -> &'static str {
            match refusal {
                $(Refusal::$variant { .. } => stringify!($variant),)+
            }
        }
    };
}

variants! {
    CredentialRevoked CallerSuspended Forbidden NotPrimary AccountNotFound AccountSuspended AccountClosed InvalidText
    AmountOutOfRange SumOutOfRange NameTaken CurrencyMismatch SubaccountsMax BalanceStaysOwn PrimarySharesNothing
    CreditLimitFixed StatusFixed SameAccount OutsideFamily SharesBalance InsufficientFunds InsufficientCredit NotEmpty
    ChargeNotFound AlreadyReversed HoldNotFound HoldEnded NotExpired ExpiryOutOfRange NumberTaken NumbersMax NumberNotFound
    NumberNotOwned NumberAlreadyOwned ApplicationNotFound EndpointNotFound OverlapOutOfRange CredentialsMax
    LastCredential SecretInUse CredentialNotFound TokenNotFound KeyReused NoPrice CallDenied PathNotNormal PlanNotFound
    PlanInherited RulesMax CapReached CapOutOfRange TimeZoneUnknown Restricted AlertsOutOfOrder WebhookNotFound
    WebhooksMax
}

/// The refusal's name and what it carries.
pub(super) fn text(refusal: &Refusal, story: &Story) -> String {
    let carried = match refusal {
        Refusal::NotPrimary(account)
        | Refusal::AccountNotFound(account)
        | Refusal::AccountSuspended(account)
        | Refusal::AccountClosed(account)
        | Refusal::SharesBalance(account) => story.name_of(Named::Account(*account)),
        Refusal::InvalidText(field) => format!("{field:?}"),
        Refusal::SubaccountsMax(max) => max.to_string(),
        Refusal::Restricted(Limit::Amount(max)) => format!("Amount {}", max.text(0)),
        Refusal::Restricted(limit) => format!("{limit:?}"),
        Refusal::RulesMax(max) | Refusal::WebhooksMax(max) => max.to_string(),
        Refusal::InsufficientFunds { available, needed } => {
            let available = available.map_or_else(|| "hidden".to_owned(), |it| it.text(0).to_string());
            format!("available {available} needed {}", needed.text(0))
        }
        Refusal::CapReached(reached) => {
            let CapReached { period, cap, spent, held, needed, resets_at, at } = &**reached;
            let [cap, spent, held, needed] = [cap, spent, held, needed].map(|it| it.text(0));
            let left_s = (resets_at.millis() - at.millis()) / 1_000;
            format!("{period:?} {cap} spent {spent} held {held} needed {needed} resets {left_s}s")
        }
        Refusal::CapOutOfRange(period) => format!("{period:?}"),
        Refusal::InsufficientCredit { available, needed } => {
            format!("available {} needed {}", available.text(0), needed.text(0))
        }
        Refusal::NotEmpty { balance, held, subaccounts } => {
            format!("balance {} held {} subaccounts {subaccounts}", balance.text(0), held.text(0))
        }
        Refusal::ChargeNotFound(line) | Refusal::HoldNotFound(line) if line.as_bytes() == &[0; 16] => {
            "nothing".to_owned()
        }
        Refusal::ChargeNotFound(line) | Refusal::HoldNotFound(line) => story.name_of(Named::Line(*line)),
        Refusal::AlreadyReversed { left } => format!("left {}", left.text(0)),
        Refusal::HoldEnded { how, at } => format!("{how:?} at {}s", at.millis() / 1_000),
        Refusal::CredentialsMax(max) | Refusal::NumbersMax(max) => max.to_string(),
        Refusal::ApplicationNotFound(id) => story.name_of(Named::Application(*id)),
        Refusal::EndpointNotFound(id) => story.name_of(Named::Endpoint(*id)),
        Refusal::CredentialRevoked
        | Refusal::CallerSuspended
        | Refusal::Forbidden
        | Refusal::AmountOutOfRange
        | Refusal::SumOutOfRange
        | Refusal::NameTaken
        | Refusal::CurrencyMismatch
        | Refusal::BalanceStaysOwn
        | Refusal::PrimarySharesNothing
        | Refusal::CreditLimitFixed
        | Refusal::StatusFixed
        | Refusal::AlertsOutOfOrder
        | Refusal::WebhookNotFound
        | Refusal::SameAccount
        | Refusal::OutsideFamily
        | Refusal::NotExpired
        | Refusal::ExpiryOutOfRange
        | Refusal::OverlapOutOfRange
        | Refusal::NumberTaken
        | Refusal::NumberNotFound
        | Refusal::NumberNotOwned
        | Refusal::NumberAlreadyOwned
        | Refusal::LastCredential
        | Refusal::SecretInUse
        | Refusal::CredentialNotFound
        | Refusal::TokenNotFound
        | Refusal::KeyReused
        | Refusal::NoPrice
        | Refusal::CallDenied
        | Refusal::PathNotNormal
        | Refusal::PlanNotFound
        | Refusal::PlanInherited
        | Refusal::TimeZoneUnknown => String::new(),
    };
    format!("{} {carried}", word(refusal)).trim_end().to_owned()
}
