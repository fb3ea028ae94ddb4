//! What must hold of every decision, whatever it was. The store asks before it writes: a decision that breaks a law is
//! refused alone and logged, and nothing of it is applied.

use crate::account::{Account, Standing, Status};
use crate::authority;
use crate::book::{Book, Change};
use crate::cap;
use crate::decide::Decision;
use crate::event;
use crate::hold::Hold;
use crate::id::AccountId;
use crate::journal::{Kind, Line, Record};
use crate::limits::Limit;
use crate::money::Amount;

/// A law that a decision would break: a fault of ours, never of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// An account would not stand where its lines take it.
    Standing(AccountId),
    /// A line of this kind moves what it must not, or by the wrong sign.
    Move(Kind),
    /// An account would hold more or less than the sum of its open holds.
    Held(AccountId),
    /// An account would fall below its limit by something other than a forced charge, a late settle or a close.
    BelowLimit(AccountId),
    /// A credit limit or a held amount would be negative.
    Negative(AccountId),
    /// A line of this kind does not say what it found, or says something else.
    Before(Kind),
    /// An account would have spent other than its lines say, in another window than theirs, or more than its cap by
    /// something that was not forced.
    Cap(AccountId),
    /// A restricted key would do what it is limited not to.
    Restricted(Limit),
    /// An account's level would not be what its figures say.
    Level(AccountId),
}

/// Proves a decision against the laws.
///
/// # Errors
/// The first law that it breaks.
pub fn prove(book: &Book, decision: &Decision) -> Result<(), Broken> {
    for line in &decision.lines {
        prove_line(line)?;
    }
    // All lines of a decision are by the same.
    let limits = decision.lines.first().and_then(|it| authority::limits(book, &it.by));
    if let Some(limits) = limits {
        limits.allow(&decision.lines).map_err(Broken::Restricted)?;
    }
    for id in concerned(decision) {
        let before = book.account(id).map_or(Standing::ZERO, |it| it.standing);
        let after = standing(decision, id).unwrap_or(before);
        prove_standing(decision, id, before, after)?;
        let held = held_by_holds(book, decision, id).and_then(|it| before.held.checked_add(it));
        if held != Some(after.held) {
            return Err(Broken::Held(id));
        }
        if after.credit_limit.is_negative() || after.held.is_negative() {
            return Err(Broken::Negative(id));
        }
        let sinks = after.available() < Amount::ZERO && after.available() < before.available();
        if sinks && !decision.lines.iter().any(|it| may_sink(it, id)) {
            return Err(Broken::BelowLimit(id));
        }
        if !is_at_its_level(book, decision, id) {
            return Err(Broken::Level(id));
        }
    }
    if let Some(line) = decision.lines.iter().find(|it| !says_what_it_found(book, it)) {
        return Err(Broken::Before(line.kind));
    }
    decision
        .lines
        .iter()
        .filter_map(|it| cap::counts_for(it))
        .try_for_each(|id| prove_caps(book, decision, id))
}

/// Whether an account that a decision changes or moves is at the level where its figures take it.
fn is_at_its_level(book: &Book, decision: &Decision, id: AccountId) -> bool {
    let before = book.account(id);
    match (changed(decision, id), standing(decision, id)) {
        (Some(account), _) => account.level == event::level(before, account),
        (None, Some(standing)) => before.is_some_and(|it| it.level == event::level_at(it, &standing)),
        (None, None) => true,
    }
}

/// What an account has spent is moved by its lines alone, each in the window of its time, and none but forced usage takes
/// it beyond a cap.
fn prove_caps(book: &Book, decision: &Decision, id: AccountId) -> Result<(), Broken> {
    let Some(before) = book.account(id).filter(|it| it.caps.is_some()) else { return Ok(()) };
    let after = changed(decision, id).unwrap_or(before);
    // A close ends the caps.
    if after.status == Status::Closed {
        return Ok(());
    }
    let mut at = before.clone();
    for line in &decision.lines {
        let Some(caps) = cap::after(book, &at, line) else { continue };
        let caps = caps.ok_or(Broken::Cap(id))?;
        // By arithmetic of its own: what a line adds is what it takes and what it reserves.
        let adds = i128::from(line.change.held.units()) - i128::from(line.change.balance.units());
        for (_, cap) in caps.each() {
            let counts = i128::from(cap.spent.units()) + i128::from(caps.held.units());
            let is_within = counts <= i128::from(cap.most.units()) || adds <= 0 || line.forced;
            if !is_within || line.at >= cap.until || cap.spent.is_negative() {
                return Err(Broken::Cap(id));
            }
        }
        if caps.held.is_negative() {
            return Err(Broken::Cap(id));
        }
        at.caps = Some(Box::new(caps));
    }
    if at.caps == after.caps { Ok(()) } else { Err(Broken::Cap(id)) }
}

