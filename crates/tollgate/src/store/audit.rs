//! The audit trail: the journal read backwards, a bounded part of it at a time and without an index of its own.
//!
//! An account's lines are walked along its chain. A family's, and everybody's, are looked for place by place, for the chains
//! of a family would have to be followed all at once. Timed places say themselves when; among dense ones times are found by
//! halving: they never go back.

use std::ops::Range;

use ledger::{AccountId, Actor, CredentialId, Kind, Limits, LineId, Timestamp};

use super::place::{self, TIMED};
use super::snapshot;
use super::sql::{self, Column, Dialect, Recorded, Result, values};
use super::{Place, Snapshot};

/// How many lines of the journal are looked through at once; some 20 ms.
const PLACES_MAX: i64 = 20_000;
/// How many lines of an account are walked at once; some 20 ms.
const STEPS_MAX: usize = 2_000;

/// Which lines.
#[derive(Clone, Copy, Debug)]
pub struct AuditFilter {
    /// Whose.
    pub of: Whose,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Only those that this one caused.
    pub by: Option<Cause>,
    /// Only those from this time on.
    pub from: Option<Timestamp>,
    /// Only those before this time.
    pub to: Option<Timestamp>,
}

/// Whose lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's, and those of nobody.
    Everybody,
    /// Of a primary account and all its subaccounts.
    Family(AccountId),
    /// Of an account: what it is about, what it caused, and what it was the other side of.
    Account(AccountId),
}

/// Who caused a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An operator, with whatever token.
    Operator,
    /// A gate, with whatever token.
    Gate,
    /// An account, with whatever credential.
    AnyAccount,
    /// tollgate itself.
    Server,
    /// This account.
    Account(AccountId),
    /// The token, credential or account with this id.
    Id([u8; 16]),
}

/// A part of the lines, newest first.
#[derive(Clone, Debug, Default)]
pub struct Audited {
    /// Those that fit; perhaps none, though there are more.
    pub lines: Vec<Recorded>,
    /// Whether whoever asks may know the places of the lines, which tell of everybody's.
    pub shows_places: bool,
    /// Where to go on; `None` where the journal was looked through to its end.
    pub next: Option<[u8; 16]>,
}

impl AuditFilter {
    fn fits(&self, recorded: &Recorded) -> bool {
        let line = &recorded.line;
        self.kind.is_none_or(|it| line.kind == it) && self.by.is_none_or(|it| it.is(&line.by))
    }
}

impl Cause {
    fn is(self, by: &Actor) -> bool {
        match (self, by) {
            (Self::Operator, Actor::Operator(_))
            | (Self::Gate, Actor::Gate(_))
            | (Self::AnyAccount, Actor::Account { .. })
            | (Self::Server, Actor::Server) => true,
            (Self::Account(id), Actor::Account { account, .. }) => *account == id,
            (Self::Id(id), Actor::Operator(token) | Actor::Gate(token)) => *token.as_bytes() == id,
            (Self::Id(id), Actor::Account { account, credential }) => {
                *account.as_bytes() == id || *credential.as_bytes() == id
            }
            _ => false,
        }
    }

    /// The kind of caller and the id, as the columns of a line have them.
    const fn columns(self) -> (Option<i64>, Option<[u8; 16]>) {
        match self {
            Self::Operator => (Some(sql::OPERATOR), None),
            Self::Gate => (Some(sql::GATE), None),
            Self::AnyAccount => (Some(sql::ACCOUNT), None),
            Self::Server => (Some(sql::SERVER), None),
            Self::Account(account) => (Some(sql::ACCOUNT), Some(*account.as_bytes())),
            Self::Id(id) => (None, Some(id)),
        }
    }
}

