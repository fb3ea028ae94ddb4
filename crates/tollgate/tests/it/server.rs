//! The harness of the black-box tests: the real binary on a store of its own, spoken to over HTTP.
//!
//! Reading order: [`Store`] (where it is), [`Server`] (a process on them), [`Api`] (what a client says to it), [`Random`].

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::ground::{Ground, Sql};

/// Longer than anything here takes on a busy machine: only a fault reaches it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What `serve`, `check` and `backup` are given.
const BINARY: &str = env!("CARGO_BIN_EXE_tollgate");

/// Where one store is, and the operator token that its servers are started with.
#[derive(Clone)]
pub(crate) struct Store {
    ground: Arc<Ground>,
    token: String,
    /// Where its servers reach it, if not straight where it is.
    at: Option<String>,
}

impl Store {
    /// Where this one may be moved to, with the same key file.
    pub(crate) fn moved_to(&self, ground: Ground) -> Self {
        fs::copy(self.key_file(), ground.key_file()).unwrap();
        Self { ground: Arc::new(ground), token: self.token.clone(), at: None }
    }

    /// With nothing in it.
    pub(crate) fn new() -> Self {
        Self::on(Ground::new())
    }

    /// In a file, whatever engine this run is about.
    pub(crate) fn on_file() -> Self {
        Self::on(Ground::file())
    }

    /// In a file, in a directory that somebody else removes.
    pub(crate) fn on_file_in(dir: &Path) -> Self {
        Self::on(Ground::file_in(dir))
    }

    /// In a database, whatever engine this run is about.
    pub(crate) fn on_database() -> Self {
        Self::on(Ground::database())
    }

    /// In an empty database of this cluster.
    pub(crate) fn in_cluster(cluster: &Arc<Cluster>) -> Self {
        Self::on(Ground::in_cluster(cluster))
    }

    fn on(ground: Ground) -> Self {
        Self { ground: Arc::new(ground), token: random_token(), at: None }
    }

    /// The same one for servers that reach it at this address.
    pub(crate) fn at(&self, url: String) -> Self {
        Self { at: Some(url), ..self.clone() }
    }

    /// What a command is told of where it and its key file are.
    fn arguments(&self) -> Vec<String> {
        let url = self.at.clone().unwrap_or_else(|| self.url());
        self.ground.arguments_at(url)
    }

    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    pub(crate) fn dir(&self) -> &Path {
        self.ground.dir()
    }

    /// The data file of a test that asked for one.
    #[track_caller]
    pub(crate) fn file(&self) -> PathBuf {
        self.ground.data_file()
    }

    /// And its log.
    #[track_caller]
    pub(crate) fn wal(&self) -> PathBuf {
        self.file().with_extension("db-wal")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.ground.key_file()
    }

    /// What `--store` takes.
    pub(crate) fn url(&self) -> String {
        self.ground.url()
    }

    /// The operator token of its servers, unless their options say otherwise.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// What a crash would leave elsewhere: data and key as they lie there now.
    pub(crate) fn copy(&self) -> Self {
        Self { ground: Arc::new(self.ground.copy()), token: self.token.clone(), at: None }
    }

    /// A connection of our own to the raw rows.
    pub(crate) fn sql(&self) -> Sql {
        self.ground.sql()
    }

    /// The whole journal, line by line, column by column.
    pub(crate) fn journal(&self) -> Vec<Vec<String>> {
        self.sql().rows("SELECT * FROM journal ORDER BY seq")
    }

    /// Runs `tollgate check` on it.
    pub(crate) fn check(&self) -> Ended {
        let arguments = self.arguments();
        tollgate(["check"].into_iter().chain(arguments.iter().map(String::as_str)))
    }

    /// Runs `tollgate check` and demands that it finds nothing.
    pub(crate) fn assert_clean(&self, when: &str) {
        let check = self.check();
        assert_eq!(check.code, Some(0), "check {when}:\n{}\n{}", check.stdout, check.stderr);
    }
}

/// A process that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with nothing of our own environment that it would listen to.
pub(crate) fn command<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    command_under(&[], args)
}

/// The same, started by another program: `strace`, a shell that sets limits.
fn command_under<'a>(under: &[String], args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut words = under.iter().map(String::as_str).chain([BINARY]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TOLLGATE_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command
}

