//! Whole answers of usage, who gets them, and what is refused.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Auth, BY_OPERATOR, Month, problem};

#[tokio::test]
async fn usage_is_told_apart_by_day_account_and_operation() {
    let month = Month::new().await;
    let query = "?include=children&group_by=day,operation,account&from=2026-02-01&to=2026-03-01";
    let answer = month.usage(query, month.primary.auth()).await;
    assert_snapshot!(month.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of primary>",
      "currency": "EUR",
      "from": "2026-02-01T00:00:00.000Z",
      "groups": [
        {
          "account": "<id of own>",
          "amount": "1.25000001",
          "charged": "1.25000001",
          "charges": 2,
          "day": "2026-02-03",
          "operation": "sms.send",
          "reversals": 0,
          "reversed": "0.00",
          "units": "5.5"
        },
        {
          "account": "<id of shared>",
          "amount": "0.50",
          "charged": "0.50",
          "charges": 1,
          "day": "2026-02-03",
          "operation": null,
          "reversals": 0,
          "reversed": "0.00",
          "units": null
        },
        {
          "account": "<id of shared>",
          "amount": "3.00",
          "charged": "3.00",
          "charges": 1,
          "day": "2026-02-03",
          "operation": "call.minute",
          "reversals": 0,
          "reversed": "0.00",
          "units": null
        },
        {
          "account": "<id of primary>",
          "amount": "0.50",
          "charged": "2.00",
          "charges": 1,
          "day": "2026-02-04",
          "operation": "call.minute",
          "reversals": 1,
          "reversed": "1.50",
          "units": null
        },
        {
          "account": "<id of own>",
          "amount": "1.50",
          "charged": "1.50",
          "charges": 1,
          "day": "2026-02-04",
          "operation": "call.minute",
          "reversals": 0,
          "reversed": "0.00",
          "units": null
        },
        {
          "account": "<id of own>",
          "amount": "-0.25",
          "charged": "0.00",
          "charges": 0,
          "day": "2026-02-04",
          "operation": "sms.send",
          "reversals": 1,
          "reversed": "0.25",
          "units": null
        }
      ],
      "includes_children": true,
      "next": null,
      "time_zone": "UTC",
      "to": "2026-03-01T00:00:00.000Z",
      "total": {
        "amount": "6.50000001",
        "charged": "8.25000001",
        "charges": 6,
        "reversals": 2,
        "reversed": "1.75",
        "units": "5.5"
      },
      "until": null
    }
    "#);
}

