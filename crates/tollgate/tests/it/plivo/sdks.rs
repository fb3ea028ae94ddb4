//! What each SDK sends, byte for byte, and what it needs in answer (docs/plivo.md, What the SDKs do by themselves).

mod dotnet;
mod go;
mod java;
mod node;
mod php;
mod plivo_cli;
mod python;
mod ruby;

use super::Family;

/// The subaccount has an application, an endpoint and a number.
async fn owning() -> Family {
    let family = Family::new().await;
    family.application(&family.sub, "app").await;
    family.endpoint(&family.sub, "phone", "").await;
    family.number(&family.sub, "14155550100").await;
    family
}

/// How many applications, endpoints and numbers the main account sees after a delete, and the subaccount's last answer.
async fn left(family: &Family) -> [usize; 3] {
    let mut left = [0; 3];
    for (count, list) in left.iter_mut().zip(["Application/", "Endpoint/", "Number/"]) {
        *count = family.listed(&family.main, list, "resource_uri").await.len();
    }
    left
}

/// A main account with 45 subaccounts.
async fn forty_five() -> Family {
    let family = Family::new().await;
    for _ in 0..44 {
        let answer = family.ask("POST Subaccount/", r#"{"name":"One of many"}"#).await;
        assert_eq!(answer.status, 201, "{answer}");
    }
    family
}
