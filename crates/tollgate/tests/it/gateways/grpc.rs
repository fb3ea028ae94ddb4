//! What Envoy's gRPC has that its HTTP service has not: the operation in the configuration, metadata, a request id of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tollgate::http;

use super::proxy::{Proxy, recipes};
use super::upstream::Upstream;
use super::{Call, Kind, Places, Reply, Rig, WRONG, plan, units};
use crate::house::{BY_OPERATOR, House, Opening};
use crate::server::{Account, command, poll, run, text};

/// In front of an API of our own, with a recipe that is not what it was.
async fn rig(changed: impl Fn(String, &Places<'_>) -> String) -> Rig {
    let upstream = Upstream::start().await;
    let address: SocketAddr = upstream.address();
    Rig::changed(Kind::EnvoyGrpc, "5.00", upstream, address, changed).await
}

/// The recipe with something else in one place, which must be there.
fn with(what: &str, by: &str) -> impl Fn(String, &Places<'_>) -> String {
    move |recipe, _| put(&recipe, what, by)
}

fn put(recipe: &str, what: &str, by: &str) -> String {
    assert!(recipe.contains(what), "no {what} in the recipe");
    recipe.replacen(what, by, 1)
}

/// The lines of the access log, when there are so many.
fn logged(rig: &Rig, count: usize) -> Vec<Value> {
    let lines =
        || rig.proxy.output().lines().filter_map(|it| serde_json::from_str(it).ok()).collect::<Vec<_>>();
    // Envoy writes its log now and then.
    poll(|| Some(lines()).filter(|it| it.len() >= count)).unwrap_or_else(|| panic!("{:?}", lines()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_check_found_is_in_envoys_access_log() {
    let rig = rig(|recipe, _| recipe).await;
    let by = |method: &str, target: &str| Call::new(method, target).by(&rig.customer);
    for (method, target) in [("POST", "/v1/messages"), ("POST", "/v1/answers"), ("GET", "/v1/free")] {
        assert_eq!(rig.send(&by(method, target)).await.status, 200);
    }
    assert_eq!(rig.send(&by("POST", "/v1/dear")).await.status, 402);
    assert_eq!(rig.send(&Call::new("POST", "/v1/messages")).await.status, 401);
    let seen = rig.upstream.take();
    let calls = rig.calls().await;
    let names: Vec<_> = seen.iter().map(|it| it.one("x-gate-request-id")).collect();
    let charge = json!({
        "status": 200, "code": null, "account": rig.customer.id, "operation": "message", "request_id": names[0],
        "charge_id": calls[1]["id"], "hold_id": null,
    });
    let hold = json!({
        "status": 200, "code": null, "account": rig.customer.id, "operation": "answer", "request_id": names[1],
        "charge_id": null, "hold_id": seen[1].one("x-hold-id"),
    });
    let free = json!({
        "status": 200, "code": null, "account": rig.customer.id, "operation": "free", "request_id": names[2],
        "charge_id": null, "hold_id": null,
    });
    let denied = |status: u16, code: &str| {
        json!({
            "status": status, "code": code, "account": null, "operation": null, "request_id": null,
            "charge_id": null, "hold_id": null,
        })
    };
    let expected = [charge, hold, free, denied(402, "insufficient_funds"), denied(401, "unauthenticated")];
    let mut logged = logged(&rig, expected.len());
    // Two threads of Envoy's write it.
    logged.sort_by_key(|it| expected.iter().position(|expected| expected == it));
    assert_eq!(logged, expected);
    rig.finish();
}

/// Envoy draws it for each call, whatever a client calls its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_request_id_is_envoys_own_also_where_a_clients_is_kept() {
    let kept = with(
        "use_remote_address: true",
        "use_remote_address: true\n          preserve_external_request_id: true",
    );
    let rig = rig(kept).await;
    let id = "11111111-2222-4333-8444-555555555555";
    let call = Call::new("POST", "/v1/messages").by(&rig.customer).header(&format!("X-Request-Id: {id}"));
    let mut names = Vec::new();
    for _ in 0..3 {
        assert_eq!(rig.send(&call).await.status, 200);
        let seen = rig.upstream.one();
        assert_eq!(seen.one("x-request-id"), id, "the client's is kept");
        names.push(text(&json!(seen.one("x-gate-request-id"))));
    }
    assert_eq!(rig.available().await, units("4.97"));
    assert!(names.iter().all(|it| it.parse::<u64>().is_ok()), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
    rig.finish();
}

/// It is no gate of nginx's or Caddy's alone that the doctor knows: a drill is a check without an answer here, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_wrong_with_the_recipe() {
    let rig = rig(|recipe, _| recipe).await;
    let through = format!("http://{}/v1/messages", rig.proxy.address());
    let api = format!("http://{}", rig.tollgate);
    let mut doctor = command(["doctor", "--api", &api, "--through", &through]);
    let ended = run(doctor.env("TOLLGATE_OPERATOR_TOKEN", rig.store.token()));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    rig.finish();
}

/// It is the configuration's, as is the address that failures are counted for.
#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_may_name_the_check_and_the_client() {
    let metadata = "initial_metadata:\n                \
        - {key: x-gate-request-id, value: \"%REQ(x-trace)%\"}\n                \
        - {key: x-gate-client, value: \"%REQ(x-from)%\"}";
    let rig = rig(with("initial_metadata:", metadata)).await;
    let call = Call::new("POST", "/v1/messages").by(&rig.customer).header("X-From: 192.0.2.1");
    for _ in 0..2 {
        assert_eq!(rig.send(&call.clone().header("X-Trace: t")).await.status, 200);
        assert_eq!(rig.upstream.one().one("x-gate-request-id"), "t");
    }
    assert_eq!(rig.available().await, units("4.99"), "the same id is one call");
    let wrong = |from: &str| {
        let call = Call::new("POST", "/v1/messages").with_secret(&rig.customer, WRONG);
        call.header(&format!("X-From: {from}")).header(&format!("X-Trace: {from}"))
    };
    for _ in 0..60 {
        assert_eq!(rig.send(&wrong("192.0.2.7")).await.status, 401);
    }
    assert_eq!(rig.send(&wrong("192.0.2.7")).await.status, 429);
    assert_eq!(rig.send(&wrong("192.0.2.8")).await.status, 401);
    rig.finish();
}

/// A route says what its calls are, and nothing that a client sends makes anything else of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_operation_is_the_routes() {
    let rig = rig(with("path: /v1/answers", "prefix: /v1/an")).await;
    let by = |method: &str, target: &str| Call::new(method, target).by(&rig.customer);
    // The rule for answers is for one path and POST; the one that fits all paths is another operation's.
    for (method, target, code) in [
        ("GET", "/v1/answers", "no_price"),
        ("POST", "/v1/another", "no_price"),
        ("POST", "/v1//answers", ""),
    ] {
        let reply =
            rig.send(&by(method, target).header("X-Operation: message").header("operation: message")).await;
        assert_ne!(reply.status, 200, "{method} {target}");
        if !code.is_empty() {
            assert_eq!((reply.status, &*reply.code()), (403, code), "{method} {target}");
        }
    }
    assert_eq!(rig.upstream.take().len(), 0);
    assert_eq!(rig.send(&by("POST", "/v1/answers?operation=message")).await.status, 200);
    assert_eq!(rig.upstream.one().one("x-sub-operation"), "answer");
    assert_eq!(rig.send(&by("POST", "/v1/messages")).await.status, 200);
    assert_eq!(rig.upstream.one().one("x-sub-operation"), "message");
    assert_eq!(rig.available().await, units("4.49"));
    rig.finish();
}

/// In the other form of a check's headers, too; and the token is what opens the door.
#[tokio::test(flavor = "multi_thread")]
async fn raw_headers_make_no_difference_and_a_missing_token_does() {
    let rig = rig(with(
        "failure_mode_allow: false",
        "failure_mode_allow: false\n              encode_raw_headers: true",
    ))
    .await;
    let call =
        Call::new("POST", "/v1/messages").by(&rig.customer).header("X-Hold-Id: mine").header("X-Sub-Odd: 1");
    assert_eq!(rig.send(&call).await.status, 200);
    let seen = rig.upstream.one();
    assert_eq!(seen.one("x-sub-account"), rig.customer.id);
    for name in ["authorization", "x-hold-id", "x-sub-odd"] {
        assert_eq!(seen.one(name), "", "{name}");
    }
    rig.finish();

    // A denial, and no error: it stays one where errors let calls pass.
    let open = |recipe: String, _: &Places<'_>| {
        let recipe = put(&recipe, "- {key: authorization, value: Bearer ", "- {key: x-other, value: ");
        put(&recipe, "failure_mode_allow: false", "failure_mode_allow: true")
    };
    let rig = self::rig(open).await;
    let reply = rig.send(&Call::new("POST", "/v1/messages").by(&rig.customer)).await;
    assert_eq!((reply.status, &*reply.code()), (403, "gate_misconfigured"), "{reply:?}");
    assert_eq!(rig.upstream.take().len(), 0);
    rig.finish();
}

