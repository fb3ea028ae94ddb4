//! Several nodes on one store.

use std::sync::{Arc, Mutex};
use std::thread;

use nix::sys::signal::Signal;

use crate::server::{Api, Options, Random, Server, Store};

/// The nodes, and how clients reach them.
pub(super) struct Nodes {
    servers: Vec<Option<Server>>,
    /// How each is started.
    start: Vec<Box<dyn Fn() -> Options + Send + Sync>>,
    doors: Doors,
}

/// Where the nodes listen; one that was started again listens elsewhere than before.
#[derive(Clone)]
pub(super) struct Doors(Arc<Mutex<Vec<Api>>>);

impl Doors {
    /// A client of this node; they are counted round and round.
    pub(super) fn of(&self, node: usize) -> Api {
        let doors = self.0.lock().unwrap();
        doors[node % doors.len()].clone()
    }

    /// A client of one of them.
    pub(super) fn any(&self, random: &mut Random) -> Api {
        random.one_of(&self.0.lock().unwrap()).clone()
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Nodes {
    /// So many alike.
    pub(super) fn on(store: &Store, count: usize) -> Self {
        Self::start((0..count).map(|_| plain(store.clone())).collect())
    }

    /// One for each way to start one: the first makes the key file, and then all others start at once.
    pub(super) fn start(start: Vec<Box<dyn Fn() -> Options + Send + Sync>>) -> Self {
        let first = Server::start(start[0]());
        let others = thread::scope(|scope| {
            let others: Vec<_> =
                start[1..].iter().map(|it| scope.spawn(move || Server::start(it()))).collect();
            others.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>()
        });
        let servers: Vec<_> = std::iter::once(first).chain(others).collect();
        let doors = Doors(Arc::new(Mutex::new(servers.iter().map(Server::api).collect())));
        Self { servers: servers.into_iter().map(Some).collect(), start, doors }
    }

    pub(super) fn doors(&self) -> Doors {
        self.doors.clone()
    }

    pub(super) fn api(&self, node: usize) -> Api {
        self.doors.of(node)
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, node: usize) {
        self.servers[node].take().expect("it runs").kill();
    }

    /// Sends a signal.
    pub(super) fn signal(&self, node: usize, signal: Signal) {
        self.servers[node].as_ref().expect("it runs").signal(signal);
    }

    /// Starts one that was killed.
    pub(super) fn start_again(&mut self, node: usize) {
        let server = Server::start(self.start[node]());
        self.doors.0.lock().unwrap()[node] = server.api();
        self.servers[node] = Some(server);
    }

    /// What all have logged so far.
    pub(super) fn log(&self) -> String {
        self.servers.iter().flatten().map(Server::log).collect::<Vec<_>>().join("\n")
    }

    /// Ends them in peace.
    pub(super) fn stop(self) {
        for server in self.servers.into_iter().flatten() {
            server.stop();
        }
    }
}

/// A node with nothing special about it.
pub(super) fn plain(store: Store) -> Box<dyn Fn() -> Options + Send + Sync> {
    Box::new(move || Options::on(&store))
}
