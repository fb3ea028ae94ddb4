//! The calling account.

use insta::assert_snapshot;
use ledger::BalanceMode;

use super::{Family, bad, refused};

#[tokio::test]
async fn a_main_account_has_its_own_balance_cut_to_five_decimals() {
    let family = Family::new().await;
    family.house.pay(&family.main, "12.34567899").await;
    assert_snapshot!(family.shown(&family.ask("GET ", "").await), @r#"
    200
    content-type: application/json
    {
      "account_type": "standard",
      "address": "",
      "api_id": "<uuid 1>",
      "auth_id": "<MA>",
      "auto_recharge": false,
      "billing_mode": "postpaid",
      "cash_credits": "12.34567",
      "city": "",
      "name": "Main",
      "resource_uri": "/v1/Account/<MA>/",
      "state": "",
      "timezone": "UTC"
    }
    "#);
    family.house.charge(&family.main, "20").await;
    assert_eq!(family.seen("", "/cash_credits").await, "-7.65433", "towards what is owed");
}

#[tokio::test]
async fn who_may_owe_nothing_is_prepaid() {
    let family = Family::new().await;
    let stranger = family.house.primary("Stranger", "0").await;
    let shown = family.ask_as(&stranger, "GET ", "").await.json();
    assert_eq!(shown["billing_mode"], "prepaid");
    assert_eq!(family.seen("", "/billing_mode").await, "postpaid");
}

/// It is billed as its main account is, but must not see that one's money or address.
#[tokio::test]
async fn a_subaccount_sees_itself_and_nothing_of_its_main_account() {
    let family = Family::new().await;
    family.house.pay(&family.main, "12").await;
    family.ask("POST ", r#"{"city":"Austin","address":"1 Main Street","state":"Texas"}"#).await;
    assert_snapshot!(family.shown(&family.ask_as(&family.sub, "GET ", "").await), @r#"
    200
    content-type: application/json
    {
      "account_type": "standard",
      "address": "",
      "api_id": "<uuid 1>",
      "auth_id": "<SA>",
      "auto_recharge": false,
      "billing_mode": "postpaid",
      "cash_credits": "0.00000",
      "city": "",
      "name": "Sub",
      "resource_uri": "/v1/Account/<SA>/",
      "state": "",
      "timezone": "UTC"
    }
    "#);
}

#[tokio::test]
async fn a_subaccount_with_a_balance_of_its_own_sees_that() {
    let family = Family::new().await;
    let own = family.house.subaccount(&family.main, "Own", BalanceMode::Own).await;
    family.house.pay(&own, "1.5").await;
    let shown = family.ask_as(&own, "GET ", "").await.json();
    assert_eq!((&shown["cash_credits"], &shown["billing_mode"]), (&"1.50000".into(), &"postpaid".into()));
}

#[tokio::test]
async fn an_account_changes_what_is_given_and_nothing_else() {
    let family = Family::new().await;
    let body = r#"{"name":"Wayne","city":"Gotham","address":"Crest Drive","state":"New Jersey","zip":"1"}"#;
    assert_snapshot!(family.shown(&family.ask("POST ", body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_eq!(family.ask("POST ", r#"{"city":"","state":null}"#).await.status, 202);
    assert_snapshot!(family.shown(&family.ask("GET ", "").await), @r#"
    200
    content-type: application/json
    {
      "account_type": "standard",
      "address": "Crest Drive",
      "api_id": "<uuid 1>",
      "auth_id": "<MA>",
      "auto_recharge": false,
      "billing_mode": "postpaid",
      "cash_credits": "0.00000",
      "city": "",
      "name": "Wayne",
      "resource_uri": "/v1/Account/<MA>/",
      "state": "New Jersey",
      "timezone": "UTC"
    }
    "#);
}

#[tokio::test]
async fn an_account_is_told_what_is_not_fit() {
    let family = Family::new().await;
    let required = || bad("one of name, city, address and state is required");
    let long = format!(r#"{{"name":"{}"}}"#, "n".repeat(256));
    let far = format!(r#"{{"address":"{}"}}"#, "a".repeat(2_049));
    for (body, expected) in [
        ("{}", required()),
        (r#"{"name":null,"city":null,"address":null}"#, required()),
        (r#"{"timezone":"UTC"}"#, required()),
        (r#"{"name":"  ","city":"Austin"}"#, bad("name must not be blank")),
        (r#"{"name":7}"#, bad("name must be a string")),
        (r#"{"city":["Austin"]}"#, bad("city must be a string")),
        (&long, bad("name must not exceed 255 characters")),
        (&far, bad("address must not exceed 2048 characters")),
        ("[]", bad("request body must be a JSON object")),
    ] {
        assert_eq!(refused(&family, "POST ", body).await, expected, "{body}");
    }
    assert_eq!(family.seen("", "/name").await, "Main");
}

#[tokio::test]
async fn a_subaccount_does_not_change_its_account() {
    let family = Family::new().await;
    let refused = family.ask_as(&family.sub, "POST ", r#"{"name":"Free"}"#).await;
    assert_snapshot!(family.shown(&refused), @r#"
    405
    content-type: application/json
    allow: GET
    {
      "api_id": "<uuid 1>",
      "error": "method not allowed"
    }
    "#);
}
