//! Holds: amounts reserved for a call whose price is known only later.

use std::sync::Arc;

use crate::id::{AccountId, LineId};
use crate::money::Amount;
use crate::time::Timestamp;

/// How far ahead a hold may expire: 24 hours, in milliseconds.
pub const LASTS_MAX_MS: i64 = 24 * 60 * 60 * 1_000;

/// A reserved amount. It is open until its ending is in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The id of the line that placed it.
    pub id: LineId,
    /// The account that asked for it.
    pub account: AccountId,
    /// The account whose money is reserved; never changes, whatever becomes of the account.
    pub payer: AccountId,
    /// How much.
    pub amount: Amount,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// What happens then.
    pub on_expiry: OnExpiry,
    /// What it is for, such as `sms.send`; its settle is charged under the same word.
    pub operation: Option<Arc<str>>,
    /// The price that it was placed by; see [`crate::Line::price`]. Its ending names it, too.
    pub price: Option<Arc<str>>,
    /// How it ended; `None` while it is open.
    pub ending: Option<Ending>,
}

/// What becomes of a hold that nobody ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnExpiry {
    /// It is given back.
    Release,
    /// It is charged whole.
    Capture,
}

/// How and when a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub how: HoldEnd,
    /// When.
    pub at: Timestamp,
    /// The line that ended it; a reversal names it where something was charged.
    pub line: LineId,
    /// What it cost in the end.
    pub charged: Amount,
}

/// The ways in which a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldEnd {
    /// By a settle, late ones included.
    Settled,
    /// By a release.
    Released,
    /// By its expiry, given back.
    Expired,
    /// By its expiry, charged.
    Captured,
    /// By the close of its account, given back.
    Closed,
}

impl HoldEnd {
    /// Whether a settle may still come: it is late then, and booked by force.
    pub const fn admits_late_settle(self) -> bool {
        match self {
            Self::Expired | Self::Captured | Self::Closed => true,
            Self::Settled | Self::Released => false,
        }
    }
}

impl Hold {
    /// Whether it still reserves its amount.
    pub const fn is_open(&self) -> bool {
        self.ending.is_none()
    }
}
