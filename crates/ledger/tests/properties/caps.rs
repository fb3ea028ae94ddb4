//! Spending caps: what counts against each is summed up anew from the lines after every step, in windows of our own.

use ledger::{
    AccountId, Action, Amount, CapsChange, Command, Decision, Kind, Line, Period, Timestamp, Window, Windows,
};

use crate::ensure;
use crate::steps::Family;
use crate::world::{Kin, World, account_id, is_of};

/// Short, so that sequences see them turn.
const DAY_MS: i64 = 4 * 3_600_000;
const MONTH_MS: i64 = 5 * DAY_MS;

const PERIODS: [(Period, i64); 2] = [(Period::Day, DAY_MS), (Period::Month, MONTH_MS)];

pub(crate) fn set(family: Family, slot: u8, is_month: bool, most: Option<i64>) -> Action {
    let most = Some(most.map(Amount::from_units));
    let (day, month) = if is_month { (None, most) } else { (most, None) };
    Action::ChangeAccount {
        account: account_id(family, slot),
        name: None,
        credit_limit: None,
        status: None,
        mode: None,
        settings: Vec::new(),
        plan: None,
        alerts: None,
        caps: Some(CapsChange { zone: Some(zone(family).into()), day, month }),
    }
}

/// Each family has a calendar of its own, as it has a clock of its own.
const fn zone(family: Family) -> &'static str {
    if matches!(family, Family::First) { "first" } else { "second" }
}

/// Remembers since which line a cap counts.
pub(crate) fn keep(kin: &mut Kin, command: &Command, decision: &Decision) {
    if decision.is_repeat() {
        return;
    }
    if let Action::CloseAccount { account, .. } = command.action {
        kin.capped.retain(|(of, _), _| *of != account);
    }
    let Action::ChangeAccount { account, caps: Some(change), .. } = &command.action else { return };
    for (period, most) in [(Period::Day, change.day), (Period::Month, change.month)] {
        match most {
            None => {}
            Some(None) => drop(kin.capped.remove(&(*account, period))),
            Some(Some(_)) => {
                let (line, at) = (kin.lines.len(), kin.now_ms);
                kin.capped.entry((*account, period)).or_insert((line, at));
            }
        }
    }
}

impl World {
    pub(crate) fn bring_windows(&mut self, family: Family) {
        let now = self.now_ms(family);
        let [day, month] = PERIODS.map(|(_, length)| {
            let start = now - now % length;
            Window { start: Timestamp::from_millis(start), end: Timestamp::from_millis(start + length) }
        });
        self.book.bring_windows(zone(family).into(), Windows { day, month });
    }

    /// What counts is what the lines say, and nothing but forced usage takes more than a cap in any window.
    pub(crate) fn check_caps(&mut self, family: Family, decision: &Decision) -> Result<(), String> {
        let now = self.now_ms(family);
        let accounts: Vec<_> = self.book.accounts().filter(|it| is_of(family, it.id)).cloned().collect();
        for account in accounts {
            let kin = &self.kin[usize::from(family == Family::Second)];
            let held = self.book.holds().filter(|it| it.account == account.id && it.is_open());
            let held: i64 = held.map(|it| it.amount.units()).sum();
            let mine = |it: &&std::sync::Arc<Line>| is_counted(it) && it.caused_by() == Some(account.id);
            let moves = decision.lines.iter().filter(mine);
            let added: i64 = moves.map(|it| it.change.held.units() - it.change.balance.units()).sum();
            let is_forced = decision.lines.iter().any(|it| it.forced);
            for (period, length) in PERIODS {
                let capped = kin.capped.get(&(account.id, period)).copied();
                let caps = account
                    .caps
                    .as_ref()
                    .map(|it| it.at(self.book.windows(&it.zone), Timestamp::from_millis(now)));
                let cap = caps.as_ref().and_then(|it| it.of(period).copied());
                ensure(cap.is_some() == capped.is_some(), || "a cap is there until it is lifted".to_owned())?;
                let (Some(cap), Some((since, set_at))) = (cap, capped) else { continue };
                let start = now - now % length;
                let (spent, is_back) = spent(kin, account.id, since, set_at, start);
                ensure(cap.spent.units() == spent, || {
                    format!("{period:?}: {spent} was spent, and {} counted", cap.spent.units())
                })?;
                ensure(caps.is_some_and(|it| it.held.units() == held), || {
                    "what is held counts in every window".to_owned()
                })?;
                let is_within = spent + held <= cap.most.units();
                ensure(added <= 0 || is_forced || is_within, || format!("{period:?}: more than the cap"))?;
                let turned = kin.lines.iter().skip(since).any(|it| mine(&it) && it.at.millis() < start);
                let seen = [("cap turned", turned && added > 0), ("capped reversal", is_back)];
                self.seen.extend(seen.into_iter().filter(|it| it.1).map(|it| it.0));
            }
        }
        Ok(())
    }
}

/// What an account has spent since a line and a time, less what of just that was given back; and whether any was.
fn spent(kin: &Kin, account: AccountId, since: usize, set_at: i64, start: i64) -> (i64, bool) {
    let (mut spent, mut is_back) = (0, false);
    let later = kin.lines.iter().enumerate().skip(since);
    for (_, line) in later.filter(|(_, it)| is_counted(it) && it.caused_by() == Some(account)) {
        let moved = line.change.balance.units();
        if line.at.millis() < start {
            continue;
        }
        if moved <= 0 {
            spent -= moved;
            continue;
        }
        let charged =
            kin.lines.iter().find(|it| Some(it.id) == line.about).expect("what is given back was charged");
        if charged.at.millis() >= start && charged.at.millis() > set_at {
            spent -= moved;
            is_back = true;
        }
    }
    (spent, is_back)
}

const fn is_counted(line: &Line) -> bool {
    matches!(
        line.kind,
        Kind::Charge | Kind::Reversal | Kind::Hold | Kind::Settle | Kind::Release | Kind::Expiry
    )
}
