//! The listener: who may ask there, what else it serves, and how it begins and ends.

use std::net::TcpStream;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Builder;
use axum::http::{HeaderMap, HeaderName, Method, Request};
use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tollgate::gate;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::prost::Message;
use tower::ServiceExt;

use super::{CHECK, about, answer, ask, call, call_of, framed, of, proof, router};
use crate::gate::{Toll, outcome};
use crate::house::{Auth, BY_OPERATOR};
use crate::server::{Account, Api, Options, Server, Store, poll, run, send, text};

#[tokio::test]
async fn who_reaches_it_where_nobody_else_can_needs_no_token() {
    let toll = Toll::new().await;
    let reached = gate::grpc::router(toll.house.app.clone(), true);
    let check = || about(call_of(toll.own.auth(), "", "GET", "/v1/x"));
    for metadata in [None, Some("Bearer wrong"), Some("x"), Some("")] {
        let metadata = metadata.map(|it| (AUTHORIZATION, it.parse().unwrap()));
        let response = ask(&reached, HeaderMap::from_iter(metadata), check()).await.unwrap();
        assert_eq!(outcome(&answer(&response)), "200 read");
    }
    let nobody = ask(&reached, HeaderMap::new(), about(call("GET", "/v1/x"))).await.unwrap();
    assert_eq!(outcome(&answer(&nobody)), "401 unauthenticated", "the customer must still be somebody");
}

/// What the token may look like at the door that needs one; that it must be a gate's, `proof` shows.
#[tokio::test]
async fn the_token_is_a_bearers() {
    let toll = Toll::new().await;
    let mut said = Vec::new();
    for shown in [
        toll.token.clone(),
        format!("Basic {}", toll.token),
        format!("Bearer  {}", toll.token),
        format!("bearer {}", toll.token),
    ] {
        let metadata = HeaderMap::from_iter([(AUTHORIZATION, shown.parse().unwrap())]);
        let check = about(call_of(toll.own.auth(), "", "GET", "/v1/x"));
        said.push(outcome(&answer(&ask(&router(&toll), metadata, check).await.unwrap())));
    }
    let named =
        HeaderMap::from_iter([("x-gate-token".parse::<HeaderName>().unwrap(), toll.token.parse().unwrap())]);
    let other =
        ask(&router(&toll), named, about(call_of(toll.own.auth(), "", "GET", "/v1/x"))).await.unwrap();
    said.push(outcome(&answer(&other)));
    assert_eq!(
        said,
        [
            "403 gate_misconfigured",
            "403 gate_misconfigured",
            "200 read",
            "200 read",
            "403 gate_misconfigured"
        ]
    );
}

/// Nothing else is served there, whoever asks; and the check nowhere else.
#[tokio::test]
async fn the_listener_serves_nothing_but_the_check() {
    let toll = Toll::new().await;
    let paths =
        tollgate::api::routes().into_iter().map(|it| (it.method, it.path.replace(['{', '}', '*'], "x")));
    let others = [
        "/",
        "/metrics",
        "/healthz",
        "/grpc.health.v1.Health/Check",
        "/envoy.service.auth.v2.Authorization/Check",
        "/envoy.service.auth.v3.Authorization/Other",
    ];
    let others = others.map(|it| (Method::POST, it.to_owned()));
    for (method, path) in paths.chain(others).chain([(Method::GET, CHECK.to_owned())]) {
        for auth in [BY_OPERATOR, Auth::Bearer(&toll.token), toll.partner.auth(), Auth::Nothing] {
            let request = auth.on(Request::builder().method(method.clone()).uri(&path));
            for is_reached in [true, false] {
                let router = gate::grpc::router(toll.house.app.clone(), is_reached);
                let request = request_again(&request);
                let response = router.oneshot(request).await.unwrap();
                assert_eq!(response.headers().get("grpc-status").unwrap(), "12", "{method} {path}");
                assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
            }
        }
    }
    let check = framed(&about(call_of(toll.own.auth(), "", "GET", "/v1/x")).encode_to_vec());
    let mut request = Request::post(CHECK).header("content-type", "application/grpc");
    request.headers_mut().unwrap().extend(proof(&toll));
    let answer = toll.house.send(request.body(Body::from(check)).unwrap()).await;
    assert_eq!(answer.status, 404, "{answer}");
}

