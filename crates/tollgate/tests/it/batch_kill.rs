//! SIGKILL half way through many charges in one body: the whole body is sent again, and each is there once, with the
//! answer that it had (docs/batches.md).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::server::{Account, Api, Options, Random, Server, Store, amount, cents, long, send, text, units};

/// How many clients a round has.
const CLIENTS: usize = 4;
/// How many they ask for at once: from a part of one transaction to the most, which takes ten.
const SIZES: [u64; 4] = [100, 2_000, 5_000, 10_000];
/// What an account has, so little that the later ones of a round are refused.
const PAID: &str = "1500.00";
/// In which a body is sure to have been cut through by a kill.
const ROUNDS_MAX: u32 = 60;

/// What was asked at once, and the amount of each by its key.
#[derive(Clone)]
struct Body {
    text: String,
    amounts: HashMap<String, i64>,
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_through_a_body_it_is_sent_again_and_nothing_is_there_twice() {
    let mut random = Random::for_test("batch_kill");
    let store = Store::new();
    let mut server = Server::start(Options::on(&store));
    let mut cut = 0;
    for round in 0..ROUNDS_MAX {
        if round >= (if long() { 50 } else { 3 }) && cut > 0 {
            break;
        }
        let accounts = Arc::new(accounts(&server.api()).await);
        let (answered, broken) = load_until_killed(server, &accounts, round, &mut random).await;
        store.assert_clean(&format!("after kill {round}"));
        let left = booked(&store);
        server = Server::start(Options::on(&store));
        let api = server.api();
        let mut told = answered;
        for body in broken {
            let there = body.amounts.keys().filter(|it| left.contains_key(*it)).count();
            cut += usize::from(there > 0 && there < body.amounts.len());
            let again = ask(&api, &body).await.unwrap();
            for answer in &again {
                // What was written before the kill is answered from there.
                if let Some(id) = left.get(&text(&answer["key"])) {
                    assert_eq!(answer["charge"]["id"], *id, "{answer}");
                }
            }
            for (once_more, answer) in ask(&api, &body).await.unwrap().iter().zip(&again) {
                assert_eq!([&once_more["key"], &once_more["status"]], [&answer["key"], &answer["status"]]);
                // A refusal binds nothing, and says what there is by now.
                assert_eq!(once_more["charge"], answer["charge"]);
            }
            told.push((body, again));
        }
        assert_is_in_the_books(&api, &store, &accounts, &told).await;
    }
    assert!(cut > 0, "no body was cut through: the load does not show what it should");
    server.stop();
    store.assert_clean("at the end");
}

/// Some that share one balance and some with their own.
async fn accounts(api: &Api) -> Vec<Account> {
    let primary = api.open_with(PAID).await;
    let mut accounts = vec![primary.clone(), api.open_with(PAID).await];
    for _ in 0..3 {
        accounts.push(api.open_sub(&primary, "shared").await);
    }
    accounts
}

type Told = Vec<(Body, Vec<Value>)>;

/// Lets the clients ask, kills the server in the middle, and returns what was answered and what broke off.
async fn load_until_killed(
    server: Server,
    accounts: &Arc<Vec<Account>>,
    round: u32,
    random: &mut Random,
) -> (Told, Vec<Body>) {
    let (answered, mut answers) = unbounded_channel();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let name = format!("many-{round}-{client}");
        let (api, accounts) = (server.api(), Arc::clone(accounts));
        clients.spawn(ask_until_it_breaks(api, accounts, name, random.fork(), answered.clone()));
    }
    drop(answered);
    for _ in 0..random.within(1..8) {
        answers.recv().await.expect("clients go on until the server is killed");
    }
    // Not a wait for anything: it moves the kill away from the moment of an answer.
    tokio::time::sleep(Duration::from_micros(random.within(0..50_000))).await;
    server.kill();
    let (mut told, mut broken) = (Vec::new(), Vec::new());
    for (answers, body) in clients.join_all().await {
        told.extend(answers);
        broken.push(body);
    }
    (told, broken)
}

async fn ask_until_it_breaks(
    api: Api,
    accounts: Arc<Vec<Account>>,
    name: String,
    mut random: Random,
    answered: UnboundedSender<()>,
) -> (Told, Body) {
    let mut told = Vec::new();
    loop {
        let body = body(&accounts, &format!("{name}-{}", told.len()), &mut random);
        match ask(&api, &body).await {
            Some(answers) => told.push((body, answers)),
            None => return (told, body),
        }
        // Nobody listens any more once the number is reached.
        let _told = answered.send(());
    }
}

fn body(accounts: &[Account], name: &str, random: &mut Random) -> Body {
    let mut amounts = HashMap::new();
    let items: Vec<_> = (0..*random.one_of(&SIZES))
        .map(|item| {
            let (key, amount) = (format!("{name}-{item}"), cents(random.within(1..10)));
            amounts.insert(key.clone(), units(&amount));
            json!({ "account": random.one_of(accounts).id, "amount": amount, "key": key })
        })
        .collect();
    Body { text: Value::from(items).to_string(), amounts }
}

/// `None` when the connection broke.
async fn ask(api: &Api, body: &Body) -> Option<Vec<Value>> {
    let answer = send(api.request("POST", "/api/v1/charges/batch").body(body.text.clone())).await.ok()?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // A connection that breaks in the middle of an answer is an error, so this is all of it.
    let Value::Array(answers) = answer.body else { panic!("no array: {}", answer.body) };
    assert_eq!(answers.len(), body.amounts.len());
    Some(answers)
}

/// The id of each charge in the journal, by its key.
fn booked(store: &Store) -> HashMap<String, String> {
    let mut booked = HashMap::new();
    for charge in store.sql().rows("SELECT once_key, id FROM journal WHERE kind = 6") {
        let (key, id) = (&charge[0], uuid::Uuid::parse_str(&charge[1]).unwrap().to_string());
        assert_eq!(booked.insert(key.clone(), id), None, "{key} was charged twice");
    }
    booked
}

/// What was acknowledged is there once, what was refused is not, and the balances follow from it.
async fn assert_is_in_the_books(api: &Api, store: &Store, accounts: &[Account], told: &Told) {
    let booked = booked(store);
    let mut spent: BTreeMap<String, i64> = BTreeMap::new();
    let mut refused = 0;
    for (body, answers) in told {
        for answer in answers {
            let key = text(&answer["key"]);
            let charge = &answer["charge"];
            match answer["status"].as_u64() {
                Some(201) => {
                    assert_eq!(booked.get(&key), charge["id"].as_str().map(str::to_owned).as_ref(), "{key}");
                    assert_eq!(amount(&charge["amount"]), body.amounts[&key]);
                    *spent.entry(text(&charge["payer"])).or_default() += body.amounts[&key];
                }
                Some(402) => {
                    assert_eq!(booked.get(&key), None, "{key} was refused");
                    refused += 1;
                }
                _ => panic!("{answer}"),
            }
        }
    }
    for payer in &accounts[..2] {
        let left = units(PAID) - spent.get(&payer.id).copied().unwrap_or(0);
        assert_eq!(amount(&api.account(&payer.id).await["balance"]), left);
        assert!(left >= 0, "{payer:?} is below its limit");
    }
    // Every key of this round's clients that is in the journal was acknowledged, by now.
    let acknowledged: usize = told.iter().map(|it| it.1.len()).sum::<usize>() - refused;
    let round: Vec<_> = told.iter().flat_map(|it| it.0.amounts.keys()).collect();
    assert_eq!(round.iter().filter(|it| booked.contains_key(**it)).count(), acknowledged);
}
