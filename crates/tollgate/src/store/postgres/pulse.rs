//! The pulse of a node: twice a second it hears what others have done and what time it is, and whether it is its turn. It
//! waits for nobody's lock, so that it is late only where the database is.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use ledger::Timestamp;

use super::apart::{Apart, Asked};
use super::config::Config;
use super::connection::Connection;
use super::engine::Shared;
use crate::store::sql::{Result, values};

/// How often it beats: what is said to be in force everywhere within a second has half of one to spare.
const EVERY: Duration = Duration::from_millis(500);

/// What makes a connection the pulse's. A node that stands still though its machine lives, stopped or starved, keeps its
/// connections; the server ends this one, and so its turn goes to another.
const SETTINGS: &str = "SET idle_session_timeout = '5s'";

/// Says when it is over.
#[derive(Default)]
pub(super) struct Stop {
    is_over: Mutex<bool>,
    rung: Condvar,
}

impl Stop {
    pub(super) fn ring(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rung.notify_all();
    }

    /// Waits so long, or until it is over; says which.
    pub(super) fn waits(&self, within: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rung.wait_timeout_while(is_over, within, |it| !*it);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

pub(super) struct Pulse {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    config: Config,
    apart: Apart,
    /// The newest line and the newest event, as they were heard of last.
    newest: (i64, i64),
}

/// What the database says.
struct Said {
    config: i64,
    newest: (i64, i64),
    at: Timestamp,
}

impl Pulse {
    /// # Errors
    /// Of the database.
    pub(super) fn new(shared: Arc<Shared>, connection: Connection) -> Result<Self> {
        connection.batch(SETTINGS)?;
        let config = Config::new(shared.environment.clone());
        let apart = Apart::new(shared.common.figures.database_ahead_ms.clone());
        Ok(Self { shared, connection: Some(connection), config, apart, newest: (0, 0) })
    }

    /// Beats until it is over.
    pub(super) fn run(mut self, stop: &Stop) {
        let takes_writes = &self.shared.clone().common.figures.takes_writes;
        while !stop.waits(EVERY) {
            match self.beat() {
                // Somebody must say so where nobody writes, for nobody is sent to a node that says no.
                Ok(()) => takes_writes.store(true, Ordering::Relaxed),
                Err(fault) => {
                    if takes_writes.swap(false, Ordering::Relaxed) {
                        let error: &dyn std::error::Error = &fault;
                        tracing::error!(
                            error,
                            "the database cannot be reached, writes are answered 503 until it can"
                        );
                    }
                }
            }
        }
        if let Some(connection) = &self.connection {
            // Where this cannot be done, others wait a moment for this node.
            drop(self.shared.turn.give_back(connection));
        }
    }

    /// Beats once.
    ///
    /// # Errors
    /// Of the database; the next time it is another connection.
    pub(super) fn beat(&mut self) -> Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.shared.turn.has_lost_its_connection();
                let connection = self.shared.connect()?;
                connection.batch(SETTINGS)?;
                connection
            }
        };
        let asked = Asked::now();
        self.hear(&connection, &asked)?;
        self.shared.turn.keep(&connection, asked.began())?;
        self.connection = Some(connection);
        Ok(())
    }

    /// What others have done, and what time it is.
    fn hear(&mut self, connection: &Connection, asked: &Asked) -> Result<()> {
        let said = connection.reader().row(
            "SELECT meta.value AS config, event_head.last AS event,
             (SELECT COALESCE(MAX(seq), 0) FROM journal) AS line,
             CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint) AS at FROM meta, event_head WHERE name = 'config'",
            values![],
            |row| {
                let newest = (row.get("line")?, row.get("event")?);
                Ok(Said { config: row.get("config")?, newest, at: Timestamp::from_millis(row.get("at")?) })
            },
        )?;
        let Some(Said { config, newest, at }) = said else { return Ok(()) };
        self.apart.measure(asked, at);
        if self.config.bring_up_to(connection.reader(), config)? {
            self.shared.set_tokens(config, &self.config.live);
        }
        self.shared.heard.heard(asked.began());
        let common = &self.shared.common;
        common.figures.last_event.fetch_max(newest.1, Ordering::Relaxed);
        if std::mem::replace(&mut self.newest, newest) != newest {
            common.committed.send_modify(|it| *it += 1);
        }
        Ok(())
    }
}
