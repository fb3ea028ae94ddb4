//! Accounts, credentials and tokens.

use std::sync::Arc;

use ledger::account::Country;
use ledger::{
    Account, AccountId, Action, Actor, Amount, BalanceMode, Credential, CredentialId, CredentialKind,
    Currency, NewCredential, Number, Once, Outcome, Record, Refusal, Status, Token, TokenId, TokenScope,
};
use serde::{Deserialize, Serialize};

use super::{App, Error};

/// How often another name is proposed before we give up: at a million accounts one in 4,000 is taken.
const PROPOSALS_MAX: usize = 8;

/// An account to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The primary to open it under; `None` opens a primary.
    pub parent: Option<AccountId>,
    /// What people call it.
    pub name: Arc<str>,
    /// EUR, or the family's, when nothing is said.
    pub currency: Option<Currency>,
    /// A primary's credit limit.
    pub credit_limit: Amount,
    /// Own or shared.
    pub mode: BalanceMode,
    /// A secret that a person chose; one is made when nothing is said.
    pub secret: Option<String>,
}

/// An account that was opened, and its credentials, which are shown this once.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The account.
    pub account: Account,
    /// Its api secret.
    pub secret: String,
    /// Its auth token.
    pub auth_token: String,
}

/// What is to be different about an account.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A new name.
    pub name: Option<Arc<str>>,
    /// A primary's new credit limit.
    pub credit_limit: Option<Amount>,
    /// Active or suspended.
    pub status: Option<Status>,
    /// Own, for one that shares.
    pub mode: Option<BalanceMode>,
}

/// What is sealed with the key of a request, so that a repeat can show it again.
#[derive(Serialize, Deserialize)]
struct ShownOnce {
    secret: String,
    auth_token: String,
}

impl App {
    /// Opens a primary account, or a subaccount.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::OpenAccount`].
    pub async fn open_account(
        &self,
        by: Actor,
        once: Option<Once>,
        new: NewAccount,
    ) -> Result<Opened, Error> {
        let inner = &*self.0;
        let auth_token = inner.random.auth_token();
        let (secret, secret_proof) = match new.secret {
            Some(secret) => {
                let proof = inner.auth.chosen(&secret).await?;
                (secret, proof)
            }
            None => {
                let secret = inner.random.secret();
                let proof = inner.auth.made(&secret, false);
                (secret, proof)
            }
        };
        let token_proof = inner.auth.made(&auth_token, true);
        let shown = ShownOnce { secret, auth_token };
        let once = once.map(|it| self.sealing(it, &shown));
        let credential = |kind, proof| {
            let id = CredentialId::from_bytes(inner.random.uuid(inner.clock.now()));
            NewCredential { id, kind, proof }
        };
        let credentials = vec![
            credential(CredentialKind::Secret, secret_proof),
            credential(CredentialKind::Token, token_proof),
        ];
        for _ in 0..PROPOSALS_MAX {
            let action = Action::OpenAccount {
                account: AccountId::from_bytes(inner.random.uuid(inner.clock.now())),
                parent: new.parent,
                api_key: inner.random.api_key(),
                auth_id: inner.random.auth_id(new.parent.is_none()).ok_or(Error::Fault)?,
                name: new.name.clone(),
                currency: new.currency,
                credit_limit: new.credit_limit,
                mode: new.mode,
                credentials: credentials.clone(),
                subaccounts_max: inner.settings.subaccounts_max,
            };
            match self.submit(by, once.clone(), action).await {
                Err(Error::Refused(Refusal::NameTaken)) => {}
                Err(error) => return Err(error),
                Ok(outcome) => return self.opened(&outcome, shown),
            }
        }
        tracing::error!("every proposed name of an account was taken");
        Err(Error::Fault)
    }

    /// A repeat shows the secrets of the first time, not those that were made in vain.
    fn opened(&self, outcome: &Outcome, shown: ShownOnce) -> Result<Opened, Error> {
        let account = outcome.account_record().ok_or(Error::Fault)?.clone();
        let ShownOnce { secret, auth_token } = self.unsealed(outcome)?.unwrap_or(shown);
        Ok(Opened { account, secret, auth_token })
    }

