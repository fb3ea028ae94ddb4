//! How much is looked at for an answer, how long what is new stays out of the roll-ups, and where these come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::{Amount, BalanceMode};
use tollgate::app::{Usage, UsageBy, UsageFilter};
use tollgate::calendar::Zone;
use tollgate::store::{UsageWork, replay};

use super::oracle::{self, Journal, UTC};
use super::{House, OPERATOR, Opening, at, charge, utc};
use crate::server::{Options, Random, Server, Store, poll};

async fn usage(house: &House, account: &Opening) -> Usage {
    let (from, to) = (utc("2026-01-01T00:00:00Z"), utc("2026-04-01T00:00:00Z"));
    let by = UsageBy { day: true, operation: true, account: true };
    let (account, zone) = (account.id, Zone::UTC);
    let filter = UsageFilter { account, children: true, from, to, zone, by, after: None, limit: 1_000 };
    house.app.usage(OPERATOR, filter).await.unwrap()
}

/// A file whose journal has a million charges, of 40 days, and no roll-up of them.
async fn million() -> (House, Opening) {
    let house = House::on_file();
    at(&house, "2026-02-01T00:00:00Z");
    let primary = house.primary("Primary", "1000000").await;
    charge(&house, &primary, "0.00000003", Some("sms.send"), Some("2")).await;
    house.app.store().close();
    house.sql().execute(
        "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 999999)
         INSERT INTO journal (seq, at, kind, id, caller, by_credential, family, account, account_before, balance_change,
           credit_change, held_change, balance, credit_limit, held, operation, units, marks)
         SELECT seq + n, at + n * 3456, kind, id, caller, by_credential, family, account, account_before,
           balance_change, credit_change, held_change, balance, credit_limit, held, operation, units, marks
         FROM more, (SELECT * FROM journal ORDER BY seq DESC LIMIT 1);
         DELETE FROM usage; DELETE FROM meta WHERE name = 'usage_through';",
    );
    (house.copy(), primary)
}

/// What is asked of a million lines is read from some thousand rows, and from no line.
#[tokio::test(flavor = "multi_thread")]
async fn usage_of_a_million_lines_is_read_from_the_roll_ups() {
    let (house, primary) = million().await;
    let usage = usage(&house, &primary).await;
    assert_eq!((usage.total.charges, usage.total.charged.units()), (1_000_000, 3_000_000));
    assert_eq!(usage.total.units.shortest(), "2000000");
    assert_eq!(usage.groups.len(), 40, "days");
    // Of 40 days, 96 quarters of an hour each; the one at the end begins the last search.
    let UsageWork { searches, rows, lines } = usage.work;
    assert_eq!((rows, lines), (40 * 96, 0));
    assert!(searches <= rows + 1, "{searches} searches for {rows} rows");
}

/// Charges of a few accounts and operations, many at a time.
async fn charge_many(house: &House, accounts: &[Opening], count: u64) {
    let charges = (0..count).map(|n| {
        let account = &accounts[usize::try_from(n).unwrap() % accounts.len()];
        let (app, account) = (house.app.clone(), account.id);
        let operation = Some(format!("operation.{}", n % 7).into());
        let amount = Amount::from_units(i64::try_from(n % 100 + 1).unwrap());
        let new = tollgate::app::NewCharge {
            account,
            amount,
            operation,
            units: None,
            reference: None,
            force: false,
        };
        tokio::spawn(async move { app.charge(OPERATOR, None, new).await.unwrap() })
    });
    for charge in charges.collect::<Vec<_>>() {
        charge.await.unwrap();
    }
}

/// Whatever goes on, a reader looks through few lines, and none is counted twice or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_written_to_the_roll_ups_before_it_is_too_much_to_look_through() {
    // Of a file, which gathers it until there is enough; a lane of PostgreSQL writes it each second.
    let house = House::on_file();
    at(&house, "2026-02-01T00:00:00Z");
    let primary = house.primary("Primary", "1000000").await;
    let mut accounts = vec![primary.clone()];
    for n in 0..40 {
        let mode = if n % 2 == 0 { BalanceMode::Shared } else { BalanceMode::Own };
        let account = house.subaccount(&primary, &format!("Subaccount {n}"), mode).await;
        if mode == BalanceMode::Own {
            house.transfer(ledger::TransferKind::Credit, &primary, (&primary, &account), "1").await;
        }
        accounts.push(account);
    }
    let mut most = 0;
    for _ in 0..18 {
        house.clock.advance(7 * 60 * 1_000);
        charge_many(&house, &accounts, 4_000).await;
        let usage = usage(&house, &primary).await;
        most = most.max(usage.work.lines);
        assert_is_the_journals(&house, &usage, &accounts);
        // In the midst of writing them, too.
        replay(&house.url(), &|_| true).unwrap();
    }
    // Half again as many as are gathered, and the last batch.
    assert!(most > 2_000 && most <= 32_768 * 3 / 2 + 4_000, "{most} lines were looked through");
    // A copy as a crash leaves it has to count the rest when it is opened.
    let again = house.copy();
    let counted = usage(&again, &primary).await;
    assert_eq!(counted.work.lines, 0);
    assert_is_the_journals(&again, &counted, &accounts);
    replay(&again.url(), &|_| true).unwrap();
}

