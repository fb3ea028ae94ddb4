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
    let answer = family.house.post(&path, BY_OPERATOR, body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Partner>",
      "amount": "20.10",
      "available": "170.10",
      "balance": "70.10",
      "created_at": "2024-08-28T14:11:32.242Z",
      "credit_limit": "100.00",
      "held": "0.00",
      "id": "<uuid 1>",
      "reference": "invoice 2024-08"
    }
    "#);
}

#[tokio::test]
async fn a_negative_payment_goes_no_further_than_what_is_available() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/payments");
    let beyond = family.house.post(&path, BY_OPERATOR, r#"{"amount":"-150.01"}"#).await;
    assert_snapshot!(family.house.shown(&beyond), @r#"
    402
    content-type: application/problem+json
    {
      "available": "150.00",
      "code": "insufficient_funds",
      "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "150.01",
      "status": 402,
      "title": "Not enough available",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
    let paid_out = family.house.post(&path, BY_OPERATOR, r#"{"amount":-150}"#).await.json();
    assert_eq!(
        [&paid_out["amount"], &paid_out["balance"], &paid_out["available"]],
        ["-150.00", "-100.00", "0.00"]
    );
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
    let nobody =
        family.house.post("/api/v1/accounts/nobody/payments", BY_OPERATOR, r#"{"amount":"1"}"#).await;
    said.push(problem(&nobody));
    assert_snapshot!(said.join("\n"), @"
    422 invalid: amount is required
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: account shares its primary's balance and has none of its own to pay into or to move
    403 forbidden
    403 forbidden
    404 not_found
    ");
}

#[tokio::test]
async fn a_primary_moves_balance_to_its_subaccount_and_back() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/transfers");
    let to = format!(r#"{{"kind":"balance","to":"{}","amount":"30","reference":"August"}}"#, family.own.key);
    let answer = family.house.post(&path, family.primary.auth(), to).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "amount": "30.00",
      "created_at": "2024-08-28T14:11:32.242Z",
      "from": "<id of Partner>",
      "from_after": {
        "available": "120.00",
        "balance": "20.00",
        "credit_limit": "100.00",
        "held": "0.00"
      },
      "id": "<uuid 1>",
      "kind": "balance",
      "reference": "August",
      "to": "<id of Own>",
      "to_after": {
        "available": "30.00",
        "balance": "30.00",
        "credit_limit": "0.00",
        "held": "0.00"
      }
    }
    "#);
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
    let answer = family.house.post(&path, family.primary.auth(), body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "amount": "40.00",
      "created_at": "2024-08-28T14:11:32.242Z",
      "from": "<id of Partner>",
      "from_after": {
        "available": "110.00",
        "balance": "50.00",
        "credit_limit": "60.00",
        "held": "0.00"
      },
      "id": "<uuid 1>",
      "kind": "credit",
      "reference": null,
      "to": "<id of Own>",
      "to_after": {
        "available": "40.00",
        "balance": "0.00",
        "credit_limit": "40.00",
        "held": "0.00"
      }
    }
    "#);
}

#[tokio::test]
async fn a_transfer_goes_no_further_than_what_may_move() {
    let family = Family::new().await;
    let path = family.path(&family.primary, "/transfers");
    family.house.charge(&family.primary, "60").await;
    let credit = format!(r#"{{"kind":"credit","to":"{}","amount":"90.01"}}"#, family.own.id);
    let answer = family.house.post(&path, family.primary.auth(), credit).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    402
    content-type: application/problem+json
    {
      "available": "90.00",
      "code": "insufficient_credit",
      "detail": "`needed` is more than the credit limit that is not in use, `available`. Ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "90.01",
      "status": 402,
      "title": "Not enough unused credit",
      "type": "urn:tollgate:problem:insufficient_credit"
    }
    "#);
    family.house.transfer(TransferKind::Balance, &family.primary, (&family.primary, &family.own), "5").await;
    let balance = format!(r#"{{"kind":"balance","from":"{}","amount":"5.01"}}"#, family.own.id);
    let answer = family.house.post(&path, family.primary.auth(), balance).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    402
    content-type: application/problem+json
    {
      "available": "5.00",
      "code": "insufficient_funds",
      "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "5.01",
      "status": 402,
      "title": "Not enough available",
      "type": "urn:tollgate:problem:insufficient_funds"
    }
    "#);
}

#[tokio::test]
async fn a_transfer_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let (primary, own, shared, stranger) =
        (family.primary.id, family.own.id, family.shared.id, family.stranger.id);
    let mut said = Vec::new();
    for (account, auth, body) in [
        (&family.primary, BY_OPERATOR, "{}".to_owned()),
        (
            &family.primary,
            BY_OPERATOR,
            format!(r#"{{"kind":"money","to":"{own}","from":"{own}","amount":"x"}}"#),
        ),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{own}","amount":"0"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{shared}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"credit","from":"{shared}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{stranger}","amount":"1"}}"#)),
        (&family.primary, BY_OPERATOR, r#"{"kind":"balance","to":"nobody","amount":"1"}"#.to_owned()),
        (&family.own, BY_OPERATOR, format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.own, family.own.auth(), format!(r#"{{"kind":"balance","to":"{primary}","amount":"1"}}"#)),
        (&family.primary, family.own.auth(), format!(r#"{{"kind":"balance","to":"{own}","amount":"1"}}"#)),
        (
            &family.primary,
            family.stranger.auth(),
            format!(r#"{{"kind":"balance","to":"{own}","amount":"1"}}"#),
        ),
    ] {
        said.push(problem(&family.house.post(&family.path(account, "/transfers"), auth, body).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: kind is required; to is required; amount is required
    422 invalid: kind must be "balance" or "credit"; from must not be given beside `to`: the account in the path is the other side; amount must be a decimal number such as "1.50"
    422 invalid: amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid: to must be another account than the one in the path
    422 invalid: to shares its primary's balance and has none of its own to pay into or to move
    422 invalid: from shares its primary's balance and has none of its own to pay into or to move
    404 not_found
    404 not_found
    403 forbidden
    403 forbidden
    404 not_found
    404 not_found
    "#);
}
