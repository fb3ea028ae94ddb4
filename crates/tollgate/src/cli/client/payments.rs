//! `tollgate payments`.

use clap::{Args, Subcommand};
use hyper::Method;
use ledger::Amount;
use serde_json::json;

use super::super::Ended;
use super::accounts::amount;
use super::caller::ConnectionArgs;
use super::directory::{account, account_path};
use super::records::Payment;
use super::session::{KeyArgs, Session};
use super::table::facts;
use super::text::visible;

/// Flags of `tollgate payments`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct PaymentsArgs {
    #[command(subcommand)]
    pub(super) what: PaymentsCommand,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum PaymentsCommand {
    /// Record a payment: it is added to the account's balance. For the operator
    Record(RecordArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct RecordArgs {
    /// The account: its api key, auth id or id
    account: String,

    /// How much was received, such as 50; negative for what was paid out, at most what is available
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: Amount,

    /// What you know it by, such as the number of an invoice: at most 255 characters
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    #[command(flatten)]
    key: KeyArgs,
}

pub(super) async fn run(session: &mut Session, what: PaymentsCommand) -> Result<(), Ended> {
    let PaymentsCommand::Record(args) = what;
    // Before anything is written it is known whom it is for, and in which currency.
    let of = if session.is_json() { None } else { Some(account(session, &args.account).await?) };
    let body = json!({ "amount": args.amount.text(2).to_string(), "reference": args.reference });
    let path = format!("{}/payments", account_path(&args.account));
    let answer = session.write(Method::POST, path, body.to_string(), &args.key).await?;
    let Some(of) = of else { return session.print_json(&answer) };
    let Payment { id, amount, after } = answer.read()?;
    session.progress.hide();
    session.out.line(format_args!(
        "{} {} booked for {}, payment {}; after it:",
        visible(&amount),
        visible(&of.currency),
        of.label(),
        visible(&id)
    ))?;
    facts(&mut session.out, &after.facts(&of.currency))
}
