//! Holds.

use std::sync::Arc;

use ledger::{AccountId, Action, Actor, Amount, Hold, LineId, OnExpiry, Once, Outcome, Refusal, authority};

use super::{App, Error};

/// A hold to be.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// The account that calls.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// For how many milliseconds.
    pub lasts_ms: i64,
    /// What happens then.
    pub on_expiry: OnExpiry,
    /// What for.
    pub operation: Option<Arc<str>>,
    /// Free text.
    pub reference: Option<Box<str>>,
}

impl App {
    /// Sets an amount aside.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Hold`].
    pub async fn hold(&self, by: Actor, once: Option<Once>, new: NewHold) -> Result<Hold, Error> {
        let NewHold { account, amount, lasts_ms, on_expiry, operation, reference } = new;
        let action = Action::Hold { account, amount, lasts_ms, on_expiry, operation, reference };
        hold_record(&self.submit(by, once, action).await?)
    }

    /// Ends a hold by charging what was really used.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Settle`].
    pub async fn settle(
        &self,
        by: Actor,
        once: Option<Once>,
        hold: LineId,
        amount: Amount,
        force: bool,
    ) -> Result<Hold, Error> {
        hold_record(&self.submit(by, once, Action::Settle { hold, amount, force }).await?)
    }

    /// Ends a hold at no cost.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Release`].
    pub async fn release(&self, by: Actor, once: Option<Once>, hold: LineId) -> Result<Hold, Error> {
        hold_record(&self.submit(by, once, Action::Release { hold }).await?)
    }

    /// Moves a hold's expiry.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Extend`].
    pub async fn extend(
        &self,
        by: Actor,
        once: Option<Once>,
        hold: LineId,
        lasts_ms: i64,
    ) -> Result<Hold, Error> {
        hold_record(&self.submit(by, once, Action::Extend { hold, lasts_ms }).await?)
    }

    /// One hold, open or ended.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to accounts; [`Refusal::HoldNotFound`].
    pub async fn hold_by_id(&self, by: Actor, id: LineId) -> Result<Hold, Error> {
        self.see(by, move |snapshot| {
            if by.account().is_some() {
                return Ok(Err(Refusal::Forbidden));
            }
            let hold = snapshot.hold(id)?;
            let hold = hold.filter(|it| authority::reaches(snapshot.limits(), &by, it.account).is_ok());
            Ok(hold.ok_or(Refusal::HoldNotFound(id)))
        })
        .await
    }

    /// Open holds, oldest first, perhaps those of one account, after a cursor.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to accounts.
    pub async fn open_holds(
        &self,
        by: Actor,
        account: Option<AccountId>,
        after: Option<LineId>,
        limit: usize,
    ) -> Result<Vec<Hold>, Error> {
        self.see(by, move |snapshot| {
            if by.account().is_some() {
                return Ok(Err(Refusal::Forbidden));
            }
            snapshot.open_holds(account, after, limit).map(Ok)
        })
        .await
    }
}

fn hold_record(outcome: &Outcome) -> Result<Hold, Error> {
    outcome.hold_record().cloned().ok_or(Error::Fault)
}
