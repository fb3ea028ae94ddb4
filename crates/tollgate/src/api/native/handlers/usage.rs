//! What was spent, and an account's month.

use axum::http::Method;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::{Segments, answer, caller, ok, segments};
use crate::api::Asked;
use crate::api::native::error::{Code, Failure};
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{Format, StatementQuery, StatementRecord, UsagePage, UsageQuery, csv, html};
use crate::app::{Error, Statement, StatementFilter, UsageFilter};
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Usage",
        about: "What was spent, and an account's month. Both are never behind: what is booked when they are asked is in them.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/usage", "get_usage", "See what was spent")
                .about("What an account has spent, with `include=children` its subaccounts too: charges, what settles really took, holds that were charged when they ended by themselves, and what was given back. A hold counts for nothing while it is open. It is told apart by day, account and operation as asked.")
                .query::<UsageQuery>()
                .answers::<UsagePage<'_>>(200, "A page of groups, and the total of all pages.", USAGE)
                .fails(&[Code::NotFound]),
            Operation::new(
                Method::GET,
                "/api/v1/accounts/{account}/statements/{month}",
                "get_statement",
                "See an account's month",
            )
            .about("The opening balance, all that moved it, and the closing balance, which they add up to. A primary's statement has a part for each of its subaccounts, and what the family owes.\n\nAs JSON, as CSV with a row for each figure (RFC 4180), or as a page to print, by `format` or the `Accept` header. A month that is not over says up to when it is counted.")
            .query::<StatementQuery>()
            .answers::<StatementRecord<'_>>(200, "The statement.", STATEMENT)
            .answers_as(200, "text/csv", "The statement.", STATEMENT_AS_CSV)
            .answers_as(200, "text/html", "The statement.", "<!doctype html> …"),
        ],
    }
}

/// `GET /api/v1/usage`: what an account has spent, with `include=children` its subaccounts too. Accounts need not say which.
pub(in super::super) async fn usage(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let now = app.clock().now();
        let query = UsageQuery::read(&incoming, now)?;
        let UsageQuery { account, children, from, to, zone, by: told_by, after, limit } = query;
        let account = match (account, by.account()) {
            (Some(name), _) => app.named(&name).await?,
            (None, Some(caller)) => caller,
            (None, None) => return Err(Failure::field("account", "must be given by whoever is no account")),
        };
        let shown = zone.clone();
        let filter = UsageFilter { account, children, from, to, zone, by: told_by, after, limit };
        let usage = app.usage(by, filter).await?;
        ok(&UsagePage::new(&usage, (from, to), &shown, now))
    })
    .await
}

/// `GET /api/v1/accounts/{account}/statements/{month}`, as JSON, CSV or a page, by `format` or the `Accept` header.
pub(in super::super) async fn statement(Asked(app): Asked, names: Segments, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let (account, month) = segments(&names);
        let account = app.named(account).await?;
        let query = StatementQuery::read(&incoming, month, app.clock().now())?;
        let StatementQuery { month, zone, from, to, format } = query;
        let statement = app.statement(by, StatementFilter { account, month, zone, from, to }).await?;
        let mut response = match format {
            Format::Json => ok(&StatementRecord::new(&statement))?,
            Format::Csv => {
                let body = csv(&statement).map_err(|_| Error::Fault)?;
                let name = format!("attachment; filename=\"{}\"", file_name(&statement));
                let name = HeaderValue::try_from(name).map_err(|_| Error::Fault)?;
                let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
                ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], body).into_response()
            }
            Format::Html => {
                let body = html(&statement).map_err(|_| Error::Fault)?;
                (PAGE.map(|(name, value)| (name, HeaderValue::from_static(value))), body).into_response()
            }
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        Ok(response)
    })
    .await
}

/// The page may neither run nor load anything, whatever is in it.
const PAGE: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

fn file_name(statement: &Statement) -> String {
    format!("statement-{}-{}.csv", statement.of.account.api_key, statement.month)
}

const USAGE: &str = r#"{
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "includes_children": false,
    "currency": "EUR",
    "time_zone": "Europe/Rome",
    "from": "2026-01-31T23:00:00.000Z",
    "to": "2026-02-28T23:00:00.000Z",
    "until": null,
    "groups": [
        {
            "day": "2026-02-03",
            "operation": "sms.send",
            "charges": 100,
            "charged": "5.00",
            "reversals": 1,
            "reversed": "0.05",
            "amount": "4.95",
            "units": "130"
        }
    ],
    "total": {
        "charges": 100,
        "charged": "5.00",
        "reversals": 1,
        "reversed": "0.05",
        "amount": "4.95",
        "units": "130"
    },
    "next": null
}"#;

const STATEMENT: &str = r#"{
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "api_key": "bbb6222f",
    "name": "Ann",
    "parent": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "currency": "EUR",
    "month": "2026-02",
    "time_zone": "UTC",
    "from": "2026-02-01T00:00:00.000Z",
    "to": "2026-03-01T00:00:00.000Z",
    "until": null,
    "balance_mode": "own",
    "balance": {
        "opening_balance": "10.00",
        "payments": {
            "received": { "count": 0, "amount": "0.00" },
            "paid_out": { "count": 0, "amount": "0.00" }
        },
        "transfers": {
            "received": { "count": 1, "amount": "40.00" },
            "sent": { "count": 0, "amount": "0.00" }
        },
        "closed_accounts": { "count": 0, "amount": "0.00" },
        "charges": {
            "charges": 2,
            "charged": "61.00",
            "reversals": 1,
            "reversed": "1.00",
            "amount": "60.00",
            "units": null
        },
        "operations": [
            {
                "operation": "sms.send",
                "charges": 2,
                "charged": "61.00",
                "reversals": 1,
                "reversed": "1.00",
                "amount": "60.00",
                "units": null
            }
        ],
        "closing_balance": "-10.00"
    },
    "paid_by_primary": {
        "charges": 0,
        "charged": "0.00",
        "reversals": 0,
        "reversed": "0.00",
        "amount": "0.00",
        "units": null,
        "operations": []
    },
    "subaccounts": null,
    "family": null,
    "owed": "10.00"
}"#;

const STATEMENT_AS_CSV: &str = "month,time_zone,until,account,api_key,name,line,operation,count,amount,currency,units\r\n\
    2026-02,UTC,,01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02,bbb6222f,Ann,opening_balance,,,10.00,EUR,\r\n";
