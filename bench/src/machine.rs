//! The machine that was measured on, and how fast its disk syncs.

use std::fs::{File, read_to_string};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::{Places, Result};

/// How many syncs are timed: some 50 ms of them.
const SYNCS: usize = 300;
/// One page.
const PAGE: [u8; 4_096] = [0x5a; 4_096];

/// Times of one fdatasync after 4 KiB, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syncs {
    /// In a file that grows.
    pub(crate) append_p50: f64,
    pub(crate) append_p99: f64,
    /// In a file that is there, as a write-ahead log is after its first round.
    pub(crate) overwrite_p50: f64,
    pub(crate) overwrite_p99: f64,
}

/// Times the disk under a folder.
pub(crate) fn syncs(folder: &Path) -> Result<Syncs> {
    let path = folder.join("syncs");
    let mut file = File::create(&path)?;
    let append = timed(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let overwrite = timed(&mut file)?;
    std::fs::remove_file(&path)?;
    let at = |times: &[f64], part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    Ok(Syncs {
        append_p50: at(&append, 50),
        append_p99: at(&append, 99),
        overwrite_p50: at(&overwrite, 50),
        overwrite_p99: at(&overwrite, 99),
    })
}

fn timed(file: &mut File) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// What stands above a measurement: machine, versions, command and date.
pub(crate) fn header(places: &Places) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let kib: f64 =
        field("/proc/meminfo", "MemTotal").and_then(|it| it.split(' ').next()?.parse().ok()).unwrap_or(0.0);
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let millis = tollgate::clock::Clock::System.now().millis();
    let date = jiff::Timestamp::from_millisecond(millis)?;
    let dir = places.dir()?;
    let syncs = syncs(&dir)?;
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let command = std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ");
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    Ok(format!(
        "\n## {:.16}Z\n\n\
         | | |\n|--|--|\n\
         | command | `{command}` |\n\
         | tollgate | {} {} |\n\
         | machine | {cores} cores, {cpu}, {:.0} GiB, Linux {} |\n\
         | disk | {}; fdatasync after 4 KiB: {} |\n\
         | load | {}, on the same machine; load average at the start {} |\n",
        date.to_string(),
        first_line(Command::new(places.tollgate()?).arg("--version")).replace("tollgate ", ""),
        revision(&places.tollgate()?),
        kib / 1_048_576.0,
        kernel.trim(),
        file_system(&dir),
        syncs.words(),
        first_line(Command::new("wrk").arg("-v")),
        load.split(' ').next().unwrap_or_default(),
    ))
}

impl Syncs {
    pub(crate) fn words(&self) -> String {
        format!(
            "p50 {:.0} µs, p99 {:.0} µs in a growing file; p50 {:.0} µs, p99 {:.0} µs overwriting",
            self.append_p50, self.append_p99, self.overwrite_p50, self.overwrite_p99
        )
    }
}

/// The value of the first line of this name.
fn field(path: &str, name: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let line = text.lines().find(|it| it.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_line(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return "not there".to_owned() };
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default();
    line.split(" Copyright").next().unwrap_or_default().to_owned()
}

/// The commit that the server's tree stands at.
fn revision(tollgate: &Path) -> String {
    let Some(folder) = tollgate.parent() else { return String::new() };
    let line = first_line(Command::new("git").current_dir(folder).args(["describe", "--always", "--dirty"]));
    if line.is_empty() { line } else { format!("({line})") }
}

/// The kind of file system that a folder is on.
fn file_system(folder: &Path) -> String {
    let mounts = read_to_string("/proc/mounts").unwrap_or_default();
    let mounted = mounts.lines().filter_map(|it| {
        let mut parts = it.split(' ').skip(1);
        let (point, kind) = (parts.next()?, parts.next()?);
        folder.starts_with(point).then(|| (point.len(), kind.to_owned()))
    });
    mounted.max_by_key(|it| it.0).map_or_else(|| "unknown".to_owned(), |it| it.1)
}
