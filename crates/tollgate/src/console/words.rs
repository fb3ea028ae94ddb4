//! How the ledger's no, and whatever else does not come off, reads on a page: what is wrong, and what to do next.

use std::borrow::Cow;

use axum::http::StatusCode;
use ledger::{Amount, CapReached, HoldEnd, Limit, Period, Refusal, TextField};

use super::show::{Money, Time};
use crate::app::Error;

/// Why there is no other page.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The answer's status.
    pub(super) status: StatusCode,
    /// What it is, in short.
    pub(super) heading: &'static str,
    /// What is wrong, and what to do next.
    pub(super) words: Cow<'static, str>,
}

/// Of anything that does not come off.
pub(super) fn of(error: &Error) -> Said {
    let said = |status, heading, words: &'static str| Said { status, heading, words: words.into() };
    match error {
        Error::Refused(refusal) => Said {
            status: status(refusal),
            heading: if is_not_found(refusal) { "There is no such thing" } else { "This was refused" },
            words: refused(refusal),
        },
        Error::Unauthenticated => said(
            StatusCode::FORBIDDEN,
            "You are no longer signed in",
            "Your credential was revoked, or its time is over. Sign in with another one.",
        ),
        Error::Busy { retry_after_s } => Said {
            status: StatusCode::TOO_MANY_REQUESTS,
            heading: "Too much at once",
            words: format!(
                "Too many attempts failed, or too much waits. Try again in {}.",
                seconds(*retry_after_s)
            )
            .into(),
        },
        Error::Unavailable => said(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not now",
            "The store does not take this now, and nothing was done. Try again in a moment.",
        ),
        Error::Unknown => said(
            StatusCode::SERVICE_UNAVAILABLE,
            "It is not known whether this was done",
            "The store did not say in time what became of it: it may have been done, or not. Reload this page, which sends the \
             same once more: it is done once. Or look whether it was done before you start anew.",
        ),
        Error::Fault => said(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This is our fault",
            "Nothing was done. The operator finds the cause in the log.",
        ),
    }
}

fn seconds(count: u32) -> String {
    if count == 1 { "a second".to_owned() } else { format!("{count} seconds") }
}

const fn is_not_found(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::AccountNotFound(_)
            | Refusal::ChargeNotFound(_)
            | Refusal::HoldNotFound(_)
            | Refusal::PlanNotFound
            | Refusal::NumberNotFound
            | Refusal::ApplicationNotFound(_)
            | Refusal::EndpointNotFound(_)
            | Refusal::CredentialNotFound
            | Refusal::TokenNotFound
            | Refusal::WebhookNotFound
    )
}

const fn status(refusal: &Refusal) -> StatusCode {
    if is_not_found(refusal) {
        return StatusCode::NOT_FOUND;
    }
    if matches!(
        refusal,
        Refusal::CallerSuspended | Refusal::Forbidden | Refusal::Restricted(_) | Refusal::NotPrimary(_)
    ) {
        return StatusCode::FORBIDDEN;
    }
    StatusCode::UNPROCESSABLE_ENTITY
}

fn money(amount: Amount) -> String {
    Money::from(amount).text()
}

