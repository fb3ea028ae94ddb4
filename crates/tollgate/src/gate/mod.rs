//! The gate: a proxy asks here before it lets a call pass, and the check is the debit.
//!
//! Three doors, chosen by the proxy's configuration and never by a parameter: each reads the original method and path from
//! where its kind of proxy puts them, and from nowhere else. `docs/gateways/` has a configuration for each, tested.
//!
//! Reading order: [`routes`]; `request` reads what is asked and by whom; `answer` lets pass or says why not.
//!
//! **Invariants.** Prices come from the plan alone, never from anything that a client sends. Whatever is missing or odd is
//! denied. No answer of the gate is 5xx but for a store that takes no writes; none at all gets the check of a drill, which is
//! nobody's call.

mod answer;
mod request;

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use axum::{Extension, Router};

use self::answer::{Denied, allowed};
use self::request::{Asked, Door};
use crate::api::{Route, Who};
use crate::app::{self, App, Origin};
use crate::http::{self, Incoming};

/// Put on every request of the listener that serves nothing but the gate: who reaches it is the proxy.
#[derive(Clone, Copy, Debug)]
pub struct Reached;

/// What the gate serves.
pub fn routes() -> Vec<Route> {
    vec![
        Route::any("/gate/nginx", Who::Gate, nginx),
        Route::any("/gate/forward", Who::Gate, forward),
        Route::any("/gate/envoy", Who::Gate, envoy),
        // Its root: the next one is for something behind the slash.
        Route::any("/gate/envoy/", Who::Gate, envoy),
        Route::any("/gate/envoy/{*path}", Who::Gate, envoy),
        Route::any("/gate/denied", Who::Anyone, denied),
    ]
}

/// Whether a path is the gate's.
pub fn speaks(path: &str) -> bool {
    path == "/gate" || path.starts_with("/gate/")
}

/// The listener that serves nothing but the gate.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        router = router.route(route.path, route.into_handler());
    }
    let router = router.fallback(not_found).layer(Extension(Reached));
    http::with_names_and_log(router.with_state(app.clone()), app)
}

/// The answer to a path that the gate does not have: denied, like everything that is not set up as it should be.
pub async fn not_found(incoming: Incoming) -> Response {
    Denied::misconfigured("there is no such door; the gate has /gate/nginx, /gate/forward and /gate/envoy/…")
        .response(incoming.request_id)
}

async fn nginx(State(app): State<App>, call: Call) -> Response {
    match check(&app, &call, Door::Nginx).await {
        Ok(response) => response,
        Err(denied) => denied.for_nginx(&app, call.incoming.request_id),
    }
}

async fn forward(State(app): State<App>, call: Call) -> Response {
    check(&app, &call, Door::Forward).await.unwrap_or_else(|it| it.response(call.incoming.request_id))
}

async fn envoy(State(app): State<App>, call: Call) -> Response {
    check(&app, &call, Door::Envoy).await.unwrap_or_else(|it| it.response(call.incoming.request_id))
}

/// Says for nginx, which throws away the body of a denied check, what that body was.
async fn denied(State(app): State<App>, incoming: Incoming) -> Response {
    Denied::reopened(&app, &incoming.headers).response(incoming.request_id)
}

async fn check(app: &App, call: &Call, door: Door) -> Result<Response, Denied> {
    if !call.is_reached {
        request::prove(app, &call.incoming)?;
    }
    let Asked { method, path, id } = Asked::read(&call.incoming, door)?;
    let shown = request::shown(app, &call.incoming);
    if request::is_drill(app, &shown) {
        return Ok(http::hangup());
    }
    let address = Some(request::client(&call.incoming));
    let request_id = Some(call.incoming.request_id);
    let app = app.asked_from(Origin { address, request_id, door: app::Door::Gate });
    let by = request::caller(&app, &call.incoming, &shown).await?;
    let once = id.map(|it| app.once(it, method, path, b""));
    let passed = app.check(by, once, method, path).await.map_err(Denied::of)?;
    Ok(allowed(&passed))
}

/// A check.
struct Call {
    incoming: Incoming,
    is_reached: bool,
}

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let is_reached = request.extensions().get::<Reached>().is_some();
        let incoming = Incoming::from_request(request, app).await.map_err(|never| match never {})?;
        Ok(Self { incoming, is_reached })
    }
}
