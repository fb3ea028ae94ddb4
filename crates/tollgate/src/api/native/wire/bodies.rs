//! The requests of this API.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{
    AccountId, Alerts, Amount, BalanceMode, CapsChange, Currency, Status, TokenScope, TransferKind,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::super::error::Failure;
use super::caps::{self, CapsMembers};
use super::limits::LimitsBody;
use super::members::Members;
use super::schema::{
    AccountAsked, AmountAsked, AmountFromZero, AmountSigned, CurrencyAsked, CursorAsked, DigitsAsked,
    LimitAsked, words, words_or_null,
};
use crate::http::Incoming;

pub(super) const MODES: [(&str, BalanceMode); 2] =
    [("own", BalanceMode::Own), ("shared", BalanceMode::Shared)];
pub(super) const STATUSES: [(&str, Status); 3] =
    [("active", Status::Active), ("suspended", Status::Suspended), ("closed", Status::Closed)];
/// An account is closed by closing it, not by a change.
const CHANGES: [(&str, Status); 2] = [("active", Status::Active), ("suspended", Status::Suspended)];
const TRANSFERS: [(&str, TransferKind); 2] =
    [("balance", TransferKind::Balance), ("credit", TransferKind::Credit)];
/// Entries of a page when nothing is said.
const LIMIT_DEFAULT: usize = 50;
/// The most entries of a page.
const LIMIT_MAX: usize = 1_000;

/// A new account.
#[derive(JsonSchema)]
pub(in super::super) struct AccountBody<'a> {
    /// Its name: 1 to 255 characters, not all of them blank. It need not be the only one of its name.
    #[schemars(length(min = 1, max = 255))]
    pub(in super::super) name: Cow<'a, str>,
    /// The currency of its family, EUR when nothing is said; a subaccount's is its primary's, and may be left out.
    #[schemars(with = "Option<CurrencyAsked>")]
    pub(in super::super) currency: Option<Currency>,
    /// How far below zero its balance may go; 0 when nothing is said. The operator sets it, on a primary account.
    #[schemars(with = "Option<AmountFromZero>")]
    pub(in super::super) credit_limit: Amount,
    /// The primary account that it is a subaccount of. Without it a primary account is opened, which is the operator's to do;
    /// a primary account that asks opens a subaccount of its own, and names itself here or nobody.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) parent: Option<Cow<'a, str>>,
    /// Whether it has a balance of its own, or its charges fall on its primary's. When nothing is said, its own.
    #[schemars(rename = "balance", with = "Option<&'static str>", extend("enum" = words_or_null(&MODES)))]
    pub(in super::super) mode: BalanceMode,
    /// How much it may spend in a day and a month; the operator or its primary account says so.
    #[schemars(with = "Option<CapsMembers>")]
    pub(in super::super) caps: Option<CapsChange>,
    /// At how much that is available it is told of as an event.
    #[schemars(with = "Option<AlertsAsked>")]
    pub(in super::super) alerts: Alerts,
}

impl<'a> AccountBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let name = members.required("name", Members::text);
        let currency = members.parsed("currency", "must be three capital letters such as \"EUR\"");
        let credit_limit = members.amount("credit_limit").unwrap_or_default();
        let parent = members.text("parent");
        let mode = members.one_of("balance", &MODES).unwrap_or(BalanceMode::Own);
        let caps = caps::read(&mut members);
        let alerts = alerts(&mut members).unwrap_or_default();
        members.finish(name.map(|name| Self { name, currency, credit_limit, parent, mode, caps, alerts }))
    }
}

