//! Plivo's own command line.

use insta::assert_snapshot;

use super::{left, owning};
use crate::house::Auth;
use crate::plivo::{Family, auth_id, checked};

#[tokio::test]
async fn plivo_cli_sends_enabled_alone() {
    let family = Family::new().await;
    let changed = family.ask("POST Subaccount/{SA}/", r#"{"enabled":false}"#).await;
    assert_snapshot!(family.shown(&changed), @r#"
    202
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "message": "changed"
    }
    "#);
    assert_eq!(family.seen("Subaccount/{SA}/", "/enabled").await, "false");
    assert_eq!(family.seen("Subaccount/{SA}/", "/name").await, "Sub");
}

#[tokio::test]
async fn plivo_cli_deletes_with_neither_body_nor_type() {
    let family = owning().await;
    let deleted = family.send(&family.main, "DELETE Subaccount/{SA}/", &[], "").await;
    assert_snapshot!(family.shown(&deleted), @"
    204
    content-type: application/json
    ");
    assert_eq!(left(&family).await, [1; 3]);
}

/// What it shows as `request_id` is the header, and the same as in the body.
#[tokio::test]
async fn plivo_cli_reads_the_request_id_from_a_header() {
    let family = Family::new().await;
    let answer = family.send(&family.main, "GET Subaccount/{SA}/", &[], "").await;
    assert_eq!(answer.json()["api_id"], answer.header("X-Request-ID").unwrap());
}

#[tokio::test]
async fn plivo_cli_may_show_a_scoped_token_which_nobody_has_here() {
    let family = Family::new().await;
    let path = format!("/v1/Account/{}/", auth_id(&family.main));
    let refused = checked(family.house.get(&path, Auth::Bearer("stk_0123456789")).await);
    assert_snapshot!(family.shown(&refused), @r#"
    401
    content-type: application/json
    www-authenticate: Basic realm="tollgate"
    {
      "api_id": "<uuid 1>",
      "error": "authentication failed"
    }
    "#);
}
