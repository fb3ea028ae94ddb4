//! The accounts that are made for the examination, and what becomes of them.

use std::time::Duration;

use ledger::Amount;
use serde_json::{Value, json};

use super::api::{Api, amount, list, text};
use super::price::Price;

/// What the family is called, so that whoever finds it in the books knows what it is.
const PRIMARY: &str = "tollgate doctor (canary)";
const SUBACCOUNT: &str = "tollgate doctor (canary's subaccount)";
/// What its payments and transfers are for.
const REFERENCE: &str = "tollgate doctor";
/// More calls than are ever paid for: eight when all is well, one for each header that turns out to be believed (12), and
/// one for each spelling of the path where the gateway puts it right before it asks (7).
const PAID_MAX: u32 = 32;
/// How often its end is tried: something that was on its way when the examination broke off may still come in between.
const CLOSE_TRIES: u32 = 4;
const CLOSE_PAUSE: Duration = Duration::from_millis(250);

/// A primary without credit, and its one subaccount with a balance of its own, which calls.
pub(super) struct Canary {
    pub(super) primary: String,
    pub(super) account: String,
    pub(super) api_key: String,
    pub(super) secret: String,
}

/// What a call has brought into the books.
#[derive(Clone, Debug)]
pub(super) struct Posting {
    pub(super) id: String,
    pub(super) amount: Amount,
    pub(super) plan: String,
    pub(super) rule: u64,
    pub(super) operation: String,
    /// Whether the gateway had named the check.
    pub(super) is_named: bool,
}

impl Canary {
    /// Opens the family, on the plan that the price is from, with enough for all calls in the primary's balance.
    pub(super) async fn open(api: &Api, price: &Price) -> Result<Self, String> {
        let all = price.times(PAID_MAX)?;
        let opened =
            api.post("/api/v1/accounts", json!({ "name": PRIMARY, "currency": price.currency })).await?;
        let primary = text(&opened, "/id")?;
        match Self::open_rest(api, price, &primary, all).await {
            Ok(canary) => Ok(canary),
            Err(reason) => {
                let left = close(api, &primary).await.err().map_or_else(String::new, |it| format!("; {it}"));
                Err(format!("{reason}{left}"))
            }
        }
    }

    async fn open_rest(api: &Api, price: &Price, primary: &str, all: Amount) -> Result<Self, String> {
        let path = format!("/api/v1/accounts/{primary}");
        api.patch(&path, json!({ "price_plan": price.plan })).await?;
        let body = json!({ "amount": all.text(2).to_string(), "reference": REFERENCE });
        api.post(&format!("{path}/payments"), body).await?;
        let body = json!({ "name": SUBACCOUNT, "parent": primary, "balance": "own" });
        let opened = api.post("/api/v1/accounts", body).await?;
        Ok(Self {
            primary: primary.to_owned(),
            account: text(&opened, "/id")?,
            api_key: text(&opened, "/api_key")?,
            secret: text(&opened, "/secret")?,
        })
    }

    /// Leaves the subaccount exactly what so many calls cost.
    pub(super) async fn fund(&self, api: &Api, price: &Price, calls: u32) -> Result<(), String> {
        if price.is_hold {
            release_holds(api, &self.account).await?;
        }
        let record = api.get(&format!("/api/v1/accounts/{}", self.account)).await?;
        let (has, must) = (amount(&record, "/available")?, price.times(calls)?);
        let missing = must.checked_sub(has).ok_or("what is missing does not fit an amount")?;
        if missing.is_zero() {
            return Ok(());
        }
        let side = if missing.is_negative() { "from" } else { "to" };
        let missing = if missing.is_negative() { missing.checked_neg() } else { Some(missing) };
        let missing = missing.ok_or("what is missing does not fit an amount")?;
        api.transfer(&self.primary, side, &self.account, missing).await
    }

    /// Suspends the subaccount, or lets it call again.
    pub(super) async fn suspend(&self, api: &Api, is_suspended: bool) -> Result<(), String> {
        let status = if is_suspended { "suspended" } else { "active" };
        api.patch(&format!("/api/v1/accounts/{}", self.account), json!({ "status": status })).await.map(drop)
    }

