//! The store: what the ledger decides is durable here before anybody is told, and read from here.
//!
//! Reading order: [`Store`] is the door; `queue` is where commands wait; `embedded` is the engine that takes them from there and
//! writes what comes of them. `batch` has the ledger decide them, on what `bring` and `bring_owned` bring from an engine's
//! `source`, and gathers in `pending` and `touched` what is to be written; `records` writes what is alike in all engines.
//! `snapshot` reads, with `audit`, `credentials`, `events`, `family`, `owned`, `plan`, `webhooks` and `usage_read`; `sql` is how
//! statements are asked and their rows read as domain values, `record` what stands in them as JSON, `place` and `line_id`
//! where lines stand; `usage` adds up what was spent; `replay` proves a store from its journal; `deliveries` is what became
//! of events.
//!
//! **Invariants.** Nobody sees what is not durable: an answer is sent after COMMIT has returned, refusals included.
//! Readers never touch an engine's memory. No rule is decided here. Only an engine and `sql` know of a database.

mod audit;
mod batch;
mod bring;
mod bring_owned;
mod caps;
mod copy;
mod credentials;
mod deliveries;
mod embedded;
mod error;
mod events;
mod events_proof;
mod family;
mod limits;
mod line_id;
mod owned;
mod pending;
mod place;
mod plan;
mod postgres;
mod queue;
mod record;
mod records;
mod replay;
mod settings;
mod snapshot;
mod source;
mod sql;
mod touched;
mod url;
mod usage;
mod usage_proof;
mod usage_read;
mod webhooks;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use ledger::{AccountId, ApiKey, AuthId, Command, CredentialId, Decision, IdMap, Outcome, Timestamp, Token};
use quick_cache::sync::Cache;
use tokio::sync::{oneshot, watch};

pub use audit::{AuditFilter, Audited, Cause, Whose};
pub use copy::{Copied, CopyError, Step, copy};
pub use credentials::{StoredCredential, TokenFilter};
pub use deliveries::{Deliveries, Delivery, DeliveryFigures, DeliveryState, Tried, Wanted};
pub use embedded::ONCE_MAX;
pub use error::{ExecuteError, OpenError, ReadError};
pub use events::{EventFilter, Logged};
pub use family::{CurrencyTotals, FamilyFilter, FamilyOrder, FamilyTotals, is_near};
pub use owned::{Listed, NumberFilter, Owners, Slice};
pub use place::{Link, Place};
pub use plan::PlanFilter;
pub use postgres::{PostgresUrl, Time};
pub use replay::{Replay, Wrong, replay};
pub use snapshot::{AccountFilter, Snapshot};
pub use sql::{Fault, Recorded, Result};
pub use url::StoreUrl;
pub use usage::UsageSum;
pub use usage_read::{UsagePart, UsageSpan, UsageWork};
pub use webhooks::{StoredWebhook, WebhooksOf};

/// How many lanes a node writes to a database with: one decides while the other waits for the disk.
pub const LANES: usize = 2;
/// How many connections a node reads a database with.
pub const CONNECTIONS: usize = 16;

/// How often whoever does what is the turn's looks whether it still is its turn.
const TURN_LOOKED_AT: Duration = Duration::from_millis(100);
/// For how long a node asks what became of a commit whose answer was lost, until it says that nobody knows.
pub const RESOLVE: Duration = Duration::from_secs(30);

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
    /// Where it is.
    pub url: StoreUrl,
    /// How many keyed writes are remembered.
    pub once_max: usize,
    /// What only the right key file can say; kept by a new store, and held against an old one.
    pub key_mark: [u8; 32],
    /// A token to accept that is stored nowhere, and the hash of its text.
    pub environment_token: Option<(Token, String)>,
    /// How many lanes write to a database.
    pub lanes: usize,
    /// How many connections to a database read.
    pub connections: usize,
    /// Whose clock tells in a database when a line was written.
    pub time: Time,
    /// For how long a database is asked what became of a commit whose answer was lost.
    pub resolve: Duration,
}

impl Options {
    /// As usual, for a store that is sealed under the key file of this mark.
    pub const fn new(url: StoreUrl, key_mark: [u8; 32]) -> Self {
        Self {
            url,
            once_max: ONCE_MAX,
            key_mark,
            environment_token: None,
            lanes: LANES,
            connections: CONNECTIONS,
            time: Time::OfDatabase,
            resolve: RESOLVE,
        }
    }
}

