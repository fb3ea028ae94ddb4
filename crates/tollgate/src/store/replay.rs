//! Proving a store: the journal, read from its first line, must lead to what every account stands at.
//!
//! Lines are read in the order of their places. Dense places have no gap. Between timed ones there is always one, so a line
//! that is gone is found by what it was part of: of each account the lines say which they are, and which one was before; a
//! command's lines stand side by side; and the rows are what all lines lead to. Only a line that is about no account, whose
//! traces are all gone as well, leaves no gap behind: a number that came into the stock and was withdrawn.
//!
//! **The order of many lanes.** Of one account the places are in the order of the commits, for each batch holds the locks of
//! its accounts; and so are those of all that belongs to no family alone, for it changes in one batch at a time, behind all
//! lines that there are. So whatever a line has found of accounts, holds, numbers, tokens, webhooks and the like is proven
//! exactly. What it has read without a lock, the price plans, is proven as exactly as can be: see `price`.
//!
//! **Copied lines.** What was copied from many lanes into a file stands there in the order of their places, which `places` keeps:
//! of such a line it is proven that there is no gap, as of any other of a file, and that its id and its time are those of the
//! place that it had.

mod before;
mod price;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ledger::{
    Account, AccountId, Actor, Amount, Application, ApplicationId, Caps, Country, CredentialId, Endpoint,
    EndpointId, Hold, Kind, Level, Limits, Line, LineId, Number, PricePlan, Record, Standing, Timestamp,
    Token, TokenId, Webhook, WebhookId, cap, event, laws,
};

use super::events::{self, EventRow, Replayed};
use super::events_proof::Compared;
use super::line_id::{LineIds, are_beside};
use super::snapshot::heads_through;
use super::sql::{self, Dialect, Fault, Reader, Recorded, values};
use super::{Ids, Link, OpenError, Place, Snapshot, StoreUrl, caps, embedded, postgres, usage_proof};

/// What a replay has seen of a store that is right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay {
    /// Lines in the journal.
    pub lines: i64,
    /// Accounts, closed ones too.
    pub accounts: usize,
    /// Open holds.
    pub open_holds: usize,
    /// Sealed values that the key file opened.
    pub sealed: usize,
}

