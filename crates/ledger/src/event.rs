//! Events: what others want to be told of. They follow from the lines of a decision and from where it leaves its
//! accounts, so that a replay of the journal finds the very same.

use std::sync::Arc;

use crate::account::{Account, BalanceMode, Standing, Status};
use crate::id::AccountId;
use crate::journal::{Kind, Line};
use crate::money::Amount;

/// At what `available` of an account somebody wants to be told.
///
/// `depleted` < `low` ≤ `recovered`, all of them from 0 to [`Amount::MOVE_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Alerts {
    /// Less than this is low; `None` for nothing.
    pub low: Option<Amount>,
    /// This or less is nothing left; 0 unless something else is said.
    pub depleted: Amount,
    /// This or more is enough again; `low` when nothing is said and, without that, anything more than `depleted`.
    pub recovered: Option<Amount>,
}

/// Which threshold an account has crossed last. It sinks from one to the next, and is [`Level::Fine`] again only once it
/// has recovered, so that an account that hovers about a threshold is told of once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// None, or it has recovered since. So is what has no balance of its own, and what is closed.
    #[default]
    Fine,
    /// `low`.
    Low,
    /// `depleted`.
    Depleted,
}

impl Alerts {
    /// Whether the thresholds are in their order and in their range.
    pub fn are_ordered(&self) -> bool {
        let range = Amount::ZERO..=Amount::MOVE_MAX;
        let all = [Some(self.depleted), self.low, self.recovered];
        all.into_iter().flatten().all(|it| range.contains(&it))
            && self.low.is_none_or(|it| it > self.depleted)
            && self.recovered.is_none_or(|it| it > self.depleted && self.low.is_none_or(|low| it >= low))
    }

    /// The level at which an account is that has this much available and was at `before`.
    pub fn level(&self, available: Amount, before: Level) -> Level {
        let has_recovered =
            self.recovered.or(self.low).map_or(available > self.depleted, |it| available >= it);
        if available <= self.depleted {
            Level::Depleted
        } else if has_recovered {
            Level::Fine
        } else if self.low.is_some_and(|it| available < it) {
            before.max(Level::Low)
        } else {
            before
        }
    }
}

/// The level at which an account is after a decision, and what it was before that. A balance that begins (its account
/// was opened, or shared its primary's until now) begins at its level without having crossed anything.
pub fn level(before: Option<&Account>, account: &Account) -> Level {
    let was = before.filter(|it| it.mode == BalanceMode::Own).map_or(Level::Fine, |it| it.level);
    level_from(was, account, &account.standing)
}

/// The level at which an account is that stands elsewhere now, and of which nothing else has changed.
pub fn level_at(account: &Account, standing: &Standing) -> Level {
    level_from(account.level, account, standing)
}

fn level_from(was: Level, account: &Account, standing: &Standing) -> Level {
    if account.mode == BalanceMode::Shared || account.status == Status::Closed {
        return Level::Fine;
    }
    account.alerts.level(standing.available(), was)
}

/// Something that others want to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Whose it is; for what a hold took, the account that it was placed for, though another may have paid.
    pub account: AccountId,
    /// The primary of its family.
    pub family: AccountId,
    /// Which of the decision's lines it follows from, counted from 0. What that line says of the account is what the
    /// event says.
    pub line: usize,
    /// The threshold that was crossed.
    pub threshold: Option<Amount>,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An account was opened.
    AccountOpened,
    /// An account was changed, but for its state.
    AccountChanged,
    /// An account was suspended, whatever else was changed with it.
    AccountSuspended,
    /// An account was made active again, whatever else was changed with it.
    AccountReactivated,
    /// An account was closed.
    AccountClosed,
    /// A credential was added.
    CredentialAdded,
    /// The end of a credential was set.
    CredentialChanged,
    /// A credential was revoked, or came to its end.
    CredentialRevoked,
    /// A hold expired and was charged.
    HoldCaptured,
    /// `available` sank below the threshold `low`.
    AvailableLow,
    /// `available` sank to the threshold `depleted`.
    AvailableDepleted,
    /// `available` rose to the threshold `recovered`.
    AvailableRecovered,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AccountOpened,
        Self::AccountChanged,
        Self::AccountSuspended,
        Self::AccountReactivated,
        Self::AccountClosed,
        Self::CredentialAdded,
        Self::CredentialChanged,
        Self::CredentialRevoked,
        Self::HoldCaptured,
        Self::AvailableLow,
        Self::AvailableDepleted,
        Self::AvailableRecovered,
    ];

    const fn is_of_level(self) -> bool {
        matches!(self, Self::AvailableLow | Self::AvailableDepleted | Self::AvailableRecovered)
    }
}

