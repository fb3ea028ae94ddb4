//! Webhooks: making, changing, rotating and deleting them, whole answers. What is sent to them, `crate::webhooks` shows.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Family, call_by_member, keyed, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, Opening};

impl Family {
    /// A webhook of an account's: the answer, and where it is.
    async fn webhook(&self, by: &Opening, body: Value) -> (Answer, String) {
        let made = self.house.post("/api/v1/webhooks", by.auth(), body.to_string()).await;
        assert_eq!(made.status, 201, "{made}");
        let path = format!("/api/v1/webhooks/{}", text(&made.json()["id"]));
        (made, path)
    }

    /// The addresses of a list of webhooks.
    async fn urls(&self, query: &str, by: Auth<'_>) -> Vec<String> {
        let listed = self.house.get(&format!("/api/v1/webhooks{query}"), by).await;
        assert_eq!(listed.status, 200, "{listed}");
        listed.json()["webhooks"].as_array().unwrap().iter().map(|it| text(&it["url"])).collect()
    }
}

#[tokio::test]
async fn a_webhook_is_made_with_a_secret_that_is_shown_once() {
    let family = Family::new().await;
    let house = &family.house;
    let body =
        json!({ "url": "https://partner.example/events", "types": ["available.low", "account.closed"] });
    let (made, path) = family.webhook(&family.primary, body).await;
    let secret = text(&made.json()["secret"]);
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    call_by_member(house, &made, &["secret"]);
    insta::assert_snapshot!(house.shown(&made), @r#"
    201
    content-type: application/json
    {
      "account": null,
      "created_at": "2024-08-28T14:11:32.242Z",
      "disabled_at": null,
      "enabled": true,
      "id": "<uuid 1>",
      "old_secret_until": null,
      "owner": "<id of Partner>",
      "secret": "<secret>",
      "secret_since": "2024-08-28T14:11:32.242Z",
      "types": [
        "account.closed",
        "available.low"
      ],
      "url": "https://partner.example/events"
    }
    "#);
    let mut shown = made.json();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(house.get(&path, family.primary.auth()).await.json(), shown);
    let listed = house.get("/api/v1/webhooks", family.primary.auth()).await;
    assert_eq!(listed.json(), json!({ "webhooks": [shown], "next": null }));
    let audited = house.get("/api/v1/audit?limit=1", family.primary.auth()).await;
    assert!(audited.text().contains("webhook_made") && !audited.text().contains("whsec_"), "{audited}");
}

#[tokio::test]
async fn the_same_request_under_its_key_shows_the_same_secret() {
    let family = Family::new().await;
    let body = r#"{"url":"https://operator.example"}"#;
    let first = keyed(&family.house, Method::POST, "/api/v1/webhooks", "one", body).await;
    let again = keyed(&family.house, Method::POST, "/api/v1/webhooks", "one", body).await;
    assert_eq!((first.status, first.json()), (201, again.json()), "{again}");
    assert_eq!(family.urls("", BY_OPERATOR).await.len(), 1);
    let rotate = format!("/api/v1/webhooks/{}/rotate", text(&first.json()["id"]));
    let rotated = keyed(&family.house, Method::POST, &rotate, "two", "").await;
    let again = keyed(&family.house, Method::POST, &rotate, "two", "").await;
    assert_eq!((rotated.status, rotated.json()), (200, again.json()), "{again}");
    assert_ne!(rotated.json()["secret"], first.json()["secret"]);
}

#[tokio::test]
async fn each_lists_what_it_keeps_page_by_page() {
    let family = Family::new().await;
    let Family { primary, own, shared, stranger, .. } = &family;
    for (of, url) in
        [(primary, "primary"), (own, "own"), (shared, "shared"), (stranger, "stranger"), (own, "own2")]
    {
        family.webhook(of, json!({ "url": format!("https://{url}.example") })).await;
        family.house.clock.advance(1);
    }
    let urls = async |query: &str, by| {
        let all = family.urls(query, by).await;
        all.iter().map(|it| it.replace("https://", "").replace(".example", "")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(urls("", BY_OPERATOR).await, "primary own shared stranger own2");
    assert_eq!(urls("", primary.auth()).await, "primary own shared own2");
    assert_eq!(urls("", own.auth()).await, "own own2");
    assert_eq!(urls(&format!("?owner={}", own.key), primary.auth()).await, "own own2");
    assert_eq!(urls(&format!("?owner={}", own.key), BY_OPERATOR).await, "own own2");
    for (of, by) in [(primary, own), (own, stranger), (stranger, primary), (shared, own)] {
        assert_eq!(urls(&format!("?owner={}", of.key), by.auth()).await, "");
    }
    assert_eq!(urls("?owner=00000000", primary.auth()).await, "");
    let page = family.house.get("/api/v1/webhooks?limit=3", primary.auth()).await.json();
    assert_eq!(page["webhooks"].as_array().unwrap().len(), 3);
    let after = format!("?limit=3&after={}", text(&page["next"]));
    assert_eq!(urls(&after, primary.auth()).await, "own2");
    assert_eq!(
        family.house.get(&format!("/api/v1/webhooks{after}"), primary.auth()).await.json()["next"],
        Value::Null
    );
}

#[tokio::test]
async fn it_is_changed_looked_at_and_deleted_by_whose_it_is_by_its_primary_and_by_the_operator() {
    let family = Family::new().await;
    let house = &family.house;
    let body = json!({ "url": "https://partner.example", "account": family.own.key });
    let (_, path) = family.webhook(&family.primary, body).await;
    house.clock.advance(8);
    let change = json!({ "types": ["hold.captured"], "enabled": false }).to_string();
    let changed = house.patch(&path, family.primary.auth(), change).await;
    insta::assert_snapshot!(house.shown(&changed), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "created_at": "2024-08-28T14:11:32.242Z",
      "disabled_at": "2024-08-28T14:11:32.250Z",
      "enabled": false,
      "id": "<uuid 1>",
      "old_secret_until": null,
      "owner": "<id of Partner>",
      "secret_since": "2024-08-28T14:11:32.242Z",
      "types": [
        "hold.captured"
      ],
      "url": "https://partner.example"
    }
    "#);
    assert_eq!(house.get(&path, family.primary.auth()).await.json(), changed.json());
    let all = house.patch(&path, family.primary.auth(), r#"{"types":null,"enabled":true}"#).await.json();
    assert_eq!(
        [&all["types"], &all["enabled"], &all["disabled_at"]],
        [&Value::Null, &json!(true), &Value::Null]
    );
    for auth in [family.stranger.auth(), family.own.auth()] {
        assert_eq!(problem(&house.get(&path, auth).await), "404 not_found");
        assert_eq!(problem(&house.patch(&path, auth, "{}").await), "404 not_found");
        assert_eq!(problem(&house.post(&format!("{path}/rotate"), auth, "").await), "404 not_found");
        assert_eq!(problem(&house.delete(&path, auth).await), "404 not_found");
    }
    let deleted = house.delete(&path, BY_OPERATOR).await;
    assert_eq!(deleted.json()["deleted_at"], "2024-08-28T14:11:32.250Z", "{deleted}");
    assert_eq!(problem(&house.get(&path, family.primary.auth()).await), "404 not_found");
    let (_, of_sub) = family.webhook(&family.own, json!({ "url": "https://customer.example" })).await;
    assert_eq!(house.delete(&of_sub, family.primary.auth()).await.status, 200);
}

#[tokio::test]
async fn a_rotation_says_until_when_the_old_secret_signs() {
    let family = Family::new().await;
    let house = &family.house;
    let (made, path) = family.webhook(&family.own, json!({ "url": "https://customer.example" })).await;
    let rotate =
        async |body: &str| house.post(&format!("{path}/rotate"), family.own.auth(), body.to_owned()).await;
    house.clock.advance(1);
    let rotated = rotate("").await;
    call_by_member(house, &rotated, &["secret"]);
    insta::assert_snapshot!(house.shown(&rotated), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "created_at": "2024-08-28T14:11:32.242Z",
      "disabled_at": null,
      "enabled": true,
      "id": "<uuid 1>",
      "old_secret_until": "2024-08-29T14:11:32.243Z",
      "owner": "<id of Own>",
      "secret": "<secret>",
      "secret_since": "2024-08-28T14:11:32.243Z",
      "types": null,
      "url": "https://customer.example"
    }
    "#);
    assert_ne!(rotated.json()["secret"], made.json()["secret"]);
    let at_once = rotate(r#"{"overlap_seconds":0}"#).await.json();
    assert_eq!(at_once["old_secret_until"], Value::Null);
    let range = "422 invalid: overlap_seconds must be from 0 to 2592000, which are 30 days";
    assert_eq!(problem(&rotate(r#"{"overlap_seconds":2592001}"#).await), range);
    assert_eq!(problem(&rotate(r#"{"overlap_seconds":-1}"#).await), range);
    assert!(problem(&rotate(r#"{"overlap":1}"#).await).starts_with("422 invalid: overlap is not known here"));
}

#[tokio::test]
async fn what_is_wrong_with_it_is_said() {
    let family = Family::new().await;
    let house = &family.house;
    let make = async |body: &str| {
        problem(&house.post("/api/v1/webhooks", family.primary.auth(), body.to_owned()).await)
    };
    let url = "must be an http or https address of at most 2048 characters, without a user, a password or a fragment";
    for wrong in
        ["ftp://a.example", "https://", "https://a:b@c.example", "https://a.example/#b", "javascript:x"]
    {
        let body = json!({ "url": wrong }).to_string();
        assert_eq!(make(&body).await, format!("422 invalid: url {url}"), "{wrong}");
    }
    assert_eq!(make("{}").await, "422 invalid: url is required");
    for types in [r#"["low"]"#, "[]", r#""available.low""#, "{}"] {
        let body = format!(r#"{{"url":"https://a.example","types":{types}}}"#);
        assert!(make(&body).await.starts_with("422 invalid: types must be a list"), "{types}");
    }
    let foreign = json!({ "url": "https://a.example", "account": family.stranger.key }).to_string();
    assert_eq!(make(&foreign).await, "404 not_found");
    for query in ["after=x", "limit=0", "owners=x"] {
        let answer = house.get(&format!("/api/v1/webhooks?{query}"), family.primary.auth()).await;
        assert!(problem(&answer).starts_with("422 invalid"), "{query}: {answer}");
    }
    for _ in 0..20 {
        let made = house.post("/api/v1/webhooks", BY_OPERATOR, r#"{"url":"https://a.example"}"#).await;
        assert_eq!(made.status, 201, "{made}");
    }
    let more = house.post("/api/v1/webhooks", BY_OPERATOR, r#"{"url":"https://a.example"}"#).await;
    assert_eq!(problem(&more), "409 webhooks_max");
}
