//! Why something was refused.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tollgate::http::Peer;

use super::{Family, gate, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, Opening};

const PLAN: &str = r#"{"currency":"EUR","default":true,"rules":[
    {"path":"/v1/admin/**","operation":"admin","mode":"deny"},
    {"path":"/v1/messages","operation":"sms.send","mode":"charge","unit_price":"200"}]}"#;

impl Family {
    async fn refusals(&self, account: &Opening, query: &str, auth: Auth<'_>) -> Answer {
        self.house.get(&self.path(account, &format!("/refusals{query}")), auth).await
    }

    /// Door, action and code of each, newest first.
    async fn why(&self, account: &Opening, query: &str, auth: Auth<'_>) -> Vec<String> {
        let answer = self.refusals(account, query, auth).await;
        assert_eq!(answer.status, 200, "{answer}");
        let refusals = answer.json();
        let list = refusals["refusals"].as_array().unwrap();
        list.iter()
            .map(|it| format!("{} {} {}", text(&it["door"]), text(&it["action"]), text(&it["code"])))
            .collect()
    }

    async fn charge_too_much(&self, account: &Opening, auth: Auth<'_>) -> Answer {
        let body = json!({ "account": account.key, "amount": "1000", "operation": "sms.send" });
        let answer = self.house.post("/api/v1/charges", auth, body.to_string()).await;
        assert_eq!(answer.status, 402, "{answer}");
        answer
    }
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

#[tokio::test]
async fn a_refusal_is_found_by_the_id_of_its_request() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    family.charge_too_much(&family.own, BY_OPERATOR).await;
    let refused = family.charge_too_much(&family.own, Auth::Bearer(&gate)).await;
    family.charge_too_much(&family.own, BY_OPERATOR).await;
    let answer = family.refusals(&family.own, &format!("?request_id={}", id(&refused)), BY_OPERATOR).await;
    family.house.call_it("the request", &id(&refused));
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "refusals": [
        {
          "action": "charge",
          "address": "127.0.0.1",
          "amount": "1000.00",
          "available": "0.00",
          "by": {
            "account": null,
            "credential": "<uuid 1>",
            "kind": "gate"
          },
          "code": "insufficient_funds",
          "created_at": "2024-08-28T14:11:32.242Z",
          "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
          "door": "native",
          "key": null,
          "needed": "1000.00",
          "operation": "sms.send",
          "request_id": "<the request>"
        }
      ]
    }
    "#);
    assert_eq!(family.why(&family.own, "", family.own.auth()).await.len(), 3);
    assert_eq!(family.why(&family.own, "?limit=2", family.own.auth()).await.len(), 2);
    let other = "?request_id=0191992b-0000-7000-8000-000000000000";
    assert_eq!(family.why(&family.own, other, family.own.auth()).await, [""; 0]);
    assert_eq!(family.why(&family.own, "?request_id=what", family.own.auth()).await, [""; 0]);
}

#[tokio::test]
async fn it_is_for_the_account_its_primary_and_the_operator() {
    let family = Family::new().await;
    family.charge_too_much(&family.own, BY_OPERATOR).await;
    let why = ["native charge insufficient_funds"];
    assert_eq!(family.why(&family.own, "", family.own.auth()).await, why);
    assert_eq!(family.why(&family.own, "", family.primary.auth()).await, why);
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await, why);
    assert_eq!(family.why(&family.primary, "", family.primary.auth()).await, [""; 0], "each has its own");
    for by in [&family.shared, &family.stranger] {
        assert_eq!(problem(&family.refusals(&family.own, "", by.auth()).await), "404 not_found");
    }
    assert_eq!(problem(&family.refusals(&family.primary, "", family.own.auth()).await), "404 not_found");
    let gate = gate(&family.house, false).await;
    assert_eq!(problem(&family.refusals(&family.own, "", Auth::Bearer(&gate)).await), "403 forbidden");
    assert_eq!(problem(&family.refusals(&family.own, "", Auth::Nothing).await), "401 unauthenticated");
    let wrong = family.refusals(&family.own, "?id=1", BY_OPERATOR).await;
    assert_eq!(problem(&wrong), "422 invalid: id is not known here; known are request_id, limit");
}

