//! Ruby 4.63.4.

use insta::assert_snapshot;

use super::{left, owning};
use crate::plivo::{Family, GONE, member};

/// It parses a body only where it sees that type, and fails on the text that it has else. 202 it takes for a failure.
#[tokio::test]
async fn ruby_needs_a_content_type_on_204() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let phone = family.endpoint(&family.main, "phone", "").await;
    family.number(&family.main, "14155550100").await;
    for line in [
        format!("DELETE Application/{app}/"),
        format!("DELETE Endpoint/{phone}/"),
        "DELETE Number/14155550100/".to_owned(),
        "DELETE Subaccount/{SA}/".to_owned(),
    ] {
        let deleted = family.ask(&line, "{}").await;
        assert_eq!(family.shown(&deleted), GONE);
    }
}

#[tokio::test]
async fn ruby_sends_cascade_on_every_delete() {
    for (body, kept) in [(r#"{"cascade":true}"#, 0), (r#"{"cascade":false}"#, 1)] {
        let family = owning().await;
        assert_eq!(family.ask("DELETE Subaccount/{SA}/", body).await.status, 204);
        assert_eq!(left(&family).await, [kept; 3], "{body}");
    }
}

/// The same trap as in Python.
#[tokio::test]
async fn ruby_sends_enabled_on_every_create_and_update() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"Wayne","enabled":true}"#).await;
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!(family.seen(&path, "/enabled").await, "true");
    let changed = family.ask(&format!("POST {path}"), r#"{"name":"N","enabled":false}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_eq!(family.seen(&path, "/enabled").await, "false");
}

/// It makes an instance variable of each key and puts the id behind the text of an error.
#[tokio::test]
async fn ruby_reads_keys_as_variables() {
    let family = owning().await;
    let fits = |key: &str| {
        key.starts_with(|it: char| it.is_ascii_lowercase())
            && key.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
    };
    for path in ["", "Subaccount/", "Application/", "Endpoint/", "Number/", "Subaccount/{SA}/"] {
        let answer = family.ask(&format!("GET {path}"), "").await.json();
        let objects = answer["objects"].as_array().cloned().unwrap_or_else(|| vec![answer]);
        for key in objects.iter().flat_map(|it| it.as_object().unwrap().keys()) {
            assert!(fits(key) && !["client", "id", "get", "update", "delete"].contains(&&**key), "{key}");
        }
    }
}
