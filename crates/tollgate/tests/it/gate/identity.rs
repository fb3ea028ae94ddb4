//! In whose name a call is made.

use tollgate::app::Settings;

use super::{DOORS, Door, Toll, outcome, set};
use crate::house::{Answer, Auth};

async fn who(toll: &Toll, auth: Auth<'_>) -> String {
    let answer = toll.ask(Door::Envoy, "GET", "/v1/x", auth).await;
    let named = named(toll, &answer);
    assert_eq!(self::named(toll, &toll.ask(Door::Grpc, "GET", "/v1/x", auth).await), named, "by gRPC");
    named
}

/// The account that a call passed for.
fn named(toll: &Toll, answer: &Answer) -> String {
    if answer.status != 200 {
        return outcome(answer);
    }
    let is_its = |it: &&super::Opening| answer.header("x-sub-account") == Some(&it.id.to_string());
    let account = [&toll.partner, &toll.own, &toll.shared].into_iter().find(is_its);
    assert_eq!(answer.header("x-sub-root"), Some(&*toll.partner.id.to_string()));
    account.expect("one of the family").opened.account.name.to_string()
}

fn keyed() -> Settings {
    Settings { gate_key_header: Some("x-api-key".into()), ..Settings::default() }
}

#[tokio::test]
async fn basic_takes_an_api_key_or_an_auth_id_with_a_secret_or_a_token() {
    let toll = Toll::new().await;
    let own = &toll.own.opened;
    let auth_id = own.account.auth_id.as_str();
    for (name, secret) in [
        (&*toll.own.key, &*own.secret),
        (auth_id, &own.secret),
        (&toll.own.key, &own.auth_token),
        (auth_id, &own.auth_token),
        (&toll.own.key.to_uppercase(), &own.secret),
    ] {
        assert_eq!(who(&toll, Auth::Basic(name, secret)).await, "Own", "{name}");
    }
    for (name, secret) in [
        (&*toll.own.key, &*toll.shared.secret),
        (&toll.own.key, ""),
        ("", &own.secret),
        (&own.account.id.to_string(), &own.secret),
        ("nobody", &own.secret),
    ] {
        assert_eq!(who(&toll, Auth::Basic(name, secret)).await, "401 unauthenticated", "{name}");
    }
}

#[tokio::test]
async fn bearer_takes_a_token_or_a_secret_that_we_made() {
    let toll = Toll::new().await;
    assert_eq!(who(&toll, Auth::Bearer(&toll.own.opened.auth_token)).await, "Own");
    assert_eq!(who(&toll, Auth::Bearer(&toll.shared.secret)).await, "Shared");
    assert_eq!(who(&toll, Auth::Bearer(&toll.shared.secret)).await, "Shared", "from memory");
    for wrong in ["wrong", "", &*toll.own.key, &*format!("{}:{}", toll.own.key, toll.own.secret)] {
        assert_eq!(who(&toll, Auth::Bearer(wrong)).await, "401 unauthenticated", "{wrong}");
    }
    // What was right without a name is not right with an empty one.
    assert_eq!(who(&toll, Auth::Basic("", &toll.shared.secret)).await, "401 unauthenticated");
    assert_eq!(who(&toll, Auth::Basic(":", &toll.shared.secret)).await, "401 unauthenticated");
}

