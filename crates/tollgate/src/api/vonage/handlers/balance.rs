//! What an account can spend, as the rest host says it.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::Call;
use crate::api::Asked;
use crate::api::vonage::error::{Problem, rest};
use crate::api::vonage::wire::Balance;
use crate::app::Error;

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let balance = async {
        let by = call.rest_caller(&app).await?;
        app.balance(by, by.account().ok_or(Error::Unauthenticated)?).await
    };
    let balance = balance.await.map_err(rest::says(rest::About::Account))?;
    Ok(Json(Balance::of(balance)).into_response())
}

/// Repeats the payment that auto-reload was enabled with; it is enabled nowhere, as payments are the operator's.
pub(in super::super) async fn top_up(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    call.rest_account(&app).await?;
    Err(rest::not_auto_reload())
}
