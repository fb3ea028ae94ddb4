//! What a store of the tests stands on: a file of SQLite, or a database of PostgreSQL of its own. `TOLLGATE_TEST_STORE` says
//! which: `sqlite`, as when it is not set, or `postgres`.
//!
//! Tests of what only a file has (its lock, its syncs, its log, a full disk, older files, backups) ask for a file, and run on
//! one whatever the variable says.
//!
//! Reading order: [`Engine`], [`Ground`], then [`Sql`], by which tests look at raw rows and spoil them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rusqlite::types::ValueRef;
use tempfile::TempDir;
use tollgate::store::{Options, Store, StoreUrl};

use crate::cluster::{Cluster, Database, Session};

/// What keeps a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The one that this run of the tests is about.
    pub(crate) fn of_this_run() -> Self {
        match std::env::var("TOLLGATE_TEST_STORE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("TOLLGATE_TEST_STORE is sqlite or postgres, not {other:?}"),
        }
    }
}

/// Where one store of a test is, and its key file. Goes with the test.
pub(crate) struct Ground {
    base: Base,
    dir: PathBuf,
    // Keeps the directory until the ground is gone.
    _dir: Option<TempDir>,
}

enum Base {
    /// `t.db` in the directory.
    File,
    Database(Database),
}

impl Ground {
    /// With nothing on it, for the engine that this run is about.
    pub(crate) fn new() -> Self {
        Self::of(Engine::of_this_run())
    }

    /// With nothing on it, for a file.
    pub(crate) fn file() -> Self {
        Self::of(Engine::Sqlite)
    }

    /// With nothing on it, for a database.
    pub(crate) fn database() -> Self {
        Self::of(Engine::Postgres)
    }

    /// On an empty database of this cluster.
    pub(crate) fn in_cluster(cluster: &Arc<Cluster>) -> Self {
        Self::on(Base::Database(cluster.database()))
    }

    /// For a database in which nothing is, not even tables.
    pub(crate) fn empty_database() -> Self {
        Self::in_cluster(&Cluster::shared())
    }

    /// The database of a test that asked for one.
    #[track_caller]
    pub(crate) fn its_database(&self) -> &Database {
        match &self.base {
            Base::Database(database) => database,
            Base::File => panic!("a test that looks at its database asks for one"),
        }
    }

    fn of(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::on(Base::File),
            Engine::Postgres => Self::on(Base::Database(Cluster::shared().copy_of(migrated()))),
        }
    }

    fn on(base: Base) -> Self {
        let dir = tempfile::Builder::new().prefix("tollgate-it-").tempdir().unwrap();
        Self { base, dir: dir.path().to_owned(), _dir: Some(dir) }
    }

    /// For a file in a directory that somebody else removes.
    pub(crate) fn file_in(dir: &Path) -> Self {
        Self { base: Base::File, dir: dir.to_owned(), _dir: None }
    }

    /// With a copy of what lies here now: data, what became of events, and the key file. What is in a file is copied as a crash
    /// would leave it, with its log, but no shared memory and no lock; of a database nobody may be connected to it.
    pub(crate) fn copy(&self) -> Self {
        let copy = match &self.base {
            Base::File => {
                let copy = Self::file();
                for ending in ["t.db", "t.db-wal"] {
                    copy_if_there(&self.dir.join(ending), &copy.dir.join(ending));
                }
                let deliveries = self.dir.join(DELIVERIES);
                if deliveries.exists() {
                    let to = copy.dir.join(DELIVERIES).display().to_string();
                    let sql = rusqlite::Connection::open(deliveries).unwrap();
                    sql.execute("VACUUM INTO ?1", [to]).unwrap();
                }
                copy
            }
            Base::Database(database) => Self::on(Base::Database(database.cluster().copy_of(database))),
        };
        copy_if_there(&self.key_file(), &copy.key_file());
        copy
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The data file of a test that asked for one.
    #[track_caller]
    pub(crate) fn data_file(&self) -> PathBuf {
        assert!(
            matches!(self.base, Base::File),
            "a test that looks at its file asks for one: `Ground::file`"
        );
        self.dir.join("t.db")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.dir.join("t.db.key")
    }

    /// What `--store` takes.
    pub(crate) fn url(&self) -> String {
        match &self.base {
            Base::File => format!("sqlite:{}", self.dir.join("t.db").display()),
            Base::Database(database) => database.url(),
        }
    }

    /// The same, for a store that is opened in this process.
    pub(crate) fn store_url(&self) -> StoreUrl {
        self.url().parse().unwrap()
    }

    /// What a command is told of where its store and its key file are, that reaches it at this address.
    pub(crate) fn arguments_at(&self, url: String) -> Vec<String> {
        let mut arguments = vec!["--store".to_owned(), url];
        if let Base::Database(_) = self.base {
            // Beside a file it is found without being told.
            arguments.extend(["--key-file".to_owned(), self.key_file().display().to_string()]);
        }
        arguments
    }

    /// The database of a test that asked for one.
    #[track_caller]
    pub(crate) fn in_database(&self) -> &Database {
        match &self.base {
            Base::Database(database) => database,
            Base::File => panic!("a test that looks at its database asks for one: `Ground::database`"),
        }
    }

    /// A connection of our own to the data, which sees what is committed.
    pub(crate) fn sql(&self) -> Sql {
        self.opened("t.db")
    }

    /// One to what became of events.
    pub(crate) fn deliveries(&self) -> Sql {
        self.opened(DELIVERIES)
    }

    fn opened(&self, file: &str) -> Sql {
        match &self.base {
            Base::File => Sql::File(rusqlite::Connection::open(self.dir.join(file)).unwrap()),
            Base::Database(database) => Sql::Database(database.session()),
        }
    }
}