fn request_again(request: &Builder) -> Request<Body> {
    let mut again = Request::builder()
        .method(request.method_ref().unwrap().clone())
        .uri(request.uri_ref().unwrap().clone());
    *again.headers_mut().unwrap() = request.headers_ref().unwrap().clone();
    again.body(Body::empty()).unwrap()
}

/// A price, and an account with money; the gate's token.
async fn family(api: &Api) -> (Account, String) {
    let rule = json!({ "path": "/**", "operation": "any", "mode": "charge", "unit_price": "0.01" });
    let plan = json!({ "currency": "EUR", "default": true, "rules": [rule] });
    send(api.request("PUT", "/api/v1/price-plans/p").body(plan.to_string())).await.unwrap().expect(200);
    let token = api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201);
    (api.open_with("1.00").await, text(&token["token"]))
}

/// A check of a call of the account, by whoever shows this.
async fn check(channel: &Channel, token: Option<&str>, auth: Auth<'_>) -> Result<String, Code> {
    let mut request = tonic::Request::new(about(call_of(auth, "", "GET", "/x")));
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let response = AuthorizationClient::new(channel.clone()).check(request).await;
    response.map(|it| outcome(&answer(&it))).map_err(|it| it.code())
}

async fn connected(address: &str) -> Channel {
    Endpoint::from_shared(address.to_owned()).unwrap().connect().await.unwrap()
}

