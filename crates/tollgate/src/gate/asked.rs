//! The one place where a call is looked at, whichever door it came through.

use std::net::IpAddr;

use ledger::{Actor, TokenId};
use uuid::Uuid;

use super::answer::Denied;
use crate::app::{App, Call, Door, Error, Origin, Passed};
use crate::auth::AuthError;
use crate::http::Presented;

/// A call that is to be checked, read by its door from where its kind of proxy puts things.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: Call<'a>,
    /// The name of the check, from the proxy's own generator.
    pub(super) id: Option<&'a str>,
    /// What the caller shows.
    pub(super) shown: Presented,
    /// Where the call came from, for counting failed authentications and for the journal.
    pub(super) client: IpAddr,
    /// What the check itself is called in the log and in a denial.
    pub(super) request_id: Uuid,
}

/// What becomes of a call that is not denied.
#[derive(Debug)]
pub(super) enum Checked {
    /// It has been paid for.
    Passed(Passed),
    /// The operator wants to see what the proxy does when this check has no answer.
    Unanswered,
}

impl Asked<'_> {
    /// Checks it: who calls, what that costs, and taking it; within the limits of the gate whose token was shown.
    pub(super) async fn check(&self, app: &App, gate: Option<TokenId>) -> Result<Checked, Denied> {
        let Call { method, path, operation } = self.call;
        if matches!(&self.shown, Presented::Basic { name, secret } if app.is_drill(name, secret)) {
            return Ok(Checked::Unanswered);
        }
        let (address, request_id) = (Some(self.client), Some(self.request_id));
        let app = &app.asked_from(Origin { address, request_id, door: Door::Gate });
        let by = self.caller(app).await?;
        // Whatever the price depends on, so that a request id stands for one price.
        let once = self.id.map(|it| app.once(it, method, path, operation.unwrap_or_default().as_bytes()));
        let passed = app.check(by, gate, once, self.call).await.map_err(Denied::of)?;
        Ok(Checked::Passed(passed))
    }

    /// In whose name the call is made.
    async fn caller(&self, app: &App) -> Result<Actor, Denied> {
        let auth = app.auth();
        let by = match &self.shown {
            Presented::Basic { name, secret } => auth.basic(name, secret, self.client).await,
            Presented::Bearer(token) => auth.text(token).await,
            Presented::Nothing | Presented::Malformed => return Err(Denied::of(Error::Unauthenticated)),
        };
        by.map_err(|it| Denied::of(it.into()))
    }
}

/// What is shown in the header that the operator has named for credentials.
pub(super) fn in_key_header(value: &str) -> Presented {
    match value.split_once(':') {
        Some((name, secret)) => Presented::Basic { name: name.to_owned(), secret: secret.to_owned() },
        None => Presented::Bearer(value.to_owned()),
    }
}

/// The gate that asks, by the token that came in `place`.
pub(super) async fn prove(app: &App, token: &str, place: &str) -> Result<TokenId, Denied> {
    match app.auth().bearer(token).await {
        Ok(Actor::Gate(gate)) => Ok(gate),
        Ok(Actor::Operator(_) | Actor::Account { .. } | Actor::Server) => Err(Denied::misconfigured(
            format!("{place} must be a gate token: make one with POST /api/v1/tokens"),
        )),
        Err(error @ (AuthError::Busy { .. } | AuthError::Unavailable)) => Err(Denied::of(error.into())),
        Err(AuthError::Unauthenticated) => {
            Err(Denied::misconfigured(format!("{place} is wrong or was revoked")))
        }
    }
}
