//! Settings: flags, each with a `TOLLGATE_…` twin in the environment. There is no configuration file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::HeaderName;
use clap::Args;

use crate::app::SessionSpans;
use crate::observe::LogFormat;
use crate::seal::{KeyError, Keyring};
use crate::store::{ONCE_MAX, RESOLVE, StoreUrl};

/// Where a listener of the gate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl Place {
    /// Whether nobody but this machine's own processes can reach it.
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text.strip_prefix("unix:"), text.parse::<SocketAddr>()) {
            (Some(""), _) => Err("unix: needs a path".into()),
            (Some(path), _) => Ok(Self::Unix(path.into())),
            (None, Ok(address)) => Ok(Self::Tcp(address)),
            (None, Err(_)) => Err("must be an address such as 127.0.0.1:8081, or unix:PATH".into()),
        }
    }
}

/// Where whoever reaches it needs no token, so it is local.
fn local_place(text: &str) -> Result<Place, String> {
    let place: Place = text.parse()?;
    if place.is_local() {
        Ok(place)
    } else {
        Err("must be a loopback address such as 127.0.0.1:8081, or unix:PATH: whoever reaches it needs no token".into())
    }
}

fn header_name(text: &str) -> Result<String, String> {
    let name = text.parse::<HeaderName>().map_err(|_| "must be the name of a header, such as X-Api-Key")?;
    Ok(name.as_str().to_owned())
}

const MINUTE_MS: i64 = 60 * 1_000;
const RESOLVE_MS: u64 = RESOLVE.as_secs() * 1_000;

const fn minutes(ms: i64) -> i64 {
    ms / MINUTE_MS
}

/// The store that a command works on.
#[derive(Args, Clone, Debug)]
pub struct StoreArgs {
    /// The store: sqlite:FILE, or postgres://USER@HOST/DATABASE, which wants --key-file
    #[arg(long, env = "TOLLGATE_STORE", default_value = "sqlite:tollgate.db", value_name = "STORE")]
    pub store: StoreUrl,

    /// The file with the key under which the store's secrets are sealed; the first start makes it. FILE.key, beside the store, when
    /// not given
    #[arg(long, env = "TOLLGATE_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

impl StoreArgs {
    /// Where the key file is.
    ///
    /// # Errors
    /// [`KeyError`], where nobody has said that and the store is no file that it could lie beside.
    pub fn key_path(&self) -> Result<PathBuf, KeyError> {
        let beside = || self.store.file().map(Keyring::path_beside);
        self.key_file.clone().or_else(beside).ok_or(KeyError::Nowhere)
    }
}

/// Settings of `tollgate serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    /// The store.
    pub store: StoreArgs,

    /// Serve plain HTTP here. Port 0 takes a free one; the line "listening on" tells which
    #[arg(long, env = "TOLLGATE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,

    /// Serve HTTPS here too; needs --tls-self-signed, or --tls-cert and --tls-key
    #[arg(long, env = "TOLLGATE_TLS_LISTEN", value_name = "ADDR")]
    pub tls_listen: Option<SocketAddr>,

    /// Make a certificate for localhost, 127.0.0.1, ::1 and each --tls-name, valid for a year, signed by a CA whose key
    /// is thrown away; DIR gets ca.pem, cert.pem and key.pem, and is used again while they are valid
    #[arg(long, env = "TOLLGATE_TLS_SELF_SIGNED", value_name = "DIR", conflicts_with_all = ["tls_cert", "tls_key"])]
    pub tls_self_signed: Option<PathBuf>,

    /// A further name or address for --tls-self-signed; may be repeated
    #[arg(long, env = "TOLLGATE_TLS_NAME", value_name = "NAME", value_delimiter = ',')]
    pub tls_name: Vec<String>,

    /// A certificate chain in PEM
    #[arg(long, env = "TOLLGATE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key in PEM
    #[arg(long, env = "TOLLGATE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Serve Prometheus metrics at /metrics here, without credentials: an address that only the operator reaches
    #[arg(long, env = "TOLLGATE_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,

    /// How many subaccounts a primary account may have; as many as it likes when not given
    #[arg(long, env = "TOLLGATE_MAX_SUBACCOUNTS", value_name = "N")]
    pub max_subaccounts: Option<u32>,

    /// Refuse amounts that are JSON strings in the Vonage dialect, as Vonage's own service does; else "1.50" is taken too
    #[arg(long, env = "TOLLGATE_VONAGE_STRICT_AMOUNTS")]
    pub vonage_strict_amounts: bool,

