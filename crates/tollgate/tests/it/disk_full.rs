//! A disk without room: writes are refused with 503, reads go on, and nothing that was acknowledged is lost.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;

use crate::server::{Account, Api, Charge, DEADLINE, Options, Server, Store, amount, poll, run, send, units};

/// As many writes must fail while there is no room.
const FAILURES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_writes_alone_and_loses_nothing() {
    // Where mounting is not allowed, the limit stands in; the other test then shows the same twice.
    let disk = Disk::small().unwrap_or(Disk::Limited);
    fill_and_make_room(&disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_size_limit_stops_writes_alone_and_loses_nothing() {
    fill_and_make_room(&Disk::Limited).await;
}

async fn fill_and_make_room(disk: &Disk) {
    let store = disk.store();
    let server = Server::start(Options { under: disk.under(), ..Options::on(&store) });
    let api = server.api();
    let primary = api.open_with("1000.00").await;
    let mut told = Told::default();
    told.charge(&api, &primary, 50).await;
    assert_eq!((told.acknowledged.len(), told.failed.len()), (50, 0));

    disk.fill(&server);
    let begun = Instant::now();
    while told.failed.len() < FAILURES {
        told.charge(&api, &primary, 1).await;
        assert!(begun.elapsed() < DEADLINE, "{} charges still fit on the full disk", told.acknowledged.len());
    }
    assert_other_writes_fail(&api, &primary).await;
    assert_eq!(readiness(&api).await, 503);
    assert_reads_go_on(&api, &primary, &told).await;
    poll(|| (lines_about_the_disk(&server.log()) > 0).then_some(()));

    disk.make_room(&server);
    let begun = Instant::now();
    while !told.failed.is_empty() {
        told.retry(&api).await;
        assert!(begun.elapsed() < DEADLINE, "no write succeeds though there is room: {}", server.log());
    }
    told.charge(&api, &primary, 10).await;
    assert_eq!(told.failed.len(), 0, "{}", server.log());
    assert_eq!(readiness(&api).await, 200);
    told.assert_is_in_the_books(&api, &primary).await;
    // One for all of the failures: a full disk must not be filled with lines that say so.
    assert_eq!(lines_about_the_disk(&server.log()), 1, "{}", server.log());
    assert!(!server.log().contains("panicked"), "{}", server.log());

    // What was acknowledged after the disk was full is as durable as ever.
    server.kill();
    store.assert_clean("after the disk was full and the server was killed");
    let server = Server::start(Options::on(&store));
    told.assert_is_in_the_books(&server.api(), &primary).await;
    server.stop();
}

/// What the client was told of each charge.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Charge>,
    failed: Vec<Charge>,
}

impl Told {
    async fn charge(&mut self, api: &Api, account: &Account, count: usize) {
        for _ in 0..count {
            let key = format!("disk-{}", self.acknowledged.len() + self.failed.len());
            let charge = Charge::new(&account.id, "0.01", &key);
            let answer = api.send(&charge).await.unwrap();
            match answer.status {
                201 => self.acknowledged.push(charge),
                503 => {
                    assert!(answer.body["code"].is_string(), "no problem document: {}", answer.body);
                    self.failed.push(charge);
                }
                status => panic!("{status} {}", answer.body),
            }
        }
    }

    async fn retry(&mut self, api: &Api) {
        for charge in std::mem::take(&mut self.failed) {
            match api.send(&charge).await.unwrap().status {
                201 => self.acknowledged.push(charge),
                503 => self.failed.push(charge),
                status => panic!("{charge:?} again: {status}"),
            }
        }
    }

    async fn assert_is_in_the_books(&self, api: &Api, account: &Account) {
        let mut keys: Vec<_> = self.acknowledged.iter().map(|it| it.key.clone()).collect();
        keys.sort();
        assert_eq!(api.references(&account.id, "disk-").await, keys);
        let spent: i64 = self.acknowledged.iter().map(|it| it.amount).sum();
        assert_eq!(amount(&api.account(&account.id).await["balance"]), units("1000.00") - spent);
    }
}

/// Every write, in either dialect, not charges alone.
async fn assert_other_writes_fail(api: &Api, primary: &Account) {
    let account = format!("/api/v1/accounts/{}", primary.id);
    let rename = api.request("PATCH", &account).body(json!({ "name": "Renamed" }).to_string());
    let payment = format!("{account}/payments");
    let payment = api.request("POST", &payment).body(json!({ "amount": "1.00" }).to_string());
    let subaccounts = format!("/accounts/{}/subaccounts", primary.api_key);
    let opening = api.request_as(primary, "POST", &subaccounts).body(json!({ "name": "New" }).to_string());
    for write in [rename, payment, opening] {
        let answer = send(write).await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.body.is_object(), "an error without a JSON body");
    }
}

async fn assert_reads_go_on(api: &Api, primary: &Account, told: &Told) {
    told.assert_is_in_the_books(api, primary).await;
    let subaccounts = format!("/accounts/{}/subaccounts", primary.api_key);
    send(api.request_as(primary, "GET", &subaccounts)).await.unwrap().expect(200);
    send(api.bare("GET", "/healthz")).await.unwrap().expect(200);
}

/// Whether the store takes writes, as a load balancer asks.
async fn readiness(api: &Api) -> u16 {
    send(api.bare("GET", "/readyz")).await.unwrap().status
}

fn lines_about_the_disk(log: &str) -> usize {
    let says_why = |line: &&str| {
        let line = line.to_lowercase();
        ["disk", "full", "space", "too large"].iter().any(|it| line.contains(it))
    };
    log.lines().filter(says_why).count()
}

/// Room that a test takes and gives back.
enum Disk {
    /// A file system of a few MiB.
    Small(Mount),
    /// No file of the server may grow; it ignores the signal that would come with it, and sees a failed write.
    Limited,
}

impl Disk {
    fn small() -> Option<Self> {
        Mount::new().map(Self::Small)
    }

    fn store(&self) -> Store {
        match self {
            Self::Small(mount) => Store::on_file_in(mount.dir.path()),
            Self::Limited => Store::on_file(),
        }
    }

    /// What starts the server.
    fn under(&self) -> Vec<String> {
        match self {
            Self::Small(_) => Vec::new(),
            Self::Limited => ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec(),
        }
    }

    fn fill(&self, server: &Server) {
        match self {
            Self::Small(mount) => mount.fill(),
            // Less than a page of the WAL beyond its header, wherever a checkpoint lets it begin.
            Self::Limited => limit_files(server, "4096:"),
        }
    }

    fn make_room(&self, server: &Server) {
        match self {
            Self::Small(mount) => fs::remove_file(mount.filler()).unwrap(),
            Self::Limited => limit_files(server, "unlimited:"),
        }
    }
}

fn limit_files(server: &Server, soft: &str) {
    let pid = server.pid().to_string();
    let set = run(Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}")]));
    assert_eq!(set.code, Some(0), "prlimit: {}", set.stderr);
}

struct Mount {
    dir: TempDir,
}

impl Mount {
    fn new() -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("tollgate-disk-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m", "tollgate-it"]).arg(dir.path());
        let is_mounted = run(&mut mount).code == Some(0);
        is_mounted.then_some(Self { dir })
    }

    fn filler(&self) -> PathBuf {
        self.dir.path().join("filler")
    }

    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let page = [b'x'; 4096];
        while filler.write_all(&page).is_ok() {}
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a failed test may still have a server on it.
        run(Command::new("umount").arg("-l").arg(self.dir.path()));
    }
}
