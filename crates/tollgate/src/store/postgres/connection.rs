//! A connection that is asked without async, by one thread at a time.
//!
//! Each has a runtime of its own, which runs for as long as whoever uses it waits for an answer, and not a moment longer. So
//! what the server says in between is heard with the next question, and whether the connection still lives is known only
//! then.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;

use futures_util::TryStreamExt;
use futures_util::future::{FutureExt, join};
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use crate::store::sql::{Fault, Kind, Reader, Result, Row, Value};

/// How many prepared statements are kept; then all of them are forgotten. Those of the store's own text are fewer; the
/// limits of keys stand in the text of others.
const STATEMENTS_MAX: usize = 512;

/// How many rows [`Connection::each`] has in memory at once.
const PAGE: usize = 1_000;

/// A connection to PostgreSQL.
pub(in crate::store) struct Connection {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    statements: RefCell<HashMap<Box<str>, Vec<Prepared>>>,
    /// How many cursors are open.
    cursors: Cell<usize>,
}

/// A statement with the kinds of values that it takes.
struct Prepared {
    kinds: Box<[Kind]>,
    statement: Statement,
}

impl Connection {
    /// Of a client whose connection is run by that runtime.
    pub(super) fn new(runtime: Runtime, client: Client) -> Self {
        let (statements, cursors) = (RefCell::default(), Cell::new(0));
        Self { runtime: Some(runtime), client, statements, cursors }
    }

    /// Who is asked, by whoever has more than one question at once: the futures of all may be waited for together.
    pub(in crate::store) const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether it was seen to be gone.
    pub(in crate::store) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs the connection until there is an answer.
    ///
    /// # Panics
    /// On a thread that runs all futures of its runtime.
    pub(in crate::store) fn wait<F: Future>(&self, future: F) -> F::Output {
        match &self.runtime {
            Some(runtime) => waiting(|| runtime.block_on(future)),
            None => unreachable!("it is taken when the connection is dropped"),
        }
    }

