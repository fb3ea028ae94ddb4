//! Applications and endpoints.

use std::sync::Arc;

use super::numbers::linked;
use super::transfers::in_family;
use super::{Decision, Draft, check_settings, not_primary};
use crate::account::Account;
use crate::application::{Application, Defaults, Endpoint};
use crate::authority;
use crate::book::Change;
use crate::command::Action;
use crate::id::{AccountId, ApplicationId, EndpointId};
use crate::journal::{Kind, Line, Record, Side};
use crate::number::Number;
use crate::refusal::{Refusal, TextField};
use crate::settings::Settings;
use crate::text;

pub(super) fn make(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::MakeApplication { application: id, owner, name, defaults, settings } = &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let owner = authority::keeping(draft.book, &draft.command.by, *owner)?.clone();
    if !text::is_label(name) {
        return Err(Refusal::InvalidText(TextField::ApplicationName));
    }
    check_settings(settings)?;
    if draft.book.application(*id).is_some() {
        return Err(Refusal::NameTaken);
    }
    let application = Application {
        id: *id,
        owner: owner.id,
        name: name.clone(),
        defaults: *defaults,
        settings: Settings::default().changed(settings),
        created_at: draft.now,
    };
    supersede(&mut draft, &owner, &application);
    draft.changes.push(Change::Application(application.clone()));
    let line = Line {
        record: Some(Box::new(Record::Application(application))),
        ..draft.line_about(Kind::ApplicationMade, &owner)
    };
    Ok(draft.done(line))
}

pub(super) fn change(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::ChangeApplication { application: id, owner: to, for_numbers, for_endpoints, settings } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let (application, owner) = kept_application(&draft, *id)?;
    check_settings(settings)?;
    let receiver = receiver(&draft, &owner, *to)?;
    let before = Record::Application(application.clone());
    let application = Application {
        owner: receiver.as_ref().map_or(owner.id, |it| it.id),
        defaults: Defaults {
            numbers: for_numbers.unwrap_or(application.defaults.numbers),
            endpoints: for_endpoints.unwrap_or(application.defaults.endpoints),
        },
        settings: application.settings.changed(settings),
        ..application
    };
    supersede(&mut draft, receiver.as_ref().unwrap_or(&owner), &application);
    draft.changes.push(Change::Application(application.clone()));
    let line = Line {
        counter: receiver.map(|it| Side { account: it.id, after: it.standing }),
        record: Some(Box::new(Record::Application(application))),
        ..draft.line_changing(Kind::ApplicationChanged, &owner, before)
    };
    Ok(draft.done(line))
}

/// Another application of the owner that was taken when nothing is said is not any more, where this one is.
fn supersede(draft: &mut Draft<'_>, owner: &Account, application: &Application) {
    for other in draft.book.applications_of(owner.id) {
        let defaults = Defaults {
            numbers: other.defaults.numbers && !application.defaults.numbers,
            endpoints: other.defaults.endpoints && !application.defaults.endpoints,
        };
        if other.id != application.id && other.defaults != defaults {
            let before = Record::Application(other.clone());
            let other = Application { defaults, ..other.clone() };
            draft.changes.push(Change::Application(other.clone()));
            let line = draft.line_changing(Kind::ApplicationChanged, owner, before);
            draft.beside(Line { record: Some(Box::new(Record::Application(other))), ..line });
        }
    }
}

pub(super) fn delete(
    mut draft: Draft<'_>,
    id: ApplicationId,
    cascade: bool,
    successor: Option<ApplicationId>,
) -> Result<Decision, Refusal> {
    let (application, owner) = kept_application(&draft, id)?;
    let successor = match successor.filter(|_| !cascade) {
        None => None,
        // One that is about to go answers nothing.
        Some(successor) if successor == id => return Err(Refusal::ApplicationNotFound(id)),
        Some(successor) => Some(linked(&draft, &owner, successor)?),
    };
    let goes = |it: &Endpoint| cascade && it.owner == owner.id;
    unlink(&mut draft, id, successor, goes)?;
    draft.changes.push(Change::ApplicationGone(id));
    let before = Record::Application(application.clone());
    let line = draft.line_changing(Kind::ApplicationDeleted, &owner, before);
    let line = Line { record: Some(Box::new(Record::Application(application))), ..line };
    Ok(draft.done(line))
}

