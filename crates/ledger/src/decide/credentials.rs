//! What authenticates accounts, the operator and gates.

use super::{Decision, Draft};
use crate::account::{Account, CREDENTIALS_MAX, Credential, OVERLAP_MAX_MS, Token, TokenScope};
use crate::authority;
use crate::book::Change;
use crate::command::{Actor, NewCredential, Proof};
use crate::id::{AccountId, CredentialId, TokenId};
use crate::journal::{Kind, Line, Record};
use crate::refusal::Refusal;

pub(super) fn add(
    mut draft: Draft<'_>,
    id: AccountId,
    new: &NewCredential,
    same_as: Option<CredentialId>,
) -> Result<Decision, Refusal> {
    let account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    check_same(&account, same_as)?;
    if account.credentials_of(new.kind, draft.now).count() >= CREDENTIALS_MAX {
        return Err(Refusal::CredentialsMax(CREDENTIALS_MAX));
    }
    let line = added(&mut draft, account, new);
    Ok(draft.done(line))
}

/// Whether the text is in use comes before the count: it is a flaw of the request, which waiting does not cure.
fn check_same(account: &Account, same_as: Option<CredentialId>) -> Result<(), Refusal> {
    if same_as.is_some_and(|it| account.credential(it).is_some()) {
        Err(Refusal::SecretInUse)
    } else {
        Ok(())
    }
}

fn added(draft: &mut Draft<'_>, mut account: Account, new: &NewCredential) -> Line {
    let credential = Credential { id: new.id, kind: new.kind, created_at: draft.now, expires_at: None };
    account.credentials = account.credentials.iter().copied().chain([credential]).collect();
    draft.changes.push(Change::CredentialAdded {
        account: account.id,
        credential: new.clone(),
        at: draft.now,
    });
    let line = Line {
        record: Some(Record::Credential(credential)),
        ..draft.line_about(Kind::CredentialAdded, &account)
    };
    draft.put(account);
    line
}

pub(super) fn rotate(
    mut draft: Draft<'_>,
    id: AccountId,
    new: &NewCredential,
    same_as: Option<CredentialId>,
    overlap_ms: i64,
) -> Result<Decision, Refusal> {
    let mut account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    check_same(&account, same_as)?;
    if !(0..=OVERLAP_MAX_MS).contains(&overlap_ms) {
        return Err(Refusal::OverlapOutOfRange);
    }
    if overlap_ms > 0 && account.credentials_of(new.kind, draft.now).count() >= CREDENTIALS_MAX {
        return Err(Refusal::CredentialsMax(CREDENTIALS_MAX));
    }
    let expires_at = draft.now.plus_millis(overlap_ms);
    // What is dead is left to the sweeper.
    for old in account.clone().credentials_of(new.kind, draft.now) {
        if overlap_ms == 0 {
            account.credentials = account.credentials.iter().copied().filter(|it| it.id != old.id).collect();
            draft.changes.push(Change::CredentialRevoked { credential: old.id, at: draft.now });
            let line = draft.line_changing(Kind::CredentialRevoked, &account, Record::Credential(*old));
            draft.beside(Line { record: Some(Record::Credential(*old)), ..line });
        } else {
            // It is the only one, and the last of a kind never has an end, so none is put off by this.
            let ending = Credential { expires_at: Some(expires_at), ..*old };
            let changed = account.credentials.iter().map(|it| if it.id == old.id { ending } else { *it });
            account.credentials = changed.collect();
            draft.changes.push(Change::CredentialChanged(ending));
            let line = draft.line_changing(Kind::CredentialChanged, &account, Record::Credential(*old));
            draft.beside(Line { record: Some(Record::Credential(ending)), ..line });
        }
    }
    let line = added(&mut draft, account, new);
    Ok(draft.done(line))
}

pub(super) fn revoke(draft: Draft<'_>, id: AccountId, credential: CredentialId) -> Result<Decision, Refusal> {
    let account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    let revoked = *account.credential(credential).ok_or(Refusal::CredentialNotFound)?;
    let stays = |it: &&Credential| it.id != credential && it.expires_at.is_none();
    if account.credentials_of(revoked.kind, draft.now).filter(stays).count() == 0 {
        return Err(Refusal::LastCredential);
    }
    Ok(end(draft, account, revoked))
}

pub(super) fn expire(draft: Draft<'_>, id: AccountId, credential: CredentialId) -> Result<Decision, Refusal> {
    if draft.command.by != Actor::Server {
        return Err(Refusal::Forbidden);
    }
    let account = draft.open_account(id)?.clone();
    let expired = *account.credential(credential).ok_or(Refusal::CredentialNotFound)?;
    if expired.lives_at(draft.now) {
        return Err(Refusal::NotExpired);
    }
    Ok(end(draft, account, expired))
}

fn end(mut draft: Draft<'_>, mut account: Account, credential: Credential) -> Decision {
    account.credentials = account.credentials.iter().copied().filter(|it| it.id != credential.id).collect();
    draft.changes.push(Change::CredentialRevoked { credential: credential.id, at: draft.now });
    let line = Line {
        record: Some(Record::Credential(credential)),
        ..draft.line_changing(Kind::CredentialRevoked, &account, Record::Credential(credential))
    };
    draft.put(account);
    draft.done(line)
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
    let before = Some(Box::new(Record::Token(token)));
    let token = Token { revoked_at: Some(draft.now), ..token };
    draft.changes.push(Change::TokenRevoked(token));
    let line = Line { record: Some(Record::Token(token)), before, ..draft.line(Kind::TokenRevoked) };
    Ok(draft.done(line))
}
