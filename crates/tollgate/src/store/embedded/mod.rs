//! The store in a file: SQLite, one thread that writes, and readers beside it.
//!
//! Reading order: [`Engine`] is what the door knows of; `writer` takes commands that wait as a batch, has the ledger decide
//! them and commits once (`memory` brings what they read, `write` and `insert` write the rows, `aside` is what goes with
//! them); `resident` is what it keeps in memory, `once` and `once_table` the keys, `gather` what usage adds up to; `usage_fill`
//! brings that up to the journal at a start; `deliveries` is the file beside the store; `file` opens, locks and copies; `fresh` is for a store
//! that is copied to a file or from one.
//!
//! **Invariants.** One thread writes. What a batch has decided is in memory only after COMMIT has returned.

mod aside;
mod deliveries;
mod file;
mod fresh;
mod gather;
mod insert;
mod memory;
mod once;
mod once_table;
mod resident;
mod usage_fill;
mod write;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::Notify;

pub(super) use deliveries::Deliveries;
pub(super) use file::{backup, exists, read_whole};
pub(super) use fresh::{Fresh, read_still};
pub use once::ONCE_MAX;

use super::queue::Queue;
use super::sql::{Reader, Result};
use super::{Common, Ids, OpenError, Options, Snapshot};
use resident::Resident;

/// A store in a file, open.
pub(super) struct Engine {
    shared: Arc<Shared>,
    readers: Mutex<Vec<Connection>>,
    deliveries: super::Deliveries,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the store is open.
    _lock: File,
}

/// What its threads share.
struct Shared {
    path: PathBuf,
    queue: Queue,
    ids: Ids,
    /// Rung when a sync failed: what is on the disk is unknown, and the process must end.
    lost: Notify,
    common: Arc<Common>,
}

impl Engine {
    /// Opens the file, making it where there is none, and starts the writer.
    pub(super) fn open(path: PathBuf, options: Options, common: Arc<Common>) -> Result<Self, OpenError> {
        let lock = file::lock(&path)?;
        let connection = file::open_writable(&path)?;
        file::check_mark(&connection, &path, &options.key_mark)?;
        let ids = Ids::of(&options.key_mark);
        usage_fill::fill(&connection, ids)?;
        let reader = Reader::Sqlite(&connection);
        let mut resident = Resident::load(reader, options.once_max)?;
        let mut tokens = file::tokens_by_verifier(reader)?;
        if let Some((token, verifier)) = options.environment_token {
            resident.tokens.retain(|_, it| !it.is_first);
            tokens.retain(|_, it| !it.is_first);
            resident.tokens.insert(token.id, token.clone());
            tokens.insert(verifier, token);
        }
        *common.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens;
        common.figures.last_event.store(resident.last_event, Ordering::Relaxed);
        common.figures.takes_writes.store(true, Ordering::Relaxed);
        let deliveries = open_deliveries(file::beside(&path, file::DELIVERIES))?;
        let shared = Arc::new(Shared { path, queue: Queue::default(), ids, lost: Notify::new(), common });
        let writer = writer::spawn(shared.clone(), connection, resident)?;
        let writer = Mutex::new(Some(writer));
        Ok(Self { shared, readers: Mutex::default(), deliveries, writer, _lock: lock })
    }

    /// Where commands wait for the writer.
    pub(super) fn queue(&self) -> &Queue {
        &self.shared.queue
    }

    pub(super) const fn deliveries(&self) -> &super::Deliveries {
        &self.deliveries
    }

    /// Reads one state of the store.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        let pooled = self.readers().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => file::open_readable(&self.shared.path)?,
        };
        connection.execute_batch("BEGIN")?;
        let environment = self.shared.common.environment.clone();
        let result = read(&Snapshot::new(Reader::Sqlite(&connection), environment, self.shared.ids));
        connection.execute_batch("COMMIT")?;
        self.readers().push(connection);
        result
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when a sync has failed.
    pub(super) async fn lost(&self) {
        self.shared.lost.notified().await;
    }

    /// Has what waits written, the log folded into the file and the writer end.
    pub(super) fn close(&self) {
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Open readers would keep the log from being folded whole.
            self.readers().clear();
            // A writer that panicked has answered nobody; there is nothing more to save.
            drop(writer.join());
        }
    }
}

/// What became of the events of a store in a file, where that is kept.
pub(super) fn read_deliveries<T>(
    path: &Path,
    read: impl FnOnce(Reader<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let path = file::beside(path, file::DELIVERIES);
    if !path.exists() {
        return Ok(None);
    }
    Deliveries::open(&path)?.ask(read).map(Some)
}

fn open_deliveries(path: PathBuf) -> Result<super::Deliveries, OpenError> {
    let opened = Deliveries::open(&path)
        .and_then(|it| super::Deliveries::new(super::deliveries::Database::Embedded(it)));
    opened.map_err(|reason| OpenError::File { path, reason: std::io::Error::other(reason) })
}