/// Whatever an application answered is answered by nothing, or endpoints by its successor; some endpoints go.
fn unlink(
    draft: &mut Draft<'_>,
    id: ApplicationId,
    successor: Option<ApplicationId>,
    goes: impl Fn(&Endpoint) -> bool,
) -> Result<(), Refusal> {
    for number in draft.book.numbers_answered_by(id) {
        let Some(owner) = number.owner else { continue };
        let before = Record::Number(number.clone());
        let number = Number { application: None, ..number.clone() };
        draft.changes.push(Change::Number(number.clone()));
        let line = draft.line_changing(Kind::NumberChanged, draft.account(owner)?, before);
        draft.beside(Line { record: Some(Box::new(Record::Number(number))), ..line });
    }
    for endpoint in draft.book.endpoints_that(|it| it.application == Some(id)) {
        let owner = draft.account(endpoint.owner)?;
        let before = Record::Endpoint(endpoint.clone());
        let (change, line) = if goes(endpoint) {
            let line = draft.line_changing(Kind::EndpointDeleted, owner, before);
            (
                Change::EndpointGone(endpoint.id),
                Line { record: Some(Box::new(Record::Endpoint(endpoint.clone()))), ..line },
            )
        } else {
            let endpoint = Endpoint { application: successor, ..endpoint.clone() };
            let line = draft.line_changing(Kind::EndpointChanged, owner, before);
            let line = Line { record: Some(Box::new(Record::Endpoint(endpoint.clone()))), ..line };
            (Change::Endpoint { endpoint, password: None }, line)
        };
        draft.changes.push(change);
        draft.beside(line);
    }
    Ok(())
}

pub(super) fn make_endpoint(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::MakeEndpoint { endpoint: id, owner, username, alias, password, application } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let owner = authority::keeping(draft.book, &draft.command.by, *owner)?.clone();
    if !text::is_username(username) {
        return Err(Refusal::InvalidText(TextField::Username));
    }
    check_alias(alias)?;
    let application = match application {
        Some(application) => Some(linked(&draft, &owner, *application)?),
        None => draft.book.default_application(owner.id, |it| it.endpoints),
    };
    if !draft.book.endpoints_that(|it| it.id == *id || it.username == *username).is_empty() {
        return Err(Refusal::NameTaken);
    }
    let endpoint = Endpoint {
        id: *id,
        owner: owner.id,
        username: username.clone(),
        alias: alias.clone(),
        application,
        created_at: draft.now,
    };
    draft.changes.push(Change::Endpoint { endpoint: endpoint.clone(), password: Some(password.clone()) });
    let line = Line {
        record: Some(Box::new(Record::Endpoint(endpoint))),
        ..draft.line_about(Kind::EndpointMade, &owner)
    };
    Ok(draft.done(line))
}

pub(super) fn change_endpoint(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let Action::ChangeEndpoint { endpoint: id, owner: to, alias, password, application } =
        &draft.command.action
    else {
        return Err(Refusal::Forbidden);
    };
    let (endpoint, owner) = kept_endpoint(&draft, *id)?;
    if let Some(alias) = alias {
        check_alias(alias)?;
    }
    let receiver = receiver(&draft, &owner, *to)?;
    let application = match application {
        None => endpoint.application,
        Some(None) => None,
        Some(Some(application)) => Some(linked(&draft, &owner, *application)?),
    };
    let before = Record::Endpoint(endpoint.clone());
    let endpoint = Endpoint {
        owner: receiver.as_ref().map_or(owner.id, |it| it.id),
        alias: alias.clone().unwrap_or(endpoint.alias),
        application,
        ..endpoint
    };
    draft.changes.push(Change::Endpoint { endpoint: endpoint.clone(), password: password.clone() });
    let line = Line {
        counter: receiver.map(|it| Side { account: it.id, after: it.standing }),
        record: Some(Box::new(Record::Endpoint(endpoint))),
        ..draft.line_changing(Kind::EndpointChanged, &owner, before)
    };
    Ok(draft.done(line))
}

