//! `tollgate prices`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::Ended;
use super::caller::ConnectionArgs;
use super::pages::{PageArgs, Pages};
use super::records::{Plan, PlansPage, Rule, Tried, TriedCall};
use super::session::{Answer, KeyArgs, Session};
use super::table::{Align, Cell, Table};
use super::text::{encoded, query, time, visible};

/// How many calls are tried with one request, as many as the API takes.
const TRIED_MAX: usize = 1_000;

/// Flags of `tollgate prices`.
#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(in super::super) struct PricesArgs {
    #[command(subcommand)]
    pub(super) what: PricesCommand,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum PricesCommand {
    /// List the newest version of each price plan, in order of their names
    List(ListArgs),
    /// Show a price plan: what calls cost
    Show(ShowArgs),
    /// Put a price plan, or a new version of one
    Put(PutArgs),
    /// Say what calls would come to by a plan, or would by one that is not put yet
    Try(TryArgs),
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct ListArgs {
    /// Only those of this currency, such as USD
    #[arg(long, value_name = "CURRENCY")]
    currency: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct ShowArgs {
    /// The plan's name
    name: String,

    /// Which version; the one in force unless said
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct PutArgs {
    /// The plan's name: lower-case letters, digits, `.`, `-` and `_`
    name: String,

    /// The plan: a JSON object with `currency`, `rules` and perhaps `default`, as PUT /api/v1/price-plans/{name} takes it;
    /// - for standard input
    file: PathBuf,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Args, Debug)]
#[command(after_help = super::ENDINGS)]
pub(super) struct TryArgs {
    /// The plan's name
    name: String,

    /// The call's method, such as POST
    #[arg(requires = "path", required_unless_present = "calls")]
    method: Option<String>,

    /// The call's path, with a query or without
    path: Option<String>,

    /// What the call is, where the gate would name that
    #[arg(long, value_name = "OPERATION", requires = "method")]
    operation: Option<String>,

    /// Try the calls in this file instead: a line each, METHOD PATH and perhaps OPERATION; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "method")]
    calls: Option<PathBuf>,

    /// Try this plan, a file as for `put`, in place of the one in force
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

pub(super) async fn run(session: &mut Session, what: PricesCommand) -> Result<(), Ended> {
    match what {
        PricesCommand::List(args) => list(session, args).await,
        PricesCommand::Show(args) => show(session, args).await,
        PricesCommand::Put(args) => put(session, args).await,
        PricesCommand::Try(args) => attempt(session, args).await,
    }
}

async fn put(session: &mut Session, args: PutArgs) -> Result<(), Ended> {
    let plan = plan(&args.file)?;
    let answer = session.write(Method::PUT, plan_path(&args.name), plan.get().to_owned(), &args.key).await?;
    print(session, &answer)
}

async fn list(session: &mut Session, args: ListArgs) -> Result<(), Ended> {
    let filters = [("currency", args.currency)];
    let mut pages = Pages::new("/api/v1/price-plans", filters, &args.page);
    if session.is_json() {
        return pages.print_json::<PlansPage>(session).await;
    }
    let mut table = Table::new(&[
        ("NAME", Align::Left),
        ("VERSION", Align::Right),
        ("CUR", Align::Left),
        ("DEFAULT", Align::Left),
        ("RULES", Align::Right),
        ("SINCE", Align::Left),
    ]);
    while let Some(page) = pages.page::<PlansPage>(session).await? {
        let rows: Vec<_> = page.price_plans.iter().map(plan_row).collect();
        session.progress.make_room();
        table.print(&mut session.out, &rows)?;
    }
    pages.end::<PlansPage>(session)
}

fn plan_row(plan: &Plan) -> Vec<Cell> {
    vec![
        Cell::new(&plan.name),
        Cell::new(&plan.version.to_string()),
        Cell::new(&plan.currency),
        Cell::new(if plan.default { "yes" } else { "no" }),
        Cell::new(&plan.rules.len().to_string()),
        Cell::new(&time(&plan.made_at)),
    ]
}

async fn show(session: &mut Session, args: ShowArgs) -> Result<(), Ended> {
    let version = args.version.map(|it| it.to_string());
    let target = format!("{}{}", plan_path(&args.name), query([("version", version.as_deref())]));
    let answer = session.get(target).await?;
    print(session, &answer)
}

/// Prints a plan, whole.
fn print(session: &mut Session, answer: &Answer) -> Result<(), Ended> {
    if session.is_json() {
        return session.print_json(answer);
    }
    let Plan { name, version, currency, default, rules, .. } = answer.read()?;
    let is_default = if default { ", the default of its currency" } else { "" };
    session.progress.hide();
    session.out.line(format_args!(
        "{} version {version}, {}{is_default}:",
        visible(&name),
        visible(&currency)
    ))?;
    let mut table = Table::new(&[
        ("RULE", Align::Right),
        ("MODE", Align::Left),
        ("PRICE", Align::Point),
        ("CUR", Align::Left),
        ("UNITS", Align::Right),
        ("METHOD", Align::Left),
        ("PATH", Align::Left),
        ("OPERATION", Align::Left),
    ]);
    let rows: Vec<_> = rules.iter().map(|it| rule_row(it, &currency)).collect();
    table.print(&mut session.out, &rows)
}

fn rule_row(rule: &Rule, currency: &str) -> Vec<Cell> {
    let mode = match (rule.expires_in, rule.on_expiry.as_deref()) {
        (Some(seconds), Some(what)) => format!("{} {seconds} s, {what}", rule.mode),
        _ => rule.mode.clone(),
    };
    let price = rule.unit_price.as_deref().or(rule.reserve.as_deref());
    vec![
        Cell::new(&rule.rule.to_string()),
        Cell::new(&mode),
        Cell::if_any(price),
        Cell::if_any(price.map(|_| currency)),
        Cell::if_any(rule.units.map(|it| it.to_string()).as_deref()),
        Cell::new(&rule.method),
        Cell::new(&rule.path),
        Cell::new(&rule.operation),
    ]
}

async fn attempt(session: &mut Session, args: TryArgs) -> Result<(), Ended> {
    let plan = match &args.plan {
        Some(file) => Some(serde_json::from_str::<Value>(plan(file)?.get()).map_err(Ended::usage)?),
        None => None,
    };
    let calls = match &args.calls {
        Some(file) => calls(&read(file)?, file)?,
        None => vec![json!({ "method": args.method, "path": args.path, "operation": args.operation })],
    };
    session.progress.count(u64::try_from(calls.len()).ok(), "calls");
    let mut table = Table::new(&[
        ("OUTCOME", Align::Left),
        ("AMOUNT", Align::Point),
        ("RULE", Align::Right),
        ("OPERATION", Align::Left),
        ("METHOD", Align::Left),
        ("PATH", Align::Left),
    ]);
    for some in calls.chunks(TRIED_MAX) {
        let body = json!({ "plan": plan, "requests": some });
        let answer = session.ask(format!("{}/try", plan_path(&args.name)), &body).await?;
        session.progress.make_room();
        if session.is_json() {
            session.print_json(&answer)?;
        } else {
            let rows: Vec<_> = answer.read::<Tried>()?.answers.iter().map(tried_row).collect();
            table.print(&mut session.out, &rows)?;
        }
        session.progress.advance(u64::try_from(some.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

fn tried_row(tried: &TriedCall) -> Vec<Cell> {
    vec![
        Cell::new(&tried.outcome),
        Cell::if_any(tried.amount.as_deref()),
        Cell::if_any(tried.rule.map(|it| it.to_string()).as_deref()),
        Cell::if_any(tried.operation.as_deref()),
        Cell::new(&tried.method),
        Cell::new(&tried.path),
    ]
}

/// The calls of a file, a line each; blank lines and those that begin with # are none.
fn calls(text: &str, file: &Path) -> Result<Vec<Value>, Ended> {
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    let calls = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')).map(|(line, number)| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            [method, path] => Ok(json!({ "method": method, "path": path })),
            [method, path, operation] => {
                Ok(json!({ "method": method, "path": path, "operation": operation }))
            }
            _ => Err(Ended::usage(format!(
                "{}:{number}: must be METHOD PATH or METHOD PATH OPERATION",
                file.display()
            ))),
        }
    });
    calls.collect()
}

/// The JSON of a file, byte by byte as it is there: what a member may be, the server says.
fn plan(file: &Path) -> Result<Box<RawValue>, Ended> {
    let text = read(file)?;
    serde_json::from_str(&text).map_err(|it| Ended::usage(format!("{} is no JSON: {it}", file.display())))
}

fn read(file: &Path) -> Result<String, Ended> {
    let cannot = |error| Ended::usage(format!("cannot read {}: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(cannot)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(cannot)
}

fn plan_path(name: &str) -> String {
    format!("/api/v1/price-plans/{}", encoded(name))
}
