//! Applications, of a main account or of its subaccounts.

use axum::response::Response;
use ledger::{ApplicationId, Defaults};

use super::{Call, Caller, gone, says};
use crate::api::Asked;
use crate::api::plivo::error::{About, Problem};
use crate::api::plivo::wire::{ApplicationObject, Args, Made, Page};
use crate::app::{App, ApplicationChange, NewApplication, Shown};

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let args = Args::of_query(&call.incoming);
        let paging = args.paging()?;
        let of = call.listed(&app, &caller, &args).await?;
        let name = args.text("app_name")?.map(str::to_owned);
        let listed = app.applications(caller.by, of, name, paging.slice).await;
        let listed = listed.map_err(says(About::Rest))?;
        let domain = &app.settings().plivo_sip_domain;
        let object = |it| ApplicationObject::new(it, caller.auth_id(), domain);
        let objects = listed.rows.iter().map(object).collect();
        Ok(call.ok(&Page::new(call.path(), &paging, listed.total, objects)))
    })
    .await
}

pub(in super::super) async fn create(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let args = Args::of_body(&call.incoming)?;
        let name = args.text("app_name")?.filter(|it| !it.is_empty());
        let name = name.ok_or_else(|| Problem::bad("app_name is a required parameter"))?.into();
        let defaults = Defaults {
            numbers: args.flag("default_number_app")?.unwrap_or(false),
            endpoints: args.flag("default_endpoint_app")?.unwrap_or(false),
        };
        let settings = args.callbacks()?;
        let owner = call.subaccount(&app, &caller, &args).await?.unwrap_or(caller.account.id);
        let new = NewApplication { owner, name, defaults, settings };
        let made = app.make_application(caller.by, call.once(&app), new).await;
        Ok(call.created(&Made::new(made.map_err(says(About::Rest))?.id.to_string())))
    })
    .await
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let shown = found(&app, call, &caller).await?;
        let domain = &app.settings().plivo_sip_domain;
        Ok(call.ok(&ApplicationObject::new(&shown, caller.auth_id(), domain)))
    })
    .await
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        let args = Args::of_body(&call.incoming)?;
        let change = ApplicationChange {
            owner: call.subaccount(&app, &caller, &args).await?,
            for_numbers: args.flag("default_number_app")?,
            for_endpoints: args.flag("default_endpoint_app")?,
            settings: args.callbacks()?,
        };
        let changed = app.change_application(caller.by, call.once(&app), id, change).await;
        changed.map_err(says(About::Application(id)))?;
        Ok(call.changed())
    })
    .await
}

pub(in super::super) async fn delete(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        let query = Args::of_query(&call.incoming);
        let body = Args::of_optional_body(&call.incoming)?;
        let successor = match query.digits("new_endpoint_application")? {
            Some(successor) => Some(successor),
            None => body.digits("new_endpoint_application")?,
        };
        let successor = successor.filter(|it| !it.is_empty()).map(|it| it.parse()).transpose();
        let successor = successor.map_err(|_| {
            Problem::bad("new_endpoint_application must be another application of this account")
        })?;
        // Who says where the endpoints are to go does not want them deleted.
        let cascade = Args::cascade(&call.incoming)?.unwrap_or(successor.is_none());
        if successor == Some(id) && !cascade {
            return Err(Problem::bad("new_endpoint_application must be another application of this account"));
        }
        let deleted = app.delete_application(caller.by, call.once(&app), id, cascade, successor).await;
        deleted.map_err(says(About::Application(id)))?;
        Ok(gone())
    })
    .await
}

/// The id in the path; what is none names nothing.
fn named(call: &Call) -> Result<ApplicationId, Problem> {
    call.item().parse().map_err(|_| Problem::not_found())
}

/// The application in the path, if the caller keeps it.
async fn found(app: &App, call: &Call, caller: &Caller) -> Result<Shown<ledger::Application>, Problem> {
    let id = named(call)?;
    app.application(caller.by, id).await.map_err(says(About::Application(id)))
}

/// The id of that application, which is looked for before the arguments are looked at.
async fn its_own(app: &App, call: &Call, caller: &Caller) -> Result<ApplicationId, Problem> {
    let id = named(call)?;
    call.or_named(found(app, call, caller).await.map(|it| it.it.id), id)
}

/// What `app_id` says in a request about something else: absent, nothing, or an application.
pub(super) fn linked(args: &Args) -> Result<Option<Option<ApplicationId>>, Problem> {
    if !args.has("app_id") {
        return Ok(None);
    }
    match args.digits("app_id")?.filter(|it| !it.is_empty()) {
        None => Ok(Some(None)),
        Some(id) => {
            let not_one = || Problem::bad("app_id must be the id of an application of this account");
            id.parse().map(|it| Some(Some(it))).map_err(|_| not_one())
        }
    }
}
