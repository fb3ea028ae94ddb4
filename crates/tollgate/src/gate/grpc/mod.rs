//! Envoy's gRPC `ext_authz`: `envoy.service.auth.v3.Authorization/Check`, on a listener of its own.
//!
//! The check is that of the other doors; `wire` translates. What is different: Envoy sends all headers of the call, as its
//! client wrote them, so nothing of ours is read from those. What the proxy itself says stands in the metadata of its request, in
//! the attributes that Envoy fills in, and in `context_extensions`, which are the configuration's.
//!
//! **Invariant.** Whatever a client brings about is answered with a denial. To Envoy an error is something else: it may be told
//! to let calls pass then (`failure_mode_allow`), and only a store that takes no writes comes to one, and a drill.

mod wire;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use ledger::TokenId;
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use super::Reached;
use super::answer::Denied;
use super::asked::{Checked, prove};
use super::request::only;
use crate::app::App;
use crate::http::{self, Hangup, Means, Peer, Presented, RequestId};

/// The one method.
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// The longest check. Envoy takes calls with 60 KiB of headers when nothing else is said, and sends them all.
const MESSAGE_MAX: usize = 1_024 * 1_024;
/// How long the proxy may take to send a check whose head has come.
const MESSAGE_WAIT: Duration = Duration::from_secs(10);

/// The listener that serves nothing but checks by gRPC. Where `is_reached`, who reaches it is the proxy; else the proxy shows a
/// gate token.
pub fn router(app: App, is_reached: bool) -> Router {
    let mut router =
        Router::new().route(CHECK, post(check)).fallback(unknown).method_not_allowed_fallback(unknown);
    if is_reached {
        router = router.layer(Extension(Reached));
    }
    http::with_names_and_log(router.with_state(app.clone()), app)
}

async fn unknown() -> Response {
    Status::unimplemented(format!("there is nothing here but {CHECK}")).into_http()
}

async fn check(State(app): State<App>, request: Request) -> Response {
    let asking = Asking::of(app, &request);
    // As a stream of one message, which is the same bytes: so what cannot be read comes here, and is no error of the transport.
    let answering = tower::service_fn(move |request: tonic::Request<Streaming<CheckRequest>>| {
        let asking = asking.clone();
        async move {
            let (metadata, _, messages) = request.into_parts();
            asking.answer(&metadata.into_headers(), messages).await
        }
    });
    let codec = ProstCodec::<CheckResponse, CheckRequest>::default();
    let mut grpc = tonic::server::Grpc::new(codec).max_decoding_message_size(MESSAGE_MAX);
    let response = grpc.client_streaming(answering, request).await;
    let status = response.extensions().get::<Status>();
    if status.and_then(Error::source).is_some_and(<dyn Error>::is::<Hangup>) {
        return http::hangup();
    }
    response.map(Body::new)
}

/// Who asks, and under what name.
#[derive(Clone)]
struct Asking {
    app: App,
    is_reached: bool,
    peer: IpAddr,
    request_id: Uuid,
}

impl Asking {
    fn of(app: App, request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            app,
            is_reached: extensions.get::<Reached>().is_some(),
            peer: extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |it| it.0),
            request_id: extensions.get::<RequestId>().map_or(Uuid::nil(), |it| it.0),
        }
    }

    /// The check's answer. The one error is a drill's, which gets none.
    async fn answer(
        &self,
        metadata: &HeaderMap,
        messages: Streaming<CheckRequest>,
    ) -> Result<tonic::Response<CheckResponse>, Status> {
        match self.check(metadata, messages).await {
            Ok(Some(response)) => Ok(tonic::Response::new(response)),
            Ok(None) => {
                let mut status = Status::unavailable(Hangup.to_string());
                status.set_source(Arc::new(Hangup));
                Err(status)
            }
            Err(denied) => {
                let whole = denied.whole(self.request_id);
                let means = Means(whole.status);
                let mut response = tonic::Response::new(wire::denied(denied.code(), whole));
                response.extensions_mut().insert(means);
                Ok(response)
            }
        }
    }

    /// `None` to a drill.
    async fn check(
        &self,
        metadata: &HeaderMap,
        messages: Streaming<CheckRequest>,
    ) -> Result<Option<CheckResponse>, Denied> {
        let gate = if self.is_reached { None } else { Some(self.prove(metadata).await?) };
        let attributes = read(messages).await?.attributes.unwrap_or_default();
        let http = wire::http(&attributes)?;
        let asked = wire::asked(&self.app, metadata, &attributes, http, (self.peer, self.request_id))?;
        match asked.check(&self.app, gate).await? {
            Checked::Passed(passed) => {
                let removed = wire::removed(http, self.app.settings().gate_key_header.as_deref());
                Ok(Some(wire::allowed(&passed, asked.id, removed)))
            }
            Checked::Unanswered => Ok(None),
        }
    }

    /// The gate that asks. Before its message is read, so that nobody else has us read one.
    async fn prove(&self, metadata: &HeaderMap) -> Result<TokenId, Denied> {
        match Presented::of(only(metadata, AUTHORIZATION.as_str())?) {
            Presented::Bearer(token) => prove(&self.app, &token, "authorization").await,
            Presented::Basic { .. } | Presented::Nothing | Presented::Malformed => {
                Err(Denied::misconfigured(
                    "authorization must be Bearer, a space and a gate token: set it in initial_metadata",
                ))
            }
        }
    }
}

async fn read(mut messages: Streaming<CheckRequest>) -> Result<CheckRequest, Denied> {
    match tokio::time::timeout(MESSAGE_WAIT, messages.message()).await {
        Ok(Ok(Some(message))) => Ok(message),
        Ok(Err(status)) => Err(Denied::unreadable(status.code() == Code::OutOfRange)),
        Ok(Ok(None)) | Err(_) => Err(Denied::unreadable(false)),
    }
}
