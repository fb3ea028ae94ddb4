//! Price plans and checks. Each family has plans of its own, and none is a default: that would tie the families together.

use std::sync::Arc;

use ledger::decide::{CALL_REMEMBERED_MS, scope};
use ledger::{
    AccountId, Action, Amount, Book, Command, Currency, Decision, Kind, Line, OnExpiry, PriceRule, Pricing,
    Refusal, Timestamp,
};

use crate::ensure;
use crate::steps::Family;
use crate::world::{World, account_id};

/// What calls ask for; the last two fit no rule and are none.
const PATHS: [&str; 6] = ["/charge", "/hold", "/free", "/deny", "/other", "/charge//"];

pub(crate) fn put(family: Family, plan: u8, price: i64, units: u32) -> Action {
    let amount = Amount::from_units(price);
    let on_expiry = if units.is_multiple_of(2) { OnExpiry::Release } else { OnExpiry::Capture };
    let pricings = [
        Pricing::Charge { unit_price: amount, units },
        Pricing::Hold { amount, lasts_ms: 1 + i64::from(units) * 3_600_000, on_expiry },
        Pricing::Free,
        Pricing::Deny,
    ];
    let rules = PATHS.iter().zip(pricings).map(|(path, pricing)| PriceRule {
        method: None,
        path: path.parse().expect("a path of letters is a pattern"),
        operation: "op".into(),
        pricing,
    });
    Action::PutPlan {
        name: name(family, plan),
        currency: Currency::EUR,
        is_default: false,
        rules: rules.collect(),
    }
}

pub(crate) fn assign(family: Family, slot: u8, plan: Option<u8>) -> Action {
    Action::ChangeAccount {
        account: account_id(family, slot),
        name: None,
        credit_limit: None,
        status: None,
        mode: None,
        settings: Vec::new(),
        plan: Some(plan.map(|it| name(family, it))),
        caps: None,
        alerts: None,
    }
}

pub(crate) fn check(account: AccountId, path: u8) -> Action {
    // All rules are for one operation, so it makes no difference whether a gate names it.
    let operation = path.is_multiple_of(2).then(|| "op".into());
    let path = PATHS[usize::from(path)].into();
    Action::Check { account, gate: None, method: "GET".into(), path, operation }
}

fn name(family: Family, plan: u8) -> Arc<str> {
    format!("{}-{plan}", if family == Family::First { "first" } else { "second" }).into()
}

/// What a call takes or holds, by its own arithmetic and search; negative where it is taken.
pub(crate) fn price(before: &Book, account: AccountId, path: &str) -> i64 {
    let primary = before.account(account).and_then(|it| before.account(it.primary()));
    let plan = primary.and_then(|it| before.plan(it.plan.as_deref()?)).expect("a checked call has a plan");
    let rule = plan.rules.iter().find(|it| it.path.to_string() == path).expect("and a rule");
    match rule.pricing {
        Pricing::Charge { unit_price, units } => -(unit_price.units() * i64::from(units)),
        Pricing::Free | Pricing::Deny | Pricing::Hold { .. } => 0,
    }
}

/// The laws.
impl World {
    /// For ten minutes a request id stands for the call that it came with, and then for the next one.
    pub(crate) fn check_request_id(
        &mut self,
        family: Family,
        command: &Command,
        decided: Result<&Decision, &Refusal>,
        now: Timestamp,
    ) -> Result<(), String> {
        let (Action::Check { .. }, Some(once)) = (&command.action, &command.once) else { return Ok(()) };
        let scope = scope(&self.book, command);
        let is_it =
            |it: &Line| it.scope() == scope && it.once.as_ref().is_some_and(|first| first.key == once.key);
        let newest = self.kin(family).lines.iter().rev().find(|it| is_it(it)).cloned();
        let newest = newest.filter(|it| now.millis() - it.at.millis() < CALL_REMEMBERED_MS);
        let is_same = newest.as_ref().and_then(|it| it.once.as_ref()).map(|it| it.request == once.request);
        match (newest, decided) {
            (Some(first), Ok(decision)) => ensure(is_same == Some(true) && decision.outcome == first, || {
                "a call is checked once under its request id".to_owned()
            }),
            (Some(_), Err(refusal)) => {
                ensure(is_same == Some(false) && *refusal == Refusal::KeyReused, || {
                    format!("a request id is remembered, and refused with {refusal:?}")
                })
            }
            (None, Ok(decision)) => {
                self.seen.insert("request id");
                let is_new = decision.outcome.id == command.id;
                ensure(is_new, || "a request id stands for nothing any more".to_owned())
            }
            (None, Err(refusal)) => {
                ensure(*refusal != Refusal::KeyReused, || "a request id is forgotten".to_owned())
            }
        }
    }

    /// A call is paid by the newest version of its family's plan; what is free writes nothing.
    pub(crate) fn check_price(&mut self, command: &Command, decision: &Decision) -> Result<(), String> {
        let Action::Check { account, path, .. } = &command.action else {
            let of_hold = |line: &Line| line.hold_record().and_then(|it| it.price.clone());
            let is_so = decision.lines.iter().all(|it| it.price == of_hold(it));
            return ensure(is_so, || "only a call that was checked has a price, and what it held".to_owned());
        };
        let line = &decision.outcome;
        if decision.is_repeat() && line.id != command.id {
            return Ok(());
        }
        let primary = self.book.account(*account).and_then(|it| self.book.account(it.primary()));
        let plan =
            primary.and_then(|it| self.book.plan(it.plan.as_deref()?)).ok_or("a call without a plan")?;
        let number = 1 + PATHS.iter().position(|it| **it == **path).ok_or("a call of no path")?;
        let price = format!("{}/{}/{number}", plan.name, plan.version);
        ensure(line.price.as_deref() == Some(&*price), || format!("a call went by {:?}", line.price))?;
        self.seen.insert(match (decision.is_repeat(), line.kind) {
            (true, _) => "free call",
            (false, Kind::Hold) => "held call",
            (false, _) => "charged call",
        });
        ensure(decision.is_repeat() == (number == 3), || {
            "what is free, and only that, writes nothing".to_owned()
        })
    }
}
