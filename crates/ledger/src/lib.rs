//! The rules of tollgate: who may do what with which money, decided in one pure place.
//!
//! Reading order: [`money`], [`time`], [`id`] and [`text`] are the values; [`account`], [`cap`], [`hold`], [`number`],
//! [`application`], [`settings`] and [`journal`] the records, [`usage`] what these add up to; [`event`] what follows from
//! them that others want to be told of, [`webhook`] where to; [`command`] what may be asked; [`refusal`] every way to say
//! no; [`book`] a ledger in memory; and [`decide()`] the one function that turns a command into changes or a
//! refusal. [`limits`] is what a restricted key may do at most, and [`laws`] what must hold whatever was decided.
//!
//! **Invariants.** This crate reads no clock, draws no random number, does no input or output, allocates no id, and
//! depends on nothing but `std`. The same book, command and time always give the same decision.

pub mod account;
pub mod application;
pub mod authority;
pub mod book;
pub mod cap;
pub mod command;
pub mod decide;
pub mod event;
pub mod hold;
pub mod id;
pub mod journal;
pub mod laws;
pub mod limits;
pub mod money;
pub mod number;
pub mod path;
pub mod price;
pub mod refusal;
pub mod settings;
pub mod text;
pub mod time;
pub mod usage;
pub mod webhook;

pub use account::{
    Account, BalanceMode, Credential, CredentialKind, Currency, LEVELS_MAX, Standing, Status, Token,
    TokenScope,
};
pub use application::{Application, Defaults, Endpoint};
pub use book::{Book, Change, Charged, Remembered};
pub use cap::{Cap, Caps, CapsChange, Period, Window, Windows};
pub use command::{Action, Actor, Caller, Command, NewCredential, NewNumber, Once, Proof, Scope, Transfer};
pub use decide::{Decision, decide};
pub use event::{Alerts, Event, EventKind, Level};
pub use hold::{Ending, Hold, HoldEnd, OnExpiry};
pub use id::{
    AccountId, ApiKey, ApplicationId, AuthId, CredentialId, EndpointId, EventId, IdMap, IdSet, LineId,
    TokenId, WebhookId,
};
pub use journal::{Closed, Kind, Line, Outcome, Record, Side, TransferKind};
pub use limits::{Limit, Limits};
pub use money::{Amount, Total};
pub use number::{Country, Features, Number, NumberKind};
pub use path::PathPattern;
pub use price::{PricePlan, PriceRule, Pricing};
pub use refusal::{CapReached, Refusal, TextField};
pub use settings::{Setting, SettingChange, Settings};
pub use time::Timestamp;
pub use usage::{Entry, Move, Moved};
pub use webhook::{EventKinds, WEBHOOKS_MAX, Webhook};
