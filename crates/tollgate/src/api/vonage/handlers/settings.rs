//! What an account keeps about itself.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::Call;
use crate::api::Asked;
use crate::api::vonage::error::{Problem, rest};
use crate::api::vonage::wire::AccountSettings;
use crate::app::AccountChange;

/// Changes what the form says, and answers all of it.
pub(in super::super) async fn change(Asked(app): Asked, call: Call) -> Result<Response, Problem> {
    let (by, account) = call.rest_account(&app).await?;
    let settings = call.form(|form| Some(form.account_settings()))?;
    if settings.is_empty() {
        return Ok(Json(AccountSettings::of(&account)).into_response());
    }
    let change = AccountChange { settings, ..AccountChange::default() };
    let changed = app.change_account(by, call.once(&app), account.id, change).await;
    let changed = changed.map_err(rest::says(rest::About::Account))?;
    Ok(Json(AccountSettings::of(&changed)).into_response())
}
