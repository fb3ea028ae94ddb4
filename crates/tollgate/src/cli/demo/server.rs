//! The demo's server: `tollgate serve` as a child process, on a store in a folder that goes with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Ended;
use crate::random::Random;

/// Longer than the 30 seconds that a server gives what is in flight.
const STOP_WAIT: Duration = Duration::from_secs(40);

/// A running server. Dropped, it is killed, and its folder is removed.
pub(super) struct Server {
    // Before the folder, so that nobody writes there any more when it goes.
    child: Child,
    address: SocketAddr,
    operator_token: String,
    folder: TempDir,
}

impl Server {
    /// Starts one on a free port and returns when it listens.
    pub(super) async fn start() -> Result<Self, Ended> {
        let folder = tempfile::Builder::new().prefix("tollgate-demo-").tempdir().map_err(|error| {
            Ended::cannot_start(format!(
                "no folder for the store can be made among the temporary files: {error}"
            ))
        })?;
        let operator_token = Random::System.token("tgo_");
        let mut child = command(&folder, &operator_token)?.spawn().map_err(|error| {
            Ended::cannot_start(format!("`tollgate serve` cannot be started as a child process: {error}"))
        })?;
        let Some(address) = listening_on(&mut child).await else {
            let status = child.wait().await.map_err(Ended::cannot_start)?;
            return Err(Ended::cannot_start(format!("the demo's server did not start ({status})")));
        };
        Ok(Self { child, address, operator_token, folder })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn operator_token(&self) -> &str {
        &self.operator_token
    }

    pub(super) fn store(&self) -> PathBuf {
        store_in(&self.folder)
    }

    pub(super) fn process_id(&self) -> u32 {
        // There is one until somebody has waited for the end, and whoever does drops us afterwards.
        self.child.id().unwrap_or_default()
    }

    /// Waits for an end that nobody asked for, and says how it came.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => format!("the demo's server ended by itself ({status})"),
            Err(error) => format!("the demo's server is lost: {error}"),
        }
    }

    /// Asks it to stop, waits until it has, and removes the folder.
    pub(super) async fn stop(mut self) -> Result<(), Ended> {
        if let Some(process) = self.child.id().and_then(|it| i32::try_from(it).ok()).and_then(Pid::from_raw) {
            // It may have ended already, by the same Ctrl-C as we.
            let _gone = kill_process(process, Signal::TERM);
        }
        let status = match tokio::time::timeout(STOP_WAIT, self.child.wait()).await {
            Ok(status) => status.map_err(Ended::wrong)?,
            Err(_) => {
                return Err(Ended::wrong(format!(
                    "the demo's server did not stop in {} s",
                    STOP_WAIT.as_secs()
                )));
            }
        };
        if !status.success() {
            return Err(Ended::wrong(format!("the demo's server did not stop cleanly ({status})")));
        }
        self.folder
            .close()
            .map_err(|error| Ended::wrong(format!("the demo's folder cannot be removed: {error}")))
    }
}

fn store_in(folder: &TempDir) -> PathBuf {
    folder.path().join("demo.db")
}

fn command(folder: &TempDir, operator_token: &str) -> Result<Command, Ended> {
    let program = std::env::current_exe().map_err(Ended::cannot_start)?;
    let mut store = std::ffi::OsString::from("sqlite:");
    store.push(store_in(folder));
    let mut command = Command::new(program);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--plivo-rate-limit", "0", "--store"])
        .arg(store);
    // Settings of a real server in the same shell are not meant for this one.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TOLLGATE_") {
            command.env_remove(name);
        }
    }
    command.env("TOLLGATE_OPERATOR_TOKEN", operator_token);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// The address in its first line; `None` if it ends instead.
async fn listening_on(child: &mut Child) -> Option<SocketAddr> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let line = lines.next_line().await.ok()??;
    line.strip_prefix("listening on http://")?.parse().ok()
}
