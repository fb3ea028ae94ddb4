//! Spending caps on the wire: what passes, what is refused and until when, in whatever dialect; and that nothing loses
//! count.

mod calendar;
mod counting;
mod dialects;

use ledger::BalanceMode;
use serde_json::Value;

use crate::house::{Answer, Auth, BY_OPERATOR, House, Opening};

/// A partner with 1,000 of credit limit, and a customer that shares it.
struct Family {
    house: House,
    partner: Opening,
    customer: Opening,
}

impl Family {
    async fn new() -> Self {
        let house = House::new();
        let partner = house.primary("Partner", "1000").await;
        let customer = house.subaccount(&partner, "Customer", BalanceMode::Shared).await;
        for account in [&partner, &customer] {
            let account = &account.opened.account;
            house.call_it(&format!("id of {}", account.name), &account.id.to_string());
            house.call_it(&format!("auth id of {}", account.name), account.auth_id.as_str());
        }
        Self { house, partner, customer }
    }

    /// Puts the clock to this time, which is later than whatever it shows.
    fn wait_until(&self, time: &str) {
        let time: jiff::Timestamp = time.parse().unwrap();
        self.house.clock.advance(time.as_millisecond() - self.house.clock.now().millis());
    }

    async fn change(&self, account: &Opening, by: Auth<'_>, body: &str) -> Answer {
        self.house.patch(&format!("/api/v1/accounts/{}", account.id), by, body.to_owned()).await
    }

    /// The partner caps its customer.
    async fn cap(&self, caps: &str) -> Value {
        let answer = self.change(&self.customer, self.partner.auth(), &format!(r#"{{"caps":{caps}}}"#)).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()["caps"].clone()
    }

    async fn charge(&self, amount: &str) -> Answer {
        let body = format!(r#"{{"account":"{}","amount":"{amount}"}}"#, self.customer.id);
        self.house.post("/api/v1/charges", BY_OPERATOR, body).await
    }

    /// What the account itself sees of its caps.
    async fn caps(&self) -> Value {
        let path = format!("/api/v1/accounts/{}", self.customer.id);
        self.house.get(&path, self.customer.auth()).await.json()["caps"].clone()
    }

    /// 201, or 429 with when to ask again by each of the two that say so.
    async fn outcome(&self, amount: &str) -> String {
        let answer = self.charge(amount).await;
        if answer.status == 201 {
            return "201".to_owned();
        }
        let body = answer.json();
        let after = answer.header("retry-after").unwrap_or("never");
        format!("{} {} {} {after}s", answer.status, text(&body["code"]), text(&body["resets_at"]))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
