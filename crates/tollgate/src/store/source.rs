//! What an engine brings a batch: what it has at hand, each by its own word, and a [`Snapshot`] for everything else.

use std::hash::Hash;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Currency, Hold, LineId, PricePlan, Scope, Token, TokenId, Webhook, WebhookId,
};

use super::{Fault, Place, Snapshot};

/// Who is asked for the records that a batch reads, as they are before it. What a batch has brought already is not asked
/// for again.
///
/// They are lent where they can be: a batch copies only what goes into its book.
pub(super) trait Source {
    /// The hash of a key within its scope.
    type Key: Copy + Eq + Hash;
    /// Why it could not say; the batch gives it back as it is, for some of them an engine begins again.
    type Fault: From<Fault>;

    /// What is read of everything that is not asked for below: the state in which the batch is decided.
    fn snapshot(&self) -> Snapshot<'_>;

    fn account(&mut self, id: AccountId) -> Result<Option<&Account>, Self::Fault>;

    /// A token, live or revoked.
    fn token(&mut self, id: TokenId) -> Result<Option<&Token>, Self::Fault>;

    /// The newest version of each price plan.
    fn plans(&mut self) -> Result<impl Iterator<Item = &Arc<PricePlan>>, Self::Fault>;

    /// The newest version of the plan with this name.
    fn plan(&mut self, name: &str) -> Result<Option<&Arc<PricePlan>>, Self::Fault>;

    /// The plan that families of a currency go by when nothing is said.
    fn default_plan(&mut self, currency: Currency) -> Result<Option<&Arc<PricePlan>>, Self::Fault>;

    fn webhook(&mut self, id: WebhookId) -> Result<Option<&Webhook>, Self::Fault>;

    /// The webhooks of an account, or the operator's own.
    fn webhooks_of(&mut self, owner: Option<AccountId>) -> Result<Vec<WebhookId>, Self::Fault>;

    /// A hold, open or ended.
    fn hold(&mut self, id: LineId) -> Result<Option<Hold>, Self::Fault>;

    /// What is known of a key: a hint, which the batch holds against the line.
    fn key(&mut self, scope: &Scope, key: &str) -> Result<Known<Self::Key>, Self::Fault>;
}

/// What is known of a command's key before the batch.
#[derive(Clone, Copy)]
pub(super) struct Known<K> {
    pub(super) hash: K,
    /// The line that it was perhaps used on.
    pub(super) place: Option<Place>,
}
