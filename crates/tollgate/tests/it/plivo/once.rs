//! `Idempotency-Key` on every write.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Family, JSON, bad, member};
use crate::house::{Answer, Opening};

async fn keyed(family: &Family, by: &Opening, line: &str, body: &str, key: &str) -> Answer {
    family.send(by, line, &[("content-type", JSON), ("idempotency-key", key)], body).await
}

/// An answer without the name of its request, which is each request's own.
fn said(answer: &Answer) -> (u16, Value) {
    let mut body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    if let Some(members) = body.as_object_mut() {
        members.remove("api_id");
    }
    (answer.status, body)
}

#[tokio::test]
async fn every_write_gives_its_first_answer_again() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let phone = family.endpoint(&family.main, "phone", "").await;
    family.stocked("14155550100", "1.25").await;
    // In this order: what one of them makes, a later one takes away.
    let lines = [
        ("POST Subaccount/".to_owned(), r#"{"name":"Once","enabled":true}"#),
        ("POST Subaccount/{SA}/".to_owned(), r#"{"name":"Renamed"}"#),
        ("POST ".to_owned(), r#"{"city":"Austin"}"#),
        ("POST Application/".to_owned(), r#"{"app_name":"once"}"#),
        (format!("POST Application/{app}/"), r#"{"public_uri":true}"#),
        ("POST Endpoint/".to_owned(), r#"{"username":"once","password":"12345","alias":"once"}"#),
        (format!("POST Endpoint/{phone}/"), r#"{"alias":"twice"}"#),
        ("POST PhoneNumber/14155550100/".to_owned(), "{}"),
        ("POST Number/14155550100/".to_owned(), r#"{"subaccount":"{SA}"}"#),
        ("POST Number/".to_owned(), r#"{"numbers":"14155550109","carrier":"Own","region":"West"}"#),
        ("DELETE Number/14155550100/".to_owned(), ""),
        (format!("DELETE Endpoint/{phone}/"), ""),
        (format!("DELETE Application/{app}/"), r#"{"cascade":true}"#),
        ("DELETE Subaccount/{SA}/?cascade=true".to_owned(), ""),
    ];
    let mut first = Vec::new();
    for (line, body) in &lines {
        let answer = keyed(&family, &family.main, line, body, line).await;
        assert!(answer.status < 300, "{line}: {answer}");
        first.push(said(&answer));
    }
    let cash = family.seen("", "/cash_credits").await;
    assert_eq!(cash, "-1.25000");
    // Also when what it was about is gone since.
    for ((line, body), first) in lines.iter().zip(&first) {
        family.house.clock.advance(1_000);
        let again = keyed(&family, &family.main, line, body, line).await;
        assert_eq!(said(&again), *first, "{line}");
    }
    assert_eq!(family.seen("", "/cash_credits").await, cash);
    assert_eq!(family.listed(&family.main, "Subaccount/", "name").await, ["Once"]);
    assert_eq!(family.listed(&family.main, "Application/", "app_name").await, ["once"]);
}

#[tokio::test]
async fn the_token_is_shown_again_and_authenticates() {
    let family = Family::new().await;
    let body = r#"{"name":"Once","enabled":true}"#;
    let created = keyed(&family, &family.main, "POST Subaccount/", body, "k").await;
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
    // However many slashes: it is the same request.
    let again = keyed(&family, &family.main, "POST /Subaccount", body, "k").await;
    assert_eq!(family.shown(&again), family.shown(&created));
    assert_ne!(member(&again, "/api_id"), member(&created, "/api_id"));
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!(family.seen(&path, "/auth_token").await, member(&again, "/auth_token"));
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let family = Family::new().await;
    let first = keyed(&family, &family.main, "POST Subaccount/", r#"{"name":"Once"}"#, "k").await;
    assert_eq!(first.status, 201);
    let expected = bad("the Idempotency-Key was used with another request; use a new one");
    for (line, body) in [
        ("POST Subaccount/", r#"{"name":"Twice"}"#),
        ("POST Subaccount/{SA}/", r#"{"name":"Once"}"#),
        ("POST Application/", r#"{"app_name":"once"}"#),
        ("DELETE Subaccount/{SA}/", ""),
    ] {
        let answer = keyed(&family, &family.main, line, body, "k").await;
        assert_eq!((answer.status, member(&answer, "/error")), expected, "{line}");
    }
    // To each account its own keys.
    let its = keyed(&family, &family.sub, "POST Application/", r#"{"app_name":"once"}"#, "k").await;
    assert_eq!(its.status, 201);
}

#[tokio::test]
async fn what_was_refused_binds_no_key() {
    let family = Family::new().await;
    family.stocked("14155550100", "100.5").await;
    let line = "POST PhoneNumber/14155550100/";
    assert_eq!(keyed(&family, &family.main, line, "{}", "k").await.status, 400);
    family.house.pay(&family.main, "1").await;
    assert_eq!(keyed(&family, &family.main, line, "{}", "k").await.status, 201);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters_and_means_nothing_to_a_read() {
    let family = Family::new().await;
    let long = "k".repeat(256);
    for key in ["", " ", &long] {
        let answer = keyed(&family, &family.main, "POST Subaccount/", r#"{"name":"N"}"#, key).await;
        let expected = bad("Idempotency-Key must have 1 to 255 characters");
        assert_eq!((answer.status, member(&answer, "/error")), expected, "{key}");
        assert_eq!(keyed(&family, &family.main, "GET Subaccount/", "", key).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_under_a_key_too() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let foreign = super::auth_id(&stranger).to_owned();
    for (line, body) in [
        ("POST Subaccount/SA000000000000000000/".to_owned(), r#"{"name":"N"}"#),
        (format!("POST Subaccount/{}/", super::auth_id(&family.main)), r#"{"name":"N"}"#),
        (format!("DELETE Subaccount/{}/", super::auth_id(&family.main)), ""),
        (format!("POST Subaccount/{foreign}/"), r#"{"name":"N"}"#),
        (format!("DELETE Subaccount/{foreign}/"), ""),
        ("POST Application/12345678901234567/".to_owned(), "{}"),
        ("DELETE Application/12345678901234567/".to_owned(), ""),
        ("POST Endpoint/12345678901234/".to_owned(), "{}"),
        ("DELETE Endpoint/12345678901234/".to_owned(), ""),
        ("POST Number/14155550100/".to_owned(), "{}"),
        ("DELETE Number/14155550100/".to_owned(), ""),
        ("POST PhoneNumber/14155550100/".to_owned(), "{}"),
    ] {
        let answer = keyed(&family, &family.main, &line, body, &line).await;
        assert_eq!((answer.status, member(&answer, "/error")), super::not_found(), "{line}");
    }
    assert_eq!(family.seen("", "/name").await, "Main");
}
