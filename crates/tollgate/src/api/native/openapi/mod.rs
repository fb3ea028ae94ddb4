//! The description of this API for programs and for people: an OpenAPI 3.1 document, made from the code, and the page
//! `/docs`, made from the document.
//!
//! Reading order: `operation` is how a route is described, beside its handler; `document` puts all descriptions together
//! with the table of the routes and the schemas of the wire; `page` shows the document to people.
//!
//! **A new route** is described by an [`Operation`] in `described()` of its handler's file, and its wire by
//! `#[derive(JsonSchema)]` with a doc comment on every member. `tests/it/openapi.rs` says what is missing, and the wire
//! tests hold every answer against the document.

mod document;
mod operation;
mod page;

use std::sync::LazyLock;

use axum::body::Bytes;
use serde_json::Value;

pub(super) use operation::{Group, Operation};

/// The document, made once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document::document);
static TEXT: LazyLock<Bytes> = LazyLock::new(|| {
    // Texts, numbers and lists of them always have a JSON text.
    serde_json::to_vec_pretty(&*DOCUMENT).unwrap_or_default().into()
});
static PAGE: LazyLock<Bytes> = LazyLock::new(|| page::page(&DOCUMENT).into());

/// The document as JSON text.
pub(super) fn text() -> Bytes {
    TEXT.clone()
}

/// The page that shows it.
pub(super) fn page() -> Bytes {
    PAGE.clone()
}

pub(super) use page::STYLE;
