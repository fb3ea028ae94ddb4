//! `tollgate serve`.

use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use ledger::{Actor, Timestamp, Token, TokenId, TokenScope};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::{Ended, LOST, say};
use crate::api;
use crate::app::{App, Settings, TokenFilter};
use crate::clock::Clock;
use crate::config::{Place, ServeArgs};
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{self, OpenError, Store};
use crate::{gate, http, observe, sweep, tls, webhooks};

/// The shortest operator token that the environment may give.
const TOKEN_MIN: usize = 32;

pub(super) fn run(args: ServeArgs) -> Result<(), Ended> {
    observe::start(args.log_format, &args.log).map_err(Ended::cannot_start)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Ended::cannot_start)?;
    runtime.block_on(async {
        let serving = Serving::start(&args, Clock::System, Random::System).await?;
        serving.announce();
        serving.until_stopped().await
    })
}

/// A server that has its store, its addresses and its certificate.
pub struct Serving {
    app: App,
    store: Store,
    room: webhooks::Room,
    plain: TcpListener,
    tls: Option<(TcpListener, TlsAcceptor)>,
    metrics: Option<TcpListener>,
    gate: Option<http::Listener>,
    grpc: Vec<Grpc>,
    signals: Signals,
    lines: Vec<String>,
}

impl Serving {
    /// Takes everything that a start can fail at, so that nothing is served until all of it is there.
    ///
    /// # Errors
    /// A sentence that tells the operator what to do.
    pub async fn start(args: &ServeArgs, clock: Clock, random: Random) -> Result<Self, Ended> {
        // From here on a signal to stop is heard, and not the death of the process in the middle of its start.
        let signals = Signals::listen().map_err(Ended::cannot_start)?;
        let (certificate, mut lines) = certificate(args, clock.now())?;
        let plain = bind(args.listen)?;
        if certificate.is_some() && args.tls_listen.is_none() && args.grpc_tls_listen.is_none() {
            return Err(Ended::cannot_start(
                "a certificate is given and no --tls-listen ADDR to serve it on",
            ));
        }
        let tls = match args.tls_listen {
            Some(address) => Some((bind(address)?, acceptor(&certificate, "--tls-listen", &[])?)),
            None => None,
        };
        let metrics = match args.metrics_listen {
            Some(address) => Some(bind(address)?),
            None => None,
        };
        let gate = match &args.gate_listen {
            None => None,
            Some(place) => Some(bind_place(place)?),
        };
        let grpc = Grpc::bind(args, &certificate).await?;
        let url = &args.store.store;
        let key_path = args.store.key_path().map_err(Ended::cannot_start)?;
        let keyring = Keyring::open(&key_path, !store::exists(url), &random).map_err(Ended::cannot_start)?;
        let options = store::Options {
            once_max: args.once_max,
            environment_token: environment_token(args, &keyring, clock.now())?,
            time: match &clock {
                Clock::System | Clock::Corrected(_) => store::Time::OfDatabase,
                Clock::Stopped(_) => store::Time::OfCallers,
            },
            resolve: Duration::from_millis(args.store_resolve_ms),
            ..store::Options::new(url.clone(), *keyring.mark())
        };
        let has_token = options.environment_token.is_some();
        let store = Store::open(options).map_err(|error| {
            let is_other_key = matches!(error, OpenError::WrongKey(_));
            // Which file that is, the store does not know.
            let which = if is_other_key { format!("{}: ", key_path.display()) } else { String::new() };
            Ended::cannot_start(format!("{which}{error}"))
        })?;
        let ahead_ms = store.figures().database_ahead_ms.clone();
        lines.extend(clock_line(ahead_ms.load(Ordering::Relaxed)));
        let clock = clock.corrected_by(ahead_ms);
        let settings = Settings {
            subaccounts_max: args.max_subaccounts,
            vonage_strict_amounts: args.vonage_strict_amounts,
            plivo_rate_limit: args.plivo_rate_limit,
            plivo_sip_domain: args.plivo_sip_domain.as_str().into(),
            gate_key_header: args.gate_key_header.clone(),
            sessions: args.sessions(),
        };
        let app = App::new(store.clone(), keyring.clone(), clock, random.clone(), settings)
            .map_err(Ended::cannot_start)?;
        let allows_local = args.webhook_allow_local;
        let room = webhooks::Room::new(app.clone(), keyring, random, allows_local, webhooks::ANSWER_WAIT)
            .map_err(Ended::cannot_start)?;
        if !has_token {
            lines.extend(first_token(&app).await?);
        }
        // Before the first request, so that none sees a hold that should have ended while nobody was there.
        app.expire_due_holds().await.map_err(Ended::cannot_start)?;
        Ok(Self { app, store, room, plain, tls, metrics, gate, grpc, signals, lines })
    }

