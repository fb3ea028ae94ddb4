//! A main account's subaccounts.

use axum::response::Response;
use ledger::{AccountId, Alerts, Amount, AuthId, BalanceMode, Status};

use super::{Call, Caller, gone, says};
use crate::api::Asked;
use crate::api::plivo::error::{About, Problem};
use crate::api::plivo::wire::{Args, Created, Page, SubaccountObject};
use crate::app::{AccountChange, App, NewAccount};

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let main = caller.main()?;
        let paging = Args::of_query(&call.incoming).paging()?;
        let listed = app.newest_subaccounts(caller.by, main, paging.slice).await;
        let listed = listed.map_err(says(About::Subaccount))?;
        let objects = listed.rows.iter().map(|it| SubaccountObject::new(it, caller.auth_id())).collect();
        Ok(call.ok(&Page::new(call.path(), &paging, listed.total, objects)))
    })
    .await
}

pub(in super::super) async fn create(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let parent = Some(caller.main()?);
        let args = Args::of_body(&call.incoming)?;
        let name = args.required_name()?;
        let status = status(args.flag("enabled")?.unwrap_or(false));
        let (credit_limit, mode) = (Amount::ZERO, BalanceMode::Shared);
        let new = NewAccount {
            parent,
            name,
            currency: None,
            credit_limit,
            mode,
            status,
            secret: None,
            alerts: Alerts::default(),
            caps: None,
        };
        let opened = app.open_account(caller.by, call.once(&app), new).await;
        let opened = opened.map_err(says(About::Rest))?;
        Ok(call.created(&Created::new(&opened.account, &opened.auth_token)))
    })
    .await
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let main = caller.main()?;
        let id = named(&app, call, main).await?;
        let shown = app.subaccount(caller.by, main, id).await.map_err(says(About::Subaccount))?;
        Ok(call.ok(&SubaccountObject::new(&shown, caller.auth_id())))
    })
    .await
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        let args = Args::of_body(&call.incoming)?;
        let (name, enabled) = (args.name()?, args.flag("enabled")?);
        // A name may be left out where something else is to be changed, but not be blank.
        if name.is_none() && (enabled.is_none() || args.text("name")?.is_some()) {
            return Err(Problem::bad("name is a required parameter"));
        }
        let change = AccountChange { name, status: enabled.map(status), ..AccountChange::default() };
        let changed = app.change_account(caller.by, call.once(&app), id, change).await;
        changed.map_err(says(About::Subaccount))?;
        Ok(call.changed())
    })
    .await
}

pub(in super::super) async fn delete(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        let cascade = Args::cascade(&call.incoming)?.unwrap_or(false);
        let closed = app.close_account(caller.by, call.once(&app), id, cascade).await;
        closed.map_err(says(About::Subaccount))?;
        Ok(gone())
    })
    .await
}

const fn status(enabled: bool) -> Status {
    if enabled { Status::Active } else { Status::Suspended }
}

/// The account of the auth id in the path: neither another name of one, nor the main account itself.
async fn named(app: &App, call: &Call, main: AccountId) -> Result<AccountId, Problem> {
    if call.item().parse::<AuthId>().is_err() {
        return Ok(AccountId::UNKNOWN);
    }
    let id = app.named(call.item()).await.map_err(says(About::Subaccount))?;
    Ok(if id == main { AccountId::UNKNOWN } else { id })
}

/// The subaccount in the path, which is looked for before the arguments are looked at.
async fn its_own(app: &App, call: &Call, caller: &Caller) -> Result<AccountId, Problem> {
    let main = caller.main()?;
    let id = named(app, call, main).await?;
    let found = app.subaccount(caller.by, main, id).await.map_err(says(About::Subaccount));
    call.or_named(found.map(|it| it.account.id), id)
}
