//! Opening, changing and closing accounts.

use std::sync::Arc;

use super::applications::{Belongings, hand_over};
use super::caps;
use super::{Decision, Draft, check_settings, minus};
use crate::account::{Account, BalanceMode, Currency, Standing, Status};
use crate::authority;
use crate::book::Change;
use crate::command::Action;
use crate::event::{Alerts, Level};
use crate::hold::{Ending, Hold, HoldEnd};
use crate::id::AccountId;
use crate::journal::{Closed, Kind, Line, Record};
use crate::limits::Limit;
use crate::money::Amount;
use crate::refusal::{Refusal, TextField};
use crate::settings::Settings;
use crate::text;

pub(super) fn open(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::OpenAccount {
        account: id,
        parent,
        api_key,
        auth_id,
        name,
        currency,
        credit_limit,
        mode,
        status,
        alerts,
        credentials,
        subaccounts_max,
        caps,
    } = &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let parent = match parent {
        Some(parent) => Some(authority::managing(draft.book, &draft.command.by, *parent)?.clone()),
        None => {
            authority::is_operator(&draft.command.by)?;
            None
        }
    };
    if !text::is_name(name) {
        return Err(Refusal::InvalidText(TextField::Name));
    }
    let currency = match (&parent, currency) {
        (Some(parent), Some(currency)) if *currency != parent.currency => {
            return Err(Refusal::CurrencyMismatch);
        }
        (Some(parent), _) => parent.currency,
        (None, currency) => currency.unwrap_or(Currency::EUR),
    };
    if parent.is_none() && *mode == BalanceMode::Shared {
        return Err(Refusal::PrimarySharesNothing);
    }
    if parent.is_some() && !credit_limit.is_zero() {
        return Err(Refusal::CreditLimitFixed);
    }
    if credit_limit.is_negative() || *credit_limit > Amount::MOVE_MAX {
        return Err(Refusal::AmountOutOfRange);
    }
    if let (Some(parent), Some(max)) = (&parent, subaccounts_max)
        && parent.subaccounts >= *max
    {
        return Err(Refusal::SubaccountsMax(*max));
    }
    if *status == Status::Closed {
        return Err(Refusal::StatusFixed);
    }
    check_alerts(alerts)?;
    if *mode == BalanceMode::Shared && *alerts != Alerts::default() {
        return Err(Refusal::SharesBalance(*id));
    }
    if draft.book.is_taken(*api_key, *auth_id) {
        return Err(Refusal::NameTaken);
    }
    let account = Account {
        id: *id,
        parent: parent.as_ref().map(|it| it.id),
        api_key: *api_key,
        auth_id: *auth_id,
        name: name.clone(),
        currency,
        mode: *mode,
        standing: Standing::of_credit_limit(*credit_limit),
        status: *status,
        created_at: draft.now,
        changed_at: None,
        settings: Settings::default(),
        plan: None,
        caps: match caps {
            Some(change) => caps::changed(&draft, *id, None, change)?,
            None => None,
        },
        credentials: credentials.iter().map(|it| it.at(draft.now)).collect(),
        alerts: *alerts,
        level: Level::Fine,
        subaccounts: 0,
    };
    for credential in credentials {
        let (credential, at) = (credential.clone(), draft.now);
        draft.changes.push(Change::CredentialAdded { account: *id, credential, at });
    }
    if let Some(mut parent) = parent {
        parent.subaccounts = parent.subaccounts.saturating_add(1);
        draft.put(parent);
    }
    let line = Line {
        change: Standing::of_credit_limit(*credit_limit),
        record: Some(Box::new(Record::Account(account.clone()))),
        ..draft.line_about(Kind::Open, &account)
    };
    draft.put(account);
    Ok(draft.done(line))
}

