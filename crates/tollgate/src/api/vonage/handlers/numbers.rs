//! Numbers: transfers of them and, on the rest host, those of the stock and of one's own.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger::{AccountId, Actor};

use super::{Call, named};
use crate::api::Asked;
use crate::api::vonage::error::{About, Problem, rest};
use crate::api::vonage::wire::{
    Fields, Form, MovedNumber, NamedNumber, NumberList, NumberMove, NumberQuery, Success,
};
use crate::app::{App, Error, OwnedBy, RentedNumber};

pub(in super::super) async fn transfer(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let NumberMove { from, to, msisdn, country } = call.body(call.family(), Fields::number)?;
    let about = About::Number { msisdn: &msisdn, from: &from, to: &to };
    let moved = async {
        let sides = (named(&app, &from).await?, named(&app, &to).await?);
        app.transfer_number(by, call.once(&app), primary.id, sides, country, msisdn.clone()).await
    };
    let number = moved.await.map_err(call.says(about))?;
    Ok(Json(MovedNumber::of(&number, primary.api_key, &from, &to)).into_response())
}

pub(in super::super) async fn owned(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, account) = call.rest_account(&app).await?;
    let NumberQuery { filter, slice } = call.form(Form::owned)?;
    let listed = app.numbers(by, OwnedBy::Account(account.id), filter, slice).await;
    let listed = listed.map_err(rest::says(rest::About::Owned))?;
    Ok(Json(NumberList::owned(&listed)).into_response())
}

pub(in super::super) async fn search(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, account) = call.rest_account(&app).await?;
    let NumberQuery { filter, slice } = call.form(Form::search)?;
    let listed = app.stock_for(by, account.id, filter, slice).await;
    let listed = listed.map_err(rest::says(rest::About::Offered))?;
    Ok(Json(NumberList::offered(&listed)).into_response())
}

pub(in super::super) async fn buy(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, caller) = call.rest_account(&app).await?;
    let NamedNumber { country, msisdn, target } = call.form(Form::number)?;
    let bought = async {
        let account = served(&app, by, caller.id, target).await?;
        let (country, settings) = (Some(country), Vec::new());
        let rented = RentedNumber { account, country, msisdn, application: None, settings };
        app.rent_number(by, call.once(&app), rented).await
    };
    bought.await.map_err(rest::says(rest::About::Offered))?;
    Ok(Json(Success::new()).into_response())
}

pub(in super::super) async fn cancel(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, caller) = call.rest_account(&app).await?;
    let NamedNumber { country, msisdn, target } = call.form(Form::number)?;
    let cancelled = async {
        let account = served(&app, by, caller.id, target).await?;
        app.unrent_number(by, call.once(&app), account, Some(country), msisdn).await
    };
    cancelled.await.map_err(rest::says(rest::About::Owned))?;
    Ok(Json(Success::new()).into_response())
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, caller) = call.rest_account(&app).await?;
    let (NamedNumber { country, msisdn, target }, change) = call.form(Form::update)?;
    let updated = async {
        let account = served(&app, by, caller.id, target).await?;
        app.change_number(by, call.once(&app), (account, Some(country), msisdn), change).await
    };
    updated.await.map_err(rest::says(rest::About::Owned))?;
    Ok(Json(Success::new()).into_response())
}

/// The account that a request acts on: the caller itself, or the one that it names as a primary.
async fn served(app: &App, by: Actor, caller: AccountId, target: Option<String>) -> Result<AccountId, Error> {
    let Some(target) = target else { return Ok(caller) };
    app.managing(by, caller).await?;
    named(app, &target).await
}
