//! `tollgate accounts`.

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use ledger::Amount;
use serde_json::{Map, Value, json};

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::close::{self, CloseArgs};
use super::directory::account_path;
use super::out::Out;
use super::pages::{PageArgs, Pages};
use super::records::{Account, AccountsPage, Cap};
use super::session::{Answer, KeyArgs, Session};
use super::table::{Align, Cell, Table, facts};
use super::text::{time, visible};

/// Flags of `tollgate accounts`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct AccountsArgs {
    #[command(subcommand)]
    pub(super) what: AccountsCommand,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum AccountsCommand {
    /// List the accounts that the caller may see, oldest first
    List(ListArgs),
    /// Show an account
    Show(NamedArgs),
    /// Open a primary account, or with --parent a subaccount; its secret and auth token are shown this once
    Open(OpenArgs),
    /// Suspend an account: it, and all below it, can neither charge nor hold nor call
    Suspend(StatusArgs),
    /// Let a suspended account charge, hold and call again
    Reactivate(StatusArgs),
    /// Close an account for good: says what would become of everything, and asks
    Close(CloseArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct ListArgs {
    /// Only the subaccounts of this account
    #[arg(long, value_name = "ACCOUNT")]
    parent: Option<String>,

    /// Only those of this state
    #[arg(long)]
    status: Option<Status>,

    /// Only those whose name contains this, in capitals or not
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Active,
    Suspended,
    Closed,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct NamedArgs {
    /// The account: its api key, auth id or id; the one that asks unless said
    account: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct StatusArgs {
    /// The account: its api key, auth id or id
    account: String,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct OpenArgs {
    /// What it is to be called: 1 to 255 characters
    name: String,

    /// The primary account that it is to be a subaccount of; a primary account that asks opens its own
    #[arg(long, value_name = "ACCOUNT")]
    parent: Option<String>,

    /// A subaccount's balance: its own, or its primary's
    #[arg(long, value_name = "MODE")]
    balance: Option<BalanceMode>,

    /// The currency of a primary account and its family, such as USD; EUR unless said
    #[arg(long, value_name = "CURRENCY")]
    currency: Option<String>,

    /// How far below zero a primary account's balance may go; 0 unless said
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    credit_limit: Option<Amount>,

    /// The most that it may spend in a day
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    day_cap: Option<Amount>,

    /// The most that it may spend in a month
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    month_cap: Option<Amount>,

    /// Whose days and months those are, such as Europe/Rome; UTC unless said
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BalanceMode {
    Own,
    Shared,
}

/// An amount as people write it: `12.50`.
pub(super) fn amount(text: &str) -> Result<Amount, &'static str> {
    Amount::parse(text).map_err(|_| "must be an amount such as 12.50, with at most 8 decimals")
}

pub(super) async fn run(session: &mut Session, what: AccountsCommand) -> Result<(), Ended> {
    match what {
        AccountsCommand::List(args) => list(session, args).await,
        AccountsCommand::Show(args) => {
            let name = session.account_or_own(args.account.as_deref())?;
            let answer = session.get(account_path(&name)).await?;
            print(session, &answer)
        }
        AccountsCommand::Open(args) => open(session, &args).await,
        AccountsCommand::Suspend(args) => change_status(session, args, Status::Suspended).await,
        AccountsCommand::Reactivate(args) => change_status(session, args, Status::Active).await,
        AccountsCommand::Close(args) => close::run(session, args).await,
    }
}

async fn list(session: &mut Session, args: ListArgs) -> Result<(), Ended> {
    let filters = [
        ("parent", args.parent),
        ("status", args.status.map(|it| it.word().to_owned())),
        ("name", args.name),
    ];
    let mut pages = Pages::new("/api/v1/accounts", filters, &args.page);
    if session.is_json() {
        return pages.print_json::<AccountsPage>(session).await;
    }
    let mut table = Table::new(&[
        ("API KEY", Align::Left),
        ("KIND", Align::Left),
        ("STATUS", Align::Left),
        ("BALANCE", Align::Point),
        ("CREDIT LIMIT", Align::Point),
        ("HELD", Align::Point),
        ("AVAILABLE", Align::Point),
        ("CUR", Align::Left),
        ("NAME", Align::Left),
    ]);
    while let Some(page) = pages.page::<AccountsPage>(session).await? {
        let rows: Vec<_> = page.accounts.iter().map(row).collect();
        session.progress.make_room();
        table.print(&mut session.out, &rows)?;
    }
    pages.end::<AccountsPage>(session)
}

fn row(account: &Account) -> Vec<Cell> {
    let figures = &account.figures;
    vec![
        Cell::new(&account.api_key),
        Cell::new(account.kind()),
        Cell::status(&account.status),
        Cell::of(figures.balance.as_deref()),
        Cell::of(figures.credit_limit.as_deref()),
        Cell::of(figures.held.as_deref()),
        Cell::of(figures.available.as_deref()),
        Cell::new(&account.currency),
        Cell::new(&account.name),
    ]
}

async fn open(session: &mut Session, args: &OpenArgs) -> Result<(), Ended> {
    let text = |it: &Amount| Value::from(it.text(2).to_string());
    let mut caps = Map::new();
    let caps_given = [("day", args.day_cap.as_ref().map(text)), ("month", args.month_cap.as_ref().map(text))];
    caps.extend(caps_given.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))));
    if let Some(zone) = &args.time_zone {
        if caps.is_empty() {
            return Err(Ended::usage("--time-zone is for --day-cap and --month-cap"));
        }
        caps.insert("time_zone".to_owned(), json!(zone));
    }
    let mode = args.balance.map(|it| match it {
        BalanceMode::Own => "own",
        BalanceMode::Shared => "shared",
    });
    let given = [
        ("name", Some(json!(args.name))),
        ("parent", args.parent.as_ref().map(|it| json!(it))),
        ("balance", mode.map(Value::from)),
        ("currency", args.currency.as_ref().map(|it| json!(it))),
        ("credit_limit", args.credit_limit.as_ref().map(text)),
        ("caps", (!caps.is_empty()).then_some(Value::Object(caps))),
    ];
    let given = given.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
    let body = Value::Object(given.collect()).to_string();
    let answer = session.write(Method::POST, "/api/v1/accounts".to_owned(), body, &args.key).await?;
    print(session, &answer)
}

async fn change_status(session: &mut Session, args: StatusArgs, status: Status) -> Result<(), Ended> {
    let body = json!({ "status": status.word() }).to_string();
    let answer = session.write(Method::PATCH, account_path(&args.account), body, &args.key).await?;
    if session.is_json() {
        return session.print_json(&answer);
    }
    let account: Account = answer.read()?;
    session.out.line(format_args!("{} is {}.", account.label(), visible(&account.status)))
}

/// Prints an account, whole.
fn print(session: &mut Session, answer: &Answer) -> Result<(), Ended> {
    if session.is_json() {
        return session.print_json(answer);
    }
    session.progress.hide();
    let account: Account = answer.read()?;
    session.out.line(visible(&account.name))?;
    facts(&mut session.out, &all_facts(&account))?;
    shown_once(&mut session.out, &account)
}

fn all_facts(account: &Account) -> Vec<(&'static str, String)> {
    let Account { id, api_key, auth_id, parent, currency, figures, .. } = account;
    let mut facts = vec![
        ("api key", visible(api_key).into_owned()),
        ("auth id", visible(auth_id).into_owned()),
        ("id", visible(id).into_owned()),
    ];
    facts.extend(parent.as_ref().map(|it| ("parent", visible(it).into_owned())));
    facts.push(("status", visible(&account.status).into_owned()));
    let kind = match account.kind() {
        "primary" => "primary account",
        "own" => "subaccount with a balance of its own",
        _ => "subaccount that shares its primary's balance",
    };
    facts.push(("kind", kind.to_owned()));
    facts.extend(figures.facts(currency));
    if account.is_primary() {
        let plan = account.price_plan.as_deref();
        facts.push((
            "price plan",
            plan.map_or_else(|| "the default".to_owned(), |it| visible(it).into_owned()),
        ));
    }
    if let Some(caps) = &account.caps {
        let said = |cap: &Cap| {
            let Cap { cap, spent, resets_at } = cap;
            let (cap, spent) = (visible(cap), visible(spent));
            format!("{cap} {}, {spent} of it spent, until {}", visible(currency), time(resets_at))
        };
        facts.extend(caps.day.iter().map(|it| ("day cap", said(it))));
        facts.extend(caps.month.iter().map(|it| ("month cap", said(it))));
        let (held, zone) = (visible(&caps.held), visible(&caps.time_zone));
        facts.push(("caps", format!("{held} {} held beside that, days of {zone}", visible(currency))));
    }
    facts.push(("opened", time(&account.created_at)));
    facts.push(("changed", account.changed_at.as_deref().map_or_else(|| "never".to_owned(), time)));
    facts
}

/// The credentials of an account that was just opened.
fn shown_once(out: &mut Out, account: &Account) -> Result<(), Ended> {
    let shown = [("api secret", &account.secret), ("auth token", &account.auth_token)];
    let shown = shown.into_iter().filter_map(|(name, it)| Some((name, visible(it.as_ref()?).into_owned())));
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() {
        return Ok(());
    }
    out.line("\nShown this once; keep them:")?;
    facts(out, &shown)
}
