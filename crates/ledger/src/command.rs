//! What may be asked of the ledger, by whom.

// An address alone: nothing in `core` opens a connection.
use core::net::IpAddr;
use std::sync::Arc;

use crate::account::{BalanceMode, Credential, CredentialKind, Currency, Status, TokenScope};
use crate::application::Defaults;
use crate::cap::CapsChange;
use crate::event::Alerts;
use crate::hold::OnExpiry;
use crate::id::{
    AccountId, ApiKey, ApplicationId, AuthId, CredentialId, EndpointId, EventId, LineId, TokenId, WebhookId,
};
use crate::limits::Limits;
use crate::money::Amount;
use crate::number::{Country, Features, NumberKind};
use crate::price::PriceRule;
use crate::settings::SettingChange;
use crate::time::Timestamp;
use crate::webhook::EventKinds;

/// A write, asked for by somebody, perhaps under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The id of the line that it writes, and of the payment, transfer, charge or hold that it makes.
    pub id: LineId,
    /// Who asks.
    pub by: Actor,
    /// From which address, as far as it is known; `None` for what tollgate itself asks.
    pub from: Option<IpAddr>,
    /// The key under which it happens once.
    pub once: Option<Once>,
    /// What.
    pub action: Action,
}

/// Who asks, as authenticated. `decide` looks again whether the credential still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The operator.
    Operator(TokenId),
    /// The proxy or service in front of the operator's API.
    Gate(TokenId),
    /// A partner or an end customer.
    Account {
        /// The account that the credential belongs to.
        account: AccountId,
        /// The credential.
        credential: CredentialId,
    },
    /// tollgate itself: the sweeper, the first start.
    Server,
}

/// A key and the request that it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The caller's text, 1 to 255 characters.
    pub key: Arc<str>,
    /// A hash of method, path and body: another request under the same key is refused. `None` for what came as one of
    /// many in a body: what it asks for is compared instead.
    pub request: Option<[u8; 32]>,
    /// A secret that the answer shows once, sealed by the shell, so that a repeat can show it again.
    pub sealed: Option<Arc<[u8]>>,
}

/// Within what a key is unique: the account that the write is about, or the operator, and the kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The account; `None` for what is the operator's own.
    pub account: Option<AccountId>,
    /// Who asks.
    pub caller: Caller,
}

/// The kinds of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// With an operator token.
    Operator,
    /// With a gate token.
    Gate,
    /// With an account's credential.
    Account,
    /// An account whose call a gate has checked. Its keys are the gate's, not the account's.
    Call,
    /// tollgate itself.
    Server,
}

impl Actor {
    /// What kind of caller it is.
    pub const fn caller(&self) -> Caller {
        match self {
            Self::Operator(_) => Caller::Operator,
            Self::Gate(_) => Caller::Gate,
            Self::Account { .. } => Caller::Account,
            Self::Server => Caller::Server,
        }
    }

