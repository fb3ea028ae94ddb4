//! Bodies and queries: what a request says, read leniently, and what an answer says (docs/vonage.md).

mod answer;
mod form;
mod request;
mod rest;

pub(super) use answer::{List, Moved, MovedList, MovedNumber, Secret, SecretList, Subaccount, Transferred};
pub(super) use form::{Form, NamedNumber, NumberQuery};
pub(super) use request::{Fields, Money, NewSubaccount, NumberMove, TransferQuery, credentials};
pub(super) use rest::{AccountSettings, Balance, NumberList, Success};
