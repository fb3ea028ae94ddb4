//! Webhooks: where events are sent, and what became of each on its way there.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{
    AccountId, Action, Actor, EventId, EventKinds, Once, Outcome, Record, Refusal, Timestamp, Webhook,
    WebhookId, authority,
};

use super::accounts::ShownOnce;
use super::read::visible;
use super::{App, Error};
use crate::store::{Delivery, DeliveryState, Snapshot, WebhooksOf};

/// How many random bytes a webhook's secret has: as many as the hash that they key.
const SECRET_LEN: usize = 32;
/// What the secret of a webhook begins with, by the Standard Webhooks specification.
pub const SECRET_PREFIX: &str = "whsec_";

/// A webhook to be.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where to.
    pub url: Arc<str>,
    /// Of which kinds.
    pub kinds: EventKinds,
    /// Only about this account.
    pub account: Option<AccountId>,
}

impl App {
    /// Has events sent. What they are signed with is in the answer this once.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::MakeWebhook`].
    pub async fn make_webhook(
        &self,
        by: Actor,
        once: Option<Once>,
        new: NewWebhook,
    ) -> Result<(Webhook, String), Error> {
        let id = WebhookId::from_bytes(self.0.random.uuid(self.0.clock.now()));
        let NewWebhook { url, kinds, account } = new;
        let action = |secret| Action::MakeWebhook { webhook: id, account, url, kinds, secret };
        self.with_new_secret(by, once, action).await
    }

    /// Has a webhook's events signed with another secret, which is in the answer this once, and for `overlap_ms` with the one
    /// before it, too.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RotateWebhook`].
    pub async fn rotate_webhook(
        &self,
        by: Actor,
        once: Option<Once>,
        webhook: WebhookId,
        overlap_ms: i64,
    ) -> Result<(Webhook, String), Error> {
        let action = |secret| Action::RotateWebhook { webhook, secret, overlap_ms };
        self.with_new_secret(by, once, action).await
    }

    async fn with_new_secret(
        &self,
        by: Actor,
        once: Option<Once>,
        action: impl FnOnce(Arc<[u8]>) -> Action,
    ) -> Result<(Webhook, String), Error> {
        let inner = &*self.0;
        let text = format!("{SECRET_PREFIX}{}", STANDARD.encode(inner.random.bytes::<SECRET_LEN>()));
        let secret = inner.keyring.seal(&text, &inner.random).into();
        let shown = ShownOnce { secret: text, auth_token: String::new() };
        let once = once.map(|it| self.sealing(it, &shown));
        let outcome = self.submit(by, once, action(secret)).await?;
        let text = self.unsealed(&outcome)?.unwrap_or(shown).secret;
        Ok((webhook_record(&outcome)?, text))
    }

