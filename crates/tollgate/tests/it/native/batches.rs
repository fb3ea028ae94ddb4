//! Many charges, settles and reversals in one request.

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Family, gate, keyed, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, House};

const PATH: &str = "/api/v1/charges/batch";
const LINES: &str = "application/x-ndjson";

async fn send(house: &House, auth: Auth<'_>, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(Method::POST).uri(PATH).header("content-type", kind);
    house.send(auth.on(request).body(body.into()).unwrap()).await
}

async fn array(house: &House, items: &[Value]) -> Answer {
    send(house, BY_OPERATOR, "application/json", Value::from(items).to_string()).await
}

fn charge(account: impl ToString, amount: &str, key: &str) -> Value {
    json!({ "account": account.to_string(), "amount": amount, "key": key })
}

/// Status and, where it was refused, code and fields of each.
fn said(answers: &Value) -> String {
    let one = |it: &Value| {
        let problem = &it["problem"];
        let errors = problem["errors"].as_array().into_iter().flatten();
        let errors: Vec<_> =
            errors.map(|it| format!("{} {}", text(&it["field"]), text(&it["detail"]))).collect();
        let code = problem["code"].as_str().unwrap_or("");
        format!("{} {} {code} {}", it["key"], it["status"], errors.join("; ")).trim_end().to_owned()
    };
    answers.as_array().unwrap().iter().map(one).collect::<Vec<_>>().join("\n")
}

async fn held(family: &Family, amount: &str) -> String {
    let body = json!({ "account": family.shared.id.to_string(), "amount": amount, "expires_in": 60 });
    text(&family.house.post("/api/v1/holds", BY_OPERATOR, body.to_string()).await.json()["id"])
}

#[tokio::test]
async fn each_of_many_is_answered_in_its_order_as_it_would_be_alone() {
    let family = Family::new().await;
    let house = &family.house;
    let (hold, charged) = (held(&family, "5").await, house.charge(&family.primary, "2").await);
    house.call_it("hold", &hold);
    house.call_it("charge before", &charged.to_string());
    let answer = array(
        house,
        &[
            json!({
                "type": "charge", "account": family.shared.key, "amount": 1.5, "key": "a",
                "operation": "sms.send", "units": 3, "reference": "call 7",
            }),
            json!({ "type": "settle", "hold": hold, "amount": "4", "key": "b" }),
            json!({ "type": "reverse", "charge": charged.to_string(), "amount": "0.5", "reference": "bad line", "key": "c" }),
            charge(family.own.id, "1", "d"),
            json!({ "account": family.own.key, "amount": "1", "key": "e", "amuont": 1 }),
        ],
    )
    .await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    [
      {
        "charge": {
          "account": "<id of Shared>",
          "amount": "1.50",
          "available": "141.50",
          "balance": "46.50",
          "created_at": "2024-08-28T14:11:32.242Z",
          "forced": false,
          "id": "<uuid 1>",
          "operation": "sms.send",
          "payer": "<id of Partner>",
          "price": null,
          "reference": "call 7",
          "units": "3"
        },
        "key": "a",
        "status": 201
      },
      {
        "hold": {
          "account": "<id of Shared>",
          "amount": "5.00",
          "charged": "4.00",
          "ended_at": "2024-08-28T14:11:32.242Z",
          "expires_at": "2024-08-28T14:12:32.242Z",
          "id": "<hold>",
          "on_expiry": "release",
          "operation": null,
          "payer": "<id of Partner>",
          "placed_at": "2024-08-28T14:11:32.242Z",
          "status": "settled"
        },
        "key": "b",
        "status": 200
      },
      {
        "key": "c",
        "reversal": {
          "account": "<id of Partner>",
          "amount": "0.50",
          "available": "143.00",
          "balance": "43.00",
          "charge": "<charge before>",
          "created_at": "2024-08-28T14:11:32.242Z",
          "id": "<uuid 2>",
          "payer": "<id of Partner>",
          "reference": "bad line"
        },
        "status": 201
      },
      {
        "key": "d",
        "problem": {
          "available": "0.00",
          "code": "insufficient_funds",
          "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
          "instance": "urn:uuid:<uuid 3>",
          "needed": "1.00",
          "status": 402,
          "title": "Not enough available",
          "type": "urn:tollgate:problem:insufficient_funds"
        },
        "status": 402
      },
      {
        "key": "e",
        "problem": {
          "code": "invalid",
          "detail": "Something in the request is not as it must be; `errors` says what. Mend it and ask again.",
          "errors": [
            {
              "detail": "is not known here; known are key, type, account, amount, operation, units, reference, force",
              "field": "amuont"
            }
          ],
          "instance": "urn:uuid:<uuid 3>",
          "status": 422,
          "title": "The request is not valid",
          "type": "urn:tollgate:problem:invalid"
        },
        "status": 422
      }
    ]
    "#);
    assert_eq!(family.account(&family.primary).await["balance"], "43.00");
}

