//! What several nodes on one database must show (docs/decisions.md, "The store in PostgreSQL"): one ledger wherever a request
//! arrives, and nothing lost, doubled or invented whatever becomes of a node, of the database or of what lies between them.
//!
//! All of it is about PostgreSQL, whatever `TOLLGATE_TEST_STORE` says, and about real processes. `TOLLGATE_LONG=1` asks for the
//! long forms, `TOLLGATE_SEED` for a sequence that was had before.
//!
//! Reading order: [`nodes`], [`load`] (clients that write meanwhile), [`books`] (what must hold of what they were told), then the
//! tests: [`one_ledger`], [`suspension`], [`rounds`], [`many`],
//! [`unknown`], [`standby`], [`rows`].

mod books;
mod load;
mod many;
mod nodes;
mod one_ledger;
mod rounds;
mod rows;
mod standby;
mod suspension;
mod unknown;

use crate::server::long;

/// How often something is done.
fn rounds(short: u32, in_long_form: u32) -> u32 {
    if long() { in_long_form } else { short }
}
