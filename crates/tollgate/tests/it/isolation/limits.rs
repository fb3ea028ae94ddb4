//! Restricted keys, over the same table: each request that the other walks know is asked with keys that are limited.
//! Whatever the route and the dialect, a key that only reads writes nothing, one for some accounts neither tells nor
//! touches anything of the others, and one that moves nothing moves nothing; none of them is shown a secret.

use std::borrow::Cow;

use axum::http::Method;
use serde_json::{Value, json};
use tollgate::api::{self, Route, Who};

use super::cast::{Cast, Family, Member, OWN_FIGURES};
use super::{Ask, MINUTE_MS, Of, Right, asks, assert_same, name, send};
use crate::house::{Answer, Auth, BY_OPERATOR, House};

/// The text of a key, and the name that it goes by where it is an account's.
pub(super) struct Key {
    pub(super) account: Option<String>,
    pub(super) text: String,
}

impl Key {
    fn auth(&self) -> Auth<'_> {
        match &self.account {
            Some(account) => Auth::Basic(account, &self.text),
            None => Auth::Bearer(&self.text),
        }
    }
}

/// A restricted credential of an account, made by the operator. In the Plivo dialect it goes by its auth id.
pub(super) async fn credential(house: &House, of: &Member, kind: &str, limits: &Value) -> Key {
    let path = format!("/api/v1/accounts/{}/credentials", of.key);
    let made = house.post(&path, BY_OPERATOR, json!({ "kind": kind, "limits": limits }).to_string()).await;
    assert_eq!(made.status, 201, "{made}");
    let member = if kind == "secret" { "secret" } else { "auth_token" };
    let text = made.json()[member].as_str().unwrap().to_owned();
    let account = if kind == "secret" { of.key.clone() } else { of.auth_id.clone() };
    Key { account: Some(account), text }
}

/// A restricted token.
pub(super) async fn token(house: &House, scope: &str, limits: &Value) -> Key {
    let mut body = json!({ "scope": scope, "limits": limits });
    if scope == "gate" {
        body["may_force"] = json!(true);
    }
    let made = house.post("/api/v1/tokens", BY_OPERATOR, body.to_string()).await;
    assert_eq!(made.status, 201, "{made}");
    Key { account: None, text: made.json()["token"].as_str().unwrap().to_owned() }
}

/// Every way in which the right caller may ask, and how often the walk below must at least have asked.
fn each(family: &Family, caller: &Member, mut visit: impl FnMut(Route, usize)) {
    for route in api::routes() {
        let ways = asks(&route, family, caller).len();
        for nth in 0..ways {
            visit(api::routes().into_iter().find(|it| name(it) == name(&route)).unwrap(), nth);
        }
    }
}

fn ways(family: &Family, caller: &Member) -> Vec<(Route, usize)> {
    let mut all = Vec::new();
    each(family, caller, |route, nth| all.push((route, nth)));
    all
}

/// Whether nothing was done; of many in one request, nothing of any of them.
fn is_refused(answer: &Answer) -> bool {
    let each: Vec<Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.status >= 400 || !each.is_empty() && each.iter().all(|it| it["status"].as_u64() >= Some(400))
}

/// What says that it was the limits.
fn says_limited(answer: &Answer) -> bool {
    let text = answer.text();
    ["restricted", "limited to", "token is limited"].iter().any(|it| text.contains(it))
}

#[tokio::test]
async fn a_key_that_only_reads_writes_nothing_through_any_route() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let limits = json!({ "read_only": true });
    let mut keys = Vec::new();
    for member in [&family.primary, &family.own] {
        for kind in ["secret", "token"] {
            keys.push((Some(member), credential(house, member, kind, &limits).await));
        }
    }
    keys.push((None, token(house, "operator", &limits).await));
    keys.push((None, token(house, "gate", &limits).await));
    let before = cast.dump();
    let (mut read, mut refused) = (0, 0);
    for (route, nth) in ways(family, &family.primary) {
        for (member, key) in &keys {
            let ask = asks(&route, family, member.unwrap_or(&family.primary)).swap_remove(nth);
            let right = match ask.right {
                Right::Primary => Some(&family.primary),
                Right::Own => Some(&family.own),
                Right::Operator => None,
            };
            let is_right = member.map(Member::id) == right.map(Member::id);
            let answer = send(house, &route, &ask, key.auth()).await;
            let about = format!("{} {} {}: {answer}", name(&route), ask.path, ask.body);
            assert!(answer.status < 500, "{about}");
            if route.method == Method::GET {
                // Reading goes on, but for what its dialect shows of secrets.
                let is_operator = key.text.starts_with("tgo_") || member.is_some();
                if is_right && is_operator && ask.status == 200 && !ask.path.contains("api_secret=") {
                    assert_eq!(answer.status, 200, "{about}");
                    read += 1;
                }
            } else {
                assert!(is_refused(&answer), "it is served: {about}");
                if is_right && ask.status < 400 && !is_read(&route) {
                    refused += usize::from(says_limited(&answer));
                }
            }
            assert_no_secret(family, &route, &answer, &about);
            // What was wrong is not counted on.
            house.clock.advance(MINUTE_MS / 20);
        }
        assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
        house.clock.advance(MINUTE_MS);
    }
    assert!(read > 60 && refused > 80, "the walk served {read} and refused {refused}");
}

