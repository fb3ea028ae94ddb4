//! Copying a store in a file into a new one in PostgreSQL, whole and in one transaction: places, ids, names and secrets stay
//! what they are, under the same key file.
//!
//! Rows go as they are, table by table. What only PostgreSQL keeps follows from them: how many lines each account has, the
//! directory of names, and usage, which there counts every line that was copied.

use std::collections::HashMap;

use ledger::{AccountId, Timestamp};

use super::postgres::{self, Connection};
use super::sql::{Fault, Kind, Reader, Result, Row, Stored, Value, values};
use super::usage::{self, Numbers, RowKey, UsageSum};
use super::{Ids, OpenError, StoreUrl, embedded, snapshot};

/// How many values go with one statement, of the 65,535 that it may have.
const VALUES_MAX: usize = 8_000;

/// A table, its columns in both, and the order in which it is copied. A column may be called otherwise in the file.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static str, Kind)],
    order: &'static str,
}

/// Columns that are called the same in both.
macro_rules! columns {
    ($($name:ident: $kind:ident),* $(,)?) => {
        &[$((stringify!($name), stringify!($name), Kind::$kind)),*]
    };
    ($($name:ident = $from:literal: $kind:ident),* ; $($same:ident: $same_kind:ident),* $(,)?) => {
        &[$((stringify!($name), $from, Kind::$kind),)* $((stringify!($same), stringify!($same), Kind::$same_kind)),*]
    };
}

const JOURNAL: Table = Table {
    name: "journal",
    order: "seq",
    // The first two are counted while they are copied.
    columns: columns![
        account_version = "NULL": Int, other_version = "NULL": Int;
        account: Id, other: Id, seq: Int, at: Int, kind: Int, marks: Int, caller: Int, id: Id, by_account: Id,
        by_credential: Id, family: Id, account_before: Int, balance_change: Int, credit_change: Int, held_change: Int,
        balance: Int, credit_limit: Int, held: Int, other_before: Int, other_balance: Int, other_credit_limit: Int,
        other_held: Int, about: Id, operation: Text, units: Text, reference: Text, once_key: Text, request: Bytes,
        price: Text, address: Bytes, record: Text, before: Text,
    ],
};

const ACCOUNTS: Table = Table {
    name: "accounts",
    order: "number",
    // The first two are what the journal says.
    columns: columns![
        version = "0": Int, last_line = "last_line": Int, epoch = "0": Int, family = "COALESCE(parent, id)": Id;
        id: Id, number: Int, parent: Id, balance: Int, credit_limit: Int, held: Int, caps: Text, level: Int, status: Int,
        mode: Int, api_key: Int, auth_id: Text, name: Text, currency: Text, created_at: Int, changed_at: Int,
        subaccounts: Int, settings: Text, plan: Text, alert_low: Int, alert_depleted: Int, alert_recovered: Int,
    ],
};

