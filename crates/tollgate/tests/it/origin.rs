//! From where each line of the journal was asked.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use ledger::BalanceMode;
use serde_json::json;
use tollgate::http::Peer;

use crate::house::{Auth, BY_OPERATOR, House};

/// A request from an address.
fn from(request: Builder, address: &str, body: String) -> Request<Body> {
    let mut request = request.body(Body::from(body)).unwrap();
    request.extensions_mut().insert(Peer(address.parse().unwrap()));
    request
}

fn post(path: &str, auth: Auth<'_>) -> Builder {
    auth.on(Request::post(path))
}

/// The addresses of the lines but for the first so many, with the number of each one's kind.
fn addresses(house: &House, but_for: usize) -> Vec<(i64, String)> {
    let lines = house.sql().rows("SELECT kind, address FROM journal ORDER BY seq");
    lines.iter().skip(but_for).map(|it| (it[0].parse().unwrap(), shown(&it[1]))).collect()
}

fn shown(address: &str) -> String {
    match address.len() {
        8 => IpAddr::from(u32::from_str_radix(address, 16).unwrap().to_be_bytes()).to_string(),
        32 => IpAddr::from(u128::from_str_radix(address, 16).unwrap().to_be_bytes()).to_string(),
        _ => {
            assert_eq!(address, "NULL");
            "-".to_owned()
        }
    }
}

#[tokio::test]
async fn every_dialect_says_from_where_it_was_asked() {
    let house = House::new();
    let partner = house.primary("Partner", "100").await;
    let own = house.subaccount(&partner, "Own", BalanceMode::Own).await;
    let charge = json!({ "account": own.key, "amount": "1" }).to_string();
    let payment = json!({ "amount": "5" }).to_string();
    let transfer = json!({ "from": partner.key, "to": own.key, "amount": 2 }).to_string();
    let enabled = json!({ "enabled": false }).to_string();
    let (ma, sa) = (partner.opened.account.auth_id.as_str(), own.opened.account.auth_id.as_str());
    let requests = [
        (post(&format!("/api/v1/accounts/{}/payments", partner.key), BY_OPERATOR), "192.0.2.1", payment),
        (
            post(&format!("/accounts/{}/balance-transfers", partner.key), partner.auth()),
            "2001:db8::2",
            transfer,
        ),
        // The same machine through a socket for both families of addresses.
        (post("/api/v1/charges", BY_OPERATOR), "::ffff:192.0.2.3", charge),
        (
            post(&format!("/v1/Account/{ma}/Subaccount/{sa}/"), Auth::Basic(ma, &partner.secret)),
            "192.0.2.4",
            enabled,
        ),
    ];
    for (request, address, body) in requests {
        // Whoever asks natively is where the connection comes from, whatever it says.
        let request = request.header("x-gate-client", "203.0.113.9").header("x-forwarded-for", "203.0.113.9");
        let answer = house.send(from(request, address, body)).await;
        assert!((200..300).contains(&answer.status), "{answer}");
    }
    let lines = addresses(&house, 2);
    let lines: Vec<_> = lines.iter().map(|(kind, address)| (*kind, address.as_str())).collect();
    assert_eq!(lines, [(3, "192.0.2.1"), (4, "2001:db8::2"), (6, "192.0.2.3"), (2, "192.0.2.4")]);
    let opened = addresses(&house, 0);
    assert_eq!(opened[0], (1, "-".to_owned()), "what no request brought about comes from nowhere");
}

/// What the proxy says of the caller counts, where it says it once; without it, the proxy is all that is known.
#[tokio::test]
async fn a_checked_call_comes_from_where_the_proxy_says() {
    let house = House::new();
    let partner = house.primary("Partner", "100").await;
    let gate = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await.json();
    let plan = r#"{"currency":"EUR","default":true,"rules":[
        {"path":"/**","operation":"any","mode":"charge","unit_price":"1"}]}"#;
    let put = house.call(axum::http::Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, plan).await;
    assert_eq!(put.status, 200, "{put}");
    let check =
        || post("/gate/envoy/x", partner.auth()).header("x-gate-token", gate["token"].as_str().unwrap());
    let twice = check().header("x-gate-client", "198.51.100.1").header("x-gate-client", "198.51.100.2");
    let requests = [
        check(),
        check().header("x-gate-client", "198.51.100.1"),
        check().header("x-gate-client", "2001:db8::1"),
        check().header("x-gate-client", "somewhere"),
        twice,
    ];
    for request in requests {
        let answer = house.send(from(request, "10.0.0.1", String::new())).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    let lines: Vec<_> = addresses(&house, 3).into_iter().map(|it| it.1).collect();
    assert_eq!(lines, ["10.0.0.1", "198.51.100.1", "2001:db8::1", "10.0.0.1", "10.0.0.1"]);
}

/// The sweeper's lines are nobody's request.
#[tokio::test]
async fn what_ends_by_itself_comes_from_nowhere() {
    let house = House::new();
    let partner = house.primary("Partner", "100").await;
    let hold = json!({ "account": partner.key, "amount": "1", "expires_in": 1 }).to_string();
    let answer = house.send(from(post("/api/v1/holds", BY_OPERATOR), "192.0.2.1", hold)).await;
    assert_eq!(answer.status, 201, "{answer}");
    house.clock.advance(2_000);
    house.app.expire_due_holds().await.unwrap();
    assert_eq!(addresses(&house, 1), [(8, "192.0.2.1".to_owned()), (12, "-".to_owned())]);
}
