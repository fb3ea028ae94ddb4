//! Clients that write for as long as they are let, whatever becomes of the nodes, and remember what they were told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::nodes::Doors;
use crate::server::{Account, Api, DEADLINE, Random, cents, send};

/// How many clients write at the same time.
const CLIENTS: usize = 12;
/// How long a client waits that was told that nothing can be written now.
const PAUSE: Duration = Duration::from_millis(20);

/// More than all rounds can spend.
const PLENTY: &str = "1000000.00";
/// Spent early in a round, so that refusals and acknowledgements of one account race.
const TIGHT: &str = "1.00";

/// Who is written to.
#[derive(Clone)]
pub(super) struct Family {
    /// Pays for the shared subaccounts: one hot balance.
    pub(super) hot: Account,
    shared: Vec<Account>,
    /// Has its own, from and to which `hot` moves some.
    own: Account,
    spread: Vec<Account>,
    /// Another one in each round.
    tight: Account,
}

/// One write, sent as often as wanted with the very same bytes.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// Nobody else's, so that its line is known by it, or the account that it opened; its key, too, if it has one.
    pub(super) reference: String,
    pub(super) is_keyed: bool,
    path: String,
    body: String,
}

/// What a client was told of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is done: the whole answer.
    Done(Value),
    /// It was refused.
    Refused,
    /// It could not be done, and was not.
    Not,
    /// Nobody knows.
    Unknown,
    /// Nothing: the connection broke.
    Nothing,
}

impl Family {
    pub(super) async fn open(api: &Api) -> Self {
        let hot = api.open_with(PLENTY).await;
        let mut shared = Vec::new();
        let mut spread = Vec::new();
        for _ in 0..3 {
            shared.push(api.open_sub(&hot, "shared").await);
            spread.push(api.open_with(PLENTY).await);
        }
        let own = api.open_sub(&hot, "own").await;
        Self { shared, spread, own, tight: hot.clone(), hot }
    }

    /// With another account that has little.
    pub(super) async fn for_another_round(&mut self, api: &Api) {
        self.tight = api.open_with(TIGHT).await;
    }

    fn write(&self, random: &mut Random, reference: String) -> Write {
        let is_keyed = random.within(0..3) > 0;
        let amount = cents(random.within(1..50));
        let charge = |account: &Account| {
            let body = json!({ "account": account.id, "amount": amount, "reference": reference });
            ("/api/v1/charges".to_owned(), body)
        };
        let (path, body) = match random.within(0..12) {
            0..4 => charge(random.one_of(&self.shared)),
            4..6 => charge(random.one_of(&self.spread)),
            6 => charge(&self.tight),
            7 => {
                let path = format!("/api/v1/accounts/{}/payments", random.one_of(&self.spread).id);
                (path, json!({ "amount": amount, "reference": reference }))
            }
            8 => {
                let account = random.one_of(&self.shared);
                let body = json!({ "account": account.id, "amount": amount, "reference": reference, "expires_in": 3_600 });
                ("/api/v1/holds".to_owned(), body)
            }
            // Under the lock that all nodes have in common, and its secret is shown once.
            9 => (
                "/api/v1/accounts".to_owned(),
                json!({ "name": reference, "parent": self.hot.id, "balance": "own" }),
            ),
            _ => {
                let side = random.one_of(&["to", "from"]);
                let path = format!("/api/v1/accounts/{}/transfers", self.hot.id);
                let body = json!({ "kind": "balance", *side: self.own.id, "amount": amount, "reference": reference });
                (path, body)
            }
        };
        Write { reference, is_keyed, path, body: body.to_string() }
    }
}

