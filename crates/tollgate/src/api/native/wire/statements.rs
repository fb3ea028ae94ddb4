//! Statements: which one is asked for, and as JSON; `statement_lines` has the other two forms.

use std::collections::BTreeMap;

use axum::http::header::ACCEPT;
use ledger::{Account, AccountId, ApiKey, Timestamp, Total};
use schemars::JsonSchema;
use serde::Serialize;

use super::accounts::{mode, status};
use super::bodies::{MODES, STATUSES};
use super::members::Members;
use super::schema::{ZoneAsked, words, words_or_null};
use super::usage::{NO_ZONE, SpentRecord};
use super::{Text, Time};
use crate::api::native::error::Failure;
use crate::app::{AccountMonth, BalanceMonth, FamilyMonth, Spent, Statement, UsageSum, is_edge};
use crate::calendar::{Month, Zone};
use crate::http::Incoming;

/// What a statement is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Format {
    Json,
    Csv,
    Html,
}

const FORMATS: [(&str, Format); 3] = [("json", Format::Json), ("csv", Format::Csv), ("html", Format::Html)];

/// The query of `GET /api/v1/accounts/{account}/statements/{month}`, and its month.
#[derive(JsonSchema)]
pub(in super::super) struct StatementQuery {
    #[schemars(skip)]
    pub(in super::super) month: Month,
    /// Of which time zone the month is.
    #[schemars(rename = "time_zone", with = "Option<ZoneAsked>")]
    pub(in super::super) zone: Zone,
    #[schemars(skip)]
    pub(in super::super) from: Timestamp,
    #[schemars(skip)]
    pub(in super::super) to: Timestamp,
    /// As what it is printed. Unless said, the `Accept` header says it; JSON where neither does.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&FORMATS)))]
    pub(in super::super) format: Format,
}

impl StatementQuery {
    pub(in super::super) fn read(incoming: &Incoming, month: &str, now: Timestamp) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let zone = members.parsed::<Zone>("time_zone", NO_ZONE).unwrap_or(Zone::UTC);
        let format = members.one_of("format", &FORMATS).unwrap_or_else(|| accepted(incoming));
        let month = month.parse::<Month>().ok();
        let span = month.and_then(|it| zone.span_of(it));
        match span {
            None => members.fault("month", "must be a month such as 2026-02"),
            Some((from, _)) if from > now => members.fault("month", "must have begun"),
            Some((from, to)) if !is_edge(from) || !is_edge(to) => {
                members.fault("time_zone", "must have days that begin on a quarter of an hour");
            }
            Some(_) => {}
        }
        let all = month.zip(span);
        members.finish(all.map(|(month, (from, to))| Self { month, zone, from, to, format }))
    }
}

/// What the `Accept` header prefers: of equal weight what stands first, and JSON where it names none of the three.
fn accepted(incoming: &Incoming) -> Format {
    let mut best = (0, Format::Json);
    let headers = incoming.headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
    for range in headers.flat_map(|it| it.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts.next().unwrap_or("").to_ascii_lowercase().as_str() {
            "application/json" => Format::Json,
            "text/csv" => Format::Csv,
            "text/html" => Format::Html,
            _ => continue,
        };
        let weight = parts.find_map(|it| it.strip_prefix("q=").map(thousandths)).unwrap_or(1_000);
        if weight > best.0 {
            best = (weight, format);
        }
    }
    best.1
}

/// A weight such as `0.8`; what is none is 1.
fn thousandths(text: &str) -> u32 {
    match text.split_once('.') {
        None if text == "0" => 0,
        Some(("0", decimals)) => {
            format!("{decimals:0<3}").get(..3).and_then(|it| it.parse().ok()).unwrap_or(1_000)
        }
        None | Some(_) => 1_000,
    }
}

