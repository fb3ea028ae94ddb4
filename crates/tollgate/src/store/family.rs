//! A family as people look at it: some of its accounts in the order that was asked for, and what all of them come to.

use ledger::{Account, AccountId, Alerts, ApiKey, BalanceMode, Standing, Status, Total};

use super::Snapshot;
use super::owned::{Listed, Slice, count};
use super::sql::{self, Column, Reader, Result, Row, values};

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyOrder {
    /// Whoever has the least available first, among those that have as much, whoever moved last. Those that share their
    /// primary's balance come behind. Among primaries those that are near their limit ([`is_near`]) come before the others.
    #[default]
    Nearest,
    /// By name.
    Name,
    /// The highest balance first.
    Balance,
    /// The latest opened first.
    Newest,
}

/// What a look at a family is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct FamilyFilter {
    /// Only those whose name contains this text, or that go by it.
    pub text: Option<String>,
    /// Only those in this state; all but the closed when `None`.
    pub status: Option<Status>,
    /// Only those that are near their limit: see [`is_near`].
    pub is_near: bool,
    /// In which order.
    pub order: FamilyOrder,
}

/// What accounts come to together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyTotals {
    /// How many are not closed.
    pub accounts: usize,
    /// How many of them are suspended.
    pub suspended: usize,
    /// How many of them are near their limit: see [`is_near`].
    pub near: usize,
    /// The sum of all balances.
    pub balance: Total,
    /// The sum of all credit limits.
    pub credit_limit: Total,
    /// The sum of all that is held.
    pub held: Total,
}

/// What all accounts of a currency come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyTotals {
    /// The currency: three capital letters.
    pub currency: String,
    /// The primary accounts.
    pub primaries: FamilyTotals,
    /// All their subaccounts.
    pub subaccounts: FamilyTotals,
}

/// Whether an own balance is near its limit: no more is available than what counts as nothing left, or less than what is
/// low; where nobody has said what that is, no more than a tenth of the credit limit.
pub fn is_near(standing: &Standing, alerts: &Alerts) -> bool {
    let available = standing.available();
    available <= alerts.depleted
        || alerts.low.map_or(available.units() <= standing.credit_limit.units() / 10, |low| available < low)
}

/// What is available, in SQL. Beyond what an integer holds, SQLite goes on with rounded numbers, which do for an order, and
/// PostgreSQL would go no further; no account that the rules let be is there when all is added up, but on the way it may.
const fn available(reader: Reader<'_>) -> &'static str {
    reader.either("balance + credit_limit - held", "CAST(balance AS numeric) + credit_limit - held")
}

/// [`is_near`] in SQL, for the accounts that have a balance of their own.
fn near(reader: Reader<'_>) -> String {
    let available = available(reader);
    format!(
        "(mode = 1 AND ({available} <= alert_depleted OR CASE WHEN alert_low IS NULL
         THEN {available} <= credit_limit / 10 ELSE {available} < alert_low END))"
    )
}

impl FamilyTotals {
    /// Those and others together.
    #[must_use]
    pub const fn plus(&self, others: &Self) -> Self {
        Self {
            accounts: self.accounts + others.accounts,
            suspended: self.suspended + others.suspended,
            near: self.near + others.near,
            balance: self.balance.plus(others.balance),
            credit_limit: self.credit_limit.plus(others.credit_limit),
            held: self.held.plus(others.held),
        }
    }

    /// What one account comes to.
    pub fn of(account: &Account) -> Self {
        let has_own = account.mode == BalanceMode::Own;
        Self {
            accounts: usize::from(account.status != Status::Closed),
            suspended: usize::from(account.status == Status::Suspended),
            near: usize::from(has_own && is_near(&account.standing, &account.alerts)),
            balance: account.standing.balance.into(),
            credit_limit: account.standing.credit_limit.into(),
            held: account.standing.held.into(),
        }
    }
}

