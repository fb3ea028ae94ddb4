//! What was held against what it must be.

use ledger::Amount;

use super::Ended;
use super::page;

/// Counts what was looked at, and remembers what was wrong.
#[derive(Default)]
pub(super) struct Checks {
    step: usize,
    count: usize,
    wrong: Vec<String>,
}

impl Checks {
    /// What follows belongs to this step.
    pub(super) fn step(&mut self, number: usize) {
        self.step = number;
    }

    /// How many numbers and words were looked at.
    ///
    /// # Errors
    /// Every one that was wrong, each in a sentence.
    pub(super) fn verdict(&self) -> Result<usize, Ended> {
        let Self { count, wrong, .. } = self;
        if wrong.is_empty() {
            return Ok(*count);
        }
        Err(Ended::wrong(format!(
            "{} of {count} numbers and words were wrong: {}",
            wrong.len(),
            wrong.join("; ")
        )))
    }

    /// A number in the answer of a call.
    pub(super) fn amount(&mut self, what: &str, call: &str, is: Amount, must: Amount) {
        let sentence = format!("{what} is {is} and must be {must}");
        self.note(is == must, &sentence, call);
    }

    /// A word, a flag or a null in it.
    pub(super) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, call: &str, is: &T, must: &T) {
        let sentence = format!("{what} is {is:?} and must be {must:?}");
        self.note(is == must, &sentence, call);
    }

    fn note(&mut self, is_right: bool, sentence: &str, call: &str) {
        self.count = self.count.saturating_add(1);
        if !is_right {
            let sentence = format!("step {}: {sentence}, by the answer of {call}", self.step);
            page::wrong(&sentence);
            self.wrong.push(sentence);
        }
    }
}
