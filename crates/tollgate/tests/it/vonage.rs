//! The Vonage dialect on the wire: whole answers, and by their numbers (`s8_04`) the points of
//! docs/vonage.md, Acceptance list.

mod balance;
mod bodies;
mod callers;
mod numbers;
mod once;
mod owned;
mod purchases;
mod secrets;
mod settings;
mod shapes;
mod stock;
mod story;
mod subaccounts;
mod transfer_lists;
mod transfers;

use ledger::{BalanceMode, Features, NewNumber, NumberKind};
use serde_json::Value;

use crate::house::{Answer, Auth, House, OPERATOR, Opening, amount};

/// A house with a partner in it, who may owe 100.
async fn partner() -> (House, Opening) {
    let house = House::new();
    let partner = house.primary("Partner", "100").await;
    (house, partner)
}

/// The partner, and two end customers with balances of their own.
async fn family() -> (House, Opening, Opening, Opening) {
    let (house, partner) = partner().await;
    let first = house.subaccount(&partner, "S1", BalanceMode::Own).await;
    house.clock.advance(1);
    let second = house.subaccount(&partner, "S2", BalanceMode::Own).await;
    (house, partner, first, second)
}

/// A British mobile number that costs so many euros.
fn offer(msisdn: &str, cost: &str) -> NewNumber {
    NewNumber {
        country: "GB".parse().unwrap(),
        msisdn: msisdn.into(),
        kind: NumberKind::Mobile,
        features: Features { sms: true, voice: true, mms: false },
        cost: amount(cost),
        currency: None,
    }
}

/// The operator puts a number into the stock.
async fn stock(house: &House, number: NewNumber) {
    house.app.add_number(OPERATOR, None, number, None).await.unwrap();
}

/// The numbers that a list has, in its order.
async fn listed(house: &House, path: &str, auth: Auth<'_>) -> Vec<String> {
    let answer = house.get(path, auth).await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
    let numbers = answer.json()["numbers"].clone();
    numbers.as_array().unwrap().iter().map(|it| it["msisdn"].as_str().unwrap().to_owned()).collect()
}

/// What many answers have in common, which must be all of it.
fn alike(shown: Vec<String>) -> String {
    let [first, others @ ..] = &shown[..] else { panic!("nothing was shown") };
    others.iter().for_each(|it| assert_eq!(it, first));
    first.clone()
}

/// A path below a primary's key.
fn at(primary: &Opening, rest: &str) -> String {
    format!("/accounts/{}/{rest}", primary.key)
}

/// The member of an answer that a JSON pointer names, without its quotes.
fn member(answer: &Answer, path: &str) -> String {
    let json = answer.json();
    match json.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => panic!("no {path} in {}", answer.text()),
    }
}

/// Balance / credit limit of every account as its list prints them, and the totals, as Vonage's tables do.
async fn books(house: &House, partner: &Opening) -> Vec<String> {
    let answer = house.get(&at(partner, "subaccounts"), partner.auth()).await;
    assert_eq!(answer.status, 200, "{answer}");
    let list = answer.json();
    let primary = std::slice::from_ref(&list["_embedded"]["primary_account"]);
    let subaccounts = list["_embedded"]["subaccounts"].as_array().unwrap();
    let rows = primary.iter().chain(subaccounts).map(|it| pair(&it["balance"], &it["credit_limit"]));
    let rows: Vec<_> = rows.collect();
    rows.into_iter().chain([pair(&list["total_balance"], &list["total_credit_limit"])]).collect()
}

fn pair(balance: &Value, credit_limit: &Value) -> String {
    format!("{}/{}", figure(balance), figure(credit_limit))
}

fn figure(value: &Value) -> String {
    if value.is_null() {
        return "-".to_owned();
    }
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or_else(|| panic!("{text} has no decimals"));
    assert!(fraction.len() >= 4, "{text} has too few decimals");
    let is_zero = text.trim_start_matches(['-', '0', '.']).is_empty();
    assert!(!is_zero || !text.starts_with('-'), "{text} is a negative zero");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}
