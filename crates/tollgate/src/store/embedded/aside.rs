//! What a batch writes beside what follows from its decisions.

use ledger::{AccountId, CredentialId, IdMap, Timestamp};

use super::gather::UsagePending;

/// What a batch writes beside what follows from its decisions: what memory gathered and is not in the file yet.
#[derive(Default)]
pub(super) struct Aside {
    /// The row numbers of the accounts that the batch opens.
    pub(super) opened: IdMap<AccountId, i64>,
    pub(super) heads: Heads,
    pub(super) usage: UsagePending,
    /// Uses of credentials that it writes.
    pub(super) uses: Vec<(CredentialId, Timestamp)>,
}

/// What a batch does about the newest lines that wait to be written.
#[derive(Default)]
pub(super) struct Heads {
    /// How many were taken from those that wait.
    pub(super) taken: usize,
    /// The line up to which none waits any more, where the batch writes that.
    pub(super) through: Option<i64>,
}
