//! Watches the server's system calls: a charge is acknowledged only after its bytes are in the WAL and the WAL is synced,
//! and one sync pays for many charges.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use tokio::task::JoinSet;

use crate::server::{Account, Api, Charge, Options, Server, Store, text};

/// Enough to find the same order twenty times, one charge at a time.
const SEQUENTIAL: usize = 20;

/// Enough that some have to share a sync.
const CONCURRENT: usize = 100;

/// The exit code that `tollgate --help` gives for it.
const SYNC_FAILED: i32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_is_written_and_synced_before_its_answer_begins() {
    let traced = Traced::start(&[]);
    let api = traced.server.api();
    let account = api.open_with("100.00").await;
    let mut told = Vec::new();
    for number in 0..SEQUENTIAL {
        let key = format!("trace-{number}-end");
        let charge = api.charge(&account, "0.01", &key).await.expect(201);
        told.push(Told { key, id: text(&charge["id"]) });
    }
    let trace = traced.stop();
    for charge in &told {
        trace.proof(charge).unwrap_or_else(|why| panic!("{}: {why}", charge.key));
    }
    assert_eq!(trace.syncs_of(&told), SEQUENTIAL, "one charge at a time costs one sync each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_concurrent_charges_cost_fewer_than_a_hundred_syncs() {
    let traced = Traced::start(&[]);
    let api = traced.server.api();
    let account = api.open_with("100.00").await;
    let mut charges = JoinSet::new();
    for number in 0..CONCURRENT {
        let (api, account) = (api.clone(), account.clone());
        charges.spawn(async move {
            let key = format!("trace-{number}-end");
            let charge = api.charge(&account, "0.01", &key).await.expect(201);
            Told { key, id: text(&charge["id"]) }
        });
    }
    let told = charges.join_all().await;
    let trace = traced.stop();
    for charge in &told {
        trace.proof(charge).unwrap_or_else(|why| panic!("{}: {why}", charge.key));
    }
    let syncs = trace.syncs_of(&told);
    assert!((1..CONCURRENT).contains(&syncs), "{CONCURRENT} concurrent charges cost {syncs} syncs");
}

/// Nobody knows then what is on the disk, so the process ends, and the next start reads it (ARCHITECTURE.md).
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_ends_the_process_and_the_next_start_has_what_was_acknowledged() {
    fail_syncs("40+").await;
}

/// The kernel says it once; that the next sync succeeds means nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_sync_that_fails_ends_the_process_too() {
    fail_syncs("40").await;
}

/// The writer's thread gets through a start and some charges; then its syncs fail, for good or once.
async fn fail_syncs(when: &str) {
    let inject = format!("inject=fdatasync,fsync:error=EIO:when={when}");
    let Traced { store, server } = Traced::start(&["-e", &inject]);
    let api = server.api();
    let account = api.open_with("100.00").await;
    let mut clients = JoinSet::new();
    for client in 0..8 {
        clients.spawn(charge_until_it_fails(api.clone(), account.clone(), format!("sync-{client}")));
    }
    let (acknowledged, failed): (Vec<_>, Vec<_>) = clients.join_all().await.into_iter().unzip();
    let ended = server.ended();
    assert_eq!(ended.code, Some(SYNC_FAILED), "{ended:?}");
    assert!(ended.stderr.contains("a sync failed"), "{ended:?}");
    let unknown = Some("503 outcome_unknown");
    assert!(failed.iter().any(|it| it.1.as_deref() == unknown), "nobody was told so: {failed:?}");

    store.assert_clean("after a sync that failed");
    let server = Server::start(Options::on(&store));
    let api = server.api();
    let mut keys = acknowledged.concat();
    let booked = api.references(&account.id, "sync-").await;
    assert!(keys.len() > 8, "the first sync failed already: {keys:?}");
    assert!(keys.iter().all(|it| booked.contains(it)), "acknowledged {keys:?}, booked {booked:?}");
    for (charge, _) in failed {
        api.send(&charge).await.unwrap().expect(201);
        keys.push(charge.key);
    }
    keys.sort();
    assert_eq!(api.references(&account.id, "sync-").await, keys);
    server.stop();
}

/// The keys of what succeeded, and what did not with its status and code, if it got an answer.
async fn charge_until_it_fails(
    api: Api,
    account: Account,
    name: String,
) -> (Vec<String>, (Charge, Option<String>)) {
    let mut acknowledged = Vec::new();
    loop {
        let charge = Charge::new(&account.id, "0.01", &format!("{name}-{}", acknowledged.len()));
        match api.send(&charge).await {
            Ok(answer) if answer.status == 201 => acknowledged.push(charge.key),
            Ok(answer) => {
                let said = format!("{} {}", answer.status, text(&answer.body["code"]));
                return (acknowledged, (charge, Some(said)));
            }
            Err(_) => return (acknowledged, (charge, None)),
        }
    }
}

