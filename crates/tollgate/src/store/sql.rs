//! Rows and the words in them: what a domain value is in a column, and back.

use std::net::IpAddr;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Actor, Alerts, Amount, ApiKey, ApplicationId, AuthId, BalanceMode, Caller,
    Credential, CredentialId, CredentialKind, Currency, Ending, EndpointId, EventId, EventKind, Hold,
    HoldEnd, Kind, Level, Line, LineId, Move, NumberKind, OnExpiry, Once, Record, Scope, Side, Standing,
    Status, Timestamp, Token, TokenId, TokenScope, WebhookId,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use rusqlite::{Result, Row, ToSql};

use super::deliveries::DeliveryState;
use super::{caps, limits, owned, record};

/// A column's value, read or written as a domain value.
pub(super) struct Column<T>(pub(super) T);

macro_rules! bytes_column {
    ($($id:ident),*) => {$(
        impl FromSql for Column<$id> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let bytes: [u8; 16] = value.as_blob()?.try_into().map_err(|_| FromSqlError::InvalidType)?;
                Ok(Self($id::from_bytes(bytes)))
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
        impl FromSql for Column<$type> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let integer = value.as_i64()?;
                let read: fn(i64) -> Option<$type> = $from;
                read(integer).map(Self).ok_or(FromSqlError::OutOfRange(integer))
            }
        }

        impl ToSql for Column<$type> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                let write: fn($type) -> i64 = $to;
                Ok(ToSqlOutput::Owned(Value::Integer(write(self.0))))
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
pub(super) const OPERATOR: i64 = 1;
pub(super) const GATE: i64 = 2;
pub(super) const ACCOUNT: i64 = 3;
pub(super) const SERVER: i64 = 4;

pub(super) const FORCED: i64 = 1;
pub(super) const LATE: i64 = 2;

pub(super) fn get<T>(row: &Row<'_>, column: &str) -> Result<T>
where
    Column<T>: FromSql,
{
    Ok(row.get::<_, Column<T>>(column)?.0)
}

pub(super) fn get_opt<T>(row: &Row<'_>, column: &str) -> Result<Option<T>>
where
    Column<T>: FromSql,
{
    Ok(row.get::<_, Option<Column<T>>>(column)?.map(|it| it.0))
}

/// A value of a column that holds nothing which could be read as one: a store that something else has written.
pub(super) fn misread(row: &Row<'_>, column: &str) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::InvalidColumnType(index, column.to_owned(), rusqlite::types::Type::Text)
}

pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| misread(row, column))
}

/// An account without its credentials, which stand in a table of their own.
pub(super) fn account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: get(row, "id")?,
        parent: get_opt(row, "parent")?,
        api_key: get(row, "api_key")?,
        auth_id: parsed::<AuthId>(row, "auth_id")?,
        name: row.get_ref("name")?.as_str()?.into(),
        currency: parsed::<Currency>(row, "currency")?,
        mode: get(row, "mode")?,
        standing: standing(row, "balance", "credit_limit", "held")?,
        status: get(row, "status")?,
        created_at: get(row, "created_at")?,
        changed_at: get_opt(row, "changed_at")?,
        settings: owned::settings_of(row)?,
        plan: row.get_ref("plan")?.as_str_or_null()?.map(Into::into),
        caps: match row.get_ref("caps")?.as_str_or_null()? {
            None => None,
            Some(text) => Some(caps::decode(text).ok_or_else(|| misread(row, "caps"))?),
        },
        alerts: Alerts {
            low: get_opt(row, "alert_low")?,
            depleted: get(row, "alert_depleted")?,
            recovered: get_opt(row, "alert_recovered")?,
        },
        level: get(row, "level")?,
        credentials: Arc::default(),
        subaccounts: row.get("subaccounts")?,
    })
}

fn standing(row: &Row<'_>, balance: &str, credit_limit: &str, held: &str) -> Result<Standing> {
    Ok(Standing { balance: get(row, balance)?, credit_limit: get(row, credit_limit)?, held: get(row, held)? })
}

