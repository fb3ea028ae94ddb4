//! A batch: commands decided one after the other, each on what those before it have left, for an engine to write at once.
//!
//! Nothing here knows of a database. What a command reads is brought by `bring` and `bring_owned` from the engine's
//! [`Source`]; what the ledger makes of it is gathered in [`Pending`].

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use ledger::{
    ApplicationId, Book, Change, Command, Decision, EndpointId, IdSet, LineId, Outcome, Timestamp, WebhookId,
    decide, laws,
};

use super::bring::Bringing;
use super::pending::{Pending, Places};
use super::queue::Answer;
use super::source::{Known, Source};
use super::touched::Extent;
use super::{ExecuteError, Place};
use crate::windows::Calendar;

/// The commands of a batch, as they are decided. `K` is the hash of a key within its scope.
pub(super) struct Batch<K> {
    /// The working copy: what the commands read, and what they have changed so far.
    pub(super) book: Book,
    pub(super) brought: Brought<K>,
    pub(super) calendar: Calendar,
    pub(super) pending: Pending<K>,
}

/// What a batch has read, so that it is not read again over what the batch itself has changed.
pub(super) struct Brought<K> {
    /// What the batch itself has bound keys to, by their hash.
    pub(super) keys: HashMap<K, Outcome, BuildHasherDefault<Unhashed>>,
    pub(super) numbers: HashSet<Arc<str>>,
    pub(super) charges: HashSet<LineId>,
    pub(super) applications: IdSet<ApplicationId>,
    pub(super) endpoints: IdSet<EndpointId>,
    /// Those that the batch has deleted, so that they do not come back from the source.
    pub(super) webhooks: IdSet<WebhookId>,
}

/// Why a command was not decided.
enum Undecided<F> {
    /// What it reads could not be brought.
    Fault(F),
    Error(ExecuteError),
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        let brought = Brought {
            keys: HashMap::default(),
            numbers: HashSet::default(),
            charges: HashSet::default(),
            applications: IdSet::default(),
            endpoints: IdSet::default(),
            webhooks: IdSet::default(),
        };
        Self { book: Book::default(), brought, calendar: Calendar::default(), pending: Pending::default() }
    }
}

impl<K: Copy + Eq + Hash> Batch<K> {
    /// Begins a batch of about so many commands, whose lines will stand at these places.
    ///
    /// With `keeps_accounts` the book's accounts are as the store has them, which only an engine knows that writes alone.
    pub(super) fn begin(&mut self, places: Places, commands: usize, keeps_accounts: bool) {
        if keeps_accounts {
            self.book.clear_but_accounts();
        } else {
            self.book.clear();
        }
        self.brought.clear();
        self.pending = Pending::with_room(places, commands);
    }

    /// Lets go of the lines that answers hold as well.
    pub(super) fn end(&mut self) {
        self.brought.clear();
    }

