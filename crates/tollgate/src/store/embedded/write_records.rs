//! The rows of what is no account: numbers, applications, endpoints, webhooks, price plans and events.

use ledger::{
    Application, ApplicationId, Country, Endpoint, EndpointId, Event, EventId, Line, Number, PricePlan,
    Webhook, WebhookId,
};
use rusqlite::{Connection, Result, params};

use crate::store::line_id::LineIds;
use crate::store::sql::Column;
use crate::store::{owned, plan, settings};

pub(super) fn write_number(connection: &Connection, number: &Number) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO numbers (country, msisdn, owner, kind, features, cost, currency, is_brought, added_at,
             rented_at, application, settings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (msisdn, country) DO UPDATE SET owner = excluded.owner, kind = excluded.kind,
             features = excluded.features, cost = excluded.cost, currency = excluded.currency,
             is_brought = excluded.is_brought, added_at = excluded.added_at, rented_at = excluded.rented_at,
             application = excluded.application, settings = excluded.settings",
        )?
        .execute(params![
            number.country.as_str(),
            &*number.msisdn,
            number.owner.map(Column),
            owned::kind_code(number.kind),
            owned::features_code(number.features),
            Column(number.cost),
            number.currency.as_str(),
            number.is_brought,
            Column(number.added_at),
            number.rented_at.map(Column),
            number.application.map(Column),
            settings::encode(&number.settings),
        ])
        .map(drop)
}

pub(super) fn delete_number(connection: &Connection, country: Country, msisdn: &str) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM numbers WHERE msisdn = ?1 AND country = ?2")?
        .execute(params![msisdn, country.as_str()])
        .map(drop)
}

pub(super) fn write_application(connection: &Connection, application: &Application) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO applications (id, owner, name, for_numbers, for_endpoints, settings, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, name = excluded.name,
             for_numbers = excluded.for_numbers, for_endpoints = excluded.for_endpoints, settings = excluded.settings",
        )?
        .execute(params![
            Column(application.id),
            Column(application.owner),
            &*application.name,
            application.defaults.numbers,
            application.defaults.endpoints,
            settings::encode(&application.settings),
            Column(application.created_at),
        ])
        .map(drop)
}

pub(super) fn delete_application(connection: &Connection, id: ApplicationId) -> Result<()> {
    connection.prepare_cached("DELETE FROM applications WHERE id = ?1")?.execute([Column(id)]).map(drop)
}

/// A password that is not given stays as it is.
pub(super) fn write_endpoint(
    connection: &Connection,
    endpoint: &Endpoint,
    password: Option<&[u8]>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO endpoints (id, owner, username, alias, password, application, created_at)
             VALUES (?1, ?2, ?3, ?4, COALESCE(?5, x''), ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, alias = excluded.alias,
             password = COALESCE(?5, password), application = excluded.application",
        )?
        .execute(params![
            Column(endpoint.id),
            Column(endpoint.owner),
            &*endpoint.username,
            &*endpoint.alias,
            password,
            endpoint.application.map(Column),
            Column(endpoint.created_at),
        ])
        .map(drop)
}

pub(super) fn delete_endpoint(connection: &Connection, id: EndpointId) -> Result<()> {
    connection.prepare_cached("DELETE FROM endpoints WHERE id = ?1")?.execute([Column(id)]).map(drop)
}

/// Writes a webhook as it is; with `secret`, a new one or one whose secret is new.
pub(super) fn write_webhook(connection: &Connection, webhook: &Webhook, secret: Option<&[u8]>) -> Result<()> {
    let Some(secret) = secret else {
        return connection
            .prepare_cached("UPDATE webhooks SET url = ?2, kinds = ?3, disabled_at = ?4 WHERE id = ?1")?
            .execute(params![
                Column(webhook.id),
                &*webhook.url,
                webhook.kinds.bits(),
                webhook.disabled_at.map(Column)
            ])
            .map(drop);
    };
    connection
        .prepare_cached(
            "INSERT INTO webhooks (id, owner, family, account, url, kinds, created_at, disabled_at, secret, secret_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET old_secret = CASE WHEN ?11 IS NULL THEN NULL ELSE secret END,
               old_secret_until = ?11, secret = excluded.secret, secret_at = excluded.secret_at",
        )?
        .execute(params![
            Column(webhook.id),
            webhook.owner.map(Column),
            webhook.family.map(Column),
            webhook.account.map(Column),
            &*webhook.url,
            webhook.kinds.bits(),
            Column(webhook.created_at),
            webhook.disabled_at.map(Column),
            secret,
            Column(webhook.secret_at),
            webhook.old_secret_until.map(Column),
        ])
        .map(drop)
}

pub(super) fn delete_webhook(connection: &Connection, id: WebhookId) -> Result<()> {
    connection.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?.execute([Column(id)]).map(drop)
}

pub(super) fn write_plan(connection: &Connection, plan: &PricePlan) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO price_plans (name, version, currency, is_default, rules, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (name, version) DO UPDATE SET is_default = excluded.is_default",
        )?
        .execute(params![
            &*plan.name,
            plan.version,
            plan.currency.as_str(),
            plan.is_default,
            plan::rules_text(plan),
            Column(plan.made_at),
        ])
        .map(drop)
}

/// Writes an event of the line at `line_seq`, which has the id `line`.
pub(super) fn write_event(
    connection: &Connection,
    ids: LineIds,
    seq: i64,
    event: &Event,
    (line_seq, line): (i64, &Line),
) -> Result<()> {
    let id = EventId::from_bytes(*ids.place(line.id, seq, line.at).as_bytes());
    connection
        .prepare_cached(
            "INSERT INTO events (seq, id, kind, account, family, line, threshold) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            seq,
            Column(id),
            Column(event.kind),
            Column(event.account),
            Column(event.family),
            line_seq,
            event.threshold.map(Column),
        ])
        .map(drop)
}
