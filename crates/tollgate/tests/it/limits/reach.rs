//! A key for some accounts and what is told of the others beside the lists: figures, refusals, and the limits of other keys.

use insta::assert_snapshot;
use ledger::TransferKind;
use serde_json::{Value, json};

use super::{Family, said};
use crate::ground::Engine;
use crate::house::{Answer, Auth, BY_OPERATOR, Opening};

#[tokio::test]
async fn who_does_not_name_the_primary_is_not_told_what_that_one_has() {
    let family = Family::new().await;
    let Family { house, own, shared, .. } = &family;
    let balance = async |of: &Opening, secret: &str| {
        house.get("/account/get-balance", Auth::Basic(&of.key, secret)).await
    };
    assert_eq!(balance(shared, &shared.secret).await.json()["value"].to_string(), "50.00000000");
    let secret = family.key(shared, "secret", json!({ "accounts": [shared.key] })).await;
    assert_snapshot!(house.shown(&balance(shared, &secret).await), @r#"
    403
    content-type: application/json
    {
      "error-code": "403",
      "error-code-label": "The supplied credentials are limited to other accounts"
    }
    "#);
    // What is its own is.
    let secret = family.key(own, "secret", json!({ "accounts": [own.key] })).await;
    assert_eq!(balance(own, &secret).await.json()["value"].to_string(), "0.00000000");
    let billed = async |token: &str| {
        let auth_id = shared.opened.account.auth_id.as_str();
        let path = format!("/v1/Account/{auth_id}/");
        house.get(&path, Auth::Basic(auth_id, token)).await.json()["billing_mode"].clone()
    };
    let token = family.key(shared, "token", json!({ "accounts": [shared.key] })).await;
    assert_eq!([billed(&shared.opened.auth_token).await, billed(&token).await], ["postpaid", "prepaid"]);
}

#[tokio::test]
async fn the_totals_of_a_list_are_those_of_the_accounts_in_it() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    let other = house.subaccount(partner, "Other", ledger::BalanceMode::Own).await;
    for (to, balance, credit) in [(own, "7.25", "20"), (&other, "11", "30")] {
        house.transfer(TransferKind::Balance, partner, (partner, to), balance).await;
        house.transfer(TransferKind::Credit, partner, (partner, to), credit).await;
    }
    let totals = async |secret: &str| {
        let path = format!("/accounts/{}/subaccounts", partner.key);
        let list = house.get(&path, Auth::Basic(&partner.key, secret)).await.json();
        format!("{} {}", list["total_balance"], list["total_credit_limit"])
    };
    assert_eq!(totals(&partner.secret).await, "50.0000 -100.0000");
    let both = family.key(partner, "secret", json!({ "accounts": [partner.key, own.key] })).await;
    // 31.75 and 50 of its own.
    assert_eq!(totals(&both).await, "39.0000 -70.0000");
}

/// Action, code and figure of each, newest first.
async fn refusals(family: &Family, of: &Opening, auth: Auth<'_>) -> Vec<String> {
    let answer = family.house.get(&Family::path(of, "/refusals?limit=1000"), auth).await;
    let answer = answer.json();
    let shown = |it: &Value| {
        let of = |member: &str| it[member].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", of("action"), of("code"), of("available"))
    };
    answer["refusals"].as_array().unwrap().iter().map(shown).collect()
}

