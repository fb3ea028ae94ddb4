//! The delete of the Plivo dialect, in process, one of every shape.

use std::sync::Arc;

use axum::http::Method;
use ledger::{BalanceMode, Kind, Record};
use tollgate::app::Opened;
use tollgate::store::replay;

use super::{Doomed, SHAPES, Shape, id, rich, stands};
use crate::house::{Answer, Auth, House};

async fn delete(house: &House, doomed: &Doomed, in_body: bool) -> Answer {
    let primary = &doomed.primary;
    let auth = Auth::Basic(primary.account.auth_id.as_str(), &primary.auth_token);
    let cascade = doomed.shape.cascade;
    if in_body {
        house.call(Method::DELETE, &doomed.path(), auth, format!(r#"{{"cascade": {cascade}}}"#)).await
    } else {
        house.delete(&format!("{}?cascade={cascade}", doomed.path()), auth).await
    }
}

/// The sum of what a primary stood at and of what it inherited.
fn added(before: [i64; 4], inherited: [i64; 3]) -> [i64; 4] {
    let [balance, credit_limit, freed] = inherited;
    [before[0] + balance, before[1] + credit_limit, before[2] - freed, before[3] - 1]
}

#[tokio::test]
async fn a_delete_sweeps_everything_to_where_the_rules_say() {
    let house = House::new();
    let primary = rich(&house.app, "Partner").await;
    let sql = house.sql();
    for (n, shape) in (0..SHAPES).map(|n| (n, Shape::nth(n))) {
        let doomed = Doomed::new(&house.app, &primary, n, shape).await;
        let bystander = Doomed::new(&house.app, &primary, 1_000 + n, shape).await;
        let (before, inherited) = (stands(&sql, &primary), doomed.inheritance(&sql));
        let untouched = bystander.trace(&sql);
        // What it owes goes to its primary, too.
        let is_in_debt = shape.in_debt && shape.mode == BalanceMode::Own;
        assert_eq!(inherited[0] < 0, is_in_debt, "{shape:?}: {inherited:?}");
        assert_eq!(inherited[2] > 0, shape.mode == BalanceMode::Shared, "{shape:?}: {inherited:?}");

        let answer = delete(&house, &doomed, n & 4 == 0).await;
        assert_eq!((answer.status, answer.text()), (204, ""), "{shape:?}");

        assert!(doomed.is_closed(&sql));
        doomed.assert_closed(&sql);
        assert_eq!(stands(&sql, &primary), added(before, inherited), "{shape:?}: the primary");
        assert_eq!(bystander.trace(&sql), untouched, "{shape:?}: another subaccount");
        assert_journal_says_it(&house, &doomed).await;
        assert_is_gone(&house, &doomed).await;
    }
    house.app.store().close();
    let checked = replay(&house.url(), &|_| true).unwrap();
    assert_eq!(checked.open_holds, 2 * SHAPES, "those of the others");
}

/// One line for each thing, right before the one that closes it, which counts them.
async fn assert_journal_says_it(house: &House, doomed: &Doomed) {
    let own = id(&doomed.opened);
    let lines = house.app.store().read(move |snapshot| snapshot.lines_of(own, None, 13)).await.unwrap();
    let close = &lines[0].line;
    let Some(Record::Closed(closed)) = close.record.as_deref() else { panic!("{close:?}") };
    assert_eq!((closed.holds, closed.numbers), (2, 3));
    assert_eq!((closed.applications, closed.endpoints), (2, 2));
    assert_eq!(closed.cascade, doomed.shape.cascade);
    let beside: Vec<_> = lines[1..].iter().map(|it| it.line.kind).collect();
    let count = |kind: Kind| beside.iter().filter(|it| **it == kind).count();
    let kinds = if doomed.shape.cascade {
        [Kind::NumberUnrented, Kind::ApplicationDeleted, Kind::EndpointDeleted]
    } else {
        [Kind::NumberTransfer, Kind::ApplicationChanged, Kind::EndpointChanged]
    };
    assert_eq!(count(Kind::Release), 2, "{beside:?}");
    assert_eq!(kinds.map(count), [3, 2, 2], "{beside:?}");
    // A cascade also takes an application from the primary's number and endpoint, in lines of the primary.
    let sql = house.sql();
    let [first, last] = [&lines[9], &lines[0]].map(|it| sql.id(it.line.id.as_bytes()));
    let between = sql.number(&format!(
        "SELECT COUNT(*) FROM journal WHERE seq > (SELECT seq FROM journal WHERE id = {first})
         AND seq <= (SELECT seq FROM journal WHERE id = {last})"
    ));
    assert!(between <= 11, "not one step: {between} lines");
}

/// To everybody, in every dialect.
async fn assert_is_gone(house: &House, doomed: &Doomed) {
    let Opened { account, secret, auth_token } = &doomed.opened;
    let primary: &Arc<Opened> = &doomed.primary;
    let main = Auth::Basic(primary.account.auth_id.as_str(), &primary.auth_token);
    assert_eq!(house.get(&doomed.path(), main).await.status, 404);
    assert_eq!(delete(house, doomed, false).await.status, 404, "a second time");
    let vonage = format!("/accounts/{}/subaccounts/{}", primary.account.api_key, account.api_key);
    let by_key = primary.account.api_key.to_string();
    assert_eq!(house.get(&vonage, Auth::Basic(&by_key, &primary.secret)).await.status, 404);
    for secret in [secret, auth_token] {
        let own = format!("/v1/Account/{}/", account.auth_id);
        assert_eq!(house.get(&own, Auth::Basic(account.auth_id.as_str(), secret)).await.status, 401);
        let key = account.api_key.to_string();
        assert_eq!(house.get("/account/get-balance", Auth::Basic(&key, secret)).await.status, 401);
        let native = format!("/api/v1/accounts/{}", account.id);
        assert_eq!(house.get(&native, Auth::Basic(&key, secret)).await.status, 401);
    }
}
