//! A small HTTP client: one call, one connection, JSON out and in.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use ledger::Amount;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long a call may take.
const CALL_WAIT: Duration = Duration::from_secs(30);
/// More than any answer of a family of three.
const ANSWER_MAX: usize = 1_024 * 1_024;

/// Calls one server.
pub(super) struct Client {
    /// The server.
    pub(super) server: SocketAddr,
    /// The HTTP proxy between it and us.
    pub(super) via: Option<SocketAddr>,
}

/// Who calls.
#[derive(Clone, Copy)]
pub(super) enum Caller<'a> {
    /// The operator, with a token.
    Operator(&'a str),
    /// An account, with its api key and secret.
    Account {
        /// What the page calls it.
        who: &'a str,
        /// Its api key.
        api_key: &'a str,
        /// Its secret.
        secret: &'a str,
    },
}

impl Caller<'_> {
    /// What the page calls it.
    pub(super) fn who(&self) -> &str {
        match self {
            Self::Operator(_) => "operator",
            Self::Account { who, .. } => who,
        }
    }

    fn authorization(&self) -> String {
        match self {
            Self::Operator(token) => format!("Bearer {token}"),
            Self::Account { api_key, secret, .. } => {
                format!("Basic {}", STANDARD.encode(format!("{api_key}:{secret}")))
            }
        }
    }
}

/// A call as it is made and shown. It holds no secret.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The method.
    pub(super) method: Method,
    /// The path.
    pub(super) path: String,
    /// The body.
    pub(super) body: Option<String>,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None }
    }

    pub(super) fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), body: Some(body.into()) }
    }

    pub(super) fn patch(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::PATCH, path: path.into(), body: Some(body.into()) }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What the server answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The call, for sentences about the answer.
    pub(super) call: String,
    /// The status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Value,
}

impl Client {
    /// Makes a call.
    ///
    /// # Errors
    /// A sentence about a call that came to no answer.
    pub(super) async fn send(&self, by: Caller<'_>, call: &Call) -> Result<Answer, String> {
        let answered = tokio::time::timeout(CALL_WAIT, self.exchange(by, call)).await;
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(format!("{call} came to no answer: {error}")),
            Err(_) => Err(format!("{call} had no answer after {} s", CALL_WAIT.as_secs())),
        }
    }

    async fn exchange(
        &self,
        by: Caller<'_>,
        call: &Call,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let request = self.request(by, call)?;
        let stream = TcpStream::connect(self.via.unwrap_or(self.server)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // What becomes of the connection, the answer tells.
        let driving = tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await?.to_bytes();
        driving.abort();
        let body = serde_json::from_slice(&body)?;
        Ok(Answer { call: call.to_string(), status, body })
    }

    fn request(&self, by: Caller<'_>, call: &Call) -> hyper::http::Result<Request<Full<Bytes>>> {
        // A proxy wants to be told whose path it is (RFC 9112 §3.2.2).
        let target = match self.via {
            Some(_) => format!("http://{}{}", self.server, call.path),
            None => call.path.clone(),
        };
        let mut request = Request::builder().method(&call.method).uri(target);
        request = request.header(HOST, self.server.to_string()).header(AUTHORIZATION, by.authorization());
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(Bytes::from(call.body.clone().unwrap_or_default())))
    }
}

impl Answer {
    /// The value at a JSON pointer.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub(super) fn at(&self, pointer: &str) -> Result<&Value, String> {
        let missing = || format!("the answer of {} has no {pointer}: {}", self.call, self.body);
        self.body.pointer(pointer).ok_or_else(missing)
    }

    /// A text.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn text(&self, pointer: &str) -> Result<&str, String> {
        let no_text = || format!("{pointer} in the answer of {} is no text: {}", self.call, self.body);
        self.at(pointer)?.as_str().ok_or_else(no_text)
    }

    /// An amount, read from its digits: a number in the Vonage dialect, a text in the native API.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn amount(&self, pointer: &str) -> Result<Amount, String> {
        amount(self.at(pointer)?)
            .ok_or_else(|| format!("{pointer} in the answer of {} is no amount: {}", self.call, self.body))
    }
}

/// The amount in a JSON number or text.
pub(super) fn amount(value: &Value) -> Option<Amount> {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Amount::parse(&digits).ok()
}
