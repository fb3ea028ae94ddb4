//! Accounts, what they stand at, and what authenticates them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::cap::Caps;
use crate::event::{Alerts, Level};
use crate::id::{AccountId, ApiKey, AuthId, CredentialId, TokenId};
use crate::limits::Limits;
use crate::money::Amount;
use crate::settings::Settings;
use crate::time::Timestamp;

/// How deep accounts may be nested: a primary account and its subaccounts.
pub const LEVELS_MAX: usize = 2;

/// An account: holds credentials, perhaps money. Without a parent it is a primary account, else a subaccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name inside.
    pub id: AccountId,
    /// The primary account above it; `None` for a primary.
    pub parent: Option<AccountId>,
    /// Its name in the Vonage dialect.
    pub api_key: ApiKey,
    /// Its name in the Plivo dialect.
    pub auth_id: AuthId,
    /// What people call it: 1 to 255 characters.
    pub name: Arc<str>,
    /// The currency of its family.
    pub currency: Currency,
    /// Whether its charges fall on itself or on its primary.
    pub mode: BalanceMode,
    /// Balance, credit limit and held amount; all zero while it shares its primary's.
    pub standing: Standing,
    /// Its own state; see [`crate::book::Book::is_suspended`] for what its primary's state adds.
    pub status: Status,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its name, state, balance mode, credit limit or settings were changed last.
    pub changed_at: Option<Timestamp>,
    /// What it keeps about itself.
    pub settings: Settings,
    /// The price plan that a primary and its subaccounts go by; the default one of its currency when `None`.
    pub plan: Option<Arc<str>>,
    /// How much it may spend in a day and a month. Boxed, so that an account without them costs no more.
    pub caps: Option<Box<Caps>>,
    /// At what available amount somebody wants to be told.
    pub alerts: Alerts,
    /// Which of these it has crossed.
    pub level: Level,
    /// The credentials that authenticate it now, oldest first.
    pub credentials: Arc<[Credential]>,
    /// How many of its subaccounts are not closed.
    pub subaccounts: u32,
}

/// What an account stands at, and by how much a posting moves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What is there; negative is owed.
    pub balance: Amount,
    /// How far below zero the balance may go, as a non-negative amount.
    pub credit_limit: Amount,
    /// The sum of the open holds.
    pub held: Amount,
}

impl Standing {
    /// Nothing there, nothing moved.
    pub const ZERO: Self = Self { balance: Amount::ZERO, credit_limit: Amount::ZERO, held: Amount::ZERO };

    /// Only a balance.
    pub const fn of_balance(balance: Amount) -> Self {
        Self { balance, ..Self::ZERO }
    }

    /// Only a credit limit.
    pub const fn of_credit_limit(credit_limit: Amount) -> Self {
        Self { credit_limit, ..Self::ZERO }
    }

    /// Only a held amount.
    pub const fn of_held(held: Amount) -> Self {
        Self { held, ..Self::ZERO }
    }

    /// `balance + credit limit − held`: the only number that a charge, a hold or a transfer is checked against.
    pub fn available(&self) -> Amount {
        let exact = i128::from(self.balance.units()) + i128::from(self.credit_limit.units())
            - i128::from(self.held.units());
        let end = if exact < 0 { i64::MIN } else { i64::MAX };
        Amount::from_units(i64::try_from(exact).unwrap_or(end))
    }

    /// The most balance that may move away: `max(0, available)`.
    pub fn balance_movable(&self) -> Amount {
        self.available().max(Amount::ZERO)
    }

    /// The most credit limit that may move away: `max(0, min(credit limit, available))`.
    pub fn credit_movable(&self) -> Amount {
        self.available().min(self.credit_limit).max(Amount::ZERO)
    }

    /// Both added up, or `None` where one figure does not fit.
    pub fn checked_add(&self, change: &Self) -> Option<Self> {
        Some(Self {
            balance: self.balance.checked_add(change.balance)?,
            credit_limit: self.credit_limit.checked_add(change.credit_limit)?,
            held: self.held.checked_add(change.held)?,
        })
    }

    /// The opposite move, or `None` where one figure has none.
    pub fn checked_neg(&self) -> Option<Self> {
        Some(Self {
            balance: self.balance.checked_neg()?,
            credit_limit: self.credit_limit.checked_neg()?,
            held: self.held.checked_neg()?,
        })
    }
}

impl Account {
    /// Whether it has no parent.
    pub const fn is_primary(&self) -> bool {
        self.parent.is_none()
    }

    /// The primary of its family: itself or its parent.
    pub fn primary(&self) -> AccountId {
        self.parent.unwrap_or(self.id)
    }

