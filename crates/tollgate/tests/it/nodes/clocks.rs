//! Nodes whose machines do not agree about the time: whatever they do goes by the database's.

use std::path::Path;

use serde_json::json;

use super::counts;
use crate::server::{Api, Options, Server, Store, text};

/// Debian's package `faketime` has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const APART_S: i64 = 300;

/// A node whose clock is so many seconds ahead.
fn node(store: &Store, ahead_s: i64) -> Server {
    assert!(Path::new(FAKETIME).exists(), "install the package faketime: there is no {FAKETIME}");
    let mut options = Options::on(store).env("LD_PRELOAD", Path::new(FAKETIME));
    options.env.push(("FAKETIME", format!("{ahead_s:+}s")));
    // What is waited for is waited for as long.
    options.env.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()));
    Server::start(options.arg("--metrics-listen").arg("127.0.0.1:0"))
}

async fn database_ahead_ms(server: &Server) -> i64 {
    let metrics = reqwest::get(server.said("metrics on ")).await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|it| it.strip_prefix("tollgate_database_ahead_milliseconds "));
    line.unwrap().parse().unwrap()
}

/// Milliseconds since 1970.
fn at(value: &serde_json::Value) -> i64 {
    text(value).parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_whose_clocks_are_minutes_apart_agree_about_what_time_it_is() {
    let store = Store::on_database();
    let [early, late] = [node(&store, -APART_S), node(&store, APART_S)];
    for (server, side) in [(&early, "300 s behind"), (&late, "300 s ahead of")] {
        let line = server.said("this machine's clock is ");
        assert!(line.starts_with(side), "{line}");
        assert!(
            server.log().contains("this machine's clock differs from the database's"),
            "{}",
            server.log()
        );
    }
    let (of_early, of_late) = (database_ahead_ms(&early).await, database_ahead_ms(&late).await);
    assert!((of_early - APART_S * 1_000).abs() < 1_000 && (of_late + APART_S * 1_000).abs() < 1_000);

    let apis: [Api; 2] = [early.api(), late.api()];
    let account = apis[0].open_with("100").await;
    for api in &apis {
        // A hold that is placed here ends when its time has come everywhere, whoever ends it.
        let body = json!({ "account": account.id, "amount": "1", "expires_in": 1 });
        let placed = api.post("/api/v1/holds", body).await.expect(201);
        assert_eq!(at(&placed["expires_at"]) - at(&placed["placed_at"]), 1_000);
        counts(&store, "SELECT COUNT(*) FROM holds WHERE ended_at IS NULL", 0);
        let ended_at = api.get(&format!("/api/v1/holds/{}", text(&placed["id"]))).await.expect(200);
        let late_ms = at(&ended_at["ended_at"]) - at(&placed["expires_at"]);
        assert!((0..60_000).contains(&late_ms), "it was ended {late_ms} ms after its time");
    }
    // A secret that has an end lives as long on both.
    let path = format!("/api/v1/accounts/{}/credentials/rotate", account.id);
    apis[0].post(&path, json!({ "kind": "secret", "overlap_seconds": 60 })).await.expect(201);
    for api in &apis {
        let seen = api.request_as(&account, "GET", &format!("/api/v1/accounts/{}", account.id));
        assert_eq!(crate::server::send(seen).await.unwrap().status, 200);
        let credentials = api.get(&format!("/api/v1/accounts/{}/credentials", account.id)).await.expect(200);
        let secrets =
            credentials["credentials"].as_array().unwrap().iter().filter(|it| it["kind"] == "secret");
        assert_eq!(secrets.count(), 2);
    }
    for server in [early, late] {
        server.stop();
    }
    store.assert_clean("after nodes that did not agree");
}
