//! A row that is not as it should be fails what rests on it, and nothing else.

use serde_json::json;
use tokio::task::JoinSet;

use super::nodes::Nodes;
use crate::server::{Api, Store, send};

#[tokio::test(flavor = "multi_thread")]
async fn one_row_that_cannot_be_read_fails_nobody_elses_commands() {
    let store = Store::on_database();
    let nodes = Nodes::on(&store, 1);
    let api = nodes.api(0);
    let (well, ill) = (api.open_with("100.00").await, api.open_with("100.00").await);
    let sql = store.sql();
    let id = sql.id(ill.id.parse::<ledger::AccountId>().unwrap().as_bytes());
    assert_eq!(sql.execute(&format!("UPDATE accounts SET caps = 'no JSON' WHERE id = {id}")), 1);
    let mut calls = JoinSet::new();
    for call in 0..200 {
        let (api, account) = (api.clone(), if call % 10 == 0 { ill.clone() } else { well.clone() });
        let is_well = account.id == well.id;
        calls.spawn(async move {
            (is_well, api.charge(&account, "0.01", &format!("charge-{call}")).await.status)
        });
    }
    let items = |account: &str| -> Vec<_> {
        (0..50)
            .map(|it| json!({ "account": account, "amount": "0.01", "key": format!("many-{account}-{it}") }))
            .collect()
    };
    let (of_well, of_ill) = tokio::join!(many(&api, items(&well.id)), many(&api, items(&ill.id)));
    assert_eq!((of_well, of_ill), (vec![201; 50], vec![503; 50]));
    for (is_well, status) in calls.join_all().await {
        assert_eq!(status, if is_well { 201 } else { 503 });
        assert_eq!(send(api.bare("GET", "/readyz")).await.unwrap().status, 200);
    }
    sql.execute(&format!("UPDATE accounts SET caps = NULL WHERE id = {id}"));
    api.charge(&ill, "0.01", "charge-0").await.expect(201);
    nodes.stop();
    store.assert_clean("at the end");
}

/// The status of each charge of a body.
async fn many(api: &Api, items: Vec<serde_json::Value>) -> Vec<u64> {
    let answer = api.post("/api/v1/charges/batch", items.into()).await.expect(200);
    answer.as_array().unwrap().iter().map(|it| it["status"].as_u64().unwrap()).collect()
}
