//! `bench`: how fast tollgate is, beside two controls of the same HTTP stack. README.md says what each figure means.
//!
//! Reading order: [`scenario`] says who is asked what; [`contest`] has them run in turn and compares; [`wrk`] makes
//! the load, [`many`] that of many charges at once, [`server`] starts the servers and [`control`] is one of them; [`prepare`] makes stores and [`cast`] remembers who is in them; [`open`]
//! times a start; [`postgres`] measures charges on PostgreSQL, with tollgate and without; [`machine`] and [`report`] write down what came out.

mod cast;
mod contest;
mod control;
mod http;
mod machine;
mod many;
mod open;
mod paced;
mod postgres;
mod prepare;
mod report;
mod scenario;
mod server;
mod wrk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::contest::Settings;
use crate::prepare::Plan;
use crate::scenario::Scenario;

/// The product's allocator: the controls must have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

/// How fast tollgate is, beside two controls of the same HTTP stack. Prints Markdown; progress goes to standard error
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    places: Places,
}

/// Where things are.
#[derive(Args, Clone)]
pub(crate) struct Places {
    /// The server to measure; a release build of this repository when not given
    #[arg(long, global = true, env = "BENCH_TOLLGATE", value_name = "FILE")]
    tollgate: Option<PathBuf>,
    /// Where stores are made; beside the build of this program when not given. Must be on a disk, not in memory
    #[arg(long, global = true, env = "BENCH_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Measure scenarios, on a store that is made anew for each, or on one that `prepare` made
    Run(RunArgs),
    /// Everything: every scenario on an empty store and on one of ten million lines, PostgreSQL, and the starts. About an hour
    All {
        #[command(flatten)]
        rounds: Rounds,
    },
    /// Make a store with the families of the scenarios, more accounts, and a journal
    Prepare(PrepareArgs),
    /// Time from the start of the server to its line "listening on", and its memory then
    Open {
        /// The store
        file: PathBuf,
        /// How many starts
        #[arg(long, default_value_t = 3)]
        times: usize,
    },
    /// Checks at half their most in an open loop, beside *bare-log* at the same rate
    Paced {
        /// How many rounds
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// How many seconds each
        #[arg(long, default_value_t = 3)]
        seconds: u32,
    },
    /// Only the machine, and its disk: one fdatasync after 4 KiB
    Fsync,
    /// The controls, for the load of `run`
    #[command(hide = true)]
    Control {
        /// Where they keep their files
        folder: PathBuf,
    },
}

#[derive(Args)]
struct RunArgs {
    /// Which; `hot` when none is given
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// A store that `prepare` made. It is used in place and grows; a new empty one for each scenario when not given
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Connections of the load
    #[arg(long, value_delimiter = ',', default_value = "64")]
    connections: Vec<u32>,
    #[command(flatten)]
    rounds: Rounds,
}

#[derive(Args, Clone)]
struct Rounds {
    /// How many rounds; in each, everybody runs once, in turns forwards and backwards
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// How long each runs in a round
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// How long each warms up before that
    #[arg(long, default_value_t = 1)]
    warm_up: u32,
    /// Only to see that it works: one round of one second. Its figures are worth nothing
    #[arg(long)]
    quick: bool,
}

#[derive(Args)]
struct PrepareArgs {
    /// The store to make; must not exist
    file: PathBuf,
    /// Accounts in all; the scenarios' own 21,000 or so are always there
    #[arg(long, default_value_t = 0)]
    accounts: usize,
    /// Journal lines in all
    #[arg(long, default_value_t = 0)]
    lines: u64,
    /// Every charge in the journal has a key
    #[arg(long)]
    keyed: bool,
    /// How far back the journal reaches
    #[arg(long, default_value_t = 24)]
    hours: i64,
}

impl Rounds {
    fn settings(&self) -> Settings {
        match self.quick {
            true => Settings { rounds: 1, seconds: 1, warm_up: 1 },
            false => {
                Settings { rounds: self.pairs.max(1), seconds: self.seconds.max(1), warm_up: self.warm_up }
            }
        }
    }
}

