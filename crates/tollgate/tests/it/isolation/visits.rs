//! The ways to ask the console about somebody else's things: a row for each of its routes, pages and forms.

use axum::http::Method;
use tollgate::console::{Route, Who};

use super::Ask;
use super::cast::{Family, Member, STOCKED};

pub(super) fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// A form's fields as its body.
fn fields(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The ways to ask a route for something of `of`, as `caller` would: where a path or a field names the caller, it is this one.
pub(super) fn asks(route: &Route, of: &Family, caller: &Member) -> Vec<Ask> {
    let name = name(route);
    let asks = match &*name {
        "GET /console" => vec![Ask::primary(303, "/console")],
        "POST /console/sign-out" => vec![Ask::primary(303, "/console/sign-out")],
        "GET /console/live" => {
            let Family { primary, own, .. } = of;
            let path = format!("/console/live?accounts={},{}&family={}", primary.key, own.key, primary.key);
            vec![Ask::primary(200, path)]
        }
        _ => match route.path.split_once("/{account}") {
            Some(("/console/families", rest)) => family(&route.method, rest, of),
            Some((_, rest)) => account(&route.method, rest.trim_start_matches('/'), of, caller),
            None => operators(&name, of),
        },
    };
    assert!(
        !asks.is_empty() || route.who == Who::Anyone,
        "{name}: say here how it is asked for somebody else's things"
    );
    asks
}

fn operators(route: &str, of: &Family) -> Vec<Ask> {
    let path = route.split_once(' ').map_or("", |it| it.1);
    let get = || Ask::operator(200, path);
    let post = |status, pairs: &[(&str, &str)]| Ask::operator(status, path).body(fields(pairs));
    let plan = [("name", "mine"), ("currency", "EUR"), ("rules", "* /** any 1"), ("calls", "GET /x")];
    match route {
        "GET /console/primaries" => vec![get().shows(&of.primary.marker)],
        "GET /console/primaries/open"
        | "GET /console/tokens"
        | "GET /console/prices"
        | "GET /console/prices/plan"
        | "GET /console/health" => vec![get()],
        "POST /console/primaries/open" => vec![post(200, &[("name", "Stolen"), ("currency", "EUR")])],
        "POST /console/tokens" => vec![
            post(200, &[("scope", "operator")]),
            post(200, &[("scope", "forcing"), ("accounts", &of.own.key)]),
        ],
        // There is no such token to be revoked.
        "POST /console/tokens/revoke" => {
            vec![post(404, &[("token", "0191992b-0000-7000-8000-000000000000")])]
        }
        "POST /console/prices" => vec![post(303, &plan)],
        "POST /console/prices/try" => vec![post(200, &plan)],
        "GET /console/numbers" => vec![
            Ask::operator(200, "/console/numbers?show=all").shows(&of.primary.number),
            Ask::operator(200, format!("/console/numbers?account={}", of.own.key)).shows(&of.own.number),
        ],
        "POST /console/numbers" => vec![
            post(303, &[("country", "GB"), ("msisdn", "447700977777"), ("sms", "1")]),
            post(
                303,
                &[("country", "GB"), ("msisdn", "447700977777"), ("sms", "1"), ("account", &of.primary.key)],
            ),
        ],
        "POST /console/numbers/withdraw" => vec![post(303, &[("country", "GB"), ("msisdn", STOCKED)])],
        _ => Vec::new(),
    }
}

fn family(method: &Method, rest: &str, of: &Family) -> Vec<Ask> {
    let paths = names(&of.primary).map(|it| format!("/console/families/{it}{rest}"));
    match (method, rest) {
        (&Method::GET, "") => paths.map(|it| Ask::primary(200, it).shows(&of.own.marker)).into(),
        (&Method::GET, "/open") => paths.map(|it| Ask::primary(200, it).shows(&of.primary.marker)).into(),
        (&Method::POST, "/open") => {
            paths.map(|it| Ask::primary(200, it).body(fields(&[("name", "Stolen")]))).into()
        }
        _ => Vec::new(),
    }
}

fn names(account: &Member) -> [String; 3] {
    [account.id(), account.key.clone(), account.auth_id.clone()]
}

fn account(method: &Method, rest: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    if method == Method::GET { pages(rest, of, caller) } else { forms(rest, of, caller) }
}

/// Pages of an account, by each of its names.
fn pages(rest: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let paths = |it: &Member, rest: &str| {
        let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
        names(it).map(|it| format!("/console/accounts/{it}{rest}"))
    };
    let kept = |rest: &str, of_primary: &str, of_own: &str| -> Vec<Ask> {
        let asks = paths(primary, rest).map(|it| Ask::primary(200, it).shows(of_primary));
        let own_asks = paths(own, rest).map(|it| Ask::own(200, it).shows(of_own));
        asks.into_iter()
            .chain(own_asks)
            .chain(paths(own, rest).map(|it| Ask::below(200, it).shows(of_own)))
            .collect()
    };
    let managed = || paths(own, rest).map(|it| Ask::below(200, it).shows(&own.marker));
    match rest {
        "" | "usage" | "statements" | "refusals" => kept(rest, &primary.marker, &own.marker),
        "journal" => kept("journal?zone=Europe/Rome", &primary.marker, &own.marker),
        "journal.csv" => kept(rest, &primary.charge, &own.charge),
        "statements/{month}" => kept("statements/2024-08", &own.marker, &own.marker),
        "credentials" => kept(rest, &primary.secret_id, &own.secret_id),
        "numbers" => kept("numbers?find=1", &primary.number, &own.number),
        "webhooks" => kept(rest, &primary.webhook, &own.webhook),
        "webhooks/{webhook}" => {
            let path =
                |it: &str, webhook: &Member| format!("/console/accounts/{it}/webhooks/{}", webhook.webhook);
            vec![
                Ask::primary(200, path(&primary.key, primary)).shows(&primary.sent),
                Ask::own(200, path(&own.auth_id, own)).shows(&own.sent),
                Ask::below(200, path(&own.key, own)).shows(&own.sent),
                // As if it were the caller's own.
                Ask::own(200, path(&caller.key, own)).shows(&own.sent),
                Ask::primary(200, path(&caller.key, primary)).shows(&primary.sent),
            ]
        }
        "transfer" | "close" => managed().into(),
        "settings" => {
            let asks = paths(primary, rest).map(|it| Ask::primary(200, it).shows(&primary.marker));
            asks.into_iter().chain(managed()).collect()
        }
        "payment" => paths(own, rest).map(|it| Ask::operator(200, it).shows(&own.marker)).into(),
        _ => Vec::new(),
    }
}

/// Forms about an account; those that name something of it in a field, also as if it were the caller's own.
fn forms(rest: &str, of: &Family, caller: &Member) -> Vec<Ask> {
    let Family { primary, own, .. } = of;
    let path = |it: &Member| format!("/console/accounts/{}/{rest}", it.key);
    let below = |status, pairs: &[(&str, &str)]| Ask::below(status, path(own)).body(fields(pairs));
    let of_own = |status, pairs: &[(&str, &str)]| Ask::own(status, path(own)).body(fields(pairs));
    let of_primary = |status, pairs: &[(&str, &str)]| Ask::primary(status, path(primary)).body(fields(pairs));
    let crossed = |status, pairs: &[(&str, &str)]| Ask::own(status, path(caller)).body(fields(pairs));
    let move_one = [("kind", "balance"), ("direction", "up"), ("amount", "1")];
    let number = [("owner", &*own.key), ("country", "GB"), ("msisdn", &*own.number)];
    let given = [number[0], number[1], number[2], ("to", &*primary.key)];
    let stocked = [("country", "GB"), ("msisdn", STOCKED)];
    let thief = "https://thief.example/";
    let edit = [("webhook", &*own.webhook), ("url", thief)];
    let rotate = [("webhook", &*own.webhook), ("hours", "0")];
    let resend = [("what", "resend"), ("webhook", &own.webhook), ("event", &own.sent)];
    match rest {
        "status" => vec![below(303, &[("status", "suspended")])],
        "transfer/preview" => vec![below(200, &move_one)],
        "transfer" => vec![below(303, &move_one)],
        "payment" => {
            [primary, own].map(|it| Ask::operator(303, path(it)).body(fields(&[("amount", "5")]))).into()
        }
        "settings" => {
            let name = [("what", "name"), ("name", "Stolen")];
            vec![of_primary(303, &name), below(303, &name), below(303, &[("what", "caps"), ("day", "1")])]
        }
        "close" => vec![below(303, &[]), below(303, &[("cascade", "1")])],
        "credentials" => {
            let token = [("kind", "token")];
            vec![of_primary(200, &token), of_own(200, &token), below(200, &token)]
        }
        "credentials/rotate" => {
            let token = [("kind", "token"), ("hours", "0")];
            vec![of_primary(200, &token), of_own(200, &token), below(200, &token)]
        }
        "credentials/revoke" => {
            let second = [("credential", &*own.secret_id)];
            vec![of_own(303, &second), below(303, &second), crossed(303, &second)]
        }
        "numbers/rent" => vec![of_primary(303, &stocked), of_own(303, &stocked), below(303, &stocked)],
        "numbers/return" => vec![of_own(303, &number), below(303, &number), crossed(303, &number)],
        "numbers/move" => {
            vec![below(303, &given), Ask::below(303, path(caller)).body(fields(&given))]
        }
        "webhooks" => {
            let new = [("url", thief)];
            vec![of_primary(200, &new), of_own(200, &new), below(200, &new)]
        }
        "webhooks/edit" => vec![of_own(303, &edit), below(303, &edit), crossed(303, &edit)],
        "webhooks/rotate" => vec![of_own(200, &rotate), below(200, &rotate), crossed(200, &rotate)],
        "webhooks/change" => {
            let mut asks = Vec::new();
            for what in ["enable", "disable", "delete", "revive"] {
                let change = [("what", what), ("webhook", &own.webhook)];
                asks.extend([of_own(303, &change), below(303, &change), crossed(303, &change)]);
            }
            asks.extend([of_own(303, &resend), below(303, &resend), crossed(303, &resend)]);
            asks
        }
        _ => Vec::new(),
    }
}
