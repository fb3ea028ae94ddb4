//! `tollgate usage`.

use clap::{Args, ValueEnum};

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::directory::{Directory, account};
use super::pages::{PageArgs, Pages};
use super::records::{Spent, UsagePage};
use super::session::Session;
use super::table::{Align, Cell, Table};
use super::text::{time, visible};

/// Flags of `tollgate usage`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct UsageArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    /// With what its subaccounts have spent
    #[arg(long)]
    children: bool,

    /// What is told apart: one or some of them, with commas between
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    by: Vec<By>,

    /// From when on: a day such as 2026-02-28, or a time such as 2026-02-28T12:15:00Z; the first of this month unless said
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Up to when, itself excluded; now unless said
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// Whose days, such as Europe/Rome; UTC unless said
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    #[command(flatten)]
    page: PageArgs,

    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum By {
    Day,
    Operation,
    Account,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Operation => "operation",
            Self::Account => "account",
        }
    }
}

pub(super) async fn run(session: &mut Session, mut args: UsageArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    args.by.sort_unstable();
    args.by.dedup();
    let by: Vec<_> = args.by.iter().map(|it| it.word()).collect();
    let filters = [
        ("account", Some(name.clone())),
        ("include", args.children.then(|| "children".to_owned())),
        ("group_by", (!by.is_empty()).then(|| by.join(","))),
        ("from", args.from),
        ("to", args.to),
        ("time_zone", args.time_zone),
    ];
    let mut pages = Pages::new("/api/v1/usage", filters, &args.page);
    if session.is_json() {
        return pages.print_json::<UsagePage>(session).await;
    }
    let mut directory = Directory::new(account(session, &name).await?);
    let told_by = |it| args.by.contains(&it);
    let mut table = Table::new(&columns(&told_by));
    let mut last = None;
    while let Some(page) = pages.page::<UsagePage>(session).await? {
        directory.look_up(session, page.groups.iter().filter_map(|it| it.account.as_deref())).await?;
        session.progress.make_room();
        if last.is_none() {
            heading(session, &directory, args.children, &page)?;
        }
        let row = |it: &Spent| {
            let mut row = told_apart(&told_by, &directory, it);
            row.extend(figures(it, &page.currency));
            row.extend(told_by(By::Account).then(|| called(&directory, it)));
            row
        };
        let rows: Vec<_> = page.groups.iter().map(row).collect();
        if !args.by.is_empty() {
            table.print(&mut session.out, &rows)?;
        }
        let mut total = vec![Cell::default(); args.by.len()];
        total.first_mut().into_iter().for_each(|it| *it = Cell::new("total"));
        total.extend(figures(&page.total, &page.currency));
        last = Some(total);
    }
    // All groups of all pages, also of those that were not asked for.
    table.print(&mut session.out, &Vec::from_iter(last))?;
    pages.end::<UsagePage>(session)
}

fn heading(
    session: &mut Session,
    directory: &Directory,
    children: bool,
    page: &UsagePage,
) -> Result<(), Ended> {
    let whose = if children { " and its subaccounts" } else { "" };
    let to = page.until.as_deref().unwrap_or(&page.to);
    let (from, to, zone) = (time(&page.from), time(to), visible(&page.time_zone));
    session.out.line(format_args!("{}{whose}, from {from} to {to}, days of {zone}", directory.of().label()))
}

fn columns(told_by: &impl Fn(By) -> bool) -> Vec<(&'static str, Align)> {
    let told = |by, name| told_by(by).then_some((name, Align::Left));
    let mut columns: Vec<_> =
        [told(By::Day, "DAY"), told(By::Account, "API KEY"), told(By::Operation, "OPERATION")]
            .into_iter()
            .flatten()
            .collect();
    columns.extend([
        ("CHARGES", Align::Right),
        ("CHARGED", Align::Point),
        ("REVERSALS", Align::Right),
        ("REVERSED", Align::Point),
        ("SPENT", Align::Point),
        ("CUR", Align::Left),
        ("UNITS", Align::Point),
    ]);
    columns.extend(told(By::Account, "NAME"));
    columns
}

fn told_apart(told_by: &impl Fn(By) -> bool, directory: &Directory, spent: &Spent) -> Vec<Cell> {
    let cells = [
        told_by(By::Day).then(|| Cell::if_any(spent.day.as_deref())),
        told_by(By::Account).then(|| Cell::if_any(spent.account.as_deref().map(|it| directory.key(it)))),
        told_by(By::Operation).then(|| Cell::of(spent.operation.as_deref())),
    ];
    cells.into_iter().flatten().collect()
}

fn figures(spent: &Spent, currency: &str) -> [Cell; 7] {
    [
        Cell::new(&spent.charges.to_string()),
        Cell::new(&spent.charged),
        Cell::new(&spent.reversals.to_string()),
        Cell::new(&spent.reversed),
        Cell::new(&spent.amount),
        Cell::new(currency),
        Cell::if_any(spent.units.as_deref()),
    ]
}

fn called(directory: &Directory, spent: &Spent) -> Cell {
    Cell::if_any(spent.account.as_deref().and_then(|it| directory.name(it)))
}
