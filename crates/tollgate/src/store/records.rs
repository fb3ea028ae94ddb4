//! The rows of what is neither a line nor an account nor a hold, which each engine writes in its own way: credentials,
//! tokens, numbers, applications, endpoints, webhooks, price plans and events. One text for all engines.

use ledger::{
    AccountId, Application, ApplicationId, Change, Country, CredentialId, Endpoint, EndpointId, Event,
    EventId, Line, NewCredential, Number, PricePlan, Proof, Timestamp, Token, Webhook, WebhookId,
};

use super::line_id::LineIds;
use super::sql::{self, Column, Reader, Result, values};
use super::{Place, limits, owned, plan, settings};

const NO_BYTES: &[u8] = &[];

/// Writes what a batch has changed. Lines, accounts and holds are not among it.
pub(super) fn write(reader: Reader<'_>, change: &Change) -> Result<()> {
    match change {
        Change::Account(_) | Change::Standing { .. } | Change::Charge(_) | Change::Hold(_) => Ok(()),
        Change::Number(number) => write_number(reader, number),
        Change::NumberGone { country, msisdn } => delete_number(reader, *country, msisdn),
        Change::Application(application) => write_application(reader, application),
        Change::ApplicationGone(id) => delete_application(reader, *id),
        Change::Endpoint { endpoint, password } => write_endpoint(reader, endpoint, password.as_deref()),
        Change::EndpointGone(id) => delete_endpoint(reader, *id),
        Change::Webhook { webhook, secret } => write_webhook(reader, webhook, secret.as_deref()),
        Change::WebhookGone(id) => delete_webhook(reader, *id),
        Change::Plan(plan) => write_plan(reader, plan),
        Change::CredentialAdded { account, credential, at } => {
            write_credential(reader, *account, credential, *at)
        }
        Change::CredentialChanged(credential) => {
            let text = "UPDATE credentials SET expires_at = ?2 WHERE id = ?1";
            let values = values![Column(credential.id), credential.expires_at.map(Column)];
            reader.execute(text, values).map(drop)
        }
        Change::CredentialRevoked { credential, at } => {
            let text = "UPDATE credentials SET revoked_at = ?2, sealed = NULL WHERE id = ?1";
            reader.execute(text, values![Column(*credential), Column(*at)]).map(drop)
        }
        Change::TokenMade { token, proof } => write_token(reader, token, proof),
        Change::TokenRevoked(token) => {
            let text = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1";
            reader.execute(text, values![Column(token.id), token.revoked_at.map(Column)]).map(drop)
        }
    }
}

fn write_credential(
    reader: Reader<'_>,
    account: AccountId,
    credential: &NewCredential,
    at: Timestamp,
) -> Result<()> {
    let NewCredential { id, kind, proof, limits } = credential;
    let text = "INSERT INTO credentials (id, account, kind, verifier, sealed, created_at, limits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let limits = limits::encode(limits.as_deref());
    let values = values![
        Column(*id),
        Column(account),
        Column(*kind),
        &*proof.verifier,
        proof.sealed.as_deref(),
        Column(at),
        limits.as_deref(),
    ];
    reader.execute(text, values).map(drop)
}

/// Writes when a credential was used last.
pub(super) fn write_use(reader: Reader<'_>, credential: CredentialId, at: Timestamp) -> Result<()> {
    let text = "UPDATE credentials SET used_at = ?2 WHERE id = ?1";
    reader.execute(text, values![Column(credential), Column(at)]).map(drop)
}

fn write_token(reader: Reader<'_>, token: &Token, proof: &Proof) -> Result<()> {
    let (caller, may_force) = sql::scope_columns(token.scope);
    let text = "INSERT INTO tokens (id, caller, may_force, is_first, verifier, created_at, limits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let limits = limits::encode(token.limits.as_deref());
    let values = values![
        Column(token.id),
        caller,
        may_force,
        token.is_first,
        &*proof.verifier,
        Column(token.created_at),
        limits.as_deref(),
    ];
    reader.execute(text, values).map(drop)
}

fn write_number(reader: Reader<'_>, number: &Number) -> Result<()> {
    let settings = settings::encode(&number.settings);
    let text =
        "INSERT INTO numbers (country, msisdn, owner, kind, features, cost, currency, is_brought, added_at,
         rented_at, application, settings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (msisdn, country) DO UPDATE SET owner = excluded.owner, kind = excluded.kind,
         features = excluded.features, cost = excluded.cost, currency = excluded.currency,
         is_brought = excluded.is_brought, added_at = excluded.added_at, rented_at = excluded.rented_at,
         application = excluded.application, settings = excluded.settings";
    let values = values![
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
        settings.as_deref(),
    ];
    reader.execute(text, values).map(drop)
}

