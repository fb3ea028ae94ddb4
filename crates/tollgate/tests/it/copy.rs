//! `tollgate copy`: the way of a store from a file to PostgreSQL and back, and what is refused on it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::ground::Ground;
use crate::server::{Ended, Options, Server, Store, command, poll, tollgate};

/// Copies one store to another, with the key file of the first.
fn copy(from: &Store, to: &Store) -> Ended {
    let key = from.key_file().display().to_string();
    tollgate(["copy", "--from", &from.url(), "--to", &to.url(), "--key-file", &key])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_goes_to_a_database_and_back_and_nobody_outside_sees_it() {
    let file = Store::on_file();
    let server = Server::start(Options::without_token(&file));
    let api = server.api();
    let account = api.open_with("10.00").await;
    let first = api.charge(&account, "1.00", "in the file").await.expect(201);
    server.stop();
    let database = file.moved_to(Ground::empty_database());
    let copied = copy(&file, &database);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(
        copied
            .stdout
            .starts_with(&format!("copied {} to postgres://postgres@127.0.0.1:", file.url()[7..].to_owned())),
        "{copied:?}"
    );
    assert!(copied.stdout.contains(", proven there and compared\nserve it with --key-file "), "{copied:?}");
    assert!(
        copied.stderr.contains(" journal lines, ") && copied.stderr.ends_with("proving what was copied"),
        "{copied:?}"
    );
    database.assert_clean("in a database");

    let server = Server::start(Options::without_token(&database));
    let moved = api.at(server.url());
    assert_eq!(moved.charge(&account, "1.00", "in the file").await.expect(201), first);
    let second = moved.charge(&account, "2.00", "in the database").await.expect(201);
    let back = file.moved_to(Ground::file());
    let refused = copy(&database, &back);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let says = "is in use by a running tollgate (node ";
    assert!(
        refused.stderr.contains(says) && refused.stderr.ends_with("); stop every node, then try again"),
        "{refused:?}"
    );
    server.stop();
    let copied = copy(&database, &back);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    back.assert_clean("back in a file");

    let server = Server::start(Options::without_token(&back));
    let moved = api.at(server.url());
    for (amount, key, answer) in [("1.00", "in the file", first), ("2.00", "in the database", second)] {
        assert_eq!(moved.charge(&account, amount, key).await.expect(201), answer);
    }
    moved.charge(&account, "3.00", "back in a file").await.expect(201);
    let references = moved.references(&account.id, "").await;
    assert_eq!(references, ["back in a file", "in the database", "in the file"]);
    let refused = copy(&back, &database);
    assert!(
        refused.stderr.ends_with(
            "is in use by another tollgate process; stop that one, or give this one another --store"
        ),
        "{refused:?}"
    );
    server.stop();
    back.assert_clean("after it went on");
}

#[test]
fn what_cannot_be_copied_is_refused_in_a_sentence_and_left_alone() {
    let file = Store::on_file();
    Server::start(Options::on(&file)).stop();
    let database = file.moved_to(Ground::empty_database());
    assert_eq!(copy(&file, &database).code, Some(0));
    let (empty, missing) = (file.moved_to(Ground::empty_database()), file.moved_to(Ground::file()));
    let precious = file.moved_to(Ground::file());
    std::fs::write(precious.file(), "mine").unwrap();
    let stranger = Store::on_file();
    Server::start(Options::on(&stranger)).stop();
    let nobody = empty.url().replace("postgres@", "nobody:secret@");
    let closed = "postgres://postgres@127.0.0.1:1/shop".to_owned();
    let (key, other_key) = (file.key_file().display().to_string(), stranger.key_file().display().to_string());
    let no_key = file.dir().join("no.key").display().to_string();
    for (from, to, key, code, says) in [
        (
            file.url(),
            missing.url(),
            &key,
            2,
            "both are files: a store is copied from a file to a database, or",
        ),
        (
            database.url(),
            empty.url(),
            &key,
            2,
            "both are databases: a store is copied from a file to a database, or",
        ),
        (missing.url(), empty.url(), &key, 3, "there is no store at "),
        (empty.url(), missing.url(), &key, 3, "there is no store at postgres://postgres@127.0.0.1:"),
        (
            database.url(),
            precious.url(),
            &key,
            3,
            "t.db is there already, and a store is copied only to where nothing is yet",
        ),
        (
            file.url(),
            database.url(),
            &key,
            3,
            "is there already, and a store is copied only to where nothing is yet",
        ),
        (file.url(), nobody, &key, 3, "role \"nobody\" does not exist"),
        (closed, missing.url(), &key, 3, "cannot connect to postgres://postgres@127.0.0.1:1/shop: "),
        (file.url(), empty.url(), &other_key, 3, "this is not the key file that "),
        (file.url(), empty.url(), &no_key, 3, "no.key is missing; "),
        (
            "t.db".to_owned(),
            empty.url(),
            &key,
            2,
            "a store is named sqlite:FILE or postgres://USER@HOST/DATABASE",
        ),
    ] {
        let refused = tollgate(["copy", "--from", &from, "--to", &to, "--key-file", key]);
        assert_eq!(refused.code, Some(code), "{from} to {to}: {refused:?}");
        assert!(refused.stderr.contains(says), "{from} to {to}: {refused:?}");
        assert!(refused.stdout.is_empty() && !refused.stderr.contains(":secret@"), "{refused:?}");
    }
    assert_eq!(std::fs::read_to_string(precious.file()).unwrap(), "mine");
    assert!(!missing.file().exists());
    let tables = empty.ground().its_database().sql("SELECT COUNT(*) FROM pg_class WHERE relname = 'journal'");
    assert_eq!(tables.trim(), "0");
    database.assert_clean("after all this");
}

/// What a copy leaves that was killed is no store, and the next one comes to its end.
#[test]
fn a_copy_that_was_killed_is_just_run_again() {
    let file = Store::on_file();
    Server::start(Options::on(&file)).stop();
    let database = file.moved_to(Ground::empty_database());
    // Nobody else reads what became of events, so that the copy waits there, with everything written but that.
    let held = rusqlite::Connection::open(file.dir().join("t.db.deliveries")).unwrap();
    held.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    killed(&file, &database, "copying usage");
    drop(held);
    let check = database.check();
    assert_eq!(
        (check.code, check.stderr.starts_with("tollgate: there is no store at ")),
        (Some(3), true),
        "{check:?}"
    );
    let again = poll(|| {
        let again = copy(&file, &database);
        // Its server may still be about to roll back.
        (!again.stderr.contains("is being made just now")).then_some(again)
    });
    assert_eq!(again.unwrap().code, Some(0));
    database.assert_clean("copied after one was killed");

    let back = file.moved_to(Ground::file());
    let session = database.ground().its_database().session();
    session.says("BEGIN; LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE");
    killed(&database, &back, "copying usage");
    assert!(!back.file().exists() && back.dir().join("t.db.copying").exists());
    drop(session);
    let again = poll(|| {
        let again = copy(&database, &back);
        // The locks that it held on the lanes go when its connection is seen to be gone.
        (!again.stderr.contains("is in use by a running tollgate")).then_some(again)
    });
    assert_eq!(again.unwrap().code, Some(0));
    assert!(!back.dir().join("t.db.copying").exists());
    back.assert_clean("copied back after one was killed");
}

/// Begins a copy, and kills it when it has said that.
fn killed(from: &Store, to: &Store, when: &str) {
    let key = from.key_file().display().to_string();
    let mut command = command(["copy", "--from", &from.url(), "--to", &to.url(), "--key-file", &key]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|it| it == when), "it never said {when:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}
