//! What the call costs by the operator's price plans, and what would be cheaper.

use ledger::Amount;
use serde_json::{Value, json};

use super::api::{Api, amount, list, text};

/// A path that is not written plainly, which the gate refuses by whatever plan.
const NO_PATH: &str = "/tollgate-doctor//spoofed";
/// A method that no rule names.
const NO_METHOD: &str = "DOCTOR";
/// The most rules that are asked about at once, with what is asked beside them.
const ASKED_MAX: usize = 900;

/// What a call costs, and by which rule.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) plan: String,
    pub(super) currency: String,
    pub(super) rule: u64,
    pub(super) operation: String,
    /// Whether the amount is held, and charged only later.
    pub(super) is_hold: bool,
    pub(super) amount: Amount,
    /// A path that costs less, or that would be refused.
    pub(super) decoy_path: String,
    /// A method for which the call's own path costs less, or would be refused; where there is one.
    pub(super) decoy_method: Option<String>,
}

/// What a method and a path come to by a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Costs(Amount, bool, u64, String),
    Free,
    Refused(String),
}

impl Price {
    /// The price of a call by the plan of this name, or by the first default plan that has one.
    pub(super) async fn find(
        api: &Api,
        name: Option<&str>,
        method: &str,
        path: &str,
    ) -> Result<Self, String> {
        let all = api.get("/api/v1/price-plans").await?;
        let is_default = |it: &Value| it.get("default") == Some(&Value::Bool(true));
        let is_meant = |it: &&Value| match name {
            Some(name) => it.get("name").and_then(Value::as_str) == Some(name),
            None => is_default(it),
        };
        let mut why = Vec::new();
        for plan in list(&all, "price_plans")?.iter().filter(is_meant) {
            let plan_name = text(plan, "/name")?;
            let own = (method.to_owned(), path.to_owned());
            match outcomes(api, &plan_name, &[own]).await?.into_iter().next() {
                Some(Outcome::Costs(amount, is_hold, rule, operation)) => {
                    let currency = text(plan, "/currency")?;
                    let (decoy_path, decoy_method) = decoys(api, plan, method, path, amount).await?;
                    let plan = plan_name;
                    return Ok(Self {
                        plan,
                        currency,
                        rule,
                        operation,
                        is_hold,
                        amount,
                        decoy_path,
                        decoy_method,
                    });
                }
                Some(Outcome::Free) => why.push(format!("it is free by the price plan {plan_name}")),
                Some(Outcome::Refused(word)) => why.push(format!("{plan_name} says {word}")),
                None => {}
            }
        }
        let why = match (why.is_empty(), name) {
            (true, Some(name)) => format!("there is no price plan {name}"),
            (true, None) => {
                "there is no default price plan; name one with --price-plan, or put one by PUT /api/v1/price-plans/{name}"
                    .to_owned()
            }
            (false, _) => why.join("; "),
        };
        Err(format!("{method} {path} must be a call that costs something: {why}"))
    }

    /// What so many calls cost.
    pub(super) fn times(&self, calls: u32) -> Result<Amount, String> {
        let total = i128::from(self.amount.units()).saturating_mul(i128::from(calls));
        let total = i64::try_from(total).map(Amount::from_units).ok();
        let is_fit = |it: &Amount| it.is_zero() || it.is_movable();
        total
            .filter(is_fit)
            .ok_or_else(|| format!("{calls} calls at this price are more than can be paid at once"))
    }
}

/// A path and a method that, taken for the call's own, would show in what is charged.
async fn decoys(
    api: &Api,
    plan: &Value,
    method: &str,
    path: &str,
    price: Amount,
) -> Result<(String, Option<String>), String> {
    let name = text(plan, "/name")?;
    let rules = list(plan, "rules")?.iter().take(ASKED_MAX);
    let of_rule = |it: &Value, member: &str| it.get(member).and_then(Value::as_str).map(str::to_owned);
    let paths = rules.clone().filter_map(|it| of_rule(it, "path"));
    let by_path: Vec<_> = paths.map(|it| (method.to_owned(), sample(&it))).collect();
    let mut methods: Vec<_> = rules.filter_map(|it| of_rule(it, "method")).filter(|it| it != "*").collect();
    methods.push(NO_METHOD.to_owned());
    methods.sort();
    methods.dedup();
    let by_method: Vec<_> = methods.into_iter().map(|it| (it, path.to_owned())).collect();

    let found = outcomes(api, &name, &by_path).await?;
    let cheapest =
        (found.iter().zip(&by_path)).filter_map(|(it, asked)| Some((it.below(price)?, &asked.1))).min();
    let found = outcomes(api, &name, &by_method).await?;
    let with_methods = || found.iter().zip(&by_method);
    let cheaper = with_methods().filter_map(|(it, asked)| Some((it.below(price)?, &asked.0))).min();
    let refused = || with_methods().find(|it| matches!(it.0, Outcome::Refused(_))).map(|it| &it.1.0);
    Ok((
        cheapest.map_or_else(|| NO_PATH.to_owned(), |it| it.1.clone()),
        cheaper.map(|it| it.1).or_else(refused).cloned(),
    ))
}

impl Outcome {
    /// What it comes to, where that is less than a price.
    fn below(&self, price: Amount) -> Option<Amount> {
        match self {
            Self::Free => Some(Amount::ZERO),
            Self::Costs(amount, ..) => (*amount < price).then_some(*amount),
            Self::Refused(_) => None,
        }
    }
}

/// A path that a pattern fits.
fn sample(pattern: &str) -> String {
    let parts = pattern.split('/').map(|it| if matches!(it, "*" | "**") { "tollgate-doctor" } else { it });
    parts.collect::<Vec<_>>().join("/")
}

/// What methods and paths come to by a plan. Nothing is charged for asking.
async fn outcomes(api: &Api, plan: &str, asked: &[(String, String)]) -> Result<Vec<Outcome>, String> {
    let requests: Vec<_> =
        asked.iter().map(|(method, path)| json!({ "method": method, "path": path })).collect();
    let tried = api.post(&format!("/api/v1/price-plans/{plan}/try"), json!({ "requests": requests })).await?;
    list(&tried, "answers")?.iter().map(outcome).collect()
}

fn outcome(tried: &Value) -> Result<Outcome, String> {
    let word = text(tried, "/outcome")?;
    match &*word {
        "free" => Ok(Outcome::Free),
        "charge" | "hold" => {
            let rule = tried.get("rule").and_then(Value::as_u64).unwrap_or_default();
            Ok(Outcome::Costs(amount(tried, "/amount")?, word == "hold", rule, text(tried, "/operation")?))
        }
        _ => Ok(Outcome::Refused(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_fits_its_pattern() {
        for pattern in ["/", "/v1/messages", "/v1/*/calls", "/v1/**", "/**"] {
            let sample = sample(pattern);
            assert!(pattern.parse::<ledger::PathPattern>().unwrap().fits(&sample), "{pattern} {sample}");
        }
    }
}
