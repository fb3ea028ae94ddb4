//! Charges and their reversals.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Family, gate, problem, text};
use crate::house::{Auth, BY_OPERATOR};

#[tokio::test]
async fn a_charge_says_who_paid_and_what_is_left() {
    let family = Family::new().await;
    let body = format!(
        r#"{{"account":"{}","amount":"0.05","operation":"sms.send","units":"1","reference":"message 7"}}"#,
        family.primary.key
    );
    let answer = family.charge(body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Partner>",
      "amount": "0.05",
      "available": "149.95",
      "balance": "49.95",
      "created_at": "2024-08-28T14:11:32.242Z",
      "forced": false,
      "id": "<uuid 1>",
      "operation": "sms.send",
      "payer": "<id of Partner>",
      "price": null,
      "reference": "message 7",
      "units": "1"
    }
    "#);
}

#[tokio::test]
async fn a_gate_charges_an_account_whose_payer_is_its_primary() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let body = format!(r#"{{"account":"{}","amount":1}}"#, family.shared.opened.account.auth_id);
    let answer = family.house.post("/api/v1/charges", Auth::Bearer(&gate), body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Shared>",
      "amount": "1.00",
      "available": "149.00",
      "balance": "49.00",
      "created_at": "2024-08-28T14:11:32.242Z",
      "forced": false,
      "id": "<uuid 1>",
      "operation": null,
      "payer": "<id of Partner>",
      "price": null,
      "reference": null,
      "units": null
    }
    "#);
}

#[tokio::test]
async fn an_amount_is_read_from_its_digits() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for amount in [
        "0.00000001",
        r#""0.00000001""#,
        "1e-8",
        "1.10",
        r#""1.1000000000""#,
        "0.1E1",
        r#""\u0031""#,
        "0.000000001",
        "0.30000000000000004",
        "1e99",
        r#""1,5""#,
        r#"" 1""#,
        r#""""#,
        r#""NaN""#,
        "true",
        "null",
        "[1]",
        "0",
        "-1",
        "10000000000.00000001",
    ] {
        let body = format!(r#"{{"account":"{}","amount":{amount}}}"#, family.primary.id);
        let answer = family.charge(body).await;
        let outcome = if answer.status == 201 { text(&answer.json()["amount"]) } else { problem(&answer) };
        said.push(format!("{amount} -> {outcome}"));
    }
    assert_snapshot!(said.join("\n"), @r#"
    0.00000001 -> 0.00000001
    "0.00000001" -> 0.00000001
    1e-8 -> 0.00000001
    1.10 -> 1.10
    "1.1000000000" -> 1.10
    0.1E1 -> 1.00
    "\u0031" -> 1.00
    0.000000001 -> 422 invalid: amount must have at most 8 decimals
    0.30000000000000004 -> 422 invalid: amount must have at most 8 decimals
    1e99 -> 422 invalid: amount is beyond what an amount can hold
    "1,5" -> 422 invalid: amount must be a decimal number such as "1.50"
    " 1" -> 422 invalid: amount must be a decimal number such as "1.50"
    "" -> 422 invalid: amount must be a decimal number such as "1.50"
    "NaN" -> 422 invalid: amount must be a decimal number such as "1.50"
    true -> 422 invalid: amount must be a string or a number
    null -> 422 invalid: amount is required
    [1] -> 422 invalid: amount must be a string or a number
    0 -> 422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    -1 -> 422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    10000000000.00000001 -> 422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    "#);
}

#[tokio::test]
async fn units_may_be_a_number_and_keep_their_digits() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","amount":"1","units":1.50}}"#, family.primary.id);
    assert_eq!(family.charge(body).await.json()["units"], "1.50");
}

