//! Paths and methods.

use axum::http::{HeaderValue, Method};
use insta::assert_snapshot;

use super::{Family, JSON, alike, auth_id, basic, by_token, checked, member};
use crate::house::{Answer, Auth};

async fn get(family: &Family, path: &str) -> Answer {
    let path = path.replace("{MA}", auth_id(&family.main)).replace("{SA}", auth_id(&family.sub));
    family.house.get(&path, by_token(&family.main)).await
}

#[tokio::test]
async fn slashes_may_be_doubled_and_the_last_one_left_out() {
    let family = Family::new().await;
    for (wanted, paths) in [
        (
            "auth_id",
            &[
                "/v1/Account/{MA}/",
                "/v1/Account/{MA}",
                "/v1/Account/{MA}//",
                "//v1//Account///{MA}////",
                "/v1/Account/{MA}//?a=b//c",
            ][..],
        ),
        (
            "meta",
            &[
                "/v1/Account/{MA}/Subaccount/",
                "/v1/Account/{MA}/Subaccount",
                "/v1/Account/{MA}//Subaccount//",
                "/v1//Account/{MA}/Subaccount?limit=1",
                "/v1/Account/{MA}/Subaccount/?limit=1",
            ],
        ),
        ("auth_token", &["/v1/Account/{MA}/Subaccount/{SA}/", "/v1/Account/{MA}/Subaccount//{SA}"]),
    ] {
        for path in paths {
            let answer = checked(get(&family, path).await);
            assert_eq!(answer.status, 200, "{path}: {answer}");
            assert!(answer.json().get(wanted).is_some(), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn no_request_is_sent_elsewhere() {
    let family = Family::new().await;
    for line in ["POST Subaccount", "POST Subaccount/", "POST //Subaccount///"] {
        let answer = family.ask(line, r#"{"name":"New"}"#).await;
        assert_eq!((answer.status, answer.header("location")), (201, None), "{line}");
    }
}

#[tokio::test]
async fn a_path_that_nobody_serves_is_not_found() {
    let family = Family::new().await;
    let mut shown = Vec::new();
    for path in [
        "/v1/",
        "/v1",
        "/v1/Account/",
        "/v1/Account",
        "/v1/Accounts/{MA}/",
        "/v1/account/{MA}/",
        "/v1/Account/{MA}/Subaccount/{SA}/Application/",
        "/v1/Account/{MA}/Application/1/2/",
        "/v1/Account/{MA}/Subaccount/{SA}/more",
    ] {
        let answer = get(&family, path).await;
        shown.push(family.shown(&checked(answer)));
        let answer = family.house.call(Method::DELETE, path, Auth::Nothing, "").await;
        assert_eq!(checked(answer).status, 404, "{path}");
    }
    assert_snapshot!(alike(shown), @r#"
    404
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "not found"
    }
    "#);
    for list in ["subaccount", "Message", "Call", "subAccount"] {
        assert_eq!(checked(get(&family, &format!("/v1/Account/{{MA}}/{list}/")).await).status, 404);
    }
}

#[tokio::test]
async fn a_method_that_a_path_is_not_served_with_is_told_those_that_it_is() {
    let family = Family::new().await;
    for (path, allow) in [
        ("", "GET, POST"),
        ("Subaccount/", "GET, POST"),
        ("Subaccount/{SA}/", "GET, POST, DELETE"),
        ("Application/", "GET, POST"),
        ("Application/1/", "GET, POST, DELETE"),
        ("Endpoint/", "GET, POST"),
        ("Endpoint/1/", "GET, POST, DELETE"),
        ("Number/", "GET, POST"),
        ("Number/1/", "GET, POST, DELETE"),
        ("PhoneNumber/", "GET"),
        ("PhoneNumber/1/", "POST"),
    ] {
        for method in ["PUT", "PATCH", "OPTIONS", "DELETE", "GET", "POST"] {
            if allow.contains(method) {
                continue;
            }
            let answer = family.ask(&format!("{method} {path}"), "no JSON").await;
            let said = (answer.status, answer.header("allow"), member(&answer, "/error"));
            assert_eq!(said, (405, Some(allow), "method not allowed".to_owned()), "{method} {path}");
        }
    }
    let answer = family.ask("PUT Subaccount/{SA}/", "{}").await;
    assert_snapshot!(family.shown(&answer), @r#"
    405
    content-type: application/json
    allow: GET, POST, DELETE
    {
      "api_id": "<uuid 1>",
      "error": "method not allowed"
    }
    "#);
}

#[tokio::test]
async fn authentication_comes_before_the_method() {
    let family = Family::new().await;
    let path = format!("/v1/Account/{}/", auth_id(&family.main));
    let answer = checked(family.house.call(Method::PUT, &path, Auth::Nothing, "").await);
    let error = "authentication credentials were not provided".to_owned();
    assert_eq!((answer.status, member(&answer, "/error")), (401, error));
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let family = Family::new().await;
    for path in ["", "Subaccount/", "Subaccount/{SA}/"] {
        let (head, get) =
            (family.ask(&format!("HEAD {path}"), "").await, family.ask(&format!("GET {path}"), "").await);
        assert_eq!((head.status, head.text()), (200, ""), "{path}");
        assert_eq!(head.headers.get("content-type"), Some(&HeaderValue::from_static(JSON)));
        assert_eq!(get.status, 200);
    }
    let unknown = family.ask("HEAD Subaccount/SA000000000000000000/", "").await;
    assert_eq!((unknown.status, unknown.text()), (404, ""));
}

#[tokio::test]
async fn every_answer_is_named_after_its_request() {
    let family = Family::new().await;
    let (first, second) = (family.ask("GET ", "").await, family.ask("GET ", "").await);
    assert_ne!(member(&first, "/api_id"), member(&second, "/api_id"));
    // What a caller calls its request is its own affair.
    let headers = [("x-request-id", "mine"), ("authorization", &*basic("no", "body"))];
    let named = family.send(&family.main, "GET ", &headers[..1], "").await;
    assert_ne!(named.header("x-request-id"), Some("mine"));
}