/// Runs a subcommand that ends by itself.
pub(crate) fn tollgate<'a>(args: impl IntoIterator<Item = &'a str>) -> Ended {
    run(&mut command(args))
}

/// Runs a program to its end; one that does not end is killed and fails the test.
pub(crate) fn run(command: &mut Command) -> Ended {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let stdout = Lines::of(child.stdout.take().unwrap());
    let stderr = Lines::of(child.stderr.take().unwrap());
    let code = wait(&mut child);
    let ended = Ended { code: code.unwrap_or_default(), stdout: stdout.to_end(), stderr: stderr.to_end() };
    assert!(code.is_some(), "{command:?} did not end by itself: {ended:?}");
    ended
}

/// The exit code, or `None` at the deadline, when it was killed.
fn wait(child: &mut Child) -> Option<Option<i32>> {
    let status = poll(|| child.try_wait().unwrap());
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    status.map(|it| it.code())
}

/// Asks until there is an answer, or the deadline has passed.
pub(crate) fn poll<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || begun.elapsed() > DEADLINE {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The lines of a pipe, read as they come so that the process never waits for us.
struct Lines {
    read: Arc<Mutex<Vec<String>>>,
    ended: Receiver<()>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let read = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = channel();
        let lines = Arc::clone(&read);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
            drop(end);
        });
        Self { read, ended }
    }

    fn now(&self) -> Vec<String> {
        self.read.lock().unwrap().clone()
    }

    /// What follows `label` in the first line that begins with it.
    fn after(&self, label: &str) -> Option<String> {
        self.now().iter().find_map(|it| it.strip_prefix(label).map(|rest| rest.trim().to_owned()))
    }

    fn to_end(&self) -> String {
        // An error is the other end of the channel gone: all is read.
        let waited = self.ended.recv_timeout(DEADLINE);
        assert_ne!(waited, Err(RecvTimeoutError::Timeout), "somebody keeps the pipe open: {:?}", self.now());
        self.now().join("\n")
    }
}

/// How a server is started.
pub(crate) struct Options {
    pub(crate) store: Store,
    /// `TOLLGATE_OPERATOR_TOKEN`; `None` leaves it to the store.
    pub(crate) token: Option<String>,
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: String,
    /// What follows `serve --listen … --store …`.
    pub(crate) args: Vec<String>,
    /// The program that starts it, with its arguments.
    pub(crate) under: Vec<String>,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Options {
    /// A plain server on this store.
    pub(crate) fn on(store: &Store) -> Self {
        let token = Some(store.token().to_owned());
        let listen = "127.0.0.1:0".to_owned();
        Self { store: store.clone(), token, listen, args: Vec::new(), under: Vec::new(), env: Vec::new() }
    }

    /// Without an operator token in the environment.
    pub(crate) fn without_token(store: &Store) -> Self {
        Self { token: None, ..Self::on(store) }
    }

    /// With an argument more.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// With something in its environment.
    pub(crate) fn env(mut self, name: &'static str, value: &Path) -> Self {
        self.env.push((name, value.display().to_string()));
        self
    }

    /// The command that starts it.
    pub(crate) fn command(&self) -> Command {
        let fixed = ["serve".to_owned(), "--listen".to_owned(), self.listen.clone()];
        let words: Vec<_> = fixed.into_iter().chain(self.store.arguments()).collect();
        let mut command = command_under(&self.under, words.iter().chain(&self.args).map(String::as_str));
        if let Some(token) = &self.token {
            command.env("TOLLGATE_OPERATOR_TOKEN", token);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::on(&Store::new())
    }
}

/// A running `tollgate serve`. Dropped, it is killed.
pub(crate) struct Server {
    store: Store,
    token: Option<String>,
    child: Child,
    pid: Pid,
    url: String,
    stdout: Lines,
    stderr: Lines,
}

impl Server {
    /// Starts one and returns when it listens.
    pub(crate) fn start(options: Options) -> Self {
        let mut command = options.command();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        let url = poll(|| {
            let ended = child.try_wait().unwrap().is_some();
            let address = stdout.after("listening on http://");
            if ended || address.is_some() { Some(address) } else { None }
        });
        let Some(Some(address)) = url else {
            let server = server_of(child.id());
            end(&mut child, server);
            panic!("the server did not start: {:?} {:?}", stdout.now(), stderr.now());
        };
        let Options { store, token, under, .. } = options;
        let pid = if under.is_empty() { id(child.id()) } else { server_of(child.id()) };
        Self { store, token, child, pid, url: format!("http://{address}"), stdout, stderr }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server's own process, also when another program has started it.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// A line of standard output by what it begins with; waits until it is there.
    pub(crate) fn said(&self, label: &str) -> String {
        poll(|| self.stdout.after(label)).unwrap_or_else(|| panic!("no {label:?} in {:?}", self.stdout.now()))
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        self.stderr.now().join("\n")
    }

    /// A client with the operator's token: the one of the options, else the one that this server printed.
    pub(crate) fn api(&self) -> Api {
        let token = self.token.clone().unwrap_or_else(|| self.said("operator token: "));
        Api::new(&self.url, &token)
    }

    /// Sends a signal and does not wait for what comes of it.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap();
    }

    /// SIGKILL; returns when it is gone.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        wait(&mut self.child).expect("a killed process ends");
    }

    /// SIGTERM; demands that it ends with exit code 0.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::SIGTERM);
        let ended = self.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let code = wait(&mut self.child);
        if code.is_none() && self.pid != id(self.child.id()) {
            // What has started it is gone and would have taken nobody along.
            end(&mut self.child, self.pid);
        }
        let ended = Ended {
            code: code.unwrap_or_default(),
            stdout: self.stdout.to_end(),
            stderr: self.stderr.to_end(),
        };
        assert!(code.is_some(), "the server did not end: {ended:?}");
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            end(&mut self.child, self.pid);
        }
        // A failed test shows what the server said; a passed one's output is not shown.
        if std::thread::panicking() {
            say(&format!("--- {} on {} said:\n{}", self.pid, self.store.url(), self.log()));
        }
    }
}

