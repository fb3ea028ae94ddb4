//! A ledger in memory: the working set of a batch, and the oracle of every test.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::{Account, Credential, Currency, Standing, Status, Token};
use crate::application::{Application, Defaults, Endpoint};
use crate::cap::Windows;
use crate::command::{NewCredential, Proof, Scope};
use crate::decide::Decision;
use crate::hold::Hold;
use crate::id::{
    AccountId, ApiKey, ApplicationId, AuthId, CredentialId, EndpointId, IdMap, IdSet, LineId, TokenId,
    WebhookId,
};
use crate::journal::Outcome;
use crate::money::Amount;
use crate::number::{Country, Number};
use crate::price::PricePlan;
use crate::time::Timestamp;
use crate::webhook::Webhook;

/// The records that a decision may rest on.
///
/// A store fills one with what a batch's commands name (see [`Book::bring`]); what is not in it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    accounts: IdMap<AccountId, Account>,
    api_keys: IdSet<ApiKey>,
    auth_ids: IdSet<AuthId>,
    holds: IdMap<LineId, Hold>,
    charges: IdMap<LineId, Charged>,
    numbers: HashMap<(Country, Arc<str>), Number>,
    applications: IdMap<ApplicationId, Application>,
    endpoints: IdMap<EndpointId, Endpoint>,
    plans: HashMap<Arc<str>, Arc<PricePlan>>,
    tokens: IdMap<TokenId, Token>,
    webhooks: IdMap<WebhookId, Webhook>,
    once: HashMap<(Scope, Arc<str>), Outcome>,
    windows: HashMap<Arc<str>, Windows>,
}

/// A charge and how much of it was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The line that charged.
    pub id: LineId,
    /// The account that caused it.
    pub account: AccountId,
    /// The account that paid it.
    pub payer: AccountId,
    /// What it took.
    pub amount: Amount,
    /// What all reversals together gave back.
    pub reversed: Amount,
    /// When it was made.
    pub at: Timestamp,
}

/// The line that a key is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Within what the key is unique.
    pub scope: Scope,
    /// What the first request brought about.
    pub outcome: Outcome,
}

/// A record as it is after a decision, or one that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account that was opened or changed.
    Account(Account),
    /// What an account stands at, where nothing else of it has changed: by far the most that is decided does no more.
    Standing {
        /// Which account.
        account: AccountId,
        /// What it stands at.
        standing: Standing,
    },
    /// A hold that was placed, moved or ended.
    Hold(Hold),
    /// A charge that was made or given back.
    Charge(Charged),
    /// A number that was added or changed.
    Number(Number),
    /// A number that is neither anybody's nor in the stock any more.
    NumberGone {
        /// Its country.
        country: Country,
        /// Its digits.
        msisdn: Arc<str>,
    },
    /// An application that was made or changed.
    Application(Application),
    /// An application that was deleted.
    ApplicationGone(ApplicationId),
    /// An endpoint that was made or changed.
    Endpoint {
        /// As it is.
        endpoint: Endpoint,
        /// Its password where that is new, sealed by the shell; the rules never look inside.
        password: Option<Arc<[u8]>>,
    },
    /// An endpoint that was deleted.
    EndpointGone(EndpointId),
    /// Another version of a price plan.
    Plan(Arc<PricePlan>),
    /// A credential to be stored with its proof.
    CredentialAdded {
        /// Whose.
        account: AccountId,
        /// Which, and how to recognise it.
        credential: NewCredential,
        /// When.
        at: Timestamp,
    },
    /// A credential whose end was set.
    CredentialChanged(Credential),
    /// A credential that is dead.
    CredentialRevoked {
        /// Which.
        credential: CredentialId,
        /// Since when.
        at: Timestamp,
    },
    /// A token that was made, to be stored with its proof.
    TokenMade {
        /// Which.
        token: Token,
        /// How to recognise it.
        proof: Proof,
    },
    /// A token that was revoked.
    TokenRevoked(Token),
    /// A webhook that was made or changed.
    Webhook {
        /// As it is.
        webhook: Webhook,
        /// What its events are signed with where that is new, sealed by the shell; the rules never look inside.
        secret: Option<Arc<[u8]>>,
    },
    /// A webhook that was deleted.
    WebhookGone(WebhookId),
}

impl Change {
    /// The account that it opens, changes or moves, if it is one of an account.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account.id),
            Self::Standing { account, .. } => Some(*account),
            Self::Hold(_)
            | Self::Charge(_)
            | Self::Number(_)
            | Self::NumberGone { .. }
            | Self::Application(_)
            | Self::ApplicationGone(_)
            | Self::Endpoint { .. }
            | Self::EndpointGone(_)
            | Self::Plan(_)
            | Self::CredentialAdded { .. }
            | Self::CredentialChanged(_)
            | Self::CredentialRevoked { .. }
            | Self::Webhook { .. }
            | Self::WebhookGone(_)
            | Self::TokenMade { .. }
            | Self::TokenRevoked(_) => None,
        }
    }
}

