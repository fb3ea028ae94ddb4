//! `tollgate accounts close`: what would become of everything, a question, and the end.

use clap::Args;
use hyper::Method;
use serde_json::{Value, json};

use super::super::Ended;
use super::directory::{Directory, account, account_path};
use super::out::note;
use super::prompt;
use super::records::{Account, Belongings, Close};
use super::session::{KeyArgs, Session};
use super::text::visible;

/// Flags of `tollgate accounts close`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct CloseArgs {
    /// The account: its api key, auth id or id
    account: String,

    /// Delete what it owns, and put its numbers back into the stock, instead of giving all that to its primary
    #[arg(long)]
    cascade: bool,

    /// Only say what the close would do
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,

    #[command(flatten)]
    key: KeyArgs,
}

pub(super) async fn run(session: &mut Session, args: CloseArgs) -> Result<(), Ended> {
    let path = format!("{}/close", account_path(&args.account));
    if args.dry_run {
        let said = session.ask(path, &body(&args, true)).await?;
        if session.is_json() {
            return session.print_json(&said);
        }
        let lines = lines(session, &args.account, None, &said.read()?, true).await?;
        return lines.iter().try_for_each(|it| session.out.line(it));
    }
    // As it is before the close: afterwards not everybody sees it any more.
    let closing =
        if session.is_json() && args.yes { None } else { Some(account(session, &args.account).await?) };
    if !args.yes {
        let said = session.ask(path.clone(), &body(&args, true)).await?;
        let lines = lines(session, &args.account, closing.clone(), &said.read()?, true).await?;
        session.progress.hide();
        lines.iter().for_each(note);
        match prompt::yes("Close it?").await? {
            Some(true) => {}
            Some(false) => return Err(Ended::wrong("nothing was closed")),
            None => return Err(Ended::usage("nobody can be asked here: say --yes, or --dry-run")),
        }
        session.progress.restart();
    }
    let answer = session.write(Method::POST, path, body(&args, false).to_string(), &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let lines = lines(session, &args.account, closing, &answer.read()?, false).await?;
    lines.iter().try_for_each(|it| session.out.line(it))
}

fn body(args: &CloseArgs, is_dry_run: bool) -> Value {
    json!({ "cascade": args.cascade, "dry_run": is_dry_run })
}

/// What a close did, or would do.
async fn lines(
    session: &mut Session,
    name: &str,
    closing: Option<Account>,
    close: &Close,
    is_dry_run: bool,
) -> Result<Vec<String>, Ended> {
    let closing = match closing {
        Some(closing) => closing,
        None => account(session, name).await?,
    };
    let mut directory = Directory::new(closing);
    directory.look_up(session, close.heir.as_deref().into_iter()).await?;
    let heir = close.heir.as_deref().map(|it| directory.label(it));
    let currency = visible(&directory.of().currency).into_owned();
    let to_heir = |it: &str| heir.as_ref().map_or_else(|| it.to_owned(), |heir| format!("{it} to {heir}"));
    let amount = |it: &str| to_heir(&format!("{} {currency}", visible(it)));
    let owned = |it: &Belongings| match (&*it.go_to, it.count) {
        (_, 0) => "none".to_owned(),
        ("heir", count) => to_heir(&count.to_string()),
        ("stock", count) => format!("{count} back into the stock"),
        (_, count) => format!("{count} deleted"),
    };
    let holds = match close.holds.count {
        0 => "none".to_owned(),
        count => format!("{count} released, {} {currency} together", visible(&close.holds.amount)),
    };
    let verb = if is_dry_run { "would be" } else { "is" };
    Ok(vec![
        format!("{} {verb} closed for good, and its credentials are dead:", directory.of().label()),
        format!("  balance       {}", amount(&close.balance_swept)),
        format!("  credit limit  {}", amount(&close.credit_limit_swept)),
        format!("  open holds    {holds}"),
        format!("  numbers       {}", owned(&close.numbers)),
        format!("  applications  {}", owned(&close.applications)),
        format!("  endpoints     {}", owned(&close.endpoints)),
    ])
}
