//! The room from which events are sent to webhooks: beside everything else, so that no charge waits for a receiver.
//!
//! Reading order: [`Room`] takes in new events and starts what is due; `send` sends one; `schedule` says when again;
//! `guard` where not to.
//!
//! **Invariants.** What became of each event stands in a database of its own ([`crate::store::Deliveries`]); to the store
//! only one thing is ever written, that a receiver is gone for good. An event is marked as delivered after its receiver said
//! so, so it arrives at least once. To one webhook the events about one account go one after the other. Of several nodes on
//! one store only the one whose turn it is sends anything, and another one goes on where it was.

mod guard;
mod schedule;
mod send;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ledger::{Actor, Timestamp, WebhookId};
use tokio::task::{Id, JoinError, JoinSet};

use self::send::{Message, Refused, Sender};
use crate::app::App;
use crate::clock::Clock;
use crate::notice::Notice;
use crate::random::Random;
use crate::seal::Keyring;
use crate::store::{Delivery, DeliveryState, EventFilter, ReadError, Snapshot, Store, Tried, Wanted};

/// How often it is looked for what is new or due.
const EVERY: Duration = Duration::from_millis(250);
/// How long a receiver may take to answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// How many events are taken in at once.
const TAKEN_IN: usize = 500;
/// How often before it is looked for what is due, after a time away.
const TAKEN_IN_TIMES: usize = 20;
/// How long an event stays where it is of which it could not be kept what became of it.
const AFTER_FAULT: Duration = Duration::from_secs(10);
/// How many requests to one webhook are under way at once: each is about another account.
const OF_EACH: usize = 4;
/// How many requests are under way at once. Each is a task that waits, and a connection.
const AT_ONCE: usize = 256;
/// The status by which a receiver says that it is gone for good, by the Standard Webhooks specification.
const GONE: u16 = 410;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How often what is long done is forgotten, and how long it is known, in milliseconds.
const PRUNE_EVERY_MS: i64 = 60 * 60 * 1_000;
const DELIVERED_KNOWN_MS: i64 = 7 * DAY_MS;
const DEAD_KNOWN_MS: i64 = 30 * DAY_MS;
/// How often it is counted how many events are on their way, where other nodes queue and send them, in milliseconds.
const RECOUNT_EVERY_MS: i64 = 10 * 1_000;
/// How many are forgotten at once.
const PRUNED: usize = 5_000;

/// Sends events to webhooks.
pub struct Room {
    outbox: Outbox,
    under_way: JoinSet<()>,
    /// What each of them is: to which webhook, and the place of the event.
    attempts: HashMap<Id, (WebhookId, i64)>,
    /// The places of the events that are under way to each webhook.
    places: HashMap<WebhookId, Vec<i64>>,
    /// The webhook that was served last: the next one has the next turn.
    last_served: Option<WebhookId>,
    /// The turn that this node was seen to have.
    turn: Option<u64>,
    /// The place up to which events were taken in.
    through: Option<i64>,
    pruned_at: Timestamp,
    recounted_at: Timestamp,
}

/// What an attempt needs.
#[derive(Clone)]
struct Outbox {
    app: App,
    keyring: Keyring,
    clock: Clock,
    random: Random,
    sender: Sender,
}

