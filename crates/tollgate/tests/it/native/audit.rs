//! The audit trail.

use axum::http::{Method, Request};
use insta::assert_snapshot;
use ledger::TransferKind;
use serde_json::{Value, json};
use tollgate::http::Peer;

use super::{Family, call_by_member, gate, problem, text};
use crate::ground::Engine;
use crate::house::{Answer, Auth, BY_OPERATOR, House};

impl Family {
    async fn audit(&self, query: &str, auth: Auth<'_>) -> Answer {
        self.house.get(&format!("/api/v1/audit{query}"), auth).await
    }

    /// Of each line what it says, all pages of it.
    async fn lines(&self, query: &str, auth: Auth<'_>) -> Vec<Value> {
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        for _ in 0..1_000 {
            let sign = if query.is_empty() { '?' } else { '&' };
            let after = if cursor.is_empty() { cursor } else { format!("{sign}cursor={cursor}") };
            let answer = self.audit(&format!("{query}{after}"), auth).await;
            assert_eq!(answer.status, 200, "{answer}");
            let page = answer.json();
            lines.extend(page["lines"].as_array().unwrap().clone());
            match page["next"].as_str() {
                None => return lines,
                Some(next) => cursor = next.to_owned(),
            }
        }
        panic!("there is no end to the pages of {query}");
    }

    async fn kinds(&self, query: &str, auth: Auth<'_>) -> String {
        let lines = self.lines(query, auth).await;
        lines.iter().map(|it| text(&it["kind"])).collect::<Vec<_>>().join(" ")
    }

