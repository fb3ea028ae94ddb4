//! List, create, get, modify.

use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::json;
use tollgate::app::Settings;

use super::{at, books, family, member, partner};
use crate::house::{Auth, House};

#[tokio::test]
async fn the_list_has_the_primary_and_every_subaccount_oldest_first() {
    let (house, partner) = partner().await;
    let own = house.subaccount(&partner, "End customer 1", BalanceMode::Own).await;
    house.clock.advance(61_000);
    let shared = house.subaccount(&partner, "Shared one", BalanceMode::Shared).await;
    house.pay(&own, "29.6672").await;
    house.charge(&shared, "20.12345678").await;
    house
        .patch(&at(&partner, &format!("subaccounts/{}", own.key)), partner.auth(), r#"{"suspended": true}"#)
        .await;
    let answer = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "primary_account": {
          "api_key": "<Partner>",
          "balance": -20.12345678,
          "created_at": "2024-08-28T14:11:32.239Z",
          "credit_limit": -100.0000,
          "name": "Partner",
          "primary_account_api_key": "<Partner>",
          "suspended": false,
          "use_primary_account_balance": true
        },
        "subaccounts": [
          {
            "api_key": "<End customer 1>",
            "balance": 29.6672,
            "created_at": "2024-08-28T14:11:32.239Z",
            "credit_limit": 0.0000,
            "name": "End customer 1",
            "primary_account_api_key": "<Partner>",
            "suspended": true,
            "use_primary_account_balance": false
          },
          {
            "api_key": "<Shared one>",
            "balance": null,
            "created_at": "2024-08-28T14:12:33.239Z",
            "credit_limit": null,
            "name": "Shared one",
            "primary_account_api_key": "<Partner>",
            "suspended": false,
            "use_primary_account_balance": true
          }
        ]
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/subaccounts"
        }
      },
      "total_balance": 9.54374322,
      "total_credit_limit": -100.0000
    }
    "#);
}

#[tokio::test]
async fn an_empty_family_lists_no_subaccounts() {
    let (house, partner) = partner().await;
    let answer = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "primary_account": {
          "api_key": "<Partner>",
          "balance": 0.0000,
          "created_at": "2024-08-28T14:11:32.239Z",
          "credit_limit": -100.0000,
          "name": "Partner",
          "primary_account_api_key": "<Partner>",
          "suspended": false,
          "use_primary_account_balance": true
        },
        "subaccounts": []
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/subaccounts"
        }
      },
      "total_balance": 0.0000,
      "total_credit_limit": -100.0000
    }
    "#);
}

#[tokio::test]
async fn what_is_undocumented_in_a_query_is_ignored() {
    let (house, partner) = partner().await;
    let path = at(&partner, "subaccounts?sensitive-data=true");
    assert_eq!(house.post(&path, partner.auth(), r#"{"name": "S1"}"#).await.status, 200);
    assert_eq!(house.get(&path, partner.auth()).await.status, 200);
}

#[tokio::test]
async fn a_subaccount_is_created_with_a_shared_balance_and_a_generated_secret() {
    let (house, partner) = partner().await;
    let answer =
        house.post(&at(&partner, "subaccounts"), partner.auth(), r#"{"name": "Department A"}"#).await;
    let (key, secret) = (member(&answer, "/api_key"), member(&answer, "/secret"));
    house.call_it("created", &key);
    house.call_it("generated", &secret);
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<created>",
      "balance": null,
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": null,
      "name": "Department A",
      "primary_account_api_key": "<Partner>",
      "secret": "<generated>",
      "suspended": false,
      "use_primary_account_balance": true
    }
    "#);
    assert_eq!(secret.len(), 25);
    let own = house.get(&format!("/accounts/{key}/secrets"), Auth::Basic(&key, &secret)).await;
    assert_eq!(own.status, 200);
}

#[tokio::test]
async fn a_subaccount_is_created_with_an_own_balance_and_a_chosen_secret() {
    let (house, partner) = partner().await;
    let body = r#"{"name": "Department A", "secret": "Password123", "use_primary_account_balance": false}"#;
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), body).await;
    let key = member(&answer, "/api_key");
    house.call_it("created", &key);
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<created>",
      "balance": 0.0000,
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": 0.0000,
      "name": "Department A",
      "primary_account_api_key": "<Partner>",
      "secret": "Password123",
      "suspended": false,
      "use_primary_account_balance": false
    }
    "#);
    let balance = house.get("/account/get-balance", Auth::Basic(&key, "Password123")).await;
    assert_eq!(balance.status, 200);
}

