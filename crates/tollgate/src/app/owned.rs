//! What an account owns, as the Plivo dialect sees it: subaccounts with their tokens, applications and endpoints.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Action, Actor, Application, ApplicationId, Defaults, Endpoint, EndpointId, Once,
    Outcome, Record, Refusal, SettingChange, Status, authority,
};

use super::read::{managed, visible};
use super::{App, AuthTokens, Error};
use crate::store::{Listed, Owners, Slice, Snapshot, StoredCredential};

/// How often other digits are proposed before we give up: of ten million endpoints one in ten million is taken.
const PROPOSALS_MAX: usize = 8;
/// How many digits are put behind the username that was asked for.
const USERNAME_DIGITS: usize = 12;

/// Whose things are meant.
#[derive(Clone, Copy, Debug)]
pub enum OwnedBy {
    /// Those of one account.
    Account(AccountId),
    /// Those of a primary and of its subaccounts.
    Family(AccountId),
}

impl OwnedBy {
    /// The account that must be visible to whoever asks.
    pub(super) const fn account(self) -> AccountId {
        match self {
            Self::Account(account) | Self::Family(account) => account,
        }
    }

    pub(super) const fn owners(self) -> Owners {
        match self {
            Self::Account(account) => Owners::Account(account),
            Self::Family(account) => Owners::Family(account),
        }
    }
}

/// A thing and the account that it belongs to.
#[derive(Clone, Debug)]
pub struct Shown<T> {
    /// The thing.
    pub it: T,
    /// Whose it is.
    pub owner: Arc<Account>,
}

/// An endpoint, and what is shown in place of its password.
#[derive(Clone, Debug)]
pub struct ShownEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The MD5 of its password, in hex; empty for a restricted key.
    pub password_md5: String,
}

/// A subaccount and its auth tokens.
#[derive(Clone, Debug)]
pub struct ShownSubaccount {
    /// The subaccount.
    pub account: Account,
    /// Its tokens; empty for a restricted key.
    pub tokens: AuthTokens,
}

/// An application to be.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// Whose it is.
    pub owner: AccountId,
    /// What people call it.
    pub name: Arc<str>,
    /// What it is taken for when nothing is said.
    pub defaults: Defaults,
    /// Its addresses.
    pub settings: Vec<SettingChange>,
}

/// What is to be different about an application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationChange {
    /// Another account of the family that is to have it.
    pub owner: Option<AccountId>,
    /// Whether it is taken for the owner's new numbers.
    pub for_numbers: Option<bool>,
    /// Whether it is taken for the owner's new endpoints.
    pub for_endpoints: Option<bool>,
    /// Its addresses.
    pub settings: Vec<SettingChange>,
}

/// An endpoint to be.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Whose it is.
    pub owner: AccountId,
    /// What its username begins with.
    pub username: String,
    /// What people call it.
    pub alias: Arc<str>,
    /// The MD5 of its password, in hex.
    pub password_md5: String,
    /// What answers it.
    pub application: Option<ApplicationId>,
}

/// What is to be different about an endpoint.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Another account of the family that is to have it.
    pub owner: Option<AccountId>,
    /// What people call it.
    pub alias: Option<Arc<str>>,
    /// The MD5 of its password, in hex.
    pub password_md5: Option<String>,
    /// What answers it; `Some(None)` for nothing.
    pub application: Option<Option<ApplicationId>>,
}

