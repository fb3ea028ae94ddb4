//! How the routes of accounts are described.

use axum::http::Method;

use super::{
    AccountBody, AccountRecord, AccountsPage, AccountsQuery, ChangeBody, CloseBody, CloseRecord, PaymentBody,
    PaymentRecord, PostingsPage, PostingsQuery, TransferBody, TransferRecord,
};
use crate::api::native::error::Code;
use crate::api::native::openapi::{Group, Operation};

pub(in super::super::super) fn described() -> Group {
    Group {
        name: "Accounts",
        about: "Primary accounts and their subaccounts, and the money and credit limit that they have.",
        operations: vec![
            Operation::new(Method::POST, "/api/v1/accounts", "open_account", "Open an account")
                .about("Opens a primary account (the operator), or a subaccount (the operator, and the primary account for itself). Its first api secret and auth token are shown in this answer and in its repeats under its key alone.")
                .takes::<AccountBody<'_>>(NEW)
                .answers::<AccountRecord<'_>>(201, "The account, with its first credentials.", OPENED)
                .fails(&[Code::NotFound, Code::Closed, Code::SubaccountsMax]),
            Operation::new(Method::GET, "/api/v1/accounts", "list_accounts", "List accounts")
                .about("The accounts that the caller may see, oldest first: all of them for the operator; itself and its subaccounts for an account.")
                .query::<AccountsQuery>()
                .answers::<AccountsPage<'_>>(200, "A page of accounts.", PAGE),
            Operation::new(Method::GET, "/api/v1/accounts/{account}", "get_account", "Look at an account")
                .about("The account as it is now, for the operator, for itself and for its primary account. One that the caller may not see is not found.")
                .answers::<AccountRecord<'_>>(200, "The account.", ACCOUNT),
            Operation::new(Method::PATCH, "/api/v1/accounts/{account}", "change_account", "Change an account")
                .about("Changes what is given, all of it or nothing. A suspension is in force before the answer comes: the account, and all below it, can neither charge, hold nor call.")
                .takes::<ChangeBody<'_>>(CHANGE)
                .answers::<AccountRecord<'_>>(200, "The account as it is now.", ACCOUNT)
                .fails(&[Code::Closed, Code::InsufficientCredit]),
            Operation::new(Method::POST, "/api/v1/accounts/{account}/close", "close_account", "Close an account")
                .about("Closes an account for good. Its credentials are dead, its open holds are released, and its balance or debt and its credit limit go to its primary account. A primary account closes only at balance 0, without holds and subaccounts. `dry_run` says what it would do, and does nothing.")
                .may_take::<CloseBody>(CLOSE)
                .answers::<CloseRecord<'_>>(200, "What the close did or, in a dry run, would do.", CLOSED)
                .fails(&[Code::Closed, Code::NotEmpty]),
            Operation::new(Method::POST, "/api/v1/accounts/{account}/payments", "pay", "Book a payment")
                .about("Adds to the balance what the operator received or, negative, takes from it what the operator paid out. The account needs a balance of its own.")
                .takes::<PaymentBody>(PAYMENT_BODY)
                .answers::<PaymentRecord<'_>>(201, "The payment.", PAYMENT)
                .fails(&[Code::Closed, Code::InsufficientFunds]),
            Operation::new(Method::POST, "/api/v1/accounts/{account}/transfers", "transfer", "Transfer balance or credit limit")
                .about("Moves balance or credit limit between the primary account in the path and one of its subaccounts that has a balance of its own. Balance moves up to what is available; credit limit up to what of it is not in use.")
                .takes::<TransferBody<'_>>(TRANSFER_BODY)
                .answers::<TransferRecord<'_>>(201, "The transfer.", TRANSFER)
                .fails(&[Code::Closed, Code::InsufficientFunds, Code::InsufficientCredit]),
            Operation::new(Method::GET, "/api/v1/accounts/{account}/postings", "list_postings", "List postings")
                .about("What moved the account's balance, its credit limit or what is held of it, or what it caused another to pay: newest first. In a transfer the changes are the listed account's own. With a filter a page may have fewer entries than `limit`, or none, and a `next` all the same: one page looks at 10000 lines of the account at most.")
                .query::<PostingsQuery>()
                .answers::<PostingsPage<'_>>(200, "A page of postings.", POSTINGS),
        ],
    }
}

const NEW: &str = r#"{
    "name": "Example GmbH",
    "parent": "acc6111f",
    "balance": "own"
}"#;