/// The first thing that is wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It could not be read.
    #[error("the store cannot be read: {0}")]
    Read(#[from] Fault),
    /// A line of the journal.
    #[error("journal line {seq} is wrong: {what}")]
    Line {
        /// Its place.
        seq: i64,
        /// In what way.
        what: String,
    },
    /// An account.
    #[error("account {api_key} ({id}) is wrong: {what}")]
    Account {
        /// Its api key.
        api_key: String,
        /// Its id.
        id: AccountId,
        /// In what way.
        what: String,
    },
    /// A value that the key file does not open.
    #[error("{0}")]
    Sealed(String),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// What the journal says of an account so far.
struct Known {
    account: Account,
    last_line: i64,
    /// How many lines there are of it.
    version: i64,
    /// Its row must count at least the lines up to this one; see `accounts.last_line`.
    written: i64,
}

#[derive(Default)]
struct State {
    accounts: HashMap<AccountId, Known>,
    holds: HashMap<LineId, Hold>,
    tokens: BTreeMap<TokenId, Token>,
    /// Of every restricted credential that there ever was.
    limits: HashMap<CredentialId, Arc<Limits>>,
    numbers: HashMap<(Country, Arc<str>), Number>,
    applications: HashMap<ApplicationId, Application>,
    endpoints: HashMap<EndpointId, Endpoint>,
    plans: BTreeMap<(Arc<str>, u32), PricePlan>,
    /// The caps in the accounts' rows, for the windows that they count in.
    caps: HashMap<AccountId, Box<Caps>>,
    webhooks: BTreeMap<WebhookId, Webhook>,
    /// Versions of plans that are the default no more, since when.
    superseded: BTreeMap<(Arc<str>, u32), Timestamp>,
    lines: i64,
    last_at: Timestamp,
    last_seq: i64,
    last_id: Option<LineId>,
    /// Lines of a command that goes on in another millisecond, which were read with its first ones.
    ahead: BTreeSet<i64>,
    /// The command whose lines are being read, and the line up to which there are no events.
    command: Replayed,
    /// Where the line that is being read was before it was copied; where the first of its command was, and the line before it.
    copied: Option<Place>,
    copied_first: Option<Place>,
    copied_last: Option<Place>,
    events_after: i64,
    heads_through: i64,
    /// The line from which on each one says what it found.
    before_from: i64,
    /// Whether lines say which of their accounts' they are.
    has_versions: bool,
    /// Whether a line may be of an earlier time than its place, for whoever wrote it said itself when that was.
    has_own_times: bool,
}

/// Replays a store's journal, live or not, in one state of it. `opens` says whether a sealed value opens.
///
/// # Errors
/// The first thing that is wrong.
pub fn replay(url: &StoreUrl, opens: &(dyn Fn(&[u8]) -> bool + Sync)) -> Result<Replay, Wrong> {
    match url {
        StoreUrl::Sqlite(path) => embedded::read_whole(path, |reader, ids| prove(reader, ids, opens)),
        StoreUrl::Postgres(url) => postgres::read_whole(url, |reader, mark| {
            let replay = prove(reader, Ids::of(mark), opens)?;
            postgres::prove(reader, mark)?;
            Ok(replay)
        }),
    }
}

/// All lines, where some have been at other places.
const COPIED: &str =
    "SELECT journal.*, places.place AS copied_from FROM journal LEFT JOIN places ON places.seq = journal.seq
     ORDER BY journal.seq";

/// Proves one state of a store.
pub(super) fn prove(reader: Reader<'_>, ids: Ids, opens: &dyn Fn(&[u8]) -> bool) -> Result<Replay, Wrong> {
    let has_versions = reader.dialect() == Dialect::Postgres;
    let mut state = State {
        // Where rows are current with every commit they count all lines.
        heads_through: if has_versions { i64::MAX } else { heads_through(reader)? },
        before_from: before_from(reader)?,
        caps: rows_with_caps(reader)?,
        events_after: events::begin_after(reader)?,
        has_versions,
        has_own_times: has_own_times(reader)?,
        ..State::default()
    };
    let snapshot = Snapshot::new(reader, None, ids);
    let has_copied = has_copied(reader)?;
    let mut told = Compared::begin(reader, ids.events, has_copied)?;
    let lines = if has_copied { COPIED } else { "SELECT * FROM journal ORDER BY seq" };
    reader.each(lines, values![], |row| {
        let seq = row.get("seq").unwrap_or(state.last_seq + 1);
        if state.ahead.remove(&seq) {
            return Ok(());
        }
        told.up_to(seq)?;
        let recorded = sql::recorded(row)
            .map_err(|reason| Wrong::Line { seq, what: format!("it cannot be read ({reason})") })?;
        state.copied = if has_copied { row.get("copied_from")? } else { None };
        state.take(&snapshot, &mut told, recorded)?;
        state.take_rest(&snapshot, &mut told)
    })?;
    told.with(state.end_command()?);
    told.end()?;
    rows::check_accounts(reader, &state)?;
    rows::check_holds(reader, &state)?;
    rows::check_tokens(reader, &state)?;
    rows::check_owned(reader, &state)?;
    rows::check_plans(reader, &state)?;
    rows::check_reversals(&snapshot)?;
    usage_proof::prove(reader, ids)?;
    let sealed = rows::check_sealed(reader, opens)?;
    Ok(Replay { lines: state.lines, accounts: state.accounts.len(), open_holds: state.holds.len(), sealed })
}

impl State {
    /// Replays a line.
    fn take(
        &mut self,
        snapshot: &Snapshot<'_>,
        told: &mut Compared<'_>,
        recorded: Recorded,
    ) -> Result<(), Wrong> {
        let Place::Seq(seq) = recorded.place;
        if !self.goes_on(&recorded) {
            told.with(self.end_command()?);
            self.command = Replayed::starting_at(recorded.place);
            self.copied_first = self.copied;
        }
        let ids = snapshot.ids().lines;
        let taken = self.id(ids, &recorded).and_then(|()| self.line(snapshot, recorded));
        taken.map_err(|what| Wrong::Line { seq, what })
    }

    /// Whether lines of other lanes may have been written while this one was.
    const fn is_of_many_lanes(&self) -> bool {
        self.has_versions || self.copied_first.is_some()
    }

    /// Whether a line is of the same command as the one before it.
    fn goes_on(&self, recorded: &Recorded) -> bool {
        self.last_id.is_some_and(|it| are_beside(it, recorded.line.id))
    }

    /// Replays the rest of a command that fills a millisecond of its lane, and goes on in the next one: what stands in between
    /// are lines of other accounts, for its own are locked until it is whole.
    fn take_rest(&mut self, snapshot: &Snapshot<'_>, told: &mut Compared<'_>) -> Result<(), Wrong> {
        let mut is_ahead = false;
        loop {
            let next = Place::Seq(self.last_seq).next();
            is_ahead |= next != Place::Seq(self.last_seq + 1);
            let rest = if is_ahead { snapshot.line_at(next)? } else { None };
            match rest.filter(|it| self.goes_on(it)) {
                None => return Ok(()),
                Some(rest) => {
                    self.take(snapshot, told, rest)?;
                    self.ahead.insert(self.last_seq);
                }
            }
        }
    }

    /// An id must lead to its line, or to the first of those that the same command wrote.
    fn id(&mut self, ids: LineIds, recorded: &Recorded) -> Result<(), String> {
        let id = recorded.line.id;
        let follows = self.last_id.replace(id).is_some_and(|it| are_beside(it, id) && it != id);
        if follows {
            let is_next = Place::Seq(self.last_seq).next() == recorded.place
                && self.copied_last.map(Place::next) == self.copied;
            return if is_next { Ok(()) } else { Err(self.is_missing()) };
        }
        if Place::Seq(ids.seq(id)) == self.copied.unwrap_or(recorded.place) {
            Ok(())
        } else {
            Err("its id belongs to another line".into())
        }
    }

    fn is_missing(&self) -> String {
        format!("it follows line {}, so a line is missing", self.last_seq)
    }

    /// A line is where it must be, and says when it was written. A timed place says that itself, of a command's first line.
    fn place(&mut self, place: Place, at: Timestamp) -> Result<(), String> {
        let Place::Seq(seq) = place;
        let is_dense = place.at().is_none();
        match self.copied_first.unwrap_or(self.command.first()).at() {
            _ if is_dense && seq != self.last_seq + 1 => return Err(self.is_missing()),
            None if at < self.last_at => return Err("its time is before that of the line before it".into()),
            Some(first) if at > first || (at < first && !self.has_own_times) => {
                return Err("its time is not that of its place".into());
            }
            None | Some(_) => {}
        }
        (self.last_seq, self.last_at, self.copied_last) = (seq, at, self.copied);
        self.lines += 1;
        Ok(())
    }

    fn line(&mut self, snapshot: &Snapshot<'_>, recorded: Recorded) -> Result<(), String> {
        let Recorded { place, line, account_link, other_link } = recorded;
        self.place(place, line.at)?;
        let Place::Seq(seq) = place;
        laws::prove_line(&line).map_err(|_| format!("a line of kind {:?} cannot move that", line.kind))?;
        if line.by == Actor::Server && line.address.is_some() {
            return Err("tollgate itself did it, and it says from which address".into());
        }
        before::prove(self, seq, &line)?;
        for side in [line.account, line.counter].into_iter().flatten() {
            let known = self.accounts.get(&side.account);
            self.command.touch(side.account, || known.map(|it| it.account.clone()));
        }
        if line.kind == Kind::Open {
            self.open(&line)?;
        }
        if let Some(side) = line.account {
            self.step(seq, &line, side.account, account_link, Some(side.after))?;
        }
        match (line.counter, line.cause) {
            (Some(side), _) => self.step(seq, &line, side.account, other_link, Some(side.after))?,
            (None, Some(cause)) => self.step(seq, &line, cause, other_link, None)?,
            (None, None) => {}
        }
        price::prove(self, &line)?;
        self.count(snapshot, &line)?;
        self.within_limits(&line)?;
        self.record(&line)?;
        self.command.push(line);
        Ok(())
    }

    /// At which level the last command left its accounts, and what others were to be told of it.
    fn end_command(&mut self) -> Result<(Place, Vec<EventRow>), Wrong> {
        for (id, before) in self.command.touched() {
            if let Some(known) = self.accounts.get_mut(&id) {
                known.account.level = event::level(before, &known.account);
            }
        }
        let after = |id| self.accounts.get(&id).map(|it| &it.account);
        let events = self.command.events(self.events_after, after);
        let events = events.map_err(|what| Wrong::Line { seq: self.last_seq, what })?;
        Ok((self.command.first(), events))
    }

    /// Counts a line for the caps of the account that caused it.
    fn count(&mut self, snapshot: &Snapshot<'_>, line: &Line) -> Result<(), String> {
        let Some(id) = cap::counts_for(line) else { return Ok(()) };
        let Some(known) = self.accounts.get_mut(&id) else { return Ok(()) };
        let Some(caps) = &known.account.caps else { return Ok(()) };
        // Of all these only a reversal, or a late settle, gives money back.
        let about = line.about.filter(|_| line.change.balance > Amount::ZERO);
        let charged_at = match about {
            None => None,
            Some(charge) => snapshot.line(charge).map_err(|it| it.to_string())?.map(|it| it.line.at),
        };
        known.account.caps = Some(caps::count(caps, self.caps.get(&id).map(|it| &**it), line, charged_at)?);
        Ok(())
    }

    /// Who is limited did nothing beyond. How much several lines of one request moved together `decide` looks after.
    fn within_limits(&self, line: &Line) -> Result<(), String> {
        let limits = match &line.by {
            Actor::Server => None,
            Actor::Operator(id) | Actor::Gate(id) => self.tokens.get(id).and_then(|it| it.limits.as_ref()),
            Actor::Account { credential, .. } => self.limits.get(credential),
        };
        let Some(limits) = limits else { return Ok(()) };
        let line = Arc::new(line.clone());
        limits.allow(&[line]).map_err(|limit| format!("its key is limited to less ({limit:?})"))
    }

    fn open(&mut self, line: &Line) -> Result<(), String> {
        let account = line.account_record().ok_or("it opens an account and does not say which")?.clone();
        if let Some(parent) = account.parent {
            let parent =
                self.accounts.get_mut(&parent).ok_or("it opens an account under one that is not there")?;
            parent.account.subaccounts += 1;
        }
        let opened = Account { standing: Standing::ZERO, level: Level::Fine, ..account };
        match self.accounts.insert(opened.id, Known { account: opened, last_line: 0, version: 0, written: 0 })
        {
            None => Ok(()),
            Some(_) => Err("it opens an account that is there already".into()),
        }
    }

    /// Moves one side and holds its figures and its chain against the line.
    fn step(
        &mut self,
        seq: i64,
        line: &Line,
        id: AccountId,
        link: Link,
        after: Option<Standing>,
    ) -> Result<(), String> {
        let known = self.accounts.get_mut(&id).ok_or_else(|| format!("account {id} is not there"))?;
        let before = link.before.and_then(Place::seq).unwrap_or(0);
        if before != known.last_line {
            return Err(format!(
                "it says that line {before} was the last one of account {id} before it, which is line {}",
                known.last_line
            ));
        }
        if before >= seq {
            return Err(format!("line {before} of account {id} was before it, and stands behind it"));
        }
        known.version += 1;
        if self.has_versions && link.version != Some(known.version) {
            let says = link.version.unwrap_or(0);
            return Err(format!(
                "it says that it is line number {says} of account {id}, and it is number {}",
                known.version
            ));
        }
        known.last_line = seq;
        if after.is_some() || seq <= self.heads_through {
            known.written = seq;
        }
        let Some(after) = after else { return Ok(()) };
        let moved = laws::moved(line, id, known.account.standing).ok_or("its sums do not fit")?;
        if moved != after {
            return Err(format!(
                "account {id} stands at {} after it, the line says {}",
                figures(&moved),
                figures(&after)
            ));
        }
        known.account.standing = moved;
        Ok(())
    }

    /// What a line made or changed besides figures.
    fn record(&mut self, line: &Line) -> Result<(), String> {
        match line.record.as_deref() {
            Some(Record::Account(account)) => self.account_record(line, account)?,
            Some(Record::Closed(closed)) => self.account_record(line, &closed.account)?,
            Some(Record::Number(number)) => self.number(line, number),
            Some(Record::Application(application)) if line.kind == Kind::ApplicationDeleted => {
                drop(self.applications.remove(&application.id));
            }
            Some(Record::Application(application)) => {
                drop(self.applications.insert(application.id, application.clone()));
            }
            Some(Record::Endpoint(endpoint)) if line.kind == Kind::EndpointDeleted => {
                drop(self.endpoints.remove(&endpoint.id));
            }
            Some(Record::Endpoint(endpoint)) => {
                drop(self.endpoints.insert(endpoint.id, endpoint.clone()));
            }
            Some(Record::Hold(hold)) if hold.is_open() => drop(self.holds.insert(hold.id, hold.clone())),
            Some(Record::Hold(hold)) => drop(self.holds.remove(&hold.id)),
            Some(Record::Token(token)) => drop(self.tokens.insert(token.id, token.clone())),
            Some(Record::Credential(credential)) => {
                let id = line.account.map(|it| it.account).ok_or("it does not say whose credential it is")?;
                let known = self.accounts.get_mut(&id).ok_or("its account is not there")?;
                let live = known.account.credentials.iter().cloned();
                if let Some(limits) = &credential.limits {
                    self.limits.insert(credential.id, limits.clone());
                }
                known.account.credentials = if line.kind == Kind::CredentialAdded {
                    live.chain([credential.clone()]).collect()
                } else if line.kind == Kind::CredentialChanged {
                    live.map(|it| if it.id == credential.id { credential.clone() } else { it }).collect()
                } else {
                    live.filter(|it| it.id != credential.id).collect()
                };
            }
            Some(Record::Webhook(webhook)) if line.kind == Kind::WebhookDeleted => {
                drop(self.webhooks.remove(&webhook.id));
            }
            Some(Record::Webhook(webhook)) => drop(self.webhooks.insert(webhook.id, webhook.clone())),
            Some(Record::Plan(plan)) => self.plan(line, plan)?,
            None => {}
        }
        Ok(())
    }

    fn plan(&mut self, line: &Line, plan: &PricePlan) -> Result<(), String> {
        let version = (plan.name.clone(), plan.version);
        let before = self.plans.insert(version.clone(), plan.clone());
        if before.is_some_and(|it| it.is_default) && !plan.is_default {
            self.superseded.insert(version, line.at);
        } else if plan.made_at != line.at {
            return Err("it puts a plan that was made at another time".into());
        }
        Ok(())
    }

    fn account_record(&mut self, line: &Line, account: &Account) -> Result<(), String> {
        let known = self.accounts.get_mut(&account.id).ok_or("it changes an account that is not there")?;
        let standing = known.account.standing;
        if line.kind != Kind::Open && account.standing != standing {
            return Err(format!("its record says {}", figures(&account.standing)));
        }
        if account.caps.is_some() {
            let before = known.account.caps.as_deref();
            let held = match before {
                Some(caps) => Some(caps.held),
                None => own_held(&self.holds, account.id),
            };
            caps::prove_record(before, line, account, held.ok_or("its sums do not fit")?)?;
        }
        // The level is found at the end of the command, whatever its record says.
        self.command.record_says(account.id, account.level);
        let (subaccounts, level) = (known.account.subaccounts, known.account.level);
        known.account = Account { subaccounts, level, ..account.clone() };
        known.account.standing = standing;
        if line.kind == Kind::Close {
            self.closed(account)?;
        }
        Ok(())
    }

    /// Nothing may be left of what a closed account owned: each thing had a line before this one.
    fn closed(&mut self, account: &Account) -> Result<(), String> {
        if let Some(parent) = account.parent.and_then(|it| self.accounts.get_mut(&it)) {
            parent.account.subaccounts = parent.account.subaccounts.saturating_sub(1);
        }
        let owns = self.numbers.values().any(|it| it.owner == Some(account.id))
            || self.applications.values().any(|it| it.owner == account.id)
            || self.endpoints.values().any(|it| it.owner == account.id);
        if owns { Err("it closes an account that still owns something".into()) } else { Ok(()) }
    }

    fn number(&mut self, line: &Line, number: &Number) {
        // The first schema said nothing of a number's currency: it is its owner's.
        let owner = number.owner.filter(|_| number.added_at == Timestamp::default());
        let currency = owner.and_then(|it| self.accounts.get(&it)).map(|it| it.account.currency);
        let number = &Number { currency: currency.unwrap_or(number.currency), ..number.clone() };
        let name = (number.country, number.msisdn.clone());
        let is_gone =
            line.kind == Kind::NumberWithdrawn || (line.kind == Kind::NumberUnrented && number.is_brought);
        if is_gone {
            self.numbers.remove(&name);
        } else {
            self.numbers.insert(name, number.clone());
        }
    }
}

/// The sum of the open holds that an account asked for.
fn own_held(holds: &HashMap<LineId, Hold>, id: AccountId) -> Option<Amount> {
    let mut own = holds.values().filter(|it| it.account == id);
    own.try_fold(Amount::ZERO, |sum, it| sum.checked_add(it.amount))
}

/// The line from which on each one says what it found.
fn before_from(reader: Reader<'_>) -> sql::Result<i64> {
    let from = "SELECT value FROM meta WHERE name = 'before_from'";
    reader.row(from, values![], |row| row.get("value"))?.ok_or(Fault::Missing("mark"))
}

/// Whether callers have said when their lines were written, as tests do.
fn has_own_times(reader: Reader<'_>) -> sql::Result<bool> {
    let said = "SELECT 1 AS it FROM meta WHERE name = 'times_of_callers'";
    Ok(reader.row(said, values![], |_| Ok(()))?.is_some())
}

/// Whether lines have been at other places before they were copied.
fn has_copied(reader: Reader<'_>) -> sql::Result<bool> {
    Ok(reader.row("SELECT 1 AS it FROM places LIMIT 1", values![], |_| Ok(()))?.is_some())
}

fn rows_with_caps(reader: Reader<'_>) -> sql::Result<HashMap<AccountId, Box<Caps>>> {
    let mut caps = HashMap::new();
    reader.each("SELECT id, caps FROM accounts WHERE caps IS NOT NULL", values![], |row| {
        // What cannot be read is found when the rows are held against the journal.
        if let Some(read) = caps::decode(row.get::<&str>("caps")?) {
            caps.insert(sql::get(row, "id")?, read);
        }
        Ok::<_, Fault>(())
    })?;
    Ok(caps)
}

fn figures(standing: &Standing) -> String {
    let Standing { balance, credit_limit, held } = standing;
    format!("balance {balance}, credit limit {credit_limit}, held {held}")
}
