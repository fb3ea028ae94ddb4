//! Numbers, until there is a stock to buy them from.

use axum::extract::State;
use axum::response::Response;

use super::{answer, caller, created};
use crate::api::native::wire::{NumberBody, NumberRecord};
use crate::app::App;
use crate::http::Incoming;

/// `POST /api/v1/numbers`: gives a number that nobody has to an account.
pub(in super::super) async fn give(State(app): State<App>, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let NumberBody { account, country, msisdn } = NumberBody::read(&incoming)?;
        let account = app.named(&account).await?;
        let number = app.give_number(by, incoming.once(&app), account, country, msisdn.into()).await?;
        created(&NumberRecord::new(&number))
    })
    .await
}
