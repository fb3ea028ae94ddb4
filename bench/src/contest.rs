//! Several who are measured in turn, so that what the machine does meanwhile falls on all of them alike.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::{self, Server};
use crate::wrk::{Counted, Load, Loader, Request};
use crate::{Result, http};

/// How long a load that runs beside another runs before it.
const BEFORE: Duration = Duration::from_millis(300);

/// How much is measured.
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) seconds: u32,
    pub(crate) warm_up: u32,
}

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The product.
    Tollgate,
    /// A control: with or without its log.
    Control,
}

/// One of those that are compared.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) asked: Asked,
    pub(crate) load: Load,
    /// What runs beside it, against the product.
    pub(crate) beside: Option<Load>,
    /// Whether its commits are worth counting.
    pub(crate) commits: bool,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) counted: Counted,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Server processor time per request, in microseconds; with a load beside it, that one's work is in it.
    pub(crate) cpu_us: f64,
    /// Requests per commit, where commits are counted.
    pub(crate) per_commit: Option<f64>,
    /// Requests per second of the load beside it.
    pub(crate) beside: Option<f64>,
    /// What part of the machine others used meanwhile; not known with a load beside it, whose own part it would hold.
    pub(crate) foreign: Option<f64>,
}

/// The two servers that contenders are asked of.
pub(crate) struct Servers {
    pub(crate) tollgate: Server,
    pub(crate) control: Server,
}

impl Servers {
    fn of(&self, asked: Asked) -> &Server {
        match asked {
            Asked::Tollgate => &self.tollgate,
            Asked::Control => &self.control,
        }
    }
}

/// Runs every contender once in each round, in turns forwards and backwards; the samples of each, by round.
pub(crate) fn run(
    contenders: &[Contender],
    servers: &Servers,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<Vec<Sample>>> {
    let mut written = Vec::new();
    for contender in contenders {
        probe(contender, servers.of(contender.asked))?;
        let load = contender.load.written(folder, &contender.name)?;
        let beside =
            contender.beside.as_ref().map(|it| it.written(folder, &format!("{} beside", contender.name)));
        written.push((load, beside.transpose()?));
    }
    let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..settings.rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let (Some(contender), Some((load, beside))) = (contenders.get(index), written.get(index)) else {
                continue;
            };
            let measured = measure(contender, load, beside.as_ref(), servers, settings);
            let sample = measured.map_err(|error| format!("{}: {error}", contender.name))?;
            eprintln!(
                "round {} of {}: {}: {:.0}/s, {:.1} µs, p99 {:.2} ms",
                round + 1,
                settings.rounds,
                contender.name,
                sample.rate,
                sample.cpu_us,
                sample.counted.p99 / 1_000.0
            );
            if let Some(samples) = samples.get_mut(index) {
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

/// Asks once, so that nothing is measured that is answered otherwise than we think.
fn probe(contender: &Contender, server: &Server) -> Result<()> {
    let Some(request) = contender.load.requests.first() else { return Err("there is nothing to ask".into()) };
    let answer = http::ask(&server.address, request)?;
    match contender.load.expected {
        Some(expected) if expected != answer.status => {
            let body = String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
            let Request { method, path, .. } = request;
            Err(format!("{}: {method} {path} is answered {}: {body}", contender.name, answer.status).into())
        }
        Some(_) | None => Ok(()),
    }
}

fn measure(
    contender: &Contender,
    load: &Loader<'_>,
    beside: Option<&Loader<'_>>,
    servers: &Servers,
    settings: &Settings,
) -> Result<Sample> {
    let server = servers.of(contender.asked);
    if settings.warm_up > 0 {
        load.run(&server.address, settings.warm_up)?;
    }
    let beside = match beside {
        None => None,
        Some(beside) => {
            let running = beside.start(&servers.tollgate.address, settings.seconds + 1)?;
            std::thread::sleep(BEFORE);
            Some(running)
        }
    };
    let commits = if contender.commits { Some(server.commits()?) } else { None };
    let (machine, own) = (server::machine_cpu_us()?, server.cpu_us()?);
    let (others, loads) = (idle_servers(servers, contender.asked)?, server::loads_cpu_us()?);
    let started = Instant::now();
    let counted = load.run(&server.address, settings.seconds)?;
    let elapsed_us = started.elapsed().as_secs_f64() * 1e6;
    let used = server.cpu_us()? - own;
    let known = used + (server::loads_cpu_us()? - loads) + (idle_servers(servers, contender.asked)? - others);
    let unknown = (server::machine_cpu_us()? - machine - known).max(0.0);
    let cores = std::thread::available_parallelism()?.get() as f64;
    let commits = match commits {
        None => None,
        Some(before) => Some(server.commits()?.wrapping_sub(before)),
    };
    let foreign = if beside.is_some() { None } else { Some(unknown / (elapsed_us * cores)) };
    let beside = match beside {
        None => None,
        Some(running) => {
            let counted = running.finish()?;
            Some(counted.requests / counted.duration_us * 1e6)
        }
    };
    Ok(Sample {
        counted,
        rate: counted.requests / counted.duration_us * 1e6,
        cpu_us: used / counted.requests,
        per_commit: commits.filter(|it| *it > 0).map(|it| counted.requests / f64::from(it)),
        beside,
        foreign,
    })
}

fn idle_servers(servers: &Servers, asked: Asked) -> Result<f64> {
    match asked {
        Asked::Tollgate => servers.control.cpu_us(),
        Asked::Control => servers.tollgate.cpu_us(),
    }
}
