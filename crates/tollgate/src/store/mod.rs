//! The store: one SQLite file, one thread that writes it, and readers beside it.
//!
//! Reading order: [`Store`] is the door; `queue` is where commands wait; `writer` gathers them into a batch, has the ledger
//! decide them and commits once (`bring` reads what they name, `pending` and `touched` hold what comes of them, `write` and
//! `insert` write the rows); `resident` is what it keeps in memory, `once` and `once_table` the keys; `snapshot` reads; `sql`
//! is how statements are asked and their rows read as domain values, `record` the JSON in them; `usage` adds up what was
//! spent; `replay` proves a store from its journal; `events` what others are told of, `webhooks` where to, `deliveries` what
//! became of it; `file` opens, locks and copies it.
//!
//! **Invariants.** Nobody sees what is not durable: an answer is sent after COMMIT has returned, refusals included.
//! Readers never touch the writer's memory. No rule is decided here.

mod audit;
mod bring;
mod bring_owned;
mod caps;
mod deliveries;
mod events;
mod family;
mod file;
mod insert;
mod limits;
mod line_id;
mod once;
mod once_table;
mod owned;
mod pending;
mod plan;
mod queue;
mod record;
mod replay;
mod resident;
mod settings;
mod snapshot;
mod sql;
mod touched;
mod usage;
mod usage_fill;
mod usage_proof;
mod usage_read;
mod webhooks;
mod write;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use ledger::{
    AccountId, ApiKey, AuthId, Command, CredentialId, Decision, IdMap, Outcome, Refusal, Timestamp, Token,
};
use quick_cache::sync::Cache;
use rusqlite::Connection;
use tokio::sync::{Notify, oneshot, watch};

pub use audit::{AuditFilter, Audited, Cause, Whose};
pub use deliveries::{Deliveries, Delivery, DeliveryFigures, DeliveryState, Tried, Wanted};
pub use events::{EventFilter, Logged};
pub use family::{CurrencyTotals, FamilyFilter, FamilyOrder, FamilyTotals, is_near};
pub use file::{OpenError, backup, exists};
pub use once::ONCE_MAX;
pub use owned::{Listed, NumberFilter, Owners, Slice};
pub use plan::PlanFilter;
pub use replay::{Replay, Wrong, replay};
pub use snapshot::{AccountFilter, Snapshot, StoredCredential, TokenFilter};
pub use sql::{Fault, Recorded, Result};
pub use usage::UsageSum;
pub use usage_read::{UsagePart, UsageSpan, UsageWork};
pub use webhooks::{StoredWebhook, WebhooksOf};

/// How many names are kept in memory; the least used are read again.
const NAMES_MAX: usize = 262_144;

/// What a caller may call an account. Names never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Its id.
    Id(AccountId),
    /// Its name in the Vonage dialect.
    ApiKey(ApiKey),
    /// Its name in the Plivo dialect.
    AuthId(AuthId),
}

impl std::str::FromStr for Name {
    type Err = ledger::id::MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The three differ in length: 8, 20 and 36 characters.
        text.parse()
            .map(Self::ApiKey)
            .or_else(|_| text.parse().map(Self::AuthId))
            .or_else(|_| text.parse().map(Self::Id))
    }
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file.
    pub path: PathBuf,
    /// How many keyed writes are remembered.
    pub once_max: usize,
    /// What only the right key file can say; kept by a new store, and held against an old one.
    pub key_mark: [u8; 32],
    /// A token to accept that is stored nowhere, and the hash of its text.
    pub environment_token: Option<(Token, String)>,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The ledger's no.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Too many commands wait.
    #[error("too many commands wait")]
    Full,
    /// Nothing was written, and the same may go through later.
    #[error("the store does not take writes now")]
    Unavailable,
    /// The decision broke a law of the ledger; nothing of it was applied.
    #[error("a law of the ledger would be broken")]
    Broken,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be read")]
pub struct ReadError(#[from] Fault);

/// The store of one process. Clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    _door: Arc<Door>,
}

/// Closes the store when the last of the [`Store`]s goes.
struct Door(Arc<Shared>);

struct Shared {
    path: PathBuf,
    queue: queue::Queue,
    readers: Mutex<Vec<Connection>>,
    names: Cache<Name, AccountId>,
    /// The live operator and gate tokens by the hash of their text; as of the last commit.
    tokens: RwLock<std::collections::HashMap<String, Token>>,
    /// The token that is stored nowhere.
    environment: Option<Token>,
    ids: Ids,
    deliveries: Deliveries,
    /// Uses of credentials that are not written yet.
    uses: Mutex<IdMap<CredentialId, Timestamp>>,
    /// Rung when a sync failed: what is on the disk is unknown, and the process must end.
    lost: Notify,
    /// The place of the newest line, told after each commit to whoever listens.
    committed: watch::Sender<i64>,
    figures: Figures,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the store is open.
    _lock: std::fs::File,
}

