//! The same sums by other means: raw rows of the journal, local time by the instants at which the clocks were changed,
//! and decimal texts, all read here.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::ground::Sql;

/// A row of the journal that moved a balance.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seq: i64,
    at: i64,
    kind: i64,
    /// Whose balance went by how much.
    account: String,
    change: i128,
    /// Whose went the other way.
    counter: Option<String>,
    /// Who was charged.
    caused: String,
    operation: String,
    units: Option<i128>,
}

/// The journal, as far as it moved balances.
pub(super) struct Journal {
    pub(super) rows: Vec<Row>,
}

/// The last line that is committed.
pub(super) fn last(sql: &Sql) -> i64 {
    sql.number("SELECT COALESCE(MAX(seq), 0) FROM journal")
}

impl Journal {
    pub(super) fn read(sql: &Sql) -> Self {
        let all = sql.rows(
            "SELECT seq, at, kind, account, balance_change, other, CASE WHEN other_balance IS NULL THEN 0 ELSE 1 END,
             operation, units, id, about FROM journal WHERE balance_change <> 0 ORDER BY seq",
        );
        let mut operations: HashMap<String, String> = HashMap::new();
        let mut rows = Vec::new();
        for row in all {
            let [seq, at, kind, account, change, other, moved, operation, units_used, line, about] =
                <[String; 11]>::try_from(row).unwrap();
            let kind = kind.parse().unwrap();
            let named = Some(operation).filter(|it| it != "NULL").unwrap_or_default();
            let operation = if kind == REVERSAL { operations[&about].clone() } else { named };
            operations.insert(line, operation.clone());
            let (account, other) = (id(&account), Some(other).filter(|it| it != "NULL").map(|it| id(&it)));
            rows.push(Row {
                seq: seq.parse().unwrap(),
                at: at.parse().unwrap(),
                kind,
                change: change.parse().unwrap(),
                counter: other.clone().filter(|_| moved == "1"),
                caused: other.filter(|_| moved == "0").unwrap_or_else(|| account.clone()),
                account,
                operation,
                units: Some(units_used).filter(|it| is_decimal(it)).map(|it| units(&it)),
            });
        }
        Self { rows }
    }
}

fn id(hex: &str) -> String {
    uuid::Uuid::parse_str(hex).unwrap().to_string()
}

// As src/store/sql/columns.rs numbers the kinds of line.
const PAYMENT: i64 = 3;
const BALANCE_TRANSFER: i64 = 4;
const CHARGE: i64 = 6;
const REVERSAL: i64 = 7;
const SETTLE: i64 = 10;
const EXPIRY: i64 = 12;
const CLOSE: i64 = 13;

/// Units are any text.
fn is_decimal(text: &str) -> bool {
    text.bytes().all(|it| it == b'.' || it.is_ascii_digit())
}

/// `12.5` as 1,250,000,000.
pub(super) fn units(text: &str) -> i128 {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 8, "{text}");
    sign * format!("{whole}{fraction:0<8}").parse::<i128>().unwrap()
}

/// Local time by what was decreed: from each of these instants on the clocks are this far ahead of UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) name: &'static str,
    /// Milliseconds since the epoch, and hours.
    changes: &'static [(i64, i64)],
}

pub(super) const UTC: Place = Place { name: "UTC", changes: &[(0, 0)] };

/// Summer from 2026-03-29T01:00Z to 2026-10-25T01:00Z.
pub(super) const ROME: Place =
    Place { name: "Europe/Rome", changes: &[(0, 1), (1_774_746_000_000, 2), (1_792_890_000_000, 1)] };

/// Summer to 2026-04-04T14:00Z, and again from 2026-09-26T14:00Z on.
pub(super) const AUCKLAND: Place =
    Place { name: "Pacific/Auckland", changes: &[(0, 13), (1_775_311_200_000, 12), (1_790_431_200_000, 13)] };

impl Place {
    /// The day there, as `2026-03-31`.
    pub(super) fn day(&self, at: i64) -> String {
        let hours = self.changes.iter().rfind(|it| it.0 <= at).unwrap().1;
        civil((at + hours * 3_600_000).div_euclid(86_400_000))
    }
}