#[tokio::test]
async fn what_the_payer_had_only_those_see_who_may() {
    let family = Family::new().await;
    let available = async |account: &Opening, auth: Auth<'_>| {
        let answer = family.refusals(account, "", auth).await.json();
        answer["refusals"][0]["available"].clone()
    };
    family.charge_too_much(&family.shared, BY_OPERATOR).await;
    assert_eq!(available(&family.shared, BY_OPERATOR).await, "150.00");
    assert_eq!(available(&family.shared, family.primary.auth()).await, "150.00");
    assert_eq!(available(&family.shared, family.shared.auth()).await, Value::Null);
    // What its payer had then stays the payer's own when it gets a balance of its own.
    let body = r#"{"balance":"own"}"#;
    let changed = family.house.patch(&family.path(&family.shared, ""), BY_OPERATOR, body).await;
    assert_eq!(changed.status, 200, "{changed}");
    assert_eq!(available(&family.shared, family.shared.auth()).await, Value::Null);
    family.house.clock.advance(1);
    family.charge_too_much(&family.shared, BY_OPERATOR).await;
    assert_eq!(available(&family.shared, family.shared.auth()).await, "0.00");
}

/// Who asks is refused itself: nobody fills another one's list, and who is nobody fills none.
#[tokio::test]
async fn a_list_is_filled_by_nobody_else() {
    let family = Family::new().await;
    let house = &family.house;
    let transfer = json!({ "kind": "balance", "to": family.own.key, "amount": "1" }).to_string();
    let path = family.path(&family.primary, "/transfers");
    let answer = house.post(&path, family.stranger.auth(), transfer.clone()).await;
    assert_eq!(answer.status, 404, "{answer}");
    for auth in [Auth::Nothing, Auth::Bearer("wrong"), Auth::Basic(&family.primary.key, "wrong")] {
        assert_eq!(house.post(&path, auth, transfer.clone()).await.status, 401);
    }
    assert_eq!(family.why(&family.primary, "", BY_OPERATOR).await, [""; 0]);
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await, [""; 0]);
    assert_eq!(family.why(&family.stranger, "", BY_OPERATOR).await, ["native balance_transfer not_found"]);
    // A credential that was right once and is dead now is nobody's.
    let made =
        house.post(&family.path(&family.own, "/credentials"), BY_OPERATOR, r#"{"kind":"secret"}"#).await;
    let (secret, id) = (text(&made.json()["secret"]), text(&made.json()["id"]));
    let dead = Auth::Basic(&family.own.key, &secret);
    assert_eq!(house.get(&family.path(&family.own, ""), dead).await.status, 200);
    let revoke = family.path(&family.own, &format!("/credentials/{id}"));
    assert_eq!(house.delete(&revoke, BY_OPERATOR).await.status, 200);
    let name = house.patch(&family.path(&family.own, ""), dead, r#"{"name":"x"}"#).await;
    assert_eq!(name.status, 401, "{name}");
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await, [""; 0]);
}

