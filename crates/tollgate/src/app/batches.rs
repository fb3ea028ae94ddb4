//! Many charges, settles and reversals in one request, each decided for itself.

use std::borrow::Cow;
use std::sync::Arc;

use ledger::{AccountId, Action, Actor, Amount, Command, LineId, Once, Outcome, Refusal};

use super::refusals::Attempt;
use super::{App, Error};
use crate::store::{ExecuteError, Name};

/// One of many, and the key under which it happens once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed<'a> {
    /// The caller's text.
    pub key: Cow<'a, str>,
    /// What is asked.
    pub item: Item<'a>,
}

/// What one of many asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// As [`App::charge`].
    Charge {
        /// One of the names of the account that calls.
        account: Cow<'a, str>,
        /// How much.
        amount: Amount,
        /// What for.
        operation: Option<Cow<'a, str>>,
        /// How many units.
        units: Option<Cow<'a, str>>,
        /// Free text.
        reference: Option<Cow<'a, str>>,
        /// Usage that already happened.
        force: bool,
    },
    /// As [`App::settle`].
    Settle {
        /// Which.
        hold: LineId,
        /// Zero or more.
        amount: Amount,
        /// Charge more than is available, too.
        force: bool,
    },
    /// As [`App::reverse`].
    Reverse {
        /// The line of the charge.
        charge: LineId,
        /// How much; the rest when nothing is said.
        amount: Option<Amount>,
        /// Free text.
        reference: Option<Cow<'a, str>>,
    },
}

impl App {
    /// Has each of these decided for itself, one after the other, and returns when all of them are durable; one answer for
    /// each, in their order. A key here is the key of the same request sent alone.
    ///
    /// # Errors
    /// [`Error`] where nothing was done: the store takes no more now, or it is an account that asks, and none charges.
    pub async fn batch(&self, by: Actor, items: &[Keyed<'_>]) -> Result<Vec<Result<Outcome, Error>>, Error> {
        if by.account().is_some() {
            self.see(by, |_| Ok(Err::<(), _>(Refusal::Forbidden))).await?;
        }
        let charged = self.accounts_of(items).await?;
        let (mut accounts, mut operations) = (charged.iter().copied(), Operations::default());
        let now = self.0.clock.now();
        let from = self.address(by);
        let command = |it: &Keyed<'_>| {
            let once = Once { key: (&*it.key).into(), request: None, sealed: None };
            // Where its line will be, the store says.
            let id = LineId::from_bytes(self.0.random.bytes());
            Command {
                id,
                by,
                from,
                once: Some(once),
                action: action(&it.item, &mut accounts, &mut operations),
            }
        };
        let commands = items.iter().map(command).collect();
        let answers = self.0.store.execute_many(commands, now).await?;
        let mut accounts = charged.into_iter();
        let mut refused = Vec::new();
        for (it, answer) in items.iter().zip(&answers) {
            let account = if matches!(it.item, Item::Charge { .. }) { accounts.next() } else { None };
            if let Err(ExecuteError::Refused(refusal)) = answer {
                let once = Once { key: (&*it.key).into(), request: None, sealed: None };
                let action = action(&it.item, &mut account.into_iter(), &mut operations);
                refused.push((Attempt::new(now, by, Some(&once), &action), refusal.clone()));
            }
        }
        if !refused.is_empty() {
            self.note_refused(refused).await;
        }
        Ok(answers.into_iter().map(|it| it.map_err(Error::from)).collect())
    }

    /// The accounts that are charged, one for each charge.
    async fn accounts_of(&self, items: &[Keyed<'_>]) -> Result<Vec<AccountId>, Error> {
        let charged = items.iter().filter_map(|it| match &it.item {
            Item::Charge { account, .. } => Some(account),
            Item::Settle { .. } | Item::Reverse { .. } => None,
        });
        // What is no name is the name of nobody, which no account has either.
        let names = charged.map(|it| it.parse().unwrap_or(Name::Id(AccountId::UNKNOWN)));
        let names: Vec<_> = names.collect();
        let accounts = self.0.store.all_named(&names).await?;
        Ok(accounts.into_iter().map(|it| it.unwrap_or(AccountId::UNKNOWN)).collect())
    }
}

/// The operations of a batch. Mostly it is the same again, whose text is then shared.
#[derive(Default)]
struct Operations {
    last: Option<Arc<str>>,
}

impl Operations {
    fn shared(&mut self, text: &str) -> Arc<str> {
        match self.last.take().filter(|it| **it == *text) {
            Some(same) => self.last.insert(same).clone(),
            None => self.last.insert(text.into()).clone(),
        }
    }
}

fn action(
    item: &Item<'_>,
    accounts: &mut impl Iterator<Item = AccountId>,
    operations: &mut Operations,
) -> Action {
    let kept = |text: &Option<Cow<'_, str>>| text.as_deref().map(Into::into);
    match item {
        Item::Charge { amount, operation, units, reference, force, .. } => Action::Charge {
            account: accounts.next().unwrap_or(AccountId::UNKNOWN),
            amount: *amount,
            operation: operation.as_deref().map(|it| operations.shared(it)),
            units: kept(units),
            reference: kept(reference),
            force: *force,
        },
        Item::Settle { hold, amount, force } => {
            Action::Settle { hold: *hold, amount: *amount, force: *force }
        }
        Item::Reverse { charge, amount, reference } => {
            Action::Reverse { charge: *charge, amount: *amount, reference: kept(reference) }
        }
    }
}