    /// Brings what a command reads, which is what [`Batch::carry_out`] does first; but for its key, whose scope may follow
    /// from what is brought.
    pub(super) fn bring<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), S::Fault> {
        Bringing::new(self, source, now).bring(command)
    }

    /// Decides a command and gathers what it changes.
    ///
    /// `known` is of its key, where the engine has looked it up before.
    pub(super) fn carry_out<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        known: Option<Known<K>>,
        now: Timestamp,
    ) -> Result<Answer, S::Fault> {
        let (decision, key) = match self.decide(source, command, known, now) {
            Ok(decided) => decided,
            Err(Undecided::Error(error)) => return Ok(Err(error)),
            Err(Undecided::Fault(fault)) => return Err(fault),
        };
        Ok(Ok(self.gather(decision, key)))
    }

    /// Decides a command as if it were carried out now, and gathers nothing of it.
    pub(super) fn try_out<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        now: Timestamp,
    ) -> Result<Result<Decision, ExecuteError>, S::Fault> {
        match self.decide(source, command, None, now) {
            Ok((decision, _)) => Ok(Ok(decision)),
            Err(Undecided::Error(error)) => Ok(Err(error)),
            Err(Undecided::Fault(fault)) => Err(fault),
        }
    }

    /// What comes of a command, and the hash of its key.
    fn decide<S: Source<Key = K>>(
        &mut self,
        source: &mut S,
        command: &Command,
        known: Option<Known<K>>,
        now: Timestamp,
    ) -> Result<(Decision, Option<K>), Undecided<S::Fault>> {
        let mut bringing = Bringing::new(self, source, now);
        bringing.bring(command).map_err(Undecided::Fault)?;
        let key = bringing.bring_key(command, known).map_err(Undecided::Fault)?;
        let decision = decide(&self.book, command, now)
            .map_err(|refusal| Undecided::Error(ExecuteError::Refused(refusal)))?;
        if let Err(broken) = laws::prove(&self.book, &decision) {
            tracing::error!(?broken, ?command, "a decision breaks a law of the ledger; it is not applied");
            return Err(Undecided::Error(ExecuteError::Broken));
        }
        Ok((decision, key))
    }

    /// Makes a decision true in the book, and keeps what of it is to be written.
    fn gather(&mut self, decision: Decision, key: Option<K>) -> Outcome {
        let Decision { changes, lines, outcome, remembered, events } = decision;
        let pending = &mut self.pending;
        let first = pending.lines.len();
        pending.events.extend(events.into_iter().map(|it| (first + it.line, it)));
        // This is what [`Book::apply`] does, less what nobody looks at again.
        for change in changes {
            if let Change::Account(account) = &change {
                pending.accounts.change(account.id, Extent::Anything);
            } else if let Change::Standing { account, .. } = &change {
                pending.accounts.change(*account, Extent::Standing);
            } else if !matches!(change, Change::Charge(_)) {
                pending.changes.push(change.clone());
            }
            if let Change::WebhookGone(id) = &change {
                self.brought.webhooks.insert(*id);
            }
            self.book.bring(change);
        }
        pending.lines.extend(lines);
        if let (Some(remembered), Some(hash)) = (remembered, key) {
            // The line that answers is the last that a command writes.
            pending.keyed.push((hash, pending.lines.len().saturating_sub(1)));
            // All of it: what a restricted key is answered may be less.
            self.brought.keys.insert(hash, remembered.outcome);
        }
        outcome
    }

    /// Where the next line will stand.
    pub(super) fn next_place(&self) -> Place {
        self.pending.next_place()
    }
}

impl<K> Brought<K> {
    fn clear(&mut self) {
        self.keys.clear();
        self.numbers.clear();
        self.charges.clear();
        self.applications.clear();
        self.endpoints.clear();
        self.webhooks.clear();
    }
}

/// Of keys that are hashes already.
#[derive(Default)]
pub(super) struct Unhashed(u64);

impl Hasher for Unhashed {
    fn finish(&self) -> u64 {
        // The map takes its control bits from the top, which are alike within a shard.
        self.0.rotate_left(12)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use ledger::{
        Account, AccountId, Action, Actor, Alerts, Amount, ApiKey, AuthId, BalanceMode, Currency, Hold,
        Level, Once, PricePlan, Scope, Settings, Standing, Status, Token, TokenId, TokenScope, Webhook,
    };

    use super::*;
    use crate::store::sql::{Fault, Reader};
    use crate::store::{Ids, Snapshot};

    const GATE: TokenId = TokenId::from_bytes([9; 16]);
    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
    const NOW: Timestamp = Timestamp::from_millis(1_000);

    /// A source that brings its account only once it was locked.
    struct Locking {
        account: Account,
        token: Token,
        is_locked: bool,
        keys_asked: Cell<usize>,
        database: rusqlite::Connection,
    }

    #[derive(Debug, PartialEq, Eq)]
    enum Why {
        Unlocked(AccountId),
        Other,
    }

    impl From<Fault> for Why {
        fn from(_: Fault) -> Self {
            Self::Other
        }
    }

    impl Source for Locking {
        type Key = [u8; 16];
        type Fault = Why;

        fn snapshot(&self) -> Snapshot<'_> {
            Snapshot::new(Reader::Sqlite(&self.database), None, Ids::of(&[0; 32]))
        }

        fn account(&mut self, id: AccountId) -> Result<Option<&Account>, Why> {
            match () {
                () if id != self.account.id => Ok(None),
                () if !self.is_locked => Err(Why::Unlocked(id)),
                () => Ok(Some(&self.account)),
            }
        }

        fn token(&mut self, id: TokenId) -> Result<Option<&Token>, Why> {
            Ok(Some(&self.token).filter(|it| it.id == id))
        }

        fn plans(&mut self) -> Result<impl Iterator<Item = &Arc<PricePlan>>, Why> {
            Ok([].iter())
        }

        fn plan(&mut self, _: &str) -> Result<Option<&Arc<PricePlan>>, Why> {
            Ok(None)
        }

        fn default_plan(&mut self, _: Currency) -> Result<Option<&Arc<PricePlan>>, Why> {
            Ok(None)
        }

        fn webhook(&mut self, _: WebhookId) -> Result<Option<&Webhook>, Why> {
            Ok(None)
        }

        fn webhooks_of(&mut self, _: Option<AccountId>) -> Result<Vec<WebhookId>, Why> {
            Ok(Vec::new())
        }

        fn hold(&mut self, _: LineId) -> Result<Option<Hold>, Why> {
            Ok(None)
        }

        fn key(&mut self, _: &Scope, key: &str) -> Result<Known<[u8; 16]>, Why> {
            self.keys_asked.update(|it| it + 1);
            Ok(Known { hash: [key.as_bytes()[0]; 16], place: None })
        }
    }

