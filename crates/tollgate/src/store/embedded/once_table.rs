//! A table of hashes and lines that is made for searches that find nothing, many in a row: each looks at one line of
//! memory, and memory fetches those of all of them at the same time.

/// As many as a line of memory holds.
const SIDE_BY_SIDE: usize = 4;

/// A hash and its line; line 0, which no journal has, in a place that was never used.
#[derive(Clone, Copy, Default)]
struct Place {
    hash: u64,
    seq: i64,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket([Place; SIDE_BY_SIDE]);

/// Lines by the hash of their key. A line is put into the first free place of its hash's bucket, or else of one of those
/// behind it; no place ever becomes unused again, so that one that is ends each search.
#[derive(Default)]
pub(super) struct Table {
    /// As many as a power of two, or none.
    buckets: Vec<Bucket>,
    /// How many places were ever used.
    used: usize,
}

impl Table {
    /// The line of a hash, if it is none before `floor`.
    pub(super) fn get(&self, hash: u64, floor: i64) -> Option<i64> {
        for (_, bucket) in self.from(hash) {
            for place in &bucket.0 {
                if place.seq == 0 {
                    return None;
                }
                if place.hash == hash && place.seq >= floor {
                    return Some(place.seq);
                }
            }
        }
        None
    }

    /// Any figure of the bucket where the search for a hash begins.
    pub(super) fn touch(&self, hash: u64) -> i64 {
        let first = self.buckets.get(self.first(hash)).and_then(|it| it.0.first());
        first.map_or(0, |it| it.seq)
    }

    /// Remembers a line, in the place of the one that its hash had. Those before `floor` make room.
    pub(super) fn insert(&mut self, hash: u64, seq: i64, floor: i64) {
        if self.used * 8 >= self.buckets.len() * SIDE_BY_SIDE * 7 {
            self.rebuild(floor);
        }
        let Some((at, beside)) = self.place_for(hash, floor) else { return };
        if let Some(place) = self.buckets.get_mut(at).and_then(|it| it.0.get_mut(beside)) {
            self.used += usize::from(place.seq == 0);
            *place = Place { hash, seq };
        }
    }

    /// Where the hash is, else the first place that is free: a bucket, and where in it.
    fn place_for(&self, hash: u64, floor: i64) -> Option<(usize, usize)> {
        let mut free = None;
        for (at, bucket) in self.from(hash) {
            for (beside, place) in bucket.0.iter().enumerate() {
                if place.seq == 0 {
                    return free.or(Some((at, beside)));
                }
                if place.hash == hash {
                    return Some((at, beside));
                }
                if place.seq < floor && free.is_none() {
                    free = Some((at, beside));
                }
            }
        }
        free
    }

    /// All buckets and their places, from that of a hash on.
    fn from(&self, hash: u64) -> impl Iterator<Item = (usize, &Bucket)> {
        let first = self.first(hash);
        let (before, after) = self.buckets.split_at_checked(first).unwrap_or_default();
        (first..).zip(after).chain((0..).zip(before))
    }

    fn first(&self, hash: u64) -> usize {
        // The lower bits, as many as there are buckets; 32 of them always fit.
        usize::try_from(hash & 0xFFFF_FFFF).unwrap_or(0) & self.buckets.len().saturating_sub(1)
    }

    /// Lets go of the lines before `floor`, and makes more room if that is not enough.
    fn rebuild(&mut self, floor: i64) {
        let kept = |it: &&Place| it.seq != 0 && it.seq >= floor;
        let old = std::mem::take(&mut self.buckets);
        let live = old.iter().flat_map(|it| &it.0).filter(kept).count();
        let buckets = if live * 4 > old.len() * SIDE_BY_SIDE * 3 { old.len() * 2 } else { old.len().max(1) };
        (self.buckets, self.used) = (vec![Bucket::default(); buckets], 0);
        for Place { hash, seq } in old.iter().flat_map(|it| &it.0).filter(kept) {
            self.insert(*hash, *seq, floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Some thousand hashes of which many share a bucket, in the order of a fixed generator.
    fn hashes() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(7_u64), |it| Some(it.wrapping_mul(6_364_136_223_846_793_005) + 1))
            .map(|it| it >> 33)
            .map(|it| if it % 3 == 0 { it % 64 } else { it })
            .take(20_000)
    }

    #[test]
    fn it_is_a_map_whose_old_lines_are_gone() {
        let (mut table, mut map) = (Table::default(), HashMap::new());
        for (hash, seq) in hashes().zip(1_i64..) {
            let floor = if seq > 5_000 { seq - 3_000 } else { 0 };
            let known = |map: &HashMap<u64, i64>| map.get(&hash).copied().filter(|it| *it >= floor);
            assert_eq!(table.get(hash, floor), known(&map), "{seq}");
            table.insert(hash, seq, floor);
            map.insert(hash, seq);
            assert_eq!(table.get(hash, floor), Some(seq));
        }
        let floor = 17_001;
        for (hash, seq) in &map {
            assert_eq!(table.get(*hash, floor), Some(*seq).filter(|it| *it >= floor));
        }
    }

    #[test]
    fn it_is_as_large_as_what_is_not_forgotten() {
        let mut table = Table::default();
        for (hash, seq) in hashes().map(|it| it.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 3).zip(1_i64..) {
            table.insert(hash, seq, seq - 700);
        }
        assert_eq!(table.buckets.len() * SIDE_BY_SIDE, 1_024, "places for 700 lines");
        assert!(table.used < 1_024 * 7 / 8 + 1);
    }
}
