//! What authenticates accounts, the operator and gates.

use std::sync::Arc;

use ledger::{
    AccountId, Action, Actor, Credential, CredentialId, CredentialKind, Limits, NewCredential, Once, Outcome,
    Record, Status, Timestamp, Token, TokenId, TokenScope,
};

use super::accounts::ShownOnce;
use super::{App, Error};
use crate::store::StoredCredential;

/// A credential to be.
#[derive(Clone, Debug)]
pub struct AddedCredential {
    /// Of which account.
    pub account: AccountId,
    /// Secret or token.
    pub kind: CredentialKind,
    /// The text of a secret that a person chose; one is made when nothing is said.
    pub text: Option<String>,
    /// What it may do at most.
    pub limits: Option<Limits>,
}

/// A credential, and when it was used last, to the minute.
#[derive(Clone, Debug)]
pub struct UsedCredential {
    /// Which.
    pub credential: Credential,
    /// When.
    pub used_at: Option<Timestamp>,
}

/// The auth tokens of an account, which the Plivo dialect shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthTokens {
    /// The one to use.
    pub current: String,
    /// The one that takes its place; the same while no rotation runs.
    pub coming: String,
}

impl App {
    /// Adds a credential. Its text is in the answer this once.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::AddCredential`].
    pub async fn add_credential(
        &self,
        by: Actor,
        once: Option<Once>,
        new: AddedCredential,
    ) -> Result<(Credential, String), Error> {
        let account = new.account;
        let action = |credential, same_as| Action::AddCredential { account, credential, same_as };
        self.new_credential(by, once, new, action).await
    }

    /// Adds a credential and has all others of its kind end after `overlap_ms`; its text is in the answer this once.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RotateCredential`].
    pub async fn rotate_credential(
        &self,
        by: Actor,
        once: Option<Once>,
        new: AddedCredential,
        overlap_ms: i64,
    ) -> Result<(Credential, String), Error> {
        let account = new.account;
        let action =
            |credential, same_as| Action::RotateCredential { account, credential, same_as, overlap_ms };
        self.new_credential(by, once, new, action).await
    }

    async fn new_credential(
        &self,
        by: Actor,
        once: Option<Once>,
        new: AddedCredential,
        action: impl FnOnce(NewCredential, Option<CredentialId>) -> Action,
    ) -> Result<(Credential, String), Error> {
        let AddedCredential { account, kind, text, limits } = new;
        let limits = limits.map(Arc::new);
        let inner = &*self.0;
        let (text, proof, same_as) = match (text, kind) {
            (Some(text), _) => {
                // Who may not see the account must not learn from the time it takes what secrets it has.
                let stored = self.stored_credentials(by, account).await?;
                // Under a key it may be the very secret that the first request added: then the ledger gives the first
                // answer.
                let same_as = inner.auth.same(&text, &stored).await?;
                let proof = inner.auth.chosen(&text).await?;
                (text, proof, same_as)
            }
            (None, CredentialKind::Secret) => {
                let text = inner.random.secret();
                let proof = inner.auth.made(&text, false);
                (text, proof, None)
            }
            (None, CredentialKind::Token) => {
                let text = inner.random.auth_token();
                // The Plivo dialect shows an account's own tokens again, and no restricted one is.
                let proof = inner.auth.made(&text, limits.is_none());
                (text, proof, None)
            }
        };
        let shown = ShownOnce { secret: text, auth_token: String::new() };
        let once = once.map(|it| self.sealing(it, &shown));
        let id = CredentialId::from_bytes(inner.random.uuid(inner.clock.now()));
        let outcome =
            self.submit(by, once, action(NewCredential { id, kind, proof, limits }, same_as)).await?;
        let text = self.unsealed(&outcome)?.unwrap_or(shown).secret;
        Ok((credential_record(&outcome)?, text))
    }

    /// Revokes a credential. It is dead when this returns; also says since when.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RevokeCredential`].
    pub async fn revoke_credential(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        credential: CredentialId,
    ) -> Result<(Credential, Timestamp), Error> {
        let outcome = self.submit(by, once, Action::RevokeCredential { account, credential }).await?;
        Ok((credential_record(&outcome)?, outcome.at))
    }

