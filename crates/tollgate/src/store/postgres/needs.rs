//! What a batch must lock, worked out before it begins. A parent never changes, nor whose a hold is, so this can be known
//! beforehand; what cannot be is found out while the batch is decided, which then begins again.

use ledger::{AccountId, Action, Command, Hold, IdMap, IdSet, LineId, Timestamp, decide};

use uuid::Uuid;

use super::connection::Connection;
use super::held::{Halt, Held};
use super::kept::Kept;
use super::keys::Keys;
use crate::store::batch::Batch;
use crate::store::sql::{self, Result, Row};

/// What a batch locks, and what it reads right after that.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) accounts: IdSet<AccountId>,
    /// Whether one of its commands is about more than the money of one family: numbers, names, tokens, plans and the like
    /// change in one batch at a time.
    pub(super) is_common: bool,
    pub(super) holds: Vec<LineId>,
    /// The hashes of its commands' keys.
    pub(super) keys: Vec<u128>,
}

impl Needs {
    /// Adds the accounts that a command names, as far as it says them itself; `false` where more must be read to know.
    pub(super) fn name(&mut self, command: &Command) -> bool {
        self.accounts.extend(command.by.account());
        match &command.action {
            Action::Charge { account, .. }
            | Action::Hold { account, .. }
            | Action::Check { account, .. }
            | Action::Pay { account, .. } => {
                self.accounts.insert(*account);
                true
            }
            Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => {
                self.accounts.extend([transfer.primary, transfer.from, transfer.to]);
                true
            }
            Action::Settle { hold, .. }
            | Action::Release { hold }
            | Action::Extend { hold, .. }
            | Action::Expire { hold } => {
                self.holds.push(*hold);
                false
            }
            Action::Reverse { .. } => false,
            Action::OpenAccount { .. }
            | Action::ChangeAccount { .. }
            | Action::CloseAccount { .. }
            | Action::PutPlan { .. }
            | Action::AddNumber { .. }
            | Action::WithdrawNumber { .. }
            | Action::BringNumbers { .. }
            | Action::RentNumber { .. }
            | Action::UnrentNumber { .. }
            | Action::ChangeNumber { .. }
            | Action::TransferNumber { .. }
            | Action::MakeApplication { .. }
            | Action::ChangeApplication { .. }
            | Action::DeleteApplication { .. }
            | Action::MakeEndpoint { .. }
            | Action::ChangeEndpoint { .. }
            | Action::DeleteEndpoint { .. }
            | Action::AddCredential { .. }
            | Action::RevokeCredential { .. }
            | Action::RotateCredential { .. }
            | Action::ExpireCredential { .. }
            | Action::MakeToken { .. }
            | Action::RevokeToken { .. }
            | Action::MakeWebhook { .. }
            | Action::ChangeWebhook { .. }
            | Action::RotateWebhook { .. }
            | Action::DeleteWebhook { .. }
            | Action::ResendEvent { .. } => {
                self.is_common = true;
                false
            }
        }
    }

    /// Reads the holds that were named. Whose they are never changes; how they stand is read again under the locks.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn read_holds(&self, connection: &Connection) -> Result<IdMap<LineId, Hold>> {
        if self.holds.is_empty() {
            return Ok(IdMap::default());
        }
        let rows = connection.query("SELECT * FROM holds WHERE id = ANY($1)", &[&ids(&self.holds)])?;
        let holds = rows.iter().map(|row| sql::hold(Row::Postgres(row)));
        holds.map(|it| it.map(|it| (it.id, it))).collect()
    }

    /// Adds the accounts that a command reads besides, by bringing it without a lock.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn look(
        &mut self,
        source: &mut Held<'_>,
        scout: &mut Batch<u128>,
        command: &Command,
        now: Timestamp,
    ) -> Result<()> {
        match scout.bring(source, command, now) {
            Ok(()) => {}
            Err(Halt::Fault(fault)) => return Err(fault),
            // Nothing is locked yet, so nothing can be missing.
            Err(Halt::Unlocked) => {}
        }
        self.accounts.extend(source.unlocked.drain());
        Ok(())
    }

    /// Adds a command's key. One that is within no account has no lock of its own but the common one.
    pub(super) fn key(&mut self, keys: &Keys, scout: &Batch<u128>, command: &Command) {
        if let Some(once) = &command.once {
            let scope = decide::scope(&scout.book, command);
            self.is_common |= scope.account.is_none();
            self.keys.push(keys.hash(&scope, &once.key));
        }
    }

    /// Adds the parents of all, reading what is not kept.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn add_parents(&mut self, kept: &mut Kept, connection: &Connection) -> Result<()> {
        let unknown: Vec<_> = self.accounts.iter().copied().filter(|it| kept.get(*it).is_none()).collect();
        kept.read(connection, &unknown)?;
        let parents: Vec<_> = self.accounts.iter().filter_map(|it| kept.get(*it)?.account.parent).collect();
        self.accounts.extend(parents);
        Ok(())
    }
}

/// As the database has them.
fn ids(lines: &[LineId]) -> Vec<Uuid> {
    lines.iter().map(|it| Uuid::from_bytes(*it.as_bytes())).collect()
}
