//! Reads: each in one state of the store, in which the caller's credential is looked at once more.

use std::collections::HashMap;

use ledger::{
    Account, AccountId, Actor, Amount, ApiKey, Kind, Limit, Limits, Line, LineId, Refusal, Status, Timestamp,
    Token, TokenId, TransferKind, authority,
};

use super::{App, Error};
use crate::store::{AccountFilter, Place, Recorded, Snapshot, TokenFilter};
use crate::windows;

/// An account, and what the caller may know of what it can spend.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account; what its caps count is as of now.
    pub account: Account,
    /// What its payer has available; `None` where the caller may not see that payer.
    pub available: Option<Amount>,
}

/// Which transfers of a family.
#[derive(Clone, Copy, Debug)]
pub struct TransferFilter {
    /// Balance or credit limit.
    pub kind: TransferKind,
    /// From this time on.
    pub from: Timestamp,
    /// Up to this time, itself included.
    pub to: Timestamp,
}

/// Which postings of an account.
#[derive(Clone, Debug, Default)]
pub struct PostingFilter {
    /// Those that record this.
    pub kind: Option<Kind>,
    /// Those of this operation.
    pub operation: Option<Box<str>>,
    /// Those with this reference.
    pub reference: Option<Box<str>>,
    /// Those from this time on.
    pub from: Option<Timestamp>,
    /// Those before this time.
    pub to: Option<Timestamp>,
}

impl PostingFilter {
    fn fits(&self, line: &Line) -> bool {
        line.is_posting()
            && self.kind.is_none_or(|it| it == line.kind)
            && self.operation.as_deref().is_none_or(|it| line.operation.as_deref() == Some(it))
            && self.reference.as_deref().is_none_or(|it| line.reference.as_deref() == Some(it))
            && self.to.is_none_or(|it| line.at < it)
    }
}

/// A page of postings.
#[derive(Clone, Debug, Default)]
pub struct Postings {
    /// The lines, newest first.
    pub lines: Vec<Line>,
    /// Where the next page goes on; `None` where there is nothing more.
    pub next: Option<LineId>,
}

/// How many lines of an account are looked at for a page, however few of them fit: some 50 ms of reading.
const LOOKED_AT_MAX: usize = 10_000;

/// Transfers, newest first, and the api keys of their sides.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    /// The lines.
    pub lines: Vec<Recorded>,
    /// The api key of every account in them.
    pub api_keys: HashMap<AccountId, ApiKey>,
}

pub(super) type Decided<T> = crate::store::Result<Result<T, Refusal>>;

impl App {
    pub(super) async fn see<T: Send + 'static>(
        &self,
        by: Actor,
        read: impl FnOnce(&Snapshot<'_>) -> Decided<T> + Send + 'static,
    ) -> Result<T, Error> {
        let now = self.0.clock.now();
        let seen = self.0.store.read(move |snapshot| match snapshot.may_call(&by, now)? {
            // Here, so that whatever is read is read within the caller's limits.
            Ok(limits) => read(&snapshot.limited_to(limits)),
            Err(refusal) => Ok(Err(refusal)),
        });
        let seen = seen.await?;
        if let Err(refusal) = &seen {
            self.note_unseen(by, refusal);
        }
        Ok(seen?)
    }

    /// Whether the caller may manage this account's family as its primary: what the Vonage dialect asks before it
    /// looks at a body.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`authority::managing`].
    pub async fn managing(&self, by: Actor, primary: AccountId) -> Result<Account, Error> {
        self.see(by, move |snapshot| managed(snapshot, &by, primary)).await
    }

    /// A primary and all its subaccounts that are not closed, oldest first.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`authority::managing`].
    pub async fn family(&self, by: Actor, primary: AccountId) -> Result<(Account, Vec<Account>), Error> {
        self.see(by, move |snapshot| {
            Ok(match managed(snapshot, &by, primary)? {
                Ok(account) => Ok((account, snapshot.subaccounts(primary)?)),
                Err(refusal) => Err(refusal),
            })
        })
        .await
    }

