//! The Plivo Subaccount API and its neighbours: account, applications, endpoints and numbers. What it takes and answers,
//! how near that is to Plivo's, and what was chosen here: `docs/plivo.md`.
//!
//! **Invariant:** every answer has `Content-Type: application/json`, 204 included, and every body its `api_id`.

mod error;
mod handlers;
mod wire;

use axum::extract::Request;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::MethodFilter;

use self::error::Problem;
#[cfg(test)]
pub(super) use self::error::said;
use self::handlers::{Call, account, applications, endpoints, numbers, subaccounts};
use crate::api::{Asked, Route, Who, allowed};

/// What this dialect serves.
pub fn routes() -> Vec<Route> {
    const GET: MethodFilter = MethodFilter::GET;
    const POST: MethodFilter = MethodFilter::POST;
    const DELETE: MethodFilter = MethodFilter::DELETE;
    const ACCOUNT: &str = "/v1/Account/{auth_id}";
    const SUBACCOUNTS: &str = "/v1/Account/{auth_id}/Subaccount";
    const SUBACCOUNT: &str = "/v1/Account/{auth_id}/Subaccount/{subauth_id}";
    const APPLICATIONS: &str = "/v1/Account/{auth_id}/Application";
    const APPLICATION: &str = "/v1/Account/{auth_id}/Application/{app_id}";
    const ENDPOINTS: &str = "/v1/Account/{auth_id}/Endpoint";
    const ENDPOINT: &str = "/v1/Account/{auth_id}/Endpoint/{endpoint_id}";
    const NUMBERS: &str = "/v1/Account/{auth_id}/Number";
    const NUMBER: &str = "/v1/Account/{auth_id}/Number/{number}";
    const STOCK: &str = "/v1/Account/{auth_id}/PhoneNumber";
    const STOCKED: &str = "/v1/Account/{auth_id}/PhoneNumber/{number}";
    vec![
        Route::new(GET, ACCOUNT, Who::Account, account::get),
        Route::new(POST, ACCOUNT, Who::Account, account::update),
        Route::new(GET, SUBACCOUNTS, Who::Account, subaccounts::list),
        Route::new(POST, SUBACCOUNTS, Who::Account, subaccounts::create),
        Route::new(GET, SUBACCOUNT, Who::Account, subaccounts::get),
        Route::new(POST, SUBACCOUNT, Who::Account, subaccounts::update),
        Route::new(DELETE, SUBACCOUNT, Who::Account, subaccounts::delete),
        Route::new(GET, APPLICATIONS, Who::Account, applications::list),
        Route::new(POST, APPLICATIONS, Who::Account, applications::create),
        Route::new(GET, APPLICATION, Who::Account, applications::get),
        Route::new(POST, APPLICATION, Who::Account, applications::update),
        Route::new(DELETE, APPLICATION, Who::Account, applications::delete),
        Route::new(GET, ENDPOINTS, Who::Account, endpoints::list),
        Route::new(POST, ENDPOINTS, Who::Account, endpoints::create),
        Route::new(GET, ENDPOINT, Who::Account, endpoints::get),
        Route::new(POST, ENDPOINT, Who::Account, endpoints::update),
        Route::new(DELETE, ENDPOINT, Who::Account, endpoints::delete),
        Route::new(GET, NUMBERS, Who::Account, numbers::list),
        Route::new(POST, NUMBERS, Who::Account, numbers::bring),
        Route::new(GET, NUMBER, Who::Account, numbers::get),
        Route::new(POST, NUMBER, Who::Account, numbers::update),
        Route::new(DELETE, NUMBER, Who::Account, numbers::unrent),
        Route::new(GET, STOCK, Who::Account, numbers::search),
        Route::new(POST, STOCKED, Who::Account, numbers::rent),
    ]
}

/// Whether a path is this dialect's.
pub fn speaks(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// The request with repeated slashes of its path folded and without one at its end: the SDKs put one there, and two of
/// them double it. Answered as it came, for a redirect would make a GET of a POST.
pub fn folded<B>(mut request: Request<B>) -> Request<B> {
    let mut path = String::with_capacity(request.uri().path().len());
    for part in request.uri().path().split('/').filter(|it| !it.is_empty()) {
        path.push('/');
        path.push_str(part);
    }
    if path != request.uri().path() {
        if let Some(query) = request.uri().query() {
            path.push('?');
            path.push_str(query);
        }
        // Parts of a path and the query of a request make a path and a query again.
        if let Ok(uri) = path.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The answer to a path that nobody serves.
pub async fn not_found(call: Call) -> Response {
    call.refused(Problem::not_found())
}

/// The answer to a method that a path is not served with, for those who may call it at all.
pub async fn wrong_method(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, _| Err(Problem::wrong_method(allowed(call.path())))).await
}
