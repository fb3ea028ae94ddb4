//! The time zone whose days and months a page counts by: UTC, until the reader says another one.

use ledger::Timestamp;

use super::visit::Form;
use crate::app::is_edge;
use crate::calendar::{Month, Zone};

/// A time zone, and what was said of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) zone: Zone,
    pub(super) problem: Option<String>,
    text: String,
}

impl Asked {
    pub(super) fn read(form: &Form) -> Self {
        let text = form.text("zone").to_owned();
        match text.parse() {
            Ok(zone) => Self { zone, text, problem: None },
            Err(_) if text.is_empty() => Self { zone: Zone::UTC, text, problem: None },
            Err(_) => {
                let problem = "There is no such time zone, so this is in UTC. Write it like Europe/Rome.";
                Self { zone: Zone::UTC, text, problem: Some(problem.to_owned()) }
            }
        }
    }

    /// What was filled in, or what holds.
    pub(super) fn shown(&self) -> &str {
        if self.text.is_empty() { self.zone.name() } else { &self.text }
    }

    /// Its name where it is not what holds anyway.
    pub(super) fn name(&self) -> Option<&str> {
        Some(self.zone.name()).filter(|_| self.zone != Zone::UTC)
    }

    /// What an address says of it, after its `?`; empty for UTC.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        self.name().map_or_else(String::new, |it| query.append_pair("zone", it).finish())
    }

    /// Where a month that is asked for lies; the one that it is now where none is, or one that sums cannot be made of.
    pub(super) fn month(
        &self,
        asked: Option<Month>,
        now: Timestamp,
    ) -> Option<(Month, Timestamp, Timestamp)> {
        let current = self.zone.month(now);
        let spans = [asked, Some(current)].into_iter().flatten().map(|it| (it, span(&self.zone, it)));
        spans.filter_map(|(month, span)| span.map(|(from, to)| (month, from, to))).next()
    }
}

/// When a month begins and ends, where sums can be made of it.
pub(super) fn span(zone: &Zone, month: Month) -> Option<(Timestamp, Timestamp)> {
    zone.span_of(month).filter(|(from, to)| is_edge(*from) && is_edge(*to))
}
