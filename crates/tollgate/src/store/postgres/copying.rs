//! A store that is copied to a database, or from one.
//!
//! **Invariant.** Everything of a new store is written in one transaction, with the tables themselves. So there is nothing of it
//! before it is whole, and nothing is left of one that was broken off. Whoever wants to make a store there meanwhile waits
//! at the lock of the schema.

use std::pin::Pin;

use ledger::Timestamp;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::{Connection, PostgresUrl, engine, life, partitions, schema};
use crate::store::OpenError;
use crate::store::sql::{Reader, Result, Value, values};

/// Where a store is copied to: a database that has none, in a transaction.
pub(in crate::store) struct Target {
    connection: Connection,
}

impl Target {
    /// Begins, with tables that nothing is in, marked as sealed under a key file.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(in crate::store) fn begin(url: &PostgresUrl, mark: &[u8; 32]) -> Result<Self, OpenError> {
        let store = url.to_string();
        let connection = engine::connect(url, &store)?;
        connection.batch("SET synchronous_commit = on")?;
        schema::begin(&connection, &store, mark)?;
        Ok(Self { connection })
    }

    /// Whoever is asked, and told what is no matter of many rows.
    pub(in crate::store) const fn reader(&self) -> Reader<'_> {
        self.connection.reader()
    }

    /// The time of the database's clock.
    pub(in crate::store) fn now(&self) -> Result<Timestamp> {
        partitions::now(&self.connection)
    }

    /// Makes the parts of tables for what comes.
    pub(in crate::store) fn make_parts(
        &self,
        times: (Timestamp, Timestamp),
        keys: Option<(Timestamp, Timestamp)>,
        events: i64,
    ) -> Result<()> {
        partitions::make_for_copy(&self.connection, times, keys, events)
    }

    /// Begins to take rows of a table; nothing else is asked or told until their end.
    pub(in crate::store) fn copy_in(&self, table: &str, columns: &[&str]) -> Result<CopyIn<'_>> {
        let names = columns.join(", ");
        let typed = self.connection.prepared(&format!("SELECT {names} FROM {table}"))?;
        let types: Vec<Type> = typed.columns().iter().map(|it| it.type_().clone()).collect();
        let copy = format!("COPY {table} ({names}) FROM STDIN BINARY");
        let sink = self.connection.wait(self.connection.client().copy_in(&copy))?;
        let writer = Box::pin(BinaryCopyInWriter::new(sink, &types));
        Ok(CopyIn { connection: &self.connection, writer, columns: columns.len() })
    }

    /// Carries out statements without values.
    pub(in crate::store) fn batch(&self, text: &str) -> Result<()> {
        self.connection.batch(text)
    }

    /// From here on it is a store.
    pub(in crate::store) fn commit(self) -> Result<()> {
        self.connection.batch("COMMIT")
    }
}

/// Rows on their way into a table.
pub(in crate::store) struct CopyIn<'a> {
    connection: &'a Connection,
    writer: Pin<Box<BinaryCopyInWriter>>,
    columns: usize,
}

impl CopyIn<'_> {
    /// Takes the values of some rows, one row behind the other.
    pub(in crate::store) fn take(&mut self, values: &[Value<'_>]) -> Result<()> {
        let Self { connection, writer, columns } = self;
        let taken = connection.wait(async {
            for row in values.chunks_exact(*columns) {
                writer.as_mut().write_raw(row.iter().copied()).await?;
            }
            Ok(())
        });
        taken.map_err(tokio_postgres::Error::into)
    }

    /// Says that these were all.
    pub(in crate::store) fn end(mut self) -> Result<()> {
        self.connection.wait(self.writer.as_mut().finish())?;
        Ok(())
    }
}

/// Reads one state of a store to which nobody writes, nor will before this returns: the locks of all lanes are held, so that no
/// node starts. What is read is told what the key file of the store says.
///
/// # Errors
/// [`OpenError`] as its `E`, or whatever `read` says.
pub(in crate::store) fn read_still<T, E: From<OpenError>>(
    url: &PostgresUrl,
    read: impl FnOnce(Reader<'_>, &[u8; 32]) -> Result<T, E>,
) -> Result<T, E> {
    let store = url.to_string();
    let connection = engine::connect(url, &store)?;
    schema::check(&connection, &store)?;
    if let Some(node) = life::hold_all(connection.reader()).map_err(OpenError::from)? {
        return Err(OpenError::Served { store, node }.into());
    }
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    connection.batch(begin).map_err(OpenError::from)?;
    let mark = schema::mark(&connection).map_err(OpenError::from)?;
    read(connection.reader(), &mark.unwrap_or_default())
}

/// Has the numbers of rows go on behind those that were copied, and behind `numbers`, the last one that a phone number had.
pub(in crate::store) fn go_on_behind(reader: Reader<'_>, numbers: i64) -> Result<()> {
    for table in ["accounts", "applications", "endpoints"] {
        let next = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'number'), COALESCE(MAX(number), 0) + 1, FALSE) AS it
             FROM {table}"
        );
        reader.row(&next, values![], |_| Ok(()))?;
    }
    // Never used again, not even one that was withdrawn last.
    let next = "SELECT setval(pg_get_serial_sequence('numbers', 'number'), ?1, FALSE) AS it";
    reader.row(next, values![numbers.saturating_add(1)], |_| Ok(())).map(drop)
}
