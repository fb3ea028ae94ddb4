//! Who is asked what: the scenarios that README.md lists.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cast::{Cast, Party};
use crate::contest::{self, Asked, Contender, Servers, Settings};
use crate::many::Many;
use crate::prepare::{self, Plan};
use crate::server::{OPERATOR, Server};
use crate::wrk::{Load, Request, basic, bearer};
use crate::{Places, Result, http, machine, postgres, report};

/// How many keys a repeat repeats: so few that a warm-up binds them all.
const REPEATED: usize = 1_000;
/// How many wrong secrets are tried; each is remembered as wrong, so there must be more than an attack sends.
const GUESSES: usize = 50_000;
/// On how many connections a list of 1,000 is asked for: a quarter of a megabyte each.
const LIST_CONNECTIONS: u32 = 8;
/// How many charges come at once, and on how many connections.
const AT_ONCE: usize = 1_000;
const MANY_CONNECTIONS: u32 = 4;
/// On how many connections charges run beside an attack: few enough that the machine is not full without it.
const ATTACKED_CONNECTIONS: u32 = 8;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Charges of one balance that 10,000 subaccounts share, beside charges spread over 10,000 own balances
    Hot,
    /// Checks of calls on one balance that 10,000 subaccounts share
    Check,
    /// Charges 1,000 a request, of one shared balance and of 10,000 own ones, beside charges one a request
    Batch,
    /// Transfers between a primary and one subaccount, to and fro
    Transfer,
    /// The list of a family with 1,000 subaccounts
    List,
    /// Charges that are refused for want of money
    Refused,
    /// Charges that were made before under the same key, beside charges under new keys
    Repeats,
    /// Charges with four readers of lists and journals beside them
    Readers,
    /// One connection: a charge's latency in units of one fdatasync
    One,
    /// Charges while somebody guesses secrets that cost Argon2id
    Argon,
    /// Charges on PostgreSQL: as one would usually write them, and through one node and two
    Postgres,
}

impl Scenario {
    /// Those that ask tollgate.
    pub(crate) const ALL: [Self; 10] = [
        Self::Hot,
        Self::Check,
        Self::Batch,
        Self::Transfer,
        Self::List,
        Self::Refused,
        Self::Repeats,
        Self::Readers,
        Self::One,
        Self::Argon,
    ];

    /// On how many connections it makes sense, of those that were asked for.
    pub(crate) fn connections(self, asked: &[u32]) -> Vec<u32> {
        match self {
            Self::Hot | Self::Check | Self::Transfer | Self::Refused | Self::Repeats | Self::Readers => {
                asked.to_vec()
            }
            // Of those that send one a request; what comes many at once has connections of its own.
            Self::Batch => vec![64],
            Self::List => vec![LIST_CONNECTIONS],
            Self::One => vec![1],
            Self::Argon => vec![ATTACKED_CONNECTIONS],
            // Once; it has several of its own.
            Self::Postgres => vec![0],
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Hot => "Charges: one shared balance, own balances",
            Self::Check => "Checks of calls: one shared balance",
            Self::Batch => "Many charges at once: 1,000 a request on 4 connections, beside one a request",
            Self::Transfer => "Transfers between one pair",
            Self::List => "List of 1,000",
            Self::Refused => "Charges that are refused",
            Self::Repeats => "Charges that are repeats",
            Self::Readers => "Charges with four readers beside them",
            Self::One => "One connection",
            Self::Argon => "Charges while secrets are guessed",
            Self::Postgres => "Charges on PostgreSQL",
        }
    }
}

