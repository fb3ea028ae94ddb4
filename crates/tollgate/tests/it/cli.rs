//! The command line for partners and operators, against a running server: its help and its output as snapshots, what
//! programs get held against the OpenAPI document, how it ends, and what it does when the server does not answer.

mod endings;
mod flaky;
mod help;
mod json;
mod once;
mod output;
mod pages;
mod terminal;

use std::process::Command;

use serde_json::{Value, json};

use crate::server::{Api, Ended, Options, Server, Store, command, run, text};

const FAULT: i32 = 1;
const USAGE: i32 = 2;
const NOT_REACHED: i32 = 3;
const REFUSED: i32 = 5;
const NOT_ALLOWED: i32 = 6;
const NOT_FOUND: i32 = 7;
const PIPE: i32 = 141;

/// A server with a family: a partner, Ann with a balance of her own, and 株式会社 that shares the partner's.
struct Desk {
    store: Store,
    server: Server,
    api: Api,
    partner: Member,
    ann: Member,
    shared: Member,
}

/// An account and its first secret.
#[derive(Clone)]
struct Member {
    id: String,
    key: String,
    secret: String,
}

impl Member {
    fn of(opened: &Value) -> Self {
        Self { id: text(&opened["id"]), key: text(&opened["api_key"]), secret: text(&opened["secret"]) }
    }
}

/// `tollgate …` with nothing of our own environment that it would listen to.
fn tollgate<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = command(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM", "COLORTERM", "CI"] {
        command.env_remove(name);
    }
    command
}

impl Desk {
    async fn new() -> Self {
        let store = Store::new();
        let server = Server::start(Options::on(&store));
        let api = server.api();
        let open = |body: Value| {
            let api = api.clone();
            async move { Member::of(&api.post("/api/v1/accounts", body).await.expect(201)) }
        };
        let partner = open(json!({ "name": "Partner", "credit_limit": "100" })).await;
        let ann = open(json!({ "name": "Ann", "parent": partner.id })).await;
        let shared = open(json!({ "name": "株式会社", "parent": partner.id, "balance": "shared" })).await;
        Self { store, server, api, partner, ann, shared }
    }

    /// As the operator.
    fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = tollgate(args);
        command.env("TOLLGATE_API", self.server.url()).env("TOLLGATE_OPERATOR_TOKEN", self.store.token());
        command
    }

    /// As the operator, to its end.
    fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ended {
        run(&mut self.command(args))
    }

    /// As an account, to its end.
    fn run_as<'a>(&self, member: &Member, args: impl IntoIterator<Item = &'a str>) -> Ended {
        let mut command = tollgate(args);
        command.env("TOLLGATE_API", self.server.url());
        command.env("TOLLGATE_ACCOUNT", &member.key).env("TOLLGATE_SECRET", &member.secret);
        run(&mut command)
    }

    /// What is printed by what must come off, with everything that is another each time made alike.
    #[track_caller]
    fn prints<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        self.plain(&self.run(args))
    }

    #[track_caller]
    fn plain(&self, ended: &Ended) -> String {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let stderr = if ended.stderr.is_empty() { String::new() } else { format!("\n[{}]", ended.stderr) };
        self.alike(&format!("{}{stderr}", ended.stdout))
    }

    /// A text in which keys, ids, secrets and times are of the same length and say nothing.
    fn alike(&self, text: &str) -> String {
        let known =
            [(&self.partner.key, "aaaaaaaa"), (&self.ann.key, "bbbbbbbb"), (&self.shared.key, "cccccccc")];
        let mut text = text.to_owned();
        for (pattern, same) in [
            ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "00000000-0000-0000-0000-000000000000"),
            ("dddd-dd-ddTdd:dd:dd.dddZ", "yyyy-mm-ddThh:mm:ss.mmmZ"),
            ("dddd-dd-dd dd:dd:ddZ", "yyyy-mm-dd hh:mm:ssZ"),
            ("dddd-dd-dd", "yyyy-mm-dd"),
            (": dddd-dd,", ": yyyy-mm,"),
            ("dddd-dd,UTC,", "yyyy-mm,UTC,"),
            ("AAAAAAAAAAAAAAAAAAAA", "AUTH-ID-AUTH-ID-AUTH"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKE"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa", "SECRET-SECRET-SECRET-SECR"),
        ] {
            text = masked(&text, pattern, same);
        }
        for (key, same) in known {
            text = text.replace(key, same);
        }
        text.replace(self.server.url(), "http://SERVER")
    }
}

/// A text with each part that has the form of `pattern` replaced: `d` is a digit, `h` a hexadecimal one, `A` a capital or a
/// digit, `a` any letter or digit, all else itself.
fn masked(text: &str, pattern: &str, same: &str) -> String {
    let fits = |byte: u8, form: u8| match form {
        b'd' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        b'A' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        b'a' => byte.is_ascii_alphanumeric(),
        other => byte == other,
    };
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at + pattern.len() <= bytes.len() {
        let part = &bytes[at..at + pattern.len()];
        if part.iter().zip(pattern.bytes()).all(|(byte, form)| fits(*byte, form)) {
            bytes.splice(at..at + pattern.len(), same.bytes());
            at += same.len();
        } else {
            at += 1;
        }
    }
    String::from_utf8(bytes).unwrap()
}
