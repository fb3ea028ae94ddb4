//! What a batch does to the accounts that it touches: one place for each, for there may be a thousand of them.

use ledger::{AccountId, IdMap};

/// How much of an account a batch changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// At most which line is its newest.
    #[default]
    Nothing,
    /// Also what it stands at.
    Standing,
    /// Anything, or it is new.
    Anything,
}

/// What a batch does to one account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touch {
    pub(super) extent: Extent,
    /// Its newest line, as of the last line laid out; `None` where none of the batch's lines is one of its.
    pub(super) newest: Option<i64>,
    /// Whether its row is written, and its newest line with that.
    pub(super) is_written: bool,
}

/// Accounts and what a batch does to them.
#[derive(Default)]
pub(super) struct Touched {
    of: IdMap<AccountId, Touch>,
    changed: Vec<AccountId>,
}

impl Touched {
    /// With room for so many accounts.
    pub(super) fn with_room(accounts: usize) -> Self {
        let of = IdMap::with_capacity_and_hasher(accounts, Default::default());
        Self { of, changed: Vec::new() }
    }

    pub(super) fn get(&self, id: AccountId) -> Option<&Touch> {
        self.of.get(&id)
    }

    /// The one of an account that is touched by that, if it was not before.
    pub(super) fn entry(&mut self, id: AccountId) -> &mut Touch {
        self.of.entry(id).or_default()
    }

    /// That at least so much of an account is changed.
    pub(super) fn change(&mut self, id: AccountId, extent: Extent) {
        let touch = self.of.entry(id).or_default();
        if touch.extent == Extent::Nothing {
            self.changed.push(id);
        }
        touch.extent = touch.extent.max(extent);
        touch.is_written = true;
    }

    /// The accounts that were opened or changed, each once, in the order in which it came to that.
    pub(super) fn changed(&self) -> &[AccountId] {
        &self.changed
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AccountId, &Touch)> {
        self.of.iter().map(|(id, touch)| (*id, touch))
    }
}