impl Places {
    /// The folder that this program was built into: `…/target/release`.
    fn built() -> Result<PathBuf> {
        let program = std::env::current_exe()?;
        Ok(program.parent().ok_or("this program lies in no folder")?.to_owned())
    }

    fn tollgate(&self) -> Result<PathBuf> {
        if let Some(path) = &self.tollgate {
            return Ok(path.clone());
        }
        let path = Self::built()?.join("../../../target/release/tollgate");
        path.canonicalize().map_err(|_| {
            "there is no release build of tollgate: run `cargo build --release`, or give --tollgate".into()
        })
    }

    fn dir(&self) -> Result<PathBuf> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => Self::built()?.join("../bench"),
        };
        std::fs::create_dir_all(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        Ok(dir.canonicalize()?)
    }
}

fn main() -> ExitCode {
    let Cli { command, places } = Cli::parse();
    let ended = match command {
        Command::Run(args) => run(&places, &args),
        Command::All { rounds } => all(&places, &rounds),
        Command::Prepare(args) => prepare_one(&args),
        Command::Open { file, times } => machine::header(&places).and_then(|header| {
            print!("{header}");
            open::print(&places, &file, times)
        }),
        Command::Control { folder } => control::run(&folder),
        Command::Paced { rounds, seconds } => paced(&places, rounds, seconds),
        Command::Fsync => machine::header(&places).map(|header| print!("{header}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(places: &Places, args: &RunArgs) -> Result<()> {
    print!("{}", machine::header(places)?);
    let scenarios = if args.scenarios.is_empty() { &[Scenario::Hot][..] } else { &args.scenarios };
    for scenario in scenarios {
        for connections in scenario.connections(&args.connections) {
            scenario::measure(
                places,
                *scenario,
                connections,
                args.store.as_deref(),
                &args.rounds.settings(),
            )?;
        }
    }
    Ok(())
}

fn prepare_one(args: &PrepareArgs) -> Result<()> {
    let PrepareArgs { file, accounts, lines, keyed, hours } = args;
    let plan = Plan { path: file.clone(), accounts: *accounts, lines: *lines, keyed: *keyed, hours: *hours };
    prepare::prepare(&plan).map(drop)
}

fn all(places: &Places, rounds: &Rounds) -> Result<()> {
    print!("{}", machine::header(places)?);
    let settings = rounds.settings();
    let quick: usize = if rounds.quick { 100 } else { 1 };
    let plan = |name: &str, accounts: usize, lines: u64, keyed| -> Result<Plan> {
        let path = places.dir()?.join(name);
        let (accounts, lines) = (accounts / quick, lines / u64::try_from(quick)?);
        Ok(Plan { path, accounts, lines, keyed, hours: 24 })
    };
    for name in Scenario::ALL {
        for connections in name.connections(&[64, 256]) {
            scenario::measure(places, name, connections, None, &settings)?;
        }
    }
    let long = plan("lines-10m.db", 0, 10_000_000, false)?;
    prepare::remove(&long.path);
    prepare::prepare(&long)?;
    for name in Scenario::ALL {
        for connections in name.connections(&[64, 256]) {
            scenario::measure(places, name, connections, Some(&long.path), &settings)?;
        }
    }
    prepare::remove(&long.path);
    scenario::measure(places, Scenario::Postgres, 0, None, &settings)?;
    for plan in [plan("keys-5m.db", 100_000, 5_000_000, true)?, plan("accounts-1m.db", 1_000_000, 0, false)?]
    {
        prepare::remove(&plan.path);
        prepare::prepare(&plan)?;
        open::print(places, &plan.path, 3)?;
        prepare::remove(&plan.path);
    }
    Ok(())
}

fn paced(places: &Places, rounds: usize, seconds: u32) -> Result<()> {
    print!("{}", machine::header(places)?);
    let folder = places.dir()?;
    let store = folder.join("paced.db");
    prepare::remove(&store);
    prepare::prepare(&Plan { path: store.clone(), accounts: 0, lines: 0, keyed: false, hours: 1 })?;
    paced::measure(&places.tollgate()?, &store, &folder, rounds, seconds)
}
