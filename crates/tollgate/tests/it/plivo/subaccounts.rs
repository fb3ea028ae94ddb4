//! Create, retrieve, list, update.

use insta::assert_snapshot;
use ledger::{BalanceMode, CredentialKind};
use serde_json::json;
use tollgate::app::{AddedCredential, Settings};

use super::{Family, auth_id, bad, by_token, checked, entries, member, refused};
use crate::house::{Auth, OPERATOR};

const ONE: &str = "Subaccount/{SA}/";
const UPDATE: &str = "POST Subaccount/{SA}/";

#[tokio::test]
async fn a_subaccount_is_created_disabled_and_shares_the_balance() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"Han Solo"}"#).await;
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
    let shown = family.ask(&format!("GET Subaccount/{}/", member(&created, "/auth_id")), "").await;
    assert_snapshot!(family.shown(&shown), @r#"
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
      "name": "Han Solo",
      "new_auth_token": "<new token>",
      "resource_uri": "/v1/Account/<MA>/Subaccount/<new SA>/"
    }
    "#);
    let path = format!("/accounts/{}/subaccounts", family.main.key);
    let seen = family.house.get(&path, family.main.auth()).await.json()["_embedded"]["subaccounts"].clone();
    let seen = seen.as_array().unwrap().iter().find(|it| it["name"] == "Han Solo").unwrap();
    assert_eq!((&seen["suspended"], &seen["use_primary_account_balance"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn auth_ids_have_20_characters_and_tokens_40() {
    let family = Family::new().await;
    for _ in 0..20 {
        let created = family.ask("POST Subaccount/", r#"{"name":"Many"}"#).await;
        let (id, token) = (member(&created, "/auth_id"), member(&created, "/auth_token"));
        assert!(id.len() == 20 && id.starts_with("SA"), "{id}");
        assert!(id.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()), "{id}");
        assert!(token.len() == 40 && token.bytes().all(|it| it.is_ascii_alphanumeric()), "{token}");
        let auth = Auth::Basic(&id, &token);
        assert_eq!(family.house.get(&format!("/v1/Account/{id}/"), auth).await.status, 401, "disabled");
    }
    let main = auth_id(&family.main);
    assert!(main.len() == 20 && main.starts_with("MA"), "{main}");
}

#[tokio::test]
async fn a_new_subaccount_may_call_at_once_where_it_is_enabled() {
    let family = Family::new().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"Han Solo","enabled":true}"#).await;
    let (id, token) = (member(&created, "/auth_id"), member(&created, "/auth_token"));
    let answer = family.house.get(&format!("/v1/Account/{id}/"), Auth::Basic(&id, &token)).await;
    assert_eq!((answer.status, member(&answer, "/name")), (200, "Han Solo".to_owned()));
}

#[tokio::test]
async fn names_are_kept_as_given_and_need_not_differ() {
    let family = Family::new().await;
    for name in [" padded ".to_owned(), "Sub".to_owned(), "€".repeat(255), "\"\\\u{1f600}\n".to_owned()] {
        let created = family.ask("POST Subaccount/", &json!({ "name": name }).to_string()).await;
        let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
        assert_eq!(family.seen(&path, "/name").await, name);
    }
}

#[tokio::test]
async fn the_list_has_the_newest_first_and_every_token() {
    let family = Family::new().await;
    family.house.clock.advance(1);
    family.sibling().await;
    assert_snapshot!(family.shown(&family.ask("GET Subaccount/", "").await), @r#"
    200
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "meta": {
        "limit": 20,
        "next": null,
        "offset": 0,
        "previous": null,
        "total_count": 2
      },
      "objects": [
        {
          "account": "/v1/Account/<MA>/",
          "auth_id": "<SA of the sibling>",
          "auth_token": "<token of SA of the sibling>",
          "created": "2024-08-28",
          "enabled": true,
          "modified": null,
          "name": "Sibling",
          "new_auth_token": "<token of SA of the sibling>",
          "resource_uri": "/v1/Account/<MA>/Subaccount/<SA of the sibling>/"
        },
        {
          "account": "/v1/Account/<MA>/",
          "auth_id": "<SA>",
          "auth_token": "<token of SA>",
          "created": "2024-08-28",
          "enabled": true,
          "modified": null,
          "name": "Sub",
          "new_auth_token": "<token of SA>",
          "resource_uri": "/v1/Account/<MA>/Subaccount/<SA>/"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_the_day() {
    let family = Family::new().await;
    family.house.clock.advance(86_400_000);
    let changed = family.ask(UPDATE, r#"{"name":"Leia","enabled":false}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask("GET Subaccount/{SA}/", "").await), @r#"
    200
    content-type: application/json
    {
      "account": "/v1/Account/<MA>/",
      "api_id": "<uuid 1>",
      "auth_id": "<SA>",
      "auth_token": "<token of SA>",
      "created": "2024-08-28",
      "enabled": false,
      "modified": "2024-08-29",
      "name": "Leia",
      "new_auth_token": "<token of SA>",
      "resource_uri": "/v1/Account/<MA>/Subaccount/<SA>/"
    }
    "#);
    assert_eq!(family.ask(UPDATE, r#"{"name":"Organa"}"#).await.status, 202);
    assert_eq!(family.seen(ONE, "/enabled").await, "false");
    assert_eq!(family.ask(UPDATE, r#"{"name":null,"enabled":true}"#).await.status, 202);
    assert_eq!(family.seen(ONE, "/name").await, "Organa");
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_one() {
    let family = Family::new().await;
    assert_eq!(family.seen(ONE, "/modified").await, "null");
    assert_eq!(family.ask(UPDATE, r#"{"name":"Sub"}"#).await.status, 202);
    assert_eq!(family.seen(ONE, "/modified").await, "2024-08-28");
}

#[tokio::test]
async fn days_are_those_of_utc() {
    let family = Family::new().await;
    // From 14:11:32.239 to one millisecond before midnight, and over it.
    family.house.clock.advance(35_307_760);
    family.ask(UPDATE, r#"{"name":"Sub"}"#).await;
    assert_eq!(family.seen(ONE, "/modified").await, "2024-08-28");
    family.house.clock.advance(1);
    family.ask(UPDATE, r#"{"name":"Sub"}"#).await;
    assert_eq!(family.seen(ONE, "/modified").await, "2024-08-29");
}

#[tokio::test]
async fn a_subaccount_that_is_enabled_again_has_the_same_token() {
    let family = Family::new().await;
    for (enabled, status) in [("false", 401), ("true", 200)] {
        family.ask(UPDATE, &format!(r#"{{"enabled":{enabled}}}"#)).await;
        assert_eq!(family.ask_as(&family.sub, "GET ", "").await.status, status, "{enabled}");
    }
    assert_eq!(family.seen(ONE, "/auth_token").await, family.sub.opened.auth_token);
}

#[tokio::test]
async fn what_is_no_name_is_told() {
    let family = Family::new().await;
    let long = format!(r#"{{"name":"{}"}}"#, "€".repeat(256));
    for line in ["POST Subaccount/", UPDATE] {
        for (body, error) in [
            ("{}", "name is a required parameter"),
            (r#"{"name":null}"#, "name is a required parameter"),
            (r#"{"name":""}"#, "name is a required parameter"),
            (r#"{"name":" \t\n","enabled":true}"#, "name is a required parameter"),
            (r#"{"name":7}"#, "name must be a string"),
            (r#"{"name":{"first":"Han"}}"#, "name must be a string"),
            (r#"{"name":["Han"],"enabled":true}"#, "name must be a string"),
            (&long, "name must not exceed 255 characters"),
            (r#"{"name":"Han","enabled":"yes"}"#, "enabled must be a boolean"),
            (r#"{"name":"Han","enabled":2}"#, "enabled must be a boolean"),
            (r#"{"name":"Han","enabled":""}"#, "enabled must be a boolean"),
            (r#"{"name":"Han","enabled":[true]}"#, "enabled must be a boolean"),
        ] {
            assert_eq!(refused(&family, line, body).await, bad(error), "{line} {body}");
        }
    }
    assert_eq!(family.listed(&family.main, "Subaccount/", "name").await, ["Sub"]);
    assert_eq!(family.seen(ONE, "/modified").await, "null");
}

#[tokio::test]
async fn what_is_no_subaccount_of_this_account_is_not_found() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let foreign = family.house.subaccount(&stranger, "Foreign", BalanceMode::Shared).await;
    let closed = family.sibling().await;
    family.house.close(&closed).await;
    let lower = auth_id(&family.sub).to_lowercase();
    let id = family.sub.id.to_string();
    let mut shown = Vec::new();
    for name in [
        "SA000000000000000000",
        auth_id(&foreign),
        auth_id(&closed),
        auth_id(&family.main),
        auth_id(&stranger),
        // Other names of it are other dialects' names.
        &family.sub.key,
        &id,
        &lower,
        "SA",
        "%20",
    ] {
        for (method, body) in [("GET", ""), ("POST", r#"{"name":"Mine"}"#), ("DELETE", "")] {
            let answer = family.ask(&format!("{method} Subaccount/{name}/"), body).await;
            shown.push(family.shown(&answer));
        }
    }
    assert_snapshot!(super::alike(shown), @r#"
    404
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "not found"
    }
    "#);
    assert_eq!(family.seen("", "/name").await, "Main");
}

#[tokio::test]
async fn more_subaccounts_than_the_operator_allows_are_refused() {
    let family = Family::with(Settings { subaccounts_max: Some(1), ..Settings::default() }).await;
    let expected = bad("the account has 1 subaccounts, the most it may have; delete one first");
    assert_eq!(refused(&family, "POST Subaccount/", r#"{"name":"Second"}"#).await, expected);
}

#[tokio::test]
async fn while_a_token_is_rotated_the_coming_one_is_shown_beside_it() {
    let family = Family::new().await;
    family.house.clock.advance(1);
    let old = &family.sub.opened.auth_token;
    let new =
        AddedCredential { account: family.sub.id, kind: CredentialKind::Token, text: None, limits: None };
    let (_, coming) = family.house.app.rotate_credential(OPERATOR, None, new, 60_000).await.unwrap();
    family.house.call_it("coming token", &coming);
    assert_snapshot!(family.shown(&family.ask("GET Subaccount/{SA}/", "").await), @r#"
    200
    content-type: application/json
    {
      "account": "/v1/Account/<MA>/",
      "api_id": "<uuid 1>",
      "auth_id": "<SA>",
      "auth_token": "<token of SA>",
      "created": "2024-08-28",
      "enabled": true,
      "modified": null,
      "name": "Sub",
      "new_auth_token": "<coming token>",
      "resource_uri": "/v1/Account/<MA>/Subaccount/<SA>/"
    }
    "#);
    let id = auth_id(&family.sub);
    let status = async |token: &str| {
        checked(family.house.get(&format!("/v1/Account/{id}/"), Auth::Basic(id, token)).await).status
    };
    assert_eq!((status(old).await, status(&coming).await), (200, 200));
    family.house.clock.advance(60_000);
    assert_eq!((status(old).await, status(&coming).await), (401, 200));
    assert_eq!(family.seen(ONE, "/auth_token").await, coming);
    assert_eq!(family.seen(ONE, "/new_auth_token").await, coming);
}

#[tokio::test]
async fn subaccounts_of_every_dialect_are_in_the_list() {
    let family = Family::new().await;
    family.house.clock.advance(1);
    let path = format!("/accounts/{}/subaccounts", family.main.key);
    let made = family.house.post(&path, family.main.auth(), r#"{"name":"By Vonage"}"#).await;
    assert_eq!(made.status, 200, "{made}");
    family.house.clock.advance(1);
    let by_operator = json!({ "name": "By the operator", "parent": family.main.key });
    family.by_operator("/api/v1/accounts", by_operator).await;
    let list = family.ask("GET Subaccount/", "").await;
    assert_eq!(entries(&list, "name"), ["By the operator", "By Vonage", "Sub"]);
    assert_eq!(entries(&list, "enabled"), ["true", "true", "true"]);
    // Its token authenticates it here.
    let object = &list.json()["objects"][1];
    let [id, token] = ["auth_id", "auth_token"].map(|it| object[it].as_str().unwrap());
    assert_eq!(family.house.get(&format!("/v1/Account/{id}/"), Auth::Basic(id, token)).await.status, 200);
    assert_eq!(family.house.get(&format!("/v1/Account/{id}/"), by_token(&family.main)).await.status, 401);
}
