//! Copying a store from a file into a database, or from a database into a file, whole: ids, names and secrets stay what they
//! are, under the same key file.
//!
//! Reading order: [`copy`]; `tables` are copied by `rows`, but the `journal`; `figures` are compared at the end.
//!
//! Rows go as they are, table by table. What only one engine keeps follows from them: in a database how many lines each account
//! has, the directory of names and the keys of the last day; in a file usage, and where lines stand.
//!
//! **Invariant.** There is nothing at the target before it is whole and proven: of a database all of it is one transaction, and
//! a file has another name until then.

mod figures;
mod journal;
mod rows;
mod tables;

use std::collections::HashMap;

use ledger::{AccountId, Timestamp};

use self::figures::Figures;
use self::journal::{Chain, copy_journal};
use self::rows::{Owned, Sink, Target, copy_rows};
use self::tables::{ACCOUNTS, DELIVERIES, KEYS, LEADING, PLAIN, USAGE};
use super::bring::REMEMBERED_MS;
use super::embedded::{self, Fresh};
use super::postgres::{self, Keys, day_of};
use super::replay::{self, Wrong};
use super::sql::{self, Fault, Reader, Result, values};
use super::usage::{self, Numbers, RowKey, UsageSum};
use super::{Ids, OpenError, Replay, Snapshot, StoreUrl, Time, snapshot};

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Counting what there is.
    Counting,
    /// So many lines of the journal are copied.
    Lines {
        /// How many.
        done: i64,
        /// Of how many.
        of: i64,
    },
    /// The rows of a table are copied.
    Table(&'static str),
    /// Proving what was copied.
    Proving,
}

/// What was copied.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// What was proven of it.
    pub replay: Replay,
    /// Events.
    pub events: i64,
    /// Deliveries of events to webhooks.
    pub deliveries: i64,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the two could not be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Both are files, or databases.
    #[error(
        "{0}: a store is copied from a file to a database, or from a database to a file; copy a file with tollgate backup, and \
         a database with pg_dump"
    )]
    Alike(&'static str),
    /// What there is contradicts itself.
    #[error("{0}; run tollgate check on it")]
    Damaged(String),
    /// One of the two could not be read or written.
    #[error("the copy was broken off: {0}")]
    Fault(#[from] Fault),
    /// What was copied is not right.
    #[error("what was copied is not right ({0}); run tollgate check on the store that it was copied from")]
    Wrong(Wrong),
    /// What was copied is something else.
    #[error("what was copied is not the same: {0}")]
    Differs(String),
}

/// Copies a store to which nobody writes, nor can meanwhile, to where there is none. Both are sealed under the key file of this
/// mark; `opens` says whether a sealed value opens, `time` whose clock tells for how long keys are remembered, and `tell` is told
/// how far it is.
///
/// # Errors
/// [`CopyError`]; then nothing was copied.
pub fn copy(
    from: &StoreUrl,
    to: &StoreUrl,
    mark: &[u8; 32],
    opens: &dyn Fn(&[u8]) -> bool,
    time: Time,
    tell: &mut dyn FnMut(Step),
) -> Result<Copied, CopyError> {
    let is_marked = |found: &[u8; 32]| {
        if found == mark { Ok(()) } else { Err(OpenError::WrongKey(from.to_string())) }
    };
    match (from, to) {
        (StoreUrl::Sqlite(_), StoreUrl::Sqlite(_)) => Err(CopyError::Alike("both are files")),
        (StoreUrl::Postgres(_), StoreUrl::Postgres(_)) => Err(CopyError::Alike("both are databases")),
        (StoreUrl::Sqlite(path), StoreUrl::Postgres(url)) => embedded::read_still(path, |reader, found| {
            is_marked(found)?;
            let target = Target::Database(postgres::Target::begin(url, mark)?);
            let mut copying = Copying { from: reader, ids: Ids::of(mark), mark, target, time, tell };
            let figures = copying.tables()?;
            let write = |from: Reader<'_>| write_deliveries(from, &copying.target);
            let deliveries = embedded::read_deliveries(path, write)?.unwrap_or_default();
            copying.prove(&figures, deliveries, opens)
        }),
        (StoreUrl::Postgres(url), StoreUrl::Sqlite(path)) => postgres::read_still(url, |reader, found| {
            is_marked(found)?;
            let target = Target::File(Fresh::begin(path, mark)?);
            let mut copying = Copying { from: reader, ids: Ids::of(mark), mark, target, time, tell };
            let figures = copying.tables()?;
            let deliveries = write_deliveries(reader, &copying.target)?;
            copying.prove(&figures, deliveries, opens)
        }),
    }
}

/// A store on its way.
struct Copying<'a> {
    from: Reader<'a>,
    ids: Ids,
    mark: &'a [u8; 32],
    target: Target,
    time: Time,
    tell: &'a mut dyn FnMut(Step),
}

