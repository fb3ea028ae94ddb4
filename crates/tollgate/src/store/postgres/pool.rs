//! Connections for whoever reads, and for what is written beside the ledger: one for each that is at it at the same time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Connection;
use super::connect::Connector;
use crate::store::sql::{Reader, Result};

/// What a connection is like. Reading a row or a page takes a moment, and compiling a plan would take longer.
const SETTINGS: &str = "SET jit = off; SET idle_in_transaction_session_timeout = '60s'";

/// How a transaction begins that sees one state and changes nothing.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The connections, at most so many: whoever comes when all are in use waits for one.
pub(in crate::store) struct Pool {
    connector: Arc<Connector>,
    kept: Mutex<Kept>,
    given_back: Condvar,
}

struct Kept {
    idle: Vec<Connection>,
    /// How many more may be in use or made.
    left: usize,
}

impl Pool {
    pub(in crate::store) fn new(connector: Arc<Connector>, most: usize) -> Self {
        Self {
            connector,
            kept: Mutex::new(Kept { idle: Vec::new(), left: most }),
            given_back: Condvar::new(),
        }
    }

    /// Reads one state.
    pub(in crate::store) fn read<T>(&self, read: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        self.within(READ, read)
    }

    /// Changes something in one transaction, of which nothing is left where it fails, without waiting for the disk: what a
    /// crash of the server takes back may be done again.
    pub(in crate::store) fn jot<T>(&self, change: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        self.within("BEGIN; SET LOCAL synchronous_commit = off", change)
    }

    /// Ends every connection that nobody uses.
    pub(in crate::store) fn close(&self) {
        self.kept().idle.clear();
    }

    fn within<T>(&self, begin: &'static str, ask: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        let mut turn = Turn { pool: self, given_back: None };
        let connection = self.begin(begin)?;
        let result = ask(Reader::Postgres(&connection));
        let ended = match &result {
            // What only read has nothing to wait for.
            Ok(_) if begin != READ => connection.batch("COMMIT"),
            Ok(_) | Err(_) => {
                connection.leave();
                Ok(())
            }
        };
        turn.given_back = Some(connection).filter(|it| !it.is_closed());
        result.and_then(|it| ended.map(|()| it))
    }

    /// A connection in a transaction. One that was not needed for a while may be gone, which is found out now, before
    /// anything is asked of it; and then the others are gone, too.
    fn begin(&self, begin: &str) -> Result<Connection> {
        if let Some(pooled) = self.take() {
            match pooled.batch(begin) {
                Ok(()) => return Ok(pooled),
                Err(fault) if fault.is_disconnected() => self.close(),
                Err(fault) => return Err(fault),
            }
        }
        let connection = self.connector.connect(SETTINGS)?;
        connection.batch(begin)?;
        Ok(connection)
    }

    /// One that is idle, as soon as one may be used; `None` where it is still to be made.
    fn take(&self) -> Option<Connection> {
        let mut kept = self.kept();
        while kept.left == 0 {
            kept = self.given_back.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
        kept.left -= 1;
        kept.idle.pop()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody's turn with a connection, which ends however that comes about, and lets in whoever waits.
struct Turn<'a> {
    pool: &'a Pool,
    /// What may be used by the next one.
    given_back: Option<Connection>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut kept = self.pool.kept();
        kept.left += 1;
        kept.idle.extend(self.given_back.take());
        drop(kept);
        self.pool.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_cluster::database;
    use super::*;
    use crate::store::sql::{Fault, values};

    fn pool() -> Pool {
        Pool::new(Connector::new(&database().parse().unwrap()).unwrap().into(), 2)
    }

    fn one(reader: Reader<'_>) -> Result<Option<i64>> {
        reader.row("SELECT pg_backend_pid() AS it", values![], |row| row.get::<i64>("it"))
    }

    #[test]
    fn a_connection_is_used_again_and_another_one_when_it_is_gone() {
        let pool = pool();
        let first = pool.read(one).unwrap();
        assert_eq!(pool.read(one).unwrap(), first);
        let killed = pool.jot(|reader| {
            pool.read(|other| {
                let killed =
                    reader.row("SELECT pg_backend_pid() AS it", values![], |row| row.get::<i64>("it"))?;
                let kill = "SELECT pg_terminate_backend(CAST(?1 AS integer)) AS it";
                other.row(kill, values![killed], |row| row.get::<bool>("it"))
            })
        });
        assert!(killed.is_err(), "its COMMIT finds nobody");
        let next = pool.read(one).unwrap();
        assert_ne!(next, first);
        assert!(next.is_some());
    }

    #[test]
    fn whoever_waits_is_let_in_after_one_has_failed_or_panicked() {
        let pool = pool();
        for _ in 0..3 {
            let panics = || pool.read(|_| -> Result<()> { panic!("as a reader may") });
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).unwrap_err();
            pool.read(|_| Err::<(), _>(Fault::Missing("row"))).unwrap_err();
            pool.read(|_| Ok(())).unwrap();
        }
        assert!(pool.read(one).unwrap().is_some());
    }

    #[test]
    fn a_transaction_that_has_read_is_over_though_nobody_waits_for_it() {
        let pool = pool();
        let process = pool.read(one).unwrap();
        // While this one is in use, the other one is idle.
        pool.jot(|reader| {
            let other = pool.read(one)?;
            let state = "SELECT COUNT(*) AS count FROM pg_stat_activity WHERE state = 'idle' AND pid = ?1";
            let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
            loop {
                reader.execute("SELECT pg_stat_clear_snapshot()", values![])?;
                let idle = reader.row(state, values![other], |row| row.get::<i64>("count"))?;
                if idle == Some(1) {
                    return Ok(());
                }
                assert!(std::time::Instant::now() < end, "{process:?} {other:?} is in a transaction");
            }
        })
        .unwrap();
    }

    #[test]
    fn a_reader_changes_nothing_and_a_change_that_fails_leaves_nothing() {
        let pool = pool();
        pool.jot(|reader| reader.execute("CREATE TABLE said (word text)", values![])).unwrap();
        let say = |reader: Reader<'_>| reader.execute("INSERT INTO said VALUES ('no')", values![]);
        let refused = pool.read(say).unwrap_err().to_string();
        assert!(refused.contains("25006"), "{refused}");
        let failed: Result<()> = pool.jot(|reader| {
            say(reader)?;
            Err(Fault::Missing("end"))
        });
        assert!(failed.is_err());
        let count = |reader: Reader<'_>| {
            reader.row("SELECT COUNT(*) AS count FROM said", values![], |row| row.get::<i64>("count"))
        };
        assert_eq!(pool.read(count).unwrap(), Some(0));
    }
}
