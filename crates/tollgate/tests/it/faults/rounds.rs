//! Faults under load, in one round after the other, of which none leaves a trace in the books.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::books::World;
use super::nodes::{Nodes, plain};
use super::rounds;
use crate::cluster::Cluster;
use crate::proxy::{Fault, Proxy, Then};
use crate::server::{Options, Random, Store, say};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_takes_nothing_along() {
    let random = Random::for_test("faults::kill");
    let store = Store::on_database();
    let nodes = Nodes::on(&store, 3);
    let mut world = World::open(&store, nodes, random, "killed").await;
    let mut broken = 0;
    for _ in 0..rounds(2, 20) {
        let counts = world.round(async |world, load| {
            load.goes_on(world.random.within(50..150)).await;
            // Not a wait for anything: it moves the kill away from the moment of an answer.
            tokio::time::sleep(Duration::from_micros(world.random.within(0..20_000))).await;
            let node = usize::try_from(world.random.within(0..3)).unwrap();
            world.nodes.kill(node);
            load.goes_on(50).await;
            world.nodes.start_again(node);
            load.goes_on(50).await;
        });
        broken += counts.await.nothing;
    }
    assert!(broken > 0, "no request was cut off by a kill");
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_stopped_at_once_and_started_again_has_kept_everything() {
    let random = Random::for_test("faults::stop");
    let cluster = Cluster::own(&[]);
    let store = Store::in_cluster(&cluster);
    let nodes = Nodes::on(&store, 3);
    let mut world = World::open(&store, nodes, random, "stopped").await;
    let account = world.nodes.api(0).open_with("1.00").await;
    for _ in 0..rounds(2, 20) {
        // So that every reader has connections, which do not live on.
        read_at_once(&world.nodes, &account.id).await;
        let counts = world.round(async |world, load| {
            load.goes_on(world.random.within(50..150)).await;
            load.without_service();
            let begun = Instant::now();
            cluster.stop();
            // Long enough for clients to be told, and now and then longer than anybody is patient.
            let away = *world.random.one_of(&[0, 100, 500, 2_000]);
            tokio::time::sleep(Duration::from_millis(away)).await;
            cluster.start();
            let away = begun.elapsed();
            read_at_once(&world.nodes, &account.id).await;
            load.goes_on(100).await;
            say(&format!("away for {away:?}, nothing was acknowledged for {:?}", load.without_service()));
        });
        counts.await;
    }
    world.end();
}

/// Whoever reads when the database is there has an answer, also where the connection of before is gone.
async fn read_at_once(nodes: &Nodes, account: &str) {
    let doors = nodes.doors();
    let reads = (0..doors.len() * 16).map(|nth| {
        let api = doors.of(nth);
        let account = account.to_owned();
        tokio::spawn(async move { drop(api.account(&account).await) })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_at_random_moments_and_at_commit_lose_and_double_nothing() {
    let mut random = Random::for_test("faults::cut");
    let store = Store::on_database();
    let database = store.ground().in_database();
    let mut proxies = Vec::new();
    let mut start = vec![plain(store.clone())];
    for _ in 0..2 {
        let mut random = random.fork();
        let mut connections = 0;
        let proxy = Proxy::start(database.cluster().port(), move || {
            connections += 1;
            // The first ones are those of a node that starts, which may give up.
            if connections < 8 { at_commit(&mut random, 5..60) } else { anywhere(&mut random) }
        });
        start.push(plain(store.at(database.url_at(proxy.port()))));
        proxies.push(proxy);
    }
    let nodes = Nodes::start(start);
    let mut world = World::open(&store, nodes, random, "cut").await;
    for _ in 0..rounds(2, 20) {
        let cuts = || proxies.iter().map(|it| it.seen().cut).sum::<u64>();
        let enough = cuts() + 20;
        let counts = world.round(async |world, load| {
            load.goes_on(100).await;
            while cuts() < enough {
                let then = at_commit_then(&mut world.random);
                world.random.one_of(&proxies).at_next_commit(then);
                load.goes_on(20).await;
            }
            load.goes_on(50).await;
        });
        counts.await;
        say(&format!("{} connections were cut", cuts()));
    }
    world.end();
}

fn anywhere(random: &mut Random) -> Fault {
    if random.within(0..3) == 0 { Fault::Bytes(random.within(1..400_000)) } else { at_commit(random, 1..60) }
}

fn at_commit(random: &mut Random, nth: std::ops::Range<u64>) -> Fault {
    let nth = random.within(nth);
    Fault::Commit(nth, at_commit_then(random))
}

fn at_commit_then(random: &mut Random) -> Then {
    let time = Duration::from_millis(random.within(1..300));
    *random.one_of(&[Then::CutBefore, Then::CutAfter, Then::Hold(time), Then::CutAndHold(time)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_in_the_middle_of_a_batch_holds_nobody_up_for_long() {
    let random = Random::for_test("faults::still");
    let store = Store::on_database();
    let nodes = Nodes::on(&store, 3);
    let mut world = World::open(&store, nodes, random, "still").await;
    for _ in 0..rounds(2, 20) {
        let counts = world.round(async |world, load| {
            load.goes_on(world.random.within(50..150)).await;
            load.without_service();
            world.nodes.signal(1, Signal::SIGSTOP);
            load.goes_on(200).await;
            world.nodes.signal(1, Signal::SIGCONT);
            let outage = load.without_service();
            say(&format!("nothing was acknowledged for {outage:?}"));
            // The database ends a transaction that stands still after 3 seconds, and then that of the node's other lane.
            assert!(outage < Duration::from_secs(10), "{outage:?}");
            load.goes_on(50).await;
        });
        counts.await;
    }
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_whose_clocks_are_five_minutes_apart_keep_one_ledger() {
    let random = Random::for_test("faults::clocks");
    let store = Store::on_database();
    let nodes = Nodes::start(vec![plain(store.clone()), in_time(&store, "+300s"), in_time(&store, "-300s")]);
    let mut world = World::open(&store, nodes, random, "clocks").await;
    let account = world.nodes.api(0).open_with("10.00").await;
    let hold = serde_json::json!({ "account": account.id, "amount": "1.00", "expires_in": 200 });
    let hold = world.nodes.api(0).post("/api/v1/holds", hold).await.expect(201);
    for _ in 0..rounds(2, 20) {
        let counts = world.round(async |world, load| {
            load.goes_on(world.random.within(100..200)).await;
            let node = usize::try_from(world.random.within(0..3)).unwrap();
            world.nodes.kill(node);
            load.goes_on(50).await;
            world.nodes.start_again(node);
            load.goes_on(50).await;
        });
        counts.await;
    }
    // Lines are of the database's time, whoever wrote them, and nobody has ended a hold before that.
    let early = "SELECT COUNT(*) FROM journal WHERE at NOT BETWEEN
         (SELECT MIN(at) FROM journal WHERE kind = 1) AND EXTRACT(EPOCH FROM clock_timestamp()) * 1000";
    assert_eq!(store.sql().number(early), 0);
    let first = "SELECT EXTRACT(EPOCH FROM clock_timestamp()) * 1000 - MIN(at) < 270000 FROM journal";
    let is_soon = store.sql().number(first) == 1;
    for node in 0..3 {
        let answer =
            world.nodes.api(node).get(&format!("/api/v1/holds/{}", hold["id"].as_str().unwrap())).await;
        let status = answer.expect(200)["status"].clone();
        assert!(!is_soon || status == "open", "at node {node}: {status}");
    }
    world.end();
}

/// A node whose clock is so far off.
fn in_time(store: &Store, offset: &str) -> Box<dyn Fn() -> Options + Send + Sync> {
    let (store, offset) = (store.clone(), offset.to_owned());
    Box::new(move || {
        // What measures spans of time goes as everybody's does.
        let under = ["faketime", "-m", "--exclude-monotonic", "-f", &offset].map(str::to_owned).to_vec();
        Options { under, ..Options::on(&store) }
    })
}
