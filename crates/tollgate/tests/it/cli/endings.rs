//! How commands end: exit codes that scripts can use, sentences that say what to do next, and nothing when nobody reads on.

use std::fs::File;
use std::process::Stdio;
use std::time::Instant;

use insta::assert_snapshot;

use super::{Desk, NOT_ALLOWED, NOT_FOUND, NOT_REACHED, PIPE, REFUSED, USAGE, tollgate};
use crate::server::{Options, Server, Store, run};

#[tokio::test]
async fn the_exit_code_says_of_what_class_the_end_is() {
    let desk = Desk::new().await;
    let (partner, ann, shared) = (&*desk.partner.key, &*desk.ann.key, &*desk.shared.key);
    for (args, code, words) in [
        (&["accounts", "list"][..], 0, ""),
        (&["accounts", "list", "--limit", "0"], USAGE, "0 is not in 1"),
        (&["accounts", "nothing"], USAGE, "unrecognized subcommand"),
        (&["payments", "record", partner, "1,5"], USAGE, "must be an amount such as 12.50"),
        (&["payments", "record", partner, "0"], USAGE, "amount must be more than 0"),
        (&["payments", "record", ann, "5", "--key", "ä"], USAGE, "printable ASCII"),
        (&["accounts", "open", " "], USAGE, "name must have 1 to 255 characters"),
        (&["accounts", "open", "A", "--time-zone", "UTC"], USAGE, "--time-zone is for --day-cap"),
        (&["transfer", "balance", "1"], USAGE, "--to <ACCOUNT>"),
        (&["transfer", "balance", "1", "--to", partner], USAGE, "is a primary account"),
        (&["transfer", "balance", "1", "--from", ann, "--to", shared], USAGE, "are both subaccounts"),
        (&["transfer", "balance", "1", "--to", shared], USAGE, "shares its primary's balance"),
        (&["usage"], USAGE, "which account? The operator names one"),
        (&["journal", ann, "--from", "yesterday"], USAGE, "must be a time such as"),
        (&["statement", ann, "--month", "2026-13"], USAGE, "must be a month such as"),
        (&["statement", ann, "--time-zone", "Mars/Olympus"], USAGE, "IANA time zone"),
        (&["statement", ann, "--csv", "--json"], USAGE, "cannot be used with"),
        (&["prices", "put", "plan", "/no/such/file"], USAGE, "cannot read /no/such/file"),
        (&["accounts", "close", ann], USAGE, "say --yes, or --dry-run"),
        (&["accounts", "list", "--api", "ftp://x"], USAGE, "must be an address such as"),
        (&["accounts", "list", "--ca", "/no/such/file"], USAGE, "cannot read /no/such/file"),
        (&["accounts", "list", "--as", "a:b"], USAGE, "the secret of a:b is needed"),
        (&["transfer", "balance", "500", "--to", ann], REFUSED, "needed 500.00, available 100.00"),
        (&["transfer", "credit", "500", "--to", ann], REFUSED, "insufficient_credit"),
        (&["accounts", "close", partner, "--yes"], REFUSED, "not_empty"),
        (&["accounts", "show", "no-such-account"], NOT_FOUND, "There is no such account"),
        (&["accounts", "show", "../price-plans"], NOT_FOUND, "There is no such account"),
        (&["prices", "try", "none", "GET", "/"], NOT_FOUND, "There is no such price plan"),
        (
            &["accounts", "list", "--api", "http://127.0.0.1:1", "--patience", "0"],
            NOT_REACHED,
            "Connection refused",
        ),
    ] {
        let ended = desk.run(args.iter().copied());
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(words), "{args:?}: no {words:?} in {ended:?}");
        assert_eq!(ended.stderr.is_empty(), code == 0, "{args:?}: {ended:?}");
    }
    // And by who asks.
    for (member, args, code, words) in [
        (&desk.partner, &["payments", "record", ann, "5"][..], NOT_ALLOWED, "forbidden"),
        (&desk.ann, &["accounts", "show", partner], NOT_FOUND, "not_found"),
        (&desk.ann, &["prices", "try", "none", "GET", "/"], NOT_ALLOWED, "forbidden"),
    ] {
        let ended = desk.run_as(member, args.iter().copied());
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(words), "{args:?}: no {words:?} in {ended:?}");
    }
    let mut wrong = desk.partner.clone();
    wrong.secret.push('x');
    assert_eq!(desk.run_as(&wrong, ["accounts", "list"]).code, Some(NOT_ALLOWED));
    // What a suspended account asks is refused, and so is what it would move.
    desk.prints(["accounts", "suspend", partner]);
    let ended = desk.run_as(&desk.partner, ["transfer", "balance", "1", "--to", ann]);
    assert_eq!(ended.code, Some(REFUSED), "{ended:?}");
}

