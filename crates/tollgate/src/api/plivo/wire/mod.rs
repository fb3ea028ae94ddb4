//! The arguments of requests in, the objects of answers out.

mod answer;
mod owned;
mod request;

use axum::http::HeaderValue;
use ledger::Timestamp;

pub(super) use answer::{
    AccountObject, Bought, Changed, Created, EndpointCreated, Made, Page, SubaccountObject, answered,
};
pub(super) use owned::{ApplicationObject, EndpointObject, NumberObject, StockObject};
pub(super) use request::{Args, md5};

/// The type of every answer, 204 included.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The calendar day in UTC: `2026-01-31`.
fn day(at: Timestamp) -> String {
    // Beyond the year 9999 there is no such text; the journal's clock never goes there.
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d").to_string()
}
