//! Who may do and see what. Asked by `decide` for writes and by the shell for reads, so that both say the same.

use crate::account::{Account, Status, Token, TokenScope};
use crate::book::Book;
use crate::command::{Action, Actor};
use crate::id::{AccountId, TokenId};
use crate::journal::{Line, Side};
use crate::limits::{Limit, Limits};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::webhook::Webhook;

/// Whether the caller's credential still lives and its account may call; and what it is limited to, if it is.
///
/// # Errors
/// [`Refusal::CredentialRevoked`] or [`Refusal::CallerSuspended`].
pub fn may_call<'book>(
    book: &'book Book,
    by: &Actor,
    now: Timestamp,
) -> Result<Option<&'book Limits>, Refusal> {
    match by {
        Actor::Server => Ok(None),
        Actor::Operator(id) => match book.token(*id) {
            Some(token) if token.revoked_at.is_none() && token.scope == TokenScope::Operator => {
                Ok(token.limits.as_deref())
            }
            Some(_) | None => Err(Refusal::CredentialRevoked),
        },
        Actor::Gate(id) => live_gate(book, *id).map(limits_of).ok_or(Refusal::CredentialRevoked),
        Actor::Account { account, credential } => {
            let account = book.account(*account).ok_or(Refusal::CredentialRevoked)?;
            let live = account.credential(*credential).filter(|it| it.lives_at(now));
            let (Some(live), Status::Active | Status::Suspended) = (live, account.status) else {
                return Err(Refusal::CredentialRevoked);
            };
            if book.is_suspended(account) {
                Err(Refusal::CallerSuspended)
            } else {
                Ok(live.limits.as_deref())
            }
        }
    }
}

fn live_gate(book: &Book, id: TokenId) -> Option<&Token> {
    book.token(id).filter(|it| it.revoked_at.is_none() && it.scope != TokenScope::Operator)
}

fn limits_of(token: &Token) -> Option<&Limits> {
    token.limits.as_deref()
}

/// What the gate is limited to that a call came through, if it showed a token.
///
/// # Errors
/// [`Refusal::Forbidden`] where that token is none of a gate or was revoked.
pub fn through<'book>(book: &'book Book, action: &Action) -> Result<Option<&'book Limits>, Refusal> {
    if let Action::Check { gate: Some(gate), .. } = action {
        live_gate(book, *gate).map(limits_of).ok_or(Refusal::Forbidden)
    } else {
        Ok(None)
    }
}

/// What the caller is limited to, if it is.
pub fn limits<'book>(book: &'book Book, by: &Actor) -> Option<&'book Limits> {
    match by {
        Actor::Server => None,
        Actor::Operator(id) | Actor::Gate(id) => book.token(*id)?.limits.as_deref(),
        Actor::Account { account, credential } => {
            book.account(*account)?.credential(*credential)?.limits.as_deref()
        }
    }
}

/// Whether an account is within reach of a caller with these limits. One that is not is not there; but its own account
/// nobody can be told that of.
///
/// # Errors
/// [`Refusal::AccountNotFound`], or [`Refusal::Restricted`] of the caller's own account.
pub fn reaches(limits: Option<&Limits>, by: &Actor, id: AccountId) -> Result<(), Refusal> {
    match limits {
        Some(limits) if !limits.reaches(id) => Err(if by.account() == Some(id) {
            Refusal::Restricted(Limit::Accounts)
        } else {
            Refusal::AccountNotFound(id)
        }),
        Some(_) | None => Ok(()),
    }
}

/// Only the operator.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub const fn is_operator(by: &Actor) -> Result<(), Refusal> {
    match by {
        Actor::Operator(_) | Actor::Server => Ok(()),
        Actor::Gate(_) | Actor::Account { .. } => Err(Refusal::Forbidden),
    }
}

/// The operator, or a gate; to force, only a gate that may.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn may_charge(book: &Book, by: &Actor, force: bool) -> Result<(), Refusal> {
    match by {
        Actor::Operator(_) | Actor::Server => Ok(()),
        Actor::Gate(_) if !force => Ok(()),
        Actor::Gate(id) => match book.token(*id).map(|it| it.scope) {
            Some(TokenScope::Gate { may_force: true }) => Ok(()),
            Some(TokenScope::Gate { may_force: false } | TokenScope::Operator) | None => {
                Err(Refusal::Forbidden)
            }
        },
        Actor::Account { .. } => Err(Refusal::Forbidden),
    }
}

