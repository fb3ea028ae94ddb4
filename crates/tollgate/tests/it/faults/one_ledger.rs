//! Wherever requests arrive, they are decided on one ledger.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::nodes::Nodes;
use crate::concurrency::allow_many_connections;
use crate::server::{Answer, Options, Server, Store, amount, send, units};

const NODES: usize = 4;
/// All of them in flight at the same time.
const CALLS: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_charges_on_four_nodes_just_those_that_the_balance_covers_succeed() {
    allow_many_connections();
    let store = Store::on_database();
    let nodes = Nodes::on(&store, NODES);
    let primary = nodes.api(0).open_with("5.00").await;
    let mut accounts = vec![primary.clone()];
    for node in 1..NODES {
        accounts.push(nodes.api(node).open_sub(&primary, "shared").await);
    }
    let start = Arc::new(Barrier::new(CALLS));
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        // Each account's arrive at every node.
        let (api, account) = (nodes.api(call), accounts[call / NODES % accounts.len()].clone());
        let start = Arc::clone(&start);
        calls.spawn(async move {
            start.wait().await;
            let key = format!("charge-{call}");
            let answer = api.charge(&account, "0.01", &key).await;
            (key, call % NODES, answer.status)
        });
    }
    let answers = calls.join_all().await;
    let count = |status| answers.iter().filter(|it| it.2 == status).count();
    assert_eq!((count(201), count(402)), (500, 500));
    let mut keys: Vec<_> = answers.iter().filter(|it| it.2 == 201).map(|it| it.0.clone()).collect();
    keys.sort();
    for node in 0..NODES {
        let after = nodes.api(node).account(&primary.id).await;
        assert_eq!([&after["balance"], &after["available"]], [&json!("0.00"), &json!("0.00")]);
        assert_eq!(nodes.api(node).references(&primary.id, "charge-").await, keys, "at node {node}");
    }
    nodes.stop();
    store.assert_clean("at the end");
}

#[test]
fn nodes_that_start_at_once_on_an_empty_database_make_one_store_of_it() {
    let store = Store::on_database();
    // For the key file, of which there is one.
    Nodes::on(&store, 1).stop();
    let empty = store.ground().in_database().cluster().database();
    let store = store.at(empty.url());
    let servers: Vec<_> = std::thread::scope(|scope| {
        let starting: Vec<_> =
            (0..NODES).map(|_| scope.spawn(|| Server::start(Options::on(&store)))).collect();
        starting.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(empty.sql("SELECT COUNT(*) FROM schema_version WHERE version = 1"), "1");
    // Two lanes of each.
    assert_eq!(empty.sql("SELECT COUNT(*), COUNT(DISTINCT lane) FROM lanes"), "8|8");
    for server in servers {
        server.stop();
    }
    store.assert_clean("at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_between_one_pair_in_both_directions_from_all_nodes_conserve_the_sum() {
    allow_many_connections();
    let store = Store::on_database();
    let nodes = Nodes::on(&store, NODES);
    let api = nodes.api(0);
    let primary = api.open_with("50.00").await;
    let one = api.open_sub(&primary, "own").await;
    let other = api.open_sub(&primary, "own").await;
    api.give(&primary, &one, "10.00").await;
    api.give(&primary, &other, "10.00").await;
    // A charge of the shared one locks the primary, which both pairs have in common, in a batch of its own.
    let shared = api.open_sub(&primary, "shared").await;

    let start = Arc::new(Barrier::new(CALLS));
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let api = nodes.api(call);
        let sub = if (call / NODES).is_multiple_of(2) { &one } else { &other };
        let side = if (call / NODES / 2).is_multiple_of(2) { "to" } else { "from" };
        let kind = if call % 7 == 0 { "charge" } else { side };
        let path = format!("/api/v1/accounts/{}/transfers", primary.id);
        // So much that some are refused, on either side.
        let asked = format!("{}.00", 1 + call % 5);
        let request = if kind == "charge" {
            let body = json!({ "account": shared.id, "amount": "0.01" });
            api.request("POST", "/api/v1/charges").body(body.to_string())
        } else {
            let body = json!({ "kind": "balance", side: sub.id, "amount": asked });
            api.request("POST", &path).body(body.to_string())
        };
        let (start, is_one) = (Arc::clone(&start), sub.id == one.id);
        calls.spawn(async move {
            start.wait().await;
            (kind, is_one, units(&asked), send(request).await.unwrap())
        });
    }
    let (mut of_one, mut of_other, mut charged, mut refused) = (units("10.00"), units("10.00"), 0, 0);
    for (kind, is_one, asked, Answer { status, body }) in calls.join_all().await {
        match (status, kind) {
            (201, "charge") => charged += units("0.01"),
            (201, _) => {
                *if is_one { &mut of_one } else { &mut of_other } += if kind == "to" { asked } else { -asked }
            }
            (402, _) => refused += 1,
            _ => panic!("{kind} was answered {status} {body}"),
        }
    }
    assert!(refused < CALLS / 2 && charged > 0, "{refused} of {CALLS} were refused");
    for node in 0..NODES {
        let api = nodes.api(node);
        let mut balances = Vec::new();
        for account in [&primary, &one, &other] {
            balances.push(amount(&api.account(&account.id).await["balance"]));
        }
        assert_eq!(balances[1..], [of_one, of_other], "at node {node}");
        assert_eq!(balances.iter().sum::<i64>(), units("50.00") - charged, "at node {node}");
        assert!(balances.iter().all(|it| *it >= 0), "{balances:?}");
    }
    nodes.stop();
    store.assert_clean("at the end");
}
