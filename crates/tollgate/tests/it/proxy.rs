//! A TCP proxy between the clients of PostgreSQL and the server, which breaks a connection where it hurts most. It reads the
//! frontend's messages, so neither side may speak TLS through it.
//!
//! Reading order: [`Proxy`], [`Fault`], [`Link`] (one connection), [`Messages`], then what is shown of them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::cluster::{Cluster, Database};
use crate::server::{Ended, Random, poll};

/// What becomes of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    Nothing,
    /// It is cut after so many bytes of both directions together, wherever in a message that is.
    Bytes(u64),
    /// Something becomes of its so manieth COMMIT; those before it pass.
    Commit(u64, Then),
}

/// What becomes of a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection is cut, and the server never hears it.
    CutBefore,
    /// It reaches the server, which does it, and the connection is cut before the client hears of that.
    CutAfter,
    /// It reaches the server so much later.
    Hold(Duration),
    /// The connection is cut, and it reaches the server so much later.
    CutAndHold(Duration),
    /// It reaches the server, or not, and with its own every connection is cut; nobody is let in any more until
    /// [`Proxy::come_back`].
    Leave { reaches: bool },
}

/// What a proxy has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Of both directions, passed on.
    pub(crate) bytes: u64,
    /// How many connections it has cut.
    pub(crate) cut: u64,
    /// How many COMMITs it has held.
    pub(crate) held: u64,
}

/// A proxy on a port of its own. Dropped, it cuts what is left.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listens: Option<JoinHandle<()>>,
}

struct Shared {
    /// Where the server listens.
    server: SocketAddr,
    fault: Mutex<Box<dyn FnMut() -> Fault + Send>>,
    links: Mutex<Vec<Weak<Link>>>,
    bytes: AtomicU64,
    cut: AtomicU64,
    held: AtomicU64,
    /// What becomes of the next COMMIT, whoever's it is.
    next: Mutex<Option<Then>>,
    /// Nobody is let in.
    away: AtomicBool,
    over: AtomicBool,
}

impl Proxy {
    /// In front of a server on this port of 127.0.0.1; asks for each new connection what is to become of it.
    pub(crate) fn start(port: u16, fault: impl FnMut() -> Fault + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server: (Ipv4Addr::LOCALHOST, port).into(),
            fault: Mutex::new(Box::new(fault)),
            links: Mutex::default(),
            bytes: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            held: AtomicU64::new(0),
            next: Mutex::new(None),
            away: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let listens = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for client in listener.incoming() {
                    if shared.over.load(Ordering::SeqCst) {
                        return;
                    }
                    // A server that is down is found out by the client: its connection ends.
                    if let Ok(client) = client {
                        let _down = shared.link(client);
                    }
                }
            }
        });
        Self { address, shared, listens: Some(listens) }
    }

    /// Where it listens on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Has something become of the next COMMIT, on whatever connection that is.
    pub(crate) fn at_next_commit(&self, then: Then) {
        *self.shared.next.lock().unwrap() = Some(then);
    }

    /// Lets in again whoever connects.
    pub(crate) fn come_back(&self) {
        self.shared.away.store(false, Ordering::SeqCst);
    }

    pub(crate) fn seen(&self) -> Seen {
        let Shared { bytes, cut, held, .. } = &*self.shared;
        let [bytes, cut, held] = [bytes, cut, held].map(|it| it.load(Ordering::SeqCst));
        Seen { bytes, cut, held }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // It waits for a connection, and this is one.
        drop(TcpStream::connect(self.address));
        if let Some(listens) = self.listens.take() {
            let _panicked = listens.join();
        }
        self.shared.links().iter().for_each(|it| it.end());
    }
}

