//! How a request comes in and goes out: connections, names for requests, limits, one log line each. Knows no dialect.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ledger::Once;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use uuid::Uuid;

use crate::app::{App, Door, Origin};
use crate::observe;

/// The largest body: 64 KiB (docs/rules.md, Limits).
pub const BODY_MAX: usize = 64 * 1_024;
/// The largest body of many charges: 4 MiB (docs/rules.md, Limits).
pub const BATCH_BODY_MAX: usize = 4 * 1_024 * 1_024;
/// How long a client may take to send its headers, and to be idle between two requests.
const HEADERS_WAIT: Duration = Duration::from_secs(75);
/// How long what is in flight may take after the signal to stop.
const DRAIN_WAIT: Duration = Duration::from_secs(30);
/// How many requests may be in flight on one HTTP/2 connection; a proxy that has more opens another one. It is as many as Envoy
/// has under way to a cluster when nothing else is said.
const STREAMS_MAX: u32 = 1_024;
/// The longest headers of an HTTP/2 request, with 32 bytes more for each (RFC 9113, 6.5.2).
const HEADERS_MAX: u32 = 16 * 1_024;
/// How often an HTTP/2 connection is asked whether it still lives, and for how long an answer is awaited.
const PING_EVERY: Duration = Duration::from_secs(30);

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request: in its answer's `X-Request-Id`, in its log line, in the body of an error.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Of a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

/// A request as the handlers get it: whole, with its body within the limit.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from.
    pub peer: IpAddr,
    /// Its name.
    pub request_id: Uuid,
    /// Its body, or why there is none.
    pub body: Result<Bytes, BodyError>,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// More than [`BODY_MAX`].
    TooLarge,
    /// The connection broke, or the encoding was wrong.
    Broken,
}

/// What a caller shows to say who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// A name and a secret.
    Basic {
        /// The name.
        name: String,
        /// The secret.
        secret: String,
    },
    /// A token.
    Bearer(String),
    /// Something else.
    Malformed,
}

impl Presented {
    /// What an `Authorization` header of this value shows.
    pub fn of(authorization: &str) -> Self {
        let Some((scheme, value)) = authorization.split_once(' ') else { return Self::Malformed };
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::Bearer(value.trim().to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Self::Malformed;
        }
        let decoded = STANDARD.decode(value.trim()).ok().and_then(|it| String::from_utf8(it).ok());
        match decoded.as_deref().and_then(|it| it.split_once(':')) {
            Some((name, secret)) => Self::Basic { name: name.to_owned(), secret: secret.to_owned() },
            None => Self::Malformed,
        }
    }
}

impl Incoming {
    /// What the `Authorization` header holds.
    pub fn presented(&self) -> Presented {
        match self.headers.get(AUTHORIZATION) {
            None => Presented::Nothing,
            Some(header) => header.to_str().map_or(Presented::Malformed, Presented::of),
        }
    }

    /// The key under which this request happens once. A key that is no text is no key that anybody could repeat.
    pub fn once(&self, app: &App) -> Option<Once> {
        let key = self.headers.get("idempotency-key")?;
        let key = String::from_utf8_lossy(key.as_bytes());
        let path = self.uri.path_and_query().map_or("", |it| it.as_str());
        let body: &[u8] = self.body.as_ref().map_or(&[], |it| it);
        Some(app.once(key.trim(), self.method.as_str(), path, body))
    }
}

/// Where a request came from: the other end of its connection, and nothing that it says of itself.
pub fn origin(parts: &Parts, door: Door) -> Origin {
    let address = parts.extensions.get::<Peer>().map(|it| it.0);
    let request_id = parts.extensions.get::<RequestId>().map(|it| it.0);
    Origin { address, request_id, door }
}

impl<S: Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        Ok(Unread::from_request(request, state).await?.read(BODY_MAX).await)
    }
}

/// A request whose body is still on its way, for a route that takes so much that it asks first who sends it.
#[derive(Debug)]
pub struct Unread {
    head: Incoming,
    body: Body,
}

impl Unread {
    /// The request, as if it had no body.
    pub const fn head(&self) -> &Incoming {
        &self.head
    }

    /// The whole request, with a body of at most so many bytes.
    pub async fn read(self, max: usize) -> Incoming {
        let body = match Limited::new(self.body, max).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
            Err(_) => Err(BodyError::Broken),
        };
        Incoming { body, ..self.head }
    }

    /// The request without its body, of which at most so many bytes are let go by: a client that still sends hears no
    /// answer.
    pub async fn skip(self, max: usize) -> Incoming {
        let mut body = Limited::new(self.body, max);
        while let Some(Ok(_)) = body.frame().await {}
        self.head
    }
}

impl<S: Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let request_id = parts.extensions.get::<RequestId>().map_or(Uuid::nil(), |it| it.0);
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |it| it.0);
        let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
        let head = Incoming { method, uri, headers, peer, request_id, body: Ok(Bytes::new()) };
        Ok(Self { head, body })
    }
}