    fn source() -> Locking {
        Locking {
            account: Account {
                id: ACCOUNT,
                parent: None,
                api_key: ApiKey::from_number(1),
                auth_id: "MA000000000000000001".parse::<AuthId>().unwrap(),
                name: "Acme".into(),
                currency: "EUR".parse().unwrap(),
                mode: BalanceMode::Own,
                standing: Standing::of_balance(Amount::from_units(100)),
                status: Status::Active,
                created_at: Timestamp::default(),
                changed_at: None,
                settings: Settings::default(),
                plan: None,
                caps: None,
                alerts: Alerts::default(),
                level: Level::Fine,
                credentials: Arc::from([]),
                subaccounts: 0,
            },
            token: Token {
                id: GATE,
                scope: TokenScope::Gate { may_force: false },
                is_first: false,
                created_at: Timestamp::default(),
                revoked_at: None,
                limits: None,
            },
            is_locked: false,
            keys_asked: Cell::new(0),
            database: rusqlite::Connection::open_in_memory().unwrap(),
        }
    }

    fn charge(nth: u8, key: &str) -> Command {
        Command {
            id: LineId::from_bytes([nth; 16]),
            by: Actor::Gate(GATE),
            from: None,
            once: Some(Once { key: key.into(), request: None, sealed: None }),
            action: Action::Charge {
                account: ACCOUNT,
                amount: Amount::from_units(30),
                operation: None,
                units: None,
                reference: None,
                force: false,
            },
        }
    }

    #[test]
    fn a_fault_of_the_source_is_given_back_and_nothing_gathered() {
        let (mut batch, mut source) = (Batch::default(), source());
        batch.begin(Places { first: Place::Seq(512) }, 1, false);
        assert_eq!(batch.bring(&mut source, &charge(1, "a"), NOW), Err(Why::Unlocked(ACCOUNT)));
        let answer = batch.carry_out(&mut source, &charge(1, "a"), None, NOW);
        assert_eq!(answer.unwrap_err(), Why::Unlocked(ACCOUNT));
        assert!(batch.pending.lines.is_empty() && batch.pending.accounts.changed().is_empty());
        assert_eq!(source.keys_asked.get(), 0);
    }

    #[test]
    fn lines_stand_where_the_engine_says_and_a_repeat_adds_none() {
        let (mut batch, mut source) = (Batch::default(), source());
        source.is_locked = true;
        batch.begin(Places { first: Place::Seq(512) }, 4, false);
        let trial = batch.try_out(&mut source, &charge(1, "a"), NOW).unwrap();
        assert_eq!(trial.unwrap().lines.len(), 1);
        assert_eq!(batch.next_place(), Place::Seq(512), "what was tried out is not there");
        let first = batch.carry_out(&mut source, &charge(1, "a"), None, NOW).unwrap().unwrap();
        assert_eq!(batch.next_place(), Place::Seq(513));
        let repeat = batch.carry_out(&mut source, &charge(2, "a"), None, NOW).unwrap().unwrap();
        assert_eq!(repeat.id, first.id);
        let known = Known { hash: [b'b'; 16], place: None };
        batch.carry_out(&mut source, &charge(3, "b"), Some(known), NOW).unwrap().unwrap();
        assert_eq!(batch.pending.keyed, [([b'a'; 16], 0), ([b'b'; 16], 1)]);
        assert_eq!(batch.pending.lines.len(), 2);
        assert_eq!(batch.pending.accounts.changed(), [ACCOUNT]);
        assert_eq!(source.keys_asked.get(), 3, "a key that the engine has looked up is not asked for");
        batch.carry_out(&mut source, &charge(4, "c"), None, NOW).unwrap().unwrap();
        let refused = batch.carry_out(&mut source, &charge(5, "d"), None, NOW).unwrap();
        assert!(matches!(refused, Err(ExecuteError::Refused(_))), "only 10 of 100 are left");
        batch.begin(Places { first: Place::Seq(2_048) }, 1, false);
        let again = batch.carry_out(&mut source, &charge(1, "a"), None, NOW).unwrap().unwrap();
        assert_eq!((batch.pending.lines.len(), again.amount()), (1, Amount::from_units(30)));
    }
}
