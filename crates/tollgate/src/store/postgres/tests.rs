//! The store in PostgreSQL, asked as the door asks it.

use std::time::{Duration, Instant};

use ledger::{
    AccountId, Action, Actor, Alerts, Amount, BalanceMode, Command, LineId, Once, Refusal, Status, Timestamp,
};

use super::heard::IN_FORCE_WITHIN;
use super::test_cluster;
use super::turn::LASTS;
use crate::random::Random;
use crate::store::{ExecuteError, Options, Store, StoreUrl};

const AT: Timestamp = Timestamp::from_millis(1_763_760_000_000);

pub(super) fn open(url: &str, lanes: usize) -> Store {
    let options =
        Options { lanes, connections: 4, ..Options::new(StoreUrl::Postgres(url.parse().unwrap()), [7; 32]) };
    Store::open(options).unwrap()
}

pub(super) fn command(action: Action, key: Option<&str>) -> Command {
    let once = key.map(|it| Once { key: it.into(), request: None, sealed: None });
    let id = LineId::from_bytes(Random::System.uuid(AT));
    Command { id, by: Actor::Server, from: None, once, action }
}

pub(super) fn opening(account: AccountId, parent: Option<AccountId>, mode: BalanceMode) -> Action {
    Action::OpenAccount {
        account,
        parent,
        api_key: Random::System.api_key(),
        auth_id: Random::System.auth_id(parent.is_none()).unwrap(),
        name: "one".into(),
        currency: parent.is_none().then(|| "EUR".parse().unwrap()),
        credit_limit: Amount::ZERO,
        mode,
        status: Status::Active,
        alerts: Alerts::default(),
        credentials: Vec::new(),
        subaccounts_max: None,
        caps: None,
    }
}

