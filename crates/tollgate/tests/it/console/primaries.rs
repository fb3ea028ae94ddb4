//! The operator's list of primaries: what their families come to, and who is near the limit.

use ledger::{BalanceMode, TransferKind};

use super::browser::{Browser, figure};
use crate::house::{Answer, House};

/// What stands in the columns of a primary's whole family.
fn family(page: &Answer, key: &str) -> Vec<String> {
    let row = page.text().split(&format!("data-family=\"{key}\"")).nth(1).unwrap();
    let row = row.split("</tr>").next().unwrap();
    let bare =
        |it: &str| it.split_once('>').unwrap().1.replace("<span class=\"minus\">", "").replace("</span>", "");
    row.split("</td>").filter(|it| it.contains('>')).map(bare).collect()
}

#[tokio::test]
async fn a_row_says_what_the_whole_family_comes_to_and_who_is_near_stands_first() {
    let house = House::new();
    let rich = house.primary("Rich", "1000").await;
    house.pay(&rich, "90000").await;
    // It has much left, and yet not a tenth of its limit.
    let near = house.primary("Near", "20000").await;
    house.charge(&near, "19000").await;
    let small = house.primary("Small", "0").await;
    house.pay(&small, "7").await;
    let ann = house.subaccount(&rich, "Ann", BalanceMode::Own).await;
    house.subaccount(&rich, "Bob", BalanceMode::Shared).await;
    house.transfer(TransferKind::Balance, &rich, (&rich, &ann), "100").await;
    house.transfer(TransferKind::Credit, &rich, (&rich, &ann), "300").await;
    house.charge(&ann, "399").await;
    let mut browser = Browser::of_operator(&house).await;
    let page = browser.open("/console").await;
    let order = |page: &Answer| {
        let mut at: Vec<_> = ["Rich", "Near", "Small"]
            .into_iter()
            .filter_map(|it| Some((page.text().find(&format!(">{it}</a>"))?, it)))
            .collect();
        at.sort_unstable();
        at.into_iter().map(|it| it.1).collect::<Vec<_>>()
    };
    assert_eq!(order(&page), ["Near", "Small", "Rich"]);
    assert_eq!(family(&page, &rich.key), ["89,601.00", "1,000.00", "0.00"]);
    assert_eq!(family(&page, &near.key), ["\u{2212}19,000.00", "20,000.00", "0.00"]);
    assert_eq!(figure(&page, &format!("{}:balance", rich.key)), "89,900.00", "its own");
    assert!(page.text().contains("2 subaccounts, 1 close to the limit"), "{page}");
    let totals = page.text().split("id=\"totals\"").nth(1).unwrap().split("</table>").next().unwrap();
    for (name, value) in [
        ("Primary accounts", "3"),
        ("Subaccounts", "2"),
        ("Close to the limit", "2"),
        ("Balances", "70,608.00"),
        ("Credit limits", "21,000.00"),
    ] {
        assert!(totals.contains(&format!("data-name=\"{name}\">{value}<")), "{name}: {totals}");
    }
    for (query, expected) in [
        ("?status=near", &["Near"][..]),
        ("?order=name", &["Near", "Rich", "Small"]),
        ("?q=RI", &["Rich"]),
        ("?status=suspended", &[]),
        ("?page=2", &[]),
    ] {
        let page = browser.get(&format!("/console/primaries{query}")).await;
        assert_eq!(order(&page), expected, "{query}");
    }
    // The same way in a family.
    let page = browser.get(&format!("/console/families/{}?status=near", rich.key)).await;
    assert!(page.text().contains(">Ann</a>") && !page.text().contains(">Bob</a>"), "{page}");
}

/// Sums beyond what an integer of a database holds are exact.
#[tokio::test]
async fn sums_do_not_end_where_one_balance_does() {
    let house = House::new();
    let mut key = String::new();
    for n in 0..3 {
        let primary = house.primary(&format!("P{n}"), "0").await;
        for _ in 0..9 {
            house.pay(&primary, "10000000000").await;
        }
        house.pay(&primary, "0.00000001").await;
        key = primary.key;
    }
    let page = Browser::of_operator(&house).await.open("/console").await;
    assert!(page.text().contains("data-name=\"Balances\">270,000,000,000.00000003<"), "{page}");
    assert_eq!(family(&page, &key)[0], "90,000,000,000.00000001");
}