#[tokio::test]
async fn what_was_refused_about_an_account_out_of_reach_is_not_in_the_list_of_its_primary() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    house.transfer(TransferKind::Balance, partner, (partner, own), "7.25").await;
    house.transfer(TransferKind::Credit, partner, (partner, own), "20").await;
    for (by, kind) in [(partner.auth(), "balance"), (BY_OPERATOR, "credit")] {
        let body = json!({ "kind": kind, "from": own.key, "amount": "1000" }).to_string();
        let answer = house.post(&Family::path(partner, "/transfers"), by, body).await;
        assert_eq!(answer.status, 402, "{answer}");
    }
    let mode = house.patch(&Family::path(own, ""), partner.auth(), r#"{"balance":"shared"}"#).await;
    assert_eq!(mode.status, 422, "{mode}");
    let stolen = house.patch(&Family::path(partner, ""), partner.auth(), r#"{"status":"suspended"}"#).await;
    assert_eq!(stolen.status, 403, "{stolen}");
    let itself = "change forbidden -";
    let all = [
        itself,
        "change invalid -",
        "credit_transfer insufficient_credit 20.00",
        "balance_transfer insufficient_funds 27.25",
    ];
    let key = async |accounts: Value| family.key(partner, "secret", json!({ "accounts": accounts })).await;
    let one = key(json!([partner.key])).await;
    assert_eq!(refusals(&family, partner, Auth::Basic(&partner.key, &one)).await, [itself]);
    let both = key(json!([partner.key, own.key])).await;
    assert_eq!(refusals(&family, partner, Auth::Basic(&partner.key, &both)).await, all);
    assert_eq!(refusals(&family, partner, partner.auth()).await, all);
    let ops = family.token("operator", json!({ "accounts": [partner.key] })).await;
    assert_eq!(refusals(&family, partner, Auth::Bearer(&ops)).await, [itself]);
}

/// Else it could push out of there what that one asks about.
#[tokio::test]
async fn a_token_writes_nothing_into_the_list_of_an_account_that_it_does_not_reach() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    house.pay(own, "10").await;
    let charge = house.charge(own, "1").await;
    let hold = json!({ "account": own.key, "amount": "1", "expires_in": 60 }).to_string();
    let hold = house.post("/api/v1/holds", BY_OPERATOR, hold).await.json()["id"].as_str().unwrap().to_owned();
    let asks = |of: &Opening, amount: &str, force: bool| {
        json!({ "account": of.key, "amount": amount, "force": force }).to_string()
    };
    let real = house.post("/api/v1/charges", BY_OPERATOR, asks(own, "1000", false)).await;
    assert_eq!(said(&real), "402 insufficient_funds");
    let gate = family.token("gate", json!({ "accounts": [shared.key], "amount_max": "500" })).await;
    let ops = family.token("operator", json!({ "accounts": [shared.key] })).await;
    let (gate, ops) = (Auth::Bearer(&gate), Auth::Bearer(&ops));
    for _ in 0..101 {
        let answer = house.post("/api/v1/charges", gate, asks(own, "1", false)).await;
        assert_eq!(said(&answer), "404 not_found");
    }
    let settle = |amount: &str| json!({ "amount": amount }).to_string();
    let batch = json!([
        { "account": own.key, "amount": "1", "key": "charge" },
        { "type": "reverse", "charge": charge.to_string(), "key": "reverse" },
        { "type": "settle", "hold": hold, "amount": "1", "key": "settle" },
    ]);
    let transfer = json!({ "kind": "balance", "to": own.key, "amount": "1" }).to_string();
    for (by, path, body) in [
        // What is said before anybody looks whose it is.
        (gate, "/api/v1/charges".to_owned(), asks(own, "501", false)),
        (gate, "/api/v1/charges".to_owned(), asks(own, "1", true)),
        (gate, format!("/api/v1/holds/{hold}/settle"), settle("501")),
        (gate, format!("/api/v1/holds/{hold}/settle"), settle("1")),
        (gate, format!("/api/v1/holds/{hold}/release"), String::new()),
        (gate, format!("/api/v1/charges/{charge}/reverse"), String::new()),
        (gate, "/api/v1/charges/batch".to_owned(), batch.to_string()),
        (ops, "/api/v1/charges".to_owned(), asks(own, "1", false)),
        (ops, Family::path(own, "/payments"), settle("1")),
        (ops, Family::path(own, "/close"), String::new()),
        (ops, Family::path(partner, "/transfers"), transfer),
    ] {
        let answer: Answer = house.post(&path, by, body).await;
        assert!(answer.status >= 400 || path.ends_with("/batch"), "{path}: {answer}");
    }
    assert_eq!(refusals(&family, own, own.auth()).await, ["charge insufficient_funds 8.00"]);
    assert_eq!(refusals(&family, partner, partner.auth()).await, [""; 0]);
    // What is within reach is noted, each time, and the figure is not told.
    let hold = json!({ "account": shared.key, "amount": "1", "expires_in": 60 }).to_string();
    let hold = house.post("/api/v1/holds", gate, hold).await.json()["id"].as_str().unwrap().to_owned();
    let twice: Vec<_> = ["600", "400", "300"]
        .map(|it| json!({ "type": "settle", "hold": hold, "amount": it, "key": it }))
        .into();
    let answer = house.post("/api/v1/charges/batch", gate, Value::Array(twice).to_string()).await;
    assert_eq!(answer.status, 200, "{answer}");
    let settle = "settle insufficient_funds -";
    assert_eq!(refusals(&family, shared, BY_OPERATOR).await, [settle, settle, "settle restricted -"]);
}

