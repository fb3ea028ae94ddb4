//! The webhooks of an account: where its events are sent, and what became of the last of them.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Account, AccountId, EventId, EventKinds, Refusal, Webhook, WebhookId};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Time;
use super::visit::Visit;
use super::words;
use crate::app::{Delivery, DeliveryState, Error, NewWebhook};
use crate::notice;

/// The most webhooks of a page.
const SHOWN_MAX: usize = 50;
/// How many of the last events of each are in the list of all.
const DELIVERIES: usize = 10;
/// How many are on the page of one.
const DELIVERIES_OF_ONE: usize = 100;
const HOUR_MS: i64 = 3_600 * 1_000;

#[derive(Template)]
#[template(path = "console/webhooks.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether it is the caller's own account.
    is_own: bool,
    may_make: bool,
    is_about_own: bool,
    url: String,
    events: Vec<(&'static str, bool)>,
    /// What events of a webhook that was just made are signed with.
    secret: Option<String>,
    problem: Option<String>,
    is_narrowed: bool,
}

#[derive(Template)]
#[template(path = "console/webhook.html")]
struct OnePage {
    frame: Frame,
    tabs: Tabs,
    webhook: String,
    row: Row,
    url: String,
    events: Vec<(&'static str, bool)>,
    secret: Option<String>,
    problem: Option<String>,
    state: String,
    is_narrowed: bool,
    older: Option<String>,
}

struct Row {
    webhook: Webhook,
    /// Whose it is, and what it is about.
    whose: String,
    kinds: String,
    deliveries: Vec<Sent>,
}

/// What became of an event on its way.
struct Sent(Delivery);

impl Sent {
    fn kind(&self) -> &'static str {
        notice::name(self.0.kind)
    }

    const fn queued(&self) -> Time {
        Time(self.0.queued_at)
    }

    /// How far it has come, in words.
    const fn state(&self) -> &'static str {
        match self.0.state {
            DeliveryState::Pending if self.0.attempts == 0 => "waits",
            DeliveryState::Pending => "is tried again",
            DeliveryState::Delivered => "was taken",
            DeliveryState::Dead => "was given up",
        }
    }

    fn is_dead(&self) -> bool {
        self.0.state == DeliveryState::Dead
    }

    /// What was answered last, or what was wrong.
    fn last(&self) -> String {
        match (&self.0.last_error, self.0.last_status) {
            (Some(error), _) => error.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => String::new(),
        }
    }
}

impl OnePage {
    const fn secret_at(&self) -> Time {
        Time(self.row.webhook.secret_at)
    }

    fn old_until(&self) -> Option<Time> {
        self.row.webhook.old_secret_until.map(Time)
    }

    fn has_dead(&self) -> bool {
        self.row.deliveries.iter().any(Sent::is_dead)
    }
}

/// All kinds of events by their names, and whether each is ticked.
fn events(kinds: EventKinds) -> Vec<(&'static str, bool)> {
    let named: Vec<_> = kinds.named().collect();
    notice::names().iter().map(|(name, kind)| (*name, named.contains(kind))).collect()
}

/// Those that are ticked; all there are and will be where none is.
fn ticked(visit: &Visit) -> EventKinds {
    let names: Vec<_> = visit.form.all("event").collect();
    notice::names().iter().filter(|it| names.contains(&it.0)).map(|it| it.1).collect()
}

/// Whose a webhook is, and what it is about, as whoever looks calls them.
async fn whose(visit: &Visit, webhook: &Webhook) -> Result<String, Error> {
    let ids: Vec<_> = [webhook.owner, webhook.account].into_iter().flatten().collect();
    let accounts = visit.app.figures(visit.by, ids, None).await?.accounts;
    let named = |id: AccountId| {
        let account = accounts.iter().map(|it| &it.account).find(|it| it.id == id);
        account.map_or_else(|| "an account out of reach".to_owned(), |it| it.name.to_string())
    };
    let owner = webhook.owner.map_or_else(|| "The operator".to_owned(), named);
    Ok(match webhook.account {
        Some(account) if webhook.owner == Some(account) => format!("{owner}, of itself:"),
        Some(account) => format!("{owner}, of {}:", named(account)),
        None if webhook.owner.is_none() => format!("{owner}, of all accounts:"),
        None => format!("{owner}, of its whole family:"),
    })
}

