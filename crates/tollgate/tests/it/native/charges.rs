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
    assert_snapshot!(family.charge(body).await, @"");
}

#[tokio::test]
async fn a_gate_charges_an_account_whose_payer_is_its_primary() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let body = format!(r#"{{"account":"{}","amount":1}}"#, family.shared.opened.account.auth_id);
    assert_snapshot!(family.house.post("/api/v1/charges", Auth::Bearer(&gate), body).await, @"");
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
    assert_snapshot!(said.join("\n"), @"");
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
    assert_snapshot!(family.charge(body).await, @"");
    assert_eq!(family.account(&family.primary).await["available"], "150.00");
}

#[tokio::test]
async fn a_charge_of_a_suspended_account_is_403() {
    let family = Family::new().await;
    let suspend = r#"{"status":"suspended"}"#;
    family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, suspend).await;
    let body = format!(r#"{{"account":"{}","amount":"1"}}"#, family.primary.id);
    assert_snapshot!(family.charge(body).await, @"");
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
    assert_snapshot!(refused, @"");
    assert_snapshot!(family.house.post("/api/v1/charges", Auth::Bearer(&may), body.clone()).await, @"");
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
        format!(r#"{{"account":"{id}","amount":"1","force":"true"}}"#),
        r#"{"account":7,"amount":{},"operation":1,"units":[],"reference":false,"force":1,"price":"1"}"#.to_owned(),
    ] {
        said.push(problem(&family.charge(body).await));
    }
    assert_snapshot!(said.join("\n"), @"");
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
    assert_snapshot!(family.house.post(&path, Auth::Bearer(&gate), part).await, @"");
    let beyond = family.house.post(&path, BY_OPERATOR, r#"{"amount":"7.50000001"}"#).await;
    assert_snapshot!(beyond, @"");
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
    assert_snapshot!(said.join("\n"), @"");
}
