//! What the lists of postings, tokens and price plans are asked for.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{LineId, Timestamp, TokenId};
use schemars::JsonSchema;

use super::super::error::Failure;
use super::bodies::{NO_CURSOR, SCOPES, cursor, limit};
use super::members::Members;
use super::records::POSTINGS;
use super::schema::{CurrencyAsked, CursorAsked, LimitAsked, TimeAsked, words_or_null};
use crate::app::{PlanFilter, PostingFilter, TokenFilter};
use crate::http::Incoming;

const LIVES: [(&str, bool); 2] = [("live", true), ("revoked", false)];

/// The query of `GET /api/v1/accounts/{account}/postings`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the members of the filter are described one by one")]
pub(in super::super) struct PostingsQuery {
    /// Only those that record this.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&POSTINGS)))]
    kind: (),
    /// Only those of this operation.
    #[schemars(with = "Option<String>")]
    operation: (),
    /// Only those with exactly this reference.
    #[schemars(with = "Option<String>")]
    reference: (),
    /// Only those that were booked at this time or after it.
    #[schemars(with = "Option<TimeAsked>")]
    from: (),
    /// Only those that were booked before this time.
    #[schemars(rename = "to", with = "Option<TimeAsked>")]
    pub(in super::super) filter: PostingFilter,
    /// Where the page begins.
    #[schemars(rename = "cursor", with = "Option<CursorAsked>")]
    pub(in super::super) before: Option<LineId>,
    /// The most postings of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl PostingsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let filter = PostingFilter {
            kind: members.one_of("kind", &POSTINGS),
            operation: members.kept("operation"),
            reference: members.kept("reference"),
            from: time(&mut members, "from"),
            to: time(&mut members, "to"),
        };
        let before = cursor(&mut members).map(|it| LineId::from_bytes(it.0));
        let limit = limit(&mut members);
        let (kind, operation, reference, from) = ((), (), (), ());
        members.finish(Some(Self { kind, operation, reference, from, filter, before, limit }))
    }
}

/// The query of `GET /api/v1/tokens`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the members of the filter are described one by one")]
pub(in super::super) struct TokensQuery {
    /// Only those of this scope.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&SCOPES)))]
    scope: (),
    /// Only those that live, or only those that are revoked.
    #[schemars(rename = "status", with = "Option<&'static str>", extend("enum" = words_or_null(&LIVES)))]
    pub(in super::super) filter: TokenFilter,
    /// Only those that are, or only those that are not, restricted.
    #[schemars(with = "Option<bool>")]
    restricted: (),
    /// Where the page begins.
    #[schemars(rename = "cursor", with = "Option<CursorAsked>")]
    pub(in super::super) after: Option<TokenId>,
    /// The most tokens of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl TokensQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let filter = TokenFilter {
            is_gate: members.one_of("scope", &SCOPES),
            lives: members.one_of("status", &LIVES),
            is_restricted: members.flag("restricted"),
        };
        let after = cursor(&mut members).map(|it| TokenId::from_bytes(it.0));
        let limit = limit(&mut members);
        members.finish(Some(Self { scope: (), filter, restricted: (), after, limit }))
    }
}

/// The query of `GET /api/v1/price-plans`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the members of the filter are described one by one")]
pub(in super::super) struct PlansQuery {
    /// Only those of this currency.
    #[schemars(with = "Option<CurrencyAsked>")]
    currency: (),
    /// Only those that are, or only those that are not, the plan of primary accounts that are assigned none.
    #[schemars(rename = "default", with = "Option<bool>")]
    pub(in super::super) filter: PlanFilter,
    /// Where the page begins: the `next` of the page before.
    #[schemars(rename = "cursor", with = "Option<String>")]
    pub(in super::super) after: Option<Box<str>>,
    /// The most plans of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl PlansQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let filter = PlanFilter {
            currency: members.parsed("currency", "must be three capital letters such as \"EUR\""),
            is_default: members.flag("default"),
        };
        let after = members.parsed::<NameCursor>("cursor", NO_CURSOR).map(|it| it.0);
        let limit = limit(&mut members);
        members.finish(Some(Self { currency: (), filter, after, limit }))
    }
}

/// The name of the last entry of a page, for the next one to go on from; callers look not inside.
struct NameCursor(Box<str>);

impl FromStr for NameCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        let name = String::from_utf8(bytes).map_err(|_| ())?;
        if ledger::text::is_plan_name(&name) { Ok(Self(name.into())) } else { Err(()) }
    }
}

/// The cursor behind an entry of this name.
pub(super) fn behind(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// A time of a query.
pub(super) fn time(members: &mut Members<'_>, name: &'static str) -> Option<Timestamp> {
    let time: Option<jiff::Timestamp> =
        members.parsed(name, "must be a time such as \"2026-01-31T23:59:59Z\" (RFC 3339)");
    time.map(|it| Timestamp::from_millis(it.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_a_name_reads_back_and_no_other_text_does() {
        let read = |text: &str| text.parse::<NameCursor>().map(|it| it.0);
        assert_eq!(read(&behind("standard-eur")).as_deref(), Ok("standard-eur"));
        for garbage in ["", "!", "standard-eur=", &behind("No Plan"), &behind("")] {
            assert!(read(garbage).is_err(), "{garbage:?}");
        }
    }
}