/// What goes as it is.
const PLAIN: [Table; 11] = [
    Table {
        name: "credentials",
        order: "id",
        columns: columns![
            id: Id, account: Id, kind: Int, verifier: Text, sealed: Bytes, created_at: Int, revoked_at: Int,
            expires_at: Int, used_at: Int, limits: Text,
        ],
    },
    Table {
        name: "tokens",
        order: "id",
        columns: columns![
            id: Id, caller: Int, may_force: Bool, is_first: Bool, verifier: Text, created_at: Int, revoked_at: Int,
            limits: Text,
        ],
    },
    Table {
        name: "holds",
        order: "id",
        columns: columns![
            family = "(SELECT COALESCE(parent, id) FROM accounts WHERE accounts.id = holds.account)": Id;
            id: Id, account: Id, payer: Id, amount: Int, placed_at: Int, expires_at: Int, on_expiry: Int,
            operation: Text, price: Text, ended_how: Int, ended_at: Int, ended_line: Id, charged: Int,
        ],
    },
    Table {
        name: "numbers",
        order: "number",
        columns: columns![
            number: Int, country: Text, msisdn: Text, owner: Id, kind: Int, features: Int, cost: Int, currency: Text,
            is_brought: Bool, added_at: Int, rented_at: Int, application: Int, settings: Text,
        ],
    },
    Table {
        name: "applications",
        order: "number",
        columns: columns![
            number: Int, id: Int, owner: Id, name: Text, for_numbers: Bool, for_endpoints: Bool, settings: Text,
            created_at: Int,
        ],
    },
    Table {
        name: "endpoints",
        order: "number",
        columns: columns![
            number: Int, id: Int, owner: Id, username: Text, alias: Text, password: Bytes, application: Int,
            created_at: Int,
        ],
    },
    Table {
        name: "price_plans",
        order: "name, version",
        columns: columns![
            name: Text, version: Int, currency: Text, is_default: Bool, rules: Text, made_at: Int,
        ],
    },
    Table { name: "shown_once", order: "seq", columns: columns![seq: Int, at: Int, sealed: Bytes] },
    Table {
        name: "events",
        order: "seq",
        columns: columns![
            seq: Int, id: Id, kind: Int, account: Id, family: Id, line: Int, threshold: Int,
        ],
    },
    Table {
        name: "webhooks",
        order: "id",
        columns: columns![
            id: Id, owner: Id, family: Id, account: Id, url: Text, kinds: Int, created_at: Int, disabled_at: Int,
            secret: Bytes, secret_at: Int, old_secret: Bytes, old_secret_until: Int,
        ],
    },
    Table {
        name: "usage",
        order: "quarter",
        columns: columns![
            quarter: Int, family: Int, account: Int, moved_by: Int, operation: Text, payer: Int, lines: Int, high: Int,
            low: Int, units_high: Int, units_low: Int, measured: Int,
        ],
    },
];

const DELIVERIES: Table = Table {
    name: "deliveries",
    order: "webhook, seq",
    columns: columns![
        webhook: Id, seq: Int, event: Id, kind: Int, account: Id, state: Int, is_resent: Bool, attempts: Int,
        queued_at: Int, next_at: Int, last_at: Int, last_status: Int, last_error: Text,
    ],
};

/// What follows from the rows: names, the next numbers, the newest event.
const FOLLOWS: &str = "
    INSERT INTO directory (kind, name, family, account)
        SELECT 1, lpad(to_hex(api_key), 8, '0'), family, id FROM accounts UNION ALL
        SELECT 2, auth_id, family, id FROM accounts UNION ALL
        SELECT 3, verifier, NULL, NULL FROM tokens UNION ALL
        SELECT 4, country || '/' || msisdn, accounts.family, owner
            FROM numbers LEFT JOIN accounts ON accounts.id = owner UNION ALL
        SELECT 5, id::text, family, account FROM holds WHERE ended_how IS NULL;
    UPDATE event_head SET last = (SELECT COALESCE(MAX(seq), 0) FROM events);
    SELECT setval(pg_get_serial_sequence('accounts', 'number'), COALESCE(MAX(number), 0) + 1, FALSE) FROM accounts;
    SELECT setval(pg_get_serial_sequence('applications', 'number'), COALESCE(MAX(number), 0) + 1, FALSE)
        FROM applications;
    SELECT setval(pg_get_serial_sequence('endpoints', 'number'), COALESCE(MAX(number), 0) + 1, FALSE) FROM endpoints;
";

