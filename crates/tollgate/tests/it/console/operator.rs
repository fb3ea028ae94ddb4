//! What the operator alone sees and does.

use axum::http::Method;
use ledger::BalanceMode;
use tollgate::console::{self, Who};

use super::browser::{Browser, Form, figure, form};
use crate::house::{Auth, BY_OPERATOR, House};

/// Partners and end customers are refused each of the operator's routes.
#[tokio::test]
async fn nobody_else_gets_to_the_operators_pages() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let mut walked = 0;
    for caller in [&primary, &sub] {
        let mut browser = Browser::of(&house, caller).await;
        let token = form(&browser.open("/console").await, "/console/sign-out").field("form_token").to_owned();
        for route in console::routes().iter().filter(|it| it.who == Who::Operator) {
            let path = route.path.replace("{account}", &caller.key);
            let answer = if route.method == Method::GET {
                browser.get(&path).await
            } else {
                let fields = [
                    ("form_token", &*token),
                    ("once", &path),
                    ("name", "x"),
                    ("currency", "EUR"),
                    ("amount", "1"),
                    ("token", "0191992b-0000-7000-8000-000000000000"),
                ];
                let fields = fields.map(|it| (it.0.to_owned(), it.1.to_owned())).to_vec();
                browser.submit(&Form { action: path.clone(), fields }).await
            };
            let said = format!("{} {path}: {answer}", route.method);
            assert_eq!(answer.status, 403, "{said}");
            walked += 1;
        }
    }
    assert!(walked >= 16, "the table has shrunk: {walked}");
}

/// And the operator gets to all of them: else the walk above would prove nothing.
#[tokio::test]
async fn the_operator_sees_all_pages() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let plan =
        r#"{"currency":"EUR","default":true,"rules":[{"path":"/**","operation":"<b>walk","mode":"free"}]}"#;
    let put = house.call(Method::PUT, "/api/v1/price-plans/walk", BY_OPERATOR, plan).await;
    assert_eq!(put.status, 200, "{put}");
    let number = r#"{"country":"GB","msisdn":"447700900001","cost":"1"}"#;
    let added = house.post("/api/v1/numbers", BY_OPERATOR, number).await;
    assert_eq!(added.status, 201, "{added}");
    let hook = house.post("/api/v1/webhooks", sub.auth(), r#"{"url":"https://example.com"}"#).await.json();
    let hook = hook["id"].as_str().unwrap();
    let mut browser = Browser::of_operator(&house).await;
    let is_page = |it: &&console::Route| it.method == Method::GET && it.path != "/console/live";
    for route in console::routes().iter().filter(is_page) {
        for account in [&primary, &sub] {
            let of_family = route.path.contains("/families/") || route.path.ends_with("/transfer");
            let is_primary = account.key == primary.key;
            if of_family && is_primary == route.path.ends_with("/transfer") {
                continue;
            }
            let path = route.path.replace("{account}", &account.key).replace("{month}", "2024-08");
            let answer = browser.get(&path.replace("{webhook}", hook)).await;
            let expected = if matches!(route.path, "/console" | "/console/sign-in") { 303 } else { 200 };
            assert_eq!(answer.status, expected, "{path}: {answer}");
            assert!(!answer.text().contains("<b>"), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_partner_is_opened_paid_and_let_in() {
    let house = House::new();
    let mut browser = Browser::of_operator(&house).await;
    let page = browser.open("/console").await;
    assert!(page.text().contains("No primary accounts yet"), "{page}");
    let path = "/console/primaries/open";
    let page = browser.get(path).await;
    let wrong = browser.submit(&form(&page, path).with("name", "Acme").with("currency", "eur")).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    let filled = form(&wrong, path).with("currency", "USD").with("credit_limit", "250");
    assert_eq!(filled.field("name"), "Acme", "what was filled in stays");
    let opened = browser.submit(&filled).await;
    let shown = |id: &str| {
        let rest = opened.text().split(&format!("id=\"{id}\">")).nth(1).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let (key, secret) = (shown("api-key"), shown("secret"));
    let pay = format!("/console/accounts/{key}/payment");
    let page = browser.get(&pay).await;
    let payment = form(&page, &pay).with("amount", "1000").with("reference", "bank <i>");
    for _ in 0..2 {
        let paid = browser.submit(&payment).await;
        assert_eq!(paid.status, 303, "{paid}");
    }
    let page = browser.open("/console").await;
    assert_eq!(figure(&page, &format!("{key}:balance")), "1,000.00");
    assert_eq!(figure(&page, &format!("{key}:available")), "1,250.00");
    assert!(page.text().contains("<th scope=\"row\">USD</th>"), "{page}");
    let account = house.get(&format!("/api/v1/accounts/{key}"), Auth::Basic(&key, &secret)).await;
    assert_eq!(account.status, 200, "{account}");
    let beyond = browser.get(&pay).await;
    let beyond = browser.submit(&form(&beyond, &pay).with("amount", "-1250.01")).await;
    assert_eq!(beyond.status, 422, "{beyond}");
    assert!(beyond.text().contains("1,250.01 was asked for, and 1,250.00 is available"), "{beyond}");
}

#[tokio::test]
async fn a_token_is_shown_once_and_dead_when_it_is_revoked() {
    let house = House::new();
    let mut browser = Browser::of_operator(&house).await;
    let page = browser.get("/console/tokens").await;
    let made = browser.submit(&form(&page, "/console/tokens").with("scope", "operator")).await;
    let token = made.text().split("id=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("tgo_"), "{made}");
    assert_eq!(house.get("/api/v1/tokens", Auth::Bearer(&token)).await.status, 200);
    let page = browser.get("/console/tokens").await;
    assert!(!page.text().contains(&token), "{page}");
    let revoked = browser.submit(&form(&page, "/console/tokens/revoke")).await;
    assert_eq!(revoked.header("location"), Some("/console/tokens"), "{revoked}");
    assert_eq!(house.get("/api/v1/tokens", Auth::Bearer(&token)).await.status, 401);
}