/// Envoy is told to let calls pass without a gate: none passes for anything that its client wrote.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_can_be_written_so_that_its_check_is_an_error() {
    let rig = rig(with("failure_mode_allow: false", "failure_mode_allow: true")).await;
    let long = "x".repeat(50_000);
    let unpaid = |line: &str| Call::line(line).with_secret(&rig.customer, WRONG);
    for call in [
        unpaid("GET /v1/\u{e4} HTTP/1.1"),
        unpaid("GET /v1/x?\u{e4}\u{ff} HTTP/1.1"),
        unpaid("GET /v1/%ff HTTP/1.1"),
        unpaid(&format!("GET /v1/{long} HTTP/1.1")),
        unpaid("GET /v1/free HTTP/1.1").header("X-Odd: \u{e4}\u{ff}"),
        unpaid("GET /v1/free HTTP/1.1").header(&format!("X-Long: {long}")),
        unpaid("GET /v1/free HTTP/1.1").header("Host: \u{e4}"),
        unpaid("GET /v1/free HTTP/1.1").header("Authorization: \u{e4}"),
        unpaid("GET * HTTP/1.1"),
        unpaid("CONNECT v1:80 HTTP/1.1"),
    ] {
        let reply = rig.send(&call).await;
        assert!((400..500).contains(&reply.status), "{reply:?}");
    }
    assert_eq!(rig.upstream.take().len(), 0);
    rig.finish();
}

