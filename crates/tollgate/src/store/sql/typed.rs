//! What a value is to PostgreSQL: ids are uuids, everything else is what it is called there.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{Kind, Stored, Value};

impl Value<'_> {
    /// What it is, also where it is nothing.
    pub(in crate::store) const fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Int(_) => Kind::Int,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Id(_) => Kind::Id,
            Self::Bytes(_) => Kind::Bytes,
        }
    }
}

impl Kind {
    /// As what a statement takes it. Where the column is a smaller integer, PostgreSQL compares and assigns all the same.
    pub(in crate::store) const fn of_postgres(self) -> Type {
        match self {
            Self::Int => Type::INT8,
            Self::Bool => Type::BOOL,
            Self::Text => Type::TEXT,
            Self::Id => Type::UUID,
            Self::Bytes => Type::BYTEA,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null(_) => return Ok(IsNull::Yes),
            // Smaller ones only where rows go in without a statement.
            Self::Int(integer) if *of == Type::INT2 => out.put_i16((*integer).try_into()?),
            Self::Int(integer) if *of == Type::INT4 => out.put_i32((*integer).try_into()?),
            Self::Int(integer) => out.put_i64(*integer),
            Self::Bool(is_so) => out.put_u8(u8::from(*is_so)),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Id(bytes) => out.put_slice(bytes),
            Self::Bytes(bytes) => out.put_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        let all = [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::TEXT, Type::UUID, Type::BYTEA];
        all.contains(of)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Stored<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *of {
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Self::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Int(i64::from(raw != [0])),
            Type::TEXT => Self::Text(std::str::from_utf8(raw)?),
            _ => Self::Bytes(raw),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(of: &Type) -> bool {
        let all = [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::TEXT, Type::UUID, Type::BYTEA];
        all.contains(of)
    }
}
