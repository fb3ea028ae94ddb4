//! The secrets of an account.

use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::json;

use super::{alike, at, family, member, partner};
use crate::house::{Answer, Auth, House, Opening};

const SECRET: &str = r#"{"secret": "Password123"}"#;

async fn ids(house: &House, account: &Opening, auth: Auth<'_>) -> Vec<String> {
    let list = house.get(&at(account, "secrets"), auth).await.json();
    let rows = list["_embedded"]["secrets"].as_array().unwrap().clone();
    rows.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

async fn add(house: &House, account: &Opening, auth: Auth<'_>, secret: &str) -> Answer {
    house.post(&at(account, "secrets"), auth, json!({ "secret": secret }).to_string()).await
}

#[tokio::test]
async fn s8_16_the_list_of_secrets_has_links_without_a_next() {
    let (house, partner) = partner().await;
    house.clock.advance(61_000);
    add(&house, &partner, partner.auth(), "Password123").await;
    let answer = house.get(&at(&partner, "secrets?page_index=1"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "secrets": [
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/secrets/<uuid 1>"
              }
            },
            "created_at": "2024-08-28T14:11:32Z",
            "id": "<uuid 1>"
          },
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/secrets/<uuid 2>"
              }
            },
            "created_at": "2024-08-28T14:12:33Z",
            "id": "<uuid 2>"
          }
        ]
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/secrets"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn a_secret_is_created_and_found() {
    let (house, partner) = partner().await;
    let created = house.post(&at(&partner, "secrets"), partner.auth(), SECRET).await;
    assert_snapshot!(house.shown(&created), @r#"
    201
    content-type: application/json
    {
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/secrets/<uuid 1>"
        }
      },
      "created_at": "2024-08-28T14:11:32Z",
      "id": "<uuid 1>"
    }
    "#);
    let found = house.get(&member(&created, "/_links/self/href"), partner.auth()).await;
    assert_eq!((found.status, found.text()), (200, created.text()));
    for secret in ["Password123", &partner.secret] {
        assert_eq!(house.get(&at(&partner, "secrets"), Auth::Basic(&partner.key, secret)).await.status, 200);
    }
}

