//! Moving balance or credit limit between a primary account and one of its subaccounts: first what can move, then both
//! accounts before and after, then the transfer.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Account, Amount, Line, Refusal, Standing, TransferKind};

use super::account::{Seen, Segment, segment};
use super::page::{self, Frame};
use super::show::{Bar, Money};
use super::visit::{Form, Visit};
use super::words;
use crate::app::{Error, NewTransfer};

/// Both sides of a transfer to be.
struct Sides {
    primary: Account,
    subaccount: Account,
}

/// What was filled in.
#[derive(Clone, Debug)]
struct Asked {
    kind: TransferKind,
    /// From the primary to the subaccount.
    is_down: bool,
    amount: String,
    reference: String,
}

impl Asked {
    fn read(form: &Form) -> Self {
        Self {
            kind: if form.text("kind") == "credit" { TransferKind::Credit } else { TransferKind::Balance },
            is_down: form.text("direction") != "up",
            amount: form.text("amount").to_owned(),
            reference: form.text("reference").to_owned(),
        }
    }

    const fn is_credit(&self) -> bool {
        matches!(self.kind, TransferKind::Credit)
    }

    const fn what(&self) -> &'static str {
        if self.is_credit() { "credit limit" } else { "balance" }
    }
}

impl Sides {
    async fn find(visit: &Visit, name: &Segment) -> Result<Self, Error> {
        let id = visit.app.named(segment(name)).await?;
        let subaccount = visit.app.account(visit.by, id).await?.account;
        let parent = subaccount.parent.ok_or(Error::Refused(Refusal::OutsideFamily))?;
        let primary = visit.app.account(visit.by, parent).await?.account;
        Ok(Self { primary, subaccount })
    }

    fn new_transfer(&self, asked: &Asked) -> Result<NewTransfer, String> {
        let amount = Amount::parse(&asked.amount).map_err(|_| NO_AMOUNT.to_owned())?;
        let Asked { kind, is_down, .. } = *asked;
        let ends = [self.primary.id, self.subaccount.id];
        let [from, to] = if is_down { ends } else { [ends[1], ends[0]] };
        let reference = Some(asked.reference.as_str()).filter(|it| !it.is_empty()).map(Into::into);
        Ok(NewTransfer { kind, primary: self.primary.id, from, to, amount, reference })
    }
}

const NO_AMOUNT: &str = "The amount must be a number such as 12.50, with at most 8 decimals.";

#[derive(Template)]
#[template(path = "console/transfer.html")]
struct FormPage {
    frame: Frame,
    primary: Seen,
    subaccount: Seen,
    asked: Asked,
    problem: Option<String>,
}

impl FormPage {
    fn movable(&self, is_credit: bool, is_down: bool) -> Money {
        let giver = if is_down { &self.primary } else { &self.subaccount };
        let standing = giver.account.standing;
        if is_credit { standing.credit_movable() } else { standing.balance_movable() }.into()
    }
}

#[derive(Template)]
#[template(path = "console/transfer_preview.html")]
struct PreviewPage {
    frame: Frame,
    asked: Asked,
    amount: Money,
    /// The giving side first.
    sides: [Moved; 2],
    currency: String,
    subaccount: String,
}

/// One side before and after.
struct Moved {
    name: String,
    key: String,
    before: Standing,
    after: Standing,
}

impl Moved {
    fn new(account: &Account, line: &Line) -> Option<Self> {
        let after = line.after(account.id)?;
        // The other side was moved by the opposite.
        let is_first = line.account.is_some_and(|it| it.account == account.id);
        let back = if is_first { line.change.checked_neg()? } else { line.change };
        let before = after.checked_add(&back)?;
        Some(Self { name: account.name.to_string(), key: account.api_key.to_string(), before, after })
    }

    const fn bars(&self) -> [Bar; 2] {
        [Bar::beside(self.before, self.after), Bar::beside(self.after, self.before)]
    }

    /// What it is called, before, after, and whether it changes.
    fn rows(&self) -> [(&'static str, Money, Money, bool); 3] {
        let row = |name, before: Amount, after: Amount| (name, before.into(), after.into(), before != after);
        let Self { before, after, .. } = self;
        [
            row("Balance", before.balance, after.balance),
            row("Credit limit", before.credit_limit, after.credit_limit),
            row("Available", before.available(), after.available()),
        ]
    }
}

/// `GET /console/accounts/{account}/transfer`.
pub(super) async fn form(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let sides = Sides::find(&visit, &name).await?;
            asking(&visit, sides, Asked::read(&visit.form), None)
        })
        .await
}

fn asking(visit: &Visit, sides: Sides, asked: Asked, problem: Option<String>) -> Result<Response, Error> {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = visit.frame("Transfer");
    let (primary, subaccount) = (Seen::own(sides.primary), Seen::own(sides.subaccount));
    page::page(status, &FormPage { frame, primary, subaccount, asked, problem })
}

/// `POST /console/accounts/{account}/transfer/preview`: what it would do; nothing is done.
pub(super) async fn preview(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let sides = Sides::find(&visit, &name).await?;
            let asked = Asked::read(&visit.form);
            let new = match sides.new_transfer(&asked) {
                Ok(new) => new,
                Err(problem) => return asking(&visit, sides, asked, Some(problem)),
            };
            let amount = new.amount.into();
            let is_down = asked.is_down;
            let tried = match visit.app.try_transfer(visit.by, new).await {
                Ok(tried) => tried,
                Err(Error::Refused(refusal)) => {
                    return asking(&visit, sides, asked, Some(words::refused(&refusal).into_owned()));
                }
                Err(error) => return Err(error),
            };
            let of = |account: &Account| Moved::new(account, &tried.outcome).ok_or(Error::Fault);
            let both = [of(&sides.primary)?, of(&sides.subaccount)?];
            let [primary, subaccount] = both;
            let sides_shown = if is_down { [primary, subaccount] } else { [subaccount, primary] };
            page::ok(&PreviewPage {
                frame: visit.frame("Confirm the transfer"),
                asked,
                amount,
                sides: sides_shown,
                currency: sides.primary.currency.to_string(),
                subaccount: sides.subaccount.api_key.to_string(),
            })
        })
        .await
}

/// `POST /console/accounts/{account}/transfer`.
pub(super) async fn transfer(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let sides = Sides::find(&visit, &name).await?;
            let asked = Asked::read(&visit.form);
            let new = match sides.new_transfer(&asked) {
                Ok(new) => new,
                Err(problem) => return asking(&visit, sides, asked, Some(problem)),
            };
            let amount = Money::from(new.amount).text();
            match visit.app.transfer(visit.by, visit.once(), new).await {
                Ok(_) => {
                    let (what, currency) = (asked.what(), sides.primary.currency);
                    let ends = [&sides.primary.name, &sides.subaccount.name];
                    let [from, to] = if asked.is_down { ends } else { [ends[1], ends[0]] };
                    let notice = format!("{amount} {currency} of {what} moved from {from} to {to}.");
                    Ok(visit.done(&format!("/console/accounts/{}", sides.subaccount.api_key), notice))
                }
                Err(Error::Refused(refusal)) => {
                    asking(&visit, sides, asked, Some(words::refused(&refusal).into_owned()))
                }
                Err(error) => Err(error),
            }
        })
        .await
}