    /// How many requests to the Plivo dialect a primary account and its subaccounts may make together in five seconds; 0
    /// for as many as they like
    #[arg(long, env = "TOLLGATE_PLIVO_RATE_LIMIT", default_value_t = 300, value_name = "N")]
    pub plivo_rate_limit: u32,

    /// The domain in the sip addresses of applications and endpoints in the Plivo dialect
    #[arg(long, env = "TOLLGATE_PLIVO_SIP_DOMAIN", default_value = "plivo.com", value_name = "DOMAIN")]
    pub plivo_sip_domain: String,

    /// Serve the checks of the gate here, and nothing else: a loopback address, or unix:PATH. Who reaches it is the proxy, and
    /// needs no gate token
    #[arg(long, env = "TOLLGATE_GATE_LISTEN", value_name = "ADDR", value_parser = local_place)]
    pub gate_listen: Option<Place>,

    /// Serve the check of Envoy's gRPC ext_authz here, and nothing else: an address, or unix:PATH. At a loopback address or a unix
    /// socket, who reaches it is the proxy; elsewhere the proxy shows a gate token in the metadata: authorization: Bearer TOKEN
    #[arg(long, env = "TOLLGATE_GRPC_LISTEN", value_name = "ADDR")]
    pub grpc_listen: Option<Place>,

    /// The same over TLS, with the certificate of --tls-self-signed, or --tls-cert and --tls-key
    #[arg(long, env = "TOLLGATE_GRPC_TLS_LISTEN", value_name = "ADDR")]
    pub grpc_tls_listen: Option<SocketAddr>,

    /// A header of calls in which the gate takes credentials before it looks at Authorization: NAME:SECRET, or a secret or
    /// token alone
    #[arg(long, env = "TOLLGATE_GATE_KEY_HEADER", value_name = "HEADER", value_parser = header_name)]
    pub gate_key_header: Option<String>,

    /// Send events to webhooks whose address is this machine's or one of its networks', too: whoever makes a webhook chooses its
    /// address, and could else reach what only this machine can
    #[arg(long, env = "TOLLGATE_WEBHOOK_ALLOW_LOCAL")]
    pub webhook_allow_local: bool,

    /// A session of the console ends when nobody has used it for so many minutes: 1 to 1440
    #[arg(long, env = "TOLLGATE_CONSOLE_IDLE", default_value_t = minutes(SessionSpans::USUAL.idle_ms), value_name = "MINUTES",
          value_parser = clap::value_parser!(i64).range(1..=1_440))]
    pub console_idle: i64,

    /// And after so many minutes, however much it is used: 1 to 10080, which is a week
    #[arg(long, env = "TOLLGATE_CONSOLE_SESSION", default_value_t = minutes(SessionSpans::USUAL.life_ms), value_name = "MINUTES",
          value_parser = clap::value_parser!(i64).range(1..=10_080))]
    pub console_session: i64,

    /// How many keyed writes are remembered for 24 hours, at some 50 bytes of memory each
    #[arg(long, env = "TOLLGATE_ONCE_MAX", default_value_t = ONCE_MAX, value_name = "N")]
    pub once_max: usize,

    /// For how many milliseconds a database is asked what became of a commit whose answer was lost, before clients are told that
    /// nobody knows. Hidden: it is there for tests, which cannot wait for so long
    #[arg(long, env = "TOLLGATE_STORE_RESOLVE_MS", hide = true, default_value_t = RESOLVE_MS, value_name = "MS")]
    pub store_resolve_ms: u64,

    /// What is logged to standard error: off, error, warn, info, debug (a line for each request) or trace
    #[arg(long, env = "TOLLGATE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How a log line looks
    #[arg(long, env = "TOLLGATE_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// The operator token, at least 32 characters. Wins over the one that the first start printed, and is not stored
    #[arg(long, env = "TOLLGATE_OPERATOR_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub operator_token: Option<String>,
}

impl ServeArgs {
    /// For how long a session of the console lasts.
    pub const fn sessions(&self) -> SessionSpans {
        let Self { console_idle, console_session, .. } = self;
        SessionSpans { idle_ms: *console_idle * MINUTE_MS, life_ms: *console_session * MINUTE_MS }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    #[test]
    fn sessions_last_as_usual_unless_somebody_says_otherwise() {
        let sessions = |args: &[&str]| Line::parse_from(["x"].iter().chain(args)).serve.sessions();
        assert_eq!(sessions(&[]), SessionSpans::USUAL);
        let spans = sessions(&["--console-idle", "5", "--console-session", "60"]);
        assert_eq!(spans, SessionSpans { idle_ms: 300_000, life_ms: 3_600_000 });
    }
}
