//! Applications: create, get, list, update.

use insta::assert_snapshot;

use super::{Family, alike, auth_id, bad, entries, member, not_found, refused};

const CREATE: &str = "POST Application/";

#[tokio::test]
async fn an_application_is_all_defaults_but_its_name() {
    let family = Family::new().await;
    let made = family.ask(CREATE, r#"{"app_name":"app"}"#).await;
    let id = member(&made, "/app_id");
    family.house.call_it("app", &id);
    assert!(id.len() == 17 && id.bytes().all(|it| it.is_ascii_digit()), "{id}");
    assert_snapshot!(family.shown(&made), @r#"
    201
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "app_id": "<app>",
      "message": "created"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask(&format!("GET Application/{id}/"), "").await), @r#"
    200
    content-type: application/json
    {
      "answer_method": "POST",
      "answer_url": "",
      "api_id": "<uuid 1>",
      "app_id": "<app>",
      "app_name": "app",
      "application_type": "XML",
      "default_app": false,
      "default_endpoint_app": false,
      "enabled": true,
      "fallback_answer_url": "",
      "fallback_method": "POST",
      "hangup_method": "POST",
      "hangup_url": "",
      "log_incoming_message": true,
      "log_incoming_messages": true,
      "message_method": "POST",
      "message_url": "",
      "public_uri": false,
      "resource_uri": "/v1/Account/<MA>/Application/<app>/",
      "sip_uri": "sip:<app>@app.plivo.com",
      "sub_account": null
    }
    "#);
}

#[tokio::test]
async fn an_application_keeps_everything_that_is_said() {
    let family = Family::new().await;
    let made = family
        .ask(
            CREATE,
            r#"{"app_name":"Call_me-1","answer_url":"https://example.com/a?x=1","answer_method":"get",
            "hangup_url":"http://example.com/h","hangup_method":"GET",
            "fallback_answer_url":"https://example.com/f","fallback_method":"GET",
            "message_url":"https://example.com/m","message_method":"GET","default_number_app":true,
            "default_endpoint_app":"true","subaccount":"{SA}","log_incoming_messages":false,"public_uri":1}"#,
        )
        .await;
    let id = member(&made, "/app_id");
    family.house.call_it("app", &id);
    let path = format!("GET Application/{id}/");
    assert_snapshot!(family.shown(&family.ask(&path, "").await), @r#"
    200
    content-type: application/json
    {
      "answer_method": "GET",
      "answer_url": "https://example.com/a?x=1",
      "api_id": "<uuid 1>",
      "app_id": "<app>",
      "app_name": "Call_me-1",
      "application_type": "XML",
      "default_app": true,
      "default_endpoint_app": true,
      "enabled": true,
      "fallback_answer_url": "https://example.com/f",
      "fallback_method": "GET",
      "hangup_method": "GET",
      "hangup_url": "http://example.com/h",
      "log_incoming_message": false,
      "log_incoming_messages": false,
      "message_method": "GET",
      "message_url": "https://example.com/m",
      "public_uri": true,
      "resource_uri": "/v1/Account/<MA>/Application/<app>/",
      "sip_uri": "sip:<app>@app.plivo.com",
      "sub_account": "/v1/Account/<SA>/"
    }
    "#);
    // The subaccount sees it under its own auth id.
    let seen = family.ask_as(&family.sub, &path, "").await;
    let expected = format!("/v1/Account/{}/Application/{id}/", auth_id(&family.sub));
    assert_eq!(member(&seen, "/resource_uri"), expected);
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_never_the_name() {
    let family = Family::new().await;
    let id = family.application(&family.main, "app").await;
    let line = format!("POST Application/{id}/");
    let body = r#"{"app_name":"other","answer_url":"","hangup_url":"https://example.com/h",
        "message_method":"GET","answer_method":null}"#;
    assert_snapshot!(family.shown(&family.ask(&line, body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask(&format!("GET Application/{id}/"), "").await), @r#"
    200
    content-type: application/json
    {
      "answer_method": "POST",
      "answer_url": "",
      "api_id": "<uuid 1>",
      "app_id": "<app>",
      "app_name": "app",
      "application_type": "XML",
      "default_app": false,
      "default_endpoint_app": false,
      "enabled": true,
      "fallback_answer_url": "",
      "fallback_method": "POST",
      "hangup_method": "POST",
      "hangup_url": "https://example.com/h",
      "log_incoming_message": true,
      "log_incoming_messages": true,
      "message_method": "GET",
      "message_url": "",
      "public_uri": false,
      "resource_uri": "/v1/Account/<MA>/Application/<app>/",
      "sip_uri": "sip:<app>@app.plivo.com",
      "sub_account": null
    }
    "#);
    assert_eq!(family.ask(&line, "{}").await.status, 202, "that changes nothing");
    family.ask(&line, r#"{"message_method":""}"#).await;
    assert_eq!(family.seen(&format!("Application/{id}/"), "/message_method").await, "POST");
}

#[tokio::test]
async fn the_list_is_the_familys_newest_first_and_narrowed_by_filters() {
    let family = Family::new().await;
    let sibling = family.sibling().await;
    let stranger = family.stranger().await;
    family.application(&stranger, "foreign").await;
    family.application(&family.main, "first").await;
    family.application(&family.sub, "second").await;
    family.application(&sibling, "third").await;
    family.application(&family.sub, "first").await;
    let all =
        async |query: &str| family.listed(&family.main, &format!("Application/{query}"), "app_name").await;
    assert_eq!(all("").await, ["first", "third", "second", "first"]);
    assert_eq!(all("?subaccount={SA}").await, ["first", "second"]);
    assert_eq!(all("?sub_account={SA}&app_name=second").await, ["second"]);
    assert_eq!(all("?app_name=first").await, ["first", "first"]);
    assert_eq!(all("?app_name=fir").await, [""; 0]);
    let main = format!("?subaccount={}", auth_id(&family.main));
    assert_eq!(all(&main).await, ["first"], "the main account's own alone");
    assert_eq!(family.listed(&family.sub, "Application/", "app_name").await, ["first", "second"]);
    let list = family.ask("GET Application/?subaccount={SA}&limit=1", "").await;
    assert_snapshot!(family.shown(&list), @r#"
    200
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "meta": {
        "limit": 1,
        "next": "/v1/Account/<MA>/Application/?subaccount=<SA>&limit=1&offset=1",
        "offset": 0,
        "previous": null,
        "total_count": 2
      },
      "objects": [
        {
          "answer_method": "POST",
          "answer_url": "https://example.com/first",
          "app_id": "<first>",
          "app_name": "first",
          "application_type": "XML",
          "default_app": false,
          "default_endpoint_app": false,
          "enabled": true,
          "fallback_answer_url": "",
          "fallback_method": "POST",
          "hangup_method": "POST",
          "hangup_url": "https://example.com/first",
          "log_incoming_message": true,
          "log_incoming_messages": true,
          "message_method": "POST",
          "message_url": "",
          "public_uri": false,
          "resource_uri": "/v1/Account/<MA>/Application/<first>/",
          "sip_uri": "sip:<first>@app.plivo.com",
          "sub_account": "/v1/Account/<SA>/"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_list_of_what_is_no_subaccount_is_refused() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let mut shown = Vec::new();
    for name in ["SA000000000000000000", "nobody", auth_id(&stranger)] {
        for list in ["Application", "Endpoint", "Number"] {
            let answer = family.ask(&format!("GET {list}/?subaccount={name}"), "").await;
            shown.push(family.shown(&answer));
        }
    }
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount must be the auth id of one of the main account's subaccounts",
      "objects": []
    }
    "#);
}

#[tokio::test]
async fn an_application_goes_to_a_subaccount_and_back() {
    let family = Family::new().await;
    let id = family.application(&family.main, "app").await;
    let line = format!("POST Application/{id}/");
    let owner = async || family.seen(&format!("Application/{id}/"), "/sub_account").await;
    let sibling = family.sibling().await;
    for (body, expected) in [
        (r#"{"subaccount":"{SA}"}"#.to_owned(), format!("/v1/Account/{}/", auth_id(&family.sub))),
        (r#"{"subaccount":null}"#.to_owned(), format!("/v1/Account/{}/", auth_id(&family.sub))),
        (
            format!(r#"{{"subaccount":"{}"}}"#, auth_id(&sibling)),
            format!("/v1/Account/{}/", auth_id(&sibling)),
        ),
        (r#"{"subaccount":""}"#.to_owned(), "null".to_owned()),
        (format!(r#"{{"subaccount":"{}"}}"#, auth_id(&family.main)), "null".to_owned()),
    ] {
        assert_eq!(family.ask(&line, &body).await.status, 202, "{body}");
        assert_eq!(owner().await, expected, "{body}");
    }
}

#[tokio::test]
async fn a_subaccounts_application_is_its_own() {
    let family = Family::new().await;
    let main_app = family.application(&family.main, "main").await;
    let own = family.application(&family.sub, "own").await;
    let sibling = family.sibling().await;
    let its = family.application(&sibling, "its").await;
    for id in [&main_app, &its] {
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
            let answer = family.ask_as(&family.sub, &format!("{method} Application/{id}/"), body).await;
            assert_eq!((answer.status, member(&answer, "/error")), not_found());
        }
    }
    let line = format!("POST Application/{own}/");
    assert_eq!(family.ask_as(&family.sub, &line, r#"{"subaccount":"{SA}"}"#).await.status, 202);
    let moved = family.ask_as(&family.sub, &line, r#"{"subaccount":""}"#).await;
    assert_snapshot!(family.shown(&moved), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount can be given by the main account alone"
    }
    "#);
    let body = format!(r#"{{"app_name":"x","subaccount":"{}"}}"#, auth_id(&sibling));
    assert_snapshot!(family.shown(&family.ask_as(&family.sub, CREATE, &body).await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount must be the auth id of one of the main account's subaccounts"
    }
    "#);
    assert_eq!(family.ask_as(&family.sub, &format!("DELETE Application/{own}/"), "").await.status, 204);
}

#[tokio::test]
async fn an_application_of_a_disabled_subaccount_is_seen_and_not_enabled() {
    let family = Family::new().await;
    let id = family.application(&family.sub, "app").await;
    family.ask("POST Subaccount/{SA}/", r#"{"enabled":false}"#).await;
    assert_eq!(family.seen(&format!("Application/{id}/"), "/enabled").await, "false");
    // The main account still keeps it.
    let changed = family.ask(&format!("POST Application/{id}/"), r#"{"public_uri":true}"#).await;
    assert_eq!(changed.status, 202);
    let body = r#"{"app_name":"another","subaccount":"{SA}"}"#;
    assert_eq!(family.ask(CREATE, body).await.status, 201);
}

#[tokio::test]
async fn what_is_not_fit_of_an_application_is_told() {
    let family = Family::new().await;
    let id = family.application(&family.main, "app").await;
    let update = format!("POST Application/{id}/");
    let name_is = "app_name must have 1 to 255 letters, digits, - and _";
    let nobody = "subaccount must be the auth id of one of the main account's subaccounts";
    let far = format!(r#"{{"app_name":"x","message_url":"https://{}"}}"#, "a".repeat(2_041));
    for (body, error) in [
        ("{}", "app_name is a required parameter"),
        (r#"{"app_name":null}"#, "app_name is a required parameter"),
        (r#"{"app_name":""}"#, "app_name is a required parameter"),
        (r#"{"app_name":7}"#, "app_name must be a string"),
        (r#"{"app_name":"two words"}"#, name_is),
        (r#"{"app_name":"Müller"}"#, name_is),
    ] {
        assert_eq!(refused(&family, CREATE, body).await, bad(error), "{body}");
    }
    for (body, error) in [
        (r#"{"app_name":"x","answer_url":"example.com"}"#, "answer_url must begin with http:// or https://"),
        (r#"{"app_name":"x","hangup_url":"ftp://x"}"#, "hangup_url must begin with http:// or https://"),
        (r#"{"app_name":"x","answer_url":7}"#, "answer_url must be a string"),
        (r#"{"app_name":"x","hangup_method":"PUT"}"#, "hangup_method must be GET or POST"),
        (&far, "message_url must not exceed 2048 characters"),
        (r#"{"app_name":"x","default_number_app":"maybe"}"#, "default_number_app must be a boolean"),
        (r#"{"app_name":"x","default_endpoint_app":3}"#, "default_endpoint_app must be a boolean"),
        (r#"{"app_name":"x","log_incoming_messages":[]}"#, "log_incoming_messages must be a boolean"),
        (r#"{"app_name":"x","public_uri":"x"}"#, "public_uri must be a boolean"),
        (r#"{"app_name":"x","subaccount":"SA000000000000000000"}"#, nobody),
        (r#"{"app_name":"x","subaccount":"nobody"}"#, nobody),
        (r#"{"app_name":"x","subaccount":5}"#, "subaccount must be a string"),
        ("7", "request body must be a JSON object"),
    ] {
        for line in [CREATE, &update] {
            assert_eq!(refused(&family, line, body).await, bad(error), "{line} {body}");
        }
    }
    assert_eq!(entries(&family.ask("GET Application/", "").await, "app_name"), ["app"]);
}

#[tokio::test]
async fn what_is_no_application_of_the_family_is_not_found() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let foreign = family.application(&stranger, "foreign").await;
    for id in [&*foreign, "12345678901234567", "1", "abc", "012345678901234567", "12345678901234567890123"] {
        for (method, body) in [("GET", ""), ("POST", "no JSON"), ("DELETE", "no JSON")] {
            let line = format!("{method} Application/{id}/");
            assert_eq!(refused(&family, &line, body).await, not_found(), "{line}");
        }
    }
}
