//! The rows of a batch: its lines, accounts, keys and holds by an array for each column, the rest one after the other; then
//! COMMIT, which goes out together with the last of them.

use futures_util::future::OptionFuture;
use ledger::{Account, AccountId, Change, Hold, IdMap, IdSet, Standing};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::config;
use super::connection::Connection;
use super::directory::{self, Outside};
use super::kept::Kept;
use super::keys::day_of;
use super::lines::{self, Hung, Lines, small, word};
use crate::store::batch::Batch;
use crate::store::place::Place;
use crate::store::sql::{Column, Fault, Reader, Result, values};
use crate::store::touched::Extent;
use crate::store::{Ids, caps, records, settings};

/// The statements that write, prepared.
pub(super) struct Writing {
    lines: Statement,
    figures: Statement,
    keys: Statement,
    holds: Statement,
    names: Statement,
}

/// Why a batch was not written, or not known to be.
pub(super) enum Unwritten {
    /// Nothing of it is there, or will be.
    Before(Fault),
    /// COMMIT was sent, and what became of it is not known.
    Commit(Fault),
}

/// What a batch has written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) versions: IdMap<AccountId, Versions>,
    /// Whether tokens or price plans are others now.
    pub(super) has_config: bool,
    /// The place of its newest event.
    pub(super) last_event: Option<i64>,
}

/// Where the lines of an account are.
#[derive(Clone, Copy, Default)]
pub(super) struct Versions {
    /// How many there are.
    pub(super) version: i64,
    /// The newest.
    pub(super) last_line: i64,
    /// Whether more of the account was changed than its figures.
    pub(super) is_changed: bool,
    /// Whether the batch has opened it.
    is_new: bool,
}

impl Writing {
    /// Prepares them.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn prepare(connection: &Connection) -> Result<Self> {
        Ok(Self {
            lines: connection.prepared(lines::INSERT)?,
            figures: connection.prepared(
                "UPDATE accounts AS it SET version = new.version, last_line = new.last_line, balance = new.balance,
                 credit_limit = new.credit_limit, held = new.held, level = new.level, caps = new.caps
                 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                 $7::smallint[], $8::text[])
                 AS new (id, version, last_line, balance, credit_limit, held, level, caps) WHERE it.id = new.id",
            )?,
            // The same key once more on the same day: only after the clock has gone back.
            keys: connection.prepared(
                "INSERT INTO keys (hash, day, seq, family)
                 SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::uuid[])
                 ON CONFLICT (hash, day) DO UPDATE SET seq = excluded.seq, family = excluded.family",
            )?,
            holds: connection.prepared(
                "INSERT INTO holds (id, family, account, payer, amount, placed_at, expires_at, on_expiry, operation, price,
                 ended_how, ended_at, ended_line, charged)
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[],
                 $7::bigint[], $8::smallint[], $9::text[], $10::text[], $11::smallint[], $12::bigint[], $13::uuid[],
                 $14::bigint[])
                 ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, ended_how = excluded.ended_how,
                 ended_at = excluded.ended_at, ended_line = excluded.ended_line, charged = excluded.charged",
            )?,
            names: connection.prepared(directory::INSERT)?,
        })
    }
}

/// A batch that is to be written.
pub(super) struct Rows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) batch: &'a Batch<u128>,
    pub(super) kept: &'a Kept,
    pub(super) ids: Ids,
}

