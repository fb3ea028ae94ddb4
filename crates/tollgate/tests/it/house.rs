//! The harness of the wire tests: the whole server in this process, its clock stopped and its randomness seeded, so
//! that whole answers can be compared.

use std::fmt;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt;
use ledger::{
    AccountId, Action, Actor, Amount, BalanceMode, Command, Features, LineId, NewNumber, NumberKind,
    Timestamp, Token, TokenId, TokenScope, TransferKind,
};
use tollgate::api;
use tollgate::app::{App, NewAccount, NewCharge, NewTransfer, Opened, Settings};
use tollgate::clock::Clock;
use tollgate::http::Peer;
use tollgate::random::Random;
use tollgate::seal::Keyring;
use tollgate::store::{Options, Store, StoreUrl, Time};
use tollgate::webhooks::Room;
use tower::ServiceExt;

use crate::ground::{Ground, Sql};
use crate::openapi::conformance;

/// The operator's token in every house.
pub(crate) const OPERATOR_TOKEN: &str = "the-operator-token-of-every-house-of-the-tests";

/// When every house's clock stands: 2024-08-28T14:11:32.239Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_724_854_292_239);

/// The operator, as authenticated by [`OPERATOR_TOKEN`].
pub(crate) const OPERATOR: Actor = Actor::Operator(TokenId::ENVIRONMENT);

/// A server of its own for a test.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    router: Router,
    /// What is different in every run, and what a snapshot says instead.
    names: Mutex<Vec<(String, String)>>,
    ground: Ground,
}

/// What a caller shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Auth<'a> {
    Nothing,
    Basic(&'a str, &'a str),
    Bearer(&'a str),
}

impl Auth<'_> {
    /// A request that shows it.
    pub(crate) fn on(self, request: Builder) -> Builder {
        match self {
            Auth::Nothing => request,
            Auth::Basic(name, secret) => request
                .header("authorization", format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))),
            Auth::Bearer(token) => request.header("authorization", format!("Bearer {token}")),
        }
    }
}

