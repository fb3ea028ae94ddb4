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
    /// Nobody knows whether it was written: the connection to the database was lost when it was. Under the same key it may be
    /// sent again.
    #[error("whether it was written is not known")]
    Unknown,
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

/// Why a store could not be opened; each is a sentence for the operator. A store is called by its file, or by its address
/// without a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error("{0} is in use by another tollgate process; stop that one, or give this one another --store")]
    InUse(String),
    /// Written by a newer version.
    #[error(
        "{store} was written by a newer version of tollgate (schema {found}, this one knows {known}); use that version"
    )]
    Newer {
        /// Which store.
        store: String,
        /// Its schema.
        found: u32,
        /// The newest that this binary knows.
        known: u32,
    },
    /// Written by an older version, and only to be read.
    #[error(
        "{store} was written by an older version of tollgate (schema {found}, this one checks {known}); start this version on \
         it once, which brings it up to date, or check it with the one that wrote it"
    )]
    Older {
        /// Which store.
        store: String,
        /// Its schema.
        found: u32,
        /// The one that this binary checks.
        known: u32,
    },
    /// Sealed under another key.
    #[error("this is not the key file that {0} was made with; restore the right one from a backup")]
    WrongKey(String),
    /// Not there, where it must be.
    #[error("there is no store at {0}")]
    Missing(String),
    /// Not a store.
    #[error("{store} is not a tollgate store: {reason}")]
    NotAStore {
        /// Which.
        store: String,
        /// What the engine says.
        reason: Fault,
    },
    /// It cannot keep one as it is.
    #[error("{store} cannot keep a tollgate store: {what}")]
    Unsuited {
        /// Which.
        store: String,
        /// What would have to be otherwise.
        what: String,
    },
    /// Something is where a new store was to be.
    #[error("{0} is there already, and a store is copied only to where nothing is yet")]
    Taken(String),
    /// Nodes write to it, or might any moment.
    #[error("{store} is in use by a running tollgate ({node}); stop every node, then try again")]
    Served {
        /// Which.
        store: String,
        /// One of the nodes, as it calls itself.
        node: String,
    },
    /// Somebody brings its schema up to date, or copies a store to it.
    #[error(
        "{0} is being made just now, by a node that starts or by a copy: wait until that has ended, then try again"
    )]
    InTheMaking(String),
    /// What can be done with a file alone.
    #[error("{0} is no file, and this is done with files only")]
    NoFile(String),
    /// Nobody answers there, or not to us.
    #[error("cannot connect to {store}: {reason}")]
    Unreachable {
        /// Where.
        store: String,
        /// What stands between.
        reason: Fault,
    },
    /// A file or its directory cannot be used.
    #[error("cannot open {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Too many nodes.
    #[error(
        "all 128 lanes of the database are taken, two by each node: stop a node that is not needed, and start this one again"
    )]
    Lanes,
    /// TLS cannot be had as it was asked for.
    #[error("cannot use TLS: {0}")]
    Tls(String),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// It refused.
    #[error("the store cannot be read: {0}")]
    Read(#[from] Fault),
}