/// What is to change of an account; what is left out stays.
#[derive(JsonSchema)]
pub(in super::super) struct ChangeBody<'a> {
    /// Its new name: 1 to 255 characters, not all of them blank.
    #[schemars(length(min = 1, max = 255))]
    pub(in super::super) name: Option<Cow<'a, str>>,
    /// A primary account's new credit limit, which the operator sets. It goes down by at most what of it is not in use.
    #[schemars(with = "Option<AmountFromZero>")]
    pub(in super::super) credit_limit: Option<Amount>,
    /// Suspends the account, and with it all below it, or lets it charge, hold and call again.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&CHANGES)))]
    pub(in super::super) status: Option<Status>,
    /// Gives a subaccount that shares its primary's balance one of its own, which begins at 0; there is no way back.
    #[schemars(rename = "balance", with = "Option<&'static str>", extend("enum" = words_or_null(&MODES)))]
    pub(in super::super) mode: Option<BalanceMode>,
    // `Some(None)` for the default of its currency.
    /// The price plan of a primary account and so of its family, which the operator assigns; the empty text for the default
    /// plan of its currency.
    #[schemars(rename = "price_plan", with = "Option<&'static str>", length(max = 64))]
    pub(in super::super) plan: Option<Option<Cow<'a, str>>>,
    /// How much it may spend in a day and a month, which whoever manages it says; null for as much as there is.
    #[schemars(with = "Option<CapsMembers>")]
    pub(in super::super) caps: Option<CapsChange>,
    /// At how much that is available it is told of as an event, all anew: a threshold that is left out is as if it had never
    /// been set.
    #[schemars(with = "Option<AlertsAsked>")]
    pub(in super::super) alerts: Option<Alerts>,
}

impl<'a> ChangeBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let name = members.text("name");
        let credit_limit = members.amount("credit_limit");
        let status = members.one_of("status", &CHANGES);
        let mode = members.one_of("balance", &MODES);
        // An empty name is none: null would be nothing said.
        let plan = members.text("price_plan").map(|it| (!it.is_empty()).then_some(it));
        let caps = caps::read(&mut members);
        let alerts = alerts(&mut members);
        members.finish(Some(Self { name, credit_limit, status, mode, plan, caps, alerts }))
    }
}

/// Thresholds, all of them anew: those that are left out are as if nobody had ever set them.
fn alerts(members: &mut Members<'_>) -> Option<Alerts> {
    members.object("alerts", |members| {
        let [low, depleted, recovered] = ["low", "depleted", "recovered"].map(|it| members.amount(it));
        Some(Alerts { low, depleted: depleted.unwrap_or_default(), recovered })
    })
}

/// At how much that is available an account is told of: `depleted` < `low` <= `recovered`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is only described; `alerts` reads it into the ledger's own")]
pub(super) struct AlertsAsked {
    /// Less than this is low; nothing is when nothing is said.
    #[schemars(with = "Option<AmountFromZero>")]
    low: Option<Amount>,
    /// This or less is nothing left; 0 when nothing is said.
    #[schemars(with = "Option<AmountFromZero>")]
    depleted: Option<Amount>,
    /// This or more is enough again; `low` when nothing is said or, without that, anything more than `depleted`.
    #[schemars(with = "Option<AmountFromZero>")]
    recovered: Option<Amount>,
}

/// Money that the operator received or, negative, paid out.
#[derive(JsonSchema)]
pub(in super::super) struct PaymentBody {
    /// What is added to the balance; negative for what is paid out, which is at most what is available.
    #[schemars(with = "AmountSigned")]
    pub(in super::super) amount: Amount,
    /// What the caller knows it by, such as the number of an invoice: at most 255 characters.
    #[schemars(length(max = 255))]
    pub(in super::super) reference: Option<Box<str>>,
}

impl PaymentBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let amount = members.required("amount", Members::amount);
        let reference = members.kept("reference");
        members.finish(amount.map(|amount| Self { amount, reference }))
    }
}

/// `POST /api/v1/accounts/{account}/transfers`.
pub(in super::super) struct TransferBody<'a> {
    pub(in super::super) kind: TransferKind,
    /// `to` or `from`, whichever is given.
    pub(in super::super) side: &'static str,
    /// The account that it names.
    pub(in super::super) other: Cow<'a, str>,
    pub(in super::super) amount: Amount,
    pub(in super::super) reference: Option<Box<str>>,
}