/// What the operator shows.
pub(crate) const BY_OPERATOR: Auth<'static> = Auth::Bearer(OPERATOR_TOKEN);

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An account, with the credentials that it was opened with.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) id: AccountId,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) opened: Opened,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::set(Ground::new(), Random::seeded(42), settings)
    }

    /// With a store in a file, whatever engine this run is about.
    pub(crate) fn on_file() -> Self {
        Self::set(Ground::file(), Random::seeded(42), Settings::default())
    }

    /// With a copy of this one's store, which it has closed.
    pub(crate) fn copy(&self) -> Self {
        Self::on(self.ground.copy())
    }

    /// With a store that another has written.
    pub(crate) fn on(ground: Ground) -> Self {
        // Other names than those that the first house has given.
        Self::set(ground, Random::seeded(43), Settings::default())
    }

    fn set(ground: Ground, random: Random, settings: Settings) -> Self {
        let keyring = Keyring::new(&[7; 32]);
        let token = Token {
            id: TokenId::ENVIRONMENT,
            scope: TokenScope::Operator,
            created_at: START,
            revoked_at: None,
            is_first: false,
            limits: None,
        };
        let options = Options {
            environment_token: Some((token, keyring.hash(OPERATOR_TOKEN))),
            // One, whose lines are in order though time stands still.
            lanes: 1,
            connections: 4,
            time: Time::OfCallers,
            ..Options::new(ground.store_url(), *keyring.mark())
        };
        let clock = Clock::stopped(START);
        let store = Store::open(options).unwrap();
        let app = App::new(store, keyring, clock.clone(), random, settings).unwrap();
        Self { router: api::router(app.clone()), app, clock, names: Mutex::default(), ground }
    }

    /// The room from which it sends events, which the test sets going. A receiver has two seconds to answer.
    pub(crate) fn room(&self, allows_local: bool) -> Room {
        let keyring = Keyring::new(&[7; 32]);
        let wait = Duration::from_secs(2);
        Room::new(self.app.clone(), keyring, Random::seeded(44), allows_local, wait).unwrap()
    }

    /// Where its store is.
    pub(crate) fn url(&self) -> StoreUrl {
        self.ground.store_url()
    }

    /// What its store stands on.
    pub(crate) const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// A connection of our own to its raw rows.
    pub(crate) fn sql(&self) -> Sql {
        self.ground.sql()
    }

    /// From now on snapshots say `<name>` where this text stands.
    pub(crate) fn call_it(&self, name: &str, text: &str) {
        self.names.lock().unwrap().push((text.to_owned(), format!("<{name}>")));
    }

    /// A whole answer for a snapshot: accounts and secrets by their names, UUIDs by the order in which they stand there.
    pub(crate) fn shown(&self, answer: &Answer) -> String {
        let mut shown = answer.to_string();
        for (text, name) in self.names.lock().unwrap().iter() {
            shown = shown.replace(text, name);
        }
        let mut number = 0;
        while let Some(uuid) = find_uuid(&shown).map(str::to_owned) {
            number += 1;
            shown = shown.replace(&uuid, &format!("<uuid {number}>"));
        }
        shown
    }

    /// A request with a body, empty where there is none.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        auth: Auth<'_>,
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.send(auth.on(request).body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, auth: Auth<'_>) -> Answer {
        self.call(Method::GET, path, auth, "").await
    }

    pub(crate) async fn post(&self, path: &str, auth: Auth<'_>, body: impl Into<Body>) -> Answer {
        self.call(Method::POST, path, auth, body).await
    }

    pub(crate) async fn patch(&self, path: &str, auth: Auth<'_>, body: impl Into<Body>) -> Answer {
        self.call(Method::PATCH, path, auth, body).await
    }

    pub(crate) async fn delete(&self, path: &str, auth: Auth<'_>) -> Answer {
        self.call(Method::DELETE, path, auth, "").await
    }

    /// Any request; `authorization` and all other headers are the test's own affair. Whatever the native API answers, its
    /// OpenAPI document must have.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Peer>().is_none() {
            request.extensions_mut().insert(Peer(IpAddr::from([127, 0, 0, 1])));
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        conformance::check(&method, &path, &answer);
        answer
    }

    /// An answer that lasts, of which nothing is awaited but that it begins.
    pub(crate) async fn begin(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A primary account, opened by the operator.
    pub(crate) async fn primary(&self, name: &str, credit_limit: &str) -> Opening {
        self.open(None, name, credit_limit, BalanceMode::Own).await
    }

    /// A subaccount, opened by the operator.
    pub(crate) async fn subaccount(&self, primary: &Opening, name: &str, mode: BalanceMode) -> Opening {
        self.open(Some(primary.id), name, "0", mode).await
    }

    async fn open(
        &self,
        parent: Option<AccountId>,
        name: &str,
        credit_limit: &str,
        mode: BalanceMode,
    ) -> Opening {
        let credit_limit = amount(credit_limit);
        let new = NewAccount {
            parent,
            name: name.into(),
            currency: None,
            credit_limit,
            mode,
            status: ledger::Status::Active,
            secret: None,
            caps: None,
            alerts: ledger::Alerts::default(),
        };
        let opened = self.app.open_account(OPERATOR, None, new).await.unwrap();
        let key = opened.account.api_key.to_string();
        self.call_it(name, &key);
        self.call_it(&format!("secret of {name}"), &opened.secret);
        Opening { id: opened.account.id, key, secret: opened.secret.clone(), opened }
    }

    pub(crate) async fn pay(&self, account: &Opening, by: &str) {
        self.app.pay(OPERATOR, None, account.id, amount(by), None).await.unwrap();
    }

    /// A charge by the operator; its line.
    pub(crate) async fn charge(&self, account: &Opening, by: &str) -> LineId {
        let new = NewCharge {
            account: account.id,
            amount: amount(by),
            operation: None,
            units: None,
            reference: None,
            force: false,
        };
        self.app.charge(OPERATOR, None, new).await.unwrap().id
    }

    /// A transfer by the operator in the primary's name.
    pub(crate) async fn transfer(
        &self,
        kind: TransferKind,
        primary: &Opening,
        (from, to): (&Opening, &Opening),
        by: &str,
    ) {
        let (from, to) = (from.id, to.id);
        let new = NewTransfer { kind, primary: primary.id, from, to, amount: amount(by), reference: None };
        self.app.transfer(OPERATOR, None, new).await.unwrap();
    }

    /// Closes an account, its numbers going to its heir.
    pub(crate) async fn close(&self, account: &Opening) {
        let id = LineId::from_bytes(*self.app.request_id().as_bytes());
        let action = Action::CloseAccount { account: account.id, cascade: false };
        let command = Command { id, by: OPERATOR, from: None, once: None, action };
        self.app.store().execute(command, self.clock.now()).await.unwrap();
    }

    pub(crate) async fn give_number(&self, account: &Opening, country: &str, msisdn: &str) {
        let country = country.parse().unwrap();
        let number = NewNumber {
            country,
            msisdn: msisdn.into(),
            kind: NumberKind::Mobile,
            features: Features { sms: true, voice: true, mms: false },
            cost: Amount::ZERO,
            currency: None,
        };
        self.app.add_number(OPERATOR, None, number, Some(account.id)).await.unwrap();
    }
}

impl Opening {
    /// What this account shows.
    pub(crate) fn auth(&self) -> Auth<'_> {
        Auth::Basic(&self.key, &self.secret)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body; its numbers keep their digits.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|it| it.to_str().unwrap())
    }
}

const SHOWN: [&str; 12] = [
    "content-type",
    "allow",
    "www-authenticate",
    "retry-after",
    "x-sub-account",
    "x-sub-root",
    "x-sub-operation",
    "x-hold-id",
    "x-hold-amount",
    "x-credit-remaining",
    "x-sub-status",
    "x-sub-token",
];

/// The whole answer, for a snapshot: status, the headers that mean something, and the body with its members sorted.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        for name in SHOWN {
            if let Some(value) = self.header(name) {
                writeln!(f, "{}", format!("{name}: {value}").trim_end())?;
            }
        }
        match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(json) => write!(f, "{json:#}"),
            Err(_) => f.write_str(self.text()),
        }
    }
}

/// An amount from its text.
pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn find_uuid(text: &str) -> Option<&str> {
    let is_uuid = |it: &str| it.len() == 36 && uuid::Uuid::parse_str(it).is_ok();
    (0..text.len()).filter_map(|at| text.get(at..at + 36)).find(|it| is_uuid(it))
}
