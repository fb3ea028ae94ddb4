//! Credentials of accounts: listed, added, revoked, rotated.

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::Value;

use super::{Family, call_by_member, gate, keyed, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, Opening};

const DAY_MS: i64 = 86_400_000;

impl Family {
    async fn credentials(&self, account: &Opening, auth: Auth<'_>) -> Answer {
        self.house.get(&self.path(account, "/credentials"), auth).await
    }

    async fn add(&self, account: &Opening, auth: Auth<'_>, body: &str) -> Answer {
        self.house.post(&self.path(account, "/credentials"), auth, body.to_owned()).await
    }

    async fn rotate(&self, account: &Opening, auth: Auth<'_>, body: &str) -> Answer {
        self.house.post(&self.path(account, "/credentials/rotate"), auth, body.to_owned()).await
    }

    async fn revoke(&self, account: &Opening, auth: Auth<'_>, credential: &str) -> Answer {
        self.house.delete(&self.path(account, &format!("/credentials/{credential}")), auth).await
    }

    /// Whether this text lets the account in: 200, or 401.
    async fn status(&self, account: &Opening, secret: &str) -> u16 {
        self.house.get(&self.path(account, ""), Auth::Basic(&account.key, secret)).await.status
    }

    /// The ids of an account's credentials of a kind.
    async fn ids(&self, account: &Opening, kind: &str) -> Vec<String> {
        let listed = self.credentials(account, BY_OPERATOR).await.json();
        let listed = listed["credentials"].as_array().unwrap().iter();
        listed.filter(|it| it["kind"] == kind).map(|it| text(&it["id"])).collect()
    }
}

