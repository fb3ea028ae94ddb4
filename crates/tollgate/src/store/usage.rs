//! The roll-ups: what the journal's lines add up to, by quarters of an hour. The writer gathers in memory what each
//! commit adds and writes it a little later, a few rows with each batch, for a row for each charge would cost more than
//! the charge; a reader adds the lines that no row counts yet, so that it is never behind. `usage_fill` brings the rows
//! up to the journal at a start, `usage_read` reads them, `usage_proof` proves them.
//!
//! **Invariant.** Every line up to `meta.usage_through` is counted in its rows, and a row counts no line after its own
//! `through`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use ledger::usage::quarter;
use ledger::{AccountId, Entry, IdMap, LineId, Move, Moved, Timestamp, Total};
use rusqlite::{Connection, params};

use super::Ids;
use super::Snapshot;
use super::pending::Pending;
use super::resident::Row as AccountRow;
use super::sql::{self, Column, Fault, Reader, Result, Row, values};
use super::writer::Writer;

/// After how many lines what was gathered is written. A reader looks through half as many more at most: the rest is
/// written while the next ones come.
const GATHER: i64 = 32_768;

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

/// What the writer has gathered and not written yet.
#[derive(Default)]
pub(super) struct Gathering {
    sums: HashMap<Gathered, UsageSum, BuildHasherDefault<Mixer>>,
    /// The operations that were named since, by the number under which they are gathered.
    operations: HashMap<Box<str>, u32>,
    /// The one that was named last, for mostly it is named again.
    last_operation: Option<(Box<str>, u32)>,
    /// How many lines were looked at since.
    lines: i64,
    /// What is being written, in the order of the rows, the last one first.
    writing: Vec<(RowKey, UsageSum)>,
    /// How many rows that were in the beginning.
    rows: usize,
    /// The line up to which these rows count.
    through: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Gathered {
    quarter: i64,
    family: AccountId,
    account: AccountId,
    payer: AccountId,
    by: Move,
    operation: Option<u32>,
}

/// Its words, mixed by [`Mixer`]: all of them are ours, so that nobody can choose them to collide.
impl Hash for Gathered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let word = |id: AccountId| {
            let [.., a, b, c, d, e, f, g, h] = *id.as_bytes();
            u64::from_le_bytes([a, b, c, d, e, f, g, h])
        };
        state.write_u64(word(self.account));
        state.write_u64(word(self.payer));
        state.write_i64(self.quarter);
        let by = match self.by {
            Move::Charge => 1,
            Move::Reversal => 2,
            Move::PaidIn => 3,
            Move::PaidOut => 4,
            Move::TransferIn => 5,
            Move::TransferOut => 6,
            Move::Close => 7,
        };
        state.write_u64(by << 32 | self.operation.map_or(0, |it| u64::from(it) + 1));
    }
}

/// Mixes words as FxHash does, some five times as fast as the standard library's keyed hash.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        // The map takes its bits from both ends.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word.cast_unsigned());
    }
}

/// What a batch does about usage.
#[derive(Default)]
pub(super) struct UsagePending {
    /// What the charges were for that the batch's reversals give back.
    operations: IdMap<LineId, Arc<str>>,
    /// How many rows of [`Gathering::writing`] it writes.
    written: usize,
}

impl Gathering {
    fn add(&mut self, quarter: i64, family: AccountId, entry: &Entry<'_>) {
        let operation = entry.operation.map(|name| self.number_of(name));
        let Entry { account, payer, by, .. } = *entry;
        let gathered = Gathered { quarter, family, account, payer, by, operation };
        self.sums.entry(gathered).or_default().add(&UsageSum::of(entry));
    }

    fn number_of(&mut self, operation: &str) -> u32 {
        if let Some((_, number)) = self.last_operation.as_ref().filter(|it| *it.0 == *operation) {
            return *number;
        }
        let number = match self.operations.get(operation) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.operations.len()).unwrap_or(u32::MAX);
                self.operations.insert(operation.into(), number);
                number
            }
        };
        self.last_operation = Some((operation.into(), number));
        number
    }

    /// Has everything that was gathered up to this line written, by and by.
    fn begin_writing(&mut self, through: i64, accounts: &IdMap<AccountId, Box<AccountRow>>) {
        let mut names = vec![Box::<str>::default(); self.operations.len()];
        self.last_operation = None;
        for (name, number) in self.operations.drain() {
            if let Some(place) = usize::try_from(number).ok().and_then(|it| names.get_mut(it)) {
                *place = name;
            }
        }
        // Every account that a line names has a row before the line is merged.
        let number = |id: AccountId| accounts.get(&id).map_or(0, |it| it.number);
        let named = |operation: Option<u32>| {
            let operation = operation.and_then(|it| usize::try_from(it).ok());
            operation.and_then(|it| names.get(it)).cloned().unwrap_or_default()
        };
        self.writing = self
            .sums
            .drain()
            .map(|(Gathered { quarter, family, account, payer, by, operation }, sum)| {
                let (family, account, payer) = (number(family), number(account), number(payer));
                (RowKey { quarter, family, account, by, operation: named(operation), payer }, sum)
            })
            .collect();
        self.writing.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        (self.rows, self.through, self.lines) = (self.writing.len(), through, 0);
    }

    /// The next rows, as many as go with so many lines.
    fn due(&self, lines: usize) -> &[(RowKey, UsageSum)] {
        let half = usize::try_from(GATHER / 2).unwrap_or(usize::MAX);
        let most = (self.rows * lines / half + 1).min(self.writing.len());
        self.writing.get(self.writing.len() - most..).unwrap_or_default()
    }
}

