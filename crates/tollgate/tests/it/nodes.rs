//! Several nodes on one database, each of which behaves as if it were alone: always on PostgreSQL, whatever engine this run is
//! about.

mod barred;
mod clocks;
mod sent;
mod swept;
mod tokens;

use std::time::{Duration, Instant};

use crate::server::{DEADLINE, Options, Server, Store, poll};

/// Nodes on one database, in the order of their starts: the first has the turn to do what one node does alone.
struct Nodes {
    store: Store,
    servers: Vec<Server>,
}

impl Nodes {
    /// Two of them.
    fn start(with: impl Fn(Options) -> Options) -> Self {
        let store = Store::on_database();
        let servers = (0..2).map(|_| Server::start(with(Options::on(&store)))).collect();
        Self { store, servers }
    }

    fn node(&self, nth: usize) -> &Server {
        &self.servers[nth]
    }

    /// Stops those that still run, and demands that nobody had anything to complain of and that the books are right.
    fn end(self) {
        for server in self.servers {
            let log = server.stop().stderr;
            let complaints: Vec<_> =
                log.lines().filter(|it| it.contains(" WARN ") || it.contains(" ERROR ")).collect();
            assert!(complaints.is_empty(), "{complaints:#?}");
        }
        self.store.assert_clean("at the end");
    }
}

/// Waits until it is so.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < DEADLINE, "it never came to be so that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a number in the database is this one.
#[track_caller]
fn counts(store: &Store, query: &str, expected: i64) {
    let sql = store.sql();
    let found = poll(|| Some(sql.number(query)).filter(|it| *it == expected));
    assert_eq!(found, Some(expected), "{query} is {}", sql.number(query));
}
