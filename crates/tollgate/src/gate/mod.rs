//! The gate: a proxy asks here before it lets a call pass, and the check is the debit.
//!
//! Three doors of HTTP and one of gRPC, chosen by the proxy's configuration and never by a parameter: each reads the original
//! method and path from where its kind of proxy puts them, and from nowhere else. `docs/gateways/` has a configuration for each,
//! tested.
//!
//! Reading order: [`routes`]; `request` reads what is asked and by whom; `asked` has it checked; `answer` lets pass or says
//! why not. [`grpc`] does as `request` and `answer` do.
//!
//! **Invariants.** Prices come from the plan alone, never from anything that a client sends. Whatever is missing or odd is
//! denied. No answer of the gate is 5xx but for a store that takes no writes; none at all gets the check of a drill, which is
//! nobody's call.

mod answer;
mod asked;
pub mod grpc;
mod request;

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use axum::{Extension, Router};

#[cfg(test)]
pub(crate) use self::answer::said;
use self::answer::{Denied, allowed};
use self::asked::Checked;
use self::request::Door;
use crate::api::{Route, Who};
use crate::app::App;
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

async fn nginx(State(app): State<App>, asking: Asking) -> Response {
    match check(&app, &asking, Door::Nginx).await {
        Ok(response) => response,
        Err(denied) => denied.for_nginx(&app, asking.incoming.request_id),
    }
}

async fn forward(State(app): State<App>, asking: Asking) -> Response {
    check(&app, &asking, Door::Forward).await.unwrap_or_else(|it| it.response(asking.incoming.request_id))
}

async fn envoy(State(app): State<App>, asking: Asking) -> Response {
    check(&app, &asking, Door::Envoy).await.unwrap_or_else(|it| it.response(asking.incoming.request_id))
}

/// Says for nginx, which throws away the body of a denied check, what that body was.
async fn denied(State(app): State<App>, incoming: Incoming) -> Response {
    Denied::reopened(&app, &incoming.headers).response(incoming.request_id)
}

async fn check(app: &App, asking: &Asking, door: Door) -> Result<Response, Denied> {
    let gate = if asking.is_reached { None } else { Some(request::proven(app, &asking.incoming).await?) };
    match request::asked(app, &asking.incoming, door)?.check(app, gate).await? {
        Checked::Passed(passed) => Ok(allowed(&passed)),
        Checked::Unanswered => Ok(http::hangup()),
    }
}

/// What a proxy asks.
struct Asking {
    incoming: Incoming,
    is_reached: bool,
}

impl FromRequest<App> for Asking {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let is_reached = request.extensions().get::<Reached>().is_some();
        let incoming = Incoming::from_request(request, app).await.map_err(|never| match never {})?;
        Ok(Self { incoming, is_reached })
    }
}
