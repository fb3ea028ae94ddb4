//! Whatever is denied, and how whoever called gets to know.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use insta::assert_snapshot;

use super::{DOORS, Door, Toll, denied, outcome};
use crate::house::{Auth, BY_OPERATOR};

/// As Envoy and the forward doors say it, with everything.
async fn shown(toll: &Toll, method: &str, uri: &str, auth: Auth<'_>) -> String {
    let answer = toll.ask(Door::Forward, method, uri, auth).await;
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(answer.json()["request_id"], id, "by which the operator finds its log line");
    toll.house.shown(&answer)
}

#[tokio::test]
async fn a_path_that_is_not_plain_is_400() {
    let toll = Toll::new().await;
    assert_snapshot!(shown(&toll, "GET", "/v1//x", toll.own.auth()).await, @r#"
    400
    content-type: application/problem+json
    {
      "code": "path_not_normal",
      "detail": "The path must be written plainly: no doubled slash, no dot part, nothing escaped that needs no escape.",
      "request_id": "<uuid 1>",
      "status": 400,
      "title": "The path is not plain",
      "type": "urn:tollgate:problem:path_not_normal"
    }
    "#);
}

#[tokio::test]
async fn a_call_of_nobody_is_401() {
    let toll = Toll::new().await;
    assert_snapshot!(shown(&toll, "GET", "/v1/x", Auth::Nothing).await, @r#"
    401
    content-type: application/problem+json
    www-authenticate: Basic realm="tollgate"
    {
      "code": "unauthenticated",
      "detail": "Call with your api key or auth id and one of its secrets or tokens. What was sent, if anything, is not right or was revoked.",
      "request_id": "<uuid 1>",
      "status": 401,
      "title": "Not authenticated",
      "type": "urn:tollgate:problem:unauthenticated"
    }
    "#);
}

/// What the limits are is walked in `limits`; here, that no door forgets them.
#[tokio::test]
async fn a_call_by_a_restricted_key_or_through_a_restricted_gate_is_403() {
    let mut toll = Toll::new().await;
    let path = format!("/api/v1/accounts/{}/credentials", toll.partner.key);
    let made = r#"{"kind":"secret","limits":{"read_only":true}}"#;
    let made = toll.house.post(&path, toll.partner.auth(), made).await.json();
    let reader = Auth::Basic(&toll.partner.key, made["secret"].as_str().unwrap());
    for door in DOORS {
        assert_eq!(
            toll.outcome(door, toll.check(door, "GET", "/v1/x", reader)).await,
            "403 restricted",
            "{door:?}"
        );
    }
    assert_snapshot!(shown(&toll, "GET", "/v1/x", reader).await, @r#"
    403
    content-type: application/problem+json
    {
      "code": "restricted",
      "detail": "Credentials that only read make no calls, nor does a gate whose token only reads have any checked. Call with others.",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:restricted"
    }
    "#);
    toll.token = restricted_gate(&toll, &format!(r#"{{"accounts":["{}"]}}"#, toll.own.key)).await;
    for door in DOORS {
        let own = toll.outcome(door, toll.check(door, "GET", "/v1/x", toll.own.auth())).await;
        let partner = toll.outcome(door, toll.check(door, "GET", "/v1/x", toll.partner.auth())).await;
        assert_eq!([own.as_str(), partner.as_str()], ["200 read", "403 restricted"], "{door:?}");
    }
}

async fn restricted_gate(toll: &Toll, limits: &str) -> String {
    let body = format!(r#"{{"scope":"gate","limits":{limits}}}"#);
    let made = toll.house.post("/api/v1/tokens", BY_OPERATOR, body).await.json();
    made["token"].as_str().unwrap().to_owned()
}

/// A message costs 0.10 and a call holds 5, whoever is limited to less: the key that calls or the gate that asks.
#[tokio::test]
async fn a_call_that_is_dearer_than_its_key_or_its_gate_may_move_is_403_and_so_is_its_repeat() {
    let mut toll = Toll::new().await;
    let path = format!("/api/v1/accounts/{}/credentials", toll.partner.key);
    let made = r#"{"kind":"secret","limits":{"amount_max":"4.99999999"}}"#;
    let made = toll.house.post(&path, toll.partner.auth(), made).await.json();
    let limited = Auth::Basic(&toll.partner.key, made["secret"].as_str().unwrap());
    let open = toll.token.clone();
    let small = restricted_gate(&toll, r#"{"amount_max":"0.09999999"}"#).await;
    for (nth, door) in DOORS.into_iter().enumerate() {
        let mut outcomes = Vec::new();
        for (uri, gate, auth, name) in [
            ("/v1/messages", &open, limited, "limited message"),
            ("/v1/calls", &open, limited, "limited call"),
            ("/v1/calls", &open, toll.partner.auth(), "call"),
            // Under the name of one that was let in.
            ("/v1/calls", &open, limited, "call"),
            ("/v1/messages", &small, toll.partner.auth(), "small message"),
            ("/v1/messages", &open, toll.partner.auth(), "message"),
            ("/v1/messages", &small, toll.partner.auth(), "message"),
            ("/v1/messages", &open, limited, "message"),
        ] {
            toll.token = gate.clone();
            let check = toll.check(door, "POST", uri, auth);
            let check = check.header("x-gate-request-id", format!("{name} {nth}"));
            outcomes.push(toll.outcome(door, check).await);
        }
        assert_eq!(
            outcomes,
            [
                "200 sms.send",
                "403 restricted",
                "200 call 5.00",
                "403 restricted",
                "403 restricted",
                "200 sms.send",
                "403 restricted",
                "200 sms.send"
            ],
            "{door:?}"
        );
    }
}

#[tokio::test]
async fn a_call_without_the_money_is_402_and_says_what_there_is() {
    let toll = Toll::new().await;
    assert_snapshot!(shown(&toll, "POST", "/v1/calls", toll.own.auth()).await, @r#"
    402
    content-type: application/problem+json
    {
      "available": "1.00",
      "code": "insufficient_funds",
      "detail": "Not enough credit for this call. Ask whoever gave you this account for more, by transfer or payment.",
      "needed": "5.00",
      "request_id": "<uuid 1>",
      "status": 402,
      "title": "Not enough credit",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
    assert_eq!(toll.balance(&toll.own).await, "\"1.00\"");
}

#[tokio::test]
async fn what_is_available_of_a_shared_balance_is_not_said() {
    let toll = Toll::new().await;
    toll.change(&toll.partner, r#"{"credit_limit":"4.99"}"#).await;
    assert_snapshot!(shown(&toll, "POST", "/v1/calls", toll.shared.auth()).await, @r#"
    402
    content-type: application/problem+json
    {
      "code": "insufficient_funds",
      "detail": "Not enough credit for this call. Ask whoever gave you this account for more, by transfer or payment.",
      "needed": "5.00",
      "request_id": "<uuid 1>",
      "status": 402,
      "title": "Not enough credit",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
}

#[tokio::test]
async fn a_call_of_a_suspended_account_is_403() {
    let toll = Toll::new().await;
    toll.change(&toll.own, r#"{"status":"suspended"}"#).await;
    assert_snapshot!(shown(&toll, "GET", "/v1/x", toll.own.auth()).await, @r#"
    403
    content-type: application/problem+json
    {
      "code": "suspended",
      "detail": "The account, or the one above it, is suspended. Ask whoever gave you this account.",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:suspended"
    }
    "#);
    // What the primary's state means for those below it.
    toll.change(&toll.partner, r#"{"status":"suspended"}"#).await;
    for account in [&toll.partner, &toll.shared] {
        let answer = toll.ask(Door::Forward, "POST", "/v1/messages", account.auth()).await;
        assert_eq!(outcome(&answer), "403 suspended");
    }
}

#[tokio::test]
async fn a_call_of_a_closed_account_is_401() {
    let toll = Toll::new().await;
    assert_eq!(outcome(&toll.ask(Door::Forward, "GET", "/v1/x", toll.own.auth()).await), "200 read");
    toll.house.close(&toll.own).await;
    let answer = toll.ask(Door::Forward, "GET", "/v1/x", toll.own.auth()).await;
    assert_eq!(outcome(&answer), "401 unauthenticated");
}

#[tokio::test]
async fn a_call_that_no_rule_fits_is_403() {
    let toll = Toll::new().await;
    assert_snapshot!(shown(&toll, "POST", "/v1/other", toll.own.auth()).await, @r#"
    403
    content-type: application/problem+json
    {
      "code": "no_price",
      "detail": "Such a call is not for sale: no rule of the price plan fits its method and path. Check both; the operator adds rules.",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:no_price"
    }
    "#);
}

#[tokio::test]
async fn a_family_without_a_plan_has_no_price() {
    let toll = Toll::new().await;
    let plan = r#"{"currency":"EUR","rules":[]}"#;
    toll.house.call(axum::http::Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, plan).await;
    let answer = toll.ask(Door::Forward, "GET", "/v1/x", toll.own.auth()).await;
    assert_eq!(outcome(&answer), "403 no_price");
}

#[tokio::test]
async fn a_call_that_the_plan_denies_is_403() {
    let toll = Toll::new().await;
    assert_snapshot!(shown(&toll, "GET", "/v1/admin/x", toll.own.auth()).await, @r#"
    403
    content-type: application/problem+json
    {
      "code": "denied",
      "detail": "The price plan does not allow such a call.",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:denied"
    }
    "#);
}

#[tokio::test]
async fn a_check_that_is_not_as_it_should_be_is_403() {
    let toll = Toll::new().await;
    let answer = toll.send(Door::Forward.asks("GET", "/v1/x")).await;
    assert_snapshot!(toll.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "gate_misconfigured",
      "detail": "x-gate-token is missing: the proxy must set it in the check",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:gate_misconfigured"
    }
    "#);
}

#[tokio::test]
async fn too_many_failed_authentications_are_429() {
    let toll = Toll::new().await;
    for _ in 0..60 {
        let answer = toll.ask(Door::Forward, "GET", "/v1/x", Auth::Basic(&toll.own.key, "wrong")).await;
        assert_eq!(outcome(&answer), "401 unauthenticated");
    }
    assert_snapshot!(shown(&toll, "GET", "/v1/x", Auth::Basic(&toll.own.key, "wrong")).await, @r#"
    429
    content-type: application/problem+json
    retry-after: 60
    {
      "code": "busy",
      "detail": "Too much at once. Call again after the time in Retry-After.",
      "request_id": "<uuid 1>",
      "status": 429,
      "title": "Too many requests",
      "type": "urn:tollgate:problem:busy"
    }
    "#);
    let answer = toll.ask(Door::Nginx, "GET", "/v1/x", Auth::Basic(&toll.own.key, "wrong")).await;
    assert_eq!(answer.header("retry-after"), Some("60"), "nginx can say it, too: {answer}");
    assert_eq!(outcome(&toll.told(Door::Nginx, answer).await), "429 busy");
    toll.house.clock.advance(60_000);
    assert_eq!(outcome(&toll.ask(Door::Forward, "GET", "/v1/x", toll.own.auth()).await), "200 read");
}

/// The writer waits for a lock that is ours meanwhile, so that nothing leaves the queue.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_429_and_what_it_turned_away_was_not_paid() {
    let toll = Arc::new(Toll::new().await);
    // More than may wait (20,000) and are in the batch that the writer has in hand (1,024 at most).
    const CALLS: usize = 21_200;
    toll.change(&toll.partner, r#"{"credit_limit":"10000"}"#).await;
    assert_eq!(outcome(&toll.ask(Door::Envoy, "GET", "/v1/x", toll.partner.auth()).await), "200 read");
    let lock = toll.house.sql();
    lock.keep_writers_waiting();
    let calls =
        join_all((0..CALLS).map(|_| toll.ask(Door::Envoy, "POST", "/v1/messages", toll.partner.auth())));
    let mut calls = Box::pin(calls);
    // Each is polled until it waits: after this, all that fit are in the queue, and the rest is answered.
    let early = tokio::time::timeout(Duration::ZERO, &mut calls).await;
    assert!(early.is_err(), "nobody waits for the writer");
    drop(lock);
    let answers = calls.await;
    let turned_away: Vec<_> = answers.iter().filter(|it| it.status != 200).collect();
    let passed = CALLS - turned_away.len();
    assert!(passed >= 20_000, "{passed} passed");
    assert!(!turned_away.is_empty(), "all {CALLS} fitted");
    for answer in &turned_away {
        assert_eq!((outcome(answer).as_str(), answer.header("retry-after")), ("429 busy", Some("1")));
    }
    let taken = format!("\"-{}.{:02}\"", passed / 10, passed % 10 * 10);
    assert_eq!(toll.balance(&toll.partner).await, taken, "each that passed was paid, and none else");
    assert_snapshot!(toll.house.shown(turned_away[0]), @r#"
    429
    content-type: application/problem+json
    retry-after: 1
    {
      "code": "busy",
      "detail": "Too much at once. Call again after the time in Retry-After.",
      "request_id": "<uuid 1>",
      "status": 429,
      "title": "Too many requests",
      "type": "urn:tollgate:problem:busy"
    }
    "#);
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_503() {
    let toll = Toll::new().await;
    assert_eq!(outcome(&toll.ask(Door::Forward, "GET", "/v1/x", toll.own.auth()).await), "200 read");
    toll.house.app.store().close();
    assert_snapshot!(shown(&toll, "POST", "/v1/messages", toll.own.auth()).await, @r#"
    503
    content-type: application/problem+json
    retry-after: 1
    {
      "code": "unavailable",
      "detail": "Calls cannot be paid for just now, and this one was not. Call again later.",
      "request_id": "<uuid 1>",
      "status": 503,
      "title": "Unavailable",
      "type": "urn:tollgate:problem:unavailable"
    }
    "#);
    for door in DOORS {
        let request = toll.check(door, "GET", "/v1/x", toll.own.auth());
        assert_eq!(toll.outcome(door, request).await, "503 unavailable", "{door:?}: fails closed");
    }
}

/// nginx lets a check say 401 and 403, and throws its body away; so it asks again what the body was.
#[tokio::test]
async fn nginx_asks_for_what_a_denied_check_could_not_say() {
    let toll = Toll::new().await;
    let answer = toll.ask(Door::Nginx, "POST", "/v1/calls", toll.own.auth()).await;
    toll.house.call_it("sealed", answer.header("x-sub-token").unwrap());
    assert_snapshot!(toll.house.shown(&answer), @"
    403
    x-sub-status: 402
    x-sub-token: <sealed>
    ");
    let told = toll.house.send(denied(&answer)).await;
    assert_snapshot!(toll.house.shown(&told), @r#"
    402
    content-type: application/problem+json
    {
      "available": "1.00",
      "code": "insufficient_funds",
      "detail": "Not enough credit for this call. Ask whoever gave you this account for more, by transfer or payment.",
      "needed": "5.00",
      "request_id": "<uuid 1>",
      "status": 402,
      "title": "Not enough credit",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
    assert_eq!(told.json()["request_id"], answer.header("x-request-id").unwrap(), "of the check");

    let answer = toll.ask(Door::Nginx, "GET", "/v1/x", Auth::Nothing).await;
    toll.house.call_it("sealed", answer.header("x-sub-token").unwrap());
    assert_snapshot!(toll.house.shown(&answer), @r#"
    401
    www-authenticate: Basic realm="tollgate"
    x-sub-status: 401
    x-sub-token: <sealed>
    "#);
    let told = toll.house.send(denied(&answer)).await;
    assert_eq!(told.header("www-authenticate"), Some("Basic realm=\"tollgate\""));
}

/// Whichever door it came through, a denied call is told the same.
#[tokio::test]
async fn every_denial_is_told_alike_at_every_door() {
    let toll = Toll::new().await;
    let auth = toll.own.auth();
    let nobody = Auth::Basic(&toll.own.key, "wrong");
    for (method, uri, auth) in [
        ("GET", "/v1//x", auth),
        ("GET", "/v1/x", nobody),
        ("GET", "/v1/x", Auth::Nothing),
        ("GET", "/v1/x", BY_OPERATOR),
        ("POST", "/v1/calls", auth),
        ("POST", "/v1/calls", toll.shared.auth()),
        ("POST", "/v1/other", auth),
        ("GET", "/v1/admin/x", auth),
    ] {
        toll.change(&toll.partner, r#"{"credit_limit":"1"}"#).await;
        let mut told = Vec::new();
        for door in DOORS {
            let answer = toll.ask(door, method, uri, auth).await;
            let mut answer = toll.told(door, answer).await;
            answer.headers.remove("x-request-id");
            told.push(toll.house.shown(&answer));
        }
        assert!(told.iter().all(|it| *it == told[0]), "{method} {uri}: {told:#?}");
    }
}

#[tokio::test]
async fn only_what_a_check_has_sealed_is_told() {
    let toll = Toll::new().await;
    let real = toll.ask(Door::Nginx, "GET", "/v1/admin/x", toll.own.auth()).await;
    let real = real.header("x-sub-token").unwrap().to_owned();
    let stranger = Toll::new().await;
    let foreign_key = tollgate::seal::Keyring::new(&[8; 32]);
    let random = tollgate::random::Random::seeded(1);
    let paid = r#"{"status":200,"code":"ok","detail":"ok"}"#;
    let foreign = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(foreign_key.seal(paid, &random))
    };
    let mut turned = real.clone().into_bytes();
    let last = turned.len() - 2;
    turned[last] = if turned[last] == b'A' { b'B' } else { b'A' };
    let turned = String::from_utf8(turned).unwrap();
    for (what, token) in [
        ("missing", None),
        ("empty", Some("")),
        ("made up", Some("eyJzdGF0dXMiOjIwMH0")),
        ("plain", Some(paid)),
        ("cut off", real.get(..40)),
        ("turned", Some(&*turned)),
        ("of another key", Some(&*foreign)),
        ("sealed, but no denial", Some(&*toll.house.app.seal("drill until 9999999999999"))),
    ] {
        let request = Request::get("/gate/denied");
        let request = token.into_iter().fold(request, |request, it| request.header("x-sub-token", it));
        let answer = toll.house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(outcome(&answer), "403 gate_misconfigured", "{what}");
    }
    // Of another process with the same key file, as behind a restart.
    let request = Request::get("/gate/denied?x=1").header("x-sub-token", &real).header("x-sub-status", "200");
    let answer = stranger.house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(outcome(&answer), "403 denied");
    let missing = Request::get("/gate/denied").body(Body::empty()).unwrap();
    assert_snapshot!(toll.house.shown(&toll.house.send(missing).await), @r#"
    403
    content-type: application/problem+json
    {
      "code": "gate_misconfigured",
      "detail": "x-sub-token is not what a denied check answered: see the recipe for nginx",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:gate_misconfigured"
    }
    "#);
}
