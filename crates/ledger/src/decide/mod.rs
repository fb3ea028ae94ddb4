//! The one function that turns a command into changes or a refusal.
//!
//! Each action is a flat list of checks, the one that is answered first coming first, then the changes. A
//! `Draft` collects them; nothing outside it is touched. The rules in words: docs/rules.md.

mod accounts;
mod applications;
mod caps;
mod charges;
mod checks;
mod credentials;
mod holds;
mod numbers;
#[cfg(test)]
mod tests;
mod transfers;
mod webhooks;

use std::sync::Arc;

use crate::account::{Account, Standing, Status};
use crate::authority;
use crate::book::{Book, Change, Remembered};
use crate::command::{Action, Caller, Command, Once, Scope};
use crate::event::{self, Event};
use crate::hold::Hold;
use crate::id::{AccountId, LineId};
use crate::journal::{Kind, Line, Outcome, Record, Side};
use crate::limits::Limits;
use crate::money::Amount;
use crate::refusal::{Refusal, TextField};
use crate::settings::SettingChange;
use crate::text;
use crate::time::Timestamp;

/// What an accepted command brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The records as they are after it.
    pub changes: Vec<Change>,
    /// The lines that it writes, in order; none for a repeat.
    pub lines: Vec<Arc<Line>>,
    /// The line that answers the caller: the last of `lines`, or the first answer again.
    pub outcome: Outcome,
    /// The key that is bound by it.
    pub remembered: Option<Remembered>,
    /// What others want to be told of, as it follows from the lines.
    pub events: Vec<Event>,
}

impl Decision {
    /// Whether this is the first answer again, and nothing is written.
    pub const fn is_repeat(&self) -> bool {
        self.lines.is_empty()
    }

    const fn repeat(outcome: Outcome) -> Self {
        Self { changes: Vec::new(), lines: Vec::new(), outcome, remembered: None, events: Vec::new() }
    }
}

/// Decides one command on a book, at a time that is not before the journal's last line.
///
/// # Errors
/// The [`Refusal`]; nothing is to be changed then.
pub fn decide(book: &Book, command: &Command, now: Timestamp) -> Result<Decision, Refusal> {
    let limits = authority::may_call(book, &command.by, now)?;
    // A call is made within the limits of whoever makes it, and within those of the gate that it came through.
    let limits = [limits, authority::through(book, &command.action)?];
    for limits in limits.into_iter().flatten() {
        limits.admit(&command.action)?;
    }
    let decided = unlimited(book, command, now, limits[0]);
    if let [None, None] = limits {
        return decided;
    }
    limits.into_iter().flatten().try_fold(decided?, |decided, limits| limits.pass(decided))
}

