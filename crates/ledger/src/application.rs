//! What answers calls and messages: applications, and the endpoints that people register a phone at.

use std::sync::Arc;

use crate::id::{AccountId, ApplicationId, EndpointId};
use crate::settings::Settings;
use crate::time::Timestamp;

/// Where a caller's calls and messages are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name outside.
    pub id: ApplicationId,
    /// The account that it belongs to.
    pub owner: AccountId,
    /// What people call it.
    pub name: Arc<str>,
    /// What takes it when nothing is said.
    pub defaults: Defaults,
    /// Its addresses, and what else its owner keeps with it.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an application is taken for when nothing is said; at most one of an account's is, for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Defaults {
    /// For numbers that its owner rents.
    pub numbers: bool,
    /// For endpoints that its owner makes.
    pub endpoints: bool,
}

/// A phone that somebody may register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name outside.
    pub id: EndpointId,
    /// The account that it belongs to.
    pub owner: AccountId,
    /// The name to register with; never another one's.
    pub username: Arc<str>,
    /// What people call it.
    pub alias: Arc<str>,
    /// The application of the same family that answers its calls.
    pub application: Option<ApplicationId>,
    /// When it was made.
    pub created_at: Timestamp,
}
