//! PostgreSQL for the tests: throw-away clusters of `tests/postgres/cluster`, which live no longer than this process, and
//! databases in them. Nothing is skipped: where PostgreSQL cannot be started, the test fails and says what to install.
//!
//! Reading order: [`Cluster`], [`Database`], [`Session`], then what is shown of them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::server::{Ended, poll, run};

/// A cluster that never waits for the disk, with connections enough for all tests at once.
const WITHOUT_SYNC: [&str; 3] = ["fsync=off", "full_page_writes=off", "max_connections=300"];

/// A running PostgreSQL, and the shell that keeps it.
pub(crate) struct Cluster {
    shell: Mutex<Shell>,
    bin: PathBuf,
    /// Of the server as it was first started.
    pid: Pid,
    port: u16,
    settings: Vec<String>,
    /// How many databases it was asked for.
    databases: AtomicU32,
}

/// The script. It ends, and the server with it, when its standard input is closed.
struct Shell {
    child: Child,
    // `None` once it is told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The server's folder, which it makes and removes.
    dir: PathBuf,
}

impl Cluster {
    /// The one for all tests that only need a database: it never syncs.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Cluster>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Self::own(&WITHOUT_SYNC)))
    }

    /// One for a single test, which stops it or demands something of it. It syncs, unless a setting says otherwise.
    pub(crate) fn own(settings: &[&str]) -> Arc<Self> {
        Self::made(&[], settings.iter().map(ToString::to_string).collect())
    }

    /// A standby that follows this one, under the same settings.
    pub(crate) fn standby(&self) -> Arc<Self> {
        Self::made(&["--standby-of", &self.port.to_string()], self.settings.clone())
    }

    fn made(kind: &[&str], settings: Vec<String>) -> Arc<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("tollgate-pg-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        let mut command = script(&dir);
        command.args(kind).args(settings.iter().flat_map(|it| ["-c", it.as_str()]));
        let mut shell = Shell::start(&mut command, dir);
        let ready = shell.hears("ready ");
        let word = |name: &str| {
            let found = ready.split(' ').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("no {name} in {ready:?}")).to_owned()
        };
        Arc::new(Self {
            shell: Mutex::new(shell),
            bin: word("bin").into(),
            pid: Pid::from_raw(word("pid").parse().unwrap()),
            port: word("port").parse().unwrap(),
            settings,
            databases: AtomicU32::new(0),
        })
    }

    /// Where it listens on 127.0.0.1; the same after a stop.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once, as if the machine were gone: nobody is told, nothing is written.
    pub(crate) fn stop(&self) {
        self.does("stop");
    }

    /// Kills the server and all that it has started, as if the machine were gone for good.
    pub(crate) fn kill(&self) {
        for process in with_its_own(self.pid) {
            // One that is gone already went with the others.
            let _gone = kill(process, Signal::SIGKILL);
        }
    }

    /// Starts it again after a stop; returns when it takes connections.
    pub(crate) fn start(&self) {
        self.does("start");
    }

    /// Makes a primary of a standby; returns when it takes writes.
    pub(crate) fn promote(&self) {
        self.does("promote");
    }

    fn does(&self, word: &str) {
        let mut shell = self.shell.lock().unwrap();
        let input = shell.input.as_mut().expect("it is told to end when it is dropped");
        writeln!(input, "{word}").unwrap();
        shell.hears("done");
    }

    /// What every database begins as that is made from now on.
    pub(crate) fn template(self: &Arc<Self>) -> Database {
        Database { cluster: Arc::clone(self), name: "template1".to_owned(), own: false }
    }

    /// A database for one test, which goes with it.
    pub(crate) fn database(self: &Arc<Self>) -> Database {
        let name = format!("it_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.administration().sql(&format!("CREATE DATABASE {name}"));
        Database { cluster: Arc::clone(self), name, own: true }
    }

    /// One that begins as another of this cluster is now. Waits until nobody is connected to that one.
    pub(crate) fn copy_of(self: &Arc<Self>, original: &Database) -> Database {
        let name = format!("it_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let administration = self.administration();
        let copy = format!("CREATE DATABASE {name} TEMPLATE {}", original.name);
        let made = poll(|| {
            let ended = administration.psql(&administration.url(), &[&copy]);
            let is_in_use = ended.stderr.contains("being accessed by other users");
            (!is_in_use).then_some(ended)
        });
        let made = made.unwrap_or_else(|| panic!("somebody is always connected to {}", original.name));
        assert_eq!(made.code, Some(0), "{copy}: {}", made.stderr);
        Database { cluster: Arc::clone(self), name, own: true }
    }

    /// The database in which others are made and dropped.
    fn administration(self: &Arc<Self>) -> Database {
        Database { cluster: Arc::clone(self), name: "postgres".to_owned(), own: false }
    }
}

impl Shell {
    fn start(command: &mut Command, dir: PathBuf) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output, dir }
    }

    /// The next line, without what it must begin with.
    fn hears(&mut self, expected: &str) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        if let Some(rest) = line.strip_prefix(expected) {
            return rest.trim().to_owned();
        }
        self.input = None;
        let mut complaint = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        panic!("{expected:?} was expected of tests/postgres/cluster: {line:?}\n{complaint}");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.input = None;
        let _ended = self.child.wait();
        // Only a script that was killed leaves something to remove.
        let _gone = fs::remove_dir_all(&self.dir);
    }
}

