//! Copying the journal, line by line.
//!
//! A file's lines have dense places, and keep them. Those of a database come in the order of their places, a command's lines
//! together; in a file they get the next dense places, and `places` keeps where they were, to which their ids lead.
//! How the lines of each account hang together is held against what they say on the way.

use std::collections::{BTreeSet, HashMap};

use super::rows::{Owned, Sink, Target, owned, select};
use super::tables::JOURNAL;
use super::{CopyError, Step};
use crate::store::Place;
use crate::store::place::TIMED;
use crate::store::sql::{Fault, Kind, Reader, Result, values};

/// How often is said how far it is.
const TELL_EVERY: i64 = 4_096;

/// The lines of an account so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Chain {
    /// How many they are.
    pub(super) lines: i64,
    /// Where the newest of them is now.
    pub(super) last: i64,
    /// Where it was.
    last_was: i64,
    /// The same of the one before it.
    before: i64,
    before_was: i64,
}

/// The journal on its way.
struct Journal<'a> {
    /// Where lines are told their places anew, and where it is written what they were.
    places: Option<Reader<'a>>,
    chains: HashMap<[u8; 16], Chain>,
    lines: i64,
}

/// Copies the journal, and says of each account's lines how many they are and where the newest is.
pub(super) fn copy_journal(
    from: Reader<'_>,
    target: &Target,
    of: i64,
    tell: &mut dyn FnMut(Step),
) -> Result<HashMap<[u8; 16], Chain>, CopyError> {
    let places = match target {
        Target::File(fresh) => Some(fresh.reader()),
        Target::Database(_) => None,
    };
    let mut journal = Journal { places, chains: HashMap::new(), lines: 0 };
    let mut sink = Sink::of(target, &JOURNAL)?;
    let lines = select(&JOURNAL, target);
    let (all, one) = (format!("{lines} ORDER BY seq"), format!("{lines} WHERE seq = ?1"));
    // Lines of a command that goes on in another millisecond, which were copied with its first ones.
    let mut ahead = BTreeSet::new();
    from.each(&all, values![], |row| {
        let row = owned(row, &JOURNAL, target)?;
        let (mut last, command) = name(&row)?;
        if ahead.remove(&last) {
            return Ok(());
        }
        journal.take(row, &mut sink)?;
        let mut is_ahead = false;
        loop {
            let Place::Seq(next) = Place::Seq(last).next();
            is_ahead |= next != last + 1;
            if !is_ahead {
                break;
            }
            let rest = from.row(&one, values![next], |row| owned(row, &JOURNAL, target))?;
            let Some(rest) = rest else { break };
            if name(&rest)?.1 != command {
                break;
            }
            journal.take(rest, &mut sink)?;
            ahead.insert(next);
            last = next;
        }
        if journal.lines % TELL_EVERY == 0 {
            tell(Step::Lines { done: journal.lines, of });
        }
        Ok::<_, CopyError>(())
    })?;
    sink.end()?;
    tell(Step::Lines { done: journal.lines, of });
    Ok(journal.chains)
}

/// The place of a line, and what the ids of all lines of its command begin with.
fn name(row: &[Owned]) -> Result<(i64, [u8; 12])> {
    match row {
        [Owned::Int(seq), _, _, _, _, Owned::Id(id), ..] => {
            Ok((*seq, id.first_chunk().copied().unwrap_or_default()))
        }
        _ => Err(Fault::Misread("seq")),
    }
}

impl Journal<'_> {
    fn take(&mut self, mut row: Vec<Owned>, sink: &mut Sink<'_>) -> Result<(), CopyError> {
        let [place, account, other, account_before, other_before, ..] = row.as_mut_slice() else {
            return Err(Fault::Misread("seq").into());
        };
        let Owned::Int(seq) = place else { return Err(Fault::Misread("seq").into()) };
        let was = *seq;
        self.lines += 1;
        if was < TIMED && was != self.lines {
            return Err(CopyError::Damaged(format!("journal line {} is not there", self.lines)));
        }
        if let Some(places) = self.places.filter(|_| was >= TIMED) {
            *seq = self.lines;
            let written = "INSERT INTO places (seq, place) VALUES (?1, ?2)";
            places.execute(written, values![self.lines, was])?;
        }
        let now = *seq;
        let account_version = self.hang(account, account_before, was, now)?;
        let other_version = self.hang(other, other_before, was, now)?;
        if self.places.is_none()
            && let [.., of_account, of_other] = row.as_mut_slice()
        {
            (*of_account, *of_other) = (account_version, other_version);
        }
        Ok(sink.take(row)?)
    }

    /// Hangs a line into the chain of one of its accounts, and says which of its lines it is.
    fn hang(&mut self, account: &Owned, before: &mut Owned, was: i64, now: i64) -> Result<Owned, CopyError> {
        let Owned::Id(id) = account else { return Ok(Owned::Null(Kind::Int)) };
        let chain = self.chains.entry(*id).or_default();
        // A line that an account caused itself is one line of it.
        if chain.last_was != was {
            let Chain { lines, last, last_was, .. } = *chain;
            *chain = Chain { lines: lines + 1, last: now, last_was: was, before: last, before_was: last_was };
        }
        let says = if let Owned::Int(says) = before { std::mem::replace(says, chain.before) } else { 0 };
        if says != chain.before_was {
            return Err(CopyError::Damaged(format!(
                "journal line {was} says that line {says} was the last one of its account before it, which is line {}",
                chain.before_was
            )));
        }
        Ok(Owned::Int(chain.lines))
    }
}
