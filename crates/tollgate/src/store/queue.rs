//! What waits for the writer: commands one by one, and many in one hand-off.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use ledger::{Command, Decision, Outcome, Timestamp};
use tokio::sync::oneshot;

use super::ExecuteError;

/// The most commands in one transaction, so that whoever came first does not wait for all that came with him; as many
/// again may be of those that came many at once.
pub(super) const BATCH_MAX: usize = 1_024;
/// The most commands that wait one by one: at 10,000 a second, a slow disk's pace, the last one waits for some two
/// seconds.
const WAITING_MAX: usize = 20_000;
/// The most commands that wait and came many at once: ten of the largest batches, and some 30 MB.
const MANY_WAITING_MAX: usize = 100_000;

/// What a command came to.
pub(super) type Answer = Result<Outcome, ExecuteError>;

/// What a command would come to.
pub(super) type Trial = Result<Decision, ExecuteError>;

/// A command that waits, and who waits for it.
pub(super) struct Job {
    pub(super) command: Command,
    pub(super) at: Timestamp,
    pub(super) reply: Reply,
}

/// Who waits, and what he is to be told when the batch has ended. Until that is known, that nothing was written.
pub(super) enum Reply {
    /// What the command brought about.
    Outcome(oneshot::Sender<Answer>, Answer),
    /// What it would bring about; nothing of it is applied.
    Decision(oneshot::Sender<Trial>, Option<Box<Trial>>),
}

impl Job {
    pub(super) const fn new(command: Command, at: Timestamp, reply: Reply) -> Self {
        Self { command, at, reply }
    }
}

impl Reply {
    pub(super) const fn outcome(to: oneshot::Sender<Answer>) -> Self {
        Self::Outcome(to, Err(ExecuteError::Unavailable))
    }

    pub(super) const fn decision(to: oneshot::Sender<Trial>) -> Self {
        Self::Decision(to, None)
    }

    /// A refusal may rest on what could not be written, so it is no answer either. Of what would only be tried out nothing was
    /// written, whatever became of the rest.
    pub(super) fn fail(&mut self, error: ExecuteError) {
        match self {
            Self::Outcome(_, answer) => *answer = Err(error),
            Self::Decision(_, answer) => {
                let is_unknown = matches!(error, ExecuteError::Unknown);
                *answer = Some(Box::new(Err(if is_unknown { ExecuteError::Unavailable } else { error })));
            }
        }
    }

    /// Whoever does not wait any more has hung up; what was committed stays.
    fn send(self) {
        match self {
            Self::Outcome(to, answer) => drop(to.send(answer)),
            Self::Decision(to, answer) => {
                drop(to.send(answer.map_or(Err(ExecuteError::Unavailable), |it| *it)));
            }
        }
    }
}

/// Commands that came together and are answered together, though they may be written in several transactions.
pub(super) struct Many {
    commands: Vec<Command>,
    pub(super) at: Timestamp,
    /// Of those that were decided, which are the first ones, in their order.
    answers: Vec<Answer>,
    /// How many of these wait for no commit any more.
    settled: usize,
    reply: oneshot::Sender<Answered>,
}

/// What commands that came together came to, in their order. The commands go back with it, so that it is not the writer
/// who frees them, whose time is everybody's.
pub(super) struct Answered {
    pub(super) answers: Vec<Answer>,
    _commands: Vec<Command>,
}

impl Many {
    pub(super) fn new(commands: Vec<Command>, at: Timestamp, reply: oneshot::Sender<Answered>) -> Self {
        let answers = Vec::with_capacity(commands.len());
        Self { commands, at, answers, settled: 0, reply }
    }

    /// The next one to be decided, which [`Many::answer`] is of; `None` where none is left.
    pub(super) fn next(&mut self) -> Option<&mut Command> {
        self.commands.get_mut(self.answers.len())
    }

    /// What the next one came to.
    pub(super) fn answer(&mut self, answer: Answer) {
        self.answers.push(answer);
    }

    /// Has what was decided since the last commit decided again.
    fn undecide(&mut self) {
        self.answers.truncate(self.settled);
    }

    /// The next ones, so many at the most.
    pub(super) fn upcoming(&self, most: usize) -> &[Command] {
        let left = self.commands.get(self.answers.len()..).unwrap_or_default();
        left.get(..most).unwrap_or(left)
    }

