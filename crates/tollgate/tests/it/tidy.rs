//! House rules that a person would otherwise have to check twice.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, the files in it, and what they must not name.
const WALLS: [(&str, &[&str]); 10] = [
    (
        "store",
        &[
            "axum",
            "crate::app",
            "crate::api",
            "crate::gate",
            "crate::console",
            "crate::config",
            "crate::auth",
        ],
    ),
    ("app", &["axum", "rusqlite", "tokio_postgres", "crate::api", "crate::gate", "crate::console"]),
    (
        "auth",
        &["axum", "rusqlite", "tokio_postgres", "crate::api", "crate::gate", "crate::console", "crate::app"],
    ),
    ("webhooks", &["axum", "rusqlite", "tokio_postgres", "crate::api", "crate::gate", "crate::console"]),
    ("sweep", &["axum", "rusqlite", "tokio_postgres", "crate::api", "crate::gate", "crate::console"]),
    (
        "api/vonage",
        &["rusqlite", "tokio_postgres", "api::plivo", "api::native", "super::native", "crate::console"],
    ),
    (
        "api/plivo",
        &["rusqlite", "tokio_postgres", "api::vonage", "api::native", "super::native", "crate::console"],
    ),
    (
        "api/native",
        &["rusqlite", "tokio_postgres", "api::vonage", "api::plivo", "super::vonage", "crate::console"],
    ),
    // It is no dialect: its routes stand in their table, and that is all that it knows of them.
    (
        "gate",
        &[
            "rusqlite",
            "tokio_postgres",
            "crate::store",
            "api::vonage",
            "api::plivo",
            "api::native",
            "crate::console",
        ],
    ),
    ("console", &["rusqlite", "tokio_postgres", "crate::store", "crate::api"]),
];

