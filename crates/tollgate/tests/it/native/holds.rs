//! Holds: an amount is set aside before a call whose price is known only after it.

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::Value;

use super::{Family, call_by_member, gate, keyed, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, Opening};

impl Family {
    /// A hold by the operator that lasts a minute; its id.
    async fn hold(&self, account: &Opening, amount: &str, rest: &str) -> String {
        let body = format!(r#"{{"account":"{}","amount":"{amount}","expires_in":60{rest}}}"#, account.key);
        let placed = self.house.post("/api/v1/holds", BY_OPERATOR, body).await;
        assert_eq!(placed.status, 201, "{placed}");
        self.house.clock.advance(1);
        text(&placed.json()["id"])
    }

    async fn end(&self, hold: &str, how: &str, body: &str) -> Answer {
        self.house.post(&format!("/api/v1/holds/{hold}/{how}"), BY_OPERATOR, body.to_owned()).await
    }

    async fn hold_of(&self, hold: &str) -> Value {
        self.house.get(&format!("/api/v1/holds/{hold}"), BY_OPERATOR).await.json()
    }

    /// Balance and held of the partner, who pays.
    async fn stands(&self) -> String {
        let account = self.account(&self.primary).await;
        format!("{} held {}", text(&account["balance"]), text(&account["held"]))
    }
}

#[tokio::test]
async fn a_hold_is_placed_and_shown() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let body = format!(
        r#"{{"account":"{}","amount":"5","expires_in":90,"on_expiry":"capture","operation":"call","reference":"r"}}"#,
        family.shared.opened.account.auth_id
    );
    let placed = family.house.post("/api/v1/holds", Auth::Bearer(&gate), body).await;
    assert_snapshot!(family.house.shown(&placed), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Shared>",
      "amount": "5.00",
      "charged": null,
      "ended_at": null,
      "expires_at": "2024-08-28T14:13:02.242Z",
      "id": "<uuid 1>",
      "on_expiry": "capture",
      "operation": "call",
      "payer": "<id of Partner>",
      "placed_at": "2024-08-28T14:11:32.242Z",
      "status": "open"
    }
    "#);
    let path = format!("/api/v1/holds/{}", text(&placed.json()["id"]));
    for auth in [BY_OPERATOR, Auth::Bearer(&gate)] {
        assert_eq!(family.house.get(&path, auth).await.text(), placed.text());
    }
    assert_eq!(family.stands().await, "50.00 held 5.00");
}