/// Measures one scenario and prints its tables.
pub(crate) fn measure(
    places: &Places,
    scenario: Scenario,
    connections: u32,
    store: Option<&Path>,
    settings: &Settings,
) -> Result<()> {
    if scenario == Scenario::Postgres {
        return postgres::measure(places, settings);
    }
    let folder = Folder::make(&places.dir()?)?;
    let folder = &*folder.0;
    let path = match store {
        Some(path) => path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?,
        None => {
            let path = folder.join("empty.db");
            let plan = Plan { path: path.clone(), accounts: 0, lines: 0, keyed: false, hours: 1 };
            prepare::remove(&path);
            prepare::prepare(&plan)?;
            path
        }
    };
    let on = match store {
        None => "empty store".to_owned(),
        Some(_) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("store {name} ({:.1} GB)", path.metadata()?.len() as f64 / 1e9)
        }
    };
    let cast = Cast::load(&path)?;
    let servers = Servers {
        tollgate: Server::tollgate(&places.tollgate()?, &path)?,
        control: Server::controls(folder)?,
    };
    let contenders = contenders(scenario, connections, &cast, &servers.tollgate.address)?;
    let before = machine::syncs(folder)?;
    let samples = contest::run(&contenders, &servers, folder, settings)?;
    let after = machine::syncs(folder)?;
    let heading = format!("{}; {connections} connections; {on}", scenario.title());
    print!("{}", report::contest(&heading, &contenders, &samples, settings, &[before, after]));
    if scenario == Scenario::One {
        print!("{}", report::in_syncs(&contenders, &samples, &[before, after]));
    }
    let Servers { tollgate, control } = servers;
    tollgate.stop()?;
    control.stop()
}

/// A folder for one measurement, which goes with it, however that ends.
struct Folder(PathBuf);

