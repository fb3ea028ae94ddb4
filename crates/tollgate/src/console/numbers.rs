//! The numbers that an account rents; of a primary those of its whole family.

use askama::Template;
use axum::response::Response;
use ledger::Number;

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Time;
use super::visit::Visit;
use crate::app::{NumberFilter, OwnedBy, Shown, Slice};

/// How many numbers a page has.
const PAGE_LEN: usize = 100;

#[derive(Template)]
#[template(path = "console/numbers.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Shown<Number>>,
    total: usize,
    number: usize,
}

impl Page {
    fn rented(&self, number: &Number) -> Option<Time> {
        number.rented_at.map(Time)
    }

    const fn after(&self) -> Option<usize> {
        if self.number * PAGE_LEN < self.total { Some(self.number + 1) } else { None }
    }
}

/// `GET /console/accounts/{account}/numbers`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let of = if tabs.it.account.is_primary() { OwnedBy::Family(id) } else { OwnedBy::Account(id) };
            let number = visit.form.text("page").parse().unwrap_or(1).clamp(1, 1_000_000);
            let slice = Slice { offset: (number - 1) * PAGE_LEN, limit: PAGE_LEN };
            let listed = visit.app.numbers(visit.by, of, NumberFilter::default(), slice).await?;
            let frame = visit.frame(format!("Numbers of {}", tabs.it.account.name));
            page::ok(&Page { frame, tabs, rows: listed.rows, total: listed.total, number })
        })
        .await
}