impl JsonSchema for TransferBody<'_> {
    fn schema_name() -> Cow<'static, str> {
        "TransferBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (account, amount) =
            (generator.subschema_for::<AccountAsked>(), generator.subschema_for::<AmountAsked>());
        let side =
            |about: &str| json_schema!({ "description": about, "anyOf": [account, { "type": "null" }] });
        let (given, left_out) = (json_schema!({ "type": "string" }), json_schema!({ "type": "null" }));
        json_schema!({
            "description": "A transfer between the primary account in the path and one of its subaccounts that has a balance of \
                            its own. The subaccount is named in `to` or in `from`: one of them, never both.",
            "type": "object",
            "properties": {
                "kind": {
                    "description": "Whether balance moves, or credit limit.",
                    "type": "string",
                    "enum": words(&TRANSFERS),
                },
                "to": side("The subaccount that gets it from the primary account."),
                "from": side("The subaccount that gives it to the primary account."),
                "amount": { "description": "How much moves.", "allOf": [amount] },
                "reference": {
                    "description": "What the caller knows it by: at most 255 characters.",
                    "type": ["string", "null"],
                    "maxLength": 255,
                },
            },
            "required": ["kind", "amount"],
            "oneOf": [
                { "required": ["to"], "properties": { "to": given, "from": left_out } },
                { "required": ["from"], "properties": { "from": given, "to": left_out } },
            ],
        })
    }
}

impl<'a> TransferBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let kind = members.required("kind", |members, name| members.one_of(name, &TRANSFERS));
        let side = members.required("to", |members, _| match (members.text("to"), members.text("from")) {
            (Some(to), None) => Some(("to", to)),
            (None, Some(from)) => Some(("from", from)),
            (Some(_), Some(_)) => {
                members.fault(
                    "from",
                    "must not be given beside `to`: the account in the path is the other side",
                );
                None
            }
            (None, None) => None,
        });
        let amount = members.required("amount", Members::amount);
        let reference = members.kept("reference");
        let all = kind.zip(side).zip(amount);
        members.finish(all.map(|((kind, (side, other)), amount)| Self {
            kind,
            side,
            other,
            amount,
            reference,
        }))
    }
}

/// A charge.
#[derive(JsonSchema)]
pub(in super::super) struct ChargeBody<'a> {
    /// The account that the call is for.
    #[schemars(with = "AccountAsked")]
    pub(in super::super) account: Cow<'a, str>,
    /// What the call costs.
    #[schemars(with = "AmountAsked")]
    pub(in super::super) amount: Amount,
    /// What was sold, such as `sms.send`: 1 to 64 characters, none of them blank.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) operation: Option<Arc<str>>,
    /// How much of it, such as the parts of a message; kept as it is written, and never calculated with.
    #[schemars(with = "Option<DigitsAsked>")]
    pub(in super::super) units: Option<Box<str>>,
    /// What the caller knows the call by: at most 255 characters.
    #[schemars(length(max = 255))]
    pub(in super::super) reference: Option<Box<str>>,
    /// Books a call that has happened already: below the limit too, and on a suspended account too. It needs an operator token,
    /// or a gate token that was made with `may_force`.
    #[schemars(with = "Option<bool>")]
    pub(in super::super) force: bool,
}

impl<'a> ChargeBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let account = members.required("account", Members::text);
        let amount = members.required("amount", Members::amount);
        let operation = members.kept("operation");
        let units = members.digits("units").map(Into::into);
        let reference = members.kept("reference");
        let force = members.flag("force").unwrap_or(false);
        let all = account.zip(amount);
        members.finish(all.map(|(account, amount)| Self {
            account,
            amount,
            operation,
            units,
            reference,
            force,
        }))
    }
}

/// What is to be given back of a charge.
#[derive(JsonSchema)]
pub(in super::super) struct ReversalBody {
    /// How much of it; all that is left of it when nothing is said.
    #[schemars(with = "Option<AmountAsked>")]
    pub(in super::super) amount: Option<Amount>,
    /// Why, or what the caller knows it by: at most 255 characters.
    #[schemars(length(max = 255))]
    pub(in super::super) reference: Option<Box<str>>,
}

impl ReversalBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_optional_body(incoming)?;
        let amount = members.amount("amount");
        let reference = members.kept("reference");
        members.finish(Some(Self { amount, reference }))
    }
}

pub(super) const SCOPES: [(&str, bool); 2] = [("operator", false), ("gate", true)];

/// `POST /api/v1/tokens`.
pub(in super::super) struct TokenBody {
    pub(in super::super) scope: TokenScope,
    pub(in super::super) limits: Option<LimitsBody>,
}

