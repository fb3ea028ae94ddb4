//! A lane: a thread that takes whatever commands wait as a batch, has it decided under the locks that it needs, and commits
//! once. A node has a few, so that one may decide while another waits for the disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::begin::Beginning;
use super::connection::Connection;
use super::engine::Shared;
use super::life::Life;
use super::mind::Mind;
use super::write::{Unwritten, Writing};
use crate::store::ExecuteError;
use crate::store::queue::{BATCH_MAX, Taken, Work};
use crate::store::sql::{Fault, Result};

/// For how long a batch is tried again that lost its connection or a race, where writes went through before: for longer than
/// both lanes of a node that stands still may hold others up.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long it waits between two attempts.
const PAUSE: Duration = Duration::from_millis(50);
/// How often what was spent is added up and uses of credentials are written.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// A lane.
pub(super) struct Lane {
    shared: Arc<Shared>,
    open: Option<Open>,
    life: Life,
    mind: Mind,
    counted_at: Instant,
}

/// A connection with what is prepared on it.
pub(super) struct Open {
    pub(super) connection: Connection,
    pub(super) beginning: Beginning,
    pub(super) writing: Writing,
}

/// Why a batch was not carried out.
enum Failed {
    /// Nothing of it was written, and the same may go through at once.
    Again(Fault),
    /// Nothing of it was written.
    Not(Fault),
    /// Whether it was written could not be found out.
    Unknown(Fault),
}

impl Open {
    pub(super) fn new(connection: Connection) -> Result<Self> {
        let beginning = Beginning::prepare(&connection)?;
        let writing = Writing::prepare(&connection)?;
        Ok(Self { connection, beginning, writing })
    }
}