#[tokio::test]
async fn what_other_keys_are_limited_to_is_told_as_far_as_it_is_within_reach() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    family.key(partner, "secret", json!({ "accounts": [own.key, shared.key] })).await;
    family.key(partner, "secret", json!({ "accounts": [partner.key, own.key] })).await;
    let one = family.key(partner, "token", json!({ "accounts": [partner.key] })).await;
    let one = Auth::Basic(&partner.key, &one);
    let accounts = |all: &Value, of: &str| -> Vec<Value> {
        let all = all.as_array().unwrap().iter();
        let limits = all.map(|it| it.pointer(of).unwrap_or_else(|| panic!("{it}"))["accounts"].clone());
        limits.filter(|it| !it.is_null()).collect()
    };
    let [partner_id, own_id, shared_id] = [partner, own, shared].map(|it| it.id.to_string());
    let whole = [json!([own_id, shared_id]), json!([partner_id, own_id]), json!([partner_id])];
    let reached = [json!([]), json!([partner_id]), json!([partner_id])];
    let path = Family::path(partner, "/credentials");
    let listed = async |auth| house.get(&path, auth).await.json()["credentials"].clone();
    assert_eq!(accounts(&listed(partner.auth()).await, "/limits"), whole);
    assert_eq!(accounts(&listed(one).await, "/limits"), reached);
    // So in the audit trail, newest first.
    let path = format!("/api/v1/audit?kind=credential_added&account={}", partner.key);
    let audited = async |auth| house.get(&path, auth).await.json()["lines"].clone();
    let turned = |mut all: Vec<Value>| {
        all.reverse();
        all
    };
    assert_eq!(turned(accounts(&audited(partner.auth()).await, "/after/credential/limits")), whole);
    assert_eq!(turned(accounts(&audited(one).await, "/after/credential/limits")), reached);
    let id = listed(partner.auth()).await[2]["id"].as_str().unwrap().to_owned();
    let revoked = house.delete(&Family::path(partner, &format!("/credentials/{id}")), partner.auth()).await;
    assert_eq!(revoked.status, 200, "{revoked}");
    let path = format!("/api/v1/audit?kind=credential_revoked&account={}", partner.key);
    let before = house.get(&path, one).await.json()["lines"][0]["before"]["credential"].clone();
    assert_eq!((&before["id"], &before["limits"]["accounts"]), (&json!(id), &json!([])));
}