/// The proof must be able to fail, or it proves nothing.
#[test]
fn the_proof_finds_an_answer_that_comes_before_its_sync() {
    let told = Told { key: "trace-1-end".to_owned(), id: "0190".to_owned() };
    let written = r#"7 pwrite64(9</s/t.db-wal>, "\0\17trace-1-end", 13, 32) = 13"#;
    let begun = r"7 fdatasync(9</s/t.db-wal> <unfinished ...>";
    let synced = r"7 <... fdatasync resumed>) = 0";
    let failed = r"7 <... fdatasync resumed>) = -1 EIO (Input/output error)";
    let answered =
        r#"8 writev(4<socket:[5]>, [{iov_base="HTTP/1.1 201 Created\r\n\r\n{\"id\":\"0190\"}"}], 1) = 99"#;
    for (lines, expected) in [
        (vec![written, begun, synced, answered], Ok(())),
        (vec![written, begun, answered, synced], Err("the answer begins before the WAL is synced")),
        (vec![begun, written, synced, answered], Err("no sync of the WAL begins after its write")),
        (vec![written, answered], Err("no sync of the WAL begins after its write")),
        (vec![written, begun, failed, answered], Err("no sync of the WAL begins after its write")),
        (vec![begun, synced, answered], Err("never written to the WAL")),
        (vec![written, begun, synced], Err("no answer in the trace")),
    ] {
        assert_eq!(Trace::of(&lines.join("\n")).proof(&told), expected, "{lines:#?}");
    }
}

/// A charge that was acknowledged to us.
struct Told {
    /// In the WAL's pages as it is, since it is the line's reference.
    key: String,
    /// In its answer.
    id: String,
}

/// A server whose system calls are written down.
struct Traced {
    store: Store,
    server: Server,
}

impl Traced {
    fn start(args: &[&str]) -> Self {
        let version = std::process::Command::new("strace").arg("-V").output();
        assert!(version.is_ok(), "this test needs `strace` (apt-get install strace): {version:?}");

        let store = Store::on_file();
        let log = Self::log(&store);
        let calls =
            "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range";
        // -y prints the file behind each descriptor; -s is more than a page in escapes.
        let log = log.display().to_string();
        let fixed = ["strace", "-f", "-y", "-s", "70000", "-e", calls, "-o", &log];
        let under = fixed.iter().chain(args).map(|&it| it.to_owned()).collect();
        let server = Server::start(Options { under, ..Options::on(&store) });
        Self { store, server }
    }

    fn log(store: &Store) -> PathBuf {
        store.dir().join("strace.log")
    }

    fn stop(self) -> Trace {
        self.server.stop();
        Trace::of(&String::from_utf8_lossy(&fs::read(Self::log(&self.store)).unwrap()))
    }
}

/// A system call. Places are line numbers of the log, in which strace writes what it sees in order.
#[derive(Debug)]
struct Call {
    name: String,
    text: String,
    begun: usize,
    ended: usize,
}

impl Call {
    fn is_sync_of_wal(&self) -> bool {
        matches!(&*self.name, "fsync" | "fdatasync")
            && self.file().ends_with("-wal")
            && self.text.ends_with("= 0")
    }

    fn is_write_to_wal(&self) -> bool {
        let writes = self.name.starts_with("pwrite") || self.name.starts_with("write");
        writes && self.file().ends_with("-wal")
    }

    fn is_write_to_socket(&self) -> bool {
        self.file().starts_with("socket:") || self.file().starts_with("TCP")
    }

    /// What is behind the descriptor in the first argument.
    fn file(&self) -> &str {
        let named = self.text.split_once('<').map_or("", |(_, rest)| rest);
        named.split(['>', ',']).next().unwrap_or_default()
    }
}

/// All calls in the order of their beginnings.
struct Trace {
    calls: Vec<Call>,
}

impl Trace {
    fn of(log: &str) -> Self {
        let mut calls: Vec<Call> = Vec::new();
        let mut unfinished: HashMap<&str, usize> = HashMap::new();
        for (place, line) in log.lines().enumerate() {
            let Some((thread, event)) = line.split_once(' ') else { continue };
            let event = event.trim();
            if event.starts_with("<... ") {
                let Some(call) = unfinished.remove(thread) else { continue };
                calls[call].text.push_str(event);
                calls[call].ended = place;
            } else if let Some((name, _)) = event.split_once('(') {
                let mut ended = place;
                if event.ends_with("<unfinished ...>") {
                    unfinished.insert(thread, calls.len());
                    ended = usize::MAX;
                }
                calls.push(Call { name: name.to_owned(), text: event.to_owned(), begun: place, ended });
            }
        }
        Self { calls }
    }

    /// Written to the WAL, then synced, then answered; or which of these is not so.
    fn proof(&self, charge: &Told) -> Result<(), &'static str> {
        let written = self.written(charge).ok_or("never written to the WAL")?;
        let synced = self.calls.iter().find(|it| it.is_sync_of_wal() && it.begun > written.ended);
        let synced = synced.ok_or("no sync of the WAL begins after its write")?;
        let answered = self.answered(charge).ok_or("no answer in the trace")?;
        if answered.begun > synced.ended { Ok(()) } else { Err("the answer begins before the WAL is synced") }
    }

    /// The syncs that these charges cost.
    fn syncs_of(&self, charges: &[Told]) -> usize {
        let first = charges.iter().filter_map(|it| self.written(it)).map(|it| it.begun).min().unwrap();
        let last = charges.iter().filter_map(|it| self.answered(it)).map(|it| it.begun).max().unwrap();
        self.calls.iter().filter(|it| it.is_sync_of_wal() && (first..last).contains(&it.begun)).count()
    }

    fn written(&self, charge: &Told) -> Option<&Call> {
        self.calls.iter().find(|it| it.is_write_to_wal() && it.text.contains(&charge.key))
    }

    /// The write that begins the answer, which need not be the one that holds the id.
    fn answered(&self, charge: &Told) -> Option<&Call> {
        let holds_id = |it: &&Call| it.is_write_to_socket() && it.text.contains(&charge.id);
        let body = self.calls.iter().find(holds_id)?;
        let same = |it: &&Call| it.file() == body.file() && it.begun <= body.begun;
        self.calls.iter().rev().filter(same).find(|it| it.text.contains("HTTP/1.1 "))
    }
}
