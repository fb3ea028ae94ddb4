//! Where lines stand.
//!
//! A *dense* place is a number among all lines, from 1 without a gap: one writer gives them. A *timed* place says when its
//! line was written, which of that millisecond it is, and by which lane: many writers give them and never the same one.
//! Every timed place is greater than every dense one, so that a journal may go on with the ones after the others.

use ledger::Timestamp;

use super::sql::{Bind, FromStored, Kind, Stored, Value};

/// The least timed place, of some 17 minutes after the beginning of 1970; dense ones are below it, 2 × 10¹² of them.
pub(super) const TIMED: i64 = 1 << 41;
/// How far a timed place is from the next one of its lane.
pub(super) const STEP: i64 = 1 << LANE_BITS;

/// 256 lanes.
const LANE_BITS: u32 = 8;
/// Under the milliseconds stand 13 bits that count and the lane: 8,192 lines of a lane in each millisecond, and the next one
/// begins where there are more.
pub(super) const BELOW_MILLIS_BITS: u32 = 13 + LANE_BITS;

/// Where a line stands in its journal: a later line of an account has the greater place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// As the column `seq` has it: dense or timed.
    Seq(i64),
}

/// How a line hangs in the chain of one of its accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The line of that account before it; `None` where it is the first.
    pub before: Option<Place>,
}

impl Place {
    /// The place of a lane's line in a millisecond.
    #[cfg_attr(not(test), expect(dead_code, reason = "nothing gives timed places yet"))]
    pub(super) const fn timed(at: Timestamp, counter: u16, lane: u8) -> Self {
        Self::Seq(first_at(at) + counter as i64 * STEP + lane as i64)
    }

    /// Its number among all lines, where they have one.
    pub const fn seq(self) -> Option<i64> {
        match self {
            Self::Seq(seq) => Some(seq),
        }
    }

    /// When its line was written, where the place says it: the milliseconds of a command's first line are those of all of
    /// its lines.
    pub(super) const fn at(self) -> Option<Timestamp> {
        match self {
            Self::Seq(seq) if seq >= TIMED => Some(Timestamp::from_millis(seq >> BELOW_MILLIS_BITS)),
            Self::Seq(_) => None,
        }
    }

    /// Where the next line of the same command stands.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Seq(seq) if seq >= TIMED => Self::Seq(seq.saturating_add(STEP)),
            Self::Seq(seq) => Self::Seq(seq.saturating_add(1)),
        }
    }
}

/// The least timed place of a time.
pub(super) const fn first_at(at: Timestamp) -> i64 {
    at.millis() << BELOW_MILLIS_BITS
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

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_763_760_000_123);

    #[test]
    fn a_timed_place_says_when_and_comes_after_every_dense_one() {
        for (counter, lane) in [(0, 0), (0, 255), (8_191, 0), (8_191, 255)] {
            let place = Place::timed(AT, counter, lane);
            assert_eq!(place.at(), Some(AT), "{counter} {lane}");
            assert!(place > Place::Seq(TIMED - 1));
        }
        assert_eq!(Place::Seq(TIMED - 1).at(), None);
        assert_eq!(Place::Seq(first_at(Timestamp::from_millis(1 << 20))), Place::Seq(TIMED));
        let last = Timestamp::from_millis((1 << 42) - 1);
        assert_eq!(Place::timed(last, 8_191, 255), Place::Seq(i64::MAX), "until the year 2109");
    }

    #[test]
    fn lanes_never_meet_and_a_full_millisecond_goes_on_in_the_next() {
        let of_lane = |lane| Place::timed(AT, 8_190, lane);
        let next = of_lane(7).next();
        assert_eq!(next, Place::timed(AT, 8_191, 7));
        let carried = Place::timed(Timestamp::from_millis(AT.millis() + 1), 0, 7);
        assert_eq!(next.next(), carried);
        assert!(of_lane(7) < of_lane(8) && of_lane(8) < next);
    }

    #[test]
    fn dense_places_have_no_gap() {
        assert_eq!(Place::Seq(41).next(), Place::Seq(42));
    }
}
