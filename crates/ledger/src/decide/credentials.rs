//! What authenticates accounts, the operator and gates.

use super::{Decision, Draft};
use crate::account::{Account, CREDENTIALS_MAX, Credential, Status, Token, TokenScope};
use crate::authority;
use crate::book::Change;
use crate::command::{Actor, NewCredential, Proof};
use crate::id::{AccountId, CredentialId, TokenId};
use crate::journal::{Kind, Line, Record};
use crate::refusal::Refusal;

/// An account's credentials are managed by the operator, itself and its primary (docs/rules.md, Callers).
fn of_account(draft: &Draft<'_>, id: AccountId) -> Result<Account, Refusal> {
    let account = match draft.command.by.account() {
        Some(caller) if caller == id => draft.account(id)?,
        Some(_) | None => authority::managed(draft.book, &draft.command.by, id)?,
    };
    if account.status == Status::Closed { Err(Refusal::AccountClosed(id)) } else { Ok(account.clone()) }
}

pub(super) fn add(
    mut draft: Draft<'_>,
    id: AccountId,
    new: &NewCredential,
    same_as: Option<CredentialId>,
) -> Result<Decision, Refusal> {
    let mut account = of_account(&draft, id)?;
    // Whether the text is in use comes before the count: it is a flaw of the request, which waiting does not cure.
    if same_as.is_some_and(|it| account.credential(it).is_some()) {
        return Err(Refusal::SecretInUse);
    }
    if account.credentials_of(new.kind) >= CREDENTIALS_MAX {
        return Err(Refusal::CredentialsMax(CREDENTIALS_MAX));
    }
    let credential = Credential { id: new.id, kind: new.kind, created_at: draft.now };
    account.credentials = account.credentials.iter().copied().chain([credential]).collect();
    draft.changes.push(Change::CredentialAdded { account: id, credential: new.clone(), at: draft.now });
    let line = Line {
        record: Some(Record::Credential(credential)),
        ..draft.line_about(Kind::CredentialAdded, &account)
    };
    draft.put(account);
    Ok(draft.done(line))
}

pub(super) fn revoke(
    mut draft: Draft<'_>,
    id: AccountId,
    credential: CredentialId,
) -> Result<Decision, Refusal> {
    let mut account = of_account(&draft, id)?;
    let revoked = *account.credential(credential).ok_or(Refusal::CredentialNotFound)?;
    if account.credentials_of(revoked.kind) <= 1 {
        return Err(Refusal::LastCredential);
    }
    account.credentials = account.credentials.iter().copied().filter(|it| it.id != credential).collect();
    draft.changes.push(Change::CredentialRevoked { credential, at: draft.now });
    let line = Line {
        record: Some(Record::Credential(revoked)),
        ..draft.line_about(Kind::CredentialRevoked, &account)
    };
    draft.put(account);
    Ok(draft.done(line))
}

pub(super) fn make_token(
    mut draft: Draft<'_>,
    id: TokenId,
    scope: TokenScope,
    proof: &Proof,
) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let is_first = draft.command.by == Actor::Server;
    let token = Token { id, scope, is_first, created_at: draft.now, revoked_at: None };
    draft.changes.push(Change::TokenMade { token, proof: proof.clone() });
    let line = Line { record: Some(Record::Token(token)), ..draft.line(Kind::TokenMade) };
    Ok(draft.done(line))
}

pub(super) fn revoke_token(mut draft: Draft<'_>, id: TokenId) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let token = match draft.book.token(id) {
        // The environment's token is stored nowhere: it goes by starting without it.
        Some(token) if token.revoked_at.is_none() && id != TokenId::ENVIRONMENT => *token,
        Some(_) | None => return Err(Refusal::TokenNotFound),
    };
    let token = Token { revoked_at: Some(draft.now), ..token };
    draft.changes.push(Change::TokenRevoked(token));
    let line = Line { record: Some(Record::Token(token)), ..draft.line(Kind::TokenRevoked) };
    Ok(draft.done(line))
}
