//! No route, in any dialect, tells or changes anything of somebody else. Walks the table that the routes are registered
//! from: for each route a row says in how many ways it can be asked about another one's things, and each way is gone
//! with every credential that must not get there. That a row asks for something at all, a second walk shows: the right
//! caller is served by the same request.

mod cast;
mod console;
mod copied;
mod limits;
mod native;
mod plivo;
mod visits;
mod vonage;

use axum::http::Method;
use tollgate::api::{self, Route};
use tollgate::gate;

use self::cast::{Cast, Family, Member};
use crate::house::{Answer, Auth, BY_OPERATOR, House};

/// Longer than failed authentications are counted.
const MINUTE_MS: i64 = 61_000;

/// A way to ask for something of a family.
struct Ask {
    of: Of,
    right: Right,
    /// What the right caller is answered.
    status: u16,
    path: String,
    body: String,
    /// What stands in that answer and in nobody else's.
    shows: Option<String>,
}

/// Whose the thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The primary's, or the whole family's.
    Primary,
    /// The first subaccount's, which its primary may manage.
    Own,
}

/// Who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Primary,
    Own,
    Operator,
}

impl Ask {
    fn new(of: Of, right: Right, status: u16, path: impl Into<String>) -> Self {
        Self { of, right, status, path: path.into(), body: String::new(), shows: None }
    }

    /// Of something of the primary's, for itself.
    fn primary(status: u16, path: impl Into<String>) -> Self {
        Self::new(Of::Primary, Right::Primary, status, path)
    }

    /// Of something of the subaccount's, for itself.
    fn own(status: u16, path: impl Into<String>) -> Self {
        Self::new(Of::Own, Right::Own, status, path)
    }

    /// Of something of the subaccount's, for its primary.
    fn below(status: u16, path: impl Into<String>) -> Self {
        Self::new(Of::Own, Right::Primary, status, path)
    }

    /// For the operator alone.
    fn operator(status: u16, path: impl Into<String>) -> Self {
        Self::new(Of::Primary, Right::Operator, status, path)
    }

    fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn shows(self, text: &str) -> Self {
        Self { shows: Some(text.to_owned()), ..self }
    }
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// The ways to ask a route for something of `of`, as `caller` would: where a path or a member of a body names the caller
/// or something of its own, it is this one's.
fn asks(route: &Route, of: &Family, caller: &Member) -> Vec<Ask> {
    let name = name(route);
    let asks = if gate::speaks(route.path) {
        // A check names nobody but whoever calls, and without a gate's proof nobody is served: see `gate::proof`.
        vec![Ask::operator(403, route.path.replace("{*path}", "v1/messages"))]
    } else if api::plivo::speaks(route.path) {
        plivo::asks(&name, of, caller)
    } else if api::native::speaks(route.path) {
        native::asks(&name, of, caller)
    } else {
        vonage::asks(&name, of, caller)
    };
    assert!(!asks.is_empty(), "{name}: say here how it is asked for somebody else's things");
    asks
}

async fn send(house: &House, route: &Route, ask: &Ask, auth: Auth<'_>) -> Answer {
    house.call(route.method.clone(), &ask.path, auth, ask.body.clone()).await
}

#[tokio::test]
async fn nothing_of_a_family_is_told_or_changed_by_a_credential_of_another_or_of_a_subaccount_of_its_own() {
    let cast = Cast::new().await;
    let (house, family) = (&cast.house, &cast.first);
    let before = cast.dump();
    let mut asked = 0;
    for route in api::routes() {
        for nth in 0..asks(&route, family, &cast.second.primary).len() {
            for (caller, is_foreign) in cast.others() {
                let ask = asks(&route, family, caller).swap_remove(nth);
                if !is_foreign && ask.of == Of::Own && caller.id() == family.own.id() {
                    continue;
                }
                let said = format!("{} {}", ask.path, ask.body);
                for auth in caller.credentials() {
                    let answer = send(house, &route, &ask, auth).await;
                    asked += 1;
                    let about = format!("{} {said} by {auth:?} of {}: {answer}", name(&route), caller.marker);
                    assert!(answer.status < 500, "{about}");
                    assert!(route.method == Method::GET || answer.status >= 400, "it is served: {about}");
                    let headers = format!("{:?}", answer.headers);
                    for secret in cast.not_for(caller).filter(|it| !said.contains(&**it)) {
                        assert!(!answer.text().contains(&*secret), "it tells {secret}: {about}");
                        assert!(!headers.contains(&*secret), "it tells {secret} in a header: {about}");
                    }
                }
            }
            assert_same(&before, &cast.dump(), &format!("{}, {nth}", name(&route)));
            // What was wrong is not counted on.
            house.clock.advance(MINUTE_MS);
        }
    }
    assert!(asked > 2_000, "only {asked} requests: the table has shrunk");
}

fn assert_same(before: &[String], after: &[String], asked: &str) {
    let new: Vec<_> = after.iter().filter(|it| !before.contains(it)).collect();
    let gone: Vec<_> = before.iter().filter(|it| !after.contains(it)).collect();
    assert!(new.is_empty() && gone.is_empty(), "{asked} changed {gone:#?} to {new:#?}");
}

/// Else the walk above would prove nothing.
#[tokio::test]
async fn what_the_walk_asks_is_served_to_the_right_caller() {
    let cast = Cast::new().await;
    let family = &cast.first;
    cast.house.app.store().close();
    let fresh = || cast.house.copy();
    let reading = fresh();
    for route in api::routes() {
        for nth in 0..asks(&route, family, &family.primary).len() {
            let caller = |right| if right == Right::Own { &family.own } else { &family.primary };
            let right = asks(&route, family, &family.primary)[nth].right;
            let caller = caller(right);
            let ask = asks(&route, family, caller).swap_remove(nth);
            // Each write finds everything as it was made.
            let writing = (route.method != Method::GET).then(fresh);
            let house = writing.as_ref().unwrap_or(&reading);
            let auth = if right == Right::Operator { BY_OPERATOR } else { caller.credentials()[0] };
            let answer = send(house, &route, &ask, auth).await;
            let about = format!("{} {} {}: {answer}", name(&route), ask.path, ask.body);
            assert_eq!(answer.status, ask.status, "{about}");
            if let Some(shown) = &ask.shows {
                assert!(answer.text().contains(shown), "{shown} is not in {about}");
                assert!(
                    !format!("{} {}", ask.path, ask.body).contains(shown),
                    "{shown} is asked for: {about}"
                );
            }
        }
    }
}

/// A key is its caller's own: the same request under the same key by somebody else is another request.
#[tokio::test]
async fn nobody_gets_the_first_answer_of_another_ones_key() {
    let cast = Cast::new().await;
    let members = [&cast.first.primary, &cast.first.own, &cast.first.shared, &cast.second.primary];
    for member in members {
        let (user, secret) = (&member.key, &member.secret);
        let request = axum::http::Request::builder()
            .method(Method::POST)
            .uri("/account/settings")
            .header("idempotency-key", "the same of all")
            .header("authorization", basic(user, secret));
        let answer =
            cast.house.send(request.body("moCallBackUrl=https://example.com/mo".into()).unwrap()).await;
        assert_eq!(answer.status, 200, "{answer}");
        let kept = cast.house.post("/account/settings", Auth::Basic(user, secret), "").await;
        assert_eq!(answer.json(), kept.json());
        assert!(answer.text().contains(&member.marker), "{answer}");
        let others = members.iter().filter(|it| it.marker != member.marker);
        for other in others {
            assert!(!answer.text().contains(&other.marker), "{answer}");
        }
    }
}

fn basic(user: &str, secret: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}")))
}
