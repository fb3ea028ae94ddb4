//! The contract of a store, whatever it is: what it answers is what the ledger says, and what it answered is there
//! when it is opened again.

mod belongings;
mod commands;
pub(crate) mod copied;
mod mixture;
mod moved;
mod prices;
mod tls;

use ledger::{
    AccountId, Action, Actor, Amount, Command, HoldEnd, LineId, OnExpiry, Once, Refusal, Timestamp, Token,
    TokenId, TokenScope,
};
use tollgate::store::{ExecuteError, OpenError, Options, Store, Time, replay};

use self::commands::at_millis;
use crate::ground::Ground;
use crate::server::poll;

const OPERATOR: Actor = Actor::Operator(TokenId::ENVIRONMENT);

fn options(ground: &Ground) -> Options {
    let (id, scope) = (TokenId::ENVIRONMENT, TokenScope::Operator);
    let token = Token {
        id,
        scope,
        is_first: false,
        created_at: Timestamp::default(),
        revoked_at: None,
        limits: None,
    };
    Options {
        environment_token: Some((token, "hash".into())),
        lanes: 1,
        time: Time::OfCallers,
        ..Options::new(ground.store_url(), [7; 32])
    }
}

fn open(ground: &Ground) -> Store {
    Store::open(options(ground)).unwrap()
}

fn check(ground: &Ground) -> tollgate::store::Replay {
    replay(&ground.store_url(), &|_| true).unwrap()
}