/// What an answer means that says so in its body and not by its status, as all of gRPC do. For the log.
#[derive(Clone, Copy, Debug)]
pub struct Means(pub StatusCode);

/// Instead of an answer the connection is closed, as if the process had died there; of HTTP/2, the one request alone.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("closed without an answer")]
pub struct Hangup;

/// A response that nobody gets: [`Hangup`]. Its status is for the log.
pub fn hangup() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(Hangup);
    response
}

/// Puts around the routes what every request gets: a name and one log line.
pub fn with_names_and_log(router: Router, app: App) -> Router {
    router.layer(middleware::from_fn_with_state(app, name_and_log))
}

async fn name_and_log(
    axum::extract::State(app): axum::extract::State<App>,
    mut request: Request,
    next: middleware::Next,
) -> Response {
    let id = app.request_id();
    request.extensions_mut().insert(RequestId(id));
    let method = request.method().clone();
    // The pattern and never the query, which may hold credentials in the Vonage dialect.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
    }
    let status = response.extensions().get::<Means>().map_or(response.status(), |it| it.0).as_u16();
    let took_us = started.elapsed().as_micros();
    let route = route.as_ref().map_or("(no route)", MatchedPath::as_str);
    // What went well is worth a line only to those who ask for it: at full load it would be 50,000 a second.
    if status >= 500 {
        tracing::warn!(%id, %method, route, status, took_us, "answered");
    } else {
        tracing::debug!(%id, %method, route, status, took_us, "answered");
    }
    response
}

/// The metrics, on a listener of their own.
pub fn metrics_router(app: App) -> Router {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let render = async move || {
        let store = app.store();
        ([(CONTENT_TYPE, OPEN_METRICS)], observe::metrics(store.figures(), store.delivery_figures()))
    };
    Router::new().route("/metrics", get(render))
}

/// Where connections come from.
#[derive(Debug)]
pub enum Listener {
    /// The network.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener),
}

enum Accepted {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Listener {
    async fn accept(&self) -> std::io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // An answer is small and wanted now.
                drop(stream.set_nodelay(true));
                Ok(Accepted::Tcp(stream, peer.ip()))
            }
            Self::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// What is spoken on a listener. Each speaks one, so that no client can choose another.
#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

/// Serves connections of HTTP/1.1 until `stop` resolves, then answers what is in flight.
pub async fn serve(
    listener: impl Into<Listener>,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    serve_in(Protocol::Http1, listener.into(), tls, router, stop).await;
}

/// The same with HTTP/2, in plain text too: that is what gRPC speaks.
pub async fn serve_http2(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    serve_in(Protocol::Http2, listener, tls, router, stop).await;
}

async fn serve_in(
    protocol: Protocol,
    listener: Listener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Most likely there are too many open files; to try again at once would only burn time.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (router, watcher) = (router.clone(), graceful.watcher());
        match (accepted, tls.clone()) {
            (Accepted::Unix(stream), _) => {
                let from = (IpAddr::from([127, 0, 0, 1]), None);
                drop(tokio::spawn(connection(protocol, TokioIo::new(stream), from, router, watcher)));
            }
            (Accepted::Tcp(stream, peer), None) => {
                let from = (peer, None);
                drop(tokio::spawn(connection(protocol, TokioIo::new(stream), from, router, watcher)));
            }
            (Accepted::Tcp(stream, peer), Some(tls)) => drop(tokio::spawn(async move {
                let handshake = tokio::time::timeout(HEADERS_WAIT, tls.accept(stream)).await;
                if let Ok(Ok(stream)) = handshake {
                    let from = (peer, Some(Encrypted));
                    connection(protocol, TokioIo::new(stream), from, router, watcher).await;
                }
            })),
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_WAIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still in flight after {} s and are cut off", DRAIN_WAIT.as_secs());
    }
}

async fn connection<S>(
    protocol: Protocol,
    io: TokioIo<S>,
    (peer, encrypted): (IpAddr, Option<Encrypted>),
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        if let Some(encrypted) = encrypted {
            request.extensions_mut().insert(encrypted);
        }
        let answering = router.clone().oneshot(request);
        async move {
            let response = answering.await.map_err(|never| match never {})?;
            match response.extensions().get::<Hangup>() {
                Some(hangup) => Err(*hangup),
                None => Ok(response),
            }
        }
    });
    // A client that hangs up is no event of ours.
    match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WAIT);
            drop(watcher.watch(builder.serve_connection(io, service)).await);
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
            builder.max_header_list_size(HEADERS_MAX).keep_alive_interval(PING_EVERY);
            builder.keep_alive_timeout(PING_EVERY);
            drop(watcher.watch(builder.serve_connection(io, service)).await);
        }
    }
}
