//! Accounts as the answers show them.

use ledger::{Account, AccountId, Alerts, Amount, ApiKey, BalanceMode, Level, Status};
use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::{Cursor, MODES, STATUSES};
use super::caps::CapsRecord;
use super::schema::words;
use super::{Text, Time};
use crate::app::AccountView;

type Figure = Option<Text<Amount>>;

/// An account.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct AccountRecord<'a> {
    /// Its id.
    id: Text<AccountId>,
    /// Its name in the Vonage dialect.
    api_key: Text<ApiKey>,
    /// Its name in the Plivo dialect: `MA` (a primary account) or `SA`, and 18 capitals and digits.
    #[schemars(regex(pattern = "^[MS]A[A-Z0-9]{18}$"))]
    auth_id: &'a str,
    /// Its primary account; null for a primary account itself.
    parent: Option<Text<AccountId>>,
    /// What it is called.
    name: &'a str,
    /// The currency of its family.
    currency: &'a str,
    /// Whether it has a balance of its own, or its charges fall on its primary's.
    #[schemars(extend("enum" = words(&MODES)))]
    balance_mode: &'static str,
    /// What is there; negative for what is owed. Null, as are the next two, for an account that shares its primary's balance.
    balance: Figure,
    /// How far below zero its balance may go.
    credit_limit: Figure,
    /// What its open holds hold.
    held: Figure,
    /// `balance` and `credit_limit` less `held`: what its charges are checked against; null for who may not see the payer, and for a closed account.
    available: Figure,
    /// Its own state. A subaccount of a suspended account can do no more than that one, whatever stands here.
    #[schemars(extend("enum" = words(&STATUSES)))]
    status: &'static str,
    /// When it was opened.
    created_at: Text<Time>,
    /// When it was last changed; null until it is.
    changed_at: Option<Text<Time>>,
    /// The plan that a primary is assigned; null for the default of its currency, and for a subaccount, which goes by its
    /// primary's.
    price_plan: Option<&'a str>,
    /// How much it may spend in a day and a month, and has; null for an account without caps.
    caps: Option<CapsRecord<'a>>,
    /// At how much that is available it is told of as an event; absent unless that was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<AlertsRecord>,
    /// Its first api secret. Shown once: in the answer to what opened it, and in that answer's repeats under its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    /// Its first auth token, as `secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
}

impl<'a> AccountRecord<'a> {
    pub(in super::super) fn new(view: &'a AccountView) -> Self {
        Self::of(&view.account, view.available)
    }

    /// With what its payer has available.
    pub(super) fn of(account: &'a Account, available: Option<Amount>) -> Self {
        let own = match account.mode {
            BalanceMode::Own => Some(account.standing),
            BalanceMode::Shared => None,
        };
        Self {
            id: Text(account.id),
            api_key: Text(account.api_key),
            auth_id: account.auth_id.as_str(),
            parent: account.parent.map(Text),
            name: &account.name,
            currency: account.currency.as_str(),
            balance_mode: mode(account),
            balance: own.map(|it| Text(it.balance)),
            credit_limit: own.map(|it| Text(it.credit_limit)),
            held: own.map(|it| Text(it.held)),
            available: available.map(Text),
            status: status(account),
            created_at: Text(Time(account.created_at)),
            changed_at: account.changed_at.map(|it| Text(Time(it))),
            price_plan: account.plan.as_deref(),
            caps: account.caps.as_deref().map(CapsRecord::new),
            alerts: AlertsRecord::new(account),
            secret: None,
            auth_token: None,
        }
    }

    /// With the credentials that are shown once.
    pub(in super::super) fn showing(self, secret: &'a str, auth_token: &'a str) -> Self {
        Self { secret: Some(secret), auth_token: Some(auth_token), ..self }
    }
}

/// At how much that is available an account is told of, and which of these thresholds it has crossed last.
#[derive(Serialize, JsonSchema)]
struct AlertsRecord {
    /// Less than this is low; null for nothing.
    low: Figure,
    /// This or less is nothing left.
    depleted: Text<Amount>,
    /// This or more is enough again; null for `low` or, without that, anything more than `depleted`.
    recovered: Figure,
    /// `fine`, until it is `low` or `depleted`, and again once it has recovered.
    #[schemars(extend("enum" = ["fine", "low", "depleted"]))]
    level: &'static str,
}

impl AlertsRecord {
    fn new(account: &Account) -> Option<Self> {
        let Alerts { low, depleted, recovered } = account.alerts;
        (account.alerts != Alerts::default()).then(|| Self {
            low: low.map(Text),
            depleted: Text(depleted),
            recovered: recovered.map(Text),
            level: match account.level {
                Level::Fine => "fine",
                Level::Low => "low",
                Level::Depleted => "depleted",
            },
        })
    }
}

pub(super) const fn mode(account: &Account) -> &'static str {
    match account.mode {
        BalanceMode::Own => "own",
        BalanceMode::Shared => "shared",
    }
}

pub(super) const fn status(account: &Account) -> &'static str {
    match account.status {
        Status::Active => "active",
        Status::Suspended => "suspended",
        Status::Closed => "closed",
    }
}

/// A page of accounts, in the order in which they were opened.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct AccountsPage<'a> {
    /// The accounts, oldest first.
    accounts: Vec<AccountRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<Text<Cursor>>,
}

impl<'a> AccountsPage<'a> {
    /// Of one view more than the page has, if there is one.
    pub(in super::super) fn new(views: &'a [AccountView], limit: usize) -> Self {
        let page = views.get(..limit).unwrap_or(views);
        let last = page.last().filter(|_| views.len() > limit);
        Self {
            accounts: page.iter().map(AccountRecord::new).collect(),
            next: last.map(|it| Text(Cursor(*it.account.id.as_bytes()))),
        }
    }
}
