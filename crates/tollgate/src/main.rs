//! The `tollgate` binary.

use std::process::ExitCode;

/// Smaller and steadier than the system's for many short requests; bench/RESULTS.md has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tollgate::cli::run()
}
