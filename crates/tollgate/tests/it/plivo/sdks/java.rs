//! Java 5.49.0.

use insta::assert_snapshot;

use super::{forty_five, left, owning};
use crate::house::Answer;
use crate::plivo::{Family, GONE, entries, member};

async fn ask(family: &Family, line: &str, body: &str) -> Answer {
    family.send(&family.main, line, &[("content-type", "application/json; charset=UTF-8")], body).await
}

#[tokio::test]
async fn java_sends_nulls_and_pages_past_the_end_by_its_own_limit() {
    for (body, kept) in [
        (r#"{"id":"{SA}","secondary_id":null,"cascade":true}"#, 0),
        (r#"{"id":"{SA}","secondary_id":null,"cascade":false}"#, 1),
        (r#"{"id":"{SA}","secondary_id":null,"cascade":null}"#, 1),
    ] {
        let family = owning().await;
        let deleted = ask(&family, "DELETE Subaccount/{SA}/", body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{body}");
    }
    let family = forty_five().await;
    let mut pages = Vec::new();
    for offset in [0, 20, 40, 60] {
        let page = ask(&family, &format!("GET Subaccount/?limit=20&offset={offset}"), "").await;
        assert_eq!(page.status, 200);
        pages.push(entries(&page, "auth_id").len());
    }
    assert_eq!(pages, [20, 20, 5, 0]);
}

/// It would add 100 for each page of 20 and skip 80: a limit that is cut in silence loses entries.
#[tokio::test]
async fn java_asks_for_100_and_is_told() {
    let family = Family::new().await;
    assert_snapshot!(family.shown(&ask(&family, "GET Subaccount/?limit=100&offset=0", "").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "limit must be an integer from 1 to 20",
      "objects": []
    }
    "#);
}

#[tokio::test]
async fn java_omits_a_null_name() {
    let family = Family::new().await;
    assert_snapshot!(family.shown(&ask(&family, "POST Subaccount/{SA}/", "{}").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "name is a required parameter"
    }
    "#);
    assert_eq!(ask(&family, "POST Subaccount/{SA}/", r#"{"name":"N"}"#).await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "true");
    let created = ask(&family, "POST Subaccount/", r#"{"name":"New","enabled":true}"#).await;
    let path = format!("Subaccount/{}/", member(&created, "/auth_id"));
    assert_eq!(family.seen(&path, "/enabled").await, "true");
}

#[tokio::test]
async fn java_deletes_an_application_with_cascade_true() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    family.endpoint(&family.main, "phone", &format!(r#","app_id":"{app}""#)).await;
    let body = format!(r#"{{"id":"{app}","secondary_id":null,"cascade":true}}"#);
    let deleted = ask(&family, &format!("DELETE Application/{app}/"), &body).await;
    assert_snapshot!(family.shown(&deleted), @"
    204
    content-type: application/json
    ");
    assert_eq!(left(&family).await, [0; 3]);
}

/// It throws at any other word.
#[tokio::test]
async fn java_reads_enumerations_of_its_own() {
    const KINDS: [&str; 7] = ["fixed", "mobile", "any", "local", "tollfree", "shortcode", "national"];
    let family = Family::new().await;
    let account = ask(&family, "GET ", "").await;
    assert!(["standard", "developer"].contains(&&*member(&account, "/account_type")));
    assert!(["prepaid", "postpaid"].contains(&&*member(&account, "/billing_mode")));
    for (digit, kind) in ["mobile", "local", "national", "tollfree", "shortcode"].iter().enumerate() {
        let number = format!("1415555010{digit}");
        let body = serde_json::json!({
            "country": "US", "msisdn": number, "type": kind, "account": family.main.key
        });
        family.by_operator("/api/v1/numbers", body).await;
        let shown = member(&ask(&family, &format!("GET Number/{number}/"), "").await, "/number_type");
        assert!(shown == *kind && KINDS.contains(kind), "{shown}");
    }
}
