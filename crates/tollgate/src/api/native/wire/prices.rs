//! Price plans: what puts and tries them, and how they are shown.

use std::borrow::Cow;
use std::sync::Arc;

use ledger::price::{UNITS_MAX, check_rule};
use ledger::{Amount, Currency, OnExpiry, PathPattern, PricePlan, PriceRule, Pricing, Refusal};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::super::error::{Failure, Names, fault};
use super::lists::behind;
use super::members::Members;
use super::schema::{AmountFromZero, CurrencyAsked, Lasting, WholeAsked, words, words_or_null};
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

impl JsonSchema for PlanBody {
    fn schema_name() -> Cow<'static, str> {
        "PlanBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        PlanMembers::json_schema(generator)
    }
}

/// A price plan.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a `PlanBody`, whose parts are read otherwise")]
struct PlanMembers {
    /// What its prices are in. Another version of a plan keeps it.
    #[schemars(with = "CurrencyAsked")]
    currency: (),
    /// Whether it is the plan of every primary account of its currency that is assigned none. It takes the place of the one that
    /// was.
    #[schemars(with = "Option<bool>")]
    default: (),
    /// What calls cost: at most 1000 rules, tried in this order; the first that fits a call counts, and whatever none fits is not
    /// for sale.
    #[schemars(with = "Vec<RuleMembers>", length(max = 1_000))]
    rules: (),
}

/// A rule of a price plan. `mode` says what a call that it fits comes to, and which further members there are: `unit_price`
/// and `units` for a charge; `reserve`, `expires_in` and `on_expiry` for a hold.
#[derive(JsonSchema)]
#[schemars(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a `PlanBody`, whose parts are read otherwise")]
enum RuleMembers {
    /// The call costs `unit_price` times `units`.
    Charge {
        /// Which method it fits, in capitals; every one when nothing is said, or `*`.
        method: Option<Box<str>>,
        /// Which paths it fits: written plainly; `*` is any one part, `**` at its end all that follows.
        path: String,
        /// What is sold, such as `sms.send`: 1 to 64 characters, none of them blank.
        #[schemars(length(min = 1, max = 64))]
        operation: String,
        /// What one unit costs.
        #[schemars(with = "AmountFromZero")]
        unit_price: (),
        /// How many units a call is; 1 when nothing is said.
        #[schemars(with = "Option<WholeAsked<1, 1_000_000>>")]
        units: (),
    },
    /// An amount is held, which the API behind the gate settles by what was really used.
    Hold {
        /// Which method it fits, in capitals; every one when nothing is said, or `*`.
        method: Option<Box<str>>,
        /// Which paths it fits: written plainly; `*` is any one part, `**` at its end all that follows.
        path: String,
        /// What is sold, such as `chat.tokens`: 1 to 64 characters, none of them blank.
        #[schemars(length(min = 1, max = 64))]
        operation: String,
        /// What is held.
        #[schemars(with = "AmountFromZero")]
        reserve: (),
        /// After how many seconds the hold ends by itself; 300 when nothing is said.
        #[schemars(with = "Option<Lasting>")]
        expires_in: (),
        /// What happens then: the amount is given back (`release`, when nothing is said) or charged (`capture`).
        #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&EXPIRIES)))]
        on_expiry: (),
    },
    /// The call costs nothing.
    Free {
        /// Which method it fits, in capitals; every one when nothing is said, or `*`.
        method: Option<Box<str>>,
        /// Which paths it fits: written plainly; `*` is any one part, `**` at its end all that follows.
        path: String,
        /// What it is, such as `account.balance`: 1 to 64 characters, none of them blank.
        #[schemars(length(min = 1, max = 64))]
        operation: String,
    },
    /// The call is not allowed.
    Deny {
        /// Which method it fits, in capitals; every one when nothing is said, or `*`.
        method: Option<Box<str>>,
        /// Which paths it fits: written plainly; `*` is any one part, `**` at its end all that follows.
        path: String,
        /// What it is, such as `admin`: 1 to 64 characters, none of them blank.
        #[schemars(length(min = 1, max = 64))]
        operation: String,
    },
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

/// Some calls to be tried.
#[derive(JsonSchema)]
pub(in super::super) struct TryBody<'a> {
    /// What is tried in place of the plan that is in force.
    pub(in super::super) plan: Option<PlanBody>,
    /// The calls: at most 1000.
    #[schemars(length(max = 1_000))]
    pub(in super::super) requests: Vec<TriedRequest<'a>>,
}

