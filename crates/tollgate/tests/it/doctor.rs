//! `tollgate doctor`, through a real nginx: a right configuration is found right, and each of seven wrong ones, a line or
//! two away from it, is named for what it is. Whatever happens, the accounts that it made are closed.

mod proxy;
mod upstream;

use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::{Method, Request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use self::proxy::{Kind, Places, Proxy, free_address};
use self::upstream::Upstream;
use crate::house::{Auth, BY_OPERATOR, House};
use crate::server::{Api, Ended, Options, Server, Store, command, poll, run, text};

const FAULT: i32 = 1;
const USAGE: i32 = 2;
const NOT_REACHED: i32 = 3;

/// Everything around a gateway.
struct Bench {
    store: Store,
    server: Server,
    api: Api,
    upstream: Upstream,
    gate_token: String,
}

impl Bench {
    async fn new() -> Self {
        Self::before(Upstream::start(true)).await
    }

    async fn before(upstream: Upstream) -> Self {
        let store = Store::new();
        let server = Server::start(Options {
            args: ["--gate-listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--tls-self-signed"]
                .map(str::to_owned)
                .into_iter()
                .chain([store.dir().join("tls").display().to_string()])
                .collect(),
            ..Options::on(&store)
        });
        let api = server.api();
        let rules = json!([
            { "method": "GET", "path": "/v1/status", "operation": "status", "mode": "free" },
            { "method": "POST", "path": "/v1/messages", "operation": "messages.send", "mode": "charge", "unit_price": "0.05" },
            { "method": "POST", "path": "/v1/drafts", "operation": "drafts.make", "mode": "charge", "unit_price": "0.01" },
            { "method": "POST", "path": "/v1/calls/*", "operation": "calls.make", "mode": "hold", "reserve": "2" }
        ]);
        let plan = json!({ "currency": "EUR", "default": true, "rules": rules }).to_string();
        let put = api.request("PUT", "/api/v1/price-plans/standard").body(plan);
        assert_eq!(crate::server::send(put).await.unwrap().status, 200);
        let made = api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201);
        let gate_token = text(&made["token"]);
        Self { store, server, api, upstream, gate_token }
    }

    /// nginx with the recipe, in which the first text of each pair stands and is replaced by the second.
    fn nginx(&self, changes: &[(&str, &str)]) -> Proxy {
        Proxy::start(Kind::Nginx, &self.places(), changes)
    }

    fn places(&self) -> Places {
        Places {
            tollgate: self.server.url().trim_start_matches("http://").to_owned(),
            gate: self.server.said("gate on http://"),
            api: self.upstream.address().to_string(),
            gate_token: self.gate_token.clone(),
        }
    }

    fn doctor(&self, through: &str, args: &[&str]) -> Command {
        let mut doctor = command(["doctor", "--through", through]);
        doctor
            .args(args)
            .env("TOLLGATE_API", self.server.url())
            .env("TOLLGATE_OPERATOR_TOKEN", self.store.token());
        doctor
    }

    /// Runs it to its end, and looks at what it has left behind.
    async fn examine(&self, through: &str, args: &[&str]) -> Ended {
        let ended = run(&mut self.doctor(through, args));
        self.assert_nothing_left().await;
        ended
    }

    /// All accounts here are the doctor's: closed, at nothing, and the books in order.
    async fn assert_nothing_left(&self) {
        let all = self.api.get("/api/v1/accounts?limit=1000").await.expect(200);
        for account in all["accounts"].as_array().unwrap() {
            assert!(text(&account["name"]).starts_with("tollgate doctor (canary"), "{account}");
            assert_eq!(account["status"], "closed", "{account}");
            for figure in ["balance", "held", "credit_limit"] {
                assert_eq!(account[figure], "0.00", "{account}");
            }
        }
        self.store.assert_clean("after the doctor");
    }
}

/// What `--json` says of each check: `ok`, `not_proven`, `not_tried`, or the fault.
fn verdicts(ended: &Ended) -> Vec<(String, String)> {
    let found: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("no JSON: {ended:?}"));
    let checks = found["checks"].as_array().unwrap();
    let verdict =
        |it: &Value| it["fault"].as_str().unwrap_or_else(|| it["verdict"].as_str().unwrap()).to_owned();
    checks.iter().map(|it| (text(&it["check"]), verdict(it))).collect()
}

