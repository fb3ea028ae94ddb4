//! The two controls: what the same HTTP stack, middleware and build do without a ledger.
//!
//! *bare* checks Basic credentials by keyed hash, reads the body as JSON and answers as many bytes as its path says.
//! *bare-log* does that too, and before it answers it appends 128 bytes to a file, by group commit with fdatasync:
//! one thread, one queue and an answer for each that waits, as in the product's store.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tollgate::app::{App, Settings};
use tollgate::clock::Clock;
use tollgate::http::{self, Incoming, Presented};
use tollgate::observe::{self, LogFormat};
use tollgate::random::Random;
use tollgate::seal::Keyring;
use tollgate::store::{Options, Store, StoreUrl};

use crate::Result;

/// The largest answer: a list of 1,000 has some 300,000 bytes.
const ANSWER_MAX: usize = 4 * 1_024 * 1_024;
/// What one write takes in the log, in bytes.
const ENTRY_LEN: usize = 128;

/// Serves both until it is killed.
pub(crate) fn run(folder: &Path) -> Result<()> {
    observe::start(LogFormat::Text, "info")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(folder))
}

async fn serve(folder: &Path) -> Result<()> {
    let keyring = Keyring::new(&[7; 32]);
    let known = keyring.fingerprint("bench", "bench-secret-of-25-letters");
    let control = Control {
        keyring: keyring.clone(),
        known,
        answer: Bytes::from(vec![b'x'; ANSWER_MAX]),
        log: Log::start(&folder.join("bare.log"))?,
    };
    let router = Router::new()
        .route("/bare/{len}", any(bare))
        .route("/bare-log/{len}", any(bare_log))
        .route("/commits", get(commits))
        .with_state(control);
    // The middleware wants the use cases, and they a store; nobody asks it for anything.
    let app = App::new(
        empty_store(folder, &keyring)?,
        keyring,
        Clock::System,
        Random::System,
        Settings::default(),
    )?;
    let router = http::with_names_and_log(router, app);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    http::serve(listener, None, router, std::future::pending()).await;
    Ok(())
}

fn empty_store(folder: &Path, keyring: &Keyring) -> Result<Store> {
    let url = StoreUrl::Sqlite(folder.join("control.db"));
    let options = Options::new(url, *keyring.mark());
    Ok(Store::open(options)?)
}

#[derive(Clone)]
struct Control {
    keyring: Keyring,
    /// The one name and secret that are let in.
    known: [u8; 32],
    /// What every answer is cut from.
    answer: Bytes,
    log: Arc<Log>,
}

/// What a charge or a transfer may say.
#[derive(Deserialize)]
struct Body {
    account: Option<String>,
    amount: Option<String>,
    operation: Option<String>,
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl Body {
    /// How much of the answer depends on what was read: nothing, but the compiler must not know.
    fn len(&self) -> usize {
        let texts = [&self.account, &self.amount, &self.operation, &self.kind, &self.from, &self.to];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

impl Control {
    /// Checks and reads what was sent; what is wrong with it is the answer.
    fn read(&self, incoming: &Incoming) -> std::result::Result<(), StatusCode> {
        let Presented::Basic { name, secret } = incoming.presented() else {
            return Err(StatusCode::UNAUTHORIZED);
        };
        if self.keyring.fingerprint(&name, &secret) != self.known {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let body = incoming.body.as_ref().map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        if !body.is_empty() {
            let body: Body = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
            std::hint::black_box(body.len());
        }
        Ok(())
    }

    fn answer(&self, len: usize) -> Response {
        let body = self.answer.slice(..len.min(ANSWER_MAX));
        let json = HeaderValue::from_static("application/json");
        (StatusCode::CREATED, [(CONTENT_TYPE, json)], body).into_response()
    }
}

async fn bare(State(control): State<Control>, InPath(len): InPath<usize>, incoming: Incoming) -> Response {
    match control.read(&incoming) {
        Ok(()) => control.answer(len),
        Err(status) => status.into_response(),
    }
}

async fn bare_log(
    State(control): State<Control>,
    InPath(len): InPath<usize>,
    incoming: Incoming,
) -> Response {
    if let Err(status) = control.read(&incoming) {
        return status.into_response();
    }
    let mut entry = [0; ENTRY_LEN];
    for (slot, byte) in entry.iter_mut().zip(incoming.request_id.as_bytes()) {
        *slot = *byte;
    }
    match control.log.append(entry).await {
        Ok(()) => control.answer(len),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn commits(State(control): State<Control>) -> String {
    control.log.commits.load(Ordering::Relaxed).to_string()
}

/// A file that only grows, and those that wait for it.
struct Log {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    commits: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<([u8; ENTRY_LEN], oneshot::Sender<()>)>,
    /// Whether the thread sleeps, so that only the first entry of a batch pays for waking it.
    asleep: bool,
}

impl Log {
    fn start(path: &Path) -> std::io::Result<Arc<Self>> {
        let file = File::create(path)?;
        let log =
            Arc::new(Self { waiting: Mutex::default(), filled: Condvar::new(), commits: AtomicU64::new(0) });
        let writing = log.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || writing.write(file))?;
        Ok(log)
    }

    /// Returns when the entry is on the disk.
    async fn append(&self, entry: [u8; ENTRY_LEN]) -> std::result::Result<(), oneshot::error::RecvError> {
        let (reply, answer) = oneshot::channel();
        self.push(entry, reply);
        answer.await
    }

    fn push(&self, entry: [u8; ENTRY_LEN], reply: oneshot::Sender<()>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entries.push((entry, reply));
        let wake = std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if wake {
            self.filled.notify_one();
        }
    }

    fn write(&self, mut file: File) {
        let (mut batch, mut bytes) = (Vec::new(), Vec::new());
        loop {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            while waiting.entries.is_empty() {
                waiting.asleep = true;
                waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut batch, &mut waiting.entries);
            drop(waiting);
            bytes.clear();
            for (entry, _) in &batch {
                bytes.extend_from_slice(entry);
            }
            if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
                // Whoever waits is told by its sender's end, and everybody after it as well.
                batch.clear();
                return;
            }
            self.commits.fetch_add(1, Ordering::Relaxed);
            for (_, reply) in batch.drain(..) {
                // Who does not wait any more has hung up.
                let _ = reply.send(());
            }
        }
    }
}
