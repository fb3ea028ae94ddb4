//! Charges and their reversals: what a gate does.

use axum::http::Method;
use axum::response::Response;
use ledger::LineId;

use super::{Segment, answer, caller, created, segment};
use crate::api::Asked;
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{ChargeBody, ChargeRecord, ReversalBody, ReversalRecord};
use crate::app::NewCharge;
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Charges",
        about: "What a call costs, taken from the account that it is for, or from the primary account whose balance that one shares.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/charges", "charge", "Charge")
                .about("Takes an amount for a call that happens now, if the payer has as much available; else nothing is taken. `force` books a call that has happened already.")
                .takes::<ChargeBody<'_>>(CHARGE_BODY)
                .answers::<ChargeRecord<'_>>(201, "The charge.", CHARGE)
                .fails(&[Code::NotFound, Code::Closed, Code::InsufficientFunds, Code::CapReached]),
            Operation::new(Method::POST, "/api/v1/charges/{id}/reverse", "reverse", "Reverse a charge")
                .about("Gives a charge back to the account that paid it, or a part of it: in all reversals together at most what it took. The end of a hold that cost something is a charge, too, by the id of the hold.")
                .may_take::<ReversalBody>(REVERSAL_BODY)
                .answers::<ReversalRecord<'_>>(201, "The reversal.", REVERSAL)
                .fails(&[Code::AlreadyReversed]),
        ],
    }
}

/// `POST /api/v1/charges`: takes an amount for a call that happens now or, with `force`, that happened already.
pub(in super::super) async fn charge(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let ChargeBody { account, amount, operation, units, reference, force } = ChargeBody::read(&incoming)?;
        let account = app.named(&account).await?;
        let new = NewCharge { account, amount, operation, units, reference, force };
        let line = app.charge(by, incoming.once(&app), new).await?;
        created(&ChargeRecord::new(&by, &line))
    })
    .await
}

/// `POST /api/v1/charges/{id}/reverse`: gives back a part of a charge or, when no amount is said, the rest of it.
pub(in super::super) async fn reverse(Asked(app): Asked, id: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let ReversalBody { amount, reference } = ReversalBody::read(&incoming)?;
        let charge = segment(&id).parse().unwrap_or(LineId::from_bytes([0; 16]));
        let line = app.reverse(by, incoming.once(&app), charge, amount, reference).await?;
        created(&ReversalRecord::new(&by, &line))
    })
    .await
}

const CHARGE_BODY: &str = r#"{
    "account": "5b0ba11c",
    "amount": "0.0075",
    "operation": "sms.send",
    "units": 1,
    "reference": "message 8f2c7a1e"
}"#;

const CHARGE: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "0.0075",
    "operation": "sms.send",
    "units": "1",
    "price": null,
    "reference": "message 8f2c7a1e",
    "forced": false,
    "balance": "12.4925",
    "available": "32.4925",
    "created_at": "2025-09-12T09:15:00.000Z"
}"#;

const REVERSAL_BODY: &str = r#"{
    "reference": "not delivered"
}"#;

const REVERSAL: &str = r#"{
    "id": "01993d2c-9f00-7d10-b7aa-0f1e2d3c4b5a",
    "charge": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "payer": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "0.0075",
    "reference": "not delivered",
    "balance": "12.50",
    "available": "32.50",
    "created_at": "2025-09-12T09:20:00.000Z"
}"#;
