//! A family of 5,000 subaccounts: the page shows the first hundred, soon, and does not grow.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ledger::{Alerts, Amount, BalanceMode, Status, TransferKind};
use tollgate::app::{NewAccount, NewTransfer};

use super::browser::{Browser, figure};
use crate::house::{House, OPERATOR};

const SUBACCOUNTS: i64 = 5_000;
/// Of the page's answers: what people do not notice.
const MEDIAN_MAX: Duration = Duration::from_millis(100);
/// With style sheet and script, uncompressed.
const BYTES_MAX: usize = 200_000;

#[tokio::test]
async fn a_family_of_five_thousand_is_shown_soon_and_in_little() {
    let house = House::new();
    let primary = house.primary("Acme", "0").await;
    house.pay(&primary, "100000000").await;
    for chunk in (0..SUBACCOUNTS).collect::<Vec<_>>().chunks(500) {
        let opened = join_all(chunk.iter().map(async |n| {
            let new = NewAccount {
                parent: Some(primary.id),
                name: format!("Customer {n} with a name of some length").into(),
                currency: None,
                credit_limit: Amount::ZERO,
                mode: BalanceMode::Own,
                status: Status::Active,
                secret: None,
                caps: None,
                alerts: Alerts::default(),
            };
            let to = house.app.open_account(OPERATOR, None, new).await.unwrap().account.id;
            // Another order than that in which they are opened.
            let amount = Amount::from_units((n * 7_919 % SUBACCOUNTS + 1) * 100_000_000);
            let kind = TransferKind::Balance;
            let new =
                NewTransfer { kind, primary: primary.id, from: primary.id, to, amount, reference: None };
            house.app.transfer(OPERATOR, None, new).await.unwrap();
        }));
        opened.await;
    }
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/families/{}", primary.key);
    let mut took = Vec::new();
    let mut page = browser.get(&path).await;
    for _ in 0..50 {
        let began = Instant::now();
        page = browser.get(&path).await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    assert!(took[25] < MEDIAN_MAX, "the median of 50 answers is {:?}", took[25]);
    assert_eq!(figure(&page, "totals:balance"), "100,000,000.00");
    let rows = page.text().matches("<tr data-account=").count();
    assert_eq!(rows, 100);
    assert!(page.text().contains("5000 subaccounts"), "{page}");
    // From 1 on, in order: those with the least first.
    let at =
        |amount: &str| page.text().find(&format!(">{amount}</td>")).unwrap_or_else(|| panic!("{amount}"));
    assert!(at("1.00") < at("2.00") && at("2.00") < at("57.00") && at("57.00") < at("100.00"));
    assert!(!page.text().contains(">101.00</td>"));
    let style = browser.get("/console/style.css").await.body.len();
    let script = browser.get("/console/script.js").await.body.len();
    let total = page.body.len() + style + script;
    assert!(total < BYTES_MAX, "{total} bytes");
    let last = browser.get(&format!("{path}?page=50")).await;
    assert!(last.text().contains(">5,000.00</td>") && last.text().contains("page 50 of 50"), "{last}");
    let found = browser.get(&format!("{path}?q=customer+4711+")).await;
    assert_eq!(found.text().matches("<tr data-account=").count(), 1, "{found}");
}
