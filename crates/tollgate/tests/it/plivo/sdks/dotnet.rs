//! .NET 5.51.3.

use insta::assert_snapshot;

use super::{left, owning};
use crate::house::Answer;
use crate::plivo::{Family, GONE, member};

async fn ask(family: &Family, line: &str, body: &str) -> Answer {
    family.send(&family.main, line, &[("content-type", "application/json; charset=utf-8")], body).await
}

#[tokio::test]
async fn dotnet_sends_app_id_null_to_unlink() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    family.number(&family.main, "14155550100").await;
    let line = "POST Number/14155550100/";
    let linked = ask(&family, line, &format!(r#"{{"app_id":"{app}"}}"#)).await;
    assert_snapshot!(family.shown(&linked), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let uri = family.seen("Number/14155550100/", "/application").await;
    assert!(uri.ends_with(&format!("/Application/{app}/")), "{uri}");
    // Without a word about it, it stays.
    assert_eq!(ask(&family, line, r#"{"alias":"Front desk"}"#).await.status, 202);
    assert_eq!(family.seen("Number/14155550100/", "/application").await, uri);
    assert_eq!(ask(&family, line, r#"{"app_id":null}"#).await.status, 202);
    assert_eq!(family.seen("Number/14155550100/", "/application").await, "null");
}

#[tokio::test]
async fn dotnet_deletes_with_cascade_or_an_empty_object() {
    for (query, body, kept) in [
        ("", r#"{"cascade":true}"#, 0),
        ("", "{}", 1),
        // What its query would say, were it sent.
        ("?cascade=True", "", 0),
        ("?cascade=False", "", 1),
    ] {
        let family = owning().await;
        let deleted = ask(&family, &format!("DELETE Subaccount/{{SA}}/{query}"), body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{query} {body}");
    }
}

#[tokio::test]
async fn dotnet_updates_its_account_with_name_and_state() {
    let family = Family::new().await;
    let body = r#"{"name":"Main","city":"Austin","state":"Texas","address":"1 Main Street"}"#;
    assert_snapshot!(family.shown(&ask(&family, "POST ", body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&ask(&family, "GET ", "").await), @r#"
    200
    content-type: application/json
    {
      "account_type": "standard",
      "address": "1 Main Street",
      "api_id": "<uuid 1>",
      "auth_id": "<MA>",
      "auto_recharge": false,
      "billing_mode": "postpaid",
      "cash_credits": "0.00000",
      "city": "Austin",
      "name": "Main",
      "resource_uri": "/v1/Account/<MA>/",
      "state": "Texas",
      "timezone": "UTC"
    }
    "#);
}

#[tokio::test]
async fn dotnet_creates_and_renames() {
    let family = Family::new().await;
    let created = ask(&family, "POST Subaccount/", r#"{"name":"New","enabled":true}"#).await;
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!((created.status, family.seen(&path, "/enabled").await), (201, "true".to_owned()));
    assert_eq!(ask(&family, &format!("POST {path}"), r#"{"name":"N"}"#).await.status, 202);
    assert_eq!(family.seen(&path, "/name").await, "N");
}

#[tokio::test]
async fn dotnet_may_ask_for_no_entries_at_all() {
    let family = Family::new().await;
    assert_snapshot!(family.shown(&ask(&family, "GET Subaccount/?limit=0&offset=0", "").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "limit must be an integer from 1 to 20",
      "objects": []
    }
    "#);
}

#[tokio::test]
async fn dotnet_lists_the_endpoints_of_a_subaccount() {
    let family = owning().await;
    family.endpoint(&family.main, "main phone", "").await;
    let listed = ask(&family, "GET Endpoint/?subaccount={SA}&limit=20&offset=0", "").await;
    assert_snapshot!(family.shown(&listed), @r#"
    200
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "meta": {
        "limit": 20,
        "next": null,
        "offset": 0,
        "previous": null,
        "total_count": 1
      },
      "objects": [
        {
          "alias": "phone",
          "application": null,
          "endpoint_id": "<phone>",
          "password": "e16b2ab8d12314bf4efbd6203906ea6c",
          "resource_uri": "/v1/Account/<MA>/Endpoint/<phone>/",
          "sip_registered": "false",
          "sip_uri": "sip:<username of phone>@phone.plivo.com",
          "sub_account": "/v1/Account/<SA>/",
          "username": "<username of phone>"
        }
      ]
    }
    "#);
}
