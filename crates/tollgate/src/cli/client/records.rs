//! What of the API's answers is read here. What they mean, the OpenAPI document says.

use serde::Deserialize;

use super::pages::Page;
use super::table::amounts;
use super::text::visible;

/// An account.
#[derive(Clone, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) api_key: String,
    pub(super) auth_id: String,
    pub(super) parent: Option<String>,
    pub(super) name: String,
    pub(super) currency: String,
    pub(super) balance_mode: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
    pub(super) status: String,
    pub(super) created_at: String,
    pub(super) changed_at: Option<String>,
    pub(super) price_plan: Option<String>,
    pub(super) caps: Option<Caps>,
    pub(super) secret: Option<String>,
    pub(super) auth_token: Option<String>,
}

/// What an account stands at, or stood at after a line; each is null where the caller may not see it.
#[derive(Clone, Deserialize)]
pub(super) struct Figures {
    pub(super) balance: Option<String>,
    pub(super) credit_limit: Option<String>,
    pub(super) held: Option<String>,
    pub(super) available: Option<String>,
}

impl Figures {
    /// They by their names, below each other, with the currency.
    pub(super) fn facts(&self, currency: &str) -> [(&'static str, String); 4] {
        let Self { balance, credit_limit, held, available } = self;
        let standing = [balance, credit_limit, held, available].map(Option::as_deref);
        let mut shown = amounts(&standing, currency).into_iter();
        ["balance", "credit limit", "held", "available"].map(|it| (it, shown.next().unwrap_or_default()))
    }
}

#[derive(Clone, Deserialize)]
pub(super) struct Caps {
    pub(super) day: Option<Cap>,
    pub(super) month: Option<Cap>,
    pub(super) held: String,
    pub(super) time_zone: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct Cap {
    pub(super) cap: String,
    pub(super) spent: String,
    pub(super) resets_at: String,
}

impl Account {
    /// What it is called, and the name that it goes by.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", visible(&self.name), visible(&self.api_key))
    }

    /// Whether it is a primary account, or a subaccount with an own or a shared balance.
    pub(super) fn kind(&self) -> &str {
        if self.parent.is_none() { "primary" } else { &self.balance_mode }
    }

    pub(super) const fn is_primary(&self) -> bool {
        self.parent.is_none()
    }
}

#[derive(Deserialize)]
pub(super) struct AccountsPage {
    pub(super) accounts: Vec<Account>,
    next: Option<String>,
}

impl Page for AccountsPage {
    const ENTRIES: &'static str = "accounts";

    fn len(&self) -> usize {
        self.accounts.len()
    }

    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// A payment.
#[derive(Deserialize)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) amount: String,
    #[serde(flatten)]
    pub(super) after: Figures,
}

/// A transfer.
#[derive(Deserialize)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) amount: String,
    pub(super) from_after: Figures,
    pub(super) to_after: Figures,
}

/// What a close did, or would do.
#[derive(Deserialize)]
pub(super) struct Close {
    pub(super) heir: Option<String>,
    pub(super) balance_swept: String,
    pub(super) credit_limit_swept: String,
    pub(super) holds: HoldsReleased,
    pub(super) numbers: Belongings,
    pub(super) applications: Belongings,
    pub(super) endpoints: Belongings,
}

#[derive(Deserialize)]
pub(super) struct HoldsReleased {
    pub(super) count: u32,
    pub(super) amount: String,
}

#[derive(Deserialize)]
pub(super) struct Belongings {
    pub(super) count: u32,
    pub(super) go_to: String,
}

/// A posting.
#[derive(Deserialize)]
pub(super) struct Posting {
    pub(super) kind: String,
    pub(super) created_at: String,
    pub(super) counterparty: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) balance_change: String,
    pub(super) credit_change: String,
    pub(super) held_change: String,
    #[serde(flatten)]
    pub(super) after: Figures,
    pub(super) operation: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) forced: bool,
    pub(super) late: bool,
}

#[derive(Deserialize)]
pub(super) struct PostingsPage {
    pub(super) postings: Vec<Posting>,
    next: Option<String>,
}

impl Page for PostingsPage {
    const ENTRIES: &'static str = "postings";

