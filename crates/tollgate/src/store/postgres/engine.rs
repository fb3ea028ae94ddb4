//! A node's part of the store: its lanes, its readers, and the thread that looks after what no request does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger::{Change, Token};

use super::PostgresUrl;
use super::chores::Chores;
use super::config::Config;
use super::connect::Connector;
use super::connection::Connection;
use super::heard::Heard;
use super::lane::{Lane, Open};
use super::life::Life;
use super::pool::Pool;
use super::pulse::{Pulse, Stop};
use super::turn::Turn;
use super::{partitions, schema};
use crate::store::deliveries::{Database, Deliveries};
use crate::store::queue::Queue;
use crate::store::sql::{Fault, Reader, Result, values};
use crate::store::{Common, Ids, OpenError, Options, Snapshot, events};

/// What makes a connection one that writes: an answer promises that the write outlives the power; a node that is gone, or
/// stands still, must not hold its locks for long (each of its lanes may have them in turn), and not for as long as others
/// wait for them; no time-out ends a COMMIT; and nothing that a batch asks for is found by reading a table from end to end.
const LANE_SETTINGS: &str = "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '10s'; SET statement_timeout = 0; SET enable_seqscan = off;
    SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Whose clock tells when a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The database's, so that nodes whose clocks differ agree.
    OfDatabase,
    /// That of whoever asks: of tests, whose time stands still.
    OfCallers,
}

/// A store in PostgreSQL, open.
pub(in crate::store) struct Engine {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    deliveries: Deliveries,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: Arc<Stop>,
}

/// What its threads share.
pub(super) struct Shared {
    connector: Arc<Connector>,
    pub(super) queue: Queue,
    pub(super) ids: Ids,
    pub(super) key_mark: [u8; 32],
    pub(super) environment: Option<(Token, String)>,
    pub(super) time: Time,
    /// For how long it is asked what became of a commit whose answer was lost.
    pub(super) resolve: Duration,
    /// What the node is called where others see it.
    pub(super) node: String,
    pub(super) common: Arc<Common>,
    /// How long ago it was heard which tokens are let in.
    pub(super) heard: Heard,
    /// As of which version of them; changed only by whoever has the lock of [`Common::tokens`].
    tokens_version: AtomicI64,
    pub(super) turn: Turn,
}

impl Engine {
    /// Connects, brings the schema up to date and starts the lanes: on a thread of its own, for whoever opens a store may be
    /// one that runs futures, and a connection is asked by one that does not.
    pub(in crate::store) fn open(
        url: &PostgresUrl,
        options: &Options,
        common: Arc<Common>,
    ) -> Result<Self, OpenError> {
        let opened = std::thread::scope(|scope| {
            let opening = std::thread::Builder::new().name("opening".into());
            Ok::<_, OpenError>(opening.spawn_scoped(scope, || Self::open_here(url, options, common))?.join())
        })?;
        opened.unwrap_or(Err(OpenError::Read(Fault::Ended)))
    }

