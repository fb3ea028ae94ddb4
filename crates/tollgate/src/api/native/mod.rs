//! The native API: `/api/v1`, JSON in and out, amounts as decimal strings, RFC 9457 problems.
//!
//! Reading order: [`routes`] is the table; `handlers` read, call and render, a file for each noun; `wire` reads bodies
//! and queries (strictly: a member that is not known is refused by name) and spells records; `error` spells what goes
//! wrong; `openapi` describes all of it.
//!
//! **Invariant:** no rule is decided here. Who may do what, and whether the money is there, the ledger says.

mod error;
mod handlers;
mod openapi;
mod wire;

use axum::body::Bytes;
use axum::response::Response;
use axum::routing::MethodFilter;

use self::error::{Code, Problem};
#[cfg(test)]
pub(super) use self::error::{codes, said};
use self::handlers::{
    accounts, audit, batches, charges, credentials, docs, drills, events, health, holds, numbers, prices,
    tokens, usage, webhooks,
};
use crate::api::{Route, Who};
use crate::http::Incoming;

/// The table of this API's routes.
pub fn routes() -> Vec<Route> {
    const GET: MethodFilter = MethodFilter::GET;
    const POST: MethodFilter = MethodFilter::POST;
    const DELETE: MethodFilter = MethodFilter::DELETE;
    const CREDENTIALS: &str = "/api/v1/accounts/{account}/credentials";
    vec![
        Route::new(GET, "/healthz", Who::Anyone, health::healthz),
        Route::new(GET, "/readyz", Who::Anyone, health::readyz),
        Route::new(POST, "/api/v1/accounts", Who::OperatorOrAccount, accounts::open),
        Route::new(GET, "/api/v1/accounts", Who::OperatorOrAccount, accounts::list),
        Route::new(GET, "/api/v1/accounts/{account}", Who::OperatorOrAccount, accounts::get),
        Route::new(
            MethodFilter::PATCH,
            "/api/v1/accounts/{account}",
            Who::OperatorOrAccount,
            accounts::change,
        ),
        Route::new(POST, "/api/v1/accounts/{account}/close", Who::OperatorOrAccount, accounts::close),
        Route::new(GET, CREDENTIALS, Who::OperatorOrAccount, credentials::list),
        Route::new(POST, CREDENTIALS, Who::OperatorOrAccount, credentials::add),
        Route::new(
            POST,
            "/api/v1/accounts/{account}/credentials/rotate",
            Who::OperatorOrAccount,
            credentials::rotate,
        ),
        Route::new(
            DELETE,
            "/api/v1/accounts/{account}/credentials/{credential}",
            Who::OperatorOrAccount,
            credentials::revoke,
        ),
        Route::new(POST, "/api/v1/accounts/{account}/payments", Who::Operator, accounts::pay),
        Route::new(POST, "/api/v1/accounts/{account}/transfers", Who::OperatorOrAccount, accounts::transfer),
        Route::new(GET, "/api/v1/accounts/{account}/postings", Who::OperatorOrAccount, accounts::postings),
        Route::new(
            GET,
            "/api/v1/accounts/{account}/statements/{month}",
            Who::OperatorOrAccount,
            usage::statement,
        ),
        Route::new(GET, "/api/v1/usage", Who::OperatorOrAccount, usage::usage),
        Route::new(GET, "/api/v1/accounts/{account}/refusals", Who::OperatorOrAccount, audit::refusals),
        Route::new(GET, "/api/v1/audit", Who::OperatorOrAccount, audit::list),
        Route::new(POST, "/api/v1/charges", Who::OperatorOrGate, charges::charge),
        Route::new(POST, "/api/v1/charges/batch", Who::OperatorOrGate, batches::batch),
        Route::new(POST, "/api/v1/charges/{id}/reverse", Who::OperatorOrGate, charges::reverse),
        Route::new(POST, "/api/v1/holds", Who::OperatorOrGate, holds::place),
        Route::new(GET, "/api/v1/holds", Who::OperatorOrGate, holds::list),
        Route::new(GET, "/api/v1/holds/{id}", Who::OperatorOrGate, holds::get),
        Route::new(POST, "/api/v1/holds/{id}/settle", Who::OperatorOrGate, holds::settle),
        Route::new(POST, "/api/v1/holds/{id}/release", Who::OperatorOrGate, holds::release),
        Route::new(POST, "/api/v1/holds/{id}/extend", Who::OperatorOrGate, holds::extend),
        Route::new(GET, "/api/v1/events", Who::OperatorOrAccount, events::list),
        Route::new(POST, "/api/v1/webhooks", Who::OperatorOrAccount, webhooks::make),
        Route::new(GET, "/api/v1/webhooks", Who::OperatorOrAccount, webhooks::list),
        Route::new(GET, "/api/v1/webhooks/{id}", Who::OperatorOrAccount, webhooks::get),
        Route::new(MethodFilter::PATCH, "/api/v1/webhooks/{id}", Who::OperatorOrAccount, webhooks::change),
        Route::new(POST, "/api/v1/webhooks/{id}/rotate", Who::OperatorOrAccount, webhooks::rotate),
        Route::new(DELETE, "/api/v1/webhooks/{id}", Who::OperatorOrAccount, webhooks::delete),
        Route::new(GET, "/api/v1/webhooks/{id}/deliveries", Who::OperatorOrAccount, webhooks::deliveries),
        Route::new(
            POST,
            "/api/v1/webhooks/{id}/deliveries/{event}/resend",
            Who::OperatorOrAccount,
            webhooks::resend,
        ),
        Route::new(GET, "/api/v1/price-plans", Who::Operator, prices::list),
        Route::new(MethodFilter::PUT, "/api/v1/price-plans/{name}", Who::Operator, prices::put),
        Route::new(GET, "/api/v1/price-plans/{name}", Who::Operator, prices::get),
        Route::new(POST, "/api/v1/price-plans/{name}/try", Who::Operator, prices::attempt),
        Route::new(POST, "/api/v1/drills", Who::Operator, drills::make),
        Route::new(POST, "/api/v1/numbers", Who::Operator, numbers::add),
        Route::new(GET, "/api/v1/numbers", Who::Operator, numbers::list),
        Route::new(DELETE, "/api/v1/numbers/{country}/{msisdn}", Who::Operator, numbers::withdraw),
        Route::new(POST, "/api/v1/tokens", Who::Operator, tokens::make),
        Route::new(GET, "/api/v1/tokens", Who::Operator, tokens::list),
        Route::new(DELETE, "/api/v1/tokens/{id}", Who::Operator, tokens::revoke),
        Route::new(GET, "/api/v1/openapi.json", Who::Anyone, docs::document),
        Route::new(GET, "/docs", Who::Anyone, docs::page),
        Route::new(GET, "/docs/style.css", Who::Anyone, docs::style),
    ]
}

/// The OpenAPI document of this API, as JSON.
pub fn openapi() -> Bytes {
    openapi::text()
}

/// Whether what goes wrong at a path is to be answered in this API's words.
pub fn speaks(path: &str) -> bool {
    let is_below = |root| path.strip_prefix(root).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    is_below("/api") || is_below("/docs") || path == "/healthz" || path == "/readyz"
}

/// 404 for a path that there is not.
pub fn not_found(incoming: &Incoming) -> Response {
    let detail = "There is nothing at this path. Check its spelling; the native API is at /api/v1.";
    Problem::new(Code::NotFound, detail).response(incoming)
}

/// 405 for a path that there is, with the methods that it is served with.
pub fn wrong_method(incoming: &Incoming, allow: &str) -> Response {
    let detail = format!("{} is not served here; this path takes {allow}.", incoming.method);
    Problem::new(Code::MethodNotAllowed, detail).allowing(allow).response(incoming)
}
