//! Counting usage: a lane keeps in memory what its commits add to the roll-ups and writes it a little later, for a row for
//! each charge would cost more than the charge. Until then readers add it up themselves; its row says from which place on.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::usage::quarter;
use ledger::{AccountId, Entry, IdMap, IdSet, Line, LineId, Move, Moved};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::Connection;
use super::lines::word;
use crate::store::place::Place;
use crate::store::snapshot::last_line;
use crate::store::sql::{Column, Fault, Reader, Result, Value};
use crate::store::usage::{RowKey, UsageSum, each_entry, halves, operation_of};
use crate::store::{Ids, Snapshot};

/// What a lane has counted.
#[derive(Default)]
pub(super) struct Counting {
    lane: u8,
    /// The place up to which its row says that everything is counted, as far as it is known here.
    since: i64,
    /// The place up to which it has counted.
    through: i64,
    sums: Sums,
    /// Lines that go by the operation of a charge, which is still to be looked up.
    given_back: Vec<(Arc<Line>, LineId)>,
    /// Whether a batch may be there that it does not know of.
    is_in_doubt: bool,
    /// What was sent when the answer to that was lost, and up to which place.
    sent: Option<(i64, Sums)>,
}

type Sums = HashMap<Counted, UsageSum>;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counted {
    quarter: i64,
    family: AccountId,
    account: AccountId,
    payer: AccountId,
    by: Move,
    operation: Box<str>,
}

impl Counting {
    /// Begins to count what a lane writes behind a place.
    pub(super) fn since(lane: u8, since: i64) -> Self {
        Self { lane, since, through: since, ..Self::default() }
    }

    /// Counts what a lane has written behind a place, off the journal.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn of_journal(connection: &Connection, ids: Ids, lane: u8, since: i64) -> Result<Self> {
        // Rows come by a cursor, which only a transaction has.
        connection.batch("BEGIN")?;
        let counted = Self::walk(connection.reader(), ids, lane, since);
        connection.batch("ROLLBACK")?;
        counted
    }

    fn walk(reader: Reader<'_>, ids: Ids, lane: u8, since: i64) -> Result<Self> {
        let mut counting = Self::since(lane, since);
        let last = last_line(reader)?;
        each_entry(reader, ids, (since, last), None, |seq, quarter, family, entry| {
            if Place::Seq(seq).lane() == Some(lane) {
                counting.sums.add_entry(quarter, family, entry);
                counting.through = seq;
            }
            Ok::<_, Fault>(())
        })?;
        Ok(counting)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.through == self.since && self.sent.is_none() && !self.is_in_doubt
    }

    /// Has everything counted off the journal the next time: nobody could say whether a batch was written.
    pub(super) fn doubt(&mut self) {
        self.is_in_doubt = true;
    }

    /// Counts lines that are durable, the last of which is at this place.
    pub(super) fn add(&mut self, lines: &[Arc<Line>], through: i64) {
        for line in lines {
            let Some(moved) = Moved::of(line) else { continue };
            match moved.operation_of() {
                Some(charge) => self.given_back.push((line.clone(), charge)),
                None => self.sums.add(line, &moved, None),
            }
        }
        self.through = through;
    }

    /// Says in the row of a lane that has written nothing that there is nothing of it to count up to the newest line, and gives
    /// that place, behind which the lane goes on.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn pass_over(&mut self, connection: &Connection, owner: Value<'_>) -> Result<i64> {
        let passed = connection.reader().row(
            "UPDATE lanes SET since = newest.seq FROM (SELECT COALESCE(MAX(seq), 0) AS seq FROM journal) AS newest
             WHERE owner = ?1 AND since = ?2 AND since < newest.seq RETURNING since",
            &[owner, Value::Int(self.since)],
            |row| row.get("since"),
        )?;
        self.since = passed.unwrap_or(self.since);
        self.through = self.since;
        Ok(self.since)
    }

    /// Writes what was counted.
    ///
    /// # Errors
    /// Of the database; what was not written is kept.
    pub(super) fn write(&mut self, connection: &Connection, owner: Value<'_>, ids: Ids) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let reader = connection.reader();
        let since = "SELECT since FROM lanes WHERE owner = ?1";
        let since: Option<i64> = reader.row(since, &[owner], |row| row.get("since"))?;
        let since = since.ok_or(Fault::Missing("lane"))?;
        let sent = self.sent.take();
        if self.is_in_doubt {
            *self = Self::of_journal(connection, ids, self.lane, since)?;
        } else if let Some((through, _)) = &sent
            && *through == since
        {
            // It was written, and only the answer was lost.
            self.since = since;
        } else if since == self.since {
            self.sums.merge(sent.map(|it| it.1).unwrap_or_default());
        } else {
            // Others took it for dead meanwhile, and counted up to there.
            *self = Self::of_journal(connection, ids, self.lane, since)?;
        }
        let snapshot = Snapshot::new(reader, None, ids);
        while let Some((line, charge)) = self.given_back.last() {
            let operation = operation_of(&snapshot, *charge)?;
            if let Some(moved) = Moved::of(line) {
                self.sums.add(line, &moved, operation.as_deref());
            }
            self.given_back.pop();
        }
        let sent = std::mem::take(&mut self.sums);
        let rows = Rows::of(&sent, connection);
        self.sent = Some((self.through, sent));
        let rows = rows?;
        let written = self.send(connection, owner, &rows);
        if written.is_ok() {
            self.sent = None;
            self.since = self.through;
        } else {
            // Where the connection is gone, so is the transaction.
            drop(connection.batch("ROLLBACK"));
        }
        written
    }

    fn send(&self, connection: &Connection, owner: Value<'_>, rows: &Rows) -> Result<()> {
        connection.batch("BEGIN")?;
        let counted = "UPDATE lanes SET since = ?2 WHERE owner = ?1";
        connection.reader().execute(counted, &[owner, Value::Int(self.through)])?;
        connection.change(ADD, &rows.arrays())?;
        connection.batch("COMMIT")
    }
}

