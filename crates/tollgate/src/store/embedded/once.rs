//! Which key was used on which line: eight bytes of keyed hash and a sequence each. A hit is only a hint, confirmed
//! in the journal; so two keys of the same hash cost a read and never a wrong answer.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};

use ledger::{Caller, Scope, Timestamp};

use super::once_table::Table;
use crate::store::bring::REMEMBERED_MS;

/// How many keyed writes are remembered when nothing else is said.
pub const ONCE_MAX: usize = 20_000_000;

/// One growing table stalls for more than half a second when it resizes at some million entries; of 4096, each stalls
/// for less than half a millisecond.
const SHARDS: usize = 4096;
/// After how many keyed writes a mark is set that forgetting can stop at.
const MARK_EVERY: usize = 1024;

pub(super) struct OnceMap {
    hasher: RandomState,
    shards: Vec<Table>,
    marks: VecDeque<Mark>,
    /// Keyed writes since the last mark.
    since_mark: usize,
    len_max: usize,
    /// Lines before this one are forgotten.
    floor: i64,
}

/// The first of [`MARK_EVERY`] keyed writes.
struct Mark {
    seq: i64,
    at: Timestamp,
}

impl OnceMap {
    pub(super) fn new(len_max: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(Table::default).take(SHARDS).collect(),
            marks: VecDeque::new(),
            since_mark: 0,
            len_max,
            floor: 0,
        }
    }

    /// The hash of a key within its scope, keyed anew at each start.
    pub(super) fn hash(&self, scope: &Scope, key: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(scope.account.as_ref().map_or(&[0; 16], |it| it.as_bytes()));
        hasher.write_u8(match scope.caller {
            Caller::Operator => 1,
            Caller::Gate => 2,
            Caller::Account => 3,
            Caller::Server => 4,
            Caller::Call => 5,
        });
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    /// The line that perhaps was written under this key.
    pub(super) fn get(&self, hash: u64) -> Option<i64> {
        self.shards.get(shard_of(hash))?.get(hash, self.floor)
    }

    /// Has memory fetch what searches for these will look at. It is seldom near, for hashes are random and there are
    /// millions of them; but where no search waits for the one before it, they wait together.
    pub(super) fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        let touched = hashes.filter_map(|it| Some(self.shards.get(shard_of(it))?.touch(it)));
        std::hint::black_box(touched.fold(0, i64::wrapping_add));
    }

    pub(super) fn insert(&mut self, hash: u64, seq: i64, at: Timestamp) {
        if self.marks.is_empty() || self.since_mark >= MARK_EVERY {
            self.marks.push_back(Mark { seq, at });
            self.since_mark = 0;
        }
        self.since_mark += 1;
        self.forget(at);
        if let Some(shard) = self.shards.get_mut(shard_of(hash)) {
            shard.insert(hash, seq, self.floor);
        }
    }

    /// When the oldest remembered key was used, rounded to the mark before it.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.marks.front().map(|it| it.at)
    }

    /// Lines from this one on may be remembered.
    pub(super) const fn floor(&self) -> i64 {
        self.floor
    }

    /// Moves the floor past what is too old or too much. The shards let go of that when they need room.
    fn forget(&mut self, now: Timestamp) {
        while let (Some(_), Some(next)) = (self.marks.front(), self.marks.get(1)) {
            let too_old = next.at < now.plus_millis(-REMEMBERED_MS);
            let too_many = (self.marks.len() - 1) * MARK_EVERY > self.len_max;
            if !too_old && !too_many {
                break;
            }
            self.floor = next.seq;
            self.marks.pop_front();
        }
    }
}

fn shard_of(hash: u64) -> usize {
    // The upper bits choose the shard, the lower ones the bucket in it. 12 bits always fit.
    usize::try_from(hash >> 52).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope = Scope { account: None, caller: Caller::Operator };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_key_is_remembered_within_its_scope() {
        let mut map = OnceMap::new(ONCE_MAX);
        map.insert(map.hash(&SCOPE, "k"), 7, at(0));
        assert_eq!(map.get(map.hash(&SCOPE, "k")), Some(7));
        let gate = Scope { caller: Caller::Gate, ..SCOPE };
        assert_eq!(map.get(map.hash(&gate, "k")), None);
    }

    #[test]
    fn the_newest_keys_are_kept_and_the_oldest_forgotten() {
        let mut map = OnceMap::new(4 * MARK_EVERY);
        for seq in 1..=10_000 {
            let hash = map.hash(&SCOPE, &seq.to_string());
            map.insert(hash, seq, at(0));
        }
        assert_eq!(map.get(map.hash(&SCOPE, "1")), None);
        for kept in (10_000 - 4 * 1024)..=10_000 {
            assert_eq!(map.get(map.hash(&SCOPE, &kept.to_string())), Some(kept));
        }
    }

    #[test]
    fn a_day_later_a_key_is_forgotten() {
        let mut map = OnceMap::new(ONCE_MAX);
        for seq in 1..=2_048 {
            map.insert(map.hash(&SCOPE, &seq.to_string()), seq, at(0));
        }
        map.insert(map.hash(&SCOPE, "later"), 3_000, at(REMEMBERED_MS - 1));
        assert_eq!(map.get(map.hash(&SCOPE, "1")), Some(1));
        for seq in 4_000..6_000 {
            map.insert(map.hash(&SCOPE, &seq.to_string()), seq, at(REMEMBERED_MS + 1));
        }
        assert_eq!(map.get(map.hash(&SCOPE, "1")), None);
        assert_eq!(map.get(map.hash(&SCOPE, "4000")), Some(4_000));
    }
}
