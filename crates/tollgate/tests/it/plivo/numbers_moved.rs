//! Numbers from one account of a family to another.

use insta::assert_snapshot;

use super::{Family, alike, auth_id, bad, refused};

const LINE: &str = "POST Number/14155550100/";

async fn with_number() -> Family {
    let family = Family::new().await;
    family.number(&family.main, "14155550100").await;
    family
}

async fn owner(family: &Family) -> [String; 2] {
    let path = "Number/14155550100/";
    [family.seen(path, "/sub_account").await, family.seen(path, "/sub_account_name").await]
}

#[tokio::test]
async fn a_number_goes_to_a_subaccount_to_another_and_back() {
    let family = with_number().await;
    let sibling = family.sibling().await;
    let (sub, sibling, main) = (auth_id(&family.sub), auth_id(&sibling), auth_id(&family.main));
    for (to, expected) in [
        (sub, [sub, "Sub"]),
        (sub, [sub, "Sub"]),
        (sibling, [sibling, "Sibling"]),
        ("", ["null", "null"]),
        (sub, [sub, "Sub"]),
        (main, ["null", "null"]),
        (main, ["null", "null"]),
    ] {
        let moved = family.ask(LINE, &format!(r#"{{"subaccount":"{to}"}}"#)).await;
        assert_eq!(moved.status, 202, "{to}: {moved}");
        assert_eq!(owner(&family).await, expected, "{to}");
    }
    assert_eq!(family.ask(LINE, r#"{"subaccount":null}"#).await.status, 202);
    assert_eq!(owner(&family).await, ["null", "null"]);
}

#[tokio::test]
async fn a_number_neither_reaches_nor_leaves_a_disabled_subaccount() {
    let family = with_number().await;
    let mut shown = Vec::new();
    family.ask("POST Subaccount/{SA}/", r#"{"enabled":false}"#).await;
    shown.push(family.shown(&family.ask(LINE, r#"{"subaccount":"{SA}"}"#).await));
    family.ask("POST Subaccount/{SA}/", r#"{"enabled":true}"#).await;
    assert_eq!(family.ask(LINE, r#"{"subaccount":"{SA}"}"#).await.status, 202);
    family.ask("POST Subaccount/{SA}/", r#"{"enabled":false}"#).await;
    shown.push(family.shown(&family.ask(LINE, r#"{"subaccount":""}"#).await));
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount is disabled: numbers neither reach nor leave it; enable it first"
    }
    "#);
    // It stays where it is, and can be changed there.
    assert_eq!(family.ask(LINE, r#"{"alias":"Off"}"#).await.status, 202);
    assert_eq!(owner(&family).await, [auth_id(&family.sub), "Sub"]);
}

#[tokio::test]
async fn a_number_never_leaves_the_family() {
    let family = with_number().await;
    let stranger = family.stranger().await;
    let foreign = family.house.subaccount(&stranger, "Foreign", ledger::BalanceMode::Shared).await;
    let closed = family.sibling().await;
    family.house.close(&closed).await;
    let expected = bad("subaccount must be the auth id of one of the main account's subaccounts");
    for to in [
        auth_id(&stranger),
        auth_id(&foreign),
        auth_id(&closed),
        "SA000000000000000000",
        &family.sub.key,
        "somebody",
    ] {
        let body = format!(r#"{{"subaccount":"{to}"}}"#);
        assert_eq!(refused(&family, LINE, &body).await, expected, "{to}");
    }
    let body = r#"{"subaccount":{"auth_id":"SA"}}"#;
    assert_eq!(refused(&family, LINE, body).await, bad("subaccount must be a string"));
    assert_eq!(refused(&family, LINE, "[]").await, bad("request body must be a JSON object"));
    assert_eq!(owner(&family).await, ["null", "null"]);
}

#[tokio::test]
async fn a_change_is_all_or_nothing() {
    let family = with_number().await;
    let body = r#"{"alias":"New","subaccount":"{SA}","app_id":"12345678901234567"}"#;
    let expected = bad("app_id must be the id of an application of this account");
    assert_eq!(refused(&family, LINE, body).await, expected);
    assert_eq!(owner(&family).await, ["null", "null"]);
    assert_eq!(family.seen("Number/14155550100/", "/alias").await, "null");
}
