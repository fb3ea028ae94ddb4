//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::PostgresUrl;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(PostgresUrl),
}

impl StoreUrl {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// As operators call it.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Postgres);
        }
        match text.strip_prefix("sqlite:") {
            Some("") | None => Err(
                "a store is named sqlite:FILE or postgres://USER@HOST/DATABASE, such as sqlite:tollgate.db"
                    .into(),
            ),
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_its_kind_and_where_it_is() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(StoreUrl::Sqlite("a/b.db".into())));
        let database = "postgres://me:secret@127.0.0.1/shop".parse::<StoreUrl>().unwrap();
        assert_eq!(database.to_string(), "postgres://me@127.0.0.1:5432/shop");
        for unknown in ["", "sqlite:", "a.db"] {
            let refused = unknown.parse::<StoreUrl>().unwrap_err();
            assert_eq!(
                refused,
                "a store is named sqlite:FILE or postgres://USER@HOST/DATABASE, such as sqlite:tollgate.db",
                "{unknown}"
            );
        }
    }
}