/// The store of one process. Clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    _door: Arc<Door>,
}

/// Closes the store when the last of the [`Store`]s goes.
struct Door(Arc<Shared>);

struct Shared {
    names: Cache<Name, AccountId>,
    common: Arc<Common>,
    engine: Engine,
}

/// What keeps a store.
enum Engine {
    Embedded(embedded::Engine),
    Postgres(postgres::Engine),
}

/// What an engine and the door both know.
struct Common {
    /// The live operator and gate tokens by the hash of their text; as of the last commit.
    tokens: RwLock<HashMap<String, Token>>,
    /// The token that is stored nowhere.
    environment: Option<Token>,
    /// Uses of credentials that are not written yet.
    uses: Mutex<IdMap<CredentialId, Timestamp>>,
    /// Told after each commit to whoever listens; the number says nothing but that it is another one.
    committed: watch::Sender<i64>,
    figures: Figures,
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
    /// How many milliseconds the clock of the database is ahead of this machine's, by which that is corrected; 0 with a file.
    pub database_ahead_ms: Arc<AtomicI64>,
    /// Whether the last batch was written.
    pub takes_writes: std::sync::atomic::AtomicBool,
}

impl Store {
    /// Opens the store, making it where there is none, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`], each with a sentence for the operator.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let common = Arc::new(Common {
            tokens: RwLock::default(),
            environment: options.environment_token.as_ref().map(|it| it.0.clone()),
            uses: Mutex::default(),
            committed: watch::Sender::new(0),
            figures: Figures::default(),
        });
        let engine = match options.url.clone() {
            StoreUrl::Sqlite(path) => {
                Engine::Embedded(embedded::Engine::open(path, options, common.clone())?)
            }
            StoreUrl::Postgres(url) => {
                Engine::Postgres(postgres::Engine::open(&url, &options, common.clone())?)
            }
        };
        let shared = Arc::new(Shared { names: Cache::new(NAMES_MAX), common, engine });
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
        self.shared.engine.queue().push(queue::Job::new(command, at, queue::Reply::outcome(reply)))?;
        // Whoever was to answer is gone, and nobody else knows how far it came.
        answer.await.unwrap_or(Err(ExecuteError::Unknown))
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
        let (count, (reply, answers)) = (commands.len(), oneshot::channel());
        self.shared.engine.queue().push_many(queue::Many::new(commands, at, reply))?;
        let unknown = || std::iter::repeat_with(|| Err(ExecuteError::Unknown)).take(count).collect();
        Ok(answers.await.map_or_else(|_| unknown(), |it| it.answers))
    }

    /// Has a command decided as if it were carried out now, and nothing of it written.
    ///
    /// # Errors
    /// [`ExecuteError`], as [`Store::execute`] would say.
    pub async fn try_out(&self, command: Command, at: Timestamp) -> Result<Decision, ExecuteError> {
        let (reply, answer) = oneshot::channel();
        self.shared.engine.queue().push(queue::Job::new(command, at, queue::Reply::decision(reply)))?;
        answer.await.unwrap_or(Err(ExecuteError::Unavailable))
    }

    /// Notes that a credential was used. It is written with a later batch, and lost if the process dies before.
    pub fn note_use(&self, credential: CredentialId, at: Timestamp) {
        self.shared.common.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(credential, at);
    }

    /// When a credential was used last, where that is not written yet.
    pub fn noted_use(&self, credential: CredentialId) -> Option<Timestamp> {
        self.shared.common.uses.lock().unwrap_or_else(PoisonError::into_inner).get(&credential).copied()
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
        reading.await.unwrap_or(Err(Fault::Ended.into()))
    }

    /// Reads one state of the store, here and now; on a thread that must not be the only one to run futures.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_now<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T, ReadError> {
        Ok(match &self.shared.engine {
            Engine::Embedded(engine) => engine.read(read)?,
            Engine::Postgres(engine) => engine.read(read)?,
        })
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
        let read = self.read(move |snapshot| snapshot.all_named(&unknown)).await?;
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

    /// The live operator or gate token whose text has this hash, as of at most [`Store::tokens_in_force_within`] ago.
    ///
    /// # Errors
    /// [`ReadError`] where nobody can say that.
    pub async fn token(&self, verifier: &str) -> Result<Option<Token>, ReadError> {
        if let Engine::Postgres(engine) = &self.shared.engine
            && !engine.has_heard_of_tokens()
        {
            self.hear_of_tokens().await?;
        }
        let tokens = self.shared.common.tokens.read().unwrap_or_else(PoisonError::into_inner);
        Ok(tokens.get(verifier).cloned())
    }

    async fn hear_of_tokens(&self) -> Result<(), ReadError> {
        let store = self.clone();
        let hearing = tokio::task::spawn_blocking(move || match &store.shared.engine {
            Engine::Embedded(_) => Ok(()),
            Engine::Postgres(engine) => engine.hear_of_tokens(),
        });
        Ok(hearing.await.unwrap_or(Err(Fault::Ended))?)
    }

    /// Within what time a token that was made or revoked here or elsewhere is so here.
    pub fn tokens_in_force_within(&self) -> Duration {
        match &self.shared.engine {
            Engine::Embedded(_) => Duration::ZERO,
            Engine::Postgres(_) => postgres::IN_FORCE_WITHIN,
        }
    }

    /// Whether a database was not to be reached when it was asked last, so that what can wait need not be tried; a file always is.
    pub fn is_away(&self) -> bool {
        let takes_writes = &self.shared.common.figures.takes_writes;
        matches!(self.shared.engine, Engine::Postgres(_)) && !takes_writes.load(Ordering::Relaxed)
    }

    /// Whether it is this node's turn to do what one node does alone, and which of its turns that is: whoever has seen another
    /// number, or none, knows nothing any more of what others have done since.
    pub fn turn(&self) -> Option<u64> {
        match &self.shared.engine {
            Engine::Embedded(_) => Some(0),
            Engine::Postgres(engine) => engine.turn(),
        }
    }

    /// Returns when that turn is over.
    pub async fn turn_is_over(&self, turn: u64) {
        if matches!(self.shared.engine, Engine::Embedded(_)) {
            return std::future::pending().await;
        }
        while self.turn() == Some(turn) {
            tokio::time::sleep(TURN_LOOKED_AT).await;
        }
    }

    /// Returns when a sync has failed and the process must end, because nobody knows what is on the disk.
    pub async fn lost(&self) {
        match &self.shared.engine {
            Engine::Embedded(engine) => engine.lost().await,
            // What is on its disk is its server's business.
            Engine::Postgres(_) => std::future::pending().await,
        }
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
        let asking = tokio::task::spawn_blocking(move || ask(store.shared.engine.deliveries()));
        Ok(asking.await.unwrap_or(Err(Fault::Ended))?)
    }

    /// What is counted of deliveries.
    pub fn delivery_figures(&self) -> &DeliveryFigures {
        self.shared.engine.deliveries().figures()
    }

    /// Is told after each commit that there is something new; how many lines there are is nobody's business outside.
    pub fn commits(&self) -> watch::Receiver<i64> {
        self.shared.common.committed.subscribe()
    }

    /// What the writer counts.
    pub fn figures(&self) -> &Figures {
        &self.shared.common.figures
    }

    /// Writes what waits, folds the write-ahead log into the file and ends the writer.
    pub fn close(&self) {
        self.shared.engine.close();
    }
}

