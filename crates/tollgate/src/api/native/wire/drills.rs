//! How a drill is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Text, Time};
use crate::app::Drill;

/// A drill.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct DrillRecord<'a> {
    /// What stands in place of an api key.
    name: &'static str,
    /// What stands in place of a secret.
    secret: &'a str,
    /// Until when a call with them gets no answer of the gate.
    expires_at: Text<Time>,
}

impl<'a> DrillRecord<'a> {
    pub(in super::super) fn new(drill: &'a Drill) -> Self {
        Self { name: drill.name, secret: &drill.secret, expires_at: Text(Time(drill.expires_at)) }
    }
}