impl App {
    /// A part of a primary's subaccounts, the newest first.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`ledger::authority::managing`].
    pub async fn newest_subaccounts(
        &self,
        by: Actor,
        primary: AccountId,
        slice: Slice,
    ) -> Result<Listed<ShownSubaccount>, Error> {
        let listed = self
            .see(by, move |snapshot| {
                if let Err(refusal) = managed(snapshot, &by, primary)? {
                    return Ok(Err(refusal));
                }
                let Listed { total, rows } = snapshot.newest_subaccounts(primary, slice)?;
                let rows = rows.into_iter().map(|it| {
                    let stored = snapshot.credentials(it.id)?;
                    Ok((it, stored))
                });
                let rows: crate::store::Result<Vec<_>> = rows.collect();
                Ok(Ok((Listed { total, rows: rows? }, may_see_secrets(snapshot))))
            })
            .await?;
        let (Listed { total, rows }, may_see_secrets) = listed;
        let rows = rows.into_iter().map(|(account, stored)| self.shown(account, &stored, may_see_secrets));
        Ok(Listed { total, rows: rows.collect::<Result<_, _>>()? })
    }

    /// One of a primary's subaccounts.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`ledger::authority::managing`]; [`Refusal::AccountNotFound`] for one that is not its
    /// own, or closed.
    pub async fn subaccount(
        &self,
        by: Actor,
        primary: AccountId,
        id: AccountId,
    ) -> Result<ShownSubaccount, Error> {
        let (account, stored, may_see_secrets) = self
            .see(by, move |snapshot| {
                if let Err(refusal) = managed(snapshot, &by, primary)? {
                    return Ok(Err(refusal));
                }
                let account = snapshot.account(id)?;
                let is_its = |it: &Account| {
                    let is_reached = authority::reaches(snapshot.limits(), &by, id).is_ok();
                    it.parent == Some(primary) && it.status != Status::Closed && is_reached
                };
                match account.filter(is_its) {
                    Some(account) => Ok(Ok((account, snapshot.credentials(id)?, may_see_secrets(snapshot)))),
                    None => Ok(Err(Refusal::AccountNotFound(id))),
                }
            })
            .await?;
        self.shown(account, &stored, may_see_secrets)
    }

