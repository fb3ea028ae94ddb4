//! The dialects: alike by convention, generic over nothing.

#[cfg(test)]
mod errors;
pub mod native;
pub mod plivo;
pub mod vonage;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use tower::Layer;
use tower::util::MapRequestLayer;

use crate::app::{App, Door};
use crate::http;
use crate::{console, gate};

/// One row of the table that all routes are registered from, so that tests can walk them.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it at all; what each may see and do there, the ledger says.
    pub who: Who,
    handler: MethodRouter<App>,
}

/// The use cases as a request asks for them. A handler takes this and never the bare [`App`], so that the journal says from
/// where everything came.
pub struct Asked(pub App);

impl FromRequestParts<App> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let origin = http::origin(parts, door(parts.uri.path()));
        Ok(Self(app.asked_from(origin)))
    }
}

/// The door that a path is behind.
fn door(path: &str) -> Door {
    if gate::speaks(path) {
        Door::Gate
    } else if native::speaks(path) {
        Door::Native
    } else if plivo::speaks(path) {
        Door::Plivo
    } else {
        Door::Vonage
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without credentials.
    Anyone,
    /// An account with Basic credentials.
    Account,
    /// An operator token.
    Operator,
    /// An operator or a gate token.
    OperatorOrGate,
    /// A gate, with an account's credentials.
    Gate,
    /// An operator token, or an account with Basic credentials.
    OperatorOrAccount,
}

impl Route {
    /// A row of the table.
    pub fn new<T: 'static>(
        filter: MethodFilter,
        path: &'static str,
        who: Who,
        handler: impl axum::handler::Handler<T, App>,
    ) -> Self {
        Self { method: method_of(filter), path, who, handler: on(filter, handler) }
    }
}

impl Route {
    /// A row that is served with every method; it stands in the table with GET.
    pub fn any<T: 'static>(
        path: &'static str,
        who: Who,
        handler: impl axum::handler::Handler<T, App>,
    ) -> Self {
        Self { method: Method::GET, path, who, handler: any(handler) }
    }

    /// What serves it.
    pub fn into_handler(self) -> MethodRouter<App> {
        self.handler
    }
}

fn method_of(filter: MethodFilter) -> Method {
    [
        (MethodFilter::GET, Method::GET),
        (MethodFilter::POST, Method::POST),
        (MethodFilter::PATCH, Method::PATCH),
        (MethodFilter::PUT, Method::PUT),
        (MethodFilter::DELETE, Method::DELETE),
    ]
    .into_iter()
    .find_map(|(known, method)| (known == filter).then_some(method))
    .unwrap_or(Method::OPTIONS)
}

/// All routes.
pub fn routes() -> Vec<Route> {
    let mut routes = vonage::routes();
    routes.extend(plivo::routes());
    routes.extend(native::routes());
    routes.extend(gate::routes());
    routes
}

/// The server's one door.
pub fn router(app: App) -> Router {
    let (mut router, mut plivo) = (Router::new(), Router::new());
    for Route { path, handler, .. } in routes() {
        if plivo::speaks(path) {
            plivo = plivo.route(path, handler);
        } else {
            router = router.route(path, handler);
        }
    }
    // Whose dialect an unknown path or a wrong method is answered in, its beginning says.
    let router = router
        .fallback(async |incoming: http::Incoming| {
            if gate::speaks(incoming.uri.path()) {
                gate::not_found(incoming).await
            } else if console::speaks(incoming.uri.path()) {
                console::not_found()
            } else if native::speaks(incoming.uri.path()) {
                native::not_found(&incoming)
            } else {
                vonage::not_found(&incoming)
            }
        })
        .method_not_allowed_fallback(async |incoming: http::Incoming| {
            if native::speaks(incoming.uri.path()) {
                native::wrong_method(&incoming, &allowed(incoming.uri.path()))
            } else {
                vonage::wrong_method(&incoming, &allowed(incoming.uri.path()))
            }
        });
    let plivo = plivo.fallback(plivo::not_found).method_not_allowed_fallback(plivo::wrong_method);
    let plivo = http::with_names_and_log(plivo.with_state(app.clone()), app.clone());
    let plivo = MapRequestLayer::new(plivo::folded::<Body>).layer(plivo);
    http::with_names_and_log(router.with_state(app.clone()).merge(console::router(app.clone())), app)
        .route_service("/v1", plivo.clone())
        .route_service("/v1/", plivo.clone())
        .route_service("/v1/{*rest}", plivo.clone())
        .route_service("//v1/{*rest}", plivo)
}

/// The methods that a path is served with, for the `Allow` header.
pub(crate) fn allowed(path: &str) -> String {
    let fits = |pattern: &str| {
        let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(part), Some(is)) if part.starts_with('{') || part == is => {}
                _ => return false,
            }
        }
    };
    let mut routes = routes();
    routes.retain(|it| fits(it.path));
    // Where several patterns fit, the one with the most of the path in its own words serves it.
    let braces = |it: &Route| it.path.matches('{').count();
    let fewest = routes.iter().map(braces).min();
    let served = routes.iter().filter(|it| Some(braces(it)) == fewest);
    served.map(|it| it.method.to_string()).collect::<Vec<_>>().join(", ")
}
