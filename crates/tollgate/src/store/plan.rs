//! Price plans: their rows, and their rules as JSON.

use std::sync::Arc;

use ledger::{Amount, Currency, OnExpiry, PricePlan, PriceRule, Pricing, Timestamp};
use serde::{Deserialize, Serialize};

use super::Snapshot;
use super::sql::{self, Fault, Reader, Result, Row, values};

#[derive(Serialize, Deserialize)]
pub(super) struct PlanJson {
    name: String,
    version: u32,
    currency: String,
    is_default: bool,
    rules: Vec<RuleJson>,
    made_at: i64,
}

#[derive(Serialize, Deserialize)]
struct RuleJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    path: String,
    operation: String,
    pricing: PricingJson,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PricingJson {
    Free,
    Deny,
    Charge { unit_price: i64, units: u32 },
    Hold { amount: i64, lasts_ms: i64, capture: bool },
}

pub(super) fn to_json(plan: &PricePlan) -> PlanJson {
    PlanJson {
        name: plan.name.to_string(),
        version: plan.version,
        currency: plan.currency.to_string(),
        is_default: plan.is_default,
        rules: plan.rules.iter().map(rule_json).collect(),
        made_at: plan.made_at.millis(),
    }
}

pub(super) fn from_json(json: &PlanJson) -> Option<PricePlan> {
    Some(PricePlan {
        name: json.name.as_str().into(),
        version: json.version,
        currency: json.currency.parse::<Currency>().ok()?,
        is_default: json.is_default,
        rules: json.rules.iter().map(rule).collect::<Option<_>>()?,
        made_at: Timestamp::from_millis(json.made_at),
    })
}

fn rule_json(rule: &PriceRule) -> RuleJson {
    RuleJson {
        method: rule.method.as_deref().map(str::to_owned),
        path: rule.path.to_string(),
        operation: rule.operation.to_string(),
        pricing: match rule.pricing {
            Pricing::Free => PricingJson::Free,
            Pricing::Deny => PricingJson::Deny,
            Pricing::Charge { unit_price, units } => {
                PricingJson::Charge { unit_price: unit_price.units(), units }
            }
            Pricing::Hold { amount, lasts_ms, on_expiry } => PricingJson::Hold {
                amount: amount.units(),
                lasts_ms,
                capture: on_expiry == OnExpiry::Capture,
            },
        },
    }
}

fn rule(json: &RuleJson) -> Option<PriceRule> {
    Some(PriceRule {
        method: json.method.as_deref().map(Into::into),
        path: json.path.parse().ok()?,
        operation: json.operation.as_str().into(),
        pricing: match json.pricing {
            PricingJson::Free => Pricing::Free,
            PricingJson::Deny => Pricing::Deny,
            PricingJson::Charge { unit_price, units } => {
                Pricing::Charge { unit_price: Amount::from_units(unit_price), units }
            }
            PricingJson::Hold { amount, lasts_ms, capture } => Pricing::Hold {
                amount: Amount::from_units(amount),
                lasts_ms,
                on_expiry: if capture { OnExpiry::Capture } else { OnExpiry::Release },
            },
        },
    })
}

pub(super) fn plan(row: Row<'_>) -> Result<PricePlan> {
    let rules: Vec<RuleJson> =
        serde_json::from_str(row.get::<&str>("rules")?).map_err(|_| Fault::Misread("rules"))?;
    let rules: Option<Arc<[PriceRule]>> = rules.iter().map(rule).collect();
    Ok(PricePlan {
        name: row.get("name")?,
        version: row.get("version")?,
        currency: sql::parsed(row, "currency")?,
        is_default: row.get("is_default")?,
        rules: rules.ok_or(Fault::Misread("rules"))?,
        made_at: sql::get(row, "made_at")?,
    })
}

/// The rules of a plan, as the column `rules` holds them.
pub(super) fn rules_text(plan: &PricePlan) -> String {
    let rules: Vec<_> = plan.rules.iter().map(rule_json).collect();
    // Texts and integers alone always have a JSON text.
    serde_json::to_string(&rules).unwrap_or_default()
}

/// The newest version of each plan, in order of their names.
pub(super) fn newest(reader: Reader<'_>) -> Result<Vec<PricePlan>> {
    let text = "SELECT * FROM price_plans AS it
        WHERE version = (SELECT MAX(version) FROM price_plans WHERE name = it.name) ORDER BY name";
    reader.rows(text, values![], plan)
}

/// Which price plans, by their newest versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanFilter {
    /// Those of this currency.
    pub currency: Option<Currency>,
    /// Those that are, or are not, the default of their currency.
    pub is_default: Option<bool>,
}

impl Snapshot<'_> {
    /// The newest version of each plan, in order of their names.
    ///
    /// # Errors
    /// Of the store.
    pub fn price_plans(&self) -> Result<Vec<PricePlan>> {
        newest(self.reader())
    }

    /// The newest version of each plan that fits, in order of their names, after a name.
    ///
    /// # Errors
    /// Of the store.
    pub fn price_plans_after(
        &self,
        filter: PlanFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PricePlan>> {
        self.rows(
            "SELECT * FROM price_plans AS plan WHERE name > ?1 AND (?2 IS NULL OR currency = ?2)
               AND (?3 IS NULL OR is_default = ?3)
               AND version = (SELECT MAX(version) FROM price_plans WHERE name = plan.name)
             ORDER BY name LIMIT ?4",
            values![
                after.unwrap_or(""),
                filter.currency.as_ref().map(Currency::as_str),
                filter.is_default,
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            plan,
        )
    }

    /// A version of a plan; the newest when nothing is said.
    ///
    /// # Errors
    /// Of the store.
    pub fn price_plan(&self, name: &str, version: Option<u32>) -> Result<Option<PricePlan>> {
        self.row(
            "SELECT * FROM price_plans WHERE name = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1",
            values![name, version],
            plan,
        )
    }
}