#[tokio::test]
async fn an_end_says_what_is_wrong_and_what_to_do_next() {
    let desk = Desk::new().await;
    let ann = &*desk.ann.key;
    let said = |args: &[&str]| desk.alike(&desk.run(args.iter().copied()).stderr);
    assert_snapshot!(said(&["transfer", "balance", "500", "--to", ann]), @r#"
    tollgate: Not enough available (insufficient_funds)
      needed 500.00, available 100.00
      `needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.
      request 00000000-0000-0000-0000-000000000000
    "#);
    assert_snapshot!(said(&["accounts", "open", " ", "--currency", "euro"]), @r#"
    tollgate: The request is not valid (invalid)
      currency must be three capital letters such as "EUR"
      request 00000000-0000-0000-0000-000000000000
    "#);
    assert_snapshot!(said(&["accounts", "show", "nobody"]), @r#"
    tollgate: Not found (not_found)
      There is no such account, or none that these credentials may see. Check the id, api key or auth id.
      request 00000000-0000-0000-0000-000000000000
    "#);
    let mut wrong = desk.ann.clone();
    wrong.secret.push('x');
    assert_snapshot!(desk.alike(&desk.run_as(&wrong, ["usage"]).stderr), @r#"
    tollgate: Not authenticated (unauthenticated)
      Look at who asks (--as, TOLLGATE_ACCOUNT) and at their secret (--secret-file, TOLLGATE_SECRET or TOLLGATE_OPERATOR_TOKEN): it is wrong, or was revoked.
      request 00000000-0000-0000-0000-000000000000
    "#);
    assert_snapshot!(said(&["accounts", "close", &desk.partner.key, "--yes"]), @r#"
    tollgate: The account is not empty (not_empty)
      A primary account closes only without a balance, holds and subaccounts. It has 0.00 of balance, 0.00 held and 2 subaccounts; bring each to 0 first.
      request 00000000-0000-0000-0000-000000000000
    "#);
}

/// What `head` does. The end is told by the code alone.
#[tokio::test]
async fn when_nobody_reads_on_it_ends_quietly() {
    let desk = Desk::new().await;
    let (partner, journal) = (&*desk.partner.key, ["--follow", "--limit", "1"]);
    for args in [
        &["accounts", "list"][..],
        &["accounts", "list", "--json"],
        &["accounts", "show", partner],
        &["statement", partner, "--html"],
        &["credentials", "list", partner],
        &["journal", partner],
        &["journal", partner, journal[0], journal[1], journal[2]],
    ] {
        // Its reader is gone before there is a child, or another test that starts a program meanwhile may hold it for a while.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = desk.command(args.iter().copied());
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(PIPE), &b""[..]), "{args:?}");
    }
    // A disk that is full is a fault, and said.
    let mut command = desk.command(["accounts", "list"]);
    let child = command.stdout(File::create("/dev/full").unwrap()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(super::FAULT), "{said}");
    assert!(said.contains("cannot write the output: No space left on device"), "{said}");
}

#[tokio::test]
async fn who_asks_is_said_by_flags_or_by_the_environment_and_secrets_by_a_file_too() {
    let desk = Desk::new().await;
    let (ann, partner) = (&desk.ann, &desk.partner);
    let dir = desk.store.dir();
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let of_ann = file("ann", &format!("{}\n", ann.secret));
    let of_operator = file("operator", desk.store.token());
    let nothing = file("nothing", "\n");
    let count = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = tollgate(["accounts", "list", "--json"].into_iter().chain(args.iter().copied()));
        command.env("TOLLGATE_API", desk.server.url()).envs(variables.iter().copied());
        let ended = run(&mut command);
        let page: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
        (ended.code, page["accounts"].as_array().map_or(0, Vec::len), ended.stderr)
    };
    let operator = ("TOLLGATE_OPERATOR_TOKEN", desk.store.token());
    let all = [("TOLLGATE_ACCOUNT", &*ann.key), ("TOLLGATE_SECRET", &*ann.secret), operator];
    for (args, variables, seen) in [
        (&[][..], &[operator][..], 3),
        (&["--secret-file", &of_operator], &[], 3),
        // The account before the operator, for it may do less.
        (&[], &all, 1),
        (&["--as", "operator"], &all, 3),
        (&["--as", &partner.key], &[("TOLLGATE_SECRET", &*partner.secret), operator], 3),
        (&["--as", &ann.key, "--secret-file", &of_ann], &[operator], 1),
        (&["--secret-file", &of_ann], &all[..1], 1),
    ] {
        let (code, accounts, stderr) = count(args, variables);
        assert_eq!((code, accounts), (Some(0), seen), "{args:?} {variables:?}: {stderr}");
    }
    for (args, variables, words) in [
        (&[][..], &[][..], "who asks?"),
        (&["--as", &ann.key], &[operator], "the secret of "),
        (&["--as", "operator"], &[], "the operator token is needed"),
        (&["--secret-file", &nothing], &[], "there is no secret in"),
        (&["--secret-file", "/no/such/file"], &[], "cannot read the secret from"),
    ] {
        let (code, _, stderr) = count(args, variables);
        assert_eq!(code, Some(USAGE), "{args:?} {variables:?}: {stderr}");
        assert!(stderr.contains(words), "{args:?} {variables:?}: no {words:?} in {stderr}");
    }
    let mut command = tollgate(["usage", "--as", &ann.key, "--secret-file", "-"]);
    command.env("TOLLGATE_API", desk.server.url()).stdin(File::open(of_ann).unwrap());
    assert_eq!(run(&mut command).code, Some(0));
}

#[tokio::test]
async fn https_is_trusted_by_the_file_that_the_server_made() {
    let store = Store::new();
    let tls = store.dir().join("tls").display().to_string();
    let options =
        Options::on(&store).arg("--tls-listen").arg("127.0.0.1:0").arg("--tls-self-signed").arg(&tls);
    let server = Server::start(options);
    let url = format!("https://{}", server.said("listening on https://"));
    let list = |args: &[&str]| {
        let mut command =
            tollgate(["accounts", "list", "--patience", "30"].into_iter().chain(args.iter().copied()));
        run(command.env("TOLLGATE_API", &url).env("TOLLGATE_OPERATOR_TOKEN", store.token()))
    };
    let ended = list(&["--ca", &format!("{tls}/ca.pem")]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), "no accounts"), "{ended:?}");
    let begun = Instant::now();
    let ended = list(&[]);
    assert_eq!(ended.code, Some(NOT_REACHED), "{ended:?}");
    assert!(ended.stderr.contains("certificate") && ended.stderr.contains("--ca FILE"), "{ended:?}");
    assert!(begun.elapsed().as_secs() < 20, "what is not trusted now is not a moment later, either");
    let ended = list(&["--ca", &format!("{tls}/key.pem")]);
    assert_eq!(ended.code, Some(USAGE), "{ended:?}");
    assert!(ended.stderr.contains("holds no certificate in PEM"), "{ended:?}");
}
