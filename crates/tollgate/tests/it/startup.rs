//! Starting and stopping: what cannot start says so in one sentence with a documented exit code; what stops answers first.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::server::{Api, DEADLINE, Ended, Options, Server, Store, poll, run, send, tollgate};

/// The command line is wrong.
const USAGE: i32 = 2;

/// The command line is right, but there is something in the way.
const CANNOT_START: i32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_store_is_refused_and_the_first_goes_on() {
    let store = Store::on_file();
    let first = Server::start(Options::on(&store));
    let account = first.api().open_with("1.00").await;

    let second = run(&mut Options::on(&store).command());
    assert_one_sentence(&second, CANNOT_START, &["t.db", "process"]);

    first.api().charge(&account, "1.00", "after").await.expect(201);
    first.stop();
    // A clean end and a kill both leave nothing that keeps the next one out.
    Server::start(Options::on(&store)).kill();
    Server::start(Options::on(&store)).stop();
}

#[test]
fn an_unknown_flag_is_named() {
    let ended = run(&mut Options::default().arg("--colour").command());
    assert_eq!(ended.code, Some(USAGE), "{ended:?}");
    // The usage follows; the first line says what is wrong.
    assert!(ended.stderr.lines().next().is_some_and(|it| it.contains("--colour")), "{ended:?}");
    assert_no_noise(&ended);
}

#[test]
fn no_subcommand_and_an_unknown_one_are_usage_errors() {
    for args in [&[][..], &["serv"][..]] {
        let ended = tollgate(args.iter().copied());
        assert_eq!(ended.code, Some(USAGE), "{ended:?}");
        assert!(!ended.stderr.is_empty());
        assert_no_noise(&ended);
    }
}

#[test]
fn a_store_that_is_no_url_is_a_usage_error() {
    let ended = tollgate(["serve", "--listen", "127.0.0.1:0", "--store", "mysql://here"]);
    assert_eq!(ended.code, Some(USAGE), "{ended:?}");
    assert!(ended.stderr.contains("mysql"), "{ended:?}");
    assert_no_noise(&ended);
}