impl Rows<'_> {
    /// Writes it and commits. What it writes is told before COMMIT, for whoever finds out later that it went through.
    pub(super) fn write(&self, writing: &Writing, written: &mut Written) -> Result<(), Unwritten> {
        let lines = self.lines(&mut written.versions);
        written.has_config = self.records(&mut written.versions).map_err(Unwritten::Before)?;
        let figures = self.figures(&written.versions);
        let (keys, holds) = (self.keys(), self.holds());
        let arrays = Arrays { lines, figures, keys, holds };
        let is_last = self.batch.pending.events.is_empty();
        self.arrays(writing, &arrays, is_last)?;
        if !is_last {
            // From here to COMMIT nobody else tells of events, on whatever node.
            let last = self.events().map_err(Unwritten::Before)?;
            written.last_event = Some(last);
            self.connection.batch("COMMIT").map_err(Unwritten::Commit)?;
        }
        Ok(())
    }

    /// Where an account's lines were before the batch.
    fn before(&self, account: AccountId) -> Versions {
        match self.kept.get(account) {
            Some(it) => Versions { version: it.version, last_line: it.last_line, ..Versions::default() },
            None => Versions { is_new: true, ..Versions::default() },
        }
    }

    /// The lines, each hung behind the ones before it of its accounts.
    fn lines(&self, versions: &mut IdMap<AccountId, Versions>) -> Lines<'_> {
        let pending = &self.batch.pending;
        let mut lines = Lines::default();
        for (nth, line) in pending.lines.iter().enumerate() {
            let Place::Seq(seq) = pending.places.of(nth);
            let mut hang = |account: AccountId| {
                let at = versions.entry(account).or_insert_with(|| self.before(account));
                let hung = Hung { version: at.version + 1, before: at.last_line };
                (at.version, at.last_line) = (hung.version, seq);
                hung
            };
            let account = line.account.map(|it| hang(it.account));
            let other = line.counter.map(|it| it.account).or(line.cause).map(hang);
            lines.push(seq, line, account, other);
        }
        lines
    }

    /// Writes what is no line, no figure, no key and no hold; says whether tokens or price plans are among it.
    fn records(&self, versions: &mut IdMap<AccountId, Versions>) -> Result<bool> {
        let pending = &self.batch.pending;
        let reader = self.connection.reader();
        for (nth, line) in pending.lines.iter().enumerate() {
            if let Some(sealed) = line.once.as_ref().and_then(|it| it.sealed.as_ref()) {
                let text = "INSERT INTO shown_once (seq, at, sealed) VALUES (?1, ?2, ?3)";
                reader.execute(text, values![pending.places.of(nth), Column(line.at), &**sealed])?;
            }
        }
        for id in pending.accounts.changed() {
            let extent = pending.accounts.get(*id).map(|it| it.extent);
            let (Some(Extent::Anything), Some(account)) = (extent, self.batch.book.account(*id)) else {
                continue;
            };
            let versions = versions.entry(*id).or_insert_with(|| self.before(*id));
            if versions.is_new {
                insert_account(reader, account, versions)?;
                directory::write_account(reader, account)?;
            } else {
                versions.is_changed = true;
                write_account(reader, account)?;
            }
        }
        let mut has_config = false;
        for change in &pending.changes {
            records::write(reader, change)?;
            directory::write(reader, change, &self.batch.book)?;
            let is_config = |it: &Change| {
                matches!(it, Change::TokenMade { .. } | Change::TokenRevoked(_) | Change::Plan(_))
            };
            has_config |= is_config(change);
        }
        if has_config {
            let last = pending.places.of(pending.lines.len().saturating_sub(1));
            reader.execute(config::RAISE, values![last])?;
        }
        Ok(has_config)
    }

    fn figures(&self, versions: &IdMap<AccountId, Versions>) -> Figures {
        let mut figures = Figures::default();
        for (id, versions) in versions.iter().filter(|it| !it.1.is_new) {
            if let Some(account) = self.batch.book.account(*id) {
                figures.push(account, versions);
            }
        }
        figures
    }

    fn keys(&self) -> KeyRows {
        let pending = &self.batch.pending;
        let mut keys = KeyRows::default();
        for (hash, nth) in &pending.keyed {
            let (Place::Seq(seq), Some(line)) = (pending.places.of(*nth), pending.lines.get(*nth)) else {
                continue;
            };
            keys.hash.push(Uuid::from_u128(*hash));
            keys.day.push(day_of(line.at.millis()));
            keys.seq.push(seq);
            keys.family.push(line.family.map(|it| Uuid::from_bytes(*it.as_bytes())));
        }
        keys
    }

    /// Each hold once, as it is in the end.
    fn holds(&self) -> HoldRows<'_> {
        let mut rows = HoldRows::default();
        let mut seen = IdSet::default();
        for change in &self.batch.pending.changes {
            let Change::Hold(hold) = change else { continue };
            if seen.insert(hold.id)
                && let Some(hold) = self.batch.book.hold(hold.id)
            {
                let family = self.batch.book.account(hold.account).map_or(hold.account, Account::primary);
                rows.push(hold, family);
            }
        }
        rows
    }

    /// Sends all arrays, and COMMIT with them if they are the last; they are done one after the other.
    fn arrays(&self, writing: &Writing, arrays: &Arrays<'_>, is_last: bool) -> Result<(), Unwritten> {
        let Arrays { lines, figures, keys, holds } = arrays;
        let client = self.connection.client();
        let (lines, figures, keys, holds) = (lines.arrays(), figures.arrays(), keys.arrays(), holds.arrays());
        let HoldRows { kind, name, family, account, .. } = &arrays.holds;
        let names: [&(dyn ToSql + Sync); 4] = [kind, name, family, account];
        let (has_keys, has_holds) = (!arrays.keys.hash.is_empty(), !arrays.holds.id.is_empty());
        let (lines, figures, keys, holds, names, commit) = self.connection.wait(async {
            tokio::join!(
                client.execute(&writing.lines, &lines),
                client.execute(&writing.figures, &figures),
                OptionFuture::from(has_keys.then(|| client.execute(&writing.keys, &keys))),
                OptionFuture::from(has_holds.then(|| client.execute(&writing.holds, &holds))),
                OptionFuture::from(has_holds.then(|| client.execute(&writing.names, &names))),
                OptionFuture::from(is_last.then(|| client.batch_execute("COMMIT"))),
            )
        });
        for written in [Some(lines), Some(figures), keys, holds, names].into_iter().flatten() {
            if let Err(error) = written {
                let fault = Fault::from(error);
                // After an error COMMIT only ends the transaction, unless nobody knows how far it came.
                let is_known = !is_last || !fault.is_disconnected();
                return Err(if is_known { Unwritten::Before(fault) } else { Unwritten::Commit(fault) });
            }
        }
        commit.transpose().map_err(|it| Unwritten::Commit(it.into()))?;
        Ok(())
    }

    /// Writes the events, behind all that there are.
    fn events(&self) -> Result<i64> {
        let pending = &self.batch.pending;
        let reader = self.connection.reader();
        let count = i64::try_from(pending.events.len()).unwrap_or(i64::MAX);
        let head = "UPDATE event_head SET last = last + ?1 RETURNING last";
        let last: Option<i64> = reader.row(head, values![count], |row| row.get("last"))?;
        let last = last.ok_or(Fault::Missing("head of the events"))?;
        for ((nth, event), seq) in pending.events.iter().zip(last - count + 1..) {
            let line = pending.lines.get(*nth).ok_or(Fault::Missing("line"))?;
            records::write_event(reader, self.ids.events, seq, event, (pending.places.of(*nth), line))?;
        }
        Ok(last)
    }
}