/// Every account that a decision changes, moves or holds from.
fn concerned(decision: &Decision) -> Vec<AccountId> {
    let accounts =
        decision.changes.iter().filter_map(|it| it.account().or_else(|| hold_in(it).map(|it| it.payer)));
    let sides = decision.lines.iter().flat_map(|it| [it.account, it.counter]).flatten();
    let mut ids: Vec<_> = accounts.chain(sides.map(|it| it.account)).collect();
    // Each once: the close of an account with many holds names the same few in every line.
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What a decision leaves an account standing at, if it changes or moves it.
fn standing(decision: &Decision, id: AccountId) -> Option<Standing> {
    let last = decision.changes.iter().rfind(|it| it.account() == Some(id))?;
    if let Change::Standing { standing, .. } = last {
        Some(*standing)
    } else {
        account_in(last).map(|it| it.standing)
    }
}

/// An account as a decision leaves it, if it changes more of it than what it stands at.
fn changed(decision: &Decision, id: AccountId) -> Option<&Account> {
    decision.changes.iter().filter_map(account_in).rfind(|it| it.id == id)
}

const fn account_in(change: &Change) -> Option<&Account> {
    if let Change::Account(account) = change { Some(account) } else { None }
}

const fn hold_in(change: &Change) -> Option<&Hold> {
    if let Change::Hold(hold) = change { Some(hold) } else { None }
}

/// The lines take an account from where it stood to where it will stand, and each tells the truth on the way.
fn prove_standing(
    decision: &Decision,
    id: AccountId,
    before: Standing,
    after: Standing,
) -> Result<(), Broken> {
    let mut at = before;
    for line in &decision.lines {
        at = moved(line, id, at).ok_or(Broken::Standing(id))?;
        if line.after(id).is_some_and(|it| it != at) {
            return Err(Broken::Standing(id));
        }
    }
    if at == after { Ok(()) } else { Err(Broken::Standing(id)) }
}

/// By how much the holds that a decision places and ends move what their payer holds.
fn held_by_holds(book: &Book, decision: &Decision, payer: AccountId) -> Option<Amount> {
    let mut held = Amount::ZERO;
    for hold in decision.changes.iter().filter_map(hold_in).filter(|it| it.payer == payer) {
        if hold.is_open() {
            held = held.checked_add(hold.amount)?;
        }
        if let Some(before) = book.hold(hold.id).filter(|it| it.is_open()) {
            held = held.checked_sub(before.amount)?;
        }
    }
    Some(held)
}

/// What may take an account below its limit.
fn may_sink(line: &Line, id: AccountId) -> bool {
    (line.forced || line.kind == Kind::Close) && line.after(id).is_some()
}

/// Where a line takes an account.
pub fn moved(line: &Line, account: AccountId, at: Standing) -> Option<Standing> {
    let mut at = at;
    if line.account.is_some_and(|it| it.account == account) {
        at = at.checked_add(&line.change)?;
    }
    if line.counter.is_some_and(|it| it.account == account) {
        at = at.checked_add(&line.change.checked_neg()?)?;
    }
    Some(at)
}

/// Proves that a line moves only what its kind may.
///
/// # Errors
/// [`Broken::Move`].
pub fn prove_line(line: &Line) -> Result<(), Broken> {
    let Standing { balance, credit_limit, held } = line.change;
    let zero = Amount::ZERO;
    let lawful = match line.kind {
        Kind::Payment => !balance.is_zero() && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Charge => balance < zero && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Reversal => balance > zero && credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::BalanceTransfer => {
            balance < zero && credit_limit == zero && held == zero && line.counter.is_some()
        }
        Kind::CreditTransfer => {
            balance == zero && credit_limit < zero && held == zero && line.counter.is_some()
        }
        Kind::Hold => balance == zero && credit_limit == zero && held > zero && line.counter.is_none(),
        Kind::Release => balance == zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Expiry => balance <= zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Settle if line.late => credit_limit == zero && held == zero && line.counter.is_none(),
        Kind::Settle => balance <= zero && credit_limit == zero && held < zero && line.counter.is_none(),
        Kind::Open | Kind::Change => balance == zero && held == zero && line.counter.is_none(),
        Kind::Close => held == zero && (line.counter.is_some() || balance == zero),
        Kind::NumberTransfer => line.change == Standing::ZERO && line.counter.is_some(),
        // They may go from one account to another.
        Kind::ApplicationChanged | Kind::EndpointChanged => line.change == Standing::ZERO,
        Kind::Extend
        | Kind::NumberGiven
        | Kind::NumberAdded
        | Kind::NumberWithdrawn
        | Kind::NumberRented
        | Kind::NumberUnrented
        | Kind::NumberChanged
        | Kind::ApplicationMade
        | Kind::ApplicationDeleted
        | Kind::EndpointMade
        | Kind::EndpointDeleted
        | Kind::PlanPut
        | Kind::CredentialAdded
        | Kind::CredentialChanged
        | Kind::CredentialRevoked
        | Kind::TokenMade
        | Kind::TokenRevoked
        | Kind::WebhookMade
        | Kind::WebhookChanged
        | Kind::WebhookDeleted
        | Kind::EventResent => line.change == Standing::ZERO && line.counter.is_none(),
    };
    if lawful { Ok(()) } else { Err(Broken::Move(line.kind)) }
}

/// Whether a line that changes, hands over or ends something says what that was, and no other line says anything.
fn says_what_it_found(book: &Book, line: &Line) -> bool {
    match line.kind {
        Kind::Change
        | Kind::Close
        | Kind::Extend
        | Kind::NumberTransfer
        | Kind::NumberWithdrawn
        | Kind::NumberRented
        | Kind::NumberUnrented
        | Kind::NumberChanged
        | Kind::ApplicationChanged
        | Kind::ApplicationDeleted
        | Kind::EndpointChanged
        | Kind::EndpointDeleted
        | Kind::CredentialChanged
        | Kind::CredentialRevoked
        | Kind::TokenRevoked
        | Kind::WebhookChanged
        | Kind::WebhookDeleted => line.before.as_deref().is_some_and(|it| was_found(book, line, it)),
        Kind::PlanPut => match (&line.before, line.record.as_deref()) {
            // The first version of a plan finds none.
            (None, Some(Record::Plan(plan))) => book.plan(&plan.name).is_none(),
            (before, _) => before.as_deref().is_some_and(|it| was_found(book, line, it)),
        },
        Kind::Open
        | Kind::Payment
        | Kind::BalanceTransfer
        | Kind::CreditTransfer
        | Kind::Charge
        | Kind::Reversal
        | Kind::Hold
        | Kind::Settle
        | Kind::Release
        | Kind::Expiry
        | Kind::NumberGiven
        | Kind::NumberAdded
        | Kind::ApplicationMade
        | Kind::EndpointMade
        | Kind::CredentialAdded
        | Kind::TokenMade
        | Kind::WebhookMade
        | Kind::EventResent => line.before.is_none(),
    }
}

/// Whether the book has what a line says that it found, and that is what it recorded the change of.
fn was_found(book: &Book, line: &Line, before: &Record) -> bool {
    match (before, line.record.as_deref()) {
        (Record::Account(before), _) => {
            // What it stood at may be the work of lines before this one in the same decision.
            let is = line.account_record().and_then(|it| book.account(it.id));
            // The same goes for what a closed account held, which its caps count.
            let caps =
                |is: &Account| if line.kind == Kind::Close { before.caps.clone() } else { is.caps.clone() };
            is.is_some_and(|is| {
                Account { standing: before.standing, caps: caps(is), ..is.clone() } == *before
            }) && line.after(before.id) == moved(line, before.id, before.standing)
        }
        (Record::Hold(before), Some(Record::Hold(after))) => book.hold(after.id) == Some(before),
        (Record::Number(before), Some(Record::Number(after))) => {
            book.number(Some(after.country), &after.msisdn, AccountId::UNKNOWN) == Some(before)
        }
        (Record::Application(before), Some(Record::Application(after))) => {
            book.application(after.id) == Some(before)
        }
        (Record::Endpoint(before), Some(Record::Endpoint(after))) => book.endpoint(after.id) == Some(before),
        (Record::Plan(before), Some(Record::Plan(after))) => book.plan(&after.name) == Some(before),
        (Record::Credential(before), Some(Record::Credential(after))) => {
            let owner = line.account.and_then(|it| book.account(it.account));
            owner.and_then(|it| it.credential(after.id)) == Some(before)
        }
        (Record::Token(before), Some(Record::Token(after))) => book.token(after.id) == Some(before),
        (Record::Webhook(before), Some(Record::Webhook(after))) => book.webhook(after.id) == Some(before),
        _ => false,
    }
}
