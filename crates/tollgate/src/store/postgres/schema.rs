//! The schema: made and brought up to date by whichever node comes first, held against what this version knows by all.

use super::Connection;
use crate::store::OpenError;
use crate::store::sql::{Result, values};

/// The schema's versions, oldest first; `schema_version` counts how many a database has.
const MIGRATIONS: [&str; 1] = [include_str!("../../../migrations/postgres/0001_start.sql")];
/// The newest of them.
const KNOWN: u32 = 1;

/// The oldest server whose SQL this is: 14.
const SERVER_MIN: i64 = 140_000;

/// The advisory lock of whoever changes the schema: `toll` in ASCII, and 1.
pub(super) const LOCK: i64 = 0x746F_6C6C_0000_0001;

/// Brings the schema of a database up to date, makes it where there is none, and marks it as sealed under a key file.
///
/// # Errors
/// [`OpenError`]; `store` is what the database is called in its sentences.
pub(in crate::store) fn prepare(
    connection: &Connection,
    store: &str,
    mark: &[u8; 32],
) -> Result<(), OpenError> {
    suits(connection, store)?;
    if version(connection, store)? == KNOWN && is_marked(connection, store, mark)? {
        return Ok(());
    }
    connection.batch("BEGIN")?;
    let locked = connection.row("SELECT pg_advisory_xact_lock(?1) IS NULL AS it", values![LOCK], |_| Ok(()));
    locked.map_err(|fault| if fault.is_kept_waiting() { in_the_making(store) } else { fault.into() })?;
    make(connection, store, mark)?;
    connection.batch("COMMIT")?;
    Ok(())
}

/// Makes the schema of a database that has none yet, in a transaction that goes on: until it is committed nobody else sees
/// anything of it, and whoever wants to make it, too, waits.
///
/// # Errors
/// [`OpenError`], also where there is a store.
pub(super) fn begin(connection: &Connection, store: &str, mark: &[u8; 32]) -> Result<(), OpenError> {
    suits(connection, store)?;
    connection.batch("BEGIN")?;
    let lock = "SELECT pg_try_advisory_xact_lock(?1) AS taken";
    if connection.row(lock, values![LOCK], |row| row.get("taken"))? != Some(true) {
        return Err(in_the_making(store));
    }
    if version(connection, store)? != 0 {
        return Err(OpenError::Taken(format!("a store in {store}")));
    }
    make(connection, store, mark)
}

fn in_the_making(store: &str) -> OpenError {
    OpenError::InTheMaking(store.to_owned())
}

/// What is missing of the schema and the mark, under the lock.
fn make(connection: &Connection, store: &str, mark: &[u8; 32]) -> Result<(), OpenError> {
    let not_a_store = |reason| OpenError::NotAStore { store: store.to_owned(), reason };
    let found = version(connection, store)?;
    for (migration, version) in MIGRATIONS.iter().zip(1_u32..).filter(|it| it.1 > found) {
        if version == 1 {
            connection.batch("CREATE TABLE schema_version (version bigint NOT NULL PRIMARY KEY)")?;
        }
        connection.batch(migration).map_err(not_a_store)?;
        connection.execute("INSERT INTO schema_version (version) VALUES (?1)", values![version])?;
    }
    if !is_marked(connection, store, mark)? {
        connection.execute("INSERT INTO key_mark (value) VALUES (?1)", values![mark.as_slice()])?;
    }
    Ok(())
}

/// Refuses a database that has another schema than this version's, or none.
///
/// # Errors
/// [`OpenError`].
pub(in crate::store) fn check(connection: &Connection, store: &str) -> Result<(), OpenError> {
    match version(connection, store)? {
        0 => Err(OpenError::Missing(store.to_owned())),
        KNOWN => Ok(()),
        found => Err(OpenError::Older { store: store.to_owned(), found, known: KNOWN }),
    }
}

/// Whether there is a table, as of now: `to_regclass` may go by what it has found before a lock was waited for.
pub(super) fn has_table(connection: &Connection, name: &str) -> Result<bool> {
    let has = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = CAST(?1 AS name) AND pg_table_is_visible(oid)) AS it";
    Ok(connection.row(has, values![name], |row| row.get("it"))? == Some(true))
}

