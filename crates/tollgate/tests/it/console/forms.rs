//! Forms that this console did not make do nothing, and pages that a browser may do only with what they are for.

use ledger::BalanceMode;

use super::browser::{Browser, Form, form};
use crate::house::{House, Opening};

/// A family with something to move, and a form that moves it.
async fn family(house: &House) -> (Opening, Opening) {
    let primary = house.primary("Acme", "100").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    (primary, sub)
}

fn transfer(sub: &Opening, form_token: &str) -> Form {
    let fields = [
        ("form_token", form_token),
        ("once", "a key"),
        ("kind", "credit"),
        ("direction", "down"),
        ("amount", "10"),
    ];
    Form {
        action: format!("/console/accounts/{}/transfer", sub.key),
        fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

async fn credit_limit_of(house: &House, sub: &Opening) -> String {
    house.app.account(crate::house::OPERATOR, sub.id).await.unwrap().account.standing.credit_limit.to_string()
}

#[tokio::test]
async fn a_form_without_the_sessions_token_or_with_another_ones_does_nothing() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let mut other = Browser::of(&house, &primary).await;
    let own = form(&browser.open("/console").await, "/console/sign-out").field("form_token").to_owned();
    let of_other = form(&other.open("/console").await, "/console/sign-out").field("form_token").to_owned();
    assert_ne!(own, of_other);
    let forged = [
        transfer(&sub, "").without("form_token"),
        transfer(&sub, ""),
        transfer(&sub, &of_other),
        transfer(&sub, &own[1..]),
    ];
    for form in forged {
        let answer = browser.submit(&form).await;
        assert_eq!(answer.status, 403, "{form:?}: {answer}");
        assert!(answer.text().contains("Nothing was done"), "{answer}");
        assert_eq!(credit_limit_of(&house, &sub).await, "0.00", "{form:?}");
    }
    let answer = browser.submit(&transfer(&sub, &own)).await;
    assert_eq!(answer.status, 303, "{answer}");
    assert_eq!(credit_limit_of(&house, &sub).await, "10.00");
}

#[tokio::test]
async fn a_form_from_another_place_does_nothing_even_with_the_token() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let own = form(&browser.open("/console").await, "/console/sign-out").field("form_token").to_owned();
    let foreign: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("host", "tollgate.example"), ("origin", "https://evil.example")],
        &[("host", "tollgate.example"), ("origin", "null")],
        &[("host", "tollgate.example"), ("origin", "https://tollgate.example.evil.example")],
        &[("origin", "https://evil.example")],
    ];
    for headers in foreign {
        let answer = browser.submit_with(&transfer(&sub, &own), headers).await;
        assert_eq!(answer.status, 403, "{headers:?}: {answer}");
        assert_eq!(credit_limit_of(&house, &sub).await, "0.00", "{headers:?}");
    }
    let own_place: [&[(&str, &str)]; 3] = [
        &[("host", "tollgate.example"), ("origin", "https://tollgate.example")],
        &[
            ("host", "inside:8080"),
            ("x-forwarded-host", "tollgate.example"),
            ("origin", "https://tollgate.example"),
        ],
        &[],
    ];
    for (n, headers) in own_place.into_iter().enumerate() {
        let form = transfer(&sub, &own).with("once", &n.to_string());
        assert_eq!(browser.submit_with(&form, headers).await.status, 303, "{headers:?}");
    }
}

#[tokio::test]
async fn nobody_can_be_signed_in_by_a_form_from_elsewhere() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut attacker = Browser::new(&house);
    let page = attacker.get("/console/sign-in").await;
    let form = form(&page, "/console/sign-in").with("name", &primary.key).with("secret", &primary.secret);
    let mut victim = Browser::new(&house);
    assert_eq!(victim.submit(&form).await.status, 403);
    victim.get("/console/sign-in").await;
    assert_eq!(victim.submit(&form).await.status, 403);
    assert_eq!(attacker.submit_with(&form, &[("sec-fetch-site", "cross-site")]).await.status, 403);
    assert_eq!(attacker.submit(&form).await.status, 303);
}

#[tokio::test]
async fn a_browser_may_load_nothing_from_elsewhere_run_nothing_inline_and_keep_nothing() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let paths = [
        "/console/sign-out".to_owned(),
        format!("/console/families/{}", primary.key),
        format!("/console/accounts/{}", sub.key),
        format!("/console/accounts/{}/transfer", sub.key),
        "/console/nothing".to_owned(),
    ];
    for path in paths {
        let page = browser.get(&path).await;
        let header = |name| page.header(name).unwrap_or_else(|| panic!("{path} has no {name}: {page}"));
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        for inline in [" style=", " onclick=", "<style", "<script>", "javascript:", "http://", "https://"] {
            assert!(!page.text().contains(inline), "{path} has {inline}: {page}");
        }
    }
}

#[tokio::test]
async fn the_assets_are_small_and_asked_for_again_only_when_they_changed() {
    let house = House::new();
    let mut total = 0;
    for path in ["/console/style.css", "/console/script.js", "/console/icon.svg"] {
        let answer = house.get(path, crate::house::Auth::Nothing).await;
        assert_eq!(answer.status, 200, "{path}");
        total += answer.body.len();
        let tag = answer.header("etag").unwrap().to_owned();
        let request = axum::http::Request::builder().uri(path).header("if-none-match", tag);
        let again = house.send(request.body("".into()).unwrap()).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
    assert!(total < 50_000, "{total} bytes");
}
