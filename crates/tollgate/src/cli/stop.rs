//! The end of a command that cleans up behind itself.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Ended;

/// The signals that ask a command to end which has something to take away first, so that none of them may end it by
/// itself.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stop {
    pub(super) fn listen() -> Result<Self, Ended> {
        let of = |kind| signal(kind).map_err(Ended::cannot_start);
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            hangup: of(SignalKind::hangup())?,
        })
    }

    /// Returns when one has come.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