/// What makes ids that lead to places.
#[derive(Clone, Copy)]
struct Ids {
    lines: line_id::LineIds,
    events: line_id::LineIds,
}

impl Ids {
    const fn of(mark: &[u8; 32]) -> Self {
        Self { lines: line_id::LineIds::of(mark), events: line_id::LineIds::of_events(mark) }
    }
}

/// What the writer counts, for the metrics.
#[derive(Debug, Default)]
pub struct Figures {
    /// Commits since the start.
    pub commits: AtomicU64,
    /// Commands decided since the start.
    pub commands: AtomicU64,
    /// Lines written since the start.
    pub lines: AtomicU64,
    /// Batches that could not be written since the start.
    pub failed: AtomicU64,
    /// Frames in the write-ahead log, of 4 KiB each.
    pub wal_frames: AtomicI64,
    /// When the oldest remembered key was used, in milliseconds since 1970; 0 for none.
    pub oldest_key_ms: AtomicI64,
    /// The place of the newest event.
    pub last_event: AtomicI64,
    /// Whether the last batch was written.
    pub takes_writes: std::sync::atomic::AtomicBool,
}

impl Store {
    /// Opens the store, making it where there is none, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`], each with a sentence for the operator.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let lock = file::lock(&options.path)?;
        let connection = file::open_writable(&options.path)?;
        file::check_mark(&connection, &options.path, &options.key_mark)?;
        let ids = Ids::of(&options.key_mark);
        usage_fill::fill(&connection, ids)?;
        let reader = sql::Reader::Sqlite(&connection);
        let mut resident = resident::Resident::load(reader, options.once_max)?;
        let mut tokens = file::tokens_by_verifier(reader)?;
        let environment = options.environment_token.as_ref().map(|it| it.0.clone());
        if let Some((token, verifier)) = options.environment_token {
            resident.tokens.retain(|_, it| !it.is_first);
            tokens.retain(|_, it| !it.is_first);
            resident.tokens.insert(token.id, token.clone());
            tokens.insert(verifier, token);
        }
        let deliveries = file::beside(&options.path, file::DELIVERIES);
        let figures = Figures::default();
        figures.last_event.store(resident.last_event, Ordering::Relaxed);
        figures.takes_writes.store(true, Ordering::Relaxed);
        let shared = Arc::new(Shared {
            path: options.path,
            queue: queue::Queue::default(),
            readers: Mutex::default(),
            names: Cache::new(NAMES_MAX),
            tokens: RwLock::new(tokens),
            environment,
            ids,
            deliveries: Deliveries::open(&deliveries).map_err(|reason| OpenError::File {
                path: deliveries,
                reason: std::io::Error::other(reason),
            })?,
            uses: Mutex::default(),
            lost: Notify::new(),
            committed: watch::Sender::new(0),
            figures,
            writer: Mutex::default(),
            _lock: lock,
        });
        let writer = writer::spawn(shared.clone(), connection, resident)?;
        *shared.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(Self { _door: Arc::new(Door(shared.clone())), shared })
    }

    /// Has a command decided and, if it is accepted, written; returns when that is durable.
    ///
    /// `at` is the caller's clock; the line's time is never before the line before it. The store writes into the command's
    /// id where its line is.
    ///
    /// # Errors
    /// [`ExecuteError`].
    pub async fn execute(&self, command: Command, at: Timestamp) -> Result<Outcome, ExecuteError> {
        let (reply, answer) = oneshot::channel();
        self.shared.queue.push(queue::Job { command, at, reply: queue::Reply::Outcome(reply) })?;
        answer.await.unwrap_or(Err(ExecuteError::Unavailable))
    }

    /// Has commands decided one after the other, as [`Store::execute`] would each, and returns when all of them are
    /// durable; one answer for each, in their order.
    ///
    /// They are no unit: between them others may be decided, and some may be written where others are not.
    ///
    /// # Errors
    /// [`ExecuteError`] where none of them was looked at.
    pub async fn execute_many(
        &self,
        commands: Vec<Command>,
        at: Timestamp,
    ) -> Result<Vec<Result<Outcome, ExecuteError>>, ExecuteError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answers) = oneshot::channel();
        self.shared.queue.push_many(queue::Many::new(commands, at, reply))?;
        Ok(answers.await.map_err(|_| ExecuteError::Unavailable)?.answers)
    }

    /// Has a command decided as if it were carried out now, and nothing of it written.
    ///
    /// # Errors
    /// [`ExecuteError`], as [`Store::execute`] would say.
    pub async fn try_out(&self, command: Command, at: Timestamp) -> Result<Decision, ExecuteError> {
        let (reply, answer) = oneshot::channel();
        self.shared.queue.push(queue::Job { command, at, reply: queue::Reply::Decision(reply) })?;
        answer.await.unwrap_or(Err(ExecuteError::Unavailable))
    }

    /// Notes that a credential was used. It is written with a later batch, and lost if the process dies before.
    pub fn note_use(&self, credential: CredentialId, at: Timestamp) {
        self.shared.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(credential, at);
    }

    /// When a credential was used last, where that is not written yet.
    pub fn noted_use(&self, credential: CredentialId) -> Option<Timestamp> {
        self.shared.uses.lock().unwrap_or_else(PoisonError::into_inner).get(&credential).copied()
    }

    /// Reads one state of the store, on a thread where that may take its time.
    ///
    /// # Errors
    /// [`ReadError`], also when the reader itself failed.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let store = self.clone();
        let reading = tokio::task::spawn_blocking(move || store.read_now(read));
        reading.await.unwrap_or(Err(ReadError(Fault::Ended)))
    }

    /// Reads one state of the store, here and now.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_now<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T, ReadError> {
        let pooled = self.readers().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => file::open_readable(&self.shared.path).map_err(Fault::from)?,
        };
        connection.execute_batch("BEGIN").map_err(Fault::from)?;
        let reader = sql::Reader::Sqlite(&connection);
        let result = read(&Snapshot::new(reader, self.shared.environment.clone(), self.shared.ids));
        connection.execute_batch("COMMIT").map_err(Fault::from)?;
        self.readers().push(connection);
        Ok(result?)
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts that go by these names, in their order; as [`Store::named`], with one read for all that is not
    /// remembered.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn all_named(&self, names: &[Name]) -> Result<Vec<Option<AccountId>>, ReadError> {
        let mut found: Vec<_> = names.iter().map(|it| self.shared.names.get(it)).collect();
        let mut unknown: Vec<_> =
            names.iter().zip(&found).filter(|it| it.1.is_none()).map(|it| *it.0).collect();
        if unknown.is_empty() {
            return Ok(found);
        }
        unknown.sort_unstable();
        unknown.dedup();
        let read = self.read(move |snapshot| {
            unknown.into_iter().map(|name| Ok((name, snapshot.named(&name)?))).collect::<Result<Vec<_>>>()
        });
        let read = read.await?;
        for (name, account) in &read {
            if let Some(account) = account {
                self.shared.names.insert(*name, *account);
            }
        }
        for (account, name) in found.iter_mut().zip(names).filter(|it| it.0.is_none()) {
            let at = read.binary_search_by_key(name, |it| it.0);
            *account = at.ok().and_then(|it| read.get(it)).and_then(|it| it.1);
        }
        Ok(found)
    }

    /// The account that goes by a name. What was found is remembered for ever, because names never change.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn named(&self, name: Name) -> Result<Option<AccountId>, ReadError> {
        if let Some(account) = self.shared.names.get(&name) {
            return Ok(Some(account));
        }
        let found = self.read(move |snapshot| snapshot.named(&name)).await?;
        if let Some(account) = found {
            self.shared.names.insert(name, account);
        }
        Ok(found)
    }

    /// The live operator or gate token whose text has this hash.
    pub fn token(&self, verifier: &str) -> Option<Token> {
        self.shared.tokens.read().unwrap_or_else(PoisonError::into_inner).get(verifier).cloned()
    }

    /// Returns when a sync has failed and the process must end, because nobody knows what is on the disk.
    pub async fn lost(&self) {
        self.shared.lost.notified().await;
    }

    /// What became of each event on its way to each webhook, read or written on a thread where that may take its time.
    ///
    /// # Errors
    /// [`ReadError`], also when what was asked itself failed.
    pub async fn deliveries<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Deliveries) -> Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let store = self.clone();
        let asking = tokio::task::spawn_blocking(move || ask(&store.shared.deliveries));
        Ok(asking.await.unwrap_or(Err(Fault::Ended))?)
    }

    /// What is counted of deliveries.
    pub fn delivery_figures(&self) -> &DeliveryFigures {
        self.shared.deliveries.figures()
    }

    /// Is told after each commit that there is something new; how many lines there are is nobody's business outside.
    pub fn commits(&self) -> watch::Receiver<i64> {
        self.shared.committed.subscribe()
    }

    /// What the writer counts.
    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// Writes what waits, folds the write-ahead log into the file and ends the writer.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl Shared {
    fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Open readers would keep the log from being folded whole.
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
            // A writer that panicked has answered nobody; there is nothing more to save.
            drop(writer.join());
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.0.close();
    }
}
