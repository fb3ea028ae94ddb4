//! What stands between the store and the engine that keeps it: the values that go into a statement, the rows that come
//! out of it, and who is asked. `columns` says what a domain value is in a column; `rows` reads whole records.
//!
//! Statements are written once, with `?1` for the first value. What only one engine understands is told apart where the
//! statement stands.

mod columns;
mod rows;
mod typed;

use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use tokio_postgres::error::{Severity, SqlState};

use super::postgres::{self, said};

pub(super) use columns::{ACCOUNT, Column, FORCED, GATE, LATE, OPERATOR, SERVER, scope_columns};
pub use rows::Recorded;
pub(super) use rows::{KeyedLine, account, credential, get, get_opt, hold, parsed, recorded, token};

/// Why the store could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused, or could not be asked.
    #[error("{}", said(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// A column holds nothing that could be read as what stands there: something else has written it.
    #[error("column {0} holds nothing that could be read")]
    Misread(&'static str),
    /// What another row leads to is not there.
    #[error("the {0} that a row leads to is not there")]
    Missing(&'static str),
    /// Whoever was asked ended without an answer.
    #[error("whoever was asked ended without an answer")]
    Ended,
    /// Whoever was asked did not answer in time.
    #[error("whoever was asked did not answer in time")]
    Silent,
    /// The system refused what it takes to ask.
    #[error("the system refused: {0}")]
    System(std::io::Error),
}

impl Fault {
    /// Whether nobody is there any more who was asked, so that what was sent last may have been done or not.
    pub(super) fn is_disconnected(&self) -> bool {
        match self {
            Self::Postgres(error) => match error.as_db_error() {
                // The server ends the connection after that.
                Some(said) => {
                    said.parsed_severity().is_none_or(|it| matches!(it, Severity::Fatal | Severity::Panic))
                }
                None => true,
            },
            Self::Ended | Self::Silent | Self::System(_) => true,
            Self::Sqlite(_) | Self::Misread(_) | Self::Missing(_) => false,
        }
    }

    /// Whether somebody else held a lock for longer than was to be waited.
    pub(super) fn is_kept_waiting(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    /// Whether the same may go through at once: a race was lost, or the connection.
    pub(super) fn may_go_through(&self) -> bool {
        let lost = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            // Somebody has cancelled a statement.
            SqlState::QUERY_CANCELED,
        ];
        self.is_disconnected() || self.is_read_only() || self.state().is_some_and(|it| lost.contains(it))
    }

    /// Whether the server takes no writes: another one has taken its place, or will.
    pub(super) fn is_read_only(&self) -> bool {
        self.state() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
    }

    /// Whether a row is not as it should be, or what was to be written does not fit those that are there: what has nothing to do
    /// with these may go through.
    pub(super) fn is_of_a_row(&self) -> bool {
        match self {
            Self::Misread(_) | Self::Missing(_) => true,
            // Data, and constraints.
            Self::Postgres(_) => {
                self.state().is_some_and(|it| matches!(it.code().get(..2), Some("22" | "23")))
            }
            Self::Sqlite(_) | Self::Ended | Self::Silent | Self::System(_) => false,
        }
    }

    /// What a server of PostgreSQL has said.
    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Sqlite(_)
            | Self::Misread(_)
            | Self::Missing(_)
            | Self::Ended
            | Self::Silent
            | Self::System(_) => None,
        }
    }
}

/// What the store says, or why it says nothing.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// A value that goes into a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// Nothing, where there might be something of this kind.
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(&'a str),
    Id([u8; 16]),
    Bytes(&'a [u8]),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bool,
    Text,
    Id,
    Bytes,
}

/// What can go into a statement.
pub(super) trait Bind<'a> {
    /// What it is, also where it is nothing.
    const KIND: Kind;

    fn bind(self) -> Value<'a>;
}

/// The values of a statement, in their order.
macro_rules! values {
    () => {
        &[]
    };
    ($($value:expr),+ $(,)?) => {
        &[$($crate::store::sql::Bind::bind($value)),+]
    };
}
pub(super) use values;

impl<'a> Bind<'a> for i64 {
    const KIND: Kind = Kind::Int;

    fn bind(self) -> Value<'a> {
        Value::Int(self)
    }
}

impl<'a> Bind<'a> for u32 {
    const KIND: Kind = Kind::Int;

    fn bind(self) -> Value<'a> {
        Value::Int(self.into())
    }
}

impl<'a> Bind<'a> for bool {
    const KIND: Kind = Kind::Bool;

    fn bind(self) -> Value<'a> {
        Value::Bool(self)
    }
}

