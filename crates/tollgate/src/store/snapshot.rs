//! Reading: one short transaction on a connection of its own, which sees one state of the store and never the
//! writer's memory.

use std::sync::Arc;

use ledger::{
    Account, AccountId, Actor, ApiKey, AuthId, Book, Change, Charged, Credential, CredentialId, Hold, Kind,
    Limits, Line, LineId, Refusal, Status, Timestamp, Token, TokenId, TransferKind, authority,
};

use super::line_id::{LineIds, are_beside};
use super::owned::{Listed, Slice, count};
use super::sql::{self, Column, Reader, Recorded, Result, Row, Value, values};
use super::{Ids, Name, Place};

/// Which tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFilter {
    /// Those of gates, or those of operators.
    pub is_gate: Option<bool>,
    /// Those that live, or those that are revoked.
    pub lives: Option<bool>,
    /// Those that are restricted, or those that may do all that their scope may.
    pub is_restricted: Option<bool>,
}

/// One state of the store.
pub struct Snapshot<'a> {
    reader: Reader<'a>,
    /// The token that is stored nowhere.
    environment: Option<Token>,
    ids: Ids,
    /// What whoever reads is limited to.
    limits: Option<Arc<Limits>>,
}

/// A credential with what it takes to recognise it and, perhaps, to show it again.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Which.
    pub credential: Credential,
    /// A keyed hash, or an Argon2id string.
    pub verifier: String,
    /// The sealed text.
    pub sealed: Option<Vec<u8>>,
    /// When it was used last, to the minute, as far as that is written.
    pub used_at: Option<Timestamp>,
}