    /// Hears what the server has said meanwhile, without waiting for more: that it ends the connection, above all.
    pub(super) fn hear(&self) {
        self.wait(async {
            // The first has the system asked what has come, the second has it read.
            for _ in 0..2 {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Leaves a transaction of which nothing is to stay, without waiting for it to end.
    pub(super) fn leave(&self) {
        let _later = self.wait(async { self.client.batch_execute("ROLLBACK").now_or_never() });
        self.hear();
    }

    /// Waits for the answer to a statement.
    fn ask<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        Ok(self.wait(asked)?)
    }

    /// A statement as the server knows it, for values of these kinds. `?1` stands for the first.
    pub(in crate::store) fn statement(
        &self,
        text: &str,
        kinds: impl ExactSizeIterator<Item = Kind> + Clone,
    ) -> Result<Statement> {
        if let Some(all) = self.statements.borrow().get(text)
            && let Some(found) = all.iter().find(|it| it.kinds.iter().copied().eq(kinds.clone()))
        {
            return Ok(found.statement.clone());
        }
        let kinds: Box<[Kind]> = kinds.collect();
        let types: Vec<Type> = kinds.iter().map(|it| it.of_postgres()).collect();
        let statement = self.wait(self.client.prepare_typed(&numbered(text), &types))?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        let prepared = Prepared { kinds, statement: statement.clone() };
        statements.entry(text.into()).or_default().push(prepared);
        Ok(statement)
    }

    /// Whoever is asked as any engine is.
    pub(super) const fn reader(&self) -> Reader<'_> {
        Reader::Postgres(self)
    }

    /// A statement in PostgreSQL's own words, whose values are of the types that follow from it.
    pub(super) fn prepared(&self, text: &str) -> Result<Statement> {
        self.statement(text, std::iter::empty())
    }

    /// All rows that such a statement finds.
    pub(super) fn query(
        &self,
        text: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        let statement = self.prepared(text)?;
        self.ask(self.client.query(&statement, values))
    }

    /// Carries out such a statement that changes rows.
    pub(super) fn change(&self, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<()> {
        let statement = self.prepared(text)?;
        self.ask(self.client.execute(&statement, values)).map(drop)
    }

    /// All rows that a statement finds.
    pub(in crate::store) fn rows<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.found(text, values)?.iter().map(|row| read(Row::Postgres(row))).collect()
    }

    /// The first row that a statement finds.
    pub(in crate::store) fn row<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.found(text, values)?.first().map(|row| read(Row::Postgres(row))).transpose()
    }

    fn found(&self, text: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        let statement = self.statement(text, values.iter().map(Value::kind))?;
        let rows = self.client.query_raw(&statement, values.iter().copied());
        self.ask(async { rows.await?.try_collect().await })
    }

    /// Carries out a statement that changes rows; says how many.
    pub(in crate::store) fn execute(&self, text: &str, values: &[Value<'_>]) -> Result<usize> {
        let statement = self.statement(text, values.iter().map(Value::kind))?;
        let changed = self.ask(self.client.execute_raw(&statement, values.iter().copied()))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Carries out statements without values, one after the other.
    pub(in crate::store) fn batch(&self, text: &str) -> Result<()> {
        self.ask(self.client.batch_execute(text))
    }

    /// Goes through all rows that a statement finds, in a transaction, some of them in memory at a time. Whoever is told of one
    /// may read others meanwhile, and ends it with an error.
    pub(in crate::store) fn each<E: From<Fault>>(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let cursor = format!("rows_{}", self.cursors.get());
        let mut page = self.open(&cursor, text, values)?;
        self.cursors.set(self.cursors.get() + 1);
        let mut walked = Ok(());
        loop {
            walked = walked.and_then(|()| page.iter().try_for_each(|row| each(Row::Postgres(row))));
            if walked.is_err() || page.len() < PAGE {
                break;
            }
            match self.wait(self.client.query_typed(&fetch(&cursor), &[])) {
                Ok(next) => page = next,
                Err(error) => walked = Err(Fault::from(error).into()),
            }
        }
        self.cursors.set(self.cursors.get() - 1);
        // It is asked for, and nobody waits for the answer: the next question stands behind it.
        let close = format!("CLOSE {cursor}");
        let _later = self.wait(async { self.client.batch_execute(&close).now_or_never() });
        walked
    }

    /// Opens a cursor on what a statement finds, in a transaction, for whoever takes its rows as they are needed.
    pub(in crate::store) fn declare(&self, cursor: &str, text: &str) -> Result<()> {
        self.batch(&format!("DECLARE {cursor} NO SCROLL CURSOR FOR {text}"))
    }

    /// Its next rows; none at its end.
    pub(in crate::store) fn fetch<T>(
        &self,
        cursor: &str,
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let page = self.wait(self.client.query_typed(&fetch(cursor), &[]))?;
        page.iter().map(|row| read(Row::Postgres(row))).collect()
    }

    /// Opens a cursor and gives its first rows, in one go.
    fn open(&self, cursor: &str, text: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {}", numbered(text));
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|it| -> (&(dyn ToSql + Sync), _) { (it, it.kind().of_postgres()) }).collect();
        let fetch = fetch(cursor);
        let both = join(self.client.execute_typed(&declare, &values), self.client.query_typed(&fetch, &[]));
        self.ask(async {
            let (declared, rows) = both.await;
            declared?;
            rows
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Without waiting, for a runtime must not wait on a thread that runs futures, and connections are dropped there too.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for something where futures may be running: another thread goes on with those meanwhile.
pub(super) fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let runs_futures =
        Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
    if runs_futures { tokio::task::block_in_place(wait) } else { wait() }
}

fn fetch(cursor: &str) -> String {
    format!("FETCH {PAGE} FROM {cursor}")
}

/// The text as PostgreSQL has it: `$1` for `?1`.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(it) = rest.next() {
        let is_value = it == '?' && rest.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if is_value { '$' } else { it });
    }
    numbered
}

/// What went wrong, in one line: what the server said, or what stands between.
pub(in crate::store) fn said(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", said.message(), said.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(it) = cause {
        let _never_fails = write!(text, ": {it}");
        cause = it.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use ledger::AccountId;

    use super::super::test_cluster;
    use super::*;
    use crate::store::sql::{Bind, Column, FromStored, Stored, values};

    #[test]
    fn values_are_numbered_as_each_engine_has_it() {
        assert_eq!(numbered("a = ?1 AND b = ?12 OR c ? 'd'"), "a = $1 AND b = $12 OR c ? 'd'");
    }

    fn read<T: for<'a> FromStored<'a>>(connection: &Connection, value: Value<'_>) -> Option<T> {
        Reader::Postgres(connection).row("SELECT ?1 AS it", &[value], |row| row.get("it")).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let connection = test_cluster::connection();
        assert_eq!(read::<i64>(&connection, i64::MIN.bind()), Some(i64::MIN));
        assert_eq!(read::<u32>(&connection, u32::MAX.bind()), Some(u32::MAX));
        for is_so in [true, false] {
            assert_eq!(read::<bool>(&connection, is_so.bind()), Some(is_so));
        }
        assert_eq!(read::<String>(&connection, "née".bind()).as_deref(), Some("née"));
        let id = AccountId::from_bytes([7; 16]);
        assert_eq!(read::<Column<AccountId>>(&connection, Column(id).bind()).map(|it| it.0), Some(id));
        assert_eq!(read::<Vec<u8>>(&connection, [1_u8, 0, 255][..].bind()), Some(vec![1, 0, 255]));
        assert_eq!(read::<Option<String>>(&connection, None::<&str>.bind()), Some(None));
        assert_eq!(read::<Option<i64>>(&connection, None::<i64>.bind()), Some(None));
    }

    #[test]
    fn smaller_integers_are_integers_and_what_is_none_of_ours_is_refused() {
        let connection = test_cluster::connection();
        let reader = Reader::Postgres(&connection);
        let text =
            "SELECT 7::smallint AS small, 8::integer AS middle, 9::numeric AS other WHERE 7::smallint = ?1";
        let read = reader.row(text, values![7_i64], |row| {
            assert_eq!((row.get::<i64>("small")?, row.at::<i64>(1, "middle")?), (7, 8));
            assert!(matches!(row.get::<&str>("small"), Err(Fault::Misread("small"))));
            assert!(matches!(row.get::<i64>("other"), Err(Fault::Postgres(_))));
            assert!(matches!(row.get::<i64>("nowhere"), Err(Fault::Postgres(_))));
            Ok(())
        });
        assert!(read.unwrap().is_some());
    }

    #[test]
    fn others_are_read_while_rows_come_and_an_error_ends_it() {
        let connection = test_cluster::connection();
        let reader = Reader::Postgres(&connection);
        let all = "SELECT it FROM generate_series(1, ?1) AS it";
        connection.batch("BEGIN").unwrap();
        let (mut sum, mut inner) = (0, 0);
        let walked = reader.each(all, values![2_500_i64], |row| {
            let it: i64 = row.get("it")?;
            sum += reader.row("SELECT 2 * ?1 AS it", values![it], |row| row.get::<i64>("it"))?.unwrap_or(0);
            if it % 1_000 == 0 {
                reader.each(all, values![3_i64], |_| {
                    inner += 1;
                    Ok::<_, Fault>(())
                })?;
            }
            Ok::<_, Fault>(())
        });
        walked.unwrap();
        assert_eq!((sum, inner), (2_500 * 2_501, 6));
        let ended = reader.each(all, values![5_i64], |_| Err(Fault::Missing("fourth")));
        assert!(matches!(ended, Err(Fault::Missing("fourth"))));
        let open = "SELECT count(*) AS it FROM pg_cursors WHERE name LIKE 'rows%'";
        let left = reader.row(open, values![], |row| row.get::<i64>("it")).unwrap();
        assert_eq!(left, Some(0), "cursors are closed");
        connection.batch("COMMIT").unwrap();
        assert!(reader.row("SELECT 1 AS it WHERE FALSE", values![], |_| Ok(())).unwrap().is_none());
    }

    #[test]
    fn what_the_server_says_is_told_with_its_state() {
        let connection = test_cluster::connection();
        let fault = connection.execute("SELECT 1 / ?1", values![0_i64]).unwrap_err();
        assert_eq!(fault.to_string(), "division by zero (SQLSTATE 22012)");
        assert!(!connection.is_closed());
        let ended = connection.batch("SELECT pg_terminate_backend(pg_backend_pid())").unwrap_err();
        assert!(ended.to_string().contains("57P01"), "{ended}");
        assert!(connection.batch("SELECT 1").is_err());
        assert!(connection.is_closed());
    }

    #[test]
    fn a_text_for_each_kind_of_its_values_is_kept() {
        let connection = test_cluster::connection();
        let kept = |connection: &Connection| {
            let count = "SELECT count(*) AS count FROM pg_prepared_statements WHERE statement LIKE '%kept%'";
            connection.row(count, values![], |row| row.get::<i64>("count")).unwrap()
        };
        for _ in 0..3 {
            connection.row("SELECT ?1 AS kept", values![1_i64], |_| Ok(())).unwrap();
            connection.row("SELECT ?1 AS kept", values!["1"], |_| Ok(())).unwrap();
        }
        // And the one that counts.
        assert_eq!(kept(&connection), Some(3));
        for number in 0..=STATEMENTS_MAX {
            connection.row(&format!("SELECT {number} AS kept"), values![], |_| Ok(())).unwrap();
        }
        assert!(kept(&connection).unwrap() < 64, "they are forgotten some day");
        assert!(matches!(Stored::Null, Stored::Null));
    }
}