pub(super) fn change(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::ChangeAccount { account: id, name, credit_limit, status, mode, settings, plan, caps, alerts } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let mut account = authority::keeping(draft.book, &draft.command.by, *id)?.clone();
    let before = account.clone();
    if draft.command.by.account() == Some(*id) {
        // What it keeps about itself is its own; its name and when it is told of are a primary's own, too. The rest is for
        // who manages it.
        let is_named_by_parent = (name.is_some() || alerts.is_some()) && !account.is_primary();
        let is_managed = credit_limit.is_some() || status.is_some() || mode.is_some() || caps.is_some();
        if is_named_by_parent || is_managed {
            return Err(Refusal::Forbidden);
        }
    }
    // They bound what it takes of its payer's money, and so are left alone by who does not reach that one.
    if caps.is_some() && draft.limits.is_some_and(|it| !it.reaches(account.payer())) {
        return Err(Refusal::Restricted(Limit::Accounts));
    }
    check_settings(settings)?;
    if let Some(name) = name {
        if !text::is_name(name) {
            return Err(Refusal::InvalidText(TextField::Name));
        }
        account.name = name.clone();
    }
    match status {
        Some(Status::Closed) => return Err(Refusal::StatusFixed),
        Some(status) => account.status = *status,
        None => {}
    }
    if let Some(mode) = mode {
        account.mode = changed_mode(&account, *mode)?;
    }
    if let Some(plan) = plan {
        account.plan = changed_plan(&draft, &account, plan.as_ref())?;
    }
    account.caps = match caps {
        Some(change) => caps::changed(&draft, *id, account.caps.as_deref(), change)?,
        // As it is now, because the answer shows it.
        None => account.caps.map(|it| Box::new(it.at(draft.book.windows(&it.zone), draft.now))),
    };
    if let Some(alerts) = alerts {
        check_alerts(alerts)?;
        if account.mode == BalanceMode::Shared {
            return Err(Refusal::SharesBalance(*id));
        }
        account.alerts = *alerts;
    }
    let mut change = Standing::ZERO;
    if let Some(limit) = credit_limit {
        if authority::is_operator(&draft.command.by).is_err() || !account.is_primary() {
            return Err(Refusal::CreditLimitFixed);
        }
        change = changed_limit(&account, *limit)?;
    }
    account.standing = account.standing.checked_add(&change).ok_or(Refusal::SumOutOfRange)?;
    account.settings = account.settings.changed(settings);
    account.changed_at = Some(draft.now);
    let line = Line {
        change,
        record: Some(Box::new(Record::Account(account.clone()))),
        ..draft.line_changing(Kind::Change, &account, Record::Account(before))
    };
    draft.put(account);
    Ok(draft.done(line))
}

fn check_alerts(alerts: &Alerts) -> Result<(), Refusal> {
    if alerts.are_ordered() { Ok(()) } else { Err(Refusal::AlertsOutOfOrder) }
}

/// Shared → own starts at zero, and open holds stay with the payer that they have; own → shared is refused for ever.
const fn changed_mode(account: &Account, mode: BalanceMode) -> Result<BalanceMode, Refusal> {
    match (account.mode, mode) {
        (BalanceMode::Own, BalanceMode::Shared) if account.is_primary() => Err(Refusal::PrimarySharesNothing),
        (BalanceMode::Own, BalanceMode::Shared) => Err(Refusal::BalanceStaysOwn),
        (BalanceMode::Shared | BalanceMode::Own, mode) => Ok(mode),
    }
}

/// Only the operator says by which plan a family goes, and only one of its currency.
fn changed_plan(
    draft: &Draft<'_>,
    account: &Account,
    plan: Option<&Arc<str>>,
) -> Result<Option<Arc<str>>, Refusal> {
    authority::is_operator(&draft.command.by)?;
    if !account.is_primary() {
        return Err(Refusal::PlanInherited);
    }
    let Some(name) = plan else { return Ok(None) };
    let plan = draft.book.plan(name).ok_or(Refusal::PlanNotFound)?;
    if plan.currency == account.currency { Ok(Some(name.clone())) } else { Err(Refusal::CurrencyMismatch) }
}