/// The checks that are not `ok`, as `check=verdict`.
fn not_ok(ended: &Ended) -> String {
    let others = verdicts(ended).into_iter().filter(|it| it.1 != "ok").map(|it| format!("{}={}", it.0, it.1));
    others.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_right_gateway_is_found_right() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[]);
    let ended = bench.examine(&nginx.url("/v1/messages"), &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}\n{}", nginx.log());
    assert_eq!(ended.stderr, "");
    let lines: Vec<_> = ended.stdout.lines().filter(|it| it.starts_with("  ok     ")).collect();
    assert_eq!(lines.len(), 11, "{}", ended.stdout);
    for words in [
        "price: 0.05 EUR charged for messages.send, by rule 2 of standard",
        "0.05 was charged for messages.send by rule 2 of standard, posting ",
        "402 insufficient_funds, needed 0.05, available 0.00",
        "401 unauthenticated",
        "403 suspended",
        "check was not answered got 503 unavailable",
        "the upstream echoes what it got",
        "the canary's accounts are closed",
    ] {
        assert!(ended.stdout.contains(words), "no {words:?} in {}", ended.stdout);
    }
    // What docs/doctor.md says that an examination costs.
    assert_eq!(bench.upstream.served(), 8);
    for secret in ["Bearer", "Basic ", bench.store.token()] {
        assert!(!ended.stdout.contains(secret), "{secret} in {}", ended.stdout);
    }
}

/// By what it says and by the code for programs, with everything that does not hang on the fault found right.
#[tokio::test]
async fn each_of_seven_planted_faults_is_named() {
    let bench = Bench::new().await;
    for (planted, changes, expected, words) in FAULTS {
        let nginx = bench.nginx(changes);
        let ended = bench.examine(&nginx.url("/v1/messages"), &["--json"]).await;
        assert_eq!(ended.code, Some(FAULT), "{planted}: {ended:?}\n{}", nginx.log());
        assert_eq!(not_ok(&ended), *expected, "{planted}: {ended:?}\n{}", nginx.log());
        assert!(ended.stderr.contains(words), "{planted}: no {words:?} in {ended:?}");
        assert!(ended.stdout.contains("docs/gateways/nginx.conf: "), "{planted}: {ended:?}");
    }
}

/// A fault, how it comes about, what is not `ok` then, and the words for it.
type Planted = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const FAULTS: &[Planted] = &[
    (
        "the gate is not asked",
        &[("auth_request /_gate;", "")],
        "credit=not_asked no_credit=not_tried no_credentials=not_tried wrong_secret=not_tried suspended=not_tried \
         down=not_tried request_id=not_tried path=not_tried headers=not_tried spelling=not_tried",
        "found a fault: the gateway does not ask the gate before this call",
    ),
    (
        "402 turned into 500",
        &[
            ("http://tollgate/gate/nginx;", "http://tollgate/gate/forward;"),
            ("X-Original-Method $request_method;", "X-Forwarded-Method $request_method;"),
            ("X-Original-URI $request_uri;", "X-Forwarded-Uri $request_uri;"),
            ("error_page 500 = @unavailable;", ""),
        ],
        "no_credit=refusal_garbled no_credentials=refusal_garbled wrong_secret=refusal_garbled suspended=refusal_garbled",
        "found a fault: the gateway does not hand on the gate's refusal",
    ),
    (
        "it fails open",
        &[
            ("proxy_next_upstream off;", "error_page 502 504 = @open;"),
            ("location @denied {", "location @open { return 204; } location @denied {"),
        ],
        "down=fails_open",
        "found a fault: the gateway fails open",
    ),
    (
        "a wrong gate token",
        &[("\"GATE-TOKEN\"", "\"not-GATE-TOKEN\"")],
        "credit=gate_token no_credit=not_tried no_credentials=not_tried wrong_secret=not_tried suspended=not_tried \
         down=not_tried request_id=not_tried path=not_tried headers=not_tried spelling=not_tried \
         credentials=not_tried",
        "found a fault: the gateway's gate token is wrong",
    ),
    (
        "the client's request id",
        &[(NAMED, "X-Original-URI $request_uri; proxy_set_header X-Gate-Request-Id $http_x_request_id;")],
        "request_id=request_id_spoofable",
        "found a fault: the gateway takes the client's request id for its own",
    ),
    (
        "the client's path",
        &[
            ("X-Original-URI $request_uri;", "X-Original-URI $uri_to_pay;"),
            (
                "ignore_invalid_headers on;",
                "map $http_x_original_uri $uri_to_pay { \"\" $request_uri; default $http_x_original_uri; }",
            ),
        ],
        "path=path_spoofable",
        "found a fault: the gateway has the client say what path or method is paid for",
    ),
    (
        "the credentials passed on",
        &[("proxy_set_header Authorization \"\";", "")],
        "credentials=credentials_passed",
        "found a fault: the gateway passes the caller's credentials to the upstream",
    ),
];

/// The name of the check, behind its path.
const NAMED: &str =
    "X-Original-URI $request_uri;\n            proxy_set_header X-Gate-Request-Id $request_id;";

