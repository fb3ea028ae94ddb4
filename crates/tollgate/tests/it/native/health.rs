//! Whether the process lives and its store takes writes.

use std::sync::atomic::Ordering;

use insta::assert_snapshot;

use crate::house::{Auth, House};

#[tokio::test]
async fn the_process_lives_and_is_ready_without_credentials() {
    let house = House::new();
    let answer = house.get("/healthz", Auth::Nothing).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "status": "alive"
    }
    "#);
    let answer = house.get("/readyz", Auth::Nothing).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "status": "ready"
    }
    "#);
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_not_ready_and_the_process_lives() {
    let house = House::new();
    house.app.store().figures().takes_writes.store(false, Ordering::Relaxed);
    let answer = house.get("/readyz", Auth::Nothing).await;
    assert_snapshot!(house.shown(&answer), @r#"
    503
    content-type: application/problem+json
    {
      "code": "unavailable",
      "detail": "The store does not take this now, and nothing was done. Ask again later, best with the same `Idempotency-Key`.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 503,
      "title": "Unavailable",
      "type": "urn:tollgate:problem:unavailable"
    }
    "#);
    assert_eq!(house.get("/healthz", Auth::Nothing).await.status, 200);
}