#[test]
fn a_session_of_the_console_that_lasts_no_time_or_for_ever_is_a_usage_error() {
    for (flag, value) in [
        ("--console-idle", "0"),
        ("--console-idle", "1441"),
        ("--console-session", "0"),
        ("--console-session", "10081"),
        ("--console-session", "12h"),
    ] {
        let ended = tollgate(["serve", "--listen", "127.0.0.1:0", flag, value]);
        assert_eq!(ended.code, Some(USAGE), "{ended:?}");
        assert!(ended.stderr.contains(flag), "{ended:?}");
        assert_no_noise(&ended);
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let store = Store::new();
    let ended = run(&mut Options { listen: address.clone(), ..Options::on(&store) }.command());
    assert_one_sentence(&ended, CANNOT_START, &[&address]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_file_is_refused_and_the_right_one_still_works() {
    let store = with_an_account(Store::new()).await;
    let right = fs::read(store.key_file()).unwrap();
    fs::write(store.key_file(), format!("{}\n", "5a".repeat(32))).unwrap();
    let ended = run(&mut Options::on(&store).command());
    assert_one_sentence(&ended, CANNOT_START, &["t.db.key"]);

    fs::write(store.key_file(), right).unwrap();
    Server::start(Options::on(&store)).stop();
}

/// A new key would open nothing that the store has sealed.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_refused_and_not_replaced() {
    let store = with_an_account(Store::new()).await;
    fs::remove_file(store.key_file()).unwrap();
    let ended = run(&mut Options::on(&store).command());
    assert_one_sentence(&ended, CANNOT_START, &["t.db.key"]);
    assert!(!store.key_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_of_something_else_is_refused() {
    let store = with_an_account(Store::new()).await;
    for content in ["", "00", "no key at all"] {
        fs::write(store.key_file(), content).unwrap();
        let ended = run(&mut Options::on(&store).command());
        assert_one_sentence(&ended, CANNOT_START, &["t.db.key"]);
    }
}

#[test]
fn the_key_file_may_lie_elsewhere() {
    let store = Store::on_file();
    let elsewhere = store.dir().join("elsewhere.key");
    let flag = ["--key-file".to_owned(), elsewhere.display().to_string()];
    let options = || Options { args: flag.clone().into(), ..Options::on(&store) };
    Server::start(options()).stop();
    assert!(elsewhere.exists() && !store.key_file().exists());
    // By the environment, too.
    Server::start(Options::on(&store).env("TOLLGATE_KEY_FILE", &elsewhere)).stop();
    let with_flag = |args: &[&str]| tollgate(args.iter().copied().chain(flag.iter().map(String::as_str)));
    let checked = with_flag(&["check", "--store", &store.url()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let copy = Store::on_file();
    let copied = with_flag(&["backup", "--store", &store.url(), &copy.file().display().to_string()]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert_eq!(fs::read(copy.key_file()).unwrap(), fs::read(&elsewhere).unwrap());
    copy.assert_clean("of a backup");

    // Nobody looks for it where it is not said to be.
    for ended in [store.check(), run(&mut Options::on(&store).command())] {
        assert_one_sentence(&ended, CANNOT_START, &["t.db.key", "missing"]);
    }
    fs::write(&elsewhere, "5a".repeat(32)).unwrap();
    assert_one_sentence(&run(&mut options().command()), CANNOT_START, &["elsewhere.key", "t.db was made"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let store = with_an_account(Store::on_file()).await;
    store.sql().execute("PRAGMA user_version = 9999");
    let before = store.journal();
    let ended = run(&mut Options::on(&store).command());
    assert_one_sentence(&ended, CANNOT_START, &["t.db", "newer"]);
    assert_eq!(store.sql().number("PRAGMA user_version"), 9_999);
    assert_eq!(store.journal(), before);
}

#[test]
fn a_store_in_a_directory_that_is_not_there_is_refused() {
    let store = Store::on_file();
    let nowhere = Store::on_file_in(&store.dir().join("nowhere"));
    let ended = run(&mut Options::on(&nowhere).command());
    assert_one_sentence(&ended, CANNOT_START, &["nowhere"]);
    assert!(!nowhere.dir().exists());
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let store = Store::on_file();
    let letter = "Dear customer, this is no database.\n".repeat(100);
    fs::write(store.file(), &letter).unwrap();
    let ended = run(&mut Options::on(&store).command());
    assert_one_sentence(&ended, CANNOT_START, &["t.db"]);
    assert_eq!(fs::read_to_string(store.file()).unwrap(), letter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_answers_what_is_in_flight() {
    let store = Store::new();
    let server = Server::start(Options::on(&store));
    let account = server.api().open_with("1.00").await;
    let address = server.url().trim_start_matches("http://").to_owned();

    let body = json!({ "account": account.id, "amount": "0.25", "reference": "in flight" }).to_string();
    let mut call = TcpStream::connect(&address).unwrap();
    call.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        call,
        "POST /api/v1/charges HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        store.token(),
        body.len()
    )
    .unwrap();
    let mut answer = BufReader::new(call.try_clone().unwrap()).lines();
    // Now the server has taken the request and waits for its body: it is in flight.
    assert_eq!(answer.next().unwrap().unwrap(), "HTTP/1.1 100 Continue");
    assert_eq!(answer.next().unwrap().unwrap(), "");

    server.signal(Signal::SIGTERM);
    let refuses = poll(|| TcpStream::connect(&address).is_err().then_some(()));
    assert!(refuses.is_some(), "it still takes connections after SIGTERM");

    call.write_all(body.as_bytes()).unwrap();
    assert_eq!(answer.next().unwrap().unwrap(), "HTTP/1.1 201 Created");
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let server = Server::start(Options::on(&store));
    assert_eq!(server.api().account(&account.id).await["balance"], "0.75");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_does_not_wait_for_idle_connections() {
    let server = Server::start(Options::default());
    // Kept alive by the client, and one that never says anything.
    let api = server.api();
    api.open_with("1.00").await;
    let silent = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let begun = Instant::now();
    server.stop();
    // Far less than what a request in flight is given, far more than a busy machine needs.
    assert!(begun.elapsed() < Duration::from_secs(15), "it stopped after {:?}", begun.elapsed());
    drop((api, silent));
}

#[test]
fn the_key_file_is_for_its_owner_alone() {
    let store = Store::new();
    Server::start(Options::on(&store)).stop();
    let mode = fs::metadata(store.key_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_prints_an_operator_token_once_and_it_lasts() {
    let store = Store::new();
    let server = Server::start(Options::without_token(&store));
    let token = server.said("operator token: ");
    assert_eq!(status_with(&server, &token).await, 200);
    let first = server.stop();
    assert_eq!(first.stdout.matches(&token).count(), 1, "{first:?}");
    assert!(!first.stderr.contains(&token), "a token in the log");

    let server = Server::start(Options::without_token(&store));
    assert_eq!(status_with(&server, &token).await, 200);
    let second = server.stop();
    assert!(!second.stdout.contains("operator token"), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_token_of_the_environment_wins_over_the_stored_one_and_is_not_stored() {
    let store = Store::new();
    let server = Server::start(Options::without_token(&store));
    let stored = server.said("operator token: ");
    server.stop();

    let server = Server::start(Options::on(&store));
    assert_eq!(status_with(&server, store.token()).await, 200);
    assert_eq!(status_with(&server, &stored).await, 401);
    let ended = server.stop();
    assert!(!ended.stdout.contains("operator token"), "{ended:?}");
    assert!(!ended.stderr.contains(store.token()), "a token in the log");

    let server = Server::start(Options::without_token(&store));
    assert_eq!(status_with(&server, &stored).await, 200);
    assert_eq!(status_with(&server, store.token()).await, 401);
    server.stop();
}

/// Else nobody could ever operate a store that was begun with a token in the environment.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_without_a_token_in_the_environment_prints_one() {
    let store = Store::new();
    Server::start(Options::on(&store)).stop();
    let server = Server::start(Options::without_token(&store));
    let token = server.said("operator token: ");
    assert_eq!(status_with(&server, &token).await, 200);
    server.stop();
}

async fn with_an_account(store: Store) -> Store {
    let server = Server::start(Options::on(&store));
    server.api().open_with("1.00").await;
    server.stop();
    store
}

async fn status_with(server: &Server, token: &str) -> u16 {
    let api = Api::new(server.url(), token);
    send(api.request("GET", "/api/v1/accounts")).await.unwrap().status
}

/// One line on standard error with all of these in it, and nothing that only a programmer could read.
#[track_caller]
fn assert_one_sentence(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let mut lines = ended.stderr.lines().filter(|it| !it.trim().is_empty());
    let sentence = lines.next().unwrap_or_default();
    assert_eq!(lines.next(), None, "more than one line: {ended:?}");
    for word in words {
        assert!(sentence.contains(word), "no {word:?} in {sentence:?}");
    }
    assert_no_noise(ended);
}

#[track_caller]
fn assert_no_noise(ended: &Ended) {
    for noise in ["panicked", "backtrace", "RUST_", "Os {", "Error(", "src/"] {
        assert!(!ended.stderr.contains(noise), "{noise:?} in {ended:?}");
    }
}
