//! A suspension or revocation that one node has answered is in force on all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::nodes::{Doors, Nodes};
use super::rounds;
use crate::gate_races::{Stop, stopped};
use crate::server::{Account, Api, DEADLINE, Random, Store, say, send, text};

const NODES: usize = 4;
/// Together they send 1,000 calls a second to the other three nodes.
const CALLERS: usize = 50;
const EVERY: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sent_after_a_suspension_on_another_node_passes() {
    let mut random = Random::for_test("faults::suspension");
    let store = Store::on_database();
    let nodes = Nodes::on(&store, NODES);
    let api = nodes.api(0);
    let gate = text(&api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201)["token"]);
    let rules = json!([
        { "method": "POST", "path": "/v1/messages", "operation": "sms.send", "mode": "charge", "unit_price": "0.0001" },
        { "method": "GET", "path": "/v1/messages", "operation": "sms.list", "mode": "free" },
    ]);
    let plan = json!({ "currency": "EUR", "default": true, "rules": rules });
    send(api.request("PUT", "/api/v1/price-plans/standard").body(plan.to_string()))
        .await
        .unwrap()
        .expect(200);
    // The token is let in on every node within a second.
    for node in 0..NODES {
        let begun = Instant::now();
        while checked(&nodes.api(node), None, &gate, "GET").await == 403 {
            assert!(begun.elapsed() < DEADLINE, "node {node} does not hear of a token");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    for round in 0..rounds(2, 20) {
        let stop =
            [Stop::Suspend, Stop::SuspendItsPrimary, Stop::Revoke][usize::try_from(round).unwrap() % 3];
        let primary = api.open_with("1000000").await;
        let account = api.open_sub(&primary, "shared").await;
        let begun = Instant::now();
        let calls = Calls::start(&nodes.doors(), &account, &gate);
        calls.wait_for(500 + random.within(0..500)).await;
        let answered_at = stopped(&api, &primary, &account, stop).await;
        calls.wait_for(calls.count() + 300).await;
        let (count, took) = (calls.count(), begun.elapsed());
        let passed = calls.end().await;
        say(&format!("{stop:?}: {count} calls in {took:?}, {} passed", passed.len()));
        assert!(!passed.is_empty(), "{stop:?} in round {round}: no call passed before it");
        let late = passed.iter().filter(|sent_at| **sent_at > answered_at).count();
        assert_eq!(late, 0, "{stop:?} in round {round}: calls that were sent after it passed");
        assert_eq!(charges_behind(&store, &primary, &account, stop), (0, 0), "{stop:?} in round {round}");
    }
    nodes.stop();
    store.assert_clean("at the end");
}

/// The status of a check at a node's gate, in the name of an account, or of nobody.
async fn checked(api: &Api, account: Option<&Account>, gate: &str, method: &str) -> u16 {
    let mut check = api.bare(method, "/gate/envoy/v1/messages").header("x-gate-token", gate);
    if let Some(account) = account {
        check = check.basic_auth(&account.api_key, Some(&account.secret));
    }
    send(check).await.unwrap().status
}

/// Callers that send a call when it is due, whatever became of those before.
struct Calls {
    counted: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    callers: JoinSet<Vec<Instant>>,
}

impl Calls {
    /// To all nodes but the first; every fourth call is free.
    fn start(doors: &Doors, account: &Account, gate: &str) -> Self {
        let (counted, is_over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let api = doors.of(1 + caller % (doors.len() - 1));
            let (account, gate) = (account.clone(), gate.to_owned());
            let (counted, is_over) = (Arc::clone(&counted), Arc::clone(&is_over));
            callers.spawn(async move {
                let mut passed = Vec::new();
                let method = if caller % 4 == 0 { "GET" } else { "POST" };
                // Spread over the interval, so that some call is always on its way.
                let (nth, all) = (u32::try_from(caller).unwrap(), u32::try_from(CALLERS).unwrap());
                let mut due =
                    tokio::time::interval_at(tokio::time::Instant::now() + EVERY * nth / all, EVERY);
                due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
                while !is_over.load(Ordering::Relaxed) {
                    due.tick().await;
                    let sent_at = Instant::now();
                    let status = checked(&api, Some(&account), &gate, method).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                    match status {
                        200 => passed.push(sent_at),
                        // A revoked credential is a wrong one, and many wrong ones have to wait.
                        401 | 403 | 429 => {}
                        status => panic!("{method} was answered {status}"),
                    }
                }
                passed
            });
        }
        Self { counted, is_over, callers }
    }

    fn count(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    async fn wait_for(&self, count: u64) {
        let begun = Instant::now();
        while self.count() < count {
            assert!(begun.elapsed() < DEADLINE, "only {} of {count} calls were answered", self.count());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// When those calls were sent that passed.
    async fn end(self) -> Vec<Instant> {
        self.is_over.store(true, Ordering::Relaxed);
        self.callers.join_all().await.concat()
    }
}

/// How many charges the account caused behind the line that stopped it: by the places of the lines, and by how many lines of
/// the account there were before each.
fn charges_behind(store: &Store, primary: &Account, account: &Account, stop: Stop) -> (i64, i64) {
    let sql = store.sql();
    let id = |it: &Account| sql.id(it.id.parse::<ledger::AccountId>().unwrap().as_bytes());
    let (kind, about) = match stop {
        Stop::Suspend => (2, id(account)),
        Stop::SuspendItsPrimary => (2, id(primary)),
        Stop::Revoke => (17, id(account)),
    };
    let account = id(account);
    let stopping = |column: &str| {
        format!(
            "(SELECT {column} FROM journal WHERE kind = {kind} AND account = {about} ORDER BY seq DESC LIMIT 1)"
        )
    };
    let charges = format!("SELECT COUNT(*) FROM journal WHERE kind = 6 AND other = {account} AND");
    // The primary pays, so its version is that of the line's first side.
    let version = if matches!(stop, Stop::SuspendItsPrimary) { "account_version" } else { "other_version" };
    let by_place = sql.number(&format!("{charges} seq > {}", stopping("seq")));
    let by_version = sql.number(&format!("{charges} {version} > {}", stopping("account_version")));
    (by_place, by_version)
}
