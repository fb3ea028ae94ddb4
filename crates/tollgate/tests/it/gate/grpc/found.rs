//! What a check finds, by the names that Envoy has for it.

use axum::http::HeaderMap;
use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::google::protobuf::value::Kind;
use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tollgate::app::Settings;

use super::{about, answer, ask, call_of, extended, of, proof, router};
use crate::gate::{Door, Toll, outcome};
use crate::house::{Answer, Auth, BY_OPERATOR};

fn metadata(response: &CheckResponse) -> Value {
    let fields = &response.dynamic_metadata.as_ref().unwrap().fields;
    let text = |it: &Kind| {
        let Kind::StringValue(text) = it else { panic!("{it:?}") };
        json!(text)
    };
    fields.iter().map(|(name, value)| (name.clone(), text(value.kind.as_ref().unwrap()))).collect()
}

fn removed(response: &CheckResponse) -> &[String] {
    let Some(HttpResponse::OkResponse(ok)) = &response.http_response else { panic!("{response:?}") };
    &ok.headers_to_remove
}

#[tokio::test]
async fn what_the_check_found_is_metadata() {
    let toll = Toll::new().await;
    let mut found = Vec::new();
    for (method, path) in
        [("POST", "/v1/messages"), ("POST", "/v1/calls"), ("GET", "/v1/x"), ("POST", "/v1/other")]
    {
        let response = toll.checked(about(call_of(toll.partner.auth(), path, method, path))).await;
        let body = Bytes::from(serde_json::to_vec(&metadata(&response)).unwrap());
        found.push(toll.house.shown(&Answer { status: 0, headers: HeaderMap::new(), body }));
    }
    let shared = toll.checked(about(call_of(toll.shared.auth(), "8", "POST", "/v1/messages"))).await;
    assert_eq!(metadata(&shared).get("credit_remaining"), None, "it is the primary's affair");
    assert_snapshot!(found.join("\n"), @r#"
    0
    {
      "account": "<id of Partner>",
      "charge_amount": "0.10",
      "charge_id": "<uuid 1>",
      "credit_remaining": "99.90",
      "operation": "sms.send",
      "request_id": "/v1/messages",
      "root": "<id of Partner>"
    }
    0
    {
      "account": "<id of Partner>",
      "credit_remaining": "94.90",
      "hold_amount": "5.00",
      "hold_id": "<uuid 1>",
      "operation": "call",
      "request_id": "/v1/calls",
      "root": "<id of Partner>"
    }
    0
    {
      "account": "<id of Partner>",
      "credit_remaining": "94.90",
      "operation": "read",
      "request_id": "/v1/x",
      "root": "<id of Partner>"
    }
    0
    {
      "code": "no_price"
    }
    "#);
}

#[tokio::test]
async fn the_credential_and_what_is_said_in_the_gates_name_are_removed() {
    let toll =
        Toll::with(Settings { gate_key_header: Some("x-api-key".into()), ..Settings::default() }).await;
    let mut http = call_of(toll.own.auth(), "1", "GET", "/v1/x");
    for name in [
        "accept",
        "x-api-key",
        "X-API-KEY",
        "x-request-id",
        "x-hold-id",
        "x_hold_id",
        "x-hold-other",
        "x-sub-account",
        "X-Sub_Account",
        "x_sub-more",
        "x-credit-x",
        "x-gate-request-id",
        "x-gate-x",
        "x-original-x",
        "x-rewrite-x",
        "x_http_method_override",
        "x-subject",
        "x-forwarded-for",
        "cookie",
    ] {
        let value = if name.eq_ignore_ascii_case("x-api-key") { &*toll.own.secret } else { "mine" };
        http.headers.insert(name.to_owned(), value.to_owned());
    }
    // Twice, in whatever case, is no credential.
    assert_eq!(toll.told_of(about(http.clone())).await, "401 unauthenticated");
    http.headers.remove("X-API-KEY");
    let response = toll.checked(about(http)).await;
    assert_snapshot!(removed(&response).join("\n"), @"
    authorization
    x-api-key
    x-credit-x
    x-forwarded-method
    x-forwarded-prefix
    x-forwarded-uri
    x-gate-client
    x-gate-token
    x-gate-x
    x-hold-other
    x-http-method
    x-http-method-override
    x-method-override
    x-original-method
    x-original-uri
    x-original-url
    x-original-x
    x-rewrite-url
    x-rewrite-x
    x-sub-status
    x-sub-token
    x-sub_account
    x_hold_id
    x_http_method_override
    x_sub-more
    ");
    // What is set comes in place of what a client sent, and is not removed.
    let set: Vec<_> = of(&response, HeaderMap::new()).headers.keys().map(ToString::to_string).collect();
    assert!(set.iter().all(|it| !removed(&response).contains(it)), "{set:?}");
    assert!(
        set.contains(&"x-gate-request-id".to_owned()) && set.contains(&"x-hold-id".to_owned()),
        "{set:?}"
    );
}

#[tokio::test]
async fn a_check_that_envoy_sends_again_is_one_call() {
    let toll = Toll::new().await;
    let check = |id: &str| about(call_of(toll.partner.auth(), id, "POST", "/v1/messages"));
    let first = toll.checked(check("1")).await;
    assert_eq!(toll.checked(check("1")).await, first);
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.10\"");
    toll.checked(check("2")).await;
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.20\"");
    // Without any, each is a call of its own.
    for _ in 0..2 {
        let response = of(&toll.checked(check("")).await, HeaderMap::new());
        assert_eq!(response.header("x-gate-request-id"), Some(""));
    }
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.40\"");
    // The metadata's comes before it, and is the same as at other doors.
    let mut metadata = proof(&toll);
    metadata.insert("x-gate-request-id", "1".parse().unwrap());
    ask(&router(&toll), metadata, check("3")).await.unwrap();
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.40\"");
}

