//! Making stores: through the product's own use cases, on a clock that is moved along, so that what comes out is what
//! the server itself would have written.

use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use ledger::{
    AccountId, Actor, Alerts, Amount, BalanceMode, Currency, PriceRule, Pricing, Status, Token, TokenId,
    TokenScope,
};
use tollgate::app::{App, NewAccount, NewCharge, NewPlan, Opened, Settings};
use tollgate::clock::Clock;
use tollgate::random::Random;
use tollgate::seal::Keyring;
use tollgate::store::{self, Store, StoreUrl};

use crate::Result;
use crate::cast::{Cast, Party};
use crate::server::OPERATOR;

/// How many subaccounts share the hot balance, and how many have a balance each.
const MANY: usize = 10_000;
/// How many subaccounts the long list has.
const LISTED: usize = 1_000;
/// How many subaccounts a family of the rest has.
const FAMILY: usize = 999;
/// How many commands are in flight: several batches of the writer, so that it never waits for us.
const IN_FLIGHT: usize = 4_096;
/// Who opens and pays: the operator, with the token of the environment.
const BY: Actor = Actor::Operator(TokenId::ENVIRONMENT);
/// A secret that a person could have chosen.
const CHOSEN: &str = "Guess-Me-If-You-Can-1";

/// A store to be.
pub(crate) struct Plan {
    pub(crate) path: PathBuf,
    /// Accounts in all, at least those of the scenarios.
    pub(crate) accounts: usize,
    /// Journal lines in all, at least those that the accounts take.
    pub(crate) lines: u64,
    /// Whether every charge has a key.
    pub(crate) keyed: bool,
    /// How far back the journal reaches.
    pub(crate) hours: i64,
}

/// The file with this ending behind the store's whole name.
pub(crate) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Removes a store and everything beside it; what is not there need not be removed.
pub(crate) fn remove(store: &Path) {
    for ending in ["", "-wal", "-shm", ".lock", ".key", ".cast"] {
        drop(std::fs::remove_file(beside(store, ending)));
    }
}

/// Makes a store. It is closed, and on the disk, when this returns.
pub(crate) fn prepare(plan: &Plan) -> Result<Cast> {
    if plan.path.exists() {
        return Err(format!("{} is there already", plan.path.display()).into());
    }
    prepare_at(plan, StoreUrl::Sqlite(plan.path.clone()))
}

/// Makes a store somewhere else; its key file and its cast are beside the plan's path all the same.
pub(crate) fn prepare_at(plan: &Plan, url: StoreUrl) -> Result<Cast> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let started = Instant::now();
    let cast = runtime.block_on(write(plan, url))?;
    cast.save(&plan.path)?;
    eprintln!("{} was made in {:.1} s", plan.path.display(), started.elapsed().as_secs_f64());
    Ok(cast)
}

/// A store being made.
struct Making {
    app: App,
    clock: Clock,
    gate: Actor,
    /// Who is charged in the journal.
    charged: Vec<AccountId>,
    accounts: usize,
}

async fn write(plan: &Plan, url: StoreUrl) -> Result<Cast> {
    let millis = plan.hours * 3_600_000;
    // Whatever takes its turn after the journal lies before the moment at which the server is started.
    let clock = Clock::stopped(Clock::System.now().plus_millis(-millis));
    let random = Random::System;
    let keyring = Keyring::open(&Keyring::path_beside(&plan.path), true, &random)?;
    let operator = Token {
        id: TokenId::ENVIRONMENT,
        scope: TokenScope::Operator,
        is_first: false,
        created_at: clock.now(),
        revoked_at: None,
        limits: None,
    };
    let options = store::Options {
        // Not the server: the token that it makes is dead as soon as the environment gives one.
        environment_token: Some((operator, keyring.hash(OPERATOR))),
        ..store::Options::new(url, *keyring.mark())
    };
    let store = Store::open(options)?;
    let app = App::new(store.clone(), keyring, clock.clone(), random, Settings::default())?;
    let (token, gate) = app.make_token(BY, None, TokenScope::Gate { may_force: false }, None).await?;
    let mut making = Making { app, clock, gate: Actor::Gate(token.id), charged: Vec::new(), accounts: 0 };
    let cast = making.cast(gate).await?;
    while making.accounts < plan.accounts {
        let rest = plan.accounts - making.accounts - 1;
        let (_, subaccounts) = making.family("rest", BalanceMode::Shared, rest.min(FAMILY)).await?;
        making.charged.extend(subaccounts.iter().map(|it| it.account.id));
    }
    making.journal(plan, millis).await?;
    drop(making);
    store.close();
    Ok(cast)
}

