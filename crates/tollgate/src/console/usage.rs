//! What was spent in a month: by day and operation as a chart, by operation and by subaccount as tables.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use axum::response::Response;
use ledger::{AccountId, Actor, Refusal, Timestamp, Total};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Money;
use super::visit::Visit;
use super::zones;
use crate::app::{App, Error, Spent, Usage, UsageBy, UsageFilter, edge_after};
use crate::calendar::{Month, Zone};

/// How many operations a chart tells apart; the rest stand as one.
const TOLD_APART: usize = 5;
/// The size of a chart, in its own units.
const CHART: (i128, i128) = (1_000, 240);

/// A month of an account, or a family.
pub(super) struct UsageOfMonth {
    pub(super) month: Month,
    zone: Zone,
    from: Timestamp,
    to: Timestamp,
    pub(super) by_day: Usage,
    pub(super) by_account: Vec<(AccountId, Spent)>,
}

/// What was spent in a month of a time zone, the current one unless said; of a primary with its subaccounts.
pub(super) async fn of_month(
    app: &App,
    by: Actor,
    account: AccountId,
    month: Option<Month>,
    zone: &zones::Asked,
) -> Result<UsageOfMonth, Error> {
    let now = app.clock().now();
    let (month, from, end) = zone.month(month, now).ok_or(Error::Refused(Refusal::TimeZoneUnknown))?;
    let filter = |by: UsageBy| UsageFilter {
        account,
        children: true,
        from,
        to: end.min(edge_after(now)).max(edge_after(from)),
        zone: zone.zone.clone(),
        by,
        after: None,
        limit: usize::MAX - 1,
    };
    let by_day = app.usage(by, filter(UsageBy { day: true, operation: true, account: false })).await?;
    let by_account = if by_day.includes_children {
        let usage = app.usage(by, filter(UsageBy { day: false, operation: false, account: true })).await?;
        usage.groups.into_iter().filter_map(|(group, spent)| Some((group.account?, spent))).collect()
    } else {
        Vec::new()
    };
    Ok(UsageOfMonth { month, zone: zone.zone.clone(), from, to: end, by_day, by_account })
}

impl UsageOfMonth {
    /// What each operation came to, the most first.
    fn operations(&self) -> Vec<(String, Spent)> {
        let mut operations: BTreeMap<String, Spent> = BTreeMap::new();
        for (group, spent) in &self.by_day.groups {
            let name = name_of(group.operation.as_ref());
            let sum = operations.entry(name).or_default();
            *sum = sum.plus(spent);
        }
        let mut operations: Vec<_> = operations.into_iter().collect();
        operations.sort_by_key(|it| Reverse(it.1.amount()));
        operations
    }

    /// What was spent on each day, in the order of `operations`.
    fn days(&self, operations: &[String]) -> BTreeMap<String, Vec<Total>> {
        let mut days: BTreeMap<String, Vec<Total>> = BTreeMap::new();
        for (group, spent) in &self.by_day.groups {
            let Some(day) = group.day else { continue };
            let name = name_of(group.operation.as_ref());
            let at = operations.iter().position(|it| *it == name).unwrap_or(operations.len());
            let sums = days.entry(day.to_string()).or_insert_with(|| vec![Total::ZERO; operations.len() + 1]);
            if let Some(sum) = sums.get_mut(at) {
                *sum = sum.plus(spent.amount());
            }
        }
        days
    }
}

fn name_of(operation: Option<&Option<Box<str>>>) -> String {
    operation.and_then(Option::as_deref).unwrap_or("(none named)").to_owned()
}

/// The chart, and beside it the same as a table: what a page shows of a month, and what moves of it.
#[derive(Template)]
#[template(path = "console/chart.html")]
struct Chart {
    operations: Vec<(String, usize, Money, i64)>,
    days: Vec<(String, Money)>,
    bars: String,
    total: Money,
    currency: String,
    zone: String,
    is_empty: bool,
}

