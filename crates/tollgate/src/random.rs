//! Randomness, as a value that tests can fix: ids, names and secrets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::{ApiKey, AuthId, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const LETTERS_AND_DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CAPITALS_AND_DIGITS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// How many characters a secret has that we make: 25, the most that Vonage's rule allows, of 62 kinds, which is 148
/// bits.
const SECRET_LEN: usize = 25;
/// How many characters an auth token has, as Plivo's have.
const AUTH_TOKEN_LEN: usize = 40;
/// How many characters an operator or gate token has behind its prefix: 238 bits.
const TOKEN_LEN: usize = 40;

/// The bits of an id that count within a millisecond.
const COUNTER_BITS: u32 = 12;
/// The time and the counter of the last id that this process made.
static LAST_TICKS: AtomicU64 = AtomicU64::new(0);

/// Where randomness comes from.
#[derive(Clone, Debug)]
pub enum Random {
    /// The system, by way of a generator in each thread.
    System,
    /// A generator that gives the same every time.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// A generator that gives the same every time.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => rand::rng().fill_bytes(&mut bytes),
            Self::Seeded(generator) => {
                generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// The bytes of a UUIDv7. The system's never go back, not even within a millisecond or when its clock does: what is
    /// made later sorts later, and an index over ids grows at its end.
    pub fn uuid(&self, now: Timestamp) -> [u8; 16] {
        let mut millis = u64::try_from(now.millis()).unwrap_or(0);
        let mut random: [u8; 10] = self.bytes();
        if matches!(self, Self::System) {
            // Time and a counter of 12 bits in one number (RFC 9562, 6.2, methods 1 and 3): a full counter borrows the
            // next millisecond.
            let ticks = millis << COUNTER_BITS;
            let last = LAST_TICKS.fetch_max(ticks, Ordering::Relaxed);
            let ticks = if ticks > last { ticks } else { LAST_TICKS.fetch_add(1, Ordering::Relaxed) + 1 };
            millis = ticks >> COUNTER_BITS;
            let [_, _, .., counter_high, counter_low] = ticks.to_be_bytes();
            (random[0], random[1]) = (counter_high & 0x0F, counter_low);
        }
        *uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_bytes()
    }

    /// A proposed api key.
    pub fn api_key(&self) -> ApiKey {
        ApiKey::from_number(u32::from_be_bytes(self.bytes()))
    }

    /// A proposed auth id; `None` never, since the tail is made of what it may be made of.
    pub fn auth_id(&self, primary: bool) -> Option<AuthId> {
        AuthId::new(primary, &self.text(CAPITALS_AND_DIGITS, AuthId::TAIL_LEN))
    }

    /// An api secret with a lower-case letter, a capital and a digit.
    pub fn secret(&self) -> String {
        loop {
            let secret = self.text(LETTERS_AND_DIGITS, SECRET_LEN);
            let has = |class: fn(&u8) -> bool| secret.bytes().any(|it| class(&it));
            if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit) {
                return secret;
            }
        }
    }

    /// An auth token.
    pub fn auth_token(&self) -> String {
        self.text(LETTERS_AND_DIGITS, AUTH_TOKEN_LEN)
    }

    /// An operator or gate token: a prefix by which people and scanners know it, and what is secret.
    pub fn token(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(LETTERS_AND_DIGITS, TOKEN_LEN))
    }

    /// Characters of an alphabet, each as likely as the others.
    fn text(&self, alphabet: &[u8], len: usize) -> String {
        // What lies beyond the last whole multiple of the alphabet is thrown away, or its first characters would be
        // likelier.
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(len);
        while text.len() < len {
            for byte in self.bytes::<64>().into_iter().map(usize::from).filter(|it| *it < fair) {
                if text.len() < len
                    && let Some(character) = alphabet.get(byte % alphabet.len())
                {
                    text.push(char::from(*character));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_fit_for_its_contract() {
        let random = Random::seeded(1);
        assert_eq!(random.auth_token().len(), 40);
        assert_eq!(random.secret().len(), 25);
        assert!(random.auth_id(true).is_some_and(|it| it.as_str().starts_with("MA")));
        assert!(random.auth_id(false).is_some_and(|it| it.as_str().starts_with("SA")));
        let id = uuid::Uuid::from_bytes(random.uuid(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(id.get_version_num(), 7);
    }

    #[test]
    fn an_id_made_later_sorts_later_whatever_the_clock_says() {
        let ids: Vec<_> =
            (0..10_000).map(|n| Random::System.uuid(Timestamp::from_millis(2_000 - n / 100))).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_same_seed_gives_the_same() {
        assert_eq!(Random::seeded(7).secret(), Random::seeded(7).secret());
        assert_ne!(Random::System.secret(), Random::System.secret());
    }
}
