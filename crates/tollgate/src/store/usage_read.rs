//! Reading the roll-ups: the rows of a span, and the lines that these do not count yet.

use std::collections::HashMap;

use ledger::{AccountId, Entry, Move};

use super::Snapshot;
use super::snapshot;
use super::sql::{self, Dialect, Fault, Reader, Result, Row, values};
use super::usage::{self, Lanes, Numbers, RowKey, UsageSum};

/// Whose usage, and of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageSpan {
    /// The primary account of the family.
    pub family: AccountId,
    /// Only what this account caused.
    pub account: Option<AccountId>,
    /// From this quarter of an hour on, as [`ledger::usage::quarter`] counts them.
    pub from: i64,
    /// Up to this one, itself excluded.
    pub to: i64,
}

/// A part of a sum: all of one kind within a quarter of an hour may come in several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsagePart<'a> {
    /// When.
    pub quarter: i64,
    /// Who caused it.
    pub account: AccountId,
    /// Whose balance was moved.
    pub payer: AccountId,
    /// By what.
    pub by: Move,
    /// For which operation.
    pub operation: Option<&'a str>,
    /// How much of it.
    pub sum: UsageSum,
}

/// How much was looked at for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageWork {
    /// Searches in the roll-ups.
    pub searches: u64,
    /// Their rows.
    pub rows: u64,
    /// Lines of the journal.
    pub lines: i64,
}

