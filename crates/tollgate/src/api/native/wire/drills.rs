//! How a drill is shown.

use serde::Serialize;

use super::{Text, Time};
use crate::app::Drill;

/// A drill.
#[derive(Serialize)]
pub(in super::super) struct DrillRecord<'a> {
    name: &'static str,
    secret: &'a str,
    expires_at: Text<Time>,
}

impl<'a> DrillRecord<'a> {
    pub(in super::super) fn new(drill: &'a Drill) -> Self {
        Self { name: drill.name, secret: &drill.secret, expires_at: Text(Time(drill.expires_at)) }
    }
}
