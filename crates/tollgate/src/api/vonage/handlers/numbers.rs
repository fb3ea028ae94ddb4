//! Transfers of numbers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{Call, named};
use crate::api::vonage::error::{About, Problem};
use crate::api::vonage::wire::{Fields, MovedNumber, NumberMove};
use crate::app::App;

pub(in super::super) async fn transfer(State(app): State<App>, call: Call) -> Result<Response, Problem> {
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
