//! The webhooks of an account: where its events are sent, and what became of the last of them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{EventId, EventKinds, Refusal, Webhook, WebhookId};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Time;
use super::visit::Visit;
use super::words;
use crate::app::{Delivery, DeliveryState, Error, NewWebhook};
use crate::notice;

/// The most webhooks that are shown.
const SHOWN_MAX: usize = 50;
/// How many of the last events of each.
const DELIVERIES: usize = 10;

#[derive(Template)]
#[template(path = "console/webhooks.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
    /// Whether it is the caller's own account: only that has events sent.
    is_own: bool,
    url: String,
    /// What events of a webhook that was just made are signed with.
    secret: Option<String>,
    problem: Option<String>,
}

struct Row {
    webhook: Webhook,
    kinds: String,
    deliveries: Vec<Delivery>,
}

impl Page {
    fn kind(&self, delivery: &Delivery) -> &'static str {
        notice::name(delivery.kind)
    }

    fn queued(&self, delivery: &Delivery) -> Time {
        Time(delivery.queued_at)
    }

    /// How far a delivery has come, in words.
    fn state(&self, delivery: &Delivery) -> &'static str {
        match delivery.state {
            DeliveryState::Pending if delivery.attempts == 0 => "waits",
            DeliveryState::Pending => "is tried again",
            DeliveryState::Delivered => "was taken",
            DeliveryState::Dead => "was given up",
        }
    }

    fn is_dead(&self, delivery: &Delivery) -> bool {
        delivery.state == DeliveryState::Dead
    }

    /// What was answered last, or what was wrong.
    fn last(&self, delivery: &Delivery) -> String {
        match (&delivery.last_error, delivery.last_status) {
            (Some(error), _) => error.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => String::new(),
        }
    }
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
    let mut rows = Vec::new();
    for webhook in visit.app.webhooks(visit.by, Some(id), None, SHOWN_MAX).await? {
        let deliveries = visit.app.deliveries(visit.by, webhook.id, None, None, DELIVERIES).await?;
        let named: Vec<_> = webhook.kinds.named().map(notice::name).collect();
        let kinds = if named.is_empty() { "all events".to_owned() } else { named.join(", ") };
        rows.push(Row { webhook, kinds, deliveries: deliveries.unwrap_or_default() });
    }
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = visit.frame(format!("Webhooks of {}", tabs.it.account.name));
    let is_own = visit.by.account() == Some(id);
    let url = visit.form.text("url").to_owned();
    page::page(status, &Page { frame, tabs, rows, is_own, url, secret, problem })
}

/// `POST /console/accounts/{account}/webhooks`: has the caller's events sent; what they are signed with is in this answer
/// alone.
pub(super) async fn make(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            visit.app.account(visit.by, id).await?;
            if visit.by.account() != Some(id) {
                return Err(Error::Refused(Refusal::Forbidden));
            }
            let url = visit.form.text("url").into();
            let new = NewWebhook { url, kinds: EventKinds::ALL, account: None };
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

/// `POST /console/accounts/{account}/webhooks/change`: enables, disables or deletes one, or has an event sent once more.
pub(super) async fn change(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let key = visit.app.account(visit.by, id).await?.account.api_key;
            let unknown = || Error::Refused(Refusal::WebhookNotFound);
            let webhook: WebhookId = visit.form.text("webhook").parse().map_err(|_| unknown())?;
            let once = visit.once();
            let notice = match visit.form.text("what") {
                "delete" => {
                    visit.app.delete_webhook(visit.by, once, webhook).await?;
                    "The webhook is deleted: nothing more is sent there."
                }
                "resend" => {
                    let event: EventId = visit.form.text("event").parse().map_err(|_| unknown())?;
                    visit.app.resend(visit.by, once, webhook, event).await?;
                    "The event is sent once more."
                }
                what => {
                    let enable = what == "enable";
                    visit.app.change_webhook(visit.by, once, webhook, None, None, Some(enable)).await?;
                    if enable {
                        "The webhook is enabled."
                    } else {
                        "The webhook is disabled: events of from now on are not sent."
                    }
                }
            };
            Ok(visit.done(&format!("/console/accounts/{key}/webhooks"), notice))
        })
        .await
}
