//! What takes longer than a second says so, on a terminal, beside the output.

use std::io::IsTerminal;
use std::pin::pin;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// For so long nothing is shown.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often it moves.
const TICK: Duration = Duration::from_millis(120);

/// How far a command is.
pub(super) struct Progress {
    begun: Instant,
    done: u64,
    /// How many there are, where that is known, of what.
    counted: Option<(Option<u64>, &'static str)>,
    /// Whether somebody looks.
    is_seen: bool,
    /// Whether rows are printed on the same terminal.
    is_among_rows: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins now.
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            done: 0,
            counted: None,
            is_seen: std::io::stderr().is_terminal(),
            is_among_rows: std::io::stdout().is_terminal(),
            bar: None,
        }
    }

    /// Counts things, of which there are so many where that is known.
    pub(super) fn count(&mut self, total: Option<u64>, what: &'static str) {
        self.counted = Some((total, what));
    }

    /// Begins anew, after something that took its time for another reason.
    pub(super) fn restart(&mut self) {
        self.hide();
        self.begun = Instant::now();
    }

    /// So many more are done.
    pub(super) fn advance(&mut self, by: u64) {
        self.done = self.done.saturating_add(by);
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
    }

    /// Does something, and shows how far all is as soon as it takes long.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.is_seen && self.bar.is_none() {
            let rest = SHOWN_AFTER.saturating_sub(self.begun.elapsed());
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(rest) => self.show(),
            }
        }
        work.await
    }

    /// Takes it away where rows are to be printed in its place.
    pub(super) fn make_room(&mut self) {
        if self.is_among_rows {
            self.hide();
        }
    }

    /// Takes it away.
    pub(super) fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self) {
        let (total, template) = match self.counted {
            None => (None, "{spinner} waiting for the server".to_owned()),
            Some((Some(total), what)) => (Some(total), format!("{{bar:30}} {{pos}} of {{len}} {what}")),
            Some((None, what)) => (None, format!("{{spinner}} {{pos}} {what}")),
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        // The templates are ours, and right.
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.set_position(self.done);
        bar.enable_steady_tick(TICK);
        self.bar = Some(bar);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}
