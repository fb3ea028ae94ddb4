//! A throw-away PostgreSQL for the tests of this folder: `tests/postgres/cluster` keeps it for as long as this process lives.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::connect::Connector;
use super::connection::Connection;

/// Its port.
fn port() -> &'static str {
    static CLUSTER: OnceLock<(Child, String)> = OnceLock::new();
    let (_, port) = CLUSTER.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres/cluster");
        let dir = std::env::temp_dir().join(format!("tollgate-pg-lib-{}", std::process::id()));
        let mut command = Command::new(script);
        command.arg(dir).args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split_whitespace().find_map(|it| it.strip_prefix("port=").map(str::to_owned));
        (child, port.unwrap_or_else(|| panic!("{line:?} was said by tests/postgres/cluster")))
    });
    port
}

fn url_of(name: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{}/{name}", port())
}

/// The address of a database of its own.
pub(super) fn database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("lib_{}", MADE.fetch_add(1, Ordering::Relaxed));
    connect(&url_of("postgres")).batch(&format!("CREATE DATABASE {name}")).unwrap();
    url_of(&name)
}

pub(super) fn connect(url: &str) -> Connection {
    Connector::new(&url.parse().unwrap()).unwrap().connect("").unwrap()
}

/// A connection to a database that nothing is written to.
pub(super) fn connection() -> Connection {
    connect(&url_of("postgres"))
}
