//! From credentials to an [`Actor`]. What is cached here only saves hashing: every write is decided, and every read is
//! made, against the credential's state in the store.

mod argon;
mod rate;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::{Actor, CredentialId, Proof, Timestamp, TokenScope};
use quick_cache::sync::Cache;
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{Name, Store, StoredCredential};
use argon::Pool;
pub use rate::Rate;

/// How many pairs of account and secret are remembered as right, and as wrong.
const REMEMBERED_MAX: usize = 65_536;
/// For how long a wrong secret is remembered as wrong, in milliseconds.
const WRONG_MS: i64 = 60_000;
/// How many times in [`FAILURES_MS`] one address may fail at one account before it has to wait. An SDK's test suite
/// fails some twenty times in a row; a guesser needs 10²⁰.
const FAILURES_MAX: u32 = 60;
/// How often the use of a credential is noted, in milliseconds.
const USE_NOTED_MS: i64 = 60_000;
/// The span in which failures are counted, in milliseconds.
const FAILURES_MS: i64 = 60_000;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No credentials, or wrong ones.
    #[error("not authenticated")]
    Unauthenticated,
    /// Too many failures, or too many secrets to be hashed; the same may be asked again later.
    #[error("too busy to authenticate")]
    Busy {
        /// After how many seconds.
        retry_after_s: u32,
    },
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Unavailable,
}

/// Authenticates callers.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Keyring,
    clock: Clock,
    random: Random,
    right: Cache<[u8; 32], Arc<Right>>,
    wrong: Cache<[u8; 32], Timestamp>,
    failures: Cache<(IpAddr, [u8; 32]), Failures>,
    pool: Pool,
}

/// A pair of account and secret that was right, and when its use was noted last.
struct Right {
    actor: Actor,
    noted_ms: AtomicI64,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

impl Auth {
    /// With a store's accounts and tokens.
    ///
    /// # Errors
    /// When the thread for Argon2id cannot be started.
    pub fn new(store: Store, keyring: Keyring, clock: Clock, random: Random) -> std::io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            store,
            keyring,
            clock,
            random,
            right: Cache::new(REMEMBERED_MAX),
            wrong: Cache::new(REMEMBERED_MAX),
            failures: Cache::new(REMEMBERED_MAX),
            pool: Pool::start()?,
        })))
    }

    /// An operator or gate by its token.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`]; [`AuthError::Unavailable`] where nobody can say whether it was revoked meanwhile.
    pub async fn bearer(&self, token: &str) -> Result<Actor, AuthError> {
        let found = self.0.store.token(&self.0.keyring.hash(token)).await;
        let token = found.map_err(|_| AuthError::Unavailable)?.ok_or(AuthError::Unauthenticated)?;
        Ok(match token.scope {
            TokenScope::Operator => Actor::Operator(token.id),
            TokenScope::Gate { .. } => Actor::Gate(token.id),
        })
    }

    /// An account by its api key or auth id, and one of its secrets or tokens.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn basic(&self, name: &str, secret: &str, from: IpAddr) -> Result<Actor, AuthError> {
        let inner = &*self.0;
        let name = name.to_ascii_lowercase();
        let pair = inner.keyring.fingerprint(&name, secret);
        if let Some(right) = inner.right.get(&pair) {
            inner.note_use(&right);
            return Ok(right.actor);
        }
        // By address and account together, so that nobody can lock out another.
        let place = (from, inner.keyring.fingerprint(&name, ""));
        let now = inner.clock.now();
        inner.check_failures(&place, now)?;
        let known_wrong = inner.wrong.get(&pair).is_some_and(|it| now < it.plus_millis(WRONG_MS));
        let found = if known_wrong { None } else { inner.find(&name, secret).await? };
        match found {
            Some(actor) => {
                let right = Arc::new(Right { actor, noted_ms: AtomicI64::new(i64::MIN) });
                inner.note_use(&right);
                inner.right.insert(pair, right);
                Ok(actor)
            }
            None => {
                if !known_wrong {
                    inner.wrong.insert(pair, now);
                }
                inner.count_failure(place, now);
                Err(AuthError::Unauthenticated)
            }
        }
    }

    /// An account by a secret or token that we made, alone. There are too many of them to be guessed, so failures are not
    /// counted; one that a person chose is not found like this.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn text(&self, secret: &str) -> Result<Actor, AuthError> {
        let inner = &*self.0;
        // No name of a pair has a colon.
        let fingerprint = inner.keyring.fingerprint(":", secret);
        if let Some(right) = inner.right.get(&fingerprint) {
            inner.note_use(&right);
            return Ok(right.actor);
        }
        let verifier = inner.keyring.hash(secret);
        let found = inner.store.read(move |snapshot| snapshot.credential_of(&verifier)).await;
        let found = found.map_err(|_| AuthError::Unavailable)?;
        let (account, credential) = found.ok_or(AuthError::Unauthenticated)?;
        let actor = Actor::Account { account, credential };
        let right = Arc::new(Right { actor, noted_ms: AtomicI64::new(i64::MIN) });
        inner.note_use(&right);
        inner.right.insert(fingerprint, right);
        Ok(actor)
    }

    /// How to recognise a secret that we made.
    pub fn made(&self, secret: &str, may_show_again: bool) -> Proof {
        let sealed = may_show_again.then(|| self.0.keyring.seal(secret, &self.0.random).into());
        Proof { verifier: self.0.keyring.hash(secret).into(), sealed }
    }

    /// How to recognise a secret that a person chose.
    ///
    /// # Errors
    /// [`AuthError::Busy`].
    pub async fn chosen(&self, secret: &str) -> Result<Proof, AuthError> {
        let salt: [u8; 16] = self.0.random.bytes();
        let verifier = self.0.pool.hash(secret.to_owned(), salt).await?;
        Ok(Proof { verifier: verifier.into(), sealed: None })
    }

    /// Which of these credentials has this very text.
    ///
    /// # Errors
    /// [`AuthError::Busy`].
    pub async fn same(
        &self,
        secret: &str,
        credentials: &[StoredCredential],
    ) -> Result<Option<CredentialId>, AuthError> {
        let inner = &*self.0;
        match inner.made_by_us(secret, credentials) {
            Some(credential) => Ok(Some(credential)),
            None => inner.pool.find(secret.to_owned(), chosen_by_people(credentials), 0).await,
        }
    }
}

