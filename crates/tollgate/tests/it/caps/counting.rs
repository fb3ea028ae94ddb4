//! Nothing loses count: a thousand at once, and SIGKILL in the middle.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::text;
use crate::server::{Account, Api, Options, Random, Server, Store, amount, long, send, units};

/// All of them in flight at the same time.
const CALLS: usize = 1_000;

/// One in which it is no time near midnight, so that the day does not turn while the test runs.
fn zone() -> &'static str {
    let hour = tollgate::clock::Clock::System.now().millis() / 3_600_000 % 24;
    if hour == 23 { "Asia/Tokyo" } else { "UTC" }
}

/// A partner with this much, and a customer that shares it and may spend 5.00 a day.
async fn capped(api: &Api, balance: &str) -> (Account, Account) {
    let partner = api.open_with(balance).await;
    let customer = api.open_sub(&partner, "shared").await;
    let path = format!("/api/v1/accounts/{}", customer.id);
    let body = json!({ "caps": { "day": "5.00", "time_zone": zone() } });
    send(api.request_as(&partner, "PATCH", &path).body(body.to_string())).await.unwrap().expect(200);
    (partner, customer)
}

fn of_cap(account: &Value) -> (&str, &str) {
    (text(&account["caps"]["day"]["spent"]), text(&account["caps"]["held"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_concurrent_charges_just_those_within_the_cap_succeed() {
    let store = Store::new();
    let server = Server::start(Options::on(&store));
    let api = server.api();
    let (partner, customer) = capped(&api, "1000").await;
    let barrier = Arc::new(Barrier::new(CALLS));
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let (api, customer, barrier) = (api.clone(), customer.clone(), Arc::clone(&barrier));
        calls.spawn(async move {
            barrier.wait().await;
            api.charge(&customer, "0.01", &format!("charge-{call}")).await
        });
    }
    let answers = calls.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|it| it.status == 429).collect();
    assert_eq!(answers.iter().filter(|it| it.status == 201).count(), 500);
    assert_eq!(refused.len(), 500);
    assert!(refused.iter().all(|it| it.body["code"] == "cap_reached"));
    assert_eq!(of_cap(&api.account(&customer.id).await), ("5.00", "0.00"));
    assert_eq!(api.account(&partner.id).await["balance"], "995.00");
    server.stop();
    store.assert_clean("after a thousand charges");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_concurrent_calls_just_those_within_the_cap_pass_the_gate() {
    let store = Store::new();
    let server = Server::start(Options::on(&store));
    let api = server.api();
    let rule = |path: &str, mode: &str, price: &str| json!({ "path": path, "operation": "op", "mode": mode, price: "0.01" });
    let rules = [rule("/charge", "charge", "unit_price"), rule("/hold", "hold", "reserve")];
    let plan = json!({ "currency": "EUR", "default": true, "rules": rules });
    let put = api.request("PUT", "/api/v1/price-plans/standard").body(plan.to_string());
    send(put).await.unwrap().expect(200);
    let (_, customer) = capped(&api, "1000").await;
    let gate =
        text(&api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201)["token"]).to_owned();
    let barrier = Arc::new(Barrier::new(CALLS));
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let path = if call % 2 == 0 { "charge" } else { "hold" };
        let check = api.bare("POST", &format!("/gate/envoy/{path}")).header("x-gate-token", &gate);
        let check = check.basic_auth(&customer.api_key, Some(&customer.secret));
        let barrier = Arc::clone(&barrier);
        calls.spawn(async move {
            barrier.wait().await;
            check.send().await.unwrap().status().as_u16()
        });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|it| **it == 200).count(), 500);
    assert_eq!(answers.iter().filter(|it| **it == 429).count(), 500);
    let customer = api.account(&customer.id).await;
    let (spent, held) = of_cap(&customer);
    assert_eq!(units(spent) + units(held), units("5.00"), "{customer}");
    server.stop();
    store.assert_clean("after a thousand calls");
}

/// Killed while clients charge and hold, it has counted what it acknowledged, and what it did although nobody was told;
/// and in the end just as much was spent as the cap says.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_has_lost_count_of_nothing() {
    let mut random = Random::for_test("caps");
    let store = Store::new();
    let mut server = Server::start(Options::on(&store));
    let (_, customer) = capped(&server.api(), "1000").await;
    let mut acknowledged = 0;
    for round in 0..if long() { 12 } else { 3 } {
        let mut clients = JoinSet::new();
        for client in 0..8 {
            let (api, customer) = (server.api(), customer.clone());
            clients.spawn(async move {
                let mut passed = 0;
                for number in 0.. {
                    let charge = crate::server::Charge::new(
                        &customer.id,
                        "0.01",
                        &format!("{round}-{client}-{number}"),
                    );
                    match api.send(&charge).await {
                        Ok(answer) => passed += i64::from(answer.status == 201),
                        Err(_) => return (passed, charge),
                    }
                }
                unreachable!("clients go on until the server is killed")
            });
        }
        let enough = 20 + i64::try_from(random.within(0..100)).unwrap();
        let api = server.api();
        while amount(&api.account(&customer.id).await["caps"]["day"]["spent"])
            < acknowledged + enough * units("0.01")
            && amount(&api.account(&customer.id).await["caps"]["day"]["spent"]) < units("5.00")
        {
            tokio::task::yield_now().await;
        }
        server.kill();
        let ended = clients.join_all().await;
        store.assert_clean(&format!("after kill {round}"));
        server = Server::start(Options::on(&store));
        let api = server.api();
        for (passed, broken) in ended {
            acknowledged += passed * units("0.01");
            // Under its key it is found out what became of it.
            acknowledged += i64::from(api.send(&broken).await.unwrap().status == 201) * units("0.01");
        }
        let counted = amount(&api.account(&customer.id).await["caps"]["day"]["spent"]);
        assert_eq!(counted, acknowledged, "round {round}");
    }
    let api = server.api();
    let mut last = 0;
    while api.charge(&customer, "0.01", &format!("last-{last}")).await.status == 201 {
        last += 1;
    }
    assert_eq!(acknowledged + last * units("0.01"), units("5.00"));
    server.stop();
    store.assert_clean("at the end");
}
