//! Every route asks who is there, and none serves whom it must not. Walks the table that the routes are registered
//! from, so that a new route is looked at without anybody thinking of it.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{Method, Request};
use ledger::BalanceMode;
use tollgate::api::{self, Route, Who};

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// By which every call of the walk may pass.
const PLAN: &str =
    r#"{"currency":"EUR","default":true,"rules":[{"path":"/**","operation":"walk","mode":"free"}]}"#;

/// The family that every request is about, and those who must not be served.
struct Cast {
    house: House,
    primary: Opening,
    sub: Opening,
    stranger: Opening,
    gate: String,
    charge: String,
    hold: String,
    /// A webhook of the primary's, and an event that it was sent.
    webhook: String,
    event: String,
}

impl Cast {
    async fn new() -> Self {
        let house = House::new();
        let primary = house.primary("Primary of the cast", "100").await;
        let sub = house.subaccount(&primary, "Subaccount of the cast", BalanceMode::Own).await;
        let stranger = house.primary("Stranger", "100").await;
        house.give_number(&primary, "GB", "447700900000").await;
        let charge = house.charge(&primary, "1").await.to_string();
        let made = house.post("/api/v1/tokens", BY_OPERATOR, r#"{"scope":"gate","may_force":true}"#).await;
        let gate = made.json()["token"].as_str().unwrap().to_owned();
        let hold = format!(r#"{{"account":"{}","amount":"1","expires_in":60}}"#, primary.key);
        let hold = house.post("/api/v1/holds", BY_OPERATOR, hold).await;
        let hold = hold.json()["id"].as_str().unwrap().to_owned();
        let put = house.call(Method::PUT, "/api/v1/price-plans/walk", BY_OPERATOR, PLAN).await;
        assert_eq!(put.status, 200, "{put}");
        let (webhook, event) = listening(&house, &primary).await;
        Self { house, primary, sub, stranger, gate, charge, hold, webhook, event }
    }

    /// A route's path about the primary: what stands in braces is one of its names.
    fn path(&self, route: &Route) -> String {
        let parts = route.path.split('/').map(|part| match part {
            "{id}" if route.path.contains("/charges/") => self.charge.clone(),
            "{id}" if route.path.contains("/holds/") => self.hold.clone(),
            "{id}" if route.path.contains("/webhooks/") && route.method != Method::DELETE => {
                self.webhook.clone()
            }
            "{event}" => self.event.clone(),
            "{name}" => "walk".to_owned(),
            // Of a token or a secret; any will do for those who may see none.
            "{id}" | "{secret_id}" | "{credential}" => "0191992b-0000-7000-8000-000000000000".to_owned(),
            "{country}" => "GB".to_owned(),
            "{month}" => "2024-08".to_owned(),
            // Whose, only accounts need not say.
            "usage" => format!("usage?account={}", self.primary.key),
            "{msisdn}" => "447700900099".to_owned(),
            // A primary does not close while it has a subaccount.
            "{account}" if route.path.ends_with("/close") => self.sub.key.clone(),
            part if part.starts_with('{') => self.primary.key.clone(),
            // Which needs to know where to search.
            "search" => "search?country=GB".to_owned(),
            part => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A body that the route would take from the right caller.
    fn body(&self, route: &Route) -> String {
        let (primary, sub) = (&self.primary.key, &self.sub.key);
        let bodies = HashMap::from([
            ("POST /api/v1/accounts", format!(r#"{{"name":"x","parent":"{primary}"}}"#)),
            ("PATCH /api/v1/accounts/{account}", r#"{"name":"x"}"#.to_owned()),
            ("POST /api/v1/accounts/{account}/close", "{}".to_owned()),
            ("POST /api/v1/accounts/{account}/credentials", r#"{"kind":"token"}"#.to_owned()),
            ("POST /api/v1/accounts/{account}/credentials/rotate", r#"{"kind":"secret"}"#.to_owned()),
            ("POST /api/v1/accounts/{account}/payments", r#"{"amount":"1"}"#.to_owned()),
            (
                "POST /api/v1/accounts/{account}/transfers",
                format!(r#"{{"kind":"balance","to":"{sub}","amount":"1"}}"#),
            ),
            ("POST /api/v1/charges", format!(r#"{{"account":"{primary}","amount":"1"}}"#)),
            (
                "POST /api/v1/charges/batch",
                format!(r#"[{{"account":"{primary}","amount":"1","key":"walk"}}]"#),
            ),
            ("POST /api/v1/charges/{id}/reverse", "{}".to_owned()),
            ("POST /api/v1/drills", "{}".to_owned()),
            ("POST /api/v1/holds", format!(r#"{{"account":"{primary}","amount":"1","expires_in":60}}"#)),
            ("POST /api/v1/holds/{id}/settle", r#"{"amount":"1"}"#.to_owned()),
            ("POST /api/v1/holds/{id}/release", "{}".to_owned()),
            ("POST /api/v1/holds/{id}/extend", r#"{"expires_in":60}"#.to_owned()),
            ("PUT /api/v1/price-plans/{name}", PLAN.to_owned()),
            ("POST /api/v1/price-plans/{name}/try", r#"{"requests":[]}"#.to_owned()),
            (
                "POST /api/v1/numbers",
                format!(r#"{{"account":"{primary}","country":"GB","msisdn":"447700900001"}}"#),
            ),
            ("POST /api/v1/tokens", r#"{"scope":"operator"}"#.to_owned()),
            ("POST /api/v1/webhooks", format!(r#"{{"url":"https://walk.example","account":"{primary}"}}"#)),
            ("POST /api/v1/webhooks/{id}/rotate", r#"{"overlap_seconds":0}"#.to_owned()),
            ("PATCH /api/v1/webhooks/{id}", r#"{"url":"https://walk.example"}"#.to_owned()),
            ("POST /api/v1/webhooks/{id}/deliveries/{event}/resend", "{}".to_owned()),
        ]);
        if route.path.starts_with("/number/") && route.method == Method::POST {
            return format!("country=GB&msisdn=447700900000&target_api_key={primary}");
        }
        let found = bodies.get(&*name(route)).cloned();
        // The Vonage dialect asks who may before it looks at a body.
        let needs = route.method != Method::GET && route.method != Method::DELETE && is_native(route);
        assert!(found.is_some() || !needs, "{}: say here what its body is", name(route));
        found.unwrap_or_else(|| "{}".to_owned())
    }

    /// At the gate, the proxy is the right one, and the call is whoever's that shows his credentials.
    async fn ask(&self, route: &Route, auth: Auth<'_>) -> Answer {
        let request = Request::builder().method(route.method.clone()).uri(self.path(route));
        let request = match route.who {
            Who::Gate => [
                ("x-gate-token", &*self.gate),
                ("x-original-method", "GET"),
                ("x-original-uri", "/walk"),
                ("x-forwarded-method", "GET"),
                ("x-forwarded-uri", "/walk"),
            ]
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value)),
            Who::Anyone | Who::Account | Who::Operator | Who::OperatorOrGate | Who::OperatorOrAccount => {
                request
            }
        };
        self.house.send(auth.on(request).body(Body::from(self.body(route))).unwrap()).await
    }
}

/// A webhook of an account's, and an event that was tried to be sent there.
async fn listening(house: &House, account: &Opening) -> (String, String) {
    let made = house.post("/api/v1/webhooks", account.auth(), r#"{"url":"http://127.0.0.1:9"}"#).await;
    let webhook = made.json()["id"].as_str().unwrap().to_owned();
    let renamed = format!("/api/v1/accounts/{}", account.key);
    assert_eq!(house.patch(&renamed, BY_OPERATOR, r#"{"name":"Primary of the cast"}"#).await.status, 200);
    house.room(false).settle().await.unwrap();
    let events = house.get(&format!("/api/v1/webhooks/{webhook}/deliveries"), BY_OPERATOR).await.json();
    (webhook, events["deliveries"][0]["event"].as_str().unwrap().to_owned())
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn is_native(route: &Route) -> bool {
    api::native::speaks(route.path)
}

#[tokio::test]
async fn every_route_but_those_for_anyone_asks_for_credentials_in_its_dialects_words() {
    let cast = Cast::new().await;
    let routes = api::routes();
    assert!(routes.len() >= 25, "the table has shrunk: {}", routes.len());
    for route in routes {
        // Else there would soon be too many failures in a minute.
        cast.house.clock.advance(2_000);
        for auth in [
            Auth::Nothing,
            Auth::Bearer("wrong"),
            Auth::Basic(&cast.primary.key, "wrong"),
            Auth::Basic("nobody", &cast.primary.secret),
        ] {
            let answer = cast.ask(&route, auth).await;
            if route.who == Who::Anyone {
                // Which says what a denied check was, and was shown none.
                let expected = if route.path == "/gate/denied" { 403 } else { 200 };
                assert_eq!(answer.status, expected, "{}: {answer}", name(&route));
                continue;
            }
            assert_eq!(answer.status, 401, "{} to {auth:?}: {answer}", name(&route));
            if route.path == "/gate/nginx" {
                // nginx would throw its body away.
                assert_eq!(answer.header("x-sub-status"), Some("401"), "{answer}");
                continue;
            }
            let body = answer.json();
            if is_native(&route) || route.who == Who::Gate {
                assert_eq!(body["code"], "unauthenticated", "{}", name(&route));
                assert!(answer.header("www-authenticate").is_some(), "{}", name(&route));
            } else {
                assert!(body.get("code").is_none(), "{} speaks natively: {answer}", name(&route));
            }
        }
    }
}

#[tokio::test]
async fn no_route_serves_a_caller_of_another_scope_or_family() {
    let cast = Cast::new().await;
    for route in api::routes() {
        let mut wrong = Vec::new();
        // A call is about nobody but the account that makes it.
        if route.who != Who::Gate {
            wrong.extend([("a foreign account", cast.stranger.auth()), ("its subaccount", cast.sub.auth())]);
        }
        if route.who != Who::OperatorOrGate {
            wrong.push(("a gate", Auth::Bearer(&cast.gate)));
        }
        if !matches!(route.who, Who::Account | Who::OperatorOrAccount | Who::Gate) {
            wrong.push(("the account itself", cast.primary.auth()));
        }
        if matches!(route.who, Who::Account | Who::Gate) {
            wrong.push(("the operator", BY_OPERATOR));
        }
        for (who, auth) in wrong.into_iter().filter(|_| route.who != Who::Anyone) {
            let answer = cast.ask(&route, auth).await;
            let asked = format!("{} by {who}: {answer}", name(&route));
            let is_about_caller = route.method == Method::GET || route.path == "/account/settings";
            if answer.status == 200 && !route.path.contains('{') && is_about_caller {
                // It names no account, so it is about the caller, and says nothing of anybody else.
                for secret in [&cast.primary.key, &cast.primary.id.to_string(), "of the cast"] {
                    let is_own = who == "its subaccount" && *secret != cast.primary.key;
                    assert!(is_own || !answer.text().contains(secret), "{asked}");
                }
            } else {
                // 420 is the rest host's word for all that is not done.
                let is_refused = matches!(answer.status, 401 | 403 | 404)
                    || (answer.status == 420 && route.path.starts_with("/number/"));
                assert!(is_refused, "{asked}");
            }
        }
    }
}

/// Else the walk above would prove nothing: its requests must be ones that the right caller is served.
#[tokio::test]
async fn what_the_walk_asks_is_served_to_the_right_caller() {
    for route in api::routes().iter().filter(|it| is_native(it) || it.who == Who::Gate) {
        let cast = Cast::new().await;
        let right = if route.who == Who::Gate { cast.primary.auth() } else { BY_OPERATOR };
        let answer = cast.ask(route, right).await;
        // There is no such token to be revoked.
        let expected = if route.method == Method::DELETE { 404..=404 } else { 200..=201 };
        assert!(expected.contains(&answer.status), "{}: {answer}", name(route));
    }
}

/// Whatever is remembered of a caller saves work, and lets nobody in.
#[tokio::test]
async fn no_route_serves_a_caller_who_was_barred_since_it_was_let_in() {
    for (how, method, below, body) in [
        ("suspended", Method::PATCH, "", r#"{"status":"suspended"}"#),
        ("revoked", Method::POST, "/credentials/rotate", r#"{"kind":"secret","overlap_seconds":0}"#),
    ] {
        let cast = Cast::new().await;
        let own = format!("/api/v1/accounts/{}", cast.primary.key);
        assert_eq!(cast.house.get(&own, cast.primary.auth()).await.status, 200);
        let barred = cast.house.call(method, &format!("{own}{below}"), BY_OPERATOR, body).await;
        assert!(matches!(barred.status, 200 | 201), "{barred}");
        for route in api::routes() {
            if matches!(route.who, Who::Anyone | Who::Operator | Who::OperatorOrGate) {
                continue;
            }
            let answer = cast.ask(&route, cast.primary.auth()).await;
            let is_refused = match how {
                "revoked" => answer.status == 401,
                _ => {
                    matches!(answer.status, 401 | 403)
                        || (answer.status == 420 && route.path.starts_with("/number/"))
                }
            };
            assert!(is_refused, "{} by whom is {how}: {answer}", name(&route));
        }
    }
}