#[tokio::test]
async fn one_subaccount_is_answered_without_its_secret() {
    let (house, partner, first, _) = family().await;
    let answer = house.get(&at(&partner, &format!("subaccounts/{}", first.key)), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<S1>",
      "balance": 0.0000,
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": 0.0000,
      "name": "S1",
      "primary_account_api_key": "<Partner>",
      "suspended": false,
      "use_primary_account_balance": false
    }
    "#);
    let upper = at(&partner, &format!("subaccounts/{}", first.key.to_uppercase())).to_uppercase();
    let upper = upper.replace("/ACCOUNTS/", "/accounts/").replace("/SUBACCOUNTS/", "/subaccounts/");
    assert_eq!(house.get(&upper, partner.auth()).await.text(), answer.text());
}

#[tokio::test]
async fn a_subaccount_is_modified_in_everything_at_once() {
    let (house, partner) = partner().await;
    let shared = house.subaccount(&partner, "Shared one", BalanceMode::Shared).await;
    let path = at(&partner, &format!("subaccounts/{}", shared.key));
    let body = r#"{"name": " Zoë & Søn ", "suspended": true, "use_primary_account_balance": false}"#;
    let answer = house.patch(&path, partner.auth(), body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Shared one>",
      "balance": 0.0000,
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": 0.0000,
      "name": " Zoë & Søn ",
      "primary_account_api_key": "<Partner>",
      "suspended": true,
      "use_primary_account_balance": false
    }
    "#);
    assert_eq!(house.get(&path, partner.auth()).await.text(), answer.text());
}

#[tokio::test]
async fn an_empty_change_answers_the_unchanged_object() {
    let (house, partner, first, _) = family().await;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    let before = house.get(&path, partner.auth()).await;
    // Without a body, with an empty object, with nothing but nulls and what nobody knows.
    for body in ["", "{}", r#"{"name": null, "suspended": null, "colour": "red"}"#] {
        let answer = house.patch(&path, partner.auth(), body).await;
        assert_eq!((answer.status, answer.text()), (200, before.text()), "{body}");
    }
}

#[tokio::test]
async fn a_change_never_sets_money() {
    let (house, partner, first, _) = family().await;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    let before = house.get(&path, partner.auth()).await;
    // What the PHP SDK sends when it is given a whole account.
    let body = json!({
        "api_key": first.key, "primary_account_api_key": partner.key, "balance": 5, "credit_limit": -5,
        "created_at": "x", "name": "S1", "suspended": false,
    });
    let answer = house.patch(&path, partner.auth(), body.to_string()).await;
    assert_eq!((answer.status, answer.text()), (200, before.text()));
}

#[tokio::test]
async fn suspending_twice_and_reactivating_twice_changes_nothing() {
    let (house, partner, first, _) = family().await;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    for suspended in [true, true, false, false] {
        let answer = house.patch(&path, partner.auth(), json!({ "suspended": suspended }).to_string()).await;
        assert_eq!((answer.status, member(&answer, "/suspended")), (200, suspended.to_string()));
    }
}

