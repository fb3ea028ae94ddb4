//! Reading events: what others are told of.

use ledger::{AccountId, Actor, EventId, EventKind, Refusal};

use super::{App, Error};
use crate::store::{EventFilter, Logged, Snapshot};

impl App {
    /// The events that the caller may see, oldest first, after a cursor; `None` where that is no event that it may see.
    /// An account that there is not, or that is not the caller's to see, has none.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to gates.
    pub async fn events(
        &self,
        by: Actor,
        account: Option<AccountId>,
        kind: Option<EventKind>,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Option<Vec<Logged>>, Error> {
        self.see(by, move |snapshot| {
            let Some(mine) = visible(snapshot, &by)? else { return Ok(Err(Refusal::Forbidden)) };
            let after = match after {
                None => 0,
                Some(after) => {
                    match snapshot.event(after)?.filter(|it| fits(&mine, it) && snapshot.reaches(it.account))
                    {
                        None => return Ok(Ok(None)),
                        Some(event) => event.seq,
                    }
                }
            };
            // What a subaccount may see is its own, and nothing of anybody else whom it names.
            if mine.account.is_some() && account.is_some_and(|it| mine.account != Some(it)) {
                return Ok(Ok(Some(Vec::new())));
            }
            let filter = EventFilter { account: account.or(mine.account), kind, ..mine };
            Ok(Ok(Some(snapshot.events(&filter, after, limit)?)))
        })
        .await
    }
}

/// Which events a caller may see: the operator all, a primary its family's, a subaccount its own; a gate none.
fn visible(snapshot: &Snapshot<'_>, by: &Actor) -> crate::store::Result<Option<EventFilter>> {
    let Some(id) = by.account() else {
        return Ok((!matches!(by, Actor::Gate(_))).then(EventFilter::default));
    };
    let is_primary = snapshot.account(id)?.is_some_and(|it| it.is_primary());
    let (family, account) = if is_primary { (Some(id), None) } else { (None, Some(id)) };
    Ok(Some(EventFilter { family, account, kind: None }))
}

fn fits(filter: &EventFilter, event: &Logged) -> bool {
    filter.family.is_none_or(|it| it == event.family) && filter.account.is_none_or(|it| it == event.account)
}
