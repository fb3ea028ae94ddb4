//! A store that moves from a file to a database and back, and goes on at each place.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use ledger::{AccountId, Action, Amount, Command, LineId, OnExpiry, Once, Timestamp};
use tollgate::store::{
    AccountFilter, AuditFilter, EventFilter, Options, Result as Read, Snapshot, Store, Time, Whose, replay,
};

use super::commands::{self, Commands, at_millis};
use super::copied::{ALL, carry_out, copy};
use super::mixture::Oracle;
use super::{check, open, options};
use crate::ground::Ground;
use crate::server::Random;

/// What was written here and there is there after each move, and found by its id; and keys are remembered.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_moves_there_and_back_and_goes_on_at_each_place() {
    let mut random = Random::for_test("moved");
    let (mut oracle, mut commands) = (Oracle::new(), Commands::new(random.fork()));
    let mut ground = Ground::file();
    let mut lines: BTreeMap<LineId, String> = BTreeMap::new();
    let mut keyed: Option<(Command, Timestamp, LineId)> = None;
    for stay in 0..5 {
        let store = open(&ground);
        oracle.assert_is_in(&store);
        if let Some((command, at, line)) = keyed.take() {
            let again = store.execute(command, at).await.unwrap();
            assert_eq!(again.id, line, "the key is remembered in stay {stay}");
        }
        store.read_now(|snapshot| lead_to(snapshot, &lines)).unwrap();
        carry_out(&store, &mut oracle, &mut commands, &mut random, 60).await;
        let (account, at) = (900_000_000 + stay, commands.now());
        let opening = commands::open_primary(account, Amount::from_units(100));
        let opened = store.execute(opening.clone(), at).await;
        oracle.done(opening, at, opened);
        let account = AccountId::from_bytes(commands::uuid(account));
        let once = Once { key: "moved".into(), request: Some([9; 32]), sealed: None };
        let charge = Command { once: Some(once), ..commands::charge(950_000_000 + stay, account, 5) };
        let line = store.execute(charge.clone(), at).await;
        oracle.done(charge.clone(), at, line.clone());
        keyed = Some((charge, at, line.unwrap().id));
        lines.extend(store.read_now(all_lines).unwrap());
        let events = store.read_now(|it| it.events(&EventFilter::default(), 0, ALL)).unwrap();
        store.close();
        drop(store);
        let to = if stay % 2 == 0 { Ground::empty_database() } else { Ground::file() };
        let copied = tokio::task::spawn_blocking(move || (copy(&ground, &to, [7; 32]).unwrap(), to));
        let (copied, to) = copied.await.unwrap();
        assert_eq!(copied.replay.accounts, oracle.book.accounts().count());
        assert_eq!(copied.events, i64::try_from(events.len()).unwrap());
        let moved = open(&to);
        let said = moved.read_now(|it| it.events(&EventFilter::default(), 0, ALL)).unwrap();
        assert_eq!(format!("{events:?}"), format!("{said:?}"));
        for event in &events {
            let found = moved.read_now(|it| it.event(event.id)).unwrap().map(|it| it.seq);
            assert_eq!(found, Some(event.seq));
        }
        moved.close();
        drop(moved);
        check(&to);
        ground = to;
    }
    assert!(lines.len() > 500, "{}", lines.len());
}

/// All lines of all accounts by their ids.
fn all_lines(snapshot: &Snapshot<'_>) -> Read<BTreeMap<LineId, String>> {
    let mut lines = BTreeMap::new();
    for account in snapshot.accounts(&AccountFilter::default(), None, ALL)? {
        let of = snapshot.lines_of(account.id, None, ALL)?;
        lines.extend(of.into_iter().map(|it| (it.line.id, format!("{:?}", it.line))));
    }
    Ok(lines)
}

fn lead_to(snapshot: &Snapshot<'_>, lines: &BTreeMap<LineId, String>) -> Read<()> {
    for (id, line) in lines {
        let found = snapshot.line(*id)?.map(|it| format!("{:?}", it.line));
        assert_eq!(found.as_ref(), Some(line), "{id}");
    }
    assert_eq!(&all_lines(snapshot)?, lines);
    Ok(())
}

