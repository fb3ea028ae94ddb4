//! Random commands through the store, a handful at a time, and one by one through a book in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::join_all;
use ledger::{
    Account, AccountId, Book, Change, Command, CredentialId, Decision, Endpoint, EndpointId, Kind, Number,
    Outcome, PricePlan, Proof, Refusal, Status, Timestamp, Token, TokenId, TokenScope, decide,
};
use tollgate::store::{ExecuteError, NumberFilter, Owners, Result as Read, Slice, Snapshot, Store};
use tollgate::windows;

use super::commands::{Commands, ZONES};
use super::{Ground, check, open};
use crate::server::{Random, long};

const ALL: Slice = Slice { offset: 0, limit: usize::MAX };
/// After everything that the tests set a time to.
const LATER: Timestamp = Timestamp::from_millis(i64::MAX);

/// What the store must be found to be, whatever was asked of it.
#[derive(Default)]
pub(super) struct Oracle {
    pub(super) book: Book,
    /// Of the endpoints and credentials that there are.
    passwords: HashMap<EndpointId, Arc<[u8]>>,
    proofs: HashMap<CredentialId, Proof>,
    /// Every version.
    plans: BTreeMap<(Arc<str>, u32), PricePlan>,
    accepted: BTreeMap<String, usize>,
    refused: usize,
    tried: usize,
}

pub(super) enum Answer {
    Done(Result<Outcome, ExecuteError>),
    Tried(Result<Box<Decision>, ExecuteError>),
}

/// Every answer, every account and everything that accounts own must be the same, also after the store was closed and
/// opened again; what was only tried out must have changed nothing and have seen what came before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_says_what_the_ledger_says() {
    let mut random = Random::for_test("store");
    let ground = Ground::new();
    let (mut store, mut oracle) = (open(&ground), Oracle::new());
    let mut commands = Commands::new(random.fork());
    let (most, least) = if long() { (80_000, 10_000) } else { (40_000, 4_000) };
    let mut asked = 0;
    // However unlucky the seed, as many of each as make the comparison worth something.
    for round in 1.. {
        if oracle.has_seen_enough(least) {
            break;
        }
        assert!(asked < most, "{:?}, refused {}: no mixture", oracle.accepted, oracle.refused);
        // As many as one thread hands in before the writer has taken them all.
        let group: Vec<_> = (0..=random.within(0..24))
            .map(|_| (commands.next(&oracle.book), random.within(0..10) == 0))
            .collect();
        asked += group.len();
        let answers = join_all(group.iter().cloned().map(|it| ask(&store, it))).await;
        for (((command, at), _), answer) in group.into_iter().zip(answers) {
            match answer {
                Answer::Done(answer) => {
                    if let Some(decision) = oracle.done(command, at, answer) {
                        commands.remember(&decision);
                    }
                }
                Answer::Tried(answer) => oracle.tried(command, at, answer),
            }
        }
        if round % 20 == 0 {
            oracle.assert_is_in(&store);
        }
        if round % 50 == 0 {
            store.close();
            drop(store);
            check(&ground);
            store = open(&ground);
            oracle.assert_is_in(&store);
        }
    }
    oracle.assert_is_in(&store);
    store.close();
    assert_eq!(check(&ground).accounts, oracle.book.accounts().count());
    drop(store);
    oracle.assert_is_in(&open(&ground));
}

/// What came of a command that was meant.
pub(super) fn kept(answer: Answer) -> Result<Outcome, ExecuteError> {
    match answer {
        Answer::Done(answer) => answer,
        Answer::Tried(_) => panic!("it was only tried out"),
    }
}

pub(super) async fn ask(store: &Store, ((command, at), is_tried): ((Command, Timestamp), bool)) -> Answer {
    if is_tried {
        Answer::Tried(store.try_out(command, at).await.map(Box::new))
    } else {
        Answer::Done(store.execute(command, at).await)
    }
}

impl Oracle {
    pub(super) fn new() -> Self {
        let mut book = Book::default();
        let (id, scope) = (TokenId::ENVIRONMENT, TokenScope::Operator);
        let (created_at, revoked_at) = (Timestamp::default(), None);
        book.bring(Change::TokenRevoked(Token {
            id,
            scope,
            is_first: false,
            created_at,
            revoked_at,
            limits: None,
        }));
        Self { book, ..Self::default() }
    }

