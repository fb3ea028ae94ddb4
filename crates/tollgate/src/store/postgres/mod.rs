//! The store in PostgreSQL.
//!
//! Reading order: `connect` knows where it is and how it is reached, `connection` asks it.

mod connect;
mod connection;
#[cfg(test)]
mod test_cluster;

pub use connect::PostgresUrl;
pub(super) use connection::{Connection, said};
