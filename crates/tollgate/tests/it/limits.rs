//! Restricted keys on the wire: how they are made and shown, where their limits end to the unit, and that a limit comes
//! with its key each time anew. That no route gets around one is walked in `isolation::limits`.

mod reach;

use axum::body::Body;
use axum::http::{Method, Request};
use insta::assert_snapshot;
use ledger::BalanceMode;
use serde_json::{Value, json};
use tollgate::store::replay;

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A partner with 100 of credit limit and 50 of balance, and its two customers.
struct Family {
    house: House,
    partner: Opening,
    own: Opening,
    shared: Opening,
}

impl Family {
    async fn new() -> Self {
        let house = House::new();
        let partner = house.primary("Partner", "100").await;
        house.clock.advance(1);
        let own = house.subaccount(&partner, "Own", BalanceMode::Own).await;
        house.clock.advance(1);
        let shared = house.subaccount(&partner, "Shared", BalanceMode::Shared).await;
        house.pay(&partner, "50").await;
        for account in [&partner, &own, &shared] {
            let account = &account.opened.account;
            house.call_it(&format!("id of {}", account.name), &account.id.to_string());
        }
        Self { house, partner, own, shared }
    }

    fn path(account: &Opening, rest: &str) -> String {
        format!("/api/v1/accounts/{}{rest}", account.key)
    }

    /// The text of a restricted credential of an account.
    async fn key(&self, of: &Opening, kind: &str, limits: Value) -> String {
        let body = json!({ "kind": kind, "limits": limits }).to_string();
        let made = self.house.post(&Self::path(of, "/credentials"), of.auth(), body).await;
        assert_eq!(made.status, 201, "{made}");
        let made = made.json();
        made[if kind == "secret" { "secret" } else { "auth_token" }].as_str().unwrap().to_owned()
    }

    async fn token(&self, scope: &str, limits: Value) -> String {
        let body = json!({ "scope": scope, "limits": limits }).to_string();
        let made = self.house.post("/api/v1/tokens", BY_OPERATOR, body).await;
        assert_eq!(made.status, 201, "{made}");
        made.json()["token"].as_str().unwrap().to_owned()
    }

    async fn credentials(&self, of: &Opening) -> Vec<Value> {
        let listed = self.house.get(&Self::path(of, "/credentials"), BY_OPERATOR).await;
        listed.json()["credentials"].as_array().unwrap().clone()
    }
}

/// Status, and the code where the answer has one.
fn said(answer: &Answer) -> String {
    let code = answer.json()["code"].as_str().map(|it| format!(" {it}"));
    format!("{}{}", answer.status, code.unwrap_or_default())
}

#[tokio::test]
async fn a_restricted_credential_is_made_and_shown_with_its_limits() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    let limits = json!({
        "read_only": false, "amount_max": "12.5", "accounts": [own.key, shared.opened.account.auth_id.as_str(), own.id.to_string()],
    });
    let body = json!({ "kind": "secret", "limits": limits }).to_string();
    let made = house.post(&Family::path(partner, "/credentials"), partner.auth(), body).await;
    house.call_it("secret", made.json()["secret"].as_str().unwrap());
    house.call_it("id", made.json()["id"].as_str().unwrap());
    assert_snapshot!(house.shown(&made), @r#"
    201
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.241Z",
      "expires_at": null,
      "id": "<id>",
      "kind": "secret",
      "last_used_at": null,
      "limits": {
        "accounts": [
          "<id of Own>",
          "<id of Shared>"
        ],
        "amount_max": "12.50",
        "read_only": false
      },
      "secret": "<secret>"
    }
    "#);
    let listed = family.credentials(partner).await;
    assert_eq!(listed[2]["limits"], made.json()["limits"]);
    assert_eq!([&listed[0]["limits"], &listed[1]["limits"]], [&Value::Null; 2]);
    let revoke = Family::path(partner, &format!("/credentials/{}", made.json()["id"].as_str().unwrap()));
    let revoked = house.delete(&revoke, partner.auth()).await;
    assert_eq!((revoked.status, &revoked.json()["limits"]), (200, &made.json()["limits"]));
}

