//! tollgate itself on the same server: one node, and two on one database.

use std::path::Path;
use std::time::Instant;

use super::cluster::{Cluster, TOLLGATE};
use super::{Nodes, Sample, Whose};
use crate::cast::Cast;
use crate::server::{self, Server};
use crate::wrk::{Load, Loader, Request, bearer};
use crate::{Result, prepare};

/// For how long both nodes are asked for each of the many accounts before anything is measured: a node that has just
/// started looks every name up, and what is measured is one that runs.
const FIRST: u32 = 5;

/// Two nodes on one database. The second one has nothing to do while the first is measured alone.
pub(super) struct Charged<'a> {
    cluster: &'a Cluster,
    /// Where loads are written.
    folder: &'a Path,
    cast: &'a Cast,
    nodes: [Server; 2],
}

impl<'a> Charged<'a> {
    /// Starts both on the store that was prepared beside that path.
    pub(super) fn start(
        cluster: &'a Cluster,
        program: &Path,
        store: &'a Path,
        cast: &'a Cast,
    ) -> Result<Self> {
        let (url, key) = (cluster.url(TOLLGATE), prepare::beside(store, ".key"));
        let nodes = [Server::node(program, &url, &key)?, Server::node(program, &url, &key)?];
        let folder = store.parent().ok_or("the store lies in no folder")?;
        let started = Self { cluster, folder, cast, nodes };
        for whose in [Whose::Shared, Whose::Spread] {
            let load = Load { requests: started.charges(whose, false), connections: 64, ..LOAD };
            all(&load.written(folder, "first")?, &started.nodes, FIRST)?;
        }
        Ok(started)
    }

    /// One run: as many charges as they take.
    pub(super) fn run(&self, way: &Nodes, connections: u32, warm_up: u32, seconds: u32) -> Result<Sample> {
        let nodes = self.nodes.get(..way.count).ok_or("there are not so many nodes")?;
        let connections = connections / u32::try_from(way.count)?;
        let load = Load { requests: self.charges(way.whose, way.keyed), connections, ..LOAD };
        let load = load.written(self.folder, way.name)?;
        if warm_up > 0 {
            all(&load, nodes, warm_up)?;
        }
        let used = || self.nodes.iter().map(Server::cpu_us).sum::<Result<f64>>();
        let cores = std::thread::available_parallelism()?.get() as f64;
        let (machine, own) = (server::machine_cpu_us()?, used()?);
        let (database, client) = (self.cluster.cpu_us()?, server::loads_cpu_us()?);
        let (commits, started) = (self.cluster.commits()?, Instant::now());
        let counted = all(&load, nodes, seconds)?;
        let elapsed_us = started.elapsed().as_secs_f64() * 1e6;
        let commits = self.cluster.commits()? - commits;
        let (own, database) = (used()? - own, self.cluster.cpu_us()? - database);
        let client = server::loads_cpu_us()? - client;
        let foreign = (server::machine_cpu_us()? - machine - own - database - client).max(0.0);
        Ok(Sample {
            charges: counted.charges,
            rate: counted.rate,
            server_us: database / counted.charges,
            node_us: own / counted.charges,
            client_us: client / counted.charges,
            latency_ms: counted.p50_us / 1_000.0,
            per_commit: counted.charges / commits.max(1.0),
            foreign: foreign / (elapsed_us * cores),
        })
    }

    /// Ends both.
    pub(super) fn stop(self) -> Result<()> {
        self.nodes.into_iter().try_for_each(Server::stop)
    }

    fn charges(&self, whose: Whose, keyed: bool) -> Vec<Request> {
        let gate = bearer(&self.cast.gate);
        let charge = |account: &String| {
            let body = format!(r#"{{"account":"{account}","amount":"0.01","operation":"sms.send"}}"#);
            let key = if keyed { "*" } else { "" };
            Request { key: key.into(), ..Request::post("/api/v1/charges", gate.clone(), body) }
        };
        match whose {
            Whose::Hot => vec![charge(&self.cast.payer.key)],
            Whose::Shared => self.cast.hot.iter().map(|it| charge(&it.key)).collect(),
            Whose::Spread => self.cast.spread.iter().map(charge).collect(),
        }
    }
}

/// Charges that are taken.
const LOAD: Load = Load { requests: Vec::new(), connections: 0, expected: Some(201), many: None };

/// What all nodes of one run have counted.
struct Counted {
    charges: f64,
    rate: f64,
    /// The longest of them.
    p50_us: f64,
}

/// Has a load run on every node at once.
fn all(load: &Loader<'_>, nodes: &[Server], seconds: u32) -> Result<Counted> {
    let running: Vec<_> = nodes.iter().map(|it| load.start(&it.address, seconds)).collect::<Result<_>>()?;
    let mut all = Counted { charges: 0.0, rate: 0.0, p50_us: 0.0 };
    for one in running {
        let counted = one.finish()?;
        all.charges += counted.requests;
        all.rate += counted.requests / counted.duration_us * 1e6;
        all.p50_us = all.p50_us.max(counted.p50);
    }
    Ok(all)
}