    /// As an account from an address of its own.
    async fn patch_from(&self, address: &str, path: &str, auth: Auth<'_>, body: Value) {
        let request = auth.on(Request::builder().method(Method::PATCH).uri(path));
        let mut request = request.body(body.to_string().into()).unwrap();
        request.extensions_mut().insert(Peer(address.parse().unwrap()));
        let answer = self.house.send(request).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
}

#[tokio::test]
async fn a_line_says_who_did_what_from_where_and_what_was_before_and_after() {
    let family = Family::new().await;
    let path = family.path(&family.own, "");
    family.patch_from("192.0.2.7", &path, family.primary.auth(), json!({ "name": "Renamed" })).await;
    let answer = family.audit("?limit=1", BY_OPERATOR).await;
    call_by_member(&family.house, &answer, &["next"]);
    // Lines of many writers are not counted.
    let line = match Engine::of_this_run() {
        Engine::Sqlite => "6",
        Engine::Postgres => "null",
    };
    let shown = family.house.shown(&answer).replace(&format!("\"line\": {line},"), "\"line\": <line>,");
    assert_snapshot!(shown, @r#"
    200
    content-type: application/json
    {
      "lines": [
        {
          "about": null,
          "account": "<id of Own>",
          "address": "192.0.2.7",
          "after": {
            "account": {
              "api_key": "<Own>",
              "auth_id": "<auth id of Own>",
              "available": "0.00",
              "balance": "0.00",
              "balance_mode": "own",
              "caps": null,
              "changed_at": "2024-08-28T14:11:32.242Z",
              "created_at": "2024-08-28T14:11:32.240Z",
              "credit_limit": "0.00",
              "currency": "EUR",
              "held": "0.00",
              "id": "<id of Own>",
              "name": "Renamed",
              "parent": "<id of Partner>",
              "price_plan": null,
              "settings": {},
              "status": "active"
            }
          },
          "before": {
            "account": {
              "api_key": "<Own>",
              "auth_id": "<auth id of Own>",
              "available": "0.00",
              "balance": "0.00",
              "balance_mode": "own",
              "caps": null,
              "changed_at": null,
              "created_at": "2024-08-28T14:11:32.240Z",
              "credit_limit": "0.00",
              "currency": "EUR",
              "held": "0.00",
              "id": "<id of Own>",
              "name": "Own",
              "parent": "<id of Partner>",
              "price_plan": null,
              "settings": {},
              "status": "active"
            }
          },
          "by": {
            "account": "<id of Partner>",
            "credential": "<uuid 1>",
            "kind": "account"
          },
          "cause": null,
          "counterparty": null,
          "counterparty_figures": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "figures": null,
          "forced": false,
          "id": "<uuid 2>",
          "key": null,
          "kind": "change",
          "late": false,
          "line": <line>,
          "operation": null,
          "price": null,
          "reference": null,
          "units": null
        }
      ],
      "next": "<next>"
    }
    "#);
    let same = family.audit("?limit=1", family.primary.auth()).await.json();
    assert_eq!(same["lines"][0]["line"], Value::Null, "how much goes on in all, the operator alone knows");
    assert_eq!(same["lines"][0]["address"], "192.0.2.7");
    let own = family.audit("?limit=1", family.own.auth()).await.json();
    assert_eq!(own["lines"][0]["id"], same["lines"][0]["id"]);
    assert_eq!(own["lines"][0]["address"], Value::Null, "where its primary is, a subaccount is not told");
    assert_eq!(own["lines"][0]["before"]["account"]["name"], "Own");
}

#[tokio::test]
async fn figures_say_what_both_sides_stood_at_before_and_after() {
    let family = Family::new().await;
    let house = &family.house;
    house.transfer(TransferKind::Balance, &family.primary, (&family.primary, &family.own), "30").await;
    let answer = family.audit("?limit=1&kind=balance_transfer", family.primary.auth()).await;
    call_by_member(&family.house, &answer, &["next"]);
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "lines": [
        {
          "about": null,
          "account": "<id of Partner>",
          "address": null,
          "after": null,
          "before": null,
          "by": {
            "account": null,
            "credential": "<uuid 1>",
            "kind": "operator"
          },
          "cause": null,
          "counterparty": "<id of Own>",
          "counterparty_figures": {
            "after": {
              "available": "30.00",
              "balance": "30.00",
              "credit_limit": "0.00",
              "held": "0.00"
            },
            "before": {
              "available": "0.00",
              "balance": "0.00",
              "credit_limit": "0.00",
              "held": "0.00"
            }
          },
          "created_at": "2024-08-28T14:11:32.242Z",
          "figures": {
            "after": {
              "available": "120.00",
              "balance": "20.00",
              "credit_limit": "100.00",
              "held": "0.00"
            },
            "before": {
              "available": "150.00",
              "balance": "50.00",
              "credit_limit": "100.00",
              "held": "0.00"
            }
          },
          "forced": false,
          "id": "<uuid 2>",
          "key": null,
          "kind": "balance_transfer",
          "late": false,
          "line": null,
          "operation": null,
          "price": null,
          "reference": null,
          "units": null
        }
      ],
      "next": "<next>"
    }
    "#);
    let own = family.audit("?kind=balance_transfer", family.own.auth()).await.json();
    assert_eq!(own["lines"][0]["figures"]["after"]["balance"], Value::Null, "of its primary it sees nothing");
    assert_eq!(own["lines"][0]["figures"]["before"]["available"], Value::Null);
    assert_eq!(own["lines"][0]["counterparty_figures"]["before"]["balance"], "0.00");
    assert_eq!(own["lines"][0]["counterparty_figures"]["after"]["balance"], "30.00");
}

#[tokio::test]
async fn who_shares_a_balance_sees_its_charges_and_not_what_its_payer_stood_at() {
    let family = Family::new().await;
    let gate = gate(&family.house, false).await;
    let body = json!({ "account": family.shared.key, "amount": "0.05", "operation": "sms.send" });
    let charged = family.house.post("/api/v1/charges", Auth::Bearer(&gate), body.to_string()).await;
    assert_eq!(charged.status, 201, "{charged}");
    let answer = family.audit("?limit=1", family.shared.auth()).await;
    call_by_member(&family.house, &answer, &["next"]);
    assert_snapshot!(family.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "lines": [
        {
          "about": null,
          "account": "<id of Partner>",
          "address": null,
          "after": null,
          "before": null,
          "by": {
            "account": null,
            "credential": "<uuid 1>",
            "kind": "gate"
          },
          "cause": "<id of Shared>",
          "counterparty": null,
          "counterparty_figures": null,
          "created_at": "2024-08-28T14:11:32.242Z",
          "figures": {
            "after": {
              "available": null,
              "balance": null,
              "credit_limit": null,
              "held": null
            },
            "before": {
              "available": null,
              "balance": null,
              "credit_limit": null,
              "held": null
            }
          },
          "forced": false,
          "id": "<uuid 2>",
          "key": null,
          "kind": "charge",
          "late": false,
          "line": null,
          "operation": "sms.send",
          "price": null,
          "reference": null,
          "units": null
        }
      ],
      "next": "<next>"
    }
    "#);
    let above = family.audit("?limit=1", family.primary.auth()).await.json();
    assert_eq!(above["lines"][0]["figures"]["before"]["balance"], "50.00");
    assert_eq!(above["lines"][0]["figures"]["after"]["balance"], "49.95");
    assert_eq!(above["lines"][0]["address"], Value::Null, "where the gate is, the operator alone knows");
}

/// Everything that changes a record shows it as it was and as it is, and nothing shows a secret.
#[tokio::test]
async fn what_an_account_owns_is_shown_before_and_after_and_no_secret_is() {
    let family = Family::new().await;
    let ma = family.primary.opened.account.auth_id.as_str();
    let as_main = Auth::Basic(ma, &family.primary.secret);
    let plivo = async |method: Method, rest: &str, body: Value| {
        let path = format!("/v1/Account/{ma}/{rest}");
        let answer = family.house.call(method, &path, as_main, body.to_string()).await;
        assert!((200..300).contains(&answer.status), "{answer}");
        answer
    };
    family.house.give_number(&family.primary, "GB", "447700900001").await;
    let made = plivo(Method::POST, "Application/", json!({ "app_name": "ivr" })).await.json();
    let app = text(&made["app_id"]);
    plivo(Method::POST, "Number/447700900001/", json!({ "app_id": app, "alias": "Desk" })).await;
    let endpoint = json!({ "username": "desk", "password": "do-not-show-me", "alias": "Desk" });
    let endpoint = text(&plivo(Method::POST, "Endpoint/", endpoint).await.json()["endpoint_id"]);
    plivo(Method::POST, &format!("Endpoint/{endpoint}/"), json!({ "password": "nor-this-one" })).await;
    plivo(Method::POST, "", json!({ "city": "Vienna" })).await;
    plivo(Method::DELETE, &format!("Endpoint/{endpoint}/"), json!({})).await;
    plivo(Method::DELETE, &format!("Application/{app}/"), json!({})).await;
    let rotate = family.path(&family.primary, "/credentials/rotate");
    let rotated = family.house.post(&rotate, as_main, r#"{"kind":"token"}"#).await.json();
    let lines = family.lines("?limit=3", as_main).await;
    let told: Vec<_> =
        lines.iter().rev().skip(4).map(|it| change(it).replace(&app, "the application")).collect();
    assert_eq!(
        told,
        [
            "number_given: number new",
            "application_made: application new",
            r#"number_changed: number application null > "the application", settings {} > {"alias":"Desk"}"#,
            "endpoint_made: endpoint new",
            "endpoint_changed: endpoint",
            r#"change: account settings {} > {"city":"Vienna"}"#,
            "endpoint_deleted: endpoint gone",
            r#"number_changed: number application "the application" > null"#,
            "application_deleted: application gone",
            r#"credential_changed: credential expires_at null > "2024-08-29T14:11:32.242Z""#,
            "credential_added: credential new",
        ]
    );
    let all = Value::from(lines).to_string();
    for secret in ["do-not-show-me", "nor-this-one", &family.primary.secret, &text(&rotated["auth_token"])] {
        assert!(!all.contains(secret), "{secret} is shown");
    }
    for member in ["password", "verifier", "sealed", "secret\"", "auth_token"] {
        assert!(!all.contains(&format!("\"{member}")), "{member} is shown");
    }
}

/// What is different before and after.
fn change(line: &Value) -> String {
    let kind = text(&line["kind"]);
    let of =
        |it: &Value| it.as_object().and_then(|it| it.iter().next().map(|it| (it.0.clone(), it.1.clone())));
    match (of(&line["before"]), of(&line["after"])) {
        (None, None) => kind,
        (None, Some((record, _))) => format!("{kind}: {record} new"),
        (Some((record, _)), None) => format!("{kind}: {record} gone"),
        (Some((record, was)), Some((_, is))) => {
            let members = was.as_object().unwrap();
            let differs = members.iter().filter(|it| *it.1 != is[it.0] && *it.0 != "changed_at");
            let differs: Vec<_> = differs.map(|(name, was)| format!("{name} {was} > {}", is[name])).collect();
            format!("{kind}: {record} {}", differs.join(", ")).trim_end().to_owned()
        }
    }
}

#[tokio::test]
async fn the_operator_sees_all_a_primary_its_family_and_a_subaccount_its_own() {
    let family = Family::new().await;
    let house = &family.house;
    house.charge(&family.shared, "1").await;
    house.pay(&family.stranger, "5").await;
    gate(house, false).await;
    let all = family.kinds("", BY_OPERATOR).await;
    assert_eq!(all, "token_made payment charge payment open open open open");
    assert_eq!(family.kinds("", family.primary.auth()).await, "charge payment open open open");
    assert_eq!(family.kinds("", family.own.auth()).await, "open");
    assert_eq!(family.kinds("", family.shared.auth()).await, "charge open");
    assert_eq!(family.kinds("", family.stranger.auth()).await, "payment open");
    let of = |account: &crate::house::Opening| format!("?account={}", account.key);
    assert_eq!(family.kinds(&of(&family.shared), family.primary.auth()).await, "charge open");
    assert_eq!(family.kinds(&of(&family.primary), family.primary.auth()).await, "charge payment open");
    assert_eq!(family.kinds(&of(&family.shared), BY_OPERATOR).await, "charge open");
    assert_eq!(family.kinds(&of(&family.own), family.own.auth()).await, "open");
    for (account, by) in [
        (&family.primary, &family.own),
        (&family.shared, &family.own),
        (&family.primary, &family.stranger),
        (&family.own, &family.stranger),
    ] {
        assert_eq!(problem(&family.audit(&of(account), by.auth()).await), "404 not_found");
    }
    assert_eq!(problem(&family.audit("?account=nobody", BY_OPERATOR).await), "404 not_found");
    let gate = gate(house, false).await;
    assert_eq!(problem(&family.audit("", Auth::Bearer(&gate)).await), "403 forbidden");
    assert_eq!(problem(&family.audit("", Auth::Nothing).await), "401 unauthenticated");
}

#[tokio::test]
async fn it_is_narrowed_by_kind_by_time_and_by_who_did_it() {
    let family = Family::new().await;
    let house = &family.house;
    let gate = gate(house, false).await;
    // The clock stands at 14:11:32.242; a minute between any two.
    let path = family.path(&family.own, "");
    for minute in 1..=3 {
        house.clock.advance(60_000);
        let body = json!({ "account": family.primary.key, "amount": minute.to_string() }).to_string();
        house.post("/api/v1/charges", Auth::Bearer(&gate), body).await;
        family.patch_from("192.0.2.7", &path, family.primary.auth(), json!({ "name": "New" })).await;
    }
    let kinds = async |query: &str| family.kinds(query, BY_OPERATOR).await;
    assert_eq!(kinds("?kind=charge").await, "charge charge charge");
    assert_eq!(kinds("?kind=change&limit=1").await, "change change change");
    let at = |time: &str| format!("2024-08-28T{time}Z");
    let (one, two) = (at("14:12:32.242"), at("14:13:32.242"));
    assert_eq!(
        kinds(&format!("?from={two}")).await,
        "change charge change charge",
        "from on, itself included"
    );
    assert_eq!(kinds(&format!("?from={one}&to={two}")).await, "change charge", "before to, itself excluded");
    assert_eq!(kinds(&format!("?to={one}&kind=token_made")).await, "token_made");
    assert_eq!(kinds("?to=2024-08-28").await, "", "a day is its first moment in UTC");
    assert_eq!(kinds("?from=2024-08-28&to=2024-08-29&kind=change").await, "change change change");
    assert_eq!(kinds(&format!("?from={two}&to={one}")).await, "", "no time at all");
    let zone = format!("?from=2024-08-28T16:13:32.242%2B02:00&account={}", family.own.key);
    assert_eq!(kinds(&zone).await, "change change", "an offset is heeded");
    let of_own = format!("?account={}&from={one}&to={two}", family.own.key);
    assert_eq!(kinds(&of_own).await, "change");

    assert_eq!(kinds("?actor=gate").await, "charge charge charge");
    assert_eq!(kinds("?actor=account").await, "change change change");
    assert_eq!(kinds("?actor=server").await, "");
    assert_eq!(kinds("?actor=operator&kind=open").await, "open open open open");
    for name in [&family.primary.key, &family.primary.id.to_string()] {
        assert_eq!(kinds(&format!("?actor={name}")).await, "change change change", "{name}");
    }
    let auth_id = family.primary.opened.account.auth_id.as_str();
    assert_eq!(kinds(&format!("?actor={auth_id}&account={}", family.own.key)).await, "change change change");
    let line = &family.lines("?kind=charge&limit=1", BY_OPERATOR).await[0];
    let token = text(&line["by"]["credential"]);
    assert_eq!(kinds(&format!("?actor={token}")).await, "charge charge charge");
    let line = &family.lines("?kind=change&limit=1", BY_OPERATOR).await[0];
    let credential = text(&line["by"]["credential"]);
    assert_eq!(
        kinds(&format!("?actor={credential}&account={}", family.own.key)).await,
        "change change change"
    );
    assert_eq!(kinds("?actor=00000000").await, "", "nobody of that name did anything");
    // Of another family's doing there is nothing to see.
    let theirs = format!("?actor={}", family.primary.key);
    assert_eq!(family.kinds(&theirs, family.stranger.auth()).await, "");
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused_by_name() {
    let family = Family::new().await;
    let asked = async |query: &str| problem(&family.audit(query, BY_OPERATOR).await);
    let kind = "422 invalid: kind must be a kind of line such as \"change\"";
    assert_eq!(asked("?kind=nothing").await, kind);
    assert_eq!(asked("?kind=Charge").await, kind);
    let time = "must be a time such as \"2026-01-31T23:59:59Z\", or a day in UTC such as \"2026-02-01\"";
    for wrong in ["yesterday", "2026-02-30", "2026-02-01T00:00:00", "2026-02", "1724854292"] {
        assert_eq!(asked(&format!("?from={wrong}")).await, format!("422 invalid: from {time}"), "{wrong}");
        assert_eq!(asked(&format!("?to={wrong}")).await, format!("422 invalid: to {time}"), "{wrong}");
    }
    assert!(asked("?actor=somebody").await.starts_with("422 invalid: actor must be \"operator\", "));
    let known =
        "422 invalid: user is not known here; known are account, actor, kind, from, to, cursor, limit";
    assert_eq!(asked("?user=1").await, known);
    assert_eq!(asked("?limit=0").await, "422 invalid: limit must be a whole number from 1 to 1000");
    let cursor = "422 invalid: cursor must be the `next` of the page before";
    for wrong in ["nowhere", "AAAAAAAAAAAAAAAAAAAAAA", "AZk9LHs-fBGaVS9vDB2OAQ"] {
        assert_eq!(asked(&format!("?cursor={wrong}")).await, cursor, "{wrong}");
    }
}

/// However long the journal: a page looks through so many places at most, and the next one goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_looks_through_a_bounded_part_of_the_journal() {
    let family = Family::new().await;
    let house = &family.house;
    let first = house.primary("Quiet", "0").await;
    house.clock.advance(1_000);
    // More lines of others than one page looks through.
    charge_often(house, &family.stranger.key, 21_000).await;
    house.clock.advance(1_000);
    house.pay(&first, "1").await;
    let page = family.audit("", first.auth()).await.json();
    let of = |page: &Value| -> Vec<String> {
        page["lines"].as_array().unwrap().iter().map(|it| text(&it["kind"])).collect()
    };
    assert_eq!(of(&page), ["payment"], "what is within reach");
    let next = text(&page["next"]);
    let page = family.audit(&format!("?cursor={next}"), first.auth()).await.json();
    assert_eq!((of(&page), &page["next"]), (vec!["open".to_owned()], &Value::Null));
    // By its chain an account's own lines are all there at once.
    let own = family.audit(&format!("?account={}", first.key), first.auth()).await.json();
    assert_eq!((of(&own).join(" ").as_str(), &own["next"]), ("payment open", &Value::Null));
    // A busy account, asked of a time long ago, goes there without walking all that came since.
    let busy = format!("?account={}&to=2024-08-28T14:11:32.243Z", family.stranger.key);
    assert_eq!(family.kinds(&busy, BY_OPERATOR).await, "open");
    let all = family.lines(&format!("?account={}&limit=1000", family.stranger.key), BY_OPERATOR).await;
    assert_eq!(all.len(), 21_001);
    assert!(all.is_sorted_by_key(|it| std::cmp::Reverse(text(&it["created_at"]))), "newest first");
    assert_eq!(different(&all), 21_001, "none twice");
    let everything = family.lines("?limit=1000", BY_OPERATOR).await;
    assert!(everything.is_sorted_by_key(|it| std::cmp::Reverse(text(&it["created_at"]))), "newest first");
    let journal = house.sql().number("SELECT COUNT(*) FROM journal");
    assert_eq!(i64::try_from(everything.len()).unwrap(), journal, "every line");
    assert_eq!(different(&everything), everything.len(), "and each once");
}

/// How many lines these are.
fn different(lines: &[Value]) -> usize {
    lines.iter().map(|it| text(&it["id"])).collect::<std::collections::HashSet<_>>().len()
}

/// By batches, forced, for there is no money.
async fn charge_often(house: &House, account: &str, times: usize) {
    for part in 0..times.div_ceil(1_000) {
        let count = 1_000.min(times - part * 1_000);
        let item = |nth: usize| json!({ "account": account, "amount": "0.01", "force": true, "key": format!("{part}-{nth}") });
        let items: Vec<_> = (0..count).map(item).collect();
        let answer = house.post("/api/v1/charges/batch", BY_OPERATOR, Value::from(items).to_string()).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
}