pub(super) fn delete_endpoint(mut draft: Draft<'_>, id: EndpointId) -> Result<Decision, Refusal> {
    let (endpoint, owner) = kept_endpoint(&draft, id)?;
    draft.changes.push(Change::EndpointGone(id));
    let before = Record::Endpoint(endpoint.clone());
    let line = draft.line_changing(Kind::EndpointDeleted, &owner, before);
    let line = Line { record: Some(Box::new(Record::Endpoint(endpoint))), ..line };
    Ok(draft.done(line))
}

/// An application and its owner, for those who keep them; to everybody else it is not there.
fn kept_application(draft: &Draft<'_>, id: ApplicationId) -> Result<(Application, Account), Refusal> {
    let application = draft.book.application(id);
    // Who may ask for none is told so whether there is one or not.
    let owner = application.map_or(AccountId::UNKNOWN, |it| it.owner);
    let owner = authority::keeping(draft.book, &draft.command.by, owner);
    let owner = owner.map_err(|it| hidden(it, Refusal::ApplicationNotFound(id)))?;
    let application = application.ok_or(Refusal::ApplicationNotFound(id))?;
    Ok((application.clone(), owner.clone()))
}

/// The same of an endpoint.
fn kept_endpoint(draft: &Draft<'_>, id: EndpointId) -> Result<(Endpoint, Account), Refusal> {
    let endpoint = draft.book.endpoint(id);
    let owner = endpoint.map_or(AccountId::UNKNOWN, |it| it.owner);
    let owner = authority::keeping(draft.book, &draft.command.by, owner);
    let owner = owner.map_err(|it| hidden(it, Refusal::EndpointNotFound(id)))?;
    let endpoint = endpoint.ok_or(Refusal::EndpointNotFound(id))?;
    Ok((endpoint.clone(), owner.clone()))
}

/// A subaccount may not manage its primary, and must not learn what that one owns; nor must a key whose own account is
/// out of its reach.
fn hidden(refusal: Refusal, not_found: Refusal) -> Refusal {
    if matches!(refusal, Refusal::AccountNotFound(_) | Refusal::Restricted(_)) { not_found } else { refusal }
}

/// Another account of the family, to which the primary or the operator hands what `giver` owns.
fn receiver(draft: &Draft<'_>, giver: &Account, to: Option<AccountId>) -> Result<Option<Account>, Refusal> {
    let Some(to) = to.filter(|it| *it != giver.id) else { return Ok(None) };
    let primary = authority::managing(draft.book, &draft.command.by, giver.primary())
        .map_err(|it| not_primary(it, giver.id))?;
    in_family(draft, primary, to).cloned().map(Some)
}

fn check_alias(alias: &Arc<str>) -> Result<(), Refusal> {
    if !alias.trim().is_empty() && text::fits(alias, text::LABEL_MAX) {
        Ok(())
    } else {
        Err(Refusal::InvalidText(TextField::Alias))
    }
}

/// How much an account owned when it was closed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Belongings {
    pub(super) numbers: u32,
    pub(super) applications: u32,
    pub(super) endpoints: u32,
}