    /// The account that its charges fall on: itself, or its primary while it shares that one's balance.
    pub fn payer(&self) -> AccountId {
        match self.mode {
            BalanceMode::Own => self.id,
            BalanceMode::Shared => self.primary(),
        }
    }

    /// The live credential with this id.
    pub fn credential(&self, id: CredentialId) -> Option<&Credential> {
        self.credentials.iter().find(|it| it.id == id)
    }

    /// Its unrestricted credentials of a kind that live at a time.
    pub fn credentials_of(&self, kind: CredentialKind, now: Timestamp) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(move |it| it.kind == kind && it.limits.is_none() && it.lives_at(now))
    }

    /// Its restricted ones.
    pub fn restricted_of(&self, kind: CredentialKind, now: Timestamp) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(move |it| it.kind == kind && it.limits.is_some() && it.lives_at(now))
    }
}

/// Whose balance an account's charges fall on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BalanceMode {
    /// Its own. Every primary's; a subaccount's for ever, once it is.
    Own,
    /// Its primary's.
    Shared,
}

/// The state of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// As opened.
    Active,
    /// It, and all below it, can neither charge, hold nor call; its money stays and its parent manages it.
    Suspended,
    /// Gone for good.
    Closed,
}

/// Three capital letters, such as `EUR` (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// What an account is opened in when nothing is said.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = crate::id::MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| crate::id::MalformedId)?;
        if letters.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(letters))
        } else {
            Err(crate::id::MalformedId)
        }
    }
}

/// What authenticates an account. What it takes to recognise one ([`crate::command::Proof`]) stays in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its name; never changes, never used again.
    pub id: CredentialId,
    /// Secret or token.
    pub kind: CredentialKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is dead, because another one takes its place.
    pub expires_at: Option<Timestamp>,
    /// What it may do at most; `None` for all that its account may.
    pub limits: Option<Arc<Limits>>,
}

impl Credential {
    /// Whether its time has not come.
    pub fn lives_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|it| now < it)
    }
}

/// The two kinds of credential. Each authenticates its account in every dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A Vonage api secret.
    Secret,
    /// A Plivo auth token.
    Token,
}

/// The most live unrestricted credentials of one kind that an account may have, so that one can be changed without
/// downtime.
pub const CREDENTIALS_MAX: usize = 2;

/// The most live restricted credentials of one kind beside them: one for each program or person that is given one.
pub const RESTRICTED_MAX: usize = 20;

/// How long a credential may live on beside the one that takes its place: 30 days, in milliseconds.
pub const OVERLAP_MAX_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// A token of the operator or of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub id: TokenId,
    /// What it may do.
    pub scope: TokenScope,
    /// Made by the first start of the server, for the operator to begin with; one in the environment wins over it.
    pub is_first: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is dead.
    pub revoked_at: Option<Timestamp>,
    /// What it may do at most; `None` for all that its scope may.
    pub limits: Option<Arc<Limits>>,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// Everything.
    Operator,
    /// Check and charge only.
    Gate {
        /// Also book usage that already happened, below the limit too.
        may_force: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(balance: i64, credit_limit: i64, held: i64) -> Standing {
        let [balance, credit_limit, held] = [balance, credit_limit, held].map(Amount::from_units);
        Standing { balance, credit_limit, held }
    }

    #[test]
    fn what_is_available_is_exact_or_at_the_end_of_what_an_amount_can_say() {
        for (balance, credit_limit, held, available) in [
            (5, 10, 3, 12),
            (-10, 10, 0, 0),
            (-10, 10, 1, -1),
            (i64::MAX, 1, 1, i64::MAX),
            (i64::MAX, 1, 0, i64::MAX),
            (i64::MIN, 0, 1, i64::MIN),
            (i64::MIN, i64::MAX, 0, -1),
        ] {
            assert_eq!(standing(balance, credit_limit, held).available().units(), available);
        }
    }

    #[test]
    fn what_may_move_is_never_negative_and_credit_never_more_than_the_limit() {
        for (balance, credit_limit, held, balance_movable, credit_movable) in [
            (50, 90, 0, 140, 90),
            (0, 90, 0, 90, 90),
            (-40, 100, 0, 60, 60),
            (-40, 100, 25, 35, 35),
            (50, 0, 0, 50, 0),
            (-120, 100, 0, 0, 0),
        ] {
            let standing = standing(balance, credit_limit, held);
            assert_eq!(standing.balance_movable().units(), balance_movable);
            assert_eq!(standing.credit_movable().units(), credit_movable);
        }
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!("USD".parse::<Currency>().unwrap().as_str(), "USD");
        assert_eq!(Currency::EUR.to_string(), "EUR");
        for wrong in ["", "EU", "EURO", "eur", "EU1", "€"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}