#[tokio::test]
async fn the_audit_trail_tells_a_key_for_some_accounts_no_more_than_one_for_all() {
    let family = Family::new().await;
    let Family { house, partner, shared, .. } = &family;
    let hold = json!({ "account": shared.key, "amount": "1", "expires_in": 60 }).to_string();
    let hold = house.post("/api/v1/holds", BY_OPERATOR, hold).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/holds/{hold}/extend");
    assert_eq!(house.post(&path, BY_OPERATOR, r#"{"expires_in":600}"#).await.status, 200);
    let path = format!("/api/v1/audit?kind=extend&account={}", shared.key);
    let line = async |auth: Auth<'_>| house.get(&path, auth).await.json()["lines"][0].clone();
    let limits = json!({ "accounts": [shared.key] });
    let secret = family.key(shared, "secret", limits.clone()).await;
    let (whole, limited) = (line(shared.auth()).await, line(Auth::Basic(&shared.key, &secret)).await);
    assert_eq!([&whole["before"], &limited["before"]], [&Value::Null; 2]);
    assert_eq!([&whole["after"]["hold"]["id"], &limited["after"]["hold"]["id"]], [hold.as_str(); 2]);
    // Of the place in the whole journal an operator's token for some accounts is told nothing, though it may be that of its own.
    let places = async |limits: Value| {
        let token = family.token("operator", limits).await;
        line(Auth::Bearer(&token)).await["line"].is_number()
    };
    assert!(!places(limits).await);
    assert!(!places(json!({ "accounts": [partner.key, shared.key] })).await);
    // Lines of many writers are not counted.
    let are_counted = Engine::of_this_run() == Engine::Sqlite;
    assert_eq!(places(json!({ "amount_max": "0" })).await, are_counted, "it sees all");
    assert_eq!(line(BY_OPERATOR).await["line"].is_number(), are_counted);
}

/// In words that say what to do.
#[tokio::test]
async fn caps_and_prices_are_left_alone_by_keys_that_move_but_so_much_or_do_not_reach_the_payer() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    let caps = r#"{"caps":{"day":"5"}}"#;
    let patch = async |of: &Opening, auth: Auth<'_>, body: &str| {
        said(&house.patch(&Family::path(of, ""), auth, body.to_owned()).await)
    };
    assert_eq!(patch(shared, partner.auth(), caps).await, "200");
    let mover = family.key(partner, "secret", json!({ "amount_max": "1000" })).await;
    let mover = Auth::Basic(&partner.key, &mover);
    let lifted = house.patch(&Family::path(shared, ""), mover, r#"{"caps":null}"#).await;
    assert_snapshot!(house.shown(&lifted), @r#"
    403
    content-type: application/problem+json
    {
      "code": "restricted",
      "detail": "These credentials move at most 1000.00 with one request, all its lines together, and change neither caps nor prices. Ask for less, or with others.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 403,
      "title": "Beyond the limits of these credentials",
      "type": "urn:tollgate:problem:restricted"
    }
    "#);
    let both = family.key(partner, "secret", json!({ "accounts": [own.key, shared.key] })).await;
    let both = Auth::Basic(&partner.key, &both);
    assert_eq!(patch(shared, both, r#"{"caps":null}"#).await, "403 restricted");
    assert_eq!(patch(own, both, caps).await, "200", "its balance is its own");
    let ops = family.token("operator", json!({ "amount_max": "0" })).await;
    let plan = r#"{"currency":"EUR","default":true,"rules":[]}"#;
    let put =
        async |auth| said(&house.call(axum::http::Method::PUT, "/api/v1/price-plans/x", auth, plan).await);
    assert_eq!(put(Auth::Bearer(&ops)).await, "403 restricted");
    assert_eq!(put(BY_OPERATOR).await, "200");
    let assign = r#"{"price_plan":"x"}"#;
    assert_eq!(patch(partner, Auth::Bearer(&ops), assign).await, "403 restricted");
    let ops = family.token("operator", json!({ "accounts": [partner.key] })).await;
    assert_eq!(patch(partner, Auth::Bearer(&ops), assign).await, "403 restricted");
    assert_eq!(patch(partner, BY_OPERATOR, assign).await, "200");
    let capped = house.get(&Family::path(shared, ""), BY_OPERATOR).await.json();
    assert_eq!(capped["caps"]["day"]["cap"], "5.00", "{capped}");
}
