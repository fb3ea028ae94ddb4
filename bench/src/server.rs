//! The processes that are measured, and what the system says of them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::wrk::Request;
use crate::{Result, http, prepare};

/// The operator's token, given in the environment so that no start writes one into a store.
pub(crate) const OPERATOR: &str = "bench-operator-token-that-guards-nothing";
/// The kernel counts a process's time in hundredths of a second (`USER_HZ`, the same on every Linux that we run on).
const TICK_US: f64 = 10_000.0;

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens: host and port.
    pub(crate) address: String,
    /// From its start to its line "listening on".
    pub(crate) started_in: Duration,
    commits: Commits,
    /// Kept open, so that nothing the server prints later breaks it.
    _output: BufReader<ChildStdout>,
}

/// Where a server's commits can be read.
enum Commits {
    /// In the index of the write-ahead log.
    Index(PathBuf),
    /// At the control itself.
    Asked,
    /// In the database.
    Elsewhere,
}

impl Server {
    /// `tollgate serve` on a store.
    pub(crate) fn tollgate(program: &Path, store: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve").args(["--listen", "127.0.0.1:0"]);
        command.arg("--store").arg(format!("sqlite:{}", store.display()));
        command.env("TOLLGATE_OPERATOR_TOKEN", OPERATOR);
        Self::start(command, Commits::Index(prepare::beside(store, "-shm")))
    }

    /// `tollgate serve` as a node on a database.
    pub(crate) fn node(program: &Path, url: &str, key: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--store", url, "--key-file"]).arg(key);
        command.env("TOLLGATE_OPERATOR_TOKEN", OPERATOR);
        Self::start(command, Commits::Elsewhere)
    }

    /// Both controls, which keep their files in a folder.
    pub(crate) fn controls(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("control").arg(folder);
        Self::start(command, Commits::Asked)
    }

    fn start(mut command: Command, commits: Commits) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("cannot start {program}: {error}"))?;
        let output = child.stdout.take().ok_or("its output cannot be read")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line)? > 0 {
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                let (address, started_in) = (address.to_owned(), started.elapsed());
                return Ok(Self { child, address, started_in, commits, _output: output });
            }
            line.clear();
        }
        Err(format!("{program} ended before it listened: {}", child.wait()?).into())
    }

    /// The processor time that it has used, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<f64> {
        // Fields 14 and 15, counted behind the name, which may hold blanks.
        stat(&format!("/proc/{}/stat", self.child.id()), &[11, 12])
    }

    /// A figure of /proc/PID/status in KiB, such as `VmRSS`.
    pub(crate) fn memory_kib(&self, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|it| it.split_whitespace().next()?.parse().ok());
        kib.ok_or_else(|| format!("the system does not say {name}").into())
    }

    /// How many transactions it has committed, modulo 2³².
    pub(crate) fn commits(&self) -> Result<u32> {
        match &self.commits {
            // The index begins with the header of the log; its third word counts transactions (SQLite's file
            // format, "The WAL-Index Header": iChange), in the machine's own order of bytes.
            Commits::Index(path) => {
                let index = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
                let word =
                    index.get(8..12).and_then(|it| it.try_into().ok()).ok_or("the index is too short")?;
                Ok(u32::from_ne_bytes(word))
            }
            Commits::Elsewhere => Err("its commits are counted by the database".into()),
            Commits::Asked => {
                let answer = http::ask(&self.address, &Request::get("/commits", ""))?;
                Ok(String::from_utf8(answer.body)?.trim().parse()?)
            }
        }
    }

    /// Ends it as an operator would, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nobody to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The processor time of this process and all its children that have ended: the load generators.
pub(crate) fn loads_cpu_us() -> Result<f64> {
    stat("/proc/self/stat", &[11, 12, 13, 14])
}

/// Fields of a `/proc/PID/stat` together, counted behind the name, in microseconds.
pub(crate) fn stat(path: &str, fields: &[usize]) -> Result<f64> {
    let text = std::fs::read_to_string(path)?;
    let behind_name = text.rsplit_once(')').map(|it| it.1).ok_or("/proc has another form")?;
    let values: Vec<&str> = behind_name.split_whitespace().collect();
    let mut ticks = 0.0;
    for field in fields {
        ticks += values.get(*field).ok_or("/proc has too few fields")?.parse::<f64>()?;
    }
    Ok(ticks * TICK_US)
}

/// The processor time that everybody has used on this machine, in microseconds.
pub(crate) fn machine_cpu_us() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
    // user, nice, system; then idle and waiting, which are no use; then interrupts and what the host took.
    let used = ticks.iter().take(3).chain(ticks.iter().skip(5).take(3));
    Ok(used.sum::<f64>() * TICK_US)
}
