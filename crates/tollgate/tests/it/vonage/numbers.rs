//! Transfers of numbers.

use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::{Value, json};

use super::{alike, at, family, member};
use crate::house::{Answer, House, Opening};

const NUMBER: &str = "447700900000";

/// The family, whose partner has a number.
async fn with_number() -> (House, Opening, Opening, Opening) {
    let (house, partner, first, second) = family().await;
    house.give_number(&partner, "GB", NUMBER).await;
    (house, partner, first, second)
}

async fn transfer(house: &House, partner: &Opening, body: Value) -> Answer {
    house.post(&at(partner, "transfer-number"), partner.auth(), body.to_string()).await
}

fn from_to(from: &Opening, to: &Opening) -> Value {
    json!({ "from": from.key, "to": to.key, "number": NUMBER, "country": "GB" })
}

#[tokio::test]
async fn a_number_transfer_answers_what_it_moved() {
    let (house, partner, first, _) = with_number().await;
    let answer = transfer(&house, &partner, from_to(&partner, &first)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "country": "GB",
      "from": "<Partner>",
      "masterAccountId": "<Partner>",
      "number": "447700900000",
      "to": "<S1>"
    }
    "#);
}

#[tokio::test]
async fn a_number_goes_wherever_in_the_family() {
    let (house, partner, first, second) = with_number().await;
    for (from, to) in [(&partner, &first), (&first, &second), (&second, &partner)] {
        let answer = transfer(&house, &partner, from_to(from, to)).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
}

#[tokio::test]
async fn a_number_is_read_in_every_way_that_an_sdk_writes_it() {
    let (house, partner, first, _) = with_number().await;
    let mut sides = [&partner, &first];
    for (number, country) in [
        (json!(447_700_900_000_u64), json!("GB")),
        (json!("+447700900000"), json!("gb")),
        (json!("44 7700-900 000"), json!("Gb")),
        (json!(NUMBER), Value::Null),
    ] {
        let (from, to) = (sides[0].key.to_uppercase(), &sides[1].key);
        let body = json!({ "from": from, "to": to, "number": number, "country": country });
        let answer = transfer(&house, &partner, body).await;
        assert_eq!(answer.status, 200, "{answer}");
        let said = ["/number", "/country", "/from", "/to"].map(|it| member(&answer, it));
        assert_eq!(said, [NUMBER, "GB", &sides[0].key, &sides[1].key]);
        sides.reverse();
    }
    let body = json!({ "from": sides[0].key, "to": sides[1].key, "number": NUMBER });
    assert_eq!(member(&transfer(&house, &partner, body).await, "/country"), "GB");
}

#[tokio::test]
async fn a_number_of_another_account_is_refused() {
    let (house, partner, first, second) = with_number().await;
    let answer = transfer(&house, &partner, from_to(&first, &second)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    403
    content-type: application/json
    {
      "detail": "Could not transfer number 447700900000 from account <S1> to <S2> - ShortCode is not owned by from account",
      "instance": "<uuid 1>",
      "title": "Invalid Number Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#invalid-number-transfer"
    }
    "#);
}

#[tokio::test]
async fn a_number_never_leaves_the_family() {
    let (house, partner, ..) = with_number().await;
    let stranger = house.primary("Stranger", "0").await;
    let answer = transfer(&house, &partner, from_to(&partner, &stranger)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    403
    content-type: application/json
    {
      "detail": "Failed to perform transfer number 447700900000 from account <Partner> to <Stranger> - The relationship between these two accounts does not allow for number transfer",
      "instance": "<uuid 1>",
      "title": "Invalid Number Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#invalid-number-transfer"
    }
    "#);
    for (from, to) in [(&*stranger.key, &*partner.key), (&*partner.key, "00000000"), ("nope", "neither")] {
        let body = json!({ "from": from, "to": to, "number": NUMBER });
        let answer = transfer(&house, &partner, body).await;
        let detail = format!(
            "Failed to perform transfer number {NUMBER} from account {from} to {to} - The relationship between these two accounts does not allow for number transfer"
        );
        assert_eq!((answer.status, member(&answer, "/detail")), (403, detail));
    }
}

#[tokio::test]
async fn s8_10_a_suspended_account_neither_gives_nor_gets_a_number() {
    let (house, partner, first, _) = with_number().await;
    house
        .patch(&at(&partner, &format!("subaccounts/{}", first.key)), partner.auth(), r#"{"suspended": true}"#)
        .await;
    // Before it is asked whose number it is.
    let mut shown = Vec::new();
    for (from, to) in [(&partner, &first), (&first, &partner)] {
        let answer = transfer(&house, &partner, from_to(from, to)).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    403
    content-type: application/json
    {
      "detail": "One of the accounts involved in the transfer is banned",
      "instance": "<uuid 1>",
      "title": "Invalid Number Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#invalid-number-transfer"
    }
    "#);
}

#[tokio::test]
async fn a_number_that_nobody_has_is_not_found() {
    let (house, partner, first, _) = with_number().await;
    let body = json!({ "from": partner.key, "to": first.key, "number": "447700900001", "country": "GB" });
    let answer = transfer(&house, &partner, body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/json
    {
      "detail": "Could not transfer number 447700900001 from account <Partner> to <S1> - ShortCode not found",
      "instance": "<uuid 1>",
      "title": "Invalid Number Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#missing-number-transfer"
    }
    "#);
    // A number is one of its country's.
    let body = json!({ "from": partner.key, "to": first.key, "number": NUMBER, "country": "US" });
    assert_eq!(transfer(&house, &partner, body).await.status, 404);
}

#[tokio::test]
async fn a_number_that_is_there_already_is_a_conflict() {
    let (house, partner, first, _) = with_number().await;
    assert_eq!(transfer(&house, &partner, from_to(&partner, &first)).await.status, 200);
    let answer = transfer(&house, &partner, from_to(&partner, &first)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    409
    content-type: application/json
    {
      "detail": "Could not transfer number 447700900000 from account <Partner> to <S1> - ShortCode is already owned by requesting account",
      "instance": "<uuid 1>",
      "title": "Transfer Conflict",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#transfer-conflict"
    }
    "#);
}

#[tokio::test]
async fn every_member_of_a_number_transfer_that_is_not_fit_is_named() {
    let (house, partner, ..) = with_number().await;
    let answer = transfer(&house, &partner, json!({})).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "from",
          "reason": "Is required"
        },
        {
          "name": "to",
          "reason": "Is required"
        },
        {
          "name": "number",
          "reason": "Is required"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    let body = json!({ "from": partner.key, "to": partner.key, "number": "44-x", "country": "GBR" });
    let answer = transfer(&house, &partner, body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "from",
          "reason": "Invalid accounts. From and To accounts should be different"
        },
        {
          "name": "number",
          "reason": "Malformed"
        },
        {
          "name": "country",
          "reason": "Malformed"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    for number in
        [json!(4.5), json!(-447_700_900_000_i64), json!("12"), json!("1234567890123456"), json!(true)]
    {
        let body = json!({ "from": partner.key, "to": "00000000", "number": number });
        let answer = transfer(&house, &partner, body).await;
        let faults = json!([{ "reason": "Malformed", "name": "number" }]);
        assert_eq!((answer.status, &answer.json()["invalid_parameters"]), (422, &faults), "{number}");
    }
}

#[tokio::test]
async fn a_shared_balance_has_numbers_of_its_own() {
    let (house, partner, ..) = with_number().await;
    let shared = house.subaccount(&partner, "Shared one", BalanceMode::Shared).await;
    assert_eq!(transfer(&house, &partner, from_to(&partner, &shared)).await.status, 200);
}
