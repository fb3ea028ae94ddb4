//! `tollgate transfer`: between a primary account and its subaccount, whichever of them gives.

use clap::{Args, Subcommand};
use hyper::Method;
use ledger::Amount;
use serde_json::json;

use super::super::Ended;
use super::accounts::amount;
use super::caller::ConnectionArgs;
use super::directory::{account, account_path};
use super::records::{Account, Figures, Transfer};
use super::session::{KeyArgs, Session};
use super::table::{Align, Cell, Table};
use super::text::visible;

/// Flags of `tollgate transfer`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct TransferArgs {
    #[command(subcommand)]
    pub(super) what: TransferCommand,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum TransferCommand {
    /// Move balance: at most what the giving account has available
    Balance(SidesArgs),
    /// Move credit limit: at most what the giving account does not use of it
    Credit(SidesArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct SidesArgs {
    /// How much, such as 12.50
    #[arg(value_parser = amount)]
    amount: Amount,

    /// The account that gives it; when not said, the primary account of the other
    #[arg(long, value_name = "ACCOUNT")]
    from: Option<String>,

    /// The account that gets it; when not said, the primary account of the other
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "from")]
    to: Option<String>,

    /// What you know it by: at most 255 characters
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    #[command(flatten)]
    key: KeyArgs,
}

pub(super) async fn run(session: &mut Session, what: TransferCommand) -> Result<(), Ended> {
    let (kind, words, args) = match what {
        TransferCommand::Balance(args) => ("balance", "of balance", args),
        TransferCommand::Credit(args) => ("credit", "of credit limit", args),
    };
    let (from, to) = sides(session, &args).await?;
    let (primary, side, other) = match (from.is_primary(), to.is_primary()) {
        (true, _) => (&from, "to", &to),
        (false, true) => (&to, "from", &from),
        (false, false) => {
            return Err(Ended::usage(format!(
                "{} and {} are both subaccounts: move it by way of their primary account",
                from.label(),
                to.label()
            )));
        }
    };
    let body = json!({
        "kind": kind,
        side: other.id,
        "amount": args.amount.text(2).to_string(),
        "reference": args.reference,
    });
    let path = format!("{}/transfers", account_path(&primary.id));
    let answer = session.write(Method::POST, path, body.to_string(), &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let Transfer { id, amount, from_after, to_after } = answer.read()?;
    session.progress.hide();
    session.out.line(format_args!(
        "{} {} {words} from {} to {}, transfer {}; after it:",
        visible(&amount),
        visible(&from.currency),
        from.label(),
        to.label(),
        visible(&id)
    ))?;
    let mut table = Table::new(&[
        ("API KEY", Align::Left),
        ("BALANCE", Align::Point),
        ("CREDIT LIMIT", Align::Point),
        ("HELD", Align::Point),
        ("AVAILABLE", Align::Point),
        ("CUR", Align::Left),
        ("NAME", Align::Left),
    ]);
    table.print(&mut session.out, &[row(&from, &from_after), row(&to, &to_after)])
}

/// The giving and the getting account, of which one need not be said.
async fn sides(session: &mut Session, args: &SidesArgs) -> Result<(Account, Account), Ended> {
    match (&args.from, &args.to) {
        (Some(from), Some(to)) => Ok((account(session, from).await?, account(session, to).await?)),
        (Some(from), None) => {
            let from = account(session, from).await?;
            let to = primary_of(session, &from, "--to").await?;
            Ok((from, to))
        }
        (None, Some(to)) => {
            let to = account(session, to).await?;
            Ok((primary_of(session, &to, "--from").await?, to))
        }
        (None, None) => Err(Ended::usage("say --from or --to")),
    }
}

async fn primary_of(session: &mut Session, of: &Account, flag: &str) -> Result<Account, Ended> {
    let parent = of.parent.as_deref().ok_or_else(|| {
        Ended::usage(format!("{} is a primary account: say which subaccount by {flag}", of.label()))
    })?;
    account(session, parent).await
}

fn row(account: &Account, after: &Figures) -> Vec<Cell> {
    vec![
        Cell::new(&account.api_key),
        Cell::of(after.balance.as_deref()),
        Cell::of(after.credit_limit.as_deref()),
        Cell::of(after.held.as_deref()),
        Cell::of(after.available.as_deref()),
        Cell::new(&account.currency),
        Cell::new(&account.name),
    ]
}