#[tokio::test]
async fn without_more_words_usage_is_what_the_caller_itself_has_spent_in_this_month_so_far() {
    let month = Month::new().await;
    assert_snapshot!(month.house.shown(&month.usage("", month.own.auth()).await), @r#"
    200
    content-type: application/json
    {
      "account": "<id of own>",
      "currency": "EUR",
      "from": "2026-03-01T00:00:00.000Z",
      "groups": [
        {
          "amount": "100.00",
          "charged": "100.00",
          "charges": 1,
          "reversals": 0,
          "reversed": "0.00",
          "units": null
        }
      ],
      "includes_children": false,
      "next": null,
      "time_zone": "UTC",
      "to": "2026-03-02T00:15:00.000Z",
      "total": {
        "amount": "100.00",
        "charged": "100.00",
        "charges": 1,
        "reversals": 0,
        "reversed": "0.00",
        "units": null
      },
      "until": "2026-03-02T00:00:00.000Z"
    }
    "#);
}

#[tokio::test]
async fn groups_go_on_where_their_page_ends() {
    let month = Month::new().await;
    let all = "?include=children&group_by=operation,account&from=2026-01-01&to=2026-03-01";
    let whole = month.usage(all, month.primary.auth()).await.json();
    let (mut groups, mut query, mut pages) = (Vec::new(), format!("{all}&limit=2"), 0);
    loop {
        let page = month.usage(&query, month.primary.auth()).await.json();
        assert_eq!(page["total"], whole["total"], "of all pages");
        groups.extend(page["groups"].as_array().unwrap().clone());
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        query = format!("{all}&limit=2&cursor={next}");
    }
    assert_eq!((Value::from(groups), pages), (whole["groups"].clone(), 3));
}

#[tokio::test]
async fn usage_is_refused_by_what_is_wrong_with_the_request() {
    let month = Month::new().await;
    let by_day =
        month.usage("?group_by=operation&limit=1&from=2026-01-01&to=2026-03-01", month.own.auth()).await;
    let next = by_day.json()["next"].as_str().unwrap_or("none").to_owned();
    let mut said = Vec::new();
    for query in [
        "?from=2026-02-01T00:00:01Z",
        "?from=2026-02-01T00:15:00.001Z",
        "?from=2026-02-30&to=yesterday",
        "?from=2026-02-02&to=2026-02-02",
        "?time_zone=Europe/Romulus",
        "?group_by=hour",
        "?group_by=day,day",
        "?include=parents",
        "?limit=0",
        "?cursor=garbage",
        &format!("?group_by=day&cursor={next}"),
        "?kind=charge",
    ] {
        said.push(problem(&month.usage(query, month.own.auth()).await));
    }
    said.push(problem(&month.usage("", BY_OPERATOR).await));
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid from must be on a quarter of an hour, such as 12:15:00
    422 invalid from must be on a quarter of an hour, such as 12:15:00
    422 invalid from must be a day such as 2026-02-28, or a time such as 2026-02-28T12:15:00Z; to must be a day such as 2026-02-28, or a time such as 2026-02-28T12:15:00Z
    422 invalid to must be after `from`
    422 invalid time_zone must be a time zone of the IANA database, such as Europe/Rome
    422 invalid group_by must be some of day, account and operation, with commas between
    422 invalid group_by names one of them twice
    422 invalid include must be "children"
    422 invalid limit must be a whole number from 1 to 1000
    422 invalid cursor must be the `next` of the page before
    422 invalid cursor must be the `next` of the page before
    422 invalid kind is not known here; known are account, include, time_zone, from, to, group_by, cursor, limit
    422 invalid account must be given by whoever is no account
    "#);
}

/// Also where days begin at a quarter past, and however an instant is written.

#[tokio::test]
async fn a_span_is_counted_to_the_quarter_of_an_hour() {
    let month = Month::new().await;
    let mut said = Vec::new();
    for query in [
        "from=2026-02-03T12:00:00Z&to=2026-02-03T12:15:00Z",
        "from=2026-02-03T12:15:00Z&to=2026-02-04T00:00:00Z",
        "from=2026-02-03T13:00:00%2B01:00&to=2026-02-03T13:15:00+01:00",
        "from=2026-02-04&to=2026-02-05&time_zone=Asia/Kathmandu",
        "from=2026-02-04&to=2026-02-05&time_zone=America/New_York",
    ] {
        let answer = month.usage(&format!("?{query}"), month.own.auth()).await;
        assert_eq!(answer.status, 200, "{answer}");
        let total = &answer.json()["total"];
        said.push(format!(
            "{query}: {} charges, {} reversals, {}",
            total["charges"], total["reversals"], total["amount"]
        ));
    }
    assert_snapshot!(said.join("\n"), @r#"
    from=2026-02-03T12:00:00Z&to=2026-02-03T12:15:00Z: 2 charges, 0 reversals, "1.25000001"
    from=2026-02-03T12:15:00Z&to=2026-02-04T00:00:00Z: 0 charges, 0 reversals, "0.00"
    from=2026-02-03T13:00:00%2B01:00&to=2026-02-03T13:15:00+01:00: 2 charges, 0 reversals, "1.25000001"
    from=2026-02-04&to=2026-02-05&time_zone=Asia/Kathmandu: 1 charges, 1 reversals, "1.25"
    from=2026-02-04&to=2026-02-05&time_zone=America/New_York: 0 charges, 0 reversals, "0.00"
    "#);
}

#[tokio::test]
async fn usage_and_statements_are_for_those_who_may_see_the_account() {
    let month = Month::new().await;
    let stranger = month.house.primary("Stranger", "0").await;
    let made = month.house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await.json();
    let gate = made["token"].as_str().unwrap();
    let all = [&month.primary, &month.own, &month.shared, &month.closed];
    let mut said = Vec::new();
    for (who, auth) in [
        ("operator", BY_OPERATOR),
        ("primary", month.primary.auth()),
        ("own", month.own.auth()),
        ("shared", month.shared.auth()),
        ("stranger", stranger.auth()),
        ("gate", Auth::Bearer(gate)),
    ] {
        let mut statuses = Vec::new();
        for account in all {
            let usage = month.usage(&format!("?account={}&include=children", account.key), auth).await;
            let statement = month.statement(account, "2026-02", auth).await;
            assert_eq!(usage.status, statement.status, "{who}: {usage} {statement}");
            statuses.push(usage.status.to_string());
        }
        said.push(format!("{who}: {}", statuses.join(" ")));
    }
    assert_snapshot!(said.join("\n"), @"
    operator: 200 200 200 200
    primary: 200 200 200 200
    own: 404 200 404 404
    shared: 404 404 200 404
    stranger: 404 404 404 404
    gate: 403 403 403 403
    ");
    let children = month.usage("?include=children&group_by=account", month.own.auth()).await.json();
    assert_eq!(children["includes_children"], false, "it has none: {children}");
}

/// What the primary's own balance paid is all there, for whomever it paid.
#[tokio::test]
async fn a_key_for_some_accounts_is_told_of_them_alone() {
    let month = Month::new().await;
    let Month { house, primary, own, shared, .. } = &month;
    let mut told = Vec::new();
    for one in [own, shared] {
        let body = json!({ "kind": "secret", "limits": { "accounts": [primary.key, one.key] } }).to_string();
        let path = format!("/api/v1/accounts/{}/credentials", primary.key);
        let made = house.post(&path, primary.auth(), body).await.json();
        let key = Auth::Basic(&primary.key, made["secret"].as_str().unwrap());
        let answer = month.statement(primary, "2026-02", key).await.json();
        let subaccounts: Vec<_> =
            answer["subaccounts"].as_array().unwrap().iter().map(|it| it["api_key"].clone()).collect();
        assert_eq!(subaccounts, [one.key.as_str()]);
        let family = &answer["family"];
        told.push(format!(
            "statement: {} to {}, charged {}, primary charged {}",
            family["opening_balance"],
            family["closing_balance"],
            family["charges"]["amount"],
            answer["balance"]["charges"]["amount"]
        ));
        let query = "?include=children&group_by=account&from=2026-02-01&to=2026-03-01";
        let answer = month.usage(query, key).await.json();
        let groups = answer["groups"].as_array().unwrap().iter();
        let groups: Vec<_> = groups
            .map(|it| {
                let name = if it["account"] == primary.id.to_string() { "primary" } else { "subaccount" };
                format!("{name} {}", it["amount"])
            })
            .collect();
        told.push(format!("usage: {}, in all {}", groups.join(", "), answer["total"]["amount"]));
    }
    assert_snapshot!(told.join("\n"), @r#"
    statement: "40.00" to "38.49999999", charged "6.50000001", primary charged "4.00"
    usage: primary "0.50", subaccount "2.50000001", in all "3.00000001"
    statement: "40.00" to "13.00", charged "4.00", primary charged "4.00"
    usage: primary "0.50", subaccount "3.50", in all "4.00"
    "#);
}
