//! What a request may look like, and that every answer is one that an SDK can read.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tollgate::api::{self, Who};

use super::{at, family, member, partner};
use crate::house::{Answer, Auth, House};

/// The four members that every error has, and no other that Ruby or PHP would take for one of them
/// (docs/vonage.md, Errors).
fn assert_problem(answer: &Answer) {
    assert!(answer.status >= 400, "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    let members = json.as_object().unwrap();
    for name in ["type", "title", "detail", "instance"] {
        assert!(members[name].is_string(), "{name} in {answer}");
    }
    assert_eq!(answer.header("x-request-id"), members["instance"].as_str());
    let has_faults = members.contains_key("invalid_parameters");
    assert_eq!(members.len(), if has_faults { 5 } else { 4 }, "{answer}");
    assert_eq!(has_faults, answer.status == 422 || answer.json()["title"] == "Bad Request", "{answer}");
}

#[tokio::test]
async fn s8_11_the_request_content_type_is_not_looked_at() {
    let (house, partner, first, _) = family().await;
    for content_type in
        [None, Some("application/x-www-form-urlencoded"), Some("text/plain"), Some("nonsense")]
    {
        let body = json!({ "name": "S", "colour": "red", "primary_account_api_key": "x" }).to_string();
        let request = |method: Method, path: String, body: String| {
            let request = Request::builder().method(method).uri(path);
            let request = content_type.iter().fold(request, |it, value| it.header("content-type", *value));
            let credentials = format!("{}:{}", partner.key, partner.secret);
            let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, credentials);
            request.header("authorization", format!("Basic {basic}")).body(Body::from(body)).unwrap()
        };
        let created = house.send(request(Method::POST, at(&partner, "subaccounts"), body.clone())).await;
        assert_eq!(created.status, 200, "{created}");
        let one = at(&partner, &format!("subaccounts/{}", first.key));
        assert_eq!(house.send(request(Method::PATCH, one, "{}".to_owned())).await.status, 200);
    }
}

