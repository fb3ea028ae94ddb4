//! What a batch will write, as it is gathered from the decisions.

use std::sync::Arc;

use ledger::{Change, Event, Line};

use super::Place;
use super::touched::Touched;

/// Where the lines of a batch will stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    /// Where the first one does.
    pub(super) first: Place,
}

impl Places {
    /// The place of a line of the batch, counted from 0.
    pub(super) fn of(self, line: usize) -> Place {
        // Far more lines than any batch has fit.
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        self.first.plus(line)
    }
}

/// What a batch will write. `K` is the hash of a key within its scope.
pub(super) struct Pending<K> {
    pub(super) places: Places,
    pub(super) lines: Vec<Arc<Line>>,
    /// What it does to which accounts; as they are, the book says.
    pub(super) accounts: Touched,
    /// What else it changed. A charge is its line and is not among them.
    pub(super) changes: Vec<Change>,
    /// The hashes of the keys that it binds, and to which of its lines.
    pub(super) keyed: Vec<(K, usize)>,
    /// With the line that each follows from.
    pub(super) events: Vec<(usize, Event)>,
}

impl<K> Default for Pending<K> {
    fn default() -> Self {
        Self::with_room(Places::default(), 0)
    }
}

impl<K> Pending<K> {
    /// With room for so many lines.
    pub(super) fn with_room(places: Places, lines: usize) -> Self {
        Self {
            places,
            lines: Vec::with_capacity(lines),
            accounts: Touched::with_room(lines),
            changes: Vec::new(),
            keyed: Vec::with_capacity(lines),
            events: Vec::new(),
        }
    }

    /// Where the next line will stand.
    pub(super) fn next_place(&self) -> Place {
        self.places.of(self.lines.len())
    }
}
