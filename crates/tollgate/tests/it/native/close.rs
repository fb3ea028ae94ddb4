//! Closing an account, and asking first what that would do.

use std::sync::atomic::Ordering;

use axum::http::Method;
use insta::assert_snapshot;
use ledger::{Action, Command, Defaults, LineId, NumberKind, OnExpiry, TransferKind};
use serde_json::Value;
use tollgate::app::{BroughtNumbers, NewApplication, NewCharge, NewEndpoint};

use super::{Family, keyed, problem};
use crate::house::{Answer, Auth, BY_OPERATOR, House, OPERATOR, Opening, amount};

impl Family {
    async fn close(&self, account: &Opening, auth: Auth<'_>, body: &str) -> Answer {
        self.house.post(&self.path(account, "/close"), auth, body.to_owned()).await
    }

    /// Gives the subaccount something of everything: 10 of debt, 10 of credit limit, a hold of 4, a number of the stock
    /// and one of its own, an application and an endpoint. The primary's endpoint is answered by that application, too.
    async fn load(&self) {
        let (house, own) = (&self.house, &self.own);
        house.pay(own, "20").await;
        house.transfer(TransferKind::Credit, &self.primary, (&self.primary, own), "10").await;
        let placed = hold(house, own, "4").await;
        house.call_it("hold", &placed.to_string());
        let forced = NewCharge {
            account: own.id,
            amount: amount("30"),
            operation: None,
            units: None,
            reference: None,
            force: true,
        };
        house.app.charge(OPERATOR, None, forced).await.unwrap();
        let new = NewApplication {
            owner: own.id,
            name: "Calls".into(),
            defaults: Defaults::default(),
            settings: Vec::new(),
        };
        let application = house.app.make_application(OPERATOR, None, new).await.unwrap().id;
        house.call_it("application", &application.to_string());
        for (name, owner) in [("endpoint", own.id), ("primary's endpoint", self.primary.id)] {
            let new = NewEndpoint {
                owner,
                username: "desk".to_owned(),
                alias: "Desk".into(),
                password_md5: "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
                application: Some(application),
            };
            let endpoint = house.app.make_endpoint(OPERATOR, None, new).await.unwrap();
            house.call_it(name, &endpoint.id.to_string());
            house.call_it(&format!("username of {name}"), &endpoint.username);
        }
        house.give_number(own, "GB", "447700900000").await;
        bring(house, own, vec!["41790000001".into()]).await;
    }

    /// Everything that a close could change.
    async fn seen(&self) -> Vec<String> {
        let lines = self.house.app.store().figures().lines.load(Ordering::Relaxed);
        vec![
            self.account(&self.primary).await.to_string(),
            self.account(&self.own).await.to_string(),
            self.house.get("/api/v1/numbers", BY_OPERATOR).await.text().to_owned(),
            lines.to_string(),
        ]
    }
}

async fn hold(house: &House, account: &Opening, by: &str) -> LineId {
    let id = LineId::from_bytes(*house.app.request_id().as_bytes());
    let action = Action::Hold {
        account: account.id,
        amount: amount(by),
        lasts_ms: 60_000,
        on_expiry: OnExpiry::Release,
        operation: Some("sms.send".into()),
        reference: None,
    };
    let command = Command { id, by: OPERATOR, from: None, once: None, action };
    house.app.store().execute(command, house.clock.now()).await.unwrap().id
}

async fn bring(house: &House, account: &Opening, msisdns: Vec<std::sync::Arc<str>>) {
    let brought = BroughtNumbers {
        account: account.id,
        msisdns,
        kind: NumberKind::Local,
        application: None,
        settings: Vec::new(),
    };
    house.app.bring_numbers(OPERATOR, None, brought).await.unwrap();
}

