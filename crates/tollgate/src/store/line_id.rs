//! Ids of journal lines that say, to their own store alone, where the line is: so that a line is found by its id without
//! an index, which would be the dearest part of writing one.
//!
//! A UUIDv7 has 48 bits of time and 74 that are free. 42 of them hold where the line is, masked by a keyed function of the
//! time, so that nobody who gets an id can read off how much is going on; the last 32 stay random, and count on for the
//! lines that one command writes beside its own.
//!
//! Of a dense place the 42 bits are all of it, and the first of them is 0: there are 2 × 10¹² such places, more than half a
//! century at 1,000 lines a second. Of a timed place the time is that of the id; the first bit is 1, 20 are 0, and 21 are
//! the rest of it.

use ledger::{LineId, Timestamp};

use super::Place;
use super::place::BELOW_MILLIS_BITS;

const SEQ_BITS: u32 = 42;
const SEQ_MASK: u64 = (1 << SEQ_BITS) - 1;
/// What says that a place is timed.
const IS_TIMED: u64 = 1 << (SEQ_BITS - 1);
const BELOW_MILLIS_MASK: u64 = (1 << BELOW_MILLIS_BITS) - 1;
/// From here on times are in no timed place: in the year 2109.
const MILLIS_END: u64 = 1 << (63 - BELOW_MILLIS_BITS);
/// How many of the bits stand behind the variant.
const LOW_BITS: u32 = 30;
const LOW_MASK: u64 = (1 << LOW_BITS) - 1;

/// Places ids, and finds them again.
#[derive(Clone, Copy)]
pub(super) struct LineIds {
    key: [u64; 2],
}

impl LineIds {
    /// For the store with this mark, which only its key file makes.
    pub(super) const fn of(mark: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = *mark;
        let key =
            [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])];
        Self { key }
    }

    /// For the events of that store, whose ids are made likewise of their places.
    pub(super) const fn of_events(mark: &[u8; 32]) -> Self {
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, rest @ ..] = *mark;
        let mut other = [0; 32];
        let (first, _) = other.split_at_mut(16);
        first.copy_from_slice(&rest);
        Self::of(&other)
    }

    /// The id of the line at `seq`, written at `at`; `id` gives what is random in it. A timed place says itself when.
    pub(super) fn place(&self, id: LineId, seq: i64, at: Timestamp) -> LineId {
        let timed = Place::Seq(seq).at();
        let millis = u64::try_from(timed.unwrap_or(at).millis()).unwrap_or(0);
        let seq = u64::try_from(seq).unwrap_or(0);
        let leads = if timed.is_some() { IS_TIMED | seq & BELOW_MILLIS_MASK } else { seq };
        let masked = (leads ^ self.mask(millis)) & SEQ_MASK;
        let [_, _, t0, t1, t2, t3, t4, t5] = millis.to_be_bytes();
        let [.., h0, h1] = (masked >> LOW_BITS).to_be_bytes();
        let [.., l0, l1, l2, l3] = (masked & LOW_MASK).to_be_bytes();
        let [.., r0, r1, r2, r3] = *id.as_bytes();
        LineId::from_bytes([t0, t1, t2, t3, t4, t5, 0x70 | h0, h1, 0x80 | l0, l1, l2, l3, r0, r1, r2, r3])
    }

    /// Where the line with this id is; for those beside a command's own, where the first of them is. 0 for an id that was
    /// never made here, unless by chance.
    pub(super) fn seq(&self, id: LineId) -> i64 {
        let [t0, t1, t2, t3, t4, t5, h0, h1, l0, l1, l2, l3, ..] = *id.as_bytes();
        let millis = u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]);
        let high = u64::from(u16::from_be_bytes([h0 & 0x0F, h1]));
        let low = u64::from(u32::from_be_bytes([l0 & 0x3F, l1, l2, l3]));
        let masked = high << LOW_BITS | low;
        let leads = (masked ^ self.mask(millis)) & SEQ_MASK;
        let seq = match leads.checked_sub(IS_TIMED) {
            None => leads,
            Some(below) if below <= BELOW_MILLIS_MASK && millis < MILLIS_END => {
                millis << BELOW_MILLIS_BITS | below
            }
            Some(_) => 0,
        };
        i64::try_from(seq).unwrap_or(0)
    }

    /// A number that nobody guesses without the key (the mixing of splitmix64).
    const fn mask(&self, millis: u64) -> u64 {
        let [first, second] = self.key;
        let mut mixed = millis.wrapping_add(first).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30) ^ second).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Whether two lines were written by one command: their ids differ in nothing but what counts on.
pub(super) fn are_beside(one: LineId, other: LineId) -> bool {
    one.as_bytes().first_chunk::<12>() == other.as_bytes().first_chunk::<12>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::place::TIMED;

    const IDS: LineIds = LineIds::of(&[7; 32]);

    #[test]
    fn an_id_leads_to_its_line_and_is_a_uuid_of_its_time() {
        let at = Timestamp::from_millis(1_763_760_000_123);
        let random = LineId::from_bytes([0xFF; 16]);
        let timed = |counter, lane| Place::first_of(at, lane).plus(counter).seq().unwrap();
        let dense = [1, 2, 4_095, 1 << 30, TIMED - 1];
        for seq in dense.into_iter().chain([timed(0, 0), timed(1, 0), timed(16_383, 127), timed(42, 7)]) {
            let id = IDS.place(random, seq, at);
            assert_eq!(IDS.seq(id), seq);
            assert_eq!(IDS.seq(id.nth(3)), seq, "those beside it lead to the first");
            assert!(are_beside(id, id.nth(3)));
            let uuid = uuid::Uuid::from_bytes(*id.as_bytes());
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
            assert_eq!(uuid.get_timestamp().unwrap().to_unix(), (1_763_760_000, 123_000_000));
        }
    }

    #[test]
    fn a_timed_place_says_itself_when_and_not_before_or_after_its_time() {
        let at = Timestamp::from_millis(1_763_760_000_123);
        let place = Place::first_of(at, 9).plus(3).seq().unwrap();
        let id = LineId::from_bytes([0; 16]);
        assert_eq!(IDS.place(id, place, Timestamp::from_millis(0)), IDS.place(id, place, at));
        for (millis, expected) in [(1 << 20, TIMED), ((1 << 42) - 1, ((1 << 42) - 1) << 21)] {
            let first = super::super::place::first_at(Timestamp::from_millis(millis));
            assert_eq!(first, expected);
            assert_eq!(IDS.seq(IDS.place(id, first, at)), first);
        }
    }

    #[test]
    fn an_id_that_was_never_made_here_leads_nowhere_or_to_another_line() {
        for first in 0..=255 {
            let mut bytes = [first; 16];
            (bytes[6], bytes[8]) = (0x70, 0x80);
            let id = LineId::from_bytes(bytes);
            let found = IDS.seq(id);
            assert!(found >= 0);
            if found != 0 {
                let millis = u64::from_be_bytes([0, 0, first, first, first, first, first, first]);
                let at = Timestamp::from_millis(millis.try_into().unwrap());
                let placed = IDS.place(id, found, at);
                assert_eq!(IDS.seq(placed), found);
            }
        }
    }

    #[test]
    fn another_store_reads_something_else_off_it() {
        let at = Timestamp::from_millis(1_763_760_000_123);
        let id = IDS.place(LineId::from_bytes([0; 16]), 5, at);
        assert_ne!(LineIds::of(&[8; 32]).seq(id), 5);
        assert!(!are_beside(id, IDS.place(LineId::from_bytes([0; 16]), 6, at)));
    }
}
