//! A transfer: what can move, both accounts before and after, and then once.

use ledger::{BalanceMode, TransferKind};

use super::browser::{Browser, Form, figure, form};
use crate::house::{Answer, House, Opening};

struct Family {
    house: House,
    primary: Opening,
    sub: Opening,
}

impl Family {
    async fn new() -> Self {
        let house = House::new();
        let primary = house.primary("Acme", "100").await;
        house.pay(&primary, "1000").await;
        let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
        house.transfer(TransferKind::Credit, &primary, (&primary, &sub), "40").await;
        Self { house, primary, sub }
    }

    fn path(&self) -> String {
        format!("/console/accounts/{}/transfer", self.sub.key)
    }

    async fn preview(&self, browser: &mut Browser<'_>, amount: &str, kind: &str, direction: &str) -> Answer {
        let page = browser.get(&self.path()).await;
        let form = form(&page, &format!("{}/preview", self.path()));
        browser.submit(&form.with("amount", amount).with("kind", kind).with("direction", direction)).await
    }

    async fn standing(&self, account: &Opening) -> [String; 2] {
        let account = self.house.app.account(crate::house::OPERATOR, account.id).await.unwrap().account;
        [account.standing.balance, account.standing.credit_limit].map(|it| it.to_string())
    }
}

/// The cells of the rows of one side.
fn side(page: &Answer, key: &str) -> Vec<String> {
    let text = page.text().split(&format!("data-side=\"{key}\"")).nth(1).unwrap();
    let rows = text.split("</table>").next().unwrap().split("<tr").skip(2);
    let shown = |row: &str| {
        let mut shown = String::new();
        let mut is_tag = true;
        for character in row.replace("</td>", " ").replace("</th>", " ").chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                _ if is_tag => {}
                other => shown.push(other),
            }
        }
        shown.trim().to_owned()
    };
    rows.map(shown).collect()
}

#[tokio::test]
async fn both_accounts_are_shown_before_and_after_and_then_it_is_done_once() {
    let family = Family::new().await;
    let mut browser = Browser::of(&family.house, &family.primary).await;
    let page = browser.get(&family.path()).await;
    for most in [
        r#"data-most="down balance">1,060.00<"#,
        r#"data-most="down credit">60.00<"#,
        r#"data-most="up balance">40.00<"#,
        r#"data-most="up credit">40.00<"#,
    ] {
        assert!(page.text().contains(most), "{most}: {page}");
    }
    let preview = family.preview(&mut browser, "250.5", "balance", "down").await;
    assert_eq!(preview.status, 200, "{preview}");
    let acme = ["Balance 1,000.00 749.50", "Credit limit 60.00 60.00", "Available 1,060.00 809.50"];
    assert_eq!(side(&preview, &family.primary.key), acme);
    let ann = ["Balance 0.00 250.50", "Credit limit 40.00 40.00", "Available 40.00 290.50"];
    assert_eq!(side(&preview, &family.sub.key), ann);
    assert_eq!(family.standing(&family.sub).await, ["0.00", "40.00"], "nothing has moved yet");
    let confirm = form(&preview, &family.path());
    // A double click, a reload, and the other tab.
    for _ in 0..3 {
        let answer = browser.submit(&confirm).await;
        assert_eq!(answer.status, 303, "{answer}");
        assert_eq!(family.standing(&family.sub).await, ["250.50", "40.00"]);
    }
    let page = browser.get(&format!("/console/accounts/{}", family.sub.key)).await;
    assert!(page.text().contains("250.50 EUR of balance moved from Acme to Ann."), "{page}");
    assert_eq!(figure(&page, &format!("{}:balance", family.sub.key)), "250.50");
    let page = browser.get(&format!("/console/accounts/{}", family.sub.key)).await;
    assert!(!page.text().contains("id=\"notice\""), "it is said once: {page}");
    let other = browser.submit(&confirm.with("amount", "1")).await;
    assert_eq!(other.status, 422, "{other}");
    assert!(other.text().contains("This form was sent before"), "{other}");
}

#[tokio::test]
async fn credit_limit_goes_back_up_the_same_way() {
    let family = Family::new().await;
    let mut browser = Browser::of(&family.house, &family.primary).await;
    let preview = family.preview(&mut browser, "15", "credit", "up").await;
    let ann = ["Balance 0.00 0.00", "Credit limit 40.00 25.00", "Available 40.00 25.00"];
    assert_eq!(side(&preview, &family.sub.key), ann);
    assert_eq!(browser.submit(&form(&preview, &family.path())).await.status, 303);
    assert_eq!(family.standing(&family.sub).await, ["0.00", "25.00"]);
    assert_eq!(family.standing(&family.primary).await, ["1000.00", "75.00"]);
}

#[tokio::test]
async fn what_cannot_move_says_why_and_what_was_filled_in_stays() {
    let family = Family::new().await;
    let mut browser = Browser::of(&family.house, &family.primary).await;
    for (amount, kind, direction, why) in [
        ("40.01", "credit", "up", "at most 40.00 of it is not in use"),
        ("40.01", "balance", "up", "40.01 was asked for, and 40.00 is available"),
        ("0", "balance", "down", "must be more than 0"),
        ("", "balance", "down", "must be a number such as 12.50"),
        ("1,5", "balance", "down", "must be a number such as 12.50"),
        ("0.000000001", "balance", "down", "at most 8 decimals"),
    ] {
        let answer = family.preview(&mut browser, amount, kind, direction).await;
        assert_eq!(answer.status, 422, "{amount}: {answer}");
        assert!(answer.text().contains(why), "{why}: {answer}");
        let again = form(&answer, &format!("{}/preview", family.path()));
        assert_eq!(
            (again.field("amount"), again.field("kind"), again.field("direction")),
            (amount, kind, direction)
        );
    }
    // Between the look and the click somebody else may have moved it.
    let preview = family.preview(&mut browser, "40", "credit", "up").await;
    family.house.charge(&family.sub, "30").await;
    let answer = browser.submit(&form(&preview, &family.path())).await;
    assert_eq!(answer.status, 422, "{answer}");
    assert!(answer.text().contains("at most 10.00 of it is not in use"), "{answer}");
    assert_eq!(family.standing(&family.sub).await, ["-30.00", "40.00"]);
}

#[tokio::test]
async fn a_suspension_is_in_force_when_the_page_says_so() {
    let family = Family::new().await;
    let mut browser = Browser::of(&family.house, &family.primary).await;
    let path = format!("/console/accounts/{}", family.sub.key);
    let page = browser.get(&path).await;
    let plain: Form = form(&page, &format!("{path}/status"));
    let answer = browser.submit(&plain.with("status", "suspended")).await;
    assert_eq!(answer.status, 303, "{answer}");
    let page = browser.get(&path).await;
    assert_eq!(figure(&page, &format!("{}:badge", family.sub.key)), "suspended");
    assert!(page.text().contains("no call of it goes through any more"), "{page}");
    let plain: Form = form(&page, &format!("{path}/status"));
    assert_eq!(browser.submit(&plain.with("status", "active")).await.status, 303);
    let page = browser.get(&path).await;
    assert_eq!(figure(&page, &format!("{}:badge", family.sub.key)), "");
}
