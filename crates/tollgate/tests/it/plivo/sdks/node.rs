//! Node 4.79.0.

use insta::assert_snapshot;

use super::{left, owning};
use crate::plivo::{Family, GONE, auth_id, entries, member};

/// The body that it sends where there is nothing to say.
const EMPTY: &str = r#""""#;

#[tokio::test]
async fn node_sends_booleans_as_strings_and_an_empty_string_body() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"Test Subaccount","enabled":"true"}"#).await;
    let id = member(&created, "/auth_id");
    family.house.call_it("new SA", &id);
    family.house.call_it("new token", &member(&created, "/auth_token"));
    assert_snapshot!(family.shown(&created), @r#"
    201
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "auth_id": "<new SA>",
      "auth_token": "<new token>",
      "message": "created"
    }
    "#);
    let shown = family.ask(&format!("GET Subaccount/{id}/"), EMPTY).await;
    assert_snapshot!(family.shown(&shown), @r#"
    200
    content-type: application/json
    {
      "account": "/v1/Account/<MA>/",
      "api_id": "<uuid 1>",
      "auth_id": "<new SA>",
      "auth_token": "<new token>",
      "created": "2024-08-28",
      "enabled": true,
      "modified": null,
      "name": "Test Subaccount",
      "new_auth_token": "<new token>",
      "resource_uri": "/v1/Account/<MA>/Subaccount/<new SA>/"
    }
    "#);
    let line = format!("POST Subaccount/{id}/");
    let changed = family.ask(&line, r#"{"name":"Upd","enabled":"false"}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let path = format!("Subaccount/{id}/");
    assert_eq!(family.seen(&path, "/enabled").await, "false");
    assert_eq!(family.seen(&path, "/name").await, "Upd");
}

#[tokio::test]
async fn node_creates_disabled_and_renames_without_a_flag() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"Test Subaccount"}"#).await;
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!((created.status, family.seen(&path, "/enabled").await), (201, "false".to_owned()));
    assert_eq!(family.ask("POST Subaccount/{SA}/", r#"{"name":"Upd"}"#).await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "true");
}

#[tokio::test]
async fn node_deletes_with_cascade_as_a_string() {
    for (body, kept) in [(r#"{"cascade":"true"}"#, 0), (r#"{"cascade":"false"}"#, 1), ("{}", 1)] {
        let family = owning().await;
        let deleted = family.ask("DELETE Subaccount/{SA}/", body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{body}");
    }
}

#[tokio::test]
async fn node_calls_the_account_with_two_slashes() {
    let family = Family::new().await;
    let changed = family.ask("POST /", r#"{"name":"Main","city":"Austin"}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let shown = family.ask("GET /", EMPTY).await;
    assert_eq!((shown.status, member(&shown, "/city")), (200, "Austin".to_owned()));
}

#[tokio::test]
async fn node_lists_with_an_empty_body_and_empty_arguments() {
    let family = Family::new().await;
    for list in ["Subaccount", "Application", "Endpoint", "Number"] {
        for query in ["", "?limit=&offset=", "?limit=2&offset=0"] {
            let answer = family.ask(&format!("GET {list}/{query}"), EMPTY).await;
            assert_eq!(answer.status, 200, "{list}/{query}: {answer}");
            assert_eq!(entries(&answer, "resource_uri").len(), usize::from(list == "Subaccount"));
        }
    }
}

#[tokio::test]
async fn node_deletes_a_number_with_an_empty_string_body() {
    let family = Family::new().await;
    family.number(&family.main, "14155550100").await;
    let deleted = family.ask("DELETE Number/14155550100/", EMPTY).await;
    assert_snapshot!(family.shown(&deleted), @"
    204
    content-type: application/json
    ");
}

/// Its older versions always, the present one where the text is empty.
#[tokio::test]
async fn node_sends_sub_account_for_subaccount() {
    let family = Family::new().await;
    family.number(&family.main, "14155550100").await;
    let path = "Number/14155550100/";
    let line = format!("POST {path}");
    assert_eq!(family.ask(&line, r#"{"sub_account":"{SA}"}"#).await.status, 202);
    assert_eq!(family.seen(path, "/sub_account").await, auth_id(&family.sub));
    assert_eq!(family.ask(&line, r#"{"sub_account":""}"#).await.status, 202);
    assert_eq!(family.seen(path, "/sub_account").await, "null");
    assert_eq!(family.ask(&line, r#"{"subaccount":"{SA}"}"#).await.status, 202);
    assert_eq!(family.seen(path, "/sub_account").await, auth_id(&family.sub));
}
