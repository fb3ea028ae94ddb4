//! Payments, transfers and numbers.

use insta::assert_snapshot;
use ledger::TransferKind;

use super::{Family, problem};
use crate::house::BY_OPERATOR;

#[tokio::test]
async fn a_payment_is_booked_on_the_balance() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/payments");
    let body = r#"{"amount":"20.10","reference":"invoice 2024-08"}"#;
    assert_snapshot!(family.house.post(&path, BY_OPERATOR, body).await, @"");
}

#[tokio::test]
async fn a_negative_payment_goes_no_further_than_what_is_available() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/payments");
    let beyond = family.house.post(&path, BY_OPERATOR, r#"{"amount":"-150.01"}"#).await;
    assert_snapshot!(beyond, @"");
    let paid_out = family.house.post(&path, BY_OPERATOR, r#"{"amount":-150}"#).await.json();
    assert_eq!([&paid_out["amount"], &paid_out["balance"], &paid_out["available"]], ["-150.00", "-100.00", "0.00"]);
}

#[tokio::test]
async fn a_payment_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for (account, auth, body) in [
        (&family.primary, BY_OPERATOR, r#"{}"#),
        (&family.primary, BY_OPERATOR, r#"{"amount":"0"}"#),
        (&family.primary, BY_OPERATOR, r#"{"amount":"-10000000000.00000001"}"#),
        (&family.shared, BY_OPERATOR, r#"{"amount":"1"}"#),
        (&family.primary, family.primary.auth(), r#"{"amount":"1"}"#),
        (&family.own, family.primary.auth(), r#"{"amount":"1"}"#),
    ] {
        said.push(problem(&family.house.post(&family.path(account, "/payments"), auth, body).await));
    }
    let nobody = family.house.post("/api/v1/accounts/nobody/payments", BY_OPERATOR, r#"{"amount":"1"}"#).await;
    said.push(problem(&nobody));
    assert_snapshot!(said.join("\n"), @"");
}

#[tokio::test]
async fn a_primary_moves_balance_to_its_subaccount_and_back() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/transfers");
    let to = format!(r#"{{"kind":"balance","to":"{}","amount":"30","reference":"August"}}"#, family.own.key);
    assert_snapshot!(family.house.post(&path, family.primary.auth(), to).await, @"");
    let from = format!(r#"{{"kind":"balance","from":"{}","amount":"30.00"}}"#, family.own.id);
    let back = family.house.post(&path, BY_OPERATOR, from).await.json();
    assert_eq!([&back["from"], &back["to"]], [&family.own.id.to_string(), &family.primary.id.to_string()]);
    assert_eq!(family.account(&family.primary).await["balance"], "50.00");
}

#[tokio::test]
async fn a_primary_moves_credit_to_its_subaccount() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/transfers");
    let body = format!(r#"{{"kind":"credit","to":"{}","amount":"40"}}"#, family.own.id);
    assert_snapshot!(family.house.post(&path, family.primary.auth(), body).await, @"");
}

#[tokio::test]
async fn a_transfer_goes_no_further_than_what_may_move() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/transfers");
    family.house.charge(&family.primary, "60").await;
    let credit = format!(r#"{{"kind":"credit","to":"{}","amount":"90.01"}}"#, family.own.id);
    assert_snapshot!(family.house.post(&path, family.primary.auth(), credit).await, @"");
    family.house.transfer(TransferKind::Balance, &family.primary, (&family.primary, &family.own), "5").await;
    let balance = format!(r#"{{"kind":"balance","from":"{}","amount":"5.01"}}"#, family.own.id);
    assert_snapshot!(family.house.post(&path, family.primary.auth(), balance).await, @"");
}

#[tokio::test]
async fn a_transfer_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let (primary, own, shared, stranger) =
        (family.primary.id, family.own.id, family.shared.id, family.stranger.id);
    let mut said = Vec::new();
    for (account, auth, body) in [
        (&family.primary, BY_OPERATOR, "{}".to_owned()),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"money","to":"{own}","from":"{own}","amount":"x"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{own}","amount":"0"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{shared}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"credit","from":"{shared}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{stranger}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, r#"{"kind":"balance","to":"nobody","amount":"1"}"#.to_owned()),
        (&family.own, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.own, family.own.auth(), format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.primary, family.own.auth(), format!(r#"{{"kind":"balance","to":"{own}","amount":"1"}}"#)),
        (&family.primary, family.stranger.auth(), format!(r#"{{"kind":"balance","to":"{own}","amount":"1"}}"#)),
    ] {
        said.push(problem(&family.house.post(&family.path(account, "/transfers"), auth, body).await));
    }
    assert_snapshot!(said.join("\n"), @"");
}

#[tokio::test]
async fn the_operator_gives_a_number_to_an_account() {
    let family = Family::new().await;
    let body = format!(r#"{{"account":"{}","country":"gb","msisdn":"447700900000"}}"#, family.own.key);
    assert_snapshot!(family.house.post("/api/v1/numbers", BY_OPERATOR, body.clone()).await, @"");
    assert_snapshot!(family.house.post("/api/v1/numbers", BY_OPERATOR, body.clone()).await, @"");
    let mut said = Vec::new();
    for (auth, body) in [
        (family.primary.auth(), body),
        (BY_OPERATOR, r#"{"account":"nobody","country":"GB","msisdn":"447700900001"}"#.to_owned()),
        (BY_OPERATOR, format!(r#"{{"account":"{}","country":"GB","msisdn":"+447700900001"}}"#, family.own.id)),
        (BY_OPERATOR, r#"{"account":1,"country":"Britain","msisdn":447700900001}"#.to_owned()),
    ] {
        said.push(problem(&family.house.post("/api/v1/numbers", auth, body).await));
    }
    assert_snapshot!(said.join("\n"), @"");
}
