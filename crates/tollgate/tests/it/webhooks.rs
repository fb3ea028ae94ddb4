//! Webhooks to a real receiver that fails, hangs, answers late and is away: every event arrives, in order, verified by the
//! package of the Standard Webhooks specification; and a charge does not wait for any of it.

pub(crate) mod receiver;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ledger::BalanceMode;
use serde_json::{Value, json};

use self::receiver::{Behaviour, Received, Receiver};
use crate::house::{Answer, BY_OPERATOR, House, Opening};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Has the package verify what was received: the types of the events.
pub(crate) fn verified(secret: &str, received: &[Received]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/webhooks");
    let python = folder.join(".venv/bin/python");
    assert!(python.exists(), "run tests/webhooks/install first");
    let mut child = Command::new(python)
        .args(["-I", "-B"])
        .arg(folder.join("verify.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = received
        .iter()
        .map(|it| {
            json!({ "secret": secret, "headers": it.headers, "body": it.body, "at": it.timestamp() })
                .to_string()
        })
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A partner with three customers, and a webhook to a receiver.
struct Rig {
    house: House,
    primary: Opening,
    customers: Vec<Opening>,
    receiver: Receiver,
    id: String,
    secret: String,
}

impl Rig {
    async fn new(behaviour: impl Fn(&Received) -> Behaviour + Send + Sync + 'static) -> Self {
        let house = House::new();
        let primary = house.primary("Partner", "1000").await;
        let mut customers = Vec::new();
        for name in ["One", "Two", "Three"] {
            customers.push(house.subaccount(&primary, name, BalanceMode::Own).await);
        }
        let receiver = Receiver::start(behaviour).await;
        house.clock.advance(1);
        let body = json!({ "url": receiver.url() }).to_string();
        let made = house.post("/api/v1/webhooks", primary.auth(), body).await;
        assert_eq!(made.status, 201, "{made}");
        let (id, secret) = (text(&made.json()["id"]), text(&made.json()["secret"]));
        Self { house, primary, customers, receiver, id, secret }
    }

    /// Two events of each customer: it gets something, and spends it.
    async fn happen(&self) {
        for customer in &self.customers {
            self.house.pay(customer, "5").await;
            self.house.charge(customer, "5").await;
        }
    }

    /// The events of the log that the webhook is to get, by account, in their order.
    async fn expected(&self) -> BTreeMap<String, Vec<String>> {
        let log = self.house.get("/api/v1/events?limit=1000", self.primary.auth()).await.json();
        let mut by_account: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for event in log["events"].as_array().unwrap() {
            // Those of before the webhook are not its.
            if event["type"].as_str().unwrap().starts_with("available.") {
                by_account.entry(text(&event["data"]["account"])).or_default().push(text(&event["id"]));
            }
        }
        by_account
    }

    async fn deliveries(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/webhooks/{}/deliveries{query}", self.id);
        let answer: Answer = self.house.get(&path, self.primary.auth()).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()["deliveries"].as_array().unwrap().clone()
    }

    /// What was taken must be every event, in order within each account, each first time that it was taken.
    async fn assert_all_arrived(&self) {
        let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for received in self.receiver.taken() {
            let body: Value = serde_json::from_str(&received.body).unwrap();
            assert_eq!(
                received.headers["webhook-id"],
                text(&body["id"]),
                "the id of the message is the event's"
            );
            let of_account = taken.entry(text(&body["data"]["account"])).or_default();
            if !of_account.contains(&text(&body["id"])) {
                of_account.push(text(&body["id"]));
            }
        }
        assert_eq!(taken, self.expected().await);
        let all = self.receiver.received();
        let verified = verified(&self.secret, &all);
        assert_eq!(verified.len(), all.len());
        assert!(verified.iter().all(|it| it.starts_with("available.")), "{verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_once_and_in_order_where_nothing_goes_wrong() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let mut room = rig.house.room(true);
    rig.happen().await;
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), 6);
    rig.assert_all_arrived().await;
    let delivered = rig.deliveries("?state=delivered").await;
    assert_eq!(delivered.len(), 6);
    assert_eq!((&delivered[0]["attempts"], &delivered[0]["last_status"]), (&json!(1), &json!(200)));
    // Nothing is left to be sent.
    rig.house.clock.advance(48 * HOUR_MS);
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_hangs_and_is_late_is_sent_again_until_it_is_taken() {
    // The first time 500, then no answer at all, then a redirect, then an answer too late, then one late but in time.
    let rig = Rig::new(|received| match received.nth {
        0 => Behaviour::Answer(500),
        1 => Behaviour::Hang,
        2 => Behaviour::Redirect,
        3 => Behaviour::TooLate,
        _ => Behaviour::Late(204),
    })
    .await;
    let mut room = rig.house.room(true);
    rig.happen().await;
    for _ in 0..24 {
        room.settle().await.unwrap();
        rig.house.clock.advance(10 * MINUTE_MS);
    }
    assert_eq!(rig.deliveries("?state=pending").await, Vec::<Value>::new());
    rig.assert_all_arrived().await;
    let attempts: Vec<_> = rig.deliveries("").await.iter().map(|it| it["attempts"].clone()).collect();
    assert_eq!(attempts, vec![json!(5); 6]);
    // The same event under the same id each time, and every redirect was left alone.
    let ids: BTreeSet<_> =
        rig.receiver.received().iter().map(|it| it.headers["webhook-id"].clone()).collect();
    assert_eq!((ids.len(), rig.receiver.received().len()), (6, 30));
    // What was taken too late was taken twice: at least once is what is promised.
    assert_eq!(rig.receiver.taken().len(), 12);
    let store = rig.house.app.store();
    let metrics = tollgate::observe::metrics(store.figures(), store.delivery_figures());
    for figure in [
        "webhook_deliveries_queued_total 6",
        "webhook_deliveries_delivered_total 6",
        "webhook_attempts_failed_total 24",
        "webhook_deliveries_dead_total 0",
        "webhook_deliveries_pending 0",
    ] {
        assert!(metrics.contains(&format!("tollgate_{figure}\n")), "{figure}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_for_an_hour_gets_everything_afterwards_in_order() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let mut room = rig.house.room(true);
    rig.receiver.go_down();
    for _ in 0..6 {
        rig.happen().await;
        room.settle().await.unwrap();
        rig.house.clock.advance(10 * MINUTE_MS);
    }
    assert_eq!(rig.receiver.received().len(), 0);
    // Only the first about each account is tried; the others wait behind it.
    let tried = rig.deliveries("?limit=1000").await.iter().filter(|it| it["attempts"] != 0).count();
    assert_eq!(tried, 3);
    rig.receiver.come_up().await;
    for _ in 0..6 {
        room.settle().await.unwrap();
        rig.house.clock.advance(HOUR_MS);
    }
    assert_eq!(rig.deliveries("?state=pending").await, Vec::<Value>::new());
    rig.assert_all_arrived().await;
    assert_eq!(rig.receiver.taken().len(), 36);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_does_not_wait_for_another_nor_one_webhook_for_another() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let failing = rig.customers[0].id.to_string();
    let choosy = Receiver::start(move |received| {
        Behaviour::Answer(if received.body.contains(&failing) { 503 } else { 200 })
    })
    .await;
    let body = json!({ "url": choosy.url() }).to_string();
    assert_eq!(rig.house.post("/api/v1/webhooks", rig.primary.auth(), body).await.status, 201);
    let mut room = rig.house.room(true);
    rig.happen().await;
    room.settle().await.unwrap();
    rig.assert_all_arrived().await;
    assert_eq!(choosy.taken().len(), 4, "all but those of the account that it does not take");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_for_a_day_in_vain_is_dead_listed_and_sent_again_when_asked() {
    let rig = Rig::new(|received| Behaviour::Answer(if received.nth < 12 { 500 } else { 200 })).await;
    let mut room = rig.house.room(true);
    rig.house.pay(&rig.customers[0], "5").await;
    for _ in 0..30 {
        room.settle().await.unwrap();
        rig.house.clock.advance(HOUR_MS);
    }
    let dead = rig.deliveries("?state=dead").await;
    assert_eq!(dead.len(), 1);
    assert_eq!((&dead[0]["last_status"], &dead[0]["last_error"]), (&json!(500), &json!("it answered 500")));
    assert_eq!(dead[0]["next_attempt_at"], Value::Null);
    let before = rig.receiver.received().len();
    assert!((8..=12).contains(&before), "tried {before} times in a day");
    let path = format!("/api/v1/webhooks/{}/deliveries/{}/resend", rig.id, text(&dead[0]["event"]));
    let resend = async || {
        let request = axum::http::Request::post(&path).header("idempotency-key", "once more");
        rig.house.send(rig.primary.auth().on(request).body("".into()).unwrap()).await
    };
    let queued = resend().await;
    assert_eq!((queued.status, &queued.json()["state"]), (200, &json!("pending")), "{queued}");
    let audited = rig.house.get("/api/v1/audit?limit=1", rig.primary.auth()).await.json();
    assert_eq!(audited["lines"][0]["kind"], "event_resent", "{audited}");
    for _ in 0..6 {
        room.settle().await.unwrap();
        rig.house.clock.advance(HOUR_MS);
    }
    assert_eq!(rig.deliveries("?state=dead").await, Vec::<Value>::new());
    assert_eq!(rig.deliveries("?state=delivered").await.len(), 1);
    rig.assert_all_arrived().await;
    // The same request again, as if its answer had been lost: it is sent no second time.
    let received = rig.receiver.received().len();
    let again = resend().await;
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("delivered")), "{again}");
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), received);
    // Another one sends what was delivered once more.
    assert_eq!(rig.house.post(&path, rig.primary.auth(), "").await.json()["state"], "pending");
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), received + 1);
    let unknown = format!("/api/v1/webhooks/{}/deliveries/{}/resend", rig.id, rig.id);
    assert_eq!(rig.house.post(&unknown, rig.primary.auth(), "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_a_dead_one_is_sent_after_it() {
    let rig =
        Rig::new(|it| Behaviour::Answer(if it.body.contains("available.recovered") { 500 } else { 200 }))
            .await;
    let mut room = rig.house.room(true);
    rig.house.pay(&rig.customers[0], "5").await;
    rig.house.charge(&rig.customers[0], "5").await;
    for _ in 0..23 {
        room.settle().await.unwrap();
        rig.house.clock.advance(HOUR_MS);
    }
    assert_eq!(rig.receiver.taken().len(), 0, "it waits");
    for _ in 0..3 {
        room.settle().await.unwrap();
        rig.house.clock.advance(HOUR_MS);
    }
    let ends: Vec<_> =
        rig.deliveries("").await.iter().map(|it| (text(&it["type"]), text(&it["state"]))).collect();
    let expected = [("available.depleted", "delivered"), ("available.recovered", "dead")];
    assert_eq!(ends, expected.map(|it| (it.0.to_owned(), it.1.to_owned())), "the newest first");
    assert_eq!(rig.receiver.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_disabled_nothing_is_sent_and_what_waited_comes_when_it_is_enabled() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let mut room = rig.house.room(true);
    let path = format!("/api/v1/webhooks/{}", rig.id);
    let enable = async |is_enabled: bool| {
        let body = json!({ "enabled": is_enabled }).to_string();
        let answer = rig.house.patch(&path, rig.primary.auth(), body).await;
        assert_eq!((answer.status, &answer.json()["enabled"]), (200, &json!(is_enabled)), "{answer}");
    };
    rig.receiver.go_down();
    rig.house.pay(&rig.customers[0], "5").await;
    room.settle().await.unwrap();
    rig.house.clock.advance(1);
    enable(false).await;
    rig.receiver.come_up().await;
    rig.house.pay(&rig.customers[1], "5").await;
    rig.house.clock.advance(HOUR_MS);
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), 0);
    enable(true).await;
    room.settle().await.unwrap();
    rig.house.pay(&rig.customers[2], "5").await;
    room.settle().await.unwrap();
    let of: Vec<_> = rig.receiver.taken().iter().map(|it| it.body.clone()).collect();
    assert_eq!(of.len(), 2, "{of:?}");
    assert!(
        of[0].contains(&rig.customers[0].id.to_string()) && of[1].contains(&rig.customers[2].id.to_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_says_it_is_gone_is_left_alone() {
    let rig = Rig::new(|_| Behaviour::Answer(410)).await;
    let mut room = rig.house.room(true);
    rig.happen().await;
    room.settle().await.unwrap();
    let received = rig.receiver.received().len();
    assert!((1..=3).contains(&received), "of each account one at most: {received}");
    let webhook = rig.house.get(&format!("/api/v1/webhooks/{}", rig.id), rig.primary.auth()).await.json();
    assert_eq!(webhook["enabled"], false);
    assert_eq!(rig.deliveries("?state=dead").await[0]["last_status"], 410);
    let audited = rig.house.get("/api/v1/audit?limit=1", rig.primary.auth()).await.json();
    assert_eq!(
        (&audited["lines"][0]["kind"], &audited["lines"][0]["by"]["kind"]),
        (&json!("webhook_changed"), &json!("server")),
        "{audited}"
    );
    rig.house.clock.advance(48 * HOUR_MS);
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_signs_beside_the_old_one_and_then_alone() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let mut room = rig.house.room(true);
    let rotated = rig
        .house
        .post(
            &format!("/api/v1/webhooks/{}/rotate", rig.id),
            rig.primary.auth(),
            r#"{"overlap_seconds":3600}"#,
        )
        .await;
    let secret = text(&rotated.json()["secret"]);
    rig.house.pay(&rig.customers[0], "5").await;
    room.settle().await.unwrap();
    rig.house.clock.advance(HOUR_MS - 1);
    rig.house.pay(&rig.customers[1], "5").await;
    room.settle().await.unwrap();
    rig.house.clock.advance(1);
    rig.house.pay(&rig.customers[2], "5").await;
    room.settle().await.unwrap();
    let received = rig.receiver.received();
    let event = "available.recovered";
    assert_eq!(verified(&secret, &received), [event; 3]);
    let by_old = verified(&rig.secret, &received);
    assert_eq!(by_old[..2], [event; 2]);
    assert!(by_old[2].starts_with("not verified"), "{by_old:?}");
    // Nor is anything else than what was signed.
    let mut forged = received[0].clone();
    forged.body = forged.body.replace(event, "available.depleted");
    assert!(verified(&secret, &[forged])[0].starts_with("not verified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_this_machine_is_not_sent_to_unless_that_is_allowed() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let mut room = rig.house.room(false);
    rig.house.pay(&rig.customers[0], "5").await;
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), 0);
    let pending = rig.deliveries("?state=pending").await;
    assert_eq!(pending[0]["last_error"], "its address is not a public one");
    let by_name = json!({ "url": rig.receiver.url().replace("127.0.0.1", "localhost") }).to_string();
    let path = format!("/api/v1/webhooks/{}", rig.id);
    assert_eq!(rig.house.patch(&path, rig.primary.auth(), by_name).await.status, 200);
    rig.house.clock.advance(MINUTE_MS);
    room.settle().await.unwrap();
    assert_eq!(rig.receiver.received().len(), 0, "nor by its name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_what_it_asked_for_and_nothing_once_it_is_gone() {
    let rig = Rig::new(|_| Behaviour::Answer(200)).await;
    let (choosy, gone) = (
        Receiver::start(|_| Behaviour::Answer(200)).await,
        Receiver::start(|_| Behaviour::Answer(200)).await,
    );
    let body = json!({
        "url": choosy.url(), "types": ["available.depleted"], "account": rig.customers[1].key,
    });
    assert_eq!(rig.house.post("/api/v1/webhooks", BY_OPERATOR, body.to_string()).await.status, 201);
    let mine = Receiver::start(|_| Behaviour::Answer(200)).await;
    let body = json!({ "url": mine.url() }).to_string();
    assert_eq!(rig.house.post("/api/v1/webhooks", rig.customers[2].auth(), body).await.status, 201);
    let made =
        rig.house.post("/api/v1/webhooks", BY_OPERATOR, json!({ "url": gone.url() }).to_string()).await;
    let mut room = rig.house.room(true);
    rig.happen().await;
    let path = format!("/api/v1/webhooks/{}", text(&made.json()["id"]));
    assert_eq!(rig.house.delete(&path, BY_OPERATOR).await.status, 200);
    room.settle().await.unwrap();
    let bodies: Vec<_> = choosy.received().iter().map(|it| it.body.clone()).collect();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].contains("available.depleted") && bodies[0].contains(&rig.customers[1].id.to_string()));
    assert_eq!(gone.received().len(), 0);
    // A customer is told of itself alone.
    let bodies: Vec<_> = mine.received().iter().map(|it| it.body.clone()).collect();
    assert_eq!(bodies.len(), 2);
    assert!(
        bodies.iter().all(|it| it.contains(&format!("\"account\":\"{}\"", rig.customers[2].id))),
        "{bodies:?}"
    );
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
