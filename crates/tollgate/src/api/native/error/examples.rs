//! A problem of each kind, as the OpenAPI document shows it.

use axum::http::StatusCode;
use ledger::{Amount, CapReached, HoldEnd, Limit, Period, Refusal, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::{Code, Failure, Names, Problem, refused};
use crate::app;

/// The name of the request that all of them answer.
const REQUEST: Uuid = Uuid::from_u128(0x0199_3d2c_9a00_7b11_8d4e_0a1b_2c3d_4e5f);
/// 12.50 and 20.00.
const AMOUNTS: (Amount, Amount) = (Amount::from_units(1_250_000_000), Amount::from_units(2_000_000_000));

impl Code {
    /// All of them.
    #[cfg(test)]
    const ALL: [Self; 30] = [
        Self::NotJson,
        Self::Unauthenticated,
        Self::InsufficientFunds,
        Self::InsufficientCredit,
        Self::Forbidden,
        Self::Restricted,
        Self::Suspended,
        Self::Closed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::KeyReused,
        Self::AlreadyReversed,
        Self::HoldEnded,
        Self::NotExpired,
        Self::NotEmpty,
        Self::SubaccountsMax,
        Self::NumberTaken,
        Self::NumberNotOwned,
        Self::NumberAlreadyOwned,
        Self::CredentialsMax,
        Self::LastCredential,
        Self::SecretInUse,
        Self::WebhooksMax,
        Self::TooLarge,
        Self::Invalid,
        Self::CapReached,
        Self::Busy,
        Self::Fault,
        Self::Unavailable,
        Self::OutcomeUnknown,
    ];

    /// The status that it comes with.
    pub(in super::super) const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The stable word.
    pub(in super::super) const fn word(self) -> &'static str {
        self.parts().1
    }

    /// What a person reads first.
    pub(in super::super) const fn title(self) -> &'static str {
        self.parts().2
    }
}

impl Problem {
    /// The body of a problem of this kind.
    pub(in super::super) fn example(code: Code) -> Value {
        serde_json::to_value(of(code).body(REQUEST)).unwrap_or_default()
    }
}

fn of(code: Code) -> Problem {
    let (little, more) = AMOUNTS;
    let by = |refusal: Refusal| refused(&refusal, Names::USUAL);
    match code {
        Code::NotJson => Problem::new(code, "The body is not JSON from line 1, column 14 on. Mend it there."),
        Code::Unauthenticated => Failure::from(app::Error::Unauthenticated).problem(),
        Code::InsufficientFunds => by(Refusal::InsufficientFunds { available: Some(little), needed: more }),
        Code::InsufficientCredit => by(Refusal::InsufficientCredit { available: little, needed: more }),
        Code::Forbidden => by(Refusal::Forbidden),
        Code::Restricted => by(Refusal::Restricted(Limit::ReadOnly)),
        Code::Suspended => by(Refusal::CallerSuspended),
        Code::Closed => by(Refusal::AccountClosed(ledger::AccountId::UNKNOWN)),
        Code::NotFound => by(Refusal::AccountNotFound(ledger::AccountId::UNKNOWN)),
        Code::MethodNotAllowed => Problem::new(code, "PATCH is not served here; this path takes GET, POST."),
        Code::KeyReused => by(Refusal::KeyReused),
        Code::AlreadyReversed => by(Refusal::AlreadyReversed { left: little }),
        // 2025-09-12T09:14:07.201Z.
        Code::HoldEnded => {
            by(Refusal::HoldEnded { how: HoldEnd::Released, at: Timestamp::from_millis(1_757_668_447_201) })
        }
        Code::NotExpired => by(Refusal::NotExpired),
        Code::NotEmpty => by(Refusal::NotEmpty { balance: little, held: Amount::ZERO, subaccounts: 2 }),
        Code::SubaccountsMax => by(Refusal::SubaccountsMax(1_000)),
        Code::NumberTaken => by(Refusal::NumberTaken),
        Code::NumberNotOwned => by(Refusal::NumberNotOwned),
        Code::NumberAlreadyOwned => by(Refusal::NumberAlreadyOwned),
        Code::CredentialsMax => by(Refusal::CredentialsMax(2)),
        Code::LastCredential => by(Refusal::LastCredential),
        Code::SecretInUse => by(Refusal::SecretInUse),
        Code::WebhooksMax => by(Refusal::WebhooksMax(20)),
        Code::TooLarge => Failure::TooLarge(crate::http::BODY_MAX).problem(),
        Code::Invalid => Failure::field("amount", "must be a decimal number such as \"1.50\"").problem(),
        Code::CapReached => by(Refusal::CapReached(Box::new(CapReached {
            period: Period::Day,
            cap: more,
            spent: little,
            held: Amount::ZERO,
            needed: little,
            // 2025-09-12T22:00:00Z, and an hour before it.
            resets_at: Timestamp::from_millis(1_757_714_400_000),
            at: Timestamp::from_millis(1_757_710_800_000),
        }))),
        Code::Busy => Failure::from(app::Error::Busy { retry_after_s: 1 }).problem(),
        Code::Fault => Failure::from(app::Error::Fault).problem(),
        Code::Unavailable => Failure::from(app::Error::Unavailable).problem(),
        Code::OutcomeUnknown => Failure::from(app::Error::Unknown).problem(),
    }
}

/// Status, code and fields of what an error is here.
#[cfg(test)]
pub(in super::super::super) fn said(error: &app::Error) -> String {
    let problem = Failure::from(error.clone()).problem();
    let fields: Vec<_> = problem.errors.iter().map(|it| format!("`{}` {}", it.field, it.detail)).collect();
    let code = format!("{} `{}`", problem.code.status().as_u16(), problem.code.word());
    if fields.is_empty() { code } else { format!("{code}: {}", fields.join("; ")) }
}

/// Code, status, title and an example of what is said, of each kind of problem.
#[cfg(test)]
pub(in super::super::super) fn codes() -> Vec<[String; 4]> {
    // Those of the source, for a list of them would soon lack one.
    let source = include_str!("code.rs");
    let source = source.split("enum Code {").nth(1).and_then(|it| it.split('}').next()).unwrap_or_default();
    let all = Code::ALL.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let named: Vec<_> = source
        .lines()
        .map(|it| it.trim().trim_end_matches(','))
        .filter(|it| it.starts_with(char::is_uppercase))
        .collect();
    assert_eq!(named, all, "`Code::ALL` is not all");
    let row = |it: &Code| {
        let problem = of(*it);
        let status = it.status().as_u16().to_string();
        [it.word().to_owned(), status, it.title().to_owned(), problem.detail.into_owned()]
    };
    Code::ALL.iter().map(row).collect()
}
