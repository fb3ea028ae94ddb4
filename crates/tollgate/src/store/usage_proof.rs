//! Proving the roll-ups from the journal: each row must be the sum of the lines that it says it counts, and every line
//! that must be counted is. The journal goes through time in order, so one quarter of an hour is in memory at once.

use std::collections::HashMap;

use ledger::{AccountId, Entry};

use super::Ids;
use super::replay::Wrong;
use super::sql::{Reader, values};
use super::usage::{self, Numbers, RowKey, UsageSum};

/// Proves all roll-ups of a store whose journal has `last` lines.
pub(super) fn prove(reader: Reader<'_>, ids: Ids, last: i64) -> Result<(), Wrong> {
    let mut proof = Proof {
        reader,
        numbers: Numbers::new(reader),
        through: usage::usage_through(reader)?,
        quarter: i64::MIN,
        rows: HashMap::new(),
        seen: 0,
    };
    usage::each_entry(reader, ids, (0, last), None, |seq, quarter, family, entry| {
        proof.entry(seq, quarter, family, entry)
    })?;
    proof.finish(last)
}

struct Proof<'a> {
    reader: Reader<'a>,
    numbers: Numbers<'a>,
    /// The line up to which everything is counted.
    through: i64,
    quarter: i64,
    /// The rows of the quarter.
    rows: HashMap<RowKey, Says>,
    /// How many rows there were so far.
    seen: i64,
}

/// What a row says, up to which line, and what its lines come to so far.
struct Says {
    sum: UsageSum,
    through: i64,
    counted: UsageSum,
}

impl Proof<'_> {
    fn entry(&mut self, seq: i64, quarter: i64, family: AccountId, entry: &Entry<'_>) -> Result<(), Wrong> {
        if quarter != self.quarter {
            self.begin(quarter)?;
        }
        let key = RowKey::of(quarter, family, entry, &mut self.numbers)?;
        match self.rows.get_mut(&key) {
            Some(says) if seq <= says.through => says.counted.add(&UsageSum::of(entry)),
            Some(_) | None if seq <= self.through => {
                return Err(Wrong::Line { seq, what: "no roll-up of usage counts it".into() });
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Goes on to another quarter, after the one before was proven.
    fn begin(&mut self, quarter: i64) -> Result<(), Wrong> {
        self.end()?;
        self.quarter = quarter;
        self.reader.each("SELECT * FROM usage WHERE quarter = ?1", values![quarter], |row| {
            let (sum, through) = (usage::sum(row)?, row.get("through")?);
            self.rows.insert(RowKey::read(row)?, Says { sum, through, counted: UsageSum::default() });
            self.seen += 1;
            Ok(())
        })
    }

    fn end(&mut self) -> Result<(), Wrong> {
        for (key, Says { sum, through, counted }) in self.rows.drain() {
            if sum != counted {
                let RowKey { quarter, account, operation, .. } = key;
                return Err(Wrong::Other(format!(
                    "the roll-up of usage of account number {account} for {operation:?} in quarter {quarter} says \
                     {} lines and {} up to line {through}, the journal {} and {}",
                    sum.lines, sum.amount, counted.lines, counted.amount
                )));
            }
        }
        Ok(())
    }

    fn finish(mut self, last: i64) -> Result<(), Wrong> {
        self.end()?;
        let all = "SELECT COUNT(*) AS count, COALESCE(MAX(through), 0) AS through FROM usage";
        let all = self.reader.row(all, values![], |row| Ok((row.get("count")?, row.get("through")?)))?;
        let (rows, through): (i64, i64) = all.unwrap_or_default();
        if rows != self.seen {
            let more = rows - self.seen;
            return Err(Wrong::Other(format!("{more} roll-ups of usage are of a time of which no line is")));
        }
        if through.max(self.through) > last {
            return Err(Wrong::Other("the roll-ups of usage count lines that are not there".into()));
        }
        Ok(())
    }
}