impl Write {
    pub(super) async fn send(&self, api: &Api) -> Told {
        let mut request = api.request("POST", &self.path).body(self.body.clone());
        if self.is_keyed {
            request = request.header("idempotency-key", &self.reference);
        }
        match send(request).await {
            Ok(answer) => match (answer.status, answer.body["code"].as_str()) {
                (201, _) => Told::Done(answer.body),
                (402, _) => Told::Refused,
                (429, Some("busy")) | (503, Some("unavailable")) => Told::Not,
                (503, Some("outcome_unknown")) => Told::Unknown,
                _ => panic!("{self:?} was answered {answer:?}"),
            },
            // It never left.
            Err(error) if error.is_connect() => Told::Not,
            Err(error) if error.is_timeout() => panic!("{self:?} was not answered: {error}"),
            Err(_) => Told::Nothing,
        }
    }
}

/// The clients at work.
pub(super) struct Load {
    seen: Arc<Seen>,
    clients: JoinSet<Vec<(Write, Told)>>,
}

/// What they have seen so far, together.
struct Seen {
    is_over: AtomicBool,
    done: AtomicU64,
    unknown: AtomicU64,
    /// When something was done last, and for how long nothing was at the worst.
    last: Mutex<(Instant, Duration)>,
}

impl Load {
    /// Spread over all nodes; `name` is what their references begin with.
    pub(super) fn start(doors: &Doors, family: &Family, random: &mut Random, name: &str) -> Self {
        let seen = Arc::new(Seen {
            is_over: AtomicBool::new(false),
            done: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            last: Mutex::new((Instant::now(), Duration::ZERO)),
        });
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let name = format!("{name}-{client}");
            let client =
                Client { node: client, doors: doors.clone(), family: family.clone(), seen: seen.clone() };
            clients.spawn(client.write_until_over(name, random.fork()));
        }
        Self { seen, clients }
    }

    /// How many writes were acknowledged so far.
    pub(super) fn done(&self) -> u64 {
        self.seen.done.load(Ordering::SeqCst)
    }

    /// How many of which nobody knows.
    pub(super) fn unknown(&self) -> u64 {
        self.seen.unknown.load(Ordering::SeqCst)
    }

    /// Waits until so many more were acknowledged.
    pub(super) async fn goes_on(&self, more: u64) {
        let enough = self.done() + more;
        self.until("enough writes are acknowledged", || self.done() >= enough).await;
    }

    pub(super) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < DEADLINE, "{what}: not after {DEADLINE:?}; {} are", self.done());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// For how long nothing was acknowledged, at the worst, since this was asked last.
    pub(super) fn without_service(&self) -> Duration {
        std::mem::take(&mut self.seen.last.lock().unwrap().1)
    }

    /// Has them stop, and gives all that they were told.
    pub(super) async fn end(self) -> Vec<(Write, Told)> {
        self.seen.is_over.store(true, Ordering::SeqCst);
        self.clients.join_all().await.concat()
    }
}

/// One client.
struct Client {
    /// Where it asks, until that fails.
    node: usize,
    doors: Doors,
    family: Family,
    seen: Arc<Seen>,
}

impl Client {
    async fn write_until_over(mut self, name: String, mut random: Random) -> Vec<(Write, Told)> {
        let mut all = Vec::new();
        while !self.seen.is_over.load(Ordering::SeqCst) {
            let write = self.family.write(&mut random, format!("{name}-{}", all.len()));
            let told = write.send(&self.doors.of(self.node)).await;
            match told {
                Told::Done(_) => self.seen.one_done(),
                Told::Refused => {}
                Told::Unknown => drop(self.seen.unknown.fetch_add(1, Ordering::SeqCst)),
                Told::Not | Told::Nothing => {
                    self.node += 1;
                    // As a client does; it waits for nothing that is tested.
                    tokio::time::sleep(PAUSE).await;
                }
            }
            all.push((write, told));
        }
        all
    }
}

impl Seen {
    fn one_done(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
        let mut last = self.last.lock().unwrap();
        let now = Instant::now();
        last.1 = last.1.max(now - last.0);
        last.0 = now;
    }
}
