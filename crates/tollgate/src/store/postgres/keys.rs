//! Which key was used on which line: 128 bits of keyed hash, by day. A hit is only a hint, confirmed in the journal.

use ledger::{Caller, Scope};

use crate::store::bring::REMEMBERED_MS;
use crate::store::sql::{Reader, Result, Value};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Hashes keys, alike on every node.
pub(in crate::store) struct Keys {
    key: [u8; 32],
}

impl Keys {
    /// For the store with this mark, which only its key file makes.
    pub(in crate::store) fn of(mark: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("tollgate 2026-11 keys of requests", mark) }
    }

    /// The hash of a key within its scope.
    pub(in crate::store) fn hash(&self, scope: &Scope, key: &str) -> u128 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        let caller = match scope.caller {
            Caller::Operator => 1,
            Caller::Gate => 2,
            Caller::Account => 3,
            Caller::Server => 4,
            Caller::Call => 5,
        };
        hasher.update(scope.account.as_ref().map_or(&[0; 16], |it| it.as_bytes()));
        hasher.update(&[caller]).update(key.as_bytes());
        let hash = hasher.finalize();
        u128::from_be_bytes(*hash.as_bytes().first_chunk().unwrap_or(&[0; 16]))
    }

    /// The line that a key was used on last.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn find(&self, reader: Reader<'_>, hash: u128) -> Result<Option<i64>> {
        let newest = "SELECT seq FROM keys WHERE hash = ?1 ORDER BY day DESC LIMIT 1";
        reader.row(newest, &[Value::Id(hash.to_be_bytes())], |row| row.get("seq"))
    }
}

/// The day of a time, as the table counts them.
pub(in crate::store) fn day_of(millis: i64) -> i32 {
    i32::try_from(millis.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

/// The first day of which keys are still remembered.
pub(super) fn first_day(millis: i64) -> i32 {
    day_of(millis - REMEMBERED_MS)
}