/// A database of a cluster.
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    name: String,
    /// It was made for one test.
    own: bool,
}

impl Database {
    /// As every client of PostgreSQL takes it.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.cluster.port)
    }

    /// The same, asked for on another port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{}", self.name)
    }

    /// The same, on whichever of these ports takes writes.
    pub(crate) fn url_among(&self, ports: &[u16]) -> String {
        let hosts: Vec<_> = ports.iter().map(|it| format!("127.0.0.1:{it}")).collect();
        format!("postgres://postgres@{}/{}?target_session_attrs=read-write", hosts.join(","), self.name)
    }

    /// Has one statement done, or several as one transaction, and gives what came of it: a line a row, `|` between columns.
    #[track_caller]
    pub(crate) fn sql(&self, statement: &str) -> String {
        let ended = self.psql(&self.url(), &[statement]);
        assert_eq!(ended.code, Some(0), "{statement}: {}", ended.stderr);
        ended.stdout
    }

    /// Has `psql` say these statements at an address, one after the other, until one fails.
    pub(crate) fn psql(&self, url: &str, statements: &[&str]) -> Ended {
        let mut command = self.client(url);
        command.arg("--no-align").stdin(Stdio::null());
        command.args(statements.iter().flat_map(|it| ["--command", it]));
        run(&mut command)
    }

    /// A connection to which one thing after the other is said.
    pub(crate) fn session(&self) -> Session {
        let mut command = self.client(&self.url());
        Session::start(command.args(["--csv", "--pset", "null=NULL"]))
    }

    /// The cluster that it is in.
    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// `psql` with nothing of our own environment that would tell it otherwise.
    fn client(&self, url: &str) -> Command {
        let mut command = Command::new(self.cluster.bin.join("psql"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
            command.env_remove(name);
        }
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        command.args(["--dbname", url]);
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.own {
            // A cluster that its test has stopped goes as a whole.
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            let administration = self.cluster.administration();
            let _gone = administration.psql(&administration.url(), &[&drop]);
        }
    }
}

/// A `psql` that goes on until it is dropped.
pub(crate) struct Session {
    child: Child,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    // `None` once it is told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    complaints: ChildStderr,
}

