//! Lists longer than a page, and a list that does not end.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::Desk;
use crate::server::{Api, Charge, text};

/// More than one page has.
const MANY: usize = 1_003;

async fn open(api: Api, parent: String, number: usize) {
    let body = json!({ "name": format!("Customer {number}"), "parent": parent });
    api.post("/api/v1/accounts", body).await.expect(201);
}

#[tokio::test]
async fn as_much_of_a_list_is_printed_as_is_wanted() {
    let desk = Desk::new().await;
    let opening = (3..MANY).map(|it| tokio::spawn(open(desk.api.clone(), desk.partner.id.clone(), it)));
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap();
    }
    let lines = |args: &[&str]| {
        let ended = desk.run(["accounts", "list"].into_iter().chain(args.iter().copied()));
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        (ended.stdout.lines().map(str::to_owned).collect::<Vec<_>>(), ended.stderr)
    };
    for (args, rows, note) in [
        (&[][..], 50, "50 accounts, and there are more: --all, or --limit N"),
        (&["--limit", "7"], 7, "7 accounts, and there are more: --all, or --limit N"),
        (&["--limit", "1001"], 1_001, "1001 accounts, and there are more: --all, or --limit N"),
        (&["--limit", "5000"], MANY, ""),
        (&["--all"], MANY, ""),
        (&["--name", "customer 999"], 1, ""),
        (&["--name", "nobody"], 0, "no accounts"),
    ] {
        let (printed, stderr) = lines(args);
        let heads = usize::from(rows > 0);
        assert_eq!((printed.len(), &*stderr), (rows + heads, note), "{args:?}");
        assert_eq!(printed.iter().filter(|it| it.starts_with("API KEY")).count(), heads, "{args:?}");
    }
    // A page a line; the cursor of one goes on with the next.
    let pages = |args: &[&str]| {
        let (lines, stderr) = lines(&[args, &["--json"]].concat());
        assert_eq!(stderr, "");
        let pages = lines.iter().map(|it| serde_json::from_str(it).unwrap());
        let pages: Vec<Value> = pages.collect();
        let accounts = pages.iter().flat_map(|it| it["accounts"].as_array().unwrap().iter());
        let ids: Vec<_> = accounts.map(|it| text(&it["id"])).collect();
        (pages.len(), ids, pages.last().unwrap()["next"].as_str().map(str::to_owned))
    };
    let (count, all, next) = pages(&["--all"]);
    assert_eq!((count, all.len(), next), (2, MANY, None));
    let (_, first, next) = pages(&["--limit", "40"]);
    let (_, second, _) = pages(&["--limit", "60", "--cursor", &next.unwrap()]);
    assert_eq!([first, second].concat(), all[..100]);
}

/// Many names are looked up by their family, a few one by one: the table has them all.
#[tokio::test]
async fn usage_by_account_has_the_names_of_all() {
    let desk = Desk::new().await;
    let parent = desk.partner.id.clone();
    for number in 0..30 {
        open(desk.api.clone(), parent.clone(), number).await;
    }
    let accounts = desk.api.get(&format!("/api/v1/accounts?parent={parent}&limit=100")).await.expect(200);
    let accounts = accounts["accounts"].as_array().unwrap().clone();
    desk.prints(["payments", "record", &desk.partner.key, "100"]);
    for account in &accounts {
        if account["balance_mode"] == "own" {
            desk.prints(["transfer", "balance", "1", "--to", account["api_key"].as_str().unwrap()]);
        }
        let id = text(&account["id"]);
        desk.api.send(&Charge::new(&id, "0.5", &id)).await.unwrap().expect(201);
    }
    let usage = desk.prints(["usage", &desk.partner.key, "--children", "--by", "account"]);
    for account in &accounts {
        let [key, name] = ["api_key", "name"].map(|it| desk.alike(account[it].as_str().unwrap()));
        assert!(usage.lines().any(|it| it.starts_with(&key) && it.ends_with(&name)), "{key} {name}: {usage}");
    }
}

/// The last postings and then each as it comes, for people and for programs; each once.
#[tokio::test]
async fn a_journal_is_followed() {
    let desk = Desk::new().await;
    let partner = &*desk.partner.key;
    let pay =
        |amount: &'static str| desk.prints(["payments", "record", partner, amount, "--reference", amount]);
    for amount in ["1", "2", "3"] {
        pay(amount);
    }
    let follow = |args: &[&str]| {
        let args = ["journal", partner, "--follow", "--limit", "2", "--kind", "payment"]
            .into_iter()
            .chain(args.iter().copied());
        let mut child = desk.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        (child, lines)
    };
    let (mut people, mut rows) = follow(&[]);
    let (mut program, mut pages) = follow(&["--json"]);
    let last = |line: Option<String>| line.unwrap().split_whitespace().last().unwrap().to_owned();
    assert_eq!([rows.next(), rows.next(), rows.next()].map(last), ["REFERENCE", "2", "3"]);
    let references = |line: Option<String>| {
        let page: Value = serde_json::from_str(&line.unwrap()).unwrap();
        page["postings"].as_array().unwrap().iter().map(|it| text(&it["reference"])).collect::<Vec<_>>()
    };
    assert_eq!(references(pages.next()), ["2", "3"]);
    pay("4");
    assert_eq!(last(rows.next()), "4");
    assert_eq!(references(pages.next()), ["4"]);
    pay("5");
    pay("6");
    assert_eq!([rows.next(), rows.next()].map(last), ["5", "6"]);
    let mut seen = references(pages.next());
    while seen.len() < 2 {
        seen.extend(references(pages.next()));
    }
    assert_eq!(seen, ["5", "6"]);
    for child in [&mut people, &mut program] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
