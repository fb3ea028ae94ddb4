//! A family: what its accounts come to, and each with a bar, those first that are nearest to their limit.

use askama::Template;
use axum::response::Response;
use ledger::{Account, Status};

use super::account::{Seen, Segment, segment};
use super::live;
use super::page::{self, Frame};
use super::show::Money;
use super::visit::{Form, Role, Visit};
use crate::app::{FamilyFilter, FamilyOrder, FamilyPage, FamilyTotals, Slice};

/// How many accounts a page has.
const PAGE_LEN: usize = 100;

#[derive(Template)]
#[template(path = "console/family.html")]
struct Page {
    frame: Frame,
    /// Who looks is the operator, whom nothing else leads to the primary's own pages.
    is_operator: bool,
    own: Seen,
    totals: FamilyTotals,
    rows: Vec<Seen>,
    asked: Asked,
    total: usize,
}

/// What a list was narrowed to, and how it is ordered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) text: String,
    pub(super) status: String,
    pub(super) order: String,
    /// From 1 on.
    pub(super) number: usize,
    pages: usize,
    path: String,
}

impl Asked {
    pub(super) fn read(form: &Form, path: &str) -> Self {
        let or = |name, usual: &str| form.some(name).unwrap_or(usual).to_owned();
        Self {
            text: form.text("q").to_owned(),
            status: or("status", "open"),
            order: or("order", "nearest"),
            number: form.text("page").parse().unwrap_or(1).clamp(1, 1_000_000),
            pages: 1,
            path: path.to_owned(),
        }
    }

    pub(super) fn filter(&self) -> FamilyFilter {
        FamilyFilter {
            text: Some(self.text.clone()).filter(|it| !it.is_empty()),
            status: match &*self.status {
                "active" => Some(Status::Active),
                "suspended" => Some(Status::Suspended),
                "closed" => Some(Status::Closed),
                _ => None,
            },
            is_near: self.status == "near",
            order: match &*self.order {
                "name" => FamilyOrder::Name,
                "balance" => FamilyOrder::Balance,
                "newest" => FamilyOrder::Newest,
                _ => FamilyOrder::Nearest,
            },
        }
    }

    pub(super) fn slice(&self) -> Slice {
        Slice { offset: (self.number - 1) * PAGE_LEN, limit: PAGE_LEN }
    }

    /// With how many fit, of which pages follow.
    pub(super) fn of(self, total: usize) -> Self {
        Self { pages: total.div_ceil(PAGE_LEN).max(1), ..self }
    }

    /// Whether it is all of a list.
    pub(super) fn is_all(&self) -> bool {
        self.text.is_empty() && self.status == "open"
    }

    fn page(&self, number: usize) -> Option<String> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &self.text)
            .append_pair("status", &self.status)
            .append_pair("order", &self.order)
            .append_pair("page", &number.to_string())
            .finish();
        (1..=self.pages).contains(&number).then(|| format!("{}?{query}", self.path))
    }

    pub(super) fn before(&self) -> Option<String> {
        self.page(self.number - 1)
    }

    pub(super) fn after(&self) -> Option<String> {
        self.page(self.number + 1)
    }

    pub(super) const fn pages(&self) -> usize {
        self.pages
    }
}

impl Page {
    /// Of the whole family, with the primary's own.
    fn all(&self) -> [(&'static str, &'static str, Money); 3] {
        whole(&self.own.account, &self.totals)
    }

    fn near(&self) -> String {
        near(&self.totals)
    }
}

/// How many are close to their limit.
pub(super) fn near(totals: &FamilyTotals) -> String {
    if totals.near == 0 { "none".to_owned() } else { totals.near.to_string() }
}

/// What a whole family comes to: what it is called, by which name it moves, and how much.
pub(super) fn whole(own: &Account, totals: &FamilyTotals) -> [(&'static str, &'static str, Money); 3] {
    let standing = own.standing;
    [
        ("Whole family: balance", "balance", totals.balance.plus(standing.balance.into()).into()),
        ("Credit limits", "credit", totals.credit_limit.plus(standing.credit_limit.into()).into()),
        ("Held", "held", totals.held.plus(standing.held.into()).into()),
    ]
}

/// `GET /console/families/{account}`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let primary = visit.app.named(segment(&name)).await?;
            let asked = Asked::read(&visit.form, &visit.path);
            let page = visit.app.family_page(visit.by, primary, asked.filter(), asked.slice()).await?;
            let FamilyPage { primary, subaccounts, total, totals } = page;
            let mut frame = visit.frame(primary.name.to_string());
            let own = Seen::own(primary);
            let rows: Vec<_> = subaccounts.into_iter().map(Seen::new).collect();
            frame.live = Some(live::place_of(rows.iter().filter(|it| !it.is_closed()), Some(&own)));
            let is_operator = matches!(visit.role, Role::Operator);
            page::ok(&Page { frame, is_operator, own, totals, rows, asked: asked.of(total), total })
        })
        .await
}
