//! The roll-ups: what the journal's lines add up to, by quarters of an hour. They are written a little later than the lines;
//! a reader adds those that no row counts yet, so that it is never behind. `usage_read` reads them, `usage_proof` proves
//! them; the engine writes them.
//!
//! **Invariant.** In a file, every line up to `meta.usage_through` is counted in its rows, and a row counts no line after its
//! own `through`. In PostgreSQL each lane counts its own lines: those up to its `lanes.since` are counted, those after it are
//! not, and where no lane has a number any more, all lines with that number are.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::usage::quarter;
use ledger::{AccountId, Entry, IdMap, LineId, Move, Moved, Timestamp, Total};

use super::sql::{self, Column, Fault, Reader, Result, Row, values};
use super::{Ids, Place, Snapshot};

/// What entries of one kind add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// How many there were.
    pub lines: i64,
    /// By how much they moved the balance, in sum: below zero for what went.
    pub amount: Total,
    /// How many units they were for, where they said it.
    pub units: Total,
    /// How many of them said it.
    pub measured: i64,
}

impl UsageSum {
    /// Of one entry.
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        Self {
            lines: 1,
            amount: entry.amount.into(),
            units: entry.units.map_or(Total::ZERO, Into::into),
            measured: i64::from(entry.units.is_some()),
        }
    }

    /// Adds what others add up to.
    pub fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.amount = self.amount.plus(other.amount);
        self.units = self.units.plus(other.units);
        self.measured += other.measured;
    }
}

/// What the rows go by, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowKey {
    pub(super) quarter: i64,
    pub(super) family: i64,
    pub(super) account: i64,
    pub(super) by: Move,
    pub(super) operation: Box<str>,
    pub(super) payer: i64,
}

impl RowKey {
    /// Of an entry.
    pub(super) fn of(
        quarter: i64,
        family: AccountId,
        entry: &Entry<'_>,
        numbers: &mut Numbers<'_>,
    ) -> Result<Self> {
        Ok(Self {
            quarter,
            family: numbers.of(family)?,
            account: numbers.of(entry.account)?,
            by: entry.by,
            operation: entry.operation.unwrap_or("").into(),
            payer: numbers.of(entry.payer)?,
        })
    }

    pub(super) fn read(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            quarter: row.get("quarter")?,
            family: row.get("family")?,
            account: row.get("account")?,
            by: sql::get(row, "moved_by")?,
            operation: row.get("operation")?,
            payer: row.get("payer")?,
        })
    }
}

/// What a charge was for.
pub(super) fn operation_of(snapshot: &Snapshot<'_>, charge: LineId) -> Result<Option<Arc<str>>> {
    Ok(snapshot.line(charge)?.and_then(|it| it.line.operation))
}

/// A row's sum.
pub(super) fn sum(row: Row<'_>) -> Result<UsageSum> {
    let total = |high: &'static str, low: &'static str| -> Result<Total> {
        let (high, low) = (row.get::<i64>(high)?, row.get::<i64>(low)?);
        Ok(Total::from_units((i128::from(high) << 32) + i128::from(low)))
    };
    Ok(UsageSum {
        lines: row.get("lines")?,
        amount: total("high", "low")?,
        units: total("units_high", "units_low")?,
        measured: row.get("measured")?,
    })
}

/// Up to where the lines of each lane are counted.
pub(super) struct Lanes {
    since: HashMap<i64, i64>,
}

impl Lanes {
    pub(super) fn read(reader: Reader<'_>) -> Result<Self> {
        let read = |row: Row<'_>| Ok((row.get("lane")?, row.get("since")?));
        let since = reader.rows("SELECT lane, since FROM lanes", values![], read)?;
        Ok(Self { since: since.into_iter().collect() })
    }

    /// The place up to which all lines are counted.
    pub(super) fn through(&self) -> i64 {
        self.since.values().copied().min().unwrap_or(i64::MAX)
    }

    /// Whether the line at a place is counted.
    pub(super) fn count(&self, seq: i64) -> bool {
        Place::Seq(seq).lane().and_then(|it| self.since.get(&i64::from(it))).is_none_or(|since| seq <= *since)
    }
}

/// The line up to which the rows count everything.
pub(super) fn usage_through(reader: Reader<'_>) -> Result<i64> {
    let through = "SELECT value FROM meta WHERE name = 'usage_through'";
    Ok(reader.row(through, values![], |row| row.get("value"))?.unwrap_or(0))
}

