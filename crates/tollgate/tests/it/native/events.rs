//! The log of events: what others are told of, to whom, and from where on.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Family, gate, problem, text};
use crate::house::{Answer, BY_OPERATOR};
use tollgate::store::replay;

/// `type of account`, in their order.
fn told(family: &Family, answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer}");
    let names = [&family.primary, &family.own, &family.shared, &family.stranger];
    let name = |id: &Value| {
        let of = names.iter().find(|it| *id == it.id.to_string());
        of.map_or_else(|| id.to_string(), |it| it.opened.account.name.to_string())
    };
    let events = answer.json()["events"].as_array().unwrap().clone();
    events.iter().map(|it| format!("{} of {}", text(&it["type"]), name(&it["data"]["account"]))).collect()
}

#[tokio::test]
async fn an_event_says_what_happened_to_whom_and_by_which_line() {
    let family = Family::new().await;
    let house = &family.house;
    let alerts = json!({ "alerts": { "low": "20", "recovered": "50" } }).to_string();
    let changed = house.patch(&family.path(&family.primary, ""), BY_OPERATOR, alerts).await;
    insta::assert_snapshot!(changed.json()["alerts"], @r#"{"depleted":"0.00","level":"fine","low":"20.00","recovered":"50.00"}"#);
    let charge = json!({ "account": family.primary.key, "amount": "131" });
    let charged = family.charge(charge.to_string()).await;
    house.call_it("charge", &text(&charged.json()["id"]));
    let hold =
        json!({ "account": family.shared.key, "amount": "4", "expires_in": 60, "on_expiry": "capture" });
    let hold = house.post("/api/v1/holds", BY_OPERATOR, hold.to_string()).await;
    house.call_it("hold", &text(&hold.json()["id"]));
    house.clock.advance(60_000);
    house.app.expire_due_holds().await.unwrap();
    let credentials = family.path(&family.own, "/credentials");
    let added = house.post(&credentials, family.own.auth(), r#"{"kind":"secret"}"#).await;
    house.call_it("credential", &text(&added.json()["id"]));

    let all = house.get("/api/v1/events", BY_OPERATOR).await;
    let all = all.json()["events"].as_array().unwrap().clone();
    let after = text(&all[2]["id"]);
    let last = house.get(&format!("/api/v1/events?after={after}"), family.primary.auth()).await;
    insta::assert_snapshot!(house.shown(&last), @r#"
    200
    content-type: application/json
    {
      "events": [
        {
          "data": {
            "account": "<id of Partner>",
            "balance_mode": "own",
            "credit_limit": "100.00",
            "family": "<id of Partner>",
            "line": "<uuid 1>",
            "name": "Partner",
            "status": "active"
          },
          "id": "<uuid 2>",
          "timestamp": "2024-08-28T14:11:32.242Z",
          "type": "account.changed"
        },
        {
          "data": {
            "account": "<id of Partner>",
            "available": "19.00",
            "balance": "-81.00",
            "credit_limit": "100.00",
            "family": "<id of Partner>",
            "held": "0.00",
            "line": "<charge>",
            "threshold": "20.00"
          },
          "id": "<uuid 3>",
          "timestamp": "2024-08-28T14:11:32.242Z",
          "type": "available.low"
        },
        {
          "data": {
            "account": "<id of Shared>",
            "amount": "4.00",
            "family": "<id of Partner>",
            "hold": "<hold>",
            "line": "<uuid 4>",
            "payer": "<id of Partner>"
          },
          "id": "<uuid 5>",
          "timestamp": "2024-08-28T14:12:32.242Z",
          "type": "hold.captured"
        },
        {
          "data": {
            "account": "<id of Own>",
            "credential": "<credential>",
            "credential_kind": "secret",
            "family": "<id of Partner>",
            "line": "<uuid 6>"
          },
          "id": "<uuid 7>",
          "timestamp": "2024-08-28T14:12:32.242Z",
          "type": "credential.added"
        }
      ],
      "more": false,
      "next": "<uuid 7>"
    }
    "#);
    house.app.store().close();
    replay(&house.url(), &|_| true).unwrap();
}

#[tokio::test]
async fn the_operator_is_told_of_all_a_primary_of_its_family_and_a_subaccount_of_itself() {
    let family = Family::new().await;
    let house = &family.house;
    house.pay(&family.own, "5").await;
    house.charge(&family.shared, "150").await;
    let all = house.get("/api/v1/events", BY_OPERATOR).await;
    let everything = [
        "account.opened of Partner",
        "account.opened of Own",
        "account.opened of Shared",
        "account.opened of Stranger",
        "available.recovered of Own",
        "available.depleted of Partner",
    ];
    assert_eq!(told(&family, &all), everything);
    let family_s = house.get("/api/v1/events", family.primary.auth()).await;
    let of_stranger = |it: &&str| !it.ends_with("Stranger");
    assert_eq!(told(&family, &family_s), everything.into_iter().filter(of_stranger).collect::<Vec<_>>());
    for (account, mine) in [
        (&family.own, &["account.opened of Own", "available.recovered of Own"][..]),
        // What its payer has left is not its to know.
        (&family.shared, &["account.opened of Shared"]),
        (&family.stranger, &["account.opened of Stranger"]),
    ] {
        assert_eq!(told(&family, &house.get("/api/v1/events", account.auth()).await), mine);
        let named = format!("/api/v1/events?account={}", account.key);
        assert_eq!(told(&family, &house.get(&named, BY_OPERATOR).await), mine);
        assert_eq!(told(&family, &house.get(&named, account.auth()).await), mine);
        // Who asks for somebody else's hears of nothing.
        let others = format!("/api/v1/events?account={}", family.primary.key);
        assert_eq!(told(&family, &house.get(&others, account.auth()).await), [""; 0]);
    }
    let own = format!("/api/v1/events?account={}", family.own.key);
    assert_eq!(told(&family, &house.get(&own, family.primary.auth()).await), &[everything[1], everything[4]]);
    let stranger = format!("/api/v1/events?account={}", family.stranger.key);
    assert_eq!(told(&family, &house.get(&stranger, family.primary.auth()).await), [""; 0]);
    let depleted = house.get("/api/v1/events?type=available.depleted", BY_OPERATOR).await;
    assert_eq!(told(&family, &depleted), &everything[5..]);
    let nobody = house.get("/api/v1/events?account=00000000", BY_OPERATOR).await;
    assert_eq!(told(&family, &nobody), [""; 0]);
    let gate = gate(house, false).await;
    let forbidden = house.get("/api/v1/events", crate::house::Auth::Bearer(&gate)).await;
    assert_eq!(problem(&forbidden), "403 forbidden");
}

#[tokio::test]
async fn whoever_goes_on_from_the_last_event_misses_none_and_gets_none_twice() {
    let family = Family::new().await;
    let house = &family.house;
    let mut path = "/api/v1/events?limit=2".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = house.get(&path, BY_OPERATOR).await;
        seen.extend(told(&family, &page));
        path = format!("/api/v1/events?limit=2&after={}", text(&page.json()["next"]));
        pages += 1;
        if page.json()["more"] == false {
            break;
        }
    }
    assert_eq!(pages, 2);
    assert_eq!(seen, told(&family, &house.get("/api/v1/events", BY_OPERATOR).await));
    // Nothing has happened, so the same place is where to go on later.
    let again = house.get(&path, BY_OPERATOR).await;
    assert_eq!(told(&family, &again), [""; 0]);
    assert!(path.ends_with(&text(&again.json()["next"])));
    house.close(&family.own).await;
    let new = house.get(&path, BY_OPERATOR).await;
    assert_eq!(told(&family, &new), ["account.closed of Own"]);
    // Where somebody else is, is nobody's place.
    let foreign = house.get(&path, family.shared.auth()).await;
    assert_eq!(
        problem(&foreign),
        "422 invalid: after must be the id of an event, such as the `next` of the page before"
    );
    assert_eq!(problem(&foreign), problem(&house.get("/api/v1/events?after=x", BY_OPERATOR).await));
    let line = "/api/v1/events?after=0191992b-0000-7000-8000-000000000000";
    assert_eq!(problem(&foreign), problem(&house.get(line, BY_OPERATOR).await));
    let wrong = house.get("/api/v1/events?type=low&since=1", BY_OPERATOR).await;
    assert_eq!(wrong.status, 422, "{wrong}");
}

#[tokio::test]
async fn thresholds_are_set_on_opening_and_later_all_anew() {
    let family = Family::new().await;
    let house = &family.house;
    let body = json!({ "name": "New", "parent": family.primary.key, "alerts": { "low": "5" } });
    let opened = house.post("/api/v1/accounts", family.primary.auth(), body.to_string()).await;
    let alerts = |answer: &Answer| answer.json()["alerts"].to_string();
    let depleted = r#"{"depleted":"0.00","level":"depleted","low":"5.00","recovered":null}"#;
    assert_eq!((opened.status, alerts(&opened)), (201, depleted.to_owned()), "{opened}");
    let path = format!("/api/v1/accounts/{}", text(&opened.json()["id"]));
    let set = async |by, alerts: Value| house.patch(&path, by, json!({ "alerts": alerts }).to_string()).await;
    let changed = set(BY_OPERATOR, json!({ "depleted": "1.5", "recovered": "3" })).await;
    assert_eq!(
        alerts(&changed),
        r#"{"depleted":"1.50","level":"depleted","low":null,"recovered":"3.00"}"#,
        "{changed}"
    );
    // As if they had never been set.
    assert_eq!(alerts(&set(family.primary.auth(), json!({})).await), "null");
    let out_of_order = set(BY_OPERATOR, json!({ "low": "1", "depleted": "1" })).await;
    let said = "422 invalid: alerts must be from 0 to 10000000000, with `low` more than `depleted` and `recovered` no \
                less than `low`";
    assert_eq!(problem(&out_of_order), said);
    let unknown = set(BY_OPERATOR, json!({ "high": "1" })).await;
    assert!(problem(&unknown).starts_with("422 invalid: alerts.high is not known here"), "{unknown}");
    let shared = family.path(&family.shared, "");
    let shares = house.call(Method::PATCH, &shared, BY_OPERATOR, r#"{"alerts":{"low":"1"}}"#).await;
    assert_eq!(shares.status, 422, "{shares}");
    let own = family.path(&family.own, "");
    let itself = house.call(Method::PATCH, &own, family.own.auth(), r#"{"alerts":{"low":"1"}}"#).await;
    assert_eq!(problem(&itself), "403 forbidden");
}
