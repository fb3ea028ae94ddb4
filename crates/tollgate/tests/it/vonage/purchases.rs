//! `POST /number/buy` and `POST /number/cancel`.

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use ledger::{BalanceMode, NewNumber};
use serde_json::json;

use super::once::keyed;
use super::{alike, at, family, listed, member, offer, partner, stock};
use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

const NUMBER: &str = "447700900000";
const BUY: &str = "/number/buy";
const CANCEL: &str = "/number/cancel";
const OWNED: &str = "/account/numbers";
const SEARCH: &str = "/number/search?country=GB";

fn named(msisdn: &str) -> String {
    format!("country=GB&msisdn={msisdn}")
}

fn for_target(msisdn: &str, target: &str) -> String {
    format!("country=GB&msisdn={msisdn}&target_api_key={target}")
}

async fn balance(house: &House, account: &Opening) -> String {
    member(&house.get("/account/get-balance", account.auth()).await, "/value")
}

/// A request to the rest host that must do what it asks.
async fn done(house: &House, by: &Opening, path: &str, form: String) {
    let answer = house.post(path, by.auth(), form).await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
}

/// A partner, and a number that costs it 1.25.
async fn with_offer() -> (House, Opening) {
    let (house, partner) = partner().await;
    stock(&house, offer(NUMBER, "1.25")).await;
    (house, partner)
}

#[tokio::test]
async fn a_number_is_bought_and_cancelled_and_its_cost_is_gone() {
    let (house, partner) = with_offer().await;
    let bought = house.post(BUY, partner.auth(), named(NUMBER)).await;
    assert_snapshot!(house.shown(&bought), @r#"
    200
    content-type: application/json
    {
      "error-code": "200",
      "error-code-label": "success"
    }
    "#);
    assert_eq!(listed(&house, OWNED, partner.auth()).await, [NUMBER]);
    assert!(listed(&house, SEARCH, partner.auth()).await.is_empty());
    assert_eq!(balance(&house, &partner).await, "-1.25000000");

    let cancelled = house.post(CANCEL, partner.auth(), named(NUMBER)).await;
    assert_eq!(house.shown(&cancelled), house.shown(&bought));
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());
    assert_eq!(listed(&house, SEARCH, partner.auth()).await, [NUMBER]);
    assert_eq!(balance(&house, &partner).await, "-1.25000000");
}

#[tokio::test]
async fn a_purchase_is_posted_as_a_charge_for_the_rent_of_a_number() {
    let (house, partner) = with_offer().await;
    let customer = house.subaccount(&partner, "S1", BalanceMode::Shared).await;
    done(&house, &customer, BUY, named(NUMBER)).await;
    let path = format!("/api/v1/accounts/{}/postings?limit=1", partner.key);
    let postings = house.get(&path, partner.auth()).await.json();
    let posting = &postings["postings"][0];
    let said = ["kind", "balance_change", "balance", "operation", "reference", "cause"];
    let said = said.map(|it| posting[it].as_str().unwrap_or("-").to_owned());
    let cause = customer.id.to_string();
    assert_eq!(said, ["charge", "-1.25", "-1.25", "number.rent", NUMBER, &cause]);
}

#[tokio::test]
async fn what_costs_nothing_is_bought_without_money_and_posted_nowhere() {
    let house = House::new();
    let poor = house.primary("Poor", "0").await;
    stock(&house, offer(NUMBER, "0")).await;
    done(&house, &poor, BUY, named(NUMBER)).await;
    assert_eq!(listed(&house, OWNED, poor.auth()).await, [NUMBER]);
    let postings = house.get(&format!("/api/v1/accounts/{}/postings", poor.key), poor.auth()).await;
    assert!(!postings.text().contains("charge"), "{postings}");
}

#[tokio::test]
async fn what_is_not_for_rent_is_not_bought() {
    let (house, partner) = with_offer().await;
    let stranger = house.primary("Stranger", "100").await;
    let (theirs, mine, dollars) = ("447700900001", "447700900002", "447700900003");
    for msisdn in [theirs, mine] {
        stock(&house, offer(msisdn, "1")).await;
    }
    let currency = Some("USD".parse().unwrap());
    stock(&house, NewNumber { currency, ..offer(dollars, "1") }).await;
    done(&house, &stranger, BUY, named(theirs)).await;
    done(&house, &partner, BUY, named(mine)).await;
    let mut shown = Vec::new();
    for form in [
        named("447700800000"),
        named(theirs),
        named(mine),
        named(dollars),
        format!("country=US&msisdn={NUMBER}"),
    ] {
        let answer = house.post(BUY, partner.auth(), form).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: this number is not for rent"
    }
    "#);
    assert_eq!(balance(&house, &partner).await, "-1.00000000");
}

