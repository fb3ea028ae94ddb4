//! Where lines stand.
//!
//! A *dense* place is a number among all lines, from 1 without a gap: one writer gives them. A *timed* place says when its
//! line was written, which of that millisecond it is, and by which lane: many writers give them and never the same one.
//! Every timed place is greater than every dense one, so that a journal may go on with the ones after the others.

use ledger::Timestamp;

use super::sql::{Bind, FromStored, Kind, Stored, Value};

/// The least timed place, of some 17 minutes after the beginning of 1970; dense ones are below it, 2 × 10¹² of them.
pub(super) const TIMED: i64 = 1 << 41;
/// How many lanes there may be at once.
pub(super) const LANES: u8 = 1 << LANE_BITS;

const LANE_BITS: u32 = 7;
/// 16,384 lines of a lane in each millisecond; the next one begins where there are more.
const COUNTER_BITS: u32 = 14;
const COUNTER_END: i64 = 1 << COUNTER_BITS;
/// Under the milliseconds stands the lane and under that what counts, so that the lines of one command are side by side.
pub(super) const BELOW_MILLIS_BITS: u32 = LANE_BITS + COUNTER_BITS;

/// Where a line stands in its journal: a later line of an account has the greater place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// As the column `seq` has it: dense or timed.
    Seq(i64),
}

impl Default for Place {
    /// Before every line.
    fn default() -> Self {
        Self::Seq(0)
    }
}

/// How a line hangs in the chain of one of its accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The line of that account before it; `None` where it is the first.
    pub before: Option<Place>,
    /// Which of that account's lines it is, from 1; `None` where nobody counts them.
    pub version: Option<i64>,
}

impl Place {
    /// The first place of a lane in a millisecond.
    pub(super) fn first_of(at: Timestamp, lane: u8) -> Self {
        Self::Seq(first_at(at) + (i64::from(lane) << COUNTER_BITS))
    }

    /// As the column `seq` has it.
    pub const fn seq(self) -> Option<i64> {
        match self {
            Self::Seq(seq) => Some(seq),
        }
    }

    /// Its number among all lines, where they are counted: lines of many writers are not.
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::Seq(seq) if seq < TIMED => Some(seq),
            Self::Seq(_) => None,
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

    /// The lane that has given it, where the place says it.
    pub(super) fn lane(self) -> Option<u8> {
        let Self::Seq(seq) = self;
        u8::try_from((seq >> COUNTER_BITS) % i64::from(LANES)).ok().filter(|_| seq >= TIMED)
    }

    /// Where the line stands that is so many behind it, of the same writer.
    #[must_use]
    pub(super) const fn plus(self, lines: i64) -> Self {
        let Self::Seq(seq) = self;
        if seq < TIMED {
            return Self::Seq(seq.saturating_add(lines));
        }
        let count = seq % COUNTER_END + lines;
        let over = (count / COUNTER_END) << BELOW_MILLIS_BITS;
        Self::Seq(seq - seq % COUNTER_END + over + count % COUNTER_END)
    }

    /// Where the next line of the same command stands.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        self.plus(1)
    }
}

/// The least timed place of a time.
pub(super) const fn first_at(at: Timestamp) -> i64 {
    at.millis() << BELOW_MILLIS_BITS
}

/// A time as near to this one as there is a timed place of.
pub(super) const fn within(at: Timestamp) -> Timestamp {
    let millis = at.millis();
    let last = i64::MAX >> BELOW_MILLIS_BITS;
    // Far enough from the end for whoever reckons with it.
    let last = last - 1_000_000;
    Timestamp::from_millis(if millis < 0 {
        0
    } else if millis > last {
        last
    } else {
        millis
    })
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
        for lane in [0, 1, LANES - 1] {
            for count in [0, 1, COUNTER_END - 1] {
                let place = Place::first_of(AT, lane).plus(count);
                assert_eq!((place.at(), place.lane()), (Some(AT), Some(lane)), "{lane} {count}");
                assert!(place > Place::Seq(TIMED - 1));
            }
        }
        let dense = Place::Seq(TIMED - 1);
        assert_eq!((dense.at(), dense.lane()), (None, None));
        assert_eq!(Place::Seq(first_at(Timestamp::from_millis(1 << 20))), Place::Seq(TIMED));
        let last = Timestamp::from_millis((1 << 42) - 1);
        assert_eq!(
            Place::first_of(last, LANES - 1).plus(COUNTER_END - 1),
            Place::Seq(i64::MAX),
            "the year 2109"
        );
    }

    #[test]
    fn lanes_never_meet_and_a_full_millisecond_goes_on_in_the_next() {
        let last = |lane| Place::first_of(AT, lane).plus(COUNTER_END - 1);
        let later = Timestamp::from_millis(AT.millis() + 1);
        assert!(last(7) < Place::first_of(AT, 8));
        assert_eq!(last(7).next(), Place::first_of(later, 7));
        assert_eq!(
            last(7).plus(3 * COUNTER_END),
            Place::first_of(Timestamp::from_millis(AT.millis() + 3), 7).plus(COUNTER_END - 1)
        );
        assert_eq!(Place::Seq(7).next(), Place::Seq(8));
    }
}
