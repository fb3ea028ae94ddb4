//! The one thread that writes: it takes whatever commands wait, has the ledger decide them on a working copy, writes
//! them in one transaction, and only after COMMIT has returned makes them true in memory and answers.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::{
    ApplicationId, Book, Change, Command, CredentialId, Decision, EndpointId, Hold, IdSet, LineId, Outcome,
    Timestamp, Token, WebhookId, decide, laws,
};
use rusqlite::hooks::Wal;
use rusqlite::{Connection, params};

use super::Shared;
use super::bring::Known;
use super::once::{REMEMBERED_MS, Unhashed};
use super::pending::Pending;
use super::resident::{Resident, Row};
use super::touched::Extent;
use crate::store::queue::{Answer, BATCH_MAX, Job, Many, Reply, Waits, Work};
use crate::store::sql::{Column, Fault};
use crate::store::{ExecuteError, OpenError};
use crate::windows::Calendar;

/// When the log has this many frames (16 MiB), it is folded into the file beside the writer.
const WAL_FOLD: i64 = 4_096;
/// When the log has this many frames (64 MiB), the writer itself folds the rest, so that the log begins anew.
const WAL_MAX: i64 = 16_384;

/// How many uses of credentials are written with one batch.
const USES_AT_ONCE: usize = 32;

/// How often secrets shown once are looked through, in milliseconds.
const PRUNE_EVERY_MS: i64 = 60_000;

/// Starts the writer and, beside it, the thread that folds the log into the file.
pub(super) fn spawn(
    shared: Arc<Shared>,
    mut connection: Connection,
    resident: Resident,
) -> Result<JoinHandle<()>, OpenError> {
    let folding = super::file::open_writable(&shared.path)?;
    let for_folding = shared.clone();
    let folder =
        std::thread::Builder::new().name("wal".into()).spawn(move || fold(&for_folding, &folding))?;
    let counted = shared.clone();
    connection.wal_hook(Some(move |_: &mut Wal, frames| {
        counted.common.figures.wal_frames.store(i64::from(frames), Ordering::Relaxed);
        Ok(())
    }))?;
    let run = move || {
        let mut writer = Writer {
            shared,
            connection,
            resident,
            book: Book::default(),
            brought: Brought::default(),
            now: Timestamp::default(),
            calendar: Calendar::default(),
            pruned_at: Timestamp::default(),
            lost: false,
        };
        writer.run();
        drop(folder.join());
    };
    Ok(std::thread::Builder::new().name("writer".into()).spawn(run)?)
}

/// Copies the log into the file while the writer goes on. What it leaves is little, so the writer's own turn is short.
fn fold(shared: &Shared, connection: &Connection) {
    let mut folded = 0;
    while !shared.queue.is_closed() {
        std::thread::sleep(Duration::from_millis(20));
        let frames = shared.common.figures.wal_frames.load(Ordering::Relaxed);
        if frames < folded {
            folded = 0;
        }
        if frames - folded >= WAL_FOLD && checkpoint(connection, "PASSIVE").is_ok() {
            folded = frames;
        }
    }
}

fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<()> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), (), |_| Ok(()))
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Connection,
    pub(super) resident: Resident,
    /// The working copy of a batch: what its commands read, and what they have changed so far.
    pub(super) book: Book,
    pub(super) brought: Brought,
    /// The time of the command that is decided.
    pub(super) now: Timestamp,
    pub(super) calendar: Calendar,
    /// When secrets shown once were last pruned.
    pruned_at: Timestamp,
    /// Whether a sync failed.
    lost: bool,
}

/// How many accounts the book keeps from batch to batch: some 20 MB.
const KEPT_MAX: usize = 65_536;

/// What a batch has read from the file, so that it is not read again over what the batch itself has changed.
#[derive(Default)]
pub(super) struct Brought {
    /// What the batch itself has bound keys to, by their hash.
    pub(super) keys: HashMap<u64, Outcome, BuildHasherDefault<Unhashed>>,
    pub(super) numbers: HashSet<Arc<str>>,
    pub(super) charges: HashSet<LineId>,
    pub(super) applications: IdSet<ApplicationId>,
    pub(super) endpoints: IdSet<EndpointId>,
    /// Those that the batch has deleted, so that they do not come back from memory.
    pub(super) webhooks: IdSet<WebhookId>,
}

