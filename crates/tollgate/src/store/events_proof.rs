//! Proving that the events are those that follow from the journal.
//!
//! Their places have no gap, and are in the order of the commits. In a file that is the order of the lines. In PostgreSQL it
//! is so for the events of one account; those of others are compared in the order of their lines, whatever their places. So
//! are those of a file that was copied from there.

use std::collections::{BTreeMap, HashMap, VecDeque};

use ledger::{AccountId, EventId, LineId};

use super::Place;
use super::events::{EventRow, event_row};
use super::line_id::LineIds;
use super::replay::Wrong;
use super::sql::{self, Dialect, Fault, Reader, Result, Row, values};

/// How many events are read at once from a file.
const PAGE: i64 = 1_024;
/// What the rows come by from a database.
const CURSOR: &str = "events_told";

/// Holds the events that follow from the journal against those that are there, as they come.
pub(super) struct Compared<'a> {
    reader: Reader<'a>,
    ids: LineIds,
    seen: i64,
    /// What follows and was not compared yet, by its line where that is the order.
    expected: BTreeMap<(i64, i64), Expected>,
    /// How many followed so far.
    followed: i64,
    /// Of each account the newest event and its command.
    newest: HashMap<AccountId, (Place, i64)>,
    /// Whether the order is that of the lines.
    is_by_line: bool,
    /// What was read and not compared yet.
    page: VecDeque<Told>,
    /// The same of a file, where the order is that of the lines: by its line and its place.
    ahead: BTreeMap<(i64, i64), Told>,
    /// The place up to which events were read.
    read: i64,
}

/// What follows from a command that begins there.
struct Expected {
    event: EventRow,
    command: Place,
}

/// An event that is there: its place, and the rest of it where that can be read.
struct Told {
    seq: i64,
    id: Option<EventId>,
    row: Option<EventRow>,
}

impl Told {
    fn read(row: Row<'_>) -> Result<Self> {
        Ok(Self { seq: row.get("seq")?, id: sql::get(row, "id").ok(), row: event_row(row).ok() })
    }
}

impl<'a> Compared<'a> {
    /// `has_copied` says whether there are lines that many lanes wrote, in a file.
    pub(super) fn begin(reader: Reader<'a>, ids: LineIds, has_copied: bool) -> Result<Self, Wrong> {
        let is_by_line = has_copied || reader.dialect() == Dialect::Postgres;
        if is_by_line {
            prove_places(reader)?;
        }
        if let Reader::Postgres(connection) = reader {
            connection.declare(CURSOR, "SELECT * FROM events ORDER BY line, seq")?;
        }
        Ok(Self {
            reader,
            ids,
            seen: 0,
            expected: BTreeMap::new(),
            followed: 0,
            newest: HashMap::new(),
            is_by_line,
            page: VecDeque::new(),
            ahead: BTreeMap::new(),
            read: 0,
        })
    }

    /// Takes what follows from a command.
    pub(super) fn with(&mut self, (command, events): (Place, Vec<EventRow>)) {
        for event in events {
            self.followed += 1;
            let Place::Seq(line) = event.line;
            let order = if self.is_by_line { line } else { 0 };
            self.expected.insert((order, self.followed), Expected { event, command });
        }
    }

    /// Compares what follows from the lines before a place.
    pub(super) fn up_to(&mut self, seq: i64) -> Result<(), Wrong> {
        while let Some(first) = self.expected.first_entry().filter(|it| it.key().0 < seq) {
            let expected = first.remove();
            self.compare(&expected)?;
        }
        Ok(())
    }

    /// None may be left.
    pub(super) fn end(mut self) -> Result<(), Wrong> {
        self.up_to(i64::MAX)?;
        let next = self.next()?;
        match next.or(self.ahead.pop_first().map(|it| it.1)) {
            None => Ok(()),
            Some(Told { seq, .. }) => {
                Err(Wrong::Other(format!("event {seq} follows from no line of the journal")))
            }
        }
    }