/// These look at something with another method.
fn is_read(route: &Route) -> bool {
    route.path.ends_with("/try")
}

fn assert_no_secret(family: &Family, route: &Route, answer: &Answer, about: &str) {
    if route.who == Who::Anyone {
        // Examples of such members are nobody's.
        return;
    }
    for member in [&family.primary, &family.own, &family.shared] {
        for secret in [&member.secret, &member.auth_token] {
            assert!(!answer.text().contains(&**secret), "it shows a secret: {about}");
        }
    }
    let json: Result<Value, _> = serde_json::from_slice(&answer.body);
    let shown = json.iter().flat_map(|it| shown(it));
    for (name, text) in shown {
        assert!(text.is_empty(), "it shows {name}: {about}");
    }
}

/// Whatever an answer says in a member that is for secrets.
fn shown(value: &Value) -> Vec<(&str, &str)> {
    const SECRETS: [&str; 5] = ["secret", "auth_token", "new_auth_token", "token", "password"];
    match value {
        Value::Object(members) => {
            let here = members.iter().filter(|it| SECRETS.contains(&it.0.as_str()));
            let here = here.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
            here.chain(members.values().flat_map(shown)).collect()
        }
        Value::Array(all) => all.iter().flat_map(shown).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// For the subaccount that shares, and perhaps its primary, and not for the other subaccount.
#[tokio::test]
async fn a_key_for_some_accounts_tells_and_touches_nothing_of_the_others_through_any_route() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let Family { primary, own, shared, .. } = family;
    let of_shared = json!({ "accounts": [shared.key] });
    let of_both = json!({ "accounts": [shared.auth_id, primary.id()] });
    // Whether it reaches the primary, and who asks with it.
    let keys = [
        (false, primary, credential(house, primary, "secret", &of_shared).await),
        (false, primary, credential(house, primary, "token", &of_shared).await),
        (true, primary, credential(house, primary, "secret", &of_both).await),
        (true, primary, credential(house, primary, "token", &of_both).await),
        (false, shared, credential(house, shared, "secret", &of_shared).await),
        (false, shared, credential(house, shared, "token", &of_shared).await),
        (false, primary, token(house, "operator", &of_shared).await),
        (true, primary, token(house, "operator", &of_both).await),
        (false, primary, token(house, "gate", &of_shared).await),
        (true, primary, token(house, "gate", &of_both).await),
    ];
    // Which accounts there are the limits of others tell, too.
    credential(house, primary, "token", &json!({ "accounts": [primary.key, own.key] })).await;
    credential(house, primary, "token", &json!({ "accounts": [own.key] })).await;
    let before = cast.dump();
    let mut asked = 0;
    for (route, nth) in ways(family, primary) {
        for (reaches_primary, caller, key) in &keys {
            let ask = asks(&route, family, caller).swap_remove(nth);
            let is_reached = *reaches_primary && ask.of == Of::Primary && !is_about_own(&ask, family);
            if is_reached && route.method != Method::GET {
                continue;
            }
            let answer = send(house, &route, &ask, key.auth()).await;
            asked += 1;
            let said = format!("{} {}", ask.path, ask.body);
            let about = format!("{} {said} by {:?}: {answer}", name(&route), key.auth());
            assert!(answer.status < 500, "{about}");
            assert!(route.method == Method::GET || is_refused(&answer), "it is served: {about}");
            let headers = format!("{:?}", answer.headers);
            for secret in untold(&cast, *reaches_primary).filter(|it| !said.contains(&**it)) {
                assert!(!answer.text().contains(&*secret), "it tells {secret}: {about}");
                assert!(!headers.contains(&*secret), "it tells {secret} in a header: {about}");
            }
            assert_no_secret(family, &route, &answer, &about);
            house.clock.advance(MINUTE_MS / 20);
        }
        assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
        house.clock.advance(MINUTE_MS);
    }
    assert!(asked > 1_000, "only {asked} requests: the table has shrunk");
    let own_is_out = house.get(&format!("/api/v1/accounts/{}", own.key), keys[2].2.auth()).await;
    assert_eq!(own_is_out.status, 404, "{own_is_out}");
}

/// Some ways of the primary name its other subaccount.
pub(super) fn is_about_own(ask: &Ask, family: &Family) -> bool {
    let said = format!("{} {}", ask.path, ask.body);
    let Member { key, auth_id, application, endpoint, number, .. } = &family.own;
    let mut names = vec![family.own.id()];
    names.extend([key, auth_id, application, endpoint, number].map(Clone::clone));
    names.iter().any(|it| said.contains(it.as_str()) || said.contains(&it.to_uppercase()))
}

/// What a key must not be told that reaches the one that shares, and perhaps its primary.
pub(super) fn untold(cast: &Cast, reaches_primary: bool) -> impl Iterator<Item = Cow<'_, str>> {
    let Family { primary, own, balance_transfer, credit_transfer, .. } = &cast.first;
    let mut untold = own.untold();
    untold.extend([balance_transfer, credit_transfer].map(|it| Cow::Borrowed(it.as_str())));
    untold.extend(OWN_FIGURES.map(Cow::Borrowed));
    if !reaches_primary {
        untold.extend(primary.private());
        // What that one has, and so what who shares its balance has available.
        untold.extend(["73914.6825".into(), "73,914".into()]);
    }
    untold.extend([&cast.second.primary, &cast.second.own, &cast.second.shared].map(Member::untold).concat());
    untold.into_iter()
}