    /// The account that asks, if it is one.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account { account, .. } => Some(*account),
            Self::Operator(_) | Self::Gate(_) | Self::Server => None,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a primary account, or a subaccount under `parent`.
    OpenAccount {
        /// Its id.
        account: AccountId,
        /// The primary to open it under.
        parent: Option<AccountId>,
        /// Its proposed name in the Vonage dialect; refused with [`crate::Refusal::NameTaken`] if it ever was used.
        api_key: ApiKey,
        /// Its proposed name in the Plivo dialect; likewise.
        auth_id: AuthId,
        /// What people call it.
        name: Arc<str>,
        /// A primary's currency; a subaccount's is its family's, and another is refused.
        currency: Option<Currency>,
        /// Only the operator opening a primary may set one.
        credit_limit: Amount,
        /// Own or shared; a primary's is its own.
        mode: BalanceMode,
        /// [`Status::Active`], or [`Status::Suspended`] from the start.
        status: Status,
        /// At what available amount somebody wants to be told; nothing of it for one that shares its primary's balance.
        alerts: Alerts,
        /// The credentials that it starts with.
        credentials: Vec<NewCredential>,
        /// How many subaccounts a primary may have.
        subaccounts_max: Option<u32>,
        /// How much it may spend in a day and a month.
        caps: Option<CapsChange>,
    },
    /// Changes what is given and nothing else; all or nothing.
    ChangeAccount {
        /// Which.
        account: AccountId,
        /// A new name.
        name: Option<Arc<str>>,
        /// A primary's new credit limit, by the operator alone.
        credit_limit: Option<Amount>,
        /// [`Status::Active`] or [`Status::Suspended`].
        status: Option<Status>,
        /// Shared → own is allowed and starts at zero; own → shared is refused for ever.
        mode: Option<BalanceMode>,
        /// What it keeps about itself.
        settings: Vec<SettingChange>,
        /// A primary's price plan, by the operator alone; `Some(None)` for the default of its currency.
        plan: Option<Option<Arc<str>>>,
        /// How much it may spend in a day and a month; never by the account itself.
        caps: Option<CapsChange>,
        /// All its thresholds anew.
        alerts: Option<Alerts>,
    },
    /// Closes an account for good; what it has goes to its heir.
    CloseAccount {
        /// Which.
        account: AccountId,
        /// Its applications and endpoints are deleted and its numbers given back, instead of all going to the primary.
        cascade: bool,
    },
    /// Books money that the operator received or, negative, paid out.
    Pay {
        /// To whose balance.
        account: AccountId,
        /// Not zero.
        amount: Amount,
        /// Free text.
        reference: Option<Box<str>>,
    },
    /// Moves balance between a primary and one of its subaccounts.
    TransferBalance(Transfer),
    /// Moves credit limit between a primary and one of its subaccounts.
    TransferCredit(Transfer),
    /// Takes an amount for a call that happens now.
    Charge {
        /// The account that calls; its payer pays.
        account: AccountId,
        /// More than zero.
        amount: Amount,
        /// What for.
        operation: Option<Arc<str>>,
        /// How many units.
        units: Option<Box<str>>,
        /// Free text.
        reference: Option<Box<str>>,
        /// Books usage that already happened, whatever the account's state and money.
        force: bool,
    },
    /// Puts a price plan, or another version of it.
    PutPlan {
        /// Its name.
        name: Arc<str>,
        /// Its currency; never another one's.
        currency: Currency,
        /// Whether families of the currency that are assigned none go by it.
        is_default: bool,
        /// The first that fits a call counts.
        rules: Arc<[PriceRule]>,
    },
    /// Checks a call by the price plan of the account's family, and takes or holds what it costs.
    Check {
        /// The account that calls, which is the one that asks.
        account: AccountId,
        /// The token of the gate that it came through; `None` where nobody but the gate can ask.
        gate: Option<TokenId>,
        /// The method of the call.
        method: Box<str>,
        /// The path of the call, without its query.
        path: Box<str>,
        /// What the call is, where the gate names it: only rules for this operation are looked at, and those that deny.
        operation: Option<Arc<str>>,
    },
    /// Gives back a charge or a part of it.
    Reverse {
        /// The line of the charge.
        charge: LineId,
        /// How much; the rest when nothing is said.
        amount: Option<Amount>,
        /// Free text.
        reference: Option<Box<str>>,
    },
    /// Reserves an amount.
    Hold {
        /// The account that calls.
        account: AccountId,
        /// More than zero.
        amount: Amount,
        /// For how many milliseconds from now; at most 24 hours.
        lasts_ms: i64,
        /// What happens then.
        on_expiry: OnExpiry,
        /// What for.
        operation: Option<Arc<str>>,
        /// Free text.
        reference: Option<Box<str>>,
    },
    /// Ends a hold by charging what was really used.
    Settle {
        /// Which.
        hold: LineId,
        /// Zero or more.
        amount: Amount,
        /// Charge more than is available, too.
        force: bool,
    },
    /// Ends a hold at no cost.
    Release {
        /// Which.
        hold: LineId,
    },
    /// Moves a hold's expiry.
    Extend {
        /// Which.
        hold: LineId,
        /// For how many milliseconds from now; at most 24 hours.
        lasts_ms: i64,
    },
    /// Ends a hold whose time has come; by the sweeper alone.
    Expire {
        /// Which.
        hold: LineId,
    },
    /// Puts a number into the stock or, where an account is named, gives it to that one at no cost.
    AddNumber {
        /// What comes.
        number: NewNumber,
        /// To whom.
        account: Option<AccountId>,
    },
    /// Takes a number out of the stock for good.
    WithdrawNumber {
        /// Its country.
        country: Country,
        /// Its digits.
        msisdn: Arc<str>,
    },
    /// Brings along numbers that an account has from a carrier of its own; all or none.
    BringNumbers {
        /// Whose they are.
        account: AccountId,
        /// Their digits.
        msisdns: Vec<Arc<str>>,
        /// What they are.
        kind: NumberKind,
        /// What answers them; the account's default when nothing is said.
        application: Option<ApplicationId>,
        /// What is kept with each.
        settings: Vec<SettingChange>,
    },
    /// Rents a number of the stock, which takes its cost.
    RentNumber {
        /// Who gets it.
        account: AccountId,
        /// Its country; looked up without one when `None`.
        country: Option<Country>,
        /// Its digits.
        msisdn: Arc<str>,
        /// What answers it; the account's default when nothing is said.
        application: Option<ApplicationId>,
        /// What is kept with it.
        settings: Vec<SettingChange>,
    },
    /// Gives a number back to the stock.
    UnrentNumber {
        /// Who has it.
        account: AccountId,
        /// Its country; looked up without one when `None`.
        country: Option<Country>,
        /// Its digits.
        msisdn: Arc<str>,
    },
    /// Changes what is given of a number, all or nothing.
    ChangeNumber {
        /// Who has it.
        account: AccountId,
        /// Its country; looked up without one when `None`.
        country: Option<Country>,
        /// Its digits.
        msisdn: Arc<str>,
        /// Another account of the family that is to have it.
        to: Option<AccountId>,
        /// What answers it; `Some(None)` for nothing.
        application: Option<Option<ApplicationId>>,
        /// What is kept with it.
        settings: Vec<SettingChange>,
    },
    /// Moves a number between two accounts of a family.
    TransferNumber {
        /// The family's primary.
        primary: AccountId,
        /// Who has it.
        from: AccountId,
        /// Who gets it.
        to: AccountId,
        /// Its country; looked up without one when `None`.
        country: Option<Country>,
        /// Its digits.
        msisdn: Arc<str>,
    },
    /// Makes an application.
    MakeApplication {
        /// Its proposed id; refused with [`crate::Refusal::NameTaken`] if it is another one's.
        application: ApplicationId,
        /// Whose it is.
        owner: AccountId,
        /// What people call it.
        name: Arc<str>,
        /// What it is taken for when nothing is said.
        defaults: Defaults,
        /// Its addresses.
        settings: Vec<SettingChange>,
    },
    /// Changes what is given of an application, all or nothing.
    ChangeApplication {
        /// Which.
        application: ApplicationId,
        /// Another account of the family that is to have it.
        owner: Option<AccountId>,
        /// Whether it is taken for the owner's new numbers.
        for_numbers: Option<bool>,
        /// Whether it is taken for the owner's new endpoints.
        for_endpoints: Option<bool>,
        /// Its addresses.
        settings: Vec<SettingChange>,
    },
    /// Deletes an application. What it answered is answered by nothing, but for what is said here.
    DeleteApplication {
        /// Which.
        application: ApplicationId,
        /// Its owner's endpoints go, too.
        cascade: bool,
        /// Or they go to this application.
        successor: Option<ApplicationId>,
    },
    /// Makes an endpoint.
    MakeEndpoint {
        /// Its proposed id; refused with [`crate::Refusal::NameTaken`] if it is another one's.
        endpoint: EndpointId,
        /// Whose it is.
        owner: AccountId,
        /// Its proposed username, likewise.
        username: Arc<str>,
        /// What people call it.
        alias: Arc<str>,
        /// Sealed by the shell.
        password: Arc<[u8]>,
        /// What answers it; the owner's default when nothing is said.
        application: Option<ApplicationId>,
    },
    /// Changes what is given of an endpoint, all or nothing.
    ChangeEndpoint {
        /// Which.
        endpoint: EndpointId,
        /// Another account of the family that is to have it.
        owner: Option<AccountId>,
        /// What people call it.
        alias: Option<Arc<str>>,
        /// Sealed by the shell.
        password: Option<Arc<[u8]>>,
        /// What answers it; `Some(None)` for nothing.
        application: Option<Option<ApplicationId>>,
    },
    /// Deletes an endpoint.
    DeleteEndpoint {
        /// Which.
        endpoint: EndpointId,
    },
    /// Adds a credential.
    AddCredential {
        /// To which account.
        account: AccountId,
        /// What is added.
        credential: NewCredential,
        /// The live credential that the shell found to have the same text.
        same_as: Option<CredentialId>,
    },
    /// Revokes a credential; the last unrestricted one of its kind stays.
    RevokeCredential {
        /// Whose.
        account: AccountId,
        /// Which.
        credential: CredentialId,
    },
    /// Adds a credential and sets the end of all others of its kind, but for restricted ones.
    RotateCredential {
        /// Of which account.
        account: AccountId,
        /// What is added; never a restricted one.
        credential: NewCredential,
        /// The live credential that the shell found to have the same text.
        same_as: Option<CredentialId>,
        /// How many milliseconds from now the others live on; 0 revokes them at once.
        overlap_ms: i64,
    },
    /// Revokes a credential whose end has come; by the sweeper alone.
    ExpireCredential {
        /// Whose.
        account: AccountId,
        /// Which.
        credential: CredentialId,
    },
    /// Makes an operator or gate token.
    MakeToken {
        /// Its id.
        token: TokenId,
        /// What it may do.
        scope: TokenScope,
        /// How to recognise it.
        proof: Proof,
        /// What it may do at most.
        limits: Option<Arc<Limits>>,
    },
    /// Revokes an operator or gate token.
    RevokeToken {
        /// Which.
        token: TokenId,
    },
    /// Has events sent: a subaccount its own, a primary those of its family, the operator everybody's.
    MakeWebhook {
        /// Its id.
        webhook: WebhookId,
        /// Only those of this account.
        account: Option<AccountId>,
        /// Where to.
        url: Arc<str>,
        /// Only those of these kinds.
        kinds: EventKinds,
        /// What they are signed with, sealed by the shell.
        secret: Arc<[u8]>,
    },
    /// Changes what is given of a webhook.
    ChangeWebhook {
        /// Which.
        webhook: WebhookId,
        /// Where to.
        url: Option<Arc<str>>,
        /// Of which kinds.
        kinds: Option<EventKinds>,
        /// Whether events are sent there.
        is_enabled: Option<bool>,
    },
    /// Has a webhook's events signed with another secret, and for a while with the one before it, too.
    RotateWebhook {
        /// Which.
        webhook: WebhookId,
        /// What they are signed with, sealed by the shell.
        secret: Arc<[u8]>,
        /// For how long the secret before it signs as well, in milliseconds: 0 to [`OVERLAP_MAX_MS`].
        ///
        /// [`OVERLAP_MAX_MS`]: crate::account::OVERLAP_MAX_MS
        overlap_ms: i64,
    },
    /// Has an event sent once more to a webhook that was to get it.
    ResendEvent {
        /// Where to.
        webhook: WebhookId,
        /// Which.
        event: EventId,
    },
    /// Has no more events sent there.
    DeleteWebhook {
        /// Which.
        webhook: WebhookId,
    },
}

