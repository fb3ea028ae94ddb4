//! One method for each use case: from an [`Actor`] and domain values to a command or a read, and back to records.
//!
//! Nothing here knows a wire, and no rule is decided here: what the ledger refuses comes back as [`Error::Refused`].

mod accounts;
mod audit;
mod batches;
mod credentials;
mod events;
mod families;
mod gate;
mod holds;
mod money;
mod origin;
mod owned;
mod read;
mod refusals;
mod stock;
mod usage;
mod webhooks;

use std::net::IpAddr;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Action, Actor, Command, Decision, LineId, Once, Outcome, Refusal, Timestamp,
};
use tokio::sync::watch;

pub use accounts::{AccountChange, NewAccount, Opened};
pub use audit::AuditQuery;
pub use batches::{Item, Keyed};
pub use credentials::{AddedCredential, AuthTokens, UsedCredential};
pub use families::{FamilyPage, Figures, PrimariesPage};
pub use gate::{Call, Drill, NewPlan, Passed};
pub use holds::NewHold;
pub use money::{NewCharge, NewTransfer};
pub use origin::{Door, Origin};
pub use owned::{
    ApplicationChange, EndpointChange, NewApplication, NewEndpoint, OwnedBy, Shown, ShownEndpoint,
    ShownSubaccount,
};
pub use read::{AccountView, PostingFilter, Postings, TransferFilter, Transfers};
pub use refusals::{REFUSALS_MAX, REFUSALS_MS, REFUSALS_OF_ONE_MAX, Refused};

pub use stock::{BroughtNumbers, NumberChange, RentedNumber};

pub use usage::{
    AccountMonth, BalanceMonth, FamilyMonth, Spent, Statement, StatementFilter, Usage, UsageBy, UsageFilter,
    UsageGroup, edge_after, is_edge,
};
pub use webhooks::{NewWebhook, SECRET_PREFIX};

pub use crate::store::{
    AccountFilter, Audited, Cause, CurrencyTotals, Delivery, DeliveryState, FamilyFilter, FamilyOrder,
    FamilyTotals, Listed, Logged, NumberFilter, Owners, PlanFilter, Recorded, Slice, TokenFilter, UsageSum,
    is_near,
};

use self::refusals::Attempt;
use crate::auth::{Auth, AuthError, Rate};
use crate::clock::Clock;
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{ExecuteError, Name, ReadError, Store};

/// In how long a span requests are counted, in milliseconds.
const RATE_WINDOW_MS: i64 = 5_000;

/// What a use case comes to when it does not come off. Each dialect has its own words for them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The ledger's no.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// No credentials, or wrong ones.
    #[error("not authenticated")]
    Unauthenticated,
    /// Too much of this; later again.
    #[error("busy")]
    Busy {
        /// After how many seconds.
        retry_after_s: u32,
    },
    /// The store does not take it now; nothing was done.
    #[error("unavailable")]
    Unavailable,
    /// Whether it was done could not be found out: the store did not say in time. Under the same key it happens once, however
    /// often it is asked again, and is answered as the first time.
    #[error("outcome unknown")]
    Unknown,
    /// A fault of ours; it was logged, nothing was done.
    #[error("fault")]
    Fault,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        // To whoever asks, a credential that died on the way is a wrong one.
        if refusal == Refusal::CredentialRevoked { Self::Unauthenticated } else { Self::Refused(refusal) }
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated => Self::Unauthenticated,
            AuthError::Busy { retry_after_s } => Self::Busy { retry_after_s },
            AuthError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<ExecuteError> for Error {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Full => Self::Busy { retry_after_s: 1 },
            ExecuteError::Unavailable => Self::Unavailable,
            ExecuteError::Unknown => Self::Unknown,
            ExecuteError::Broken => Self::Fault,
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the store cannot be read");
        Self::Unavailable
    }
}

/// For how long whoever signed in to the console stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSpans {
    /// A session that was not used for so many milliseconds has ended.
    pub idle_ms: i64,
    /// After so many milliseconds it has ended, however much it was used.
    pub life_ms: i64,
}

impl SessionSpans {
    /// What holds where nobody says otherwise: 30 minutes, and 12 hours.
    pub const USUAL: Self = Self { idle_ms: 30 * 60 * 1_000, life_ms: 12 * 3_600 * 1_000 };
}

impl Default for SessionSpans {
    fn default() -> Self {
        Self::USUAL
    }
}

/// What the operator has set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How many subaccounts a primary may have.
    pub subaccounts_max: Option<u32>,
    /// Whether the Vonage dialect takes an amount only as a JSON number, as Vonage's own service does.
    pub vonage_strict_amounts: bool,
    /// How many requests to the Plivo dialect a family may make in five seconds; 0 for as many as it likes.
    pub plivo_rate_limit: u32,
    /// The domain in the sip addresses of the Plivo dialect.
    pub plivo_sip_domain: Arc<str>,
    /// A header in which the gate takes credentials, before it looks at `Authorization`.
    pub gate_key_header: Option<String>,
    /// For how long a session of the console lasts.
    pub sessions: SessionSpans,
}