    /// Whether the calling account's family pays later: its primary has a credit limit, and is not out of reach.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn has_credit(&self, by: Actor) -> Result<bool, Error> {
        let id = by.account().ok_or(Error::Unauthenticated)?;
        self.see(by, move |snapshot| {
            let Some(account) = snapshot.account(id)? else { return Ok(Err(Refusal::AccountNotFound(id))) };
            let primary = snapshot.account(account.primary())?.filter(|it| snapshot.reaches(it.id));
            Ok(Ok(primary.is_some_and(|it| !it.standing.credit_limit.is_zero())))
        })
        .await
    }

    fn shown(
        &self,
        account: Account,
        stored: &[StoredCredential],
        may_see_secrets: bool,
    ) -> Result<ShownSubaccount, Error> {
        let hidden = AuthTokens { current: String::new(), coming: String::new() };
        let tokens = if may_see_secrets { self.auth_tokens(stored)? } else { hidden };
        Ok(ShownSubaccount { tokens, account })
    }

    /// Makes an application.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::MakeApplication`].
    pub async fn make_application(
        &self,
        by: Actor,
        once: Option<Once>,
        new: NewApplication,
    ) -> Result<Application, Error> {
        let NewApplication { owner, name, defaults, settings } = new;
        for _ in 0..PROPOSALS_MAX {
            let application = ApplicationId::from_random(u64::from_be_bytes(self.0.random.bytes()));
            let (name, settings) = (name.clone(), settings.clone());
            let action = Action::MakeApplication { application, owner, name, defaults, settings };
            match self.submit(by, once.clone(), action).await {
                Err(Error::Refused(Refusal::NameTaken)) => {}
                outcome => return application_record(&outcome?),
            }
        }
        tracing::error!("every proposed id of an application was taken");
        Err(Error::Fault)
    }

    /// Changes what is given of an application, all or nothing.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ChangeApplication`].
    pub async fn change_application(
        &self,
        by: Actor,
        once: Option<Once>,
        application: ApplicationId,
        change: ApplicationChange,
    ) -> Result<Application, Error> {
        let ApplicationChange { owner, for_numbers, for_endpoints, settings } = change;
        let action = Action::ChangeApplication { application, owner, for_numbers, for_endpoints, settings };
        application_record(&self.submit(by, once, action).await?)
    }

    /// Deletes an application.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::DeleteApplication`].
    pub async fn delete_application(
        &self,
        by: Actor,
        once: Option<Once>,
        application: ApplicationId,
        cascade: bool,
        successor: Option<ApplicationId>,
    ) -> Result<(), Error> {
        self.submit(by, once, Action::DeleteApplication { application, cascade, successor }).await.map(drop)
    }

    /// Applications, the latest made first, perhaps only those with this name.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn applications(
        &self,
        by: Actor,
        of: OwnedBy,
        name: Option<String>,
        slice: Slice,
    ) -> Result<Listed<Shown<Application>>, Error> {
        self.see(by, move |snapshot| {
            if let Err(refusal) = visible(snapshot, &by, of.account())? {
                return Ok(Err(refusal));
            }
            let listed = snapshot.applications(of.owners(), name.as_deref(), slice)?;
            with_owners(snapshot, listed, |it| Some(it.owner)).map(Ok)
        })
        .await
    }

    /// One application, for those who keep what its owner owns.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::ApplicationNotFound`] for what is unknown and foreign alike.
    pub async fn application(&self, by: Actor, id: ApplicationId) -> Result<Shown<Application>, Error> {
        self.see(by, move |snapshot| {
            let Some(it) = snapshot.application(id)? else {
                return Ok(Err(Refusal::ApplicationNotFound(id)));
            };
            Ok(match visible(snapshot, &by, it.owner)? {
                Ok(owner) => Ok(Shown { it, owner: Arc::new(owner) }),
                Err(_) => Err(Refusal::ApplicationNotFound(id)),
            })
        })
        .await
    }

    /// Makes an endpoint, whose username is what was asked for and digits behind it.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::MakeEndpoint`].
    pub async fn make_endpoint(
        &self,
        by: Actor,
        once: Option<Once>,
        new: NewEndpoint,
    ) -> Result<Endpoint, Error> {
        let NewEndpoint { owner, username, alias, password_md5, application } = new;
        let password: Arc<[u8]> = self.0.keyring.seal(&password_md5, &self.0.random).into();
        for _ in 0..PROPOSALS_MAX {
            let [id, digits] = [(); 2].map(|()| u64::from_be_bytes(self.0.random.bytes()));
            let digits = format!("{digits:020}");
            let digits = digits.get(digits.len() - USERNAME_DIGITS..).unwrap_or_default();
            let action = Action::MakeEndpoint {
                endpoint: EndpointId::from_random(id),
                owner,
                username: format!("{username}{digits}").into(),
                alias: alias.clone(),
                password: password.clone(),
                application,
            };
            match self.submit(by, once.clone(), action).await {
                Err(Error::Refused(Refusal::NameTaken)) => {}
                outcome => return endpoint_record(&outcome?),
            }
        }
        tracing::error!("every proposed name of an endpoint was taken");
        Err(Error::Fault)
    }

    /// Changes what is given of an endpoint, all or nothing.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::ChangeEndpoint`].
    pub async fn change_endpoint(
        &self,
        by: Actor,
        once: Option<Once>,
        endpoint: EndpointId,
        change: EndpointChange,
    ) -> Result<Endpoint, Error> {
        let EndpointChange { owner, alias, password_md5, application } = change;
        let password = password_md5.map(|it| self.0.keyring.seal(&it, &self.0.random).into());
        let action = Action::ChangeEndpoint { endpoint, owner, alias, password, application };
        endpoint_record(&self.submit(by, once, action).await?)
    }

    /// Deletes an endpoint.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::DeleteEndpoint`].
    pub async fn delete_endpoint(
        &self,
        by: Actor,
        once: Option<Once>,
        endpoint: EndpointId,
    ) -> Result<(), Error> {
        self.submit(by, once, Action::DeleteEndpoint { endpoint }).await.map(drop)
    }

    /// Endpoints, the latest made first.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn endpoints(
        &self,
        by: Actor,
        of: OwnedBy,
        slice: Slice,
    ) -> Result<Listed<Shown<ShownEndpoint>>, Error> {
        let listed = self
            .see(by, move |snapshot| {
                if let Err(refusal) = visible(snapshot, &by, of.account())? {
                    return Ok(Err(refusal));
                }
                let listed = snapshot.endpoints(of.owners(), slice)?;
                let listed = with_owners(snapshot, listed, |it| Some(it.0.owner))?;
                Ok(Ok((listed, may_see_secrets(snapshot))))
            })
            .await?;
        let (listed, may_see_secrets) = listed;
        let rows = listed.rows.into_iter().map(|it| self.shown_endpoint(it, may_see_secrets));
        Ok(Listed { total: listed.total, rows: rows.collect::<Result<_, _>>()? })
    }

    /// One endpoint, for those who keep what its owner owns.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::EndpointNotFound`] for what is unknown and foreign alike.
    pub async fn endpoint(&self, by: Actor, id: EndpointId) -> Result<Shown<ShownEndpoint>, Error> {
        let (found, may_see_secrets) = self
            .see(by, move |snapshot| {
                let Some(it) = snapshot.endpoint(id)? else { return Ok(Err(Refusal::EndpointNotFound(id))) };
                Ok(match visible(snapshot, &by, it.0.owner)? {
                    Ok(owner) => Ok((Shown { it, owner: Arc::new(owner) }, may_see_secrets(snapshot))),
                    Err(_) => Err(Refusal::EndpointNotFound(id)),
                })
            })
            .await?;
        self.shown_endpoint(found, may_see_secrets)
    }

    fn shown_endpoint(
        &self,
        shown: Shown<(Endpoint, Vec<u8>)>,
        may_see_secrets: bool,
    ) -> Result<Shown<ShownEndpoint>, Error> {
        let Shown { it: (endpoint, sealed), owner } = shown;
        let password_md5 = match may_see_secrets {
            true => self.0.keyring.open_sealed(&sealed).ok_or(Error::Fault)?,
            false => String::new(),
        };
        Ok(Shown { it: ShownEndpoint { endpoint, password_md5 }, owner })
    }
}