#[tokio::test]
async fn charges_holds_settles_reversals_and_batches_are_the_accounts() {
    let family = Family::new().await;
    let house = &family.house;
    let post = async |path: &str, body: Value, status: u16| {
        let answer = house.post(path, BY_OPERATOR, body.to_string()).await;
        assert_eq!(answer.status, status, "{answer}");
        answer.json()
    };
    let hold = json!({ "account": family.shared.key, "amount": "5", "expires_in": 60 });
    let hold = text(&post("/api/v1/holds", hold, 201).await["id"]);
    let charge = json!({ "account": family.shared.key, "amount": "2" });
    let charge = text(&post("/api/v1/charges", charge, 201).await["id"]);
    post("/api/v1/holds", json!({ "account": family.shared.key, "amount": "500", "expires_in": 60 }), 402)
        .await;
    post(&format!("/api/v1/holds/{hold}/settle"), json!({ "amount": "500" }), 402).await;
    post(&format!("/api/v1/holds/{hold}/extend"), json!({ "expires_in": 0 }), 422).await;
    post(&format!("/api/v1/charges/{charge}/reverse"), json!({ "amount": "3" }), 409).await;
    // Of what there is not nobody knows whose it would be.
    post("/api/v1/charges/0191992b-0000-7000-8000-000000000000/reverse", json!({}), 404).await;
    let batch = json!([
        { "account": family.own.key, "amount": "1", "key": "first" },
        { "account": family.shared.key, "amount": "1", "key": "second" },
        { "account": family.shared.key, "amount": "600", "operation": "call", "key": "third" },
        { "type": "settle", "hold": hold, "amount": "700", "key": "fourth" },
    ]);
    post("/api/v1/charges/batch", batch, 200).await;
    assert_eq!(
        family.why(&family.shared, "", BY_OPERATOR).await,
        [
            "native settle insufficient_funds",
            "native charge insufficient_funds",
            "native reversal already_reversed",
            "native extend invalid",
            "native settle insufficient_funds",
            "native hold insufficient_funds",
        ]
    );
    let answer = family.refusals(&family.shared, "?limit=2", BY_OPERATOR).await.json();
    let told = |nth: usize, member: &str| answer["refusals"][nth][member].clone();
    assert_eq!([told(0, "key"), told(1, "key")], ["fourth", "third"]);
    assert_eq!([told(1, "amount"), told(1, "operation")], ["600.00", "call"]);
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await, ["native charge insufficient_funds"]);
    let left = family.refusals(&family.shared, "", BY_OPERATOR).await.json();
    assert_eq!(left["refusals"][2]["left"], "2.00");
    assert_eq!(left["refusals"][3]["errors"][0]["field"], "expires_in");
}

/// Whoever was denied at the gate asks by the id that it was told, or the operator by the one in the proxy's log.
#[tokio::test]
async fn a_denied_call_is_found_by_the_id_that_its_caller_was_told_and_by_the_proxys() {
    let family = Family::new().await;
    let house = &family.house;
    let put = house.call(Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, PLAN).await;
    assert_eq!(put.status, 200, "{put}");
    let gate = gate(house, false).await;
    let check = async |account: &Opening, path: &str, name: &str| {
        let request = account.auth().on(Request::post(format!("/gate/envoy{path}")));
        let request = request.header("x-gate-token", &gate).header("x-gate-request-id", name);
        let mut request = request.header("x-gate-client", "198.51.100.7").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer([10, 0, 0, 1].into()));
        house.send(request).await
    };
    let short = check(&family.own, "/v1/messages", "proxy-1").await;
    assert_eq!(short.status, 402, "{short}");
    check(&family.own, "/v1/admin/x", "proxy-2").await;
    check(&family.own, "/v1/unknown", "proxy-3").await;
    check(&family.own, "/v1//messages", "proxy-4").await;
    let told = text(&short.json()["request_id"]);
    for name in [&*told, "proxy-1"] {
        let answer = family.refusals(&family.own, &format!("?request_id={name}"), family.own.auth()).await;
        let refusals = answer.json();
        assert_eq!(refusals["refusals"].as_array().unwrap().len(), 1, "{name}: {answer}");
        assert_eq!(refusals["refusals"][0]["request_id"], told);
    }
    let answer = family.refusals(&family.own, &format!("?request_id={told}"), family.own.auth()).await;
    house.call_it("the request", &told);
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "refusals": [
        {
          "action": "check",
          "address": "198.51.100.7",
          "amount": null,
          "available": "0.00",
          "by": {
            "account": "<id of Own>",
            "credential": "<uuid 1>",
            "kind": "account"
          },
          "code": "insufficient_funds",
          "created_at": "2024-08-28T14:11:32.242Z",
          "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
          "door": "gate",
          "key": "proxy-1",
          "needed": "200.00",
          "operation": null,
          "request_id": "<the request>"
        }
      ]
    }
    "#);

    let suspend = house.patch(&family.path(&family.own, ""), BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    assert_eq!(suspend.status, 200, "{suspend}");
    let denied = check(&family.own, "/v1/messages", "proxy-5").await;
    assert_eq!(denied.status, 403, "{denied}");
    // A suspended account calls nothing, and learns why from its primary.
    assert_eq!(problem(&family.refusals(&family.own, "", family.own.auth()).await), "403 suspended");
    assert_eq!(
        family.why(&family.own, "", family.primary.auth()).await,
        [
            "native read suspended",
            "gate check suspended",
            "gate check path_not_normal",
            "gate check no_price",
            "gate check denied",
            "gate check insufficient_funds",
        ]
    );
    // Not a call of the gate's: the key of a native request is no name of it.
    let why = family.why(&family.own, "?request_id=proxy-5", BY_OPERATOR).await;
    assert_eq!(why, ["gate check suspended"]);
}

