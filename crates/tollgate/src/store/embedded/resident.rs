//! What the writer keeps in memory: every account, the open holds, the tokens and the remembered keys.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ledger::{
    Account, AccountId, Credential, CredentialId, Hold, IdMap, LineId, PricePlan, Timestamp, Token, TokenId,
    Webhook, WebhookId,
};

use super::gather::Gathering;
use super::once::OnceMap;
use crate::store::bring::REMEMBERED_MS;
use crate::store::owned::count;
use crate::store::snapshot::heads_through;
use crate::store::sql::{self, Fault, Reader, Result, values};
use crate::store::{events, plan, webhooks};

pub(super) struct Resident {
    // Boxed, so that the map's empty places cost a pointer each.
    pub(super) accounts: IdMap<AccountId, Box<Row>>,
    pub(super) tokens: IdMap<TokenId, Token>,
    pub(super) holds: IdMap<LineId, Hold>,
    /// The newest version of each price plan.
    pub(super) plans: HashMap<Arc<str>, Arc<PricePlan>>,
    pub(super) webhooks: IdMap<WebhookId, Webhook>,
    pub(super) heads: Waiting,
    pub(super) usage: Gathering,
    pub(super) once: OnceMap,
    pub(super) last_seq: i64,
    pub(super) last_at: Timestamp,
    pub(super) last_number: i64,
    /// The place of the newest event.
    pub(super) last_event: i64,
}

/// Accounts whose newest line, which they only caused, is not in their row yet; the longest waiting first.
#[derive(Default)]
pub(super) struct Waiting {
    queue: VecDeque<(AccountId, i64)>,
    /// A line since which an account waits, or one before that. What the queue says besides is out of date.
    since: IdMap<AccountId, i64>,
    /// The line up to which the store says that none waits.
    pub(super) through_written: i64,
}

impl Waiting {
    /// Has an account wait since this line, or a later one, unless it waits already. No call names an earlier line than the
    /// one before it.
    pub(super) fn wait(&mut self, account: AccountId, line: i64) {
        if let Entry::Vacant(vacant) = self.since.entry(account) {
            vacant.insert(line);
            self.queue.push_back((account, line));
        }
    }

    /// The account's row was written whole.
    pub(super) fn wait_no_more(&mut self, account: AccountId) {
        self.since.remove(&account);
        self.skip_outdated();
    }

    /// The line up to which none waits; `last` where nobody does.
    pub(super) fn through(&self, last: i64) -> i64 {
        self.queue.front().map_or(last, |(_, since)| since - 1)
    }

    /// Those that wait the longest, at most so many places of the queue; outdated places count and give nothing.
    pub(super) fn oldest(&self, most: usize) -> impl Iterator<Item = AccountId> {
        self.queue.iter().take(most).map(|(account, _)| *account)
    }

    /// Takes away as many places as [`Waiting::oldest`] gave.
    pub(super) fn drop_oldest(&mut self, count: usize) {
        for (account, since) in self.queue.drain(..count.min(self.queue.len())) {
            if self.since.get(&account) == Some(&since) {
                self.since.remove(&account);
            }
        }
        self.skip_outdated();
    }

    fn skip_outdated(&mut self) {
        while let Some((account, since)) = self.queue.front()
            && self.since.get(account) != Some(since)
        {
            self.queue.pop_front();
        }
    }
}

/// An account, its row's number and its newest line.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) account: Account,
    pub(super) number: i64,
    pub(super) last_line: i64,
}

impl Resident {
    pub(super) fn load(reader: Reader<'_>, once_max: usize) -> Result<Self> {
        let mut resident = Self {
            accounts: load_accounts(reader)?,
            tokens: IdMap::default(),
            holds: IdMap::default(),
            plans: HashMap::new(),
            webhooks: webhooks::all(reader)?.into_iter().map(|it| (it.id, it)).collect(),
            heads: Waiting::default(),
            usage: Gathering::default(),
            once: OnceMap::new(once_max),
            last_seq: 0,
            last_at: Timestamp::default(),
            last_number: 0,
            last_event: events::last(reader)?,
        };
        resident.last_number = resident.accounts.values().map(|it| it.number).max().unwrap_or(0);
        for token in reader.rows("SELECT * FROM tokens", values![], sql::token)? {
            resident.tokens.insert(token.id, token);
        }
        reader.each("SELECT * FROM holds WHERE ended_how IS NULL", values![], |row| {
            let hold = sql::hold(row)?;
            resident.holds.insert(hold.id, hold);
            Ok::<_, Fault>(())
        })?;
        let plans = plan::newest(reader)?;
        resident.plans = plans.into_iter().map(|it| (it.name.clone(), Arc::new(it))).collect();
        let last = "SELECT seq, at FROM journal ORDER BY seq DESC LIMIT 1";
        let last = reader.row(last, values![], |row| Ok((row.get("seq")?, sql::get(row, "at")?)))?;
        (resident.last_seq, resident.last_at) = last.unwrap_or_default();
        resident.load_heads(reader)?;
        resident.load_keys(reader, once_max)?;
        Ok(resident)
    }

