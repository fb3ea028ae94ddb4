//! `POST /account/settings`, and `/account/top-up`, which has nothing to repeat.

use axum::http::Method;
use insta::assert_snapshot;

use super::once::keyed;
use super::{alike, books, family, member, partner};

const SETTINGS: &str = "/account/settings";
const TOP_UP: &str = "/account/top-up";

#[tokio::test]
async fn settings_are_read_without_a_body() {
    let (house, partner) = partner().await;
    let mut shown = Vec::new();
    for body in ["", "{}", "unknown=1"] {
        let answer = house.post(SETTINGS, partner.auth(), body).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    200
    content-type: application/json
    {
      "dr-callback-url": "",
      "max-calls-per-second": 30,
      "max-inbound-request": 30,
      "max-outbound-request": 30,
      "mo-callback-url": ""
    }
    "#);
}

#[tokio::test]
async fn settings_are_set_one_by_one_and_an_empty_one_unsets() {
    let (house, partner) = partner().await;
    let url = "https%3A%2F%2Fexample.com%2Fin%3Fa%3Db%26c%3Dd";
    for (form, mo, dr) in [
        (format!("moCallBackUrl={url}"), "https://example.com/in?a=b&c=d", ""),
        // As the Python SDK writes it.
        (
            "drCallbackUrl=https://example.com/dr".to_owned(),
            "https://example.com/in?a=b&c=d",
            "https://example.com/dr",
        ),
        (
            r#"{"moCallbackUrl": "https://example.com/mo"}"#.to_owned(),
            "https://example.com/mo",
            "https://example.com/dr",
        ),
        (String::new(), "https://example.com/mo", "https://example.com/dr"),
        ("moCallBackUrl=".to_owned(), "", "https://example.com/dr"),
        ("moCallBackUrl=&drCallBackUrl=".to_owned(), "", ""),
    ] {
        let answer = house.post(SETTINGS, partner.auth(), form.clone()).await;
        assert_eq!(answer.status, 200, "{form}: {answer}");
        let said = ["/mo-callback-url", "/dr-callback-url"].map(|it| member(&answer, it));
        assert_eq!(said, [mo, dr], "{form}");
    }
}

#[tokio::test]
async fn settings_are_the_accounts_own() {
    let (house, partner, first, second) = family().await;
    house.post(SETTINGS, first.auth(), "moCallBackUrl=theirs").await;
    for (account, mo) in [(&partner, ""), (&first, "theirs"), (&second, "")] {
        assert_eq!(member(&house.post(SETTINGS, account.auth(), "").await, "/mo-callback-url"), mo);
    }
}

#[tokio::test]
async fn settings_under_a_key_are_set_once() {
    let (house, partner) = partner().await;
    let set = async |form: &str| keyed(&house, &partner, Method::POST, SETTINGS, form, "k").await;
    let first = set("moCallBackUrl=a").await;
    assert_eq!(house.post(SETTINGS, partner.auth(), "moCallBackUrl=b").await.status, 200);
    assert_eq!(set("moCallBackUrl=a").await.text(), first.text());
    assert_eq!(member(&house.post(SETTINGS, partner.auth(), "").await, "/mo-callback-url"), "b");
    assert_eq!(set("moCallBackUrl=c").await.status, 420);
}

#[tokio::test]
async fn a_top_up_moves_no_money() {
    let (house, partner, first, _) = family().await;
    let before = books(&house, &partner).await;
    let mut shown = Vec::new();
    for (method, path, form) in [
        (Method::POST, TOP_UP, "trx=8ef2447e69604f642ae59363aa5f781b"),
        (Method::POST, TOP_UP, ""),
        // As the .NET SDK asks.
        (Method::GET, "/account/top-up?trx=8ef2447e69604f642ae59363aa5f781b&", ""),
    ] {
        for account in [&partner, &first] {
            let answer = house.call(method.clone(), path, account.auth(), form).await;
            shown.push(house.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "error-code": "401",
      "error-code-label": "not auto-reload enabled"
    }
    "#);
    assert_eq!(books(&house, &partner).await, before);
}