/// What is written by arrays.
struct Arrays<'a> {
    lines: Lines<'a>,
    figures: Figures,
    keys: KeyRows,
    holds: HoldRows<'a>,
}

/// What accounts stand at.
#[derive(Default)]
struct Figures {
    id: Vec<Uuid>,
    version: Vec<i64>,
    last_line: Vec<i64>,
    balance: Vec<i64>,
    credit_limit: Vec<i64>,
    held: Vec<i64>,
    level: Vec<i16>,
    caps: Vec<Option<String>>,
}

impl Figures {
    fn push(&mut self, account: &Account, versions: &Versions) {
        let Standing { balance, credit_limit, held } = account.standing;
        self.id.push(Uuid::from_bytes(*account.id.as_bytes()));
        self.version.push(versions.version);
        self.last_line.push(versions.last_line);
        self.balance.push(balance.units());
        self.credit_limit.push(credit_limit.units());
        self.held.push(held.units());
        self.level.push(word(Column(account.level)));
        self.caps.push(account.caps.as_deref().map(caps::encode));
    }

    fn arrays(&self) -> [&(dyn ToSql + Sync); 8] {
        let Self { id, version, last_line, balance, credit_limit, held, level, caps } = self;
        [id, version, last_line, balance, credit_limit, held, level, caps]
    }
}

/// Which key was used on which line.
#[derive(Default)]
struct KeyRows {
    hash: Vec<Uuid>,
    day: Vec<i32>,
    seq: Vec<i64>,
    family: Vec<Option<Uuid>>,
}

impl KeyRows {
    fn arrays(&self) -> [&(dyn ToSql + Sync); 4] {
        let Self { hash, day, seq, family } = self;
        [hash, day, seq, family]
    }
}

