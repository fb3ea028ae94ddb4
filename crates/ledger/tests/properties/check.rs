//! The laws.

use std::collections::HashMap;

use ledger::authority::may_call;
use ledger::decide::{CALL_REMEMBERED_MS, scope};
use ledger::laws::prove;
use ledger::{
    AccountId, Action, Amount, BalanceMode, Book, Charged, Command, Decision, HoldEnd, Kind, Line, LineId,
    OnExpiry, Once, Refusal, Side, Timestamp, decide,
};

use crate::steps::{Asks, Family, Step};
use crate::world::{Figures, World, account_id, available, figures, is_of};
use crate::{ensure, prices};

impl World {
    /// Everything that can be said of a decision before it is applied.
    pub(crate) fn check(
        &mut self,
        family: Family,
        step: &Step,
        command: &Command,
        decision: &Decision,
    ) -> Result<(), String> {
        prove(&self.book, decision).map_err(|it| format!("prove says {it:?}"))?;
        let now = Timestamp::from_millis(self.now_ms(family));
        self.check_request_id(family, command, Ok(decision), now)?;
        self.check_price(command, decision)?;
        // A request id is forgotten soon, as that law says.
        let is_check = matches!(command.action, Action::Check { .. });
        let is_new = is_check || !matches!(step.asks, Asks::Again { .. } | Asks::Clash { .. });
        ensure(is_new || decision.is_repeat(), || "a key is bound once".to_owned())?;
        ensure(is_new || !matches!(step.asks, Asks::Clash { .. }), || {
            "another request under a key is refused".to_owned()
        })?;
        ensure(!decision.is_repeat() || decision.changes.is_empty(), || {
            "a repeat changes nothing".to_owned()
        })?;
        let scope = scope(&self.book, command);
        ensure(decision.is_repeat() || decision.outcome.scope() == scope, || {
            "a line knows within what its key is unique".to_owned()
        })?;
        self.check_reach(command, decision)?;
        let before = self.standings(family);
        let effect = effect(&self.book, command, decision);
        for line in &decision.lines {
            self.look_at(line);
            self.check_line(family, line)?;
        }
        let mut after = self.book.clone();
        after.apply(decision);
        self.check_levels(family, decision, &after)?;
        let after = standings_of(&after, family);
        self.check_sums(family, &before, &after, effect, decision)?;
        self.check_available(&before, &after, decision)
    }

    fn standings(&self, family: Family) -> HashMap<AccountId, Figures> {
        standings_of(&self.book, family)
    }

    fn look_at(&mut self, line: &Line) {
        let shares = |it: AccountId| self.book.account(it).is_some_and(|it| it.mode == BalanceMode::Shared);
        let seen = [
            (
                "shared payer",
                matches!(line.kind, Kind::Charge | Kind::Hold) && line.cause.is_some_and(shares),
            ),
            ("hold", line.kind == Kind::Hold),
            ("late settle", line.late),
            ("close", line.kind == Kind::Close),
            ("forced charge", line.kind == Kind::Charge && line.forced),
        ];
        self.seen.extend(seen.into_iter().filter(|(_, is_so)| *is_so).map(|(what, _)| what));
    }

    /// After-figures replay, nothing leaves the family, and the line is counted for what it is.
    fn check_line(&mut self, family: Family, line: &Line) -> Result<(), String> {
        let is_nobodys = matches!(line.kind, Kind::NumberAdded | Kind::NumberWithdrawn | Kind::PlanPut);
        let its_family = (!is_nobodys).then(|| account_id(family, 0));
        ensure(line.family == its_family, || {
            "a line is of its family, and stock and prices of none".to_owned()
        })?;
        let kin = self.kin(family);
        let change = figures(&line.change);
        for (side, sign) in [(line.account, 1), (line.counter, -1)] {
            let Some(side) = side else { continue };
            ensure(is_of(family, side.account), || "money stays in its family".to_owned())?;
            let at = kin.replayed.entry(side.account).or_default();
            at.iter_mut().zip(change).for_each(|(at, change)| *at += sign * change);
            ensure(*at == figures(&side.after), || format!("after-figures replay: {:?}", line.kind))?;
        }
        let is_outside =
            matches!(line.kind, Kind::Payment | Kind::Charge | Kind::Reversal | Kind::Settle | Kind::Expiry);
        kin.money += if is_outside { change[0] } else { 0 };
        Ok(())
    }

