//! `tollgate statement`: an account's month as a table, or as the server prints it.

use clap::Args;
use ledger::Timestamp;

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::directory::account_path;
use super::records::{BalanceMonth, Spent, Statement, Sum};
use super::session::Session;
use super::table::{Align, Cell, Table};
use super::text::{query, time, visible};
use crate::calendar::{Month, Zone};
use crate::clock::Clock;

/// Flags of `tollgate statement`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct StatementArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    /// Which month, such as 2026-02; the current one unless said
    #[arg(long, value_name = "MONTH", value_parser = month)]
    month: Option<Month>,

    /// Of which time zone, such as Europe/Rome
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    time_zone: Zone,

    /// Print it for a spreadsheet
    #[arg(long, conflicts_with_all = ["html", "json"])]
    csv: bool,

    /// Print it as a page to print or to send
    #[arg(long, conflicts_with = "json")]
    html: bool,

    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

fn month(text: &str) -> Result<Month, &'static str> {
    text.parse().map_err(|_| "must be a month such as 2026-02")
}

fn zone(text: &str) -> Result<Zone, &'static str> {
    text.parse().map_err(|_| "must be the name of an IANA time zone, such as Europe/Rome")
}

pub(super) async fn run(session: &mut Session, args: StatementArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let now: Timestamp = Clock::System.now();
    let month = args.month.unwrap_or_else(|| args.time_zone.month(now));
    let (format, accept) = match (args.csv, args.html) {
        (true, _) => ("csv", "text/csv"),
        (_, true) => ("html", "text/html"),
        (false, false) => ("json", "application/json"),
    };
    let query = query([("format", Some(format)), ("time_zone", Some(args.time_zone.name()))]);
    let target = format!("{}/statements/{month}{query}", account_path(&name));
    let answer = session.get_as(target, accept).await?;
    session.progress.hide();
    if args.csv || args.html {
        session.out.document(answer.text())
    } else if session.is_json() {
        session.print_json(&answer)
    } else {
        print(session, &answer.read()?)
    }
}

fn print(session: &mut Session, statement: &Statement) -> Result<(), Ended> {
    let Statement { name, api_key, currency, month, time_zone, until, owed, .. } = statement;
    let until = until.as_ref().map_or_else(String::new, |it| format!(", up to {}", time(it)));
    let (name, month, zone) = (visible(name), visible(month), visible(time_zone));
    session.out.line(format_args!("{name} ({}): {month}, {zone}{until}", visible(api_key)))?;

    let mut rows = part(api_key, currency, statement.balance.as_ref(), &statement.paid_by_primary);
    let subaccounts = statement.subaccounts.iter().flatten();
    for of in subaccounts {
        let mut part = part(&of.api_key, currency, of.balance.as_ref(), &of.paid_by_primary);
        if part.is_empty() {
            part.push(row(&of.api_key, &Line::of("nothing"), currency));
        }
        let state = if of.status == "active" { String::new() } else { format!(" ({})", of.status) };
        let first = part.first_mut().and_then(|it| it.last_mut());
        first.into_iter().for_each(|it| *it = Cell::new(&format!("{}{state}", of.name)));
        rows.append(&mut part);
    }
    if let Some(owed) = owed {
        rows.push(row(api_key, &Line { amount: owed.clone(), ..Line::of("owed") }, currency));
    }
    let mut table = Table::new(&[
        ("API KEY", Align::Left),
        ("LINE", Align::Left),
        ("OPERATION", Align::Left),
        ("COUNT", Align::Right),
        ("AMOUNT", Align::Point),
        ("CUR", Align::Left),
        ("UNITS", Align::Point),
        ("NAME", Align::Left),
    ]);
    table.print(&mut session.out, &rows)
}

/// A line of the statement. What went has a minus before it, so that they add up.
#[derive(Default)]
struct Line<'a> {
    what: &'static str,
    operation: Option<&'a str>,
    count: Option<i64>,
    amount: String,
    units: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(what: &'static str) -> Self {
        Self { what, ..Self::default() }
    }

    fn of_balance(what: &'static str, amount: &str) -> Self {
        Self { amount: amount.to_owned(), ..Self::of(what) }
    }

    fn of_sum(what: &'static str, sum: &Sum, went: bool) -> Option<Self> {
        let amount = if went { negated(&sum.amount) } else { sum.amount.clone() };
        (sum.count != 0).then(|| Self { count: Some(sum.count), amount, ..Self::of(what) })
    }

    /// What was charged, and what of charges was given back.
    fn of_spent((charged, reversed): (&'static str, &'static str), spent: &'a Spent) -> Vec<Self> {
        let operation = spent.operation.as_deref();
        let charged = Self {
            operation,
            count: Some(spent.charges),
            amount: negated(&spent.charged),
            units: spent.units.as_deref(),
            ..Self::of(charged)
        };
        let reversed = Self {
            operation,
            count: Some(spent.reversals),
            amount: spent.reversed.clone(),
            ..Self::of(reversed)
        };
        [charged, reversed].into_iter().filter(|it| it.count != Some(0)).collect()
    }
}

/// An amount that went, with its sign.
fn negated(amount: &str) -> String {
    match amount.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None if amount.contains(|it: char| ('1'..='9').contains(&it)) => format!("-{amount}"),
        None => amount.to_owned(),
    }
}

fn part(api_key: &str, currency: &str, balance: Option<&BalanceMonth>, by_primary: &Spent) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    if let Some(balance) = balance {
        let BalanceMonth { payments, transfers, .. } = balance;
        lines.push(Line::of_balance("opening balance", &balance.opening_balance));
        lines.extend(Line::of_sum("payments received", &payments.received, false));
        lines.extend(Line::of_sum("payments paid out", &payments.paid_out, true));
        lines.extend(Line::of_sum("transfers received", &transfers.received, false));
        lines.extend(Line::of_sum("transfers sent", &transfers.sent, true));
        lines.extend(Line::of_sum("closed accounts", &balance.closed_accounts, false));
        let words = ("charges", "charges given back");
        let each = balance.operations.as_deref().unwrap_or(std::slice::from_ref(&balance.charges));
        lines.extend(each.iter().flat_map(|it| Line::of_spent(words, it)));
        lines.push(Line::of_balance("closing balance", &balance.closing_balance));
    }
    let words = ("charges paid by primary", "given back to primary");
    let each = by_primary.operations.as_deref().unwrap_or(std::slice::from_ref(by_primary));
    lines.extend(each.iter().flat_map(|it| Line::of_spent(words, it)));
    lines.iter().map(|it| row(api_key, it, currency)).collect()
}

fn row(api_key: &str, line: &Line<'_>, currency: &str) -> Vec<Cell> {
    vec![
        Cell::new(api_key),
        Cell::new(line.what),
        Cell::if_any(line.operation),
        Cell::if_any(line.count.map(|it| it.to_string()).as_deref()),
        Cell::new(&line.amount),
        Cell::new(if line.amount.is_empty() { "" } else { currency }),
        Cell::if_any(line.units),
        Cell::default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_has_a_minus_and_nothing_has_none() {
        for (amount, went) in
            [("12.50", "-12.50"), ("0.00", "0.00"), ("-3.00", "3.00"), ("0.0075", "-0.0075")]
        {
            assert_eq!(negated(amount), went);
        }
    }
}