async fn row(visit: &Visit, webhook: Webhook, deliveries: Vec<Delivery>) -> Result<Row, Error> {
    let named: Vec<_> = webhook.kinds.named().map(notice::name).collect();
    let kinds = if named.is_empty() { "all events".to_owned() } else { named.join(", ") };
    let whose = whose(visit, &webhook).await?;
    Ok(Row { webhook, whose, kinds, deliveries: deliveries.into_iter().map(Sent).collect() })
}

/// `GET /console/accounts/{account}/webhooks`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit.answer(async { page_of(&visit, &name, None, None).await }).await
}

async fn page_of(
    visit: &Visit,
    name: &Segment,
    secret: Option<String>,
    problem: Option<String>,
) -> Result<Response, Error> {
    let id = visit.app.named(segment(name)).await?;
    let tabs = Tabs::of(visit, id).await?;
    let after = visit.form.text("after").parse().ok();
    let (webhooks, next) = visit.app.webhooks_around(visit.by, id, after, SHOWN_MAX).await?;
    let mut rows = Vec::new();
    for webhook in webhooks {
        let deliveries = visit.app.deliveries(visit.by, webhook.id, None, None, DELIVERIES).await?;
        rows.push(row(visit, webhook, deliveries.unwrap_or_default()).await?);
    }
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let form = &visit.form;
    page::page(
        status,
        &Page {
            frame: visit.frame(format!("Webhooks of {}", tabs.it.account.name)),
            rows,
            next: next.map(|it| it.to_string()),
            is_own: visit.by.account() == Some(id),
            may_make: !tabs.it.is_closed(),
            is_about_own: form.text("about") == "own",
            tabs,
            url: form.text("url").to_owned(),
            events: events(ticked(visit)),
            secret,
            problem,
            is_narrowed: false,
        },
    )
}

