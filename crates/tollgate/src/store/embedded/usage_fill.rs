//! Bringing the roll-ups up to the journal before the store is served: a few thousand lines after a crash, all of them
//! after the migration of an old store. In pieces, so that neither needs more memory than the other.

use std::collections::HashMap;

use rusqlite::Connection;

use super::gather;
use crate::store::Ids;
use crate::store::snapshot::last_line;
use crate::store::sql::{Reader, Result};
use crate::store::usage::{self, Numbers, RowKey, UsageSum};

/// How many lines are added up at once; their sums are written in one transaction.
const PIECE: i64 = 65_536;

/// Counts every line that no row counts yet. Where the process ends in between, the next start goes on.
pub(super) fn fill(connection: &Connection, ids: Ids) -> Result<()> {
    let last = last_line(Reader::Sqlite(connection))?;
    let first = usage::usage_through(Reader::Sqlite(connection))?;
    if last - first > PIECE {
        tracing::info!(lines = last - first, "adding up what was spent so far");
    }
    let mut from = first;
    while from < last {
        let to = last.min(from + PIECE);
        let transaction = connection.unchecked_transaction()?;
        fill_piece(connection, ids, (from, to))?;
        transaction.commit()?;
        from = to;
    }
    Ok(())
}

fn fill_piece(connection: &Connection, ids: Ids, (from, to): (i64, i64)) -> Result<()> {
    let reader = Reader::Sqlite(connection);
    let mut numbers = Numbers::new(reader);
    // The sum, and up to which line the row counts already.
    let mut sums: HashMap<RowKey, (UsageSum, i64)> = HashMap::new();
    usage::each_entry(reader, ids, (from, to), None, |seq, quarter, family, entry| -> Result<()> {
        let key = RowKey::of(quarter, family, entry, &mut numbers)?;
        let (sum, through) = match sums.get_mut(&key) {
            Some(known) => known,
            None => {
                let through = usage::row_through(reader, &key)?;
                sums.entry(key).or_insert((UsageSum::default(), through))
            }
        };
        if seq > *through {
            sum.add(&UsageSum::of(entry));
        }
        Ok(())
    })?;
    let new = sums.into_iter().filter(|(_, (sum, _))| sum.lines > 0);
    let mut rows: Vec<_> = new.map(|(key, (sum, _))| (key, sum)).collect();
    rows.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
    gather::write(connection, &rows, to)?;
    Ok(gather::write_through(connection, to)?)
}
