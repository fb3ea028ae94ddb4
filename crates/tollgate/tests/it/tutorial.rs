//! What the pages tell people to paste works, and prints what they say: each ```` ```sh ```` block runs, in order, in one
//! shell, and its output is compared with the ```` ```text ```` or ```` ```json ```` block that follows it.

use std::path::Path;
use std::process::Command;

use crate::server::{DEADLINE, Options, Server, Store, run};

/// Ends a block's output.
const END: char = '\u{1e}';

#[test]
fn the_tutorial_can_be_pasted_and_its_numbers_are_right() {
    assert!(paste("docs/tutorial.md", "tutorial.db") >= 20);
}

#[test]
fn the_tour_of_the_readme_can_be_pasted_and_its_answers_are_right() {
    assert!(paste("README.md", "tour.db") >= 8);
}

#[test]
fn the_curl_lines_of_the_usage_page_can_be_pasted_and_their_answers_are_right() {
    assert!(paste("docs/usage.md", "usage.db") >= 3);
}

#[test]
fn the_lines_of_the_command_lines_page_can_be_pasted_and_what_they_print_is_right() {
    assert!(paste("docs/cli.md", "cli.db") >= 6);
}

#[test]
fn the_curl_lines_of_the_plivo_page_can_be_pasted_and_their_answers_are_right() {
    assert!(paste("docs/plivo.md", "plivo.db") >= 11);
}

/// Pastes a page to a server of its own, on a store that the page calls by a name of its own; returns how many of its blocks ran.
fn paste(page: &str, store_name: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let pasted = pasted(&text);
    let store = Store::on_file();
    let server = Server::start(Options::on(&store));

    let ends = format!("\nprintf '{END}\\n'\n");
    let script: String = pasted.iter().flat_map(|it| [it.lines.as_str(), ends.as_str()]).collect();
    // A line that fails ends the shell, so that the block it is in is the last one that printed.
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("set -euo pipefail\n{script}")]).current_dir(store.dir());
    shell.env("URL", server.url()).env("TOLLGATE_OPERATOR_TOKEN", store.token());
    // Neither a proxy nor the settings of whoever runs this come between.
    std::fs::write(store.dir().join(".curlrc"), "").unwrap();
    shell.env("no_proxy", "127.0.0.1").env("CURL_HOME", store.dir());
    shell.env("STORE", store.url()).env("PATH", path_with_binary());
    let ended = run(&mut shell);

    let stdout = ended.stdout.replace(&store.file().display().to_string(), store_name);
    let mut outputs = stdout.split(END);
    for Pasted { line, prints, .. } in &pasted {
        let output = outputs.next().unwrap_or_default().trim();
        assert_eq!(unvaried(output), unvaried(prints), "{page}:{line} printed\n{output}\n{}", ended.stderr);
    }
    assert_eq!(ended.code, Some(0), "{page} within {DEADLINE:?}: {}", ended.stderr);
    server.stop();
    pasted.len()
}

/// Lines to paste, and what they print.
struct Pasted {
    line: usize,
    lines: String,
    prints: String,
}

fn pasted(page: &str) -> Vec<Pasted> {
    let mut pasted: Vec<Pasted> = Vec::new();
    let mut lines = page.lines().zip(1..);
    let mut is_after_lines = false;
    while let Some((fence, line)) = lines.next() {
        let Some(kind) = fence.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().map(|it| it.0).take_while(|it| *it != "```").collect();
        let block = block.join("\n");
        if kind == "sh" {
            pasted.push(Pasted { line, lines: block, prints: String::new() });
        } else if is_after_lines && (kind == "text" || kind == "json") {
            pasted.last_mut().unwrap().prints = block;
        }
        is_after_lines = kind == "sh";
    }
    pasted
}

/// The same with what differs from run to run by its kind: keys, ids, secrets, tokens, times and days.
fn unvaried(text: &str) -> String {
    let mut unvaried = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | ':' | '.') {
            word.push(letter);
        } else {
            unvaried += kind_of(&word).unwrap_or(&word);
            unvaried.push(letter);
            word.clear();
        }
    }
    unvaried.trim_end().to_owned()
}

fn kind_of(word: &str) -> Option<&'static str> {
    let has_shape = |shape: &str| {
        word.len() == shape.len()
            && word.chars().zip(shape.chars()).all(|it| match it {
                (letter, 'x') => letter.is_ascii_digit() || ('a'..='f').contains(&letter),
                (letter, '0') => letter.is_ascii_digit(),
                (letter, 'A') => letter.is_ascii_digit() || letter.is_ascii_uppercase(),
                (letter, shape) => letter == shape,
            })
    };
    if has_shape("xxxxxxxx") {
        return Some("<key>");
    }
    let id = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if has_shape(id) || has_shape(&format!("urn:uuid:{id}")) {
        return Some("<id>");
    }
    if has_shape("0000-00-00T00:00:00.000Z") || has_shape("0000-00-00T00:00:00Z") {
        return Some("<time>");
    }
    if has_shape("0000-00-00") {
        return Some("<day>");
    }
    if has_shape("0000-00") {
        return Some("<month>");
    }
    if has_shape("00:00:00Z") {
        return Some("<time of day>");
    }
    if has_shape("00000000000000000") {
        return Some("<application>");
    }
    if has_shape("MAAAAAAAAAAAAAAAAAAA") || has_shape("SAAAAAAAAAAAAAAAAAAA") {
        return Some("<auth id>");
    }
    // One of 40 characters or more may happen to have no digit; that it has no small letter does not happen.
    let has = |class: fn(&char) -> bool| word.chars().any(|it| class(&it));
    let is_secret = match word.len() {
        25 => has(char::is_ascii_uppercase) && has(char::is_ascii_digit),
        40 | 44 => has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase),
        _ => false,
    };
    is_secret.then_some("<secret>")
}

fn path_with_binary() -> std::ffi::OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths([binary].into_iter().chain(std::env::split_paths(&path))).unwrap()
}
