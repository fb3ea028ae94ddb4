//! What a client might try: no header and no way to write a request line has an effect on price, identity or idempotence.

use super::upstream::Seen;
use super::{Call, Kind, Rig, units};
use crate::server::{cents, text};

/// All names that anybody along the way listens to. nginx cannot remove by a part of a name, so nothing else of ours is here.
const SPOOFED: [&str; 42] = [
    "X-Request-Id: spoofed",
    "X-Gate-Request-Id: spoofed",
    "X-Gate-Token: spoofed",
    "X-Gate-Client: 192.0.2.1",
    "X-Hold-Id: spoofed",
    "X-Hold-Amount: spoofed",
    "X-Sub-Account: spoofed",
    "X-Sub-Root: spoofed",
    "X-Sub-Operation: spoofed",
    "X-Sub-Status: 200",
    "X-Sub-Token: spoofed",
    "X-Credit-Remaining: spoofed",
    "x-sub-account: spoofed",
    "X_Sub_Account: spoofed",
    "X-Sub_Account: spoofed",
    "X_Sub-Account: spoofed",
    "X_Hold_Id: spoofed",
    "X-Hold_Id: spoofed",
    "X_Hold-Id: spoofed",
    "X_Credit_Remaining: spoofed",
    "X_Gate_Request_Id: spoofed",
    "X-Gate_Request_Id: spoofed",
    "X-Forwarded-Method: GET",
    "X-Forwarded-Uri: /v1/free",
    "X-Forwarded-Prefix: /v1/free",
    "X-Original-Method: GET",
    "X-Original-URI: /v1/free",
    "X-Original-URL: /v1/free",
    "X-Rewrite-URL: /v1/free",
    "X-HTTP-Method: GET",
    "X-HTTP-Method-Override: GET",
    "X-Method-Override: GET",
    "X-Forwarded-For: 192.0.2.1",
    "X-Real-IP: 192.0.2.1",
    "Forwarded: for=192.0.2.1",
    "X-Envoy-Original-Path: /v1/free",
    "X-Envoy-Retry-On: 5xx,gateway-error,reset",
    "X-Envoy-Max-Retries: 5",
    "X-Envoy-Internal: true",
    "X-Envoy-External-Address: 192.0.2.1",
    "Idempotency-Key: spoofed",
    // Whoever passes on a request takes away what is named here, and may do so after the check.
    "Connection: close, X-Sub-Account, X-Hold-Id, X-Gate-Request-Id, X-Gate-Client, X-Forwarded-Uri",
];

