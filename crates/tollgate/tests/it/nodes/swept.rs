//! What comes to its end while several nodes could end it.

use std::time::Duration;

use serde_json::json;
use tollgate::app::{App, Settings};
use tollgate::clock::Clock;
use tollgate::random::Random;
use tollgate::seal::Keyring;
use tollgate::store::{self, Options};

use super::{Nodes, counts, eventually};
use crate::server::{self, Account, Server, Store, say, text};

const HOLDS: usize = 50;
/// The lines that end a hold for its time is over.
const ENDINGS: &str = "SELECT COUNT(*) FROM journal WHERE kind = 12";

/// Places holds by turns on these nodes, which all end at about the same time.
async fn place(nodes: &[&Server], account: &Account, count: usize) -> Vec<String> {
    let mut holds = Vec::new();
    for nth in 0..count {
        let policy = if nth % 3 == 0 { "capture" } else { "release" };
        let body = json!({ "account": account.id, "amount": "0.10", "expires_in": 2, "on_expiry": policy });
        let placed = nodes[nth % nodes.len()].api().post("/api/v1/holds", body).await.expect(201);
        holds.push(text(&placed["id"]));
    }
    holds
}

/// Waits until each has ended, and demands that each did so once.
async fn have_ended(store: &Store, node: &Server, holds: &[String], of_all: usize) {
    counts(store, "SELECT COUNT(*) FROM holds WHERE ended_at IS NULL", 0);
    for (nth, hold) in holds.iter().enumerate() {
        let hold = node.api().get(&format!("/api/v1/holds/{hold}")).await.expect(200);
        assert_eq!(hold["status"], if nth % 3 == 0 { "captured" } else { "expired" }, "{hold}");
    }
    assert_eq!(store.sql().number(ENDINGS), i64::try_from(of_all).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hold_is_ended_once_whatever_node_does_it_and_when_one_is_gone() {
    let mut nodes = Nodes::start(|it| it);
    let account = nodes.node(0).api().open_with("100").await;
    let holds = place(&[nodes.node(0), nodes.node(1)], &account, HOLDS).await;
    have_ended(&nodes.store, nodes.node(1), &holds, HOLDS).await;

    // The one whose turn it is does not come back; the other one waits for nobody.
    let holds = place(&[nodes.node(0), nodes.node(1)], &account, HOLDS).await;
    nodes.servers.remove(0).kill();
    have_ended(&nodes.store, nodes.node(0), &holds, 2 * HOLDS).await;
    let late = nodes.store.sql().number("SELECT MAX(ended_at - expires_at) FROM holds");
    say(&format!("the last hold was ended {late} ms after its time"));
    assert!(late < 10_000, "{late} ms");
    let account = nodes.node(0).api().account(&account.id).await;
    assert_eq!((account["held"].as_str(), account["balance"].as_str()), (Some("0.00"), Some("96.60")));
    nodes.end();
}

/// A node of which only the ending is there: it looks for what is due when it is told.
fn sweeper(store: &Store) -> App {
    let keyring = Keyring::open(&store.key_file(), false, &Random::System).unwrap();
    let options = Options::new(store.ground().store_url(), *keyring.mark());
    let opened = store::Store::open(options).unwrap();
    App::new(opened, keyring, Clock::System, Random::System, Settings::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_end_at_the_same_moment_is_ended_once() {
    let store = Store::on_database();
    let server = Server::start(server::Options::on(&store));
    let account = server.api().open_with("100").await;
    place(&[&server], &account, HOLDS).await;
    server.stop();
    let [one, other] = [sweeper(&store), sweeper(&store)];
    eventually("they are due", async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let due = one.store().read(|it| it.due_holds(Clock::System.now(), HOLDS)).await.unwrap();
        due.len() == HOLDS
    })
    .await;
    let (here, there) = tokio::join!(one.expire_due_holds(), other.expire_due_holds());
    assert_eq!((here, there), (Ok(()), Ok(())));
    assert_eq!(store.sql().number(ENDINGS), i64::try_from(HOLDS).unwrap());
    for app in [one, other] {
        assert_eq!(app.health().failed, 0, "a batch of one made one of the other fail");
        app.store().close();
    }
    store.assert_clean("after both");
}
