//! Reading: one short transaction on a connection of its own, which sees one state of the store and never the
//! writer's memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ledger::{
    Account, AccountId, Actor, ApiKey, AuthId, Book, Change, Charged, Hold, Kind, Limits, Line, LineId,
    Refusal, Status, Timestamp, Token, TransferKind, authority,
};

use super::line_id::{LineIds, are_beside};
use super::owned::{Listed, Slice, count};
use super::place;
use super::postgres::Outside;
use super::sql::{self, Column, Dialect, Reader, Recorded, Result, Row, Value, values};
use super::{Ids, Name, Place};

/// One state of the store.
pub struct Snapshot<'a> {
    reader: Reader<'a>,
    /// The token that is stored nowhere.
    environment: Option<Token>,
    ids: Ids,
    /// What whoever reads is limited to.
    limits: Option<Arc<Limits>>,
}

/// What a list of accounts is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only the subaccounts of this one.
    pub parent: Option<AccountId>,
    /// Only this one and the ones below it.
    pub family: Option<AccountId>,
    /// Only those in this state.
    pub status: Option<Status>,
    /// Only those whose name contains this text, without regard to the case of ASCII letters.
    pub name: Option<String>,
}

impl<'a> Snapshot<'a> {
    pub(super) const fn new(reader: Reader<'a>, environment: Option<Token>, ids: Ids) -> Self {
        Self { reader, environment, ids, limits: None }
    }

