//! Charges on PostgreSQL as one would usually write them, run by pgbench: what a store on PostgreSQL is measured beside. The
//! scripts are in `postgres/`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::contest::Settings;
use crate::report::{self, ranged};
use crate::{Places, Result, machine, server};

/// Clients at once. A hot row is charged fastest by few of them, and which is best differs from machine to machine.
const CLIENTS: [u32; 3] = [4, 16, 64];
/// What is usually set on a machine like this; everything else is PostgreSQL's default, durability above all.
const SETTINGS: [&str; 3] = ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min"];
/// How long the server may take to end the connections of a run. It may also have begun to tidy up, which is waited for in vain.
const GONE: Duration = Duration::from_secs(1);

/// A way to charge.
struct Way {
    name: &'static str,
    /// Of a file in `postgres/`.
    script: &'static str,
    /// The first and the last of the accounts that are charged.
    accounts: (u32, u32),
    keyed: bool,
}

/// The one that all charges fall on, and those that they are spread over.
const HOT: (u32, u32) = (0, 0);
const SPREAD: (u32, u32) = (1, 10_000);

const WAYS: [Way; 6] = [
    way("(a) select for update, hot", "for-update.sql", HOT, false),
    way("(b) conditional update, hot", "conditional-update.sql", HOT, false),
    way("(a) hot, with a new key each", "for-update.sql", HOT, true),
    way("(b) hot, with a new key each", "conditional-update.sql", HOT, true),
    way("(a) select for update, spread", "for-update.sql", SPREAD, false),
    way("(b) conditional update, spread", "conditional-update.sql", SPREAD, false),
];

const fn way(name: &'static str, script: &'static str, accounts: (u32, u32), keyed: bool) -> Way {
    Way { name, script, accounts, keyed }
}

/// What one run came to.
#[derive(Clone, Copy)]
struct Sample {
    charges: f64,
    /// Charges per second.
    rate: f64,
    /// Processor time of the whole server per charge, in microseconds.
    server_us: f64,
    /// And of pgbench.
    client_us: f64,
    /// From the first statement of a charge to the answer to its last, in milliseconds, on the average.
    latency_ms: f64,
    /// What part of the machine others used.
    foreign: f64,
}

/// Measures every way with each number of clients, in turns forwards and backwards, and prints a table.
pub(crate) fn measure(places: &Places, settings: &Settings) -> Result<()> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
    let dir = places.dir()?;
    let cluster = Cluster::start(&dir.join(format!("postgres-{}", std::process::id())))?;
    cluster.psql(&scripts.join("schema.sql"))?;
    let runs: Vec<(&Way, u32)> =
        WAYS.iter().flat_map(|way| CLIENTS.iter().map(move |clients| (way, *clients))).collect();
    let mut samples: Vec<Vec<Sample>> = runs.iter().map(|_| Vec::new()).collect();
    let before = machine::syncs(&dir)?;
    let mut charges = 0.0;
    for round in 0..settings.rounds {
        let mut order: Vec<_> = runs.iter().zip(&mut samples).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for ((way, clients), samples) in order {
            let script = scripts.join(way.script);
            if settings.warm_up > 0 {
                charges += cluster.pgbench(way, &script, *clients, settings.warm_up)?.charges;
            }
            let sample = cluster.pgbench(way, &script, *clients, settings.seconds)?;
            eprintln!(
                "round {} of {}: {}, {clients} clients: {:.0}/s, {:.1} µs",
                round + 1,
                settings.rounds,
                way.name,
                sample.rate,
                sample.server_us
            );
            charges += sample.charges;
            samples.push(sample);
        }
    }
    let syncs = [before, machine::syncs(&dir)?];
    cluster.assert_holds(charges)?;
    print!("{}", table(&cluster.version()?, &runs, &samples, settings, &syncs));
    Ok(())
}

