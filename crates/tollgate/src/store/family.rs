//! A family as people look at it: some of its accounts in the order that was asked for, and what all of them come to.

use ledger::{Account, AccountId, Alerts, ApiKey, BalanceMode, Standing, Status, Total};
use rusqlite::{Result, Row, params};

use super::Snapshot;
use super::owned::{Listed, Slice, count};
use super::sql::{self, Column};

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyOrder {
    /// Whoever has the least available first, among those that have as much, whoever moved last. Those that share their
    /// primary's balance come behind.
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

/// Whether an own balance is near its limit: no more is available than what counts as nothing left, or less than what is
/// low; where nobody has said what that is, no more than a tenth of the credit limit.
pub fn is_near(standing: &Standing, alerts: &Alerts) -> bool {
    let available = standing.available();
    available <= alerts.depleted
        || alerts.low.map_or(available.units() <= standing.credit_limit.units() / 10, |low| available < low)
}

impl FamilyTotals {
    fn add(&mut self, status: Status, is_near: bool, standing: &Standing) {
        self.accounts += 1;
        self.suspended += usize::from(status == Status::Suspended);
        self.near += usize::from(is_near);
        self.balance = self.balance.plus(standing.balance.into());
        self.credit_limit = self.credit_limit.plus(standing.credit_limit.into());
        self.held = self.held.plus(standing.held.into());
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
        let order = match filter.order {
            // Beyond what an integer holds, SQLite goes on with rounded numbers, which do for an order.
            FamilyOrder::Nearest => "mode, balance + credit_limit - held, last_line DESC, number",
            FamilyOrder::Name => "name COLLATE NOCASE, number",
            FamilyOrder::Balance => "balance DESC, number",
            FamilyOrder::Newest => "number DESC",
        };
        let fits = format!(
            "FROM accounts WHERE parent IS ?1 AND (?2 IS NULL AND status <> ?3 OR status = ?2)
             AND (?4 IS NULL OR instr(lower(name), lower(?4)) > 0 OR instr(auth_id, upper(?4)) > 0 OR api_key = ?5){}",
            self.within_reach("id")
        );
        let key = filter.text.as_deref().and_then(|it| it.parse::<ApiKey>().ok());
        let [limit, offset] = [slice.limit, slice.offset].map(|it| i64::try_from(it).unwrap_or(i64::MAX));
        let (parent, status) = (parent.map(Column), filter.status.map(Column));
        let (closed, key) = (Column(Status::Closed), key.map(Column));
        let rows = self.rows(
            &format!("SELECT * {fits} ORDER BY {order} LIMIT ?6 OFFSET ?7"),
            params![parent, status, closed, filter.text, key, limit, offset],
            sql::account,
        )?;
        let total = self.row(
            &format!("SELECT COUNT(*) AS count {fits}"),
            params![parent, status, closed, filter.text, key],
            count,
        )?;
        Ok(Listed { total: total.unwrap_or(0), rows })
    }

    /// What the subaccounts of a primary that are not closed come to.
    ///
    /// # Errors
    /// Of the store.
    pub fn family_totals(&self, primary: AccountId) -> Result<FamilyTotals> {
        let mut totals = FamilyTotals::default();
        let text = format!(
            "SELECT {SUMMED} FROM accounts WHERE parent = ?1 AND status <> ?2{}",
            self.within_reach("id")
        );
        self.rows(&text, params![Column(primary), Column(Status::Closed)], |row| add(row, &mut totals))?;
        Ok(totals)
    }

    /// What all primaries that are not closed come to, by currency.
    ///
    /// # Errors
    /// Of the store.
    pub fn primary_totals(&self) -> Result<Vec<(String, FamilyTotals)>> {
        let mut all: Vec<(String, FamilyTotals)> = Vec::new();
        let text = format!(
            "SELECT currency, {SUMMED} FROM accounts
             WHERE parent IS NULL AND status <> ?1{}",
            self.within_reach("id")
        );
        self.rows(&text, params![Column(Status::Closed)], |row| {
            let currency = row.get_ref("currency")?.as_str()?;
            let at = match all.iter().position(|it| it.0 == currency) {
                Some(at) => at,
                None => {
                    all.push((currency.to_owned(), FamilyTotals::default()));
                    all.len() - 1
                }
            };
            all.get_mut(at).map_or(Ok(()), |it| add(row, &mut it.1))
        })?;
        all.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(all)
    }
}

/// What of an account goes into totals.
const SUMMED: &str = "mode, status, balance, credit_limit, held, alert_low, alert_depleted";

/// In Rust, because a sum of SQLite's ends where an integer does.
fn add(row: &Row<'_>, totals: &mut FamilyTotals) -> Result<()> {
    let standing = Standing {
        balance: sql::get(row, "balance")?,
        credit_limit: sql::get(row, "credit_limit")?,
        held: sql::get(row, "held")?,
    };
    let alerts = Alerts {
        low: sql::get_opt(row, "alert_low")?,
        depleted: sql::get(row, "alert_depleted")?,
        recovered: None,
    };
    let has_own = sql::get::<BalanceMode>(row, "mode")? == BalanceMode::Own;
    totals.add(sql::get(row, "status")?, has_own && is_near(&standing, &alerts), &standing);
    Ok(())
}
