//! Many charges, settles and reversals in one request.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ledger::Actor;

use super::{answer, caller};
use crate::api::Asked;
use crate::api::native::error::Failure;
use crate::api::native::wire::{Answers, Batch, Unfit, read_item};
use crate::app::{App, Keyed};
use crate::http::{BATCH_BODY_MAX, Incoming, Unread};

/// After how many others get their turn: half a millisecond of work.
const TURN: usize = 256;

/// `POST /api/v1/charges/batch`: each is decided and answered for itself, in order; all of the answer is durable.
pub(in super::super) async fn batch(Asked(app): Asked, request: Unread) -> Response {
    match caller(&app, request.head()).await {
        Ok(by) => {
            let incoming = request.read(BATCH_BODY_MAX).await;
            answer(&incoming, carried_out(&app, by, &incoming)).await
        }
        // Nobody whom we do not know has us keep megabytes.
        Err(error) => Failure::from(error).problem().response(&request.skip(BATCH_BODY_MAX).await),
    }
}

async fn carried_out(app: &App, by: Actor, incoming: &Incoming) -> Result<Response, Failure> {
    let Batch { form, texts } = Batch::read(incoming)?;
    let mut items: Vec<Keyed<'_>> = Vec::with_capacity(texts.len());
    // With the place of each.
    let mut unfit: Vec<(usize, Box<Unfit<'_>>)> = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        match read_item(*text, form) {
            Ok(item) => items.push(item),
            Err(it) => unfit.push((place, it)),
        }
        give_way(place).await;
    }
    let results = app.batch(by, &items).await?;
    let mut answers = Answers::new(form, &by, incoming.request_id, texts.len());
    let mut unfit = unfit.into_iter().peekable();
    let mut results = items.iter().zip(&results);
    for place in 0..texts.len() {
        if let Some((_, it)) = unfit.next_if(|it| it.0 == place) {
            answers.add_unfit(*it)?;
        } else if let Some((asked, result)) = results.next() {
            answers.add(asked, result)?;
        }
        give_way(place).await;
    }
    let kind = HeaderValue::from_static(form.media_type());
    Ok(([(CONTENT_TYPE, kind)], answers.finish()).into_response())
}

/// Lets others have the thread now and then: a batch is worth ten thousand of their requests.
async fn give_way(place: usize) {
    if place % TURN == TURN - 1 {
        tokio::task::yield_now().await;
    }
}