impl Room {
    /// For the webhooks of an app, whose secrets the keyring opens. A receiver may take so long to answer; addresses of this
    /// machine and its networks are sent to only if that is allowed.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        app: App,
        keyring: Keyring,
        random: Random,
        allows_local: bool,
        wait: Duration,
    ) -> std::io::Result<Self> {
        let clock = app.clock().clone();
        let outbox = Outbox { app, keyring, clock, random, sender: Sender::new(allows_local, wait)? };
        let (under_way, attempts, places) = (JoinSet::new(), HashMap::new(), HashMap::new());
        let (last_served, turn, through) = (None, None, None);
        let [pruned_at, recounted_at] = [Timestamp::default(); 2];
        Ok(Self { outbox, under_way, attempts, places, last_served, turn, through, pruned_at, recounted_at })
    }

    /// Sends what is due, again and again, until `stop` resolves. What is under way then is sent once more at the next start.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            if !self.outbox.store().is_away()
                && let Err(error) = self.step().await
            {
                warn(&error, "events cannot be sent now");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                Some(ended) = self.under_way.join_next_with_id() => self.ended(ended),
                () = &mut stop => return,
            }
        }
    }

    /// Sends what is due now, and waits until nothing of it is under way any more; for tests, whose clock stands still.
    ///
    /// # Errors
    /// Of the store.
    pub async fn settle(&mut self) -> Result<(), ReadError> {
        loop {
            // It may be late on a busy machine.
            while self.outbox.store().turn().is_none() {
                tokio::time::sleep(EVERY).await;
            }
            let is_behind = self.step().await?;
            match self.under_way.join_next_with_id().await {
                Some(ended) => self.ended(ended),
                None if is_behind => {}
                None => return Ok(()),
            }
        }
    }

    /// Whether there are more events to be taken in at once.
    async fn step(&mut self) -> Result<bool, ReadError> {
        while let Some(ended) = self.under_way.try_join_next_with_id() {
            self.ended(ended);
        }
        self.recount().await?;
        let turn = self.outbox.store().turn();
        if self.turn != turn {
            // Others may have taken in more since.
            (self.turn, self.through) = (turn, None);
        }
        let Some(turn) = turn else { return Ok(false) };
        let mut is_behind = true;
        for _ in 0..TAKEN_IN_TIMES {
            is_behind = self.take_in().await?;
            if !is_behind {
                break;
            }
        }
        self.start_due(turn).await?;
        self.prune().await?;
        Ok(is_behind)
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "an attempt to send an event broke off");
                error.id()
            }
        };
        let Some((webhook, seq)) = self.attempts.remove(&id) else { return };
        if let Some(places) = self.places.get_mut(&webhook) {
            places.retain(|it| *it != seq);
            if places.is_empty() {
                self.places.remove(&webhook);
            }
        }
    }

    /// Queues new events for those who want them; whether there may be more.
    async fn take_in(&mut self) -> Result<bool, ReadError> {
        let store = self.outbox.store();
        let last = store.figures().last_event.load(std::sync::atomic::Ordering::Relaxed);
        let through = match self.through {
            Some(through) => through,
            None => {
                let through = begin(store, self.outbox.clock.now()).await?;
                self.through = Some(through);
                through
            }
        };
        if last <= through {
            return Ok(false);
        }
        let (through, wanted) = store
            .read(move |snapshot| {
                let events = snapshot.events(&EventFilter::default(), through, TAKEN_IN)?;
                let mut wanted = Vec::new();
                for event in &events {
                    for webhook in snapshot.webhooks_about(event.account, event.family)? {
                        if webhook.wants(event.kind, event.account, event.family, event.at()) {
                            let (seq, kind, account) = (event.seq, event.kind, event.account);
                            wanted.push(Wanted { webhook: webhook.id, seq, event: event.id, kind, account });
                        }
                    }
                }
                Ok((events.last().map_or(through, |it| it.seq), wanted))
            })
            .await?;
        let now = self.outbox.clock.now();
        store.deliveries(move |it| it.take_in(through, &wanted, now)).await?;
        self.through = Some(through);
        Ok(through < last)
    }

    async fn start_due(&mut self, turn: u64) -> Result<(), ReadError> {
        let now = self.outbox.clock.now();
        let store = self.outbox.store();
        let disabled: HashSet<_> = store.read(|it| it.disabled_webhooks()).await?.into_iter().collect();
        // Those that are under way are among them.
        let mut due = store.deliveries(move |it| it.due(now, 2 * OF_EACH, &disabled)).await?;
        // However many wait, each webhook has its turn: the one after the last that was served is the first.
        let served = due.partition_point(|it| Some(it.webhook) <= self.last_served);
        due.rotate_left(served);
        for delivery in due {
            if self.under_way.len() >= AT_ONCE {
                break;
            }
            let places = self.places.entry(delivery.webhook).or_default();
            if places.len() < OF_EACH && !places.contains(&delivery.seq) {
                places.push(delivery.seq);
                self.last_served = Some(delivery.webhook);
                let outbox = self.outbox.clone();
                let what = (delivery.webhook, delivery.seq);
                let attempt = self.under_way.spawn(async move { outbox.attempt(delivery, turn).await });
                self.attempts.insert(attempt.id(), what);
            }
        }
        Ok(())
    }

    /// Counts what is pending, where others change that, too.
    async fn recount(&mut self) -> Result<(), ReadError> {
        let now = self.outbox.clock.now();
        if now >= self.recounted_at.plus_millis(RECOUNT_EVERY_MS) {
            self.outbox.store().deliveries(|it| it.recount()).await?;
            self.recounted_at = now;
        }
        Ok(())
    }

    async fn prune(&mut self) -> Result<(), ReadError> {
        let now = self.outbox.clock.now();
        if now < self.pruned_at.plus_millis(PRUNE_EVERY_MS) {
            return Ok(());
        }
        let (delivered, dead) = (now.plus_millis(-DELIVERED_KNOWN_MS), now.plus_millis(-DEAD_KNOWN_MS));
        let pruned = self.outbox.store().deliveries(move |it| it.prune(delivered, dead, PRUNED)).await?;
        if pruned < PRUNED {
            self.pruned_at = now;
        }
        Ok(())
    }
}