    /// How many are not decided yet.
    pub(super) fn left(&self) -> usize {
        self.commands.len() - self.answers.len()
    }

    /// What was decided since the last commit was not written.
    pub(super) fn fail(&mut self, error: &ExecuteError) {
        for answer in self.answers.iter_mut().skip(self.settled) {
            *answer = Err(error.clone());
        }
    }

    /// What was decided is durable, or has failed.
    fn settle(&mut self) {
        self.settled = self.answers.len();
    }

    /// Whoever does not wait any more has hung up.
    fn send(self) {
        drop(self.reply.send(Answered { answers: self.answers, _commands: self.commands }));
    }
}

/// What the writer works on.
#[derive(Default)]
pub(super) struct Work {
    pub(super) jobs: Vec<Job>,
    pub(super) many: VecDeque<Many>,
}

impl Work {
    /// How many commands there are.
    pub(super) fn len(&self) -> usize {
        self.jobs.len() + self.many.iter().map(Many::left).sum::<usize>()
    }

    /// What was decided since the last commit was not written, or nobody knows whether it was.
    pub(super) fn fail(&mut self, error: &ExecuteError) {
        self.jobs.iter_mut().for_each(|it| it.reply.fail(error.clone()));
        self.many.iter_mut().for_each(|it| it.fail(error));
    }

    /// Answers those that a batch would have decided: it was not written, or nobody knows whether it was.
    pub(super) fn fail_next(&mut self, error: &ExecuteError) {
        self.jobs.iter_mut().for_each(|it| it.reply.fail(error.clone()));
        let mut left = BATCH_MAX;
        for many in &mut self.many {
            while left > 0 && many.next().is_some() {
                many.answer(Err(error.clone()));
                left -= 1;
            }
        }
    }

    /// Whether it is one command, or those of one body.
    pub(super) fn is_alone(&self) -> bool {
        self.jobs.len() + self.many.len() <= 1
    }

    /// Each command by itself, and those of each body.
    pub(super) fn apart(&mut self) -> Vec<Self> {
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        let many = std::mem::take(&mut self.many).into_iter();
        let jobs = jobs.map(|it| Self { jobs: vec![it], ..Self::default() });
        jobs.chain(many.map(|it| Self { many: [it].into(), ..Self::default() })).collect()
    }

    /// Has what was decided since the last commit decided again: the answers of jobs are given anew, of the many those that
    /// are not settled.
    pub(super) fn undecide(&mut self) {
        self.many.iter_mut().for_each(Many::undecide);
    }

    /// What was decided is durable, or has failed: answers all jobs, and the many of whom nothing is left.
    pub(super) fn settle(&mut self) {
        self.many.iter_mut().for_each(Many::settle);
        for job in self.jobs.drain(..) {
            job.reply.send();
        }
        self.send_finished();
    }

    fn send_finished(&mut self) {
        while let Some(many) = self.many.pop_front_if(|it| it.left() == 0) {
            many.send();
        }
    }
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    many: VecDeque<Many>,
    /// How many commands `many` holds.
    many_len: usize,
    closed: bool,
    /// How many of those who take sleep, and how many of them were rung and are not awake yet: so that only the first job of
    /// a batch pays for waking somebody.
    asleep: usize,
    rung: usize,
}

/// What came of asking for work.
pub(super) enum Taken {
    Work,
    /// There was none for so long.
    Nothing,
    /// There is none, and there will be none.
    Closed,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.many.is_empty()
    }

    /// Adds whatever waits, up to [`BATCH_MAX`] of each kind.
    fn hand_over(&mut self, work: &mut Work) {
        if self.jobs.len() <= BATCH_MAX {
            std::mem::swap(&mut work.jobs, &mut self.jobs);
        } else {
            work.jobs.extend(self.jobs.drain(..BATCH_MAX));
        }
        let mut len = work.len() - work.jobs.len();
        while len < BATCH_MAX
            && let Some(many) = self.many.pop_front()
        {
            len += many.left();
            self.many_len -= many.left();
            work.many.push_back(many);
        }
    }
}

impl Queue {
    /// Takes a job; not after [`Queue::close`], and not beyond [`WAITING_MAX`].
    pub(super) fn push(&self, job: Job) -> Result<(), ExecuteError> {
        self.put(|waiting| {
            if waiting.jobs.len() >= WAITING_MAX {
                return Err(ExecuteError::Full);
            }
            waiting.jobs.push(job);
            Ok(())
        })
    }

