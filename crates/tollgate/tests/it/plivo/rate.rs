//! So many requests of a family in five seconds.

use insta::assert_snapshot;
use tollgate::app::Settings;

use super::{Family, by_token};
use crate::house::Auth;

async fn limited(plivo_rate_limit: u32) -> Family {
    Family::with(Settings { plivo_rate_limit, ..Settings::default() }).await
}

#[tokio::test]
async fn one_request_too_many_is_told_when_to_come_again() {
    let family = limited(3).await;
    let status = async |line: &str| family.ask(line, "").await.status;
    assert_eq!((status("GET ").await, status("GET Subaccount/").await), (200, 200));
    // What is refused counts.
    assert_eq!(status("GET Subaccount/SA000000000000000000/").await, 404);
    assert_snapshot!(family.shown(&family.ask("GET Subaccount/", "").await), @r#"
    429
    content-type: application/json
    retry-after: 5
    {
      "api_id": "<uuid 1>",
      "error": "too many requests",
      "objects": []
    }
    "#);
    family.house.clock.advance(2_001);
    assert_eq!(family.ask("GET ", "").await.header("retry-after"), Some("3"), "rounded up");
    family.house.clock.advance(2_998);
    assert_eq!(family.ask("GET ", "").await.header("retry-after"), Some("1"));
    family.house.clock.advance(1);
    assert_eq!(status("GET ").await, 200);
}

#[tokio::test]
async fn subaccounts_are_counted_with_their_main_account_and_no_family_with_another() {
    let family = limited(2).await;
    let (sibling, stranger) = (family.sibling().await, family.stranger().await);
    assert_eq!(family.ask_as(&family.sub, "GET ", "").await.status, 200);
    assert_eq!(family.ask_as(&sibling, "GET ", "").await.status, 200);
    for account in [&family.main, &family.sub, &sibling] {
        assert_eq!(family.ask_as(account, "GET ", "").await.status, 429);
    }
    assert_eq!(family.ask_as(&stranger, "GET ", "").await.status, 200);
}

/// Authentication comes before it, and the method after.
#[tokio::test]
async fn who_is_not_let_in_is_not_counted_and_a_wrong_method_is() {
    let family = limited(1).await;
    let path = format!("/v1/Account/{}/", super::auth_id(&family.main));
    for _ in 0..3 {
        assert_eq!(
            family.house.get(&path, Auth::Basic(super::auth_id(&family.main), "wrong")).await.status,
            401
        );
        let beside = format!("/v1/Account/{}/", super::auth_id(&family.sub));
        assert_eq!(family.house.get(&beside, by_token(&family.main)).await.status, 401);
        assert_eq!(family.house.get("/v1/Account/x/y/z/a/b/", by_token(&family.main)).await.status, 404);
    }
    assert_eq!(family.ask("PUT ", "").await.status, 405);
    assert_eq!(family.ask("PUT ", "").await.status, 429);
    assert_eq!(family.house.get(&path, Auth::Basic(super::auth_id(&family.main), "wrong")).await.status, 401);
}

#[tokio::test]
async fn other_dialects_are_not_counted() {
    let family = limited(1).await;
    assert_eq!(family.ask("GET ", "").await.status, 200);
    for _ in 0..3 {
        assert_eq!(family.house.get("/account/get-balance", family.main.auth()).await.status, 200);
    }
}

#[tokio::test]
async fn nothing_is_counted_where_the_limit_is_0() {
    let family = limited(0).await;
    for _ in 0..400 {
        assert_eq!(family.ask("GET ", "").await.status, 200);
    }
}

/// Of one account, from one address: nobody locks out anybody else.
#[tokio::test]
async fn too_many_failed_authentications_are_told_when_to_come_again() {
    let family = limited(0).await;
    let path = format!("/v1/Account/{}/Subaccount/", super::auth_id(&family.main));
    let wrong = Auth::Basic(super::auth_id(&family.main), "wrong");
    for _ in 0..60 {
        assert_eq!(family.house.get(&path, wrong).await.status, 401);
    }
    assert_snapshot!(family.shown(&family.house.get(&path, wrong).await), @r#"
    429
    content-type: application/json
    retry-after: 60
    {
      "api_id": "<uuid 1>",
      "error": "too many requests",
      "objects": []
    }
    "#);
    assert_eq!(family.ask_as(&family.sub, "GET ", "").await.status, 200);
    family.house.clock.advance(60_000);
    assert_eq!(family.ask("GET ", "").await.status, 200);
}
