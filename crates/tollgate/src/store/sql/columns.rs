//! What a domain value is in a column: ids as their bytes, amounts and times as integers, words as small ones.

use ledger::{
    AccountId, Amount, ApiKey, ApplicationId, BalanceMode, CredentialId, CredentialKind, EndpointId, EventId,
    EventKind, HoldEnd, Kind, Level, LineId, Move, NumberKind, OnExpiry, Status, Timestamp, TokenId,
    TokenScope, WebhookId,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Result, ToSql};

use super::{Bind, FromStored, Stored, Value};
use crate::store::deliveries::DeliveryState;

/// A column's value, read or written as a domain value.
#[derive(Clone, Copy)]
pub(in crate::store) struct Column<T>(pub(in crate::store) T);

macro_rules! bytes_column {
    ($($id:ident),*) => {$(
        impl FromStored<'_> for Column<$id> {
            fn from_stored(stored: Stored<'_>) -> Option<Self> {
                Some(Self($id::from_bytes(stored.bytes()?.try_into().ok()?)))
            }
        }

        impl<'a> Bind<'a> for Column<$id> {
            const KIND: super::Kind = super::Kind::Id;

            fn bind(self) -> Value<'a> {
                Value::Id(*self.0.as_bytes())
            }
        }

        impl ToSql for Column<$id> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
            }
        }
    )*};
}

bytes_column!(AccountId, CredentialId, TokenId, LineId, EventId, WebhookId);

/// A domain value that is one integer in a column.
macro_rules! integer_column {
    ($type:ty, $to:expr, $from:expr) => {
        impl FromStored<'_> for Column<$type> {
            fn from_stored(stored: Stored<'_>) -> Option<Self> {
                let read: fn(i64) -> Option<$type> = $from;
                read(stored.int()?).map(Self)
            }
        }

        impl<'a> Bind<'a> for Column<$type> {
            const KIND: super::Kind = super::Kind::Int;

            fn bind(self) -> Value<'a> {
                let write: fn($type) -> i64 = $to;
                Value::Int(write(self.0))
            }
        }

        impl ToSql for Column<$type> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                let write: fn($type) -> i64 = $to;
                Ok(ToSqlOutput::Borrowed(ValueRef::Integer(write(self.0))))
            }
        }
    };
}

integer_column!(Amount, Amount::units, |it| Some(Amount::from_units(it)));
integer_column!(Timestamp, Timestamp::millis, |it| Some(Timestamp::from_millis(it)));
integer_column!(ApplicationId, |it| i64::try_from(it.number()).unwrap_or(i64::MAX), |it| u64::try_from(it)
    .ok()
    .map(ApplicationId::from_number));
integer_column!(EndpointId, |it| i64::try_from(it.number()).unwrap_or(i64::MAX), |it| u64::try_from(it)
    .ok()
    .map(EndpointId::from_number));
integer_column!(ApiKey, |it| i64::from(it.number()), |it| u32::try_from(it).ok().map(ApiKey::from_number));

/// A word that is a small integer in a column. The numbers never change and are never used again.
macro_rules! word_column {
    ($type:ident { $($variant:ident = $code:literal),* $(,)? }) => {
        integer_column!(
            $type,
            |it| match it { $($type::$variant => $code),* },
            |it| match it { $($code => Some($type::$variant),)* _ => None }
        );
    };
}

word_column!(BalanceMode { Own = 1, Shared = 2 });
word_column!(Status { Active = 1, Suspended = 2, Closed = 3 });
word_column!(CredentialKind { Secret = 1, Token = 2 });
word_column!(NumberKind { Mobile = 1, Local = 2, National = 3, TollFree = 4, ShortCode = 5 });
word_column!(Level { Fine = 1, Low = 2, Depleted = 3 });
word_column!(EventKind {
    AccountOpened = 1,
    AccountChanged = 2,
    AccountSuspended = 3,
    AccountReactivated = 4,
    AccountClosed = 5,
    CredentialAdded = 6,
    CredentialChanged = 7,
    CredentialRevoked = 8,
    HoldCaptured = 9,
    AvailableLow = 10,
    AvailableDepleted = 11,
    AvailableRecovered = 12,
});
word_column!(DeliveryState { Pending = 1, Delivered = 2, Dead = 3 });
word_column!(OnExpiry { Release = 1, Capture = 2 });
word_column!(HoldEnd { Settled = 1, Released = 2, Expired = 3, Captured = 4, Closed = 5 });
word_column!(Move {
    Charge = 1,
    Reversal = 2,
    PaidIn = 3,
    PaidOut = 4,
    TransferIn = 5,
    TransferOut = 6,
    Close = 7,
});
word_column!(Kind {
    Open = 1,
    Change = 2,
    Payment = 3,
    BalanceTransfer = 4,
    CreditTransfer = 5,
    Charge = 6,
    Reversal = 7,
    Hold = 8,
    Extend = 9,
    Settle = 10,
    Release = 11,
    Expiry = 12,
    Close = 13,
    NumberGiven = 14,
    NumberTransfer = 15,
    CredentialAdded = 16,
    CredentialRevoked = 17,
    TokenMade = 18,
    TokenRevoked = 19,
    NumberAdded = 20,
    NumberWithdrawn = 21,
    NumberRented = 22,
    NumberUnrented = 23,
    NumberChanged = 24,
    ApplicationMade = 25,
    ApplicationChanged = 26,
    ApplicationDeleted = 27,
    EndpointMade = 28,
    EndpointChanged = 29,
    EndpointDeleted = 30,
    CredentialChanged = 31,
    PlanPut = 32,
    WebhookMade = 33,
    WebhookChanged = 34,
    WebhookDeleted = 35,
    EventResent = 36,
});

/// The kinds of caller, as the column `caller` holds them.
pub(in crate::store) const OPERATOR: i64 = 1;
pub(in crate::store) const GATE: i64 = 2;
pub(in crate::store) const ACCOUNT: i64 = 3;
pub(in crate::store) const SERVER: i64 = 4;

pub(in crate::store) const FORCED: i64 = 1;
pub(in crate::store) const LATE: i64 = 2;

/// A token's scope, as the columns `caller` and `may_force` hold it.
pub(in crate::store) const fn scope_columns(scope: TokenScope) -> (i64, bool) {
    match scope {
        TokenScope::Operator => (OPERATOR, false),
        TokenScope::Gate { may_force } => (GATE, may_force),
    }
}
