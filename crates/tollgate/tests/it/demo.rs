//! `tollgate demo`: it tells the tutorial's month, its exit code says whether every number was right, and what it
//! leaves for exploring works.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::server::{Ended, command, poll, run, tollgate};

/// What the tutorial says: balance, credit limit, and what follows from them as available.
const MONTH: &str = "
 step | partner      | end customer 1   | end customer 2             | total
   1. | 0 -100 100   |                  |                            | 0 -100 100
   2. | -20 -100 80  | shared shared 80 |                            | -20 -100 80
   3. | -20 -60 40   | 0 -40 40         | shared shared 40           | -20 -100 80
   4. | -20 -60 40   | -40 -40 0        | shared shared 40           | -60 -100 40
   5. | -20 -40 20   | -40 -60 20       | shared shared 20           | -60 -100 40
   6. | -20 -40 20   | -50 -60 10       | shared shared 20           | -70 -100 30
   7. | 50 -40 90    | -50 -60 10       | shared shared 90           | 0 -100 100
   8. | 5 -40 45     | -5 -60 55        | shared shared 45           | 0 -100 100
   9. | 5 -10 15     | -5 -60 55        | 0 -30 30                   | 0 -100 100
  10. | 5 -10 15     | -5 -60 55        | -25 -30 5 suspended        | -25 -100 75
  11. | 5 -10 15     | -5 -60 55        | -25 -30 5                  | -25 -100 75
";

/// A number was wrong, or the month did not come to its end.
const WRONG: i32 = 1;

