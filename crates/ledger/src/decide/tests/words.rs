//! The words of one line of a story, taken off as they are understood.

use std::fmt::Display;
use std::str::FromStr;

use crate::money::Amount;

pub(super) struct Words<'a> {
    line: &'a str,
    left: Vec<&'a str>,
}

impl<'a> Words<'a> {
    /// The words of `part`, a part of `line`.
    pub(super) fn new(line: &'a str, part: &'a str) -> Self {
        Self { line, left: part.split_whitespace().collect() }
    }

    pub(super) const fn line(&self) -> &'a str {
        self.line
    }

    pub(super) fn left(&self) -> String {
        self.left.join(" ")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.left.first().copied()
    }

    pub(super) fn next(&mut self) -> &'a str {
        if self.left.is_empty() {
            self.fail("a word is missing");
        }
        self.left.remove(0)
    }

    /// Whether `word` is there, wherever; takes it off.
    pub(super) fn flag(&mut self, word: &str) -> bool {
        let found = self.left.iter().position(|it| *it == word);
        found.map(|at| self.left.remove(at)).is_some()
    }

    /// What stands behind `word`, wherever; takes both off.
    pub(super) fn value(&mut self, word: &str) -> Option<&'a str> {
        let at = self.left.iter().position(|it| *it == word)?;
        self.left.remove(at);
        if at == self.left.len() {
            self.fail(&format!("nothing behind `{word}`"));
        }
        Some(self.left.remove(at))
    }

    pub(super) fn amount(&mut self) -> Amount {
        let word = self.next();
        self.amount_of(word)
    }

    pub(super) fn amount_of(&self, word: &str) -> Amount {
        Amount::parse(word).unwrap_or_else(|error| self.fail(&format!("`{word}` is no amount: {error:?}")))
    }

    pub(super) fn millis(&mut self) -> i64 {
        let word = self.next();
        self.millis_of(word)
    }

    /// `24h`, `-1ms`.
    pub(super) fn millis_of(&self, word: &str) -> i64 {
        let end = word.find(char::is_alphabetic).unwrap_or(word.len());
        let (number, unit) = word.split_at(end);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            other => self.fail(&format!("`{other}` is no unit of time")),
        };
        self.read::<i64>(number) * unit
    }

    pub(super) fn parsed<T: FromStr>(&mut self) -> T {
        let word = self.next();
        self.read(word)
    }

    pub(super) fn read<T: FromStr>(&self, word: &str) -> T {
        word.parse().unwrap_or_else(|_| self.fail(&format!("`{word}` is malformed")))
    }

    /// `␠` is a space, `∅` nothing at all, and `€*256` the same character 256 times.
    pub(super) fn text(word: &str) -> String {
        let repeated = word.split_once('*').and_then(|(text, count)| Some(text.repeat(count.parse().ok()?)));
        repeated.unwrap_or_else(|| word.to_owned()).replace('␠', " ").replace('∅', "")
    }

    /// The next word is what `actual` prints.
    pub(super) fn shows(&mut self, actual: impl Display) {
        let expected = self.next();
        assert_eq!(actual.to_string(), expected, "{}", self.line);
    }

    pub(super) fn end(&self) {
        if !self.left.is_empty() {
            self.fail(&format!("`{}` is not understood", self.left()));
        }
    }

    pub(super) fn fail(&self, why: &str) -> ! {
        panic!("{why}: {}", self.line)
    }
}
