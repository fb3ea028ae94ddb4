//! What a restricted credential or token may do at most: as a form asks for it, and as a page says it.

use std::collections::HashMap;

use ledger::limits::ACCOUNTS_MAX;
use ledger::{AccountId, Amount, Limits};

use super::show::Money;
use super::visit::Visit;
use crate::app::Error;

const NO_AMOUNT: &str =
    "The most at once must be a number such as 50.00 from 0 to 10,000,000,000, or be left empty.";

/// What the form asks for; nothing where it restricts nothing. The inner error says what is wrong with it. An account that there is
/// not the ledger refuses.
pub(super) async fn read(visit: &Visit) -> Result<Result<Option<Limits>, String>, Error> {
    let form = &visit.form;
    let amount_max = match form.some("amount_max").map(Amount::parse) {
        None => None,
        Some(Ok(amount)) if (Amount::ZERO..=Amount::MOVE_MAX).contains(&amount) => Some(amount),
        Some(_) => return Ok(Err(NO_AMOUNT.to_owned())),
    };
    let names: Vec<_> =
        form.text("accounts").split([' ', ',', '\n', '\r', '\t']).filter(|it| !it.is_empty()).collect();
    if names.len() > ACCOUNTS_MAX {
        return Ok(Err(format!("Name at most {ACCOUNTS_MAX} accounts.")));
    }
    let mut accounts = Vec::with_capacity(names.len());
    for name in names {
        accounts.push(visit.app.named(name).await?);
    }
    let accounts = Some(accounts).filter(|it| !it.is_empty());
    let is_read_only = form.is_ticked("read_only");
    if !is_read_only && amount_max.is_none() && accounts.is_none() {
        return Ok(Ok(None));
    }
    // What got to here always is a limit.
    Limits::new(is_read_only, amount_max, accounts).map(|it| Ok(Some(it))).ok_or(Error::Fault)
}

/// What each of some may do at most, in words; empty where it is not restricted.
pub(super) async fn said(visit: &Visit, all: &[Option<&Limits>]) -> Result<Vec<String>, Error> {
    let mut ids: Vec<AccountId> =
        all.iter().flatten().filter_map(|it| it.accounts()).flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts = visit.app.figures(visit.by, ids, None).await?.accounts;
    let names: HashMap<_, _> = accounts.into_iter().map(|it| (it.account.id, it.account.name)).collect();
    Ok(all.iter().map(|it| it.map_or_else(String::new, |it| sentence(it, &names))).collect())
}

fn sentence(limits: &Limits, names: &HashMap<AccountId, std::sync::Arc<str>>) -> String {
    let mut parts = Vec::new();
    if limits.is_read_only() {
        parts.push("only reads".to_owned());
    }
    if let Some(most) = limits.amount_max() {
        parts.push(format!("moves at most {} at once", Money::from(most).text()));
    }
    if let Some(accounts) = limits.accounts() {
        let known: Vec<_> = accounts.iter().filter_map(|it| names.get(it)).map(|it| &**it).collect();
        let others = accounts.len() - known.len();
        let mut said = known.join(", ");
        if others > 0 {
            let and = if said.is_empty() { "" } else { " and " };
            said = format!("{said}{and}{others} more");
        }
        parts.push(format!("for {said} alone"));
    }
    parts.join("; ")
}