    /// Σ balances = Σ payments − Σ charges + Σ reversals, and transfers conserve both sums.
    fn check_sums(
        &mut self,
        family: Family,
        before: &HashMap<AccountId, Figures>,
        after: &HashMap<AccountId, Figures>,
        effect: i64,
        decision: &Decision,
    ) -> Result<(), String> {
        let sum =
            |of: &HashMap<AccountId, Figures>, figure: usize| of.values().map(|it| it[figure]).sum::<i64>();
        let kind = decision.outcome.kind;
        ensure(sum(after, 0) == self.kin(family).money, || {
            "Σ balances = payments − charges + reversals".to_owned()
        })?;
        ensure(sum(after, 0) - sum(before, 0) == effect, || {
            format!("{kind:?} takes what it was asked to take")
        })?;
        let sets_limit = matches!(kind, Kind::Open | Kind::Change)
            || decision.outcome.counter.is_none() && kind == Kind::Close;
        ensure(sets_limit || sum(after, 1) == sum(before, 1), || {
            format!("{kind:?} conserves credit limits")
        })?;
        let kin = self.kin(family);
        let replays = after.iter().all(|(id, it)| kin.replayed.get(id).unwrap_or(&[0; 3]) == it);
        ensure(replays, || "the lines alone take every account where it stands".to_owned())
    }

    /// `available` falls below zero only by a forced charge, a late settle, and the close of an account that one of
    /// these overdrew.
    fn check_available(
        &mut self,
        before: &HashMap<AccountId, Figures>,
        after: &HashMap<AccountId, Figures>,
        decision: &Decision,
    ) -> Result<(), String> {
        let line = &decision.outcome;
        for (id, after) in after {
            let before_of = |id: AccountId| before.get(&id).copied().unwrap_or_default();
            if available(*after) >= 0 {
                continue;
            }
            self.seen.insert("below the limit");
            let is_forced = matches!(line.kind, Kind::Charge | Kind::Settle) && line.forced;
            let overdrew = |it: Side| available(before_of(it.account)) < 0;
            let is_sweep = line.kind == Kind::Close && line.account.is_some_and(overdrew);
            let sinks = available(*after) < available(before_of(*id));
            ensure(!sinks || is_forced || is_sweep, || {
                format!("{:?} takes no account below its limit", line.kind)
            })?;
        }
        Ok(())
    }

    pub(crate) fn check_held(&self, family: Family) -> Result<(), String> {
        for (id, [_, _, held]) in self.standings(family) {
            let open = self.book.holds().filter(|it| it.is_open() && it.payer == id);
            let sum: i64 = open.map(|it| it.amount.units()).sum();
            ensure(sum == held, || "what is held is the sum of the open holds".to_owned())?;
        }
        Ok(())
    }

    /// The same request under the same key gets the same answer for ever, and another one none.
    pub(crate) fn check_repeat(
        &mut self,
        family: Family,
        command: &Command,
        decision: &Decision,
    ) -> Result<(), String> {
        if decision.is_repeat() && decision.outcome.id != command.id {
            self.seen.insert("repeat");
        }
        let Some(once) = &command.once else { return Ok(()) };
        if decision.remembered.is_none()
            && !self.kin(family).keyed.iter().any(|(_, it)| *it == decision.outcome)
        {
            // The same ending of a hold again: nothing was written that a key could be bound to.
            return Ok(());
        }
        let later = Timestamp::from_millis(self.kin(family).now_ms + 1);
        if may_call(&self.book, &command.by, later).is_err() {
            return Ok(());
        }
        let is_check = matches!(command.action, Action::Check { .. });
        if is_check && later >= decision.outcome.at.plus_millis(CALL_REMEMBERED_MS) {
            return Ok(());
        }
        let again = Command { id: command.id.nth(1_000), ..command.clone() };
        let repeat =
            decide(&self.book, &again, later).map_err(|it| format!("a repeat is refused: {it:?}"))?;
        ensure(repeat.is_repeat() && repeat.changes.is_empty(), || "a repeat changes nothing".to_owned())?;
        ensure(repeat.outcome == decision.outcome, || "a repeat gets the first answer".to_owned())?;
        let other = Once { request: Some([0xFE; 32]), ..once.clone() };
        let clash = decide(&self.book, &Command { once: Some(other), ..again }, later);
        ensure(clash == Err(Refusal::KeyReused), || "another request under the key is refused".to_owned())
    }

