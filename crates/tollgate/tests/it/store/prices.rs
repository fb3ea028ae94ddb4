//! Random price plans and calls: few plans and few paths, so that a plan is put, assigned and gone by within one batch.

use std::sync::Arc;

use ledger::{AccountId, Action, Amount, Currency, OnExpiry, PriceRule, Pricing};

use super::commands::Commands;

/// How many plans there are, and how many paths.
const NAMES: u32 = 4;

impl Commands {
    pub(super) fn plan(&mut self) -> Action {
        let rules = (0..self.below(6)).map(|_| self.rule()).collect();
        Action::PutPlan {
            name: format!("plan-{}", self.below(NAMES)).into(),
            currency: if self.below(12) == 0 { "USD".parse().unwrap() } else { Currency::EUR },
            is_default: self.below(3) == 0,
            rules,
        }
    }

    fn rule(&mut self) -> PriceRule {
        let unit_price = Amount::from_units(i64::from(1 + self.below(12)));
        let pricing = match self.below(8) {
            0..=3 => Pricing::Charge { unit_price, units: 1 + self.below(3) },
            4 | 5 => Pricing::Hold {
                amount: unit_price,
                lasts_ms: 1 + i64::from(self.below(3_000)),
                on_expiry: if self.below(2) == 0 { OnExpiry::Release } else { OnExpiry::Capture },
            },
            6 => Pricing::Free,
            _ => Pricing::Deny,
        };
        let path = if self.below(3) == 0 { "/**".to_owned() } else { self.path() };
        let method = (self.below(2) == 0).then(|| "GET".into());
        PriceRule { method, path: path.parse().unwrap(), operation: self.operation().into(), pricing }
    }

    fn path(&mut self) -> String {
        format!("/{}", self.below(NAMES))
    }

    pub(super) fn assignment(&mut self, account: AccountId) -> Action {
        let plan = (self.below(2) == 0).then(|| format!("plan-{}", self.below(NAMES + 1)).into());
        assign(account, plan)
    }

    pub(super) fn call(&mut self, account: AccountId) -> Action {
        let method = if self.below(4) == 0 { "POST" } else { "GET" };
        let operation = (self.below(3) == 0).then(|| self.operation().into());
        let path = self.path().into();
        Action::Check { account, gate: None, method: method.into(), path, operation }
    }

    fn operation(&mut self) -> &'static str {
        if self.below(4) == 0 { "other" } else { "call" }
    }
}

pub(super) fn assign(account: AccountId, plan: Option<Arc<str>>) -> Action {
    Action::ChangeAccount {
        account,
        name: None,
        credit_limit: None,
        status: None,
        mode: None,
        settings: Vec::new(),
        plan: Some(plan),
        caps: None,
        alerts: None,
    }
}
