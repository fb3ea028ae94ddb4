//! The commands: one file for each.

mod backup;
mod check;
mod client;
mod copy;
mod demo;
mod doctor;
mod openapi;
mod serve;
mod stop;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use serve::Serving;

use crate::config::ServeArgs;

/// Something was found wrong: by `check`, `doctor` or `demo --exit`; a server has a fault.
const WRONG: u8 = 1;
/// The command line is wrong, as clap has it; or a value in it is, as the server has it.
const USAGE: u8 = 2;
/// Could not start: the store, its key file, an address, a certificate; or reach a server.
const CANNOT_START: u8 = 3;
/// A sync failed while serving, so that what is on the disk is unknown; start again, which reads the truth.
const LOST: u8 = 4;

/// Subaccounts, credit and a toll gate for any API
#[derive(Parser, Debug)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "Exit codes: 0 done; 1 something was found wrong; 2 the command line is wrong; 3 cannot start (store, \
                  key file, address, certificate), or cannot reach a server; 4 a sync to disk failed while serving. \
                  Those who ask a server (accounts, transfer, payments, usage, statement, journal, credentials, prices) \
                  have more: see their --help."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server until SIGTERM or SIGINT, then answer what is in flight and stop
    Serve(Box<ServeArgs>),
    /// Replay the journal of a store, live or not, and prove that every account follows from it
    Check(check::CheckArgs),
    /// Copy a store, live or not, to a new file (and its key file beside it)
    Backup(backup::BackupArgs),
    /// Copy a store from a file to a PostgreSQL database, or back, whole and proven
    Copy(copy::CopyArgs),
    /// Play a partner's month on a temporary store, then stay up for exploring
    Demo(demo::DemoArgs),
    /// Print the OpenAPI 3.1 document of the native API, which a running server shows at /docs
    Openapi,
    /// Call your own gateway with an account made for it, and prove that it refuses what it must
    Doctor(Box<doctor::DoctorArgs>),
    #[command(flatten)]
    Client(Box<client::Command>),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve(args) => serve::run(*args),
        Command::Check(args) => check::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Copy(args) => copy::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Openapi => openapi::run(),
        Command::Doctor(args) => doctor::run(&args),
        Command::Client(command) => client::run(*command),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended { code, sentence }) => {
            if !sentence.is_empty() {
                // Where even standard error is closed, the exit code is all that can be said.
                drop(writeln!(std::io::stderr(), "tollgate: {sentence}"));
            }
            ExitCode::from(code)
        }
    }
}

/// How a command ended that did not come off.
#[derive(Debug)]
pub struct Ended {
    code: u8,
    /// Why; empty where nobody wants to know.
    sentence: String,
}

impl Ended {
    fn cannot_start(reason: impl std::fmt::Display) -> Self {
        Self { code: CANNOT_START, sentence: reason.to_string() }
    }

    fn wrong(reason: impl std::fmt::Display) -> Self {
        Self { code: WRONG, sentence: reason.to_string() }
    }

    fn usage(reason: impl std::fmt::Display) -> Self {
        Self { code: USAGE, sentence: reason.to_string() }
    }

    /// With a line more.
    fn and_say(self, line: &str) -> Self {
        Self { sentence: format!("{}\n  {line}", self.sentence), ..self }
    }
}

/// Prints a line for the operator. A closed standard output is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
