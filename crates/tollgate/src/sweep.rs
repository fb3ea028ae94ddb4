//! Holds and credentials whose time has come are ended, within a second of it and before the first request after a start.
//!
//! Any node may do that, and whatever two of them do at once is done once: who comes second is refused. So that this is rare, the
//! one whose turn it is goes first, and the others end what it has left for so long that it must be slow or gone.

use std::time::Duration;

use crate::app::App;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_millis(250);
/// For how many milliseconds what is due is left to the node whose turn it is: with [`EVERY`], and as long again to write it,
/// that is the second.
const LEFT_MS: i64 = 500;

/// Ends what is due, again and again, until `stop` resolves.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let ago_ms = if app.store().turn().is_some() { 0 } else { LEFT_MS };
        if !app.store().is_away() {
            // What cannot be written now is due still in a moment; the store has said why.
            drop(app.expire_overdue_holds(ago_ms).await);
            drop(app.expire_overdue_credentials(ago_ms).await);
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = &mut stop => return,
        }
    }
}
