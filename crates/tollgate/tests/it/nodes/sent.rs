//! Events that one of several nodes sends, and another one when that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{Nodes, eventually};
use crate::server::{Api, Options, Server, say, send, text};
use crate::webhooks::receiver::{Behaviour, Receiver};

fn nodes() -> Nodes {
    Nodes::start(options)
}

fn options(plain: Options) -> Options {
    plain.arg("--webhook-allow-local").arg("--metrics-listen").arg("127.0.0.1:0")
}

async fn listening(api: &Api, receiver: &Receiver) -> String {
    let made = api.post("/api/v1/webhooks", json!({ "url": receiver.url() })).await.expect(201);
    text(&made["id"])
}

/// Opens so many accounts, by turns on these nodes; each has two events.
async fn open(nodes: &[&Server], count: usize) {
    for nth in 0..count {
        nodes[nth % nodes.len()].api().open_with("5.00").await;
    }
}

/// The ids of the events that were taken.
fn taken(receiver: &Receiver) -> BTreeSet<String> {
    receiver.taken().iter().map(|it| it.headers["webhook-id"].clone()).collect()
}

/// How often each event came.
fn times(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for it in receiver.received() {
        *times.entry(it.headers["webhook-id"].clone()).or_default() += 1;
    }
    times
}

/// Of each account the first event before the second.
fn are_in_order(receiver: &Receiver) {
    let mut of_accounts = BTreeMap::<String, Vec<String>>::new();
    for it in receiver.taken() {
        let event: Value = serde_json::from_str(&it.body).unwrap();
        let kinds = of_accounts.entry(text(&event["data"]["account"])).or_default();
        if !kinds.contains(&text(&event["type"])) {
            kinds.push(text(&event["type"]));
        }
    }
    for (account, kinds) in of_accounts {
        assert_eq!(kinds, ["account.opened", "available.recovered"], "of {account}");
    }
}

/// Waits until of all that was sent it is known that it was taken.
async fn none_is_pending(node: &Server, webhook: &str) {
    let path = format!("/api/v1/webhooks/{webhook}/deliveries?state=pending");
    eventually("all are known to be taken", async || {
        node.api().get(&path).await.expect(200)["deliveries"] == json!([])
    })
    .await;
}

