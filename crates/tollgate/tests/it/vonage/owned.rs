//! `GET /account/numbers` and `POST /number/update`.

use insta::assert_snapshot;
use ledger::{ApplicationId, BalanceMode, Defaults};
use tollgate::app::NewApplication;

use super::{alike, family, listed, member, partner};
use crate::house::{Answer, House, OPERATOR, Opening};

const NUMBER: &str = "447700900000";
const OWNED: &str = "/account/numbers";
const UPDATE: &str = "/number/update";

async fn with_number() -> (House, Opening) {
    let (house, partner) = partner().await;
    house.give_number(&partner, "GB", NUMBER).await;
    (house, partner)
}

/// A change of the number.
async fn update(house: &House, by: &Opening, form: &str) -> Answer {
    house.post(UPDATE, by.auth(), format!("country=GB&msisdn={NUMBER}&{form}")).await
}

/// An application as the Plivo dialect makes them.
async fn application(house: &House, owner: &Opening) -> ApplicationId {
    let (owner, defaults) = (owner.id, Defaults::default());
    let new = NewApplication { owner, name: "answers".into(), defaults, settings: Vec::new() };
    house.app.make_application(OPERATOR, None, new).await.unwrap().id
}

#[tokio::test]
async fn a_number_is_listed_with_all_that_is_kept_with_it() {
    let (house, partner) = with_number().await;
    house.give_number(&partner, "SE", "46701234567").await;
    let app_id = application(&house, &partner).await;
    house.call_it("application", &app_id.to_string());
    let form = format!(
        "app_id={app_id}&moHttpUrl=https%3A%2F%2Fexample.com%2Fin%3Fa%3Db%26c&moSmppSysType=inbound\
         &voiceCallbackType=tel&voiceCallbackValue=447700900999&voiceStatusCallback=https://example.com/ended"
    );
    let updated = update(&house, &partner, &form).await;
    assert_snapshot!(house.shown(&updated), @r#"
    200
    content-type: application/json
    {
      "error-code": "200",
      "error-code-label": "success"
    }
    "#);
    let answer = house.get(OWNED, partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "count": 2,
      "numbers": [
        {
          "country": "SE",
          "features": [
            "VOICE",
            "SMS"
          ],
          "msisdn": "46701234567",
          "type": "mobile-lvn"
        },
        {
          "app_id": "<application>",
          "country": "GB",
          "features": [
            "VOICE",
            "SMS"
          ],
          "moHttpUrl": "https://example.com/in?a=b&c",
          "moSmppSysType": "inbound",
          "msisdn": "447700900000",
          "type": "mobile-lvn",
          "voiceCallbackType": "tel",
          "voiceCallbackValue": "447700900999",
          "voiceStatusCallback": "https://example.com/ended"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_list_of_none_says_so() {
    let (house, partner, first, _) = family().await;
    // What a subaccount has is not the primary's.
    house.give_number(&first, "GB", NUMBER).await;
    let answer = house.get(OWNED, partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "count": 0,
      "numbers": []
    }
    "#);
    assert_eq!(listed(&house, OWNED, first.auth()).await, [NUMBER]);
}

#[tokio::test]
async fn owned_numbers_are_narrowed() {
    let (house, partner) = with_number().await;
    let (second, swedish) = ("447700912345", "46701234567");
    house.give_number(&partner, "GB", second).await;
    house.give_number(&partner, "SE", swedish).await;
    let app_id = application(&house, &partner).await;
    assert_eq!(update(&house, &partner, &format!("app_id={app_id}")).await.status, 200);
    let all = [swedish, second, NUMBER];
    for (query, found) in [
        ("", &all[..]),
        ("country=se", &[swedish]),
        ("country=NO", &[]),
        ("country=", &all),
        ("pattern=4477", &[second, NUMBER]),
        ("pattern=4477&search_pattern=0", &[second, NUMBER]),
        ("pattern=12345&search_pattern=1", &[swedish, second]),
        ("pattern=12345&search_pattern=2", &[second]),
        ("pattern=7700&search_pattern=0", &[]),
        // As the PHP SDK asks for the one number that it cancels.
        ("pattern=447700900000&search_pattern=0&page_index=1", &[NUMBER]),
        ("has_application=true", &[NUMBER]),
        // As Python writes it.
        ("has_application=False", &[swedish, second]),
        (&format!("application_id={app_id}"), &[NUMBER]),
        ("application_id=11111111111111111", &[]),
        ("application_id=aaaaaaaa-bbbb-cccc-dddd-0123456789ab", &[]),
    ] {
        assert_eq!(listed(&house, &format!("{OWNED}?{query}"), partner.auth()).await, found, "{query}");
    }
}

#[tokio::test]
async fn owned_numbers_have_pages_of_ten_unless_something_else_is_said() {
    let (house, partner) = partner().await;
    for number in 0..12 {
        house.give_number(&partner, "GB", &format!("4477009000{number:02}")).await;
    }
    for (query, len) in [
        ("", 10),
        ("index=2", 2),
        ("index=3", 0),
        ("size=7&index=2", 5),
        ("size=100", 12),
        ("size=&index=", 10),
    ] {
        let path = format!("{OWNED}?{query}");
        assert_eq!(listed(&house, &path, partner.auth()).await.len(), len, "{query}");
        assert_eq!(member(&house.get(&path, partner.auth()).await, "/count"), "12");
    }
}

#[tokio::test]
async fn what_is_not_fit_of_a_list_is_named() {
    let (house, partner) = partner().await;
    let query = "country=England&pattern=x&search_pattern=starts&size=1000&index=first&has_application=maybe";
    let answer = house.get(&format!("{OWNED}?{query}"), partner.auth()).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: country must be two letters, search_pattern must be 0, 1 or 2, pattern must be digits, size must be a number from 1 to 100, index must be a number from 1 on, has_application must be true or false"
    }
    "#);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_an_empty_value_clears_it() {
    let (house, partner) = with_number().await;
    let app_id = application(&house, &partner).await.to_string();
    let members = ["moHttpUrl", "moSmppSysType", "voiceCallbackType", "voiceStatusCallback", "app_id"];
    let app = format!("app_id={app_id}");
    for (form, kept) in [
        ("", ["-", "-", "-", "-", "-"]),
        ("moHttpUrl=a", ["a", "-", "-", "-", "-"]),
        ("moSmppSysType=b", ["a", "b", "-", "-", "-"]),
        ("voiceCallbackType=SIP&voiceCallbackValue=sip:c", ["a", "b", "sip", "-", "-"]),
        ("voicestatuscallback=d&unknown=e", ["a", "b", "sip", "d", "-"]),
        (&app, ["a", "b", "sip", "d", &app_id]),
        ("moHttpUrl=&moSmppSysType=", ["-", "-", "sip", "d", &app_id]),
        ("voiceCallbackType=vxml&voiceCallbackValue=https://example.com", ["-", "-", "vxml", "d", &app_id]),
        ("voiceCallbackType=app&voiceCallbackValue=1", ["-", "-", "app", "d", &app_id]),
        ("voiceCallbackType=", ["-", "-", "-", "d", &app_id]),
        ("app_id=&voiceStatusCallback=&voiceCallbackValue=", ["-", "-", "-", "-", "-"]),
    ] {
        assert_eq!(update(&house, &partner, form).await.status, 200, "{form}");
        let answer = house.get(OWNED, partner.auth()).await.json();
        let shown = members.map(|it| answer["numbers"][0][it].as_str().unwrap_or("-").to_owned());
        assert_eq!(shown, kept, "{form}");
    }
}

#[tokio::test]
async fn a_number_that_is_cancelled_loses_what_was_kept_with_it() {
    let (house, partner) = with_number().await;
    update(&house, &partner, "moHttpUrl=https://example.com").await;
    for path in ["/number/cancel", "/number/buy"] {
        let answer = house.post(path, partner.auth(), format!("country=GB&msisdn={NUMBER}")).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    assert!(!house.get(OWNED, partner.auth()).await.text().contains("moHttpUrl"));
}

#[tokio::test]
async fn only_a_number_that_the_account_has_is_updated() {
    let (house, partner, first, _) = family().await;
    house.give_number(&first, "GB", NUMBER).await;
    let answer = update(&house, &partner, "moHttpUrl=a").await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: the account does not have this number"
    }
    "#);
    let form = format!("target_api_key={}&moHttpUrl=a", first.key);
    assert_eq!(update(&house, &partner, &form).await.status, 200);
    assert_eq!(member(&house.get(OWNED, first.auth()).await, "/numbers/0/moHttpUrl"), "a");
}

#[tokio::test]
async fn a_number_is_answered_by_an_application_of_its_family() {
    let (house, partner, first, second) = family().await;
    house.give_number(&first, "GB", NUMBER).await;
    let (of_partner, of_second) = (application(&house, &partner).await, application(&house, &second).await);
    for app_id in [of_partner, of_second] {
        let form = format!("target_api_key={}&app_id={app_id}", first.key);
        assert_eq!(update(&house, &partner, &form).await.status, 200);
        assert_eq!(member(&house.get(OWNED, first.auth()).await, "/numbers/0/app_id"), app_id.to_string());
    }
    let own = application(&house, &first).await;
    assert_eq!(update(&house, &first, &format!("app_id={own}")).await.status, 200);

    let stranger = house.primary("Stranger", "0").await;
    let foreign = application(&house, &stranger).await;
    let mut shown = Vec::new();
    // A subaccount does not know of what is its primary's or its sibling's.
    for app_id in [of_partner, of_second, foreign, ApplicationId::from_random(1)] {
        let answer = update(&house, &first, &format!("app_id={app_id}")).await;
        shown.push(house.shown(&answer));
    }
    for app_id in ["1", "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"] {
        let answer = update(&house, &first, &format!("app_id={app_id}")).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: app_id names no application of this account or its family"
    }
    "#);
}

#[tokio::test]
async fn what_inbound_calls_are_handed_to_is_a_type_and_a_value() {
    let (house, partner) = with_number().await;
    let mut shown = Vec::new();
    for form in [
        "voiceCallbackType=tel",
        "voiceCallbackType=tel&voiceCallbackValue=",
        "voiceCallbackValue=447700900999",
        "voiceCallbackType=&voiceCallbackValue=447700900999",
    ] {
        let answer = update(&house, &partner, form).await;
        shown.push(house.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: voiceCallbackType must be given together with voiceCallbackValue"
    }
    "#);
    let answer = update(&house, &partner, "voiceCallbackType=fax&voiceCallbackValue=1&app_id=x").await;
    assert_snapshot!(member(&answer, "/error-code-label"), @"method failed: app_id names no application of this account or its family, voiceCallbackType must be sip, tel, vxml or app");
}

#[tokio::test]
async fn a_value_has_at_most_2048_characters() {
    let (house, partner) = with_number().await;
    let longest = "a".repeat(2_048);
    assert_eq!(update(&house, &partner, &format!("moHttpUrl={longest}")).await.status, 200);
    let answer = update(&house, &partner, &format!("moHttpUrl={longest}a")).await;
    assert_snapshot!(house.shown(&answer), @r#"
    420
    content-type: application/json
    {
      "error-code": "420",
      "error-code-label": "method failed: a value has more than 2048 characters"
    }
    "#);
    let settings = house.post("/account/settings", partner.auth(), format!("moCallBackUrl={longest}a")).await;
    assert_eq!(house.shown(&settings), house.shown(&answer));
}

#[tokio::test]
async fn a_shared_balance_has_numbers_of_its_own() {
    let (house, partner) = partner().await;
    let shared = house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
    house.give_number(&shared, "GB", NUMBER).await;
    assert_eq!(listed(&house, OWNED, shared.auth()).await, [NUMBER]);
    assert!(listed(&house, OWNED, partner.auth()).await.is_empty());
}