impl Snapshot<'_> {
    /// At most `limit` lines that fit, newest first, from behind `cursor` on; `None` for a cursor that no part gave.
    ///
    /// # Errors
    /// Of the store.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        cursor: Option<[u8; 16]>,
        limit: usize,
    ) -> Result<Option<Audited>> {
        let end = snapshot::last_line(self.reader())?.saturating_add(1);
        let mut below = match filter.to {
            None => end,
            Some(to) => self.first_at(to, end)?.min(end),
        };
        if let Some(cursor) = cursor {
            match self.place(cursor)? {
                None => return Ok(None),
                Some(place) => below = below.min(place),
            }
        }
        let mut first = match filter.from {
            None => 1,
            Some(from) => self.first_at(from, end)?,
        };
        if self.reader().dialect() == Dialect::Postgres {
            first = self.first_from(first)?.unwrap_or(end);
        }
        let (lines, next) = match filter.of {
            Whose::Account(account) => self.walk(filter, account, first..below, limit)?,
            Whose::Everybody | Whose::Family(_) => self.look_through(filter, first..below, limit)?,
        };
        let next = match next.filter(|it| *it > first) {
            None => None,
            Some(place) => self.cursor(place)?,
        };
        let shows_places = self.limits().and_then(Limits::accounts).is_none();
        Ok(Some(Audited { lines, shows_places, next }))
    }

    /// The first place whose line is of this time or a later one.
    fn first_at(&self, at: Timestamp, end: i64) -> Result<i64> {
        let dense = match self.reader().dialect() {
            Dialect::Sqlite => end,
            Dialect::Postgres => self.dense_end()?,
        };
        let among_dense = self.first_dense_at(at, dense)?;
        let is_timed = among_dense == dense && dense < end;
        Ok(if is_timed { place::first_at(place::within(at)) } else { among_dense })
    }

    /// The place behind the last dense one.
    fn dense_end(&self) -> Result<i64> {
        let last = "SELECT COALESCE(MAX(seq), 0) + 1 AS dense_end FROM journal WHERE seq < ?1";
        Ok(self.row(last, values![TIMED], |row| row.get("dense_end"))?.unwrap_or(1))
    }

    /// The first line from a place on.
    fn first_from(&self, place: i64) -> Result<Option<i64>> {
        let first = "SELECT seq FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT 1";
        self.row(first, values![place], |row| row.get("seq"))
    }

    /// Where to begin so that no more lines than are looked through at once stand up to the end.
    fn reach_back(&self, places: &Range<i64>) -> Result<i64> {
        Ok(match self.reader().dialect() {
            Dialect::Sqlite => places.start.max(places.end - PLACES_MAX),
            Dialect::Postgres => {
                let back = "SELECT seq FROM journal WHERE seq >= ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3";
                let back =
                    self.row(back, values![places.start, places.end, PLACES_MAX - 1], |row| row.get("seq"))?;
                back.unwrap_or(places.start)
            }
        })
    }

    pub(super) fn first_dense_at(&self, at: Timestamp, end: i64) -> Result<i64> {
        let (mut low, mut high) = (1, end);
        while low < high {
            let middle = low + (high - low) / 2;
            let is_before = self.time_at(middle)?.is_some_and(|it| it < at);
            if is_before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn time_at(&self, seq: i64) -> Result<Option<Timestamp>> {
        self.row("SELECT at FROM journal WHERE seq = ?1", values![seq], |row| sql::get(row, "at"))
    }

    /// What says to us alone that everything from this place on has been looked through.
    fn cursor(&self, place: i64) -> Result<Option<[u8; 16]>> {
        let at = self.time_at(place)?;
        Ok(at.map(|at| *self.ids().lines.place(LineId::from_bytes([0; 16]), place, at).as_bytes()))
    }

    fn place(&self, cursor: [u8; 16]) -> Result<Option<i64>> {
        let place = self.ids().lines.seq(LineId::from_bytes(cursor));
        if self.cursor(place)? == Some(cursor) {
            return Ok(Some(place));
        }
        // One of before the store was copied. A timed place says itself when.
        let is_one = Place::Seq(place).at().is_some_and(|at| {
            self.ids().lines.place(LineId::from_bytes([0; 16]), place, at).as_bytes() == &cursor
        });
        let copied = if is_one { self.line_at(Place::Seq(place))? } else { None };
        Ok(copied.and_then(|it| it.place.seq()))
    }

    /// Lines of an account along its chain.
    fn walk(
        &self,
        filter: &AuditFilter,
        account: AccountId,
        places: Range<i64>,
        limit: usize,
    ) -> Result<(Vec<Recorded>, Option<i64>)> {
        let mut at = match self.newest_below(account, &places)? {
            Newest::At(seq) => seq,
            Newest::None => return Ok((Vec::new(), None)),
            Newest::NotFrom(seq) => return Ok((Vec::new(), Some(seq))),
        };
        let (mut lines, mut examined) = (Vec::new(), places.end);
        let mut chain = self.chain(account, Some(Place::Seq(at)), limit);
        for _ in 0..STEPS_MAX {
            if at < places.start {
                return Ok((lines, None));
            }
            if lines.len() == limit {
                break;
            }
            let Some(line) = chain.next(self)? else { return Ok((lines, None)) };
            examined = at;
            at = before(&line, account).unwrap_or(0);
            if filter.fits(&line) {
                lines.extend(self.part(line));
            }
        }
        Ok((lines, (at >= places.start).then_some(examined)))
    }

    /// The newest line of an account below a place: the one before the line there, if that is its own; or else by its chain, if
    /// that is short; or else by looking for it.
    fn newest_below(&self, account: AccountId, places: &Range<i64>) -> Result<Newest> {
        let own = self.line_at(Place::Seq(places.end))?.and_then(|it| before(&it, account));
        let mut at = match own {
            Some(before) => before,
            None => self.newest_line_of(account)?.and_then(Place::seq).unwrap_or(0),
        };
        let mut chain = self.chain(account, Some(Place::Seq(at)), STEPS_MAX);
        for _ in 0..STEPS_MAX {
            if at < places.start {
                return Ok(Newest::None);
            }
            if at < places.end {
                return Ok(Newest::At(at));
            }
            at = chain.next(self)?.and_then(|it| before(&it, account)).unwrap_or(0);
        }
        let from = self.reach_back(places)?;
        let found = self.row(
            &format!(
                "SELECT seq FROM journal {}WHERE seq >= ?1 AND seq < ?2 AND (account = ?3 OR other = ?3)
                 ORDER BY seq DESC LIMIT 1",
                self.by_place()
            ),
            values![from, places.end, Column(account)],
            |row| row.get("seq"),
        )?;
        Ok(match found {
            Some(seq) => Newest::At(seq),
            None if from == places.start => Newest::None,
            None => Newest::NotFrom(from),
        })
    }

    /// What has SQLite go through lines by their places; PostgreSQL does so by itself.
    const fn by_place(&self) -> &'static str {
        self.reader().either("NOT INDEXED ", "")
    }

    /// A line, as far as whoever reads may see it.
    fn part(&self, recorded: Recorded) -> Option<Recorded> {
        let Recorded { place, line, account_link, other_link } = recorded;
        self.seen(line).map(|line| Recorded { place, line, account_link, other_link })
    }

    /// Lines by their places.
    fn look_through(
        &self,
        filter: &AuditFilter,
        places: Range<i64>,
        limit: usize,
    ) -> Result<(Vec<Recorded>, Option<i64>)> {
        let from = self.reach_back(&places)?;
        let family = match filter.of {
            Whose::Family(family) => Some(family),
            Whose::Everybody | Whose::Account(_) => None,
        };
        let (caller, id) = filter.by.map_or((None, None), Cause::columns);
        let lines = self.rows(
            &format!(
                "SELECT * FROM journal {}WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR family = ?3)
                   AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR caller = ?5)
                   AND (?6 IS NULL OR by_credential = ?6 OR by_account = ?6)
                 ORDER BY seq DESC LIMIT ?7",
                self.by_place()
            ),
            values![
                from,
                places.end,
                family.map(Column),
                filter.kind.map(Column),
                caller,
                id.map(|it| Column(CredentialId::from_bytes(it))),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            sql::recorded,
        )?;
        let next = if lines.len() == limit { lines.last().and_then(|it| it.place.seq()) } else { None };
        // Beyond a key's limits there may be none, though there are more.
        let lines = lines.into_iter().filter_map(|it| self.part(it)).collect();
        Ok((lines, Some(next.unwrap_or(from))))
    }
}

/// The line before this one of an account that it is about, 0 for none; `None` for an account that it is not about.
fn before(line: &Recorded, account: AccountId) -> Option<i64> {
    line.link(account).map(|it| it.before.and_then(Place::seq).unwrap_or(0))
}

/// The newest line of an account below a place.
enum Newest {
    At(i64),
    None,
    /// There is none from this place on, and more was not looked through.
    NotFrom(i64),
}