impl Copying<'_> {
    /// Copies everything but deliveries, and gives what there was.
    fn tables(&mut self) -> Result<Figures, CopyError> {
        let Self { from, target, time, tell, .. } = self;
        tell(Step::Counting);
        let figures = Figures::read(*from)?;
        match target {
            Target::Database(database) => make_parts(*from, database, *time)?,
            Target::File(file) => file.batch("BEGIN")?,
        }
        let chains = copy_journal(*from, target, figures.rows_of("journal"), *tell)?;
        copy_accounts(*from, target, &chains)?;
        for table in &PLAIN {
            tell(Step::Table(table.name));
            copy_rows(*from, target, table, |_| Ok(()))?;
        }
        for table in &LEADING {
            tell(Step::Table(table.name));
            copy_leading(*from, target, table)?;
        }
        tell(Step::Table(USAGE.name));
        match target {
            Target::Database(database) => database.batch(FOLLOWS)?,
            Target::File(file) => file.batch("COMMIT")?,
        }
        copy_marks(*from, target)?;
        self.follow()?;
        Ok(figures)
    }

    /// What follows from the rows.
    fn follow(&mut self) -> Result<(), CopyError> {
        let Self { from, ids, mark, target, time, .. } = self;
        let last_number = from.either(
            "SELECT seq AS last FROM sqlite_sequence WHERE name = 'numbers'",
            "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last FROM numbers_number_seq",
        );
        let last_number = from.row(last_number, values![], |row| row.get::<i64>("last"))?.unwrap_or(0);
        match target {
            Target::Database(database) => {
                postgres::go_on_behind(database.reader(), last_number)?;
                copy_rows(*from, target, &USAGE, |_| Ok(()))?;
                count_the_rest(*from, *ids, target.reader())?;
                copy_keys(*from, target, mark, *time)?;
            }
            Target::File(file) => {
                file.reader().execute("DELETE FROM sqlite_sequence WHERE name = 'numbers'", values![])?;
                let last = "INSERT INTO sqlite_sequence (name, seq) VALUES ('numbers', ?1)";
                file.reader().execute(last, values![last_number])?;
                file.fill_usage(*ids)?;
            }
        }
        Ok(())
    }

    /// Proves what was copied, and makes a store of it.
    fn prove(
        self,
        figures: &Figures,
        (deliveries, copied): (i64, i64),
        opens: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Copied, CopyError> {
        let Self { target, ids, mark, tell, .. } = self;
        tell(Step::Proving);
        if deliveries != copied {
            return Err(CopyError::Differs(format!("{deliveries} deliveries and {copied}")));
        }
        match &target {
            Target::Database(database) => database.batch(ANALYZE)?,
            Target::File(file) => file.batch("BEGIN")?,
        }
        let proven = prove(&target, ids, mark, figures, opens);
        let replay = match (target, proven) {
            (Target::Database(database), Ok(replay)) => {
                database.commit()?;
                replay
            }
            (Target::File(file), Ok(replay)) => {
                file.batch("COMMIT")?;
                file.finish()?;
                replay
            }
            (_, Err(error)) => return Err(error),
        };
        Ok(Copied { replay, events: figures.rows_of("events"), deliveries })
    }
}

/// What makes the database know its tables before they are asked for everything.
const ANALYZE: &str =
    "ANALYZE accounts, journal, keys, directory, shown_once, credentials, tokens, holds, numbers,
    applications, endpoints, usage, events, places";