    /// Many of each answer, and of each kind of line at least some.
    fn has_seen_enough(&self, least: usize) -> bool {
        const KINDS: [Kind; 30] = [
            Kind::Open,
            Kind::Change,
            Kind::Close,
            Kind::Payment,
            Kind::BalanceTransfer,
            Kind::CreditTransfer,
            Kind::Charge,
            Kind::Reversal,
            Kind::Hold,
            Kind::Extend,
            Kind::Settle,
            Kind::Release,
            Kind::Expiry,
            Kind::NumberGiven,
            Kind::NumberTransfer,
            Kind::NumberAdded,
            Kind::NumberWithdrawn,
            Kind::NumberRented,
            Kind::NumberUnrented,
            Kind::NumberChanged,
            Kind::ApplicationMade,
            Kind::ApplicationChanged,
            Kind::ApplicationDeleted,
            Kind::EndpointMade,
            Kind::EndpointChanged,
            Kind::EndpointDeleted,
            Kind::PlanPut,
            Kind::CredentialAdded,
            Kind::CredentialChanged,
            Kind::CredentialRevoked,
        ];
        let seen = |kind: &Kind| self.accepted.get(&format!("{kind:?}")).copied().unwrap_or(0);
        KINDS.iter().map(seen).sum::<usize>() >= least
            && KINDS.iter().all(|it| seen(it) >= 4)
            && ["priced Charge", "priced Hold", "capped"].iter().all(|it| self.accepted.get(*it) >= Some(&4))
            && self.refused >= least / 2
            && self.tried >= least / 20
    }

    /// Holds what was carried out against what the ledger says, and applies it.
    pub(super) fn done(
        &mut self,
        mut command: Command,
        at: Timestamp,
        answer: Result<Outcome, ExecuteError>,
    ) -> Option<Decision> {
        if let Ok(outcome) = &answer {
            // The id of its line is the store's to make; for a repeat it is the first one's.
            command.id = outcome.id;
        }
        self.bring_windows(at);
        match decide(&self.book, &command, at) {
            Ok(decision) => {
                let outcome = answer.unwrap_or_else(|it| panic!("{command:?}: {it:?}"));
                assert_eq!(*outcome, *decision.outcome, "{command:?}");
                self.apply(&decision);
                Some(decision)
            }
            Err(refusal) => {
                self.refused += 1;
                if matches!(refusal, Refusal::CapReached(_)) {
                    *self.accepted.entry("capped".to_owned()).or_default() += 1;
                }
                assert_refused(answer.err(), &refusal, &command);
                None
            }
        }
    }

    fn bring_windows(&mut self, at: Timestamp) {
        for zone in ZONES {
            self.book.bring_windows(zone.into(), windows::of(zone, at).unwrap());
        }
    }

    /// The same of one that was only tried out, of which nothing is applied.
    fn tried(&mut self, mut command: Command, at: Timestamp, answer: Result<Box<Decision>, ExecuteError>) {
        self.tried += 1;
        if let Ok(decision) = &answer {
            command.id = decision.outcome.id;
        }
        self.bring_windows(at);
        match decide(&self.book, &command, at) {
            Ok(decision) => {
                assert_eq!(
                    *answer.unwrap_or_else(|it| panic!("{command:?}: {it:?}")),
                    decision,
                    "{command:?}"
                );
            }
            Err(refusal) => assert_refused(answer.err(), &refusal, &command),
        }
    }

    fn apply(&mut self, decision: &Decision) {
        for line in &decision.lines {
            *self.accepted.entry(format!("{:?}", line.kind)).or_default() += 1;
            if line.price.is_some() {
                *self.accepted.entry(format!("priced {:?}", line.kind)).or_default() += 1;
            }
        }
        for change in &decision.changes {
            if let Change::Endpoint { endpoint, password: Some(password) } = change {
                self.passwords.insert(endpoint.id, password.clone());
            }
            if let Change::CredentialAdded { credential, .. } = change {
                self.proofs.insert(credential.id, credential.proof.clone());
            }
            if let Change::Plan(plan) = change {
                self.plans.insert((plan.name.clone(), plan.version), PricePlan::clone(plan));
            }
        }
        self.book.apply(decision);
    }

    /// Everything as the store's readers find it, one by one and in lists.
    pub(super) fn assert_is_in(&self, store: &Store) {
        store
            .read_now(|snapshot| {
                for account in self.book.accounts() {
                    assert_eq!(snapshot.account(account.id)?.as_ref(), Some(account));
                    self.assert_credentials(snapshot, account)?;
                    self.assert_owned(snapshot, Owners::Account(account.id), |it| it == Some(account.id))?;
                    if account.is_primary() {
                        let is_its = |it: &Account| it.primary() == account.id;
                        let of_family = |it| self.book.account(it).is_some_and(is_its);
                        self.assert_owned(snapshot, Owners::Family(account.id), |it| {
                            it.is_some_and(of_family)
                        })?;
                        self.assert_subaccounts(snapshot, account.id)?;
                    }
                }
                self.assert_owned(snapshot, Owners::All, |_| true)?;
                let stock = snapshot.numbers(Owners::Stock, &NumberFilter::default(), ALL)?.rows;
                let stocked = self.numbers(|it| it.owner.is_none());
                assert_eq!(stock.iter().collect::<Vec<_>>(), stocked);
                for application in self.book.applications() {
                    let answered =
                        NumberFilter { application: Some(application.id), ..NumberFilter::default() };
                    let answered = snapshot.numbers(Owners::All, &answered, ALL)?.rows;
                    assert_eq!(sorted(&answered), self.book.numbers_answered_by(application.id));
                    assert_eq!(snapshot.application(application.id)?.as_ref(), Some(application));
                }
                for ((name, version), plan) in &self.plans {
                    assert_eq!(snapshot.price_plan(name, Some(*version))?.as_ref(), Some(plan));
                }
                let newest: BTreeMap<_, _> = self.plans.iter().map(|(key, it)| (&key.0, it)).collect();
                assert!(snapshot.price_plans()?.iter().eq(newest.into_values()));
                let due: BTreeSet<_> = snapshot.due_holds(LATER, usize::MAX)?.into_iter().collect();
                let open: BTreeSet<_> = self.book.holds().filter(|it| it.is_open()).map(|it| it.id).collect();
                assert_eq!(due, open);
                let due: BTreeSet<_> = snapshot.due_credentials(LATER, usize::MAX)?.into_iter().collect();
                let ending = self.book.accounts().flat_map(|account| {
                    let ending = account.credentials.iter().filter(|it| it.expires_at.is_some());
                    ending.map(|it| (account.id, it.id))
                });
                assert_eq!(due, ending.collect());
                Ok(())
            })
            .unwrap();
    }

