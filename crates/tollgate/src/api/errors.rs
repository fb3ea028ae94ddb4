//! docs/errors.md is made here, from the ledger's refusals and what each dialect says to them, and compared with the file:
//! what a dialect says changes there, or this test fails.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use ledger::{
    AccountId, Amount, ApplicationId, EndpointId, HoldEnd, Limit, LineId, Refusal, TextField, Timestamp,
};

use super::{native, plivo, vonage};
use crate::app::Error;
use crate::gate;

/// Where the refusals stand, with a doc comment on each.
const REFUSALS: &str = include_str!("../../../ledger/src/refusal.rs");

/// One of each refusal, in the order of the source. Where what is in it changes what is said, several.
fn samples() -> Vec<Refusal> {
    let (account, line) = (AccountId::UNKNOWN, LineId::from_bytes([0; 16]));
    let (little, much) = (Amount::from_units(1_250_000_000), Amount::from_units(2_000_000_000));
    vec![
        Refusal::CredentialRevoked,
        Refusal::CallerSuspended,
        Refusal::Forbidden,
        Refusal::Restricted(Limit::Amount(much)),
        Refusal::NotPrimary(account),
        Refusal::AccountNotFound(account),
        Refusal::AccountSuspended(account),
        Refusal::AccountClosed(account),
        Refusal::InvalidText(TextField::Name),
        Refusal::InvalidText(TextField::Key),
        Refusal::InvalidText(TextField::Msisdn),
        Refusal::InvalidText(TextField::Setting),
        Refusal::AmountOutOfRange,
        Refusal::SumOutOfRange,
        Refusal::NameTaken,
        Refusal::CurrencyMismatch,
        Refusal::SubaccountsMax(1_000),
        Refusal::BalanceStaysOwn,
        Refusal::PrimarySharesNothing,
        Refusal::CreditLimitFixed,
        Refusal::StatusFixed,
        Refusal::AlertsOutOfOrder,
        Refusal::SameAccount,
        Refusal::OutsideFamily,
        Refusal::SharesBalance(account),
        Refusal::InsufficientFunds { available: Some(little), needed: much },
        Refusal::CapReached(Box::new(ledger::CapReached {
            period: ledger::Period::Month,
            cap: much,
            spent: little,
            held: Amount::ZERO,
            needed: much,
            resets_at: Timestamp::from_millis(1_759_269_600_000),
            at: Timestamp::from_millis(1_757_668_447_201),
        })),
        Refusal::CapOutOfRange(ledger::Period::Day),
        Refusal::TimeZoneUnknown,
        Refusal::NoPrice,
        Refusal::CallDenied,
        Refusal::PathNotNormal,
        Refusal::PlanNotFound,
        Refusal::PlanInherited,
        Refusal::RulesMax(1_000),
        Refusal::InsufficientCredit { available: little, needed: much },
        Refusal::NotEmpty { balance: little, held: Amount::ZERO, subaccounts: 2 },
        Refusal::ChargeNotFound(line),
        Refusal::AlreadyReversed { left: little },
        Refusal::HoldNotFound(line),
        Refusal::HoldEnded { how: HoldEnd::Released, at: Timestamp::from_millis(1_757_668_447_201) },
        Refusal::NotExpired,
        Refusal::ExpiryOutOfRange,
        Refusal::OverlapOutOfRange,
        Refusal::NumberTaken,
        Refusal::NumbersMax(100),
        Refusal::NumberNotFound,
        Refusal::NumberNotOwned,
        Refusal::NumberAlreadyOwned,
        Refusal::ApplicationNotFound(ApplicationId::from_random(1)),
        Refusal::EndpointNotFound(EndpointId::from_random(1)),
        Refusal::CredentialsMax(2),
        Refusal::LastCredential,
        Refusal::SecretInUse,
        Refusal::CredentialNotFound,
        Refusal::TokenNotFound,
        Refusal::WebhookNotFound,
        Refusal::WebhooksMax(20),
        Refusal::KeyReused,
    ]
}

