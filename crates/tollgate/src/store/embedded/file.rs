//! The file: opening, locking, migrating and copying it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use ledger::Token;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::sql::{self, Reader, values};
use crate::store::{Ids, OpenError};

/// The schema's versions, oldest first; `PRAGMA user_version` counts how many a store has.
const MIGRATIONS: [&str; 10] = [
    include_str!("../../../migrations/sqlite/0001_start.sql"),
    include_str!("../../../migrations/sqlite/0002_owned.sql"),
    include_str!("../../../migrations/sqlite/0003_prices.sql"),
    include_str!("../../../migrations/sqlite/0004_origin.sql"),
    include_str!("../../../migrations/sqlite/0005_usage.sql"),
    include_str!("../../../migrations/sqlite/0006_caps.sql"),
    include_str!("../../../migrations/sqlite/0007_limits.sql"),
    include_str!("../../../migrations/sqlite/0008_events.sql"),
    include_str!("../../../migrations/sqlite/0009_webhooks.sql"),
    include_str!("../../../migrations/sqlite/0010_places.sql"),
];
/// The newest of them.
const KNOWN: u32 = 10;

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.into())
    }
}

/// The ending of the file beside the store that says what became of deliveries.
pub(super) const DELIVERIES: &str = "deliveries";

/// Whether there is a store.
pub(in crate::store) fn exists(path: &Path) -> bool {
    path.exists()
}

/// What a store in a file is called.
fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Takes the lock beside the store, for as long as the file is held.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let lock = beside(path, "lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
    let file = file.map_err(|reason| OpenError::File { path: path.to_owned(), reason })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(name(path))),
        Err(TryLockError::Error(reason)) => Err(OpenError::File { path: lock, reason }),
    }
}

/// The file with this ending behind the store's whole name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// A connection that writes, on a store with the newest schema.
pub(super) fn open_writable(path: &Path) -> Result<Connection, OpenError> {
    let not_a_store =
        |reason: rusqlite::Error| OpenError::NotAStore { store: name(path), reason: reason.into() };
    let mut connection = Connection::open(path).map_err(not_a_store)?;
    // FULL, because an answer promises that the write outlives the power. Folding the log is the store's own business.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA busy_timeout = 10000;",
        )
        .map_err(not_a_store)?;
    // Nor is it folded when a connection closes: after a failed sync nothing may touch what is on the disk.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    let known = KNOWN;
    let found: u32 =
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(not_a_store)?;
    if found > known {
        return Err(OpenError::Newer { store: name(path), found, known });
    }
    migrate(&mut connection, found)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    for (migration, version) in MIGRATIONS.iter().zip(1_u32..).filter(|it| it.1 > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A connection that writes to a new file, of which nothing need be left should it not come to its end.
pub(super) fn open_new(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -131072;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection, 0)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_readable(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA busy_timeout = 10000;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection that only reads a store that must be there and have a schema that this version knows.
pub(super) fn open_existing(path: &Path) -> Result<Connection, OpenError> {
    if !exists(path) {
        return Err(OpenError::Missing(name(path)));
    }
    let not_a_store =
        |reason: rusqlite::Error| OpenError::NotAStore { store: name(path), reason: reason.into() };
    // Not read-only: the log of a store that was killed is read through an index that may have to be made anew.
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(not_a_store)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA busy_timeout = 10000;").map_err(not_a_store)?;
    let found: u32 =
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(not_a_store)?;
    let known = KNOWN;
    match found {
        0 => Err(not_a_store(rusqlite::Error::QueryReturnedNoRows)),
        found if found > known => Err(OpenError::Newer { store: name(path), found, known }),
        _ => Ok(connection),
    }
}

/// The same, refusing a store that was not brought up to date yet.
pub(super) fn open_current(path: &Path) -> Result<Connection, OpenError> {
    let connection = open_existing(path)?;
    let found: u32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if found < KNOWN {
        return Err(OpenError::Older { store: name(path), found, known: KNOWN });
    }
    Ok(connection)
}

/// Reads one state of a store, live or not, that was brought up to date.
///
/// # Errors
/// [`OpenError`] as its `E`, or whatever `read` says.
pub(in crate::store) fn read_whole<T, E: From<OpenError>>(
    path: &Path,
    read: impl FnOnce(Reader<'_>, Ids) -> Result<T, E>,
) -> Result<T, E> {
    let connection = open_current(path)?;
    connection.execute_batch("BEGIN").map_err(OpenError::from)?;
    let reader = Reader::Sqlite(&connection);
    let mark = mark(reader).map_err(OpenError::from)?;
    read(reader, Ids::of(&mark.unwrap_or_default()))
}

/// Copies a store, live or not, to a new file, which is on the disk when this returns.
pub(in crate::store) fn backup(path: &Path, copy: &Path) -> Result<(), OpenError> {
    let connection = open_existing(path)?;
    if exists(copy) {
        let reason = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(OpenError::File { path: copy.to_owned(), reason });
    }
    let deliveries = beside(path, DELIVERIES);
    if exists(&deliveries) {
        // What the copy of the store would else send once more.
        let copy = beside(copy, DELIVERIES);
        Connection::open(&deliveries)?.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
        File::open(&copy)
            .and_then(|it| it.sync_all())
            .map_err(|reason| OpenError::File { path: copy, reason })?;
    }
    // VACUUM writes only to the copy, but counts as a write.
    connection.execute_batch("PRAGMA query_only = OFF;")?;
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    let at_copy = |reason| OpenError::File { path: copy.to_owned(), reason };
    File::open(copy).and_then(|it| it.sync_all()).map_err(at_copy)?;
    sync_folder(copy)
}

/// Has the name of a file be on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|it| it.sync_all());
    synced.map_err(|reason| OpenError::File { path: path.to_owned(), reason })
}

/// The live tokens by the hash of their text.
pub(super) fn tokens_by_verifier(reader: Reader<'_>) -> sql::Result<HashMap<String, Token>> {
    let live = "SELECT * FROM tokens WHERE revoked_at IS NULL";
    let tokens = reader.rows(live, values![], |row| Ok((row.get("verifier")?, sql::token(row)?)))?;
    Ok(tokens.into_iter().collect())
}

/// What the key file of a store says; nothing before it was ever opened.
pub(super) fn mark(reader: Reader<'_>) -> sql::Result<Option<[u8; 32]>> {
    let marked = "SELECT value FROM meta WHERE name = 'key_mark'";
    reader.row(marked, values![], |row| row.get("value"))
}

/// Refuses a store that was sealed under another key; a new one is marked with this one.
pub(super) fn check_mark(connection: &Connection, path: &Path, mark: &[u8; 32]) -> Result<(), OpenError> {
    match self::mark(Reader::Sqlite(connection))? {
        Some(found) if found == *mark => Ok(()),
        Some(_) => Err(OpenError::WrongKey(name(path))),
        None => {
            connection
                .execute("INSERT INTO meta (name, value) VALUES ('key_mark', ?1)", [mark.as_slice()])?;
            Ok(())
        }
    }
}
