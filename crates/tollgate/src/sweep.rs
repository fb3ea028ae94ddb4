//! Holds and credentials whose time has come are ended, within a second of it and before the first request after a start.

use std::time::Duration;

use crate::app::App;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_millis(250);

/// Ends what is due, again and again, until `stop` resolves.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        // What cannot be written now is due still in a moment; the store has said why.
        drop(app.expire_due_holds().await);
        drop(app.expire_due_credentials().await);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = &mut stop => return,
        }
    }
}
