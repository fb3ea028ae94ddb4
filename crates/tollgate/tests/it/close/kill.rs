//! SIGKILL at random moments while subaccounts are deleted: each delete is wholly done or not at all, and done where it
//! was acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use ledger::{Timestamp, Token, TokenId, TokenScope};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tollgate::app::{App, Opened, Settings};
use tollgate::clock::Clock;
use tollgate::random;
use tollgate::seal::Keyring;
use tollgate::store;

use super::{Doomed, Shape, rich, stands};
use crate::ground::Sql;
use crate::server::{Api, Options, Random, Server, Store, long, say, send};

const DELETES: usize = 200;
const PRIMARIES: usize = 4;
/// How many there are to delete before a kill at most, so that there are some kills on the fastest machine, too.
const ROUND: usize = 40;
/// How many delete at the same time.
const CLIENTS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_deletes_each_subaccount_is_wholly_gone_or_not_at_all() {
    let mut random = Random::for_test("close::kill");
    for _ in 0..if long() { 10 } else { 1 } {
        delete_all(&mut random).await;
    }
}

async fn delete_all(random: &mut Random) {
    let store = Store::new();
    let scene = Scene::set(&store).await;
    let mut left: Vec<usize> = (0..DELETES).rev().collect();
    let mut broken = Vec::new();
    let (mut kills, mut done_unsaid) = (0, 0);
    while !left.is_empty() || !broken.is_empty() {
        let server = start(&store);
        scene.ask_again(&server.api(), &broken).await;
        scene.assert_credentials(&server.api(), &store.sql(), random).await;
        let asked = scene.delete_until_killed(server, &mut left, random).await;
        kills += 1;
        store.assert_clean(&format!("after kill {kills}"));
        let sql = store.sql();
        let done: Vec<_> = (0..DELETES).filter(|it| scene.is_wholly_done(*it, &sql)).collect();
        scene.assert_money(&sql);
        broken.clear();
        for (n, acknowledged) in asked {
            let is_done = done.binary_search(&n).is_ok();
            assert!(is_done || !acknowledged, "delete {n} was acknowledged and is not done");
            if !acknowledged {
                broken.push((n, is_done));
                done_unsaid += usize::from(is_done);
            }
        }
        let unasked = left.iter().find(|it| done.binary_search(it).is_ok());
        assert_eq!(unasked, None, "it is done and was not asked for");
    }
    assert!((0..DELETES).all(|it| scene.is_wholly_done(it, &store.sql())));
    say(&format!("{kills} kills; {done_unsaid} deletes were done and not acknowledged"));
}

fn start(store: &Store) -> Server {
    Server::start(Options::on(store).arg("--plivo-rate-limit").arg("0"))
}

/// Subaccounts that are to be deleted, and what they and their primaries were before.
struct Scene {
    primaries: Vec<Arc<Opened>>,
    doomed: Vec<Arc<Doomed>>,
    before: Vec<Vec<Vec<String>>>,
    inheritances: Vec<[i64; 3]>,
    stood: Vec<[i64; 4]>,
}

impl Scene {
    /// Made in this process, for no request places a hold.
    async fn set(store: &Store) -> Self {
        let random = random::Random::System;
        let keyring = Keyring::open(&store.key_file(), true, &random).unwrap();
        let (id, scope, created_at) = (TokenId::ENVIRONMENT, TokenScope::Operator, Timestamp::default());
        let token = Token { id, scope, created_at, revoked_at: None, is_first: false, limits: None };
        let options = store::Options {
            environment_token: Some((token, keyring.hash(store.token()))),
            ..store::Options::new(store.ground().store_url(), *keyring.mark())
        };
        let opened = store::Store::open(options).unwrap();
        let app = App::new(opened, keyring, Clock::System, random, Settings::default()).unwrap();
        let primaries = join_all((0..PRIMARIES).map(|_| rich(&app, "Partner"))).await;
        let doomed = (0..DELETES).map(|n| {
            let (app, primary) = (app.clone(), primaries[n % PRIMARIES].clone());
            // So that each primary has every shape.
            async move { Arc::new(Doomed::new(&app, &primary, n, Shape::nth(n / PRIMARIES)).await) }
        });
        let doomed: Vec<_> = join_all(doomed).await;
        app.store().close();
        store.assert_clean("before anything is deleted");
        let sql = store.sql();
        Self {
            before: doomed.iter().map(|it| it.trace(&sql)).collect(),
            inheritances: doomed.iter().map(|it| it.inheritance(&sql)).collect(),
            stood: primaries.iter().map(|it| stands(&sql, it)).collect(),
            primaries,
            doomed,
        }
    }

