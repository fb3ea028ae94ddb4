//! Thresholds: an account is at the level that its figures say, and each crossing is told of once.

use ledger::{AccountId, Action, Alerts, Amount, BalanceMode, Book, Decision, EventKind, Level, Status};

use crate::ensure;
use crate::steps::Family;
use crate::world::{World, account_id, available, figures, is_of};

pub(crate) fn alerts(low: i64, gap: i64) -> Alerts {
    // One in three is refused, because it is out of order.
    let units = |it: i64| Amount::from_units(it);
    Alerts {
        low: (low > 0).then(|| units(low)),
        depleted: units(gap.max(0) / 4),
        recovered: Some(units(low + gap)),
    }
}

pub(crate) fn set(family: Family, slot: u8, alerts: Alerts) -> Action {
    Action::ChangeAccount {
        account: account_id(family, slot),
        name: None,
        credit_limit: None,
        status: None,
        mode: None,
        settings: Vec::new(),
        plan: None,
        caps: None,
        alerts: Some(alerts),
    }
}

impl World {
    /// What the events alone say of each account's level is its level, and its figures say nothing else.
    pub(crate) fn check_levels(
        &mut self,
        family: Family,
        decision: &Decision,
        after: &Book,
    ) -> Result<(), String> {
        let of_level = |it: EventKind| match it {
            EventKind::AvailableLow => Some((Level::Low, "low")),
            EventKind::AvailableDepleted => Some((Level::Depleted, "depleted")),
            EventKind::AvailableRecovered => Some((Level::Fine, "recovered")),
            EventKind::AccountOpened
            | EventKind::AccountChanged
            | EventKind::AccountSuspended
            | EventKind::AccountReactivated
            | EventKind::AccountClosed
            | EventKind::CredentialAdded
            | EventKind::CredentialChanged
            | EventKind::CredentialRevoked
            | EventKind::HoldCaptured => None,
        };
        let kin = self.kin(family);
        let mut seen = Vec::new();
        for event in &decision.events {
            ensure(is_of(family, event.account) && event.line < decision.lines.len(), || {
                "an event is of its family, and of a line".to_owned()
            })?;
            let Some((level, word)) = of_level(event.kind) else { continue };
            let told = kin.told.insert(event.account, level).unwrap_or_default();
            let is_new = if level == Level::Fine { told > level } else { told < level };
            ensure(is_new, || format!("{word} is told of once, and it was {told:?}"))?;
            seen.push(word);
        }
        for account in after.accounts().filter(|it| is_of(family, it.id)) {
            let before = self.book.account(account.id);
            let begins = before.is_none_or(|it| it.mode == BalanceMode::Shared);
            let has_none = account.mode == BalanceMode::Shared || account.status == Status::Closed;
            let kin = self.kin(family);
            if begins || has_none {
                kin.told.insert(account.id, account.level);
            }
            let told: Option<&Level> = kin.told.get(&account.id);
            ensure(told == Some(&account.level), || {
                format!("no crossing is lost: told of {told:?}, and it is {:?}", account.level)
            })?;
            if !has_none {
                figures_agree(
                    account.id,
                    available(figures(&account.standing)),
                    &account.alerts,
                    account.level,
                )?;
            }
        }
        self.seen.extend(seen);
        Ok(())
    }
}

/// By their own words, not the ledger's.
fn figures_agree(id: AccountId, available: i64, alerts: &Alerts, level: Level) -> Result<(), String> {
    let low = alerts.low.map(Amount::units);
    let enough = alerts.recovered.map(Amount::units).or(low).unwrap_or(alerts.depleted.units() + 1);
    let is_so = match level {
        Level::Depleted => available < enough,
        Level::Low => available > alerts.depleted.units() && available < enough,
        Level::Fine => available > alerts.depleted.units() && low.is_none_or(|it| available >= it),
    };
    ensure(is_so, || format!("{id} has {available} and is {level:?} by {alerts:?}"))
}
