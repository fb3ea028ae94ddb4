//! The windows of spending caps: the day and the month that it is in a time zone.
//!
//! The rules of all zones are compiled in, so that every machine counts alike, whatever is installed on it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use ledger::{Timestamp, Window, Windows};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The names that were asked for, each once, so that a million accounts in one zone share its name.
static NAMES: LazyLock<Mutex<HashSet<Arc<str>>>> = LazyLock::new(Mutex::default);

/// The name of a time zone as IANA writes it, however its letters were given; `None` where there is no such zone.
pub fn zone_named(name: &str) -> Option<Arc<str>> {
    let zone = ZONES.get(name).ok()?;
    let name = zone.iana_name()?;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known.clone());
    }
    let name: Arc<str> = name.into();
    names.insert(name.clone());
    Some(name)
}

/// The names of all time zones.
pub fn zone_names() -> Vec<String> {
    ZONES.available().map(|it| it.as_str().to_owned()).collect()
}

/// The day and the month that a moment is in; `None` where there is no such zone.
pub fn of(zone: &str, at: Timestamp) -> Option<Windows> {
    let zone = ZONES.get(zone).ok()?;
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let date = at.to_zoned(zone.clone()).date();
    let day = window(&zone, at, date, |it| it.tomorrow().ok())?;
    let month = window(&zone, at, date.first_of_month(), |it| it.last_of_month().tomorrow().ok())?;
    Some(Windows { day, month })
}

/// The window of a moment: from the first moment of a date to that of the next one, `first` being its own or the one
/// before. It is the one before where a clock was put back over midnight and the date begins for the second time.
fn window(
    zone: &TimeZone,
    at: jiff::Timestamp,
    mut first: Date,
    next: impl Fn(Date) -> Option<Date>,
) -> Option<Window> {
    loop {
        let after = next(first)?;
        let (start, end) = (first_moment(zone, first)?, first_moment(zone, after)?);
        if at < end {
            let [start, end] = [start, end].map(|it| Timestamp::from_millis(it.as_millisecond()));
            return Some(Window { start, end });
        }
        first = after;
    }
}

/// When a date begins: at midnight, the first one where there are two, and where there is none at the next moment that
/// there is.
fn first_moment(zone: &TimeZone, date: Date) -> Option<jiff::Timestamp> {
    let zoned = date.to_zoned(zone.clone()).ok()?;
    Some(zoned.start_of_day().ok()?.timestamp())
}

/// The windows of the zones that were asked for, as long as they last.
#[derive(Debug, Default)]
pub struct Calendar(HashMap<Arc<str>, Windows>);

impl Calendar {
    /// As [`of`], looked up anew only when one of the two is over.
    pub fn windows(&mut self, zone: &Arc<str>, at: Timestamp) -> Option<Windows> {
        let holds = |it: &Window| it.start <= at && at < it.end;
        if let Some(known) = self.0.get(zone).filter(|it| holds(&it.day) && holds(&it.month)) {
            return Some(*known);
        }
        let found = of(zone, at)?;
        self.0.insert(zone.clone(), found);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn text(at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.millis()).unwrap().to_string()
    }

    /// The day of a moment, and how many hours it has.
    fn day(zone: &str, moment: &str) -> String {
        let Window { start, end } = of(zone, at(moment)).unwrap().day;
        let minutes = (end.millis() - start.millis()) / 60_000;
        format!("{} {}:{:02}h", text(start), minutes / 60, minutes % 60)
    }

