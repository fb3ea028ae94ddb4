//! Every way in which the ledger says no. Data without text: each dialect spells them in its own `error.rs`, by a
//! match without a wildcard, so that a new refusal does not compile until every dialect can say it.

use crate::cap::Period;
use crate::hold::HoldEnd;
use crate::id::{AccountId, ApplicationId, EndpointId, LineId};
use crate::limits::Limit;
use crate::money::Amount;
use crate::time::Timestamp;

/// The ledger's no. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential or token that asks was revoked, or its account closed, since it was authenticated.
    CredentialRevoked,
    /// The account that asks, or its primary, is suspended.
    CallerSuspended,
    /// This kind of caller may not do this.
    Forbidden,
    /// The credential or token that asks is limited to less than this.
    Restricted(Limit),
    /// A subaccount asked for what only a primary account may do.
    NotPrimary(AccountId),
    /// No such account, or not one that the caller may know of.
    AccountNotFound(AccountId),
    /// The account, or its primary, is suspended.
    AccountSuspended(AccountId),
    /// The account is closed.
    AccountClosed(AccountId),
    /// A text is empty, too long or made of the wrong characters.
    InvalidText(TextField),
    /// The amount is not more than zero, or beyond 10¹⁰; a settle may be zero, a payment negative.
    AmountOutOfRange,
    /// A sum would not fit an [`Amount`].
    SumOutOfRange,
    /// A proposed api key or auth id was used before; propose another.
    NameTaken,
    /// A subaccount's currency is its family's.
    CurrencyMismatch,
    /// The primary account has as many subaccounts as it may have.
    SubaccountsMax(u32),
    /// An account with an own balance never shares its primary's again.
    BalanceStaysOwn,
    /// A primary account has no primary whose balance it could share.
    PrimarySharesNothing,
    /// A credit limit is set on a primary by the operator; a subaccount's changes by credit transfer alone.
    CreditLimitFixed,
    /// An account is closed by closing it, not by a change of its status.
    StatusFixed,
    /// Thresholds are from 0 to 10¹⁰, and `depleted` < `low` ≤ `recovered`.
    AlertsOutOfOrder,
    /// Both sides of a transfer are the same account.
    SameAccount,
    /// A transfer needs a primary account and one of its own subaccounts (a number, any two of one family).
    OutsideFamily,
    /// The account shares its primary's balance and has none to move or to pay into.
    SharesBalance(AccountId),
    /// Not enough available for a charge, a hold, a settle, a payout or a balance transfer.
    InsufficientFunds {
        /// What there is; `None` where the caller may not see it (docs/rules.md, Visibility).
        available: Option<Amount>,
        /// What was asked.
        needed: Amount,
    },
    /// More than the account may spend in this day or month, in whatever balance there is.
    CapReached(Box<CapReached>),
    /// A cap is from 0 to 10¹⁰.
    CapOutOfRange(Period),
    /// The shell knows no time zone of this name.
    TimeZoneUnknown,
    /// No price plan of the family's currency has a rule for such a call.
    NoPrice,
    /// The price plan says that such a call is not allowed.
    CallDenied,
    /// The path is not written in the one way that every server reads alike.
    PathNotNormal,
    /// No such price plan.
    PlanNotFound,
    /// A subaccount goes by its primary's price plan.
    PlanInherited,
    /// More rules than a price plan may have.
    RulesMax(usize),
    /// Not enough credit limit that is not in use.
    InsufficientCredit {
        /// What could move.
        available: Amount,
        /// What was asked.
        needed: Amount,
    },
    /// A primary account closes only at balance 0 without holds and subaccounts.
    NotEmpty {
        /// What it still has.
        balance: Amount,
        /// What is held of it.
        held: Amount,
        /// How many of its subaccounts are not closed.
        subaccounts: u32,
    },
    /// No such charge, or not one that the caller may know of.
    ChargeNotFound(LineId),
    /// More than is left of the charge.
    AlreadyReversed {
        /// What is left to be given back.
        left: Amount,
    },
    /// No such hold, or not one that the caller may know of.
    HoldNotFound(LineId),
    /// The hold has ended.
    HoldEnded {
        /// How.
        how: HoldEnd,
        /// When.
        at: Timestamp,
    },
    /// The time of the hold or credential has not come.
    NotExpired,
    /// A hold lasts more than nothing and at most 24 hours.
    ExpiryOutOfRange,
    /// A credential lives on beside the one that takes its place for at most 30 days.
    OverlapOutOfRange,
    /// The number is there already, or somebody rents it.
    NumberTaken,
    /// More numbers than may come at once.
    NumbersMax(usize),
    /// The number is not in the stock, or not the account's.
    NumberNotFound,
    /// The giving account does not have the number.
    NumberNotOwned,
    /// The getting account has the number already.
    NumberAlreadyOwned,
    /// No such application, or not one that the caller may know of.
    ApplicationNotFound(ApplicationId),
    /// No such endpoint, or not one that the caller may know of.
    EndpointNotFound(EndpointId),
    /// The account has as many credentials of this kind as it may have.
    CredentialsMax(usize),
    /// An account keeps at least one credential of each kind whose end is not set.
    LastCredential,
    /// The account has this secret already.
    SecretInUse,
    /// No such live credential.
    CredentialNotFound,
    /// No such live token.
    TokenNotFound,
    /// No such webhook, or not one that the caller keeps.
    WebhookNotFound,
    /// As many webhooks as there may be of one owner.
    WebhooksMax(usize),
    /// The key was used with another request.
    KeyReused,
}

/// A cap, and what has come to it. In a box, so that the other refusals stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapReached {
    /// Which of the account's caps: the month's, where both are reached.
    pub period: Period,
    /// The cap.
    pub cap: Amount,
    /// What counts against it: what was spent,
    pub spent: Amount,
    /// and what the account's own open holds reserve.
    pub held: Amount,
    /// What was asked.
    pub needed: Amount,
    /// When the cap begins anew.
    pub resets_at: Timestamp,
    /// When this was decided.
    pub at: Timestamp,
}

impl Refusal {
    /// In how many seconds the same request may go through, at least 1, where time alone can bring that about.
    pub fn retry_after_s(&self) -> Option<u32> {
        let Self::CapReached(reached) = self else { return None };
        let CapReached { resets_at, at, .. } = &**reached;
        let left_ms = resets_at.millis().saturating_sub(at.millis()).max(1);
        Some(u32::try_from(left_ms.saturating_add(999) / 1_000).unwrap_or(u32::MAX))
    }
}

/// Which text was not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    /// An account's name.
    Name,
    /// A reference.
    Reference,
    /// An operation.
    Operation,
    /// A number of units.
    Units,
    /// An idempotency key.
    Key,
    /// The digits of a number.
    Msisdn,
    /// An application's name.
    ApplicationName,
    /// An endpoint's username.
    Username,
    /// An endpoint's alias.
    Alias,
    /// A setting, such as an address.
    Setting,
    /// A price plan's name.
    PlanName,
    /// The method of a price rule.
    Method,
    /// Where a webhook sends to.
    WebhookUrl,
}
