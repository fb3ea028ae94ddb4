//! What a lane keeps in memory from batch to batch: accounts, as long as nothing of them changes but their figures, which
//! are read anew under the lock of each batch.
//!
//! **Invariant.** What is kept of an account was read after its epoch was. So if the row still has that epoch when it is
//! locked, the rest is as it is kept.

use std::sync::Arc;

use ledger::{Account, AccountId, Credential, IdMap, Level, Standing};

use uuid::Uuid;

use super::connection::Connection;
use super::write::Versions;
use crate::store::caps;
use crate::store::sql::{self, Column, Fault, Result, Row};

/// How many accounts are kept: some 30 MB. With more, all are forgotten, and those that are still asked for are read again.
const KEPT_MAX: usize = 65_536;

/// Accounts in memory.
#[derive(Default)]
pub(super) struct Kept {
    accounts: IdMap<AccountId, Entry>,
}

/// An account in memory.
pub(super) struct Entry {
    /// As it was when it was read or locked last.
    pub(super) account: Account,
    epoch: i64,
    /// How many lines there are of it, and the newest.
    pub(super) version: i64,
    pub(super) last_line: i64,
}

/// A row that was locked: what may change without another epoch.
pub(super) struct Locked {
    pub(super) id: AccountId,
    epoch: i64,
    version: i64,
    pub(super) last_line: i64,
    standing: Standing,
    level: Level,
    caps: Option<String>,
}

impl Locked {
    /// The columns that [`Locked::read`] reads.
    pub(super) const COLUMNS: &'static str =
        "id, epoch, version, last_line, balance, credit_limit, held, level, caps";

    pub(super) fn read(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.at::<Column<AccountId>>(0, "id")?.0,
            epoch: row.at(1, "epoch")?,
            version: row.at(2, "version")?,
            last_line: row.at(3, "last_line")?,
            standing: Standing {
                balance: row.at::<Column<_>>(4, "balance")?.0,
                credit_limit: row.at::<Column<_>>(5, "credit_limit")?.0,
                held: row.at::<Column<_>>(6, "held")?.0,
            },
            level: row.at::<Column<_>>(7, "level")?.0,
            caps: row.at(8, "caps")?,
        })
    }
}

impl Kept {
    /// An account that is kept.
    pub(super) fn get(&self, id: AccountId) -> Option<&Entry> {
        self.accounts.get(&id)
    }

    /// Forgets all where they are too many; between batches alone.
    pub(super) fn make_room(&mut self) {
        if self.accounts.len() > KEPT_MAX {
            self.accounts.clear();
        }
    }

    /// Takes over what was locked; says which of it must be read whole, because it is not kept or has another epoch.
    pub(super) fn take_over(&mut self, locked: Vec<Locked>) -> Result<Vec<AccountId>> {
        let mut unknown = Vec::new();
        for Locked { id, epoch, version, last_line, standing, level, caps } in locked {
            let Some(entry) = self.accounts.get_mut(&id).filter(|it| it.epoch == epoch) else {
                unknown.push(id);
                continue;
            };
            (entry.version, entry.last_line) = (version, last_line);
            (entry.account.standing, entry.account.level) = (standing, level);
            entry.account.caps = match caps {
                None => None,
                Some(text) => Some(caps::decode(&text).ok_or(Fault::Misread("caps"))?),
            };
        }
        Ok(unknown)
    }

    /// Reads accounts whole, if they are there: first the row and so the epoch, then the credentials.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn read(&mut self, connection: &Connection, ids: &[AccountId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(|it| Uuid::from_bytes(*it.as_bytes())).collect();
        let rows = connection.query("SELECT * FROM accounts WHERE id = ANY($1)", &[&ids])?;
        let live = connection.query(
            "SELECT account, id, kind, created_at, expires_at, limits FROM credentials
             WHERE account = ANY($1) AND revoked_at IS NULL ORDER BY account, created_at, id",
            &[&ids],
        )?;
        let mut credentials: IdMap<AccountId, Vec<Credential>> = IdMap::default();
        for row in live.iter().map(Row::Postgres) {
            credentials.entry(sql::get(row, "account")?).or_default().push(sql::credential(row)?);
        }
        for row in rows.iter().map(Row::Postgres) {
            let mut account = sql::account(row)?;
            account.credentials = Arc::from(credentials.remove(&account.id).unwrap_or_default());
            let (version, last_line) = (row.get("version")?, row.get("last_line")?);
            let entry = Entry { account, epoch: row.get("epoch")?, version, last_line };
            self.accounts.insert(entry.account.id, entry);
        }
        Ok(())
    }

    /// What a commit has made of an account. It has another epoch where more than its figures was changed.
    pub(super) fn merge(&mut self, account: &Account, versions: Versions) {
        if let Some(entry) = self.accounts.get_mut(&account.id) {
            (entry.version, entry.last_line) = (versions.version, versions.last_line);
            entry.account.clone_from(account);
            entry.epoch += i64::from(versions.is_changed);
        }
    }
}
