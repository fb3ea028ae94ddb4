//! Usage: its query in, its groups out.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{AccountId, Timestamp, Total};
use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::{NO_CURSOR, limit};
use super::members::Members;
use super::schema::{
    AccountAsked, EdgeAsked, GroupByAsked, GroupCursorAsked, LimitAsked, ZoneAsked, words_or_null,
};
use super::{Text, Time};
use crate::api::native::error::Failure;
use crate::app::{Spent, Usage, UsageBy, UsageGroup, edge_after, is_edge};
use crate::calendar::{Day, Zone};
use crate::http::Incoming;

/// What is wrong with a time zone that there is not.
pub(super) const NO_ZONE: &str = "must be a time zone of the IANA database, such as Europe/Rome";

const INCLUDED: [(&str, bool); 1] = [("children", true)];

/// The query of `GET /api/v1/usage`.
#[derive(JsonSchema)]
pub(in super::super) struct UsageQuery {
    /// Whose. Accounts need not say it for their own; who is no account must.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) account: Option<String>,
    /// With what the subaccounts of a primary account have spent.
    #[schemars(rename = "include", with = "Option<&'static str>", extend("enum" = words_or_null(&INCLUDED)))]
    pub(in super::super) children: bool,
    /// From when on; the first of the current month unless said.
    #[schemars(with = "Option<EdgeAsked>")]
    pub(in super::super) from: Timestamp,
    /// Up to when, itself excluded; up to now unless said.
    #[schemars(with = "Option<EdgeAsked>")]
    pub(in super::super) to: Timestamp,
    /// Whose days.
    #[schemars(rename = "time_zone", with = "Option<ZoneAsked>")]
    pub(in super::super) zone: Zone,
    /// What is told apart; without it all is one group.
    #[schemars(rename = "group_by", with = "Option<GroupByAsked>")]
    pub(in super::super) by: UsageBy,
    /// Where the page begins.
    #[schemars(rename = "cursor", with = "Option<GroupCursorAsked>")]
    pub(in super::super) after: Option<UsageGroup>,
    /// The most groups of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl UsageQuery {
    /// Without `from` it is the current month, without `to` up to now.
    pub(in super::super) fn read(incoming: &Incoming, now: Timestamp) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let account = members.text("account").map(Cow::into_owned);
        let children = members.one_of("include", &INCLUDED).unwrap_or(false);
        let zone = members.parsed::<Zone>("time_zone", NO_ZONE).unwrap_or(Zone::UTC);
        let from = edge(&mut members, "from", &zone);
        let to = edge(&mut members, "to", &zone);
        let by = group_by(&mut members);
        let after = members.parsed::<GroupCursor>("cursor", NO_CURSOR).map(|it| it.0);
        if after.as_ref().is_some_and(|it| told_apart(it) != by) {
            members.fault("cursor", NO_CURSOR);
        }
        let limit = limit(&mut members);
        let month = zone.span_of(zone.month(now)).map(|it| it.0);
        let span = from.or(month).zip(Some(to.unwrap_or(edge_after(now))));
        if span.is_some_and(|(from, to)| from >= to) {
            members.fault("to", "must be after `from`");
        }
        let query = span.map(|(from, to)| Self { account, children, from, to, zone, by, after, limit });
        members.finish(query)
    }
}

/// A time at which sums may begin or end: an instant, or the start of a day of the time zone.
fn edge(members: &mut Members<'_>, name: &'static str, zone: &Zone) -> Option<Timestamp> {
    let text = members.text(name)?;
    let day = text.parse::<Day>().ok().and_then(|it| zone.start_of(it));
    // A `+` that was not percent-encoded comes as a blank.
    let instant = || text.replace(' ', "+").parse::<jiff::Timestamp>().ok();
    let at = day.or_else(|| {
        let instant = instant()?;
        let is_whole = instant.subsec_nanosecond() % 1_000_000 == 0;
        is_whole.then(|| Timestamp::from_millis(instant.as_millisecond()))
    });
    match at {
        None => {
            members.fault(name, "must be a day such as 2026-02-28, or a time such as 2026-02-28T12:15:00Z");
        }
        Some(at) if !is_edge(at) => {
            members.fault(name, "must be on a quarter of an hour, such as 12:15:00");
        }
        Some(_) => {}
    }
    at.filter(|it| is_edge(*it))
}

fn group_by(members: &mut Members<'_>) -> UsageBy {
    let mut by = UsageBy::default();
    let Some(text) = members.text("group_by") else { return by };
    for word in text.split(',') {
        let told = match word.trim() {
            "day" => &mut by.day,
            "operation" => &mut by.operation,
            "account" => &mut by.account,
            _ => {
                members.fault("group_by", "must be some of day, account and operation, with commas between");
                return by;
            }
        };
        if *told {
            members.fault("group_by", "names one of them twice");
            return by;
        }
        *told = true;
    }
    by
}

const fn told_apart(group: &UsageGroup) -> UsageBy {
    UsageBy {
        day: group.day.is_some(),
        operation: group.operation.is_some(),
        account: group.account.is_some(),
    }
}

/// The last group of a page; callers look not inside.
pub(super) struct GroupCursor(UsageGroup);

