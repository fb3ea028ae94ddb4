//! The one thread that writes: it takes whatever commands wait, has the ledger decide them on a working copy, writes
//! them in one transaction, and only after COMMIT has returned makes them true in memory and answers.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::{Action, Change, Command, CredentialId, Decision, Hold, Timestamp, Token, decide};
use rusqlite::hooks::Wal;
use rusqlite::{Connection, params};

use super::Shared;
use super::aside::Aside;
use super::memory::Memory;
use super::resident::{Resident, Row};
use crate::store::batch::Batch;
use crate::store::bring::REMEMBERED_MS;
use crate::store::pending::{Pending, Places};
use crate::store::queue::{Answer, BATCH_MAX, Reply, Work};
use crate::store::source::Known;
use crate::store::sql::{Column, Fault, Reader};
use crate::store::touched::Extent;
use crate::store::{ExecuteError, OpenError, Place, Snapshot};

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
            batch: Batch::default(),
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
    /// The commands that are decided and not written yet.
    pub(super) batch: Batch<u64>,
    /// When secrets shown once were last pruned.
    pruned_at: Timestamp,
    /// Whether a sync failed.
    lost: bool,
}

/// How many accounts the book keeps from batch to batch: some 20 MB.
const KEPT_MAX: usize = 65_536;

