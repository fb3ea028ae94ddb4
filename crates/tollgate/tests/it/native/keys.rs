//! `Idempotency-Key`: every write happens once under one.

use axum::http::Method;
use insta::assert_snapshot;

use super::{Family, keyed, problem, text};
use crate::house::{BY_OPERATOR, House};

#[tokio::test]
async fn every_write_repeated_under_its_key_gives_the_first_answer_again() {
    let family = Family::new().await;
    let charge = family.house.charge(&family.primary, "5").await;
    let token =
        text(&family.house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await.json()["id"]);
    let (primary, own, shared) = (family.primary.id, family.own.id, family.shared.id);
    let credentials = family.path(&family.stranger, "/credentials");
    let added = family.house.post(&credentials, BY_OPERATOR, r#"{"kind":"token"}"#).await;
    let credential = text(&added.json()["id"]);
    let writes = [
        (Method::POST, "/api/v1/accounts".to_owned(), r#"{"name":"Once","credit_limit":"1"}"#.to_owned()),
        (Method::PATCH, format!("/api/v1/accounts/{own}"), r#"{"name":"Once"}"#.to_owned()),
        (Method::POST, format!("/api/v1/accounts/{primary}/payments"), r#"{"amount":"1"}"#.to_owned()),
        (
            Method::POST,
            format!("/api/v1/accounts/{primary}/transfers"),
            format!(r#"{{"kind":"credit","to":"{own}","amount":"1"}}"#),
        ),
        (Method::POST, "/api/v1/charges".to_owned(), format!(r#"{{"account":"{primary}","amount":"1"}}"#)),
        (Method::POST, format!("/api/v1/charges/{charge}/reverse"), r#"{"amount":"1"}"#.to_owned()),
        (Method::POST, "/api/v1/tokens".to_owned(), r#"{"scope":"operator"}"#.to_owned()),
        (Method::DELETE, format!("/api/v1/tokens/{token}"), String::new()),
        (
            Method::POST,
            "/api/v1/numbers".to_owned(),
            format!(r#"{{"account":"{own}","country":"GB","msisdn":"447700900000"}}"#),
        ),
        (
            Method::POST,
            "/api/v1/numbers".to_owned(),
            r#"{"country":"GB","msisdn":"447700900001","cost":"1"}"#.to_owned(),
        ),
        (Method::DELETE, "/api/v1/numbers/GB/447700900001".to_owned(), String::new()),
        (Method::POST, credentials.clone(), r#"{"kind":"secret"}"#.to_owned()),
        (Method::DELETE, format!("{credentials}/{credential}"), String::new()),
        (Method::POST, format!("{credentials}/rotate"), r#"{"kind":"token"}"#.to_owned()),
        (Method::POST, format!("/api/v1/accounts/{shared}/close"), String::new()),
    ];
    let write = async |number: usize| {
        let (method, path, body) = &writes[number];
        keyed(&family.house, method.clone(), path, &format!("key {number}"), body).await
    };
    let mut firsts = Vec::new();
    for number in 0..writes.len() {
        let first = write(number).await;
        assert!(matches!(first.status, 200 | 201), "{first}");
        firsts.push(first);
    }
    family.house.clock.advance(1_000);
    for (number, first) in firsts.iter().enumerate() {
        let again = write(number).await;
        assert_eq!((again.status, again.text()), (first.status, first.text()), "{:?}", writes[number]);
    }
    assert_eq!(family.account(&family.primary).await["balance"], "46.00");
}

#[tokio::test]
async fn a_key_that_was_used_with_another_request_is_409() {
    let house = House::new();
    keyed(&house, Method::POST, "/api/v1/accounts", "k", r#"{"name":"First"}"#).await;
    let other = keyed(&house, Method::POST, "/api/v1/accounts", "k", r#"{"name": "First"}"#).await;
    assert_snapshot!(house.shown(&other), @r#"
    409
    content-type: application/problem+json
    {
      "code": "key_reused",
      "detail": "This key came with another request. Send the first one again as it was, or take a new key.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The key was used with another request",
      "type": "urn:tollgate:problem:key_reused"
    }
    "#);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let house = House::new();
    let mut said = Vec::new();
    for key in ["", " ", &"k".repeat(256)] {
        said.push(problem(&keyed(&house, Method::POST, "/api/v1/accounts", key, r#"{"name":"x"}"#).await));
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: Idempotency-Key must have 1 to 255 characters, none of them U+0000
    422 invalid: Idempotency-Key must have 1 to 255 characters, none of them U+0000
    422 invalid: Idempotency-Key must have 1 to 255 characters, none of them U+0000
    ");
    let longest = keyed(&house, Method::POST, "/api/v1/accounts", &"k".repeat(255), r#"{"name":"x"}"#).await;
    assert_eq!(longest.status, 201);
}

#[tokio::test]
async fn a_refusal_binds_no_key() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","amount":"1"}}"#, family.own.id);
    let charge = async || keyed(&family.house, Method::POST, "/api/v1/charges", "k", &body).await;
    assert_eq!(problem(&charge().await), "402 insufficient_funds");
    family.house.pay(&family.own, "1").await;
    assert_eq!(charge().await.status, 201);
}