/// The date of a day since the epoch, for the years that the tests play in.
fn civil(mut day: i64) -> String {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while day >= 365 + i64::from(is_leap(year)) {
        day -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

/// Day, account and operation.
type Group = (String, String, String);

/// What was charged, how often, given back, how often, and units.
pub(super) type Usage = BTreeMap<Group, [i128; 5]>;

impl Row {
    fn is_spending(&self) -> bool {
        [CHARGE, REVERSAL, SETTLE, EXPIRY].contains(&self.kind)
    }

    /// Adds it to the usage of these accounts.
    pub(super) fn add_to(&self, usage: &mut Usage, place: &Place, span: (i64, i64), accounts: &[String]) {
        if !self.is_spending() || self.at < span.0 || self.at >= span.1 || !accounts.contains(&self.caused) {
            return;
        }
        let group = (place.day(self.at), self.caused.clone(), self.operation.clone());
        let sums = usage.entry(group).or_default();
        if self.change < 0 {
            sums[0] -= self.change;
            sums[1] += 1;
            sums[4] += self.units.unwrap_or(0);
        } else {
            sums[2] += self.change;
            sums[3] += 1;
        }
    }

    /// Adds it to a statement: what moved whose balance, by the name of the line, and how often.
    pub(super) fn add_to_month(&self, months: &mut Months, place: &Place, month: &str) {
        let day = place.day(self.at);
        let is_before = &day[..7] < month;
        let is_after = &day[..7] > month;
        for (account, change) in [(Some(&self.account), self.change), (self.counter.as_ref(), -self.change)] {
            let Some(account) = account else { continue };
            let mut add = |account: &str, line: &str, change: i128, count: i128| {
                let sums = months.entry((account.to_owned(), line.to_owned())).or_default();
                sums.0 += change;
                sums.1 += count;
            };
            if is_before {
                add(account, "opening_balance", change, 0);
            }
            if !is_after {
                add(account, "closing_balance", change, 0);
            }
            if is_before || is_after {
                continue;
            }
            let line = match self.kind {
                PAYMENT if change > 0 => "payments_received".to_owned(),
                PAYMENT => "payments_paid_out".to_owned(),
                BALANCE_TRANSFER if change > 0 => "transfers_received".to_owned(),
                BALANCE_TRANSFER => "transfers_sent".to_owned(),
                CLOSE => "closed_accounts".to_owned(),
                _ if change < 0 => format!("charges {}", self.operation),
                _ => format!("reversals {}", self.operation),
            };
            add(account, &line, change, 1);
            if self.is_spending() && self.caused != *account {
                let (what, operation) = line.split_once(' ').unwrap();
                add(&self.caused, &format!("{what}_paid_by_primary {operation}"), change, 1);
            }
        }
    }
}

/// By account and line: the sum, and how many there were.
pub(super) type Months = BTreeMap<(String, String), (i128, i128)>;

/// What an answer says of usage by day, account and operation.
pub(super) fn usage_of(answer: &Value) -> Usage {
    assert!(answer["next"].is_null(), "not all on one page: {answer}");
    let groups = answer["groups"].as_array().unwrap().iter().map(|it| {
        let text = |member: &str| it[member].as_str().unwrap_or_default().to_owned();
        let sums = [
            units(&text("charged")),
            it["charges"].to_string().parse().unwrap(),
            units(&text("reversed")),
            it["reversals"].to_string().parse().unwrap(),
            it["units"].as_str().map_or(0, units),
        ];
        assert_eq!(units(&text("amount")), sums[0] - sums[2], "{it}");
        ((text("day"), text("account"), text("operation")), sums)
    });
    let usage: Usage = groups.collect();
    let total = &answer["total"];
    let sum = |nth: usize| usage.values().map(|it| it[nth]).sum::<i128>();
    for (member, nth) in [("charged", 0), ("reversed", 2)] {
        assert_eq!(units(total[member].as_str().unwrap()), sum(nth), "{member} of {answer}");
    }
    for (member, nth) in [("charges", 1), ("reversals", 3)] {
        assert_eq!(total[member].to_string(), sum(nth).to_string(), "{member} of {answer}");
    }
    usage
}

/// What a statement says as CSV. Each account's lines add up to its closing balance, and these to what is owed.
pub(super) fn months_of(csv: &str) -> Months {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let (mut months, mut rest) = (Months::new(), BTreeMap::<String, i128>::new());
    let mut owed = None;
    for record in reader.records().map(Result::unwrap) {
        let [account, line, operation, count] = [3, 6, 7, 8].map(|at| record[at].to_owned());
        let amount = units(&record[9]);
        let is_own = !line.ends_with("_paid_by_primary");
        match &*line {
            "owed" => {
                owed = Some(amount);
                continue;
            }
            "closing_balance" => *rest.entry(account.clone()).or_default() -= amount,
            _ if is_own => *rest.entry(account.clone()).or_default() += amount,
            _ => {}
        }
        let is_of_operation = line.starts_with("charges") || line.starts_with("reversals");
        let line = if is_of_operation { format!("{line} {operation}") } else { line };
        let count = if count.is_empty() { 0 } else { count.parse().unwrap() };
        assert_eq!(months.insert((account, line), (amount, count)), None, "twice: {csv}");
    }
    assert!(rest.values().all(|it| *it == 0), "opening and all the rest are not closing: {csv}");
    let closing = months.iter().filter(|(key, _)| key.1 == "closing_balance").map(|it| it.1.0).sum::<i128>();
    assert_eq!(owed.unwrap_or(0), (-closing).max(0), "{csv}");
    without_nothing(months)
}

/// Lines that say that there is nothing may be there or not.
pub(super) fn without_nothing(months: Months) -> Months {
    months.into_iter().filter(|(_, sums)| *sums != (0, 0)).collect()
}
