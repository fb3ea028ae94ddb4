//! Since when a node knows which operator and gate tokens are let in.
//!
//! **Invariant.** A token that was made or revoked on any node is so here a second later: what this node lets in is as of a
//! moment at which it asked the database, and where that was more than a second ago, it asks before it lets anybody in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Within what time a token that was made or revoked is so on every node.
pub(in crate::store) const IN_FORCE_WITHIN: Duration = Duration::from_secs(1);

/// When the database was asked last for what this node lets in.
pub(super) struct Heard {
    begun: Instant,
    /// In milliseconds since then, rounded down; what is rounded off makes it older and never newer.
    last_ms: AtomicU64,
}

impl Heard {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), last_ms: AtomicU64::new(0) }
    }

    /// What is let in is as of `asked` or of later.
    pub(super) fn heard(&self, asked: Instant) {
        let ms = asked.saturating_duration_since(self.begun).as_millis();
        self.last_ms.fetch_max(u64::try_from(ms).unwrap_or(0), Ordering::Relaxed);
    }

    /// Whether it is as of so short a time ago that it is what it is said to be.
    pub(super) fn is_recent(&self) -> bool {
        self.is_recent_at(Instant::now())
    }

    fn is_recent_at(&self, now: Instant) -> bool {
        let last = self.begun + Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        now.saturating_duration_since(last) < IN_FORCE_WITHIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_good_for_a_second() {
        let heard = Heard::new();
        let at = |ms| heard.begun + Duration::from_millis(ms);
        assert!(heard.is_recent_at(at(999)) && !heard.is_recent_at(at(1_000)));
        heard.heard(at(700));
        assert!(heard.is_recent_at(at(1_699)) && !heard.is_recent_at(at(1_700)));
        heard.heard(at(300));
        assert!(
            heard.is_recent_at(at(1_699)),
            "an answer that took longer than a later one takes nothing back"
        );
    }
}
