//! The Vonage Subaccounts API, and its neighbours that subaccounts need: secrets and, of the rest host, balance,
//! settings and numbers. What it takes and answers, how near that is to Vonage's, and what was chosen here:
//! `docs/vonage.md`.

mod error;
mod handlers;
mod wire;

use axum::http::HeaderValue;
use axum::http::header::ALLOW;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use ledger::TransferKind::{self, Balance, Credit};

#[cfg(test)]
pub(super) use self::error::{rest::said as said_by_rest, said};
use crate::api::{Asked, Route, Who};
use crate::http::Incoming;
use handlers::{Call, balance, numbers, secrets, settings, subaccounts, transfers};

/// What this dialect serves.
pub fn routes() -> Vec<Route> {
    const LIST: &str = "/accounts/{api_key}/subaccounts";
    const ONE: &str = "/accounts/{api_key}/subaccounts/{subaccount_key}";
    const NUMBER: &str = "/accounts/{api_key}/transfer-number";
    const SECRETS: &str = "/accounts/{api_key}/secrets";
    const SECRET: &str = "/accounts/{api_key}/secrets/{secret_id}";
    const TOP_UP: &str = "/account/top-up";
    let mut routes = vec![
        Route::new(MethodFilter::GET, LIST, Who::Account, subaccounts::list),
        Route::new(MethodFilter::POST, LIST, Who::Account, subaccounts::create),
        Route::new(MethodFilter::GET, ONE, Who::Account, subaccounts::get),
        Route::new(MethodFilter::PATCH, ONE, Who::Account, subaccounts::modify),
        Route::new(MethodFilter::POST, NUMBER, Who::Account, numbers::transfer),
        Route::new(MethodFilter::GET, SECRETS, Who::Account, secrets::list),
        Route::new(MethodFilter::POST, SECRETS, Who::Account, secrets::create),
        Route::new(MethodFilter::GET, SECRET, Who::Account, secrets::get),
        Route::new(MethodFilter::DELETE, SECRET, Who::Account, secrets::revoke),
        Route::new(MethodFilter::GET, "/account/get-balance", Who::Account, balance::get),
        Route::new(MethodFilter::POST, TOP_UP, Who::Account, balance::top_up),
        // As the .NET SDK asks.
        Route::new(MethodFilter::GET, TOP_UP, Who::Account, balance::top_up),
        Route::new(MethodFilter::POST, "/account/settings", Who::Account, settings::change),
        Route::new(MethodFilter::GET, "/account/numbers", Who::Account, numbers::owned),
        Route::new(MethodFilter::GET, "/number/search", Who::Account, numbers::search),
        Route::new(MethodFilter::POST, "/number/buy", Who::Account, numbers::buy),
        Route::new(MethodFilter::POST, "/number/cancel", Who::Account, numbers::cancel),
        Route::new(MethodFilter::POST, "/number/update", Who::Account, numbers::update),
    ];
    routes.extend(transfer_routes(
        Credit,
        "/accounts/{api_key}/credit-transfers",
        "/accounts/{api_key}/credit-transfers/{transfer_id}",
    ));
    routes.extend(transfer_routes(
        Balance,
        "/accounts/{api_key}/balance-transfers",
        "/accounts/{api_key}/balance-transfers/{transfer_id}",
    ));
    routes
}

/// Balance and credit are moved and listed alike.
fn transfer_routes(kind: TransferKind, list: &'static str, one: &'static str) -> [Route; 3] {
    [
        Route::new(MethodFilter::GET, list, Who::Account, async move |app: Asked, call: Call| {
            transfers::list(app, call, kind).await
        }),
        Route::new(MethodFilter::POST, list, Who::Account, async move |app: Asked, call: Call| {
            transfers::create(app, call, kind).await
        }),
        Route::new(MethodFilter::GET, one, Who::Account, async move |app: Asked, call: Call| {
            transfers::get(app, call, kind).await
        }),
    ]
}

/// The answer to a path that nobody serves.
pub fn not_found(incoming: &Incoming) -> Response {
    error::not_found(incoming.request_id).into_response()
}

/// The answer to a method that a path is not served with; `allow` names those that it is.
pub fn wrong_method(incoming: &Incoming, allow: &str) -> Response {
    let mut response = error::wrong_method(&incoming.method, incoming.request_id).into_response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
