//! The API behind the gateway: it answers with what it was asked, or with nothing of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::server::poll;

/// A running one; it ends with the tests.
pub(super) struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_echoing: bool,
    is_held: AtomicBool,
    waiting: AtomicUsize,
    served: AtomicUsize,
}

impl Upstream {
    pub(super) fn start(is_echoing: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { is_echoing, ..State::default() });
        let upstream = Self { address, state: Arc::clone(&state) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(&stream.unwrap(), &state));
            }
        });
        upstream
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing is answered.
    pub(super) fn hold(&self) {
        self.state.is_held.store(true, Ordering::SeqCst);
    }

    /// Whether a request waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.state.waiting.load(Ordering::SeqCst) > 0
    }

    /// How many requests have come.
    pub(super) fn served(&self) -> usize {
        self.state.served.load(Ordering::SeqCst)
    }

    /// Everything is answered again; returns when nobody waits any more.
    pub(super) fn go_on(&self) {
        self.state.is_held.store(false, Ordering::SeqCst);
        poll(|| (!self.is_waiting()).then_some(())).expect("all are answered");
    }
}

/// Answers one request after the other until the proxy hangs up.
fn serve(stream: &TcpStream, state: &State) {
    let mut reader = BufReader::new(stream);
    while let Some(head) = head(&mut reader) {
        let length =
            |it: &str| it.to_lowercase().strip_prefix("content-length: ").map(|it| it.parse().unwrap());
        let mut body = vec![0; head.lines().find_map(length).unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        state.waiting.fetch_add(1, Ordering::SeqCst);
        state.served.fetch_add(1, Ordering::SeqCst);
        poll(|| (!state.is_held.load(Ordering::SeqCst)).then_some(()));
        let said = if state.is_echoing { &head } else { "accepted" };
        let (length, kind) = (said.len(), "text/plain");
        let answer = format!(
            "HTTP/1.1 202 Accepted\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{said}"
        );
        // Whoever asked may have gone.
        let written = (&mut &*stream).write_all(answer.as_bytes());
        state.waiting.fetch_sub(1, Ordering::SeqCst);
        if written.is_err() {
            return;
        }
    }
}

fn head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}
