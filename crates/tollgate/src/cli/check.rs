//! `tollgate check`.

use clap::Args;

use super::{Ended, say};
use crate::config::StoreArgs;
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{self, Wrong};

/// Flags of `tollgate check`.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Ended> {
    let url = &args.store.store;
    if !store::exists(url) {
        return Err(Ended::cannot_start(format!("there is no store at {url}")));
    }
    let key_path = args.store.key_path().map_err(Ended::cannot_start)?;
    let keyring = Keyring::open(&key_path, false, &Random::System).map_err(Ended::cannot_start)?;
    match store::replay(url, &|sealed| keyring.open_sealed(sealed).is_some()) {
        Ok(replay) => {
            say(&format!(
                "{url}: {} journal lines lead to every balance, credit limit and held amount of {} accounts; {} open \
                 holds and {} sealed values are right",
                replay.lines, replay.accounts, replay.open_holds, replay.sealed
            ));
            Ok(())
        }
        Err(Wrong::Open(error)) => Err(Ended::cannot_start(error)),
        Err(wrong) => Err(Ended::wrong(format!("{url}: {wrong}"))),
    }
}
