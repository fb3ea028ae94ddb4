//! Parts of lists: `limit`, `offset`, and the addresses of the next part and the one before.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Family, auth_id, bad, by_token, checked, entries, member};

/// Seven applications of the subaccount.
async fn seven() -> Family {
    let family = Family::new().await;
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        family.application(&family.sub, name).await;
    }
    family
}

async fn meta(family: &Family, query: &str) -> Value {
    family.ask(&format!("GET Application/{query}"), "").await.json()["meta"].clone()
}

#[tokio::test]
async fn meta_says_where_a_part_lies_and_what_is_beside_it() {
    let family = seven().await;
    let page = family.ask("GET Application/?limit=2&offset=3", "").await;
    assert_eq!(entries(&page, "app_name"), ["d", "c"]);
    let path = format!("/v1/Account/{}/Application/", auth_id(&family.main));
    let at = |offset: usize| format!("{path}?limit=2&offset={offset}");
    let expected = json!({ "limit": 2, "next": at(5), "offset": 3, "previous": at(1), "total_count": 7 });
    assert_eq!(page.json()["meta"], expected);
    for (query, next, previous) in [
        ("?limit=2", json!(at(2)), Value::Null),
        ("?limit=2&offset=1", json!(at(3)), json!(at(0))),
        ("?limit=2&offset=5", Value::Null, json!(at(3))),
        ("?limit=2&offset=6", Value::Null, json!(at(4))),
        ("?limit=7", Value::Null, Value::Null),
        ("?limit=6", json!(format!("{path}?limit=6&offset=6")), Value::Null),
        ("?limit=20&offset=5", Value::Null, json!(format!("{path}?limit=20&offset=0"))),
        ("", Value::Null, Value::Null),
    ] {
        let meta = meta(&family, query).await;
        assert_eq!((&meta["next"], &meta["previous"]), (&next, &previous), "{query}");
    }
}

#[tokio::test]
async fn past_the_end_there_is_nothing_and_a_way_back() {
    let family = seven().await;
    let page = family.ask("GET Application/?limit=2&offset=7", "").await;
    assert_snapshot!(family.shown(&page), @r#"
    200
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "meta": {
        "limit": 2,
        "next": null,
        "offset": 7,
        "previous": "/v1/Account/<MA>/Application/?limit=2&offset=5",
        "total_count": 7
      },
      "objects": []
    }
    "#);
    let far = meta(&family, "?offset=4294967296").await;
    assert_eq!((&far["next"], &far["total_count"]), (&Value::Null, &json!(7)));
    assert!(far["previous"].as_str().unwrap().ends_with("?limit=20&offset=4294967276"), "{far}");
}

#[tokio::test]
async fn the_next_part_keeps_the_filters() {
    let family = seven().await;
    let mut path = format!(
        "/v1/Account/{}/Application/?subaccount={}&limit=3&callback_url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%262",
        auth_id(&family.main),
        auth_id(&family.sub)
    );
    family.application(&family.main, "none_of_it").await;
    let mut names = Vec::new();
    loop {
        let page = checked(family.house.get(&path, by_token(&family.main)).await);
        names.extend(entries(&page, "app_name"));
        let Some(next) = page.json()["meta"]["next"].as_str().map(str::to_owned) else { break };
        let query = next.split_once('?').unwrap().1.to_owned();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert!(pairs.contains(&("callback_url".into(), "https://example.com/?a=1&2".into())), "{next}");
        assert!(pairs.contains(&("subaccount".into(), auth_id(&family.sub).into())), "{next}");
        path = next;
    }
    assert_eq!(names, ["g", "f", "e", "d", "c", "b", "a"]);
}

#[tokio::test]
async fn every_list_has_parts() {
    let family = Family::new().await;
    family.house.clock.advance(1);
    family.sibling().await;
    for digit in 0..2 {
        family.application(&family.main, "app").await;
        family.endpoint(&family.main, "phone", "").await;
        family.number(&family.main, &format!("1415555010{digit}")).await;
        family.stocked(&format!("1415555011{digit}"), "1").await;
    }
    let main = auth_id(&family.main);
    for (list, filter) in [
        ("Subaccount", ""),
        ("Application", ""),
        ("Endpoint", ""),
        ("Number", ""),
        ("PhoneNumber", "country_iso=US&"),
    ] {
        let page = family.ask(&format!("GET {list}/?{filter}limit=1"), "").await;
        let next = format!("/v1/Account/{main}/{list}/?{filter}limit=1&offset=1");
        assert_eq!(member(&page, "/meta/next"), next);
        let next = checked(family.house.get(&next, by_token(&family.main)).await);
        assert_eq!(
            (&next.json()["meta"]["next"], &next.json()["meta"]["total_count"]),
            (&Value::Null, &json!(2))
        );
        assert_ne!(entries(&page, "resource_uri"), entries(&next, "resource_uri"), "{list}");
    }
}

#[tokio::test]
async fn the_path_of_a_subaccounts_list_is_its_own() {
    let family = seven().await;
    let page = family.ask_as(&family.sub, "GET Application/?limit=3", "").await;
    let next = format!("/v1/Account/{}/Application/?limit=3&offset=3", auth_id(&family.sub));
    assert_eq!(member(&page, "/meta/next"), next);
}

/// A part that is cut in silence loses entries to whoever goes on by its own limit.
#[tokio::test]
async fn what_is_no_part_is_told() {
    let family = Family::new().await;
    let (limit, offset) = ("limit must be an integer from 1 to 20", "offset must be a non-negative integer");
    for list in ["Subaccount/?", "Application/?", "Endpoint/?", "Number/?", "PhoneNumber/?country_iso=US&"] {
        for (query, error) in [
            ("limit=0", limit),
            ("limit=21", limit),
            ("limit=-1", limit),
            ("limit=1.0", limit),
            ("limit=ten", limit),
            ("limit=%2B1", limit),
            ("limit=99999999999999999999999", limit),
            ("offset=-1", offset),
            ("offset=1.5", offset),
            ("offset=x", offset),
            ("offset=99999999999999999999999", offset),
            ("limit=0&offset=-1", limit),
        ] {
            let answer = family.ask(&format!("GET {list}{query}"), "").await;
            assert_eq!((answer.status, member(&answer, "/error")), bad(error), "{list}{query}");
            assert_eq!(answer.json()["objects"], json!([]));
        }
    }
}
