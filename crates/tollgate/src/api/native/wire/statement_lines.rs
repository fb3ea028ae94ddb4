//! A statement as lines, each with a signed amount: what a spreadsheet and a printed page show.

use askama::Template;
use ledger::{Account, BalanceMode, Total};

use super::Time;
use crate::app::{AccountMonth, BalanceMonth, Spent, Statement, UsageSum};

/// One line of an account's part. The amounts from the opening balance on add up to the closing balance, but for those
/// that the primary paid.
struct Line<'a> {
    /// The stable word for programs, and what people read.
    what: (&'static str, &'static str),
    operation: Option<&'a str>,
    count: Option<i64>,
    amount: Total,
    units: Option<String>,
}

const OPENING: (&str, &str) = ("opening_balance", "Opening balance");
const PAID_IN: (&str, &str) = ("payments_received", "Payments received");
const PAID_OUT: (&str, &str) = ("payments_paid_out", "Payments paid out");
const TRANSFERS_IN: (&str, &str) = ("transfers_received", "Transfers received");
const TRANSFERS_OUT: (&str, &str) = ("transfers_sent", "Transfers sent");
const CLOSES: (&str, &str) = ("closed_accounts", "Balances of closed accounts");
const CHARGES: (&str, &str) = ("charges", "Charges");
const REVERSALS: (&str, &str) = ("reversals", "Charges given back");
const CLOSING: (&str, &str) = ("closing_balance", "Closing balance");
const SHARED_CHARGES: (&str, &str) = ("charges_paid_by_primary", "Charges paid by the primary account");
const SHARED_REVERSALS: (&str, &str) =
    ("reversals_paid_by_primary", "Charges given back to the primary account");
const OWED: (&str, &str) = ("owed", "Owed");

impl<'a> Line<'a> {
    const fn of_total(what: (&'static str, &'static str), amount: Total) -> Self {
        Self { what, operation: None, count: None, amount, units: None }
    }

    fn of_sum(what: (&'static str, &'static str), sum: &UsageSum) -> Option<Self> {
        let (count, amount) = (Some(sum.lines), sum.amount);
        (sum.lines > 0).then_some(Self { what, operation: None, count, amount, units: None })
    }

    /// Charges of one operation, and what was given back of them.
    fn of_spent(
        (charges, reversals): ((&'static str, &'static str), (&'static str, &'static str)),
        operation: Option<&'a str>,
        spent: &Spent,
    ) -> impl Iterator<Item = Self> {
        let units = (spent.measured > 0).then(|| spent.units.shortest());
        let (count, amount) = (Some(spent.charges), spent.charged.negated());
        let charged = Self { what: charges, operation, count, amount, units };
        let (count, amount) = (Some(spent.reversals), spent.reversed);
        let reversed = Self { what: reversals, operation, count, amount, units: None };
        [charged, reversed].into_iter().filter(|it| it.count > Some(0))
    }
}

fn lines(of: &AccountMonth) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    if let Some(balance) = &of.balance {
        let BalanceMonth { opening, closing, operations, .. } = balance;
        lines.push(Line::of_total(OPENING, *opening));
        lines.extend(Line::of_sum(PAID_IN, &balance.paid_in));
        lines.extend(Line::of_sum(PAID_OUT, &balance.paid_out));
        lines.extend(Line::of_sum(TRANSFERS_IN, &balance.transfers_in));
        lines.extend(Line::of_sum(TRANSFERS_OUT, &balance.transfers_out));
        lines.extend(Line::of_sum(CLOSES, &balance.closes));
        let each = operations.iter();
        lines.extend(each.flat_map(|(operation, spent)| {
            Line::of_spent((CHARGES, REVERSALS), operation.as_deref(), spent)
        }));
        lines.push(Line::of_total(CLOSING, *closing));
    }
    let each = of.paid_by_primary.iter();
    lines.extend(each.flat_map(|(operation, spent)| {
        Line::of_spent((SHARED_CHARGES, SHARED_REVERSALS), operation.as_deref(), spent)
    }));
    lines
}

/// A statement as RFC 4180: a header, a row for each line of each account, and what is owed.
///
/// # Errors
/// Only where memory cannot be written to.
pub(in super::super) fn csv(statement: &Statement) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record([
        "month",
        "time_zone",
        "until",
        "account",
        "api_key",
        "name",
        "line",
        "operation",
        "count",
        "amount",
        "currency",
        "units",
    ])?;
    let (month, until) = (statement.month.to_string(), statement.until.map(|it| Time(it).to_string()));
    let mut write = |account: &Account, line: &Line<'_>| {
        writer.write_record([
            &*month,
            statement.zone.name(),
            until.as_deref().unwrap_or_default(),
            &account.id.to_string(),
            &account.api_key.to_string(),
            &harmless(&account.name),
            line.what.0,
            &harmless(line.operation.unwrap_or_default()),
            &line.count.map_or_else(String::new, |it| it.to_string()),
            &line.amount.to_string(),
            account.currency.as_str(),
            line.units.as_deref().unwrap_or_default(),
        ])
    };
    for of in std::iter::once(&statement.of).chain(&statement.subaccounts) {
        for line in lines(of) {
            write(&of.account, &line)?;
        }
    }
    if let Some(owed) = statement.owed() {
        write(&statement.of.account, &Line::of_total(OWED, owed))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text that no spreadsheet takes for a formula: what could begin one is quoted with an apostrophe.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// A statement as a page to print.
#[derive(Template)]
#[template(path = "statement.html")]
struct Page<'a> {
    statement: &'a Statement,
    own: Part<'a>,
    subaccounts: Vec<Part<'a>>,
}

impl Page<'_> {
    const fn from(&self) -> Time {
        Time(self.statement.from)
    }

    const fn to(&self) -> Time {
        Time(self.statement.to)
    }

    fn until(&self) -> Option<Time> {
        self.statement.until.map(Time)
    }
}

/// An account's part of the page.
struct Part<'a> {
    account: &'a Account,
    lines: Vec<Line<'a>>,
}

impl<'a> Part<'a> {
    fn new(of: &'a AccountMonth) -> Self {
        Self { account: &of.account, lines: lines(of) }
    }

    const fn shares(&self) -> bool {
        matches!(self.account.mode, BalanceMode::Shared)
    }
}

/// A statement as a page to print, with everything in it escaped, and without anything that would be loaded.
///
/// # Errors
/// Only where memory cannot be written to.
pub(in super::super) fn html(statement: &Statement) -> Result<String, askama::Error> {
    let subaccounts = statement.subaccounts.iter().map(Part::new).collect();
    Page { statement, own: Part::new(&statement.of), subaccounts }.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_formula_is_quoted() {
        for (text, cell) in [
            ("Partner", "Partner"),
            ("=1+1", "'=1+1"),
            ("+39", "'+39"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }
}
