//! Script in every name, reference and field, in front of everybody who sees it: always text.

use axum::http::Method;
use ledger::{BalanceMode, TransferKind};
use serde_json::json;
use tollgate::app::NewTransfer;
use tollgate::console;

use super::browser::{Browser, Form};
use crate::house::{Answer, BY_OPERATOR, House, OPERATOR, Opening, amount};

/// What would run, or end the attribute or the element that it stands in.
const SCRIPT: &str = "<script>alert('1')</script>\"'><img src=x onerror=alert(1)></textarea></title>";

/// What stands there in place of it.
const SHOWN: &str = "&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#34;&#39;&#62;&#60;img";

/// A family in which everything that takes a text is called that.
struct Hostile {
    house: House,
    primary: Opening,
    sub: Opening,
    webhook: String,
}

impl Hostile {
    async fn new() -> Self {
        let house = House::new();
        let primary = house.primary(SCRIPT, "1000").await;
        let sub = house.subaccount(&primary, SCRIPT, BalanceMode::Own).await;
        let shared = house.subaccount(&primary, SCRIPT, BalanceMode::Shared).await;
        house.app.pay(OPERATOR, None, primary.id, amount("500"), Some(SCRIPT.into())).await.unwrap();
        let (from, to, reference) = (primary.id, sub.id, Some(SCRIPT.into()));
        let kind = TransferKind::Balance;
        let new = NewTransfer { kind, primary: from, from, to, amount: amount("50"), reference };
        house.app.transfer(OPERATOR, None, new).await.unwrap();
        // An operation has no blanks.
        let operation = SCRIPT.replace(' ', "/").chars().take(64).collect::<String>();
        for (key, amount, status) in [(&sub.key, "1", 201), (&shared.key, "2", 201), (&sub.key, "10000", 402)]
        {
            let body =
                json!({ "account": key, "amount": amount, "operation": operation, "reference": SCRIPT });
            let answer = house.post("/api/v1/charges", BY_OPERATOR, body.to_string()).await;
            assert_eq!(answer.status, status, "{answer}");
        }
        let plan = json!({ "currency": "EUR", "default": true, "rules": [
            { "path": "/**", "operation": operation, "mode": "charge", "unit_price": "1" },
        ] });
        let put = house.call(Method::PUT, "/api/v1/price-plans/walk", BY_OPERATOR, plan.to_string()).await;
        assert_eq!(put.status, 200, "{put}");
        house.give_number(&sub, "GB", "447700900000").await;
        let stocked = json!({ "country": "GB", "msisdn": "447700900001" }).to_string();
        assert_eq!(house.post("/api/v1/numbers", BY_OPERATOR, stocked).await.status, 201);
        let limited = json!({ "kind": "secret", "limits": { "accounts": [sub.key, shared.key] } });
        let credentials = format!("/api/v1/accounts/{}/credentials", primary.key);
        assert_eq!(house.post(&credentials, primary.auth(), limited.to_string()).await.status, 201);
        let url = json!({ "url": "http://127.0.0.1:9/?<script>alert(1)</script>" }).to_string();
        let made = house.post("/api/v1/webhooks", sub.auth(), url).await;
        let webhook = made.json()["id"].as_str().unwrap_or("none").to_owned();
        let renamed = json!({ "name": SCRIPT }).to_string();
        let account = format!("/api/v1/accounts/{}", sub.key);
        assert_eq!(house.patch(&account, BY_OPERATOR, renamed).await.status, 200);
        house.room(false).settle().await.unwrap();
        Self { house, primary, sub, webhook }
    }

    async fn visitors(&self) -> [(&'static str, Browser<'_>); 3] {
        [
            ("operator", Browser::of_operator(&self.house).await),
            ("partner", Browser::of(&self.house, &self.primary).await),
            ("customer", Browser::of(&self.house, &self.sub).await),
        ]
    }

    fn path(&self, route: &console::Route, account: &Opening) -> String {
        let path = route.path.replace("{account}", &account.key).replace("{month}", "2024-08");
        path.replace("{webhook}", &self.webhook)
    }
}