#[tokio::test]
async fn a_number_beyond_what_is_available_is_not_bought() {
    let house = House::new();
    let partner = house.primary("Partner", "1").await;
    stock(&house, offer(NUMBER, "1.5")).await;
    let answer = house.post(BUY, partner.auth(), named(NUMBER)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: not enough money, 1.50 needed and 1.00 available"
    }
    "#);
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());
    assert_eq!(balance(&house, &partner).await, "0.00000000");
}

#[tokio::test]
async fn who_shares_a_balance_is_not_told_what_is_available() {
    let house = House::new();
    let partner = house.primary("Partner", "1").await;
    let customer = house.subaccount(&partner, "S1", BalanceMode::Shared).await;
    stock(&house, offer(NUMBER, "1.5")).await;
    let answer = house.post(BUY, customer.auth(), named(NUMBER)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: not enough money, 1.50 needed"
    }
    "#);
    let answer = house.post(BUY, partner.auth(), for_target(NUMBER, &customer.key)).await;
    assert_snapshot!(member(&answer, "/error-code-label"), @"method failed: not enough money, 1.50 needed and 1.00 available");
}

#[tokio::test]
async fn a_number_is_bought_for_a_subaccount_at_the_cost_of_its_payer() {
    let (house, partner, own, _) = family().await;
    let shared = house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
    let (first, second) = ("447700900001", "447700900002");
    stock(&house, offer(first, "2")).await;
    stock(&house, offer(second, "3")).await;
    done(&house, &partner, BUY, for_target(first, &shared.key)).await;
    let answer = house.post(BUY, partner.auth(), for_target(second, &own.key)).await;
    assert_snapshot!(member(&answer, "/error-code-label"), @"method failed: not enough money, 3.00 needed and 0.00 available");
    house.pay(&own, "5").await;
    // Capitals are as good.
    done(&house, &partner, BUY, for_target(second, &own.key.to_uppercase())).await;

    assert_eq!(listed(&house, OWNED, shared.auth()).await, [first]);
    assert_eq!(listed(&house, OWNED, own.auth()).await, [second]);
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());
    assert_eq!(balance(&house, &partner).await, "-2.00000000");
    assert_eq!(balance(&house, &own).await, "2.00000000");

    // Without the target it is the primary's own number that is meant.
    assert_eq!(house.post(CANCEL, partner.auth(), named(first)).await.status, 420);
    assert_eq!(house.post(CANCEL, partner.auth(), for_target(first, &own.key)).await.status, 420);
    done(&house, &partner, CANCEL, for_target(first, &shared.key)).await;
    done(&house, &own, CANCEL, named(second)).await;
    assert!(listed(&house, OWNED, shared.auth()).await.is_empty());
}

