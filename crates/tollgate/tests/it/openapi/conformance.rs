//! Every answer of the native API in a wire test is held against the OpenAPI document: status, kind, headers and body, and
//! the document's schemas are taken as closed, so that a member that it does not have is found, too.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use tollgate::api::native;

use crate::house::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(&native::openapi()).unwrap());
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The document.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// Fails unless the document has this answer.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    if !native::speaks(path) {
        return;
    }
    let Some(pattern) = described_path(path) else {
        assert_eq!(
            answer.status, 404,
            "{method} {path} is served, and its path is not in the document: {answer}"
        );
        return;
    };
    let operation = &DOCUMENT["paths"][pattern][method.as_str().to_ascii_lowercase()];
    if operation.is_null() {
        // A GET without a body is not described on its own.
        let is_fit = answer.status == 405 || *method == Method::HEAD;
        assert!(is_fit, "{method} {pattern} is served, and the document does not have it: {answer}");
        return;
    }
    let at = format!("{method} {pattern}");
    let (status, problem) = (answer.status.to_string(), answer.status >= 400);
    let response = &operation["responses"][&status];
    assert!(
        response.is_object(),
        "{at} answers {status}, which is not in the document: add {} to its `Operation` in `described()` of its handlers\n{answer}",
        if problem { "the code to `.fails(&[…])`" } else { "`.answers::<…>(…)`" }
    );
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let header = resolved(header);
        let is_fit = answer.header(name).is_some() || header["required"] != true;
        assert!(is_fit, "{at} answers {status} without {name}, which the document promises: {answer}");
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let content = &response["content"][kind];
    assert!(content.is_object(), "{at} answers {status} as {kind:?}, which is not in the document: {answer}");
    if kind == "application/json" || kind.ends_with("+json") {
        let faults = faults(&format!("{at} {status} {kind}"), &content["schema"], &answer.json());
        assert!(
            faults.is_empty(),
            "{at} answers {status} otherwise than the document says ({}); change the `JsonSchema` of its record, or add the \
             code to `.fails(&[…])` of its `Operation`:\n{answer}",
            faults.join("; ")
        );
    }
}

/// What is wrong with a value by a schema of the document. `name` is the schema's, for it is made ready once.
pub(crate) fn faults(name: &str, schema: &Value, value: &Value) -> Vec<String> {
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(validators.entry(name.to_owned()).or_insert_with(|| {
            let mut whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": { "schemas": DOCUMENT["components"]["schemas"] },
            });
            close(&mut whole);
            Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).unwrap())
        }))
    };
    validator.iter_errors(value).map(|it| format!("{}: {it}", it.instance_path())).collect()
}

/// Objects have the members that are described, and no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("type").is_some_and(|it| it == "object")
                && members.contains_key("properties")
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The path of the document that serves this one, the plainest first.
fn described_path(path: &str) -> Option<&'static str> {
    let fits = |pattern: &str| {
        let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len()
            && pattern
                .iter()
                .zip(&path)
                .all(|(part, is)| if part.starts_with('{') { !is.is_empty() } else { part == is })
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    paths.filter(|it| fits(it)).min_by_key(|it| it.matches('{').count()).map(String::as_str)
}

/// What a reference into the document refers to.
pub(crate) fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
        Some(pointer) => DOCUMENT.pointer(pointer).unwrap(),
        None => value,
    }
}
