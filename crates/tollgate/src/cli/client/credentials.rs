//! `tollgate credentials`.

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use serde_json::json;

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::directory::account_path;
use super::records::Credential;
use super::session::{KeyArgs, Session};
use super::table::facts;
use super::text::visible;

/// Flags of `tollgate credentials`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct CredentialsArgs {
    #[command(subcommand)]
    pub(super) what: CredentialsCommand,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum CredentialsCommand {
    /// Make a new secret or token, and have the others of its kind end after the overlap; it is shown this once
    Rotate(RotateArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct RotateArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    /// An api secret, or an auth token of the Plivo dialect
    #[arg(long, default_value = "secret")]
    kind: Kind,

    /// For how long the others live on, at most 2592000, which are 30 days; 0 ends them at once
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    overlap: u32,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Secret,
    Token,
}

pub(super) async fn run(session: &mut Session, what: CredentialsCommand) -> Result<(), Ended> {
    let CredentialsCommand::Rotate(args) = what;
    let name = session.account_or_own(args.account.as_deref())?;
    let (kind, words) = match args.kind {
        Kind::Secret => ("secret", "api secret"),
        Kind::Token => ("token", "auth token"),
    };
    let body = json!({ "kind": kind, "overlap_seconds": args.overlap }).to_string();
    let path = format!("{}/credentials/rotate", account_path(&name));
    let answer = session.write(Method::POST, path, body, &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let made: Credential = answer.read()?;
    let text = made.secret.or(made.auth_token).unwrap_or_default();
    session.progress.hide();
    session.out.line(format_args!("A new {words} of {}, shown this once; keep it:", visible(&name)))?;
    facts(&mut session.out, &[(words, visible(&text).into_owned()), ("id", visible(&made.id).into_owned())])?;
    session.out.line(match args.overlap {
        0 => "The others have ended.".to_owned(),
        overlap => format!("The others end in {overlap} seconds, if they had no end before."),
    })
}
