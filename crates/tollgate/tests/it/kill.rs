//! SIGKILL at random moments under load: what was acknowledged is there once, what was refused is not, and what broke
//! off may be asked again (docs/rules.md, Promises).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::server::{Account, Api, Charge, Options, Random, Server, Store, amount, cents, long, units};

/// How many clients a round has, and how many answers they get at most before the kill. With two, nearly every charge is
/// a commit, so that the WAL grows until it is folded into the file; with many, each commit holds many charges.
const ROUNDS: [(u64, u64); 3] = [(2, 5_000), (24, 1_500), (64, 3_000)];

/// More than all rounds can spend.
const PLENTY: &str = "1000000.00";

/// Spent early in a round, so that refusals and acknowledgements of one account race.
const TIGHT: &str = "5.00";

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_keeps_what_it_acknowledged_and_nothing_else() {
    let mut random = Random::for_test("kill");
    let store = Store::new();
    let mut server = Server::start(Options::on(&store));
    let mut family = Family::open(&server.api()).await;
    let mut told = Told::default();

    for round in 0..if long() { 50 } else { 3 } {
        let tight = server.api().open_with(TIGHT).await;
        family.tight = tight.clone();
        told.paid.insert(tight.id, units(TIGHT));

        let unknown = load_until_killed(server, &family, round, &mut random, &mut told).await;
        store.assert_clean(&format!("after kill {round}"));

        server = Server::start(Options::on(&store));
        let api = server.api();
        for charge in unknown {
            let answer = api.send(&charge).await.unwrap();
            told.record(&charge, answer.status);
        }
        told.assert_is_in_the_books(&api, &family).await;
        store.assert_clean(&format!("while it runs again, round {round}"));
    }
    server.stop();
    store.assert_clean("at the end");
}

/// Who is charged.
#[derive(Clone)]
struct Family {
    /// Pays for the shared subaccounts: one hot balance.
    hot: Account,
    shared: Vec<Account>,
    /// Each with its own balance.
    spread: Vec<Account>,
    /// Has nothing: every charge is refused.
    poor: Account,
    /// Another one in each round.
    tight: Account,
}

impl Family {
    async fn open(api: &Api) -> Self {
        let hot = api.open_with(PLENTY).await;
        let mut shared = Vec::new();
        let mut spread = Vec::new();
        for _ in 0..4 {
            shared.push(api.open_sub(&hot, "shared").await);
        }
        for _ in 0..12 {
            spread.push(api.open_with(PLENTY).await);
        }
        let poor = api.open_primary("0").await;
        Self { hot, shared, spread, tight: poor.clone(), poor }
    }

    fn charge(&self, random: &mut Random, key: &str) -> Charge {
        let account = match random.within(0..10) {
            0..4 => random.one_of(&self.shared),
            4..8 => random.one_of(&self.spread),
            8 => &self.tight,
            _ => &self.poor,
        };
        Charge::new(&account.id, &cents(random.within(1..100)), key)
    }

    /// The account in whose journal a charge must appear.
    fn payer(&self, account: &str) -> String {
        let is_shared = self.shared.iter().any(|it| it.id == account);
        if is_shared { self.hot.id.clone() } else { account.to_owned() }
    }

    fn payers(&self) -> impl Iterator<Item = &Account> {
        [&self.hot, &self.poor, &self.tight].into_iter().chain(&self.spread)
    }
}

/// What the clients were told.
#[derive(Default)]
struct Told {
    /// Of accounts that got anything but `PLENTY`.
    paid: BTreeMap<String, i64>,
    acknowledged: Vec<Charge>,
    refused: usize,
}

impl Told {
    fn record(&mut self, charge: &Charge, status: u16) {
        match status {
            201 => self.acknowledged.push(charge.clone()),
            402 => self.refused += 1,
            _ => panic!("{charge:?} was answered {status}"),
        }
    }

    /// The journals hold each acknowledged charge once and no other, and the balances follow from them.
    async fn assert_is_in_the_books(&self, api: &Api, family: &Family) {
        let mut expected: BTreeMap<String, Vec<&Charge>> = BTreeMap::new();
        for charge in &self.acknowledged {
            expected.entry(family.payer(&charge.account)).or_default().push(charge);
        }
        for account in family.payers() {
            let charges = expected.remove(&account.id).unwrap_or_default();
            let mut keys: Vec<_> = charges.iter().map(|it| it.key.clone()).collect();
            keys.sort();
            let booked = api.references(&account.id, "kill-").await;
            assert_same(&keys, &booked);

            let spent: i64 = charges.iter().map(|it| it.amount).sum();
            let nothing = if account.id == family.poor.id { 0 } else { units(PLENTY) };
            let paid = self.paid.get(&account.id).copied().unwrap_or(nothing);
            let balance = amount(&api.account(&account.id).await["balance"]);
            assert_eq!(balance, paid - spent, "balance of {account:?}");
            assert!(balance >= 0, "{account:?} is below its limit: {balance}");
        }
        assert!(self.refused > 0, "no charge was refused: the load does not show what it should");
    }
}

/// Says what is missing and what is too much, instead of printing thousands of keys.
fn assert_same(acknowledged: &[String], booked: &[String]) {
    let missing: Vec<_> = acknowledged.iter().filter(|it| booked.binary_search(it).is_err()).collect();
    let unasked: Vec<_> = booked.iter().filter(|it| acknowledged.binary_search(it).is_err()).collect();
    let doubled: Vec<_> = booked.windows(2).filter(|it| it[0] == it[1]).map(|it| &it[0]).collect();
    assert!(
        missing.is_empty() && unasked.is_empty() && doubled.is_empty(),
        "acknowledged but lost: {missing:?}; booked but never acknowledged: {unasked:?}; doubled: {doubled:?}"
    );
}

/// Lets the clients charge, kills the server in the middle, and returns what broke off.
async fn load_until_killed(
    server: Server,
    family: &Family,
    round: u32,
    random: &mut Random,
    told: &mut Told,
) -> Vec<Charge> {
    let family = Arc::new(family.clone());
    let (answered, mut answers) = unbounded_channel();
    let mut clients = JoinSet::new();
    let &(count, answers_max) = random.one_of(&ROUNDS);
    for client in 0..count {
        let name = format!("kill-{round}-{client}");
        clients.spawn(charge_until_it_breaks(
            server.api(),
            Arc::clone(&family),
            name,
            random.fork(),
            answered.clone(),
        ));
    }
    drop(answered);
    for _ in 0..random.within(50..answers_max) {
        answers.recv().await.expect("clients go on until the server is killed");
    }
    // Not a wait for anything: it moves the kill away from the moment of an answer, into reads, syncs and checkpoints.
    tokio::time::sleep(Duration::from_micros(random.within(0..20_000))).await;
    server.kill();

    let mut unknown = Vec::new();
    while let Some(client) = clients.join_next().await {
        let (answers, broken) = client.unwrap();
        for (charge, status) in answers {
            told.record(&charge, status);
        }
        unknown.push(broken);
    }
    unknown
}

/// Returns what was answered, and the charge whose connection broke.
async fn charge_until_it_breaks(
    api: Api,
    family: Arc<Family>,
    name: String,
    mut random: Random,
    answered: UnboundedSender<()>,
) -> (Vec<(Charge, u16)>, Charge) {
    let mut answers = Vec::new();
    loop {
        let charge = family.charge(&mut random, &format!("{name}-{}", answers.len()));
        match api.send(&charge).await {
            Ok(answer) => answers.push((charge, answer.status)),
            Err(_) => return (answers, charge),
        }
        // Nobody listens any more once the number is reached.
        let _told = answered.send(());
    }
}
