//! What a restricted credential or token is limited to, in and out.

use ledger::limits::ACCOUNTS_MAX;
use ledger::{AccountId, Amount, Limits};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::Text;
use super::members::Members;
use super::schema::{AccountAsked, AmountFromZero};

/// The member `limits` of what makes a credential or a token.
pub(in super::super) struct LimitsBody {
    pub(in super::super) is_read_only: bool,
    pub(in super::super) amount_max: Option<Amount>,
    /// By any of their names.
    pub(in super::super) accounts: Option<Vec<String>>,
}

impl JsonSchema for LimitsBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LimitsGiven".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a credential or a token is restricted to; one of these at least.",
            "type": "object",
            "properties": {
                "read_only": {
                    "description": "Whether it only reads; false when nothing is said.",
                    "type": ["boolean", "null"],
                },
                "amount_max": {
                    "description": "The most that one request may move with it, of balances, of credit limits and of held amounts \
                                    each; 0 for nothing.",
                    "anyOf": [generator.subschema_for::<AmountFromZero>(), { "type": "null" }],
                },
                "accounts": {
                    "description": "The only accounts that it sees and touches; its own is among them only if it is named.",
                    "type": ["array", "null"],
                    "items": generator.subschema_for::<AccountAsked>(),
                    "minItems": 1,
                    "maxItems": ACCOUNTS_MAX,
                },
            },
            "anyOf": [
                { "properties": { "read_only": { "const": true } }, "required": ["read_only"] },
                { "properties": { "amount_max": { "not": { "type": "null" } } }, "required": ["amount_max"] },
                { "properties": { "accounts": { "type": "array" } }, "required": ["accounts"] },
            ],
        })
    }
}

impl LimitsBody {
    pub(super) fn read(members: &mut Members<'_>) -> Option<Self> {
        let limits = members.object("limits", |members| {
            let is_read_only = members.flag("read_only").unwrap_or(false);
            let amount_max = members.amount("amount_max");
            if amount_max.is_some_and(|it| !(Amount::ZERO..=Amount::MOVE_MAX).contains(&it)) {
                members.fault("amount_max", "must be from 0 to 10000000000");
            }
            let accounts = members.texts("accounts");
            if accounts.as_ref().is_some_and(|it| !(1..=ACCOUNTS_MAX).contains(&it.len())) {
                members.fault("accounts", format!("must be 1 to {ACCOUNTS_MAX} accounts"));
            }
            Some(Self { is_read_only, amount_max, accounts })
        })?;
        // A typing error must not make a key that may do everything.
        if !limits.is_read_only && limits.amount_max.is_none() && limits.accounts.is_none() {
            members.fault("limits", "must have `read_only` true, `amount_max`, `accounts` or some of them");
        }
        Some(limits)
    }
}

/// What a restricted credential or token may do at most.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Limits")]
pub(in super::super) struct LimitsRecord {
    /// Whether it only reads.
    read_only: bool,
    /// The most that one request may move with it; null for as much as there is.
    amount_max: Option<Text<Amount>>,
    /// The only accounts that it sees and touches, by their ids; null for all that it otherwise would.
    accounts: Option<Vec<Text<AccountId>>>,
}

impl LimitsRecord {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            read_only: limits.is_read_only(),
            amount_max: limits.amount_max().map(Text),
            accounts: limits.accounts().map(|it| it.iter().copied().map(Text).collect()),
        }
    }
}
