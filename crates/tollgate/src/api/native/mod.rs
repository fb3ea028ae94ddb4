//! Stub being written.
use axum::response::{IntoResponse, Response};
use crate::api::Route;
use crate::http::Incoming;
/// Routes.
pub fn routes() -> Vec<Route> { Vec::new() }
/// Whether.
pub fn speaks(path: &str) -> bool { path.starts_with("/api/") }
/// 404.
pub fn not_found(_: &Incoming) -> Response { axum::http::StatusCode::NOT_FOUND.into_response() }
/// 405.
pub fn wrong_method(_: &Incoming, _allow: &str) -> Response { axum::http::StatusCode::METHOD_NOT_ALLOWED.into_response() }
