//! The journal: one line for each accepted write, in order, never changed. Keys, the audit trail and `check` come
//! from it.

use core::net::IpAddr;
use std::sync::Arc;

use crate::account::{Account, Credential, Standing, Token};
use crate::application::{Application, Endpoint};
use crate::command::{Actor, Caller, Once, Scope};
use crate::hold::Hold;
use crate::id::{AccountId, LineId};
use crate::money::Amount;
use crate::number::Number;
use crate::price::PricePlan;
use crate::time::Timestamp;
use crate::webhook::Webhook;

/// One accepted write. A line that moves money is a *posting*: it says by how much and what both sides stood at
/// after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id, and that of what it recorded.
    pub id: LineId,
    /// When; never before the line before it.
    pub at: Timestamp,
    /// What happened.
    pub kind: Kind,
    /// Who caused it, with which credential.
    pub by: Actor,
    /// From which address it was asked; IPv4 where it is one. `None` for what tollgate itself did.
    pub address: Option<IpAddr>,
    /// The primary account of the family that it concerns; `None` for the operator's own tokens.
    pub family: Option<AccountId>,
    /// The account that it is about and whose money `change` moved.
    pub account: Option<Side>,
    /// By how much `account` was moved.
    pub change: Standing,
    /// The account that got the opposite of `change`: a transfer's other side, a closed account's heir.
    pub counter: Option<Side>,
    /// The account that caused it, where that is not `account`: a subaccount whose payer is its primary.
    pub cause: Option<AccountId>,
    /// The line that this one takes back or ends: the charge of a reversal, the hold of a settle.
    pub about: Option<LineId>,
    /// What was charged for, such as `sms.send`.
    pub operation: Option<Arc<str>>,
    /// How many units of it.
    pub units: Option<Box<str>>,
    /// The price that it went by: plan, version and number of the rule, as `standard/3/7`.
    pub price: Option<Arc<str>>,
    /// The caller's free text; of an event that is sent once more, its id.
    pub reference: Option<Box<str>>,
    /// Booked without asking whether the money is there: forced by the caller, or late.
    pub forced: bool,
    /// A settle after its hold had ended.
    pub late: bool,
    /// The key under which it happens once.
    pub once: Option<Once>,
    /// What a line that is no mere posting made or changed, as it was after it. Boxed, so that the many that have none are
    /// no larger for it.
    pub record: Option<Box<Record>>,
    /// What a line that changed, handed over or ended something found: the record as it was, right before the line.
    /// Lines of charges, holds, settles and the like have none, for their figures say it.
    pub before: Option<Box<Record>>,
}

/// An account and what it stood at after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Which account.
    pub account: AccountId,
    /// What it stood at.
    pub after: Standing,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An account was opened.
    Open,
    /// An account's name, state, credit limit or balance mode was changed.
    Change,
    /// An account was closed; what it had went to its heir.
    Close,
    /// Money that the operator received, or paid out.
    Payment,
    /// Balance moved between a primary and its subaccount, from `account` to `counter`.
    BalanceTransfer,
    /// Credit limit moved likewise.
    CreditTransfer,
    /// A call was paid.
    Charge,
    /// A charge, or a part of it, was given back.
    Reversal,
    /// An amount was reserved.
    Hold,
    /// A hold was moved to a later expiry.
    Extend,
    /// A hold ended by charging what was really used.
    Settle,
    /// A hold ended at no cost.
    Release,
    /// A hold ended by itself.
    Expiry,
    /// A number came to an account without the stock: given by the operator, or brought along.
    NumberGiven,
    /// A number went from one account of a family to another.
    NumberTransfer,
    /// A number came into the stock.
    NumberAdded,
    /// A number left the stock for good.
    NumberWithdrawn,
    /// A number of the stock was rented by an account.
    NumberRented,
    /// An account gave a number back.
    NumberUnrented,
    /// What an account keeps with a number was changed.
    NumberChanged,
    /// An application was made.
    ApplicationMade,
    /// An application was changed, or went to another account of the family (`counter`).
    ApplicationChanged,
    /// An application was deleted.
    ApplicationDeleted,
    /// An endpoint was made.
    EndpointMade,
    /// An endpoint was changed, or went to another account of the family (`counter`).
    EndpointChanged,
    /// An endpoint was deleted.
    EndpointDeleted,
    /// A price plan got another version.
    PlanPut,
    /// A credential was added.
    CredentialAdded,
    /// The end of a credential was set.
    CredentialChanged,
    /// A credential was revoked.
    CredentialRevoked,
    /// An operator or gate token was made.
    TokenMade,
    /// An operator or gate token was revoked.
    TokenRevoked,
    /// A webhook was made.
    WebhookMade,
    /// A webhook was changed, or its secret.
    WebhookChanged,
    /// A webhook was deleted.
    WebhookDeleted,
    /// An event was sent once more to a webhook.
    EventResent,
}

/// What moves between the two sides of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// Balance.
    Balance,
    /// Credit limit.
    Credit,
}

impl TransferKind {
    /// The kind of line that records it.
    pub const fn line(self) -> Kind {
        match self {
            Self::Balance => Kind::BalanceTransfer,
            Self::Credit => Kind::CreditTransfer,
        }
    }
}

