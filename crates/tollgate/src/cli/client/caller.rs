//! Which server is asked, and who asks it.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use hyper::Uri;
use hyper::header::HeaderValue;

use super::super::Ended;
use super::prompt;

/// Who the operator is to `--as`. No account has such a name.
const OPERATOR: &str = "operator";
/// More than any secret or token has.
const SECRET_MAX: u64 = 4_096;

/// Which server, who asks it, and how the answers are printed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server and caller")]
pub(super) struct ConnectionArgs {
    /// The server
    #[arg(
        long,
        env = "TOLLGATE_API",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL",
        global = true
    )]
    pub(super) api: Server,

    /// Who asks: an account, by its api key or auth id, or `operator`; the operator unless said
    #[arg(long = "as", env = "TOLLGATE_ACCOUNT", value_name = "WHO", global = true)]
    caller: Option<String>,

    /// The file with the secret or token of whoever asks; - for standard input
    #[arg(long, value_name = "FILE", global = true)]
    secret_file: Option<PathBuf>,

    /// Trust the authorities in this PEM file for https, in place of the system's
    #[arg(long, env = "TOLLGATE_CA", value_name = "FILE", global = true)]
    pub(super) ca: Option<PathBuf>,

    /// For how long to ask again when the server cannot be reached or is busy; always with the same key, so that a write
    /// happens once
    #[arg(long, default_value_t = 5, value_name = "SECONDS", global = true)]
    pub(super) patience: u16,

    /// Print the API's answers instead of tables: one JSON document a line, one line for each page of a list
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// The address of a server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// Scheme and authority, and the path below which the API is, without a slash at its end.
    base: String,
}

impl FromStr for Server {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be an address such as https://tollgate.example.com";
        let uri: Uri = text.parse().map_err(|_| wrong)?;
        let scheme = uri.scheme_str().filter(|it| matches!(*it, "http" | "https")).ok_or(wrong)?;
        // What stands before an @ would be a secret on the command line, and sent nowhere.
        let authority = uri.authority().filter(|it| !it.as_str().contains('@')).ok_or(wrong)?;
        if uri.query().is_some() {
            return Err(wrong);
        }
        Ok(Self { base: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')) })
    }
}

impl Server {
    /// Whether it is spoken to over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// The address of what is at a path of the API.
    pub(super) fn at(&self, target: &str) -> String {
        format!("{}{target}", self.base)
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.base)
    }
}

/// Who asks, with what proves it.
pub(super) struct Caller {
    /// The account; nobody for the operator.
    pub(super) account: Option<String>,
    /// The header `Authorization`.
    pub(super) authorization: HeaderValue,
}

impl Caller {
    /// Takes the secret from where it is, or asks for it.
    ///
    /// # Errors
    /// When nobody said who asks, or there is no secret, or none that can be sent.
    pub(super) async fn of(args: &ConnectionArgs) -> Result<Self, Ended> {
        let account = args.caller.clone().filter(|it| it != OPERATOR && !it.is_empty());
        let (variable, what) = match &account {
            Some(account) => ("TOLLGATE_SECRET", format!("secret of {}", super::text::visible(account))),
            None => ("TOLLGATE_OPERATOR_TOKEN", "operator token".to_owned()),
        };
        let secret = match &args.secret_file {
            Some(file) => from_file(file)?,
            None => match std::env::var_os(variable).filter(|it| !it.is_empty()) {
                Some(text) => from_variable(variable, text)?,
                // Whoever said nothing at all is told what to say, and not asked for something they may not have.
                None if args.caller.is_none() => return Err(Ended::usage(NOBODY)),
                None => prompt::secret(&what).await?.ok_or_else(|| {
                    Ended::usage(format!(
                        "the {what} is needed: set {variable}, or give --secret-file FILE (- for standard input)"
                    ))
                })?,
            },
        };
        let value = match &account {
            Some(account) if account.contains(':') => {
                return Err(Ended::usage("--as must be an api key, an auth id, or `operator`"));
            }
            Some(account) => format!("Basic {}", STANDARD.encode(format!("{account}:{secret}"))),
            None => format!("Bearer {secret}"),
        };
        let mut authorization = HeaderValue::try_from(value)
            .map_err(|_| Ended::usage(format!("the {what} has characters that none has")))?;
        authorization.set_sensitive(true);
        Ok(Self { account, authorization })
    }
}

const NOBODY: &str = "who asks? For the operator set TOLLGATE_OPERATOR_TOKEN, or give --secret-file; for an account set \
     TOLLGATE_ACCOUNT and TOLLGATE_SECRET, or give --as and --secret-file";

fn from_file(file: &Path) -> Result<String, Ended> {
    let cannot = |error| Ended::usage(format!("cannot read the secret from {}: {error}", file.display()));
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(SECRET_MAX).read_to_string(&mut text).map_err(cannot)?;
    } else {
        File::open(file).and_then(|it| it.take(SECRET_MAX).read_to_string(&mut text)).map_err(cannot)?;
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Ended::usage(format!("there is no secret in {}", file.display())));
    }
    Ok(secret.to_owned())
}

fn from_variable(name: &str, text: OsString) -> Result<String, Ended> {
    text.into_string().map_err(|_| Ended::usage(format!("{name} is no text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_where_the_api_is_and_holds_no_secret() {
        for (text, at) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api"),
            ("https://tollgate.example.com/", "https://tollgate.example.com/api"),
            ("https://example.com/billing/", "https://example.com/billing/api"),
            ("http://[::1]:8080", "http://[::1]:8080/api"),
        ] {
            assert_eq!(text.parse::<Server>().unwrap().at("/api"), at);
        }
        for wrong in ["", "127.0.0.1:8080", "ftp://a", "http://user:secret@a", "http://a/?b=c", "/api"] {
            assert!(wrong.parse::<Server>().is_err(), "{wrong:?}");
        }
    }
}