/// Holds, column by column.
#[derive(Default)]
struct HoldRows<'a> {
    /// What they are called in the directory.
    kind: i16,
    name: Vec<String>,
    id: Vec<Uuid>,
    family: Vec<Uuid>,
    account: Vec<Uuid>,
    payer: Vec<Uuid>,
    amount: Vec<i64>,
    placed_at: Vec<i64>,
    expires_at: Vec<i64>,
    on_expiry: Vec<i16>,
    operation: Vec<Option<&'a str>>,
    price: Vec<Option<&'a str>>,
    ended_how: Vec<Option<i16>>,
    ended_at: Vec<Option<i64>>,
    ended_line: Vec<Option<Uuid>>,
    charged: Vec<Option<i64>>,
}

impl<'a> HoldRows<'a> {
    fn push(&mut self, hold: &'a Hold, family: AccountId) {
        let ending = hold.ending.as_ref();
        let (kind, name) = Outside::Hold(hold.id).columns();
        self.kind = small(kind);
        self.name.push(name.into_owned());
        self.id.push(Uuid::from_bytes(*hold.id.as_bytes()));
        self.family.push(Uuid::from_bytes(*family.as_bytes()));
        self.account.push(Uuid::from_bytes(*hold.account.as_bytes()));
        self.payer.push(Uuid::from_bytes(*hold.payer.as_bytes()));
        self.amount.push(hold.amount.units());
        self.placed_at.push(hold.placed_at.millis());
        self.expires_at.push(hold.expires_at.millis());
        self.on_expiry.push(word(Column(hold.on_expiry)));
        self.operation.push(hold.operation.as_deref());
        self.price.push(hold.price.as_deref());
        self.ended_how.push(ending.map(|it| word(Column(it.how))));
        self.ended_at.push(ending.map(|it| it.at.millis()));
        self.ended_line.push(ending.map(|it| Uuid::from_bytes(*it.line.as_bytes())));
        self.charged.push(ending.map(|it| it.charged.units()));
    }

    fn arrays(&self) -> [&(dyn ToSql + Sync); 14] {
        [
            &self.id,
            &self.family,
            &self.account,
            &self.payer,
            &self.amount,
            &self.placed_at,
            &self.expires_at,
            &self.on_expiry,
            &self.operation,
            &self.price,
            &self.ended_how,
            &self.ended_at,
            &self.ended_line,
            &self.charged,
        ]
    }
}

fn insert_account(reader: Reader<'_>, account: &Account, versions: &Versions) -> Result<()> {
    let Standing { balance, credit_limit, held } = account.standing;
    let settings = settings::encode(&account.settings);
    let caps = account.caps.as_deref().map(caps::encode);
    reader
        .execute(
            "INSERT INTO accounts (id, family, parent, version, epoch, last_line, balance, credit_limit, held, caps, level,
             status, mode, api_key, auth_id, name, currency, created_at, changed_at, subaccounts, settings, plan,
             alert_low, alert_depleted, alert_recovered)
             VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
             ?23, ?24)",
            values![
                Column(account.id),
                Column(account.primary()),
                account.parent.map(Column),
                versions.version,
                versions.last_line,
                Column(balance),
                Column(credit_limit),
                Column(held),
                caps.as_deref(),
                Column(account.level),
                Column(account.status),
                Column(account.mode),
                Column(account.api_key),
                account.auth_id.as_str(),
                &*account.name,
                account.currency.as_str(),
                Column(account.created_at),
                account.changed_at.map(Column),
                account.subaccounts,
                settings.as_deref(),
                account.plan.as_deref(),
                account.alerts.low.map(Column),
                Column(account.alerts.depleted),
                account.alerts.recovered.map(Column),
            ],
        )
        .map(drop)
}

/// What may change of an account besides its figures. It has another epoch after that.
fn write_account(reader: Reader<'_>, account: &Account) -> Result<()> {
    let settings = settings::encode(&account.settings);
    reader
        .execute(
            "UPDATE accounts SET epoch = epoch + 1, name = ?2, mode = ?3, status = ?4, subaccounts = ?5, changed_at = ?6,
             settings = ?7, plan = ?8, alert_low = ?9, alert_depleted = ?10, alert_recovered = ?11 WHERE id = ?1",
            values![
                Column(account.id),
                &*account.name,
                Column(account.mode),
                Column(account.status),
                account.subaccounts,
                account.changed_at.map(Column),
                settings.as_deref(),
                account.plan.as_deref(),
                account.alerts.low.map(Column),
                Column(account.alerts.depleted),
                account.alerts.recovered.map(Column),
            ],
        )
        .map(drop)
}