const DELIVERIES: &str = "t.db.deliveries";

fn copy_if_there(from: &Path, to: &Path) {
    if from.exists() {
        fs::copy(from, to).unwrap();
    }
}

/// The database as which every other begins: with the schema, and nobody's.
fn migrated() -> &'static Database {
    static MIGRATED: OnceLock<Database> = OnceLock::new();
    MIGRATED.get_or_init(|| {
        let database = Cluster::shared().database();
        let url = database.url().parse().unwrap();
        Store::open(Options::new(url, [0; 32])).unwrap().close();
        // Whoever opens a copy for the first time has a key of its own, and no lane has written there.
        database.sql("DELETE FROM key_mark; DELETE FROM lanes");
        database
    })
}

/// A connection to the raw rows of a store. What it is told must be SQL that both engines understand, or be told apart by
/// [`Sql::engine`].
pub(crate) enum Sql {
    File(rusqlite::Connection),
    Database(Session),
}

impl Sql {
    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::File(_) => Engine::Sqlite,
            Self::Database(_) => Engine::Postgres,
        }
    }

    /// The rows that a query gives, column by column: numbers in decimal, bytes and ids in lower-case hex, `NULL` for nothing.
    #[track_caller]
    pub(crate) fn rows(&self, query: &str) -> Vec<Vec<String>> {
        match self {
            Self::File(connection) => {
                let mut prepared =
                    connection.prepare_cached(query).unwrap_or_else(|it| panic!("{query}: {it}"));
                let columns = prepared.column_count();
                let rows = prepared.query_map((), |row| {
                    (0..columns).map(|it| Ok(shown(row.get_ref(it)?))).collect::<rusqlite::Result<_>>()
                });
                rows.unwrap().map(|it| it.unwrap_or_else(|it| panic!("{query}: {it}"))).collect()
            }
            Self::Database(session) => {
                let rows = session.says(query).0.into_iter();
                rows.map(|row| row.iter().map(|it| alike(it)).collect()).collect()
            }
        }
    }

    /// The only row.
    #[track_caller]
    pub(crate) fn row(&self, query: &str) -> Vec<String> {
        let mut rows = self.rows(query);
        assert_eq!(rows.len(), 1, "rows of {query}");
        rows.remove(0)
    }

    /// The only value of the only row.
    #[track_caller]
    pub(crate) fn value(&self, query: &str) -> String {
        let mut row = self.row(query);
        assert_eq!(row.len(), 1, "columns of {query}");
        row.remove(0)
    }

    /// The same, where it is a number.
    #[track_caller]
    pub(crate) fn number(&self, query: &str) -> i64 {
        let value = self.value(query);
        value.parse().unwrap_or_else(|_| panic!("no number: {value} of {query}"))
    }

    /// Has statements done; how many rows the last of them changed.
    #[track_caller]
    pub(crate) fn execute(&self, statements: &str) -> usize {
        match self {
            Self::File(connection) => {
                connection.execute_batch(statements).unwrap_or_else(|it| panic!("{statements}: {it}"));
                usize::try_from(connection.changes()).unwrap()
            }
            Self::Database(session) => session.says(statements).1,
        }
    }

    /// Keeps all who write waiting, until this is dropped, and nobody who reads.
    pub(crate) fn keep_writers_waiting(&self) {
        match self {
            Self::File(connection) => {
                connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                self.execute("BEGIN IMMEDIATE");
            }
            Self::Database(_) => {
                self.execute("BEGIN; LOCK TABLE accounts IN EXCLUSIVE MODE");
            }
        }
    }

    /// How an id is written in a statement.
    pub(crate) fn id(&self, bytes: &[u8]) -> String {
        let hex = hex(bytes);
        match self.engine() {
            Engine::Sqlite => format!("x'{hex}'"),
            Engine::Postgres => format!("'{hex}'::uuid"),
        }
    }

    /// An expression that gives another id each time.
    pub(crate) const fn random_id(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "randomblob(16)",
            Engine::Postgres => "gen_random_uuid()",
        }
    }

    /// The tables with what a store keeps.
    pub(crate) fn tables(&self) -> Vec<String> {
        let tables = match self.engine() {
            Engine::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
            }
            Engine::Postgres => {
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
                 AND relnamespace = 'public'::regnamespace ORDER BY relname"
            }
        };
        self.rows(tables).concat()
    }

    /// The columns of a table, in their order.
    pub(crate) fn columns(&self, table: &str) -> Vec<String> {
        let columns = match self.engine() {
            Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
            Engine::Postgres => format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0
                 AND NOT attisdropped ORDER BY attnum"
            ),
        };
        self.rows(&columns).concat()
    }
}

