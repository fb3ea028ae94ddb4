//! The gate on the wire: whole answers, in process.

mod denials;
mod doors;
mod grpc;
mod identity;
mod listener;
mod proof;
mod request_ids;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderName, HeaderValue, Method, Request};
pub(crate) use grpc::by_grpc;
use ledger::BalanceMode;
use tollgate::app::Settings;

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// Of each mode one rule, and for `POST /v1/other` none.
const PLAN: &str = r#"{"currency":"EUR","default":true,"rules":[
    {"path":"/v1/admin/**","operation":"admin","mode":"deny"},
    {"method":"POST","path":"/v1/messages","operation":"sms.send","mode":"charge","unit_price":"0.05","units":2},
    {"method":"POST","path":"/v1/calls","operation":"call","mode":"hold","reserve":"5","expires_in":60},
    {"method":"GET","path":"/**","operation":"read","mode":"free"}]}"#;

/// Where a proxy says what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Nginx,
    Forward,
    Envoy,
    /// Envoy's gRPC: [`grpc::send`] makes a check of what is a request at the other doors.
    Grpc,
}

/// Those of HTTP.
const HTTP_DOORS: [Door; 3] = [Door::Nginx, Door::Forward, Door::Envoy];
const DOORS: [Door; 4] = [Door::Nginx, Door::Forward, Door::Envoy, Door::Grpc];

impl Door {
    /// A check as a proxy of this kind asks for it, without its proof.
    fn asks(self, method: &str, uri: &str) -> Builder {
        let [in_method, in_uri] = self.headers();
        match self {
            Self::Nginx => Request::get("/gate/nginx").header(in_method, method).header(in_uri, uri),
            Self::Forward => Request::get("/gate/forward").header(in_method, method).header(in_uri, uri),
            Self::Envoy => Request::builder().method(method).uri(format!("/gate/envoy{uri}")),
            Self::Grpc => Request::builder().method(method).uri(format!("{}{uri}", grpc::MARK)),
        }
    }

    /// Those that it reads method and path from; Envoy's doors read none, and these are of no use there.
    const fn headers(self) -> [&'static str; 2] {
        match self {
            Self::Nginx => ["x-original-method", "x-original-uri"],
            Self::Forward | Self::Envoy | Self::Grpc => ["x-forwarded-method", "x-forwarded-uri"],
        }
    }
}

/// A gate in front of a family: a partner with 100 of credit limit, a customer with 1 of its own and one that shares.
struct Toll {
    house: House,
    token: String,
    partner: Opening,
    own: Opening,
    shared: Opening,
}

impl Toll {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let house = House::with(settings);
        let partner = house.primary("Partner", "100").await;
        let own = house.subaccount(&partner, "Own", BalanceMode::Own).await;
        let shared = house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
        house.pay(&own, "1").await;
        for account in [&partner, &own, &shared] {
            let account = &account.opened.account;
            house.call_it(&format!("id of {}", account.name), &account.id.to_string());
        }
        let made = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await;
        let token = made.json()["token"].as_str().unwrap().to_owned();
        let put = house.call(Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, PLAN).await;
        assert_eq!(put.status, 200, "{put}");
        Self { house, token, partner, own, shared }
    }

    async fn send(&self, request: Builder) -> Answer {
        let request = request.body(Body::empty()).unwrap();
        match request.uri().path().starts_with(grpc::MARK) {
            true => grpc::send(self, &request).await,
            false => self.house.send(request).await,
        }
    }

    /// A check that proves itself and shows what the caller showed.
    fn check(&self, door: Door, method: &str, uri: &str, auth: Auth<'_>) -> Builder {
        auth.on(door.asks(method, uri).header("x-gate-token", &self.token))
    }

    async fn ask(&self, door: Door, method: &str, uri: &str, auth: Auth<'_>) -> Answer {
        self.send(self.check(door, method, uri, auth)).await
    }

    /// What whoever calls gets to see of a denied check: nginx asks for that.
    async fn told(&self, door: Door, answer: Answer) -> Answer {
        if door != Door::Nginx || answer.status == 200 {
            return answer;
        }
        assert!(answer.body.is_empty(), "nginx throws it away: {answer}");
        let told = self.house.send(denied(&answer)).await;
        let expected = if told.status == 401 { 401 } else { 403 };
        assert_eq!(answer.status, expected, "nginx knows no other: {answer}");
        assert_eq!(answer.header("x-sub-status"), Some(told.status.to_string().as_str()));
        told
    }

    /// Status, and what passed or why it did not; the same for each door.
    async fn outcome(&self, door: Door, request: Builder) -> String {
        let answer = self.send(request).await;
        outcome(&self.told(door, answer).await)
    }

    async fn balance(&self, account: &Opening) -> String {
        let path = format!("/api/v1/accounts/{}", account.id);
        self.house.get(&path, BY_OPERATOR).await.json()["balance"].to_string()
    }

    async fn change(&self, account: &Opening, body: &str) {
        let path = format!("/api/v1/accounts/{}", account.id);
        let answer = self.house.patch(&path, BY_OPERATOR, body.to_owned()).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
}

/// What nginx asks with what a denied check answered.
fn denied(answer: &Answer) -> Request<Body> {
    let token = answer.header("x-sub-token").expect("a denied check has a token");
    Request::get("/gate/denied").header("x-sub-token", token).body(Body::empty()).unwrap()
}

fn outcome(answer: &Answer) -> String {
    if answer.status == 200 {
        assert!(answer.body.is_empty(), "{answer}");
        let [operation, held] =
            ["x-sub-operation", "x-hold-amount"].map(|it| answer.header(it).expect("always there"));
        return format!("200 {operation} {held}").trim_end().to_owned();
    }
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    let body = answer.json();
    assert_eq!(body["status"].to_string(), answer.status.to_string(), "{answer}");
    format!("{} {}", answer.status, body["code"].as_str().unwrap())
}

/// A request with a header set to this alone; `None` is none.
fn set<T: AsRef<[u8]> + ?Sized>(request: Builder, name: &str, value: Option<&T>) -> Builder {
    let mut request = request;
    let name: HeaderName = name.parse().unwrap();
    let headers = request.headers_mut().unwrap();
    headers.remove(&name);
    if let Some(value) = value {
        headers.insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    }
    request
}
