//! Where a store is.

use std::path::PathBuf;
use std::str::FromStr;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("sqlite:") {
            Some("") | None => Err("a store is named sqlite:FILE, such as sqlite:tollgate.db".into()),
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
        for unknown in ["", "sqlite:", "a.db", "postgres://127.0.0.1/tollgate"] {
            let refused = unknown.parse::<StoreUrl>().unwrap_err();
            assert_eq!(refused, "a store is named sqlite:FILE, such as sqlite:tollgate.db", "{unknown}");
        }
    }
}
