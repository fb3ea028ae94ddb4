//! What became of each event on its way to each webhook.
//!
//! A mark that an event was delivered must never wait for a charge, nor a charge for it. So it is written apart from them and
//! without a sync: what a crash of the machine takes back is sent once more, and never lost. Of the deliveries to one
//! webhook that are about one account only the first has a time; the others wait until it has come to an end.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ledger::{AccountId, EventId, EventKind, Timestamp, WebhookId};

use super::sql::{self, Column, Reader, Result, Row, values};
use super::{embedded, postgres};

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where to.
    pub webhook: WebhookId,
    /// The place of the event.
    pub seq: i64,
    /// The event.
    pub event: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// Whose it is.
    pub account: AccountId,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried since it was queued.
    pub attempts: u32,
    /// When it was queued, first or once more.
    pub queued_at: Timestamp,
    /// When it is tried next; `None` while it waits for the one before it, and at its end.
    pub next_at: Option<Timestamp>,
    /// When it was tried last.
    pub last_at: Option<Timestamp>,
    /// What status was answered then.
    pub last_status: Option<u16>,
    /// What was wrong then.
    pub last_error: Option<String>,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is still tried.
    Pending,
    /// It was taken.
    Delivered,
    /// It was tried for a day, and is not tried any more.
    Dead,
}

/// An event that a webhook wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Who.
    pub webhook: WebhookId,
    /// The place of the event.
    pub seq: i64,
    /// The event.
    pub event: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// Whose it is.
    pub account: AccountId,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How far it has come by it.
    pub state: DeliveryState,
    /// When it is tried next, where it is still pending.
    pub next_at: Option<Timestamp>,
    /// What status was answered.
    pub status: Option<u16>,
    /// What was wrong.
    pub error: Option<String>,
}

/// What is counted of deliveries, since the start but for what is pending.
#[derive(Debug, Default)]
pub struct DeliveryFigures {
    /// Those that were queued, once more too.
    pub queued: AtomicU64,
    /// Those that were taken.
    pub delivered: AtomicU64,
    /// Attempts that came to nothing.
    pub failed: AtomicU64,
    /// Those that were given up.
    pub dead: AtomicU64,
    /// Those that are still tried or wait.
    pub pending: AtomicI64,
}

