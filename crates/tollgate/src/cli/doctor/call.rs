//! Calls over HTTP or HTTPS, with any path and any headers: one call, one connection.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, SERVER, VIA};
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a call may take to be answered: longer than a check's time-out and an upstream's in most gateways.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// How long the rest of an answer's body may take; one that never ends is cut here.
const BODY_WAIT: Duration = Duration::from_secs(5);
/// More than any answer of the native API that is read here; what an upstream says beyond is not looked at.
const BODY_MAX: usize = 4 * 1_024 * 1_024;
/// Where systems keep the certificates of the authorities that they trust.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// An `http` or `https` address with a path.
#[derive(Clone, Debug)]
pub(in super::super) struct Url {
    is_tls: bool,
    host: String,
    port: u16,
    authority: String,
    /// The path, without its query.
    pub(super) path: String,
    /// What follows its `?`.
    pub(super) query: Option<String>,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be an address such as http://127.0.0.1:8000/v1/messages".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(wrong()),
        };
        let authority = uri.authority().filter(|it| !it.as_str().contains('@')).ok_or_else(wrong)?;
        Ok(Self {
            is_tls,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)?;
        self.query.as_ref().map_or(Ok(()), |it| write!(f, "?{it}"))
    }
}

/// A call as it is made.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query, sent as they stand here.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

impl Call {
    /// With a header more.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The gate's own words in an answer.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) needed: Option<String>,
    pub(super) available: Option<String>,
}

impl Answer {
    /// The problem, where this is one of tollgate's.
    pub(super) fn problem(&self) -> Option<Problem> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        if !text("type")?.starts_with("urn:tollgate:problem:") {
            return None;
        }
        Some(Problem {
            code: text("code")?,
            detail: text("detail").unwrap_or_default(),
            needed: text("needed"),
            available: text("available"),
        })
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// By what the gateway names itself.
    pub(super) fn signatures(&self) -> impl Iterator<Item = &str> {
        [SERVER, VIA].into_iter().filter_map(|it| self.headers.get(it)?.to_str().ok())
    }

    /// Whether a text stands in its body or in a header. Some writers of JSON escape the slash.
    pub(super) fn holds(&self, text: &str) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        let in_headers =
            || self.headers.values().any(|it| String::from_utf8_lossy(it.as_bytes()).contains(text));
        body.contains(text) || body.replace("\\/", "/").contains(text) || in_headers()
    }
}

/// Whom the certificates of `https` addresses are trusted from.
#[derive(Clone)]
pub(super) struct Trust(TlsConnector);

impl Trust {
    /// The authorities in a file, or else those of the system.
    ///
    /// # Errors
    /// A sentence about a file that cannot be used.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, String> {
        let of_system = || AUTHORITIES.iter().map(PathBuf::from).find(|it| it.exists());
        let mut roots = RootCertStore::empty();
        if let Some(file) = file.map(Path::to_owned).or_else(of_system) {
            let pem = std::fs::read(&file).map_err(|it| format!("cannot read {}: {it}", file.display()))?;
            let found = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
            if found.0 == 0 {
                return Err(format!("{} holds no certificate in PEM", file.display()));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|it| it.to_string())?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Makes a call.
///
/// # Errors
/// A sentence about a call that came to no answer.
pub(super) async fn send(url: &Url, trust: &Trust, call: &Call) -> Result<Answer, String> {
    let answered = tokio::time::timeout(ANSWER_WAIT, exchange(url, trust, call)).await;
    let what = || format!("{} {}", call.method, call.target);
    match answered {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(format!("{} at {} came to no answer: {error}", what(), url.authority)),
        Err(_) => {
            Err(format!("{} at {} had no answer after {} s", what(), url.authority, ANSWER_WAIT.as_secs()))
        }
    }
}

async fn exchange(url: &Url, trust: &Trust, call: &Call) -> Result<Answer, Fault> {
    let tcp = TcpStream::connect((&*url.host, url.port)).await?;
    let stream: Box<dyn Stream> = if url.is_tls {
        Box::new(trust.0.connect(ServerName::try_from(url.host.clone())?, tcp).await?)
    } else {
        Box::new(tcp)
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // What becomes of the connection, the answer tells.
    let driving = tokio::spawn(connection);
    let response = sender.send_request(request(url, call)?).await?;
    let (head, body) = response.into_parts();
    let body = beginning(body).await;
    driving.abort();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// As much of a body as there is time and room for.
async fn beginning(mut body: Incoming) -> Bytes {
    let mut read = Vec::new();
    let reading = async {
        while let (false, Some(Ok(frame))) =
            (body.is_end_stream() || read.len() >= BODY_MAX, body.frame().await)
        {
            read.extend_from_slice(frame.data_ref().map_or(&[], |it| it));
        }
    };
    // What has come by then is looked at.
    drop(tokio::time::timeout(BODY_WAIT, reading).await);
    read.into()
}

fn request(url: &Url, call: &Call) -> hyper::http::Result<Request<Full<Bytes>>> {
    let mut request =
        Request::builder().method(&call.method).uri(&*call.target).header(HOST, &*url.authority);
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(Full::new(Bytes::from(call.body.clone().unwrap_or_default())))?;
    // One that is given by hand goes before the one that we would say.
    if call.headers.iter().any(|it| it.0.eq_ignore_ascii_case(CONTENT_TYPE.as_str())) {
        let last = request.headers().get_all(CONTENT_TYPE).iter().next_back().cloned();
        last.and_then(|it| request.headers_mut().insert(CONTENT_TYPE, it));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_prints() {
        for text in
            ["http://127.0.0.1:8000/v1/messages", "https://api.example.com/v1?a=b", "http://[::1]:80/"]
        {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        let bare: Url = "https://api.example.com".parse().unwrap();
        assert_eq!((bare.port, &*bare.path), (443, "/"));
        for wrong in ["", "/v1", "127.0.0.1:8000", "ftp://a/b", "http://user@a/b"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong:?}");
        }
    }
}