/// Hands all that an account owns to its heir, or ends it; each thing with a line of its own.
pub(super) fn hand_over(
    draft: &mut Draft<'_>,
    id: AccountId,
    heir: Option<AccountId>,
) -> Result<Belongings, Refusal> {
    let mut count = Belongings::default();
    let applications = draft.book.applications_of(id);
    let ends = |application: Option<ApplicationId>| {
        heir.is_none() && application.is_some_and(|it| applications.iter().any(|own| own.id == it))
    };
    for endpoint in draft.book.endpoints_that(|it| it.owner == id || ends(it.application)) {
        let endpoint = endpoint.clone();
        if endpoint.owner != id {
            relink(draft, endpoint)?;
            continue;
        }
        count.endpoints += 1;
        let before = Record::Endpoint(endpoint.clone());
        let (change, kind, endpoint) = match heir {
            None => (Change::EndpointGone(endpoint.id), Kind::EndpointDeleted, endpoint),
            Some(heir) => {
                let endpoint = Endpoint { owner: heir, ..endpoint };
                let change = Change::Endpoint { endpoint: endpoint.clone(), password: None };
                (change, Kind::EndpointChanged, endpoint)
            }
        };
        draft.changes.push(change);
        leaves(draft, id, heir, kind, [before, Record::Endpoint(endpoint)])?;
    }
    let mut numbers: Vec<&Number> = draft.book.numbers_of(id);
    numbers.extend(draft.book.numbers().filter(|it| it.owner != Some(id) && ends(it.application)));
    numbers.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
    for number in numbers {
        let number = number.clone();
        let before = Record::Number(number.clone());
        match number.owner {
            Some(owner) if owner != id => {
                let number = Number { application: None, ..number };
                draft.changes.push(Change::Number(number.clone()));
                leaves(draft, owner, None, Kind::NumberChanged, [before, Record::Number(number)])?;
                continue;
            }
            Some(_) | None => count.numbers += 1,
        }
        let (change, kind, record) = match heir {
            None => {
                let (change, record) = super::numbers::given_back(number);
                (change, Kind::NumberUnrented, record)
            }
            Some(heir) => {
                let number = Number { owner: Some(heir), ..number };
                (Change::Number(number.clone()), Kind::NumberTransfer, Record::Number(number))
            }
        };
        draft.changes.push(change);
        leaves(draft, id, heir, kind, [before, record])?;
    }
    for application in applications {
        count.applications += 1;
        let application = application.clone();
        let before = Record::Application(application.clone());
        let (change, kind, application) = match heir {
            None => (Change::ApplicationGone(application.id), Kind::ApplicationDeleted, application),
            Some(heir) => {
                // The heir has its own ideas of what is taken when nothing is said.
                let application = Application { owner: heir, defaults: Defaults::default(), ..application };
                (Change::Application(application.clone()), Kind::ApplicationChanged, application)
            }
        };
        draft.changes.push(change);
        leaves(draft, id, heir, kind, [before, Record::Application(application)])?;
    }
    Ok(count)
}

/// Another account's endpoint, whose application goes.
fn relink(draft: &mut Draft<'_>, endpoint: Endpoint) -> Result<(), Refusal> {
    let before = Record::Endpoint(endpoint.clone());
    let endpoint = Endpoint { application: None, ..endpoint };
    let owner = endpoint.owner;
    draft.changes.push(Change::Endpoint { endpoint: endpoint.clone(), password: None });
    leaves(draft, owner, None, Kind::EndpointChanged, [before, Record::Endpoint(endpoint)])
}

/// The line of one thing that an account owned, as it was before and after it.
fn leaves(
    draft: &mut Draft<'_>,
    id: AccountId,
    heir: Option<AccountId>,
    kind: Kind,
    [before, after]: [Record; 2],
) -> Result<(), Refusal> {
    let counter = match heir {
        None => None,
        Some(heir) => Some(Side { account: heir, after: draft.account(heir)?.standing }),
    };
    let line = draft.line_changing(kind, draft.account(id)?, before);
    draft.beside(Line { counter, record: Some(Box::new(after)), ..line });
    Ok(())
}
