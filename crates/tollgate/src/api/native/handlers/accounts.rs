//! Accounts, their payments, transfers and postings. `{account}` is an id, an api key or an auth id.

mod described;

use axum::response::Response;
use ledger::{Account, Actor, BalanceMode};

use super::{Segment, answer, caller, created, ok, segment};
use crate::api::Asked;
use crate::api::native::error::{Failure, Names};
use crate::api::native::wire::{
    AccountBody, AccountRecord, AccountsPage, AccountsQuery, ChangeBody, CloseBody, CloseRecord, NO_CURSOR,
    PaymentBody, PaymentRecord, PostingsPage, PostingsQuery, TransferBody, TransferRecord,
};
use crate::app::{AccountChange, AccountFilter, AccountView, App, Error, NewAccount, NewTransfer};
use crate::http::Incoming;

pub(in super::super) use described::described;

/// `POST /api/v1/accounts`: opens a primary account, or a subaccount. The secret and the auth token are shown in this
/// answer and in its repeats alone.
pub(in super::super) async fn open(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let AccountBody { name, currency, credit_limit, parent, mode, caps, alerts } =
            AccountBody::read(&incoming)?;
        let parent = match parent {
            Some(parent) => Some(app.named(&parent).await?),
            None => None,
        };
        let status = ledger::Status::Active;
        let (name, secret) = (name.into(), None);
        let new = NewAccount { parent, name, currency, credit_limit, mode, status, secret, caps, alerts };
        let opened = app.open_account(by, incoming.once(&app), new).await.map_err(of_new)?;
        let view = view(&app, by, opened.account).await;
        created(&AccountRecord::new(&view).showing(&opened.secret, &opened.auth_token))
    })
    .await
}

/// `GET /api/v1/accounts`: those that the caller may see, oldest first. A `parent` that there is not, or that is not
/// the caller's to see, has no subaccounts: the list is empty.
pub(in super::super) async fn list(Asked(app): Asked, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let AccountsQuery { parent, status, name, after, limit } = AccountsQuery::read(&incoming)?;
        let parent = match parent {
            Some(parent) => Some(app.named(&parent).await?),
            None => None,
        };
        let filter = AccountFilter { parent, family: None, status, name };
        let views = app.accounts(by, filter, after, limit.saturating_add(1)).await?;
        ok(&AccountsPage::new(&views, limit))
    })
    .await
}

/// `GET /api/v1/accounts/{account}`.
pub(in super::super) async fn get(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let account = app.named(segment(&name)).await?;
        ok(&AccountRecord::new(&app.account(by, account).await?))
    })
    .await
}

/// `PATCH /api/v1/accounts/{account}`: changes what is given, all or nothing.
pub(in super::super) async fn change(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let body = ChangeBody::read(&incoming)?;
        let ChangeBody { credit_limit, status, mode, .. } = body;
        let account = app.named(segment(&name)).await?;
        let change = AccountChange {
            name: body.name.map(Into::into),
            credit_limit,
            status,
            mode,
            plan: body.plan.map(|it| it.map(Into::into)),
            caps: body.caps,
            alerts: body.alerts,
            ..AccountChange::default()
        };
        let changed =
            app.change_account(by, incoming.once(&app), account, change).await.map_err(of_account)?;
        ok(&AccountRecord::new(&view(&app, by, changed).await))
    })
    .await
}

/// `POST /api/v1/accounts/{account}/close`: closes it for good, or says what that would do. A dry run writes nothing, so
/// it binds no key either.
pub(in super::super) async fn close(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let CloseBody { cascade, is_dry_run } = CloseBody::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        if is_dry_run {
            let decision = app.try_closing(by, incoming.once(&app).as_ref(), account, cascade).await?;
            ok(&CloseRecord::of_dry_run(&decision).ok_or(Error::Fault)?)
        } else {
            let line = app.close_account(by, incoming.once(&app), account, cascade).await?;
            ok(&CloseRecord::new(&line).ok_or(Error::Fault)?)
        }
    })
    .await
}

/// `POST /api/v1/accounts/{account}/payments`: books what the operator received or, negative, paid out.
pub(in super::super) async fn pay(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let PaymentBody { amount, reference } = PaymentBody::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let line = app.pay(by, incoming.once(&app), account, amount, reference).await?;
        created(&PaymentRecord::new(&by, &line))
    })
    .await
}

/// `POST /api/v1/accounts/{account}/transfers`: moves balance or credit limit from a primary account `to`, or to it
/// `from`, one of its subaccounts.
pub(in super::super) async fn transfer(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let TransferBody { kind, side, other, amount, reference } = TransferBody::read(&incoming)?;
        let (primary, other) = (app.named(segment(&name)).await?, app.named(&other).await?);
        let (from, to) = if side == "to" { (primary, other) } else { (other, primary) };
        let new = NewTransfer { kind, primary, from, to, amount, reference };
        let names = Names { account: side, ..Names::default() };
        let line = app.transfer(by, incoming.once(&app), new).await.map_err(|it| Failure::App(it, names))?;
        created(&TransferRecord::new(&by, &line))
    })
    .await
}

/// `GET /api/v1/accounts/{account}/postings`: the lines that moved its balance, credit limit or held amount, or that
/// it caused another to pay, newest first.
pub(in super::super) async fn postings(Asked(app): Asked, name: Segment, incoming: Incoming) -> Response {
    answer(&incoming, async {
        let by = caller(&app, &incoming).await?;
        let PostingsQuery { filter, before, limit, .. } = PostingsQuery::read(&incoming)?;
        let account = app.named(segment(&name)).await?;
        let page = app.postings(by, account, filter, before, limit).await?;
        let page = page.ok_or_else(|| Failure::field("cursor", NO_CURSOR))?;
        ok(&PostingsPage::new(&by, account, &page))
    })
    .await
}

/// The answer to a write is what it brought about, so that a repeat gets the same. Only what the payer of a shared
/// balance has available is as of now.
async fn view(app: &App, by: Actor, account: Account) -> AccountView {
    let available = match account.mode {
        BalanceMode::Own => Some(account.standing.available()),
        BalanceMode::Shared => app.account(by, account.id).await.ok().and_then(|it| it.available),
    };
    AccountView { account, available }
}

/// In an account's own requests the amount is its credit limit.
const fn of_new(error: Error) -> Failure {
    Failure::App(error, Names { amount: "credit_limit", ..Names::USUAL })
}

/// Of an account that is there its price plan alone is of a currency.
const fn of_account(error: Error) -> Failure {
    let currency = ("price_plan", "must be one of the account's currency");
    Failure::App(error, Names { amount: "credit_limit", currency, ..Names::USUAL })
}
