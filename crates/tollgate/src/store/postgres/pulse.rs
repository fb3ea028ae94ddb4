//! The pulse of a node: once a second it hears what others have done, and looks after what no request does.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::burial::bury;
use super::config::Config;
use super::connection::Connection;
use super::engine::{Shared, Time};
use super::partitions;
use crate::store::Place;
use crate::store::bring::REMEMBERED_MS;
use crate::store::sql::{Column, Result, values};

/// How often it beats: what is said to be in force everywhere within a second has half of one to spare.
const EVERY: Duration = Duration::from_millis(500);
/// How often partitions are looked after, and secrets forgotten that were shown once.
const TIDY_EVERY: Duration = Duration::from_secs(60);

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
    fn waits(&self, within: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rung.wait_timeout_while(is_over, within, |it| !*it);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

pub(super) struct Pulse {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    config: Config,
    /// The newest line and the newest event, as they were heard of last.
    newest: (i64, i64),
    tidied_at: Option<Instant>,
}

impl Pulse {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let config = Config::new(shared.environment.clone());
        Self { shared, connection: None, config, newest: (0, 0), tidied_at: None }
    }

    /// Beats until it is over.
    pub(super) fn run(mut self, stop: &Stop) {
        let takes_writes = &self.shared.clone().common.figures.takes_writes;
        while !stop.waits(EVERY) {
            match self.beat() {
                // Somebody must say so where nobody writes, for nobody is sent to a node that says no.
                Ok(()) => takes_writes.store(true, Ordering::Relaxed),
                Err(fault) => {
                    self.connection = None;
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
    }

    fn beat(&mut self) -> Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.shared.connect()?,
        };
        self.hear(&connection)?;
        bury(&connection, self.shared.ids)?;
        if self.tidied_at.is_none_or(|it| it.elapsed() >= TIDY_EVERY) {
            self.tidy(&connection)?;
            self.tidied_at = Some(Instant::now());
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// What others have done.
    fn hear(&mut self, connection: &Connection) -> Result<()> {
        let said = connection.reader().row(
            "SELECT meta.value AS config, event_head.last AS event,
             (SELECT COALESCE(MAX(seq), 0) FROM journal) AS line FROM meta, event_head WHERE name = 'config'",
            values![],
            |row| Ok((row.get("config")?, (row.get("line")?, row.get("event")?))),
        )?;
        let Some((config, newest)) = said else { return Ok(()) };
        if self.config.bring_up_to(connection.reader(), config)? {
            self.shared.set_tokens(self.config.live.clone());
        }
        let common = &self.shared.common;
        common.figures.last_event.fetch_max(newest.1, Ordering::Relaxed);
        if std::mem::replace(&mut self.newest, newest) != newest {
            common.committed.send_modify(|it| *it += 1);
        }
        Ok(())
    }

    fn tidy(&self, connection: &Connection) -> Result<()> {
        let now = partitions::now(connection)?;
        partitions::keep_partitions(connection, now)?;
        let written_at = match self.shared.time {
            Time::OfDatabase => Some(now),
            // Theirs may be any; no line was written after the newest.
            Time::OfCallers => Place::Seq(self.newest.0).at(),
        };
        let Some(now) = written_at else { return Ok(()) };
        let old = "DELETE FROM shown_once WHERE at < ?1";
        connection.reader().execute(old, values![Column(now.plus_millis(-REMEMBERED_MS))]).map(drop)
    }
}
