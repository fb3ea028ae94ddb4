//! Where a database is and how it is reached: the address, as libpq would read it, and TLS.
//!
//! `sslmode` means what it means to libpq: `disable` never encrypts, `prefer` does where the server can, `require` always
//! does, and none of them looks at whose certificate it is; but `require` with `sslrootcert` is as `verify-ca`, which wants
//! one that leads to a known root, and `verify-full` wants the host's name in it, too. The roots are those in the file
//! `sslrootcert`, or the system's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Connection;
use crate::store::OpenError;
use crate::store::sql::{Fault, Result};

/// What a connection is like unless the address says otherwise. A peer that is gone without a word is noticed within some ten
/// seconds: after 4 of silence it is asked every 2, three times, and what is not acknowledged is given up after 10.
const DEFAULTS: [(&str, &str); 6] = [
    ("application_name", "tollgate"),
    ("connect_timeout", "5"),
    ("keepalives_idle", "4"),
    ("keepalives_interval", "2"),
    ("keepalives_retries", "3"),
    ("tcp_user_timeout", "10"),
];

/// The same of the server, which else would keep for hours what a machine holds that has lost its power: rows, the numbers of
/// lanes, a turn. It does nothing at a socket in the file system, whose other end is never gone without a word.
const WATCHED: &str =
    "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = 10000;";

/// How long all of a connection may take, whatever hosts there are: the names, the greetings, the password.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

const MODES: &str = "sslmode is one of disable, prefer, require, verify-ca and verify-full";

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    // Boxed, for a file's path is a tenth of its size.
    config: Box<Config>,
    check: Check,
    roots: Roots,
    /// Without what nobody should see.
    shown: String,
}

/// What is looked at of a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    /// It leads to a root that is trusted.
    Chain,
    /// And it is that host's.
    Name,
}

/// Which roots are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    System,
    File(PathBuf),
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or("a database is named postgres://USER@HOST/DATABASE")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut mode, mut file, mut options) = (None, None, String::new());
        for (name, value) in query.split('&').filter_map(|it| it.split_once('=')) {
            match name {
                "sslmode" => mode = Some(value),
                "sslrootcert" => file = Some(unescaped(value)),
                _ => options = format!("{options}&{name}={value}"),
            }
        }
        for (name, value) in DEFAULTS {
            if !options.contains(&format!("&{name}=")) {
                options = format!("{options}&{name}={value}");
            }
        }
        let whole = format!("postgres://{place}?{}", options.trim_start_matches('&'));
        let mut config: Config = whole.parse().map_err(|error| super::said(&error))?;
        let (ssl, check) = tls_mode(mode, file.as_deref())?;
        config.ssl_mode(ssl);
        let roots = match file {
            Some(file) if file != "system" => Roots::File(file.into()),
            _ => Roots::System,
        };
        Ok(Self { shown: shown(&config)?, config: Box::new(config), check, roots })
    }
}

fn tls_mode(mode: Option<&str>, file: Option<&str>) -> Result<(SslMode, Check), String> {
    let is_system = file == Some("system");
    if is_system && mode.is_some_and(|it| it != "verify-full") {
        return Err(
            "the system's roots want every name checked: sslrootcert=system goes with sslmode=verify-full"
                .into(),
        );
    }
    Ok(match mode {
        None if is_system => (SslMode::Require, Check::Name),
        Some("disable") => (SslMode::Disable, Check::Nothing),
        None | Some("prefer") => (SslMode::Prefer, Check::Nothing),
        Some("require") if file.is_none() => (SslMode::Require, Check::Nothing),
        Some("require" | "verify-ca") => (SslMode::Require, Check::Chain),
        Some("verify-full") => (SslMode::Require, Check::Name),
        Some(_) => return Err(MODES.into()),
    })
}

/// Where it is, and as whom it is asked.
fn shown(config: &Config) -> Result<String, String> {
    let mut hosts = Vec::new();
    for (place, host) in config.get_hosts().iter().enumerate() {
        let port = config.get_ports().get(place).or(config.get_ports().first()).copied().unwrap_or(5432);
        hosts.push(match host {
            Host::Tcp(host) if host.contains(':') => format!("[{host}]:{port}"),
            Host::Tcp(host) => format!("{host}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        });
    }
    hosts.extend(
        config.get_hostaddrs().iter().filter(|_| config.get_hosts().is_empty()).map(ToString::to_string),
    );
    if hosts.is_empty() {
        return Err("no host is named".into());
    }
    let (user, database) = (config.get_user(), config.get_dbname());
    let (user, hosts) = (user.map(|it| format!("{it}@")).unwrap_or_default(), hosts.join(","));
    let database = database.map(|it| format!("/{it}")).unwrap_or_default();
    // What stands behind a second one may be a part of the password.
    if format!("{user}{hosts}{database}").matches('@').count() > 1 {
        return Err("an @ within the name or the password is written %40".into());
    }
    Ok(format!("postgres://{user}{hosts}{database}"))
}

fn unescaped(text: &str) -> String {
    // A plus sign is one, as to libpq.
    let pair = format!("it={}", text.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|it| it.1.into_owned()).unwrap_or_default()
}

/// What connects to a database, again and again.
pub(in crate::store) struct Connector {
    url: PostgresUrl,
    tls: MakeRustlsConnect,
}

impl Connector {
    /// # Errors
    /// Where the roots cannot be read.
    pub(in crate::store) fn new(url: &PostgresUrl) -> Result<Self, OpenError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier(url, &provider)?;
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|it| OpenError::Tls(it.to_string()))?;
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self { url: url.clone(), tls: MakeRustlsConnect::new(config) })
    }

    /// Connects, and has the server carry out the statements that make a connection what its user wants it to be.
    pub(in crate::store) fn connect(&self, settings: &str) -> Result<Connection> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Fault::System)?;
        let connecting = self.url.config.connect(self.tls.clone());
        let connecting = async { tokio::time::timeout(CONNECT_WITHIN, connecting).await };
        let connected = super::connection::waiting(|| runtime.block_on(connecting));
        let (client, connection) = connected.map_err(|_| Fault::Silent)??;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                // Whoever asks next is told that it is closed, and tells it further.
                tracing::debug!(error = super::said(&error), "a connection to PostgreSQL ended");
            }
        });
        let connection = Connection::new(runtime, client);
        connection.batch(&format!("{WATCHED} {settings}"))?;
        Ok(connection)
    }
}

