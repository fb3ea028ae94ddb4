//! What a client gets to see, and what the API does.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{Call, Kind, Reply, Rig, WRONG, units};
use crate::server::{Account, text};

/// Calls that pass and calls that do not, each with its status, its headers and its whole body.
pub(super) async fn are_the_gates(kind: Kind) {
    let rig = Rig::new(kind, "2.00").await;
    a_call_passes(&rig).await;
    a_hold_passes(&rig).await;
    let by = |method: &str, target: &str| Call::new(method, target).by(&rig.customer);

    let call = Call::new("POST", "/v1/messages");
    denied(&rig, &call, "POST", "/v1/messages", (401, "unauthenticated")).await;
    let call = call.with_secret(&rig.customer, WRONG);
    let reply = denied(&rig, &call, "POST", "/v1/messages", (401, "unauthenticated")).await;
    assert_eq!(reply.all("www-authenticate"), ["Basic realm=\"tollgate\""]);

    let reply = denied(&rig, &by("POST", "/v1/dear"), "POST", "/v1/dear", (402, "insufficient_funds")).await;
    assert_eq!(reply.json()["needed"], json!("100.00"));
    assert_eq!(reply.json()["available"], json!("1.49"));

    denied(&rig, &by("GET", "/v1/closed/now"), "GET", "/v1/closed/now", (403, "denied")).await;
    denied(&rig, &by("GET", "/v2/messages"), "GET", "/v2/messages", (403, "no_price")).await;
    denied(&rig, &by("GET", "//v1/free"), "GET", "//v1/free", (400, "path_not_normal")).await;
    denied(&rig, &by("GET", "/v1/%66ree"), "GET", "/v1/%66ree", (400, "path_not_normal")).await;
    // Its answer has no body, whatever the status.
    let reply = rig.send(&by("HEAD", "/v2/messages")).await;
    assert_eq!((reply.status, reply.body.len()), (403, 0));
    // A question that a rule for GET does not answer: paid like any other.
    assert_eq!(rig.send(&by("HEAD", "/v1/free")).await.status, 200);
    assert_eq!(rig.upstream.one().one("x-sub-operation"), "message");

    for account in [&rig.customer, &rig.primary] {
        suspended(&rig, account).await;
    }
    rig.finish();
}

/// One that has a fixed price: the API is sent all of it and what the check found, and is sent no credential.
async fn a_call_passes(rig: &Rig) {
    let body = "words and ".repeat(20_000);
    let call = Call::new("POST", "/v1/messages?to=%2B49&x=//y/../z").by(&rig.customer).body(&*body);
    let reply = rig.send(&call.header("X-Of-The-Client: passes")).await;
    assert_eq!((reply.status, &*reply.body), (200, &b"ok\n"[..]));
    let seen = rig.upstream.one();
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/v1/messages?to=%2B49&x=//y/../z"));
    assert!(seen.body == body.as_bytes(), "the body is another: {} bytes", seen.body.len());
    for (name, value) in [
        ("host", "api.example"),
        ("x-of-the-client", "passes"),
        ("x-sub-account", &rig.customer.id),
        ("x-sub-root", &rig.primary.id),
        ("x-sub-operation", "message"),
        ("x-hold-id", ""),
        ("x-hold-amount", ""),
        ("x-credit-remaining", "1.99"),
        ("authorization", ""),
        ("x-gate-token", ""),
        ("x-gate-client", ""),
    ] {
        assert_eq!(seen.one(name), value, "{name} of {seen:?}");
    }
    // The proxy's name of the call leads from the API's log to the posting.
    let postings = rig.calls().await;
    assert_eq!(postings.len(), 1);
    assert_eq!(postings[0]["key"], json!(seen.one("x-gate-request-id")));
    assert_eq!(postings[0]["balance_change"], json!("-0.01"));
}