/// What the source calls a refusal.
fn variant(refusal: &Refusal) -> String {
    let debug = format!("{refusal:?}");
    debug.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// The refusals of the source in their order, with the first sentence of what stands above each.
fn documented() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = String::new();
    let body = REFUSALS.split("pub enum Refusal {\n").nth(1).unwrap().split("\n}\n").next().unwrap();
    for line in body.lines() {
        if let Some(more) = line.strip_prefix("    /// ") {
            words = format!("{words} {more}");
        } else if let Some(name) = line.strip_prefix("    ").filter(|it| it.starts_with(char::is_uppercase)) {
            let name = name.split(|it: char| !it.is_alphanumeric()).next().unwrap().to_owned();
            found.push((name, std::mem::take(&mut words).trim().to_owned()));
        }
    }
    found
}

/// What all dialects say to one error.
fn row(name: &str, meaning: &str, error: &Error) -> String {
    let cells = [
        vec![native::said(error)],
        vonage::said(error),
        vonage::said_by_rest(error),
        plivo::said(error),
        vec![gate::said(error)],
    ];
    let cells = cells.map(|said| {
        // What no request of a dialect can bring about is a fault if it comes, and of no use to read.
        let is_asked = |it: &String| !matches!(error, Error::Refused(_)) || !it.starts_with("500");
        let mut told: Vec<String> = Vec::new();
        for it in said.into_iter().filter(is_asked).map(|it| it.replace('|', "\\|")) {
            if !told.contains(&it) {
                told.push(it);
            }
        }
        if told.is_empty() { "–".to_owned() } else { told.join("<br>") }
    });
    format!("| {name} | {} | {} |\n", meaning.replace('|', "\\|"), cells.join(" | "))
}

const HEAD: &str = "| | what it means | native | Vonage | Vonage, rest host | Plivo | gate |\n\
                    |--|--|--|--|--|--|--|\n";

fn page() -> String {
    let mut page = include_str!("errors.md").to_owned();
    page.push_str("\n## Every refusal\n\n");
    page.push_str(
        "The ledger says no in one place and in one word; each dialect has its own words for it. `–`: no request of that \
         dialect brings it about.\n\n",
    );
    page.push_str(HEAD);
    let mut samples = samples().into_iter().peekable();
    for (name, meaning) in documented() {
        let mut meaning = &*meaning;
        while let Some(sample) = samples.next_if(|it| variant(it) == name) {
            let label = if let Refusal::InvalidText(field) = &sample {
                format!("`{name}`: {field:?}")
            } else {
                format!("`{name}`")
            };
            page.push_str(&row(&label, meaning, &Error::Refused(sample)));
            // Said once is enough.
            meaning = "";
        }
    }
    assert_eq!(samples.next(), None, "the samples are not in the order of the source");
    page.push_str("\n## What is no refusal\n\n");
    page.push_str(HEAD);
    for (name, meaning, error) in [
        ("not authenticated", "No credentials, or wrong ones.", Error::Unauthenticated),
        (
            "busy",
            "Too much of this; later again, after the time in `Retry-After`.",
            Error::Busy { retry_after_s: 1 },
        ),
        ("unavailable", "The store takes no writes; nothing was done.", Error::Unavailable),
        (
            "outcome unknown",
            "A write that may have been done or not: the store did not say in time what became of it.",
            Error::Unknown,
        ),
        ("fault", "A fault of ours; nothing was done, and the log says why.", Error::Fault),
    ] {
        page.push_str(&row(name, meaning, &error));
    }
    page.push_str("\n## Every code of the native API\n\n| code | status | | such as |\n|--|--|--|--|\n");
    for [code, status, title, detail] in native::codes() {
        writeln!(page, "| `{code}` | {status} | {title} | {} |", detail.replace('|', "\\|")).unwrap();
    }
    page
}

#[test]
fn the_samples_are_all_refusals_that_there_are() {
    let documented: BTreeSet<_> = documented().into_iter().map(|it| it.0).collect();
    let sampled: BTreeSet<_> = samples().iter().map(variant).collect();
    assert!(documented.len() > 40, "the refusals have moved");
    assert_eq!(
        documented, sampled,
        "give each refusal of the ledger a sample in `samples()`, in the order of the source"
    );
}

#[test]
fn the_page_of_errors_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/errors.md is not what the code says. `UPDATE=1 cargo test -p tollgate --lib errors` writes it anew; look at what changed."
    );
}
