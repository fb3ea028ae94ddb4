//! A primary database that is gone for good under load, and a synchronous standby in its place.

use std::time::{Duration, Instant};

use super::books::World;
use super::nodes::{Nodes, plain};
use super::rounds;
use crate::cluster::Cluster;
use crate::server::{Random, Store, poll, say};

#[tokio::test(flavor = "multi_thread")]
async fn when_the_primary_is_killed_and_its_standby_promoted_nodes_go_on_and_nothing_is_lost() {
    let mut random = Random::for_test("faults::standby");
    let mut outages = Vec::new();
    for _ in 0..rounds(1, 5) {
        outages.push(fails_over(random.fork()).await);
    }
    outages.sort_unstable();
    say(&format!("no write was acknowledged for {outages:?}"));
}

/// For how long nothing was acknowledged.
async fn fails_over(random: Random) -> Duration {
    let primary = Cluster::own(&[]);
    let store = Store::in_cluster(&primary);
    let standby = primary.standby();
    let administration = primary.template();
    administration.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    administration.sql("SELECT pg_reload_conf()");
    let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    poll(|| (administration.sql(follows) == "1").then_some(())).expect("the standby follows");

    let database = store.ground().in_database();
    let both = store.at(database.url_among(&[primary.port(), standby.port()]));
    let nodes = Nodes::start((0..3).map(|_| plain(both.clone())).collect());
    let mut world = World::open(&both, nodes, random, "standby").await;
    world.database = database.url_at(standby.port());
    let mut outage = Duration::ZERO;
    let counts = world.round(async |world, load| {
        load.goes_on(world.random.within(100..200)).await;
        load.without_service();
        let killed_at = Instant::now();
        primary.kill();
        let gone = killed_at.elapsed();
        standby.promote();
        let promoted = killed_at.elapsed();
        load.goes_on(200).await;
        outage = load.without_service();
        say(&format!(
            "killed within {gone:?}, promoted after {promoted:?}, nothing was acknowledged for {outage:?}"
        ));
    });
    let counts = counts.await;
    assert!(counts.done > 300, "{counts:?}");
    world.end();
    outage
}
