//! From Envoy's messages to a check, and from its answer to Envoy's messages.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::config::core::v3::{HeaderValue as WireHeader, HeaderValueOption};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    AttributeContext, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value};
use envoy_types::pb::google::rpc;
use ledger::{Amount, LineId};
use tonic::Code;
use uuid::Uuid;

use crate::app::{App, Call, Passed};
use crate::gate::answer::{Denied, Whole, told};
use crate::gate::asked::{Asked, in_key_header};
use crate::gate::request::{self, REQUEST_ID};
use crate::http::Presented;

/// What would have the API serve something else than what was paid for, or believe what only the gate says.
const REMOVED: [&str; 15] = [
    "authorization",
    "x-forwarded-method",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-gate-client",
    "x-gate-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-sub-status",
    "x-sub-token",
];
/// The same, whatever follows.
const REMOVED_FROM: [&str; 6] = ["x-credit-", "x-gate-", "x-hold-", "x-original-", "x-rewrite-", "x-sub-"];
/// The member of `context_extensions` that says what a call is.
const OPERATION: &str = "operation";

/// The HTTP request that is asked about.
pub(super) fn http(attributes: &AttributeContext) -> Result<&HttpRequest, Denied> {
    let http = attributes.request.as_ref().and_then(|it| it.http.as_ref());
    http.ok_or_else(|| {
        Denied::misconfigured(
            "attributes.request.http is missing: only the ext_authz of Envoy's HTTP filters can ask here",
        )
    })
}

/// A call, as Envoy says.
pub(super) fn asked<'a>(
    app: &App,
    metadata: &'a HeaderMap,
    attributes: &'a AttributeContext,
    http: &'a HttpRequest,
    (peer, request_id): (IpAddr, Uuid),
) -> Result<Asked<'a>, Denied> {
    let operation = attributes.context_extensions.get(OPERATION).map(String::as_str);
    if operation == Some("") {
        return Err(Denied::misconfigured("operation in context_extensions is empty"));
    }
    let path = http.path.split('?').next().unwrap_or_default();
    let call = Call { method: &http.method, path, operation };
    // Envoy names each stream from a generator that no client can touch. The metadata are its configuration's.
    let own = Some(http.id.as_str()).filter(|it| !it.is_empty());
    let id = request::request_id(metadata)?.or(own);
    let client = request::client(metadata, source(attributes).unwrap_or(peer));
    Ok(Asked { call, id, shown: shown(app, http), client, request_id })
}

/// Where the call came from.
fn source(attributes: &AttributeContext) -> Option<IpAddr> {
    match attributes.source.as_ref()?.address.as_ref()?.address.as_ref()? {
        Address::SocketAddress(address) => address.address.parse().ok(),
        Address::Pipe(_) | Address::EnvoyInternalAddress(_) => None,
    }
}

/// The headers of the call: in one field, or in the other with `encode_raw_headers`.
fn headers(http: &HttpRequest) -> impl Iterator<Item = (&str, &[u8])> {
    let texts = http.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let raw = http.header_map.iter().flat_map(|it| &it.headers);
    texts.chain(raw.map(|it| {
        let value = if it.raw_value.is_empty() { it.value.as_bytes() } else { &*it.raw_value };
        (it.key.as_str(), value)
    }))
}

/// What the call shows: in the header that the operator has named for it, or else in `Authorization`.
fn shown(app: &App, http: &HttpRequest) -> Presented {
    let key_header = app.settings().gate_key_header.as_deref();
    let shown = key_header.and_then(|name| shown_in(http, name, in_key_header));
    let shown = shown.or_else(|| shown_in(http, AUTHORIZATION.as_str(), Presented::of));
    shown.unwrap_or(Presented::Nothing)
}

/// What a header shows that must be there once: two would be two callers.
fn shown_in(http: &HttpRequest, name: &str, read: impl Fn(&str) -> Presented) -> Option<Presented> {
    let mut values = headers(http).filter(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1);
    let value = std::str::from_utf8(values.next()?).ok().filter(|_| values.next().is_none());
    Some(value.map_or(Presented::Malformed, read))
}

/// Which headers of the call the API must not get: the credential, and what a client said in the gate's name, also where an
/// underscore stands for a hyphen, which many a server takes for one.
pub(super) fn removed(http: &HttpRequest, key_header: Option<&str>) -> Vec<String> {
    let is_removed = |name: &str| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        REMOVED.contains(&name.as_str()) || REMOVED_FROM.iter().any(|it| name.starts_with(it))
    };
    let sent = headers(http).map(|it| it.0).filter(|it| is_removed(it));
    let names = sent.chain(REMOVED).chain(key_header).map(str::to_ascii_lowercase);
    // A header that is set and removed would be gone.
    names.filter(|it| !SET.contains(&it.as_str())).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What [`allowed`] sets.
