//! Transfers of balance and credit.

use insta::assert_snapshot;
use ledger::{BalanceMode, TransferKind};
use serde_json::json;
use tollgate::app::Settings;

use super::{alike, at, books, family, member, partner};
use crate::house::{Answer, House, Opening, amount};

const KINDS: [&str; 2] = ["credit-transfers", "balance-transfers"];

async fn transfer(
    house: &House,
    partner: &Opening,
    kind: &str,
    (from, to): (&str, &str),
    amount: &str,
) -> Answer {
    let body = format!(r#"{{"from": "{from}", "to": "{to}", "amount": {amount}}}"#);
    house.post(&at(partner, kind), partner.auth(), body).await
}

#[tokio::test]
async fn a_credit_transfer_answers_what_it_moved() {
    let (house, partner, first, _) = family().await;
    let body = json!({ "from": partner.key, "to": first.key, "amount": 35, "reference": "März" });
    let answer = house.post(&at(&partner, "credit-transfers"), partner.auth(), body.to_string()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/credit-transfers/<uuid 1>"
        }
      },
      "amount": 35.0000,
      "created_at": "2024-08-28T14:11:32.240Z",
      "credit_transfer_id": "<uuid 1>",
      "from": "<Partner>",
      "id": "<uuid 1>",
      "masterAccountId": "<Partner>",
      "reference": "März",
      "to": "<S1>"
    }
    "#);
    assert_eq!(books(&house, &partner).await, ["0/-65", "0/-35", "0/0", "0/-100"]);
}

#[tokio::test]
async fn a_balance_transfer_answers_what_it_moved() {
    let (house, partner, first, _) = family().await;
    let answer = transfer(&house, &partner, KINDS[1], (&partner.key, &first.key), "0.00012345").await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "_links": {
        "self": {
          "href": "/accounts/<Partner>/balance-transfers/<uuid 1>"
        }
      },
      "amount": 0.00012345,
      "balance_transfer_id": "<uuid 1>",
      "created_at": "2024-08-28T14:11:32.240Z",
      "from": "<Partner>",
      "id": "<uuid 1>",
      "masterAccountId": "<Partner>",
      "reference": "",
      "to": "<S1>"
    }
    "#);
    assert_eq!(books(&house, &partner).await, ["-0.00012345/-100", "0.00012345/0", "0/0", "0/-100"]);
}

#[tokio::test]
async fn a_transfer_is_found_by_its_id() {
    let (house, partner, first, _) = family().await;
    let stranger = house.primary("Stranger", "0").await;
    for (kind, other) in [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])] {
        let made = transfer(&house, &partner, kind, (&partner.key, &first.key), "1").await;
        let href = member(&made, "/_links/self/href");
        let id = member(&made, "/id");
        assert_eq!(href, at(&partner, &format!("{kind}/{id}")));
        let found = house.get(&href, partner.auth()).await;
        assert_eq!((found.status, found.text()), (200, made.text()));
        // By its number in another kind's list, a number that is none, and in another family, it is not there.
        for (path, caller) in [
            (at(&partner, &format!("{other}/{id}")), &partner),
            (at(&partner, &format!("{kind}/{}", uuid::Uuid::nil())), &partner),
            (at(&partner, &format!("{kind}/nope")), &partner),
            (at(&stranger, &format!("{kind}/{id}")), &stranger),
        ] {
            let none = house.get(&path, caller.auth()).await;
            assert_eq!((none.status, member(&none, "/title")), (404, "Not Found".to_owned()), "{path}");
        }
    }
    let none = house.get(&at(&partner, "credit-transfers/nope"), partner.auth()).await;
    assert_snapshot!(house.shown(&none), @r#"
    404
    content-type: application/json
    {
      "detail": "The requested resource does not exist, or you do not have access to it",
      "instance": "<uuid 1>",
      "title": "Not Found",
      "type": "https://developer.nexmo.com/api-errors#not-found"
    }
    "#);
}

