//! How long a start takes, and how much memory the server has then.

use std::path::Path;

use crate::server::Server;
use crate::{Places, Result};

/// Starts and stops the server so many times and prints each.
pub(crate) fn print(places: &Places, store: &Path, times: usize) -> Result<()> {
    let store = store.canonicalize().map_err(|error| format!("{}: {error}", store.display()))?;
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    println!("\n### Start on {name} ({:.2} GB, in the page cache)\n", store.metadata()?.len() as f64 / 1e9);
    println!(
        "| start | until \"listening on\", s | memory then, MiB | most until then, MiB |\n|--|--|--|--|"
    );
    for start in 1..=times {
        let server = Server::tollgate(&places.tollgate()?, &store)?;
        let (now, most) = (server.memory_kib("VmRSS")?, server.memory_kib("VmHWM")?);
        println!("| {start} | {:.2} | {} | {} |", server.started_in.as_secs_f64(), now / 1_024, most / 1_024);
        server.stop()?;
    }
    Ok(())
}
