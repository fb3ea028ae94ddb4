//! The parts of tables by time: made ahead of it, and those of keys dropped behind it.
//!
//! A part is made as a table of its own and then attached, which is done in a moment. Only what has no part of its own must not
//! be looked at meanwhile, for it might hold some of the new one's lines: whoever makes a part, or drops one, gives up at
//! once where somebody does, so that nobody waits behind him.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Timestamp;
use ledger::usage::quarter;

use super::{Connection, schema};
use crate::store::place;
use crate::store::sql::{Fault, Result, values};

/// How far a clock may be set back without a part missing.
const SLACK_MS: i64 = 3_600_000;
/// How many events are in a part.
const EVENTS: i64 = 10_000_000;
/// How many parts are made for what is copied: of a clock that was centuries off some of it goes where everything goes that has
/// no part.
const PARTS_MAX: usize = 2_000;
/// How many parts there are from the one of now on.
const AHEAD: i64 = 3;

/// A part of a table.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    table: &'static str,
    name: String,
    from: i64,
    to: i64,
}

/// The time of the database's clock.
///
/// # Errors
/// Of the database.
pub(super) fn now(connection: &Connection) -> Result<Timestamp> {
    let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint) AS now";
    let now = connection.row(now, values![], |row| row.get("now"))?;
    Ok(Timestamp::from_millis(now.ok_or(Fault::Missing("time"))?))
}

/// Makes the parts of now and of the next two periods, where they are not there, and drops those of keys that nobody asks for
/// any more: a key is remembered for 24 hours. Any number of nodes may do so at any time.
///
/// # Errors
/// Of the database.
pub(in crate::store) fn keep_partitions(connection: &Connection, now: Timestamp) -> Result<()> {
    let last = connection.row("SELECT last FROM event_head", values![], |row| row.get("last"))?;
    let from = date(Timestamp::from_millis(now.millis() - SLACK_MS));
    let mut parts = events(last.unwrap_or(0));
    for ahead in 0..AHEAD {
        parts.extend(of_month(later(from.first_of_month(), ahead.months()))?);
        parts.extend(of_day(later(from, ahead.days()))?);
    }
    make(connection, parts)?;
    drop_keys_before(connection, &key_part(later(date(now), (-1).days())))
}

/// Makes the parts for what is copied from another store, in the transaction that has made the tables: of usage the months of
/// these times, of keys the days between two times, if any, and those of so many events. Lines keep the part for what was copied.
///
/// # Errors
/// Of the database.
pub(super) fn make_for_copy(
    connection: &Connection,
    (first, last): (Timestamp, Timestamp),
    keys: Option<(Timestamp, Timestamp)>,
    events: i64,
) -> Result<()> {
    let mut parts: Vec<_> = (0..=events / EVENTS).map(events_part).collect();
    let (mut month, last) = (date(first).first_of_month(), date(last));
    while month <= last && parts.len() < PARTS_MAX {
        parts.extend(of_month(month)?.into_iter().filter(|it| it.table == "usage"));
        month = later(month, 1.months());
    }
    if let Some((mut day, last)) = keys.map(|(first, last)| (date(first), date(last))) {
        while day <= last && parts.len() < PARTS_MAX {
            parts.extend(of_day(day)?);
            day = later(day, 1.days());
        }
    }
    parts.iter().try_for_each(|it| connection.batch(&it.text()))
}

/// Makes those of some parts that are not there. What cannot be had at once is left for the next time: until then lines go
/// where everything goes that has no part.
fn make(connection: &Connection, parts: Vec<Part>) -> Result<()> {
    for part in parts {
        if is_there(connection, &part)? {
            continue;
        }
        connection.batch("BEGIN")?;
        if let Err(fault) = make_one(connection, &part) {
            connection.batch("ROLLBACK")?;
            if !is_for_later(&fault) {
                return Err(fault);
            }
            tracing::warn!(part = part.name, %fault, "a part of a table could not be made now");
        }
    }
    Ok(())
}

fn make_one(connection: &Connection, part: &Part) -> Result<()> {
    // Another node that makes the same is waited for, and readers are not: behind whoever waits for them everybody would.
    connection.row("SELECT pg_advisory_xact_lock(?1) IS NULL AS it", values![schema::LOCK], |_| Ok(()))?;
    connection.batch("SET LOCAL lock_timeout = '200ms'")?;
    if !is_there(connection, part)? {
        connection.batch(&part.text())?;
    }
    connection.batch("COMMIT")
}