impl<'a> Bind<'a> for &'a str {
    const KIND: Kind = Kind::Text;

    fn bind(self) -> Value<'a> {
        Value::Text(self)
    }
}

impl<'a> Bind<'a> for &'a [u8] {
    const KIND: Kind = Kind::Bytes;

    fn bind(self) -> Value<'a> {
        Value::Bytes(self)
    }
}

impl<'a, T: Bind<'a>> Bind<'a> for Option<T> {
    const KIND: Kind = T::KIND;

    fn bind(self) -> Value<'a> {
        self.map_or(Value::Null(T::KIND), T::bind)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Int(integer) => ValueRef::Integer(*integer),
            Self::Bool(is_so) => ValueRef::Integer(i64::from(*is_so)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(bytes) => ValueRef::Blob(bytes),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stored<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What can be read from a column.
pub(super) trait FromStored<'a>: Sized {
    /// `None` for what is not of its kind.
    fn from_stored(stored: Stored<'a>) -> Option<Self>;
}

impl<'a> Stored<'a> {
    const fn int(self) -> Option<i64> {
        match self {
            Self::Int(integer) => Some(integer),
            Self::Null | Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) | Self::Bytes(_) => None,
        }
    }

    const fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Null | Self::Int(_) | Self::Text(_) => None,
        }
    }
}

/// What is read by one of [`Stored`]'s own words.
macro_rules! stored {
    ($($type:ty = |$it:ident| $read:expr;)*) => {$(
        impl<'a> FromStored<'a> for $type {
            fn from_stored($it: Stored<'a>) -> Option<Self> {
                $read
            }
        }
    )*};
}

stored! {
    i64 = |it| it.int();
    u32 = |it| it.int().and_then(|it| it.try_into().ok());
    u16 = |it| it.int().and_then(|it| it.try_into().ok());
    bool = |it| it.int().map(|it| it != 0);
    &'a str = |it| it.text();
    String = |it| it.text().map(Into::into);
    Box<str> = |it| it.text().map(Into::into);
    Arc<str> = |it| it.text().map(Into::into);
    &'a [u8] = |it| it.bytes();
    Vec<u8> = |it| it.bytes().map(Into::into);
    [u8; 16] = |it| it.bytes().and_then(|it| it.try_into().ok());
    [u8; 32] = |it| it.bytes().and_then(|it| it.try_into().ok());
}

impl<'a> FromStored<'a> for Stored<'a> {
    fn from_stored(stored: Self) -> Option<Self> {
        Some(stored)
    }
}

impl<'a, T: FromStored<'a>> FromStored<'a> for Option<T> {
    fn from_stored(stored: Stored<'a>) -> Option<Self> {
        match stored {
            Stored::Null => Some(None),
            Stored::Int(_) | Stored::Text(_) | Stored::Bytes(_) => T::from_stored(stored).map(Some),
        }
    }
}

/// A row that a statement has found.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    /// What stands in the column with this name.
    pub(super) fn get<T: FromStored<'a>>(self, column: &'static str) -> Result<T> {
        let stored = match self {
            Self::Sqlite(row) => of_sqlite(row.get_ref(column)?),
            Self::Postgres(row) => Some(row.try_get(column)?),
        };
        stored.and_then(T::from_stored).ok_or(Fault::Misread(column))
    }

    /// The same of the column at this place, from 0 on: where there are millions of rows, so that none is looked for by
    /// its name.
    pub(super) fn at<T: FromStored<'a>>(self, place: usize, column: &'static str) -> Result<T> {
        let stored = match self {
            Self::Sqlite(row) => of_sqlite(row.get_ref(place)?),
            Self::Postgres(row) => Some(row.try_get(place)?),
        };
        stored.and_then(T::from_stored).ok_or(Fault::Misread(column))
    }
}

/// No column of ours holds a float, and every text is one.
fn of_sqlite(value: ValueRef<'_>) -> Option<Stored<'_>> {
    match value {
        ValueRef::Null => Some(Stored::Null),
        ValueRef::Integer(integer) => Some(Stored::Int(integer)),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(Stored::Text),
        ValueRef::Blob(bytes) => Some(Stored::Bytes(bytes)),
        ValueRef::Real(_) => None,
    }
}

/// Who is asked: one state of the store, for as long as the transaction lasts in which it is read.
#[derive(Clone, Copy)]
pub(super) enum Reader<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a postgres::Connection),
}

