//! Standard output: lines for people or programs, in colour where that is wanted.

use std::fmt::Display;
use std::io::{BufWriter, ErrorKind, IsTerminal, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;

use super::super::Ended;
use super::{PIPE, text};

/// Where answers are printed.
pub(super) struct Out {
    stdout: BufWriter<Stdout>,
    is_terminal: bool,
    is_coloured: bool,
}

impl Out {
    /// A terminal gets colour, unless `NO_COLOR` or `TERM` says otherwise; nothing else does, unless `CLICOLOR_FORCE` says so.
    pub(super) fn new() -> Self {
        let stdout = std::io::stdout();
        let (is_terminal, choice) = (stdout.is_terminal(), AutoStream::choice(&stdout));
        Self { stdout: BufWriter::new(stdout), is_terminal, is_coloured: choice != ColorChoice::Never }
    }

    /// A text in a style, or as it is.
    pub(super) fn styled(&self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Prints a line.
    ///
    /// # Errors
    /// When nobody can read it.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Ended> {
        writeln!(self.stdout, "{text}").map_err(|it| lost(&it))
    }

    /// Prints a document: to a file or another program byte by byte, to a terminal without what steers it.
    ///
    /// # Errors
    /// When nobody can read it.
    pub(super) fn document(&mut self, document: &str) -> Result<(), Ended> {
        if self.is_terminal {
            return self.line(text::document(document));
        }
        self.stdout.write_all(document.as_bytes()).map_err(|it| lost(&it))
    }

    /// Has everything read that was printed.
    ///
    /// # Errors
    /// When nobody can read it.
    pub(super) fn flush(&mut self) -> Result<(), Ended> {
        self.stdout.flush().map_err(|it| lost(&it))
    }
}

/// A reader that went away, such as `head`, has what it wanted, and wants no sentence about it.
fn lost(error: &std::io::Error) -> Ended {
    if error.kind() == ErrorKind::BrokenPipe {
        return Ended { code: PIPE, sentence: String::new() };
    }
    Ended::wrong(format!("cannot write the output: {error}"))
}

/// Says something about the output to whoever sits here, beside it. Where standard error is closed it is not needed.
pub(super) fn note(line: impl Display) {
    drop(writeln!(std::io::stderr(), "{line}"));
}
