//! What an answer says: everything that any of Vonage's six SDKs reads, so that all of them can read it.

use std::collections::BTreeMap;
use std::fmt::Display;

use ledger::{
    Account, Amount, ApiKey, BalanceMode, Credential, CredentialId, Line, Number, Status, Timestamp,
    TransferKind,
};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// How many decimals money has at least.
const DECIMALS_MIN: usize = 4;

/// Something that is a string on the wire.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Money: a JSON number in plain notation that keeps its zeros.
pub(super) struct Money {
    pub(super) amount: Amount,
    pub(super) decimals_min: usize,
}

impl Money {
    const fn of(amount: Amount) -> Self {
        Self { amount, decimals_min: DECIMALS_MIN }
    }

    /// A credit limit, which this dialect prints as how far below zero the balance may go.
    fn of_limit(limit: Amount) -> Self {
        // A limit is never negative, so it always has an opposite.
        Self::of(limit.checked_neg().unwrap_or_default())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.amount.text(self.decimals_min).to_string();
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A point in time, to the millisecond or to the second.
enum Moment {
    Millis(Timestamp),
    Seconds(Timestamp),
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (at, decimals) = match self {
            Self::Millis(at) => (at, 3),
            Self::Seconds(at) => (at, 0),
        };
        let at = jiff::Timestamp::from_millisecond(at.millis()).map_err(S::Error::custom)?;
        serializer.collect_str(&format_args!("{at:.decimals$}"))
    }
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    itself: Link,
}

#[derive(Serialize)]
struct Link {
    href: String,
}

impl Links {
    const fn to(href: String) -> Self {
        Self { itself: Link { href } }
    }
}

/// An account, a primary or a subaccount.
#[derive(Serialize)]
pub(in super::super) struct Subaccount<'a> {
    api_key: Shown<ApiKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    name: &'a str,
    primary_account_api_key: Shown<ApiKey>,
    use_primary_account_balance: bool,
    balance: Option<Money>,
    credit_limit: Option<Money>,
    suspended: bool,
    created_at: Moment,
}

impl<'a> Subaccount<'a> {
    /// An account of a primary's family, with the secret that is shown this once.
    pub(in super::super) fn of(account: &'a Account, primary: &Account, secret: Option<&'a str>) -> Self {
        // The primary's own money is its primary's, too, so both are true and shown.
        let owns = account.mode == BalanceMode::Own;
        Self {
            api_key: Shown(account.api_key),
            secret,
            name: &account.name,
            primary_account_api_key: Shown(primary.api_key),
            use_primary_account_balance: account.is_primary() || !owns,
            balance: owns.then(|| Money::of(account.standing.balance)),
            credit_limit: owns.then(|| Money::of_limit(account.standing.credit_limit)),
            suspended: account.status == Status::Suspended,
            created_at: Moment::Millis(account.created_at),
        }
    }
}

/// A primary, its subaccounts and their sums.
#[derive(Serialize)]
pub(in super::super) struct List<'a> {
    #[serde(rename = "_links")]
    links: Links,
    total_balance: Money,
    total_credit_limit: Money,
    #[serde(rename = "_embedded")]
    embedded: Family<'a>,
}

#[derive(Serialize)]
struct Family<'a> {
    primary_account: Subaccount<'a>,
    subaccounts: Rows<'a>,
}

/// Rendered one by one, so that a long list is not in memory twice.
struct Rows<'a> {
    accounts: &'a [Account],
    primary: &'a Account,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.accounts.iter().map(|it| Subaccount::of(it, self.primary, None)))
    }
}

impl<'a> List<'a> {
    /// `None` where a sum does not fit an amount.
    pub(in super::super) fn of(primary: &'a Account, subaccounts: &'a [Account]) -> Option<Self> {
        let owners = || subaccounts.iter().filter(|it| it.mode == BalanceMode::Own).chain([primary]);
        let sum =
            |figure: fn(&Account) -> Amount| owners().map(figure).try_fold(Amount::ZERO, Amount::checked_add);
        Some(Self {
            links: Links::to(format!("/accounts/{}/subaccounts", primary.api_key)),
            total_balance: Money::of(sum(|it| it.standing.balance)?),
            total_credit_limit: Money::of_limit(sum(|it| it.standing.credit_limit)?),
            embedded: Family {
                primary_account: Subaccount::of(primary, primary, None),
                subaccounts: Rows { accounts: subaccounts, primary },
            },
        })
    }
}