/// Whoever chose it may have chosen what others chose, too, so it says nothing of whom.
#[tokio::test]
async fn a_secret_that_a_person_chose_needs_its_account_named() {
    let toll = Toll::new().await;
    let path = format!("/accounts/{}/secrets", toll.partner.key);
    let added = toll.house.post(&path, toll.partner.auth(), r#"{"secret":"Password123"}"#).await;
    assert_eq!(added.status, 201, "{added}");
    for _ in 0..2 {
        assert_eq!(who(&toll, Auth::Bearer("Password123")).await, "401 unauthenticated");
        assert_eq!(who(&toll, Auth::Basic(&toll.partner.key, "Password123")).await, "Partner");
    }
}

#[tokio::test]
async fn what_is_shown_is_no_use_the_moment_it_is_revoked() {
    let toll = Toll::new().await;
    let path = format!("/api/v1/accounts/{}/credentials", toll.own.id);
    let made = toll.house.post(&path, crate::house::BY_OPERATOR, r#"{"kind":"token"}"#).await.json();
    let (token, id) = (made["auth_token"].as_str().unwrap(), made["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(who(&toll, Auth::Bearer(token)).await, "Own");
        assert_eq!(who(&toll, Auth::Basic(&toll.own.key, token)).await, "Own");
    }
    toll.house.delete(&format!("{path}/{id}"), crate::house::BY_OPERATOR).await;
    assert_eq!(who(&toll, Auth::Bearer(token)).await, "401 unauthenticated");
    assert_eq!(who(&toll, Auth::Basic(&toll.own.key, token)).await, "401 unauthenticated");
}

#[tokio::test]
async fn the_header_that_the_operator_names_comes_before_authorization() {
    let toll = Toll::with(keyed()).await;
    let shown = |door: Door, key: &str, auth: Auth<'_>| {
        toll.check(door, "GET", "/v1/x", auth).header("X-Api-Key", key.to_owned())
    };
    let pair = format!("{}:{}", toll.own.key, toll.own.secret);
    for (key, auth, expected) in [
        (&*pair, Auth::Nothing, "Own"),
        (&toll.own.secret, Auth::Nothing, "Own"),
        (&toll.own.opened.auth_token, Auth::Nothing, "Own"),
        (&pair, toll.shared.auth(), "Own"),
        ("wrong", toll.shared.auth(), "401 unauthenticated"),
        ("", toll.shared.auth(), "401 unauthenticated"),
        (&format!("{}:wrong", toll.own.key), toll.shared.auth(), "401 unauthenticated"),
        (&toll.token, Auth::Nothing, "401 unauthenticated"),
    ] {
        for door in [Door::Envoy, Door::Grpc] {
            let answer = toll.send(shown(door, key, auth)).await;
            assert_eq!(named(&toll, &answer), expected, "{door:?} {key}");
        }
    }
    // Without it, as ever.
    assert_eq!(who(&toll, toll.shared.auth()).await, "Shared");
    assert_eq!(who(&toll, Auth::Nothing).await, "401 unauthenticated");
}

#[tokio::test]
async fn a_header_that_the_operator_has_not_named_means_nothing() {
    let toll = Toll::new().await;
    let pair = format!("{}:{}", toll.own.key, toll.own.secret);
    for name in ["x-api-key", "api-key", "x-sub-account", "cookie"] {
        let request = toll.check(Door::Envoy, "GET", "/v1/x", Auth::Nothing).header(name, &pair);
        assert_eq!(toll.outcome(Door::Envoy, request).await, "401 unauthenticated", "{name}");
        let request = toll.check(Door::Envoy, "GET", "/v1/x", toll.shared.auth()).header(name, &pair);
        assert_eq!(named(&toll, &toll.send(request).await), "Shared", "{name}");
    }
}

#[tokio::test]
async fn what_is_no_credential_is_401() {
    let toll = Toll::new().await;
    for header in ["Digest x", "Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer", "x", ""] {
        for door in DOORS {
            let request = set(toll.check(door, "GET", "/v1/x", Auth::Nothing), "authorization", Some(header));
            assert_eq!(toll.outcome(door, request).await, "401 unauthenticated", "{header}");
        }
    }
}

/// By the address that the proxy names: all calls come from the proxy's own, and one client would lock out all others.
#[tokio::test]
async fn failed_authentications_are_counted_by_the_clients_address() {
    let toll = Toll::new().await;
    let from = |client: &str, secret: &str| {
        let request = toll.check(Door::Envoy, "GET", "/v1/x", Auth::Basic(&toll.own.key, secret));
        toll.outcome(Door::Envoy, request.header("x-gate-client", client.to_owned()))
    };
    for _ in 0..60 {
        assert_eq!(from("192.0.2.1", "wrong").await, "401 unauthenticated");
    }
    assert_eq!(from("192.0.2.1", "wrong").await, "429 busy");
    assert_eq!(from("192.0.2.1", "another").await, "429 busy");
    assert_eq!(from("192.0.2.2", "wrong").await, "401 unauthenticated");
    assert_eq!(from("2001:db8::1", "wrong").await, "401 unauthenticated");
    // What is no address counts for the proxy's own.
    assert_eq!(from("somewhere", "wrong").await, "401 unauthenticated");
    assert_eq!(from("192.0.2.1, 192.0.2.9", "wrong").await, "401 unauthenticated");
    // A secret that is right was not seen from here yet, and waits like the others.
    assert_eq!(from("192.0.2.1", &toll.own.secret).await, "429 busy");
    assert_eq!(from("192.0.2.2", &toll.own.secret).await, "200 read");
    // Of another account nothing was tried from there.
    let request = toll.check(Door::Envoy, "GET", "/v1/x", toll.shared.auth());
    let request = request.header("x-gate-client", "192.0.2.1");
    assert_eq!(toll.outcome(Door::Envoy, request).await, "200 read");
}
