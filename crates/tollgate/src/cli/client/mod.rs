//! The commands for partners and operators: a client of the native API.
//!
//! Reading order: [`Command`] and a file for each noun that it has; `caller` says which server and who asks, `session`
//! asks, again if need be, `http` is the wire; `problem` says what a refusal means here; `records` is what of the answers
//! is read; `pages` goes through lists; `out`, `table`, `text` and `progress` are what people see.
//!
//! What a program gets with `--json` is what the API answered, so nothing here describes it a second time.

mod accounts;
mod caller;
mod close;
mod credentials;
mod directory;
mod follow;
mod http;
mod journal;
mod out;
mod pages;
mod payments;
mod prices;
mod problem;
mod progress;
mod prompt;
mod records;
mod session;
mod statement;
mod table;
mod text;
mod transfer;
mod usage;

use clap::Subcommand;

use self::caller::ConnectionArgs;
use self::session::Session;
use super::Ended;

/// The server refused: its state does not allow it. Money is short, an account is suspended or closed, a cap is reached.
const REFUSED: u8 = 5;
/// The credentials are wrong, or may not do this.
const NOT_ALLOWED: u8 = 6;
/// There is no such account, plan or whatever is named.
const NOT_FOUND: u8 = 7;
/// Nobody reads the output any more: what a shell says of a program that SIGPIPE ended.
const PIPE: u8 = 128 + 13;

/// Where secrets come from, and how each of these commands ends, below its help.
const ENDINGS: &str = "\
The secret of an account is taken from --secret-file or TOLLGATE_SECRET, the operator's token from --secret-file or \
TOLLGATE_OPERATOR_TOKEN; on a terminal it is asked for.

Exit codes:
  0    done
  1    a fault, or a question that was not answered by yes
  2    the command line, or a value in it, is wrong
  3    the server cannot be reached or is too busy: ask again, best with the same --key
  5    refused: money is short, an account is suspended or closed, a cap is reached, and the like
  6    not authenticated, or not allowed
  7    not found
  141  nobody reads the output any more";

/// What partners and operators ask a server for.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Accounts of a server: list, show, open, suspend, reactivate, close
    Accounts(accounts::AccountsArgs),
    /// Move balance or credit limit between a primary account and its subaccount
    Transfer(transfer::TransferArgs),
    /// Record money that the operator received for an account, or paid out
    Payments(payments::PaymentsArgs),
    /// What an account, or its whole family, has spent
    Usage(usage::UsageArgs),
    /// An account's month: a table, CSV, or a page to print
    Statement(statement::StatementArgs),
    /// An account's postings, newest first
    Journal(journal::JournalArgs),
    /// The credentials of an account
    Credentials(credentials::CredentialsArgs),
    /// Price plans of the operator's API
    Prices(prices::PricesArgs),
}

impl Command {
    const fn connection(&self) -> &ConnectionArgs {
        match self {
            Self::Accounts(args) => &args.connection,
            Self::Transfer(args) => &args.connection,
            Self::Payments(args) => &args.connection,
            Self::Usage(args) => &args.connection,
            Self::Statement(args) => &args.connection,
            Self::Journal(args) => &args.connection,
            Self::Credentials(args) => &args.connection,
            Self::Prices(args) => &args.connection,
        }
    }

    async fn run(self, session: &mut Session) -> Result<(), Ended> {
        match self {
            Self::Accounts(args) => accounts::run(session, args.what).await,
            Self::Transfer(args) => transfer::run(session, args.what).await,
            Self::Payments(args) => payments::run(session, args.what).await,
            Self::Usage(args) => usage::run(session, args).await,
            Self::Statement(args) => statement::run(session, args).await,
            Self::Journal(args) => journal::run(session, args).await,
            Self::Credentials(args) => credentials::run(session, args.what).await,
            Self::Prices(args) => prices::run(session, args.what).await,
        }
    }
}

/// Runs one of them.
///
/// # Errors
/// With the exit codes above.
pub(super) fn run(command: Command) -> Result<(), Ended> {
    // One request at a time needs no second thread.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Ended::cannot_start)?;
    let ended = runtime.block_on(async {
        let mut session = Session::open(command.connection()).await?;
        let ran = command.run(&mut session).await;
        // What was printed before something went wrong is seen, too.
        ran.and(session.close())
    });
    // A prompt that was broken off still waits for its line, and the process does not wait for it.
    runtime.shutdown_background();
    ended
}
