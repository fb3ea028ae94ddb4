//! The postings of an account.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use ledger::TransferKind;
use serde_json::Value;

use super::{Family, call_by_member, gate, keyed, problem, text};
use crate::house::{Auth, BY_OPERATOR, Opening};

impl Family {
    async fn postings(&self, account: &Opening, auth: Auth<'_>) -> Vec<Value> {
        let answer = self.house.get(&self.path(account, "/postings"), auth).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()["postings"].as_array().unwrap().clone()
    }
}

/// `kind change/credit/held = balance/credit limit/held/available`, with who is on which side by the first letter.
fn line(family: &Family, posting: &Value) -> String {
    let name = |member: &str| match posting[member].as_str() {
        None => "-",
        Some(id) if id == family.primary.id.to_string() => "P",
        Some(id) if id == family.own.id.to_string() => "O",
        Some(id) if id == family.shared.id.to_string() => "S",
        Some(_) => "?",
    };
    let figures = |members: &[&str]| {
        let figures = members.iter().map(|it| posting[it].as_str().unwrap_or("null").to_owned());
        figures.collect::<Vec<_>>().join(" ")
    };
    let (account, counterparty, cause) = (name("account"), name("counterparty"), name("cause"));
    let change = figures(&["balance_change", "credit_change", "held_change"]);
    let after = figures(&["balance", "credit_limit", "held", "available"]);
    format!("{} {account}<{counterparty} {cause}: {change} = {after}", text(&posting["kind"]))
}

