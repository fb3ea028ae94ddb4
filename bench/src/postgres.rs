//! Charges on PostgreSQL: as one would usually write them, run by pgbench, and beside them tollgate's on the same server, with
//! one node and with two. The scripts are in `postgres/`.

mod cluster;
mod nodes;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use tollgate::store::{self, Store, StoreUrl};

use self::cluster::{Cluster, SETTINGS, TOLLGATE, USUAL};
use self::nodes::Charged;
use crate::cast::Cast;
use crate::contest::Settings;
use crate::prepare::{self, Plan};
use crate::report::{self, ranged};
use crate::{Places, Result, machine};

/// Clients at once. A hot row is charged fastest by few of them, and which is best differs from machine to machine.
const CLIENTS: [u32; 3] = [4, 16, 64];
/// Connections of the load on all nodes together. Batches are the larger the more wait.
const CONNECTIONS: [u32; 2] = [64, 256];

/// A way to charge without tollgate.
struct Way {
    name: &'static str,
    /// Of a file in `postgres/`.
    script: &'static str,
    /// The first and the last of the accounts that are charged.
    accounts: (u32, u32),
    keyed: bool,
}

/// A way to charge with it.
struct Nodes {
    name: &'static str,
    count: usize,
    whose: Whose,
    keyed: bool,
}

/// Who is charged.
#[derive(Clone, Copy)]
enum Whose {
    /// One account.
    Hot,
    /// 10,000 subaccounts that share one balance: besides the one that pays, each of them gets a line of its own.
    Shared,
    /// 10,000 accounts with a balance each.
    Spread,
}

/// The one that all charges fall on, and those that they are spread over.
const HOT: (u32, u32) = (0, 0);
const SPREAD: (u32, u32) = (1, 10_000);

const WAYS: [Way; 6] = [
    way("(a) select for update, hot", "for-update.sql", HOT, false),
    way("(b) conditional update, hot", "conditional-update.sql", HOT, false),
    way("(a) hot, with a new key each", "for-update.sql", HOT, true),
    way("(b) hot, with a new key each", "conditional-update.sql", HOT, true),
    way("(a) select for update, spread", "for-update.sql", SPREAD, false),
    way("(b) conditional update, spread", "conditional-update.sql", SPREAD, false),
];

const NODES: [Nodes; 8] = [
    of_nodes("(c) one node, hot", 1, Whose::Hot, false),
    of_nodes("(d) two nodes, hot", 2, Whose::Hot, false),
    of_nodes("(c) hot, with a new key each", 1, Whose::Hot, true),
    of_nodes("(d) hot, with a new key each", 2, Whose::Hot, true),
    of_nodes("(c) one node, shared by 10,000", 1, Whose::Shared, false),
    of_nodes("(d) two nodes, shared by 10,000", 2, Whose::Shared, false),
    of_nodes("(c) one node, spread", 1, Whose::Spread, false),
    of_nodes("(d) two nodes, spread", 2, Whose::Spread, false),
];

const fn way(name: &'static str, script: &'static str, accounts: (u32, u32), keyed: bool) -> Way {
    Way { name, script, accounts, keyed }
}

const fn of_nodes(name: &'static str, count: usize, whose: Whose, keyed: bool) -> Nodes {
    Nodes { name, count, whose, keyed }
}

