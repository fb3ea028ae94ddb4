//! The application that answers new numbers or endpoints when nothing is said.

use super::{Family, member};

const MAKE: &str = "POST Application/";

async fn made(family: &Family, flags: &str) -> String {
    member(&family.ask(MAKE, &format!(r#"{{"app_name":"app"{flags}}}"#)).await, "/app_id")
}

async fn flags(family: &Family, id: &str) -> [String; 2] {
    let path = format!("Application/{id}/");
    [family.seen(&path, "/default_app").await, family.seen(&path, "/default_endpoint_app").await]
}

fn ends_with(uri: &str, id: &str) {
    assert!(uri.ends_with(&format!("/Application/{id}/")), "{uri} {id}");
}

#[tokio::test]
async fn a_rented_number_gets_the_default_application() {
    let family = Family::new().await;
    let app = made(&family, r#","default_number_app":true"#).await;
    let other = made(&family, "").await;
    for msisdn in ["14155550100", "14155550101", "14155550102"] {
        family.stocked(msisdn, "0").await;
    }
    family.ask("POST PhoneNumber/14155550100/", "{}").await;
    ends_with(&family.seen("Number/14155550100/", "/application").await, &app);
    let body = format!(r#"{{"app_id":"{other}"}}"#);
    family.ask("POST PhoneNumber/14155550101/", &body).await;
    ends_with(&family.seen("Number/14155550101/", "/application").await, &other);
    let body = r#"{"numbers":"14155550109","carrier":"Own","region":"West"}"#;
    family.ask("POST Number/", body).await;
    ends_with(&family.seen("Number/14155550109/", "/application").await, &app);
    let phone = family.endpoint(&family.main, "phone", "").await;
    assert_eq!(family.seen(&format!("Endpoint/{phone}/"), "/application").await, "null");
}

#[tokio::test]
async fn a_new_endpoint_gets_the_default_application() {
    let family = Family::new().await;
    let app = made(&family, r#","default_endpoint_app":true"#).await;
    let phone = family.endpoint(&family.main, "phone", "").await;
    ends_with(&family.seen(&format!("Endpoint/{phone}/"), "/application").await, &app);
    // That of another account is not its default.
    let its = family.endpoint(&family.sub, "its", "").await;
    assert_eq!(family.seen(&format!("Endpoint/{its}/"), "/application").await, "null");
}

#[tokio::test]
async fn an_account_has_one_default_of_each_kind() {
    let family = Family::new().await;
    let both = r#","default_number_app":true,"default_endpoint_app":true"#;
    let first = made(&family, both).await;
    let second = made(&family, r#","default_number_app":true"#).await;
    assert_eq!(flags(&family, &first).await, ["false", "true"]);
    assert_eq!(flags(&family, &second).await, ["true", "false"]);
    let line = format!("POST Application/{second}/");
    family.ask(&line, r#"{"default_endpoint_app":"true"}"#).await;
    assert_eq!(flags(&family, &first).await, ["false", "false"]);
    assert_eq!(flags(&family, &second).await, ["true", "true"]);
    // A subaccount has its own.
    let its =
        member(&family.ask_as(&family.sub, MAKE, &format!(r#"{{"app_name":"its"{both}}}"#)).await, "/app_id");
    assert_eq!(flags(&family, &second).await, ["true", "true"]);
    assert_eq!(flags(&family, &its).await, ["true", "true"]);
    family.ask(&line, r#"{"default_endpoint_app":false,"default_number_app":0}"#).await;
    assert_eq!(flags(&family, &second).await, ["false", "false"]);
}

#[tokio::test]
async fn what_a_deleted_subaccount_leaves_behind_is_no_default() {
    let family = Family::new().await;
    let main = made(&family, r#","default_number_app":true"#).await;
    let body = r#"{"app_name":"its","default_number_app":true,"default_endpoint_app":true}"#;
    let its = member(&family.ask_as(&family.sub, MAKE, body).await, "/app_id");
    assert_eq!(family.ask("DELETE Subaccount/{SA}/", "{}").await.status, 204);
    assert_eq!(flags(&family, &its).await, ["false", "false"]);
    assert_eq!(flags(&family, &main).await, ["true", "false"]);
}