/// The chart of a month as HTML.
pub(super) fn chart_of(usage: &UsageOfMonth) -> String {
    let operations = usage.operations();
    let told: Vec<_> = operations.iter().take(TOLD_APART).map(|it| it.0.clone()).collect();
    let days = usage.days(&told);
    let sum = |sums: &[Total]| sums.iter().fold(Total::ZERO, |sum, it| sum.plus(*it));
    let chart = Chart {
        bars: bars(usage.month, &days),
        days: days.iter().map(|(day, sums)| (day.clone(), sum(sums).into())).collect(),
        operations: operations
            .into_iter()
            .enumerate()
            .map(|(at, (name, spent))| (name, at.min(TOLD_APART), spent.amount().into(), spent.charges))
            .collect(),
        total: usage.by_day.total.amount().into(),
        currency: usage.by_day.account.currency.to_string(),
        zone: usage.zone.name().to_owned(),
        is_empty: usage.by_day.groups.is_empty(),
    };
    chart.render().unwrap_or_default()
}

/// A bar for each day of the month, its operations one on the other. Of figures alone, so nothing in it needs escaping.
fn bars(month: Month, days: &BTreeMap<String, Vec<Total>>) -> String {
    let (width, height) = CHART;
    let positive = |it: &Total| it.units().max(0);
    let highest = days.values().map(|it| it.iter().map(positive).sum::<i128>()).max().unwrap_or(0).max(1);
    let mut svg = String::new();
    for number in 1..=31 {
        let Some(sums) = days.get(&format!("{month}-{number:02}")) else { continue };
        let (step, mut top) = (width / 31, height);
        for (at, sum) in sums.iter().enumerate() {
            let part = positive(sum) * height / highest;
            top -= part;
            let x = (number - 1) * step + 2;
            // Into a text it cannot fail.
            let _ = write!(
                svg,
                r#"<rect class="op{at}" x="{x}" y="{top}" width="{}" height="{part}"/>"#,
                step - 4
            );
        }
    }
    svg
}

#[derive(Template)]
#[template(path = "console/usage.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    month: String,
    zone: zones::Asked,
    /// The months beside it, and where they are.
    before: Option<(String, String)>,
    after: Option<(String, String)>,
    chart: String,
    accounts: Vec<(String, String, Money, i64)>,
    is_now: bool,
}

/// `GET /console/accounts/{account}/usage`, of a `month` of a `zone`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let zone = zones::Asked::read(&visit.form);
            let month = visit.form.text("month").parse().ok();
            let usage = of_month(&visit.app, visit.by, id, month, &zone).await?;
            let spent = named(&visit, usage.by_account.as_slice()).await?;
            let is_now = usage.month == zone.zone.month(visit.app.clock().now());
            let beside = |at: Timestamp| {
                let month = zone.zone.month(at).to_string();
                let query = [zone.query(), format!("month={month}")];
                (month, format!("?{}", query.join("&").trim_start_matches('&')))
            };
            let mut frame = visit.frame(format!("Spending of {}", tabs.it.account.name));
            let chart = format!("/console/live?chart={}&{}", tabs.it.key(), zone.query());
            frame.live = is_now.then(|| chart.trim_end_matches('&').to_owned());
            page::ok(&Page {
                month: usage.month.to_string(),
                before: Some(beside(usage.from.plus_millis(-1))),
                after: Some(beside(usage.to)).filter(|_| !is_now),
                zone: zone.clone(),
                chart: chart_of(&usage),
                accounts: spent,
                frame,
                tabs,
                is_now,
            })
        })
        .await
}

/// The accounts that spent something by their names, who spent most first.
async fn named(
    visit: &Visit,
    spent: &[(AccountId, Spent)],
) -> Result<Vec<(String, String, Money, i64)>, Error> {
    const SHOWN_MAX: usize = 500;
    let mut spent: Vec<_> = spent.to_vec();
    spent.sort_by_key(|it| Reverse(it.1.amount()));
    spent.truncate(SHOWN_MAX);
    let ids = spent.iter().map(|it| it.0).collect();
    let figures = visit.app.figures(visit.by, ids, None).await?;
    let name = |id: AccountId| figures.accounts.iter().map(|it| &it.account).find(|it| it.id == id);
    let rows = spent.into_iter().map(|(id, spent)| {
        let account = name(id);
        (
            account.map_or_else(String::new, |it| it.api_key.to_string()),
            account.map_or_else(|| "an account out of reach".to_owned(), |it| it.name.to_string()),
            spent.amount().into(),
            spent.charges,
        )
    });
    Ok(rows.collect())
}
