//! Opening an account: a partner's subaccount, or the operator's primary account. Its credentials are shown this once.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Account, Alerts, Amount, BalanceMode, Currency, Status};

use super::account::{Segment, segment};
use super::page::{self, Frame};
use super::visit::Visit;
use super::words;
use crate::app::{Error, NewAccount, Opened};

#[derive(Template)]
#[template(path = "console/open.html")]
struct FormPage {
    frame: Frame,
    /// Under which; none for a primary account.
    parent: Option<Account>,
    name: String,
    is_shared: bool,
    currency: String,
    credit_limit: String,
    problem: Option<String>,
}

impl FormPage {
    fn action(&self) -> String {
        match &self.parent {
            Some(parent) => format!("/console/families/{}/open", parent.api_key),
            None => "/console/primaries/open".to_owned(),
        }
    }

    fn back(&self) -> String {
        match &self.parent {
            Some(parent) => format!("/console/families/{}", parent.api_key),
            None => "/console/primaries".to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "console/opened.html")]
struct OpenedPage {
    frame: Frame,
    opened: Opened,
}

/// `GET /console/families/{account}/open`.
pub(super) async fn form(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let parent = visit.app.named(segment(&name)).await?;
            let parent = visit.app.managing(visit.by, parent).await?;
            asking(&visit, Some(parent), None)
        })
        .await
}

/// `GET /console/primaries/open`.
pub(super) async fn primary_form(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            asking(&visit, None, None)
        })
        .await
}

fn asking(visit: &Visit, parent: Option<Account>, problem: Option<String>) -> Result<Response, Error> {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if parent.is_some() { "Open a subaccount" } else { "Open a primary account" };
    let (form, or) = (&visit.form, |name, usual: &str| visit.form.some(name).unwrap_or(usual).to_owned());
    page::page(
        status,
        &FormPage {
            frame: visit.frame(title),
            parent,
            name: form.text("name").to_owned(),
            is_shared: form.text("mode") == "shared",
            currency: or("currency", Currency::EUR.as_str()),
            credit_limit: or("credit_limit", "0"),
            problem,
        },
    )
}

/// `POST /console/families/{account}/open`.
pub(super) async fn open(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let parent = visit.app.named(segment(&name)).await?;
            let parent = visit.app.managing(visit.by, parent).await?;
            let is_shared = visit.form.text("mode") == "shared";
            let new = NewAccount {
                parent: Some(parent.id),
                mode: if is_shared { BalanceMode::Shared } else { BalanceMode::Own },
                ..plain(&visit)
            };
            done(&visit, Some(parent), new).await
        })
        .await
}

/// `POST /console/primaries/open`.
pub(super) async fn open_primary(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let Ok(currency) = visit.form.text("currency").parse() else {
                return asking(
                    &visit,
                    None,
                    Some("The currency is three capital letters, such as EUR.".into()),
                );
            };
            let Ok(credit_limit) = Amount::parse(visit.form.some("credit_limit").unwrap_or("0")) else {
                return asking(
                    &visit,
                    None,
                    Some("The credit limit must be a number such as 100.00.".into()),
                );
            };
            done(&visit, None, NewAccount { currency: Some(currency), credit_limit, ..plain(&visit) }).await
        })
        .await
}

fn plain(visit: &Visit) -> NewAccount {
    NewAccount {
        parent: None,
        name: visit.form.text("name").into(),
        currency: None,
        credit_limit: Amount::ZERO,
        mode: BalanceMode::Own,
        status: Status::Active,
        secret: None,
        caps: None,
        alerts: Alerts::default(),
    }
}

/// The page that shows the credentials is the answer itself: sent again under its key, the form shows them again.
async fn done(visit: &Visit, parent: Option<Account>, new: NewAccount) -> Result<Response, Error> {
    match visit.app.open_account(visit.by, visit.once(), new).await {
        Ok(opened) => {
            let frame = visit.frame(format!("{} is open", opened.account.name));
            page::ok(&OpenedPage { frame, opened })
        }
        Err(Error::Refused(refusal)) => asking(visit, parent, Some(words::refused(&refusal).into_owned())),
        Err(error) => Err(error),
    }
}
