//! The ways into the Plivo dialect.

use serde_json::json;

use super::Ask;
use super::cast::{Family, Member, STOCKED};

/// Below whom something is asked for.
struct Paths {
    primary: String,
    own: String,
    caller: String,
}

impl Paths {
    fn of(resource: &str, of: &Family, caller: &Member) -> Self {
        let path = |it: &Member| format!("/v1/Account/{}/{resource}", it.auth_id);
        Self { primary: path(&of.primary), own: path(&of.own), caller: path(caller) }
    }
}

pub(super) fn asks(route: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Some((method, path)) = route.split_once(" /v1/Account/{auth_id}") else { return Vec::new() };
    match path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), "")) {
        ("", "") => account(method, of),
        ("Subaccount", item) => subaccounts(method, item, of, caller),
        ("Application", item) => applications(method, item, of, caller),
        ("Endpoint", item) => endpoints(method, item, of, caller),
        ("Number", item) => numbers(method, item, of, caller),
        ("PhoneNumber", _) => stock(method, of, caller),
        _ => Vec::new(),
    }
}

fn account(method: &str, of: &Family) -> Vec<Ask> {
    let [primary, own] = [&of.primary, &of.own].map(|it| format!("/v1/Account/{}/", it.auth_id));
    match method {
        "GET" => vec![
            Ask::primary(200, primary).shows(&of.primary.marker),
            Ask::own(200, own).shows(&of.own.marker),
        ],
        "POST" => vec![
            Ask::primary(202, primary).body(r#"{"name":"Stolen"}"#),
            // A subaccount is no account that could be changed here; nobody is served.
            Ask::own(405, own).body(r#"{"city":"Stolen"}"#),
        ],
        _ => Vec::new(),
    }
}

fn subaccounts(method: &str, item: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Paths { primary, caller: of_caller, .. } = Paths::of("Subaccount/", of, caller);
    let auth_id = &of.own.auth_id;
    let one = |status| {
        vec![
            Ask::primary(status, format!("{primary}{auth_id}/")),
            Ask::below(status, format!("{of_caller}{auth_id}/")),
        ]
    };
    match (method, item) {
        ("GET", "") => vec![Ask::primary(200, primary).shows(auth_id)],
        ("POST", "") => vec![Ask::primary(201, primary).body(r#"{"name":"Stolen"}"#)],
        ("GET", _) => one(200).into_iter().map(|it| it.shows(&of.own.auth_token)).collect(),
        ("POST", _) => one(202).into_iter().map(|it| it.body(r#"{"name":"Stolen"}"#)).collect(),
        ("DELETE", _) => {
            let mut asks = one(204);
            asks.push(Ask::below(204, format!("{of_caller}{auth_id}/?cascade=true")));
            asks
        }
        _ => Vec::new(),
    }
}

/// The lists of a resource; `narrow` is what else in a query finds the subaccount's.
fn lists(resource: &str, of: &Family, caller: &Member, shown: [&str; 2], narrow: &[String]) -> Vec<Ask> {
    let Paths { primary, own, caller } = Paths::of(resource, of, caller);
    let mut asks = vec![
        Ask::primary(200, primary).shows(shown[0]),
        Ask::own(200, own).shows(shown[1]),
        Ask::below(200, format!("{caller}?subaccount={}", of.own.auth_id)).shows(shown[1]),
        Ask::primary(200, format!("{caller}?subaccount=")).shows(shown[0]),
    ];
    asks.extend(narrow.iter().map(|it| Ask::below(200, format!("{caller}?{it}")).shows(shown[1])));
    asks
}

/// The ways to one thing of the primary's and to one of the subaccount's.
fn ones(status: u16, resource: &str, of: &Family, caller: &Member, ids: [&str; 2]) -> Vec<Ask> {
    let Paths { primary, own, caller } = Paths::of(resource, of, caller);
    vec![
        Ask::primary(status, format!("{primary}{}/", ids[0])),
        Ask::primary(status, format!("{caller}{}/", ids[0])),
        Ask::own(status, format!("{own}{}/", ids[1])),
        Ask::own(status, format!("{caller}{}/", ids[1])),
        Ask::below(status, format!("{caller}{}/", ids[1])),
    ]
}

fn with_body(asks: Vec<Ask>, body: &str) -> Vec<Ask> {
    asks.into_iter().map(|it| it.body(body)).collect()
}

fn applications(method: &str, item: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let of_caller = Paths::of("Application/", of, caller).caller;
    let ids = [&*primary.application, &*own.application];
    let ones = |status| ones(status, "Application/", of, caller, ids);
    match (method, item) {
        ("GET", "") => lists("Application/", of, caller, ids, &[format!("app_name={}_app", own.marker)]),
        ("POST", "") => {
            let paths = Paths::of("Application/", of, caller);
            let body = json!({ "app_name": "Stolen", "subaccount": own.auth_id }).to_string();
            vec![
                Ask::primary(201, paths.primary).body(r#"{"app_name":"Stolen"}"#),
                Ask::own(201, paths.own).body(r#"{"app_name":"Stolen"}"#),
                Ask::below(201, paths.caller).body(body),
            ]
        }
        ("GET", _) => ones(200).into_iter().zip([primary, primary, own, own, own]).map(shown).collect(),
        ("POST", _) => {
            let mut asks = with_body(ones(202), r#"{"answer_url":"https://stolen.example"}"#);
            // Its own, handed to somebody who did not ask for it.
            let body = json!({ "subaccount": own.auth_id }).to_string();
            asks.push(Ask::below(202, format!("{of_caller}{}/", caller.application)).body(body));
            asks
        }
        ("DELETE", _) => {
            let mut asks = ones(204);
            let successor = format!("cascade=false&new_endpoint_application={}", own.application);
            asks.push(Ask::below(204, format!("{of_caller}{}/?{successor}", caller.application)));
            asks
        }
        _ => Vec::new(),
    }
}

/// The path names the id, and the answer the rest.
fn shown((ask, whose): (Ask, &Member)) -> Ask {
    ask.shows(&whose.marker)
}

fn endpoints(method: &str, item: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let paths = Paths::of("Endpoint/", of, caller);
    let ids = [&*primary.endpoint, &*own.endpoint];
    let ones = |status| ones(status, "Endpoint/", of, caller, ids);
    match (method, item) {
        ("GET", "") => lists("Endpoint/", of, caller, ids, &[]),
        ("POST", "") => {
            let new = |more: serde_json::Value| {
                let mut body = json!({ "username": "stolen", "password": "secret", "alias": "Stolen" });
                body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                body.to_string()
            };
            vec![
                Ask::primary(201, paths.primary).body(new(json!({}))),
                Ask::own(201, paths.own).body(new(json!({}))),
                Ask::below(201, &*paths.caller).body(new(json!({ "subaccount": own.auth_id }))),
                Ask::primary(201, &*paths.caller).body(new(json!({ "app_id": primary.application }))),
                Ask::below(201, paths.caller).body(new(json!({ "app_id": own.application }))),
            ]
        }
        ("GET", _) => ones(200).into_iter().zip([primary, primary, own, own, own]).map(shown).collect(),
        ("POST", _) => {
            let mut asks = with_body(ones(202), r#"{"alias":"Stolen"}"#);
            let of_caller = format!("{}{}/", paths.caller, caller.endpoint);
            let body = |more: serde_json::Value| more.to_string();
            asks.extend([
                Ask::below(202, &*of_caller).body(body(json!({ "subaccount": own.auth_id }))),
                Ask::primary(202, &*of_caller).body(body(json!({ "app_id": primary.application }))),
                Ask::below(202, &*of_caller).body(body(json!({ "app_id": own.application }))),
            ]);
            asks
        }
        ("DELETE", _) => ones(204),
        _ => Vec::new(),
    }
}

fn numbers(method: &str, item: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let paths = Paths::of("Number/", of, caller);
    let ids = [&*primary.number, &*own.number];
    let ones = |status| ones(status, "Number/", of, caller, ids);
    match (method, item) {
        ("GET", "") => {
            // Not all of the digits, for what is asked for may be answered.
            let narrow =
                [format!("number_startswith={}", &own.number[..9]), format!("alias={}%20line", own.marker)];
            lists("Number/", of, caller, ids, &narrow)
        }
        ("POST", "") => {
            let new = |numbers: &str, more: serde_json::Value| {
                let mut body = json!({ "numbers": numbers, "carrier": "Stolen", "region": "Stolen" });
                body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                body.to_string()
            };
            vec![
                Ask::primary(202, paths.primary).body(new("15550001111", json!({}))),
                Ask::below(202, &*paths.caller)
                    .body(new("15550001111", json!({ "subaccount": own.auth_id }))),
                Ask::primary(202, &*paths.caller)
                    .body(new("15550001111", json!({ "app_id": primary.application }))),
                Ask::below(202, &*paths.caller)
                    .body(new("15550001111", json!({ "app_id": own.application }))),
                // Nobody can bring what somebody has.
                Ask::primary(400, &*paths.caller).body(new(&primary.number, json!({}))),
                Ask::below(400, paths.caller).body(new(&own.number, json!({}))),
            ]
        }
        ("GET", _) => ones(200).into_iter().zip([primary, primary, own, own, own]).map(shown).collect(),
        ("POST", _) => {
            let mut asks = with_body(ones(202), r#"{"alias":"Stolen"}"#);
            let of_caller = format!("{}{}/", paths.caller, caller.number);
            asks.extend([
                Ask::below(202, &*of_caller).body(json!({ "subaccount": own.auth_id }).to_string()),
                Ask::primary(202, &*of_caller).body(json!({ "app_id": primary.application }).to_string()),
                Ask::below(202, &*of_caller).body(json!({ "app_id": own.application }).to_string()),
            ]);
            asks
        }
        ("DELETE", _) => {
            let mut asks = ones(204);
            // Only a main account gives back.
            asks.iter_mut().filter(|it| it.right == super::Right::Own).for_each(|it| it.status = 405);
            asks
        }
        _ => Vec::new(),
    }
}

fn stock(method: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let paths = Paths::of("PhoneNumber/", of, caller);
    match method {
        "GET" => vec![
            Ask::primary(200, format!("{}?country_iso=GB", paths.primary)).shows(STOCKED),
            Ask::primary(200, format!("{}?country_iso=GB&pattern={}", paths.caller, &primary.number[..9])),
        ],
        "POST" => vec![
            Ask::primary(201, format!("{}{STOCKED}/", paths.primary)),
            Ask::below(201, format!("{}{STOCKED}/", paths.caller))
                .body(json!({ "app_id": own.application }).to_string()),
            // Nobody can rent what somebody has.
            Ask::primary(404, format!("{}{}/", paths.caller, primary.number)),
            Ask::below(404, format!("{}{}/", paths.caller, own.number)),
        ],
        _ => Vec::new(),
    }
}
