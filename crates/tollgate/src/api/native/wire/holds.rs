//! Holds: what places and ends them, and how they are shown.

use std::borrow::Cow;
use std::sync::Arc;

use ledger::{AccountId, Amount, Hold, HoldEnd, LineId, OnExpiry};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::error::Failure;
use super::bodies::{Cursor, cursor, limit};
use super::members::Members;
use super::schema::{
    AccountAsked, AmountAsked, AmountFromZero, CursorAsked, Lasting, LimitAsked, words, words_or_null,
};
use super::{Text, Time};
use crate::http::Incoming;

const EXPIRIES: [(&str, OnExpiry); 2] = [("release", OnExpiry::Release), ("capture", OnExpiry::Capture)];

/// A hold.
#[derive(JsonSchema)]
pub(in super::super) struct HoldBody<'a> {
    /// The account that the call is for.
    #[schemars(with = "AccountAsked")]
    pub(in super::super) account: Cow<'a, str>,
    /// The most that the call is to cost.
    #[schemars(with = "AmountAsked")]
    pub(in super::super) amount: Amount,
    /// After how many seconds it ends by itself: at most 86400, which are 24 hours.
    #[schemars(rename = "expires_in", with = "Lasting")]
    pub(in super::super) lasts_ms: i64,
    /// What happens then: the amount is given back (`release`, when nothing is said) or charged (`capture`).
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&EXPIRIES)))]
    pub(in super::super) on_expiry: OnExpiry,
    /// What is sold, such as `sms.send`: 1 to 64 characters, none of them blank.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) operation: Option<Arc<str>>,
    /// What the caller knows the call by: at most 255 characters.
    #[schemars(length(max = 255))]
    pub(in super::super) reference: Option<Box<str>>,
}

impl<'a> HoldBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let account = members.required("account", Members::text);
        let amount = members.required("amount", Members::amount);
        let lasts_s = members.required("expires_in", Members::whole);
        let on_expiry = members.one_of("on_expiry", &EXPIRIES).unwrap_or(OnExpiry::Release);
        let operation = members.kept("operation");
        let reference = members.kept("reference");
        let all = account.zip(amount).zip(lasts_s);
        members.finish(all.map(|((account, amount), lasts_s)| Self {
            account,
            amount,
            lasts_ms: lasts_s.saturating_mul(1_000),
            on_expiry,
            operation,
            reference,
        }))
    }
}

/// The end of a hold.
#[derive(JsonSchema)]
pub(in super::super) struct SettleBody {
    /// What was really used; 0 for nothing.
    #[schemars(with = "AmountFromZero")]
    pub(in super::super) amount: Amount,
    /// Books more than was held below the limit too. It needs an operator token, or a gate token that was made with `may_force`.
    #[schemars(with = "Option<bool>")]
    pub(in super::super) force: bool,
}

impl SettleBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let amount = members.required("amount", Members::amount);
        let force = members.flag("force").unwrap_or(false);
        members.finish(amount.map(|amount| Self { amount, force }))
    }
}

/// A hold's new expiry.
#[derive(JsonSchema)]
pub(in super::super) struct ExtendBody {
    /// In how many seconds from now it is to end by itself: at most 86400, which are 24 hours.
    #[schemars(rename = "expires_in", with = "Lasting")]
    pub(in super::super) lasts_ms: i64,
}

impl ExtendBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let lasts_s = members.required("expires_in", Members::whole);
        members.finish(lasts_s.map(|it| Self { lasts_ms: it.saturating_mul(1_000) }))
    }
}

/// Nothing: an empty object, or no body at all.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in super::super) struct Nothing {}

/// A body that says nothing, and may be left out.
pub(in super::super) fn read_nothing(incoming: &Incoming) -> Result<(), Failure> {
    Members::of_optional_body(incoming)?.finish(Some(()))
}

/// The query of `GET /api/v1/holds`.
#[derive(JsonSchema)]
pub(in super::super) struct HoldsQuery {
    /// Only those of this account.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) account: Option<String>,
    /// Where the page begins.
    #[schemars(rename = "cursor", with = "Option<CursorAsked>")]
    pub(in super::super) after: Option<LineId>,
    /// The most holds of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl HoldsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let account = members.text("account").map(Cow::into_owned);
        let after = cursor(&mut members).map(|it| LineId::from_bytes(it.0));
        let limit = limit(&mut members);
        members.finish(Some(Self { account, after, limit }))
    }
}

/// A hold.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct HoldRecord<'a> {
    /// Its id, by which it is settled, released and extended.
    id: Text<LineId>,
    /// The account that the call is for.
    account: Text<AccountId>,
    /// The account whose money is held, and stays so until the hold ends: itself, or the primary whose balance it shared then.
    payer: Text<AccountId>,
    /// What is held.
    amount: Text<Amount>,
    /// What is sold; null for nothing said.
    operation: Option<&'a str>,
    /// When it was placed.
    placed_at: Text<Time>,
    /// When it ends, or ended, by itself.
    expires_at: Text<Time>,
    /// What happens then.
    #[schemars(extend("enum" = words(&EXPIRIES)))]
    on_expiry: &'static str,
    /// Open, or how it ended. `closed`: it was released because its account closed.
    #[schemars(extend("enum" = ["open", "settled", "released", "expired", "captured", "closed"]))]
    status: &'static str,
    /// What it cost in the end; null while it is open.
    charged: Option<Text<Amount>>,
    /// When it ended; null while it is open.
    ended_at: Option<Text<Time>>,
}

impl<'a> HoldRecord<'a> {
    pub(in super::super) fn new(hold: &'a Hold) -> Self {
        let ending = hold.ending;
        Self {
            id: Text(hold.id),
            account: Text(hold.account),
            payer: Text(hold.payer),
            amount: Text(hold.amount),
            operation: hold.operation.as_deref(),
            placed_at: Text(Time(hold.placed_at)),
            expires_at: Text(Time(hold.expires_at)),
            on_expiry: if hold.on_expiry == OnExpiry::Capture { "capture" } else { "release" },
            status: ending.map_or("open", |it| match it.how {
                HoldEnd::Settled => "settled",
                HoldEnd::Released => "released",
                HoldEnd::Expired => "expired",
                HoldEnd::Captured => "captured",
                HoldEnd::Closed => "closed",
            }),
            charged: ending.map(|it| Text(it.charged)),
            ended_at: ending.map(|it| Text(Time(it.at))),
        }
    }
}

/// Open holds.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct HoldsPage<'a> {
    /// The holds, oldest first.
    holds: Vec<HoldRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<Text<Cursor>>,
}

impl<'a> HoldsPage<'a> {
    /// Of one more than the page has, if there are more.
    pub(in super::super) fn new(holds: &'a [Hold], limit: usize) -> Self {
        let page = holds.get(..limit).unwrap_or(holds);
        let next = (holds.len() > limit).then(|| page.last()).flatten();
        Self {
            holds: page.iter().map(HoldRecord::new).collect(),
            next: next.map(|it| Text(Cursor(*it.id.as_bytes()))),
        }
    }
}
