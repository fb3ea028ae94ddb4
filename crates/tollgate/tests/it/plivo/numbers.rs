//! The numbers that an account has: list, get, update, unrent, and those from a carrier of its own.

use insta::assert_snapshot;
use serde_json::json;

use super::{Family, GONE, alike, auth_id, bad, member, not_found, refused};

#[tokio::test]
async fn a_number_has_every_key() {
    let family = Family::new().await;
    family.number(&family.main, "14155550100").await;
    assert_snapshot!(family.shown(&family.ask("GET Number/14155550100/", "").await), @r#"
    200
    content-type: application/json
    {
      "active": true,
      "added_on": "2024-08-28",
      "alias": null,
      "api_id": "<uuid 1>",
      "application": null,
      "carrier": "Plivo",
      "city": null,
      "cnam_lookup": null,
      "compliance_application_id": null,
      "compliance_status": null,
      "country": "US",
      "mms_enabled": false,
      "mms_rate": "0.00000",
      "monthly_rental_rate": "0.00000",
      "number": "14155550100",
      "number_type": "mobile",
      "region": "US",
      "renewal_date": null,
      "resource_uri": "/v1/Account/<MA>/Number/14155550100/",
      "sms_enabled": true,
      "sms_rate": "0.00000",
      "sub_account": null,
      "sub_account_name": null,
      "tendlc_campaign_id": null,
      "tendlc_registration_status": "UNREGISTERED",
      "toll_free_sms_verification": null,
      "toll_free_sms_verification_id": null,
      "toll_free_sms_verification_order_status": null,
      "type": "mobile",
      "verification_info": [],
      "voice_enabled": true,
      "voice_rate": "0.00000"
    }
    "#);
}

#[tokio::test]
async fn a_number_of_a_subaccount_says_so_and_what_was_changed() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    family.stocked("14155550100", "0.5").await;
    assert_eq!(family.ask("POST PhoneNumber/14155550100/", "{}").await.status, 201);
    let body = format!(
        r#"{{"subaccount":"{}","alias":"Front desk","cnam_lookup":"enabled","app_id":"{app}"}}"#,
        auth_id(&family.sub)
    );
    assert_snapshot!(family.shown(&family.ask("POST Number/14155550100/", &body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask("GET Number/14155550100/", "").await), @r#"
    200
    content-type: application/json
    {
      "active": true,
      "added_on": "2024-08-28",
      "alias": "Front desk",
      "api_id": "<uuid 1>",
      "application": "/v1/Account/<MA>/Application/<app>/",
      "carrier": "Plivo",
      "city": null,
      "cnam_lookup": "enabled",
      "compliance_application_id": null,
      "compliance_status": null,
      "country": "US",
      "mms_enabled": false,
      "mms_rate": "0.00000",
      "monthly_rental_rate": "0.00000",
      "number": "14155550100",
      "number_type": "local",
      "region": "US",
      "renewal_date": null,
      "resource_uri": "/v1/Account/<MA>/Number/14155550100/",
      "sms_enabled": true,
      "sms_rate": "0.00000",
      "sub_account": "<SA>",
      "sub_account_name": "Sub",
      "tendlc_campaign_id": null,
      "tendlc_registration_status": "UNREGISTERED",
      "toll_free_sms_verification": null,
      "toll_free_sms_verification_id": null,
      "toll_free_sms_verification_order_status": null,
      "type": "local",
      "verification_info": [],
      "voice_enabled": false,
      "voice_rate": "0.00000"
    }
    "#);
}

#[tokio::test]
async fn a_plus_before_the_digits_is_read() {
    let family = Family::new().await;
    family.number(&family.main, "14155550100").await;
    for digits in ["+14155550100", "%2B14155550100"] {
        assert_eq!(family.seen(&format!("Number/{digits}/"), "/number").await, "14155550100");
    }
}

#[tokio::test]
async fn an_update_changes_what_is_given() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    family.number(&family.main, "14155550100").await;
    let (line, path) = ("POST Number/14155550100/", "Number/14155550100/");
    let body = format!(r#"{{"alias":"Front desk","app_id":{app}}}"#);
    assert_eq!(family.ask(line, &body).await.status, 202);
    assert_eq!(family.ask(line, "{}").await.status, 202);
    assert_eq!(family.ask(line, r#"{"alias":null,"verification_info":{}}"#).await.status, 202);
    assert_eq!(family.seen(path, "/alias").await, "Front desk");
    assert_ne!(family.seen(path, "/application").await, "null");
    assert_eq!(family.ask(line, r#"{"alias":"","app_id":""}"#).await.status, 202);
    assert_eq!(family.seen(path, "/alias").await, "null");
    assert_eq!(family.seen(path, "/application").await, "null");
}

/// Four numbers of the main account and one of the subaccount, each something that the others are not.
async fn five() -> Family {
    let family = Family::new().await;
    for (msisdn, kind, features, account) in [
        ("14155550100", "local", json!(["SMS", "VOICE"]), &family.main),
        ("14155550101", "mobile", json!(["SMS", "VOICE", "MMS"]), &family.main),
        ("18005550102", "tollfree", json!(["VOICE"]), &family.main),
        ("447700900103", "national", json!(["SMS"]), &family.main),
        ("14155550104", "local", json!(["SMS", "VOICE"]), &family.sub),
    ] {
        let body = json!({
            "country": "US", "msisdn": msisdn, "type": kind, "features": features, "account": account.key
        });
        family.by_operator("/api/v1/numbers", body).await;
    }
    family.ask("POST Number/14155550101/", r#"{"alias":"Front desk"}"#).await;
    family
}

#[tokio::test]
async fn the_list_is_the_familys_newest_first_and_narrowed_by_filters() {
    let family = five().await;
    let main = auth_id(&family.main);
    let all = ["14155550104", "447700900103", "18005550102", "14155550101", "14155550100"];
    for (query, expected) in [
        ("", &all[..]),
        ("?type=any", &all),
        ("?type=local", &["14155550104", "14155550100"]),
        ("?type=fixed", &["14155550104", "447700900103", "14155550100"]),
        ("?type=mobile", &["14155550101"]),
        ("?type=tollfree", &["18005550102"]),
        ("?type=shortcode", &[]),
        ("?subaccount={SA}", &["14155550104"]),
        ("?number_startswith=1415", &["14155550104", "14155550101", "14155550100"]),
        ("?number_startswith=%2B44", &["447700900103"]),
        ("?number_startswith=415", &[]),
        ("?alias=Front%20desk", &["14155550101"]),
        ("?alias=Front+desk", &["14155550101"]),
        ("?alias=Front", &[]),
        ("?services=mms", &["14155550101"]),
        ("?services=sms,mms", &["14155550101"]),
        ("?services=voice", &["14155550104", "18005550102", "14155550101", "14155550100"]),
        ("?services=sms&type=local&subaccount={SA}", &["14155550104"]),
        ("?type=&services=&alias=&subaccount=", &all),
    ] {
        let listed = family.listed(&family.main, &format!("Number/{query}"), "number").await;
        assert_eq!(listed, expected, "{query}");
    }
    let own = family.listed(&family.main, &format!("Number/?subaccount={main}&type=local"), "number").await;
    assert_eq!(own, ["14155550100"], "the main account's own");
    assert_eq!(family.listed(&family.sub, "Number/", "number").await, ["14155550104"]);
}

#[tokio::test]
async fn a_list_is_told_what_is_not_fit() {
    let family = Family::new().await;
    let kinds = "type must be any, fixed, local, mobile, national, shortcode or tollfree";
    let services = "services must be sms, voice and mms, with commas between";
    for (query, error) in [
        ("type=landline", kinds),
        ("services=fax", services),
        ("services=SMS", services),
        ("number_startswith=abc", "number_startswith must be digits"),
        ("limit=21", "limit must be an integer from 1 to 20"),
        ("offset=-1", "offset must be a non-negative integer"),
    ] {
        let answer = family.ask(&format!("GET Number/?{query}"), "").await;
        assert_eq!((answer.status, member(&answer, "/error")), bad(error), "{query}");
        assert_eq!(answer.json()["objects"], json!([]), "{query}");
    }
}

#[tokio::test]
async fn a_number_that_is_given_back_is_for_rent_again() {
    let family = Family::new().await;
    family.house.pay(&family.main, "10").await;
    family.stocked("14155550100", "1.25").await;
    assert_eq!(family.ask("POST PhoneNumber/14155550100/", r#"{"alias":"Mine"}"#).await.status, 201);
    let line = "DELETE Number/14155550100/";
    assert_eq!(family.shown(&family.ask(line, "").await), GONE);
    assert_eq!(refused(&family, line, "").await, not_found());
    assert_eq!(family.seen("", "/cash_credits").await, "8.75000", "what it cost is not given back");
    // Whoever rents it next finds nothing of the one before.
    let stranger = family.stranger().await;
    assert_eq!(family.ask_as(&stranger, "POST PhoneNumber/14155550100/", "{}").await.status, 201);
    let seen = family.ask_as(&stranger, "GET Number/14155550100/", "").await;
    assert_eq!(member(&seen, "/alias"), "null");
}

#[tokio::test]
async fn a_main_account_gives_back_what_its_subaccount_has() {
    let family = Family::new().await;
    family.number(&family.sub, "14155550100").await;
    let refused = family.ask_as(&family.sub, "DELETE Number/14155550100/", "").await;
    assert_snapshot!(family.shown(&refused), @r#"
    405
    content-type: application/json
    allow: GET, POST
    {
      "api_id": "<uuid 1>",
      "error": "method not allowed"
    }
    "#);
    assert_eq!(family.ask("DELETE Number/14155550100/", "").await.status, 204);
}

#[tokio::test]
async fn a_subaccount_keeps_its_own_numbers_but_moves_none() {
    let family = Family::new().await;
    family.number(&family.sub, "14155550100").await;
    family.number(&family.main, "14155550101").await;
    let app = family.application(&family.sub, "app").await;
    let line = "POST Number/14155550100/";
    let body = format!(r#"{{"alias":"Mine","app_id":"{app}"}}"#);
    assert_eq!(family.ask_as(&family.sub, line, &body).await.status, 202);
    let seen = family.ask_as(&family.sub, "GET Number/14155550100/", "").await.json();
    let account = format!("/v1/Account/{}/", auth_id(&family.sub));
    assert_eq!(seen["resource_uri"], format!("{account}Number/14155550100/"));
    assert_eq!(seen["application"], format!("{account}Application/{app}/"));
    assert_eq!(seen["sub_account"], auth_id(&family.sub));
    let moved = family.ask_as(&family.sub, line, r#"{"subaccount":""}"#).await;
    assert_snapshot!(family.shown(&moved), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "subaccount can be given by the main account alone"
    }
    "#);
    for (method, body) in [("GET", ""), ("POST", "{}")] {
        let answer = family.ask_as(&family.sub, &format!("{method} Number/14155550101/"), body).await;
        assert_eq!((answer.status, member(&answer, "/error")), not_found());
    }
    let body = r#"{"numbers":"14155550109","carrier":"Own","region":"West"}"#;
    let brought = family.ask_as(&family.sub, "POST Number/", body).await;
    assert_snapshot!(family.shown(&brought), @r#"
    405
    content-type: application/json
    allow: GET
    {
      "api_id": "<uuid 1>",
      "error": "method not allowed"
    }
    "#);
}

#[tokio::test]
async fn numbers_from_a_carrier_of_ones_own_are_brought_along() {
    let family = Family::new().await;
    let app = family.application(&family.main, "app").await;
    let body = format!(
        r#"{{"numbers":"14155550100, +14155550101","carrier":"Own Telecom","region":"California, UNITED STATES",
            "number_type":"tollfree","app_id":"{app}","subaccount":"{{SA}}"}}"#
    );
    assert_snapshot!(family.shown(&family.ask("POST Number/", &body).await), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_snapshot!(family.shown(&family.ask("GET Number/14155550101/", "").await), @r#"
    200
    content-type: application/json
    {
      "active": true,
      "added_on": "2024-08-28",
      "alias": null,
      "api_id": "<uuid 1>",
      "application": "/v1/Account/<MA>/Application/<app>/",
      "carrier": "Own Telecom",
      "city": null,
      "cnam_lookup": null,
      "compliance_application_id": null,
      "compliance_status": null,
      "country": null,
      "mms_enabled": false,
      "mms_rate": "0.00000",
      "monthly_rental_rate": "0.00000",
      "number": "14155550101",
      "number_type": "tollfree",
      "region": "California, UNITED STATES",
      "renewal_date": null,
      "resource_uri": "/v1/Account/<MA>/Number/14155550101/",
      "sms_enabled": true,
      "sms_rate": "0.00000",
      "sub_account": "<SA>",
      "sub_account_name": "Sub",
      "tendlc_campaign_id": null,
      "tendlc_registration_status": "UNREGISTERED",
      "toll_free_sms_verification": null,
      "toll_free_sms_verification_id": null,
      "toll_free_sms_verification_order_status": null,
      "type": "tollfree",
      "verification_info": [],
      "voice_enabled": true,
      "voice_rate": "0.00000"
    }
    "#);
    assert_eq!(family.listed(&family.sub, "Number/", "number").await.len(), 2);
    // Given back, it is nobody's, and in nobody's stock.
    assert_eq!(family.ask("DELETE Number/14155550100/", "").await.status, 204);
    let found = family.ask("GET PhoneNumber/?country_iso=US", "").await;
    assert_eq!(member(&found, "/meta/total_count"), "0");
    assert_eq!(refused(&family, "POST PhoneNumber/14155550100/", "{}").await, not_found());
}

#[tokio::test]
async fn what_is_not_fit_of_numbers_brought_along_is_told() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    family.number(&stranger, "14155550199").await;
    family.stocked("14155550198", "1").await;
    let taken = "numbers must be new here: one of them is there already, or twice among them";
    let digits = "numbers must have 3 to 15 digits each";
    for (numbers, error) in [
        ("null", "numbers is a required parameter"),
        (r#"" , ""#, "numbers is a required parameter"),
        ("[]", "numbers must be a string"),
        (r#""12""#, digits),
        (r#""14155550100,1415-555""#, digits),
        (r#""1234567890123456""#, digits),
        (r#""14155550100,14155550100""#, taken),
        (r#""14155550100,14155550199""#, taken),
        (r#""14155550198""#, taken),
    ] {
        let body = format!(r#"{{"numbers":{numbers},"carrier":"Own","region":"West"}}"#);
        assert_eq!(refused(&family, "POST Number/", &body).await, bad(error), "{numbers}");
    }
    for (more, error) in [
        (r#""region":"West""#, "carrier is a required parameter"),
        (r#""carrier":"Own""#, "region is a required parameter"),
        (r#""carrier":7,"region":"West""#, "carrier must be a string"),
        (
            r#""carrier":"Own","region":"West","number_type":"fax""#,
            "number_type must be any, fixed, local, mobile, national, shortcode or tollfree",
        ),
        (
            r#""carrier":"Own","region":"West","app_id":"1""#,
            "app_id must be the id of an application of this account",
        ),
        (
            r#""carrier":"Own","region":"West","subaccount":"1""#,
            "subaccount must be the auth id of one of the main account's subaccounts",
        ),
    ] {
        let body = format!(r#"{{"numbers":"14155550100",{more}}}"#);
        assert_eq!(refused(&family, "POST Number/", &body).await, bad(error), "{more}");
    }
    assert_eq!(family.listed(&family.main, "Number/", "number").await, [""; 0], "none of them came");
}

#[tokio::test]
async fn what_is_no_number_of_the_family_is_not_found() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    family.number(&stranger, "14155550199").await;
    family.stocked("14155550198", "1").await;
    let mut shown = Vec::new();
    for number in ["14155550199", "14155550198", "14155550100", "abc", "1415*"] {
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
            shown.push(family.shown(&family.ask(&format!("{method} Number/{number}/"), body).await));
        }
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