    fn assert_credentials(&self, snapshot: &Snapshot<'_>, account: &Account) -> Read<()> {
        let stored = snapshot.credentials(account.id)?;
        assert_eq!(stored.iter().map(|it| it.credential.clone()).collect::<Vec<_>>(), *account.credentials);
        for credential in stored {
            let proof = &self.proofs[&credential.credential.id];
            assert_eq!(credential.verifier, *proof.verifier);
            assert_eq!(credential.sealed.as_deref(), proof.sealed.as_deref());
        }
        Ok(())
    }

    fn assert_subaccounts(&self, snapshot: &Snapshot<'_>, primary: AccountId) -> Read<()> {
        let is_its = |it: &&Account| it.parent == Some(primary) && it.status != Status::Closed;
        let expected: BTreeSet<_> = self.book.accounts().filter(is_its).map(|it| it.id).collect();
        let oldest: Vec<_> = snapshot.subaccounts(primary)?.iter().map(|it| it.id).collect();
        let newest = snapshot.newest_subaccounts(primary, ALL)?;
        assert!(expected.iter().eq(&oldest));
        assert!(newest.rows.iter().map(|it| &it.id).eq(oldest.iter().rev()));
        assert_eq!(newest.total, oldest.len());
        Ok(())
    }

    /// The lists of what some accounts own.
    fn assert_owned(
        &self,
        snapshot: &Snapshot<'_>,
        owners: Owners,
        is_owner: impl Fn(Option<AccountId>) -> bool,
    ) -> Read<()> {
        let filter = NumberFilter::default();
        let numbers = snapshot.numbers(owners, &filter, ALL)?;
        let expected = self.numbers(|it| is_owner(it.owner));
        assert_eq!((sorted(&numbers.rows), numbers.total), (expected.clone(), expected.len()));
        let all = snapshot.all_numbers(owners, &filter, 0, usize::MAX)?;
        let all: Vec<_> = all.into_iter().map(|it| it.1).collect();
        assert_eq!(sorted(&all), expected);

        let mut applications = snapshot.applications(owners, None, ALL)?;
        let mut expected: Vec<_> =
            self.book.applications().filter(|it| is_owner(Some(it.owner))).cloned().collect();
        applications.rows.sort_by_key(|it| it.id);
        expected.sort_by_key(|it| it.id);
        assert_eq!((&applications.rows, applications.total), (&expected, expected.len()));

        let mut endpoints = snapshot.endpoints(owners, ALL)?;
        let with_password = |it: &Endpoint| (it.clone(), self.passwords[&it.id].to_vec());
        let mut expected: Vec<_> =
            self.book.endpoints().filter(|it| is_owner(Some(it.owner))).map(with_password).collect();
        endpoints.rows.sort_by_key(|it| it.0.id);
        expected.sort_by_key(|it| it.0.id);
        assert_eq!((&endpoints.rows, endpoints.total), (&expected, expected.len()));
        Ok(())
    }

    fn numbers(&self, fits: impl Fn(&Number) -> bool) -> Vec<&Number> {
        let mut numbers: Vec<_> = self.book.numbers().filter(|it| fits(it)).collect();
        numbers.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
        numbers
    }
}

fn sorted(numbers: &[Number]) -> Vec<&Number> {
    let mut numbers: Vec<_> = numbers.iter().collect();
    numbers.sort_by(|a, b| (a.country, &a.msisdn).cmp(&(b.country, &b.msisdn)));
    numbers
}

fn assert_refused(error: Option<ExecuteError>, refusal: &Refusal, command: &Command) {
    let is_it = matches!(&error, Some(ExecuteError::Refused(it)) if it == refusal);
    assert!(is_it, "{command:?} is refused by the ledger with {refusal:?}, and the store said {error:?}");
}
