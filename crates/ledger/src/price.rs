//! Price plans: from the method and path of a call to what it costs.

use std::sync::Arc;

use crate::account::Currency;
use crate::hold::{LASTS_MAX_MS, OnExpiry};
use crate::money::Amount;
use crate::path::{self, PathPattern};
use crate::refusal::{Refusal, TextField};
use crate::text;
use crate::time::Timestamp;

/// The most rules of a plan; the first that fits counts, so a call may look at all of them.
pub const RULES_MAX: usize = 1_000;
/// The most units of a rule.
pub const UNITS_MAX: u32 = 1_000_000;

/// What calls cost, under a name. Each change of it is another version; a posting says which one it went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePlan {
    /// Its name: 1 to 64 lower-case letters, digits, `.`, `-` and `_`.
    pub name: Arc<str>,
    /// From 1 on.
    pub version: u32,
    /// The currency of all its prices, and of every family that goes by it; never changes.
    pub currency: Currency,
    /// Families of its currency that are assigned none go by it; at most one for each currency.
    pub is_default: bool,
    /// The first that fits a call counts.
    pub rules: Arc<[PriceRule]>,
    /// When this version was made.
    pub made_at: Timestamp,
}

/// What calls of a method and a path cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRule {
    /// Such as `POST`; any when `None`.
    pub method: Option<Arc<str>>,
    /// The paths.
    pub path: PathPattern,
    /// What is charged for, such as `sms.send`.
    pub operation: Arc<str>,
    /// How.
    pub pricing: Pricing,
}

/// What becomes of a call that a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// It costs nothing; whoever makes it must still be somebody who may call.
    Free,
    /// It is not allowed.
    Deny,
    /// It costs a price that is known before.
    Charge {
        /// For one unit; more than zero.
        unit_price: Amount,
        /// How many units a call is.
        units: u32,
    },
    /// It costs what it turns out to have cost; until then an amount is held.
    Hold {
        /// How much.
        amount: Amount,
        /// For how many milliseconds; at most 24 hours.
        lasts_ms: i64,
        /// What happens then.
        on_expiry: OnExpiry,
    },
}

impl PricePlan {
    /// The first rule that fits, and its number from 1 on.
    fn rule(&self, method: &str, path: &str, operation: Option<&str>) -> Option<(usize, &PriceRule)> {
        let fits = |it: &&PriceRule| {
            it.method.as_deref().is_none_or(|it| it == method)
                && operation.is_none_or(|named| it.is_about(named))
                && it.path.fits(path)
        };
        (1..).zip(self.rules.iter()).find(|(_, it)| fits(it))
    }

    /// What a call comes to: the rule, which may be one that denies it, its number, and what it takes or holds. Where the
    /// `operation` is named, only rules for it are looked at, and those that deny.
    ///
    /// # Errors
    /// [`Refusal::PathNotNormal`], [`Refusal::NoPrice`].
    pub fn quote(&self, method: &str, path: &str, operation: Option<&str>) -> Result<Quote<'_>, Refusal> {
        if !path::is_normal(path) {
            return Err(Refusal::PathNotNormal);
        }
        // Some servers take `post` for `POST`, and no rule is for it, whatever its method.
        if !text::is_method(method) {
            return Err(Refusal::NoPrice);
        }
        let (number, rule) = self.rule(method, path, operation).ok_or(Refusal::NoPrice)?;
        let amount = rule.pricing.amount().ok_or(Refusal::SumOutOfRange)?;
        Ok(Quote { number, rule, amount })
    }

    /// What a posting says of the price that it went by.
    pub fn tag(&self, rule: usize) -> Arc<str> {
        format!("{}/{}/{rule}", self.name, self.version).into()
    }
}

impl PriceRule {
    /// Whether it has a say where this operation is named. One that denies always has: what is closed stays closed, whatever
    /// a gate calls it.
    fn is_about(&self, operation: &str) -> bool {
        *self.operation == *operation || self.pricing == Pricing::Deny
    }
}

/// What a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// The number of the rule, from 1 on.
    pub number: usize,
    /// The rule.
    pub rule: &'a PriceRule,
    /// What it takes or holds.
    pub amount: Amount,
}

/// Whether these may be the rules of a plan.
///
/// # Errors
/// What is wrong with the first that may not.
pub fn check_rules(rules: &[PriceRule]) -> Result<(), Refusal> {
    if rules.len() > RULES_MAX {
        return Err(Refusal::RulesMax(RULES_MAX));
    }
    rules.iter().try_for_each(check_rule)
}

/// Whether this may be a rule of a plan.
///
/// # Errors
/// What is wrong with it.
pub fn check_rule(rule: &PriceRule) -> Result<(), Refusal> {
    if !text::is_operation(&rule.operation) {
        return Err(Refusal::InvalidText(TextField::Operation));
    }
    if rule.method.as_deref().is_some_and(|it| !text::is_method(it)) {
        return Err(Refusal::InvalidText(TextField::Method));
    }
    match rule.pricing {
        Pricing::Free | Pricing::Deny => Ok(()),
        Pricing::Charge { units, .. } if units == 0 || units > UNITS_MAX => Err(Refusal::AmountOutOfRange),
        Pricing::Hold { lasts_ms, .. } if !(1..=LASTS_MAX_MS).contains(&lasts_ms) => {
            Err(Refusal::ExpiryOutOfRange)
        }
        Pricing::Charge { .. } | Pricing::Hold { .. } => {
            rule.pricing.amount().map(drop).ok_or(Refusal::AmountOutOfRange)
        }
    }
}

impl Pricing {
    /// What a call takes or holds; `None` where that does not fit an [`Amount`] or may not be moved.
    pub fn amount(&self) -> Option<Amount> {
        let amount = match self {
            Self::Free | Self::Deny => return Some(Amount::ZERO),
            Self::Charge { unit_price, units } => {
                // Exact: 64 bits times 32 fit 128.
                let exact = i128::from(unit_price.units()) * i128::from(*units);
                Amount::from_units(i64::try_from(exact).ok()?)
            }
            Self::Hold { amount, .. } => *amount,
        };
        amount.is_movable().then_some(amount)
    }
}