/// The schema that a database has, 0 for none; refuses one that is newer.
fn version(connection: &Connection, store: &str) -> Result<u32, OpenError> {
    let not_a_store = |reason| OpenError::NotAStore { store: store.to_owned(), reason };
    if !has_table(connection, "schema_version")? {
        return Ok(0);
    }
    let found = "SELECT COALESCE(MAX(version), 0) AS version FROM schema_version";
    let found: Option<u32> =
        connection.row(found, values![], |row| row.get("version")).map_err(not_a_store)?;
    match found.unwrap_or(0) {
        found if found > KNOWN => Err(OpenError::Newer { store: store.to_owned(), found, known: KNOWN }),
        found => Ok(found),
    }
}

/// Whether it is marked as sealed under this key; refuses one that is under another.
fn is_marked(connection: &Connection, store: &str, mark: &[u8; 32]) -> Result<bool, OpenError> {
    match self::mark(connection)? {
        Some(found) if found == *mark => Ok(true),
        Some(_) => Err(OpenError::WrongKey(store.to_owned())),
        None => Ok(false),
    }
}

/// The same, where there is a store at all.
///
/// # Errors
/// Of the database.
pub(super) fn mark_if_there(connection: &Connection) -> Result<Option<[u8; 32]>> {
    if has_table(connection, "key_mark")? { mark(connection) } else { Ok(None) }
}

/// What the key file of a store says; nothing before it was ever opened.
pub(in crate::store) fn mark(connection: &Connection) -> Result<Option<[u8; 32]>> {
    connection.row("SELECT value FROM key_mark", values![], |row| row.get("value"))
}

/// Refuses what cannot keep a store.
fn suits(connection: &Connection, store: &str) -> Result<(), OpenError> {
    let asked = "SELECT current_setting('server_version_num')::bigint AS number,
         current_setting('server_version') AS version, current_setting('server_encoding') AS encoding";
    let found = connection.row(asked, values![], |row| {
        Ok((row.get::<i64>("number")?, row.get::<String>("version")?, row.get::<String>("encoding")?))
    })?;
    let (number, version, encoding) = found.unwrap_or_default();
    let what = if number < SERVER_MIN {
        format!("its server is PostgreSQL {version}, and must be 14 or later")
    } else if encoding != "UTF8" {
        format!("its encoding is {encoding}, and must be UTF8")
    } else {
        return Ok(());
    };
    Err(OpenError::Unsuited { store: store.to_owned(), what })
}

#[cfg(test)]
mod tests {
    use super::super::test_cluster::{connect, database};
    use super::*;

    #[test]
    fn many_nodes_prepare_one_database_at_once() {
        let url = database();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| prepare(&connect(&url), "shop", &[7; 32]).unwrap());
            }
        });
        let connection = connect(&url);
        check(&connection, "shop").unwrap();
        assert_eq!(mark(&connection).unwrap(), Some([7; 32]));
        let count = "SELECT (SELECT COUNT(*) FROM key_mark) + (SELECT COUNT(*) FROM schema_version) AS count";
        assert_eq!(connection.row(count, values![], |row| row.get::<i64>("count")).unwrap(), Some(2));
    }

    #[test]
    fn what_is_not_its_own_is_refused_in_a_sentence() {
        let url = database();
        let connection = connect(&url);
        let missing = check(&connection, "shop").unwrap_err();
        assert_eq!(missing.to_string(), "there is no store at shop");
        prepare(&connection, "shop", &[7; 32]).unwrap();
        let wrong = prepare(&connection, "shop", &[8; 32]).unwrap_err();
        assert!(matches!(wrong, OpenError::WrongKey(_)), "{wrong}");
        connection.batch("INSERT INTO schema_version (version) VALUES (9)").unwrap();
        for newer in [prepare(&connection, "shop", &[7; 32]), check(&connection, "shop")] {
            let newer = newer.unwrap_err().to_string();
            assert!(
                newer.starts_with("shop was written by a newer version of tollgate (schema 9,"),
                "{newer}"
            );
        }
        let other = connect(&database());
        other.batch("CREATE TABLE accounts (id bigint)").unwrap();
        let taken = prepare(&other, "shop", &[7; 32]).unwrap_err().to_string();
        assert!(taken.contains("is not a tollgate store") && taken.contains("accounts"), "{taken}");
    }

    #[test]
    fn another_encoding_is_refused() {
        let latin = database();
        let connection = connect(&latin);
        let name = latin.rsplit('/').next().unwrap();
        connection
            .batch(&format!(
                "CREATE DATABASE {name}_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            ))
            .unwrap();
        let refused = prepare(&connect(&format!("{latin}_latin")), "shop", &[7; 32]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "shop cannot keep a tollgate store: its encoding is LATIN1, and must be UTF8"
        );
    }
}
