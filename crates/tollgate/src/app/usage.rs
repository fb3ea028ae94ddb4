//! What was spent, and an account's month: sums of the journal, read from its roll-ups in one state of the store.

use std::collections::{BTreeMap, HashMap};

use ledger::usage::{QUARTER_MS, quarter};
use ledger::{Account, AccountId, Actor, BalanceMode, Move, Status, Timestamp, Total};

use super::read::visible;
use super::{App, Error};
use crate::calendar::{Day, Month, Zone};
use crate::store::{AccountFilter, UsagePart, UsageSpan, UsageSum, UsageWork};

/// Whether a time is one at which sums may begin or end: on a quarter of an hour.
pub const fn is_edge(at: Timestamp) -> bool {
    at.millis() % QUARTER_MS == 0
}

/// The next such time after this one.
pub const fn edge_after(at: Timestamp) -> Timestamp {
    Timestamp::from_millis((quarter(at) + 1).saturating_mul(QUARTER_MS))
}

/// What is asked about usage.
#[derive(Clone, Debug)]
pub struct UsageFilter {
    /// Whose.
    pub account: AccountId,
    /// Its subaccounts', too.
    pub children: bool,
    /// From this time on; see [`is_edge`].
    pub from: Timestamp,
    /// Up to this time, itself excluded; see [`is_edge`].
    pub to: Timestamp,
    /// Whose days.
    pub zone: Zone,
    /// What is told apart.
    pub by: UsageBy,
    /// Only the groups after this one.
    pub after: Option<UsageGroup>,
    /// How many groups at most.
    pub limit: usize,
}

/// By what usage is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageBy {
    /// By days of the time zone.
    pub day: bool,
    /// By what was charged for.
    pub operation: bool,
    /// By who caused it.
    pub account: bool,
}

/// One group: what its charges have in common. `None` where they are not told apart by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageGroup {
    /// The day.
    pub day: Option<Day>,
    /// The account, in the order in which they were opened.
    pub account: Option<AccountId>,
    /// The operation; `Some(None)` where none was named.
    pub operation: Option<Option<Box<str>>>,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often something was charged.
    pub charges: i64,
    /// How much.
    pub charged: Total,
    /// How often something of that was given back.
    pub reversals: i64,
    /// How much.
    pub reversed: Total,
    /// How many units were charged for, as far as the charges say it.
    pub units: Total,
    /// How many of the charges say it.
    pub measured: i64,
}

impl Spent {
    /// What was spent in the end.
    pub const fn amount(&self) -> Total {
        self.charged.minus(self.reversed)
    }

    /// Adds a part, unless it is none of a charge or reversal.
    fn add(&mut self, by: Move, sum: &UsageSum) {
        match by {
            Move::Charge => {
                self.charges += sum.lines;
                self.charged = self.charged.minus(sum.amount);
                self.units = self.units.plus(sum.units);
                self.measured += sum.measured;
            }
            Move::Reversal => {
                self.reversals += sum.lines;
                self.reversed = self.reversed.plus(sum.amount);
            }
            Move::PaidIn | Move::PaidOut | Move::TransferIn | Move::TransferOut | Move::Close => {}
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(mut self, other: &Self) -> Self {
        self.charges += other.charges;
        self.charged = self.charged.plus(other.charged);
        self.reversals += other.reversals;
        self.reversed = self.reversed.plus(other.reversed);
        self.units = self.units.plus(other.units);
        self.measured += other.measured;
        self
    }
}

/// Usage.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Whose.
    pub account: Account,
    /// Whether its subaccounts' is in it.
    pub includes_children: bool,
    /// The groups of this page, in the order of [`UsageGroup`].
    pub groups: Vec<(UsageGroup, Spent)>,
    /// Whether more follow.
    pub has_more: bool,
    /// All groups of all pages.
    pub total: Spent,
    /// How much was looked at for it.
    pub work: UsageWork,
}

/// What moved one balance in a month, and what it stood at before and after.
#[derive(Clone, Debug, Default)]
pub struct BalanceMonth {
    /// What it stood at when the month began.
    pub opening: Total,
    /// Payments received.
    pub paid_in: UsageSum,
    /// Paid out, as a negative sum.
    pub paid_out: UsageSum,
    /// Transfers received.
    pub transfers_in: UsageSum,
    /// Transfers sent, as a negative sum.
    pub transfers_out: UsageSum,
    /// Balance and debt of accounts that were closed.
    pub closes: UsageSum,
    /// What was charged to it, by operation.
    pub operations: BTreeMap<Option<Box<str>>, Spent>,
    /// What it stood at in the end.
    pub closing: Total,
}

impl BalanceMonth {
    /// All operations together.
    pub fn spent(&self) -> Spent {
        total(&self.operations)
    }

