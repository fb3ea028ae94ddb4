//! Where events are sent.

use super::{Decision, Draft};
use crate::account::OVERLAP_MAX_MS;
use crate::authority;
use crate::book::Change;
use crate::command::Action;
use crate::id::{EventId, WebhookId};
use crate::journal::{Kind, Line, Record};
use crate::refusal::{Refusal, TextField};
use crate::text;
use crate::webhook::{WEBHOOKS_MAX, Webhook};

pub(super) fn make(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::MakeWebhook { webhook: id, account, url, kinds, secret } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    let by = &draft.command.by;
    let owner = match by.account() {
        Some(caller) => Some(authority::keeping(draft.book, by, caller)?),
        None => {
            authority::is_operator(by)?;
            None
        }
    };
    // A subaccount is told of itself alone.
    let account = account.or_else(|| owner.filter(|it| !it.is_primary()).map(|it| it.id));
    if let Some(account) = account {
        authority::keeping(draft.book, by, account)?;
    }
    check_address(url)?;
    let [owner, family] = [owner.map(|it| it.id), owner.map(|it| it.primary())];
    if draft.book.webhooks().filter(|it| it.owner == owner).count() >= WEBHOOKS_MAX {
        return Err(Refusal::WebhooksMax(WEBHOOKS_MAX));
    }
    let webhook = Webhook {
        id: *id,
        owner,
        family,
        account,
        url: url.clone(),
        kinds: *kinds,
        created_at: draft.now,
        disabled_at: None,
        secret_at: draft.now,
        old_secret_until: None,
    };
    let line = line(&draft, Kind::WebhookMade, &webhook)?;
    draft.changes.push(Change::Webhook { webhook, secret: Some(secret.clone()) });
    Ok(draft.done(line))
}

pub(super) fn change(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::ChangeWebhook { webhook: id, url, kinds, is_enabled } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    let before = found(&draft, *id)?;
    let mut webhook = before.clone();
    if let Some(url) = url {
        check_address(url)?;
        webhook.url = url.clone();
    }
    webhook.kinds = kinds.unwrap_or(webhook.kinds);
    webhook.disabled_at = match is_enabled {
        Some(true) => None,
        // It is disabled since the first time.
        Some(false) => webhook.disabled_at.or(Some(draft.now)),
        None => webhook.disabled_at,
    };
    let line = changing(line(&draft, Kind::WebhookChanged, &webhook)?, before);
    draft.changes.push(Change::Webhook { webhook, secret: None });
    Ok(draft.done(line))
}

pub(super) fn rotate(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::RotateWebhook { webhook: id, secret, overlap_ms } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    let before = found(&draft, *id)?;
    if !(0..=OVERLAP_MAX_MS).contains(overlap_ms) {
        return Err(Refusal::OverlapOutOfRange);
    }
    let old_secret_until = (*overlap_ms > 0).then(|| draft.now.plus_millis(*overlap_ms));
    let webhook = Webhook { secret_at: draft.now, old_secret_until, ..before.clone() };
    let line = changing(line(&draft, Kind::WebhookChanged, &webhook)?, before);
    draft.changes.push(Change::Webhook { webhook, secret: Some(secret.clone()) });
    Ok(draft.done(line))
}

pub(super) fn delete(mut draft: Draft<'_>, id: WebhookId) -> Result<Decision, Refusal> {
    let webhook = found(&draft, id)?;
    let line = changing(line(&draft, Kind::WebhookDeleted, &webhook)?, webhook);
    draft.changes.push(Change::WebhookGone(id));
    Ok(draft.done(line))
}

/// Only says who asked for it: what is on its way to where is no record of the ledger.
pub(super) fn resend(draft: Draft<'_>, id: WebhookId, event: EventId) -> Result<Decision, Refusal> {
    let webhook = found(&draft, id)?;
    let line = line(&draft, Kind::EventResent, &webhook)?;
    Ok(draft.done(Line { reference: Some(event.to_string().into()), ..line }))
}

/// A line that says what it found.
fn changing(line: Line, before: Webhook) -> Line {
    Line { before: Some(Box::new(Record::Webhook(before))), ..line }
}

fn check_address(url: &str) -> Result<(), Refusal> {
    if text::is_web_address(url) { Ok(()) } else { Err(Refusal::InvalidText(TextField::WebhookUrl)) }
}

/// A webhook, for those who keep it.
fn found(draft: &Draft<'_>, id: WebhookId) -> Result<Webhook, Refusal> {
    let by = &draft.command.by;
    if by.account().is_none() {
        // A gate learns nothing of what there is.
        authority::is_operator(by)?;
    }
    let webhook = draft.book.webhook(id).ok_or(Refusal::WebhookNotFound)?;
    authority::may_keep_webhook(authority::limits(draft.book, by), by, webhook)?;
    Ok(webhook.clone())
}

/// A line about a webhook: of its owner, or of nobody.
fn line(draft: &Draft<'_>, kind: Kind, webhook: &Webhook) -> Result<Line, Refusal> {
    let owner = webhook.owner.map(|it| draft.account(it)).transpose()?;
    let line = owner.map_or_else(|| draft.line(kind), |it| draft.line_about(kind, it));
    Ok(Line { record: Some(Box::new(Record::Webhook(webhook.clone()))), ..line })
}
