//! Bodies and queries: what a request says, read leniently, and what an answer says (docs/vonage.md).

mod answer;
mod request;

pub(super) use answer::{
    Balance, List, Moved, MovedList, MovedNumber, Secret, SecretList, Subaccount, Transferred,
};
pub(super) use request::{Fields, Money, NewSubaccount, NumberMove, TransferQuery, credentials};
