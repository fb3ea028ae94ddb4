//! Sending one event: signed by the Standard Webhooks specification, in one request whose answer's status is all that is
//! looked at.

use std::error::Error;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ledger::{EventId, Timestamp};
use sha2::Sha256;

use super::guard::{Guarded, NotPublic};
use crate::app::SECRET_PREFIX;

/// How long a connection to a receiver is kept for the next event.
const IDLE_WAIT: Duration = Duration::from_secs(30);

/// Sends events.
#[derive(Clone)]
pub(super) struct Sender {
    client: Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>,
    guarded: Guarded,
    wait: Duration,
}

/// An event as it is sent.
pub(super) struct Message<'a> {
    pub(super) url: &'a str,
    /// The one of now first.
    pub(super) secrets: &'a [String],
    pub(super) id: EventId,
    pub(super) at: Timestamp,
    pub(super) body: String,
}

/// What is wrong with what was answered, or why nothing was.
pub(super) struct Refused {
    pub(super) status: Option<u16>,
    pub(super) why: String,
}

impl Refused {
    pub(super) fn by(why: impl Into<String>) -> Self {
        Self { status: None, why: why.into() }
    }
}

impl Sender {
    /// Waits for an answer so long, and sends to addresses of this machine and its networks only if it may.
    ///
    /// # Errors
    /// When the certificates of the system cannot be used.
    pub(super) fn new(allows_local: bool, wait: Duration) -> io::Result<Self> {
        let guarded = Guarded { allows_local };
        let mut http = HttpConnector::new_with_resolver(guarded);
        http.enforce_http(false);
        http.set_nodelay(true);
        let mut roots = rustls::RootCertStore::empty();
        // One that cannot be read is one that is not trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_WAIT)
            .pool_max_idle_per_host(4)
            .build(https);
        Ok(Self { client, guarded, wait })
    }

    /// Sends an event. Whatever is 2xx has taken it; nothing else has, and no redirect is followed.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) async fn send(&self, message: Message<'_>) -> Result<u16, Refused> {
        let request = request(&message)?;
        if !request.uri().host().is_some_and(|it| self.guarded.allows(it)) {
            return Err(Refused::by(NotPublic.to_string()));
        }
        match tokio::time::timeout(self.wait, self.client.request(request)).await {
            Err(_) => Err(Refused::by("there was no answer in time")),
            Ok(Err(error)) => Err(Refused::by(reason(&error))),
            Ok(Ok(answer)) => {
                let status = answer.status();
                let why = format!("it answered {}", status.as_u16());
                if status.is_success() {
                    Ok(status.as_u16())
                } else {
                    Err(Refused { status: Some(status.as_u16()), why })
                }
            }
        }
    }
}

/// Why there was no answer, in few words: what lies behind it is for nobody who only chose the address.
fn reason(error: &hyper_util::client::legacy::Error) -> &'static str {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if is::<NotPublic>(error) {
            return "its address is not a public one";
        }
        if is::<rustls::Error>(error) {
            return "its certificate is not trusted, or it speaks no TLS";
        }
        cause = error.source();
    }
    if error.is_connect() { "it could not be reached" } else { "the connection broke" }
}

/// Whether an error is of a kind, as it is or within others of input and output, which hide what they hold from their chain.
fn is<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let within = error.downcast_ref::<io::Error>().and_then(|it| it.get_ref());
    error.is::<E>() || within.is_some_and(|it| is::<E>(it))
}

fn request(message: &Message<'_>) -> Result<Request<Full<Bytes>>, Refused> {
    let Message { url, secrets, id, at, body } = message;
    let unfit = || Refused::by("its url cannot be used");
    let uri: Uri = url.parse().map_err(|_| unfit())?;
    let seconds = at.millis().div_euclid(1_000);
    let signatures: Option<Vec<_>> = secrets.iter().map(|it| signature(it, *id, seconds, body)).collect();
    let signatures = signatures.ok_or_else(|| Refused::by("its secret cannot be used"))?.join(" ");
    Request::post(uri)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id.to_string())
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signatures)
        .body(Full::new(Bytes::from(body.clone())))
        .map_err(|_| unfit())
}

/// `v1,` and the keyed hash of id, time and body.
fn signature(secret: &str, id: EventId, seconds: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the Python package `standardwebhooks` 1.1.0: `Webhook(secret).sign(id, time, body)`.
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id: EventId = "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1".parse().unwrap();
        let signed = signature(secret, id, 1_674_087_231, r#"{"type":"available.low"}"#).unwrap();
        assert_eq!(signed, "v1,hYc/3h0iTPUYZVBtXcYjCEOWkMwP1jdFpZTwxWV1wQc=");
        assert_eq!(signature("no secret", id, 0, ""), None);
    }
}