    /// What the subaccount was charged, or has held, by price since the posting `seen`; the newest first, with what is
    /// the newest posting of all now.
    pub(super) async fn postings(
        &self,
        api: &Api,
        seen: Option<&str>,
    ) -> Result<(Vec<Posting>, Option<String>), String> {
        let page = api.get(&format!("/api/v1/accounts/{}/postings?limit=100", self.account)).await?;
        let mut found = Vec::new();
        let mut newest = None;
        for posting in list(&page, "postings")? {
            let id = text(posting, "/id")?;
            if seen == Some(&*id) {
                break;
            }
            found.extend(Posting::of(posting)?);
            newest = newest.or(Some(id));
        }
        Ok((found, newest.or_else(|| seen.map(str::to_owned))))
    }

    /// Closes both accounts; what is left goes back as a payment.
    ///
    /// # Errors
    /// A sentence that says what stays open.
    pub(super) async fn close(&self, api: &Api) -> Result<(), String> {
        close(api, &self.primary).await
    }
}

impl Posting {
    /// One that a check has made; `None` of others.
    fn of(posting: &Value) -> Result<Option<Self>, String> {
        let change = match &*text(posting, "/kind")? {
            "charge" => amount(posting, "/balance_change")?.checked_neg(),
            "hold" => Some(amount(posting, "/held_change")?),
            _ => None,
        };
        let price = posting.get("price").filter(|it| !it.is_null());
        let (Some(amount), Some(price)) = (change, price) else { return Ok(None) };
        Ok(Some(Self {
            id: text(posting, "/id")?,
            amount,
            plan: text(price, "/plan")?,
            rule: price.get("rule").and_then(Value::as_u64).unwrap_or_default(),
            operation: text(posting, "/operation").unwrap_or_default(),
            is_named: posting.get("key").is_some_and(|it| !it.is_null()),
        }))
    }
}

/// Closes a family, as often as it takes.
async fn close(api: &Api, primary: &str) -> Result<(), String> {
    let mut tried = 1;
    loop {
        match try_closing(api, primary).await {
            Ok(()) => return Ok(()),
            Err(reason) if tried == CLOSE_TRIES => {
                return Err(format!(
                    "the canary's accounts could not be closed: {reason}. Close the family of {primary} by hand"
                ));
            }
            Err(_) => tokio::time::sleep(CLOSE_PAUSE).await,
        }
        tried += 1;
    }
}

async fn try_closing(api: &Api, primary: &str) -> Result<(), String> {
    let path = format!("/api/v1/accounts/{primary}");
    let record = api.get(&path).await?;
    if text(&record, "/status")? == "closed" {
        return Ok(());
    }
    // First of all nobody may call with it any more; a suspended primary's subaccounts are, too.
    api.patch(&path, json!({ "status": "suspended" })).await?;
    let members = api.get(&format!("/api/v1/accounts?parent={primary}&limit=100")).await?;
    for member in list(&members, "accounts")?.iter().filter(|it| it.get("status") != Some(&json!("closed"))) {
        // Its open holds are released, and its balance goes to the primary.
        api.post(&format!("/api/v1/accounts/{}/close", text(member, "/id")?), json!({})).await?;
    }
    let left = amount(&api.get(&path).await?, "/balance")?;
    if !left.is_zero() {
        let back = left.checked_neg().ok_or("the balance does not fit an amount")?.text(2).to_string();
        api.post(&format!("{path}/payments"), json!({ "amount": back, "reference": REFERENCE })).await?;
    }
    api.post(&format!("{path}/close"), json!({})).await.map(drop)
}

/// What an upstream has not settled is not waited for.
async fn release_holds(api: &Api, account: &str) -> Result<(), String> {
    let open = api.get(&format!("/api/v1/holds?account={account}&limit=100")).await?;
    for hold in list(&open, "holds")? {
        // It may have ended meanwhile.
        drop(api.post(&format!("/api/v1/holds/{}/release", text(hold, "/id")?), json!({})).await);
    }
    Ok(())
}
