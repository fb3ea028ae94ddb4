//! One account: what it stands at, and what can be done with it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use ledger::{Account, AccountId, Amount, BalanceMode, Period, Status};

use super::live;
use super::page::{self, Frame, Link};
use super::show::{Badge, Bar, Money, Time};
use super::visit::{Role, Visit};
use crate::app::{AccountChange, AccountView, Error};

/// The parameter of a path. One that is not UTF-8 names nothing.
pub(super) type Segment = Result<Path<String>, PathRejection>;

pub(super) fn segment(segment: &Segment) -> &str {
    segment.as_ref().map_or("", |it| it)
}

/// An account as a page shows it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) account: Account,
    pub(super) available: Option<Amount>,
}

impl Seen {
    pub(super) fn new(view: AccountView) -> Self {
        Self { account: view.account, available: view.available }
    }

    /// One with a balance of its own.
    pub(super) fn own(account: Account) -> Self {
        Self { available: Some(account.standing.available()), account }
    }

    pub(super) fn key(&self) -> String {
        self.account.api_key.to_string()
    }

    pub(super) fn badge(&self) -> Badge {
        Badge::of(&self.account)
    }

    /// Of an account that has something for it to show.
    pub(super) fn bar(&self) -> Option<Bar> {
        (self.has_own() && !self.is_closed()).then_some(Bar::new(self.account.standing))
    }

    pub(super) const fn has_own(&self) -> bool {
        matches!(self.account.mode, BalanceMode::Own)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.account.status == Status::Closed
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.account.status == Status::Suspended
    }

    pub(super) fn balance(&self) -> Money {
        self.account.standing.balance.into()
    }

    pub(super) fn credit_limit(&self) -> Money {
        self.account.standing.credit_limit.into()
    }

    pub(super) fn held(&self) -> Money {
        self.account.standing.held.into()
    }

    pub(super) fn available(&self) -> Option<Money> {
        self.available.map(Into::into)
    }

    /// What moves of it while somebody looks, by the names that the pages give it.
    pub(super) fn moving(&self, into: &mut BTreeMap<String, String>) {
        let key = self.key();
        into.insert(format!("{key}:badge"), self.badge().to_string());
        if let Some(bar) = self.bar() {
            into.insert(format!("{key}:bar"), bar.to_string());
        }
        if self.has_own() {
            into.insert(format!("{key}:balance"), self.balance().to_string());
            into.insert(format!("{key}:credit"), self.credit_limit().to_string());
            into.insert(format!("{key}:held"), self.held().to_string());
        }
        if let Some(available) = self.available() {
            into.insert(format!("{key}:available"), available.to_string());
        }
    }
}

/// What stands above every page of an account.
pub(super) struct Tabs {
    pub(super) it: Seen,
    /// Where whoever looks may see it.
    pub(super) parent: Option<Account>,
    /// Whether whoever looks manages it.
    pub(super) is_managed: bool,
    /// Whether whoever looks may set something of it.
    pub(super) may_set: bool,
    /// Whether whoever looks records its payments.
    pub(super) may_pay: bool,
    pub(super) links: Vec<Link>,
}

impl Tabs {
    pub(super) async fn of(visit: &Visit, id: AccountId) -> Result<Self, Error> {
        let it = Seen::new(visit.app.account(visit.by, id).await?);
        let parent = match (it.account.parent, &visit.role) {
            (None, _) | (_, Role::Customer(_)) => None,
            // A restricted key may not reach it.
            (Some(parent), _) => visit.app.account(visit.by, parent).await.ok().map(|it| it.account),
        };
        let is_managed = match &visit.role {
            Role::Operator => true,
            Role::Partner(own) => it.account.parent == Some(own.id),
            Role::Customer(_) => false,
        };
        let key = it.key();
        let pages = [
            ("Overview", ""),
            ("Journal", "/journal"),
            ("Spending", "/usage"),
            ("Statements", "/statements"),
            ("Credentials", "/credentials"),
            ("Numbers", "/numbers"),
            ("Webhooks", "/webhooks"),
            ("Why refused", "/refusals"),
        ];
        let is_own_primary = matches!(&visit.role, Role::Partner(own) if own.id == it.account.id);
        let may_set = (is_managed || is_own_primary) && !it.is_closed();
        let may_pay = matches!(visit.role, Role::Operator) && it.has_own() && !it.is_closed();
        let settings = may_set.then_some(("Settings", "/settings"));
        let links = pages.into_iter().chain(settings).map(|(text, what)| {
            let link = Link::new(text, format!("/console/accounts/{key}{what}"), &visit.path);
            // A page below one of these is still there.
            let is_below = !what.is_empty() && visit.path.starts_with(&format!("{}/", link.href));
            Link { is_here: link.is_here || is_below, ..link }
        });
        let links = links.collect();
        Ok(Self { it, parent, is_managed, may_set, may_pay, links })
    }
}

#[derive(Template)]
#[template(path = "console/account.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
}

impl Page {
    fn opened(&self) -> Time {
        Time(self.tabs.it.account.created_at)
    }

    /// Its caps: for how long, how much, what of it is spent, and when it begins anew.
    fn caps(&self) -> Vec<(&'static str, Money, Money, Time)> {
        let caps = self.tabs.it.account.caps.iter().flat_map(|it| it.each());
        let shown = caps.map(|(period, cap)| {
            let word = match period {
                Period::Day => "day",
                Period::Month => "month",
            };
            (word, cap.most.into(), cap.spent.into(), Time(cap.until))
        });
        shown.collect()
    }

    /// Below which available amount somebody is told.
    fn low(&self) -> Option<Money> {
        self.tabs.it.account.alerts.low.map(Into::into)
    }
}

/// `GET /console/accounts/{account}`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let mut frame = visit.frame(tabs.it.account.name.to_string());
            frame.live = Some(live::place_of([&tabs.it], None));
            page::ok(&Page { frame, tabs })
        })
        .await
}

/// `POST /console/accounts/{account}/status`: suspends or reactivates it.
pub(super) async fn change_status(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let (status, notice) = match visit.form.text("status") {
                "suspended" => (Status::Suspended, SUSPENDED),
                "active" => (Status::Active, REACTIVATED),
                _ => return Err(Error::Refused(ledger::Refusal::StatusFixed)),
            };
            let change = AccountChange { status: Some(status), ..AccountChange::default() };
            let account = visit.app.change_account(visit.by, visit.once(), id, change).await?;
            Ok(visit.done(&format!("/console/accounts/{}", account.api_key), notice))
        })
        .await
}

const SUSPENDED: &str = "The account is suspended: no call of it goes through any more. Its money stays.";
const REACTIVATED: &str = "The account is active again.";