/// What a line made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An account.
    Account(Account),
    /// A hold.
    Hold(Hold),
    /// A number.
    Number(Number),
    /// An application; of a line that deletes it, as it was.
    Application(Application),
    /// An endpoint; of a line that deletes it, as it was.
    Endpoint(Endpoint),
    /// An account that was closed.
    Closed(Box<Closed>),
    /// A price plan.
    Plan(Arc<PricePlan>),
    /// A credential of the line's account.
    Credential(Credential),
    /// A token.
    Token(Token),
    /// A webhook; of a line that deletes it, as it was.
    Webhook(Webhook),
}

impl Record {
    /// The webhook that it is.
    pub const fn webhook(&self) -> Option<&Webhook> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            Self::Account(_)
            | Self::Closed(_)
            | Self::Hold(_)
            | Self::Number(_)
            | Self::Application(_)
            | Self::Endpoint(_)
            | Self::Plan(_)
            | Self::Credential(_)
            | Self::Token(_) => None,
        }
    }
}

/// A close: the account as it is after it, and what became of all that it had. Each of these things has a line of its
/// own, right before the close's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The account.
    pub account: Account,
    /// Whether what it owned is gone, or its heir's.
    pub cascade: bool,
    /// How many holds were released.
    pub holds: u32,
    /// How much they had reserved.
    pub released: Amount,
    /// How many numbers it had.
    pub numbers: u32,
    /// How many applications.
    pub applications: u32,
    /// How many endpoints.
    pub endpoints: u32,
}

/// What a command brought about: read off the line that it wrote, so that a repeat gets the very same.
pub type Outcome = Arc<Line>;

impl Line {
    /// How much money or credit limit it moved, without a sign.
    pub fn amount(&self) -> Amount {
        let moved = match self.kind {
            Kind::CreditTransfer => self.change.credit_limit,
            Kind::Hold | Kind::Extend | Kind::Release => self.change.held,
            Kind::Open
            | Kind::Change
            | Kind::Close
            | Kind::Payment
            | Kind::BalanceTransfer
            | Kind::Charge
            | Kind::Reversal
            | Kind::Settle
            | Kind::Expiry
            | Kind::NumberGiven
            | Kind::NumberTransfer
            | Kind::NumberAdded
            | Kind::NumberWithdrawn
            | Kind::NumberRented
            | Kind::NumberUnrented
            | Kind::NumberChanged
            | Kind::ApplicationMade
            | Kind::ApplicationChanged
            | Kind::ApplicationDeleted
            | Kind::EndpointMade
            | Kind::EndpointChanged
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
            | Kind::EventResent => self.change.balance,
        };
        if moved.is_negative() { moved.checked_neg().unwrap_or(moved) } else { moved }
    }

    /// The account that caused it: the one charged, though another may have paid.
    pub fn caused_by(&self) -> Option<AccountId> {
        self.cause.or(self.account.map(|it| it.account))
    }

    /// Within what its key is unique; what [`crate::decide::scope`] says of the command that wrote it.
    pub fn scope(&self) -> Scope {
        let account = match self.kind {
            Kind::Charge
            | Kind::Reversal
            | Kind::Hold
            | Kind::Extend
            | Kind::Settle
            | Kind::Release
            | Kind::Expiry => self.caused_by(),
            Kind::Open
            | Kind::Change
            | Kind::Close
            | Kind::Payment
            | Kind::BalanceTransfer
            | Kind::CreditTransfer
            | Kind::NumberGiven
            | Kind::NumberTransfer
            | Kind::NumberAdded
            | Kind::NumberWithdrawn
            | Kind::NumberRented
            | Kind::NumberUnrented
            | Kind::NumberChanged
            | Kind::ApplicationMade
            | Kind::ApplicationChanged
            | Kind::ApplicationDeleted
            | Kind::EndpointMade
            | Kind::EndpointChanged
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
            | Kind::EventResent => self.by.account(),
        };
        Scope { account, caller: self.caller() }
    }

    /// What kind of caller brought it about: an account charges or holds only by a call that was checked.
    const fn caller(&self) -> Caller {
        match (self.kind, self.by.caller()) {
            (Kind::Charge | Kind::Hold, Caller::Account) => Caller::Call,
            (_, caller) => caller,
        }
    }

    /// Whether it moved balance, credit limit or a held amount.
    pub fn is_posting(&self) -> bool {
        self.change != Standing::ZERO
    }

    /// The account in its record.
    pub fn account_record(&self) -> Option<&Account> {
        match self.record.as_deref() {
            Some(Record::Account(account)) => Some(account),
            Some(Record::Closed(closed)) => Some(&closed.account),
            Some(
                Record::Hold(_)
                | Record::Number(_)
                | Record::Application(_)
                | Record::Endpoint(_)
                | Record::Plan(_)
                | Record::Credential(_)
                | Record::Token(_)
                | Record::Webhook(_),
            )
            | None => None,
        }
    }

    /// The hold in its record.
    pub fn hold_record(&self) -> Option<&Hold> {
        match self.record.as_deref() {
            Some(Record::Hold(hold)) => Some(hold),
            Some(
                Record::Account(_)
                | Record::Closed(_)
                | Record::Number(_)
                | Record::Application(_)
                | Record::Endpoint(_)
                | Record::Plan(_)
                | Record::Credential(_)
                | Record::Token(_)
                | Record::Webhook(_),
            )
            | None => None,
        }
    }

    /// What the side of `account` stood at after it, if this line moved it.
    pub fn after(&self, account: AccountId) -> Option<Standing> {
        [self.account, self.counter].into_iter().flatten().find(|it| it.account == account).map(|it| it.after)
    }
}
