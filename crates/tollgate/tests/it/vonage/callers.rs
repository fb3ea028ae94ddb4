//! Who may call what (docs/rules.md, Callers), and how those are refused who may not.

use axum::body::Body;
use axum::http::Request;
use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::Value;

use super::{at, family, member, partner};
use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A valid call of every operation below `/accounts/{key}` but those of secrets, had the caller the right to it.
async fn every_operation(house: &House, key: &str, auth: Auth<'_>) -> Vec<Answer> {
    let path = |rest: &str| format!("/accounts/{key}/{rest}");
    let money = format!(r#"{{"from": "{key}", "to": "00000000", "amount": 1}}"#);
    let number = format!(r#"{{"from": "{key}", "to": "00000000", "number": "447700900000"}}"#);
    vec![
        house.get(&path("subaccounts"), auth).await,
        house.post(&path("subaccounts"), auth, r#"{"name": "End customer"}"#).await,
        house.get(&path("subaccounts/00000000"), auth).await,
        house.patch(&path("subaccounts/00000000"), auth, r#"{"suspended": true}"#).await,
        house.get(&path("credit-transfers"), auth).await,
        house.post(&path("credit-transfers"), auth, money.clone()).await,
        house.get(&path("credit-transfers/x"), auth).await,
        house.get(&path("balance-transfers"), auth).await,
        house.post(&path("balance-transfers"), auth, money).await,
        house.get(&path("balance-transfers/x"), auth).await,
        house.post(&path("transfer-number"), auth, number).await,
    ]
}

/// Status and body without what differs from request to request.
fn said(answer: &Answer) -> (u16, Value) {
    let mut json = answer.json();
    assert!(json.as_object_mut().unwrap().remove("instance").is_some());
    (answer.status, json)
}

async fn assert_every(house: &House, key: &str, auth: Auth<'_>, expected: &Answer) {
    for answer in every_operation(house, key, auth).await {
        assert_eq!(said(&answer), said(expected));
    }
}

#[tokio::test]
async fn without_credentials_everything_is_unauthorized() {
    let (house, partner) = partner().await;
    let answer = house.get(&at(&partner, "subaccounts"), Auth::Nothing).await;
    assert_snapshot!(house.shown(&answer), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "detail": "You did not provide correct credentials",
      "instance": "<uuid 1>",
      "title": "Invalid credentials supplied",
      "type": "https://developer.nexmo.com/api-errors#unauthorized"
    }
    "#);
    for auth in [
        Auth::Nothing,
        Auth::Basic(&partner.key, "Wrong1234"),
        Auth::Basic("00000000", "Wrong1234"),
        Auth::Basic("", ""),
        Auth::Bearer(&partner.secret),
        // A token of this very server, which is not for this dialect.
        BY_OPERATOR,
    ] {
        assert_every(&house, &partner.key, auth, &answer).await;
    }
    for garbled in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", ""] {
        let request = Request::get(at(&partner, "subaccounts")).header("authorization", garbled);
        let answer = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{garbled}");
    }
}

#[tokio::test]
async fn s8_08_a_foreign_and_an_unknown_key_in_the_path_are_the_same() {
    let (house, partner, first, _) = family().await;
    let stranger = house.primary("Stranger", "0").await;
    let answer = house.get("/accounts/00000000/subaccounts", partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/json
    {
      "detail": "API key '00000000' does not exist, or you do not have access",
      "instance": "<uuid 1>",
      "title": "Invalid API Key",
      "type": "https://developer.nexmo.com/api-errors#invalid-api-key"
    }
    "#);
    // Its own subaccount's key is no primary's either, and an account has no other name in this dialect.
    for key in [&stranger.key, &first.key, partner.opened.account.auth_id.as_str(), "%C3%A4", "..%2F"] {
        let expected = house.get(&format!("/accounts/{key}/subaccounts"), partner.auth()).await;
        let shown = key.replace("%C3%A4", "ä").replace("%2F", "/");
        let detail = format!("API key '{shown}' does not exist, or you do not have access");
        assert_eq!((expected.status, member(&expected, "/detail")), (404, detail));
        assert_every(&house, key, partner.auth(), &expected).await;
    }
}

#[tokio::test]
async fn s8_08_a_foreign_and_an_unknown_subaccount_are_the_same() {
    let (house, partner) = partner().await;
    let stranger = house.primary("Stranger", "0").await;
    let foreign = house.subaccount(&stranger, "Foreign", BalanceMode::Own).await;
    for key in ["00000000", "nope", &foreign.key, &stranger.key, &partner.key] {
        let path = at(&partner, &format!("subaccounts/{key}"));
        let found = house.get(&path, partner.auth()).await;
        let detail = format!("API key '{key}' does not exist, or you do not have access");
        assert_eq!((found.status, member(&found, "/detail")), (404, detail));
        let changed = house.patch(&path, partner.auth(), r#"{"suspended": true}"#).await;
        assert_eq!(said(&changed), said(&found));
    }
    assert_eq!(house.get(&at(&stranger, "subaccounts"), stranger.auth()).await.status, 200);
    let escape = house.get(&at(&partner, "subaccounts/%FF"), partner.auth()).await;
    assert_eq!((escape.status, member(&escape, "/title")), (404, "Not Found".to_owned()));
}

#[tokio::test]
async fn s8_09_a_subaccount_manages_nobody() {
    let (house, partner, first, second) = family().await;
    let answer = house.get(&at(&first, "subaccounts"), first.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    403
    content-type: application/json
    {
      "detail": "Account <S1> is not provisioned to access Subaccount Provisioning API",
      "instance": "<uuid 1>",
      "title": "Authorisation error",
      "type": "https://developer.nexmo.com/api-errors#unprovisioned"
    }
    "#);
    assert_every(&house, &first.key, first.auth(), &answer).await;
    for other in [&partner, &second] {
        for answer in every_operation(&house, &other.key, first.auth()).await {
            assert_eq!((answer.status, member(&answer, "/title")), (404, "Invalid API Key".to_owned()));
        }
    }
    assert_eq!(house.get(&at(&first, "secrets"), first.auth()).await.status, 200);
    assert_eq!(house.get("/account/get-balance", first.auth()).await.status, 200);
}

async fn suspend(house: &House, partner: &Opening, account: &Opening, suspended: bool) {
    let body = format!(r#"{{"suspended": {suspended}}}"#);
    let path = at(partner, &format!("subaccounts/{}", account.key));
    assert_eq!(house.patch(&path, partner.auth(), body).await.status, 200);
}

#[tokio::test]
async fn s8_10_a_suspended_subaccounts_own_calls_are_refused() {
    let (house, partner, first, _) = family().await;
    suspend(&house, &partner, &first, true).await;
    let answer = house.get(&at(&first, "subaccounts"), first.auth()).await;
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
    // Before it is asked whose key is in the path.
    for key in [&first.key, &partner.key, "00000000"] {
        assert_every(&house, key, first.auth(), &answer).await;
    }
    assert_eq!(said(&house.get(&at(&first, "secrets"), first.auth()).await), said(&answer));
    assert_eq!(house.get("/account/get-balance", first.auth()).await.status, 403);

    suspend(&house, &partner, &first, false).await;
    assert_eq!(house.get(&at(&first, "secrets"), first.auth()).await.status, 200);
}

#[tokio::test]
async fn s8_10_a_suspended_subaccount_is_managed_and_its_money_moves() {
    let (house, partner, first, _) = family().await;
    suspend(&house, &partner, &first, true).await;
    let (p, s) = (&partner.key, &first.key);
    for (kind, from, to) in [("credit", p, s), ("balance", p, s), ("balance", s, p), ("credit", s, p)] {
        let body = format!(r#"{{"from": "{from}", "to": "{to}", "amount": 5}}"#);
        let answer = house.post(&at(&partner, &format!("{kind}-transfers")), partner.auth(), body).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    let found = house.get(&at(&partner, &format!("subaccounts/{s}")), partner.auth()).await;
    assert_eq!((found.status, member(&found, "/suspended")), (200, "true".to_owned()));
}

#[tokio::test]
async fn s8_10_under_a_suspended_primary_nobody_calls_and_its_subaccounts_print_their_own_state() {
    let (house, partner, first, _) = family().await;
    let change = tollgate::app::AccountChange {
        status: Some(ledger::Status::Suspended),
        ..tollgate::app::AccountChange::default()
    };
    house.app.change_account(crate::house::OPERATOR, None, partner.id, change).await.unwrap();
    let answer = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_eq!((answer.status, member(&answer, "/title")), (403, "Account Suspended".to_owned()));
    assert_every(&house, &partner.key, partner.auth(), &answer).await;
    assert_eq!(house.get(&at(&first, "secrets"), first.auth()).await.status, 403);
}

#[tokio::test]
async fn whoever_fails_too_often_has_to_wait_and_nobody_else_has() {
    let (house, partner) = partner().await;
    let path = at(&partner, "subaccounts");
    let wrong = Auth::Basic(&partner.key, "Wrong1234");
    let mut refused = house.get(&path, wrong).await;
    for _ in 0..100 {
        if refused.status != 401 {
            break;
        }
        refused = house.get(&path, wrong).await;
    }
    assert_snapshot!(house.shown(&refused), @r#"
    429
    content-type: application/json
    retry-after: 60
    {
      "detail": "Too many requests. Please try again in 60 seconds",
      "instance": "<uuid 1>",
      "title": "Too Many Requests",
      "type": "https://developer.nexmo.com/api-errors#throttled"
    }
    "#);
    let rest = house.get("/account/get-balance", wrong).await;
    assert_snapshot!(house.shown(&rest), @r#"
    429
    content-type: application/json
    retry-after: 60
    {
      "error-code": "429",
      "error-code-label": "throttled"
    }
    "#);
    let other = house.primary("Other", "0").await;
    assert_eq!(house.get(&at(&other, "subaccounts"), other.auth()).await.status, 200);
    house.clock.advance(60_001);
    assert_eq!(house.get(&path, partner.auth()).await.status, 200);
}