impl Writer {
    /// Writes rows that wait, and looks up for what the charges were that the batch gives back.
    pub(super) fn write_usage(&self, pending: &mut Pending) -> Result<()> {
        for line in &pending.lines {
            if let Some(charge) = Moved::of(line).and_then(|it| it.operation_of())
                && let Some(operation) = operation_of(&self.snapshot(), charge)?
            {
                pending.usage.operations.insert(line.id, operation);
            }
        }
        let gathering = &self.resident.usage;
        let due = gathering.due(pending.lines.len());
        pending.usage.written = due.len();
        write(&self.connection, due, gathering.through)?;
        if !due.is_empty() && due.len() == gathering.writing.len() {
            write_through(&self.connection, gathering.through)?;
        }
        Ok(())
    }

    /// Gathers what is durable now.
    pub(super) fn gather_usage(&mut self, lines: &[Arc<ledger::Line>], usage: &UsagePending) {
        let gathering = &mut self.resident.usage;
        gathering.writing.truncate(gathering.writing.len().saturating_sub(usage.written));
        for line in lines {
            let Some(moved) = Moved::of(line) else { continue };
            let operation = moved.operation_of().and_then(|_| usage.operations.get(&line.id));
            for entry in moved.entries(operation.map(|it| &**it)) {
                gathering.add(quarter(line.at), line.family.unwrap_or(entry.payer), &entry);
            }
        }
        gathering.lines += i64::try_from(lines.len()).unwrap_or(0);
        if gathering.lines >= GATHER && gathering.writing.is_empty() {
            let through = self.resident.last_seq + i64::try_from(lines.len()).unwrap_or(0);
            self.resident.usage.begin_writing(through, &self.resident.accounts);
        }
    }

    /// Writes everything that was gathered.
    pub(super) fn write_all_usage(&mut self) -> rusqlite::Result<()> {
        let gathering = &mut self.resident.usage;
        write(&self.connection, &gathering.writing, gathering.through)?;
        gathering.begin_writing(self.resident.last_seq, &self.resident.accounts);
        write(&self.connection, &gathering.writing, gathering.through)?;
        write_through(&self.connection, gathering.through)
    }
}

/// What a charge was for.
pub(super) fn operation_of(snapshot: &Snapshot<'_>, charge: LineId) -> Result<Option<Arc<str>>> {
    Ok(snapshot.line(charge)?.and_then(|it| it.line.operation))
}

/// Adds sums to their rows. SQLite makes a float of a sum that does not fit, so none is made that might not: `low` stays
/// below 2³², and `high` would need 2³⁴ lines of the largest amount within one quarter of an hour.
pub(super) fn write(
    connection: &Connection,
    rows: &[(RowKey, UsageSum)],
    through: i64,
) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut add = connection.prepare_cached(
        "INSERT INTO usage (quarter, family, account, moved_by, operation, payer, lines, high, low, units_high, units_low,
         measured, through)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (quarter, family, account, moved_by, operation, payer) DO UPDATE SET
         lines = lines + excluded.lines,
         high = high + excluded.high + ((low + excluded.low) >> 32), low = (low + excluded.low) & 4294967295,
         units_high = units_high + excluded.units_high + ((units_low + excluded.units_low) >> 32),
         units_low = (units_low + excluded.units_low) & 4294967295,
         measured = measured + excluded.measured, through = excluded.through",
    )?;
    // In the order of the rows, so that those of a page come together; the last one stands first.
    for (key, sum) in rows.iter().rev() {
        let ((high, low), (units_high, units_low)) = (halves(sum.amount), halves(sum.units));
        add.execute(params![
            key.quarter,
            key.family,
            key.account,
            Column(key.by),
            key.operation,
            key.payer,
            sum.lines,
            high,
            low,
            units_high,
            units_low,
            sum.measured,
            through,
        ])?;
    }
    Ok(())
}

/// A total as two integers that a column holds each.
fn halves(total: Total) -> (i64, i64) {
    let low = total.units() & 0xFFFF_FFFF;
    // Of sums of a quarter of an hour both always fit; see `write`.
    (i64::try_from(total.units() >> 32).unwrap_or(i64::MAX), i64::try_from(low).unwrap_or(0))
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

pub(super) fn write_through(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('usage_through', ?1)")?
        .execute([through])
        .map(drop)
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
