//! What a lane knows, and what it does with it: it works out what a batch needs, has it decided under its locks, writes it,
//! and keeps what is worth keeping.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ledger::{Command, IdMap, IdSet, Timestamp};

use super::begin::Begun;
use super::config::Config;
use super::connection::Connection;
use super::engine::{Shared, Time};
use super::held::{Halt, Held};
use super::kept::Kept;
use super::keys::Keys;
use super::lane::Open;
use super::life::Life;
use super::needs::Needs;
use super::usage::Counting;
use super::write::{Rows, Unwritten, Written};
use crate::store::Ids;
use crate::store::batch::Batch;
use crate::store::pending::Places;
use crate::store::place::Place;
use crate::store::queue::{BATCH_MAX, Many, Reply, Work};
use crate::store::sql::Result;

pub(super) struct Mind {
    ids: Ids,
    time: Time,
    keys: Keys,
    kept: Kept,
    config: Config,
    batch: Batch<u128>,
    /// For looking at what commands read.
    scout: Batch<u128>,
    /// What the newest batch has written.
    written: Written,
    counting: Counting,
    /// The newest place that it has given; it never goes back.
    last: i64,
}

impl Mind {
    pub(super) fn new(shared: &Shared, lane: u8, since: i64) -> Self {
        Self {
            ids: shared.ids,
            time: shared.time,
            keys: Keys::of(&shared.key_mark),
            kept: Kept::default(),
            config: Config::new(shared.environment.clone()),
            batch: Batch::default(),
            scout: Batch::default(),
            written: Written::default(),
            counting: Counting::since(lane, since),
            last: since,
        }
    }

    /// Goes on as another life, which counts from this place on.
    pub(super) fn begin_anew(&mut self, lane: u8, since: i64) {
        self.counting = Counting::since(lane, since);
        self.last = self.last.max(since);
    }

    /// Nobody can say whether the newest batch was written. If it was, its places are taken.
    pub(super) fn doubt(&mut self) {
        if let Some(last) = self.batch.pending.lines.len().checked_sub(1) {
            let Place::Seq(last) = self.batch.pending.places.of(last);
            self.last = self.last.max(last);
        }
        self.counting.doubt();
    }

    /// Decides a batch under its locks, which stay: what follows is [`Mind::write`], or the end of the transaction.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn decide(
        &mut self,
        shared: &Shared,
        open: &Open,
        life: &mut Life,
        work: &mut Work,
    ) -> Result<()> {
        self.kept.make_room();
        let asked_at = latest(work);
        let mut needs = self.needs(&open.connection, work, asked_at)?;
        loop {
            let asked = Instant::now();
            let begun =
                open.beginning.begin(&open.connection, life, &needs, &mut self.kept, asked_at.millis())?;
            if self.config.bring_up_to(open.connection.reader(), begun.config)? {
                shared.set_tokens(begun.config, &self.config.live);
            }
            shared.heard.heard(asked);
            self.begin_batch(life.lane, &begun, asked_at, work.len());
            match self.decide_all(&open.connection, &needs, &begun, work) {
                Ok(()) => return Ok(()),
                Err((Halt::Fault(fault), _)) => return Err(fault),
                // What it reads became known only by what is before it in the batch, or has moved meanwhile.
                Err((Halt::Unlocked, more)) => needs.accounts.extend(more),
            }
            open.connection.batch("ROLLBACK")?;
            work.undecide();
            needs.add_parents(&mut self.kept, &open.connection)?;
        }
    }

    /// What the batch will lock, as far as that can be known before.
    fn needs(&mut self, connection: &Connection, work: &Work, now: Timestamp) -> Result<Needs> {
        let mut needs = Needs::default();
        let mut rest = Vec::new();
        for command in commands(work) {
            if !needs.name(command) {
                rest.push(command);
            }
        }
        let holds = needs.read_holds(connection)?;
        self.scout.begin(Places::default(), 0, false);
        let used = HashMap::new();
        let mut source = Held {
            connection,
            ids: self.ids,
            kept: &mut self.kept,
            locked: None,
            unlocked: IdSet::default(),
            config: &self.config,
            keys: &self.keys,
            used: &used,
            holds: &holds,
            webhooks: IdMap::default(),
        };
        for command in rest {
            needs.look(&mut source, &mut self.scout, command, now)?;
        }
        for command in commands(work) {
            needs.key(&self.keys, &self.scout, command);
        }
        needs.add_parents(&mut self.kept, connection)?;
        Ok(needs)
    }

    /// The places of the batch's lines: later than the newest line of every account that is locked, and than all that the
    /// lane has written.
    fn begin_batch(&mut self, lane: u8, begun: &Begun, asked_at: Timestamp, commands: usize) {
        let now = match self.time {
            Time::OfDatabase => Timestamp::from_millis(begun.clock_ms),
            Time::OfCallers => asked_at,
        };
        let newest = Place::Seq(self.last.max(begun.newest));
        let mut first = Place::first_of(now, lane);
        if first <= newest {
            // Of this lane the next one; behind others' the next millisecond.
            let later = newest.at().unwrap_or(now).max(now);
            first = match newest.lane() {
                Some(it) if it == lane => newest.next(),
                Some(it) if it < lane => Place::first_of(later, lane),
                Some(_) | None => Place::first_of(later.plus_millis(1), lane),
            };
        }
        self.batch.begin(Places { first }, commands.min(2 * BATCH_MAX), false);
    }

    /// Decides one command after the other; or says why that cannot be, and which accounts would have to be locked.
    fn decide_all(
        &mut self,
        connection: &Connection,
        needs: &Needs,
        begun: &Begun,
        work: &mut Work,
    ) -> Result<(), (Halt, IdSet<ledger::AccountId>)> {
        let mut source = Held {
            connection,
            ids: self.ids,
            kept: &mut self.kept,
            locked: Some(&needs.accounts),
            unlocked: IdSet::default(),
            config: &self.config,
            keys: &self.keys,
            used: &begun.used,
            holds: &begun.holds,
            webhooks: IdMap::default(),
        };
        let asked = (self.time == Time::OfCallers).then(Timestamp::default);
        let mut deciding = Deciding { batch: &mut self.batch, ids: self.ids, source: &mut source, asked };
        let decided = deciding.all(work);
        decided.map_err(|halt| (halt, source.unlocked))
    }

    /// Writes what was decided and commits.
    ///
    /// # Errors
    /// [`Unwritten`], which says whether something of it may be there.
    pub(super) fn write(&mut self, open: &Open) -> Result<(), Unwritten> {
        self.written = Written::default();
        if self.batch.pending.lines.is_empty() {
            // Nothing but locks, and what follows of it may be told when they are gone.
            return open.connection.batch("ROLLBACK").map_err(Unwritten::Before);
        }
        let rows = Rows { connection: &open.connection, batch: &self.batch, kept: &self.kept, ids: self.ids };
        rows.write(&open.writing, &mut self.written)
    }

    /// Makes true in memory what is durable now.
    pub(super) fn merge(&mut self, shared: &Shared) {
        let pending = &self.batch.pending;
        let Some(last) = pending.lines.len().checked_sub(1) else { return };
        for (id, versions) in &self.written.versions {
            if let Some(account) = self.batch.book.account(*id) {
                self.kept.merge(account, *versions);
            }
        }
        let Place::Seq(last) = pending.places.of(last);
        if self.written.has_config {
            self.config.version = None;
            shared.merge_tokens(last, &pending.changes);
        }
        self.last = last;
        self.counting.add(&pending.lines, last);
        let figures = &shared.common.figures;
        figures.commits.fetch_add(1, Ordering::Relaxed);
        figures.lines.fetch_add(u64::try_from(pending.lines.len()).unwrap_or(0), Ordering::Relaxed);
        if let Some(event) = self.written.last_event {
            figures.last_event.fetch_max(event, Ordering::Relaxed);
        }
        if shared.common.committed.receiver_count() > 0 {
            shared.common.committed.send_modify(|it| *it += 1);
        }
        self.batch.end();
    }

    /// Adds what was spent since the last time to the roll-ups, and writes uses of credentials.
    ///
    /// # Errors
    /// Of the database; what was not written waits for the next time.
    pub(super) fn count(&mut self, connection: &Connection, life: &Life, shared: &Shared) -> Result<()> {
        if self.counting.is_empty() {
            // Else readers would look through all that others have written since.
            self.last = self.last.max(self.counting.pass_over(connection, life.owner())?);
        } else {
            self.counting.write(connection, life.owner(), self.ids)?;
        }
        shared.write_uses(connection)
    }
}