fn assert_is_the_journals(house: &House, usage: &Usage, accounts: &[Opening]) {
    let journal = Journal::read(&house.sql());
    let all: Vec<_> = accounts.iter().map(|it| it.id.to_string()).collect();
    let mut expected = oracle::Usage::new();
    journal.rows.iter().for_each(|it| it.add_to(&mut expected, &UTC, (0, i64::MAX), &all));
    let said = usage.groups.iter().map(|(group, spent)| {
        let day = group.day.unwrap().to_string();
        let operation = group.operation.clone().unwrap().unwrap_or_default().to_string();
        let sums = [
            spent.charged.units(),
            i128::from(spent.charges),
            spent.reversed.units(),
            i128::from(spent.reversals),
            spent.units.units(),
        ];
        ((day, group.account.unwrap().to_string(), operation), sums)
    });
    assert_eq!(said.collect::<oracle::Usage>(), expected);
}

/// Sums that no column of SQLite could hold, for it would make a float of them.
#[tokio::test(flavor = "multi_thread")]
async fn sums_are_exact_beyond_what_an_amount_holds() {
    let house = House::new();
    at(&house, "2026-02-01T00:00:00Z");
    let primary = house.primary("Primary", "0").await;
    // Ten times as much as an amount can be, and one unit each time.
    for _ in 0..100 {
        house.pay(&primary, "10000000000").await;
        charge(&house, &primary, "9999999999.99999999", Some("big"), Some("90000000000.00000001")).await;
    }
    for again in [false, true] {
        let closed = again.then(|| {
            house.app.store().close();
            house.copy()
        });
        let house = closed.as_ref().unwrap_or(&house);
        let usage = usage(house, &primary).await;
        assert_eq!(usage.total.charged.to_string(), "999999999999.999999");
        assert_eq!(usage.total.units.shortest(), "9000000000000.000001");
        replay(&house.url(), &|_| true).unwrap();
    }
}

/// Killed again and again under load, it says what its journal says.
#[tokio::test(flavor = "multi_thread")]
async fn after_kills_usage_is_the_journals() {
    let mut random = Random::for_test("usage after kills");
    let store = Store::new();
    for round in 0..3 {
        let server = Server::start(Options::on(&store));
        let api = server.api();
        let primary = api.open_with("1000000.00").await;
        let sub = api.open_sub(&primary, "shared").await;
        let answered = Arc::new(AtomicU64::new(0));
        let mut charging = tokio::task::JoinSet::new();
        for client in 0..8 {
            let answered = answered.clone();
            let (api, account) = (api.clone(), if client % 2 == 0 { primary.clone() } else { sub.clone() });
            charging.spawn(async move {
                for n in 0.. {
                    let key = format!("{round} {client} {n}");
                    let charge = crate::server::Charge::new(&account.id, "0.01", &key);
                    if api.send(&charge).await.is_err() {
                        break;
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let enough = random.within(100..1_500);
        let is_enough = || (answered.load(Ordering::SeqCst) >= enough).then_some(());
        tokio::task::block_in_place(|| poll(is_enough)).expect("charges are answered");
        server.kill();
        while charging.join_next().await.is_some() {}
        store.assert_clean(&format!("after kill {round}"));

        let server = Server::start(Options::on(&store));
        let api = server.api();
        let path = format!("/api/v1/usage?account={}&include=children", primary.id);
        let said = api.get(&path).await.expect(200);
        let sql = store.sql();
        let family = sql.id(uuid::Uuid::parse_str(&primary.id).unwrap().as_bytes());
        let charges = format!(
            "SELECT COUNT(*), -SUM(balance_change) FROM journal WHERE kind = 6 AND family = {family}"
        );
        let [charges, charged] = [0, 1].map(|it| sql.row(&charges)[it].parse::<i64>().unwrap());
        assert!(charges > 0);
        assert_eq!(said["total"]["charges"].to_string(), charges.to_string());
        assert_eq!(crate::server::units(said["total"]["charged"].as_str().unwrap()), charged);
        server.stop();
    }
}