fn warn(error: &ReadError, what: &str) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "{what}");
}

/// From which place on events are taken in.
async fn begin(store: &Store, now: Timestamp) -> Result<i64, ReadError> {
    let known = store.deliveries(|it| it.through()).await?;
    // Asked for after that, so that it is no older: another node may have taken in what this one has not heard of.
    let last = store.read(|it| it.last_event()).await?;
    let through = match known {
        Some(through) if through <= last => return Ok(through),
        // The store was put back to where it was before.
        Some(_) => last,
        // Whoever wants events has a webhook that was made before them; and what became of those of more than a day ago
        // is settled, though nothing says how.
        None => {
            let day_ago = now.plus_millis(-DAY_MS);
            let begin = move |it: &Snapshot<'_>| {
                if it.has_webhooks()? { it.last_event_before(day_ago) } else { Ok(last) }
            };
            store.read(begin).await?
        }
    };
    store.deliveries(move |it| it.begin_at(through)).await?;
    Ok(through)
}

impl Outbox {
    fn store(&self) -> &Store {
        self.app.store()
    }

    /// Tries once, and writes down what came of it.
    async fn attempt(&self, delivery: Delivery, turn: u64) {
        if let Err(error) = self.try_once(delivery, turn).await {
            warn(&error, "what became of an event on its way to a webhook could not be kept");
            // It is due still, and its receiver is not to get it four times a second for as long as a disk is full.
            tokio::time::sleep(AFTER_FAULT).await;
        }
    }

    async fn try_once(&self, delivery: Delivery, turn: u64) -> Result<(), ReadError> {
        let (webhook, event) = (delivery.webhook, delivery.event);
        let found = self.store().read(move |it| Ok((it.webhook(webhook)?, it.event(event)?))).await?;
        let now = self.clock.now();
        let (webhook, event) = match found {
            // It was deleted.
            (None, _) => return self.store().deliveries(move |it| it.forget(webhook)).await,
            (Some(_), None) => {
                return self.store().deliveries(move |it| it.forget_one(&delivery, now)).await;
            }
            (Some(webhook), Some(event)) => (webhook, event),
        };
        if webhook.webhook.disabled_at.is_some() {
            // Since a moment; it waits.
            return Ok(());
        }
        let opened = webhook.secrets(now).map(|it| self.keyring.open_sealed(it));
        let sent = match opened.collect::<Option<Vec<_>>>() {
            None => Err(Refused::by("its secret cannot be opened")),
            Some(secrets) => {
                let (url, body) = (&*webhook.webhook.url, Notice::new(&event).json());
                let message = Message { url, secrets: &secrets, id: event.id, at: now, body };
                tokio::select! {
                    biased;
                    // Another node sends it now.
                    () = self.store().turn_is_over(turn) => return Ok(()),
                    sent = self.sender.send(message) => sent,
                }
            }
        };
        // A receiver may have taken its time.
        let now = self.clock.now();
        let tried = match sent {
            Ok(status) => {
                Tried { state: DeliveryState::Delivered, next_at: None, status: Some(status), error: None }
            }
            Err(refused) => self.failed(&delivery, refused, now).await,
        };
        self.store().deliveries(move |it| it.tried(&delivery, now, &tried)).await
    }

    async fn failed(&self, delivery: &Delivery, refused: Refused, now: Timestamp) -> Tried {
        let Refused { status, why } = refused;
        let attempts = delivery.attempts.saturating_add(1);
        let (webhook, event) = (delivery.webhook, delivery.event);
        tracing::debug!(%webhook, %event, attempts, why, "an event was not taken");
        if status == Some(GONE) {
            self.disable(webhook).await;
            return Tried { state: DeliveryState::Dead, next_at: None, status, error: Some(why) };
        }
        let random = u16::from_be_bytes(self.random.bytes());
        let next_at = schedule::next(attempts, delivery.queued_at, now, random);
        let state = if next_at.is_some() { DeliveryState::Pending } else { DeliveryState::Dead };
        Tried { state, next_at, status, error: Some(why) }
    }

    /// What cannot be written now is found out again with the next event.
    async fn disable(&self, webhook: WebhookId) {
        let found = self.store().read(move |it| it.webhook(webhook)).await;
        if !matches!(found, Ok(Some(it)) if it.webhook.disabled_at.is_none()) {
            return;
        }
        let disabling = self.app.change_webhook(Actor::Server, None, webhook, None, None, Some(false));
        if disabling.await.is_ok() {
            tracing::warn!(%webhook, "a webhook is disabled: its receiver says that it is gone");
        }
    }
}
