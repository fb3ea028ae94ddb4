//! Who is signed in: kept in this process alone, so that whoever signs out is out, and a restart signs out everybody.
//!
//! The browser has a random name of its session in a cookie, and nothing else. What is kept here is found by a keyed hash
//! of that name. Whether the credential still lives is not asked here: every page is read, and every write decided,
//! with the [`Actor`] that signed in, so a credential that is revoked is of no more use here than anywhere.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Actor, Timestamp};
use subtle::ConstantTimeEq;

use crate::app::SessionSpans;
use crate::random::Random;

/// How many sessions there are at most; with one more, the one that was not used for longest ends. Some 2 MB.
const SESSIONS_MAX: usize = 10_000;
/// How many sessions one credential has at most, likewise.
const SESSIONS_OF_ONE_MAX: usize = 20;

/// The sessions of this process.
pub(super) struct Sessions {
    random: Random,
    spans: SessionSpans,
    /// Made when it is needed first.
    key: OnceLock<[u8; 32]>,
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

struct Kept {
    by: Actor,
    opened: Timestamp,
    used: Timestamp,
    notice: Option<String>,
}

/// A session that goes on.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Who signed in.
    pub(super) by: Actor,
    /// What every form of this session carries.
    pub(super) form_token: String,
    name: String,
}

impl Kept {
    fn goes_on(&self, spans: SessionSpans, now: Timestamp) -> bool {
        now < self.used.plus_millis(spans.idle_ms) && now < self.opened.plus_millis(spans.life_ms)
    }
}

impl Sessions {
    pub(super) fn new(random: Random, spans: SessionSpans) -> Self {
        Self { random, spans, key: OnceLock::new(), kept: Mutex::default() }
    }

    /// Begins one; the answer is what the cookie has.
    pub(super) fn open(&self, by: Actor, now: Timestamp) -> String {
        let name = new_name(&self.random);
        let mut kept = self.kept();
        if kept.len() >= SESSIONS_MAX {
            kept.retain(|_, it| it.goes_on(self.spans, now));
        }
        let of_one = kept.values().filter(|it| it.by == by).count();
        if of_one >= SESSIONS_OF_ONE_MAX {
            drop_longest_unused(&mut kept, |it| it.by == by);
        } else if kept.len() >= SESSIONS_MAX {
            drop_longest_unused(&mut kept, |_| true);
        }
        kept.insert(self.hash("session", &name), Kept { by, opened: now, used: now, notice: None });
        name
    }

    /// The session of this name, if it goes on; asking for it is a use of it.
    pub(super) fn find(&self, name: &str, now: Timestamp) -> Option<Session> {
        let found = self.look(name, now)?;
        if let Some(kept) = self.kept().get_mut(&self.hash("session", name)) {
            kept.used = now;
        }
        Some(found)
    }

    /// The session of this name, if it goes on; no use of it.
    pub(super) fn look(&self, name: &str, now: Timestamp) -> Option<Session> {
        let hash = self.hash("session", name);
        let mut kept = self.kept();
        let by = kept.get(&hash)?.by;
        if !kept.get(&hash)?.goes_on(self.spans, now) {
            kept.remove(&hash);
            return None;
        }
        Some(Session { by, form_token: self.form_token(name), name: name.to_owned() })
    }

    /// Whether a session goes on; no use of it.
    pub(super) fn goes_on(&self, session: &Session, now: Timestamp) -> bool {
        let hash = self.hash("session", &session.name);
        self.kept().get(&hash).is_some_and(|it| it.goes_on(self.spans, now))
    }

    /// Ends one: its cookie is worth nothing from here on.
    pub(super) fn end(&self, name: &str) {
        self.kept().remove(&self.hash("session", name));
    }

    /// A sentence that the next page of this session says.
    pub(super) fn say(&self, session: &Session, notice: impl Into<String>) {
        if let Some(kept) = self.kept().get_mut(&self.hash("session", &session.name)) {
            kept.notice = Some(notice.into());
        }
    }

