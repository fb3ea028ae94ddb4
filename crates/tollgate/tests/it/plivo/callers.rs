//! Who is let in, and what a subaccount's own credentials may do.

use axum::body::Body;
use axum::http::Request;
use insta::assert_snapshot;

use super::{Family, alike, auth_id, basic, by_token, checked, member, not_found};
use crate::house::{Auth, BY_OPERATOR, Opening};

const FAILED: &str = "authentication failed";

fn path_of(account: &Opening) -> String {
    format!("/v1/Account/{}/", auth_id(account))
}

async fn said(family: &Family, path: &str, auth: Auth<'_>) -> (u16, String) {
    let answer = checked(family.house.get(path, auth).await);
    (answer.status, member(&answer, "/error"))
}

fn unauthorized(error: &str) -> (u16, String) {
    (401, error.to_owned())
}

#[tokio::test]
async fn who_shows_nothing_is_asked_to() {
    let family = Family::new().await;
    let answer = checked(family.house.get(&path_of(&family.main), Auth::Nothing).await);
    assert_snapshot!(family.shown(&answer), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "authentication credentials were not provided"
    }
    "#);
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike_whatever_is_wrong() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let (main, token) = (auth_id(&family.main), &*family.main.opened.auth_token);
    let mut shown = Vec::new();
    for auth in [
        Auth::Basic(main, "wrong"),
        Auth::Basic(main, ""),
        Auth::Basic("MA000000000000000000", token),
        // Another account, whatever it is to this one.
        by_token(&family.sub),
        by_token(&stranger),
        Auth::Basic(auth_id(&family.sub), token),
        Auth::Bearer(token),
        BY_OPERATOR,
    ] {
        let answer = checked(family.house.get(&path_of(&family.main), auth).await);
        shown.push(family.shown(&answer));
    }
    for header in ["Basic", "Basic ???", "Basic bm9jb2xvbg==", "Digest x", &basic(main, "wrong")] {
        let request = Request::get(path_of(&family.main)).header("authorization", header);
        let answer = checked(family.house.send(request.body(Body::empty()).unwrap()).await);
        shown.push(family.shown(&answer));
    }
    assert_snapshot!(alike(shown), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "authentication failed"
    }
    "#);
}

/// Most authentications that fail do so by a wrong shape, and people look for it everywhere else.
#[tokio::test]
async fn a_malformed_auth_id_is_told_its_shape() {
    let family = Family::new().await;
    let token = &*family.main.opened.auth_token;
    let main = auth_id(&family.main);
    let lower = main.to_lowercase();
    let path =
        "authentication failed: the auth id in the path must be MA or SA and 18 capital letters or digits";
    for id in [&*lower, "MA", "YOUR_AUTH_ID", "%7Bauth_id%7D", &main[..19], &family.main.key] {
        let path_of_it = format!("/v1/Account/{id}/");
        assert_eq!(said(&family, &path_of_it, Auth::Basic(id, token)).await, unauthorized(path), "{id}");
        assert_eq!(said(&family, &path_of_it, by_token(&family.main)).await, unauthorized(path), "{id}");
    }
    let username =
        "authentication failed: the username must be an auth id, MA or SA and 18 capital letters or digits";
    for name in ["MA", "YOUR_AUTH_ID", &main[..19], ""] {
        let auth = Auth::Basic(name, token);
        assert_eq!(said(&family, &path_of(&family.main), auth).await, unauthorized(username), "{name}");
    }
}

#[tokio::test]
async fn an_account_shows_its_token_or_its_secret() {
    let family = Family::new().await;
    let main = auth_id(&family.main);
    for auth in [
        by_token(&family.main),
        Auth::Basic(main, &family.main.secret),
        Auth::Basic(&family.main.key, &family.main.opened.auth_token),
        family.main.auth(),
    ] {
        let answer = checked(family.house.get(&path_of(&family.main), auth).await);
        assert_eq!(answer.status, 200, "{auth:?}");
    }
}

