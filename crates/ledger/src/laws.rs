//! What must hold of every decision, whatever it was. The store asks before it writes: a decision that breaks a law is
//! refused alone and logged, and nothing of it is applied.

use crate::account::Standing;
use crate::book::{Book, Change};
use crate::decide::Decision;
use crate::id::AccountId;
use crate::journal::{Kind, Line};
use crate::money::Amount;

/// A law that a decision would break: a fault of ours, never of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// An account would not stand where its lines take it.
    Standing(AccountId),
    /// A line of this kind moves what it must not, or by the wrong sign.
    Move(Kind),
    /// An account would fall below its limit by something other than a forced charge, a late settle or a close.
    BelowLimit(AccountId),
    /// A credit limit or a held amount would be negative.
    Negative(AccountId),
}

/// Proves a decision against the laws.
///
/// # Errors
/// The first law that it breaks.
pub fn prove(book: &Book, decision: &Decision) -> Result<(), Broken> {
    for line in &decision.lines {
        prove_line(line)?;
    }
    for change in &decision.changes {
        let Change::Account(account) = change else { continue };
        let before = book.account(account.id).map_or(Standing::ZERO, |it| it.standing);
        let mut at = before;
        for line in &decision.lines {
            at = moved(line, account.id, at).ok_or(Broken::Standing(account.id))?;
            if line.after(account.id).is_some_and(|it| it != at) {
                return Err(Broken::Standing(account.id));
            }
        }
        let after = account.standing;
        if at != after {
            return Err(Broken::Standing(account.id));
        }
        if after.credit_limit.is_negative() || after.held.is_negative() {
            return Err(Broken::Negative(account.id));
        }
        let sinks = after.available() < Amount::ZERO && after.available() < before.available();
        if sinks && !decision.lines.iter().any(|it| it.forced || it.kind == Kind::Close) {
            return Err(Broken::BelowLimit(account.id));
        }
    }
    Ok(())
}

/// Where a line takes an account.
pub fn moved(line: &Line, account: AccountId, at: Standing) -> Option<Standing> {
    let mut at = at;
    if line.account.is_some_and(|it| it.account == account) {
        at = at.checked_add(&line.change)?;
    }
    if line.counter.is_some_and(|it| it.account == account) {
        at = at.checked_add(&line.change.checked_neg()?)?;
    }
    Some(at)
}

/// A line of each kind moves only what that kind may.
fn prove_line(line: &Line) -> Result<(), Broken> {
    let Standing { balance, credit_limit, held } = line.change;
    let zero = Amount::ZERO;
    let lawful = match line.kind {
        Kind::Payment => !balance.is_zero() && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Charge => balance < zero && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Reversal => balance > zero && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::BalanceTransfer => {
            balance < zero && credit_limit == zero && held == zero && line.counter.is_some()
        }
        Kind::CreditTransfer => {
            balance == zero && credit_limit < zero && held == zero && line.counter.is_some()
        }
        Kind::Hold => balance == zero && credit_limit == zero && held > zero && line.counter.is_none(),
        Kind::Release => balance == zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Expiry => balance <= zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Settle if line.late => credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Settle => balance <= zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Open | Kind::Change => balance == zero && held == zero && line.counter.is_none(),
        Kind::Close => held == zero && (line.counter.is_some() || balance == zero),
        Kind::NumberTransfer => line.change == Standing::ZERO && line.counter.is_some(),
        Kind::Extend
        | Kind::NumberGiven
        | Kind::CredentialAdded
        | Kind::CredentialRevoked
        | Kind::TokenMade
        | Kind::TokenRevoked => line.change == Standing::ZERO && line.counter.is_none(),
    };
    if lawful { Ok(()) } else { Err(Broken::Move(line.kind)) }
}
