//! PHP 4.70.0.

use super::{left, owning};
use crate::house::Auth;
use crate::plivo::{Family, GONE, JSON, auth_id, checked, member};

#[tokio::test]
async fn php_deletes_with_cascade_in_query_and_body() {
    for (query, body, kept) in
        [("?cascade=1", r#"{"cascade":true}"#, 0), ("?cascade=0", r#"{"cascade":false}"#, 1), ("", "{}", 1)]
    {
        let family = owning().await;
        let deleted = family.ask(&format!("DELETE Subaccount/{{SA}}/{query}"), body).await;
        assert_eq!(family.shown(&deleted), GONE);
        assert_eq!(left(&family).await, [kept; 3], "{query}");
    }
}

#[tokio::test]
async fn php_updates_without_a_name() {
    let family = Family::new().await;
    for (body, enabled) in [(r#"{"enabled":false}"#, "false"), (r#"{"enabled":true}"#, "true")] {
        assert_eq!(family.ask("POST Subaccount/{SA}/", body).await.status, 202, "{body}");
        assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, enabled);
        assert_eq!(family.seen("Subaccount/{SA}/", "/name").await, "Sub");
    }
    assert_eq!(family.ask("POST Subaccount/{SA}/", r#"{"name":"N"}"#).await.status, 202);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "true");
}

#[tokio::test]
async fn php_escapes_slashes() {
    let family = Family::new().await;
    let body = r#"{"app_name":"app","answer_url":"https:\/\/example.com\/answer"}"#;
    let id = member(&family.ask("POST Application/", body).await, "/app_id");
    let path = format!("Application/{id}/");
    assert_eq!(family.seen(&path, "/answer_url").await, "https://example.com/answer");
}

/// What is not there is a warning to it, and an exception under Laravel.
#[tokio::test]
async fn php_reads_every_key_of_every_object() {
    let family = owning().await;
    let created = family.ask("POST Subaccount/", r#"{"name":"New"}"#).await.json();
    let keys = created.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys, ["api_id", "auth_id", "auth_token", "message"]);
    for (path, keys) in [
        (
            "Subaccount/",
            "account auth_id auth_token created enabled modified name resource_uri new_auth_token",
        ),
        (
            "",
            "account_type address auth_id auto_recharge billing_mode cash_credits city name resource_uri state
             timezone",
        ),
        (
            "Application/",
            "answer_method answer_url app_id app_name application_type default_app default_endpoint_app enabled
             fallback_answer_url fallback_method hangup_method hangup_url log_incoming_message
             log_incoming_messages message_method message_url public_uri resource_uri sip_uri sub_account",
        ),
        (
            "Endpoint/",
            "alias application endpoint_id password resource_uri sip_registered sip_uri sub_account username",
        ),
        (
            "Number/",
            "active added_on alias application carrier monthly_rental_rate number number_type region renewal_date
             resource_uri sms_enabled sms_rate sub_account tendlc_campaign_id tendlc_registration_status
             toll_free_sms_verification toll_free_sms_verification_id toll_free_sms_verification_order_status
             voice_enabled voice_rate city country mms_enabled mms_rate cnam_lookup compliance_application_id
             compliance_status sub_account_name type verification_info",
        ),
    ] {
        let answer = family.ask(&format!("GET {path}"), "").await.json();
        let object = answer.pointer("/objects/0").unwrap_or(&answer).as_object().unwrap();
        let mut expected: Vec<_> = keys.split_whitespace().collect();
        expected.sort_unstable();
        let keys: Vec<_> = object.keys().filter(|it| *it != "api_id").collect();
        assert_eq!(keys, expected, "{path}");
    }
}

#[tokio::test]
async fn php_asks_for_any_encoding_and_gets_plain_bytes() {
    let family = Family::new().await;
    let headers = [("Content-type", JSON), ("Accept-Encoding", "*")];
    let answer = family.send(&family.main, "GET Subaccount/", &headers, "").await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    assert_eq!(answer.json()["meta"]["total_count"], 1);
}

/// With `meta` in it a wrong token would be an empty list.
#[tokio::test]
async fn php_fails_on_an_error_of_a_list_that_has_no_meta() {
    let family = Family::new().await;
    let path = format!("/v1/Account/{}/Subaccount/", auth_id(&family.main));
    let refused = checked(family.house.get(&path, Auth::Basic(auth_id(&family.main), "wrong")).await);
    let keys: Vec<_> = refused.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["api_id", "error", "objects"]);
}
