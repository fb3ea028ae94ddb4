//! Envoy's gRPC. All that is shown of every door is shown of it, too; here stands what it alone has.

mod found;
mod listener;
mod odd;

use axum::Router;
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use bytes::{BufMut, Bytes, BytesMut};
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{self, HttpRequest, Peer};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest, CheckResponse};
use http_body_util::BodyExt;
use tollgate::gate;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic_prost::prost::Message;
use tower::ServiceExt;

use super::{Toll, outcome};
use crate::house::{Answer, Auth};

/// What a path begins with that is to be asked about by gRPC.
pub(super) const MARK: &str = "/by-grpc";
/// The one method.
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// A check about a request as Envoy would ask it: what the proxy says of itself goes into the metadata, all else is the call's.
pub(super) async fn send(toll: &Toll, request: &Request<Body>) -> Answer {
    let target = request.uri().path_and_query().unwrap().as_str().strip_prefix(MARK).unwrap();
    let mut metadata = HeaderMap::new();
    let mut http = call(request.method().as_str(), target);
    for (name, value) in request.headers() {
        match name.as_str() {
            "x-gate-token" => {
                let shown = [b"Bearer ", value.as_bytes()].concat();
                let shown = if value.is_empty() { &[] } else { shown.as_slice() };
                metadata.append("authorization", shown.try_into().unwrap());
            }
            "x-gate-request-id" | "x-gate-client" => drop(metadata.append(name, value.clone())),
            // As Envoy merges them.
            _ => {
                let value = value.to_str().unwrap();
                let merged = http.headers.get(name.as_str()).map(|it| format!("{it},{value}"));
                drop(http.headers.insert(name.to_string(), merged.unwrap_or(value.to_owned())));
            }
        }
    }
    let answered = ask(&router(toll), metadata, about(http)).await.unwrap();
    answer(&answered)
}

fn router(toll: &Toll) -> Router {
    gate::grpc::router(toll.house.app.clone(), false)
}

/// A call without headers.
fn call(method: &str, path: &str) -> HttpRequest {
    HttpRequest { method: method.to_owned(), path: path.to_owned(), ..HttpRequest::default() }
}

/// A call of somebody, under a name that Envoy has given it.
fn call_of(auth: Auth<'_>, id: &str, method: &str, path: &str) -> HttpRequest {
    let request = auth.on(Request::get("/")).body(()).unwrap();
    let of = |it: (&HeaderName, &HeaderValue)| (it.0.to_string(), it.1.to_str().unwrap().to_owned());
    HttpRequest {
        id: id.to_owned(),
        headers: request.headers().iter().map(of).collect(),
        ..call(method, path)
    }
}

fn about(http: HttpRequest) -> CheckRequest {
    let address = core::address::Address::SocketAddress(core::SocketAddress {
        address: "127.0.0.1".to_owned(),
        ..core::SocketAddress::default()
    });
    let source = Peer { address: Some(core::Address { address: Some(address) }), ..Peer::default() };
    let request = attribute_context::Request { http: Some(http), ..attribute_context::Request::default() };
    let attributes =
        AttributeContext { source: Some(source), request: Some(request), ..AttributeContext::default() };
    CheckRequest { attributes: Some(attributes) }
}

/// With what a route of Envoy's says.
fn extended(mut check: CheckRequest, extensions: &[(&str, &str)]) -> CheckRequest {
    let extensions = extensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    check.attributes.as_mut().unwrap().context_extensions = extensions.collect();
    check
}

/// Asks, in process.
async fn ask(
    router: &Router,
    metadata: HeaderMap,
    check: CheckRequest,
) -> Result<tonic::Response<CheckResponse>, Status> {
    let mut request = tonic::Request::new(check);
    *request.metadata_mut() = MetadataMap::from_headers(metadata);
    AuthorizationClient::new(router.clone()).check(request).await
}

fn proof(toll: &Toll) -> HeaderMap {
    let value = format!("Bearer {}", toll.token).parse().unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

impl Toll {
    /// A check by a gate that has proven itself.
    async fn checked(&self, check: CheckRequest) -> CheckResponse {
        ask(&router(self), proof(self), check).await.unwrap().into_inner()
    }

    async fn told_of(&self, check: CheckRequest) -> String {
        outcome(&of(&self.checked(check).await, HeaderMap::new()))
    }
}

fn answer(response: &tonic::Response<CheckResponse>) -> Answer {
    of(response.get_ref(), response.metadata().clone().into_headers())
}

/// What Envoy makes of it: 200 and what the API is told, or what whoever called is told.
fn of(response: &CheckResponse, mut headers: HeaderMap) -> Answer {
    let code = response.status.as_ref().unwrap().code;
    let (status, set, body) = match response.http_response.as_ref().unwrap() {
        HttpResponse::OkResponse(ok) => {
            assert_eq!(code, 0, "{response:?}");
            (200, &ok.headers, "")
        }
        HttpResponse::DeniedResponse(denied) => {
            assert_ne!(code, 0, "{response:?}");
            (denied.status.unwrap().code, &denied.headers, &*denied.body)
        }
        HttpResponse::ErrorResponse(error) => {
            assert_eq!(code, 14, "unavailable: {response:?}");
            (error.status.unwrap().code, &error.headers, &*error.body)
        }
    };
    headers.remove("content-type");
    for option in set {
        let header = option.header.as_ref().unwrap();
        assert_eq!(option.append_action(), HeaderAppendAction::OverwriteIfExistsOrAdd, "{header:?}");
        headers.append(header.key.parse::<HeaderName>().unwrap(), header.value.parse().unwrap());
    }
    Answer { status: status.try_into().unwrap(), headers, body: Bytes::from(body.to_owned()) }
}

/// A message as the wire has it, with its length before it.
fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(message.len().try_into().unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

/// Sends bytes that need be no check.
async fn raw(toll: &Toll, body: Bytes) -> Answer {
    let mut request = Request::post(CHECK).header("content-type", "application/grpc");
    *request.headers_mut().unwrap() = proof(toll);
    let response = router(toll).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(response.headers().get("grpc-status"), None, "an error: {response:?}");
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    let bytes = collected.to_bytes();
    of(&CheckResponse::decode(bytes.slice(5..)).unwrap(), parts.headers)
}

/// The status of a check of `POST` over the network, at a listener where it is enough to be.
pub(crate) async fn by_grpc(channel: &Channel, (name, secret): (&str, &str), path: &str) -> u16 {
    let check = about(call_of(Auth::Basic(name, secret), "", "POST", path));
    answer(&AuthorizationClient::new(channel.clone()).check(check).await.unwrap()).status
}
