//! What the writer's memory brings a batch; the rest is read from the file.

use std::sync::Arc;

use ledger::{
    Account, AccountId, Currency, Hold, LineId, PricePlan, Scope, Token, TokenId, Webhook, WebhookId,
};
use rusqlite::Connection;

use super::resident::Resident;
use crate::store::source::{Known, Source};
use crate::store::sql::{Reader, Result};
use crate::store::{Fault, Ids, Place, Snapshot};

/// What the writer has in memory, and the file that it writes.
pub(super) struct Memory<'a> {
    pub(super) resident: &'a Resident,
    pub(super) connection: &'a Connection,
    pub(super) ids: Ids,
}

impl Source for Memory<'_> {
    type Key = u64;
    type Fault = Fault;

    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(Reader::Sqlite(self.connection), None, self.ids)
    }

    fn account(&mut self, id: AccountId) -> Result<Option<&Account>> {
        Ok(self.resident.accounts.get(&id).map(|it| &it.account))
    }

    fn token(&mut self, id: TokenId) -> Result<Option<&Token>> {
        Ok(self.resident.tokens.get(&id))
    }

    fn plans(&mut self) -> Result<impl Iterator<Item = &Arc<PricePlan>>> {
        Ok(self.resident.plans.values())
    }

    fn plan(&mut self, name: &str) -> Result<Option<&Arc<PricePlan>>> {
        Ok(self.resident.plans.get(name))
    }

    fn default_plan(&mut self, currency: Currency) -> Result<Option<&Arc<PricePlan>>> {
        Ok(self.resident.plans.values().find(|it| it.is_default && it.currency == currency))
    }

    fn webhook(&mut self, id: WebhookId) -> Result<Option<&Webhook>> {
        Ok(self.resident.webhooks.get(&id))
    }

    fn webhooks_of(&mut self, owner: Option<AccountId>) -> Result<Vec<WebhookId>> {
        Ok(self.resident.webhooks.values().filter(|it| it.owner == owner).map(|it| it.id).collect())
    }

    fn hold(&mut self, id: LineId) -> Result<Option<Hold>> {
        // Only the open ones are in memory.
        match self.resident.holds.get(&id) {
            Some(open) => Ok(Some(open.clone())),
            None => self.snapshot().hold(id),
        }
    }

    fn key(&mut self, scope: &Scope, key: &str) -> Result<Known<u64>> {
        let once = &self.resident.once;
        let hash = once.hash(scope, key);
        Ok(Known { hash, place: once.get(hash).map(Place::Seq) })
    }
}
