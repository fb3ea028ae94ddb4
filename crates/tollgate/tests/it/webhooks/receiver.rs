//! A receiver of webhooks that does as it is told.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What is done with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// This status is answered.
    Answer(u16),
    /// The same, after a while, and in time.
    Late(u16),
    /// It is taken, and 200 is answered when nobody waits for it any more.
    TooLate,
    /// Nothing is ever answered.
    Hang,
    /// The sender is sent elsewhere.
    Redirect,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// How often the same message came before.
    pub(crate) nth: usize,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    is_taken: bool,
}

/// More than the sender waits for.
const TOO_LATE: Duration = Duration::from_secs(4);

impl Received {
    /// When it was sent, by its own account.
    pub(crate) fn timestamp(&self) -> i64 {
        self.headers["webhook-timestamp"].parse().unwrap()
    }
}

type Behaves = Arc<dyn Fn(&Received) -> Behaviour + Send + Sync>;

pub(crate) struct Receiver {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    received: Arc<Mutex<Vec<Received>>>,
    behaves: Behaves,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Receiver {
    pub(crate) async fn start(behaves: impl Fn(&Received) -> Behaviour + Send + Sync + 'static) -> Self {
        Self::start_with(None, behaves).await
    }

    /// The same, speaking TLS with a certificate.
    pub(crate) async fn start_with(
        tls: Option<TlsAcceptor>,
        behaves: impl Fn(&Received) -> Behaviour + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self {
            address,
            tls,
            received: Arc::default(),
            behaves: Arc::new(behaves),
            serving: Mutex::default(),
        };
        receiver.serve(listener);
        receiver
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/events", self.address)
    }

    /// Every request, in their order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Those that were answered with 2xx.
    pub(crate) fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|it| it.is_taken).collect()
    }

    /// Nobody listens any more, and all connections are closed.
    pub(crate) fn go_down(&self) {
        self.serving.lock().unwrap().take().unwrap().abort();
    }

    /// At the same address again.
    pub(crate) async fn come_up(&self) {
        // Until the old listener is gone.
        for _ in 0..2_000 {
            if let Ok(listener) = TcpListener::bind(self.address).await {
                return self.serve(listener);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} is not free again", self.address);
    }

    fn serve(&self, listener: TcpListener) {
        let (received, behaves, tls) = (self.received.clone(), self.behaves.clone(), self.tls.clone());
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (received, behaves) = (received.clone(), behaves.clone());
                let service = service_fn(move |request| answer(request, received.clone(), behaves.clone()));
                let tls = tls.clone();
                connections.spawn(async move {
                    let http = http1::Builder::new();
                    // What breaks off is the sender's to bear.
                    match tls {
                        None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(http.serve_connection(TokioIo::new(stream), service).await);
                            }
                        }
                    }
                });
            }
        });
        *self.serving.lock().unwrap() = Some(serving);
    }
}

async fn answer(
    request: Request<Incoming>,
    all: Arc<Mutex<Vec<Received>>>,
    behaves: Behaves,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.method(), "POST");
    let headers: BTreeMap<_, _> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let (place, behaviour) = {
        let mut all = all.lock().unwrap();
        let nth = all.iter().filter(|it| it.headers["webhook-id"] == headers["webhook-id"]).count();
        let received = Received { nth, headers, body, is_taken: false };
        let behaviour = behaves(&received);
        all.push(received);
        (all.len() - 1, behaviour)
    };
    let status = match behaviour {
        Behaviour::Answer(status) => status,
        Behaviour::Late(status) => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            status
        }
        Behaviour::TooLate => {
            all.lock().unwrap()[place].is_taken = true;
            tokio::time::sleep(TOO_LATE).await;
            200
        }
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Redirect => 307,
    };
    all.lock().unwrap()[place].is_taken = (200..300).contains(&status);
    let answer = Response::builder().status(status).header("location", "/elsewhere");
    Ok(answer.body(Full::default()).unwrap())
}
