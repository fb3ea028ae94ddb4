//! Holding the rows of a store against what its journal leads to.

use std::collections::{BTreeMap, HashMap};

use ledger::{Account, AccountId, Amount, Number, Standing, Status};
use rusqlite::{Connection, Row};

use super::super::{Ids, Snapshot, owned, plan, sql, webhooks};
use super::{State, Wrong, figures};

/// Every account's row must be what the journal leads to.
pub(super) fn check_accounts(connection: &Connection, state: &State) -> Result<(), Wrong> {
    let mut all = connection.prepare("SELECT * FROM accounts ORDER BY number")?;
    let mut rows = all.query(())?;
    let mut count = 0;
    let mut live = connection.prepare(
        "SELECT id, kind, created_at, expires_at, limits FROM credentials WHERE account = ?1 AND revoked_at IS NULL
         ORDER BY id",
    )?;
    while let Some(row) = rows.next()? {
        count += 1;
        let account = sql::account(row).map_err(|reason| {
            let api_key = row.get::<_, i64>("api_key").unwrap_or_default();
            Wrong::Other(format!("account {api_key:08x} cannot be read ({reason})"))
        })?;
        let wrong =
            |what: String| Wrong::Account { api_key: account.api_key.to_string(), id: account.id, what };
        let known =
            state.accounts.get(&account.id).ok_or_else(|| wrong("the journal never opened it".into()))?;
        if account.standing != known.account.standing {
            let (is, leads) = (figures(&account.standing), figures(&known.account.standing));
            return Err(wrong(format!("it stands at {is}, the journal leads to {leads}")));
        }
        let last_line: i64 = row.get("last_line")?;
        if last_line < known.written || last_line > known.last_line {
            return Err(wrong(format!("its last line is {last_line}, in the journal {}", known.last_line)));
        }
        let credentials = live.query_map([sql::Column(account.id)], sql::credential)?;
        let mut credentials = credentials.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut expected = known.account.credentials.to_vec();
        credentials.sort_by_key(|it| it.id);
        expected.sort_by_key(|it| it.id);
        if credentials != expected {
            return Err(wrong("its credentials are not those of the journal".into()));
        }
        if account.caps != known.account.caps {
            return Err(wrong("its spending caps are not what the journal leads to".into()));
        }
        let row_now = Account { credentials: known.account.credentials.clone(), ..account.clone() };
        if row_now != known.account {
            return Err(wrong("its name, state, balance mode or family is not that of the journal".into()));
        }
    }
    if count == state.accounts.len() {
        return Ok(());
    }
    // Each row was found in the journal, so what is too few are rows.
    let mut there = connection.prepare("SELECT 1 FROM accounts WHERE id = ?1")?;
    for known in state.accounts.values() {
        if !there.exists([sql::Column(known.account.id)])? {
            let (api_key, id) = (known.account.api_key.to_string(), known.account.id);
            return Err(Wrong::Account {
                api_key,
                id,
                what: "the journal opened it, and its row is gone".into(),
            });
        }
    }
    Ok(())
}

/// The open holds must be those of the journal, and what each account has held must be their sum.
pub(super) fn check_holds(connection: &Connection, state: &State) -> Result<(), Wrong> {
    let mut open = connection.prepare("SELECT * FROM holds WHERE ended_how IS NULL")?;
    let open = open.query_map((), sql::hold)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for hold in &open {
        if state.holds.get(&hold.id) != Some(hold) {
            return Err(Wrong::Other(format!("hold {} is open, and not so in the journal", hold.id)));
        }
    }
    if open.len() != state.holds.len() {
        let journal = state.holds.len();
        return Err(Wrong::Other(format!("{} holds are open, in the journal {journal}", open.len())));
    }
    let mut held: HashMap<AccountId, i128> = HashMap::new();
    for hold in &open {
        *held.entry(hold.payer).or_default() += i128::from(hold.amount.units());
    }
    for known in state.accounts.values() {
        let sum = held.get(&known.account.id).copied().unwrap_or(0);
        if sum != i128::from(known.account.standing.held.units()) {
            return Err(Wrong::Account {
                api_key: known.account.api_key.to_string(),
                id: known.account.id,
                what: "what it has held is not the sum of its open holds".into(),
            });
        }
        if known.account.status == Status::Closed && known.account.standing != Standing::ZERO {
            return Err(Wrong::Account {
                api_key: known.account.api_key.to_string(),
                id: known.account.id,
                what: "it is closed and not empty".into(),
            });
        }
    }
    Ok(())
}

pub(super) fn check_tokens(connection: &Connection, state: &State) -> Result<(), Wrong> {
    let mut all = connection.prepare("SELECT * FROM tokens")?;
    let tokens = all.query_map((), sql::token)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for token in &tokens {
        if state.tokens.get(&token.id) != Some(token) {
            return Err(Wrong::Other(format!(
                "token {} is not in the state that the journal leads to",
                token.id
            )));
        }
    }
    if tokens.len() == state.tokens.len() {
        Ok(())
    } else {
        Err(Wrong::Other(format!("{} tokens are there, in the journal {}", tokens.len(), state.tokens.len())))
    }
}

