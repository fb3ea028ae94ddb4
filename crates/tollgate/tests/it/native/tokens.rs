//! Operator and gate tokens.

use insta::assert_snapshot;

use super::{Family, call_by_member, gate, problem, text};
use crate::ground::Engine;
use crate::house::{Auth, BY_OPERATOR, House};

const TOKENS: &str = "/api/v1/tokens";

#[tokio::test]
async fn a_token_is_made_listed_and_revoked() {
    let house = House::new();
    let made = house.post(TOKENS, BY_OPERATOR, r#"{"scope":"gate","may_force":true}"#).await;
    call_by_member(&house, &made, &["id", "token"]);
    // With a file it is so at once, and wherever a database is served within a second.
    let within = if Engine::of_this_run() == Engine::Sqlite { 0 } else { 1_000 };
    assert_eq!(made.json()["in_force_within_ms"], within);
    let shown = |answer| house.shown(answer).replace(&format!("_ms\": {within}"), "_ms\": <within>");
    assert_snapshot!(shown(&made), @r#"
    201
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.239Z",
      "id": "<id>",
      "in_force_within_ms": <within>,
      "limits": null,
      "may_force": true,
      "revoked_at": null,
      "scope": "gate",
      "token": "<token>"
    }
    "#);
    let (id, token) = (text(&made.json()["id"]), text(&made.json()["token"]));
    house.clock.advance(1_000);
    let operator = text(&house.post(TOKENS, BY_OPERATOR, r#"{"scope":"operator"}"#).await.json()["token"]);
    let path = format!("{TOKENS}/{id}");
    let answer = house.delete(&path, Auth::Bearer(&operator)).await;
    assert_snapshot!(shown(&answer), @r#"
    200
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.239Z",
      "id": "<id>",
      "in_force_within_ms": <within>,
      "limits": null,
      "may_force": true,
      "revoked_at": "2024-08-28T14:11:33.239Z",
      "scope": "gate"
    }
    "#);
    let answer = house.get(TOKENS, Auth::Bearer(&operator)).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "next": null,
      "tokens": [
        {
          "created_at": "2024-08-28T14:11:32.239Z",
          "id": "<id>",
          "limits": null,
          "may_force": true,
          "revoked_at": "2024-08-28T14:11:33.239Z",
          "scope": "gate"
        },
        {
          "created_at": "2024-08-28T14:11:33.239Z",
          "id": "<uuid 1>",
          "limits": null,
          "may_force": true,
          "revoked_at": null,
          "scope": "operator"
        }
      ]
    }
    "#);
    // Dead when the answer came; and once dead, no more to be revoked.
    let body = r#"{"account":"nobody","amount":"1"}"#;
    assert_eq!(
        problem(&house.post("/api/v1/charges", Auth::Bearer(&token), body).await),
        "401 unauthenticated"
    );
    let answer = house.delete(&path, BY_OPERATOR).await;
    assert_snapshot!(house.shown(&answer), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "There is no such token that is not revoked. List them with GET /api/v1/tokens. A token that the server was started with ends by starting it without.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
}

#[tokio::test]
async fn tokens_are_the_operators_alone() {
    let family = Family::new().await;
    let gate = gate(&family.house, true).await;
    for auth in [Auth::Bearer(&gate), family.primary.auth(), family.own.auth()] {
        for answer in [
            family.house.get(TOKENS, auth).await,
            family.house.post(TOKENS, auth, r#"{"scope":"operator"}"#).await,
            family.house.delete(&format!("{TOKENS}/0191992b-0000-7000-8000-000000000000"), auth).await,
        ] {
            assert_eq!(problem(&answer), "403 forbidden");
        }
    }
}

#[tokio::test]
async fn a_token_is_refused_by_what_is_wrong_with_it() {
    let house = House::new();
    let mut said = Vec::new();
    for body in [
        "{}",
        r#"{"scope":"admin"}"#,
        r#"{"scope":"gate","may_force":"yes"}"#,
        r#"{"scope":"operator","may_force":false}"#,
        r#"{"scope":"gate","name":"edge"}"#,
    ] {
        said.push(problem(&house.post(TOKENS, BY_OPERATOR, body).await));
    }
    // The one in the environment is stored nowhere and ends with the process.
    for id in ["00000000-0000-0000-0000-000000000000", "nobody"] {
        said.push(problem(&house.delete(&format!("{TOKENS}/{id}"), BY_OPERATOR).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: scope is required
    422 invalid: scope must be "operator" or "gate"
    422 invalid: may_force must be true or false
    422 invalid: may_force must not be false for an operator token, which may do everything
    422 invalid: name is not known here; known are scope, may_force, limits
    404 not_found
    404 not_found
    "#);
}

#[tokio::test]
async fn tokens_come_in_pages_and_by_scope_and_status() {
    let house = House::new();
    let mut made = Vec::new();
    for scope in ["gate", "operator", "gate", "gate"] {
        // Lists are in the order of the ids, which only those of different milliseconds have.
        house.clock.advance(1);
        let body = format!(r#"{{"scope":"{scope}"}}"#);
        made.push(text(&house.post(TOKENS, BY_OPERATOR, body).await.json()["id"]));
    }
    assert_eq!(house.delete(&format!("{TOKENS}/{}", made[2]), BY_OPERATOR).await.status, 200);
    let list = async |query: &str| {
        let page = house.get(&format!("{TOKENS}?{query}"), BY_OPERATOR).await.json();
        let ids: Vec<_> = page["tokens"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect();
        let places: Vec<_> = ids.iter().map(|id| made.iter().position(|it| it == id).unwrap()).collect();
        (places, page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, (vec![0, 1, 2, 3], None));
    let (first, next) = list("limit=3").await;
    assert_eq!(first, [0, 1, 2]);
    assert_eq!(list(&format!("limit=3&cursor={}", next.unwrap())).await, (vec![3], None));
    assert_eq!(list("scope=gate").await.0, [0, 2, 3]);
    assert_eq!(list("scope=gate&status=live").await.0, [0, 3]);
    assert_eq!(list("status=revoked").await.0, [2]);
    house.clock.advance(1);
    let limited = house.post(TOKENS, BY_OPERATOR, r#"{"scope":"gate","limits":{"amount_max":"5"}}"#).await;
    made.push(text(&limited.json()["id"]));
    let list = async |query: &str| {
        let page = house.get(&format!("{TOKENS}?{query}"), BY_OPERATOR).await.json();
        let ids: Vec<_> = page["tokens"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect();
        ids.iter().map(|id| made.iter().position(|it| it == id).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list("restricted=true").await, [4]);
    assert_eq!(list("scope=gate&restricted=false").await, [0, 2, 3]);
    assert_eq!(
        problem(&house.get(&format!("{TOKENS}?scope=all&cursor=x"), BY_OPERATOR).await),
        "422 invalid: scope must be \"operator\" or \"gate\"; cursor must be the `next` of the page before"
    );
}
