//! `tollgate copy`.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::{Ended, say};
use crate::random::Random;
use crate::seal::{KeyError, Keyring};
use crate::store::{self, CopyError, Step, StoreUrl, Time};

/// How often it says how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// Flags of `tollgate copy`.
#[derive(Args, Debug)]
#[command(
    after_help = "One of the two is a file, the other a database. Stop every tollgate that serves the first one: it \
    is locked while it is copied. At the second one there is nothing before everything is there, checked as by \
    tollgate check and compared; so a copy that was broken off is just run again. The key file stays the same and \
    is not copied.\n\n\
    From a file to a database:\n  \
      tollgate copy --from sqlite:tollgate.db --to postgres://tollgate@db.example/tollgate\n  \
      tollgate serve --store postgres://tollgate@db.example/tollgate --key-file tollgate.db.key\n\n\
    And back, to a file that does not exist yet:\n  \
      tollgate copy --from postgres://tollgate@db.example/tollgate --to sqlite:back.db \\\n    \
      --key-file tollgate.db.key\n\n\
    Exit codes: 0 copied; 1 what there is, or what was copied, is not right; 2 the command line is wrong; 3 a store or \
    the key file cannot be used, or the copy was broken off."
)]
pub(super) struct CopyArgs {
    /// The store to copy: sqlite:FILE or postgres://USER@HOST/DATABASE
    #[arg(long, env = "TOLLGATE_COPY_FROM", value_name = "STORE", hide_env_values = true)]
    from: StoreUrl,

    /// Where to copy it to: a file that does not exist yet, or a database without a store
    #[arg(long, env = "TOLLGATE_COPY_TO", value_name = "STORE", hide_env_values = true)]
    to: StoreUrl,

    /// The file with the key under which the secrets of both are sealed. FILE.key, beside the file that is copied, when not given
    #[arg(long, env = "TOLLGATE_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(super) fn run(args: &CopyArgs) -> Result<(), Ended> {
    let CopyArgs { from, to, key_file } = args;
    if from.file().is_some_and(|it| !it.exists()) {
        return Err(Ended::cannot_start(format!("there is no store at {from}")));
    }
    let beside = || from.file().map(Keyring::path_beside);
    let key_path = key_file.clone().or_else(beside).ok_or(KeyError::Nowhere).map_err(Ended::cannot_start)?;
    let keyring = Keyring::open(&key_path, false, &Random::System).map_err(Ended::cannot_start)?;
    let mut progress = Progress::new();
    let opens = |sealed: &[u8]| keyring.open_sealed(sealed).is_some();
    let copied =
        store::copy(from, to, keyring.mark(), &opens, Time::OfDatabase, &mut |step| progress.tell(step));
    let copied = copied.map_err(|error| match error {
        CopyError::Alike(_) => Ended::usage(error),
        CopyError::Open(_) | CopyError::Fault(_) => Ended::cannot_start(error),
        CopyError::Damaged(_) | CopyError::Wrong(_) | CopyError::Differs(_) => {
            Ended::wrong(format!("{from}: {error}"))
        }
    })?;
    let store::Copied { replay, events, deliveries } = copied;
    say(&format!(
        "copied {from} to {to}: {} journal lines, {} accounts, {} open holds, {} sealed values, {events} events and \
         {deliveries} deliveries, proven there and compared",
        replay.lines, replay.accounts, replay.open_holds, replay.sealed
    ));
    say(&format!(
        "serve it with --key-file {}, and do not serve {from} again: what is written there now is not in the copy",
        key_path.display()
    ));
    Ok(())
}

/// Says on standard error how far it is.
struct Progress {
    told_at: Instant,
    lines_since: Option<Instant>,
}

impl Progress {
    fn new() -> Self {
        Self { told_at: Instant::now(), lines_since: None }
    }

    fn tell(&mut self, step: Step) {
        match step {
            Step::Counting => tell("counting"),
            Step::Lines { done, of } => {
                let since = *self.lines_since.get_or_insert_with(Instant::now);
                if done < of && self.told_at.elapsed() < EVERY {
                    return;
                }
                self.told_at = Instant::now();
                let millis = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX).max(1);
                let rate = done.saturating_mul(1_000) / millis;
                tell(&format!("{done} of {of} journal lines, {rate} a second"));
            }
            Step::Table(name) => tell(&format!("copying {}", name.replace('_', " "))),
            Step::Proving => tell("proving what was copied"),
        }
    }
}

fn tell(line: &str) {
    // Where nobody listens, the exit code tells.
    drop(writeln!(std::io::stderr(), "{line}"));
}
