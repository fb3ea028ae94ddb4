//! `tollgate openapi`.

use super::{Ended, say};
use crate::api::native;

/// Prints the OpenAPI document of the native API, as a running server has it at `/api/v1/openapi.json`.
///
/// # Errors
/// Never; it is a command as the others are.
pub(super) fn run() -> Result<(), Ended> {
    say(&String::from_utf8_lossy(&native::openapi()));
    Ok(())
}