/// One whose price comes later: the API is told of the hold, and its credential may be a token, too.
async fn a_hold_passes(rig: &Rig) {
    let secret = &rig.customer.secret;
    let call = Call::new("POST", "/v1/answers").header(&format!("Authorization: Bearer {secret}"));
    assert_eq!(rig.send(&call).await.status, 200);
    let seen = rig.upstream.one();
    assert_eq!(seen.one("x-hold-amount"), "0.50");
    assert_eq!(seen.one("x-credit-remaining"), "1.49");
    let hold = rig.api.get(&format!("/api/v1/holds/{}", seen.one("x-hold-id"))).await.expect(200);
    assert_eq!(hold["status"], json!("open"));
    assert_eq!(hold["account"], json!(rig.customer.id));
}

/// While it is suspended its calls are denied, and afterwards they pass.
async fn suspended(rig: &Rig, account: &Account) {
    let call = Call::new("POST", "/v1/messages").by(&rig.customer);
    change(rig, account, "suspended").await;
    denied(rig, &call, "POST", "/v1/messages", (403, "suspended")).await;
    change(rig, account, "active").await;
    assert_eq!(rig.send(&call).await.status, 200);
    assert_eq!(rig.upstream.take().len(), 1);
}

async fn change(rig: &Rig, account: &Account, status: &str) {
    let path = format!("/api/v1/accounts/{}", account.id);
    let body = json!({ "status": status }).to_string();
    let answer = rig.api.request("PATCH", &path).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

/// Demands that the call is denied like this, in the gate's own words, that the API hears nothing of it, and that it costs
/// nothing.
async fn denied(rig: &Rig, call: &Call, method: &str, uri: &str, (status, code): (u16, &str)) -> Reply {
    let before = rig.available().await;
    let reply = rig.send(call).await;
    assert_eq!((reply.status, &*reply.code()), (status, code), "{method} {uri}: {reply:?}");
    assert_eq!(reply.all("content-type"), ["application/problem+json"], "{method} {uri}");
    let name = text(&reply.json()["request_id"]);
    assert!(uuid::Uuid::parse_str(&name).is_ok(), "{name}");
    let own = rig.asked(call, method, uri).await;
    assert_eq!(own.status, status);
    assert_eq!(unnamed(&reply), unnamed(&own), "{method} {uri}");
    assert_eq!(reply.all("www-authenticate"), own.all("www-authenticate"), "{method} {uri}");
    assert_eq!(rig.upstream.take().len(), 0, "{method} {uri} was denied and passed");
    assert_eq!(rig.available().await, before, "{method} {uri} was denied and cost something");
    reply
}

fn unnamed(reply: &Reply) -> Value {
    let mut body = reply.json();
    body["request_id"] = json!("another each time");
    body
}

/// Who fails too often is told to wait, and cannot pass for somebody else; others are not made to wait.
pub(super) async fn failures_are_counted(kind: Kind) {
    let rig = Rig::new(kind, "1.00").await;
    let wrong = Call::new("POST", "/v1/messages").with_secret(&rig.customer, WRONG);
    for failure in 0..60_u8 {
        // Each from an address of its own, if the client could say so.
        let call = wrong.clone().header(&format!("X-Gate-Client: 192.0.2.{failure}"));
        let call = call.header(&format!("X-Forwarded-For: 192.0.2.{failure}"));
        assert_eq!(rig.send(&call).await.status, 401);
    }
    let reply = rig.send(&wrong.clone().header("X-Gate-Client: 192.0.2.99")).await;
    assert_eq!((reply.status, &*reply.code()), (429, "busy"), "{reply:?}");
    assert_eq!(reply.all("content-type"), ["application/problem+json"]);
    let wait_s: Vec<u32> = reply.all("retry-after").iter().map(|it| it.parse().unwrap()).collect();
    assert!(matches!(*wait_s, [1..=60]), "{wait_s:?}");

    let elsewhere = Ipv4Addr::new(127, 0, 0, 2);
    assert_eq!(rig.send(&wrong.from(elsewhere)).await.status, 401, "another client has to wait, too");
    let right = Call::new("POST", "/v1/messages").by(&rig.customer);
    assert_eq!(rig.send(&right.from(elsewhere)).await.status, 200);
    assert_eq!(rig.upstream.take().len(), 1);
    assert_eq!(rig.available().await, units("0.99"));
    rig.finish();
}
