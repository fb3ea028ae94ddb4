//! Spending caps, in requests and in the record of an account.

use ledger::{Amount, Cap, Caps, CapsChange};
use schemars::JsonSchema;
use serde::Serialize;

use super::members::Members;
use super::schema::AmountFromZero;
use super::{Text, Time};

/// How much an account may spend in a calendar day and month.
#[derive(JsonSchema)]
#[schemars(rename = "CapsAsked", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a `CapsChange`, which is read otherwise")]
pub(super) struct CapsMembers {
    /// The most that it may spend in a day; null for no such cap. What is left out stays.
    #[schemars(with = "Option<AmountFromZero>")]
    day: (),
    /// The most that it may spend in a month; null for no such cap. What is left out stays.
    #[schemars(with = "Option<AmountFromZero>")]
    month: (),
    /// The IANA name of the time zone whose days and months count. UTC until something is said.
    #[schemars(with = "Option<String>")]
    time_zone: (),
}

/// The member `caps` of a request: what is not given stays as it is, null is no cap, and null for the whole lifts both.
pub(super) fn read(members: &mut Members<'_>) -> Option<CapsChange> {
    let caps = members.nullable("caps", |members, name| {
        members.object(name, |members| {
            let day = members.nullable("day", Members::amount);
            let month = members.nullable("month", Members::amount);
            let zone = members.text("time_zone").map(Into::into);
            Some(CapsChange { zone, day, month })
        })
    })?;
    Some(caps.unwrap_or(CapsChange { zone: None, day: Some(None), month: Some(None) }))
}

/// What an account may spend in a day and a month of its time zone, and has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Caps")]
pub(super) struct CapsRecord<'a> {
    /// For a calendar day; null without such a cap.
    day: Option<CapRecord>,
    /// For a calendar month; null without such a cap.
    month: Option<CapRecord>,
    /// The sum of the open holds that the account itself asked for. It may yet be spent, so it counts in every day and month.
    held: Text<Amount>,
    /// The IANA name of the time zone whose days and months count.
    time_zone: &'a str,
}

/// A cap, and what is spent of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cap")]
struct CapRecord {
    /// The most that the account may spend.
    cap: Text<Amount>,
    /// What it has spent by now in this day or month, less what of that was given back.
    spent: Text<Amount>,
    /// When the day or month ends, and the cap begins anew.
    resets_at: Text<Time>,
}

impl<'a> CapsRecord<'a> {
    pub(super) fn new(caps: &'a Caps) -> Self {
        let record = |it: &Cap| CapRecord {
            cap: Text(it.most),
            spent: Text(it.spent),
            resets_at: Text(Time(it.until)),
        };
        Self {
            day: caps.day.as_ref().map(record),
            month: caps.month.as_ref().map(record),
            held: Text(caps.held),
            time_zone: &caps.zone,
        }
    }
}