impl fmt::Display for GroupCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UsageGroup { day, account, operation } = &self.0;
        let day = day.map_or_else(String::new, |it| it.to_string());
        let account = account.map_or_else(String::new, |it| it.to_string());
        let operation = match operation {
            None => String::new(),
            Some(None) => "-".to_owned(),
            Some(Some(name)) => format!("={name}"),
        };
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{day} {account} {operation}")))
    }
}

impl FromStr for GroupCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = URL_SAFE_NO_PAD.decode(text).ok().and_then(|it| String::from_utf8(it).ok()).ok_or(())?;
        let mut parts = text.splitn(3, ' ');
        let (Some(day), Some(account), Some(operation)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(());
        };
        let day = if day.is_empty() { None } else { Some(day.parse().map_err(|_| ())?) };
        let account = if account.is_empty() { None } else { Some(account.parse().map_err(|_| ())?) };
        let operation = match (operation, operation.strip_prefix('=')) {
            ("", _) => None,
            ("-", _) => Some(None),
            (_, Some(name)) => Some(Some(name.into())),
            (_, None) => return Err(()),
        };
        Ok(Self(UsageGroup { day, account, operation }))
    }
}

/// What was spent.
#[derive(Serialize, JsonSchema)]
pub(super) struct SpentRecord {
    /// How often something was charged.
    charges: i64,
    /// How much was charged.
    charged: Text<Total>,
    /// How often something of a charge was given back.
    reversals: i64,
    /// How much was given back.
    reversed: Text<Total>,
    /// What was spent in the end: charged less reversed.
    amount: Text<Total>,
    /// How many units were charged for, as far as the charges say it; null where none does.
    units: Option<String>,
}

impl SpentRecord {
    pub(super) fn new(spent: &Spent) -> Self {
        Self {
            charges: spent.charges,
            charged: Text(spent.charged),
            reversals: spent.reversals,
            reversed: Text(spent.reversed),
            amount: Text(spent.amount()),
            units: (spent.measured > 0).then(|| spent.units.shortest()),
        }
    }
}

/// One group; it has a member for each thing that it is told apart by.
#[derive(Serialize, JsonSchema)]
struct GroupRecord<'a> {
    /// The day, of the time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<Text<Day>>,
    /// Who caused it, whoever paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Text<AccountId>>,
    /// What was charged for; null where the charges named nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Option<&'a str>>,
    #[serde(flatten)]
    spent: SpentRecord,
}

/// Usage, a page of its groups.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct UsagePage<'a> {
    /// Whose.
    account: Text<AccountId>,
    /// Whether its subaccounts' is in it.
    includes_children: bool,
    /// The currency of all amounts in it.
    currency: &'a str,
    /// Whose days these are, by its name in the IANA database.
    time_zone: &'a str,
    /// From when on it is counted.
    from: Text<Time>,
    /// Up to when, itself excluded.
    to: Text<Time>,
    /// Up to when it is counted; null where `to` is past.
    until: Option<Text<Time>>,
    /// The groups, by day, account (as they were opened) and operation.
    groups: Vec<GroupRecord<'a>>,
    /// All groups of all pages.
    total: SpentRecord,
    /// For the page after this one; null on the last.
    next: Option<Text<GroupCursor>>,
}

impl<'a> UsagePage<'a> {
    pub(in super::super) fn new(
        usage: &'a Usage,
        span: (Timestamp, Timestamp),
        zone: &'a Zone,
        now: Timestamp,
    ) -> Self {
        let (from, to) = span;
        let groups = usage.groups.iter().map(|(group, spent)| GroupRecord {
            day: group.day.map(Text),
            account: group.account.map(Text),
            operation: group.operation.as_ref().map(|it| it.as_deref()),
            spent: SpentRecord::new(spent),
        });
        let last = usage.groups.last().filter(|_| usage.has_more);
        Self {
            account: Text(usage.account.id),
            includes_children: usage.includes_children,
            currency: usage.account.currency.as_str(),
            time_zone: zone.name(),
            from: Text(Time(from)),
            to: Text(Time(to)),
            until: (now < to).then_some(Text(Time(now))),
            groups: groups.collect(),
            total: SpentRecord::new(&usage.total),
            next: last.map(|(group, _)| Text(GroupCursor(group.clone()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_prints() {
        let account = Some(AccountId::from_bytes([3; 16]));
        let day = "2026-02-28".parse().ok();
        for (day, account, operation) in [
            (None, None, None),
            (day, None, Some(None)),
            (None, account, Some(Some("sms.send".into()))),
            (day, account, Some(Some("=odd one".into()))),
        ] {
            let group = UsageGroup { day, account, operation };
            let read = GroupCursor(group.clone()).to_string().parse::<GroupCursor>().map(|it| it.0);
            assert_eq!(read, Ok(group));
        }
        for garbage in
            ["!", "AAAA", "", &URL_SAFE_NO_PAD.encode("2026-02-30  "), &URL_SAFE_NO_PAD.encode("  x")]
        {
            assert!(garbage.parse::<GroupCursor>().is_err(), "{garbage:?}");
        }
    }
}