/// Up to which line a row counts; 0 where there is none.
pub(super) fn row_through(reader: Reader<'_>, key: &RowKey) -> Result<i64> {
    let RowKey { quarter, family, account, by, operation, payer } = key;
    let through = reader.row(
        "SELECT through FROM usage WHERE quarter = ?1 AND family = ?2 AND account = ?3 AND moved_by = ?4
         AND operation = ?5 AND payer = ?6",
        values![*quarter, *family, *account, Column(*by), &**operation, *payer],
        |row| row.get("through"),
    )?;
    Ok(through.unwrap_or(0))
}

/// Adds a sum to its row in PostgreSQL. `low` stays below 2³², so that what is added never goes beyond what a column holds.
pub(super) fn add(reader: Reader<'_>, key: &RowKey, sum: &UsageSum) -> Result<()> {
    let ((high, low), (units_high, units_low)) = (halves(sum.amount), halves(sum.units));
    reader.execute(
        "INSERT INTO usage (quarter, family, account, moved_by, operation, payer, lines, high, low, units_high, units_low,
         measured)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (family, quarter, account, moved_by, operation, payer) DO UPDATE SET
         lines = usage.lines + excluded.lines,
         high = usage.high + excluded.high + ((usage.low + excluded.low) >> 32),
         low = (usage.low + excluded.low) & 4294967295,
         units_high = usage.units_high + excluded.units_high + ((usage.units_low + excluded.units_low) >> 32),
         units_low = (usage.units_low + excluded.units_low) & 4294967295,
         measured = usage.measured + excluded.measured",
        values![
            key.quarter,
            key.family,
            key.account,
            Column(key.by),
            &*key.operation,
            key.payer,
            sum.lines,
            high,
            low,
            units_high,
            units_low,
            sum.measured,
        ],
    )?;
    Ok(())
}

/// A total as two integers that a column holds each.
pub(super) fn halves(total: Total) -> (i64, i64) {
    let low = total.units() & 0xFFFF_FFFF;
    // Of sums of a quarter of an hour both always fit.
    (i64::try_from(total.units() >> 32).unwrap_or(i64::MAX), i64::try_from(low).unwrap_or(0))
}

/// Numbers of accounts' rows by their ids, read once each.
pub(super) struct Numbers<'a> {
    reader: Reader<'a>,
    known: IdMap<AccountId, i64>,
}

impl<'a> Numbers<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self { reader, known: IdMap::default() }
    }

    pub(super) fn of(&mut self, account: AccountId) -> Result<i64> {
        if let Some(number) = self.known.get(&account) {
            return Ok(*number);
        }
        let number = "SELECT number FROM accounts WHERE id = ?1";
        let number = self.reader.row(number, values![Column(account)], |row| row.get("number"))?;
        let number = number.ok_or(Fault::Missing("account"))?;
        self.known.insert(account, number);
        Ok(number)
    }
}

/// The journal's lines after `from` up to `to` that moved a balance, perhaps those of one family: their place, the
/// quarter that they are in, their family, and what they add.
pub(super) fn each_entry<E: From<Fault>>(
    reader: Reader<'_>,
    ids: Ids,
    (from, to): (i64, i64),
    family: Option<AccountId>,
    mut each: impl FnMut(i64, i64, AccountId, &Entry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let snapshot = Snapshot::new(reader, None, ids);
    reader.each(
        "SELECT seq, at, kind, family, account, balance_change, other, other_balance IS NULL AS caused, about,
         operation, units FROM journal
         WHERE seq > ?1 AND seq <= ?2 AND balance_change <> 0 AND (?3 IS NULL OR family = ?3) ORDER BY seq",
        values![from, to, family.map(Column)],
        |row| {
            let (seq, at, moved) = moved(row)?;
            let operation = match moved.operation_of() {
                None => None,
                Some(charge) => operation_of(&snapshot, charge)?,
            };
            let family = sql::get_opt(row, "family")?;
            for entry in moved.entries(operation.as_deref()) {
                each(seq, quarter(at), family.unwrap_or(entry.payer), &entry)?;
            }
            Ok(())
        },
    )
}

/// What a line moved, its place and its time.
fn moved(row: Row<'_>) -> Result<(i64, Timestamp, Moved<'_>)> {
    let (other, caused) = (sql::get_opt::<AccountId>(row, "other")?, row.get::<bool>("caused")?);
    let moved = Moved {
        kind: sql::get(row, "kind")?,
        account: sql::get(row, "account")?,
        balance: sql::get(row, "balance_change")?,
        counter: other.filter(|_| !caused),
        cause: other.filter(|_| caused),
        about: sql::get_opt(row, "about")?,
        operation: row.get("operation")?,
        units: row.get("units")?,
    };
    Ok((row.get("seq")?, sql::get(row, "at")?, moved))
}
