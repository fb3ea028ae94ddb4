//! Numbers: put into the stock, given, listed, withdrawn.

use insta::assert_snapshot;
use tollgate::app::RentedNumber;

use super::{Family, gate, problem, text};
use crate::house::{Auth, BY_OPERATOR, House, OPERATOR, Opening};

const NUMBERS: &str = "/api/v1/numbers";

#[tokio::test]
async fn a_number_comes_into_the_stock_is_rented_given_back_and_withdrawn() {
    let family = Family::new().await;
    let house = &family.house;
    let body = r#"{"country":"gb","msisdn":"447700900000","type":"tollfree","features":["MMS","SMS"],"cost":"1.25"}"#;
    house.pay(&family.own, "2").await;
    let added = house.post(NUMBERS, BY_OPERATOR, body).await;
    assert_snapshot!(house.shown(&added), @r#"
    201
    content-type: application/json
    {
      "account": null,
      "added_at": "2024-08-28T14:11:32.242Z",
      "application": null,
      "cost": "1.25",
      "country": "GB",
      "currency": "EUR",
      "features": [
        "SMS",
        "MMS"
      ],
      "msisdn": "447700900000",
      "rented_at": null,
      "status": "stock",
      "type": "tollfree"
    }
    "#);
    house.clock.advance(1_000);
    rent(house, &family.own, "447700900000").await;
    assert_eq!(family.account(&family.own).await["balance"], "0.75");
    assert_snapshot!(house.shown(&house.get(NUMBERS, BY_OPERATOR).await), @r#"
    200
    content-type: application/json
    {
      "next": null,
      "numbers": [
        {
          "account": "<id of Own>",
          "added_at": "2024-08-28T14:11:32.242Z",
          "application": null,
          "cost": "1.25",
          "country": "GB",
          "currency": "EUR",
          "features": [
            "SMS",
            "MMS"
          ],
          "msisdn": "447700900000",
          "rented_at": "2024-08-28T14:11:33.242Z",
          "status": "rented",
          "type": "tollfree"
        }
      ]
    }
    "#);

    let path = format!("{NUMBERS}/GB/447700900000");
    let answer = house.delete(&path, BY_OPERATOR).await;
    assert_snapshot!(house.shown(&answer), @r#"
    409
    content-type: application/problem+json
    {
      "code": "number_taken",
      "detail": "The number is there already, in the stock or with an account; GET /api/v1/numbers says where. Add another one. To withdraw this one, have the account that rents it give it back first.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The number is taken",
      "type": "urn:tollgate:problem:number_taken"
    }
    "#);
    house.app.unrent_number(OPERATOR, None, family.own.id, None, "447700900000".into()).await.unwrap();
    let answer = house.delete(&path.replace("GB", "gb"), BY_OPERATOR).await;
    assert_eq!((answer.status, answer.text()), (200, added.text()));

    assert_snapshot!(house.shown(&house.get(NUMBERS, BY_OPERATOR).await), @r#"
    200
    content-type: application/json
    {
      "next": null,
      "numbers": []
    }
    "#);
    let answer = house.delete(&path, BY_OPERATOR).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "There is no such number. Check its digits and country; GET /api/v1/numbers lists all.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
}

#[tokio::test]
async fn the_operator_gives_a_number_to_an_account_at_no_cost() {
    let family = Family::new().await;
    let house = &family.house;
    let body =
        format!(r#"{{"account":"{}","country":"GB","msisdn":"447700900000","cost":"9"}}"#, family.own.key);
    let answer = house.post(NUMBERS, BY_OPERATOR, body.clone()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "account": "<id of Own>",
      "added_at": "2024-08-28T14:11:32.242Z",
      "application": null,
      "cost": "9.00",
      "country": "GB",
      "currency": "EUR",
      "features": [
        "SMS",
        "VOICE"
      ],
      "msisdn": "447700900000",
      "rented_at": "2024-08-28T14:11:32.242Z",
      "status": "rented",
      "type": "mobile"
    }
    "#);
    assert_eq!(family.account(&family.own).await["balance"], "0.00");
    assert_eq!(problem(&house.post(NUMBERS, BY_OPERATOR, body).await), "409 number_taken");
}

#[tokio::test]
async fn a_number_is_offered_in_euros_or_in_the_currency_of_the_account_that_gets_it() {
    let house = House::new();
    let opened = house.post("/api/v1/accounts", BY_OPERATOR, r#"{"name":"P","currency":"USD"}"#).await;
    let account = text(&opened.json()["id"]);
    let mut currencies = Vec::new();
    for (msisdn, rest) in [
        ("447700900000", String::new()),
        ("447700900001", r#","currency":"CHF""#.to_owned()),
        ("447700900002", format!(r#","account":"{account}""#)),
        ("447700900003", format!(r#","account":"{account}","currency":"CHF""#)),
    ] {
        let body = format!(r#"{{"country":"GB","msisdn":"{msisdn}"{rest}}}"#);
        currencies.push(text(&house.post(NUMBERS, BY_OPERATOR, body).await.json()["currency"]));
    }
    assert_eq!(currencies, ["EUR", "CHF", "USD", "CHF"]);
}

#[tokio::test]
async fn numbers_are_listed_by_what_they_are_in_pages() {
    let family = Family::new().await;
    let house = &family.house;
    for (country, msisdn, kind) in [
        ("GB", "447700900001", "mobile"),
        ("GB", "447700900002", "local"),
        ("US", "447700900001", "national"),
        ("US", "12025550100", "tollfree"),
        ("US", "12345", "shortcode"),
    ] {
        let body = format!(r#"{{"country":"{country}","msisdn":"{msisdn}","type":"{kind}"}}"#);
        assert_eq!(house.post(NUMBERS, BY_OPERATOR, body).await.status, 201);
    }
    rent(house, &family.own, "447700900002").await;
    rent(house, &family.primary, "12345").await;
    let mut said = Vec::new();
    for query in [
        "".to_owned(),
        "country=us".to_owned(),
        "msisdn=447700900001".to_owned(),
        "type=tollfree".to_owned(),
        "status=stock".to_owned(),
        "status=rented".to_owned(),
        format!("account={}", family.own.key),
        format!("account={}", family.primary.id),
        format!("account={}&country=GB", family.primary.id),
        format!("account={}&status=stock", family.own.id),
        "account=nobody".to_owned(),
        "msisdn=44".to_owned(),
    ] {
        let answer = house.get(&format!("{NUMBERS}?{query}"), BY_OPERATOR).await;
        let query = query.replace(&family.own.key, "OWN").replace(&family.primary.id.to_string(), "PRIMARY");
        let query = query.replace(&family.own.id.to_string(), "OWN");
        said.push(format!("{query}:{}", listed(&answer.json()["numbers"])));
    }
    assert_snapshot!(said.join("\n"), @"
    : GB447700900001 GB447700900002 US447700900001 US12025550100 US12345
    country=us: US447700900001 US12025550100 US12345
    msisdn=447700900001: GB447700900001 US447700900001
    type=tollfree: US12025550100
    status=stock: GB447700900001 US447700900001 US12025550100
    status=rented: GB447700900002 US12345
    account=OWN: GB447700900002
    account=PRIMARY: US12345
    account=PRIMARY&country=GB:
    account=OWN&status=stock:
    account=nobody:
    msisdn=44:
    ");

    let (mut pages, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let query = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = house.get(&format!("{NUMBERS}?limit=2{query}"), BY_OPERATOR).await.json();
        pages.push(listed(&page["numbers"]));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_snapshot!(pages.join("\n"), @"
    GB447700900001 GB447700900002
    US447700900001 US12025550100
    US12345
    ");
}

#[tokio::test]
async fn numbers_are_refused_by_what_is_wrong_with_them() {
    let family = Family::new().await;
    let house = &family.house;
    house.close(&family.shared).await;
    let mut said = Vec::new();
    let closed = format!(r#"{{"country":"GB","msisdn":"447700900001","account":"{}"}}"#, family.shared.id);
    for body in [
        "{}",
        r#"{"country":"Britain","msisdn":447700900001,"type":"landline","features":"SMS","currency":"eur","account":1}"#,
        r#"{"country":"GB","msisdn":"+447700900001"}"#,
        r#"{"country":"GB","msisdn":"447700900001","features":[]}"#,
        r#"{"country":"GB","msisdn":"447700900001","features":["SMS","FAX"]}"#,
        r#"{"country":"GB","msisdn":"447700900001","cost":"-0.01"}"#,
        r#"{"country":"GB","msisdn":"447700900001","cost":"10000000000.01"}"#,
        r#"{"country":"GB","msisdn":"447700900001","account":"nobody"}"#,
        &closed,
    ] {
        said.push(problem(&house.post(NUMBERS, BY_OPERATOR, body.to_owned()).await));
    }
    for query in [
        "country=Britain&type=landline&status=free&limit=0&cursor=x",
        // Of another list.
        "cursor=AZGZK48fcACAAAAAAAAAAA",
        "owner=x",
    ] {
        said.push(problem(&house.get(&format!("{NUMBERS}?{query}"), BY_OPERATOR).await));
    }
    for path in ["GB/447700900001", "Britain/447700900001", "GB/+447700900001", "GB/%ff"] {
        said.push(problem(&house.delete(&format!("{NUMBERS}/{path}"), BY_OPERATOR).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: country is required; msisdn is required
    422 invalid: country must be two letters such as "GB"; msisdn must be a string; type must be "mobile" or "local" or "national" or "tollfree" or "shortcode"; features must be a list of one or more of "SMS", "VOICE", "MMS"; currency must be three capital letters such as "EUR"; account must be a string
    422 invalid: msisdn must have 3 to 15 digits and nothing else
    422 invalid: features must be a list of one or more of "SMS", "VOICE", "MMS"
    422 invalid: features must be a list of one or more of "SMS", "VOICE", "MMS"
    422 invalid: cost must be from 0 to 10000000000
    422 invalid: cost must be from 0 to 10000000000
    404 not_found
    403 closed
    422 invalid: country must be two letters such as "GB"; type must be "mobile" or "local" or "national" or "tollfree" or "shortcode"; status must be "stock" or "rented"; cursor must be the `next` of the page before; limit must be a whole number from 1 to 1000
    422 invalid: cursor must be the `next` of the page before
    422 invalid: owner is not known here; known are country, msisdn, type, status, account, cursor, limit
    404 not_found
    404 not_found
    404 not_found
    404 not_found
    "#);
}

#[tokio::test]
async fn numbers_are_the_operators_alone() {
    let family = Family::new().await;
    let gate = gate(&family.house, true).await;
    for auth in [Auth::Bearer(&gate), family.primary.auth(), family.own.auth()] {
        for answer in [
            family.house.get(NUMBERS, auth).await,
            family.house.post(NUMBERS, auth, r#"{"country":"GB","msisdn":"447700900001"}"#).await,
            family.house.delete(&format!("{NUMBERS}/GB/447700900001"), auth).await,
            family.house.delete(&format!("{NUMBERS}/Britain/447700900001"), auth).await,
        ] {
            assert_eq!(problem(&answer), "403 forbidden");
        }
    }
}

async fn rent(house: &House, account: &Opening, msisdn: &str) {
    let rented = RentedNumber {
        account: account.id,
        country: None,
        msisdn: msisdn.into(),
        application: None,
        settings: Vec::new(),
    };
    house.app.rent_number(OPERATOR, None, rented).await.unwrap();
}

/// Country and digits of each.
fn listed(numbers: &serde_json::Value) -> String {
    let numbers = numbers.as_array().unwrap().iter();
    numbers.map(|it| format!(" {}{}", text(&it["country"]), text(&it["msisdn"]))).collect()
}