impl Book {
    /// The account with this id.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// All accounts, in no order.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.values()
    }

    /// Whether an account or one above it is suspended or closed: it can neither charge, hold nor call.
    pub fn is_suspended(&self, account: &Account) -> bool {
        account.status != Status::Active
            || account.parent.and_then(|it| self.account(it)).is_some_and(|it| it.status != Status::Active)
    }

    /// Whether a name was ever used.
    pub fn is_taken(&self, api_key: ApiKey, auth_id: AuthId) -> bool {
        self.api_keys.contains(&api_key) || self.auth_ids.contains(&auth_id)
    }

    /// The hold with this id, open or ended.
    pub fn hold(&self, id: LineId) -> Option<&Hold> {
        self.holds.get(&id)
    }

    /// All holds, in no order.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// The open holds that an account asked for, oldest first.
    pub fn open_holds_of(&self, account: AccountId) -> Vec<&Hold> {
        let mut holds: Vec<_> =
            self.holds.values().filter(|it| it.account == account && it.is_open()).collect();
        holds.sort_by_key(|it| it.id);
        holds
    }

    /// The charge that this line made.
    pub fn charge(&self, id: LineId) -> Option<&Charged> {
        self.charges.get(&id)
    }

    /// The number with these digits; without a country the first that `owner` has, else the first of all.
    pub fn number(&self, country: Option<Country>, msisdn: &Arc<str>, owner: AccountId) -> Option<&Number> {
        if let Some(country) = country {
            return self.numbers.get(&(country, msisdn.clone()));
        }
        let same = self.numbers.values().filter(|it| it.msisdn == *msisdn);
        same.min_by_key(|it| (it.owner != Some(owner), it.country))
    }

    /// The number with these digits that is in the stock; without a country the first that is offered in this currency,
    /// or else the first.
    pub fn stocked(
        &self,
        country: Option<Country>,
        msisdn: &Arc<str>,
        currency: Currency,
    ) -> Option<&Number> {
        let fits = |it: &&Number| {
            it.owner.is_none() && it.msisdn == *msisdn && country.is_none_or(|country| it.country == country)
        };
        self.numbers.values().filter(fits).min_by_key(|it| (it.currency != currency, it.country))
    }

    /// The numbers that an account has, in order of country and digits.
    pub fn numbers_of(&self, account: AccountId) -> Vec<&Number> {
        let mut numbers: Vec<_> = self.numbers.values().filter(|it| it.owner == Some(account)).collect();
        numbers.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
        numbers
    }

    /// The numbers that an application answers, in order of country and digits.
    pub fn numbers_answered_by(&self, application: ApplicationId) -> Vec<&Number> {
        let mut numbers: Vec<_> =
            self.numbers.values().filter(|it| it.application == Some(application)).collect();
        numbers.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
        numbers
    }

    /// The application with this id.
    pub fn application(&self, id: ApplicationId) -> Option<&Application> {
        self.applications.get(&id)
    }

    /// All applications, in no order.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// The applications of an account, in order of their ids.
    pub fn applications_of(&self, account: AccountId) -> Vec<&Application> {
        let mut applications: Vec<_> = self.applications.values().filter(|it| it.owner == account).collect();
        applications.sort_by_key(|it| it.id);
        applications
    }

    /// What answers an account's new numbers or endpoints when nothing is said.
    pub fn default_application(
        &self,
        account: AccountId,
        is_it: impl Fn(&Defaults) -> bool,
    ) -> Option<ApplicationId> {
        self.applications.values().find(|it| it.owner == account && is_it(&it.defaults)).map(|it| it.id)
    }

    /// The endpoint with this id.
    pub fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.endpoints.get(&id)
    }

    /// All endpoints, in no order.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// The endpoints that fit, in order of their ids.
    pub fn endpoints_that(&self, fits: impl Fn(&Endpoint) -> bool) -> Vec<&Endpoint> {
        let mut endpoints: Vec<_> = self.endpoints.values().filter(|it| fits(it)).collect();
        endpoints.sort_by_key(|it| it.id);
        endpoints
    }

    /// All numbers, in no order.
    pub fn numbers(&self) -> impl Iterator<Item = &Number> {
        self.numbers.values()
    }

    /// The newest version of a price plan.
    pub fn plan(&self, name: &str) -> Option<&Arc<PricePlan>> {
        self.plans.get(name)
    }

    /// The plan that families of a currency go by when nothing is said.
    pub fn default_plan(&self, currency: Currency) -> Option<&Arc<PricePlan>> {
        self.plans.values().find(|it| it.is_default && it.currency == currency)
    }

    /// The plan that an account goes by: its primary's, or the default of its currency.
    pub fn plan_of(&self, account: &Account) -> Option<&Arc<PricePlan>> {
        match &self.account(account.primary())?.plan {
            Some(name) => self.plan(name),
            None => self.default_plan(account.currency),
        }
    }

    /// The token with this id.
    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    /// The webhook with this id.
    pub fn webhook(&self, id: WebhookId) -> Option<&Webhook> {
        self.webhooks.get(&id)
    }

    /// All webhooks, in no order.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values()
    }

    /// What the key was bound to.
    pub fn remembered(&self, scope: Scope, key: &Arc<str>) -> Option<&Outcome> {
        if self.once.is_empty() {
            // A store brings only the keys that were perhaps used before, so that most often there is none.
            return None;
        }
        self.once.get(&(scope, key.clone()))
    }

    /// The day and the month that it is now in a time zone, where the shell has brought them.
    pub fn windows(&self, zone: &str) -> Option<&Windows> {
        self.windows.get(zone)
    }

    /// Brings the day and the month that it is now in a time zone, in the place of earlier ones.
    pub fn bring_windows(&mut self, zone: Arc<str>, windows: Windows) {
        self.windows.insert(zone, windows);
    }

    /// Puts a record in, as a store does before it decides.
    pub fn bring(&mut self, change: Change) {
        match change {
            Change::Account(account) => {
                let (api_key, auth_id) = (account.api_key, account.auth_id);
                if self.accounts.insert(account.id, account).is_none() {
                    self.bring_names(api_key, auth_id);
                }
            }
            Change::Standing { account, standing } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.standing = standing;
                }
            }
            Change::Hold(hold) => drop(self.holds.insert(hold.id, hold)),
            Change::Charge(charge) => drop(self.charges.insert(charge.id, charge)),
            Change::Number(number) => {
                self.numbers.insert((number.country, number.msisdn.clone()), number);
            }
            Change::NumberGone { country, msisdn } => drop(self.numbers.remove(&(country, msisdn))),
            Change::Application(application) => drop(self.applications.insert(application.id, application)),
            Change::ApplicationGone(id) => drop(self.applications.remove(&id)),
            Change::Endpoint { endpoint, .. } => drop(self.endpoints.insert(endpoint.id, endpoint)),
            Change::EndpointGone(id) => drop(self.endpoints.remove(&id)),
            Change::Plan(plan) => drop(self.plans.insert(plan.name.clone(), plan)),
            Change::TokenMade { token, .. } | Change::TokenRevoked(token) => {
                self.tokens.insert(token.id, token);
            }
            Change::Webhook { webhook, .. } => drop(self.webhooks.insert(webhook.id, webhook)),
            Change::WebhookGone(id) => drop(self.webhooks.remove(&id)),
            // The account that comes with them lists the live ones; the proofs are the store's.
            Change::CredentialAdded { .. }
            | Change::CredentialChanged(_)
            | Change::CredentialRevoked { .. } => {}
        }
    }

    /// Marks names as used.
    pub fn bring_names(&mut self, api_key: ApiKey, auth_id: AuthId) {
        self.api_keys.insert(api_key);
        self.auth_ids.insert(auth_id);
    }

    /// Binds a key to what it brought about.
    pub fn remember(&mut self, remembered: Remembered) {
        if let Some(once) = &remembered.outcome.once {
            self.once.insert((remembered.scope, once.key.clone()), remembered.outcome);
        }
    }

    /// Makes a decision true.
    pub fn apply(&mut self, decision: &Decision) {
        for change in &decision.changes {
            self.bring(change.clone());
        }
        if let Some(remembered) = &decision.remembered {
            self.remember(remembered.clone());
        }
    }

    /// Takes everything out, so that the book can serve the next batch without being allocated again.
    pub fn clear(&mut self) {
        self.accounts.clear();
        self.api_keys.clear();
        self.auth_ids.clear();
        self.clear_but_accounts();
    }

    /// Takes everything out but the accounts and which names were used: for a store that knows that they are still as they
    /// are here.
    pub fn clear_but_accounts(&mut self) {
        let Self {
            accounts: _,
            api_keys: _,
            auth_ids: _,
            holds,
            charges,
            numbers,
            applications,
            endpoints,
            plans,
            tokens,
            webhooks,
            once,
            windows,
        } = self;
        holds.clear();
        charges.clear();
        numbers.clear();
        applications.clear();
        endpoints.clear();
        plans.clear();
        tokens.clear();
        webhooks.clear();
        once.clear();
        windows.clear();
    }
}
