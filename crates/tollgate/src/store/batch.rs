//! A batch: commands decided one after the other, each on what those before it have left, for an engine to write at once.
//!
//! Nothing here knows of a database. What a command reads is brought by `bring` from the engine's [`Source`]; what the
//! ledger makes of it is gathered in [`Pending`].

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use ledger::{
    ApplicationId, Book, Change, Command, Decision, EndpointId, IdSet, LineId, Outcome, Timestamp, WebhookId,
    decide, laws,
};

use super::bring::Bringing;
use super::pending::{Pending, Places};
use super::queue::Answer;
use super::source::{Known, Source};
use super::touched::Extent;
use super::{ExecuteError, Place};
use crate::windows::Calendar;

/// The commands of a batch, as they are decided. `K` is the hash of a key within its scope.
pub(super) struct Batch<K> {
    /// The working copy: what the commands read, and what they have changed so far.
    pub(super) book: Book,
    pub(super) brought: Brought<K>,
    pub(super) calendar: Calendar,
    pub(super) pending: Pending<K>,
}

/// What a batch has read, so that it is not read again over what the batch itself has changed.
pub(super) struct Brought<K> {
    /// What the batch itself has bound keys to, by their hash.
    pub(super) keys: HashMap<K, Outcome, BuildHasherDefault<Unhashed>>,
    pub(super) numbers: HashSet<Arc<str>>,
    pub(super) charges: HashSet<LineId>,
    pub(super) applications: IdSet<ApplicationId>,
    pub(super) endpoints: IdSet<EndpointId>,
    /// Those that the batch has deleted, so that they do not come back from the source.
    pub(super) webhooks: IdSet<WebhookId>,
}

/// Why a command was not decided.
enum Undecided<F> {
    /// What it reads could not be brought.
    Fault(F),
    Error(ExecuteError),
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        let brought = Brought {
            keys: HashMap::default(),
            numbers: HashSet::default(),
            charges: HashSet::default(),
            applications: IdSet::default(),
            endpoints: IdSet::default(),
            webhooks: IdSet::default(),
        };
        Self { book: Book::default(), brought, calendar: Calendar::default(), pending: Pending::default() }
    }
}

impl<K: Copy + Eq + Hash> Batch<K> {
    /// Begins a batch of about so many commands, whose lines will stand at these places.
    ///
    /// With `keeps_accounts` the book's accounts are as the store has them, which only an engine knows that writes alone.
    pub(super) fn begin(&mut self, places: Places, commands: usize, keeps_accounts: bool) {
        if keeps_accounts {
            self.book.clear_but_accounts();
        } else {
            self.book.clear();
        }
        self.brought.clear();
        self.pending = Pending::with_room(places, commands);
    }

    /// Lets go of the lines that answers hold as well.
    pub(super) fn end(&mut self) {
        self.brought.clear();
    }

    /// Brings what a command reads, which is what [`Batch::carry_out`] does first; but for its key, whose scope may follow
    /// from what is brought.
    #[expect(dead_code, reason = "only an engine that asks for many keys at once brings all commands before")]
    pub(super) fn bring<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), S::Fault> {
        Bringing::new(self, source, now).bring(command)
    }

    /// Decides a command and gathers what it changes.
    ///
    /// `known` is of its key, where the engine has looked it up before.
    pub(super) fn carry_out<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        known: Option<Known<K>>,
        now: Timestamp,
    ) -> Result<Answer, S::Fault> {
        let (decision, key) = match self.decide(source, command, known, now) {
            Ok(decided) => decided,
            Err(Undecided::Error(error)) => return Ok(Err(error)),
            Err(Undecided::Fault(fault)) => return Err(fault),
        };
        Ok(Ok(self.gather(decision, key)))
    }

    /// Decides a command as if it were carried out now, and gathers nothing of it.
    pub(super) fn try_out<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        now: Timestamp,
    ) -> Result<Result<Decision, ExecuteError>, S::Fault> {
        match self.decide(source, command, None, now) {
            Ok((decision, _)) => Ok(Ok(decision)),
            Err(Undecided::Error(error)) => Ok(Err(error)),
            Err(Undecided::Fault(fault)) => Err(fault),
        }
    }

    /// What comes of a command, and the hash of its key.
    fn decide<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        known: Option<Known<K>>,
        now: Timestamp,
    ) -> Result<(Decision, Option<K>), Undecided<S::Fault>> {
        let mut bringing = Bringing::new(self, source, now);
        bringing.bring(command).map_err(Undecided::Fault)?;
        let key = bringing.bring_key(command, known).map_err(Undecided::Fault)?;
        let decision = decide(&self.book, command, now)
            .map_err(|refusal| Undecided::Error(ExecuteError::Refused(refusal)))?;
        if let Err(broken) = laws::prove(&self.book, &decision) {
            tracing::error!(?broken, ?command, "a decision breaks a law of the ledger; it is not applied");
            return Err(Undecided::Error(ExecuteError::Broken));
        }
        Ok((decision, key))
    }

    /// Makes a decision true in the book, and keeps what of it is to be written.
    fn gather(&mut self, decision: Decision, key: Option<K>) -> Outcome {
        let Decision { changes, lines, outcome, remembered, events } = decision;
        let pending = &mut self.pending;
        let first = pending.lines.len();
        pending.events.extend(events.into_iter().map(|it| (first + it.line, it)));
        // This is what [`Book::apply`] does, less what nobody looks at again.
        for change in changes {
            if let Change::Account(account) = &change {
                pending.accounts.change(account.id, Extent::Anything);
            } else if let Change::Standing { account, .. } = &change {
                pending.accounts.change(*account, Extent::Standing);
            } else if !matches!(change, Change::Charge(_)) {
                pending.changes.push(change.clone());
            }
            if let Change::WebhookGone(id) = &change {
                self.brought.webhooks.insert(*id);
            }
            self.book.bring(change);
        }
        pending.lines.extend(lines);
        if let (Some(remembered), Some(hash)) = (remembered, key) {
            // The line that answers is the last that a command writes.
            pending.keyed.push((hash, pending.lines.len().saturating_sub(1)));
            // All of it: what a restricted key is answered may be less.
            self.brought.keys.insert(hash, remembered.outcome);
        }
        outcome
    }

    /// Where the next line will stand.
    pub(super) fn next_place(&self) -> Place {
        self.pending.next_place()
    }
}

impl<K> Brought<K> {
    fn clear(&mut self) {
        self.keys.clear();
        self.numbers.clear();
        self.charges.clear();
        self.applications.clear();
        self.endpoints.clear();
        self.webhooks.clear();
    }
}

/// Of keys that are hashes already.
#[derive(Default)]
pub(super) struct Unhashed(u64);

impl Hasher for Unhashed {
    fn finish(&self) -> u64 {
        // The map takes its control bits from the top, which are alike within a shard.
        self.0.rotate_left(12)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
