//! Opening and closing accounts, their credentials and settings, and what their pages tell.

use ledger::{BalanceMode, TransferKind};

use super::browser::{Browser, form, text};
use crate::house::{Auth, BY_OPERATOR, House, Opening};

async fn acme(house: &House) -> (Opening, String) {
    let primary = house.primary("Acme", "100").await;
    house.pay(&primary, "500").await;
    let path = format!("/console/families/{}", primary.key);
    (primary, path)
}

#[tokio::test]
async fn a_subaccount_is_opened_once_and_its_credentials_are_shown_once() {
    let house = House::new();
    let (primary, path) = acme(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.get(&format!("{path}/open")).await;
    let plain = form(&page, &format!("{path}/open"));
    let blank = browser.submit(&plain.clone().with("name", "  ")).await;
    assert_eq!(blank.status, 422, "{blank}");
    assert!(blank.text().contains("The name must have 1 to 255 characters"), "{blank}");
    let filled = plain.with("name", "Ann & Söhne").with("mode", "own");
    let opened = browser.submit(&filled).await;
    assert_eq!(opened.status, 200, "{opened}");
    let (key, secret) = (text(&opened, "api-key"), text(&opened, "secret"));
    let again = browser.submit(&filled).await;
    assert_eq!((text(&again, "api-key"), text(&again, "secret")), (key.clone(), secret.clone()), "a reload");
    let account = house.get(&format!("/api/v1/accounts/{key}"), Auth::Basic(&key, &secret)).await;
    assert_eq!(account.json()["name"], "Ann & Söhne");
    let by_token = Auth::Basic(&text(&opened, "auth-id"), &text(&opened, "auth-token"));
    assert_eq!(house.get(&format!("/api/v1/accounts/{key}"), by_token).await.status, 200);
    let family = browser.get(&path).await;
    assert_eq!(family.text().matches("data-account=").count(), 1, "{family}");
    assert!(family.text().contains("Ann &#38; Söhne"), "{family}");
    assert!(!family.text().contains(&secret), "{family}");
}

#[tokio::test]
async fn a_close_says_before_what_it_does() {
    let house = House::new();
    let (primary, family) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    house.transfer(TransferKind::Balance, &primary, (&primary, &sub), "12.5").await;
    house.transfer(TransferKind::Credit, &primary, (&primary, &sub), "40").await;
    house.give_number(&sub, "GB", "447700900000").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/close", sub.key);
    let page = browser.get(&path).await;
    for said in [
        "Acme gets 12.50 EUR of balance.",
        "Acme gets 40.00 EUR of credit limit.",
        "1 number goes to Acme.",
        "credentials are dead",
    ] {
        assert!(page.text().contains(said), "{said}: {page}");
    }
    let cascade = browser.get(&format!("{path}?cascade=1")).await;
    assert!(cascade.text().contains("1 number goes to the stock."), "{cascade}");
    let account = house.get(&format!("/api/v1/accounts/{}", sub.key), primary.auth()).await;
    assert_eq!(account.json()["status"], "active", "nothing was done");
    let answer = browser.submit(&form(&page, &path)).await;
    assert_eq!(answer.header("location"), Some(&*family), "{answer}");
    let page = browser.get(&family).await;
    assert!(page.text().contains("Ann is closed for good."), "{page}");
    assert!(page.text().contains("No subaccounts yet"), "{page}");
    let own = Browser::new(&house).get("/console").await;
    assert_eq!(own.status, 303);
    let closed = browser.get(&format!("{family}?status=closed")).await;
    assert!(closed.text().contains("closed for good"), "{closed}");
}

#[tokio::test]
async fn rotating_shows_the_new_secret_once_and_ends_the_old_one_when_it_says() {
    let house = House::new();
    let (primary, _) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/credentials", sub.key);
    let page = browser.get(&path).await;
    assert_eq!(page.text().matches("data-credential=").count(), 2, "{page}");
    let rotate = form(&page, &format!("{path}/rotate")).with("kind", "secret").with("hours", "1");
    let made = browser.submit(&rotate).await;
    assert_eq!(made.status, 200, "{made}");
    let secret = text(&made, "secret");
    let account = format!("/api/v1/accounts/{}", sub.key);
    assert_eq!(house.get(&account, Auth::Basic(&sub.key, &secret)).await.status, 200);
    assert_eq!(house.get(&account, sub.auth()).await.status, 200, "for an hour both do");
    house.clock.advance(3_600_000);
    let mut browser = Browser::of(&house, &primary).await;
    assert_eq!(house.get(&account, sub.auth()).await.status, 401);
    let page = browser.get(&path).await;
    assert!(!page.text().contains(&secret), "{page}");
    let revoke = form(&page, &format!("{path}/revoke"));
    let refused = browser.submit(&revoke).await;
    let is_last = refused.status == 422 && refused.text().contains("keeps at least one credential");
    assert!(is_last || refused.status == 303, "{refused}");
}

#[tokio::test]
async fn the_journal_is_told_filtered_and_taken_along() {
    let house = House::new();
    let (primary, _) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    house.transfer(TransferKind::Balance, &primary, (&primary, &sub), "50").await;
    let body = |reference: &str| {
        format!(
            r#"{{"account":"{}","amount":"1.25","operation":"sms.send","reference":"{reference}"}}"#,
            sub.key
        )
    };
    for reference in ["one", "two <b>", "\\\"three\\\", four"] {
        let answer = house.post("/api/v1/charges", BY_OPERATOR, body(reference)).await;
        assert_eq!(answer.status, 201, "{answer}");
    }
    let mut browser = Browser::of(&house, &sub).await;
    let path = format!("/console/accounts/{}/journal", sub.key);
    let page = browser.get(&path).await;
    assert_eq!(page.text().matches("<tr><td class=\"wide\" data-name=\"When\">").count(), 4, "{page}");
    assert!(page.text().contains("two &#60;b&#62;"), "{page}");
    assert!(page.text().contains("46.25"), "{page}");
    let count = async |browser: &mut Browser<'_>, query: &str| {
        let page = browser.get(&format!("{path}?{query}")).await;
        page.text().matches("<tr><td class=\"wide\" data-name=\"When\">").count()
    };
    assert_eq!(count(&mut browser, "kind=charge").await, 3);
    assert_eq!(count(&mut browser, "kind=charge&reference=one").await, 1);
    assert_eq!(count(&mut browser, "operation=call").await, 0);
    assert_eq!(count(&mut browser, "from=2024-08-28&to=2024-08-28").await, 4);
    assert_eq!(count(&mut browser, "from=2024-08-29").await, 0);
    let wrong = browser.get(&format!("{path}?from=28.8.2024")).await;
    assert!(wrong.text().contains("A day is written like"), "{wrong}");
    let file = browser.get(&format!("{path}.csv?kind=charge")).await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let lines: Vec<_> = file.text().lines().collect();
    assert_eq!(lines.len(), 4, "{file}");
    assert!(lines[1].ends_with(r#",sms.send,,-1.25,0.00,0.00,46.25,"""three"", four""#), "{file}");
}

#[tokio::test]
async fn spending_refusals_and_statements_are_told() {
    let house = House::new();
    let (primary, _) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    house.transfer(TransferKind::Balance, &primary, (&primary, &sub), "5").await;
    let body =
        |amount: &str| format!(r#"{{"account":"{}","amount":"{amount}","operation":"sms.send"}}"#, sub.key);
    for (amount, status) in [("1.25", 201), ("2", 201), ("100", 402)] {
        let answer = house.post("/api/v1/charges", BY_OPERATOR, body(amount)).await;
        assert_eq!(answer.status, status, "{answer}");
    }
    for (caller, key) in [(&primary, &sub.key), (&sub, &sub.key), (&primary, &primary.key)] {
        let mut browser = Browser::of(&house, caller).await;
        let path = format!("/console/accounts/{key}");
        let usage = browser.get(&format!("{path}/usage")).await;
        assert!(usage.text().contains("<strong>3.25</strong> EUR in all"), "{usage}");
        assert!(usage.text().contains("sms.send"), "{usage}");
        let earlier = browser.get(&format!("{path}/usage?month=2024-07")).await;
        assert!(earlier.text().contains("Nothing was spent in this month."), "{earlier}");
        if *key == sub.key {
            let refused = browser.get(&format!("{path}/refusals")).await;
            assert!(refused.text().contains("100.00 was asked for, and 1.75 is available"), "{refused}");
            assert!(refused.text().contains("charge sms.send of 100.00"), "{refused}");
        }
        let months = browser.get(&format!("{path}/statements")).await;
        assert!(months.text().contains("/statements/2024-08"), "{months}");
        let statement = browser.get(&format!("{path}/statements/2024-08")).await;
        assert!(statement.text().contains("Closing balance"), "{statement}");
        assert!(statement.text().contains("1.75"), "{statement}");
        assert_eq!(statement.text().contains("All together"), *key == primary.key, "{statement}");
        assert_eq!(browser.get(&format!("{path}/statements/2024-13")).await.status, 404);
    }
}

#[tokio::test]
async fn thresholds_and_caps_are_set_by_who_manages() {
    let house = House::new();
    let (primary, _) = acme(&house).await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/settings", sub.key);
    let page = browser.get(&path).await;
    assert!(page.text().contains("caps-form"), "{page}");
    let token = form(&page, "/console/sign-out").field("form_token").to_owned();
    let send = async |browser: &mut Browser<'_>, fields: &[(&str, &str)]| {
        let mut fields: Vec<_> = fields.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
        fields.push(("form_token".to_owned(), token.clone()));
        browser.submit(&super::browser::Form { action: path.clone(), fields }).await
    };
    let caps = [("what", "caps"), ("day", "10"), ("month", ""), ("zone", "Europe/Rome"), ("once", "1")];
    assert_eq!(send(&mut browser, &caps).await.status, 303);
    let alerts = [("what", "alerts"), ("low", "20"), ("depleted", "1"), ("recovered", ""), ("once", "2")];
    assert_eq!(send(&mut browser, &alerts).await.status, 303);
    let account = house.get(&format!("/api/v1/accounts/{}", sub.key), primary.auth()).await.json();
    assert_eq!(account["caps"]["day"]["cap"], "10.00", "{account}");
    assert_eq!(account["alerts"]["low"], "20.00", "{account}");
    let wrong = [("what", "alerts"), ("low", "1"), ("depleted", "2"), ("once", "3")];
    let answer = send(&mut browser, &wrong).await;
    assert_eq!(answer.status, 422, "{answer}");
    assert!(answer.text().contains("The thresholds must be"), "{answer}");
    let mut own = Browser::of(&house, &sub).await;
    assert_eq!(own.get(&path).await.status, 403);
}
