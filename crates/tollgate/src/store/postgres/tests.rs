//! The store in PostgreSQL, asked as the door asks it.

use ledger::{
    AccountId, Action, Actor, Alerts, Amount, BalanceMode, Command, LineId, Once, Refusal, Status, Timestamp,
};

use super::test_cluster;
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
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while ask(&url, counted).await.unwrap() != 2 {
        assert!(std::time::Instant::now() < deadline, "nobody has counted it");
        tokio::task::yield_now().await;
    }
    let since = "SELECT COUNT(*) AS count FROM lanes WHERE lane = 0 AND since > 0 AND died_at IS NOT NULL";
    assert_eq!(ask(&url, since).await.unwrap(), 1);
    store.close();
    assert_eq!(ask(&url, counted).await.unwrap(), 2, "and once");
}
