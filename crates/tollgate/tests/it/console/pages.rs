//! What the pages show, and to whom.

use axum::http::Method;
use ledger::{BalanceMode, TransferKind};
use tollgate::console::{self, Who};

use super::browser::{Browser, figure};
use crate::house::{Auth, House, Opening};

/// Every route asks who is there: nobody but whoever is signed in gets anything but the way to sign in.
#[tokio::test]
async fn nothing_is_shown_to_whoever_is_not_signed_in() {
    let house = House::new();
    let primary = house.primary("Acme Partner", "100").await;
    let mut walked = 0;
    for route in console::routes() {
        if route.who == Who::Anyone {
            continue;
        }
        let path = route.path.replace("{account}", &primary.key).replace("{month}", "2024-08");
        for auth in [Auth::Nothing, primary.auth(), crate::house::BY_OPERATOR] {
            let answer = house.call(route.method.clone(), &path, auth, "").await;
            let about = format!("{} {path} by {auth:?}: {answer}", route.method);
            assert!(matches!(answer.status, 204 | 303), "{about}");
            if let Some(location) = answer.header("location") {
                assert!(location.starts_with("/console/sign-in"), "{about}");
            }
            assert!(!answer.text().contains("Acme"), "{about}");
            walked += 1;
        }
    }
    assert!(walked >= 20, "the table has shrunk: {walked}");
}

/// Whatever names an account shows nothing of it to another family, and nothing of a sibling or a parent to a subaccount.
#[tokio::test]
async fn nothing_is_shown_of_another_family_a_sibling_or_a_parent() {
    let house = House::new();
    let primary = house.primary("Marked Primary", "100").await;
    let sub = house.subaccount(&primary, "Marked Sub", BalanceMode::Own).await;
    let sibling = house.subaccount(&primary, "Sibling", BalanceMode::Shared).await;
    let stranger = house.primary("Stranger", "100").await;
    let below_stranger = house.subaccount(&stranger, "Below the stranger", BalanceMode::Own).await;
    let before = lines(&house).await;
    let mut walked = 0;
    for caller in [&sibling, &stranger, &below_stranger] {
        let mut browser = Browser::of(&house, caller).await;
        let own = browser.open("/console").await;
        let token = super::browser::form(&own, "/console/sign-out").field("form_token").to_owned();
        for route in console::routes() {
            if !route.path.contains("{account}") {
                continue;
            }
            for about in [&primary, &sub] {
                let path = route.path.replace("{account}", &about.key).replace("{month}", "2024-08");
                let answer = if route.method == Method::GET {
                    browser.get(&path).await
                } else {
                    let fields = vec![
                        ("form_token".to_owned(), token.clone()),
                        ("status".to_owned(), "suspended".to_owned()),
                        ("amount".to_owned(), "1".to_owned()),
                        ("name".to_owned(), "x".to_owned()),
                    ];
                    browser.submit(&super::browser::Form { action: path.clone(), fields }).await
                };
                let said = format!("{} {path} by {}: {answer}", route.method, caller.opened.account.name);
                assert!(matches!(answer.status, 403 | 404), "{said}");
                assert!(!answer.text().contains("Marked"), "{said}");
                walked += 1;
            }
        }
    }
    assert!(walked >= 6 * 6, "the table has shrunk: {walked}");
    assert_eq!(lines(&house).await, before, "something was changed");
}

async fn lines(house: &House) -> u64 {
    house.app.store().figures().lines.load(std::sync::atomic::Ordering::Relaxed)
}

