//! Proving the roll-ups from the journal: each row must be the sum of the lines that it says it counts, and every line
//! that must be counted is. The journal goes through time in order, but for what a millisecond or two clocks make of it; so
//! a few quarters of an hour are in memory at once.

use std::collections::{BTreeMap, HashMap, VecDeque};

use ledger::{AccountId, Entry};

use super::Ids;
use super::replay::Wrong;
use super::snapshot::last_line;
use super::sql::{Dialect, Reader, Result, Row, values};
use super::usage::{self, Lanes, Numbers, RowKey, UsageSum};

/// How many quarters before that of a line may have more of them.
const KEPT: i64 = 4;
/// What the rows come by from a database.
const CURSOR: &str = "usage_rows";

/// Proves all roll-ups of a store.
pub(super) fn prove(reader: Reader<'_>, ids: Ids) -> Result<(), Wrong> {
    let last = last_line(reader)?;
    let counted = match reader {
        Reader::Sqlite(_) => Counted::Through(usage::usage_through(reader)?),
        Reader::Postgres(connection) => {
            connection.declare(CURSOR, "SELECT * FROM usage ORDER BY quarter")?;
            Counted::Lanes(Lanes::read(reader)?)
        }
    };
    let mut proof = Proof {
        reader,
        numbers: Numbers::new(reader),
        counted,
        quarters: BTreeMap::new(),
        page: VecDeque::new(),
        seen: 0,
    };
    usage::each_entry(reader, ids, (0, last), None, |seq, quarter, family, entry| {
        proof.entry(seq, quarter, family, entry)
    })?;
    proof.finish(last)
}

/// Which lines must be counted.
enum Counted {
    /// Those up to here; a row says itself how far it goes beyond that.
    Through(i64),
    /// Those that their lanes say, and no others.
    Lanes(Lanes),
}

struct Proof<'a> {
    reader: Reader<'a>,
    numbers: Numbers<'a>,
    counted: Counted,
    /// The rows of the newest quarters.
    quarters: BTreeMap<i64, HashMap<RowKey, Says>>,
    /// Rows of a database that were read ahead.
    page: VecDeque<(RowKey, Says)>,
    /// How many rows there were so far.
    seen: i64,
}

/// What a row says, up to which line where it says that, and what its lines come to so far.
struct Says {
    sum: UsageSum,
    through: Option<i64>,
    counted: UsageSum,
}

impl Proof<'_> {
    fn entry(&mut self, seq: i64, quarter: i64, family: AccountId, entry: &Entry<'_>) -> Result<(), Wrong> {
        if !self.quarters.contains_key(&quarter) {
            self.begin(quarter)?;
        }
        let key = RowKey::of(quarter, family, entry, &mut self.numbers)?;
        let must = match &self.counted {
            Counted::Through(through) => seq <= *through,
            Counted::Lanes(lanes) => lanes.count(seq),
        };
        match self.quarters.get_mut(&quarter).and_then(|it| it.get_mut(&key)) {
            Some(says) if says.through.map_or(must, |through| seq <= through) => {
                says.counted.add(&UsageSum::of(entry));
            }
            Some(_) | None if must => {
                return Err(Wrong::Line { seq, what: "no roll-up of usage counts it".into() });
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Goes on to another quarter, after those long before were proven.
    fn begin(&mut self, quarter: i64) -> Result<(), Wrong> {
        let kept = self.quarters.split_off(&(quarter - KEPT));
        let over = std::mem::replace(&mut self.quarters, kept);
        over.into_values().try_for_each(end)?;
        self.quarters.entry(quarter).or_default();
        if self.reader.dialect() == Dialect::Postgres {
            return Ok(self.read_up_to(quarter)?);
        }
        let rows = self.reader.rows("SELECT * FROM usage WHERE quarter = ?1", values![quarter], says)?;
        rows.into_iter().for_each(|it| self.add(it));
        Ok(())
    }

    /// Takes the rows of a database up to a quarter.
    fn read_up_to(&mut self, quarter: i64) -> Result<()> {
        let Reader::Postgres(connection) = self.reader else { return Ok(()) };
        loop {
            while let Some(row) = self.page.pop_front() {
                if row.0.quarter > quarter {
                    self.page.push_front(row);
                    return Ok(());
                }
                self.add(row);
            }
            self.page = connection.fetch(CURSOR, says)?.into();
            if self.page.is_empty() {
                return Ok(());
            }
        }
    }

    fn add(&mut self, (key, says): (RowKey, Says)) {
        self.seen += 1;
        self.quarters.entry(key.quarter).or_default().insert(key, says);
    }

    fn finish(mut self, last: i64) -> Result<(), Wrong> {
        self.read_up_to(i64::MAX)?;
        std::mem::take(&mut self.quarters).into_values().try_for_each(end)?;
        let Counted::Through(counted) = self.counted else { return Ok(()) };
        let all = "SELECT COUNT(*) AS count, COALESCE(MAX(through), 0) AS through FROM usage";
        let all = self.reader.row(all, values![], |row| Ok((row.get("count")?, row.get("through")?)))?;
        let (rows, through): (i64, i64) = all.unwrap_or_default();
        if rows != self.seen {
            let more = rows - self.seen;
            return Err(Wrong::Other(format!("{more} roll-ups of usage are of a time of which no line is")));
        }
        if through.max(counted) > last {
            return Err(Wrong::Other("the roll-ups of usage count lines that are not there".into()));
        }
        Ok(())
    }
}

fn says(row: Row<'_>) -> Result<(RowKey, Says)> {
    let through = match row {
        Row::Sqlite(_) => Some(row.get("through")?),
        Row::Postgres(_) => None,
    };
    Ok((RowKey::read(row)?, Says { sum: usage::sum(row)?, through, counted: UsageSum::default() }))
}

/// Every row of a quarter must be what its lines came to.
fn end(rows: HashMap<RowKey, Says>) -> Result<(), Wrong> {
    for (key, Says { sum, through, counted }) in rows {
        if sum != counted {
            let RowKey { quarter, account, operation, .. } = key;
            let up_to = through.map_or_else(String::new, |it| format!(" up to line {it}"));
            return Err(Wrong::Other(format!(
                "the roll-up of usage of account number {account} for {operation:?} in quarter {quarter} says \
                 {} lines and {}{up_to}, the journal {} and {}",
                sum.lines, sum.amount, counted.lines, counted.amount
            )));
        }
    }
    Ok(())
}
