//! Whose turn it is to do what one node does alone: to send events, and to end first what is due. Whoever holds a lock of the
//! database has it, for as long as the connection lives that took it.
//!
//! **Invariant.** No two nodes have it at once, even where one is cut off and does not know: whoever has not heard from the
//! database for [`LASTS`] has it no more, and whoever takes it over from one that did not give it back waits for longer than
//! that, from a moment on that is later than the last at which the other can have heard that its connection lived.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::store::sql::{Fault, Result, values};

/// The advisory lock of whoever has it: `tollturn` in ASCII.
const LOCK: i64 = 0x746F_6C6C_7475_726E;
/// For how long it is had after the database was asked last whether the connection lives: three beats of the pulse.
pub(super) const LASTS: Duration = Duration::from_millis(1_500);
/// How long whoever takes it over waits for one that may not know yet; half a second more, for what is just being sent.
const WAITS: Duration = Duration::from_secs(2);

/// Of this node.
#[derive(Default)]
pub(super) struct Turn(Mutex<Had>);

#[derive(Default)]
struct Had {
    /// How often it was taken.
    number: u64,
    /// Whether the connection of the pulse has the lock, as far as is known.
    is_held: bool,
    /// From when on, and until when.
    within: Option<(Instant, Instant)>,
}

impl Turn {
    /// Which turn of this node it is, where it has it.
    pub(super) fn current(&self) -> Option<u64> {
        let (had, now) = (self.had(), Instant::now());
        had.within.filter(|(from, until)| *from <= now && now < *until).map(|_| had.number)
    }

    /// Another connection has no lock yet.
    pub(super) fn has_lost_its_connection(&self) {
        self.had().is_held = false;
    }

    /// The connection has just answered what it was asked at `asked`: what it holds, it held then. Takes the turn where nobody
    /// has it.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn keep(&self, connection: &Connection, asked: Instant) -> Result<()> {
        let is_held = self.had().is_held;
        let from = if is_held { None } else { take(connection)? };
        let mut had = self.had();
        if let Some(from) = from {
            had.number += 1;
            had.is_held = true;
            had.within = Some((from, asked + LASTS));
        } else if let Some((_, until)) = had.within.as_mut().filter(|_| is_held) {
            *until = asked + LASTS;
        }
        Ok(())
    }

    /// Gives it back: nobody has to wait for this node. It does nothing more that is the turn's.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn give_back(&self, connection: &Connection) -> Result<()> {
        let mut had = self.had();
        if !std::mem::take(&mut had.is_held) {
            return Ok(());
        }
        had.within = None;
        drop(had);
        mark(connection, false)?;
        let unlock = "SELECT pg_advisory_unlock(?1)";
        connection.reader().row(unlock, values![LOCK], |_| Ok(())).map(drop)
    }

    fn had(&self) -> MutexGuard<'_, Had> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the lock, unless another node has it; says from when on it is this node's turn.
fn take(connection: &Connection) -> Result<Option<Instant>> {
    let reader = connection.reader();
    let try_lock = "SELECT pg_try_advisory_lock(?1) AS taken";
    if reader.row(try_lock, values![LOCK], |row| row.get("taken"))? != Some(true) {
        return Ok(None);
    }
    let now = Instant::now();
    let mark_of = "SELECT value FROM meta WHERE name = 'turn'";
    let is_left =
        reader.row(mark_of, values![], |row| row.get::<i64>("value"))?.ok_or(Fault::Missing("turn"))?;
    mark(connection, true)?;
    Ok(Some(if is_left == 0 { now } else { now + WAITS }))
}

/// Marks it as somebody's, or as given back by whoever had it.
fn mark(connection: &Connection, is_taken: bool) -> Result<()> {
    let mark = "UPDATE meta SET value = ?1 WHERE name = 'turn'";
    connection.reader().execute(mark, values![i64::from(is_taken)]).map(drop)
}
