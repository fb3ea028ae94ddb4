//! What the lines of the journal add up to: who spent how much, on what, and what else moved a balance. Usage and
//! statements are sums of these entries and of nothing else.

use crate::account::Standing;
use crate::id::{AccountId, LineId};
use crate::journal::{Kind, Line};
use crate::money::Amount;
use crate::time::Timestamp;

/// The span in which entries are added up, in milliseconds: a quarter of an hour. Every time zone is off UTC by a
/// multiple of it, so that the days of all of them begin with one.
pub const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// The quarter of an hour that a time is in, counted from the epoch.
pub const fn quarter(at: Timestamp) -> i64 {
    at.millis().div_euclid(QUARTER_MS)
}

/// What moved a balance, as far as usage and statements tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// A call was paid: a charge, what a settle or a captured expiry took.
    Charge,
    /// A charge, or a part of it, was given back; also by a late settle of less than was captured.
    Reversal,
    /// Money came from outside.
    PaidIn,
    /// Money went outside.
    PaidOut,
    /// Balance came from another account of the family.
    TransferIn,
    /// Balance went to one.
    TransferOut,
    /// Balance or debt of an account that was closed: out of it, and into its heir.
    Close,
}

/// The part of a line that counts, without what is expensive to read.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// What the line is.
    pub kind: Kind,
    /// Whose balance it moved.
    pub account: AccountId,
    /// By how much.
    pub balance: Amount,
    /// Whose balance it moved the other way.
    pub counter: Option<AccountId>,
    /// Who caused it, where that is another account.
    pub cause: Option<AccountId>,
    /// The line that it takes back or ends.
    pub about: Option<LineId>,
    /// What was charged for. A reversal's is that of its charge, and does not stand in its line.
    pub operation: Option<&'a str>,
    /// How many units of it.
    pub units: Option<&'a str>,
}

/// What one line adds to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Who caused it.
    pub account: AccountId,
    /// Whose balance was moved.
    pub payer: AccountId,
    /// By what.
    pub by: Move,
    /// For which operation.
    pub operation: Option<&'a str>,
    /// By how much: below zero for what went.
    pub amount: Amount,
    /// How many units were charged for, where the line says so with a decimal number.
    pub units: Option<Amount>,
}

impl<'a> Moved<'a> {
    /// Of a line that moved a balance; `None` of any other.
    pub fn of(line: &'a Line) -> Option<Self> {
        let Standing { balance, .. } = line.change;
        let account = line.account.filter(|_| !balance.is_zero())?.account;
        Some(Self {
            kind: line.kind,
            account,
            balance,
            counter: line.counter.map(|it| it.account),
            cause: line.cause,
            about: line.about,
            operation: line.operation.as_deref(),
            units: line.units.as_deref(),
        })
    }

    /// The charge whose operation it goes by; `None` where its own line names it.
    pub fn operation_of(&self) -> Option<LineId> {
        if self.kind == Kind::Reversal { self.about } else { None }
    }

