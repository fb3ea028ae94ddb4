//! Holds: what places and ends them, and how they are shown.

use std::borrow::Cow;

use ledger::{AccountId, Amount, Hold, HoldEnd, LineId, OnExpiry};
use serde::Serialize;

use super::super::error::Failure;
use super::bodies::{Cursor, cursor, limit};
use super::members::Members;
use super::{Text, Time};
use crate::http::Incoming;

const EXPIRIES: [(&str, OnExpiry); 2] = [("release", OnExpiry::Release), ("capture", OnExpiry::Capture)];

/// `POST /api/v1/holds`.
pub(in super::super) struct HoldBody<'a> {
    pub(in super::super) account: Cow<'a, str>,
    pub(in super::super) amount: Amount,
    pub(in super::super) lasts_ms: i64,
    pub(in super::super) on_expiry: OnExpiry,
    pub(in super::super) operation: Option<Box<str>>,
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

/// `POST /api/v1/holds/{id}/settle`.
pub(in super::super) struct SettleBody {
    pub(in super::super) amount: Amount,
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

/// `POST /api/v1/holds/{id}/extend`.
pub(in super::super) struct ExtendBody {
    pub(in super::super) lasts_ms: i64,
}

impl ExtendBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let lasts_s = members.required("expires_in", Members::whole);
        members.finish(lasts_s.map(|it| Self { lasts_ms: it.saturating_mul(1_000) }))
    }
}

/// A body that says nothing, and may be left out.
pub(in super::super) fn read_nothing(incoming: &Incoming) -> Result<(), Failure> {
    Members::of_optional_body(incoming)?.finish(Some(()))
}

/// The query of `GET /api/v1/holds`.
pub(in super::super) struct HoldsQuery {
    pub(in super::super) account: Option<String>,
    pub(in super::super) after: Option<LineId>,
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
#[derive(Serialize)]
pub(in super::super) struct HoldRecord<'a> {
    id: Text<LineId>,
    account: Text<AccountId>,
    payer: Text<AccountId>,
    amount: Text<Amount>,
    operation: Option<&'a str>,
    placed_at: Text<Time>,
    expires_at: Text<Time>,
    on_expiry: &'static str,
    status: &'static str,
    /// What it cost in the end; null while it is open.
    charged: Option<Text<Amount>>,
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
#[derive(Serialize)]
pub(in super::super) struct HoldsPage<'a> {
    holds: Vec<HoldRecord<'a>>,
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