#[tokio::test]
async fn s8_11_a_get_and_a_delete_may_say_that_they_have_a_json_body_and_have_none() {
    let (house, partner) = partner().await;
    let added = house.post(&at(&partner, "secrets"), partner.auth(), r#"{"secret": "Password123"}"#).await;
    let revoke = member(&added, "/_links/self/href");
    for (method, path, status) in [
        (Method::GET, at(&partner, "subaccounts"), 200),
        (Method::GET, at(&partner, "credit-transfers"), 200),
        (Method::GET, at(&partner, "secrets"), 200),
        (Method::GET, "/account/get-balance".to_owned(), 200),
        (Method::DELETE, revoke, 204),
    ] {
        let basic = format!("{}:{}", partner.key, partner.secret);
        let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("content-length", "0")
            .header("authorization", format!("Basic {basic}"));
        assert_eq!(house.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
}

#[tokio::test]
async fn s8_11_a_body_in_escapes_and_one_in_utf_8_are_the_same() {
    let (house, partner) = partner().await;
    for body in [r#"{"name": "Zo\u00eb \u2603 \ud83d\ude00"}"#, "{\"name\": \"Zoë ☃ 😀\"}"] {
        let created = house.post(&at(&partner, "subaccounts"), partner.auth(), body).await;
        assert_eq!(member(&created, "/name"), "Zoë ☃ 😀");
    }
}

#[tokio::test]
async fn s8_15_a_path_that_nobody_serves() {
    let (house, partner) = partner().await;
    let answer = house.get("/nothing/here", partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/json
    {
      "detail": "The requested resource does not exist, or you do not have access to it",
      "instance": "<uuid 1>",
      "title": "Not Found",
      "type": "https://developer.nexmo.com/api-errors#not-found"
    }
    "#);
    for path in ["/", "/accounts", "/account", "/account/nothing", "/accounts/x/subaccounts/y/z", "/number"] {
        let answer = house.get(path, Auth::Nothing).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_problem(&answer);
    }
}

#[tokio::test]
async fn s8_15_a_method_that_the_path_is_not_served_with() {
    let (house, partner) = partner().await;
    let answer = house.call(Method::PUT, &at(&partner, "subaccounts"), partner.auth(), "{}").await;
    assert_snapshot!(house.shown(&answer), @r#"
    405
    content-type: application/json
    allow: GET, POST
    {
      "detail": "Request method 'PUT' not supported",
      "instance": "<uuid 1>",
      "title": "Request method not allowed",
      "type": "https://developer.nexmo.com/api-errors#wrong-verb"
    }
    "#);
    assert_problem(&answer);
    let answer = house.delete("/account/get-balance", Auth::Nothing).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    assert_problem(&answer);
}

#[tokio::test]
async fn s8_15_a_body_that_is_no_json_object() {
    let (house, partner) = partner().await;
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), "name=S1").await;
    assert_snapshot!(house.shown(&answer), @r#"
    400
    content-type: application/json
    {
      "detail": "Malformed JSON payload.",
      "instance": "<uuid 1>",
      "title": "Malformed JSON",
      "type": "https://developer.nexmo.com/api-errors#invalid-json"
    }
    "#);
    for path in ["subaccounts", "credit-transfers", "balance-transfers", "transfer-number", "secrets"] {
        for body in
            [&b""[..], b"{", b"[]", b"null", b"\"x\"", b"1", b"{}x", b"{\"name\": \"\xff\"}", b"{'a': 1}"]
        {
            let answer = house.post(&at(&partner, path), partner.auth(), body.to_vec()).await;
            assert_eq!((answer.status, member(&answer, "/title")), (400, "Malformed JSON".to_owned()));
            assert_problem(&answer);
        }
    }
    // So deep that a parser without a limit would overflow its stack.
    let deep = format!("{{\"name\": {}}}", "[".repeat(30_000));
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), deep).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn s8_15_a_body_beyond_the_limit() {
    let (house, partner) = partner().await;
    let body = json!({ "name": "x".repeat(70_000) }).to_string();
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    413
    content-type: application/json
    {
      "detail": "The request body is larger than 65536 bytes",
      "instance": "<uuid 1>",
      "title": "Payload Too Large",
      "type": "https://developer.nexmo.com/api-errors#payload-too-large"
    }
    "#);
    assert_problem(&answer);
}

#[tokio::test]
async fn s8_15_every_operation_refuses_a_stranger_with_the_four_members() {
    let house = House::new();
    let routes = api::vonage::routes();
    let (about_accounts, on_the_rest_host) = (9 + 2 + 4, 1 + 2 + 1 + 5);
    assert_eq!(
        routes.len(),
        about_accounts + on_the_rest_host,
        "the nine operations, two by id, four of secrets"
    );
    for route in routes {
        assert_eq!(route.who, Who::Account, "{}", route.path);
        let answer = house.call(route.method, route.path, Auth::Nothing, "").await;
        assert_eq!(answer.status, 401, "{}", route.path);
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"tollgate\""));
        if !["/account/", "/number/"].iter().any(|it| route.path.starts_with(it)) {
            assert_problem(&answer);
        }
    }
}

#[tokio::test]
async fn s8_15_an_operation_without_a_body_does_not_mind_one_that_is_too_large() {
    let (house, partner) = partner().await;
    let large = "x".repeat(70_000);
    let answer = house.call(Method::GET, &at(&partner, "subaccounts"), partner.auth(), large).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_store_that_takes_no_writes_says_so_and_still_reads() {
    let (house, partner, first, _) = family().await;
    house.app.store().close();
    let answer = house.post(&at(&partner, "subaccounts"), partner.auth(), r#"{"name": "S3"}"#).await;
    assert_snapshot!(house.shown(&answer), @r#"
    503
    content-type: application/json
    {
      "detail": "The service is temporarily unavailable. Please try again shortly",
      "instance": "<uuid 1>",
      "title": "Service Unavailable",
      "type": "https://developer.nexmo.com/api-errors#unavailable"
    }
    "#);
    assert_problem(&answer);
    let found = house.get(&at(&partner, &format!("subaccounts/{}", first.key)), partner.auth()).await;
    assert_eq!(found.status, 200);
}

#[tokio::test]
async fn a_sum_that_cannot_be_said_is_a_fault_of_ours() {
    let (house, partner, first, _) = family().await;
    for account in [&partner, &first] {
        for _ in 0..9 {
            house.pay(account, "10000000000").await;
        }
    }
    let answer = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    500
    content-type: application/json
    {
      "detail": "An internal error occurred. Please try again shortly",
      "instance": "<uuid 1>",
      "title": "Internal Error",
      "type": "https://developer.nexmo.com/api-errors#internal-error"
    }
    "#);
    assert_problem(&answer);
}

#[tokio::test]
async fn precedence_is_401_403_404_400_422_and_then_the_ledger() {
    let (house, partner, first, second) = family().await;
    let path = at(&partner, "credit-transfers");
    let status =
        async |auth: Auth<'_>, path: &str, body: Value| house.post(path, auth, body.to_string()).await.status;
    let (p, s1, s2) = (&*partner.key, &*first.key, &*second.key);
    let unfit = json!({ "from": s1, "to": s2, "amount": -1 });
    assert_eq!(house.post(&path, Auth::Nothing, "no JSON").await.status, 401);
    assert_eq!(
        house.post("/accounts/00000000/credit-transfers", partner.auth(), "no JSON").await.status,
        404
    );
    assert_eq!(house.post(&at(&first, "credit-transfers"), first.auth(), "no JSON").await.status, 403);
    assert_eq!(house.post(&path, partner.auth(), "no JSON").await.status, 400);
    assert_eq!(status(partner.auth(), &path, unfit).await, 422);
    // The family comes before the funds, and before a balance that is shared.
    let refused =
        async |body: Value| member(&house.post(&path, partner.auth(), body.to_string()).await, "/detail");
    let family_first = refused(json!({ "from": s1, "to": s2, "amount": 1000 })).await;
    assert!(family_first.starts_with("Transfers are only allowed"), "{family_first}");
    let funds = refused(json!({ "from": p, "to": s1, "amount": 1000 })).await;
    assert_eq!(funds, "Insufficient Credit");
}