    /// What it adds: one entry for each side that it moved. `operation` is that of [`Moved::operation_of`].
    pub fn entries(&self, operation: Option<&'a str>) -> impl Iterator<Item = Entry<'a>> {
        let (payer, amount) = (self.account, self.balance);
        let plain = Entry { account: payer, payer, by: Move::Close, operation: None, amount, units: None };
        let [first, second] = match self.kind {
            Kind::Charge | Kind::Reversal | Kind::Settle | Kind::Expiry => {
                let by = if amount.is_negative() { Move::Charge } else { Move::Reversal };
                let account = self.cause.unwrap_or(payer);
                let units = self.units.and_then(|it| Amount::parse(it).ok());
                [Some(Entry { account, by, operation: self.operation.or(operation), units, ..plain }), None]
            }
            Kind::Payment => {
                let by = if amount.is_negative() { Move::PaidOut } else { Move::PaidIn };
                [Some(Entry { by, ..plain }), None]
            }
            Kind::BalanceTransfer => {
                let by = if amount.is_negative() { Move::TransferOut } else { Move::TransferIn };
                let other = if amount.is_negative() { Move::TransferIn } else { Move::TransferOut };
                [Some(Entry { by, ..plain }), self.opposite(Entry { by: other, ..plain })]
            }
            Kind::Close => [Some(plain), self.opposite(plain)],
            // They move no balance (`laws::prove_line`).
            Kind::Open
            | Kind::Change
            | Kind::CreditTransfer
            | Kind::Hold
            | Kind::Extend
            | Kind::Release
            | Kind::NumberGiven
            | Kind::NumberTransfer
            | Kind::NumberAdded
            | Kind::NumberWithdrawn
            | Kind::NumberRented
            | Kind::NumberUnrented
            | Kind::NumberChanged
            | Kind::ApplicationMade
            | Kind::ApplicationChanged
            | Kind::ApplicationDeleted
            | Kind::EndpointMade
            | Kind::EndpointChanged
            | Kind::EndpointDeleted
            | Kind::PlanPut
            | Kind::CredentialAdded
            | Kind::CredentialChanged
            | Kind::CredentialRevoked
            | Kind::TokenMade
            | Kind::TokenRevoked
            | Kind::WebhookMade
            | Kind::WebhookChanged
            | Kind::WebhookDeleted
            | Kind::EventResent => [None, None],
        };
        [first, second].into_iter().flatten()
    }

    /// The other side's entry. An amount that has no opposite is none that a line can move.
    fn opposite(&self, entry: Entry<'a>) -> Option<Entry<'a>> {
        let (payer, amount) = (self.counter?, self.balance.checked_neg()?);
        Some(Entry { account: payer, payer, amount, ..entry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> AccountId {
        AccountId::from_bytes([n; 16])
    }

    fn moved(kind: Kind, balance: i64) -> Moved<'static> {
        let balance = Amount::from_units(balance);
        let [account, about] = [id(1), id(9)];
        let about = Some(LineId::from_bytes(*about.as_bytes()));
        let (counter, cause, operation, units) = (None, None, None, None);
        Moved { kind, account, balance, counter, cause, about, operation, units }
    }

    /// `account>payer move operation amount units`
    fn said(moved: &Moved<'static>, operation: Option<&'static str>) -> String {
        let name = |it: AccountId| it.as_bytes()[0];
        let entries = moved.entries(operation).map(|it| {
            let Entry { account, payer, by, operation, amount, units } = it;
            let (amount, units) = (amount.units(), units.map(Amount::units));
            format!("{}>{} {by:?} {operation:?} {amount} {units:?}", name(account), name(payer))
        });
        entries.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_moved_a_balance_is_told_apart() {
        let two = Moved { counter: Some(id(2)), ..moved(Kind::BalanceTransfer, -7) };
        let closed = Moved { counter: Some(id(2)), ..moved(Kind::Close, 7) };
        let by_other = Moved { cause: Some(id(3)), operation: Some("sms"), ..moved(Kind::Charge, -7) };
        for (moved, operation, entries) in [
            (by_other, None, "3>1 Charge Some(\"sms\") -7 None"),
            (Moved { units: Some("1.5"), ..by_other }, None, "3>1 Charge Some(\"sms\") -7 Some(150000000)"),
            (Moved { units: Some("two"), ..by_other }, None, "3>1 Charge Some(\"sms\") -7 None"),
            (moved(Kind::Settle, -7), None, "1>1 Charge None -7 None"),
            (moved(Kind::Settle, 7), None, "1>1 Reversal None 7 None"),
            (moved(Kind::Expiry, -7), None, "1>1 Charge None -7 None"),
            (moved(Kind::Reversal, 7), Some("sms"), "1>1 Reversal Some(\"sms\") 7 None"),
            (moved(Kind::Payment, 7), None, "1>1 PaidIn None 7 None"),
            (moved(Kind::Payment, -7), None, "1>1 PaidOut None -7 None"),
            (two, None, "1>1 TransferOut None -7 None, 2>2 TransferIn None 7 None"),
            (closed, None, "1>1 Close None 7 None, 2>2 Close None -7 None"),
            (moved(Kind::Open, 0), None, ""),
        ] {
            assert_eq!(said(&moved, operation), entries);
        }
        assert!(moved(Kind::Reversal, 7).operation_of().is_some());
        assert_eq!(moved(Kind::Settle, 7).operation_of(), None, "which names it itself");
    }

    #[test]
    fn a_quarter_is_counted_from_the_epoch_both_ways() {
        for (millis, counted) in [(0, 0), (899_999, 0), (900_000, 1), (-1, -1), (-900_001, -2)] {
            assert_eq!(quarter(Timestamp::from_millis(millis)), counted);
        }
    }
}