/// Else the walk above would prove nothing.
#[tokio::test]
async fn a_key_for_some_accounts_serves_them() {
    let cast = Cast::new().await;
    let (house, Family { primary, own, shared, .. }) = (&cast.house, &cast.first);
    let key = credential(house, primary, "secret", &json!({ "accounts": [own.key] })).await;
    let both = credential(house, primary, "token", &json!({ "accounts": [primary.key, own.key] })).await;
    let keys = |answer: &Answer, list: &str, name: &str| -> Vec<String> {
        let json = answer.json();
        let list = list.split('/').fold(&json, |json, it| &json[it]);
        let names = list.as_array().unwrap_or_else(|| panic!("{answer}")).iter();
        names.map(|it| it[name].as_str().unwrap().to_owned()).collect()
    };
    let listed = house.get("/api/v1/accounts", key.auth()).await;
    assert_eq!(keys(&listed, "accounts", "api_key"), [own.key.as_str()]);
    let renamed =
        house.patch(&format!("/api/v1/accounts/{}", own.key), key.auth(), r#"{"name":"Mine"}"#).await;
    assert_eq!(renamed.status, 200, "{renamed}");
    let sms = house.get(&format!("/api/v1/accounts/{}/postings", own.key), key.auth()).await;
    assert!(sms.text().contains(&own.charge), "{sms}");
    // The dialects name the calling account in each path, so it must be among the others there.
    let list = format!("/accounts/{}/subaccounts", primary.key);
    assert_eq!(house.get(&list, key.auth()).await.status, 403);
    let listed = house.get(&list, both.auth()).await;
    assert_eq!(keys(&listed, "_embedded/subaccounts", "api_key"), [own.key.as_str()]);
    let plivo = format!("/v1/Account/{}", primary.auth_id);
    let listed = house.get(&format!("{plivo}/Subaccount/"), both.auth()).await;
    assert_eq!(keys(&listed, "objects", "auth_id"), [own.auth_id.as_str()]);
    assert_eq!(listed.json()["meta"]["total_count"], 1);
    for (resource, id, ids) in [
        ("Application", "app_id", [&own.application, &primary.application]),
        ("Endpoint", "endpoint_id", [&own.endpoint, &primary.endpoint]),
        ("Number", "number", [&own.number, &primary.number]),
    ] {
        let listed = house.get(&format!("{plivo}/{resource}/"), both.auth()).await;
        let mut found = keys(&listed, "objects", id);
        let mut expected = ids.map(Clone::clone);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{resource}");
        assert_eq!(listed.json()["meta"]["total_count"], 2);
    }
    let all = "balance-transfers?start_date=1970-01-01T00:00:00Z";
    let moved = house.get(&format!("/accounts/{}/{all}", primary.key), both.auth()).await;
    assert_eq!(keys(&moved, "_embedded/balance_transfers", "to"), [own.key.as_str()]);
    // What is told of others is not its to see, and a webhook of all is told of others.
    let hooks = |answer: &Answer| keys(answer, "webhooks", "id");
    assert_eq!(hooks(&house.get("/api/v1/webhooks", key.auth()).await), [own.webhook.as_str()]);
    assert_eq!(hooks(&house.get("/api/v1/webhooks", both.auth()).await), [own.webhook.as_str()]);
    let path = |of: &Member, rest: &str| format!("/api/v1/webhooks/{}{rest}", of.webhook);
    let sent = house.get(&path(own, "/deliveries"), key.auth()).await;
    assert!(sent.text().contains(&own.sent), "{sent}");
    let resend = format!("/deliveries/{}/resend", own.sent);
    assert_eq!(house.post(&path(own, &resend), key.auth(), "").await.status, 200);
    for rest in ["", "/deliveries"] {
        assert_eq!(house.get(&path(primary, rest), both.auth()).await.status, 404);
    }
    // Tokens likewise.
    let ops = token(house, "operator", &json!({ "accounts": [shared.key] })).await;
    assert_eq!(
        keys(&house.get("/api/v1/accounts", ops.auth()).await, "accounts", "api_key"),
        [shared.key.as_str()]
    );
    assert_eq!(
        keys(&house.get("/api/v1/numbers", ops.auth()).await, "numbers", "msisdn"),
        [shared.number.as_str()]
    );
    let gate = token(house, "gate", &json!({ "accounts": [shared.key] })).await;
    assert_eq!(keys(&house.get("/api/v1/holds", gate.auth()).await, "holds", "id"), [shared.hold.as_str()]);
    assert_eq!(house.get(&format!("/api/v1/holds/{}", shared.hold), gate.auth()).await.status, 200);
    let charge = json!({ "account": shared.key, "amount": "1" }).to_string();
    let charged = house.post("/api/v1/charges", gate.auth(), charge).await;
    // Who pays for it is out of reach, and so is what that one has left.
    assert_eq!(charged.status, 201, "{charged}");
    let charged = charged.json();
    assert_eq!([&charged["payer"], &charged["balance"], &charged["available"]], [&Value::Null; 3]);
}

/// Figures, credentials and tokens stay as they are, whatever else may change.
#[tokio::test]
async fn a_key_that_moves_nothing_moves_nothing_and_makes_no_keys_through_any_route() {
    let cast = Cast::new().await;
    let family = &cast.first;
    let limits = json!({ "amount_max": "0" });
    let house = &cast.house;
    let primary = [
        credential(house, &family.primary, "secret", &limits).await,
        credential(house, &family.primary, "token", &limits).await,
    ];
    let own = [
        credential(house, &family.own, "secret", &limits).await,
        credential(house, &family.own, "token", &limits).await,
    ];
    let tokens = [token(house, "operator", &limits).await, token(house, "gate", &limits).await];
    cast.house.app.store().close();
    let (mut served, mut refused) = (0, 0);
    for (route, nth) in ways(family, &family.primary) {
        if route.method == Method::GET {
            continue;
        }
        let right = asks(&route, family, &family.primary)[nth].right;
        let (member, keys) = match right {
            Right::Primary => (&family.primary, &primary),
            Right::Own => (&family.own, &own),
            Right::Operator => (&family.primary, &tokens),
        };
        let ask = asks(&route, family, member).swap_remove(nth);
        for key in keys {
            // Each finds everything as it was made.
            let house = cast.house.copy();
            let before = standings(&house);
            let answer = send(&house, &route, &ask, key.auth()).await;
            let about = format!("{} {} {}: {answer}", name(&route), ask.path, ask.body);
            assert!(answer.status < 500, "{about}");
            assert_eq!(standings(&house), before, "{about}");
            assert_no_secret(family, &route, &answer, &about);
            (served, refused) =
                (served + usize::from(answer.status < 400), refused + usize::from(says_limited(&answer)));
        }
    }
    assert!(served > 40 && refused > 60, "served {served}, refused {refused}");
}

/// What every account stands at, and what authenticates whom.
fn standings(house: &House) -> Vec<String> {
    let sql = house.sql();
    let queries = [
        "SELECT api_key, balance, credit_limit, held FROM accounts ORDER BY api_key",
        "SELECT id, COALESCE(expires_at, revoked_at) FROM credentials ORDER BY id",
        "SELECT id, revoked_at FROM tokens ORDER BY id",
    ];
    queries.iter().flat_map(|query| sql.rows(query)).map(|row| row.join(" ")).collect()
}
