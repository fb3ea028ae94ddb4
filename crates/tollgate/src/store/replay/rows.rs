//! Holding the rows of a store against what its journal leads to.

use std::collections::{BTreeMap, HashMap};

use ledger::{Account, AccountId, Amount, Number, Standing, Status};

use super::super::sql::{self, Column, Dialect, Reader, Row, values};
use super::super::{Snapshot, owned, plan, webhooks};
use super::{State, Wrong, figures};

/// Every account's row must be what the journal leads to.
pub(super) fn check_accounts(reader: Reader<'_>, state: &State) -> Result<(), Wrong> {
    let mut count = 0;
    reader.each("SELECT * FROM accounts ORDER BY number", values![], |row| {
        count += 1;
        check_account(reader, state, row)
    })?;
    if count == state.accounts.len() {
        return Ok(());
    }
    // Each row was found in the journal, so what is too few are rows.
    for known in state.accounts.values() {
        let there = "SELECT 1 FROM accounts WHERE id = ?1";
        if reader.row(there, values![Column(known.account.id)], |_| Ok(()))?.is_none() {
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

fn check_account(reader: Reader<'_>, state: &State, row: Row<'_>) -> Result<(), Wrong> {
    let account = sql::account(row).map_err(|reason| {
        let api_key = row.get::<i64>("api_key").unwrap_or_default();
        Wrong::Other(format!("account {api_key:08x} cannot be read ({reason})"))
    })?;
    let wrong = |what: String| Wrong::Account { api_key: account.api_key.to_string(), id: account.id, what };
    let known = state.accounts.get(&account.id).ok_or_else(|| wrong("the journal never opened it".into()))?;
    if account.standing != known.account.standing {
        let (is, leads) = (figures(&account.standing), figures(&known.account.standing));
        return Err(wrong(format!("it stands at {is}, the journal leads to {leads}")));
    }
    let last_line: i64 = row.get("last_line")?;
    if last_line < known.written || last_line > known.last_line {
        return Err(wrong(format!("its last line is {last_line}, in the journal {}", known.last_line)));
    }
    if reader.dialect() == Dialect::Postgres {
        let version: i64 = row.get("version")?;
        if version != known.version {
            return Err(wrong(format!("it has {version} lines, in the journal {}", known.version)));
        }
        if sql::get::<AccountId>(row, "family")? != known.account.primary() {
            return Err(wrong("its row is in another family".into()));
        }
    }
    let mut credentials = reader.rows(
        "SELECT id, kind, created_at, expires_at, limits FROM credentials WHERE account = ?1 AND revoked_at IS NULL
         ORDER BY id",
        values![Column(account.id)],
        sql::credential,
    )?;
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
    Ok(())
}

/// The open holds must be those of the journal, and what each account has held must be their sum.
pub(super) fn check_holds(reader: Reader<'_>, state: &State) -> Result<(), Wrong> {
    let open = reader.rows("SELECT * FROM holds WHERE ended_how IS NULL", values![], sql::hold)?;
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

pub(super) fn check_tokens(reader: Reader<'_>, state: &State) -> Result<(), Wrong> {
    let tokens = reader.rows("SELECT * FROM tokens", values![], sql::token)?;
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
pub(super) fn check_owned(reader: Reader<'_>, state: &State) -> Result<(), Wrong> {
    let called = |it: &Number| format!("{} {}", it.country.as_str(), it.msisdn);
    let numbers = state.numbers.values().map(|it| (called(it), it)).collect();
    let query = "SELECT country || ' ' || msisdn AS called, * FROM numbers";
    check_rows(reader, "number", query, owned::number, numbers)?;
    let applications = state.applications.values().map(|it| (it.id.to_string(), it)).collect();
    let query = "SELECT CAST(id AS TEXT) AS called, * FROM applications";
    check_rows(reader, "application", query, owned::application, applications)?;
    let webhooks = state.webhooks.values().map(|it| (it.id.to_string().replace('-', ""), it)).collect();
    let query = reader.either(
        "SELECT lower(hex(id)) AS called, * FROM webhooks",
        "SELECT replace(CAST(id AS text), '-', '') AS called, * FROM webhooks",
    );
    check_rows(reader, "webhook", query, webhooks::webhook, webhooks)?;
    let endpoints = state.endpoints.values().map(|it| (it.id.to_string(), it)).collect();
    let query = "SELECT CAST(id AS TEXT) AS called, * FROM endpoints";
    check_rows(reader, "endpoint", query, |row| Ok(owned::endpoint(row)?.0), endpoints)
}

/// Every row must be what the journal leads to, by what the query calls it, and none may be missing.
pub(super) fn check_rows<T: PartialEq>(
    reader: Reader<'_>,
    what: &str,
    query: &str,
    read: impl Fn(Row<'_>) -> sql::Result<T>,
    mut journal: BTreeMap<String, &T>,
) -> Result<(), Wrong> {
    reader.each(query, values![], |row| {
        let called: String = row.get("called")?;
        let leads = journal.remove(&called);
        // One that cannot be read is none that was ever written.
        if leads.is_none() || read(row).ok().as_ref() != leads {
            return Err(Wrong::Other(format!("{what} {called} is not as the journal leads to")));
        }
        Ok(())
    })?;
    match journal.keys().next() {
        None => Ok(()),
        Some(called) => Err(Wrong::Other(format!("{what} {called} is in the journal, and its row is gone"))),
    }
}

pub(super) fn check_plans(reader: Reader<'_>, state: &State) -> Result<(), Wrong> {
    let plans = reader.rows("SELECT * FROM price_plans", values![], plan::plan)?;
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
pub(super) fn check_reversals(snapshot: &Snapshot<'_>) -> Result<(), Wrong> {
    let given_back = "SELECT about, MAX(seq) AS seq, CAST(SUM(balance_change) AS bigint) AS back FROM journal
        WHERE about IS NOT NULL AND balance_change > 0 GROUP BY about";
    snapshot.reader().each(given_back, values![], |row| {
        let (seq, back): (i64, Amount) = (row.get("seq")?, sql::get(row, "back")?);
        let charge = snapshot.line(sql::get(row, "about")?)?.map(|it| it.line.amount());
        if charge.is_none_or(|it| it < back) {
            return Err(Wrong::Line { seq, what: "it gives back more than its charge took".into() });
        }
        Ok(())
    })
}

pub(super) fn check_sealed(reader: Reader<'_>, opens: &dyn Fn(&[u8]) -> bool) -> Result<usize, Wrong> {
    let mut count = 0;
    let api_key = reader.either("printf('%08x', api_key)", "lpad(to_hex(api_key), 8, '0')");
    let id = reader.either("lower(hex(id))", "replace(CAST(id AS text), '-', '')");
    let sealed = format!(
        "SELECT 'credential of account ' || {api_key} AS what, sealed
           FROM credentials JOIN accounts ON accounts.id = credentials.account WHERE sealed IS NOT NULL
         UNION ALL SELECT 'password of endpoint ' || id, password FROM endpoints
         UNION ALL SELECT 'secret of webhook ' || {id}, secret FROM webhooks
         UNION ALL SELECT 'old secret of webhook ' || {id}, old_secret FROM webhooks WHERE old_secret IS NOT NULL
         UNION ALL SELECT 'answer of journal line ' || seq, sealed FROM shown_once"
    );
    reader.each(&sealed, values![], |row| {
        // What is no sealed value at all does not open either.
        if !opens(row.get("sealed").unwrap_or_default()) {
            let what: &str = row.get("what")?;
            return Err(Wrong::Sealed(format!("the key file does not open the sealed {what}")));
        }
        count += 1;
        Ok(())
    })?;
    Ok(count)
}
