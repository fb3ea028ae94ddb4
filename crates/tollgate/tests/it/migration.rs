//! A store that the first schema wrote: brought up to date by the first start of this version, with all that is in it.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use rusqlite::Connection;
use serde_json::{Value, json};
use tollgate::store::{OpenError, Wrong, backup, replay};

use crate::ground::Ground;
use crate::house::{Answer, Auth, BY_OPERATOR, House, OPERATOR_TOKEN};
use crate::server;

const SCHEMA: &str = include_str!("../../migrations/sqlite/0001_start.sql");
/// A partner with an own, a shared and suspended and another subaccount, an account in dollars, five numbers.
const ROWS: &str = include_str!("store/first_schema.sql");

/// Who is in it, by what each dialect calls it.
const PARTNER: Auth<'_> = Auth::Basic("477a086b", "vtwefo9SF8kTI9BPGtzxTiyMH");
const PARTNER_BY_TOKEN: Auth<'_> =
    Auth::Basic("MAW9634TOEWFQ2K19OU6", "UXeqZH6FMW8JgrkjEep60Gf72S5HOBc5hfR2R7Oc");
const OWN: Auth<'_> = Auth::Basic("750f7387", "y48DROWTCAXJ7D5xoGiHTY1Ii");
const DOLLARS: Auth<'_> = Auth::Basic("e88c53d1", "0CFmzsREEgwbF0cbD6UzjhAL6");
const SHARED: Auth<'_> = Auth::Basic("9e3b28c6", "mtTD8DktWITemQ8Twg6Mcqhjj");

fn write(file: &Path) {
    let sql = Connection::open(file).unwrap();
    sql.execute_batch(&format!("{SCHEMA}\n{ROWS}\nPRAGMA user_version = 1; PRAGMA journal_mode = WAL;"))
        .unwrap();
}

fn before() -> Ground {
    let ground = Ground::file();
    write(&ground.data_file());
    ground
}

