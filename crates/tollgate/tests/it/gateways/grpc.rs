//! What Envoy's gRPC has that its HTTP service has not: the operation in the configuration, metadata, a request id of its own.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::proxy::recipes;
use super::upstream::Upstream;
use super::{Call, Kind, Places, Rig, WRONG, units};
use crate::server::{command, poll, run, text};

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
