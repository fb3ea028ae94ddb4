//! Why a store could not be opened, read or written.

use std::path::PathBuf;

use ledger::Refusal;

use super::sql::Fault;

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The ledger's no.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Too many commands wait.
    #[error("too many commands wait")]
    Full,
    /// Nothing was written, and the same may go through later.
    #[error("the store does not take writes now")]
    Unavailable,
    /// The decision broke a law of the ledger; nothing of it was applied.
    #[error("a law of the ledger would be broken")]
    Broken,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be read")]
pub struct ReadError(#[from] Fault);

/// Why a store could not be opened; each is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error("{} is in use by another tollgate process; stop that one, or give this one another --store", .0.display())]
    InUse(PathBuf),
    /// Written by a newer version.
    #[error(
        "{} was written by a newer version of tollgate (schema {found}, this one knows {known}); use that version",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest that this binary knows.
        known: u32,
    },
    /// Written by an older version, and only to be read.
    #[error(
        "{} was written by an older version of tollgate (schema {found}, this one checks {known}); start this version on \
         it once, which brings it up to date, or check it with the one that wrote it",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The one that this binary checks.
        known: u32,
    },
    /// Sealed under another key.
    #[error("{}.key is not the key file that {} was made with; restore the right one from a backup", .0.display(), .0.display())]
    WrongKey(PathBuf),
    /// Not there, where it must be.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// Not a store.
    #[error("{} is not a tollgate store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: Fault,
    },
    /// The file or its directory cannot be used.
    #[error("cannot open {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// It refused.
    #[error("the store cannot be read: {0}")]
    Read(#[from] Fault),
}