#[tokio::test]
async fn a_target_that_is_nobody_of_the_family_is_the_same_as_one_that_is_not_there() {
    let (house, partner, closed, _) = family().await;
    stock(&house, offer(NUMBER, "1")).await;
    let stranger = house.primary("Stranger", "100").await;
    let foreign = house.subaccount(&stranger, "Foreign", BalanceMode::Shared).await;
    house.close(&closed).await;
    let mut shown = Vec::new();
    for path in [BUY, CANCEL, "/number/update"] {
        for target in [&stranger.key, &foreign.key, &closed.key, "00000000", "nobody"] {
            let answer = house.post(path, partner.auth(), for_target(NUMBER, target)).await;
            shown.push(house.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: target_api_key names no subaccount of this account"
    }
    "#);
    // An empty one is none, and the partner's own is its own.
    done(&house, &partner, BUY, for_target(NUMBER, "")).await;
    done(&house, &partner, CANCEL, for_target(NUMBER, &partner.key)).await;
}

#[tokio::test]
async fn a_subaccount_names_no_target() {
    let (house, partner, first, second) = family().await;
    stock(&house, offer(NUMBER, "0")).await;
    let mut shown = Vec::new();
    for path in [BUY, CANCEL, "/number/update"] {
        for target in [&first.key, &second.key, &partner.key, "00000000"] {
            let answer = house.post(path, first.auth(), for_target(NUMBER, target)).await;
            shown.push(house.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: target_api_key is for the credentials of a primary account"
    }
    "#);
    done(&house, &first, BUY, named(NUMBER)).await;
}

#[tokio::test]
async fn s8_10_nothing_is_bought_for_a_suspended_account_and_its_numbers_can_be_cancelled() {
    let (house, partner, first, _) = family().await;
    stock(&house, offer(NUMBER, "0")).await;
    house.give_number(&first, "GB", "447700900001").await;
    let path = at(&partner, &format!("subaccounts/{}", first.key));
    house.patch(&path, partner.auth(), r#"{"suspended": true}"#).await;
    let answer = house.post(BUY, partner.auth(), for_target(NUMBER, &first.key)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: the account that would have the number is suspended"
    }
    "#);
    done(&house, &partner, "/number/update", for_target("447700900001", &first.key)).await;
    done(&house, &partner, CANCEL, for_target("447700900001", &first.key)).await;
    let mut shown = Vec::new();
    for (method, path) in [
        (Method::POST, BUY),
        (Method::POST, CANCEL),
        (Method::POST, "/number/update"),
        (Method::GET, SEARCH),
        (Method::GET, OWNED),
        (Method::POST, "/account/settings"),
        (Method::POST, "/account/top-up"),
    ] {
        let answer = house.call(method, path, first.auth(), "").await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    403
    content-type: application/json
    {
      "error-code": "403",
      "error-code-label": "account suspended"
    }
    "#);
}

#[tokio::test]
async fn only_a_number_that_the_account_has_is_cancelled() {
    let (house, partner, first, _) = family().await;
    stock(&house, offer(NUMBER, "0")).await;
    house.give_number(&first, "GB", "447700900001").await;
    house.give_number(&partner, "GB", "447700900002").await;
    let mut shown = Vec::new();
    for form in [
        named("447700800000"),
        named(NUMBER),
        named("447700900001"),
        "country=US&msisdn=447700900002".to_owned(),
    ] {
        let answer = house.post(CANCEL, partner.auth(), form).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: the account does not have this number"
    }
    "#);
}

#[tokio::test]
async fn a_number_that_the_operator_gave_is_cancelled_to_the_stock() {
    let (house, partner) = partner().await;
    house.give_number(&partner, "GB", NUMBER).await;
    done(&house, &partner, CANCEL, named(NUMBER)).await;
    let stranger = house.primary("Stranger", "0").await;
    let answer = house.get(SEARCH, stranger.auth()).await;
    assert_eq!((member(&answer, "/count"), member(&answer, "/numbers/0/cost")), ("1".into(), "0.00".into()));
    done(&house, &stranger, BUY, named(NUMBER)).await;
}

#[tokio::test]
async fn a_number_that_was_moved_is_its_new_owners() {
    let (house, partner, first, _) = family().await;
    stock(&house, offer(NUMBER, "1")).await;
    done(&house, &partner, BUY, named(NUMBER)).await;
    let body = json!({ "from": partner.key, "to": first.key, "number": NUMBER, "country": "GB" }).to_string();
    assert_eq!(house.post(&at(&partner, "transfer-number"), partner.auth(), body).await.status, 200);
    assert_eq!(listed(&house, OWNED, first.auth()).await, [NUMBER]);
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());
    assert_eq!(house.post(CANCEL, partner.auth(), named(NUMBER)).await.status, 420);
    done(&house, &first, CANCEL, named(NUMBER)).await;
}

#[tokio::test]
async fn what_is_not_fit_of_a_request_about_a_number_is_named() {
    let (house, partner) = with_offer().await;
    let mut shown = Vec::new();
    for path in [BUY, CANCEL, "/number/update"] {
        for form in ["", "country=&msisdn=+&target_api_key=00000000", "{}", r#"{"country":null,"other":1}"#] {
            let answer = house.post(path, partner.auth(), form).await;
            shown.push(house.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: country is required, msisdn is required"
    }
    "#);
    let answer = house.post(BUY, partner.auth(), "country=England&msisdn=12").await;
    assert_snapshot!(member(&answer, "/error-code-label"), @"method failed: country must be two letters, msisdn must have 3 to 15 digits");
}

#[tokio::test]
async fn s8_11_a_request_about_a_number_is_read_in_every_way_that_somebody_writes_it() {
    let (house, partner) = partner().await;
    stock(&house, offer(NUMBER, "0")).await;
    for (query, label, body) in [
        ("", "application/x-www-form-urlencoded", "country=GB&msisdn=447700900000"),
        ("", "application/json", "country=gb&msisdn=%2B44+7700-900000"),
        ("", "application/json", r#" {"country": "GB", "msisdn": "447700900000", "unknown": true}"#),
        ("", "text/plain", r#"{"country": "GB", "msisdn": 447700900000, "target_api_key": null}"#),
        ("?country=GB&msisdn=447700900000", "application/json", ""),
        ("?country=US", "application/json", "country=GB&msisdn=447700900000"),
    ] {
        for path in [BUY, CANCEL] {
            let basic = STANDARD.encode(format!("{}:{}", partner.key, partner.secret));
            let request = Request::post(format!("{path}{query}"))
                .header("authorization", format!("Basic {basic}"))
                .header("content-type", label);
            let answer = house.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, 200, "{path}{query} {body}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_in_the_rest_hosts_own_shape() {
    let (house, partner) = with_offer().await;
    let mut shown = Vec::new();
    for body in ["{", r#"{"country": "GB""#, r#"{"country": ["GB"]}"#] {
        let answer = house.post(BUY, partner.auth(), body).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: the body is neither a form nor a JSON object of plain values"
    }
    "#);
    let answer = house.post(BUY, partner.auth(), "a".repeat(65_537)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    413
    content-type: application/json
    {
      "error-code": "413",
      "error-code-label": "method failed: the body is larger than 65536 bytes"
    }
    "#);
}

#[tokio::test]
async fn credentials_are_taken_from_the_query_or_the_form() {
    let (house, partner) = with_offer().await;
    let pair = format!("api_key={}&api_secret={}", partner.key, partner.secret);
    let path = format!("{BUY}?{pair}");
    assert_eq!(house.post(&path, Auth::Nothing, named(NUMBER)).await.status, 200);
    let form = format!("{}&{pair}", named(NUMBER));
    assert_eq!(house.post(CANCEL, Auth::Nothing, form).await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike_everywhere_on_the_rest_host() {
    let (house, partner) = with_offer().await;
    let stranger = house.primary("Stranger", "0").await;
    let mut shown = Vec::new();
    for (method, path) in [
        (Method::POST, BUY),
        (Method::POST, CANCEL),
        (Method::POST, "/number/update"),
        (Method::GET, "/number/search"),
        (Method::GET, OWNED),
        (Method::POST, "/account/settings"),
        (Method::POST, "/account/top-up"),
        (Method::GET, "/account/top-up"),
    ] {
        for auth in [Auth::Nothing, Auth::Basic(&partner.key, &stranger.secret), BY_OPERATOR] {
            let answer = house.call(method.clone(), path, auth, "").await;
            shown.push(house.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "error-code": "401",
      "error-code-label": "authentication failed"
    }
    "#);
}

#[tokio::test]
async fn s8_14_a_purchase_that_is_sent_again_under_its_key_happens_once() {
    let (house, partner) = with_offer().await;
    let send = async |path, form: &str, key| -> Answer {
        keyed(&house, &partner, Method::POST, path, form, key).await
    };
    for _ in 0..3 {
        assert_eq!(send(BUY, &named(NUMBER), "buy").await.status, 200);
    }
    assert_eq!(balance(&house, &partner).await, "-1.25000000");
    for _ in 0..3 {
        assert_eq!(send(CANCEL, &named(NUMBER), "cancel").await.status, 200);
    }
    // Still the first answer, though the number is for rent again.
    assert_eq!(send(BUY, &named(NUMBER), "buy").await.status, 200);
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());

    let reused = send(BUY, &named("447700900001"), "buy").await;
    assert_snapshot!(house.shown(&reused), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: this Idempotency-Key was used with another request"
    }
    "#);
    let too_long = send(BUY, &named(NUMBER), &"k".repeat(256)).await;
    assert_snapshot!(member(&too_long, "/error-code-label"), @"method failed: Idempotency-Key must have 1 to 255 characters");
}