/// As the page says; and a certificate that Envoy does not trust is no tollgate.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_goes_over_tls() {
    let page = std::fs::read_to_string(recipes().join("envoy-grpc.md")).unwrap();
    let block = page.split_once("```yaml\n").and_then(|it| it.1.split_once("```\n")).unwrap().0;
    let strangers = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), strangers.cert.pem()).unwrap();
    for (ca, expected) in [(None, 200), (Some(folder.path().join("ca.pem")), 503)] {
        let rig = rig(|recipe, places| {
            let recipe = put(
                &recipe,
                &format!("port_value: {}", places.grpc.port()),
                &format!("port_value: {}", places.grpc_tls.port()),
            );
            let ca = ca.as_deref().unwrap_or(places.ca).display().to_string();
            let block = put(block, "CA-FILE", &ca).replace("SERVER-NAME", "localhost");
            put(&recipe, "    connect_timeout: 2s\n", &format!("    connect_timeout: 2s\n{block}"))
        })
        .await;
        let reply = rig.send(&Call::new("POST", "/v1/messages").by(&rig.customer)).await;
        assert_eq!(reply.status, expected, "{reply:?}");
        assert_eq!(rig.upstream.take().len(), usize::from(expected == 200));
        rig.finish();
    }
}

/// A gate in this process, where more can happen to it than to a program.
struct Inside {
    house: House,
    customer: Opening,
    upstream: Upstream,
    proxy: Proxy,
}

