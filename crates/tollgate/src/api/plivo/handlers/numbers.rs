//! Numbers: those that an account has, and the stock that a main account rents from.

use std::sync::Arc;

use axum::response::Response;
use ledger::{AccountId, Country, NumberKind, Setting};

use super::applications::linked;
use super::{Call, Caller, gone, says};
use crate::api::Asked;
use crate::api::plivo::error::{About, Problem};
use crate::api::plivo::wire::{Args, Bought, NumberObject, Page, StockObject};
use crate::app::{App, BroughtNumbers, NumberChange, NumberFilter, RentedNumber, Shown, Slice};

/// Whose a number is, its country if that is known, and its digits.
type Place = (AccountId, Option<Country>, Arc<str>);

/// What an account keeps with a number.
const KEPT: [(&str, Setting); 2] = [("alias", Setting::Alias), ("cnam_lookup", Setting::CnamLookup)];

pub(in super::super) async fn list(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let args = Args::of_query(&call.incoming);
        let paging = args.paging()?;
        let filter = args.number_filter()?;
        let of = call.listed(&app, &caller, &args).await?;
        let mut listed = app.numbers(caller.by, of, filter, paging.slice).await.map_err(says(About::Rest))?;
        if args.asks_for_none() {
            listed.total = 0;
            listed.rows.clear();
        }
        let objects = listed.rows.iter().map(|it| NumberObject::new(it, caller.auth_id())).collect();
        Ok(call.ok(&Page::new(call.path(), &paging, listed.total, objects)))
    })
    .await
}

pub(in super::super) async fn get(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let shown = found(&app, call, &caller).await?;
        Ok(call.ok(&NumberObject::new(&shown, caller.auth_id())))
    })
    .await
}

pub(in super::super) async fn update(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let number = its_own(&app, call, &caller).await?;
        let args = Args::of_body(&call.incoming)?;
        let change = NumberChange {
            to: call.subaccount(&app, &caller, &args).await?,
            application: linked(&args)?,
            settings: args.settings(&KEPT)?,
        };
        let changed = app.change_number(caller.by, call.once(&app), number, change).await;
        changed.map_err(says(About::Rest))?;
        Ok(call.changed())
    })
    .await
}

pub(in super::super) async fn unrent(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        // Only the main account rents, and gives back; what its subaccounts have, too.
        if !caller.account.is_primary() {
            return Err(Problem::wrong_method("GET, POST".into()));
        }
        let (account, country, msisdn) = its_own(&app, call, &caller).await?;
        Args::of_optional_body(&call.incoming)?;
        let unrented = app.unrent_number(caller.by, call.once(&app), account, country, msisdn).await;
        unrented.map_err(says(About::Rest))?;
        Ok(gone())
    })
    .await
}

/// Numbers that the main account has from a carrier of its own.
pub(in super::super) async fn bring(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        if !caller.account.is_primary() {
            return Err(Problem::wrong_method("GET".into()));
        }
        let args = Args::of_body(&call.incoming)?;
        let numbers = args.digits("numbers")?.unwrap_or_default();
        let msisdns: Vec<Arc<str>> = numbers
            .split(',')
            .map(|it| it.trim().trim_start_matches('+'))
            .filter(|it| !it.is_empty())
            .map(Into::into)
            .collect();
        for (name, is_there) in [
            ("numbers", !msisdns.is_empty()),
            ("carrier", args.text("carrier")?.is_some()),
            ("region", args.text("region")?.is_some()),
        ] {
            if !is_there {
                return Err(Problem::bad(format!("{name} is a required parameter")));
            }
        }
        let kinds = args.number_kinds("number_type")?;
        let brought = BroughtNumbers {
            account: call.subaccount(&app, &caller, &args).await?.unwrap_or(caller.account.id),
            msisdns,
            kind: kinds.first().copied().unwrap_or(NumberKind::Local),
            application: linked(&args)?.flatten(),
            settings: args.settings(&[
                ("carrier", Setting::Carrier),
                ("region", Setting::Region),
                ("alias", Setting::Alias),
            ])?,
        };
        app.bring_numbers(caller.by, call.once(&app), brought).await.map_err(says(About::Rest))?;
        Ok(call.changed())
    })
    .await
}

pub(in super::super) async fn search(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let main = caller.main()?;
        let args = Args::of_query(&call.incoming);
        let paging = args.paging()?;
        let filter = args.stock_filter()?;
        let listed = app.stock_for(caller.by, main, filter, paging.slice).await;
        let listed = listed.map_err(says(About::Rest))?;
        let objects = listed.rows.iter().map(|it| StockObject::new(it, caller.auth_id())).collect();
        Ok(call.ok(&Page::new(call.path(), &paging, listed.total, objects)))
    })
    .await
}

pub(in super::super) async fn rent(Asked(app): Asked, call: Call) -> Response {
    call.answer(&app, async |call, caller| {
        let account = caller.main()?;
        let msisdn = offered(&app, call, &caller).await?;
        let args = Args::of_optional_body(&call.incoming)?;
        let rented = RentedNumber {
            account,
            country: None,
            msisdn,
            application: linked(&args)?.flatten(),
            settings: args.settings(&KEPT)?,
        };
        let number = app.rent_number(caller.by, call.once(&app), rented).await;
        Ok(call.created(&Bought::new(&number.map_err(says(About::Rest))?.msisdn)))
    })
    .await
}

/// The digits in the path.
fn digits(call: &Call) -> &str {
    call.item().trim_start_matches("%2B").trim_start_matches('+')
}

/// The number in the path, if the caller has it.
async fn found(app: &App, call: &Call, caller: &Caller) -> Result<Shown<ledger::Number>, Problem> {
    app.number(caller.by, caller.owned(), digits(call)).await.map_err(says(About::Rest))
}

/// By what that number is known to the ledger; it is looked for before the arguments are looked at.
async fn its_own(app: &App, call: &Call, caller: &Caller) -> Result<Place, Problem> {
    let place = |shown: Shown<ledger::Number>| (shown.owner.id, Some(shown.it.country), shown.it.msisdn);
    let found = found(app, call, caller).await.map(place);
    call.or_named(found, (caller.account.id, None, digits(call).into()))
}

/// The digits in the path, if the caller could rent a number with them.
async fn offered(app: &App, call: &Call, caller: &Caller) -> Result<Arc<str>, Problem> {
    let filter = NumberFilter { msisdn: Some(digits(call).to_owned()), ..NumberFilter::default() };
    let listed = app.stock_for(caller.by, caller.account.id, filter, Slice { offset: 0, limit: 1 }).await;
    let found = listed.map_err(says(About::Rest))?.rows.pop().map(|it| it.msisdn);
    call.or_named(found.ok_or_else(Problem::not_found), digits(call).into())
}