    fn open_here(url: &PostgresUrl, options: &Options, common: Arc<Common>) -> Result<Self, OpenError> {
        let store = url.to_string();
        let connector = Arc::new(Connector::new(url)?);
        let connection = first(&connector, &store)?;
        schema::prepare(&connection, &store, &options.key_mark)?;
        partitions::keep_partitions(&connection, partitions::now(&connection)?)?;
        let shared = Arc::new(Shared {
            connector: connector.clone(),
            queue: Queue::default(),
            ids: Ids::of(&options.key_mark),
            key_mark: options.key_mark,
            environment: options.environment_token.clone(),
            time: options.time,
            resolve: options.resolve,
            node: format!("{}", std::process::id()),
            common,
            heard: Heard::new(),
            tokens_version: AtomicI64::new(-1),
            turn: Turn::default(),
        });
        if shared.time == Time::OfCallers {
            // Whoever proves the store must not ask the places for its times.
            let mark = "INSERT INTO meta (name, value) VALUES ('times_of_callers', 1) ON CONFLICT DO NOTHING";
            connection.reader().execute(mark, values![])?;
        }
        let last_event = events::last(connection.reader())?;
        shared.common.figures.last_event.store(last_event, Ordering::Relaxed);
        // Before anybody asks, so that tokens are known, and the time.
        let mut pulse = Pulse::new(shared.clone(), connection)?;
        pulse.beat()?;
        let mut threads = Vec::new();
        for _ in 0..options.lanes.max(1) {
            let connection = connector.connect(LANE_SETTINGS)?;
            let life = Life::begin(connection.reader(), &shared.node)?.ok_or(OpenError::Lanes)?;
            let lane = Lane::new(shared.clone(), Open::new(connection)?, life);
            let thread = std::thread::Builder::new().name("lane".into());
            threads.push(thread.spawn(move || lane.run())?);
        }
        shared.common.figures.takes_writes.store(true, Ordering::Relaxed);
        let stop = Arc::<Stop>::default();
        let until = stop.clone();
        let thread = std::thread::Builder::new().name("pulse".into());
        threads.push(thread.spawn(move || pulse.run(&until))?);
        let (chores, until) = (Chores::new(shared.clone()), stop.clone());
        let thread = std::thread::Builder::new().name("chores".into());
        threads.push(thread.spawn(move || chores.run(&until))?);
        let pool = Arc::new(Pool::new(connector, options.connections.max(1)));
        let deliveries = Deliveries::new(Database::Postgres(Beside(pool.clone())))?;
        Ok(Self { shared, pool, deliveries, threads: Mutex::new(threads), stop })
    }

    /// Where commands wait for the lanes.
    pub(in crate::store) fn queue(&self) -> &Queue {
        &self.shared.queue
    }

    pub(in crate::store) const fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Reads one state of the store.
    pub(in crate::store) fn read<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> Result<T>) -> Result<T> {
        let environment = self.shared.common.environment.clone();
        self.pool.read(|reader| read(&Snapshot::new(reader, environment, self.shared.ids)))
    }

    /// Whether it was heard less than a second ago which tokens are let in.
    pub(in crate::store) fn has_heard_of_tokens(&self) -> bool {
        self.shared.heard.is_recent()
    }

    /// Asks for them now.
    ///
    /// # Errors
    /// Of the database.
    pub(in crate::store) fn hear_of_tokens(&self) -> Result<()> {
        let asked = Instant::now();
        let mut config = Config::new(self.shared.environment.clone());
        let version = self.pool.read(|reader| {
            let version = "SELECT value FROM meta WHERE name = 'config'";
            let version = reader.row(version, values![], |row| row.get("value"))?;
            let version = version.ok_or(Fault::Missing("config"))?;
            config.bring_up_to(reader, version).map(|_| version)
        })?;
        self.shared.set_tokens(version, &config.live);
        self.shared.heard.heard(asked);
        Ok(())
    }

    /// Which of its turns it is to do what one node does alone, where it has one now.
    pub(in crate::store) fn turn(&self) -> Option<u64> {
        self.shared.turn.current()
    }

    /// Has what waits written, and the lanes end.
    pub(in crate::store) fn close(&self) {
        self.shared.queue.close();
        self.stop.ring();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A lane that panicked has answered nobody; there is nothing more to save.
            drop(thread.join());
        }
        self.pool.close();
    }
}

/// What makes a connection one that goes through everything, however long that takes.
pub(super) const WHOLE_SETTINGS: &str =
    "SET jit = off; SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0";

/// Reads one state of a store, live or not, that was brought up to date; on a thread of its own, as it is opened. What is read
/// is told what the key file of the store says.
///
/// # Errors
/// [`OpenError`] as its `E`, or whatever `read` says.
pub(in crate::store) fn read_whole<T: Send, E: From<OpenError> + Send>(
    url: &PostgresUrl,
    read: impl FnOnce(Reader<'_>, &[u8; 32]) -> Result<T, E> + Send,
) -> Result<T, E> {
    let read_here = || {
        let store = url.to_string();
        let connection = connect(url, &store)?;
        schema::check(&connection, &store)?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        connection.batch(begin).map_err(OpenError::from)?;
        let mark = schema::mark(&connection).map_err(OpenError::from)?;
        read(connection.reader(), &mark.unwrap_or_default())
    };
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().name("reading".into());
        let reading = reading.spawn_scoped(scope, read_here).map_err(OpenError::from)?;
        reading.join().unwrap_or_else(|_| Err(OpenError::Read(Fault::Ended).into()))
    })
}

