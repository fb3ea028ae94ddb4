//! Where lines stand.

use super::sql::{Bind, FromStored, Kind, Stored, Value};

/// Where a line stands in its journal: a later line of an account has the greater place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Its number among all lines, from 1 without a gap.
    Seq(i64),
}

/// How a line hangs in the chain of one of its accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The line of that account before it; `None` where it is the first.
    pub before: Option<Place>,
}

impl Place {
    /// Its number among all lines, where they have one.
    pub const fn seq(self) -> Option<i64> {
        match self {
            Self::Seq(seq) => Some(seq),
        }
    }
}

impl FromStored<'_> for Place {
    fn from_stored(stored: Stored<'_>) -> Option<Self> {
        match stored {
            Stored::Int(seq) => Some(Self::Seq(seq)),
            Stored::Null | Stored::Text(_) | Stored::Bytes(_) => None,
        }
    }
}

impl<'a> Bind<'a> for Place {
    const KIND: Kind = Kind::Int;

    fn bind(self) -> Value<'a> {
        match self {
            Self::Seq(seq) => Value::Int(seq),
        }
    }
}