#[tokio::test]
async fn a_dry_run_says_what_a_close_would_do_and_changes_nothing() {
    let family = Family::new().await;
    family.load().await;
    let before = family.seen().await;
    let answer = family.close(&family.own, family.primary.auth(), r#"{"dry_run":true}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "applications": {
        "count": 1,
        "go_to": "heir",
        "list": [
          {
            "id": "<application>",
            "name": "Calls"
          }
        ]
      },
      "balance_swept": "-10.00",
      "cascade": false,
      "credit_limit_swept": "10.00",
      "dry_run": true,
      "endpoints": {
        "count": 1,
        "go_to": "heir",
        "list": [
          {
            "id": "<endpoint>",
            "username": "<username of endpoint>"
          }
        ]
      },
      "heir": "<id of Partner>",
      "holds": {
        "amount": "4.00",
        "count": 1,
        "list": [
          {
            "amount": "4.00",
            "id": "<hold>",
            "operation": "sms.send"
          }
        ]
      },
      "numbers": {
        "count": 2,
        "go_to": "heir",
        "list": [
          {
            "country": "GB",
            "go_to": "heir",
            "msisdn": "447700900000"
          },
          {
            "country": "ZZ",
            "go_to": "heir",
            "msisdn": "41790000001"
          }
        ]
      }
    }
    "#);
    let answer = family.close(&family.own, BY_OPERATOR, r#"{"dry_run":true,"cascade":true}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "applications": {
        "count": 1,
        "go_to": "nobody",
        "list": [
          {
            "id": "<application>",
            "name": "Calls"
          }
        ]
      },
      "balance_swept": "-10.00",
      "cascade": true,
      "credit_limit_swept": "10.00",
      "dry_run": true,
      "endpoints": {
        "count": 1,
        "go_to": "nobody",
        "list": [
          {
            "id": "<endpoint>",
            "username": "<username of endpoint>"
          }
        ]
      },
      "heir": "<id of Partner>",
      "holds": {
        "amount": "4.00",
        "count": 1,
        "list": [
          {
            "amount": "4.00",
            "id": "<hold>",
            "operation": "sms.send"
          }
        ]
      },
      "numbers": {
        "count": 2,
        "go_to": "stock",
        "list": [
          {
            "country": "GB",
            "go_to": "stock",
            "msisdn": "447700900000"
          },
          {
            "country": "ZZ",
            "go_to": "nobody",
            "msisdn": "41790000001"
          }
        ]
      }
    }
    "#);
    assert_eq!(family.seen().await, before);
}

