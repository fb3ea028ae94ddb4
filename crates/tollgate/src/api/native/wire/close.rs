//! The close of an account: what asks for it, and what it does or, in a dry run, would do.

use ledger::{
    AccountId, Amount, Application, ApplicationId, Closed, Decision, Endpoint, EndpointId, Hold, Kind, Line,
    LineId, Number, Record, Standing,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::error::Failure;
use super::Text;
use super::members::Members;
use crate::http::Incoming;

/// The most things of one kind that a dry run lists; how many there are in all, its counts say.
const LISTED_MAX: usize = 1_000;

/// How an account is to be closed.
#[derive(JsonSchema)]
pub(in super::super) struct CloseBody {
    /// Whether what it owns goes to nobody: its numbers to the stock, its applications and endpoints away. When nothing is said
    /// they go to its primary.
    #[schemars(with = "Option<bool>")]
    pub(in super::super) cascade: bool,
    /// Only says what the close would do, and does nothing.
    #[schemars(rename = "dry_run", with = "Option<bool>")]
    pub(in super::super) is_dry_run: bool,
}

impl CloseBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_optional_body(incoming)?;
        let cascade = members.flag("cascade").unwrap_or(false);
        let is_dry_run = members.flag("dry_run").unwrap_or(false);
        members.finish(Some(Self { cascade, is_dry_run }))
    }
}

/// What a close does.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct CloseRecord<'a> {
    /// The account that is closed.
    account: Text<AccountId>,
    /// Who gets what it had; null for a primary account, which has nothing left to be swept but a credit limit that
    /// ends.
    heir: Option<Text<AccountId>>,
    /// What it owned goes to nobody, as always where there is no heir.
    cascade: bool,
    /// Whether this is only what a close would do.
    dry_run: bool,
    /// What the heir gets of balance, or takes over of debt: negative for what the account owes.
    balance_swept: Text<Amount>,
    /// What the heir gets of credit limit.
    credit_limit_swept: Text<Amount>,
    /// The open holds, which are released.
    holds: Holds<'a>,
    /// The numbers that it rents.
    numbers: Belongings<NumberThere<'a>>,
    /// Its applications, of the Plivo dialect.
    applications: Belongings<ApplicationThere<'a>>,
    /// Its endpoints, of the Plivo dialect.
    endpoints: Belongings<EndpointThere<'a>>,
}

/// The open holds, which are released.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HoldsReleased")]
struct Holds<'a> {
    /// How many.
    count: u32,
    /// What they hold together.
    amount: Text<Amount>,
    /// In a dry run alone: the first 1000 of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<HoldThere<'a>>>,
}

/// What it owns of one kind.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Belongings_{T}")]
struct Belongings<T> {
    /// How many.
    count: u32,
    /// Who gets them.
    #[schemars(extend("enum" = [HEIR, STOCK, NOBODY]))]
    go_to: &'static str,
    /// In a dry run alone: the first 1000 of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<T>>,
}

/// A hold that is released.
#[derive(Serialize, JsonSchema)]
struct HoldThere<'a> {
    /// Its id.
    id: Text<LineId>,
    /// What it holds.
    amount: Text<Amount>,
    /// What it is for; null for nothing said.
    operation: Option<&'a str>,
}

/// A number that goes.
#[derive(Serialize, JsonSchema)]
struct NumberThere<'a> {
    /// The two letters of its country.
    country: &'a str,
    /// Its digits.
    msisdn: &'a str,
    /// Who gets it. What a partner brought along never was in the stock and does not go there.
    #[schemars(extend("enum" = [HEIR, STOCK, NOBODY]))]
    go_to: &'static str,
}

/// An application that goes.
#[derive(Serialize, JsonSchema)]
struct ApplicationThere<'a> {
    /// Its id.
    id: Text<ApplicationId>,
    /// Its name.
    name: &'a str,
}

