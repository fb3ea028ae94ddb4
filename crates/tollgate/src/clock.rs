//! The time of day, as a value that tests can stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
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
            Self::Stopped(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a stopped clock; the system's goes by itself.
    pub fn advance(&self, millis: i64) {
        match self {
            Self::System => {}
            Self::Stopped(at) => drop(at.fetch_add(millis, Ordering::SeqCst)),
        }
    }
}
