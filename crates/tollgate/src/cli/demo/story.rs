//! Plays the month, call by call, and holds every number in the answers against what it must be.

use hyper::Method;
use ledger::Amount;
use serde_json::Value;

use super::Ended;
use super::checks::Checks;
use super::client::{self, Answer, Call, Caller, Client};
use super::month::{Act, Books, MONTH, Role, Stand, Step};
use super::page::{self, Row};

/// An account that was opened, and its credentials.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Whose it is.
    pub(super) role: Role,
    /// Its Vonage api key.
    pub(super) api_key: String,
    /// Its secret.
    pub(super) secret: String,
}

impl Member {
    fn caller(&self) -> Caller<'_> {
        Caller::Account { who: self.role.caller(), api_key: &self.api_key, secret: &self.secret }
    }
}

/// The month as it goes.
pub(super) struct Story {
    client: Client,
    operator_token: String,
    /// Those whose accounts are open, the partner first.
    members: Vec<Member>,
    /// The family as the partner saw it last, after the step before.
    list: Option<Answer>,
    checks: Checks,
}

/// A sentence about what stops the month.
type Stopped = String;

impl Story {
    /// Before its first step.
    pub(super) fn new(client: Client, operator_token: &str) -> Self {
        let operator_token = operator_token.to_owned();
        Self { client, operator_token, members: Vec::new(), list: None, checks: Checks::default() }
    }

    /// Those whose accounts are open, the partner first.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Plays the month to its end. Wrong numbers do not stop it; [`Story::verdict`] tells.
    ///
    /// # Errors
    /// A sentence about the call that stopped it.
    pub(super) async fn play(&mut self) -> Result<(), Ended> {
        for (step, number) in MONTH.iter().zip(1_usize..) {
            self.checks.step(number);
            page::headline(number, step);
            self.step(step).await.map_err(|it| Ended::wrong(format!("step {number}: {it}")))?;
        }
        Ok(())
    }

    /// Whether every number was right.
    ///
    /// # Errors
    /// Every wrong number, each in a sentence.
    pub(super) fn verdict(&self) -> Result<(), Ended> {
        let count = self.checks.verdict()?;
        page::all_right(count);
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), Stopped> {
        for act in step.acts {
            self.act(*act, &step.books).await?;
        }
        let rows = self.books(&step.books).await?;
        page::table(&rows);
        Ok(())
    }

    async fn act(&mut self, act: Act, books: &Books) -> Result<(), Stopped> {
        match act {
            Act::OpenPartner { credit_limit } => self.open_partner(credit_limit).await,
            Act::OpenSubaccount(role) => self.open_subaccount(role).await,
            Act::OwnBalance(role) => self.own_balance(role).await,
            Act::TransferCredit(role, amount) => self.transfer("credit-transfers", role, amount).await,
            Act::TransferBalance(role, amount) => self.transfer("balance-transfers", role, amount).await,
            Act::Charge(role, amount) => self.charge(role, amount, books).await,
            Act::RefusedForFunds(role) => self.refused_for_funds(role).await,
            Act::RefusedAsSuspended(role) => self.refused_as_suspended(role).await,
            Act::SpareCredit { credit_limit, owed, spare } => self.spare_credit(credit_limit, owed, spare),
            Act::Invoice { partner, first, sum } => self.invoice(partner, first, sum),
            Act::Pay(amount) => self.pay(amount, books).await,
            Act::Suspend(role, suspended) => self.suspend(role, suspended, books).await,
            Act::AskBalance(role, balance) => self.ask_balance(role, balance).await,
            Act::AskBalanceSuspended(role) => self.ask_balance_suspended(role).await,
        }
    }
}