/// The rest of [`decide`], which knows of `limits` only what they let the caller see.
fn unlimited(
    book: &Book,
    command: &Command,
    now: Timestamp,
    limits: Option<&Limits>,
) -> Result<Decision, Refusal> {
    if let Some(once) = &command.once
        && let Some(first) = first_answer(book, command, once, now, limits)?
    {
        return Ok(Decision::repeat(first.clone()));
    }
    let draft = Draft {
        book,
        command,
        now,
        limits,
        accounts: Vec::new(),
        // As many as a charge needs.
        changes: Vec::with_capacity(2),
        lines: Vec::with_capacity(1),
    };
    let decision = match &command.action {
        Action::OpenAccount { .. } => accounts::open(draft),
        Action::ChangeAccount { .. } => accounts::change(draft),
        Action::CloseAccount { account, cascade } => accounts::close(draft, *account, *cascade),
        Action::Pay { account, amount, reference } => charges::pay(draft, *account, *amount, reference),
        Action::TransferBalance(transfer) => transfers::balance(draft, transfer),
        Action::TransferCredit(transfer) => transfers::credit(draft, transfer),
        Action::Charge { .. } => charges::charge(draft),
        Action::PutPlan { .. } => checks::put_plan(draft),
        Action::Check { .. } => checks::check(draft),
        Action::Reverse { charge, amount, reference } => charges::reverse(draft, *charge, *amount, reference),
        Action::Hold { .. } => holds::hold(draft),
        Action::Settle { hold, amount, force } => holds::settle(draft, *hold, *amount, *force),
        Action::Release { hold } => holds::release(draft, *hold),
        Action::Extend { hold, lasts_ms } => holds::extend(draft, *hold, *lasts_ms),
        Action::Expire { hold } => holds::expire(draft, *hold),
        Action::AddNumber { number, account } => numbers::add(draft, number, *account),
        Action::WithdrawNumber { country, msisdn } => numbers::withdraw(draft, *country, msisdn),
        Action::BringNumbers { .. } => numbers::bring(draft),
        Action::RentNumber { .. } => numbers::rent(draft),
        Action::UnrentNumber { account, country, msisdn } => {
            numbers::unrent(draft, *account, *country, msisdn)
        }
        Action::ChangeNumber { .. } => numbers::change(draft),
        Action::MakeApplication { .. } => applications::make(draft),
        Action::ChangeApplication { .. } => applications::change(draft),
        Action::DeleteApplication { application, cascade, successor } => {
            applications::delete(draft, *application, *cascade, *successor)
        }
        Action::MakeEndpoint { .. } => applications::make_endpoint(draft),
        Action::ChangeEndpoint { .. } => applications::change_endpoint(draft),
        Action::DeleteEndpoint { endpoint } => applications::delete_endpoint(draft, *endpoint),
        Action::TransferNumber { .. } => numbers::transfer(draft),
        Action::AddCredential { account, credential, same_as } => {
            credentials::add(draft, *account, credential, *same_as)
        }
        Action::RevokeCredential { account, credential } => credentials::revoke(draft, *account, *credential),
        Action::RotateCredential { account, credential, same_as, overlap_ms } => {
            credentials::rotate(draft, *account, credential, *same_as, *overlap_ms)
        }
        Action::ExpireCredential { account, credential } => credentials::expire(draft, *account, *credential),
        Action::MakeToken { .. } => credentials::make_token(draft),
        Action::RevokeToken { token } => credentials::revoke_token(draft, *token),
        Action::MakeWebhook { .. } => webhooks::make(draft),
        Action::ChangeWebhook { .. } => webhooks::change(draft),
        Action::RotateWebhook { .. } => webhooks::rotate(draft),
        Action::DeleteWebhook { webhook } => webhooks::delete(draft, *webhook),
        Action::ResendEvent { webhook, event } => webhooks::resend(draft, *webhook, *event),
    };
    caps::count(book, decision?)
}

/// What the key of a command has already brought about, if it has.
fn first_answer<'book>(
    book: &'book Book,
    command: &Command,
    once: &Once,
    now: Timestamp,
    limits: Option<&Limits>,
) -> Result<Option<&'book Outcome>, Refusal> {
    if !text::is_key(&once.key) {
        return Err(Refusal::InvalidText(TextField::Key));
    }
    let scope = scope(book, command);
    // The keys of an account out of reach would say that it is there. What is asked of it is refused without them.
    let is_there =
        |it| !matches!(authority::reaches(limits, &command.by, it), Err(Refusal::AccountNotFound(_)));
    let first = book.remembered(scope, &once.key).filter(|_| scope.account.is_none_or(is_there));
    match first.filter(|it| is_remembered(command, it, now)) {
        Some(first) if !is_same(book, command, once, first) => Err(Refusal::KeyReused),
        first => Ok(first),
    }
}

/// How long the id of a checked call is remembered: proxies send a check again within seconds, if at all.
pub const CALL_REMEMBERED_MS: i64 = 10 * 60 * 1_000;

/// Whether a key still stands for what it first brought about. Other keys the store forgets.
fn is_remembered(command: &Command, first: &Line, now: Timestamp) -> bool {
    !matches!(command.action, Action::Check { .. }) || now < first.at.plus_millis(CALL_REMEMBERED_MS)
}

/// Whether a command under a key is the request that the key was first sent with. Where one of the two came as one of
/// many in a body, there are no bytes to compare, so it is what they ask for.
fn is_same(book: &Book, command: &Command, once: &Once, first: &Line) -> bool {
    match (once.request, first.once.as_ref().and_then(|it| it.request)) {
        (Some(request), Some(first)) => request == first,
        (None, _) | (_, None) => charges::asks_for(book, &command.action, first),
    }
}

