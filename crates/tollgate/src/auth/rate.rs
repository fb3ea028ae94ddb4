//! How many requests somebody may make in a span of time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ledger::{AccountId, Timestamp};

use super::AuthError;

/// How many accounts are counted before those whose span is over are forgotten.
const COUNTED_MAX: usize = 16_384;

/// Requests, counted for each account in spans of the same length, one after the other.
pub struct Rate {
    max: u32,
    window_ms: i64,
    counted: Mutex<HashMap<AccountId, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    since: Timestamp,
    count: u32,
}

impl Rate {
    /// At most `max` requests in each span; 0 for as many as anybody likes.
    pub fn new(max: u32, window_ms: i64) -> Self {
        Self { max, window_ms, counted: Mutex::default() }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`AuthError::Busy`] with the time until the span is over.
    pub fn admit(&self, account: AccountId, now: Timestamp) -> Result<(), AuthError> {
        if self.max == 0 {
            return Ok(());
        }
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |it: &Window| it.since <= now && now < it.since.plus_millis(self.window_ms);
        if counted.len() >= COUNTED_MAX {
            counted.retain(|_, it| goes_on(it));
        }
        let window = counted.entry(account).or_insert(Window { since: now, count: 0 });
        if !goes_on(window) {
            *window = Window { since: now, count: 0 };
        }
        if window.count >= self.max {
            let left_ms = window.since.plus_millis(self.window_ms).millis() - now.millis();
            let retry_after_s = u32::try_from((left_ms + 999).div_euclid(1_000)).unwrap_or(1);
            return Err(AuthError::Busy { retry_after_s });
        }
        window.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_admits_so_many_and_the_next_one_again() {
        let rate = Rate::new(2, 5_000);
        let [one, other] = [1, 2].map(|it| AccountId::from_bytes([it; 16]));
        let at = Timestamp::from_millis;
        assert_eq!(rate.admit(one, at(0)), Ok(()));
        assert_eq!(rate.admit(one, at(4_000)), Ok(()));
        assert_eq!(rate.admit(one, at(4_001)), Err(AuthError::Busy { retry_after_s: 1 }));
        assert_eq!(rate.admit(other, at(4_001)), Ok(()), "each account has its own span");
        assert_eq!(rate.admit(one, at(5_000)), Ok(()));
        assert_eq!(rate.admit(one, at(5_000)), Ok(()));
        assert_eq!(rate.admit(one, at(5_001)), Err(AuthError::Busy { retry_after_s: 5 }));
        assert_eq!(rate.admit(one, at(0)), Ok(()), "a clock that was set back begins anew");
    }

    #[test]
    fn none_is_counted_without_a_limit() {
        let rate = Rate::new(0, 5_000);
        let account = AccountId::from_bytes([1; 16]);
        assert!((0..1_000).all(|_| rate.admit(account, Timestamp::from_millis(0)).is_ok()));
    }
}