/// Decides the commands of a batch.
struct Deciding<'a, 'b> {
    batch: &'a mut Batch<u128>,
    ids: Ids,
    source: &'a mut Held<'b>,
    /// When the commands so far were asked for, where whoever asks tells the time.
    asked: Option<Timestamp>,
}

impl Deciding<'_, '_> {
    fn all(&mut self, work: &mut Work) -> Result<(), Halt> {
        for job in &mut work.jobs {
            let now = self.place(&mut job.command, job.at);
            match &mut job.reply {
                Reply::Outcome(_, answer) => {
                    *answer = self.batch.carry_out(self.source, &job.command, None, now)?;
                }
                Reply::Decision(_, answer) => {
                    *answer = Some(Box::new(self.batch.try_out(self.source, &job.command, now)?));
                }
            }
        }
        let mut left = BATCH_MAX;
        for many in &mut work.many {
            let at = many.at;
            while left > 0
                && let Some(command) = many.next()
            {
                let now = self.place(command, at);
                let answer = self.batch.carry_out(self.source, command, None, now)?;
                many.answer(answer);
                left -= 1;
            }
        }
        Ok(())
    }

    /// Writes into a command's id where its line will be, and says when that is.
    fn place(&mut self, command: &mut Command, at: Timestamp) -> Timestamp {
        let place = self.batch.next_place();
        let (Place::Seq(seq), mut now) = (place, place.at().unwrap_or_default());
        command.id = self.ids.lines.place(command.id, seq, now);
        if let Some(asked) = &mut self.asked {
            *asked = at.max(*asked);
            now = *asked;
        }
        now
    }
}

/// The commands of a batch.
fn commands(work: &Work) -> impl Iterator<Item = &Command> {
    let mut left = BATCH_MAX;
    let many = work.many.iter().flat_map(move |it: &Many| {
        let upcoming = it.upcoming(left);
        left -= upcoming.len();
        upcoming
    });
    work.jobs.iter().map(|it| &it.command).chain(many)
}

/// When they were asked for, the latest of them.
fn latest(work: &Work) -> Timestamp {
    let jobs = work.jobs.iter().map(|it| it.at);
    jobs.chain(work.many.iter().map(|it| it.at)).max().unwrap_or_default()
}