#[tokio::test]
async fn s8_06_between_two_subaccounts_nothing_moves() {
    let (house, partner, first, second) = family().await;
    let before = books(&house, &partner).await;
    let mut shown = Vec::new();
    for kind in KINDS {
        let refused = transfer(&house, &partner, kind, (&first.key, &second.key), "1").await;
        shown.push(house.shown(&refused));
    }
    assert_snapshot!(alike(shown), @r#"
    403
    content-type: application/json
    {
      "detail": "Transfers are only allowed between a primary account and its subaccount",
      "instance": "<uuid 1>",
      "title": "Invalid Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#valid-transfers"
    }
    "#);
    assert_eq!(books(&house, &partner).await, before);
}

#[tokio::test]
async fn s8_06_outside_the_family_nothing_moves() {
    let (house, partner, first, _) = family().await;
    let stranger = house.primary("Stranger", "100").await;
    let foreign = house.subaccount(&stranger, "Foreign", BalanceMode::Own).await;
    let same = transfer(&house, &partner, KINDS[0], (&first.key, &foreign.key), "1").await;
    let strip = |answer: &Answer| {
        let mut json = answer.json();
        json.as_object_mut().unwrap().remove("instance");
        (answer.status, json)
    };
    for kind in KINDS {
        for sides in [
            (&*partner.key, &*foreign.key),
            (&*foreign.key, &*partner.key),
            (&*stranger.key, &*foreign.key),
            (&*stranger.key, &*partner.key),
            (&*partner.key, "00000000"),
            ("00000000", &*first.key),
            // Both unknown, and not the same.
            ("00000000", "11111111"),
            ("nope", "neither"),
        ] {
            let refused = transfer(&house, &partner, kind, sides, "1").await;
            assert_eq!(strip(&refused), strip(&same), "{sides:?}");
        }
    }
    assert_eq!(same.status, 403);
}

#[tokio::test]
async fn s8_06_more_credit_than_is_available_is_refused() {
    let (house, partner, first, _) = family().await;
    let refused = transfer(&house, &partner, KINDS[0], (&partner.key, &first.key), "100.00000001").await;
    assert_snapshot!(house.shown(&refused), @r#"
    403
    content-type: application/json
    {
      "detail": "Insufficient Credit",
      "instance": "<uuid 1>",
      "title": "Transfer amount is invalid",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#valid-transfers"
    }
    "#);
    assert_eq!(books(&house, &partner).await, ["0/-100", "0/0", "0/0", "0/-100"]);
}

#[tokio::test]
async fn s8_06_more_balance_than_is_available_is_refused() {
    let (house, partner, first, _) = family().await;
    let refused = transfer(&house, &partner, KINDS[1], (&partner.key, &first.key), "100.00000001").await;
    assert_snapshot!(house.shown(&refused), @r#"
    403
    content-type: application/json
    {
      "detail": "Insufficient Balance",
      "instance": "<uuid 1>",
      "title": "Transfer amount is invalid",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#valid-transfers"
    }
    "#);
    assert_eq!(books(&house, &partner).await, ["0/-100", "0/0", "0/0", "0/-100"]);
}

#[tokio::test]
async fn s8_06_a_shared_balance_neither_gives_nor_gets() {
    let (house, partner) = partner().await;
    let shared = house.subaccount(&partner, "Shared one", BalanceMode::Shared).await;
    let mut shown = Vec::new();
    for kind in KINDS {
        for sides in [(&*partner.key, &*shared.key), (&*shared.key, &*partner.key)] {
            let refused = transfer(&house, &partner, kind, sides, "1").await;
            shown.push(house.shown(&refused));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    403
    content-type: application/json
    {
      "detail": "Account <Shared one> shares the balance of its primary account",
      "instance": "<uuid 1>",
      "title": "Invalid Transfer",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#valid-transfers"
    }
    "#);
}

#[tokio::test]
async fn s8_06_source_and_target_must_differ() {
    let (house, partner, _, _) = family().await;
    let upper = partner.key.to_uppercase();
    let mut shown = Vec::new();
    for kind in KINDS {
        for sides in [(&*partner.key, &*partner.key), (&*partner.key, &*upper)] {
            let refused = transfer(&house, &partner, kind, sides, "1").await;
            shown.push(house.shown(&refused));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "from",
          "reason": "Invalid accounts. From and To accounts should be different"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
}

#[tokio::test]
async fn s8_06_every_member_of_a_transfer_that_is_not_fit_is_named() {
    let (house, partner, _, _) = family().await;
    let mut shown = Vec::new();
    for body in [json!({}), json!({ "from": null, "to": "", "amount": null })] {
        let answer = house.post(&at(&partner, "credit-transfers"), partner.auth(), body.to_string()).await;
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
          "name": "from",
          "reason": "Is required"
        },
        {
          "name": "to",
          "reason": "Is required"
        },
        {
          "name": "amount",
          "reason": "Only positive values of data type JSON number are allowed"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    let body = json!({ "from": 1, "to": ["x"], "amount": "abc", "reference": "r".repeat(256) });
    let answer = house.post(&at(&partner, "balance-transfers"), partner.auth(), body.to_string()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    422
    content-type: application/json
    {
      "detail": "The request failed due to validation errors",
      "instance": "<uuid 1>",
      "invalid_parameters": [
        {
          "name": "from",
          "reason": "Malformed"
        },
        {
          "name": "to",
          "reason": "Malformed"
        },
        {
          "name": "amount",
          "reason": "Only positive values of data type JSON number are allowed"
        },
        {
          "name": "reference",
          "reason": "Does not meet length requirements"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
    let body = json!({ "from": partner.key, "to": partner.key, "amount": 0 });
    let answer = house.post(&at(&partner, "balance-transfers"), partner.auth(), body.to_string()).await;
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
          "name": "amount",
          "reason": "Only positive values of data type JSON number are allowed"
        }
      ],
      "title": "Bad Request",
      "type": "https://developer.nexmo.com/api-errors/subaccounts#validation"
    }
    "#);
}

#[tokio::test]
async fn s8_06_an_amount_is_a_positive_number_or_the_same_in_a_string() {
    let (house, partner, first, _) = family().await;
    house.pay(&partner, "10000000000").await;
    for kind in KINDS {
        for (amount, moved) in [
            ("123.45", "123.4500"),
            ("\"123.45\"", "123.4500"),
            ("35.0000", "35.0000"),
            ("0.30000000000000004", "0.3000"),
            ("1e-05", "0.00001"),
            ("0.000000025", "0.00000002"),
            ("0.000000015", "0.00000002"),
            ("2E1", "20.0000"),
        ] {
            if kind == KINDS[0] && amount.contains("123.45") {
                continue;
            }
            let there = transfer(&house, &partner, kind, (&partner.key, &first.key), amount).await;
            assert_eq!((there.status, member(&there, "/amount")), (200, moved.to_owned()), "{amount}");
            let back = transfer(&house, &partner, kind, (&first.key, &partner.key), amount).await;
            assert_eq!(back.status, 200, "{amount}");
        }
        for amount in [
            "0",
            "-1",
            "0.0",
            "0.000000001",
            "10000000000.1",
            "1e400",
            "\"abc\"",
            "\"\"",
            "\"1e2\"",
            "true",
            "[]",
            "\"-1\"",
            "null",
        ] {
            let refused = transfer(&house, &partner, kind, (&partner.key, &first.key), amount).await;
            assert_eq!(refused.status, 422, "{amount}");
            let reason = "Only positive values of data type JSON number are allowed";
            let faults = json!([{ "reason": reason, "name": "amount" }]);
            assert_eq!(refused.json()["invalid_parameters"], faults, "{amount}");
        }
    }
    assert_eq!(books(&house, &partner).await, ["10000000000/-100", "0/0", "0/0", "10000000000/-100"]);
    let most = transfer(&house, &partner, KINDS[1], (&partner.key, &first.key), "10000000000").await;
    assert_eq!(member(&most, "/amount"), "10000000000.0000");
}

#[tokio::test]
async fn keys_are_compared_without_case_and_answered_in_lower_case() {
    let (house, partner, first, _) = family().await;
    let sides = (&*partner.key.to_uppercase(), &*first.key.to_uppercase());
    let answer = transfer(&house, &partner, KINDS[0], sides, "1").await;
    let named = ["/from", "/to", "/masterAccountId"].map(|it| member(&answer, it));
    assert_eq!(named, [partner.key.clone(), first.key.clone(), partner.key.clone()]);
}

#[tokio::test]
async fn a_reference_has_up_to_255_characters_and_comes_back_whole() {
    let (house, partner, first, _) = family().await;
    let reference = "€".repeat(255);
    let body = json!({ "from": partner.key, "to": first.key, "amount": 1, "reference": reference });
    let answer = house.post(&at(&partner, "balance-transfers"), partner.auth(), body.to_string()).await;
    assert_eq!((answer.status, member(&answer, "/reference")), (200, reference));
}

#[tokio::test]
async fn a_subaccounts_key_in_the_path_is_not_served() {
    let (house, partner, first, _) = family().await;
    let body = json!({ "from": first.key, "to": partner.key, "amount": 1 }).to_string();
    let answer = house.post(&at(&first, "balance-transfers"), partner.auth(), body).await;
    assert_eq!((answer.status, member(&answer, "/title")), (404, "Invalid API Key".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_13_a_thousand_parallel_opposite_transfers_keep_the_sums() {
    let (house, partner, first, _) = family().await;
    house.pay(&partner, "5").await;
    house.transfer(TransferKind::Credit, &partner, (&partner, &first), "50").await;
    let all = (0..1_000).map(|it| {
        let sides = if it % 2 == 0 { (&*partner.key, &*first.key) } else { (&*first.key, &*partner.key) };
        transfer(&house, &partner, KINDS[it / 2 % 2], sides, "7")
    });
    let answers = futures_util::future::join_all(all).await;
    let moved = answers.iter().filter(|it| it.status == 200).count();
    assert!(answers.iter().all(|it| matches!(it.status, 200 | 403)));
    assert!(moved >= 100, "only {moved} of 1,000 went through");
    let list = house.get(&at(&partner, "subaccounts"), partner.auth()).await;
    assert_eq!(
        [member(&list, "/total_balance"), member(&list, "/total_credit_limit")],
        ["5.0000", "-100.0000"]
    );
    for account in ["/_embedded/primary_account", "/_embedded/subaccounts/0"] {
        let [balance, limit] =
            ["balance", "credit_limit"].map(|it| amount(&member(&list, &format!("{account}/{it}"))));
        assert!(balance >= limit, "{account} is below its limit");
    }
}

#[tokio::test]
async fn s8_06_in_strict_mode_an_amount_is_a_json_number_alone() {
    let house = House::with(Settings { vonage_strict_amounts: true, ..Settings::default() });
    let partner = house.primary("Partner", "100").await;
    let customer = house.subaccount(&partner, "Customer", BalanceMode::Own).await;
    for kind in KINDS {
        let path = at(&partner, kind);
        let body = |amount: &str| {
            format!(r#"{{"from": "{}", "to": "{}", "amount": {amount}}}"#, partner.key, customer.key)
        };
        let refused = house.post(&path, partner.auth(), body(r#""12.50""#)).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json()["invalid_parameters"][0]["name"], "amount");
        assert_eq!(house.post(&path, partner.auth(), body("12.50")).await.status, 200);
    }
}