    fn compare(&mut self, Expected { event, command }: &Expected) -> Result<(), Wrong> {
        self.seen += 1;
        let Place::Seq(line) = event.line;
        let is_by_line = self.is_by_line;
        let told = match self.reader.dialect() {
            Dialect::Sqlite if is_by_line => self.next_of(line)?,
            Dialect::Sqlite | Dialect::Postgres => self.next()?,
        };
        let seq = match &told {
            Some(told) if is_by_line => told.seq,
            None if is_by_line => {
                return Err(Wrong::Line {
                    seq: line,
                    what: "the event that follows from it is not there".into(),
                });
            }
            Some(_) | None => self.seen,
        };
        let expected = EventRow { seq, ..*event };
        let leads = |it: EventId| self.ids.seq(LineId::from_bytes(*it.as_bytes()));
        // One that cannot be read is none that was ever written.
        let is_it = told.is_some_and(|it| it.id.map(leads) == Some(seq) && it.row == Some(expected));
        if !is_it {
            return Err(Wrong::Other(format!("event {seq} is not as the journal leads to")));
        }
        let newest = self.newest.entry(event.account).or_insert((*command, 0));
        if newest.0 != *command && newest.1 > seq {
            return Err(Wrong::Other(format!(
                "event {seq} follows from a later line of its account than event {}",
                newest.1
            )));
        }
        *newest = (*command, newest.1.max(seq));
        Ok(())
    }

    /// The next one of a line. What is read on the way to it are those of lines near by, for their batches were written at the same
    /// time.
    fn next_of(&mut self, line: i64) -> Result<Option<Told>> {
        loop {
            if let Some((at, _)) = self.ahead.range((line, 0)..=(line, i64::MAX)).next() {
                let at = *at;
                return Ok(self.ahead.remove(&at));
            }
            let Some(told) = self.next()? else { return Ok(None) };
            // What cannot be read is of no line.
            let of = told.row.as_ref().map_or(i64::MAX, |it| {
                let Place::Seq(line) = it.line;
                line
            });
            self.ahead.insert((of, told.seq), told);
        }
    }

    fn next(&mut self) -> Result<Option<Told>> {
        if self.page.is_empty() {
            let page = match self.reader {
                Reader::Postgres(connection) => connection.fetch(CURSOR, Told::read)?,
                Reader::Sqlite(_) => {
                    let next = "SELECT * FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2";
                    self.reader.rows(next, values![self.read, PAGE], Told::read)?
                }
            };
            self.read = page.last().map_or(self.read, |it| it.seq);
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}

/// The places of events have no gap, and the newest is where the next one will come behind.
fn prove_places(reader: Reader<'_>) -> Result<(), Wrong> {
    let head =
        reader.either("SELECT COALESCE(MAX(seq), 0) AS last FROM events", "SELECT last FROM event_head");
    let head: Option<i64> = reader.row(head, values![], |row| row.get("last"))?;
    let head = head.ok_or(Fault::Missing("head of the events"))?;
    let all =
        "SELECT COUNT(*) AS count, COALESCE(MIN(seq), 1) AS first, COALESCE(MAX(seq), 0) AS last FROM events";
    let all =
        reader.row(all, values![], |row| Ok((row.get("count")?, row.get("first")?, row.get("last")?)))?;
    let (count, first, last): (i64, i64, i64) = all.unwrap_or_default();
    if last > head || first < 1 {
        let beyond = if first < 1 { first } else { last };
        return Err(Wrong::Other(format!("event {beyond} was never told: the places go from 1 to {head}")));
    }
    if count == head {
        return Ok(());
    }
    let gap = "SELECT COALESCE(MIN(it.seq), 0) + 1 AS gap FROM events AS it
         WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.seq = it.seq + 1)";
    let gap = if first > 1 { Some(1) } else { reader.row(gap, values![], |row| row.get::<i64>("gap"))? };
    Err(Wrong::Other(format!("event {} is gone", gap.unwrap_or(1))))
}