impl Engine {
    /// Where commands wait for it.
    fn queue(&self) -> &queue::Queue {
        match self {
            Self::Embedded(engine) => engine.queue(),
            Self::Postgres(engine) => engine.queue(),
        }
    }

    const fn deliveries(&self) -> &Deliveries {
        match self {
            Self::Embedded(engine) => engine.deliveries(),
            Self::Postgres(engine) => engine.deliveries(),
        }
    }

    fn close(&self) {
        match self {
            Self::Embedded(engine) => engine.close(),
            Self::Postgres(engine) => engine.close(),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.0.engine.close();
    }
}

/// Whether there is a store.
pub fn exists(url: &StoreUrl) -> bool {
    match url {
        StoreUrl::Sqlite(path) => embedded::exists(path),
        StoreUrl::Postgres(url) => postgres::exists(url),
    }
}

/// Copies a store, live or not, to a new file, which is on the disk when this returns.
///
/// # Errors
/// [`OpenError`]; the copy must not exist yet.
pub fn backup(url: &StoreUrl, copy: &Path) -> Result<(), OpenError> {
    match url {
        StoreUrl::Sqlite(path) => embedded::backup(path, copy),
        StoreUrl::Postgres(url) => Err(OpenError::NoFile(url.to_string())),
    }
}
