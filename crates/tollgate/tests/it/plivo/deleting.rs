//! What goes with a subaccount or an application, and what stays.

use insta::assert_snapshot;

use super::{Family, GONE, alike, auth_id, bad, member, not_found, refused};

const DELETE: &str = "DELETE Subaccount/{SA}/";

/// What the subaccount owns, and what of the main account's depends on it.
struct Owned {
    family: Family,
    app: String,
    phone: String,
    main_phone: String,
}

async fn owned() -> Owned {
    let family = Family::new().await;
    let app = family.application(&family.sub, "app").await;
    let linked = format!(r#","app_id":"{app}""#);
    let phone = family.endpoint(&family.sub, "phone", &linked).await;
    let main_phone = family.endpoint(&family.main, "main phone", &linked).await;
    family.number(&family.sub, "14155550100").await;
    family.number(&family.main, "14155550101").await;
    for number in ["14155550100", "14155550101"] {
        let line = format!("POST Number/{number}/");
        let body = format!(r#"{{"app_id":"{app}"}}"#);
        assert_eq!(family.ask(&line, &body).await.status, 202);
    }
    family.stocked("14155550102", "1").await;
    assert_eq!(family.ask("POST PhoneNumber/14155550102/", "{}").await.status, 201);
    assert_eq!(family.ask("POST Number/14155550102/", r#"{"subaccount":"{SA}"}"#).await.status, 202);
    Owned { family, app, phone, main_phone }
}

#[tokio::test]
async fn with_cascade_all_that_a_subaccount_owns_goes_with_it() {
    let Owned { family, app, phone, main_phone } = owned().await;
    let deleted = family.ask("DELETE Subaccount/{SA}/?cascade=true", "").await;
    assert_eq!(family.shown(&deleted), GONE);
    for path in [
        format!("Application/{app}/"),
        format!("Endpoint/{phone}/"),
        "Number/14155550100/".to_owned(),
        "Number/14155550102/".to_owned(),
        "Subaccount/{SA}/".to_owned(),
    ] {
        assert_eq!(refused(&family, &format!("GET {path}"), "").await, not_found(), "{path}");
    }
    // What is the main account's own stays, linked to nothing.
    assert_eq!(family.seen(&format!("Endpoint/{main_phone}/"), "/application").await, "null");
    assert_eq!(family.seen("Number/14155550101/", "/application").await, "null");
    // What was rented is for rent again.
    let found = family.listed(&family.main, "PhoneNumber/?country_iso=US", "number").await;
    assert_eq!(found, ["14155550100", "14155550102"]);
}

#[tokio::test]
async fn without_cascade_the_main_account_gets_it_as_it_is() {
    let Owned { family, app, phone, main_phone } = owned().await;
    let deleted = family.ask(DELETE, "").await;
    assert_eq!(family.shown(&deleted), GONE);
    let (app_path, phone_path) = (format!("Application/{app}/"), format!("Endpoint/{phone}/"));
    let main_phone_path = format!("Endpoint/{main_phone}/");
    for path in [&*app_path, &phone_path, &main_phone_path, "Number/14155550100/", "Number/14155550102/"] {
        assert_eq!(family.seen(path, "/sub_account").await, "null", "{path}");
    }
    let uri = format!("/v1/Account/{}/Application/{app}/", auth_id(&family.main));
    for path in [&*phone_path, &main_phone_path, "Number/14155550100/", "Number/14155550101/"] {
        assert_eq!(family.seen(path, "/application").await, uri, "{path}");
    }
    assert_eq!(family.seen(&app_path, "/enabled").await, "true");
}

#[tokio::test]
async fn a_deleted_subaccount_is_dead_at_once() {
    let family = Family::new().await;
    assert_eq!(family.ask_as(&family.sub, "GET ", "").await.status, 200);
    assert_eq!(family.ask(DELETE, "").await.status, 204);
    assert_snapshot!(family.shown(&family.ask_as(&family.sub, "GET ", "").await), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "authentication failed"
    }
    "#);
    for line in ["GET Subaccount/{SA}/", "POST Subaccount/{SA}/", DELETE] {
        assert_eq!(refused(&family, line, "{}").await, not_found(), "{line}");
    }
    assert_eq!(family.listed(&family.main, "Subaccount/", "auth_id").await, [""; 0]);
    let shown = family.ask("GET Application/?subaccount={SA}", "").await;
    assert_eq!(shown.json()["objects"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn cascade_is_read_from_the_query_before_the_body() {
    for (query, body, kept) in [
        ("?cascade=true", r#"{"cascade":false}"#, 0),
        ("?cascade=false", r#"{"cascade":true}"#, 1),
        ("?cascade=", r#"{"cascade":true}"#, 0),
        ("?cascade=1", "", 0),
        ("?cascade=TRUE", "null", 0),
        ("", r#"{"cascade":"1"}"#, 0),
        ("", r#"{"cascade":1}"#, 0),
        ("", r#"{"cascade":"0","more":[{}]}"#, 1),
        ("", "null", 1),
        ("", r#""""#, 1),
        ("", " \r\n", 1),
        ("?callback_url=https%3A%2F%2Fexample.com", "{}", 1),
    ] {
        let family = Family::new().await;
        family.application(&family.sub, "app").await;
        let line = format!("{DELETE}{query}");
        let deleted = family.ask(&line, body).await;
        assert_eq!(family.shown(&deleted), GONE, "{query} {body}");
        let left = family.listed(&family.main, "Application/", "app_name").await;
        assert_eq!(left.len(), kept, "{query} {body}");
    }
}

/// Any other reading could be a delete of something else than was meant.
#[tokio::test]
async fn a_delete_that_cannot_be_read_deletes_nothing() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let (boolean, object) = ("cascade must be a boolean", "request body must be a JSON object");
    for line in [DELETE.to_owned(), format!("DELETE Application/{app}/")] {
        for (query, body, error) in [
            ("?cascade=yes", "", boolean),
            ("?cascade=2", r#"{"cascade":true}"#, boolean),
            ("?cascade=true", r#"{"cascade":"yes"}"#, boolean),
            ("", r#"{"cascade":[]}"#, boolean),
            ("", r#"{"cascade":""}"#, boolean),
            ("", r#"{"cascade":tr"#, object),
            ("?cascade=true", "cascade=true", object),
            ("", "[]", object),
            ("", "true", object),
            ("", r#""true""#, object),
        ] {
            let line = format!("{line}{query}");
            assert_eq!(refused(&family, &line, body).await, bad(error), "{line} {body}");
        }
    }
    assert_eq!(family.listed(&family.main, "Subaccount/", "name").await, ["Sub"]);
    assert_eq!(family.listed(&family.main, "Application/", "app_name").await, ["app"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_whatever_the_arguments_say() {
    let family = Family::new().await;
    let mut shown = Vec::new();
    for line in [
        "DELETE Subaccount/SA000000000000000000/?cascade=yes",
        "DELETE Application/12345678901234567/?cascade=yes",
        "DELETE Endpoint/12345678901234/",
        "DELETE Number/14155550100/",
        "POST Subaccount/SA000000000000000000/",
        "POST Number/14155550100/",
        "POST PhoneNumber/14155550100/",
    ] {
        shown.push(family.shown(&family.ask(line, "no JSON").await));
    }
    assert_snapshot!(alike(shown), @r#"
    404
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "not found"
    }
    "#);
}

/// The main account's application, and what it answers.
async fn answered() -> (Family, String, [String; 2]) {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let linked = format!(r#","app_id":"{app}""#);
    let phone = family.endpoint(&family.main, "phone", &linked).await;
    let its = family.endpoint(&family.sub, "its", "").await;
    let body = format!(r#"{{"app_id":"{app}"}}"#);
    assert_eq!(family.ask(&format!("POST Endpoint/{its}/"), &body).await.status, 202);
    family.number(&family.main, "14155550100").await;
    assert_eq!(family.ask("POST Number/14155550100/", &body).await.status, 202);
    (family, app, [phone, its])
}

#[tokio::test]
async fn an_application_takes_its_owners_endpoints_with_it() {
    for (query, body) in [("", ""), ("", "{}"), ("?cascade=1", ""), ("", r#"{"cascade":"true"}"#)] {
        let (family, app, [_, its]) = answered().await;
        let deleted = family.ask(&format!("DELETE Application/{app}/{query}"), body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(family.listed(&family.main, "Endpoint/", "alias").await, ["its"], "{query} {body}");
        assert_eq!(family.seen(&format!("Endpoint/{its}/"), "/application").await, "null");
        assert_eq!(family.seen("Number/14155550100/", "/application").await, "null");
        assert_eq!(refused(&family, &format!("GET Application/{app}/"), "").await, not_found());
    }
}

#[tokio::test]
async fn without_cascade_endpoints_stay_with_nothing_or_another_application() {
    for is_named in [false, true] {
        let (family, app, phones) = answered().await;
        let other = family.application(&family.main, "other").await;
        let body = if is_named {
            format!(r#"{{"cascade":false,"new_endpoint_application":"{other}"}}"#)
        } else {
            r#"{"cascade":false,"new_endpoint_application":null}"#.to_owned()
        };
        let deleted = family.ask(&format!("DELETE Application/{app}/"), &body).await;
        assert_eq!(family.shown(&deleted), GONE);
        for phone in phones {
            let answers = family.seen(&format!("Endpoint/{phone}/"), "/application").await;
            let uri = format!("/v1/Account/{}/Application/{other}/", auth_id(&family.main));
            assert_eq!(answers, if is_named { uri } else { "null".to_owned() });
        }
        assert_eq!(family.seen("Number/14155550100/", "/application").await, "null", "of endpoints alone");
    }
}

#[tokio::test]
async fn the_other_application_may_stand_in_the_query() {
    let (family, app, [phone, _]) = answered().await;
    let other = family.application(&family.main, "other").await;
    let line = format!("DELETE Application/{app}/?cascade=0&new_endpoint_application={other}");
    assert_eq!(family.ask(&line, "").await.status, 204);
    let answers = family.seen(&format!("Endpoint/{phone}/"), "/application").await;
    assert!(answers.ends_with(&format!("/{other}/")), "{answers}");
}

#[tokio::test]
async fn the_other_application_must_be_one() {
    let (family, app, _) = answered().await;
    let stranger = family.stranger().await;
    let foreign = family.application(&stranger, "foreign").await;
    let line = format!("DELETE Application/{app}/");
    let mut shown = Vec::new();
    for other in [&*app, &foreign, "12345678901234567", "other"] {
        let body = format!(r#"{{"cascade":false,"new_endpoint_application":"{other}"}}"#);
        shown.push(family.shown(&family.ask(&line, &body).await));
    }
    assert_snapshot!(alike(shown), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "new_endpoint_application must be another application of this account"
    }
    "#);
    let error = "new_endpoint_application must be a string";
    let body = r#"{"cascade":false,"new_endpoint_application":true}"#;
    assert_eq!(refused(&family, &line, body).await, bad(error));
    assert_eq!(member(&family.ask(&format!("GET Application/{app}/"), "").await, "/app_name"), "app");
}
