//! What was spent, and statements: against sums over the raw journal that are made here, by other means.

mod answers;
mod load;
mod oracle;
mod rows;
mod size;
mod statements;

use axum::body::Body;
use ledger::{AccountId, BalanceMode, LineId, OnExpiry, Timestamp, TransferKind};
use serde_json::Value;
use tollgate::app::{NewCharge, NewHold};

use crate::house::{Answer, Auth, BY_OPERATOR, House, OPERATOR, Opening, amount};

/// A time of day in UTC; its text is `2026-03-31T22:00:00Z`.
fn utc(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// Moves a house's clock on to a time.
fn at(house: &House, text: &str) {
    house.clock.advance(utc(text).millis() - house.clock.now().millis());
    assert_eq!(house.clock.now(), utc(text), "a clock goes forward only");
}

/// A charge by the operator; its line.
async fn charge(
    house: &House,
    account: &Opening,
    by: &str,
    operation: Option<&str>,
    units: Option<&str>,
) -> LineId {
    let new = NewCharge {
        account: account.id,
        amount: amount(by),
        operation: operation.map(Into::into),
        units: units.map(Into::into),
        reference: None,
        force: false,
    };
    house.app.charge(OPERATOR, None, new).await.unwrap().id
}

/// A hold by the operator for an hour.
async fn hold(house: &House, account: AccountId, by: &str, on_expiry: OnExpiry) -> LineId {
    let operation = Some("call.minute".into());
    let new =
        NewHold { account, amount: amount(by), lasts_ms: 3_600_000, on_expiry, operation, reference: None };
    house.app.hold(OPERATOR, None, new).await.unwrap().id
}

/// A partner's February, in which everything happens once.
struct Month {
    house: House,
    primary: Opening,
    own: Opening,
    shared: Opening,
    closed: Opening,
}

impl Month {
    async fn new() -> Self {
        Self::at(House::new()).await
    }

    async fn at(house: House) -> Self {
        at(&house, "2026-01-10T00:00:00Z");
        let primary = house.primary("Partner", "100").await;
        house.clock.advance(1);
        let own = house.subaccount(&primary, "=Own(\"x\")", BalanceMode::Own).await;
        house.clock.advance(1);
        let shared = house.subaccount(&primary, "Shared <script>, & \"Sons\"", BalanceMode::Shared).await;
        house.clock.advance(1);
        let closed = house.subaccount(&primary, "Closed", BalanceMode::Own).await;
        for (name, account) in
            [("primary", &primary), ("own", &own), ("shared", &shared), ("closed", &closed)]
        {
            house.call_it(&format!("id of {name}"), &account.id.to_string());
        }
        house.pay(&primary, "50").await;
        charge(&house, &primary, "10", Some("sms.send"), None).await;
        let month = Self { house, primary, own, shared, closed };
        month.february().await;
        month
    }

    async fn february(&self) {
        let Self { house, primary, own, shared, closed } = self;
        at(house, "2026-02-03T12:00:00Z");
        house.transfer(TransferKind::Balance, primary, (primary, own), "30").await;
        // It is no balance, and not in the statement.
        house.transfer(TransferKind::Credit, primary, (primary, own), "80").await;
        house.transfer(TransferKind::Balance, primary, (primary, closed), "5").await;
        house.pay(primary, "7.5").await;
        house.pay(primary, "-2.5").await;
        let sms = charge(house, own, "1.25", Some("sms.send"), Some("5")).await;
        charge(house, own, "0.00000001", Some("sms.send"), Some("0.5")).await;
        charge(house, shared, "3", Some("call.minute"), Some("three")).await;
        charge(house, shared, "0.5", None, None).await;
        at(house, "2026-02-04T00:00:00Z");
        house.app.reverse(OPERATOR, None, sms, Some(amount("0.25")), None).await.unwrap();
        let open = hold(house, own.id, "2", OnExpiry::Release).await;
        house.app.settle(OPERATOR, None, open, amount("1.5"), false).await.unwrap();
        let captured = hold(house, primary.id, "2", OnExpiry::Capture).await;
        hold(house, primary.id, "9", OnExpiry::Release).await;
        at(house, "2026-02-04T02:00:00Z");
        house.app.expire_due_holds().await.unwrap();
        // Late, and for less: the difference is given back.
        house.app.settle(OPERATOR, None, captured, amount("0.5"), false).await.unwrap();
        house.transfer(TransferKind::Balance, primary, (own, primary), "2").await;
        house.close(closed).await;
        // One that is open counts for nothing.
        hold(house, own.id, "4", OnExpiry::Release).await;
        at(house, "2026-03-01T00:00:00Z");
        charge(house, own, "100", Some("sms.send"), None).await.to_string();
        at(house, "2026-03-02T00:00:00Z");
    }

    async fn usage(&self, query: &str, auth: Auth<'_>) -> Answer {
        self.house.get(&format!("/api/v1/usage{query}"), auth).await
    }

    async fn statement(&self, account: &Opening, rest: &str, auth: Auth<'_>) -> Answer {
        self.house.get(&format!("/api/v1/accounts/{}/statements/{rest}", account.key), auth).await
    }
}

/// Status, and code with the fields at fault.
fn problem(answer: &Answer) -> String {
    let body = answer.json();
    let errors = body["errors"].as_array().into_iter().flatten();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let fields: Vec<_> = errors.map(|it| format!("{} {}", text(&it["field"]), text(&it["detail"]))).collect();
    format!("{} {} {}", answer.status, text(&body["code"]), fields.join("; ")).trim_end().to_owned()
}
