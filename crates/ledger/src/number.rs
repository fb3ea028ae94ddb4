//! Numbers: in the operator's stock until an account rents them.

use std::str::FromStr;
use std::sync::Arc;

use crate::account::Currency;
use crate::id::{AccountId, ApplicationId, MalformedId};
use crate::money::Amount;
use crate::settings::Settings;
use crate::time::Timestamp;

/// A phone number or short code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Two capital letters (ISO 3166).
    pub country: Country,
    /// 3 to 15 digits, no `+`.
    pub msisdn: Arc<str>,
    /// The account that rents it; `None` while it is in the stock.
    pub owner: Option<AccountId>,
    /// What it is.
    pub kind: NumberKind,
    /// What it can do.
    pub features: Features,
    /// What renting it takes, once.
    pub cost: Amount,
    /// In which currency it is offered: families of another one cannot rent it.
    pub currency: Currency,
    /// A partner brought it along from a carrier of its own: it is never in the stock.
    pub is_brought: bool,
    /// When it came.
    pub added_at: Timestamp,
    /// Since when its owner has it.
    pub rented_at: Option<Timestamp>,
    /// The application of the same family that answers it.
    pub application: Option<ApplicationId>,
    /// What its owner keeps with it.
    pub settings: Settings,
}

impl Number {
    /// As it is in the stock: nobody's, and without what its owner kept with it.
    pub(crate) fn unrented(self) -> Self {
        Self { owner: None, rented_at: None, application: None, settings: Settings::default(), ..self }
    }
}

/// The kinds of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberKind {
    /// A mobile number.
    Mobile,
    /// A landline number of a place.
    Local,
    /// A landline number of a whole country.
    National,
    /// Free for who calls it.
    TollFree,
    /// A short code.
    ShortCode,
}

/// What a number can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features {
    /// Text messages.
    pub sms: bool,
    /// Calls.
    pub voice: bool,
    /// Multimedia messages.
    pub mms: bool,
}

impl Features {
    /// Whether it can do all that `wanted` can.
    pub const fn include(self, wanted: Self) -> bool {
        (self.sms || !wanted.sms) && (self.voice || !wanted.voice) && (self.mms || !wanted.mms)
    }
}

/// Two capital letters, such as `GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Of a number that a partner brought along without saying where it is from (ISO 3166 leaves these letters to its
    /// users).
    pub const UNKNOWN: Self = Self(*b"ZZ");

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 2] = text.to_ascii_uppercase().as_bytes().try_into().map_err(|_| MalformedId)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(MalformedId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!("gb".parse::<Country>().unwrap().as_str(), "GB");
        for wrong in ["", "G", "GBR", "G1", "€"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn features_include_what_is_wanted_and_may_be_more() {
        let all = Features { sms: true, voice: true, mms: true };
        let sms = Features { sms: true, ..Features::default() };
        let voice = Features { voice: true, ..Features::default() };
        let mms = Features { mms: true, ..Features::default() };
        for one in [sms, voice, mms] {
            assert!(all.include(one) && one.include(one) && one.include(Features::default()));
            assert!(!one.include(all) && !Features::default().include(one));
        }
        assert!(!sms.include(voice) && !voice.include(mms) && !mms.include(sms));
    }
}