impl Shared {
    /// Connects a client with the server, and passes on what either says until one is gone.
    fn link(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if self.away.load(Ordering::SeqCst) {
            return client.shutdown(Shutdown::Both);
        }
        let fault = (self.fault.lock().unwrap())();
        let server = TcpStream::connect(self.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let left = if let Fault::Bytes(bytes) = fault { Some(bytes) } else { None };
        let link = Arc::new(Link {
            shared: Arc::clone(self),
            client,
            server,
            fault,
            left: Mutex::new(left),
            cut: AtomicBool::new(false),
        });
        let mut links = self.links.lock().unwrap();
        links.retain(|it| it.strong_count() > 0);
        links.push(Arc::downgrade(&link));
        drop(links);
        let up = Arc::clone(&link);
        thread::spawn(move || up.up().unwrap_or_else(|_| up.end()));
        thread::spawn(move || link.down().unwrap_or_else(|_| link.end()));
        Ok(())
    }

    /// The connections that there are.
    fn links(&self) -> Vec<Arc<Link>> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().filter_map(Weak::upgrade).collect()
    }
}

/// One connection, with a thread for each direction.
struct Link {
    shared: Arc<Shared>,
    client: TcpStream,
    server: TcpStream,
    fault: Fault,
    /// How many bytes still pass.
    left: Mutex<Option<u64>>,
    /// The client hears no more of the server.
    cut: AtomicBool,
}

impl Link {
    /// What the client says, message by message.
    fn up(&self) -> io::Result<()> {
        let mut messages = Messages::default();
        let mut commits = 0;
        let mut chunk = [0; 1 << 14];
        loop {
            let read = (&self.client).read(&mut chunk)?;
            if read == 0 {
                return self.server.shutdown(Shutdown::Write);
            }
            messages.bytes.extend_from_slice(&chunk[..read]);
            while let Some(message) = messages.next() {
                let mut then = None;
                if says_commit(&message) {
                    commits += 1;
                    then = self.shared.next.lock().unwrap().take();
                    if let Fault::Commit(nth, what) = self.fault
                        && nth == commits
                    {
                        then = Some(what);
                    }
                }
                match then {
                    None => self.pass(&self.server, &message)?,
                    Some(Then::CutBefore) => return self.cut(),
                    Some(Then::CutAfter) => return self.commit_and_cut(&message, Duration::ZERO),
                    Some(Then::CutAndHold(time)) => return self.commit_and_cut(&message, time),
                    Some(Then::Leave { reaches }) => {
                        self.shared.away.store(true, Ordering::SeqCst);
                        let left =
                            if reaches { self.commit_and_cut(&message, Duration::ZERO) } else { self.cut() };
                        let others = self.shared.links();
                        others.iter().filter(|it| !it.cut.load(Ordering::SeqCst)).for_each(|it| it.end());
                        return left;
                    }
                    Some(Then::Hold(time)) => {
                        self.shared.held.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(time);
                        self.pass(&self.server, &message)?;
                    }
                }
            }
        }
    }

    /// What the server says, as it comes.
    fn down(&self) -> io::Result<()> {
        let mut chunk = [0; 1 << 14];
        loop {
            let read = (&self.server).read(&mut chunk)?;
            if read == 0 {
                return self.client.shutdown(Shutdown::Write);
            }
            if !self.cut.load(Ordering::SeqCst) {
                self.pass(&self.client, &chunk[..read])?;
            }
        }
    }

    /// Passes bytes on, as many as are left to it.
    fn pass(&self, mut to: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let mut last = false;
        let mut passed = bytes;
        // Not held while writing: the other direction must go on, or both sides may wait for each other.
        if let Some(left) = &mut *self.left.lock().unwrap() {
            passed = bytes.get(..usize::try_from(*left).unwrap()).unwrap_or(bytes);
            *left -= u64::try_from(passed.len()).unwrap();
            last = *left == 0;
        }
        to.write_all(passed)?;
        self.shared.bytes.fetch_add(u64::try_from(passed.len()).unwrap(), Ordering::SeqCst);
        if last { self.cut() } else { Ok(()) }
    }

