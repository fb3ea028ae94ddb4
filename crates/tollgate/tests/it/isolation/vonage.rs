//! The ways into the Vonage dialect.

use super::Ask;
use super::cast::{Family, Member, STOCKED};

pub(super) fn asks(route: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, balance_transfer, credit_transfer, .. } = of;
    match route.split_once(' ') {
        Some((method, path)) if path.starts_with("/accounts/") => {
            let path = path.trim_start_matches("/accounts/{api_key}/");
            match path.split('/').next() {
                Some("subaccounts") => subaccounts(method, path, of, caller),
                Some("secrets") => secrets(method, path, of, caller),
                Some("credit-transfers") => transfers(method, path, of, caller, credit_transfer),
                Some("balance-transfers") => transfers(method, path, of, caller, balance_transfer),
                Some("transfer-number") => transfer_number(primary, own, caller),
                _ => Vec::new(),
            }
        }
        Some(_) => rest(route, primary, own, caller),
        None => Vec::new(),
    }
}

fn subaccounts(method: &str, path: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let list = format!("/accounts/{}/subaccounts", primary.key);
    let one = [
        Ask::primary(200, format!("{list}/{}", own.key)),
        Ask::below(200, format!("/accounts/{}/subaccounts/{}", caller.key, own.key)),
        // In the other case, which is the same key.
        Ask::below(200, format!("/accounts/{}/subaccounts/{}", caller.key, own.key.to_uppercase())),
    ];
    match (method, path) {
        ("GET", "subaccounts") => vec![Ask::primary(200, list).shows(&own.key)],
        ("POST", "subaccounts") => vec![Ask::primary(200, list).body(r#"{"name":"Stolen"}"#)],
        ("GET", _) => one.map(|it| it.shows(&own.marker)).into(),
        ("PATCH", _) => {
            let bodies =
                [r#"{"name":"Stolen"}"#, r#"{"suspended":true}"#, r#"{"use_primary_account_balance":false}"#];
            one.into_iter().zip(bodies).map(|(it, body)| it.body(body)).collect()
        }
        _ => Vec::new(),
    }
}

fn secrets(method: &str, path: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let [of_primary, of_own, of_caller] =
        [primary, own, caller].map(|it| format!("/accounts/{}/secrets", it.key));
    match (method, path) {
        ("GET", "secrets") => vec![
            Ask::primary(200, of_primary).shows(&primary.secret_id),
            Ask::own(200, &*of_own).shows(&own.secret_id),
            Ask::below(200, of_own).shows(&own.secret_id),
        ],
        // Each has two already: to whoever may, that is what is said.
        ("POST", "secrets") => {
            let asks = [Ask::primary(403, of_primary), Ask::own(403, &*of_own), Ask::below(403, of_own)];
            asks.map(|it| it.body(r#"{"secret":"Stolen4Secret"}"#)).into()
        }
        ("GET" | "DELETE", _) => {
            let status = if method == "GET" { 200 } else { 204 };
            vec![
                Ask::primary(status, format!("{of_primary}/{}", primary.secret_id)),
                Ask::own(status, format!("{of_own}/{}", own.secret_id)),
                Ask::below(status, format!("{of_own}/{}", own.secret_id)),
                Ask::own(status, format!("{of_caller}/{}", own.secret_id)),
            ]
        }
        _ => Vec::new(),
    }
}

fn transfers(method: &str, path: &str, of: &Family, caller: &Member, id: &str) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let kind = path.split('/').next().unwrap_or_default();
    let [of_primary, of_caller] = [primary, caller].map(|it| format!("/accounts/{}/{kind}", it.key));
    match (method, path.contains('/')) {
        ("GET", false) => vec![
            Ask::primary(200, format!("{of_primary}?start_date=1970-01-01T00:00:00Z")).shows(id),
            Ask::below(200, format!("{of_caller}?start_date=1970-01-01T00:00:00Z&subaccount={}", own.key))
                .shows(id),
        ],
        ("GET", true) => vec![
            Ask::primary(200, format!("{of_primary}/{id}")).shows(&own.key),
            Ask::below(200, format!("{of_caller}/{id}")).shows(&own.key),
        ],
        ("POST", _) => {
            let move_one = |from: &Member, to: &Member| {
                format!(r#"{{"from":"{}","to":"{}","amount":1}}"#, from.key, to.key)
            };
            vec![
                Ask::primary(200, &*of_primary).body(move_one(primary, own)),
                Ask::below(200, &*of_primary).body(move_one(own, primary)),
                Ask::below(200, &*of_caller).body(move_one(own, caller)),
                Ask::below(200, of_caller).body(move_one(caller, own)),
            ]
        }
        _ => Vec::new(),
    }
}

fn transfer_number(primary: &Member, own: &Member, caller: &Member) -> Vec<Ask> {
    let ask = |path: &Member, from: &Member, to: &Member| {
        let body = format!(
            r#"{{"from":"{}","to":"{}","number":"{}","country":"GB"}}"#,
            from.key, to.key, from.number
        );
        (format!("/accounts/{}/transfer-number", path.key), body)
    };
    let (path, body) = ask(primary, primary, own);
    let mut asks = vec![Ask::primary(200, path).body(body)];
    for (path, body) in [ask(primary, own, primary), ask(caller, own, caller), ask(caller, caller, own)] {
        asks.push(Ask::below(200, path).body(body));
    }
    asks
}

/// The rest host, which names the caller by its credentials alone.
fn rest(route: &str, primary: &Member, own: &Member, caller: &Member) -> Vec<Ask> {
    // A key of the one with a secret of the other.
    let mixed = format!("api_key={}&api_secret={}", primary.key, caller.secret);
    let number = |it: &Member| format!("country=GB&msisdn={}", it.number);
    // Not all of its digits, for what is asked for may be answered.
    let part = |it: &Member| it.number[..9].to_owned();
    let target = format!("target_api_key={}", own.key);
    match route {
        "GET /account/get-balance" => vec![
            Ask::primary(200, "/account/get-balance").shows("73914.6825"),
            Ask::primary(200, format!("/account/get-balance?{mixed}")).shows("73914.6825"),
            Ask::own(200, "/account/get-balance").shows("35179.2648"),
        ],
        "POST /account/top-up" | "GET /account/top-up" => {
            vec![Ask::primary(401, "/account/top-up"), Ask::primary(401, format!("/account/top-up?{mixed}"))]
        }
        "POST /account/settings" => vec![
            Ask::primary(200, format!("/account/settings?{mixed}"))
                .body("drCallBackUrl=https://stolen.example"),
            Ask::primary(200, "/account/settings")
                .body(format!("{mixed}&moCallBackUrl=https://stolen.example")),
        ],
        "GET /account/numbers" => vec![
            Ask::primary(200, "/account/numbers").shows(&primary.number),
            Ask::primary(200, format!("/account/numbers?{mixed}")).shows(&primary.number),
            Ask::primary(200, format!("/account/numbers?pattern={}", part(primary))).shows(&primary.number),
            Ask::own(200, format!("/account/numbers?application_id={}", own.application)).shows(&own.number),
        ],
        "GET /number/search" => vec![
            Ask::primary(200, "/number/search?country=GB").shows(STOCKED),
            Ask::primary(200, format!("/number/search?country=GB&pattern={}", part(primary))),
            Ask::own(200, format!("/number/search?country=GB&pattern={}", part(own))),
        ],
        "POST /number/buy" => vec![
            // Nobody can buy what somebody has.
            Ask::primary(420, "/number/buy").body(number(primary)),
            Ask::below(200, "/number/buy").body(format!("country=GB&msisdn={STOCKED}&{target}")),
            Ask::primary(200, "/number/buy")
                .body(format!("country=GB&msisdn={STOCKED}&target_api_key={}", primary.key)),
            Ask::primary(200, format!("/number/buy?{mixed}")).body(format!("country=GB&msisdn={STOCKED}")),
        ],
        "POST /number/cancel" => vec![
            Ask::primary(200, "/number/cancel").body(number(primary)),
            Ask::own(200, "/number/cancel").body(number(own)),
            Ask::below(200, "/number/cancel").body(format!("{}&{target}", number(own))),
            Ask::primary(200, format!("/number/cancel?{mixed}")).body(number(primary)),
        ],
        "POST /number/update" => {
            let link = |to: &Member| format!("country=GB&msisdn={}&app_id={}", caller.number, to.application);
            let url = "moHttpUrl=https://stolen.example";
            vec![
                Ask::primary(200, "/number/update").body(format!("{}&{url}", number(primary))),
                Ask::own(200, "/number/update").body(format!("{}&{url}", number(own))),
                Ask::below(200, "/number/update").body(format!("{}&{target}&{url}", number(own))),
                // Its own number, answered by somebody else's application.
                Ask::primary(200, "/number/update").body(link(primary)),
                Ask::below(200, "/number/update").body(link(own)),
            ]
        }
        _ => Vec::new(),
    }
}
