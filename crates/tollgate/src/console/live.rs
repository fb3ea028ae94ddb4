//! Figures that move while somebody looks: server-sent events with the HTML that a reload would show, in place of what it
//! shows otherwise.
//!
//! The store tells after each commit that there is something new; only then the figures of the page are read again, at most
//! twice a second, and what is different is sent. While nothing happens nothing is read, and a charge waits for nobody here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use ledger::{Account, AccountId};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::account::Seen;
use super::family::{near, whole};
use super::session::Session;
use super::usage::chart_of;
use super::visit::{Form, SESSION, cookie};
use super::{Console, usage, zones};
use crate::app::{App, Error, FamilyTotals};
use crate::http::Incoming;

/// How many pages may be followed at once. Each costs some milliseconds twice a second at most.
pub(super) const FOLLOWED_MAX: usize = 256;
/// How many accounts of a page move.
const ACCOUNTS_MAX: usize = 128;
/// At most so often, something is sent.
const EVERY: Duration = Duration::from_millis(500);
/// So often, whoever is in between hears that the connection lives, and the session is looked at.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// What a page wants to be told.
struct Asked {
    accounts: Vec<AccountId>,
    family: Option<AccountId>,
    chart: Option<AccountId>,
    /// Whose days the chart has.
    zone: zones::Asked,
}

/// A page that is looked at.
struct Followed {
    console: Console,
    app: App,
    session: Session,
    asked: Asked,
    commits: watch::Receiver<i64>,
    stopping: watch::Receiver<bool>,
    /// What the page shows, by the names that it gives its places.
    shown: BTreeMap<String, String>,
    /// When it was looked at last.
    looked: Option<Instant>,
    has_ended: bool,
    _place: OwnedSemaphorePermit,
}

/// `GET /console/live`: the figures of `accounts`, the totals of `family` and the chart of `chart` by the days of `zone`.
pub(super) async fn live(State(console): State<Console>, incoming: Incoming) -> Response {
    let now = console.app().clock().now();
    let name = cookie(&incoming.headers, SESSION);
    // A page that stays open is no use of its session. A browser does not ask again after 204.
    let Some(session) = name.and_then(|it| console.sessions().look(&it, now)) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let Ok(place) = Arc::clone(&console.0.followed).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let app = console.app().clone();
    let form = Form::read(incoming.uri.query().unwrap_or("").as_bytes());
    let Ok(asked) = Asked::read(&app, &form).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (commits, stopping) = (app.commits(), app.stopping());
    let followed = Followed {
        console,
        app,
        session,
        asked,
        commits,
        stopping,
        shown: BTreeMap::new(),
        looked: None,
        has_ended: false,
        _place: place,
    };
    let events = stream::unfold(followed, |mut followed| async {
        let event = followed.next().await?;
        Some((Ok::<_, Infallible>(event), followed))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // Else nginx would keep it until there is enough of it.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Asked {
    async fn read(app: &App, form: &Form) -> Result<Self, Error> {
        let mut accounts = Vec::new();
        for name in form.text("accounts").split(',').filter(|it| !it.is_empty()).take(ACCOUNTS_MAX) {
            accounts.push(app.named(name).await?);
        }
        let mut named = [None, None];
        for (place, name) in named.iter_mut().zip(["family", "chart"]) {
            if let Some(name) = form.some(name) {
                *place = Some(app.named(name).await?);
            }
        }
        let [family, chart] = named;
        Ok(Self { accounts, family, chart, zone: zones::Asked::read(form) })
    }
}

impl Followed {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.has_ended {
                return None;
            }
            match self.wait().await {
                Woken::Stopping => return None,
                Woken::Nothing => {
                    if self.console.sessions().goes_on(&self.session, self.app.clock().now()) {
                        return Some(Bytes::from_static(b": alive\n\n"));
                    }
                    return Some(self.end());
                }
                Woken::Commit => {}
            }
            self.looked = Some(Instant::now());
            self.commits.borrow_and_update();
            match self.read().await {
                Ok(read) => {
                    if let Some(event) = self.difference(read) {
                        return Some(event);
                    }
                }
                // Whoever looks is no longer let in; the page, loaded anew, says why.
                Err(Error::Unauthenticated | Error::Refused(_)) => return Some(self.end()),
                Err(Error::Busy { .. } | Error::Unavailable | Error::Unknown | Error::Fault) => {}
            }
        }
    }

    fn end(&mut self) -> Bytes {
        self.has_ended = true;
        Bytes::from_static(b"event: ended\ndata:\n\n")
    }

    /// Until there may be something new, and it is time for it.
    async fn wait(&mut self) -> Woken {
        // What the page shows may be from before this began.
        let Some(looked) = self.looked else { return Woken::Commit };
        tokio::select! {
            changed = self.commits.changed() => if changed.is_err() { return Woken::Stopping },
            _ = self.stopping.wait_for(|it| *it) => return Woken::Stopping,
            () = tokio::time::sleep(ALIVE_EVERY) => return Woken::Nothing,
        }
        tokio::select! {
            () = tokio::time::sleep_until(looked + EVERY) => Woken::Commit,
            _ = self.stopping.wait_for(|it| *it) => Woken::Stopping,
        }
    }

    async fn read(&self) -> Result<BTreeMap<String, String>, Error> {
        if !self.console.sessions().goes_on(&self.session, self.app.clock().now()) {
            return Err(Error::Unauthenticated);
        }
        let (by, Asked { accounts, family, chart, zone }) = (self.session.by, &self.asked);
        let mut ids = accounts.clone();
        ids.extend(family);
        let figures = self.app.figures(by, ids, *family).await?;
        let mut read = BTreeMap::new();
        for view in figures.accounts {
            let seen = Seen::new(view);
            if let (Some(totals), true) = (&figures.totals, *family == Some(seen.account.id)) {
                moving_totals(&seen.account, totals, &mut read);
            }
            seen.moving(&mut read);
        }
        if let Some(chart) = *chart {
            let usage = usage::of_month(&self.app, by, chart, None, zone).await?;
            read.insert("chart".to_owned(), chart_of(&usage));
        }
        Ok(read)
    }

    /// What is not shown yet, as an event.
    fn difference(&mut self, read: BTreeMap<String, String>) -> Option<Bytes> {
        let new: BTreeMap<_, _> =
            read.iter().filter(|(name, html)| self.shown.get(*name) != Some(*html)).collect();
        if new.is_empty() {
            return None;
        }
        // Texts by texts always have a JSON text, and one without a line break.
        let event = format!("event: figures\ndata: {}\n\n", serde_json::to_string(&new).unwrap_or_default());
        self.shown = read;
        Some(event.into())
    }
}

/// Why the wait is over.
enum Woken {
    Commit,
    Nothing,
    Stopping,
}

fn moving_totals(own: &Account, totals: &FamilyTotals, into: &mut BTreeMap<String, String>) {
    into.insert("totals:near".to_owned(), near(totals));
    for (_, name, money) in whole(own, totals) {
        into.insert(format!("totals:{name}"), money.to_string());
    }
}

/// Where the figures of some accounts come from, and the totals of a family among them.
pub(super) fn place_of<'a>(accounts: impl IntoIterator<Item = &'a Seen>, family: Option<&Seen>) -> String {
    let keys: Vec<_> = accounts.into_iter().map(Seen::key).collect();
    let family = family.map_or_else(String::new, |it| format!("&family={}", it.key()));
    format!("/console/live?accounts={}{family}", keys.join(","))
}
