//! The recipes of `docs/gateways/`, run: real nginx, Caddy and Envoy with exactly the configurations that stand there, between
//! a client that sends any bytes it likes and an API that writes down what reaches it.
//!
//! Reading order: [`proxy`] (the processes), [`call`] and [`upstream`] (both ends), [`Rig`]; then what is shown:
//! [`answers`], [`spoof`], [`settle`], [`load`]; and what only gRPC can: [`grpc`].

mod answers;
mod call;
mod grpc;
mod load;
mod proxy;
mod settle;
mod spoof;
mod upstream;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};

use self::call::{Call, Reply};
use self::proxy::{Kind, Places, Proxy, free_address};
use self::upstream::Upstream;
use crate::server::{Account, Api, Options, Server, Store, amount, text, units};

macro_rules! behind {
    ($($proxy:ident: $kind:expr;)*) => {$(
        mod $proxy {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn what_is_answered_is_what_the_gate_says() {
                answers::are_the_gates($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn failed_authentications_are_counted_for_each_client() {
                answers::failures_are_counted($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn no_header_that_a_client_sends_has_an_effect() {
                spoof::by_headers($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn no_way_to_write_a_request_line_has_an_effect() {
                spoof::by_request_lines($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_api_settles_in_python_and_in_node() {
                settle::as_the_page_says($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn nothing_passes_while_tollgate_is_down_or_silent() {
                load::without_tollgate($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn what_passes_is_charged_once_however_often_tollgate_is_killed() {
                load::killed($kind).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn of_a_thousand_calls_at_once_as_many_pass_as_were_paid_for() {
                load::capped($kind).await;
            }
        }
    )*};
}

behind! {
    nginx: Kind::Nginx;
    caddy: Kind::Caddy;
    envoy: Kind::Envoy;
    envoy_grpc: Kind::EnvoyGrpc;
}

/// The secret that nobody has, in its place.
const WRONG: &str = "wrong";

/// A tollgate, a proxy in front of an API, and a partner's customer who calls.
struct Rig {
    kind: Kind,
    store: Store,
    tollgate: SocketAddr,
    gate: SocketAddr,
    grpc: [SocketAddr; 2],
    /// `None` while it is down.
    server: Option<Server>,
    api: Api,
    gate_token: String,
    upstream: Upstream,
    proxy: Proxy,
    primary: Account,
    customer: Account,
}

impl Rig {
    /// The customer has this much.
    async fn new(kind: Kind, balance: &str) -> Self {
        let upstream = Upstream::start().await;
        let address = upstream.address();
        Self::in_front_of(kind, balance, upstream, address).await
    }

    /// With a program as the API that is somebody else's affair.
    async fn in_front_of(kind: Kind, balance: &str, upstream: Upstream, address: SocketAddr) -> Self {
        Self::changed(kind, balance, upstream, address, |recipe, _| recipe).await
    }

    /// With a recipe that is not what it was.
    async fn changed(
        kind: Kind,
        balance: &str,
        upstream: Upstream,
        address: SocketAddr,
        changed: impl Fn(String, &Places<'_>) -> String,
    ) -> Self {
        let store = Store::new();
        let (tollgate, gate, grpc) = (free_address(), free_address(), [free_address(), free_address()]);
        let server = start(&store, tollgate, gate, grpc);
        let api = server.api();
        let primary = api.open_with(balance).await;
        let customer = api.open_sub(&primary, "own").await;
        api.give(&primary, &customer, balance).await;
        let plan = api.request("PUT", "/api/v1/price-plans/standard").body(plan().to_string());
        assert_eq!(plan.send().await.unwrap().status().as_u16(), 200);
        let token = api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201);
        let gate_token = text(&token["token"]);
        let (ca, [grpc, grpc_tls]) = (certificate(&store)[0].clone(), grpc);
        let places =
            Places { tollgate, gate, grpc, grpc_tls, ca: &ca, api: address, gate_token: &gate_token };
        let proxy = Proxy::start(kind, &places, changed);
        let (server, grpc) = (Some(server), [grpc, grpc_tls]);
        Self {
            kind,
            store,
            tollgate,
            gate,
            grpc,
            server,
            api,
            gate_token,
            upstream,
            proxy,
            primary,
            customer,
        }
    }

    async fn send(&self, call: &Call) -> Reply {
        call.send(self.proxy.address()).await
    }

    /// What the gate itself says to a call like this, asked as Caddy asks.
    async fn asked(&self, call: &Call, method: &str, uri: &str) -> Reply {
        let call = call.clone().at("/gate/forward");
        let call = call.header(&format!("X-Forwarded-Method: {method}"));
        call.header(&format!("X-Forwarded-Uri: {uri}")).send(self.gate).await
    }

    /// What the customer has available, in 10^-8.
    async fn available(&self) -> i64 {
        amount(&self.api.account(&self.customer.id).await["available"])
    }

    /// The customer's charges and holds, newest first.
    async fn calls(&self) -> Vec<Value> {
        let mut postings = self.api.postings(&self.customer.id).await;
        postings.retain(|it| matches!(it["kind"].as_str(), Some("charge" | "hold")));
        postings
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Starts it again where it was.
    fn restart(&mut self) {
        self.server = Some(start(&self.store, self.tollgate, self.gate, self.grpc));
    }

    /// Stops it, and has the books proved.
    fn finish(mut self) {
        self.server.take().unwrap().stop();
        self.store.assert_clean(&format!("after the calls through {:?}", self.kind));
    }
}

fn start(store: &Store, tollgate: SocketAddr, gate: SocketAddr, grpc: [SocketAddr; 2]) -> Server {
    let options = Options { listen: tollgate.to_string(), ..Options::on(store) };
    let options = options.arg("--gate-listen").arg(&gate.to_string());
    // At no loopback address, so that the proxy's token counts.
    let options = options.arg("--grpc-listen").arg(&format!("0.0.0.0:{}", grpc[0].port()));
    let options = options.arg("--grpc-tls-listen").arg(&format!("0.0.0.0:{}", grpc[1].port()));
    let [chain, key] = certificate(store).map(|it| it.display().to_string());
    Server::start(options.arg("--tls-cert").arg(&chain).arg("--tls-key").arg(&key))
}

/// The operator's own certificate, and its key. Envoy takes none that is signed under constraints of addresses, as tollgate signs.
fn certificate(store: &Store) -> [PathBuf; 2] {
    let files = ["cert.pem", "key.pem"].map(|it| store.dir().join(it));
    if !files[0].exists() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files[0], made.cert.pem()).unwrap();
        fs::write(&files[1], made.signing_key.serialize_pem()).unwrap();
    }
    files
}

/// What calls cost: a message 0.01, an answer what it comes to, and one path nothing.
fn plan() -> Value {
    json!({ "currency": "EUR", "default": true, "rules": [
        { "method": "GET", "path": "/v1/free", "operation": "free", "mode": "free" },
        { "path": "/v1/closed/**", "operation": "closed", "mode": "deny" },
        { "method": "POST", "path": "/v1/answers", "operation": "answer", "mode": "hold", "reserve": "0.50" },
        { "method": "POST", "path": "/v1/dear", "operation": "dear", "mode": "charge", "unit_price": "100" },
        { "path": "/v1/**", "operation": "message", "mode": "charge", "unit_price": "0.01" },
    ] })
}
