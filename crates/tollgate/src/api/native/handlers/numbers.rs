//! Numbers: what the operator offers for rent, and who rents it.

use axum::response::Response;
use ledger::Country;

use super::{Segments, answer, caller, created, ok, segments};
use crate::api::Asked;
use crate::api::native::error::{Failure, Names};
use crate::api::native::wire::{NumberBody, NumberRecord, NumbersPage, NumbersQuery};
use crate::http::Incoming;

/// `POST /api/v1/numbers`: puts a number into the stock or, where an account is named, gives it to that one at no cost.
pub(in super::super) async fn add(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let NumberBody { number, account } = NumberBody::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let names = Names { amount: "cost", ..Names::default() };
        let number = app.add_number(by, incoming.once(&app), number, account).await;
        created(&NumberRecord::new(&number.map_err(|it| Failure::App(it, names))?))
    })
    .await
}

/// `GET /api/v1/numbers`: those of the stock and of all accounts, in the order in which they came. An `account` that
/// there is not has none: the list is empty.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let NumbersQuery { filter, account, after, limit } = NumbersQuery::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let numbers = app.all_numbers(by, account, filter, after, limit.saturating_add(1)).await?;
        ok(&NumbersPage::new(&numbers, limit))
    })
    .await
}

/// `DELETE /api/v1/numbers/{country}/{msisdn}`: takes a number out of the stock for good; the answer is the number.
pub(in super::super) async fn withdraw(Asked(app): Asked, path: Segments, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let (country, msisdn) = segments(&path);
        // In what is no country there is no number, so none is named.
        let named = country.parse().map(|country| (country, msisdn));
        let (country, msisdn) = named.unwrap_or((Country::UNKNOWN, ""));
        let number = app.withdraw_number(by, incoming.once(&app), country, msisdn.into()).await?;
        ok(&NumberRecord::new(&number))
    })
    .await
}
