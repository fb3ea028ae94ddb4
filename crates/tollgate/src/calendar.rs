//! The calendar: days and months of time zones, by the tz database that is compiled in, so that every server counts the
//! same.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Timestamp;

/// A time zone of the tz database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A day of the calendar, whatever the time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(Date);

/// A text that names no day, month or zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInCalendar;

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Its name, as the database spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day that it is there.
    pub fn day(&self, at: Timestamp) -> Day {
        // What is beyond the calendar's 9,999 years is no time of a journal.
        let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX);
        Day(self.0.to_datetime(at).date())
    }

    /// When a day begins there: at midnight, or after it where the clocks skip that. `None` at the end of the calendar.
    pub fn start_of(&self, day: Day) -> Option<Timestamp> {
        let start = day.0.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
    }

    /// The month that it is there.
    pub fn month(&self, at: Timestamp) -> Month {
        Month(self.day(at).0.first_of_month())
    }

    /// When a month begins there, and the one after it. `None` at the end of the calendar.
    pub fn span_of(&self, month: Month) -> Option<(Timestamp, Timestamp)> {
        let next = month.0.last_of_month().tomorrow().ok()?;
        Some((self.start_of(Day(month.0))?, self.start_of(Day(next))?))
    }
}

impl Day {
    /// The day after it; `None` at the end of the calendar.
    pub fn next(self) -> Option<Self> {
        self.0.tomorrow().ok().map(Self)
    }
}

impl FromStr for Zone {
    type Err = NotInCalendar;

    fn from_str(text: &str) -> Result<Self, NotInCalendar> {
        let zone = TimeZone::get(text).map_err(|_| NotInCalendar)?;
        // Which the database has for a time zone that nobody knows.
        if zone.is_unknown() { Err(NotInCalendar) } else { Ok(Self(zone)) }
    }
}

impl FromStr for Day {
    type Err = NotInCalendar;

    /// Reads `2026-02-28` and nothing else.
    fn from_str(text: &str) -> Result<Self, NotInCalendar> {
        let shape = text.len() == 10 && text.bytes().all(|it| it == b'-' || it.is_ascii_digit());
        let date = text.parse().ok().filter(|_| shape);
        date.map(Self).ok_or(NotInCalendar)
    }
}

impl FromStr for Month {
    type Err = NotInCalendar;

    /// Reads `2026-02` and nothing else.
    fn from_str(text: &str) -> Result<Self, NotInCalendar> {
        let first: Day = format!("{text}-01").parse()?;
        Ok(Self(first.0))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_month_begins_at_local_midnight_in_summer_and_in_winter() {
        for (name, month, from, to) in [
            ("UTC", "2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("Europe/Rome", "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            ("Europe/Rome", "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
            ("Pacific/Auckland", "2026-04", "2026-03-31T11:00:00Z", "2026-04-30T12:00:00Z"),
            ("Pacific/Auckland", "2026-09", "2026-08-31T12:00:00Z", "2026-09-30T11:00:00Z"),
            ("Asia/Kathmandu", "2026-02", "2026-01-31T18:15:00Z", "2026-02-28T18:15:00Z"),
            // Where midnight of the first is skipped, it begins an hour later.
            ("Asia/Amman", "2022-04", "2022-03-31T21:00:00Z", "2022-04-30T21:00:00Z"),
        ] {
            let month: Month = month.parse().unwrap();
            assert_eq!(zone(name).span_of(month), Some((utc(from), utc(to))), "{name} {month}");
        }
    }

    #[test]
    fn a_day_is_the_one_on_the_clocks_there() {
        let at = utc("2026-03-31T11:30:00Z");
        assert_eq!(zone("Pacific/Auckland").day(at).to_string(), "2026-04-01");
        assert_eq!(zone("Pacific/Auckland").month(at).to_string(), "2026-04");
        assert_eq!(zone("europe/rome").day(at).to_string(), "2026-03-31");
        assert_eq!(zone("europe/rome").name(), "Europe/Rome");
        assert_eq!(Zone::UTC, zone("UTC"));
        assert_eq!(Zone::UTC.name(), "UTC");
    }

    #[test]
    fn what_is_not_in_the_calendar_is_not_read() {
        for text in ["", "Rome", "Etc/Unknown", "+01:00", "Europe/Rome "] {
            assert_eq!(text.parse::<Zone>(), Err(NotInCalendar), "{text:?}");
        }
        for text in ["2026-02-29", "2026-2-01", "20260201", "2026-02-01T00", "-002026-02-01"] {
            assert_eq!(text.parse::<Day>(), Err(NotInCalendar), "{text:?}");
        }
        for text in ["2026-13", "2026-00", "2026-1", "2026", "2026-02-01", ""] {
            assert_eq!(text.parse::<Month>(), Err(NotInCalendar), "{text:?}");
        }
    }
}