const SET: [&str; 7] = [
    "x-sub-account",
    "x-sub-root",
    "x-sub-operation",
    "x-hold-id",
    "x-hold-amount",
    "x-credit-remaining",
    REQUEST_ID,
];

/// The call may pass.
pub(super) fn allowed(passed: &Passed, id: Option<&str>, removed: Vec<String>) -> CheckResponse {
    let id = id.unwrap_or_default();
    let set = told(passed).into_iter().chain([(REQUEST_ID, id.to_owned())]);
    let ok = OkHttpResponse {
        headers: set.map(|(name, value)| header(name, value)).collect(),
        headers_to_remove: removed,
        ..OkHttpResponse::default()
    };
    CheckResponse {
        status: Some(status(Code::Ok)),
        dynamic_metadata: Some(metadata(passed, id)),
        http_response: Some(HttpResponse::OkResponse(ok)),
    }
}

/// What Envoy's later filters and its access log can read under `envoy.filters.http.ext_authz`; what there is not is absent.
fn metadata(passed: &Passed, id: &str) -> Struct {
    let id_of = |it: Option<(LineId, Amount)>| it.map(|it| it.0.to_string());
    let amount_of = |it: Option<(LineId, Amount)>| it.map(|it| it.1.text(2).to_string());
    structure([
        ("account", Some(passed.account.to_string())),
        ("root", Some(passed.root.to_string())),
        ("operation", Some(passed.operation.clone())),
        ("request_id", Some(id.to_owned()).filter(|it| !it.is_empty())),
        ("charge_id", id_of(passed.charge)),
        ("charge_amount", amount_of(passed.charge)),
        ("hold_id", id_of(passed.hold)),
        ("hold_amount", amount_of(passed.hold)),
        ("credit_remaining", passed.remaining.map(|it| it.text(2).to_string())),
    ])
}

/// The call may not pass, and whoever called gets to know why.
pub(super) fn denied(code: &str, whole: Whole) -> CheckResponse {
    let Whole { status, headers, body } = whole;
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let response = DeniedHttpResponse {
        status: Some(HttpStatus { code: i32::from(status.as_u16()) }),
        headers: headers.iter().map(|(name, value)| header(name.as_str(), text(value))).collect(),
        body,
    };
    // An error, so that whoever has told Envoy to let calls pass when there is no gate has what was asked for.
    let is_error = status == StatusCode::SERVICE_UNAVAILABLE;
    let response =
        if is_error { HttpResponse::ErrorResponse(response) } else { HttpResponse::DeniedResponse(response) };
    CheckResponse {
        status: Some(self::status(in_grpc(status))),
        dynamic_metadata: Some(structure([("code", Some(code.to_owned()))])),
        http_response: Some(response),
    }
}

fn in_grpc(status: StatusCode) -> Code {
    match status.as_u16() {
        400 | 413 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        402 | 403 => Code::PermissionDenied,
        429 => Code::ResourceExhausted,
        503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

fn status(code: Code) -> rpc::Status {
    rpc::Status { code: i32::from(code), ..rpc::Status::default() }
}

/// Takes the place of all of its name. A value that is not fit for a header is none.
fn header(name: &str, value: String) -> HeaderValueOption {
    let value = if HeaderValue::from_str(&value).is_ok() { value } else { String::new() };
    HeaderValueOption {
        header: Some(WireHeader { key: name.to_owned(), value, ..WireHeader::default() }),
        append_action: i32::from(HeaderAppendAction::OverwriteIfExistsOrAdd),
        ..HeaderValueOption::default()
    }
}

fn structure<const N: usize>(members: [(&str, Option<String>); N]) -> Struct {
    let of = |text| Value { kind: Some(Kind::StringValue(text)) };
    let fields = members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), of(text?))));
    Struct { fields: fields.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Error;

    /// What is not known to have been paid for does not pass, and Envoy hears that it was no refusal.
    #[test]
    fn an_unknown_outcome_is_an_error_to_envoy() {
        let told = Denied::of(Error::Unknown);
        let response = denied(told.code(), told.whole(Uuid::nil()));
        assert_eq!(response.status.as_ref().unwrap().code, i32::from(Code::Unavailable));
        let code = &response.dynamic_metadata.as_ref().unwrap().fields["code"];
        assert_eq!(code.kind, Some(Kind::StringValue("outcome_unknown".to_owned())));
        let Some(HttpResponse::ErrorResponse(error)) = response.http_response else {
            panic!("{response:?}");
        };
        assert_eq!(error.status.unwrap().code, 503);
        assert!(error.body.contains("\"title\":\"Outcome unknown\",\"status\":503"), "{}", error.body);
    }
}
