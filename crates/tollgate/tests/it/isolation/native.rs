//! The ways into the native API.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::Ask;
use super::cast::{Family, Member, STOCKED};

pub(super) fn asks(route: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    match route {
        "GET /healthz" => vec![Ask::operator(200, "/healthz")],
        "GET /readyz" => vec![Ask::operator(200, "/readyz")],
        // The same for everybody.
        "GET /api/v1/openapi.json" | "GET /docs" | "GET /docs/style.css" => {
            vec![Ask::operator(200, route.trim_start_matches("GET "))]
        }
        "POST /api/v1/accounts" => vec![
            Ask::primary(201, "/api/v1/accounts")
                .body(json!({ "name": "Stolen", "parent": primary.id() }).to_string()),
            Ask::operator(201, "/api/v1/accounts").body(r#"{"name":"Stolen"}"#),
        ],
        "GET /api/v1/accounts" => vec![
            Ask::primary(200, "/api/v1/accounts").shows(&own.marker),
            Ask::primary(200, format!("/api/v1/accounts?parent={}", primary.key)).shows(&own.marker),
            Ask::primary(200, "/api/v1/accounts?name=qz&limit=1000").shows(&own.marker),
        ],
        "GET /api/v1/tokens" => vec![Ask::operator(200, "/api/v1/tokens")],
        "POST /api/v1/tokens" => vec![
            Ask::operator(201, "/api/v1/tokens").body(r#"{"scope":"operator"}"#),
            Ask::operator(201, "/api/v1/tokens").body(r#"{"scope":"gate","may_force":true}"#),
        ],
        "DELETE /api/v1/tokens/{id}" => {
            // There is no such token to be revoked.
            vec![Ask::operator(404, "/api/v1/tokens/0191992b-0000-7000-8000-000000000000")]
        }
        "GET /api/v1/usage" => {
            let by = "include=children&group_by=account";
            let own_id = own.id();
            vec![
                Ask::primary(200, format!("/api/v1/usage?account={}&{by}", primary.key)).shows(&own_id),
                Ask::own(200, format!("/api/v1/usage?account={}&{by}", own.auth_id)).shows(&own_id),
                Ask::primary(200, format!("/api/v1/usage?{by}")).shows(&own_id),
                Ask::operator(200, format!("/api/v1/usage?account={}&{by}", primary.id())).shows(&own_id),
            ]
        }
        "POST /api/v1/charges" => [primary, own]
            .map(|it| json!({ "account": it.id(), "amount": "1" }).to_string())
            .map(|it| Ask::operator(201, "/api/v1/charges").body(it))
            .into(),
        "POST /api/v1/charges/batch" => [primary, own].map(many).into(),
        "POST /api/v1/charges/{id}/reverse" => [primary, own]
            .map(|it| Ask::operator(201, format!("/api/v1/charges/{}/reverse", it.charge)))
            .into(),
        "GET /api/v1/numbers" => vec![
            Ask::operator(200, "/api/v1/numbers").shows(&primary.number),
            Ask::operator(200, format!("/api/v1/numbers?account={}", own.key)).shows(&own.number),
        ],
        "POST /api/v1/numbers" => {
            let new = json!({ "country": "GB", "msisdn": "447700977777", "account": primary.id() });
            vec![
                Ask::operator(201, "/api/v1/numbers").body(new.to_string()),
                Ask::operator(201, "/api/v1/numbers").body(r#"{"country":"GB","msisdn":"447700977777"}"#),
            ]
        }
        "DELETE /api/v1/numbers/{country}/{msisdn}" => vec![
            Ask::operator(200, format!("/api/v1/numbers/GB/{STOCKED}")),
            Ask::operator(409, format!("/api/v1/numbers/GB/{}", primary.number)),
        ],
        "POST /api/v1/holds" => [primary, own]
            .map(|it| json!({ "account": it.id(), "amount": "1", "expires_in": 60 }).to_string())
            .map(|it| Ask::operator(201, "/api/v1/holds").body(it))
            .into(),
        "GET /api/v1/holds" => vec![
            Ask::operator(200, "/api/v1/holds").shows(&primary.hold),
            Ask::operator(200, format!("/api/v1/holds?account={}", own.key)).shows(&own.hold),
        ],
        "GET /api/v1/holds/{id}" => holds(of, "", ""),
        "POST /api/v1/holds/{id}/settle" => holds(of, "/settle", r#"{"amount":"1"}"#),
        "POST /api/v1/holds/{id}/release" => holds(of, "/release", ""),
        "POST /api/v1/holds/{id}/extend" => holds(of, "/extend", r#"{"expires_in":60}"#),
        "GET /api/v1/price-plans" => vec![Ask::operator(200, "/api/v1/price-plans")],
        "PUT /api/v1/price-plans/{name}" => vec![
            Ask::operator(200, "/api/v1/price-plans/mine")
                .body(r#"{"currency":"EUR","default":true,"rules":[]}"#),
        ],
        // There is none yet.
        "GET /api/v1/price-plans/{name}" => vec![Ask::operator(404, "/api/v1/price-plans/mine")],
        "POST /api/v1/price-plans/{name}/try" => {
            vec![Ask::operator(404, "/api/v1/price-plans/mine/try").body(r#"{"requests":[]}"#)]
        }
        "GET /api/v1/audit" => vec![
            Ask::primary(200, "/api/v1/audit?limit=1000").shows(&own.marker),
            Ask::own(200, "/api/v1/audit?limit=1000").shows(&own.charge),
            Ask::below(200, format!("/api/v1/audit?limit=1000&account={}", own.key)).shows(&own.charge),
            Ask::primary(200, format!("/api/v1/audit?limit=1000&actor={}", primary.key))
                .shows(&primary.marker),
            Ask::operator(200, "/api/v1/audit?limit=1000").shows(&primary.charge),
        ],
        "GET /api/v1/events" => {
            let mut asks = vec![Ask::primary(200, "/api/v1/events").shows(&own.marker)];
            asks.extend(names(own).map(|it| format!("/api/v1/events?account={it}")).into_iter().flat_map(
                |it| [Ask::own(200, &it).shows(&own.marker), Ask::below(200, &it).shows(&own.marker)],
            ));
            asks.extend(
                names(primary).map(|it| {
                    Ask::primary(200, format!("/api/v1/events?account={it}")).shows(&primary.marker)
                }),
            );
            // From where somebody else went on.
            asks.push(Ask::own(200, format!("/api/v1/events?after={}", own.event)).shows(&own.secret_id));
            asks
        }
        "POST /api/v1/webhooks" => vec![
            Ask::primary(201, "/api/v1/webhooks")
                .body(json!({ "url": "https://thief.example", "account": primary.id() }).to_string()),
            Ask::below(201, "/api/v1/webhooks")
                .body(json!({ "url": "https://thief.example", "account": own.key }).to_string()),
            Ask::own(201, "/api/v1/webhooks")
                .body(json!({ "url": "https://thief.example", "account": own.auth_id }).to_string()),
        ],
        "GET /api/v1/webhooks" => vec![
            Ask::primary(200, "/api/v1/webhooks").shows(&primary.webhook),
            Ask::primary(200, format!("/api/v1/webhooks?owner={}", own.key)).shows(&own.webhook),
            Ask::own(200, "/api/v1/webhooks").shows(&own.webhook),
            Ask::operator(200, format!("/api/v1/webhooks?owner={}", primary.id())).shows(&primary.webhook),
        ],
        _ if route.contains(" /api/v1/webhooks/{id}") => webhook(route, of),
        "POST /api/v1/drills" => vec![Ask::operator(201, "/api/v1/drills")],
        _ => match route.split_once(" /api/v1/accounts/{account}") {
            Some((method, rest)) => account(method, rest.trim_start_matches('/'), of, caller),
            None => Vec::new(),
        },
    }
}

/// A webhook of the primary's and one of its subaccount's.
fn webhook(route: &str, of: &Family) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let asks = |rest: &str| {
        let path = |it: &Member| format!("/api/v1/webhooks/{}{rest}", it.webhook);
        [
            Ask::primary(200, path(primary)),
            Ask::operator(200, path(primary)),
            Ask::own(200, path(own)),
            Ask::below(200, path(own)),
        ]
    };
    let marked = |asks: [Ask; 4]| {
        let markers = [primary, primary, own, own].map(|it| it.marker.clone());
        asks.into_iter().zip(markers).map(|(ask, marker)| ask.shows(&marker)).collect()
    };
    match route.split_once("{id}") {
        Some(("GET /api/v1/webhooks/" | "DELETE /api/v1/webhooks/", "")) => marked(asks("")),
        Some(("PATCH /api/v1/webhooks/", "")) => {
            marked(asks("").map(|it| it.body(r#"{"types":["hold.captured"]}"#)))
        }
        Some(("POST /api/v1/webhooks/", "/rotate")) => marked(asks("/rotate")),
        Some(("GET /api/v1/webhooks/", "/deliveries")) => {
            let [primarys, operators, owns, below] = asks("/deliveries?limit=1000");
            vec![
                primarys.shows(&primary.sent),
                operators.shows(&primary.sent),
                owns.shows(&own.sent),
                below.shows(&own.sent),
                Ask::below(200, format!("/api/v1/webhooks/{}/deliveries?after={}", own.webhook, own.sent)),
            ]
        }
        Some(("POST /api/v1/webhooks/", "/deliveries/{event}/resend")) => {
            let path = |it: &Member| format!("/api/v1/webhooks/{}/deliveries/{}/resend", it.webhook, it.sent);
            vec![
                Ask::primary(200, path(primary)),
                Ask::operator(200, path(primary)),
                Ask::own(200, path(own)),
                Ask::below(200, path(own)),
            ]
        }
        _ => Vec::new(),
    }
}

/// One of each that may come many at once, about an account.
fn many(of: &Member) -> Ask {
    let items = json!([
        { "account": of.id(), "amount": "1", "key": "charge" },
        { "type": "reverse", "charge": of.charge, "key": "reverse" },
        { "type": "settle", "hold": of.hold, "amount": "0.1", "key": "settle" },
    ]);
    Ask::operator(200, "/api/v1/charges/batch").body(items.to_string())
}

fn holds(of: &Family, rest: &str, body: &str) -> Vec<Ask> {
    let asks = [&of.primary, &of.own].map(|it| format!("/api/v1/holds/{}{rest}", it.hold));
    asks.map(|it| Ask::operator(200, it).body(body)).into()
}

/// By each of its names.
fn paths(account: &Member, rest: &str) -> [String; 3] {
    let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
    names(account).map(|it| format!("/api/v1/accounts/{it}{rest}"))
}

fn names(account: &Member) -> [String; 3] {
    [account.id(), account.key.clone(), account.auth_id.clone()]
}

fn account(method: &str, rest: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let of_primary = |status| paths(primary, rest).map(|it| Ask::primary(status, it));
    let of_own = |status| paths(own, rest).map(|it| Ask::own(status, it));
    let below = |status| paths(own, rest).map(|it| Ask::below(status, it));
    let with = |asks: [Ask; 3], body: &str| asks.map(|it| it.body(body));
    match (method, rest) {
        ("GET", "") => {
            let mut asks: Vec<_> = of_primary(200).map(|it| it.shows(&primary.marker)).into();
            asks.extend(of_own(200).map(|it| it.shows(&own.marker)));
            asks
        }
        ("PATCH", "") => {
            let mut asks: Vec<_> = with(of_primary(200), r#"{"name":"Stolen"}"#).into();
            asks.extend(with(below(200), r#"{"status":"suspended"}"#));
            asks
        }
        ("POST", "close") => {
            let mut asks: Vec<_> = with(below(200), r#"{"dry_run":true}"#).into();
            asks.extend(with(below(200), r#"{"cascade":true}"#));
            // It has subaccounts.
            asks.extend(paths(primary, rest).map(|it| Ask::operator(409, it)));
            asks
        }
        ("GET", "credentials") => {
            let mut asks: Vec<_> = of_primary(200).map(|it| it.shows(&primary.secret_id)).into();
            asks.extend(of_own(200).map(|it| it.shows(&own.secret_id)));
            asks
        }
        ("POST", "credentials") => {
            let mut asks: Vec<_> = with(of_primary(201), r#"{"kind":"token"}"#).into();
            asks.extend(with(below(201), r#"{"kind":"token"}"#));
            asks
        }
        ("POST", "credentials/rotate") => {
            let mut asks: Vec<_> = with(of_primary(201), r#"{"kind":"token"}"#).into();
            asks.extend(with(of_own(201), r#"{"kind":"secret","overlap_seconds":0}"#));
            asks
        }
        ("DELETE", "credentials/{credential}") => {
            let id = format!("credentials/{}", own.secret_id);
            let mut asks: Vec<_> = paths(own, &id).map(|it| Ask::own(200, it)).into();
            asks.extend(paths(own, &id).map(|it| Ask::below(200, it)));
            asks.push(Ask::own(200, format!("/api/v1/accounts/{}/{id}", caller.key)));
            let id = format!("credentials/{}", primary.secret_id);
            asks.push(Ask::primary(200, format!("/api/v1/accounts/{}/{id}", caller.key)));
            asks
        }
        ("POST", "payments") => {
            let all = paths(primary, rest).into_iter().chain(paths(own, rest));
            all.map(|it| Ask::operator(201, it).body(r#"{"amount":"5"}"#)).collect()
        }
        ("POST", "transfers") => transfers(of, caller),
        // What was refused is in memory alone, and so in the house of the first walk.
        ("GET", "refusals") => of_primary(200).into_iter().chain(of_own(200)).chain(below(200)).collect(),
        ("GET", "postings") => {
            let mut asks: Vec<_> = of_primary(200).map(|it| it.shows(&primary.charge)).into();
            asks.extend(of_own(200).map(|it| it.shows(&own.charge)));
            // A cursor is a line's id, and whose it is nobody sees.
            let line: uuid::Uuid = own.charge.parse().unwrap();
            let cursor = URL_SAFE_NO_PAD.encode(line.as_bytes());
            let path = format!("/api/v1/accounts/{}/postings?cursor={cursor}", caller.key);
            asks.push(Ask::own(200, path).shows(&of.balance_transfer));
            asks
        }
        ("GET", "statements/{month}") => {
            let paths = |of: &Member, form: &str| paths(of, &format!("statements/2024-08?format={form}"));
            let mut asks: Vec<_> =
                paths(primary, "json").map(|it| Ask::primary(200, it).shows(&own.marker)).into();
            asks.extend(paths(primary, "csv").map(|it| Ask::primary(200, it).shows(&primary.marker)));
            asks.extend(paths(own, "html").map(|it| Ask::own(200, it).shows(&own.marker)));
            asks
        }
        _ => Vec::new(),
    }
}

fn transfers(of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let path = |it: &Member| format!("/api/v1/accounts/{}/transfers", it.key);
    let body = |kind: &str, side: &str, other: &Member| {
        json!({ "kind": kind, side: other.auth_id, "amount": "1" }).to_string()
    };
    vec![
        Ask::primary(201, path(primary)).body(body("balance", "to", own)),
        Ask::primary(201, path(primary)).body(body("credit", "from", own)),
        Ask::below(201, path(caller)).body(body("balance", "from", own)),
        Ask::below(201, path(caller)).body(body("credit", "to", own)),
    ]
}
