//! `tollgate check`.

use clap::Args;

use super::{Ended, say};
use crate::config::StoreArgs;
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{self, StoreUrl, Wrong};

/// Flags of `tollgate check`.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Ended> {
    let url = &args.store.store;
    let StoreUrl::Sqlite(path) = url;
    if !store::exists(url) {
        return Err(Ended::cannot_start(store::OpenError::Missing(path.clone())));
    }
    let key_path = Keyring::path_beside(path);
    let keyring = Keyring::open(&key_path, false, &Random::System).map_err(Ended::cannot_start)?;
    match store::replay(url, &|sealed| keyring.open_sealed(sealed).is_some()) {
        Ok(replay) => {
            say(&format!(
                "{}: {} journal lines lead to every balance, credit limit and held amount of {} accounts; {} open \
                 holds and {} sealed values are right",
                path.display(),
                replay.lines,
                replay.accounts,
                replay.open_holds,
                replay.sealed
            ));
            Ok(())
        }
        Err(Wrong::Open(error)) => Err(Ended::cannot_start(error)),
        Err(wrong) => Err(Ended::wrong(format!("{}: {wrong}", path.display()))),
    }
}
