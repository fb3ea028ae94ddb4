//! A write happens once, however often it has to be sent, and a refusal is sent once.

use serde_json::Value;

use super::flaky::{Fate, Flaky, UNAVAILABLE, UNKNOWN};
use super::{Desk, NOT_REACHED, REFUSED, USAGE};
use crate::server::{Ended, run};

impl Desk {
    /// As the operator, by way of something that loses requests.
    fn run_by_way_of<'a>(&self, flaky: &Flaky, args: impl IntoIterator<Item = &'a str>) -> Ended {
        run(self.command(args).env("TOLLGATE_API", flaky.url()))
    }

    async fn balance(&self) -> Value {
        self.api.account(&self.partner.key).await["balance"].clone()
    }
}

#[tokio::test]
async fn what_gets_lost_is_asked_again_and_happens_once() {
    let desk = Desk::new().await;
    let pay = ["payments", "record", &*desk.partner.key, "10", "--json", "--patience", "30"];
    let mut balance = 0;
    for fates in [
        &[Fate::Lose][..],
        &[Fate::Drop],
        &[Fate::Answer(UNAVAILABLE)],
        &[Fate::Answer(UNKNOWN)],
        &[Fate::Answer("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")],
        &[Fate::Lose, Fate::Answer(UNAVAILABLE), Fate::Lose, Fate::Answer(UNKNOWN)],
    ] {
        let flaky = Flaky::before(desk.server.url(), fates);
        let ended = desk.run_by_way_of(&flaky, pay);
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{fates:?}: {ended:?}");
        balance += 10;
        assert_eq!(desk.balance().await, format!("{balance}.00"), "{fates:?}");
        let keys = flaky.keys();
        assert_eq!(keys.len(), fates.len() + 1, "{fates:?}: {keys:?}");
        assert!(keys[0].is_some() && keys.iter().all(|it| *it == keys[0]), "{fates:?}: {keys:?}");
    }
}

#[tokio::test]
async fn who_loses_patience_is_told_how_to_find_out() {
    let desk = Desk::new().await;
    let flaky = Flaky::before(desk.server.url(), &[Fate::Lose]);
    let pay = ["payments", "record", &*desk.partner.key, "10", "--json"];
    let ended = desk.run_by_way_of(&flaky, pay.into_iter().chain(["--patience", "0"]));
    assert_eq!((ended.code, &*ended.stdout), (Some(NOT_REACHED), ""), "{ended:?}");
    let key = flaky.keys()[0].clone().unwrap();
    let hint =
        format!("It is not known whether it was done. The same again with --key '{key}' does it once.");
    assert!(ended.stderr.contains(&hint), "{ended:?}");
    let ended = desk.run_by_way_of(&flaky, pay.into_iter().chain(["--key", &key]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(desk.balance().await, "10.00");

    // So is he to whom the server says that it does not know.
    let flaky = Flaky::before(desk.server.url(), &[Fate::Answer(UNKNOWN)]);
    let ended = desk.run_by_way_of(&flaky, pay.into_iter().chain(["--patience", "0"]));
    assert_eq!((ended.code, &*ended.stdout), (Some(NOT_REACHED), ""), "{ended:?}");
    let key = flaky.keys()[0].clone().unwrap();
    assert_eq!(
        ended.stderr.replace(&key, "<key>"),
        "tollgate: Outcome unknown (outcome_unknown)\n  \
         The store did not say in time what became of it: it may have been done, or not.\n  request 0000000000\n  \
         It is not known whether it was done. The same again with --key '<key>' does it once."
    );

    // Where it cannot have arrived there is nothing to find out.
    let nobody = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let mut command = desk.command(pay.into_iter().chain(["--patience", "0"]));
    let ended = run(command.env("TOLLGATE_API", format!("http://{nobody}")));
    assert_eq!(ended.code, Some(NOT_REACHED), "{ended:?}");
    assert!(ended.stderr.contains("Connection refused") && !ended.stderr.contains("--key"), "{ended:?}");
}

#[tokio::test]
async fn the_same_key_is_the_same_write() {
    let desk = Desk::new().await;
    let open = ["accounts", "open", "Once", "--key", "open-1", "--json"];
    let (first, again) = (desk.run(open), desk.run(open));
    assert_eq!((first.code, again.code), (Some(0), Some(0)), "{first:?} {again:?}");
    // With the secret, which is shown in repeats alone.
    assert!(first.stdout.contains("\"secret\":\""), "{first:?}");
    assert_eq!(first.stdout, again.stdout);
    let other = desk.run(["accounts", "open", "Other", "--key", "open-1"]);
    assert_eq!(other.code, Some(USAGE), "{other:?}");
    assert!(other.stderr.contains("This --key was used for something else. Take another."), "{other:?}");
    // Without one each is its own.
    let (first, again) =
        (desk.run(["accounts", "open", "A", "--json"]), desk.run(["accounts", "open", "A", "--json"]));
    assert_ne!(first.stdout, again.stdout);
}

#[tokio::test]
async fn a_refusal_is_not_asked_again_and_a_busy_server_says_when() {
    let desk = Desk::new().await;
    let flaky = Flaky::before(desk.server.url(), &[]);
    let pay = ["payments", "record", &*desk.partner.key, "-1000", "--json", "--patience", "30"];
    assert_eq!(desk.run_by_way_of(&flaky, pay).code, Some(REFUSED));
    assert_eq!(flaky.keys().len(), 1);

    // In longer than we wait: there is no use in waiting at all.
    let busy = Flaky::answering(BUSY);
    let begun = std::time::Instant::now();
    let ended = desk.run_by_way_of(&busy, ["accounts", "list", "--patience", "30"]);
    assert_eq!(ended.code, Some(NOT_REACHED), "{ended:?}");
    assert!(ended.stderr.contains("(busy)") && begun.elapsed().as_secs() < 20, "{ended:?}");
    assert_eq!(busy.keys().len(), 1);
}

const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\nconnection: close\r\ncontent-length: 142\r\n\r\n\
     {\"type\":\"urn:tollgate:problem:busy\",\"title\":\"Too many requests\",\"status\":429,\"detail\":\"Later.\",\"code\":\
     \"busy\",\"instance\":\"urn:uuid:0000000000\"}";
