//! A primary's subaccounts.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger::{Alerts, Amount, Refusal, Status};

use super::{Call, named, rendered};
use crate::api::Asked;
use crate::api::vonage::error::{About, Problem};
use crate::api::vonage::wire::{Fields, List, NewSubaccount, Subaccount};
use crate::app::NewAccount;

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let listed = async {
        let by = call.caller(&app).await?;
        let (primary, subaccounts) = app.family(by, named(&app, call.api_key()).await?).await?;
        let rows = subaccounts.len();
        rendered(rows, move || List::of(&primary, &subaccounts).map(|it| Json(it).into_response())).await
    };
    listed.await.map_err(call.says(call.family()))
}

pub(in super::super) async fn create(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let NewSubaccount { name, secret, mode } = call.body(call.family(), Fields::new_subaccount)?;
    let (parent, credit_limit) = (Some(primary.id), Amount::ZERO);
    let status = Status::Active;
    let new = NewAccount {
        parent,
        name,
        currency: None,
        credit_limit,
        mode,
        status,
        secret,
        alerts: Alerts::default(),
        caps: None,
    };
    let opened = app.open_account(by, call.once(&app), new).await.map_err(call.says(call.family()))?;
    Ok(Json(Subaccount::of(&opened.account, &primary, Some(&opened.secret))).into_response())
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let found = async {
        let id = named(&app, call.item()).await?;
        let account = app.account(by, id).await?.account;
        let is_its = account.parent == Some(primary.id) && account.status != Status::Closed;
        if is_its { Ok(account) } else { Err(Refusal::AccountNotFound(id).into()) }
    };
    let account = found.await.map_err(call.says(About::Subaccount { api_key: call.item() }))?;
    Ok(Json(Subaccount::of(&account, &primary, None)).into_response())
}

pub(in super::super) async fn modify(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let change = call.body(call.family(), Fields::modification)?;
    let changed =
        async { app.change_account(by, call.once(&app), named(&app, call.item()).await?, change).await };
    let account = changed.await.map_err(call.says(About::Subaccount { api_key: call.item() }))?;
    Ok(Json(Subaccount::of(&account, &primary, None)).into_response())
}
