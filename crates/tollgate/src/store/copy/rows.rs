//! Rows on their way from one store into another.

use super::tables::Table;
use crate::store::embedded::Fresh;
use crate::store::postgres::{self, CopyIn};
use crate::store::sql::{Fault, Kind, Reader, Result, Row, Stored, Value, values};

/// How many rows go on their way at once.
const TOGETHER: usize = 512;

/// Where a store is copied to.
pub(super) enum Target {
    File(Fresh),
    Database(postgres::Target),
}

impl Target {
    /// Whoever is asked, and told what is no matter of many rows.
    pub(super) const fn reader(&self) -> Reader<'_> {
        match self {
            Self::File(fresh) => fresh.reader(),
            Self::Database(target) => target.reader(),
        }
    }
}

/// A table that takes rows.
pub(super) struct Sink<'a> {
    into: Into<'a>,
    /// How many columns a row has.
    columns: usize,
    waiting: Vec<Owned>,
}

enum Into<'a> {
    File(Reader<'a>, String),
    Database(CopyIn<'a>),
}

impl<'a> Sink<'a> {
    /// Begins to take rows of a table; from a database nothing else is asked until their end.
    pub(super) fn of(target: &'a Target, table: &Table) -> Result<Self> {
        let mut names: Vec<_> = table.columns.iter().map(|it| it.0).collect();
        let into = match target {
            Target::Database(target) => {
                names.extend(table.of_postgres.iter().map(|it| it.0));
                Into::Database(target.copy_in(table.name, &names)?)
            }
            Target::File(fresh) => Into::File(fresh.reader(), insert(table.name, &names)),
        };
        Ok(Self { into, columns: names.len(), waiting: Vec::new() })
    }

    /// The same of another reader of a file.
    pub(super) fn of_file(reader: Reader<'a>, table: &Table) -> Self {
        let names: Vec<_> = table.columns.iter().map(|it| it.0).collect();
        let into = Into::File(reader, insert(table.name, &names));
        Self { into, columns: names.len(), waiting: Vec::new() }
    }

    pub(super) fn take(&mut self, row: Vec<Owned>) -> Result<()> {
        self.waiting.extend(row);
        if self.waiting.len() >= TOGETHER * self.columns { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        let values: Vec<_> = self.waiting.iter().map(Owned::value).collect();
        match &mut self.into {
            Into::File(reader, insert) => {
                for row in values.chunks_exact(self.columns) {
                    reader.execute(insert, row)?;
                }
            }
            Into::Database(copy) => copy.take(&values)?,
        }
        self.waiting.clear();
        Ok(())
    }

    /// Says that these were all.
    pub(super) fn end(mut self) -> Result<()> {
        self.write()?;
        match self.into {
            Into::File(..) => Ok(()),
            Into::Database(copy) => copy.end(),
        }
    }
}

fn insert(table: &str, names: &[&str]) -> String {
    let places: Vec<_> = (1..=names.len()).map(|it| format!("?{it}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "))
}

/// How rows of a table are asked for, to be written to a target; without an order.
pub(super) fn select(table: &Table, target: &Target) -> String {
    let mut asked: Vec<_> = table.columns.iter().map(|it| it.0).collect();
    if let Target::Database(_) = target {
        asked.extend(table.of_postgres.iter().map(|it| it.1));
    }
    format!("SELECT {} FROM {}", asked.join(", "), table.name)
}

/// Copies the rows of a table; `change` sees each before it is written.
pub(super) fn copy_rows(
    from: Reader<'_>,
    target: &Target,
    table: &Table,
    mut change: impl FnMut(&mut Vec<Owned>) -> Result<()>,
) -> Result<()> {
    let mut sink = Sink::of(target, table)?;
    let read = format!("{} ORDER BY {}", select(table, target), table.order);
    from.each(&read, values![], |row| {
        let mut row = owned(row, table, target)?;
        change(&mut row)?;
        sink.take(row)
    })?;
    sink.end()
}

/// The values of a row that was asked for by [`select`].
pub(super) fn owned(row: Row<'_>, table: &Table, target: &Target) -> Result<Vec<Owned>> {
    let of_postgres = match target {
        Target::Database(_) => table.of_postgres,
        Target::File(_) => &[],
    };
    let further = of_postgres.iter().map(|(name, _, kind)| (*name, *kind));
    let columns = table.columns.iter().copied().chain(further);
    columns.enumerate().map(|(place, (name, kind))| Owned::read(row, place, name, kind)).collect()
}

/// A value on its way.
#[derive(Clone)]
pub(super) enum Owned {
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(String),
    Id([u8; 16]),
    Bytes(Vec<u8>),
}

impl Owned {
    /// What stands in a column.
    fn read(row: Row<'_>, place: usize, name: &'static str, kind: Kind) -> Result<Self> {
        Ok(match (kind, row.at::<Stored<'_>>(place, name)?) {
            (_, Stored::Null) => Self::Null(kind),
            (Kind::Int, Stored::Int(integer)) => Self::Int(integer),
            (Kind::Bool, Stored::Int(integer)) => Self::Bool(integer != 0),
            (Kind::Text, Stored::Text(text)) => Self::Text(text.to_owned()),
            (Kind::Id, Stored::Bytes(bytes)) => Self::Id(bytes.try_into().map_err(|_| Fault::Misread(name))?),
            (Kind::Bytes, Stored::Bytes(bytes)) => Self::Bytes(bytes.to_owned()),
            _ => return Err(Fault::Misread(name)),
        })
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null(kind) => Value::Null(*kind),
            Self::Int(integer) => Value::Int(*integer),
            Self::Bool(is_so) => Value::Bool(*is_so),
            Self::Text(text) => Value::Text(text),
            Self::Id(bytes) => Value::Id(*bytes),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}
