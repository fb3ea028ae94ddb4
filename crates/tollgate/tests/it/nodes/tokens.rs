//! Tokens that are made and revoked on one node, shown to another.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Nodes;
use crate::server::{Api, send, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_force_on_every_node_within_the_second_that_the_answer_says() {
    let nodes = Nodes::start(|it| it);
    let [one, other] = [nodes.node(0).api(), nodes.node(1).api()];
    let account = one.open_with("100").await;
    for round in 0..5 {
        let (scope, path) =
            if round % 2 == 0 { ("operator", "/api/v1/tokens") } else { ("gate", "/api/v1/holds") };
        let made = one.post("/api/v1/tokens", json!({ "scope": scope })).await.expect(201);
        let answered_at = Instant::now();
        let within = Duration::from_millis(made["in_force_within_ms"].as_u64().unwrap());
        assert_eq!(within, Duration::from_secs(1));
        let shown = Api::new(nodes.node(1).url(), &text(&made["token"]));
        loop {
            let sent_at = Instant::now();
            let status = shown.get(path).await.status;
            if status == 200 {
                break;
            }
            assert_eq!(status, 401);
            // What is sent a second after the answer is let in, however long it takes.
            assert!(sent_at < answered_at + within, "it is not known after {:?}", answered_at.elapsed());
        }
        assert_eq!(shown.charge(&account, "0.01", &format!("charge {round}")).await.status, 201);
        // Where it was made it was known at once.
        let here = Api::new(nodes.node(0).url(), &text(&made["token"]));
        assert_eq!(here.get(path).await.status, 200);

        let revoking = one.request("DELETE", &format!("/api/v1/tokens/{}", text(&made["id"])));
        let revoked = send(revoking).await.unwrap().expect(200);
        assert_eq!(revoked["in_force_within_ms"], 1_000);
        // Sooner than it says: whatever is read or written is so as of the database.
        for api in [&shown, &here] {
            assert_eq!(api.get(path).await.status, 401);
            assert_eq!(api.charge(&account, "0.01", &format!("late charge {round}")).await.status, 401);
        }
    }
    assert_eq!(other.account(&account.id).await["balance"], "99.95");
    nodes.end();
}