/// Copies a store in a file, which nobody writes to meanwhile, into a database that has none yet. Both are sealed under the
/// same key file.
///
/// # Errors
/// [`OpenError`]; then nothing was copied.
pub fn copy(from: &StoreUrl, to: &StoreUrl, now: Timestamp) -> Result<(), OpenError> {
    let (from, to) = match (from, to) {
        (StoreUrl::Sqlite(from), StoreUrl::Postgres(to)) => (from, to),
        (StoreUrl::Postgres(from), _) => return Err(OpenError::NoFile(from.to_string())),
        (_, StoreUrl::Sqlite(to)) => {
            let (store, what) = (to.display().to_string(), "a file is copied to a database only".into());
            return Err(OpenError::Unsuited { store, what });
        }
    };
    let store = to.to_string();
    let connection = postgres::connect(to, &store)?;
    embedded::read_whole(from, |reader, ids| {
        let mark = reader
            .row("SELECT value FROM meta WHERE name = 'key_mark'", values![], |row| row.get("value"))?;
        postgres::prepare(&connection, &store, &mark.unwrap_or_default())?;
        let taken = "SELECT 1 AS it FROM journal UNION ALL SELECT 1 FROM accounts LIMIT 1";
        if connection.row(taken, values![], |_| Ok(()))?.is_some() {
            return Err(OpenError::Unsuited { store: store.clone(), what: "there is one already".into() });
        }
        let since =
            reader.row("SELECT at FROM journal ORDER BY seq LIMIT 1", values![], |row| row.get("at"))?;
        let events = super::events::last(reader)?;
        let since = Timestamp::from_millis(since.unwrap_or(now.millis()));
        postgres::make_partitions_for(&connection, since, now, events)?;
        connection.batch("BEGIN")?;
        Ok(copy_all(reader, ids, &connection)?)
    })?;
    embedded::read_deliveries(from, |reader| {
        copy_rows(reader, &connection, &DELIVERIES, |_| ())?;
        let through =
            reader.row("SELECT through FROM progress", values![], |row| row.get::<i64>("through"))?;
        connection.execute("UPDATE progress SET through = ?1", values![through.unwrap_or(-1)]).map(drop)
    })?;
    connection.batch("COMMIT")?;
    Ok(())
}

fn copy_all(from: Reader<'_>, ids: Ids, to: &Connection) -> Result<()> {
    let chains = copy_journal(from, to)?;
    copy_rows(from, to, &ACCOUNTS, |values| {
        let Some([version, last_line, _, _, Owned::Id(id), ..]) = values.first_chunk_mut::<5>() else {
            return;
        };
        if let Some(chain) = chains.get(id) {
            (*version, *last_line) = (Owned::Int(chain.lines), Owned::Int(chain.last));
        }
    })?;
    for table in &PLAIN {
        copy_rows(from, to, table, |_| ())?;
    }
    count_the_rest(from, ids, to)?;
    for name in ["events_after", "before_from"] {
        let value = "SELECT value FROM meta WHERE name = ?1";
        let value = from.row(value, values![name], |row| row.get::<i64>("value"))?;
        to.execute("UPDATE meta SET value = ?2 WHERE name = ?1", values![name, value.unwrap_or(0)])?;
    }
    to.batch(FOLLOWS)?;
    // Numbers are never used again, not even one that was withdrawn last.
    let last = "SELECT seq FROM sqlite_sequence WHERE name = 'numbers'";
    let last = from.row(last, values![], |row| row.get::<i64>("seq"))?.unwrap_or(0);
    let next = "SELECT setval(pg_get_serial_sequence('numbers', 'number'), ?1, FALSE) AS it";
    to.row(next, values![last + 1], |_| Ok(()))?;
    Ok(())
}

/// How many lines there are of an account, and the last of them.
#[derive(Default)]
struct ChainEnd {
    lines: i64,
    last: i64,
}

/// Copies the journal, and says of each account's lines how many they are.
fn copy_journal(from: Reader<'_>, to: &Connection) -> Result<HashMap<[u8; 16], ChainEnd>> {
    let mut chains: HashMap<[u8; 16], ChainEnd> = HashMap::new();
    copy_rows(from, to, &JOURNAL, |values| {
        let Some([account_version, other_version, account, other, Owned::Int(seq), ..]) =
            values.first_chunk_mut::<5>()
        else {
            return;
        };
        let mut version = |of: &Owned| {
            let Owned::Id(id) = of else { return Owned::Null(Kind::Int) };
            let chain = chains.entry(*id).or_default();
            // A line that an account caused itself is one line of it.
            chain.lines += i64::from(chain.last != *seq);
            chain.last = *seq;
            Owned::Int(chain.lines)
        };
        (*account_version, *other_version) = (version(account), version(other));
    })?;
    Ok(chains)
}