/// What four lanes have written at the same time stands in one order in a file, and goes by it.
#[tokio::test(flavor = "multi_thread")]
async fn what_several_nodes_have_written_is_right_in_a_file() {
    let database = Ground::empty_database();
    let of = |ground: &Ground| Options { lanes: 2, time: Time::OfDatabase, ..options(ground) };
    let nodes = {
        let (one, other) = (of(&database), of(&database));
        let open = || [one, other].map(|it| Store::open(it).unwrap());
        tokio::task::spawn_blocking(open).await.unwrap()
    };
    let now = Timestamp::default();
    let mut accounts = Vec::new();
    for n in 1..=6 {
        accounts.push(commands::opened(&nodes[0], n, Amount::from_units(700)).await);
    }
    let calls = (0..1_200_u64).map(|n| {
        let (node, at) = (nodes[usize::try_from(n % 2).unwrap()].clone(), usize::try_from(n % 6).unwrap());
        let charge = commands::charge(1_000_000 + n * 1_000, accounts[at], 5);
        tokio::spawn(async move { drop(node.execute(charge, now).await) })
    });
    join_all(calls.collect::<Vec<_>>()).await;
    let lines = nodes[1].read_now(all_lines).unwrap();
    let cursor = nodes[1].read_now(|it| trail(it, None)).unwrap().1.expect("there are more");
    let older = nodes[1].read_now(|it| trail(it, Some(cursor))).unwrap().0;
    nodes.iter().for_each(Store::close);
    let back = Ground::file();
    let (copied, back) = tokio::task::spawn_blocking(move || {
        let copied = copy(&database, &back, [7; 32]).unwrap();
        (copied, back)
    })
    .await
    .unwrap();
    assert!(copied.replay.lines > 800 && copied.events >= 6, "{copied:?}");
    let store = Store::open(of(&back)).unwrap();
    store.read_now(|snapshot| lead_to(snapshot, &lines)).unwrap();
    assert_eq!(store.read_now(|it| trail(it, Some(cursor))).unwrap().0, older, "a cursor of before");
    drop(store.execute(commands::charge(9_000_000, accounts[0], 1), at_millis(1)).await);
    store.close();
    check(&back);
}

/// A command whose lines fill a millisecond of its lane goes on in the next one, behind what others wrote; in a file its lines
/// stand together.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_goes_on_in_another_millisecond_stands_together_in_a_file() {
    let database = Ground::empty_database();
    let (one, other) = (options(&database), options(&database));
    let open = || [Store::open(one).unwrap(), Store::open(other).unwrap()];
    let [one, other] = tokio::task::spawn_blocking(open).await.unwrap();
    let mut accounts = Vec::new();
    for n in 1..=3 {
        accounts.push(commands::opened(&one, n, Amount::from_units(100_000)).await);
    }
    let sub = commands::opened_sharing(&one, 4, accounts[0]).await;
    let at = at_millis(5_000);
    for n in 0..3 {
        let hold = Action::Hold {
            account: sub,
            amount: Amount::from_units(1),
            lasts_ms: 60_000,
            on_expiry: OnExpiry::Release,
            operation: None,
            reference: None,
        };
        one.execute(Command { action: hold, ..commands::charge(10_000 + n, sub, 1) }, at).await.unwrap();
    }
    // Of 16,384 places two are left.
    for from in (3..16_382_u64).step_by(4_000) {
        let to = (from + 4_000).min(16_382);
        let charges = (from..to).map(|n| commands::charge(100_000 + n, accounts[1], 1)).collect();
        for answer in one.execute_many(charges, at).await.unwrap() {
            answer.unwrap();
        }
    }
    let close = Action::CloseAccount { account: sub, cascade: false };
    let closed =
        one.execute(Command { action: close, ..commands::charge(900_000, sub, 1) }, at).await.unwrap();
    let between = other.execute(commands::charge(990_000, accounts[2], 1), at).await.unwrap();
    let places = one.read_now(|it| Ok((it.line(closed.id)?, it.line(between.id)?))).unwrap();
    let (closed_at, between_at) = (places.0.unwrap().place, places.1.unwrap().place);
    assert!(between_at < closed_at, "the close has gone on behind it");
    let lines = one.read_now(all_lines).unwrap();
    [one, other].iter().for_each(Store::close);
    let back = tokio::task::spawn_blocking(move || {
        check(&database);
        let back = Ground::file();
        copy(&database, &back, [7; 32]).unwrap();
        back
    });
    let back = back.await.unwrap();
    let store = Store::open(options(&back)).unwrap();
    store.read_now(|snapshot| lead_to(snapshot, &lines)).unwrap();
    let places = store.read_now(|it| Ok((it.line(closed.id)?, it.line(between.id)?))).unwrap();
    assert!(places.0.unwrap().place < places.1.unwrap().place, "the close stands before it, whole");
}