/// Why the ledger says no, in a sentence or two.
pub(super) fn refused(refusal: &Refusal) -> Cow<'static, str> {
    let text: &'static str = match refusal {
        Refusal::InsufficientFunds { available, needed } => return short_of_funds(*available, *needed),
        Refusal::InsufficientCredit { available, needed } => {
            return format!(
                "{} of credit limit was asked for, and at most {} of it is not in use and can move. Move less.",
                money(*needed),
                money(*available)
            )
            .into();
        }
        Refusal::CapReached(reached) => return cap_reached(reached).into(),
        Refusal::Restricted(limit) => return restricted(*limit).into(),
        Refusal::SubaccountsMax(max) => {
            return format!(
                "The primary account has {max} subaccounts, the most it may have. Close one first."
            )
            .into();
        }
        Refusal::NotEmpty { balance, held, subaccounts } => {
            return format!(
                "A primary account closes only without balance, holds and subaccounts. It has {} of balance, {} held, and {subaccounts} subaccounts. Bring each to 0 first.",
                money(*balance),
                money(*held)
            )
            .into();
        }
        Refusal::AlreadyReversed { left } => {
            return format!("Only {} of the charge is left to be given back.", money(*left)).into();
        }
        Refusal::HoldEnded { how, at } => {
            return format!("The hold {} at {}.", ended(*how), Time(*at).rfc3339()).into();
        }
        Refusal::CredentialsMax(max) => {
            return format!(
                "The account has {max} credentials of this kind, the most it may have. Revoke one first, or rotate without an overlap, which ends them all."
            )
            .into();
        }
        Refusal::WebhooksMax(max) => {
            return format!("There are {max} webhooks, the most there may be. Delete one first.").into();
        }
        Refusal::RulesMax(max) => return format!("A price plan has at most {max} rules.").into(),
        Refusal::NumbersMax(max) => return format!("At most {max} numbers come at once.").into(),
        Refusal::InvalidText(field) => return unfit(*field).into(),
        Refusal::CapOutOfRange(Period::Day) => "The cap for a day must be from 0 to 10,000,000,000.",
        Refusal::CapOutOfRange(Period::Month) => "The cap for a month must be from 0 to 10,000,000,000.",
        Refusal::CredentialRevoked => "Your credential was revoked. Sign in with another one.",
        Refusal::CallerSuspended => {
            "Your account, or its primary account, is suspended. Whoever manages it can reactivate it; its money stays."
        }
        Refusal::Forbidden => "Whoever is signed in may not do this.",
        Refusal::NotPrimary(_) => "Only a primary account manages subaccounts.",
        Refusal::AccountNotFound(_) => "There is no such account, or it is not yours to see.",
        Refusal::AccountSuspended(_) => {
            "The account, or its primary account, is suspended. Reactivate it first."
        }
        Refusal::AccountClosed(_) => "The account is closed for good.",
        Refusal::AmountOutOfRange => "The amount must be more than 0 and at most 10,000,000,000.",
        Refusal::SumOutOfRange => "This would take an account beyond what an amount can hold.",
        Refusal::NameTaken => "No name could be made for the account. Try again.",
        Refusal::CurrencyMismatch => "The currency is another one than that of the family.",
        Refusal::BalanceStaysOwn => "An own balance is never shared again.",
        Refusal::PrimarySharesNothing => "A primary account has no primary whose balance it could share.",
        Refusal::CreditLimitFixed => {
            "The operator sets the credit limit of a primary account. That of a subaccount changes by credit transfer alone."
        }
        Refusal::StatusFixed => "An account is closed by closing it, not by a change of its state.",
        Refusal::AlertsOutOfOrder => {
            "The thresholds must be from 0 to 10,000,000,000: nothing left below low, and low not above enough again."
        }
        Refusal::SameAccount => "Both sides are the same account.",
        Refusal::OutsideFamily => {
            "Balance and credit limit move between a primary account and one of its own subaccounts alone."
        }
        Refusal::SharesBalance(_) => {
            "The account shares its primary's balance, and has none of its own to move or to pay into."
        }
        Refusal::TimeZoneUnknown => "There is no such time zone. Write it like Europe/Rome.",
        Refusal::NoPrice => "No rule of the price plan is for such a call.",
        Refusal::CallDenied => "The price plan does not allow such a call.",
        Refusal::PathNotNormal => "Servers read such a path differently, so it is not let through.",
        Refusal::PlanNotFound => "There is no such price plan.",
        Refusal::PlanInherited => "A subaccount goes by the price plan of its primary account.",
        Refusal::ChargeNotFound(_) => "There is no such charge.",
        Refusal::HoldNotFound(_) => "There is no such hold.",
        Refusal::NotExpired => "Its time has not come.",
        Refusal::ExpiryOutOfRange => "A hold lasts more than nothing and at most 24 hours.",
        Refusal::OverlapOutOfRange => "The old credential may live on for at most 30 days.",
        Refusal::NumberTaken => "The number is there already, or somebody rents it.",
        Refusal::NumberNotFound => "There is no such number, or it is not this account's.",
        Refusal::NumberNotOwned => "The giving account does not have the number.",
        Refusal::NumberAlreadyOwned => "The getting account has the number already.",
        Refusal::ApplicationNotFound(_) => "There is no such application.",
        Refusal::EndpointNotFound(_) => "There is no such endpoint.",
        Refusal::LastCredential => {
            "An account keeps at least one credential of each kind. Rotate it, or add another one first."
        }
        Refusal::SecretInUse => "The account has this secret already. Choose another.",
        Refusal::CredentialNotFound => "There is no such credential; it may have been revoked before.",
        Refusal::TokenNotFound => "There is no such token; it may have been revoked before.",
        Refusal::WebhookNotFound => "There is no such webhook, or nothing is known of that event there.",
        Refusal::KeyReused => {
            "This form was sent before, with something else in it, and that is what was done. Open the page again for another go."
        }
    };
    text.into()
}