    /// Lets the clients delete, kills the server in the middle, and says which were asked for and acknowledged.
    async fn delete_until_killed(
        &self,
        server: Server,
        left: &mut Vec<usize>,
        random: &mut Random,
    ) -> BTreeMap<usize, bool> {
        let some = left.split_off(left.len().saturating_sub(ROUND));
        let queue = Arc::new(Mutex::new(some));
        let (answered, mut answers) = unbounded_channel();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (api, doomed) = (server.api(), self.doomed.clone());
            clients.spawn(delete_until_it_breaks(api, doomed, Arc::clone(&queue), answered.clone()));
        }
        drop(answered);
        for _ in 0..random.within(0..36) {
            // Nothing comes when all of this round is deleted.
            if answers.recv().await.is_none() {
                break;
            }
        }
        // Not a wait for anything: it moves the kill away from the moment of an answer, into reads and syncs.
        tokio::time::sleep(Duration::from_micros(random.within(0..4_000))).await;
        server.kill();
        let asked: BTreeMap<_, _> = clients.join_all().await.into_iter().flatten().collect();
        left.append(&mut queue.lock().unwrap());
        asked
    }

    /// Whether a delete is done; one that is done in part fails here.
    fn is_wholly_done(&self, n: usize, sql: &Sql) -> bool {
        let doomed = &self.doomed[n];
        if doomed.is_closed(sql) {
            doomed.assert_closed(sql);
            return true;
        }
        assert_eq!(doomed.trace(sql), self.before[n], "delete {n} is done in part: {:?}", doomed.shape);
        false
    }

    /// Each primary stands where its deleted subaccounts' money takes it.
    fn assert_money(&self, sql: &Sql) {
        for (nth, primary) in self.primaries.iter().enumerate() {
            let mut expected = self.stood[nth];
            for n in (nth..DELETES).step_by(PRIMARIES).filter(|it| self.doomed[*it].is_closed(sql)) {
                let [balance, credit_limit, freed] = self.inheritances[n];
                let [b, c, h, count] = expected;
                expected = [b + balance, c + credit_limit, h - freed, count - 1];
            }
            assert_eq!(stands(sql, primary), expected, "primary {nth}");
        }
    }

    /// What broke off is asked once more: under its key it is the same delete, without one it is gone or goes now.
    async fn ask_again(&self, api: &Api, broken: &[(usize, bool)]) {
        for (n, is_done) in broken {
            let answer = send(delete(api, &self.doomed[*n], *n)).await.unwrap();
            let expected = if *is_done && !has_key(*n) { 404 } else { 204 };
            assert_eq!(answer.status, expected, "delete {n}, done {is_done}: {}", answer.body);
        }
    }

    /// What authenticates a deleted subaccount is dead, and what authenticates another lives, in every dialect.
    async fn assert_credentials(&self, api: &Api, sql: &Sql, random: &mut Random) {
        for _ in 0..12 {
            let doomed = random.one_of(&self.doomed);
            let Opened { account, secret, auth_token } = &doomed.opened;
            let (by_id, by_key) = (account.auth_id.as_str().to_owned(), account.api_key.to_string());
            let plivo = api.bare("GET", &format!("/v1/Account/{by_id}/"));
            let plivo = send(plivo.basic_auth(by_id, Some(auth_token))).await.unwrap();
            let vonage = api.bare("GET", "/account/get-balance").basic_auth(by_key, Some(secret));
            let vonage = send(vonage).await.unwrap();
            let (status, error) = (plivo.status, plivo.body["error"].as_str().unwrap_or_default());
            let expected = match (doomed.is_closed(sql), doomed.shape.suspended) {
                (true, _) => (401, "authentication failed", 401),
                (false, true) => (401, "subaccount is disabled", 403),
                (false, false) => (200, "", 200),
            };
            assert_eq!((status, error, vonage.status), expected, "{} {:?}", doomed.auth_id(), doomed.shape);
        }
    }
}

/// Every second delete has a key of its own.
const fn has_key(n: usize) -> bool {
    n % 2 == 1
}

fn delete(api: &Api, doomed: &Doomed, n: usize) -> reqwest::RequestBuilder {
    let path = format!("{}?cascade={}", doomed.path(), doomed.shape.cascade);
    let Opened { account, auth_token, .. } = &*doomed.primary;
    let request = api.bare("DELETE", &path).basic_auth(account.auth_id.as_str(), Some(auth_token));
    if has_key(n) { request.header("idempotency-key", format!("delete-{n}")) } else { request }
}

/// Which were asked for, and whether they were acknowledged; only the last one never is.
async fn delete_until_it_breaks(
    api: Api,
    doomed: Vec<Arc<Doomed>>,
    queue: Arc<Mutex<Vec<usize>>>,
    answered: UnboundedSender<()>,
) -> Vec<(usize, bool)> {
    let mut asked = Vec::new();
    loop {
        let Some(n) = queue.lock().unwrap().pop() else { return asked };
        match send(delete(&api, &doomed[n], n)).await {
            Ok(answer) => {
                assert_eq!(answer.status, 204, "delete {n}: {}", answer.body);
                asked.push((n, true));
            }
            Err(_) => {
                asked.push((n, false));
                return asked;
            }
        }
        // Nobody listens any more once the number is reached.
        let _told = answered.send(());
    }
}
