//! Commits whose answers are lost: for so long that clients are told that nobody knows, and the same request under the same key
//! tells the truth later; or for a moment, of which no client hears.

use std::time::{Duration, Instant};

use serde_json::json;

use super::books::World;
use super::nodes::{Nodes, plain};
use super::rounds;
use crate::proxy::{Fault, Proxy, Then};
use crate::server::{DEADLINE, Options, Random, Store, send, text};

/// For how long a node asks what became of a commit, in milliseconds.
const RESOLVE_MS: &str = "300";
/// How often the database leaves until it has done so while somebody commits what clients wait for.
const LEAVES_MAX: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_long_during_a_commit_makes_the_outcome_unknown_and_the_key_tells_it() {
    let random = Random::for_test("faults::unknown");
    let store = Store::on_database();
    let database = store.ground().in_database();
    let proxy = Proxy::start(database.cluster().port(), || Fault::Nothing);
    let behind = store.at(database.url_at(proxy.port()));
    let nodes = Nodes::start(vec![
        plain(store.clone()),
        Box::new(move || Options::on(&behind).arg("--store-resolve-ms").arg(RESOLVE_MS)),
    ]);
    let mut world = World::open(&store, nodes, random, "unknown").await;
    let mut unknown = 0;
    for round in 0..rounds(2, 20) {
        let counts = world.round(async |world, load| {
            for _ in 0..LEAVES_MAX {
                load.goes_on(world.random.within(20..60)).await;
                let before = (load.unknown(), world.nodes.log().matches("cannot be written").count());
                proxy.at_next_commit(Then::Leave { reaches: round % 2 == 0 });
                let is_said = || {
                    let log = world.nodes.log();
                    load.unknown() > before.0
                        || log.matches("cannot be written").count() > before.1
                        || log.matches("cannot be reached").count() > 0
                };
                load.until("a node says that the database is away", is_said).await;
                // What was sent to the node when it went away is answered by now, or a moment later.
                tokio::time::sleep(Duration::from_millis(400)).await;
                proxy.come_back();
                if load.unknown() > before.0 {
                    break;
                }
            }
            load.goes_on(100).await;
        });
        unknown += counts.await.unknown;
    }
    assert!(unknown > 0, "nobody was told that nobody knows");
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_until_others_have_buried_its_lanes_begins_anew() {
    let random = Random::for_test("faults::buried");
    let store = Store::on_database();
    let database = store.ground().in_database();
    let proxy = Proxy::start(database.cluster().port(), || Fault::Nothing);
    let nodes = Nodes::start(vec![plain(store.clone()), plain(store.at(database.url_at(proxy.port())))]);
    let mut world = World::open(&store, nodes, random, "buried").await;
    let sql = store.sql();
    for round in 0..rounds(1, 5) {
        let counts = world.round(async |world, load| {
            load.goes_on(world.random.within(50..100)).await;
            proxy.at_next_commit(Then::Leave { reaches: round % 2 == 0 });
            let dead = || sql.number("SELECT COUNT(*) FROM lanes WHERE died_at IS NOT NULL") == 2;
            load.until("its lanes are seen to be dead", dead).await;
            sql.execute(
                "UPDATE lanes SET died_at = died_at - INTERVAL '2 minutes' WHERE died_at IS NOT NULL",
            );
            load.until("they are buried", || sql.number("SELECT COUNT(*) FROM lanes") == 2).await;
            proxy.come_back();
            let begun = Instant::now();
            let (api, account) = (world.nodes.api(1), world.nodes.api(0).open_with("1.00").await);
            while api.charge(&account, "0.01", &format!("anew-{round}")).await.status == 503 {
                assert!(begun.elapsed() < DEADLINE, "it does not write again");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            load.goes_on(50).await;
        });
        counts.await;
    }
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_made_by_a_commit_whose_answer_was_lost_is_let_in_at_once() {
    let store = Store::on_database();
    let database = store.ground().in_database();
    let proxy = Proxy::start(database.cluster().port(), || Fault::Nothing);
    let nodes = Nodes::start(vec![plain(store.at(database.url_at(proxy.port())))]);
    let api = nodes.api(0);
    let late = Then::CutAndHold(Duration::from_millis(100));
    // The database does not wait for that, and the batch is decided again.
    let too_late = Then::CutAndHold(Duration::from_secs(6));
    for (then, times) in [(Then::CutAfter, 3), (late, 3), (Then::CutBefore, 3), (too_late, 1)] {
        for _ in 0..times {
            proxy.at_next_commit(then);
            let made = api.post("/api/v1/tokens", json!({ "scope": "operator" })).await.expect(201);
            let asked = api.bare("GET", "/api/v1/tokens").bearer_auth(text(&made["token"]));
            assert_eq!(send(asked).await.unwrap().status, 200, "{then:?}");
        }
    }
    assert!(proxy.seen().cut >= 9, "{:?}", proxy.seen());
    nodes.stop();
    store.assert_clean("at the end");
}