impl Session {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let complaints = child.stderr.take().unwrap();
        Self { child, pipes: Mutex::new(Pipes { input, output, complaints }) }
    }

    /// Has statements done, and gives all rows that they gave, column by column, with `NULL` for nothing; and how many rows
    /// the last of them gave or changed.
    #[track_caller]
    pub(crate) fn says(&self, statements: &str) -> (Vec<Vec<String>>, usize) {
        // On a line of its own nobody says this but us.
        const END: &str = "-- this was all: ";
        let statements = statements.trim().trim_end_matches(';');
        let Pipes { input, output, complaints } = &mut *self.pipes.lock().unwrap();
        // Where it is gone, nothing is read, either.
        let _sent = writeln!(input.as_mut().unwrap(), "{statements};\n\\echo '{END}':ROW_COUNT");
        let mut table = String::new();
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap() == 0 {
                let mut complaint = String::new();
                complaints.read_to_string(&mut complaint).unwrap();
                panic!("{statements}: {complaint}");
            }
            if let Some(count) = line.strip_prefix(END) {
                let mut reader = csv::ReaderBuilder::new();
                let reader = reader.has_headers(false).flexible(true).from_reader(table.as_bytes());
                let rows = reader.into_records().map(|it| it.unwrap().iter().map(str::to_owned).collect());
                return (rows.collect(), count.trim().parse().unwrap());
            }
            table.push_str(&line);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner).input = None;
        let _ended = self.child.wait();
    }
}

/// The script for a cluster in this folder, with nothing of our own environment that would tell it otherwise.
fn script(dir: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres/cluster");
    let mut command = Command::new(script);
    command.arg(dir);
    command
}

/// Whether a process still does anything: one that nobody has asked how it ended does not.
fn lives(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// A server's process and those that it has started: one that writes the log, one that writes pages, and more.
fn with_its_own(pid: Pid) -> Vec<Pid> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let all = poll(|| {
        // The list may miss some while one of them ends.
        let children = fs::read_to_string(&path).unwrap_or_default();
        let children = children.split_whitespace().map(|it| Pid::from_raw(it.parse().unwrap()));
        let all: Vec<_> = std::iter::once(pid).chain(children).filter(|it| lives(*it)).collect();
        (all.len() > 3).then_some(all)
    });
    all.expect("a server has processes of its own")
}

#[test]
fn a_cluster_answers_and_runs_as_somebody_else_than_root() {
    let cluster = Cluster::shared();
    assert_eq!(cluster.database().sql("SELECT 6 * 7, 'x' UNION ALL SELECT 1, 'y'"), "42|x\n1|y");
    let status = fs::read_to_string(format!("/proc/{}/status", cluster.pid)).unwrap();
    let user = status.lines().find_map(|it| it.strip_prefix("Uid:")).unwrap();
    assert!(user.split_whitespace().all(|it| it != "0"), "it runs as root: {user}");
}

#[test]
fn each_database_begins_as_the_template_and_is_its_own() {
    let cluster = Cluster::own(&WITHOUT_SYNC);
    cluster.template().sql("CREATE TABLE said (word text); INSERT INTO said VALUES ('first')");
    let (one, other) = (cluster.database(), cluster.database());
    one.sql("INSERT INTO said VALUES ('second')");
    assert_eq!(one.sql("SELECT word FROM said"), "first\nsecond");
    assert_eq!(other.sql("SELECT word FROM said"), "first");
    drop(one);
    let left = "SELECT datname FROM pg_database WHERE datname LIKE 'it\\_%'";
    assert_eq!(cluster.administration().sql(left), other.name, "a database outlives its test");
}

#[test]
fn a_copy_begins_as_its_original_and_is_told_of_nothing_after_it() {
    let cluster = Cluster::shared();
    let original = cluster.database();
    let session = original.session();
    session.says("CREATE TABLE said (word text, times int)");
    let (rows, changed) = session.says("INSERT INTO said VALUES ('a, \"b\"\n', 1), (NULL, 2);");
    assert_eq!((rows.len(), changed), (0, 2));
    drop(session);
    let copy = cluster.copy_of(&original);
    original.sql("DELETE FROM said");
    let (rows, count) = copy.session().says("SELECT word, times FROM said ORDER BY times");
    assert_eq!(
        (rows, count),
        (vec![vec!["a, \"b\"\n".to_owned(), "1".into()], vec!["NULL".into(), "2".into()]], 2)
    );
}