#[tokio::test]
async fn s8_16_a_third_secret_is_refused() {
    let (house, partner) = partner().await;
    add(&house, &partner, partner.auth(), "Password123").await;
    let refused = add(&house, &partner, partner.auth(), "Password456").await;
    assert_snapshot!(house.shown(&refused), @r#"
    403
    content-type: application/json
    {
      "detail": "Account reached maximum number [2] of allowed secrets",
      "instance": "<uuid 1>",
      "title": "Secret Addition Forbidden",
      "type": "https://developer.nexmo.com/api-errors/account/secret-management#add-excess-secret"
    }
    "#);
    assert_eq!(ids(&house, &partner, partner.auth()).await.len(), 2);
}

#[tokio::test]
async fn s8_16_the_last_secret_stays() {
    let (house, partner) = partner().await;
    let [last] = &ids(&house, &partner, partner.auth()).await[..] else { panic!("not one secret") };
    let refused = house.delete(&at(&partner, &format!("secrets/{last}")), partner.auth()).await;
    assert_snapshot!(house.shown(&refused), @r#"
    403
    content-type: application/json
    {
      "detail": "Can not delete the last secret. The account must always have at least 1 secret active at any time",
      "instance": "<uuid 1>",
      "title": "Secret Deletion Forbidden",
      "type": "https://developer.nexmo.com/api-errors/account/secret-management#delete-last-secret"
    }
    "#);
    assert_eq!(ids(&house, &partner, partner.auth()).await, std::slice::from_ref(last));
}

#[tokio::test]
async fn s8_16_a_secret_that_was_rotated_out_is_dead_at_once() {
    let (house, partner) = partner().await;
    let [old] = &ids(&house, &partner, partner.auth()).await[..] else { panic!("not one secret") };
    add(&house, &partner, partner.auth(), "Password123").await;
    let rotated = Auth::Basic(&partner.key, "Password123");
    let revoked = house.delete(&at(&partner, &format!("secrets/{old}")), rotated).await;
    assert_eq!((revoked.status, revoked.text()), (204, ""));
    let refused = house.get(&at(&partner, "secrets"), partner.auth()).await;
    assert_snapshot!(house.shown(&refused), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "detail": "Invalid credentials format. Expected: \"Authorization: (Base64(UTF-8(apiKey:secret)))\"",
      "instance": "<uuid 1>",
      "title": "Unauthorized",
      "type": "https://developer.nexmo.com/api-errors#unauthorized"
    }
    "#);
    assert_eq!(house.get(&at(&partner, "subaccounts"), partner.auth()).await.status, 401);
    assert_eq!(house.get(&at(&partner, "subaccounts"), rotated).await.status, 200);
}

#[tokio::test]
async fn a_secret_that_breaks_the_rules_is_refused() {
    let (house, partner) = partner().await;
    let refused = add(&house, &partner, partner.auth(), "Short12").await;
    assert_snapshot!(house.shown(&refused), @r#"
    400
    content-type: application/json
    {
      "detail": "The request failed due to secret validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "secret",
          "reason": "Does not meet complexity requirements"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/account/secret-management#validation"
    }
    "#);
    let too_long = format!("Long1{}", "x".repeat(21));
    for secret in
        [json!(""), json!(too_long), json!("password123"), json!("PASSWORD123"), json!("PasswordOnly")]
    {
        let body = json!({ "secret": secret }).to_string();
        let answer = house.post(&at(&partner, "secrets"), partner.auth(), body).await;
        assert_eq!((answer.status, answer.json()["title"].as_str()), (400, Some("Bad Request")), "{secret}");
    }
    for body in ["{}", r#"{"secret": null}"#, r#"{"secret": 12345678}"#] {
        let answer = house.post(&at(&partner, "secrets"), partner.auth(), body).await;
        assert_eq!(answer.json()["invalid_parameters"], refused.json()["invalid_parameters"], "{body}");
    }
    assert_eq!(ids(&house, &partner, partner.auth()).await.len(), 1);
}

#[tokio::test]
async fn a_secret_that_the_account_already_has_is_refused() {
    let (house, partner) = partner().await;
    add(&house, &partner, partner.auth(), "Password123").await;
    // Before it is counted that there are two already; and the generated one, too.
    let mut shown = Vec::new();
    for secret in ["Password123", &partner.secret] {
        let refused = add(&house, &partner, partner.auth(), secret).await;
        shown.push(house.shown(&refused));
    }
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "detail": "The request failed due to secret validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "secret",
          "reason": "Does not meet complexity requirements"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/account/secret-management#validation"
    }
    "#);
}

#[tokio::test]
async fn a_primary_manages_the_secrets_of_its_subaccount() {
    let (house, partner, first, second) = family().await;
    house
        .patch(&at(&partner, &format!("subaccounts/{}", first.key)), partner.auth(), r#"{"suspended": true}"#)
        .await;
    let [old] = &ids(&house, &first, partner.auth()).await[..] else { panic!("not one secret") };
    assert_eq!(add(&house, &first, partner.auth(), "Password123").await.status, 201);
    assert_eq!(house.delete(&at(&first, &format!("secrets/{old}")), partner.auth()).await.status, 204);
    assert_eq!(ids(&house, &first, partner.auth()).await.len(), 1);
    // Their own, but neither their primary's nor their sibling's.
    assert_eq!(ids(&house, &second, second.auth()).await.len(), 1);
    for other in [&partner, &first] {
        assert_eq!(house.get(&at(other, "secrets"), second.auth()).await.status, 404);
        assert_eq!(add(&house, other, second.auth(), "Password789").await.status, 404);
    }
}

#[tokio::test]
async fn the_secrets_of_an_unknown_or_foreign_account_are_not_found() {
    let (house, partner) = partner().await;
    let stranger = house.primary("Stranger", "0").await;
    let answer = house.get(&at(&stranger, "secrets"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/json
    {
      "detail": "API key '<Stranger>' not found",
      "instance": "<uuid 1>",
      "title": "Invalid API Key",
      "type": "https://developer.nexmo.com/api-errors#invalid-api-key"
    }
    "#);
    for key in ["00000000", "nope", &stranger.opened.account.id.to_string()] {
        for answer in [
            house.get(&format!("/accounts/{key}/secrets"), partner.auth()).await,
            house.post(&format!("/accounts/{key}/secrets"), partner.auth(), "no JSON").await,
            house.get(&format!("/accounts/{key}/secrets/x"), partner.auth()).await,
            house.delete(&format!("/accounts/{key}/secrets/x"), partner.auth()).await,
        ] {
            let detail = format!("API key '{key}' not found");
            assert_eq!((answer.status, member(&answer, "/detail")), (404, detail));
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_not_found_even_if_only_one_is_left() {
    let (house, partner) = partner().await;
    let stranger = house.primary("Stranger", "0").await;
    let [theirs] = &ids(&house, &stranger, stranger.auth()).await[..] else { panic!("not one secret") };
    let answer = house.get(&at(&partner, "secrets/no-uuid-at-all"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/json
    {
      "detail": "ID 'no-uuid-at-all' could not be found",
      "instance": "<uuid 1>",
      "title": "Invalid ID",
      "type": "https://developer.nexmo.com/api-errors#invalid-id"
    }
    "#);
    for id in ["no-uuid-at-all", "00000000-0000-7000-8000-000000000000", theirs] {
        let path = at(&partner, &format!("secrets/{id}"));
        for answer in [house.get(&path, partner.auth()).await, house.delete(&path, partner.auth()).await] {
            let said = (answer.status, member(&answer, "/detail"));
            assert_eq!(said, (404, format!("ID '{id}' could not be found")));
        }
    }
}

#[tokio::test]
async fn an_auth_token_is_no_secret_of_this_dialect_but_authenticates() {
    let (house, partner) = partner().await;
    let by_token = Auth::Basic(&partner.key, &partner.opened.auth_token);
    assert_eq!(ids(&house, &partner, by_token).await.len(), 1);
    add(&house, &partner, by_token, "Password123").await;
    let account = partner.id;
    let held = house.app.credentials(crate::house::OPERATOR, account).await.unwrap();
    let token = held.iter().find(|it| it.credential.kind == ledger::CredentialKind::Token).unwrap();
    let path = at(&partner, &format!("secrets/{}", token.credential.id));
    assert_eq!(house.get(&path, by_token).await.status, 404);
    assert_eq!(house.delete(&path, by_token).await.status, 404);
    assert_eq!(house.get(&at(&partner, "secrets"), by_token).await.status, 200);
}

#[tokio::test]
async fn a_suspended_account_does_not_manage_its_secrets() {
    let (house, partner) = partner().await;
    let customer = house.subaccount(&partner, "S1", BalanceMode::Own).await;
    let path = at(&partner, &format!("subaccounts/{}", customer.key));
    house.patch(&path, partner.auth(), r#"{"suspended": true}"#).await;
    let answer = house.get(&at(&customer, "secrets"), customer.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    403
    content-type: application/json
    {
      "detail": "This account has been suspended",
      "instance": "<uuid 1>",
      "title": "Account Suspended",
      "type": "https://developer.nexmo.com/api-errors#account-suspended"
    }
    "#);
}
