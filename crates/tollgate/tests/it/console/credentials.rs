//! Credentials beside those that there are, and tokens, that may do less.

use ledger::BalanceMode;

use super::browser::{Browser, form, text};
use crate::house::{Auth, House};

#[tokio::test]
async fn one_that_may_do_less_is_added_beside_the_others() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    house.pay(&primary, "500").await;
    let sub = house.subaccount(&primary, "Ann <b>", BalanceMode::Own).await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/credentials", primary.key);
    let page = browser.get(&path).await;
    let plain = form(&page, &path);
    let add = plain
        .clone()
        .with("kind", "secret")
        .with("read_only", "1")
        .with("amount_max", "12.5")
        .with("accounts", &format!("{}, {}", primary.key, sub.key));
    let made = browser.submit(&add).await;
    assert_eq!(made.status, 200, "{made}");
    assert!(made.text().contains("The others stay as they are."), "{made}");
    let said = "only reads; moves at most 12.50 at once; for Acme, Ann &#60;b&#62; alone";
    assert!(made.text().contains(said), "{made}");
    let secret = text(&made, "secret");
    assert_eq!(text(&browser.submit(&add).await, "secret"), secret, "a reload shows it again");
    let page = browser.get(&path).await;
    assert!(page.text().contains(said) && !page.text().contains(&secret), "{page}");
    assert_eq!(page.text().matches("data-credential=").count(), 3, "{page}");
    // What it may, it may here, too, and not more.
    let account = format!("/api/v1/accounts/{}", sub.key);
    assert_eq!(house.get(&account, Auth::Basic(&primary.key, &secret)).await.status, 200);
    let mut limited = Browser::with(&house, &primary.key, &secret).await;
    let page = limited.get(&format!("/console/accounts/{}", sub.key)).await;
    assert_eq!(page.status, 200, "{page}");
    let status = format!("/console/accounts/{}/status", sub.key);
    let refused = limited.submit(&form(&page, &status).with("status", "suspended")).await;
    assert_eq!(refused.status, 403, "{refused}");
    assert!(refused.text().contains("Your credential only reads."), "{refused}");
    let own = plain.clone().with("kind", "secret").with("text", "Chosen by Acme 1").with("once", "own");
    // Two without restrictions are the most, and there is one.
    assert_eq!(browser.submit(&own).await.status, 200);
    assert_eq!(house.get(&account, Auth::Basic(&primary.key, "Chosen by Acme 1")).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_added_says_why() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/credentials", primary.key);
    let page = browser.get(&path).await;
    let plain = form(&page, &path);
    let many = vec!["0123abcd"; 101].join(" ");
    for (field, value, status, says) in [
        ("amount_max", "12,5", 422, "The most at once must be a number"),
        ("amount_max", "-1", 422, "The most at once must be a number"),
        ("accounts", &*many, 422, "Name at most 100 accounts."),
        ("accounts", "nobody", 422, "There is no such account"),
        ("text", "short", 422, "A secret of your own must have 8 to 25 characters"),
    ] {
        let refused = browser.submit(&plain.clone().with("kind", "secret").with(field, value)).await;
        assert_eq!(refused.status, status, "{field} {value}: {refused}");
        assert!(refused.text().contains(says), "{field} {value}: {refused}");
        assert!(refused.text().contains("role=\"alert\""), "{refused}");
    }
    let token = plain.clone().with("kind", "token").with("text", "Chosen by Acme 1");
    let refused = browser.submit(&token).await;
    assert!(refused.text().contains("An auth token is always made here."), "{refused}");
    for n in 0..2 {
        let answer = browser.submit(&plain.clone().with("kind", "secret").with("once", &n.to_string())).await;
        assert_eq!(answer.status, if n == 0 { 200 } else { 422 }, "{answer}");
    }
}

#[tokio::test]
async fn a_token_that_may_do_less_is_made_and_says_so() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of_operator(&house).await;
    let path = "/console/tokens";
    let page = browser.get(path).await;
    let wrong = browser.submit(&form(&page, path).with("amount_max", "x")).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    assert!(wrong.text().contains("The most at once must be a number"), "{wrong}");
    let plain = form(&wrong, path).with("scope", "operator").with("accounts", &primary.key);
    let made = browser.submit(&plain.with("read_only", "1")).await;
    assert_eq!(made.status, 200, "{made}");
    let token = text(&made, "token");
    assert!(made.text().contains("only reads; for Acme alone"), "{made}");
    let own = format!("/api/v1/accounts/{}", primary.key);
    assert_eq!(house.get(&own, Auth::Bearer(&token)).await.status, 200);
    assert_eq!(house.patch(&own, Auth::Bearer(&token), r#"{"name":"x"}"#).await.status, 403);
    let mut limited = Browser::with_token(&house, &token).await;
    let page = limited.open("/console").await;
    assert_eq!(page.status, 200, "{page}");
}