/// `POST /console/accounts/{account}/webhooks`: has events sent to the caller: its own, or those of an account that it manages;
/// what they are signed with is in this answer alone.
pub(super) async fn make(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            visit.app.account(visit.by, id).await?;
            let is_whole = visit.by.account() == Some(id) && visit.form.text("about") != "own";
            let url = visit.form.text("url").into();
            let new =
                NewWebhook { url, kinds: ticked(&visit), account: if is_whole { None } else { Some(id) } };
            match visit.app.make_webhook(visit.by, visit.once(), new).await {
                Ok((_, secret)) => page_of(&visit, &name, Some(secret), None).await,
                Err(Error::Refused(refusal)) => {
                    let problem = words::refused(&refusal).into_owned();
                    page_of(&visit, &name, None, Some(problem)).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

/// The account of a path, and the webhook that it, or the form, names: one that is around that account.
async fn found(visit: &Visit, account: &str, webhook: &str) -> Result<(Account, Webhook), Error> {
    let id = visit.app.named(account).await?;
    let account = visit.app.account(visit.by, id).await?.account;
    let unknown = || Error::Refused(Refusal::WebhookNotFound);
    let webhook: WebhookId = webhook.parse().map_err(|_| unknown())?;
    let webhook = visit.app.webhook(visit.by, webhook).await?;
    let is_around = [webhook.owner, webhook.family, webhook.account].contains(&Some(id));
    if is_around { Ok((account, webhook)) } else { Err(unknown()) }
}

/// `GET /console/accounts/{account}/webhooks/{webhook}`.
pub(super) async fn show_one(names: Result<Path<(String, String)>, PathRejection>, visit: Visit) -> Response {
    visit
        .answer(async {
            let (account, webhook) =
                names.as_ref().map_or(("", ""), |Path((account, webhook))| (account, webhook));
            let (account, webhook) = found(&visit, account, webhook).await?;
            one(&visit, account.id, webhook, None, None).await
        })
        .await
}

async fn one(
    visit: &Visit,
    id: AccountId,
    webhook: Webhook,
    secret: Option<String>,
    problem: Option<String>,
) -> Result<Response, Error> {
    let tabs = Tabs::of(visit, id).await?;
    let form = &visit.form;
    let state = match form.text("state") {
        "pending" => Some(DeliveryState::Pending),
        "delivered" => Some(DeliveryState::Delivered),
        "dead" => Some(DeliveryState::Dead),
        _ => None,
    };
    let before: Option<EventId> = form.text("before").parse().ok();
    let found = visit.app.deliveries(visit.by, webhook.id, state, before, DELIVERIES_OF_ONE + 1).await?;
    let mut deliveries = found.unwrap_or_default();
    let has_more = deliveries.len() > DELIVERIES_OF_ONE;
    deliveries.truncate(DELIVERIES_OF_ONE);
    let state_asked = state.map_or("", |_| form.text("state"));
    let older = deliveries.last().filter(|_| has_more);
    let older = older.map(|it| format!("?state={state_asked}&before={}", it.event));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    // What was filled in stays where it was refused.
    let is_refused = problem.is_some();
    let url = if is_refused { form.text("url").to_owned() } else { webhook.url.to_string() };
    let kinds = if is_refused { ticked(visit) } else { webhook.kinds };
    page::page(
        status,
        &OnePage {
            frame: visit.frame("A webhook"),
            tabs,
            webhook: webhook.id.to_string(),
            row: row(visit, webhook, deliveries).await?,
            url,
            events: events(kinds),
            secret,
            problem,
            state: state_asked.to_owned(),
            is_narrowed: state.is_some(),
            older,
        },
    )
}

/// `POST /console/accounts/{account}/webhooks/edit`: sends elsewhere, or other events.
pub(super) async fn edit(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let form = &visit.form;
            let (account, webhook) = found(&visit, segment(&name), form.text("webhook")).await?;
            let (url, kinds) = (Some(form.text("url").into()), Some(ticked(&visit)));
            match visit.app.change_webhook(visit.by, visit.once(), webhook.id, url, kinds, None).await {
                Ok(_) => {
                    let path = format!("/console/accounts/{}/webhooks/{}", account.api_key, webhook.id);
                    Ok(visit.done(&path, "The webhook is changed."))
                }
                Err(Error::Refused(refusal)) => {
                    let problem = words::refused(&refusal).into_owned();
                    one(&visit, account.id, webhook, None, Some(problem)).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

/// `POST /console/accounts/{account}/webhooks/rotate`: another secret, which is in this answer alone.
pub(super) async fn rotate(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let (account, webhook) = found(&visit, segment(&name), visit.form.text("webhook")).await?;
            let hours: i64 = visit.form.text("hours").parse().unwrap_or(-1);
            let overlap_ms = hours.saturating_mul(HOUR_MS);
            let rotated = visit.app.rotate_webhook(visit.by, visit.once(), webhook.id, overlap_ms).await?;
            one(&visit, account.id, rotated.0, Some(rotated.1), None).await
        })
        .await
}

/// `POST /console/accounts/{account}/webhooks/change`: enables, disables or deletes one, or has events sent once more.
pub(super) async fn change(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let (account, webhook) = found(&visit, segment(&name), visit.form.text("webhook")).await?;
            let (webhook, once) = (webhook.id, visit.once());
            let all = format!("/console/accounts/{}/webhooks", account.api_key);
            let this = format!("{all}/{webhook}");
            let (path, notice) = match visit.form.text("what") {
                "delete" => {
                    visit.app.delete_webhook(visit.by, once, webhook).await?;
                    (all, "The webhook is deleted: nothing more is sent there.".to_owned())
                }
                "resend" => {
                    let unknown = || Error::Refused(Refusal::WebhookNotFound);
                    let event: EventId = visit.form.text("event").parse().map_err(|_| unknown())?;
                    visit.app.resend(visit.by, once, webhook, event).await?;
                    (this, "The event is sent once more.".to_owned())
                }
                "revive" => (this, revive(&visit, webhook).await?),
                "enable" => {
                    visit.app.change_webhook(visit.by, once, webhook, None, None, Some(true)).await?;
                    (all, "The webhook is enabled.".to_owned())
                }
                "disable" => {
                    visit.app.change_webhook(visit.by, once, webhook, None, None, Some(false)).await?;
                    (all, "The webhook is disabled: events of from now on are not sent.".to_owned())
                }
                _ => return Err(Error::Refused(Refusal::WebhookNotFound)),
            };
            Ok(visit.done(&path, notice))
        })
        .await
}

/// Has the last events that were given up sent once more, each once for its form.
async fn revive(visit: &Visit, webhook: WebhookId) -> Result<String, Error> {
    let dead = Some(DeliveryState::Dead);
    let found = visit.app.deliveries(visit.by, webhook, dead, None, DELIVERIES_OF_ONE).await?;
    let dead = found.unwrap_or_default();
    for delivery in &dead {
        let once = visit.once_of(&format!(".{}", delivery.event));
        visit.app.resend(visit.by, once, webhook, delivery.event).await?;
    }
    Ok(match dead.len() {
        0 => "No event was given up there.".to_owned(),
        1 => "An event is sent once more.".to_owned(),
        count => format!("{count} events are sent once more."),
    })
}
