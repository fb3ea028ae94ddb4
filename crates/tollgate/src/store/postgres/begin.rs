//! How a batch begins: everything that it locks, in one order for everybody, and right after that what it reads.

use std::collections::HashMap;

use futures_util::future::OptionFuture;
use ledger::{AccountId, Hold, IdMap, LineId};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::Connection;
use super::kept::{Kept, Locked};
use super::keys;
use super::life::Life;
use super::needs::Needs;
use crate::store::sql::{self, Fault, Result, Row};

/// Whoever has this lock changes what is no family's alone.
const COMMON: i64 = 0x746F_6C6C_6761_7465;

/// The statements that a batch begins with, prepared.
pub(super) struct Beginning {
    mark: Statement,
    common: Statement,
    lock: Statement,
    state: Statement,
    common_state: Statement,
    keys: Statement,
    holds: Statement,
}

/// What was read under the locks.
#[derive(Default)]
pub(super) struct Begun {
    /// The database's clock, in milliseconds since 1970.
    pub(super) clock_ms: i64,
    /// The version of tokens and price plans: the last place of the commit that changed one of them.
    pub(super) config: i64,
    /// The newest place of all that the batch rests on: of the accounts that are locked, of tokens and price plans, and under
    /// the common lock of all lines.
    pub(super) newest: i64,
    /// The lines that keys were used on; 0 for none.
    pub(super) used: HashMap<u128, i64>,
    pub(super) holds: IdMap<LineId, Hold>,
}

impl Beginning {
    /// Prepares them.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn prepare(connection: &Connection) -> Result<Self> {
        let lock =
            format!("SELECT {} FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE", Locked::COLUMNS);
        let prepare = |text: &str| connection.prepared(text);
        Ok(Self {
            mark: prepare("UPDATE lanes SET batch = $2 WHERE owner = $1 RETURNING batch")?,
            common: prepare("SELECT pg_advisory_xact_lock($1)")?,
            lock: prepare(&lock)?,
            state: prepare(
                "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint, value, 0::bigint
                 FROM meta WHERE name = 'config'",
            )?,
            common_state: prepare(
                "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint, value,
                 (SELECT COALESCE(MAX(seq), 0) FROM journal) FROM meta WHERE name = 'config'",
            )?,
            keys: prepare(
                "SELECT hash, MAX(seq) FROM keys WHERE hash = ANY($1) AND day >= $2 GROUP BY hash",
            )?,
            holds: prepare("SELECT * FROM holds WHERE id = ANY($1)")?,
        })
    }

    /// Begins a transaction, marks it as the lane's next batch, and takes all its locks: the lane's row, the common lock,
    /// the accounts in the order of their ids. What it reads besides is read after that.
    ///
    /// # Errors
    /// Of the database; [`Fault::Missing`] where the lane was buried meanwhile.
    pub(super) fn begin(
        &self,
        connection: &Connection,
        life: &mut Life,
        needs: &Needs,
        kept: &mut Kept,
        since_ms: i64,
    ) -> Result<Begun> {
        life.batch += 1;
        let client = connection.client();
        let owner = life.owner();
        let accounts: Vec<_> = needs.accounts.iter().map(|it| Uuid::from_bytes(*it.as_bytes())).collect();
        let holds: Vec<_> = needs.holds.iter().map(|it| Uuid::from_bytes(*it.as_bytes())).collect();
        let hashes: Vec<_> = needs.keys.iter().map(|it| Uuid::from_u128(*it)).collect();
        let first_day = keys::first_day(since_ms);
        let state = if needs.is_common { &self.common_state } else { &self.state };
        // All are sent at once, and the database does them one after the other.
        let (begun, mark, common, rows, state, used, named) = connection.wait(async {
            let common_args: [&(dyn ToSql + Sync); 1] = [&COMMON];
            let mark_args: [&(dyn ToSql + Sync); 2] = [&owner, &life.batch];
            let accounts_args: [&(dyn ToSql + Sync); 1] = [&accounts];
            let keys_args: [&(dyn ToSql + Sync); 2] = [&hashes, &first_day];
            let holds_args: [&(dyn ToSql + Sync); 1] = [&holds];
            tokio::join!(
                client.batch_execute("BEGIN"),
                client.query_opt(&self.mark, &mark_args),
                OptionFuture::from(needs.is_common.then(|| client.query_opt(&self.common, &common_args))),
                client.query(&self.lock, &accounts_args),
                client.query_one(state, &[]),
                OptionFuture::from((!hashes.is_empty()).then(|| client.query(&self.keys, &keys_args))),
                OptionFuture::from((!holds.is_empty()).then(|| client.query(&self.holds, &holds_args))),
            )
        });
        begun?;
        mark?.ok_or(Fault::Missing("lane"))?;
        common.transpose()?;
        let (rows, state) = (rows?, state?);
        let mut begun = Begun { clock_ms: state.try_get(0)?, config: state.try_get(1)?, ..Begun::default() };
        let locked = rows.iter().map(|row| Locked::read(Row::Postgres(row))).collect::<Result<Vec<_>>>()?;
        let newest = locked.iter().map(|it| it.last_line).max().unwrap_or(0);
        begun.newest = newest.max(begun.config).max(state.try_get(2)?);
        begun.used.extend(needs.keys.iter().map(|it| (*it, 0)));
        for row in used.transpose()?.unwrap_or_default() {
            begun.used.insert(row.try_get::<_, Uuid>(0)?.as_u128(), row.try_get(1)?);
        }
        for row in &named.transpose()?.unwrap_or_default() {
            let hold = sql::hold(Row::Postgres(row))?;
            begun.holds.insert(hold.id, hold);
        }
        let unknown: Vec<AccountId> = kept.take_over(locked)?;
        kept.read(connection, &unknown)?;
        Ok(begun)
    }
}
