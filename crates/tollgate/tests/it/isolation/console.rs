//! The console, over its own table: no page and no form tells or changes anything of somebody else, whoever is signed in;
//! nobody is served without a session that goes on, and nothing is done by a form that is not of it.

use std::borrow::Cow;

use axum::http::Method;
use serde_json::json;
use tollgate::console::{self, Route, Who};

use super::cast::{Cast, Family, Member};
use super::limits::{credential, is_about_own, token, untold};
use super::visits::{asks, name};
use super::{Ask, Of, Right, assert_same};
use crate::console::browser::{Browser, Form};
use crate::house::{Answer, Auth, House};

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
    let fresh = || cast.house.copy();
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
