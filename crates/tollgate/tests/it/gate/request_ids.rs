//! Request ids: a check that the proxy sends again is one call.

use insta::assert_snapshot;

use super::{DOORS, Door, Toll, outcome, set};
use crate::house::{Answer, Opening};

const ID: &str = "x-gate-request-id";

impl Toll {
    async fn ask_by(&self, account: &Opening, door: Door, id: &str, method: &str, uri: &str) -> Answer {
        let request = self.check(door, method, uri, account.auth());
        let answer = self.send(set(request, ID, Some(id))).await;
        self.told(door, answer).await
    }
}

/// But for the name of the request itself.
fn whole(mut answer: Answer) -> String {
    answer.headers.remove("x-request-id");
    format!("{:?} {answer}", answer.headers)
}

#[tokio::test]
async fn the_same_request_id_is_charged_once_and_answered_alike() {
    for door in DOORS {
        let toll = Toll::new().await;
        for path in ["/v1/messages", "/v1/calls"] {
            let first = whole(toll.ask_by(&toll.partner, door, path, "POST", path).await);
            toll.house.clock.advance(1_000);
            assert!(first.starts_with('{') && first.contains("} 200"), "{first}");
            for _ in 0..2 {
                let again = whole(toll.ask_by(&toll.partner, door, path, "POST", path).await);
                assert_eq!(again, first, "the first answer, hold and remaining credit and all");
            }
        }
        assert_eq!(toll.balance(&toll.partner).await, "\"-0.10\"");
    }
}

/// Which proxy of the operator's sends it again does not matter.
#[tokio::test]
async fn a_request_id_is_the_same_at_every_door() {
    let toll = Toll::new().await;
    for door in DOORS {
        assert_eq!(
            outcome(&toll.ask_by(&toll.partner, door, "r", "POST", "/v1/messages").await),
            "200 sms.send"
        );
    }
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.10\"");
}

#[tokio::test]
async fn without_a_request_id_each_check_is_a_call() {
    let toll = Toll::new().await;
    for n in 1..=3 {
        toll.ask(Door::Forward, "POST", "/v1/messages", toll.partner.auth()).await;
        assert_eq!(toll.balance(&toll.partner).await, format!("\"-0.{n}0\""));
    }
}

#[tokio::test]
async fn a_request_id_with_another_method_or_path_is_refused() {
    let toll = Toll::new().await;
    toll.ask_by(&toll.partner, Door::Forward, "r", "POST", "/v1/messages").await;
    let answer = toll.ask_by(&toll.partner, Door::Forward, "r", "POST", "/v1/calls").await;
    assert_snapshot!(toll.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "request_id_reused",
      "detail": "The request id was used for another method or path. The proxy must make a new one for each call.",
      "request_id": "<uuid 1>",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:tollgate:problem:request_id_reused"
    }
    "#);
    for door in DOORS {
        for (method, path) in
            [("POST", "/v1/calls"), ("GET", "/v1/messages"), ("POST", "/v1/messages/"), ("GET", "//")]
        {
            let answer = toll.ask_by(&toll.partner, door, "r", method, path).await;
            assert_eq!(outcome(&answer), "403 request_id_reused", "{door:?} {method} {path}");
        }
        // The query is not priced, and so not compared.
        let answer = toll.ask_by(&toll.partner, door, "r", "POST", "/v1/messages?a=b").await;
        assert_eq!(outcome(&answer), "200 sms.send");
    }
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.10\"");
}

#[tokio::test]
async fn a_request_id_is_remembered_for_10_minutes() {
    let toll = Toll::new().await;
    let ask = || toll.ask_by(&toll.partner, Door::Forward, "r", "POST", "/v1/messages");
    ask().await;
    toll.house.clock.advance(10 * 60 * 1_000 - 1);
    ask().await;
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.10\"");
    toll.house.clock.advance(1);
    ask().await;
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.20\"");
    ask().await;
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.20\"");
}

#[tokio::test]
async fn two_customers_may_have_the_same_request_id() {
    let toll = Toll::new().await;
    for account in [&toll.partner, &toll.shared, &toll.own] {
        let answer = toll.ask_by(account, Door::Forward, "r", "POST", "/v1/messages").await;
        assert_eq!(answer.header("x-sub-account"), Some(&*account.id.to_string()));
    }
    assert_eq!(toll.balance(&toll.partner).await, "\"-0.20\"");
    assert_eq!(toll.balance(&toll.own).await, "\"0.90\"");
}

/// Many at once, so that some are decided in one batch.
#[tokio::test(flavor = "multi_thread")]
async fn checks_with_one_request_id_at_the_same_time_are_one_call() {
    let toll = Toll::new().await;
    let checks = (0..200).map(|_| toll.ask_by(&toll.partner, Door::Forward, "r", "POST", "/v1/calls"));
    let answers = futures_util::future::join_all(checks).await;
    let first = whole(answers[0].clone());
    assert!(first.contains("x-hold-amount: 5.00"), "{first}");
    for answer in answers {
        assert_eq!(whole(answer), first);
    }
    let account = format!("/api/v1/accounts/{}", toll.partner.id);
    let account = toll.house.get(&account, crate::house::BY_OPERATOR).await.json();
    assert_eq!(account["held"], "5.00");
}

#[tokio::test]
async fn a_request_id_that_the_proxy_sets_wrongly_is_its_fault() {
    let toll = Toll::new().await;
    let request = || toll.check(Door::Forward, "POST", "/v1/messages", toll.partner.auth());
    let mut said = Vec::new();
    for (what, request) in [
        ("empty", request().header(ID, "")),
        ("doubled", request().header(ID, "a").header(ID, "b")),
        ("no text", set(request(), ID, Some(b"\xFF"))),
        ("of 255", request().header(ID, "x".repeat(255))),
        ("of 256", request().header(ID, "x".repeat(256))),
    ] {
        let answer = toll.send(request).await;
        let detail = if answer.status == 200 { String::new() } else { answer.json()["detail"].to_string() };
        said.push(format!("{what}: {} {detail}", outcome(&answer)).trim_end().to_owned());
    }
    assert_snapshot!(said.join("\n"), @r#"
    empty: 403 gate_misconfigured "x-gate-request-id is empty"
    doubled: 403 gate_misconfigured "x-gate-request-id is there twice: set it, and nothing beside it"
    no text: 403 gate_misconfigured "x-gate-request-id is no text"
    of 255: 200 sms.send
    of 256: 403 gate_misconfigured "x-gate-request-id must have 1 to 255 characters"
    "#);
}
