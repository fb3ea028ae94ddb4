//! Real proxies in front of the doctor's upstream: the recipes of `docs/gateways/`, as they are or with a line changed.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::server::poll;

/// How often another port is tried: somebody may take the one that was free a moment ago.
const STARTS_MAX: usize = 5;

/// A running one. Dropped, it is killed with all of its processes.
pub(super) struct Proxy {
    address: SocketAddr,
    child: Child,
    dir: TempDir,
}

/// One of Debian's packages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Nginx,
    Caddy,
}

impl Kind {
    const fn recipe(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
        }
    }

    fn command(self, file: &Path) -> Command {
        match self {
            Self::Nginx => {
                // Not everybody's path leads to where Debian puts it.
                let debians = Path::new("/usr/sbin/nginx");
                let mut command = Command::new(if debians.exists() { debians } else { Path::new("nginx") });
                command.arg("-c").arg(file).args(["-g", "daemon off;"]);
                command
            }
            Self::Caddy => {
                let mut command = Command::new("caddy");
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
                command
            }
        }
    }
}

/// What a recipe says to replace, and by what.
pub(super) struct Places {
    pub(super) tollgate: String,
    pub(super) gate: String,
    pub(super) api: String,
    pub(super) gate_token: String,
}

impl Proxy {
    /// Starts one with its recipe, in which each of these texts stands and is replaced; returns when it listens.
    pub(super) fn start(kind: Kind, places: &Places, changes: &[(&str, &str)]) -> Self {
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateways").join(kind.recipe());
        let mut text = fs::read_to_string(recipe).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "{from:?} is not in the recipe of {kind:?}");
            text = text.replacen(from, to, 1);
        }
        let started = (0..STARTS_MAX).find_map(|_| Self::try_starting(kind, places, &text));
        started.unwrap_or_else(|| panic!("{kind:?} did not start with {text}"))
    }

    fn try_starting(kind: Kind, places: &Places, text: &str) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("tollgate-proxy-").tempdir().unwrap();
        // nginx's workers run under another name.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (address, folder) = (free_address(), dir.path().display().to_string());
        let (listen, admin) = (address.to_string(), free_address().to_string());
        let port = format!("http://:{}", address.port());
        let text = text
            .replace("127.0.0.1:8000", &listen)
            .replace("http://:8000", &port)
            .replace("127.0.0.1:2019", &admin)
            .replace("127.0.0.1:8080", &places.tollgate)
            .replace("127.0.0.1:8081", &places.gate)
            .replace("127.0.0.1:3000", &places.api)
            .replace("GATE-TOKEN", &places.gate_token)
            .replace("worker_processes auto;", "worker_processes 1;")
            .replace("/run/nginx.pid", &format!("{folder}/nginx.pid"))
            .replace("/var/log/nginx", &folder)
            .replace("/var/lib/nginx", &folder);
        let file = dir.path().join(kind.recipe());
        fs::write(&file, text).unwrap();
        let mut command = kind.command(&file);
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(name, dir.path());
        }
        let output = fs::File::create(log(&dir)).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        // A group of its own, so that all that it starts ends with it.
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let mut proxy = Self { address, child, dir };
        let is_up = poll(|| match proxy.child.try_wait().unwrap() {
            Some(_) => Some(false),
            None => TcpStream::connect(address).is_ok().then_some(true),
        });
        if is_up == Some(true) {
            return Some(proxy);
        }
        crate::server::say(&proxy.log());
        None
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it said.
    pub(super) fn log(&self) -> String {
        let files = [log(&self.dir), self.dir.path().join("error.log")];
        files.map(|it| fs::read_to_string(it).unwrap_or_default()).concat()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // First asked, so that it takes along what it has started. Errors only say that it is gone already.
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _gone = kill(pid, Signal::SIGTERM);
        let _ended = poll(|| self.child.try_wait().ok().flatten());
        let _gone = killpg(pid, Signal::SIGKILL);
        let _gone = self.child.wait();
    }
}

fn log(dir: &TempDir) -> PathBuf {
    dir.path().join("output")
}

/// An address that nobody listens on.
pub(super) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