    /// Says on standard output where it listens and what is shown once.
    pub fn announce(&self) {
        let of = |listener: &TcpListener| listener.local_addr().map(|it| it.to_string()).unwrap_or_default();
        say(&format!("listening on http://{}", of(&self.plain)));
        if let Some((listener, _)) = &self.tls {
            say(&format!("listening on https://{}", of(listener)));
        }
        if let Some(listener) = &self.metrics {
            say(&format!("metrics on http://{}/metrics", of(listener)));
        }
        if let Some(listener) = &self.gate {
            say(&format!("gate on {}", shown(listener, "http")));
        }
        for Grpc { listener, tls, .. } in &self.grpc {
            say(&format!("grpc on {}", shown(listener, if tls.is_some() { "https" } else { "http" })));
        }
        for line in &self.lines {
            say(line);
        }
    }

    /// Serves until SIGTERM, SIGINT or a failed sync.
    ///
    /// # Errors
    /// After a failed sync.
    pub async fn until_stopped(self) -> Result<(), Ended> {
        let Self { app, store, room, plain, tls, metrics, gate, grpc, signals, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let until =
            |mut stopped: watch::Receiver<bool>| async move { drop(stopped.wait_for(|it| *it).await) };
        let router = api::router(app.clone());
        let sending = tokio::spawn(room.run(until(stopped.clone())));
        let sweeping = tokio::spawn(sweep::run(app.clone(), until(stopped.clone())));
        let mut serving =
            vec![tokio::spawn(http::serve(plain, None, router.clone(), until(stopped.clone())))];
        if let Some(listener) = metrics {
            let router = http::metrics_router(app.clone());
            serving.push(tokio::spawn(http::serve(listener, None, router, until(stopped.clone()))));
        }
        if let Some(listener) = gate {
            let router = gate::router(app.clone());
            serving.push(tokio::spawn(http::serve(listener, None, router, until(stopped.clone()))));
        }
        for Grpc { listener, tls, is_reached } in grpc {
            let router = gate::grpc::router(app.clone(), is_reached);
            serving.push(tokio::spawn(http::serve_http2(listener, tls, router, until(stopped.clone()))));
        }
        if let Some((listener, acceptor)) = tls {
            serving.push(tokio::spawn(http::serve(listener, Some(acceptor), router, until(stopped))));
        }
        let is_lost = signals.wait_for_end(&store).await;
        app.stop();
        // Whoever listens has its receiver until it ends, so this cannot fail to be heard.
        let _ = stop.send(true);
        for task in serving {
            drop(task.await);
        }
        drop(sweeping.await);
        drop(sending.await);
        store.close();
        if is_lost {
            let sentence =
                "a sync to disk failed; start again, and what is on the disk is read anew".to_owned();
            return Err(Ended { code: LOST, sentence });
        }
        Ok(())
    }
}

/// A listener of the gate's gRPC.
struct Grpc {
    listener: http::Listener,
    tls: Option<TlsAcceptor>,
    /// Whether who reaches it is the proxy.
    is_reached: bool,
}

impl Grpc {
    /// Those that are asked for.
    async fn bind(args: &ServeArgs, certificate: &Option<Certificate>) -> Result<Vec<Self>, Ended> {
        let mut listeners = Vec::new();
        if let Some(place) = &args.grpc_listen {
            let listener = bind_place(place)?;
            listeners.push(Self { listener, tls: None, is_reached: place.is_local() });
        }
        if let Some(address) = args.grpc_tls_listen {
            let tls = Some(acceptor(certificate, "--grpc-tls-listen", &[b"h2"])?);
            let place = Place::Tcp(address);
            listeners.push(Self { listener: bind_place(&place)?, tls, is_reached: place.is_local() });
        }
        Ok(listeners)
    }
}

/// The signals that ask the server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    /// Whether it is the store that ends it.
    async fn wait_for_end(mut self, store: &Store) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => false,
            _ = self.interrupt.recv() => false,
            () = store.lost() => true,
        }
    }
}

fn bind_place(place: &Place) -> Result<http::Listener, Ended> {
    match place {
        Place::Tcp(address) => Ok(bind(*address)?.into()),
        Place::Unix(path) => bind_unix(path),
    }
}

/// Where a listener is, for people and programs that read standard output.
fn shown(listener: &http::Listener, scheme: &str) -> String {
    match listener {
        http::Listener::Tcp(listener) => {
            format!("{scheme}://{}", listener.local_addr().map(|it| it.to_string()).unwrap_or_default())
        }
        http::Listener::Unix(listener) => {
            let address = listener.local_addr().ok();
            let path = address.as_ref().and_then(|it| it.as_pathname());
            format!("unix:{}", path.and_then(Path::to_str).unwrap_or_default())
        }
    }
}

