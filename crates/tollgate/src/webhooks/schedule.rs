//! When a delivery that failed is tried again.

use ledger::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// After how long the second attempt is made, and each one after it. The last is made after 23 hours and 42 minutes.
const DELAYS: [i64; 10] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    8 * HOUR,
];
/// How long a delivery is tried, counted from when it was queued: what waits behind it dies with it, and not a day later.
const TRIED_FOR: i64 = 24 * HOUR;

/// When it is tried next after so many attempts in vain; `None` for never. `random` spreads what failed together over a
/// tenth of the time, earlier or later.
pub(super) fn next(attempts: u32, queued_at: Timestamp, now: Timestamp, random: u16) -> Option<Timestamp> {
    let nth = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let delay = DELAYS.get(nth)?;
    // From 900 to 1100 thousandths.
    let spread = 900 + i64::from(random) % 201;
    let next = now.plus_millis(delay * spread / 1_000);
    (next < queued_at.plus_millis(TRIED_FOR)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle of what is random.
    const EVEN: u16 = 100;

    #[test]
    fn it_is_tried_eleven_times_within_a_day() {
        let queued = Timestamp::from_millis(0);
        let mut at = queued;
        let mut tried = vec![0];
        for attempts in 1.. {
            let Some(next) = next(attempts, queued, at, EVEN) else { break };
            at = next;
            tried.push(at.millis() / SECOND);
        }
        assert_eq!(tried, [0, 5, 35, 155, 755, 2_555, 6_155, 13_355, 27_755, 56_555, 85_355]);
    }

    #[test]
    fn what_waited_long_is_tried_at_least_once_and_dies_with_its_day() {
        let (queued, late) = (Timestamp::from_millis(0), Timestamp::from_millis(24 * HOUR - 4 * SECOND));
        assert_eq!(next(1, queued, late, EVEN), None);
        assert_eq!(next(1, late, late, EVEN), Some(late.plus_millis(5 * SECOND)));
        for random in [0, 200, 201, u16::MAX] {
            let next = next(1, queued, queued, random).unwrap().millis();
            assert!((4_500..=5_500).contains(&next), "{next}");
        }
    }
}
