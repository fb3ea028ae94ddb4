//! `tollgate journal`.

use clap::{Args, ValueEnum};

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::directory::{Directory, account, account_path};
use super::follow;
use super::pages::{PageArgs, Pages};
use super::records::{Posting, PostingsPage};
use super::session::Session;
use super::table::{Align, Cell, Table};
use super::text::time;
use crate::calendar::Day;

/// Flags of `tollgate journal`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct JournalArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    /// Only postings that record this
    #[arg(long)]
    kind: Option<Kind>,

    /// Only those of this operation
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,

    /// Only those with exactly this reference
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    /// Only those from then on: a time such as 2026-02-28T12:15:00Z, or the beginning of a day in UTC, such as 2026-02-28
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<String>,

    /// Only those before it
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<String>,

    /// The last ones oldest first, and then each as it comes, until it is stopped
    #[arg(long, conflicts_with_all = ["all", "cursor", "to"])]
    follow: bool,

    #[command(flatten)]
    pub(super) page: PageArgs,

    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

/// What a posting records.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    Close,
    Payment,
    BalanceTransfer,
    CreditTransfer,
    Charge,
    Reversal,
    Hold,
    Settle,
    Release,
    Expiry,
    Open,
    Change,
    NumberRented,
}

/// A time as the API takes it, from that or from a day.
fn instant(text: &str) -> Result<String, &'static str> {
    if text.parse::<Day>().is_ok() {
        return Ok(format!("{text}T00:00:00Z"));
    }
    let time: Result<jiff::Timestamp, _> = text.parse();
    time.map(|_| text.to_owned())
        .map_err(|_| "must be a time such as 2026-02-28T12:15:00Z, or a day such as 2026-02-28")
}

impl JournalArgs {
    /// What is asked for, and by which filters.
    pub(super) fn filters(&self) -> Vec<(&'static str, Option<String>)> {
        let kind = self.kind.and_then(|it| Some(it.to_possible_value()?.get_name().to_owned()));
        vec![
            ("kind", kind),
            ("operation", self.operation.clone()),
            ("reference", self.reference.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
        ]
    }
}

pub(super) async fn run(session: &mut Session, args: JournalArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let path = format!("{}/postings", account_path(&name));
    if args.follow {
        return follow::run(session, &args, &name, path).await;
    }
    let mut pages = Pages::new(path, args.filters(), &args.page);
    if session.is_json() {
        return pages.print_json::<PostingsPage>(session).await;
    }
    let mut rows = Rows::of(session, &name).await?;
    while let Some(page) = pages.page::<PostingsPage>(session).await? {
        rows.print(session, &page.postings).await?;
    }
    pages.end::<PostingsPage>(session)
}

/// The table of an account's postings.
pub(super) struct Rows {
    directory: Directory,
    table: Table,
}

impl Rows {
    /// Of this account.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn of(session: &mut Session, name: &str) -> Result<Self, Ended> {
        let directory = Directory::new(account(session, name).await?);
        let table = Table::new(&[
            ("TIME", Align::Left),
            ("KIND", Align::Left),
            ("CHANGE", Align::Point),
            ("CREDIT", Align::Point),
            ("HELD", Align::Point),
            ("BALANCE", Align::Point),
            ("AVAILABLE", Align::Point),
            ("CUR", Align::Left),
            ("ACCOUNT", Align::Left),
            ("OPERATION", Align::Left),
            ("REFERENCE", Align::Left),
        ]);
        Ok(Self { directory, table })
    }

    /// Prints some postings.
    ///
    /// # Errors
    /// When the accounts that they name cannot be asked for, or nobody can read them.
    pub(super) async fn print(&mut self, session: &mut Session, postings: &[Posting]) -> Result<(), Ended> {
        let others = postings.iter().flat_map(|it| [it.cause.as_deref(), it.counterparty.as_deref()]);
        self.directory.look_up(session, others.flatten()).await?;
        let rows: Vec<_> = postings.iter().map(|it| self.row(it)).collect();
        session.progress.make_room();
        self.table.print(&mut session.out, &rows)
    }

    fn row(&self, posting: &Posting) -> Vec<Cell> {
        let mut kind = posting.kind.clone();
        kind.extend(posting.forced.then_some(", forced"));
        kind.extend(posting.late.then_some(", late"));
        let change = |it: &str| if is_zero(it) { Cell::default() } else { Cell::new(it) };
        vec![
            Cell::new(&time(&posting.created_at)),
            Cell::new(&kind),
            change(&posting.balance_change),
            change(&posting.credit_change),
            change(&posting.held_change),
            Cell::of(posting.after.balance.as_deref()),
            Cell::of(posting.after.available.as_deref()),
            Cell::new(&self.directory.of().currency),
            Cell::if_any(self.other(posting).as_deref()),
            Cell::if_any(posting.operation.as_deref()),
            Cell::if_any(posting.reference.as_deref()),
        ]
    }

    /// The other account of it: who caused it, or where it went.
    fn other(&self, posting: &Posting) -> Option<String> {
        let own = |id: &&String| **id != self.directory.of().id;
        if let Some(cause) = posting.cause.as_ref().filter(own) {
            return Some(format!("for {}", self.directory.key(cause)));
        }
        let other = posting.counterparty.as_ref().filter(own)?;
        let went = posting.balance_change.starts_with('-') || posting.credit_change.starts_with('-');
        Some(format!("{} {}", if went { "to" } else { "from" }, self.directory.key(other)))
    }
}

fn is_zero(amount: &str) -> bool {
    !amount.contains(|it: char| ('1'..='9').contains(&it))
}
