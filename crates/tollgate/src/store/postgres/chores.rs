//! What some node has to do now and then, and what may take a while: it looks after lanes that live no more, makes partitions
//! ahead, and forgets secrets that were shown once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::burial::bury;
use super::connection::Connection;
use super::engine::{Shared, Time};
use super::partitions;
use super::pulse::Stop;
use crate::store::Place;
use crate::store::bring::REMEMBERED_MS;
use crate::store::sql::{Column, Result, values};

/// How often it is looked for lanes that live no more.
const EVERY: Duration = Duration::from_millis(500);
/// How often partitions are looked after, and secrets forgotten that were shown once.
const TIDY_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Chores {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    tidied_at: Option<Instant>,
    has_failed: bool,
}

impl Chores {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, connection: None, tidied_at: None, has_failed: false }
    }

    /// Does them until it is over.
    pub(super) fn run(mut self, stop: &Stop) {
        while !stop.waits(EVERY) {
            let done = self.all();
            if let Err(fault) = &done
                && !self.has_failed
            {
                // Only the first of a row of failures.
                let error: &dyn std::error::Error = fault;
                tracing::warn!(error, "what must be looked after in the database is left for later");
            }
            self.has_failed = done.is_err();
        }
    }

    fn all(&mut self) -> Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.shared.connect()?,
        };
        bury(&connection, self.shared.ids)?;
        if self.tidied_at.is_none_or(|it| it.elapsed() >= TIDY_EVERY) {
            self.tidy(&connection)?;
            self.tidied_at = Some(Instant::now());
        }
        self.connection = Some(connection);
        Ok(())
    }

    fn tidy(&self, connection: &Connection) -> Result<()> {
        let now = partitions::now(connection)?;
        partitions::keep_partitions(connection, now)?;
        let written_at = match self.shared.time {
            Time::OfDatabase => Some(now),
            // Theirs may be any; no line was written after the newest.
            Time::OfCallers => {
                let newest = "SELECT COALESCE(MAX(seq), 0) AS line FROM journal";
                let newest = connection.reader().row(newest, values![], |row| row.get("line"))?;
                newest.and_then(|it| Place::Seq(it).at())
            }
        };
        let Some(now) = written_at else { return Ok(()) };
        let old = "DELETE FROM shown_once WHERE at < ?1";
        connection.reader().execute(old, values![Column(now.plus_millis(-REMEMBERED_MS))]).map(drop)
    }
}
