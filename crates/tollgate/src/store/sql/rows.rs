//! Rows as records: what the ledger knows of an account, a hold, a line.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Actor, Alerts, Amount, AuthId, Caller, Credential, Currency, Ending, Hold, HoldEnd,
    Kind, Line, Once, Record, Scope, Side, Standing, Token, TokenScope,
};

use super::columns::{ACCOUNT, Column, FORCED, GATE, LATE, OPERATOR, SERVER};
use super::{Fault, FromStored, Result, Row};
use crate::store::{Link, Place, caps, limits, owned, record};

pub(in crate::store) fn get<'a, T>(row: Row<'a>, column: &'static str) -> Result<T>
where
    Column<T>: FromStored<'a>,
{
    Ok(row.get::<Column<T>>(column)?.0)
}

pub(in crate::store) fn get_opt<'a, T>(row: Row<'a>, column: &'static str) -> Result<Option<T>>
where
    Column<T>: FromStored<'a>,
{
    Ok(row.get::<Option<Column<T>>>(column)?.map(|it| it.0))
}

/// What is the same text everywhere.
pub(in crate::store) fn parsed<T: FromStr>(row: Row<'_>, column: &'static str) -> Result<T> {
    row.get::<&str>(column)?.parse().map_err(|_| Fault::Misread(column))
}

