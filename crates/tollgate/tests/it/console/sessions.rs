//! Signing in and out, and what a session is worth in between.

use axum::http::Request;
use ledger::BalanceMode;
use tollgate::app::{SessionSpans, Settings};

use super::browser::{Browser, Form, form};
use crate::house::{BY_OPERATOR, House};

const SIGN_IN: &str = "/console/sign-in";
const IDLE_MS: i64 = SessionSpans::USUAL.idle_ms;
const LIFE_MS: i64 = SessionSpans::USUAL.life_ms;

#[tokio::test]
async fn each_kind_of_caller_comes_to_its_own_first_page() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let mut partner = Browser::of(&house, &primary).await;
    let answer = partner.get("/console").await;
    assert_eq!(answer.header("location"), Some(&*format!("/console/families/{}", primary.key)));
    let mut customer = Browser::of(&house, &sub).await;
    let answer = customer.get("/console").await;
    assert_eq!(answer.header("location"), Some(&*format!("/console/accounts/{}", sub.key)));
    let mut operator = Browser::of_operator(&house).await;
    let answer = operator.get("/console").await;
    assert_eq!(answer.header("location"), Some("/console/primaries"));
}

#[tokio::test]
async fn an_auth_id_and_an_auth_token_do_as_well() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::new(&house);
    let page = browser.get(SIGN_IN).await;
    let account = &primary.opened.account;
    let form = form(&page, SIGN_IN)
        .with("name", account.auth_id.as_str())
        .with("secret", &primary.opened.auth_token);
    assert_eq!(browser.submit(&form).await.status, 303);
    assert_eq!(browser.open("/console").await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_is_not_let_in_and_not_shown_again() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let gate = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await;
    let gate = gate.json()["token"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&house);
    let page = browser.get(SIGN_IN).await;
    let plain = form(&page, SIGN_IN);
    let wrong = [
        plain.clone().with("name", &primary.key).with("secret", "a wrong secret of some length"),
        plain.clone().with("name", "nobody").with("secret", &primary.secret),
        plain.clone(),
        plain.clone().with("as", "operator").with("token", "a wrong token of some length"),
        plain.clone().with("as", "operator").with("token", &gate),
        plain.clone().with("as", "operator").with("name", &primary.key).with("secret", &primary.secret),
    ];
    for wrong in wrong {
        let answer = browser.submit(&wrong).await;
        assert_eq!(answer.status, 403, "{wrong:?}: {answer}");
        assert!(answer.text().contains(r#"role="alert""#), "{answer}");
        for secret in ["a wrong secret", "a wrong token", &primary.secret, &gate] {
            assert!(!answer.text().contains(secret), "it shows {secret}: {answer}");
        }
        assert!(!browser.cookies.contains_key("tollgate_session"), "{wrong:?}");
        assert_eq!(browser.get("/console").await.header("location"), Some(SIGN_IN));
    }
}

#[tokio::test]
async fn after_sixty_failures_at_an_account_one_has_to_wait() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::new(&house);
    let page = browser.get(SIGN_IN).await;
    let right = form(&page, SIGN_IN).with("name", &primary.key).with("secret", &primary.secret);
    for n in 0..60 {
        let wrong = right.clone().with("secret", &format!("wrong {n}"));
        assert_eq!(browser.submit(&wrong).await.status, 403);
    }
    let answer = browser.submit(&right.clone().with("secret", "wrong again")).await;
    assert_eq!(answer.status, 429, "{answer}");
    assert!(answer.text().contains("Try again in 60 seconds"), "{answer}");
    house.clock.advance(60_000);
    assert_eq!(browser.submit(&right).await.status, 303);
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_the_sign_out_whoever_has_it() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    let mut thief = Browser::new(&house);
    thief.cookies.clone_from(&browser.cookies);
    let path = format!("/console/families/{}", primary.key);
    let page = thief.get(&path).await;
    assert_eq!(page.status, 200, "{page}");
    let answer = browser.submit(&form(&page, "/console/sign-out")).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(SIGN_IN)));
    assert!(!browser.cookies.contains_key("tollgate_session"));
    let after = thief.get(&path).await;
    assert_eq!(after.status, 303, "{after}");
    assert!(after.header("location").unwrap().starts_with("/console/sign-in?next="), "{after}");
    let form =
        Form { action: "/console/sign-out".to_owned(), fields: form(&page, "/console/sign-out").fields };
    let after = thief.submit(&form).await;
    assert_eq!(after.header("location"), Some("/console/sign-in?ended"));
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_after_half_a_day() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    house.clock.advance(IDLE_MS - 1);
    assert_eq!(browser.open("/console").await.status, 200);
    house.clock.advance(IDLE_MS);
    assert_eq!(browser.get("/console").await.header("location"), Some(SIGN_IN));
    let mut browser = Browser::of(&house, &primary).await;
    let mut lasted = 0;
    while lasted + IDLE_MS - 1 < LIFE_MS {
        house.clock.advance(IDLE_MS - 1);
        lasted += IDLE_MS - 1;
        let page = browser.open("/console").await;
        assert!(page.text().contains("sign-out"), "after {lasted} ms: {page}");
    }
    house.clock.advance(IDLE_MS - 1);
    assert_eq!(browser.get("/console").await.header("location"), Some(SIGN_IN));
}