/// Envoy sends all headers of a call: none of them is the proxy's word.
#[tokio::test]
async fn nothing_of_ours_is_read_from_the_headers_of_the_call() {
    let toll = Toll::new().await;
    let mut http = call_of(toll.partner.auth(), "", "POST", "/v1/messages");
    for (name, value) in [
        ("x-gate-request-id", "1"),
        ("x-request-id", "1"),
        ("x-gate-token", &*toll.token),
        ("x-gate-client", "192.0.2.1"),
        ("x-forwarded-uri", "/v1/x"),
        ("operation", "read"),
        ("x-operation", "read"),
    ] {
        http.headers.insert(name.to_owned(), value.to_owned());
    }
    for n in 1..=3 {
        assert_eq!(toll.told_of(about(http.clone())).await, "200 sms.send");
        assert_eq!(toll.balance(&toll.partner).await, format!("\"-0.{n}0\""));
    }
    let unproven = ask(&router(&toll), HeaderMap::new(), about(http)).await.unwrap();
    assert_eq!(outcome(&answer(&unproven)), "403 gate_misconfigured");
    // Nor is the address that failures are counted for.
    for failure in 0..60 {
        let mut http = call_of(Auth::Basic(&toll.own.key, "wrong"), "", "GET", "/v1/x");
        http.headers.insert("x-gate-client".to_owned(), format!("192.0.2.{failure}"));
        assert_eq!(toll.told_of(about(http)).await, "401 unauthenticated");
    }
    let again = || about(call_of(Auth::Basic(&toll.own.key, "wrong"), "", "GET", "/v1/x"));
    assert_eq!(toll.told_of(again()).await, "429 busy");
    let mut elsewhere = again();
    elsewhere.attributes.as_mut().unwrap().source = None;
    assert_eq!(toll.told_of(elsewhere).await, "401 unauthenticated", "the proxy's own address");
}

