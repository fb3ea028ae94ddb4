//! Numbers: what the operator offers for rent, and who rents it.

use axum::http::Method;
use axum::response::Response;
use ledger::Country;

use super::{Segments, answer, caller, created, ok, segments};
use crate::api::Asked;
use crate::api::native::error::{Code, Failure, Names};
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{NumberBody, NumberRecord, NumbersPage, NumbersQuery};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Numbers",
        about: "What the operator offers for rent, and who rents it. Accounts rent and give back in the dialects.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/numbers", "add_number", "Add a number")
                .about("Puts a number into the stock or, where an account is named, gives it to that one at no cost.")
                .takes::<NumberBody<'_>>(NUMBER_BODY)
                .answers::<NumberRecord<'_>>(201, "The number.", NUMBER)
                .fails(&[Code::NotFound, Code::Closed, Code::NumberTaken]),
            Operation::new(Method::GET, "/api/v1/numbers", "list_numbers", "List numbers")
                .about("Those of the stock and of all accounts, in the order in which they came.")
                .query::<NumbersQuery>()
                .answers::<NumbersPage<'_>>(200, "A page of numbers.", NUMBERS),
            Operation::new(Method::DELETE, "/api/v1/numbers/{country}/{msisdn}", "withdraw_number", "Withdraw a number")
                .about("Takes a number out of the stock for good. One that is rented is taken back first, in the dialects.")
                .answers::<NumberRecord<'_>>(200, "The number that was withdrawn.", NUMBER)
                .fails(&[Code::NumberTaken]),
        ],
    }
}

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

const NUMBER_BODY: &str = r#"{
    "country": "GB",
    "msisdn": "447700900000",
    "type": "mobile",
    "features": [
        "SMS",
        "VOICE"
    ],
    "cost": "1.50"
}"#;

const NUMBER: &str = r#"{
    "country": "GB",
    "msisdn": "447700900000",
    "type": "mobile",
    "features": [
        "SMS",
        "VOICE"
    ],
    "cost": "1.50",
    "currency": "EUR",
    "status": "stock",
    "account": null,
    "application": null,
    "added_at": "2025-09-12T09:14:07.201Z",
    "rented_at": null
}"#;

const NUMBERS: &str = r#"{
    "numbers": [
        {
            "country": "GB",
            "msisdn": "447700900000",
            "type": "mobile",
            "features": [
                "SMS",
                "VOICE"
            ],
            "cost": "1.50",
            "currency": "EUR",
            "status": "stock",
            "account": null,
            "application": null,
            "added_at": "2025-09-12T09:14:07.201Z",
            "rented_at": null
        }
    ],
    "next": null
}"#;