    #[test]
    fn a_day_has_the_hours_that_the_clocks_give_it() {
        for (zone, moment, is) in [
            ("UTC", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z 24:00h"),
            ("Europe/Rome", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z 23:00h"),
            ("Europe/Rome", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z 25:00h"),
            ("Europe/Rome", "2026-10-25T22:59:59.999Z", "2026-10-24T22:00:00Z 25:00h"),
            ("Europe/Rome", "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z 24:00h"),
            ("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z 23:00h"),
            ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z 25:00h"),
            ("Pacific/Auckland", "2026-04-04T20:00:00Z", "2026-04-04T11:00:00Z 25:00h"),
            ("Pacific/Auckland", "2026-09-26T20:00:00Z", "2026-09-26T12:00:00Z 23:00h"),
            ("Australia/Lord_Howe", "2026-10-03T20:00:00Z", "2026-10-03T13:30:00Z 23:30h"),
            // No midnight on the day on which summer begins: the day begins at one o'clock.
            ("Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z 23:00h"),
            ("America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z 23:00h"),
            ("Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z 23:00h"),
            // And two on the day on which it ends in Havana, while Santiago has its last hour of Saturday twice.
            ("America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z 25:00h"),
            ("America/Santiago", "2026-04-04T12:00:00Z", "2026-04-04T03:00:00Z 25:00h"),
            ("America/Santiago", "2026-04-05T03:30:00Z", "2026-04-04T03:00:00Z 25:00h"),
            // A date that never was: Samoa went from the 29th to the 31st.
            ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z 24:00h"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z 24:00h"),
            // Clocks that went back over midnight: what was Saturday again is of the Sunday that had begun.
            ("America/Goose_Bay", "2010-11-07T02:30:00Z", "2010-11-06T03:00:00Z 24:00h"),
            ("America/Goose_Bay", "2010-11-07T03:30:00Z", "2010-11-07T03:00:00Z 25:00h"),
        ] {
            assert_eq!(day(zone, moment), is, "{zone} {moment}");
        }
    }

    #[test]
    fn a_month_is_one_of_the_zone() {
        let month = |zone, moment| {
            let Window { start, end } = of(zone, at(moment)).unwrap().month;
            format!("{} {}", text(start), text(end))
        };
        assert_eq!(month("Europe/Rome", "2026-03-31T21:59:59Z"), "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
        assert_eq!(month("Europe/Rome", "2026-03-31T22:00:00Z"), "2026-03-31T22:00:00Z 2026-04-30T22:00:00Z");
        assert_eq!(
            month("Pacific/Auckland", "2026-12-31T10:59:59Z"),
            "2026-11-30T11:00:00Z 2026-12-31T11:00:00Z"
        );
        assert_eq!(
            month("America/New_York", "2028-02-29T12:00:00Z"),
            "2028-02-01T05:00:00Z 2028-03-01T05:00:00Z"
        );
    }

    /// Each begins where the one before it ends, and a moment is in the one that it is said to be in: in every zone that
    /// there is, over two years, at each turn and around noon.
    #[test]
    fn days_and_months_follow_each_other_in_every_zone() {
        let names = zone_names();
        assert!(names.len() > 400, "{} zones", names.len());
        for zone in names {
            let mut before = of(&zone, at("2025-12-31T12:00:00Z")).unwrap();
            while before.day.end < at("2028-01-01T00:00:00Z") {
                let start = before.day.end;
                let now = of(&zone, start).unwrap();
                assert_eq!(now.day.start, start, "{zone} {}", text(start));
                assert_eq!(of(&zone, start.plus_millis(-1)), Some(before), "{zone} {}", text(start));
                let is_first = now.month != before.month;
                assert!(
                    !is_first || (now.month.start, before.month.end) == (start, start),
                    "{zone} {}",
                    text(start)
                );
                let hours = (now.day.end.millis() - start.millis()) / 3_600_000;
                assert!((22..=26).contains(&hours), "{zone} {} has {hours} hours", text(start));
                before = now;
            }
        }
    }

    #[test]
    fn a_zone_is_found_by_its_name_in_whatever_letters_and_nothing_else_is_one() {
        assert_eq!(zone_named("europe/ROME").as_deref(), Some("Europe/Rome"));
        assert_eq!(zone_named("UTC").as_deref(), Some("UTC"));
        let [one, other] = [zone_named("Asia/Tokyo"), zone_named("asia/tokyo")].map(Option::unwrap);
        assert!(Arc::ptr_eq(&one, &other), "it is kept once");
        for other in ["", "Atlantis", "Europe/Rome ", "CET-1CEST", "+01:00", "../etc/passwd", "local"] {
            assert_eq!(zone_named(other), None, "{other:?}");
            assert_eq!(of(other, Timestamp::default()), None, "{other:?}");
        }
    }

    #[test]
    fn the_calendar_of_the_writer_says_the_same() {
        let mut calendar = Calendar::default();
        let zone: Arc<str> = "Europe/Rome".into();
        for moment in [
            "2026-03-28T12:00:00Z",
            "2026-03-28T22:59:59.999Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            "2026-03-31T22:00:00Z",
            "2026-03-28T12:00:00Z",
        ] {
            assert_eq!(calendar.windows(&zone, at(moment)), of(&zone, at(moment)), "{moment}");
        }
        assert_eq!(calendar.windows(&"Atlantis".into(), at("2026-03-28T12:00:00Z")), None);
    }
}
