//! How bodies are read.

use insta::assert_snapshot;

use super::{Family, alike, bad, member, refused};

#[tokio::test]
async fn a_body_is_read_as_json_whatever_its_type_says() {
    let family = Family::new().await;
    for content_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "multipart/form-data; boundary=x",
    ] {
        let headers = [("content-type", content_type)];
        let body = r#" {"name":"New"} "#;
        let created = family.send(&family.main, "POST Subaccount/", &headers, body).await;
        assert_eq!(created.status, 201, "{content_type}");
    }
    assert_eq!(family.send(&family.main, "POST Subaccount/", &[], r#"{"name":"New"}"#).await.status, 201);
}

#[tokio::test]
async fn what_is_no_json_object_is_told_so() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let phone = family.endpoint(&family.main, "phone", "").await;
    family.number(&family.main, "14155550100").await;
    let mut shown = Vec::new();
    for line in [
        "POST ".to_owned(),
        "POST Subaccount/".to_owned(),
        "POST Subaccount/{SA}/".to_owned(),
        "POST Application/".to_owned(),
        format!("POST Application/{app}/"),
        "POST Endpoint/".to_owned(),
        format!("POST Endpoint/{phone}/"),
        "POST Number/".to_owned(),
        "POST Number/14155550100/".to_owned(),
    ] {
        for body in [
            "",
            " ",
            "name=New",
            "{",
            "[]",
            "null",
            "true",
            r#""""#,
            r#"[{"name":"New"}]"#,
            "{}{}",
            "\u{feff}{}",
        ] {
            shown.push(family.shown(&family.ask(&line, body).await));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "request body must be a JSON object"
    }
    "#);
}

#[tokio::test]
async fn what_is_not_known_is_ignored() {
    let family = Family::new().await;
    let body = r#"{"name":"New","auth_id":"SA1","number":1,"app_id":[],"id":null,"secondary_id":{},"deep":[[{}]],
        "callback_url":"https://example.com","callback_method":"POST"}"#;
    assert_eq!(family.ask("POST Subaccount/?callback_url=x&name=y", body).await.status, 201);
    assert_eq!(family.listed(&family.main, "Subaccount/", "name").await.len(), 2);
    // A request that asks to be answered elsewhere is answered here.
    let shown = family.ask("GET Subaccount/{SA}/?callback_url=https://example.com", "").await;
    assert_eq!(member(&shown, "/name"), "Sub");
}

#[tokio::test]
async fn the_body_of_a_get_is_ignored() {
    let family = Family::new().await;
    for body in [r#""""#, "{", "[]", &"x".repeat(70_000)] {
        for path in ["", "Subaccount/", "Subaccount/{SA}/"] {
            assert_eq!(family.ask(&format!("GET {path}"), body).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_body_beyond_64_kib_is_refused() {
    let family = Family::new().await;
    let body = format!(r#"{{"name":"New","more":"{}"}}"#, "x".repeat(65_536));
    let expected = bad("request body must not exceed 65536 bytes");
    for line in ["POST Subaccount/", "POST ", "DELETE Subaccount/{SA}/"] {
        assert_eq!(refused(&family, line, &body).await, expected, "{line}");
    }
}

#[tokio::test]
async fn booleans_are_read_in_every_way_that_an_sdk_writes_them() {
    let family = Family::new().await;
    for (value, enabled) in [
        ("true", "true"),
        ("false", "false"),
        (r#""True""#, "true"),
        (r#""FALSE""#, "false"),
        ("1", "true"),
        ("0", "false"),
        (r#""1""#, "true"),
        (r#""0""#, "false"),
        (r#""true""#, "true"),
    ] {
        let body = format!(r#"{{"name":"Sub","enabled":{value}}}"#);
        assert_eq!(family.ask("POST Subaccount/{SA}/", &body).await.status, 202, "{value}");
        assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, enabled, "{value}");
    }
    assert_eq!(family.ask("POST Subaccount/{SA}/", r#"{"name":"Sub","enabled":null}"#).await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "true", "null says nothing");
}