    /// Both directions may come to it at once.
    fn count_cut(&self) {
        if !self.cut.swap(true, Ordering::SeqCst) {
            self.shared.cut.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Cuts both sides.
    fn cut(&self) -> io::Result<()> {
        self.count_cut();
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// The client is cut off, and the server, which hears of the commit after so long, is left to read it; its answer goes
    /// nowhere.
    fn commit_and_cut(&self, commit: &[u8], after: Duration) -> io::Result<()> {
        self.count_cut();
        if !after.is_zero() {
            self.client.shutdown(Shutdown::Both)?;
            self.shared.held.fetch_add(1, Ordering::SeqCst);
            thread::sleep(after);
        }
        (&self.server).write_all(commit)?;
        self.server.shutdown(Shutdown::Write)?;
        // Of a client that is gone already, nobody is to be told.
        let _gone = self.client.shutdown(Shutdown::Both);
        Ok(())
    }

    fn end(&self) {
        // An error says that a side is gone already.
        let _gone = self.client.shutdown(Shutdown::Both);
        let _gone = self.server.shutdown(Shutdown::Both);
    }
}

/// What a client says, taken apart as "Message Flow" in PostgreSQL's manual has it.
#[derive(Default)]
struct Messages {
    bytes: Vec<u8>,
    /// It has said which protocol it speaks: from then on each message begins with a letter.
    started: bool,
}

impl Messages {
    /// A request for encryption, which comes before the start and like it has no letter, has another number in its place.
    const PROTOCOL_3: [u8; 4] = [0, 3, 0, 0];

    /// The next message that is there as a whole.
    fn next(&mut self) -> Option<Vec<u8>> {
        let at = usize::from(self.started);
        let len = self.bytes.get(at..at + 4)?;
        let len = at + usize::try_from(u32::from_be_bytes(len.try_into().unwrap())).unwrap();
        if self.bytes.len() < len {
            return None;
        }
        let message: Vec<u8> = self.bytes.drain(..len).collect();
        self.started |= message.get(4..8) == Some(&Self::PROTOCOL_3);
        Some(message)
    }
}

/// A simple query of this one word.
fn says_commit(message: &[u8]) -> bool {
    let text = message.get(5..).filter(|_| message.first() == Some(&b'Q'));
    text.is_some_and(|it| it.eq_ignore_ascii_case(b"commit\0"))
}

const INSERT: &str = "INSERT INTO said VALUES ('word')";

/// A database with a table, behind a proxy.
struct Behind {
    database: Database,
    proxy: Proxy,
}

impl Behind {
    fn proxy(fault: impl FnMut() -> Fault + Send + 'static) -> Self {
        let cluster = Cluster::shared();
        let database = cluster.database();
        database.sql("CREATE TABLE said (word text, at timestamptz DEFAULT clock_timestamp())");
        let proxy = Proxy::start(cluster.port(), fault);
        Self { database, proxy }
    }

    fn psql(&self, statements: &[&str]) -> Ended {
        self.database.psql(&self.database.url_at(self.proxy.port()), statements)
    }

    /// How many rows there are when nobody writes any more.
    fn rows(&self) -> u64 {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        poll(|| (self.database.sql(others) == "0").then_some(())).expect("nobody else is connected");
        self.database.sql("SELECT count(*) FROM said").parse().unwrap()
    }
}

/// As `psql` ends when its connection does.
const LOST: Option<i32> = Some(2);

#[test]
fn without_a_fault_everything_passes() {
    let behind = Behind::proxy(|| Fault::Nothing);
    let ended = behind.psql(&["BEGIN", INSERT, "COMMIT", "SELECT repeat('long', 100000)"]);
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 400_000), "{}", ended.stderr);
    assert_eq!(behind.rows(), 1);
    let seen = behind.proxy.seen();
    assert!(seen.bytes > 400_000 && seen.cut == 0 && seen.held == 0, "{seen:?}");
}

#[test]
fn a_commit_that_is_cut_before_is_never_done() {
    let behind = Behind::proxy(|| Fault::Commit(2, Then::CutBefore));
    let ended = behind.psql(&["BEGIN", INSERT, "COMMIT", "BEGIN", INSERT, INSERT, "commit"]);
    assert_eq!(ended.code, LOST, "{}", ended.stderr);
    assert_eq!(behind.rows(), 1, "the first transaction, and not the second");
    assert_eq!(behind.proxy.seen().cut, 1);
}

#[test]
fn a_commit_that_is_cut_after_is_done_and_nobody_hears_of_it() {
    let behind = Behind::proxy(|| Fault::Commit(2, Then::CutAfter));
    let ended = behind.psql(&["BEGIN", INSERT, "COMMIT", "BEGIN", INSERT, INSERT, "COMMIT"]);
    assert_eq!(ended.code, LOST, "{}", ended.stderr);
    assert_eq!(behind.rows(), 3, "both transactions");
    assert_eq!(behind.proxy.seen().cut, 1);
}

#[test]
fn a_commit_that_is_held_is_done_later() {
    let behind = Behind::proxy(|| Fault::Commit(1, Then::Hold(Duration::from_millis(300))));
    let waited = "SELECT clock_timestamp() - at BETWEEN '300 ms' AND '60 s' FROM said";
    let ended = behind.psql(&["BEGIN", INSERT, "COMMIT", waited]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "t"), "{}", ended.stderr);
    assert_eq!(behind.proxy.seen().held, 1);
}