#[tokio::test]
async fn a_posting_says_what_moved_who_caused_it_and_what_it_came_to() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let body = format!(
        r#"{{"account":"{}","amount":"0.05","operation":"sms.send","units":2,"reference":"message 7"}}"#,
        family.shared.id
    );
    family.house.post("/api/v1/charges", Auth::Bearer(&gate), body).await;
    let path = family.path(&family.primary, "/payments");
    keyed(&family.house, Method::POST, &path, "payment 1", r#"{"amount":"1"}"#).await;
    let path = family.path(&family.primary, "/postings?limit=2");
    let answer = family.house.get(&path, family.primary.auth()).await;
    call_by_member(&family.house, &answer, &["next"]);
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "next": "<next>",
      "postings": [
        {
          "about": null,
          "account": "<id of Partner>",
          "available": "150.95",
          "balance": "50.95",
          "balance_change": "1.00",
          "by": {
            "account": null,
            "credential": "<uuid 1>",
            "kind": "operator"
          },
          "cause": null,
          "counterparty": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "credit_change": "0.00",
          "credit_limit": "100.00",
          "forced": false,
          "held": "0.00",
          "held_change": "0.00",
          "id": "<uuid 2>",
          "key": "payment 1",
          "kind": "payment",
          "late": false,
          "operation": null,
          "price": null,
          "reference": null,
          "units": null
        },
        {
          "about": null,
          "account": "<id of Partner>",
          "available": "149.95",
          "balance": "49.95",
          "balance_change": "-0.05",
          "by": {
            "account": null,
            "credential": "<uuid 3>",
            "kind": "gate"
          },
          "cause": "<id of Shared>",
          "counterparty": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "credit_change": "0.00",
          "credit_limit": "100.00",
          "forced": false,
          "held": "0.00",
          "held_change": "0.00",
          "id": "<uuid 4>",
          "key": null,
          "kind": "charge",
          "late": false,
          "operation": "sms.send",
          "price": null,
          "reference": "message 7",
          "units": "2"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn each_side_of_a_transfer_sees_its_own_change_and_what_it_came_to() {
    let family = Family::new().await;
    let house = &family.house;
    house.transfer(TransferKind::Balance, &family.primary, (&family.primary, &family.own), "30").await;
    house.transfer(TransferKind::Credit, &family.primary, (&family.primary, &family.own), "40").await;
    house.transfer(TransferKind::Balance, &family.primary, (&family.own, &family.primary), "10").await;
    let mut said = Vec::new();
    for (title, account, auth) in [
        ("the primary's", &family.primary, family.primary.auth()),
        ("the subaccount's, as it sees them", &family.own, family.own.auth()),
        ("the subaccount's, as its primary sees them", &family.own, family.primary.auth()),
    ] {
        said.push(title.to_owned());
        said.extend(family.postings(account, auth).await.iter().map(|it| line(&family, it)));
    }
    assert_snapshot!(said.join("\n"), @"
    the primary's
    balance_transfer P<O -: 10.00 0.00 0.00 = 30.00 60.00 0.00 90.00
    credit_transfer P<O -: 0.00 -40.00 0.00 = 20.00 60.00 0.00 80.00
    balance_transfer P<O -: -30.00 0.00 0.00 = 20.00 100.00 0.00 120.00
    payment P<- -: 50.00 0.00 0.00 = 50.00 100.00 0.00 150.00
    open P<- -: 0.00 100.00 0.00 = 0.00 100.00 0.00 100.00
    the subaccount's, as it sees them
    balance_transfer O<P -: -10.00 0.00 0.00 = 20.00 40.00 0.00 60.00
    credit_transfer O<P -: 0.00 40.00 0.00 = 30.00 40.00 0.00 70.00
    balance_transfer O<P -: 30.00 0.00 0.00 = 30.00 0.00 0.00 30.00
    the subaccount's, as its primary sees them
    balance_transfer O<P -: -10.00 0.00 0.00 = 20.00 40.00 0.00 60.00
    credit_transfer O<P -: 0.00 40.00 0.00 = 30.00 40.00 0.00 70.00
    balance_transfer O<P -: 30.00 0.00 0.00 = 30.00 0.00 0.00 30.00
    ");
}

#[tokio::test]
async fn an_account_that_shares_sees_what_it_caused_and_nothing_of_what_its_payer_has() {
    let family = Family::new().await;
    let charge = family.house.charge(&family.shared, "3").await;
    let reverse = format!("/api/v1/charges/{charge}/reverse");
    let reversal = family.house.post(&reverse, BY_OPERATOR, r#"{"amount":"1"}"#).await.json();
    family.house.charge(&family.primary, "9").await;
    let mut said = Vec::new();
    for (title, account, auth) in [
        ("as it sees them", &family.shared, family.shared.auth()),
        ("as its primary sees them", &family.shared, family.primary.auth()),
        ("as the operator sees them", &family.shared, BY_OPERATOR),
        ("the primary's", &family.primary, family.primary.auth()),
    ] {
        said.push(title.to_owned());
        said.extend(family.postings(account, auth).await.iter().map(|it| line(&family, it)));
    }
    assert_snapshot!(said.join("\n"), @"
    as it sees them
    reversal P<- S: 1.00 0.00 0.00 = null null null null
    charge P<- S: -3.00 0.00 0.00 = null null null null
    as its primary sees them
    reversal P<- S: 1.00 0.00 0.00 = 48.00 100.00 0.00 148.00
    charge P<- S: -3.00 0.00 0.00 = 47.00 100.00 0.00 147.00
    as the operator sees them
    reversal P<- S: 1.00 0.00 0.00 = 48.00 100.00 0.00 148.00
    charge P<- S: -3.00 0.00 0.00 = 47.00 100.00 0.00 147.00
    the primary's
    charge P<- -: -9.00 0.00 0.00 = 39.00 100.00 0.00 139.00
    reversal P<- S: 1.00 0.00 0.00 = 48.00 100.00 0.00 148.00
    charge P<- S: -3.00 0.00 0.00 = 47.00 100.00 0.00 147.00
    payment P<- -: 50.00 0.00 0.00 = 50.00 100.00 0.00 150.00
    open P<- -: 0.00 100.00 0.00 = 0.00 100.00 0.00 100.00
    ");
    let newest = &family.postings(&family.shared, family.shared.auth()).await[0];
    assert_eq!([&newest["id"], &newest["about"]], [&reversal["id"], &Value::from(charge.to_string())]);
}

#[tokio::test]
async fn postings_go_on_where_their_page_ends_whatever_lies_between_them() {
    let family = Family::new().await;
    for number in 1..=7 {
        family.house.charge(&family.primary, &format!("0.0{number}")).await;
        // Lines that move nothing are no postings.
        for name in ["One", "Two", "Three"] {
            let body = format!(r#"{{"name":"{name}"}}"#);
            family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, body).await;
        }
    }
    let mut pages = Vec::new();
    let mut path = family.path(&family.primary, "/postings?limit=3");
    loop {
        let page = family.house.get(&path, family.primary.auth()).await.json();
        let postings = page["postings"].as_array().unwrap();
        pages.push(postings.iter().map(|it| text(&it["balance_change"])).collect::<Vec<_>>());
        let Some(next) = page["next"].as_str() else { break };
        path = family.path(&family.primary, &format!("/postings?limit=3&cursor={next}"));
    }
    // Before the charges came a payment, and the opening, whose credit limit is a posting of no balance.
    assert_eq!(
        pages,
        [vec!["-0.07", "-0.06", "-0.05"], vec!["-0.04", "-0.03", "-0.02"], vec!["-0.01", "50.00", "0.00"]]
    );
}

#[tokio::test]
async fn postings_are_refused_by_what_is_wrong_with_the_request() {
    let family = Family::new().await;
    let gate = gate(&family.house, true).await;
    let list = async |account: &Opening, query: &str, auth| {
        family.house.get(&family.path(account, &format!("/postings{query}")), auth).await
    };
    family.house.pay(&family.stranger, "1").await;
    family.house.pay(&family.stranger, "1").await;
    let foreign = text(&list(&family.stranger, "?limit=1", BY_OPERATOR).await.json()["next"]);
    let mut said = Vec::new();
    for (account, query, auth) in [
        (&family.primary, "?limit=0", BY_OPERATOR),
        (&family.primary, "?limit=1001", BY_OPERATOR),
        (&family.primary, "?cursor=garbage", BY_OPERATOR),
        (&family.primary, &format!("?cursor={foreign}"), BY_OPERATOR),
        (&family.primary, "?kinds=charge", BY_OPERATOR),
        (&family.primary, "", family.own.auth()),
        (&family.primary, "", family.stranger.auth()),
        (&family.primary, "", Auth::Bearer(&gate)),
    ] {
        said.push(problem(&list(account, query, auth).await));
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: limit must be a whole number from 1 to 1000
    422 invalid: limit must be a whole number from 1 to 1000
    422 invalid: cursor must be the `next` of the page before
    422 invalid: cursor must be the `next` of the page before
    422 invalid: kinds is not known here; known are kind, operation, reference, from, to, cursor, limit
    404 not_found
    404 not_found
    403 forbidden
    ");
}

/// By which a customer finds out why a call cost what it did.
#[tokio::test]
async fn a_posting_of_a_call_says_by_which_price_it_went() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let plan = r#"{"currency":"EUR","default":true,"rules":[
        {"path":"/free","operation":"free","mode":"free"},
        {"path":"/sms","operation":"sms.send","mode":"charge","unit_price":"0.05"},
        {"path":"/call","operation":"call","mode":"hold","reserve":"2","expires_in":60}]}"#;
    for _ in 0..2 {
        family.house.call(Method::PUT, "/api/v1/price-plans/standard", BY_OPERATOR, plan).await;
    }
    let mut hold = String::new();
    for path in ["/sms", "/free", "/call"] {
        let request = Request::post(format!("/gate/envoy{path}")).header("x-gate-token", &gate);
        let request = request.header("x-gate-request-id", format!("id of {path}"));
        let request = family.shared.auth().on(request).body(Body::empty()).unwrap();
        let answer = family.house.send(request).await;
        assert_eq!(answer.status, 200, "{answer}");
        hold = answer.header("x-hold-id").unwrap().to_owned();
    }
    let settle = format!("/api/v1/holds/{hold}/settle");
    family.house.post(&settle, Auth::Bearer(&gate), r#"{"amount":"1.25"}"#).await;
    let postings = family.house.get(&family.path(&family.shared, "/postings"), family.shared.auth()).await;
    assert_snapshot!(family.house.shown(&postings), @r#"
    200
    content-type: application/json
    {
      "next": null,
      "postings": [
        {
          "about": "<uuid 1>",
          "account": "<id of Partner>",
          "available": null,
          "balance": null,
          "balance_change": "-1.25",
          "by": {
            "account": null,
            "credential": "<uuid 2>",
            "kind": "gate"
          },
          "cause": "<id of Shared>",
          "counterparty": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "credit_change": "0.00",
          "credit_limit": null,
          "forced": false,
          "held": null,
          "held_change": "-2.00",
          "id": "<uuid 3>",
          "key": null,
          "kind": "settle",
          "late": false,
          "operation": "call",
          "price": {
            "plan": "standard",
            "rule": 3,
            "version": 2
          },
          "reference": null,
          "units": null
        },
        {
          "about": null,
          "account": "<id of Partner>",
          "available": null,
          "balance": null,
          "balance_change": "0.00",
          "by": {
            "account": "<id of Shared>",
            "credential": "<uuid 4>",
            "kind": "account"
          },
          "cause": "<id of Shared>",
          "counterparty": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "credit_change": "0.00",
          "credit_limit": null,
          "forced": false,
          "held": null,
          "held_change": "2.00",
          "id": "<uuid 1>",
          "key": "id of /call",
          "kind": "hold",
          "late": false,
          "operation": "call",
          "price": {
            "plan": "standard",
            "rule": 3,
            "version": 2
          },
          "reference": null,
          "units": null
        },
        {
          "about": null,
          "account": "<id of Partner>",
          "available": null,
          "balance": null,
          "balance_change": "-0.05",
          "by": {
            "account": "<id of Shared>",
            "credential": "<uuid 4>",
            "kind": "account"
          },
          "cause": "<id of Shared>",
          "counterparty": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "credit_change": "0.00",
          "credit_limit": null,
          "forced": false,
          "held": null,
          "held_change": "0.00",
          "id": "<uuid 5>",
          "key": "id of /sms",
          "kind": "charge",
          "late": false,
          "operation": "sms.send",
          "price": {
            "plan": "standard",
            "rule": 2,
            "version": 2
          },
          "reference": null,
          "units": null
        }
      ]
    }
    "#);
    let charge = text(&postings.json()["postings"][2]["id"]);
    let reversed = family.house.post(&format!("/api/v1/charges/{charge}/reverse"), BY_OPERATOR, "").await;
    assert_eq!(reversed.json()["amount"], "0.05");
}

#[tokio::test]
async fn postings_are_found_by_what_they_are_and_when() {
    let family = Family::new().await;
    let house = &family.house;
    house.pay(&family.own, "100").await;
    let start = house.clock.now();
    for (amount, operation, reference) in [("1", "sms.send", "a"), ("2", "call", "b"), ("3", "sms.send", "b")]
    {
        house.clock.advance(60_000);
        let body = serde_json::json!({
            "account": family.own.id.to_string(), "amount": amount, "operation": operation, "reference": reference,
        });
        assert_eq!(family.charge(body.to_string()).await.status, 201);
    }
    let list = async |query: &str| {
        let path = family.path(&family.own, &format!("/postings?{query}"));
        let page = house.get(&path, BY_OPERATOR).await.json();
        let postings = page["postings"].as_array().unwrap().iter();
        let changes: Vec<_> = postings.map(|it| text(&it["balance_change"])).collect();
        (changes.join(" "), page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, ("-3.00 -2.00 -1.00 100.00".to_owned(), None));
    assert_eq!(list("kind=charge").await.0, "-3.00 -2.00 -1.00");
    assert_eq!(list("operation=sms.send").await.0, "-3.00 -1.00");
    assert_eq!(list("operation=sms.send&reference=b").await.0, "-3.00");
    let at = |minutes: i64| {
        let at = start.millis() + minutes * 60_000;
        jiff::Timestamp::from_millisecond(at).unwrap().to_string()
    };
    // From is in it, and to is not.
    assert_eq!(list(&format!("from={}&to={}", at(1), at(3))).await.0, "-2.00 -1.00");
    let (first, next) = list("kind=charge&limit=2").await;
    assert_eq!(first, "-3.00 -2.00");
    let rest = list(&format!("kind=charge&limit=2&cursor={}", next.unwrap())).await;
    assert_eq!(rest, ("-1.00".to_owned(), None));
    let wrong = family.path(&family.own, "/postings?kind=token_made&from=yesterday");
    let wrong = problem(&house.get(&wrong, BY_OPERATOR).await);
    assert!(wrong.contains("kind must be") && wrong.contains("from must be a time"), "{wrong}");
}

/// However rare what is looked for, no request reads through a whole journal.
#[tokio::test]
async fn a_page_of_postings_looks_at_a_bounded_number_of_lines() {
    let family = Family::new().await;
    let house = &family.house;
    house.pay(&family.own, "200").await;
    let account = family.own.id.to_string();
    let rare = serde_json::json!({"account": account, "amount": "1", "operation": "rare"});
    assert_eq!(family.charge(rare.to_string()).await.status, 201);
    let often = |key: u32| serde_json::json!({"account": account, "amount": "0.01", "operation": "often", "key": key.to_string()});
    let batch = Value::Array((0..10_000).map(often).collect()).to_string();
    assert_eq!(house.post("/api/v1/charges/batch", BY_OPERATOR, batch).await.status, 200);
    let path = family.path(&family.own, "/postings?operation=rare");
    let page = house.get(&path, BY_OPERATOR).await.json();
    assert_eq!(page["postings"].as_array().unwrap().len(), 0);
    let next = text(&page["next"]);
    let page = house.get(&format!("{path}&cursor={next}"), BY_OPERATOR).await.json();
    assert_eq!(page["postings"].as_array().unwrap().len(), 1);
    assert_eq!(page["next"], Value::Null);
}