#[tokio::test]
async fn lines_are_answered_by_lines() {
    let family = Family::new().await;
    let id = family.primary.id;
    let mut body = Vec::new();
    body.extend(format!("\n{{\"account\":\"{id}\",\"amount\":\"1\",\"key\":\"a\"}}\r\n  \r\n").as_bytes());
    body.extend(b"{\"account\":\r\n\t[1]\n{\"key\":\"\xff\"}\n");
    body.extend(format!("  {{\"account\":\"{id}\",\"amount\":\"2\",\"key\":\"b\"}}").as_bytes());
    let answer = send(&family.house, BY_OPERATOR, "application/x-ndjson; charset=utf-8", body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/x-ndjson
    {"key":"a","status":201,"charge":{"id":"<uuid 1>","account":"<id of Partner>","payer":"<id of Partner>","amount":"1.00","operation":null,"units":null,"price":null,"reference":null,"forced":false,"balance":"49.00","available":"149.00","created_at":"2024-08-28T14:11:32.242Z"}}
    {"key":null,"status":400,"problem":{"type":"urn:tollgate:problem:not_json","title":"The body is not JSON","status":400,"detail":"The line is not JSON from column 11 on. Mend it there.","code":"not_json","instance":"urn:uuid:<uuid 2>"}}
    {"key":null,"status":422,"problem":{"type":"urn:tollgate:problem:invalid","title":"The request is not valid","status":422,"detail":"Something in the request is not as it must be; `errors` says what. Mend it and ask again.","code":"invalid","instance":"urn:uuid:<uuid 2>","errors":[{"field":"line","detail":"must be a JSON object"}]}}
    {"key":null,"status":400,"problem":{"type":"urn:tollgate:problem:not_json","title":"The body is not JSON","status":400,"detail":"The line is not UTF-8 from its byte 8 on. Mend it there.","code":"not_json","instance":"urn:uuid:<uuid 2>"}}
    {"key":"b","status":201,"charge":{"id":"<uuid 3>","account":"<id of Partner>","payer":"<id of Partner>","amount":"2.00","operation":null,"units":null,"price":null,"reference":null,"forced":false,"balance":"47.00","available":"147.00","created_at":"2024-08-28T14:11:32.242Z"}}
    "#);
    assert_eq!(family.account(&family.primary).await["balance"], "47.00");
}

#[tokio::test]
async fn what_is_wrong_with_one_is_no_concern_of_the_others() {
    let family = Family::new().await;
    let (id, poor) = (family.primary.id.to_string(), family.own.id.to_string());
    let answer = array(
        &family.house,
        &[
            charge(&id, "1", "first"),
            json!({ "account": id, "amount": "1" }),
            json!({ "account": id, "amount": "1", "key": null }),
            json!({ "account": id, "amount": "1", "key": 7 }),
            charge(&id, "1", ""),
            charge(&id, "1", &"k".repeat(256)),
            charge(&id, "0", "zero"),
            charge(&id, "-1", "negative"),
            charge(&id, "0.000000001", "precise"),
            charge("nobody", "1", "nobody"),
            charge(&poor, "1", "poor"),
            charge(&id, "10000", "too much"),
            json!({}),
            json!([]),
            json!(null),
            json!("charge"),
            json!({ "key": "x", "type": "refund", "account": id }),
            json!({ "key": "x", "type": 1 }),
            json!({ "key": "x", "type": null, "account": id, "amount": [1], "force": "yes" }),
            json!({ "key": "x", "type": "settle" }),
            json!({ "key": "x", "type": "settle", "hold": "h", "amount": "1", "account": id }),
            json!({ "key": "x", "type": "settle", "hold": "h", "amount": "1" }),
            json!({ "key": "x", "type": "reverse", "amount": "1", "force": true }),
            json!({ "key": "x", "type": "reverse", "charge": id }),
            json!({ "key": "x", "account": id, "amount": "1", "operation": "sms send" }),
            json!({ "key": "x", "account": id, "amount": "1", "units": "1".repeat(33) }),
            json!({ "key": "x", "account": id, "amount": "1", "reference": "x".repeat(256) }),
            json!({ "key": "x", "account": id, "amount": "1", "hold": "h" }),
            charge(&id, "1", "last"),
        ],
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_snapshot!(said(&answer.json()), @r#"
    "first" 201
    null 422 invalid key is required
    null 422 invalid key is required
    null 422 invalid key must be a string
    "" 422 invalid key must have 1 to 255 characters, none of them U+0000
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" 422 invalid key must have 1 to 255 characters, none of them U+0000
    "zero" 422 invalid amount must be more than 0 (only a payment may be negative) and at most 10000000000
    "negative" 422 invalid amount must be more than 0 (only a payment may be negative) and at most 10000000000
    "precise" 422 invalid amount must have at most 8 decimals
    "nobody" 404 not_found
    "poor" 402 insufficient_funds
    "too much" 402 insufficient_funds
    null 422 invalid key is required; account is required; amount is required
    null 422 invalid element must be a JSON object
    null 422 invalid element must be a JSON object
    null 422 invalid element must be a JSON object
    "x" 422 invalid type must be "charge" or "settle" or "reverse"
    "x" 422 invalid type must be a string
    "x" 422 invalid amount must be a string or a number; force must be true or false
    "x" 422 invalid hold is required; amount is required
    "x" 422 invalid account is not known here; known are key, type, hold, amount, force
    "x" 404 not_found
    "x" 422 invalid charge is required; force is not known here; known are key, type, charge, amount, reference
    "x" 404 not_found
    "x" 422 invalid operation must have 1 to 64 characters, none of them blank
    "x" 422 invalid units must have at most 32 characters, none of them U+0000
    "x" 422 invalid reference must have at most 255 characters, none of them U+0000
    "x" 422 invalid hold is not known here; known are key, type, account, amount, operation, units, reference, force
    "last" 201
    "#);
    assert_eq!(family.account(&family.primary).await["balance"], "48.00");
}

#[tokio::test]
async fn a_body_that_is_not_many_is_refused_whole_and_nothing_is_done() {
    let family = Family::new().await;
    let house = &family.house;
    let one = charge(family.primary.id, "1", "a");
    let mut said = Vec::new();
    for body in ["", "{}", "null", "7", &format!("[{one},"), &format!("[{one}}}"), &format!("{one}\n{one}\n")]
    {
        said.push(problem(&send(house, BY_OPERATOR, "application/json", body.to_owned()).await));
    }
    let mut wrong = format!("[{one},\"").into_bytes();
    wrong.extend(b"\xff\"]");
    said.push(problem(&send(house, BY_OPERATOR, "text/plain", wrong).await));
    let all: Vec<_> = (0..10_001).map(|_| one.clone()).collect();
    said.push(problem(&array(house, &all).await));
    let lines = format!("{one}\n").repeat(10_001);
    said.push(problem(&send(house, BY_OPERATOR, LINES, lines).await));
    assert_snapshot!(said.join("\n"), @r"
    400 not_json
    422 invalid: body must be a JSON array; an object a line needs `Content-Type: application/x-ndjson`
    422 invalid: body must be a JSON array; an object a line needs `Content-Type: application/x-ndjson`
    422 invalid: body must be a JSON array; an object a line needs `Content-Type: application/x-ndjson`
    400 not_json
    400 not_json
    422 invalid: body must be a JSON array; an object a line needs `Content-Type: application/x-ndjson`
    400 not_json
    422 invalid: body must ask for at most 10000 at once
    422 invalid: body must ask for at most 10000 at once
    ");
    assert_eq!(family.account(&family.primary).await["balance"], "50.00");
}

#[tokio::test]
async fn nothing_is_many_too() {
    let family = Family::new().await;
    for (kind, body, expected) in [
        ("application/json", "[]", "[]"),
        ("application/json", " [ ] \r\n", "[]"),
        (LINES, "", ""),
        (LINES, "\n\r\n \n", ""),
    ] {
        let answer = send(&family.house, BY_OPERATOR, kind, body).await;
        assert_eq!(
            (answer.status, answer.text(), answer.header("content-type")),
            (200, expected, Some(kind))
        );
    }
}

#[tokio::test]
async fn ten_thousand_are_taken_and_four_mebibytes() {
    const MOST: usize = 4 * 1_024 * 1_024;
    let family = Family::new().await;
    let id = family.primary.id.to_string();
    // The last one is the first again, long after its transaction.
    let key = |n: usize| format!("k{}", n % 9_999);
    let lines: String = (0..10_000).map(|n| format!("{}\n", charge(&id, "0.01", &key(n)))).collect();
    let answer = send(&family.house, BY_OPERATOR, LINES, lines).await;
    assert_eq!(answer.status, 200);
    let answers: Vec<Value> =
        answer.text().lines().map(serde_json::from_str).collect::<Result<_, _>>().unwrap();
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["key"], key(n));
        assert_eq!(answer["status"], 201, "{answer}");
    }
    assert_eq!(answers.len(), 10_000);
    assert_eq!(answers[9_999], answers[0]);
    assert_eq!(answers[9_998]["charge"]["available"], "50.01");

    let mut body = format!("[{}]", charge(&id, "50.01", "all"));
    body.push_str(&" ".repeat(MOST - body.len()));
    let most = send(&family.house, BY_OPERATOR, "application/json", body.clone()).await;
    assert_eq!(said(&most.json()), r#""all" 201"#);
    body.push(' ');
    let more = send(&family.house, BY_OPERATOR, "application/json", body.clone()).await;
    assert_snapshot!(family.house.shown(&more), @r#"
    413
    content-type: application/problem+json
    {
      "code": "too_large",
      "detail": "A body has at most 4194304 bytes. Send less at once.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 413,
      "title": "The body is too large",
      "type": "urn:tollgate:problem:too_large"
    }
    "#);
    assert_eq!(problem(&send(&family.house, Auth::Nothing, LINES, body).await), "401 unauthenticated");
}

#[tokio::test]
async fn a_key_is_the_same_alone_and_among_many() {
    let family = Family::new().await;
    let (house, id) = (&family.house, family.primary.id.to_string());
    let alone = async |key: &str, amount: &str| {
        let body = json!({ "account": family.primary.key, "amount": amount, "operation": "sms.send" });
        keyed(house, Method::POST, "/api/v1/charges", key, &body.to_string()).await
    };
    let among = |amount: &str, key: &str| json!({ "account": id, "amount": amount, "operation": "sms.send", "key": key });
    let first = alone("one", "1").await.json();
    let answer = array(
        house,
        &[
            among("1.0", "one"),
            among("2", "one"),
            among("2", "two"),
            among("2", "two"),
            charge(&id, "2", "two"),
            // Under the key of another account.
            charge(family.shared.id, "1", "one"),
        ],
    )
    .await;
    let answers = answer.json();
    assert_eq!(answers[0]["charge"], first, "a repeat gets the first answer");
    assert_eq!(answers[2], answers[3]);
    assert_snapshot!(said(&answers), @r#"
    "one" 201
    "one" 409 key_reused
    "two" 201
    "two" 201
    "two" 409 key_reused
    "one" 201
    "#);
    assert_eq!(alone("two", "2").await.json(), answers[2]["charge"]);
    assert_eq!(problem(&alone("two", "3").await), "409 key_reused");
    // The whole again, in the other form and in another order.
    let again = format!("{}\n{}", among("2", "two"), among("1", "one"));
    let again = send(house, BY_OPERATOR, LINES, again).await;
    let lines: Vec<Value> = again.text().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!([&lines[0], &lines[1]], [&answers[2], &answers[0]]);
    assert_eq!(family.account(&family.primary).await["balance"], "46.00");
}

#[tokio::test]
async fn holds_and_charges_are_settled_and_given_back_once() {
    let family = Family::new().await;
    let house = &family.house;
    let (hold, other) = (held(&family, "5").await, held(&family, "5").await);
    let charged = house.charge(&family.shared, "3").await.to_string();
    let settle = |hold: &str, amount: &str, key: &str| json!({ "type": "settle", "hold": hold, "amount": amount, "key": key });
    let reverse = |amount: &str, key: &str| json!({ "type": "reverse", "charge": charged, "amount": amount, "key": key });
    let rest = json!({ "type": "reverse", "charge": charged, "key": "rest" });
    let items = [
        settle(&hold, "2", "s"),
        settle(&hold, "2", "s"),
        settle(&hold, "3", "s"),
        settle(&hold, "3", "other key"),
        settle(&other, "500", "t"),
        json!({ "type": "settle", "hold": other, "amount": "500", "force": true, "key": "t" }),
        reverse("1", "r"),
        reverse("1", "r"),
        reverse("2", "r"),
        rest.clone(),
        rest,
        reverse("1", "none left"),
    ];
    let answers = array(house, &items).await.json();
    assert_snapshot!(said(&answers), @r#"
    "s" 200
    "s" 200
    "s" 409 key_reused
    "other key" 409 hold_ended
    "t" 402 insufficient_funds
    "t" 200
    "r" 201
    "r" 201
    "r" 409 key_reused
    "rest" 201
    "rest" 201
    "none left" 409 already_reversed
    "#);
    assert_eq!(answers[0], answers[1]);
    assert_eq!([&answers[6], &answers[9]], [&answers[7], &answers[10]]);
    assert_eq!(answers[9]["reversal"]["amount"], "2.00");
    assert_eq!(answers[5]["hold"]["charged"], "500.00");
    let again = array(house, &items).await.json();
    assert_eq!(again[0], answers[0]);
    assert_eq!(family.account(&family.primary).await["balance"], "-452.00");
}

#[tokio::test]
async fn those_who_may_charge_ask_for_many_and_each_is_asked_by_them() {
    let family = Family::new().await;
    let house = &family.house;
    let (may, may_not) = (gate(house, true).await, gate(house, false).await);
    let forced =
        json!({ "account": family.own.id.to_string(), "amount": "1", "force": true, "key": "forced" });
    let items = Value::from(vec![forced, charge(family.shared.id, "1", "plain")]).to_string();
    let by = async |auth| send(house, auth, "application/json", items.clone()).await;
    for account in [&family.primary, &family.own, &family.stranger] {
        assert_eq!(problem(&by(account.auth()).await), "403 forbidden");
    }
    assert_eq!(problem(&by(Auth::Basic(&family.own.key, "wrong")).await), "401 unauthenticated");
    house.patch(&family.path(&family.stranger, ""), BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    assert_eq!(problem(&by(family.stranger.auth()).await), "403 suspended");
    assert_eq!(said(&by(Auth::Bearer(&may_not)).await.json()), "\"forced\" 403 forbidden\n\"plain\" 201");
    assert_eq!(said(&by(Auth::Bearer(&may)).await.json()), "\"forced\" 201\n\"plain\" 201");
    assert_eq!(family.account(&family.own).await["balance"], "-1.00");
    // All gates are one kind of caller, so that it was booked once.
    assert_eq!(family.account(&family.primary).await["balance"], "49.00");
}

#[tokio::test]
async fn it_does_not_matter_how_a_charge_is_spelled() {
    let family = Family::new().await;
    let id = family.primary.id;
    let spelled = [
        format!(r#"{{"account":"{id}","amount":"1.50","key":"é","units":"3","force":false}}"#),
        format!(r#"{{"key":"\u00e9","units":3,"type":"charge","amount":1.5,"account":"{id}"}}"#),
        format!(
            r#" {{ "amount" : 15e-1 , "account" : "{}" , "operation" : null , "k\u0065y" : "é", "units" : "\u0033" }} "#,
            family.primary.key
        ),
    ];
    let answer =
        send(&family.house, BY_OPERATOR, "application/json", format!("[{}]", spelled.join(","))).await;
    let answers = answer.json();
    assert_eq!(said(&answers), "\"é\" 201\n\"é\" 201\n\"é\" 201");
    assert_eq!([&answers[1], &answers[2]], [&answers[0], &answers[0]]);
    assert_eq!(family.account(&family.primary).await["balance"], "48.50");
}
