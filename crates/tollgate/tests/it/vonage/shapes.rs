//! Every field of every answer, by its JSON type, as the strictest of the six SDKs reads it.

use ledger::{BalanceMode, TransferKind};
use serde_json::{Value, json};

use super::{at, family};

/// What a field must be: a JSON type, or more.
type Is = fn(&Value) -> bool;

fn is_key(value: &Value) -> bool {
    // Java demands a length of 8.
    value
        .as_str()
        .is_some_and(|it| it.len() == 8 && it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')))
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|it| it.len() == 36 && uuid::Uuid::parse_str(it).is_ok())
}

/// Java's `Instant` and .NET's `DateTimeOffset`: RFC 3339 in UTC, to the millisecond.
fn is_moment(value: &Value) -> bool {
    let is = |it: &str| it.len() == 24 && it.ends_with('Z') && it.parse::<jiff::Timestamp>().is_ok();
    value.as_str().is_some_and(is)
}

/// A number in plain notation with 4 to 8 decimals.
fn is_money(value: &Value) -> bool {
    let text = value.to_string();
    let decimals = text.split_once('.').map_or(0, |it| it.1.len());
    value.is_number() && (4..=8).contains(&decimals) && !text.contains(['e', 'E'])
}

fn is_money_or_null(value: &Value) -> bool {
    value.is_null() || is_money(value)
}

const ACCOUNT: [(&str, Is); 8] = [
    ("api_key", is_key),
    ("name", Value::is_string),
    ("primary_account_api_key", is_key),
    ("use_primary_account_balance", Value::is_boolean),
    ("balance", is_money_or_null),
    ("credit_limit", is_money_or_null),
    ("suspended", Value::is_boolean),
    ("created_at", is_moment),
];

fn assert_shape(value: &Value, shape: &[(&str, Is)]) {
    let members = value.as_object().unwrap();
    for (name, is) in shape {
        let member = members.get(*name).unwrap_or_else(|| panic!("no {name} in {value}"));
        assert!(is(member), "{name} is {member}");
    }
    let unknown: Vec<_> = members.keys().filter(|it| shape.iter().all(|known| known.0 != **it)).collect();
    assert!(unknown.is_empty(), "{unknown:?} in {value}");
}

#[tokio::test]
async fn s8_01_and_s8_02_every_field_of_an_account_has_its_type() {
    let (house, partner, first, _) = family().await;
    house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
    let list = house.get(&at(&partner, "subaccounts"), partner.auth()).await.json();
    let shape: [(&str, Is); 4] = [
        ("_links", Value::is_object),
        ("total_balance", is_money),
        ("total_credit_limit", is_money),
        ("_embedded", Value::is_object),
    ];
    assert_shape(&list, &shape);
    assert_eq!(list["_links"], json!({ "self": { "href": at(&partner, "subaccounts") } }));
    let embedded: [(&str, Is); 2] = [("primary_account", Value::is_object), ("subaccounts", Value::is_array)];
    assert_shape(&list["_embedded"], &embedded);
    assert_shape(&list["_embedded"]["primary_account"], &ACCOUNT);
    for account in list["_embedded"]["subaccounts"].as_array().unwrap() {
        assert_shape(account, &ACCOUNT);
        assert_eq!(account["balance"].is_null(), account["use_primary_account_balance"] == true);
        assert_eq!(account["credit_limit"].is_null(), account["use_primary_account_balance"] == true);
    }
    let one = at(&partner, &format!("subaccounts/{}", first.key));
    assert_shape(&house.get(&one, partner.auth()).await.json(), &ACCOUNT);
    assert_shape(&house.patch(&one, partner.auth(), "{}").await.json(), &ACCOUNT);
    let created = house.post(&at(&partner, "subaccounts"), partner.auth(), r#"{"name": "S"}"#).await;
    let secret: (&str, Is) = ("secret", Value::is_string);
    let with_secret: Vec<_> = ACCOUNT.into_iter().chain([secret]).collect();
    assert_shape(&created.json(), &with_secret);
}

#[tokio::test]
async fn s8_01_and_s8_02_every_field_of_a_transfer_has_its_type() {
    let (house, partner, first, _) = family().await;
    for (kind, name) in [(TransferKind::Credit, "credit"), (TransferKind::Balance, "balance")] {
        let id = format!("{name}_transfer_id");
        let shape: [(&str, Is); 9] = [
            ("masterAccountId", is_key),
            ("_links", Value::is_object),
            ("from", is_key),
            ("to", is_key),
            ("amount", is_money),
            ("reference", Value::is_string),
            ("id", is_uuid),
            (&id, is_uuid),
            ("created_at", is_moment),
        ];
        let path = at(&partner, &format!("{name}-transfers"));
        let body = json!({ "from": partner.key, "to": first.key, "amount": 1 }).to_string();
        assert_shape(&house.post(&path, partner.auth(), body).await.json(), &shape);
        house.transfer(kind, &partner, (&first, &partner), "0.5").await;
        let list = house.get(&path, partner.auth()).await.json();
        assert_eq!(list["_links"], json!({ "self": { "href": path } }));
        let rows = list["_embedded"][format!("{name}_transfers")].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        rows.iter().for_each(|it| assert_shape(it, &shape));
    }
}

#[tokio::test]
async fn s8_01_every_field_of_a_number_transfer_is_a_string() {
    let (house, partner, first, _) = family().await;
    house.give_number(&partner, "GB", "447700900000").await;
    let body = json!({ "from": partner.key, "to": first.key, "number": 447_700_900_000_u64 }).to_string();
    let answer = house.post(&at(&partner, "transfer-number"), partner.auth(), body).await.json();
    let shape: [(&str, Is); 5] = [
        ("number", Value::is_string),
        ("country", Value::is_string),
        ("from", is_key),
        ("to", is_key),
        ("masterAccountId", is_key),
    ];
    assert_shape(&answer, &shape);
}
