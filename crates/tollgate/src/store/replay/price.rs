//! A line that was paid by a price went by the one that was in force.
//!
//! In a file that is exact: lines stand in the order in which they were decided. With many lanes, a batch reads the plans
//! under the locks of its own accounts only. Every later place is given by whoever has read the plan that was put at an earlier
//! one, so a line never rests on a plan that was put behind it. But a plan may be put while a batch is being decided that has
//! read the one before it, and the line then stands behind what it does not know of. So there it is proven that the version was
//! there, that its rule led to the amount, that the family had that plan, and that at [`LATE_MS`] before the line no later
//! version was there, nor was it the default no more; not that it was in force at the very millisecond.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Account, Actor, Kind, Line, PricePlan, PriceRule, Pricing, Timestamp};

use super::State;

/// For how long a line may go by a plan that another one has come after: longer than a batch lives, which the database ends
/// after 10 seconds of silence, or after 10 more at the one lock that it may wait for after it has its plans.
const LATE_MS: i64 = 60_000;

/// Holds what a line says of its price against the plans as they were then.
///
/// # Errors
/// In what way it is wrong.
pub(super) fn prove(state: &State, line: &Line) -> Result<(), String> {
    if let (Some(hold), true) = (line.hold_record(), line.kind != Kind::Hold) {
        // Whatever becomes of a hold goes by the price that it was placed by.
        let is_so = line.price == hold.price;
        return if is_so { Ok(()) } else { Err("its price is not that of its hold".into()) };
    }
    let takes = matches!(line.kind, Kind::Charge | Kind::Hold);
    let Some(price) = &line.price else {
        // What an account takes for itself is a call or a number, which has its price from the stock.
        let is_call = takes
            && matches!(line.by, Actor::Account { .. })
            && line.operation.as_deref() != Some("number.rent");
        return if is_call { Err("it was paid by no price".into()) } else { Ok(()) };
    };
    let (plan, rule) = price_of(&state.plans, price).ok_or_else(|| format!("there was no price {price}"))?;
    let is_kind = match rule.pricing {
        Pricing::Free | Pricing::Deny => false,
        Pricing::Charge { .. } => line.kind == Kind::Charge,
        Pricing::Hold { .. } => line.kind == Kind::Hold,
    };
    let is_so = is_kind
        && in_force(state, plan, line)
        && rule.pricing.amount() == Some(line.amount())
        && line.operation.as_deref() == Some(&*rule.operation);
    if is_so { Ok(()) } else { Err(format!("it did not go by the price {price}")) }
}

/// Whether a version of a plan was that of the line's family.
fn in_force(state: &State, plan: &PricePlan, line: &Line) -> bool {
    // What came so late may not have been known yet.
    let is_unknown = |since: Timestamp| state.is_of_many_lanes() && since > line.at.plus_millis(-LATE_MS);
    let version = (plan.name.clone(), plan.version);
    let is_default = plan.is_default || state.superseded.get(&version).is_some_and(|it| is_unknown(*it));
    let primary: Option<&Account> = line.family.and_then(|it| state.accounts.get(&it)).map(|it| &it.account);
    let is_its = primary.is_some_and(|it| match &it.plan {
        Some(name) => *name == plan.name,
        None => is_default && plan.currency == it.currency,
    });
    let next =
        state.plans.range((plan.name.clone(), plan.version + 1)..=(plan.name.clone(), u32::MAX)).next();
    is_its && next.is_none_or(|(_, it)| is_unknown(it.made_at))
}

/// The plan and the rule that a line names, as `standard/3/7`.
fn price_of<'a>(
    plans: &'a BTreeMap<(Arc<str>, u32), PricePlan>,
    price: &str,
) -> Option<(&'a PricePlan, &'a PriceRule)> {
    let mut parts = price.split('/');
    let (name, version, rule) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    let plan = plans.get(&(name.into(), version))?;
    let rule = rule.parse::<usize>().ok()?.checked_sub(1)?;
    Some((plan, plan.rules.get(rule)?))
}
