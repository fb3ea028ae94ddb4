//! The life of a lane: from when it takes a number until it gives it back. The number stands in the places of its lines, so
//! no two that live may have the same one; its row says which batch was its newest, by which a commit whose answer was lost
//! is found out.

use crate::store::place::LANES;
use crate::store::sql::{Fault, Reader, Result, Row, Value, values};

/// The class of the advisory locks that lanes hold while they live; the other half of each is the lane's number.
const LANE: i64 = 0x746F_6C6C;

/// A life of a lane.
pub(super) struct Life {
    /// Whose row it is.
    owner: [u8; 16],
    /// Its number.
    pub(super) lane: u8,
    /// Its newest batch.
    pub(super) batch: i64,
    /// The place after which its own lines are, and up to which `usage` counted them when it began.
    pub(super) since: i64,
}

impl Life {
    /// Begins one. It may write from the newest line of the journal on, whoever wrote that.
    ///
    /// # Errors
    /// Of the database; `None` where all numbers are taken.
    pub(super) fn begin(reader: Reader<'_>, node: &str) -> Result<Option<Self>> {
        for lane in 0..LANES {
            if !try_lock(reader, lane)? {
                continue;
            }
            // Nobody can have it but one whose last life is not looked after yet.
            let taken = reader.row(
                "INSERT INTO lanes (owner, lane, batch, since, node)
                 SELECT gen_random_uuid(), ?1, 0, COALESCE(MAX(seq), 0), ?2 FROM journal
                 ON CONFLICT (lane) DO NOTHING RETURNING owner, since",
                values![i64::from(lane), node],
                |row| Ok((row.get("owner")?, row.get("since")?)),
            )?;
            match taken {
                Some((owner, since)) => return Ok(Some(Self { owner, lane, batch: 0, since })),
                None => unlock(reader, lane)?,
            }
        }
        Ok(None)
    }

    /// Goes on with it on a new connection, and says which batch was the newest to be committed; `None` where others have
    /// buried it meanwhile. Waits until the transaction of the connection before it has ended, which holds the row.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn go_on(&self, reader: Reader<'_>) -> Result<Option<i64>> {
        let batch = reader.row(
            "UPDATE lanes SET died_at = NULL WHERE owner = ?1 RETURNING batch",
            &[Value::Id(self.owner)],
            |row| row.get("batch"),
        )?;
        if batch.is_some() {
            // The session before it may not be gone yet; where it stays, this ends by the time-out for locks.
            reader.row("SELECT pg_advisory_lock(?1::int, ?2::int)", &self.lock(), |_| Ok(()))?;
        }
        Ok(batch)
    }

    /// Ends it: everything of it is written and counted.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn end(&self, reader: Reader<'_>) -> Result<()> {
        reader.execute("DELETE FROM lanes WHERE owner = ?1", &[Value::Id(self.owner)])?;
        unlock(reader, self.lane)
    }

    /// Whose row it is, as a value of a statement.
    pub(super) const fn owner(&self) -> Value<'static> {
        Value::Id(self.owner)
    }

    fn lock(&self) -> [Value<'static>; 2] {
        [Value::Int(LANE), Value::Int(i64::from(self.lane))]
    }
}

/// The row of a lane that lives no more.
pub(super) struct Dead {
    pub(super) owner: Value<'static>,
    pub(super) since: i64,
    /// Whether it has been dead for long enough.
    pub(super) is_over: bool,
}

impl Dead {
    pub(super) fn read(row: Row<'_>) -> Result<Self> {
        let owner = Value::Id(row.get("owner")?);
        Ok(Self { owner, since: row.get("since")?, is_over: row.get("is_over")? })
    }
}

/// Takes the locks of all lanes, so that none begins to live; or gives what a node is called whose lane lives.
///
/// # Errors
/// Of the database.
pub(super) fn hold_all(reader: Reader<'_>) -> Result<Option<String>> {
    let all = "SELECT lane::bigint AS lane, pg_try_advisory_lock(?1::int, lane::int) AS taken
         FROM generate_series(0, ?2::int - 1) AS lane";
    let all = reader.rows(all, values![LANE, i64::from(LANES)], |row| {
        Ok((row.get::<i64>("lane")?, row.get::<bool>("taken")?))
    })?;
    let Some((lane, _)) = all.into_iter().find(|it| !it.1) else { return Ok(None) };
    let node = "SELECT node FROM lanes WHERE lane = ?1";
    let node = reader.row(node, values![lane], |row| row.get::<String>("node"))?;
    Ok(Some(node.map_or_else(|| format!("lane {lane}"), |it| format!("node {it}"))))
}

/// Takes the lock of a lane, unless somebody has it.
pub(super) fn try_lock(reader: Reader<'_>, lane: u8) -> Result<bool> {
    let try_lock = "SELECT pg_try_advisory_lock(?1::int, ?2::int) AS taken";
    let taken = reader.row(try_lock, values![LANE, i64::from(lane)], |row| row.get("taken"))?;
    taken.ok_or(Fault::Missing("lock"))
}

/// Gives it back.
pub(super) fn unlock(reader: Reader<'_>, lane: u8) -> Result<()> {
    let unlock = "SELECT pg_advisory_unlock(?1::int, ?2::int)";
    reader.row(unlock, values![LANE, i64::from(lane)], |_| Ok(())).map(drop)
}
