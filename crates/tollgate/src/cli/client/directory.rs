//! By which names people know the accounts that answers name by their ids.

use std::collections::{BTreeSet, HashMap};

use super::super::Ended;
use super::pages::Pages;
use super::records::{Account, AccountsPage};
use super::session::Session;
use super::text::{encoded, visible};

/// So many accounts are asked for one by one; for more, their whole family is read, a thousand with each request.
const SINGLE_MAX: usize = 20;

/// The accounts that were looked up, by id. One that could not be has no entry's names.
pub(super) struct Directory {
    /// The account whose family they are mostly of.
    of: Account,
    known: HashMap<String, Option<Account>>,
    has_family: bool,
}

impl Directory {
    /// Of the family of an account.
    pub(super) fn new(of: Account) -> Self {
        let known = HashMap::from([(of.id.clone(), Some(of.clone()))]);
        Self { of, known, has_family: false }
    }

    /// The account whose family it is.
    pub(super) const fn of(&self) -> &Account {
        &self.of
    }

    /// Looks up those that are not known yet. Where the caller may not see one, its id is all that there is.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) async fn look_up<'a>(
        &mut self,
        session: &mut Session,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<(), Ended> {
        let mut unknown: BTreeSet<&str> = ids.filter(|it| !self.known.contains_key(*it)).collect();
        if unknown.len() > SINGLE_MAX && self.of.is_primary() && !self.has_family {
            self.has_family = true;
            let mut pages = Pages::whole("/api/v1/accounts", [("parent", Some(self.of.id.clone()))]);
            while let Some(page) = pages.page::<AccountsPage>(session).await? {
                self.known.extend(page.accounts.into_iter().map(|it| (it.id.clone(), Some(it))));
            }
            unknown.retain(|it| !self.known.contains_key(*it));
        }
        for id in unknown {
            let found = match account(session, id).await {
                Ok(found) => Some(found),
                Err(ended) if matches!(ended.code, super::NOT_FOUND | super::NOT_ALLOWED) => None,
                Err(ended) => return Err(ended),
            };
            self.known.insert(id.to_owned(), found);
        }
        Ok(())
    }

    /// The api key of an account, or its id.
    pub(super) fn key<'a>(&'a self, id: &'a str) -> &'a str {
        self.known.get(id).and_then(Option::as_ref).map_or(id, |it| &it.api_key)
    }

    /// What an account is called, where that is known.
    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.known.get(id).and_then(Option::as_ref).map(|it| &*it.name)
    }

    /// What it is called and its api key, or its id.
    pub(super) fn label(&self, id: &str) -> String {
        let known = self.known.get(id).and_then(Option::as_ref);
        known.map_or_else(|| visible(id).into_owned(), Account::label)
    }
}

/// Reads an account by any of its names.
///
/// # Errors
/// By what went wrong.
pub(super) async fn account(session: &mut Session, name: &str) -> Result<Account, Ended> {
    session.get(account_path(name)).await?.read()
}

/// Where an account is.
pub(super) fn account_path(name: &str) -> String {
    format!("/api/v1/accounts/{}", encoded(name))
}
