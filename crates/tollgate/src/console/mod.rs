//! The console at `/console`: pages for people, rendered here, with a style sheet and a script of our own and nothing from
//! elsewhere. Everything works without the script; with it, figures move by themselves and a transfer is a dialog.
//!
//! Reading order: [`routes`] is the table; `session` who is signed in, `visit` what a handler gets of a request and where
//! forged forms end; `page` what all pages have around them; `show` how values stand on a page; `words` how the ledger's no
//! reads; then a file for each thing that is shown or done.
//!
//! **Invariants.** No rule is decided here. Whatever anybody has written reaches a page through a template, which escapes
//! it. Nothing secret is ever in an address, and nothing is changed by a GET.

mod account;
mod assets;
mod close;
mod credentials;
mod family;
mod journal;
mod limits;
mod live;
mod numbers;
mod open;
mod operator;
mod page;
mod prices;
mod refusals;
mod session;
mod settings;
mod show;
mod sign_in;
mod statement;
mod stock;
mod transfer;
mod usage;
mod visit;
mod webhooks;
mod words;
mod zones;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use tokio::sync::Semaphore;

use self::session::Sessions;
use crate::app::App;

/// What all handlers share.
#[derive(Clone)]
struct Console(Arc<Inner>);

struct Inner {
    app: App,
    sessions: Sessions,
    /// The pages that may be followed at once.
    followed: Arc<Semaphore>,
}

impl Console {
    fn app(&self) -> &App {
        &self.0.app
    }

    fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }
}

/// One row of the table that the console's routes are registered from, so that tests can walk them.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may ask for it at all; what each may see and do there, the ledger says.
    pub who: Who,
    handler: MethodRouter<Console>,
}

/// Who may ask for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in as a partner or the operator.
    Manager,
    /// Whoever is signed in as the operator.
    Operator,
}

impl Route {
    fn get<T: 'static>(
        path: &'static str,
        who: Who,
        handler: impl axum::handler::Handler<T, Console>,
    ) -> Self {
        Self { method: Method::GET, path, who, handler: on(MethodFilter::GET, handler) }
    }

    fn post<T: 'static>(
        path: &'static str,
        who: Who,
        handler: impl axum::handler::Handler<T, Console>,
    ) -> Self {
        Self { method: Method::POST, path, who, handler: on(MethodFilter::POST, handler) }
    }
}