    fn add(&mut self, part: &UsagePart<'_>) {
        match part.by {
            Move::Charge | Move::Reversal => spend(&mut self.operations, part),
            Move::PaidIn => self.paid_in.add(&part.sum),
            Move::PaidOut => self.paid_out.add(&part.sum),
            Move::TransferIn => self.transfers_in.add(&part.sum),
            Move::TransferOut => self.transfers_out.add(&part.sum),
            Move::Close => self.closes.add(&part.sum),
        }
    }
}

fn total(operations: &BTreeMap<Option<Box<str>>, Spent>) -> Spent {
    operations.values().fold(Spent::default(), Spent::plus)
}

fn spend(operations: &mut BTreeMap<Option<Box<str>>, Spent>, part: &UsagePart<'_>) {
    operations.entry(part.operation.map(Into::into)).or_default().add(part.by, &part.sum);
}

/// An account's month.
#[derive(Clone, Debug)]
pub struct AccountMonth {
    /// The account, as it is now.
    pub account: Account,
    /// What became of its balance; `None` while it shares its primary's.
    pub balance: Option<BalanceMonth>,
    /// What its primary paid for it, by operation.
    pub paid_by_primary: BTreeMap<Option<Box<str>>, Spent>,
}

impl AccountMonth {
    /// All that its primary paid for it.
    pub fn spent_by_primary(&self) -> Spent {
        total(&self.paid_by_primary)
    }
}

/// A statement: an account's month, of a primary with those of its subaccounts.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which month.
    pub month: Month,
    /// Of which time zone.
    pub zone: Zone,
    /// When it began.
    pub from: Timestamp,
    /// When it ends, itself excluded.
    pub to: Timestamp,
    /// Up to when it is counted, where it is not over.
    pub until: Option<Timestamp>,
    /// The account that it is of.
    pub of: AccountMonth,
    /// The subaccounts that a primary had in that month, oldest first.
    pub subaccounts: Vec<AccountMonth>,
}

impl Statement {
    /// All balances in it together; `None` of an account that has none.
    pub fn family(&self) -> Option<FamilyMonth> {
        let balance = self.of.balance.as_ref()?;
        let others = self.subaccounts.iter().filter_map(|it| it.balance.as_ref());
        Some(others.fold(FamilyMonth::of(balance), |sum, it| sum.plus(&FamilyMonth::of(it))))
    }

    /// What is owed: what all these balances are below zero together. A primary owes it to the operator.
    pub fn owed(&self) -> Option<Total> {
        self.family().map(|it| it.closing.negated().max(Total::ZERO))
    }
}

/// What a family's balances came to together. Transfers and closes leave nothing here, because they stay in the family.
#[derive(Clone, Copy, Debug)]
pub struct FamilyMonth {
    /// When the month began.
    pub opening: Total,
    /// Payments received, less what was paid out.
    pub paid: Total,
    /// What was charged to them.
    pub spent: Spent,
    /// In the end.
    pub closing: Total,
}

impl FamilyMonth {
    fn of(balance: &BalanceMonth) -> Self {
        let BalanceMonth { opening, closing, .. } = *balance;
        let paid = balance.paid_in.amount.plus(balance.paid_out.amount);
        Self { opening, paid, spent: balance.spent(), closing }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            opening: self.opening.plus(other.opening),
            paid: self.paid.plus(other.paid),
            spent: self.spent.plus(&other.spent),
            closing: self.closing.plus(other.closing),
        }
    }
}

/// Which month of an account.
#[derive(Clone, Debug)]
pub struct StatementFilter {
    /// Whose.
    pub account: AccountId,
    /// Which month.
    pub month: Month,
    /// Of which time zone.
    pub zone: Zone,
    /// When it begins there; see [`is_edge`].
    pub from: Timestamp,
    /// When the next one begins there; see [`is_edge`].
    pub to: Timestamp,
}

impl App {
    /// What an account, or its whole family, has spent.
    ///
    /// # Errors
    /// [`Error`]; [`ledger::Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn usage(&self, by: Actor, filter: UsageFilter) -> Result<Usage, Error> {
        self.see(by, move |snapshot| {
            let account = match visible(snapshot, &by, filter.account)? {
                Ok(account) => account,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let all = filter.children && account.is_primary();
            let span = UsageSpan {
                family: account.primary(),
                account: (!all).then_some(account.id),
                from: quarter(filter.from),
                to: quarter(filter.to),
            };
            let mut groups: BTreeMap<UsageGroup, Spent> = BTreeMap::new();
            let mut days = Days { zone: filter.zone.clone(), last: None };
            let work = snapshot.usage(span, |part| {
                let is_spent = matches!(part.by, Move::Charge | Move::Reversal);
                if is_spent && snapshot.reaches(part.account) {
                    let group = group(filter.by, &mut days, part);
                    groups.entry(group).or_default().add(part.by, &part.sum);
                }
            })?;
            let total = groups.values().fold(Spent::default(), Spent::plus);
            let rest =
                groups.into_iter().filter(|(group, _)| filter.after.as_ref().is_none_or(|it| group > it));
            let mut groups: Vec<_> = rest.take(filter.limit.saturating_add(1)).collect();
            let has_more = groups.len() > filter.limit;
            groups.truncate(filter.limit);
            Ok(Ok(Usage { account, includes_children: all, groups, has_more, total, work }))
        })
        .await
    }