/// The account, for those who manage it: the operator, and its primary.
///
/// # Errors
/// [`Refusal::Forbidden`] to the account itself and to a gate, [`Refusal::AccountNotFound`] to everybody else and to a
/// key that does not reach it.
pub fn managed<'book>(book: &'book Book, by: &Actor, id: AccountId) -> Result<&'book Account, Refusal> {
    if matches!(by, Actor::Gate(_)) {
        return Err(Refusal::Forbidden);
    }
    let account = book.account(id).ok_or(Refusal::AccountNotFound(id))?;
    match by.account() {
        None => {}
        Some(caller) if account.parent == Some(caller) => {}
        Some(caller) if caller == id => return Err(Refusal::Forbidden),
        Some(_) => return Err(Refusal::AccountNotFound(id)),
    }
    reaches(limits(book, by), by, id)?;
    Ok(account)
}

/// The account, for those who keep what it owns and what authenticates it: the operator, itself and its primary.
///
/// # Errors
/// [`Refusal::Forbidden`] to a gate, [`Refusal::AccountNotFound`] to everybody else, [`Refusal::AccountClosed`].
pub fn keeping<'book>(book: &'book Book, by: &Actor, id: AccountId) -> Result<&'book Account, Refusal> {
    let account = match by.account() {
        Some(caller) if caller == id => {
            reaches(limits(book, by), by, id)?;
            book.account(id).ok_or(Refusal::AccountNotFound(id))?
        }
        Some(_) | None => managed(book, by, id)?,
    };
    if account.status == Status::Closed { Err(Refusal::AccountClosed(id)) } else { Ok(account) }
}

/// The primary account in whose name a family is managed: its own credentials, or the operator's.
///
/// # Errors
/// [`Refusal::NotPrimary`] where the account named is a subaccount, [`Refusal::AccountNotFound`] where it is not the
/// caller's own or is closed, [`Refusal::Forbidden`] to a gate.
pub fn managing<'book>(book: &'book Book, by: &Actor, primary: AccountId) -> Result<&'book Account, Refusal> {
    if matches!(by, Actor::Gate(_)) {
        return Err(Refusal::Forbidden);
    }
    let account = book.account(primary).ok_or(Refusal::AccountNotFound(primary))?;
    reaches(limits(book, by), by, primary)?;
    may_manage_as(by, account)?;
    Ok(account)
}

/// The same as [`managing`], for a reader that has the account at hand.
///
/// # Errors
/// As [`managing`].
pub fn may_manage_as(by: &Actor, account: &Account) -> Result<(), Refusal> {
    let is_foreign = by.account().is_some_and(|it| it != account.id);
    if is_foreign || account.status == Status::Closed {
        return Err(Refusal::AccountNotFound(account.id));
    }
    if account.is_primary() { Ok(()) } else { Err(Refusal::NotPrimary(account.id)) }
}

/// Whether the caller may see an account at all: the operator, itself, its primary; a closed one only the operator
/// and its primary.
pub fn may_see(by: &Actor, account: &Account) -> bool {
    match by {
        Actor::Operator(_) | Actor::Server => true,
        Actor::Gate(_) => false,
        Actor::Account { account: caller, .. } => {
            (account.id == *caller && account.status != Status::Closed) || account.parent == Some(*caller)
        }
    }
}

/// Who keeps a webhook: whose it is, the primary of that account, and the operator; not by a key with limits that it is
/// beyond.
///
/// # Errors
/// [`Refusal::Forbidden`] to a gate, [`Refusal::WebhookNotFound`] to everybody else.
pub fn may_keep_webhook(limits: Option<&Limits>, by: &Actor, webhook: &Webhook) -> Result<(), Refusal> {
    match by.account() {
        None => is_operator(by)?,
        Some(caller) if webhook.owner == Some(caller) || webhook.family == Some(caller) => {}
        Some(_) => return Err(Refusal::WebhookNotFound),
    }
    let is_reached = limits.is_none_or(|it| it.reaches_webhook(webhook));
    if is_reached { Ok(()) } else { Err(Refusal::WebhookNotFound) }
}

/// Whether the caller may see what a payer stands at: the operator, gates, and the payer's own side.
pub fn may_see_money(by: &Actor, payer: &Account) -> bool {
    match by {
        Actor::Operator(_) | Actor::Server | Actor::Gate(_) => true,
        Actor::Account { account: caller, .. } => payer.id == *caller || payer.parent == Some(*caller),
    }
}

/// Whether the caller may see what one side of a line stood at after it: as [`may_see_money`], from the line alone.
pub fn may_see_side(by: &Actor, line: &Line, side: &Side) -> bool {
    match by {
        Actor::Operator(_) | Actor::Server | Actor::Gate(_) => true,
        Actor::Account { account: caller, .. } => side.account == *caller || line.family == Some(*caller),
    }
}