fn is_there(connection: &Connection, part: &Part) -> Result<bool> {
    schema::has_table(connection, &part.name)
}

fn drop_keys_before(connection: &Connection, oldest: &str) -> Result<()> {
    let over = "SELECT relname::text AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'keys'::regclass AND relname::text < ?1 ORDER BY relname";
    for name in connection.rows(over, values![oldest], |row| row.get::<String>("name"))? {
        let text = format!("BEGIN; SET LOCAL lock_timeout = '100ms'; DROP TABLE IF EXISTS {name}; COMMIT");
        if let Err(fault) = connection.batch(&text) {
            connection.batch("ROLLBACK")?;
            // Whoever reads it or drops it, too, is not waited for: there is a next time.
            if !is_for_later(&fault) {
                return Err(fault);
            }
        }
    }
    Ok(())
}

/// Whether somebody is at the table, or lines are there already for which there was no part: what goes on without it.
fn is_for_later(fault: &Fault) -> bool {
    use tokio_postgres::error::SqlState;
    let Fault::Postgres(error) = fault else { return false };
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::CHECK_VIOLATION]
        .iter()
        .any(|it| error.code() == Some(it))
}

impl Part {
    /// How it is made.
    fn text(&self) -> String {
        let Self { table, name, from, to } = self;
        format!(
            "CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
             ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"
        )
    }
}

/// The part of the newest event, and the next ones.
fn events(last: i64) -> Vec<Part> {
    (last / EVENTS..last / EVENTS + AHEAD).map(events_part).collect()
}

fn events_part(number: i64) -> Part {
    let name = format!("events_{number}");
    Part { table: "events", name, from: number * EVENTS, to: (number + 1) * EVENTS }
}

/// The journal's part of a month (UTC), and that of usage.
fn of_month(month: Date) -> Result<[Part; 2]> {
    let (from, to) = (start(month)?, start(later(month, 1.months()))?);
    let name = |table| format!("{table}_{:04}_{:02}", month.year(), month.month());
    Ok([
        Part {
            table: "journal",
            name: name("journal"),
            from: place::first_at(from),
            to: place::first_at(to),
        },
        Part { table: "usage", name: name("usage"), from: quarter(from), to: quarter(to) },
    ])
}

/// The part of a day's keys.
fn of_day(day: Date) -> Result<[Part; 1]> {
    let number = start(day)?.millis() / 86_400_000;
    Ok([Part { table: "keys", name: key_part(day), from: number, to: number + 1 }])
}

fn key_part(day: Date) -> String {
    format!("keys_{:04}_{:02}_{:02}", day.year(), day.month(), day.day())
}

/// The day of a time (UTC).
fn date(at: Timestamp) -> Date {
    // What is beyond the calendar's 9,999 years is no time of a store.
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX);
    TimeZone::UTC.to_datetime(at).date()
}

fn later(day: Date, by: jiff::Span) -> Date {
    day.saturating_add(by)
}

