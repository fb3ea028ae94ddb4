//! What a batch will write, as it is gathered from the decisions.

use std::sync::Arc;

use ledger::{AccountId, Change, CredentialId, Event, IdMap, Line, Timestamp};

use super::gather::UsagePending;
use super::touched::Touched;

/// What a batch will write.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) lines: Vec<Arc<Line>>,
    /// What it does to which accounts; as they are, the book says.
    pub(super) accounts: Touched,
    /// What else it changed. A charge is its line and is not among them.
    pub(super) changes: Vec<Change>,
    /// The hashes of the keys that it binds, and to which lines.
    pub(super) keyed: Vec<(u64, i64)>,
    /// With the place of the line that each follows from.
    pub(super) events: Vec<(i64, Event)>,
    /// The row numbers of the accounts that the batch opens.
    pub(super) opened: IdMap<AccountId, i64>,
    pub(super) heads: Heads,
    pub(super) usage: UsagePending,
    /// Uses of credentials that it writes.
    pub(super) uses: Vec<(CredentialId, Timestamp)>,
}

impl Pending {
    /// With room for so many lines.
    pub(super) fn with_room(lines: usize) -> Self {
        Self {
            lines: Vec::with_capacity(lines),
            accounts: Touched::with_room(lines),
            keyed: Vec::with_capacity(lines),
            ..Self::default()
        }
    }
}

/// What a batch does about the newest lines that wait to be written.
#[derive(Default)]
pub(super) struct Heads {
    /// How many were taken from those that wait.
    pub(super) taken: usize,
    /// The line up to which none waits any more, where the batch writes that.
    pub(super) through: Option<i64>,
}
