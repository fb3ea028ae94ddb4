//! tollgate's native API, as the operator.

use hyper::Method;
use ledger::Amount;
use serde_json::{Value, json};

use super::call::{self, Call, Trust, Url};

/// tollgate, and the token that shows who calls it.
pub(super) struct Api {
    pub(super) url: Url,
    pub(super) trust: Trust,
    pub(super) operator_token: String,
}

impl Api {
    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// Moves a balance between a primary and its subaccount, `side` of it: `to` or `from`.
    pub(super) async fn transfer(
        &self,
        primary: &str,
        side: &str,
        account: &str,
        amount: Amount,
    ) -> Result<(), String> {
        let path = format!("/api/v1/accounts/{primary}/transfers");
        let amount = amount.text(2).to_string();
        self.post(&path, json!({ "kind": "balance", side: account, "amount": amount })).await.map(drop)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let what = format!("{method} {path}");
        let target = format!("{}{path}", self.url.path.trim_end_matches('/'));
        let call = Call { method, target, headers: Vec::new(), body: body.map(|it| it.to_string()) };
        let call = call.with("authorization", format!("Bearer {}", self.operator_token));
        let answer = call::send(&self.url, &self.trust, &call).await?;
        if (200..300).contains(&answer.status) {
            let body = serde_json::from_slice(&answer.body);
            return body
                .map_err(|_| format!("{what} was answered, and not in JSON: is {} tollgate?", self.url));
        }
        let words = answer.problem().map_or_else(String::new, |it| format!(", {}: {}", it.code, it.detail));
        Err(format!("{what} at {} was answered {}{words}", self.url, answer.status))
    }
}

/// A text in an answer.
pub(super) fn text(value: &Value, pointer: &str) -> Result<String, String> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| format!("an answer of tollgate has no text {pointer}"))
}

/// An amount in an answer.
pub(super) fn amount(value: &Value, pointer: &str) -> Result<Amount, String> {
    let text = text(value, pointer)?;
    Amount::parse(&text).map_err(|_| format!("{pointer} in an answer of tollgate is no amount: {text}"))
}

/// A list in an answer.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    let found = value.get(name).and_then(Value::as_array).map(Vec::as_slice);
    found.ok_or_else(|| format!("an answer of tollgate has no list {name}"))
}