fn start(day: Date) -> Result<Timestamp> {
    let start = TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()));
    Ok(Timestamp::from_millis(start.map_err(|_| Fault::Missing("part of that time"))?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::super::test_cluster::{connect, database};
    use super::*;

    /// 2025-11-30T23:30:00Z, in the slack of the next month.
    const NOW: Timestamp = Timestamp::from_millis(1_764_545_400_000);

    fn prepared() -> (String, Connection) {
        let url = database();
        let connection = connect(&url);
        schema::prepare(&connection, "shop", &[7; 32]).unwrap();
        (url, connection)
    }

    fn names(connection: &Connection, table: &str) -> Vec<String> {
        let names = "SELECT relname::text AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
             WHERE inhparent = to_regclass(?1) AND relname NOT LIKE '%rest' ORDER BY relname";
        connection.rows(names, values![table], |row| row.get("name")).unwrap()
    }

    #[test]
    fn parts_are_there_before_their_time_and_no_hour_falls_between() {
        let months: Vec<_> =
            [0, 1, 2, 3].map(|it| of_month(later(date(NOW).first_of_month(), it.months())).unwrap()).into();
        for pair in months.windows(2) {
            let [before, after] = pair else { unreachable!() };
            assert!(before.iter().zip(after).all(|(before, after)| before.to == after.from));
        }
        let [journal, usage] = &months[0];
        assert_eq!((&*journal.name, &*usage.name), ("journal_2025_11", "usage_2025_11"));
        assert!(journal.from <= place::first_at(NOW) && place::first_at(NOW) < journal.to);
        assert!(usage.from <= quarter(NOW) && quarter(NOW) < usage.to);
        assert_eq!(months[1][0].from, place::first_at(Timestamp::from_millis(NOW.millis() + 1_800_000)));
    }

    #[test]
    fn nodes_make_them_at_once_and_again_and_drop_the_keys_of_days_that_are_over() {
        let (url, connection) = prepared();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| keep_partitions(&connect(&url), NOW).unwrap());
            }
        });
        let journal = ["journal_2025_11", "journal_2025_12", "journal_2026_01", "journal_copied"];
        assert_eq!(names(&connection, "journal"), journal);
        assert_eq!(names(&connection, "keys"), ["keys_2025_11_30", "keys_2025_12_01", "keys_2025_12_02"]);
        assert_eq!(names(&connection, "usage"), ["usage_2025_11", "usage_2025_12", "usage_2026_01"]);
        assert_eq!(names(&connection, "events"), ["events_0", "events_1", "events_2"]);

        let in_two_days = Timestamp::from_millis(NOW.millis() + 2 * 86_400_000);
        connection.batch("UPDATE event_head SET last = 10000000").unwrap();
        // Somebody looks at one that is over: it goes the next time.
        let reader = connect(&url);
        reader.batch("BEGIN; SELECT 1 FROM keys_2025_11_30").unwrap();
        keep_partitions(&connection, in_two_days).unwrap();
        assert_eq!(names(&connection, "keys").len(), 5, "and nobody waits");
        reader.batch("COMMIT").unwrap();
        keep_partitions(&connection, in_two_days).unwrap();
        assert_eq!(names(&connection, "keys")[0], "keys_2025_12_01");
        assert_eq!(names(&connection, "journal").len(), 5);
        assert_eq!(names(&connection, "events").len(), 4);
    }

    #[test]
    fn a_part_has_all_that_its_table_has() {
        let (_, connection) = prepared();
        keep_partitions(&connection, NOW).unwrap();
        let indices = "SELECT tablename::text AS name, COUNT(*) AS count FROM pg_indexes
             WHERE tablename IN ('journal_copied', 'journal_2025_11') GROUP BY 1";
        let counts = connection.rows(indices, values![], |row| row.get::<i64>("count")).unwrap();
        assert_eq!(counts, [3, 3]);
        let attached = "SELECT COUNT(*) AS count FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
             WHERE relkind = 'i' AND relname LIKE 'journal_2025_11%'";
        assert_eq!(connection.row(attached, values![], |row| row.get::<i64>("count")).unwrap(), Some(3));
    }

    #[test]
    fn what_cannot_be_made_now_is_made_later_and_holds_up_nobody() {
        let (url, connection) = prepared();
        let reader = connect(&url);
        reader.batch("BEGIN; SELECT COUNT(*) FROM journal").unwrap();
        keep_partitions(&connection, NOW).unwrap();
        assert_eq!(names(&connection, "journal"), ["journal_copied"], "somebody reads all of it");
        assert_eq!(names(&connection, "usage").len(), 3);
        reader.batch("COMMIT").unwrap();
        // And of a month for which there are lines already no part is made.
        let quarter = quarter(NOW) + 70 * 96;
        let early = "INSERT INTO usage SELECT ?1, 1, 1, 1, '', 1, 1, 0, 0, 0, 0, 0";
        connection.execute(early, values![quarter]).unwrap();
        keep_partitions(&connection, Timestamp::from_millis(NOW.millis() + 30 * 86_400_000)).unwrap();
        assert_eq!(names(&connection, "usage").len(), 3);
        assert_eq!(names(&connection, "journal").len(), 4);
    }

    #[test]
    fn what_is_copied_finds_its_months() {
        let (_, connection) = prepared();
        let since = |days: i64| Timestamp::from_millis(NOW.millis() - days * 86_400_000);
        make_for_copy(&connection, (since(70), NOW), Some((since(1), NOW)), EVENTS).unwrap();
        assert_eq!(names(&connection, "events"), ["events_0", "events_1"]);
        assert_eq!(names(&connection, "usage"), ["usage_2025_09", "usage_2025_10", "usage_2025_11"]);
        assert_eq!(names(&connection, "keys").len(), 2);
        assert_eq!(names(&connection, "journal"), ["journal_copied"]);
    }
}
