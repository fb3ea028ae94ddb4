//! What a restricted credential or token is limited to, as JSON.

use std::sync::Arc;

use ledger::{Amount, Limits};
use serde::{Deserialize, Serialize};

use super::sql::{Fault, Result, Row};

#[derive(Serialize, Deserialize)]
pub(super) struct LimitsJson {
    read_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount_max: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<String>>,
}

pub(super) fn to_json(limits: &Limits) -> LimitsJson {
    LimitsJson {
        read_only: limits.is_read_only(),
        amount_max: limits.amount_max().map(Amount::units),
        accounts: limits.accounts().map(|it| it.iter().map(ToString::to_string).collect()),
    }
}

pub(super) fn from_json(json: &LimitsJson) -> Option<Limits> {
    let accounts = match &json.accounts {
        None => None,
        Some(accounts) => Some(accounts.iter().map(|it| it.parse().ok()).collect::<Option<Vec<_>>>()?),
    };
    Limits::new(json.read_only, json.amount_max.map(Amount::from_units), accounts)
}

/// What the column `limits` holds.
pub(super) fn encode(limits: Option<&Limits>) -> Option<String> {
    // Texts, an integer and a flag alone always have a JSON text.
    limits.map(|it| serde_json::to_string(&to_json(it)).unwrap_or_default())
}

/// The same, read. A key whose limits cannot be read is none that could be let in.
pub(super) fn of(row: Row<'_>) -> Result<Option<Arc<Limits>>> {
    let Some(text) = row.get::<Option<&str>>("limits")? else { return Ok(None) };
    let limits = serde_json::from_str(text).ok().as_ref().and_then(from_json);
    limits.map(|it| Some(Arc::new(it))).ok_or(Fault::Misread("limits"))
}
