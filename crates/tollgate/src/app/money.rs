//! Payments, transfers, charges and reversals. Each comes back as the journal line that it is.

use std::sync::Arc;

use ledger::{AccountId, Action, Actor, Amount, Decision, LineId, Once, Outcome, Transfer, TransferKind};

use super::{App, Error};

/// A transfer to be.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// Balance or credit limit.
    pub kind: TransferKind,
    /// In whose name.
    pub primary: AccountId,
    /// Who gives.
    pub from: AccountId,
    /// Who gets.
    pub to: AccountId,
    /// How much.
    pub amount: Amount,
    /// Free text.
    pub reference: Option<Box<str>>,
}

impl NewTransfer {
    fn action(self) -> Action {
        let Self { kind, primary, from, to, amount, reference } = self;
        let transfer = Transfer { primary, from, to, amount, reference };
        match kind {
            TransferKind::Balance => Action::TransferBalance(transfer),
            TransferKind::Credit => Action::TransferCredit(transfer),
        }
    }
}

/// A charge to be.
#[derive(Clone, Debug)]
pub struct NewCharge {
    /// The account that calls.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// What for.
    pub operation: Option<Arc<str>>,
    /// How many units.
    pub units: Option<Box<str>>,
    /// Free text.
    pub reference: Option<Box<str>>,
    /// Usage that already happened.
    pub force: bool,
}

impl App {
    /// Books money that the operator received or paid out.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Pay`].
    pub async fn pay(
        &self,
        by: Actor,
        once: Option<Once>,
        account: AccountId,
        amount: Amount,
        reference: Option<Box<str>>,
    ) -> Result<Outcome, Error> {
        self.submit(by, once, Action::Pay { account, amount, reference }).await
    }

    /// Moves balance or credit limit between a primary and one of its subaccounts.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::TransferBalance`] and [`Action::TransferCredit`].
    pub async fn transfer(&self, by: Actor, once: Option<Once>, new: NewTransfer) -> Result<Outcome, Error> {
        self.submit(by, once, new.action()).await
    }

    /// What a transfer would do now; nothing is written.
    ///
    /// # Errors
    /// [`Error`], as [`App::transfer`] would say.
    pub async fn try_transfer(&self, by: Actor, new: NewTransfer) -> Result<Decision, Error> {
        self.try_out(by, new.action()).await
    }

    /// Takes an amount for a call.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Charge`].
    pub async fn charge(&self, by: Actor, once: Option<Once>, new: NewCharge) -> Result<Outcome, Error> {
        let NewCharge { account, amount, operation, units, reference, force } = new;
        self.submit(by, once, Action::Charge { account, amount, operation, units, reference, force }).await
    }

    /// Gives back a charge or a part of it.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Reverse`].
    pub async fn reverse(
        &self,
        by: Actor,
        once: Option<Once>,
        charge: LineId,
        amount: Option<Amount>,
        reference: Option<Box<str>>,
    ) -> Result<Outcome, Error> {
        self.submit(by, once, Action::Reverse { charge, amount, reference }).await
    }

    /// Ends every open hold whose time has come.
    ///
    /// # Errors
    /// [`Error::Unavailable`], and some may be left.
    pub async fn expire_due_holds(&self) -> Result<(), Error> {
        self.expire_overdue_holds(0).await
    }

    /// Ends every open hold whose time came so many milliseconds ago or before.
    ///
    /// # Errors
    /// [`Error::Unavailable`], and some may be left.
    pub async fn expire_overdue_holds(&self, ago_ms: i64) -> Result<(), Error> {
        const AT_ONCE: usize = 1_000;
        loop {
            let now = self.0.clock.now().plus_millis(-ago_ms);
            let due = self.0.store.read(move |snapshot| snapshot.due_holds(now, AT_ONCE)).await?;
            let is_all = due.len() < AT_ONCE;
            let ends = due.into_iter().map(|hold| self.submit(Actor::Server, None, Action::Expire { hold }));
            for end in futures_util::future::join_all(ends).await {
                match end {
                    // Settled or extended in the meantime: just as well.
                    Ok(_) | Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if is_all {
                return Ok(());
            }
        }
    }
}