#[tokio::test]
async fn a_hold_is_given_back_when_nothing_is_said_of_its_expiry() {
    let family = Family::new().await;
    let hold = family.hold(&family.primary, "5", "").await;
    assert_eq!(family.hold_of(&hold).await["on_expiry"], "release");
    let hold = family.hold(&family.primary, "5", r#","on_expiry":"release""#).await;
    assert_eq!(family.hold_of(&hold).await["on_expiry"], "release");
}

#[tokio::test]
async fn a_hold_beyond_what_is_available_is_402() {
    let family = Family::new().await;
    family.hold(&family.primary, "149", "").await;
    let body = format!(r#"{{"account":"{}","amount":"1.01","expires_in":60}}"#, family.shared.key);
    let answer = family.house.post("/api/v1/holds", BY_OPERATOR, body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    402
    content-type: application/problem+json
    {
      "available": "1.00",
      "code": "insufficient_funds",
      "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "1.01",
      "status": 402,
      "title": "Not enough available",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
}

#[tokio::test]
async fn a_hold_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let id = family.primary.id;
    let mut said = Vec::new();
    for rest in [
        "",
        r#","amount":"1""#,
        r#","amount":"0","expires_in":60"#,
        r#","amount":"-1","expires_in":60"#,
        r#","amount":"1","expires_in":0"#,
        r#","amount":"1","expires_in":-1"#,
        r#","amount":"1","expires_in":86400.5"#,
        r#","amount":"1","expires_in":86401"#,
        r#","amount":"1","expires_in":9223372036854775807"#,
        r#","amount":"1","expires_in":9223372036854775808"#,
        r#","amount":"1","expires_in":60,"on_expiry":"keep""#,
        r#","amount":"1","expires_in":60,"operation":"a b""#,
        r#","amount":"1","expires_in":60,"force":true"#,
    ] {
        let body = format!(r#"{{"account":"{id}"{rest}}}"#);
        said.push(problem(&family.house.post("/api/v1/holds", BY_OPERATOR, body).await));
    }
    let nobody = r#"{"account":"nobody","amount":"1","expires_in":60}"#;
    said.push(problem(&family.house.post("/api/v1/holds", BY_OPERATOR, nobody).await));
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: amount is required; expires_in is required
    422 invalid: expires_in is required
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    422 invalid: expires_in must be a whole number
    422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    422 invalid: expires_in must be a whole number
    422 invalid: on_expiry must be "release" or "capture"
    422 invalid: operation must have 1 to 64 characters, none of them blank
    422 invalid: force is not known here; known are account, amount, expires_in, on_expiry, operation, reference
    404 not_found
    "#);
    let suspend = r#"{"status":"suspended"}"#;
    family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, suspend).await;
    let body = format!(r#"{{"account":"{}","amount":"1","expires_in":60}}"#, family.shared.key);
    assert_eq!(problem(&family.house.post("/api/v1/holds", BY_OPERATOR, body).await), "403 suspended");
    assert_eq!(family.stands().await, "50.00 held 0.00");
}

#[tokio::test]
async fn a_hold_is_settled_for_what_was_used_and_the_rest_is_free_again() {
    let family = Family::new().await;
    let hold = family.hold(&family.primary, "5", "").await;
    let settled = family.end(&hold, "settle", r#"{"amount":"3.5"}"#).await;
    assert_snapshot!(family.house.shown(&settled), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Partner>",
      "amount": "5.00",
      "charged": "3.50",
      "ended_at": "2024-08-28T14:11:32.243Z",
      "expires_at": "2024-08-28T14:12:32.242Z",
      "id": "<uuid 1>",
      "on_expiry": "release",
      "operation": null,
      "payer": "<id of Partner>",
      "placed_at": "2024-08-28T14:11:32.242Z",
      "status": "settled"
    }
    "#);
    assert_eq!(family.stands().await, "46.50 held 0.00");
    // The same again is the same answer; another one comes too late.
    assert_eq!(family.end(&hold, "settle", r#"{"amount":"3.50"}"#).await.text(), settled.text());
    let other = family.end(&hold, "settle", r#"{"amount":"3"}"#).await;
    assert_snapshot!(family.house.shown(&other), @r#"
    409
    content-type: application/problem+json
    {
      "code": "hold_ended",
      "detail": "The hold was settled at 2024-08-28T14:11:32.243Z. Nothing is left to do.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The hold has ended",
      "type": "urn:tollgate:problem:hold_ended"
    }
    "#);
    assert_eq!(problem(&family.end(&hold, "release", "").await), "409 hold_ended");
    assert_eq!(problem(&family.end(&hold, "extend", r#"{"expires_in":60}"#).await), "409 hold_ended");
    assert_eq!(family.stands().await, "46.50 held 0.00");
}

#[tokio::test]
async fn a_settle_may_be_nothing() {
    let family = Family::new().await;
    let hold = family.hold(&family.primary, "5", "").await;
    let settled = family.end(&hold, "settle", r#"{"amount":0}"#).await.json();
    assert_eq!((&settled["status"], &settled["charged"]), (&"settled".into(), &"0.00".into()));
    assert_eq!(family.stands().await, "50.00 held 0.00");
}

#[tokio::test]
async fn a_settle_for_more_than_was_held_takes_what_is_available_or_is_forced() {
    let family = Family::new().await;
    let (may, may_not) = (gate(&family.house, true).await, gate(&family.house, false).await);
    let hold = family.hold(&family.primary, "5", "").await;
    let path = format!("/api/v1/holds/{hold}/settle");
    let refused = family.house.post(&path, Auth::Bearer(&may_not), r#"{"amount":"151"}"#).await;
    assert_snapshot!(family.house.shown(&refused), @r#"
    402
    content-type: application/problem+json
    {
      "available": "145.00",
      "code": "insufficient_funds",
      "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "146.00",
      "status": 402,
      "title": "Not enough available",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
    assert_eq!(family.hold_of(&hold).await["status"], "open", "it is there still");
    let force = r#"{"amount":"151","force":true}"#;
    assert_eq!(problem(&family.house.post(&path, Auth::Bearer(&may_not), force).await), "403 forbidden");
    let forced = family.house.post(&path, Auth::Bearer(&may), force).await.json();
    assert_eq!((&forced["status"], &forced["charged"]), (&"settled".into(), &"151.00".into()));
    assert_eq!(family.stands().await, "-101.00 held 0.00");
}

#[tokio::test]
async fn a_settle_that_comes_late_counts_once() {
    let family = Family::new().await;
    let released = family.hold(&family.primary, "5", "").await;
    let captured = family.hold(&family.primary, "5", r#","on_expiry":"capture""#).await;
    family.house.clock.advance(60_000);
    family.house.app.expire_due_holds().await.unwrap();
    assert_eq!(family.stands().await, "45.00 held 0.00");
    for (hold, status) in [(&released, "expired"), (&captured, "captured")] {
        assert_eq!(family.hold_of(hold).await["status"], status);
        let settled = family.end(hold, "settle", r#"{"amount":"2"}"#).await.json();
        assert_eq!((&settled["status"], &settled["charged"]), (&"settled".into(), &"2.00".into()));
        assert_eq!(problem(&family.end(hold, "settle", r#"{"amount":"1"}"#).await), "409 hold_ended");
    }
    assert_eq!(family.stands().await, "46.00 held 0.00", "2 for each");
    let hold = family.hold(&family.primary, "5", "").await;
    family.house.clock.advance(60_000);
    family.house.app.expire_due_holds().await.unwrap();
    let late = family.end(&hold, "release", "").await;
    assert_snapshot!(family.house.shown(&late), @r#"
    409
    content-type: application/problem+json
    {
      "code": "hold_ended",
      "detail": "The hold expired and was given back at 2024-08-28T14:13:32.245Z. Nothing is left to do.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The hold has ended",
      "type": "urn:tollgate:problem:hold_ended"
    }
    "#);
}

#[tokio::test]
async fn a_hold_is_released() {
    let family = Family::new().await;
    let hold = family.hold(&family.shared, "5", "").await;
    let released = family.end(&hold, "release", "").await;
    assert_snapshot!(family.house.shown(&released), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Shared>",
      "amount": "5.00",
      "charged": "0.00",
      "ended_at": "2024-08-28T14:11:32.243Z",
      "expires_at": "2024-08-28T14:12:32.242Z",
      "id": "<uuid 1>",
      "on_expiry": "release",
      "operation": null,
      "payer": "<id of Partner>",
      "placed_at": "2024-08-28T14:11:32.242Z",
      "status": "released"
    }
    "#);
    for body in ["", "{}"] {
        assert_eq!(family.end(&hold, "release", body).await.text(), released.text());
    }
    assert_eq!(problem(&family.end(&hold, "settle", r#"{"amount":"1"}"#).await), "409 hold_ended");
    assert_eq!(family.stands().await, "50.00 held 0.00");
}

#[tokio::test]
async fn a_holds_time_is_set_anew_from_now_on() {
    let family = Family::new().await;
    let hold = family.hold(&family.primary, "5", "").await;
    family.house.clock.advance(30_000);
    let extended = family.end(&hold, "extend", r#"{"expires_in":86400}"#).await;
    assert_snapshot!(family.house.shown(&extended), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Partner>",
      "amount": "5.00",
      "charged": null,
      "ended_at": null,
      "expires_at": "2024-08-29T14:12:02.243Z",
      "id": "<uuid 1>",
      "on_expiry": "release",
      "operation": null,
      "payer": "<id of Partner>",
      "placed_at": "2024-08-28T14:11:32.242Z",
      "status": "open"
    }
    "#);
    let sooner = family.end(&hold, "extend", r#"{"expires_in":1}"#).await.json();
    assert_eq!(sooner["expires_at"], "2024-08-28T14:12:03.243Z");
}

#[tokio::test]
async fn what_ends_a_hold_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let hold = family.hold(&family.primary, "5", "").await;
    let unknown = "0191992b-0000-7000-8000-000000000000";
    let mut said = Vec::new();
    for (hold, how, body) in [
        (&*hold, "settle", "{}"),
        (&hold, "settle", r#"{"amount":"-1"}"#),
        (&hold, "settle", r#"{"amount":"10000000001","force":true}"#),
        (&hold, "settle", r#"{"amount":"1","units":"1"}"#),
        (&hold, "settle", ""),
        (&hold, "release", r#"{"amount":"1"}"#),
        (&hold, "extend", "{}"),
        (&hold, "extend", r#"{"expires_in":0}"#),
        (&hold, "extend", r#"{"expires_in":86401}"#),
        (&hold, "extend", r#"{"expires_at":"2030-01-01T00:00:00Z"}"#),
        (unknown, "settle", r#"{"amount":"1"}"#),
        (unknown, "release", ""),
        (unknown, "extend", r#"{"expires_in":1}"#),
        ("first", "release", ""),
    ] {
        said.push(format!("{how} {body} -> {}", problem(&family.end(hold, how, body).await)));
    }
    assert_snapshot!(said.join("\n"), @r#"
    settle {} -> 422 invalid: amount is required
    settle {"amount":"-1"} -> 422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    settle {"amount":"10000000001","force":true} -> 422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    settle {"amount":"1","units":"1"} -> 422 invalid: units is not known here; known are amount, force
    settle  -> 400 not_json
    release {"amount":"1"} -> 422 invalid: amount is not known here; nothing is
    extend {} -> 422 invalid: expires_in is required
    extend {"expires_in":0} -> 422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    extend {"expires_in":86401} -> 422 invalid: expires_in must be from 1 to 86400 seconds, which are 24 hours
    extend {"expires_at":"2030-01-01T00:00:00Z"} -> 422 invalid: expires_in is required; expires_at is not known here; known are expires_in
    settle {"amount":"1"} -> 404 not_found
    release  -> 404 not_found
    extend {"expires_in":1} -> 404 not_found
    release  -> 404 not_found
    "#);
    for hold in [unknown, "first"] {
        let answer = family.house.get(&format!("/api/v1/holds/{hold}"), BY_OPERATOR).await;
        assert_eq!(problem(&answer), "404 not_found");
    }
    // A charge is none.
    let charge = family.house.charge(&family.primary, "1").await.to_string();
    assert_eq!(problem(&family.end(&charge, "release", "").await), "404 not_found");
}

#[tokio::test]
async fn open_holds_are_listed_oldest_first_page_by_page() {
    let family = Family::new().await;
    let mut placed = Vec::new();
    for n in 0..7 {
        let account = if n % 3 == 0 { &family.own } else { &family.shared };
        if n == 0 {
            family.house.pay(&family.own, "10").await;
        }
        placed.push(family.hold(account, "1", "").await);
    }
    family.end(&placed[1], "release", "").await;
    family.end(&placed[2], "settle", r#"{"amount":"1"}"#).await;
    let open: Vec<_> = [0, 3, 4, 5, 6].map(|it| placed[it].clone()).into();
    for (account, expected) in [
        (String::new(), open),
        (format!("&account={}", family.own.key), [0, 3, 6].map(|it| placed[it].clone()).into()),
        (format!("&account={}", family.shared.id), [4, 5].map(|it| placed[it].clone()).into()),
        // Whose money is held, but who holds nothing itself.
        (format!("&account={}", family.primary.id), Vec::new()),
    ] {
        let (mut listed, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("/api/v1/holds?limit=2{account}{cursor}");
            let page = family.house.get(&path, BY_OPERATOR).await.json();
            listed.extend(page["holds"].as_array().unwrap().iter().map(|it| text(&it["id"])));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(listed, expected, "{account}");
        assert_eq!(pages, expected.len().div_ceil(2).max(1), "{account}: no empty page at the end");
    }
    let page = family.house.get("/api/v1/holds?limit=1", BY_OPERATOR).await;
    call_by_member(&family.house, &page, &["next"]);
    assert_snapshot!(family.house.shown(&page), @r#"
    200
    content-type: application/json
    {
      "holds": [
        {
          "account": "<id of Own>",
          "amount": "1.00",
          "charged": null,
          "ended_at": null,
          "expires_at": "2024-08-28T14:12:32.242Z",
          "id": "<uuid 1>",
          "on_expiry": "release",
          "operation": null,
          "payer": "<id of Own>",
          "placed_at": "2024-08-28T14:11:32.242Z",
          "status": "open"
        }
      ],
      "next": "<next>"
    }
    "#);
}

#[tokio::test]
async fn a_list_of_holds_is_refused_by_what_is_wrong_with_its_query() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for query in ["limit=0", "limit=1001", "limit=x", "cursor=x", "status=open", "account=nobody", "account="]
    {
        let answer = family.house.get(&format!("/api/v1/holds?{query}"), BY_OPERATOR).await;
        let outcome = if answer.status == 200 { answer.json().to_string() } else { problem(&answer) };
        said.push(format!("{query} -> {outcome}"));
    }
    assert_snapshot!(said.join("\n"), @r#"
    limit=0 -> 422 invalid: limit must be a whole number from 1 to 1000
    limit=1001 -> 422 invalid: limit must be a whole number from 1 to 1000
    limit=x -> 422 invalid: limit must be a whole number from 1 to 1000
    cursor=x -> 422 invalid: cursor must be the `next` of the page before
    status=open -> 422 invalid: status is not known here; known are account, cursor, limit
    account=nobody -> {"holds":[],"next":null}
    account= -> {"holds":[],"next":null}
    "#);
}

#[tokio::test]
async fn holds_are_the_operators_and_the_gates() {
    let family = Family::new().await;
    let hold = family.hold(&family.own_with_money().await, "1", "").await;
    for auth in [family.own.auth(), family.primary.auth(), family.stranger.auth()] {
        let body = format!(r#"{{"account":"{}","amount":"1","expires_in":60}}"#, family.own.key);
        for (method, path, body) in [
            (Method::POST, "/api/v1/holds".to_owned(), &*body),
            (Method::GET, "/api/v1/holds".to_owned(), ""),
            (Method::GET, format!("/api/v1/holds/{hold}"), ""),
            (Method::POST, format!("/api/v1/holds/{hold}/settle"), r#"{"amount":"1"}"#),
            (Method::POST, format!("/api/v1/holds/{hold}/release"), ""),
            (Method::POST, format!("/api/v1/holds/{hold}/extend"), r#"{"expires_in":1}"#),
        ] {
            let answer = family.house.call(method, &path, auth, body.to_owned()).await;
            assert_eq!(problem(&answer), "403 forbidden", "{path}");
        }
    }
    assert_eq!(family.hold_of(&hold).await["status"], "open");
}

impl Family {
    async fn own_with_money(&self) -> Opening {
        self.house.pay(&self.own, "10").await;
        self.own.clone()
    }
}

#[tokio::test]
async fn a_hold_and_its_ending_happen_once_under_their_keys() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","amount":"5","expires_in":60}}"#, family.primary.key);
    let placed = keyed(&family.house, Method::POST, "/api/v1/holds", "k", &body).await;
    let again = keyed(&family.house, Method::POST, "/api/v1/holds", "k", &body).await;
    assert_eq!((again.status, again.text()), (201, placed.text()));
    assert_eq!(family.stands().await, "50.00 held 5.00");
    let path = format!("/api/v1/holds/{}", text(&placed.json()["id"]));
    let (extend, settle) = (format!("{path}/extend"), format!("{path}/settle"));
    let first = keyed(&family.house, Method::POST, &extend, "e", r#"{"expires_in":600}"#).await;
    family.house.clock.advance(10_000);
    let again = keyed(&family.house, Method::POST, &extend, "e", r#"{"expires_in":600}"#).await;
    assert_eq!(again.text(), first.text(), "the time that it was set to first");
    let other = keyed(&family.house, Method::POST, &extend, "e", r#"{"expires_in":60}"#).await;
    assert_eq!(problem(&other), "409 key_reused");
    for _ in 0..2 {
        let settled = keyed(&family.house, Method::POST, &settle, "s", r#"{"amount":"3"}"#).await;
        assert_eq!(settled.json()["charged"], "3.00");
    }
    // And what the first answer was, it is after the hold has ended, too.
    let again = keyed(&family.house, Method::POST, "/api/v1/holds", "k", &body).await;
    assert_eq!(again.text(), placed.text());
    assert_eq!(family.stands().await, "47.00 held 0.00");
}

#[tokio::test]
async fn a_hold_ends_with_its_account() {
    let family = Family::new().await;
    let own = family.own_with_money().await;
    let hold = family.hold(&own, "5", "").await;
    family.house.close(&own).await;
    assert_eq!(family.hold_of(&hold).await["status"], "closed");
    let late = family.end(&hold, "settle", r#"{"amount":"1"}"#).await.json();
    assert_eq!((&late["status"], &late["charged"]), (&"settled".into(), &"1.00".into()));
    assert_eq!(family.stands().await, "59.00 held 0.00", "by its heir");
}