    fn len(&self) -> usize {
        self.postings.len()
    }

    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// What was spent: of a group, with what tells it apart; or of all, perhaps by operation.
// No flattened parts: numbers that keep their digits do not read back through one.
#[derive(Deserialize)]
pub(super) struct Spent {
    pub(super) day: Option<String>,
    pub(super) account: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) charges: i64,
    pub(super) charged: String,
    pub(super) reversals: i64,
    pub(super) reversed: String,
    pub(super) amount: String,
    pub(super) units: Option<String>,
    pub(super) operations: Option<Vec<Spent>>,
}

#[derive(Deserialize)]
pub(super) struct UsagePage {
    pub(super) currency: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) until: Option<String>,
    pub(super) time_zone: String,
    pub(super) groups: Vec<Spent>,
    pub(super) total: Spent,
    next: Option<String>,
}

impl Page for UsagePage {
    const ENTRIES: &'static str = "groups";

    fn len(&self) -> usize {
        self.groups.len()
    }

    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// The credentials of an account.
#[derive(Deserialize)]
pub(super) struct Credentials {
    pub(super) credentials: Vec<Credential>,
}

/// A credential; one that was just made with its text.
#[derive(Deserialize)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) created_at: String,
    pub(super) last_used_at: Option<String>,
    pub(super) expires_at: Option<String>,
    pub(super) limits: Option<CredentialLimits>,
    pub(super) secret: Option<String>,
    pub(super) auth_token: Option<String>,
}

/// What a credential may do at most.
#[derive(Deserialize)]
pub(super) struct CredentialLimits {
    pub(super) read_only: bool,
    pub(super) amount_max: Option<String>,
    pub(super) accounts: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct PlansPage {
    pub(super) price_plans: Vec<Plan>,
    next: Option<String>,
}

impl Page for PlansPage {
    const ENTRIES: &'static str = "price plans";

    fn len(&self) -> usize {
        self.price_plans.len()
    }

    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// A price plan.
#[derive(Deserialize)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) currency: String,
    pub(super) default: bool,
    pub(super) made_at: String,
    pub(super) rules: Vec<Rule>,
}

#[derive(Deserialize)]
pub(super) struct Rule {
    pub(super) rule: u64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) operation: String,
    pub(super) mode: String,
    pub(super) unit_price: Option<String>,
    pub(super) units: Option<u32>,
    pub(super) reserve: Option<String>,
    pub(super) expires_in: Option<i64>,
    pub(super) on_expiry: Option<String>,
}

/// What some calls would come to.
#[derive(Deserialize)]
pub(super) struct Tried {
    pub(super) answers: Vec<TriedCall>,
}

#[derive(Deserialize)]
pub(super) struct TriedCall {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) outcome: String,
    pub(super) rule: Option<u64>,
    pub(super) operation: Option<String>,
    pub(super) amount: Option<String>,
}

/// An account's month.
#[derive(Deserialize)]
pub(super) struct Statement {
    pub(super) api_key: String,
    pub(super) name: String,
    pub(super) currency: String,
    pub(super) month: String,
    pub(super) time_zone: String,
    pub(super) until: Option<String>,
    pub(super) balance: Option<BalanceMonth>,
    pub(super) paid_by_primary: Spent,
    pub(super) subaccounts: Option<Vec<SubaccountMonth>>,
    pub(super) owed: Option<String>,
}

/// A subaccount's part of its primary's statement.
#[derive(Deserialize)]
pub(super) struct SubaccountMonth {
    pub(super) api_key: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) balance: Option<BalanceMonth>,
    pub(super) paid_by_primary: Spent,
}

/// What became of a balance.
#[derive(Deserialize)]
pub(super) struct BalanceMonth {
    pub(super) opening_balance: String,
    pub(super) payments: Payments,
    pub(super) transfers: Transfers,
    pub(super) closed_accounts: Sum,
    pub(super) charges: Spent,
    pub(super) operations: Option<Vec<Spent>>,
    pub(super) closing_balance: String,
}

#[derive(Deserialize)]
pub(super) struct Payments {
    pub(super) received: Sum,
    pub(super) paid_out: Sum,
}

#[derive(Deserialize)]
pub(super) struct Transfers {
    pub(super) received: Sum,
    pub(super) sent: Sum,
}

/// Several, added up.
#[derive(Deserialize)]
pub(super) struct Sum {
    pub(super) count: i64,
    pub(super) amount: String,
}