/// Adds sums to their rows, in the order of the rows, so that no two lanes wait for each other.
const ADD: &str = "INSERT INTO usage AS old (quarter, family, account, moved_by, operation, payer, lines, high, low,
    units_high, units_low, measured)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
    ON CONFLICT (family, quarter, account, moved_by, operation, payer) DO UPDATE SET
    lines = old.lines + excluded.lines,
    high = old.high + excluded.high + ((old.low + excluded.low) >> 32), low = (old.low + excluded.low) & 4294967295,
    units_high = old.units_high + excluded.units_high + ((old.units_low + excluded.units_low) >> 32),
    units_low = (old.units_low + excluded.units_low) & 4294967295,
    measured = old.measured + excluded.measured";

trait Adding {
    fn add(&mut self, line: &Line, moved: &Moved<'_>, operation: Option<&str>);
    fn add_entry(&mut self, quarter: i64, family: AccountId, entry: &Entry<'_>);
    fn merge(&mut self, others: Self);
}

impl Adding for Sums {
    fn add(&mut self, line: &Line, moved: &Moved<'_>, operation: Option<&str>) {
        for entry in moved.entries(operation) {
            self.add_entry(quarter(line.at), line.family.unwrap_or(entry.payer), &entry);
        }
    }

    fn add_entry(&mut self, quarter: i64, family: AccountId, entry: &Entry<'_>) {
        let Entry { account, payer, by, operation, .. } = *entry;
        let operation = operation.unwrap_or_default().into();
        let counted = Counted { quarter, family, account, payer, by, operation };
        self.entry(counted).or_default().add(&UsageSum::of(entry));
    }

    fn merge(&mut self, others: Self) {
        for (counted, sum) in others {
            self.entry(counted).or_default().add(&sum);
        }
    }
}

/// Rows of `usage`, column by column.
#[derive(Default)]
struct Rows {
    quarter: Vec<i64>,
    family: Vec<i64>,
    account: Vec<i64>,
    moved_by: Vec<i16>,
    operation: Vec<Box<str>>,
    payer: Vec<i64>,
    lines: Vec<i64>,
    high: Vec<i64>,
    low: Vec<i64>,
    units_high: Vec<i64>,
    units_low: Vec<i64>,
    measured: Vec<i64>,
}

impl Rows {
    fn of(sums: &Sums, connection: &Connection) -> Result<Self> {
        let numbers = numbers(sums, connection)?;
        let number = |of: &AccountId| numbers.get(of).copied().ok_or(Fault::Missing("account"));
        let mut keyed = Vec::with_capacity(sums.len());
        for (Counted { quarter, family, account, payer, by, operation }, sum) in sums {
            let (family, account, payer) = (number(family)?, number(account)?, number(payer)?);
            let (quarter, by, operation) = (*quarter, *by, operation.clone());
            keyed.push((RowKey { quarter, family, account, by, operation, payer }, *sum));
        }
        keyed.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut rows = Self::default();
        for (key, sum) in keyed {
            rows.push(key, sum);
        }
        Ok(rows)
    }

    fn push(&mut self, key: RowKey, sum: UsageSum) {
        let RowKey { quarter, family, account, by, operation, payer } = key;
        self.quarter.push(quarter);
        self.family.push(family);
        self.account.push(account);
        self.moved_by.push(word(Column(by)));
        self.operation.push(operation);
        self.payer.push(payer);
        self.lines.push(sum.lines);
        let ((high, low), (units_high, units_low)) = (halves(sum.amount), halves(sum.units));
        self.high.push(high);
        self.low.push(low);
        self.units_high.push(units_high);
        self.units_low.push(units_low);
        self.measured.push(sum.measured);
    }

    fn arrays(&self) -> [&(dyn ToSql + Sync); 12] {
        [
            &self.quarter,
            &self.family,
            &self.account,
            &self.moved_by,
            &self.operation,
            &self.payer,
            &self.lines,
            &self.high,
            &self.low,
            &self.units_high,
            &self.units_low,
            &self.measured,
        ]
    }
}

/// The numbers of the rows of all accounts in some sums, with one question: nobody charges through this lane meanwhile.
fn numbers(sums: &Sums, connection: &Connection) -> Result<IdMap<AccountId, i64>> {
    let all: IdSet<AccountId> = sums.keys().flat_map(|it| [it.family, it.account, it.payer]).collect();
    let all: Vec<_> = all.iter().map(|it| Uuid::from_bytes(*it.as_bytes())).collect();
    let rows = connection.query("SELECT id, number FROM accounts WHERE id = ANY($1)", &[&all])?;
    let rows = rows.iter().map(|row| {
        let id: Uuid = row.try_get(0)?;
        Ok((AccountId::from_bytes(*id.as_bytes()), row.try_get(1)?))
    });
    rows.collect()
}
