//! Webhooks: addresses to which events are sent as they happen.

use std::sync::Arc;

use crate::event::EventKind;
use crate::id::{AccountId, WebhookId};
use crate::time::Timestamp;

/// The most webhooks of one account, and of the operator. An event is sent to three times as many places at most: those of
/// its account, of the primary and of the operator.
pub const WEBHOOKS_MAX: usize = 20;

/// An address to which events are sent. What they are signed with stays in the store, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name; never changes, never used again.
    pub id: WebhookId,
    /// The account whose events it gets: a primary's are those of its family, a subaccount's its own. `None` for the
    /// operator's, which gets everybody's.
    pub owner: Option<AccountId>,
    /// The primary account of the owner's family.
    pub family: Option<AccountId>,
    /// Only those of this account; of a subaccount's webhook always that one.
    pub account: Option<AccountId>,
    /// Where to, by http or https.
    pub url: Arc<str>,
    /// Only those of these kinds.
    pub kinds: EventKinds,
    /// When it was made. Events of before are not sent.
    pub created_at: Timestamp,
    /// Since when it is disabled. Events of since then are not sent, and those of before wait.
    pub disabled_at: Option<Timestamp>,
    /// Since when events are signed with the secret that they are signed with now.
    pub secret_at: Timestamp,
    /// Until when they are signed with the secret before it, too.
    pub old_secret_until: Option<Timestamp>,
}

impl Webhook {
    /// Whether an event is for it: of this kind, about this account of this family, at this time.
    pub fn wants(&self, kind: EventKind, account: AccountId, family: AccountId, at: Timestamp) -> bool {
        self.owner.is_none_or(|it| it == family || it == account)
            && self.account.is_none_or(|it| it == account)
            && self.kinds.contain(kind)
            && at >= self.created_at
            && self.disabled_at.is_none_or(|it| at < it)
    }

    /// Whether the secret before the one of now signs as well.
    pub fn signs_with_old(&self, now: Timestamp) -> bool {
        self.old_secret_until.is_some_and(|it| now < it)
    }
}

/// Some kinds of events, or all there are and will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventKinds(u32);

impl EventKinds {
    /// All there are and will be.
    pub const ALL: Self = Self(0);

    /// Whether a kind is among them.
    pub fn contain(self, kind: EventKind) -> bool {
        self == Self::ALL || self.0 & bit(kind) != 0
    }

    /// Those that were named; none for all.
    pub fn named(self) -> impl Iterator<Item = EventKind> {
        EventKind::ALL.into_iter().filter(move |it| self.0 & bit(*it) != 0)
    }

    /// As a number: 0 for all, else a bit for each, in the order of [`EventKind::ALL`], to which is only added at its end.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From that number.
    pub fn from_bits(bits: u32) -> Option<Self> {
        let known = EventKind::ALL.into_iter().fold(0, |known, it| known | bit(it));
        (bits & !known == 0).then_some(Self(bits))
    }
}

impl FromIterator<EventKind> for EventKinds {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, it| bits | bit(it)))
    }
}

fn bit(kind: EventKind) -> u32 {
    EventKind::ALL.iter().zip(0..).find(|it| *it.0 == kind).map_or(0, |(_, nth)| 1 << nth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_from_their_number() {
        for kind in EventKind::ALL {
            let kinds = EventKinds::from_iter([kind]);
            assert_eq!(kinds.named().collect::<Vec<_>>(), [kind]);
            assert_eq!(EventKinds::from_bits(kinds.bits()), Some(kinds));
            assert!(kinds.contain(kind) && EventKinds::ALL.contain(kind));
            assert_eq!(EventKind::ALL.iter().filter(|it| kinds.contain(**it)).count(), 1);
        }
        assert_eq!(EventKinds::from_bits(1 << 31), None);
    }

    #[test]
    fn a_webhook_wants_the_events_of_its_owner_that_it_asked_for_while_it_was_enabled() {
        let [primary, sub, other] = [1, 2, 3].map(|it| AccountId::from_bytes([it; 16]));
        let at = Timestamp::from_millis;
        let of_primary = Webhook {
            id: WebhookId::from_bytes([9; 16]),
            owner: Some(primary),
            family: Some(primary),
            account: None,
            url: "https://example.com".into(),
            kinds: EventKinds::ALL,
            created_at: at(10),
            disabled_at: None,
            secret_at: at(10),
            old_secret_until: None,
        };
        let wants = |it: &Webhook, account, family, millis| {
            it.wants(EventKind::AvailableLow, account, family, at(millis))
        };
        assert!(wants(&of_primary, primary, primary, 10) && wants(&of_primary, sub, primary, 11));
        assert!(!wants(&of_primary, sub, primary, 9), "of before it");
        assert!(!wants(&of_primary, other, other, 10), "of another family");
        let of_sub = Webhook { owner: Some(sub), account: Some(sub), ..of_primary.clone() };
        assert!(wants(&of_sub, sub, primary, 10) && !wants(&of_sub, primary, primary, 10));
        let of_operator = Webhook { owner: None, family: None, ..of_primary.clone() };
        assert!(wants(&of_operator, other, other, 10) && wants(&of_operator, sub, primary, 10));
        let of_one = Webhook { account: Some(sub), ..of_operator };
        assert!(wants(&of_one, sub, primary, 10) && !wants(&of_one, other, other, 10));
        let choosy = Webhook { kinds: [EventKind::HoldCaptured].into_iter().collect(), ..of_primary.clone() };
        assert!(!wants(&choosy, sub, primary, 10));
        let disabled = Webhook { disabled_at: Some(at(20)), ..of_primary };
        assert!(wants(&disabled, sub, primary, 19) && !wants(&disabled, sub, primary, 20));
    }
}
