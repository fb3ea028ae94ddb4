//! A store that moves from a file to a database and back, and goes on at each place.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use ledger::{AccountId, Amount, Command, LineId, Once, Timestamp};
use tollgate::store::{AccountFilter, EventFilter, Options, Result as Read, Snapshot, Store, Time};

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
    drop(store.execute(commands::charge(9_000_000, accounts[0], 1), at_millis(1)).await);
    store.close();
    check(&back);
}
