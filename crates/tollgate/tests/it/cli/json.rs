//! What programs get: with `--json` each line is an answer as the OpenAPI document says, errors too.

use serde_json::{Value, json};

use super::help::COMMANDS;
use super::{Desk, FAULT, REFUSED, USAGE};
use crate::openapi::conformance::{document, faults};

/// Holds each line against the answer that the document has, and returns them.
#[track_caller]
fn conforms(desk: &Desk, args: &[&str], operation: &str) -> Vec<Value> {
    let ended = desk.run(args.iter().copied().chain(["--json"]));
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{args:?}: {ended:?}");
    let (method, path, status) = match operation.split(' ').collect::<Vec<_>>()[..] {
        [method, path, status] => (method, path, status),
        _ => panic!("{operation}"),
    };
    let answer = &document()["paths"][path][method]["responses"][status]["content"]["application/json"];
    assert!(answer["schema"].is_object(), "{operation} is not in the document");
    let lines: Vec<Value> = ended.stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(!lines.is_empty(), "{args:?} printed nothing");
    for line in &lines {
        let faults = faults(&format!("{operation} of the command line"), &answer["schema"], line);
        assert_eq!(faults, Vec::<String>::new(), "{args:?}: {line:#}");
    }
    lines
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let desk = Desk::new().await;
    let (partner, ann) = (&*desk.partner.key, &*desk.ann.key);
    let dir = desk.store.dir();
    let plan = dir.join("plan.json").display().to_string();
    let rules = json!([{ "path": "/**", "operation": "any", "mode": "charge", "unit_price": "0.01" }]);
    std::fs::write(&plan, json!({ "currency": "EUR", "rules": rules }).to_string()).unwrap();
    let accounts = "/api/v1/accounts";
    let of = |rest: &str| format!("{accounts}/{{account}}{rest}");
    let credentials = format!("{accounts}/{ann}/credentials");
    let added = desk.api.post(&credentials, json!({ "kind": "token" })).await.expect(201);
    let token = added["id"].as_str().unwrap();
    let mut asked: Vec<String> = Vec::new();
    for (args, operation) in [
        (vec!["accounts", "list"], format!("get {accounts} 200")),
        (vec!["accounts", "show", ann], format!("get {} 200", of(""))),
        (vec!["accounts", "open", "New", "--day-cap", "5"], format!("post {accounts} 201")),
        (vec!["accounts", "suspend", ann], format!("patch {} 200", of(""))),
        (vec!["accounts", "reactivate", ann], format!("patch {} 200", of(""))),
        (
            vec!["payments", "record", partner, "70", "--reference", "x"],
            format!("post {} 201", of("/payments")),
        ),
        (vec!["transfer", "balance", "7", "--to", ann], format!("post {} 201", of("/transfers"))),
        (vec!["transfer", "credit", "7", "--to", ann], format!("post {} 201", of("/transfers"))),
        (
            vec!["usage", partner, "--children", "--by", "day,operation,account"],
            "get /api/v1/usage 200".to_owned(),
        ),
        (vec!["statement", partner], format!("get {} 200", of("/statements/{month}"))),
        (vec!["journal", partner], format!("get {} 200", of("/postings"))),
        (vec!["journal", partner, "--limit", "1"], format!("get {} 200", of("/postings"))),
        (vec!["credentials", "list", ann], format!("get {} 200", of("/credentials"))),
        (
            vec!["credentials", "add", ann, "--read-only", "--amount-max", "5", "--only", ann],
            format!("post {} 201", of("/credentials")),
        ),
        (vec!["credentials", "list", ann], format!("get {} 200", of("/credentials"))),
        (
            vec!["credentials", "revoke", token, ann],
            format!("delete {} 200", of("/credentials/{credential}")),
        ),
        (vec!["credentials", "rotate", ann], format!("post {} 201", of("/credentials/rotate"))),
        (
            vec!["credentials", "rotate", ann, "--kind", "token"],
            format!("post {} 201", of("/credentials/rotate")),
        ),
        (vec!["prices", "put", "plan", &plan], "put /api/v1/price-plans/{name} 200".to_owned()),
        (vec!["prices", "list"], "get /api/v1/price-plans 200".to_owned()),
        (vec!["prices", "show", "plan"], "get /api/v1/price-plans/{name} 200".to_owned()),
        (vec!["prices", "try", "plan", "GET", "/x"], "post /api/v1/price-plans/{name}/try 200".to_owned()),
        (vec!["accounts", "close", ann, "--dry-run"], format!("post {} 200", of("/close"))),
        (vec!["accounts", "close", ann, "--yes"], format!("post {} 200", of("/close"))),
    ] {
        let lines = conforms(&desk, &args, &operation);
        assert_eq!(lines.len(), 1, "{args:?}");
        asked.push(args.join(" "));
    }
    // Of every command that prints something, so that a new one is held against the document, too.
    let is_group = |it: &str| COMMANDS.iter().any(|other| other.starts_with(&format!("{it} ")));
    for command in COMMANDS.iter().filter(|it| !is_group(it)) {
        let is_asked = asked.iter().any(|it| it == command || it.starts_with(&format!("{command} ")));
        assert!(is_asked, "{command}: say here what it answers");
    }
    // And it is what the API answers, member by member.
    let shown = conforms(&desk, &["accounts", "show", partner], &format!("get {} 200", of("")));
    assert_eq!(shown[0], desk.api.account(partner).await);
}

#[tokio::test]
async fn a_problem_is_a_line_too_and_the_exit_code_says_that_it_is_one() {
    let desk = Desk::new().await;
    let ann = &*desk.ann.key;
    let problem = &document()["components"]["schemas"]["Problem"];
    for (args, code, word) in [
        (["transfer", "balance", "1000", "--to", ann, "--json"], REFUSED, "insufficient_funds"),
        (["transfer", "balance", "0", "--to", ann, "--json"], USAGE, "invalid"),
    ] {
        let ended = desk.run(args);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        let line: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(faults("a problem of the command line", problem, &line), Vec::<String>::new(), "{line:#}");
        assert_eq!(line["code"], word);
        assert!(ended.stderr.starts_with("tollgate: ") && ended.stderr.contains(word), "{ended:?}");
    }
}

/// Something else than tollgate answers: that is no record and no refusal.
#[test]
fn what_is_not_tollgate_is_said() {
    let other = super::flaky::Flaky::answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>");
    for args in [&["accounts", "list"][..], &["accounts", "list", "--json"]] {
        let mut command = super::tollgate(args.iter().copied());
        command.env("TOLLGATE_API", other.url()).env("TOLLGATE_OPERATOR_TOKEN", "x");
        let ended = crate::server::run(&mut command);
        assert_eq!(ended.code, Some(FAULT), "{ended:?}");
        assert!(ended.stderr.contains("something else than was asked for"), "{ended:?}");
    }
}