#[tokio::test]
async fn s8_05_shared_becomes_own_at_zero_and_own_never_becomes_shared() {
    let (house, partner) = partner().await;
    let customer = house.subaccount(&partner, "S1", BalanceMode::Shared).await;
    house.charge(&customer, "20").await;
    let path = at(&partner, &format!("subaccounts/{}", customer.key));
    assert_eq!(books(&house, &partner).await, ["-20/-100", "-/-", "-20/-100"]);
    let own = house.patch(&path, partner.auth(), r#"{"use_primary_account_balance": false}"#).await;
    assert_eq!(own.status, 200);
    assert_eq!(books(&house, &partner).await, ["-20/-100", "0/0", "-20/-100"]);

    let body = r#"{"use_primary_account_balance": true, "name": "Renamed", "suspended": true}"#;
    let refused = house.patch(&path, partner.auth(), body).await;
    assert_snapshot!(house.shown(&refused), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "use_primary_account_balance",
          "reason": "Transitioning from 'use_primary_account_balance = false' to 'use_primary_account_balance = true' is not supported"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    assert_eq!(house.get(&path, partner.auth()).await.text(), own.text());
    // What it is already is no change.
    let same = house.patch(&path, partner.auth(), r#"{"use_primary_account_balance": false}"#).await;
    assert_eq!((same.status, same.text()), (200, own.text()));
}

#[tokio::test]
async fn s8_07_a_name_has_1_to_80_characters_and_is_not_blank() {
    let (house, partner, first, _) = family().await;
    let (list, one) = (at(&partner, "subaccounts"), at(&partner, &format!("subaccounts/{}", first.key)));
    for name in ["x".to_owned(), "€".repeat(80), " padded ".to_owned(), "\u{1f600}".repeat(80)] {
        let body = json!({ "name": name }).to_string();
        let created = house.post(&list, partner.auth(), body.clone()).await;
        assert_eq!((created.status, member(&created, "/name")), (200, name.clone()));
        let renamed = house.patch(&one, partner.auth(), body).await;
        assert_eq!((renamed.status, member(&renamed, "/name")), (200, name));
    }
    let before = books(&house, &partner).await.len();
    for name in [json!(""), json!(" \t\u{a0}"), json!("€".repeat(81)), json!(7), json!(["x"])] {
        let body = json!({ "name": name }).to_string();
        for answer in [
            house.post(&list, partner.auth(), body.clone()).await,
            house.patch(&one, partner.auth(), body).await,
        ] {
            assert_eq!(answer.status, 422);
            let faults = json!([{ "reason": "Does not meet length requirements", "name": "name" }]);
            assert_eq!(answer.json()["invalid_parameters"], faults);
        }
    }
    assert_eq!(books(&house, &partner).await.len(), before);
}

#[tokio::test]
async fn s8_07_a_secret_has_8_to_25_characters_of_three_classes() {
    let (house, partner) = partner().await;
    let path = at(&partner, "subaccounts");
    let create = async |secret: &str| {
        let body = json!({ "name": "S", "secret": secret }).to_string();
        house.post(&path, partner.auth(), body).await
    };
    for secret in ["Short123", "The new secret1!", &format!("Long1{}", "x".repeat(20))] {
        let created = create(secret).await;
        assert_eq!((created.status, member(&created, "/secret")), (200, secret.to_owned()));
    }
    let too_long = format!("Long1{}", "x".repeat(21));
    for secret in ["Short12", &too_long, "password123", "PASSWORD123", "PasswordOnly", ""] {
        let refused = create(secret).await;
        assert_eq!(refused.status, 422, "{secret}");
        let faults = json!([{ "reason": "Does not meet complexity requirements", "name": "secret" }]);
        assert_eq!(refused.json()["invalid_parameters"], faults, "{secret}");
    }
    assert_eq!(books(&house, &partner).await.len(), 2 + 3);
}

#[tokio::test]
async fn every_member_of_a_new_subaccount_that_is_not_fit_is_named() {
    let (house, partner) = partner().await;
    let body = r#"{"secret": 12345678, "use_primary_account_balance": "no"}"#;
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "name",
          "reason": "Does not meet length requirements"
        },
        {
          "name": "secret",
          "reason": "Does not meet complexity requirements"
        },
        {
          "name": "use_primary_account_balance",
          "reason": "Should be either 'true' or 'false'"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
}

#[tokio::test]
async fn every_member_of_a_change_that_is_not_fit_is_named() {
    let (house, partner, first, _) = family().await;
    let body = r#"{"suspended": "yes", "use_primary_account_balance": 0, "name": ""}"#;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    let answer = house.patch(&path, partner.auth(), body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "name",
          "reason": "Does not meet length requirements"
        },
        {
          "name": "use_primary_account_balance",
          "reason": "Should be either 'true' or 'false'"
        },
        {
          "name": "suspended",
          "reason": "Should be either 'true' or 'false'"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
}

#[tokio::test]
async fn a_longer_name_that_was_made_elsewhere_is_shown_whole() {
    let house = House::new();
    let partner = house.primary(&"p".repeat(255), "0").await;
    let customer = house.subaccount(&partner, &"€".repeat(255), BalanceMode::Own).await;
    let list = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_eq!(list.json()["_embedded"]["primary_account"]["name"], "p".repeat(255));
    assert_eq!(list.json()["_embedded"]["subaccounts"][0]["name"], "€".repeat(255));
    let path = at(&partner, &format!("subaccounts/{}", customer.key));
    assert_eq!(house.get(&path, partner.auth()).await.json()["name"], "€".repeat(255));
}

#[tokio::test]
async fn more_subaccounts_than_the_operator_allows_are_refused() {
    let house = House::with(Settings { subaccounts_max: Some(1), ..Settings::default() });
    let partner = house.primary("Partner", "100").await;
    let path = at(&partner, "subaccounts");
    assert_eq!(house.post(&path, partner.auth(), r#"{"name": "S1"}"#).await.status, 200);
    let refused = house.post(&path, partner.auth(), r#"{"name": "S2"}"#).await;
    assert_snapshot!(house.shown(&refused), @r#"
    403
    content-type: application/json
    {
      "detail": "Maximum number of sub-accounts reached",
      "instance": "<uuid 1>",
      "title": "Provisioning error",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#provisioning"
    }
    "#);
}

#[tokio::test]
async fn a_closed_subaccount_is_not_there() {
    let (house, partner, first, second) = family().await;
    house.close(&first).await;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    let unknown = house.get(&path, partner.auth()).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(house.patch(&path, partner.auth(), r#"{"suspended": true}"#).await.status, 404);
    assert_eq!(house.get(&format!("/accounts/{}/secrets", first.key), partner.auth()).await.status, 404);
    assert_eq!(house.get("/account/get-balance", first.auth()).await.status, 401);
    let list = house.get(&at(&partner, "subaccounts"), partner.auth()).await.json();
    assert_eq!(list["_embedded"]["subaccounts"].as_array().unwrap().len(), 1);
    assert_eq!(list["_embedded"]["subaccounts"][0]["api_key"], second.key);
    let body = json!({ "from": partner.key, "to": first.key, "amount": 1 }).to_string();
    let transfer = house.post(&at(&partner, "balance-transfers"), partner.auth(), body).await;
    assert_eq!((transfer.status, member(&transfer, "/title")), (403, "Invalid Transfer".to_owned()));
}

#[tokio::test]
async fn fifty_thousand_subaccounts_are_one_list() {
    const COUNT: usize = 50_000;
    let (house, partner) = partner().await;
    let customer = house.subaccount(&partner, "End customer", BalanceMode::Own).await;
    house.pay(&customer, "0.5").await;
    // Straight into the table: to open them one by one takes half a minute.
    let sql = house.sql();
    let mut columns = sql.columns("accounts");
    columns.retain(|it| !matches!(it.as_str(), "id" | "number" | "api_key" | "auth_id"));
    let (columns, id, customer) = (columns.join(", "), sql.random_id(), sql.id(customer.id.as_bytes()));
    let inserted = sql.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT})
         INSERT INTO accounts (id, api_key, auth_id, {columns})
         SELECT {id}, i, 'SA' || CAST(100000000000000000 + i AS TEXT), {columns} FROM accounts, n WHERE id = {customer}"
    ));
    assert_eq!(inserted, COUNT - 1);

    let answer = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_eq!((answer.status, member(&answer, "/total_balance")), (200, "25000.0000".to_owned()));
    let list = answer.json();
    let subaccounts = list["_embedded"]["subaccounts"].as_array().unwrap();
    assert_eq!(subaccounts.len(), COUNT);
    assert!(subaccounts.iter().all(|it| it["primary_account_api_key"] == partner.key));
}
