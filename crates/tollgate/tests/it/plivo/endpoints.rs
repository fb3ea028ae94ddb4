//! Endpoints: create, get, list, update, delete.

use insta::assert_snapshot;

use super::{Family, GONE, auth_id, bad, member, not_found, refused};

const CREATE: &str = "POST Endpoint/";
const BODY: &str = r#"{"username":"callme","password":"testpassword","alias":"call me"}"#;

#[tokio::test]
async fn an_endpoint_gets_digits_behind_its_username() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let body =
        format!(r#"{{"username":"callme","password":"testpassword","alias":"phone","app_id":"{app}"}}"#);
    let made = family.ask(CREATE, &body).await;
    let (id, username) = (member(&made, "/endpoint_id"), member(&made, "/username"));
    assert!(id.len() == 14 && id.bytes().all(|it| it.is_ascii_digit()), "{id}");
    let digits = username.strip_prefix("callme").unwrap();
    assert!(digits.len() == 12 && digits.bytes().all(|it| it.is_ascii_digit()), "{username}");
    family.house.call_it("endpoint", &id);
    family.house.call_it("username", &username);
    assert_snapshot!(family.shown(&made), @r#"
    201
    content-type: application/json
    {
      "alias": "phone",
      "api_id": "<uuid 1>",
      "endpoint_id": "<endpoint>",
      "message": "created",
      "username": "<username>"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask(&format!("GET Endpoint/{id}/"), "").await), @r#"
    200
    content-type: application/json
    {
      "alias": "phone",
      "api_id": "<uuid 1>",
      "application": "/v1/Account/<MA>/Application/<app>/",
      "endpoint_id": "<endpoint>",
      "password": "e16b2ab8d12314bf4efbd6203906ea6c",
      "resource_uri": "/v1/Account/<MA>/Endpoint/<endpoint>/",
      "sip_registered": "false",
      "sip_uri": "sip:<username>@phone.plivo.com",
      "sub_account": null,
      "username": "<username>"
    }
    "#);
}

#[tokio::test]
async fn an_update_changes_what_is_given() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let id = family.endpoint(&family.main, "phone", "").await;
    let (line, path) = (format!("POST Endpoint/{id}/"), format!("Endpoint/{id}/"));
    let body = format!(r#"{{"username":"other","password":"12345","alias":"Front desk","app_id":"{app}"}}"#);
    assert_snapshot!(family.shown(&family.ask(&line, &body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask(&format!("GET {path}"), "").await), @r#"
    200
    content-type: application/json
    {
      "alias": "Front desk",
      "api_id": "<uuid 1>",
      "application": "/v1/Account/<MA>/Application/<app>/",
      "endpoint_id": "<phone>",
      "password": "827ccb0eea8a706c4c34a16891f84e7b",
      "resource_uri": "/v1/Account/<MA>/Endpoint/<phone>/",
      "sip_registered": "false",
      "sip_uri": "sip:<username of phone>@phone.plivo.com",
      "sub_account": null,
      "username": "<username of phone>"
    }
    "#);
    assert_eq!(family.ask(&line, r#"{"alias":null,"password":null}"#).await.status, 202);
    assert_eq!(family.seen(&path, "/alias").await, "Front desk");
    for unlinked in [r#"{"app_id":null}"#, r#"{"app_id":""}"#] {
        family.ask(&line, &format!(r#"{{"app_id":{app}}}"#)).await;
        assert_ne!(family.seen(&path, "/application").await, "null");
        assert_eq!(family.ask(&line, unlinked).await.status, 202);
        assert_eq!(family.seen(&path, "/application").await, "null");
    }
}

#[tokio::test]
async fn an_endpoint_belongs_to_who_made_it_or_whom_it_is_given() {
    let family = Family::new().await;
    let sibling = family.sibling().await;
    family.endpoint(&family.main, "first", "").await;
    let second = family.endpoint(&family.sub, "second", "").await;
    family.endpoint(&family.main, "third", r#","subaccount":"{SA}""#).await;
    family.endpoint(&sibling, "fourth", "").await;
    let all = async |query: &str| family.listed(&family.main, &format!("Endpoint/{query}"), "alias").await;
    assert_eq!(all("").await, ["fourth", "third", "second", "first"]);
    assert_eq!(all("?subaccount={SA}").await, ["third", "second"]);
    assert_eq!(family.listed(&family.sub, "Endpoint/", "alias").await, ["third", "second"]);
    let line = format!("POST Endpoint/{second}/");
    assert_eq!(family.ask(&line, r#"{"subaccount":""}"#).await.status, 202);
    assert_eq!(all("?subaccount={SA}").await, ["third"]);
    let body = format!(r#"{{"subaccount":"{}"}}"#, auth_id(&sibling));
    assert_eq!(family.ask(&line, &body).await.status, 202);
    let uri = format!("/v1/Account/{}/", auth_id(&sibling));
    assert_eq!(family.seen(&format!("Endpoint/{second}/"), "/sub_account").await, uri);
}

#[tokio::test]
async fn a_subaccounts_endpoint_is_its_own() {
    let family = Family::new().await;
    let main = family.endpoint(&family.main, "main", "").await;
    let own = family.endpoint(&family.sub, "own", "").await;
    for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
        let answer = family.ask_as(&family.sub, &format!("{method} Endpoint/{main}/"), body).await;
        assert_eq!((answer.status, member(&answer, "/error")), not_found());
    }
    let line = format!("POST Endpoint/{own}/");
    let moved = family.ask_as(&family.sub, &line, r#"{"subaccount":""}"#).await;
    assert_snapshot!(family.shown(&moved), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount can be given by the main account alone"
    }
    "#);
    // An application of the main account is none of its own.
    let app = family.application(&family.main, "app").await;
    let linked = family.ask_as(&family.sub, &line, &format!(r#"{{"app_id":"{app}"}}"#)).await;
    assert_snapshot!(family.shown(&linked), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "app_id must be the id of an application of this account"
    }
    "#);
    // But the main account may link it.
    assert_eq!(family.ask(&line, &format!(r#"{{"app_id":"{app}"}}"#)).await.status, 202);
    assert_eq!(family.ask_as(&family.sub, &format!("DELETE Endpoint/{own}/"), "").await.status, 204);
}

#[tokio::test]
async fn a_deleted_endpoint_is_gone() {
    let family = Family::new().await;
    let id = family.endpoint(&family.main, "phone", "").await;
    let line = format!("DELETE Endpoint/{id}/");
    assert_eq!(family.shown(&family.ask(&line, "{}").await), GONE);
    assert_eq!(refused(&family, &line, "{}").await, not_found());
    assert_eq!(refused(&family, &format!("GET Endpoint/{id}/"), "").await, not_found());
}

#[tokio::test]
async fn what_is_not_fit_of_an_endpoint_is_told() {
    let family = Family::new().await;
    let id = family.endpoint(&family.main, "phone", "").await;
    let username = "username must have 1 to 25 letters and digits, first a letter";
    let with = |name: &str, value: &str| {
        let mut body: serde_json::Value = serde_json::from_str(BODY).unwrap();
        body[name] = serde_json::from_str(value).unwrap();
        body.to_string()
    };
    let long = format!(r#""a{}""#, "1".repeat(25));
    for (name, value, error) in [
        ("username", "null", "username is a required parameter"),
        ("username", r#"" ""#, "username is a required parameter"),
        ("username", "7", "username must be a string"),
        ("username", r#""1a""#, username),
        ("username", r#""a-b""#, username),
        ("username", r#""é""#, username),
        ("username", &long, username),
        ("password", "null", "password is a required parameter"),
        ("alias", "null", "alias is a required parameter"),
    ] {
        assert_eq!(refused(&family, CREATE, &with(name, value)).await, bad(error), "{name} {value}");
    }
    let update = format!("POST Endpoint/{id}/");
    let alias = format!(r#""{}""#, "a".repeat(256));
    for (name, value, error) in [
        ("password", r#""1234""#, "password must have at least 5 characters"),
        ("password", "12345", "password must be a string"),
        ("alias", &*alias, "alias must have 1 to 255 characters"),
        ("alias", "{}", "alias must be a string"),
        ("app_id", r#""12345678901234567""#, "app_id must be the id of an application of this account"),
        ("app_id", r#""app""#, "app_id must be the id of an application of this account"),
        ("app_id", "true", "app_id must be a string"),
        (
            "subaccount",
            r#""SA000000000000000000""#,
            "subaccount must be the auth id of one of the main account's subaccounts",
        ),
    ] {
        for line in [CREATE, &update] {
            assert_eq!(refused(&family, line, &with(name, value)).await, bad(error), "{line} {name} {value}");
        }
    }
    let line = format!("DELETE Endpoint/{id}/");
    assert_eq!(refused(&family, &line, "[]").await, bad("request body must be a JSON object"));
    assert_eq!(family.listed(&family.main, "Endpoint/", "alias").await, ["phone"]);
}

#[tokio::test]
async fn what_is_no_endpoint_of_the_family_is_not_found() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let foreign = family.endpoint(&stranger, "foreign", "").await;
    for id in [&*foreign, "12345678901234", "1", "abc", "01234567890123"] {
        for (method, body) in [("GET", ""), ("POST", "no JSON"), ("DELETE", "no JSON")] {
            let line = format!("{method} Endpoint/{id}/");
            assert_eq!(refused(&family, &line, body).await, not_found(), "{line}");
        }
    }
}