/// Looks at a certificate as much as it was told to.
#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
    /// `None` where nothing is looked at.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The roots themselves. A server's own certificate may be one, and is then known without a chain.
    known: Vec<CertificateDer<'static>>,
}

fn verifier(url: &PostgresUrl, provider: &Arc<CryptoProvider>) -> Result<Verifier, OpenError> {
    let (mut chain, mut known) = (None, Vec::new());
    if url.check != Check::Nothing {
        known = match &url.roots {
            // One that cannot be read is one that is not trusted.
            Roots::System => rustls_native_certs::load_native_certs().certs,
            Roots::File(path) => certificates(path)?,
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(known.iter().cloned());
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        chain = Some(built.map_err(|it| OpenError::Tls(it.to_string()))?);
    }
    Ok(Verifier { check: url.check, provider: provider.clone(), chain, known })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let at_file = |reason| OpenError::File { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(at_file)?;
    let all: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if all.is_empty() {
        return Err(at_file(std::io::Error::other("it holds no certificate in PEM")));
    }
    Ok(all)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verified = chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // Names are looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Chain => Ok(ServerCertVerified::assertion()),
            // Its end is looked at before what it is used for, so this is all that is wrong with one that signed itself.
            Err(rustls::Error::InvalidCertificate(error))
                if is_root_itself(&error) && self.known.iter().any(|it| it == end_entity) =>
            {
                if self.check == Check::Name {
                    rustls::client::verify_server_name(
                        &ParsedCertificate::try_from(end_entity)?,
                        server_name,
                    )?;
                }
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a chain was refused only because a root stands in for a server.
fn is_root_itself(error: &CertificateError) -> bool {
    let text = format!("{error:?}");
    text.contains("CaUsedAsEndEntity")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn an_address_shows_no_secret() {
        for (text, shown) in [
            ("postgres://me:secret@db/shop", "postgres://me@db:5432/shop"),
            ("postgresql://me:secret@a:1,b:2,[::1]:3/shop", "postgres://me@a:1,b:2,[::1]:3/shop"),
            (
                "postgres://me:s%40cret@db/shop?password=secret&options=-c%20x%3Dsecret",
                "postgres://me@db:5432/shop",
            ),
            (
                "postgres:///shop?host=/run/postgresql&user=me&password=secret",
                "postgres://me@/run/postgresql/shop",
            ),
            ("postgres://db", "postgres://db:5432"),
        ] {
            let url = url(text);
            assert_eq!(url.to_string(), shown, "{text}");
            assert!(!format!("{url:?}").contains("secret"));
        }
        for (text, reason) in [
            ("postgres://me:se@cret@db/shop", "an @ within the name or the password is written %40"),
            ("postgres://me:secret@/shop", "no host is named"),
            ("mysql://db/shop", "a database is named postgres://USER@HOST/DATABASE"),
            ("postgres://db/shop?colour=red", "invalid connection string: unknown option `colour`"),
            ("postgres://db/shop?sslmode=allow", MODES),
        ] {
            assert_eq!(text.parse::<PostgresUrl>().unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn a_connection_is_watched_unless_the_address_says_otherwise() {
        let config = url("postgres://db/shop").config;
        assert_eq!(config.get_application_name(), Some("tollgate"));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(4));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(5)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));
        let config = url("postgres://db/shop?keepalives_idle=60&application_name=till").config;
        assert_eq!(config.get_application_name(), Some("till"));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(60));
    }

    #[test]
    fn what_is_looked_at_goes_by_the_mode() {
        let (prefer, require) = (SslMode::Prefer, SslMode::Require);
        for (query, mode, check, roots) in [
            ("", prefer, Check::Nothing, Roots::System),
            ("sslmode=disable", SslMode::Disable, Check::Nothing, Roots::System),
            ("sslmode=prefer&sslrootcert=a", prefer, Check::Nothing, Roots::File("a".into())),
            ("sslmode=require", require, Check::Nothing, Roots::System),
            ("sslmode=require&sslrootcert=%2Fa+b", require, Check::Chain, Roots::File("/a+b".into())),
            ("sslmode=verify-ca", require, Check::Chain, Roots::System),
            ("sslmode=verify-full", require, Check::Name, Roots::System),
            ("sslrootcert=system", require, Check::Name, Roots::System),
        ] {
            let url = url(&format!("postgres://db/shop?{query}"));
            assert_eq!((url.config.get_ssl_mode(), url.check, url.roots), (mode, check, roots), "{query}");
        }
        let weak =
            "postgres://db/shop?sslmode=require&sslrootcert=system".parse::<PostgresUrl>().unwrap_err();
        assert!(weak.ends_with("sslrootcert=system goes with sslmode=verify-full"), "{weak}");
    }
}