/// Raising is free; lowering takes no more than what is not in use.
fn changed_limit(account: &Account, limit: Amount) -> Result<Standing, Refusal> {
    if limit.is_negative() || limit > Amount::MOVE_MAX {
        return Err(Refusal::AmountOutOfRange);
    }
    let raised = limit.checked_sub(account.standing.credit_limit).ok_or(Refusal::SumOutOfRange)?;
    if raised.is_negative() {
        let lowered = minus(raised)?;
        let movable = account.standing.credit_movable();
        if lowered > movable {
            return Err(Refusal::InsufficientCredit { available: movable, needed: lowered });
        }
    }
    Ok(Standing::of_credit_limit(raised))
}

pub(super) fn close(mut draft: Draft<'_>, id: AccountId, cascade: bool) -> Result<Decision, Refusal> {
    let account = authority::managed(draft.book, &draft.command.by, id)?.clone();
    if account.status == Status::Closed {
        return Err(Refusal::AccountClosed(id));
    }
    let standing = account.standing;
    let is_empty = standing.balance.is_zero() && standing.held.is_zero() && account.subaccounts == 0;
    if account.is_primary() && !is_empty {
        let Standing { balance, held, .. } = standing;
        return Err(Refusal::NotEmpty { balance, held, subaccounts: account.subaccounts });
    }
    let (holds, released) = release_holds(&mut draft, id)?;
    // A primary has no heir, so nothing is left of what it owned.
    let heir = account.parent.filter(|_| !cascade);
    let Belongings { numbers, applications, endpoints } = hand_over(&mut draft, id, heir)?;
    for credential in account.credentials.iter() {
        draft.changes.push(Change::CredentialRevoked { credential: credential.id, at: draft.now });
    }
    // After the releases nothing is held, so balance and credit limit are all that goes to the heir.
    let before = caps::after_lines(&draft, draft.account(id)?)?;
    let swept = before.standing.checked_neg().ok_or(Refusal::SumOutOfRange)?;
    let counter = match account.parent {
        None => None,
        Some(heir) => {
            let inherited = swept.checked_neg().ok_or(Refusal::SumOutOfRange)?;
            let side = draft.moved(heir, &inherited)?;
            let mut heir = draft.account(heir)?.clone();
            heir.subaccounts = heir.subaccounts.saturating_sub(1);
            draft.put(heir);
            (inherited != Standing::ZERO).then_some(side)
        }
    };
    let side = draft.moved(id, &swept)?;
    let mut closed = draft.account(id)?.clone();
    closed.status = Status::Closed;
    closed.changed_at = Some(draft.now);
    closed.credentials = Arc::default();
    closed.caps = None;
    let line = Line {
        family: Some(account.primary()),
        account: Some(side),
        change: swept,
        counter,
        record: Some(Box::new(Record::Closed(Box::new(Closed {
            account: closed.clone(),
            cascade: heir.is_none(),
            holds,
            released,
            numbers,
            applications,
            endpoints,
        })))),
        before: Some(Box::new(Record::Account(before))),
        ..draft.line(Kind::Close)
    };
    draft.put(closed);
    Ok(draft.done(line))
}

/// Gives back what an account still holds; each may be settled late. How many there were, and their sum.
fn release_holds(draft: &mut Draft<'_>, id: AccountId) -> Result<(u32, Amount), Refusal> {
    let (mut count, mut released) = (0, Amount::ZERO);
    for hold in draft.book.open_holds_of(id) {
        count += 1;
        released = released.checked_add(hold.amount).ok_or(Refusal::SumOutOfRange)?;
        let line_id = draft.command.id.nth(count);
        let change = Standing::of_held(minus(hold.amount)?);
        let ending = Ending { how: HoldEnd::Closed, at: draft.now, line: line_id, charged: Amount::ZERO };
        let hold = Hold { ending: Some(ending), ..hold.clone() };
        let side = draft.moved(hold.payer, &change)?;
        let line = Line {
            family: Some(draft.account(hold.payer)?.primary()),
            account: Some(side),
            change,
            cause: (hold.account != hold.payer).then_some(hold.account),
            about: Some(hold.id),
            operation: hold.operation.clone(),
            price: hold.price.clone(),
            record: Some(Box::new(Record::Hold(hold.clone()))),
            ..draft.line(Kind::Release)
        };
        draft.beside(line);
        draft.changes.push(Change::Hold(hold));
    }
    Ok((count, released))
}
