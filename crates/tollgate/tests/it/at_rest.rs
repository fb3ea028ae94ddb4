//! What lies on the disk tells no secret to whoever has not the key file: nothing that authenticates anybody, no password
//! and nothing that stands for one, in no file of the store and in no backup.

use std::fs;

use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::server::{Account, Api, Options, Server, Store, send, text, tollgate};

/// A secret and a password that a person chose.
const CHOSEN: &str = "Chosen7ByAPerson";
const PASSWORDS: [&str; 3] = ["correct horse battery", "staple-of-an-endpoint", "changed-with-alias"];

/// Everything that must not be found, and some that must, so that the search is one.
#[derive(Default)]
struct Told {
    secrets: Vec<String>,
    open: Vec<String>,
}

impl Told {
    /// Whatever an answer shows under a name of a secret.
    fn take(&mut self, answer: &Value) {
        for name in ["secret", "auth_token", "new_auth_token", "token"] {
            self.secrets.extend(answer[name].as_str().map(str::to_owned));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_lies_open_in_the_store_its_log_or_a_backup() {
    let store = Store::on_file();
    let server = Server::start(Options::on(&store));
    let told = everything_secret(&server.api()).await;
    assert!(told.secrets.len() >= 15, "{:?}", told.secrets);
    let log = server.log();
    // So that what is not folded into the file yet is there to be searched.
    server.kill();
    let killed = store.copy();
    assert!(killed.wal().exists(), "there is no log to be searched");
    assert_tells_nothing(&told, &[&fs::read(killed.file()).unwrap(), &fs::read(killed.wal()).unwrap()]);
    let backup = Store::on_file();
    let ended = tollgate(["backup", "--store", &store.url(), &backup.file().display().to_string()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_tells_nothing(&told, &[&fs::read(backup.file()).unwrap()]);
    Server::start(Options::on(&store)).stop();
    assert_tells_nothing(&told, &[&fs::read(store.file()).unwrap()]);
    let logged: Vec<_> = told.secrets.iter().filter(|it| log.contains(&**it)).collect();
    assert!(logged.is_empty(), "the server logged {logged:?}");
}

fn assert_tells_nothing(told: &Told, files: &[&[u8]]) {
    let is_in = |text: &[u8]| files.iter().any(|it| it.windows(text.len()).any(|it| it == text));
    for open in &told.open {
        assert!(is_in(open.as_bytes()), "{open} is not found, so nothing would be");
    }
    for secret in &told.secrets {
        assert!(!is_in(secret.as_bytes()), "{secret} lies open");
    }
    for password in PASSWORDS {
        let digest = Md5::digest(password.as_bytes());
        let hex: String = digest.iter().map(|it| format!("{it:02x}")).collect();
        for text in [password.as_bytes(), hex.as_bytes(), hex.to_uppercase().as_bytes(), &digest] {
            assert!(!is_in(text), "{password} lies open, or its MD5");
        }
    }
}

/// Asks for everything that makes or changes a secret, under keys and without.
async fn everything_secret(api: &Api) -> Told {
    let mut told = Told::default();
    let ask = async |request: reqwest::RequestBuilder, key: &str, body: Value, status: u16| {
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        send(request.body(body.to_string())).await.unwrap().expect(status)
    };
    let opened =
        ask(api.request("POST", "/api/v1/accounts"), "open", json!({ "name": "Findable Partner" }), 201)
            .await;
    told.take(&opened);
    let hook = json!({ "url": "https://hook.example" });
    let hook = ask(api.request("POST", "/api/v1/webhooks"), "hook", hook, 201).await;
    told.take(&hook);
    let rotate = format!("/api/v1/webhooks/{}/rotate", text(&hook["id"]));
    told.take(&ask(api.request("POST", &rotate), "rotate hook", json!({}), 200).await);
    told.open.push("Findable Partner".to_owned());
    let account = Account {
        id: text(&opened["id"]),
        api_key: text(&opened["api_key"]),
        secret: text(&opened["secret"]),
    };
    let by = |method: &str, path: &str| api.request_as(&account, method, path);
    let subaccounts = format!("/accounts/{}/subaccounts", account.api_key);
    told.take(&ask(by("POST", &subaccounts), "", json!({ "name": "One", "secret": CHOSEN }), 200).await);
    told.take(&ask(by("POST", &subaccounts), "one", json!({ "name": "Two" }), 200).await);
    let secrets = format!("/accounts/{}/secrets", account.api_key);
    ask(by("POST", &secrets), "chosen", json!({ "secret": format!("{CHOSEN}2") }), 201).await;
    told.secrets.push(CHOSEN.to_owned());

    let plivo = format!("/v1/Account/{}", text(&opened["auth_id"]));
    let sub = format!("{plivo}/Subaccount/");
    let made = ask(by("POST", &sub), "", json!({ "name": "Three", "enabled": true }), 201).await;
    told.take(&made);
    told.take(&ask(by("POST", &sub), "three", json!({ "name": "Four" }), 201).await);
    let three = format!("/api/v1/accounts/{}/credentials", text(&made["auth_id"]));
    for (kind, overlap) in [("token", 60), ("secret", 60), ("token", 0), ("secret", 0)] {
        let body = json!({ "kind": kind, "overlap_seconds": overlap });
        let path = format!("{three}/rotate");
        told.take(&ask(by("POST", &path), if overlap == 0 { kind } else { "" }, body, 201).await);
        let shown = ask(by("GET", &format!("{sub}{}/", text(&made["auth_id"]))), "", json!({}), 200).await;
        told.take(&shown);
    }
    told.take(&ask(by("POST", &three), "", json!({ "kind": "token" }), 201).await);
    for (scope, key) in [("gate", ""), ("operator", "operator")] {
        told.take(&ask(api.request("POST", "/api/v1/tokens"), key, json!({ "scope": scope }), 201).await);
    }

    let endpoint =
        |password: &str| json!({ "username": "desk", "password": password, "alias": "Findable desk" });
    let path = format!("{plivo}/Endpoint/");
    ask(by("POST", &path), "", endpoint(PASSWORDS[0]), 201).await;
    let made = ask(by("POST", &path), "endpoint", endpoint(PASSWORDS[1]), 201).await;
    let change = json!({ "password": PASSWORDS[2], "alias": "Findable still" });
    ask(by("POST", &format!("{path}{}/", text(&made["endpoint_id"]))), "change", change, 202).await;
    told.open.extend(["Findable desk", "Findable still"].map(str::to_owned));
    told.secrets.sort();
    told.secrets.dedup();
    told
}