/// How a node is; what is counted, since it started.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// Whether the last batch could be written.
    pub takes_writes: bool,
    /// Commits.
    pub commits: u64,
    /// Commands that were decided.
    pub commands: u64,
    /// Lines that were written.
    pub lines: u64,
    /// Batches that could not be written.
    pub failed: u64,
    /// How long the write-ahead log is, in KiB.
    pub wal_kib: i64,
    /// Since when keys are remembered, if there are any.
    pub oldest_key: Option<Timestamp>,
    /// How many milliseconds the clock of the database is ahead of this machine's; 0 with a file.
    pub database_ahead_ms: i64,
}

/// The use cases, and where whoever asks for them is. Clones share everything else.
#[derive(Clone)]
pub struct App(Arc<Inner>, Origin);

struct Inner {
    store: Store,
    auth: Auth,
    keyring: Keyring,
    clock: Clock,
    random: Random,
    settings: Settings,
    rate: Rate,
    refusals: refusals::Refusals,
    stopping: watch::Sender<bool>,
}

impl App {
    /// On a store, with an authenticator of its accounts.
    ///
    /// # Errors
    /// When the thread for Argon2id cannot be started.
    pub fn new(
        store: Store,
        keyring: Keyring,
        clock: Clock,
        random: Random,
        settings: Settings,
    ) -> std::io::Result<Self> {
        let auth = Auth::new(store.clone(), keyring.clone(), clock.clone(), random.clone())?;
        let rate = Rate::new(settings.plivo_rate_limit, RATE_WINDOW_MS);
        let refusals = refusals::Refusals::default();
        let stopping = watch::Sender::new(false);
        let inner = Inner { store, auth, keyring, clock, random, settings, rate, refusals, stopping };
        Ok(Self(Arc::new(inner), Origin::default()))
    }

    /// The same use cases, asked for from somewhere: what is done through it says so in the journal.
    pub fn asked_from(&self, origin: Origin) -> Self {
        Self(self.0.clone(), origin)
    }

    /// Who authenticates callers.
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Where randomness comes from.
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// Is told after each commit that there is something new to be read.
    pub fn commits(&self) -> watch::Receiver<i64> {
        self.0.store.commits()
    }

    /// Is told when the server begins to stop: answers that last must end.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// Tells them.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// The store's figures, and whether it takes writes.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What the operator has set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Counts a request of an account against what its family may make.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub fn admit(&self, account: &Account) -> Result<(), Error> {
        Ok(self.0.rate.admit(account.primary(), self.0.clock.now())?)
    }

    /// The account that calls, if its credential still lives and it may call.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn caller(&self, by: Actor) -> Result<Account, Error> {
        let id = by.account().ok_or(Error::Unauthenticated)?;
        Ok(self.account(by, id).await?.account)
    }

    /// How the node is.
    pub fn health(&self) -> Health {
        use std::sync::atomic::Ordering::Relaxed;
        let figures = self.0.store.figures();
        let oldest = figures.oldest_key_ms.load(Relaxed);
        Health {
            takes_writes: self.takes_writes(),
            commits: figures.commits.load(Relaxed),
            commands: figures.commands.load(Relaxed),
            lines: figures.lines.load(Relaxed),
            failed: figures.failed.load(Relaxed),
            wal_kib: figures.wal_frames.load(Relaxed).saturating_mul(4),
            database_ahead_ms: figures.database_ahead_ms.load(Relaxed),
            oldest_key: (oldest != 0).then_some(Timestamp::from_millis(oldest)),
        }
    }

    /// Whether the last batch could be written.
    pub fn takes_writes(&self) -> bool {
        self.0.store.figures().takes_writes.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A name for a request.
    pub fn request_id(&self) -> uuid::Uuid {
        uuid::Uuid::from_bytes(self.0.random.uuid(self.0.clock.now()))
    }

    /// The account that goes by an api key, an auth id or an id; [`AccountId::UNKNOWN`] where none does, so that the
    /// ledger refuses it as it refuses what is foreign.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn named(&self, name: &str) -> Result<AccountId, Error> {
        let Ok(name) = name.parse::<Name>() else { return Ok(AccountId::UNKNOWN) };
        Ok(self.0.store.named(name).await?.unwrap_or(AccountId::UNKNOWN))
    }

    /// The key that a request was sent under, bound to what it asks.
    pub fn once(&self, key: &str, method: &str, path: &str, body: &[u8]) -> Once {
        let request = Some(self.0.keyring.request(method, path, body));
        Once { key: key.into(), request, sealed: None }
    }

    async fn submit(&self, by: Actor, once: Option<Once>, action: Action) -> Result<Outcome, Error> {
        let now = self.0.clock.now();
        let attempt = Attempt::new(now, by, once.as_ref(), &action);
        let done = self.0.store.execute(self.command(by, once, action, now), now).await;
        self.noting(attempt, done).await
    }

    /// What would come of it now; nothing is written.
    async fn try_out(&self, by: Actor, action: Action) -> Result<Decision, Error> {
        let now = self.0.clock.now();
        let attempt = Attempt::new(now, by, None, &action);
        let tried = self.0.store.try_out(self.command(by, None, action, now), now).await;
        self.noting(attempt, tried).await
    }

    fn command(&self, by: Actor, once: Option<Once>, action: Action, now: Timestamp) -> Command {
        let id = LineId::from_bytes(self.0.random.uuid(now));
        Command { id, by, from: self.address(by), once, action }
    }

    /// From where it is asked. What tollgate does by itself comes from nowhere, whatever request it is on the way of.
    fn address(&self, by: Actor) -> Option<IpAddr> {
        self.1.address.filter(|_| by != Actor::Server)
    }
}
