//! What was refused: what asks for it, and how it is shown.

use std::borrow::Cow;

use ledger::{Amount, Refusal};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::super::error::{Failure, Names, Said, refused};
use super::bodies::limit;
use super::members::Members;
use super::records::By;
use super::schema::LimitAsked;
use super::{Text, Time};
use crate::app::{Door, Refused};
use crate::http::Incoming;

/// The query of `GET /api/v1/accounts/{account}/refusals`.
#[derive(JsonSchema)]
pub(in super::super) struct RefusalsQuery {
    /// Only what was refused to this request: the `X-Request-Id` of its answer, or the `X-Gate-Request-Id` that the proxy gave to
    /// a checked call.
    pub(in super::super) request_id: Option<String>,
    /// The most refusals of the answer.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

impl RefusalsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let request_id = members.text("request_id").map(Cow::into_owned);
        let limit = limit(&mut members);
        members.finish(Some(Self { request_id, limit }))
    }
}

/// What is remembered, newest first. It is all there is, so there is no next page.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct RefusalsPage<'a> {
    /// The refusals, newest first.
    refusals: Vec<RefusalRecord<'a>>,
}

impl<'a> RefusalsPage<'a> {
    pub(in super::super) fn new(refused: &'a [Refused]) -> Self {
        Self { refusals: refused.iter().map(RefusalRecord::new).collect() }
    }
}

/// Something that was refused.
#[derive(Serialize, JsonSchema)]
struct RefusalRecord<'a> {
    /// When it was asked.
    created_at: Text<Time>,
    /// The name of the request, as its answer has it in `X-Request-Id` and its problem in `instance` or `request_id`.
    #[schemars(with = "Option<String>")]
    request_id: Option<Text<Uuid>>,
    /// The `Idempotency-Key`; of a checked call the `X-Gate-Request-Id`. Null for none, and for one that is too long.
    key: Option<&'a str>,
    /// Through which door it came.
    #[schemars(extend("enum" = ["native", "vonage", "plivo", "gate", "console", "inside"]))]
    door: &'static str,
    /// What was asked, such as `charge`, `check` (of a call) or `change`; `read` where the caller was refused before anything else.
    action: &'static str,
    /// How much, where that was said; of a checked call, `needed` says it.
    amount: Option<Text<Amount>>,
    /// What for, where that was said.
    operation: Option<&'a str>,
    /// Who asked.
    by: By,
    /// From where; null where it was not the account itself, but to the operator.
    address: Option<String>,
    #[serde(flatten)]
    said: Said,
}

impl<'a> RefusalRecord<'a> {
    fn new(it: &'a Refused) -> Self {
        Self {
            created_at: Text(Time(it.at)),
            request_id: it.request_id.map(Text),
            key: it.key.as_deref(),
            door: match it.door {
                Door::Inside => "inside",
                Door::Native => "native",
                Door::Vonage => "vonage",
                Door::Plivo => "plivo",
                Door::Gate => "gate",
                Door::Console => "console",
            },
            action: it.action,
            amount: it.amount.map(Text),
            operation: it.operation.as_deref(),
            by: By::new(&it.by),
            address: it.address.map(|it| it.to_string()),
            said: said(&it.refusal),
        }
    }
}

/// Of a call at the gate there is more to say than that it was not allowed or not valid.
fn said(refusal: &Refusal) -> Said {
    let mut said = refused(refusal, Names::USUAL).said();
    let of_calls = [
        (Refusal::NoPrice, "no_price"),
        (Refusal::CallDenied, "denied"),
        (Refusal::PathNotNormal, "path_not_normal"),
    ];
    if let Some((_, code)) = of_calls.into_iter().find(|it| it.0 == *refusal) {
        said.code = code;
    }
    said
}
