//! The rows of a batch: every line, and each account that it touched once.

use ledger::{Account, AccountId, Change, CredentialId, Hold, IdMap, Standing, Timestamp};
use rusqlite::params;

use super::aside::{Aside, Heads};
use super::insert::LineInsert;
use super::resident::Row;
use super::writer::Writer;
use crate::store::pending::Pending;
use crate::store::sql::{Column, Fault, Reader, Result};
use crate::store::touched::{Extent, Touched};
use crate::store::{Place, caps, records, settings};

/// How many lines an account waits at least for its newest line to be written.
const HEADS_WAIT: i64 = 2_048;
/// How many lines it waits at most. A reader looks through as many for the first page of an account.
const HEADS_LAG_MAX: i64 = 65_536;

impl Writer {
    pub(super) fn write_rows(&self, pending: &mut Pending<u64>, aside: &mut Aside) -> Result<()> {
        let Pending { places, lines, accounts, changes, events: told, keyed: _ } = pending;
        let reader = Reader::Sqlite(&self.connection);
        let mut insert = LineInsert::new(&self.connection)?;
        for (line, seq) in lines.iter().zip(self.resident.last_seq + 1..) {
            let mut before = |account: AccountId, is_side: bool| {
                let touch = accounts.entry(account);
                touch.is_written |= is_side;
                let newest = touch.newest.replace(seq);
                newest.or_else(|| self.resident.accounts.get(&account).map(|it| it.last_line)).unwrap_or(0)
            };
            let account_before = line.account.map(|it| before(it.account, true));
            let other_before = match (line.counter, line.cause) {
                (Some(counter), _) => Some(before(counter.account, true)),
                (None, cause) => cause.map(|it| before(it, false)),
            };
            insert.write(seq, line, account_before, other_before)?;
            if let Some(sealed) = line.once.as_ref().and_then(|it| it.sealed.as_ref()) {
                records::write_shown_once(reader, Place::Seq(seq), line.at, sealed)?;
            }
        }
        for ((of, event), seq) in told.iter().zip(self.resident.last_event + 1..) {
            // An event is of a line of its own decision.
            let line = lines.get(*of).ok_or(Fault::Missing("line"))?;
            records::write_event(reader, self.shared.ids.events, seq, event, (places.of(*of), line))?;
        }
        self.write_accounts(accounts, &mut aside.opened)?;
        for change in changes.iter() {
            if let Change::Hold(hold) = change {
                self.write_hold(hold)?;
            } else {
                records::write(reader, change)?;
            }
        }
        // Sides of which nothing was moved: who gave a number and who got it, who pays for a hold that was extended.
        for (id, touch) in accounts.iter() {
            if touch.is_written && touch.extent == Extent::Nothing {
                self.write_head(id, touch.newest)?;
            }
        }
        Ok(self.write_due_heads(lines.len(), accounts, &mut aside.heads)?)
    }

    /// An account is written once for the whole batch, as it is in the end; those that are there already in the order of
    /// their rows, so that the pages of the file are come to one after the other.
    fn write_accounts(&self, accounts: &Touched, opened: &mut IdMap<AccountId, i64>) -> rusqlite::Result<()> {
        let mut there = Vec::with_capacity(accounts.changed().len());
        for id in accounts.changed() {
            let (Some(touch), Some(account)) = (accounts.get(*id), self.batch.book.account(*id)) else {
                continue;
            };
            if let Some(row) = self.resident.accounts.get(id) {
                there.push((row.number, &**row, account, *touch));
            } else {
                let number = self.resident.last_number + 1 + i64::try_from(opened.len()).unwrap_or(0);
                opened.insert(*id, number);
                self.insert_account(account, number, touch.newest.unwrap_or(0))?;
            }
        }
        there.sort_unstable_by_key(|it| it.0);
        let mut stand = self.connection.prepare_cached(
            "UPDATE accounts SET balance = ?2, credit_limit = ?3, held = ?4, last_line = ?5 WHERE number = ?1",
        )?;
        for (number, row, account, touch) in there {
            let Standing { balance, credit_limit, held } = account.standing;
            let last_line = touch.newest.unwrap_or(row.last_line);
            stand.execute(params![number, Column(balance), Column(credit_limit), Column(held), last_line])?;
            if touch.extent == Extent::Anything {
                self.write_account(account, row)?;
            }
        }
        Ok(())
    }

    /// Writes the newest lines of accounts that only caused some, of those that wait the longest.
    ///
    /// They wait because ten thousand of them may share one balance, and a page of the file for each would cost more
    /// than all the rest of their charges. A few in each batch, so that no batch is held up by them.
    fn write_due_heads(
        &self,
        lines: usize,
        accounts: &mut Touched,
        heads: &mut Heads,
    ) -> rusqlite::Result<()> {
        let through = self.resident.last_seq + i64::try_from(lines).unwrap_or(0);
        let lag = through - self.resident.heads.through(through);
        if lag <= HEADS_WAIT {
            return Ok(());
        }
        let most = if lag <= HEADS_LAG_MAX { lines / 16 + 1 } else { lines * 2 + 16 };
        for account in self.resident.heads.oldest(most) {
            let touch = accounts.entry(account);
            self.write_head(account, touch.newest)?;
            touch.is_written = true;
            heads.taken += 1;
        }
        // Only a lower bound is needed, so it is not worth a page in each batch.
        if through - self.resident.heads.through_written > 2 * HEADS_WAIT {
            heads.through = Some(self.resident.heads.through(through));
            self.write_heads_through(self.resident.heads.through(through))?;
        }
        Ok(())
    }

