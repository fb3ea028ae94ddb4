//! What is counted of two stores that must be the same.

use super::tables::{LEADING, PLAIN};
use crate::store::sql::{Reader, Result, values};

/// Counts and sums, each with what it is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Figures(Vec<(String, Vec<i64>)>);

/// The upper and the lower half of what a column adds up to, for the whole may be more than an integer holds.
fn halves(column: &str) -> String {
    format!(
        "CAST(COALESCE(SUM({column} >> 32), 0) AS bigint) AS high,
         CAST(COALESCE(SUM({column} & 4294967295), 0) AS bigint) AS low"
    )
}

impl Figures {
    /// Of a store.
    pub(super) fn read(reader: Reader<'_>) -> Result<Self> {
        let mut all = Vec::new();
        for table in ["accounts", "journal"].into_iter().chain(PLAIN.iter().chain(&LEADING).map(|it| it.name))
        {
            // In a file there are more of them, for what has them anew.
            if table == "places" {
                continue;
            }
            let count = format!("SELECT COUNT(*) AS count FROM {table}");
            let count = reader.row(&count, values![], |row| row.get("count"))?;
            all.push((format!("rows of {table}"), vec![count.unwrap_or(0)]));
        }
        for column in ["balance", "credit_limit", "held"] {
            let text = format!(
                "SELECT currency, {} FROM accounts GROUP BY currency ORDER BY currency",
                halves(column)
            );
            let sums = reader.rows(&text, values![], |row| {
                let currency: &str = row.get("currency")?;
                Ok((format!("{column} in {currency}"), vec![row.get("high")?, row.get("low")?]))
            })?;
            all.extend(sums);
        }
        for column in ["balance_change", "credit_change", "held_change", "at"] {
            let text = format!("SELECT {} FROM journal", halves(column));
            let sum = reader.row(&text, values![], |row| Ok(vec![row.get("high")?, row.get("low")?]))?;
            all.push((format!("{column} of all lines"), sum.unwrap_or_default()));
        }
        Ok(Self(all))
    }

    /// How many rows of a table there are.
    pub(super) fn rows_of(&self, table: &str) -> i64 {
        let name = format!("rows of {table}");
        self.0.iter().find(|it| it.0 == name).and_then(|it| it.1.first().copied()).unwrap_or(0)
    }

    /// The first thing that differs.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let differs = self.0.iter().zip(&other.0).find(|(one, other)| one != other);
        match differs {
            Some(((name, one), (_, other))) => Some(format!("{name}: {one:?} and {other:?}")),
            None if self.0.len() != other.0.len() => Some("there are more currencies in one of them".into()),
            None => None,
        }
    }
}
