//! What a batch reads while it holds its locks.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Currency, Hold, IdMap, IdSet, LineId, PricePlan, Scope, Token, TokenId, Webhook,
    WebhookId,
};

use super::config::Config;
use super::connection::Connection;
use super::kept::Kept;
use super::keys::Keys;
use crate::store::source::{Known, Source};
use crate::store::sql::Fault;
use crate::store::{Ids, Place, Snapshot};

/// Why a batch cannot be decided like this.
#[derive(Debug)]
pub(super) enum Halt {
    /// It reads accounts that it has not locked: which, [`Held::unlocked`] says.
    Unlocked,
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The source of a batch under its locks; or, where `locked` is none, of somebody who only looks what a command reads.
pub(super) struct Held<'a> {
    pub(super) connection: &'a Connection,
    pub(super) ids: Ids,
    pub(super) kept: &'a mut Kept,
    /// The accounts that were asked for when the locks were taken, those that are not there as well.
    pub(super) locked: Option<&'a IdSet<AccountId>>,
    /// Those that were read besides.
    pub(super) unlocked: IdSet<AccountId>,
    pub(super) config: &'a Config,
    pub(super) keys: &'a Keys,
    /// The lines that keys were used on, as far as they were asked for.
    pub(super) used: &'a HashMap<u128, i64>,
    /// The holds that commands name.
    pub(super) holds: &'a IdMap<LineId, Hold>,
    pub(super) webhooks: IdMap<WebhookId, Webhook>,
}

impl Source for Held<'_> {
    type Key = u128;
    type Fault = Halt;

    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(self.connection.reader(), None, self.ids)
    }

    fn account(&mut self, id: AccountId) -> Result<Option<&Account>, Halt> {
        if let Some(locked) = self.locked {
            if !locked.contains(&id) {
                self.unlocked.insert(id);
                return Err(Halt::Unlocked);
            }
        } else {
            self.unlocked.insert(id);
            if self.kept.get(id).is_none() {
                self.kept.read(self.connection, &[id])?;
            }
        }
        Ok(self.kept.get(id).map(|it| &it.account))
    }

    fn token(&mut self, id: TokenId) -> Result<Option<&Token>, Halt> {
        Ok(self.config.tokens.get(&id))
    }

    fn plans(&mut self) -> Result<impl Iterator<Item = &Arc<PricePlan>>, Halt> {
        Ok(self.config.plans.values())
    }

    fn plan(&mut self, name: &str) -> Result<Option<&Arc<PricePlan>>, Halt> {
        Ok(self.config.plans.get(name))
    }

    fn default_plan(&mut self, currency: Currency) -> Result<Option<&Arc<PricePlan>>, Halt> {
        Ok(self.config.plans.values().find(|it| it.is_default && it.currency == currency))
    }

    fn webhook(&mut self, id: WebhookId) -> Result<Option<&Webhook>, Halt> {
        if !self.webhooks.contains_key(&id)
            && let Some(stored) = self.snapshot().webhook(id)?
        {
            self.webhooks.insert(id, stored.webhook);
        }
        Ok(self.webhooks.get(&id))
    }

    fn webhooks_of(&mut self, owner: Option<AccountId>) -> Result<Vec<WebhookId>, Halt> {
        Ok(self.snapshot().webhook_ids_of(owner)?)
    }

    fn hold(&mut self, id: LineId) -> Result<Option<Hold>, Halt> {
        match self.holds.get(&id) {
            Some(hold) => Ok(Some(hold.clone())),
            None => Ok(self.snapshot().hold(id)?),
        }
    }

    fn key(&mut self, scope: &Scope, key: &str) -> Result<Known<u128>, Halt> {
        let hash = self.keys.hash(scope, key);
        let place = match self.used.get(&hash) {
            Some(seq) => Some(*seq).filter(|it| *it > 0),
            // Its scope follows from what was brought only now.
            None => self.keys.find(self.connection.reader(), hash)?,
        };
        Ok(Known { hash, place: place.map(Place::Seq) })
    }
}
