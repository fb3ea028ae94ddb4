//! What can be set of an account: its name, when somebody wants to be told, how much it may spend; by the operator its credit
//! limit and price plan, and what was paid.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Account, Alerts, Amount, BalanceMode, CapsChange, Refusal};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Money;
use super::visit::{Form, Role, Visit};
use super::{prices, words};
use crate::app::{AccountChange, Error};

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    is_operator: bool,
    /// The price plans that the family can go by.
    plans: Vec<String>,
    problem: Option<String>,
}

impl Page {
    fn alerts(&self) -> [String; 3] {
        let Alerts { low, depleted, recovered } = self.tabs.it.account.alerts;
        [low, Some(depleted), recovered].map(text)
    }

    fn caps(&self) -> [String; 3] {
        let caps = self.tabs.it.account.caps.as_deref();
        let day = caps.and_then(|it| it.day).map(|it| it.most);
        let month = caps.and_then(|it| it.month).map(|it| it.most);
        [text(day), text(month), caps.map_or_else(|| "UTC".to_owned(), |it| it.zone.to_string())]
    }

    fn credit_limit(&self) -> String {
        self.tabs.it.account.standing.credit_limit.to_string()
    }

    fn plan(&self) -> &str {
        self.tabs.it.account.plan.as_deref().unwrap_or("")
    }
}

fn text(amount: Option<Amount>) -> String {
    amount.map_or_else(String::new, |it| it.to_string())
}

/// `GET /console/accounts/{account}/settings`.
pub(super) async fn form(name: Segment, visit: Visit) -> Response {
    visit.answer(async { asking(&visit, &name, None).await }).await
}

async fn asking(visit: &Visit, name: &Segment, problem: Option<String>) -> Result<Response, Error> {
    let id = visit.app.named(segment(name)).await?;
    let tabs = Tabs::of(visit, id).await?;
    if !tabs.may_set {
        return Err(Error::Refused(Refusal::Forbidden));
    }
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let is_operator = matches!(visit.role, Role::Operator);
    let plans = if is_operator && tabs.it.account.is_primary() {
        // A token for some accounts sees no plans.
        prices::names(visit, tabs.it.account.currency).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    let frame = visit.frame(format!("Settings of {}", tabs.it.account.name));
    page::page(status, &Page { frame, tabs, is_operator, plans, problem })
}

/// `POST /console/accounts/{account}/settings`: changes what one of the page's forms is about, all or nothing.
pub(super) async fn change(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let change = match read(&visit.form) {
                Ok(change) => change,
                Err(problem) => return asking(&visit, &name, Some(problem.to_owned())).await,
            };
            match visit.app.change_account(visit.by, visit.once(), id, change).await {
                Ok(_) => {
                    let path = format!("/console/accounts/{}/settings", account.api_key);
                    Ok(visit.done(&path, "It is changed."))
                }
                Err(Error::Refused(refusal)) => {
                    asking(&visit, &name, Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

const NO_AMOUNT: &str = "An amount must be a number such as 12.50, or be left empty.";

/// A field that may stay empty.
fn optional(form: &Form, name: &str) -> Result<Option<Amount>, &'static str> {
    match form.some(name) {
        None => Ok(None),
        Some(text) => Amount::parse(text).map(Some).map_err(|_| NO_AMOUNT),
    }
}

fn read(form: &Form) -> Result<AccountChange, &'static str> {
    let none = AccountChange::default();
    Ok(match form.text("what") {
        "name" => AccountChange { name: Some(form.text("name").into()), ..none },
        "own" => AccountChange { mode: Some(BalanceMode::Own), ..none },
        "alerts" => {
            let low = optional(form, "low")?;
            let depleted = optional(form, "depleted")?.unwrap_or(Amount::ZERO);
            let recovered = optional(form, "recovered")?;
            AccountChange { alerts: Some(Alerts { low, depleted, recovered }), ..none }
        }
        "caps" => {
            let (day, month) = (optional(form, "day")?, optional(form, "month")?);
            let zone = form.some("zone").map(Into::into);
            AccountChange { caps: Some(CapsChange { zone, day: Some(day), month: Some(month) }), ..none }
        }
        "credit_limit" => {
            AccountChange { credit_limit: Some(optional(form, "credit_limit")?.ok_or(NO_AMOUNT)?), ..none }
        }
        "plan" => AccountChange { plan: Some(form.some("plan").map(Into::into)), ..none },
        _ => return Err("The form is not one of this page. Open it again."),
    })
}

#[derive(Template)]
#[template(path = "console/payment.html")]
struct PaymentPage {
    frame: Frame,
    account: Account,
    amount: String,
    reference: String,
    problem: Option<String>,
}

/// `GET /console/accounts/{account}/payment`.
pub(super) async fn payment_form(name: Segment, visit: Visit) -> Response {
    visit.answer(async { asking_payment(&visit, &name, None).await }).await
}

async fn asking_payment(visit: &Visit, name: &Segment, problem: Option<String>) -> Result<Response, Error> {
    visit.operator()?;
    let id = visit.app.named(segment(name)).await?;
    let account = visit.app.account(visit.by, id).await?.account;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let text = |name| visit.form.text(name).to_owned();
    let (amount, reference) = (text("amount"), text("reference"));
    page::page(
        status,
        &PaymentPage { frame: visit.frame("Record a payment"), account, amount, reference, problem },
    )
}

/// `POST /console/accounts/{account}/payment`: books what was received or, negative, paid out.
pub(super) async fn pay(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let Some(amount) = visit.form.amount("amount") else {
                return asking_payment(
                    &visit,
                    &name,
                    Some("The amount must be a number such as 12.50.".into()),
                )
                .await;
            };
            let reference = visit.form.some("reference").map(Into::into);
            match visit.app.pay(visit.by, visit.once(), id, amount, reference).await {
                Ok(_) => {
                    let amount = Money::from(amount).text();
                    let notice = format!("A payment of {amount} {} is recorded.", account.currency);
                    Ok(visit.done(&format!("/console/accounts/{}", account.api_key), notice))
                }
                Err(Error::Refused(refusal)) => {
                    asking_payment(&visit, &name, Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}