#[tokio::test]
async fn a_charge_beyond_what_is_available_is_402_and_says_what_there_is() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","amount":"150.00000001"}}"#, family.shared.id);
    let answer = family.charge(body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    402
    content-type: application/problem+json
    {
      "available": "150.00",
      "code": "insufficient_funds",
      "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "150.00000001",
      "status": 402,
      "title": "Not enough available",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
    assert_eq!(family.account(&family.primary).await["available"], "150.00");
}

#[tokio::test]
async fn a_charge_of_a_suspended_account_is_403() {
    let family = Family::new().await;
    let suspend = r#"{"status":"suspended"}"#;
    family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, suspend).await;
    let body = format!(r#"{{"account":"{}","amount":"1"}}"#, family.primary.id);
    let answer = family.charge(body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "suspended",
      "detail": "The account, or its primary, is suspended and can neither charge nor hold. Set its `status` to \"active\" first.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 403,
      "title": "Suspended",
      "type": "urn:tollgate:problem:suspended"
    }
    "#);
    // What a primary's state means for those below it.
    let body = format!(r#"{{"account":"{}","amount":"1"}}"#, family.shared.id);
    assert_eq!(problem(&family.charge(body).await), "403 suspended");
}

#[tokio::test]
async fn only_an_operator_or_a_gate_that_may_forces_a_charge() {
    let family = Family::new().await;
    let (may, may_not) = (gate(&family.house, true).await, gate(&family.house, false).await);
    family.house.patch(&family.path(&family.own, ""), BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    let body = format!(r#"{{"account":"{}","amount":"7","force":true}}"#, family.own.id);
    let refused = family.house.post("/api/v1/charges", Auth::Bearer(&may_not), body.clone()).await;
    assert_snapshot!(family.house.shown(&refused), @r#"
    403
    content-type: application/problem+json
    {
      "code": "forbidden",
      "detail": "These credentials may not do this. A gate token charges, reverses and holds (and forces only if made with `may_force`); a primary account manages its subaccounts, any account its own credentials; the rest is the operator's.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 403,
      "title": "Not allowed with these credentials",
      "type": "urn:tollgate:problem:forbidden"
    }
    "#);
    let answer = family.house.post("/api/v1/charges", Auth::Bearer(&may), body.clone()).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Own>",
      "amount": "7.00",
      "available": "-7.00",
      "balance": "-7.00",
      "created_at": "2024-08-28T14:11:32.242Z",
      "forced": true,
      "id": "<uuid 1>",
      "operation": null,
      "payer": "<id of Own>",
      "price": null,
      "reference": null,
      "units": null
    }
    "#);
    assert_eq!(family.charge(body).await.json()["available"], "-14.00");
}

#[tokio::test]
async fn a_charge_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let id = family.primary.id;
    let mut said = Vec::new();
    for body in [
        "{}".to_owned(),
        r#"{"account":"nobody","amount":"1"}"#.to_owned(),
        r#"{"account":null,"amount":"1"}"#.to_owned(),
        format!(r#"{{"account":"{id}","amount":"1","operation":"sms send"}}"#),
        format!(r#"{{"account":"{id}","amount":"1","operation":"{}"}}"#, "x".repeat(65)),
        format!(r#"{{"account":"{id}","amount":"1","units":"{}"}}"#, "1".repeat(33)),
        format!(r#"{{"account":"{id}","amount":"1","reference":"{}"}}"#, "x".repeat(256)),
        format!(r#"{{"account":"{id}","amount":"1","reference":"before\u0000after"}}"#),
        format!(r#"{{"account":"{id}","amount":"1","force":"true"}}"#),
        r#"{"account":7,"amount":{},"operation":1,"units":[],"reference":false,"force":1,"price":"1"}"#
            .to_owned(),
    ] {
        said.push(problem(&family.charge(body).await));
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: account is required; amount is required
    404 not_found
    422 invalid: account is required
    422 invalid: operation must have 1 to 64 characters, none of them blank
    422 invalid: operation must have 1 to 64 characters, none of them blank
    422 invalid: units must have at most 32 characters, none of them U+0000
    422 invalid: reference must have at most 255 characters, none of them U+0000
    422 invalid: reference must have at most 255 characters, none of them U+0000
    422 invalid: force must be true or false
    422 invalid: account must be a string; amount must be a string or a number; operation must be a string; units must be a string or a number; reference must be a string; force must be true or false; price is not known here; known are account, amount, operation, units, reference, force
    ");
}

#[tokio::test]
async fn a_charge_is_no_accounts_to_make() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","amount":"1"}}"#, family.own.id);
    for auth in [family.own.auth(), family.primary.auth(), family.stranger.auth()] {
        let answer = family.house.post("/api/v1/charges", auth, body.clone()).await;
        assert_eq!(problem(&answer), "403 forbidden");
    }
}

#[tokio::test]
async fn a_reversal_gives_back_a_part_and_then_the_rest() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let charge = family.house.charge(&family.shared, "10").await;
    let path = format!("/api/v1/charges/{charge}/reverse");
    let part = r#"{"amount":"2.5","reference":"sorry"}"#;
    let answer = family.house.post(&path, Auth::Bearer(&gate), part).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Shared>",
      "amount": "2.50",
      "available": "142.50",
      "balance": "42.50",
      "charge": "<uuid 1>",
      "created_at": "2024-08-28T14:11:32.242Z",
      "id": "<uuid 2>",
      "payer": "<id of Partner>",
      "reference": "sorry"
    }
    "#);
    let beyond = family.house.post(&path, BY_OPERATOR, r#"{"amount":"7.50000001"}"#).await;
    assert_snapshot!(family.house.shown(&beyond), @r#"
    409
    content-type: application/problem+json
    {
      "code": "already_reversed",
      "detail": "Only 7.50 of the charge is left to be given back. Ask for no more than that.",
      "instance": "urn:uuid:<uuid 1>",
      "left": "7.50",
      "status": 409,
      "title": "Already reversed",
      "type": "urn:tollgate:problem:already_reversed"
    }
    "#);
    // No body is no amount: the rest.
    let rest = family.house.post(&path, BY_OPERATOR, "").await;
    assert_eq!((rest.status, &rest.json()["amount"]), (201, &Value::from("7.50")));
    assert_eq!(family.account(&family.primary).await["balance"], "50.00");
    assert_eq!(problem(&family.house.post(&path, BY_OPERATOR, "{}").await), "409 already_reversed");
}

#[tokio::test]
async fn a_reversal_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let charge = family.house.charge(&family.primary, "10").await.to_string();
    let unknown = "0191992b-0000-7000-8000-000000000000";
    let mut said = Vec::new();
    for (charge, auth, body) in [
        (&*charge, BY_OPERATOR, r#"{"amount":"0"}"#),
        (&charge, BY_OPERATOR, r#"{"amount":"-1"}"#),
        (&charge, BY_OPERATOR, r#"{"amuont":"1"}"#),
        (&charge, family.primary.auth(), "{}"),
        (unknown, BY_OPERATOR, "{}"),
        ("first", BY_OPERATOR, "{}"),
    ] {
        let answer = family.house.post(&format!("/api/v1/charges/{charge}/reverse"), auth, body).await;
        said.push(problem(&answer));
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: amuont is not known here; known are amount, reference
    403 forbidden
    404 not_found
    404 not_found
    ");
}

#[tokio::test]
async fn what_a_closed_account_used_is_forced_on_its_heir() {
    let family = Family::new().await;
    family.house.close(&family.own).await;
    let body = format!(r#"{{"account":"{}","amount":"1","force":true}}"#, family.own.id);
    let answer = family.charge(body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Own>",
      "amount": "1.00",
      "available": "149.00",
      "balance": "49.00",
      "created_at": "2024-08-28T14:11:32.242Z",
      "forced": true,
      "id": "<uuid 1>",
      "operation": null,
      "payer": "<id of Partner>",
      "price": null,
      "reference": null,
      "units": null
    }
    "#);
}