impl DeliveryFigures {
    fn queue(&self, count: usize) {
        self.queued.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.pending.fetch_add(i64::try_from(count).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    fn tried(&self, state: DeliveryState, was_pending: bool) {
        let ended = match state {
            DeliveryState::Pending => None,
            DeliveryState::Delivered => Some(&self.delivered),
            DeliveryState::Dead => Some(&self.dead),
        };
        if state != DeliveryState::Delivered {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(ended) = ended.filter(|_| was_pending) {
            ended.fetch_add(1, Ordering::Relaxed);
            self.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn recount(&self, reader: Reader<'_>) -> Result<()> {
        let pending = "SELECT COUNT(*) AS count FROM deliveries WHERE state = 1";
        let pending = reader.row(pending, values![], |row| row.get("count"))?;
        self.pending.store(pending.unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }
}

/// What became of the events of a store.
pub struct Deliveries {
    database: Database,
    figures: DeliveryFigures,
}

/// Where that is kept.
pub(super) enum Database {
    Embedded(embedded::Deliveries),
    Postgres(postgres::Beside),
}

impl Deliveries {
    pub(super) fn new(database: Database) -> Result<Self> {
        let deliveries = Self { database, figures: DeliveryFigures::default() };
        deliveries.ask(|reader| deliveries.figures.recount(reader))?;
        Ok(deliveries)
    }

    /// What is counted.
    pub const fn figures(&self) -> &DeliveryFigures {
        &self.figures
    }

    /// Asks something of the database.
    fn ask<T>(&self, ask: impl FnOnce(Reader<'_>) -> Result<T>) -> Result<T> {
        match &self.database {
            Database::Embedded(database) => database.ask(ask),
            Database::Postgres(database) => database.ask(ask),
        }
    }

    /// Changes something in one transaction, of which nothing is left where it fails; then it is counted, before anybody
    /// else asks.
    fn change<T>(&self, change: impl FnOnce(Reader<'_>) -> Result<T>, count: impl FnOnce(&T)) -> Result<T> {
        match &self.database {
            Database::Embedded(database) => database.change(change, count),
            Database::Postgres(database) => database.change(change, count),
        }
    }

    /// Counts anew what is pending, where other nodes queue and send, too.
    ///
    /// # Errors
    /// Of the database.
    pub fn recount(&self) -> Result<()> {
        match &self.database {
            Database::Embedded(_) => Ok(()),
            Database::Postgres(_) => self.ask(|reader| self.figures.recount(reader)),
        }
    }

    /// The place up to which events were taken in; `None` before the first time.
    ///
    /// # Errors
    /// Of the database.
    pub fn through(&self) -> Result<Option<i64>> {
        let through = "SELECT through FROM progress";
        let through = self.ask(|reader| reader.row(through, values![], |row| row.get::<i64>("through")))?;
        Ok(through.filter(|it| *it >= 0))
    }

    /// Begins at a place. What is known of later ones is forgotten: they are of a store that was there before a backup of
    /// it was put in its place.
    ///
    /// # Errors
    /// Of the database.
    pub fn begin_at(&self, through: i64) -> Result<()> {
        let begin = |reader: Reader<'_>| {
            reader.execute("DELETE FROM deliveries WHERE seq > ?1", values![through])?;
            reader.execute("UPDATE progress SET through = ?1", values![through])?;
            self.figures.recount(reader)
        };
        self.change(begin, |()| ())
    }

    /// Queues what is wanted of the events up to `through`.
    ///
    /// # Errors
    /// Of the database.
    pub fn take_in(&self, through: i64, wanted: &[Wanted], now: Timestamp) -> Result<()> {
        let take_in = |reader: Reader<'_>| {
            let mut queued = 0;
            for Wanted { webhook, seq, event, kind, account } in wanted {
                queued += reader.execute(
                    "INSERT INTO deliveries (webhook, seq, event, kind, account, state, is_resent, attempts, queued_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, 1, FALSE, 0, ?6) ON CONFLICT (webhook, seq) DO NOTHING",
                    values![
                        Column(*webhook),
                        *seq,
                        Column(*event),
                        Column(*kind),
                        Column(*account),
                        Column(now)
                    ],
                )?;
                begin_turn(reader, *webhook, *account, now)?;
            }
            reader.execute("UPDATE progress SET through = ?1", values![through])?;
            Ok(queued)
        };
        self.change(take_in, |queued| self.figures.queue(*queued)).map(drop)
    }

    /// Those whose time has come, from webhook to webhook but for some, at most so many of each, the longest due first.
    ///
    /// # Errors
    /// Of the database.
    pub fn due(&self, now: Timestamp, of_each: usize, but_for: &HashSet<WebhookId>) -> Result<Vec<Delivery>> {
        // From webhook to webhook, so that one with a thousand due does not stand before all others.
        let next = "SELECT webhook FROM deliveries WHERE next_at IS NOT NULL AND webhook > ?1 ORDER BY webhook LIMIT 1";
        let of_one = "SELECT * FROM deliveries WHERE webhook = ?1 AND next_at IS NOT NULL AND next_at <= ?2
             ORDER BY next_at, seq LIMIT ?3";
        let most = i64::try_from(of_each).unwrap_or(i64::MAX);
        self.ask(|reader| {
            let mut due = Vec::new();
            let mut last = WebhookId::from_bytes([0; 16]);
            while let Some(webhook) =
                reader.row(next, values![Column(last)], |row| sql::get::<WebhookId>(row, "webhook"))?
            {
                last = webhook;
                if !but_for.contains(&webhook) {
                    due.extend(reader.rows(of_one, values![Column(webhook), Column(now), most], delivery)?);
                }
            }
            Ok(due)
        })
    }

    /// Writes down what came of an attempt. When it is the end, the next one about the account has its turn.
    ///
    /// # Errors
    /// Of the database.
    pub fn tried(&self, delivery: &Delivery, now: Timestamp, tried: &Tried) -> Result<()> {
        let write = |reader: Reader<'_>| {
            let written = reader.execute(
                "UPDATE deliveries SET state = ?3, next_at = ?4, attempts = attempts + 1, last_at = ?5, last_status = ?6,
                 last_error = ?7 WHERE webhook = ?1 AND seq = ?2 AND state = 1",
                values![
                    Column(delivery.webhook),
                    delivery.seq,
                    Column(tried.state),
                    tried.next_at.map(Column),
                    Column(now),
                    tried.status.map(u32::from),
                    tried.error.as_deref(),
                ],
            )?;
            if tried.state != DeliveryState::Pending {
                begin_turn(reader, delivery.webhook, delivery.account, now)?;
            }
            // One that was forgotten meanwhile, or that another node has brought to its end, is not pending any more.
            Ok(written == 1)
        };
        self.change(write, |was_pending| self.figures.tried(tried.state, *was_pending)).map(drop)
    }

    /// The delivery of an event to a webhook.
    ///
    /// # Errors
    /// Of the database.
    pub fn find(&self, webhook: WebhookId, event: EventId) -> Result<Option<Delivery>> {
        self.ask(|reader| find(reader, webhook, event))
    }

    /// Queues a delivery once more, out of its turn; one that is still pending is tried now. The same asked again at the
    /// same time changes nothing. `None` where there is none.
    ///
    /// # Errors
    /// Of the database.
    pub fn resend(
        &self,
        webhook: WebhookId,
        event: EventId,
        asked_at: Timestamp,
    ) -> Result<Option<Delivery>> {
        let resend = |reader: Reader<'_>| {
            let Some(found) = find(reader, webhook, event)? else { return Ok((0, None)) };
            let (mut queued, which) = (0, values![Column(webhook), found.seq, Column(asked_at)]);
            if found.state == DeliveryState::Pending {
                reader.execute(
                    "UPDATE deliveries SET next_at = ?3 WHERE webhook = ?1 AND seq = ?2 AND next_at > ?3",
                    which,
                )?;
            } else {
                queued = reader.execute(
                    "UPDATE deliveries SET state = 1, is_resent = TRUE, attempts = 0, queued_at = ?3, next_at = ?3
                     WHERE webhook = ?1 AND seq = ?2 AND (is_resent = FALSE OR queued_at < ?3)",
                    which,
                )?;
            }
            Ok((queued, find(reader, webhook, event)?))
        };
        Ok(self.change(resend, |(queued, _)| self.figures.queue(*queued))?.1)
    }

    /// Has what waits for its time tried now: the webhook was changed, and may take it.
    ///
    /// # Errors
    /// Of the database.
    pub fn hasten(&self, webhook: WebhookId, now: Timestamp) -> Result<()> {
        let hasten = "UPDATE deliveries SET next_at = ?2 WHERE webhook = ?1 AND next_at > ?2";
        self.ask(|reader| reader.execute(hasten, values![Column(webhook), Column(now)]).map(drop))
    }

    /// The deliveries to a webhook, those of the newest events first, from the one before a place on.
    ///
    /// # Errors
    /// Of the database.
    pub fn of(
        &self,
        webhook: WebhookId,
        state: Option<DeliveryState>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        self.ask(|reader| {
            reader.rows(
                "SELECT * FROM deliveries WHERE webhook = ?1 AND (?2 IS NULL OR state = ?2) AND seq < ?3
                 ORDER BY seq DESC LIMIT ?4",
                values![Column(webhook), state.map(Column), before, limit],
                delivery,
            )
        })
    }

    /// Forgets one that leads to no event: the store was put back to where it was before that.
    ///
    /// # Errors
    /// Of the database.
    pub fn forget_one(&self, forgotten: &Delivery, now: Timestamp) -> Result<()> {
        let Delivery { webhook, seq, account, .. } = *forgotten;
        let forget = |reader: Reader<'_>| {
            let one = values![Column(webhook), seq];
            reader.execute("DELETE FROM deliveries WHERE webhook = ?1 AND seq = ?2", one)?;
            begin_turn(reader, webhook, account, now)?;
            self.figures.recount(reader)
        };
        self.change(forget, |()| ())
    }

    /// Forgets everything about a webhook that was deleted.
    ///
    /// # Errors
    /// Of the database.
    pub fn forget(&self, webhook: WebhookId) -> Result<()> {
        let forget = "DELETE FROM deliveries WHERE webhook = ?1";
        self.ask(|reader| {
            reader.execute(forget, values![Column(webhook)])?;
            self.figures.recount(reader)
        })
    }

    /// Forgets what was delivered before one time, and what died before another, at most so many at once, so that nobody
    /// waits long meanwhile; says how many.
    ///
    /// # Errors
    /// Of the database.
    pub fn prune(&self, delivered: Timestamp, dead: Timestamp, most: usize) -> Result<usize> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.ask(|reader| {
            reader.execute(
                "DELETE FROM deliveries WHERE (webhook, seq) IN (SELECT webhook, seq FROM deliveries
                 WHERE state <> 1 AND last_at < ?4 AND (last_at < ?2 OR (state = 2 AND last_at < ?1)) LIMIT ?3)",
                values![Column(delivered), Column(dead), most, Column(delivered.max(dead))],
            )
        })
    }
}

fn find(reader: Reader<'_>, webhook: WebhookId, event: EventId) -> Result<Option<Delivery>> {
    reader.row(
        "SELECT * FROM deliveries WHERE webhook = ?1 AND event = ?2",
        values![Column(webhook), Column(event)],
        delivery,
    )
}

/// Has the first pending delivery about an account tried now, unless it has its time already.
fn begin_turn(reader: Reader<'_>, webhook: WebhookId, account: AccountId, now: Timestamp) -> Result<()> {
    reader
        .execute(
            "UPDATE deliveries SET next_at = ?3 WHERE webhook = ?1 AND next_at IS NULL AND seq =
             (SELECT MIN(seq) FROM deliveries WHERE webhook = ?1 AND account = ?2 AND state = 1 AND is_resent = FALSE)",
            values![Column(webhook), Column(account), Column(now)],
        )
        .map(drop)
}

fn delivery(row: Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        webhook: sql::get(row, "webhook")?,
        seq: row.get("seq")?,
        event: sql::get(row, "event")?,
        kind: sql::get(row, "kind")?,
        account: sql::get(row, "account")?,
        state: sql::get(row, "state")?,
        attempts: row.get("attempts")?,
        queued_at: sql::get(row, "queued_at")?,
        next_at: sql::get_opt(row, "next_at")?,
        last_at: sql::get_opt(row, "last_at")?,
        last_status: row.get("last_status")?,
        last_error: row.get("last_error")?,
    })
}
