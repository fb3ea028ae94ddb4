//! Price plans: what puts and tries them, and how they are shown.

use std::borrow::Cow;
use std::sync::Arc;

use ledger::price::{UNITS_MAX, check_rule};
use ledger::{Amount, Currency, OnExpiry, PathPattern, PricePlan, PriceRule, Pricing, Refusal};
use serde::Serialize;

use super::super::error::{Failure, Names, fault};
use super::members::Members;
use super::{Text, Time};
use crate::http::Incoming;

/// For how long a hold lasts when nothing is said, in seconds.
const EXPIRES_IN_DEFAULT: i64 = 300;
/// The most calls that are tried at once.
const TRIED_MAX: usize = 1_000;

/// `PUT /api/v1/price-plans/{name}`.
pub(in super::super) struct PlanBody {
    pub(in super::super) currency: Currency,
    pub(in super::super) is_default: bool,
    pub(in super::super) rules: Arc<[PriceRule]>,
}

impl PlanBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let plan = Self::of(&mut members);
        members.finish(plan)
    }

    fn of(members: &mut Members<'_>) -> Option<Self> {
        let currency = members.required("currency", |members, name| {
            members.parsed(name, "must be three capital letters such as \"EUR\"")
        });
        let is_default = members.flag("default").unwrap_or(false);
        let rules = members.required("rules", |members, name| members.each(name, rule));
        currency.zip(rules).map(|(currency, rules)| Self { currency, is_default, rules: rules.into() })
    }
}

#[derive(Clone, Copy)]
enum Mode {
    Charge,
    Hold,
    Free,
    Deny,
}

const MODES: [(&str, Mode); 4] =
    [("charge", Mode::Charge), ("hold", Mode::Hold), ("free", Mode::Free), ("deny", Mode::Deny)];
const EXPIRIES: [(&str, OnExpiry); 2] = [("release", OnExpiry::Release), ("capture", OnExpiry::Capture)];

fn rule(members: &mut Members<'_>) -> Option<PriceRule> {
    const NO_PATTERN: &str = "must be a path such as \"/v1/messages\", written plainly; * is any one part, ** at its end all \
         that follows";
    let method = members.text("method").filter(|it| it != "*");
    let path = members.required("path", |members, name| members.parsed::<PathPattern>(name, NO_PATTERN));
    let operation = members.required("operation", Members::text);
    let mode = members.required("mode", |members, name| members.one_of(name, &MODES));
    let pricing = match mode? {
        Mode::Free => Some(Pricing::Free),
        Mode::Deny => Some(Pricing::Deny),
        Mode::Charge => {
            let unit_price = members.required("unit_price", Members::amount);
            let units = u32::try_from(members.whole("units").unwrap_or(1)).unwrap_or(0);
            if !(1..=UNITS_MAX).contains(&units) {
                members.fault("units", "must be from 1 to 1000000");
                return None;
            }
            unit_price.map(|unit_price| Pricing::Charge { unit_price, units })
        }
        Mode::Hold => {
            let amount = members.required("reserve", Members::amount);
            let lasts_s = members.whole("expires_in").unwrap_or(EXPIRES_IN_DEFAULT);
            let on_expiry = members.one_of("on_expiry", &EXPIRIES).unwrap_or(OnExpiry::Release);
            amount.map(|amount| Pricing::Hold { amount, lasts_ms: lasts_s.saturating_mul(1_000), on_expiry })
        }
    };
    let ((path, operation), pricing) = path.zip(operation).zip(pricing)?;
    let rule = PriceRule { method: method.map(Into::into), path, operation: operation.into(), pricing };
    if let Err(refusal) = check_rule(&rule) {
        let amount = if matches!(pricing, Pricing::Hold { .. }) { "reserve" } else { "unit_price" };
        // Here, where its place among the rules is known. Whatever is no member's fault, the ledger says again.
        if let Some((field, detail)) = fault(&refusal, Names { amount, ..Names::USUAL }) {
            members.fault(field, detail);
        }
    }
    Some(rule)
}

/// `POST /api/v1/price-plans/{name}/try`.
pub(in super::super) struct TryBody<'a> {
    /// What is tried in place of the plan that is in force.
    pub(in super::super) plan: Option<PlanBody>,
    /// Methods and paths, with their queries or without.
    pub(in super::super) requests: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> TryBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let plan = members.object("plan", PlanBody::of);
        let requests = members.required("requests", |members, name| {
            members.each(name, |members| {
                let method = members.required("method", Members::text);
                let path = members.required("path", Members::text);
                method.zip(path)
            })
        });
        if requests.as_ref().is_some_and(|it| it.len() > TRIED_MAX) {
            members.fault("requests", "must have at most 1000 members");
        }
        members.finish(requests.map(|requests| Self { plan, requests }))
    }
}

