//! On a terminal: colour unless `NO_COLOR` says otherwise, questions, secrets that are typed unseen, and progress.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use super::flaky::{Fate, Flaky};
use super::{Desk, FAULT, Member, tollgate};
use crate::server::{poll, run};

/// A terminal, and the process on it.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    // As long as it is open its settings can be asked for.
    line: OwnedFd,
}

/// What of a process is on the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    All,
    /// Its output is piped.
    AllButOutput,
}

impl Terminal {
    fn start(mut command: Command, on: On) -> Self {
        // Unless the test has said what terminal it is.
        if !command.get_envs().any(|(name, value)| name == "TERM" && value.is_some()) {
            command.env("TERM", "xterm");
        }
        let pair = openpty(None, None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        command.stdin(end()).stderr(end());
        command.stdout(if on == On::AllButOutput { Stdio::piped() } else { end() });
        let child = command.spawn().unwrap();
        drop(command);
        let (mut reader, keyboard) = (File::from(pair.master.try_clone().unwrap()), File::from(pair.master));
        let screen = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 1_024];
            // Ends when the terminal is closed on our side, or with the process.
            while let Ok(some @ 1..) = reader.read(&mut buffer) {
                shown.lock().unwrap().extend_from_slice(&buffer[..some]);
            }
        });
        Self { child, keyboard, screen, line: pair.slave }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn shows(&self, text: &str) {
        let seen = poll(|| self.screen().contains(text).then_some(()));
        assert!(seen.is_some(), "no {text:?} on {:?}", self.screen());
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// The exit code, when it ends.
    fn ends(&mut self) -> Option<i32> {
        let status = poll(|| self.child.try_wait().unwrap());
        status.unwrap_or_else(|| panic!("it did not end: {:?}", self.screen())).code()
    }

    /// What went through the pipe instead.
    fn output(&mut self) -> String {
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

/// As an account whose secret is not said.
fn without_secret<'a>(desk: &Desk, member: &Member, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = tollgate(args);
    command.env("TOLLGATE_API", desk.server.url()).env("TOLLGATE_ACCOUNT", &member.key);
    command
}

#[tokio::test]
async fn colour_is_for_terminals_unless_somebody_says_otherwise() {
    let desk = Desk::new().await;
    desk.prints(["accounts", "suspend", &desk.ann.key]);
    let list = || desk.command(["accounts", "list"]);
    let plain = run(&mut list()).stdout;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    for (variables, is_coloured) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let mut command = list();
        command.envs(variables.iter().copied());
        let mut terminal = Terminal::start(command, On::All);
        assert_eq!(terminal.ends(), Some(0));
        terminal.shows("株式会社");
        let screen = terminal.screen();
        assert_eq!(screen.contains('\u{1b}'), is_coloured, "{variables:?}: {screen:?}");
        // The colours are all that there is more.
        let bare =
            ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[33m"].iter().fold(screen, |text, it| text.replace(it, ""));
        assert_eq!(bare.replace("\r\n", "\n").trim_end(), plain, "{variables:?}");
    }
    // What is no terminal gets it where it is forced, and help is no exception.
    let forced = run(list().env("CLICOLOR_FORCE", "1")).stdout;
    assert!(forced.contains("\u{1b}[33m"), "{forced:?}");
    for args in [&["usage", "--help"][..], &["accounts", "list", "--limit", "x"]] {
        let coloured = run(tollgate(args.iter().copied()).env("CLICOLOR_FORCE", "1"));
        let plain = run(tollgate(args.iter().copied()).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
        assert!([&coloured.stdout, &coloured.stderr].iter().any(|it| it.contains('\u{1b}')), "{coloured:?}");
        assert!(![&plain.stdout, &plain.stderr].iter().any(|it| it.contains('\u{1b}')), "{plain:?}");
    }
}

#[tokio::test]
async fn a_secret_is_asked_for_and_not_shown() {
    let desk = Desk::new().await;
    let mut terminal =
        Terminal::start(without_secret(&desk, &desk.ann, ["accounts", "list"]), On::AllButOutput);
    terminal.shows(&format!("secret of {}: ", desk.ann.key));
    terminal.types(&format!("{}\n", desk.ann.secret));
    let output = terminal.output();
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
    assert!(output.contains("Ann"), "{output:?}");
    assert!(!terminal.screen().contains(&desk.ann.secret), "{:?}", terminal.screen());
    assert!(is_shown(&terminal), "what is typed afterwards is shown again");
}

/// Also when it is broken off, what is typed afterwards is shown again.
#[tokio::test]
async fn a_question_that_is_broken_off_leaves_the_terminal_as_it_was() {
    let desk = Desk::new().await;
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let mut terminal = Terminal::start(without_secret(&desk, &desk.ann, ["usage"]), On::All);
        terminal.shows("secret of ");
        assert!(!is_shown(&terminal));
        kill(Pid::from_raw(terminal.child.id().try_into().unwrap()), signal).unwrap();
        assert_eq!(terminal.ends(), Some(FAULT), "{signal}: {}", terminal.screen());
        assert!(is_shown(&terminal), "{signal}");
    }
}

fn is_shown(terminal: &Terminal) -> bool {
    tcgetattr(&terminal.line).unwrap().local_flags.contains(LocalFlags::ECHO)
}

#[tokio::test]
async fn a_close_asks_first_and_takes_only_a_yes() {
    let desk = Desk::new().await;
    let close = || desk.command(["accounts", "close", &desk.ann.key]);
    let status = async || desk.api.account(&desk.ann.key).await["status"].clone();
    for answer in ["\n", "n\n", "what\n", "\u{4}"] {
        let mut terminal = Terminal::start(close(), On::All);
        terminal.shows("Close it? [y/N] ");
        assert!(terminal.screen().contains("would be closed for good"), "{}", terminal.screen());
        terminal.types(answer);
        assert_eq!(terminal.ends(), Some(FAULT), "{answer:?}: {}", terminal.screen());
        terminal.shows("nothing was closed");
        assert_eq!(status().await, "active", "{answer:?}");
    }
    let mut terminal = Terminal::start(close(), On::All);
    terminal.shows("Close it? [y/N] ");
    terminal.types("y\n");
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
    terminal.shows("is closed for good");
    assert_eq!(status().await, "closed");
}

/// What takes longer than a second says so beside the output, and takes it away again.
#[tokio::test]
async fn what_takes_long_shows_that_it_goes_on() {
    let desk = Desk::new().await;
    for (args, shown) in [
        (&["statement", &*desk.partner.key][..], "waiting for the server"),
        (&["accounts", "list", "--all"], "0 accounts"),
        (&["accounts", "list", "--limit", "2000"], "0 of 2000 accounts"),
    ] {
        let slow = Flaky::before(desk.server.url(), &[Fate::Wait]);
        let mut command = desk.command(args.iter().copied());
        command.env("TOLLGATE_API", slow.url());
        let mut terminal = Terminal::start(command, On::AllButOutput);
        terminal.shows(shown);
        slow.let_pass();
        let output = terminal.output();
        assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
        assert!(output.contains("Partner") && !output.contains(shown), "{output:?}");
        // The last that was done to its line was to clear it, which may come to us after the end.
        let is_clear =
            |screen: &str| screen.rsplit_once("\u{1b}[2K").is_some_and(|(_, after)| after.trim().is_empty());
        let cleared = poll(|| is_clear(&terminal.screen()).then_some(()));
        assert!(cleared.is_some(), "{:?}", terminal.screen());
    }
    // Where standard error is no terminal it says nothing, and that is so after more than a second, too.
    let slow = Flaky::before(desk.server.url(), &[Fate::Drop, Fate::Drop, Fate::Drop]);
    let mut command = desk.command(["accounts", "list"]);
    let begun = Instant::now();
    let child = command
        .env("TOLLGATE_API", slow.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
    assert!(begun.elapsed().as_millis() > 1_000, "three pauses are longer than that");
}
