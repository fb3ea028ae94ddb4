//! Events: the query of their list, and the list.

use std::borrow::Cow;

use ledger::{EventId, EventKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::error::Failure;
use super::Text;
use super::bodies::limit;
use super::members::Members;
use super::schema::{AccountAsked, LimitAsked, words_or_null};
use crate::app::Logged;
use crate::http::Incoming;
use crate::notice::{self, Notice};

pub(in super::super) const NO_EVENT: &str =
    "must be the id of an event, such as the `next` of the page before";

/// The query of `GET /api/v1/events`.
#[derive(JsonSchema)]
pub(in super::super) struct EventsQuery {
    /// Where to go on: the id of an event that the caller may see, such as the `next` of the page before. Without it, the first
    /// event that there ever was.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub(in super::super) after: Option<EventId>,
    /// Only those of this type.
    #[schemars(rename = "type", with = "Option<String>", extend("enum" = words_or_null(notice::names())))]
    pub(in super::super) kind: Option<EventKind>,
    /// Only those of this account.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) account: Option<String>,
    /// The most events of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl EventsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let after = members.parsed("after", NO_EVENT);
        let kind = members.one_of("type", notice::names());
        let account = members.text("account").map(Cow::into_owned);
        let limit = limit(&mut members);
        members.finish(Some(Self { after, kind, account, limit }))
    }
}

/// A page of events, oldest first.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct EventsPage<'a> {
    /// The events.
    events: Vec<Notice<'a>>,
    /// Where to go on, now or later: after the last event of the page, or where it was asked for if there is none. Null
    /// while there was never any.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    next: Option<Text<EventId>>,
    /// Whether there are more already.
    more: bool,
}

impl<'a> EventsPage<'a> {
    /// Of one event more than the page has, if there is one.
    pub(in super::super) fn new(events: &'a [Logged], after: Option<EventId>, limit: usize) -> Self {
        let page = events.get(..limit).unwrap_or(events);
        Self {
            next: page.last().map(|it| it.id).or(after).map(Text),
            more: events.len() > limit,
            events: page.iter().map(Notice::new).collect(),
        }
    }
}
