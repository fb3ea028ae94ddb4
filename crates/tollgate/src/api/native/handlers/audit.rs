//! The audit trail, and what was refused.

use axum::http::Method;
use axum::response::Response;

use super::{Segment, answer, caller, ok, segment};
use crate::api::Asked;
use crate::api::native::error::{Code, Failure};
use crate::api::native::openapi::{Group, Operation};
use crate::api::native::wire::{AuditPage, AuditParameters, NO_CURSOR, RefusalsPage, RefusalsQuery};
use crate::app::AuditQuery;
use crate::http::Incoming;

pub(in super::super) fn described() -> Group {
    Group {
        name: "Audit",
        about: "Who did what, from where, and what it changed; and why something was refused.",
        operations: vec![
            Operation::new(Method::GET, "/api/v1/audit", "list_audit", "Look through the audit trail")
                .about("Every accepted change, money or not, from the journal, newest first: all for the operator, its family's for a primary account, its own for a subaccount. A page looks through a part of the journal only, so it may have fewer lines than were asked for, or none; go on while `next` is not null.")
                .query::<AuditParameters>()
                .answers::<AuditPage<'_>>(200, "A page of the audit trail.", AUDIT)
                .fails(&[Code::NotFound]),
            Operation::new(Method::GET, "/api/v1/accounts/{account}/refusals", "list_refusals", "Ask why something was refused")
                .about("What was refused to an account lately, newest first: the last 100 within 24 hours, through whatever door. They are kept in memory, so a restart forgets them. For the operator, the account itself and its primary account.")
                .query::<RefusalsQuery>()
                .answers::<RefusalsPage<'_>>(200, "What was refused.", REFUSALS),
        ],
    }
}

/// `GET /api/v1/audit`: every accepted change that the caller may see, newest first.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let AuditParameters { account, actor, kind, from, to, cursor, limit } =
            AuditParameters::read(&incoming)?;
        let account = match account {
            Some(account) => Some(app.named(&account).await?),
            None => None,
        };
        let cause = match actor {
            Some(actor) => Some(actor.cause(&app).await?),
            None => None,
        };
        let query = AuditQuery { account, kind, by: cause, from, to };
        let audited = app.audit(by, query, cursor, limit).await?;
        let audited = audited.ok_or_else(|| Failure::field("cursor", NO_CURSOR))?;
        ok(&AuditPage::new(&by, &audited))
    })
    .await
}

/// `GET /api/v1/accounts/{account}/refusals`: the newest first, as far as they are remembered.
pub(in super::super) async fn refusals(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let RefusalsQuery { request_id, limit } = RefusalsQuery::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let refused = app.refusals(by, account, request_id.as_deref(), limit).await?;
        ok(&RefusalsPage::new(&refused))
    })
    .await
}

const AUDIT: &str = r#"{
    "lines": [
        {
            "line": 1204,
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f702",
            "created_at": "2025-09-12T09:14:07.201Z",
            "kind": "balance_transfer",
            "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
            "counterparty": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
            "cause": null,
            "by": {
                "kind": "account",
                "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e01",
                "credential": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03"
            },
            "address": "192.0.2.7",
            "key": null,
            "about": null,
            "operation": null,
            "units": null,
            "price": null,
            "reference": "March",
            "forced": false,
            "late": false,
            "figures": {
                "before": { "balance": "50.00", "credit_limit": "100.00", "held": "0.00", "available": "150.00" },
                "after": { "balance": "30.00", "credit_limit": "100.00", "held": "0.00", "available": "130.00" }
            },
            "counterparty_figures": {
                "before": { "balance": "0.00", "credit_limit": "0.00", "held": "0.00", "available": "0.00" },
                "after": { "balance": "20.00", "credit_limit": "0.00", "held": "0.00", "available": "20.00" }
            },
            "before": null,
            "after": null
        },
        {
            "line": 1203,
            "id": "01993d2c-8d10-7a52-8c1d-5be1a0c4f701",
            "created_at": "2025-09-12T09:14:07.113Z",
            "kind": "token_revoked",
            "account": null,
            "counterparty": null,
            "cause": null,
            "by": {
                "kind": "operator",
                "account": null,
                "credential": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04"
            },
            "address": "2001:db8::7",
            "key": null,
            "about": null,
            "operation": null,
            "units": null,
            "price": null,
            "reference": null,
            "forced": false,
            "late": false,
            "figures": null,
            "counterparty_figures": null,
            "before": {
                "token": {
                    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e05",
                    "scope": "gate",
                    "may_force": false,
                    "created_at": "2025-09-11T08:00:00.000Z",
                    "revoked_at": null,
                    "limits": null
                }
            },
            "after": {
                "token": {
                    "id": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e05",
                    "scope": "gate",
                    "may_force": false,
                    "created_at": "2025-09-11T08:00:00.000Z",
                    "revoked_at": "2025-09-12T09:14:07.113Z",
                    "limits": null
                }
            }
        }
    ],
    "next": null
}"#;

const REFUSALS: &str = r#"{
    "refusals": [
        {
            "created_at": "2025-09-12T09:14:07.201Z",
            "request_id": "01993d2c-8d11-7a52-8c1d-5be1a0c4f703",
            "key": "6f1d7f6c5b2e",
            "door": "gate",
            "action": "check",
            "amount": null,
            "operation": null,
            "by": {
                "kind": "account",
                "account": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e02",
                "credential": "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03"
            },
            "address": "198.51.100.7",
            "code": "insufficient_funds",
            "detail": "`needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.",
            "needed": "0.10",
            "available": "0.04"
        }
    ]
}"#;
