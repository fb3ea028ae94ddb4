//! What is no check that could be answered as others are.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest, CheckResponse};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use insta::assert_snapshot;
use tonic_prost::prost::Message;
use tower::ServiceExt;

use super::{CHECK, about, call, call_of, framed, of, proof, raw, router};
use crate::gate::{Toll, outcome};

/// Whatever comes is a denial that says why, and never an error, at which Envoy may have been told to let calls pass.
#[tokio::test]
async fn what_is_no_check_is_denied() {
    let toll = Toll::new().await;
    let right = about(call_of(toll.own.auth(), "", "GET", "/v1/x"));
    let bytes = right.encode_to_vec();
    assert_eq!(outcome(&raw(&toll, framed(&bytes)).await), "200 read");
    // The path's one character is no UTF-8 then.
    let of_umlaut = about(call("GET", "/v1/\u{e4}")).encode_to_vec();
    let no_text: Vec<_> = of_umlaut.iter().copied().map(|it| if it == 0xC3 { 0xFF } else { it }).collect();
    let mut long = call_of(toll.own.auth(), "", "GET", "/v1/x");
    long.headers.insert("x-long".to_owned(), "x".repeat(1_000_000));
    let mut longer = long.clone();
    longer.headers.insert("x-longer".to_owned(), "x".repeat(100_000));
    let [long, longer] = [long, longer].map(|it| about(it).encode_to_vec());
    let no_http = CheckRequest { attributes: Some(AttributeContext::default()) };
    let mut said = Vec::new();
    for (what, body) in [
        ("nothing", Bytes::new()),
        ("an empty message", framed(b"")),
        ("no attributes", framed(&CheckRequest::default().encode_to_vec())),
        ("no http", framed(&no_http.encode_to_vec())),
        ("an empty call", framed(&about(HttpRequest::default()).encode_to_vec())),
        ("garbage", framed(b"\xFF\xFF\xFF\xFF no message")),
        ("half a message", framed(&bytes[..bytes.len() / 2])),
        ("half a frame", framed(&bytes).slice(..20)),
        ("said to be compressed", Bytes::from([&[1], &framed(&bytes)[1..]].concat())),
        ("a path that is no text", framed(&no_text)),
        ("a path with an umlaut", framed(&of_umlaut)),
        ("long headers", framed(&long)),
        ("too long", framed(&longer)),
    ] {
        let answer = raw(&toll, body).await;
        let detail = answer.status != 200 && outcome(&answer).contains("misconfigured");
        let detail = if detail { answer.json()["detail"].to_string() } else { String::new() };
        said.push(format!("{what} -> {} {detail}", outcome(&answer)).trim_end().to_owned());
    }
    assert_snapshot!(said.join("\n"), @r#"
    nothing -> 400 call_unreadable
    an empty message -> 403 gate_misconfigured "attributes.request.http is missing: only the ext_authz of Envoy's HTTP filters can ask here"
    no attributes -> 403 gate_misconfigured "attributes.request.http is missing: only the ext_authz of Envoy's HTTP filters can ask here"
    no http -> 403 gate_misconfigured "attributes.request.http is missing: only the ext_authz of Envoy's HTTP filters can ask here"
    an empty call -> 401 unauthenticated
    garbage -> 400 call_unreadable
    half a message -> 400 call_unreadable
    half a frame -> 400 call_unreadable
    said to be compressed -> 400 call_unreadable
    a path that is no text -> 400 call_unreadable
    a path with an umlaut -> 401 unauthenticated
    long headers -> 200 read
    too long -> 413 call_too_large
    "#);
    let mut umlaut = call_of(toll.own.auth(), "", "GET", "/v1/\u{e4}");
    assert_eq!(toll.told_of(about(umlaut.clone())).await, "400 path_not_normal");
    umlaut.path = "/v1/x".to_owned();
    umlaut.method = String::new();
    assert_eq!(toll.told_of(about(umlaut)).await, "403 no_price");
    let too_large = raw(&toll, framed(&longer)).await;
    assert_snapshot!(toll.house.shown(&too_large), @r#"
    413
    content-type: application/problem+json
    {
      "code": "call_too_large",
      "detail": "What the proxy sent about the call is more than 1 MiB. Send less in headers; the check needs no body.",
      "request_id": "<uuid 1>",
      "status": 413,
      "title": "Too large",
      "type": "urn:tollgate:problem:call_too_large"
    }
    "#);
}

/// A message that has begun is waited for, and not for ever.
#[tokio::test]
async fn half_a_check_is_given_up_after_ten_seconds() {
    let toll = Toll::new().await;
    let begun = framed(&about(call("GET", "/v1/x")).encode_to_vec()).slice(..20);
    let first = stream::once(async move { Ok::<_, std::io::Error>(begun) });
    let body = Body::from_stream(first.chain(stream::pending()));
    let mut request = Request::post(CHECK);
    *request.headers_mut().unwrap() = proof(&toll);
    // Nothing but this check waits for a clock from here on.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let response = router(&toll).oneshot(request.body(body).unwrap()).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 10);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let response = CheckResponse::decode(bytes.slice(5..)).unwrap();
    assert_eq!(outcome(&of(&response, HeaderMap::new())), "400 call_unreadable");
}

#[tokio::test]
async fn raw_headers_are_read_alike() {
    let toll = Toll::new().await;
    let raw = |values: &[&[u8]]| {
        let header = |value: &&[u8]| core::HeaderValue {
            key: "authorization".to_owned(),
            raw_value: value.to_vec(),
            ..core::HeaderValue::default()
        };
        let headers = values.iter().map(header).collect();
        about(HttpRequest { header_map: Some(core::HeaderMap { headers }), ..call("GET", "/v1/x") })
    };
    let right = format!("Bearer {}", toll.own.secret);
    let other = format!("Bearer {}", toll.partner.secret);
    for (values, expected) in [
        (&[right.as_bytes()][..], "200 read"),
        (&[b"\xFF\xFE"], "401 unauthenticated"),
        (&[], "401 unauthenticated"),
        (&[right.as_bytes(), other.as_bytes()], "401 unauthenticated"),
        (&[right.as_bytes(), right.as_bytes()], "401 unauthenticated"),
    ] {
        assert_eq!(toll.told_of(raw(values)).await, expected, "{values:?}");
    }
    // A credential in both forms is two.
    let mut both = raw(&[right.as_bytes()]);
    let http = both.attributes.as_mut().unwrap().request.as_mut().unwrap().http.as_mut().unwrap();
    http.headers = HashMap::from([("authorization".to_owned(), right)]);
    assert_eq!(toll.told_of(both).await, "401 unauthenticated");
}