#[tokio::test]
async fn credentials_are_listed_with_their_last_use() {
    let family = Family::new().await;
    let house = &family.house;
    assert_snapshot!(house.shown(&family.credentials(&family.own, BY_OPERATOR).await), @r#"
    200
    content-type: application/json
    {
      "credentials": [
        {
          "created_at": "2024-08-28T14:11:32.240Z",
          "expires_at": null,
          "id": "<uuid 1>",
          "kind": "secret",
          "last_used_at": null,
          "limits": null
        },
        {
          "created_at": "2024-08-28T14:11:32.240Z",
          "expires_at": null,
          "id": "<uuid 2>",
          "kind": "token",
          "last_used_at": null,
          "limits": null
        }
      ]
    }
    "#);
    // Its use is noted at most once a minute.
    let mut said = Vec::new();
    for millis in [1_000, 59_999, 1] {
        house.clock.advance(millis);
        let listed = family.credentials(&family.own, family.own.auth()).await.json();
        let used = listed["credentials"].as_array().unwrap().iter();
        said.push(used.map(|it| it["last_used_at"].to_string()).collect::<Vec<_>>().join(" "));
    }
    assert_snapshot!(said.join("\n"), @r#"
    "2024-08-28T14:11:33.242Z" null
    "2024-08-28T14:11:33.242Z" null
    "2024-08-28T14:12:33.242Z" null
    "#);
}

#[tokio::test]
async fn a_credential_is_added_and_revoked() {
    let family = Family::new().await;
    let house = &family.house;
    let secret = family.add(&family.own, family.own.auth(), r#"{"kind":"secret"}"#).await;
    call_by_member(house, &secret, &["id", "secret"]);
    assert_snapshot!(house.shown(&secret), @r#"
    201
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.242Z",
      "expires_at": null,
      "id": "<id>",
      "kind": "secret",
      "last_used_at": null,
      "limits": null,
      "secret": "<secret>"
    }
    "#);
    let token = family.add(&family.own, family.primary.auth(), r#"{"kind":"token"}"#).await;
    call_by_member(house, &token, &["auth_token"]);
    assert_snapshot!(house.shown(&token), @r#"
    201
    content-type: application/json
    {
      "auth_token": "<auth_token>",
      "created_at": "2024-08-28T14:11:32.242Z",
      "expires_at": null,
      "id": "<uuid 1>",
      "kind": "token",
      "last_used_at": null,
      "limits": null
    }
    "#);
    let texts = [text(&secret.json()["secret"]), text(&token.json()["auth_token"])];
    for text in &texts {
        assert_eq!(family.status(&family.own, text).await, 200);
        assert!(!family.credentials(&family.own, BY_OPERATOR).await.text().contains(text.as_str()));
    }

    house.clock.advance(1_000);
    let id = text(&secret.json()["id"]);
    assert_snapshot!(house.shown(&family.revoke(&family.own, BY_OPERATOR, &id).await), @r#"
    200
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.242Z",
      "expires_at": null,
      "id": "<id>",
      "kind": "secret",
      "limits": null,
      "revoked_at": "2024-08-28T14:11:33.242Z"
    }
    "#);
    assert_eq!(
        [family.status(&family.own, &texts[0]).await, family.status(&family.own, &texts[1]).await],
        [401, 200]
    );
    assert_eq!(family.ids(&family.own, "secret").await.len(), 1);
    assert_snapshot!(house.shown(&family.revoke(&family.own, BY_OPERATOR, &id).await), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "The account has no such live credential. List them with GET /api/v1/accounts/{account}/credentials.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
}

#[tokio::test]
async fn a_secret_may_be_chosen_within_the_rule() {
    let family = Family::new().await;
    let body = r#"{"kind":"secret","secret":"Password123"}"#;
    let added = family.add(&family.own, family.own.auth(), body).await;
    assert_eq!((added.status, &added.json()["secret"]), (201, &Value::from("Password123")));
    assert_eq!(family.status(&family.own, "Password123").await, 200);
    let mut said = vec![problem(&family.add(&family.own, family.own.auth(), body).await)];
    for body in [
        "{}",
        r#"{"kind":"password","secret":1}"#,
        r#"{"kind":"secret","secret":"Short12"}"#,
        r#"{"kind":"secret","secret":"password123"}"#,
        r#"{"kind":"token","secret":"Password123"}"#,
        r#"{"kind":"token","auth_token":"Password123"}"#,
    ] {
        said.push(problem(&family.add(&family.own, family.own.auth(), body).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    409 secret_in_use
    422 invalid: kind is required
    422 invalid: kind must be "secret" or "token"; secret must be a string
    422 invalid: secret must have 8 to 25 characters, among them a lower-case letter, a capital and a digit
    422 invalid: secret must have 8 to 25 characters, among them a lower-case letter, a capital and a digit
    422 invalid: secret must be left out for a token, which is made here and never chosen
    422 invalid: auth_token is not known here; known are kind, secret, limits
    "#);
}

#[tokio::test]
async fn two_of_a_kind_live_and_the_last_stays() {
    let family = Family::new().await;
    let house = &family.house;
    for kind in ["secret", "token"] {
        let body = format!(r#"{{"kind":"{kind}"}}"#);
        let [only] = &family.ids(&family.own, kind).await[..] else { panic!("one {kind}") };
        assert_eq!(problem(&family.revoke(&family.own, BY_OPERATOR, only).await), "409 last_credential");
        assert_eq!(family.add(&family.own, BY_OPERATOR, &body).await.status, 201);
        assert_eq!(problem(&family.add(&family.own, BY_OPERATOR, &body).await), "409 credentials_max");
        assert_eq!(problem(&family.rotate(&family.own, BY_OPERATOR, &body).await), "409 credentials_max");
    }
    assert_snapshot!(house.shown(&family.add(&family.own, BY_OPERATOR, r#"{"kind":"token"}"#).await), @r#"
    409
    content-type: application/problem+json
    {
      "code": "credentials_max",
      "detail": "The account has 2 credentials of this kind, the most it may have. Revoke one first, or rotate with `overlap_seconds` 0, which ends them all.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "No more credentials",
      "type": "urn:tollgate:problem:credentials_max"
    }
    "#);
    // What ends makes way for nothing before it has ended, and does not count as the one that stays.
    let body = r#"{"kind":"token"}"#;
    assert_eq!(family.rotate(&family.shared, BY_OPERATOR, body).await.status, 201);
    assert_eq!(problem(&family.add(&family.shared, BY_OPERATOR, body).await), "409 credentials_max");
    let [old, new] = &family.ids(&family.shared, "token").await[..] else { panic!("two tokens") };
    assert_snapshot!(house.shown(&family.revoke(&family.shared, BY_OPERATOR, new).await), @r#"
    409
    content-type: application/problem+json
    {
      "code": "last_credential",
      "detail": "An account keeps at least one credential of each kind whose end is not set. Add another first, or rotate this one.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The last credential stays",
      "type": "urn:tollgate:problem:last_credential"
    }
    "#);
    assert_eq!(family.revoke(&family.shared, BY_OPERATOR, old).await.status, 200);
}

#[tokio::test]
async fn a_token_is_rotated_and_both_let_in_until_the_old_one_ends() {
    let family = Family::new().await;
    let house = &family.house;
    let old = family.own.opened.auth_token.clone();
    let body = r#"{"kind":"token","overlap_seconds":3600}"#;
    let answer = family.rotate(&family.own, Auth::Basic(&family.own.key, &old), body).await;
    call_by_member(house, &answer, &["id", "auth_token"]);
    assert_snapshot!(house.shown(&answer), @r#"
    201
    content-type: application/json
    {
      "auth_token": "<auth_token>",
      "created_at": "2024-08-28T14:11:32.242Z",
      "expires_at": null,
      "id": "<id>",
      "kind": "token",
      "last_used_at": null,
      "limits": null
    }
    "#);
    let new = text(&answer.json()["auth_token"]);
    assert_snapshot!(house.shown(&family.credentials(&family.own, BY_OPERATOR).await), @r#"
    200
    content-type: application/json
    {
      "credentials": [
        {
          "created_at": "2024-08-28T14:11:32.240Z",
          "expires_at": null,
          "id": "<uuid 1>",
          "kind": "secret",
          "last_used_at": null,
          "limits": null
        },
        {
          "created_at": "2024-08-28T14:11:32.240Z",
          "expires_at": "2024-08-28T15:11:32.242Z",
          "id": "<uuid 2>",
          "kind": "token",
          "last_used_at": "2024-08-28T14:11:32.242Z",
          "limits": null
        },
        {
          "created_at": "2024-08-28T14:11:32.242Z",
          "expires_at": null,
          "id": "<id>",
          "kind": "token",
          "last_used_at": null,
          "limits": null
        }
      ]
    }
    "#);
    for (millis, expected) in [(0, [200, 200]), (3_599_999, [200, 200]), (1, [401, 200])] {
        house.clock.advance(millis);
        let both = [family.status(&family.own, &old).await, family.status(&family.own, &new).await];
        assert_eq!(both, expected);
    }
    // It is dead and not listed any more; that it ended is written down by the sweeper.
    let listed = family.ids(&family.own, "token").await;
    assert_eq!(listed, [text(&answer.json()["id"])]);
    let lines = || house.app.store().figures().lines.load(std::sync::atomic::Ordering::Relaxed);
    let before = lines();
    for _ in 0..2 {
        house.app.expire_due_credentials().await.unwrap();
        assert_eq!(lines(), before + 1);
    }
    assert_eq!(family.ids(&family.own, "token").await, listed);
    assert_eq!([family.status(&family.own, &old).await, family.status(&family.own, &new).await], [401, 200]);
    assert_eq!(family.status(&family.own, &family.own.secret).await, 200);
}

#[tokio::test]
async fn the_overlap_is_a_day_unless_said_and_30_days_at_most() {
    let family = Family::new().await;
    let house = &family.house;
    let body = r#"{"kind":"secret"}"#;
    let new = text(&family.rotate(&family.own, BY_OPERATOR, body).await.json()["secret"]);
    house.clock.advance(DAY_MS - 1);
    assert_eq!(family.status(&family.own, &family.own.secret).await, 200);
    house.clock.advance(1);
    assert_eq!(family.status(&family.own, &family.own.secret).await, 401);

    // No overlap: the old ones are dead when the answer comes, however many there are.
    let other = text(&family.add(&family.own, BY_OPERATOR, body).await.json()["secret"]);
    let answer = family.rotate(&family.own, BY_OPERATOR, r#"{"kind":"secret","overlap_seconds":0}"#).await;
    assert_eq!(family.status(&family.own, &text(&answer.json()["secret"])).await, 200);
    for old in [new, other] {
        assert_eq!(family.status(&family.own, &old).await, 401);
    }
    assert_eq!(family.ids(&family.own, "secret").await, [text(&answer.json()["id"])]);

    let mut said = Vec::new();
    for body in [
        "{}",
        r#"{"kind":"token","overlap_seconds":-1}"#,
        r#"{"kind":"token","overlap_seconds":2592001}"#,
        r#"{"kind":"token","overlap_seconds":9223372036854775807}"#,
        r#"{"kind":"token","overlap_seconds":1.5}"#,
        r#"{"kind":"token","overlap_seconds":true}"#,
        r#"{"kind":"secret","secret":"Password123"}"#,
    ] {
        said.push(problem(&family.rotate(&family.own, BY_OPERATOR, body).await));
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: kind is required
    422 invalid: overlap_seconds must be from 0 to 2592000, which are 30 days
    422 invalid: overlap_seconds must be from 0 to 2592000, which are 30 days
    422 invalid: overlap_seconds must be from 0 to 2592000, which are 30 days
    422 invalid: overlap_seconds must be a whole number
    422 invalid: overlap_seconds must be a string or a number
    422 invalid: secret is not known here; known are kind, overlap_seconds
    ");
    let longest = r#"{"kind":"token","overlap_seconds":2592000}"#;
    assert_eq!(family.rotate(&family.own, BY_OPERATOR, longest).await.status, 201);
}

#[tokio::test]
async fn credentials_are_for_the_operator_the_account_and_its_primary() {
    let family = Family::new().await;
    let gate = gate(&family.house, true).await;
    let nobody = "0191992b-0000-7000-8000-000000000000";
    let body = r#"{"kind":"secret"}"#;
    let mut said = Vec::new();
    for (who, account, auth) in [
        ("operator", &family.own, BY_OPERATOR),
        ("primary", &family.own, family.primary.auth()),
        ("itself", &family.own, family.own.auth()),
        ("a primary itself", &family.primary, family.primary.auth()),
        ("its subaccount", &family.primary, family.own.auth()),
        ("a sister", &family.own, family.shared.auth()),
        ("a stranger", &family.own, family.stranger.auth()),
        ("a gate", &family.own, Auth::Bearer(&gate)),
    ] {
        let status = |answer: Answer| answer.status.to_string();
        let statuses = [
            status(family.credentials(account, auth).await),
            status(family.add(account, auth, r#"{"kind":"secret","secret":"Short12"}"#).await),
            status(family.add(account, auth, r#"{"kind":"token","x":1}"#).await),
            status(family.rotate(account, auth, r#"{"kind":"token","overlap_seconds":-1}"#).await),
            status(family.revoke(account, auth, nobody).await),
        ];
        said.push(format!("{who}: {}", statuses.join(" ")));
    }
    assert_snapshot!(said.join("\n"), @"
    operator: 200 422 422 422 404
    primary: 200 422 422 422 404
    itself: 200 422 422 422 404
    a primary itself: 200 422 422 422 404
    its subaccount: 404 422 422 404 404
    a sister: 404 422 422 404 404
    a stranger: 404 422 422 404 404
    a gate: 403 422 422 403 403
    ");
    let named_otherwise = format!("/api/v1/accounts/{}/credentials", family.own.opened.account.auth_id);
    assert_eq!(family.house.post(&named_otherwise, BY_OPERATOR, body).await.status, 201);
    assert_eq!(problem(&family.revoke(&family.own, BY_OPERATOR, "nobody").await), "404 not_found");
    family.house.close(&family.own).await;
    assert_eq!(problem(&family.credentials(&family.own, BY_OPERATOR).await), "403 closed");
    assert_eq!(problem(&family.add(&family.own, BY_OPERATOR, body).await), "403 closed");
}

#[tokio::test]
async fn a_repeat_shows_the_same_text_and_adds_nothing() {
    let family = Family::new().await;
    for (rest, body) in [
        ("", r#"{"kind":"secret"}"#),
        ("", r#"{"kind":"token"}"#),
        ("/rotate", r#"{"kind":"secret","overlap_seconds":0}"#),
        ("/rotate", r#"{"kind":"token","overlap_seconds":0}"#),
        ("", r#"{"kind":"secret","secret":"Password123"}"#),
    ] {
        let path = family.path(&family.own, &format!("/credentials{rest}"));
        let ask = async || keyed(&family.house, Method::POST, &path, body, body).await;
        let first = ask().await;
        assert_eq!(first.status, 201, "{first}");
        family.house.clock.advance(1_000);
        let again = ask().await;
        assert_eq!((again.status, again.text()), (201, first.text()));
    }
    assert_eq!(family.ids(&family.own, "secret").await.len(), 2);
    assert_eq!(family.ids(&family.own, "token").await.len(), 1);
}
