//! The time of day, as a value that tests can stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// The system's clock and as many milliseconds more as another one, that of a database, is ahead of it; fewer where it is
    /// behind.
    Corrected(Arc<AtomicI64>),
    /// A clock that stands still until it is moved.
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at this time.
    pub fn stopped(at: Timestamp) -> Self {
        Self::Stopped(Arc::new(AtomicI64::new(at.millis())))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
            Self::System => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
            Self::Corrected(ahead_ms) => Self::System.now().plus_millis(ahead_ms.load(Ordering::Relaxed)),
            Self::Stopped(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// This clock, where it is the system's, corrected by what another one is ahead of it, now and whenever that is measured
    /// anew. One that was stopped goes by nobody else.
    #[must_use]
    pub fn corrected_by(self, ahead_ms: Arc<AtomicI64>) -> Self {
        match self {
            Self::System | Self::Corrected(_) => Self::Corrected(ahead_ms),
            Self::Stopped(_) => self,
        }
    }

    /// Moves a stopped clock; the system's goes by itself.
    pub fn advance(&self, millis: i64) {
        match self {
            Self::System | Self::Corrected(_) => {}
            Self::Stopped(at) => drop(at.fetch_add(millis, Ordering::SeqCst)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_corrected_as_long_as_it_goes() {
        let ahead_ms = Arc::new(AtomicI64::new(-300_000));
        let clock = Clock::System.corrected_by(ahead_ms.clone());
        assert!(clock.now().millis() - Clock::System.now().millis() < -299_000);
        ahead_ms.store(300_000, Ordering::Relaxed);
        assert!(clock.now().millis() - Clock::System.now().millis() > 299_000);
        let at = Timestamp::from_millis(7);
        assert_eq!(Clock::stopped(at).corrected_by(ahead_ms).now(), at);
    }
}