impl Brought {
    fn clear(&mut self) {
        self.keys.clear();
        self.numbers.clear();
        self.charges.clear();
        self.applications.clear();
        self.endpoints.clear();
        self.webhooks.clear();
    }
}

impl Writer {
    fn run(&mut self) {
        let mut work = Work::default();
        while self.shared.queue.take(&mut work) {
            self.batch(&mut work);
            work.send_finished();
        }
        if self.lost {
            // What is on the disk is unknown; the next start reads it, and nothing here may touch it.
            return;
        }
        // So that a stopped store has all its heads and roll-ups. Where this cannot be written, the next start counts the lines itself.
        drop(self.write_last());
        // Best effort: a log that stays is folded at the next start.
        drop(checkpoint(&self.connection, "TRUNCATE"));
    }

    fn write_last(&mut self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let written = self
            .write_all_heads()
            .and_then(|()| self.write_all_usage())
            .and_then(|()| self.write_uses(&self.some_uses(usize::MAX)));
        self.connection.execute_batch(if written.is_ok() { "COMMIT" } else { "ROLLBACK" })
    }

    fn batch(&mut self, work: &mut Work) {
        // What the book has of accounts is what the last commit has made of them: see [`Writer::merge`].
        if self.book.accounts().len() <= KEPT_MAX {
            self.book.clear_but_accounts();
        } else {
            self.book.clear();
        }
        let mut pending = Pending::with_room(work.len().min(2 * BATCH_MAX));
        let mut answers = Vec::with_capacity(work.jobs.len());
        let mut now = self.resident.last_at;
        for Job { mut command, at, reply } in work.jobs.drain(..) {
            // Callers read the clock before they queue, so the batch may hold them out of order.
            now = now.max(at);
            self.place(&mut command, now, &pending);
            answers.push(match reply {
                Reply::Outcome(reply) => {
                    Waits::Outcome(reply, self.carry_out(&command, None, now, &mut pending))
                }
                Reply::Decision(reply) => {
                    let decision = self.decide(&command, None, now).map(|it| it.0);
                    Waits::Decision(reply, Box::new(decision))
                }
            });
        }
        let of_many = self.carry_out_many(work, now, &mut pending);
        let figures = &self.shared.common.figures;
        figures.commands.fetch_add(u64::try_from(answers.len() + of_many).unwrap_or(0), Ordering::Relaxed);
        if !pending.lines.is_empty() {
            match self.write(&mut pending) {
                Ok(()) => self.merge(pending),
                Err(error) => {
                    // It holds what was never written.
                    self.book.clear();
                    self.failed(&error);
                    answers.iter_mut().for_each(Waits::failed);
                    work.many.iter_mut().for_each(Many::failed);
                }
            }
        }
        // Before anybody is answered, who then frees the lines: they would have to be fetched from there again.
        self.brought.clear();
        work.many.iter_mut().for_each(Many::settle);
        answers.into_iter().for_each(Waits::send);
    }

    /// Up to [`BATCH_MAX`] of those that came many at once, one after the other; how many it were.
    fn carry_out_many(&mut self, work: &mut Work, mut now: Timestamp, pending: &mut Pending) -> usize {
        let mut done = 0;
        for many in &mut work.many {
            now = now.max(many.at);
            for known in self.look_up(many.upcoming(BATCH_MAX - done)) {
                let is_answered = many.answer_next(|command| {
                    self.place(command, now, pending);
                    self.carry_out(command, known, now, pending)
                });
                done += usize::from(is_answered);
            }
        }
        done
    }

    /// Writes into a command's id where its line will be.
    fn place(&self, command: &mut Command, now: Timestamp, pending: &Pending) {
        let seq = self.resident.last_seq + 1 + count(pending.lines.len());
        command.id = self.shared.ids.lines.place(command.id, seq, now);
    }

