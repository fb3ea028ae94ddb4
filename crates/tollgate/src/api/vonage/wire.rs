//! The bodies and queries of the contract: what a request says, read leniently (contract §1), and what an answer says.

mod answer;
mod request;

pub(super) use answer::{
    Balance, List, Moved, MovedList, MovedNumber, Secret, SecretList, Subaccount, Transferred,
};
pub(super) use request::{Fields, Money, NewSubaccount, NumberMove, TransferQuery, credentials};
