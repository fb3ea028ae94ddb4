//! Real proxies, each with exactly the configuration of its recipe: only what the recipe's page says to replace is replaced.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::server::{poll, say};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    Caddy,
    Envoy,
    /// The same, by its gRPC.
    EnvoyGrpc,
}

/// What a recipe's page says to replace.
pub(super) struct Places<'a> {
    /// tollgate's main address.
    pub(super) tollgate: SocketAddr,
    /// The one that serves nothing but the gate.
    pub(super) gate: SocketAddr,
    /// The one for gRPC.
    pub(super) grpc: SocketAddr,
    /// The same over TLS, by a certificate of this authority.
    pub(super) grpc_tls: SocketAddr,
    pub(super) ca: &'a Path,
    pub(super) api: SocketAddr,
    pub(super) gate_token: &'a str,
}

/// A running proxy. Dropped, it is killed, with all of its processes.
pub(super) struct Proxy {
    kind: Kind,
    address: SocketAddr,
    child: Child,
    dir: TempDir,
}

impl Proxy {
    /// Starts one and returns when it accepts connections. `changed` gets the recipe when all is replaced.
    pub(super) fn start(
        kind: Kind,
        places: &Places<'_>,
        changed: impl Fn(String, &Places<'_>) -> String,
    ) -> Self {
        let dir = tempfile::Builder::new().prefix("tollgate-proxy-").tempdir().unwrap();
        // nginx's workers run under another name, and keep large bodies here.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let address = free_address();
        let mut command = command(kind, &filled(kind, address, places, dir.path(), changed), dir.path());
        let output = fs::File::create(dir.path().join("output")).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        // A group of its own, so that all that it starts ends with it.
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let mut proxy = Self { kind, address, child, dir };
        let is_up = poll(|| match proxy.child.try_wait().unwrap() {
            Some(_) => Some(false),
            None => TcpStream::connect(address).is_ok().then_some(true),
        });
        assert_eq!(is_up, Some(true), "{kind:?} did not start");
        proxy
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has printed so far.
    pub(super) fn output(&self) -> String {
        fs::read_to_string(self.dir.path().join("output")).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Errors only say that it is gone already.
        let _gone = killpg(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGKILL);
        let _gone = self.child.wait();
        if std::thread::panicking() {
            for log in ["output", "error.log"] {
                let text = fs::read_to_string(self.dir.path().join(log)).unwrap_or_default();
                say(&format!("--- {:?}, {log}:\n{text}", self.kind));
            }
        }
    }
}

/// The recipe with everything replaced that its page says to replace; the page must say it.
fn filled(
    kind: Kind,
    address: SocketAddr,
    places: &Places<'_>,
    dir: &Path,
    changed: impl Fn(String, &Places<'_>) -> String,
) -> PathBuf {
    let (recipe, page) = match kind {
        Kind::Nginx => ("nginx.conf", "nginx.md"),
        Kind::Caddy => ("Caddyfile", "caddy.md"),
        Kind::Envoy => ("envoy.yaml", "envoy.md"),
        Kind::EnvoyGrpc => ("envoy-grpc.yaml", "envoy-grpc.md"),
    };
    let Places { tollgate, gate, grpc, api, gate_token, .. } = places;
    let port = |it: &SocketAddr| format!("port_value: {}", it.port());
    let folder = dir.display().to_string();
    let replaced = match kind {
        Kind::Nginx => vec![
            ("127.0.0.1:8000", address.to_string()),
            ("127.0.0.1:8080", tollgate.to_string()),
            ("127.0.0.1:3000", api.to_string()),
            ("GATE-TOKEN", (*gate_token).to_owned()),
            ("/run/nginx.pid", format!("{folder}/nginx.pid")),
            ("/var/log/nginx", folder.clone()),
            ("/var/lib/nginx", folder),
        ],
        Kind::Caddy => vec![
            ("http://:8000", format!("http://:{}", address.port())),
            ("127.0.0.1:8081", gate.to_string()),
            ("127.0.0.1:3000", api.to_string()),
            ("127.0.0.1:2019", free_address().to_string()),
        ],
        Kind::Envoy => vec![
            ("port_value: 8000", port(&address)),
            ("127.0.0.1:8080", tollgate.to_string()),
            ("port_value: 8080", port(tollgate)),
            ("port_value: 3000", port(api)),
            ("GATE-TOKEN", (*gate_token).to_owned()),
        ],
        Kind::EnvoyGrpc => vec![
            ("port_value: 8000", port(&address)),
            ("port_value: 8082", port(grpc)),
            ("port_value: 3000", port(api)),
            ("GATE-TOKEN", (*gate_token).to_owned()),
        ],
    };
    let [mut text, page] = [recipe, page].map(|it| fs::read_to_string(recipes().join(it)).unwrap());
    for (what, by) in replaced {
        assert!(page.contains(what), "the page of {kind:?} does not say to replace {what}");
        assert!(text.contains(what), "{recipe} has no {what}");
        text = text.replace(what, &by);
    }
    let file = dir.join(recipe);
    fs::write(&file, changed(text, places)).unwrap();
    file
}

/// Where the recipes are.
pub(super) fn recipes() -> PathBuf {
    root().join("docs/gateways")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that is not there fails the test: nothing here is ever skipped.
fn command(kind: Kind, file: &Path, dir: &Path) -> Command {
    let mut command = match kind {
        Kind::Nginx => {
            // Not everybody's path leads to where Debian puts it.
            let debians = Path::new("/usr/sbin/nginx");
            let mut command = Command::new(if debians.exists() { debians } else { Path::new("nginx") });
            command.arg("-c").arg(file).args(["-g", "daemon off;"]);
            command
        }
        Kind::Caddy => {
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            command
        }
        Kind::Envoy | Kind::EnvoyGrpc => {
            let mut command = Command::new(root().join("tests/gateways/.venv/bin/envoy"));
            // Several run side by side, and none takes over another's connections.
            command.args(["--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]);
            command.arg("--config-path").arg(file);
            command
        }
    };
    // Caddy keeps what it makes there, and none of them takes a way round through somebody else's proxy.
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(name, dir);
    }
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command
}

/// An address that is ours until the tests end. The system gives out higher ports by itself, so nobody gets it in the moment
/// until its server listens there.
pub(super) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 400).unwrap() * 50;
    let address = poll(|| {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        // Envoy would share a port that another has.
        (TcpStream::connect(address).is_err() && TcpListener::bind(address).is_ok()).then_some(address)
    });
    address.expect("there is a free port")
}