/// More ways to be wrong.
const OTHERS: &[(&[(&str, &str)], &str)] = &[
    (
        &[(
            NAMED,
            "X-Original-URI $request_uri; proxy_set_header X-Gate-Request-Id $http_x_gate_request_id;",
        )],
        "request_id=request_id_spoofable",
    ),
    (
        &[
            ("X-Original-Method $request_method;", "X-Original-Method $method_to_pay;"),
            (
                "ignore_invalid_headers on;",
                "map $http_x_original_method $method_to_pay { \"\" $request_method; default $http_x_original_method; }",
            ),
        ],
        "path=path_spoofable",
    ),
    (&[("proxy_set_header X-Sub-Account $sub_account;", "")], "headers=headers_believed"),
    (&[("proxy_set_header X-Hold-Id $hold_id;", "")], "headers=headers_believed"),
    (
        &[(
            "location / {",
            "merge_slashes off; location / { proxy_pass http://api; proxy_set_header Authorization \"\"; } location /v1/ {",
        )],
        "spelling=spelling_unpaid",
    ),
    (
        &[("error_page 401 403 = @denied;", "error_page 403 = @denied;")],
        "no_credentials=refusal_garbled wrong_secret=refusal_garbled",
    ),
    (
        &[("error_page 401 403 = @denied;", "")],
        "no_credit=refusal_garbled no_credentials=refusal_garbled wrong_secret=refusal_garbled suspended=refusal_garbled",
    ),
    (
        &[
            ("error_page 500 = @unavailable;", "error_page 500 = @open;"),
            (
                "location @denied {",
                "location @open { proxy_pass http://api; proxy_set_header Authorization \"\"; } location @denied {",
            ),
        ],
        "down=fails_open",
    ),
];

#[tokio::test]
async fn other_faults_are_named_too() {
    let bench = Bench::new().await;
    for (changes, expected) in OTHERS {
        let nginx = bench.nginx(changes);
        let ended = bench.examine(&nginx.url("/v1/messages"), &["--json"]).await;
        assert_eq!(
            (ended.code, &*not_ok(&ended)),
            (Some(FAULT), *expected),
            "{changes:?} {ended:?}\n{}",
            nginx.log()
        );
    }
}

#[tokio::test]
async fn a_check_without_a_name_is_not_proven_to_be_paid_for_once() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[(NAMED, "X-Original-URI $request_uri;")]);
    let ended = bench.examine(&nginx.url("/v1/messages"), &["--json"]).await;
    assert_eq!((ended.code, &*not_ok(&ended)), (Some(0), "request_id=not_proven"), "{ended:?}");
}

#[tokio::test]
async fn the_recipe_for_caddy_is_found_right_and_its_faults_are_pointed_at() {
    let bench = Bench::new().await;
    for (changes, expected) in [
        (&[][..], ""),
        (&[("request_header -Authorization", "")], "credentials=credentials_passed"),
        (
            &[("request_header X-Gate-Request-Id {http.request.uuid}", ""), ("request_header -X-Gate-*", "")],
            "request_id=request_id_spoofable",
        ),
    ] {
        let caddy = Proxy::start(Kind::Caddy, &bench.places(), changes);
        let ended = bench.examine(&caddy.url("/v1/messages"), &["--json"]).await;
        assert_eq!(not_ok(&ended), expected, "{changes:?} {ended:?}\n{}", caddy.log());
        let is_right = expected.is_empty();
        assert_eq!(ended.code, Some(if is_right { 0 } else { FAULT }), "{ended:?}");
        assert!(is_right || ended.stdout.contains("docs/gateways/Caddyfile: "), "{ended:?}");
    }
}

#[tokio::test]
async fn a_price_that_is_held_is_proven_like_one_that_is_charged() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[]);
    let ended = bench.examine(&nginx.url("/v1/calls/start?to=441234"), &["--json", "--data", "{}"]).await;
    assert_eq!((ended.code, &*not_ok(&ended)), (Some(0), ""), "{ended:?}\n{}", nginx.log());
    assert!(ended.stdout.contains("\"mode\":\"hold\""), "{ended:?}");
    let open = bench.api.get("/api/v1/holds").await.expect(200);
    assert_eq!(open["holds"], json!([]));
}

#[tokio::test]
async fn an_upstream_that_echoes_nothing_leaves_the_credentials_unproven() {
    let bench = Bench::before(Upstream::start(false)).await;
    for changes in [&[][..], &[("proxy_set_header Authorization \"\";", "")]] {
        let nginx = bench.nginx(changes);
        let ended = bench.examine(&nginx.url("/v1/messages"), &[]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}\n{}", nginx.log());
        assert!(ended.stdout.contains("not proven: the upstream does not echo"), "{ended:?}");
    }
}