fn table(
    version: &str,
    runs: &[(&Way, u32)],
    samples: &[Vec<Sample>],
    settings: &Settings,
    syncs: &[machine::Syncs],
) -> String {
    let mut text = "\n### Charges on PostgreSQL, without tollgate\n\n".to_owned();
    text +=
        "| charge | clients | charges/s | server CPU µs | pgbench CPU µs | mean ms |\n|--|--|--|--|--|--|\n";
    for ((way, clients), samples) in runs.iter().zip(samples) {
        let cell = |of: fn(&Sample) -> f64, decimals| ranged(samples.iter().map(of).collect(), decimals);
        let cells = [
            way.name.to_owned(),
            clients.to_string(),
            cell(|it| it.rate, 0),
            cell(|it| it.server_us, 1),
            cell(|it| it.client_us, 1),
            cell(|it| it.latency_ms, 2),
        ];
        report::row(&mut text, &cells);
    }
    let words: Vec<String> = syncs.iter().map(machine::Syncs::words).collect();
    let foreign = samples.iter().flatten().map(|it| it.foreign).fold(0.0, f64::max);
    // Nothing fails to be written to a string.
    let _ = writeln!(
        text,
        "\n{version}, by TCP on the same machine; {}; everything else is its default. {} rounds of {} s after {} s of \
         warm-up. fdatasync after 4 KiB before and after: {}. {}",
        SETTINGS.join(", "),
        settings.rounds,
        settings.seconds,
        settings.warm_up,
        words.join("; "),
        report::others(foreign)
    );
    text
}

/// A throw-away PostgreSQL that syncs.
struct Cluster {
    shell: Child,
    /// Closed, it has the shell stop the server and remove its folder.
    input: Option<ChildStdin>,
    server: u32,
    port: String,
    bin: PathBuf,
}

impl Cluster {
    fn start(dir: &Path) -> Result<Self> {
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
        command.args(["-h", "127.0.0.1", "-p", &self.port, "-U", "postgres"]).env("PGDATABASE", "postgres");
        command
    }

    fn version(&self) -> Result<String> {
        output(self.program("psql").args(["-XAtc", "SELECT 'PostgreSQL ' || split_part(version(), ' ', 2)"]))
    }

    /// Nothing was measured that did not happen: as many lines as charges, and every account was paid from as often.
    fn assert_holds(&self, charges: f64) -> Result<()> {
        let lines = "SELECT (SELECT count(*) FROM journal), (SELECT sum(version) FROM accounts)";
        let found = output(self.program("psql").args(["-XAtc", lines]))?;
        let expected = format!("{charges:.0}|{charges:.0}");
        if found == expected { Ok(()) } else { Err(format!("{found} where {expected} was expected").into()) }
    }

    /// Has a file of statements done.
    fn psql(&self, file: &Path) -> Result<()> {
        output(self.program("psql").args(["-Xq", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file)).map(drop)
    }

    fn pgbench(&self, way: &Way, script: &Path, clients: u32, seconds: u32) -> Result<Sample> {
        let own = self.processes()?.len();
        let cores = std::thread::available_parallelism()?.get() as f64;
        let (machine, server) = (server::machine_cpu_us()?, self.cpu_us()?);
        let (started, client) = (Instant::now(), server::loads_cpu_us()?);
        let mut command = self.program("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--client", &clients.to_string()]);
        command.args(["--time", &seconds.to_string(), "--file"]).arg(script);
        let (first, last) = way.accounts;
        for (name, value) in [("first", first), ("last", last), ("keyed", u32::from(way.keyed))] {
            command.arg("--define").arg(format!("{name}={value}"));
        }
        let text = output(command.arg("postgres"))?;
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
            client_us: client / charges,
            latency_ms: figure("latency average =")?,
            foreign,
        })
    }

    /// The processes that the server has started and that have not ended.
    fn processes(&self) -> Result<Vec<String>> {
        let path = format!("/proc/{0}/task/{0}/children", self.server);
        Ok(std::fs::read_to_string(path)?.split_whitespace().map(str::to_owned).collect())
    }

    /// The processor time of the server and of all that it has started, in microseconds.
    fn cpu_us(&self) -> Result<f64> {
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
