//! Price plans, which the operator puts: as a list, and as lines of text that can be tried before they are in force.

use std::fmt::Write as _;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::price::{RULES_MAX, check_rule};
use ledger::{Amount, Currency, OnExpiry, PathPattern, PricePlan, PriceRule, Pricing, Refusal, Timestamp};

use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::Visit;
use super::words;
use crate::app::{Error, NewPlan, PlanFilter};

/// How many plans are listed.
const LISTED: usize = 200;
/// How many calls are tried at once.
const TRIED_MAX: usize = 1_000;
/// For how long a hold lasts where its line does not say, in seconds.
const LASTS_S: i64 = 300;

#[derive(Template)]
#[template(path = "console/prices.html")]
struct ListPage {
    frame: Frame,
    plans: Vec<PricePlan>,
}

impl ListPage {
    const fn at(&self, plan: &PricePlan) -> Time {
        Time(plan.made_at)
    }

    fn price(&self, pricing: &Pricing) -> String {
        match pricing {
            Pricing::Free => "free".to_owned(),
            Pricing::Deny => "not allowed".to_owned(),
            Pricing::Charge { unit_price, units: 1 } => Money::from(*unit_price).text(),
            Pricing::Charge { unit_price, units } => format!("{units} × {}", Money::from(*unit_price).text()),
            Pricing::Hold { amount, lasts_ms, on_expiry } => {
                let then = if *on_expiry == OnExpiry::Capture { ", then charges it" } else { "" };
                format!("holds {} for {} s{then}", Money::from(*amount).text(), lasts_ms / 1_000)
            }
        }
    }
}

/// `GET /console/prices`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .answer(async {
            let plans = visit.app.price_plans(visit.by, PlanFilter::default(), None, LISTED).await?;
            page::ok(&ListPage { frame: visit.frame("Price plans"), plans })
        })
        .await
}

/// The names of the plans that families of a currency can go by.
pub(super) async fn names(visit: &Visit, currency: Currency) -> Result<Vec<String>, Error> {
    let filter = PlanFilter { currency: Some(currency), ..PlanFilter::default() };
    let plans = visit.app.price_plans(visit.by, filter, None, LISTED).await?;
    Ok(plans.into_iter().map(|it| it.name.to_string()).collect())
}

#[derive(Template)]
#[template(path = "console/price_plan.html")]
struct PlanPage {
    frame: Frame,
    /// The version that is in force; none of a new plan.
    version: Option<u32>,
    name: String,
    currency: String,
    is_default: bool,
    rules: String,
    calls: String,
    tried: Vec<Tried>,
    problem: Option<String>,
}

/// A call, and what it would come to.
struct Tried {
    call: String,
    outcome: String,
    rule: Option<usize>,
}

/// `GET /console/prices/plan`: the plan that is named, or a new one.
pub(super) async fn form(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let plan = match visit.form.some("plan") {
                None => None,
                Some(name) => Some(visit.app.price_plan(visit.by, name.to_owned(), None).await?),
            };
            let frame = visit
                .frame(plan.as_ref().map_or_else(|| "A price plan".to_owned(), |it| it.name.to_string()));
            page::ok(&PlanPage {
                frame,
                version: plan.as_ref().map(|it| it.version),
                currency: plan.as_ref().map_or(Currency::EUR, |it| it.currency).to_string(),
                is_default: plan.as_ref().is_some_and(|it| it.is_default),
                rules: plan.as_ref().map_or_else(String::new, |it| lines(&it.rules)),
                name: plan.map_or_else(String::new, |it| it.name.to_string()),
                calls: String::new(),
                tried: Vec::new(),
                problem: None,
            })
        })
        .await
}

/// The same page with what was filled in.
async fn again(visit: &Visit, tried: Vec<Tried>, problem: Option<String>) -> Result<Response, Error> {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let form = &visit.form;
    let name = form.text("name").to_owned();
    page::page(
        status,
        &PlanPage {
            frame: visit.frame("A price plan"),
            version: in_force(visit, &name).await?.map(|it| it.version),
            name,
            currency: form.text("currency").to_owned(),
            is_default: form.is_ticked("default"),
            rules: form.exact("rules").to_owned(),
            calls: form.exact("calls").to_owned(),
            tried,
            problem,
        },
    )
}