/// A statement.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct StatementRecord<'a> {
    /// Whose.
    account: Text<AccountId>,
    /// Its name in the Vonage dialect.
    api_key: Text<ApiKey>,
    /// What it is called.
    name: &'a str,
    /// Its primary account; null for a primary account itself.
    parent: Option<Text<AccountId>>,
    /// The currency of all amounts in it.
    currency: &'a str,
    /// Which month.
    month: Text<Month>,
    /// Of which time zone, by its name in the IANA database.
    time_zone: &'a str,
    /// When the month begins there.
    from: Text<Time>,
    /// When the next one begins there.
    to: Text<Time>,
    /// Up to when it is counted; null for a month that is over.
    until: Option<Text<Time>>,
    /// Whose balance it spends now: its `own`, or its primary's (`shared`).
    #[schemars(extend("enum" = words(&MODES)))]
    balance_mode: &'static str,
    /// What became of its balance; null for an account that shares its primary's.
    balance: Option<BalanceRecord<'a>>,
    /// What its primary paid for it; nothing for an account with a balance of its own.
    paid_by_primary: PaidByPrimary<'a>,
    /// The subaccounts that a primary had in that month, closed ones too, oldest first; null for a subaccount.
    subaccounts: Option<Vec<SubaccountRecord<'a>>>,
    /// All balances in it together; null for a subaccount.
    family: Option<FamilyRecord>,
    /// What all balances in it are below zero together; null where there is none.
    owed: Option<Text<Total>>,
}

/// What became of a balance in a month. The opening balance and all that follows add up to the closing balance.
#[derive(Serialize, JsonSchema)]
struct BalanceRecord<'a> {
    /// What the balance was when the month began.
    opening_balance: Text<Total>,
    /// Money that the operator received and paid out.
    payments: Payments,
    /// Balance from and to others of the family.
    transfers: Transfers,
    /// Balance, or below zero debt, of accounts that were closed.
    closed_accounts: SumRecord,
    /// What the balance paid: of a primary also for those who share it.
    charges: SpentRecord,
    /// The same by operation; not for the subaccounts of a statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<OperationRecord<'a>>>,
    /// What the balance was in the end, or is now.
    closing_balance: Text<Total>,
}

/// Payments of a month.
#[derive(Serialize, JsonSchema)]
struct Payments {
    /// Received for the account.
    received: SumRecord,
    /// Paid out to it.
    paid_out: SumRecord,
}

/// Balance transfers of a month.
#[derive(Serialize, JsonSchema)]
struct Transfers {
    /// From another account of the family.
    received: SumRecord,
    /// To one.
    sent: SumRecord,
}

/// Several, added up.
#[derive(Serialize, JsonSchema)]
struct SumRecord {
    /// How many.
    count: i64,
    /// How much together.
    amount: Text<Total>,
}

/// What was spent on one operation.
#[derive(Serialize, JsonSchema)]
struct OperationRecord<'a> {
    /// What was charged for; null where nothing was named.
    operation: Option<&'a str>,
    #[serde(flatten)]
    spent: SpentRecord,
}

/// What was spent of the primary's balance.
#[derive(Serialize, JsonSchema)]
struct PaidByPrimary<'a> {
    #[serde(flatten)]
    spent: SpentRecord,
    /// The same by operation; not for the subaccounts of a statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<OperationRecord<'a>>>,
}

/// A subaccount's month.
#[derive(Serialize, JsonSchema)]
struct SubaccountRecord<'a> {
    /// Its id.
    account: Text<AccountId>,
    /// Its name in the Vonage dialect.
    api_key: Text<ApiKey>,
    /// What it is called.
    name: &'a str,
    /// Its state now.
    #[schemars(extend("enum" = words(&STATUSES)))]
    status: &'static str,
    /// Whose balance it spends now: its `own`, or its primary's (`shared`).
    #[schemars(extend("enum" = words(&MODES)))]
    balance_mode: &'static str,
    /// What became of its balance; null for one that shares its primary's.
    balance: Option<BalanceRecord<'a>>,
    /// What its primary paid for it.
    paid_by_primary: PaidByPrimary<'a>,
}

