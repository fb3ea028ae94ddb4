//! The numbers that an account rents, of a primary those of its whole family: renting more, giving them back, and moving them
//! within the family.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{AccountId, Country, Number, Refusal};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::stock::can;
use super::visit::{Form, Visit};
use super::words;
use crate::app::{
    Error, FamilyFilter, FamilyOrder, NumberChange, NumberFilter, OwnedBy, RentedNumber, Shown, Slice,
};

/// How many numbers a page has.
const PAGE_LEN: usize = 100;
/// How many numbers of the stock are shown.
const STOCK_LEN: usize = 20;
/// How many accounts are proposed to move a number to.
const PROPOSED: usize = 100;

#[derive(Template)]
#[template(path = "console/numbers.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Shown<Number>>,
    total: usize,
    number: usize,
    may_rent: bool,
    may_move: bool,
    /// The api keys and names of accounts that a number may move to.
    family: Vec<(String, String)>,
    asked: Asked,
    /// What of the stock is like what is asked for.
    stock: Option<Vec<Number>>,
    problem: Option<String>,
}

/// What is looked for in the stock.
struct Asked {
    country: String,
    digits: String,
    is_asked: bool,
}

impl Asked {
    fn read(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self { country: text("country"), digits: text("digits"), is_asked: form.is_ticked("find") }
    }

    fn filter(&self) -> NumberFilter {
        let digits: String = self.digits.chars().filter(char::is_ascii_digit).collect();
        NumberFilter {
            country: self.country.parse().ok(),
            pattern: Some(digits).filter(|it| !it.is_empty()).map(|it| format!("*{it}*")),
            ..NumberFilter::default()
        }
    }
}

impl Page {
    fn rented(&self, number: &Number) -> Option<Time> {
        number.rented_at.map(Time)
    }

    const fn after(&self) -> Option<usize> {
        if self.number * PAGE_LEN < self.total { Some(self.number + 1) } else { None }
    }

    fn can(&self, number: &Number) -> String {
        can(number.features)
    }

    fn cost(&self, number: &Number) -> String {
        Money::from(number.cost).text()
    }
}

/// `GET /console/accounts/{account}/numbers`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit.answer(async { page_of(&visit, &name, None).await }).await
}

async fn page_of(visit: &Visit, name: &Segment, problem: Option<String>) -> Result<Response, Error> {
    let id = visit.app.named(segment(name)).await?;
    let tabs = Tabs::of(visit, id).await?;
    let account = &tabs.it.account;
    let of = if account.is_primary() { OwnedBy::Family(id) } else { OwnedBy::Account(id) };
    let number = visit.form.text("page").parse().unwrap_or(1).clamp(1, 1_000_000);
    let slice = Slice { offset: (number - 1) * PAGE_LEN, limit: PAGE_LEN };
    let listed = visit.app.numbers(visit.by, of, NumberFilter::default(), slice).await?;
    let may_rent = !tabs.it.is_closed();
    let may_move = may_rent && (tabs.is_managed || (account.is_primary() && visit.by.account() == Some(id)));
    let asked = Asked::read(&visit.form);
    let stock = if may_rent && asked.is_asked {
        let slice = Slice { offset: 0, limit: STOCK_LEN };
        Some(visit.app.stock_for(visit.by, id, asked.filter(), slice).await?.rows)
    } else {
        None
    };
    let family = if may_move && !listed.rows.is_empty() {
        proposed(visit, account.primary()).await?
    } else {
        Vec::new()
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = visit.frame(format!("Numbers of {}", account.name));
    let (rows, total) = (listed.rows, listed.total);
    page::page(
        status,
        &Page { frame, tabs, rows, total, number, may_rent, may_move, family, asked, stock, problem },
    )
}

/// A family's accounts, the primary first.
async fn proposed(visit: &Visit, primary: AccountId) -> Result<Vec<(String, String)>, Error> {
    let filter = FamilyFilter { order: FamilyOrder::Name, ..FamilyFilter::default() };
    let slice = Slice { offset: 0, limit: PROPOSED };
    let family = match visit.app.family_page(visit.by, primary, filter, slice).await {
        Ok(family) => family,
        // A restricted key may not reach all of it, and then names what it knows.
        Err(Error::Refused(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let all = std::iter::once(family.primary).chain(family.subaccounts.into_iter().map(|it| it.account));
    Ok(all.map(|it| (it.api_key.to_string(), it.name.to_string())).collect())
}

/// The number that a form is about: whose, from where, which.
async fn named(visit: &Visit, of: AccountId) -> Result<(AccountId, Option<Country>, Arc<str>), Error> {
    let form = &visit.form;
    let owner = match form.some("owner") {
        None => of,
        Some(name) => visit.app.named(name).await?,
    };
    // What is in no country is no number.
    let country = form.text("country").parse().map_err(|_| Error::Refused(Refusal::NumberNotFound))?;
    Ok((owner, Some(country), form.text("msisdn").into()))
}

/// Back to the page with what was done, or the page with why it was not.
async fn answered(
    visit: &Visit,
    name: &Segment,
    key: &str,
    done: Result<Number, Error>,
    says: impl FnOnce(&Number) -> String,
) -> Result<Response, Error> {
    match done {
        Ok(number) => Ok(visit.done(&format!("/console/accounts/{key}/numbers"), says(&number))),
        Err(Error::Refused(refusal)) => {
            page_of(visit, name, Some(words::refused(&refusal).into_owned())).await
        }
        Err(error) => Err(error),
    }
}

/// `POST /console/accounts/{account}/numbers/rent`: takes its cost, and is the account's when this is answered.
pub(super) async fn rent(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let (_, country, msisdn) = named(&visit, id).await?;
            let rented =
                RentedNumber { account: id, country, msisdn, application: None, settings: Vec::new() };
            let done = visit.app.rent_number(visit.by, visit.once(), rented).await;
            let says = |it: &Number| format!("{} is rented to {}.", it.msisdn, account.name);
            answered(&visit, &name, &account.api_key.to_string(), done, says).await
        })
        .await
}

/// `POST /console/accounts/{account}/numbers/return`: gives one back.
pub(super) async fn give_back(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let (owner, country, msisdn) = named(&visit, id).await?;
            let done = visit.app.unrent_number(visit.by, visit.once(), owner, country, msisdn).await;
            let says = |it: &Number| format!("{} is given back.", it.msisdn);
            answered(&visit, &name, &account.api_key.to_string(), done, says).await
        })
        .await
}

/// `POST /console/accounts/{account}/numbers/move`: gives one to another account of the family.
pub(super) async fn give(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let number = named(&visit, id).await?;
            let to = visit.app.named(visit.form.text("to")).await?;
            let change = NumberChange { to: Some(to), ..NumberChange::default() };
            let done = visit.app.change_number(visit.by, visit.once(), number, change).await;
            let says = |it: &Number| format!("{} has moved.", it.msisdn);
            answered(&visit, &name, &account.api_key.to_string(), done, says).await
        })
        .await
}