    /// Counts the lines that accounts caused since their newest lines were written.
    fn load_heads(&mut self, reader: Reader<'_>) -> Result<()> {
        self.heads.through_written = heads_through(reader)?;
        let caused = "SELECT seq, other FROM journal
             WHERE seq > ?1 AND other IS NOT NULL AND other_balance IS NULL ORDER BY seq";
        reader.each(caused, values![self.heads.through_written], |row| {
            let cause: AccountId = sql::get(row, "other")?;
            let seq: i64 = row.get("seq")?;
            if let Some(row) = self.accounts.get_mut(&cause).filter(|it| it.last_line < seq) {
                row.last_line = seq;
                self.heads.wait(cause, seq);
            }
            Ok(())
        })
    }

    /// Reads back the keys of the last 24 hours, or as many as are remembered.
    fn load_keys(&mut self, reader: Reader<'_>, once_max: usize) -> Result<()> {
        let first = first_since(reader, self.last_seq, self.last_at.plus_millis(-REMEMBERED_MS))?;
        let most = i64::try_from(once_max).unwrap_or(i64::MAX);
        let first = first.max(self.last_seq.saturating_sub(most));
        let keyed = "SELECT seq, at, kind, caller, by_account, account, other, once_key FROM journal
             WHERE seq >= ?1 AND once_key IS NOT NULL ORDER BY seq";
        reader.each(keyed, values![first], |row| {
            // By place, not by name: there may be twenty million of them.
            let scope =
                sql::KeyedLine { caller: 3, by_account: 4, kind: 2, account: 5, other: 6 }.scope(row)?;
            let hash = self.once.hash(&scope, row.at::<&str>(7, "once_key")?);
            self.once.insert(hash, row.at(0, "seq")?, row.at::<sql::Column<Timestamp>>(1, "at")?.0);
            Ok(())
        })
    }
}

/// The first line that is not older than `since`, found by halving: times never go back along the journal.
fn first_since(reader: Reader<'_>, last: i64, since: Timestamp) -> Result<i64> {
    let (mut low, mut high) = (1, last.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let at = "SELECT at FROM journal WHERE seq = ?1";
        let at: Option<Timestamp> = reader.row(at, values![middle], |row| sql::get(row, "at"))?;
        if at.ok_or(Fault::Missing("line"))? < since {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn load_accounts(reader: Reader<'_>) -> Result<IdMap<AccountId, Box<Row>>> {
    let count = reader.row("SELECT COUNT(*) AS count FROM accounts", values![], count)?;
    let mut accounts = IdMap::with_capacity_and_hasher(count.unwrap_or(0), Default::default());
    reader.each("SELECT * FROM accounts", values![], |row| {
        let account = sql::account(row)?;
        let row = Row { account, number: row.get("number")?, last_line: row.get("last_line")? };
        accounts.insert(row.account.id, Box::new(row));
        Ok::<_, Fault>(())
    })?;
    let live = "SELECT account, id, kind, created_at, expires_at, limits FROM credentials
        WHERE revoked_at IS NULL ORDER BY account, id";
    let mut of: Option<(AccountId, Vec<Credential>)> = None;
    reader.each(live, values![], |row| {
        let account: AccountId = sql::get(row, "account")?;
        let credential = sql::credential(row)?;
        match &mut of {
            Some((same, credentials)) if *same == account => credentials.push(credential),
            Some(_) | None => {
                give(&mut accounts, of.take());
                of = Some((account, vec![credential]));
            }
        }
        Ok::<_, Fault>(())
    })?;
    give(&mut accounts, of);
    Ok(accounts)
}

fn give(accounts: &mut IdMap<AccountId, Box<Row>>, credentials: Option<(AccountId, Vec<Credential>)>) {
    if let Some((account, mut credentials)) = credentials
        && let Some(row) = accounts.get_mut(&account)
    {
        credentials.sort_by_key(|it: &Credential| -> (Timestamp, CredentialId) { (it.created_at, it.id) });
        row.account.credentials = Arc::from(credentials);
    }
}
