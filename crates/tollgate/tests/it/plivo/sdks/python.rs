//! Python 4.63.0.

use insta::assert_snapshot;

use super::{forty_five, left, owning};
use crate::house::Auth;
use crate::plivo::{Family, GONE, alike, auth_id, by_token, checked, entries, member};

#[tokio::test]
async fn python_creates_with_enabled_always() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name": "Wayne Ent", "enabled": false}"#).await;
    family.house.call_it("new SA", &member(&created, "/auth_id"));
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
    let path = format!("GET Subaccount/{}/", member(&created, "/auth_id"));
    assert_snapshot!(family.shown(&family.ask(&path, "").await), @r#"
    200
    content-type: application/json
    {
      "account": "/v1/Account/<MA>/",
      "api_id": "<uuid 1>",
      "auth_id": "<new SA>",
      "auth_token": "<new token>",
      "created": "2024-08-28",
      "enabled": false,
      "modified": null,
      "name": "Wayne Ent",
      "new_auth_token": "<new token>",
      "resource_uri": "/v1/Account/<MA>/Subaccount/<new SA>/"
    }
    "#);
}

/// So a rename that does not say `enabled=True` disables the subaccount, as it does at Plivo.
#[tokio::test]
async fn python_sends_auth_id_and_enabled_on_every_update() {
    let family = Family::new().await;
    let body = r#"{"auth_id": "{SA}", "name": "New", "enabled": false}"#;
    let changed = family.ask("POST Subaccount/{SA}/", body).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let path = "Subaccount/{SA}/";
    assert_eq!(family.seen(path, "/name").await, "New");
    assert_eq!(family.seen(path, "/enabled").await, "false");
    let body = r#"{"auth_id": "{SA}", "name": "New", "enabled": true}"#;
    assert_eq!(family.ask("POST Subaccount/{SA}/", body).await.status, 202);
    assert_eq!(family.seen(path, "/enabled").await, "true");
}

