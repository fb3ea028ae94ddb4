//! Go 7.60.2, which ends every body with a line feed and leaves out whatever is zero.

use insta::assert_snapshot;

use super::{left, owning};
use crate::house::Auth;
use crate::plivo::{Family, GONE, alike, auth_id, by_token, checked, member};

#[tokio::test]
async fn go_calls_the_account_with_two_slashes() {
    let family = Family::new().await;
    assert_snapshot!(family.shown(&family.ask("GET /", "").await), @r#"
    200
    content-type: application/json
    {
      "account_type": "standard",
      "address": "",
      "api_id": "<uuid 1>",
      "auth_id": "<MA>",
      "auto_recharge": false,
      "billing_mode": "postpaid",
      "cash_credits": "0.00000",
      "city": "",
      "name": "Main",
      "resource_uri": "/v1/Account/<MA>/",
      "state": "",
      "timezone": "UTC"
    }
    "#);
    let changed = family.ask("POST /", "{\"name\":\"Renamed\"}\n").await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_eq!(family.seen("", "/name").await, "Renamed");
    let nothing = family.ask("POST /", "{}\n").await;
    assert_snapshot!(family.shown(&nothing), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "one of name, city, address and state is required"
    }
    "#);
}

/// So it can neither say that a subaccount is to be disabled nor disable one by mistake.
#[tokio::test]
async fn go_omits_enabled_false() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", "{\"name\":\"Wayne\"}\n").await;
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
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!(family.seen(&path, "/enabled").await, "false");
    assert_eq!(family.ask("POST Subaccount/{SA}/", "{\"name\":\"N\"}\n").await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "true");
}

#[tokio::test]
async fn go_omits_an_empty_name() {
    let family = Family::new().await;
    let mut shown = Vec::new();
    for line in ["POST Subaccount/", "POST Subaccount/{SA}/"] {
        shown.push(family.shown(&family.ask(line, "{}\n").await));
    }
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "name is a required parameter"
    }
    "#);
}

#[tokio::test]
async fn go_deletes_with_an_empty_body_and_omits_cascade_false() {
    for (body, kept) in [("{\"cascade\":true}\n", 0), ("{}\n", 1), ("", 1)] {
        let family = owning().await;
        let deleted = family.ask("DELETE Subaccount/{SA}/", body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{body}");
    }
}

/// An empty body is a success to it, whatever the status, and `{}` with 404 is something else again.
#[tokio::test]
async fn go_needs_a_body_on_every_error() {
    let family = Family::new().await;
    let nobody = format!("/v1/Account/{}/", auth_id(&family.main));
    let answers = [
        family.ask("POST Subaccount/", "{}\n").await,
        checked(family.house.get(&nobody, Auth::Nothing).await),
        checked(family.house.get(&nobody, Auth::Basic("MA", "wrong")).await),
        family.ask("GET Subaccount/SA000000000000000000/", "").await,
        family.ask("DELETE Subaccount/SA000000000000000000/", "").await,
        family.ask("GET Nothing/", "").await,
        family.ask("PUT Subaccount/", "{}\n").await,
    ];
    assert_eq!(answers.each_ref().map(|it| it.status), [400, 401, 401, 404, 404, 404, 405]);
    for answer in answers {
        assert!(!member(&answer, "/error").is_empty(), "{answer}");
    }
}

/// Its structures are typed: what is a text there must be one here.
#[tokio::test]
async fn go_unmarshals_booleans_integers_and_texts() {
    let family = owning().await;
    let list = checked(
        family
            .house
            .get(&format!("/v1/Account/{}/Subaccount/", auth_id(&family.main)), by_token(&family.main))
            .await,
    );
    let (meta, one) = (list.json()["meta"].clone(), list.json()["objects"][0].clone());
    assert!(one["enabled"].is_boolean() && one["auth_token"].is_string() && one["modified"].is_null());
    for count in ["limit", "offset", "total_count"] {
        assert!(meta[count].is_u64(), "{meta}");
    }
    assert!(meta["next"].is_null() && meta["previous"].is_null());
}