    /// Takes many at once; not after [`Queue::close`], and not beyond [`MANY_WAITING_MAX`].
    pub(super) fn push_many(&self, many: Many) -> Result<(), ExecuteError> {
        self.put(|waiting| {
            if waiting.many_len + many.left() > MANY_WAITING_MAX {
                return Err(ExecuteError::Full);
            }
            waiting.many_len += many.left();
            waiting.many.push_back(many);
            Ok(())
        })
    }

    fn put(&self, put: impl FnOnce(&mut Waiting) -> Result<(), ExecuteError>) -> Result<(), ExecuteError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed {
            return Err(ExecuteError::Unavailable);
        }
        put(&mut waiting)?;
        let wake = waiting.asleep > waiting.rung;
        waiting.rung += usize::from(wake);
        drop(waiting);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.filled.notify_all();
    }

    /// Adds whatever waits, up to [`BATCH_MAX`] of each kind; sleeps while there is nothing to do. `false` when closed and
    /// everything is done.
    pub(super) fn take(&self, work: &mut Work) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.is_empty() && work.many.is_empty() {
            if waiting.closed {
                return false;
            }
            waiting.asleep += 1;
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.asleep -= 1;
            waiting.rung = waiting.rung.saturating_sub(1);
        }
        waiting.hand_over(work);
        true
    }

    /// The same, but sleeps no longer than so long.
    pub(super) fn take_within(&self, work: &mut Work, within: Duration) -> Taken {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() && work.many.is_empty() {
            if waiting.closed {
                return Taken::Closed;
            }
            waiting.asleep += 1;
            let waited = self.filled.wait_timeout(waiting, within);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            waiting.asleep -= 1;
            waiting.rung = waiting.rung.saturating_sub(1);
        }
        if waiting.is_empty() && work.many.is_empty() {
            return Taken::Nothing;
        }
        waiting.hand_over(work);
        Taken::Work
    }

    pub(super) fn is_closed(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Action, Actor, LineId};

    use super::*;

    fn command() -> Command {
        let action = Action::Release { hold: LineId::from_bytes([0; 16]) };
        Command { id: LineId::from_bytes([0; 16]), by: Actor::Server, from: None, once: None, action }
    }

    #[test]
    fn what_is_not_settled_is_decided_again() {
        let (reply, _) = oneshot::channel();
        let (alone, mut answered) = oneshot::channel();
        let mut work = Work::default();
        work.jobs.push(Job::new(command(), Timestamp::default(), Reply::outcome(alone)));
        work.many.push_back(Many::new(vec![command(), command(), command()], Timestamp::default(), reply));
        let decide = |work: &mut Work, count: usize| {
            let many = work.many.front_mut().unwrap();
            for _ in 0..count {
                assert!(many.next().is_some());
                many.answer(Err(ExecuteError::Broken));
            }
        };
        decide(&mut work, 2);
        work.undecide();
        assert_eq!(work.len(), 4);
        decide(&mut work, 1);
        work.settle();
        assert!(matches!(answered.try_recv(), Ok(Err(ExecuteError::Unavailable))), "nothing was decided");
        decide(&mut work, 2);
        work.undecide();
        assert_eq!(work.len(), 2, "what was settled stays");
        decide(&mut work, 2);
        work.fail(&ExecuteError::Unavailable);
        let answers = &work.many.front().unwrap().answers;
        let is_broken: Vec<_> = answers.iter().map(|it| matches!(it, Err(ExecuteError::Broken))).collect();
        assert_eq!(is_broken, [true, false, false]);
        work.settle();
        assert!(work.many.is_empty());
    }

    #[test]
    fn what_is_only_tried_out_is_never_unknown() {
        let ((alone, mut answered), (trial, mut tried)) = (oneshot::channel(), oneshot::channel());
        let mut work = Work::default();
        for reply in [Reply::outcome(alone), Reply::decision(trial)] {
            work.jobs.push(Job::new(command(), Timestamp::default(), reply));
        }
        work.fail(&ExecuteError::Unknown);
        work.settle();
        assert!(matches!(answered.try_recv(), Ok(Err(ExecuteError::Unknown))));
        assert!(matches!(tried.try_recv(), Ok(Err(ExecuteError::Unavailable))));
    }
}