/// Adds to usage what its rows do not count yet.
fn count_the_rest(from: Reader<'_>, ids: Ids, to: &Connection) -> Result<()> {
    let mut numbers = Numbers::new(from);
    let mut sums: HashMap<RowKey, (UsageSum, i64)> = HashMap::new();
    let span = (usage::usage_through(from)?, snapshot::last_line(from)?);
    usage::each_entry(from, ids, span, None, |seq, quarter, family: AccountId, entry| -> Result<()> {
        let key = RowKey::of(quarter, family, entry, &mut numbers)?;
        let (sum, through) = match sums.get_mut(&key) {
            Some(known) => known,
            None => {
                let through = usage::row_through(from, &key)?;
                sums.entry(key).or_insert((UsageSum::default(), through))
            }
        };
        if seq > *through {
            sum.add(&UsageSum::of(entry));
        }
        Ok(())
    })?;
    for (key, (sum, _)) in sums.iter().filter(|(_, (sum, _))| sum.lines > 0) {
        usage::add(Reader::Postgres(to), key, sum)?;
    }
    Ok(())
}

/// Copies the rows of a table; `change` sees each before it is written.
fn copy_rows(
    from: Reader<'_>,
    to: &Connection,
    table: &Table,
    mut change: impl FnMut(&mut Vec<Owned>),
) -> Result<()> {
    let Table { name, columns, order } = table;
    let read: Vec<&str> = columns.iter().map(|it| it.1).collect();
    let read = format!("SELECT {} FROM {name} ORDER BY {order}", read.join(", "));
    let most = VALUES_MAX / columns.len();
    let mut waiting: Vec<Owned> = Vec::new();
    let mut rows = 0;
    from.each(&read, values![], |row| {
        let mut values = columns.iter().enumerate().map(|it| owned(row, it)).collect::<Result<Vec<_>>>()?;
        change(&mut values);
        waiting.append(&mut values);
        rows += 1;
        if rows == most {
            write(to, table, &waiting)?;
            waiting.clear();
            rows = 0;
        }
        Ok::<_, Fault>(())
    })?;
    if rows > 0 { write(to, table, &waiting) } else { Ok(()) }
}

fn write(to: &Connection, table: &Table, waiting: &[Owned]) -> Result<()> {
    let Table { name, columns, .. } = table;
    let names: Vec<&str> = columns.iter().map(|it| it.0).collect();
    let rows = (0..waiting.len() / columns.len()).map(|row| {
        let places = (1..=columns.len()).map(|column| format!("?{}", row * columns.len() + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    });
    let (names, rows) = (names.join(", "), rows.collect::<Vec<_>>().join(", "));
    let text = format!("INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE VALUES {rows}");
    let values: Vec<_> = waiting.iter().map(Owned::value).collect();
    to.execute(&text, &values).map(drop)
}

/// A value on its way.
enum Owned {
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(String),
    Id([u8; 16]),
    Bytes(Vec<u8>),
}

/// What stands in a column.
fn owned(row: Row<'_>, (place, column): (usize, &(&'static str, &'static str, Kind))) -> Result<Owned> {
    let (name, _, kind) = *column;
    Ok(match (kind, row.at::<Stored<'_>>(place, name)?) {
        (_, Stored::Null) => Owned::Null(kind),
        (Kind::Int, Stored::Int(integer)) => Owned::Int(integer),
        (Kind::Bool, Stored::Int(integer)) => Owned::Bool(integer != 0),
        (Kind::Text, Stored::Text(text)) => Owned::Text(text.to_owned()),
        (Kind::Id, Stored::Bytes(bytes)) => Owned::Id(bytes.try_into().map_err(|_| Fault::Misread(name))?),
        (Kind::Bytes, Stored::Bytes(bytes)) => Owned::Bytes(bytes.to_owned()),
        _ => return Err(Fault::Misread(name)),
    })
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null(kind) => Value::Null(*kind),
            Self::Int(integer) => Value::Int(*integer),
            Self::Bool(is_so) => Value::Bool(*is_so),
            Self::Text(text) => Value::Text(text),
            Self::Id(bytes) => Value::Id(*bytes),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}
