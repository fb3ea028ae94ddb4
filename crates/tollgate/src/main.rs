//! The `tollgate` binary.

use std::process::ExitCode;

/// Made for many small allocations that one thread makes and another frees, as requests and the writer do.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tollgate::cli::run()
}