#[tokio::test]
async fn what_a_subaccount_had_goes_to_its_primary() {
    let family = Family::new().await;
    family.load().await;
    let house = &family.house;
    let tried = family.close(&family.own, BY_OPERATOR, r#"{"dry_run":true}"#).await.json();
    let answer = family.close(&family.own, family.primary.auth(), "").await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "applications": {
        "count": 1,
        "go_to": "heir"
      },
      "balance_swept": "-10.00",
      "cascade": false,
      "credit_limit_swept": "10.00",
      "dry_run": false,
      "endpoints": {
        "count": 1,
        "go_to": "heir"
      },
      "heir": "<id of Partner>",
      "holds": {
        "amount": "4.00",
        "count": 1
      },
      "numbers": {
        "count": 2,
        "go_to": "heir"
      }
    }
    "#);
    assert_eq!(answer.json(), without_lists(tried));

    let closed = family.account(&family.own).await;
    assert_eq!(
        (&closed["status"], &closed["balance"], &closed["held"]),
        (&"closed".into(), &"0.00".into(), &"0.00".into())
    );
    // It had 50, and 90 of credit limit.
    let primary = family.account(&family.primary).await;
    assert_eq!((&primary["balance"], &primary["credit_limit"]), (&"40.00".into(), &"100.00".into()));
    let numbers = house.get(&format!("/api/v1/numbers?account={}", family.primary.id), BY_OPERATOR).await;
    assert_eq!(numbers.json()["numbers"].as_array().map(Vec::len), Some(2));
    assert_eq!(house.get(&family.path(&family.own, ""), family.own.auth()).await.status, 401);
    assert_eq!(problem(&family.close(&family.own, BY_OPERATOR, "").await), "403 closed");
    assert_eq!(problem(&family.close(&family.own, BY_OPERATOR, r#"{"dry_run":true}"#).await), "403 closed");
}

#[tokio::test]
async fn with_cascade_what_it_owned_goes_to_nobody() {
    let family = Family::new().await;
    family.load().await;
    let house = &family.house;
    let tried = family.close(&family.own, BY_OPERATOR, r#"{"dry_run":true,"cascade":true}"#).await.json();
    let answer = family.close(&family.own, BY_OPERATOR, r#"{"cascade":true}"#).await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Own>",
      "applications": {
        "count": 1,
        "go_to": "nobody"
      },
      "balance_swept": "-10.00",
      "cascade": true,
      "credit_limit_swept": "10.00",
      "dry_run": false,
      "endpoints": {
        "count": 1,
        "go_to": "nobody"
      },
      "heir": "<id of Partner>",
      "holds": {
        "amount": "4.00",
        "count": 1
      },
      "numbers": {
        "count": 2,
        "go_to": "stock"
      }
    }
    "#);
    assert_eq!(answer.json(), without_lists(tried));
    // The one that it brought along never was the operator's.
    let numbers = house.get("/api/v1/numbers", BY_OPERATOR).await.json();
    let [number] = &numbers["numbers"].as_array().unwrap()[..] else { panic!("one number: {numbers}") };
    assert_eq!((&number["msisdn"], &number["status"]), (&"447700900000".into(), &"stock".into()));
}

#[tokio::test]
async fn a_close_repeated_under_its_key_gives_the_first_answer() {
    let family = Family::new().await;
    family.load().await;
    let path = family.path(&family.own, "/close");
    let ask = async |body: &str| keyed(&family.house, Method::POST, &path, "k", body).await;
    // A dry run is no write: it binds no key, and is not bound by one.
    assert_eq!(ask(r#"{"dry_run":true}"#).await.status, 200);
    let first = ask("{}").await;
    assert_eq!(first.status, 200, "{first}");
    family.house.pay(&family.primary, "1").await;
    family.house.clock.advance(1_000);
    let again = ask("{}").await;
    assert_eq!((again.status, again.text()), (200, first.text()));
    assert_eq!(problem(&ask(r#"{"cascade":true}"#).await), "409 key_reused");
    assert_eq!(problem(&ask(r#"{"dry_run":true}"#).await), "403 closed");
}

#[tokio::test]
async fn a_subaccount_that_shares_has_nothing_to_be_swept() {
    let family = Family::new().await;
    hold(&family.house, &family.shared, "7.5").await;
    let answer = family.close(&family.shared, BY_OPERATOR, r#"{"dry_run":false}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of Shared>",
      "applications": {
        "count": 0,
        "go_to": "heir"
      },
      "balance_swept": "0.00",
      "cascade": false,
      "credit_limit_swept": "0.00",
      "dry_run": false,
      "endpoints": {
        "count": 0,
        "go_to": "heir"
      },
      "heir": "<id of Partner>",
      "holds": {
        "amount": "7.50",
        "count": 1
      },
      "numbers": {
        "count": 0,
        "go_to": "heir"
      }
    }
    "#);
    assert_eq!(family.account(&family.primary).await["held"], "0.00");
}

#[tokio::test]
async fn a_primary_closes_when_nothing_is_left_in_it() {
    let family = Family::new().await;
    let answer = family.close(&family.primary, BY_OPERATOR, r#"{"dry_run":true}"#).await;
    assert_snapshot!(family.house.shown(&answer), @r#"
    409
    content-type: application/problem+json
    {
      "code": "not_empty",
      "detail": "A primary account closes only without a balance, holds and subaccounts. It has 50.00 of balance, 0.00 held and 2 subaccounts; bring each to 0 first.",
      "instance": "urn:uuid:<uuid 1>",
      "status": 409,
      "title": "The account is not empty",
      "type": "urn:tollgate:problem:not_empty"
    }
    "#);
    let house = House::new();
    let primary = house.primary("Partner", "60").await;
    house.give_number(&primary, "GB", "447700900000").await;
    let path = format!("/api/v1/accounts/{}/close", primary.key);
    let answer = house.post(&path, BY_OPERATOR, "").await;
    assert_snapshot!(house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<uuid 1>",
      "applications": {
        "count": 0,
        "go_to": "nobody"
      },
      "balance_swept": "0.00",
      "cascade": true,
      "credit_limit_swept": "60.00",
      "dry_run": false,
      "endpoints": {
        "count": 0,
        "go_to": "nobody"
      },
      "heir": null,
      "holds": {
        "amount": "0.00",
        "count": 0
      },
      "numbers": {
        "count": 1,
        "go_to": "stock"
      }
    }
    "#);
}

#[tokio::test]
async fn an_account_is_closed_by_its_primary_or_the_operator_alone() {
    let family = Family::new().await;
    let gate = super::gate(&family.house, true).await;
    let mut said = Vec::new();
    for body in ["{}", r#"{"dry_run":true}"#] {
        for (account, auth) in [
            (&family.own, family.own.auth()),
            (&family.own, family.shared.auth()),
            (&family.own, family.stranger.auth()),
            (&family.own, Auth::Bearer(&gate)),
            (&family.primary, family.primary.auth()),
            (&family.primary, family.own.auth()),
        ] {
            said.push(problem(&family.close(account, auth, body).await));
        }
    }
    said.push(problem(&family.close(&family.own, BY_OPERATOR, r#"{"cascade":1,"dryrun":true}"#).await));
    said.push(problem(&family.house.post("/api/v1/accounts/nobody/close", BY_OPERATOR, "").await));
    assert_snapshot!(said.join("\n"), @"
    403 forbidden
    404 not_found
    404 not_found
    403 forbidden
    403 forbidden
    404 not_found
    403 forbidden
    404 not_found
    404 not_found
    403 forbidden
    403 forbidden
    404 not_found
    422 invalid: cascade must be true or false; dryrun is not known here; known are cascade, dry_run
    404 not_found
    ");
    assert_eq!(family.account(&family.own).await["status"], "active");
}

#[tokio::test]
async fn a_dry_run_lists_a_thousand_of_each_and_counts_all() {
    let family = Family::new().await;
    let msisdns = (0..1_000).map(|it| format!("4179{it:07}").into()).collect();
    bring(&family.house, &family.own, msisdns).await;
    family.house.give_number(&family.own, "GB", "447700900000").await;
    let numbers = &family.close(&family.own, BY_OPERATOR, r#"{"dry_run":true}"#).await.json()["numbers"];
    assert_eq!(
        (numbers["list"].as_array().map(Vec::len), &numbers["count"]),
        (Some(1_000), &Value::from(1_001))
    );
}

/// What a close itself would have answered.
fn without_lists(mut tried: Value) -> Value {
    tried["dry_run"] = false.into();
    for member in ["holds", "numbers", "applications", "endpoints"] {
        tried[member].as_object_mut().unwrap().remove("list").unwrap();
    }
    tried
}

#[tokio::test]
async fn a_dry_run_binds_no_key_and_looks_at_it_all_the_same() {
    let family = Family::new().await;
    let path = family.path(&family.own, "/close");
    let tried = keyed(&family.house, Method::POST, &path, "", r#"{"dry_run":true}"#).await;
    assert_eq!(
        problem(&tried),
        "422 invalid: Idempotency-Key must have 1 to 255 characters, none of them U+0000"
    );
    for _ in 0..2 {
        assert_eq!(keyed(&family.house, Method::POST, &path, "k", r#"{"dry_run":true}"#).await.status, 200);
    }
    assert_eq!(keyed(&family.house, Method::POST, &path, "k", "{}").await.status, 200);
}
