//! Accounts: opened, read, listed, changed.

use insta::assert_snapshot;
use ledger::{BalanceMode, TransferKind};
use serde_json::Value;

use super::{Family, call_by_member, gate, problem, text};
use crate::house::{Auth, BY_OPERATOR, House};

const ACCOUNTS: &str = "/api/v1/accounts";
/// What is different about every account.
const OPENED: [&str; 5] = ["id", "api_key", "auth_id", "secret", "auth_token"];

#[tokio::test]
async fn the_operator_opens_a_primary_account() {
    let house = House::new();
    let opened = house.post(ACCOUNTS, BY_OPERATOR, r#"{"name":"Partner","credit_limit":"60.5"}"#).await;
    call_by_member(&house, &opened, &OPENED);
    assert_snapshot!(house.shown(&opened), @r#"
    201
    content-type: application/json
    {
      "api_key": "<api_key>",
      "auth_id": "<auth_id>",
      "auth_token": "<auth_token>",
      "available": "60.50",
      "balance": "0.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": null,
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": "60.50",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id>",
      "name": "Partner",
      "parent": null,
      "price_plan": null,
      "secret": "<secret>",
      "status": "active"
    }
    "#);
    // The credentials work, and are never shown again.
    let body = opened.json();
    for (name, secret) in [("api_key", "secret"), ("auth_id", "auth_token")] {
        let auth = (text(&body[name]), text(&body[secret]));
        let own = house.get(&format!("{ACCOUNTS}/{}", auth.0), Auth::Basic(&auth.0, &auth.1)).await;
        assert_eq!(own.status, 200);
        assert!(own.json().get("secret").is_none() && own.json().get("auth_token").is_none());
    }
}

#[tokio::test]
async fn an_account_is_opened_in_the_currency_that_is_asked_for() {
    let house = House::new();
    let opened = house.post(ACCOUNTS, BY_OPERATOR, r#"{"name":"P","currency":"USD"}"#).await.json();
    assert_eq!(opened["currency"], "USD");
    let sub = format!(r#"{{"name":"S","parent":"{}"}}"#, text(&opened["id"]));
    assert_eq!(house.post(ACCOUNTS, BY_OPERATOR, sub).await.json()["currency"], "USD");
}

#[tokio::test]
async fn a_primary_opens_subaccounts_with_an_own_and_with_a_shared_balance() {
    let family = Family::new().await;
    let (house, primary) = (&family.house, &family.primary);
    let own = format!(r#"{{"name":"End customer","parent":"{}"}}"#, primary.key);
    let own = house.post(ACCOUNTS, primary.auth(), own).await;
    call_by_member(house, &own, &OPENED);
    assert_snapshot!(house.shown(&own), @r#"
    201
    content-type: application/json
    {
      "api_key": "<api_key>",
      "auth_id": "<auth_id>",
      "auth_token": "<auth_token>",
      "available": "0.00",
      "balance": "0.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": null,
      "created_at": "2024-08-28T14:11:32.242Z",
      "credit_limit": "0.00",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id>",
      "name": "End customer",
      "parent": "<id of Partner>",
      "price_plan": null,
      "secret": "<secret>",
      "status": "active"
    }
    "#);
    let shared = format!(r#"{{"name":"Other","parent":"{}","balance":"shared"}}"#, primary.id);
    let shared = house.post(ACCOUNTS, primary.auth(), shared).await;
    call_by_member(house, &shared, &OPENED);
    assert_snapshot!(house.shown(&shared), @r#"
    201
    content-type: application/json
    {
      "api_key": "<api_key>",
      "auth_id": "<auth_id>",
      "auth_token": "<auth_token>",
      "available": "150.00",
      "balance": null,
      "balance_mode": "shared",
      "caps": null,
      "changed_at": null,
      "created_at": "2024-08-28T14:11:32.242Z",
      "credit_limit": null,
      "currency": "EUR",
      "held": null,
      "id": "<id>",
      "name": "Other",
      "parent": "<id of Partner>",
      "price_plan": null,
      "secret": "<secret>",
      "status": "active"
    }
    "#);
}

#[tokio::test]
async fn opening_is_refused_by_what_is_wrong_with_it() {
    let family = Family::new().await;
    let (primary, own) = (family.primary.id, family.own.id);
    let mut said = Vec::new();
    for body in [
        "{}".to_owned(),
        r#"{"name":" "}"#.to_owned(),
        format!(r#"{{"name":"{}"}}"#, "x".repeat(256)),
        r#"{"name":"x","credit_limit":"-1"}"#.to_owned(),
        r#"{"name":"x","credit_limit":"10000000000.00000001"}"#.to_owned(),
        r#"{"name":"x","balance":"shared"}"#.to_owned(),
        r#"{"name":"x","currency":"eur"}"#.to_owned(),
        format!(r#"{{"name":"x","parent":"{primary}","credit_limit":"1"}}"#),
        format!(r#"{{"name":"x","parent":"{primary}","credit_limit":"0","currency":"USD"}}"#),
        format!(r#"{{"name":"x","parent":"{own}"}}"#),
        r#"{"name":"x","parent":"nobody"}"#.to_owned(),
        r#"{"name":1,"currency":"EURO","credit_limit":"lots","parent":[],"balance":"mine","nmae":"x"}"#
            .to_owned(),
    ] {
        said.push(problem(&family.house.post(ACCOUNTS, BY_OPERATOR, body).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: name is required
    422 invalid: name must have 1 to 255 characters, not all of them blank and none U+0000
    422 invalid: name must have 1 to 255 characters, not all of them blank and none U+0000
    422 invalid: credit_limit must be from 0 to 10000000000
    422 invalid: credit_limit must be from 0 to 10000000000
    422 invalid: balance must be "own": a primary account has no primary to share with
    422 invalid: currency must be three capital letters such as "EUR"
    422 invalid: credit_limit is set by the operator on a primary account alone; a subaccount's changes by credit transfer
    422 invalid: currency must be the primary account's, or be left out
    403 forbidden
    404 not_found
    422 invalid: name must be a string; currency must be three capital letters such as "EUR"; credit_limit must be a decimal number such as "1.50"; parent must be a string; balance must be "own" or "shared"; nmae is not known here; known are name, currency, credit_limit, parent, balance, caps, alerts
    "#);
}

#[tokio::test]
async fn opening_is_refused_to_those_who_may_not() {
    let family = Family::new().await;
    let under = |parent| format!(r#"{{"name":"x","parent":"{parent}"}}"#);
    let gate = gate(&family.house, true).await;
    let mut said = Vec::new();
    for (auth, body) in [
        (family.primary.auth(), r#"{"name":"x"}"#.to_owned()),
        (family.own.auth(), under(family.own.id)),
        (family.own.auth(), under(family.primary.id)),
        (family.stranger.auth(), under(family.primary.id)),
        (Auth::Bearer(&gate), under(family.primary.id)),
    ] {
        said.push(problem(&family.house.post(ACCOUNTS, auth, body).await));
    }
    assert_snapshot!(said.join("\n"), @"
    403 forbidden
    403 forbidden
    404 not_found
    404 not_found
    403 forbidden
    ");
}

#[tokio::test]
async fn no_more_subaccounts_are_opened_than_there_may_be() {
    let house = House::with(tollgate::app::Settings { subaccounts_max: Some(1), ..Default::default() });
    let primary = house.primary("Partner", "0").await;
    house.subaccount(&primary, "The only one", BalanceMode::Own).await;
    let body = format!(r#"{{"name":"x","parent":"{}"}}"#, primary.id);
    let answer = house.post(ACCOUNTS, primary.auth(), body).await;
    assert_snapshot!(house.shown(&answer), @r#"
    409
    content-type: application/problem+json
    {
      "code": "subaccounts_max",
      "detail": "The primary account has 1 of at most 1 subaccounts. Close one first.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "No more subaccounts",
      "type": "urn:tollgate:problem:subaccounts_max"
    }
    "#);
}

#[tokio::test]
async fn an_account_goes_by_its_id_its_api_key_and_its_auth_id() {
    let family = Family::new().await;
    let by_id = family.house.get(&family.path(&family.own, ""), BY_OPERATOR).await;
    assert_snapshot!(family.house.shown(&by_id), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Own>",
      "auth_id": "<auth id of Own>",
      "available": "0.00",
      "balance": "0.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": null,
      "created_at": "2024-08-28T14:11:32.240Z",
      "credit_limit": "0.00",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id of Own>",
      "name": "Own",
      "parent": "<id of Partner>",
      "price_plan": null,
      "status": "active"
    }
    "#);
    let auth_id = family.own.opened.account.auth_id.to_string();
    for name in [&family.own.key, &family.own.key.to_uppercase(), &auth_id] {
        let answer = family.house.get(&format!("{ACCOUNTS}/{name}"), BY_OPERATOR).await;
        assert_eq!((answer.status, answer.json()), (200, by_id.json()), "{name}");
    }
}

#[tokio::test]
async fn an_account_is_seen_by_itself_its_primary_and_the_operator() {
    let family = Family::new().await;
    for account in [&family.own, &family.shared] {
        for auth in [BY_OPERATOR, family.primary.auth(), account.auth()] {
            let answer = family.house.get(&family.path(account, ""), auth).await;
            assert_eq!(answer.status, 200, "{answer}");
        }
        let foreign = family.house.get(&family.path(account, ""), family.stranger.auth()).await;
        assert_eq!(problem(&foreign), "404 not_found");
    }
    let gate = gate(&family.house, true).await;
    let mut said = Vec::new();
    for (path, auth) in [
        (family.path(&family.primary, ""), family.own.auth()),
        (family.path(&family.own, ""), family.shared.auth()),
        (family.path(&family.own, ""), Auth::Bearer(&gate)),
        (format!("{ACCOUNTS}/nobody"), BY_OPERATOR),
        (format!("{ACCOUNTS}/%ff"), BY_OPERATOR),
    ] {
        said.push(problem(&family.house.get(&path, auth).await));
    }
    assert_snapshot!(said.join("\n"), @"
    404 not_found
    404 not_found
    403 forbidden
    404 not_found
    404 not_found
    ");
}

#[tokio::test]
async fn an_account_that_is_foreign_is_answered_like_one_that_is_not_there() {
    let family = Family::new().await;
    let unknown = format!("{ACCOUNTS}/0191992b-0000-7000-8000-000000000000");
    let unknown = family.house.get(&unknown, family.stranger.auth()).await;
    assert_snapshot!(family.house.shown(&unknown), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "There is no such account, or none that these credentials may see. Check the id, api key or auth id.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
    let foreign = family.house.get(&family.path(&family.own, ""), family.stranger.auth()).await;
    let without_instance = |mut it: Value| it.as_object_mut().unwrap().remove("instance").map(|_| it);
    assert_eq!(without_instance(foreign.json()), without_instance(unknown.json()));
}

#[tokio::test]
async fn of_a_shared_balance_only_the_payers_side_sees_what_is_available() {
    let family = Family::new().await;
    let path = family.path(&family.shared, "");
    let answer = family.house.get(&path, family.primary.auth()).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Shared>",
      "auth_id": "<auth id of Shared>",
      "available": "150.00",
      "balance": null,
      "balance_mode": "shared",
      "caps": null,
      "changed_at": null,
      "created_at": "2024-08-28T14:11:32.241Z",
      "credit_limit": null,
      "currency": "EUR",
      "held": null,
      "id": "<id of Shared>",
      "name": "Shared",
      "parent": "<id of Partner>",
      "price_plan": null,
      "status": "active"
    }
    "#);
    let own_view = family.house.get(&path, family.shared.auth()).await.json();
    assert_eq!(own_view["available"], Value::Null);
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ends() {
    let house = House::new();
    for number in 0..5 {
        house.primary(&format!("Partner {number}"), "0").await;
        house.clock.advance(1);
    }
    let mut names = Vec::new();
    let mut path = format!("{ACCOUNTS}?limit=2");
    loop {
        let page = house.get(&path, BY_OPERATOR).await.json();
        names.push(
            page["accounts"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect::<Vec<_>>(),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{ACCOUNTS}?limit=2&cursor={next}");
    }
    assert_eq!(names, [vec!["Partner 0", "Partner 1"], vec!["Partner 2", "Partner 3"], vec!["Partner 4"]]);
    // A page that is exactly full has no next.
    assert_eq!(house.get(&format!("{ACCOUNTS}?limit=5"), BY_OPERATOR).await.json()["next"], Value::Null);
}

#[tokio::test]
async fn a_list_is_narrowed_by_parent_status_and_name() {
    let family = Family::new().await;
    let house = &family.house;
    house.patch(&family.path(&family.own, ""), BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    let list = async |query: &str, auth| {
        let page = house.get(&format!("{ACCOUNTS}{query}"), auth).await.json();
        page["accounts"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect::<Vec<_>>()
    };
    assert_eq!(list("", BY_OPERATOR).await, ["Partner", "Own", "Shared", "Stranger"]);
    for name in [family.primary.id.to_string(), family.primary.key.clone()] {
        assert_eq!(list(&format!("?parent={name}"), BY_OPERATOR).await, ["Own", "Shared"]);
    }
    assert_eq!(list("?status=suspended", BY_OPERATOR).await, ["Own"]);
    assert_eq!(list("?status=closed", BY_OPERATOR).await, [""; 0]);
    assert_eq!(list("?name=AR", BY_OPERATOR).await, ["Partner", "Shared"]);
    assert_eq!(list("?name=p%61rt&status=active", BY_OPERATOR).await, ["Partner"]);
    // What is not there, or not to be seen, has no subaccounts.
    assert_eq!(list("?parent=nobody", BY_OPERATOR).await, [""; 0]);
    assert_eq!(list(&format!("?parent={}", family.primary.id), family.stranger.auth()).await, [""; 0]);
    assert_eq!(list("", family.primary.auth()).await, ["Partner", "Own", "Shared"]);
    assert_eq!(list("", family.shared.auth()).await, ["Shared"]);
}

#[tokio::test]
async fn a_list_is_refused_by_what_is_wrong_with_its_query() {
    let house = House::new();
    let gate = gate(&house, true).await;
    let mut said = vec![problem(&house.get(ACCOUNTS, Auth::Bearer(&gate)).await)];
    for query in [
        "limit=0",
        "limit=1001",
        "limit=ten",
        "limit=1&limit=2",
        "cursor=garbage",
        "cursor=",
        "status=gone",
        "state=active",
    ] {
        said.push(problem(&house.get(&format!("{ACCOUNTS}?{query}"), BY_OPERATOR).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    403 forbidden
    422 invalid: limit must be a whole number from 1 to 1000
    422 invalid: limit must be a whole number from 1 to 1000
    422 invalid: limit must be a whole number from 1 to 1000
    422 invalid: limit is given more than once
    422 invalid: cursor must be the `next` of the page before
    422 invalid: cursor must be the `next` of the page before
    422 invalid: status must be "active" or "suspended" or "closed"
    422 invalid: state is not known here; known are parent, status, name, cursor, limit
    "#);
}

#[tokio::test]
async fn the_operator_changes_a_primarys_name_credit_limit_and_status_at_once() {
    let family = Family::new().await;
    let body = r#"{"name":"Renamed","credit_limit":40.25,"status":"suspended"}"#;
    let answer = family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Partner>",
      "auth_id": "<auth id of Partner>",
      "available": "90.25",
      "balance": "50.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": "2024-08-28T14:11:32.242Z",
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": "40.25",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id of Partner>",
      "name": "Renamed",
      "parent": null,
      "price_plan": null,
      "status": "suspended"
    }
    "#);
}

#[tokio::test]
async fn a_primary_changes_its_subaccounts_name_status_and_balance() {
    let family = Family::new().await;
    let body = r#"{"name":"Renamed","status":"suspended","balance":"own"}"#;
    let path = family.path(&family.shared, "");
    let answer = family.house.patch(&path, family.primary.auth(), body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Shared>",
      "auth_id": "<auth id of Shared>",
      "available": "0.00",
      "balance": "0.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": "2024-08-28T14:11:32.242Z",
      "created_at": "2024-08-28T14:11:32.241Z",
      "credit_limit": "0.00",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id of Shared>",
      "name": "Renamed",
      "parent": "<id of Partner>",
      "price_plan": null,
      "status": "suspended"
    }
    "#);
    let reactivated = family.house.patch(&path, family.primary.auth(), r#"{"status":"active"}"#).await;
    assert_eq!(reactivated.json()["status"], "active");
    assert_eq!(reactivated.json()["name"], "Renamed");
}

#[tokio::test]
async fn a_change_of_an_account_that_shares_shows_what_its_payer_has_available() {
    let family = Family::new().await;
    let path = family.path(&family.shared, "");
    let changed = family.house.patch(&path, family.primary.auth(), r#"{"name":"Renamed"}"#).await.json();
    assert_eq!([&changed["available"], &changed["balance"]], [&Value::from("150.00"), &Value::Null]);
}

#[tokio::test]
async fn a_primary_changes_its_own_name() {
    let family = Family::new().await;
    let body = r#"{"name":"New"}"#;
    let answer = family.house.patch(&family.path(&family.primary, ""), family.primary.auth(), body).await;
    assert_eq!((answer.status, &answer.json()["name"]), (200, &Value::from("New")));
}

#[tokio::test]
async fn a_change_is_refused_by_what_is_wrong_with_it_and_changes_nothing() {
    let family = Family::new().await;
    let house = &family.house;
    house.transfer(TransferKind::Credit, &family.primary, (&family.primary, &family.own), "20").await;
    house.charge(&family.primary, "100").await;
    let before = [&family.primary, &family.own, &family.shared];
    let before =
        [family.account(before[0]).await, family.account(before[1]).await, family.account(before[2]).await];
    let mut said = Vec::new();
    for (account, auth, body) in [
        (&family.primary, BY_OPERATOR, r#"{"name":"New","credit_limit":"49.99"}"#),
        (&family.primary, BY_OPERATOR, r#"{"name":"New","credit_limit":"-0.01"}"#),
        (&family.primary, BY_OPERATOR, r#"{"name":"New","balance":"shared"}"#),
        (&family.own, BY_OPERATOR, r#"{"name":"New","credit_limit":"1"}"#),
        (&family.own, family.primary.auth(), r#"{"name":"New","credit_limit":"0"}"#),
        (&family.own, family.primary.auth(), r#"{"name":"New","balance":"shared"}"#),
        (&family.own, family.primary.auth(), r#"{"name":"New","status":"closed"}"#),
        (&family.own, family.primary.auth(), r#"{"name":"","status":"suspended"}"#),
        (&family.own, family.primary.auth(), r#"{"name":"New","secret":"x"}"#),
        (&family.own, family.own.auth(), r#"{"name":"New"}"#),
        (&family.own, family.stranger.auth(), r#"{"name":"New"}"#),
        (&family.primary, family.primary.auth(), r#"{"name":"New","status":"active"}"#),
        (&family.primary, family.own.auth(), r#"{"name":"New"}"#),
    ] {
        said.push(problem(&house.patch(&family.path(account, ""), auth, body).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    402 insufficient_credit
    422 invalid: credit_limit must be from 0 to 10000000000
    422 invalid: balance must be "own": a primary account has no primary to share with
    422 invalid: credit_limit is set by the operator on a primary account alone; a subaccount's changes by credit transfer
    422 invalid: credit_limit is set by the operator on a primary account alone; a subaccount's changes by credit transfer
    422 invalid: balance must be "own": an own balance is never shared again
    422 invalid: status must be "active" or "suspended"
    422 invalid: name must have 1 to 255 characters, not all of them blank and none U+0000
    422 invalid: secret is not known here; known are name, credit_limit, status, balance, price_plan, caps, alerts
    403 forbidden
    404 not_found
    403 forbidden
    404 not_found
    "#);
    for (account, before) in [&family.primary, &family.own, &family.shared].into_iter().zip(before) {
        assert_eq!(family.account(account).await, before);
    }
}

#[tokio::test]
async fn a_credit_limit_is_not_lowered_below_what_is_in_use() {
    let family = Family::new().await;
    family.house.charge(&family.primary, "100").await;
    let body = r#"{"credit_limit":"49.99"}"#;
    let answer = family.house.patch(&family.path(&family.primary, ""), BY_OPERATOR, body).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    402
    content-type: application/problem+json
    {
      "available": "50.00",
      "code": "insufficient_credit",
      "detail": "`needed` is more than the credit limit that is not in use, `available`. Ask for less.",
      "instance": "urn:uuid:<uuid 1>",
      "needed": "50.01",
      "status": 402,
      "title": "Not enough unused credit",
      "type": "urn:tollgate:problem:insufficient_credit"
    }
    "#);
}

#[tokio::test]
async fn a_closed_account_is_shown_to_the_operator_and_its_primary_and_takes_no_more_requests() {
    let family = Family::new().await;
    family.house.pay(&family.own, "3").await;
    family.house.close(&family.own).await;
    let path = family.path(&family.own, "");
    let answer = family.house.get(&path, family.primary.auth()).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Own>",
      "auth_id": "<auth id of Own>",
      "available": null,
      "balance": "0.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": "2024-08-28T14:11:32.242Z",
      "created_at": "2024-08-28T14:11:32.240Z",
      "credit_limit": "0.00",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id of Own>",
      "name": "Own",
      "parent": "<id of Partner>",
      "price_plan": null,
      "status": "closed"
    }
    "#);
    let answer = family.house.patch(&path, family.primary.auth(), r#"{"status":"active"}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    403
    content-type: application/problem+json
    {
      "code": "closed",
      "detail": "The account is closed for good. Use another one.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 403,
      "title": "Closed",
      "type": "urn:tollgate:problem:closed"
    }
    "#);
    let charge = format!(r#"{{"account":"{}","amount":"1"}}"#, family.own.id);
    let transfer = format!(r#"{{"kind":"balance","to":"{}","amount":"1"}}"#, family.own.id);
    let said = [
        problem(&family.house.get(&path, family.own.auth()).await),
        problem(&family.charge(charge).await),
        problem(
            &family.house.post(&family.path(&family.own, "/payments"), BY_OPERATOR, r#"{"amount":1}"#).await,
        ),
        problem(&family.house.post(&family.path(&family.primary, "/transfers"), BY_OPERATOR, transfer).await),
    ];
    assert_snapshot!(said.join("\n"), @"
    401 unauthenticated
    403 closed
    403 closed
    404 not_found
    ");
    let list = family.house.get(&format!("{ACCOUNTS}?status=closed"), family.primary.auth()).await.json();
    assert_eq!(list["accounts"][0]["name"], "Own");
}