/// What happens, as calls.
impl Story {
    async fn open_partner(&mut self, credit_limit: i64) -> Result<(), Stopped> {
        let body = format!(r#"{{"name":"{}","credit_limit":"{credit_limit}"}}"#, Role::Partner.name());
        let answer = self.as_operator(Call::post("/api/v1/accounts", body), 201).await?;
        for (field, must) in
            [("balance", 0), ("credit_limit", credit_limit), ("available", credit_limit), ("held", 0)]
        {
            self.amount(&answer, field, euros(must)?)?;
        }
        self.join(Role::Partner, &answer)
    }

    async fn open_subaccount(&mut self, role: Role) -> Result<(), Stopped> {
        let path = format!("/accounts/{}/subaccounts", self.key(Role::Partner)?);
        let body = format!(r#"{{"name":"{}"}}"#, role.name());
        let answer = self.as_account(Role::Partner, Call::post(path, body), 200).await?;
        self.word(&answer, "name", role.name())?;
        let partner = self.key(Role::Partner)?.to_owned();
        self.word(&answer, "primary_account_api_key", &partner)?;
        self.join(role, &answer)
    }

    async fn own_balance(&mut self, role: Role) -> Result<(), Stopped> {
        let path = format!("/accounts/{}/subaccounts/{}", self.key(Role::Partner)?, self.key(role)?);
        let body = r#"{"use_primary_account_balance":false}"#;
        let answer = self.as_account(Role::Partner, Call::patch(path, body), 200).await?;
        self.amount(&answer, "balance", Amount::ZERO)?;
        self.amount(&answer, "credit_limit", Amount::ZERO)
    }

    async fn transfer(&mut self, what: &str, to: Role, amount: i64) -> Result<(), Stopped> {
        let (from, to) = (self.key(Role::Partner)?.to_owned(), self.key(to)?.to_owned());
        let path = format!("/accounts/{from}/{what}");
        let body = format!(r#"{{"from":"{from}","to":"{to}","amount":{amount}}}"#);
        let answer = self.as_account(Role::Partner, Call::post(path, body), 200).await?;
        for (field, must) in [("from", &from), ("to", &to), ("masterAccountId", &from)] {
            self.word(&answer, field, must)?;
        }
        self.amount(&answer, "amount", euros(amount)?)
    }

    async fn charge(&mut self, role: Role, amount: i64, books: &Books) -> Result<(), Stopped> {
        let call = self.charge_call(role, &amount.to_string())?;
        let answer = self.as_operator(call, 201).await?;
        self.amount(&answer, "amount", euros(amount)?)?;
        self.payer_after(&answer, role, books)
    }

    /// A charge and a payment end what happens to their account in a step, so that it stands as the books say.
    fn payer_after(&mut self, answer: &Answer, role: Role, books: &Books) -> Result<(), Stopped> {
        let (balance, _, available) = books.payer_of(role);
        self.amount(answer, "balance", euros(balance)?)?;
        self.amount(answer, "available", euros(available)?)
    }

    async fn refused_for_funds(&mut self, role: Role) -> Result<(), Stopped> {
        const CENT: &str = "0.01";
        let call = self.charge_call(role, CENT)?;
        let answer = self.as_operator(call, 402).await?;
        self.word(&answer, "code", "insufficient_funds")?;
        let cent = Amount::parse(CENT).map_err(|it| format!("{it:?}"))?;
        self.amount(&answer, "needed", cent)?;
        self.amount(&answer, "available", Amount::ZERO)?;
        page::refused(&[answer.text("/code")?, &said(&answer, "needed")?, &said(&answer, "available")?]);
        Ok(())
    }

    async fn refused_as_suspended(&mut self, role: Role) -> Result<(), Stopped> {
        let call = self.charge_call(role, "0.01")?;
        let answer = self.as_operator(call, 403).await?;
        self.word(&answer, "code", "suspended")?;
        page::refused(&[answer.text("/code")?]);
        Ok(())
    }

    fn spare_credit(&mut self, credit_limit: i64, owed: i64, spare: i64) -> Result<(), Stopped> {
        let list = self.list.as_ref().ok_or(NO_LIST)?;
        let limit = list.amount("/_embedded/primary_account/credit_limit")?;
        let balance = list.amount("/_embedded/primary_account/balance")?;
        let available = balance.checked_sub(limit).ok_or(TOO_LARGE)?;
        page::sum("available credit of the partner", limit, "-", balance, available);
        let must = [("the partner's credit limit", limit, -credit_limit), ("its balance", balance, -owed)];
        for (what, is, must) in must.into_iter().chain([("its available credit", available, spare)]) {
            self.checks.amount(what, &list.call, is, euros(must)?);
        }
        Ok(())
    }

    fn invoice(&mut self, partner: i64, first: i64, sum: i64) -> Result<(), Stopped> {
        let list = self.list.as_ref().ok_or(NO_LIST)?;
        let partners = list.amount("/_embedded/primary_account/balance")?;
        let firsts = listed(list, self.key(Role::First)?)?.get("balance").and_then(client::amount);
        let firsts = firsts.ok_or_else(|| format!("{} has no balance: {}", Role::First.name(), list.body))?;
        let invoice = list.amount("/total_balance")?.checked_neg().ok_or(TOO_LARGE)?;
        page::sum("invoice", partners, "+", firsts, invoice);
        let must =
            [("the partner's balance", partners, -partner), ("end customer 1's balance", firsts, -first)];
        for (what, is, must) in must.into_iter().chain([("the invoice", invoice, sum)]) {
            self.checks.amount(what, &list.call, is, euros(must)?);
        }
        Ok(())
    }

    async fn pay(&mut self, amount: i64, books: &Books) -> Result<(), Stopped> {
        let path = format!("/api/v1/accounts/{}/payments", self.key(Role::Partner)?);
        let body = format!(r#"{{"amount":"{amount}","reference":"the month's invoice"}}"#);
        let answer = self.as_operator(Call::post(path, body), 201).await?;
        let (_, credit_limit, _) = books.payer_of(Role::Partner);
        for (field, must) in [("amount", amount), ("credit_limit", -credit_limit), ("held", 0)] {
            self.amount(&answer, field, euros(must)?)?;
        }
        self.payer_after(&answer, Role::Partner, books)
    }

    async fn suspend(&mut self, role: Role, suspended: bool, books: &Books) -> Result<(), Stopped> {
        let path = format!("/accounts/{}/subaccounts/{}", self.key(Role::Partner)?, self.key(role)?);
        let call = Call::patch(path, format!(r#"{{"suspended":{suspended}}}"#));
        let answer = self.as_account(Role::Partner, call, 200).await?;
        let (balance, credit_limit, _) = books.payer_of(role);
        self.amount(&answer, "balance", euros(balance)?)?;
        self.amount(&answer, "credit_limit", euros(credit_limit)?)?;
        self.flag(&answer, "suspended", suspended)
    }

    async fn ask_balance(&mut self, role: Role, balance: i64) -> Result<(), Stopped> {
        let answer = self.as_account(role, Call::get("/account/get-balance"), 200).await?;
        page::answered(&format!("value: {}", answer.amount("/value")?));
        self.amount(&answer, "value", euros(balance)?)
    }

    async fn ask_balance_suspended(&mut self, role: Role) -> Result<(), Stopped> {
        let answer = self.as_account(role, Call::get("/account/get-balance"), 403).await?;
        self.word(&answer, "error-code-label", "account suspended")?;
        page::refused(&[answer.text("/error-code-label")?]);
        Ok(())
    }

    fn charge_call(&self, role: Role, amount: &str) -> Result<Call, Stopped> {
        let account = self.key(role)?;
        let body = format!(r#"{{"account":"{account}","amount":"{amount}","operation":"sms.send"}}"#);
        Ok(Call::post("/api/v1/charges", body))
    }
}

/// The books after a step.
impl Story {
    /// Reads the family in both dialects and holds it against what it must be.
    async fn books(&mut self, must: &Books) -> Result<Vec<Row>, Stopped> {
        let list = self.read_list().await?;
        let mut rows = Vec::new();
        for (role, stand) in
            [(Role::Partner, must.partner), (Role::First, must.first), (Role::Second, must.second)]
        {
            let (own, available) = match stand {
                Stand::None => continue,
                Stand::Shared(available) => (None, available),
                Stand::Own(balance, credit_limit, available) => (Some((balance, credit_limit)), available),
            };
            let suspended = must.suspended == Some(role);
            rows.push(self.account(&list, role, own, available, suspended).await?);
        }
        let subaccounts = list.at("/_embedded/subaccounts")?.as_array().map(Vec::len);
        if subaccounts.and_then(|it| it.checked_add(1)) != Some(rows.len()) {
            return Err(format!("{} must list {} accounts: {}", list.call, rows.len(), list.body));
        }
        rows.push(self.total(&list, must.total)?);
        self.list = Some(list);
        Ok(rows)
    }

    async fn account(
        &mut self,
        list: &Answer,
        role: Role,
        own: Option<(i64, i64)>,
        available: i64,
        suspended: bool,
    ) -> Result<Row, Stopped> {
        let name = role.name();
        let listed = listed(list, self.key(role)?)?.clone();
        let native = Call::get(format!("/api/v1/accounts/{}", self.key(role)?));
        let native = self.quietly(Caller::Operator(&self.operator_token), &native).await?;
        let flag = listed.get("suspended").and_then(Value::as_bool);
        self.checks.equal(&format!("{name}'s `suspended`"), &list.call, &flag, &Some(suspended));
        let status = if suspended { "suspended" } else { "active" };
        self.word(&native, "status", status)?;
        let is_available = native.amount("/available")?;
        self.checks.amount(
            &format!("what {name} has available"),
            &native.call,
            is_available,
            euros(available)?,
        );
        let (mut balance, mut credit_limit) = (None, None);
        if let Some((must_balance, must_limit)) = own {
            balance = Some(self.listed_amount(list, &listed, name, "balance", must_balance)?);
            credit_limit = Some(self.listed_amount(list, &listed, name, "credit_limit", must_limit)?);
            // The native API counts a credit limit from zero up.
            let limit = must_limit.checked_neg().ok_or(TOO_LARGE)?;
            for (field, must) in [("balance", must_balance), ("credit_limit", limit), ("held", 0)] {
                self.amount(&native, field, euros(must)?)?;
            }
        } else {
            for field in ["balance", "credit_limit"] {
                let what = format!("{name}'s {field}");
                self.checks.equal(&what, &list.call, &listed.get(field), &Some(&Value::Null));
                self.checks.equal(&what, &native.call, &native.body.get(field), &Some(&Value::Null));
            }
        }
        Ok(Row { name: name.to_owned(), balance, credit_limit, available: is_available, status })
    }

    fn listed_amount(
        &mut self,
        list: &Answer,
        listed: &Value,
        name: &str,
        field: &str,
        must: i64,
    ) -> Result<Amount, Stopped> {
        let is = listed.get(field).and_then(client::amount);
        let is =
            is.ok_or_else(|| format!("{name} has no {field} in the answer of {}: {listed}", list.call))?;
        self.checks.amount(&format!("{name}'s {field}"), &list.call, is, euros(must)?);
        Ok(is)
    }

    fn total(&mut self, list: &Answer, must: (i64, i64, i64)) -> Result<Row, Stopped> {
        let (balance, credit_limit) = (list.amount("/total_balance")?, list.amount("/total_credit_limit")?);
        let available = balance.checked_sub(credit_limit).ok_or(TOO_LARGE)?;
        self.checks.amount("total_balance", &list.call, balance, euros(must.0)?);
        self.checks.amount("total_credit_limit", &list.call, credit_limit, euros(must.1)?);
        self.checks.amount("what the family has available", &list.call, available, euros(must.2)?);
        let (balance, credit_limit) = (Some(balance), Some(credit_limit));
        Ok(Row { name: "total".to_owned(), balance, credit_limit, available, status: "" })
    }

    /// The family as the partner sees it.
    async fn read_list(&self) -> Result<Answer, Stopped> {
        let partner = self.member(Role::Partner)?;
        self.quietly(partner.caller(), &Call::get(format!("/accounts/{}/subaccounts", partner.api_key))).await
    }
}

/// Calls, and what comes of them.
impl Story {
    async fn as_operator(&self, call: Call, status: u16) -> Result<Answer, Stopped> {
        self.shown(Caller::Operator(&self.operator_token), call, status).await
    }

    async fn as_account(&self, role: Role, call: Call, status: u16) -> Result<Answer, Stopped> {
        self.shown(self.member(role)?.caller(), call, status).await
    }

    /// Makes a call, shows it, and demands its status.
    async fn shown(&self, by: Caller<'_>, call: Call, status: u16) -> Result<Answer, Stopped> {
        let answer = self.client.send(by, &call).await?;
        page::call(by.who(), &call, answer.status);
        demand(answer, status)
    }

    /// Makes a call that only reads, for a table.
    async fn quietly(&self, by: Caller<'_>, call: &Call) -> Result<Answer, Stopped> {
        debug_assert_eq!(call.method, Method::GET, "what changes something is shown");
        demand(self.client.send(by, call).await?, 200)
    }

    fn join(&mut self, role: Role, answer: &Answer) -> Result<(), Stopped> {
        let (api_key, secret) = (answer.text("/api_key")?.to_owned(), answer.text("/secret")?.to_owned());
        self.members.push(Member { role, api_key, secret });
        Ok(())
    }

    fn member(&self, role: Role) -> Result<&Member, Stopped> {
        let member = self.members.iter().find(|it| it.role == role);
        member.ok_or_else(|| format!("{} has no account yet", role.name()))
    }

    fn key(&self, role: Role) -> Result<&str, Stopped> {
        self.member(role).map(|it| it.api_key.as_str())
    }

    fn amount(&mut self, answer: &Answer, field: &str, must: Amount) -> Result<(), Stopped> {
        let is = answer.amount(&format!("/{field}"))?;
        self.checks.amount(field, &answer.call, is, must);
        Ok(())
    }

    fn word(&mut self, answer: &Answer, field: &str, must: &str) -> Result<(), Stopped> {
        let is = answer.text(&format!("/{field}"))?;
        self.checks.equal(field, &answer.call, &is, &must);
        Ok(())
    }

    fn flag(&mut self, answer: &Answer, field: &str, must: bool) -> Result<(), Stopped> {
        let is = answer.at(&format!("/{field}"))?.as_bool();
        self.checks.equal(field, &answer.call, &is, &Some(must));
        Ok(())
    }
}

const NO_LIST: &str = "the family has not been listed yet";
const TOO_LARGE: &str = "a sum is beyond what an amount can hold";

fn demand(answer: Answer, status: u16) -> Result<Answer, Stopped> {
    if answer.status == status {
        return Ok(answer);
    }
    Err(format!("{} answered {} and must answer {status}: {}", answer.call, answer.status, answer.body))
}

fn listed<'a>(list: &'a Answer, api_key: &str) -> Result<&'a Value, Stopped> {
    let subaccounts = list.at("/_embedded/subaccounts")?.as_array().into_iter().flatten();
    let mut accounts = list.body.pointer("/_embedded/primary_account").into_iter().chain(subaccounts);
    let account = accounts.find(|it| it.get("api_key").and_then(Value::as_str) == Some(api_key));
    account.ok_or_else(|| format!("{api_key} is not in the answer of {}: {}", list.call, list.body))
}

fn euros(whole: i64) -> Result<Amount, Stopped> {
    Amount::parse(&whole.to_string()).map_err(|it| format!("{whole}: {it:?}"))
}

fn said(answer: &Answer, field: &str) -> Result<String, Stopped> {
    Ok(format!("{field} {}", answer.amount(&format!("/{field}"))?))
}