    /// The same state for a key with these limits: its lists leave out whatever is of an account out of its reach. What
    /// is asked for by its name is there all the same, for it takes more than the caller sees to say what that is.
    pub fn limited_to(&self, limits: Option<Arc<Limits>>) -> Snapshot<'a> {
        Self { reader: self.reader, environment: self.environment.clone(), ids: self.ids, limits }
    }

    /// What whoever reads is limited to.
    pub fn limits(&self) -> Option<&Limits> {
        self.limits.as_deref()
    }

    /// Whether an account is within reach of whoever reads.
    pub fn reaches(&self, account: AccountId) -> bool {
        self.limits().is_none_or(|it| it.reaches(account))
    }

    /// What narrows a query to the accounts within reach, to be put behind its last condition.
    pub(super) fn within_reach(&self, column: &str) -> String {
        let Some(accounts) = self.limits().and_then(Limits::accounts) else { return String::new() };
        let hex = |it: &AccountId| it.as_bytes().iter().map(|it| format!("{it:02x}")).collect::<String>();
        // What stands in quotes is to PostgreSQL whatever the column is.
        let quote = self.reader.either("x'", "'");
        let accounts: Vec<_> = accounts.iter().map(|it| format!("{quote}{}'", hex(it))).collect();
        format!(" AND {column} IN ({})", accounts.join(", "))
    }

    pub(super) const fn event_ids(&self) -> LineIds {
        self.ids.events
    }

    pub(super) const fn reader(&self) -> Reader<'a> {
        self.reader
    }

    pub(super) const fn ids(&self) -> Ids {
        self.ids
    }

    pub(super) fn rows<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.reader.rows(text, values, read)
    }

    pub(super) fn row<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.reader.row(text, values, read)
    }

    /// Whether the caller's credential still lives and its account may call, as of this state; and what it is limited to.
    ///
    /// # Errors
    /// Of the store. The inner result is the ledger's answer.
    pub fn may_call(&self, by: &Actor, now: Timestamp) -> Result<Result<Option<Arc<Limits>>, Refusal>> {
        let mut book = Book::default();
        match by {
            Actor::Account { account, .. } => {
                if let Some(account) = self.account(*account)? {
                    if let Some(parent) = account.parent
                        && let Some(parent) = self.account(parent)?
                    {
                        book.bring(Change::Account(parent));
                    }
                    book.bring(Change::Account(account));
                }
            }
            Actor::Operator(id) | Actor::Gate(id) => {
                let stored =
                    self.row("SELECT * FROM tokens WHERE id = ?1", values![Column(*id)], sql::token)?;
                if let Some(token) = stored.or(self.environment.clone().filter(|it| it.id == *id)) {
                    book.bring(Change::TokenRevoked(token));
                }
            }
            Actor::Server => {}
        }
        Ok(authority::may_call(&book, by, now).map(|it| it.cloned().map(Arc::new)))
    }

    /// The account that goes by a name.
    ///
    /// # Errors
    /// Of the store.
    pub fn named(&self, name: &Name) -> Result<Option<AccountId>> {
        let id = |row: Row<'_>| sql::get::<AccountId>(row, "id");
        match name {
            Name::Id(account) => {
                self.row("SELECT id FROM accounts WHERE id = ?1", values![Column(*account)], id)
            }
            Name::ApiKey(key) => match self.reader.dialect() {
                Dialect::Sqlite => self.row(
                    "SELECT id FROM accounts WHERE api_key = ?1",
                    values![Column::<ApiKey>(*key)],
                    id,
                ),
                Dialect::Postgres => self.listed(Outside::ApiKey(*key)),
            },
            Name::AuthId(auth) => match self.reader.dialect() {
                Dialect::Sqlite => {
                    self.row("SELECT id FROM accounts WHERE auth_id = ?1", values![auth.as_str()], id)
                }
                Dialect::Postgres => self.listed(Outside::AuthId(auth)),
            },
        }
    }

    /// The accounts that go by these names, as far as there are any: from a server all of them at once.
    pub(super) fn all_named(&self, names: &[Name]) -> Result<Vec<(Name, Option<AccountId>)>> {
        if self.reader.dialect() == Dialect::Sqlite || names.len() < MANY_NAMES {
            return names.iter().map(|name| Ok((*name, self.named(name)?))).collect();
        }
        let mut found = HashMap::new();
        let mut texts = [String::new(), String::new(), String::new()];
        for name in names {
            let [ids, keys, auths] = &mut texts;
            // No name has a comma in it.
            match name {
                Name::Id(id) => *ids += &format!("{id},"),
                Name::ApiKey(key) => *keys += &format!("{key},"),
                Name::AuthId(auth) => *auths += &format!("{auth},"),
            }
        }
        let [ids, keys, auths] = texts.each_ref().map(|it| it.trim_end_matches(','));
        let text = "SELECT id FROM accounts WHERE id = ANY(CAST(string_to_array(?1, ',') AS uuid[]))";
        let by_id = self.rows(text, values![ids], |row| sql::get::<AccountId>(row, "id"))?;
        found.extend(by_id.into_iter().map(|id| (Name::Id(id), id)));
        let text = "SELECT name, account FROM directory
             WHERE kind IN (1, 2) AND name = ANY(string_to_array(?1 || ',' || ?2, ',')) AND account IS NOT NULL";
        found.extend(self.rows(text, values![keys, auths], |row| {
            Ok((sql::parsed::<Name>(row, "name")?, sql::get::<AccountId>(row, "account")?))
        })?);
        Ok(names.iter().map(|name| (*name, found.get(name).copied())).collect())
    }

    /// Whose a name is, by the directory of all of them.
    fn listed(&self, name: Outside<'_>) -> Result<Option<AccountId>> {
        let (kind, name) = name.columns();
        let listed = "SELECT account FROM directory WHERE kind = ?1 AND name = ?2";
        Ok(self.row(listed, values![kind, &*name], |row| sql::get_opt(row, "account"))?.flatten())
    }

    /// An account with its live credentials.
    ///
    /// # Errors
    /// Of the store.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>> {
        let Some(mut account) =
            self.row("SELECT * FROM accounts WHERE id = ?1", values![Column(id)], sql::account)?
        else {
            return Ok(None);
        };
        account.credentials = self
            .rows(
                "SELECT id, kind, created_at, expires_at, limits FROM credentials WHERE account = ?1 AND revoked_at IS NULL
                 ORDER BY created_at, id",
                values![Column(id)],
                sql::credential,
            )?
            .into();
        Ok(Some(account))
    }

    /// All subaccounts of a primary that are not closed, oldest first, without their credentials.
    ///
    /// # Errors
    /// Of the store.
    pub fn subaccounts(&self, primary: AccountId) -> Result<Vec<Account>> {
        let reach = self.within_reach("id");
        self.rows(
            &format!("SELECT * FROM accounts WHERE parent = ?1 AND status <> ?2{reach} ORDER BY id"),
            values![Column(primary), Column(Status::Closed)],
            sql::account,
        )
    }

    /// A part of the subaccounts of a primary that are not closed, the newest first, without their credentials.
    ///
    /// # Errors
    /// Of the store.
    pub fn newest_subaccounts(&self, primary: AccountId, slice: Slice) -> Result<Listed<Account>> {
        let Slice { offset, limit } = slice;
        let [limit, offset] = [limit, offset].map(|it| i64::try_from(it).unwrap_or(i64::MAX));
        let reach = self.within_reach("id");
        let rows = self.rows(
            &format!(
                "SELECT * FROM accounts WHERE parent = ?1 AND status <> ?2{reach} ORDER BY number DESC
                 LIMIT ?3 OFFSET ?4"
            ),
            values![Column(primary), Column(Status::Closed), limit, offset],
            sql::account,
        )?;
        let total = self.row(
            &format!("SELECT COUNT(*) AS count FROM accounts WHERE parent = ?1 AND status <> ?2{reach}"),
            values![Column(primary), Column(Status::Closed)],
            count,
        )?;
        Ok(Listed { total: total.unwrap_or(0), rows })
    }

    /// Accounts after `after` in the order in which they were opened, at most `limit`, without their credentials.
    ///
    /// # Errors
    /// Of the store.
    pub fn accounts(
        &self,
        filter: &AccountFilter,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<Account>> {
        // A family is found by its index; only the operator's list of all walks the whole table.
        let whose = match (filter.parent, filter.family) {
            (Some(_), _) => "parent = ?2 AND id > ?1 AND (?3 IS NULL OR parent = ?3)",
            (None, Some(_)) => "(parent = ?3 OR id = ?3) AND id > ?1 AND ?2 IS NULL",
            (None, None) => "id > ?1 AND ?2 IS NULL AND ?3 IS NULL",
        };
        let reach = self.within_reach("id");
        let named = self
            .reader
            .either("instr(lower(name), lower(?5)) > 0", r#"strpos(lower(name), lower(?5 COLLATE "C")) > 0"#);
        let text = format!(
            "SELECT * FROM accounts WHERE {whose} AND (?4 IS NULL OR status = ?4)
             AND (?5 IS NULL OR {named}){reach} ORDER BY id LIMIT ?6"
        );
        self.rows(
            &text,
            values![
                Column(after.unwrap_or(AccountId::UNKNOWN)),
                filter.parent.map(Column),
                filter.family.map(Column),
                filter.status.map(Column),
                filter.name.as_deref(),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            sql::account,
        )
    }

    /// The lines of an account, newest first, from the one before `before` on, at most `limit`: a walk along the
    /// chain, so that no index is kept for it.
    ///
    /// # Errors
    /// Of the store.
    pub fn lines_of(&self, account: AccountId, before: Option<Place>, limit: usize) -> Result<Vec<Recorded>> {
        let cursor = match before {
            None => None,
            Some(before) => self.line_at(before)?.and_then(|it| it.link(account)),
        };
        let next = match cursor {
            Some(link) => link.before,
            None => self.newest_line_of(account)?,
        };
        let mut chain = self.chain(account, next, limit);
        let mut lines = Vec::new();
        while lines.len() < limit
            && let Some(line) = chain.next(self)?
        {
            if before.is_none_or(|it| line.place < it) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// The lines of an account from a place on, newest first; of how many may be asked.
    pub(super) fn chain(&self, account: AccountId, from: Option<Place>, most: usize) -> Chain {
        Chain { account, next: from, most, read: VecDeque::new() }
    }

    /// Where an account's chain begins: what its row says, or a line since that it only caused.
    pub(super) fn newest_line_of(&self, account: AccountId) -> Result<Option<Place>> {
        let last = "SELECT last_line FROM accounts WHERE id = ?1";
        let written: Option<i64> = self.row(last, values![Column(account)], |row| row.get("last_line"))?;
        if self.reader.dialect() == Dialect::Postgres {
            // There every row is current.
            return Ok(written.map(Place::Seq));
        }
        let caused: Option<Option<i64>> = self.row(
            "SELECT MAX(seq) AS newest FROM journal WHERE seq > ?1 AND other = ?2",
            values![heads_through(self.reader)?, Column(account)],
            |row| row.get("newest"),
        )?;
        Ok(written.max(caused.flatten()).map(Place::Seq))
    }

    /// Whether whoever reads may see a line.
    pub fn shows(&self, line: &Line) -> bool {
        self.limits().is_none_or(|it| it.shows(line))
    }

    /// As much of a line as whoever reads may see; `None` for nothing.
    pub fn seen(&self, line: Line) -> Option<Line> {
        match self.limits() {
            Some(limits) if limits.shows(&line) => Some(limits.seen(line)),
            Some(_) => None,
            None => Some(line),
        }
    }

    /// The line at a place, or the one that was written there before it was copied to where it is now.
    ///
    /// # Errors
    /// Of the store.
    pub fn line_at(&self, place: Place) -> Result<Option<Recorded>> {
        let found = self.row("SELECT * FROM journal WHERE seq = ?1", values![place], sql::recorded)?;
        if found.is_some() || place.at().is_none() {
            return Ok(found);
        }
        let copied =
            "SELECT journal.* FROM places JOIN journal ON journal.seq = places.seq WHERE places.place = ?1";
        self.row(copied, values![place], sql::recorded)
    }

    /// The line with this id.
    ///
    /// # Errors
    /// Of the store.
    pub fn line(&self, id: LineId) -> Result<Option<Recorded>> {
        // A command's own line stands behind those that it wrote beside it.
        let mut place = Place::Seq(self.ids.lines.seq(id));
        while let Some(found) = self.line_at(place)?.filter(|it| are_beside(it.line.id, id)) {
            if found.line.id == id {
                return Ok(Some(found));
            }
            place = place.next();
        }
        Ok(None)
    }

    /// A family's transfers of one kind within a span of time, newest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn transfers(
        &self,
        primary: AccountId,
        kind: TransferKind,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Recorded>> {
        // The kind stands in the text, for an index on a part of a table is used only where the text implies the part.
        let kind = match kind {
            TransferKind::Credit => "kind = 5",
            TransferKind::Balance => "kind = 4",
        };
        let whole = "AND at >= ?2 AND at <= ?3";
        // Places say when: only the months that were asked for are looked into. A command whose lines fill a millisecond
        // goes on in the next.
        let parts = "AND at >= ?2 AND at <= ?3 AND (seq < 2199023255552 OR seq >= ?2 << 21) AND seq < (?3 + 1000) << 21";
        let span = self.reader.either(whole, parts);
        let text = format!("SELECT * FROM journal WHERE {kind} AND family = ?1 {span} ORDER BY seq DESC");
        let [from, to] = match self.reader.dialect() {
            Dialect::Sqlite => [from, to],
            Dialect::Postgres => [from, to].map(place::within),
        };
        let mut lines =
            self.rows(&text, values![Column(primary), Column(from), Column(to)], sql::recorded)?;
        lines.retain(|it| self.shows(&it.line));
        Ok(lines)
    }

    /// The open holds whose time has come, the longest due first.
    ///
    /// # Errors
    /// Of the store.
    pub fn due_holds(&self, now: Timestamp, limit: usize) -> Result<Vec<LineId>> {
        self.rows(
            "SELECT id FROM holds WHERE ended_how IS NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
            values![Column(now), i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| sql::get(row, "id"),
        )
    }

    /// Open holds after `after` in the order in which they were placed, perhaps those of one account.
    ///
    /// # Errors
    /// Of the store.
    pub fn open_holds(
        &self,
        account: Option<AccountId>,
        after: Option<LineId>,
        limit: usize,
    ) -> Result<Vec<Hold>> {
        // Either way by an index of the open ones alone: there may be millions that have ended.
        let (index, open) = match account {
            Some(_) => (" INDEXED BY holds_open", "account = ?1 AND ended_how IS NULL AND id > ?2"),
            None => (" INDEXED BY holds_due", "?1 IS NULL AND ended_how IS NULL AND id > ?2"),
        };
        let index = self.reader.either(index, "");
        let reach = self.within_reach("account");
        let text = format!("SELECT * FROM holds{index} WHERE {open}{reach} ORDER BY id LIMIT ?3");
        self.rows(
            &text,
            values![
                account.map(Column),
                Column(after.unwrap_or(LineId::from_bytes([0; 16]))),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            sql::hold,
        )
    }

    /// A hold, open or ended.
    ///
    /// # Errors
    /// Of the store.
    pub fn hold(&self, id: LineId) -> Result<Option<Hold>> {
        self.row("SELECT * FROM holds WHERE id = ?1", values![Column(id)], sql::hold)
    }

    pub(super) fn open_holds_of(&self, account: AccountId) -> Result<Vec<Hold>> {
        self.rows(
            "SELECT * FROM holds WHERE account = ?1 AND ended_how IS NULL",
            values![Column(account)],
            sql::hold,
        )
    }

    /// What a line charged, and how much of that was given back.
    pub(super) fn charge(&self, id: LineId) -> Result<Option<Charged>> {
        let Some(Recorded { line, place, .. }) = self.line(id)? else { return Ok(None) };
        let charges = matches!(line.kind, Kind::Charge | Kind::Settle | Kind::Expiry);
        let (Some(payer), Some(account), true) = (line.account, line.caused_by(), charges) else {
            return Ok(None);
        };
        if !line.change.balance.is_negative() {
            return Ok(None);
        }
        // Parts of the journal that are older than the charge are not looked into.
        let since = self.reader.either("?2 IS NOT NULL", "seq > ?2");
        let reversed = self.row(
            &format!(
                "SELECT CAST(COALESCE(SUM(balance_change), 0) AS bigint) AS reversed FROM journal
                 WHERE about = ?1 AND balance_change > 0 AND {since}"
            ),
            values![Column(id), place],
            |row| sql::get(row, "reversed"),
        )?;
        let (payer, amount) = (payer.account, line.amount());
        Ok(Some(Charged { id, account, payer, amount, reversed: reversed.unwrap_or_default(), at: line.at }))
    }

    pub(super) fn shown_once(&self, place: Place) -> Result<Option<Vec<u8>>> {
        self.row("SELECT sealed FROM shown_once WHERE seq = ?1", values![place], |row| row.get("sealed"))
    }

    pub(super) fn names_taken(&self, api_key: ApiKey, auth_id: &AuthId) -> Result<bool> {
        if self.reader.dialect() == Dialect::Postgres {
            let by_key = self.listed(Outside::ApiKey(api_key))?;
            return Ok(by_key.is_some() || self.listed(Outside::AuthId(auth_id))?.is_some());
        }
        let text = "SELECT 1 FROM accounts WHERE api_key = ?1 OR auth_id = ?2";
        Ok(self.row(text, values![Column(api_key), auth_id.as_str()], |_| Ok(()))?.is_some())
    }

    /// The next lines of a chain, from one of them on, at most so many: from a file one at a time, from a server many at once.
    fn links(&self, account: AccountId, from: Place, most: usize) -> Result<Vec<Recorded>> {
        let text = match self.reader.dialect() {
            Dialect::Sqlite => return Ok(self.line_at(from)?.into_iter().collect()),
            Dialect::Postgres => {
                "WITH RECURSIVE chain AS (
                   SELECT journal.*, 1::bigint AS step FROM journal WHERE seq = ?1
                   UNION ALL
                   SELECT journal.*, step + 1 FROM chain JOIN journal ON journal.seq =
                     CASE WHEN chain.account = ?2 THEN chain.account_before ELSE chain.other_before END
                   WHERE step < ?3
                 ) SELECT * FROM chain ORDER BY step"
            }
        };
        let most = i64::try_from(most.clamp(1, LINKS_MAX)).unwrap_or(1);
        self.rows(text, values![from, Column(account), most], sql::recorded)
    }
}

/// From how many names on they are asked for together.
const MANY_NAMES: usize = 4;

/// How many lines of a chain are asked of a server at once.
const LINKS_MAX: usize = 256;

/// A walk along the lines of an account, newest first.
pub(super) struct Chain {
    account: AccountId,
    /// Where it goes on behind what was read.
    next: Option<Place>,
    /// How many more will be asked for, as far as is known.
    most: usize,
    /// What was read and not given yet.
    read: VecDeque<Recorded>,
}

impl Chain {
    /// The next line.
    pub(super) fn next(&mut self, snapshot: &Snapshot<'_>) -> Result<Option<Recorded>> {
        if self.read.is_empty()
            && let Some(from) = self.next
        {
            self.read = snapshot.links(self.account, from, self.most)?.into();
            self.next = self.read.back().and_then(|it| it.link(self.account)).and_then(|it| it.before);
        }
        Ok(self.read.pop_front())
    }
}

/// The line up to which every account's row counts all its lines.
pub(super) fn heads_through(reader: Reader<'_>) -> Result<i64> {
    let through = "SELECT value FROM meta WHERE name = 'heads_through'";
    Ok(reader.row(through, values![], |row| row.get("value"))?.unwrap_or(0))
}

/// The place of the journal's last line; 0 where there is none.
pub(super) fn last_line(reader: Reader<'_>) -> Result<i64> {
    let last = "SELECT COALESCE(MAX(seq), 0) AS last FROM journal";
    Ok(reader.row(last, values![], |row| row.get("last"))?.unwrap_or(0))
}