/// Some lines of the audit trail, and where it goes on.
fn trail(snapshot: &Snapshot<'_>, cursor: Option<[u8; 16]>) -> Read<(Vec<LineId>, Option<[u8; 16]>)> {
    let all = AuditFilter { of: Whose::Everybody, kind: None, by: None, from: None, to: None };
    let page = snapshot.audit(&all, cursor, 50)?.expect("it is a cursor of ours");
    Ok((page.lines.iter().map(|it| it.line.id).collect(), page.next))
}

/// What contradicts itself is not copied, and what was changed in a copy is found.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_not_copied_and_found_in_a_copy() {
    let (file, database) = (Ground::file(), Ground::empty_database());
    for ground in [&file, &database] {
        let options = options(ground);
        let store = tokio::task::spawn_blocking(|| Store::open(options).unwrap()).await.unwrap();
        let account = commands::opened(&store, 1, Amount::from_units(100)).await;
        for n in 1..=20 {
            store.execute(commands::charge(10_000 * n, account, 5), at_millis(2_000)).await.unwrap();
        }
        store.close();
    }
    tokio::task::spawn_blocking(move || {
        let charge = "(SELECT seq FROM journal WHERE kind = 6 ORDER BY seq LIMIT 1 OFFSET 5)";
        for (of, damage, says) in [
            (
                &file,
                "DELETE FROM journal WHERE seq = :charge",
                "journal line 7 is not there; run tollgate check on it",
            ),
            (
                &database,
                "DELETE FROM journal WHERE seq = :charge",
                " was the last one of its account before it, which is line ",
            ),
            (
                &file,
                "UPDATE journal SET account_before = 2 WHERE seq = :charge",
                "journal line 7 says that line 2 was the last one",
            ),
            (
                &file,
                "UPDATE accounts SET balance = balance + 1",
                "what was copied is not right (account 00000001 (",
            ),
            (
                &database,
                "UPDATE accounts SET balance = balance + 1",
                "what was copied is not right (account 00000001 (",
            ),
            (
                &database,
                "UPDATE journal SET at = at + 1 WHERE seq = :charge",
                "its time is not that of its place",
            ),
            (&database, "DELETE FROM events", "the event that follows from it is not there"),
            (&file, "DELETE FROM events", "the event that follows from it is not there"),
        ] {
            let damaged = of.copy();
            assert!(
                damaged.sql().execute(&damage.replace(":charge", charge)) > 0,
                "{damage} changes nothing"
            );
            let to =
                if damaged.store_url().file().is_some() { Ground::empty_database() } else { Ground::file() };
            let refused = copy(&damaged, &to, [7; 32]).expect_err(damage).to_string();
            assert!(refused.contains(says), "{damage}: {refused}");
            copy(of, &to, [7; 32]).unwrap_or_else(|error| panic!("something was left by {damage}: {error}"));
        }
        let back = Ground::file();
        copy(&database, &back, [7; 32]).unwrap();
        for (damage, says) in [
            (
                "UPDATE places SET place = place + 16384 WHERE seq = :charge",
                "line 7 is wrong: its id belongs to another line",
            ),
            ("DELETE FROM places WHERE seq = :charge", "line 7 is wrong: its id belongs to another line"),
            ("DELETE FROM places", "line 1 is wrong: its id belongs to another line"),
            (
                "UPDATE journal SET at = at + 1 WHERE seq = :charge",
                "line 7 is wrong: its time is not that of its place",
            ),
            (
                "DELETE FROM journal WHERE seq = :charge",
                "line 8 is wrong: it follows line 6, so a line is missing",
            ),
            ("DELETE FROM events WHERE seq = 1", "event 1 is gone"),
            ("UPDATE events SET line = line - 1 WHERE seq = 1", "event"),
        ] {
            let damaged = back.copy();
            assert!(
                damaged.sql().execute(&damage.replace(":charge", charge)) > 0,
                "{damage} changes nothing"
            );
            let wrong = replay(&damaged.store_url(), &|_| true).expect_err(damage).to_string();
            assert!(wrong.contains(says), "{damage}: {wrong}");
        }
    })
    .await
    .unwrap();
}
