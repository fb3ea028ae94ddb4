//! Questions to whoever sits at the terminal: standard error asks, standard input answers.

use std::io::{BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use super::super::Ended;
use super::super::stop::Stop;

/// Whether somebody can be asked.
fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a secret, without showing what is typed. `None` if nobody can be asked.
///
/// # Errors
/// When it was broken off, or nothing was typed.
pub(super) async fn secret(what: &str) -> Result<Option<String>, Ended> {
    if !is_there() {
        return Ok(None);
    }
    let _quiet = Quiet::begin()?;
    let line = ask(&format!("{what}: ")).await;
    // The end of the line that was typed was not shown, either.
    drop(writeln!(std::io::stderr()));
    let line = line?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        Err(Ended::usage(format!("no {what} was typed")))
    } else {
        Ok(Some(secret.to_owned()))
    }
}

/// Asks for a yes. `None` if nobody can be asked.
///
/// # Errors
/// When it was broken off.
pub(super) async fn yes(question: &str) -> Result<Option<bool>, Ended> {
    if !is_there() {
        return Ok(None);
    }
    let line = ask(&format!("{question} [y/N] ")).await?;
    Ok(Some(matches!(line.trim().to_lowercase().as_str(), "y" | "yes")))
}

async fn ask(question: &str) -> Result<String, Ended> {
    // From here on a signal ends the question and not the process, which would leave the terminal as it is.
    let mut stop = Stop::listen()?;
    let mut error = std::io::stderr();
    drop(error.write_all(question.as_bytes()).and_then(|()| error.flush()));
    let (said, heard) = oneshot::channel();
    // A thread that nobody waits for: reading a terminal cannot be broken off.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        drop(said.send(read.map(|_| line)));
    });
    tokio::select! {
        biased;
        () = stop.asked() => Err(Ended::wrong("stopped at a question; nothing was done")),
        line = heard => match line {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(Ended::wrong(format!("cannot read the answer: {error}"))),
            Err(_) => Err(Ended::wrong("the answer got lost")),
        },
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn begin() -> Result<Self, Ended> {
        let cannot = |error| Ended::wrong(format!("cannot hide what is typed: {error}"));
        let before = tcgetattr(std::io::stdin()).map_err(cannot)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).map_err(cannot)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing any more.
        let _shown = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
