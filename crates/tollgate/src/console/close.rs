//! Closing an account for good: first what that would do, then the close.

use askama::Template;
use axum::response::Response;
use ledger::{Line, Record, Standing};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::Money;
use super::visit::Visit;
use super::words;
use crate::app::Error;

#[derive(Template)]
#[template(path = "console/close.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    cascade: bool,
    /// What it would do, or why it cannot be.
    would: Result<Vec<String>, String>,
}

/// `GET /console/accounts/{account}/close`: what a close would do; nothing is done.
pub(super) async fn form(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            if !tabs.is_managed {
                return Err(Error::Refused(ledger::Refusal::Forbidden));
            }
            let cascade = visit.form.text("cascade") == "1";
            let would = match visit.app.try_closing(visit.by, None, id, cascade).await {
                Ok(decision) => Ok(sentences(&decision.outcome, &tabs)),
                Err(Error::Refused(refusal)) => Err(words::refused(&refusal).into_owned()),
                Err(error) => return Err(error),
            };
            page::ok(&Page { frame: visit.frame("Close an account"), tabs, cascade, would })
        })
        .await
}

/// What the line of a close says it did.
fn sentences(line: &Line, tabs: &Tabs) -> Vec<String> {
    let Some(Record::Closed(closed)) = line.record.as_deref() else { return Vec::new() };
    // A line whose opposite does not fit an amount is never written.
    let swept = line.change.checked_neg().unwrap_or(Standing::ZERO);
    let currency = tabs.it.account.currency;
    let heir = tabs.parent.as_ref().map_or("its primary account", |it| &*it.name);
    let mut said = vec![
        "Its credentials are dead at once, and its names are never used again. Its journal stays.".to_owned(),
    ];
    if swept.balance.is_negative() {
        let owed = swept.balance.checked_neg().unwrap_or(swept.balance);
        said.push(format!("{heir} takes over {} {currency} that it owes.", Money::from(owed).text()));
    } else if !swept.balance.is_zero() {
        said.push(format!("{heir} gets {} {currency} of balance.", Money::from(swept.balance).text()));
    }
    if !swept.credit_limit.is_zero() {
        let limit = Money::from(swept.credit_limit).text();
        said.push(format!("{heir} gets {limit} {currency} of credit limit."));
    }
    if closed.holds > 0 {
        let released = Money::from(closed.released).text();
        said.push(match closed.holds {
            1 => format!("An open hold of {released} {currency} is released."),
            holds => format!("{holds} open holds of {released} {currency} are released."),
        });
    }
    let things = [
        (closed.numbers, ["number", "numbers"], "the stock"),
        (closed.applications, ["application", "applications"], "nobody"),
        (closed.endpoints, ["endpoint", "endpoints"], "nobody"),
    ];
    for (count, [one, many], gone) in things.into_iter().filter(|it| it.0 > 0) {
        let to = if closed.cascade { gone } else { heir };
        said.push(match count {
            1 => format!("1 {one} goes to {to}."),
            _ => format!("{count} {many} go to {to}."),
        });
    }
    said
}

/// `POST /console/accounts/{account}/close`.
pub(super) async fn close(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let cascade = visit.form.text("cascade") == "1";
            visit.app.close_account(visit.by, visit.once(), id, cascade).await?;
            let notice = format!("{} is closed for good.", account.name);
            match account.parent {
                Some(parent) => {
                    let parent = visit.app.account(visit.by, parent).await?.account;
                    Ok(visit.done(&format!("/console/families/{}", parent.api_key), notice))
                }
                None => Ok(visit.done("/console", notice)),
            }
        })
        .await
}
