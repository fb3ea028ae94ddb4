//! Lists of transfers, and what they leave out.

use insta::assert_snapshot;
use ledger::TransferKind;
use serde_json::json;

use super::{alike, at, family};
use crate::house::{House, Opening};

/// The amounts of a list, newest first.
async fn amounts(house: &House, partner: &Opening, kind: &str, query: &str) -> Vec<String> {
    let answer = house.get(&at(partner, &format!("{kind}-transfers{query}")), partner.auth()).await;
    assert_eq!(answer.status, 200, "{query}: {answer}");
    let list = answer.json();
    let rows = list["_embedded"][format!("{kind}_transfers")].as_array().unwrap();
    rows.iter().map(|it| it["amount"].to_string().trim_end_matches(".0000").to_owned()).collect()
}

#[tokio::test]
async fn the_credit_transfers_are_listed_newest_first_under_both_names() {
    let (house, partner, first, second) = family().await;
    house.transfer(TransferKind::Credit, &partner, (&partner, &first), "35").await;
    house.clock.advance(1_000);
    house.transfer(TransferKind::Credit, &partner, (&partner, &second), "0.5").await;
    house.transfer(TransferKind::Balance, &partner, (&partner, &second), "7").await;
    let answer = house.get(&at(&partner, "credit-transfers"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "credit-transfers": [
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/credit-transfers/<uuid 1>"
              }
            },
            "amount": 0.5000,
            "created_at": "2024-08-28T14:11:33.240Z",
            "credit_transfer_id": "<uuid 1>",
            "from": "<Partner>",
            "id": "<uuid 1>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<S2>"
          },
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/credit-transfers/<uuid 2>"
              }
            },
            "amount": 35.0000,
            "created_at": "2024-08-28T14:11:32.240Z",
            "credit_transfer_id": "<uuid 2>",
            "from": "<Partner>",
            "id": "<uuid 2>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<S1>"
          }
        ],
        "credit_transfers": [
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/credit-transfers/<uuid 1>"
              }
            },
            "amount": 0.5000,
            "created_at": "2024-08-28T14:11:33.240Z",
            "credit_transfer_id": "<uuid 1>",
            "from": "<Partner>",
            "id": "<uuid 1>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<S2>"
          },
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/credit-transfers/<uuid 2>"
              }
            },
            "amount": 35.0000,
            "created_at": "2024-08-28T14:11:32.240Z",
            "credit_transfer_id": "<uuid 2>",
            "from": "<Partner>",
            "id": "<uuid 2>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<S1>"
          }
        ]
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/credit-transfers"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn the_balance_transfers_are_listed_newest_first() {
    let (house, partner, first, _) = family().await;
    house.transfer(TransferKind::Balance, &partner, (&partner, &first), "35").await;
    house.clock.advance(1_000);
    house.transfer(TransferKind::Balance, &partner, (&first, &partner), "0.00000001").await;
    house.transfer(TransferKind::Credit, &partner, (&partner, &first), "7").await;
    let answer = house.get(&at(&partner, "balance-transfers"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "balance_transfers": [
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/balance-transfers/<uuid 1>"
              }
            },
            "amount": 0.00000001,
            "balance_transfer_id": "<uuid 1>",
            "created_at": "2024-08-28T14:11:33.240Z",
            "from": "<S1>",
            "id": "<uuid 1>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<Partner>"
          },
          {
            "_links": {
              "self": {
                "href": "/accounts/<Partner>/balance-transfers/<uuid 2>"
              }
            },
            "amount": 35.0000,
            "balance_transfer_id": "<uuid 2>",
            "created_at": "2024-08-28T14:11:32.240Z",
            "from": "<Partner>",
            "id": "<uuid 2>",
            "masterAccountId": "<Partner>",
            "reference": "",
            "to": "<S1>"
          }
        ]
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/balance-transfers"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn an_empty_list_of_credit_transfers_has_both_names() {
    let (house, partner, ..) = family().await;
    let answer = house.get(&at(&partner, "credit-transfers"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_embedded": {
        "credit-transfers": [],
        "credit_transfers": []
      },
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/credit-transfers"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn s8_03_both_names_have_the_same_and_both_ids_are_one() {
    let (house, partner, first, second) = family().await;
    for kind in [TransferKind::Credit, TransferKind::Balance] {
        house.transfer(kind, &partner, (&partner, &first), "3").await;
        house.transfer(kind, &partner, (&partner, &second), "2").await;
    }
    let credit = house.get(&at(&partner, "credit-transfers"), partner.auth()).await.json();
    assert_eq!(credit["_embedded"]["credit-transfers"], credit["_embedded"]["credit_transfers"]);
    let balance = house.get(&at(&partner, "balance-transfers"), partner.auth()).await.json();
    for (list, kind) in [(credit, "credit"), (balance, "balance")] {
        let rows = list["_embedded"][format!("{kind}_transfers")].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(row["id"], row[format!("{kind}_transfer_id")]);
            uuid::Uuid::parse_str(row["id"].as_str().unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn s8_12_the_dates_bound_the_list() {
    let (house, partner, first, _) = family().await;
    // At 2024-08-28T14:11:32.240Z, and at 14:11:33.000Z.
    house.transfer(TransferKind::Balance, &partner, (&partner, &first), "1").await;
    house.clock.advance(760);
    house.transfer(TransferKind::Balance, &partner, (&partner, &first), "2").await;
    for (query, found) in [
        ("", "2 1"),
        ("?start_date=&end_date=", "2 1"),
        ("?start_date=2024-08-28", "2 1"),
        ("?start_date=2024-08-29", ""),
        ("?end_date=2024-08-28", "2 1"),
        ("?end_date=2024-08-27", ""),
        // A whole second starts with its first millisecond and ends with its last.
        ("?start_date=2024-08-28T14:11:32Z", "2 1"),
        ("?start_date=2024-08-28T14:11:33Z", "2"),
        ("?start_date=2024-08-28T14:11:34Z", ""),
        ("?end_date=2024-08-28T14:11:32Z", "1"),
        ("?end_date=2024-08-28T14:11:33Z", "2 1"),
        ("?end_date=2024-08-28T14:11:31Z", ""),
        // What an answer prints is in the list that it bounds.
        ("?start_date=2024-08-28T14:11:32.240Z", "2 1"),
        ("?start_date=2024-08-28T14:11:32.241Z", "2"),
        ("?end_date=2024-08-28T14:11:32.240Z", "1"),
        ("?end_date=2024-08-28T14:11:32.239Z", ""),
        ("?start_date=2024-08-28T14:11:32.2401Z", "2"),
        ("?end_date=2024-08-28T14:11:32.2401Z", "1"),
        ("?end_date=2024-08-28T14:11:32.2Z", "1"),
        // Offsets; the plus as it is, and as the space that it may become.
        ("?start_date=2024-08-28T14:11:33%2B00:00", "2"),
        ("?start_date=2024-08-28T14:11:33+00:00", "2"),
        ("?start_date=2024-08-28T14:11:33%2000:00", "2"),
        ("?start_date=2024-08-28T16:11:33%2B02:00", "2"),
        ("?start_date=2024-08-28T12:11:33-02:00", "2"),
        ("?start_date=2024-08-28t14:11:33z", "2"),
        ("?start_date=2024-08-28T14:11:33Z&end_date=2024-08-28T14:11:32Z", ""),
    ] {
        assert_eq!(amounts(&house, &partner, "balance", query).await.join(" "), found, "{query}");
    }
}

#[tokio::test]
async fn s8_12_a_date_that_is_none_is_refused_by_its_name() {
    let (house, partner, ..) = family().await;
    let mut shown = Vec::new();
    for kind in ["credit", "balance"] {
        let path = at(&partner, &format!("{kind}-transfers?start_date=yesterday&end_date=2024-13-01"));
        let answer = house.get(&path, partner.auth()).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "start_date",
          "reason": "Malformed"
        },
        {
          "name": "end_date",
          "reason": "Malformed"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    for date in [
        "2024-02-30T00:00:00Z",
        "2024-02-30",
        "2024-08-28T14:11:33",
        "1724854293",
        "2024-08-28T14:11Z",
        "%FF",
    ] {
        let path = at(&partner, &format!("credit-transfers?start_date={date}"));
        let answer = house.get(&path, partner.auth()).await;
        let faults = json!([{ "reason": "Malformed", "name": "start_date" }]);
        assert_eq!((answer.status, &answer.json()["invalid_parameters"]), (422, &faults), "{date}");
    }
}

#[tokio::test]
async fn a_list_is_narrowed_by_every_name_that_an_sdk_has_for_it() {
    let (house, partner, first, second) = family().await;
    let stranger = house.primary("Stranger", "0").await;
    let (one, two) = (&first.key, &second.key);
    for (sides, by) in [
        ((&partner, &first), "3"),
        ((&partner, &second), "2"),
        ((&first, &partner), "1"),
        ((&partner, &first), "4"),
    ] {
        house.transfer(TransferKind::Credit, &partner, sides, by).await;
    }
    for (query, found) in [
        (String::new(), "4 1 2 3"),
        (format!("?subaccount={one}"), "4 1 3"),
        (format!("?sub={one}"), "4 1 3"),
        (format!("?sub_account={one}"), "4 1 3"),
        (format!("?subaccount={}", one.to_uppercase()), "4 1 3"),
        (format!("?subaccount={one}&subaccount={two}"), "4 1 2 3"),
        (format!("?sub={one},{two}"), "4 1 2 3"),
        (format!("?sub={one}&sub_account={two}"), "4 1 2 3"),
        (format!("?subaccount={}", partner.key), "4 1 2 3"),
        ("?subaccount=".to_owned(), "4 1 2 3"),
        // Unknown and foreign keys, and what is none, match nothing.
        ("?subaccount=00000000".to_owned(), ""),
        (format!("?subaccount={}", stranger.key), ""),
        ("?subaccount=nope".to_owned(), ""),
        (format!("?subaccount=nope,{two}"), "2"),
        (format!("?subaccount={two}&start_date=2024-08-29"), ""),
        ("?color=red".to_owned(), "4 1 2 3"),
    ] {
        assert_eq!(amounts(&house, &partner, "credit", &query).await.join(" "), found, "{query}");
    }
}

#[tokio::test]
async fn a_closed_account_keeps_its_transfers_in_the_list() {
    let (house, partner, first, _) = family().await;
    house.transfer(TransferKind::Balance, &partner, (&partner, &first), "3").await;
    house.close(&first).await;
    let query = format!("?subaccount={}", first.key);
    assert_eq!(amounts(&house, &partner, "balance", &query).await, ["3"]);
}

#[tokio::test]
async fn another_familys_transfers_are_not_listed() {
    let (house, partner, first, _) = family().await;
    let stranger = house.primary("Stranger", "0").await;
    house.transfer(TransferKind::Balance, &partner, (&partner, &first), "3").await;
    assert_eq!(amounts(&house, &stranger, "balance", "").await, Vec::<String>::new());
}