#[tokio::test]
async fn the_operation_that_a_route_names_leaves_its_rules_alone() {
    let toll = Toll::new().await;
    let plan = r#"{"currency":"EUR","default":true,"rules":[
        {"path":"/v1/admin/**","operation":"admin","mode":"deny"},
        {"method":"POST","path":"/v1/messages","operation":"sms.send","mode":"charge","unit_price":"0.05"},
        {"path":"/**","operation":"answer","mode":"charge","unit_price":"1"},
        {"path":"/**","operation":"free","mode":"free"}]}"#;
    let put =
        toll.house.call(axum::http::Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, plan).await;
    assert_eq!(put.status, 200, "{put}");
    let mut said = Vec::new();
    for (operation, path) in [
        (None, "/v1/messages"),
        (Some("sms.send"), "/v1/messages"),
        (Some("answer"), "/v1/messages"),
        (Some("free"), "/v1/messages"),
        (Some("free"), "/v1/admin/x"),
        (Some("free"), "/v1//x"),
        (Some("sms.send"), "/v1/x"),
        (Some("other"), "/v1/messages"),
        (Some("Free"), "/v1/messages"),
        (Some(" "), "/v1/messages"),
        (Some(""), "/v1/messages"),
    ] {
        let extensions: Vec<_> =
            operation.map(|it| ("operation", it)).into_iter().chain([("tier", "gold")]).collect();
        let check = extended(about(call_of(toll.partner.auth(), "", "POST", path)), &extensions);
        said.push(format!("{operation:?} {path} -> {}", toll.told_of(check).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    None /v1/messages -> 200 sms.send
    Some("sms.send") /v1/messages -> 200 sms.send
    Some("answer") /v1/messages -> 200 answer
    Some("free") /v1/messages -> 200 free
    Some("free") /v1/admin/x -> 403 denied
    Some("free") /v1//x -> 400 path_not_normal
    Some("sms.send") /v1/x -> 403 no_price
    Some("other") /v1/messages -> 403 no_price
    Some("Free") /v1/messages -> 403 no_price
    Some(" ") /v1/messages -> 403 no_price
    Some("") /v1/messages -> 403 gate_misconfigured
    "#);
    assert_eq!(toll.balance(&toll.partner).await, "\"-1.10\"");
    // The id of a check stands for one operation.
    let check = |operation| {
        extended(
            about(call_of(toll.partner.auth(), "r", "POST", "/v1/messages")),
            &[("operation", operation)],
        )
    };
    assert_eq!(toll.told_of(check("sms.send")).await, "200 sms.send");
    assert_eq!(toll.told_of(check("sms.send")).await, "200 sms.send");
    assert_eq!(toll.told_of(check("answer")).await, "403 request_id_reused");
    assert_eq!(toll.balance(&toll.partner).await, "\"-1.15\"");
    let body = r#"{"requests":[
        {"method":"POST","path":"/v1/messages"},
        {"method":"POST","path":"/v1/messages","operation":"answer"},
        {"method":"POST","path":"/v1/admin/x","operation":"answer"},
        {"method":"POST","path":"/v1/messages","operation":""}]}"#;
    let tried = toll.house.post("/api/v1/price-plans/standard/try", BY_OPERATOR, body).await.json();
    let outcomes = tried["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["outcome"], &it["operation"], &it["amount"]));
    assert_eq!(
        json!(outcomes.collect::<Vec<_>>()),
        json!([
            ["charge", "sms.send", "0.05"],
            ["charge", "answer", "1.00"],
            ["deny", "admin", null],
            ["no_price", null, null]
        ]),
    );
}

/// Of another family or nobody's: whose credential comes is whose call it is, whatever else the check says.
#[tokio::test]
async fn a_call_is_its_credentials_accounts_alone() {
    let toll = Toll::new().await;
    let stranger = toll.house.primary("Stranger", "100").await;
    for (name, value) in [("x-sub-account", stranger.id.to_string()), ("x-sub-root", stranger.id.to_string())]
    {
        let mut http = call_of(toll.own.auth(), "", "POST", "/v1/messages");
        http.headers.insert(name.to_owned(), value.clone());
        let mut check = extended(about(http), &[("account", &value), ("operation", "sms.send")]);
        let source = check.attributes.as_mut().unwrap().source.as_mut().unwrap();
        (source.principal, source.service) = (value.clone(), value.clone());
        let response = toll.checked(check).await;
        assert_eq!(of(&response, HeaderMap::new()).header("x-sub-account"), Some(&*toll.own.id.to_string()));
        assert_eq!(metadata(&response)["account"], json!(toll.own.id.to_string()));
    }
    assert_eq!(toll.balance(&toll.own).await, "\"0.80\"");
    assert_eq!(toll.balance(&stranger).await, "\"0.00\"");
}

/// Never below the limit, however many ask at once, by gRPC and by HTTP together.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_take_what_is_there_and_not_one_unit_more() {
    let toll = Toll::new().await;
    let checks = (0..100).map(|n| {
        let id = format!("{n}");
        let toll = &toll;
        async move { toll.told_of(about(call_of(toll.own.auth(), &id, "POST", "/v1/messages"))).await }
    });
    let asked = (0..100).map(|_| {
        let request = toll.check(Door::Envoy, "POST", "/v1/messages", toll.own.auth());
        toll.outcome(Door::Envoy, request)
    });
    let (by_grpc, by_http) = tokio::join!(join_all(checks), join_all(asked));
    let passed = by_grpc.iter().chain(&by_http).filter(|it| *it == "200 sms.send").count();
    let short = by_grpc.iter().chain(&by_http).filter(|it| *it == "402 insufficient_funds").count();
    assert_eq!((passed, short), (10, 190));
    assert_eq!(toll.balance(&toll.own).await, "\"0.00\"");
}

/// The journal says from where Envoy has seen the call come; what its metadata say comes before that, where they say it once.
#[tokio::test]
async fn the_journal_says_where_a_call_came_from() {
    let toll = Toll::new().await;
    let from = |address: &str, metadata: &[&str]| {
        let mut check = about(call_of(toll.partner.auth(), "", "POST", "/v1/messages"));
        let source = core::address::Address::SocketAddress(core::SocketAddress {
            address: address.to_owned(),
            ..core::SocketAddress::default()
        });
        check.attributes.as_mut().unwrap().source.as_mut().unwrap().address =
            Some(core::Address { address: Some(source) });
        let mut headers = proof(&toll);
        for it in metadata {
            headers.append("x-gate-client", it.parse().unwrap());
        }
        (headers, check)
    };
    let router = router(&toll);
    for (headers, check) in [
        from("192.0.2.1", &[]),
        from("2001:db8::1", &[]),
        from("192.0.2.1", &["198.51.100.1"]),
        from("192.0.2.1", &["somewhere"]),
        from("192.0.2.1", &["198.51.100.1", "198.51.100.2"]),
    ] {
        assert_eq!(outcome(&answer(&ask(&router, headers, check).await.unwrap())), "200 sms.send");
    }
    let lines = toll.house.sql().rows("SELECT address FROM journal WHERE kind = 6 ORDER BY seq").concat();
    let first = "c0000201";
    assert_eq!(lines, [first, "20010db8000000000000000000000001", "c6336401", first, first]);
}