#[tokio::test]
async fn python_deletes_with_auth_id_and_cascade_in_the_body() {
    for (body, kept) in [
        (r#"{"auth_id": "{SA}", "cascade": true}"#, 0),
        (r#"{"auth_id": "{SA}", "cascade": false}"#, 1),
        (r#"{"auth_id": "{SA}"}"#, 1),
    ] {
        let family = owning().await;
        let deleted = family.ask("DELETE Subaccount/{SA}/", body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{body}");
    }
}

#[tokio::test]
async fn python_updates_its_account_with_nulls() {
    let family = Family::new().await;
    let changed = family.ask("POST ", r#"{"name": "x", "city": "Austin", "address": null}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let changed = family.ask("POST ", r#"{"name": "y", "city": null, "address": null}"#).await;
    assert_eq!(changed.status, 202);
    assert_eq!(family.seen("", "/name").await, "y");
    assert_eq!(family.seen("", "/city").await, "Austin");
}

#[tokio::test]
async fn python_escapes_what_is_not_ascii() {
    let family = Family::new().await;
    let body = r#"{"auth_id": "{SA}", "name": "M\u00fcller \ud83d\ude00", "enabled": true}"#;
    assert_eq!(family.ask("POST Subaccount/{SA}/", body).await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/name").await, "Müller 😀");
}

#[tokio::test]
async fn python_follows_next_through_45_in_three_requests() {
    let family = forty_five().await;
    let mut next = Some(format!("/v1/Account/{}/Subaccount/?limit=20&offset=0", auth_id(&family.main)));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let page = checked(family.house.get(&path, by_token(&family.main)).await);
        pages.push(entries(&page, "auth_id").len());
        next = page.json()["meta"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(pages, [20, 20, 5]);
}

#[tokio::test]
async fn python_before_4_60_adds_20_until_a_page_is_empty() {
    let family = forty_five().await;
    let mut pages = Vec::new();
    for offset in [0, 20, 40, 60] {
        let page = family.ask(&format!("GET Subaccount/?limit=20&offset={offset}"), "").await;
        assert_eq!(page.status, 200);
        pages.push(entries(&page, "auth_id").len());
    }
    assert_eq!(pages, [20, 20, 5, 0]);
}

/// Else the error of a list is an `AttributeError` to it.
#[tokio::test]
async fn python_needs_objects_in_the_errors_of_lists() {
    let family = Family::new().await;
    let mut shown = Vec::new();
    for list in ["Subaccount", "Application", "Endpoint", "Number", "PhoneNumber"] {
        let path = format!("/v1/Account/{}/{list}/?limit=20&offset=0", auth_id(&family.main));
        let auth = Auth::Basic(auth_id(&family.main), "wrong");
        shown.push(family.shown(&checked(family.house.get(&path, auth).await)));
    }
    assert_snapshot!(alike(shown), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "authentication failed",
      "objects": []
    }
    "#);
    let one = checked(family.house.get("/v1/Account/MA/Subaccount/SA/", Auth::Nothing).await);
    assert_eq!(one.json().get("objects"), None, "of a list alone");
}

#[tokio::test]
async fn python_gets_an_endpoint_with_its_id_in_the_query() {
    let family = Family::new().await;
    let id = family.endpoint(&family.main, "phone", "").await;
    let shown = family.ask(&format!("GET Endpoint/{id}/?endpoint_id={id}"), "").await;
    assert_snapshot!(family.shown(&shown), @r#"
    200
    content-type: application/json
    {
      "alias": "phone",
      "api_id": "<uuid 1>",
      "application": null,
      "endpoint_id": "<phone>",
      "password": "e16b2ab8d12314bf4efbd6203906ea6c",
      "resource_uri": "/v1/Account/<MA>/Endpoint/<phone>/",
      "sip_registered": "false",
      "sip_uri": "sip:<username of phone>@phone.plivo.com",
      "sub_account": null,
      "username": "<username of phone>"
    }
    "#);
}

/// So an update that is about something else takes away that it is a default.
#[tokio::test]
async fn python_sends_every_default_of_an_application_on_every_update() {
    let family = Family::new().await;
    let create = r#"{"app_name": "app", "answer_method": "POST", "hangup_method": "POST",
        "fallback_method": "POST", "message_method": "POST", "default_number_app": true,
        "default_endpoint_app": true, "log_incoming_messages": true}"#;
    let id = member(&family.ask("POST Application/", create).await, "/app_id");
    let update = r#"{"answer_url": "https://example.com/answer", "answer_method": "GET",
        "hangup_method": "POST", "fallback_method": "POST", "message_method": "POST",
        "default_number_app": false, "default_endpoint_app": false, "log_incoming_messages": true}"#;
    let changed = family.ask(&format!("POST Application/{id}/"), update).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    let shown = family.ask(&format!("GET Application/{id}/"), "").await;
    family.house.call_it("app", &id);
    assert_snapshot!(family.shown(&shown), @r#"
    200
    content-type: application/json
    {
      "answer_method": "GET",
      "answer_url": "https://example.com/answer",
      "api_id": "<uuid 1>",
      "app_id": "<app>",
      "app_name": "app",
      "application_type": "XML",
      "default_app": false,
      "default_endpoint_app": false,
      "enabled": true,
      "fallback_answer_url": "",
      "fallback_method": "POST",
      "hangup_method": "POST",
      "hangup_url": "https://example.com/answer",
      "log_incoming_message": true,
      "log_incoming_messages": true,
      "message_method": "POST",
      "message_url": "",
      "public_uri": false,
      "resource_uri": "/v1/Account/<MA>/Application/<app>/",
      "sip_uri": "sip:<app>@app.plivo.com",
      "sub_account": null
    }
    "#);
}

#[tokio::test]
async fn python_deletes_with_ids_in_the_body() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let phone = family.endpoint(&family.main, "phone", "").await;
    for (line, body) in [
        (format!("DELETE Endpoint/{phone}/"), format!(r#"{{"endpoint_id": "{phone}"}}"#)),
        (format!("DELETE Application/{app}/"), format!(r#"{{"app_id": "{app}"}}"#)),
    ] {
        assert_eq!(family.ask(&line, &body).await.status, 204, "{line}");
    }
}

#[tokio::test]
async fn python_sends_the_number_again_in_the_body() {
    let family = Family::new().await;
    family.stocked("14155550100", "1").await;
    let rented = family.ask("POST PhoneNumber/14155550100/", r#"{"number": "14155550100"}"#).await;
    assert_eq!(rented.status, 201);
    let body = r#"{"number": "14155550100", "subaccount": "{SA}", "alias": "Front desk"}"#;
    assert_eq!(family.ask("POST Number/14155550100/", body).await.status, 202);
    assert_eq!(family.seen("Number/14155550100/", "/sub_account").await, auth_id(&family.sub));
    assert_eq!(family.ask("DELETE Number/14155550100/", "").await.status, 204);
}