/// Promise of the page: those who are closest to their limit stand first, whatever else is asked for.
#[tokio::test]
async fn a_family_shows_its_totals_and_those_nearest_to_their_limit_first() {
    let house = House::new();
    let primary = house.primary("Acme", "1000").await;
    house.pay(&primary, "5000").await;
    let named = ["Plenty", "Nearly empty", "Empty", "Shares"];
    let mode = |name| if name == "Shares" { BalanceMode::Shared } else { BalanceMode::Own };
    let mut subs: Vec<Opening> = Vec::new();
    for name in named {
        subs.push(house.subaccount(&primary, name, mode(name)).await);
    }
    for (sub, credit, balance) in [(0, "50", "1000"), (1, "100", "0.5"), (2, "30", "0.25")] {
        let sides = (&primary, &subs[sub]);
        house.transfer(TransferKind::Credit, &primary, sides, credit).await;
        house.transfer(TransferKind::Balance, &primary, sides, balance).await;
    }
    house.charge(&subs[1], "95").await;
    house.charge(&subs[2], "30.25").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/families/{}", primary.key);
    let page = browser.get(&path).await;
    let order = |page: &crate::house::Answer| {
        let text = page.text();
        let mut at: Vec<_> =
            named.iter().filter_map(|it| Some((text.find(&format!(">{it}</a>"))?, *it))).collect();
        at.sort_unstable();
        at.into_iter().map(|it| it.1).collect::<Vec<_>>()
    };
    assert_eq!(order(&page), ["Empty", "Nearly empty", "Plenty", "Shares"]);
    let of = |name: &str| figure(&page, &format!("{}:{name}", subs[1].key));
    assert_eq!(
        (of("balance"), of("credit"), of("available")),
        ("\u{2212}94.50".into(), "100.00".into(), "5.50".into())
    );
    assert_eq!(of("badge"), "nearly empty");
    assert_eq!(figure(&page, &format!("{}:badge", subs[2].key)), "nothing available");
    assert_eq!(figure(&page, "totals:near"), "2");
    // 5,000 less the charges, wherever they fell.
    assert_eq!(figure(&page, "totals:balance"), "4,874.75");
    assert_eq!(figure(&page, "totals:credit"), "1,000.00");
    assert_eq!(figure(&page, &format!("{}:available", primary.key)), "4,819.25");
    for (query, expected) in [
        ("?order=name", &["Empty", "Nearly empty", "Plenty", "Shares"][..]),
        ("?order=newest", &["Shares", "Empty", "Nearly empty", "Plenty"]),
        ("?order=balance", &["Plenty", "Shares", "Empty", "Nearly empty"]),
        ("?q=EMPTY", &["Empty", "Nearly empty"]),
        ("?status=suspended", &[]),
        (&*format!("?q={}", subs[0].key), &["Plenty"]),
        (&*format!("?q={}", subs[3].opened.account.auth_id), &["Shares"]),
        ("?page=2", &[]),
    ] {
        let page = browser.get(&format!("{path}{query}")).await;
        assert_eq!(order(&page), expected, "{query}");
        assert_eq!(figure(&page, "totals:balance"), "4,874.75", "{query}: totals are of all");
    }
}

#[tokio::test]
async fn a_family_without_subaccounts_says_what_to_do_first() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let page = Browser::of(&house, &primary).await.open("/console").await;
    assert!(page.text().contains("No subaccounts yet"), "{page}");
    assert!(page.text().contains("Open the first subaccount"), "{page}");
    assert!(!page.text().contains("id=\"search\""), "there is nothing to search: {page}");
}

/// An end customer sees what is its own; what its payer has is that one's affair.
#[tokio::test]
async fn an_end_customer_sees_its_own_account_and_nothing_above_it() {
    let house = House::new();
    let primary = house.primary("Hidden Primary", "100").await;
    house.pay(&primary, "7777").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    let sharing = house.subaccount(&primary, "Bob", BalanceMode::Shared).await;
    house.transfer(TransferKind::Balance, &primary, (&primary, &sub), "12").await;
    for (caller, shown) in [(&sub, true), (&sharing, false)] {
        let page = Browser::of(&house, caller).await.open("/console").await;
        assert_eq!(page.status, 200, "{page}");
        assert_eq!(page.text().contains(">12.00<"), shown, "{page}");
        for hidden in ["Hidden", &primary.key, "7,7", "Suspend", "transfer"] {
            assert!(!page.text().contains(hidden), "{hidden} is shown: {page}");
        }
    }
}

#[tokio::test]
async fn the_script_in_a_name_is_shown_as_text() {
    let house = House::new();
    let script = "<script>alert('1')</script>\"><img src=x onerror=alert(1)>";
    let primary = house.primary(script, "100").await;
    let sub = house.subaccount(&primary, script, BalanceMode::Own).await;
    let mut browser = Browser::of(&house, &primary).await;
    let paths = [
        format!("/console/families/{}", primary.key),
        format!("/console/families/{}?q={}", primary.key, "%3Cscript%3E%22%3E%3Cimg"),
        format!("/console/accounts/{}", sub.key),
        format!("/console/accounts/{}/transfer", sub.key),
        format!(
            "/console/accounts/{}/transfer?amount=%22%3E%3Cscript%3E&reference=%22%3E%3Cscript%3E",
            sub.key
        ),
    ];
    for path in paths {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {page}");
        assert!(page.text().contains("&#60;script&#62;"), "{path}: {page}");
        for raw in ["<script>", "<img", "\"><"] {
            let count = page.text().matches(raw).count();
            // `"><` stands between tags of our own, too.
            assert!(count == 0 || raw == "\"><", "{path} has {raw}: {page}");
        }
        assert!(!page.text().contains("alert('1')"), "{path}: {page}");
    }
}
