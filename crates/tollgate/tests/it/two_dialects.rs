//! One account in two languages: what the one dialect does, the other tells, in every step of an account's life.

use axum::http::Method;
use serde_json::{Value, json};

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A partner with 100 of balance, and what it asks in either dialect.
struct Partner {
    house: House,
    account: Opening,
}

/// A subaccount by its names and credentials in both.
struct Customer {
    auth_id: String,
    auth_token: String,
    key: String,
}

impl Customer {
    fn by_plivo(&self) -> Auth<'_> {
        Auth::Basic(&self.auth_id, &self.auth_token)
    }

    /// Its other name, and the only credential that it knows of.
    fn by_vonage(&self) -> Auth<'_> {
        Auth::Basic(&self.key, &self.auth_token)
    }
}

impl Partner {
    async fn new() -> Self {
        let house = House::new();
        let account = house.primary("Partner", "20").await;
        house.pay(&account, "100").await;
        Self { house, account }
    }

    fn auth_id(&self) -> &str {
        self.account.opened.account.auth_id.as_str()
    }

    /// A request to the Plivo dialect below the partner's account.
    async fn plivo(&self, method: Method, rest: &str, body: Value) -> Answer {
        let path = format!("/v1/Account/{}/{rest}", self.auth_id());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.house
            .call(method, &path, Auth::Basic(self.auth_id(), &self.account.opened.auth_token), body)
            .await
    }

    async fn plivo_shows(&self, rest: &str) -> Value {
        let answer = self.plivo(Method::GET, rest, Value::Null).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    }

    /// A request to the Vonage dialect below the partner's account.
    async fn vonage(&self, method: Method, rest: &str, body: Value) -> Answer {
        let path = format!("/accounts/{}/{rest}", self.account.key);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.house.call(method, &path, self.account.auth(), body).await
    }

    async fn vonage_shows(&self, rest: &str) -> Value {
        let answer = self.vonage(Method::GET, rest, Value::Null).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    }

    /// A form to the rest host of the Vonage dialect.
    async fn rest(&self, path: &str, form: String) -> Answer {
        self.house.post(path, self.account.auth(), form).await
    }

    async fn balance(&self) -> String {
        let account = self.house.get(&format!("/api/v1/accounts/{}", self.account.key), BY_OPERATOR).await;
        account.json()["balance"].as_str().unwrap().to_owned()
    }

