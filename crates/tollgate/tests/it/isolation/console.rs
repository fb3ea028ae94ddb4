//! The console, over its own table: no page and no form tells or changes anything of somebody else, whoever is signed in;
//! nobody is served without a session that goes on, and nothing is done by a form that is not of it.

use std::borrow::Cow;

use axum::http::Method;
use serde_json::json;
use tollgate::console::{self, Route, Who};

use super::cast::{Cast, Family, Member, STOCKED};
use super::limits::{credential, is_about_own, token, untold};
use super::{Ask, Of, Right, assert_same};
use crate::console::browser::{Browser, Form};
use crate::house::{Answer, Auth, House};

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// A form's fields as its body.
fn fields(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The ways to ask a route for something of `of`, as `caller` would: where a path or a field names the caller, it is this one.
fn asks(route: &Route, of: &Family, caller: &Member) -> Vec<Ask> {
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

/// Every way to ask any route.
fn ways(family: &Family) -> Vec<(Route, usize)> {
    let all = console::routes()
        .into_iter()
        .map(|it| (asks(&it, family, &family.primary).len(), it.method, it.path));
    let table = |method: &Method, path: &str| {
        console::routes().into_iter().find(|it| it.method == *method && it.path == path).unwrap()
    };
    all.flat_map(|(count, method, path)| (0..count).map(move |nth| (table(&method, path), nth))).collect()
}

/// Whoever is signed in, and what each of its forms carries.
struct Visitor<'a> {
    browser: Browser<'a>,
    form_token: String,
}

impl<'a> Visitor<'a> {
    async fn new(mut browser: Browser<'a>) -> Self {
        let form_token = browser.form_token().await;
        Self { browser, form_token }
    }

    async fn of(house: &'a House, member: &Member) -> Self {
        Self::new(Browser::with(house, &member.key, &member.secret).await).await
    }

    fn form(&self, ask: &Ask, once: &str) -> Form {
        let mut fields: Vec<_> = form_urlencoded::parse(ask.body.as_bytes()).into_owned().collect();
        fields.push(("form_token".to_owned(), self.form_token.clone()));
        fields.push(("once".to_owned(), once.to_owned()));
        Form { action: ask.path.clone(), fields }
    }

    async fn ask(&mut self, route: &Route, ask: &Ask, once: &str) -> Answer {
        if route.method == Method::GET {
            return self.browser.get(&ask.path).await;
        }
        let form = self.form(ask, once);
        self.browser.submit(&form).await
    }
}

/// Its own test has what it tells: an answer that goes on.
fn is_stream(route: &Route) -> bool {
    route.path == "/console/live"
}

/// It would end the walk; what it does and does not has a walk below, and tests of its own.
fn is_sign_out(route: &Route) -> bool {
    route.path == "/console/sign-out"
}

/// These look at something by a form.
fn only_shows(route: &Route) -> bool {
    route.path.ends_with("/preview") || route.path.ends_with("/try")
}

/// As the pages write what the accounts stand at.
const WRITTEN: [&str; 3] = ["73,914.6825", "35,179.2648", "35,199.2465"];

#[tokio::test]
async fn no_page_and_no_form_tells_or_changes_anything_of_somebody_else() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let mut visitors = Vec::new();
    for (member, is_foreign) in cast.others() {
        visitors.push((member, is_foreign, Visitor::of(house, member).await));
    }
    let before = cast.dump();
    let mut asked = 0;
    for (route, nth) in ways(family) {
        if is_stream(&route) || is_sign_out(&route) {
            continue;
        }
        for (caller, is_foreign, visitor) in &mut visitors {
            let ask = asks(&route, family, caller).swap_remove(nth);
            let is_own = caller.id() == family.own.id();
            // What it may not do with itself, it may not do here either.
            let is_managers = ask.right == Right::Primary && route.who == Who::Manager;
            if !*is_foreign && ask.of == Of::Own && is_own && !is_managers {
                continue;
            }
            let answer = visitor.ask(&route, &ask, &format!("walk {asked}")).await;
            asked += 1;
            let said = format!("{} {}", ask.path, ask.body);
            let about = format!("{} {said} by {}: {answer}", name(&route), caller.marker);
            assert!(answer.status < 500, "{about}");
            assert!(route.method == Method::GET || answer.status >= 400, "it is served: {about}");
            let headers = format!("{:?}", answer.headers);
            let mut secrets: Vec<Cow<'_, str>> = cast.not_for(caller).collect();
            if !is_own {
                secrets.extend(WRITTEN.map(Cow::Borrowed));
            }
            for secret in secrets.iter().filter(|it| !said.contains(&***it)) {
                assert!(!answer.text().contains(&**secret), "it tells {secret}: {about}");
                assert!(!headers.contains(&**secret), "it tells {secret} in a header: {about}");
            }
        }
        assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
    }
    assert!(asked > 400, "only {asked} requests: the table has shrunk");
}