/// Names, and the newest event.
const FOLLOWS: &str = "
    INSERT INTO directory (kind, name, family, account)
        SELECT 1, lpad(to_hex(api_key), 8, '0'), family, id FROM accounts UNION ALL
        SELECT 2, auth_id, family, id FROM accounts UNION ALL
        SELECT 3, verifier, NULL, NULL FROM tokens UNION ALL
        SELECT 4, country || '/' || msisdn, accounts.family, owner
            FROM numbers LEFT JOIN accounts ON accounts.id = owner UNION ALL
        SELECT 5, id::text, family, account FROM holds;
    UPDATE event_head SET last = (SELECT COALESCE(MAX(seq), 0) FROM events)";

fn prove(
    target: &Target,
    ids: Ids,
    mark: &[u8; 32],
    figures: &Figures,
    opens: &dyn Fn(&[u8]) -> bool,
) -> Result<Replay, CopyError> {
    let copied = Figures::read(target.reader())?;
    if let Some(difference) = figures.difference(&copied) {
        return Err(CopyError::Differs(difference));
    }
    let replay = replay::prove(target.reader(), ids, opens).map_err(CopyError::Wrong)?;
    if let Target::Database(database) = target {
        postgres::prove(database.reader(), mark).map_err(CopyError::Wrong)?;
    }
    Ok(replay)
}

/// The parts of tables that a copy goes to.
fn make_parts(from: Reader<'_>, to: &postgres::Target, time: Time) -> Result<()> {
    let now = to.now()?;
    let first = "SELECT at FROM journal ORDER BY seq LIMIT 1";
    let first = from.row(first, values![], |row| sql::get::<Timestamp>(row, "at"))?.unwrap_or(now);
    let last = last_at(from)?.unwrap_or(now);
    let keys = match time {
        Time::OfDatabase => Some((keys_since(last, now, time), last.max(now))),
        // They would be dropped, for by the database's clock they are of long ago.
        Time::OfCallers => None,
    };
    to.make_parts((first, last), keys, super::events::last(from)?)
}

fn last_at(from: Reader<'_>) -> Result<Option<Timestamp>> {
    let last = "SELECT at FROM journal ORDER BY seq DESC LIMIT 1";
    from.row(last, values![], |row| sql::get(row, "at"))
}

/// Since when keys are remembered: for a day.
fn keys_since(last: Timestamp, now: Timestamp, time: Time) -> Timestamp {
    let now = match time {
        Time::OfDatabase => now,
        Time::OfCallers => last,
    };
    now.plus_millis(-REMEMBERED_MS)
}

fn copy_accounts(from: Reader<'_>, target: &Target, chains: &HashMap<[u8; 16], Chain>) -> Result<()> {
    copy_rows(from, target, &ACCOUNTS, |row| {
        if let [Owned::Id(id), last_line, ..] = row.as_mut_slice()
            && let Some(chain) = chains.get(id)
        {
            *last_line = Owned::Int(chain.last);
            // In a database a row says how many lines there are of it.
            if let Some(version) = row.get_mut(ACCOUNTS.columns.len()) {
                *version = Owned::Int(chain.lines);
            }
        }
        Ok(())
    })
}

/// Copies rows that lead to a line, to where it is now.
fn copy_leading(from: Reader<'_>, target: &Target, table: &tables::Table) -> Result<()> {
    copy_rows(from, target, table, |row| {
        if let (Target::File(file), Some(Owned::Int(seq))) = (target, row.first_mut()) {
            let now = "SELECT seq FROM places WHERE place = ?1";
            let now = file.reader().row(now, values![*seq], |row| row.get("seq"))?;
            *seq = now.unwrap_or(*seq);
        }
        Ok(())
    })
}

/// Copies what a store says of itself. The heads of all chains are right.
fn copy_marks(from: Reader<'_>, target: &Target) -> Result<()> {
    let to = target.reader();
    for name in ["events_after", "before_from", "times_of_callers"] {
        let value = "SELECT value FROM meta WHERE name = ?1";
        let Some(value) = from.row(value, values![name], |row| row.get::<i64>("value"))? else { continue };
        to.execute("DELETE FROM meta WHERE name = ?1", values![name])?;
        to.execute("INSERT INTO meta (name, value) VALUES (?1, ?2)", values![name, value])?;
    }
    if let Target::File(_) = target {
        let heads = "INSERT INTO meta (name, value) VALUES ('heads_through', ?1)";
        to.execute(heads, values![snapshot::last_line(to)?])?;
    }
    Ok(())
}