impl<'a> StatementRecord<'a> {
    pub(in super::super) fn new(statement: &'a Statement) -> Self {
        let Statement { month, zone, from, to, until, of, subaccounts } = statement;
        let Account { id, api_key, name, parent, currency, .. } = &of.account;
        let subaccounts =
            of.account.is_primary().then(|| subaccounts.iter().map(SubaccountRecord::new).collect());
        Self {
            account: Text(*id),
            api_key: Text(*api_key),
            name,
            parent: parent.map(Text),
            currency: currency.as_str(),
            month: Text(*month),
            time_zone: zone.name(),
            from: Text(Time(*from)),
            to: Text(Time(*to)),
            until: until.map(|it| Text(Time(it))),
            balance_mode: mode(&of.account),
            balance: of.balance.as_ref().map(|it| BalanceRecord::new(it, true)),
            paid_by_primary: PaidByPrimary::new(of, true),
            subaccounts,
            family: statement.family().filter(|_| of.account.is_primary()).map(|it| FamilyRecord::new(&it)),
            owed: statement.owed().map(Text),
        }
    }
}

/// A family's balances together.
#[derive(Serialize, JsonSchema)]
struct FamilyRecord {
    /// All balances together when the month began.
    opening_balance: Text<Total>,
    /// What all of them paid.
    charges: SpentRecord,
    /// All balances together in the end, or now.
    closing_balance: Text<Total>,
}

impl FamilyRecord {
    fn new(family: &FamilyMonth) -> Self {
        Self {
            opening_balance: Text(family.opening),
            charges: SpentRecord::new(&family.spent),
            closing_balance: Text(family.closing),
        }
    }
}

impl<'a> SubaccountRecord<'a> {
    fn new(of: &'a AccountMonth) -> Self {
        Self {
            account: Text(of.account.id),
            api_key: Text(of.account.api_key),
            name: &of.account.name,
            status: status(&of.account),
            balance_mode: mode(&of.account),
            balance: of.balance.as_ref().map(|it| BalanceRecord::new(it, false)),
            paid_by_primary: PaidByPrimary::new(of, false),
        }
    }
}

impl<'a> BalanceRecord<'a> {
    fn new(balance: &'a BalanceMonth, with_operations: bool) -> Self {
        Self {
            opening_balance: Text(balance.opening),
            payments: Payments {
                received: SumRecord::new(&balance.paid_in),
                paid_out: SumRecord::taken(&balance.paid_out),
            },
            transfers: Transfers {
                received: SumRecord::new(&balance.transfers_in),
                sent: SumRecord::taken(&balance.transfers_out),
            },
            closed_accounts: SumRecord::new(&balance.closes),
            charges: SpentRecord::new(&balance.spent()),
            operations: with_operations.then(|| operations(&balance.operations)),
            closing_balance: Text(balance.closing),
        }
    }
}

impl SumRecord {
    fn new(sum: &UsageSum) -> Self {
        Self { count: sum.lines, amount: Text(sum.amount) }
    }

    /// Without the sign that says that it went.
    fn taken(sum: &UsageSum) -> Self {
        Self { count: sum.lines, amount: Text(sum.amount.negated()) }
    }
}

impl<'a> PaidByPrimary<'a> {
    fn new(of: &'a AccountMonth, with_operations: bool) -> Self {
        Self {
            spent: SpentRecord::new(&of.spent_by_primary()),
            operations: with_operations.then(|| operations(&of.paid_by_primary)),
        }
    }
}

fn operations(of: &BTreeMap<Option<Box<str>>, Spent>) -> Vec<OperationRecord<'_>> {
    let each = of.iter();
    each.map(|(operation, spent)| OperationRecord {
        operation: operation.as_deref(),
        spent: SpentRecord::new(spent),
    })
    .collect()
}
