//! Looking after lanes that do not live any more, whatever became of their nodes: what they have written is counted, and
//! their numbers are free for others again.

use super::connection::Connection;
use super::life::{Dead, try_lock, unlock};
use super::usage::Counting;
use crate::store::Ids;
use crate::store::sql::{Result, values};

/// For how many seconds a lane's row stays after its death was seen: it says what became of its newest batch, should its
/// node be cut off from the database and still alive.
const STAYS: i64 = 60;

/// Counts what dead lanes have written, and takes away the rows of those that have been dead for a while.
///
/// # Errors
/// Of the database.
pub(super) fn bury(connection: &Connection, ids: Ids) -> Result<()> {
    let all = connection
        .reader()
        .rows("SELECT lane FROM lanes ORDER BY lane", values![], |row| row.get::<i64>("lane"))?;
    for lane in all.into_iter().filter_map(|it| u8::try_from(it).ok()) {
        // Whoever holds it lives.
        if try_lock(connection.reader(), lane)? {
            let buried = bury_one(connection, lane, ids);
            unlock(connection.reader(), lane)?;
            buried?;
        }
    }
    Ok(())
}

fn bury_one(connection: &Connection, lane: u8, ids: Ids) -> Result<()> {
    let reader = connection.reader();
    // Its row is held until a transaction that its connection has left behind is over, so what it wrote is all there then.
    let dead = reader.row(
        "UPDATE lanes SET died_at = COALESCE(died_at, clock_timestamp()) WHERE lane = ?1
         RETURNING owner, since, died_at < clock_timestamp() - ?2 * INTERVAL '1 second' AS is_over",
        values![i64::from(lane), STAYS],
        Dead::read,
    )?;
    let Some(dead) = dead else { return Ok(()) };
    let mut counting = Counting::of_journal(connection, ids, lane, dead.since)?;
    if !counting.is_empty() {
        counting.write(connection, dead.owner, ids)?;
        tracing::info!(lane, "what a lane had written that lives no more was added up");
    }
    if dead.is_over {
        reader.execute("DELETE FROM lanes WHERE owner = ?1 AND died_at IS NOT NULL", &[dead.owner])?;
    }
    Ok(())
}