/// The table of the console's routes.
pub fn routes() -> Vec<Route> {
    use Who::{Anyone, Manager, Operator, SignedIn};
    vec![
        Route::get("/console/style.css", Anyone, assets::style),
        Route::get("/console/script.js", Anyone, assets::script),
        Route::get("/console/icon.svg", Anyone, assets::icon),
        Route::get("/console/sign-in", Anyone, sign_in::form),
        Route::post("/console/sign-in", Anyone, sign_in::sign_in),
        Route::post("/console/sign-out", SignedIn, sign_in::sign_out),
        Route::get("/console", SignedIn, sign_in::home),
        Route::get("/console/live", SignedIn, live::live),
        Route::get("/console/families/{account}", Manager, family::show),
        Route::get("/console/families/{account}/open", Manager, open::form),
        Route::post("/console/families/{account}/open", Manager, open::open),
        Route::get("/console/primaries", Operator, operator::primaries),
        Route::get("/console/primaries/open", Operator, open::primary_form),
        Route::post("/console/primaries/open", Operator, open::open_primary),
        Route::get("/console/accounts/{account}", SignedIn, account::show),
        Route::post("/console/accounts/{account}/status", Manager, account::change_status),
        Route::get("/console/accounts/{account}/transfer", Manager, transfer::form),
        Route::post("/console/accounts/{account}/transfer/preview", Manager, transfer::preview),
        Route::post("/console/accounts/{account}/transfer", Manager, transfer::transfer),
        Route::get("/console/accounts/{account}/payment", Operator, settings::payment_form),
        Route::post("/console/accounts/{account}/payment", Operator, settings::pay),
        Route::get("/console/accounts/{account}/settings", Manager, settings::form),
        Route::post("/console/accounts/{account}/settings", Manager, settings::change),
        Route::get("/console/accounts/{account}/journal", SignedIn, journal::show),
        Route::get("/console/accounts/{account}/journal.csv", SignedIn, journal::file),
        Route::get("/console/accounts/{account}/usage", SignedIn, usage::show),
        Route::get("/console/accounts/{account}/statements", SignedIn, statement::list),
        Route::get("/console/accounts/{account}/statements/{month}", SignedIn, statement::show),
        Route::get("/console/accounts/{account}/numbers", SignedIn, numbers::show),
        Route::post("/console/accounts/{account}/numbers/rent", SignedIn, numbers::rent),
        Route::post("/console/accounts/{account}/numbers/return", SignedIn, numbers::give_back),
        Route::post("/console/accounts/{account}/numbers/move", Manager, numbers::give),
        Route::get("/console/accounts/{account}/webhooks", SignedIn, webhooks::show),
        Route::post("/console/accounts/{account}/webhooks", SignedIn, webhooks::make),
        Route::get("/console/accounts/{account}/webhooks/{webhook}", SignedIn, webhooks::show_one),
        Route::post("/console/accounts/{account}/webhooks/edit", SignedIn, webhooks::edit),
        Route::post("/console/accounts/{account}/webhooks/rotate", SignedIn, webhooks::rotate),
        Route::post("/console/accounts/{account}/webhooks/change", SignedIn, webhooks::change),
        Route::get("/console/accounts/{account}/refusals", SignedIn, refusals::show),
        Route::get("/console/accounts/{account}/credentials", SignedIn, credentials::show),
        Route::post("/console/accounts/{account}/credentials", SignedIn, credentials::add),
        Route::post("/console/accounts/{account}/credentials/rotate", SignedIn, credentials::rotate),
        Route::post("/console/accounts/{account}/credentials/revoke", SignedIn, credentials::revoke),
        Route::get("/console/accounts/{account}/close", Manager, close::form),
        Route::post("/console/accounts/{account}/close", Manager, close::close),
        Route::get("/console/tokens", Operator, operator::tokens),
        Route::post("/console/tokens", Operator, operator::make_token),
        Route::post("/console/tokens/revoke", Operator, operator::revoke_token),
        Route::get("/console/prices", Operator, prices::list),
        Route::post("/console/prices", Operator, prices::put),
        Route::get("/console/prices/plan", Operator, prices::form),
        Route::post("/console/prices/try", Operator, prices::attempt),
        Route::get("/console/numbers", Operator, stock::show),
        Route::post("/console/numbers", Operator, stock::add),
        Route::post("/console/numbers/withdraw", Operator, stock::withdraw),
        Route::get("/console/health", Operator, operator::health),
    ]
}

/// The console's part of the server's one door.
pub(crate) fn router(app: App) -> Router {
    let sessions = Sessions::new(app.random().clone(), app.settings().sessions);
    let console =
        Console(Arc::new(Inner { app, sessions, followed: Arc::new(Semaphore::new(live::FOLLOWED_MAX)) }));
    let mut router = Router::new();
    for Route { path, handler, .. } in routes() {
        router = router.route(path, handler);
    }
    router.method_not_allowed_fallback(wrong_method).with_state(console)
}

/// Whether a path is the console's.
pub(crate) fn speaks(path: &str) -> bool {
    path.strip_prefix("/console").is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

/// 404 for a page that there is not.
pub(crate) fn not_found() -> Response {
    page::bare(StatusCode::NOT_FOUND, "There is no such page", "Check the address, or begin at the start.")
}

async fn wrong_method() -> Response {
    page::bare(
        StatusCode::METHOD_NOT_ALLOWED,
        "This is not asked for like this",
        "Go back to the page that it is on, and use its button.",
    )
}
