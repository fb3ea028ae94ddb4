//! The load: what is sent, and `wrk` that sends it.

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Result;
use crate::many::Many;

/// The script that reads our files and prints our line.
const SCRIPT: &str = include_str!("../wrk/load.lua");

/// A request, as it stands in a file of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) authorization: String,
    /// Its Idempotency-Key: none where empty, a new one each time where `*`.
    pub(crate) key: String,
    pub(crate) body: String,
    /// The token by which a proxy proves itself, in a check.
    pub(crate) gate: String,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>, authorization: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), authorization: authorization.into(), ..Self::default() }
    }

    pub(crate) fn post(path: impl Into<String>, authorization: impl Into<String>, body: String) -> Self {
        let (path, authorization) = (path.into(), authorization.into());
        Self { method: "POST", path, authorization, body, ..Self::default() }
    }
}

pub(crate) fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Requests, sent round and round on so many connections, each of which waits for its answer before it sends again.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) requests: Vec<Request>,
    pub(crate) connections: u32,
    /// The status that every answer must have; `None` where anything may come.
    pub(crate) expected: Option<u16>,
    /// Sent instead of the requests, but for the first of them, and not by `wrk`.
    pub(crate) many: Option<Many>,
}

/// What one run of `wrk` counted. Times are in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) requests: f64,
    pub(crate) duration_us: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) longest: f64,
}

/// A load that is written down and can be started.
pub(crate) struct Loader<'a> {
    folder: &'a Path,
    file: String,
    connections: u32,
    expected: Option<u16>,
    many: Option<Many>,
}

impl Load {
    /// Writes it into a folder, under a name that no other load has there.
    pub(crate) fn written<'a>(&self, folder: &'a Path, name: &str) -> Result<Loader<'a>> {
        let mut text = String::new();
        for Request { method, path, authorization, key, body, gate } in &self.requests {
            writeln!(text, "{method}\t{path}\t{authorization}\t{key}\t{body}\t{gate}")?;
        }
        let file = format!("{}.tsv", name.replace(|it: char| !it.is_ascii_alphanumeric(), "-"));
        std::fs::write(folder.join(&file), text)?;
        std::fs::write(folder.join("load.lua"), SCRIPT)?;
        let (connections, expected, many) = (self.connections, self.expected, self.many.clone());
        Ok(Loader { folder, file, connections, expected, many })
    }
}

/// A `wrk` that runs.
pub(crate) struct Running {
    child: Child,
    expected: Option<u16>,
}

impl Loader<'_> {
    pub(crate) fn start(&self, address: &str, seconds: u32) -> Result<Running> {
        // Keys of one run must be unlike those of any other.
        let nonce = format!("{:x}-", tollgate::clock::Clock::System.now().millis());
        let connections = self.connections.max(1).to_string();
        let child = Command::new("wrk")
            .current_dir(self.folder)
            .args(["-t1", "--timeout", "10s", "-s", "load.lua", "-c", &connections])
            .arg(format!("-d{seconds}s"))
            .arg(format!("http://{address}"))
            .args(["--", &self.file, &nonce])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start wrk (apt-get install wrk): {error}"))?;
        Ok(Running { child, expected: self.expected })
    }

    pub(crate) fn run(&self, address: &str, seconds: u32) -> Result<Counted> {
        match &self.many {
            Some(many) => many.run(address, self.connections, seconds),
            None => self.start(address, seconds)?.finish(),
        }
    }
}

impl Running {
    /// Waits until it ends.
    ///
    /// # Errors
    /// Also when answers had another status than they must have: what was measured then was something else.
    pub(crate) fn finish(self) -> Result<Counted> {
        let output = self.child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|it| it.strip_prefix("bench\t"));
        let line = line.ok_or_else(|| format!("wrk counted nothing: {text}"))?;
        let figures = line.split('\t').map(str::parse::<f64>).collect::<std::result::Result<Vec<_>, _>>()?;
        let [requests, duration_us, refused, broken, p50, p99, p999, longest] = figures[..] else {
            return Err(format!("wrk printed another line: {line}").into());
        };
        // wrk counts what is above 399.
        let wrong = match self.expected {
            None => 0.0,
            Some(expected) if expected >= 400 => requests - refused + broken,
            Some(_) => refused + broken,
        };
        if wrong > 0.0 {
            return Err(
                format!("of {requests} requests {wrong} were answered otherwise than they must be").into()
            );
        }
        Ok(Counted { requests, duration_us, p50, p99, p999, longest })
    }
}