fn short_of_funds(available: Option<Amount>, needed: Amount) -> Cow<'static, str> {
    match available {
        Some(available) => format!(
            "{} was asked for, and {} is available: balance and credit limit, less what is held.",
            money(needed),
            money(available)
        )
        .into(),
        None => format!("{} was asked for, and that is not available.", money(needed)).into(),
    }
}

fn cap_reached(reached: &CapReached) -> String {
    let CapReached { period, cap, spent, held, needed, resets_at, .. } = reached;
    let period = match period {
        Period::Day => "day",
        Period::Month => "month",
    };
    format!(
        "{} was asked for. The account may spend {} in a {period}; it has spent {}, and {} is held. That begins anew at {}.",
        money(*needed),
        money(*cap),
        money(*spent),
        money(*held),
        Time(*resets_at).rfc3339()
    )
}

fn restricted(limit: Limit) -> String {
    match limit {
        Limit::ReadOnly => "Your credential only reads. Sign in with one that may do more.".to_owned(),
        Limit::Amount(most) => {
            format!("Your credential moves at most {} at once.", money(most))
        }
        Limit::Accounts => "Your credential is for some accounts alone, and this is beyond them.".to_owned(),
        Limit::Credentials => {
            "Your credential is restricted, so it makes and ends none, and opens and closes no account."
                .to_owned()
        }
    }
}

const fn ended(how: HoldEnd) -> &'static str {
    match how {
        HoldEnd::Settled => "was settled",
        HoldEnd::Released => "was released",
        HoldEnd::Expired => "expired",
        HoldEnd::Captured => "expired and was charged",
        HoldEnd::Closed => "ended when its account was closed",
    }
}

const fn unfit(field: TextField) -> &'static str {
    match field {
        TextField::Name => "The name must have 1 to 255 characters, not all of them blank.",
        TextField::Reference => "The reference must have at most 255 characters.",
        TextField::Operation => "The operation must have 1 to 64 characters, none of them blank.",
        TextField::Units => "The units must have at most 32 characters.",
        TextField::Key => "The form's key is missing. Open the page again.",
        TextField::Msisdn => "A number has 3 to 15 digits and nothing else.",
        TextField::ApplicationName => "The name must have 1 to 255 letters, digits, - and _.",
        TextField::Username => "The username must have 1 to 37 letters and digits, first a letter.",
        TextField::Alias => "The alias must have 1 to 255 characters, not all of them blank.",
        TextField::Setting => "A setting must have at most 2048 characters.",
        TextField::WebhookUrl => {
            "The address must be an http or https address of at most 2048 characters, without a user, a password or a fragment."
        }
        TextField::PlanName => {
            "The name of a price plan must have 1 to 64 lower-case letters, digits, dots, - and _."
        }
        TextField::Method => "A method must have 1 to 32 capital letters, such as POST.",
    }
}