fn numbers(answer: &Answer) -> Vec<String> {
    let listed = answer.json();
    let numbers = listed["objects"].as_array().or(listed["numbers"].as_array()).unwrap();
    let name =
        |it: &Value| format!("{} {}", text(&it["country"]), text(it.get("number").unwrap_or(&it["msisdn"])));
    let mut names: Vec<_> = numbers.iter().map(name).collect();
    names.sort();
    names
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_store_of_the_first_schema_is_brought_up_to_date_with_all_that_is_in_it() {
    let house = House::on(before());
    let checked = replay(&house.url(), &|_| true).unwrap();
    assert_eq!((checked.lines, checked.accounts), (21, 5));

    let listed = house.get("/api/v1/numbers", BY_OPERATOR).await;
    let all = ["GB 447700900001", "GB 447700900002", "US 15550100", "US 15550101", "US 447700900001"];
    assert_eq!(numbers(&listed), all);
    let listed = house.get("/v1/Account/MAW9634TOEWFQ2K19OU6/Number/", PARTNER_BY_TOKEN).await;
    assert_eq!(numbers(&listed), ["GB 447700900001", "GB 447700900002", "US 15550100", "US 447700900001"]);
    assert_eq!(numbers(&house.get("/account/numbers", OWN).await), &all[..2], "the transferred one, too");

    let own = house.get("/api/v1/accounts/750f7387", BY_OPERATOR).await.json();
    assert_eq!([&own["balance"], &own["credit_limit"]], [&json!("8.00"), &json!("5.00")]);
    let partner = house.get("/api/v1/accounts/477a086b", PARTNER).await.json();
    let figures = [&partner["name"], &partner["balance"], &partner["credit_limit"]];
    assert_eq!(figures, [&json!("Partner & Sons"), &json!("39.00"), &json!("120.00")]);
    assert_eq!(house.get("/account/get-balance", SHARED).await.status, 403, "it is suspended");
    let chosen = Auth::Basic("477a086b", "Password456");
    assert_eq!(house.get("/account/get-balance", chosen).await.status, 200);
    let listed = house.get("/v1/Account/MAW9634TOEWFQ2K19OU6/Subaccount/", PARTNER_BY_TOKEN).await.json();
    assert_eq!(listed["meta"]["total_count"].to_string(), "3");
    assert_eq!(listed["objects"][2]["auth_token"], "vS2GejXRVIkCi9zJilml9lLkQGPZiOKnv0xdWgaR");
}

/// What was bound to a key then gets the first answer now, secrets and all.
#[tokio::test]
async fn a_key_from_before_is_remembered() {
    let house = House::on(before());
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/accounts")
        .header("idempotency-key", "open partner")
        .header("authorization", format!("Bearer {OPERATOR_TOKEN}"));
    let body = r#"{"name": "Partner", "credit_limit": "100.00"}"#;
    let again = house.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!((again.status, &again.json()["api_key"]), (201, &json!("477a086b")), "{again}");
    assert_eq!(again.json()["secret"], "vtwefo9SF8kTI9BPGtzxTiyMH");
}

#[tokio::test]
async fn what_is_written_after_the_old_lines_is_proven_with_them() {
    let house = House::on(before());
    let ma = "/v1/Account/MAW9634TOEWFQ2K19OU6";
    let post = async |path: &str, by, body: Value| house.post(path, by, body.to_string()).await;
    let made = post(&format!("{ma}/Application/"), PARTNER_BY_TOKEN, json!({ "app_name": "answers" })).await;
    let application = made.json()["app_id"].clone();
    let change = json!({ "app_id": application, "alias": "Front desk" });
    let changed = post(&format!("{ma}/Number/447700900002/"), PARTNER_BY_TOKEN, change).await;
    assert_eq!(changed.status, 202, "{changed}");
    // From the shared and suspended one it may be taken only after it is enabled.
    let sub = format!("{ma}/Subaccount/SA4V2KT56POJL1TVP5JF/");
    assert_eq!(post(&sub, PARTNER_BY_TOKEN, json!({ "enabled": true })).await.status, 202);
    let moved = json!({ "from": "9e3b28c6", "to": "477a086b", "number": "15550100", "country": "US" });
    assert_eq!(post("/accounts/477a086b/transfer-number", PARTNER, moved).await.status, 200);
    let rotate = "/api/v1/accounts/477a086b/credentials/rotate";
    assert_eq!(post(rotate, PARTNER, json!({ "kind": "token" })).await.status, 201);
    let cancelled = house.post("/number/cancel", OWN, "country=GB&msisdn=447700900001").await;
    assert_eq!(cancelled.status, 200, "{cancelled}");
    let bought = house.post("/number/buy", PARTNER, "country=GB&msisdn=447700900001").await;
    assert_eq!(bought.status, 200, "{bought}");
    // In the stock it is what it was with its owner: in dollars.
    let cancelled = house.post("/number/cancel", DOLLARS, "country=US&msisdn=15550101").await;
    assert_eq!(cancelled.status, 200, "{cancelled}");
    assert_eq!(numbers(&house.get("/number/search?country=US", DOLLARS).await), ["US 15550101"]);
    assert_eq!(numbers(&house.get("/number/search?country=US", PARTNER).await), [""; 0]);
    let bought = house.post("/number/buy", DOLLARS, "country=US&msisdn=15550101").await;
    assert_eq!(bought.status, 200, "{bought}");
    let caps = json!({ "caps": { "day": "5.00", "time_zone": "Europe/Rome" } }).to_string();
    let capped = house.patch("/api/v1/accounts/477a086b", BY_OPERATOR, caps).await;
    assert_eq!(capped.json()["caps"]["day"]["spent"], "0.00", "{capped}");
    for (amount, status) in [("5.00", 201), ("0.01", 429)] {
        let charge = json!({ "account": "477a086b", "amount": amount });
        let charged = house.post("/api/v1/charges", BY_OPERATOR, charge.to_string()).await;
        assert_eq!(charged.status, status, "{charged}");
    }
    for path in ["SAWAKQ0WB5QUNNABVD0K/?cascade=true", "SA4V2KT56POJL1TVP5JF/?cascade=false"] {
        let deleted = house.delete(&format!("{ma}/Subaccount/{path}"), PARTNER_BY_TOKEN).await;
        assert_eq!(deleted.status, 204, "{deleted}");
    }
    house.app.store().close();
    replay(&house.url(), &|_| true).unwrap();

    let house = house.copy();
    let listed = house.get("/account/numbers", PARTNER).await;
    assert_eq!(numbers(&listed), ["GB 447700900001", "US 15550100", "US 447700900001"]);
    let searched = house.get("/number/search?country=GB", PARTNER).await;
    assert_eq!(numbers(&searched), ["GB 447700900002"], "of the subaccount that is gone");
}

/// Only a start writes; `check` says so, and a copy for the case that something goes wrong can be had before it.
#[tokio::test]
async fn before_its_first_start_an_old_store_is_copied_but_not_checked() {
    let ground = before();
    let url = ground.store_url();
    let older = replay(&url, &|_| true).unwrap_err();
    assert!(matches!(older, Wrong::Open(OpenError::Older { found: 1, .. })), "{older}");
    let copy = Ground::file();
    backup(&url, &copy.data_file()).unwrap();
    let house = House::on(copy);
    assert_eq!(replay(&house.url(), &|_| true).unwrap().lines, 21);

    let store = server::Store::on_file();
    write(&store.file());
    std::fs::write(store.key_file(), "07".repeat(32)).unwrap();
    std::fs::set_permissions(store.key_file(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let ended = store.check();
    // Neither right nor wrong: it was not looked at.
    assert!(!matches!(ended.code, Some(0 | 1)), "{ended:?}");
    assert!(ended.stderr.contains("start this version on it once"), "{ended:?}");
    server::Server::start(server::Options::on(&store)).stop();
    store.assert_clean("after the first start");
}

/// Nobody knows any more from where the old lines were asked; what comes after them says so, and what it found.
#[tokio::test]
async fn old_lines_stay_as_they_are_and_new_ones_say_where_they_came_from() {
    let house = House::on(before());
    let path = "/api/v1/accounts/477a086b";
    assert_eq!(house.patch(path, PARTNER, r#"{"name":"Other"}"#).await.status, 200);
    let ma = "/v1/Account/MAW9634TOEWFQ2K19OU6";
    let alias = json!({ "alias": "Front desk" }).to_string();
    let changed = house.post(&format!("{ma}/Number/447700900002/"), PARTNER_BY_TOKEN, alias).await;
    assert_eq!(changed.status, 202, "{changed}");
    let sql = house.sql();
    let count = |which: &str| sql.number(&format!("SELECT COUNT(*) FROM journal WHERE {which}"));
    assert_eq!(count("seq <= 21 AND address IS NULL AND before IS NULL"), 21);
    assert_eq!(count("seq > 21 AND address = x'7F000001' AND before IS NOT NULL"), 2);
    replay(&house.url(), &|_| true).unwrap();
    sql.execute("UPDATE journal SET before = NULL WHERE seq = 22");
    let wrong = replay(&house.url(), &|_| true).unwrap_err().to_string();
    assert_eq!(wrong, "journal line 22 is wrong: it changes something and does not say what it found");
}