impl Snapshot<'_> {
    /// Goes through everything that moved balances in a span, in the order of time but for what the newest lines add.
    ///
    /// # Errors
    /// Of the store.
    pub fn usage(&self, span: UsageSpan, mut each: impl FnMut(&UsagePart<'_>)) -> Result<UsageWork> {
        let mut numbers = Numbers::new(self.reader());
        let family = numbers.of(span.family)?;
        let account = span.account.map(|it| numbers.of(it)).transpose()?;
        let mut work = UsageWork::default();
        match self.reader().dialect() {
            Dialect::Sqlite => self.counted_by_quarters(span, (family, account), &mut work, &mut each)?,
            Dialect::Postgres => self.counted(span, (family, account), &mut work, &mut each)?,
        }
        work.lines = match self.reader().dialect() {
            Dialect::Sqlite => self.newest(span, &mut numbers, &mut each)?,
            Dialect::Postgres => self.newest_of_lanes(span, &mut each)?,
        };
        Ok(work)
    }

    /// What the rows say, quarter by quarter, for there is no index of a family's.
    fn counted_by_quarters(
        &self,
        span: UsageSpan,
        (family, account): (i64, Option<i64>),
        work: &mut UsageWork,
        each: &mut impl FnMut(&UsagePart<'_>),
    ) -> Result<()> {
        let mut accounts = Ids::new(self.reader());
        let of_quarter = match account {
            Some(_) => "SELECT * FROM usage WHERE quarter = ?1 AND family = ?2 AND account = ?3",
            None => "SELECT * FROM usage WHERE quarter = ?1 AND family = ?2 AND ?3 IS NULL",
        };
        let mut quarter = self.next_quarter(span.from)?.unwrap_or(span.to);
        while quarter < span.to {
            work.searches += 1;
            let before = work.rows;
            self.reader().each(of_quarter, values![quarter, family, account], |row| {
                work.rows += 1;
                each(&part(row, &mut accounts)?);
                Ok::<_, Fault>(())
            })?;
            // A server that had nothing to do for a year is passed in one step.
            quarter = if work.rows > before {
                quarter + 1
            } else {
                self.next_quarter(quarter + 1)?.unwrap_or(span.to)
            };
        }
        Ok(())
    }

    /// What the rows say, where they are kept by family.
    fn counted(
        &self,
        span: UsageSpan,
        (family, account): (i64, Option<i64>),
        work: &mut UsageWork,
        each: &mut impl FnMut(&UsagePart<'_>),
    ) -> Result<()> {
        let mut accounts = Ids::new(self.reader());
        let of_family = "SELECT * FROM usage WHERE family = ?1 AND quarter >= ?2 AND quarter < ?3
             AND (?4 IS NULL OR account = ?4) ORDER BY quarter";
        work.searches += 1;
        self.reader().each(of_family, values![family, span.from, span.to, account], |row| {
            work.rows += 1;
            each(&part(row, &mut accounts)?);
            Ok(())
        })
    }

    /// What the lines add that their lanes have not counted yet.
    fn newest_of_lanes(&self, span: UsageSpan, each: &mut impl FnMut(&UsagePart<'_>)) -> Result<i64> {
        let lanes = Lanes::read(self.reader())?;
        let mut lines = 0;
        let newest = |seq: i64, quarter: i64, _: AccountId, entry: &Entry<'_>| -> Result<()> {
            lines += 1;
            let is_asked = span.account.is_none_or(|it| it == entry.account);
            if is_asked && (span.from..span.to).contains(&quarter) && !lanes.count(seq) {
                let Entry { account, payer, by, operation, .. } = *entry;
                each(&UsagePart { quarter, account, payer, by, operation, sum: UsageSum::of(entry) });
            }
            Ok(())
        };
        let all = (lanes.through(), i64::MAX);
        usage::each_entry(self.reader(), self.ids(), all, Some(span.family), newest)?;
        Ok(lines)
    }

    /// What the lines add that no row counts.
    fn newest(
        &self,
        span: UsageSpan,
        numbers: &mut Numbers<'_>,
        each: &mut impl FnMut(&UsagePart<'_>),
    ) -> Result<i64> {
        let reader = self.reader();
        let (through, last) = (usage::usage_through(reader)?, snapshot::last_line(reader)?);
        let mut counted: HashMap<RowKey, i64> = HashMap::new();
        let newest = |seq: i64, quarter: i64, family: AccountId, entry: &Entry<'_>| -> Result<()> {
            let is_asked = span.account.is_none_or(|it| it == entry.account);
            if !is_asked || quarter < span.from || quarter >= span.to {
                return Ok(());
            }
            let key = RowKey::of(quarter, family, entry, numbers)?;
            let counted = match counted.get(&key) {
                Some(counted) => *counted,
                None => {
                    let read = usage::row_through(reader, &key)?;
                    counted.insert(key, read);
                    read
                }
            };
            if seq > counted {
                let Entry { account, payer, by, operation, .. } = *entry;
                each(&UsagePart { quarter, account, payer, by, operation, sum: UsageSum::of(entry) });
            }
            Ok(())
        };
        usage::each_entry(reader, self.ids(), (through, last), Some(span.family), newest)?;
        Ok(last - through)
    }

    /// The first quarter from this one on in which anything is.
    fn next_quarter(&self, from: i64) -> Result<Option<i64>> {
        let next = "SELECT MIN(quarter) AS next FROM usage WHERE quarter >= ?1";
        Ok(self.row(next, values![from], |row| row.get("next"))?.flatten())
    }
}

/// What a row says.
fn part<'a>(row: Row<'a>, accounts: &mut Ids<'_>) -> Result<UsagePart<'a>> {
    let operation = row.get::<&str>("operation")?;
    Ok(UsagePart {
        quarter: row.get("quarter")?,
        account: accounts.of(row.get("account")?)?,
        payer: accounts.of(row.get("payer")?)?,
        by: sql::get(row, "moved_by")?,
        operation: Some(operation).filter(|it| !it.is_empty()),
        sum: usage::sum(row)?,
    })
}

/// Ids of accounts by the numbers of their rows, read once each.
struct Ids<'a> {
    reader: Reader<'a>,
    known: HashMap<i64, AccountId>,
}

impl<'a> Ids<'a> {
    fn new(reader: Reader<'a>) -> Self {
        Self { reader, known: HashMap::new() }
    }

    fn of(&mut self, number: i64) -> Result<AccountId> {
        if let Some(id) = self.known.get(&number) {
            return Ok(*id);
        }
        let id = "SELECT id FROM accounts WHERE number = ?1";
        let id = self.reader.row(id, values![number], |row| sql::get(row, "id"))?;
        let id = id.ok_or(Fault::Missing("account"))?;
        self.known.insert(number, id);
        Ok(id)
    }
}
