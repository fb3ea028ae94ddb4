//! Gathering usage: the writer keeps in memory what each commit adds to the roll-ups and writes it a little later, a few
//! rows with each batch, for a row for each charge would cost more than the charge. `usage_fill` brings the rows up to the
//! journal at a start.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use ledger::usage::quarter;
use ledger::{AccountId, Entry, IdMap, LineId, Move, Moved};
use rusqlite::{Connection, params};

use super::aside::Aside;
use super::resident::Row as AccountRow;
use super::writer::Writer;
use crate::store::sql::{Column, Result};
use crate::store::usage::{RowKey, UsageSum, halves, operation_of};

/// After how many lines what was gathered is written. A reader looks through half as many more at most: the rest is
/// written while the next ones come.
const GATHER: i64 = 32_768;

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
    pub(super) fn write_usage(&self, lines: &[Arc<ledger::Line>], aside: &mut Aside) -> Result<()> {
        for line in lines {
            if let Some(charge) = Moved::of(line).and_then(|it| it.operation_of())
                && let Some(operation) = operation_of(&self.snapshot(), charge)?
            {
                aside.usage.operations.insert(line.id, operation);
            }
        }
        let gathering = &self.resident.usage;
        let due = gathering.due(lines.len());
        aside.usage.written = due.len();
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

pub(super) fn write_through(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('usage_through', ?1)")?
        .execute([through])
        .map(drop)
}