pub(super) fn credential(row: &Row<'_>) -> Result<Credential> {
    Ok(Credential {
        id: get(row, "id")?,
        kind: get(row, "kind")?,
        created_at: get(row, "created_at")?,
        expires_at: get_opt(row, "expires_at")?,
        limits: limits::of(row)?,
    })
}

pub(super) fn token(row: &Row<'_>) -> Result<Token> {
    let scope = match row.get::<_, i64>("caller")? {
        OPERATOR => TokenScope::Operator,
        GATE => TokenScope::Gate { may_force: row.get("may_force")? },
        _ => return Err(misread(row, "caller")),
    };
    Ok(Token {
        id: get(row, "id")?,
        scope,
        is_first: row.get("is_first")?,
        created_at: get(row, "created_at")?,
        revoked_at: get_opt(row, "revoked_at")?,
        limits: limits::of(row)?,
    })
}

/// A token's scope, as the columns `caller` and `may_force` hold it.
pub(super) const fn scope_columns(scope: TokenScope) -> (i64, bool) {
    match scope {
        TokenScope::Operator => (OPERATOR, false),
        TokenScope::Gate { may_force } => (GATE, may_force),
    }
}

pub(super) fn hold(row: &Row<'_>) -> Result<Hold> {
    let ending = match get_opt::<HoldEnd>(row, "ended_how")? {
        None => None,
        Some(how) => Some(Ending {
            how,
            at: get(row, "ended_at")?,
            line: get(row, "ended_line")?,
            charged: get(row, "charged")?,
        }),
    };
    Ok(Hold {
        id: get(row, "id")?,
        account: get(row, "account")?,
        payer: get(row, "payer")?,
        amount: get(row, "amount")?,
        placed_at: get(row, "placed_at")?,
        expires_at: get(row, "expires_at")?,
        on_expiry: get(row, "on_expiry")?,
        operation: row.get::<_, Option<String>>("operation")?.map(Into::into),
        price: row.get_ref("price")?.as_str_or_null()?.map(Into::into),
        ending,
    })
}

/// A journal line with its place in the journal and in its accounts' chains.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place in the journal, from 1 without a gap.
    pub seq: i64,
    /// The line.
    pub line: Line,
    /// The line before it of the account that it is about; 0 for none.
    pub account_before: i64,
    /// The line before it of the other account; 0 for none.
    pub other_before: i64,
}

impl Recorded {
    /// The line before this one of an account that it is about; `None` for an account that it is not about.
    pub fn before(&self, account: AccountId) -> Option<i64> {
        let other = self.line.counter.map(|it| it.account).or(self.line.cause);
        if self.line.account.is_some_and(|it| it.account == account) {
            Some(self.account_before)
        } else if other == Some(account) {
            Some(self.other_before)
        } else {
            None
        }
    }
}

pub(super) fn recorded(row: &Row<'_>) -> Result<Recorded> {
    Ok(Recorded {
        seq: row.get("seq")?,
        line: line(row)?,
        account_before: row.get::<_, Option<i64>>("account_before")?.unwrap_or(0),
        other_before: row.get::<_, Option<i64>>("other_before")?.unwrap_or(0),
    })
}