    /// The statement of an account's month.
    ///
    /// # Errors
    /// [`Error`]; [`ledger::Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn statement(&self, by: Actor, filter: StatementFilter) -> Result<Statement, Error> {
        let now = self.0.clock.now();
        self.see(by, move |snapshot| {
            let account = match visible(snapshot, &by, filter.account)? {
                Ok(account) => account,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let StatementFilter { month, zone, from, to, .. } = filter;
            let (first, end) = (quarter(from), quarter(to));
            let is_primary = account.is_primary();
            let span = UsageSpan {
                family: account.primary(),
                account: (!is_primary).then_some(account.id),
                from: first,
                // What a balance stood at follows from what it stands at now and from all that moved it since.
                to: i64::MAX,
            };
            let mut sides: HashMap<AccountId, Side> = HashMap::new();
            snapshot.usage(span, |part| add(&mut sides, part, part.quarter < end))?;
            let family = match is_primary {
                false => Vec::new(),
                true => {
                    let filter = AccountFilter { parent: Some(account.id), ..AccountFilter::default() };
                    snapshot.accounts(&filter, None, usize::MAX)?
                }
            };
            let of = sides.remove(&account.id).unwrap_or_default().month_of(account);
            let there = family.into_iter().filter_map(|it| {
                let side = sides.remove(&it.id);
                let is_there = side.as_ref().is_some_and(|it| it.is_moved) || was_there(&it, from, to);
                is_there.then(|| side.unwrap_or_default().month_of(it))
            });
            let subaccounts = there.collect();
            let until = (now < to).then_some(now);
            Ok(Ok(Statement { month, zone, from, to, until, of, subaccounts }))
        })
        .await
    }
}

/// Days of quarters, which come in their order, so that each is looked up once.
struct Days {
    zone: Zone,
    last: Option<(i64, Day)>,
}

impl Days {
    fn of(&mut self, quarter: i64) -> Day {
        match self.last {
            Some((last, day)) if last == quarter => day,
            Some(_) | None => {
                let day = self.zone.day(Timestamp::from_millis(quarter.saturating_mul(QUARTER_MS)));
                self.last = Some((quarter, day));
                day
            }
        }
    }
}

fn group(by: UsageBy, days: &mut Days, part: &UsagePart<'_>) -> UsageGroup {
    UsageGroup {
        day: by.day.then(|| days.of(part.quarter)),
        account: by.account.then_some(part.account),
        operation: by.operation.then(|| part.operation.map(Into::into)),
    }
}

/// What is known of one account while the parts come in.
#[derive(Default)]
struct Side {
    /// By how much its balance was moved since the month began.
    since: Total,
    /// Whether anything is of the month itself.
    is_moved: bool,
    balance: BalanceMonth,
    paid_by_primary: BTreeMap<Option<Box<str>>, Spent>,
}

fn add(sides: &mut HashMap<AccountId, Side>, part: &UsagePart<'_>, is_of_month: bool) {
    let payer = sides.entry(part.payer).or_default();
    payer.since = payer.since.plus(part.sum.amount);
    if !is_of_month {
        return;
    }
    payer.is_moved = true;
    payer.balance.add(part);
    if part.account != part.payer {
        let caused = sides.entry(part.account).or_default();
        caused.is_moved = true;
        spend(&mut caused.paid_by_primary, part);
    }
}

impl Side {
    fn month_of(self, account: Account) -> AccountMonth {
        let Self { since, mut balance, paid_by_primary, .. } = self;
        balance.opening = Total::from(account.standing.balance).minus(since);
        let moved =
            [balance.paid_in, balance.paid_out, balance.transfers_in, balance.transfers_out, balance.closes];
        let moved = moved.iter().fold(Total::ZERO, |sum, it| sum.plus(it.amount));
        balance.closing = balance.opening.plus(moved).minus(balance.spent().amount());
        let has_balance = account.mode == BalanceMode::Own;
        AccountMonth { account, balance: has_balance.then_some(balance), paid_by_primary }
    }
}

/// Whether an account was open at some time of the month.
fn was_there(account: &Account, from: Timestamp, to: Timestamp) -> bool {
    // A close is the last that changes an account.
    let closed_before = account.status == Status::Closed && account.changed_at.is_some_and(|it| it < from);
    account.created_at < to && !closed_before
}
