//! Where a request came from.

use std::net::IpAddr;

use uuid::Uuid;

/// Where a request came from and what it is called. Nothing is decided by it: its address goes into the journal beside
/// what the request brought about, and the rest into the list of what was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address at the other end of the connection; of a checked call the one that the proxy names, if it names one.
    pub address: Option<IpAddr>,
    /// The name of the request, as its answer says it.
    pub request_id: Option<Uuid>,
    /// Through which door it came.
    pub door: Door,
}

/// The doors of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Door {
    /// None: tollgate itself.
    #[default]
    Inside,
    /// The native API.
    Native,
    /// The Vonage dialect.
    Vonage,
    /// The Plivo dialect.
    Plivo,
    /// The gate.
    Gate,
    /// The console.
    Console,
}