/// What a node says of itself.
async fn metric(server: &Server, name: &str) -> i64 {
    let url = server.said("metrics on ");
    let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_sent_once_wherever_it_came_from_and_again_wherever_that_is_asked_for() {
    let receiver = Receiver::start(|_| Behaviour::Answer(200)).await;
    let nodes = nodes();
    let [one, other] = [nodes.node(0), nodes.node(1)];
    let webhook = listening(&other.api(), &receiver).await;
    open(&[one, other], 50).await;
    eventually("all events are taken", async || taken(&receiver).len() >= 100).await;
    let path = format!("/api/v1/webhooks/{webhook}/deliveries");
    none_is_pending(other, &webhook).await;
    // What comes after them comes after whatever would have been sent twice.
    open(&[other], 1).await;
    eventually("the last are taken", async || taken(&receiver).len() >= 102).await;
    assert_eq!(receiver.received().len(), 102);
    are_in_order(&receiver);

    // Asked for on any node, an event is sent once more.
    let listed = one.api().get(&path).await.expect(200);
    let event = text(&listed["deliveries"][0]["event"]);
    for (nth, node) in [other, one, other].into_iter().enumerate() {
        let resend = format!("{path}/{event}/resend");
        node.api().post(&resend, json!({})).await.expect(200);
        eventually("it comes once more", async || times(&receiver)[&event] == 2 + nth).await;
        none_is_pending(one, &webhook).await;
    }
    assert_eq!(receiver.received().len(), 105);
    // One of them has sent them all, and both know that nothing waits.
    let delivered = "tollgate_webhook_deliveries_delivered_total";
    assert_eq!((metric(one, delivered).await, metric(other, delivered).await), (105, 0));
    for node in [one, other] {
        eventually("nothing waits", async || metric(node, "tollgate_webhook_deliveries_pending").await == 0)
            .await;
    }
    nodes.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_node_that_sends_is_killed_another_goes_on_within_seconds_and_nothing_is_missing() {
    // So that some are under way when it dies.
    let receiver = Receiver::start(|_| Behaviour::Late(200)).await;
    let mut nodes = nodes();
    listening(&nodes.node(0).api(), &receiver).await;
    open(&[nodes.node(0), nodes.node(1)], 20).await;
    eventually("some are taken", async || taken(&receiver).len() >= 8).await;
    nodes.servers.remove(0).kill();
    let killed_at = Instant::now();
    let before = receiver.received().len();
    eventually("the other one sends", async || receiver.received().len() > before).await;
    let gone = killed_at.elapsed();
    say(&format!("nothing was sent for {gone:?} after the node that sent was killed"));
    assert!(gone < Duration::from_secs(20), "{gone:?}");
    open(&[nodes.node(0)], 5).await;
    eventually("all are taken", async || taken(&receiver).len() >= 50).await;
    are_in_order(&receiver);
    // Only what was under way came again: of one webhook four at once.
    let again: Vec<_> = times(&receiver).into_values().filter(|it| *it > 1).collect();
    assert!(again.len() <= 4 && again.iter().all(|it| *it == 2), "{again:?}");

    // One that stops gives its turn to the next at once, and nothing comes twice.
    let next = Server::start(options(Options::on(&nodes.store)));
    open(&[nodes.node(0), &next], 4).await;
    eventually("all are taken", async || taken(&receiver).len() >= 58).await;
    let before = receiver.received().len();
    nodes.servers.remove(0).stop();
    open(&[&next], 4).await;
    eventually("all are taken by the next", async || taken(&receiver).len() >= 66).await;
    assert_eq!(receiver.received().len(), before + 8);
    nodes.servers.push(next);
    nodes.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_loses_its_turn_and_sends_nothing_twice_when_it_goes_on() {
    let receiver = Receiver::start(|_| Behaviour::Answer(200)).await;
    let nodes = nodes();
    let [one, other] = [nodes.node(0), nodes.node(1)];
    let webhook = listening(&other.api(), &receiver).await;
    open(&[one, other], 4).await;
    eventually("all are taken", async || taken(&receiver).len() == 8).await;
    none_is_pending(other, &webhook).await;
    one.signal(Signal::SIGSTOP);
    let stopped_at = Instant::now();
    open(&[other], 4).await;
    eventually("the other one sends", async || taken(&receiver).len() == 16).await;
    say(&format!("all were sent {:?} after the node that sent stood still", stopped_at.elapsed()));
    one.signal(Signal::SIGCONT);
    open(&[one, other], 4).await;
    eventually("all are taken", async || taken(&receiver).len() == 24).await;
    // It says that it was cut off, and that is all that it complains of.
    eventually("it has noticed", async || one.log().contains("the database cannot be reached")).await;
    assert_eq!(receiver.received().len(), 24);
    let delivered = "tollgate_webhook_deliveries_delivered_total";
    assert_eq!(metric(one, delivered).await + metric(other, delivered).await, 24);
    let Nodes { servers, store } = nodes;
    for server in servers {
        server.stop();
    }
    store.assert_clean("after a node that stood still");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_is_hastened_from_any_node() {
    let receiver = Receiver::start(|it| Behaviour::Answer(if it.nth == 0 { 500 } else { 200 })).await;
    let nodes = nodes();
    let webhook = listening(&nodes.node(0).api(), &receiver).await;
    open(&[nodes.node(0)], 1).await;
    eventually("one has failed", async || !receiver.received().is_empty()).await;
    let path = format!("/api/v1/webhooks/{webhook}");
    eventually("that is known", async || {
        let listed = nodes.node(1).api().get(&format!("{path}/deliveries?state=pending")).await.expect(200);
        listed["deliveries"].as_array().unwrap().iter().any(|it| it["attempts"] == 1)
    })
    .await;
    // It would be tried again in five seconds. With another address it is now, whichever node is told.
    let begun = Instant::now();
    let url = format!("{}?again", receiver.url());
    let patch = nodes.node(1).api().request("PATCH", &path).body(json!({ "url": url }).to_string());
    send(patch).await.unwrap().expect(200);
    eventually("it is taken", async || !receiver.taken().is_empty()).await;
    say(&format!("it was tried again after {:?}", begun.elapsed()));
    eventually("all are taken", async || taken(&receiver).len() == 2).await;
    nodes.end();
}
