//! How a proxy proves itself on a listener that others reach, too.

use insta::assert_snapshot;

use super::{DOORS, Door, Toll, set};
use crate::house::{Auth, BY_OPERATOR, OPERATOR_TOKEN};

#[tokio::test]
async fn nobody_but_a_gate_has_calls_checked() {
    let toll = Toll::new().await;
    let made = toll.house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await.json();
    let (revoked, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    toll.house.delete(&format!("/api/v1/tokens/{id}"), BY_OPERATOR).await;
    let mut said = Vec::new();
    for (what, token) in [
        ("missing", None),
        ("empty", Some("")),
        ("wrong", Some("wrong")),
        ("revoked", Some(revoked)),
        ("the operator's", Some(OPERATOR_TOKEN)),
        ("the caller's secret", Some(&*toll.own.secret)),
        ("with its scheme", Some(&*format!("Bearer {}", toll.token))),
    ] {
        let mut told = Vec::new();
        for door in DOORS {
            let request = toll.check(door, "POST", "/v1/messages", toll.own.auth());
            let answer = toll.send(set(request, "x-gate-token", token)).await;
            told.push(toll.told(door, answer).await.json()["detail"].as_str().unwrap().to_owned());
        }
        told.dedup();
        said.push(format!("{what}: {}", told.join(" | ")));
    }
    let doubled = toll.check(Door::Forward, "POST", "/v1/messages", toll.own.auth());
    let doubled = toll.send(doubled.header("x-gate-token", &toll.token)).await;
    said.push(format!("twice: {}", doubled.json()["detail"].as_str().unwrap()));
    assert_snapshot!(said.join("\n"), @"
    missing: x-gate-token is missing: the proxy must set it in the check | authorization is missing: the proxy must set it in the check
    empty: x-gate-token is empty | authorization is empty
    wrong: x-gate-token is wrong or was revoked | authorization is wrong or was revoked
    revoked: x-gate-token is wrong or was revoked | authorization is wrong or was revoked
    the operator's: x-gate-token must be a gate token: make one with POST /api/v1/tokens | authorization must be a gate token: make one with POST /api/v1/tokens
    the caller's secret: x-gate-token is wrong or was revoked | authorization is wrong or was revoked
    with its scheme: x-gate-token is wrong or was revoked | authorization is wrong or was revoked
    twice: x-gate-token is there twice: set it, and nothing beside it
    ");
    assert_eq!(toll.balance(&toll.own).await, "\"1.00\"");
}

/// Who it is that asks comes before everything, so that nobody can try out secrets or request ids here.
#[tokio::test]
async fn without_proof_nothing_else_is_looked_at() {
    let toll = Toll::new().await;
    for door in DOORS {
        for (auth, uri) in [
            (Auth::Nothing, "/v1/x"),
            (Auth::Basic(&toll.own.key, "wrong"), "/v1/x"),
            (toll.own.auth(), "//"),
        ] {
            let request = auth.on(door.asks("GET", uri)).header("x-gate-request-id", "");
            assert_eq!(toll.outcome(door, request).await, "403 gate_misconfigured");
        }
    }
}

#[tokio::test]
async fn a_gate_token_is_no_customers_credential() {
    let toll = Toll::new().await;
    for door in DOORS {
        for auth in [Auth::Bearer(&toll.token), BY_OPERATOR, Auth::Basic(&toll.own.key, &toll.token)] {
            let request = toll.check(door, "GET", "/v1/x", auth);
            assert_eq!(toll.outcome(door, request).await, "401 unauthenticated", "{auth:?}");
        }
        // And a customer's is no gate's.
        let request = toll.own.auth().on(door.asks("GET", "/v1/x")).header("x-gate-token", &toll.own.secret);
        assert_eq!(toll.outcome(door, request).await, "403 gate_misconfigured");
    }
}

/// A gate token is for the check, and for what gates may do in the API; its header means nothing elsewhere.
#[tokio::test]
async fn the_gates_header_opens_nothing_else() {
    let toll = Toll::new().await;
    for path in ["/api/v1/holds", "/api/v1/accounts", "/api/v1/price-plans"] {
        let request = axum::http::Request::get(path).header("x-gate-token", &toll.token);
        assert_eq!(toll.send(request).await.status, 401, "{path}");
    }
}
