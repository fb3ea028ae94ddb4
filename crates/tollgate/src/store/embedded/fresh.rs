//! A store that is copied to a file, or from one.
//!
//! **Invariant.** A new one is written under another name, with nothing synced, and gets its own name when it is whole and on the
//! disk. What a copy has left behind that was killed is no store, and is written over by the next one.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Deliveries, file, usage_fill};
use crate::store::sql::{Reader, Result};
use crate::store::{Ids, OpenError};

/// The ending of a file that is no store yet.
const COPYING: &str = "copying";

/// A file on its way to be a store.
pub(in crate::store) struct Fresh {
    path: PathBuf,
    written: PathBuf,
    connection: Connection,
    /// Held so that nobody makes a store of the same name.
    _lock: File,
}

impl Fresh {
    /// Makes one with nothing in it, sealed under a key file.
    ///
    /// # Errors
    /// [`OpenError`], also where there is something of that name.
    pub(in crate::store) fn begin(path: &Path, mark: &[u8; 32]) -> Result<Self, OpenError> {
        let deliveries = file::beside(path, file::DELIVERIES);
        for taken in [path, &deliveries] {
            if taken.exists() {
                return Err(OpenError::Taken(taken.display().to_string()));
            }
        }
        let lock = file::lock(path)?;
        let written = file::beside(path, COPYING);
        remove(&written);
        let connection = file::open_new(&written)?;
        file::check_mark(&connection, path, mark)?;
        Ok(Self { path: path.to_owned(), written, connection, _lock: lock })
    }

    /// Whoever is asked and told.
    pub(in crate::store) const fn reader(&self) -> Reader<'_> {
        Reader::Sqlite(&self.connection)
    }

    /// Carries out statements without values.
    pub(in crate::store) fn batch(&self, text: &str) -> Result<()> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// Adds up what was spent, which follows from the journal.
    pub(in crate::store) fn fill_usage(&self, ids: Ids) -> Result<()> {
        usage_fill::fill(&self.connection, ids)
    }

    /// Writes what became of events, in the file for that.
    pub(in crate::store) fn write_deliveries<T>(
        &self,
        write: impl FnOnce(Reader<'_>) -> Result<T>,
    ) -> Result<T> {
        Deliveries::open(&file::beside(&self.written, file::DELIVERIES))?.change(write, |_| ())
    }

    /// Gives it its name: from here on it is a store.
    ///
    /// # Errors
    /// Of the system.
    pub(in crate::store) fn finish(self) -> Result<(), OpenError> {
        let Self { path, written, .. } = &self;
        let name = |from: &Path, to: &Path| {
            let named =
                File::open(from).and_then(|it| it.sync_all()).and_then(|()| std::fs::rename(from, to));
            named.map_err(|reason| OpenError::File { path: to.to_owned(), reason })
        };
        // Without the store nothing asks for them.
        name(&file::beside(written, file::DELIVERIES), &file::beside(path, file::DELIVERIES))?;
        name(written, path)?;
        file::sync_folder(path)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Nothing that has its name by now.
        remove(&self.written);
    }
}

/// Removes what a copy has left behind that did not come to its end.
fn remove(written: &Path) {
    let deliveries = file::beside(written, file::DELIVERIES);
    for file in [written, &deliveries] {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = file.as_os_str().to_owned();
            name.push(ending);
            // What cannot be removed is found when it is to be written.
            drop(std::fs::remove_file(name));
        }
    }
}

/// Reads one state of a store to which nobody writes, nor will before this returns: it is locked as by whoever serves it.
///
/// # Errors
/// [`OpenError`] as its `E`, or whatever `read` says.
pub(in crate::store) fn read_still<T, E: From<OpenError>>(
    path: &Path,
    read: impl FnOnce(Reader<'_>, &[u8; 32]) -> Result<T, E>,
) -> Result<T, E> {
    if !path.exists() {
        return Err(OpenError::Missing(path.display().to_string()).into());
    }
    let _lock = file::lock(path)?;
    let connection = file::open_current(path)?;
    connection.execute_batch("BEGIN").map_err(OpenError::from)?;
    let reader = Reader::Sqlite(&connection);
    let mark = file::mark(reader).map_err(OpenError::from)?;
    read(reader, &mark.unwrap_or_default())
}