#[tokio::test]
async fn a_disabled_subaccount_is_told_so_after_a_right_token_alone() {
    let family = Family::new().await;
    family.ask("POST Subaccount/{SA}/", r#"{"enabled":false}"#).await;
    let mut shown = Vec::new();
    for (line, body) in [
        ("GET ", ""),
        ("GET Number/1/", ""),
        ("POST Application/", r#"{"app_name":"app"}"#),
        ("DELETE Endpoint/1/", ""),
    ] {
        shown.push(family.shown(&family.ask_as(&family.sub, line, body).await));
    }
    assert_snapshot!(alike(shown), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "subaccount is disabled"
    }
    "#);
    let wrong = Auth::Basic(auth_id(&family.sub), "wrong");
    assert_eq!(said(&family, &path_of(&family.sub), wrong).await, unauthorized(FAILED));
    // At another account's path it is as any other: it says nothing of that account.
    assert_eq!(said(&family, &path_of(&family.main), by_token(&family.sub)).await, unauthorized(FAILED));
    let unknown = "/v1/Account/SA000000000000000000/";
    assert_eq!(said(&family, unknown, by_token(&family.sub)).await, unauthorized(FAILED));
}

#[tokio::test]
async fn a_disabled_main_account_takes_its_subaccounts_with_it() {
    let family = Family::new().await;
    let path = format!("/api/v1/accounts/{}", family.main.key);
    let disabled = family.house.patch(&path, BY_OPERATOR, r#"{"status":"suspended"}"#).await;
    assert_eq!(disabled.status, 200, "{disabled}");
    assert_snapshot!(family.shown(&family.ask("GET Subaccount/", "").await), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "account is disabled",
      "objects": []
    }
    "#);
    let answer = family.ask_as(&family.sub, "GET ", "").await;
    assert_eq!((answer.status, member(&answer, "/error")), unauthorized("subaccount is disabled"));
}

#[tokio::test]
async fn nobody_calls_in_anothers_name() {
    let family = Family::new().await;
    let stranger = family.stranger().await;
    let accounts = [&family.main, &family.sub, &stranger];
    for caller in accounts {
        for called in accounts.into_iter().filter(|it| it.id != caller.id) {
            for rest in ["", "Subaccount/", "Application/", "Number/1/", "PhoneNumber/?country_iso=US"] {
                let path = format!("{}{rest}", path_of(called));
                assert_eq!(said(&family, &path, by_token(caller)).await, unauthorized(FAILED), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_subaccount_has_no_subaccounts() {
    let family = Family::new().await;
    for (line, body) in [
        ("GET Subaccount/", ""),
        ("POST Subaccount/", r#"{"name":"Nested"}"#),
        ("GET Subaccount/{SA}/", ""),
        ("POST Subaccount/{SA}/", r#"{"name":"Me"}"#),
        ("DELETE Subaccount/{SA}/", ""),
    ] {
        let answer = family.ask_as(&family.sub, line, body).await;
        assert_eq!((answer.status, member(&answer, "/error")), not_found(), "{line}");
    }
    assert_eq!(family.listed(&family.main, "Subaccount/", "name").await, ["Sub"]);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_dead_at_once() {
    let family = Family::new().await;
    assert_eq!(family.ask_as(&family.sub, "GET ", "").await.status, 200);
    let path = format!("/api/v1/accounts/{}/credentials/rotate", family.sub.key);
    let body = serde_json::json!({ "kind": "token", "overlap_seconds": 0 });
    let rotated = family.by_operator(&path, body).await;
    let answer = family.ask_as(&family.sub, "GET ", "").await;
    assert_eq!((answer.status, member(&answer, "/error")), unauthorized(FAILED));
    let coming = member(&rotated, "/auth_token");
    assert_eq!(family.seen("Subaccount/{SA}/", "/auth_token").await, coming);
    let auth = Auth::Basic(auth_id(&family.sub), &coming);
    assert_eq!(family.house.get(&path_of(&family.sub), auth).await.status, 200);
}