/// A transfer of balance or credit.
#[derive(Serialize)]
pub(in super::super) struct Moved<'a> {
    #[serde(rename = "masterAccountId")]
    master_account_id: Shown<ApiKey>,
    #[serde(rename = "_links")]
    links: Links,
    from: Shown<ApiKey>,
    to: Shown<ApiKey>,
    amount: Money,
    reference: &'a str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_transfer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_transfer_id: Option<String>,
    created_at: Moment,
}

/// What was transferred, and in whose family.
#[derive(Clone, Copy)]
pub(in super::super) struct Transferred {
    pub(in super::super) kind: TransferKind,
    pub(in super::super) primary: ApiKey,
}

impl Transferred {
    fn href(self) -> String {
        let path = match self.kind {
            TransferKind::Credit => "credit-transfers",
            TransferKind::Balance => "balance-transfers",
        };
        format!("/accounts/{}/{path}", self.primary)
    }
}

impl<'a> Moved<'a> {
    pub(in super::super) fn of(line: &'a Line, of: Transferred, (from, to): (ApiKey, ApiKey)) -> Self {
        let id = line.id.to_string();
        Self {
            master_account_id: Shown(of.primary),
            links: Links::to(format!("{}/{id}", of.href())),
            from: Shown(from),
            to: Shown(to),
            amount: Money::of(line.amount()),
            reference: line.reference.as_deref().unwrap_or(""),
            credit_transfer_id: matches!(of.kind, TransferKind::Credit).then(|| id.clone()),
            balance_transfer_id: matches!(of.kind, TransferKind::Balance).then(|| id.clone()),
            id,
            created_at: Moment::Millis(line.at),
        }
    }

    /// The keys of the side that gave and of the side that got.
    pub(in super::super) const fn sides(&self) -> [ApiKey; 2] {
        [self.from.0, self.to.0]
    }
}

/// Transfers, newest first.
#[derive(Serialize)]
pub(in super::super) struct MovedList {
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_embedded")]
    embedded: BTreeMap<&'static str, Box<RawValue>>,
}

impl MovedList {
    /// The list under every name that an SDK or the OpenAPI document looks for it by.
    ///
    /// # Errors
    /// Never: the rows have nothing that JSON cannot say.
    pub(in super::super) fn of(rows: &[Moved<'_>], of: Transferred) -> serde_json::Result<Self> {
        let rows = to_raw_value(rows)?;
        let embedded = match of.kind {
            TransferKind::Credit => {
                BTreeMap::from([("credit_transfers", rows.clone()), ("credit-transfers", rows)])
            }
            TransferKind::Balance => BTreeMap::from([("balance_transfers", rows)]),
        };
        Ok(Self { links: Links::to(of.href()), embedded })
    }
}

/// A number that was moved.
#[derive(Serialize)]
pub(in super::super) struct MovedNumber<'a> {
    number: &'a str,
    country: &'a str,
    from: String,
    to: String,
    #[serde(rename = "masterAccountId")]
    master_account_id: Shown<ApiKey>,
}

impl<'a> MovedNumber<'a> {
    /// The sides by the keys that they were asked for by, which differ from their own in case at the most.
    pub(in super::super) fn of(number: &'a Number, primary: ApiKey, from: &str, to: &str) -> Self {
        Self {
            number: &number.msisdn,
            country: number.country.as_str(),
            from: from.to_ascii_lowercase(),
            to: to.to_ascii_lowercase(),
            master_account_id: Shown(primary),
        }
    }
}

/// A secret, which is never shown again: its name and its age.
#[derive(Serialize)]
pub(in super::super) struct Secret {
    #[serde(rename = "_links")]
    links: Links,
    id: Shown<CredentialId>,
    created_at: Moment,
}

impl Secret {
    pub(in super::super) fn of(credential: &Credential, api_key: &str) -> Self {
        Self {
            links: Links::to(format!("{}/{}", secrets_href(api_key), credential.id)),
            id: Shown(credential.id),
            created_at: Moment::Seconds(credential.created_at),
        }
    }
}

/// The secrets of an account, oldest first. No `next` among its links: the PHP SDK would follow it for ever.
#[derive(Serialize)]
pub(in super::super) struct SecretList {
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_embedded")]
    embedded: Secrets,
}

#[derive(Serialize)]
struct Secrets {
    secrets: Vec<Secret>,
}

impl SecretList {
    pub(in super::super) fn of<'a>(secrets: impl Iterator<Item = &'a Credential>, api_key: &str) -> Self {
        let secrets = secrets.map(|it| Secret::of(it, api_key)).collect();
        Self { links: Links::to(secrets_href(api_key)), embedded: Secrets { secrets } }
    }
}

fn secrets_href(api_key: &str) -> String {
    format!("/accounts/{}/secrets", api_key.to_ascii_lowercase())
}