#[tokio::test]
async fn every_dialect_is_a_door() {
    let family = Family::new().await;
    let house = &family.house;
    let (key, ma) = (&family.primary.key, family.primary.opened.account.auth_id.as_str());
    let transfer = json!({ "from": key, "to": family.own.key, "amount": 1000 }).to_string();
    let path = format!("/accounts/{key}/balance-transfers");
    let by_vonage = house.post(&path, family.primary.auth(), transfer).await;
    assert_eq!(by_vonage.status, 403, "{by_vonage}");
    let as_main = Auth::Basic(ma, &family.primary.secret);
    let rent = format!("/v1/Account/{ma}/PhoneNumber/447700900009/");
    let dear = r#"{"country":"GB","msisdn":"447700900009","cost":"1000"}"#;
    assert_eq!(house.post("/api/v1/numbers", BY_OPERATOR, dear).await.status, 201);
    let by_plivo = house.post(&rent, as_main, "{}").await;
    assert_eq!(by_plivo.status, 400, "{by_plivo}");
    let close = family.path(&family.primary, "/close");
    let by_dry_run = house.post(&close, BY_OPERATOR, r#"{"dry_run":true}"#).await;
    assert_eq!(by_dry_run.status, 409, "{by_dry_run}");
    assert_eq!(
        family.why(&family.primary, "", BY_OPERATOR).await,
        [
            "native close not_empty",
            "plivo number_rent insufficient_funds",
            "vonage balance_transfer insufficient_funds"
        ]
    );
    let by_id = format!("?request_id={}", id(&by_vonage));
    assert_eq!(family.why(&family.primary, &by_id, family.primary.auth()).await.len(), 1);
    // A subaccount in the Vonage dialect is refused before its body is read.
    let path = format!("/accounts/{}/balance-transfers", family.own.key);
    assert_eq!(house.post(&path, family.own.auth(), "{}").await.status, 403);
    let why = family.why(&family.own, "", family.own.auth()).await;
    assert_eq!(why, ["vonage read forbidden"]);
}

#[tokio::test]
async fn they_are_remembered_for_a_day_and_forgotten_by_a_restart() {
    let family = Family::new().await;
    family.charge_too_much(&family.own, BY_OPERATOR).await;
    family.house.clock.advance(24 * 3_600_000 - 1);
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await.len(), 1);
    family.house.clock.advance(1);
    assert_eq!(family.why(&family.own, "", BY_OPERATOR).await.len(), 0);
    family.charge_too_much(&family.own, BY_OPERATOR).await;
    family.house.app.store().close();
    let again = family.house.copy();
    let path = family.path(&family.own, "/refusals");
    let answer = again.get(&path, BY_OPERATOR).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "refusals": [] })));
}

/// What is too long to be accepted is not kept either.
#[tokio::test]
async fn no_text_is_longer_than_what_would_be_accepted() {
    let family = Family::new().await;
    let body = json!({ "account": family.own.key, "amount": "1", "operation": "x".repeat(60_000) });
    let request = BY_OPERATOR.on(Request::post("/api/v1/charges").header("idempotency-key", "y".repeat(300)));
    let answer = family.house.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status, 422, "{answer}");
    let refusals = family.refusals(&family.own, "", BY_OPERATOR).await.json();
    let refusal = &refusals["refusals"][0];
    assert_eq!([&refusal["operation"], &refusal["key"]], [&Value::Null, &Value::Null]);
    assert_eq!(refusal["amount"], "1.00");
}