pub(super) fn charge(account: AccountId) -> Action {
    let amount = Amount::parse("0.01").unwrap();
    Action::Charge {
        account,
        amount,
        operation: Some("sms".into()),
        units: None,
        reference: None,
        force: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_charges_from_two_nodes_take_what_is_there_and_no_more() {
    let url = tokio::task::spawn_blocking(test_cluster::database).await.unwrap();
    let [one, other] = [open(&url, 2), open(&url, 2)];
    let primary = AccountId::from_bytes(Random::System.uuid(AT));
    let sub = AccountId::from_bytes(Random::System.uuid(AT));
    one.execute(command(opening(primary, None, BalanceMode::Own), None), AT).await.unwrap();
    one.execute(command(opening(sub, Some(primary), BalanceMode::Shared), None), AT).await.unwrap();
    let pay = Action::Pay { account: primary, amount: Amount::parse("5").unwrap(), reference: None };
    other.execute(command(pay, Some("pay")), AT).await.unwrap();
    let calls = (0..1_000).map(|nth| {
        let store = if nth % 2 == 0 { one.clone() } else { other.clone() };
        let account = if nth % 3 == 0 { primary } else { sub };
        tokio::spawn(async move { store.execute(command(charge(account), Some(&nth.to_string())), AT).await })
    });
    let (mut taken, mut refused) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => taken += 1,
            Err(ExecuteError::Refused(Refusal::InsufficientFunds { .. })) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((taken, refused), (500, 500));
    let account = one.read(move |it| it.account(primary)).await.unwrap().unwrap();
    assert_eq!(account.standing.balance, Amount::ZERO);
    let lines = one.read(move |it| it.lines_of(primary, None, 2_000)).await.unwrap();
    assert_eq!(lines.len(), 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lane_wrote_that_lives_no_more_is_counted_by_others_once() {
    let url = tokio::task::spawn_blocking(test_cluster::database).await.unwrap();
    let store = open(&url, 1);
    let primary = AccountId::from_bytes(Random::System.uuid(AT));
    store.execute(command(opening(primary, None, BalanceMode::Own), None), AT).await.unwrap();
    let pay = Action::Pay { account: primary, amount: Amount::parse("5").unwrap(), reference: None };
    store.execute(command(pay, None), AT).await.unwrap();
    store.execute(command(charge(primary), None), AT).await.unwrap();
    store.close();
    drop(store);
    // As if it had been killed before it counted anything.
    let ask = move |url: &str, text: &'static str| {
        let url = url.to_owned();
        tokio::task::spawn_blocking(move || {
            let count = |row: crate::store::sql::Row<'_>| row.get::<i64>("count");
            test_cluster::connect(&url).row(text, &[], count).unwrap().unwrap_or(-1)
        })
    };
    let dead = "WITH gone AS (DELETE FROM usage RETURNING 1), lane AS (INSERT INTO lanes (owner, lane, batch, since, node)
         VALUES (gen_random_uuid(), 0, 0, 0, 'gone') RETURNING 1) SELECT COUNT(*) AS count FROM lane";
    assert_eq!(ask(&url, dead).await.unwrap(), 1);
    let store = open(&url, 1);
    let counted = "SELECT CAST(COALESCE(SUM(lines), 0) AS bigint) AS count FROM usage";
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(&url, counted).await.unwrap() != 2 {
        assert!(Instant::now() < deadline, "nobody has counted it");
        tokio::task::yield_now().await;
    }
    let since = "SELECT COUNT(*) AS count FROM lanes WHERE lane = 0 AND since > 0 AND died_at IS NOT NULL";
    assert_eq!(ask(&url, since).await.unwrap(), 1);
    store.close();
    assert_eq!(ask(&url, counted).await.unwrap(), 2, "and once");
}

/// On a thread where it may be waited for.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(ask).await.unwrap()
}

async fn make_token(store: &Store, verifier: &str) -> ledger::TokenId {
    let token = ledger::TokenId::from_bytes(Random::System.uuid(AT));
    let proof = ledger::Proof { verifier: verifier.into(), sealed: None };
    let scope = ledger::TokenScope::Operator;
    store.execute(command(Action::MakeToken { token, scope, proof, limits: None }, None), AT).await.unwrap();
    token
}

/// The pulse stands still for as long as somebody has the table that it reads; what it would have heard is asked for then.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_let_in_no_longer_than_a_second_though_the_pulse_stands_still() {
    let url = blocking(test_cluster::database).await;
    let [one, other] = [open(&url, 1), open(&url, 1)];
    let token = make_token(&one, "one").await;
    let made_at = Instant::now();
    while other.token("one").await.unwrap().is_none() {
        assert!(made_at.elapsed() < IN_FORCE_WITHIN);
        tokio::task::yield_now().await;
    }
    let blocker = blocking(move || {
        let connection = test_cluster::connect(&url);
        connection.batch("BEGIN; LOCK TABLE event_head IN ACCESS EXCLUSIVE MODE").unwrap();
        connection
    })
    .await;
    one.execute(command(Action::RevokeToken { token }, None), AT).await.unwrap();
    let revoked_at = Instant::now();
    assert!(one.token("one").await.unwrap().is_none(), "here it is so at once");
    loop {
        let asked_at = Instant::now();
        if other.token("one").await.unwrap().is_none() {
            break;
        }
        assert!(asked_at < revoked_at + IN_FORCE_WITHIN, "it is let in after {:?}", revoked_at.elapsed());
        tokio::task::yield_now().await;
    }
    blocking(move || drop(blocker)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_not_heard_from_the_database_for_a_second_lets_nobody_in() {
    let url = blocking(test_cluster::database).await;
    let store = open(&url, 1);
    make_token(&store, "one").await;
    let name = url.rsplit('/').next().unwrap().to_owned();
    let administer = move |sql: String| blocking(move || test_cluster::connection().batch(&sql).unwrap());
    administer(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    administer(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        .await;
    let gone_at = Instant::now();
    loop {
        let asked_at = Instant::now();
        if store.token("one").await.is_err() {
            break;
        }
        assert!(asked_at < gone_at + IN_FORCE_WITHIN, "somebody is let in after {:?}", gone_at.elapsed());
        tokio::task::yield_now().await;
    }
    assert!(store.turn().is_none() || gone_at.elapsed() < LASTS, "nor does it send anything");
    administer(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    let begun = Instant::now();
    while store.token("one").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come back");
        tokio::task::yield_now().await;
    }
    while store.turn().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never has its turn again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_has_the_turn_and_the_next_one_when_it_is_given_back() {
    let url = blocking(test_cluster::database).await;
    let [one, other] = [open(&url, 1), open(&url, 1)];
    assert!(one.turn().is_some() && other.turn().is_none(), "who comes first has it");
    let pid = "SELECT COUNT(*) AS count FROM pg_locks, LATERAL pg_terminate_backend(pid)
         WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND classid::bigint << 32 | objid::bigint = 8390043843880645230";
    let deadline = Instant::now() + Duration::from_secs(20);
    one.close();
    let closed_at = Instant::now();
    while other.turn().is_none() {
        assert!(Instant::now() < deadline, "nobody takes it over");
        tokio::task::yield_now().await;
    }
    say_how_long("given back", closed_at);
    // Its connection is cut off: for a while it does not know, and then nobody has it until it is sure.
    let third = open(&url, 1);
    let turn = other.turn().unwrap();
    let at = url.clone();
    let cut = blocking(move || {
        let count = |row: crate::store::sql::Row<'_>| row.get::<i64>("count");
        test_cluster::connect(&at).row(pid, &[], count).unwrap()
    })
    .await;
    assert_eq!(cut, Some(1));
    let cut_at = Instant::now();
    loop {
        let (of_other, of_third) = (other.turn(), third.turn());
        assert!(of_other.is_none() || of_third.is_none(), "two have it");
        if of_third.is_some() || of_other.is_some_and(|it| it != turn) {
            break;
        }
        assert!(Instant::now() < deadline, "nobody takes it over");
        tokio::task::yield_now().await;
    }
    say_how_long("cut off", cut_at);
    assert!(cut_at.elapsed() > LASTS);
}

#[expect(clippy::print_stdout, reason = "the test harness catches what `println!` prints, and nothing else")]
fn say_how_long(what: &str, since: Instant) {
    println!("{what}: somebody has the turn again after {:?}", since.elapsed());
}
