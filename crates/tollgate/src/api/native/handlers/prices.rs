//! Price plans: the operator's.

use axum::http::Method;
use axum::response::Response;
use ledger::price::check_rules;
use ledger::{PricePlan, Refusal, Timestamp};

use super::{Segment, answer, caller, ok, segment};
use crate::api::Asked;
use crate::api::native::error::{Failure, Names};
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{PlanBody, PlanQuery, PlanRecord, PlansPage, PlansQuery, Tried, TryBody};
use crate::app::{Error, NewPlan};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Price plans",
        about: "What is charged or held for a call at the gate, by its method and path.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/price-plans", "list_price_plans", "List price plans")
                .about("The newest version of each, in order of their names.")
                .query::<PlansQuery>()
                .answers::<PlansPage<'_>>(200, "A page of plans.", PLANS),
            Operation::new(Method::PUT, "/api/v1/price-plans/{name}", "put_price_plan", "Put a price plan")
                .about("Puts a plan, or another version of it, which is in force when the answer comes. What was charged by an older one names that.")
                .takes::<PlanBody>(PLAN_BODY)
                .answers::<PlanRecord<'_>>(200, "The plan.", PLAN),
            Operation::new(Method::GET, "/api/v1/price-plans/{name}", "get_price_plan", "Look at a price plan")
                .about("The newest version, or another one.")
                .query::<PlanQuery>()
                .answers::<PlanRecord<'_>>(200, "The plan.", PLAN),
            Operation::new(Method::POST, "/api/v1/price-plans/{name}/try", "try_price_plan", "Try a price plan")
                .about("What some calls would come to by the plan in force, or by the one in the body. Nothing is charged, and nothing changed.")
                .without_key()
                .takes::<TryBody<'_>>(TRY_BODY)
                .answers::<Tried<'_>>(200, "An answer for each call.", TRIED),
        ],
    }
}

/// `PUT /api/v1/price-plans/{name}`: puts a plan, or another version of it, which is in force when the answer comes.
pub(in super::super) async fn put(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let PlanBody { currency, is_default, rules } = PlanBody::read(&incoming)?;
        let new = NewPlan { name: segment(&name).into(), currency, is_default, rules };
        let put = app.put_plan(by, incoming.once(&app), new).await.map_err(of_plan)?;
        ok(&PlanRecord::new(&put))
    })
    .await
}

/// `GET /api/v1/price-plans`: the newest version of each, in order of their names.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let PlansQuery { filter, after, limit, .. } = PlansQuery::read(&incoming)?;
        let plans = app.price_plans(by, filter, after, limit.saturating_add(1)).await?;
        ok(&PlansPage::new(&plans, limit))
    })
    .await
}

/// `GET /api/v1/price-plans/{name}`: the newest version, or another one.
pub(in super::super) async fn get(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let PlanQuery { version } = PlanQuery::read(&incoming)?;
        ok(&PlanRecord::new(&app.price_plan(by, segment(&name).to_owned(), version).await?))
    })
    .await
}

/// `POST /api/v1/price-plans/{name}/try`: what some calls would come to by the plan in force, or by the one in the body.
/// Nothing is charged, and nothing changed.
pub(in super::super) async fn attempt(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let TryBody { plan, requests } = TryBody::read(&incoming)?;
        let in_force = app.price_plan(by, segment(&name).to_owned(), None).await;
        let plan = match plan {
            None => in_force?,
            Some(PlanBody { currency, is_default, rules }) => {
                let version = match in_force {
                    Ok(plan) => plan.version.saturating_add(1),
                    Err(Error::Refused(Refusal::PlanNotFound)) => 1,
                    // Only those who may see plans may try some.
                    Err(error) => return Err(error.into()),
                };
                check_rules(&rules).map_err(Error::from)?;
                let (name, made_at) = (segment(&name).into(), Timestamp::default());
                PricePlan { name, version, currency, is_default, rules, made_at }
            }
        };
        ok(&Tried::new(&plan, &requests))
    })
    .await
}

const fn of_plan(error: Error) -> Failure {
    let currency = ("currency", "must stay what it is: put a plan of another name for another currency");
    Failure::App(error, Names { currency, ..Names::USUAL })
}

const PLANS: &str = r#"{
    "price_plans": [
        {
            "name": "standard-eur",
            "version": 3,
            "currency": "EUR",
            "default": true,
            "made_at": "2025-09-12T09:14:07.201Z",
            "rules": [
                {
                    "rule": 1,
                    "method": "POST",
                    "path": "/v1/messages",
                    "operation": "sms.send",
                    "mode": "charge",
                    "unit_price": "0.0075",
                    "units": 1
                },
                {
                    "rule": 2,
                    "method": "POST",
                    "path": "/v1/chat/**",
                    "operation": "chat.tokens",
                    "mode": "hold",
                    "reserve": "0.50",
                    "expires_in": 300,
                    "on_expiry": "release"
                },
                {
                    "rule": 3,
                    "method": "*",
                    "path": "/v1/account",
                    "operation": "account.read",
                    "mode": "free"
                }
            ]
        }
    ],
    "next": null
}"#;

const PLAN_BODY: &str = r#"{
    "currency": "EUR",
    "default": true,
    "rules": [
        {
            "method": "POST",
            "path": "/v1/messages",
            "operation": "sms.send",
            "mode": "charge",
            "unit_price": "0.0075"
        },
        {
            "method": "POST",
            "path": "/v1/chat/**",
            "operation": "chat.tokens",
            "mode": "hold",
            "reserve": "0.50",
            "expires_in": 300
        },
        {
            "path": "/v1/account",
            "operation": "account.read",
            "mode": "free"
        }
    ]
}"#;

const PLAN: &str = r#"{
    "name": "standard-eur",
    "version": 3,
    "currency": "EUR",
    "default": true,
    "made_at": "2025-09-12T09:14:07.201Z",
    "rules": [
        {
            "rule": 1,
            "method": "POST",
            "path": "/v1/messages",
            "operation": "sms.send",
            "mode": "charge",
            "unit_price": "0.0075",
            "units": 1
        },
        {
            "rule": 2,
            "method": "POST",
            "path": "/v1/chat/**",
            "operation": "chat.tokens",
            "mode": "hold",
            "reserve": "0.50",
            "expires_in": 300,
            "on_expiry": "release"
        },
        {
            "rule": 3,
            "method": "*",
            "path": "/v1/account",
            "operation": "account.read",
            "mode": "free"
        }
    ]
}"#;

const TRY_BODY: &str = r#"{
    "requests": [
        {
            "method": "POST",
            "path": "/v1/messages?to=49301234567"
        },
        {
            "method": "GET",
            "path": "/v2/none"
        }
    ]
}"#;

const TRIED: &str = r#"{
    "answers": [
        {
            "method": "POST",
            "path": "/v1/messages?to=49301234567",
            "outcome": "charge",
            "rule": 1,
            "operation": "sms.send",
            "amount": "0.0075"
        },
        {
            "method": "GET",
            "path": "/v2/none",
            "outcome": "no_price",
            "rule": null,
            "operation": null,
            "amount": null
        }
    ]
}"#;