/// Within what a command's key is unique (docs/rules.md, Once): the account that a charge or hold is about,
/// else the caller.
pub fn scope(book: &Book, command: &Command) -> Scope {
    let account = match &command.action {
        Action::Charge { account, .. } | Action::Hold { account, .. } | Action::Check { account, .. } => {
            Some(*account)
        }
        Action::Reverse { charge, .. } => book.charge(*charge).map(|it| it.account),
        Action::Settle { hold, .. }
        | Action::Release { hold }
        | Action::Extend { hold, .. }
        | Action::Expire { hold } => book.hold(*hold).map(|it| it.account),
        Action::OpenAccount { .. }
        | Action::ChangeAccount { .. }
        | Action::CloseAccount { .. }
        | Action::Pay { .. }
        | Action::PutPlan { .. }
        | Action::TransferBalance(_)
        | Action::TransferCredit(_)
        | Action::AddNumber { .. }
        | Action::WithdrawNumber { .. }
        | Action::BringNumbers { .. }
        | Action::RentNumber { .. }
        | Action::UnrentNumber { .. }
        | Action::ChangeNumber { .. }
        | Action::TransferNumber { .. }
        | Action::MakeApplication { .. }
        | Action::ChangeApplication { .. }
        | Action::DeleteApplication { .. }
        | Action::MakeEndpoint { .. }
        | Action::ChangeEndpoint { .. }
        | Action::DeleteEndpoint { .. }
        | Action::AddCredential { .. }
        | Action::RevokeCredential { .. }
        | Action::RotateCredential { .. }
        | Action::ExpireCredential { .. }
        | Action::MakeToken { .. }
        | Action::RevokeToken { .. }
        | Action::MakeWebhook { .. }
        | Action::ChangeWebhook { .. }
        | Action::RotateWebhook { .. }
        | Action::DeleteWebhook { .. }
        | Action::ResendEvent { .. } => command.by.account(),
    };
    let is_check = matches!(command.action, Action::Check { .. });
    Scope { account, caller: if is_check { Caller::Call } else { command.by.caller() } }
}

/// A decision in the making.
struct Draft<'a> {
    book: &'a Book,
    command: &'a Command,
    now: Timestamp,
    /// What the caller is limited to, if it is.
    limits: Option<&'a Limits>,
    /// The accounts touched so far, as they will be.
    accounts: Vec<Account>,
    changes: Vec<Change>,
    lines: Vec<Arc<Line>>,
}

impl<'a> Draft<'a> {
    /// Refuses an account that is out of the caller's reach, as one that is not there.
    fn reach(&self, id: AccountId) -> Result<(), Refusal> {
        authority::reaches(self.limits, &self.command.by, id)
    }

