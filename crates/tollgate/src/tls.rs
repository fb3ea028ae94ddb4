//! The TLS listener's certificate: the operator's own, or a self-signed one for SDKs that speak https only.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use ledger::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The names that a self-signed certificate is always good for.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long a certificate is valid: a year, in milliseconds.
const VALID_MS: i64 = 365 * DAY_MS;
/// A certificate that ends sooner than this is made anew at the next start.
const RENEW_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why there is no TLS listener.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A file holds no certificate or key in PEM.
    #[error("{} holds no {what} in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// Certificate and key cannot be used together.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The certificate could not be made.
    #[error("a self-signed certificate cannot be made: {0}")]
    NotMade(#[from] rcgen::Error),
}

/// An acceptor with a certificate chain and its key; `protocols` are those of ALPN, none for whatever a client wants.
///
/// # Errors
/// [`TlsError`].
pub fn acceptor(cert: &Path, key: &Path, protocols: &[&[u8]]) -> Result<TlsAcceptor, TlsError> {
    let pem = |path: &Path| fs::read(path).map_err(|reason| TlsError::File { path: path.to_owned(), reason });
    let chain = CertificateDer::pem_slice_iter(&pem(cert)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|it| !it.is_empty());
    let chain = chain.ok_or_else(|| TlsError::Pem { path: cert.to_owned(), what: "certificate" })?;
    let key_der = PrivateKeyDer::from_pem_slice(&pem(key)?);
    let key_der = key_der.map_err(|_| TlsError::Pem { path: key.to_owned(), what: "private key" })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)?;
    config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The files of a self-signed certificate.
#[derive(Debug)]
pub struct SelfSigned {
    /// The CA's certificate: what clients are told to trust.
    pub ca: PathBuf,
    /// The server's certificate.
    pub cert: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

/// Makes a CA and a certificate in a folder, or takes those that are there, valid for a while and for the same names.
///
/// # Errors
/// [`TlsError`].
pub fn self_signed(folder: &Path, more_names: &[String], now: Timestamp) -> Result<SelfSigned, TlsError> {
    let at = |name: &str| folder.join(name);
    let files = SelfSigned { ca: at("ca.pem"), cert: at("cert.pem"), key: at("key.pem") };
    let mut names: Vec<String> = LOCAL_NAMES.map(str::to_owned).to_vec();
    names.extend(more_names.iter().cloned());
    let made = Made { until_ms: now.millis() + VALID_MS, names: names.clone() };
    let is_there = files.ca.exists() && files.cert.exists() && files.key.exists();
    if is_there
        && Made::read(&at("made.txt"))
            .is_some_and(|it| it.names == names && it.until_ms > now.millis() + RENEW_MS)
    {
        return Ok(files);
    }
    fs::create_dir_all(folder).map_err(|reason| TlsError::File { path: folder.to_owned(), reason })?;
    let (ca, cert, key) = issue(names, now)?;
    write(&files.key, 0o600, &key)?;
    write(&files.cert, 0o644, &cert)?;
    write(&files.ca, 0o644, &ca)?;
    write(&at("made.txt"), 0o644, &made.text())?;
    Ok(files)
}

/// What a certificate was made for, so that the next start knows whether it still fits.
struct Made {
    until_ms: i64,
    names: Vec<String>,
}

impl Made {
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Self { until_ms: lines.next()?.parse().ok()?, names: lines.collect() })
    }

    fn text(&self) -> String {
        format!("{}\n{}\n", self.until_ms, self.names.join("\n"))
    }
}

/// The CA's certificate, the server's, and the server's key; the CA's key is dropped here and nowhere kept.
fn issue(names: Vec<String>, now: Timestamp) -> Result<(String, String, String), TlsError> {
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "tollgate self-signed CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Whoever trusts this CA trusts it for these names alone.
    let permitted_subtrees = names.iter().map(|it| subtree(it)).collect();
    ca.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "tollgate");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    // From yesterday on, for clocks that go slow.
    let (from, until) = (date(now.plus_millis(-DAY_MS)), date(now.plus_millis(VALID_MS)));
    for params in [&mut ca, &mut server] {
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
    }
    let (ca_key, server_key) = (KeyPair::generate()?, KeyPair::generate()?);
    let ca_cert = ca.self_signed(&ca_key)?;
    let cert = server.signed_by(&server_key, &Issuer::new(ca, ca_key))?;
    Ok((ca_cert.pem(), cert.pem(), server_key.serialize_pem()))
}

fn subtree(name: &str) -> GeneralSubtree {
    match name.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 32)),
        Ok(address @ IpAddr::V6(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 128)),
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    }
}

/// Year, month and day in UTC.
fn date(at: Timestamp) -> (i32, u8, u8) {
    let date =
        jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    // Months and days are small and positive.
    let small = |it: i8| u8::try_from(it).unwrap_or(1);
    (i32::from(date.year()), small(date.month()), small(date.day()))
}

fn write(path: &Path, mode: u32, text: &str) -> Result<(), TlsError> {
    let at = |reason| TlsError::File { path: path.to_owned(), reason };
    // A new file, so that it has this mode from its first byte on.
    if path.exists() {
        fs::remove_file(path).map_err(at)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(at)?;
    file.write_all(text.as_bytes()).map_err(at)
}
