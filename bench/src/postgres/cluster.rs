//! The server that is measured on, and pgbench.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Sample, Way};
use crate::{Result, server};

/// What is usually set on a machine like this, and connections enough for two nodes beside pgbench; everything else is
/// PostgreSQL's default, durability above all.
pub(super) const SETTINGS: [&str; 4] =
    ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "max_connections=200"];
/// Where pgbench charges, and where tollgate does.
pub(super) const USUAL: &str = "usual";
pub(super) const TOLLGATE: &str = "tollgate";
/// How long the server may take to end the connections of a run. It may also have begun to tidy up, which is waited for in vain.
const GONE: Duration = Duration::from_secs(1);

/// A throw-away PostgreSQL that syncs.
pub(super) struct Cluster {
    shell: Child,
    /// Closed, it has the shell stop the server and remove its folder.
    input: Option<ChildStdin>,
    server: u32,
    port: String,
    bin: PathBuf,
}

impl Cluster {
    pub(super) fn start(dir: &Path) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/postgres/cluster");
        let mut command = Command::new(script);
        command.arg(dir).args(SETTINGS.iter().flat_map(|it| ["-c", it]));
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = shell.stdin.take();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().ok_or("its output cannot be read")?).read_line(&mut line)?;
        let word = |name: &str| {
            line.trim()
                .split(' ')
                .find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
                .ok_or("PostgreSQL has not started")
        };
        let (server, port, bin) = (word("pid")?.parse()?, word("port")?.to_owned(), word("bin")?.into());
        Ok(Self { shell, input, server, port, bin })
    }

    /// One of its programs, told where it listens.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port, "-U", "postgres"]).env("PGDATABASE", USUAL);
        command
    }

    /// Makes an empty database, and says where it is.
    pub(super) fn database(&self, name: &str) -> Result<String> {
        output(self.program("createdb").arg(name))?;
        Ok(self.url(name))
    }

    /// Where a database is.
    pub(super) fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// How many transactions were committed in the database of tollgate. Sessions say so once a second.
    pub(super) fn commits(&self) -> Result<f64> {
        let count = "SELECT xact_commit FROM pg_stat_database WHERE datname = '".to_owned() + TOLLGATE + "'";
        Ok(output(self.program("psql").args(["-XAtc", &count]))?.parse()?)
    }

    /// Has what is written reach the disk, so that no run pays for the one before it.
    pub(super) fn settle(&self) -> Result<()> {
        output(self.program("psql").args(["-XAtc", "CHECKPOINT"])).map(drop)
    }

    pub(super) fn version(&self) -> Result<String> {
        output(self.program("psql").args(["-XAtc", "SELECT 'PostgreSQL ' || split_part(version(), ' ', 2)"]))
    }

    /// Nothing was measured that did not happen: as many lines as charges, and every account was paid from as often.
    pub(super) fn assert_holds(&self, charges: f64) -> Result<()> {
        let lines = "SELECT (SELECT count(*) FROM journal), (SELECT sum(version) FROM accounts)";
        let found = output(self.program("psql").args(["-XAtc", lines]))?;
        let expected = format!("{charges:.0}|{charges:.0}");
        if found == expected { Ok(()) } else { Err(format!("{found} where {expected} was expected").into()) }
    }

    /// Has a file of statements done.
    pub(super) fn psql(&self, file: &Path) -> Result<()> {
        output(self.program("psql").args(["-Xq", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file)).map(drop)
    }

    pub(super) fn pgbench(&self, way: &Way, script: &Path, clients: u32, seconds: u32) -> Result<Sample> {
        let own = self.processes()?.len();
        let cores = std::thread::available_parallelism()?.get() as f64;
        let (machine, server) = (server::machine_cpu_us()?, self.cpu_us()?);
        let (started, client) = (Instant::now(), server::loads_cpu_us()?);
        let mut command = self.program("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--client", &clients.to_string()]);
        command.args(["--time", &seconds.to_string(), "--file"]).arg(script);
        let (first, last) = way.accounts;
        let day = u32::try_from(tollgate::clock::Clock::System.now().millis() / 86_400_000)?;
        let defined = [("first", first), ("last", last), ("keyed", u32::from(way.keyed)), ("day", day)];
        for (name, value) in defined {
            command.arg("--define").arg(format!("{name}={value}"));
        }
        let text = output(command.arg(USUAL))?;
        let elapsed_us = started.elapsed().as_secs_f64() * 1e6;
        // What its connections have used is the server's own only once they are gone.
        let ended = Instant::now();
        while self.processes()?.len() > own && ended.elapsed() < GONE {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (server, client) = (self.cpu_us()? - server, server::loads_cpu_us()? - client);
        let foreign = (server::machine_cpu_us()? - machine - server - client).max(0.0) / (elapsed_us * cores);
        let figure = |label: &str| {
            let found = text.lines().find_map(|it| it.strip_prefix(label)?.split_whitespace().next());
            let value: Option<f64> = found.and_then(|it| it.parse().ok());
            value.ok_or_else(|| format!("pgbench does not say {label:?}: {text}"))
        };
        let charges = figure("number of transactions actually processed:")?;
        if figure("number of failed transactions:")? > 0.0 || charges == 0.0 {
            return Err(format!("charges have failed: {text}").into());
        }
        Ok(Sample {
            charges,
            rate: figure("tps =")?,
            server_us: server / charges,
            node_us: 0.0,
            client_us: client / charges,
            latency_ms: figure("latency average =")?,
            per_commit: 1.0,
            foreign,
        })
    }

    /// The processes that the server has started and that have not ended.
    fn processes(&self) -> Result<Vec<String>> {
        let path = format!("/proc/{0}/task/{0}/children", self.server);
        Ok(std::fs::read_to_string(path)?.split_whitespace().map(str::to_owned).collect())
    }

    /// The processor time of the server and of all that it has started, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        let mut all = server::stat(&format!("/proc/{}/stat", self.server), &[11, 12, 13, 14])?;
        for process in self.processes()? {
            // One that has just ended is in the server's own figures.
            all += server::stat(&format!("/proc/{process}/stat"), &[11, 12]).unwrap_or_default();
        }
        Ok(all)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.input = None;
        // After this the server is gone, however it went.
        drop(self.shell.wait());
    }
}

/// What a program prints, if it succeeds.
fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
