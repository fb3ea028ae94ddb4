//! The check of a call, and price plans.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{
    AccountId, Action, Actor, Amount, Currency, Kind, Limit, LineId, Once, PricePlan, PriceRule, Record,
    Refusal, Timestamp, TokenId, authority,
};

use super::read::operator;
use super::{App, Error};
use crate::store::PlanFilter;

/// A call, as the proxy says that asks about it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// Without its query.
    pub path: &'a str,
    /// What it is, where the proxy's configuration names that; else method and path alone say it.
    pub operation: Option<&'a str>,
}

/// A call that may pass, and has been paid for.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The account that calls.
    pub account: AccountId,
    /// The primary account of its family.
    pub root: AccountId,
    /// What was charged for.
    pub operation: String,
    /// What was charged, and the line of it; `None` where it is free or held for.
    pub charge: Option<(LineId, Amount)>,
    /// What is held, where the price is known only later.
    pub hold: Option<(LineId, Amount)>,
    /// What its payer has left; `None` where the caller may not see that payer.
    pub remaining: Option<Amount>,
}

/// Credentials of nobody. A check of a call that comes with them gets no answer: its connection is closed, so that whoever
/// made them sees what the proxy does then. They say themselves until when, so nothing is stored, and no account is touched.
#[derive(Clone, Debug)]
pub struct Drill {
    /// In place of an api key.
    pub name: &'static str,
    /// In place of its secret.
    pub secret: String,
    /// When they become wrong credentials like others.
    pub expires_at: Timestamp,
}

/// No api key and no auth id looks like this.
const DRILL_NAME: &str = "tollgate-drill";
/// For how long a drill is good, in milliseconds.
const DRILL_MS: i64 = 60_000;
/// What a drill's sealed text begins with; no other text that is sealed does.
const DRILL_UNTIL: &str = "drill until ";

/// A price plan to be.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its currency.
    pub currency: Currency,
    /// Whether families that are assigned none go by it.
    pub is_default: bool,
    /// The first that fits a call counts.
    pub rules: Arc<[PriceRule]>,
}

impl App {
    /// Checks a call of the account that `by` authenticates, and takes or holds what it costs; `gate` is the token of the
    /// gate that it came through, if that showed one.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::Check`].
    pub async fn check(
        &self,
        by: Actor,
        gate: Option<TokenId>,
        once: Option<Once>,
        call: Call<'_>,
    ) -> Result<Passed, Error> {
        let account = by.account().ok_or(Error::Unauthenticated)?;
        let Call { method, path, operation } = call;
        let operation = operation.map(Into::into);
        let action = Action::Check { account, gate, method: method.into(), path: path.into(), operation };
        let line = self.submit(by, once, action).await?;
        // None where its key does not reach the payer.
        let payer = line.account.filter(|it| authority::may_see_side(&by, &line, it));
        let taken = Some((line.id, line.amount()));
        let is_held = line.kind == Kind::Hold;
        Ok(Passed {
            account,
            root: line.family.ok_or(Error::Fault)?,
            operation: line.operation.as_deref().unwrap_or_default().to_owned(),
            charge: taken.filter(|it| !is_held && it.1 != Amount::ZERO),
            hold: taken.filter(|_| is_held),
            remaining: payer.map(|it| it.after.available()),
        })
    }

    /// Seals a text that a proxy carries from one request to another.
    pub fn seal(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.0.keyring.seal(text, &self.0.random))
    }

    /// Opens it again.
    pub fn reopen(&self, sealed: &str) -> Option<String> {
        self.0.keyring.open_sealed(&URL_SAFE_NO_PAD.decode(sealed).ok()?)
    }

    /// Makes a drill.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to everybody but the operator.
    pub async fn drill(&self, by: Actor) -> Result<Drill, Error> {
        self.see(by, move |snapshot| {
            let is_limited = snapshot.limits().is_some();
            let refusal = if is_limited { Err(Refusal::Restricted(Limit::Credentials)) } else { Ok(()) };
            Ok(authority::is_operator(&by).and(refusal))
        })
        .await?;
        let expires_at = self.0.clock.now().plus_millis(DRILL_MS);
        let secret = self.seal(&format!("{DRILL_UNTIL}{}", expires_at.millis()));
        Ok(Drill { name: DRILL_NAME, secret, expires_at })
    }

    /// Whether these are the credentials of a [`Drill`] that is still good.
    pub fn is_drill(&self, name: &str, secret: &str) -> bool {
        if name != DRILL_NAME {
            return false;
        }
        let until = self.reopen(secret).and_then(|it| it.strip_prefix(DRILL_UNTIL)?.parse().ok());
        until.is_some_and(|it| self.0.clock.now() < Timestamp::from_millis(it))
    }

    /// Puts a price plan, or another version of it.
    ///
    /// # Errors
    /// [`Error`]; the ledger's refusals of [`Action::PutPlan`].
    pub async fn put_plan(
        &self,
        by: Actor,
        once: Option<Once>,
        new: NewPlan,
    ) -> Result<Arc<PricePlan>, Error> {
        let NewPlan { name, currency, is_default, rules } = new;
        let outcome = self.submit(by, once, Action::PutPlan { name, currency, is_default, rules }).await?;
        match outcome.record.as_deref() {
            Some(Record::Plan(plan)) => Ok(plan.clone()),
            Some(_) | None => Err(Error::Fault),
        }
    }

    /// The newest version of each plan, in order of their names.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to everybody but the operator.
    pub async fn price_plans(
        &self,
        by: Actor,
        filter: PlanFilter,
        after: Option<Box<str>>,
        limit: usize,
    ) -> Result<Vec<PricePlan>, Error> {
        self.see(by, move |snapshot| match operator(snapshot, &by) {
            Ok(()) => snapshot.price_plans_after(filter, after.as_deref(), limit).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }

    /// A version of a plan, the newest when nothing is said.
    ///
    /// # Errors
    /// [`Error`]; [`Refusal::Forbidden`] to everybody but the operator; [`Refusal::PlanNotFound`].
    pub async fn price_plan(
        &self,
        by: Actor,
        name: String,
        version: Option<u32>,
    ) -> Result<PricePlan, Error> {
        self.see(by, move |snapshot| match operator(snapshot, &by) {
            Ok(()) => Ok(snapshot.price_plan(&name, version)?.ok_or(Refusal::PlanNotFound)),
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
    }
}
