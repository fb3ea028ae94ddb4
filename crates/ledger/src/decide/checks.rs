//! Price plans, and the check of a call: what it costs, and taking that.

use std::sync::Arc;

use super::charges::check_available;
use super::{Decision, Draft, minus};
use crate::account::{Account, Standing};
use crate::authority;
use crate::book::{Change, Charged};
use crate::command::Action;
use crate::hold::Hold;
use crate::journal::{Kind, Line, Record, Side};
use crate::money::Amount;
use crate::path;
use crate::price::{PricePlan, PriceRule, Pricing, Quote, check_rules};
use crate::refusal::{Refusal, TextField};
use crate::text;

pub(super) fn put_plan(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::PutPlan { name, currency, is_default, rules } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    authority::is_operator(&draft.command.by)?;
    if !text::is_plan_name(name) {
        return Err(Refusal::InvalidText(TextField::PlanName));
    }
    check_rules(rules)?;
    let before = draft.book.plan(name).cloned();
    if before.as_ref().is_some_and(|it| it.currency != *currency) {
        return Err(Refusal::CurrencyMismatch);
    }
    if *is_default {
        supersede(&mut draft, name, *currency);
    }
    let plan = PricePlan {
        name: name.clone(),
        version: before.as_ref().map_or(1, |it| it.version.saturating_add(1)),
        currency: *currency,
        is_default: *is_default,
        rules: rules.clone(),
        made_at: draft.now,
    };
    let plan = Arc::new(plan);
    draft.changes.push(Change::Plan(plan.clone()));
    let before = before.map(|it| Box::new(Record::Plan(it)));
    let line = Line { record: Some(Box::new(Record::Plan(plan))), before, ..draft.line(Kind::PlanPut) };
    Ok(draft.done(line))
}

/// The plan that was the default of this currency is not any more; its prices stay, so its version does.
fn supersede(draft: &mut Draft<'_>, name: &str, currency: crate::account::Currency) {
    let before = draft.book.default_plan(currency).filter(|it| &*it.name != name);
    if let Some(before) = before {
        let plan = Arc::new(PricePlan { is_default: false, ..(**before).clone() });
        draft.changes.push(Change::Plan(plan.clone()));
        let before = Some(Box::new(Record::Plan(before.clone())));
        let line = draft.line(Kind::PlanPut);
        draft.beside(Line { record: Some(Box::new(Record::Plan(plan))), before, ..line });
    }
}

/// A call: whether it may go through, and what it takes. The check is the debit: nothing is decided between the two.
pub(super) fn check(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::Check { account: id, method, path, operation, .. } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    // A caller can have only its own calls checked, by the gate that it came through.
    if draft.command.by.account() != Some(*id) {
        return Err(Refusal::Forbidden);
    }
    let payer = super::charges::calling(&draft, *id)?.clone();
    let plan = draft.book.plan_of(&payer).cloned();
    let plan = plan.ok_or(if path::is_normal(path) { Refusal::NoPrice } else { Refusal::PathNotNormal })?;
    let Quote { number, rule, amount } = plan.quote(method, path, operation.as_deref())?;
    let call = Call { payer, rule, price: plan.tag(number) };
    match rule.pricing {
        Pricing::Deny => Err(Refusal::CallDenied),
        // Nothing is written for it, so no key is bound to it either.
        Pricing::Free => {
            let line = Line { once: None, ..call.line(&draft, *id, Kind::Charge) };
            Ok(Decision::repeat(Arc::new(line)))
        }
        Pricing::Charge { .. } => {
            check_available(&draft, &call.payer, amount)?;
            let change = Standing::of_balance(minus(amount)?);
            let side = draft.posted(call.payer.id, &change)?;
            let line = Line { account: Some(side), change, ..call.line(&draft, *id, Kind::Charge) };
            let (payer, reversed) = (call.payer.id, Amount::ZERO);
            draft.changes.push(Change::Charge(Charged {
                id: line.id,
                account: *id,
                payer,
                amount,
                reversed,
                at: draft.now,
            }));
            Ok(draft.done(line))
        }
        Pricing::Hold { lasts_ms, on_expiry, .. } => {
            check_available(&draft, &call.payer, amount)?;
            let change = Standing::of_held(amount);
            let side = draft.posted(call.payer.id, &change)?;
            let line = call.line(&draft, *id, Kind::Hold);
            let hold = Hold {
                id: line.id,
                account: *id,
                payer: call.payer.id,
                amount,
                placed_at: draft.now,
                expires_at: draft.now.plus_millis(lasts_ms),
                on_expiry,
                operation: line.operation.clone(),
                price: line.price.clone(),
                ending: None,
            };
            draft.changes.push(Change::Hold(hold.clone()));
            let line =
                Line { account: Some(side), change, record: Some(Box::new(Record::Hold(hold))), ..line };
            Ok(draft.done(line))
        }
    }
}

/// What a call comes to.
struct Call<'a> {
    payer: Account,
    rule: &'a PriceRule,
    price: Arc<str>,
}

impl Call<'_> {
    /// A line on the payer that names what is paid for, and by which price.
    fn line(&self, draft: &Draft<'_>, id: crate::id::AccountId, kind: Kind) -> Line {
        Line {
            family: Some(self.payer.primary()),
            account: Some(Side { account: self.payer.id, after: self.payer.standing }),
            cause: (self.payer.id != id).then_some(id),
            operation: Some(self.rule.operation.clone()),
            price: Some(self.price.clone()),
            ..draft.line(kind)
        }
    }
}