    /// Changes what is given of a webhook. What waits for its time is sent at once when it may get through by that.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ChangeWebhook`].
    pub async fn change_webhook(
        &self,
        by: Actor,
        once: Option<Once>,
        webhook: WebhookId,
        url: Option<Arc<str>>,
        kinds: Option<EventKinds>,
        is_enabled: Option<bool>,
    ) -> Result<Webhook, Error> {
        let is_hopeful = url.is_some() || is_enabled == Some(true);
        let action = Action::ChangeWebhook { webhook, url, kinds, is_enabled };
        let changed = webhook_record(&self.submit(by, once, action).await?)?;
        if is_hopeful {
            let now = self.0.clock.now();
            // The change is made, whatever becomes of this; else its time comes by itself.
            if let Err(error) = self.0.store.deliveries(move |it| it.hasten(webhook, now)).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "what waits for a webhook could not be hastened");
            }
        }
        Ok(changed)
    }

    /// Has no more events sent there; also says since when.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::DeleteWebhook`].
    pub async fn delete_webhook(
        &self,
        by: Actor,
        once: Option<Once>,
        webhook: WebhookId,
    ) -> Result<(Webhook, Timestamp), Error> {
        let outcome = self.submit(by, once, Action::DeleteWebhook { webhook }).await?;
        Ok((webhook_record(&outcome)?, outcome.at))
    }

    /// The webhooks that the caller keeps, in the order in which they were made, after a cursor: all of them for the operator,
    /// those of its family for a primary, its own for a subaccount; of `owner` alone, if that is given. An owner that there
    /// is not, or that is not the caller's to see, has none.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to a gate.
    pub async fn webhooks(
        &self,
        by: Actor,
        owner: Option<AccountId>,
        after: Option<WebhookId>,
        limit: usize,
    ) -> Result<Vec<Webhook>, Error> {
        self.see(by, move |snapshot| {
            let of = match (by.account(), owner) {
                (None, owner) => {
                    if let Err(refusal) = authority::is_operator(&by) {
                        return Ok(Err(refusal));
                    }
                    owner.map_or(WebhooksOf::Everybody, WebhooksOf::Owner)
                }
                (Some(_), Some(owner)) => {
                    let seen = snapshot.account(owner)?.is_some_and(|it| authority::may_see(&by, &it));
                    if !seen {
                        return Ok(Ok(Vec::new()));
                    }
                    WebhooksOf::Owner(owner)
                }
                (Some(caller), None) => {
                    let is_primary = snapshot.account(caller)?.is_some_and(|it| it.is_primary());
                    if is_primary { WebhooksOf::Family(caller) } else { WebhooksOf::Owner(caller) }
                }
            };
            snapshot.webhooks(of, after, limit).map(Ok)
        })
        .await
    }

    /// The webhooks around an account that the caller keeps, after a cursor: the account's own; a primary's subaccounts', too;
    /// and the caller's own that are about this account alone. After a page, where the next one goes on.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn webhooks_around(
        &self,
        by: Actor,
        account: AccountId,
        after: Option<WebhookId>,
        limit: usize,
    ) -> Result<(Vec<Webhook>, Option<WebhookId>), Error> {
        self.see(by, move |snapshot| {
            if let Err(refusal) = visible(snapshot, &by, account)? {
                return Ok(Err(refusal));
            }
            let mut found = snapshot.webhooks(WebhooksOf::Around(account), after, limit.saturating_add(1))?;
            let has_more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().map(|it| it.id).filter(|_| has_more);
            // Of whoever else is told of it, the caller learns nothing.
            found.retain(|it| authority::may_keep_webhook(snapshot.limits(), &by, it).is_ok());
            Ok(Ok((found, next)))
        })
        .await
    }

    /// One webhook, for those who keep it.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::WebhookNotFound`].
    pub async fn webhook(&self, by: Actor, id: WebhookId) -> Result<Webhook, Error> {
        self.see(by, move |snapshot| kept(snapshot, &by, id)).await
    }

    /// What became of the events of a webhook, those of the newest events first, from the one before that of an event on;
    /// `None` where that is no event of it.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::WebhookNotFound`].
    pub async fn deliveries(
        &self,
        by: Actor,
        id: WebhookId,
        state: Option<DeliveryState>,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Option<Vec<Delivery>>, Error> {
        let before = self
            .see(by, move |snapshot| {
                let webhook = match kept(snapshot, &by, id)? {
                    Ok(webhook) => webhook,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let Some(before) = before else { return Ok(Ok(Some(None))) };
                // Of one that it could get; whether it did may be forgotten by now.
                let event = snapshot.event(before)?.filter(|it| {
                    webhook.owner.is_none_or(|owner| owner == it.account || owner == it.family)
                        && webhook.account.is_none_or(|account| account == it.account)
                });
                Ok(Ok(event.map(|it| Some(it.seq))))
            })
            .await?;
        let Some(before) = before else { return Ok(None) };
        Ok(Some(self.0.store.deliveries(move |it| it.of(id, state, before, limit)).await?))
    }

    /// Has an event sent to a webhook once more, out of its turn.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ResendEvent`]; [`Refusal::WebhookNotFound`] also for an event of which
    /// nothing is known there.
    pub async fn resend(
        &self,
        by: Actor,
        once: Option<Once>,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, Error> {
        let unknown = || Error::Refused(Refusal::WebhookNotFound);
        self.webhook(by, id).await?;
        self.0.store.deliveries(move |it| it.find(id, event)).await?.ok_or_else(unknown)?;
        // When this is repeated because its answer was lost, it is asked for at the same time as before.
        let asked_at = self.submit(by, once, Action::ResendEvent { webhook: id, event }).await?.at;
        self.0.store.deliveries(move |it| it.resend(id, event, asked_at)).await?.ok_or_else(unknown)
    }
}

fn kept(snapshot: &Snapshot<'_>, by: &Actor, id: WebhookId) -> super::read::Decided<Webhook> {
    let Some(stored) = snapshot.webhook(id)? else {
        // A gate learns nothing of what there is.
        let refusal = if by.account().is_none() { authority::is_operator(by).err() } else { None };
        return Ok(Err(refusal.unwrap_or(Refusal::WebhookNotFound)));
    };
    Ok(authority::may_keep_webhook(snapshot.limits(), by, &stored.webhook).map(|()| stored.webhook))
}

fn webhook_record(outcome: &Outcome) -> Result<Webhook, Error> {
    match outcome.record.as_deref() {
        Some(Record::Webhook(webhook)) => Ok(webhook.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}