fn serve(store: &Store, address: &str) -> Server {
    Server::start(Options::on(store).arg("--grpc-listen").arg(address))
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_loopback_address_it_is_enough_to_be_there_and_elsewhere_it_takes_a_token() {
    let store = Store::new();
    for (address, is_local) in [("127.0.0.1:0", true), ("0.0.0.0:0", false)] {
        let server = serve(&store, address);
        let (account, token) = family(&server.api()).await;
        let channel = connected(&server.said("grpc on ").replace("0.0.0.0", "127.0.0.1")).await;
        let auth = Auth::Bearer(&account.secret);
        let unproven = if is_local { "200 any" } else { "403 gate_misconfigured" };
        assert_eq!(check(&channel, None, auth).await.as_deref(), Ok(unproven));
        assert_eq!(check(&channel, Some("wrong"), auth).await.as_deref(), Ok(unproven));
        assert_eq!(check(&channel, Some(&token), auth).await.as_deref(), Ok("200 any"));
        assert_eq!(check(&channel, Some(&token), Auth::Nothing).await.as_deref(), Ok("401 unauthenticated"));
        server.stop();
    }
    store.assert_clean("at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_a_unix_socket_too() {
    let store = Store::new();
    let path = store.dir().join("grpc.sock");
    let address = format!("unix:{}", path.display());
    let server = serve(&store, &address);
    assert_eq!(server.said("grpc on "), address);
    let (account, _) = family(&server.api()).await;
    let connect = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://gate").connect_with_connector(connect).await.unwrap();
    assert_eq!(check(&channel, None, Auth::Bearer(&account.secret)).await.as_deref(), Ok("200 any"));
    server.stop();
}

/// Other checks on the same connection are answered all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_drill_gets_no_answer_and_nobody_else_suffers() {
    let server = serve(&Store::new(), "127.0.0.1:0");
    let (account, _) = family(&server.api()).await;
    let drill = server.api().post("/api/v1/drills", json!({})).await.expect(201);
    let (name, secret) = (text(&drill["name"]), text(&drill["secret"]));
    let channel = connected(&server.said("grpc on ")).await;
    for _ in 0..20 {
        let (drilled, right) = tokio::join!(
            check(&channel, None, Auth::Basic(&name, &secret)),
            check(&channel, None, Auth::Bearer(&account.secret))
        );
        // As the client calls a stream that was cut off.
        assert_eq!(drilled, Err(Code::Internal));
        assert_eq!(right.as_deref(), Ok("200 any"));
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_answers_the_checks_in_flight_and_takes_no_others() {
    let store = Store::new();
    let server = serve(&store, "127.0.0.1:0");
    let (account, _) = family(&server.api()).await;
    let address = server.said("grpc on ").replace("http://", "");
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let whole = framed(&about(call_of(Auth::Bearer(&account.secret), "1", "GET", "/x")).encode_to_vec());
    let (parts, body) = mpsc::unbounded_channel::<Bytes>();
    parts.send(whole.slice(..20)).unwrap();
    let body = stream::unfold(body, async |mut body| {
        body.recv().await.map(|it| (Ok::<_, std::io::Error>(it), body))
    });
    let request = |body: Body| Request::post(format!("http://{address}{CHECK}")).body(body).unwrap();
    let begun = tokio::spawn(client.send_request(request(Body::from_stream(body))));
    // It was sent after the one that has begun, so that one is in flight.
    let other = framed(&about(call("GET", "/x")).encode_to_vec());
    assert_eq!(client.send_request(request(Body::from(other.clone()))).await.unwrap().status(), 200);

    server.signal(Signal::SIGTERM);
    let refuses = poll(|| TcpStream::connect(&address).is_err().then_some(()));
    assert!(refuses.is_some(), "it still takes connections after SIGTERM");
    parts.send(whole.slice(20..)).unwrap();
    drop(parts);
    let collected = begun.await.unwrap().unwrap().into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    let response = CheckResponse::decode(collected.to_bytes().slice(5..)).unwrap();
    assert_eq!(outcome(&of(&response, HeaderMap::new())), "200 any");
    assert!(client.send_request(request(Body::from(other))).await.is_err(), "it takes another check");
    assert_eq!(server.ended().code, Some(0));
    connection.await.unwrap().unwrap();
    store.assert_clean("after the stop");
    assert_eq!(store.sql().number("SELECT COUNT(*) FROM journal WHERE kind = 6"), 1);
}

/// What speaks HTTP/1 is nobody whom this listener is for.
#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_nothing_but_http2() {
    let server = serve(&Store::new(), "127.0.0.1:0");
    let url = server.said("grpc on ");
    let api = Api::new(&url, "x");
    assert!(send(api.bare("GET", "/healthz")).await.is_err());
    server.stop();
}

#[test]
fn an_address_that_is_none_and_tls_without_a_certificate_are_refused_at_the_start() {
    for (flag, address, code) in [
        ("--grpc-listen", "localhost:0", 2),
        ("--grpc-listen", "unix:", 2),
        ("--grpc-listen", "", 2),
        ("--grpc-tls-listen", "unix:x", 2),
        ("--grpc-tls-listen", "127.0.0.1:0", 3),
    ] {
        let ended = run(&mut Options::default().arg(flag).arg(address).command());
        assert_eq!(ended.code, Some(code), "{flag} {address}: {ended:?}");
        assert!(ended.stderr.contains(flag), "{flag} {address}: {ended:?}");
    }
}

/// All of gRPC's answers have the status 200; the log says what they mean, and never what the call showed.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_what_became_of_a_check() {
    let options =
        Options::on(&Store::new()).arg("--grpc-listen").arg("127.0.0.1:0").arg("--log").arg("debug");
    let server = Server::start(options);
    let (account, token) = family(&server.api()).await;
    let channel = connected(&server.said("grpc on ")).await;
    for (auth, status) in [(Auth::Bearer(&account.secret), 200), (Auth::Bearer("wrong-secret"), 401)] {
        drop(check(&channel, Some(&token), auth).await.unwrap());
        let line = |it: &str| it.contains("Authorization/Check") && it.contains(&format!("status={status}"));
        let is_there = poll(|| server.log().lines().any(line).then_some(()));
        assert!(is_there.is_some(), "{status}: {}", server.log());
    }
    let ended = server.stop();
    for secret in [&*account.secret, &token, "wrong-secret"] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}