impl Folder {
    fn make(under: &Path) -> Result<Self> {
        let path = under.join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in nobody's way.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn contenders(scenario: Scenario, connections: u32, cast: &Cast, address: &str) -> Result<Vec<Contender>> {
    let load = |requests, status| Load { requests, connections, expected: Some(status), many: None };
    let hot_keys: Vec<_> = cast.hot.iter().map(|it| it.key.clone()).collect();
    let hot = || product("charge, shared balance", load(charges(cast, &hot_keys), 201));
    let mut all = match scenario {
        Scenario::Hot => vec![hot(), product("charge, own balances", load(charges(cast, &cast.spread), 201))],
        Scenario::Check => vec![product("check, shared balance", load(checks(cast), 200)), hot()],
        Scenario::Batch => {
            let many = |accounts| {
                let many = Many { accounts, at_once: AT_ONCE, authorization: bearer(&cast.gate) };
                let (requests, connections, expected) = (vec![many.request()], MANY_CONNECTIONS, Some(200));
                Load { requests, connections, expected, many: Some(many) }
            };
            vec![
                hot(),
                product("charge among 1,000, shared balance", many(hot_keys.clone())),
                product("charge among 1,000, own balances", many(cast.spread.clone())),
            ]
        }
        Scenario::Transfer => vec![product("transfer", load(transfers(cast), 201))],
        Scenario::List => vec![product("list of 1,000", load(vec![list(&cast.lister)], 200))],
        Scenario::Refused => {
            let poor = std::slice::from_ref(&cast.poor);
            vec![product("refused charge", load(charges(cast, poor), 402)), hot()]
        }
        Scenario::Repeats => {
            let fresh = keyed(charges(cast, &hot_keys), |_| "*".to_owned());
            let mut repeated =
                keyed(charges(cast, &hot_keys), |index| format!("repeated-{index:08}-of-bench"));
            repeated.truncate(REPEATED);
            vec![
                product("repeated charge", load(repeated, 201)),
                product("charge with a new key", load(fresh, 201)),
            ]
        }
        Scenario::Readers => {
            let beside =
                Some(Load { requests: readings(cast), connections: 4, expected: Some(200), many: None });
            vec![Contender { name: "charge beside readers".to_owned(), beside, ..hot() }, hot()]
        }
        Scenario::One => vec![hot()],
        Scenario::Argon => return Ok(attacks(cast, &hot)),
        Scenario::Postgres => return Err("it asks no server of ours".into()),
    };
    let first = all.first().map(|it| &it.load).ok_or("nobody is asked")?;
    let request = first.requests.first().ok_or("nothing is asked")?;
    let len = http::ask(address, request)?.body.len();
    let controls = ["bare-log", "bare"].map(|name| {
        let requests = controls(&first.requests, name, len);
        let load = Load { requests, connections, expected: Some(201), many: None };
        Contender {
            name: name.to_owned(),
            asked: Asked::Control,
            load,
            beside: None,
            commits: name == "bare-log",
        }
    });
    all.extend(controls);
    Ok(all)
}

/// The same requests, asked of a control that answers with so many bytes.
pub(crate) fn controls(requests: &[Request], name: &str, len: usize) -> Vec<Request> {
    let control = |it: &Request| Request {
        path: format!("/{name}/{len}"),
        authorization: basic("bench", "bench-secret-of-25-letters"),
        gate: String::new(),
        ..it.clone()
    };
    requests.iter().map(control).collect()
}

fn product(name: &str, load: Load) -> Contender {
    Contender { name: name.to_owned(), asked: Asked::Tollgate, load, beside: None, commits: true }
}

fn charges(cast: &Cast, accounts: &[String]) -> Vec<Request> {
    let gate = bearer(&cast.gate);
    let charge = |account: &String| {
        let body = format!(r#"{{"account":"{account}","amount":"0.01","operation":"sms.send"}}"#);
        Request::post("/api/v1/charges", gate.clone(), body)
    };
    accounts.iter().map(charge).collect()
}

/// As Envoy asks: the call's own method and path, in the name of the subaccount that makes it.
pub(crate) fn checks(cast: &Cast) -> Vec<Request> {
    let check = |caller: &Party| {
        let path = "/gate/envoy/v1/messages";
        let authorization = basic(&caller.key, &caller.secret);
        Request { gate: cast.gate.clone(), ..Request::post(path, authorization, String::new()) }
    };
    cast.hot.iter().map(check).collect()
}

fn keyed(requests: Vec<Request>, key: impl Fn(usize) -> String) -> Vec<Request> {
    requests.into_iter().enumerate().map(|(index, it)| Request { key: key(index), ..it }).collect()
}

fn transfers(cast: &Cast) -> Vec<Request> {
    let path = format!("/api/v1/accounts/{}/transfers", cast.giver.key);
    let transfer = |direction: &str| {
        let body = format!(r#"{{"kind":"balance","{direction}":"{}","amount":"0.01"}}"#, cast.taker);
        Request::post(path.clone(), basic(&cast.giver.key, &cast.giver.secret), body)
    };
    vec![transfer("to"), transfer("from")]
}

fn list(of: &Party) -> Request {
    Request::get(format!("/accounts/{}/subaccounts", of.key), basic(&of.key, &of.secret))
}

fn readings(cast: &Cast) -> Vec<Request> {
    let journal =
        |key: &str| Request::get(format!("/api/v1/accounts/{key}/postings?limit=50"), bearer(OPERATOR));
    let mut all = vec![list(&cast.lister), journal(&cast.payer.key)];
    for key in cast.spread.iter().take(100) {
        all.push(list(&cast.lister));
        all.push(journal(key));
    }
    all
}

/// Guesses at many accounts: at one alone the limit of failures would end them before they cost anything.
fn guesses(cast: &Cast, wrong: impl Fn(usize) -> String) -> Vec<Request> {
    let guarded = std::iter::once(&cast.guarded.key);
    let names = guarded.chain(&cast.spread).cycle().take(GUESSES).enumerate();
    names.map(|(index, key)| Request::get("/account/get-balance", basic(key, &wrong(index)))).collect()
}

fn attacks(cast: &Cast, charge: &dyn Fn() -> Contender) -> Vec<Contender> {
    let guessing = |connections| Load {
        requests: guesses(cast, |index| format!("Wrong-Secret-{index}")),
        connections,
        expected: None,
        many: None,
    };
    // As many requests without credentials: what a flood costs that asks for no hashing at all.
    let flooding = Load {
        requests: vec![Request::get("/account/get-balance", "")],
        connections: 128,
        expected: None,
        many: None,
    };
    let beside = |name: &str, beside| Contender { name: name.to_owned(), beside: Some(beside), ..charge() };
    vec![
        beside("beside 8 guessers", guessing(8)),
        beside("beside 128 guessers", guessing(128)),
        beside("beside 128 without credentials", flooding),
        Contender { name: "quiet".to_owned(), ..charge() },
    ]
}
