//! Webhooks: made, changed, rotated and deleted by whoever keeps them, and what was given up sent once more.

use ledger::BalanceMode;

use super::browser::{Browser, Form, form, form_with, text};
use crate::house::{BY_OPERATOR, House, Opening};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

async fn acme(house: &House) -> (Opening, String) {
    let primary = house.primary("Acme", "100").await;
    let path = format!("/console/accounts/{}/webhooks", primary.key);
    (primary, path)
}

#[tokio::test]
async fn a_webhook_is_made_disabled_and_deleted_by_whoever_keeps_it() {
    let house = House::new();
    let (primary, path) = acme(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.get(&path).await;
    let plain = form(&page, &path);
    let wrong = browser.submit(&plain.clone().with("url", "ftp://example.com/<b>")).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    assert!(wrong.text().contains("must be an http or https address"), "{wrong}");
    assert!(wrong.text().contains("ftp://example.com/&#60;b&#62;"), "{wrong}");
    let made = browser.submit(&form(&wrong, &path).with("url", "https://example.com/hook")).await;
    assert_eq!(made.status, 200, "{made}");
    let secret = text(&made, "secret");
    assert!(secret.starts_with("whsec_"), "{made}");
    let page = browser.get(&path).await;
    assert!(page.text().contains("https://example.com/hook") && !page.text().contains(&secret), "{page}");
    let change = format!("{path}/change");
    let disable = form(&page, &change).with("what", "disable");
    assert_eq!(browser.submit(&disable).await.status, 303);
    let page = browser.get(&path).await;
    assert!(page.text().contains("disabled</span>"), "{page}");
    let delete = form(&page, &change).with("what", "delete");
    assert_eq!(browser.submit(&delete).await.status, 303);
    let page = browser.get(&path).await;
    assert!(page.text().contains("No events are sent anywhere"), "{page}");
}

/// A form with several boxes ticked.
fn ticked(mut form: Form, events: &[&str]) -> Form {
    form = form.without("event");
    form.fields.extend(events.iter().map(|it| ("event".to_owned(), (*it).to_owned())));
    form
}

#[tokio::test]
async fn the_events_and_the_accounts_are_chosen_and_changed_and_the_secret_is_rotated() {
    let house = House::new();
    let (primary, path) = acme(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.get(&path).await;
    let new = form(&page, &path).with("url", "https://example.com/one").with("about", "own");
    let made = browser.submit(&ticked(new, &["available.low", "account.closed"])).await;
    assert_eq!(made.status, 200, "{made}");
    let first_secret = text(&made, "secret");
    let listed = house.get("/api/v1/webhooks", primary.auth()).await.json();
    let webhook = &listed["webhooks"][0];
    assert_eq!(webhook["types"], serde_json::json!(["account.closed", "available.low"]), "{listed}");
    assert_eq!(webhook["account"], primary.id.to_string(), "{listed}");
    let id = webhook["id"].as_str().unwrap().to_owned();
    let page = browser.get(&format!("{path}/{id}")).await;
    let edit = form(&page, &format!("{path}/edit"));
    let all: Vec<_> = edit.fields.iter().filter(|it| it.0 == "event").map(|it| &*it.1).collect();
    assert_eq!(all, ["account.closed", "available.low"], "{page}");
    let wrong = browser.submit(&edit.clone().with("url", "nowhere")).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    assert!(wrong.text().contains("must be an http or https address"), "{wrong}");
    let edit = form(&wrong, &format!("{path}/edit")).with("url", "https://example.com/two");
    assert_eq!(browser.submit(&ticked(edit, &[])).await.status, 303);
    let changed = house.get(&format!("/api/v1/webhooks/{id}"), primary.auth()).await.json();
    assert_eq!(changed["url"], "https://example.com/two");
    assert!(changed["types"].is_null(), "none ticked is all: {changed}");
    let page = browser.get(&format!("{path}/{id}")).await;
    let rotate = form(&page, &format!("{path}/rotate")).with("hours", "1");
    let rotated = browser.submit(&rotate).await;
    assert_eq!(rotated.status, 200, "{rotated}");
    let secret = text(&rotated, "secret");
    assert!(secret.starts_with("whsec_") && secret != first_secret, "{rotated}");
    assert!(rotated.text().contains("the one before it signs, too"), "{rotated}");
    assert_eq!(text(&browser.submit(&rotate).await, "secret"), secret, "a reload shows it again");
    let page = browser.get(&format!("{path}/{id}")).await;
    assert!(!page.text().contains(&secret), "{page}");
}

#[tokio::test]
async fn what_was_given_up_is_sent_once_more() {
    let house = House::new();
    let (primary, path) = acme(&house).await;
    // Nothing is sent to this machine.
    let made = house.post("/api/v1/webhooks", primary.auth(), r#"{"url":"http://127.0.0.1:9"}"#).await.json();
    let id = made["id"].as_str().unwrap();
    for name in ["Acme One", "Acme Two"] {
        let body = serde_json::json!({ "name": name }).to_string();
        let account = format!("/api/v1/accounts/{}", primary.key);
        assert_eq!(house.patch(&account, BY_OPERATOR, body).await.status, 200);
    }
    let mut room = house.room(false);
    let states = async || -> Vec<String> {
        let deliveries = house.get(&format!("/api/v1/webhooks/{id}/deliveries"), primary.auth()).await.json();
        let all = deliveries["deliveries"].as_array().unwrap().iter();
        all.map(|it| it["state"].as_str().unwrap().to_owned()).collect()
    };
    for _ in 0..20 {
        room.settle().await.unwrap();
        house.clock.advance(DAY_MS);
    }
    // The two names, and that it was opened in the same moment.
    assert_eq!(states().await, ["dead", "dead", "dead"]);
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("was given up"), "{page}");
    let page = browser.get(&format!("{path}/{id}?state=delivered")).await;
    assert!(page.text().contains("Nothing here is like this."), "{page}");
    let page = browser.get(&format!("{path}/{id}?state=dead")).await;
    assert_eq!(page.text().matches("data-event=").count(), 3, "{page}");
    let change = format!("{path}/change");
    let one = browser.submit(&form_with(&page, &change, "value=\"resend\"")).await;
    assert_eq!(one.header("location"), Some(&*format!("{path}/{id}")), "{one}");
    assert_eq!(states().await, ["pending", "dead", "dead"]);
    let revive = form_with(&page, &change, "value=\"revive\"");
    assert_eq!(browser.submit(&revive).await.status, 303);
    assert_eq!(states().await, ["pending", "pending", "pending"]);
    let page = browser.get(&format!("{path}/{id}")).await;
    assert!(page.text().contains("2 events are sent once more."), "{page}");
    assert!(!page.text().contains("value=\"revive\""), "{page}");
}

/// Whoever manages an account has its events sent to itself; and the operator sees where a family's go.
#[tokio::test]
async fn a_webhook_around_an_account_is_seen_by_who_keeps_it_alone() {
    let house = House::new();
    let (primary, _) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let path = format!("/console/accounts/{}/webhooks", sub.key);
    let own = r#"{"url":"https://ann.example"}"#;
    assert_eq!(house.post("/api/v1/webhooks", sub.auth(), own).await.status, 201);
    for (url, mut browser) in [
        ("https://acme.example", Browser::of(&house, &primary).await),
        ("https://operator.example", Browser::of_operator(&house).await),
    ] {
        let page = browser.get(&path).await;
        let made = browser.submit(&form(&page, &path).with("url", url)).await;
        assert_eq!(made.status, 200, "{made}");
    }
    let shown = async |mut browser: Browser<'_>, key: &str| -> Vec<&str> {
        let page = browser.get(&format!("/console/accounts/{key}/webhooks")).await;
        let all = ["https://ann.example", "https://acme.example", "https://operator.example"];
        all.into_iter().filter(|it| page.text().contains(&format!(">{it}<"))).collect()
    };
    assert_eq!(shown(Browser::of(&house, &sub).await, &sub.key).await, ["https://ann.example"]);
    let of_family = ["https://ann.example", "https://acme.example"];
    for key in [&sub.key, &primary.key] {
        assert_eq!(shown(Browser::of(&house, &primary).await, key).await, of_family);
    }
    assert_eq!(
        shown(Browser::of_operator(&house).await, &sub.key).await,
        ["https://ann.example", "https://acme.example", "https://operator.example"]
    );
    assert_eq!(shown(Browser::of_operator(&house).await, &primary.key).await, of_family);
}