    /// One account, for those who may see it.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn account(&self, by: Actor, id: AccountId) -> Result<AccountView, Error> {
        let now = self.0.clock.now();
        self.see(by, move |snapshot| {
            Ok(match visible(snapshot, &by, id)? {
                Ok(account) => Ok(view(snapshot, &by, account, now, &mut Payers::new())?),
                Err(refusal) => Err(refusal),
            })
        })
        .await
    }

    /// The accounts that the caller may see, in the order in which they were opened, after a cursor.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to gates.
    pub async fn accounts(
        &self,
        by: Actor,
        filter: AccountFilter,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountView>, Error> {
        let filter = match by {
            Actor::Operator(_) | Actor::Server => filter,
            Actor::Account { account, .. } => AccountFilter { family: Some(account), ..filter },
            Actor::Gate(_) => return Err(Refusal::Forbidden.into()),
        };
        let now = self.0.clock.now();
        self.see(by, move |snapshot| {
            let accounts = snapshot.accounts(&filter, after, limit)?.into_iter();
            let mut payers = Payers::new();
            accounts
                .map(|it| view(snapshot, &by, it, now, &mut payers))
                .collect::<crate::store::Result<Vec<_>>>()
                .map(Ok)
        })
        .await
    }

    /// What an account can see as its balance: its own, or that of the primary whose balance it shares
    /// (docs/rules.md, Visibility).
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Restricted`] to a key that does not reach that primary.
    pub async fn balance(&self, by: Actor, id: AccountId) -> Result<Amount, Error> {
        self.see(by, move |snapshot| {
            let account = match visible(snapshot, &by, id)? {
                Ok(account) => account,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let payer = account.payer();
            if !snapshot.reaches(payer) {
                return Ok(Err(Refusal::Restricted(Limit::Accounts)));
            }
            let payer = if payer == account.id { Some(account) } else { snapshot.account(payer)? };
            Ok(payer.map(|it| it.standing.balance).ok_or(Refusal::AccountNotFound(id)))
        })
        .await
    }

    /// The postings of an account that fit, newest first, from the one before `before` on, at most `limit`; `None` where
    /// `before` is no line of the account.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::AccountNotFound`] for what is unknown and foreign alike.
    pub async fn postings(
        &self,
        by: Actor,
        id: AccountId,
        filter: PostingFilter,
        before: Option<LineId>,
        limit: usize,
    ) -> Result<Option<Postings>, Error> {
        self.see(by, move |snapshot| {
            if let Err(refusal) = visible(snapshot, &by, id)? {
                return Ok(Err(refusal));
            }
            let before = match before {
                None => None,
                Some(line) => match snapshot.line(line)?.filter(|it| it.link(id).is_some()) {
                    None => return Ok(Ok(None)),
                    Some(line) => Some(line.place),
                },
            };
            page(snapshot, id, &filter, before, limit).map(|it| Ok(Some(it)))
        })
        .await
    }

    /// A family's transfers.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`authority::managing`].
    pub async fn transfers(
        &self,
        by: Actor,
        primary: AccountId,
        filter: TransferFilter,
    ) -> Result<Transfers, Error> {
        let TransferFilter { kind, from, to } = filter;
        self.see(by, move |snapshot| {
            let lines = match managed(snapshot, &by, primary)? {
                Ok(_) => snapshot.transfers(primary, kind, from, to)?,
                Err(refusal) => return Ok(Err(refusal)),
            };
            with_api_keys(snapshot, lines).map(Ok)
        })
        .await
    }

    /// One transfer of a family by its id; empty where there is none of that kind.
    ///
    /// # Errors
    /// [`Error`]; the refusals of [`authority::managing`].
    pub async fn transfer_by_id(
        &self,
        by: Actor,
        primary: AccountId,
        kind: TransferKind,
        id: LineId,
    ) -> Result<Transfers, Error> {
        self.see(by, move |snapshot| {
            let found = match managed(snapshot, &by, primary)? {
                Ok(_) => snapshot.line(id)?,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let is_it = |it: &Recorded| {
                it.line.family == Some(primary) && it.line.kind == kind.line() && snapshot.shows(&it.line)
            };
            let found = found.filter(is_it);
            with_api_keys(snapshot, found.into_iter().collect()).map(Ok)
        })
        .await
    }

    /// The operator and gate tokens that fit, oldest first, after a cursor.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to everybody but the operator.
    pub async fn tokens(
        &self,
        by: Actor,
        filter: TokenFilter,
        after: Option<TokenId>,
        limit: usize,
    ) -> Result<Vec<Token>, Error> {
        self.see(by, move |snapshot| match operator(snapshot, &by) {
            Ok(()) => snapshot.tokens(filter, after, limit).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }
}

/// The lines of an account, newest first, until the page is full, all of them were looked at, or so many that the rest is for
/// another request.
fn page(
    snapshot: &Snapshot<'_>,
    id: AccountId,
    filter: &PostingFilter,
    mut before: Option<Place>,
    limit: usize,
) -> crate::store::Result<Postings> {
    let mut page = Postings::default();
    let mut looked_at = 0;
    loop {
        let lines = snapshot.lines_of(id, before, limit.saturating_add(1).min(LOOKED_AT_MAX - looked_at))?;
        let Some(oldest) = lines.last() else { return Ok(page) };
        (before, looked_at) = (Some(oldest.place), looked_at + lines.len());
        let oldest = oldest.line.id;
        for Recorded { line, .. } in lines {
            // The journal's time never goes back, so what follows is older still.
            if filter.from.is_some_and(|it| line.at < it) {
                return Ok(page);
            }
            if !filter.fits(&line) {
                continue;
            }
            let Some(line) = snapshot.seen(line) else { continue };
            if page.lines.len() == limit {
                page.next = page.lines.last().map(|it| it.id);
                return Ok(page);
            }
            page.lines.push(line);
        }
        if looked_at >= LOOKED_AT_MAX {
            page.next = Some(oldest);
            return Ok(page);
        }
    }
}

pub(super) fn visible(snapshot: &Snapshot<'_>, by: &Actor, id: AccountId) -> Decided<Account> {
    if matches!(by, Actor::Gate(_)) {
        return Ok(Err(Refusal::Forbidden));
    }
    let account = snapshot.account(id)?.filter(|it| authority::may_see(by, it));
    let account = account.ok_or(Refusal::AccountNotFound(id));
    Ok(account.and_then(|it| authority::reaches(snapshot.limits(), by, id).map(|()| it)))
}

/// Whether it is the operator, who asks for what is about everybody and so beyond a token for some accounts.
pub(super) fn operator(snapshot: &Snapshot<'_>, by: &Actor) -> Result<(), Refusal> {
    authority::is_operator(by)?;
    match snapshot.limits().and_then(Limits::accounts) {
        Some(_) => Err(Refusal::Restricted(Limit::Accounts)),
        None => Ok(()),
    }
}

pub(super) fn managed(snapshot: &Snapshot<'_>, by: &Actor, primary: AccountId) -> Decided<Account> {
    let Some(account) = snapshot.account(primary)? else { return Ok(Err(Refusal::AccountNotFound(primary))) };
    let reached = authority::reaches(snapshot.limits(), by, primary);
    Ok(reached.and_then(|()| authority::may_manage_as(by, &account)).map(|()| account))
}

/// What payers have available, as far as the caller may see it; read once each, for most of a list share one.
pub(super) type Payers = HashMap<AccountId, Option<Amount>>;

pub(super) fn view(
    snapshot: &Snapshot<'_>,
    by: &Actor,
    account: Account,
    now: Timestamp,
    payers: &mut Payers,
) -> crate::store::Result<AccountView> {
    let account = in_its_windows(account, now);
    let payer = account.payer();
    let available = if account.status == Status::Closed {
        None
    } else if payer == account.id {
        Some(account.standing.available())
    } else if let Some(available) = payers.get(&payer) {
        *available
    } else {
        let is_reached = authority::reaches(snapshot.limits(), by, payer).is_ok();
        let visible = snapshot.account(payer)?.filter(|it| is_reached && authority::may_see_money(by, it));
        let available = visible.map(|it| it.standing.available());
        payers.insert(payer, available);
        available
    };
    Ok(AccountView { account, available })
}

/// With its caps as they are now: what is stored is as of what was counted last.
fn in_its_windows(account: Account, now: Timestamp) -> Account {
    match &account.caps {
        Some(caps) if caps.is_over(now) => {
            let caps = caps.at(windows::of(&caps.zone, now).as_ref(), now);
            Account { caps: Some(Box::new(caps)), ..account }
        }
        Some(_) | None => account,
    }
}

fn with_api_keys(snapshot: &Snapshot<'_>, lines: Vec<Recorded>) -> crate::store::Result<Transfers> {
    let mut api_keys = HashMap::new();
    for side in lines.iter().flat_map(|it| [it.line.account, it.line.counter]).flatten() {
        if let std::collections::hash_map::Entry::Vacant(vacant) = api_keys.entry(side.account)
            && let Some(account) = snapshot.account(side.account)?
        {
            vacant.insert(account.api_key);
        }
    }
    Ok(Transfers { lines, api_keys })
}