impl JsonSchema for TokenBody {
    fn schema_name() -> Cow<'static, str> {
        "TokenBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A new token.",
            "type": "object",
            "properties": {
                "scope": {
                    "description": "What it may do: everything (`operator`), or only charge, reverse and hold (`gate`).",
                    "type": "string",
                    "enum": words(&SCOPES),
                },
                "may_force": {
                    "description": "Whether a gate token may book, with `force`, what has happened already; false when nothing is \
                                    said. An operator token may, and false is refused for one.",
                    "type": ["boolean", "null"],
                },
                "limits": {
                    "description": "What it is restricted to; when nothing is said, it may do all that its scope may.",
                    "anyOf": [generator.subschema_for::<LimitsBody>(), { "type": "null" }],
                },
            },
            "required": ["scope"],
            "if": { "properties": { "scope": { "const": "operator" } } },
            "then": { "properties": { "may_force": { "enum": [true, null] } } },
        })
    }
}

impl TokenBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let is_gate = members.required("scope", |members, name| members.one_of(name, &SCOPES));
        let may_force = members.flag("may_force");
        if is_gate == Some(false) && may_force == Some(false) {
            members.fault("may_force", "must not be false for an operator token, which may do everything");
        }
        let may_force = may_force.unwrap_or(false);
        let limits = LimitsBody::read(&mut members);
        members.finish(is_gate.map(|is_gate| Self {
            scope: if is_gate { TokenScope::Gate { may_force } } else { TokenScope::Operator },
            limits,
        }))
    }
}

/// The query of `GET /api/v1/accounts`.
#[derive(JsonSchema)]
pub(in super::super) struct AccountsQuery {
    /// Only the subaccounts of this account. One that there is not, or that the caller may not see, has none.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) parent: Option<String>,
    /// Only those of this status.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&STATUSES)))]
    pub(in super::super) status: Option<Status>,
    /// Only those whose name contains this, in capitals or not.
    pub(in super::super) name: Option<String>,
    /// Where the page begins.
    #[schemars(rename = "cursor", with = "Option<CursorAsked>")]
    pub(in super::super) after: Option<AccountId>,
    /// The most accounts of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl AccountsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let parent = members.text("parent").map(Cow::into_owned);
        let status = members.one_of("status", &STATUSES);
        let name = members.text("name").map(Cow::into_owned);
        let after = cursor(&mut members).map(|it| AccountId::from_bytes(it.0));
        let limit = limit(&mut members);
        members.finish(Some(Self { parent, status, name, after, limit }))
    }
}

/// What is wrong with a cursor that no page gave.
pub(in super::super) const NO_CURSOR: &str = "must be the `next` of the page before";

pub(super) fn cursor(members: &mut Members<'_>) -> Option<Cursor> {
    members.parsed("cursor", NO_CURSOR)
}

pub(super) fn limit(members: &mut Members<'_>) -> usize {
    let limit: Option<Limit> = members.parsed("limit", "must be a whole number from 1 to 1000");
    limit.map_or(LIMIT_DEFAULT, |it| it.0)
}

struct Limit(usize);

impl FromStr for Limit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let limit = text.parse().map_err(|_| ())?;
        if (1..=LIMIT_MAX).contains(&limit) { Ok(Self(limit)) } else { Err(()) }
    }
}

/// The last entry of a page, for the next one to go on from; callers look not inside.
pub(super) struct Cursor(pub(super) [u8; 16]);

impl Cursor {
    /// Of an entry that goes by its place in the list.
    pub(super) fn of_place(place: i64) -> Self {
        Self(i128::from(place).to_be_bytes())
    }

    /// That place, where it is of such an entry.
    pub(super) fn place(&self) -> Option<i64> {
        i128::from_be_bytes(self.0).try_into().ok()
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        bytes.try_into().map(Self).map_err(|_| ())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_prints() {
        let cursor = Cursor([0xfb; 16]);
        assert_eq!(cursor.to_string().parse::<Cursor>().map(|it| it.0), Ok(cursor.0));
        for garbage in ["", "!", "AAAA", &cursor.to_string()[1..], &format!("{cursor}=")] {
            assert!(garbage.parse::<Cursor>().is_err(), "{garbage:?}");
        }
        assert_eq!((Cursor::of_place(7).place(), cursor.place()), (Some(7), None));
    }
}