impl Writer {
    fn run(&mut self) {
        let mut work = Work::default();
        while self.shared.queue.take(&mut work) {
            self.carry_out_all(&mut work);
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

    fn write_last(&mut self) -> Result<(), Fault> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let written = self
            .write_all_heads()
            .and_then(|()| self.write_all_usage())
            .map_err(Fault::from)
            .and_then(|()| self.write_uses(&self.some_uses(usize::MAX)));
        Ok(self.connection.execute_batch(if written.is_ok() { "COMMIT" } else { "ROLLBACK" })?)
    }

    /// Decides all that there is to do, up to [`BATCH_MAX`] of those that came many at once, writes what comes of it and
    /// answers.
    fn carry_out_all(&mut self, work: &mut Work) {
        // What the book has of accounts is what the last commit has made of them: see [`Writer::merge`].
        let keeps_accounts = self.batch.book.accounts().len() <= KEPT_MAX;
        let places = Places { first: Place::Seq(self.resident.last_seq + 1) };
        self.batch.begin(places, work.len().min(2 * BATCH_MAX), keeps_accounts);
        let mut now = self.resident.last_at;
        for job in &mut work.jobs {
            // Callers read the clock before they queue, so the batch may hold them out of order.
            now = now.max(job.at);
            self.place(&mut job.command, now);
            match &mut job.reply {
                Reply::Outcome(_, answer) => *answer = self.carry_out(&job.command, None, now),
                Reply::Decision(_, answer) => *answer = Some(Box::new(self.try_out(&job.command, now))),
            }
        }
        let of_many = self.carry_out_many(work, now);
        let figures = &self.shared.common.figures;
        let commands = u64::try_from(work.jobs.len() + of_many).unwrap_or(0);
        figures.commands.fetch_add(commands, Ordering::Relaxed);
        let mut pending = std::mem::take(&mut self.batch.pending);
        if !pending.lines.is_empty() {
            match self.write(&mut pending) {
                Ok(aside) => self.merge(pending, aside),
                Err(error) => {
                    // It holds what was never written.
                    self.batch.book.clear();
                    self.failed(&error);
                    work.fail(if self.lost { &ExecuteError::Unknown } else { &ExecuteError::Unavailable });
                }
            }
        }
        // Before anybody is answered, who then frees the lines: they would have to be fetched from there again.
        self.batch.end();
        work.settle();
    }

    /// Up to [`BATCH_MAX`] of those that came many at once, one after the other; how many it were.
    fn carry_out_many(&mut self, work: &mut Work, mut now: Timestamp) -> usize {
        let mut done = 0;
        for many in &mut work.many {
            now = now.max(many.at);
            for known in self.look_up(many.upcoming(BATCH_MAX - done)) {
                let Some(command) = many.next() else { break };
                self.place(command, now);
                let answer = self.carry_out(command, known, now);
                many.answer(answer);
                done += 1;
            }
        }
        done
    }

    /// Looks the keys of charges up beforehand, so that they wait for memory together.
    fn look_up(&self, commands: &[Command]) -> Vec<Option<Known<u64>>> {
        let keys = &self.resident.once;
        let hash = |command: &Command| {
            let once = command.once.as_ref()?;
            // Within what its key is unique nothing but the charge itself says.
            let is_charge = matches!(command.action, Action::Charge { .. });
            is_charge.then(|| keys.hash(&decide::scope(&self.batch.book, command), &once.key))
        };
        let hashes: Vec<_> = commands.iter().map(hash).collect();
        keys.fetch(hashes.iter().copied().flatten());
        let known = |hash: u64| Known { hash, place: keys.get(hash).map(Place::Seq) };
        hashes.into_iter().map(|it| it.map(known)).collect()
    }

    /// Writes into a command's id where its line will be.
    fn place(&self, command: &mut Command, now: Timestamp) {
        let Place::Seq(seq) = self.batch.next_place();
        command.id = self.shared.ids.lines.place(command.id, seq, now);
    }

    fn carry_out(&mut self, command: &Command, known: Option<Known<u64>>, now: Timestamp) -> Answer {
        let (batch, mut memory) = self.at_work()?;
        batch.carry_out(&mut memory, command, known, now).unwrap_or_else(|fault| Err(unreadable(&fault)))
    }

    fn try_out(&mut self, command: &Command, now: Timestamp) -> Result<Decision, ExecuteError> {
        let (batch, mut memory) = self.at_work()?;
        batch.try_out(&mut memory, command, now).unwrap_or_else(|fault| Err(unreadable(&fault)))
    }

    /// The batch, and where it finds what it reads.
    fn at_work(&mut self) -> Result<(&mut Batch<u64>, Memory<'_>), ExecuteError> {
        if self.lost {
            // What is on the disk is unknown, and nothing more may be said of it.
            return Err(ExecuteError::Unavailable);
        }
        let Self { shared, connection, resident, batch, .. } = self;
        Ok((batch, Memory { resident, connection, ids: shared.ids }))
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(Reader::Sqlite(&self.connection), None, self.shared.ids)
    }

    /// After this point the batch is either durable or nothing of it is.
    fn write(&self, pending: &mut Pending<u64>) -> Result<Aside, Fault> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        let committed = match self.write_all(pending) {
            Ok(aside) => {
                self.connection.prepare_cached("COMMIT")?.execute(()).map(|_| aside).map_err(Fault::from)
            }
            Err(error) => Err(error),
        };
        if committed.is_err() && !self.connection.is_autocommit() {
            // A rollback only discards memory; where it fails too, the next BEGIN says so.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        committed
    }

    fn write_all(&self, pending: &mut Pending<u64>) -> Result<Aside, Fault> {
        let mut aside = Aside { uses: self.some_uses(USES_AT_ONCE), ..Aside::default() };
        self.write_rows(pending, &mut aside)?;
        self.write_usage(&pending.lines, &mut aside)?;
        self.write_uses(&aside.uses)?;
        Ok(aside)
    }

    /// Makes true in memory what is durable now.
    fn merge(&mut self, pending: Pending<u64>, aside: Aside) {
        let Pending { places, lines, accounts, changes, keyed, events } = pending;
        let Aside { opened, heads, usage, uses } = aside;
        self.forget_uses(&uses);
        for (id, number) in opened {
            if let Some(account) = self.batch.book.account(id) {
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
            match (touch.extent, self.batch.book.account(id)) {
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
        for (hash, line) in keyed {
            let Place::Seq(seq) = places.of(line);
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
            Change::Hold(Hold { id, .. }) => match self.batch.book.hold(id) {
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

/// Says why what a command reads could not be brought.
fn unreadable(fault: &Fault) -> ExecuteError {
    let error: &dyn std::error::Error = fault;
    tracing::error!(error, "the store cannot be read");
    ExecuteError::Unavailable
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