/// Nothing in a page runs but its own script, and nothing of what was written is more than text.
fn assert_text(answer: &Answer, about: &str) {
    let is_page = answer.header("content-type").is_some_and(|it| it.starts_with("text/html"));
    if !is_page {
        return;
    }
    let own = r#"<script src="/console/script.js" defer></script>"#;
    let rest = answer.text().replacen(own, "", 1);
    for raw in ["<script", "<img", "onerror=alert(1)>", "alert('1')", "<b>", "javascript:"] {
        assert!(!rest.contains(raw), "{about} has {raw}: {answer}");
    }
    assert_eq!(rest.matches("</textarea>").count(), rest.matches("<textarea").count(), "{about}: {answer}");
    assert_eq!(rest.matches("</title>").count(), 1, "{about}: {answer}");
}

#[tokio::test]
async fn the_script_in_every_name_and_reference_is_shown_as_text() {
    let hostile = Hostile::new().await;
    let (mut shown, mut walked) = (0, 0);
    for (who, mut browser) in hostile.visitors().await {
        for route in console::routes() {
            if route.method != Method::GET || route.path == "/console/live" {
                continue;
            }
            for account in [&hostile.primary, &hostile.sub] {
                let path = hostile.path(&route, account);
                let answer = browser.get(&path).await;
                assert!(answer.status < 500, "{path}: {answer}");
                let about = format!("{path} to the {who}");
                assert_text(&answer, &about);
                shown += usize::from(answer.text().contains(SHOWN));
                walked += 1;
                if !route.path.contains("{account}") {
                    break;
                }
            }
        }
    }
    assert!(walked > 100 && shown > 60, "of {walked} pages only {shown} show it");
    // In a file it is a field.
    let mut browser = Browser::of(&hostile.house, &hostile.sub).await;
    let file = browser.get(&format!("/console/accounts/{}/journal.csv", hostile.sub.key)).await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert!(file.text().contains(&SCRIPT.replace('"', "\"\"")), "{file}");
}

/// Every name that a query or a form of any page has.
const FIELDS: [&str; 40] = [
    "q",
    "status",
    "order",
    "page",
    "kind",
    "operation",
    "reference",
    "from",
    "to",
    "zone",
    "before",
    "after",
    "month",
    "request",
    "find",
    "country",
    "digits",
    "msisdn",
    "account",
    "show",
    "state",
    "plan",
    "name",
    "amount",
    "direction",
    "currency",
    "credit_limit",
    "url",
    "about",
    "event",
    "webhook",
    "what",
    "rules",
    "calls",
    "accounts",
    "amount_max",
    "text",
    "low",
    "day",
    "owner",
];

#[tokio::test]
async fn the_script_in_every_field_of_a_query_or_a_form_is_shown_as_text() {
    let hostile = Hostile::new().await;
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(FIELDS.map(|it| (it, SCRIPT))).finish();
    let mut walked = 0;
    for (who, mut browser) in hostile.visitors().await {
        let form_token = browser.form_token().await;
        for route in console::routes() {
            if matches!(route.path, "/console/live" | "/console/sign-out") {
                continue;
            }
            let account = if who == "customer" || route.path.contains("transfer") {
                &hostile.sub
            } else {
                &hostile.primary
            };
            let path = hostile.path(&route, account);
            let about = format!("{} {path} to the {who}", route.method);
            let mut fields: Vec<_> = FIELDS.map(|it| (it.to_owned(), SCRIPT.to_owned())).into();
            fields.push(("form_token".to_owned(), form_token.clone()));
            fields.push(("once".to_owned(), about.clone()));
            // The field that a webhook's forms find it by.
            let with = [("webhook", &*hostile.webhook), ("what", "name")];
            let form = with
                .into_iter()
                .fold(Form { action: path.clone(), fields }, |form, (name, value)| form.with(name, value));
            let answer = match route.method {
                Method::GET => browser.get(&format!("{path}?{query}")).await,
                _ => browser.submit(&form).await,
            };
            assert!(answer.status < 500, "{about}: {answer}");
            assert_text(&answer, &about);
            walked += 1;
        }
    }
    assert!(walked > 100, "only {walked}: the table has shrunk");
}