impl Making {
    async fn cast(&mut self, gate: String) -> Result<Cast> {
        let (payer, hot) = self.family("hot", BalanceMode::Shared, MANY).await?;
        let (_, spread) = self.family("spread", BalanceMode::Own, MANY).await?;
        self.fund(&spread).await?;
        let (lister, listed) = self.family("list", BalanceMode::Own, LISTED).await?;
        self.fund(&listed).await?;
        let (giver, takers) = self.family("pair", BalanceMode::Own, 1).await?;
        self.fund(&takers).await?;
        self.price().await?;
        let poor = self.open("poor", None, BalanceMode::Own, None).await?;
        let guarded = self.open("guarded", None, BalanceMode::Own, Some(CHOSEN.to_owned())).await?;
        self.charged.extend(hot.iter().zip(&spread).flat_map(|(hot, own)| [hot.account.id, own.account.id]));
        let party = |it: &Opened| Party { key: it.account.api_key.to_string(), secret: it.secret.clone() };
        let keys = |all: &[Opened]| all.iter().map(|it| it.account.api_key.to_string()).collect();
        Ok(Cast {
            gate,
            payer: party(&payer),
            hot: hot.iter().map(party).collect(),
            spread: keys(&spread),
            lister: party(&lister),
            giver: party(&giver),
            taker: takers.first().map(|it| it.account.api_key.to_string()).unwrap_or_default(),
            poor: poor.account.api_key.to_string(),
            guarded: party(&guarded),
        })
    }

    /// What a checked call costs: as much as a charge, by the last of some rules.
    async fn price(&self) -> Result<()> {
        let unit_price = amount("0.01")?;
        let rule = |path: &str, operation: &str| {
            let path = path.parse().map_err(|_| format!("{path} is no pattern"))?;
            let pricing = Pricing::Charge { unit_price, units: 1 };
            Ok::<_, String>(PriceRule {
                method: Some("POST".into()),
                path,
                operation: operation.into(),
                pricing,
            })
        };
        let rules = ["/v1/numbers", "/v1/calls", "/v1/accounts/*/calls", "/v1/faxes/**", "/v1/messages"];
        let rules =
            rules.into_iter().map(|it| rule(it, "sms.send")).collect::<std::result::Result<_, _>>()?;
        let (name, currency) = ("bench".into(), Currency::EUR);
        self.app.put_plan(BY, None, NewPlan { name, currency, is_default: true, rules }).await?;
        Ok(())
    }

    /// A primary with money and so many subaccounts.
    async fn family(&mut self, name: &str, mode: BalanceMode, count: usize) -> Result<(Opened, Vec<Opened>)> {
        let primary = self.open(name, None, BalanceMode::Own, None).await?;
        self.fund(std::slice::from_ref(&primary)).await?;
        let parent = Some(primary.account.id);
        let making = &*self;
        let subaccounts: Vec<Opened> = iter(0..count)
            .map(|index| making.opening(format!("{name} {index}"), parent, mode, None))
            .buffered(IN_FLIGHT)
            .try_collect()
            .await?;
        self.accounts += count;
        Ok((primary, subaccounts))
    }

    async fn open(
        &mut self,
        name: &str,
        parent: Option<AccountId>,
        mode: BalanceMode,
        secret: Option<String>,
    ) -> Result<Opened> {
        self.accounts += 1;
        self.opening(name.to_owned(), parent, mode, secret).await
    }

    async fn opening(
        &self,
        name: String,
        parent: Option<AccountId>,
        mode: BalanceMode,
        secret: Option<String>,
    ) -> Result<Opened> {
        let (credit_limit, status) = (Amount::ZERO, Status::Active);
        let new = NewAccount {
            parent,
            name: name.into(),
            currency: None,
            credit_limit,
            mode,
            status,
            secret,
            caps: None,
            alerts: Alerts::default(),
        };
        Ok(self.app.open_account(BY, None, new).await?)
    }

    /// Pays each so much that no measurement uses it up: 100,000,000 charges of 0.01.
    async fn fund(&self, accounts: &[Opened]) -> Result<()> {
        let amount = amount("1000000")?;
        let payments = accounts.iter().map(|it| self.app.pay(BY, None, it.account.id, amount, None));
        let mut paid = iter(payments).buffer_unordered(IN_FLIGHT);
        while let Some(payment) = paid.next().await {
            payment?;
        }
        Ok(())
    }

    /// Charges, up to as many lines as are wanted, evenly over the time up to now.
    async fn journal(&self, plan: &Plan, millis: i64) -> Result<()> {
        let written = self.app.store().figures().lines.load(std::sync::atomic::Ordering::Relaxed);
        let count = plan.lines.saturating_sub(written);
        let per_line = millis as f64 / count.max(1) as f64;
        let mut moved = 0_i64;
        let amount = amount("0.01")?;
        let charges = (0..count).zip(self.charged.iter().cycle()).map(|(index, account)| {
            let due = (index as f64 * per_line) as i64;
            self.clock.advance(due - moved);
            moved = due;
            let once = plan.keyed.then(|| {
                let key = format!("{index:08x}-prepared-key");
                self.app.once(&key, "POST", "/api/v1/charges", key.as_bytes())
            });
            let account = *account;
            let operation = Some("sms.send".into());
            let new = NewCharge { account, amount, operation, units: None, reference: None, force: false };
            self.app.charge(self.gate, once, new)
        });
        let mut charged = iter(charges).buffer_unordered(IN_FLIGHT);
        let mut done = 0_u64;
        while let Some(charge) = charged.next().await {
            charge?;
            done += 1;
            if done.is_multiple_of(1_000_000) {
                eprintln!("{done} of {count} charges are written");
            }
        }
        Ok(())
    }
}

fn amount(text: &str) -> Result<Amount> {
    Amount::parse(text).map_err(|_| format!("{text} is no amount").into())
}
