//! The Plivo dialect on the wire: whole answers, and under `sdks` what each SDK sends and needs (docs/plivo.md).

mod account;
mod applications;
mod bodies;
mod callers;
mod default_apps;
mod deleting;
mod endpoints;
mod numbers;
mod numbers_moved;
mod once;
mod paging;
mod rate;
mod routing;
mod sdks;
mod stock;
mod subaccounts;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::BalanceMode;
use serde_json::{Value, json};
use tollgate::app::Settings;

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A main account that may owe 100, and a subaccount that is enabled and shares its balance.
pub(crate) struct Family {
    house: House,
    main: Opening,
    sub: Opening,
}

/// How everything that is deleted is answered.
const GONE: &str = "204\ncontent-type: application/json\n";

/// What an SDK puts in front of a body.
const JSON: &str = "application/json";

impl Family {
    async fn new() -> Self {
        Self::with(Settings { plivo_sip_domain: "plivo.com".into(), ..Settings::default() }).await
    }

    async fn with(settings: Settings) -> Self {
        let house = House::with(settings);
        let main = house.primary("Main", "100").await;
        let sub = house.subaccount(&main, "Sub", BalanceMode::Shared).await;
        let family = Self { house, main, sub };
        family.call_it("MA", &family.main);
        family.call_it("SA", &family.sub);
        family
    }

    /// A second subaccount, the SA of which goes by that name.
    async fn sibling(&self) -> Opening {
        let sibling = self.house.subaccount(&self.main, "Sibling", BalanceMode::Shared).await;
        self.call_it("SA of the sibling", &sibling);
        sibling
    }

    /// Somebody else's main account.
    async fn stranger(&self) -> Opening {
        let stranger = self.house.primary("Stranger", "100").await;
        self.call_it("MA of the stranger", &stranger);
        stranger
    }

    fn call_it(&self, name: &str, account: &Opening) {
        self.house.call_it(name, auth_id(account));
        self.house.call_it(&format!("token of {name}"), &account.opened.auth_token);
    }

    /// What the main account asks: a method and the path behind its own, such as `POST Subaccount/`.
    async fn ask(&self, line: &str, body: &str) -> Answer {
        self.ask_as(&self.main, line, body).await
    }

    async fn ask_as(&self, account: &Opening, line: &str, body: &str) -> Answer {
        self.send(account, line, &[("content-type", JSON)], body).await
    }

    /// A request byte for byte. In line and body, `{SA}` is the subaccount's auth id.
    async fn send(&self, account: &Opening, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, rest) = line.split_once(' ').unwrap();
        let [rest, body] = [rest, body].map(|it| it.replace("{SA}", auth_id(&self.sub)));
        let Auth::Basic(name, secret) = by_token(account) else { unreachable!() };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/v1/Account/{name}/{rest}"))
            .header("authorization", basic(name, secret));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        checked(self.house.send(request.body(Body::from(body)).unwrap()).await)
    }

    fn shown(&self, answer: &Answer) -> String {
        self.house.shown(answer)
    }

    /// An application of that account; its id, which snapshots call by its name.
    async fn application(&self, account: &Opening, name: &str) -> String {
        let body = format!(r#"{{"app_name":"{name}","answer_url":"https://example.com/{name}"}}"#);
        let made = self.ask_as(account, "POST Application/", &body).await;
        let id = member(&made, "/app_id");
        self.house.call_it(name, &id);
        id
    }

    /// An endpoint of that account; its id, which snapshots call by its alias.
    async fn endpoint(&self, account: &Opening, alias: &str, more: &str) -> String {
        let body = format!(r#"{{"username":"callme","password":"testpassword","alias":"{alias}"{more}}}"#);
        let made = self.ask_as(account, "POST Endpoint/", &body).await;
        let id = member(&made, "/endpoint_id");
        self.house.call_it(alias, &id);
        self.house.call_it(&format!("username of {alias}"), &member(&made, "/username"));
        id
    }

    /// A number of the operator's stock.
    async fn stocked(&self, msisdn: &str, cost: &str) {
        let body =
            json!({ "country": "US", "msisdn": msisdn, "type": "local", "cost": cost, "features": ["SMS"] });
        self.by_operator("/api/v1/numbers", body).await;
    }

    async fn by_operator(&self, path: &str, body: Value) -> Answer {
        let answer = self.house.post(path, BY_OPERATOR, body.to_string()).await;
        assert!(answer.status < 300, "{answer}");
        answer
    }

    /// A number that the account has at no cost.
    async fn number(&self, account: &Opening, msisdn: &str) {
        self.house.give_number(account, "US", msisdn).await;
    }

    /// One member of what the main account sees at a path.
    async fn seen(&self, path: &str, pointer: &str) -> String {
        member(&self.ask(&format!("GET {path}"), "").await, pointer)
    }

    /// What is told of each entry of a list.
    async fn listed(&self, account: &Opening, path: &str, key: &str) -> Vec<String> {
        let answer = self.ask_as(account, &format!("GET {path}"), "").await;
        entries(&answer, key)
    }
}

/// What many answers have in common, which must be all of it.
fn alike(shown: Vec<String>) -> String {
    let [first, others @ ..] = &shown[..] else { panic!("nothing was shown") };
    others.iter().for_each(|it| assert_eq!(it, first));
    first.clone()
}

/// An error that tells what is wrong, with the status and the path that it is answered at.
async fn refused(family: &Family, line: &str, body: &str) -> (u16, String) {
    let answer = family.ask(line, body).await;
    (answer.status, member(&answer, "/error"))
}

fn bad(error: &str) -> (u16, String) {
    (400, error.to_owned())
}

fn not_found() -> (u16, String) {
    (404, "not found".to_owned())
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

/// What an account's SDK shows: its auth id and its auth token.
fn by_token(account: &Opening) -> Auth<'_> {
    Auth::Basic(auth_id(account), &account.opened.auth_token)
}

fn auth_id(account: &Opening) -> &str {
    account.opened.account.auth_id.as_str()
}

/// What is so of every answer of this dialect, whatever it is.
fn checked(answer: Answer) -> Answer {
    assert_eq!(answer.header("content-type"), Some(JSON), "{answer}");
    let request_id = answer.header("x-request-id").unwrap();
    let length = answer.header("content-length").unwrap_or("0");
    if answer.status == 204 {
        assert_eq!((answer.text(), length), ("", "0"), "{answer}");
        return answer;
    }
    // A HEAD has no body.
    let body: Value = if answer.body.is_empty() { return answer } else { answer.json() };
    let body = body.as_object().unwrap_or_else(|| panic!("{answer}"));
    assert!(body.contains_key("api_id"), "{answer}");
    assert_eq!(body["api_id"], request_id, "{answer}");
    assert!(uuid::Uuid::parse_str(request_id).is_ok() && request_id.to_lowercase() == request_id);
    if answer.status < 300 {
        assert!(!body.contains_key("error"), "{answer}");
    } else {
        assert!(body["error"].is_string() && !body.contains_key("meta"), "{answer}");
    }
    answer
}

/// The member of an answer that a JSON pointer names, without its quotes.
fn member(answer: &Answer, path: &str) -> String {
    let json = answer.json();
    match json.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => panic!("no {path} in {}", answer.text()),
    }
}

/// What is told of each entry of a list.
fn entries(answer: &Answer, key: &str) -> Vec<String> {
    let list = answer.json();
    let objects = list["objects"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    objects.map(|it| it[key].as_str().map_or_else(|| it[key].to_string(), str::to_owned)).collect()
}
