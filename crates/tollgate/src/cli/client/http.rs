//! The wire: one request and its whole answer.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::super::Ended;

/// How long a connection may take to be made.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long an answer may take, whole: the statement of a very large family is made and sent in less.
const ANSWER_WAIT: Duration = Duration::from_secs(120);
/// More than any answer: what is longer is none of tollgate's.
const BODY_MAX: usize = 512 * 1_024 * 1_024;

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) body: Option<Bytes>,
    /// What is wanted: `application/json` but for what is printed otherwise.
    pub(super) accept: &'static str,
    /// The key under which a write happens once.
    pub(super) key: Option<HeaderValue>,
}

/// What came back, with the status of a success or not.
pub(super) struct Reply {
    pub(super) status: u16,
    /// After how many seconds to ask again, as the server says.
    pub(super) retry_after_s: Option<u64>,
    pub(super) body: Bytes,
}

/// Why nothing came back.
pub(super) struct Lost {
    pub(super) why: String,
    /// Whether the request cannot have arrived.
    pub(super) never_sent: bool,
    /// Whether the server is not trusted, which does not go by itself.
    pub(super) is_untrusted: bool,
}

/// A client of one server, which keeps its connection.
pub(super) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    authorization: HeaderValue,
}

impl Wire {
    /// Trusts the authorities in this file, else those of the system, which are only read where they are needed.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub(super) fn new(ca: Option<&Path>, is_tls: bool, authorization: HeaderValue) -> Result<Self, Ended> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Ended::cannot_start)?
            .with_root_certificates(roots(ca, is_tls)?)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_WAIT));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(https), authorization })
    }

    /// Sends a request to an address and reads the whole answer.
    ///
    /// # Errors
    /// [`Lost`].
    pub(super) async fn send(&self, address: &str, call: &Call) -> Result<Reply, Lost> {
        let lost = |why: String, never_sent| Lost { why, never_sent, is_untrusted: false };
        let request = self.request(address, call).map_err(|why| lost(why, true))?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|it| Lost::of(&it))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, BODY_MAX).collect().await;
            let body = body.map_err(|error| lost(format!("the answer broke off: {error}"), false))?;
            let retry_after_s = head.headers.get(RETRY_AFTER);
            let retry_after_s = retry_after_s.and_then(|it| it.to_str().ok()?.parse().ok());
            Ok(Reply { status: head.status.as_u16(), retry_after_s, body: body.to_bytes() })
        };
        tokio::time::timeout(ANSWER_WAIT, exchange)
            .await
            .unwrap_or_else(|_| Err(lost(format!("it took longer than {} s", ANSWER_WAIT.as_secs()), false)))
    }

    fn request(&self, address: &str, call: &Call) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(address)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, call.accept)
            .header(USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")));
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        request.body(Full::new(call.body.clone().unwrap_or_default())).map_err(|it| it.to_string())
    }
}

impl Lost {
    /// What lies at the bottom of an error is what helps: "Connection refused", "invalid peer certificate".
    fn of(error: &Error) -> Self {
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            why = deeper.to_string();
            cause = deeper.source();
        }
        Self { why, never_sent: error.is_connect(), is_untrusted: is_untrusted(error) }
    }
}

/// Whether it is about a certificate, however deep that lies: an error of input and output does not name what it wraps as its
/// source, but what lies behind that.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inner.is_some_and(|it| is_untrusted(it)) || error.source().is_some_and(is_untrusted)
}

fn roots(ca: Option<&Path>, is_tls: bool) -> Result<RootCertStore, Ended> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca else {
        if is_tls {
            // One that cannot be read is one that is not trusted.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        return Ok(roots);
    };
    let pem = std::fs::read(file);
    let pem = pem.map_err(|it| Ended::usage(format!("cannot read {}: {it}", file.display())))?;
    let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if added == 0 {
        return Err(Ended::usage(format!("{} holds no certificate in PEM", file.display())));
    }
    Ok(roots)
}