/// A call to be tried.
#[derive(JsonSchema)]
#[schemars(rename = "CallTried", deny_unknown_fields)]
pub(in super::super) struct TriedRequest<'a> {
    /// Its method, in capitals.
    method: Cow<'a, str>,
    /// Its path, with a query or without.
    path: Cow<'a, str>,
    /// What it is, where the gate would name that: then only rules for it count, and those that deny.
    operation: Option<Cow<'a, str>>,
}

impl<'a> TryBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let plan = members.object("plan", PlanBody::of);
        let requests = members.required("requests", |members, name| {
            members.each(name, |members| {
                let method = members.required("method", Members::text);
                let path = members.required("path", Members::text);
                let operation = members.text("operation");
                method.zip(path).map(|(method, path)| TriedRequest { method, path, operation })
            })
        });
        if requests.as_ref().is_some_and(|it| it.len() > TRIED_MAX) {
            members.fault("requests", "must have at most 1000 members");
        }
        members.finish(requests.map(|requests| Self { plan, requests }))
    }
}

/// The query of `GET /api/v1/price-plans/{name}`.
#[derive(JsonSchema)]
pub(in super::super) struct PlanQuery {
    /// Which version; the newest when nothing is said.
    #[schemars(range(min = 0, max = 4_294_967_295_u32))]
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
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct PlanRecord<'a> {
    /// Its name.
    name: &'a str,
    /// Its version, from 1 on.
    version: u32,
    /// What its prices are in.
    currency: Text<Currency>,
    /// Whether it is the plan of every primary account of its currency that is assigned none.
    default: bool,
    /// When this version was put.
    made_at: Text<Time>,
    /// What calls cost: the rules are tried in this order, and the first that fits a call counts.
    rules: Vec<RuleRecord<'a>>,
}

/// A rule of a price plan.
#[derive(Serialize, JsonSchema)]
struct RuleRecord<'a> {
    /// Its number in the plan, from 1 on.
    rule: usize,
    /// Which method it fits; `*` for every one.
    method: &'a str,
    /// Which paths it fits.
    path: String,
    /// What is sold.
    operation: &'a str,
    /// What a call that it fits comes to.
    #[schemars(extend("enum" = words(&MODES)))]
    mode: &'static str,
    /// What one unit costs; of a charge alone, as the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Text<Amount>>,
    /// How many units a call is.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u32>,
    /// What is held; of a hold alone, as the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserve: Option<Text<Amount>>,
    /// After how many seconds the hold ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    /// What happens then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&EXPIRIES)))]
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

/// A page of plans.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct PlansPage<'a> {
    /// The newest version of each plan, in order of their names.
    price_plans: Vec<PlanRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<String>,
}

impl<'a> PlansPage<'a> {
    /// Of one plan more than the page has, if there is one.
    pub(in super::super) fn new(plans: &'a [PricePlan], limit: usize) -> Self {
        let page = plans.get(..limit).unwrap_or(plans);
        let last = page.last().filter(|_| plans.len() > limit);
        Self {
            price_plans: page.iter().map(PlanRecord::new).collect(),
            next: last.map(|it| behind(&it.name)),
        }
    }
}

/// What some calls would come to.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct Tried<'a> {
    /// An answer for each call, in their order.
    answers: Vec<TriedCall<'a>>,
}

/// What a call would come to.
#[derive(Serialize, JsonSchema)]
struct TriedCall<'a> {
    /// The call's method.
    method: &'a str,
    /// The call's path.
    path: &'a str,
    /// The mode of the rule that counts, or that there is none (`no_price`), or that the path is not plain (`path_not_normal`).
    #[schemars(extend("enum" = ["charge", "hold", "free", "deny", "no_price", "path_not_normal"]))]
    outcome: &'static str,
    /// The number of the rule that counts; null, as the next two, for none.
    rule: Option<usize>,
    /// What is sold.
    operation: Option<&'a str>,
    /// What would be charged or held; null for a call that is not allowed.
    amount: Option<Text<Amount>>,
}

impl<'a> Tried<'a> {
    pub(in super::super) fn new(plan: &'a PricePlan, requests: &'a [TriedRequest<'a>]) -> Self {
        let tried = requests.iter().map(|TriedRequest { method, path, operation }| {
            let plain = path.split('?').next().unwrap_or_default();
            let call = TriedCall { method, path, outcome: "", rule: None, operation: None, amount: None };
            match plan.quote(method, plain, operation.as_deref()) {
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