/// However it is limited, a restricted key is shown no secret.
fn may_see_secrets(snapshot: &Snapshot<'_>) -> bool {
    snapshot.limits().is_none()
}

/// A list with the owner of each entry; most of a list have the same few.
pub(super) fn with_owners<T>(
    snapshot: &Snapshot<'_>,
    listed: Listed<T>,
    owner_of: impl Fn(&T) -> Option<AccountId>,
) -> crate::store::Result<Listed<Shown<T>>> {
    let mut owners: HashMap<AccountId, Arc<Account>> = HashMap::new();
    let mut rows = Vec::with_capacity(listed.rows.len());
    for it in listed.rows {
        let Some(id) = owner_of(&it) else { continue };
        let owner = match owners.get(&id) {
            Some(owner) => owner.clone(),
            None => {
                let Some(owner) = snapshot.account(id)? else { continue };
                let owner = Arc::new(owner);
                owners.insert(id, owner.clone());
                owner
            }
        };
        rows.push(Shown { it, owner });
    }
    Ok(Listed { total: listed.total, rows })
}

fn application_record(outcome: &Outcome) -> Result<Application, Error> {
    match outcome.record.as_deref() {
        Some(Record::Application(application)) => Ok(application.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}

fn endpoint_record(outcome: &Outcome) -> Result<Endpoint, Error> {
    match outcome.record.as_deref() {
        Some(Record::Endpoint(endpoint)) => Ok(endpoint.clone()),
        Some(_) | None => Err(Error::Fault),
    }
}