#[test]
fn a_commit_whose_client_is_cut_off_may_come_later() {
    let behind = Behind::proxy(|| Fault::Nothing);
    behind.proxy.at_next_commit(Then::CutAndHold(Duration::from_millis(300)));
    let ended = behind.psql(&["BEGIN", INSERT, "COMMIT"]);
    assert_eq!(ended.code, LOST, "{}", ended.stderr);
    assert_eq!(behind.rows(), 1);
    let seen = behind.proxy.seen();
    assert_eq!((seen.cut, seen.held), (1, 1));
    assert_eq!(
        behind.psql(&["BEGIN", INSERT, "COMMIT"]).code,
        Some(0),
        "it was the next one, and that alone"
    );
}

#[test]
fn a_server_that_leaves_at_a_commit_lets_nobody_in_until_it_comes_back() {
    let behind = Behind::proxy(|| Fault::Nothing);
    for (reaches, rows) in [(true, 1), (false, 1)] {
        behind.proxy.at_next_commit(Then::Leave { reaches });
        assert_eq!(behind.psql(&["BEGIN", INSERT, "COMMIT"]).code, LOST);
        assert_eq!(behind.psql(&["SELECT 1"]).code, LOST);
        assert_eq!(behind.rows(), rows);
        behind.proxy.come_back();
        assert_eq!(behind.psql(&["SELECT 1"]).stdout, "1");
    }
}

#[test]
fn what_is_cut_at_a_random_byte_is_whole_or_not_there() {
    const ROUNDS: u64 = 30;
    let mut random = Random::for_test("proxy");
    let whole = Behind::proxy(|| Fault::Nothing);
    let transaction = ["BEGIN", INSERT, INSERT, "COMMIT"];
    assert_eq!(whole.psql(&transaction).code, Some(0));
    // A few are cut later than they end, that is, not at all.
    let all = whole.proxy.seen().bytes;
    let behind = Behind::proxy(move || Fault::Bytes(random.within(1..all + all / 8)));
    let ended: Vec<_> = (0..ROUNDS).map(|_| behind.psql(&transaction).code).collect();
    let acknowledged = u64::try_from(ended.iter().filter(|it| **it == Some(0)).count()).unwrap();
    let rows = behind.rows();
    assert!(rows.is_multiple_of(2), "half a transaction is there: {rows} rows");
    assert!(rows >= 2 * acknowledged, "{acknowledged} were acknowledged, and there are {rows} rows");
    assert!(acknowledged < ROUNDS && behind.proxy.seen().cut >= ROUNDS - acknowledged, "{ended:?}");
}

#[test]
fn a_server_that_is_down_ends_the_connection() {
    let cluster = Cluster::own(&["fsync=off"]);
    let database = cluster.database();
    let proxy = Proxy::start(cluster.port(), || Fault::Nothing);
    let through = database.url_at(proxy.port());
    cluster.stop();
    assert_eq!(database.psql(&through, &["SELECT 1"]).code, LOST);
    cluster.start();
    assert_eq!(database.psql(&through, &["SELECT 1"]).stdout, "1");
}