impl Failed {
    fn of(fault: Fault) -> Self {
        if fault.may_go_through() { Self::Again(fault) } else { Self::Not(fault) }
    }
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>, open: Open, life: Life) -> Self {
        let mind = Mind::new(&shared, life.lane, life.since);
        Self { shared, open: Some(open), life, mind, counted_at: Instant::now() }
    }

    /// Serves until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut work = Work::default();
        let shared = self.shared.clone();
        loop {
            let until = (self.counted_at + COUNT_EVERY).saturating_duration_since(Instant::now());
            match shared.queue.take_within(&mut work, until) {
                Taken::Work => self.serve(&mut work),
                Taken::Nothing => {}
                Taken::Closed => break,
            }
            if self.counted_at.elapsed() >= COUNT_EVERY {
                self.count();
            }
        }
        self.count();
        if let Some(open) = &self.open {
            // Where this cannot be done, others bury it.
            drop(self.life.end(open.connection.reader()));
        }
    }

    /// Carries out what was taken, and answers it. Where one of many commands rests on a row that is not as it should be, each
    /// is carried out by itself, so that only that one fails.
    fn serve(&mut self, work: &mut Work) {
        if let Some(fault) = self.serve_together(work) {
            let error: &dyn std::error::Error = &fault;
            tracing::warn!(error, "a batch is carried out one by one");
            work.undecide();
            for mut alone in work.apart() {
                drop(self.serve_together(&mut alone));
                work.many.append(&mut alone.many);
            }
        }
    }

    /// Does so in one batch. What is given back is what is wrong with a row, and nobody was answered then.
    fn serve_together(&mut self, work: &mut Work) -> Option<Fault> {
        let figures = &self.shared.clone().common.figures;
        let is_up = figures.takes_writes.load(Ordering::Relaxed);
        let commands = u64::try_from(work.len().min(2 * BATCH_MAX)).unwrap_or(0);
        let deadline = Instant::now() + if is_up { PATIENCE } else { Duration::ZERO };
        loop {
            match self.carry_out(work) {
                Ok(()) => {
                    figures.takes_writes.store(true, Ordering::Relaxed);
                    figures.commands.fetch_add(commands, Ordering::Relaxed);
                    break;
                }
                Err(Failed::Again(fault)) if Instant::now() < deadline => {
                    let error: &dyn std::error::Error = &fault;
                    tracing::debug!(error, "a batch begins again");
                    work.undecide();
                    if self.open.is_none() {
                        std::thread::sleep(PAUSE);
                    }
                }
                Err(Failed::Not(fault)) if fault.is_of_a_row() && !work.is_alone() => return Some(fault),
                Err(failed) => {
                    self.fail(failed, work);
                    break;
                }
            }
        }
        work.settle();
        None
    }

    fn fail(&mut self, failed: Failed, work: &mut Work) {
        let figures = &self.shared.common.figures;
        figures.failed.fetch_add(1, Ordering::Relaxed);
        let (error, fault) = match failed {
            Failed::Again(fault) | Failed::Not(fault) => (ExecuteError::Unavailable, fault),
            Failed::Unknown(fault) => (ExecuteError::Unknown, fault),
        };
        let reason: &dyn std::error::Error = &fault;
        if fault.is_of_a_row() {
            // Others are well.
            tracing::error!(error = reason, "a command rests on a row that is not as it should be");
        } else if figures.takes_writes.swap(false, Ordering::Relaxed) {
            // Only the first of a row of failures.
            tracing::error!(
                error = reason,
                "the database cannot be written, writes are answered 503 until it can"
            );
        }
        work.undecide();
        work.fail_next(&error);
    }

    /// Tries once.
    fn carry_out(&mut self, work: &mut Work) -> Result<(), Failed> {
        let open = self.open().map_err(Failed::Again)?;
        if let Err(fault) = self.mind.decide(&self.shared, &open, &mut self.life, work) {
            self.roll_back(open, &fault);
            return Err(Failed::of(fault));
        }
        match self.mind.write(&open) {
            Ok(()) => self.open = Some(open),
            Err(Unwritten::Before(fault)) => {
                self.roll_back(open, &fault);
                return Err(Failed::of(fault));
            }
            Err(Unwritten::Commit(fault)) => {
                drop(open);
                let resolved = self.resolve(fault);
                if let Err(Failed::Unknown(_)) = &resolved {
                    self.mind.doubt();
                }
                resolved?;
            }
        }
        self.mind.merge(&self.shared);
        Ok(())
    }

    /// The connection that there is, or another one, on which the lane's life goes on.
    fn open(&mut self) -> Result<Open> {
        if let Some(open) = self.open.take().filter(|it| !it.connection.is_closed()) {
            return Ok(open);
        }
        let open = Open::new(self.shared.connect()?)?;
        if self.life.go_on(open.connection.reader())?.is_none() {
            self.begin_anew(&open)?;
        }
        Ok(open)
    }

    /// Others have buried it, and counted what it had written.
    fn begin_anew(&mut self, open: &Open) -> Result<()> {
        let life = Life::begin(open.connection.reader(), &self.shared.node)?;
        self.life = life.ok_or(Fault::Missing("lane"))?;
        self.mind.begin_anew(self.life.lane, self.life.since);
        Ok(())
    }

    /// Lets go of all locks. A connection on which that cannot be done is given up, and so are its locks; and one to a server
    /// that takes no writes any more, or on which the lane does not live: the next one may be to another server, and is asked
    /// for its life.
    fn roll_back(&mut self, open: Open, fault: &Fault) {
        let is_elsewhere = fault.is_read_only() || matches!(fault, Fault::Missing("lane"));
        if !is_elsewhere && open.connection.batch("ROLLBACK").is_ok() {
            self.open = Some(open);
        }
    }

    /// Finds out whether the newest batch was committed, though its answer was lost: its row says so, and whoever asks for
    /// that waits until the old transaction has ended.
    ///
    /// # Errors
    /// Nothing where it was committed; [`Failed::Again`] where it was not.
    fn resolve(&mut self, lost: Fault) -> Result<(), Failed> {
        let deadline = Instant::now() + self.shared.resolve;
        loop {
            let asked = self.shared.connect().and_then(Open::new).and_then(|open| {
                let newest = self.life.go_on(open.connection.reader())?;
                Ok((open, newest))
            });
            match asked {
                Ok((open, Some(newest))) => {
                    self.open = Some(open);
                    return if newest == self.life.batch { Ok(()) } else { Err(Failed::Again(lost)) };
                }
                Ok((open, None)) => {
                    drop(self.begin_anew(&open));
                    return Err(Failed::Unknown(lost));
                }
                Err(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(_) => return Err(Failed::Unknown(lost)),
            }
        }
    }

    /// Adds up what was spent since the last time, and writes uses of credentials.
    fn count(&mut self) {
        self.counted_at = Instant::now();
        let counted = self.open().and_then(|open| {
            self.mind.count(&open.connection, &self.life, &self.shared)?;
            Ok(open)
        });
        match counted {
            Ok(open) => self.open = Some(open),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                tracing::warn!(
                    error,
                    "what was spent could not be added up yet; readers add it up themselves"
                );
            }
        }
    }
}
