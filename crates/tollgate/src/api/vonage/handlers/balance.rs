//! What an account can spend, as the rest host says it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Call;
use crate::api::vonage::error::{About, Problem};
use crate::api::vonage::wire::Balance;
use crate::app::{App, Error};

pub(in super::super) async fn get(State(app): State<App>, call: Call) -> Result<Response, Problem> {
    let balance = async {
        let by = call.rest_caller(&app).await?;
        app.balance(by, by.account().ok_or(Error::Unauthenticated)?).await
    };
    let balance = balance.await.map_err(call.says(About::Rest))?;
    Ok(Json(Balance::of(balance)).into_response())
}
