//! Webhooks: their rows.

use ledger::{AccountId, EventKinds, Timestamp, Webhook, WebhookId};

use super::Snapshot;
use super::sql::{self, Column, Fault, Reader, Result, Row, values};

/// A webhook with what its events are signed with.
#[derive(Clone, Debug)]
pub struct StoredWebhook {
    /// Which.
    pub webhook: Webhook,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// The sealed secret before it.
    pub old_secret: Option<Vec<u8>>,
}

impl StoredWebhook {
    /// The sealed secrets that sign at a time, the one of now first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &[u8]> {
        let old = self.old_secret.as_deref().filter(|_| self.webhook.signs_with_old(now));
        std::iter::once(&*self.secret).chain(old)
    }
}

/// Which webhooks are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhooksOf {
    /// All of them.
    Everybody,
    /// Those of a primary and of its subaccounts.
    Family(AccountId),
    /// Those of one account.
    Owner(AccountId),
    /// Those of an account, those of its subaccounts, and those of anybody that are about it alone.
    Around(AccountId),
}

pub(super) fn webhook(row: Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: sql::get(row, "id")?,
        owner: sql::get_opt(row, "owner")?,
        family: sql::get_opt(row, "family")?,
        account: sql::get_opt(row, "account")?,
        url: row.get("url")?,
        kinds: EventKinds::from_bits(row.get("kinds")?).ok_or(Fault::Misread("kinds"))?,
        created_at: sql::get(row, "created_at")?,
        disabled_at: sql::get_opt(row, "disabled_at")?,
        secret_at: sql::get(row, "secret_at")?,
        old_secret_until: sql::get_opt(row, "old_secret_until")?,
    })
}

fn stored(row: Row<'_>) -> Result<StoredWebhook> {
    Ok(StoredWebhook {
        webhook: webhook(row)?,
        secret: row.get("secret")?,
        old_secret: row.get("old_secret")?,
    })
}

/// All of them.
pub(super) fn all(reader: Reader<'_>) -> Result<Vec<Webhook>> {
    reader.rows("SELECT * FROM webhooks ORDER BY id", values![], webhook)
}

impl Snapshot<'_> {
    /// The webhooks that an account keeps, or the operator.
    pub(super) fn webhook_ids_of(&self, owner: Option<AccountId>) -> Result<Vec<WebhookId>> {
        let text = "SELECT id FROM webhooks WHERE owner = ?1 OR (owner IS NULL AND ?1 IS NULL)";
        self.rows(text, values![owner.map(Column)], |row| sql::get(row, "id"))
    }

    /// Webhooks in the order in which they were made, after one of them, at most `limit`.
    ///
    /// # Errors
    /// Of the store.
    pub fn webhooks(&self, of: WebhooksOf, after: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>> {
        let (whose, id) = match of {
            WebhooksOf::Everybody => ("?1 IS NULL", None),
            WebhooksOf::Family(id) => ("family = ?1", Some(id)),
            WebhooksOf::Owner(id) => ("owner = ?1", Some(id)),
            WebhooksOf::Around(id) => ("(owner = ?1 OR family = ?1 OR account = ?1)", Some(id)),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let reach = self.within_reach("owner") + &self.within_reach("account");
        self.rows(
            &format!("SELECT * FROM webhooks WHERE {whose} AND id > ?2{reach} ORDER BY id LIMIT ?3"),
            values![id.map(Column), Column(after.unwrap_or(WebhookId::from_bytes([0; 16]))), limit],
            webhook,
        )
    }

    /// The webhooks that may want an event of an account in a family: its own, the primary's and the operator's.
    ///
    /// # Errors
    /// Of the store.
    pub fn webhooks_about(&self, account: AccountId, family: AccountId) -> Result<Vec<Webhook>> {
        self.rows(
            "SELECT * FROM webhooks WHERE owner = ?1 OR owner = ?2 OR owner IS NULL ORDER BY id",
            values![Column(account), Column(family)],
            webhook,
        )
    }

    /// Those to which nothing is sent.
    ///
    /// # Errors
    /// Of the store.
    pub fn disabled_webhooks(&self) -> Result<Vec<WebhookId>> {
        self.rows("SELECT id FROM webhooks WHERE disabled_at IS NOT NULL", values![], |row| {
            sql::get(row, "id")
        })
    }

    /// Whether there are any.
    ///
    /// # Errors
    /// Of the store.
    pub fn has_webhooks(&self) -> Result<bool> {
        Ok(!self.webhooks(WebhooksOf::Everybody, None, 1)?.is_empty())
    }

    /// The webhook with this id.
    ///
    /// # Errors
    /// Of the store.
    pub fn webhook(&self, id: WebhookId) -> Result<Option<StoredWebhook>> {
        self.row("SELECT * FROM webhooks WHERE id = ?1", values![Column(id)], stored)
    }
}