/// Who charges in a run.
enum Who {
    Usual(&'static Way),
    Nodes(&'static Nodes),
}

/// One line of the table.
struct Run {
    who: Who,
    clients: u32,
    samples: Vec<Sample>,
}

/// What one run came to.
#[derive(Clone, Copy)]
struct Sample {
    charges: f64,
    /// Charges per second.
    rate: f64,
    /// Processor time of all of PostgreSQL per charge, in microseconds.
    server_us: f64,
    /// Of all nodes of tollgate.
    node_us: f64,
    /// And of the load: pgbench or wrk.
    client_us: f64,
    /// From the first statement of a charge to the answer to its last, on the average; of tollgate the median of an answer.
    latency_ms: f64,
    /// Charges for each transaction.
    per_commit: f64,
    /// What part of the machine others used.
    foreign: f64,
}

impl Run {
    fn name(&self) -> &'static str {
        match self.who {
            Who::Usual(way) => way.name,
            Who::Nodes(nodes) => nodes.name,
        }
    }
}

/// Measures every way with each number of clients, in turns forwards and backwards, and prints a table.
pub(crate) fn measure(places: &Places, settings: &Settings) -> Result<()> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
    let dir = places.dir()?.join(format!("postgres-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let measured = measure_in(&dir, &places.tollgate()?, &scripts, settings);
    // What stays is in nobody's way.
    drop(std::fs::remove_dir_all(&dir));
    print!("{}", measured?);
    Ok(())
}

fn measure_in(dir: &Path, program: &Path, scripts: &Path, settings: &Settings) -> Result<String> {
    let cluster = Cluster::start(&dir.join("data"))?;
    empty(&cluster.database(USUAL)?)?;
    cluster.psql(&scripts.join("schema.sql"))?;
    let url = cluster.database(TOLLGATE)?.parse::<StoreUrl>()?;
    let store = dir.join("tollgate");
    let plan = Plan { path: store.clone(), accounts: 0, lines: 0, keyed: false, hours: 1 };
    let cast: Cast = prepare::prepare_at(&plan, url)?;
    let charged = Charged::start(&cluster, program, &store, &cast)?;
    let mut runs: Vec<Run> = Vec::new();
    for way in &WAYS {
        runs.extend(CLIENTS.map(|clients| Run { who: Who::Usual(way), clients, samples: Vec::new() }));
    }
    for nodes in &NODES {
        runs.extend(CONNECTIONS.map(|clients| Run { who: Who::Nodes(nodes), clients, samples: Vec::new() }));
    }
    let before = machine::syncs(dir)?;
    let mut charges = 0.0;
    for round in 0..settings.rounds {
        let mut order: Vec<_> = runs.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for run in order {
            let (warm_up, seconds) = (settings.warm_up, settings.seconds);
            cluster.settle()?;
            let sample = match run.who {
                Who::Nodes(nodes) => charged.run(nodes, run.clients, warm_up, seconds)?,
                Who::Usual(way) => {
                    let script = scripts.join(way.script);
                    if warm_up > 0 {
                        charges += cluster.pgbench(way, &script, run.clients, warm_up)?.charges;
                    }
                    let sample = cluster.pgbench(way, &script, run.clients, seconds)?;
                    charges += sample.charges;
                    sample
                }
            };
            eprintln!(
                "round {} of {}: {}, {} clients: {:.0}/s, {:.1} + {:.1} µs",
                round + 1,
                settings.rounds,
                run.name(),
                run.clients,
                sample.rate,
                sample.server_us,
                sample.node_us
            );
            run.samples.push(sample);
        }
    }
    let syncs = [before, machine::syncs(dir)?];
    cluster.assert_holds(charges)?;
    charged.stop()?;
    proven(program, &cluster.url(TOLLGATE), &store)?;
    Ok(table(&cluster.version()?, &runs, settings, &syncs))
}

/// The tables that tollgate makes, for those who charge without it.
fn empty(url: &str) -> Result<()> {
    Store::open(store::Options::new(url.parse()?, [0; 32]))?.close();
    Ok(())
}

/// Nothing was measured that did not happen: the journal says what every account stands at.
fn proven(program: &Path, url: &str, store: &Path) -> Result<()> {
    let key = prepare::beside(store, ".key");
    let mut command = Command::new(program);
    let output = command.args(["check", "--store", url, "--key-file"]).arg(key).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        .into())
}

fn table(version: &str, runs: &[Run], settings: &Settings, syncs: &[machine::Syncs]) -> String {
    let mut text = "\n### Charges on PostgreSQL\n\n".to_owned();
    text += "| charge | clients | charges/s | PostgreSQL CPU µs | tollgate CPU µs | load CPU µs | ms | per commit |\n";
    text += "|--|--|--|--|--|--|--|--|\n";
    for run in runs {
        let cell = |of: fn(&Sample) -> f64, decimals| ranged(run.samples.iter().map(of).collect(), decimals);
        let cells = [
            run.name().to_owned(),
            run.clients.to_string(),
            cell(|it| it.rate, 0),
            cell(|it| it.server_us, 1),
            cell(|it| it.node_us, 1),
            cell(|it| it.client_us, 1),
            cell(|it| it.latency_ms, 2),
            cell(|it| it.per_commit, 1),
        ];
        report::row(&mut text, &cells);
    }
    text += "\n| ratio of the best of each, round by round | charges/s |\n|--|--|\n";
    for (over, under) in RATIOS {
        let ratios = (0..settings.rounds).map(|round| best(runs, over, round) / best(runs, under, round));
        report::row(&mut text, &[format!("{over} ÷ {under}"), ranged(ratios.collect(), 2)]);
    }
    let words: Vec<String> = syncs.iter().map(machine::Syncs::words).collect();
    let foreign = runs.iter().flat_map(|it| &it.samples).map(|it| it.foreign).fold(0.0, f64::max);
    // Nothing fails to be written to a string.
    let _ = writeln!(
        text,
        "\n{version}, by TCP on the same machine; {}; everything else is its default. {} rounds of {} s after {} s of \
         warm-up. fdatasync after 4 KiB before and after: {}. {}",
        SETTINGS.join(", "),
        settings.rounds,
        settings.seconds,
        settings.warm_up,
        words.join("; "),
        report::others(foreign)
    );
    text
}

/// What is promised, and what tells why.
const RATIOS: [(&str, &str); 11] = [
    ("(c) one node, hot", "(a) select for update, hot"),
    ("(c) one node, hot", "(b) conditional update, hot"),
    ("(c) hot, with a new key each", "(a) hot, with a new key each"),
    ("(c) hot, with a new key each", "(b) hot, with a new key each"),
    ("(c) one node, shared by 10,000", "(a) select for update, hot"),
    ("(c) one node, shared by 10,000", "(b) conditional update, hot"),
    ("(c) one node, spread", "(a) select for update, spread"),
    ("(c) one node, spread", "(b) conditional update, spread"),
    ("(d) two nodes, hot", "(c) one node, hot"),
    ("(d) two nodes, shared by 10,000", "(c) one node, shared by 10,000"),
    ("(d) two nodes, spread", "(c) one node, spread"),
];

/// The rate of a way in a round, with as many clients as suited it best over all of them.
fn best(runs: &[Run], name: &str, round: usize) -> f64 {
    let sum = |run: &&Run| run.samples.iter().map(|it| it.rate).sum::<f64>();
    let of_that_name = runs.iter().filter(|it| it.name() == name);
    let best = of_that_name.max_by(|one, other| sum(one).total_cmp(&sum(other)));
    best.and_then(|it| it.samples.get(round)).map_or(f64::NAN, |it| it.rate)
}
