//! Many charges in one body take several commits, of which some are cut.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::nodes::{Nodes, plain};
use super::rounds;
use crate::proxy::{Fault, Proxy, Then};
use crate::server::{Random, Store, amount, say, send, text, units};

/// How many charges a body has: more than a transaction.
const ITEMS: usize = 2_500;
/// What there is to be spent by all bodies together of one of the accounts: less than they ask for.
const TIGHT: &str = "20.00";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_sent_again_until_all_of_it_is_answered_is_there_once() {
    let mut random = Random::for_test("faults::many");
    let store = Store::on_database();
    let database = store.ground().in_database();
    let mut of_connections = random.fork();
    let proxy = Proxy::start(database.cluster().port(), move || {
        let then = *of_connections.one_of(&[Then::CutBefore, Then::CutAfter]);
        Fault::Commit(of_connections.within(2..7), then)
    });
    let behind = store.at(database.url_at(proxy.port()));
    let nodes = Nodes::start(vec![plain(store.clone()), plain(behind)]);
    let (api, straight) = (nodes.api(1), nodes.api(0));
    let (plenty, tight) = (straight.open_with("1000.00").await, straight.open_with(TIGHT).await);
    let mut done = HashMap::new();
    let mut refused = 0;
    for body in 0..rounds(3, 20) {
        let account = |item| if item % 2 == 0 { &plenty.id } else { &tight.id };
        let items: Vec<_> = (0..ITEMS)
            .map(
                |item| json!({ "account": account(item), "amount": "0.01", "key": format!("{body}-{item}") }),
            )
            .collect();
        let items = Value::from(items).to_string();
        loop {
            let request = api.request("POST", "/api/v1/charges/batch").body(items.clone());
            let answers = send(request).await.unwrap().expect(200);
            let answers = answers.as_array().unwrap();
            assert_eq!(answers.len(), ITEMS);
            for answer in answers.iter().filter(|it| it["status"] == 201) {
                let before = done.insert(text(&answer["key"]), text(&answer["charge"]["id"]));
                assert!(before.is_none_or(|it| answer["charge"]["id"] == it.as_str()), "{answer}");
            }
            let of_status = |status: u64| answers.iter().filter(|it| it["status"] == status).count();
            if of_status(503) == 0 {
                assert_eq!(of_status(201) + of_status(402), ITEMS);
                refused += of_status(402);
                break;
            }
        }
    }
    say(&format!("{} are done, {refused} refused, {} connections cut", done.len(), proxy.seen().cut));
    assert!(refused > 0 && proxy.seen().cut > 0);
    let sql = store.sql();
    let booked = sql.rows("SELECT once_key, id FROM journal WHERE kind = 6");
    assert_eq!(booked.len(), done.len());
    for charge in &booked {
        assert_eq!(done.get(&charge[0]).map(|it| it.replace('-', "")), Some(charge[1].clone()), "{charge:?}");
    }
    assert_eq!(amount(&straight.account(&tight.id).await["balance"]), 0);
    let spent = i64::try_from(done.len()).unwrap() * units("0.01") - units(TIGHT);
    assert_eq!(amount(&straight.account(&plenty.id).await["balance"]), units("1000.00") - spent);
    nodes.stop();
    store.assert_clean("at the end");
}
