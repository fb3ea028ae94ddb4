//! Price plans: the operator's.

use axum::response::Response;
use ledger::price::check_rules;
use ledger::{PricePlan, Timestamp};

use super::{Segment, answer, caller, ok, segment};
use crate::api::Asked;
use crate::api::native::error::{Failure, Names};
use crate::api::native::wire::{PlanBody, PlanQuery, PlanRecord, PlansPage, Tried, TryBody};
use crate::app::{Error, NewPlan};
use crate::http::Incoming;

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
        ok(&PlansPage::new(&app.price_plans(by).await?))
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
        // Only those who may see plans may try some.
        let plans = app.price_plans(by).await?;
        let plan = match plan {
            None => app.price_plan(by, segment(&name).to_owned(), None).await?,
            Some(PlanBody { currency, is_default, rules }) => {
                check_rules(&rules).map_err(Error::from)?;
                let in_force = plans.iter().find(|it| *it.name == *segment(&name));
                let version = in_force.map_or(1, |it| it.version.saturating_add(1));
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