/// Else the walk above would prove nothing.
#[tokio::test]
async fn what_the_walk_asks_is_served_to_the_right_visitor() {
    let cast = Cast::new().await;
    let family = &cast.first;
    cast.house.app.store().close();
    let fresh = || House::on_copy_of(&cast.house.file());
    let reading = fresh();
    for (route, nth) in ways(family) {
        if is_stream(&route) {
            continue;
        }
        let right = asks(&route, family, &family.primary)[nth].right;
        let caller = if right == Right::Own { &family.own } else { &family.primary };
        let ask = asks(&route, family, caller).swap_remove(nth);
        // Each form finds everything as it was made.
        let writing = (route.method != Method::GET).then(fresh);
        let house = writing.as_ref().unwrap_or(&reading);
        let mut visitor = match right {
            Right::Operator => Visitor::new(Browser::of_operator(house).await).await,
            Right::Primary | Right::Own => Visitor::of(house, caller).await,
        };
        let answer = visitor.ask(&route, &ask, "walk").await;
        let said = format!("{} {}", ask.path, ask.body);
        let about = format!("{} {said}: {answer}", name(&route));
        assert_eq!(answer.status, ask.status, "{about}");
        if let Some(shown) = &ask.shows {
            assert!(answer.text().contains(shown), "{shown} is not in {about}");
            assert!(!said.contains(shown), "{shown} is asked for: {about}");
        }
    }
}

/// The right visitors of a family, by who is right.
async fn right_visitors<'a>(house: &'a House, family: &Family) -> [(Right, Visitor<'a>); 3] {
    [
        (Right::Primary, Visitor::of(house, &family.primary).await),
        (Right::Own, Visitor::of(house, &family.own).await),
        (Right::Operator, Visitor::new(Browser::of_operator(house).await).await),
    ]
}

fn right_one<'v, 'a>(visitors: &'v mut [(Right, Visitor<'a>); 3], right: Right) -> &'v mut Visitor<'a> {
    visitors.iter_mut().find(|it| it.0 == right).map(|it| &mut it.1).unwrap()
}

/// Each form of the table, by whoever may send it, and yet not from its own page.
#[tokio::test]
async fn a_form_with_a_forged_token_with_none_or_from_elsewhere_does_nothing_at_any_route() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let mut visitors = right_visitors(house, family).await;
    let mut others = right_visitors(house, family).await;
    let before = cast.dump();
    let mut forged = 0;
    for (route, nth) in ways(family).into_iter().filter(|it| it.0.method == Method::POST) {
        let right = asks(&route, family, &family.primary)[nth].right;
        let caller = if right == Right::Own { &family.own } else { &family.primary };
        let ask = asks(&route, family, caller).swap_remove(nth);
        let of_other = right_one(&mut others, right).form_token.clone();
        let visitor = right_one(&mut visitors, right);
        let form = visitor.form(&ask, "forged");
        let own = visitor.form_token.clone();
        assert_ne!(own, of_other);
        let same_place = [("sec-fetch-site", "same-origin")];
        for (form, headers) in [
            (form.clone().without("form_token"), same_place),
            (form.clone().with("form_token", ""), same_place),
            (form.clone().with("form_token", &of_other), same_place),
            (form.clone().with("form_token", &own[1..]), same_place),
            (form.clone(), [("sec-fetch-site", "cross-site")]),
            (form.clone(), [("origin", "https://evil.example")]),
        ] {
            let answer = visitor.browser.submit_with(&form, &headers).await;
            let about = format!("{} {form:?} {headers:?}: {answer}", name(&route));
            assert_eq!(answer.status, 403, "{about}");
            assert!(answer.text().contains("Nothing was done."), "{about}");
            forged += 1;
        }
        // A token in the address is none.
        let in_address =
            Form { action: format!("{}?form_token={own}", form.action), ..form.without("form_token") };
        let answer = visitor.browser.submit_with(&in_address, &same_place).await;
        assert_eq!(answer.status, 403, "{} with its token in the address: {answer}", name(&route));
        assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
    }
    assert!(forged > 300, "only {forged} forms: the table has shrunk");
}

