//! `Idempotency-Key` on every write.

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use serde_json::json;

use super::{at, books, family, member};
use crate::house::{Answer, House, Opening};

pub(super) async fn keyed(
    house: &House,
    by: &Opening,
    method: Method,
    path: &str,
    body: &str,
    key: &str,
) -> Answer {
    let basic = STANDARD.encode(format!("{}:{}", by.key, by.secret));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Basic {basic}"))
        .header("idempotency-key", key);
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn s8_14_the_same_post_sent_ten_times_with_one_key_moves_money_once() {
    let (house, partner, first, _) = family().await;
    let body = json!({ "from": partner.key, "to": first.key, "amount": 7 }).to_string();
    for kind in ["credit-transfers", "balance-transfers"] {
        let path = at(&partner, kind);
        let sent = (0..10).map(|_| keyed(&house, &partner, Method::POST, &path, &body, kind));
        let answers = futures_util::future::join_all(sent).await;
        for answer in &answers {
            assert_eq!((answer.status, answer.text()), (200, answers[0].text()));
        }
    }
    assert_eq!(books(&house, &partner).await, ["-7/-93", "7/-7", "0/0", "0/-100"]);
}

#[tokio::test]
async fn every_write_gives_its_first_answer_again() {
    let (house, partner, first, second) = family().await;
    house.give_number(&partner, "GB", "447700900000").await;
    let one = at(&partner, &format!("subaccounts/{}", first.key));
    let added = house.post(&at(&second, "secrets"), partner.auth(), r#"{"secret": "Password123"}"#).await;
    let secret = member(&added, "/_links/self/href");
    let number = json!({ "from": partner.key, "to": first.key, "number": "447700900000" }).to_string();
    for (method, path, body) in [
        // A generated secret is shown again, whole.
        (Method::POST, at(&partner, "subaccounts"), r#"{"name": "S3"}"#),
        (Method::POST, at(&partner, "subaccounts"), r#"{"name": "S4", "secret": "Password456"}"#),
        (Method::PATCH, one, r#"{"name": "Renamed"}"#),
        (Method::POST, at(&partner, "transfer-number"), &number),
        (Method::POST, at(&first, "secrets"), r#"{"secret": "Password789"}"#),
        (Method::DELETE, secret, ""),
    ] {
        let key = format!("{method} {path} {body}");
        let first_answer = keyed(&house, &partner, method.clone(), &path, body, &key).await;
        assert!(first_answer.status < 300, "{key}: {first_answer}");
        house.clock.advance(60_000);
        let again = keyed(&house, &partner, method, &path, body, &key).await;
        assert_eq!((again.status, again.text()), (first_answer.status, first_answer.text()), "{key}");
    }
    assert_eq!(books(&house, &partner).await.len(), 3 + 2 + 1);
}

#[tokio::test]
async fn a_key_that_was_used_with_another_request_is_a_conflict() {
    let (house, partner, ..) = family().await;
    let path = at(&partner, "subaccounts");
    assert_eq!(keyed(&house, &partner, Method::POST, &path, r#"{"name": "S3"}"#, "k").await.status, 200);
    let refused = keyed(&house, &partner, Method::POST, &path, r#"{"name": "S4"}"#, "k").await;
    assert_snapshot!(house.shown(&refused), @r#"
    409
    content-type: application/json
    {
      "detail": "This Idempotency-Key was used with another request",
      "instance": "<uuid 1>",
      "title": "Idempotency Conflict",
      "type": "https://developer.nexmo.com/api-errors#idempotency-conflict"
    }
    "#);
    // Another partner's key is another key.
    let other = house.primary("Other", "0").await;
    let path = at(&other, "subaccounts");
    assert_eq!(keyed(&house, &other, Method::POST, &path, r#"{"name": "S4"}"#, "k").await.status, 200);
}

#[tokio::test]
async fn what_was_refused_binds_no_key() {
    let (house, partner, first, _) = family().await;
    let path = at(&partner, "balance-transfers");
    let body = json!({ "from": first.key, "to": partner.key, "amount": 7 }).to_string();
    assert_eq!(keyed(&house, &partner, Method::POST, &path, &body, "k").await.status, 403);
    house.pay(&first, "7").await;
    assert_eq!(keyed(&house, &partner, Method::POST, &path, &body, "k").await.status, 200);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let (house, partner, ..) = family().await;
    let path = at(&partner, "subaccounts");
    for key in ["", " ", &"k".repeat(256)] {
        let refused = keyed(&house, &partner, Method::POST, &path, r#"{"name": "S3"}"#, key).await;
        let faults = json!([{ "reason": "Does not meet length requirements", "name": "Idempotency-Key" }]);
        assert_eq!((refused.status, &refused.json()["invalid_parameters"]), (422, &faults));
    }
    let longest = "k".repeat(255);
    assert_eq!(keyed(&house, &partner, Method::POST, &path, r#"{"name": "S3"}"#, &longest).await.status, 200);
}
