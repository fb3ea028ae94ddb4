//! How far this machine's clock and the database's are apart. Whatever is done together goes by the database's, so that one
//! node does not say that a credential has ended where another lets it in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ledger::Timestamp;

use crate::clock::Clock;

/// From which difference on somebody should look after a clock, though it is corrected.
const WORTH_SAYING_MS: i64 = 1_000;

/// The difference, as it was measured last.
pub(super) struct Apart {
    ahead_ms: Arc<AtomicI64>,
    is_measured: bool,
    is_said: bool,
}

/// When the database was asked for its time: by this machine's clock, and by one that nobody sets.
pub(super) struct Asked {
    at: Timestamp,
    began: Instant,
}

impl Asked {
    /// Now.
    pub(super) fn now() -> Self {
        Self { at: Clock::System.now(), began: Instant::now() }
    }

    /// By the one that nobody sets.
    pub(super) const fn began(&self) -> Instant {
        self.began
    }
}

impl Apart {
    /// What is measured stands in `ahead_ms`.
    pub(super) const fn new(ahead_ms: Arc<AtomicI64>) -> Self {
        Self { ahead_ms, is_measured: false, is_said: false }
    }

    /// The database has just said what time it is.
    pub(super) fn measure(&mut self, asked: &Asked, database: Timestamp) {
        self.measured(asked.at, database, asked.began.elapsed());
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        let is_far = ahead_ms.abs() >= WORTH_SAYING_MS;
        if is_far && !self.is_said {
            tracing::warn!(
                database_ahead_ms = ahead_ms,
                "this machine's clock differs from the database's, by which everything here goes"
            );
        } else if self.is_said && !is_far {
            tracing::info!("this machine's clock and the database's agree again");
        }
        self.is_said = is_far;
    }

    /// Whoever is asked says the time half-way between the question and the answer, or a little before or after that: at most
    /// by half of what both took. What was measured before stays where it may be still right by that, so that it does not
    /// jump about with each answer.
    fn measured(&mut self, asked_at: Timestamp, database: Timestamp, took: Duration) {
        let half_ms = i64::try_from(took.as_millis() / 2).unwrap_or(i64::MAX);
        let ahead_ms = database.millis() - asked_at.plus_millis(half_ms).millis();
        // One more, for all three are whole milliseconds.
        let within_ms = half_ms.saturating_add(1);
        let before_ms = self.ahead_ms.load(Ordering::Relaxed);
        if !self.is_measured || (ahead_ms - before_ms).abs() > within_ms {
            self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
            self.is_measured = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_as_near_as_the_way_is_long_and_does_not_jump_about() {
        let ahead_ms = Arc::<AtomicI64>::default();
        let mut apart = Apart::new(ahead_ms.clone());
        let at = Timestamp::from_millis;
        for (asked, database, took, expected) in [
            // Half of the way is behind it when it says the time.
            (0, 300_010, 20, 300_000),
            // What may be as it was stays, however long the way is.
            (1_000, 301_011, 20, 300_000),
            (2_000, 302_000, 20, 300_000),
            (3_000, 307_999, 10_000, 300_000),
            (4_000, 304_032, 40, 300_000),
            // What cannot be is corrected.
            (5_000, 305_100, 40, 300_080),
            // A clock that is set right.
            (306_000, 306_000, 0, 0),
            (307_000, 306_000, 0, -1_000),
        ] {
            apart.measured(at(asked), at(database), Duration::from_millis(took));
            assert_eq!(ahead_ms.load(Ordering::Relaxed), expected, "asked at {asked}");
        }
    }
}