impl StoredCredential {
    /// The same, as a key with these limits may see it.
    pub fn seen_by(self, limits: &Limits) -> Self {
        Self { credential: limits.seen_credential(self.credential), ..self }
    }
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
        let accounts: Vec<_> = accounts.iter().map(|it| format!("x'{}'", hex(it))).collect();
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
            Name::ApiKey(key) => {
                self.row("SELECT id FROM accounts WHERE api_key = ?1", values![Column::<ApiKey>(*key)], id)
            }
            Name::AuthId(auth) => {
                let text: &AuthId = auth;
                self.row("SELECT id FROM accounts WHERE auth_id = ?1", values![text.as_str()], id)
            }
        }
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
        let text = format!(
            "SELECT * FROM accounts WHERE {whose} AND (?4 IS NULL OR status = ?4)
             AND (?5 IS NULL OR instr(lower(name), lower(?5)) > 0){reach} ORDER BY id LIMIT ?6"
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
        let mut next = match cursor {
            Some(link) => link.before,
            None => self.newest_line_of(account)?,
        };
        let mut lines = Vec::new();
        while lines.len() < limit
            && let Some(place) = next
            && let Some(line) = self.line_at(place)?
        {
            next = line.link(account).and_then(|it| it.before);
            if before.is_none_or(|it| place < it) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Where an account's chain begins: what its row says, or a line since that it only caused.
    pub(super) fn newest_line_of(&self, account: AccountId) -> Result<Option<Place>> {
        let last = "SELECT last_line FROM accounts WHERE id = ?1";
        let written: Option<i64> = self.row(last, values![Column(account)], |row| row.get("last_line"))?;
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

    /// The line at a place.
    ///
    /// # Errors
    /// Of the store.
    pub fn line_at(&self, place: Place) -> Result<Option<Recorded>> {
        self.row("SELECT * FROM journal WHERE seq = ?1", values![place], sql::recorded)
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
        let text = match kind {
            TransferKind::Credit => {
                "SELECT * FROM journal WHERE kind = 5 AND family = ?1 AND at >= ?2 AND at <= ?3 ORDER BY seq DESC"
            }
            TransferKind::Balance => {
                "SELECT * FROM journal WHERE kind = 4 AND family = ?1 AND at >= ?2 AND at <= ?3 ORDER BY seq DESC"
            }
        };
        let mut lines = self.rows(text, values![Column(primary), Column(from), Column(to)], sql::recorded)?;
        lines.retain(|it| self.shows(&it.line));
        Ok(lines)
    }

    /// The live credentials of an account, oldest first, with their proofs.
    ///
    /// # Errors
    /// Of the store.
    pub fn credentials(&self, account: AccountId) -> Result<Vec<StoredCredential>> {
        self.rows(
            "SELECT * FROM credentials WHERE account = ?1 AND revoked_at IS NULL ORDER BY created_at, id",
            values![Column(account)],
            |row| {
                Ok(StoredCredential {
                    credential: sql::credential(row)?,
                    verifier: row.get("verifier")?,
                    sealed: row.get("sealed")?,
                    used_at: sql::get_opt(row, "used_at")?,
                })
            },
        )
    }

    /// The operator and gate tokens that fit, oldest first, after one.
    ///
    /// # Errors
    /// Of the store.
    pub fn tokens(&self, filter: TokenFilter, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>> {
        let TokenFilter { is_gate, lives, is_restricted } = filter;
        let scope = is_gate.map(|it| if it { sql::GATE } else { sql::OPERATOR });
        self.rows(
            "SELECT * FROM tokens WHERE id > ?1 AND (?2 IS NULL OR caller = ?2)
               AND (?3 IS NULL OR (revoked_at IS NULL) = ?3)
               AND (?4 IS NULL OR (limits IS NOT NULL) = ?4) ORDER BY id LIMIT ?5",
            values![
                Column(after.unwrap_or(TokenId::ENVIRONMENT)),
                scope,
                lives,
                is_restricted,
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            sql::token,
        )
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

    /// The live credential that is recognised by this hash, and whose it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn credential_of(&self, verifier: &str) -> Result<Option<(AccountId, CredentialId)>> {
        self.row(
            "SELECT account, id FROM credentials WHERE verifier = ?1 AND revoked_at IS NULL",
            values![verifier],
            |row| Ok((sql::get(row, "account")?, sql::get(row, "id")?)),
        )
    }

    /// The credentials whose end has come and that are not revoked yet, the longest due first, and whose they are.
    ///
    /// # Errors
    /// Of the store.
    pub fn due_credentials(&self, now: Timestamp, limit: usize) -> Result<Vec<(AccountId, CredentialId)>> {
        self.rows(
            "SELECT account, id FROM credentials WHERE expires_at IS NOT NULL AND revoked_at IS NULL
             AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
            values![Column(now), i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| Ok((sql::get(row, "account")?, sql::get(row, "id")?)),
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
        let open = match account {
            Some(_) => "holds_open WHERE account = ?1 AND ended_how IS NULL AND id > ?2",
            None => "holds_due WHERE ?1 IS NULL AND ended_how IS NULL AND id > ?2",
        };
        let reach = self.within_reach("account");
        let text = format!("SELECT * FROM holds INDEXED BY {open}{reach} ORDER BY id LIMIT ?3");
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
        let Some(Recorded { line, .. }) = self.line(id)? else { return Ok(None) };
        let charges = matches!(line.kind, Kind::Charge | Kind::Settle | Kind::Expiry);
        let (Some(payer), Some(account), true) = (line.account, line.caused_by(), charges) else {
            return Ok(None);
        };
        if !line.change.balance.is_negative() {
            return Ok(None);
        }
        let reversed = self.row(
            "SELECT COALESCE(SUM(balance_change), 0) AS reversed FROM journal WHERE about = ?1 AND balance_change > 0",
            values![Column(id)],
            |row| sql::get(row, "reversed"),
        )?;
        let (payer, amount) = (payer.account, line.amount());
        Ok(Some(Charged { id, account, payer, amount, reversed: reversed.unwrap_or_default(), at: line.at }))
    }

    pub(super) fn shown_once(&self, place: Place) -> Result<Option<Vec<u8>>> {
        self.row("SELECT sealed FROM shown_once WHERE seq = ?1", values![place], |row| row.get("sealed"))
    }

    pub(super) fn names_taken(&self, api_key: ApiKey, auth_id: &AuthId) -> Result<bool> {
        let text = "SELECT 1 FROM accounts WHERE api_key = ?1 OR auth_id = ?2";
        Ok(self.row(text, values![Column(api_key), auth_id.as_str()], |_| Ok(()))?.is_some())
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
