//! Endpoints, of a main account or of its subaccounts.

use axum::response::Response;
use ledger::EndpointId;

use super::applications::linked;
use super::{Call, Caller, gone, says};
use crate::api::Asked;
use crate::api::plivo::error::{About, Problem};
use crate::api::plivo::wire::{Args, EndpointCreated, EndpointObject, Page, md5};
use crate::app::{App, EndpointChange, NewEndpoint, Shown, ShownEndpoint};

/// The fewest characters of a password.
const PASSWORD_MIN: usize = 5;
/// The most characters of a username, before digits are put behind it.
const USERNAME_MAX: usize = 25;

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let args = Args::of_query(&call.incoming);
        let paging = args.paging()?;
        let of = call.listed(&app, &caller, &args).await?;
        let listed = app.endpoints(caller.by, of, paging.slice).await.map_err(says(About::Rest))?;
        let domain = &app.settings().plivo_sip_domain;
        let object = |it| EndpointObject::new(it, caller.auth_id(), domain);
        let objects = listed.rows.iter().map(object).collect();
        Ok(call.ok(&Page::new(call.path(), &paging, listed.total, objects)))
    })
    .await
}

pub(in super::super) async fn create(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let args = Args::of_body(&call.incoming)?;
        let username = required(&args, "username")?;
        if username.len() > USERNAME_MAX || !ledger::text::is_username(username) {
            let why = "username must have 1 to 25 letters and digits, first a letter";
            return Err(Problem::bad(why));
        }
        let password = required(&args, "password")?;
        let new = NewEndpoint {
            username: username.to_owned(),
            password_md5: shown(password)?,
            alias: required(&args, "alias")?.into(),
            application: linked(&args)?.flatten(),
            owner: call.subaccount(&app, &caller, &args).await?.unwrap_or(caller.account.id),
        };
        let made = app.make_endpoint(caller.by, call.once(&app), new).await;
        Ok(call.created(&EndpointCreated::new(&made.map_err(says(About::Rest))?)))
    })
    .await
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let shown = found(&app, call, &caller).await?;
        let domain = &app.settings().plivo_sip_domain;
        Ok(call.ok(&EndpointObject::new(&shown, caller.auth_id(), domain)))
    })
    .await
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        let args = Args::of_body(&call.incoming)?;
        let change = EndpointChange {
            owner: call.subaccount(&app, &caller, &args).await?,
            alias: args.text("alias")?.map(Into::into),
            password_md5: args.text("password")?.map(shown).transpose()?,
            application: linked(&args)?,
        };
        let changed = app.change_endpoint(caller.by, call.once(&app), id, change).await;
        changed.map_err(says(About::Rest))?;
        Ok(call.changed())
    })
    .await
}

pub(in super::super) async fn delete(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let id = its_own(&app, call, &caller).await?;
        // It says nothing that matters here, but must be such a body.
        Args::of_optional_body(&call.incoming)?;
        let deleted = app.delete_endpoint(caller.by, call.once(&app), id).await;
        deleted.map_err(says(About::Rest))?;
        Ok(gone())
    })
    .await
}

fn required<'a>(args: &'a Args, name: &'static str) -> Result<&'a str, Problem> {
    let text = args.text(name)?.filter(|it| !it.trim().is_empty());
    text.ok_or_else(|| Problem::bad(format!("{name} is a required parameter")))
}

/// What is kept and shown of a password.
fn shown(password: &str) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_MIN {
        return Err(Problem::bad("password must have at least 5 characters"));
    }
    Ok(md5(password))
}

/// The id in the path; what is none names nothing.
fn named(call: &Call) -> Result<EndpointId, Problem> {
    call.item().parse().map_err(|_| Problem::not_found())
}

/// The endpoint in the path, if the caller keeps it.
async fn found(app: &App, call: &Call, caller: &Caller) -> Result<Shown<ShownEndpoint>, Problem> {
    app.endpoint(caller.by, named(call)?).await.map_err(says(About::Rest))
}

/// The id of that endpoint, which is looked for before the arguments are looked at.
async fn its_own(app: &App, call: &Call, caller: &Caller) -> Result<EndpointId, Problem> {
    let id = named(call)?;
    call.or_named(found(app, call, caller).await.map(|it| it.it.endpoint.id), id)
}
