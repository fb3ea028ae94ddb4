//! SIGKILL while holds open, settle, are released and expire: each ends once, in time, and what was acknowledged is so
//! (docs/rules.md, Promises).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::server::{Account, Api, DEADLINE, Options, Random, Server, Store, cents, long, send, text};

/// How many clients a round has.
const CLIENTS: usize = 24;
/// How many answers they get at most before the kill.
const ANSWERS_MAX: u64 = 2_000;

/// What a client was told of a hold at last: how it ended, and what it cost, if that.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    id: String,
    ended: Option<(&'static str, String)>,
    /// The ending that was asked for when the connection broke: it happened or not.
    perhaps: Option<&'static str>,
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_every_hold_ends_once_and_in_time() {
    let mut random = Random::for_test("holds_kill");
    let store = Store::new();
    let mut server = Server::start(Options::on(&store));
    let api = server.api();
    let payer = api.open_with("1000000").await;
    let mut accounts = vec![payer.clone()];
    for balance in ["shared", "own", "shared"] {
        let account = api.open_sub(&payer, balance).await;
        if balance == "own" {
            api.give(&payer, &account, "400000").await;
        }
        accounts.push(account);
    }
    let accounts = Arc::new(accounts);

    for round in 0..if long() { 50 } else { 3 } {
        let told = load_until_killed(server, &accounts, &mut random).await;
        store.assert_clean(&format!("after kill {round}"));
        server = Server::start(Options::on(&store));
        let api = server.api();
        assert_none_is_overdue(&api).await;
        for told in &told {
            assert_is_so(&api, told).await;
        }
    }
    let api = server.api();
    // The longest of them has a second.
    let waited = std::time::Instant::now();
    while !open_holds(&api).await.is_empty() {
        assert!(waited.elapsed() < DEADLINE, "some holds never end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for account in accounts.iter() {
        let held = &api.account(&account.id).await["held"];
        // Of those that share another's balance it is that one's.
        assert!(held.is_null() || held == "0.00", "{account:?} has {held} held");
    }
    server.stop();
    assert_each_ended_once(&store);
    store.assert_clean("at the end");
}

async fn load_until_killed(server: Server, accounts: &Arc<Vec<Account>>, random: &mut Random) -> Vec<Told> {
    let (answered, mut answers) = unbounded_channel();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (api, accounts) = (server.api(), Arc::clone(accounts));
        clients.spawn(hold_until_it_breaks(api, accounts, random.fork(), answered.clone()));
    }
    drop(answered);
    for _ in 0..random.within(50..ANSWERS_MAX) {
        answers.recv().await.expect("clients go on until the server is killed");
    }
    // Not a wait for anything: it moves the kill away from the moment of an answer.
    tokio::time::sleep(Duration::from_micros(random.within(0..20_000))).await;
    server.kill();
    clients.join_all().await.concat()
}

/// Places holds and ends some, until the connection breaks.
async fn hold_until_it_breaks(
    api: Api,
    accounts: Arc<Vec<Account>>,
    mut random: Random,
    answered: UnboundedSender<()>,
) -> Vec<Told> {
    let mut told = Vec::new();
    loop {
        let on_expiry = *random.one_of(&["release", "capture"]);
        let amount = cents(random.within(1..50));
        let body = json!({
            "account": random.one_of(&accounts).id, "amount": amount, "expires_in": 1, "on_expiry": on_expiry,
        });
        let Some(placed) = ask(&api, "/api/v1/holds", &body).await else { return told };
        let mut hold = Told { id: text(&placed["id"]), ended: None, perhaps: None };
        let _told = answered.send(());
        let (verb, body, how) = match random.within(0..4) {
            0 => ("settle", json!({ "amount": cents(random.within(0..60)) }), "settled"),
            1 => ("release", json!({}), "released"),
            2 => ("extend", json!({ "expires_in": 1 }), "open"),
            _ => {
                told.push(hold);
                continue;
            }
        };
        match ask(&api, &format!("/api/v1/holds/{}/{verb}", hold.id), &body).await {
            // Its second was over before.
            Some(answer) if answer["code"] == "hold_ended" => {}
            Some(ended) if how != "open" => hold.ended = Some((how, text(&ended["charged"]))),
            Some(_) => {}
            None => {
                hold.perhaps = Some(how);
                told.push(hold);
                return told;
            }
        }
        let _told = answered.send(());
        told.push(hold);
    }
}

/// `None` when the connection broke.
async fn ask(api: &Api, path: &str, body: &Value) -> Option<Value> {
    let answer = send(api.request("POST", path).body(body.to_string())).await.ok()?;
    assert!(matches!(answer.status, 200 | 201 | 409), "{path}: {} {}", answer.status, answer.body);
    Some(answer.body)
}

async fn open_holds(api: &Api) -> Vec<Value> {
    let page = api.get("/api/v1/holds?limit=1000").await.expect(200);
    page["holds"].as_array().unwrap().clone()
}

/// Before the first request is answered, whatever came to its end while nobody was there has ended.
async fn assert_none_is_overdue(api: &Api) {
    let now = jiff::Timestamp::from_millisecond(tollgate::clock::Clock::System.now().millis()).unwrap();
    for hold in open_holds(api).await {
        let expires_at: jiff::Timestamp = text(&hold["expires_at"]).parse().unwrap();
        let overdue = now.duration_since(expires_at);
        assert!(overdue < jiff::SignedDuration::from_secs(1), "{hold} is open {overdue:?} after its time");
    }
}

async fn assert_is_so(api: &Api, told: &Told) {
    let hold = api.get(&format!("/api/v1/holds/{}", told.id)).await.expect(200);
    let status = hold["status"].as_str().unwrap();
    match (&told.ended, told.perhaps) {
        (Some((how, charged)), _) => {
            assert_eq!((status, hold["charged"].as_str()), (*how, Some(charged.as_str())), "{told:?}");
        }
        (None, perhaps) => {
            let may_be = ["open", "expired", "captured"].contains(&status) || perhaps == Some(status);
            assert!(may_be, "{told:?} is {status}");
        }
    }
}

/// By the journal: one line ended each, and a late settle would say that it is one.
fn assert_each_ended_once(store: &Store) {
    let sql = store.sql();
    let count = |text: &str| sql.number(text);
    let placed = count("SELECT COUNT(*) FROM journal WHERE kind = 8");
    let ended =
        count("SELECT COUNT(DISTINCT about) FROM journal WHERE kind IN (10, 11, 12) AND marks & 2 = 0");
    let endings = count("SELECT COUNT(*) FROM journal WHERE kind IN (10, 11, 12) AND marks & 2 = 0");
    assert!(placed > 100, "only {placed} holds were placed");
    assert_eq!((ended, endings), (placed, placed), "holds that ended, and lines that ended one");
}
