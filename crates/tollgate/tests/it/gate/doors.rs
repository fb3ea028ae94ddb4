//! What each door reads, and what a call that passes is told.

use insta::assert_snapshot;

use super::{DOORS, Door, Toll, outcome, set};
use crate::house::{BY_OPERATOR, Opening};

/// A call through each door of a new gate, each alike.
async fn at_each_door(method: &str, path: &str, who: impl Fn(&Toll) -> &Opening) -> String {
    let mut shown = Vec::new();
    for door in DOORS {
        let toll = Toll::new().await;
        let answer = toll.ask(door, method, path, who(&toll).auth()).await;
        shown.push(toll.house.shown(&answer));
    }
    assert!(shown.iter().all(|it| *it == shown[0]), "{shown:#?}");
    shown.swap_remove(0)
}

#[tokio::test]
async fn a_call_that_is_charged_passes_and_the_server_behind_is_told_for_whom() {
    assert_snapshot!(at_each_door("POST", "/v1/messages", |it| &it.own).await, @"
    200
    x-sub-account: <id of Own>
    x-sub-root: <id of Partner>
    x-sub-operation: sms.send
    x-hold-id:
    x-hold-amount:
    x-credit-remaining: 0.90
    ");
}

#[tokio::test]
async fn a_call_that_is_held_for_passes_with_its_hold() {
    assert_snapshot!(at_each_door("POST", "/v1/calls", |it| &it.partner).await, @"
    200
    x-sub-account: <id of Partner>
    x-sub-root: <id of Partner>
    x-sub-operation: call
    x-hold-id: <uuid 1>
    x-hold-amount: 5.00
    x-credit-remaining: 95.00
    ");
    let toll = Toll::new().await;
    let answer = toll.ask(Door::Nginx, "POST", "/v1/calls", toll.partner.auth()).await;
    let hold = answer.header("x-hold-id").unwrap();
    let hold = toll.house.get(&format!("/api/v1/holds/{hold}"), BY_OPERATOR).await.json();
    assert_eq!((&hold["status"], &hold["operation"]), (&"open".into(), &"call".into()));
    assert_eq!(hold["expires_at"], "2024-08-28T14:12:32.239Z");
}

#[tokio::test]
async fn a_call_that_is_free_passes_and_takes_nothing() {
    assert_snapshot!(at_each_door("GET", "/v1/messages", |it| &it.own).await, @"
    200
    x-sub-account: <id of Own>
    x-sub-root: <id of Partner>
    x-sub-operation: read
    x-hold-id:
    x-hold-amount:
    x-credit-remaining: 1.00
    ");
}

/// Its primary's figures are not for a customer that shares them, nor for what its call is told.
#[tokio::test]
async fn what_remains_of_a_shared_balance_is_not_told() {
    assert_snapshot!(at_each_door("POST", "/v1/messages", |it| &it.shared).await, @"
    200
    x-sub-account: <id of Shared>
    x-sub-root: <id of Partner>
    x-sub-operation: sms.send
    x-hold-id:
    x-hold-amount:
    x-credit-remaining:
    ");
}

/// A proxy that copies headers would take one that is not there literally, or leave the client's own.
#[tokio::test]
async fn every_header_is_there_whatever_passed() {
    let toll = Toll::new().await;
    for (method, path) in [("POST", "/v1/messages"), ("POST", "/v1/calls"), ("GET", "/v1/x")] {
        for account in [&toll.partner, &toll.shared] {
            let answer = toll.ask(Door::Forward, method, path, account.auth()).await;
            for name in ["account", "root", "operation"]
                .map(|it| format!("x-sub-{it}"))
                .iter()
                .map(String::as_str)
                .chain(["x-hold-id", "x-hold-amount", "x-credit-remaining"])
            {
                assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn each_door_ignores_the_headers_of_the_others() {
    let toll = Toll::new().await;
    let foreign = |door| DOORS.into_iter().filter(move |it| *it != door).map(Door::headers);
    for door in DOORS {
        // What the others are told would cost nothing, be denied, or be no path at all.
        for (method, uri) in [("GET", "/v1/x"), ("POST", "/v1/admin/x"), ("", ""), ("GET", "//")] {
            let request = toll.check(door, "POST", "/v1/messages", toll.partner.auth());
            let request = foreign(door).fold(request, |request, [in_method, in_uri]| {
                if door.headers() == [in_method, in_uri] {
                    return request;
                }
                set(set(request, in_method, Some(method)), in_uri, Some(uri))
            });
            assert_eq!(toll.outcome(door, request).await, "200 sms.send", "{door:?} {method} {uri}");
        }
    }
    // Envoy's reads no header at all: not even the forwarded ones, which Envoy itself may set.
    let request = toll.check(Door::Envoy, "GET", "/v1/x", toll.partner.auth());
    let request = [Door::Nginx, Door::Forward].into_iter().fold(request, |request, door| {
        let [in_method, in_uri] = door.headers();
        request.header(in_method, "POST").header(in_uri, "/v1/messages")
    });
    assert_eq!(toll.outcome(Door::Envoy, request).await, "200 read");
}

#[tokio::test]
async fn what_else_a_client_may_send_changes_nothing() {
    let toll = Toll::new().await;
    for door in DOORS {
        for (name, value) in [
            ("x-http-method-override", "GET"),
            ("x-method-override", "GET"),
            ("x-rewrite-url", "/v1/x"),
            ("x-original-url", "/v1/x"),
            ("x-envoy-original-path", "/v1/x"),
            ("x-sub-account", "me"),
            ("x-sub-operation", "read"),
            ("x-hold-id", "mine"),
            ("x-hold-amount", "0"),
            ("x-sub-status", "200"),
            ("x-credit-remaining", "1000000"),
            ("idempotency-key", "k"),
            ("x-request-id", "r"),
            ("x-price-plan", "cheap"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-host", "elsewhere"),
        ] {
            let before = toll.balance(&toll.partner).await;
            let request = toll.check(door, "POST", "/v1/messages", toll.partner.auth()).header(name, value);
            let answer = toll.send(request).await;
            assert_eq!(outcome(&answer), "200 sms.send", "{door:?} {name}");
            assert_eq!(answer.header("x-hold-id"), Some(""), "{name}");
            assert_ne!(toll.balance(&toll.partner).await, before, "{name} has made it a repeat");
        }
    }
}

#[tokio::test]
async fn no_query_parameter_has_an_effect() {
    let toll = Toll::new().await;
    let query = format!(
        "mode=native&mode=nginx&cost=0&amount=0&operation=read&path=/v1/x&plan=cheap&free=1&force=1&request_id=r\
         &x-gate-token={}&account={}",
        toll.token, toll.partner.id
    );
    for door in DOORS {
        let original = toll.check(door, "POST", &format!("/v1/messages?{query}"), toll.partner.auth());
        assert_eq!(toll.outcome(door, original).await, "200 sms.send", "{door:?}");
        // A token in the query is no proof either.
        let unproven = door.asks("POST", &format!("/v1/messages?{query}"));
        assert_eq!(toll.outcome(door, unproven).await, "403 gate_misconfigured", "{door:?}");
    }
    // Caddy keeps the client's query on the door's own address.
    for (door, address) in [(Door::Nginx, "/gate/nginx"), (Door::Forward, "/gate/forward")] {
        let request = toll.check(door, "POST", "/v1/messages", toll.partner.auth());
        let request = request.uri(format!("{address}?{query}"));
        assert_eq!(toll.outcome(door, request).await, "200 sms.send", "{door:?}");
    }
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.60\"", "six calls at 0.10");
}

#[tokio::test]
async fn a_header_that_is_missing_empty_or_doubled_is_the_proxys_fault() {
    let toll = Toll::new().await;
    let mut said = Vec::new();
    for door in [Door::Nginx, Door::Forward] {
        for name in door.headers() {
            let request = || toll.check(door, "GET", "/v1/x", toll.own.auth());
            for (what, request) in [
                ("missing", set::<str>(request(), name, None)),
                ("empty", set(request(), name, Some(""))),
                ("doubled", request().header(name, "GET")),
            ] {
                let answer = toll.send(request).await;
                let told = toll.told(door, answer).await;
                assert_eq!(outcome(&told), "403 gate_misconfigured", "{name} {what}");
                said.push(format!("{what}: {}", told.json()["detail"].as_str().unwrap()));
            }
        }
    }
    assert_snapshot!(said.join("\n"), @"
    missing: x-original-method is missing: the proxy must set it in the check
    empty: x-original-method is empty
    doubled: x-original-method is there twice: set it, and nothing beside it
    missing: x-original-uri is missing: the proxy must set it in the check
    empty: x-original-uri is empty
    doubled: x-original-uri is there twice: set it, and nothing beside it
    missing: x-forwarded-method is missing: the proxy must set it in the check
    empty: x-forwarded-method is empty
    doubled: x-forwarded-method is there twice: set it, and nothing beside it
    missing: x-forwarded-uri is missing: the proxy must set it in the check
    empty: x-forwarded-uri is empty
    doubled: x-forwarded-uri is there twice: set it, and nothing beside it
    ");
    assert_eq!(toll.balance(&toll.own).await, "\"1.00\"");
}

/// The path and the query are what a client wrote, so what is no text there is not the proxy's fault.
#[tokio::test]
async fn what_a_client_wrote_that_is_no_text_has_no_price_and_in_a_query_does_not_matter() {
    let toll = Toll::new().await;
    for door in [Door::Nginx, Door::Forward] {
        let [in_method, in_uri] = door.headers();
        let request = || toll.check(door, "POST", "/v1/messages", toll.partner.auth());
        for (name, value, expected) in [
            (in_method, &b"P\xFFST"[..], "403 gate_misconfigured"),
            (in_uri, b"/v1/\xFF", "400 path_not_normal"),
            (in_uri, b"/v1/\xC3\xA4", "400 path_not_normal"),
            (in_uri, b"/v1/messages?\xFF", "200 sms.send"),
        ] {
            let request = set(request(), name, Some(value));
            assert_eq!(toll.outcome(door, request).await, expected, "{door:?} {value:?}");
        }
    }
}

/// As it comes, and nothing that stands before `/gate/envoy` is looked at.
#[tokio::test]
async fn envoys_path_is_what_follows_the_prefix() {
    let toll = Toll::new().await;
    let mut said = Vec::new();
    for path in [
        "",
        "/",
        "/v1/x",
        "/v1/x/",
        "/?a=/v1/admin/x",
        "/v1/admin/x",
        "//v1/x",
        "/v1//admin/x",
        "/v1/./admin/x",
        "/v1/%61dmin/x",
        "/v1%2Fadmin/x",
        "/v1/x;y",
        "/gate/envoy/v1/x",
        "/gate/nginx",
        "/v1/a%20b",
        "/v1/%zz",
    ] {
        let request = toll.check(Door::Envoy, "GET", path, toll.own.auth());
        said.push(format!("{path} -> {}", toll.outcome(Door::Envoy, request).await));
    }
    assert_snapshot!(said.join("\n"), @"
     -> 200 read
    / -> 200 read
    /v1/x -> 200 read
    /v1/x/ -> 200 read
    /?a=/v1/admin/x -> 200 read
    /v1/admin/x -> 403 denied
    //v1/x -> 400 path_not_normal
    /v1//admin/x -> 400 path_not_normal
    /v1/./admin/x -> 400 path_not_normal
    /v1/%61dmin/x -> 400 path_not_normal
    /v1%2Fadmin/x -> 400 path_not_normal
    /v1/x;y -> 400 path_not_normal
    /gate/envoy/v1/x -> 200 read
    /gate/nginx -> 200 read
    /v1/a%20b -> 200 read
    /v1/%zz -> 400 path_not_normal
    ");
}

/// The same whichever way it came, and never a path that is made plain first.
#[tokio::test]
async fn a_path_is_priced_as_it_is_written() {
    let toll = Toll::new().await;
    for door in DOORS {
        for (path, expected) in [
            ("/v1/messages", "200 sms.send"),
            ("/v1/messages/", "200 sms.send"),
            ("/v1/messages?to=1", "200 sms.send"),
            ("/v1/messages?", "200 sms.send"),
            ("/v1/Messages", "403 no_price"),
            ("/v1/messages//", "400 path_not_normal"),
            ("/v1//messages", "400 path_not_normal"),
            ("/v1/./messages", "400 path_not_normal"),
            ("/v1/x/../messages", "400 path_not_normal"),
            ("/v1/%6Dessages", "400 path_not_normal"),
            ("/v1%2fmessages", "400 path_not_normal"),
            ("/v1/messages;x=1", "400 path_not_normal"),
            ("/v1/messages%3Fx", "403 no_price"),
            ("/v1/other", "403 no_price"),
            ("/v1/admin/messages", "403 denied"),
        ] {
            let request = toll.check(door, "POST", path, toll.partner.auth());
            assert_eq!(toll.outcome(door, request).await, expected, "{door:?} {path}");
        }
    }
    for (uri, expected) in [
        ("http://elsewhere/v1/messages", "400 path_not_normal"),
        ("v1/messages", "400 path_not_normal"),
        ("*", "400 path_not_normal"),
        ("?", "400 path_not_normal"),
        ("/v1/messages#x", "400 path_not_normal"),
        ("/v1\\messages", "400 path_not_normal"),
        (" /v1/messages", "400 path_not_normal"),
    ] {
        for door in [Door::Nginx, Door::Forward] {
            let request = toll.check(door, "POST", uri, toll.partner.auth());
            assert_eq!(toll.outcome(door, request).await, expected, "{door:?} {uri}");
        }
    }
}

#[tokio::test]
async fn a_method_is_priced_as_it_is_written() {
    let toll = Toll::new().await;
    for door in DOORS {
        for (method, expected) in [
            ("POST", "200 sms.send"),
            ("post", "403 no_price"),
            ("Post", "403 no_price"),
            ("PUT", "403 no_price"),
            ("HEAD", "403 no_price"),
            ("GET", "200 read"),
            ("get", "403 no_price"),
        ] {
            let request = toll.check(door, method, "/v1/messages", toll.partner.auth());
            if door == Door::Envoy && method == "HEAD" {
                // Whose answer has no body.
                assert_eq!(toll.send(request).await.status, 403);
                continue;
            }
            assert_eq!(toll.outcome(door, request).await, expected, "{door:?} {method}");
        }
    }
}

/// How the proxy itself asks does not matter at the doors that read headers.
#[tokio::test]
async fn a_check_may_come_with_any_method_and_a_body() {
    let toll = Toll::new().await;
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        for door in [Door::Nginx, Door::Forward] {
            let request = toll.check(door, "POST", "/v1/messages", toll.partner.auth()).method(method);
            let answer = toll.house.send(request.body(r#"{"cost":0}"#.into()).unwrap()).await;
            assert_eq!(outcome(&answer), "200 sms.send", "{door:?} {method}");
        }
    }
}

#[tokio::test]
async fn there_is_no_other_door() {
    let toll = Toll::new().await;
    for path in [
        "/gate",
        "/gate/",
        "/gate/check",
        "/gate/nginx/",
        "/gate/envoys/v1/x",
        "/gate/forward/v1/x",
        "/gate/NGINX",
    ] {
        let request = toll.check(Door::Nginx, "GET", "/v1/x", toll.own.auth()).uri(path);
        let answer = toll.send(request).await;
        assert_eq!(outcome(&answer), "403 gate_misconfigured", "{path}");
    }
    let answer = toll.send(toll.check(Door::Nginx, "GET", "/v1/x", toll.own.auth()).uri("/gate/check")).await;
    assert_snapshot!(toll.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "gate_misconfigured",
      "detail": "there is no such door; the gate has /gate/nginx, /gate/forward and /gate/envoy/…",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:gate_misconfigured"
    }
    "#);
}
