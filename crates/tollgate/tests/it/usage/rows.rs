//! The roll-ups' rows: a store from before there were any, and what `check` finds in them.

use std::path::Path;

use rusqlite::Connection;
use tollgate::store::replay;

use super::oracle::{self, Journal, Months, UTC, Usage};
use super::{BY_OPERATOR, House, Month};
use crate::ground::{Engine, Ground};

/// The schema before the roll-ups.
const BEFORE: [&str; 3] = [
    include_str!("../../../migrations/sqlite/0001_start.sql"),
    include_str!("../../../migrations/sqlite/0002_owned.sql"),
    include_str!("../../../migrations/sqlite/0003_prices.sql"),
];

/// Writes what a store holds as the third schema had it.
fn as_before(now: &Path, before: &Path) {
    let sql = Connection::open(before).unwrap();
    for schema in BEFORE {
        sql.execute_batch(schema).unwrap();
    }
    sql.execute("ATTACH ?1 AS now", [now.to_str().unwrap()]).unwrap();
    let texts = |query: &str| -> Vec<String> {
        let mut query = sql.prepare(query).unwrap();
        query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for table in
        texts("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        sql.execute_batch(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}"))
            .unwrap();
    }
    sql.execute_batch(
        "DELETE FROM meta WHERE name NOT IN ('key_mark', 'heads_through'); PRAGMA user_version = 3;
         PRAGMA journal_mode = WAL;",
    )
    .unwrap();
}

/// What was spent before there were roll-ups is in them after the first start.
#[tokio::test]
async fn a_store_from_before_the_roll_ups_is_counted_at_its_first_start() {
    let month = Month::at(House::on_file()).await;
    month.house.app.store().close();
    let before = Ground::file();
    as_before(&month.house.ground().data_file(), &before.data_file());
    let house = House::on(before);
    house.clock.advance(month.house.clock.now().millis() - house.clock.now().millis());

    let journal = Journal::read(&house.sql());
    let all = [&month.primary, &month.own, &month.shared, &month.closed].map(|it| it.id.to_string());
    let path = format!(
        "/api/v1/usage?account={}&include=children&group_by=day,account,operation&from=2026-01-01",
        month.primary.key
    );
    let mut usage = Usage::new();
    journal.rows.iter().for_each(|it| it.add_to(&mut usage, &UTC, (0, i64::MAX), &all));
    assert_eq!(oracle::usage_of(&house.get(&path, BY_OPERATOR).await.json()), usage);
    let path = format!("/api/v1/accounts/{}/statements/2026-02?format=csv", month.primary.key);
    let mut months = Months::new();
    journal.rows.iter().for_each(|it| it.add_to_month(&mut months, &UTC, "2026-02"));
    assert_eq!(
        oracle::months_of(house.get(&path, BY_OPERATOR).await.text()),
        oracle::without_nothing(months)
    );
    replay(&house.url(), &|_| true).unwrap();
}

#[tokio::test]
async fn check_finds_what_was_changed_in_the_roll_ups() {
    let month = Month::new().await;
    month.house.app.store().close();
    let one =
        "(quarter, account, moved_by, operation) = (SELECT quarter, account, moved_by, operation FROM usage
        WHERE operation = 'sms.send' AND measured = 2)";
    let mut said = Vec::new();
    let mut changes: Vec<_> = [
        "UPDATE usage SET low = low + 1",
        "UPDATE usage SET high = high + 1",
        "UPDATE usage SET lines = lines + 1",
        "UPDATE usage SET units_low = units_low - 1",
        "UPDATE usage SET measured = 0",
        "UPDATE usage SET operation = 'sms.sent'",
        "UPDATE usage SET payer = 1",
        "DELETE FROM usage",
        "UPDATE usage SET quarter = 1",
    ]
    .map(|it| format!("{it} WHERE {one}"))
    .into();
    if month.house.sql().engine() == Engine::Sqlite {
        // On PostgreSQL no row says how far it counts.
        changes.extend([
            format!("UPDATE usage SET through = 3 WHERE {one}"),
            "UPDATE usage SET through = 1000".to_owned(),
            "UPDATE meta SET value = 1000 WHERE name = 'usage_through'".to_owned(),
        ]);
    }
    for change in changes {
        let copy = month.house.ground().copy();
        assert!(copy.sql().execute(&change) > 0, "{change} changes nothing");
        let wrong = replay(&copy.store_url(), &|_| true).expect_err(&change).to_string();
        assert!(wrong.contains("usage"), "{change}: {wrong}");
        said.push(wrong);
    }
    assert!(
        said.iter()
            .any(|it| it.starts_with("journal line ") && it.ends_with("no roll-up of usage counts it"))
    );
}