/// Copies what became of events on their way, and says how many there are in both.
fn write_deliveries(from: Reader<'_>, target: &Target) -> Result<(i64, i64)> {
    let through = "SELECT through FROM progress";
    let through = from.row(through, values![], |row| row.get::<i64>("through"))?.unwrap_or(-1);
    let taken = |to: Reader<'_>| {
        to.execute("UPDATE progress SET through = ?1", values![through])?;
        count_deliveries(to)
    };
    let copied = match target {
        Target::Database(database) => {
            copy_rows(from, target, &DELIVERIES, |_| Ok(()))?;
            taken(database.reader())?
        }
        Target::File(file) => file.write_deliveries(|to| {
            let mut sink = Sink::of_file(to, &DELIVERIES);
            let read = format!("{} ORDER BY {}", rows::select(&DELIVERIES, target), DELIVERIES.order);
            from.each(&read, values![], |row| sink.take(rows::owned(row, &DELIVERIES, target)?))?;
            sink.end()?;
            taken(to)
        })?,
    };
    Ok((count_deliveries(from)?, copied))
}

fn count_deliveries(reader: Reader<'_>) -> Result<i64> {
    let count = "SELECT COUNT(*) AS count FROM deliveries";
    Ok(reader.row(count, values![], |row| row.get("count"))?.unwrap_or(0))
}

/// Writes the hashes of the keys of the last day, by which whoever sends a request again gets its first answer.
fn copy_keys(from: Reader<'_>, target: &Target, mark: &[u8; 32], time: Time) -> Result<()> {
    let (Some(last), Target::Database(database)) = (last_at(from)?, target) else { return Ok(()) };
    let keys = Keys::of(mark);
    let since = keys_since(last, database.now()?, time);
    let end = snapshot::last_line(from)?.saturating_add(1);
    let first = Snapshot::new(from, None, Ids::of(mark)).first_dense_at(since, end)?;
    database.batch("CREATE TEMPORARY TABLE copied_keys (LIKE keys) ON COMMIT DROP")?;
    let mut sink = Sink::of(target, &KEYS)?;
    let keyed = "SELECT * FROM journal WHERE seq >= ?1 AND once_key IS NOT NULL ORDER BY seq";
    from.each(keyed, values![first], |row| {
        let sql::Recorded { line, .. } = sql::recorded(row)?;
        let Some(once) = &line.once else { return Ok(()) };
        let hash = keys.hash(&line.scope(), &once.key).to_be_bytes();
        let family = line.family.map_or(Owned::Null(sql::Kind::Id), |it| Owned::Id(*it.as_bytes()));
        let day = Owned::Int(day_of(line.at.millis()).into());
        sink.take(vec![Owned::Id(hash), day, row.get::<i64>("seq").map(Owned::Int)?, family])
    })?;
    sink.end()?;
    // Where one was forgotten and used again on the same day, it is the later line's.
    database.batch(
        "INSERT INTO keys (hash, day, seq, family)
         SELECT DISTINCT ON (hash, day) hash, day, seq, family FROM copied_keys ORDER BY hash, day, seq DESC",
    )
}

/// Adds to usage what its rows do not count yet.
fn count_the_rest(from: Reader<'_>, ids: Ids, to: Reader<'_>) -> Result<()> {
    let mut numbers = Numbers::new(from);
    let mut sums: HashMap<RowKey, (UsageSum, i64)> = HashMap::new();
    let span = (usage::usage_through(from)?, snapshot::last_line(from)?);
    usage::each_entry(from, ids, span, None, |seq, quarter, family: AccountId, entry| -> Result<()> {
        let key = RowKey::of(quarter, family, entry, &mut numbers)?;
        let (sum, through) = match sums.get_mut(&key) {
            Some(known) => known,
            None => {
                let through = usage::row_through(from, &key)?;
                sums.entry(key).or_insert((UsageSum::default(), through))
            }
        };
        if seq > *through {
            sum.add(&UsageSum::of(entry));
        }
        Ok(())
    })?;
    for (key, (sum, _)) in sums.iter().filter(|(_, (sum, _))| sum.lines > 0) {
        usage::add(to, key, sum)?;
    }
    Ok(())
}