    fn sealing(&self, once: Once, shown: &ShownOnce) -> Once {
        // Two strings always have a JSON text.
        let text = serde_json::to_string(shown).unwrap_or_default();
        Once { sealed: Some(self.0.keyring.seal(&text, &self.0.random).into()), ..once }
    }

    fn unsealed(&self, outcome: &Outcome) -> Result<Option<ShownOnce>, Error> {
        let Some(sealed) = outcome.once.as_ref().and_then(|it| it.sealed.as_ref()) else { return Ok(None) };
        let text = self.0.keyring.open_sealed(sealed).ok_or(Error::Fault)?;
        serde_json::from_str(&text).map(Some).map_err(|_| Error::Fault)
    }

    /// Changes what is given of an account, all or nothing.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ChangeAccount`].
    pub async fn change_account(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        change: AccountChange,
    ) -> Result<Account, Error> {
        let AccountChange { name, credit_limit, status, mode } = change;
        let action = Action::ChangeAccount { account, name, credit_limit, status, mode };
        let outcome = self.submit(by, once, action).await?;
        outcome.account_record().cloned().ok_or(Error::Fault)
    }

    /// Adds a secret that a person chose.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::AddCredential`].
    pub async fn add_secret(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        secret: &str,
    ) -> Result<Credential, Error> {
        // Who may not see the account must not learn from the time it takes what secrets it has.
        let stored = self.stored_credentials(by, account).await?;
        let inner = &*self.0;
        // Under a key it may be the very secret that the first request added: then the ledger gives the first answer.
        let same_as = inner.auth.same(secret, &stored).await?;
        let proof = inner.auth.chosen(secret).await?;
        let id = CredentialId::from_bytes(inner.random.uuid(inner.clock.now()));
        let credential = NewCredential { id, kind: CredentialKind::Secret, proof };
        let outcome = self.submit(by, once, Action::AddCredential { account, credential, same_as }).await?;
        match outcome.record {
            Some(Record::Credential(credential)) => Ok(credential),
            Some(Record::Account(_) | Record::Hold(_) | Record::Number(_) | Record::Token(_)) | None => {
                Err(Error::Fault)
            }
        }
    }

    /// Revokes a credential. It is dead when this returns.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RevokeCredential`].
    pub async fn revoke_credential(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        credential: CredentialId,
    ) -> Result<(), Error> {
        self.submit(by, once, Action::RevokeCredential { account, credential }).await.map(drop)
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
        let outcome = self.submit(by, once, Action::MakeToken { token, scope, proof }).await?;
        let text = self.unsealed(&outcome)?.unwrap_or(shown).secret;
        Ok((token_record(&outcome)?, text))
    }

    /// Revokes an operator or gate token. It is dead when this returns.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::RevokeToken`].
    pub async fn revoke_token(&self, by: Actor, once: Option<Once>, token: TokenId) -> Result<Token, Error> {
        token_record(&self.submit(by, once, Action::RevokeToken { token }).await?)
    }

    /// Gives a number to an account.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::GiveNumber`].
    pub async fn give_number(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        country: Country,
        msisdn: Arc<str>,
    ) -> Result<Number, Error> {
        number_record(&self.submit(by, once, Action::GiveNumber { account, country, msisdn }).await?)
    }

    /// Moves a number between two accounts of a family.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::TransferNumber`].
    pub async fn transfer_number(
        &self,
        by: Actor,
        once: Option<Once>,
        primary: AccountId,
        sides: (AccountId, AccountId),
        country: Option<Country>,
        msisdn: Arc<str>,
    ) -> Result<Number, Error> {
        let (from, to) = sides;
        let action = Action::TransferNumber { primary, from, to, country, msisdn };
        number_record(&self.submit(by, once, action).await?)
    }
}

fn token_record(outcome: &Outcome) -> Result<Token, Error> {
    match outcome.record {
        Some(Record::Token(token)) => Ok(token),
        Some(Record::Account(_) | Record::Hold(_) | Record::Number(_) | Record::Credential(_)) | None => {
            Err(Error::Fault)
        }
    }
}

fn number_record(outcome: &Outcome) -> Result<Number, Error> {
    match &outcome.record {
        Some(Record::Number(number)) => Ok(number.clone()),
        Some(Record::Account(_) | Record::Hold(_) | Record::Token(_) | Record::Credential(_)) | None => {
            Err(Error::Fault)
        }
    }
}
