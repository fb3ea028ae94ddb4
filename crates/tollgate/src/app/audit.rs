//! The audit trail: every accepted change, as far as the caller may see it.

use ledger::{AccountId, Actor, Refusal, Timestamp};

use super::read::visible;
use super::{App, Error};
use crate::store::{AuditFilter, Audited, Cause, Whose};

/// What a look at the audit trail is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery {
    /// Only the lines of this account.
    pub account: Option<AccountId>,
    /// Only those of this kind.
    pub kind: Option<ledger::Kind>,
    /// Only those that this one caused.
    pub by: Option<Cause>,
    /// Only those from this time on.
    pub from: Option<Timestamp>,
    /// Only those before this time.
    pub to: Option<Timestamp>,
}

impl App {
    /// The lines that the caller may see, newest first, from behind `cursor` on, at most `limit` of them; `None` for a cursor
    /// that no page gave. The operator sees all, a primary its family's, a subaccount its own.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike, [`Refusal::Forbidden`] to gates.
    pub async fn audit(
        &self,
        by: Actor,
        query: AuditQuery,
        cursor: Option<[u8; 16]>,
        limit: usize,
    ) -> Result<Option<Audited>, Error> {
        self.see(by, move |snapshot| {
            let asked = match (query.account, by) {
                (_, Actor::Gate(_)) => return Ok(Err(Refusal::Forbidden)),
                (Some(account), _) => Some(account),
                (None, Actor::Account { account, .. }) => Some(account),
                (None, Actor::Operator(_) | Actor::Server) => None,
            };
            let of = match asked {
                None => Whose::Everybody,
                Some(id) => match visible(snapshot, &by, id)? {
                    Err(refusal) => return Ok(Err(refusal)),
                    Ok(account) if query.account.is_none() && account.is_primary() => Whose::Family(id),
                    Ok(_) => Whose::Account(id),
                },
            };
            let AuditQuery { kind, by: cause, from, to, .. } = query;
            snapshot.audit(&AuditFilter { of, kind, by: cause, from, to }, cursor, limit).map(Ok)
        })
        .await
    }
}