/// The query of `GET /api/v1/price-plans/{name}`.
pub(in super::super) struct PlanQuery {
    pub(in super::super) version: Option<u32>,
}

impl PlanQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let version = members.parsed("version", "must be a whole number from 1 on");
        members.finish(Some(Self { version }))
    }
}

/// A price plan.
#[derive(Serialize)]
pub(in super::super) struct PlanRecord<'a> {
    name: &'a str,
    version: u32,
    currency: Text<Currency>,
    default: bool,
    made_at: Text<Time>,
    rules: Vec<RuleRecord<'a>>,
}

#[derive(Serialize)]
struct RuleRecord<'a> {
    rule: usize,
    method: &'a str,
    path: String,
    operation: &'a str,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Text<Amount>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserve: Option<Text<Amount>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_expiry: Option<&'static str>,
}

impl<'a> PlanRecord<'a> {
    pub(in super::super) fn new(plan: &'a PricePlan) -> Self {
        Self {
            name: &plan.name,
            version: plan.version,
            currency: Text(plan.currency),
            default: plan.is_default,
            made_at: Text(Time(plan.made_at)),
            rules: plan.rules.iter().zip(1..).map(|(it, number)| RuleRecord::new(it, number)).collect(),
        }
    }
}

impl<'a> RuleRecord<'a> {
    fn new(rule: &'a PriceRule, number: usize) -> Self {
        let record = Self {
            rule: number,
            method: rule.method.as_deref().unwrap_or("*"),
            path: rule.path.to_string(),
            operation: &rule.operation,
            mode: mode(&rule.pricing),
            unit_price: None,
            units: None,
            reserve: None,
            expires_in: None,
            on_expiry: None,
        };
        match rule.pricing {
            Pricing::Free | Pricing::Deny => record,
            Pricing::Charge { unit_price, units } => {
                Self { unit_price: Some(Text(unit_price)), units: Some(units), ..record }
            }
            Pricing::Hold { amount, lasts_ms, on_expiry } => Self {
                reserve: Some(Text(amount)),
                expires_in: Some(lasts_ms / 1_000),
                on_expiry: Some(if on_expiry == OnExpiry::Capture { "capture" } else { "release" }),
                ..record
            },
        }
    }
}

const fn mode(pricing: &Pricing) -> &'static str {
    match pricing {
        Pricing::Charge { .. } => "charge",
        Pricing::Hold { .. } => "hold",
        Pricing::Free => "free",
        Pricing::Deny => "deny",
    }
}

/// All plans.
#[derive(Serialize)]
pub(in super::super) struct PlansPage<'a> {
    price_plans: Vec<PlanRecord<'a>>,
}

impl<'a> PlansPage<'a> {
    pub(in super::super) fn new(plans: &'a [PricePlan]) -> Self {
        Self { price_plans: plans.iter().map(PlanRecord::new).collect() }
    }
}

/// What some calls would come to.
#[derive(Serialize)]
pub(in super::super) struct Tried<'a> {
    answers: Vec<TriedCall<'a>>,
}

#[derive(Serialize)]
struct TriedCall<'a> {
    method: &'a str,
    path: &'a str,
    outcome: &'static str,
    rule: Option<usize>,
    operation: Option<&'a str>,
    amount: Option<Text<Amount>>,
}

impl<'a> Tried<'a> {
    pub(in super::super) fn new(plan: &'a PricePlan, requests: &'a [(Cow<'a, str>, Cow<'a, str>)]) -> Self {
        let tried = requests.iter().map(|(method, path)| {
            let plain = path.split('?').next().unwrap_or_default();
            let call = TriedCall { method, path, outcome: "", rule: None, operation: None, amount: None };
            match plan.quote(method, plain) {
                Ok(quote) => TriedCall {
                    outcome: mode(&quote.rule.pricing),
                    rule: Some(quote.number),
                    operation: Some(&quote.rule.operation),
                    amount: (quote.rule.pricing != Pricing::Deny).then_some(Text(quote.amount)),
                    ..call
                },
                Err(Refusal::PathNotNormal) => TriedCall { outcome: "path_not_normal", ..call },
                Err(_) => TriedCall { outcome: "no_price", ..call },
            }
        });
        Self { answers: tried.collect() }
    }
}