/// A connection for itself, that goes through everything.
pub(super) fn connect(url: &PostgresUrl, store: &str) -> Result<Connection, OpenError> {
    let connected = Connector::new(url)?.connect(WHOLE_SETTINGS);
    connected.map_err(|reason| OpenError::Unreachable { store: store.to_owned(), reason })
}

/// The first connection to a database tells whether it is there at all.
fn first(connector: &Connector, store: &str) -> Result<Connection, OpenError> {
    let connected = connector.connect(LANE_SETTINGS);
    connected.map_err(|reason| OpenError::Unreachable { store: store.to_owned(), reason })
}

/// Whether a database holds a store; also where nobody can say, for then nobody's key file is made anew.
pub(in crate::store) fn exists(url: &PostgresUrl) -> bool {
    let asked = std::thread::scope(|scope| {
        scope
            .spawn(|| schema::mark_if_there(&connect(url, &url.to_string())?).map_err(OpenError::from))
            .join()
    });
    !matches!(asked, Ok(Ok(None)))
}

/// What became of events on their way, in the same database.
pub(in crate::store) struct Beside(Arc<Pool>);

impl Beside {
    /// Asks something of it, or changes something in one transaction, of which nothing is left where it fails.
    pub(in crate::store) fn ask<T>(&self, ask: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        self.0.jot(ask)
    }

    /// The same, and tells `then` of what was changed.
    pub(in crate::store) fn change<T>(
        &self,
        change: impl FnOnce(Reader<'_>) -> Result<T>,
        then: impl FnOnce(&T),
    ) -> Result<T> {
        let changed = self.0.jot(change)?;
        then(&changed);
        Ok(changed)
    }
}

impl Shared {
    /// Another connection for a lane.
    pub(super) fn connect(&self) -> Result<Connection> {
        self.connector.connect(LANE_SETTINGS)
    }

    /// The tokens that are let in from here on, unless newer ones are known: whoever has read them may have taken its time.
    pub(super) fn set_tokens(&self, version: i64, live: &HashMap<String, Token>) {
        let mut tokens = self.common.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if version > self.tokens_version.load(Ordering::Relaxed) {
            tokens.clone_from(live);
            self.tokens_version.store(version, Ordering::Relaxed);
        }
    }

    /// What a commit of this node has made of tokens is so at once. It was decided on those of the version before it, which
    /// are known here since then.
    pub(super) fn merge_tokens(&self, version: i64, changes: &[Change]) {
        let mut tokens = self.common.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if version <= self.tokens_version.load(Ordering::Relaxed) {
            return;
        }
        self.tokens_version.store(version, Ordering::Relaxed);
        for change in changes {
            if let Change::TokenMade { token, proof } = change {
                tokens.insert(proof.verifier.to_string(), token.clone());
            } else if let Change::TokenRevoked(token) = change {
                tokens.retain(|_, it| it.id != token.id);
            }
        }
    }

    /// Writes uses of credentials that wait; a later one stays.
    ///
    /// # Errors
    /// Of the database; then all of them wait on.
    pub(super) fn write_uses(&self, connection: &Connection) -> Result<()> {
        let uses = self.common.uses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if uses.is_empty() {
            return Ok(());
        }
        let (ids, times): (Vec<_>, Vec<_>) =
            uses.iter().map(|it| (uuid::Uuid::from_bytes(*it.0.as_bytes()), it.1.millis())).unzip();
        connection.change(
            "UPDATE credentials AS it SET used_at = GREATEST(used_at, new.at)
             FROM unnest($1::uuid[], $2::bigint[]) AS new (id, at) WHERE it.id = new.id",
            &[&ids, &times],
        )?;
        let mut waiting = self.common.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (credential, at) in uses {
            if waiting.get(&credential) == Some(&at) {
                waiting.remove(&credential);
            }
        }
        Ok(())
    }
}