/// An account without its credentials, which stand in a table of their own.
pub(in crate::store) fn account(row: Row<'_>) -> Result<Account> {
    Ok(Account {
        id: get(row, "id")?,
        parent: get_opt(row, "parent")?,
        api_key: get(row, "api_key")?,
        auth_id: parsed::<AuthId>(row, "auth_id")?,
        name: row.get("name")?,
        currency: parsed::<Currency>(row, "currency")?,
        mode: get(row, "mode")?,
        standing: standing(row, "balance", "credit_limit", "held")?,
        status: get(row, "status")?,
        created_at: get(row, "created_at")?,
        changed_at: get_opt(row, "changed_at")?,
        settings: owned::settings_of(row)?,
        plan: row.get("plan")?,
        caps: match row.get::<Option<&str>>("caps")? {
            None => None,
            Some(text) => Some(caps::decode(text).ok_or(Fault::Misread("caps"))?),
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

fn standing(
    row: Row<'_>,
    balance: &'static str,
    credit_limit: &'static str,
    held: &'static str,
) -> Result<Standing> {
    Ok(Standing { balance: get(row, balance)?, credit_limit: get(row, credit_limit)?, held: get(row, held)? })
}

pub(in crate::store) fn credential(row: Row<'_>) -> Result<Credential> {
    Ok(Credential {
        id: get(row, "id")?,
        kind: get(row, "kind")?,
        created_at: get(row, "created_at")?,
        expires_at: get_opt(row, "expires_at")?,
        limits: limits::of(row)?,
    })
}

pub(in crate::store) fn token(row: Row<'_>) -> Result<Token> {
    let scope = match row.get::<i64>("caller")? {
        OPERATOR => TokenScope::Operator,
        GATE => TokenScope::Gate { may_force: row.get("may_force")? },
        _ => return Err(Fault::Misread("caller")),
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

pub(in crate::store) fn hold(row: Row<'_>) -> Result<Hold> {
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
        operation: row.get("operation")?,
        price: row.get("price")?,
        ending,
    })
}

/// A journal line with its place in the journal and in its accounts' chains.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place in the journal.
    pub place: Place,
    /// The line.
    pub line: Line,
    /// How it hangs in the chain of the account that it is about.
    pub account_link: Link,
    /// The same of the other account.
    pub other_link: Link,
}

impl Recorded {
    /// How it hangs in the chain of an account; `None` for an account that it is not about.
    pub fn link(&self, account: AccountId) -> Option<Link> {
        let other = self.line.counter.map(|it| it.account).or(self.line.cause);
        if self.line.account.is_some_and(|it| it.account == account) {
            Some(self.account_link)
        } else if other == Some(account) {
            Some(self.other_link)
        } else {
            None
        }
    }
}

pub(in crate::store) fn recorded(row: Row<'_>) -> Result<Recorded> {
    Ok(Recorded {
        place: row.get("seq")?,
        line: line(row)?,
        account_link: link(row, "account_before", "account_version")?,
        other_link: link(row, "other_before", "other_version")?,
    })
}

/// The first line of an account says 0. In a file nobody counts them.
fn link(row: Row<'_>, before: &'static str, version: &'static str) -> Result<Link> {
    let before = row.get::<Option<Place>>(before)?;
    let version = match row {
        Row::Sqlite(_) => None,
        Row::Postgres(_) => row.get(version)?,
    };
    Ok(Link { before: before.filter(|it| *it != Place::Seq(0)), version })
}

fn line(row: Row<'_>) -> Result<Line> {
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
    let record = |column: &'static str| -> Result<Option<Box<Record>>> {
        let Some(text) = row.get::<Option<&str>>(column)? else { return Ok(None) };
        Ok(Some(Box::new(record::decode(text).ok_or(Fault::Misread(column))?)))
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
        operation: row.get("operation")?,
        units: row.get("units")?,
        price: row.get("price")?,
        reference: row.get("reference")?,
        forced: marks & FORCED != 0,
        late: marks & LATE != 0,
        once: once(row)?,
        record: record("record")?,
        before: record("before")?,
    })
}

/// An address has one form: IPv4 in 4 bytes, everything else in 16.
fn address(row: Row<'_>) -> Result<Option<IpAddr>> {
    let Some(bytes) = row.get::<Option<&[u8]>>("address")? else { return Ok(None) };
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    let address = address.map_err(|_| Fault::Misread("address"))?;
    if address == address.to_canonical() { Ok(Some(address)) } else { Err(Fault::Misread("address")) }
}

fn once(row: Row<'_>) -> Result<Option<Once>> {
    let Some(key) = row.get::<Option<&str>>("once_key")? else { return Ok(None) };
    let request = row.get::<Option<[u8; 32]>>("request")?;
    Ok(Some(Once { key: key.into(), request, sealed: None }))
}

fn actor(row: Row<'_>) -> Result<Actor> {
    Ok(match row.get::<i64>("caller")? {
        OPERATOR => Actor::Operator(get(row, "by_credential")?),
        GATE => Actor::Gate(get(row, "by_credential")?),
        ACCOUNT => {
            Actor::Account { account: get(row, "by_account")?, credential: get(row, "by_credential")? }
        }
        SERVER => Actor::Server,
        _ => return Err(Fault::Misread("caller")),
    })
}

/// Where the columns stand that say within what the key of a line is unique.
pub(in crate::store) struct KeyedLine {
    pub(in crate::store) caller: usize,
    pub(in crate::store) by_account: usize,
    pub(in crate::store) kind: usize,
    pub(in crate::store) account: usize,
    pub(in crate::store) other: usize,
}

impl KeyedLine {
    /// What [`Line::scope`] says of the whole line.
    pub(in crate::store) fn scope(&self, row: Row<'_>) -> Result<Scope> {
        let caller = match row.at::<i64>(self.caller, "caller")? {
            OPERATOR => Caller::Operator,
            GATE => Caller::Gate,
            ACCOUNT => Caller::Account,
            SERVER => Caller::Server,
            _ => return Err(Fault::Misread("caller")),
        };
        let account = |place: usize, column: &'static str| -> Result<Option<AccountId>> {
            Ok(row.at::<Option<Column<AccountId>>>(place, column)?.map(|it| it.0))
        };
        let kind = row.at::<Column<Kind>>(self.kind, "kind")?.0;
        let about_the_named = match kind {
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
        let caller = match (kind, caller) {
            (Kind::Charge | Kind::Hold, Caller::Account) => Caller::Call,
            (_, caller) => caller,
        };
        // None of the kinds that are about the account named has a counterparty, so the other account is its cause.
        let account = if about_the_named {
            account(self.other, "other")?.or(account(self.account, "account")?)
        } else {
            account(self.by_account, "by_account")?
        };
        Ok(Scope { account, caller })
    }
}