async fn in_force(visit: &Visit, name: &str) -> Result<Option<PricePlan>, Error> {
    match visit.app.price_plan(visit.by, name.to_owned(), None).await {
        Ok(plan) => Ok(Some(plan)),
        Err(Error::Refused(Refusal::PlanNotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What was filled in, or what is wrong with it.
fn read(visit: &Visit) -> Result<NewPlan, String> {
    let form = &visit.form;
    let currency = form.text("currency").parse();
    let currency = currency.map_err(|_| "The currency is three capital letters, such as EUR.")?;
    let rules = rules(form.exact("rules"))?.into();
    Ok(NewPlan { name: form.text("name").into(), currency, is_default: form.is_ticked("default"), rules })
}

/// `POST /console/prices/try`: what some calls would come to; nothing is done.
pub(super) async fn attempt(visit: Visit) -> Response {
    visit
        .answer(async {
            let in_force = in_force(&visit, visit.form.text("name")).await?;
            let NewPlan { name, currency, is_default, rules } = match read(&visit) {
                Ok(new) => new,
                Err(problem) => return again(&visit, Vec::new(), Some(problem)).await,
            };
            let version = in_force.map_or(1, |it| it.version.saturating_add(1));
            let made_at = Timestamp::default();
            let plan = PricePlan { name, version, currency, is_default, rules, made_at };
            match tried(&plan, visit.form.exact("calls")) {
                Ok(tried) => again(&visit, tried, None).await,
                Err(problem) => again(&visit, Vec::new(), Some(problem)).await,
            }
        })
        .await
}

/// `POST /console/prices`: puts it. It is in force when this is answered.
pub(super) async fn put(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let new = match read(&visit) {
                Ok(new) => new,
                Err(problem) => return again(&visit, Vec::new(), Some(problem)).await,
            };
            match visit.app.put_plan(visit.by, visit.once(), new).await {
                Ok(plan) => {
                    let notice = format!("Version {} of {} is in force.", plan.version, plan.name);
                    Ok(visit.done("/console/prices", notice))
                }
                Err(Error::Refused(refusal)) => {
                    again(&visit, Vec::new(), Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

/// Rules as lines: method, path, operation and price, in columns.
fn lines(rules: &[PriceRule]) -> String {
    let row = |rule: &PriceRule| {
        let price = match rule.pricing {
            Pricing::Free => "free".to_owned(),
            Pricing::Deny => "deny".to_owned(),
            Pricing::Charge { unit_price, units: 1 } => unit_price.to_string(),
            Pricing::Charge { unit_price, units } => format!("{units} x {unit_price}"),
            Pricing::Hold { amount, lasts_ms, on_expiry } => {
                let then = if on_expiry == OnExpiry::Capture { "capture" } else { "release" };
                format!("hold {amount} {}s {then}", lasts_ms / 1_000)
            }
        };
        let method = rule.method.as_deref().unwrap_or("*").to_owned();
        [method, rule.path.to_string(), rule.operation.to_string(), price]
    };
    let rows: Vec<_> = rules.iter().map(row).collect();
    let width =
        |nth: usize| rows.iter().filter_map(|it| it.get(nth)).map(|it| it.chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [method, path, operation, price] in rows {
        let [first, second, third] = widths;
        // Into a text it cannot fail.
        let _ = writeln!(text, "{method:first$}  {path:second$}  {operation:third$}  {price}");
    }
    text
}

/// And back. Blank lines and those that begin with # are none.
fn rules(text: &str) -> Result<Vec<PriceRule>, String> {
    let lines = text.lines().map(str::trim).zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let rules =
        lines.map(|(line, number): (_, usize)| rule(line).map_err(|it| format!("Line {number}: {it}")));
    let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
    if rules.len() > RULES_MAX {
        return Err(words::refused(&Refusal::RulesMax(RULES_MAX)).into_owned());
    }
    Ok(rules)
}

fn rule(line: &str) -> Result<PriceRule, String> {
    const FORM: &str =
        "a rule is a method, a path, an operation and a price, such as: POST /v1/messages sms.send 0.0075";
    const PATH: &str =
        "a path is written plainly, such as /v1/messages; * is any one part, ** at its end all that follows.";
    let words: Vec<_> = line.split_whitespace().collect();
    let [method, path, operation, price @ ..] = words.as_slice() else { return Err(FORM.to_owned()) };
    let path: PathPattern = path.parse().map_err(|_| PATH.to_owned())?;
    let method = Some(*method).filter(|it| *it != "*").map(Into::into);
    let rule = PriceRule { method, path, operation: (*operation).into(), pricing: pricing(price)? };
    check_rule(&rule).map_err(|it| words::refused(&it).into_owned())?;
    Ok(rule)
}

fn pricing(words: &[&str]) -> Result<Pricing, String> {
    const FORM: &str = "a price is an amount such as 0.0075, 100 x 0.0075 for so many units, hold 0.50 300s release, hold 0.50 300s capture, free or deny.";
    let amount = |text: &str| Amount::parse(text).map_err(|_| FORM.to_owned());
    match words {
        ["free"] => Ok(Pricing::Free),
        ["deny"] => Ok(Pricing::Deny),
        ["hold", held, rest @ ..] => {
            let (lasts, then) = match rest {
                [] => (None, None),
                [then @ ("release" | "capture")] => (None, Some(*then)),
                [lasts] => (Some(*lasts), None),
                [lasts, then @ ("release" | "capture")] => (Some(*lasts), Some(*then)),
                _ => return Err(FORM.to_owned()),
            };
            let seconds =
                lasts.map(|it| it.trim_end_matches('s').parse::<i64>().map_err(|_| FORM.to_owned()));
            let lasts_ms = seconds.transpose()?.unwrap_or(LASTS_S).saturating_mul(1_000);
            let on_expiry = if then == Some("capture") { OnExpiry::Capture } else { OnExpiry::Release };
            Ok(Pricing::Hold { amount: amount(held)?, lasts_ms, on_expiry })
        }
        [unit_price] => Ok(Pricing::Charge { unit_price: amount(unit_price)?, units: 1 }),
        [units, "x" | "×", unit_price] => {
            let units = units.parse().map_err(|_| FORM.to_owned())?;
            Ok(Pricing::Charge { unit_price: amount(unit_price)?, units })
        }
        _ => Err(FORM.to_owned()),
    }
}

/// What calls would come to: a line each, method and path, and perhaps the operation that a gate would name.
fn tried(plan: &PricePlan, calls: &str) -> Result<Vec<Tried>, String> {
    let lines: Vec<_> = calls.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    if lines.is_empty() {
        return Err("Say which calls to try, a line each, such as: POST /v1/messages".to_owned());
    }
    if lines.len() > TRIED_MAX {
        return Err(format!("At most {TRIED_MAX} calls are tried at once."));
    }
    let outcome = |line: &&str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let (method, path, operation) = match words.as_slice() {
            [method, path] => (*method, *path, None),
            [method, path, operation] => (*method, *path, Some(*operation)),
            _ => {
                return Err(format!(
                    "“{line}” is no call: say a method and a path, such as POST /v1/messages."
                ));
            }
        };
        let plain = path.split('?').next().unwrap_or_default();
        let (outcome, rule) = match plan.quote(method, plain, operation) {
            Ok(quote) => {
                (came_to(&quote.rule.pricing, quote.amount, &quote.rule.operation), Some(quote.number))
            }
            Err(refusal) => (words::refused(&refusal).into_owned(), None),
        };
        Ok(Tried { call: (*line).to_owned(), outcome, rule })
    };
    lines.iter().map(outcome).collect()
}

fn came_to(pricing: &Pricing, amount: Amount, operation: &str) -> String {
    let amount = Money::from(amount).text();
    match pricing {
        Pricing::Free => format!("passes free as {operation}"),
        Pricing::Deny => format!("is not let through: {operation}"),
        Pricing::Charge { .. } => format!("is charged {amount} for {operation}"),
        Pricing::Hold { .. } => format!("holds {amount} for {operation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_from_their_lines() {
        let text = "\
POST  /v1/messages  sms.send      0.0075
*     /v1/bulk/*    sms.bulk      100 x 0.005
POST  /v1/chat/**   chat.tokens   hold 0.50 300s release
GET   /v1/report    report        hold 2.00 60s capture
*     /v1/account   account.read  free
*     /admin/**     admin         deny
";
        assert_eq!(lines(&rules(text).unwrap()), text);
        let short = rules("# a remark\n\n POST /x y hold 1 \n* /z w hold 1 capture").unwrap();
        assert_eq!(
            lines(&short),
            "POST  /x  y  hold 1.00 300s release\n*     /z  w  hold 1.00 300s capture\n"
        );
    }

    #[test]
    fn a_line_that_is_no_rule_is_named() {
        for (text, says) in [
            ("POST /v1/messages sms.send", "Line 1: a price is"),
            ("\nPOST /v1/messages", "Line 2: a rule is"),
            ("POST v1 sms.send 1", "Line 1: a path is"),
            ("post /v1 sms.send 1", "Line 1: A method must have"),
            ("POST /v1 sms.send -1", "Line 1: "),
            ("POST /v1 sms.send 1,5", "Line 1: a price is"),
            ("POST /v1 sms.send 0 x 1", "Line 1: "),
            ("POST /v1 sms.send hold 1 90000s", "Line 1: A hold lasts"),
            ("POST /v1 sms.send hold 1 soon", "Line 1: a price is"),
        ] {
            let error = rules(text).unwrap_err();
            assert!(error.starts_with(says), "{text}: {error}");
        }
        assert!(rules(&"GET /x y free\n".repeat(RULES_MAX + 1)).is_err());
    }

    #[test]
    fn calls_are_told_by_the_rule_that_counts() {
        let plan = PricePlan {
            name: "x".into(),
            version: 1,
            currency: Currency::EUR,
            is_default: false,
            rules: rules("POST /a sms.send 3 x 0.5\nGET /b c free\n* /d e deny\nGET /h i hold 2")
                .unwrap()
                .into(),
            made_at: Timestamp::default(),
        };
        let said = |calls: &str| -> Vec<_> {
            let tried = tried(&plan, calls).unwrap();
            tried.into_iter().map(|it| format!("{} {:?}", it.outcome, it.rule)).collect()
        };
        assert_eq!(
            said("POST /a?x=1\nGET /b\n\nPUT /d\nGET /h\nGET /none\nPOST /a call"),
            [
                "is charged 1.50 for sms.send Some(1)",
                "passes free as c Some(2)",
                "is not let through: e Some(3)",
                "holds 2.00 for i Some(4)",
                "No rule of the price plan is for such a call. None",
                "No rule of the price plan is for such a call. None",
            ]
        );
        assert!(tried(&plan, " \n").is_err() && tried(&plan, "GET").is_err());
    }
}