fn line(row: &Row<'_>) -> Result<Line> {
    let account = match get_opt::<AccountId>(row, "account")? {
        None => None,
        Some(account) => Some(Side { account, after: standing(row, "balance", "credit_limit", "held")? }),
    };
    let other = get_opt::<AccountId>(row, "other")?;
    let counter = match (other, get_opt::<Amount>(row, "other_balance")?) {
        (Some(account), Some(_)) => {
            let after = standing(row, "other_balance", "other_credit_limit", "other_held")?;
            Some(Side { account, after })
        }
        _ => None,
    };
    let marks: i64 = row.get("marks")?;
    let text = |column: &str| -> Result<Option<Box<str>>> {
        Ok(row.get_ref(column)?.as_str_or_null()?.map(Into::into))
    };
    let record = |column: &str| -> Result<Option<Box<Record>>> {
        let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
        Ok(Some(Box::new(record::decode(text).ok_or_else(|| misread(row, column))?)))
    };
    Ok(Line {
        id: get(row, "id")?,
        at: get(row, "at")?,
        kind: get(row, "kind")?,
        by: actor(row)?,
        address: address(row)?,
        family: get_opt(row, "family")?,
        account,
        change: standing(row, "balance_change", "credit_change", "held_change")?,
        counter,
        cause: if counter.is_some() { None } else { other },
        about: get_opt(row, "about")?,
        operation: row.get_ref("operation")?.as_str_or_null()?.map(Into::into),
        units: text("units")?,
        price: row.get_ref("price")?.as_str_or_null()?.map(Into::into),
        reference: text("reference")?,
        forced: marks & FORCED != 0,
        late: marks & LATE != 0,
        once: once(row)?,
        record: record("record")?,
        before: record("before")?,
    })
}

/// An address has one form: IPv4 in 4 bytes, everything else in 16.
fn address(row: &Row<'_>) -> Result<Option<IpAddr>> {
    let Some(bytes) = row.get_ref("address")?.as_blob_or_null()? else { return Ok(None) };
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    let address = address.map_err(|_| misread(row, "address"))?;
    if address == address.to_canonical() { Ok(Some(address)) } else { Err(misread(row, "address")) }
}

fn once(row: &Row<'_>) -> Result<Option<Once>> {
    let Some(key) = row.get_ref("once_key")?.as_str_or_null()? else { return Ok(None) };
    let request = row.get::<_, Option<[u8; 32]>>("request")?;
    Ok(Some(Once { key: key.into(), request, sealed: None }))
}

fn actor(row: &Row<'_>) -> Result<Actor> {
    Ok(match row.get::<_, i64>("caller")? {
        OPERATOR => Actor::Operator(get(row, "by_credential")?),
        GATE => Actor::Gate(get(row, "by_credential")?),
        ACCOUNT => {
            Actor::Account { account: get(row, "by_account")?, credential: get(row, "by_credential")? }
        }
        SERVER => Actor::Server,
        _ => return Err(misread(row, "caller")),
    })
}

/// Where the columns stand that say within what the key of a line is unique.
pub(super) struct KeyedLine {
    pub(super) caller: usize,
    pub(super) by_account: usize,
    pub(super) kind: usize,
    pub(super) account: usize,
    pub(super) other: usize,
}

impl KeyedLine {
    /// What [`Line::scope`] says of the whole line.
    pub(super) fn scope(&self, row: &Row<'_>) -> Result<Scope> {
        let caller = match row.get::<_, i64>(self.caller)? {
            OPERATOR => Caller::Operator,
            GATE => Caller::Gate,
            ACCOUNT => Caller::Account,
            SERVER => Caller::Server,
            _ => return Err(misread(row, "caller")),
        };
        let account = |column: usize| -> Result<Option<AccountId>> {
            Ok(row.get::<_, Option<Column<AccountId>>>(column)?.map(|it| it.0))
        };
        let about_the_named = match row.get::<_, Column<Kind>>(self.kind)?.0 {
            Kind::Charge
            | Kind::Reversal
            | Kind::Hold
            | Kind::Extend
            | Kind::Settle
            | Kind::Release
            | Kind::Expiry => true,
            Kind::Open
            | Kind::Change
            | Kind::Close
            | Kind::Payment
            | Kind::BalanceTransfer
            | Kind::CreditTransfer
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
            | Kind::EventResent => false,
        };
        // An account charges or holds only by a call that was checked.
        let caller = match (row.get::<_, Column<Kind>>(self.kind)?.0, caller) {
            (Kind::Charge | Kind::Hold, Caller::Account) => Caller::Call,
            (_, caller) => caller,
        };
        // None of the kinds that are about the account named has a counterparty, so the other account is its cause.
        let account = if about_the_named {
            account(self.other)?.or(account(self.account)?)
        } else {
            account(self.by_account)?
        };
        Ok(Scope { account, caller })
    }
}
