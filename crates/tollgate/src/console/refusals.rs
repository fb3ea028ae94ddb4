//! Why a call was refused: what was refused to an account lately, in words.

use askama::Template;
use axum::response::Response;

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::Visit;
use super::words;
use crate::app::{Door, REFUSALS_OF_ONE_MAX, Refused};

#[derive(Template)]
#[template(path = "console/refusals.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
    request: String,
}

struct Row {
    at: Time,
    what: &'static str,
    operation: String,
    amount: Option<Money>,
    door: &'static str,
    why: String,
    request: String,
}

/// `GET /console/accounts/{account}/refusals`, perhaps of one `request`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let request = visit.form.some("request");
            let refused = visit.app.refusals(visit.by, id, request, REFUSALS_OF_ONE_MAX).await?;
            let rows = refused.iter().map(row).collect();
            let request = request.unwrap_or("").to_owned();
            let frame = visit.frame(format!("Refused to {}", tabs.it.account.name));
            page::ok(&Page { frame, tabs, rows, request })
        })
        .await
}

fn row(it: &Refused) -> Row {
    let at_gate = it.key.as_deref().filter(|_| it.door == Door::Gate).map(str::to_owned);
    Row {
        at: Time(it.at),
        what: it.action,
        operation: it.operation.as_deref().unwrap_or("").to_owned(),
        amount: it.amount.map(Into::into),
        door: match it.door {
            Door::Inside => "tollgate itself",
            Door::Native => "native API",
            Door::Vonage => "Vonage dialect",
            Door::Plivo => "Plivo dialect",
            Door::Gate => "gate",
            Door::Console => "console",
        },
        why: words::refused(&it.refusal).into_owned(),
        request: at_gate.or(it.request_id.map(|it| it.to_string())).unwrap_or_default(),
    }
}
