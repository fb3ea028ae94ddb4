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
    let answer = house.post(ACCOUNTS, BY_OPERATOR, "{\"name\":\n\"x\",}").await;
    assert_snapshot!(house.shown(&answer), @r#"
    400
    content-type: application/problem+json
    {
      "code": "not_json",
      "detail": "The body is not JSON from line 2, column 5 on. Mend it there.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 400,
      "title": "The body is not JSON",
      "type": "urn:tollgate:problem:not_json"
    }
    "#);
    let mut said = Vec::new();
    for body in
        [&b""[..], b" ", b"{", b"{\"name\":\"x\"} {}", b"{'name':'x'}", b"{\"name\":\"\xff\"}", b"name=x"]
    {
        let answer = house.post(ACCOUNTS, BY_OPERATOR, body.to_vec()).await;
        assert_eq!(problem(&answer), "400 not_json");
        said.push(answer.json()["detail"].to_string());
    }
    assert_snapshot!(said.join("\n"), @r#"
    "The body is empty. Send a JSON object."
    "The body is not JSON from line 1, column 1 on. Mend it there."
    "The body is not JSON from line 1, column 1 on. Mend it there."
    "The body is not JSON from line 1, column 14 on. Mend it there."
    "The body is not JSON from line 1, column 2 on. Mend it there."
    "The body is not UTF-8 from byte 9 on. Mend it there."
    "The body is not JSON from line 1, column 2 on. Mend it there."
    "#);
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
    let body =
        r#"{"name":1,"credit_limit":"1.123456789","status":"gone","name":2,"balance":"own","nmae":"x"}"#;
    let path = format!("{ACCOUNTS}/nobody");
    let answer = house.patch(&path, BY_OPERATOR, body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/problem+json
    {
      "code": "invalid",
      "detail": "Something in the request is not as it must be; `errors` says what. Mend it and ask again.",
      "errors": [
        {
          "detail": "is given more than once",
          "field": "name"
        },
        {
          "detail": "must have at most 8 decimals",
          "field": "credit_limit"
        },
        {
          "detail": "must be \"active\" or \"suspended\"",
          "field": "status"
        },
        {
          "detail": "is not known here; known are name, credit_limit, status, balance, price_plan, caps, alerts",
          "field": "nmae"
        }
      ],
      "instance": "urn:uuid:<uuid 1>",
      "status": 422,
      "title": "The request is not valid",
      "type": "urn:tollgate:problem:invalid"
    }
    "#);
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
    let answer = house.post(ACCOUNTS, BY_OPERATOR, body(65_537)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    413
    content-type: application/problem+json
    {
      "code": "too_large",
      "detail": "A body has at most 65536 bytes. Send less at once.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 413,
      "title": "The body is too large",
      "type": "urn:tollgate:problem:too_large"
    }
    "#);
    let longest = house.post(ACCOUNTS, BY_OPERATOR, body(65_536)).await;
    assert!(problem(&longest).starts_with("422 invalid: name"), "{longest}");
}

#[tokio::test]
async fn who_shows_no_right_credentials_is_401() {
    let house = House::new();
    let account = house.primary("Partner", "0").await;
    let answer = house.get(ACCOUNTS, Auth::Nothing).await;
    assert_snapshot!(house.shown(&answer), @r#"
    401
    content-type: application/problem+json
    www-authenticate: Basic realm="tollgate", charset="UTF-8", Bearer realm="tollgate"
    {
      "code": "unauthenticated",
      "detail": "Send an operator or gate token with `Authorization: Bearer`, or an account's api key or auth id with one of its secrets or tokens as `Authorization: Basic`. What was sent, if anything, is not right or was revoked.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 401,
      "title": "Not authenticated",
      "type": "urn:tollgate:problem:unauthenticated"
    }
    "#);
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
    let answer = house.get(ACCOUNTS, Auth::Basic(&account.key, "guess 60")).await;
    assert_snapshot!(house.shown(&answer), @r#"
    429
    content-type: application/problem+json
    retry-after: 60
    {
      "code": "busy",
      "detail": "Too many authentications failed, or too much waits. Ask again after the time in `Retry-After`.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 429,
      "title": "Too many requests",
      "type": "urn:tollgate:problem:busy"
    }
    "#);
}

#[tokio::test]
async fn who_is_suspended_is_403() {
    let family = Family::new().await;
    let path = family.path(&family.own, "");
    family.house.patch(&path, BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    let answer = family.house.get(&path, family.own.auth()).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "suspended",
      "detail": "The account that asks, or its primary, is suspended. Its primary or the operator can reactivate it.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 403,
      "title": "Suspended",
      "type": "urn:tollgate:problem:suspended"
    }
    "#);
}

#[tokio::test]
async fn a_path_that_there_is_not_is_404() {
    let house = House::new();
    let answer = house.get("/api/v1/acounts", BY_OPERATOR).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "There is nothing at this path. Check its spelling; the native API is at /api/v1.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
    for path in ["/api", "/api/", "/api/v2/accounts", "/api/v1/accounts/", "/api/v1/accounts/a/b"] {
        assert_eq!(problem(&house.get(path, Auth::Nothing).await), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_405() {
    let house = House::new();
    let answer = house.delete(ACCOUNTS, BY_OPERATOR).await;
    assert_snapshot!(house.shown(&answer), @r#"
    405
    content-type: application/problem+json
    allow: POST, GET
    {
      "code": "method_not_allowed",
      "detail": "DELETE is not served here; this path takes POST, GET.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 405,
      "title": "Method not allowed",
      "type": "urn:tollgate:problem:method_not_allowed"
    }
    "#);
    // DELETE is for a credential of an id, and no id is `rotate`.
    let rotate = house.delete("/api/v1/accounts/acc6111f/credentials/rotate", BY_OPERATOR).await;
    assert_eq!((rotate.status, rotate.header("allow")), (405, Some("POST")));
    let healthz = house.call(Method::POST, "/healthz", Auth::Nothing, "").await;
    assert_eq!(
        (problem(&healthz).as_str(), healthz.header("allow")),
        ("405 method_not_allowed", Some("GET"))
    );
}

#[tokio::test]
async fn a_write_that_the_store_does_not_take_is_503() {
    let house = House::new();
    house.app.store().close();
    let answer = house.post(ACCOUNTS, BY_OPERATOR, r#"{"name":"x"}"#).await;
    assert_snapshot!(house.shown(&answer), @r#"
    503
    content-type: application/problem+json
    {
      "code": "unavailable",
      "detail": "The store does not take this now, and nothing was done. Ask again later, best with the same `Idempotency-Key`.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 503,
      "title": "Unavailable",
      "type": "urn:tollgate:problem:unavailable"
    }
    "#);
}