const OPENED: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "api_key": "5b0ba11c",
    "auth_id": "SAXXXXXXXXXXXXXXXXXX",
    "parent": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "name": "Example GmbH",
    "currency": "EUR",
    "balance_mode": "own",
    "balance": "0.00",
    "credit_limit": "0.00",
    "held": "0.00",
    "available": "0.00",
    "status": "active",
    "created_at": "2025-09-12T09:14:07.201Z",
    "changed_at": null,
    "price_plan": null,
    "caps": null,
    "secret": "c2VjcmV0LXNob3duLW9uY2U",
    "auth_token": "YXV0aC10b2tlbi1zaG93bi1vbmNlLTQwLWNoYXJz"
}"#;

const ACCOUNT: &str = r#"{
    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "api_key": "5b0ba11c",
    "auth_id": "SAXXXXXXXXXXXXXXXXXX",
    "parent": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "name": "Example GmbH",
    "currency": "EUR",
    "balance_mode": "own",
    "balance": "12.50",
    "credit_limit": "20.00",
    "held": "0.00",
    "available": "32.50",
    "status": "active",
    "created_at": "2025-09-12T09:14:07.201Z",
    "changed_at": null,
    "price_plan": null,
    "caps": {
        "day": {
            "cap": "5.00",
            "spent": "4.00",
            "resets_at": "2025-09-12T22:00:00.000Z"
        },
        "month": null,
        "held": "0.00",
        "time_zone": "Europe/Rome"
    }
}"#;

const PAGE: &str = r#"{
    "accounts": [
        {
            "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "api_key": "5b0ba11c",
            "auth_id": "SAXXXXXXXXXXXXXXXXXX",
            "parent": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
            "name": "Example GmbH",
            "currency": "EUR",
            "balance_mode": "own",
            "balance": "12.50",
            "credit_limit": "20.00",
            "held": "0.00",
            "available": "32.50",
            "status": "active",
            "created_at": "2025-09-12T09:14:07.201Z",
            "changed_at": null,
            "price_plan": null,
            "caps": null
        }
    ],
    "next": "AZk9LHs-fBGaVS9vDB2OAQ"
}"#;

const CHANGE: &str = r#"{
    "name": "Example GmbH",
    "status": "suspended",
    "caps": {
        "day": "5.00",
        "month": null,
        "time_zone": "Europe/Rome"
    }
}"#;

const CLOSE: &str = r#"{
    "dry_run": true
}"#;

const CLOSED: &str = r#"{
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "heir": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "cascade": false,
    "dry_run": true,
    "balance_swept": "12.50",
    "credit_limit_swept": "20.00",
    "holds": {
        "count": 0,
        "amount": "0.00",
        "list": []
    },
    "numbers": {
        "count": 1,
        "go_to": "heir",
        "list": [
            {
                "country": "GB",
                "msisdn": "447700900000",
                "go_to": "heir"
            }
        ]
    },
    "applications": {
        "count": 0,
        "go_to": "heir",
        "list": []
    },
    "endpoints": {
        "count": 0,
        "go_to": "heir",
        "list": []
    }
}"#;

const PAYMENT_BODY: &str = r#"{
    "amount": "250",
    "reference": "invoice-2026-01-0017"
}"#;

const PAYMENT: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "amount": "250.00",
    "reference": "invoice-2026-01-0017",
    "balance": "12.50",
    "credit_limit": "20.00",
    "held": "0.00",
    "available": "32.50",
    "created_at": "2025-09-12T09:15:00.000Z"
}"#;

const TRANSFER_BODY: &str = r#"{
    "kind": "balance",
    "to": "5b0ba11c",
    "amount": "25",
    "reference": "September"
}"#;

const TRANSFER: &str = r#"{
    "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
    "kind": "balance",
    "from": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
    "to": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
    "amount": "25.00",
    "reference": "September",
    "from_after": {
        "balance": "225.00",
        "credit_limit": "100.00",
        "held": "0.00",
        "available": "325.00"
    },
    "to_after": {
        "balance": "25.00",
        "credit_limit": "0.00",
        "held": "0.00",
        "available": "25.00"
    },
    "created_at": "2025-09-12T09:15:00.000Z"
}"#;

const POSTINGS: &str = r#"{
    "postings": [
        {
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
            "kind": "charge",
            "created_at": "2025-09-12T09:15:00.000Z",
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
            "counterparty": null,
            "cause": null,
            "balance_change": "-0.0075",
            "credit_change": "0.00",
            "held_change": "0.00",
            "balance": "12.4925",
            "credit_limit": "20.00",
            "held": "0.00",
            "available": "32.4925",
            "about": null,
            "operation": "sms.send",
            "units": "1",
            "price": {
                "plan": "standard-eur",
                "version": 3,
                "rule": 2
            },
            "reference": null,
            "forced": false,
            "late": false,
            "by": {
                "kind": "account",
                "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
                "credential": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03"
            },
            "key": "8f2c7a1e"
        }
    ],
    "next": null
}"#;