/// Ends a server and what has started it. Errors only say that one is gone already.
fn end(child: &mut Child, server: Pid) {
    let _gone = kill(server, Signal::SIGKILL);
    let _gone = child.kill();
    let _gone = child.wait();
}

fn id(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap())
}

/// The process of the server that `parent` has started, or has become.
fn server_of(parent: u32) -> Pid {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    match children.split_whitespace().next() {
        Some(child) => Pid::from_raw(child.parse().unwrap()),
        None => id(parent),
    }
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// The names and the generated secret of an account that a test opened.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) api_key: String,
    pub(crate) secret: String,
}

/// One charge, sent as often as wanted with the very same bytes.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) account: String,
    /// Its key and its reference at once, so that a posting says which request made it.
    pub(crate) key: String,
    pub(crate) amount: i64,
    body: String,
}

impl Charge {
    pub(crate) fn new(account: &str, amount: &str, key: &str) -> Self {
        let body = json!({ "account": account, "amount": amount, "reference": key }).to_string();
        Self { account: account.to_owned(), key: key.to_owned(), amount: units(amount), body }
    }
}

/// A client. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    pub(crate) fn new(url: &str, token: &str) -> Self {
        // A proxy in the environment is not what we test; a server that hangs must fail its test.
        let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        Self { http, url: url.to_owned(), token: token.to_owned() }
    }

    /// The same client of another server, with the same token.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self::new(url, &self.token)
    }

    /// A request as the operator.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    /// A request as an account.
    pub(crate) fn request_as(&self, account: &Account, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.bare(method, path).basic_auth(&account.api_key, Some(&account.secret))
    }

    /// A request as nobody yet.
    pub(crate) fn bare(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse::<reqwest::Method>().unwrap();
        self.http.request(method, format!("{}{path}", self.url)).header("content-type", "application/json")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request("POST", path).body(body.to_string())).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await.unwrap()
    }

    pub(crate) async fn open_primary(&self, credit_limit: &str) -> Account {
        self.open(json!({ "name": "Partner", "credit_limit": credit_limit })).await
    }

    /// A subaccount with the balance `"own"` or `"shared"`.
    pub(crate) async fn open_sub(&self, parent: &Account, balance: &str) -> Account {
        self.open(json!({ "name": "End customer", "parent": parent.id, "balance": balance })).await
    }

    async fn open(&self, body: Value) -> Account {
        let opened = self.post("/api/v1/accounts", body).await.expect(201);
        Account {
            id: text(&opened["id"]),
            api_key: text(&opened["api_key"]),
            secret: text(&opened["secret"]),
        }
    }

    pub(crate) async fn pay(&self, account: &Account, amount: &str) -> Value {
        let path = format!("/api/v1/accounts/{}/payments", account.id);
        self.post(&path, json!({ "amount": amount })).await.expect(201)
    }

    /// A primary with this balance and no credit.
    pub(crate) async fn open_with(&self, balance: &str) -> Account {
        let account = self.open_primary("0").await;
        self.pay(&account, balance).await;
        account
    }

    /// Moves balance from a primary to its subaccount.
    pub(crate) async fn give(&self, primary: &Account, sub: &Account, amount: &str) -> Value {
        let path = format!("/api/v1/accounts/{}/transfers", primary.id);
        let body = json!({ "kind": "balance", "to": sub.id, "amount": amount });
        self.post(&path, body).await.expect(201)
    }

    pub(crate) async fn charge(&self, account: &Account, amount: &str, key: &str) -> Answer {
        self.send(&Charge::new(&account.id, amount, key)).await.unwrap()
    }

    /// An error is a connection that broke: the outcome is unknown.
    pub(crate) async fn send(&self, charge: &Charge) -> reqwest::Result<Answer> {
        let request = self.request("POST", "/api/v1/charges").header("idempotency-key", &charge.key);
        send(request.body(charge.body.clone())).await
    }

    pub(crate) async fn account(&self, account: &str) -> Value {
        self.get(&format!("/api/v1/accounts/{account}")).await.expect(200)
    }

    /// All postings of an account, newest first, read page by page.
    pub(crate) async fn postings(&self, account: &str) -> Vec<Value> {
        let mut postings = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/accounts/{account}/postings?limit=100{cursor}");
            let page = self.get(&path).await.expect(200);
            let Some(Value::Array(some)) = page.get("postings") else { panic!("no postings in {page}") };
            postings.extend(some.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return postings,
            }
        }
    }

    /// The references of an account's postings that begin with `prefix`, sorted; one that is there twice, twice.
    pub(crate) async fn references(&self, account: &str, prefix: &str) -> Vec<String> {
        let postings = self.postings(account).await;
        let references = postings.iter().filter_map(|it| it["reference"].as_str());
        let mut references: Vec<_> =
            references.filter(|it| it.starts_with(prefix)).map(str::to_owned).collect();
        references.sort();
        references
    }
}