/// A value of SQLite.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => std::str::from_utf8(text).unwrap().to_owned(),
        ValueRef::Blob(bytes) => hex(bytes),
    }
}

/// A value of PostgreSQL as SQLite would have it: no words for true and false, no signs within ids or before bytes.
fn alike(text: &str) -> String {
    match text {
        "t" => "1".to_owned(),
        "f" => "0".to_owned(),
        _ if text.len() == 36 && uuid::Uuid::parse_str(text).is_ok() => text.replace('-', ""),
        _ => text.strip_prefix("\\x").unwrap_or(text).to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// What both engines are asked here, and answer alike.
#[test]
fn both_show_the_same_rows_alike() {
    let id = [0xa1; 16];
    let database = Cluster::shared().database();
    let ground = Ground::file();
    for (sql, types) in [
        (ground.sql(), "id BLOB, number INTEGER, word TEXT, yes INTEGER, bytes BLOB"),
        (Sql::Database(database.session()), "id uuid, number bigint, word text, yes boolean, bytes bytea"),
    ] {
        sql.execute(&format!("CREATE TABLE said ({types})"));
        let bytes = if sql.engine() == Engine::Sqlite { "x'00ff'" } else { "'\\x00ff'" };
        let (one, other) = (sql.id(&id), sql.random_id());
        let changed = sql.execute(&format!(
            "INSERT INTO said VALUES ({one}, 7, 'a|b, \"c\"', TRUE, {bytes}), ({other}, -7, NULL, FALSE, NULL)"
        ));
        assert_eq!((changed, sql.tables(), sql.columns("said").len()), (2, vec!["said".to_owned()], 5));
        let first = sql.row(&format!("SELECT * FROM said WHERE id = {one}"));
        assert_eq!(first, ["a1".repeat(16).as_str(), "7", "a|b, \"c\"", "1", "00ff"]);
        assert_eq!(sql.row("SELECT word, yes, bytes FROM said WHERE number < 0"), ["NULL", "0", "NULL"]);
        assert_eq!(sql.number("SELECT SUM(number) FROM said"), 0);
        assert!(sql.rows("SELECT 1 FROM said WHERE number = 0").is_empty());
    }
}
