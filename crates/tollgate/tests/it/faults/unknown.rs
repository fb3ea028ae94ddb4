//! A commit of which nobody hears for so long that clients are told that nobody knows: the same request under the same key
//! tells the truth later.

use std::time::Duration;

use super::books::World;
use super::nodes::{Nodes, plain};
use super::rounds;
use crate::proxy::{Fault, Proxy, Then};
use crate::server::{Options, Random, Store};

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
