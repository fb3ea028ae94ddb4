//! `GET /account/get-balance`, on the rest host.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use ledger::BalanceMode;

use super::{at, member, partner};
use crate::house::{Auth, BY_OPERATOR};

const PATH: &str = "/account/get-balance";

#[tokio::test]
async fn the_balance_is_printed_with_eight_decimals() {
    let (house, partner) = partner().await;
    house.pay(&partner, "10.1713").await;
    let answer = house.get(PATH, partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "autoReload": false,
      "value": 10.17130000
    }
    "#);
    assert_eq!(member(&answer, "/value"), "10.17130000");
}

#[tokio::test]
async fn an_own_balance_is_its_own_and_a_shared_one_is_the_primarys() {
    let (house, partner) = partner().await;
    let own = house.subaccount(&partner, "Own", BalanceMode::Own).await;
    let shared = house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
    house.pay(&own, "2.5").await;
    house.charge(&shared, "20").await;
    for (account, value) in [(&partner, "-20.00000000"), (&own, "2.50000000"), (&shared, "-20.00000000")] {
        assert_eq!(member(&house.get(PATH, account.auth()).await, "/value"), value);
    }
}

#[tokio::test]
async fn credentials_are_taken_from_the_header_the_query_or_a_form() {
    let (house, partner) = partner().await;
    let pair = format!("api_key={}&api_secret={}", partner.key, partner.secret);
    let wrong = format!("api_key={}&api_secret=Wrong1234", partner.key);
    let header = format!("Basic {}", STANDARD.encode(format!("{}:{}", partner.key, partner.secret)));
    let upper = pair.replace(&partner.key, &partner.key.to_uppercase());
    for (header, query, form, status) in [
        (Some(&*header), "", "", 200),
        (None, &*pair, "", 200),
        (None, "", &*pair, 200),
        (Some(&header), &pair, &pair, 200),
        (Some(&header), &upper, "", 200),
        (None, "", "", 401),
        (None, &wrong, "", 401),
        (None, "", &wrong, 401),
        // Both are there, and they differ: whichever is right.
        (Some(&header), &wrong, "", 401),
        (Some(&header), "", &wrong, 401),
        (None, &pair, &wrong, 401),
        (Some("Basic !"), &pair, "", 401),
        (Some("Bearer x"), &pair, "", 401),
        // Half a pair is none.
        (None, &partner.key, "", 401),
        (Some(&header), &format!("api_key={}", partner.key), "", 200),
    ] {
        let request = Request::get(format!("{PATH}?{query}")).header("content-type", "application/json");
        let request = header.iter().fold(request, |it, header| it.header("authorization", *header));
        let answer = house.send(request.body(Body::from(form.to_owned())).unwrap()).await;
        assert_eq!(answer.status, status, "{header:?} {query} {form}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_the_rest_hosts_own_shape() {
    let (house, partner) = partner().await;
    let answer = house.get(PATH, Auth::Basic(&partner.key, "Wrong1234")).await;
    assert_snapshot!(house.shown(&answer), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "error-code": "401",
      "error-code-label": "authentication failed"
    }
    "#);
    assert_eq!(house.get(PATH, BY_OPERATOR).await.status, 401);
}

#[tokio::test]
async fn a_suspended_account_is_refused_in_the_rest_hosts_own_shape() {
    let (house, partner) = partner().await;
    let customer = house.subaccount(&partner, "S1", BalanceMode::Own).await;
    let path = at(&partner, &format!("subaccounts/{}", customer.key));
    house.patch(&path, partner.auth(), r#"{"suspended": true}"#).await;
    let answer = house.get(PATH, customer.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    403
    content-type: application/json
    {
      "error-code": "403",
      "error-code-label": "account suspended"
    }
    "#);
}

#[tokio::test]
async fn the_rest_host_does_not_take_credentials_for_others_from_the_query() {
    let (house, partner) = partner().await;
    let pair = format!("api_key={}&api_secret={}", partner.key, partner.secret);
    let answer = house.get(&at(&partner, &format!("subaccounts?{pair}")), Auth::Nothing).await;
    assert_eq!(answer.status, 401);
}