/// What accounts own must be what the journal leads to.
pub(super) fn check_owned(connection: &Connection, state: &State) -> Result<(), Wrong> {
    let called = |it: &Number| format!("{} {}", it.country.as_str(), it.msisdn);
    let numbers = state.numbers.values().map(|it| (called(it), it)).collect();
    let query = "SELECT country || ' ' || msisdn AS called, * FROM numbers";
    check_rows(connection, "number", query, owned::number, numbers)?;
    let applications = state.applications.values().map(|it| (it.id.to_string(), it)).collect();
    let query = "SELECT CAST(id AS TEXT) AS called, * FROM applications";
    check_rows(connection, "application", query, owned::application, applications)?;
    let webhooks = state.webhooks.values().map(|it| (it.id.to_string().replace('-', ""), it)).collect();
    let query = "SELECT lower(hex(id)) AS called, * FROM webhooks";
    check_rows(connection, "webhook", query, webhooks::webhook, webhooks)?;
    let endpoints = state.endpoints.values().map(|it| (it.id.to_string(), it)).collect();
    let query = "SELECT CAST(id AS TEXT) AS called, * FROM endpoints";
    check_rows(connection, "endpoint", query, |row| Ok(owned::endpoint(row)?.0), endpoints)
}

/// Every row must be what the journal leads to, by what the query calls it, and none may be missing.
pub(super) fn check_rows<T: PartialEq>(
    connection: &Connection,
    what: &str,
    query: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut journal: BTreeMap<String, &T>,
) -> Result<(), Wrong> {
    let mut all = connection.prepare(query)?;
    let mut rows = all.query(())?;
    while let Some(row) = rows.next()? {
        let called: String = row.get("called")?;
        let leads = journal.remove(&called);
        // One that cannot be read is none that was ever written.
        if leads.is_none() || read(row).ok().as_ref() != leads {
            return Err(Wrong::Other(format!("{what} {called} is not as the journal leads to")));
        }
    }
    match journal.keys().next() {
        None => Ok(()),
        Some(called) => Err(Wrong::Other(format!("{what} {called} is in the journal, and its row is gone"))),
    }
}

pub(super) fn check_plans(connection: &Connection, state: &State) -> Result<(), Wrong> {
    let mut all = connection.prepare("SELECT * FROM price_plans")?;
    let plans = all.query_map((), plan::plan)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for plan in &plans {
        if state.plans.get(&(plan.name.clone(), plan.version)) != Some(plan) {
            let (name, version) = (&plan.name, plan.version);
            return Err(Wrong::Other(format!(
                "version {version} of price plan {name} is not as the journal leads to"
            )));
        }
    }
    let (is, leads) = (plans.len(), state.plans.len());
    if is == leads {
        Ok(())
    } else {
        Err(Wrong::Other(format!("{is} versions of price plans are there, in the journal {leads}")))
    }
}

/// No charge may have been given back by more than it took.
pub(super) fn check_reversals(connection: &Connection, ids: Ids) -> Result<(), Wrong> {
    let snapshot = Snapshot::new(connection, None, ids);
    let mut given_back = connection.prepare(
        "SELECT about, MAX(seq) AS seq, SUM(balance_change) AS back FROM journal
         WHERE about IS NOT NULL AND balance_change > 0 GROUP BY about",
    )?;
    let mut rows = given_back.query(())?;
    while let Some(row) = rows.next()? {
        let (seq, back): (i64, Amount) = (row.get("seq")?, sql::get(row, "back")?);
        let charge = snapshot.line(sql::get(row, "about")?)?.map(|it| it.line.amount());
        if charge.is_none_or(|it| it < back) {
            return Err(Wrong::Line { seq, what: "it gives back more than its charge took".into() });
        }
    }
    Ok(())
}

pub(super) fn check_sealed(connection: &Connection, opens: &dyn Fn(&[u8]) -> bool) -> Result<usize, Wrong> {
    let mut count = 0;
    let sealed = "SELECT 'credential of account ' || printf('%08x', accounts.api_key), sealed
           FROM credentials JOIN accounts ON accounts.id = credentials.account WHERE sealed IS NOT NULL
         UNION ALL SELECT 'password of endpoint ' || id, password FROM endpoints
         UNION ALL SELECT 'secret of webhook ' || lower(hex(id)), secret FROM webhooks
         UNION ALL SELECT 'old secret of webhook ' || lower(hex(id)), old_secret FROM webhooks WHERE old_secret IS NOT NULL
         UNION ALL SELECT 'answer of journal line ' || seq, sealed FROM shown_once";
    let mut all = connection.prepare(sealed)?;
    let mut rows = all.query(())?;
    while let Some(row) = rows.next()? {
        if !opens(row.get_ref(1)?.as_blob().unwrap_or_default()) {
            let what: String = row.get(0)?;
            return Err(Wrong::Sealed(format!("the key file does not open the sealed {what}")));
        }
        count += 1;
    }
    Ok(count)
}
