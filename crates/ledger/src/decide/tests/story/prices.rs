//! Reading price plans and calls.

use super::Story;
use crate::command::{Action, Actor};
use crate::decide::tests::words::Words;
use crate::hold::OnExpiry;
use crate::price::{PriceRule, Pricing};

impl Story {
    /// `price standard EUR default POST /v1/sms sms.send 0.05x2 * /** rest deny`: four words for each rule. `times 250`
    /// has all of them 250 times.
    pub(super) fn price(&self, words: &mut Words<'_>) -> Action {
        let name = Words::text(words.next()).into();
        let currency = words.parsed();
        let is_default = words.flag("default");
        let times = words.value("times").map_or(1, |it| words.read(it));
        let mut rules = Vec::new();
        while !words.is_empty() {
            rules.push(rule(words));
        }
        Action::PutPlan { name, currency, is_default, rules: vec![rules; times].concat().into() }
    }

    /// `check POST /v1/sms`, or `… of s`, or `… named sms.send`, `… through proxy`; the account that calls is the one that asks when nothing is
    /// said.
    pub(super) fn check_call(&self, words: &mut Words<'_>, by: Actor) -> Action {
        let of = words.value("of").map(|it| self.account_named(words, it)).or(by.account());
        let operation = words.value("named").map(|it| Words::text(it).into());
        let gate = words.value("through").map(|it| self.token_named(words, it));
        Action::Check {
            gate,
            account: of.unwrap_or_else(|| words.fail("whose call? say `of s`")),
            method: words.next().into(),
            path: Words::text(words.next()).into(),
            operation,
        }
    }
}

fn rule(words: &mut Words<'_>) -> PriceRule {
    let method = Words::text(words.next());
    PriceRule {
        method: (method != "*").then(|| method.into()),
        path: words.parsed(),
        operation: Words::text(words.next()).into(),
        pricing: pricing(words),
    }
}

/// `free`, `deny`, `0.05`, `0.05x2`, `hold=5`, `hold=5/10s`, `hold=5/10s/capture`.
fn pricing(words: &mut Words<'_>) -> Pricing {
    let word = words.next();
    if let Some(hold) = word.strip_prefix("hold=") {
        let mut parts = hold.split('/');
        return Pricing::Hold {
            amount: words.amount_of(parts.next().unwrap_or_default()),
            lasts_ms: parts.next().map_or(3_600_000, |it| words.millis_of(it)),
            on_expiry: if parts.next().is_some() { OnExpiry::Capture } else { OnExpiry::Release },
        };
    }
    match word {
        "free" => Pricing::Free,
        "deny" => Pricing::Deny,
        price => {
            let (unit_price, units) = price.split_once('x').unwrap_or((price, "1"));
            Pricing::Charge { unit_price: words.amount_of(unit_price), units: words.read(units) }
        }
    }
}
