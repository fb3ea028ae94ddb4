//! The listener that serves nothing but the gate, to whom it is enough to be reached.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tollgate::api;
use tollgate::http::Peer;
use tower::ServiceExt;

use super::{Door, HTTP_DOORS, Toll, outcome};
use crate::house::{Answer, Auth, BY_OPERATOR};
use crate::server::{Options, Server, Store, run, send};

/// Sends a request to that listener, in process.
async fn reach(toll: &Toll, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(Peer([127, 0, 0, 1].into()));
    let router = tollgate::gate::router(toll.house.app.clone());
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

#[tokio::test]
async fn who_reaches_it_needs_no_token() {
    let toll = Toll::new().await;
    for door in HTTP_DOORS {
        for token in [None, Some("wrong"), Some("")] {
            let request = toll.own.auth().on(door.asks("GET", "/v1/x"));
            let request = token.into_iter().fold(request, |request, it| request.header("x-gate-token", it));
            let answer = reach(&toll, request.body(Body::empty()).unwrap()).await;
            assert_eq!(outcome(&answer), "200 read", "{door:?}");
        }
        let nobody = door.asks("GET", "/v1/x").body(Body::empty()).unwrap();
        assert_eq!(reach(&toll, nobody).await.status, 401, "the customer must still be somebody");
    }
    let denied = toll.own.auth().on(Door::Nginx.asks("GET", "/v1/admin/x"));
    let denied = reach(&toll, denied.body(Body::empty()).unwrap()).await;
    assert_eq!(outcome(&reach(&toll, super::denied(&denied)).await), "403 denied");
}

#[tokio::test]
async fn it_serves_nothing_else_to_anybody() {
    let toll = Toll::new().await;
    for route in api::routes().iter().filter(|it| !it.path.starts_with("/gate/")) {
        let path = route.path.replace(['{', '}', '*'], "x");
        for auth in [BY_OPERATOR, Auth::Bearer(&toll.token), toll.partner.auth(), Auth::Nothing] {
            let request = auth.on(Request::builder().method(route.method.clone()).uri(&path));
            let answer = reach(&toll, request.body(Body::empty()).unwrap()).await;
            assert_eq!(outcome(&answer), "403 gate_misconfigured", "{} {path}", route.method);
        }
    }
    for path in ["/", "/metrics", "/gate", "/gate/check", "/v1/x"] {
        let answer = reach(&toll, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(outcome(&answer), "403 gate_misconfigured", "{path}");
    }
}

/// That it is the other listener is known by the listener, not by anything in the request.
#[tokio::test]
async fn nothing_in_a_request_makes_it_one_that_has_reached_it() {
    let toll = Toll::new().await;
    for (name, value) in
        [("host", "127.0.0.1:8081"), ("x-forwarded-for", "127.0.0.1"), ("x-gate-listen", "1")]
    {
        let request = toll.own.auth().on(Door::Forward.asks("GET", "/v1/x")).header(name, value);
        assert_eq!(toll.outcome(Door::Forward, request).await, "403 gate_misconfigured", "{name}");
    }
}

/// A server with a plan and an account, and how its call is written.
async fn server(store: &Store, gate: &str) -> (Server, String) {
    let server = Server::start(Options::on(store).arg("--gate-listen").arg(gate));
    let api = server.api();
    let rule = json!({ "path": "/**", "operation": "any", "mode": "charge", "unit_price": "0.01" });
    let plan = json!({ "currency": "EUR", "default": true, "rules": [rule] });
    send(api.request("PUT", "/api/v1/price-plans/p").body(plan.to_string())).await.unwrap().expect(200);
    let account = api.open_with("1.00").await;
    let call = format!(
        "GET /gate/envoy/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        account.secret
    );
    (server, call)
}

fn exchange(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_a_unix_socket_that_outlives_a_kill() {
    let store = Store::new();
    let path = store.dir().join("gate.sock");
    let address = format!("unix:{}", path.display());
    let (first, call) = server(&store, &address).await;
    assert_eq!(first.said("gate on "), address);
    let answer = exchange(UnixStream::connect(&path).unwrap(), &call);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\r\nx-sub-operation: any\r\n"),
        "{answer}"
    );
    let other =
        exchange(UnixStream::connect(&path).unwrap(), &call.replace("/gate/envoy/x", "/api/v1/accounts"));
    assert!(other.starts_with("HTTP/1.1 403") && other.contains("gate_misconfigured"), "{other}");
    // The main listener still wants a token.
    let answer = send(first.api().bare("GET", "/gate/envoy/x")).await.unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (403, &"gate_misconfigured".into()));

    // One that lives there is not pushed aside.
    let second = run(&mut Options::on(&Store::new()).arg("--gate-listen").arg(&address).command());
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.stderr.contains("gate.sock"), "{second:?}");
    assert!(exchange(UnixStream::connect(&path).unwrap(), &call).starts_with("HTTP/1.1 200"));

    first.kill();
    let (third, call) = server(&store, &address).await;
    assert!(exchange(UnixStream::connect(&path).unwrap(), &call).starts_with("HTTP/1.1 200"));
    third.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_a_loopback_address() {
    let store = Store::new();
    let (server, call) = server(&store, "127.0.0.1:0").await;
    let address = server.said("gate on http://");
    let stream = std::net::TcpStream::connect(&address).unwrap();
    assert!(exchange(stream, &call).starts_with("HTTP/1.1 200"));
    server.stop();
}

/// Whoever reaches it needs no token, so it is nowhere that others could reach.
#[test]
fn it_listens_nowhere_else() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "localhost:0", "unix:", "here", ""] {
        let ended = run(&mut Options::default().arg("--gate-listen").arg(address).command());
        assert_eq!(ended.code, Some(2), "{address}: {ended:?}");
        assert!(ended.stderr.contains("--gate-listen"), "{address}: {ended:?}");
    }
}

/// A slip in the command line costs nobody a file.
#[test]
fn what_is_no_socket_is_left_alone() {
    let store = Store::new();
    let path = store.dir().join("precious");
    std::fs::write(&path, "mine").unwrap();
    let address = format!("unix:{}", path.display());
    let ended = run(&mut Options::on(&store).arg("--gate-listen").arg(&address).command());
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    // Nor one that somebody else listens on.
    let path = store.dir().join("theirs");
    let theirs = UnixListener::bind(&path).unwrap();
    let address = format!("unix:{}", path.display());
    let ended = run(&mut Options::on(&store).arg("--gate-listen").arg(&address).command());
    assert_eq!(ended.code, Some(3), "{ended:?}");
    drop(UnixStream::connect(&path).unwrap());
    drop(theirs);
}

/// A header that nothing could ever be in would let nobody pass.
#[test]
fn a_key_header_that_is_none_is_refused_at_the_start() {
    for name in ["X Key", "x-key:", "", "ä"] {
        let ended = run(&mut Options::default().arg("--gate-key-header").arg(name).command());
        assert_eq!(ended.code, Some(2), "{name}: {ended:?}");
        assert!(ended.stderr.contains("--gate-key-header"), "{name}: {ended:?}");
    }
}
