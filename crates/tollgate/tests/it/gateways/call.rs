//! A client that sends exactly the bytes that it is told to, so that nothing is put right on the way to the proxy.

use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::server::{Account, DEADLINE};

/// A call of the API, by way of the proxy.
#[derive(Clone)]
pub(super) struct Call {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
    from: Ipv4Addr,
}

impl Call {
    /// Without credentials.
    pub(super) fn new(method: &str, target: &str) -> Self {
        Self::line(&format!("{method} {target} HTTP/1.1"))
    }

    /// With a request line of any kind. Each character is sent as one byte.
    pub(super) fn line(line: &str) -> Self {
        Self { line: line.to_owned(), headers: Vec::new(), body: Vec::new(), from: Ipv4Addr::LOCALHOST }
    }

    pub(super) fn by(self, account: &Account) -> Self {
        self.with_secret(account, &account.secret)
    }

    pub(super) fn with_secret(self, account: &Account, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{}:{secret}", account.api_key));
        self.header(&format!("Authorization: Basic {pair}"))
    }

    /// With a line more in its head.
    pub(super) fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    pub(super) fn headers(self, lines: &[&str]) -> Self {
        lines.iter().fold(self, |call, line| call.header(line))
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same, asked of another path.
    pub(super) fn at(self, target: &str) -> Self {
        Self { line: format!("GET {target} HTTP/1.1"), ..self }
    }

    /// From another address of this machine.
    pub(super) fn from(mut self, from: Ipv4Addr) -> Self {
        self.from = from;
        self
    }

    pub(super) async fn send(&self, to: SocketAddr) -> Reply {
        let stream = self.connect(to).await;
        self.send_on(stream).await
    }

    /// A connection to send it on.
    pub(super) async fn connect(&self, to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((self.from, 0))).unwrap();
        timeout(DEADLINE, socket.connect(to)).await.expect("the proxy accepts").unwrap()
    }

    /// Sends it and reads until the proxy closes.
    pub(super) async fn send_on(&self, mut stream: TcpStream) -> Reply {
        let mut head =
            format!("{}\r\nHost: api.example\r\nContent-Length: {}\r\n", self.line, self.body.len());
        if !self.headers.iter().any(|it| it.starts_with("Connection:")) {
            head += "Connection: close\r\n";
        }
        for line in &self.headers {
            head += &format!("{line}\r\n");
        }
        head += "\r\n";
        let mut bytes: Vec<u8> = head.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect();
        bytes.extend(&self.body);
        let mut answer = Vec::new();
        let exchange = async {
            // One that was refused at its head may be closed while its body is still on the way.
            drop(stream.write_all(&bytes).await);
            drop(stream.read_to_end(&mut answer).await);
        };
        timeout(DEADLINE, exchange).await.unwrap_or_else(|_| panic!("no end of the answer to {}", self.line));
        Reply::of(&answer).unwrap_or_else(|| panic!("no answer to {}: {answer:?}", self.line))
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    fn of(answer: &[u8]) -> Option<Self> {
        if !answer.is_empty() && !answer.starts_with(b"HTTP/") {
            // As a request line without a version is answered: HTTP/0.9 has no statuses.
            return Some(Self { status: 0, headers: Vec::new(), body: answer.to_vec() });
        }
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|it| it.split_once(':'));
        let headers = headers.map(|it| (it.0.to_ascii_lowercase(), it.1.trim().to_owned())).collect();
        let mut reply = Self { status, headers, body: answer[end + 4..].to_vec() };
        if reply.all("transfer-encoding") == ["chunked"] {
            reply.body = in_one_piece(&reply.body)?;
        }
        Some(reply)
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|it| it.0 == name).map(|it| it.1.as_str()).collect()
    }

    /// The body, null if it is no JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of a problem; empty if it is none.
    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A body that was sent in chunks. The answer to HEAD has none of them.
fn in_one_piece(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while !chunks.is_empty() {
        let end = chunks.windows(2).position(|it| it == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).ok()?, 16).ok()?;
        if length == 0 {
            break;
        }
        body.extend(chunks.get(end + 2..end + 2 + length)?);
        chunks = chunks.get(end + 4 + length..)?;
    }
    Some(body)
}
