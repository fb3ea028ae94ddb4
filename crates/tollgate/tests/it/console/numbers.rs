//! Numbers: the operator's stock, and what accounts do with it.

use ledger::BalanceMode;

use super::browser::{Browser, form, form_with};
use crate::house::{BY_OPERATOR, House};

#[tokio::test]
async fn the_stock_is_filled_looked_through_and_withdrawn_from() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of_operator(&house).await;
    let path = "/console/numbers";
    let page = browser.get(path).await;
    assert!(page.text().contains("There are no numbers in the stock"), "{page}");
    let plain = form(&page, path);
    for (field, value, says) in [
        ("country", "GBR", "The country is its two letters"),
        ("cost", "1,5", "The cost must be a number"),
        ("currency", "euro", "The currency is three capital letters"),
        ("msisdn", "+44", "A number has 3 to 15 digits"),
        ("account", "nobody", "There is no such account"),
    ] {
        let filled = plain.clone().with("country", "GB").with("msisdn", "447700900001").with(field, value);
        let wrong = browser.submit(&filled).await;
        assert_eq!(wrong.status, 422, "{field}: {wrong}");
        assert!(wrong.text().contains(says), "{says}: {wrong}");
        assert_eq!(form(&wrong, path).field(field), value, "what was filled in stays");
    }
    let nothing =
        plain.clone().with("country", "GB").with("msisdn", "447700900001").without("sms").without("voice");
    assert!(browser.submit(&nothing).await.text().contains("Say what the number can do"));
    for (msisdn, account) in [("447700900001", ""), ("447700900002", &*primary.key)] {
        let filled = plain.clone().with("country", "gb").with("msisdn", msisdn).with("cost", "1.5");
        let added = browser.submit(&filled.with("account", account).with("once", msisdn)).await;
        assert_eq!(added.header("location"), Some(path), "{added}");
    }
    let shown = async |browser: &mut Browser<'_>, query: &str| -> String {
        let page = browser.get(&format!("{path}?{query}")).await;
        let all = page.text().split("data-number=\"").skip(1).map(|it| it.split('"').next().unwrap());
        all.collect::<Vec<_>>().join(" ")
    };
    for (query, numbers) in [
        ("", "447700900001"),
        ("show=rented", "447700900002"),
        ("show=all", "447700900001 447700900002"),
        ("show=all&country=FR", ""),
        ("show=all&msisdn=447700900002", "447700900002"),
        (&*format!("account={}", primary.key), "447700900002"),
    ] {
        assert_eq!(shown(&mut browser, query).await, numbers, "{query}");
    }
    let page = browser.get(path).await;
    let withdrawn = browser.submit(&form(&page, "/console/numbers/withdraw")).await;
    assert_eq!(withdrawn.header("location"), Some(path), "{withdrawn}");
    assert_eq!(shown(&mut browser, "").await, "");
}

#[tokio::test]
async fn a_number_is_rented_moved_and_given_back_by_whoever_may() {
    let house = House::new();
    let primary = house.primary("Acme", "0").await;
    house.pay(&primary, "5").await;
    let ann = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let bob = house.subaccount(&primary, "Bob", BalanceMode::Shared).await;
    for (msisdn, cost) in [("447700900001", "2"), ("447700900002", "3.5")] {
        let body = serde_json::json!({ "country": "GB", "msisdn": msisdn, "cost": cost }).to_string();
        assert_eq!(house.post("/api/v1/numbers", BY_OPERATOR, body).await.status, 201);
    }
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}/numbers", bob.key);
    let page = browser.get(&path).await;
    assert!(page.text().contains("Look below for one to rent."), "{page}");
    assert!(!page.text().contains("data-stock="), "{page}");
    let page = browser.get(&format!("{path}?find=1&digits=0002&country=fr")).await;
    assert!(page.text().contains("The stock has no such number in EUR."), "{page}");
    let page = browser.get(&format!("{path}?find=1&digits=9000")).await;
    assert_eq!(page.text().matches("data-stock=").count(), 2, "{page}");
    let rent = |msisdn: &str| form_with(&page, &format!("{path}/rent"), msisdn);
    for _ in 0..2 {
        assert_eq!(browser.submit(&rent("447700900001")).await.status, 303);
    }
    let account = house.get(&format!("/api/v1/accounts/{}", primary.key), primary.auth()).await.json();
    assert_eq!(account["balance"], "3.00", "its cost is charged to who pays, once: {account}");
    let refused = browser.submit(&rent("447700900002")).await;
    assert_eq!(refused.status, 422, "{refused}");
    assert!(refused.text().contains("3.50 was asked for, and 3.00 is available"), "{refused}");
    // The primary sees all of its family's, and hands them on.
    let family = format!("/console/accounts/{}/numbers", primary.key);
    let page = browser.get(&family).await;
    assert!(page.text().contains("data-number=\"447700900001\""), "{page}");
    assert!(page.text().contains(&format!("<option value=\"{}\">Ann", ann.key)), "{page}");
    let give = form(&page, &format!("{family}/move"));
    let nobody = browser.submit(&give.clone().with("to", "nobody")).await;
    assert!(nobody.status == 422 && nobody.text().contains("There is no such account"), "{nobody}");
    assert_eq!(browser.submit(&give.with("to", &ann.key)).await.header("location"), Some(&*family));
    // An end customer keeps its own, and moves none.
    let mut customer = Browser::of(&house, &ann).await;
    let path = format!("/console/accounts/{}/numbers", ann.key);
    let page = customer.get(&path).await;
    assert!(!page.text().contains("/numbers/move"), "{page}");
    let back = form(&page, &format!("{path}/return"));
    assert_eq!(customer.submit(&back).await.status, 303);
    let page = customer.get(&path).await;
    assert!(page.text().contains("447700900001 is given back."), "{page}");
    let again = customer.submit(&back.with("once", "another")).await;
    assert!(again.status == 422 && again.text().contains("There is no such number"), "{again}");
}
