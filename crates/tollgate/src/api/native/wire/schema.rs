//! How the values of this wire are described in the OpenAPI document: in answers those that [`Text`] spells, in requests
//! those that `members` reads. What has members derives its description (`#[derive(JsonSchema)]`), with a doc comment on
//! each; a member whose type says less than its reader takes `#[schemars(with = "…")]` from here.

use std::borrow::Cow;

use ledger::{
    AccountId, Amount, ApiKey, ApplicationId, CredentialId, Currency, EndpointId, LineId, TokenId, Total,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::bodies::Cursor;
use super::usage::GroupCursor;
use super::{Text, Time};
use crate::calendar::{Day, Month};

/// The words that a member may be: `extend("enum" = words(&MODES))`.
pub(super) fn words<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|it| it.0).collect()
}

/// The same for a member that may be null or left out.
pub(super) fn words_or_null<T>(words: &[(&'static str, T)]) -> Vec<Option<&'static str>> {
    words.iter().map(|it| Some(it.0)).chain([None]).collect()
}

/// Gives types a schema of their own under a name of the document.
macro_rules! described {
    ($($type:ty => $name:literal $schema:tt)*) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

described! {
    Text<Amount> => "Amount" {
        "description": "An amount in the family's currency: a decimal string, with 2 to 8 decimals and no more than needed. \
                        Never a JSON number, which many programs would read as a float.",
        "type": "string",
        "pattern": r"^-?[0-9]{1,11}\.[0-9]{2,8}$",
        "examples": ["12.50", "-0.0075"],
    }
    Text<Total> => "Total" {
        "description": "A sum of amounts in the family's currency: a decimal string like an amount, and as long as it needs to be.",
        "type": "string",
        "pattern": r"^-?[0-9]+\.[0-9]{2,8}$",
        "examples": ["70.00", "-250000000000.01"],
    }
    Text<Day> => "Day" {
        "description": "A day of the calendar.",
        "type": "string",
        "format": "date",
        "examples": ["2026-02-28"],
    }
    Text<Month> => "Month" {
        "description": "A month of the calendar.",
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}$",
        "examples": ["2026-02"],
    }
    Text<GroupCursor> => "GroupCursor" {
        "description": "Where a page of groups ended. Send it back as `cursor`, with the same query, for the page after it; what is \
                        inside may change.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
        "examples": ["ICAgPXNtcy5zZW5k"],
    }
    Text<Time> => "Time" {
        "description": "A time: RFC 3339, in UTC, with milliseconds.",
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        "examples": ["2026-01-31T23:59:59.999Z"],
    }
    Text<AccountId> => "AccountId" {
        "description": "The id of an account: a UUID. It never changes and is never used again.",
        "type": "string",
        "format": "uuid",
        "examples": ["01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01"],
    }
    Text<LineId> => "LineId" {
        "description": "The id of what a line of the journal records, such as a payment, a transfer, a charge or a hold: a UUID.",
        "type": "string",
        "format": "uuid",
        "examples": ["01993d2c-8d10-7a52-8c1d-5be1a0c4f702"],
    }
    Text<CredentialId> => "CredentialId" {
        "description": "The id of a secret or an auth token: a UUID. It is no secret.",
        "type": "string",
        "format": "uuid",
        "examples": ["01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03"],
    }
    Text<TokenId> => "TokenId" {
        "description": "The id of an operator or gate token: a UUID. It is no secret.",
        "type": "string",
        "format": "uuid",
        "examples": ["01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04"],
    }
    Text<ApplicationId> => "ApplicationId" {
        "description": "The id of an application of the Plivo dialect: 17 digits.",
        "type": "string",
        "pattern": "^[0-9]{17}$",
        "examples": ["15784735442685051"],
    }
    Text<EndpointId> => "EndpointId" {
        "description": "The id of an endpoint of the Plivo dialect: 14 digits.",
        "type": "string",
        "pattern": "^[0-9]{14}$",
        "examples": ["37371860103666"],
    }
    Text<ApiKey> => "ApiKey" {
        "description": "An account's name in the Vonage dialect: 8 lower-case hex digits.",
        "type": "string",
        "pattern": "^[0-9a-f]{8}$",
        "examples": ["acc6111f"],
    }
    Text<Currency> => "Currency" {
        "description": "A currency: three capital letters of ISO 4217.",
        "type": "string",
        "pattern": "^[A-Z]{3}$",
        "examples": ["EUR"],
    }
    Text<Cursor> => "Cursor" {
        "description": "Where a page of a list ended. Send it back as `cursor`, with the same filters, for the page after it; \
                        what is inside may change.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{22}$",
        "examples": ["AZk9LHs-fBGaVS9vDB2OAQ"],
    }
}

/// An account as a request names it.
pub(in super::super) enum AccountAsked {}
/// An amount that is moved.
pub(super) enum AmountAsked {}
/// An amount that may be nothing.
pub(super) enum AmountFromZero {}
/// An amount that may be negative.
pub(super) enum AmountSigned {}
/// A currency.
pub(super) enum CurrencyAsked {}
/// A country.
pub(super) enum CountryAsked {}
/// A number by its digits, or as a string.
pub(super) enum DigitsAsked {}
/// A whole number, which may be a string.
pub(super) enum WholeAsked<const MIN: i64, const MAX: i64> {}
/// Seconds until a hold expires.
pub(super) type Lasting = WholeAsked<1, 86_400>;
/// A time.
pub(super) enum TimeAsked {}
/// Where a page of a list is to begin.
pub(super) enum CursorAsked {}
/// The most entries of a page.
pub(super) enum LimitAsked {}

/// A time at which sums may begin or end.
pub(super) enum EdgeAsked {}
/// A time zone.
pub(super) enum ZoneAsked {}
/// By what usage is told apart.
pub(super) enum GroupByAsked {}
/// Where a page of groups is to begin.
pub(super) enum GroupCursorAsked {}

/// How an amount may be written in a request: in digits, with a point, with an exponent; as a string or as a number.
const AMOUNT: &str = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$";

described! {
    AccountAsked => "AccountName" {
        "description": "An account by any of its names: its `id`, its `api_key` (in capitals or not) or its `auth_id`.",
        "type": "string",
        "examples": ["acc6111f", "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01", "SAXXXXXXXXXXXXXXXXXX"],
    }
    AmountAsked => "AmountMoved" {
        "description": "An amount in the family's currency: more than 0, at most 10000000000, at most 8 decimals. Best a decimal \
                        string; a JSON number is read by its digits.",
        "anyOf": [
            { "type": "string", "pattern": AMOUNT },
            { "type": "number", "exclusiveMinimum": 0, "maximum": 10_000_000_000_i64 },
        ],
        "examples": ["12.50"],
    }
    AmountFromZero => "AmountFromZero" {
        "description": "An amount in the family's currency: from 0 to 10000000000, at most 8 decimals. Best a decimal string; a \
                        JSON number is read by its digits.",
        "anyOf": [
            { "type": "string", "pattern": AMOUNT },
            { "type": "number", "minimum": 0, "maximum": 10_000_000_000_i64 },
        ],
        "examples": ["100"],
    }
    AmountSigned => "AmountSigned" {
        "description": "An amount in the family's currency: not 0, from -10000000000 to 10000000000, at most 8 decimals. Best a \
                        decimal string; a JSON number is read by its digits.",
        "anyOf": [
            { "type": "string", "pattern": AMOUNT },
            { "type": "number", "minimum": -10_000_000_000_i64, "maximum": 10_000_000_000_i64 },
        ],
        "examples": ["250", "-250"],
    }
    CurrencyAsked => "CurrencyGiven" {
        "description": "A currency: three capital letters of ISO 4217.",
        "type": "string",
        "pattern": "^[A-Z]{3}$",
        "examples": ["EUR"],
    }
    CountryAsked => "Country" {
        "description": "A country: the two letters of ISO 3166-1, in capitals or not.",
        "type": "string",
        "pattern": "^[A-Za-z]{2}$",
        "examples": ["GB"],
    }
    DigitsAsked => "Digits" {
        "description": "A number, as a string or as a JSON number whose digits are kept as they are; at most 32 characters.",
        "anyOf": [{ "type": "string", "maxLength": 32 }, { "type": "number" }],
        "examples": ["3", 2],
    }
    TimeAsked => "TimeAsked" {
        "description": "A time: RFC 3339, with an offset or `Z`.",
        "type": "string",
        "format": "date-time",
        "examples": ["2026-01-31T23:59:59Z"],
    }
    CursorAsked => "CursorAsked" {
        "description": "The `next` of the page before; without it, the first page.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{22}$",
    }
    EdgeAsked => "Edge" {
        "description": "A day of the time zone, such as 2026-02-28, or an instant on a quarter of an hour (RFC 3339).",
        "type": "string",
        "examples": ["2026-02-28", "2026-02-28T12:15:00Z", "2026-02-28T13:15:00+01:00"],
    }
    ZoneAsked => "TimeZone" {
        "description": "A time zone by its name in the IANA database, in capitals or not.",
        "type": "string",
        "default": "UTC",
        "examples": ["Europe/Rome", "Pacific/Auckland"],
    }
    GroupByAsked => "GroupBy" {
        "description": "Some of `day`, `account` and `operation`, each once, with commas between.",
        "type": "string",
        "pattern": "^(day|account|operation)(,(day|account|operation)){0,2}$",
        "examples": ["day,operation"],
    }
    GroupCursorAsked => "GroupCursorAsked" {
        "description": "The `next` of the page before; without it, the first page.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
    }
    LimitAsked => "LimitAsked" {
        "description": "The most entries of a page.",
        "type": "integer",
        "minimum": 1,
        "maximum": 1_000,
        "default": 50,
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for WholeAsked<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("WholeFrom{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": format!("A whole number from {MIN} to {MAX}; as a string, too."),
            "anyOf": [
                { "type": "integer", "minimum": MIN, "maximum": MAX },
                { "type": "string", "pattern": "^[+-]?[0-9]+$" },
            ],
        })
    }
}