/// What a thief has of a session that was signed out, and what somebody has who never signed in.
#[tokio::test]
async fn a_stolen_cookie_after_the_sign_out_and_none_at_all_get_nothing_at_any_route() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let mut thieves = right_visitors(house, family).await;
    let mut nobodies = right_visitors(house, family).await;
    for (right, visitor) in &mut thieves {
        let mut owner = Browser::new(house);
        owner.cookies.clone_from(&visitor.browser.cookies);
        assert!(owner.cookies.contains_key("tollgate_session"), "{right:?}");
        let fields = vec![("form_token".to_owned(), visitor.form_token.clone())];
        let out = owner.submit(&Form { action: "/console/sign-out".to_owned(), fields }).await;
        assert_eq!(out.header("location"), Some("/console/sign-in"), "{out}");
        assert!(visitor.browser.cookies.contains_key("tollgate_session"), "{right:?}");
    }
    for (_, visitor) in &mut nobodies {
        visitor.browser.cookies.clear();
    }
    let before = cast.dump();
    for (route, nth) in ways(family) {
        let right = asks(&route, family, &family.primary)[nth].right;
        let caller = if right == Right::Own { &family.own } else { &family.primary };
        let ask = asks(&route, family, caller).swap_remove(nth);
        for visitors in [&mut thieves, &mut nobodies] {
            let answer = right_one(visitors, right).ask(&route, &ask, "thief").await;
            let about = format!("{} {} {}: {answer}", name(&route), ask.path, ask.body);
            if is_stream(&route) {
                assert_eq!((answer.status, answer.body.len()), (204, 0), "{about}");
                continue;
            }
            assert_eq!(answer.status, 303, "{about}");
            let location = answer.header("location").unwrap();
            assert!(location.starts_with("/console/sign-in"), "{about}");
            assert!(answer.body.is_empty(), "{about}");
        }
        // What lets in elsewhere does not here.
        let path = ask.path.as_str();
        let answer = house.call(route.method.clone(), path, caller.credentials()[0], ask.body.clone()).await;
        assert!(matches!(answer.status, 204 | 303) && answer.body.is_empty(), "{}: {answer}", name(&route));
    }
    assert_same(&before, &cast.dump(), "a stolen cookie");
    // A gate's token lets nobody in.
    let made = house.post("/api/v1/tokens", crate::house::BY_OPERATOR, r#"{"scope":"gate"}"#).await;
    let gate = made.json()["token"].as_str().unwrap().to_owned();
    let answer = house.get("/console/primaries", Auth::Bearer(&gate)).await;
    assert_eq!(answer.status, 303, "{answer}");
}

/// Restricted keys: what is beyond them is beyond them here, too.
#[tokio::test]
async fn a_restricted_key_tells_and_does_no_more_here_than_anywhere() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let Family { primary, own, shared, .. } = family;
    let reads = json!({ "read_only": true });
    let of_shared = json!({ "accounts": [shared.key] });
    let of_both = json!({ "accounts": [shared.auth_id, primary.id()] });
    // Who asks, what it only reads or reaches, and with what.
    let keys = [
        (primary, Some(false), credential(house, primary, "secret", &reads).await),
        (own, Some(false), credential(house, own, "token", &reads).await),
        (primary, Some(false), token(house, "operator", &reads).await),
        (primary, None, credential(house, primary, "secret", &of_shared).await),
        (primary, None, token(house, "operator", &of_shared).await),
        (primary, Some(true), credential(house, primary, "token", &of_both).await),
        (primary, Some(true), token(house, "operator", &of_both).await),
    ];
    let mut visitors = Vec::new();
    for (caller, what, key) in &keys {
        let browser = match &key.account {
            Some(name) => Browser::with(house, name, &key.text).await,
            None => Browser::with_token(house, &key.text).await,
        };
        visitors.push((*caller, *what, Visitor::new(browser).await));
    }
    let before = cast.dump();
    let (mut refused, mut served) = (0, 0);
    for (route, nth) in ways(family) {
        if is_stream(&route) || is_sign_out(&route) {
            continue;
        }
        for (caller, what, visitor) in &mut visitors {
            let ask = asks(&route, family, caller).swap_remove(nth);
            let is_reached = *what == Some(true) && ask.of == Of::Primary && !is_about_own(&ask, family);
            if is_reached && route.method != Method::GET {
                continue;
            }
            let answer = visitor.ask(&route, &ask, &format!("walk {refused}")).await;
            let said = format!("{} {}", ask.path, ask.body);
            let about = format!("{} {said} by {} {what:?}: {answer}", name(&route), caller.marker);
            assert!(answer.status < 500, "{about}");
            if route.method == Method::GET {
                served += usize::from(answer.status == 200);
            } else {
                // Nothing was given up, so nothing is sent once more.
                let does_nothing = only_shows(&route) || ask.body.contains("what=revive");
                assert!(answer.status >= 400 || does_nothing, "it is served: {about}");
                refused += 1;
            }
            if *what != Some(false) {
                let reaches_primary = *what == Some(true);
                let mut secrets: Vec<Cow<'_, str>> = untold(&cast, reaches_primary).collect();
                let figures = WRITTEN.into_iter().filter(|it| !reaches_primary || !it.starts_with("73"));
                secrets.extend(figures.map(Cow::Borrowed));
                for secret in secrets.iter().filter(|it| !said.contains(&***it)) {
                    assert!(!answer.text().contains(&**secret), "it tells {secret}: {about}");
                }
            }
        }
        assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
    }
    assert!(refused > 300 && served > 100, "{refused} refused and {served} served: the table has shrunk");
}
