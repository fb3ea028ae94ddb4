//! The description of this API: for programs an OpenAPI document, for people a page. Without credentials, and without
//! anything from elsewhere.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;

use crate::api::native::openapi::{self, Group, Operation, STYLE};

pub(in super::super) fn described() -> Group {
    Group {
        name: "Description",
        about: "This description, for programs and for people.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/openapi.json", "get_openapi", "This document")
                .about("OpenAPI 3.1, made from the code of the server that serves it.")
                .answers::<Document>(200, "The document.", DOCUMENT),
            Operation::new(Method::GET, "/docs", "get_docs", "This document as a page")
                .about("The same for people: one page without a script, readable without a network.")
                .answers_as(200, "text/html", "The page.", "<!doctype html>…"),
            Operation::new(Method::GET, "/docs/style.css", "get_docs_style", "The page's style sheet")
                .about("What the page looks like.")
                .answers_as(200, "text/css", "The style sheet.", ":root { color-scheme: light dark; }"),
        ],
    }
}

/// An OpenAPI document.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes the document, which is put together member by member")]
struct Document {
    /// The version of OpenAPI.
    openapi: String,
    /// What the API is.
    info: Anything,
    /// Where it is served.
    servers: Vec<Anything>,
    /// The nouns.
    tags: Vec<Anything>,
    /// The operations by path and method.
    paths: Anything,
    /// What they refer to.
    components: Anything,
}

/// An object of any members.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "as above")]
struct Anything(std::collections::BTreeMap<String, serde_json::Value>);

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": { "title": "tollgate", "version": "0.1.0" },
    "servers": [{ "url": "/" }],
    "tags": [{ "name": "Accounts" }],
    "paths": {},
    "components": {}
}"#;

/// `GET /api/v1/openapi.json`.
pub(in super::super) async fn document() -> Response {
    shown("application/json", openapi::text())
}

/// `GET /docs`.
pub(in super::super) async fn page() -> Response {
    shown("text/html; charset=utf-8", openapi::page())
}

/// `GET /docs/style.css`.
pub(in super::super) async fn style() -> Response {
    shown("text/css; charset=utf-8", STYLE)
}

fn shown(kind: &'static str, body: impl IntoResponse) -> Response {
    const NO_SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");
    // No script, no frame, nothing from anywhere else.
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let mut response = body.into_response();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (NO_SNIFFING, "nosniff"),
        // Another version of the server has another one.
        (CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