impl Inside {
    /// `changed` gets what the gate serves, and the recipe is one thing different.
    async fn new(changed: impl Fn(Router) -> Router, (what, by): (&str, &str)) -> Self {
        let house = House::new();
        let customer = house.primary("Customer", "5").await;
        let put = house.call(Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, plan().to_string());
        assert_eq!(put.await.status, 200);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc = listener.local_addr().unwrap();
        let router = changed(tollgate::gate::grpc::router(house.app.clone(), true));
        // It ends with the test's runtime.
        drop(tokio::spawn(http::serve_http2(listener.into(), None, router, std::future::pending())));
        let upstream = Upstream::start().await;
        let places = Places {
            tollgate: grpc,
            gate: grpc,
            grpc,
            grpc_tls: grpc,
            ca: Path::new(""),
            api: upstream.address(),
            gate_token: "not asked for",
        };
        let proxy = Proxy::start(Kind::EnvoyGrpc, &places, with(what, by));
        Self { house, customer, upstream, proxy }
    }

    async fn send(&self, target: &str) -> Reply {
        let account = Account {
            id: self.customer.id.to_string(),
            api_key: self.customer.key.clone(),
            secret: self.customer.secret.clone(),
        };
        Call::new("POST", target).by(&account).send(self.proxy.address()).await
    }

    async fn balance(&self) -> Value {
        let path = format!("/api/v1/accounts/{}", self.customer.id);
        self.house.get(&path, BY_OPERATOR).await.json()["balance"].clone()
    }
}

/// An answer that is lost costs nothing more: Envoy asks again under the id that it has drawn for the call.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_envoy_asks_again_is_charged_once() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Every other answer is lost, when all is done for it.
    let losing = |router: Router| {
        router.layer(from_fn(async |request: Request, next: Next| {
            let response = next.run(request).await;
            let is_lost = ASKED.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
            if is_lost { tonic::Status::unavailable("lost").into_http() } else { response }
        }))
    };
    let retrying = (
        "timeout: 5s\n",
        "timeout: 5s\n                retry_policy: {retry_on: unavailable, num_retries: 1}\n",
    );
    let inside = Inside::new(losing, retrying).await;
    for (asked, balance) in [(2, "-0.01"), (4, "-0.02")] {
        let reply = inside.send("/v1/messages").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(ASKED.load(Ordering::Relaxed), asked, "asked twice each time");
        assert_eq!(inside.balance().await, json!(balance));
        assert_eq!(inside.upstream.one().one("x-sub-account"), inside.customer.id.to_string());
    }
    // Held for once, too, and the API is told of that hold.
    assert_eq!(inside.send("/v1/answers").await.status, 200);
    let hold = inside.upstream.one();
    let holds = inside.house.get("/api/v1/holds", BY_OPERATOR).await.json();
    let ids: Vec<_> = holds["holds"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect();
    assert_eq!(ids, [hold.one("x-hold-id")]);
}

/// It is what `failure_mode_allow` is for, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_writes_is_an_error_to_envoy() {
    for (mode, status, passed) in [("false", 503, 0), ("true", 200, 1)] {
        let by = format!("failure_mode_allow: {mode}");
        let inside = Inside::new(|router| router, ("failure_mode_allow: false", &by)).await;
        assert_eq!(inside.send("/v1/dear").await.status, 402, "no error");
        inside.house.app.store().close();
        let reply = inside.send("/v1/messages").await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(inside.upstream.take().len(), passed);
        if mode == "false" {
            assert_eq!(&*reply.code(), "unavailable", "{reply:?}");
            assert_eq!(reply.all("retry-after"), ["1"]);
            assert_eq!(reply.all("content-type"), ["application/problem+json"]);
        }
    }
}