/// Whose SQL is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Reader<'_> {
    /// Whose SQL is understood, for what is not the same text everywhere.
    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The one of two texts that is understood.
    pub(super) const fn either<'t>(self, sqlite: &'t str, postgres: &'t str) -> &'t str {
        match self.dialect() {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        }
    }

    /// All rows that a statement finds.
    pub(super) fn rows<T>(
        self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        if let Self::Postgres(connection) = self {
            return connection.rows(text, values, read);
        }
        let mut rows = Vec::new();
        self.each(text, values, |row| {
            rows.push(read(row)?);
            Ok::<_, Fault>(())
        })?;
        Ok(rows)
    }

    /// The first row that a statement finds.
    pub(super) fn row<T>(
        self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(text)?;
                let mut rows = statement.query(params_from_iter(values))?;
                rows.next()?.map(|row| read(Row::Sqlite(row))).transpose()
            }
            Self::Postgres(connection) => connection.row(text, values, read),
        }
    }

    /// Goes through all rows that a statement finds, which need never be in memory together. Whoever is told of one may
    /// read others meanwhile, and ends it with an error.
    pub(super) fn each<E: From<Fault>>(
        self,
        text: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(text).map_err(Fault::from)?;
                let mut rows = statement.query(params_from_iter(values)).map_err(Fault::from)?;
                while let Some(row) = rows.next().map_err(Fault::from)? {
                    each(Row::Sqlite(row))?;
                }
                Ok(())
            }
            Self::Postgres(connection) => connection.each(text, values, each),
        }
    }

    /// Carries out a statement that changes rows; says how many. For what is no part of the ledger.
    pub(super) fn execute(self, text: &str, values: &[Value<'_>]) -> Result<usize> {
        match self {
            Self::Sqlite(connection) => {
                Ok(connection.prepare_cached(text)?.execute(params_from_iter(values))?)
            }
            Self::Postgres(connection) => connection.execute(text, values),
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::AccountId;

    use super::*;

    fn read<T: for<'a> FromStored<'a>>(value: Value<'_>) -> Result<Option<T>> {
        let sqlite = Connection::open_in_memory().unwrap();
        Reader::Sqlite(&sqlite).row("SELECT ?1 AS it", &[value], |row| row.get("it"))
    }

    #[test]
    fn what_goes_in_comes_out() {
        assert_eq!(read::<i64>(i64::MIN.bind()).unwrap(), Some(i64::MIN));
        assert_eq!(read::<u32>(u32::MAX.bind()).unwrap(), Some(u32::MAX));
        for is_so in [true, false] {
            assert_eq!(read::<bool>(is_so.bind()).unwrap(), Some(is_so));
        }
        assert_eq!(read::<String>("née".bind()).unwrap().as_deref(), Some("née"));
        let id = AccountId::from_bytes([7; 16]);
        assert_eq!(read::<Column<AccountId>>(Column(id).bind()).unwrap().map(|it| it.0), Some(id));
        assert_eq!(read::<Option<String>>(None::<&str>.bind()).unwrap(), Some(None));
    }

    #[test]
    fn what_is_not_of_its_kind_is_misread() {
        let sqlite = Connection::open_in_memory().unwrap();
        let misread = |result: Result<Option<()>>| matches!(result, Err(Fault::Misread("it")));
        for text in ["1.5", "'1'", "x'01'", "NULL"] {
            let text = format!("SELECT {text} AS it");
            let found = Reader::Sqlite(&sqlite).row(&text, values![], |row| row.get::<i64>("it").map(drop));
            assert!(misread(found), "{text}");
        }
        let found = Reader::Sqlite(&sqlite)
            .row("SELECT CAST(x'FF' AS TEXT) AS it", values![], |row| row.get::<&str>("it").map(drop));
        assert!(misread(found), "no text is of other bytes than UTF-8");
        assert!(misread(read::<u32>((-1_i64).bind()).map(|it| it.map(drop))));
    }

    #[test]
    fn others_are_read_while_rows_come_and_an_error_ends_it() {
        let sqlite = Connection::open_in_memory().unwrap();
        let reader = Reader::Sqlite(&sqlite);
        let mut sum = 0;
        let ended = reader.each("SELECT 1 AS it UNION ALL SELECT 2 UNION ALL SELECT 3", values![], |row| {
            let it: i64 = row.get("it")?;
            if it == 3 {
                return Err(Fault::Missing("fourth"));
            }
            let twice = reader.row("SELECT 2 * ?1 AS it", values![it], |row| row.get::<i64>("it"))?;
            sum += twice.unwrap_or(0);
            Ok(())
        });
        assert!(matches!(ended, Err(Fault::Missing("fourth"))));
        assert_eq!(sum, 6);
        assert!(reader.row("SELECT 1 AS it WHERE FALSE", values![], |_| Ok(())).unwrap().is_none());
    }
}
