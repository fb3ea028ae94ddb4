//! A crash may leave any part of the WAL behind. Whatever it leaves, the store opens, is clean, and holds a prefix of the
//! journal.

use std::fs::{self, OpenOptions};

use tokio::task::JoinSet;

use crate::server::{Api, Options, Random, Server, Store, cents, long};

/// The header of a WAL and of each of its frames (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).
const WAL_HEADER: u64 = 32;
const FRAME: u64 = 24 + 4096;

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_its_wal_cut_anywhere_holds_a_prefix_of_its_journal() {
    let mut random = Random::for_test("wal_cut");
    let store = Store::on_file();
    // A clean stop moves the schema and the first accounts out of the WAL, so that a cut at 0 leaves a store too.
    let server = Server::start(Options::on(&store));
    server.api().open_with("1.00").await;
    server.stop();
    let server = Server::start(Options::on(&store));
    let folded = fs::read(store.file()).unwrap();
    write_something_of_everything(&server.api()).await;
    server.kill();
    // What is folded into the file was synced in the WAL before: no crash takes it out of there again, nor may a cut.
    assert!(fs::read(store.file()).unwrap() == folded, "the WAL was folded, so no cut of it is a crash");

    let whole = store.copy().journal();
    let size = fs::metadata(store.wal()).expect("a killed server leaves its WAL").len();
    let mut lengths = Vec::new();
    for offset in offsets(&mut random, size, if long() { 200 } else { 40 }) {
        let cut = store.copy();
        OpenOptions::new().write(true).open(cut.wal()).unwrap().set_len(offset).unwrap();
        cut.assert_clean(&format!("with the WAL cut at {offset} of {size}"));
        let lines = cut.journal();
        assert!(whole.starts_with(&lines), "cut at {offset} of {size}: no prefix of the journal");
        lengths.push(lines.len());
        if lengths.len() % 10 == 0 {
            let server = Server::start(Options::on(&cut));
            server.api().open_with("1.00").await;
            server.stop();
            assert!(cut.journal().starts_with(&lines), "cut at {offset} of {size}: the start lost lines");
        }
    }
    lengths.sort_unstable();
    lengths.dedup();
    assert!(lengths.len() > 10, "the cuts hardly differ: {lengths:?} of {}", whole.len());
    assert_eq!(lengths.last(), Some(&whole.len()), "the uncut WAL holds all");
}

/// A first start that a crash cut short must not be the last.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_first_start_was_cut_short_starts() {
    let mut random = Random::for_test("first_start_cut");
    let store = Store::on_file();
    let server = Server::start(Options::on(&store));
    server.api().open_with("1.00").await;
    server.kill();
    let size = fs::metadata(store.wal()).expect("a killed server leaves its WAL").len();
    for offset in offsets(&mut random, size, 8) {
        let cut = store.copy();
        OpenOptions::new().write(true).open(cut.wal()).unwrap().set_len(offset).unwrap();
        let server = Server::start(Options::on(&cut));
        server.api().open_with("1.00").await;
        server.stop();
        cut.assert_clean(&format!("with the first WAL cut at {offset} of {size}"));
    }
}

/// Anywhere, and the places where it matters most: nothing, all, and next to the borders of frames.
fn offsets(random: &mut Random, size: u64, count: usize) -> Vec<u64> {
    let frames = (size - WAL_HEADER) / FRAME;
    let mut offsets = vec![size, 0, 1, WAL_HEADER - 1, WAL_HEADER];
    while offsets.len() < count {
        let border = WAL_HEADER + FRAME * random.within(0..frames + 1);
        let offset = match random.within(0..4) {
            0 => border,
            1 => border.saturating_sub(1),
            2 => border + 1,
            _ => random.within(0..size + 1),
        };
        offsets.push(offset.min(size));
    }
    offsets
}

/// Commits of one line and of many, of every kind of record.
async fn write_something_of_everything(api: &Api) {
    let primary = api.open_with("1000.00").await;
    let mut charges = JoinSet::new();
    for number in 0..20 {
        let own = api.open_sub(&primary, "own").await;
        let shared = api.open_sub(&primary, "shared").await;
        api.give(&primary, &own, "10.00").await;
        for charge in 0..20 {
            for account in [&own, &shared] {
                let (api, account) = (api.clone(), account.clone());
                let (amount, key) = (cents(charge + 1), format!("cut-{number}-{charge}-{}", account.id));
                charges.spawn(async move { api.charge(&account, &amount, &key).await.expect(201) });
            }
        }
        // Half of the families' charges run while the next ones are opened.
        if number % 2 == 0 {
            while let Some(charge) = charges.join_next().await {
                charge.unwrap();
            }
        }
    }
    charges.join_all().await;
}
