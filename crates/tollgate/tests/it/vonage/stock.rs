//! `GET /number/search`: what of the stock an account could rent.

use insta::assert_snapshot;
use ledger::{Features, NewNumber, NumberKind};

use super::{listed, member, offer, partner, stock};
use crate::house::House;

const PATH: &str = "/number/search";

const SMS: Features = Features { sms: true, voice: false, mms: false };
const VOICE: Features = Features { sms: false, voice: true, mms: false };
const ALL: Features = Features { sms: true, voice: true, mms: true };

/// Swedish numbers, one of each kind.
async fn swedish(house: &House) {
    for (msisdn, kind, features) in [
        ("46701234567", NumberKind::Mobile, SMS),
        ("46812345678", NumberKind::Local, VOICE),
        ("46771234567", NumberKind::National, VOICE),
        ("46201234567", NumberKind::TollFree, ALL),
        ("71234", NumberKind::ShortCode, SMS),
    ] {
        let country = "SE".parse().unwrap();
        stock(house, NewNumber { country, kind, features, ..offer(msisdn, "1.25") }).await;
    }
}

#[tokio::test]
async fn a_search_says_what_each_number_is_and_costs() {
    let (house, partner) = partner().await;
    swedish(&house).await;
    let answer = house.get("/number/search?country=SE&size=3", partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "count": 5,
      "numbers": [
        {
          "cost": "1.25",
          "country": "SE",
          "features": [
            "VOICE",
            "SMS",
            "MMS"
          ],
          "msisdn": "46201234567",
          "type": "landline-toll-free"
        },
        {
          "cost": "1.25",
          "country": "SE",
          "features": [
            "SMS"
          ],
          "msisdn": "46701234567",
          "type": "mobile-lvn"
        },
        {
          "cost": "1.25",
          "country": "SE",
          "features": [
            "VOICE"
          ],
          "msisdn": "46771234567",
          "type": "landline"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_so() {
    let (house, partner) = partner().await;
    swedish(&house).await;
    let answer = house.get("/number/search?country=NO", partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "count": 0,
      "numbers": []
    }
    "#);
}

#[tokio::test]
async fn a_search_is_narrowed_by_digits_type_and_features() {
    let (house, partner) = partner().await;
    swedish(&house).await;
    let all = ["46201234567", "46701234567", "46771234567", "46812345678", "71234"];
    let [free, mobile, national, local, short] = all;
    for (query, found) in [
        ("", &all[..]),
        ("&pattern=467", &[mobile, national]),
        ("&pattern=467&search_pattern=0", &[mobile, national]),
        ("&pattern=%2B46+7&search_pattern=0", &[mobile, national]),
        ("&pattern=1234&search_pattern=1", &all),
        ("&pattern=34567&search_pattern=2", &[free, mobile, national]),
        ("&pattern=34567&search_pattern=0", &[]),
        ("&pattern=&search_pattern=2", &all),
        ("&type=mobile-lvn", &[mobile]),
        ("&type=landline", &[national, local]),
        ("&type=landline-toll-free", &[free]),
        ("&type=mobile-shortcode", &[short]),
        ("&features=SMS", &[free, mobile, short]),
        ("&features=SMS,VOICE", &[free]),
        ("&features=mms,%20voice,sms", &[free]),
        ("&features=VOICE&type=landline&pattern=468", &[local]),
    ] {
        let path = format!("{PATH}?country=se{query}");
        assert_eq!(listed(&house, &path, partner.auth()).await, found, "{query}");
    }
}

#[tokio::test]
async fn a_search_has_pages_and_counts_all_that_it_found() {
    let (house, partner) = partner().await;
    for number in 0..12 {
        stock(&house, offer(&format!("4477009000{number:02}"), "1")).await;
    }
    for (query, first, len) in [
        ("", "447700900000", 10),
        ("&index=2", "447700900010", 2),
        ("&size=5", "447700900000", 5),
        ("&size=5&index=3", "447700900010", 2),
        ("&size=100", "447700900000", 12),
        ("&size=100&index=18446744073709551615", "", 0),
        // As the PHP SDK asks.
        ("&size=5&page_index=3", "447700900000", 5),
    ] {
        let path = format!("{PATH}?country=GB{query}");
        let found = listed(&house, &path, partner.auth()).await;
        assert_eq!((found.first().map_or("", |it| it), found.len()), (first, len), "{query}");
        assert_eq!(member(&house.get(&path, partner.auth()).await, "/count"), "12");
    }
}

#[tokio::test]
async fn what_is_not_fit_of_a_search_is_named() {
    let (house, partner) = partner().await;
    let query = "search_pattern=3&pattern=4*4&size=101&index=0&type=satellite&features=SMS,FAX";
    let answer = house.get(&format!("{PATH}?{query}"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: country is required, search_pattern must be 0, 1 or 2, pattern must be digits, size must be a number from 1 to 100, index must be a number from 1 on, type must be landline, landline-toll-free, mobile-lvn or mobile-shortcode, features must be SMS, VOICE and MMS or some of them"
    }
    "#);
    for query in ["country=GBR", "country=GB&size=0", "country=GB&size=x", "country=GB&index=-1"] {
        assert_eq!(house.get(&format!("{PATH}?{query}"), partner.auth()).await.status, 420, "{query}");
    }
}

#[tokio::test]
async fn a_cost_is_a_string_with_two_decimals_or_more() {
    let (house, partner) = partner().await;
    for (cost, shown) in
        [("0", "0.00"), ("1.5", "1.50"), ("0.12345678", "0.12345678"), ("1000000", "1000000.00")]
    {
        stock(&house, offer("447700900000", cost)).await;
        let answer = house.get("/number/search?country=GB", partner.auth()).await;
        assert_eq!(answer.json()["numbers"][0]["cost"], serde_json::json!(shown));
        let country = "GB".parse().unwrap();
        let withdrawn =
            house.app.withdraw_number(crate::house::OPERATOR, None, country, "447700900000".into()).await;
        withdrawn.unwrap();
    }
}

#[tokio::test]
async fn a_number_is_found_in_the_currency_that_it_is_offered_in() {
    let (house, partner) = partner().await;
    let currency = Some("USD".parse().unwrap());
    stock(&house, NewNumber { currency, ..offer("447700900001", "1") }).await;
    stock(&house, offer("447700900002", "1")).await;
    assert_eq!(listed(&house, "/number/search?country=GB", partner.auth()).await, ["447700900002"]);
}
