//! Spending caps as JSON text, in an account's row and in its journal lines; and their proof from the journal.

use ledger::{Account, Amount, Cap, Caps, Kind, Line, Period, Timestamp};
use serde::{Deserialize, Serialize};

use crate::windows;

#[derive(Serialize, Deserialize)]
pub(super) struct CapsJson {
    zone: String,
    held: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<CapJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    month: Option<CapJson>,
}

#[derive(Serialize, Deserialize)]
struct CapJson {
    most: i64,
    spent: i64,
    since: i64,
    until: i64,
}

pub(super) fn to_json(caps: &Caps) -> CapsJson {
    let cap = |it: &Cap| CapJson {
        most: it.most.units(),
        spent: it.spent.units(),
        since: it.since.millis(),
        until: it.until.millis(),
    };
    CapsJson {
        zone: caps.zone.to_string(),
        held: caps.held.units(),
        day: caps.day.as_ref().map(cap),
        month: caps.month.as_ref().map(cap),
    }
}

pub(super) fn from_json(json: &CapsJson) -> Box<Caps> {
    let cap = |it: &CapJson| Cap {
        most: Amount::from_units(it.most),
        spent: Amount::from_units(it.spent),
        since: Timestamp::from_millis(it.since),
        until: Timestamp::from_millis(it.until),
    };
    Box::new(Caps {
        // A name that this version's calendar does not know any more is kept as it is.
        zone: windows::zone_named(&json.zone).unwrap_or_else(|| json.zone.as_str().into()),
        held: Amount::from_units(json.held),
        day: json.day.as_ref().map(cap),
        month: json.month.as_ref().map(cap),
    })
}

pub(super) fn encode(caps: &Caps) -> String {
    // Texts and integers alone always have a JSON text.
    serde_json::to_string(&to_json(caps)).unwrap_or_default()
}

/// `None` for a text that `encode` did not write.
pub(super) fn decode(text: &str) -> Option<Box<Caps>> {
    serde_json::from_str(text).ok().map(|json| from_json(&json))
}

/// The end of a window between two that can be proven: when it really turned, nothing asks any more.
const UNKNOWN: Timestamp = Timestamp::from_millis(i64::MAX);

/// By how much the end of a window may differ from today's calendar: a newer one may have moved the clocks of a zone by
/// some hours since the window was opened.
const MOVED_MAX_MS: i64 = 3 * 60 * 60 * 1_000;

/// What a line takes or gives back, counted for the caps of the account that caused it. The windows are those of the
/// journal's own records and of the account's row: the calendar of this version may not be that of then. What the row
/// says of its window is held against the calendar when it begins.
pub(super) fn count(
    caps: &Caps,
    row: Option<&Caps>,
    line: &Line,
    charged_at: Option<Timestamp>,
) -> Result<Box<Caps>, String> {
    let mut caps = caps.clone();
    for (period, cap) in [(Period::Day, &mut caps.day), (Period::Month, &mut caps.month)] {
        let Some(cap) = cap else { continue };
        let last = row.and_then(|it| it.of(period)).filter(|it| it.since > cap.since && it.since <= line.at);
        if let Some(last) = last {
            let until = end_then(&caps.zone, period, last, row, line.at)?;
            *cap = Cap { most: cap.most, spent: Amount::ZERO, since: last.since, until };
        } else if line.at >= cap.until {
            *cap = Cap { most: cap.most, spent: Amount::ZERO, since: line.at, until: UNKNOWN };
        }
    }
    caps.counted(line, charged_at).map(Box::new).ok_or_else(|| "its sums do not fit".to_owned())
}

/// Caps as the journal leads to, but for windows that it cannot tell: those are as something else says.
pub(super) fn in_windows_of(is: &Caps, says: &Caps) -> Caps {
    let cap = |is: &Option<Cap>, says: &Option<Cap>| match (is, says) {
        (Some(is), Some(says)) if is.until == UNKNOWN => Some(Cap { most: is.most, ..*says }),
        (is, _) => *is,
    };
    Caps { day: cap(&is.day, &says.day), month: cap(&is.month, &says.month), ..is.clone() }
}

/// When the window that the row is in was to end at a line in it, when the account went by `zone`. The row says that unless
/// the account has gone by another time zone since, even if it is back in this one: a window that goes on ends with the day
/// or the month of the new zone.
fn end_then(
    zone: &str,
    period: Period,
    last: &Cap,
    row: Option<&Caps>,
    at: Timestamp,
) -> Result<Timestamp, String> {
    let Some(window) = windows::of(zone, at).map(|it| it.of(period)) else { return Ok(last.until) };
    if last.since != window.start {
        return Err(format!("it counts for a cap whose {period:?} is none of {zone}"));
    }
    let differs_ms = last.until.millis().abs_diff(window.end.millis());
    let is_of_row = row.is_some_and(|it| *it.zone == *zone) && differs_ms <= MOVED_MAX_MS.unsigned_abs();
    Ok(if is_of_row { last.until } else { window.end })
}

/// What a record says of caps must be what the lines before it lead to. `held` is the sum of the account's open holds.
pub(super) fn prove_record(
    before: Option<&Caps>,
    line: &Line,
    account: &Account,
    held: Amount,
) -> Result<(), String> {
    let Some(after) = account.caps.as_deref() else { return Ok(()) };
    if after.held != held {
        return Err(format!("its record counts {} held for a cap, the journal leads to {held}", after.held));
    }
    if line.kind == Kind::Open {
        return Ok(());
    }
    for (period, cap) in after.each() {
        let leads = match before.and_then(|it| it.of(period)) {
            // Set by this line.
            None => Some(Amount::ZERO),
            Some(was) if was.until == UNKNOWN => None,
            Some(was) if was.since == cap.since => Some(was.spent),
            // Turned by this line.
            Some(_) => Some(Amount::ZERO),
        };
        if leads.is_some_and(|it| it != cap.spent) {
            return Err(format!(
                "its record counts {} for a cap, the journal leads to another sum",
                cap.spent
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_read_back_as_they_are_written() {
        let [most, spent, held] = [5, 4, 3].map(Amount::from_units);
        let [since, until] = [1, 2].map(Timestamp::from_millis);
        let day = Some(Cap { most, spent, since, until });
        for (day, month) in [(None, None), (day, None), (None, day), (day, day)] {
            let caps = Caps { zone: "Europe/Rome".into(), held, day, month };
            assert_eq!(decode(&encode(&caps)), Some(Box::new(caps)));
        }
        assert_eq!(decode("{}"), None);
    }
}