/// The events that follow from the lines of one decision: first those of its lines, in their order, then what its
/// accounts have crossed between before it and after it.
pub fn follow<'a>(
    lines: &[Arc<Line>],
    before: impl Fn(AccountId) -> Option<&'a Account>,
    after: impl Fn(AccountId) -> Option<&'a Account>,
) -> Vec<Event> {
    let mut events = Vec::new();
    for (line, at) in lines.iter().zip(0..) {
        if let Some(kind) = of_line(line, &before)
            && let (Some(account), Some(family)) = (line.caused_by(), line.family)
        {
            events.push(Event { kind, account, family, line: at, threshold: None });
        }
    }
    for side in lines.iter().flat_map(|it| [it.account, it.counter]).flatten() {
        let id = side.account;
        let (Some(was), Some(is)) = (before(id), after(id)) else { continue };
        // Most decisions cross nothing, so this comes before everything that takes time.
        if was.level == is.level || is.status == Status::Closed || was.mode == BalanceMode::Shared {
            continue;
        }
        if events.iter().any(|it| it.account == id && it.kind.is_of_level()) {
            continue;
        }
        let line = lines.iter().rposition(|it| it.after(id).is_some()).unwrap_or(0);
        let (account, family) = (id, is.primary());
        let crossed = |kind, threshold| Event { kind, account, family, line, threshold };
        let Alerts { low, depleted, recovered } = is.alerts;
        if is.level < was.level {
            events.push(crossed(EventKind::AvailableRecovered, recovered.or(low).or(Some(depleted))));
            continue;
        }
        // From fine to nothing both thresholds are crossed at once.
        if was.level < Level::Low && low.is_some() {
            events.push(crossed(EventKind::AvailableLow, low));
        }
        if is.level == Level::Depleted {
            events.push(crossed(EventKind::AvailableDepleted, Some(depleted)));
        }
    }
    events
}

fn of_line<'a>(line: &Line, before: impl Fn(AccountId) -> Option<&'a Account>) -> Option<EventKind> {
    match line.kind {
        Kind::Open => Some(EventKind::AccountOpened),
        Kind::Change => {
            let is = line.account_record()?.status;
            let was = before(line.account?.account)?.status;
            Some(match (was, is) {
                (Status::Active, Status::Suspended) => EventKind::AccountSuspended,
                (Status::Suspended, Status::Active) => EventKind::AccountReactivated,
                _ => EventKind::AccountChanged,
            })
        }
        Kind::Close => Some(EventKind::AccountClosed),
        Kind::CredentialAdded => Some(EventKind::CredentialAdded),
        Kind::CredentialChanged => Some(EventKind::CredentialChanged),
        Kind::CredentialRevoked => Some(EventKind::CredentialRevoked),
        Kind::Expiry => line.change.balance.is_negative().then_some(EventKind::HoldCaptured),
        Kind::Payment
        | Kind::BalanceTransfer
        | Kind::CreditTransfer
        | Kind::Charge
        | Kind::Reversal
        | Kind::Hold
        | Kind::Extend
        | Kind::Settle
        | Kind::Release
        | Kind::NumberGiven
        | Kind::NumberTransfer
        | Kind::NumberAdded
        | Kind::NumberWithdrawn
        | Kind::NumberRented
        | Kind::NumberUnrented
        | Kind::NumberChanged
        | Kind::ApplicationMade
        | Kind::ApplicationChanged
        | Kind::ApplicationDeleted
        | Kind::EndpointMade
        | Kind::EndpointChanged
        | Kind::EndpointDeleted
        | Kind::PlanPut
        | Kind::TokenMade
        | Kind::TokenRevoked
        | Kind::WebhookMade
        | Kind::WebhookChanged
        | Kind::WebhookDeleted
        | Kind::EventResent => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(low: Option<i64>, depleted: i64, recovered: Option<i64>) -> Alerts {
        let units = Amount::from_units;
        Alerts { low: low.map(units), depleted: units(depleted), recovered: recovered.map(units) }
    }

    #[test]
    fn thresholds_are_in_their_order_and_in_their_range() {
        for (low, depleted, recovered, is_so) in [
            (None, 0, None, true),
            (Some(1), 0, None, true),
            (Some(1), 0, Some(1), true),
            (None, 5, Some(6), true),
            (Some(7), 5, Some(9), true),
            (Some(0), 0, None, false),
            (Some(5), 5, None, false),
            (Some(5), 0, Some(4), false),
            (None, 5, Some(5), false),
            (None, -1, None, false),
            (Some(-1), 0, None, false),
            (Some(i64::MAX), 0, None, false),
        ] {
            assert_eq!(
                alerts(low, depleted, recovered).are_ordered(),
                is_so,
                "{low:?} {depleted} {recovered:?}"
            );
        }
    }

    #[test]
    fn a_level_sinks_step_by_step_and_rises_only_when_it_has_recovered() {
        use Level::{Depleted, Fine, Low};
        let wide = alerts(Some(10), 2, Some(20));
        let narrow = alerts(None, 0, None);
        for (alerts, available, before, after) in [
            (wide, 10, Fine, Fine),
            (wide, 9, Fine, Low),
            (wide, 9, Low, Low),
            (wide, 19, Low, Low),
            (wide, 20, Low, Fine),
            (wide, 3, Low, Low),
            (wide, 2, Low, Depleted),
            (wide, 2, Fine, Depleted),
            (wide, 9, Depleted, Depleted),
            (wide, 19, Depleted, Depleted),
            (wide, 20, Depleted, Fine),
            (wide, -5, Depleted, Depleted),
            (narrow, 1, Fine, Fine),
            (narrow, 0, Fine, Depleted),
            (narrow, 1, Depleted, Fine),
        ] {
            assert_eq!(alerts.level(Amount::from_units(available), before), after, "{available} {before:?}");
        }
    }
}