/// An endpoint that goes.
#[derive(Serialize, JsonSchema)]
struct EndpointThere<'a> {
    /// Its id.
    id: Text<EndpointId>,
    /// Its username.
    username: &'a str,
}

const HEIR: &str = "heir";
const STOCK: &str = "stock";
const NOBODY: &str = "nobody";

impl<'a> CloseRecord<'a> {
    /// Of the line of a close; of no other line.
    pub(in super::super) fn new(line: &Line) -> Option<Self> {
        let Some(Record::Closed(closed)) = line.record.as_deref() else { return None };
        let Closed { account, cascade, holds, released, numbers, applications, endpoints } = &**closed;
        // A line whose opposite does not fit an amount is never written.
        let swept = line.change.checked_neg().unwrap_or(Standing::ZERO);
        let (numbers_to, rest_to) = if *cascade { (STOCK, NOBODY) } else { (HEIR, HEIR) };
        Some(Self {
            account: Text(account.id),
            heir: account.parent.map(Text),
            cascade: *cascade,
            dry_run: false,
            balance_swept: Text(swept.balance),
            credit_limit_swept: Text(swept.credit_limit),
            holds: Holds { count: *holds, amount: Text(*released), list: None },
            numbers: Belongings::new(*numbers, numbers_to),
            applications: Belongings::new(*applications, rest_to),
            endpoints: Belongings::new(*endpoints, rest_to),
        })
    }

    /// Of a close that was decided and not written.
    pub(in super::super) fn of_dry_run(decision: &'a Decision) -> Option<Self> {
        let mut record = Self { dry_run: true, ..Self::new(&decision.outcome)? };
        let closed = decision.outcome.account?.account;
        let (mut holds, mut numbers) = (Vec::new(), Vec::new());
        let (mut applications, mut endpoints) = (Vec::new(), Vec::new());
        for line in &decision.lines {
            // Something of another account is only not answered any more by an application that goes.
            let is_its = line.account.is_some_and(|it| it.account == closed);
            match line.record.as_deref() {
                // The payer's line, which may be the primary's.
                Some(Record::Hold(hold)) => holds.push(HoldThere::new(hold)),
                Some(Record::Number(number)) if is_its => numbers.push(NumberThere::new(line, number)),
                Some(Record::Application(application)) if is_its => {
                    applications.push(ApplicationThere::new(application));
                }
                Some(Record::Endpoint(endpoint)) if is_its => endpoints.push(EndpointThere::new(endpoint)),
                Some(_) | None => {}
            }
        }
        record.holds.list = Some(bounded(holds));
        record.numbers.list = Some(bounded(numbers));
        record.applications.list = Some(bounded(applications));
        record.endpoints.list = Some(bounded(endpoints));
        Some(record)
    }
}

fn bounded<T>(mut list: Vec<T>) -> Vec<T> {
    list.truncate(LISTED_MAX);
    list
}

impl<T> Belongings<T> {
    const fn new(count: u32, go_to: &'static str) -> Self {
        Self { count, go_to, list: None }
    }
}

impl<'a> HoldThere<'a> {
    fn new(hold: &'a Hold) -> Self {
        Self { id: Text(hold.id), amount: Text(hold.amount), operation: hold.operation.as_deref() }
    }
}

impl<'a> NumberThere<'a> {
    fn new(line: &Line, number: &'a Number) -> Self {
        let go_to = match (line.kind == Kind::NumberTransfer, number.is_brought) {
            (true, _) => HEIR,
            (false, true) => NOBODY,
            (false, false) => STOCK,
        };
        Self { country: number.country.as_str(), msisdn: &number.msisdn, go_to }
    }
}

impl<'a> ApplicationThere<'a> {
    fn new(application: &'a Application) -> Self {
        Self { id: Text(application.id), name: &application.name }
    }
}

impl<'a> EndpointThere<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        Self { id: Text(endpoint.id), username: &endpoint.username }
    }
}