/// What the operator sets counts, and nothing else.
#[tokio::test]
async fn a_session_lasts_as_long_as_the_operator_says() {
    let sessions = SessionSpans { idle_ms: 5 * 60_000, life_ms: 12 * 60_000 };
    let house = House::with(Settings { sessions, ..Settings::default() });
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    house.clock.advance(5 * 60_000 - 1);
    assert_eq!(browser.open("/console").await.status, 200);
    house.clock.advance(5 * 60_000);
    assert_eq!(browser.get("/console").await.header("location"), Some(SIGN_IN), "it was idle");
    let mut browser = Browser::of(&house, &primary).await;
    for _ in 0..3 {
        assert_eq!(browser.open("/console").await.status, 200);
        house.clock.advance(4 * 60_000);
    }
    assert_eq!(browser.get("/console").await.header("location"), Some(SIGN_IN), "it is old");
}

#[tokio::test]
async fn a_session_ends_with_the_credential_that_it_began_with() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/api/v1/accounts/{}/credentials/rotate", primary.key);
    let rotated = house.post(&path, primary.auth(), r#"{"kind":"secret","overlap_seconds":0}"#).await;
    assert_eq!(rotated.status, 201, "{rotated}");
    let answer = browser.get(&format!("/console/families/{}", primary.key)).await;
    assert_eq!(answer.header("location"), Some("/console/sign-in?ended"), "{answer}");
    assert!(browser.open("/console").await.text().contains("id=\"sign-in\""));
}

#[tokio::test]
async fn whoever_is_suspended_is_told_so_and_can_sign_out() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/api/v1/accounts/{}", primary.key);
    assert_eq!(house.patch(&path, BY_OPERATOR, r#"{"status":"suspended"}"#).await.status, 200);
    let page = browser.get(&format!("/console/families/{}", primary.key)).await;
    assert_eq!(page.status, 403, "{page}");
    assert!(page.text().contains("is suspended"), "{page}");
    assert!(!page.text().contains("Acme"), "{page}");
    assert_eq!(browser.submit(&form(&page, "/console/sign-out")).await.header("location"), Some(SIGN_IN));
}

#[tokio::test]
async fn one_comes_back_to_the_page_that_was_asked_for_and_nowhere_else() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let asked = format!("/console/accounts/{}?x=1", primary.key);
    let mut browser = Browser::new(&house);
    let sent = browser.get(&asked).await.header("location").unwrap().to_owned();
    let page = browser.get(&sent).await;
    let plain = form(&page, SIGN_IN).with("name", &primary.key).with("secret", &primary.secret);
    assert_eq!(plain.field("next"), asked);
    assert_eq!(browser.submit(&plain).await.header("location"), Some(&*asked));
    for next in
        ["https://evil.example/", "//evil.example/", "/\\evil.example", "/api/v1/accounts", "/console/\\x"]
    {
        let mut browser = Browser::new(&house);
        let page = browser.get(SIGN_IN).await;
        let form = form(&page, SIGN_IN).with("name", &primary.key).with("secret", &primary.secret);
        let answer = browser.submit(&form.with("next", next)).await;
        assert_eq!(answer.header("location"), Some("/console"), "{next}");
    }
}

/// Under TLS, or behind a proxy that ends it, the cookie goes nowhere else.
#[tokio::test]
async fn the_cookie_is_secure_where_the_connection_is() {
    let house = House::new();
    for (header, is_secure) in [("https", true), ("http", false)] {
        let request = Request::builder().uri(SIGN_IN).header("x-forwarded-proto", header);
        let answer = house.send(request.body("".into()).unwrap()).await;
        assert_eq!(answer.header("set-cookie").unwrap().contains("; Secure"), is_secure, "{header}");
    }
    let mut request = Request::builder().uri(SIGN_IN).body("".into()).unwrap();
    request.extensions_mut().insert(tollgate::http::Encrypted);
    assert!(house.send(request).await.header("set-cookie").unwrap().contains("; Secure"));
}

#[tokio::test]
async fn two_browsers_of_one_account_are_two_sessions() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut one = Browser::of(&house, &primary).await;
    let mut two = Browser::of(&house, &primary).await;
    assert_ne!(one.cookies, two.cookies);
    let page = one.open("/console").await;
    one.submit(&form(&page, "/console/sign-out")).await;
    assert_eq!(one.get("/console").await.header("location"), Some(SIGN_IN));
    assert_eq!(two.open("/console").await.status, 200);
}
