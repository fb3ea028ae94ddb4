//! How a cap is set and shown, and how each dialect and the gate say that it is reached.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::json;

use super::{Family, text};
use crate::house::{Answer, Auth, BY_OPERATOR};

const STOCK: &str = r#"{"country":"GB","msisdn":"447700900001","cost":"2.00"}"#;

#[tokio::test]
async fn caps_are_given_to_an_account_that_is_opened_and_shown_to_whoever_sees_it() {
    let family = Family::new().await;
    let body = json!({
        "name": "Capped", "parent": family.partner.id.to_string(), "balance": "shared",
        "caps": { "day": "5", "month": null, "time_zone": "europe/rome" },
    });
    let opened = family.house.post("/api/v1/accounts", family.partner.auth(), body.to_string()).await;
    assert_eq!(opened.status, 201, "{opened}");
    let caps = json!({
        "day": { "cap": "5.00", "spent": "0.00", "resets_at": "2024-08-28T22:00:00.000Z" },
        "month": null,
        "held": "0.00",
        "time_zone": "Europe/Rome",
    });
    assert_eq!(opened.json()["caps"], caps);
    let (name, secret) = (opened.json()["api_key"].clone(), opened.json()["secret"].clone());
    let itself = Auth::Basic(text(&name), text(&secret));
    let path = format!("/api/v1/accounts/{}", text(&name));
    for by in [BY_OPERATOR, family.partner.auth(), itself] {
        assert_eq!(family.house.get(&path, by).await.json()["caps"], caps);
    }
    let listed = family.house.get("/api/v1/accounts?name=Capped", family.partner.auth()).await.json();
    assert_eq!(listed["accounts"][0]["caps"], caps);
    let changed = family.house.patch(&path, family.partner.auth(), r#"{"name":"Renamed"}"#).await.json();
    assert_eq!(changed["caps"], caps, "what is not given stays");
}

#[tokio::test]
async fn what_is_given_is_changed_null_lifts_a_cap_and_what_is_wrong_is_named() {
    let family = Family::new().await;
    let cap = async |caps: &str| {
        let caps = family.cap(caps).await;
        let cap = |it: &str| caps[it]["cap"].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", cap("day"), cap("month"), caps["time_zone"].as_str().unwrap_or("-"))
    };
    assert_eq!(cap(r#"{"day":"5"}"#).await, "5.00 - UTC");
    assert_eq!(cap(r#"{"month":0.5,"time_zone":"Asia/Tokyo"}"#).await, "5.00 0.50 Asia/Tokyo");
    assert_eq!(cap("{}").await, "5.00 0.50 Asia/Tokyo");
    assert_eq!(cap(r#"{"day":null}"#).await, "- 0.50 Asia/Tokyo");
    assert_eq!(cap("null").await, "- - Asia/Tokyo", "the time zone stays for the next one");
    assert_eq!(cap(r#"{"time_zone":"UTC"}"#).await, "- - -");
    let mut refused = Vec::new();
    for caps in [
        r#"{"day":"5","time_zone":"Atlantis/Center"}"#,
        r#"{"day":"-0.01"}"#,
        r#"{"month":"10000000000.00000001"}"#,
        r#"{"day":"5.000000001","week":"5"}"#,
        r#"{"day":"five","time_zone":1}"#,
        r#""5.00""#,
    ] {
        let body = format!(r#"{{"caps":{caps}}}"#);
        let answer = family.change(&family.customer, family.partner.auth(), &body).await;
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        let errors = errors.iter().map(|it| format!("{} {}", text(&it["field"]), text(&it["detail"])));
        refused.push(format!("{} {}", answer.status, errors.collect::<Vec<_>>().join("; ")));
    }
    assert_eq!(family.caps().await, json!(null), "nothing of it was done");
    assert_snapshot!(refused.join("\n"), @r#"
    422 caps.time_zone must be the name of an IANA time zone, such as "Europe/Rome"
    422 caps.day must be from 0 to 10000000000, or null for no cap
    422 caps.month must be from 0 to 10000000000, or null for no cap
    422 caps.day must have at most 8 decimals; caps.week is not known here; known are day, month, time_zone
    422 caps.day must be a decimal number such as "1.50"; caps.time_zone must be a string
    422 caps must be an object
    "#);
}

#[tokio::test]
async fn nobody_caps_itself_nor_an_account_of_others() {
    let family = Family::new().await;
    let stranger = family.house.primary("Stranger", "0").await;
    family.cap(r#"{"day":"5.00"}"#).await;
    let body = r#"{"caps":{"day":null}}"#;
    for (account, by, status) in [
        (&family.customer, family.customer.auth(), 403),
        (&family.partner, family.partner.auth(), 403),
        (&family.customer, stranger.auth(), 404),
        (&family.partner, family.customer.auth(), 404),
    ] {
        let answer = family.change(account, by, body).await;
        assert_eq!(answer.status, status, "{answer}");
    }
    assert_eq!(family.caps().await["day"]["cap"], "5.00");
    let path = format!("/api/v1/accounts/{}", family.customer.id);
    assert_eq!(family.house.get(&path, stranger.auth()).await.status, 404);
}

#[tokio::test]
async fn a_charge_beyond_the_cap_is_429_with_when_to_ask_again() {
    let family = Family::new().await;
    family.cap(r#"{"day":"5.00","time_zone":"Europe/Rome"}"#).await;
    assert_eq!(family.charge("4").await.status, 201);
    let hold = format!(r#"{{"account":"{}","amount":"0.75","expires_in":60}}"#, family.customer.id);
    assert_eq!(family.house.post("/api/v1/holds", BY_OPERATOR, hold).await.status, 201);
    let answer = family.charge("0.26").await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    429
    content-type: application/problem+json
    retry-after: 28108
    {
      "cap": "5.00",
      "code": "cap_reached",
      "detail": "`spent`, `held` and `needed` together are more than `cap`, all that the account may spend in this `period`. Ask again at `resets_at`, or have whoever manages the account raise its cap.",
      "held": "0.75",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "0.26",
      "period": "day",
      "resets_at": "2024-08-28T22:00:00.000Z",
      "spent": "4.00",
      "status": 429,
      "title": "The spending cap is reached",
      "type": "urn:tollgate:problem:cap_reached"
    }
    "#);
    assert_eq!(family.charge("0.25").await.status, 201);
    // The payer's own spending, and that of others, goes on.
    let body = format!(r#"{{"account":"{}","amount":"100"}}"#, family.partner.id);
    assert_eq!(family.house.post("/api/v1/charges", BY_OPERATOR, body).await.status, 201);
}

/// Buys the number of the stock for the customer, with its own credentials.
async fn buy(family: &Family) -> Answer {
    family.house.post("/number/buy", family.customer.auth(), "country=GB&msisdn=447700900001").await
}

#[tokio::test]
async fn a_number_beyond_the_cap_is_420_at_vonages_rest_host() {
    let family = Family::new().await;
    assert_eq!(family.house.post("/api/v1/numbers", BY_OPERATOR, STOCK).await.status, 201);
    family.cap(r#"{"month":"1.99","time_zone":"Europe/Rome"}"#).await;
    assert_snapshot!(family.house.shown(&buy(&family).await), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: spending cap reached, 2.00 needed, 0.00 spent and 0.00 held of 1.99 until 2024-08-31T22:00:00Z"
    }
    "#);
    family.cap(r#"{"month":"2.00"}"#).await;
    assert_eq!(buy(&family).await.status, 200);
    assert_eq!(family.caps().await["month"]["spent"], "2.00");
}

#[tokio::test]
async fn a_number_beyond_the_cap_is_400_in_the_plivo_dialect() {
    let family = Family::new().await;
    assert_eq!(family.house.post("/api/v1/numbers", BY_OPERATOR, STOCK).await.status, 201);
    // Only a main account rents there.
    let body = r#"{"caps":{"day":"1.99"}}"#;
    assert_eq!(family.change(&family.partner, BY_OPERATOR, body).await.status, 200);
    let auth_id = family.partner.opened.account.auth_id.to_string();
    let by = Auth::Basic(&auth_id, &family.partner.opened.auth_token);
    let path = format!("/v1/Account/{auth_id}/PhoneNumber/447700900001/");
    let answer = family.house.post(&path, by, "{}").await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "spending cap reached: 2.00 needed, 0.00 spent and 0.00 held of 1.99 until 2024-08-29T00:00:00Z"
    }
    "#);
}

const PLAN: &str = r#"{"currency":"EUR","default":true,"rules":[
    {"method":"POST","path":"/v1/messages","operation":"sms.send","mode":"charge","unit_price":"0.05"},
    {"method":"POST","path":"/v1/calls","operation":"call","mode":"hold","reserve":"5","expires_in":60}]}"#;

/// A check at the door of nginx, of Caddy and Traefik, or of Envoy.
async fn check(family: &Family, token: &str, door: &str, path: &str) -> Answer {
    let request = match door {
        "nginx" => {
            Request::get("/gate/nginx").header("x-original-method", "POST").header("x-original-uri", path)
        }
        "forward" => {
            Request::get("/gate/forward").header("x-forwarded-method", "POST").header("x-forwarded-uri", path)
        }
        _ => Request::post(format!("/gate/envoy{path}")),
    };
    let request = family.customer.auth().on(request.header("x-gate-token", token));
    family.house.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_call_beyond_the_cap_is_denied_with_429_at_every_door() {
    let family = Family::new().await;
    let made = family.house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await.json();
    let token = text(&made["token"]);
    let put = family.house.call(Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, PLAN).await;
    assert_eq!(put.status, 200, "{put}");
    family.cap(r#"{"day":"0.10","time_zone":"Europe/Rome"}"#).await;
    for door in ["nginx", "envoy"] {
        assert_eq!(check(&family, token, door, "/v1/messages").await.status, 200);
    }
    let said = check(&family, token, "forward", "/v1/messages").await;
    assert_snapshot!(family.house.shown(&said), @r#"
    429
    content-type: application/problem+json
    retry-after: 28108
    {
      "cap": "0.10",
      "code": "cap_reached",
      "detail": "The account has spent, or reserved, all that it may in this period. Call again at resets_at, or ask whoever gave you this account for a higher cap.",
      "held": "0.00",
      "needed": "0.05",
      "period": "day",
      "request_id": "<uuid 1>",
      "resets_at": "2024-08-28T22:00:00.000Z",
      "spent": "0.10",
      "status": 429,
      "title": "The spending cap is reached",
      "type": "urn:tollgate:problem:cap_reached"
    }
    "#);
    let same = |it: &Answer| {
        let mut body = it.json();
        body.as_object_mut().unwrap().remove("request_id");
        (it.status, it.header("retry-after").map(str::to_owned), body)
    };
    let envoy = check(&family, token, "envoy", "/v1/messages").await;
    assert_eq!(same(&envoy), same(&said));
    // nginx knows no 429: it is told 403, when to ask again, and what to show instead.
    let nginx = check(&family, token, "nginx", "/v1/messages").await;
    let headers = ["retry-after", "x-sub-status"].map(|it| nginx.header(it));
    assert_eq!((nginx.status, headers), (403, [Some("28108"), Some("429")]));
    let told = nginx.header("x-sub-token").unwrap();
    let told = Request::get("/gate/denied").header("x-sub-token", told).body(Body::empty()).unwrap();
    assert_eq!(same(&family.house.send(told).await), same(&said));

    family.cap(r#"{"day":"5.09"}"#).await;
    assert_eq!(check(&family, token, "forward", "/v1/calls").await.status, 429, "a hold counts, too");
    family.cap(r#"{"day":"5.10"}"#).await;
    assert_eq!(check(&family, token, "forward", "/v1/calls").await.status, 200);
    assert_eq!(family.caps().await["held"], "5.00");
}

#[tokio::test]
async fn a_customer_of_its_own_balance_is_capped_beside_it() {
    let family = Family::new().await;
    let own = family.house.subaccount(&family.partner, "Own", BalanceMode::Own).await;
    family.house.pay(&own, "3").await;
    let body = r#"{"caps":{"day":"2.00"}}"#;
    assert_eq!(family.change(&own, BY_OPERATOR, body).await.status, 200);
    let charge = async |amount: &str| {
        let body = format!(r#"{{"account":"{}","amount":"{amount}"}}"#, own.id);
        let answer = family.house.post("/api/v1/charges", BY_OPERATOR, body).await;
        format!("{} {}", answer.status, answer.json()["code"].as_str().unwrap_or_default())
    };
    assert_eq!(charge("3.01").await, "402 insufficient_funds");
    assert_eq!(charge("2.01").await, "429 cap_reached");
    assert_eq!(charge("2").await, "201 ");
}
