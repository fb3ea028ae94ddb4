//! What authenticates accounts, the operator and gates.

use std::sync::Arc;

use super::{Decision, Draft};
use crate::account::{Account, CREDENTIALS_MAX, Credential, OVERLAP_MAX_MS, RESTRICTED_MAX, Token};
use crate::authority;
use crate::book::Change;
use crate::command::{Action, Actor, NewCredential};
use crate::id::{AccountId, CredentialId, TokenId};
use crate::journal::{Kind, Line, Record};
use crate::limits::Limits;
use crate::refusal::Refusal;

pub(super) fn add(
    mut draft: Draft<'_>,
    id: AccountId,
    new: &NewCredential,
    same_as: Option<CredentialId>,
) -> Result<Decision, Refusal> {
    let account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    check_same(&account, same_as)?;
    check_limits(&draft, new.limits.as_deref(), Some(id))?;
    let (alive, max) = match new.limits {
        None => (account.credentials_of(new.kind, draft.now).count(), CREDENTIALS_MAX),
        Some(_) => (account.restricted_of(new.kind, draft.now).count(), RESTRICTED_MAX),
    };
    if alive >= max {
        return Err(Refusal::CredentialsMax(max));
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

/// The accounts that a key is limited to are there: for an account's credential itself or its subaccounts.
fn check_limits(draft: &Draft<'_>, limits: Option<&Limits>, owner: Option<AccountId>) -> Result<(), Refusal> {
    for id in limits.and_then(Limits::accounts).into_iter().flatten() {
        let account = draft.open_account(*id).map_err(|_| Refusal::AccountNotFound(*id))?;
        let is_its = owner.is_none_or(|it| account.id == it || account.parent == Some(it));
        if !is_its {
            return Err(Refusal::AccountNotFound(*id));
        }
    }
    Ok(())
}

fn added(draft: &mut Draft<'_>, mut account: Account, new: &NewCredential) -> Line {
    let credential = new.at(draft.now);
    account.credentials = account.credentials.iter().cloned().chain([credential.clone()]).collect();
    draft.changes.push(Change::CredentialAdded {
        account: account.id,
        credential: new.clone(),
        at: draft.now,
    });
    let line = Line {
        record: Some(Box::new(Record::Credential(credential))),
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
    // It would be the only one of its kind that goes on, and a restricted one is not to be the last.
    if new.limits.is_some() {
        return Err(Refusal::Forbidden);
    }
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
            account.credentials = without(&account, old.id);
            draft.changes.push(Change::CredentialRevoked { credential: old.id, at: draft.now });
            let line =
                draft.line_changing(Kind::CredentialRevoked, &account, Record::Credential(old.clone()));
            draft.beside(Line { record: Some(Box::new(Record::Credential(old.clone()))), ..line });
        } else {
            // It is the only one, and the last of a kind never has an end, so none is put off by this.
            let ending = Credential { expires_at: Some(expires_at), ..old.clone() };
            let changed = account.credentials.iter().map(|it| if it.id == old.id { &ending } else { it });
            account.credentials = changed.cloned().collect();
            draft.changes.push(Change::CredentialChanged(ending.clone()));
            let line =
                draft.line_changing(Kind::CredentialChanged, &account, Record::Credential(old.clone()));
            draft.beside(Line { record: Some(Box::new(Record::Credential(ending))), ..line });
        }
    }
    let line = added(&mut draft, account, new);
    Ok(draft.done(line))
}

pub(super) fn revoke(draft: Draft<'_>, id: AccountId, credential: CredentialId) -> Result<Decision, Refusal> {
    let account = authority::keeping(draft.book, &draft.command.by, id)?.clone();
    let revoked = account.credential(credential).ok_or(Refusal::CredentialNotFound)?.clone();
    let stays = |it: &&Credential| it.id != credential && it.expires_at.is_none();
    // A restricted one never is the last: without an unrestricted one nobody could make another.
    let is_last = account.credentials_of(revoked.kind, draft.now).filter(stays).count() == 0;
    if revoked.limits.is_none() && is_last {
        return Err(Refusal::LastCredential);
    }
    Ok(end(draft, account, revoked))
}

pub(super) fn expire(draft: Draft<'_>, id: AccountId, credential: CredentialId) -> Result<Decision, Refusal> {
    if draft.command.by != Actor::Server {
        return Err(Refusal::Forbidden);
    }
    let account = draft.open_account(id)?.clone();
    let expired = account.credential(credential).ok_or(Refusal::CredentialNotFound)?.clone();
    if expired.lives_at(draft.now) {
        return Err(Refusal::NotExpired);
    }
    Ok(end(draft, account, expired))
}

fn end(mut draft: Draft<'_>, mut account: Account, credential: Credential) -> Decision {
    account.credentials = without(&account, credential.id);
    draft.changes.push(Change::CredentialRevoked { credential: credential.id, at: draft.now });
    let line = Line {
        record: Some(Box::new(Record::Credential(credential.clone()))),
        ..draft.line_changing(Kind::CredentialRevoked, &account, Record::Credential(credential))
    };
    draft.put(account);
    draft.done(line)
}

/// The live credentials of an account but one.
fn without(account: &Account, id: CredentialId) -> Arc<[Credential]> {
    account.credentials.iter().filter(|it| it.id != id).cloned().collect()
}

pub(super) fn make_token(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::MakeToken { token: id, scope, proof, limits } = &draft.command.action else {
        return Err(Refusal::Forbidden);
    };
    authority::is_operator(&draft.command.by)?;
    check_limits(&draft, limits.as_deref(), None)?;
    let is_first = draft.command.by == Actor::Server;
    let (created_at, limits) = (draft.now, limits.clone());
    let token = Token { id: *id, scope: *scope, is_first, created_at, revoked_at: None, limits };
    draft.changes.push(Change::TokenMade { token: token.clone(), proof: proof.clone() });
    let line = Line { record: Some(Box::new(Record::Token(token))), ..draft.line(Kind::TokenMade) };
    Ok(draft.done(line))
}

pub(super) fn revoke_token(mut draft: Draft<'_>, id: TokenId) -> Result<Decision, Refusal> {
    authority::is_operator(&draft.command.by)?;
    let token = match draft.book.token(id) {
        // The environment's token is stored nowhere: it goes by starting without it.
        Some(token) if token.revoked_at.is_none() && id != TokenId::ENVIRONMENT => token.clone(),
        Some(_) | None => return Err(Refusal::TokenNotFound),
    };
    let before = Some(Box::new(Record::Token(token.clone())));
    let token = Token { revoked_at: Some(draft.now), ..token };
    draft.changes.push(Change::TokenRevoked(token.clone()));
    let line =
        Line { record: Some(Box::new(Record::Token(token))), before, ..draft.line(Kind::TokenRevoked) };
    Ok(draft.done(line))
}
