//! Price plans: put, tried and assigned by the operator.

use super::browser::{Browser, form};
use crate::house::{Auth, BY_OPERATOR, House};

const RULES: &str = "POST /v1/messages sms.send 0.0075\nPOST /v1/bulk sms.bulk 100 x 0.005\n* /v1/account account.read free\n* /admin/** admin deny\n";

#[tokio::test]
async fn a_plan_is_tried_put_and_changed() {
    let house = House::new();
    let mut browser = Browser::of_operator(&house).await;
    let page = browser.get("/console/prices").await;
    assert!(page.text().contains("No price plans yet"), "{page}");
    let page = browser.get("/console/prices/plan").await;
    let new =
        form(&page, "/console/prices").with("name", "standard").with("default", "1").with("rules", RULES);
    let attempt = crate::console::browser::Form {
        action: "/console/prices/try".to_owned(),
        ..new.clone().with("calls", "POST /v1/messages?to=49\nGET /admin/x\nGET /other")
    };
    let tried = browser.submit(&attempt).await;
    assert_eq!(tried.status, 200, "{tried}");
    for said in ["is charged 0.0075 for sms.send", "is not let through: admin", "No rule of the price plan"] {
        assert!(tried.text().contains(said), "{said}: {tried}");
    }
    assert_eq!(form(&tried, "/console/prices").field("rules"), RULES, "what was filled in stays");
    let none = house.get("/api/v1/price-plans", BY_OPERATOR).await.json();
    assert_eq!(none["price_plans"].as_array().map(Vec::len), Some(0), "nothing was put: {none}");
    for _ in 0..2 {
        let put = browser.submit(&new).await;
        assert_eq!(put.header("location"), Some("/console/prices"), "{put}");
    }
    let page = browser.get("/console/prices").await;
    assert!(page.text().contains("Version 1 of standard is in force."), "once: {page}");
    assert!(page.text().contains("100 × 0.005"), "{page}");
    let page = browser.get("/console/prices/plan?plan=standard").await;
    let change = form(&page, "/console/prices");
    assert!(change.field("rules").contains("POST  /v1/bulk      sms.bulk      100 x 0.005\n"), "{page}");
    assert_eq!((change.field("name"), change.field("currency")), ("standard", "EUR"));
    assert_eq!(browser.submit(&change.with("rules", "* /** any 1")).await.status, 303);
    let plan = house.get("/api/v1/price-plans/standard", BY_OPERATOR).await.json();
    assert_eq!((&plan["version"], &plan["default"]), (&2.into(), &true.into()), "{plan}");
    assert_eq!(plan["rules"][0]["unit_price"], "1.00", "{plan}");
}

#[tokio::test]
async fn what_is_no_plan_says_which_line_is_wrong_and_keeps_what_was_filled_in() {
    let house = House::new();
    let mut browser = Browser::of_operator(&house).await;
    let page = browser.get("/console/prices/plan").await;
    let plain = form(&page, "/console/prices").with("name", "standard").with("rules", RULES);
    let rules = "GET /x y 1\n\nGET /v1 <b>";
    for (field, value, says) in [
        ("rules", rules, "Line 3: a price is"),
        ("currency", "euro", "The currency is three capital letters"),
        ("name", "No Name", "The name of a price plan must have"),
    ] {
        let wrong = browser.submit(&plain.clone().with(field, value)).await;
        assert_eq!(wrong.status, 422, "{wrong}");
        assert!(wrong.text().contains(says), "{says}: {wrong}");
        assert!(!wrong.text().contains("<b>"), "{wrong}");
        assert_eq!(form(&wrong, "/console/prices").field(field), value, "{wrong}");
    }
    let attempt = crate::console::browser::Form { action: "/console/prices/try".to_owned(), ..plain };
    let wrong = browser.submit(&attempt.with("calls", " ")).await;
    assert!(wrong.text().contains("Say which calls to try"), "{wrong}");
    assert_eq!(browser.get("/console/prices/plan?plan=none").await.status, 404);
}

#[tokio::test]
async fn a_family_goes_by_the_plan_that_the_operator_gives_it() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let plan = r#"{"currency":"EUR","rules":[{"path":"/**","operation":"any","mode":"free"}]}"#;
    for name in ["one", "two"] {
        let path = format!("/api/v1/price-plans/{name}");
        assert_eq!(house.call(axum::http::Method::PUT, &path, BY_OPERATOR, plan).await.status, 200);
    }
    let mut browser = Browser::of_operator(&house).await;
    let path = format!("/console/accounts/{}/settings", primary.key);
    let page = browser.get(&path).await;
    for name in ["one", "two"] {
        assert!(page.text().contains(&format!("<option value=\"{name}\">")), "{page}");
    }
    let token = browser.form_token().await;
    let mut set = async |once: &str, plan: &str| {
        let fields = [("form_token", &*token), ("once", once), ("what", "plan"), ("plan", plan)];
        let fields = fields.map(|it| (it.0.to_owned(), it.1.to_owned())).to_vec();
        browser.submit(&crate::console::browser::Form { action: path.clone(), fields }).await
    };
    assert_eq!(set("1", "two").await.status, 303);
    let account = house.get(&format!("/api/v1/accounts/{}", primary.key), BY_OPERATOR).await.json();
    assert_eq!(account["price_plan"], "two", "{account}");
    let refused = set("2", "none").await;
    assert!(refused.status == 422 && refused.text().contains("There is no such price plan."), "{refused}");
    assert_eq!(set("3", "").await.status, 303);
    let account = house.get(&format!("/api/v1/accounts/{}", primary.key), BY_OPERATOR).await.json();
    assert!(account["price_plan"].is_null(), "{account}");
    let partner = house.get(&path, Auth::Nothing).await;
    assert_eq!(partner.status, 303);
}
