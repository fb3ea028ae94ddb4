//! Opening, changing and closing accounts.

use std::sync::Arc;

use ledger::{
    Account, AccountId, Action, Actor, Alerts, Amount, BalanceMode, CapsChange, CredentialId, CredentialKind,
    Currency, Decision, NewCredential, Once, Outcome, Refusal, SettingChange, Status, TextField, text,
};
use serde::{Deserialize, Serialize};

use super::{App, Error};
use crate::windows;

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
    /// Active or, for a subaccount, suspended from the start.
    pub status: Status,
    /// A secret that a person chose; one is made when nothing is said.
    pub secret: Option<String>,
    /// How much it may spend in a day and a month.
    pub caps: Option<CapsChange>,
    /// At what available amount somebody wants to be told.
    pub alerts: Alerts,
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
    /// What it keeps about itself.
    pub settings: Vec<SettingChange>,
    /// A primary's price plan; `Some(None)` for the default of its currency.
    pub plan: Option<Option<Arc<str>>>,
    /// How much it may spend in a day and a month.
    pub caps: Option<CapsChange>,
    /// All its thresholds anew.
    pub alerts: Option<Alerts>,
}

/// What is sealed with the key of a request, so that a repeat can show it again.
#[derive(Serialize, Deserialize)]
pub(super) struct ShownOnce {
    pub(super) secret: String,
    pub(super) auth_token: String,
}

/// With the time zone's name as IANA writes it; one that there is not stays as it was given, and is refused.
fn in_a_known_zone(change: CapsChange) -> CapsChange {
    let zone = change.zone.map(|it| windows::zone_named(&it).unwrap_or(it));
    CapsChange { zone, ..change }
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
        let caps = new.caps.map(in_a_known_zone);
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
            NewCredential { id, kind, proof, limits: None }
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
                status: new.status,
                alerts: new.alerts,
                credentials: credentials.clone(),
                subaccounts_max: inner.settings.subaccounts_max,
                caps: caps.clone(),
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

    pub(super) fn sealing(&self, once: Once, shown: &ShownOnce) -> Once {
        // Two strings always have a JSON text.
        let text = serde_json::to_string(shown).unwrap_or_default();
        Once { sealed: Some(self.0.keyring.seal(&text, &self.0.random).into()), ..once }
    }

    pub(super) fn unsealed(&self, outcome: &Outcome) -> Result<Option<ShownOnce>, Error> {
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
        let AccountChange { name, credit_limit, status, mode, settings, plan, caps, alerts } = change;
        let caps = caps.map(in_a_known_zone);
        let action =
            Action::ChangeAccount { account, name, credit_limit, status, mode, settings, plan, caps, alerts };
        let outcome = self.submit(by, once, action).await?;
        outcome.account_record().cloned().ok_or(Error::Fault)
    }

    /// Closes an account for good; what it has goes to its heir, or with `cascade` what it owns is given up.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::CloseAccount`].
    pub async fn close_account(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        cascade: bool,
    ) -> Result<Outcome, Error> {
        self.submit(by, once, Action::CloseAccount { account, cascade }).await
    }

    /// What closing an account now would do. A key of the request is looked at and not bound.
    ///
    /// # Errors
    /// [`Error`], as [`App::close_account`] would say.
    pub async fn try_closing(
        &self,
        by: Actor,
        once: Option<&Once>,
        account: AccountId,
        cascade: bool,
    ) -> Result<Decision, Error> {
        if once.is_some_and(|it| !text::is_key(&it.key)) {
            return Err(Refusal::InvalidText(TextField::Key).into());
        }
        self.try_out(by, Action::CloseAccount { account, cascade }).await
    }
}