#[tokio::test]
async fn a_restricted_token_is_made_and_shown_with_its_limits() {
    let family = Family::new().await;
    let house = &family.house;
    let body = json!({ "scope": "gate", "limits": { "read_only": true } }).to_string();
    let made = house.post("/api/v1/tokens", BY_OPERATOR, body).await;
    house.call_it("token", made.json()["token"].as_str().unwrap());
    // Which `native::tokens` shows.
    let within = format!("_ms\": {}", made.json()["in_force_within_ms"]);
    assert_snapshot!(house.shown(&made).replace(&within, "_ms\": <within>"), @r#"
    201
    content-type: application/json
    {
      "created_at": "2024-08-28T14:11:32.241Z",
      "id": "<uuid 1>",
      "in_force_within_ms": <within>,
      "limits": {
        "accounts": null,
        "amount_max": null,
        "read_only": true
      },
      "may_force": false,
      "revoked_at": null,
      "scope": "gate",
      "token": "<token>"
    }
    "#);
    let listed = house.get("/api/v1/tokens", BY_OPERATOR).await.json();
    assert_eq!(listed["tokens"][0]["limits"], made.json()["limits"]);
}

#[tokio::test]
async fn limits_are_refused_by_what_is_wrong_with_them() {
    let family = Family::new().await;
    let (house, partner) = (&family.house, &family.partner);
    let stranger = house.primary("Stranger", "0").await;
    let many: Vec<_> = (0..101).map(|_| family.own.key.clone()).collect();
    let mut answers = Vec::new();
    for limits in [
        json!({}),
        json!({ "read_only": false }),
        json!([]),
        json!({ "read_only": "yes" }),
        json!({ "amount_max": "-1" }),
        json!({ "amount_max": "10000000000.00000001" }),
        json!({ "amount_max": "1.123456789" }),
        json!({ "accounts": [] }),
        json!({ "accounts": many }),
        json!({ "accounts": [1] }),
        json!({ "acounts": [family.own.key] }),
        // To the partner both are nobody's.
        json!({ "accounts": [stranger.key] }),
        json!({ "accounts": ["00000000"] }),
    ] {
        let body = json!({ "kind": "token", "limits": limits }).to_string();
        let answer = house.post(&Family::path(partner, "/credentials"), partner.auth(), body).await;
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let text =
            |it: &Value| format!(": {} {}", it["field"].as_str().unwrap(), it["detail"].as_str().unwrap());
        answers.push(format!("{}{}", said(&answer), errors.iter().map(text).collect::<String>()));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    422 invalid: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    422 invalid: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    422 invalid: limits must be an object
    422 invalid: limits.read_only must be true or false: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    422 invalid: limits.amount_max must be from 0 to 10000000000
    422 invalid: limits.amount_max must be from 0 to 10000000000
    422 invalid: limits.amount_max must have at most 8 decimals: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    422 invalid: limits.accounts must be 1 to 100 accounts
    422 invalid: limits.accounts must be 1 to 100 accounts
    422 invalid: limits.accounts must be a list of strings: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    422 invalid: limits.acounts is not known here; known are read_only, amount_max, accounts: limits must have `read_only` true, `amount_max`, `accounts` or some of them
    404 not_found
    404 not_found
    "#);
    let chosen = r#"{"kind":"secret","secret":"Password456","limits":{"read_only":true}}"#;
    let answer = house.post(&Family::path(partner, "/credentials"), partner.auth(), chosen).await;
    assert_eq!(said(&answer), "422 invalid", "one that a person chose is not restricted: {answer}");
    let rotated = r#"{"kind":"secret","limits":{"read_only":true}}"#;
    let answer = house.post(&Family::path(partner, "/credentials/rotate"), partner.auth(), rotated).await;
    assert_eq!(said(&answer), "422 invalid", "{answer}");
}

#[tokio::test]
async fn a_transfer_passes_up_to_the_limit_and_not_a_unit_above_in_both_dialects() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    let secret = family.key(partner, "secret", json!({ "amount_max": "5" })).await;
    let mover = Auth::Basic(&partner.key, &secret);
    for kind in ["balance", "credit"] {
        let native = async |amount: &str| {
            let body = json!({ "kind": kind, "to": own.key, "amount": amount }).to_string();
            said(&house.post(&Family::path(partner, "/transfers"), mover, body).await)
        };
        assert_eq!(native("5").await, "201");
        assert_eq!(native("5.00000001").await, "403 restricted");
        let vonage = async |amount: &str| {
            let body = format!(r#"{{"from":"{}","to":"{}","amount":{amount}}}"#, own.key, partner.key);
            house.post(&format!("/accounts/{}/{kind}-transfers", partner.key), mover, body).await
        };
        assert_eq!(vonage("5").await.status, 200);
        let refused = vonage("5.00000001").await;
        if kind == "balance" {
            assert_snapshot!(house.shown(&refused), @r#"
            403
            content-type: application/json
            {
              "detail": "The supplied credentials are limited to moving 5.00 at once",
              "instance": "<uuid 1>",
              "title": "Forbidden",
              "type": "https://developer.nexmo.com/api-errors#restricted"
            }
            "#);
        }
        assert_eq!(refused.status, 403, "{refused}");
    }
    let stands = house.get(&Family::path(own, ""), BY_OPERATOR).await.json();
    assert_eq!([&stands["balance"], &stands["credit_limit"]], ["0.00", "0.00"]);
}

#[tokio::test]
async fn a_number_is_rented_up_to_the_limit_and_not_a_unit_above_in_both_dialects() {
    let family = Family::new().await;
    let (house, partner) = (&family.house, &family.partner);
    for (msisdn, cost) in [("447700900001", "2"), ("447700900002", "2.00000001"), ("447700900003", "2")] {
        let body = json!({ "country": "GB", "msisdn": msisdn, "cost": cost }).to_string();
        assert_eq!(house.post("/api/v1/numbers", BY_OPERATOR, body).await.status, 201);
    }
    let token = family.key(partner, "token", json!({ "amount_max": "2" })).await;
    let auth_id = partner.opened.account.auth_id.as_str();
    let buy = async |msisdn: &str| {
        house
            .post("/number/buy", Auth::Basic(&partner.key, &token), format!("country=GB&msisdn={msisdn}"))
            .await
    };
    assert_eq!(buy("447700900001").await.status, 200);
    assert_snapshot!(house.shown(&buy("447700900002").await), @r#"
    403
    content-type: application/json
    {
      "error-code": "403",
      "error-code-label": "The supplied credentials are limited to moving 2.00 at once"
    }
    "#);
    let rent = async |msisdn: &str| {
        let path = format!("/v1/Account/{auth_id}/PhoneNumber/{msisdn}/");
        house.post(&path, Auth::Basic(auth_id, &token), "").await
    };
    assert_eq!(rent("447700900003").await.status, 201);
    assert_snapshot!(house.shown(&rent("447700900002").await), @r#"
    400
    content-type: application/json
    {
      "api_id": "<uuid 1>",
      "error": "this auth token moves at most 2.00 credits at once"
    }
    "#);
}

#[tokio::test]
async fn charges_holds_and_payments_pass_up_to_the_limit_and_not_a_unit_above() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    house.pay(own, "100").await;
    let ops = family.token("operator", json!({ "amount_max": "3" })).await;
    let gate = family.token("gate", json!({ "amount_max": "3" })).await;
    let (ops, gate) = (Auth::Bearer(&ops), Auth::Bearer(&gate));
    let mut said_of = Vec::new();
    for amount in ["3", "3.00000001"] {
        let mut body = json!({ "amount": amount });
        let pay = house.post(&Family::path(partner, "/payments"), ops, body.to_string()).await;
        body["account"] = json!(own.key);
        let charge = house.post("/api/v1/charges", gate, body.to_string()).await;
        let batch = json!([{ "key": amount, "account": own.key, "amount": amount }]).to_string();
        let batch = house.post("/api/v1/charges/batch", gate, batch).await;
        body["expires_in"] = json!(60);
        let hold = house.post("/api/v1/holds", gate, body.to_string()).await;
        let limit = json!({ "credit_limit": if amount == "3" { "103" } else { "106.00000001" } });
        let change = house.patch(&Family::path(partner, ""), ops, limit.to_string()).await;
        said_of.push([&pay, &charge, &hold, &change].map(said).join(" "));
        said_of.push(batch.json()[0]["status"].to_string());
    }
    let limited = "403 restricted";
    assert_eq!(said_of[0], "201 201 201 200");
    assert_eq!(said_of[2], [limited; 4].join(" "));
    assert_eq!([said_of[1].as_str(), said_of[3].as_str()], ["201", "403"]);
}

/// A plan with a call for 2 and one for a unit more, and the doors.
const PLAN: &str = r#"{"currency":"EUR","default":true,"rules":[
    {"path":"/at","operation":"at","mode":"charge","unit_price":"2","units":1},
    {"path":"/above","operation":"above","mode":"charge","unit_price":"2.00000001","units":1},
    {"path":"/held","operation":"held","mode":"hold","reserve":"2.00000001","expires_in":60},
    {"path":"/free","operation":"free","mode":"free"}]}"#;

#[tokio::test]
async fn a_call_passes_no_door_of_the_gate_beyond_the_limits_of_its_key_or_of_the_gate() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    let put = house.call(Method::PUT, "/api/v1/price-plans/doors", BY_OPERATOR, PLAN).await;
    assert_eq!(put.status, 200, "{put}");
    let open = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate"}"#).await;
    let open = open.json()["token"].as_str().unwrap().to_owned();
    let gates = [
        ("open", open),
        ("reads", family.token("gate", json!({ "read_only": true })).await),
        ("up to 2", family.token("gate", json!({ "amount_max": "2" })).await),
        ("shared", family.token("gate", json!({ "accounts": [shared.key] })).await),
    ];
    let keys = [
        ("whole", partner.secret.clone()),
        ("reads", family.key(partner, "secret", json!({ "read_only": true })).await),
        ("up to 2", family.key(partner, "token", json!({ "amount_max": "2" })).await),
        ("itself", family.key(partner, "secret", json!({ "accounts": [partner.key] })).await),
        ("own", family.key(partner, "secret", json!({ "accounts": [own.key] })).await),
    ];
    let mut passed = Vec::new();
    for (gate, token) in &gates {
        for (key, secret) in &keys {
            let mut line = format!("{gate} / {key}:");
            for path in ["/at", "/above", "/held", "/free"] {
                let mut codes = Vec::new();
                for (door, method, uri) in [
                    ("/gate/nginx".to_owned(), "x-original-method", "x-original-uri"),
                    ("/gate/forward".to_owned(), "x-forwarded-method", "x-forwarded-uri"),
                    (format!("/gate/envoy{path}"), "x-unused", "x-unused-too"),
                ] {
                    let request = Request::get(door).header("x-gate-token", token);
                    let request = request.header(method, "GET").header(uri, path);
                    let request = Auth::Basic(&partner.key, secret).on(request);
                    let answer = house.send(request.body(Body::empty()).unwrap()).await;
                    codes.push(match answer.header("x-sub-token") {
                        // nginx throws the body away, and asks for it.
                        Some(token) => {
                            let request = Request::get("/gate/denied").header("x-sub-token", token);
                            said(&house.send(request.body(Body::empty()).unwrap()).await)
                        }
                        None if answer.status == 200 => "200".to_owned(),
                        None => said(&answer),
                    });
                }
                assert!(codes.iter().all(|it| *it == codes[0]), "the doors differ: {codes:?}");
                line += if codes[0] == "200" { " passes" } else { " no" };
                assert!(["200", "403 restricted"].contains(&codes[0].as_str()), "{line}: {codes:?}");
            }
            passed.push(line);
        }
    }
    assert_snapshot!(passed.join("\n"), @r"
    open / whole: passes passes passes passes
    open / reads: no no no no
    open / up to 2: passes no no passes
    open / itself: passes passes passes passes
    open / own: no no no no
    reads / whole: no no no no
    reads / reads: no no no no
    reads / up to 2: no no no no
    reads / itself: no no no no
    reads / own: no no no no
    up to 2 / whole: passes no no passes
    up to 2 / reads: no no no no
    up to 2 / up to 2: passes no no passes
    up to 2 / itself: passes no no passes
    up to 2 / own: no no no no
    shared / whole: no no no no
    shared / reads: no no no no
    shared / up to 2: no no no no
    shared / itself: no no no no
    shared / own: no no no no
    ");
}

/// However often it was let in before.
#[tokio::test]
async fn a_limit_comes_with_its_key_each_time_and_ends_with_it() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    let body = r#"{"kind":"secret","limits":{"read_only":true}}"#;
    let made = house.post(&Family::path(partner, "/credentials"), partner.auth(), body).await.json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let rename = async |house: &House| {
        house.patch(&Family::path(own, ""), Auth::Basic(&partner.key, secret), r#"{"name":"x"}"#).await
    };
    let read =
        async |house: &House| house.get(&Family::path(own, ""), Auth::Basic(&partner.key, secret)).await;
    for _ in 0..3 {
        assert_eq!(read(house).await.status, 200);
        assert_eq!(said(&rename(house).await), "403 restricted");
    }
    // The whole credential beside it is not limited, before or after.
    let renamed = house.patch(&Family::path(own, ""), partner.auth(), r#"{"name":"y"}"#).await;
    assert_eq!(renamed.status, 200, "{renamed}");
    house.app.store().close();
    let again = house.copy();
    assert_eq!(read(&again).await.status, 200, "after a start");
    assert_eq!(said(&rename(&again).await), "403 restricted");
    let path = Family::path(partner, &format!("/credentials/{id}"));
    assert_eq!(again.delete(&path, partner.auth()).await.status, 200);
    assert_eq!(read(&again).await.status, 401, "at once, though it was right a moment ago");
    assert_eq!(rename(&again).await.status, 401);
    let revoked = replay(&again.url(), &|_| true).unwrap();
    assert!(revoked.lines > 0);
}

/// Under a key somebody else may have been shown what is shown once.
#[tokio::test]
async fn a_repeat_shows_a_restricted_key_no_secret() {
    let family = Family::new().await;
    let (house, partner) = (&family.house, &family.partner);
    let secret = family.key(partner, "secret", json!({ "amount_max": "1000" })).await;
    let ops = family.token("operator", json!({ "amount_max": "1000" })).await;
    let ask = async |auth: Auth<'_>, path: &str, body: &str| {
        let request = auth.on(Request::post(path).header("idempotency-key", path));
        house.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let credentials = Family::path(partner, "/credentials");
    let subaccounts = format!("/accounts/{}/subaccounts", partner.key);
    let plivo = format!("/v1/Account/{}/Subaccount/", partner.opened.account.auth_id);
    for (path, body) in [
        (&*credentials, r#"{"kind":"token"}"#),
        (&subaccounts, r#"{"name":"New"}"#),
        (&plivo, r#"{"name":"New"}"#),
    ] {
        let first = ask(partner.auth(), path, body).await;
        assert!(first.status < 300, "{first}");
        let again = ask(partner.auth(), path, body).await;
        assert_eq!(again.text().len(), first.text().len(), "{again}");
        let limited = ask(Auth::Basic(&partner.key, &secret), path, body).await;
        assert!([400, 403].contains(&limited.status), "{limited}");
        assert!(!limited.text().contains("secret\":") && !limited.text().contains("auth_token"), "{limited}");
    }
    let first = ask(BY_OPERATOR, "/api/v1/tokens", r#"{"scope":"gate"}"#).await;
    assert_eq!(first.status, 201);
    let limited = ask(Auth::Bearer(&ops), "/api/v1/tokens", r#"{"scope":"gate"}"#).await;
    assert_eq!(said(&limited), "403 restricted", "{limited}");
}

/// The Plivo dialect shows a main account its subaccounts' tokens, and nobody else's.
#[tokio::test]
async fn the_plivo_dialect_shows_a_restricted_key_no_token_and_nobody_a_restricted_one() {
    let family = Family::new().await;
    let Family { house, partner, own, .. } = &family;
    let restricted = family.key(own, "token", json!({ "read_only": true })).await;
    let reader = family.key(partner, "token", json!({ "read_only": true })).await;
    let (auth_id, sub) = (partner.opened.account.auth_id.as_str(), own.opened.account.auth_id.as_str());
    let path = format!("/v1/Account/{auth_id}/Subaccount/{sub}/");
    let whole = house.get(&path, Auth::Basic(auth_id, &partner.opened.auth_token)).await.json();
    assert_eq!([&whole["auth_token"], &whole["new_auth_token"]], [&own.opened.auth_token; 2]);
    let limited = house.get(&path, Auth::Basic(auth_id, &reader)).await.json();
    assert_eq!([&limited["auth_token"], &limited["new_auth_token"]], [""; 2]);
    assert_eq!(limited["name"], whole["name"]);
    // Nor does a rotation end it.
    let rotate = Family::path(own, "/credentials/rotate");
    assert_eq!(house.post(&rotate, own.auth(), r#"{"kind":"token","overlap_seconds":0}"#).await.status, 201);
    let still = house.get(&format!("/v1/Account/{sub}/"), Auth::Basic(sub, &restricted)).await;
    assert_eq!(still.status, 200, "{still}");
}

/// What limits there are follows from the journal, and no line of a restricted key is beyond them.
#[tokio::test]
async fn check_finds_limits_that_were_changed_and_lines_beyond_them() {
    let family = Family::new().await;
    let Family { house, partner, own, shared } = &family;
    let secret =
        family.key(partner, "secret", json!({ "amount_max": "5", "accounts": [partner.key, own.key] })).await;
    family.key(shared, "secret", json!({ "read_only": true })).await;
    family.token("operator", json!({ "accounts": [own.key] })).await;
    let body = json!({ "kind": "balance", "to": own.key, "amount": "5" }).to_string();
    let moved =
        house.post(&Family::path(partner, "/transfers"), Auth::Basic(&partner.key, &secret), body).await;
    assert_eq!(moved.status, 201, "{moved}");
    house.charge(shared, "1").await;
    house.pay(partner, "50").await;
    house.app.store().close();
    assert!(replay(&house.url(), &|_| true).is_ok());
    let by = "by_account = (SELECT account FROM credentials WHERE limits LIKE '%accounts%'), caller = 3,
        by_credential = (SELECT id FROM credentials WHERE limits LIKE '%accounts%')";
    for (change, found) in [
        (
            "UPDATE credentials SET limits = NULL WHERE limits LIKE '%read_only\":true%'".to_owned(),
            "its credentials",
        ),
        (
            "UPDATE credentials SET limits = replace(limits, '500000000', '500000001')".to_owned(),
            "its credentials",
        ),
        ("UPDATE tokens SET limits = NULL".to_owned(), "token "),
        // By a key that must not have done it: more than it may, and of an account that it does not reach.
        (format!("UPDATE journal SET {by} WHERE kind = 3"), "limited to less (Amount"),
        (
            format!("UPDATE journal SET {by}, price = NULL, operation = 'number.rent' WHERE kind = 6"),
            "limited to less (Accounts",
        ),
    ] {
        let copy = house.ground().copy();
        assert!(copy.sql().execute(&change) > 0, "{change}");
        let wrong = replay(&copy.store_url(), &|_| true).unwrap_err().to_string();
        assert!(wrong.contains(found), "{change}: {wrong}");
    }
}