/// Doers where a noun or a verb belongs.
const SUFFIXES: [&str; 6] = ["Manager", "Helper", "Util", "Utils", "Service", "Factory"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file: no comments, and nothing from its tests on.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    before_tests.lines().filter(|it| !it.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn sources(krate: &str) -> Vec<PathBuf> {
    let files = rust_files(&root().join("crates").join(krate).join("src"));
    assert!(!files.is_empty(), "no sources of {krate} were found");
    files
}

/// Whether `word` stands in the text as a whole name.
fn names(text: &str, word: &str) -> bool {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

#[test]
fn every_room_keeps_to_its_walls() {
    let src = root().join("crates/tollgate/src");
    let mut seen = 0;
    for (room, banned) in WALLS {
        let mut files = rust_files(&src.join(room));
        let file = src.join(format!("{room}.rs"));
        if file.exists() {
            files.push(file);
        }
        for path in files {
            seen += 1;
            let code = code(&path);
            for word in banned {
                assert!(!names(&code, word), "{} names {word}, which its room must not", path.display());
            }
            if room.starts_with("api/") || room == "gate" {
                // A dialect may name the store's public records through `app`, and nothing that reads or writes.
                for word in ["Store", "Snapshot", "store::execute"] {
                    assert!(!names(&code, word), "{} names {word}, which its room must not", path.display());
                }
            }
        }
    }
    assert!(seen >= 20, "only {seen} files were looked at: the rooms have moved");
}

/// And `store/sql`, which stands between the store and its engines, may name all of them.
#[test]
fn only_its_engine_names_a_database() {
    let src = root().join("crates/tollgate/src");
    for path in sources("tollgate") {
        let place = path.strip_prefix(&src).unwrap();
        let code = code(&path);
        for (database, engine) in [("rusqlite", "store/embedded"), ("tokio_postgres", "store/postgres")] {
            let may = place.starts_with(engine) || place.starts_with("store/sql");
            assert!(may || !names(&code, database), "{} names {database}", path.display());
        }
    }
}

#[test]
fn the_rules_depend_on_nothing() {
    let manifest = fs::read_to_string(root().join("crates/ledger/Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split('[').next().unwrap();
    assert_eq!(dependencies.trim(), "");
    for path in sources("ledger") {
        let code = code(&path);
        for word in
            ["SystemTime", "Instant", "std::fs", "std::net", "std::io", "std::thread", "async", "f64", "f32"]
        {
            assert!(!names(&code, word), "{} names {word}: the rules are pure", path.display());
        }
    }
}

#[test]
fn money_never_meets_a_float() {
    for path in sources("tollgate") {
        let code = code(&path);
        for word in ["f64", "f32"] {
            assert!(!names(&code, word), "{} names {word}", path.display());
        }
    }
}

/// A new refusal must not compile until every dialect can say it.
#[test]
fn no_match_on_a_refusal_has_a_wildcard() {
    let mut matches = 0;
    for path in sources("tollgate").into_iter().chain(sources("ledger")) {
        let code = code(&path);
        for (at, _) in code.match_indices("match ") {
            let Some(block) = block(&code[at..]) else { continue };
            let arms_on_refusals =
                block.lines().filter(|it| it.trim_start().starts_with("Refusal::")).count();
            if arms_on_refusals >= 3 {
                matches += 1;
                let wildcard = block.lines().find(|it| {
                    let arm = it.trim_start();
                    arm.starts_with("_ =>") || arm.starts_with("_ if") || arm.starts_with("| _")
                });
                assert_eq!(wildcard, None, "a match on Refusal in {} has a wildcard", path.display());
            }
        }
    }
    assert!(matches >= 2, "only {matches} matches on Refusal were found: this test looks in the wrong place");
}

/// The text up to the brace that closes the first one.
fn block(text: &str) -> Option<&str> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return text.get(..=at);
                }
            }
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn exceptions_from_lints_are_expected_with_a_reason() {
    for path in sources("tollgate").into_iter().chain(sources("ledger")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("#[allow(") && !text.contains("#![allow("), "{} allows", path.display());
        for (line, text) in text.lines().enumerate() {
            let is_expect =
                text.trim_start().starts_with("#[expect(") || text.trim_start().starts_with("#![expect(");
            assert!(!is_expect || text.contains("reason ="), "{}:{}: no reason", path.display(), line + 1);
        }
    }
}

#[test]
fn types_are_named_for_nouns_of_the_domain() {
    for path in sources("tollgate").into_iter().chain(sources("ledger")) {
        for line in code(&path).lines() {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(super) ");
            let named = ["struct ", "enum ", "trait "].iter().find_map(|it| line.strip_prefix(it));
            let Some(name) = named.and_then(|it| it.split(|it: char| !it.is_alphanumeric()).next()) else {
                continue;
            };
            assert!(!SUFFIXES.iter().any(|it| name.ends_with(it)), "{} in {}", name, path.display());
        }
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    for path in sources("tollgate").into_iter().chain(sources("ledger")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 600, "{} has {lines} lines: split it by noun", path.display());
    }
}

#[test]
fn no_text_of_the_project_names_a_machine() {
    let listed =
        std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git must be there to list the project's files");
    let mut seen = 0;
    for name in String::from_utf8(listed.stdout).unwrap().split('\0').filter(|it| !it.is_empty()) {
        // A file deleted and not yet committed so is listed and not there.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        seen += 1;
        for word in [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")] {
            assert!(!text.contains(word), "{name} names {word}");
        }
    }
    assert!(seen > 30);
}

/// A handler that took the bare use cases would have everything done from nowhere.
#[test]
fn every_handler_says_from_where_it_is_asked() {
    let mut seen = 0;
    for path in rust_files(&root().join("crates/tollgate/src/api")) {
        let code = code(&path);
        assert!(!names(&code, "State<App>"), "{} takes State<App>: take api::Asked", path.display());
        seen += code.matches("Asked(app): Asked").count();
    }
    assert!(seen >= 60, "only {seen} handlers take api::Asked: this test looks in the wrong place");
}
