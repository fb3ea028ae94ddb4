//! The native API on the wire: whole answers, in process.

mod accounts;
mod audit;
mod batches;
mod charges;
mod close;
mod credentials;
mod events;
mod health;
mod holds;
mod keys;
mod money;
mod numbers;
mod postings;
mod prices;
mod problems;
mod refusals;
mod tokens;
mod webhooks;

use axum::body::Body;
use axum::http::{Method, Request};
use ledger::BalanceMode;
use serde_json::Value;

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A partner with an end customer that has its own balance and one that shares the partner's, and a stranger.
struct Family {
    house: House,
    primary: Opening,
    own: Opening,
    shared: Opening,
    stranger: Opening,
}

impl Family {
    /// The partner has a credit limit of 100 and 50 of balance; its customer has neither.
    async fn new() -> Self {
        let house = House::new();
        // Lists are in the order of the ids, which only those of different milliseconds have.
        let primary = house.primary("Partner", "100").await;
        house.clock.advance(1);
        let own = house.subaccount(&primary, "Own", BalanceMode::Own).await;
        house.clock.advance(1);
        let shared = house.subaccount(&primary, "Shared", BalanceMode::Shared).await;
        house.clock.advance(1);
        let stranger = house.primary("Stranger", "0").await;
        house.pay(&primary, "50").await;
        for account in [&primary, &own, &shared, &stranger] {
            let account = &account.opened.account;
            house.call_it(&format!("id of {}", account.name), &account.id.to_string());
            house.call_it(&format!("auth id of {}", account.name), account.auth_id.as_str());
        }
        Self { house, primary, own, shared, stranger }
    }

    /// The path of an account, by its id.
    fn path(&self, account: &Opening, rest: &str) -> String {
        format!("/api/v1/accounts/{}{rest}", account.id)
    }

    async fn account(&self, account: &Opening) -> Value {
        self.house.get(&self.path(account, ""), BY_OPERATOR).await.json()
    }

    async fn charge(&self, body: impl Into<Body>) -> Answer {
        self.house.post("/api/v1/charges", BY_OPERATOR, body).await
    }
}

/// A gate's token.
async fn gate(house: &House, may_force: bool) -> String {
    let body = format!(r#"{{"scope":"gate","may_force":{may_force}}}"#);
    let made = house.post("/api/v1/tokens", BY_OPERATOR, body).await;
    text(&made.json()["token"])
}

/// The operator's request under a key.
async fn keyed(house: &House, method: Method, path: &str, key: &str, body: &str) -> Answer {
    let Auth::Bearer(token) = BY_OPERATOR else { panic!("the operator has a token") };
    let request = Request::builder().method(method).uri(path).header("idempotency-key", key);
    let request = request.header("authorization", format!("Bearer {token}"));
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// From now on snapshots call what an answer has under these members by the members' names.
fn call_by_member(house: &House, answer: &Answer, members: &[&str]) {
    for member in members {
        house.call_it(member, &text(&answer.json()[member]));
    }
}

/// Status and code, and the fields at fault.
fn problem(answer: &Answer) -> String {
    let body = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    assert_eq!(body["status"].to_string(), answer.status.to_string(), "{answer}");
    assert_eq!(
        body["instance"],
        format!("urn:uuid:{}", answer.header("x-request-id").unwrap()),
        "an instance is the request's name"
    );
    let errors = body["errors"].as_array().into_iter().flatten();
    let fields: Vec<_> = errors.map(|it| format!("{} {}", text(&it["field"]), text(&it["detail"]))).collect();
    let code = format!("{} {}", answer.status, text(&body["code"]));
    if fields.is_empty() { code } else { format!("{code}: {}", fields.join("; ")) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