fn delete_number(reader: Reader<'_>, country: Country, msisdn: &str) -> Result<()> {
    let text = "DELETE FROM numbers WHERE msisdn = ?1 AND country = ?2";
    let values = values![msisdn, country.as_str()];
    reader.execute(text, values).map(drop)
}

fn write_application(reader: Reader<'_>, application: &Application) -> Result<()> {
    let settings = settings::encode(&application.settings);
    let text = "INSERT INTO applications (id, owner, name, for_numbers, for_endpoints, settings, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, name = excluded.name,
         for_numbers = excluded.for_numbers, for_endpoints = excluded.for_endpoints, settings = excluded.settings";
    let values = values![
        Column(application.id),
        Column(application.owner),
        &*application.name,
        application.defaults.numbers,
        application.defaults.endpoints,
        settings.as_deref(),
        Column(application.created_at),
    ];
    reader.execute(text, values).map(drop)
}

fn delete_application(reader: Reader<'_>, id: ApplicationId) -> Result<()> {
    let text = "DELETE FROM applications WHERE id = ?1";
    let values = values![Column(id)];
    reader.execute(text, values).map(drop)
}

/// A password that is not given stays as it is.
fn write_endpoint(reader: Reader<'_>, endpoint: &Endpoint, password: Option<&[u8]>) -> Result<()> {
    let text = "INSERT INTO endpoints (id, owner, username, alias, password, application, created_at)
         VALUES (?1, ?2, ?3, ?4, COALESCE(?5, ?8), ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, alias = excluded.alias,
         password = COALESCE(?5, endpoints.password), application = excluded.application";
    let values = values![
        Column(endpoint.id),
        Column(endpoint.owner),
        &*endpoint.username,
        &*endpoint.alias,
        password,
        endpoint.application.map(Column),
        Column(endpoint.created_at),
        NO_BYTES,
    ];
    reader.execute(text, values).map(drop)
}

fn delete_endpoint(reader: Reader<'_>, id: EndpointId) -> Result<()> {
    let text = "DELETE FROM endpoints WHERE id = ?1";
    let values = values![Column(id)];
    reader.execute(text, values).map(drop)
}

/// Writes a webhook as it is; with `secret`, a new one or one whose secret is new.
fn write_webhook(reader: Reader<'_>, webhook: &Webhook, secret: Option<&[u8]>) -> Result<()> {
    let Some(secret) = secret else {
        let text = "UPDATE webhooks SET url = ?2, kinds = ?3, disabled_at = ?4 WHERE id = ?1";
        let values =
            values![Column(webhook.id), &*webhook.url, webhook.kinds.bits(), webhook.disabled_at.map(Column)];
        return reader.execute(text, values).map(drop);
    };
    let text = "INSERT INTO webhooks (id, owner, family, account, url, kinds, created_at, disabled_at, secret, secret_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET old_secret = CASE WHEN ?11 IS NULL THEN NULL ELSE webhooks.secret END,
           old_secret_until = ?11, secret = excluded.secret, secret_at = excluded.secret_at";
    let values = values![
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
    ];
    reader.execute(text, values).map(drop)
}

fn delete_webhook(reader: Reader<'_>, id: WebhookId) -> Result<()> {
    let text = "DELETE FROM webhooks WHERE id = ?1";
    let values = values![Column(id)];
    reader.execute(text, values).map(drop)
}

fn write_plan(reader: Reader<'_>, plan: &PricePlan) -> Result<()> {
    let rules = plan::rules_text(plan);
    let text = "INSERT INTO price_plans (name, version, currency, is_default, rules, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name, version) DO UPDATE SET is_default = excluded.is_default";
    let values = values![
        &*plan.name,
        plan.version,
        plan.currency.as_str(),
        plan.is_default,
        &*rules,
        Column(plan.made_at),
    ];
    reader.execute(text, values).map(drop)
}

/// Writes an event of the line that stands at a place, which has the id that leads there.
pub(super) fn write_event(
    reader: Reader<'_>,
    ids: LineIds,
    seq: i64,
    event: &Event,
    (place, line): (Place, &Line),
) -> Result<()> {
    let id = EventId::from_bytes(*ids.place(line.id, seq, line.at).as_bytes());
    let text = "INSERT INTO events (seq, id, kind, account, family, line, threshold)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = values![
        seq,
        Column(id),
        Column(event.kind),
        Column(event.account),
        Column(event.family),
        place,
        event.threshold.map(Column),
    ];
    reader.execute(text, values).map(drop)
}

/// Writes what an answer showed once, for as long as its key is remembered.
pub(super) fn write_shown_once(reader: Reader<'_>, place: Place, at: Timestamp, sealed: &[u8]) -> Result<()> {
    let text = "INSERT INTO shown_once (seq, at, sealed) VALUES (?1, ?2, ?3)";
    reader.execute(text, values![place, Column(at), sealed]).map(drop)
}