#[test]
fn the_tutorial_comes_out_right() {
    let ended = tollgate(["demo", "--exit"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    let story = &ended.stdout;

    for line in MONTH.trim().lines().skip(1) {
        let mut must = line.split('|').map(str::trim);
        let step = must.next().unwrap();
        for (name, must) in ["Partner", "End customer 1", "End customer 2", "total"].into_iter().zip(must) {
            assert_eq!(row(part(story, step), name), must, "{name} after step {step}\n{story}");
        }
    }
    for (step, line) in [
        ("4.", "/api/v1/charges -> 402"),
        ("4.", "refused: insufficient_funds, needed 0.01, available 0.00"),
        ("5.", "available credit of the partner: |-60.00| - |-20.00| = 40.00"),
        ("7.", "invoice: |-20.00| + |-50.00| = 70.00"),
        ("10.", "refused: suspended"),
    ] {
        assert!(part(story, step).contains(line), "{line:?} is not in step {step}\n{story}");
    }
}

#[test]
fn the_story_is_plain_text_of_100_columns_without_secrets() {
    let ended = tollgate(["demo", "--exit"]);
    for line in ended.stdout.lines() {
        assert!(line.is_ascii() && line.len() <= 100, "{line}");
    }
    for secret in ["Bearer", "Basic", "secret", "tgo_"] {
        assert!(!ended.stdout.contains(secret), "{secret}\n{}", ended.stdout);
    }
}

#[test]
fn one_wrong_digit_in_one_answer_is_exit_code_1_and_named() {
    for (from, to, sentence) in [
        (
            "\"total_balance\":-60.0000",
            "\"total_balance\":-61.0000",
            "step 4: total_balance is -61.00 and must be -60.00",
        ),
        (
            "\"credit_limit\":-40.0000",
            "\"credit_limit\":-45.0000",
            "End customer 1's credit_limit is -45.00 and must be -40.00",
        ),
        ("\"balance\":5.0000", "\"balance\":5.0001", "Partner's balance is 5.0001 and must be 5.00"),
        (
            "\"available\":\"55.00\"",
            "\"available\":\"56.00\"",
            "what End customer 1 has available is 56.00 and must be 55.00",
        ),
        ("\"amount\":45.0000", "\"amount\":44.0000", "step 8: amount is 44.00 and must be 45.00"),
        ("\"amount\":\"70.00\"", "\"amount\":\"70.01\"", "step 7: amount is 70.01 and must be 70.00"),
        ("\"needed\":\"0.01\"", "\"needed\":\"0.02\"", "step 4: needed is 0.02 and must be 0.01"),
        ("\"value\":-25.0000", "\"value\":-25.0100", "step 11: value is -25.01 and must be -25.00"),
        ("HTTP/1.1 402 ", "HTTP/1.1 403 ", "step 4: POST /api/v1/charges answered 403 and must answer 402"),
    ] {
        let proxy = Proxy::start(from, to);
        let ended = tollgate(["demo", "--exit", "--via", &proxy.address.to_string()]);
        assert!(proxy.has_changed(), "{from} was in no answer\n{}", ended.stdout);
        assert_eq!(ended.code, Some(WRONG), "{from}: {ended:?}");
        assert!(ended.stderr.starts_with("tollgate: "), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "no {sentence:?} in {ended:?}");
        assert!(!ended.stdout.contains("are what they must be"), "{ended:?}");
    }
}

#[test]
fn a_proxy_that_changes_nothing_changes_nothing() {
    let proxy = Proxy::start("nothing like this is in any answer", "");
    let ended = tollgate(["demo", "--exit", "--via", &proxy.address.to_string()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn it_stays_up_for_exploring_and_leaves_nothing_behind() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut demo = Demo::start();
        let store = demo.after("  store:  ").trim_end_matches(" (temporary)").to_owned();
        let server = demo.after("  server: http://").split(' ').next().unwrap().to_owned();
        assert!(Path::new(&store).exists(), "{store}");
        assert!(TcpStream::connect(&server).is_ok(), "{server}");

        let answers = run_lines(&demo.exploring());
        assert_eq!(answers.code, Some(0), "{answers:?}");
        for answer in [
            "\"total_balance\":-25.0000",
            "\"credit_transfer_id\"",
            "\"value\":-25.0000",
            "\"suspended\":true",
            "\"amount\":\"1.25\"",
            "\"amount\":\"0.10\"",
            "\"reference\":\"the month's invoice\"",
            "journal lines lead to every balance",
        ] {
            assert!(answers.stdout.contains(answer), "no {answer}\n{answers:?}");
        }
        // What a refused line answers, none of these do.
        for problem in ["urn:tollgate:problem", "api-errors", "error-code"] {
            assert!(!answers.stdout.contains(problem), "{answers:?}");
        }

        assert_eq!(demo.stop(signal), Some(0), "{signal}");
        assert!(!Path::new(&store).parent().unwrap().exists(), "{store}");
        assert!(TcpStream::connect(&server).is_err(), "{server}");
    }
}

/// A step of the story.
fn part<'a>(story: &'a str, step: &str) -> &'a str {
    let start = story.find(&format!("\n{step} ")).unwrap_or_else(|| panic!("no step {step} in {story}")) + 1;
    let part = &story[start..];
    part.find("\n\n\n").map_or(part, |end| &part[..end])
}

/// A row of the table in a step, as short as `MONTH` has it; nothing if there is none.
fn row(part: &str, name: &str) -> String {
    let (_, table) = part.split_once("credit limit   available\n").unwrap();
    let row = table.lines().find_map(|it| it.trim_start().strip_prefix(name)).unwrap_or("");
    let cells = row.split_whitespace().filter(|it| *it != "active");
    cells.map(|it| it.strip_suffix(".00").unwrap_or(it)).collect::<Vec<_>>().join(" ")
}

/// A demo that stays up.
struct Demo {
    child: Child,
    lines: Vec<String>,
}

impl Demo {
    /// Returns when everything is printed.
    fn start() -> Self {
        let child = command(["demo"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut demo = Self { child, lines: Vec::new() };
        for line in BufReader::new(demo.child.stdout.take().unwrap()).lines() {
            demo.lines.push(line.unwrap());
            if demo.lines.last().is_some_and(|it| it.trim_start().starts_with("tollgate check")) {
                return demo;
            }
        }
        panic!("the demo ended: {:?}", demo.lines);
    }

    fn after(&self, label: &str) -> &str {
        self.lines.iter().find_map(|it| it.strip_prefix(label)).unwrap_or_else(|| panic!("no {label:?}"))
    }

    /// What it invites to paste.
    fn exploring(&self) -> String {
        let lines = self.lines.iter().skip_while(|it| !it.contains("In another terminal")).skip(1);
        lines.map(|it| format!("{it}\n")).collect()
    }

    fn stop(&mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
        poll(|| self.child.try_wait().unwrap()).expect("the demo ends").code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Errors only say that it is gone already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Runs lines in a shell that knows the binary by its name.
fn run_lines(lines: &str) -> Ended {
    let binary = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
    let path = std::env::join_paths(
        [binary.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let script = format!("set -eu\n{lines}");
    run(Command::new("bash").args(["-c", &script]).env("PATH", path.unwrap()).env("no_proxy", "127.0.0.1"))
}

/// An HTTP proxy that replaces the first occurrence of a text in all the answers that pass.
struct Proxy {
    address: SocketAddr,
    changed: Arc<AtomicBool>,
}

impl Proxy {
    fn start(from: &str, to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, changed) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let (from, to, has_changed) = (from.to_owned(), to.to_owned(), Arc::clone(&changed));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut answer = forward(&mut client);
                if !has_changed.load(Ordering::SeqCst) && answer.contains(&from) {
                    has_changed.store(true, Ordering::SeqCst);
                    assert_eq!(from.len(), to.len(), "the length must stay what the headers say");
                    answer = answer.replacen(&from, &to, 1);
                }
                client.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { address, changed }
    }

    fn has_changed(&self) -> bool {
        self.changed.load(Ordering::SeqCst)
    }
}

/// Passes one request on, as its absolute target says, and reads the whole answer.
fn forward(client: &mut TcpStream) -> String {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (method, target) =
        line.split_once(" http://").unwrap_or_else(|| panic!("no absolute target: {line:?}"));
    let (server, path) = target.split_at(target.find('/').unwrap());
    // The server ends the connection behind its answer, so that there is no need to know where that ends.
    let mut request = format!("{method} {path}connection: close\r\n");
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        request += &header;
        if header == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut upstream = TcpStream::connect(server).unwrap();
    upstream.write_all(request.as_bytes()).unwrap();
    upstream.write_all(&body).unwrap();
    let mut answer = String::new();
    upstream.read_to_string(&mut answer).unwrap();
    answer
}