    /// That sentence, once.
    pub(super) fn notice(&self, session: &Session) -> Option<String> {
        self.kept().get_mut(&self.hash("session", &session.name))?.notice.take()
    }

    /// What the forms carry of whoever has a cookie of this name.
    pub(super) fn form_token(&self, name: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.hash("form", name))
    }

    /// Whether a form carries that.
    pub(super) fn is_form_token(&self, name: &str, token: &str) -> bool {
        bool::from(self.form_token(name).as_bytes().ct_eq(token.as_bytes()))
    }

    fn hash(&self, what_for: &str, name: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(self.key.get_or_init(|| self.random.bytes()));
        hasher.update(what_for.as_bytes()).update(&[0]).update(name.as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// What its cookie has.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A name that nobody guesses: 256 random bits.
pub(super) fn new_name(random: &Random) -> String {
    URL_SAFE_NO_PAD.encode(random.bytes::<32>())
}

fn drop_longest_unused(kept: &mut HashMap<[u8; 32], Kept>, which: impl Fn(&Kept) -> bool) {
    let longest = kept.iter().filter(|it| which(it.1)).min_by_key(|it| it.1.used).map(|it| *it.0);
    if let Some(longest) = longest {
        kept.remove(&longest);
    }
}

#[cfg(test)]
mod tests {
    use ledger::TokenId;

    use super::*;

    fn operator(n: u8) -> Actor {
        Actor::Operator(TokenId::from_bytes([n; 16]))
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_session_ends_when_it_is_idle_when_it_is_old_and_when_it_is_ended() {
        let sessions = Sessions::new(Random::seeded(1), SessionSpans::USUAL);
        let SessionSpans { idle_ms, life_ms } = SessionSpans::USUAL;
        let name = sessions.open(operator(1), at(0));
        assert_eq!(sessions.find(&name, at(idle_ms - 1)).unwrap().by, operator(1));
        assert!(sessions.find(&name, at(2 * idle_ms - 1)).is_none(), "it was idle");
        let name = sessions.open(operator(1), at(0));
        let mut now = 0;
        while now + idle_ms - 1 < life_ms {
            now += idle_ms - 1;
            assert!(sessions.find(&name, at(now)).is_some(), "it is used at {now}");
        }
        assert!(sessions.find(&name, at(life_ms)).is_none(), "it is old");
        let name = sessions.open(operator(1), at(0));
        sessions.end(&name);
        assert!(sessions.find(&name, at(0)).is_none(), "it was ended");
    }

    #[test]
    fn of_too_many_the_one_that_was_not_used_for_longest_goes() {
        let sessions = Sessions::new(Random::seeded(1), SessionSpans::USUAL);
        let other = sessions.open(operator(2), at(0));
        let names: Vec<_> = (0..20).map(|n| sessions.open(operator(1), at(n))).collect();
        assert!(sessions.find(&names[0], at(30)).is_some());
        sessions.open(operator(1), at(40));
        assert!(sessions.find(&names[1], at(40)).is_none());
        assert!(sessions.find(&names[0], at(40)).is_some());
        assert!(sessions.find(&other, at(40)).is_some(), "another credential's stay");
        assert_eq!(sessions.kept().len(), 21);
    }

    #[test]
    fn the_token_of_a_form_is_of_one_session() {
        let sessions = Sessions::new(Random::seeded(1), SessionSpans::USUAL);
        let [one, two] = [1, 2].map(|n| sessions.open(operator(n), at(0)));
        assert!(sessions.is_form_token(&one, &sessions.form_token(&one)));
        assert!(!sessions.is_form_token(&one, &sessions.form_token(&two)));
        assert!(!sessions.is_form_token(&one, ""));
        assert_ne!(sessions.form_token(&one), one);
    }
}