    /// A keyed command that was accepted once is refused later only to a caller that may not call any more.
    pub(crate) fn check_refusal(
        &mut self,
        family: Family,
        step: &Step,
        refusal: &Refusal,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), String> {
        if may_call(&self.book, &command.by, now).is_err() {
            return Ok(());
        }
        self.check_request_id(family, command, Err(refusal), now)?;
        if matches!(command.action, Action::Check { .. }) {
            return Ok(());
        }
        let is_again = matches!(step.asks, Asks::Again { .. });
        ensure(!is_again, || format!("a repeat is refused: {refusal:?}"))?;
        let is_clash = matches!(step.asks, Asks::Clash { .. });
        ensure(!is_clash || *refusal == Refusal::KeyReused, || format!("a clash is refused: {refusal:?}"))
    }

    /// The lines alone say what every hold and every charge has become.
    pub(crate) fn check_journal(&self) -> Result<(), String> {
        for kin in &self.kin {
            let holds: HashMap<_, _> =
                kin.lines.iter().filter_map(|it| it.hold_record()).map(|it| (it.id, it)).collect();
            for id in &kin.holds {
                ensure(self.book.hold(*id) == holds.get(id).copied(), || {
                    "a hold is as its last line says".to_owned()
                })?;
            }
            for line in kin.lines.iter().filter(|it| kin.charges.contains(&it.id)) {
                let backs = kin
                    .lines
                    .iter()
                    .filter(|it| it.about == Some(line.id) && !it.change.balance.is_negative());
                let charged = Charged {
                    id: line.id,
                    account: line.caused_by().ok_or("a charge has an account")?,
                    payer: line.account.ok_or("a charge has a payer")?.account,
                    amount: line.amount(),
                    reversed: Amount::from_units(backs.map(|it| it.change.balance.units()).sum()),
                    at: line.at,
                };
                let charged = line.change.balance.is_negative().then_some(charged);
                let is_so = self.book.charge(line.id) == charged.as_ref();
                ensure(is_so, || "a charge is as its line and its reversals say".to_owned())?;
            }
        }
        Ok(())
    }
}

fn standings_of(book: &Book, family: Family) -> HashMap<AccountId, Figures> {
    let accounts = book.accounts().filter(|it| is_of(family, it.id));
    accounts.map(|it| (it.id, figures(&it.standing))).collect()
}

/// By how much a command should move the sum of its family's balances, from what was asked and what was there.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is moves no money in or out")]
fn effect(before: &Book, command: &Command, decision: &Decision) -> i64 {
    if decision.is_repeat() {
        return 0;
    }
    let left = |charge: LineId| before.charge(charge).map_or(0, |it| it.amount.units() - it.reversed.units());
    let hold = |id: &LineId| before.hold(*id).expect("an accepted command's hold is there");
    match &command.action {
        Action::Pay { amount, .. } => amount.units(),
        Action::Charge { amount, .. } => -amount.units(),
        Action::Check { account, path, .. } => prices::price(before, *account, path),
        Action::RentNumber { country, msisdn, .. } => -before
            .stocked(*country, msisdn, ledger::Currency::EUR)
            .expect("a rented number was in the stock")
            .cost
            .units(),
        Action::Reverse { charge, amount, .. } => amount.map_or_else(|| left(*charge), Amount::units),
        Action::Settle { hold: id, amount, .. } => match hold(id).ending {
            Some(ending) if ending.how == HoldEnd::Captured => {
                (hold(id).amount.units() - amount.units()).min(left(ending.line))
            }
            Some(_) | None => -amount.units(),
        },
        Action::Expire { hold: id } if hold(id).on_expiry == OnExpiry::Capture => -hold(id).amount.units(),
        _ => 0,
    }
}