/// A socket in the file system. One that a server left behind which is gone is replaced.
fn bind_unix(path: &Path) -> Result<http::Listener, Ended> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    let is_left_behind = |error: std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    if is_socket && UnixStream::connect(path).is_err_and(is_left_behind) {
        let removed = std::fs::remove_file(path);
        removed.map_err(|it| Ended::cannot_start(format!("cannot replace {}: {it}", path.display())))?;
    }
    let listener = UnixListener::bind(path).map_err(|it| {
        Ended::cannot_start(format!(
            "cannot listen on unix:{}: {it}; is another server running there?",
            path.display()
        ))
    })?;
    Ok(http::Listener::Unix(listener))
}

/// How many connections wait to be accepted; the kernel may allow fewer. A thousand calls at once are a thousand
/// connections of a proxy, and of what does not fit Linux resets some that it had already accepted.
const BACKLOG: u32 = 4_096;

fn bind(address: SocketAddr) -> Result<TcpListener, Ended> {
    listener(address).map_err(|error| {
        Ended::cannot_start(format!("cannot listen on {address}: {error}; is another server running there?"))
    })
}

fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that was just stopped leaves connections behind that would have the next one wait.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The files of a certificate: its chain and its key.
struct Certificate {
    chain: PathBuf,
    key: PathBuf,
}

/// The TLS certificate, and the lines that tell where its CA is.
fn certificate(args: &ServeArgs, now: Timestamp) -> Result<(Option<Certificate>, Vec<String>), Ended> {
    if let Some(folder) = &args.tls_self_signed {
        let files = tls::self_signed(folder, &args.tls_name, now).map_err(Ended::cannot_start)?;
        let lines = vec![format!("CA certificate: {}", files.ca.display())];
        return Ok((Some(Certificate { chain: files.cert, key: files.key }), lines));
    }
    let given = args.tls_cert.as_ref().zip(args.tls_key.as_ref());
    let given = given.map(|(chain, key)| Certificate { chain: chain.clone(), key: key.clone() });
    Ok((given, Vec::new()))
}

/// What a listener of TLS accepts connections with; `flag` is the one that asks for the listener.
fn acceptor(
    certificate: &Option<Certificate>,
    flag: &str,
    protocols: &[&[u8]],
) -> Result<TlsAcceptor, Ended> {
    let Some(Certificate { chain, key }) = certificate else {
        return Err(Ended::cannot_start(format!(
            "{flag} needs a certificate: give --tls-self-signed DIR, or --tls-cert FILE and --tls-key FILE"
        )));
    };
    tls::acceptor(chain, key, protocols).map_err(Ended::cannot_start)
}

fn environment_token(
    args: &ServeArgs,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Option<(Token, String)>, Ended> {
    let Some(text) = &args.operator_token else { return Ok(None) };
    if text.len() < TOKEN_MIN {
        return Err(Ended::cannot_start(format!(
            "TOLLGATE_OPERATOR_TOKEN must have at least {TOKEN_MIN} characters; make one with: openssl rand -hex 32"
        )));
    }
    let id = TokenId::ENVIRONMENT;
    let scope = TokenScope::Operator;
    let token = Token { id, scope, is_first: false, created_at: now, revoked_at: None, limits: None };
    Ok(Some((token, keyring.hash(text))))
}

/// What is said of this machine's clock where it differs from the database's by a second or more.
fn clock_line(database_ahead_ms: i64) -> Option<String> {
    let seconds = (database_ahead_ms.unsigned_abs() + 500) / 1_000;
    let side = if database_ahead_ms > 0 { "behind" } else { "ahead of" };
    (seconds > 0).then(|| {
        format!("this machine's clock is {seconds} s {side} the database's: everything here goes by the database's")
    })
}

/// A store without a live operator token that may do everything gets one, which is shown this once.
async fn first_token(app: &App) -> Result<Option<String>, Ended> {
    let live = TokenFilter { is_gate: Some(false), lives: Some(true), is_restricted: Some(false) };
    if !app.tokens(Actor::Server, live, None, 1).await.map_err(Ended::cannot_start)?.is_empty() {
        return Ok(None);
    }
    let made =
        app.make_token(Actor::Server, None, TokenScope::Operator, None).await.map_err(Ended::cannot_start)?;
    Ok(Some(format!(
        "operator token: {}\n  shown this once, keep it; TOLLGATE_OPERATOR_TOKEN sets another",
        made.1
    )))
}