/// What would have an API serve something else than what was paid for.
const REMOVED: [&str; 10] = [
    "x-forwarded-method",
    "x-forwarded-uri",
    "x-forwarded-prefix",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

pub(super) async fn by_headers(kind: Kind) {
    let rig = Rig::new(kind, "5.00").await;
    let spoofed = |method: &str, target: &str| Call::new(method, target).by(&rig.customer).headers(&SPOOFED);

    // The same again is a call of its own, whatever id the client gives it.
    let mut names = Vec::new();
    for remaining in ["4.99", "4.98"] {
        let call = spoofed("POST", "/v1/messages?mode=nginx&cost=0&y=1").body("hello");
        assert_eq!(rig.send(&call).await.status, 200);
        let seen = rig.upstream.one();
        assert_eq!((&*seen.method, &*seen.target), ("POST", "/v1/messages?mode=nginx&cost=0&y=1"));
        told(&rig, &seen, ("message", remaining));
        assert_eq!((seen.one("x-hold-id"), seen.one("x-hold-amount")), ("", ""));
        names.push(seen.one("x-gate-request-id").to_owned());
    }
    names.reverse();
    let keys: Vec<_> = rig.calls().await.iter().map(|it| text(&it["key"])).collect();
    assert_eq!(keys, names);
    assert_ne!(names[0], names[1]);

    let reply = rig.send(&spoofed("POST", "/v1/answers")).await;
    assert_eq!(reply.status, 200);
    let seen = rig.upstream.one();
    told(&rig, &seen, ("answer", "4.48"));
    assert_eq!(seen.one("x-hold-amount"), "0.50");
    rig.api.get(&format!("/api/v1/holds/{}", seen.one("x-hold-id"))).await.expect(200);

    each_alone(&rig).await;

    // Names without a credential, and somebody else's names with one.
    let call = Call::new("POST", "/v1/messages").headers(&SPOOFED);
    assert_eq!(rig.send(&call).await.status, 401);
    let claims = format!("X-Sub-Account: {}", rig.primary.id);
    assert_eq!(rig.send(&spoofed("POST", "/v1/messages").header(&claims)).await.status, 200);
    told(&rig, &rig.upstream.one(), ("message", &shown(rig.available().await)));
    two_credentials(&rig).await;
    a_credential_to_be_removed(&rig).await;
    rig.finish();
}

/// One may hide another: Envoy trusts a neighbour that names nobody before it. And an API that fails was asked once all the same.
async fn each_alone(rig: &Rig) {
    rig.upstream.answer_with(503);
    for line in SPOOFED.iter().chain(&["X-Envoy-Retry-On: 5xx\r\nX-Envoy-Max-Retries: 3"]) {
        for _ in 0..2 {
            let before = rig.available().await;
            let call = Call::new("POST", "/v1/messages").by(&rig.customer).header(line);
            assert_eq!(rig.send(&call).await.status, 503, "{line}");
            let left = rig.available().await;
            assert_eq!(before - left, units("0.01"), "{line}");
            told(rig, &rig.upstream.one(), ("message", &shown(left)));
        }
    }
    rig.upstream.answer_with(200);
}

/// An amount of whole hundredths, as the gate prints it.
fn shown(amount: i64) -> String {
    cents(u64::try_from(amount / units("0.01")).unwrap())
}

/// What the check found is all that the API is told, under each of its names.
fn told(rig: &Rig, seen: &Seen, (operation, remaining): (&str, &str)) {
    assert_eq!(seen.one("x-sub-account"), rig.customer.id);
    assert_eq!(seen.one("x-sub-root"), rig.primary.id);
    assert_eq!(seen.one("x-sub-operation"), operation);
    assert_eq!(seen.one("x-credit-remaining"), remaining);
    for name in ["x-sub-status", "x-sub-token", "x-gate-token", "x-gate-client", "authorization"] {
        assert_eq!(seen.one(name), "", "{name} of {seen:?}");
    }
    for name in REMOVED {
        assert_eq!(seen.all(name), [""; 0], "{seen:?}");
    }
    let ours = |it: &str| ["x-sub", "x-hold", "x-credit", "x-gate"].iter().any(|ours| it.starts_with(ours));
    let folded = seen.headers.iter().map(|it| (it.0.to_ascii_lowercase().replace('_', "-"), &it.1));
    let passed: Vec<_> = folded.filter(|it| ours(&it.0) && it.1.contains("spoofed")).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

/// Who shows two credentials may be refused; if not, the account that the API is told of is the one that pays.
async fn two_credentials(rig: &Rig) {
    for (first, second) in [(&rig.customer, &rig.primary), (&rig.primary, &rig.customer)] {
        let before = rig.available().await;
        let reply = rig.send(&Call::new("POST", "/v1/messages").by(first).by(second)).await;
        let paid = before - rig.available().await;
        match (reply.status, rig.upstream.take().as_slice()) {
            (200, [seen]) => {
                let is_customer = seen.one("x-sub-account") == rig.customer.id;
                assert_eq!(paid, if is_customer { units("0.01") } else { 0 });
                assert_eq!(seen.one("authorization"), "");
            }
            (400..=402, []) => assert_eq!(paid, 0),
            (_, seen) => panic!("{reply:?}, {seen:?}"),
        }
    }
}

/// Who has the proxy take the credential away either has it taken away before the check, or is charged.
async fn a_credential_to_be_removed(rig: &Rig) {
    let before = rig.available().await;
    let call = Call::new("POST", "/v1/messages").by(&rig.customer);
    let reply = rig.send(&call.header("Connection: close, Authorization")).await;
    let paid = before - rig.available().await;
    match (reply.status, rig.upstream.take().len()) {
        (200, 1) => assert_eq!(paid, units("0.01")),
        (401, 0) => assert_eq!(paid, 0),
        other => panic!("{other:?}: {reply:?}"),
    }
}

/// Ways to write one path, or something like it.
const TARGETS: [&str; 55] = [
    "//v1/free",
    "/v1//free",
    "/v1/free/",
    "/v1/free//",
    "/v1/./free",
    "/v1/../v1/free",
    "/v1/%66ree",
    "/v1/f%72ee",
    "/v1%2Ffree",
    "/v1%2ffree",
    "/v1/messages/..%2ffree",
    "/v1/messages/%2e%2e/free",
    "/v1/free;x=1",
    "/v1/free%3Bx",
    "/v1\\free",
    "/v1/free%5C",
    "/v1/free%00",
    "/v1/free%0a",
    "/v1/free%",
    "/v1/free%7",
    "/v1/free#/v1/messages",
    "/v1/free%23",
    "/v1/messages#x",
    "/V1/free",
    "/v1/\u{e4}",
    "/v1/a|b",
    "/v1/a^b",
    "/v1/a\"b",
    "/v1/a b",
    "/v1/%C3%A4",
    "/v1/%c3%a4",
    "/v1/a:b",
    "/v1/a%3Ab",
    "/v1/a%20b",
    "/v1/*",
    "*",
    "http://other.example/v1/free",
    "http://other.example//v1/free",
    "http://other.example",
    "http://other.example?x",
    "/v1/free?",
    "/v1/messages?a?b#c",
    "v1/free",
    "?x",
    "/v1/messages?q=\u{e4}",
    "/v1/[a]",
    "/v1/{a}",
    "/v1/a%2Bb",
    "/v1/a%25b",
    "/v1/free/../messages?x=/v1/free",
    "/v1/messages/../free?x=/v1/messages",
    "/v1/a<b>",
    "/gate/forward",
    "/_gate",
    "/gate/denied",
];

/// Request lines that are odd in other places.
const LINES: [&str; 12] = [
    "get /v1/free HTTP/1.1",
    "Get /v1/messages HTTP/1.1",
    "FOO /v1/free HTTP/1.1",
    "G%45T /v1/free HTTP/1.1",
    "CONNECT v1:80 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "TRACE /v1/messages HTTP/1.1",
    "GET /v1/free",
    "GET  /v1/free HTTP/1.1",
    "GET /v1/free HTTP/1.0",
    "GET /v1/messages HTTP/1.0",
    "GET\t/v1/free HTTP/1.1",
];

pub(super) async fn by_request_lines(kind: Kind) {
    let rig = Rig::new(kind, "5.00").await;
    let lines = TARGETS.iter().map(|it| format!("GET {it} HTTP/1.1"));
    for line in lines.chain(LINES.map(str::to_owned)) {
        let before = rig.available().await;
        let reply = rig.send(&Call::line(&line).by(&rig.customer).header("X-Forwarded-Uri: /v1/free")).await;
        let paid = before - rig.available().await;
        match rig.upstream.take().as_slice() {
            [] => {
                assert_eq!(paid, 0, "{line:?} did not pass and cost something: {reply:?}");
                assert_ne!(reply.code(), "gate_misconfigured", "{line:?}");
            }
            [seen] => {
                let is_free = seen.one("x-sub-operation") == "free";
                assert!(
                    !is_free || (&*seen.method, read(&seen.target).as_str()) == ("GET", "/v1/free"),
                    "{line:?}: {seen:?}"
                );
                assert_eq!(paid, if is_free { 0 } else { units("0.01") }, "{line:?}: {seen:?}");
                assert_eq!(seen.one("x-sub-account"), rig.customer.id);
            }
            seen => panic!("{line:?} reached the API more than once: {seen:?}"),
        }
    }
    // What is plain passes as it was written.
    for target in ["/v1/a%3Ab", "/v1/a%20b", "/v1/%C3%A4/", "/v1/messages?a=%2f..%2F&b=//c/../d;e"] {
        assert_eq!(rig.send(&Call::new("GET", target).by(&rig.customer)).await.status, 200, "{target}");
        assert_eq!(rig.upstream.one().target, target);
    }
    // A path that could be read in two ways never passes.
    for target in ["//v1/messages", "/v1/%6dessages", "/v1/free/../messages", "/v1%2Fmessages"] {
        let reply = rig.send(&Call::new("GET", target).by(&rig.customer)).await;
        assert_eq!((reply.status, &*reply.code()), (400, "path_not_normal"), "{target}");
    }
    assert_eq!(rig.upstream.take().len(), 0);
    rig.finish();
}

/// How the most generous of servers would read a path: all escapes undone, parts resolved, what follows a semicolon cut off.
fn read(target: &str) -> String {
    let mut path = target.split(['?', '#']).next().unwrap_or_default().as_bytes();
    let mut bytes = Vec::new();
    while let [byte, rest @ ..] = path {
        let escape = rest.get(..2).filter(|_| *byte == b'%').and_then(|it| std::str::from_utf8(it).ok());
        match escape.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                path = &rest[2..];
            }
            None => {
                bytes.push(*byte);
                path = rest;
            }
        }
    }
    let path = String::from_utf8_lossy(&bytes).replace('\\', "/").to_ascii_lowercase();
    let mut parts = Vec::new();
    for part in path.split('/').map(|it| it.split(';').next().unwrap_or_default()) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