#[test]
fn what_was_committed_outlives_an_immediate_stop() {
    let cluster = Cluster::own(&[]);
    let database = cluster.database();
    database.sql("CREATE TABLE said (word text); INSERT INTO said VALUES ('kept')");
    cluster.stop();
    let refused = database.psql(&database.url(), &["SELECT 1"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{}", refused.stderr);
    cluster.start();
    assert_eq!(database.sql("SELECT word FROM said"), "kept");
    assert_eq!(database.sql("SHOW fsync"), "on");
}

#[test]
fn a_standby_follows_and_is_promoted() {
    let primary = Cluster::own(&WITHOUT_SYNC);
    let database = primary.database();
    database.sql("CREATE TABLE said (word text)");
    let standby = primary.standby();
    // Both, so that a commit returns only when a reader of the standby sees it.
    primary.administration().sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.administration().sql("ALTER SYSTEM SET synchronous_commit = 'remote_apply'");
    primary.administration().sql("SELECT pg_reload_conf()");
    let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    poll(|| (primary.administration().sql(follows) == "1").then_some(())).expect("the standby follows");
    database.sql("INSERT INTO said VALUES ('before')");

    let there = database.url_at(standby.port);
    let ask = |statement: &str| database.psql(&there, &[statement]);
    assert_eq!(ask("SELECT word, pg_is_in_recovery() FROM said").stdout, "before|t");
    let refused = ask("INSERT INTO said VALUES ('too early')");
    assert!(refused.stderr.contains("read-only transaction"), "{refused:?}");

    primary.stop();
    standby.promote();
    assert_eq!(ask("INSERT INTO said VALUES ('after')").code, Some(0));
    assert_eq!(ask("SELECT word, pg_is_in_recovery() FROM said").stdout, "before|f\nafter|f");
}

/// Runs itself once more, as the process that is killed.
#[test]
fn a_cluster_is_gone_after_whoever_started_it_was_killed() {
    const NAME: &str = "cluster::a_cluster_is_gone_after_whoever_started_it_was_killed";
    if std::env::var_os("CLUSTER_TO_BE_KILLED").is_some() {
        let cluster = Cluster::own(&WITHOUT_SYNC);
        // Past the test harness, which shows what is printed only when a test has ended.
        let dir = cluster.shell.lock().unwrap().dir.clone();
        writeln!(std::io::stdout(), "\ncluster {} {}", cluster.pid, dir.display()).unwrap();
        loop {
            std::thread::park();
        }
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]).env("CLUSTER_TO_BE_KILLED", "yes");
    let mut parent = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find_map(|it| it.strip_prefix("cluster ").map(str::to_owned));
    let line = line.expect("the process says which cluster it has started");
    let (pid, dir) = line.split_once(' ').unwrap();
    let pid = Pid::from_raw(pid.parse().unwrap());
    let all = with_its_own(pid);

    parent.kill().unwrap();
    parent.wait().unwrap();
    poll(|| (!all.iter().any(|it| lives(*it))).then_some(())).expect("every process of the server ends");
    poll(|| (!Path::new(dir).exists()).then_some(())).expect("its folder is removed");
}

#[test]
fn a_cluster_is_gone_after_its_script_was_killed() {
    let cluster = Cluster::own(&WITHOUT_SYNC);
    let all = with_its_own(cluster.pid);
    let (script, dir) = {
        let shell = cluster.shell.lock().unwrap();
        (shell.child.id(), shell.dir.clone())
    };
    kill(Pid::from_raw(script.try_into().unwrap()), Signal::SIGKILL).unwrap();
    poll(|| (!all.iter().any(|it| lives(*it))).then_some(())).expect("every process of the server ends");
    drop(cluster);
    assert!(!dir.exists(), "{} is left", dir.display());
}

#[test]
fn without_postgresql_it_says_what_to_install() {
    let dir = std::env::temp_dir().join(format!("tollgate-pg-{}-none", std::process::id()));
    let ended = run(script(&dir).env("POSTGRES_BIN", "/nowhere").stdin(Stdio::null()));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("apt-get install postgresql"), "{ended:?}");
    assert!(!dir.exists());
}
