//! Events: their rows, reading them from a cursor on, and which ones follow from a command.

use std::sync::Arc;

use ledger::{Account, AccountId, Amount, Event, EventId, EventKind, Level, Line, LineId, Timestamp, event};

use super::sql::{self, Column, Fault, Reader, Result, Row, values};
use super::{Place, Snapshot};

/// An event as it is told.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its place among all events, from 1 without a gap.
    pub seq: i64,
    /// Its id, which leads to its place.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// Whose it is.
    pub account: AccountId,
    /// The primary of its family.
    pub family: AccountId,
    /// The threshold that was crossed.
    pub threshold: Option<Amount>,
    /// The line that it follows from, which says when and what.
    pub line: Line,
}

impl Logged {
    /// When it happened.
    pub const fn at(&self) -> Timestamp {
        self.line.at
    }
}

/// What a list of events is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter {
    /// Only those of this family.
    pub family: Option<AccountId>,
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Only those of this kind.
    pub kind: Option<EventKind>,
}

/// An event without what its line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventRow {
    pub(super) seq: i64,
    pub(super) kind: EventKind,
    pub(super) account: AccountId,
    pub(super) family: AccountId,
    pub(super) line: Place,
    pub(super) threshold: Option<Amount>,
}

pub(super) fn event_row(row: Row<'_>) -> Result<EventRow> {
    Ok(EventRow {
        seq: row.get("seq")?,
        kind: sql::get(row, "kind")?,
        account: sql::get(row, "account")?,
        family: sql::get(row, "family")?,
        line: row.get("line")?,
        threshold: sql::get_opt(row, "threshold")?,
    })
}

/// The place of the newest event; 0 where there is none.
pub(super) fn last(reader: Reader<'_>) -> Result<i64> {
    let last =
        reader.either("SELECT COALESCE(MAX(seq), 0) AS last FROM events", "SELECT last FROM event_head");
    Ok(reader.row(last, values![], |row| row.get("last"))?.unwrap_or(0))
}

/// The line up to which there are no events.
pub(super) fn begin_after(reader: Reader<'_>) -> Result<i64> {
    let after = "SELECT value FROM meta WHERE name = 'events_after'";
    Ok(reader.row(after, values![], |row| row.get("value"))?.unwrap_or(0))
}

impl Snapshot<'_> {
    /// The events after the place `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Of the store.
    pub fn events(&self, filter: &EventFilter, after: i64, limit: usize) -> Result<Vec<Logged>> {
        // An account's and a family's are found by their indices.
        let whose = match (filter.account, filter.family) {
            (Some(_), _) => "account = ?2 AND (?3 IS NULL OR family = ?3)",
            (None, Some(_)) => "family = ?3 AND ?2 IS NULL",
            (None, None) => "?2 IS NULL AND ?3 IS NULL",
        };
        let reached = self.within_reach("account");
        let rows = self.rows(
            &format!(
                "SELECT * FROM events WHERE {whose} AND seq > ?1 AND (?4 IS NULL OR kind = ?4){reached}
                 ORDER BY seq LIMIT ?5"
            ),
            values![
                after,
                filter.account.map(Column),
                filter.family.map(Column),
                filter.kind.map(Column),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            |row| Ok((event_row(row)?, sql::get(row, "id")?)),
        )?;
        rows.into_iter().map(|(row, id)| self.logged(row, id)).collect()
    }

    fn logged(&self, row: EventRow, id: EventId) -> Result<Logged> {
        let EventRow { seq, kind, account, family, line, threshold } = row;
        let line = self.line_at(line)?.ok_or(Fault::Missing("line"))?.line;
        let line = match self.limits() {
            Some(limits) => limits.seen(line),
            None => line,
        };
        Ok(Logged { seq, id, kind, account, family, threshold, line })
    }

    /// The event with this id.
    ///
    /// # Errors
    /// Of the store.
    pub fn event(&self, id: EventId) -> Result<Option<Logged>> {
        let seq = self.event_ids().seq(LineId::from_bytes(*id.as_bytes()));
        let row =
            self.row("SELECT * FROM events WHERE seq = ?1 AND id = ?2", values![seq, Column(id)], event_row)?;
        row.map(|it| self.logged(it, id)).transpose()
    }

    /// The place of the last event before a time; 0 where there is none.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_event_before(&self, at: Timestamp) -> Result<i64> {
        // There is no gap between places, and no event is older than the one before it; where many lanes write, it may be by
        // as long as a batch takes, and the time is met as nearly as that.
        let (mut first, mut last) = (0, self.last_event()?);
        while first < last {
            let middle = first + (last - first + 1) / 2;
            let is_before = self.row(
                "SELECT journal.at < ?2 AS is_before FROM events JOIN journal ON journal.seq = events.line
                 WHERE events.seq = ?1",
                values![middle, Column(at)],
                |row| row.get("is_before"),
            )?;
            if is_before == Some(true) { first = middle } else { last = middle - 1 }
        }
        Ok(first)
    }

    /// The place of the newest event; 0 where there is none.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_event(&self) -> Result<i64> {
        last(self.reader())
    }
}

/// The command that is being replayed: its lines, and what its accounts were before it.
#[derive(Default)]
pub(super) struct Replayed {
    lines: Vec<Arc<Line>>,
    first: Place,
    before: Vec<(AccountId, Option<Account>)>,
    /// The level in the record of one of its lines.
    recorded: Option<(AccountId, Level)>,
}

impl Replayed {
    /// Begins with a command's first line.
    pub(super) fn starting_at(first: Place) -> Self {
        Self { first, ..Self::default() }
    }

    /// Where its first line is.
    pub(super) const fn first(&self) -> Place {
        self.first
    }

    /// Keeps what an account was before the command.
    pub(super) fn touch(&mut self, id: AccountId, account: impl FnOnce() -> Option<Account>) {
        if !self.before.iter().any(|it| it.0 == id) {
            self.before.push((id, account()));
        }
    }

    pub(super) fn record_says(&mut self, id: AccountId, level: Level) {
        self.recorded = Some((id, level));
    }

    pub(super) fn push(&mut self, line: Line) {
        self.lines.push(Arc::new(line));
    }

    /// Which accounts it touched, with what they were.
    pub(super) fn touched(&self) -> impl Iterator<Item = (AccountId, Option<&Account>)> {
        self.before.iter().map(|(id, account)| (*id, account.as_ref()))
    }

    /// The events that follow from it, its accounts being as `after` says, if there are events of its lines at all.
    pub(super) fn events<'a>(
        &'a self,
        begin_after: i64,
        after: impl Fn(AccountId) -> Option<&'a Account>,
    ) -> Result<Vec<EventRow>, String> {
        if self.first <= Place::Seq(begin_after) {
            return Ok(Vec::new());
        }
        if let Some((id, level)) = self.recorded
            && after(id).is_some_and(|it| it.level != level)
        {
            return Err("its record says another level than its figures".into());
        }
        let before = |id| self.before.iter().find(|it| it.0 == id).and_then(|it| it.1.as_ref());
        let row = |it: Event| EventRow {
            seq: 0,
            kind: it.kind,
            account: it.account,
            family: it.family,
            line: self.first.plus(i64::try_from(it.line).unwrap_or(i64::MAX)),
            threshold: it.threshold,
        };
        Ok(event::follow(&self.lines, before, after).into_iter().map(row).collect())
    }
}
