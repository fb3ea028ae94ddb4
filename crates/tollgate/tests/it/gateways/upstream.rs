//! The API behind the proxy: it writes down, byte by byte, what it was sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    /// All that a server could take for this header: many fold case, and some take an underscore for a hyphen.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let folded = |it: &str| it.to_ascii_lowercase().replace('_', "-");
        let named = self.headers.iter().filter(|it| folded(&it.0) == name);
        named.map(|it| it.1.as_str()).collect()
    }

    /// The header's one value; empty if it has none or is not there, for proxies differ in that.
    pub(super) fn one(&self, name: &str) -> &str {
        match *self.all(name) {
            [] => "",
            [value] => value,
            _ => panic!("{name} came more than once: {self:?}"),
        }
    }
}

/// A running one. It answers everything with `ok`.
pub(super) struct Upstream {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (status, seen) = (Arc::new(AtomicU16::new(200)), Arc::new(Mutex::default()));
        let upstream = Self { address, status: Arc::clone(&status), seen: Arc::clone(&seen) };
        // It ends with the test's runtime.
        drop(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                drop(tokio::spawn(serve(stream, Arc::clone(&status), Arc::clone(&seen))));
            }
        }));
        upstream
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers with from now on.
    pub(super) fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// What came since this was asked last.
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The one request that came since this or [`Upstream::take`] was asked last.
    #[track_caller]
    pub(super) fn one(&self) -> Seen {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

/// Answers what comes on a connection until the proxy closes it, or breaks it off.
async fn serve(stream: TcpStream, status: Arc<AtomicU16>, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut stream = BufStream::new(stream);
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request);
        let status = status.load(Ordering::Relaxed);
        let answer =
            format!("HTTP/1.1 {status} Said\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufStream<TcpStream>) -> Option<Seen> {
    let line = line(stream).await?;
    let mut words = line.splitn(3, ' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    let mut body = Vec::new();
    loop {
        let line = self::line(stream).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
        if name.eq_ignore_ascii_case("content-length") {
            body.resize(value.trim().parse().unwrap(), 0);
        }
    }
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { method, target, headers, body })
}

/// A line without its end; none at the end of the connection.
async fn line(stream: &mut BufStream<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await.ok().filter(|it| *it > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}
