//! `tollgate backup`.

use std::path::PathBuf;

use clap::Args;

use super::{Ended, say};
use crate::config::StoreArgs;
use crate::seal::Keyring;
use crate::store;

/// Flags of `tollgate backup`.
#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The file to copy the store to; it must not exist yet
    file: PathBuf,
}

pub(super) fn run(args: &BackupArgs) -> Result<(), Ended> {
    let url = &args.store.store;
    let (key, copy) = (args.store.key_path().map_err(Ended::cannot_start)?, Keyring::path_beside(&args.file));
    store::backup(url, &args.file).map_err(Ended::cannot_start)?;
    // The copy keeps the mode, which lets nobody else read it.
    std::fs::copy(&key, &copy).map_err(|error| {
        Ended::cannot_start(format!(
            "the key file {} cannot be copied to {}: {error}",
            key.display(),
            copy.display()
        ))
    })?;
    say(&format!(
        "copied {url} to {} and its key file to {}; whoever has both can read the secrets: keep them apart",
        args.file.display(),
        copy.display()
    ));
    Ok(())
}