#[tokio::test]
async fn an_upstream_may_be_meant_to_see_the_credentials() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[("proxy_set_header Authorization \"\";", "")]);
    let args = ["--upstream-sees-credentials"];
    let ended = bench.examine(&nginx.url("/v1/messages"), &args).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Both at once: the canary's calls in the clear through nginx, tollgate itself by https.
#[tokio::test]
async fn it_speaks_https_and_trusts_whom_it_is_told_to() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[]);
    let (api, ca) = (bench.server.said("listening on https://"), bench.server.said("CA certificate:"));
    let api = api.replace("127.0.0.1", "https://localhost");
    for (args, code) in [(&["--ca", &*ca][..], 0), (&[], NOT_REACHED)] {
        let args: Vec<_> = ["--api", &*api].into_iter().chain(args.iter().copied()).collect();
        let ended = bench.examine(&nginx.url("/v1/messages"), &args).await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
}

#[tokio::test]
async fn stopped_in_the_middle_it_still_cleans_up() {
    let bench = Bench::before(Upstream::start(true)).await;
    let nginx = bench.nginx(&[]);
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        bench.upstream.hold();
        let mut doctor = bench.doctor(&nginx.url("/v1/messages"), &[]);
        let mut child = doctor.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        poll(|| bench.upstream.is_waiting().then_some(())).expect("the first call comes through");
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let ended = poll(|| child.try_wait().unwrap()).expect("it ends");
        bench.upstream.go_on();
        assert_eq!(ended.code(), Some(FAULT), "{signal}");
        bench.assert_nothing_left().await;
    }
}

#[tokio::test]
async fn what_it_cannot_begin_with_is_exit_code_3_and_leaves_nothing() {
    let bench = Bench::new().await;
    let nginx = bench.nginx(&[]);
    let nobody = free_address();
    let through = |path: &str| nginx.url(path);
    for (through, args, words) in [
        (format!("http://{nobody}/v1/messages"), &[][..], "came to no answer"),
        (through("/v1/status"), &["--method", "GET"], "must be a call that costs something: it is free"),
        (through("/v1/nothing"), &[], "standard says no_price"),
        (through("/v1/messages"), &["--price-plan", "gold"], "there is no price plan gold"),
        (through("/v1/messages"), &["--operator-token", "wrong"], "was answered 401, unauthenticated"),
        (through("/v1/messages"), &["--ca", "nowhere.pem"], "cannot read nowhere.pem"),
    ] {
        let ended = bench.examine(&through, args).await;
        assert_eq!(ended.code, Some(NOT_REACHED), "{args:?} {ended:?}");
        assert!(ended.stderr.contains(words), "no {words:?} in {ended:?}");
    }
    for args in [&[][..], &["--through", "localhost"], &["--header", "none"]] {
        let ended =
            run(&mut command(["doctor", "--operator-token", "x"].into_iter().chain(args.iter().copied())));
        assert_eq!(ended.code, Some(USAGE), "{args:?} {ended:?}");
    }
}

/// A drill is nobody's credentials, for a minute, and the operator's alone to make.
#[tokio::test]
async fn a_drill_is_good_for_a_minute_and_for_no_account() {
    let house = House::new();
    let primary = house.primary("Partner", "10").await;
    let refused = house.post("/api/v1/drills", primary.auth(), "").await;
    assert_eq!(refused.status, 403, "{refused}");
    let drill = house.post("/api/v1/drills", BY_OPERATOR, "").await;
    assert_eq!(drill.status, 201, "{drill}");
    let (name, secret) = (text(&drill.json()["name"]), text(&drill.json()["secret"]));

    // Anywhere but in a check it is a wrong secret.
    let elsewhere =
        house.call(Method::GET, "/api/v1/accounts", Auth::Basic(&name, &secret), String::new()).await;
    assert_eq!(elsewhere.status, 401, "{elsewhere}");
    for (secret, status) in [(&*secret, 503), (&secret[1..], 401), ("", 401)] {
        let checked = check(&house, &name, secret).await;
        assert_eq!(checked, status, "{secret}");
    }
    assert_eq!(check(&house, &primary.key, &secret).await, 401);
    house.clock.advance(60_000);
    assert_eq!(check(&house, &name, &secret).await, 401);
}

/// The status of a check of a call with these credentials.
async fn check(house: &House, name: &str, secret: &str) -> u16 {
    let made = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await;
    let gate_token = text(&made.json()["token"]);
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{name}:{secret}"));
    let request = Request::builder()
        .uri("/gate/forward")
        .header("authorization", format!("Basic {pair}"))
        .header("x-gate-token", gate_token)
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-uri", "/v1/messages");
    house.send(request.body(Body::empty()).unwrap()).await.status
}
