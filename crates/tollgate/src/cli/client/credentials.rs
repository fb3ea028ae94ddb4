//! `tollgate credentials`.

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use ledger::Amount;
use serde_json::{Map, json};

use super::super::Ended;
use super::accounts::amount;
use super::caller::ConnectionArgs;
use super::directory::account_path;
use super::records::{Credential, CredentialLimits, Credentials};
use super::session::{KeyArgs, Session};
use super::table::{Align, Cell, Table, facts};
use super::text::{encoded, time, visible};

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
    /// List those that live, oldest first, without their texts
    List(ListArgs),
    /// Add one beside the others, perhaps one that may do less; it is shown this once
    Add(AddArgs),
    /// Make a new secret or token, and have the others of its kind end after the overlap; it is shown this once
    Rotate(RotateArgs),
    /// Revoke one: nobody gets in with it any more
    Revoke(RevokeArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct ListArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct AddArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    /// An api secret, or an auth token of the Plivo dialect
    #[arg(long, default_value = "secret")]
    kind: Kind,

    /// It only reads
    #[arg(long)]
    read_only: bool,

    /// The most that it moves at once, such as 50; 0 for nothing
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    amount_max: Option<Amount>,

    /// The only account that it sees and touches; may be repeated, and its own is among them only if it is named
    #[arg(long, value_name = "ACCOUNT")]
    only: Vec<String>,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct RevokeArgs {
    /// Which: its id, as the list has it
    credential: String,

    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,

    #[command(flatten)]
    key: KeyArgs,
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

impl Kind {
    /// How the API calls it, and how people do.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Secret => ("secret", "api secret"),
            Self::Token => ("token", "auth token"),
        }
    }
}

pub(super) async fn run(session: &mut Session, what: CredentialsCommand) -> Result<(), Ended> {
    match what {
        CredentialsCommand::List(args) => list(session, args).await,
        CredentialsCommand::Add(args) => add(session, args).await,
        CredentialsCommand::Rotate(args) => rotate(session, args).await,
        CredentialsCommand::Revoke(args) => revoke(session, args).await,
    }
}

async fn list(session: &mut Session, args: ListArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let answer = session.get(format!("{}/credentials", account_path(&name))).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let Credentials { credentials } = answer.read()?;
    let mut table = Table::new(&[
        ("ID", Align::Left),
        ("KIND", Align::Left),
        ("MADE", Align::Left),
        ("LAST USED", Align::Left),
        ("ENDS", Align::Left),
        ("AT MOST", Align::Left),
    ]);
    let rows: Vec<_> = credentials.iter().map(row).collect();
    session.progress.hide();
    table.print(&mut session.out, &rows)
}

fn row(credential: &Credential) -> Vec<Cell> {
    let at = |it: &Option<String>| it.as_deref().map(time);
    vec![
        Cell::new(&credential.id),
        Cell::new(&credential.kind),
        Cell::new(&time(&credential.created_at)),
        Cell::new(at(&credential.last_used_at).as_deref().unwrap_or("never")),
        Cell::of(at(&credential.expires_at).as_deref()),
        Cell::if_any(credential.limits.as_ref().map(limited).as_deref()),
    ]
}

/// What a restricted one may do at most.
fn limited(limits: &CredentialLimits) -> String {
    let mut parts = Vec::new();
    if limits.read_only {
        parts.push("only reads".to_owned());
    }
    parts.extend(limits.amount_max.as_ref().map(|it| format!("moves {it} at once")));
    parts.extend(limits.accounts.as_ref().map(|it| match it.len() {
        1 => "for 1 account".to_owned(),
        count => format!("for {count} accounts"),
    }));
    parts.join(", ")
}

async fn add(session: &mut Session, args: AddArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let (kind, words) = args.kind.words();
    let mut limits = Map::new();
    if args.read_only {
        limits.insert("read_only".to_owned(), json!(true));
    }
    if let Some(most) = args.amount_max {
        limits.insert("amount_max".to_owned(), json!(most.text(2).to_string()));
    }
    if !args.only.is_empty() {
        limits.insert("accounts".to_owned(), json!(args.only));
    }
    let limits = (!limits.is_empty()).then_some(limits);
    let body = json!({ "kind": kind, "limits": limits }).to_string();
    let path = format!("{}/credentials", account_path(&name));
    let answer = session.write(Method::POST, path, body, &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let made: Credential = answer.read()?;
    shown_once(session, &made, words, &name)?;
    match &made.limits {
        Some(limits) => session.out.line(format_args!("It {}.", visible(&limited(limits)))),
        None => session.out.line("The others stay as they are."),
    }
}

async fn rotate(session: &mut Session, args: RotateArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let (kind, words) = args.kind.words();
    let body = json!({ "kind": kind, "overlap_seconds": args.overlap }).to_string();
    let path = format!("{}/credentials/rotate", account_path(&name));
    let answer = session.write(Method::POST, path, body, &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    shown_once(session, &answer.read()?, words, &name)?;
    session.out.line(match args.overlap {
        0 => "The others have ended.".to_owned(),
        overlap => format!("The others end in {overlap} seconds, if they had no end before."),
    })
}

fn shown_once(session: &mut Session, made: &Credential, words: &str, name: &str) -> Result<(), Ended> {
    let text = made.secret.as_ref().or(made.auth_token.as_ref()).map_or("", |it| it);
    session.progress.hide();
    session.out.line(format_args!("A new {words} of {}, shown this once; keep it:", visible(name)))?;
    facts(&mut session.out, &[(words, visible(text).into_owned()), ("id", visible(&made.id).into_owned())])
}

async fn revoke(session: &mut Session, args: RevokeArgs) -> Result<(), Ended> {
    let name = session.account_or_own(args.account.as_deref())?;
    let path = format!("{}/credentials/{}", account_path(&name), encoded(&args.credential));
    let answer = session.write(Method::DELETE, path, "", &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let revoked: Credential = answer.read()?;
    session.progress.hide();
    session.out.line(format_args!(
        "The {} {} of {} is revoked: nobody gets in with it any more.",
        visible(&revoked.kind),
        visible(&revoked.id),
        visible(&name)
    ))
}