impl Snapshot<'_> {
    /// A part of the subaccounts of a primary, or of all primaries, without their credentials.
    ///
    /// # Errors
    /// Of the store.
    pub fn family_page(
        &self,
        parent: Option<AccountId>,
        filter: &FamilyFilter,
        slice: Slice,
    ) -> Result<Listed<Account>> {
        let reader = self.reader();
        let (available, near) = (available(reader), near(reader));
        let order = match filter.order {
            // What is left in one currency says nothing beside another, and whether that is little does.
            FamilyOrder::Nearest if parent.is_none() => {
                &format!("{near} DESC, {available}, last_line DESC, number")
            }
            FamilyOrder::Nearest => &format!("mode, {available}, last_line DESC, number"),
            FamilyOrder::Name => reader.either("name COLLATE NOCASE, number", "lower(name), number"),
            FamilyOrder::Balance => "balance DESC, number",
            FamilyOrder::Newest => "number DESC",
        };
        let near = if filter.is_near { format!(" AND {near}") } else { String::new() };
        let below = if parent.is_some() { "parent = ?1" } else { "parent IS NULL AND ?1 IS NULL" };
        let named = reader.either(
            "instr(lower(name), lower(?4)) > 0 OR instr(auth_id, upper(?4)) > 0",
            r#"strpos(lower(name), lower(?4 COLLATE "C")) > 0 OR strpos(auth_id, upper(?4 COLLATE "C")) > 0"#,
        );
        let fits = format!(
            "FROM accounts WHERE {below} AND (?2 IS NULL AND status <> ?3 OR status = ?2)
             AND (?4 IS NULL OR {named} OR api_key = ?5){near}{}",
            self.within_reach("id")
        );
        let key = filter.text.as_deref().and_then(|it| it.parse::<ApiKey>().ok());
        let [limit, offset] = [slice.limit, slice.offset].map(|it| i64::try_from(it).unwrap_or(i64::MAX));
        let (parent, status) = (parent.map(Column), filter.status.map(Column));
        let (closed, key) = (Column(Status::Closed), key.map(Column));
        let rows = self.rows(
            &format!("SELECT * {fits} ORDER BY {order} LIMIT ?6 OFFSET ?7"),
            values![parent, status, closed, filter.text.as_deref(), key, limit, offset],
            sql::account,
        )?;
        let total = self.row(
            &format!("SELECT COUNT(*) AS count {fits}"),
            values![parent, status, closed, filter.text.as_deref(), key],
            count,
        )?;
        Ok(Listed { total: total.unwrap_or(0), rows })
    }

    /// What the subaccounts of a primary that are not closed come to.
    ///
    /// # Errors
    /// Of the store.
    pub fn family_totals(&self, primary: AccountId) -> Result<FamilyTotals> {
        let text = format!(
            "SELECT {} FROM accounts WHERE parent = ?1 AND status <> ?2{}",
            sums(self.reader()),
            self.within_reach("id")
        );
        let closed = Column(Status::Closed);
        Ok(self.row(&text, values![Column(primary), closed], totals)?.unwrap_or_default())
    }

    /// What all accounts that are not closed come to, by currency: the primaries, and their subaccounts.
    ///
    /// # Errors
    /// Of the store.
    pub fn totals_by_currency(&self) -> Result<Vec<CurrencyTotals>> {
        let by_currency = |whose: &str| {
            let text = format!(
                "SELECT currency, {} FROM accounts WHERE {whose} AND status <> ?1{} GROUP BY currency",
                sums(self.reader()),
                self.within_reach("id")
            );
            self.rows(&text, values![Column(Status::Closed)], |row| Ok((row.get("currency")?, totals(row)?)))
        };
        let mut all: Vec<CurrencyTotals> = Vec::new();
        for (currency, primaries) in by_currency("parent IS NULL")? {
            all.push(CurrencyTotals { currency, primaries, subaccounts: FamilyTotals::default() });
        }
        for (currency, subaccounts) in by_currency("parent IS NOT NULL")? {
            match all.iter_mut().find(|it| it.currency == currency) {
                Some(it) => it.subaccounts = subaccounts,
                // Whoever reads does not reach a primary of it.
                None => {
                    all.push(CurrencyTotals { currency, primaries: FamilyTotals::default(), subaccounts })
                }
            }
        }
        all.sort_unstable_by(|one, other| one.currency.cmp(&other.currency));
        Ok(all)
    }
}

/// What of some accounts [`totals`] reads. A sum of SQLite's ends where an integer does, so there is one of the upper 32 bits
/// of each amount and one of the lower ones: of 2 billion accounts neither ends.
fn sums(reader: Reader<'_>) -> String {
    let sum = |part: String, name: String| format!("CAST(COALESCE(SUM({part}), 0) AS bigint) AS {name}");
    let halves = |name| {
        let (upper, lower) = (format!("{name} >> 32"), format!("{name} & 4294967295"));
        format!("{}, {}", sum(upper, format!("{name}_upper")), sum(lower, format!("{name}_lower")))
    };
    let [balance, credit_limit, held] = ["balance", "credit_limit", "held"].map(halves);
    format!(
        "COUNT(*) AS accounts, COUNT(*) FILTER (WHERE status = 2) AS suspended,
         COUNT(*) FILTER (WHERE {}) AS near, {balance}, {credit_limit}, {held}",
        near(reader)
    )
}

fn totals(row: Row<'_>) -> Result<FamilyTotals> {
    Ok(FamilyTotals {
        accounts: number(row, "accounts")?,
        suspended: number(row, "suspended")?,
        near: number(row, "near")?,
        balance: sum(row, "balance_upper", "balance_lower")?,
        credit_limit: sum(row, "credit_limit_upper", "credit_limit_lower")?,
        held: sum(row, "held_upper", "held_lower")?,
    })
}

fn number(row: Row<'_>, name: &'static str) -> Result<usize> {
    Ok(usize::try_from(row.get::<i64>(name)?).unwrap_or(0))
}

fn sum(row: Row<'_>, upper: &'static str, lower: &'static str) -> Result<Total> {
    let half = |name| row.get::<i64>(name).map(i128::from);
    Ok(Total::from_units((half(upper)? << 32) + half(lower)?))
}
