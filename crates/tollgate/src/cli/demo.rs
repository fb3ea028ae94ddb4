//! `tollgate demo`.

use clap::Args;

use super::Ended;

/// Flags of `tollgate demo`.
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// End after the last step instead of staying up
    #[arg(long)]
    exit: bool,
}

pub(super) fn run(_args: &DemoArgs) -> Result<(), Ended> {
    Err(Ended::wrong("being written"))
}