    /// A hold, unless that of an account that is out of the caller's reach.
    fn hold(&self, id: LineId) -> Result<&'a Hold, Refusal> {
        let hold = self.book.hold(id).filter(|it| self.reach(it.account).is_ok());
        hold.ok_or(Refusal::HoldNotFound(id))
    }

    /// An account as it will be after what was drafted so far.
    fn account(&self, id: AccountId) -> Result<&Account, Refusal> {
        let touched = self.accounts.iter().find(|it| it.id == id);
        touched.or_else(|| self.book.account(id)).ok_or(Refusal::AccountNotFound(id))
    }

    /// The same, refusing one that is closed.
    fn open_account(&self, id: AccountId) -> Result<&Account, Refusal> {
        let account = self.account(id)?;
        if account.status == Status::Closed { Err(Refusal::AccountClosed(id)) } else { Ok(account) }
    }

    /// The account that stands for a payer that may have closed since: itself, else its heir.
    fn payer_or_heir(&self, id: AccountId) -> Result<&Account, Refusal> {
        let payer = self.account(id)?;
        match (payer.status, payer.parent) {
            (Status::Closed, Some(heir)) => self.open_account(heir),
            (Status::Closed, None) => Err(Refusal::AccountClosed(id)),
            (Status::Active | Status::Suspended, _) => Ok(payer),
        }
    }

    fn put(&mut self, account: Account) {
        match self.accounts.iter_mut().find(|it| it.id == account.id) {
            Some(touched) => *touched = account,
            None => self.accounts.push(account),
        }
    }

    /// Moves an account by `change` and says what it stands at.
    fn moved(&mut self, id: AccountId, change: &Standing) -> Result<Side, Refusal> {
        let mut account = self.account(id)?.clone();
        account.standing = account.standing.checked_add(change).ok_or(Refusal::SumOutOfRange)?;
        let side = Side { account: id, after: account.standing };
        self.put(account);
        Ok(side)
    }

    /// Moves an account in a decision that changes nothing else of it and moves it once, and says what it stands at. The
    /// account is not copied for that, but where it crosses a threshold.
    fn posted(&mut self, id: AccountId, change: &Standing) -> Result<Side, Refusal> {
        let account = self.account(id)?;
        let standing = account.standing.checked_add(change).ok_or(Refusal::SumOutOfRange)?;
        let crosses = event::level_at(account, &standing) != account.level;
        match crosses.then(|| Account { standing, ..account.clone() }) {
            Some(account) => self.put(account),
            None => self.changes.push(Change::Standing { account: id, standing }),
        }
        Ok(Side { account: id, after: standing })
    }

    /// A line that says only who and when; the rest is filled in by the action.
    fn line(&self, kind: Kind) -> Line {
        Line {
            id: self.command.id,
            at: self.now,
            kind,
            by: self.command.by,
            // One machine, one text, however the socket was opened.
            address: self.command.from.map(|it| it.to_canonical()),
            family: None,
            account: None,
            change: Standing::ZERO,
            counter: None,
            cause: None,
            about: None,
            operation: None,
            units: None,
            price: None,
            reference: None,
            forced: false,
            late: false,
            once: self.command.once.clone(),
            record: None,
            before: None,
        }
    }

    /// A line about an account that no money moves.
    fn line_about(&self, kind: Kind, account: &Account) -> Line {
        Line {
            family: Some(account.primary()),
            account: Some(Side { account: account.id, after: account.standing }),
            ..self.line(kind)
        }
    }

    /// A line that changes what `before` says, as it was.
    fn line_changing(&self, kind: Kind, account: &Account, before: Record) -> Line {
        Line { before: Some(Box::new(before)), ..self.line_about(kind, account) }
    }

    /// Writes a line beside the one that answers the caller, under an id that counts on from that one's.
    fn beside(&mut self, line: Line) -> LineId {
        let nth = u32::try_from(self.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = self.command.id.nth(nth);
        self.lines.push(Arc::new(Line { id, once: None, ..line }));
        id
    }

    /// The finished decision; `line` answers the caller.
    fn done(mut self, mut line: Line) -> Decision {
        self.find_levels(&mut line);
        let outcome = Arc::new(line);
        self.lines.push(outcome.clone());
        let remembered = outcome
            .once
            .is_some()
            .then(|| Remembered { scope: scope(self.book, self.command), outcome: outcome.clone() });
        let after = |id| self.accounts.iter().find(|it| it.id == id);
        let events = event::follow(&self.lines, |id| self.book.account(id), after);
        self.changes.extend(self.accounts.into_iter().map(Change::Account));
        Decision { changes: self.changes, lines: self.lines, outcome, remembered, events }
    }

    /// Looks once at every account that the decision touched, whatever it was: which threshold it has crossed.
    fn find_levels(&mut self, line: &mut Line) {
        for account in &mut self.accounts {
            account.level = event::level(self.book.account(account.id), account);
            match line.record.as_deref_mut() {
                Some(Record::Account(record)) if record.id == account.id => record.level = account.level,
                Some(Record::Closed(record)) if record.account.id == account.id => {
                    record.account.level = account.level;
                }
                Some(_) | None => {}
            }
        }
    }
}

/// Refuses a reference that is too long.
fn check_reference(reference: &Option<Box<str>>) -> Result<(), Refusal> {
    match reference {
        Some(reference) if !text::fits(reference, text::REFERENCE_MAX) => {
            Err(Refusal::InvalidText(TextField::Reference))
        }
        Some(_) | None => Ok(()),
    }
}

/// Refuses a setting that is too long.
fn check_settings(settings: &[SettingChange]) -> Result<(), Refusal> {
    let is_too_long = |it: &Arc<str>| !text::fits(it, text::SETTING_MAX);
    if settings.iter().filter_map(|it| it.1.as_ref()).any(is_too_long) {
        Err(Refusal::InvalidText(TextField::Setting))
    } else {
        Ok(())
    }
}

/// Only a primary does this; but who is one, and limited, is told so.
fn not_primary(refusal: Refusal, id: AccountId) -> Refusal {
    if let Refusal::Restricted(_) = refusal { refusal } else { Refusal::NotPrimary(id) }
}

/// Refuses what a charge, a hold or a transfer may not be.
const fn check_movable(amount: Amount) -> Result<(), Refusal> {
    if amount.is_movable() { Ok(()) } else { Err(Refusal::AmountOutOfRange) }
}

/// The opposite of an amount within [`Amount::MOVE_MAX`].
fn minus(amount: Amount) -> Result<Amount, Refusal> {
    amount.checked_neg().ok_or(Refusal::SumOutOfRange)
}
