//! Price plans, and the families that go by them.

use axum::http::Method;
use insta::assert_snapshot;

use super::{Family, gate, keyed, problem, text};
use crate::house::{Answer, Auth, BY_OPERATOR, House};

/// A rule of each mode, with and without what may be left out.
const RULES: &str = r#"[
    {"path":"/v1/admin/**","operation":"admin","mode":"deny"},
    {"method":"POST","path":"/v1/messages","operation":"sms.send","mode":"charge","unit_price":"0.05","units":2},
    {"method":"*","path":"/v1/*/media","operation":"mms.send","mode":"charge","unit_price":0.00000001},
    {"method":"POST","path":"/v1/calls","operation":"call","mode":"hold","reserve":"5","expires_in":60,"on_expiry":"capture"},
    {"path":"/v1/fax","operation":"fax","mode":"hold","reserve":"1.50"},
    {"method":"GET","path":"/v1/**","operation":"read","mode":"free"}]"#;

impl Family {
    async fn put(&self, name: &str, body: &str) -> Answer {
        let path = format!("/api/v1/price-plans/{name}");
        self.house.call(Method::PUT, &path, BY_OPERATOR, body.to_owned()).await
    }

    async fn try_out(&self, name: &str, body: &str) -> Answer {
        let path = format!("/api/v1/price-plans/{name}/try");
        self.house.post(&path, BY_OPERATOR, body.to_owned()).await
    }