/// A number to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNumber {
    /// Its country.
    pub country: Country,
    /// Its digits.
    pub msisdn: Arc<str>,
    /// What it is.
    pub kind: NumberKind,
    /// What it can do.
    pub features: Features,
    /// What renting it takes, once; zero or more.
    pub cost: Amount,
    /// In which currency; that of the account that gets it, or [`Currency::EUR`], when nothing is said.
    pub currency: Option<Currency>,
}

/// A move of balance or credit limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The family's primary, in whose name it happens.
    pub primary: AccountId,
    /// Who gives.
    pub from: AccountId,
    /// Who gets.
    pub to: AccountId,
    /// More than zero.
    pub amount: Amount,
    /// Free text.
    pub reference: Option<Box<str>>,
}

/// A credential to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Its id.
    pub id: CredentialId,
    /// Secret or token.
    pub kind: CredentialKind,
    /// How to recognise it.
    pub proof: Proof,
    /// What it may do at most.
    pub limits: Option<Arc<Limits>>,
}

impl NewCredential {
    /// As it is once it was made.
    pub fn at(&self, now: Timestamp) -> Credential {
        let Self { id, kind, limits, .. } = self;
        Credential { id: *id, kind: *kind, created_at: now, expires_at: None, limits: limits.clone() }
    }
}

/// What the shell needs to recognise a secret, and perhaps to show it again. The rules never look inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// A keyed hash, or an Argon2id string for a secret that a person chose.
    pub verifier: Arc<str>,
    /// The secret itself, sealed under the server's key file.
    pub sealed: Option<Arc<[u8]>>,
}