    /// Writes the newest line of every account that waits for it.
    pub(super) fn write_all_heads(&self) -> rusqlite::Result<()> {
        for account in self.resident.heads.oldest(usize::MAX) {
            self.write_head(account, None)?;
        }
        self.write_heads_through(self.resident.last_seq)
    }

    fn write_heads_through(&self, through: i64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('heads_through', ?1)")?
            .execute([through])
            .map(drop)
    }

    pub(super) fn write_uses(&self, uses: &[(CredentialId, Timestamp)]) -> Result<()> {
        let reader = Reader::Sqlite(&self.connection);
        uses.iter().try_for_each(|(credential, at)| records::write_use(reader, *credential, *at))
    }

    /// Which line is an account's newest: this one, or else the one that was.
    fn write_head(&self, account: AccountId, newest: Option<i64>) -> rusqlite::Result<()> {
        let Some(row) = self.resident.accounts.get(&account) else { return Ok(()) };
        let last_line = newest.unwrap_or(row.last_line);
        self.connection
            .prepare_cached("UPDATE accounts SET last_line = ?2 WHERE number = ?1")?
            .execute(params![row.number, last_line])
            .map(drop)
    }

    /// What else a batch has changed of an account that was there, beside what it stands at.
    fn write_account(&self, account: &Account, row: &Row) -> rusqlite::Result<()> {
        let before = &row.account;
        let only_figures = account.name == before.name
            && account.mode == before.mode
            && account.status == before.status
            && account.subaccounts == before.subaccounts
            && account.changed_at == before.changed_at
            && account.settings == before.settings
            && account.plan == before.plan
            && account.alerts == before.alerts
            && account.level == before.level;
        if account.caps != before.caps {
            self.connection
                .prepare_cached("UPDATE accounts SET caps = ?2 WHERE number = ?1")?
                .execute(params![row.number, account.caps.as_deref().map(caps::encode)])?;
        }
        if !only_figures {
            self.connection
                .prepare_cached(
                    "UPDATE accounts SET name = ?2, mode = ?3, status = ?4, subaccounts = ?5, changed_at = ?6, settings = ?7,
                     plan = ?8, alert_low = ?9, alert_depleted = ?10, alert_recovered = ?11, level = ?12
                     WHERE number = ?1",
                )?
                .execute(params![
                    row.number,
                    &*account.name,
                    Column(account.mode),
                    Column(account.status),
                    account.subaccounts,
                    account.changed_at.map(Column),
                    settings::encode(&account.settings),
                    account.plan.as_deref(),
                    account.alerts.low.map(Column),
                    Column(account.alerts.depleted),
                    account.alerts.recovered.map(Column),
                    Column(account.level),
                ])?;
        }
        Ok(())
    }

    fn insert_account(&self, account: &Account, number: i64, last_line: i64) -> rusqlite::Result<()> {
        let Standing { balance, credit_limit, held } = account.standing;
        self.connection
            .prepare_cached(
                "INSERT INTO accounts (number, id, parent, api_key, auth_id, name, currency, mode, status, created_at,
                 subaccounts, balance, credit_limit, held, last_line, changed_at, settings, plan, caps,
                 alert_low, alert_depleted, alert_recovered, level)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23)",
            )?
            .execute(params![
                number,
                Column(account.id),
                account.parent.map(Column),
                Column(account.api_key),
                account.auth_id.as_str(),
                &*account.name,
                account.currency.as_str(),
                Column(account.mode),
                Column(account.status),
                Column(account.created_at),
                account.subaccounts,
                Column(balance),
                Column(credit_limit),
                Column(held),
                last_line,
                account.changed_at.map(Column),
                settings::encode(&account.settings),
                account.plan.as_deref(),
                account.caps.as_deref().map(caps::encode),
                account.alerts.low.map(Column),
                Column(account.alerts.depleted),
                account.alerts.recovered.map(Column),
                Column(account.level),
            ])?;
        Ok(())
    }

    fn write_hold(&self, hold: &Hold) -> rusqlite::Result<()> {
        let ending = hold.ending.as_ref();
        self.connection
            .prepare_cached(
                "INSERT INTO holds (id, account, payer, amount, placed_at, expires_at, on_expiry, operation,
                 ended_how, ended_at, ended_line, charged, price)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, ended_how = excluded.ended_how,
                 ended_at = excluded.ended_at, ended_line = excluded.ended_line, charged = excluded.charged",
            )?
            .execute(params![
                Column(hold.id),
                Column(hold.account),
                Column(hold.payer),
                Column(hold.amount),
                Column(hold.placed_at),
                Column(hold.expires_at),
                Column(hold.on_expiry),
                hold.operation,
                ending.map(|it| Column(it.how)),
                ending.map(|it| Column(it.at)),
                ending.map(|it| Column(it.line)),
                ending.map(|it| Column(it.charged)),
                hold.price.as_deref(),
            ])
            .map(drop)
    }
}
