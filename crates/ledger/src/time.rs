//! Points in time, as the rules need them: comparable and addable. The clock and the calendar live in the shell.

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// In milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This point moved by a number of milliseconds; stays at the end of time where that does not fit.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