    /// What the operator's gate is told: the status, and the code of a refusal.
    async fn charge(&self, customer: &Customer, amount: &str) -> (u16, String) {
        let body = json!({ "account": customer.auth_id, "amount": amount }).to_string();
        let answer = self.house.post("/api/v1/charges", BY_OPERATOR, body).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// What the customer is told when it looks at itself: by Plivo, then by Vonage.
    async fn looks(&self, customer: &Customer) -> [(u16, String); 2] {
        let path = format!("/v1/Account/{}/", customer.auth_id);
        let plivo = self.house.get(&path, customer.by_plivo()).await;
        let vonage = self.house.get("/account/get-balance", customer.by_vonage()).await;
        let said = |answer: &Answer, name: &str| answer.json()[name].as_str().unwrap_or_default().to_owned();
        [(plivo.status, said(&plivo, "error")), (vonage.status, said(&vonage, "error-code-label"))]
    }
}

fn told(plivo: (u16, &str), vonage: (u16, &str)) -> [(u16, String); 2] {
    [plivo, vonage].map(|(status, text)| (status, text.to_owned()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn ok() -> (u16, String) {
    (201, String::new())
}

#[tokio::test]
async fn made_by_plivo_it_lives_by_vonage_and_ends_by_plivo() {
    let partner = Partner::new().await;
    let customer = made_by_plivo(&partner).await;
    shares_the_balance_once_it_is_enabled(&partner, &customer).await;
    has_its_own_balance_by_vonage(&partner, &customer).await;
    is_disabled_and_enabled_by_plivo(&partner, &customer).await;
    is_deleted_by_plivo(&partner, &customer).await;
}

/// As in Plivo's own service it is disabled until somebody enables it; Vonage calls that suspended.
async fn made_by_plivo(partner: &Partner) -> Customer {
    let made = partner.plivo(Method::POST, "Subaccount/", json!({ "name": "Customer" })).await;
    assert_eq!(made.status, 201, "{made}");
    let listed = partner.vonage_shows("subaccounts").await;
    let seen = &listed["_embedded"]["subaccounts"][0];
    assert_eq!([&seen["name"], &seen["suspended"]], [&json!("Customer"), &json!(true)]);
    assert_eq!(seen["use_primary_account_balance"], true);
    assert_eq!([&seen["balance"], &seen["credit_limit"]], [&Value::Null; 2]);
    assert_eq!(seen["primary_account_api_key"], partner.account.key);
    let customer = Customer {
        auth_id: text(&made.json()["auth_id"]),
        auth_token: text(&made.json()["auth_token"]),
        key: text(&seen["api_key"]),
    };
    assert_eq!(partner.charge(&customer, "1").await, (403, "suspended".to_owned()));
    assert_eq!(
        partner.looks(&customer).await,
        told((401, "subaccount is disabled"), (403, "account suspended"))
    );
    customer
}

async fn shares_the_balance_once_it_is_enabled(partner: &Partner, customer: &Customer) {
    let path = format!("Subaccount/{}/", customer.auth_id);
    let enabled = partner.plivo(Method::POST, &path, json!({ "enabled": true })).await;
    assert_eq!(enabled.status, 202, "{enabled}");
    let seen = partner.vonage_shows(&format!("subaccounts/{}", customer.key)).await;
    assert_eq!(seen["suspended"], false);
    assert_eq!(partner.looks(customer).await, told((200, ""), (200, "")));
    assert_eq!(partner.charge(customer, "2.50").await, ok());
    assert_eq!(partner.balance().await, "97.50");
    // One made enabled is so from the first moment.
    let other = json!({ "name": "Second", "enabled": true });
    let other = partner.plivo(Method::POST, "Subaccount/", other).await.json();
    let seen = partner.vonage_shows("subaccounts").await;
    assert_eq!(seen["_embedded"]["subaccounts"][1]["suspended"], false);
    let path = format!("Subaccount/{}/", text(&other["auth_id"]));
    assert_eq!(partner.plivo(Method::DELETE, &path, Value::Null).await.status, 204);
}

/// From here on it no longer charges the main account.
async fn has_its_own_balance_by_vonage(partner: &Partner, customer: &Customer) {
    let path = format!("subaccounts/{}", customer.key);
    let own = partner.vonage(Method::PATCH, &path, json!({ "use_primary_account_balance": false })).await;
    assert_eq!(own.status, 200, "{own}");
    assert_eq!(partner.charge(customer, "1").await, (402, "insufficient_funds".to_owned()));
    for (kind, amount) in [("credit-transfers", 5), ("balance-transfers", 10)] {
        let body = json!({ "from": partner.account.key, "to": customer.key, "amount": amount });
        let moved = partner.vonage(Method::POST, kind, body).await;
        assert_eq!(moved.status, 200, "{moved}");
    }
    assert_eq!(partner.charge(customer, "12.25").await, ok());
    assert_eq!(partner.charge(customer, "2.76").await, (402, "insufficient_funds".to_owned()));
    assert_eq!(partner.balance().await, "87.50", "the main account is not charged");
    let seen = partner.vonage_shows(&path).await;
    assert_eq!([seen["balance"].to_string(), seen["credit_limit"].to_string()], ["-2.2500", "-5.0000"]);
    let itself =
        partner.house.get(&format!("/v1/Account/{}/", customer.auth_id), customer.by_plivo()).await.json();
    assert_eq!([&itself["cash_credits"], &itself["billing_mode"]], [&json!("-2.25000"), &json!("postpaid")]);
    let balance = partner.house.get("/account/get-balance", customer.by_vonage()).await.json();
    assert_eq!(balance["value"].to_string(), "-2.25000000");
}

async fn is_disabled_and_enabled_by_plivo(partner: &Partner, customer: &Customer) {
    let path = format!("Subaccount/{}/", customer.auth_id);
    let disabled = json!({ "name": "Customer & Sons", "enabled": false });
    assert_eq!(partner.plivo(Method::POST, &path, disabled).await.status, 202);
    assert_eq!(partner.charge(customer, "1").await, (403, "suspended".to_owned()));
    assert_eq!(
        partner.looks(customer).await,
        told((401, "subaccount is disabled"), (403, "account suspended"))
    );
    let seen = partner.vonage_shows(&format!("subaccounts/{}", customer.key)).await;
    assert_eq!([&seen["name"], &seen["suspended"]], [&json!("Customer & Sons"), &json!(true)]);
    assert_eq!(partner.plivo(Method::POST, &path, json!({ "enabled": "true" })).await.status, 202);
    assert_eq!(partner.charge(customer, "0.25").await, ok());
    assert_eq!(partner.looks(customer).await, told((200, ""), (200, "")));
}

async fn is_deleted_by_plivo(partner: &Partner, customer: &Customer) {
    let path = format!("Subaccount/{}/", customer.auth_id);
    assert_eq!(partner.plivo(Method::DELETE, &path, json!({ "cascade": true })).await.status, 204);
    assert_eq!(partner.plivo(Method::GET, &path, Value::Null).await.status, 404);
    let one = format!("subaccounts/{}", customer.key);
    assert_eq!(partner.vonage(Method::GET, &one, Value::Null).await.status, 404);
    assert_eq!(partner.plivo_shows("Subaccount/").await["meta"]["total_count"].to_string(), "0");
    let listed = partner.vonage_shows("subaccounts").await;
    assert_eq!(listed["_embedded"]["subaccounts"], json!([]));
    assert_eq!(
        partner.looks(customer).await,
        told((401, "authentication failed"), (401, "authentication failed"))
    );
    assert_eq!(partner.charge(customer, "1").await, (403, "closed".to_owned()));
    // What it owed is the main account's now, and so is its credit.
    assert_eq!(partner.balance().await, "85.00");
    let primary = &listed["_embedded"]["primary_account"];
    assert_eq!(
        [primary["balance"].to_string(), primary["credit_limit"].to_string()],
        ["85.0000", "-20.0000"]
    );
}

#[tokio::test]
async fn made_by_vonage_it_lives_by_plivo_and_ends_there() {
    let partner = Partner::new().await;
    let customer = made_by_vonage(&partner).await;
    number_of_both(&partner, &customer).await;
    application_of_plivo_answers_a_number_of_vonage(&partner, &customer).await;
    is_suspended_by_vonage_and_deleted_by_plivo(&partner, &customer).await;
}

async fn made_by_vonage(partner: &Partner) -> Customer {
    let made = partner.vonage(Method::POST, "subaccounts", json!({ "name": "Customer" })).await;
    assert_eq!(made.status, 200, "{made}");
    let (key, secret) = (text(&made.json()["api_key"]), text(&made.json()["secret"]));
    let listed = partner.plivo_shows("Subaccount/").await;
    let seen = &listed["objects"][0];
    assert_eq!([&seen["name"], &seen["enabled"]], [&json!("Customer"), &json!(true)]);
    assert_eq!(seen["auth_token"], seen["new_auth_token"]);
    let customer = Customer { auth_id: text(&seen["auth_id"]), auth_token: text(&seen["auth_token"]), key };
    // Each of its names goes with each of its credentials.
    assert_eq!(partner.looks(&customer).await, told((200, ""), (200, "")));
    let path = format!("/v1/Account/{}/", customer.auth_id);
    for name in [&customer.auth_id, &customer.key] {
        assert_eq!(partner.house.get(&path, Auth::Basic(name, &secret)).await.status, 200, "{name}");
    }
    assert_eq!(partner.charge(&customer, "1").await, ok());
    assert_eq!(partner.balance().await, "99.00", "it shares the balance");
    customer
}

const COST: &str = "1.50";

/// Rented by Vonage, seen and moved by Plivo.
async fn number_of_both(partner: &Partner, customer: &Customer) {
    for msisdn in ["447700900001", "447700900002"] {
        let stocked = json!({ "country": "GB", "msisdn": msisdn, "cost": COST }).to_string();
        assert_eq!(partner.house.post("/api/v1/numbers", BY_OPERATOR, stocked).await.status, 201);
    }
    let bought = format!("country=GB&msisdn=447700900001&target_api_key={}", customer.key);
    let bought = partner.rest("/number/buy", bought).await;
    assert_eq!(bought.status, 200, "{bought}");
    assert_eq!(partner.balance().await, "97.50", "its cost, once");
    let searched = partner.plivo_shows("PhoneNumber/?country_iso=GB").await;
    assert_eq!(searched["meta"]["total_count"].to_string(), "1", "it is not offered any more");
    let seen = partner.plivo_shows("Number/447700900001/").await;
    assert_eq!(seen["sub_account"], customer.auth_id);
    // To itself, to its main account and on, all by Plivo; Vonage tells whose it is.
    for (to, of_partner) in [("", "1"), (&customer.auth_id, "0")] {
        let moved = partner.plivo(Method::POST, "Number/447700900001/", json!({ "subaccount": to })).await;
        assert_eq!(moved.status, 202, "{moved}");
        let listed = partner.house.get("/account/numbers", partner.account.auth()).await.json();
        assert_eq!(listed["count"].to_string(), of_partner);
        let listed = partner.house.get("/account/numbers", customer.by_vonage()).await.json();
        assert_ne!(listed["count"].to_string(), of_partner);
    }
    // And by Vonage, which Plivo tells.
    let moved = json!({
        "from": customer.key, "to": partner.account.key, "number": "447700900001", "country": "GB",
    });
    assert_eq!(partner.vonage(Method::POST, "transfer-number", moved).await.status, 200);
    assert_eq!(partner.plivo_shows("Number/447700900001/").await["sub_account"], Value::Null);
    let rented = partner.plivo(Method::POST, "PhoneNumber/447700900002/", Value::Null).await;
    assert_eq!(rented.status, 201, "{rented}");
    let listed = partner.house.get("/account/numbers", partner.account.auth()).await.json();
    assert_eq!(listed["count"].to_string(), "2");
}

async fn application_of_plivo_answers_a_number_of_vonage(partner: &Partner, customer: &Customer) {
    let body = json!({ "app_name": "answers", "subaccount": customer.auth_id });
    let made = partner.plivo(Method::POST, "Application/", body).await;
    let app_id = text(&made.json()["app_id"]);
    let link = format!("country=GB&msisdn=447700900001&app_id={app_id}&moHttpUrl=https://example.com/mo");
    let linked = partner.rest("/number/update", link).await;
    assert_eq!(linked.status, 200, "{linked}");
    let seen = partner.plivo_shows("Number/447700900001/").await;
    assert_eq!(seen["application"], format!("/v1/Account/{}/Application/{app_id}/", partner.auth_id()));
    let path = format!("/account/numbers?application_id={app_id}");
    let listed = partner.house.get(&path, partner.account.auth()).await.json();
    assert_eq!(listed["numbers"][0]["app_id"], app_id);
    // What Vonage keeps with a number stays where Plivo changes another thing of it.
    let change = json!({ "alias": "Front desk" });
    assert_eq!(partner.plivo(Method::POST, "Number/447700900001/", change).await.status, 202);
    let listed = partner.house.get(&path, partner.account.auth()).await.json();
    assert_eq!(listed["numbers"][0]["moHttpUrl"], "https://example.com/mo");
}

async fn is_suspended_by_vonage_and_deleted_by_plivo(partner: &Partner, customer: &Customer) {
    let path = format!("subaccounts/{}", customer.key);
    let suspended = partner.vonage(Method::PATCH, &path, json!({ "suspended": true })).await;
    assert_eq!(suspended.status, 200, "{suspended}");
    let one = format!("Subaccount/{}/", customer.auth_id);
    let seen = partner.plivo_shows(&one).await;
    assert_eq!(seen["enabled"], false);
    assert_ne!(seen["modified"], Value::Null);
    assert_eq!(
        partner.looks(customer).await,
        told((401, "subaccount is disabled"), (403, "account suspended"))
    );
    assert_eq!(partner.charge(customer, "1").await, (403, "suspended".to_owned()));

    let deleted = partner.plivo(Method::DELETE, &format!("{one}?cascade=true"), Value::Null).await;
    assert_eq!(deleted.status, 204, "{deleted}");
    assert_eq!(partner.vonage(Method::GET, &path, Value::Null).await.status, 404);
    // Its application is gone with it, and answers nothing.
    assert_eq!(partner.plivo_shows("Number/447700900001/").await["application"], Value::Null);
    let listed =
        partner.house.get("/account/numbers?has_application=true", partner.account.auth()).await.json();
    assert_eq!(listed["count"].to_string(), "0");
    // Given back by either dialect it is offered by the other.
    assert_eq!(partner.plivo(Method::DELETE, "Number/447700900001/", Value::Null).await.status, 204);
    let offered = partner.house.get("/number/search?country=GB", partner.account.auth()).await.json();
    assert_eq!(offered["numbers"][0]["msisdn"], "447700900001");
    let cancelled = partner.rest("/number/cancel", "country=GB&msisdn=447700900002".to_owned()).await;
    assert_eq!(cancelled.status, 200, "{cancelled}");
    let offered = partner.plivo_shows("PhoneNumber/?country_iso=GB").await;
    assert_eq!(offered["meta"]["total_count"].to_string(), "2");
    partner.house.app.store().close();
    tollgate::store::replay(&partner.house.url(), &|_| true).unwrap();
}
