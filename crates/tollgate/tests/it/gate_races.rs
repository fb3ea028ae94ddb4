//! Suspensions and revocations while calls are checked: none that is sent after the answer passes, and the journal has no
//! posting of the account behind the line (docs/rules.md, Promises).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::gate::by_grpc;
use crate::server::{Account, Api, DEADLINE, Options, Random, Server, Store, long, send, text};

/// Together they send 2,000 calls a second.
const CALLERS: u32 = 50;
const EVERY: Duration = Duration::from_millis(25);

/// How an account is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    Suspend,
    SuspendItsPrimary,
    Revoke,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sent_after_a_suspension_or_revocation_was_answered_passes() {
    let mut random = Random::for_test("gate_races");
    let store = Store::new();
    let server = Server::start(Options::on(&store).arg("--grpc-listen").arg("127.0.0.1:0"));
    let grpc = Endpoint::from_shared(server.said("grpc on ")).unwrap().connect().await.unwrap();
    let api = server.api();
    let gate = text(&api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201)["token"]);
    let rule = json!({
        "method": "POST", "path": "/v1/messages", "operation": "sms.send", "mode": "charge", "unit_price": "0.0001",
    });
    let plan = json!({ "currency": "EUR", "default": true, "rules": [rule] });
    let put = api.request("PUT", "/api/v1/price-plans/standard").body(plan.to_string());
    send(put).await.unwrap().expect(200);

    for round in 0..if long() { 20 } else { 3 } {
        let stop = [Stop::Suspend, Stop::Revoke, Stop::SuspendItsPrimary][round % 3];
        let primary = api.open_with("1000000").await;
        let account = api.open_sub(&primary, "shared").await;
        let calls = Calls::start(&api, &account, &gate, &grpc);
        calls.wait_for(500 + random.within(0..500)).await;
        let answered_at = stopped(&api, &primary, &account, stop).await;
        calls.wait_for(calls.count() + 200).await;
        let passed = calls.end().await;
        assert!(!passed.is_empty(), "{stop:?} in round {round}: no call passed before it");
        let late = passed.iter().filter(|sent_at| **sent_at > answered_at).count();
        assert_eq!(late, 0, "{stop:?} in round {round}: calls that were sent after it passed");
        assert_eq!(postings_behind(&store, &primary, &account, stop), 0, "{stop:?} in round {round}");
    }
    server.stop();
    store.assert_clean("at the end");
}

/// Callers that send a call when it is due, whatever became of those before.
struct Calls {
    counted: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    callers: JoinSet<Vec<Instant>>,
}

impl Calls {
    /// Every other caller's are checked by gRPC.
    fn start(api: &Api, account: &Account, gate: &str, grpc: &Channel) -> Self {
        let (counted, is_over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (api, account, gate, grpc) = (api.clone(), account.clone(), gate.to_owned(), grpc.clone());
            let (counted, is_over) = (Arc::clone(&counted), Arc::clone(&is_over));
            callers.spawn(async move {
                let mut passed = Vec::new();
                // Spread over the interval, so that some call is always on its way.
                let start = tokio::time::Instant::now() + EVERY * caller / CALLERS;
                let mut due = tokio::time::interval_at(start, EVERY);
                while !is_over.load(Ordering::Relaxed) {
                    due.tick().await;
                    let sent_at = Instant::now();
                    let status = if caller.is_multiple_of(2) {
                        let check = api.bare("POST", "/gate/envoy/v1/messages");
                        let check = check.basic_auth(&account.api_key, Some(&account.secret));
                        send(check.header("x-gate-token", &gate)).await.unwrap().status
                    } else {
                        by_grpc(&grpc, (&account.api_key, &account.secret), "/v1/messages").await
                    };
                    counted.fetch_add(1, Ordering::Relaxed);
                    match status {
                        200 => passed.push(sent_at),
                        // A revoked credential is a wrong one, and many wrong ones have to wait.
                        401 | 403 | 429 => {}
                        status => panic!("{status}"),
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
        let started = Instant::now();
        while self.count() < count {
            assert!(started.elapsed() < DEADLINE, "only {} of {count} calls were answered", self.count());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// When those calls were sent that passed.
    async fn end(self) -> Vec<Instant> {
        self.is_over.store(true, Ordering::Relaxed);
        self.callers.join_all().await.concat()
    }
}

/// Stops an account, and says when that was answered.
pub(crate) async fn stopped(api: &Api, primary: &Account, account: &Account, stop: Stop) -> Instant {
    let suspend = |it: &Account| {
        let path = format!("/api/v1/accounts/{}", it.id);
        send(api.request("PATCH", &path).body(json!({ "status": "suspended" }).to_string()))
    };
    match stop {
        Stop::Suspend => drop(suspend(account).await.unwrap().expect(200)),
        Stop::SuspendItsPrimary => drop(suspend(primary).await.unwrap().expect(200)),
        Stop::Revoke => {
            let path = format!("/api/v1/accounts/{}/credentials", account.id);
            let held = api.get(&path).await.expect(200);
            let all = held["credentials"].as_array().unwrap();
            let secret = all.iter().find(|it| it["kind"] == "secret").unwrap();
            // The last one of a kind stays.
            api.post(&path, json!({ "kind": "secret" })).await.expect(201);
            let path = format!("{path}/{}", text(&secret["id"]));
            drop(send(api.request("DELETE", &path)).await.unwrap().expect(200));
        }
    }
    Instant::now()
}

/// How many charges the account caused behind the line that stopped it.
fn postings_behind(store: &Store, primary: &Account, account: &Account, stop: Stop) -> i64 {
    let sql = store.sql();
    let id = |it: &Account| sql.id(it.id.parse::<ledger::AccountId>().unwrap().as_bytes());
    let (kind, about) = match stop {
        Stop::Suspend => (2, id(account)),
        Stop::SuspendItsPrimary => (2, id(primary)),
        Stop::Revoke => (17, id(account)),
    };
    let account = id(account);
    sql.number(&format!(
        "SELECT COUNT(*) FROM journal WHERE kind = 6 AND (other = {account} OR account = {account})
           AND seq > (SELECT MAX(seq) FROM journal WHERE kind = {kind} AND account = {about})"
    ))
}
