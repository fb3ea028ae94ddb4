//! Families as people look at them: a page of accounts in the order that was asked for, and what all come to.

use ledger::{Account, AccountId, Actor};

use super::read::{Payers, managed, view, visible};
use super::{AccountView, App, Error};
use crate::store::{CurrencyTotals, FamilyFilter, FamilyTotals, Slice};

/// A page of a family.
#[derive(Clone, Debug)]
pub struct FamilyPage {
    /// The primary.
    pub primary: Account,
    /// Some of its subaccounts, in the order that was asked for.
    pub subaccounts: Vec<AccountView>,
    /// How many fit what was asked.
    pub total: usize,
    /// What all its subaccounts come to, whatever was asked.
    pub totals: FamilyTotals,
}

/// A page of the primaries.
#[derive(Clone, Debug)]
pub struct PrimariesPage {
    /// Some of them, in the order that was asked for, and what the subaccounts of each come to.
    pub primaries: Vec<(AccountView, FamilyTotals)>,
    /// How many fit what was asked.
    pub total: usize,
    /// What all of them come to, whatever was asked, by currency.
    pub totals: Vec<CurrencyTotals>,
}

/// Accounts as they are now, and what all of a family come to.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The accounts that were asked for, as far as the caller sees them.
    pub accounts: Vec<AccountView>,
    /// Of the primary that was named.
    pub totals: Option<FamilyTotals>,
}

impl App {
    /// A page of a family, in one state.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`ledger::authority::managing`].
    pub async fn family_page(
        &self,
        by: Actor,
        primary: AccountId,
        filter: FamilyFilter,
        slice: Slice,
    ) -> Result<FamilyPage, Error> {
        let now = self.clock().now();
        self.see(by, move |snapshot| {
            let primary = match managed(snapshot, &by, primary)? {
                Ok(primary) => primary,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let listed = snapshot.family_page(Some(primary.id), &filter, slice)?;
            let totals = snapshot.family_totals(primary.id)?;
            let mut payers = Payers::new();
            let views = listed.rows.into_iter().map(|it| view(snapshot, &by, it, now, &mut payers));
            let subaccounts = views.collect::<crate::store::Result<Vec<_>>>()?;
            Ok(Ok(FamilyPage { primary, subaccounts, total: listed.total, totals }))
        })
        .await
    }

    /// A page of all primaries, in one state.
    ///
    /// # Errors
    /// [`Error`]; [`ledger::Refusal::Forbidden`] to everybody but the operator.
    pub async fn primaries_page(
        &self,
        by: Actor,
        filter: FamilyFilter,
        slice: Slice,
    ) -> Result<PrimariesPage, Error> {
        let now = self.clock().now();
        self.see(by, move |snapshot| {
            if let Err(refusal) = ledger::authority::is_operator(&by) {
                return Ok(Err(refusal));
            }
            let listed = snapshot.family_page(None, &filter, slice)?;
            let totals = snapshot.totals_by_currency()?;
            let mut payers = Payers::new();
            let views = listed.rows.into_iter().map(|it| {
                let family = snapshot.family_totals(it.id)?;
                Ok((view(snapshot, &by, it, now, &mut payers)?, family))
            });
            let primaries = views.collect::<crate::store::Result<Vec<_>>>()?;
            Ok(Ok(PrimariesPage { primaries, total: listed.total, totals }))
        })
        .await
    }

    /// What accounts stand at now, and what the family of `primary` comes to, in one state. Accounts that the caller may not
    /// see are left out.
    ///
    /// # Errors
    /// [`Error`]; for the primary the refusals of [`ledger::authority::managing`].
    pub async fn figures(
        &self,
        by: Actor,
        accounts: Vec<AccountId>,
        primary: Option<AccountId>,
    ) -> Result<Figures, Error> {
        let now = self.clock().now();
        self.see(by, move |snapshot| {
            let totals = match primary {
                None => None,
                Some(primary) => match managed(snapshot, &by, primary)? {
                    Ok(primary) => Some(snapshot.family_totals(primary.id)?),
                    Err(refusal) => return Ok(Err(refusal)),
                },
            };
            let mut payers = Payers::new();
            let mut views = Vec::with_capacity(accounts.len());
            for id in accounts {
                if let Ok(account) = visible(snapshot, &by, id)? {
                    views.push(view(snapshot, &by, account, now, &mut payers)?);
                }
            }
            Ok(Ok(Figures { accounts: views, totals }))
        })
        .await
    }

    /// Whether the caller's credential or token still lives and may call.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn is_live(&self, by: Actor) -> Result<(), Error> {
        self.see(by, |_| Ok(Ok(()))).await
    }
}
