//! The calling account.

use axum::response::Response;
use ledger::Setting;

use super::{Call, says};
use crate::api::Asked;
use crate::api::plivo::error::{About, Problem};
use crate::api::plivo::wire::{AccountObject, Args};
use crate::app::AccountChange;

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let is_postpaid = app.has_credit(caller.by).await.map_err(says(About::Rest))?;
        Ok(call.ok(&AccountObject::new(&caller.account, is_postpaid)))
    })
    .await
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        if !caller.account.is_primary() {
            return Err(Problem::wrong_method("GET".into()));
        }
        let args = Args::of_body(&call.incoming)?;
        let name = args.name()?;
        if name.is_none() && args.text("name")?.is_some() {
            return Err(Problem::bad("name must not be blank"));
        }
        let settings = args.settings(&[
            ("address", Setting::Address),
            ("city", Setting::City),
            ("state", Setting::State),
        ])?;
        if name.is_none() && settings.is_empty() {
            return Err(Problem::bad("one of name, city, address and state is required"));
        }
        let change = AccountChange { name, settings, ..AccountChange::default() };
        let changed = app.change_account(caller.by, call.once(&app), caller.account.id, change).await;
        changed.map_err(says(About::Rest))?;
        Ok(call.changed())
    })
    .await
}
