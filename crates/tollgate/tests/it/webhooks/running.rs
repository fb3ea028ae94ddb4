//! The running server: killed in the middle of sending, without what it knew of deliveries, and charging beside a receiver
//! that never answers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tollgate::clock::Clock;
use tollgate::tls;

use super::receiver::{Behaviour, Receiver};
use super::verified;
use crate::server::{Account, Api, DEADLINE, Options, Server, Store, say, text, tollgate};

/// Waits until it is so, or the deadline has passed.
async fn eventually(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "it never came to be so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn options(store: &Store) -> Options {
    Options::on(store).arg("--webhook-allow-local")
}

async fn listening(api: &Api, receiver: &Receiver) -> String {
    let made = api.post("/api/v1/webhooks", json!({ "url": receiver.url() })).await.expect(201);
    text(&made["secret"])
}

fn taken(receiver: &Receiver) -> BTreeSet<String> {
    receiver.taken().iter().map(|it| it.headers["webhook-id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_the_server_was_killed_is_sent_after_its_start() {
    // Whatever comes for the first time has no answer when the server dies.
    let receiver =
        Receiver::start(|it| if it.nth == 0 { Behaviour::Hang } else { Behaviour::Answer(200) }).await;
    let store = Store::new();
    let server = Server::start(options(&store));
    let secret = listening(&server.api(), &receiver).await;
    for _ in 0..3 {
        server.api().open_with("5.00").await;
    }
    eventually(|| receiver.received().len() >= 3).await;
    server.kill();
    assert_eq!(receiver.taken().len(), 0);

    let server = Server::start(options(&store));
    eventually(|| taken(&receiver).len() >= 3).await;
    server.stop();
    let received = receiver.received();
    let expected = ["account.opened", "available.recovered"];
    assert!(verified(&secret, &received).iter().all(|it| expected.contains(&it.as_str())));
    store.assert_clean("after a kill while events were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_knows_what_became_of_events_and_without_that_file_they_are_sent_again() {
    let receiver = Receiver::start(|_| Behaviour::Answer(200)).await;
    let store = Store::on_file();
    let server = Server::start(options(&store));
    listening(&server.api(), &receiver).await;
    for _ in 0..3 {
        server.api().open_with("5.00").await;
    }
    eventually(|| taken(&receiver).len() == 6).await;
    server.stop();

    // A backup knows what became of them, and its server sends nothing twice.
    let copy = Store::on_file();
    let ended = tollgate(["backup", "--store", &store.url(), &copy.file().display().to_string()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let states = |of: &Store| of.ground().deliveries().rows("SELECT seq, state FROM deliveries ORDER BY seq");
    assert_eq!((states(&copy).len(), states(&copy)), (6, states(&store)));

    // Without the file that says what became of them, those of the last day are sent once more, and none is lost.
    let before = receiver.received().len();
    std::fs::remove_file(store.dir().join("t.db.deliveries")).unwrap();
    let server = Server::start(options(&store));
    eventually(|| taken(&receiver).len() == 6 && receiver.received().len() >= before + 3).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_speaks_tls_is_sent_to_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls::self_signed(folder.path(), &[], Clock::System.now()).unwrap();
    let acceptor = tls::acceptor(&files.cert, &files.key, &[]).unwrap();
    let receiver = Receiver::start_with(Some(acceptor), |_| Behaviour::Answer(200)).await;
    let store = Store::new();
    let server = Server::start(options(&store).env("SSL_CERT_FILE", &files.ca));
    let secret = listening(&server.api(), &receiver).await;
    server.api().open_with("5.00").await;
    eventually(|| taken(&receiver).len() == 2).await;
    assert_eq!(verified(&secret, &receiver.received()), ["account.opened", "available.recovered"]);
    server.stop();

    let server = Server::start(options(&store));
    let api = server.api();
    api.open_primary("0").await;
    let id = text(&api.get("/api/v1/webhooks").await.expect(200)["webhooks"][0]["id"]);
    let begun = Instant::now();
    let error = loop {
        assert!(begun.elapsed() < DEADLINE, "it was never tried");
        let pending = api.get(&format!("/api/v1/webhooks/{id}/deliveries?state=pending")).await.expect(200);
        if let Some(error) = pending["deliveries"][0]["last_error"].as_str() {
            break error.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(error, "its certificate is not trusted, or it speaks no TLS");
    assert_eq!(receiver.received().len(), 2);
    server.stop();
}

/// Charges all that an account has, and says how long that took; then it gets it back. Either crosses a threshold.
async fn timed(api: &Api, account: &Account, number: usize) -> Duration {
    let begun = Instant::now();
    api.charge(account, "5.00", &format!("charge {number}")).await.expect(201);
    let took = begun.elapsed();
    api.pay(account, "5.00").await;
    took
}

/// One server whose events go nowhere and one whose receivers never answer, asked in turns, so that whatever else this
/// machine does slows both.
#[tokio::test(flavor = "multi_thread")]
async fn a_charge_takes_no_longer_beside_receivers_that_never_answer() {
    let (quiet_store, busy_store) = (Store::new(), Store::new());
    let (quiet, busy) = (Server::start(options(&quiet_store)), Server::start(options(&busy_store)));
    let receiver = Receiver::start(|_| Behaviour::Hang).await;
    for _ in 0..5 {
        listening(&busy.api(), &receiver).await;
    }
    let mut accounts = Vec::new();
    for _ in 0..8 {
        accounts.push((quiet.api().open_with("5.00").await, busy.api().open_with("5.00").await));
    }
    eventually(|| receiver.received().len() >= 5).await;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let (of_quiet, of_busy) = &accounts[number % accounts.len()];
        alone.push(timed(&quiet.api(), of_quiet, number).await);
        beside.push(timed(&busy.api(), of_busy, number).await);
    }
    assert_eq!(receiver.taken().len(), 0);
    let listed = busy.api().get("/api/v1/webhooks").await.expect(200);
    let id = text(&listed["webhooks"][0]["id"]);
    let path = format!("/api/v1/webhooks/{id}/deliveries?state=pending&limit=1000");
    let begun = Instant::now();
    // Two for each round, as they are taken in.
    while busy.api().get(&path).await.expect(200)["deliveries"].as_array().unwrap().len() < 400 {
        assert!(begun.elapsed() < DEADLINE, "not all events wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [alone, beside] = [alone, beside].map(|mut it| {
        it.sort();
        (it[it.len() / 2], it[it.len() * 9 / 10])
    });
    say(&format!("a charge takes {alone:?} (median, 90th) alone, {beside:?} beside receivers that hang"));
    // Twice as long would be the median of something that waits for them: each of them takes 15 s.
    assert!(beside.0 < alone.0 * 2 + Duration::from_millis(2), "{beside:?} against {alone:?}");
    for (server, store) in [(quiet, quiet_store), (busy, busy_store)] {
        server.stop();
        store.assert_clean("beside receivers that never answer");
    }
}
