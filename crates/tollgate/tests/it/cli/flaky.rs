//! Something between the command line and the server that loses what it is told to lose.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// What becomes of a request. After the last fate all pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// The server never gets it, and the connection ends.
    Drop,
    /// The server gets and answers it, and the answer is lost.
    Lose,
    /// This is answered in the server's place.
    Answer(&'static str),
    /// It passes when the test says so.
    Wait,
}

/// The server is there, and takes nothing now.
pub(super) const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 150\r\n\r\n\
     {\"type\":\"urn:tollgate:problem:unavailable\",\"title\":\"Unavailable\",\"status\":503,\"detail\":\"Later.\",\"code\":\
     \"unavailable\",\"instance\":\"urn:uuid:0000000000\"}";

/// The server is there, and its store did not say what became of it.
pub(super) const UNKNOWN: &str = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 166\r\n\r\n\
     {\"type\":\"urn:tollgate:problem:outcome_unknown\",\"title\":\"Outcome unknown\",\"status\":503,\"detail\":\"Who knows.\",\
     \"code\":\"outcome_unknown\",\"instance\":\"urn:uuid:0000000000\"}";

/// A listener, where each connection has one request. It ends with the test.
pub(super) struct Flaky {
    address: SocketAddr,
    keys: Arc<Mutex<Vec<Option<String>>>>,
    go: Sender<()>,
}

impl Flaky {
    /// Before a server, `http://…`.
    pub(super) fn before(server: &str, fates: &[Fate]) -> Self {
        Self::start(Some(server.trim_start_matches("http://").to_owned()), fates.to_vec())
    }

    /// Without a server: always this answer.
    pub(super) fn answering(answer: &'static str) -> Self {
        Self::start(None, vec![Fate::Answer(answer); 100])
    }

    fn start(server: Option<String>, fates: Vec<Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, keys) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (seen, (go, gone)) = (Arc::clone(&keys), channel());
        std::thread::spawn(move || {
            let mut fates = fates.into_iter();
            for client in listener.incoming().map_while(Result::ok) {
                serve(client, server.as_deref(), &mut fates, &seen, &gone);
            }
        });
        Self { address, keys, go }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `Idempotency-Key` of each request that came.
    pub(super) fn keys(&self) -> Vec<Option<String>> {
        self.keys.lock().unwrap().clone()
    }

    /// Lets a request pass that waits.
    pub(super) fn let_pass(&self) {
        self.go.send(()).unwrap();
    }
}

fn serve(
    mut client: TcpStream,
    server: Option<&str>,
    fates: &mut impl Iterator<Item = Fate>,
    keys: &Mutex<Vec<Option<String>>>,
    gone: &Receiver<()>,
) {
    // A connection that was made and never used has no fate.
    let Some(request) = message(&mut client) else { return };
    let head = String::from_utf8_lossy(&request).into_owned();
    keys.lock().unwrap().push(header(&head, "idempotency-key"));
    let forward = || {
        let mut server = TcpStream::connect(server.unwrap()).unwrap();
        server.write_all(&request).unwrap();
        let answer = message(&mut server).unwrap();
        let at = answer.windows(2).position(|it| it == b"\r\n").unwrap();
        [&answer[..at], b"\r\nconnection: close", &answer[at..]].concat()
    };
    let answer = match fates.next() {
        Some(Fate::Drop) => return,
        Some(Fate::Lose) => return drop(forward()),
        Some(Fate::Answer(answer)) => answer.as_bytes().to_vec(),
        Some(Fate::Wait) => {
            gone.recv().unwrap();
            forward()
        }
        None => forward(),
    };
    // Whoever does not wait for it any more does not get it.
    drop(client.write_all(&answer));
}

/// A request or an answer, whole, if one comes.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        if let Some(at) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..at]).into_owned();
            let length = header(&head, "content-length").map_or(0, |it| it.parse().unwrap());
            if read.len() >= at + 4 + length {
                return Some(read);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(some) => read.extend_from_slice(&buffer[..some]),
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().take_while(|it| !it.is_empty()).find_map(|it| {
        let (key, value) = it.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