/// Sends a request and reads the whole answer; a body that is no JSON becomes null.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A JSON amount, as the native API (a string) or the Vonage dialect (a number) writes it, in 10^-8.
pub(crate) fn amount(value: &Value) -> i64 {
    match value {
        Value::String(digits) => units(digits),
        Value::Number(digits) => units(&digits.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => panic!("no amount: {value}"),
    }
}

/// A decimal in 10^-8, exactly.
pub(crate) fn units(digits: &str) -> i64 {
    let (sign, plain) = digits.strip_prefix('-').map_or((1, digits), |rest| (-1, rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    assert!(fraction.len() <= 8, "{digits}");
    sign * format!("{whole}{fraction:0<8}").parse::<i64>().unwrap()
}

/// Hundredths as a decimal.
pub(crate) fn cents(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Whether the long forms are asked for.
pub(crate) fn long() -> bool {
    std::env::var("TOLLGATE_LONG").is_ok_and(|it| it == "1")
}

/// A line for whoever reads the output of a test that failed.
#[expect(clippy::print_stdout, reason = "the test harness catches what `println!` prints, and nothing else")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Numbers that come again from the same seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    /// From `TOLLGATE_SEED`, else from anywhere. Printed, so that a failure can be had again.
    pub(crate) fn for_test(name: &str) -> Self {
        let seed = match std::env::var("TOLLGATE_SEED") {
            Ok(seed) => seed.parse().expect("TOLLGATE_SEED is a number"),
            Err(_) => entropy(),
        };
        say(&format!("{name}: TOLLGATE_SEED={seed}"));
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let choice = self.within(0..u64::try_from(choices.len()).unwrap());
        &choices[usize::try_from(choice).unwrap()]
    }

    /// Another sequence, for a task of its own.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }
}

/// The standard library's hash maps are seeded by the operating system, and so are we.
fn entropy() -> u64 {
    RandomState::new().hash_one(0)
}

fn random_token() -> String {
    format!("op_{:016x}{:016x}{:016x}", entropy(), entropy(), entropy())
}
