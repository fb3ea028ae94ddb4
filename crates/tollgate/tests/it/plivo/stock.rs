//! Searching the operator's stock, and renting from it.

use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::json;

use super::{Family, alike, bad, member, not_found, refused};

const RENT: &str = "POST PhoneNumber/14155550100/";

#[tokio::test]
async fn the_stock_is_searched_by_country() {
    let family = Family::new().await;
    family.stocked("14155550100", "1.25").await;
    assert_snapshot!(family.shown(&family.ask("GET PhoneNumber/?country_iso=US", "").await), @r#"
    200
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "meta": {
        "limit": 20,
        "next": null,
        "offset": 0,
        "previous": null,
        "total_count": 1
      },
      "objects": [
        {
          "city": null,
          "compliance_requirement": null,
          "country": "US",
          "lata": null,
          "mms_enabled": false,
          "mms_rate": "0.00000",
          "monthly_rental_rate": "0.00000",
          "number": "14155550100",
          "prefix": null,
          "rate_center": null,
          "region": "US",
          "resource_uri": "/v1/Account/<MA>/PhoneNumber/14155550100/",
          "restriction": null,
          "restriction_text": null,
          "setup_rate": "1.25000",
          "sms_enabled": true,
          "sms_rate": "0.00000",
          "sub_type": null,
          "type": "local",
          "voice_enabled": false,
          "voice_rate": "0.00000"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_search_is_narrowed_and_has_nothing_that_is_rented() {
    let family = Family::new().await;
    for (country, msisdn, kind, features) in [
        ("US", "14155550100", "local", json!(["SMS", "VOICE"])),
        ("US", "12125550101", "local", json!(["SMS", "VOICE", "MMS"])),
        ("US", "18005550102", "tollfree", json!(["VOICE"])),
        ("GB", "447700900103", "mobile", json!(["SMS"])),
    ] {
        let body = json!({ "country": country, "msisdn": msisdn, "type": kind, "features": features });
        family.by_operator("/api/v1/numbers", body).await;
    }
    family.number(&family.sub, "14155550104").await;
    let us = ["12125550101", "14155550100", "18005550102"];
    for (query, expected) in [
        ("country_iso=US", &us[..]),
        ("country_iso=us", &us),
        ("country_iso=GB", &["447700900103"]),
        ("country_iso=DE", &[]),
        ("country_iso=US&type=local", &us[..2]),
        ("country_iso=US&type=fixed", &us[..2]),
        ("country_iso=US&type=any", &us),
        ("country_iso=US&type=tollfree", &["18005550102"]),
        ("country_iso=US&pattern=415", &["14155550100"]),
        ("country_iso=US&services=voice,sms", &us[..2]),
        ("country_iso=US&services=mms", &["12125550101"]),
        ("country_iso=US&limit=1&offset=1", &us[1..2]),
        ("country_iso=US&offset=3", &[]),
    ] {
        let listed = family.listed(&family.main, &format!("PhoneNumber/?{query}"), "number").await;
        assert_eq!(listed, expected, "{query}");
    }
}

#[tokio::test]
async fn a_search_is_told_what_is_not_fit() {
    let family = Family::new().await;
    assert_snapshot!(family.shown(&family.ask("GET PhoneNumber/", "").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "country_iso is a required parameter",
      "objects": []
    }
    "#);
    for (query, error) in [
        ("country_iso=", "country_iso is a required parameter"),
        ("country_iso=USA", "country_iso must be two letters such as US"),
        ("country_iso=1", "country_iso must be two letters such as US"),
        ("country_iso=US&pattern=4x", "pattern must be digits"),
        ("country_iso=US&limit=0", "limit must be an integer from 1 to 20"),
        ("country_iso=US&type=x", "type must be any, fixed, local, mobile, national, shortcode or tollfree"),
    ] {
        let answer = family.ask(&format!("GET PhoneNumber/?{query}"), "").await;
        assert_eq!((answer.status, member(&answer, "/error")), bad(error), "{query}");
    }
}

#[tokio::test]
async fn what_is_rented_is_paid_once_and_had() {
    let family = Family::new().await;
    family.house.pay(&family.main, "10").await;
    family.stocked("14155550100", "1.25").await;
    let app = family.application(&family.main, "app").await;
    let body = format!(r#"{{"app_id":"{app}","alias":"Front desk","cnam_lookup":"enabled"}}"#);
    assert_snapshot!(family.shown(&family.ask(RENT, &body).await), @r#"
    201
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "created",
      "numbers": [
        {
          "number": "14155550100",
          "status": "Success"
        }
      ],
      "status": "fulfilled"
    }
    "#);
    assert_eq!(family.seen("", "/cash_credits").await, "8.75000");
    assert_eq!(family.seen("Number/14155550100/", "/alias").await, "Front desk");
    assert_eq!(family.seen("Number/14155550100/", "/renewal_date").await, "null");
    let path = format!("/api/v1/accounts/{}/postings?limit=1", family.main.key);
    let posting = family.house.get(&path, family.main.auth()).await.json()["postings"][0].clone();
    assert_eq!(
        (&posting["operation"], &posting["reference"]),
        (&json!("number.rent"), &json!("14155550100"))
    );
    // There is one of it.
    assert_eq!(refused(&family, RENT, "{}").await, not_found());
}

#[tokio::test]
async fn a_request_to_rent_may_say_nothing() {
    for body in ["", "{}", "null", r#""""#, r#"{"app_id":null,"verification_info":null}"#] {
        let family = Family::new().await;
        family.stocked("14155550100", "0").await;
        assert_eq!(family.ask(RENT, body).await.status, 201, "{body}");
    }
}

#[tokio::test]
async fn who_has_not_enough_rents_nothing() {
    let family = Family::new().await;
    family.house.pay(&family.main, "1").await;
    family.stocked("14155550100", "101.01").await;
    assert_snapshot!(family.shown(&family.ask(RENT, "{}").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "not enough credits: 101.01 needed, 101.00 available"
    }
    "#);
    assert_eq!(family.seen("", "/cash_credits").await, "1.00000");
    assert_eq!(family.listed(&family.main, "PhoneNumber/?country_iso=US", "number").await.len(), 1);
    family.house.pay(&family.main, "0.01").await;
    assert_eq!(family.ask(RENT, "{}").await.status, 201, "to the last cent of the credit limit");
}

#[tokio::test]
async fn what_is_offered_in_another_currency_is_not_offered() {
    let family = Family::new().await;
    let body = json!({ "country": "US", "msisdn": "14155550100", "cost": "1", "currency": "USD" });
    family.by_operator("/api/v1/numbers", body).await;
    assert_eq!(family.listed(&family.main, "PhoneNumber/?country_iso=US", "number").await, [""; 0]);
    assert_eq!(refused(&family, RENT, "{}").await, not_found());
}

#[tokio::test]
async fn what_is_not_fit_of_a_request_to_rent_is_told() {
    let family = Family::new().await;
    family.stocked("14155550100", "1").await;
    let far = format!(r#"{{"alias":"{}"}}"#, "a".repeat(2_049));
    for (body, error) in [
        (r#"{"app_id":"12345678901234567"}"#, "app_id must be the id of an application of this account"),
        (r#"{"app_id":"app"}"#, "app_id must be the id of an application of this account"),
        (r#"{"alias":7}"#, "alias must be a string"),
        (&far, "alias must not exceed 2048 characters"),
        ("[]", "request body must be a JSON object"),
    ] {
        assert_eq!(refused(&family, RENT, body).await, bad(error), "{body}");
    }
    assert_eq!(family.listed(&family.main, "Number/", "number").await, [""; 0]);
}

/// Whether it shares the balance or has its own.
#[tokio::test]
async fn a_subaccount_neither_searches_nor_rents() {
    let family = Family::new().await;
    let own = family.house.subaccount(&family.main, "Own", BalanceMode::Own).await;
    family.house.pay(&own, "10").await;
    family.stocked("14155550100", "1").await;
    let mut shown = Vec::new();
    for account in [&family.sub, &own] {
        for path in ["PhoneNumber/", "PhoneNumber/?country_iso=US"] {
            shown.push(family.shown(&family.ask_as(account, &format!("GET {path}"), "").await));
        }
        let rented = family.ask_as(account, RENT, "{}").await;
        assert_eq!((rented.status, member(&rented, "/error")), not_found());
    }
    assert_snapshot!(alike(shown), @r#"
    404
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "not found",
      "objects": []
    }
    "#);
}
