//! Spending caps: how much an account may cause to be spent in a calendar day and month of its time zone, beside what
//! its payer has available.
//!
//! The calendar lives in the shell, which brings the day and the month that a moment is in as points in time
//! ([`Windows`]). The window is part of the counter: one that is over counts for nothing, so nothing resets it.

use std::sync::Arc;

use crate::account::Account;
use crate::book::Book;
use crate::id::AccountId;
use crate::journal::{Kind, Line};
use crate::money::Amount;
use crate::time::Timestamp;

/// The time zone of an account that was told none.
pub const ZONE_DEFAULT: &str = "UTC";

/// How long a cap counts before it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

/// A calendar day or month, as points in time. Each begins where the one before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next one.
    pub end: Timestamp,
}

/// The day and the month that a moment is in, in one time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The day.
    pub day: Window,
    /// The month.
    pub month: Window,
}

impl Windows {
    /// The one of a period.
    pub const fn of(&self, period: Period) -> Window {
        match period {
            Period::Day => self.day,
            Period::Month => self.month,
        }
    }
}

/// One cap, and what counts against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// How much may be spent until it begins anew; 0 for nothing.
    pub most: Amount,
    /// What was spent since then, less what of that was given back.
    pub spent: Amount,
    /// A charge made from here on is taken off again when it is given back: from when its window began, or from right
    /// after it was set, if that is later.
    pub since: Timestamp,
    /// When its window ends and it begins anew.
    pub until: Timestamp,
}

impl Cap {
    /// As it is at a time, in the window of that time.
    pub fn at(&self, window: Option<Window>, now: Timestamp) -> Self {
        match window {
            Some(Window { start, end }) if now >= self.until => {
                Self { most: self.most, spent: Amount::ZERO, since: start, until: end }
            }
            Some(_) | None => *self,
        }
    }
}

/// What an account may spend, and what of it it has. The caps are its own: what its subaccounts cause counts for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// The IANA name of the time zone whose days and months count; the shell knows them.
    pub zone: Arc<str>,
    /// The sum of the open holds that the account itself asked for: it may yet be spent, so it counts in every window.
    pub held: Amount,
    /// For a calendar day.
    pub day: Option<Cap>,
    /// For a calendar month.
    pub month: Option<Cap>,
}

/// What is to be different about an account's caps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapsChange {
    /// Another time zone.
    pub zone: Option<Arc<str>>,
    /// The cap for a day, from 0 to 10¹⁰; `Some(None)` for none.
    pub day: Option<Option<Amount>>,
    /// The cap for a month, likewise.
    pub month: Option<Option<Amount>>,
}

impl Caps {
    /// No cap, in this time zone.
    pub const fn none(zone: Arc<str>) -> Self {
        Self { zone, held: Amount::ZERO, day: None, month: None }
    }

    /// The cap for a period.
    pub const fn of(&self, period: Period) -> Option<&Cap> {
        match period {
            Period::Day => self.day.as_ref(),
            Period::Month => self.month.as_ref(),
        }
    }

    /// Both, the one that lasts longer first.
    pub fn each(&self) -> impl Iterator<Item = (Period, &Cap)> {
        let month = self.month.as_ref().map(|it| (Period::Month, it));
        month.into_iter().chain(self.day.as_ref().map(|it| (Period::Day, it)))
    }

    /// Whether a window has ended since something was counted last, so that its successor is needed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.each().any(|(_, cap)| now >= cap.until)
    }

    /// As they are at a time, in the windows of that time.
    #[must_use]
    pub fn at(&self, windows: Option<&Windows>, now: Timestamp) -> Self {
        let rolled = |period: Period| Some(self.of(period)?.at(windows.map(|it| it.of(period)), now));
        Self {
            zone: self.zone.clone(),
            held: self.held,
            day: rolled(Period::Day),
            month: rolled(Period::Month),
        }
    }

    /// With what a line takes, or gives back of a charge that was made at `charged_at`; `None` where a sum does not fit.
    #[must_use]
    pub fn counted(&self, line: &Line, charged_at: Option<Timestamp>) -> Option<Self> {
        let counted = |cap: &Cap| -> Option<Cap> {
            let back = line.change.balance;
            if back.is_negative() {
                return Some(Cap { spent: cap.spent.checked_sub(back)?, ..*cap });
            }
            // What was spent before this window was counted in another one.
            let is_of_it = charged_at.is_some_and(|it| it >= cap.since);
            let left = if is_of_it { cap.spent.checked_sub(back)?.max(Amount::ZERO) } else { cap.spent };
            Some(Cap { spent: left, ..*cap })
        };
        Some(Self {
            zone: self.zone.clone(),
            held: self.held.checked_add(line.change.held)?,
            day: match &self.day {
                Some(cap) => Some(counted(cap)?),
                None => None,
            },
            month: match &self.month {
                Some(cap) => Some(counted(cap)?),
                None => None,
            },
        })
    }
}

/// The account against whose caps a line counts: the one that caused it, where it spends, reserves or gives back.
pub fn counts_for(line: &Line) -> Option<AccountId> {
    match line.kind {
        Kind::Charge | Kind::Reversal | Kind::Hold | Kind::Settle | Kind::Release | Kind::Expiry => {
            line.caused_by()
        }
        Kind::Open
        | Kind::Change
        | Kind::Close
        | Kind::Payment
        | Kind::BalanceTransfer
        | Kind::CreditTransfer
        | Kind::Extend
        | Kind::NumberGiven
        | Kind::NumberTransfer
        | Kind::NumberAdded
        | Kind::NumberWithdrawn
        | Kind::NumberRented
        | Kind::NumberUnrented
        | Kind::NumberChanged
        | Kind::ApplicationMade
        | Kind::ApplicationChanged
        | Kind::ApplicationDeleted
        | Kind::EndpointMade
        | Kind::EndpointChanged
        | Kind::EndpointDeleted
        | Kind::PlanPut
        | Kind::CredentialAdded
        | Kind::CredentialChanged
        | Kind::CredentialRevoked
        | Kind::TokenMade
        | Kind::TokenRevoked
        | Kind::WebhookMade
        | Kind::WebhookChanged
        | Kind::WebhookDeleted
        | Kind::EventResent => None,
    }
}

/// An account's caps after one line more, in the windows of its time. The outer `None` where the line does not count for
/// the account or it has no caps, the inner one where a sum does not fit.
pub fn after(book: &Book, account: &Account, line: &Line) -> Option<Option<Caps>> {
    let caps = account.caps.as_deref()?;
    if counts_for(line) != Some(account.id) {
        return None;
    }
    let charged_at = line.about.and_then(|it| book.charge(it)).map(|it| it.at);
    Some(caps.at(book.windows(&caps.zone), line.at).counted(line, charged_at))
}
