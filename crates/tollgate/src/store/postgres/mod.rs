//! The store in PostgreSQL: any number of nodes on one database, all alike.
//!
//! Reading order: `connect` knows where it is and how it is reached, `connection` asks it, `schema` brings it up to date.
//! [`Engine`] is what the door knows of; a `lane` takes commands that wait as a batch: `needs` says what it must lock, `begin`
//! locks and reads, `held` is what it is decided on, `write` writes it (`lines` and `directory` say how) and commits; `mind`
//! holds these together, with what is kept in memory (`kept`, `config`). `keys` finds what a key was used for; `life` is a
//! lane's number, `usage` counts what it writes. `pulse` hears what other nodes do: `heard` says how long ago that was,
//! `apart` what time it is, `turn` which node does what one does alone. `chores` are what some node has to do: `burial` looks
//! after lanes that live no more, `partitions` are the parts of tables by time. `pool` is for whoever reads; `proof` proves
//! what only this engine keeps.
//!
//! **Invariants.** A batch takes its locks in one order: its lane's row, the common lock, accounts in the order of their ids,
//! and at the end the head of the events. What it rests on is read after it has them. Nobody is answered before COMMIT has
//! returned, and what became of a COMMIT is never guessed.

mod apart;
mod begin;
mod burial;
mod chores;
mod config;
mod connect;
mod connection;
mod copying;
mod directory;
mod engine;
mod heard;
mod held;
mod kept;
mod keys;
mod lane;
mod life;
mod lines;
mod mind;
mod needs;
mod partitions;
mod pool;
mod proof;
mod pulse;
mod schema;
#[cfg(test)]
mod test_cluster;
#[cfg(test)]
mod tests;
mod turn;
mod usage;
mod write;

pub use connect::PostgresUrl;
pub(super) use connection::{Connection, said};
pub(super) use copying::{CopyIn, Target, go_on_behind, read_still};
pub(super) use directory::Outside;
pub use engine::Time;
pub(super) use engine::{Beside, Engine, exists, read_whole};
pub(super) use heard::IN_FORCE_WITHIN;
pub(super) use keys::{Keys, day_of};
pub(super) use proof::prove;
