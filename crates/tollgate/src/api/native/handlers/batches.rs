//! Many charges, settles and reversals in one request.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use ledger::Actor;

use super::{answer, caller};
use crate::api::Asked;
use crate::api::native::error::Failure;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{Answers, Batch, BatchAnswer, BatchBody, Unfit, read_item};
use crate::app::{App, Keyed};
use crate::http::{BATCH_BODY_MAX, Incoming, Unread};

/// After how many others get their turn: half a millisecond of work.
const TURN: usize = 256;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Batches",
        about: "Many charges, settles and reversals in one request, such as the call records of an hour.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/charges/batch", "charge_batch", "Charge many")
                .about(
                    "Up to 10000, as a JSON array or, with `Content-Type: application/x-ndjson`, a JSON object a line. Each is \
                     decided alone and answered in its place, as if it had been sent alone: the status of the whole is 200, whatever \
                     the answers are. Each has a `key` of its own, so that what breaks off is sent again whole and happens once. The \
                     body has at most 4 MiB.",
                )
                .takes::<BatchBody>(BATCH)
                .takes_as("application/x-ndjson", BATCH_LINES)
                .answers::<Vec<BatchAnswer<'_>>>(200, "An answer to each, in the order of the body.", ANSWERS)
                .answers_as(200, "application/x-ndjson", "An answer to each, in the order of the body.", ANSWER_LINES)
                .without_key(),
        ],
    }
}

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

const BATCH: &str = r#"[
    {
        "account": "5b0ba11c",
        "amount": "0.05",
        "key": "call-1",
        "operation": "sms.send"
    },
    {
        "type": "settle",
        "hold": "01993d2c-8d11-7a52-8c1d-5be1a0c4f703",
        "amount": "0.31",
        "key": "call-2"
    }
]"#;

const ANSWERS: &str = r#"[
    {
        "key": "call-1",
        "status": 201,
        "charge": {
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "amount": "0.05",
            "operation": "sms.send",
            "units": null,
            "price": null,
            "reference": null,
            "forced": false,
            "balance": "12.45",
            "available": "32.45",
            "created_at": "2025-09-12T09:15:00.000Z"
        }
    },
    {
        "key": "call-2",
        "status": 409,
        "problem": {
            "type": "urn:tollgate:problem:hold_ended",
            "title": "The hold has ended",
            "status": 409,
            "detail": "The hold was released at 2025-09-12T09:14:07.201Z. Nothing is left to do.",
            "code": "hold_ended",
            "instance": "urn:uuid:01993d2c-9a00-7b11-8d4e-0a1b2c3d4e5f"
        }
    }
]"#;

const BATCH_LINES: &str = r#"{"account":"5b0ba11c","amount":"0.05","key":"call-1","operation":"sms.send"}
{"type":"settle","hold":"01993d2c-8d11-7a52-8c1d-5be1a0c4f703","amount":"0.31","key":"call-2"}
"#;

const ANSWER_LINES: &str = r#"{"key":"call-1","status":201,"charge":{"id":"01993d2c-8d10-7a52-8c1d-5be1a0c4f702","account":"01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02","payer":"01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02","amount":"0.05","operation":"sms.send","units":null,"price":null,"reference":null,"forced":false,"balance":"12.45","available":"32.45","created_at":"2025-09-12T09:15:00.000Z"}}
{"key":"call-2","status":409,"problem":{"type":"urn:tollgate:problem:hold_ended","title":"The hold has ended","status":409,"detail":"The hold was released at 2025-09-12T09:14:07.201Z. Nothing is left to do.","code":"hold_ended","instance":"urn:uuid:01993d2c-9a00-7b11-8d4e-0a1b2c3d4e5f"}}
"#;