/// The same commands, many at a time: the order is the store's, so only the sums and the replay can be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_decides_each_command_on_those_before_it() {
    let ground = Ground::new();
    let store = open(&ground);
    let (account, at) = (commands::opened(&store, 1, Amount::from_units(500)).await, at_millis(1_000));
    let charges = (0..1_000).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.execute(commands::charge(10_000 + n, account, 1), at).await.is_ok() })
    });
    let mut accepted = 0;
    for charge in charges.collect::<Vec<_>>() {
        accepted += usize::from(charge.await.unwrap());
    }
    assert_eq!(accepted, 500);
    let commits = store.figures().commits.load(std::sync::atomic::Ordering::Relaxed);
    assert!(commits < 400, "{commits} commits for 500 charges: nothing was gathered");
    store.close();
    check(&ground);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_remembered_over_a_restart_and_only_for_the_same_request() {
    let ground = Ground::new();
    let mut store = open(&ground);
    let account = commands::opened(&store, 1, Amount::from_units(500)).await;
    let keyed = |id, request| {
        let once = Once { key: "k".into(), request: Some([request; 32]), sealed: None };
        Command { once: Some(once), ..commands::charge(id, account, 5) }
    };
    let at = at_millis(1_000);
    let first = store.execute(keyed(100, 1), at).await.unwrap();
    for restart in [false, true] {
        if restart {
            store.close();
            drop(store);
            store = open(&ground);
        }
        let again = store.execute(keyed(101, 1), at).await.unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again, first);
        let other = store.execute(keyed(102, 2), at).await;
        assert!(matches!(other, Err(ExecuteError::Refused(Refusal::KeyReused))));
    }
    let balance =
        store.read(move |snapshot| snapshot.account(account)).await.unwrap().unwrap().standing.balance;
    assert_eq!(balance, Amount::from_units(-5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_shown_once_is_shown_again_under_its_key_and_pruned_with_it() {
    let ground = Ground::new();
    let store = open(&ground);
    let keyed = |id| {
        let once =
            Once { key: "open".into(), request: Some([1; 32]), sealed: Some([9; 40].as_slice().into()) };
        Command { once: Some(once), ..commands::open_primary(id, Amount::ZERO) }
    };
    store.execute(keyed(1), at_millis(1_000)).await.unwrap();
    store.close();
    drop(store);
    let store = open(&ground);
    let again = store.execute(keyed(2), at_millis(2_000)).await.unwrap();
    assert_eq!(again.once.as_ref().unwrap().sealed.as_deref(), Some([9; 40].as_slice()));
    store.close();
    assert_eq!(check(&ground).sealed, 1);
    drop(store);
    // Two days later the key is forgotten with it, though no other key has pushed it out: it opens another account.
    let store = open(&ground);
    let later = at_millis(2 * 24 * 60 * 60 * 1_000);
    let anew = store.execute(keyed(3), later).await.unwrap();
    assert_ne!(anew.id, again.id);
    let sealed = anew.once.as_ref().unwrap().sealed.clone();
    assert_eq!(sealed.as_deref(), Some([9; 40].as_slice()));
    // A file forgets with the write, a database when somebody looks after it.
    let sql = ground.sql();
    let kept = || sql.number("SELECT COUNT(*) FROM shown_once");
    poll(|| (kept() == 1).then_some(())).expect("only the new one is kept");
    drop(sql);
    store.close();
    assert_eq!(check(&ground).sealed, 1, "only the new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_outlives_a_restart_and_ends_once() {
    let ground = Ground::new();
    let store = open(&ground);
    let account = commands::opened(&store, 1, Amount::from_units(500)).await;
    let at = at_millis(1_000);
    let hold = |id, on_expiry| {
        let (amount, lasts_ms) = (Amount::from_units(100), 5_000);
        let action = Action::Hold { account, amount, lasts_ms, on_expiry, operation: None, reference: None };
        Command { id: LineId::from_bytes(commands::uuid(id)), by: OPERATOR, from: None, once: None, action }
    };
    let kept = store.execute(hold(10, OnExpiry::Capture), at).await.unwrap().id;
    let settled = store.execute(hold(11, OnExpiry::Release), at).await.unwrap().id;
    store.close();
    drop(store);
    let store = open(&ground);
    let command = |id, by, action| Command {
        id: LineId::from_bytes(commands::uuid(id)),
        by,
        from: None,
        once: None,
        action,
    };
    let settle = |id| {
        command(id, OPERATOR, Action::Settle { hold: settled, amount: Amount::from_units(30), force: false })
    };
    store.execute(settle(12), at).await.unwrap();
    let again = store.execute(settle(13), at).await.unwrap();
    assert_eq!(again.hold_record().unwrap().ending.unwrap().charged, Amount::from_units(30));
    let due = at_millis(6_000);
    assert_eq!(store.read(move |snapshot| snapshot.due_holds(due, 10)).await.unwrap(), [kept]);
    let expired =
        store.execute(command(14, Actor::Server, Action::Expire { hold: kept }), due).await.unwrap();
    assert_eq!(expired.hold_record().unwrap().ending.unwrap().how, HoldEnd::Captured);
    // Late: of the 100 that were captured, 40 were really used.
    let late = Action::Settle { hold: kept, amount: Amount::from_units(40), force: false };
    assert!(store.execute(command(15, OPERATOR, late), due).await.unwrap().late);
    let stands = store.read(move |snapshot| snapshot.account(account)).await.unwrap().unwrap().standing;
    assert_eq!((stands.balance, stands.held), (Amount::from_units(-70), Amount::ZERO));
    store.close();
    check(&ground);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_an_account_are_paged_newest_first_along_its_chain() {
    let ground = Ground::new();
    let store = open(&ground);
    let account = commands::opened(&store, 1, Amount::from_units(500)).await;
    let other = commands::opened(&store, 2, Amount::from_units(500)).await;
    for n in 0..60 {
        let account = if n % 3 == 0 { other } else { account };
        store.execute(commands::charge(100 + n, account, 1), at_millis(1_000)).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.read(move |snapshot| snapshot.lines_of(account, before, 7)).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.place);
        seen.extend(page.iter().map(|it| it.place));
    }
    assert_eq!(seen.len(), 41, "40 charges and the opening");
    assert!(seen.is_sorted_by(|a, b| a > b));
}

/// Its row is written once for the whole batch, whatever became of it there.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_assigned_a_plan_in_the_batch_that_opens_it_keeps_it() {
    let ground = Ground::new();
    let store = open(&ground);
    let at = at_millis(1_000);
    store.execute(commands::put_plan(1, "standard"), at).await.unwrap();
    // Handed in at once, so that most pairs are in one batch.
    let pairs = (10..210).flat_map(|n| {
        let opening = commands::open_primary(n, Amount::ZERO);
        [opening, commands::assign(1_000 + n, AccountId::from_bytes(commands::uuid(n)), "standard")]
    });
    let answers = futures_util::future::join_all(pairs.map(|it| store.execute(it, at))).await;
    assert!(answers.iter().all(Result::is_ok));
    store.close();
    check(&ground);
    drop(store);
    let store = open(&ground);
    for n in 10..210 {
        let account = AccountId::from_bytes(commands::uuid(n));
        let account = store.read(move |snapshot| snapshot.account(account)).await.unwrap().unwrap();
        assert_eq!(account.plan.as_deref(), Some("standard"), "account {n}");
    }
}

/// Their newest lines reach their rows late and by and by; nobody may notice.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_an_account_only_caused_are_found_at_once_and_after_a_restart() {
    const SUBACCOUNTS: u64 = 7;
    const CHARGES: u64 = 900;
    let ground = Ground::new();
    let mut store = open(&ground);
    let payer = commands::opened(&store, 1, Amount::from_units(1_000_000)).await;
    let mut sharing = Vec::new();
    for n in 0..SUBACCOUNTS {
        sharing.push(commands::opened_sharing(&store, 10 + n, payer).await);
    }
    for round in 1..=8 {
        let charges = (0..CHARGES).map(|n| {
            let (store, account) = (store.clone(), sharing[usize::try_from(n % SUBACCOUNTS).unwrap()]);
            let charge = commands::charge(round * 100_000 + n, account, 1);
            tokio::spawn(async move { store.execute(charge, at_millis(1_000)).await.unwrap() })
        });
        for charge in charges.collect::<Vec<_>>() {
            charge.await.unwrap();
        }
        if round % 3 == 0 {
            store.close();
            drop(store);
            check(&ground);
            store = open(&ground);
        }
        for (account, n) in sharing.iter().copied().zip(0..) {
            let expected = 1 + round * (CHARGES / SUBACCOUNTS + u64::from(n < CHARGES % SUBACCOUNTS));
            let lines = store.read(move |snapshot| snapshot.lines_of(account, None, 10_000)).await.unwrap();
            assert_eq!(lines.len(), usize::try_from(expected).unwrap(), "round {round}, subaccount {n}");
            assert!(lines.is_sorted_by(|a, b| a.place > b.place));
        }
    }
    // As a check of a live store finds it, before its writer has put everything in order.
    check(&ground);
}

/// Up to where all newest lines are in their rows is true after every commit, for any of them may be the last.
#[tokio::test(flavor = "multi_thread")]
async fn no_newest_line_is_left_behind_what_the_store_says() {
    let ground = Ground::new();
    let (store, at) = (open(&ground), at_millis(1_000));
    let mut sharing = Vec::new();
    for family in 1..=30 {
        let payer = commands::opened(&store, family * 100, Amount::from_units(1_000_000)).await;
        for n in 1..=8 {
            sharing.push(commands::opened_sharing(&store, family * 100 + n, payer).await);
        }
    }
    let mut charges = (10_000..).zip(sharing.iter().cycle()).map(|(id, it)| commands::charge(id, *it, 1));
    for _ in 0..12 {
        for many in [1_000, 1, 1] {
            let charges = charges.by_ref().take(many).collect();
            let answers = store.execute_many(charges, at).await.unwrap();
            assert!(answers.iter().all(Result::is_ok));
            check(&ground);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_one_process() {
    let ground = Ground::file();
    let store = open(&ground);
    assert!(matches!(Store::open(options(&ground)), Err(OpenError::InUse(_))));
    store.close();
    drop(store);
    open(&ground);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_has_one_key() {
    let ground = Ground::new();
    open(&ground).close();
    let other_key = Options { key_mark: [8; 32], ..options(&ground) };
    assert!(matches!(Store::open(other_key), Err(OpenError::WrongKey(_))));
    open(&ground);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_refused_and_leaves_no_line() {
    let ground = Ground::new();
    let store = open(&ground);
    let unknown = AccountId::from_bytes(commands::uuid(77));
    let answer = store.execute(commands::charge(1, unknown, 1), at_millis(1)).await;
    assert!(matches!(answer, Err(ExecuteError::Refused(Refusal::AccountNotFound(_)))));
    store.close();
    assert_eq!(check(&ground).lines, 0);
}
