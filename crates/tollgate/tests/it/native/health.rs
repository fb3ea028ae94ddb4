//! Whether the process lives and its store takes writes.

use std::sync::atomic::Ordering;

use insta::assert_snapshot;

use crate::house::{Auth, House};

#[tokio::test]
async fn the_process_lives_and_is_ready_without_credentials() {
    let house = House::new();
    assert_snapshot!(house.get("/healthz", Auth::Nothing).await, @"");
    assert_snapshot!(house.get("/readyz", Auth::Nothing).await, @"");
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_not_ready_and_the_process_lives() {
    let house = House::new();
    house.app.store().figures().takes_writes.store(false, Ordering::Relaxed);
    assert_snapshot!(house.get("/readyz", Auth::Nothing).await, @"");
    assert_eq!(house.get("/healthz", Auth::Nothing).await.status, 200);
}