    /// The live credentials of an account, oldest first.
    ///
    /// # Errors
    /// [`Error`]; [`ledger::Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn credentials(&self, by: Actor, id: AccountId) -> Result<Vec<UsedCredential>, Error> {
        let stored = self.stored_credentials(by, id).await?;
        let used = stored.into_iter().map(|StoredCredential { credential, used_at, .. }| {
            let used_at = self.0.store.noted_use(credential.id).or(used_at);
            UsedCredential { credential, used_at }
        });
        Ok(used.collect())
    }

    /// Opens the auth tokens among an account's stored credentials.
    pub(super) fn auth_tokens(&self, stored: &[StoredCredential]) -> Result<AuthTokens, Error> {
        let now = self.0.clock.now();
        let is_its = |it: &&StoredCredential| {
            let it = &it.credential;
            it.kind == CredentialKind::Token && it.limits.is_none() && it.lives_at(now)
        };
        let mut live: Vec<_> = stored.iter().filter(is_its).collect();
        // One whose end is set is what the other takes the place of, whatever the clock said when they were made.
        live.sort_by_key(|it| it.credential.expires_at.is_none());
        let mut live = live.into_iter();
        let open = |it: &StoredCredential| {
            it.sealed.as_ref().and_then(|it| self.0.keyring.open_sealed(it)).ok_or(Error::Fault)
        };
        let current = open(live.next().ok_or(Error::Fault)?)?;
        let coming = match live.next_back() {
            Some(coming) => open(coming)?,
            None => current.clone(),
        };
        Ok(AuthTokens { current, coming })
    }

    /// Revokes every credential whose end has come. It is dead already; this writes it down.
    ///
    /// # Errors
    /// [`Error::Unavailable`], and some may be left.
    pub async fn expire_due_credentials(&self) -> Result<(), Error> {
        self.expire_overdue_credentials(0).await
    }

    /// Revokes every credential whose end came so many milliseconds ago or before.
    ///
    /// # Errors
    /// [`Error::Unavailable`], and some may be left.
    pub async fn expire_overdue_credentials(&self, ago_ms: i64) -> Result<(), Error> {
        const AT_ONCE: usize = 1_000;
        let now = self.0.clock.now().plus_millis(-ago_ms);
        let due = self.0.store.read(move |snapshot| snapshot.due_credentials(now, AT_ONCE)).await?;
        for (account, credential) in due {
            match self.submit(Actor::Server, None, Action::ExpireCredential { account, credential }).await {
                // Revoked in the meantime: just as well.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes an operator or gate token; its text is shown this once.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::MakeToken`].
    pub async fn make_token(
        &self,
        by: Actor,
        once: Option<Once>,
        scope: TokenScope,
        limits: Option<Limits>,
    ) -> Result<(Token, String), Error> {
        let inner = &*self.0;
        let text = inner.random.token(match scope {
            TokenScope::Operator => "tgo_",
            TokenScope::Gate { .. } => "tgg_",
        });
        let shown = ShownOnce { secret: text, auth_token: String::new() };
        let once = once.map(|it| self.sealing(it, &shown));
        let token = TokenId::from_bytes(inner.random.uuid(inner.clock.now()));
        let proof = inner.auth.made(&shown.secret, false);
        let action = Action::MakeToken { token, scope, proof, limits: limits.map(Arc::new) };
        let outcome = self.submit(by, once, action).await?;
        let text = self.unsealed(&outcome)?.unwrap_or(shown).secret;
        Ok((token_record(&outcome)?, text))
    }

    /// Within how many milliseconds a token that was made or revoked is so on every node; 0 where it is so when that returns.
    pub fn tokens_in_force_within_ms(&self) -> u64 {
        u64::try_from(self.0.store.tokens_in_force_within().as_millis()).unwrap_or(u64::MAX)
    }

    /// Revokes an operator or gate token. On this node it is dead when this returns, on others as
    /// [`App::tokens_in_force_within_ms`] says.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RevokeToken`].
    pub async fn revoke_token(&self, by: Actor, once: Option<Once>, token: TokenId) -> Result<Token, Error> {
        token_record(&self.submit(by, once, Action::RevokeToken { token }).await?)
    }

    pub(super) async fn stored_credentials(
        &self,
        by: Actor,
        id: AccountId,
    ) -> Result<Vec<StoredCredential>, Error> {
        let now = self.0.clock.now();
        self.see(by, move |snapshot| {
            Ok(match super::read::visible(snapshot, &by, id)? {
                Ok(account) if account.status != Status::Closed => {
                    let mut stored = snapshot.credentials(id)?;
                    stored.retain(|it| it.credential.lives_at(now));
                    Ok(match snapshot.limits() {
                        None => stored,
                        Some(limits) => stored.into_iter().map(|it| it.seen_by(limits)).collect(),
                    })
                }
                Ok(_) => Err(ledger::Refusal::AccountClosed(id)),
                Err(refusal) => Err(refusal),
            })
        })
        .await
    }
}

fn credential_record(outcome: &Outcome) -> Result<Credential, Error> {
    match outcome.record.as_deref() {
        Some(Record::Credential(credential)) => Ok(credential.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}

fn token_record(outcome: &Outcome) -> Result<Token, Error> {
    match outcome.record.as_deref() {
        Some(Record::Token(token)) => Ok(token.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}
