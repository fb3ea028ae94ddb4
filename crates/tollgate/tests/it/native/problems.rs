//! What goes wrong before a rule is asked.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;

use super::{Family, problem};
use crate::house::{Auth, BY_OPERATOR, House};

const ACCOUNTS: &str = "/api/v1/accounts";

#[tokio::test]
async fn a_body_that_is_no_json_is_400() {
    let house = House::new();
    assert_snapshot!(house.post(ACCOUNTS, BY_OPERATOR, "{\"name\":\n\"x\",}").await, @"");
    let mut said = Vec::new();
    for body in [&b""[..], b" ", b"{", b"{\"name\":\"x\"} {}", b"{'name':'x'}", b"{\"name\":\"\xff\"}", b"name=x"] {
        let answer = house.post(ACCOUNTS, BY_OPERATOR, body.to_vec()).await;
        assert_eq!(problem(&answer), "400 not_json");
        said.push(answer.json()["detail"].to_string());
    }
    assert_snapshot!(said.join("\n"), @"");
}

#[tokio::test]
async fn a_body_that_is_no_object_is_422() {
    let house = House::new();
    for body in ["[]", "\"name\"", "1", "null"] {
        let answer = house.post(ACCOUNTS, BY_OPERATOR, body).await;
        assert_eq!(problem(&answer), "422 invalid: body must be a JSON object", "{body}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_body_is_said_at_once() {
    let house = House::new();
    let body = r#"{"name":1,"credit_limit":"1.123456789","status":"gone","name":2,"balance":"own","nmae":"x"}"#;
    let path = format!("{ACCOUNTS}/nobody");
    assert_snapshot!(house.patch(&path, BY_OPERATOR, body).await, @"");
}

#[tokio::test]
async fn a_body_of_nothing_but_unknown_members_makes_no_long_answer() {
    let house = House::new();
    let members: Vec<_> = (0..5_000).map(|it| format!("\"m{it}\":0")).collect();
    let answer = house.post(ACCOUNTS, BY_OPERATOR, format!("{{{}}}", members.join(","))).await;
    assert_eq!(answer.json()["errors"].as_array().map(Vec::len), Some(21));
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_413() {
    let house = House::new();
    let body = |len: usize| format!(r#"{{"name":"{}"}}"#, "x".repeat(len - r#"{"name":""}"#.len()));
    assert_snapshot!(house.post(ACCOUNTS, BY_OPERATOR, body(65_537)).await, @"");
    let longest = house.post(ACCOUNTS, BY_OPERATOR, body(65_536)).await;
    assert!(problem(&longest).starts_with("422 invalid: name"), "{longest}");
}

#[tokio::test]
async fn who_shows_no_right_credentials_is_401() {
    let house = House::new();
    let account = house.primary("Partner", "0").await;
    assert_snapshot!(house.get(ACCOUNTS, Auth::Nothing).await, @"");
    for auth in [
        Auth::Bearer("wrong"),
        Auth::Bearer(""),
        Auth::Bearer(&account.secret),
        Auth::Basic(&account.key, "wrong"),
        Auth::Basic("nobody", &account.secret),
        Auth::Basic(&account.id.to_string(), &account.secret),
    ] {
        assert_eq!(problem(&house.get(ACCOUNTS, auth).await), "401 unauthenticated", "{auth:?}");
    }
    for header in ["Digest x", "Basic", "Basic !", "Basic bm9jb2xvbg=="] {
        let request = Request::builder().uri(ACCOUNTS).header("authorization", header);
        let answer = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(problem(&answer), "401 unauthenticated", "{header}");
    }
}

#[tokio::test]
async fn who_guesses_on_has_to_wait() {
    let house = House::new();
    let account = house.primary("Partner", "0").await;
    for guess in 0..60 {
        let answer = house.get(ACCOUNTS, Auth::Basic(&account.key, &format!("guess {guess}"))).await;
        assert_eq!(answer.status, 401, "{guess}");
    }
    assert_snapshot!(house.get(ACCOUNTS, Auth::Basic(&account.key, "guess 60")).await, @"");
}

#[tokio::test]
async fn who_is_suspended_is_403() {
    let family = Family::new().await;
    let path = family.path(&family.own, "");
    family.house.patch(&path, BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    assert_snapshot!(family.house.get(&path, family.own.auth()).await, @"");
}

#[tokio::test]
async fn a_path_that_there_is_not_is_404() {
    let house = House::new();
    assert_snapshot!(house.get("/api/v1/acounts", BY_OPERATOR).await, @"");
    for path in ["/api", "/api/", "/api/v2/accounts", "/api/v1/accounts/", "/api/v1/accounts/a/b"] {
        assert_eq!(problem(&house.get(path, Auth::Nothing).await), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_405() {
    let house = House::new();
    assert_snapshot!(house.delete(ACCOUNTS, BY_OPERATOR).await, @"");
    let healthz = house.call(Method::POST, "/healthz", Auth::Nothing, "").await;
    assert_eq!((problem(&healthz).as_str(), healthz.header("allow")), ("405 method_not_allowed", Some("GET")));
}

#[tokio::test]
async fn a_write_that_the_store_does_not_take_is_503() {
    let house = House::new();
    house.app.store().close();
    assert_snapshot!(house.post(ACCOUNTS, BY_OPERATOR, r#"{"name":"x"}"#).await, @"");
}