impl Inner {
    async fn find(&self, name: &str, secret: &str) -> Result<Option<Actor>, AuthError> {
        // Auth ids are capitals, api keys may be; neither has a twin in the other case.
        let name: Option<Name> = name.to_ascii_uppercase().parse().ok();
        let name = name.filter(|it| !matches!(it, Name::Id(_)));
        let found = match name {
            None => None,
            Some(name) => {
                let read = self.store.read(move |snapshot| {
                    let Some(account) = snapshot.named(&name)? else { return Ok(None) };
                    Ok(Some((account, snapshot.credentials(account)?)))
                });
                read.await.map_err(|_| AuthError::Unavailable)?
            }
        };
        let (account, credentials) =
            found.map_or((None, Vec::new()), |(account, list)| (Some(account), list));
        let credential = match self.made_by_us(secret, &credentials) {
            Some(credential) => Some(credential),
            // An unknown account costs what a wrong secret costs: the work of two secrets, whoever has how many.
            None => self.pool.find(secret.to_owned(), chosen_by_people(&credentials), 2).await?,
        };
        Ok(account.zip(credential).map(|(account, credential)| Actor::Account { account, credential }))
    }

    /// Notes that a credential was used, at most once in [`USE_NOTED_MS`].
    fn note_use(&self, right: &Right) {
        let Actor::Account { credential, .. } = right.actor else { return };
        let now = self.clock.now();
        let noted = right.noted_ms.load(Ordering::Relaxed);
        if now.millis().saturating_sub(noted) >= USE_NOTED_MS {
            right.noted_ms.store(now.millis(), Ordering::Relaxed);
            self.store.note_use(credential, now);
        }
    }

    fn made_by_us(&self, secret: &str, credentials: &[StoredCredential]) -> Option<CredentialId> {
        let hash = self.keyring.hash(secret);
        let is_it = |it: &&StoredCredential| bool::from(it.verifier.as_bytes().ct_eq(hash.as_bytes()));
        credentials.iter().find(is_it).map(|it| it.credential.id)
    }

    fn check_failures(&self, place: &(IpAddr, [u8; 32]), now: Timestamp) -> Result<(), AuthError> {
        let Some(failures) = self.failures.get(place) else { return Ok(()) };
        let until = failures.since.plus_millis(FAILURES_MS);
        if failures.count < FAILURES_MAX || now >= until {
            return Ok(());
        }
        let seconds = (until.millis() - now.millis() + 999).div_euclid(1_000);
        Err(AuthError::Busy { retry_after_s: u32::try_from(seconds).unwrap_or(60) })
    }

    fn count_failure(&self, place: (IpAddr, [u8; 32]), now: Timestamp) {
        let counted = self.failures.get(&place).filter(|it| now < it.since.plus_millis(FAILURES_MS));
        let failures = counted.unwrap_or(Failures { count: 0, since: now });
        self.failures.insert(place, Failures { count: failures.count.saturating_add(1), ..failures });
    }
}

/// The credentials that take Argon2id to recognise.
fn chosen_by_people(credentials: &[StoredCredential]) -> Vec<(CredentialId, String)> {
    let chosen = credentials.iter().filter(|it| it.verifier.starts_with('$'));
    chosen.map(|it| (it.credential.id, it.verifier.clone())).collect()
}
