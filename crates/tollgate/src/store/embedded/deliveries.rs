//! The file of what became of deliveries: it lies beside the store, and its commits wait for no sync.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::store::sql::{Reader, Result};

const SCHEMA: &str = "
    CREATE TABLE progress (through INTEGER NOT NULL);
    INSERT INTO progress (through) VALUES (-1);
    CREATE TABLE deliveries (
        webhook     BLOB    NOT NULL,
        -- The place of the event.
        seq         INTEGER NOT NULL,
        event       BLOB    NOT NULL,
        kind        INTEGER NOT NULL,
        account     BLOB    NOT NULL,
        -- 1 pending, 2 delivered, 3 dead.
        state       INTEGER NOT NULL,
        -- Asked for once more: out of its turn, and nothing waits for it.
        is_resent   INTEGER NOT NULL,
        attempts    INTEGER NOT NULL,
        queued_at   INTEGER NOT NULL,
        -- NULL while it waits for the one before it, and at its end.
        next_at     INTEGER,
        last_at     INTEGER,
        last_status INTEGER,
        last_error  TEXT,
        PRIMARY KEY (webhook, seq)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_turn ON deliveries (webhook, account, is_resent, seq) WHERE state = 1;
    CREATE INDEX deliveries_due ON deliveries (webhook, next_at) WHERE next_at IS NOT NULL;
    CREATE INDEX deliveries_ended ON deliveries (last_at, state) WHERE state <> 1;
    CREATE UNIQUE INDEX deliveries_event ON deliveries (webhook, event);
    CREATE INDEX deliveries_of ON deliveries (webhook, state, seq);
    PRAGMA user_version = 1;
";

/// It, open.
pub(in crate::store) struct Deliveries(Mutex<Connection>);

impl Deliveries {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 10000;",
        )?;
        connection.set_prepared_statement_cache_capacity(32);
        let version: u32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        if version == 0 {
            connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
        }
        Ok(Self(Mutex::new(connection)))
    }

    /// Asks something of it.
    pub(in crate::store) fn ask<T>(&self, ask: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        ask(Reader::Sqlite(&self.connection()))
    }

    /// Changes something in one transaction, and says so to `then` before anybody else asks.
    pub(in crate::store) fn change<T>(
        &self,
        change: impl FnOnce(Reader<'_>) -> Result<T>,
        then: impl FnOnce(&T),
    ) -> Result<T> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let changed = change(Reader::Sqlite(&transaction))?;
        transaction.commit()?;
        then(&changed);
        Ok(changed)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