    /// One rule in a plan, and what is wrong with it.
    async fn wrong_rule(&self, rule: &str) -> String {
        problem(&self.put("standard", &format!(r#"{{"currency":"EUR","rules":[{rule}]}}"#)).await)
    }
}

#[tokio::test]
async fn a_plan_is_put_and_shown_as_it_is_understood() {
    let family = Family::new().await;
    let body = format!(r#"{{"currency":"EUR","default":true,"rules":{RULES}}}"#);
    let put = family.put("standard", &body).await;
    assert_snapshot!(family.house.shown(&put), @r#"
    200
    content-type: application/json
    {
      "currency": "EUR",
      "default": true,
      "made_at": "2024-08-28T14:11:32.242Z",
      "name": "standard",
      "rules": [
        {
          "method": "*",
          "mode": "deny",
          "operation": "admin",
          "path": "/v1/admin/**",
          "rule": 1
        },
        {
          "method": "POST",
          "mode": "charge",
          "operation": "sms.send",
          "path": "/v1/messages",
          "rule": 2,
          "unit_price": "0.05",
          "units": 2
        },
        {
          "method": "*",
          "mode": "charge",
          "operation": "mms.send",
          "path": "/v1/*/media",
          "rule": 3,
          "unit_price": "0.00000001",
          "units": 1
        },
        {
          "expires_in": 60,
          "method": "POST",
          "mode": "hold",
          "on_expiry": "capture",
          "operation": "call",
          "path": "/v1/calls",
          "reserve": "5.00",
          "rule": 4
        },
        {
          "expires_in": 300,
          "method": "*",
          "mode": "hold",
          "on_expiry": "release",
          "operation": "fax",
          "path": "/v1/fax",
          "reserve": "1.50",
          "rule": 5
        },
        {
          "method": "GET",
          "mode": "free",
          "operation": "read",
          "path": "/v1/**",
          "rule": 6
        }
      ],
      "version": 1
    }
    "#);
    let got = family.house.get("/api/v1/price-plans/standard", BY_OPERATOR).await;
    assert_eq!(got.text(), put.text());
    // What it shows is what it takes, but for what the server has set.
    let mut again = got.json();
    let members = again.as_object_mut().unwrap();
    for name in ["name", "version", "made_at"] {
        members.remove(name);
    }
    for rule in members["rules"].as_array_mut().unwrap() {
        rule.as_object_mut().unwrap().remove("rule");
    }
    let second = family.put("standard", &again.to_string()).await.json();
    assert_eq!((&second["version"], &second["rules"]), (&2.into(), &got.json()["rules"]));
}

#[tokio::test]
async fn each_version_stays_readable() {
    let family = Family::new().await;
    for price in ["1", "2", "3"] {
        family.house.clock.advance(1_000);
        let rule = format!(r#"{{"path":"/**","operation":"any","mode":"charge","unit_price":"{price}"}}"#);
        family.put("standard", &format!(r#"{{"currency":"EUR","rules":[{rule}]}}"#)).await;
    }
    let mut said = Vec::new();
    for query in [
        "",
        "?version=1",
        "?version=2",
        "?version=3",
        "?version=4",
        "?version=0",
        "?version=-1",
        "?version=x",
        "?v=1",
    ] {
        let answer = family.house.get(&format!("/api/v1/price-plans/standard{query}"), BY_OPERATOR).await;
        said.push(if answer.status == 200 {
            let plan = answer.json();
            format!("{query} -> {} {} {}", plan["version"], plan["made_at"], plan["rules"][0]["unit_price"])
        } else {
            format!("{query} -> {}", problem(&answer))
        });
    }
    assert_snapshot!(said.join("\n"), @r#"
     -> 3 "2024-08-28T14:11:35.242Z" "3.00"
    ?version=1 -> 1 "2024-08-28T14:11:33.242Z" "1.00"
    ?version=2 -> 2 "2024-08-28T14:11:34.242Z" "2.00"
    ?version=3 -> 3 "2024-08-28T14:11:35.242Z" "3.00"
    ?version=4 -> 404 not_found
    ?version=0 -> 404 not_found
    ?version=-1 -> 422 invalid: version must be a whole number from 1 on
    ?version=x -> 422 invalid: version must be a whole number from 1 on
    ?v=1 -> 422 invalid: v is not known here; known are version
    "#);
    let none = family.house.get("/api/v1/price-plans/other", BY_OPERATOR).await;
    assert_snapshot!(family.house.shown(&none), @r#"
    404
    content-type: application/problem+json
    {
      "code": "not_found",
      "detail": "There is no such price plan. Put it first, or check its name.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 404,
      "title": "Not found",
      "type": "urn:tollgate:problem:not_found"
    }
    "#);
}

#[tokio::test]
async fn the_list_has_the_newest_version_of_each() {
    let family = Family::new().await;
    for (name, body) in [
        ("b", r#"{"currency":"EUR","default":true,"rules":[]}"#),
        ("a", r#"{"currency":"USD","default":true,"rules":[]}"#),
        ("b", r#"{"currency":"EUR","default":true,"rules":[]}"#),
        ("c", r#"{"currency":"EUR","default":true,"rules":[]}"#),
    ] {
        assert_eq!(family.put(name, body).await.status, 200);
    }
    let list = family.house.get("/api/v1/price-plans", BY_OPERATOR).await;
    assert_snapshot!(family.house.shown(&list), @r#"
    200
    content-type: application/json
    {
      "next": null,
      "price_plans": [
        {
          "currency": "USD",
          "default": true,
          "made_at": "2024-08-28T14:11:32.242Z",
          "name": "a",
          "rules": [],
          "version": 1
        },
        {
          "currency": "EUR",
          "default": false,
          "made_at": "2024-08-28T14:11:32.242Z",
          "name": "b",
          "rules": [],
          "version": 2
        },
        {
          "currency": "EUR",
          "default": true,
          "made_at": "2024-08-28T14:11:32.242Z",
          "name": "c",
          "rules": [],
          "version": 1
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_plan_that_is_put_again_under_its_key_is_one_version() {
    let family = Family::new().await;
    let (path, body) = ("/api/v1/price-plans/standard", r#"{"currency":"EUR","rules":[]}"#);
    let first = keyed(&family.house, Method::PUT, path, "k", body).await;
    let again = keyed(&family.house, Method::PUT, path, "k", body).await;
    assert_eq!((again.text(), &again.json()["version"]), (first.text(), &1.into()));
    let other = keyed(&family.house, Method::PUT, path, "k", r#"{"currency":"EUR","rules":[ ]}"#).await;
    assert_eq!(problem(&other), "409 key_reused");
    assert_eq!(family.put("standard", body).await.json()["version"], 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_said_with_its_place() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for body in [
        "{}",
        r#"{"currency":"EUR"}"#,
        r#"{"currency":"euro","rules":[]}"#,
        r#"{"currency":"EUR","default":"yes","rules":[]}"#,
        r#"{"currency":"EUR","rules":{}}"#,
        r#"{"currency":"EUR","rules":[1]}"#,
        r#"{"currency":"EUR","rules":null}"#,
        r#"{"currency":"EUR","rules":[],"rules":[]}"#,
        r#"{"currency":"EUR","rules":[],"version":7,"name":"x"}"#,
        r#"{"currency":"EUR","rules":[{}]}"#,
        // The third is right.
        r#"{"currency":7,"rules":[{"path":"v1"},
            {"path":"/a","operation":"a","mode":"sell"},
            {"path":"/a","operation":"a","mode":"free"},
            {"path":"/a//b","operation":"a","mode":"free","method":"get","cost":1}]}"#,
    ] {
        said.push(problem(&family.put("standard", body).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid: currency is required; rules is required
    422 invalid: rules is required
    422 invalid: currency must be three capital letters such as "EUR"
    422 invalid: default must be true or false
    422 invalid: rules must be a list of objects
    422 invalid: rules must be a list of objects
    422 invalid: rules is required
    422 invalid: rules is given more than once
    422 invalid: version is not known here; known are currency, default, rules; name is not known here; known are currency, default, rules
    422 invalid: rules[0].path is required; rules[0].operation is required; rules[0].mode is required
    422 invalid: currency must be a string; rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows; rules[0].operation is required; rules[0].mode is required; rules[1].mode must be "charge" or "hold" or "free" or "deny"; rules[3].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows; rules[3].cost is not known here; known are method, path, operation, mode
    "#);
    let rules = vec![r#"{"path":"/","operation":"a","mode":"free"}"#; 1_001].join(",");
    let answer = family.put("standard", &format!(r#"{{"currency":"EUR","rules":[{rules}]}}"#)).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    422
    content-type: application/problem+json
    {
      "code": "invalid",
      "detail": "A price plan has at most 1000 rules. Join some by `*` and `**`.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 422,
      "title": "The request is not valid",
      "type": "urn:tollgate:problem:invalid"
    }
    "#);
    assert_eq!(
        problem(&family.put("Standard", r#"{"currency":"EUR","rules":[]}"#).await),
        "422 invalid: name must have 1 to 64 lower-case letters, digits, `.`, `-` and `_`"
    );
    let none = family.house.get("/api/v1/price-plans", BY_OPERATOR).await;
    assert_eq!(none.json()["price_plans"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for path in ["", "v1", "/a//b", "/a/../b", "/%61", "/a b", "/a*", "/**/b", "/a?b", "/a%2Fb"] {
        let rule = format!(r#"{{"path":"{path}","operation":"a","mode":"free"}}"#);
        said.push(format!("{path} -> {}", family.wrong_rule(&rule).await));
    }
    for given in [
        r#""mode":"charge""#,
        r#""mode":"charge","unit_price":"0""#,
        r#""mode":"charge","unit_price":"-1""#,
        r#""mode":"charge","unit_price":"0.000000001""#,
        r#""mode":"charge","unit_price":"1e9","units":11"#,
        r#""mode":"charge","unit_price":"1","units":0"#,
        r#""mode":"charge","unit_price":"1","units":1000001"#,
        r#""mode":"charge","unit_price":"1","units":1.5"#,
        r#""mode":"charge","unit_price":"1","units":-1"#,
        r#""mode":"charge","unit_price":"1","units":4294967297"#,
        r#""mode":"charge","unit_price":"1","reserve":"1""#,
        r#""mode":"hold""#,
        r#""mode":"hold","reserve":"0""#,
        r#""mode":"hold","reserve":"10000000001""#,
        r#""mode":"hold","reserve":"1","expires_in":0"#,
        r#""mode":"hold","reserve":"1","expires_in":86401"#,
        r#""mode":"hold","reserve":"1","expires_in":9223372036854775807"#,
        r#""mode":"hold","reserve":"1","on_expiry":"keep""#,
        r#""mode":"hold","reserve":"1","unit_price":"1""#,
        r#""mode":"free","unit_price":"1""#,
        r#""mode":"deny","method":"""#,
        r#""mode":"deny","method":"post""#,
        r#""mode":"deny","method":["POST"]"#,
        r#""mode":1"#,
    ] {
        let rule = format!(r#"{{"path":"/","operation":"a",{given}}}"#);
        said.push(format!("{given} -> {}", family.wrong_rule(&rule).await));
    }
    for operation in [r#""""#, r#""a b""#, "7", "null"] {
        let rule = format!(r#"{{"path":"/","operation":{operation},"mode":"free"}}"#);
        said.push(format!("{operation} -> {}", family.wrong_rule(&rule).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
     -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    v1 -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a//b -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a/../b -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /%61 -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a b -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a* -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /**/b -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a?b -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    /a%2Fb -> 422 invalid: rules[0].path must be a path such as "/v1/messages", written plainly; * is any one part, ** at its end all that follows
    "mode":"charge" -> 422 invalid: rules[0].unit_price is required
    "mode":"charge","unit_price":"0" -> 422 invalid: rules[0].unit_price must be more than 0 (only a payment may be negative) and at most 10000000000
    "mode":"charge","unit_price":"-1" -> 422 invalid: rules[0].unit_price must be more than 0 (only a payment may be negative) and at most 10000000000
    "mode":"charge","unit_price":"0.000000001" -> 422 invalid: rules[0].unit_price must have at most 8 decimals
    "mode":"charge","unit_price":"1e9","units":11 -> 422 invalid: rules[0].unit_price must be more than 0 (only a payment may be negative) and at most 10000000000
    "mode":"charge","unit_price":"1","units":0 -> 422 invalid: rules[0].units must be from 1 to 1000000
    "mode":"charge","unit_price":"1","units":1000001 -> 422 invalid: rules[0].units must be from 1 to 1000000
    "mode":"charge","unit_price":"1","units":1.5 -> 422 invalid: rules[0].units must be a whole number
    "mode":"charge","unit_price":"1","units":-1 -> 422 invalid: rules[0].units must be from 1 to 1000000
    "mode":"charge","unit_price":"1","units":4294967297 -> 422 invalid: rules[0].units must be from 1 to 1000000
    "mode":"charge","unit_price":"1","reserve":"1" -> 422 invalid: rules[0].reserve is not known here; known are method, path, operation, mode, unit_price, units
    "mode":"hold" -> 422 invalid: rules[0].reserve is required
    "mode":"hold","reserve":"0" -> 422 invalid: rules[0].reserve must be more than 0 (only a payment may be negative) and at most 10000000000
    "mode":"hold","reserve":"10000000001" -> 422 invalid: rules[0].reserve must be more than 0 (only a payment may be negative) and at most 10000000000
    "mode":"hold","reserve":"1","expires_in":0 -> 422 invalid: rules[0].expires_in must be from 1 to 86400 seconds, which are 24 hours
    "mode":"hold","reserve":"1","expires_in":86401 -> 422 invalid: rules[0].expires_in must be from 1 to 86400 seconds, which are 24 hours
    "mode":"hold","reserve":"1","expires_in":9223372036854775807 -> 422 invalid: rules[0].expires_in must be from 1 to 86400 seconds, which are 24 hours
    "mode":"hold","reserve":"1","on_expiry":"keep" -> 422 invalid: rules[0].on_expiry must be "release" or "capture"
    "mode":"hold","reserve":"1","unit_price":"1" -> 422 invalid: rules[0].unit_price is not known here; known are method, path, operation, mode, reserve, expires_in, on_expiry
    "mode":"free","unit_price":"1" -> 422 invalid: rules[0].unit_price is not known here; known are method, path, operation, mode
    "mode":"deny","method":"" -> 422 invalid: rules[0].method must have 1 to 32 capital letters, such as POST
    "mode":"deny","method":"post" -> 422 invalid: rules[0].method must have 1 to 32 capital letters, such as POST
    "mode":"deny","method":["POST"] -> 422 invalid: rules[0].method must be a string
    "mode":1 -> 422 invalid: rules[0].mode must be a string
    "" -> 422 invalid: rules[0].operation must have 1 to 64 characters, none of them blank
    "a b" -> 422 invalid: rules[0].operation must have 1 to 64 characters, none of them blank
    7 -> 422 invalid: rules[0].operation must be a string
    null -> 422 invalid: rules[0].operation is required
    "#);
}

#[tokio::test]
async fn a_plan_stays_in_its_currency() {
    let family = Family::new().await;
    family.put("standard", r#"{"currency":"EUR","rules":[]}"#).await;
    let answer = family.put("standard", r#"{"currency":"USD","rules":[]}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    422
    content-type: application/problem+json
    {
      "code": "invalid",
      "detail": "Something in the request is not as it must be; `errors` says what. Mend it and ask again.",
      "errors": [
        {
          "detail": "must stay what it is: put a plan of another name for another currency",
          "field": "currency"
        }
      ],
      "instance": "urn:uuid:<uuid 1>",
      "status": 422,
      "title": "The request is not valid",
      "type": "urn:tollgate:problem:invalid"
    }
    "#);
}

#[tokio::test]
async fn calls_are_tried_by_the_plan_that_is_in_force() {
    let family = Family::new().await;
    family.put("standard", &format!(r#"{{"currency":"EUR","rules":{RULES}}}"#)).await;
    let answer = family
        .try_out(
            "standard",
            r#"{"requests":[
                {"method":"POST","path":"/v1/messages?to=1"},
                {"method":"GET","path":"/v1/messages/7"},
                {"method":"POST","path":"/v1/calls"},
                {"method":"GET","path":"/v1/admin/users"},
                {"method":"DELETE","path":"/v1/messages/7"},
                {"method":"post","path":"/v1/messages"},
                {"method":"GET","path":"/v1/%61"}]}"#,
        )
        .await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "answers": [
        {
          "amount": "0.10",
          "method": "POST",
          "operation": "sms.send",
          "outcome": "charge",
          "path": "/v1/messages?to=1",
          "rule": 2
        },
        {
          "amount": "0.00",
          "method": "GET",
          "operation": "read",
          "outcome": "free",
          "path": "/v1/messages/7",
          "rule": 6
        },
        {
          "amount": "5.00",
          "method": "POST",
          "operation": "call",
          "outcome": "hold",
          "path": "/v1/calls",
          "rule": 4
        },
        {
          "amount": null,
          "method": "GET",
          "operation": "admin",
          "outcome": "deny",
          "path": "/v1/admin/users",
          "rule": 1
        },
        {
          "amount": null,
          "method": "DELETE",
          "operation": null,
          "outcome": "no_price",
          "path": "/v1/messages/7",
          "rule": null
        },
        {
          "amount": null,
          "method": "post",
          "operation": null,
          "outcome": "no_price",
          "path": "/v1/messages",
          "rule": null
        },
        {
          "amount": null,
          "method": "GET",
          "operation": null,
          "outcome": "path_not_normal",
          "path": "/v1/%61",
          "rule": null
        }
      ]
    }
    "#);
    assert_eq!(family.account(&family.primary).await["balance"], "50.00");
    assert_eq!(problem(&family.try_out("other", r#"{"requests":[]}"#).await), "404 not_found");
}

#[tokio::test]
async fn calls_are_tried_by_a_plan_that_is_not_put_yet() {
    let family = Family::new().await;
    family.put("standard", &format!(r#"{{"currency":"EUR","rules":{RULES}}}"#)).await;
    let plan =
        r#"{"currency":"EUR","rules":[{"path":"/**","operation":"any","mode":"charge","unit_price":"7"}]}"#;
    let body = format!(r#"{{"plan":{plan},"requests":[{{"method":"GET","path":"/x"}}]}}"#);
    for name in ["standard", "new"] {
        let answer = family.try_out(name, &body).await;
        assert_eq!((answer.status, &answer.json()["answers"][0]["amount"]), (200, &"7.00".into()), "{name}");
    }
    let list = family.house.get("/api/v1/price-plans", BY_OPERATOR).await.json();
    let plans = list["price_plans"].as_array().unwrap();
    assert_eq!((plans.len(), &plans[0]["version"]), (1, &1.into()), "nothing was put");
}

#[tokio::test]
async fn what_is_wrong_with_what_is_tried_is_said_with_its_place() {
    let family = Family::new().await;
    let mut said = Vec::new();
    for body in [
        "{}",
        r#"{"requests":{}}"#,
        r#"{"requests":[{"method":"GET"},{"method":1,"path":"/","cost":0}]}"#,
        r#"{"requests":[],"plan":[]}"#,
        r#"{"requests":[],"plan":{"currency":"EUR","rules":[{"path":"/","operation":"a","mode":"charge","unit_price":"0"}],"x":1}}"#,
    ] {
        said.push(problem(&family.try_out("standard", body).await));
    }
    let many = vec![r#"{"method":"GET","path":"/"}"#; 1_001].join(",");
    said.push(problem(&family.try_out("standard", &format!(r#"{{"requests":[{many}]}}"#)).await));
    assert_snapshot!(said.join("\n"), @"
    422 invalid: requests is required
    422 invalid: requests must be a list of objects
    422 invalid: requests[0].path is required; requests[1].method must be a string; requests[1].cost is not known here; known are method, path, operation
    422 invalid: plan must be an object
    422 invalid: plan.rules[0].unit_price must be more than 0 (only a payment may be negative) and at most 10000000000; plan.x is not known here; known are currency, default, rules
    422 invalid: requests must have at most 1000 members
    ");
}

#[tokio::test]
async fn plans_are_the_operators_alone() {
    let family = Family::new().await;
    let gate = gate(&family.house, true).await;
    let body = r#"{"currency":"EUR","rules":[]}"#;
    family.put("standard", body).await;
    for auth in [Auth::Bearer(&gate), family.primary.auth(), family.own.auth()] {
        let put = family.house.call(Method::PUT, "/api/v1/price-plans/standard", auth, body).await;
        assert_eq!(problem(&put), "403 forbidden");
        for path in ["/api/v1/price-plans", "/api/v1/price-plans/standard", "/api/v1/price-plans/other"] {
            assert_eq!(problem(&family.house.get(path, auth).await), "403 forbidden", "{path}");
        }
        for plan in ["", r#""plan":{"currency":"EUR","rules":[]},"#] {
            let body = format!(r#"{{{plan}"requests":[]}}"#);
            let tried = family.house.post("/api/v1/price-plans/standard/try", auth, body).await;
            assert_eq!(problem(&tried), "403 forbidden");
        }
    }
}

#[tokio::test]
async fn a_primary_is_assigned_a_plan_and_goes_back_to_the_default() {
    let family = Family::new().await;
    for name in ["standard", "cheap"] {
        family.put(name, r#"{"currency":"EUR","rules":[]}"#).await;
    }
    let path = family.path(&family.primary, "");
    let assigned = family.house.patch(&path, BY_OPERATOR, r#"{"price_plan":"cheap"}"#).await;
    assert_snapshot!(family.house.shown(&assigned), @r#"
    200
    content-type: application/json
    {
      "api_key": "<Partner>",
      "auth_id": "<auth id of Partner>",
      "available": "150.00",
      "balance": "50.00",
      "balance_mode": "own",
      "caps": null,
      "changed_at": "2024-08-28T14:11:32.242Z",
      "created_at": "2024-08-28T14:11:32.239Z",
      "credit_limit": "100.00",
      "currency": "EUR",
      "held": "0.00",
      "id": "<id of Partner>",
      "name": "Partner",
      "parent": null,
      "price_plan": "cheap",
      "status": "active"
    }
    "#);
    // Nothing said is no change, and null says nothing.
    for body in [r#"{"name":"Partner"}"#, r#"{"price_plan":null}"#] {
        family.house.patch(&path, BY_OPERATOR, body).await;
        assert_eq!(family.account(&family.primary).await["price_plan"], "cheap");
    }
    assert!(family.account(&family.own).await["price_plan"].is_null(), "it has none of its own");
    let back = family.house.patch(&path, BY_OPERATOR, r#"{"price_plan":""}"#).await.json();
    assert!(back["price_plan"].is_null());
}

#[tokio::test]
async fn a_plan_is_assigned_by_the_operator_to_primaries_of_its_currency() {
    let family = Family::new().await;
    family.put("eur", r#"{"currency":"EUR","rules":[]}"#).await;
    family.put("usd", r#"{"currency":"USD","rules":[]}"#).await;
    let gate = gate(&family.house, true).await;
    let mut said = Vec::new();
    for (account, auth, plan) in [
        (&family.primary, BY_OPERATOR, r#""usd""#),
        (&family.primary, BY_OPERATOR, r#""other""#),
        (&family.primary, BY_OPERATOR, "7"),
        (&family.own, BY_OPERATOR, r#""eur""#),
        (&family.own, BY_OPERATOR, r#""""#),
        (&family.own, family.primary.auth(), r#""eur""#),
        (&family.primary, family.primary.auth(), r#""eur""#),
        (&family.primary, Auth::Bearer(&gate), r#""eur""#),
        (&family.stranger, family.primary.auth(), r#""eur""#),
    ] {
        let body = format!(r#"{{"price_plan":{plan},"name":"changed"}}"#);
        let answer = family.house.patch(&family.path(account, ""), auth, body).await;
        said.push(problem(&answer));
        assert_ne!(text(&family.account(account).await["name"]), "changed", "all or nothing");
    }
    assert_snapshot!(said.join("\n"), @"
    422 invalid: price_plan must be one of the account's currency
    404 not_found
    422 invalid: price_plan must be a string
    422 invalid: price_plan is the primary's, whose subaccounts go by it
    422 invalid: price_plan is the primary's, whose subaccounts go by it
    403 forbidden
    403 forbidden
    403 forbidden
    404 not_found
    ");
}

#[tokio::test]
async fn plans_come_in_pages_and_by_currency() {
    let house = House::new();
    for (name, currency, default) in
        [("b", "EUR", true), ("a", "EUR", false), ("c", "USD", true), ("a", "EUR", false)]
    {
        let body = format!(r#"{{"currency":"{currency}","default":{default},"rules":[]}}"#);
        let put = house.call(Method::PUT, &format!("/api/v1/price-plans/{name}"), BY_OPERATOR, body).await;
        assert_eq!(put.status, 200, "{put}");
    }
    let list = async |query: &str| {
        let page = house.get(&format!("/api/v1/price-plans?{query}"), BY_OPERATOR).await.json();
        let plans = page["price_plans"].as_array().unwrap().iter();
        let plans: Vec<_> = plans.map(|it| format!("{}/{}", text(&it["name"]), it["version"])).collect();
        (plans.join(" "), page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, ("a/2 b/1 c/1".to_owned(), None));
    let (first, next) = list("limit=2").await;
    assert_eq!(first, "a/2 b/1");
    assert_eq!(list(&format!("limit=2&cursor={}", next.unwrap())).await, ("c/1".to_owned(), None));
    assert_eq!(list("currency=EUR").await.0, "a/2 b/1");
    assert_eq!(list("currency=EUR&default=true").await.0, "b/1");
}