    /// What comes of a command, and the hash of its key.
    fn decide(
        &mut self,
        command: &Command,
        known: Option<Known>,
        now: Timestamp,
    ) -> Result<(Decision, Option<u64>), ExecuteError> {
        if self.lost {
            // What is on the disk is unknown, and nothing more may be said of it.
            return Err(ExecuteError::Unavailable);
        }
        let key = self.bring(command, known, now).map_err(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the store cannot be read");
            ExecuteError::Unavailable
        })?;
        let decision = decide(&self.book, command, now).map_err(ExecuteError::Refused)?;
        if let Err(broken) = laws::prove(&self.book, &decision) {
            tracing::error!(?broken, ?command, "a decision breaks a law of the ledger; it is not applied");
            return Err(ExecuteError::Broken);
        }
        Ok((decision, key))
    }

    fn carry_out(
        &mut self,
        command: &Command,
        known: Option<Known>,
        now: Timestamp,
        pending: &mut Pending,
    ) -> Answer {
        let (decision, key) = self.decide(command, known, now)?;
        let Decision { changes, lines, outcome, remembered, events } = decision;
        let first = self.resident.last_seq + 1 + count(pending.lines.len());
        pending.events.extend(events.into_iter().map(|it| (first + count(it.line), it)));
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
            pending.keyed.push((hash, self.resident.last_seq + count(pending.lines.len())));
            // All of it: what a restricted key is answered may be less.
            self.brought.keys.insert(hash, remembered.outcome);
        }
        Ok(outcome)
    }

    /// After this point the batch is either durable or nothing of it is.
    fn write(&mut self, pending: &mut Pending) -> Result<(), Fault> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        pending.uses = self.some_uses(USES_AT_ONCE);
        let committed = match self.write_all(pending) {
            Ok(()) => self.connection.prepare_cached("COMMIT")?.execute(()).map(drop).map_err(Fault::from),
            Err(error) => Err(error),
        };
        if committed.is_err() && !self.connection.is_autocommit() {
            // A rollback only discards memory; where it fails too, the next BEGIN says so.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        committed
    }

    fn write_all(&self, pending: &mut Pending) -> Result<(), Fault> {
        self.write_rows(pending)?;
        self.write_usage(pending)?;
        Ok(self.write_uses(&pending.uses)?)
    }

    /// Makes true in memory what is durable now.
    fn merge(&mut self, pending: Pending) {
        let Pending { lines, accounts, changes, keyed, events, opened, heads, usage, uses } = pending;
        self.forget_uses(&uses);
        for (id, number) in opened {
            if let Some(account) = self.book.account(id) {
                self.resident.last_number = self.resident.last_number.max(number);
                let row = Row { account: account.clone(), number, last_line: 0 };
                self.resident.accounts.insert(id, Box::new(row));
            }
        }
        self.resident.heads.drop_oldest(heads.taken);
        if let Some(through) = heads.through {
            self.resident.heads.through_written = through;
        }
        // They come in no order, and none may wait behind one that waits since later.
        let since = self.resident.last_seq + 1;
        for (id, touch) in accounts.iter() {
            let Some(row) = self.resident.accounts.get_mut(&id) else { continue };
            if let Some(newest) = touch.newest {
                row.last_line = newest;
                if touch.is_written {
                    self.resident.heads.wait_no_more(id);
                } else {
                    self.resident.heads.wait(id, since);
                }
            }
            // From here on the book and this have the same of it, which is why the book may keep it.
            match (touch.extent, self.book.account(id)) {
                (Extent::Standing, Some(account)) => row.account.standing = account.standing,
                (Extent::Anything, Some(account)) => row.account.clone_from(account),
                (Extent::Nothing, _) | (_, None) => {}
            }
        }
        for change in changes {
            self.merge_change(change);
        }
        if let Some(last) = lines.last() {
            self.resident.last_at = last.at;
        }
        self.resident.once.fetch(keyed.iter().map(|it| it.0));
        for (hash, seq) in keyed {
            self.resident.once.insert(hash, seq, self.resident.last_at);
        }
        self.gather_usage(&lines, &usage);
        self.resident.last_event += count(events.len());
        self.shared.common.figures.last_event.store(self.resident.last_event, Ordering::Relaxed);
        let count = count(lines.len());
        self.resident.last_seq += count;
        let figures = &self.shared.common.figures;
        figures.takes_writes.store(true, Ordering::Relaxed);
        figures.commits.fetch_add(1, Ordering::Relaxed);
        figures.lines.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        figures
            .oldest_key_ms
            .store(self.resident.once.oldest().map_or(0, Timestamp::millis), Ordering::Relaxed);
        // Nobody listens most of the time, and then this is one load.
        if self.shared.common.committed.receiver_count() > 0 {
            self.shared.common.committed.send_replace(self.resident.last_seq);
        }
        self.tidy_up();
    }

    /// Uses of credentials that wait, as many as do not hold up a batch.
    fn some_uses(&self, most: usize) -> Vec<(CredentialId, Timestamp)> {
        let uses = self.shared.common.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.iter().take(most).map(|(credential, at)| (*credential, *at)).collect()
    }

    /// They are written now, unless there is a later one.
    fn forget_uses(&self, written: &[(CredentialId, Timestamp)]) {
        if written.is_empty() {
            return;
        }
        let mut uses = self.shared.common.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (credential, at) in written {
            if uses.get(credential) == Some(at) {
                uses.remove(credential);
            }
        }
    }

    fn merge_change(&mut self, change: Change) {
        match change {
            Change::Hold(Hold { id, .. }) => match self.book.hold(id) {
                Some(hold) if hold.is_open() => drop(self.resident.holds.insert(id, hold.clone())),
                Some(_) | None => drop(self.resident.holds.remove(&id)),
            },
            Change::TokenMade { token, proof } => {
                self.resident.tokens.insert(token.id, token.clone());
                self.tokens().insert(proof.verifier.to_string(), token);
            }
            Change::Webhook { webhook, .. } => drop(self.resident.webhooks.insert(webhook.id, webhook)),
            Change::WebhookGone(id) => drop(self.resident.webhooks.remove(&id)),
            Change::Plan(plan) => drop(self.resident.plans.insert(plan.name.clone(), plan)),
            Change::TokenRevoked(token) => {
                self.tokens().retain(|_, it| it.id != token.id);
                self.resident.tokens.insert(token.id, token);
            }
            Change::Account(_)
            | Change::Standing { .. }
            | Change::Charge(_)
            | Change::Number(_)
            | Change::NumberGone { .. }
            | Change::Application(_)
            | Change::ApplicationGone(_)
            | Change::Endpoint { .. }
            | Change::EndpointGone(_)
            | Change::CredentialAdded { .. }
            | Change::CredentialChanged(_)
            | Change::CredentialRevoked { .. } => {}
        }
    }

    fn tokens(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, Token>> {
        self.shared.common.tokens.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says once why nothing was written, and ends the process where nobody can know whether it was.
    fn failed(&mut self, error: &Fault) {
        let figures = &self.shared.common.figures;
        figures.failed.fetch_add(1, Ordering::Relaxed);
        let error_chain: &dyn std::error::Error = error;
        if is_sync_failure(error) {
            tracing::error!(
                error = error_chain,
                "a sync failed: what is on the disk is unknown, so the process ends"
            );
            self.lost = true;
            self.shared.queue.close();
            self.shared.lost.notify_one();
        } else if figures.takes_writes.swap(false, Ordering::Relaxed) {
            // Only the first of a row of failures: a full disk must not be filled with lines that say so.
            tracing::error!(
                error = error_chain,
                path = %self.shared.path.display(),
                "the store cannot be written, writes are answered 503 until it can: is the disk full?"
            );
        }
    }

    /// What a batch may leave behind, done when its callers are about to be answered: the log is kept short, and
    /// secrets shown once go when their key is forgotten.
    fn tidy_up(&mut self) {
        if self.shared.common.figures.wal_frames.load(Ordering::Relaxed) >= WAL_MAX
            && let Err(error) = checkpoint(&self.connection, "PASSIVE")
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the write-ahead log could not be folded");
        }
        let now = self.resident.last_at;
        if now >= self.pruned_at.plus_millis(PRUNE_EVERY_MS) {
            self.pruned_at = now;
            let old = now.plus_millis(-REMEMBERED_MS);
            let pruned = self.connection.execute(
                "DELETE FROM shown_once WHERE at < ?1 OR seq < ?2",
                params![Column(old), self.resident.once.floor()],
            );
            if let Err(error) = pruned {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "old sealed answers could not be pruned");
            }
        }
    }
}

/// Far more than any store has fit.
fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// Whether it was the sync itself that failed, so that the outcome is unknown.
fn is_sync_failure(error: &Fault) -> bool {
    let Fault::Sqlite(error) = error else { return false };
    let code = error.sqlite_error().map(|it| it.extended_code);
    matches!(code, Some(rusqlite::ffi::SQLITE_IOERR_FSYNC | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC))
}
