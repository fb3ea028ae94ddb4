//! Statements: an account's months, and one of them to print.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use ledger::{Refusal, Total};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::Visit;
use super::zones;
use crate::app::{AccountMonth, BalanceMonth, Error, Spent, Statement, StatementFilter};
use crate::calendar::{Day, Month};

/// How many months are offered.
const MONTHS: usize = 24;

#[derive(Template)]
#[template(path = "console/statements.html")]
struct ListPage {
    frame: Frame,
    tabs: Tabs,
    months: Vec<String>,
    zone: zones::Asked,
}

#[derive(Template)]
#[template(path = "console/statement.html")]
struct Page {
    frame: Frame,
    key: String,
    /// What an address says of its time zone.
    query: String,
    statement: Statement,
    parts: Vec<Part>,
}

/// An account's month.
struct Part {
    name: String,
    key: String,
    shares: bool,
    lines: Vec<Row>,
}

/// What, how often, how much, and whether it is a sum.
struct Row {
    what: String,
    count: Option<i64>,
    amount: Money,
    is_sum: bool,
}

impl Page {
    fn until(&self) -> Option<Time> {
        self.statement.until.map(Time)
    }

    /// Its first and last day.
    fn span(&self) -> (Day, Day) {
        let Statement { zone, from, to, .. } = &self.statement;
        (zone.day(*from), zone.day(to.plus_millis(-1)))
    }

    fn owed(&self) -> Option<Money> {
        self.statement.owed().map(Into::into)
    }

    /// What all its balances came to: at first, by payments, by charges, and in the end. A column that adds up.
    fn family(&self) -> Option<[Money; 4]> {
        let is_family = self.statement.of.account.is_primary();
        let family = self.statement.family().filter(|_| is_family)?;
        let spent = family.spent.amount().negated();
        Some([family.opening, family.paid, spent, family.closing].map(Into::into))
    }
}

/// `GET /console/accounts/{account}/statements`.
pub(super) async fn list(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let zone = zones::Asked::read(&visit.form);
            let mut months = Vec::new();
            let mut at = visit.app.clock().now();
            // Up to the one that it was opened in.
            while months.len() < MONTHS {
                let month = zone.zone.month(at);
                let Some((from, _)) = zones::span(&zone.zone, month) else { break };
                months.push(month.to_string());
                at = from.plus_millis(-1);
                if at < tabs.it.account.created_at {
                    break;
                }
            }
            let frame = visit.frame(format!("Statements of {}", tabs.it.account.name));
            page::ok(&ListPage { frame, tabs, months, zone })
        })
        .await
}

/// `GET /console/accounts/{account}/statements/{month}`, of a `zone`.
pub(super) async fn show(names: Result<Path<(String, String)>, PathRejection>, visit: Visit) -> Response {
    visit
        .answer(async {
            let (name, month) = names.as_ref().map_or(("", ""), |Path((name, month))| (name, month));
            let account = visit.app.named(name).await?;
            // What is no month is no page.
            let none = || Error::Refused(Refusal::AccountNotFound(account));
            let month: Month = month.parse().map_err(|_| none())?;
            let asked = zones::Asked::read(&visit.form);
            if asked.problem.is_some() {
                return Err(Error::Refused(Refusal::TimeZoneUnknown));
            }
            let zone = asked.zone.clone();
            let (from, to) = zones::span(&zone, month).ok_or_else(none)?;
            let filter = StatementFilter { account, month, zone, from, to };
            let statement = visit.app.statement(visit.by, filter).await?;
            let all = std::iter::once(&statement.of).chain(&statement.subaccounts);
            let parts = all.map(part).collect();
            let own = &statement.of.account;
            let frame = visit.frame(format!("Statement {month}: {}", own.name));
            let query = Some(asked.query()).filter(|it| !it.is_empty());
            let query = query.map_or_else(String::new, |it| format!("?{it}"));
            page::ok(&Page { frame, key: own.api_key.to_string(), query, parts, statement })
        })
        .await
}

fn part(of: &AccountMonth) -> Part {
    let mut lines = Vec::new();
    let has_own = of.balance.is_some();
    if let Some(balance) = &of.balance {
        with_balance(balance, &mut lines);
    }
    if !of.paid_by_primary.is_empty() {
        operations(&of.paid_by_primary, &mut lines, "Paid by the primary account: ");
        let sum = of.spent_by_primary();
        let what = "All that the primary account paid".to_owned();
        let amount = sum.amount().negated().into();
        lines.push(Row { what, count: Some(sum.charges), amount, is_sum: true });
    }
    Part { name: of.account.name.to_string(), key: of.account.api_key.to_string(), shares: !has_own, lines }
}

fn with_balance(balance: &BalanceMonth, lines: &mut Vec<Row>) {
    let sum = |what: &str, amount: Total| Row {
        what: what.to_owned(),
        count: None,
        amount: amount.into(),
        is_sum: true,
    };
    lines.push(sum("Opening balance", balance.opening));
    let moved = [
        ("Payments received", balance.paid_in),
        ("Paid out", balance.paid_out),
        ("Transfers received", balance.transfers_in),
        ("Transfers sent", balance.transfers_out),
        ("Balance and debt of accounts that were closed", balance.closes),
    ];
    for (what, of) in moved.into_iter().filter(|it| it.1.lines > 0) {
        let (what, count) = (what.to_owned(), Some(of.lines));
        lines.push(Row { what, count, amount: of.amount.into(), is_sum: false });
    }
    operations(&balance.operations, lines, "");
    lines.push(sum("Closing balance", balance.closing));
}

fn operations(of: &BTreeMap<Option<Box<str>>, Spent>, lines: &mut Vec<Row>, before: &str) {
    for (operation, spent) in of {
        let name = operation.as_deref().unwrap_or("charges without an operation");
        lines.push(Row {
            what: format!("{before}{name}"),
            count: Some(spent.charges),
            amount: spent.charged.negated().into(),
            is_sum: false,
        });
        if spent.reversals > 0 {
            lines.push(Row {
                what: format!("{before}{name}, given back"),
                count: Some(spent.reversals),
                amount: spent.reversed.into(),
                is_sum: false,
            });
        }
    }
}
