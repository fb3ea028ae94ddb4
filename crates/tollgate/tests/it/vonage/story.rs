//! Vonage's worked examples A, B and D (docs/vonage.md, Acceptance list, 4), over the wire and read back from
//! the list with its totals.

use ledger::{BalanceMode, TransferKind};
use serde_json::json;

use super::{at, books};
use crate::house::{Answer, House, Opening};

async fn to_own(house: &House, partner: &Opening, account: &Opening) {
    let path = at(partner, &format!("subaccounts/{}", account.key));
    let answer = house.patch(&path, partner.auth(), r#"{"use_primary_account_balance": false}"#).await;
    assert_eq!(answer.status, 200, "{answer}");
}

async fn moved(
    house: &House,
    partner: &Opening,
    kind: &str,
    from: &Opening,
    to: &Opening,
    amount: &str,
) -> Answer {
    let body = format!(r#"{{"from": "{}", "to": "{}", "amount": {amount}}}"#, from.key, to.key);
    house.post(&at(partner, &format!("{kind}-transfers")), partner.auth(), body).await
}

#[tokio::test]
async fn s8_04_table_a_reads_back_from_the_list() {
    let house = House::new();
    let primary = house.primary("Partner", "100").await;
    let s1 = house.subaccount(&primary, "S1", BalanceMode::Shared).await;
    house.clock.advance(1);
    let s2 = house.subaccount(&primary, "S2", BalanceMode::Shared).await;
    house.charge(&s2, "20").await;
    assert_eq!(books(&house, &primary).await, ["-20/-100", "-/-", "-/-", "-20/-100"]);
    to_own(&house, &primary, &s1).await;
    assert_eq!(books(&house, &primary).await, ["-20/-100", "0/0", "-/-", "-20/-100"]);
    assert_eq!(moved(&house, &primary, "balance", &primary, &s1, "20").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["-40/-100", "20/0", "-/-", "-20/-100"]);
    to_own(&house, &primary, &s2).await;
    assert_eq!(books(&house, &primary).await, ["-40/-100", "20/0", "0/0", "-20/-100"]);
    assert_eq!(moved(&house, &primary, "credit", &primary, &s2, "35").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["-40/-65", "20/0", "0/-35", "-20/-100"]);
}

#[tokio::test]
async fn s8_04_the_rows_of_table_b_read_back_from_the_list() {
    let house = House::new();
    let primary = house.primary("Partner", "100").await;
    let s1 = house.subaccount(&primary, "End customer 1", BalanceMode::Shared).await;
    house.charge(&s1, "20").await;
    assert_eq!(books(&house, &primary).await, ["-20/-100", "-/-", "-20/-100"]);

    house.clock.advance(1);
    let s2 = house.subaccount(&primary, "End customer 2", BalanceMode::Shared).await;
    to_own(&house, &primary, &s1).await;
    assert_eq!(moved(&house, &primary, "credit", &primary, &s1, "40").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["-20/-60", "0/-40", "-/-", "-20/-100"]);

    house.charge(&s1, "40").await;
    assert_eq!(books(&house, &primary).await, ["-20/-60", "-40/-40", "-/-", "-60/-100"]);

    // 40 are available, and not a hair more.
    assert_eq!(moved(&house, &primary, "credit", &primary, &s1, "40.0001").await.status, 403);
    assert_eq!(moved(&house, &primary, "credit", &primary, &s1, "20").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["-20/-40", "-40/-60", "-/-", "-60/-100"]);

    house.charge(&s1, "10").await;
    assert_eq!(books(&house, &primary).await, ["-20/-40", "-50/-60", "-/-", "-70/-100"]);

    house.pay(&primary, "70").await;
    assert_eq!(books(&house, &primary).await, ["50/-40", "-50/-60", "-/-", "0/-100"]);

    assert_eq!(moved(&house, &primary, "balance", &primary, &s1, "90.0001").await.status, 403);
    assert_eq!(moved(&house, &primary, "balance", &primary, &s1, "45").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["5/-40", "-5/-60", "-/-", "0/-100"]);

    to_own(&house, &primary, &s2).await;
    assert_eq!(moved(&house, &primary, "credit", &primary, &s2, "40.0001").await.status, 403);
    assert_eq!(moved(&house, &primary, "credit", &primary, &s2, "30").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["5/-10", "-5/-60", "0/-30", "0/-100"]);

    house.charge(&s2, "25").await;
    for suspended in [true, false] {
        let path = at(&primary, &format!("subaccounts/{}", s2.key));
        let answer = house.patch(&path, primary.auth(), json!({ "suspended": suspended }).to_string()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(books(&house, &primary).await, ["5/-10", "-5/-60", "-25/-30", "-25/-100"]);
    }
}

#[tokio::test]
async fn s8_04_the_boundaries_of_table_d() {
    for (limit, paid, charged, kind, refused, most) in [
        ("100", "", "40", "balance", "60.0001", "60"),
        ("100", "", "40", "credit", "60.0001", "60"),
        ("90", "50", "", "balance", "140.0001", "140"),
        ("90", "50", "", "credit", "90.0001", "90"),
        ("0", "50", "", "balance", "50.0001", "50"),
    ] {
        let house = House::new();
        let primary = house.primary("Partner", limit).await;
        let s1 = house.subaccount(&primary, "S1", BalanceMode::Own).await;
        if !paid.is_empty() {
            house.pay(&primary, paid).await;
        }
        if !charged.is_empty() {
            house.charge(&primary, charged).await;
        }
        for (amount, status) in [(refused, 403), (most, 200), ("0.00000001", 403)] {
            let answer = moved(&house, &primary, kind, &primary, &s1, amount).await;
            assert_eq!(answer.status, status, "{limit} {paid} {charged} {kind} {amount}");
        }
    }
}

#[tokio::test]
async fn s8_04_table_d_a_prepaid_primary_has_no_credit_and_a_subaccount_gives_what_it_owes_by_its_limit() {
    let house = House::new();
    let prepaid = house.primary("Prepaid", "0").await;
    let s1 = house.subaccount(&prepaid, "S1", BalanceMode::Own).await;
    house.pay(&prepaid, "50").await;
    assert_eq!(moved(&house, &prepaid, "credit", &prepaid, &s1, "0.01").await.status, 403);

    let primary = house.primary("Postpaid", "35").await;
    let s2 = house.subaccount(&primary, "S2", BalanceMode::Own).await;
    house.transfer(TransferKind::Credit, &primary, (&primary, &s2), "35").await;
    assert_eq!(moved(&house, &primary, "balance", &s2, &primary, "35").await.status, 200);
    assert_eq!(books(&house, &primary).await, ["35/0", "-35/-35", "0/-35"]);
    assert_eq!(moved(&house, &primary, "credit", &s2, &primary, "0.01").await.status, 403);
}
